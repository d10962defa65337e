# SPDX-License-Identifier: ISC
"""Header and EDNS rules towards clients. Where BIND defines the behaviour, a real named that forwards likewise gets the same queries."""
import random
import socket
import struct
import time

import dns.edns
import dns.flags
import dns.rcode
import pytest

from conftest import conf_text
from support.client import Client, addresses, ask, ask_raw, query, rcode, rdata
from support.namespace import add_address, remove_address
from support.servers import Named
from support.split53 import Split53, free_port
from support.upstream import FakeUpstream, answer_with

QUESTION = b"\x03www\x07example\x03com\0\0\1\0\1"
OPT = b"\0\0\x29\x04\xd0\0\0\0\0\0\0"


def header(identity=0x1234, flags=0x0100, questions=1, answers=0, authority=0, additional=0):
    return struct.pack("!6H", identity, flags, questions, answers, authority, additional)


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """The program and a named, both forwarding to the same server."""
    folder = tmp_path_factory.mktemp("pair")
    server = FakeUpstream(answer_with("192.0.2.1"))
    port = free_port()
    program = Split53(folder, conf_text(port, [server.where]), wait_at=("127.0.0.1", port))
    oracle = Named(folder, port=free_port(), options=f"""recursion yes; allow-query {{ any; }}; forward only;
        forwarders {{ {server.where}; }}; qname-minimization off;""")
    yield program, oracle, server
    program.stop()
    oracle.close()
    server.close()


def both(pair, octets, tcp=False):
    """The responses of the program and of named to the same message: (rcode, flags without AD, CD and Z), or None without a response."""
    answers = []
    for place in (("127.0.0.1", pair[0].port), ("127.0.0.1", pair[1].port)):
        try:
            answers.append(ask_raw(place, octets, timeout=1.0, tcp=tcp))
        except (OSError, EOFError):
            answers.append(None)
    return answers


def code_of(octets):
    return None if octets is None else dns.rcode.to_text(octets[3] & 15)


# Headers

@pytest.mark.parametrize("what,octets", [
    ("opcode IQUERY", header(flags=0x0900) + QUESTION), ("opcode STATUS", header(flags=0x1100) + QUESTION),
    ("opcode 3", header(flags=0x1900) + QUESTION), ("opcode 6", header(flags=0x3100) + QUESTION),
    ("opcode 15", header(flags=0x7900) + QUESTION), ("a reply", header(flags=0x8180) + QUESTION),
    ("no question", header(questions=0)), ("no question but an OPT", header(questions=0, additional=1) + OPT),
    ("two questions", header(questions=2) + QUESTION + QUESTION), ("a header that lacks its question", header()),
    ("a truncated question", header() + QUESTION[:-3]), ("bytes after the question", header() + QUESTION + b"xyz"),
    ("eleven bytes", header()[:11]), ("one byte", b"x"),
    ("a label type that is not there", header() + b"\x80www\0\0\1\0\1"),
    ("a name that points at itself", header() + b"\xc0\x0c\0\1\0\1"),
    ("class CH of a foreign name", header() + QUESTION[:-1] + b"\3"),
    ("class HS", header() + QUESTION[:-1] + b"\4"), ("class 0", header() + QUESTION[:-1] + b"\0"),
    ("class NONE", header() + QUESTION[:-2] + b"\0\xfe"),
    ("type MAILB", header() + QUESTION[:-4] + b"\0\xfd\0\1"), ("type MAILA", header() + QUESTION[:-4] + b"\0\xfe\0\1"),
    ("type OPT", header() + QUESTION[:-4] + b"\0\x29\0\1"), ("type TSIG", header() + QUESTION[:-4] + b"\0\xfa\0\1"),
    ("AXFR over UDP", header() + QUESTION[:-4] + b"\0\xfc\0\1"),
    ("two OPT", header(additional=2) + QUESTION + OPT + OPT),
    ("an OPT with an owner other than the root", header(additional=1) + QUESTION + b"\1a" + OPT),
    ("an OPT in the answer section", header(answers=1) + QUESTION + OPT),
    ("a cut OPT", header(additional=1) + QUESTION + OPT[:-2]),
    ("an option that is longer than the OPT", header(additional=1) + QUESTION + OPT[:-2] + b"\0\4\0\x0a\0\x20"),
], ids=lambda value: value if isinstance(value, str) else "")
def test_the_reply_has_the_same_rcode_as_that_of_named(pair, what, octets):
    ours, theirs = both(pair, octets)
    assert code_of(ours) == code_of(theirs)
    if ours is not None:
        assert ours[:2] == octets[:2]
        assert ours[2] & 0x80
        assert ours[2] & 0x78 == octets[2] & 0x78, "the opcode is that of the query"


