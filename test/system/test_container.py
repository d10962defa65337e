# SPDX-License-Identifier: ISC
"""Without a configuration file: flags, SPLIT53_* in the environment, and no settings at all."""
import pytest

from support.client import addresses, ask
from support.namespace import add_address, remove_address
from support.split53 import Split53, free_port, run_once
from support.upstream import FakeUpstream, answer_with


@pytest.fixture
def sides(upstream):
    return upstream(answer_with("198.51.100.1")), upstream(answer_with("10.1.0.1")), upstream(answer_with("10.2.0.1"))


def check_both_sides(program):
    assert addresses(program.ask("www.example.com.")) == ["198.51.100.1"]
    assert addresses(program.ask("web.service.consul.")) == ["10.1.0.1"]
    assert addresses(program.ask("web.corp.example.")) == ["10.2.0.1"]
    assert addresses(program.ask("web.service.consul.", tcp=True)) == ["10.1.0.1"]


def test_flags_alone_configure_it(start, sides):
    recursor, consul, corp = sides
    port = free_port()
    check_both_sides(start(port, [
        "--listen", f"127.0.0.1:{port}", "--consul", f"127.0.0.1:{consul.port}", "--forwarder", f"127.0.0.1:{recursor.port}",
        "--zone", f"corp.example=127.0.0.1:{corp.port}"]))


def test_the_environment_alone_configures_it(start, sides):
    recursor, consul, corp = sides
    port = free_port()
    check_both_sides(start(port, environment={
        "SPLIT53_LISTEN": f"127.0.0.1:{port}", "SPLIT53_CONSUL": f"127.0.0.1:{consul.port}",
        "SPLIT53_FORWARDER": f"127.0.0.1:{recursor.port}", "SPLIT53_ZONE": f"corp.example=127.0.0.1:{corp.port}"}))


def test_a_flag_comes_before_the_environment(start, sides):
    recursor, consul, corp = sides
    port = free_port()
    program = start(port, ["--consul", f"127.0.0.1:{consul.port}", "--listen", f"127.0.0.1:{port}"], environment={
        "SPLIT53_CONSUL": f"127.0.0.1:{corp.port}", "SPLIT53_FORWARDER": f"127.0.0.1:{recursor.port}"})
    assert addresses(program.ask("web.service.consul.")) == ["10.1.0.1"]
    assert addresses(program.ask("www.example.com.")) == ["198.51.100.1"]


def test_several_forwarders_and_servers_of_a_zone_are_accepted(start, sides, upstream):
    recursor, consul, corp = sides
    dead = upstream(address="127.0.0.9")
    dead.close()
    port = free_port()
    check_both_sides(start(port, [
        "--listen", f"127.0.0.1:{port}", "--consul", f"127.0.0.1:{consul.port}", "--forwarder", f"127.0.0.9:{dead.port}",
        "--forwarder", f"127.0.0.1:{recursor.port}", "--zone", f"corp.example=127.0.0.9:{dead.port},127.0.0.1:{corp.port}"]))


def test_ipv6_addresses_are_written_in_brackets(start, sides, closing):
    recursor = closing(FakeUpstream(answer_with("198.51.100.6"), address="::1"))
    port = free_port("::1")
    start(port, ["--listen", f"[::1]:{port}", "--forwarder", f"[::1]:{recursor.port}"], address="::1")
    assert addresses(ask(("::1", port), "www.example.com.")) == ["198.51.100.6"]


def test_without_options_it_listens_on_loopback_and_forwards_to_consul_and_resolv_conf(start, closing, resolv_conf):
    closing(FakeUpstream(answer_with("10.1.0.1"), port=8600))
    closing(FakeUpstream(answer_with("198.51.100.1"), address="127.0.2.2", port=53))
    add_address("10.77.0.1/32")
    resolv_conf.write_text("nameserver 127.0.0.1\nnameserver 127.0.2.2\n")
    try:
        start(53)
        for address in ("127.0.0.1", "::1"):
            assert addresses(ask((address, 53), "web.service.consul.")) == ["10.1.0.1"]
            assert addresses(ask((address, 53), "www.example.com.")) == ["198.51.100.1"]
        with pytest.raises(OSError):
            ask(("10.77.0.1", 53), "localhost.", timeout=0.3)
    finally:
        resolv_conf.write_text("")
        remove_address("10.77.0.1/32")


@pytest.mark.parametrize("arguments", [
    ["--listen", "nowhere"], ["--listen", "127.0.0.1:99999"], ["--consul", "127.0.0.1:x"], ["--forwarder", "300.1.1.1"],
    ["--zone", "corp"], ["--zone", "=127.0.0.1"], ["--zone", "corp="], ["--zone", "a..b=127.0.0.1"], ["--no-such-flag"],
    ["--listen"], ["-n", "0"], ["-n", "x"], ["-p", "0x"], ["-p", "70000"], ["surplus"]])
def test_a_wrong_flag_is_named_in_one_message_and_exit_is_1(arguments):
    code, _, error = run_once("-g", *arguments)
    assert code == 1
    assert error.strip()
    shown = arguments[-1].lstrip("-")
    assert shown in error, error


@pytest.mark.parametrize("variable,value", [("SPLIT53_LISTEN", "nowhere"), ("SPLIT53_CONSUL", "1.2.3.4:0x"), ("SPLIT53_ZONE", "x=y=z,"),
                                            ("SPLIT53_FORWARDER", "300.1.1.1")])
def test_a_wrong_variable_is_named_in_one_message_and_exit_is_1(variable, value):
    code, _, error = run_once("-g", environment={variable: value})
    assert code == 1
    assert variable in error, error


@pytest.fixture
def start(closing, tmp_path):

    def serve(port, arguments=(), environment=None, address="127.0.0.1"):
        return closing(Split53(tmp_path, None, arguments, environment, (address, port)))
    return serve
