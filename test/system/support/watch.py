# SPDX-License-Identifier: ISC
"""A thread that sends queries to one server at a steady rate and records the outcome of each: `Watch` beside a test that breaks things."""
import contextlib
import select
import socket
import threading
import time

from .client import extended_errors, parse, query, rcode, rdata


class Sample:
    """One query: when it was sent (monotonic seconds), the reply and its delay. took None: no reply."""

    def __init__(self, name, sent):
        self.name, self.sent, self.took, self.octets = name, sent, None, None

    @property
    def reply(self):
        return None if self.octets is None else parse(self.octets)

    @property
    def code(self):
        """The rcode's name, or None for silence."""
        return None if self.octets is None else rcode(self.reply)

    @property
    def data(self):
        """The records of the answer as a set, without TTLs."""
        return frozenset() if self.octets is None else frozenset(rdata(self.reply))

    @property
    def errors(self):
        """The extended errors."""
        return [] if self.octets is None else extended_errors(self.reply)

    def __repr__(self):
        took = "lost" if self.took is None else f"{self.took * 1000:.0f} ms"
        return f"<{self.name} at {self.sent:.2f}: {took} {self.code} {sorted(self.data)} {self.errors}>"


class Watch:
    """
    Queries names(number), (name, type) each time, every `every` seconds, from SOCKETS UDP sockets in turn, as many programs would (a
    program with more than ten queries for one name gets a reply to the newest), until stop(); the last replies are waited for `patience`
    seconds. `refused` counts the ICMP refusals.
    """
    SOCKETS = 16

    def __init__(self, place, names, every=0.1, patience=9.0):
        self.names, self.every, self.patience = names, every, patience
        self.samples, self.refused = [], 0
        self._flying = {}
        self._sockets = [self._connected(place) for _ in range(self.SOCKETS)]
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @staticmethod
    def _connected(place):
        sock = socket.socket(socket.AF_INET6 if ":" in place[0] else socket.AF_INET, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        sock.connect(place)
        return sock

    def _run(self):
        start, end = time.monotonic(), None
        while True:
            now = time.monotonic()
            due = start + len(self.samples) * self.every
            if end is None and self._stopping.is_set():
                end = now + self.patience
            if end is None and now >= due:
                if now > due + 1:	# this machine stood still: missed queries are not sent all at once
                    start = now - len(self.samples) * self.every
                self._ask()
                continue
            if end is not None and (now >= end or not self._flying):
                return
            self._receive(max(0.001, min(end - now if end is not None else due - now, 0.1)))

    def _ask(self):
        number = len(self.samples)
        name, rdtype = self.names(number)
        octets = query(name, rdtype, edns=0, identity=number & 0xffff).to_wire()
        sample = Sample(name, time.monotonic())
        self.samples.append(sample)
        self._flying[number & 0xffff] = sample
        sock = self._sockets[number % self.SOCKETS]
        try:
            sock.send(octets)
        except ConnectionRefusedError:	# reported for the query before; this one was not sent
            self.refused += 1
            sock.send(octets)

    def _receive(self, seconds):
        for sock in select.select(self._sockets, [], [], seconds)[0]:
            try:
                self._take(sock.recv(65535, socket.MSG_DONTWAIT))
            except BlockingIOError:	# a datagram with a wrong checksum
                pass
            except ConnectionRefusedError:
                self.refused += 1

    def _take(self, octets):
        sample = self._flying.pop(int.from_bytes(octets[:2], "big"), None)
        if sample is not None:
            sample.octets, sample.took = octets, time.monotonic() - sample.sent

    def since(self, start, end=None):
        """The queries sent from `start` on, before `end` (monotonic seconds)."""
        return [sample for sample in list(self.samples) if sample.sent >= start and (end is None or sample.sent < end)]

    def stop(self):
        """The samples, when all are answered or given up."""
        self._stopping.set()
        self._thread.join()
        for sock in self._sockets:
            sock.close()
        return self.samples


def share(samples, part):
    """The time within which `part` (0.99) of the samples were answered; lost ones count as infinite."""
    times = sorted(float("inf") if sample.took is None else sample.took for sample in samples)
    return times[min(len(times) - 1, int(len(times) * part))]


def lost(samples):
    return [sample for sample in samples if sample.took is None]


def worst(samples):
    return share(samples, 1.0)


@contextlib.contextmanager
def watching(program, every=0.05, suffix="example.com.", tag="w"):
    """A watch with new names below `suffix` for the length of the `with`."""
    watch = Watch((program.address, program.port), lambda number: (f"{tag}{number}.{suffix}", "A"), every)
    try:
        yield watch
    finally:
        watch.stop()