@pytest.mark.parametrize("what,octets", [
    ("AXFR", header() + QUESTION[:-4] + b"\0\xfc\0\1"),
    ("IXFR", header(authority=1) + QUESTION[:-4] + b"\0\xfb\0\1" + b"\xc0\x0c\0\6\0\1\0\0\0\0\0\x16\0\0" + b"\0\0\0\1" * 5)],
    ids=["AXFR", "IXFR"])
def test_a_zone_transfer_is_refused_over_tcp(pair, what, octets):
    ours, theirs = both(pair, octets, tcp=True)
    assert code_of(ours) in ("REFUSED", "NOTAUTH", "NOTIMP")
    assert code_of(ours) == code_of(theirs) or what == "IXFR"


@pytest.mark.parametrize("opcode", [4, 5])
def test_notify_and_update_are_not_forwarded(pair, opcode):
    before = len(pair[2].queries)
    ours, _ = both(pair, header(flags=opcode << 11) + QUESTION[:-4] + b"\0\6\0\1")
    assert code_of(ours) in ("NOTAUTH", "NOTIMP", "REFUSED")
    assert len([q for q in pair[2].queries[before:] if q.flags >> 11 & 15]) == 0


def test_a_plain_answer_has_the_right_header_bits(pair):
    answer = pair[0].ask("bits.example.com.")
    assert answer.flags == dns.flags.QR | dns.flags.RD | dns.flags.RA
    assert answer.edns == -1


def test_reserved_bits_of_a_query_are_not_echoed(pair):
    ours = ask_raw(("127.0.0.1", pair[0].port), header(flags=0x0140 | 0x0600) + QUESTION)
    assert ours[3] & 0x40 == 0 and ours[2] & 0x06 == 0


def test_without_rd_nothing_is_forwarded(pair):
    """named answers from its own data, and it has none: a referral, an empty answer or a failure, never the record."""
    before = len(pair[2].queries)
    answer = pair[0].ask("rd0.example.com.", flags=0)
    assert not answer.answer and not answer.flags & dns.flags.RD
    assert all(q.name != "rd0.example.com." for q in pair[2].queries[before:])


@pytest.mark.parametrize("spelling", ["WWW.EXAMPLE.COM.", "wWw.eXaMpLe.cOm.", "www.example.com."])
def test_the_question_comes_back_in_the_letter_case_of_the_query(pair, spelling):
    pair[0].ask(spelling)	# ask() checks the question
    answer = pair[0].ask(spelling)
    assert answer.answer[0].name.to_text() == spelling or answer.answer[0].name.to_text().lower() == spelling.lower()


@pytest.mark.parametrize("name", ["version.bind.", "version.server.", "hostname.bind.", "id.server.", "authors.bind.", "x.bind."])
@pytest.mark.parametrize("rdtype", ["TXT", "A", "ANY", "SOA"])
def test_chaos_names_are_answered_or_refused_as_in_named(pair, name, rdtype):
    ours = pair[0].ask(name, rdtype, rdclass="CH", flags=0)
    if name in ("version.bind.", "hostname.bind.", "id.server.") and rdtype in ("TXT", "ANY"):
        theirs = pair[1].ask(name, rdtype, rdclass="CH", flags=0)
        assert rcode(ours) == rcode(theirs)
        assert bool(rdata(ours, "TXT")) == bool(rdata(theirs, "TXT"))
    else:
        assert rcode(ours) in ("NOERROR", "NXDOMAIN", "REFUSED") and not rdata(ours, "A")


