# SPDX-License-Identifier: ISC
"""
Which of several servers gets a query (forwarders-policy, tiers), and how many queries may be under way (quotas), counted at the
servers.
"""
import socket
import time

import pytest

from support.ailing import KILLED, SILENT, SLOW, WELL
from support.client import addresses, query, rcode
from support.healthlog import said_of
from support.process import patience, wait_until
from support.upstream import A, SERVFAIL
from support.watch import lost, watching

PROMPT_S = 0.015


def client_names(server):
    """The names in queries of clients, without the program's own probes."""
    return [name for name in server.names() if name.endswith("example.com.")]


def three(ailing, delay=0.0):
    def answer(number):
        octets = socket.inet_aton(f"10.0.0.{number}")
        return lambda q: q.reply((A, 60, octets)) if not delay else q.send(q.reply((A, 60, octets)), delay=delay)
    return [ailing(answer(number), address=f"127.0.0.{number}") for number in (2, 3, 4)]


def policy_of(split53, servers, policy):
    return split53(forwarders=[server.where for server in servers], options=f"forwarders-policy {policy};", arguments=["-n", "1"])


def shares(program, servers, count=60, tag="s"):
    """
    How many of this many new names each server was queried for, and which responses were used. A name with an overdue response does not
    count: on a busy machine a second server was queried as well.
    """
    for server in servers:
        server.forget()
    given, prompt, number = [], set(), 0
    while len(prompt) < count:
        name, began, number = f"{tag}{number}.example.com.", time.monotonic(), number + 1
        assert number < 50 * count, "the machine is too busy: no answer is prompt"
        reply = program.ask(name)
        assert rcode(reply) == "NOERROR"
        if time.monotonic() < began + PROMPT_S:
            prompt.add(name)
            given += addresses(reply)
    return [len(set(client_names(server)) & prompt) for server in servers], given


def test_ordered_uses_the_first_healthy_server_and_fails_back(ailing, split53):
    servers = three(ailing)
    program = policy_of(split53, servers, "ordered")
    shares(program, servers, 20, "warm")
    asked, given = shares(program, servers, tag="a")
    assert asked[0] == 60 and set(given) == {"10.0.0.2"} and sum(asked[1:]) <= 6, "the others are explored now and then"
    servers[0].ail(KILLED)
    _, given = shares(program, servers, tag="b")
    assert given.count("10.0.0.3") >= 58
    servers[0].ail(WELL)
    with watching(program):
        wait_until(lambda: said_of(program, servers[0], "up"), 6, "the first is up")
        _, given = shares(program, servers, tag="c")
    assert given.count("10.0.0.2") >= 55


def test_round_robin_uses_each_server_in_turn(ailing, split53):
    servers = three(ailing)
    asked, given = shares(policy_of(split53, servers, "round-robin"), servers)
    assert all(16 <= given.count(f"10.0.0.{number}") <= 24 for number in (2, 3, 4)), given
    assert sum(asked) <= 80


def test_random_gives_each_server_a_share(ailing, split53):
    servers = three(ailing)
    _, given = shares(policy_of(split53, servers, "random"), servers, 120)
    assert all(15 <= given.count(f"10.0.0.{number}") <= 70 for number in (2, 3, 4)), "a wider band fails once in a million runs"


def test_race_queries_all_servers_and_uses_the_first_response(ailing, split53):
    servers = three(ailing)
    servers[0].ail(SLOW)
    servers[1].ail(SLOW)
    program = policy_of(split53, servers, "race")
    asked, given = shares(program, servers, 20)
    assert given == ["10.0.0.4"] * 20
    assert asked[2] == 20 and asked[0] >= 1 and asked[1] >= 1


def test_race_queries_all_healthy_servers(ailing, split53):
    servers = three(ailing)
    asked, _ = shares(policy_of(split53, servers, "race"), servers, 30)
    assert all(count >= 28 for count in asked), asked


def test_the_health_of_a_server_that_loses_every_race_is_known(ailing, split53):
    servers = three(ailing)
    servers[1].healthy = (lambda old: lambda q: q.send(old(q), delay=0.01))(servers[1].healthy)	# not overdue, but never the first
    program = policy_of(split53, servers, "race")
    shares(program, servers, 30)
    servers[1].ail(SILENT)
    with watching(program, every=0.02) as watch:
        wait_until(lambda: said_of(program, servers[1], "down"), 5 * patience(), "the log says that it is down")
    assert not lost(watch.samples)


