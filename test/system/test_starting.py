# SPDX-License-Identifier: ISC
"""A missing or broken resource at the start affects only what depends on it: zone files and addresses."""
import re
import signal
import socket
import subprocess
import threading
import time

import pytest

from support.client import addresses, ask, extended_errors, rcode
from support.namespace import add_address, remove_address, run
from support.process import BINARY, Process, patience, wait_until
from support.split53 import free_port, run_once
from support.upstream import answer_with

ZONE = """$TTL 60
@ IN SOA ns hostmaster 1 7200 900 1209600 60
@ IN NS ns
ns IN A 192.0.2.53
www IN A 192.0.2.{0}
"""
NOT_READY = 14	# RFC 8914 s4.15


# Zone files.

BROKEN = {"missing": None, "nonsense": "www A nonsense\n", "no SOA": "www 60 A 192.0.2.1\n", "a circle": ZONE.format(1) + "$INCLUDE zone.db\n"}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN.keys())
def test_a_zone_file_that_cannot_be_loaded_affects_only_its_zone_as_in_named(upstream, split53, named, tmp_path, make_conf, text):
    forwarder, port = upstream(answer_with("10.0.0.1")), free_port()
    zones = ""
    for zone, file in (("broken.example", "zone.db"), ("good.example", "good.db")):
        zones += f'zone "{zone}" {{ type primary; file "{tmp_path}/{file}"; }};\n'
    (tmp_path / "good.db").write_text(ZONE.format(7))
    if text is not None:
        (tmp_path / "zone.db").write_text(text)
    program = split53(conf=make_conf(port, [forwarder.where], extra=zones), port=port)
    other = named(port=free_port(), extra=zones, options="recursion yes;")
    for server in (program, other):
        for name in ("www.broken.example.", "broken.example.", "a.b.broken.example."):
            answer = server.ask(name, edns=0)
            assert rcode(answer) == "SERVFAIL" and not answer.answer and not answer.authority, answer
        assert addresses(server.ask("www.good.example.")) == ["192.0.2.7"]
    assert extended_errors(program.ask("www.broken.example.", edns=0)) == [NOT_READY]
    assert addresses(program.ask("www.example.com.")) == ["10.0.0.1"]
    assert not any("broken" in q.name for q in forwarder.queries)
    assert re.search(r"config: error: .*split53\.conf:\d+:\d+: zone broken\.example cannot be loaded from .*SERVFAIL.*reload", program.log())
    code, _, said = run_once("--check", program.conf_path, folder=tmp_path)
    assert code == 1 and "error: zone broken.example cannot be loaded" in said, said
    (tmp_path / "zone.db").write_text(ZONE.format(8))
    program.reload()
    wait_until(lambda: addresses(program.ask("www.broken.example.")) == ["192.0.2.8"], 5 * patience(), "the zone is loaded")
    assert run_once("--check", program.conf_path, folder=tmp_path)[0] == 0


def test_a_reload_keeps_the_contents_of_a_zone_if_its_new_file_is_broken(upstream, split53, tmp_path, make_conf):
    first, second, port = upstream(answer_with("10.0.0.1")), upstream(answer_with("10.0.0.2")), free_port()
    zone = f'zone "kept.example" {{ type primary; file "{tmp_path}/zone.db"; }};\n'
    (tmp_path / "zone.db").write_text(ZONE.format(1))
    program = split53(conf=make_conf(port, [first.where], extra=zone), port=port)
    assert addresses(program.ask("www.kept.example.")) == ["192.0.2.1"]
    (tmp_path / "zone.db").write_text("nonsense")
    program.write_conf(make_conf(port, [second.where], extra=zone))
    for number in range(2):
        program.reload()
        wait_until(lambda n=number: program.log().count("reloaded") > n, 5 * patience(), "it is reloaded")
        assert addresses(program.ask("www.kept.example.")) == ["192.0.2.1"]
    assert addresses(program.ask("new.example.com.")) == ["10.0.0.2"], "everything else is from the new configuration"
    assert program.log().count("the data loaded before stays in use") == 2
    (tmp_path / "zone.db").write_text(ZONE.format(2))
    program.reload()
    wait_until(lambda: addresses(program.ask("www.kept.example.")) == ["192.0.2.2"], 5 * patience(), "the new contents are there")


