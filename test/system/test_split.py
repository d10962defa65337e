# SPDX-License-Identifier: ISC
"""The split is strict: whatever the name, it reaches the one right upstream, also while the other is down."""
import socket

import pytest

from support.client import Client, rcode
from support.names import is_consul, question, random_names
from support.process import patience
from support.upstream import SERVFAIL, answer_with

CONSUL, RECURSOR = "10.10.10.10", "10.20.20.20"
WINDOW = 128


def drive(split53, names, timeout=20):
    """Query all names, WINDOW at a time; returns the replies by the position of the name."""
    replies = {}
    with Client("127.0.0.1", split53.port) as client:
        for start in range(0, len(names), WINDOW):
            part = names[start:start + WINDOW]
            for number, labels in enumerate(part):
                client.send(question(labels, start + number))
            got = client.collect(len(part), timeout)
            assert len(got) == len(part), f"{len(part) - len(got)} of {len(part)} unanswered"
            replies.update(got)
    return replies


def address_of(octets):
    """The last four octets of a reply without OPT that has one A record."""
    return socket.inet_ntoa(octets[-4:])


def check_the_split(names, replies, want_consul=None, want_recursor=None):
    for number, labels in enumerate(names):
        want = want_consul if is_consul(labels) else want_recursor
        octets = replies[number]
        code = octets[3] & 15
        if want is None:
            assert code == SERVFAIL, (labels, octets)
        else:
            assert code == 0 and address_of(octets) == want, (labels, octets)


def is_probe(labels):
    """Is this a liveness probe? It goes to a server that does not respond; its name is not a client's."""
    return [part.lower() for part in labels] == [b"version", b"bind"]


def check_the_receivers(consul, recursor):
    """No name of one side ever reached the other."""
    assert [q.labels for q in consul.queries if not is_consul(q.labels) and not is_probe(q.labels)] == []
    assert [q.labels for q in recursor.queries if is_consul(q.labels)] == []


def test_ten_thousand_names_each_reach_the_one_right_upstream(upstream, split53):
    consul, recursor = upstream(answer_with(CONSUL)), upstream(answer_with(RECURSOR))
    server = split53(forwarders=[recursor.where], consul=consul.where)
    names = list(random_names(10000, 53))
    assert 2000 < sum(map(is_consul, names)) < 8000
    check_the_split(names, drive(server, names), CONSUL, RECURSOR)
    check_the_receivers(consul, recursor)
    asked = {tuple(part.lower() for part in q.labels) for q in consul.queries + recursor.queries}
    assert asked == {tuple(part.lower() for part in labels) for labels in names}


@pytest.mark.parametrize("dead", ["consul", "recursor"])
def test_names_of_a_refusing_upstream_fail_and_never_reach_the_other(upstream, split53, dead):
    consul, recursor = upstream(answer_with(CONSUL)), upstream(answer_with(RECURSOR))
    server = split53(forwarders=[recursor.where], consul=consul.where)
    (consul if dead == "consul" else recursor).close()
    names = list(random_names(3000, 54))
    replies = drive(server, names)
    check_the_split(names, replies, None if dead == "consul" else CONSUL, None if dead == "recursor" else RECURSOR)
    check_the_receivers(consul, recursor)


@pytest.mark.parametrize("dead", ["consul", "recursor"])
def test_names_of_a_silent_upstream_fail_and_never_reach_the_other(upstream, split53, dead):
    def silence(_):
        return None
    consul = upstream(silence if dead == "consul" else answer_with(CONSUL))
    recursor = upstream(silence if dead == "recursor" else answer_with(RECURSOR))
    server = split53(forwarders=[recursor.where], consul=consul.where)
    names = list(random_names(WINDOW, 55))
    replies = drive(server, names, 8 * patience())
    check_the_split(names, replies, None if dead == "consul" else CONSUL, None if dead == "recursor" else RECURSOR)
    check_the_receivers(consul, recursor)


def test_forward_first_never_falls_through_to_the_other_route(upstream, split53, make_conf):
    consul, recursor = upstream(answer_with(CONSUL)), upstream(answer_with(RECURSOR))
    zone = f'zone "consul" {{ type forward; forward first; forwarders {{ {consul.where}; }}; }};\n'
    server = split53(forwarders=[recursor.where], extra=zone)
    consul.close()
    assert rcode(server.ask("web.service.consul.")) == "SERVFAIL"
    assert rcode(server.ask("www.example.com.")) == "NOERROR"
    check_the_receivers(consul, recursor)


