# SPDX-License-Identifier: ISC
"""Imperfect servers: replies that are truncated, too long or garbage, over UDP and TCP, and connections for one query."""
import struct
import threading
import time

import dns.flags
import pytest

from support.client import addresses, rcode
from support.upstream import A, SRV

TRUE, FORGED = "192.0.2.1", "6.6.6.6"
AT_ONCE = 2.0	# s, on a busy machine; a failure takes 4.5 s


def timed(program, name, rdtype="A", **more):
    start = time.monotonic()
    reply = program.ask(name, rdtype, timeout=8, **more)
    return reply, time.monotonic() - start


def header(q, flags, count=0):
    return q.octets[:2] + flags.to_bytes(2, "big") + count.to_bytes(2, "big") + bytes(6)


# TC is checked before the form

def cut_in_a_record(q):
    whole = bytearray(q.reply(*[(A, 60, bytes([192, 0, 2, n])) for n in range(1, 60)]))
    whole[2] |= 2
    return bytes(whole[:500])


CUTS = {
    "in a record": cut_in_a_record,
    "after the question": lambda q: q.reply(*["a.example.com. 60 IN A 192.0.2.9"] * 3, tc=True)[:q.question_end],
    "in the question": lambda q: header(q, 0x8380, 1) + q.octets[12:15],
    "behind the header": lambda q: header(q, 0x8380),
    "behind the header, counts as they were": lambda q: header(q, 0x8380, 1),
    "not at all, and longer": lambda q: q.reply(tc=True) + b"\0\0\0",
}


@pytest.mark.parametrize("where", CUTS)
def test_a_reply_truncated_anywhere_leads_to_tcp_at_once(upstream, split53, where):
    server = upstream(lambda q: q.address(TRUE) if q.tcp else CUTS[where](q))
    program = split53(forwarders=[server.where])
    for number in range(5):
        reply, took = timed(program, f"cut-{number}.example.com.")
        assert addresses(reply) == [TRUE] and took < AT_ONCE
    assert len({q.name for q in server.queries if q.tcp and q.name.startswith("cut")}) == 5


def test_a_forged_header_with_tc_does_not_end_the_wait_where_tcp_is_refused(upstream, split53):
    def answer(q):
        q.send(header(q, 0x8380))
        q.send(q.address(TRUE), delay=0.05)
    server = upstream(answer, tcp=False)
    program = split53(forwarders=[server.where])
    for number in range(5):
        assert addresses(program.ask(f"forged-{number}.example.com.")) == [TRUE]


def test_a_truncated_reply_with_another_question_is_rejected(upstream, split53):
    def answer(q):
        if q.tcp:
            return q.address(FORGED)
        q.send(q.reply(tc=True, question=b"\x05other\x07example\x03com\0" + q.octets[q.question_end - 4:q.question_end]))
        return q.send(q.address(TRUE), delay=0.02)
    server = upstream(answer)
    program = split53(forwarders=[server.where])
    assert addresses(program.ask("asked.example.com.")) == [TRUE]
    assert not any(q.tcp for q in server.queries)


# Bytes after the message

@pytest.mark.parametrize("tcp", [False, True])
@pytest.mark.parametrize("more", [b"\0", b"\0\0\0", bytes(range(200))])
def test_bytes_after_the_message_are_ignored(upstream, split53, tcp, more):
    server = upstream(lambda q: q.reply(tc=True) if tcp and not q.tcp else q.address(TRUE) + more)
    program = split53(forwarders=[server.where])
    for _ in range(2):	# the second is from the cache
        reply, took = timed(program, "longer.example.com.")
        assert addresses(reply) == [TRUE] and took < AT_ONCE
        assert len(reply.octets) == 12 + 22 + 2 + 16, "none of it reaches the client"
    assert len(server.queries) == 1 + tcp


# Garbage over TCP

GARBAGE = {
    "another ID": lambda q: q.address(FORGED, identity=q.id ^ 1),
    "another question": lambda q: q.address(FORGED, question=b"\x05other\x07example\x03com\0\0\1\0\1"),
    "another type": lambda q: q.address(FORGED, question=q.octets[12:q.question_end - 4] + b"\0\x1c\0\1"),
    "no question": lambda q: q.address(FORGED, question=b""),
    "the query itself": lambda q: q.octets,
    "another opcode": lambda q: q.address(FORGED, flags=0x2000),
    "an address of five bytes": lambda q: q.reply((A, 60, b"\1\2\3\4\5")),
    "a record cut": lambda q: q.address(FORGED, edns=False)[:-2],
    "nothing": lambda q: b"",
    "one byte": lambda q: b"\0",
    "eleven bytes": lambda q: q.octets[:11],
    "a header": lambda q: header(q, 0x8180),
}


@pytest.mark.parametrize("kind", GARBAGE)
def test_garbage_over_tcp_ends_the_attempt_at_once(upstream, split53, kind):
    bad = upstream(lambda q: GARBAGE[kind](q) if q.tcp else q.reply(tc=True))
    program = split53(forwarders=[bad.where], options="servfail-ttl 0;")
    for number in range(3):
        reply, took = timed(program, f"bad-{number}.example.com.")
        assert rcode(reply) == "SERVFAIL" and took < AT_ONCE
    assert len({q.name for q in bad.queries if q.tcp and q.name.startswith("bad")}) == 3


def test_after_garbage_over_tcp_the_next_server_gets_the_query_at_once(upstream, split53):
    bad = upstream(lambda q: q.address(FORGED, identity=q.id ^ 1) if q.tcp else q.reply(tc=True))
    good = upstream(lambda q: q.address(TRUE))
    program = split53(forwarders=[bad.where, good.where], options="forwarders-policy ordered;")
    for number in range(5):
        reply, took = timed(program, f"next-{number}.example.com.")
        assert addresses(reply) == [TRUE] and took < AT_ONCE


