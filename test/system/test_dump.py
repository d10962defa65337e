# SPDX-License-Identifier: ISC
"""
SIGUSR1 writes the cache as text in the form of BIND's cache dump: each line can be parsed and has the data that dig shows, and the dump
of named after the same queries has the same records. It is written in the background: no reply waits for it.
"""
import os
import re
import signal
import subprocess
import threading
import time

import dns.rdata
import dns.rdataclass
import dns.rdatatype
import pytest

from support import known
from support.client import Client, ask, query, rcode
from support.dig import dig
from support.dump import Dump, dump
from support.process import patience, sanitized, wait_until
from support.servers import Named
from support.split53 import Split53, free_port
from support.upstream import answer_with

ZONE = r"""$TTL 300
@ SOA ns hostmaster 1 7200 900 1209600 120
@ NS ns
ns A 192.0.2.53
www A 192.0.2.1
www A 192.0.2.2
alias CNAME www
dangling CNAME nowhere
mx MX 10 www
srv SRV 0 5 80 www
text TXT "a b" "c;d\"e\\f" "\001\255"
six AAAA 2001:db8::1
caa CAA 0 issue "ca.example; x=y"
svc HTTPS 1 . alpn=h2,h3 port=8443
unknown TYPE65400 \# 3 010203
odd\.label\032\;x TXT "odd"
hinfo HINFO "a" "b"
naptr NAPTR 100 10 "u" "sip" "!^.*$!sip:a@b!" .
"""
ASKED = [("www", "A"), ("alias", "A"), ("dangling", "A"), ("mx", "MX"), ("srv", "SRV"), ("text", "TXT"), ("six", "AAAA"), ("caa", "CAA"),
         ("svc", "HTTPS"), ("unknown", "TYPE65400"), (r"odd\.label\032\;x", "TXT"), ("hinfo", "HINFO"), ("naptr", "NAPTR"), ("no", "A"),
         ("www", "AAAA"), (r"no\032such", "MX")]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "dump.db"


def test_each_line_of_a_dump_has_the_data_that_dig_shows(named, split53, path):
    server = named(zones={"example.com": ZONE}, port=free_port(), options="recursion no;")
    program = split53(forwarders=[server.where], options=f'dump-file "{path}"; minimal-responses no;')
    for name, kind in ASKED:
        dig(f"{name}.example.com", kind, server="127.0.0.1", port=program.port)
    dig("www.example.com", "A", "+dnssec", "+cd", server="127.0.0.1", port=program.port)
    seen = dump(program, path)
    assert seen.complete and list(seen.views) == ["_default"]
    view = seen.views["_default"]
    assert re.fullmatch(r"20\d{12}", view.date)
    assert len(view.questions) == len(ASKED) + 1 and "www.example.com/A DO CD" in view.questions
    for name, kind in ASKED:
        said = dig(f"{name}.example.com", kind, server="127.0.0.1", port=program.port)
        inside = view.questions[f"{name}.example.com/{kind}"]
        for worth, section in (("authanswer", said.answer), ("additional", said.additional)):
            found = {(record.owner, record.kind, record.data) for record in inside if record.worth == worth}
            assert {(owner, kind, normal(kind, data)) for owner, _, kind, data in section} == found, name
        assert all(abs(record.ttl - 300) <= 10 for record in inside if record.kind != "SOA")
    assert view.negative["no.example.com.", "ANY"][1] == "NXDOMAIN"
    assert view.negative[r"no\032such.example.com.", "ANY"][1] == "NXDOMAIN"
    assert view.negative["nowhere.example.com.", "ANY"][1] == "NXDOMAIN"
    assert view.negative["www.example.com.", "AAAA"][1] == "NXRRSET"
    assert all(110 <= ttl <= 120 for ttl, _ in view.negative.values())


def normal(kind, data):
    return dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.from_text(kind), data).to_text().lower()


def rndc_key(port):
    return f"""key k {{ algorithm hmac-sha256; secret "c2VjcmV0c2VjcmV0c2VjcmV0"; }};
controls {{ inet 127.0.0.1 port {port} allow {{ any; }} keys {{ k; }}; }};
"""