def test_an_exempt_zone_is_answered_from_a_root_zone_with_a_file(split53, tmp_path):
    port = free_port()
    (tmp_path / "root.db").write_text(ZONE.format(1) + "www.below 60 IN A 192.0.2.9\n")
    program = split53(port=port, conf=f"""options {{ listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; pid-file none; }};
        zone "." {{ type primary; file "{tmp_path}/root.db"; }}; zone "below" {{ type forward; forwarders {{ }}; }};""")
    assert addresses(program.ask("www.below.")) == ["192.0.2.9"]


# Addresses that appear later.

def answers(address, port):
    try:
        return rcode(ask((address, port), "localhost.", timeout=0.3)) == "NOERROR"
    except OSError:
        return False


@pytest.fixture
def standby(closing, tmp_path):
    """standby(listen-on, ...) starts the program without waiting for an answer."""
    def start(listen_on, arguments=("-g",), **more):
        (tmp_path / "standby.conf").write_text(f"""options {{ {listen_on} listen-on-v6 {{ none; }}; forwarders {{ 127.0.0.1 port 9; }};
            pid-file none; allow-query {{ any; }}; }};""")
        process = Process([BINARY, *arguments, "-c", str(tmp_path / "standby.conf")], tmp_path, "standby", **more)

        def close():
            assert process.end(10 * patience()) == 0 and "Sanitizer" not in process.log(), process.log()
        process.close = close
        return closing(process)
    return start


@pytest.fixture
def notified(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind(str(tmp_path / "notify"))
        supervisor.settimeout(5 * patience())
        yield supervisor


@pytest.mark.parametrize("admitted", ["10.71.0.1", "10.71.0.0/24"])
def test_a_standby_starts_and_reloads_without_its_address_and_is_ready_once_it_has_it(standby, notified, tmp_path, admitted):
    port = free_port()
    program = standby(f"listen-on port {port} {{ {admitted}; }};", environment={"NOTIFY_SOCKET": str(tmp_path / "notify")})
    program.wait_for_log("network: warning: not ready: .* no address yet", 5 * patience())
    assert b"EXTEND_TIMEOUT_USEC=" in notified.recv(4096)
    program.send_signal(signal.SIGHUP)
    program.wait_for_log("reloaded", 5 * patience())
    assert "running" not in program.log() and "error" not in program.log(), program.log()
    notified.setblocking(False)
    with pytest.raises(BlockingIOError):
        notified.recv(4096)	# neither RELOADING=1 nor READY=1
    notified.settimeout(5 * patience())
    add_address("10.71.0.1/32")
    wait_until(lambda: answers("10.71.0.1", port), 5 * patience(), "the address answers")
    assert b"READY=1" in notified.recv(4096)
    assert program.log().count("running") == 1
    remove_address("10.71.0.1/32")
    program.wait_for_log("network: warning: no client is served", 5 * patience())
    program.send_signal(signal.SIGHUP)
    wait_until(lambda: program.log().count("reloaded") == 2, 5 * patience(), "it is reloaded")
    assert b"RELOADING=1" in notified.recv(4096) and notified.recv(4096) == b"READY=1"
    assert "reload failed" not in program.log(), program.log()
    add_address("10.71.0.1/32")
    wait_until(lambda: answers("10.71.0.1", port), 5 * patience(), "the address answers again")
    assert program.log().count("running") == 1
    remove_address("10.71.0.1/32")


def test_the_start_in_the_background_succeeds_without_an_address(tmp_path):
    port, pid_file = free_port(), tmp_path / "it.pid"
    (tmp_path / "conf").write_text(f"""options {{ listen-on port {port} {{ 10.72.0.1; }}; listen-on-v6 {{ none; }};
        forwarders {{ 127.0.0.1 port 9; }}; pid-file "{pid_file}"; allow-query {{ any; }}; }};""")
    code, _, said = run_once("-c", str(tmp_path / "conf"), folder=tmp_path)
    assert code == 0, said
    add_address("10.72.0.1/32")
    wait_until(lambda: answers("10.72.0.1", port), 5 * patience(), "the address answers")
    run("kill", pid_file.read_text().strip())
    wait_until(lambda: not pid_file.exists(), 10 * patience(), "it has ended")
    remove_address("10.72.0.1/32")


def test_a_configuration_that_matches_no_address_at_all_is_an_error(tmp_path):
    (tmp_path / "conf").write_text("options { listen-on { none; }; listen-on-v6 { none; }; };")
    code, _, said = run_once("-g", "-c", str(tmp_path / "conf"))
    assert code == 1 and "listen-on and listen-on-v6 match none" in said, said


def test_an_address_in_use_by_another_program_does_not_block_a_new_address(standby):
    port = free_port()
    program = standby(f"listen-on port {port} {{ 10.73.0.1; 10.73.0.2; }};")
    program.wait_for_log("not ready", 5 * patience())
    run("sysctl", "-qw", "net.ipv4.ip_nonlocal_bind=1")	# the other program listens first
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("10.73.0.1", port))
        for address in ("10.73.0.1/32", "10.73.0.2/32"):
            add_address(address)
        wait_until(lambda: answers("10.73.0.2", port), 5 * patience(), "the other address answers")
    run("sysctl", "-qw", "net.ipv4.ip_nonlocal_bind=0")
    assert re.search(rf"warning: cannot listen on 10\.73\.0\.1#{port}: the address is in use", program.log())
    for address in ("10.73.0.1/32", "10.73.0.2/32"):
        remove_address(address)