def test_the_longest_zone_wins(upstream, split53):
    default, consul, east = (upstream(answer_with(a)) for a in ("10.0.0.1", "10.0.0.2", "10.0.0.3"))
    zone = f'zone "East.Consul" {{ type forward; forwarders {{ {east.where}; }}; }};\n'
    server = split53(forwarders=[default.where], consul=consul.where, extra=zone)
    for name, want in (("a.east.consul.", "10.0.0.3"), ("east.consul.", "10.0.0.3"), ("aeast.consul.", "10.0.0.2"),
                       ("a.west.consul.", "10.0.0.2"), ("east.consul.com.", "10.0.0.1"), ("east.", "10.0.0.1")):
        assert server.ask(name).answer[0][0].to_text() == want, name


def test_a_reverse_zone_is_routed_like_any_other(upstream, split53):
    default = upstream(lambda q: q.reply(f"{q.name} 60 IN PTR default.example."))
    inside = upstream(lambda q: q.reply(f"{q.name} 60 IN PTR inside.example."))
    zone = f'zone "1.10.in-addr.arpa" {{ type forward; forwarders {{ {inside.where}; }}; }};\n'
    server = split53(forwarders=[default.where], extra=zone)
    assert server.ask("4.3.1.10.in-addr.arpa.", "PTR").answer[0][0].to_text() == "inside.example."
    assert server.ask("4.3.2.198.in-addr.arpa.", "PTR").answer[0][0].to_text() == "default.example."


def test_an_empty_list_exempts_a_sub_zone_from_its_parents_route(upstream, split53):
    default, consul = upstream(answer_with(RECURSOR)), upstream(answer_with(CONSUL))
    zone = 'zone "public.consul" { type forward; forwarders { }; };\n'
    server = split53(forwarders=[default.where], consul=consul.where, extra=zone)
    assert server.ask("www.public.consul.").answer[0][0].to_text() == RECURSOR
    assert server.ask("www.private.consul.").answer[0][0].to_text() == CONSUL
    assert consul.names() == ["www.private.consul."]


def test_empty_forwarders_refuse_keeps_names_from_the_default_forwarders(upstream, split53, tmp_path):
    default = upstream(answer_with("10.9.9.9"))
    (tmp_path / "corp").write_text("$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\nsub NS ns.sub\nns.sub A 192.0.2.2\n")
    server = split53(forwarders=[default.where], options="empty-forwarders refuse;", extra=f"""
        zone "priv.example" {{ type forward; forwarders {{ }}; }};
        zone "pub.example" {{ type forward; forwarders {{ }}; empty-forwarders default; }};
        zone "corp.example" {{ type primary; file "{tmp_path}/corp"; forwarders {{ }}; }};""")
    assert rcode(server.ask("www.priv.example.")) == "REFUSED"
    referral = server.ask("www.sub.corp.example.")
    assert not referral.answer and referral.authority[0].name.to_text() == "sub.corp.example."
    assert not default.queries
    assert rcode(server.ask("www.pub.example.")) == "NOERROR" and len(default.queries) == 1


@pytest.mark.parametrize("clauses", [
    "type stub; primaries {{ {where}; }};", "type slave; masters {{ {where}; }};", "type secondary; primaries port {port} {{ {address}; }};"],
    ids=["stub", "slave", "secondary"])
def test_a_zone_with_primaries_is_a_route_to_them(upstream, split53, clauses):
    default, primary = upstream(answer_with(RECURSOR)), upstream(answer_with("10.30.30.30"), address="127.0.0.8")
    words = clauses.format(where=primary.where, port=primary.port, address=primary.address)
    server = split53(forwarders=[default.where], extra=f'zone "corp.example" {{ {words} }};\n')
    assert server.ask("www.corp.example.").answer[0][0].to_text() == "10.30.30.30"
    assert server.ask("www.example.").answer[0][0].to_text() == RECURSOR


def test_a_static_stub_zone_is_a_route_to_its_servers(upstream, split53):
    default, primary = upstream(answer_with(RECURSOR)), upstream(answer_with("10.30.30.30"), address="127.0.0.8", port=53)
    server = split53(forwarders=[default.where], extra='zone "corp.example" { type static-stub; server-addresses { 127.0.0.8; }; };\n')
    assert server.ask("www.corp.example.").answer[0][0].to_text() == "10.30.30.30"
    assert len(primary.queries) == 1
