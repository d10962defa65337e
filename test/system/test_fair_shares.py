# SPDX-License-Identifier: ISC
"""
No route and no client takes recursive-clients from the others: floods of names that are slow or never answered, short ones, beside
clients that must be served all the same. The defaults hold: nothing is configured.
"""
import contextlib
import re
import socket
import struct
import threading
import time

import pytest

from support.client import Client, ask, extended_errors, rcode
from support.namespace import run
from support.process import wait_until

LIMIT, SOFT = 1000, 900
IP_PKTINFO = 8
VICTIM_SECONDS = 3


class Silence:
    """A server that reads nothing, so that it costs nothing."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.where = f"127.0.0.1 port {self.socket.getsockname()[1]}"

    def close(self):
        self.socket.close()


class Flood:
    """
    `rate` queries a second for names of zones that were never asked for before, from a few ports; with `sources` from as many
    addresses of 10/8 instead. What comes back is counted by rcode, where it goes to a port that is read.
    """

    def __init__(self, program, rate, zones=("consul.",), sources=0):
        self.place, self.rate, self.zones, self.sources = (program.address, program.port), rate, zones, sources
        self.sent, self.codes, self.stopping = 0, {}, threading.Event()
        self.sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(16)]
        for one in self.sockets:
            one.setblocking(False)
            if sources:
                one.bind(("0.0.0.0", 0))
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _send(self):
        name = f"f{self.sent}x{id(self) & 0xffff}.{self.zones[self.sent % len(self.zones)]}"
        octets = question(self.sent & 0xffff, name)
        one = self.sockets[self.sent % 16]
        if self.sources:
            source = struct.pack("!I", 0x0a000001 + self.sent % self.sources)
            one.sendmsg([octets], [(socket.IPPROTO_IP, IP_PKTINFO, struct.pack("=i4s4s", 0, source, b"\0\0\0\0"))], 0, self.place)
        else:
            one.sendto(octets, self.place)
        self.sent += 1

    def _read(self):
        for one in self.sockets:
            with contextlib.suppress(BlockingIOError):
                while True:
                    code = one.recv(4096)[3] & 15
                    self.codes[code] = self.codes.get(code, 0) + 1

    def _run(self):
        began = time.monotonic()
        while not self.stopping.is_set():
            while self.sent < (time.monotonic() - began) * self.rate:
                self._send()
            self._read()
            time.sleep(0.005)

    def wait_until_full(self):
        wait_until(lambda: self.sent > 2 * LIMIT, 30, "more queries than may wait were sent")

    def stop(self):
        self.stopping.set()
        self.thread.join()
        for one in self.sockets:
            one.close()


def question(identity, name, qtype=1):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.rstrip(".").split("."))
    return struct.pack("!6H", identity, 0x0100, 1, 0, 0, 0) + labels + struct.pack("!BHH", 0, qtype, 1)


def failures(program, name, seconds=VICTIM_SECONDS):
    """A client asks for names that nothing waits for yet, one after the other: what it got but NOERROR."""
    bad, number, end = [], 0, time.monotonic() + seconds
    while time.monotonic() < end or number < 20:
        reply = ask((program.address, program.port), name(number), timeout=3)
        if rcode(reply) != "NOERROR":
            bad.append((number, rcode(reply), extended_errors(reply)))
        number += 1
        time.sleep(0.03)
    return bad


def slow_by(seconds):
    return lambda q: q.send(q.reply(rcode=3, authority=["consul. 60 IN SOA ns.consul. h.consul. 1 2 3 4 5"]), delay=seconds)


@pytest.fixture
def many_sources():
    """Addresses of 10/8 are this host's: datagrams may come from each. To 127.0.0.1 they are remote clients all the same."""
    run("ip", "route", "add", "local", "10.0.0.0/8", "dev", "lo")
    yield 10000
    run("ip", "route", "del", "local", "10.0.0.0/8", "dev", "lo")


@pytest.mark.parametrize("rate", [1000, 4000])
@pytest.mark.parametrize("kind", ["silent", "slow"])
def test_a_zone_whose_server_is_silent_or_slow_takes_no_query_of_another_zone(split53, upstream, closing, kind, rate):
    consul = closing(Silence()) if kind == "silent" else upstream(slow_by(3))
    program = split53(forwarders=[upstream().where], consul=consul.where)
    closing(Flood(program, rate)).wait_until_full()
    assert failures(program, lambda number: f"v{number}.example.") == []


