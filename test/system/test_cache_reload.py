# SPDX-License-Identifier: ISC
"""What a reload does to the cache: it stays, and only names with a changed route are queried again."""
import itertools

import pytest

from support.client import addresses, rcode
from support.process import wait_until
from support.split53 import free_port
from support.upstream import answer_with

TTL = 3600


@pytest.fixture
def served(upstream, split53, make_conf):
    """One worker, a server for consul and one for the rest, and the means to write another configuration."""
    rest, consul = upstream(answer_with("192.0.2.1", TTL)), upstream(answer_with("192.0.2.2", TTL))
    port = free_port()

    def conf(forwarders=None, in_consul=None, options="", extra=""):
        return make_conf(port, forwarders or [rest.where], in_consul or consul.where, options, extra)
    server = split53(conf=conf(), port=port, arguments=["-n", "1"])
    server.rest, server.consul, server.conf = rest, consul, conf
    return server


def reload(server, text, expected="reloaded"):
    """Reload and wait for the log line of it."""
    count = server.log().count(expected)
    server.write_conf(text)
    server.reload()
    wait_until(lambda: server.log().count(expected) > count, what=f"'{expected}' in the log")


def asked(upstream, name):
    return sum(1 for query in upstream.queries if query.name == name)


def fill(server):
    for name, address in (("a.example.com.", "192.0.2.1"), ("a.consul.", "192.0.2.2")):
        assert addresses(server.ask(name)) == [address]
        assert addresses(server.ask(name)) == [address]
    assert asked(server.rest, "a.example.com.") == 1 and asked(server.consul, "a.consul.") == 1


def test_a_reload_keeps_every_answer(served):
    fill(served)
    reload(served, served.conf(options="max-udp-size 1400; rrset-order { order none; };"))
    reload(served, served.conf().replace("recursion yes;", "recursion maybe;"), expected="reload failed")
    fill(served)


def test_the_answers_survive_a_change_of_max_cache_size(served):
    fill(served)
    for size in ("8m", "2m", "25%"):
        reload(served, served.conf(options=f"max-cache-size {size};"))
        fill(served)
    assert served.log().count("2 answers were kept, 0 dropped") == 3


def test_another_server_for_a_zone_drops_the_answers_of_that_zone_only(served, upstream):
    fill(served)
    other = upstream(answer_with("192.0.2.3", TTL))
    reload(served, served.conf(in_consul=other.where))
    assert addresses(served.ask("a.consul.")) == ["192.0.2.3"]
    assert addresses(served.ask("a.example.com.")) == ["192.0.2.1"]
    assert asked(served.consul, "a.consul.") == 1 and asked(served.rest, "a.example.com.") == 1


def test_a_new_zone_has_none_of_the_answers_of_the_route_above(served, upstream):
    fill(served)
    zone = upstream(answer_with("192.0.2.4", TTL))
    reload(served, served.conf(extra=f'zone "example.com" {{ type forward; forwarders {{ {zone.where}; }}; }};\n'))
    assert addresses(served.ask("a.example.com.")) == ["192.0.2.4"]
    assert asked(zone, "a.example.com.") == 1


def test_the_order_of_forwarders_changes_nothing(served, upstream):
    second = upstream(answer_with("192.0.2.5", TTL))
    both = [served.rest.where, second.where]
    reload(served, served.conf(forwarders=both))
    first = addresses(served.ask("b.example.com."))
    for servers in itertools.islice(itertools.cycle([both[::-1], both]), 3):
        reload(served, served.conf(forwarders=servers))
        assert addresses(served.ask("b.example.com.")) == first
    # once for the client, and perhaps an exploring copy to the other server; three more would be twice for one of them
    assert max(asked(served.rest, "b.example.com."), asked(second, "b.example.com.")) == 1


def test_max_cache_size_0_drops_the_answers_of_a_zone_or_all(served):
    none_for_consul = served.conf().replace('zone "consul" {', 'zone "consul" { max-cache-size 0;')
    assert none_for_consul != served.conf()
    reload(served, none_for_consul)
    for number in range(1, 4):
        assert rcode(served.ask("c.consul.")) == rcode(served.ask("c.example.com.")) == "NOERROR"
        assert asked(served.consul, "c.consul.") == number
    assert asked(served.rest, "c.example.com.") == 1
    reload(served, served.conf(options="max-cache-size 0;"))
    for number in range(2, 4):
        served.ask("c.example.com.")
        assert asked(served.rest, "c.example.com.") == number
    reload(served, served.conf())	# a new one, empty
    for _ in range(2):
        served.ask("c.example.com.")
    assert asked(served.rest, "c.example.com.") == 4


def test_a_zone_has_ttls_of_its_own(served):
    zone = served.conf().replace('zone "consul" {', 'zone "consul" { max-cache-ttl 10;')
    reload(served, zone)
    assert served.ask("d.consul.").answer[0].ttl == 10
    assert served.ask("d.example.com.").answer[0].ttl == TTL
