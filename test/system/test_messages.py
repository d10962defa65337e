# SPDX-License-Identifier: ISC
"""Messages, and that they are true: denied queries, failed servers, debug levels, unused files."""
import os
import re
import subprocess

import pytest

from support import namespace
from support.client import extended_errors, query, rcode
from support.process import BINARY, wait_until
from support.split53 import Split53, free_port, run_once
from support.upstream import FORMERR, REFUSED, SERVFAIL, answer_with

EXTENDED_ERROR = 15


def error_text(message):
    """The text of our own extended error, which comes first."""
    return next((option.text for option in message.options if option.otype == EXTENDED_ERROR), None)


def ask_from(program, source, name, rdtype="A"):
    return program.ask(name, rdtype, source=source)


DENYING = """view inner { match-clients { 127.0.0.1; }; allow-query-cache { none; };
    zone "deny.test" { type master; file "%s"; allow-query { none; }; };
    zone "kept.test" { type master; file "%s"; }; };
view norec { match-clients { 127.0.0.4; }; recursion no; };
"""


@pytest.fixture
def denying(closing, tmp_path):
    """A server that denies queries, with all severities on standard error."""
    zone, port = tmp_path / "zone.db", free_port()
    zone.write_text("$TTL 300\n@ SOA ns h 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n")
    conf = f"options {{ listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; forwarders {{ 192.0.2.1; }}; }};\n"
    return closing(Split53(tmp_path, conf + DENYING % (zone, zone), wait_at=("127.0.0.1", port), arguments=["-n", "1", "-d", "1"]))


@pytest.mark.parametrize("source,name,rdtype,said", [
    ("127.0.0.1", "x.example.", "A",
     r"security: info: client 127\.0\.0\.1#\d+ \(x\.example\): view inner: query \(cache\) 'x\.example/A/IN' denied "
     r"\(allow-query-cache did not match\)"),
    ("127.0.0.1", "a.deny.test.", "A", r"security: info: client 127\.0\.0\.1#\d+ \(a\.deny\.test\): view inner: query 'a\.deny\.test/A/IN' denied\n"),
    ("127.0.0.1", "kept.test.", "IXFR", r"security: error: client \S+ \(kept\.test\): view inner: zone transfer 'kept\.test/IXFR/IN' denied\n"),
    ("127.0.0.9", "x.example.", "A", r"client: debug 1: client 127\.0\.0\.9#\d+: no matching view in class 'IN'\n"),
])
def test_a_denied_query_is_logged_as_in_named(denying, source, name, rdtype, said):
    assert rcode(ask_from(denying, source, name, rdtype)) == "REFUSED"
    wait_until(lambda: re.search(said, denying.log()), 5, f"a line as {said}")


def test_without_recursion_no_list_is_named_as_the_reason(denying):
    assert rcode(ask_from(denying, "127.0.0.4", "x.example.")) == "REFUSED"
    assert rcode(ask_from(denying, "127.0.0.1", "after.example.")) == "REFUSED"
    wait_until(lambda: "after.example/A/IN" in denying.log(), 5, "the query after it")
    assert not re.search(r"security: .*127\.0\.0\.4", denying.log())


def test_a_flood_of_denied_queries_is_logged_as_ten_lines_a_second_and_a_count(denying):
    count = 400
    with denying.client() as client:
        for number in range(count):
            client.send(query(f"n{number}.example.").to_wire())
        client.collect(count, 10)

    def all_told():
        lines = re.findall(r"security: info: client .* denied", denying.log())
        counted = [int(each) for each in re.findall(r"security: info: (\d+) more queries were denied within a second", denying.log())]
        return len(lines) + sum(counted) >= count and (lines, counted)
    lines, counted = wait_until(all_told, 10, "each is logged or counted")
    assert len(lines) + sum(counted) == count
    assert len(lines) <= 10 * (len(counted) + 1) and counted