def test_address_changes_a_hundred_times_a_second_during_reloads_do_no_harm(upstream, split53, tmp_path):
    port, server = free_port(), upstream(answer_with("10.0.0.1"))
    program = split53(port=port, conf=f"""options {{ listen-on port {port} {{ 127.0.0.1; 10.75.0.1; 10.75.0.2; 10.75.1.0/24; }};
        listen-on-v6 port {port} {{ fd00:75::/64; }}; pid-file none; allow-query {{ any; }}; recursion yes; forwarders {{ {server.where}; }};
        forward only; }};""")
    comings = ["10.75.0.1/32", "10.75.0.2/32", "10.75.1.7/32", "fd00:75::1/128"]
    batch = tmp_path / "batch"
    batch.write_text("".join(f"address {what} {address} dev lo{' nodad' if ':' in address and what == 'add' else ''}\n"
                             for what in ("add", "del") for address in comings))
    ended = threading.Event()

    def flap():
        while not ended.is_set():
            subprocess.run(["ip", "-batch", str(batch)], check=True)
            time.sleep(0.005)
    flapping = threading.Thread(target=flap)
    flapping.start()
    try:
        end, number = time.monotonic() + 5, 0
        while time.monotonic() < end:
            if number % 5 == 0:
                program.reload()
            assert addresses(program.ask(f"n{number}.example.com.", timeout=3)) == ["10.0.0.1"]
            number += 1
            time.sleep(0.02)
    finally:
        ended.set()
        flapping.join()
    run("ip", "-batch", str(batch))
    for address in comings[:2]:
        add_address(address)
    for address in ("10.75.0.1", "10.75.0.2"):
        wait_until(lambda a=address: answers(a, port), 10 * patience(), f"{address} answers in the end")
    log = program.log()
    assert "reload failed" not in log and "error" not in log and "reloaded" in log, log
    assert len(log.splitlines()) < 5000
    for address in comings[:2]:
        remove_address(address)
