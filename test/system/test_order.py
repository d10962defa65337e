# SPDX-License-Identifier: ISC
"""
The order and contents of replies: rrset-order and minimal-responses. Each query goes to the program and to a named with the same view,
which forward to the same server or have the same zone file.

Differences on purpose: a forwarded answer is minimized once, when it is stored, for all clients that get it; named does so for each reply.
Our queries have RD set, so no-auth-recursive omits the NS records of the zone for clients without RD, too. Addresses are added for NS, MX
and SRV records of local zones; named also adds those for AFSDB, NAPTR, SVCB and more.
"""
import contextlib
import subprocess

import dns.flags
import dns.rdatatype
import pytest

from support.client import parse, query
from support.servers import Named
from support.split53 import Split53, free_port

HERE = "127.0.0.1"
ZONE = """$TTL 300
@ IN SOA ns hostmaster 7 7200 900 1209600 60
@ IN NS ns
@ IN NS ns2
@ IN NS ns3
@ IN MX 10 mail
@ IN MX 20 mail2
@ IN MX 30 www
ns IN A 192.0.2.53
ns IN AAAA 2001:db8::53
ns2 IN A 192.0.2.54
ns3 IN A 192.0.2.55
mail IN A 198.51.100.25
mail2 IN A 198.51.100.26
www IN A 198.51.100.80
www IN A 198.51.100.81
www IN A 198.51.100.82
www IN AAAA 2001:db8::80
www IN AAAA 2001:db8::81
www IN AAAA 2001:db8::82
two IN A 198.51.100.1
two IN A 198.51.100.2
two IN AAAA 2001:db8::1
two IN AAAA 2001:db8::2
alias IN CNAME www
txt IN TXT "a"
txt IN TXT "bb"
txt IN TXT "ccc"
ptr IN PTR ns
_sip._tcp IN SRV 10 20 5060 www
_sip._tcp IN SRV 10 20 5061 mail
_sip._tcp IN SRV 10 20 5062 ns.elsewhere.example.
*.wild IN A 192.0.2.1
sub IN NS ns.sub
sub IN DS 12345 13 2 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
ns.sub IN A 192.0.2.60
"""
QUESTIONS = [("www", "A"), ("www", "AAAA"), ("ns", "A"), ("alias", "A"), ("x.wild", "A"), ("@", "MX"), ("@", "NS"), ("@", "SOA"),
             ("txt", "TXT"), ("ptr", "PTR"), ("_sip._tcp", "SRV"), ("sub", "DS"), ("@", "DNSKEY"), ("nothere", "A"), ("www", "TXT"),
             ("alias", "MX"), ("alias", "CNAME"), ("wild", "A")]
ANY = [("www", "ANY"), ("@", "ANY")]	# local zones only: named omits signatures of a signed zone


def full(name):
    return "example.com" if name == "@" else f"{name}.example.com"


class Pair:
    """
    The program and named with one view: `clauses` in it, `peer` instead in that of named, and the zone as `local`, or all names
    forwarded to `upstream`.
    """

    def __init__(self, folder, clauses, peer=None, local=None, upstream=None):
        forward = f"forward only; forwarders {{ {upstream.where}; }};" if upstream else ""
        zone = f'zone "example.com" {{ type primary; file "{local}"; }};' if local else ""
        view, peers_view = (f'view "all" {{ {text} {zone} }};' for text in (clauses, clauses if peer is None else peer))
        port = free_port(HERE)
        self.split53 = Split53(folder, f"""options {{ listen-on port {port} {{ {HERE}; }}; listen-on-v6 {{ none; }}; pid-file none;
            recursion yes; allow-query {{ any; }}; {forward} }}; {view}""", ["-n", "1"], wait_at=(HERE, port))
        self.named = Named(folder, options=f"recursion yes; allow-query {{ any; }}; qname-minimization off; {forward}",
                           port=free_port(HERE), extra=peers_view, name="peer")
        self.servers = (self.split53, self.named)

    def stop(self):
        self.split53.stop()
        self.named.close()


@pytest.fixture(scope="module")
def signed(tmp_path_factory):
    """A server of the zone, signed, that omits no records and keeps their order."""
    folder = str(tmp_path_factory.mktemp("signed"))
    with open(f"{folder}/zone", "w", encoding="utf-8") as file:
        file.write(ZONE)
    for flags in ([], ["-f", "KSK"]):
        subprocess.run(["dnssec-keygen", "-q", "-a", "ECDSAP256SHA256", *flags, "example.com"], cwd=folder, check=True, capture_output=True)
    subprocess.run(["dnssec-signzone", "-S", "-o", "example.com", "-f", "zone.signed", "zone"], cwd=folder, check=True,
                   capture_output=True)
    server = Named(folder, options="recursion no; allow-query { any; };", port=free_port(HERE), name="signed", extra=f"""
        view "all" {{ minimal-responses no; rrset-order {{ order none; }};
        zone "example.com" {{ type primary; file "{folder}/zone.signed"; }}; }};""")
    yield server
    server.close()


