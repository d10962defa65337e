# SPDX-License-Identifier: ISC
"""
Upstreams with a fault in most responses (support/mixed_faults.py), drawn at random: each query ends once, with the right answer or
SERVFAIL, within its deadline. S53_SEED repeats a run, S53_QUERIES sets the number of queries.
"""
import collections
import os
import random
import selectors
import socket
import struct
import sys
import time

from support.client import addresses, parse, query, rcode
from support.imperfect import right_address
from support.process import Process, patience
from support.split53 import free_port

SEED = os.environ.get("S53_SEED", "53")
QUERIES = int(os.environ.get("S53_QUERIES", "10000"))
WINDOW = 300
RATE = 400	# queries a second: queries that fail at once must not speed up the next ones
DEADLINE = 4.5	# resolver-query-timeout
SLACK = 0.5
PROGRAM = os.path.join(os.path.dirname(__file__), "support/mixed_faults.py")


class Servers:
    def __init__(self, folder, count):
        self.ports = [free_port() for _ in range(count)]
        self.process = Process([sys.executable, PROGRAM, "127.0.0.1", SEED, *map(str, self.ports)], folder, "mixed-faults")
        self.process.wait_for_log("ready")
        self.where = [f"127.0.0.1 port {port}" for port in self.ports]

    def close(self):
        self.process.kill()


class Asked:
    def __init__(self, number, name):
        self.number, self.name, self.at = number, name, time.monotonic()
        self.replies, self.took = [], None


class Crowd:
    """At most `WINDOW` queries under way, over UDP and TCP, with and without EDNS and DO; every reply is kept, also a second one."""

    def __init__(self, place, zones):
        self.place, self.zones = place, zones
        self.random = random.Random(SEED)
        self.asked, self.flying = [], set()
        self.selector = selectors.DefaultSelector()
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.udp.connect(place)
        self.udp.setblocking(False)
        self.tcp, self.pending = socket.create_connection(place), bytearray()
        self.selector.register(self.udp, selectors.EVENT_READ, self._datagrams)
        self.selector.register(self.tcp, selectors.EVENT_READ, self._stream)

    def run(self, count, patience_s):
        begin = time.monotonic()
        while len(self.asked) < count or self.flying:
            due = min(count, int((time.monotonic() - begin) * RATE) + 1)
            while len(self.asked) < due and len(self.flying) < WINDOW:
                self._ask()
            for key, _ in self.selector.select(1 / RATE):
                key.data()
            now = time.monotonic()
            self.flying -= {number for number in self.flying if now - self.asked[number].at > patience_s}
        self._linger(1.0)

    def _linger(self, seconds):
        """Wait for second replies."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for key, _ in self.selector.select(0.1):
                key.data()

    def _ask(self):
        number = len(self.asked)
        asked = Asked(number, f"{number}.{self.random.choice(self.zones)}.")
        how = self.random.choice([{}, {}, {"edns": 0}, {"do": True}, {"edns": 0, "size": 4096}])
        octets = query(asked.name, identity=number & 0xffff, **how).to_wire()
        self.asked.append(asked)
        self.flying.add(number)
        if self.random.random() < 0.1:
            self.tcp.sendall(struct.pack("!H", len(octets)) + octets)
        else:
            self.udp.send(octets)

    def _take(self, octets):
        number = int.from_bytes(octets[:2], "big")
        while number + 0x10000 < len(self.asked):
            number += 0x10000
        asked = self.asked[number]
        asked.took = asked.took or time.monotonic() - asked.at
        asked.replies.append(octets)
        self.flying.discard(number)

    def _datagrams(self):
        while True:
            try:
                self._take(self.udp.recv(65535))
            except BlockingIOError:
                return

    def _stream(self):
        octets = self.tcp.recv(1 << 18)
        if not octets:
            raise EOFError("the server closed the connection")
        self.pending += octets
        while len(self.pending) >= 2 and len(self.pending) >= 2 + int.from_bytes(self.pending[:2], "big"):
            length = int.from_bytes(self.pending[:2], "big")
            self._take(bytes(self.pending[2:2 + length]))
            del self.pending[:2 + length]

    def close(self):
        self.selector.close()
        self.udp.close()
        self.tcp.close()


def end_of(asked):
    """The result of the one reply: `right`, or an rcode; any other is an error of the program."""
    if len(asked.replies) != 1:
        return f"{len(asked.replies)} replies"
    reply = parse(asked.replies[0])
    if reply.question[0].name.to_text() != asked.name:
        return "another question"
    if rcode(reply) != "NOERROR":
        return rcode(reply)
    return "right" if addresses(reply) == [right_address(asked.number)] else "wrong"


def test_each_query_gets_one_correct_reply_or_servfail_within_its_deadline(closing, split53, tmp_path):
    servers = closing(Servers(tmp_path, 5))
    zones = {"one.example": servers.where[:1], "two.example": servers.where[1:3], "race.example": servers.where[3:5]}
    extra = "".join(f'zone "{zone}" {{ type forward; forward only; {"forwarders-policy race;" if zone == "race.example" else ""}'
                    f' forwarders {{ {" ".join(where + ";" for where in those)} }}; }};\n' for zone, those in zones.items())
    program = split53(forwarders=["127.0.0.1 port 1"], extra=extra)
    crowd = closing(Crowd((program.address, program.port), list(zones)))
    crowd.run(QUERIES, 2 * DEADLINE)
    ends = collections.Counter(end_of(asked) for asked in crowd.asked)
    bad = [asked for asked in crowd.asked if end_of(asked) not in ("right", "SERVFAIL")]
    assert not bad, (ends, [(asked.name, [str(parse(octets)) for octets in asked.replies]) for asked in bad[:3]])
    by_zone = collections.Counter(asked.name.split(".")[1] for asked in crowd.asked if end_of(asked) == "right")
    assert min(by_zone["two"], by_zone["race"]) >= 0.8 * QUERIES / 3, (ends, by_zone)
    limit = DEADLINE + SLACK * patience() / 2
    late = [asked for asked in crowd.asked if asked.took > limit]
    assert not late, [(asked.name, asked.took) for asked in late[:5]]
