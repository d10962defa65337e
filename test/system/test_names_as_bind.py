# SPDX-License-Identifier: ISC
"""
Which names are answered locally, and for which clients: the same configuration in named and in split53, with the same queries from
several addresses. Differences on purpose are in DIFFERS, with their reasons.
"""
import shutil

import dns.flags
import pytest

from support.client import ask, rcode, rdata
from support.servers import Named
from support.split53 import free_port
from support.upstream import answer_with

pytestmark = pytest.mark.skipif(shutil.which("named") is None, reason="needs named")

ZONE = """$TTL 60
@ SOA ns h 1 2 3 4 5
@ NS ns
ns A 192.0.2.1
www A 192.0.2.2
in CNAME www
out CNAME www.example.org.
sub NS ns.sub
ns.sub A 192.0.2.3
"""
SPECIAL = [name + " A" for name in (
    "kubernetes.default.svc.cluster.local", "dc1.corp.local", "a.test", "a.invalid", "a.onion", "localhost", "nas.home.arpa", "home.arpa",
    "1.0.0.10.in-addr.arpa", "1.0.168.192.in-addr.arpa", "1.1.16.172.in-addr.arpa", "1.64.100.in-addr.arpa", "2.0.0.127.in-addr.arpa",
    "1.d.f.ip6.arpa", "a.resolver.arpa", "empty.as112.arpa")]
RIGHTS = ["www.example.org A", ". NS", "localhost A", "nas.home.arpa A", "5.3.168.192.in-addr.arpa PTR", "10.in-addr.arpa SOA",
          "www.corp.example A", "in.corp.example A", "out.corp.example A", "a.sub.corp.example A", "none.corp.example A",
          "corp.example SOA", "www.sec.example A", "in.sec.example A", "out.sec.example A", "none.sec.example A", "sec.example SOA",
          "www.own.example A", "corp.example DS", "sec.example DS", "www.stub.example A", "www.sstub.example A"]
FORWARDERS = "forwarders { %s; };"

# The text of options, and the text after it.
NAMES = {
    "forwarders": (FORWARDERS, ""),
    "forward only": ("forward only; " + FORWARDERS, ""),
    "no empty zones": ("empty-zones-enable no; " + FORWARDERS, ""),
    "some disabled": ('disable-empty-zone "HOME.ARPA"; disable-empty-zone "10.in-addr.arpa"; ' + FORWARDERS, ""),
    "root zone": ("", 'zone "." { type forward; forward only; ' + FORWARDERS + " };"),
    "root zone, first": ("", 'zone "." { type forward; ' + FORWARDERS + " };"),
    "forward zones": (FORWARDERS, """
        zone "10.in-addr.arpa" { type forward; forwarders { %s; }; };
        zone "168.192.in-addr.arpa" { type forward; forward only; forwarders { %s; }; };
        zone "home.arpa" { type forward; forwarders { }; };"""),
    "zones above": (FORWARDERS, """
        zone "in-addr.arpa" { type forward; forwarders { %s; }; };
        zone "arpa" { type forward; forward only; forwarders { %s; }; };"""),
    "forward only, zones first": ("forward only; " + FORWARDERS, 'zone "home.arpa" { type forward; forwarders { %s; }; };'),
    "a zone with data above": (FORWARDERS, 'zone "in-addr.arpa" { type primary; file "{zone}"; };'),
    "a view's own": (FORWARDERS, 'view "v" { empty-zones-enable no; };'),
}
ACCESS = {
    "recursion no": "recursion no; allow-query { any; };",
    "recursion no, lists": "recursion no; allow-query { any; }; allow-query-cache { any; }; allow-recursion { any; };",
    "recursion no, default lists": "recursion no;",
    "recursion for one": "allow-query { any; }; allow-recursion { 127.0.0.9; };",
    "recursion for none": "allow-query { any; }; allow-recursion { none; };",
    "query for none": "allow-query { none; };",
}
ZONES = """
zone "corp.example" { type primary; file "{zone}"; };
zone "sec.example" { type secondary; primaries { {primary}; }; file "{folder}/sec"; masterfile-format text; };
zone "own.example" { type secondary; primaries { {primary}; }; file "{folder}/own"; masterfile-format text; allow-query { 127.0.0.3; }; };
zone "stub.example" { type stub; primaries { {primary}; }; };
zone "sstub.example" { type static-stub; server-addresses { 127.0.0.1; }; };
"""

# Differences from named on purpose, and their reasons.
STAYS = dict.fromkeys(["localhost A", "a.invalid A", "a.onion A"], "RFC 6761, RFC 7686: no server can know these names")
STUB = {"www.stub.example A": "REFUSED; named refers clients without recursion to the servers of a stub zone, which split53 does not return"}


