# SPDX-License-Identifier: ISC
"""SIGHUP under load loses no query; with a broken file it loses no query, keeps the old configuration and reports the errors."""
import os
import re
import signal
import subprocess
import threading
import time

import pytest

from support.client import Stream, addresses, ask
from support.process import patience, sanitized, wait_until
from support.split53 import free_port
from support.upstream import answer_with

RATE, SECONDS = 2000, 6
ZONE = """$TTL {ttl}
@ IN SOA ns hostmaster 1 7200 900 1209600 60
@ IN NS ns
* IN A 192.0.2.53
"""


class Load:
    """dnsperf at RATE for SECONDS, both sides of the split: example.com soon from the cache, consul always from its server."""

    def __init__(self, tmp_path, port):
        names = tmp_path / "names"
        names.write_text("".join(f"n{i}.example.com A\nn{i}.service.consul A\n" for i in range(2000)))
        self.child = subprocess.Popen(
            ["dnsperf", "-s", "127.0.0.1", "-p", str(port), "-d", str(names), "-Q", str(RATE), "-l", str(SECONDS), "-c", "20",
             "-q", "800", "-t", str(3 * patience())], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def figures(self):
        said, _ = self.child.communicate(timeout=SECONDS + 60)
        figure = {key: int(re.search(rf"Queries {key}:\s+(\d+)", said).group(1)) for key in ("sent", "completed", "lost")}
        codes = re.search(r"Response codes:\s+(.*)", said).group(1)
        return figure, codes, said


@pytest.fixture
def served(named, split53, tmp_path, make_conf):
    recursor = named(zones={"example.com": ZONE.format(ttl=60), "consul": ZONE.format(ttl=0)}, port=free_port(), options="recursion no;")
    port = free_port()
    good = make_conf(port, [recursor.where], recursor.where)
    server = split53(conf=good, port=port)
    server.good = good
    return server


def disturb(server, texts):
    """A SIGHUP every quarter second during the load, each with the next text as its file."""
    end, number = time.monotonic() + SECONDS - 1, 0
    while time.monotonic() < end:
        server.write_conf(texts[number % len(texts)])
        server.process.send_signal(signal.SIGHUP)
        number += 1
        time.sleep(0.25)
    return number


def check_nothing_lost(load):
    figure, codes, said = load.figures()
    assert figure["sent"] >= RATE * SECONDS * (0.5 if sanitized() else 0.9), said
    assert figure["lost"] == 0 and figure["completed"] == figure["sent"], said
    assert re.fullmatch(r"NOERROR \d+ \(100\.00%\)", codes.strip()), said


def test_reloading_under_two_thousand_queries_a_second_loses_none(served, tmp_path):
    changed = served.good.replace("recursion yes;", "recursion yes; max-udp-size 1400;")
    load = Load(tmp_path, served.port)
    assert disturb(served, [changed, served.good]) >= 10
    check_nothing_lost(load)


def test_a_broken_file_under_two_thousand_queries_a_second_loses_none_and_is_logged(served, tmp_path):
    broken = served.good.replace("recursion yes;", "recursion maybe;")
    line = next(number for number, text in enumerate(broken.splitlines(), 1) if "maybe" in text)
    load = Load(tmp_path, served.port)
    assert disturb(served, [broken]) >= 10
    check_nothing_lost(load)
    assert re.search(rf"{re.escape(served.conf_path)}:{line}:\d+: .*maybe|{re.escape(served.conf_path)}:{line}:\d+:", served.log()), served.log()


def test_after_a_reload_the_new_file_applies_and_after_a_broken_one_the_last_good_one(upstream, split53, make_conf):
    first, second = upstream(answer_with("10.0.0.1")), upstream(answer_with("10.0.0.2"))
    port = free_port()
    server = split53(conf=make_conf(port, [first.where]), port=port)
    assert addresses(server.ask("a.example.com.")) == ["10.0.0.1"]
    server.write_conf(make_conf(port, [second.where]))
    server.reload()
    wait_until(lambda: addresses(server.ask("b.example.com.")) == ["10.0.0.2"], 5 * patience(), "the new forwarder gets queries")
    for broken in ("options {", "opshuns { };", make_conf(port, ["10.0.0.3 port 99999"]), "", "\0\0\0"):
        if broken:
            server.write_conf(broken)
            before = len(server.log())
            server.reload()
            wait_until(lambda: re.search(r"error", server.log()[before:]), 5 * patience(), "the error is logged")
        assert addresses(server.ask("c.example.com.")) == ["10.0.0.2"]
    os.remove(server.conf_path)
    before = len(server.log())
    server.reload()
    wait_until(lambda: server.conf_path in server.log()[before:], 5 * patience(), "the missing file is named")
    assert addresses(server.ask("d.example.com.")) == ["10.0.0.2"]


def test_a_reload_may_add_and_remove_a_listener(upstream, split53, make_conf):
    forwarder = upstream(answer_with("10.0.0.1"))
    port, other = free_port(), free_port()
    plain = make_conf(port, [forwarder.where])
    server = split53(conf=plain, port=port)
    server.write_conf(plain.replace("recursion yes;", f"recursion yes; listen-on port {other} {{ 127.0.0.1; }};"))
    server.reload()

    def answers_there(tcp):
        try:
            return addresses(ask(("127.0.0.1", other), "a.example.com.", timeout=0.3, tcp=tcp)) == ["10.0.0.1"]
        except OSError:
            return False
    wait_until(lambda: answers_there(False) and answers_there(True), 5 * patience(), "the new port answers")
    server.write_conf(plain)
    server.reload()
    wait_until(lambda: not answers_there(False) and not answers_there(True), 5 * patience(), "the port is closed again")
    assert addresses(server.ask("b.example.com.")) == ["10.0.0.1"]


def test_queries_under_way_and_connections_survive_a_reload(upstream, split53, make_conf):
    slow = upstream(lambda q: q.send(q.address("10.0.0.1"), delay=1.0))
    port = free_port()
    text = make_conf(port, [slow.where])
    server = split53(conf=text, port=port)
    results = []
    asking = [threading.Thread(target=lambda n=n: results.append(addresses(server.ask(f"s{n}.example.com.", timeout=10)))) for n in range(20)]
    with Stream(("127.0.0.1", port), 10) as stream:
        identity = stream.ask("over-tcp.example.com.")
        for thread in asking:
            thread.start()
        wait_until(lambda: len(slow.queries) >= 21, 5, "all are under way")
        server.write_conf(text.replace("recursion yes;", "recursion yes; max-udp-size 1400;"))
        server.reload()
        for thread in asking:
            thread.join()
        assert results == [["10.0.0.1"]] * 20
        assert stream.message().id == identity
        stream.ask("after.example.com.")
        assert addresses(stream.message()) == ["10.0.0.1"]


def test_a_failed_reload_changes_nothing(upstream, split53, make_conf):
    def answer(q):
        return q.reply(rcode=3) if q.name in ("old.example.", "new.example.") else answer_with()(q)
    first, second = upstream(answer), upstream(answer)
    port = free_port()
    good = make_conf(port, [first.where, "old.example"])
    server = split53(conf=good, port=port)
    wait_until(lambda: any(q.name == "old.example." for q in first.queries), 5 * patience(), "the name is looked up")
    broken = make_conf(port, [second.where, "new.example"], options="listen-on { none; }; " * 64)	# one more than the limit
    server.write_conf(broken)
    for _ in range(3):
        before = len(server.log())
        server.reload()
        wait_until(lambda: "reload failed" in server.log()[before:], 5 * patience(), "the reload fails")
    assert addresses(server.ask("a.example.com.")) == ["192.0.2.1"]
    time.sleep(1)
    assert not second.queries and not any(q.name == "new.example." for q in first.queries)
    server.write_conf(good.replace("old.example", "new.example"))
    server.reload()
    wait_until(lambda: any(q.name == "new.example." for q in first.queries), 5 * patience(), "the new name is looked up")


def test_an_address_that_is_removed_and_added_again_is_reused_after_its_last_reply(upstream, split53, make_conf):
    def answer(q):
        q.send(q.address("10.0.0.1"), delay=2.0 if q.name.startswith("slow.") else 0)
    forwarder = upstream(answer)
    port, other = free_port(), free_port()
    plain = make_conf(port, [forwarder.where])
    both = plain.replace("recursion yes;", f"recursion yes; listen-on port {other} {{ 127.0.0.1; }};")
    server = split53(conf=both, port=port)
    results = []
    slow = threading.Thread(target=lambda: results.append(addresses(ask(("127.0.0.1", other), "slow.example.com.", timeout=10))))
    slow.start()
    wait_until(lambda: forwarder.queries, 5, "the query is under way")

    def load(text):
        before = len(server.log())
        server.write_conf(text)
        server.reload()
        wait_until(lambda: re.search(r"reloaded|reload failed", server.log()[before:]), 5 * patience(), "the reload ends")
        return server.log()[before:]
    load(plain)
    said = load(both.replace(forwarder.where, f"{forwarder.where}; 127.0.0.1 port {other}"))
    assert "reload failed" not in said and "another program" not in said, said
    assert re.search(rf"127\.0\.0\.1#{other} is where split53 itself listens", said), said

    def answers_there(tcp):
        try:
            return addresses(ask(("127.0.0.1", other), "a.example.com.", timeout=0.3, tcp=tcp)) == ["10.0.0.1"]
        except OSError:
            return False
    slow.join()
    assert results == [["10.0.0.1"]]
    wait_until(lambda: answers_there(False) and answers_there(True), 5 * patience(), "the port answers again")
