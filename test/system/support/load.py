# SPDX-License-Identifier: ISC
"""Load from one process: many queries in flight over UDP, some over TCP; replies are counted and not checked."""
import os
import selectors
import socket
import struct
import sys
import time

from .client import ask
from .process import Process
from .split53 import free_port

TAIL = b"\4load\7example\0"
OPT = b"\0\0\x29\x10\0\0\0\0\0\0\0"


def question(identity, name, qtype=1):
    """A query with EDNS for NAME.load.example."""
    labels = b"".join(bytes([len(label)]) + label for label in name.split(b"."))
    return struct.pack("!6H", identity, 0x0100, 1, 0, 0, 1) + labels + TAIL + struct.pack("!2H", qtype, 1) + OPT


class SizedUpstream:
    """The server of sized_upstream.py, in a process of its own."""

    def __init__(self, folder):
        self.port = free_port()
        program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sized_upstream.py")
        self.process = Process([sys.executable, program, "127.0.0.1", str(self.port)], folder, "sized-upstream")
        self.process.wait_for_log("ready")
        self.where = f"127.0.0.1 port {self.port}"

    def working(self):
        """How many queries for names that end in -w... it has received."""
        return ask(("127.0.0.1", self.port), "count.load.example.").answer[0].ttl

    def close(self):
        self.process.kill()


class Load:
    """
    `WINDOW` queries are in flight; those without a reply within `PATIENCE` seconds are lost, and counted. names() returns the next
    (name below load.example, type); one of every `tcp_every` goes over TCP. At most `rate` are sent in a second, if it is not 0. From
    another thread: `stopping = True` ends it.
    """
    WINDOW, PATIENCE = 64, 6

    def __init__(self, place, names, tcp_every=0, rate=0):
        self.names, self.tcp_every, self.rate, self.stopping = names, tcp_every, rate, False
        self.asked = self.answered = self.lost = 0
        self.codes = {}
        self.flying = {}
        self.selector = selectors.DefaultSelector()
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.udp.connect(place)
        self.udp.setblocking(False)
        self.tcp, self.pending = None, bytearray()
        self.selector.register(self.udp, selectors.EVENT_READ, self._datagrams)
        if tcp_every:
            self.tcp = socket.create_connection(place)
            self.selector.register(self.tcp, selectors.EVENT_READ, self._stream)

    def run(self, seconds=None, count=None):
        """For this time, or this many queries; then the queries in flight are waited for."""
        end = None if seconds is None else time.monotonic() + seconds
        last = None if count is None else self.asked + count
        began = looked = time.monotonic()
        before = self.asked
        while True:
            more = (end is None or time.monotonic() < end) and (last is None or self.asked < last) and not self.stopping
            most = before + (time.monotonic() - began) * self.rate if self.rate else last
            while more and len(self.flying) < self.WINDOW and (most is None or self.asked < most):
                self._ask()
            if not more and not self.flying:
                return
            for key, _ in self.selector.select(1 / self.rate if self.rate else 0.1):
                key.data()
            if time.monotonic() - looked > 1:
                looked = time.monotonic()
                self._give_up(looked)

    def _ask(self):
        name, qtype = self.names()
        identity = self.asked & 0xffff
        while identity in self.flying:
            identity = (identity + 1) & 0xffff
        octets = question(identity, name, qtype)
        self.asked += 1
        self.flying[identity] = time.monotonic()
        self.ask(identity, name)
        if self.tcp_every and self.asked % self.tcp_every == 0:
            self.tcp.sendall(struct.pack("!H", len(octets)) + octets)
        else:
            try:
                self.udp.send(octets)
            except OSError:	# no space: it counts as lost
                pass

    def ask(self, identity, name):
        """For a class that looks at the replies: this query is about to be sent."""

    def _give_up(self, now):
        for identity, at in list(self.flying.items()):
            if now - at > self.PATIENCE:
                del self.flying[identity]
                self.lost += 1

    def _take(self, octets):
        identity, code = int.from_bytes(octets[:2], "big"), octets[3] & 15
        if self.flying.pop(identity, None) is not None:
            self.answered += 1
            self.codes[code] = self.codes.get(code, 0) + 1
            self.answer(identity, octets)

    def answer(self, identity, octets):
        """For a class that looks at the replies."""

    def _datagrams(self):
        while True:
            try:
                octets = self.udp.recv(4096)
            except OSError:
                return
            self._take(octets)

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
        if self.tcp is not None:
            self.tcp.close()
