# SPDX-License-Identifier: ISC
"""
The only server of a zone: its pauses lead to late answers, it is down after `down-after`, its first SERVFAIL is retried, and probes
stay within its zone.
"""
import os
import struct
import threading
import time

import pytest

from support.ailing import FROZEN, KILLED, SILENT, WELL
from support.client import addresses, extended_errors, rcode
from support.healthlog import changes, of_server, said_of
from support.process import patience, wait_until
from support.upstream import A, SERVFAIL, SOA, answer_with
from support.watch import lost, watching, worst

NO_REACHABLE, NETWORK_ERROR, CACHED_ERROR, STALE = 22, 23, 13, 3
DNSSEC_BOGUS = 6
CH = 3


# Pauses

@pytest.mark.parametrize("how", [FROZEN, SILENT])
@pytest.mark.parametrize("seconds", [0.5, 2.5])
def test_a_pause_of_the_only_server_leads_to_late_answers(ailing, split53, how, seconds):
    """FROZEN: queries received meanwhile are answered afterwards; SILENT: they are lost."""
    server = ailing()
    program = split53(forwarders=[server.where])
    with watching(program, every=0.1) as watch:
        time.sleep(1)
        server.ail(how)
        time.sleep(seconds)
        server.ail(WELL)
        time.sleep(1)
    assert not lost(watch.samples)
    bad = [sample for sample in watch.samples if sample.code != "NOERROR"]
    assert not bad, (bad[:3], changes(program.log()))
    print(f"{how} for {seconds} s: worst {worst(watch.samples) * 1000:.0f} ms")
    assert worst(watch.samples) < 4.5
    assert not said_of(program, server, "down")


def test_after_five_seconds_of_silence_waiting_clients_get_servfail_and_new_ones_at_once(ailing, split53):
    server = ailing()
    program = split53(forwarders=[server.where])
    with watching(program, every=0.05) as watch:
        time.sleep(1)
        server.ail(SILENT)
        silent_at = time.monotonic()
        wait_until(lambda: said_of(program, server, "down"), 12, "it is down")
        down_at = time.monotonic()
        time.sleep(1)
        server.ail(WELL)
        well_at = time.monotonic()
        time.sleep(2)
    states = [change.to for change in of_server(changes(program.log()), server) if change.protocol == "UDP"]
    assert states.index("silent") < states.index("down"), states
    assert not lost(watch.samples)
    assert 4.3 < down_at - silent_at < 6.5 * patience() / 2, "resolver-query-timeout, 4.5 s by default"
    waited = watch.since(silent_at, down_at - 0.5)
    assert {sample.code for sample in waited} == {"SERVFAIL"} and all(NO_REACHABLE in sample.errors for sample in waited)
    told = [sample for sample in waited if sample.sent > down_at - 3]
    assert told and all(sample.sent + sample.took < down_at + 1.0 * patience() / 2 for sample in told), "told when the outage is known"
    after = watch.since(down_at + 0.1, well_at - 0.5)
    assert after and worst(after) < 0.4 * patience() / 2, "the others are told at once"
    assert {sample.code for sample in watch.since(well_at + 1.5)} == {"NOERROR"}


def test_a_silent_only_server_of_one_zone_does_not_delay_another_zone(ailing, upstream, split53):
    good, dead = upstream(answer_with("10.0.0.2")), ailing()
    program = split53(forwarders=[good.where], consul=dead.where, options="recursive-clients 50;")
    dead.ail(SILENT)
    with watching(program, every=0.01, suffix="service.consul."), watching(program, every=0.06, tag="o") as other:
        time.sleep(4)
    assert not lost(other.samples) and {sample.code for sample in other.samples} == {"NOERROR"}


def test_down_after_sets_the_time(ailing, split53):
    server = ailing()
    program = split53(forwarders=[server.where], options="health-check { down-after 2000; };")
    with watching(program, every=0.05) as watch:
        time.sleep(0.5)
        server.ail(SILENT)
        silent_at = time.monotonic()
        wait_until(lambda: said_of(program, server, "down"), 8, "it is down")
        assert 1.9 < time.monotonic() - silent_at < 4 * patience() / 2
        server.ail(WELL)
    assert not lost(watch.samples)


def test_a_refusal_is_reported_at_once(ailing, split53):
    server = ailing()
    program = split53(forwarders=[server.where])
    program.ask("warm.example.com.")
    server.ail(KILLED)
    start = time.monotonic()
    reply = program.ask("a.example.com.", edns=0)
    assert rcode(reply) == "SERVFAIL" and NETWORK_ERROR in extended_errors(reply)
    assert time.monotonic() - start < 0.5 * patience() / 2