def test_version_hostname_and_server_id_have_the_configured_texts(split53, upstream):
    program = split53(forwarders=[upstream().where], options='version "one two"; hostname "box"; server-id "id-7";')
    for name, want in (("version.bind.", '"one two"'), ("hostname.bind.", '"box"'), ("id.server.", '"id-7"')):
        assert {data for _, _, data in rdata(program.ask(name, "TXT", rdclass="CH"))} == {want}


def test_version_none_and_hostname_none_hide_them(split53, upstream):
    program = split53(forwarders=[upstream().where], options="version none; hostname none; server-id none;")
    for name in ("version.bind.", "hostname.bind.", "id.server."):
        assert not program.ask(name, "TXT", rdclass="CH").answer


def test_nsid_is_sent_to_a_client_that_requests_it(split53, upstream):
    program = split53(forwarders=[upstream().where], options='server-id "id-7";')
    answer = program.ask("nsid.example.com.", options=[dns.edns.GenericOption(3, b"")])
    assert [option.to_wire() for option in answer.options if option.otype == 3] in ([b"id-7"], [])


def test_any_is_forwarded_and_minimal_any_shortens_it_over_udp_only(split53, upstream):
    server = upstream(lambda q: q.reply((1, 60, b"\xc0\0\2\1"), (28, 60, bytes(16)), (16, 60, b"\3txt")))
    program = split53(forwarders=[server.where])
    assert len(program.ask("any.example.com.", "ANY").answer) == 3
    shortened = split53(forwarders=[server.where], options="minimal-any yes;", name="minimal")
    assert len(shortened.ask("any.example.com.", "ANY").answer) == 1
    assert len(shortened.ask("any.example.com.", "ANY", tcp=True).answer) == 3


# EDNS, hop by hop

def test_an_unknown_edns_version_is_badvers(pair):
    answer = pair[0].ask("v1.example.com.", edns=1)
    assert answer.rcode() == dns.rcode.BADVERS and answer.edns == 0 and not answer.answer
    assert pair[1].ask("v1.example.com.", edns=1).rcode() == dns.rcode.BADVERS


def test_unknown_options_are_ignored_and_not_echoed(pair):
    answer = pair[0].ask("opt.example.com.", options=[dns.edns.GenericOption(65001, b"abc"), dns.edns.GenericOption(20292, b"")])
    assert rcode(answer) == "NOERROR" and answer.edns == 0
    assert 65001 not in {option.otype for option in answer.options}


def test_our_udp_size_is_in_the_opt_and_only_a_query_with_opt_gets_one(pair):
    answer = pair[0].ask("size.example.com.", edns=0, size=4096)
    assert answer.edns == 0 and answer.payload == pair[1].ask("size.example.com.", edns=0, size=4096).payload
    assert pair[0].ask("size.example.com.").edns == -1
    for octets in (header(flags=0x1100) + QUESTION, header(questions=2) + QUESTION + QUESTION):
        assert ask_raw(("127.0.0.1", pair[0].port), octets)[10:12] == b"\0\0"