def test_of_queries_on_one_connection_only_the_one_that_gets_garbage_fails(upstream, split53):
    def answer(q):
        if not q.tcp:
            return q.reply(tc=True)
        if q.name.startswith("bad"):
            return q.send(b"\0\0\0", delay=0.1)
        return q.send(q.address(TRUE), delay=0.2)
    server = upstream(answer)
    program = split53(forwarders=[server.where], arguments=["-n", "1"])
    found = {}

    def ask(name):
        found[name] = program.ask(name, timeout=8)
    names = ["bad.example.com."] + [f"good-{number}.example.com." for number in range(8)]
    threads = [threading.Thread(target=ask, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert rcode(found["bad.example.com."]) == "SERVFAIL"
    assert all(addresses(found[name]) == [TRUE] for name in names[1:])


# Servers that answer one query per connection

class OnePerConnection:
    """Answers the first query of each TCP connection and no other, and does not close."""

    def __init__(self):
        self.served = set()

    def __call__(self, q):
        if not q.tcp:
            return q.reply(tc=True)
        if id(q.connection) in self.served:
            return None
        self.served.add(id(q.connection))
        q.server.kept = [*getattr(q.server, "kept", []), q.connection]	# so that no ID is used twice
        return q.address(TRUE)


def test_all_queries_to_a_server_that_answers_one_per_connection_succeed(upstream, split53):
    server = upstream(OnePerConnection())
    program = split53(forwarders=[server.where], arguments=["-n", "1"])
    times = []
    for number in range(3):
        reply, took = timed(program, f"one-{number}.example.com.")
        assert addresses(reply) == [TRUE]
        times.append(took)
    assert max(times) < AT_ONCE
    time.sleep(2.2)	# until it is known that the second query gets no response
    before = server.connections
    for number in range(10):
        reply, took = timed(program, f"known-{number}.example.com.")
        assert addresses(reply) == [TRUE] and took < AT_ONCE
    assert server.connections == before + 10, "a connection per query from now on"
    assert "answers only one query per connection" in program.log()


def test_pipelined_queries_that_a_server_drops_are_sent_again(upstream, split53):
    """A server that processes one message of each read() and discards the rest."""
    last = {}

    def answer(q):
        if not q.tcp:
            return q.reply(tc=True)
        now, before = time.monotonic(), last.get(id(q.connection), 0)
        last[id(q.connection)] = now
        if now - before < 0.02:
            return None
        return q.send(q.address(TRUE), delay=0.01)
    server = upstream(answer)
    program = split53(forwarders=[server.where], arguments=["-n", "1"])
    program.ask("first.example.com.")
    found = {}

    def ask(name):
        found[name] = timed(program, name)
    names = [f"pipelined-{number}.example.com." for number in range(10)]
    threads = [threading.Thread(target=ask, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name in names:
        reply, took = found[name]
        assert addresses(reply) == [TRUE] and took < 3


# Answers that are incomplete without TC

NODES = [b"\x07node-%02d\x04node\x06consul\0" % number for number in range(40)]
SRVS = [(SRV, 60, struct.pack("!3H", 1, 1, 8000) + node) for node in NODES]
ADDRESSES = [node + struct.pack("!HHIH4B", A, 1, 60, 4, 10, 0, 0, number) for number, node in enumerate(NODES)]


def cutting(count):
    """As Consul: as many records as fit the offered size, and no TC."""
    def answer(q):
        for fit in range(count, 0, -1):
            octets = q.reply(*SRVS[:fit], additional=ADDRESSES[:fit])
            if q.tcp or len(octets) <= (q.edns_size or 512):
                return octets
        return None
    return answer


def count_of(reply):
    return sum(len(rrset) for rrset in reply.answer)


def test_a_tcp_client_gets_records_that_a_server_left_out_over_udp_without_tc(upstream, split53):
    server = upstream(cutting(40))
    program = split53(consul=server.where, options="edns-udp-size 1232;")
    small = program.ask("web.service.consul.", "SRV", edns=0, size=1232)
    assert 0 < count_of(small) < 40 and not small.flags & dns.flags.TC
    assert count_of(program.ask("web.service.consul.", "SRV", tcp=True)) == 40
    assert count_of(program.ask("web.service.consul.", "SRV", tcp=True)) == 40
    assert sum(q.tcp for q in server.queries) == 1, "the whole answer is cached"


def test_a_tcp_client_with_the_first_query_gets_all_records_too(upstream, split53):
    server = upstream(cutting(40))
    program = split53(consul=server.where, options="edns-udp-size 1232;")
    assert count_of(program.ask("web.service.consul.", "SRV", tcp=True)) == 40


def test_an_answer_with_space_for_one_more_record_takes_one_query(upstream, split53):
    server = upstream(cutting(8))
    program = split53(consul=server.where, options="edns-udp-size 1232;")
    for tcp in (False, True):
        assert count_of(program.ask("web.service.consul.", "SRV", edns=0, size=1232, tcp=tcp)) == 8
    assert not any(q.tcp for q in server.queries)


def test_where_tcp_is_refused_the_incomplete_answer_is_served(upstream, split53):
    server = upstream(cutting(40), tcp=False)
    program = split53(consul=server.where, options="edns-udp-size 1232;")
    for _ in range(3):
        reply, took = timed(program, "web.service.consul.", "SRV", tcp=True)
        assert 0 < count_of(reply) < 40 and took < AT_ONCE
