# SPDX-License-Identifier: ISC
"""
Which options of the cache apply where: rules of one zone, views that share no answers, which answers a reload drops and which it keeps,
Consul.
"""
import re
import time

import dns.flags
import pytest

from support.client import addresses, ask, extended_errors, rcode
from support.process import patience, wait_until
from support.split53 import free_port
from support.upstream import A, NXDOMAIN, SERVFAIL, answer_with


def ttl(reply):
    return reply.answer[0].ttl


def reload_with(server, text):
    before = len(server.log())
    server.write_conf(text)
    server.reload()
    wait_until(lambda: re.search(r"reloaded|reload failed", server.log()[before:]), 5 * patience(), "the reload ends")
    assert "reload failed" not in server.log()[before:], server.log()


def zone(name, upstream, clauses=""):
    return f'zone "{name}" {{ type forward; forward only; forwarders {{ {upstream.where}; }}; {clauses} }};\n'


# Rules of one zone

def test_without_a_cache_each_query_of_a_zone_goes_upstream_and_ttls_are_unchanged(upstream, split53):
    outside, consul = upstream(), upstream(answer_with("10.1.0.1", 30))
    server = split53(forwarders=[outside.where], options="max-cache-ttl 20;", extra=zone("consul", consul, "max-cache-size 0;"))
    for _ in range(3):
        assert ttl(server.ask("web.service.consul.")) == 30
        assert ttl(server.ask("www.example.com.")) <= 20
    assert len(consul.queries) == 3 and len(outside.queries) == 1


def test_a_zone_may_have_a_cache_although_options_switches_it_off(upstream, split53):
    outside, consul = upstream(), upstream(answer_with("10.1.0.1", 30))
    server = split53(forwarders=[outside.where], options="max-cache-size 0;", extra=zone("consul", consul, "max-cache-size 8m;"))
    for _ in range(3):
        server.ask("web.service.consul.")
        server.ask("www.example.com.")
    assert len(consul.queries) == 1 and len(outside.queries) == 3


@pytest.mark.parametrize("clause,says,inside,elsewhere", [
    ("max-cache-ttl 7;", lambda q: q.address("10.1.0.1", ttl=30), 7, 30), ("min-cache-ttl 60;", lambda q: q.address("10.1.0.1", ttl=30), 60, 30),
    ("max-ncache-ttl 7;", None, 7, 60), ("min-ncache-ttl 90;", None, 90, 60)],
    ids=["max-cache-ttl", "min-cache-ttl", "max-ncache-ttl", "min-ncache-ttl"])
def test_a_cache_rule_of_a_zone_applies_only_there(upstream, split53, clause, says, inside, elsewhere):
    def nothing(q):
        return q.reply(rcode=NXDOMAIN, authority=[". 60 IN SOA ns.invalid. host.invalid. 1 2 3 4 60"])
    outside, consul = upstream(says or nothing), upstream(says or nothing)
    server = split53(forwarders=[outside.where], extra=zone("consul", consul, clause))
    for name, want in (("web.consul.", inside), ("www.example.com.", elsewhere)):
        reply = server.ask(name)
        assert (reply.answer or reply.authority)[0].ttl == want, name


def test_servfail_ttl_may_differ_by_zone(upstream, split53):
    failing, consul = upstream(lambda q: q.reply(rcode=SERVFAIL)), upstream(lambda q: q.reply(rcode=SERVFAIL))
    server = split53(forwarders=[failing.where], options="servfail-ttl 30;", extra=zone("consul", consul, "servfail-ttl 0;"))
    heard = []
    for _ in range(3):
        assert rcode(server.ask("web.consul.")) == rcode(server.ask("www.example.com.")) == "SERVFAIL"
        heard.append((len(consul.queries), len(failing.queries)))
    assert heard[0][0] < heard[1][0] < heard[2][0], "RFC 9520 s3.2 allows none"
    assert heard[0][1] == heard[2][1]


