# SPDX-License-Identifier: ISC
"""
No route and no client takes recursive-clients away from the others: floods of names that are answered late or never, and short floods,
beside clients that must be served nevertheless. All limits have their defaults.
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
    """A server that reads nothing, so that it uses no CPU time."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.where = f"127.0.0.1 port {self.socket.getsockname()[1]}"

    def close(self):
        self.socket.close()


class Flood:
    """
    `rate` queries a second for new names of zones, from a few ports or, with `sources`, from that many addresses of 10/8. Replies are
    counted by rcode if they go to a port that is read.
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
    """A client queries new names one after the other: the replies that are not NOERROR."""
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
    """Addresses of 10/8 are local to this host: datagrams may come from each. For 127.0.0.1 they are remote clients nevertheless."""
    run("ip", "route", "add", "local", "10.0.0.0/8", "dev", "lo")
    yield 10000
    run("ip", "route", "del", "local", "10.0.0.0/8", "dev", "lo")


@pytest.mark.parametrize("rate", [1000, 4000])
@pytest.mark.parametrize("kind", ["silent", "slow"])
def test_a_zone_with_a_silent_or_slow_server_costs_another_zone_no_query(split53, upstream, closing, kind, rate):
    consul = closing(Silence()) if kind == "silent" else upstream(slow_by(3))
    program = split53(forwarders=[upstream().where], consul=consul.where)
    closing(Flood(program, rate)).wait_until_full()
    assert failures(program, lambda number: f"v{number}.example.") == []


def test_two_zones_with_such_servers_and_many_client_addresses_cost_another_zone_no_query(many_sources, split53, upstream, closing):
    silence = closing(Silence())
    program = split53(forwarders=[upstream().where], consul=silence.where,
                      extra=f'zone "second" {{ type forward; forward only; forwarders {{ {silence.where}; }}; }};')
    closing(Flood(program, 2000, zones=("consul.", "second."), sources=many_sources)).wait_until_full()
    assert failures(program, lambda number: f"v{number}.example.") == []


def test_beside_three_busy_zones_each_of_a_thousand_others_is_served(split53, upstream, closing):
    live, silence = upstream(), closing(Silence())
    zones = "".join(f'zone "z{number}" {{ type forward; forward only; forwarders {{ {(silence if number < 3 else live).where}; }}; }};\n'
                    for number in range(1000))
    program = split53(forwarders=[live.where], extra=zones)
    closing(Flood(program, 1500, zones=("z0.", "z1.", "z2."))).wait_until_full()
    assert failures(program, lambda number: f"v{number}.z{3 + number * 7 % 997}.") == []


def test_names_with_a_quick_answer_in_the_flooded_zone_are_answered(many_sources, split53, upstream, closing):
    """
    Also when each query of the flood has another address, so that they differ only by age. At 250 a second the server may take 1.8 s
    for an answer (half of the slots divided by the rate) on a busy machine.
    """
    server = upstream(lambda q: None if q.name.startswith("f") else q.address())
    program = split53(forwarders=[server.where], consul=server.where)
    closing(Flood(program, 250, sources=many_sources)).wait_until_full()
    assert failures(program, lambda number: f"v{number}.consul.") == []


def test_new_queries_are_answered_beside_queries_that_never_are(split53, upstream):
    server = upstream(lambda q: None if q.name.startswith("dead") else q.address())
    program = split53(forwarders=[server.where])
    with Client(program.address, program.port) as client:
        for number in range(1500):
            client.send(question(number, f"dead{number}.example."))
            time.sleep(0.0005)
        assert failures(program, lambda number: f"v{number}.example.", seconds=1) == []
        # The displaced queries got SERVFAIL at once, not after resolver-query-timeout.
        displaced = client.collect(1500 - LIMIT, 3)
    assert len(displaced) >= 1500 - LIMIT and {octets[3] & 15 for octets in displaced.values()} == {2}


def test_the_log_names_the_zone_at_the_limit_once(split53, upstream, closing):
    program = split53(forwarders=[upstream().where], consul=closing(Silence()).where)
    flood = closing(Flood(program, 2000))
    flood.wait_until_full()
    program.process.wait_for_log("soft limit exceeded", 10)
    sent = flood.sent
    wait_until(lambda: flood.sent > sent + 1000, 20, "a thousand more were sent")
    told = re.findall(r"^.*soft limit exceeded.*$", program.log(), re.MULTILINE)
    assert len(told) == 1 and f"/{SOFT}/{LIMIT})" in told[0] and "zone 'consul'" in told[0], told


def test_five_hundred_clients_of_one_host_with_one_slow_name_are_all_answered(split53, upstream, closing):
    program = split53(forwarders=[upstream(lambda q: q.send(q.address(), delay=1.0)).where])
    clients = [closing(Client(program.address, program.port)) for _ in range(500)]
    for client in clients:
        client.send(question(7, "slow.example."))
    assert {client.receive()[3] & 15 for client in clients} == {0}


def test_copies_of_one_query_do_not_add_up_to_a_burst_of_replies(split53, upstream, closing):
    """The DNSBomb attack: a thousand queries for a slow name with a victim's address, so that all replies are sent at once."""
    held = []
    program = split53(forwarders=[upstream(held.append).where])
    client = closing(Client(program.address, program.port))
    for number in range(1000):
        client.send(question(number, "bomb.example."))
    wait_until(lambda: held, 5, "the server received the query")
    for number in range(1000, 2000):
        client.send(question(number % 1000, "bomb.example."))
        time.sleep(0.0005)
    for one in list(held):
        one.send(one.address())
    assert 1 <= len(client.collect(100, 1)) <= 10


def test_a_query_that_is_retransmitted_while_it_waits_is_answered_once(split53, upstream, closing):
    program = split53(forwarders=[upstream(lambda q: q.send(q.address(), delay=0.5)).where])
    client = closing(Client(program.address, program.port))
    for _ in range(5):
        client.send(question(7, "slow.example."))
    assert client.receive()[3] & 15 == 0
    client.socket.settimeout(0.3)
    with pytest.raises(socket.timeout):
        client.receive()
