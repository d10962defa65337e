#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""
Servers with at most one fault, drawn at random, in every response.

    mixed_faults.py ADDRESS SEED PORT ...       prints "ready" when they listen

The right answer to a name of the form N.anything is imperfect.right_address(N). No fault is a wrong answer that looks right: any other
message must be rejected, or is an error that may be passed on to the client.
"""
import os
import random
import struct
import sys
import threading

if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from support.imperfect import BADVERS, close_stream, good, large, lowered	# noqa: E402
from support.upstream import FORMERR, NOTIMP, REFUSED, SERVFAIL, FakeUpstream	# noqa: E402

WRONG = "192.0.2.66"
GOOD_SHARE = 0.4


def framed(octets, length=None):
    return struct.pack("!H", len(octets) if length is None else length) + octets


def with_count(octets, at, count):
    """A header's count changed."""
    return octets[:at] + struct.pack("!H", count) + octets[at + 2:]


def compression_loop(q):
    """An owner that points at itself."""
    head = q.address(edns=False)
    return head[:q.question_end] + struct.pack("!H", 0xC000 | q.question_end) + head[q.question_end + 2:]


# The messages over UDP: none, one datagram, several, or a late one.
UDP = {
    "lost": lambda q: None,
    "late": lambda q: q.send(good(q), delay=q.server.random.uniform(0.05, 0.4)),
    "very late": lambda q: q.send(good(q), delay=3.0),
    "thrice": lambda q: [good(q)] * 3,
    "TC": lambda q: q.reply(tc=True),
    "TC, a header": lambda q: q.reply(tc=True, question=b"", edns=False),
    "TC, cut in a record": lambda q: large(q, tc=True, edns=False)[:150],
    "cut without TC": lambda q: good(q, edns=False)[:-3],
    "bytes after the message": lambda q: good(q) + b"\xff" * 7,
    "other ID": lambda q: q.address(WRONG, identity=q.id ^ 0x8001),
    "other ID, then right": lambda q: [q.address(WRONG, identity=q.id ^ 1), good(q)],
    "other question": lambda q: q.address(WRONG, question=b"\5other\7example\0\0\1\0\1"),
    "no question": lambda q: q.address(WRONG, question=b"", edns=False),
    "lower case": lambda q: lowered(good(q), q),
    "a query": lambda q: q.octets,
    "another opcode": lambda q: q.address(WRONG, flags=0x2800),
    "octets": lambda q: q.server.random.randbytes(q.server.random.randrange(1, 600)),
    "random bytes after the ID": lambda q: q.octets[:2] + q.server.random.randbytes(60),
    "empty": lambda q: b"",
    "a header": lambda q: q.reply(question=b"", edns=False),
    "records missing": lambda q: with_count(q.address(WRONG), 6, 900),
    "compression loop": compression_loop,
    "two OPTs": lambda q: with_count(good(q), 10, 2) + b"\0\0\x29\x04\xd0\0\0\0\0\0\0",
    "SERVFAIL": lambda q: q.reply(rcode=SERVFAIL),
    "REFUSED": lambda q: q.reply(rcode=REFUSED),
    "NOTIMP": lambda q: q.reply(rcode=NOTIMP),
    "FORMERR": lambda q: q.reply(rcode=FORMERR),
    "FORMERR, a header": lambda q: q.reply(rcode=FORMERR, question=b"", edns=False),
    "BADVERS": lambda q: q.reply(rcode=SERVFAIL if q.edns_size is None else BADVERS),	# only an OPT can express it
    "no EDNS": lambda q: good(q, edns=False),
}


def stream_of(make):
    """What a fault over TCP writes; `make` returns raw bytes, and whether the connection is closed after them."""
    def fault(q):
        octets, closes = make(q)
        q.connection.sendall(octets)
        if closes:
            q.server.later(0.001, close_stream, q.connection)
    return fault


def in_pieces(q):
    for octet in framed(good(q)):
        q.connection.sendall(bytes([octet]))


TCP = {
    "lost": lambda q: None,
    "late": UDP["late"],
    "closed": stream_of(lambda q: (b"", True)),
    "closed behind the answer": stream_of(lambda q: (framed(good(q)), True)),
    "closed within the answer": stream_of(lambda q: (framed(good(q))[:20], True)),
    "garbage": stream_of(lambda q: (b"HTTP/1.1 400 Bad Request\r\n\r\n", False)),
    "a short message": stream_of(lambda q: (framed(b"\1\2\3"), False)),
    "an empty message": stream_of(lambda q: (framed(b""), False)),
    "a longer frame": stream_of(lambda q: (framed(good(q), 4000), False)),
    "in pieces": in_pieces,
    "bytes after the message": UDP["bytes after the message"],
    "other ID": UDP["other ID"],
    "other question": UDP["other question"],
    "no question": UDP["no question"],
    "lower case": UDP["lower case"],
    "TC": UDP["TC"],
    "cut without TC": UDP["cut without TC"],
    "records missing": UDP["records missing"],
    "compression loop": UDP["compression loop"],
    "SERVFAIL": UDP["SERVFAIL"],
    "REFUSED": UDP["REFUSED"],
    "FORMERR": UDP["FORMERR"],
}


class MixedFaults(FakeUpstream):
    def __init__(self, address, port, seed):
        self.random = random.Random(seed)
        super().__init__(self._answer, address, port)

    def _answer(self, q):
        faults = TCP if q.tcp else UDP
        self.queries.clear()	# there are many of them
        if self.random.random() < GOOD_SHARE:
            return good(q)
        try:
            return faults[self.random.choice(list(faults))](q)
        except OSError:	# the connection is closed
            return None


def main():
    servers = [MixedFaults(sys.argv[1], int(port), f"{sys.argv[2]} {port}") for port in sys.argv[3:]]
    print("ready", flush=True)
    threading.Event().wait()
    assert servers


if __name__ == "__main__":
    main()