def test_each_failed_server_is_reported_with_its_own_cause(upstream, split53):
    refusing, failing, none = upstream(lambda q: q.reply(rcode=REFUSED)), upstream(lambda q: q.reply(rcode=SERVFAIL)), free_port()
    program = split53(forwarders=[refusing.where, failing.where, f"127.0.0.1 port {none}"], arguments=["-n", "1"])
    reply = program.ask("www.example.com.", edns=0)
    assert rcode(reply) == "SERVFAIL" and extended_errors(reply)
    assert set(error_text(reply).split("; ")) == {
        f"127.0.0.1#{refusing.port} answered with REFUSED", f"127.0.0.1#{failing.port} answered with SERVFAIL",
        f"127.0.0.1#{none} refused: nothing listens on that port"}


def test_one_failure_per_server_and_second_is_logged_in_lame_servers(upstream, split53):
    refusing = upstream(lambda q: q.reply(rcode=REFUSED))
    program = split53(forwarders=[refusing.where], arguments=["-n", "1"])
    program.ask("www.example.com.")
    wait_until(lambda: re.search(rf"lame-servers: info: REFUSED unexpected RCODE resolving 'www\.example\.com/A/IN': 127\.0\.0\.1#{refusing.port}\n",
                                 program.log()), 5, "as in named")


def test_success_without_edns_is_logged_in_edns_disabled(upstream, split53):
    old = upstream(lambda q: q.reply(rcode=FORMERR, edns=False) if q.edns_size is not None else q.address())
    program = split53(forwarders=[old.where], arguments=["-n", "1"])
    assert rcode(program.ask("www.example.com.")) == "NOERROR"
    said = rf"edns-disabled: info: success resolving 'www\.example\.com/A' \(in '\.'\?\) after disabling EDNS: 127\.0\.0\.1#{old.port}\n"
    wait_until(lambda: re.search(said, program.log()), 5, "as in named")


def test_the_extended_error_says_that_a_forwarder_is_our_own_address(closing, tmp_path):
    port = free_port()
    conf = f"options {{ listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; forwarders {{ 127.0.0.1 port {port}; }}; }};"
    program = closing(Split53(tmp_path, conf, wait_at=("127.0.0.1", port)))
    reply = program.ask("www.example.com.", edns=0)
    assert rcode(reply) == "SERVFAIL"
    assert error_text(reply) == "no server can be queried: it is where split53 itself listens"


def test_debug_levels_add_state_changes_exchanges_and_steps(upstream, split53):
    server = upstream(answer_with())
    logs = {}
    for level in (1, 2, 3):
        program = split53(forwarders=[server.where], arguments=["-n", "1", "-d", str(level)])
        assert rcode(program.ask("www.example.com.")) == "NOERROR"
        program.stop()
        logs[level] = program.log()
    exchange = rf"dispatch: debug 2: server 127\.0\.0\.1#{server.port} over UDP, 'www\.example\.com/A/IN': (query|response)"
    assert not re.search(exchange, logs[1])
    assert re.findall(exchange, logs[2]) == ["query", "response"]
    steps = r"client: debug 3: client \S+ \(www\.example\.com\): A, (\w+): "
    assert not re.search(steps, logs[2])
    assert re.findall(steps, logs[3]) == ["parse", "view", "admit", "route", "find", "join", "join", "answer"]
    assert re.findall(r"client: debug 3: fetch www\.example\.com/A: (\w+): ", logs[3]) == ["choose", "exchange", "validate", "store"]


def test_an_unused_named_conf_is_reported(closing, tmp_path):
    namespace.private_folder("/etc", str(tmp_path))
    os.makedirs("/etc/bind", exist_ok=True)
    with open("/etc/bind/named.conf", "w", encoding="utf-8") as file:
        file.write("options { };\n")
    port = free_port()
    program = closing(Split53(tmp_path, None, wait_at=("127.0.0.1", port), arguments=["--listen", f"127.0.0.1:{port}"]))
    assert re.search(r"config: warning: /etc/bind/named\.conf exists but .*'-c /etc/bind/named\.conf'", program.log())
    assert "not read: /etc/bind/named.conf (use -c to read it)" in run_once("--explain")[1]
    conf = tmp_path / "named.conf"
    conf.write_text("options { };\n")
    assert "not read" not in run_once("--explain", "-c", str(conf))[1]