def test_neither_do_two_such_zones_nor_does_it_matter_how_many_addresses_ask(many_sources, split53, upstream, closing):
    silence = closing(Silence())
    program = split53(forwarders=[upstream().where], consul=silence.where,
                      extra=f'zone "second" {{ type forward; forward only; forwarders {{ {silence.where}; }}; }};')
    closing(Flood(program, 2000, zones=("consul.", "second."), sources=many_sources)).wait_until_full()
    assert failures(program, lambda number: f"v{number}.example.") == []


def test_with_three_busy_zones_of_a_thousand_each_of_the_idle_ones_has_room(split53, upstream, closing):
    live, silence = upstream(), closing(Silence())
    zones = "".join(f'zone "z{number}" {{ type forward; forward only; forwarders {{ {(silence if number < 3 else live).where}; }}; }};\n'
                    for number in range(1000))
    program = split53(forwarders=[live.where], extra=zones)
    closing(Flood(program, 1500, zones=("z0.", "z1.", "z2."))).wait_until_full()
    assert failures(program, lambda number: f"v{number}.z{3 + number * 7 % 997}.") == []


def test_names_that_the_flooded_zone_answers_at_once_are_answered(many_sources, split53, upstream, closing):
    """
    Also when each query of the flood has another address, so that only their age tells them apart. At 250 a second an answer may
    take the server 1.8 s (half of the places by the rate) on a busy machine.
    """
    server = upstream(lambda q: None if q.name.startswith("f") else q.address())
    program = split53(forwarders=[server.where], consul=server.where)
    closing(Flood(program, 250, sources=many_sources)).wait_until_full()
    assert failures(program, lambda number: f"v{number}.consul.") == []


def test_beside_queries_that_never_get_an_answer_new_ones_do(split53, upstream):
    server = upstream(lambda q: None if q.name.startswith("dead") else q.address())
    program = split53(forwarders=[server.where])
    with Client(program.address, program.port) as client:
        for number in range(1500):
            client.send(question(number, f"dead{number}.example."))
            time.sleep(0.0005)
        assert failures(program, lambda number: f"v{number}.example.", seconds=1) == []
        # The queries that were displaced got SERVFAIL at once, not after resolver-query-timeout.
        displaced = client.collect(1500 - LIMIT, 3)
    assert len(displaced) >= 1500 - LIMIT and {octets[3] & 15 for octets in displaced.values()} == {2}


def test_the_log_says_once_which_zone_is_at_the_limit(split53, upstream, closing):
    program = split53(forwarders=[upstream().where], consul=closing(Silence()).where)
    flood = closing(Flood(program, 2000))
    flood.wait_until_full()
    program.process.wait_for_log("soft limit exceeded", 10)
    sent = flood.sent
    wait_until(lambda: flood.sent > sent + 1000, 20, "a thousand more were sent")
    told = re.findall(r"^.*soft limit exceeded.*$", program.log(), re.MULTILINE)
    assert len(told) == 1 and f"/{SOFT}/{LIMIT})" in told[0] and "zone 'consul'" in told[0], told


def test_five_hundred_processes_of_one_host_that_ask_for_one_slow_name_are_all_answered(split53, upstream, closing):
    program = split53(forwarders=[upstream(lambda q: q.send(q.address(), delay=1.0)).where])
    clients = [closing(Client(program.address, program.port)) for _ in range(500)]
    for client in clients:
        client.send(question(7, "slow.example."))
    assert {client.receive()[3] & 15 for client in clients} == {0}


def test_copies_of_one_query_are_stored_for_no_pulse_of_answers(split53, upstream, closing):
    """As DNSBomb has it: a forged victim asks a thousand times for a slow name, and the answers would all leave at once."""
    held = []
    program = split53(forwarders=[upstream(held.append).where])
    client = closing(Client(program.address, program.port))
    for number in range(1000):
        client.send(question(number, "bomb.example."))
    wait_until(lambda: held, 5, "the server was asked")
    for number in range(1000, 2000):
        client.send(question(number % 1000, "bomb.example."))
        time.sleep(0.0005)
    for one in list(held):
        one.send(one.address())
    assert 1 <= len(client.collect(100, 1)) <= 10


def test_a_query_that_is_sent_again_while_it_waits_is_answered_once(split53, upstream, closing):
    program = split53(forwarders=[upstream(lambda q: q.send(q.address(), delay=0.5)).where])
    client = closing(Client(program.address, program.port))
    for _ in range(5):
        client.send(question(7, "slow.example."))
    assert client.receive()[3] & 15 == 0
    client.socket.settimeout(0.3)
    with pytest.raises(socket.timeout):
        client.receive()