def test_max_udp_size_limits_the_size_that_a_client_may_offer(split53, upstream):
    count = 4000
    records = [(1, 60, bytes([10, 1, number >> 8, number & 255])) for number in range(count)]
    server = upstream(lambda q: q.reply(*records) if q.tcp else q.reply(tc=True))
    # A client on loopback gets its own size if the statement is not configured.
    for options, name, sizes in (("", "default", {1232: 1232, 4096: 4096, 8192: 8192, 65535: 65507}),
                                 ("max-udp-size 4096;", "wide", {8192: 4096}), ("max-udp-size 1232;", "narrow", {8192: 1232})):
        program = split53(forwarders=[server.where], options=options, name=name)
        for _ in ("fresh", "from the cache"):
            for asked, limit in sizes.items():
                reply = program.ask("cap.example.com.", edns=0, size=asked)
                whole = asked == 65535
                assert len(reply.octets) <= limit and bool(reply.flags & dns.flags.TC) != whole, (name, asked, len(reply.octets))
                assert len(reply.answer[0]) >= (count if whole else min(96, (limit - 100) // 16))	# cut, it has 96 records at most


# Random bytes

def test_random_bytes_get_the_right_rcode_or_no_reply_and_serving_continues(pair):
    rng = random.Random(53)
    whole = query("fuzz.example.com.", edns=0, do=True).to_wire()
    with Client("127.0.0.1", pair[0].port) as client:
        for number in range(3000):
            if number % 3 == 0:
                octets = bytes(rng.randrange(256) for _ in range(rng.randrange(0, 120)))
            else:
                changed = bytearray(whole)
                for _ in range(rng.randint(1, 6)):
                    changed[rng.randrange(len(changed))] = rng.randrange(256)
                octets = bytes(changed[:rng.randint(1, len(changed))]) if number % 3 == 1 else bytes(changed)
            client.send(octets)
            if number % 100 == 99:
                for reply in client.collect(100, 0.05).values():
                    assert reply[2] & 0x80 and len(reply) >= 12
    assert rcode(pair[0].ask("after.example.com.")) == "NOERROR"


# Access

def test_allow_query_refuses_and_blackhole_drops(split53, upstream):
    server = upstream()
    program = split53(forwarders=[server.where], extra="", options="""
        blackhole { 127.0.0.66; }; allow-recursion { ! 127.0.0.77; any; };""")
    where = ("127.0.0.1", program.port)
    assert rcode(ask(where, "a.example.com.", source="127.0.0.55")) == "NOERROR"
    assert rcode(ask(where, "a.example.com.", source="127.0.0.77")) == "REFUSED"
    with pytest.raises(OSError):
        ask(where, "a.example.com.", source="127.0.0.66", timeout=0.5)


def test_each_client_is_answered_from_its_own_view(split53, upstream):
    inside, outside = upstream(answer_with("10.0.0.1")), upstream(answer_with("198.51.100.1"))
    port = free_port()
    add_address("10.66.0.99/32")
    program = split53(port=port, conf=f"""
acl inner {{ 127.0.0.10; 127.0.1.0/24; }};
options {{ listen-on port {port} {{ any; }}; listen-on-v6 {{ none; }}; recursion yes; pid-file none; }};
view "inner" {{ match-clients {{ inner; }}; forward only; forwarders {{ {inside.where}; }}; }};
view "other" {{ match-clients {{ any; }}; match-destinations {{ ! 10.66.0.99; any; }}; forward only; forwarders {{ {outside.where}; }}; }};
""")
    where = ("127.0.0.1", program.port)
    assert addresses(ask(where, "a.example.com.", source="127.0.0.10")) == ["10.0.0.1"]
    assert addresses(ask(where, "a.example.com.", source="127.0.1.9")) == ["10.0.0.1"]
    assert addresses(ask(where, "a.example.com.", source="127.0.0.11")) == ["198.51.100.1"]
    assert rcode(ask(("10.66.0.99", port), "a.example.com.", source="127.0.0.11")) == "REFUSED"
    remove_address("10.66.0.99/32")


# Local zones

def test_a_primary_zone_is_answered_from_its_file(split53, upstream, tmp_path):
    (tmp_path / "corp.zone").write_text("""$TTL 300
@ IN SOA ns.corp.example. host.corp.example. 1 2 3 4 60
@ IN NS ns
ns IN A 10.0.0.53
www IN A 10.0.0.80
www IN AAAA 2001:db8::80
alias IN CNAME www
out IN CNAME www.example.com.
*.wild IN TXT "any"
""")
    server = upstream()
    program = split53(forwarders=[server.where], options=f'directory "{tmp_path}";',
                      extra='zone "corp.example" { type primary; file "corp.zone"; };')
    assert addresses(program.ask("WWW.corp.example.")) == ["10.0.0.80"]
    assert program.ask("www.corp.example.").flags & dns.flags.AA
    assert addresses(program.ask("alias.corp.example.", "AAAA")) == ["2001:db8::80"]
    assert addresses(program.ask("out.corp.example.")) == ["192.0.2.1"]
    assert rdata(program.ask("x.wild.corp.example.", "TXT")) == {("x.wild.corp.example.", "TXT", '"any"')}
    nothing = program.ask("nosuch.corp.example.")
    assert rcode(nothing) == "NXDOMAIN" and rdata(nothing, "SOA", "authority")
    assert rcode(program.ask("ns.corp.example.", "MX")) == "NOERROR"
    assert all(not q.name.endswith("corp.example.") for q in server.queries)


def test_uncompressed_owners_have_the_letter_case_of_the_client(upstream, split53):
    """The upstream query has random letter case; no client may see it, be the answer new or cached."""
    def answer(q):
        owner = b"".join(bytes([len(label)]) + label for label in q.labels) + b"\0"
        return q.reply(owner + struct.pack("!HHIH4s", 1, 1, 60, 4, b"\xc0\0\2\1"))
    program = split53(forwarders=[upstream(answer).where])
    for spelling in (b"LongEnough.For.A.Random.Spelling.Example", b"longenough.for.a.random.spelling.example"):
        wire = b"".join(bytes([len(label)]) + label for label in spelling.split(b".")) + b"\0"
        octets = ask_raw(("127.0.0.1", program.port), header(identity=1) + wire + b"\0\1\0\1")
        assert octets[12:].startswith(wire + b"\0\1\0\1" + wire), octets


# Loops with other UDP services that reply to whatever they get (chargen, RFC 864)

CHARGEN = bytes(range(32, 127))


def machine(program, port, seconds=2.0):
    """What a chargen at this port gets from the program after one query: the datagrams it answers."""
    got = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", port))
        sock.settimeout(0.5)
        sock.connect(("127.0.0.1", program.port))
        sock.send(query("www.example.com.", "A").to_wire())
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                got.append(sock.recv(65535))
            except TimeoutError:
                break
            line = CHARGEN[len(got) % 20:][:74]
            sock.send(line[:2] + b"\1\0" + line[4:])	# QR is not set
    return got


@pytest.mark.parametrize("port", [7, 13, 17, 19, 37])
def test_a_query_from_the_port_of_another_udp_service_is_dropped(split53, upstream, port):
    program = split53(forwarders=[upstream().where])
    assert machine(program, port) == []
    assert addresses(program.ask("www.example.com.")) == ["192.0.2.1"]


def test_another_udp_service_gets_answers_and_one_formerr_a_second(split53, upstream):
    program = split53(forwarders=[upstream().where])
    got = machine(program, 4019)
    assert 2 <= len(got) <= 5, "an answer, then FORMERR for its first line, and for none that follows it within a second"
    assert [octets[3] & 15 for octets in got[1:]] == [1] * (len(got) - 1)


def test_no_error_reply_goes_to_kpasswd(split53, upstream):
    program = split53(forwarders=[upstream().where])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 464))
        sock.settimeout(0.5)
        sock.connect(("127.0.0.1", program.port))
        for octets in (header(), header(flags=0x2900) + QUESTION):
            sock.send(octets)
            with pytest.raises(TimeoutError):
                sock.recv(65535)
        sock.send(header() + QUESTION)
        assert sock.recv(65535)[3] & 15 == 0


def test_a_response_never_gets_a_reply(split53, upstream):
    """Nor does a malformed or an error response: only queries get FORMERR."""
    program = split53(forwarders=[upstream().where])
    for octets in (header(flags=0x8180) + QUESTION, header(flags=0x8181), header(flags=0xa904) + b"\xff" * 40):
        with pytest.raises(TimeoutError):
            ask_raw(("127.0.0.1", program.port), octets, timeout=0.3)
