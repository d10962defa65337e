# SPDX-License-Identifier: ISC
"""
Which records of an upstream's response are passed on: messages that a scenario of test/replay cannot express, with a caching stub
behind split53.
"""
import socket
import struct

import dns.name
import dns.rdatatype
import pytest

from support.client import ask_raw, extended_errors, query, rcode, rdata
from support.upstream import A, CNAME, SRV

DNAME, RRSIG, TSIG = 39, 46, 250


def record(owner, rdtype, data, ttl=60, rdclass=1):
    owner = owner if isinstance(owner, bytes) else dns.name.from_text(owner).to_wire()
    return owner + struct.pack("!HHIH", rdtype, rdclass, ttl, len(data)) + data


def labels(*names):
    return b"".join(bytes([len(label)]) + label for label in names)


def dname_of(q):
    """A DNAME and its synthesized CNAME, in the letter case of the query, as servers send it."""
    target = labels(q.labels[0]) + labels(b"insec", b"net") + b"\0"
    return q.reply(record("dn2.example.", DNAME, labels(b"insec", b"net") + b"\0"), (CNAME, 60, target),
                   record(target, A, socket.inet_aton("192.0.2.1")))


@pytest.mark.parametrize("options", ["", "max-cache-size 0;"], ids=["cached", "not cached"])
def test_names_synthesized_from_a_dname_have_the_letter_case_of_the_client(split53, upstream, options):
    program = split53(forwarders=[upstream(dname_of).where], options=options)
    for name in [f"host-and-letters-{i}.dn2.example." for i in range(8)]:
        for spelling in (name, "H" + name[1:], name.upper(), name):
            answer = program.ask(spelling)
            target = spelling.split(".")[0] + ".insec.net."
            assert [str(rrset.name) for rrset in answer.answer][1:] == [spelling, target]
            assert str(answer.answer[1][0].target) == target


def test_labels_copied_without_a_dname_are_never_in_random_case(split53, upstream):
    """Servers that rewrite names send no DNAME: the letter case is that of the client or, from the cache, lower case."""
    def rewritten(q):
        target = labels(b"x") + labels(*q.labels[:1]) + labels(b"net") + b"\0"
        return q.reply((CNAME, 60, target), record(target, A, socket.inet_aton("192.0.2.1")))

    program = split53(forwarders=[upstream(rewritten).where])
    for i in range(8):
        for _ in range(2):
            answer = program.ask(f"some-letters-{i}.example.")
            assert str(answer.answer[0][0].target) == str(answer.answer[1].name) == f"x.some-letters-{i}.net."


def test_a_compressed_srv_target_is_decompressed(split53, upstream):
    """The response of Samba's AD DC; c-ares 1.34.7 rejects such a response (RFC 2782, RFC 3597 s4)."""
    def samba(q):
        pointer = struct.pack("!H", 0xC000 | 12 + len(labels(*q.labels[:2])))
        return q.reply((SRV, 60, struct.pack("!3H", 0, 100, 389) + labels(b"dc1") + pointer))

    program = split53(forwarders=[upstream(samba).where])
    for spelling in ("_ldap._tcp.corp.example.", "_LDAP._tcp.Corp.example."):
        for _ in range(2):
            octets = ask_raw(("127.0.0.1", program.port), query(spelling, "SRV").to_wire())
            assert octets[-18:].lower() == labels(b"dc1", b"corp", b"example") + b"\0"
            assert octets[-18:] in (octets[-18:].lower(), labels(b"dc1", *spelling.encode().split(b".")[2:4]) + b"\0")


