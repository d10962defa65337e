# SPDX-License-Identifier: ISC
"""
The files of the production machine, byte for byte, at their paths and on port 53, with a real agent and a named that is 8.8.8.8: dig
shows the data of Consul and of the recursor.
"""
import filecmp
import os

import pytest

from support import world
from support.dig import dig
from support.process import wait_until
from support.split53 import Split53

TRANSPORTS = {"udp": ["+notcp", "+ignore"], "noedns": ["+notcp", "+noedns", "+ignore"], "tcp": ["+tcp"]}

CONSUL_CASES = [
    ("galeradb.service.consul", "A"), ("galeradb.service.consul", "SRV"), ("icinga-galera.galeradb.service.consul", "A"),
    ("_galeradb._icinga-galera.service.consul", "SRV"), ("galeradb.service.dc1.consul", "A"),
    ("GaleraDB.Service.CONSUL", "A"),
    ("web.service.consul", "A"), ("web.service.consul", "SRV"), ("v1.web.service.consul", "A"),
    ("_web._tcp.service.consul", "SRV"), ("_web._v2.service.consul", "SRV"), ("_web._tcp.consul", "SRV"),
    ("web.service.consul", "ANY"), ("webquery.query.consul", "A"),
    ("six.service.consul", "AAAA"), ("six.service.consul", "SRV"), ("plain.service.consul", "SRV"),
    ("node-a.node.consul", "A"), ("node-a.node.consul", "TXT"), ("node-a.node.consul", "ANY"),
    ("0a010001.addr.consul", "A"), ("consul", "SOA"), ("consul", "NS"),
]
NEGATIVE_CONSUL_CASES = [
    ("web.service.consul", "AAAA", "NOERROR"), ("web.service.consul", "MX", "NOERROR"),
    ("nosuch.service.consul", "A", "NXDOMAIN"), ("nosuch.node.consul", "TXT", "NXDOMAIN"),
    ("web.service.dc9.consul", "A", "NXDOMAIN"), ("consul", "A", "NXDOMAIN"),
]
RECURSOR_CASES = [
    ("www.example.com", "A"), ("www.example.com", "AAAA"), ("www.example.com", "ANY"), ("example.com", "TXT"),
    ("example.com", "MX"), ("example.com", "SOA"), ("alias.example.com", "A"), ("alias.example.com", "CNAME"),
    ("_sip._tcp.example.com", "SRV"), ("8.8.8.8.in-addr.arpa", "PTR"), ("www.example.com", "TXT"),
    ("nosuch.example.com", "A"), ("nosuch-tld", "A"),
]


class World:
    pass


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    """The whole machine, once for this file."""
    work = tmp_path_factory.mktemp("machine")
    world.lay_files(work)
    world.write_resolv_conf("nameserver 127.0.0.1\n")
    it = World()
    it.database = world.Database()
    it.recursor = world.start_recursor(work)
    it.consul = world.start_consul(work)
    it.split53 = Split53(work, arguments=["-c", "/etc/named.conf"], wait_at=("127.0.0.1", 53))
    it.consul.wait_for("galeradb.service.consul")
    it.consul.wait_for("many.service.consul")
    yield it
    it.split53.stop()
    for thing in (it.consul, it.recursor, it.database):
        thing.close()


def ours(name, rdtype, transport):
    return dig(*TRANSPORTS[transport], name, rdtype, server="127.0.0.1")


def test_the_files_are_the_production_files_byte_for_byte(machine):
    shared = os.path.join(world.HERE, "..", "..", "..", "shared", "production")
    pairs = [("named.conf", "/etc/named.conf"), ("consul.conf", "/etc/named/consul.conf"), ("galera.json", None)]
    for name, place in pairs:
        kept = os.path.join(world.PRODUCTION, name)
        if place:
            assert filecmp.cmp(kept, place, shallow=False)
        if os.path.isdir(shared):
            assert filecmp.cmp(kept, os.path.join(shared, name), shallow=False)


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("name,rdtype", CONSUL_CASES)
def test_a_consul_name_has_the_records_of_consul(machine, name, rdtype, transport):
    held = dig("+tcp", "+norecurse", name, rdtype, server="127.0.0.1", port=8600)
    got = ours(name, rdtype, transport)
    assert held.status == got.status == "NOERROR"
    assert held.answer and _without_serial(held.answer) == _without_serial(got.answer)
    wanted = _without_hosts_of_authority(held)
    assert wanted == got.additional or transport == "noedns" and got.additional < wanted
    assert {"qr", "rd", "ra"} <= got.flags and "aa" not in got.flags


