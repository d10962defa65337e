# SPDX-License-Identifier: ISC
"""Names that are answered locally (RFC 6761, RFC 7686, RFC 8375, RFC 6303), and which configuration overrides them."""
import pytest

from support.client import addresses, extended_errors, rcode, rdata
from support.split53 import free_port
from support.upstream import answer_with

NEVER_FORWARDED = ["x.invalid.", "invalid.", "Invalid.", "facebook.onion."]
LOCALHOST = [("localhost.", "A", "127.0.0.1"), ("LocalHost.", "AAAA", "::1"), ("www.localhost.", "A", "127.0.0.1")]
LOOPBACK = [("1.0.0.127.in-addr.arpa.", "PTR", "localhost."),
            ("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa.", "PTR", "localhost.")]
PRIVATE = ["1.1.10.in-addr.arpa.", "1.0.168.192.in-addr.arpa.", "9.20.172.in-addr.arpa.", "1.254.169.in-addr.arpa.",
           "1.d.f.ip6.arpa.", "8.b.d.0.1.0.0.2.ip6.arpa.", "nas.home.arpa."]


@pytest.fixture
def served(upstream, split53):
    server = upstream(answer_with("198.51.100.1"))
    program = split53(forwarders=[server.where])
    program.upstream = server
    return program


@pytest.mark.parametrize("name", NEVER_FORWARDED)
def test_a_name_that_cannot_exist_is_nxdomain_and_never_forwarded(served, name):
    for rdtype in ("A", "AAAA", "TXT"):
        assert rcode(served.ask(name, rdtype)) in ("NXDOMAIN", "NOERROR")
        assert not served.ask(name, rdtype).answer
    assert rcode(served.ask("deep.below." + name)) == "NXDOMAIN"
    assert not served.upstream.queries


def check_loopback(program, name, rdtype, want):
    reply = program.ask(name, rdtype)
    assert rcode(reply) == "NOERROR"
    assert {data for _, kind, data in rdata(reply) if kind == rdtype} == {want}


@pytest.mark.parametrize("name,rdtype,want", LOCALHOST)
def test_localhost_is_answered_locally(served, name, rdtype, want):
    check_loopback(served, name, rdtype, want)
    assert not served.upstream.queries


@pytest.mark.parametrize("name,rdtype,want", LOOPBACK)
def test_loopback_addresses_have_a_name_unless_they_are_forwarded(upstream, split53, make_conf, name, rdtype, want):
    server, port = upstream(), free_port()
    conf = make_conf(port, [server.where]).replace("forward only;", "")
    check_loopback(split53(conf=conf, port=port), name, rdtype, want)
    assert not server.queries


@pytest.mark.parametrize("name", ["kubernetes.default.svc.cluster.local.", "dc1.corp.local.", "x.test."])
def test_names_that_local_networks_serve_are_forwarded(served, name):
    assert addresses(served.ask(name)) == ["198.51.100.1"]
    assert len(served.upstream.queries) == 1


def test_localhost_has_no_other_types(served):
    reply = served.ask("localhost.", "MX")
    assert rcode(reply) == "NOERROR" and not reply.answer
    assert not served.upstream.queries


def test_names_similar_to_special_ones_are_forwarded(served):
    for name in ("mylocalhost.", "test.example.com.", "invalid.com.", "onion.net.", "local.example.", "arpa."):
        served.upstream.forget()
        assert rcode(served.ask(name)) == "NOERROR"
        assert len(served.upstream.queries) == 1, name


@pytest.mark.parametrize("name", PRIVATE)
def test_private_reverse_names_go_to_the_forwarders_under_a_global_forward_only(served, name):
    """As in BIND: with `forward only` the forwarders are expected to know these names."""
    served.ask(name, "PTR")
    assert len(set(served.upstream.names())) == 1


@pytest.mark.parametrize("name", PRIVATE)
def test_private_reverse_names_are_answered_locally_otherwise(upstream, split53, make_conf, name):
    server, port = upstream(), free_port()
    conf = make_conf(port, [server.where]).replace("forward only;", "")
    program = split53(conf=conf, port=port)
    reply = program.ask(name, "PTR")
    assert rcode(reply) == "NXDOMAIN" or not reply.answer
    assert rdata(reply, "SOA", "authority")
    assert not server.queries


def test_empty_zones_can_be_switched_off_together_or_one_by_one(upstream, split53, make_conf):
    server = upstream()
    for option, asked in (("empty-zones-enable no;", 2), ('disable-empty-zone "10.in-addr.arpa";', 1)):
        port = free_port()
        conf = make_conf(port, [server.where], options=option).replace("forward only;", "")
        program = split53(conf=conf, port=port, name=f"split53-{asked}")
        server.forget()
        program.ask("1.1.10.in-addr.arpa.", "PTR")
        program.ask("1.1.168.192.in-addr.arpa.", "PTR")
        assert len(set(server.names())) == asked, option


@pytest.mark.parametrize("zone,name", [("invalid", "x.invalid."), ("localhost", "localhost."), ("10.in-addr.arpa", "1.1.1.10.in-addr.arpa."),
                                       ("home.arpa", "nas.home.arpa."), ("onion", "x.onion.")])
def test_a_configured_zone_overrides_a_special_name(upstream, split53, zone, name):
    default, inside = upstream(), upstream(answer_with("10.9.9.9"))
    program = split53(forwarders=[default.where],
                      extra=f'zone "{zone}" {{ type forward; forward only; forwarders {{ {inside.where}; }}; }};')
    assert addresses(program.ask(name)) == ["10.9.9.9"]
    assert not default.queries


def test_a_refusal_has_an_extended_error(split53, upstream):
    program = split53(forwarders=[upstream().where], options="allow-recursion { none; };")
    reply = program.ask("www.example.com.", edns=0)
    assert rcode(reply) == "REFUSED"
    assert extended_errors(reply) and set(extended_errors(reply)) <= {15, 16, 17, 18, 20}