def test_the_dump_of_named_after_the_same_queries_has_the_same_records(named, closing, split53, tmp_path, path):
    server = named(zones={"example.com": ZONE}, port=free_port(), options="recursion no;")
    control, theirs_path = free_port(), tmp_path / "theirs.db"
    theirs = closing(Named(tmp_path, port=free_port(), name="forwarder", extra=rndc_key(control),
                           options=f'recursion yes; forward only; forwarders {{ {server.where}; }}; dump-file "{theirs_path}";'))
    ours = split53(forwarders=[server.where], options=f'dump-file "{path}";')
    began = time.monotonic()
    for name, kind in ASKED:
        for port in (theirs.port, ours.port):
            dig(f"{name}.example.com", kind, server="127.0.0.1", port=port)
    (tmp_path / "rndc.key").write_text(rndc_key(control).splitlines()[0])
    subprocess.run(["rndc", "-s", "127.0.0.1", "-p", str(control), "-k", str(tmp_path / "rndc.key"), "dumpdb", "-cache"], check=True,
                   capture_output=True)
    wait_until(lambda: theirs_path.exists() and "Dump complete" in theirs_path.read_text(), 10, "named's dump")
    said, read = Dump(theirs_path.read_text()).views["_default"], dump(ours, path).views["_default"]
    assert {record.key for record in said.records} == {record.key for record in read.records}
    assert set(said.negative) == set(read.negative)
    assert {key: word for key, (_, word) in said.negative.items()} == {key: word for key, (_, word) in read.negative.items()}
    worths = {record.key: record.worth for record in said.records}
    assert {record.key: record.worth for record in read.records} == worths
    times, apart = {record.key: record.ttl for record in said.records}, time.monotonic() - began + 2
    assert all(abs(times[record.key] - record.ttl) <= apart for record in read.records)
    # The same frame around it.
    for text in (theirs_path.read_text(), path.read_text()):
        assert text.startswith(";\n; Start view _default\n;\n;\n; Cache dump of view '_default' (cache _default)\n;\n")
        assert text.endswith("; Dump complete\n")


def test_views_come_one_after_the_other_with_their_own_answers(upstream, closing, tmp_path, path):
    inside, outside = upstream(answer_with("10.0.0.1", 300)), upstream(answer_with("192.0.2.1", 300))
    port = free_port()
    conf = f"""options {{ listen-on port {port} {{ 127.0.0.1; 127.0.0.2; }}; listen-on-v6 {{ none; }}; pid-file none;
        dump-file "{path}"; recursion yes; allow-query {{ any; }}; }};
    view "inside" {{ match-destinations {{ 127.0.0.2; }}; forwarders {{ {inside.where}; }}; stale-answer-enable yes; max-stale-ttl 3600; }};
    view "outside" {{ forwarders {{ {outside.where}; }}; }};"""
    program = closing(Split53(tmp_path, conf, wait_at=("127.0.0.1", port)))
    for address in ("127.0.0.1", "127.0.0.2"):
        ask((address, port), "split.example.com.")
    ask(("127.0.0.2", port), "only.example.com.")
    views = dump(program, path).views
    assert list(views) == ["inside", "outside"]
    assert {record.key for record in views["inside"].records} == {
        ("split.example.com.", "A", "10.0.0.1"), ("only.example.com.", "A", "10.0.0.1")}
    assert {record.key for record in views["outside"].records} == {("split.example.com.", "A", "192.0.2.1")}
    assert path.read_text().count("; using a 3600 second stale ttl\n") == 1


def numbered(where):
    """"127.0.0.1 port 5300" of a configuration, as the log and the dump print it."""
    return where.replace(" port ", "#")


def test_the_upstreams_are_at_the_end_with_their_health(upstream, split53, path):
    alive, dead = upstream(answer_with("192.0.2.1", 300)), f"127.0.0.1 port {free_port()}"
    program = split53(forwarders=[alive.where], options=f'dump-file "{path}";',
                      extra=f'zone "dead.example" {{ type forward; forwarders {{ {dead}; }}; }};')
    assert rcode(program.ask("www.example.com.")) == "NOERROR"
    assert rcode(program.ask("www.dead.example.")) == "SERVFAIL"
    program.process.wait_for_log(f"server {numbered(dead)} over UDP: .* -> down: refused", 5)
    seen = dump(program, path)
    assert list(seen.upstreams) == [(numbered(where), over) for where in (alive.where, dead) for over in ("UDP", "TCP")]
    up, down = seen.upstreams[numbered(alive.where), "UDP"], seen.upstreams[numbered(dead), "UDP"]
    assert (up["state"], up["why"], up["loss"], up["failed"], up["timeouts"], up["next probe"]) == ("up", "-", "0.0%", "0.0%", "0", "-")
    assert all(re.fullmatch(r"\d+ms|\d+\.\ds", up[title]) for title in ("for", "rtt", "var", "last answer"))
    assert (up["last failure"], up["in flight"], up["zones"]) == ("-", "0", ".")
    assert (down["state"], down["why"], down["rtt"], down["last answer"]) == ("down", "refused", "-", "-")
    assert down["last failure"] != "-" and down["zones"] == "dead.example"
    never = seen.upstreams[numbered(alive.where), "TCP"]
    assert (never["state"], never["loss"], never["zones"]) == ("up", "-", "-")