def test_a_tsig_of_an_upstream_is_not_passed_on(split53, upstream):
    def signed(q):
        algorithm = labels(b"hmac-sha256") + b"\0"
        data = algorithm + b"\0\0\x60\0\0\0\1\x2c\0\0" + q.octets[:2] + b"\0\0\0\0"
        octets = bytearray(q.address() + record(labels(b"k") + b"\0", TSIG, data, ttl=0, rdclass=255))
        octets[11] += 1
        return bytes(octets)

    program = split53(forwarders=[upstream(signed).where])
    octets = ask_raw(("127.0.0.1", program.port), query("a.example.", edns=0).to_wire())
    assert struct.unpack("!6H", octets[:12])[2:] == (1, 1, 0, 1)
    assert octets.endswith(b"\0\0\x29" + octets[-8:])


def test_records_of_names_of_another_route_reach_no_client(split53, upstream):
    """Six ways to plant an address; a caching stub would accept some of them."""
    victim, bad = "victim.consul.", socket.inet_aton("203.0.113.66")
    own, planted = (A, 60, socket.inet_aton("192.0.2.1")), record(victim, A, bad)
    wire = dns.name.from_text(victim).to_wire()
    forms = {
        "add.example.": lambda q: q.reply(own, additional=[planted]),
        "unrelated.example.": lambda q: q.reply(own, planted),
        "twocname.example.": lambda q: q.reply((CNAME, 60, labels(b"b", b"example") + b"\0"), "b.example. 60 IN A 192.0.2.9",
                                               (CNAME, 60, wire), planted),
        "classtrick.example.": lambda q: q.reply(record(b"\xc0\x0c", CNAME, labels(b"b", b"example") + b"\0", rdclass=3),
                                                 (CNAME, 60, wire), planted),
        "_srv.example.": lambda q: q.reply((SRV, 60, struct.pack("!3H", 1, 1, 80) + wire), additional=[planted]),
        "dname.x.example.": lambda q: q.reply(record("x.example.", DNAME, labels(b"consul") + b"\0"), planted),
    }
    consul = upstream(lambda q: q.reply((A, 60, socket.inet_aton("10.0.0.1"))))
    program = split53(forwarders=[upstream(lambda q: forms[q.name](q)).where], consul=consul.where)
    for name in forms:
        answer = program.ask(name, "SRV" if name.startswith("_srv") else "A")
        assert bad not in answer.octets, name
        assert rcode(answer) == ("SERVFAIL" if name == "twocname.example." else "NOERROR"), name


def test_a_chain_of_thousands_of_records_is_processed_quickly(split53, upstream):
    """Links that point into one another's records, in the worst order, and names with many labels."""
    deep = labels(*[b"a"] * 100) + b"\0"
    links = [record(f"n{i}.example.", CNAME, dns.name.from_text(f"n{i + 1}.example.").to_wire()) for i in range(16)]
    others = [record(deep, A, bytes([10, 0, i >> 8, i & 255])) for i in range(250)]
    end = record("n16.example.", A, socket.inet_aton("192.0.2.1"))
    server = upstream(lambda q: q.reply(end, *others, *reversed(links)) if q.tcp else q.reply(tc=True))
    program = split53(forwarders=[server.where])
    answer = program.ask("n0.example.")
    assert [str(rrset.name) for rrset in answer.answer] == [f"n{i}.example." for i in range(17)]
    assert rdata(answer, "A") and len(server.queries) == 2


@pytest.mark.parametrize("links", [17, 1000])
def test_a_chain_of_more_than_16_links_is_rejected_and_not_cached(split53, upstream, links):
    records = [record(f"n{i}.example.", CNAME, dns.name.from_text(f"n{i + 1}.example.").to_wire()) for i in range(links)]
    records.append(record(f"n{links}.example.", A, socket.inet_aton("203.0.113.66")))
    server = upstream(lambda q: q.reply(*reversed(records)) if q.tcp else q.reply(tc=True))
    program = split53(forwarders=[server.where], options="servfail-ttl 0;")
    for asked in (1, 2):
        answer = program.ask("n0.example.", edns=0)
        assert rcode(answer) == "SERVFAIL" and not answer.answer and extended_errors(answer) == [22]
        assert b"answered with a chain of more than 16 CNAMEs" in answer.octets
        assert sum(q.tcp for q in server.queries) >= asked
