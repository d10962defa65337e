# SPDX-License-Identifier: ISC
"""Listening: addresses that appear and disappear are followed, and a reply comes from the address that its query was sent to."""
import itertools
import re
import socket
import struct

import pytest

from support.client import Stream, addresses, ask, parse, query
from support.namespace import Neighbour, add_address, remove_address, run
from support.process import patience, wait_until
from support.split53 import free_port
from support.upstream import answer_with

UDP_SEGMENT, UDP_GRO = 103, 104	# Python has no names for them
DEVICES = itertools.count(1)	# a device outlives its namespace for a short time


def answers(address, port, tcp=False):
    try:
        return addresses(ask((address, port), "a.example.com.", timeout=0.3, tcp=tcp)) == ["192.0.2.1"]
    except (OSError, EOFError):
        return False


def listening(upstream, split53, clauses, port, **more):
    server = upstream()
    return split53(port=port, conf=f"""options {{ {clauses} recursion yes; allow-query {{ any; }}; allow-recursion {{ any; }};
        pid-file none; forward only; forwarders {{ {server.where}; }}; }};""", **more)


def test_listen_on_any_follows_addresses_that_come_and_go(upstream, split53):
    port = free_port()
    listening(upstream, split53, f"listen-on port {port} {{ any; }}; listen-on-v6 port {port} {{ any; }};", port)
    for address in ("10.60.0.1", "fd00:60::1"):
        whole = address + ("/128" if ":" in address else "/32")
        assert not answers(address, port)
        add_address(whole)
        wait_until(lambda: answers(address, port) and answers(address, port, True), 5 * patience(), f"{address} answers")
        remove_address(whole)
        add_address(whole)
        wait_until(lambda: answers(address, port) and answers(address, port, True), 5 * patience(), f"{address} answers again")
        remove_address(whole)


def test_a_match_list_selects_among_new_addresses(upstream, split53):
    port = free_port()
    listening(upstream, split53, f"listen-on port {port} {{ ! 10.61.0.2; 10.61.0.0/24; 127.0.0.1; }}; listen-on-v6 {{ none; }};", port)
    for address in ("10.61.0.2", "10.62.0.1", "10.61.0.1"):
        add_address(address + "/32")
    wait_until(lambda: answers("10.61.0.1", port), 5 * patience(), "the address in the list answers")
    assert not answers("10.61.0.2", port) and not answers("10.62.0.1", port)
    for address in ("10.61.0.2", "10.62.0.1", "10.61.0.1"):
        remove_address(address + "/32")


@pytest.mark.parametrize("first,second", [("10.63.0.1", "10.63.0.2"), ("fd00:63::1", "fd00:63::2")])
def test_a_reply_comes_from_the_address_that_the_query_was_sent_to(upstream, split53, first, second):
    port = free_port()
    bits = "/128" if ":" in first else "/32"
    for address in (first, second):
        add_address(address + bits)
    listening(upstream, split53, f"listen-on port {port} {{ any; }}; listen-on-v6 port {port} {{ any; }};", port)
    family = socket.AF_INET6 if ":" in first else socket.AF_INET
    for address in (first, second):
        with socket.socket(family, socket.SOCK_DGRAM) as client:	# not connected: it would take a reply from any address
            client.settimeout(5)
            client.sendto(query("from.example.com.").to_wire(), (address, port))
            _, sender = client.recvfrom(4096)
            assert sender[:2] == (address, port)
    for address in (first, second):
        remove_address(address + bits)


def test_a_reply_to_another_host_comes_from_the_address_that_it_sent_to(upstream, split53, closing):
    other = closing(Neighbour("vethlisten", "10.64.0.1/24", "10.64.0.2/24"))
    add_address("10.64.0.9/24", "vethlisten")
    port = free_port()
    listening(upstream, split53, f"listen-on port {port} {{ any; }}; listen-on-v6 {{ none; }};", port)
    with other.inside():
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with client:
        client.settimeout(5)
        client.bind(("10.64.0.2", 0))
        for address in ("10.64.0.1", "10.64.0.9"):
            client.sendto(query("host.example.com.").to_wire(), (address, port))
            assert client.recvfrom(4096)[1] == (address, port)


def test_a_device_that_appears_and_vanishes_is_followed(upstream, split53):
    port = free_port()
    listening(upstream, split53, f"listen-on port {port} {{ any; }}; listen-on-v6 {{ none; }};", port)
    for _ in range(3):
        other = Neighbour("vethcome", "10.65.0.1/24", "10.65.0.2/24")
        wait_until(lambda: answers("10.65.0.1", port), 5 * patience(), "the new device's address answers")
        other.close()
        wait_until(lambda: not answers("10.65.0.1", port), 10, "the device is gone")
    assert answers("127.0.0.1", port)


def test_it_listens_on_several_ports_and_both_families(upstream, split53):
    one, two, six = free_port(), free_port(), free_port("::1")
    listening(upstream, split53, f"""listen-on port {one} {{ 127.0.0.1; }}; listen-on port {two} {{ 127.0.0.2; }};
        listen-on-v6 port {six} {{ ::1; }};""", one)
    for address, port in (("127.0.0.1", one), ("127.0.0.2", two), ("::1", six)):
        for tcp in (False, True):
            assert answers(address, port, tcp)
    assert not answers("127.0.0.2", one) and not answers("127.0.0.1", two) and not answers("::1", one)