def _is_aged(got, held):
    """The same records, at most a minute older: a query over another transport may have fetched them."""
    ttl_of = {(name, rdtype, data): ttl for name, ttl, rdtype, data in held}
    return len(got) == len(held) and all(
        0 <= ttl_of.get((name, rdtype, data), -1) - ttl <= 60 for name, ttl, rdtype, data in got)


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("name,rdtype,status", NEGATIVE_CONSUL_CASES)
def test_a_negative_answer_of_consul_has_its_soa(machine, name, rdtype, status, transport):
    held = dig("+tcp", name, rdtype, server="127.0.0.1", port=8600)
    got = ours(name, rdtype, transport)
    assert held.status == got.status == status
    assert not got.answer
    assert _without_serial(held.authority) == _without_serial(got.authority)


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("name,rdtype", RECURSOR_CASES)
def test_any_other_name_has_the_records_of_the_recursor(machine, name, rdtype, transport):
    held = dig("+tcp", name, rdtype, server="8.8.8.8")
    got = ours(name, rdtype, transport)
    assert held.status == got.status != "SERVFAIL"
    assert _is_aged(got.answer, held.answer)
    assert _is_aged(got.authority, held.authority)
    assert {"qr", "rd", "ra"} <= got.flags and "aa" not in got.flags


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_the_alias_of_an_external_service_is_completed_by_the_recursor(machine, transport):
    assert dig("external.service.consul", "A", server="127.0.0.1", port=8600).data() == ["www.example.com."]
    got = ours("external.service.consul", "A", transport)
    assert got.status == "NOERROR"
    assert got.data() == ["198.51.100.80", "198.51.100.81", "www.example.com."]
    assert ours("external.service.consul", "AAAA", transport).data() == ["2001:db8::80", "www.example.com."]
    assert ours("external.service.consul", "CNAME", transport).data() == ["www.example.com."]


def test_an_external_service_with_a_missing_target_is_nxdomain_with_the_alias(machine):
    got = ours("broken-external.service.consul", "A", "udp")
    assert got.status == "NXDOMAIN"
    assert got.data() == ["nowhere.example.com."]


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_public_alias_into_consul_is_completed_by_consul(machine, transport):
    got = ours("inward.example.com", "A", transport)
    assert got.status == "NOERROR"
    assert got.data() == ["10.1.0.1", "10.1.0.2", "10.1.0.3", "web.service.consul."]


def test_forty_instances_arrive_whole_over_tcp_and_cut_with_tc_over_udp(machine):
    whole = ours("many.service.consul", "A", "tcp")
    assert len(whole.answer) == 40 and "tc" not in whole.flags
    small = ours("many.service.consul", "A", "noedns")
    assert "tc" in small.flags or len(small.answer) == 40
    assert small.answer <= whole.answer
    retried = dig("+noedns", "+noignore", "many.service.consul", "A", server="127.0.0.1")
    assert retried.answer == whole.answer


def test_the_name_of_a_loopback_address_needs_no_upstream_query(machine):
    assert ours("1.0.0.127.in-addr.arpa", "PTR", "udp").data() == ["localhost."]


def test_a_service_with_a_failing_check_disappears(machine):
    """Last in this file: the database is stopped. Consul's check runs every 10 s."""
    machine.database.close()
    wait_until(lambda: ours("galeradb.service.consul", "A", "udp").status == "NXDOMAIN", 25, "galeradb is gone")
    machine.database = world.Database()
    wait_until(lambda: ours("galeradb.service.consul", "A", "udp").data() == ["127.0.0.1"], 25, "galeradb is back")


def _without_hosts_of_authority(held):
    """minimal-responses is no-auth-recursive: the NS records of the authority section are omitted, and their addresses with them."""
    servers = {data for _, _, kind, data in held.authority if kind == "NS"}
    named = {data.split()[-1] for _, _, _, data in held.answer}
    return {record for record in held.additional if record[0] not in servers - named}


def _without_serial(records):
    """Consul's SOA serial is the time of day."""
    return {(owner, ttl, kind, data if kind != "SOA" else " ".join(data.split()[:2] + data.split()[3:]))
            for owner, ttl, kind, data in records}