def test_stale_answers_may_be_enabled_for_one_zone(upstream, split53):
    alive = [True]

    def answer(q):
        return q.address("10.1.0.1", ttl=1) if alive[0] else q.reply(rcode=SERVFAIL)
    outside, consul = upstream(answer), upstream(answer)
    server = split53(forwarders=[outside.where], extra=zone("consul", consul, "stale-answer-enable yes; stale-answer-ttl 5;"))
    server.ask("web.consul.")
    server.ask("www.example.com.")
    alive[0] = False
    time.sleep(1.5)
    stale = server.ask("web.consul.", edns=0)
    assert addresses(stale) == ["10.1.0.1"] and ttl(stale) == 5 and extended_errors(stale) == [3]
    assert rcode(server.ask("www.example.com.")) == "SERVFAIL"


# stale-answer-client-timeout: RFC 8767 s5 (BIND 9.18 allows only 0 and off)

@pytest.mark.parametrize("delay,stale", [(0.3, False), (4.0, True)])
def test_a_stale_answer_is_served_at_the_client_timeout_and_not_before(upstream, split53, delay, stale):
    slow = [0.0]
    server = upstream(lambda q: q.send(q.address("10.0.0.2" if slow[0] else "10.0.0.1", ttl=60 if slow[0] else 1), delay=slow[0]))
    program = split53(forwarders=[server.where], options="stale-answer-enable yes; stale-answer-client-timeout 1800;")
    assert addresses(program.ask("www.example.com.")) == ["10.0.0.1"]
    slow[0] = delay
    time.sleep(1.5)
    began = time.monotonic()
    reply = program.ask("www.example.com.", edns=0, timeout=10)
    waited = time.monotonic() - began
    if stale:
        assert addresses(reply) == ["10.0.0.1"] and extended_errors(reply) == [3]
        assert 1.7 < waited < 1.8 + 0.5 * patience()
        wait_until(lambda: addresses(program.ask("www.example.com.")) == ["10.0.0.2"], 5 * patience(), "the late reply is cached")
    else:
        assert addresses(reply) == ["10.0.0.2"] and not extended_errors(reply) and waited < 1.5


def test_within_stale_refresh_time_a_silent_upstream_is_not_waited_for_again(upstream, split53):
    alive = [True]
    server = upstream(lambda q: q.address("10.0.0.1", ttl=1) if alive[0] else None)
    program = split53(forwarders=[server.where], options="stale-answer-enable yes; resolver-query-timeout 1000;")
    program.ask("www.example.com.")
    alive[0] = False
    time.sleep(1.5)
    assert extended_errors(program.ask("www.example.com.", edns=0, timeout=10)) == [3]
    server.forget()
    began = time.monotonic()
    for _ in range(5):
        assert extended_errors(program.ask("www.example.com.", edns=0)) == [3]
    assert time.monotonic() - began < 0.5 and not server.queries


# Prefetch

def test_many_hits_on_an_expiring_name_in_all_workers_lead_to_one_prefetch(upstream, split53):
    slow = upstream(lambda q: q.send(q.address(f"10.0.0.{len(slow.queries)}", ttl=7), delay=0.0 if len(slow.queries) == 1 else 0.1))
    program = split53(forwarders=[slow.where], options="prefetch 1 7;", arguments=["-n", "2"])
    assert addresses(program.ask("www.example.com.")) == ["10.0.0.1"]
    time.sleep(6.2)
    for _ in range(100):	# each from a port of its own
        program.ask("www.example.com.")
    wait_until(lambda: addresses(program.ask("www.example.com.")) == ["10.0.0.2"], 5 * patience(), "the new answer is there")
    assert len(slow.queries) == 2


# Views