def test_port_sets_the_port_of_all_listeners_and_flag_p_overrides_it(upstream, split53):
    port, other = free_port(), free_port()
    listening(upstream, split53, f"port {port}; listen-on {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};", port)
    assert answers("127.0.0.1", port)
    listening(upstream, split53, f"port {port}; listen-on {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};", other,
              arguments=["-p", str(other)], name="second")
    assert answers("127.0.0.1", other)


def test_with_flag_4_it_does_not_listen_on_ipv6(upstream, split53):
    port = free_port()
    listening(upstream, split53, f"listen-on port {port} {{ any; }}; listen-on-v6 port {port} {{ any; }};", port, arguments=["-4"])
    assert answers("127.0.0.1", port) and not answers("::1", port)


@pytest.mark.parametrize("workers", ["1", "2", "4"])
def test_every_worker_answers_on_every_address(upstream, split53, workers):
    port = free_port()
    listening(upstream, split53, f"listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};", port, arguments=["-n", workers])
    for _ in range(40):
        assert answers("127.0.0.1", port)
    streams = [Stream(("127.0.0.1", port)) for _ in range(20)]
    for stream in streams:
        stream.ask("tcp.example.com.")
    for stream in streams:
        assert addresses(stream.message()) == ["192.0.2.1"]
        stream.close()


def test_large_and_empty_datagrams_do_no_harm(upstream, split53):
    program = split53(forwarders=[upstream(answer_with()).where])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        for octets in (b"", b"x" * 65000, query("large.example.com.").to_wire() + b"\0" * 60000):
            client.sendto(octets, ("127.0.0.1", program.port))
    assert answers("127.0.0.1", program.port)


@pytest.mark.parametrize("four", ["127.0.0.1", "none"])
def test_a_tentative_address_is_waited_for(upstream, split53, closing, four):
    device = f"vethdad{next(DEVICES)}"
    closing(Neighbour(device, "10.67.0.1/24", "10.67.0.2/24"))
    port, patient = free_port(), 10 * patience()
    server = upstream()
    first = "fd00:67::1" if four == "none" else four
    with open(f"/proc/sys/net/ipv6/conf/{device}/dad_transmits", "w", encoding="ascii") as transmits:
        transmits.write("4")	# a second each
    run("ip", "address", "add", "fd00:67::1/64", "dev", device)
    program = split53(port=port, address=first, conf=f"""options {{ listen-on port {port} {{ {four}; }}; listen-on-v6 port {port} {{ fd00:67::1; }};
        recursion yes; allow-query {{ any; }}; allow-recursion {{ any; }}; pid-file none; forward only; forwarders {{ {server.where}; }}; }};""")
    wait_until(lambda: answers("fd00:67::1", port) and answers("fd00:67::1", port, True), patient, "the address answers")
    log = program.log()
    assert re.search(r"warning: .*not listening on fd00:67::1#\d+: the address cannot be bound yet", log), log
    assert "error" not in log, log


def test_at_a_reload_a_tentative_address_does_not_block_the_others(upstream, split53, closing):
    device = f"vethdad{next(DEVICES)}"
    closing(Neighbour(device, "10.67.0.1/24", "10.67.0.2/24"))
    port = free_port()
    program = listening(upstream, split53, f"listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};", port)
    with open(program.conf_path, encoding="utf-8") as conf:
        text = conf.read()
    program.write_conf(text.replace("127.0.0.1; }; listen-on-v6 { none; };",
                                    f"127.0.0.1; 127.0.0.3; }}; listen-on-v6 port {port} {{ fd00:67::2; }};", 1))
    run("ip", "address", "add", "fd00:67::2/64", "dev", device)
    program.reload()
    for address in ("127.0.0.3", "fd00:67::2"):
        wait_until(lambda: answers(address, port) and answers(address, port, True), 10 * patience(), f"{address} answers")


def test_a_train_of_queries_from_one_port_is_answered_by_a_train(upstream, split53):
    program = split53(forwarders=[upstream().where], arguments=["-n", "1"])
    program.ask("www.example.com.")
    questions = [query("www.example.com.", identity=number).to_wire() for number in range(20)]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        try:
            client.setsockopt(socket.IPPROTO_UDP, UDP_GRO, 1)
        except OSError:
            pytest.skip("this kernel has no UDP_GRO")
        client.settimeout(5)
        client.connect(("127.0.0.1", program.port))
        client.sendmsg([b"".join(questions)], [(socket.IPPROTO_UDP, UDP_SEGMENT, struct.pack("H", len(questions[0])))])
        octets, control, _, _ = client.recvmsg(65535, 64)
    each, = (struct.unpack("i", data[:4])[0] for _, kind, data in control if kind == UDP_GRO)
    replies = [parse(octets[at:at + each]) for at in range(0, len(octets), each)]
    assert sorted(reply.id for reply in replies) == list(range(20))
    assert all(addresses(reply) == ["192.0.2.1"] for reply in replies)