def test_the_upstreams_are_listed_with_the_views_that_use_them(closing, tmp_path, path):
    port, first, second = free_port(), free_port(), free_port()
    zones = "\n".join(f'zone "z{number}.example" {{ type forward; forwarders {{ 127.0.0.1 port {second}; }}; }};' for number in range(6))
    conf = f"""options {{ listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; pid-file none; dump-file "{path}"; }};
    view "inside" {{ match-clients {{ 127.0.0.2; }}; forwarders {{ 127.0.0.1 port {first}; }}; {zones} }};
    view "outside" {{ forwarders {{ 127.0.0.1 port {first}; }}; }};"""
    program = closing(Split53(tmp_path, conf, wait_at=("127.0.0.1", port)))
    seen = dump(program, path)
    assert seen.upstreams[f"127.0.0.1#{first}", "UDP"]["zones"] == ". (inside), . (outside)"
    assert seen.upstreams[f"127.0.0.1#{second}", "UDP"]["zones"] == (
        "z0.example (inside), z1.example (inside), z2.example (inside), z3.example (inside) and 2 more")


def test_a_stale_answer_is_marked_with_its_remaining_time(upstream, split53, path):
    program = split53(forwarders=[upstream(answer_with("192.0.2.1", 1)).where],
                      options=f'dump-file "{path}"; stale-answer-enable yes; max-stale-ttl 1000;')
    program.ask("stale.example.com.")
    time.sleep(1.2)
    (record,) = dump(program, path).views["_default"].records
    assert record.stale and 990 <= record.ttl <= 1000


def test_only_one_dump_runs_and_the_old_file_stays_until_the_new_one_is_complete(upstream, split53, path):
    program = split53(forwarders=[upstream(known.answer()).where], options=f'dump-file "{path}";')
    fill(program.port, 4000)
    first = dump(program, path)
    assert len(first.views["_default"].questions) == 4000
    before = os.stat(path).st_ino
    program.process.send_signal(signal.SIGUSR1)
    program.process.wait_for_log(r"dumpdb started[^$]*dumpdb started", 10)
    assert os.stat(path).st_ino == before or "dumpdb complete" in program.log()
    program.process.send_signal(signal.SIGUSR1)
    wait_until(lambda: program.log().count("dumpdb complete") + program.log().count("a dump is already in progress") >= 3 or
               program.log().count("dumpdb complete") == 3, 20 * patience(), "all are done")
    assert Dump(path.read_text()).complete
    assert not os.path.exists(f"{path}.new")


def fill(port, count):
    with Client("127.0.0.1", port) as client:
        for at in range(0, count, 50):
            for number in range(at, at + 50):
                client.send(query(known.name_of(number), identity=number - at).to_wire())
            assert len(client.collect(50, 5)) == 50


def test_a_dump_interrupted_by_the_end_leaves_no_partial_file(upstream, split53, path):
    program = split53(forwarders=[upstream(known.answer()).where], options=f'dump-file "{path}";')
    fill(program.port, 4000)
    program.process.send_signal(signal.SIGUSR1)
    program.process.wait_for_log("dumpdb started", 5)
    program.stop()
    said = program.log()
    assert "dumpdb complete" in said or f"dumpdb: cannot write '{path}': the program is stopping" in said
    assert path.exists() == ("dumpdb complete" in said) and not os.path.exists(f"{path}.new")


@pytest.mark.parametrize("where, words", [("nowhere/dump.db", "No such file or directory"), (".", "it is not a regular file"),
                                          ("/dev/null", "it is not a regular file"), ("/proc/self/dump.db", "")])
