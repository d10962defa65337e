# SPDX-License-Identifier: ISC
"""How upstreams are queried: truncation, servers without EDNS, dead and slow ones, large answers, aliases across the split."""
import resource
import threading
import time

import dns.edns
import dns.flags
import pytest

from support.client import addresses, extended_errors, query, rcode, rdata
from support.namespace import Neighbour, add_address
from support.process import patience, wait_until
from support.servers import Named
from support.split53 import free_port
from support.upstream import A, FORMERR, NOTIMP, REFUSED, SERVFAIL, FakeUpstream, answer_with
from support.watch import Watch, lost, worst


def silence(_):
    return None


def elapsed(function, *arguments, **more):
    start = time.monotonic()
    value = function(*arguments, **more)
    return value, time.monotonic() - start


# Truncation

def test_a_truncated_reply_leads_to_a_query_over_tcp(upstream, split53):
    server = upstream(lambda q: q.address("10.0.0.1") if q.tcp else q.reply(tc=True))
    program = split53(forwarders=[server.where])
    assert addresses(program.ask("a.example.com.")) == ["10.0.0.1"]
    assert [q.tcp for q in server.queries] == [False, True]


def test_queries_over_tcp_share_a_connection_and_are_pipelined(upstream, split53):
    server = upstream(lambda q: q.send(q.address("10.0.0.1"), delay=0.2) if q.tcp else q.reply(tc=True))
    program = split53(forwarders=[server.where], arguments=["-n", "1"])
    assert addresses(program.ask("first.example.com.")) == ["10.0.0.1"]
    threads = [threading.Thread(target=program.ask, args=(f"p{n}.example.com.",)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # On a busy machine some are overdue and sent once more: each name is there, and few connections.
    assert len({q.name.lower() for q in server.queries if q.tcp}) == 21
    assert server.connections <= 3


def test_responses_over_tcp_may_arrive_out_of_order(upstream, split53):
    def answer(q):
        if not q.tcp:
            return q.reply(tc=True)
        number = int(q.name.split(".")[0][1:])
        return q.send(q.address(f"10.0.0.{number}"), delay=0.3 - number / 100)
    program = split53(forwarders=[upstream(answer).where], arguments=["-n", "1"])
    found = {}
    threads = [threading.Thread(target=lambda n=n: found.update({n: addresses(program.ask(f"o{n}.example.com."))})) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {n: [f"10.0.0.{n}"] for n in range(20)}


def test_an_idle_connection_that_the_server_closed_is_opened_again(upstream, split53):
    server = upstream(lambda q: q.address("10.0.0.1") if q.tcp else q.reply(tc=True))
    program = split53(forwarders=[server.where], arguments=["-n", "1"])
    for number in range(5):
        assert addresses(program.ask(f"c{number}.example.com.")) == ["10.0.0.1"]
        server.close_streams()
        time.sleep(0.05)


def test_a_connection_closed_before_the_response_leads_to_a_retry(upstream, split53):
    def answer(q):
        if not q.tcp:
            return q.reply(tc=True)
        if sum(other.tcp for other in server.queries) == 2:
            server.close_streams()
            return None
        return q.address("10.0.0.1")
    server = upstream(answer)
    program = split53(forwarders=[server.where], arguments=["-n", "1"])
    assert addresses(program.ask("one.example.com.")) == ["10.0.0.1"]
    assert addresses(program.ask("two.example.com.")) == ["10.0.0.1"]


@pytest.mark.parametrize("count", [100, 1000, 4000])
def test_an_answer_of_up_to_64_kilobytes_arrives_whole_over_tcp(upstream, split53, count):
    records = [(A, 60, bytes([10, 1, number >> 8, number & 255])) for number in range(count)]
    server = upstream(lambda q: q.reply(*records) if q.tcp else q.reply(tc=True))
    program = split53(forwarders=[server.where])
    whole = program.ask("big.example.com.", tcp=True)
    assert len(whole.answer[0]) == count and not whole.flags & dns.flags.TC
    cut = program.ask("big.example.com.", edns=0, size=1232)
    assert cut.flags & dns.flags.TC and len(cut.octets) <= 1232


def test_an_answer_larger_than_the_clients_size_is_cut_with_tc_and_well_formed(upstream, split53):
    records = [(A, 60, bytes([10, 1, number >> 8, number & 255])) for number in range(200)]
    server = upstream(lambda q: q.reply(*records))
    program = split53(forwarders=[server.where])
    for more, limit in (({}, 512), ({"edns": 0, "size": 512}, 512), ({"edns": 0, "size": 100}, 512), ({"edns": 0, "size": 1232}, 1232)):
        cut = program.ask("big.example.com.", **more)
        assert cut.flags & dns.flags.TC, more
        assert len(cut.octets) <= limit, more
    assert len(program.ask("big.example.com.", tcp=True).answer[0]) == 200


# EDNS towards the upstream

def test_the_udp_size_offered_to_upstreams_is_large_on_loopback_and_1232_off_host(upstream, split53, closing):
    near = upstream()
    other = closing(Neighbour("vethsize", "10.54.0.1/24", "10.54.0.2/24"))
    far = closing(FakeUpstream(address="10.54.0.2", port=53, namespace=other))
    program = split53(forwarders=[far.where], consul=near.where)
    program.ask("a.consul.")
    program.ask("a.example.com.")
    assert near.queries[0].edns_size >= 16384
    assert far.queries[0].edns_size == 1232


def test_edns_udp_size_in_options_or_server_overrides_that_size(upstream, split53):
    server, plain = upstream(address="127.0.0.2"), upstream(address="127.0.0.3")
    program = split53(forwarders=[server.where], consul=plain.where, extra="""
        server 127.0.0.2 { edns-udp-size 1400; }; server 127.0.0.3 { edns no; };""")
    program.ask("a.example.com.")
    program.ask("a.consul.", edns=0)
    assert server.queries[0].edns_size == 1400
    assert plain.queries[0].edns_size is None


def test_a_server_statement_with_tcp_only_makes_all_queries_go_over_tcp(upstream, split53):
    server = upstream(address="127.0.0.4")
    program = split53(forwarders=[server.where], extra="server 127.0.0.4 { tcp-only yes; };")
    assert addresses(program.ask("a.example.com.")) == ["192.0.2.1"]
    assert [q.tcp for q in server.queries] == [True]


def without_edns(how):
    """Answers a query with OPT as old servers do, and one without OPT normally."""
    def answer(q):
        if q.edns_size is None:
            return q.address("10.0.0.1")
        return {"formerr": lambda: q.reply(rcode=FORMERR, edns=False), "notimp": lambda: q.reply(rcode=NOTIMP, edns=False),
                "formerr-header": lambda: q.octets[:2] + b"\x81\x81" + bytes(8), "silence": lambda: None,
                "badvers": lambda: q.reply(rcode=16)}[how]()
    return answer


def asked_first(server, name):
    """The first query for a name that a server received."""
    return next(q for q in server.queries if q.name == name)


@pytest.mark.parametrize("how", ["formerr", "notimp", "badvers"])
def test_a_server_without_edns_gets_the_query_without_it_and_that_is_remembered(upstream, split53, how):
    server = upstream(without_edns(how))
    program = split53(forwarders=[server.where])
    for number in range(3):
        assert addresses(program.ask(f"e{number}.example.com.", timeout=8)) == ["10.0.0.1"]
        assert server.queries[-1].edns_size is None
    assert asked_first(server, "e0.example.com.").edns_size is not None
    assert asked_first(server, "e2.example.com.").edns_size is None


def test_a_server_that_responds_to_edns_with_a_bare_header_gets_each_query_again_without_it(upstream, split53):
    server = upstream(without_edns("formerr-header"))
    program = split53(forwarders=[server.where])
    for number in range(3):
        assert addresses(program.ask(f"e{number}.example.com.", timeout=8)) == ["10.0.0.1"]
        assert [q.edns_size is None for q in server.queries if q.name == f"e{number}.example.com."] == [False, True], \
            "an attacker that guesses port and ID can forge a header"


def test_the_limit_of_descriptors_is_raised_to_the_hard_one(upstream, split53):
    program = split53(forwarders=[upstream().where], prefix=("prlimit", "--nofile=200:4000"))
    assert resource.prlimit(program.process.pid, resource.RLIMIT_NOFILE) == (4000, 4000)


def test_a_server_that_does_not_respond_to_edns_gets_that_query_again_without_it(upstream, split53):
    server = upstream(without_edns("silence"))
    program = split53(forwarders=[server.where])
    for number in range(3):
        assert addresses(program.ask(f"e{number}.example.com.", timeout=8)) == ["10.0.0.1"]
        assert asked_first(server, f"e{number}.example.com.").edns_size is not None, "lost packets are no sign of missing EDNS"


def test_one_formerr_does_not_switch_edns_off(upstream, split53):
    def answer(q):
        if q.name.startswith("bad.") and q.edns_size is not None:
            return q.reply(rcode=FORMERR, edns=False)
        return q.address("10.0.0.1")
    server = upstream(answer)
    program = split53(forwarders=[server.where])
    for name in ("first", "bad", "good"):
        assert addresses(program.ask(f"{name}.example.com.")) == ["10.0.0.1"]
    assert asked_first(server, "good.example.com.").edns_size is not None, "it has proved that it supports EDNS"


def test_do_cd_and_ad_are_sent_upstream_and_unknown_options_are_not(upstream, split53):
    server = upstream(lambda q: q.address("10.0.0.1", ad=True))
    program = split53(forwarders=[server.where])
    cookie = dns.edns.GenericOption(10, b"12345678")
    unknown = dns.edns.GenericOption(65001, b"anything")
    subnet = dns.edns.ECSOption("192.0.2.0", 24)
    answer = program.ask("dnssec.example.com.", do=True, flags=dns.flags.RD | dns.flags.CD | dns.flags.AD,
                         options=[cookie, unknown, subnet])
    asked = server.queries[-1]
    assert asked.do and asked.cd and asked.rd
    assert asked.edns_options == b""
    assert answer.flags & dns.flags.AD and answer.flags & dns.flags.CD and answer.ednsflags & dns.flags.DO
    assert {option.otype for option in answer.options} <= {15}
    plain = program.ask("plain.example.com.", flags=dns.flags.RD)
    asked = server.queries[-1]
    assert not asked.do and not asked.cd
    assert plain.edns == -1 and not plain.flags & (dns.flags.AD | dns.flags.CD)


# Several servers, dead and slow ones

def test_a_first_server_that_refuses_costs_hardly_any_time(upstream, split53):
    dead, alive = upstream(), upstream(answer_with("10.0.0.2"))
    where = dead.where
    dead.close()
    program = split53(forwarders=[where, alive.where])
    for number in range(20):
        reply, seconds = elapsed(program.ask, f"d{number}.example.com.")
        assert addresses(reply) == ["10.0.0.2"]
        assert seconds < 0.3 * patience() / 2


def test_a_silent_server_delays_a_reply_by_less_than_300_ms(upstream, split53):
    dead, alive = upstream(silence), upstream(answer_with("10.0.0.2"))
    program = split53(forwarders=[dead.where, alive.where])
    worst = 0
    for number in range(20):
        reply, seconds = elapsed(program.ask, f"d{number}.example.com.")
        assert addresses(reply) == ["10.0.0.2"]
        worst = max(worst, seconds)
    assert worst < 0.3 * patience() / 2


@pytest.mark.parametrize("code", [SERVFAIL, REFUSED, NOTIMP])
def test_a_failing_server_leads_to_the_next(upstream, split53, code):
    bad, good = upstream(lambda q: q.reply(rcode=code)), upstream(answer_with("10.0.0.2"))
    program = split53(forwarders=[bad.where, good.where])
    for number in range(10):
        assert addresses(program.ask(f"f{number}.example.com.")) == ["10.0.0.2"]


def test_each_server_is_tried_before_servfail(upstream, split53):
    servers = [upstream(lambda q: q.reply(rcode=SERVFAIL), address=f"127.0.0.{number}") for number in range(2, 7)]
    program = split53(forwarders=[server.where for server in servers])
    reply = program.ask("all-fail.example.com.", edns=0)
    assert rcode(reply) == "SERVFAIL"
    assert all(server.queries for server in servers)


@pytest.mark.parametrize("count", [1, 2])
def test_with_all_servers_silent_the_client_gets_servfail_with_a_reason_before_it_gives_up(upstream, split53, count):
    servers = [upstream(silence, address=f"127.0.0.{number}") for number in range(2, 2 + count)]
    program = split53(forwarders=[server.where for server in servers])
    reply, seconds = elapsed(program.ask, "dead.example.com.", edns=0, timeout=10)
    assert rcode(reply) == "SERVFAIL"
    assert seconds < 5
    assert set(extended_errors(reply)) & {22, 23}, "RFC 8914: no reachable authority, or network error"


def test_with_all_servers_refusing_the_client_gets_servfail_at_once(upstream, split53):
    servers = [upstream(address=f"127.0.0.{number}") for number in (2, 3)]
    places = [server.where for server in servers]
    for server in servers:
        server.close()
    program = split53(forwarders=places)
    reply, seconds = elapsed(program.ask, "gone.example.com.", edns=0, timeout=10)
    assert rcode(reply) == "SERVFAIL" and set(extended_errors(reply)) & {22, 23}
    assert seconds < 0.5 * patience()


def test_a_slow_only_server_is_waited_for(upstream, split53):
    server = upstream(lambda q: q.send(q.address("10.0.0.1"), delay=3))
    program = split53(forwarders=[server.where])
    assert addresses(program.ask("slow.example.com.", timeout=10)) == ["10.0.0.1"]


def test_a_server_that_comes_back_is_used_again(upstream, split53):
    first = upstream(answer_with("10.0.0.1"), address="127.0.0.2", port=5301)
    program = split53(forwarders=["127.0.0.2 port 5301"])
    assert addresses(program.ask("a.example.com.")) == ["10.0.0.1"]
    first.close()
    assert rcode(program.ask("b.example.com.")) == "SERVFAIL"
    upstream(answer_with("10.0.0.2"), address="127.0.0.2", port=5301)
    assert addresses(program.ask("c.example.com.")) == ["10.0.0.2"]


def test_a_lost_datagram_is_retransmitted(upstream, split53):
    def answer(q):
        return q.address("10.0.0.1") if server.names().count(q.name) > 1 else None
    server = upstream(answer)
    program = split53(forwarders=[server.where])
    reply, seconds = elapsed(program.ask, "lost.example.com.", timeout=10)
    assert addresses(reply) == ["10.0.0.1"] and seconds < 5


def test_servfail_of_the_only_server_is_passed_on(upstream, split53):
    server = upstream(lambda q: q.reply(rcode=SERVFAIL))
    program = split53(forwarders=[server.where])
    reply = program.ask("servfail.example.com.")
    assert rcode(reply) == "SERVFAIL" and reply.edns == -1


def test_nxdomain_and_nodata_have_their_soa(upstream, split53):
    soa = "example.com. 300 IN SOA ns.example.com. host.example.com. 1 2 3 4 5"
    server = upstream(lambda q: q.reply(rcode=3 if q.name.startswith("nx") else 0, authority=[soa]))
    program = split53(forwarders=[server.where])
    for name, want in (("nx.example.com.", "NXDOMAIN"), ("nodata.example.com.", "NOERROR")):
        reply = program.ask(name)
        assert rcode(reply) == want and not reply.answer
        assert len(rdata(reply, "SOA", "authority")) == 1


# Aliases across the split

def two_sides(upstream, split53, outside, inside):
    recursor, consul = upstream(outside), upstream(inside)
    return recursor, consul, split53(forwarders=[recursor.where], consul=consul.where)


def test_an_alias_from_consul_to_the_outside_is_completed(upstream, split53):
    recursor, consul, program = two_sides(
        upstream, split53, answer_with("198.51.100.1"), lambda q: q.reply(f"{q.name} 0 IN CNAME www.example.com."))
    reply = program.ask("ext.service.consul.", edns=0)
    assert rcode(reply) == "NOERROR"
    assert rdata(reply) == {("ext.service.consul.", "CNAME", "www.example.com."), ("www.example.com.", "A", "198.51.100.1")}
    assert recursor.names() == ["www.example.com."] and consul.names() == ["ext.service.consul."]


def test_an_alias_from_the_outside_to_consul_is_completed_even_when_the_recursor_calls_it_nxdomain(upstream, split53):
    for code in (0, 3):
        _, _, program = two_sides(
            upstream, split53, lambda q, code=code: q.reply("in.example.com. 60 IN CNAME web.service.consul.", rcode=code),
            answer_with("10.1.0.1"))
        reply = program.ask("in.example.com.")
        assert rcode(reply) == "NOERROR" and addresses(reply) == ["10.1.0.1"]


def test_an_address_from_the_recursor_for_a_consul_name_is_not_used(upstream, split53):
    _, _, program = two_sides(
        upstream, split53,
        lambda q: q.reply("in.example.com. 60 IN CNAME web.service.consul.", "web.service.consul. 60 IN A 6.6.6.6"),
        answer_with("10.1.0.1"))
    assert addresses(program.ask("in.example.com.")) == ["10.1.0.1"]


def test_an_alias_within_one_route_is_left_unchanged(upstream, split53):
    recursor, consul, program = two_sides(
        upstream, split53,
        lambda q: q.reply("a.example.com. 60 IN CNAME b.example.net.", "b.example.net. 60 IN A 198.51.100.9"),
        answer_with("10.1.0.1"))
    assert addresses(program.ask("a.example.com.")) == ["198.51.100.9"]
    assert len(recursor.queries) == 1 and not consul.queries


def test_a_query_for_a_cname_is_not_followed(upstream, split53):
    recursor, _, program = two_sides(
        upstream, split53, answer_with("198.51.100.1"), lambda q: q.reply(f"{q.name} 0 IN CNAME www.example.com."))
    reply = program.ask("ext.service.consul.", "CNAME")
    assert rdata(reply) == {("ext.service.consul.", "CNAME", "www.example.com.")}
    assert not recursor.queries


def test_a_loop_of_aliases_across_the_split_ends(upstream, split53):
    recursor, consul, program = two_sides(
        upstream, split53, lambda q: q.reply(f"{q.name} 60 IN CNAME loop.service.consul."),
        lambda q: q.reply(f"{q.name} 0 IN CNAME loop.example.com."))
    reply, seconds = elapsed(program.ask, "loop.service.consul.")
    assert rcode(reply) in ("SERVFAIL", "NOERROR") and not addresses(reply)
    assert seconds < 5
    assert len(recursor.queries) + len(consul.queries) < 30


def test_an_endless_chain_of_aliases_across_the_split_ends(upstream, split53):
    def step(other):
        return lambda q: q.reply(f"{q.name} 0 IN CNAME n{int(q.name.split('.')[0][1:]) + 1}.{other}.")
    recursor, consul, program = two_sides(upstream, split53, step("consul"), step("example"))
    reply, seconds = elapsed(program.ask, "n0.consul.")
    assert rcode(reply) in ("SERVFAIL", "NOERROR") and not addresses(reply)
    assert seconds < 5
    assert len(recursor.queries) + len(consul.queries) < 40


def test_a_chain_with_a_failing_target_fails(upstream, split53):
    _, _, program = two_sides(
        upstream, split53, lambda q: q.reply(rcode=SERVFAIL), lambda q: q.reply(f"{q.name} 0 IN CNAME www.example.com."))
    assert rcode(program.ask("ext.service.consul.")) == "SERVFAIL"


# The rest

def test_a_forwarder_configured_by_name_is_looked_up(upstream, split53, resolv_conf, closing):
    resolver = closing(FakeUpstream(answer_with("127.0.0.77"), address="127.0.0.53", port=53))
    resolv_conf.write_text("nameserver 127.0.0.53\n")
    server = upstream(answer_with("10.0.0.7"), address="127.0.0.77")
    try:
        program = split53(forwarders=[f"dns.forwarders.example port {server.port}"])
        end = time.monotonic() + 5 * patience()
        while rcode(reply := program.ask("a.example.com.", timeout=10)) != "NOERROR":
            assert time.monotonic() < end
        assert addresses(reply) == ["10.0.0.7"]
        assert "dns.forwarders.example." in resolver.names()
    finally:
        resolv_conf.write_text("")


FORWARDERS_ZONE = "$TTL 5\n@ 5 IN SOA ns hostmaster {serial} 3600 600 86400 5\n@ IN NS ns\nns IN A 127.0.0.53\ndns IN A {address}\n"


@pytest.fixture(scope="module")
def resolver_address():
    """named listens at addresses of an interface."""
    add_address("127.0.0.53/32")
    return "127.0.0.53"


def test_no_query_is_lost_while_the_address_of_a_forwarders_name_changes(upstream, split53, resolv_conf, resolver_address, closing, tmp_path):
    """The old server still holds queries when the new address becomes known; later it is gone."""
    def slow(address):
        packed = answer_with(address)
        return lambda q: q.send(packed(q), delay=0.4)
    old = upstream(slow("10.0.0.1"), address="127.0.0.77")
    new = upstream(slow("10.0.0.2"), address="127.0.0.78", port=old.port)
    names = closing(Named(tmp_path, zones={"forwarders.example": FORWARDERS_ZONE.format(serial=1, address="127.0.0.77")},
                          address=resolver_address, port=53))
    resolv_conf.write_text("nameserver 127.0.0.53\n")
    try:
        program = split53(forwarders=[f"dns.forwarders.example port {old.port}"])
        wait_until(lambda: rcode(program.ask(f"warm{time.monotonic_ns()}.example.com.", timeout=10)) == "NOERROR", 5 * patience(), "it is known")
        watch = closing(Watch((program.address, program.port), lambda number: (f"n{number}.example.com.", "A"), every=0.02))
        for serial, address in ((2, "127.0.0.78"), (3, "127.0.0.77"), (4, "127.0.0.78")):
            here, there = (new, old) if address == "127.0.0.78" else (old, new)
            names.rewrite("forwarders.example", FORWARDERS_ZONE.format(serial=serial, address=address))
            here.forget()
            wait_until(lambda server=here: len(server.queries) > 20, 12, f"{address} gets queries")
            there.forget()
            time.sleep(1)
            assert len(there.queries) <= 2, "an address that the name no longer has gets no more queries"
        old.close()
        time.sleep(1)
        watch.stop()
        assert not lost(watch.samples)
        bad = [sample for sample in watch.samples if sample.code != "NOERROR"]
        assert not bad, bad[:5]
        assert worst(watch.samples) < 0.4 + 0.5 * patience()
    finally:
        resolv_conf.write_text("")


def test_a_forwarder_name_that_is_no_longer_found_keeps_its_addresses(upstream, split53, resolv_conf, resolver_address, closing, tmp_path):
    server = upstream(answer_with("10.0.0.7"), address="127.0.0.77")
    names = closing(Named(tmp_path, zones={"forwarders.example": FORWARDERS_ZONE.format(serial=1, address="127.0.0.77")},
                          address=resolver_address, port=53))
    resolv_conf.write_text("nameserver 127.0.0.53\n")
    try:
        program = split53(forwarders=[f"dns.forwarders.example port {server.port}"])
        wait_until(lambda: rcode(program.ask(f"warm{time.monotonic_ns()}.example.com.", timeout=10)) == "NOERROR", 5 * patience(), "it is known")
        watch = closing(Watch((program.address, program.port), lambda number: (f"n{number}.example.com.", "A"), every=0.05))
        names.close()
        time.sleep(8)	# its TTL of 5 s ends, and the lookup fails
        watch.stop()
        assert not lost(watch.samples) and {sample.code for sample in watch.samples} == {"NOERROR"}
    finally:
        resolv_conf.write_text("")


def test_the_nameservers_of_resolv_conf_are_followed_when_the_file_changes(split53, resolv_conf, closing, make_conf):
    closing(FakeUpstream(answer_with("10.0.0.1"), address="127.0.1.1", port=53))
    closing(FakeUpstream(answer_with("10.0.0.2"), address="127.0.1.2", port=53))
    resolv_conf.write_text("nameserver 127.0.1.1\n")
    try:
        port = free_port()
        conf = make_conf(port).replace("forward only; forwarders {  };", "")
        program = split53(conf=conf, port=port)
        assert addresses(program.ask("a.example.com.")) == ["10.0.0.1"]
        resolv_conf.write_text("nameserver 127.0.1.2\n")
        wait_until(lambda: addresses(program.ask("b.example.com.")) == ["10.0.0.2"], 15, "the new nameserver gets queries")
    finally:
        resolv_conf.write_text("")


def test_over_recursive_clients_half_run_to_completion_and_new_queries_displace_the_rest(upstream, split53):
    slow = upstream(lambda q: q.send(q.address("10.0.0.1"), delay=1.5) if q.name.startswith("slow") else q.address("10.0.0.2"))
    program = split53(forwarders=[slow.where], options="recursive-clients 20;", arguments=["-n", "1"])
    with program.client() as client:
        start = time.monotonic()
        for number in range(60):
            client.send(query(f"slow{number}.example.com.", identity=number).to_wire())
        early = client.collect(42, 1.0)	# all but the soft limit of 18
        assert time.monotonic() - start < 1.4, "a client that is displaced is told so at once"
        assert {octets[3] & 15 for octets in early.values()} == {SERVFAIL}
        late = client.collect(18, 5)
        assert len([number for number in late if number < 20]) >= 9, "half of the slots run to completion"
        assert len([number for number in late if number >= 50]) >= 9, "new queries displace the other half"
        assert {octets[3] & 15 for octets in late.values()} == {0}
    assert addresses(program.ask("after.example.com.")) == ["10.0.0.2"]
