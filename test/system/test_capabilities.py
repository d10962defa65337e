# SPDX-License-Identifier: ISC
"""Servers that lack a capability, and servers that only seem to: EDNS, AD, letter case, lost datagrams."""
import collections

import dns.flags
import pytest

from support.client import addresses, rcode, rdata
from support.process import patience
from support.upstream import A, FORMERR, NXDOMAIN, REFUSED

SIGNATURE = "A 8 2 600 20380101000000 20260101000000 1 example. c2lnbmF0dXJl"
SOA = "example. 60 IN SOA ns.example. host.example. 1 2 3 4 60"


def signed(q, size=0):
    """An address; with DO a signature, `size` octets in all or more."""
    records = [f"{q.name} 600 IN A 192.0.2.1"]
    if q.do:
        records.append(f"{q.name} 600 IN RRSIG {SIGNATURE}")
    records += [f"{q.name} 600 IN TXT \"{'x' * 200}\"" for _ in range(size // 200)]
    return q.reply(*records)


def has_signature(reply):
    return bool(rdata(reply, "RRSIG"))


def losing(count, answer, over_tcp=True):
    """The first `count` datagrams for each name are lost."""
    seen = collections.Counter()

    def reply(q):
        seen[q.name, q.tcp] += 1
        if q.tcp:
            return answer(q) if over_tcp else None
        return answer(q) if seen[q.name, False] > count else None
    return reply


def of_name(server, name):
    return [q for q in server.queries if q.name == name]


# Loss is no sign of missing EDNS

@pytest.mark.parametrize("tcp", [True, False])
@pytest.mark.parametrize("warm", [True, False])
@pytest.mark.parametrize("lost", [1, 2, 3])
def test_lost_datagrams_never_lead_to_an_answer_without_signatures(upstream, split53, lost, warm, tcp):
    server = upstream(losing(lost, signed), tcp=tcp)
    program = split53(forwarders=[server.where])
    for number in range(2 if warm else 0):
        program.ask(f"warm{number}.example.", do=True, timeout=8)
    server.forget()
    for _ in range(2):
        reply = program.ask("www.example.", do=True, timeout=8)
        # Three lost datagrams in a row may look like a server that is down.
        assert has_signature(reply) or lost == 3 and not tcp and rcode(reply) == "SERVFAIL"
    if warm:
        assert all(q.do for q in of_name(server, "www.example.")), "it has proved that it supports EDNS"


@pytest.mark.parametrize("delay", [0.9, 2.0])
def test_a_slow_recursor_always_gets_queries_with_edns_and_do(upstream, split53, delay):
    due = {}

    def answer(q):
        # A recursor answers all queries for a name once it has the answer, the last one first.
        first = due.setdefault(q.name, q.at)
        q.send(signed(q), delay=max(0.0, first + delay - q.at) - 0.01 * len(of_name(server, q.name)))
    server = upstream(answer)
    program = split53(forwarders=[server.where])
    for number in range(4):
        assert has_signature(program.ask(f"s{number}.example.", do=True, timeout=8))


def test_large_answers_that_are_lost_are_fetched_over_tcp_within_a_second(upstream, split53):
    server = upstream(lambda q: signed(q, 2000) if q.tcp or q.name.startswith("warm") else None)
    program = split53(forwarders=[server.where])
    for number in range(3):
        for again in range(4):  # it is healthy, and is not considered to have UDP down
            program.ask(f"warm{number}-{again}.example.", do=True)
        name = f"large{number}.example."
        assert has_signature(program.ask(name, do=True, tcp=True, timeout=8))
        queries = of_name(server, name)
        assert [q.tcp for q in queries[:3]] == [False, False, True]
        assert queries[2].at - queries[0].at < 1.0 * patience() / 2


def test_packet_loss_does_not_make_consul_leave_out_instances(upstream, split53):
    def answer(q):
        return q.reply(*[(A, 30, bytes([10, 0, 0, number])) for number in range(5 if q.edns_size else 3)])
    server = upstream(losing(2, answer))
    program = split53(consul=server.where)
    for _ in range(3):
        assert len(addresses(program.ask("web.service.consul.", timeout=8))) == 5


def test_a_server_on_loopback_is_offered_the_largest_datagram(upstream, split53):
    server = upstream(lambda q: q.reply(*[(A, 30, bytes([10, 0, number >> 8, number & 255])) for number in range(4000)]))
    program = split53(forwarders=[server.where])
    assert len(addresses(program.ask("big.example.", tcp=True))) == 4000
    assert server.queries[0].edns_size == 65507
    assert [q.tcp for q in server.queries] == [False], "64 bytes less than it may send"


# Servers without EDNS

def without_edns(how):
    def answer(q):
        if q.edns_size is None:
            return q.address("10.0.0.1")
        return {"formerr": lambda: q.reply(rcode=FORMERR, edns=False), "badvers": lambda: q.reply(rcode=16),
                "formerr-header": lambda: q.octets[:2] + b"\x81\x81" + bytes(8), "silence": lambda: None}[how]()
    return answer


@pytest.mark.parametrize("tcp", [True, False])
@pytest.mark.parametrize("how", ["formerr", "badvers", "formerr-header", "silence"])
def test_answers_of_a_server_without_edns_to_clients_with_do_are_not_cached(upstream, split53, how, tcp):
    server = upstream(without_edns(how), tcp=tcp)
    program = split53(forwarders=[server.where])
    for _ in range(2):
        assert addresses(program.ask("old.example.", do=True, timeout=8)) == ["10.0.0.1"]
    answered = [q for q in of_name(server, "old.example.") if q.edns_size is None]
    assert len(answered) >= 2, "an answer without OPT was cached for clients with DO"


def test_a_server_that_does_not_respond_to_edns_is_recognized_after_three_names(upstream, split53):
    server = upstream(without_edns("silence"))
    program = split53(forwarders=[server.where])
    for number in range(5):
        assert addresses(program.ask(f"n{number}.example.", timeout=8)) == ["10.0.0.1"]
    assert [of_name(server, f"n{number}.example.")[0].edns_size is None for number in range(5)] == [False, False, False, True, True]


@pytest.mark.parametrize("do", [True, False])
def test_formerr_to_the_very_first_query_does_not_switch_edns_off(upstream, split53, do):
    def answer(q):
        if q.name.startswith("first") and q.edns_size is not None:
            return q.reply(rcode=FORMERR, edns=False)
        return signed(q)
    server = upstream(answer)
    program = split53(forwarders=[server.where])
    for _ in range(3):  # repeating the query for one name is no further evidence
        assert addresses(program.ask("first.example.", do=do)) == ["192.0.2.1"]
    assert has_signature(program.ask("second.example.", do=True))
    assert len(of_name(server, "second.example.")) == 1


# Letter case

def compares_octets(q):
    if q.spelling in (b"www.example", b"Mail.example"):
        return q.address("192.0.2.1")
    return q.reply(rcode=NXDOMAIN, authority=[SOA])


def test_a_server_that_distinguishes_letter_case_is_recognized_and_logged_once(upstream, split53):
    server = upstream(compares_octets)
    program = split53(forwarders=[server.where])
    assert addresses(program.ask("www.example.")) == ["192.0.2.1"]
    assert addresses(program.ask("Mail.example.")) == ["192.0.2.1"]
    assert rcode(program.ask("none.example.")) == "NXDOMAIN"
    assert [q.spelling for q in server.queries[1:]] == [b"www.example", b"Mail.example", b"none.example"]
    assert program.log().count("is case-sensitive") == 1


def test_negative_answers_are_confirmed_from_a_budget_until_a_positive_one_arrives(upstream, split53):
    def answer(q):
        return q.address() if q.name.startswith("there") else q.reply(rcode=NXDOMAIN, authority=[SOA])
    server = upstream(answer)
    program = split53(forwarders=[server.where], arguments=["-n", "1"])
    for number in range(400):
        assert rcode(program.ask(f"no{number}.example.")) == "NXDOMAIN"
    assert 400 < len(server.queries) <= 400 + 400 // 20 + 17
    assert addresses(program.ask("there.example.")) == ["192.0.2.1"]
    server.forget()
    for number in range(100):
        program.ask(f"none{number}.example.")
    assert len(server.queries) == 100


PLACES = {
    "options": ("use-caps-for-id no;", "", ""),
    "zone": ("", "use-caps-for-id no;", ""),
    "server": ("use-caps-for-id yes;", "use-caps-for-id yes;", "use-caps-for-id no;"),
    "zone over options": ("use-caps-for-id yes;", "use-caps-for-id no;", ""),
    "yes in server": ("use-caps-for-id no;", "use-caps-for-id no;", "use-caps-for-id yes;"),
}


@pytest.mark.parametrize("view", [False, True])
@pytest.mark.parametrize("place", PLACES)
def test_use_caps_for_id_switches_0x20_off(upstream, split53, place, view):
    outer, zone, server = PLACES[place]
    asked = upstream()
    text = f"""zone "example" {{ type forward; forwarders {{ {asked.where}; }}; {zone} }};
        server 127.0.0.1 {{ {server} }};"""
    if view:
        text = f"view all {{ match-clients {{ any; }}; {outer} {text} }};"
    program = split53(forwarders=[asked.where], options="" if view else outer, extra=text)
    for number in range(3):
        program.ask(f"As-Spelled-{number}.example.")
    spelled = [q.spelling == b"As-Spelled-%d.example" % number for number, q in enumerate(asked.queries)]
    assert spelled == [place != "yes in server"] * 3


def lowers(q):
    question = q.octets[12:q.question_end]
    return q.address("192.0.2.1", question=question[:-4].lower() + question[-4:])


def test_a_server_that_lowers_letter_case_and_lacks_tcp_is_queried_without_0x20_from_another_port(upstream, split53):
    server = upstream(lowers, tcp=False)
    program = split53(forwarders=[server.where])
    for name in ("www.example.", "www2.example.", "WWW3.example."):
        assert addresses(program.ask(name, timeout=8)) == ["192.0.2.1"]
    first, second = of_name(server, "www.example.")
    assert first.spelling != second.spelling == b"www.example"
    assert first.peer[1] != second.peer[1] and first.id != second.id
    assert [q.spelling for q in of_name(server, "www3.example.")] == [b"www3.example"]


@pytest.mark.parametrize("tcp", [True, False])
def test_forged_letter_case_changes_nothing_for_the_next_query(upstream, split53, tcp):
    def answer(q):
        if q.name.startswith("attacked") and not q.tcp:
            question = q.octets[12:q.question_end]
            q.send(q.address("6.6.6.6", question=question.lower() if question != question.lower() else question.upper()))
        q.send(q.address("192.0.2.1"), delay=0.6)
    server = upstream(answer, tcp=tcp)
    program = split53(forwarders=[server.where])
    for number in range(4):
        assert addresses(program.ask(f"attacked-number-{number}.example.", timeout=8)) == ["192.0.2.1"]
    server.forget()
    for number in range(4):
        assert addresses(program.ask(f"next-{number}.example.", timeout=8)) == ["192.0.2.1"]
    first = [of_name(server, f"next-{number}.example.")[0] for number in range(4)]
    assert all(not q.tcp and q.spelling != q.spelling.lower() for q in first)


# AD in queries

@pytest.mark.parametrize("tcp", [True, False])
@pytest.mark.parametrize("how", ["silence", "refused", "formerr"])
def test_a_server_that_fails_for_ad_gets_queries_without_it(upstream, split53, how, tcp):
    def answer(q):
        if not q.ad:
            return signed(q)
        return {"silence": lambda: None, "refused": lambda: q.reply(rcode=REFUSED), "formerr": lambda: q.reply(rcode=FORMERR)}[how]()
    server = upstream(answer, tcp=tcp)
    program = split53(forwarders=[server.where])
    for number in range(6):
        assert has_signature(program.ask(f"a{number}.example.", do=True, timeout=8))
    assert [q.ad for q in of_name(server, "a5.example.")] == [False]


def test_ad_in_answers_survives_a_lost_datagram(upstream, split53):
    server = upstream(losing(2, lambda q: q.address("192.0.2.1", ad=q.ad)))
    program = split53(forwarders=[server.where])
    for _ in range(2):
        assert program.ask("secure.example.", timeout=8, flags=dns.flags.RD | dns.flags.AD).flags & dns.flags.AD