def test_stale_answers_do_not_wait_for_a_silent_server(ailing, split53):
    server = ailing(answer_with("10.0.0.1", ttl=1))
    program = split53(forwarders=[server.where], options="stale-answer-enable yes; max-stale-ttl 3600; stale-answer-client-timeout off;")
    names = [f"kept{number}.example.com." for number in range(5)]
    for name in names:
        program.ask(name)
    time.sleep(1.2)
    server.ail(SILENT)
    took = []

    def ask(name):
        start = time.monotonic()
        reply = program.ask(name, edns=0, timeout=8)
        took.append((time.monotonic() - start, addresses(reply), extended_errors(reply)))
    with watching(program):
        threads = [threading.Thread(target=ask, args=(name,)) for name in names[:4]]
        for thread in threads:
            thread.start()
        wait_until(lambda: said_of(program, server, "silent"), 8, "it is silent")
        ask(names[4])
        assert took[-1][0] < 0.4 * patience() / 2 or len(took) > 1, "at once, since the state is known"
        for thread in threads:
            thread.join()
        assert not said_of(program, server, "down")
    assert all(answer == ["10.0.0.1"] and STALE in errors for _, answer, errors in took), took
    assert max(seconds for seconds, _, _ in took) < 3, "as with several servers"


# One SERVFAIL

def failing_once(seen, error=None):
    """SERVFAIL to the first query for each name, with an extended error if given."""
    options = b"" if error is None else struct.pack("!HHH", 15, 2, error)

    def answer(q):
        first = q.name not in seen
        seen.append(q.name)
        return q.reply(rcode=SERVFAIL, options=options) if first else q.address("10.0.0.1")
    return answer


def test_one_servfail_of_the_only_server_is_neither_passed_on_nor_remembered(upstream, split53):
    seen = []
    server = upstream(failing_once(seen))
    program = split53(forwarders=[server.where])
    for number in range(5):
        reply = program.ask(f"n{number}.example.com.")
        assert addresses(reply) == ["10.0.0.1"]
        assert seen.count(f"n{number}.example.com.") == 2


def test_servfail_twice_is_passed_on_and_remembered(upstream, split53):
    server = upstream(lambda q: q.reply(rcode=SERVFAIL))
    program = split53(forwarders=[server.where])
    assert rcode(program.ask("a.example.com.")) == "SERVFAIL"
    assert server.names().count("a.example.com.") == 2
    assert CACHED_ERROR in extended_errors(program.ask("a.example.com.", edns=0))
    assert server.names().count("a.example.com.") == 2


@pytest.mark.parametrize("error", [DNSSEC_BOGUS, 1, 2, 5, 7, 8, 9, 10, 11, 12, 13, 15, 25, 27])
def test_servfail_with_a_lasting_extended_error_is_final(upstream, split53, error):
    seen = []
    program = split53(forwarders=[upstream(failing_once(seen, error)).where])
    assert rcode(program.ask("a.example.com.")) == "SERVFAIL"
    assert seen.count("a.example.com.") == 1


def test_servfail_with_another_extended_error_is_retried(upstream, split53):
    seen = []
    program = split53(forwarders=[upstream(failing_once(seen, NO_REACHABLE)).where])
    assert addresses(program.ask("a.example.com.")) == ["10.0.0.1"]


def test_a_server_that_fails_for_all_names_does_not_get_twice_the_queries(upstream, split53):
    server = upstream(lambda q: q.reply(rcode=SERVFAIL))
    program = split53(forwarders=[server.where])
    for number in range(600):
        assert rcode(program.ask(f"n{number}.example.com.")) == "SERVFAIL"
    asked = len([name for name in server.names() if name.endswith("example.com.")])
    assert asked < 600 + 600 / 20 + 17 * os.cpu_count(), "one in twenty, and 16 at the start of each worker"


# Probes

def test_probes_query_names_of_the_zone_and_never_class_ch(ailing, upstream, split53):
    """A server that holds queries that need recursion is distinguished from a dead one by a query of its own zone that it answers locally."""
    def consul(q):
        if q.name.endswith(".addr.consul."):
            return q.address("0.0.0.0", ttl=0)
        return None if q.qtype in (A, SOA) else q.reply(rcode=SERVFAIL)
    agent, recursor = ailing(consul), ailing(lambda q: q.reply((A, 60, bytes(4))) if q.name == "localhost." else None)
    program = split53(forwarders=[recursor.where], consul=agent.where)
    with watching(program, every=0.1, suffix="service.consul."), watching(program, every=0.1, tag="o"):
        for server in (agent, recursor):
            wait_until(lambda server=server: said_of(program, server, "stalled"), 15, "it is logged as stalled")
    own = [q for q in agent.queries if not q.name.endswith(".service.consul.")]
    assert own and all(q.name == "consul." or q.name.endswith(".consul.") for q in own), {q.name for q in own}
    lively = [q for q in own if not q.rd]
    assert lively and {(q.name, q.qtype) for q in lively} == {("00000000.addr.consul.", A)}
    assert {(q.name, q.qtype) for q in recursor.queries if not q.rd} == {("localhost.", A)}
    assert CH not in {q.qclass for server in (agent, recursor) for q in server.queries}
    assert not [change for change in changes(program.log()) if change.to in ("down", "silent") and change.protocol == "UDP"]