@pytest.fixture(scope="module")
def zone_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("zone") / "zone"
    path.write_text(ZONE)
    return path


@pytest.fixture
def pair(closing, tmp_path):
    return lambda clauses, **more: closing(Pair(tmp_path, clauses, **more))


def shape(reply):
    """(rcode, records of each section). Which additional addresses have signatures depends on the earlier queries to named."""
    return (reply.rcode(), *(sum(len(rrset) for rrset in section) for section in (reply.answer, reply.authority)),
            sum(len(rrset) for rrset in reply.additional if rrset.rdtype != dns.rdatatype.RRSIG))


def content(reply):
    """The records of the sections, unordered, without TTLs and signatures."""
    return [sorted((rrset.name.to_text().lower(), dns.rdatatype.to_text(rrset.rdtype), item.to_text().lower())
                   for rrset in section for item in rrset if rrset.rdtype != dns.rdatatype.RRSIG)
            for section in (reply.answer, reply.authority, reply.additional)]


def differences(servers, questions, flags, do):
    """The queries that the two answer differently."""
    unlike = []
    for name, rdtype in questions:
        ours, theirs = (server.ask(full(name), rdtype, flags=flags, do=do, size=4096, tcp=True) for server in servers)
        if shape(ours) != shape(theirs) or content(ours) != content(theirs):
            unlike.append((name, rdtype, shape(ours), shape(theirs)))
    return unlike


VALUES = ["yes", "no", "no-auth", "no-auth-recursive", None]


def clauses_of(value):
    """None: no statement for ours, BIND's default for named."""
    return {"clauses": f"minimal-responses {value};" if value else "", "peer": f"minimal-responses {value or 'no-auth-recursive'};"}


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("do", [False, True], ids=["plain", "do"])
def test_forwarded_answers_have_the_same_sections_as_in_named(pair, signed, value, do):
    servers = pair(**clauses_of(value), upstream=signed).servers
    for what in ("asked upstream", "of the cache"):
        assert not differences(servers, QUESTIONS, dns.flags.RD, do), what


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("flags", [0, dns.flags.RD], ids=["norec", "rec"])
def test_answers_of_local_zones_have_the_same_sections_as_in_named(pair, zone_file, value, flags):
    servers = pair(**clauses_of(value), local=zone_file).servers
    assert not differences(servers, QUESTIONS + ANY, flags, False)


def test_a_forward_zone_may_override_minimal_responses(split53, signed):
    program = split53([signed.where], options="minimal-responses yes;", extra=f"""zone "example.com" {{
        type forward; forwarders {{ {signed.where}; }}; minimal-responses no; }};""")
    assert shape(program.ask("mail.example.com")) == (0, 1, 3, 4)


# Order

def order(reply, rdtype, section="answer"):
    return tuple(item.to_text() for rrset in getattr(reply, section) if rrset.rdtype == rdtype for item in rrset)


def kind(orders):
    """The kind of order in a row of replies: "fixed", "cyclic" or "random"."""
    if len(set(orders)) == 1:
        return "fixed"
    if all(after == before[1:] + before[:1] for before, after in zip(orders, orders[1:])):
        return "cyclic"
    return "random" if len(set(orders)) > len(orders[0]) else f"neither: {orders}"


ORDERED = [("www", "A"), ("www", "AAAA"), ("alias", "A"), ("txt", "TXT"), ("_sip._tcp", "SRV"), ("@", "MX"), ("@", "NS")]
CLAUSES = {
    "default": ("", ["random"] * 7),
    "random": ("rrset-order { order random; };", ["random"] * 7),
    "cyclic": ("rrset-order { order cyclic; };", ["cyclic"] * 7),
    "none": ("rrset-order { order none; };", ["fixed"] * 7),
    "a type": ("rrset-order { type AAAA order cyclic; };", ["fixed", "cyclic"] + ["fixed"] * 5),
    "a name, which counts behind a CNAME": ('rrset-order { name "www.example.com" order cyclic; };', ["cyclic"] * 3 + ["fixed"] * 4),
    "a name that is an alias": ('rrset-order { name "alias.example.com" order cyclic; };', ["fixed"] * 7),
    "a name above": ('rrset-order { name "example.com" order cyclic; };', ["fixed"] * 5 + ["cyclic"] * 2),
    "a wildcard": ('rrset-order { name "*.example.com" order cyclic; };', ["cyclic"] * 5 + ["fixed"] * 2),
    "the first that fits": ('rrset-order { type A name "www.example.com" order none; type A order random; order cyclic; };',
                            ["fixed", "cyclic", "fixed"] + ["cyclic"] * 4),
}