def test_a_dump_that_cannot_be_written_is_one_log_line(upstream, split53, tmp_path, where, words):
    program = split53(forwarders=[upstream(known.answer()).where], options=f'dump-file "{tmp_path / where}"; cache-file none;')
    program.ask(known.name_of(1))
    program.process.send_signal(signal.SIGUSR1)
    program.process.wait_for_log(f"error: dumpdb: cannot write '.*': {words}", 5)
    assert rcode(program.ask(known.name_of(1))) == "NOERROR"


def test_on_a_full_disk_the_old_dump_stays_and_there_is_one_log_line(upstream, split53, small_disk):
    path = small_disk / "dump.db"
    program = split53(forwarders=[upstream(known.answer()).where], options=f'dump-file "{path}"; cache-file none;')
    program.ask(known.name_of(1))
    dump(program, path)
    fill(program.port, 2000)
    program.process.send_signal(signal.SIGUSR1)
    program.process.wait_for_log("error: dumpdb: cannot write '.*': No space left on device", 10)
    assert os.listdir(small_disk) == ["dump.db"] and Dump(path.read_text()).complete
    assert rcode(program.ask(known.name_of(1))) == "NOERROR"


def test_without_a_cache_upstreams_and_counters_are_dumped(upstream, split53, path):
    program = split53(forwarders=[upstream(known.answer()).where], options=f'dump-file "{path}"; max-cache-size 0;')
    for number in range(3):
        program.ask(known.name_of(number))
    found = dump(program, path)
    assert found.complete and not found.views and len(found.upstreams) == 2
    assert found.counters["exchange-udp"] == found.counters["join-started"] == 3
    assert found.counters["listen-udp"] == 4    # and the query of the test whether it answers
    assert "find-hit" not in found.counters


def test_the_counters_show_how_many_queries_wait(upstream, split53, path):
    held = []
    program = split53(forwarders=[upstream(lambda q: held.append(q) if q.name.startswith("held") else q.address()).where],
                      options=f'dump-file "{path}"; max-cache-size 0;')
    with Client(program.address, program.port) as client:
        for number in range(7):
            client.send(query(f"held{number}.example.").to_wire())
        wait_until(lambda: len({query.name for query in held}) == 7, 10, "all names were queried")
        assert dump(program, path).counters["pending-now"] == 7


def test_no_reply_waits_for_a_dump(upstream, split53, path, capsys):
    names = 4000 if sanitized() else 20000
    program = split53(forwarders=[upstream(known.answer()).where], options=f'dump-file "{path}";')
    fill(program.port, names)

    def longest_while(busy):
        times = []
        with Client("127.0.0.1", program.port) as client:
            while busy():
                began = time.monotonic()
                client.send(query(known.name_of(len(times) % names), identity=len(times) % 65536).to_wire())
                client.receive()
                times.append(time.monotonic() - began)
        return sorted(times)
    end = time.monotonic() + 0.5
    quiet = longest_while(lambda: time.monotonic() < end)
    program.process.send_signal(signal.SIGUSR1)
    loud = longest_while(lambda: "dumpdb complete" not in program.log())
    took = re.search(r"dumpdb complete: (\d+) answers .* after (\d+) ms", program.log())
    with capsys.disabled():
        print(f"\ndump of {took.group(1)} answers in {took.group(2)} ms; an answer meanwhile took at most {loud[-1] * 1000:.1f} ms, "
              f"{loud[len(loud) // 2] * 1000:.2f} in the median (without: {quiet[-1] * 1000:.1f} and {quiet[len(quiet) // 2] * 1000:.2f})")
    # Not the longest: on a busy machine that one may have waited for another process.
    assert loud[len(loud) * 99 // 100] < 0.05 * patience()


def test_dumps_under_load_are_always_complete(upstream, split53, path):
    program = split53(forwarders=[upstream(known.answer(ttl=2)).where], options=f'dump-file "{path}"; max-cache-size 2m;')
    stop = threading.Event()
    asking = threading.Thread(target=lambda: [fill(program.port, 2000) for _ in iter(stop.is_set, True)])
    asking.start()
    try:
        for number in range(1, 6):
            view = dump(program, path, number).views["_default"]
            for record in view.records:
                if record.kind == "A":
                    assert record.data == known.address_of(known.number_of(record.owner))
    finally:
        stop.set()
        asking.join()