def test_views_do_not_share_answers(upstream, split53, make_conf):
    inside, outside = upstream(answer_with("10.0.0.1", 60)), upstream(answer_with("198.51.100.1", 60))
    port = free_port()
    conf = make_conf(port).replace("forward only; forwarders {  };", "") + f"""
        view "inside" {{ match-clients {{ 127.0.0.10; }}; forward only; forwarders {{ {inside.where}; }}; }};
        view "outside" {{ match-clients {{ any; }}; forward only; forwarders {{ {outside.where}; }}; }};
    """
    program = split53(conf=conf, port=port)
    where = ("127.0.0.1", port)
    for _ in range(2):
        for name in ("a.example.com.", "A.Example.Com."):
            assert addresses(ask(where, name, source="127.0.0.10")) == ["10.0.0.1"]
            assert addresses(ask(where, name, source="127.0.0.11")) == ["198.51.100.1"]
    assert len(inside.queries) == len(outside.queries) == 1
    assert program.process.running()


def test_views_with_the_same_servers_do_not_share_answers_either(upstream, split53, make_conf):
    server = upstream(answer_with("10.0.0.1", 60))
    port = free_port()
    conf = make_conf(port, [server.where]) + """
        view "inside" { match-clients { 127.0.0.10; }; }; view "outside" { match-clients { any; }; };"""
    split53(conf=conf, port=port)
    for source in ("127.0.0.10", "127.0.0.11", "127.0.0.10", "127.0.0.11"):
        ask(("127.0.0.1", port), "a.example.com.", source=source)
    assert len(server.queries) == 2


# Reload

class Reloaded:
    """A program with some answers in its cache, and which of them a reload kept."""

    def __init__(self, upstream, split53, make_conf):
        self.make_conf = make_conf
        self.default, self.consul, self.other = (upstream(answer_with(a, 300)) for a in ("10.0.0.1", "10.0.0.2", "10.0.0.3"))
        self.port = free_port()
        self.server = split53(conf=self.text(), port=self.port)
        self.ask()

    def text(self, options="", consul=None, clauses="", default=None):
        return self.make_conf(self.port, [(default or self.default).where], options=options) + zone("consul", consul or self.consul, clauses)

    def ask(self):
        """The answers to a name of each side."""
        self.replies = [self.server.ask(name) for name in ("www.example.com.", "web.service.consul.")]
        return [addresses(reply) for reply in self.replies]

    def heard(self):
        """How many queries for the two sides each server has received."""
        return [sum(q.name in ("www.example.com.", "web.service.consul.") for q in server.queries)
                for server in (self.default, self.consul, self.other)]

    def load(self, **changes):
        reload_with(self.server, self.text(**changes))
        return self.ask()


@pytest.fixture
def reloaded(upstream, split53, make_conf):
    it = Reloaded(upstream, split53, make_conf)
    assert it.heard() == [1, 1, 0]
    return it


def test_a_reload_of_the_same_file_keeps_everything(reloaded):
    assert reloaded.load() == [["10.0.0.1"], ["10.0.0.2"]]
    assert reloaded.heard() == [1, 1, 0]


def test_a_change_of_the_servers_of_a_zone_drops_only_its_answers(reloaded):
    assert reloaded.load(consul=reloaded.other) == [["10.0.0.1"], ["10.0.0.3"]]
    assert reloaded.heard() == [1, 1, 1]


def test_when_the_default_servers_change_a_zone_keeps_its_answers(reloaded):
    assert reloaded.load(default=reloaded.other) == [["10.0.0.3"], ["10.0.0.2"]]
    assert reloaded.heard() == [1, 1, 1]


def test_names_of_a_new_zone_no_longer_come_from_the_route_above(reloaded):
    reload_with(reloaded.server, reloaded.text() + zone("service.consul", reloaded.other))
    assert reloaded.ask() == [["10.0.0.1"], ["10.0.0.3"]]
    assert reloaded.heard() == [1, 1, 1]


@pytest.mark.parametrize("options", ["max-cache-ttl 100;", "max-cache-size 16m;", "max-cache-size 200m;", "prefetch 0;", "minimal-responses no;",
                                     "stale-answer-enable yes;"])