def facts(server, query, source, rd):
    name, rdtype = query.split()
    reply = ask(server, name if name == "." else name + ".", rdtype, source=source, flags=dns.flags.RD if rd else 0, timeout=10)
    return (rcode(reply), bool(reply.flags & dns.flags.AA), bool(reply.flags & dns.flags.RA), rdata(reply),
            {(owner, kind) for owner, kind, _ in rdata(reply, section="authority") if kind == "SOA"})


def start_both(split53, closing, tmp_path, options, extra):
    ports = free_port(), free_port()
    (tmp_path / "zone").write_text(ZONE)
    common = f"max-cache-size 16m; dnssec-validation no; pid-file none; {options}"
    theirs = Named(tmp_path, port=ports[0], options=options, defaults="dnssec-validation no;", extra=extra)
    closing(theirs)
    if "type secondary" in extra:
        for zone in ("sec", "own"):
            theirs.process.wait_for_log(rf"zone {zone}.example/IN: transferred serial", 20)
    listen = f"listen-on port {ports[1]} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};"
    ours = split53(conf=f"options {{ {listen} {common} }};\n{extra}", port=ports[1])
    return ("127.0.0.1", theirs.port), ("127.0.0.1", ours.port)


def differences(theirs, ours, queries, differs, sources=("127.0.0.1",), rds=(True,)):
    for query in (query for query in queries if query not in differs):
        for source in sources:
            for rd in rds:
                wanted, got = facts(theirs, query, source, rd), facts(ours, query, source, rd)
                if wanted != got:
                    yield f"{query} from {source} rd={rd}: named {wanted}, split53 {got}"


@pytest.mark.parametrize("name", NAMES)
def test_it_answers_the_same_names_locally_as_named(upstream, split53, closing, tmp_path, name):
    server = upstream(answer_with("198.51.100.1"))
    options, extra = (text.replace("%s", server.where).replace("{zone}", str(tmp_path / "zone")) for text in NAMES[name])
    theirs, ours = start_both(split53, closing, tmp_path, "recursion yes; allow-recursion { any; }; " + options, extra)
    assert not list(differences(theirs, ours, SPECIAL, STAYS))


@pytest.mark.parametrize("name", ACCESS)
def test_it_answers_the_same_clients_as_named(upstream, split53, closing, tmp_path, name):
    server = upstream(answer_with("198.51.100.1"))
    zones = {zone + ".example": ZONE for zone in ("sec", "own", "stub")}
    primary = closing(Named(tmp_path, name="primary", port=free_port(), zones=zones,
                            options="recursion no; allow-query { any; }; allow-transfer { any; };"))
    extra = ZONES
    for word, text in (("zone", tmp_path / "zone"), ("primary", primary.where), ("folder", tmp_path)):
        extra = extra.replace("{" + word + "}", str(text))
    theirs, ours = start_both(split53, closing, tmp_path, ACCESS[name] + FORWARDERS % server.where, extra)
    differs = STUB if "recursion no" in name else {**STUB, **STAYS}
    assert not list(differences(theirs, ours, RIGHTS, differs, ("127.0.0.1", "127.0.0.3"), (True, False)))


VIEWS = {
    "the lists of the view that has the zone": """
        view "in" { match-clients { 127.0.0.2; }; allow-query { 127.0.0.2; }; zone "corp.example" { type primary; file "{zone}"; }; };
        view "out" { allow-query { any; }; zone "corp.example" { in-view "in"; }; };""",
    "forwarders of its own below delegations": """
        view "in" { match-clients { 127.0.0.2; }; zone "corp.example" { type primary; file "{zone}"; }; };
        view "out" { zone "corp.example" { in-view "in"; forward only; forwarders { {inside}; }; }; };""",
    "forwarders of the zone": """
        view "in" { match-clients { 127.0.0.2; }; recursion no; zone "corp.example" { in-view "first"; }; };
        view "out" { zone "corp.example" { type primary; file "{zone}"; forward only; forwarders { {inside}; }; }; };""",
}
SHARED = ["www.corp.example A", "in.corp.example A", "out.corp.example A", "a.sub.corp.example A", "none.corp.example A"]


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_shares_the_zone_of_another(upstream, split53, closing, tmp_path, name):
    server, inside = upstream(answer_with("198.51.100.1")), upstream(answer_with("10.9.9.9"))
    extra = VIEWS[name].replace("{zone}", str(tmp_path / "zone")).replace("{inside}", inside.where)
    if "in-view \"first\"" in extra:
        extra = f'view "first" {{ match-clients {{ none; }}; zone "corp.example" {{ type primary; file "{tmp_path}/zone"; }}; }};' + extra
    theirs, ours = start_both(split53, closing, tmp_path, "allow-recursion { any; }; " + FORWARDERS % server.where, extra)
    assert not list(differences(theirs, ours, SHARED, {}, ("127.0.0.2", "127.0.0.3")))