def test_least_outstanding_avoids_a_server_that_does_not_respond(ailing, split53):
    servers = three(ailing)
    program = policy_of(split53, servers, "least-outstanding")
    for server in servers:
        server.healthy = (lambda old, delay: lambda q: q.send(old(q), delay=delay))(server.healthy, 0.2 if server is servers[0] else 0.01)
    with watching(program, every=0.02) as watch:
        time.sleep(3)
    assert not lost(watch.samples)
    counts = [len(set(client_names(server))) for server in servers]
    assert counts[0] < sum(counts) / 4, counts


def test_a_higher_tier_is_used_when_the_lower_one_is_not_up(ailing, split53):
    servers = three(ailing)
    where = [f"{server.where} tier {tier}" for server, tier in zip(servers, (1, 1, 2))]
    program = split53(forwarders=where, options="forwarders-policy round-robin;", arguments=["-n", "1"])
    shares(program, servers, 20, "warm")
    asked, given = shares(program, servers, tag="a")
    assert given.count("10.0.0.4") <= 3 and min(asked[:2]) >= 20 and asked[2] <= 6
    servers[0].ail(KILLED)
    _, given = shares(program, servers, tag="b")
    assert given.count("10.0.0.3") >= 55
    servers[1].ail(KILLED)
    _, given = shares(program, servers, tag="c")
    assert given.count("10.0.0.4") == 60
    servers[1].ail(WELL)
    with watching(program):
        wait_until(lambda: said_of(program, servers[1], "up"), 6, "the second is up")
        _, given = shares(program, servers, tag="d")
    assert given.count("10.0.0.3") >= 50


# Quotas

def at_once(program, names, seconds=3.0):
    """All these queries at once: (replies by number, seconds until each arrived)."""
    with program.client() as client:
        start = time.monotonic()
        for number, name in enumerate(names):
            client.send(query(name, edns=0, identity=number).to_wire())
        early = client.collect(len(names), 0.5 * patience() / 2)
        rest = client.collect(len(names) - len(early), seconds - (time.monotonic() - start))
        return early, rest


def slowly(q):
    return q.send(q.address("10.0.0.1"), delay=1.5)


@pytest.mark.parametrize("what", ["fetches-per-server", "fetches-per-zone"])
@pytest.mark.parametrize("how", ["fail", "drop"])
def test_queries_over_a_quota_fail_or_are_dropped_at_once(ailing, split53, what, how):
    server = ailing(slowly)
    program = split53(forwarders=[server.where], options=f"{what} 5 {how};", arguments=["-n", "1"])
    early, late = at_once(program, [f"q{number}.example.com." for number in range(20)], 2.5 * patience() / 2)
    assert sorted(late) == [0, 1, 2, 3, 4] and {octets[3] & 15 for octets in late.values()} == {0}
    assert sorted(early) == (list(range(5, 20)) if how == "fail" else [])
    assert {octets[3] & 15 for octets in early.values()} <= {SERVFAIL}
    assert len(set(client_names(server))) == 5
    assert addresses(program.ask("after.example.com.")) == ["10.0.0.1"], "queries that have ended do not count"


def test_queries_over_clients_per_query_are_shed(ailing, split53):
    server = ailing(slowly)
    program = split53(forwarders=[server.where], options="clients-per-query 5; max-clients-per-query 5;", arguments=["-n", "1"])
    clients = [program.client() for _ in range(12)]
    try:
        for number, client in enumerate(clients):
            client.send(query("one.example.com.", edns=0, identity=number).to_wire())
            time.sleep(0.005)
        codes = [[octets[3] & 15 for octets in client.collect(1, 3).values()] for client in clients[:6]]
        assert codes.count([0]) in (5, 6), codes
        shed = [[octets[3] & 15 for octets in client.collect(1, 0.1).values()] for client in clients[6:]]
        assert [0] not in shed, shed
    finally:
        for client in clients:
            client.close()
    assert len(client_names(server)) <= 4, "once, and a hedge since it is slow"