def test_a_change_of_the_options_of_the_cache_keeps_its_answers(reloaded, options):
    assert reloaded.load(options=options) == [["10.0.0.1"], ["10.0.0.2"]]
    assert reloaded.heard() == [1, 1, 0]


def test_max_cache_size_0_drops_the_answers_and_each_query_goes_upstream(reloaded):
    assert reloaded.load(clauses="max-cache-size 0;") == [["10.0.0.1"], ["10.0.0.2"]]
    assert reloaded.heard() == [1, 2, 0]
    assert reloaded.load(options="max-cache-size 0;") == [["10.0.0.1"], ["10.0.0.2"]]
    assert reloaded.heard() == [2, 3, 0]
    assert reloaded.load() == [["10.0.0.1"], ["10.0.0.2"]]
    assert reloaded.heard() == [3, 4, 0]


# Consul

SERVICES = [{"name": "web", "id": "web1", "address": "10.1.0.1", "port": 80},
            {"name": "slow", "id": "slow1", "address": "10.1.0.2", "port": 80}]


@pytest.fixture
def agent(consul):
    it = consul(services=SERVICES, conf={"dns_config": {"service_ttl": {"slow": "30s"}, "node_ttl": "20s", "soa": {"min_ttl": 5}}})
    it.wait_for("slow.service.consul.")
    return it


def address_of(agent, service, number, address):
    agent.http("PUT", "/v1/agent/service/register", {"Name": service, "ID": f"{service}{number}", "Address": address, "Port": 80})
    wait_until(lambda: addresses(agent.ask(f"{service}.service.consul.")) == [address], 10, "Consul knows the address")


def test_answers_of_consul_with_ttl_0_are_not_cached_and_others_are(agent, upstream, split53):
    server = split53(forwarders=[upstream().where], consul="127.0.0.1 port 8600")
    assert ttl(server.ask("web.service.consul.")) == 0 and 29 <= ttl(server.ask("slow.service.consul.")) <= 30
    assert 19 <= ttl(server.ask("node-a.node.consul.")) <= 20
    address_of(agent, "web", 1, "10.1.0.11")
    address_of(agent, "slow", 1, "10.1.0.12")
    assert addresses(server.ask("web.service.consul.")) == ["10.1.0.11"]
    assert addresses(server.ask("slow.service.consul.")) == ["10.1.0.2"], "within its 30 s"


def test_nxdomain_of_consul_is_cached_for_min_ttl_and_at_most_max_ncache_ttl(agent, upstream, split53):
    negative = split53(forwarders=[upstream().where], consul="127.0.0.1 port 8600")
    at_once = split53(forwarders=[upstream().where], name="at-once", extra="""
        zone "consul" { type forward; forward only; forwarders { 127.0.0.1 port 8600; }; max-ncache-ttl 0; };""")
    for server in (negative, at_once):
        assert rcode(server.ask("later.service.consul.")) == "NXDOMAIN"
    began = time.monotonic()
    address_of(agent, "later", 1, "10.1.0.21")
    assert addresses(at_once.ask("later.service.consul.")) == ["10.1.0.21"]
    if time.monotonic() - began < 4:
        assert rcode(negative.ask("later.service.consul.")) == "NXDOMAIN"
    wait_until(lambda: addresses(negative.ask("later.service.consul.")) == ["10.1.0.21"], 10, "its 5 s are over")


def test_a_consul_zone_without_a_cache_gives_the_current_answer_of_consul(agent, upstream, split53):
    server = split53(forwarders=[upstream().where], extra="""
        zone "consul" { type forward; forward only; forwarders { 127.0.0.1 port 8600; }; max-cache-size 0; };""")
    assert ttl(server.ask("slow.service.consul.")) == 30
    address_of(agent, "slow", 1, "10.1.0.13")
    reply = server.ask("slow.service.consul.")
    assert addresses(reply) == ["10.1.0.13"] and ttl(reply) == 30