def kinds(server):
    server.ask("www.example.com")
    return [kind([order(server.ask(full(name), rdtype, tcp=True), dns.rdatatype.from_text(rdtype)) for _ in range(30)])
            for name, rdtype in ORDERED]


@pytest.mark.parametrize("clauses,expected", CLAUSES.values(), ids=CLAUSES)
def test_forwarded_answers_have_the_same_order_as_in_named(pair, signed, clauses, expected):
    servers = pair(clauses, upstream=signed).servers
    assert kinds(servers[1]) == expected, "named"
    assert kinds(servers[0]) == expected


@pytest.mark.parametrize("clauses,expected", CLAUSES.values(), ids=CLAUSES)
def test_answers_of_local_zones_have_the_same_order_as_in_named(pair, zone_file, clauses, expected):
    servers = pair(clauses, local=zone_file).servers
    assert kinds(servers[1]) == expected, "named"
    assert kinds(servers[0]) == expected


def test_additional_addresses_keep_their_order_as_in_named(pair, signed):
    for server in pair("minimal-responses no; rrset-order { order cyclic; };", upstream=signed).servers:
        orders = [order(server.ask(full("_sip._tcp"), "SRV", tcp=True), dns.rdatatype.AAAA, "additional") for _ in range(6)]
        assert len(orders[0]) > 2 and kind(orders) == "fixed"


def test_each_set_has_its_own_cyclic_order(pair, signed):
    """Clients query A and AAAA alternately: a common counter would always begin a set of two with the same record."""
    program = pair("rrset-order { order cyclic; };", upstream=signed).split53
    first = {"A": [], "AAAA": []}
    for _ in range(10):
        for rdtype, firsts in first.items():
            firsts.append(order(program.ask(full("two"), rdtype), dns.rdatatype.from_text(rdtype))[0])
    for firsts in first.values():
        assert all(firsts.count(address) == 5 for address in firsts)


def test_order_fixed_keeps_the_order_of_the_upstream(pair, signed, split53):
    program = split53([signed.where], options="rrset-order { order fixed; };")
    upstream = order(signed.ask(full("www"), tcp=True), dns.rdatatype.A)
    assert all(order(program.ask(full("www")), dns.rdatatype.A) == upstream for _ in range(10))


def test_a_forward_zone_may_override_rrset_order(split53, signed):
    program = split53([signed.where], options="rrset-order { order random; };", extra=f"""zone "example.com" {{
        type forward; forwarders {{ {signed.where}; }}; rrset-order {{ order none; }}; }};""")
    assert kind([order(program.ask(full("www")), dns.rdatatype.A) for _ in range(20)]) == "fixed"


def test_different_records_are_left_in_cut_replies(split53, upstream):
    many = [f"many.example. 300 IN A 10.0.0.{i}" for i in range(1, 101)]
    server = upstream(lambda q: q.reply(*many))
    program = split53([server.where])
    seen = set()
    for _ in range(40):
        reply = program.ask("many.example")
        assert reply.flags & dns.flags.TC and len(reply.octets) <= 512
        seen.update(order(reply, dns.rdatatype.A))
    assert len(seen) == 100


def test_clients_that_wait_for_the_same_answer_get_different_orders(split53, upstream):
    """Leader and followers share one message while they are answered."""
    mail = [f"mail.example. 0 IN MX {i} mx{i}.elsewhere.example." for i in range(1, 8)]
    server = upstream(lambda q: q.send(q.reply(*mail), delay=0.1))
    program = split53([server.where], arguments=["-n", "1"])
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(program.client()) for _ in range(5)]	# more than ten queries of one client may not wait
        for identity in range(1, 41):
            clients[identity % 5].send(query("mail.example.", "MX", identity=identity).to_wire())
        replies = [parse(octets) for client in clients for octets in client.collect(8, 5).values()]
    orders = {order(reply, dns.rdatatype.MX) for reply in replies}
    assert len(replies) == 40 and len(server.queries) < 5
    assert len(orders) > 10 and len({frozenset(one) for one in orders}) == 1