def test_flag_V_shows_the_libraries():
    said = run_once("-V")[1]
    for library in ("c-ares", "ldns", "libevent", "xxhash"):
        assert re.search(rf"^{library}: \d+\.\d+", said, re.MULTILINE), said
    assert re.search(r"^built by: (gcc|.*[Cc]lang)", said, re.MULTILINE)


def test_explain_shows_the_number_of_usable_processors():
    done = subprocess.run(["taskset", "-c", str(min(os.sched_getaffinity(0))), BINARY, "--explain"], capture_output=True, text=True, check=True)
    assert "    workers 1, one for each processor that this process may use (default)\n" in done.stdout


def test_explain_shows_which_forwarders_are_not_used(tmp_path):
    conf = tmp_path / "families.conf"
    conf.write_text("options { listen-on { 127.0.0.1; }; listen-on-v6 { none; }; forwarders { 192.0.2.1; 2001:db8::1; }; };\n"
                    'zone "six.example" { type forward; forwarders { 2001:db8::2; }; };\n')
    said = run_once("--explain", "-4", "-c", str(conf))[1]
    assert 'zone "." forwarded to 192.0.2.1#53 2001:db8::1#53 (not queried: it is IPv6, and -4 is given) (' in said
    assert 'zone "six.example" forwarded to 2001:db8::2#53 (not queried: it is IPv6, and -4 is given) so queries get SERVFAIL (' in said
    said = run_once("--explain", "-4", "-c", str(conf), "www.six.example")[1]
    assert "answer   SERVFAIL: no server can be queried: it is IPv6, and -4 is given\n" in said


RIGHTS = """options {{ listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; forwarders {{ {where}; }}; }};
view norec {{ match-clients {{ 127.0.0.1; }}; recursion no; allow-query-cache {{ any; }}; {zones} }};
view noquery {{ match-clients {{ 127.0.0.2; }}; allow-query {{ none; }}; {zones}
    zone "open.test" {{ type primary; file "{zone}"; allow-query {{ any; }}; }}; }};
view cached {{ match-clients {{ 127.0.0.3; }}; allow-recursion {{ none; }}; allow-query-cache {{ any; }}; {zones} }};
view elsewhere {{ match-clients {{ 127.0.0.4; }}; allow-query-on {{ 127.0.0.2; }}; {zones} }};
view refusing {{ match-clients {{ 127.0.0.5; }}; empty-forwarders refuse; zone "none.test" {{ type forward; forwarders {{ }}; }}; }};
"""
ZONES = """zone "here.test" {{ type primary; file "{zone}"; }};
    zone "copy.test" {{ type secondary; file "copy"; primaries {{ {where}; }}; }};
    zone "stub.test" {{ type stub; primaries {{ {where}; }}; }};
    zone "there.test" {{ type forward; forwarders {{ {where}; }}; }};"""


def test_explain_shows_refused_for_a_client_that_is_refused(closing, tmp_path, upstream):
    zone, port = tmp_path / "zone.db", free_port()
    zone.write_text("$TTL 300\n@ SOA ns h 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n")
    where = upstream(answer_with()).where
    conf = RIGHTS.format(port=port, where=where, zone=zone, zones=ZONES.format(where=where, zone=zone))
    conf = re.sub('file "copy"', lambda _, number=iter(range(9)): f'file "copy{next(number)}"', conf)
    program = closing(Split53(tmp_path, conf, wait_at=("127.0.0.1", port)))
    refused = 0
    for source in (f"127.0.0.{last}" for last in range(1, 7)):
        for name in ("ns.here.test", "ns.open.test", "x.copy.test", "x.stub.test", "x.there.test", "x.none.test", "www.example", "localhost"):
            said = run_once("--explain", "-c", program.conf_path, name, source)[1]
            is_refused = rcode(ask_from(program, source, name + ".")) == "REFUSED"
            assert ("answer   REFUSED" in said) == is_refused, (source, name, said)
            refused += is_refused
    assert 10 < refused < 40