def test_each_part_of_an_alias_across_the_split_has_its_own_ttl(upstream, split53):
    """Each part has the TTL of its own upstream; a change of one part shows as soon as that part expires."""
    now = ["198.51.100.1"]
    recursor = upstream(lambda q: q.address(now[0], ttl=1))
    consul = upstream(lambda q: q.reply(f"{q.name} 60 IN CNAME www.example.com."))
    server = split53(forwarders=[recursor.where], consul=consul.where)
    assert addresses(server.ask("ext.service.consul.")) == ["198.51.100.1"]
    now[0] = "198.51.100.2"
    time.sleep(1.5)
    reply = server.ask("ext.service.consul.")
    assert addresses(reply) == ["198.51.100.2"] and [rrset.ttl for rrset in reply.answer][0] < 60
    assert len(consul.queries) == 1 and len(recursor.queries) == 2


@pytest.mark.parametrize("options", ["", "stale-answer-client-timeout 0;", "stale-answer-client-timeout 300;"], ids=["off", "0", "300"])
def test_a_stale_alias_across_the_split_is_completed_from_the_cache(upstream, split53, options):
    alive = [True]
    recursor = upstream(lambda q: q.address("198.51.100.1", ttl=1) if alive[0] else q.reply(rcode=SERVFAIL))
    consul = upstream(lambda q: q.reply(f"{q.name} 1 IN CNAME www.example.com.") if alive[0] else q.reply(rcode=SERVFAIL))
    server = split53(forwarders=[recursor.where], consul=consul.where, options=f"stale-answer-enable yes; {options}")
    assert addresses(server.ask("ext.service.consul.")) == ["198.51.100.1"]
    alive[0] = False
    time.sleep(1.5)
    for _ in range(3):
        stale = server.ask("ext.service.consul.", edns=0)
        assert addresses(stale) == ["198.51.100.1"] and extended_errors(stale) == [3]
        assert [rrset.ttl for rrset in stale.answer] == [30, 30]


# Cached answers fit the client

def test_a_cached_answer_fits_each_client(upstream, split53):
    records = [(A, 60, bytes([10, 1, 0, number])) for number in range(100)]
    server = upstream(lambda q: q.reply(*records))
    program = split53(forwarders=[server.where])
    assert len(program.ask("big.example.com.", tcp=True).answer[0]) == 100
    for more, limit in (({}, 512), ({"edns": 0, "size": 512}, 512), ({"edns": 0, "size": 900}, 900), ({"edns": 0, "size": 1232}, 1232)):
        cut = program.ask("bIG.eXample.com.", **more)
        assert cut.flags & dns.flags.TC and len(cut.octets) <= limit, more
        assert (cut.edns == 0) == ("edns" in more)
    whole = program.ask("BIG.example.com.", tcp=True, edns=0)
    assert len(whole.answer[0]) == 100 and whole.edns == 0 and not whole.flags & dns.flags.TC
    assert len(server.queries) == 1


def test_an_answer_of_64_kilobytes_is_cached_whole(upstream, split53):
    records = [(A, 60, bytes([10, 1, number >> 8, number & 255])) for number in range(4000)]
    server = upstream(lambda q: q.reply(*records) if q.tcp else q.reply(tc=True))
    program = split53(forwarders=[server.where])
    for _ in range(3):
        assert len(program.ask("huge.example.com.", tcp=True).answer[0]) == 4000
    assert sum(q.tcp for q in server.queries) == 1


def test_a_name_of_255_octets_is_cached_and_returned_in_each_clients_letter_case(upstream, split53):
    server = upstream(lambda q: q.reply((A, 60, bytes([10, 0, 0, 1]))))
    program = split53(forwarders=[server.where])
    name = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 61]) + "."
    for spelling in (name, name.upper(), name.title()):
        assert addresses(program.ask(spelling)) == ["10.0.0.1"]	# ask() checks the question
    assert len(server.queries) == 1
