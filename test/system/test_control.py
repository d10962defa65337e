# SPDX-License-Identifier: ISC
"""
The control channel: each verb by split53ctl, as text and as JSON, and by Debian's rndc; what is refused; what broken and slow clients
cannot do.
"""
import os
import re
import shutil
import socket
import stat
import struct
import threading
import time
import urllib.request

import pytest

from support import control, namespace
from support.client import query, rcode
from support.control import SECRET, Rndc, Session, ctl, key_text, message
from support.process import patience, wait_until
from support.split53 import free_port, run_once
from support.upstream import A, answer_with

CHANNEL = 'controls {{ inet 127.0.0.1 port {port} allow {{ 127.0.0.1; }} keys {{ "k"; }}{more}; }};\n'


class World:
    """A server with an upstream, a Unix channel at .path and an inet channel at .port."""

    def __init__(self, split53, upstream, folder, options="", more="", extra=""):
        self.upstream = upstream(answer_with("192.0.2.1", ttl=300))
        self.folder = folder
        self.port = free_port()
        self.path = str(folder / "control")
        self.program = split53(
            forwarders=[self.upstream.where], arguments=("-n", "2"), options=f'directory "{folder}"; cache-file none; {options}',
            extra=key_text() + CHANNEL.format(port=self.port, more=more) +
            f'controls {{ unix "{self.path}" perm 0600 owner {os.getuid()} group {os.getgid()}{more}; }};\n{extra}')
        self.rndc = Rndc(folder, self.port)

    def ctl(self, *words, **more):
        return ctl(*words, path=self.path, **more)

    def asked(self, name):
        return sum(1 for one in self.upstream.queries if one.name.lower().rstrip(".") == name)


@pytest.fixture
def world(split53, upstream, tmp_path):
    return lambda **more: World(split53, upstream, tmp_path, **more)


def test_status_says_what_rndc_status_says(world):
    here = world()
    for said in (here.ctl("status").out, here.rndc("status").out):
        for line in ("version: split53 ", "boot time: ", "last configured: ", "configuration file: ", "worker threads: ",
                     "number of zones: ", "debug level: 0", "query logging is OFF", "recursive clients: 0/900/1000", "tcp clients: 0/150",
                     "server is up and running"):
            assert line in said, said
    seen = here.ctl("--json", "status").json
    assert seen["pid"] == here.program.process.pid and seen["query-log"] is False and seen["upstreams"] == 1


def test_health_and_ready_have_exit_codes(world):
    here = world()
    for words in (("health",), ("ready",), ("--json", "health"), ("--json", "ready")):
        assert here.ctl(*words).code == 0
    assert here.ctl("--json", "ready").json == {"ready": True}
    code, out, _ = run_once("--health", "-c", here.program.conf_path)
    assert (code, out) == (0, "healthy\n")
    here.program.stop()
    assert here.ctl("health").code == 3
    code, _, err = run_once("--health", "-c", here.program.conf_path)
    assert code == 1 and "no such socket" in err


def test_flushes_bring_the_next_query_to_the_server(world):
    here = world()
    seen = {}

    def ask_upstream(name):
        """Does a query for the name reach the server?"""
        before = here.asked(name)
        assert rcode(here.program.ask(name)) == "NOERROR"
        seen[name] = here.asked(name) > before
        return seen[name]

    for command in (here.ctl, here.rndc):
        for name in ("a.example", "b.a.example", "c.example"):
            here.program.ask(name)
            assert not ask_upstream(name)
        assert command("flushname", "a.example").code == 0
        assert ask_upstream("a.example") and not ask_upstream("b.a.example") and not ask_upstream("c.example")
        assert command("flushtree", "A.example.").code == 0
        assert ask_upstream("a.example") and ask_upstream("b.a.example") and not ask_upstream("c.example")
        assert command("flush").code == 0
        assert ask_upstream("c.example")
        assert command("flush", "_default").code == 0
        assert ask_upstream("c.example")
    assert here.ctl("--json", "flush").json["flushed"] >= 1
    for words in (("flush", "nowhere"), ("flushname", "a.example", "nowhere"), ("flushtree", "a.example", "nowhere")):
        assert here.ctl(*words).code == 1 and "not found" in here.ctl(*words).err
        assert "not found" in here.rndc(*words).err
    assert "syntax error" in here.ctl("flushname", "a..example").err


def test_log_switches_work_at_once(world):
    here = world()
    for command in (here.ctl, here.rndc):
        assert command("querylog", "on").code == 0
        here.program.ask("logged.example")
        here.program.process.wait_for_log(r"queries: info: .*query: logged\.example IN A")
        assert here.ctl("--json", "querylog", "off").json == {"query-log": False}
        assert command("querylog").code == 0 and "query logging is ON" in here.ctl("status").out
        assert command("querylog").code == 0 and "query logging is OFF" in here.ctl("status").out
        assert command("trace").code == 0 and "debug level: 1" in here.ctl("status").out
        assert command("trace", "5").code == 0 and "debug level: 5" in here.ctl("status").out
        assert command("notrace").code == 0 and "debug level: 0" in here.ctl("status").out
        assert "out of range" in command("trace", "loud").err
        assert "syntax error" in command("querylog", "perhaps").err
    assert here.ctl("--json", "trace", "3").json == {"debug-level": 3}
    assert here.ctl("--json", "responselog", "on").json == {"response-log": True}
    here.program.ask("answered.example")
    here.program.process.wait_for_log(r"answered\.example")
    assert here.ctl("responselog", "off").code == 0


def test_serve_stale_is_switched(world):
    here = world(options="stale-cache-enable yes;")
    assert "_default: stale cache enabled; stale answers" in here.ctl("serve-stale", "status").out
    for word in ("on", "off", "reset"):
        assert here.ctl("serve-stale", word).code == 0 and here.rndc("serve-stale", word).code == 0
    assert here.ctl("serve-stale", "off").code == 0
    seen = here.ctl("--json", "serve-stale", "status").json["_default"]
    assert seen["stale-cache"] is True and seen["stale-answers"] is False and seen["max-stale-ttl"] == 86400
    assert here.ctl("serve-stale", "on").code == 0
    assert here.ctl("--json", "serve-stale", "status").json["_default"]["stale-answers"] is True
    assert here.ctl("serve-stale", "perhaps").code == 1 and here.ctl("serve-stale").code == 2


def test_stats_and_dump_are_written(world):
    here = world(options='statistics-file "our.stats"; dump-file "our.db"; recursing-file "our.recursing";')
    here.program.ask("dumped.example")
    assert here.rndc("stats").code == 0
    seen = here.ctl("--json", "stats").json
    assert seen["file"] == str(here.folder / "our.stats") and seen["counters"]["answer-noerror"] >= 1
    text = (here.folder / "our.stats").read_text(encoding="ascii")
    assert text.count("+++ Statistics Dump +++ (") == 2 and re.search(r"\n +[1-9]\d* find-miss\n", text)
    os.unlink(here.folder / "our.stats")
    os.mkfifo(here.folder / "our.stats")
    assert here.ctl("stats").code == 1	# and does not wait for a reader
    os.unlink(here.folder / "our.stats")
    assert here.ctl("reset-stats").code == 0
    assert here.ctl("--json", "stats").json["counters"]["answer-noerror"] == 0
    for words in (("dumpdb",), ("dumpdb", "-cache"), ("dumpdb", "-all")):
        for command in (here.ctl, here.rndc):
            (here.folder / "our.db").unlink(missing_ok=True)
            assert command(*words).code == 0
            wait_until(lambda: "Dump complete" in (here.folder / "our.db").read_text(encoding="ascii")
                       if (here.folder / "our.db").exists() else False, 10, "the dump")
            assert "dumped.example." in (here.folder / "our.db").read_text(encoding="ascii")
    wait_until(lambda: here.ctl("--json", "dumpdb", "-zones").code == 0, 10, "the dump of zones")
    assert "not found" in here.ctl("dumpdb", "nowhere").err
    for word in ("-adb", "-bad", "-expired", "-fail"):	# BIND's, for what is not here
        assert f"there is no {word} here" in here.rndc("dumpdb", word).said


def test_recursing_lists_the_fetches_under_way(world, upstream):
    silent = upstream(lambda query: None)
    here = world(options='recursing-file "our.recursing";',
                 extra=f'zone "slow.example" {{ type forward; forward only; forwarders {{ {silent.where}; }}; }};\n')
    client = here.program.client()
    client.send(query("www.slow.example", "A").to_wire())
    wait_until(lambda: silent.queries, 5, "the query at the server")
    for command in (here.ctl, here.rndc):
        assert "www.slow.example" in command("recursing").out
    assert "www.slow.example" in (here.folder / "our.recursing").read_text(encoding="ascii")
    fetch = here.ctl("--json", "recursing").json["fetches"][0]
    assert fetch["name"].rstrip(".") == "www.slow.example" and fetch["type"] == "A" and fetch["clients"] == 1
    assert fetch["waiting-for"][0]["server"].startswith("127.0.0.1#")


def test_upstreams_are_listed_and_taken_out(world):
    here = world()
    here.program.ask("first.example")
    server = here.upstream.where.replace(" port ", "#")
    assert re.search(rf"^{server} +up ", here.ctl("upstreams").out, re.M)
    seen = here.ctl("--json", "upstreams").json["upstreams"][0]
    assert seen["server"] == server and seen["queries"] >= 1 and seen["set"] == "auto"
    assert seen["zones"] == [{"view": "_default", "zone": "."}]
    assert here.ctl("upstream", server, "down").code == 0
    assert "set down" in here.ctl("upstreams").out
    assert rcode(here.program.ask("second.example")) == "SERVFAIL" and here.asked("second.example") == 0
    assert here.ctl("--json", "upstream", server, "auto").json == {"servers": 1}
    wait_until(lambda: rcode(here.program.ask("third.example")) == "NOERROR", 5, "an answer")
    assert "not found" in here.ctl("upstream", "192.0.2.77", "down").err
    assert "syntax error" in here.ctl("upstream", "somewhere", "down").err
    assert "syntax error" in here.ctl("upstream", server, "sideways").err


def test_explain_says_what_would_happen_now(world):
    here = world()
    before = here.ctl("explain", "www.example").out
    assert "in cache nothing" in before and "answer   the reply of an upstream" in before
    assert "forwarded to" in before and f"{here.program.conf_path}:" in before
    here.program.ask("www.example")
    after = here.ctl("explain", "www.example", "A", "127.0.0.1").out
    assert "sent without a query to a server" in after and "answer   from the cache" in after and "query    www.example A from" in after
    assert re.search(r"www\.example\.\s+\d+\s+(IN\s+)?A\s+192\.0\.2\.1", after), after
    assert re.search(r"upstream 127\.0\.0\.1#\d+.*, up", after)
    assert "in cache nothing" in here.ctl("explain", "www.example", "AAAA").out
    assert "not a domain name" in here.ctl("explain", "a..b").err
    assert "not a record type" in here.ctl("explain", "a.b", "NONSENSE").err
    assert here.ctl("explain", "a.b", "A", "300.1.1.1").code == 1
    assert "www.example" in here.rndc("explain", "www.example").out


def test_explain_as_json_has_a_field_for_each_fact(world):
    here = world()
    assert here.ctl("--json", "explain", "www.example").json["in-cache"] == {"state": "none"}
    here.program.ask("www.example")
    seen = here.ctl("--json", "explain", "WWW.example", "A", "127.0.0.1").json
    assert (seen["name"], seen["type"], seen["client"], seen["view"]) == ("www.example", "A", "127.0.0.1", "_default")
    assert seen["allow-query"] and seen["recursion"] and seen["allow-recursion"] and seen["allow-query-cache"]
    assert (seen["route"]["zone"], seen["route"]["kind"]) == (".", "forward") and here.program.conf_path in seen["route"]["place"]
    assert seen["cache"]["max-cache-ttl"] == 604800 and seen["policy"]["forwarders-policy"] == "fastest"
    found = seen["in-cache"]
    assert (found["state"], found["rcode"]) == ("fresh", "NOERROR") and 290 <= found["ttl"] <= 300
    assert [line.split() for line in found["records"]] == [["www.example.", str(found["ttl"]), "IN", "A", "192.0.2.1"]]
    server = seen["upstreams"][0]
    assert server["server"] == here.upstream.where.replace(" port ", "#") and (server["state"], server["set"]) == ("up", "auto")
    assert seen["answer"] == "from the cache"
    assert here.ctl("--json", "explain", "www.example", "ANY").json["type"] in ("ANY", "TYPE255")


ZONE = """$TTL 300
@ SOA ns h 1 3600 600 86400 60
@ NS ns
ns A 192.0.2.2
sub NS ns.sub
ns.sub A 192.0.2.3
alias CNAME www.example.
"""


def test_explain_knows_what_a_zone_from_a_file_leaves_to_others(world, tmp_path):
    (tmp_path / "a.zone").write_text(ZONE)
    (tmp_path / "b.zone").write_text("@ SOA\n")
    here = world(extra=f'zone "a.test" {{ type master; file "{tmp_path}/a.zone"; }};\n'
                 f'zone "b.test" {{ type master; file "{tmp_path}/b.zone"; }};\n'
                 f'zone "c.test" {{ type forward; forwarders {{ 127.0.0.1 port 9; }}; }};\n')

    def explain(*words):
        seen = here.ctl("--json", "explain", *words).json
        return seen["answer"], [one["server"] for one in seen.get("upstreams", ())]

    where = here.upstream.where.replace(" port ", "#")
    assert explain("ns.a.test") == explain("nx.a.test") == ("from this zone", [])
    assert explain("x.sub.a.test") == ("the reply of an upstream", [where])
    assert explain("alias.a.test") == ("from this zone: a CNAME to www.example, which is resolved as a query for it would be", [])
    assert explain("www.b.test") == ("SERVFAIL: the zone is not loaded", [])
    assert explain("c.test", "A")[1] == ["127.0.0.1#9"] and explain("x.c.test", "DS")[1] == ["127.0.0.1#9"]
    assert explain("c.test", "DS")[1] == [where]	# RFC 4035 s3.1.4.1: the parent's
    assert here.ctl("reload", "a.test").out == "zone reload successful\n"
    for command in (here.ctl, here.rndc):
        assert "not found" in command("reload", "c.test").err and "`reconfig` reads its forwarders" in command("reload", "c.test").said


def test_explain_shows_an_answer_that_may_be_cut(world):
    """One whose server may have left out records: clients that can take no more get it from the cache."""
    here = world(options="edns-udp-size 512;")
    here.upstream.answer = lambda q: q.reply(*((A, 300, bytes((192, 0, 2, i))) for i in range(29)))
    here.program.ask("many.example")
    said, seen = here.ctl("explain", "many.example").out, here.ctl("--json", "explain", "many.example").json
    assert "in cache an answer over UDP that may be incomplete" in said and said.count("192.0.2.") == 29
    assert seen["in-cache"]["state"] == "cut" and len(seen["in-cache"]["records"]) == 29 and "ttl" in seen["in-cache"]
    assert seen["answer"].startswith("from the cache; ")
    here.upstream.answer = answer_with()
    here.program.ask("v6.example", "AAAA")	# a negative one lacks nothing
    assert here.ctl("--json", "explain", "v6.example", "AAAA").json["in-cache"]["state"] == "fresh"


def test_explain_says_what_a_failure_leads_to(split53, tmp_path):
    path = tmp_path / "control"
    dead = free_port()
    program = split53(forwarders=[f"127.0.0.1 port {dead}"], options="servfail-ttl 30;", extra=unix(path))
    assert rcode(program.ask("www.example")) == "SERVFAIL"
    said = ctl("explain", "www.example", path=path).out
    assert "in cache a failure" in said and "answer   SERVFAIL: this query failed less than servfail-ttl ago" in said
    wait_until(lambda: "answer   SERVFAIL, or an expired answer" in ctl("explain", "other.example", path=path).out, 10, "all are down")
    assert re.search(rf"upstream 127\.0\.0\.1#{dead},.* down for \d+ s \(refused\)", ctl("explain", "other.example", path=path).out)


def test_reload_and_reconfig(world):
    here = world()
    assert here.rndc("reload").out == "server reload successful\n"
    assert here.ctl("reload").out == "server reload successful\n"
    assert here.rndc("reconfig").code == 0
    assert "no matching zone 'nowhere.example'" in here.rndc("reload", "nowhere.example").said
    with open(here.program.conf_path, encoding="ascii") as conf:
        text = conf.read()
    here.program.write_conf(text + "nonsense { };\n")
    failed = here.ctl("reload")
    assert failed.code == 1 and "nonsense" in failed.err and f"{here.program.conf_path}:" in failed.err
    assert here.rndc("reload").code == 1
    assert rcode(here.program.ask("still.example")) == "NOERROR"
    here.program.write_conf(text.replace(f'"{here.path}"', f'"{here.path}-2"'))
    assert here.ctl("reload").code == 0	# over the channel that goes with it
    assert not os.path.exists(here.path)
    assert ctl("status", path=here.path + "-2").code == 0


def test_showconf_hides_secrets(world):
    here = world()
    for said in (here.ctl("showconf").out, here.rndc("showconf").out, here.ctl("--json", "showconf").out):
        assert "controls {" in said and SECRET not in said and "????" in said
    assert SECRET not in here.program.log()


@pytest.mark.parametrize("verb", ["stop", "halt"])
@pytest.mark.parametrize("by_rndc", [False, True])
def test_stop_and_halt_end_the_server(world, verb, by_rndc):
    here = world()
    done = (here.rndc if by_rndc else here.ctl)(verb, "-p")
    assert (done.code, done.out) == (0, f"pid: {here.program.process.pid}\n")
    assert here.program.process.wait(10) == 0
    assert not os.path.exists(here.path)


def test_commands_are_answered_while_the_server_drains(world):
    here = world()
    here.upstream.answer = lambda q: q.send(answer_with()(q), delay=0.4)
    session = Session(here.path)
    nonce = {"_nonce": int(session.ask("null")["_ctrl"]["_nonce"])}

    def ask(command):
        return {key: value.decode() for key, value in session.ask(command, control=nonce)["_data"].items()}

    found = []
    asking = threading.Thread(target=lambda: found.append(rcode(here.program.ask("slow.example"))))
    asking.start()
    wait_until(lambda: here.asked("slow.example"), 5, "the server is asked")
    assert ask("stop")["result"] == "0"
    assert "server is shutting down" in ask("status")["text"]
    assert ask("health")["result"] == "0" and ask("ready")["text"] == "not ready: shutting down"
    for command in ("flush", "reload", "stop", "dumpdb", "upstreams", "explain a.example", "recursing"):
        assert ask(command)["text"] == "split53 is shutting down", command
    asking.join()
    assert found == ["NOERROR"] and here.program.process.wait(10) == 0


def test_changes_are_logged_with_the_client(world):
    here = world()
    here.ctl("flush")
    here.rndc("flush")
    here.rndc("status")
    here.program.process.wait_for_log(r"general: info: received control channel command 'flush' \(uid \d+, pid \d+\)")
    here.program.process.wait_for_log(r"general: info: received control channel command 'flush' \(127\.0\.0\.1#\d+, key k\)")
    assert "command 'status'" not in here.program.log()	# of monitors: at debug 1


def test_wrong_verbs_and_words(world):
    here = world()
    assert "unknown command" in here.ctl("frobnicate").err and here.ctl("frobnicate").code == 1
    assert "unknown command" in here.rndc("frobnicate").err
    assert here.ctl("--json", "frobnicate").json["result"] == "unknown command"
    assert here.ctl("flushname").code == 2 and "usage" in here.ctl("flushname").err
    assert "unexpected end of input" in here.rndc("flushname").err
    assert "unexpected argument" in here.rndc("reconfig", "now").said
    assert here.ctl().code == 2 and ctl("-s", "nonsense", "status").code == 2
    assert here.ctl("flush", "x" * 3000).code == 2
    assert here.ctl("flush", "x" * 1500).code == 1
    assert here.ctl("help").code == 0 and "flushtree" in here.ctl("help").out


@pytest.mark.parametrize("algorithm", ["hmac-md5", "hmac-sha1", "hmac-sha224", "hmac-sha256", "hmac-sha384", "hmac-sha512"])
def test_each_algorithm_of_rndc(split53, tmp_path, algorithm):
    port = free_port()
    program = split53(options=f'directory "{tmp_path}";', extra=key_text(algorithm=algorithm) + CHANNEL.format(port=port, more=""))
    rndc = Rndc(tmp_path, port, algorithm=algorithm)
    assert rndc("flush").code == 0
    (tmp_path / "k.key").write_text(key_text(algorithm=algorithm))
    assert ctl("-s", "127.0.0.1", "-p", str(port), "-k", str(tmp_path / "k.key"), "flush").code == 0
    assert Rndc(tmp_path, port, algorithm=algorithm, secret="d3Jvbmc=")("flush").code == 1
    assert program.process.running()


def test_rndc_conf_is_read(world):
    here = world()
    conf = here.folder / "rndc.conf"
    conf.write_text("/* which * server */ # and key\n// three kinds of comments\n" + key_text("other", secret="d3Jvbmc=") + key_text() +
                    f'options {{ default-server here; default-key "other"; default-port 1; }};\n'
                    f'server here {{ key "k"; port {here.port}; addresses {{ 127.0.0.1 port 9; }}; }};\n'
                    f'server "127.0.0.1" {{ key k; port {here.port}; }};\ninclude "nothing";\n')
    assert ctl("-c", str(conf), "status").code == 0
    assert ctl("-c", str(conf), "-s", "127.0.0.1", "status").code == 0
    assert ctl("-c", str(conf), "-p", "1", "status").code == 3
    assert ctl("-c", str(conf), "-y", "other", "status").code == 3
    assert "has no key 'none'" in ctl("-c", str(conf), "-y", "none", "status").err
    for broken in ("options { default-key", "options {\n};;\n}", 'key "k" { secret "x; };', "/x", "key k", "x" * 2000, "options { { };"):
        conf.write_text(broken)
        done = ctl("-c", str(conf), "status")
        assert done.code == 2 and str(conf) in done.err, broken
    assert ctl("-c", str(here.folder / "none"), "status").code == 2


def test_wrong_keys_are_refused_logged_and_counted(world):
    port = free_port()
    here = world(extra=f"statistics-channels {{ inet 127.0.0.1 port {port}; }};\n")
    for rndc in (Rndc(here.folder, here.port, secret="d3Jvbmc="), Rndc(here.folder, here.port, algorithm="hmac-sha512")):
        assert rndc("status").code == 1
        time.sleep(1.1)	# one line a second
    assert here.program.log().count("security: error: invalid command from 127.0.0.1#") == 2
    assert "bad auth" in here.program.log()
    (here.folder / "wrong.key").write_text(key_text(secret="d3Jvbmc="))
    done = ctl("-s", "127.0.0.1", "-p", str(here.port), "-k", str(here.folder / "wrong.key"), "status")
    assert done.code == 3 and "the key or its algorithm is wrong" in done.err
    assert here.rndc("status").code == 0
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as metrics:
        text = metrics.read().decode()
    assert "\nsplit53_control_refused_total 3\n" in text and re.search(r"\nsplit53_control_commands_total [1-9]", text)


def test_clients_that_are_not_allowed(world):
    here = world()
    namespace.add_address("127.9.9.9/8")
    with socket.socket() as client:
        client.bind(("127.9.9.9", 0))
        client.connect(("127.0.0.1", here.port))
        client.settimeout(5)
        assert client.recv(1) == b""
    here.program.process.wait_for_log("security: warning: rejected command channel message from 127.9.9.9#")


def test_other_users_cannot_use_the_socket(world):
    here = world()
    os.chmod(here.folder, 0o755)
    for folder in here.folder.parents:
        if str(folder).startswith("/tmp/"):
            os.chmod(folder, 0o755)
    done = here.ctl("status", prefix=("setpriv", "--reuid", "65534", "--clear-groups"))
    assert done.code == 3 and "permission denied" in done.err.lower()


def test_read_only_channels_change_nothing(world):
    here = world(more=" read-only yes", extra="")
    for command in (here.rndc, here.ctl):
        assert command("status").code == 0 and command("upstreams").code == 0
        for words in (("flush",), ("reload",), ("stop",), ("querylog", "on"), ("trace",), ("upstream", "127.0.0.1", "down")):
            done = command(*words)
            assert done.code == 1 and "read-only" in done.said
    here.program.process.wait_for_log("security: warning: rejecting restricted control channel command 'flush'")


def nonce_of(session, **more):
    return int(session.ask("null", **more)["_ctrl"]["_nonce"])


def test_replayed_messages_are_refused(world):
    here = world()
    algorithm = {"algorithm": "hmac-sha256"}
    session = Session(("127.0.0.1", here.port))
    first = message("null", **algorithm)
    session.send(first)
    nonce = int(session.receive()["_ctrl"]["_nonce"])
    flush = message("flush", {"_nonce": nonce}, **algorithm)
    session.send(flush)
    assert session.receive()["_data"]["result"] == b"0"
    session.send(flush)
    assert session.receive() is None	# within the connection
    for replay in (first, flush):
        other = Session(("127.0.0.1", here.port))
        other.send(replay)
        assert other.receive() is None
    other = Session(("127.0.0.1", here.port))
    assert nonce_of(other, **algorithm) != nonce
    other.send(message("flush", {"_nonce": nonce}, **algorithm))
    assert other.receive() is None	# a nonce of another connection
    assert here.program.log().count("received control channel command 'flush'") == 1


def test_old_early_and_incomplete_messages_are_refused(world):
    here = world()
    now = int(time.time())
    for wrong in ({"_tim": now - 400}, {"_tim": now + 400}, {"_exp": now - 10}, {"_ser": None}, {"_tim": None}, {"_rpl": 1},
                  {"_ser": "x"}, {"_ser": 2 ** 40}):
        session = Session(("127.0.0.1", here.port))
        session.send(message("null", wrong, algorithm="hmac-sha256"))
        assert session.receive() is None, wrong
    session = Session(("127.0.0.1", here.port))
    session.send(message("null"))
    assert session.receive() is None	# unsigned
    session = Session(here.path)
    nonce = nonce_of(session)
    session.send(message("status", {"_nonce": nonce + 1}))
    assert session.receive() is None
    assert here.ctl("status").code == 0 and here.rndc("status").code == 0


def test_broken_messages_harm_nothing(world):
    here = world()
    whole = message("null")
    for octets in (b"GET / HTTP/1.0\r\n\r\n", struct.pack(">I", 2 ** 31) + b"x", struct.pack(">I", 2049), struct.pack(">I", 0), b"\0\0\0\4\0\0\0\2",
                   whole[:4] + b"\0" * (len(whole) - 4), bytes(reversed(whole))):
        session = Session(here.path)
        session.send(octets)
        session.socket.shutdown(socket.SHUT_WR)
        assert session.receive() is None
    for cut in range(0, len(whole), 7):
        session = Session(here.path)
        session.send(whole[:cut])
        session.close()
    session = Session(here.path)
    for octet in whole:	# slowly, but right
        session.send(bytes([octet]))
    assert session.receive()["_data"]["result"] == b"0"
    session = Session(here.path)
    nonce = nonce_of(session)
    for _ in range(3):	# a line with NUL, an empty one
        session.send(message("\0", {"_nonce": nonce}))
        assert session.receive()["_data"]["err"] == b"unexpected end of input"
    session.send(message("status", {"_nonce": nonce}))
    session.close()	# a reader that vanishes
    assert here.ctl("status").code == 0
    assert rcode(here.program.ask("after.example")) == "NOERROR"


def test_a_thousand_idle_connections_keep_no_one_out(world):
    here = world()
    idle = []
    for number in range(1000):
        session = Session(here.path if number % 2 else ("127.0.0.1", here.port))
        if number % 3 == 0:
            session.send(b"\0\0\0")
        idle.append(session)
        if number % 250 == 0:
            assert here.ctl("status").code == 0
    assert here.rndc("status").code == 0
    assert here.ctl("--json", "status").json["control-connections"] <= 64
    fds = len(os.listdir(f"/proc/{here.program.process.pid}/fd"))
    assert fds < 200, fds
    assert rcode(here.program.ask("idle.example")) == "NOERROR"
    for session in idle:
        session.close()


def test_the_default_socket_has_the_port_in_its_name(split53, upstream, tmp_path):
    server = upstream(answer_with("192.0.2.1"))
    first, second = (split53(forwarders=[server.where], name=name) for name in ("first", "second"))
    for program in (first, second):
        path = f"/run/split53/control-{program.port}"
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
        assert ctl("-p", str(program.port), "--json", "status").json["pid"] == program.process.pid
    done = ctl("status")
    assert done.code == 2 and "several servers" in done.err
    second.stop()
    assert not os.path.exists(f"/run/split53/control-{second.port}")
    assert ctl("--json", "status").json["pid"] == first.process.pid	# the only one
    assert run_once("--health", "-c", first.conf_path)[0] == 0
    assert run_once("--health", "-p", str(first.port))[0] == 0


def unix(path):
    return f'controls {{ unix "{path}" perm 0600 owner {os.getuid()} group {os.getgid()}; }};\n'


def test_a_socket_path_that_is_taken(split53, tmp_path):
    path = tmp_path / "control"
    path.write_text("mine")
    program = split53(extra=unix(path), name="file")
    assert "is not a socket" in program.log()
    program.stop()
    assert path.read_text() == "mine"
    path.unlink()
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()
        program = split53(extra=unix(path), name="served")
        assert "another process, perhaps another split53, listens on this socket" in program.log()
        program.stop()
        assert path.exists()
    program = split53(extra=unix(path), name="dead")	# the file of one that has died
    assert ctl("status", path=path).code == 0
    program.process.kill()
    program.stop = lambda: None
    assert path.exists() and ctl("status", path=path).code == 3
    program = split53(extra=unix(path), name="again")
    assert ctl("status", path=path).code == 0
    path.unlink()
    path.write_text("another")	# another file has taken its place: not ours to remove
    program.stop()
    assert path.read_text() == "another"


def test_a_socket_path_that_cannot_be_used(split53, tmp_path):
    for number, path in enumerate((f"/{'x' * 120}", "/proc/control", str(tmp_path))):
        program = split53(extra=unix(path), name=f"bad{number}")
        assert "couldn't add command channel" in program.log()
        program.stop()


def test_empty_controls_have_no_channel(split53):
    program = split53(extra="controls { };\n")
    assert "command channel" not in program.log() and not os.listdir("/run/split53")


def test_the_automatic_channel_of_bind(split53, tmp_path):
    """Without `controls`, with a file and /etc/bind/rndc.key: rndc works without options, as ExecReload=rndc reload does."""
    namespace.empty_folder("/etc/bind")
    try:
        with open("/etc/bind/rndc.key", "w", encoding="ascii") as key:
            key.write(key_text("rndc-key"))
        program = split53()
        assert control.run("rndc", "reload").out == "server reload successful\n"
        assert "key rndc-key" in program.log()
        assert ctl("-s", "127.0.0.1", "status").code == 0
        second = split53(name="second")
        assert "couldn't add command channel 127.0.0.1#953: the address is in use" in second.log()
        second.stop()
        program.stop()
        os.unlink("/etc/bind/rndc.key")
        program = split53(name="keyless")
        assert control.run("rndc", "-k", str(tmp_path / "none"), "status").code == 1
        assert "#953" not in program.log()
    finally:
        namespace.unmount("/etc/bind")


def test_the_key_of_the_start_stays_where_a_reload_may_not_read_it(split53):
    namespace.empty_folder("/etc/bind")
    try:
        with open("/etc/bind/rndc.key", "w", encoding="ascii") as key:
            key.write(key_text("rndc-key"))
        os.chmod("/etc/bind/rndc.key", 0o600)
        program = split53(arguments=("-u", "nobody"))
        os.chmod(program.conf_path, 0o644)
        for folder in (program.folder, os.path.dirname(program.folder), os.path.dirname(os.path.dirname(program.folder))):
            os.chmod(folder, 0o755)
        for _ in range(3):
            done = control.run("rndc", "reload")
            assert done.code == 0, (done.said, program.log())
        assert "not permitted to read '/etc/bind/rndc.key'" in program.log()
    finally:
        namespace.unmount("/etc/bind")


def test_an_instance_of_another_user(split53, tmp_path):
    """As root's child with -u: the folder and socket are the user's, and it removes its socket."""
    namespace.empty_folder("/run")
    try:
        program = split53(arguments=("-u", "nobody"))
        path = f"/run/split53/control-{program.port}"
        assert os.stat(path).st_uid == 65534
        assert ctl("status", path=path).code == 0
        program.stop()
        assert not os.path.exists(path)
    finally:
        namespace.unmount("/run")


def test_top_is_plain_where_there_is_no_terminal(world):
    here = world()
    for number in range(200):
        here.program.ask(f"n{number % 3}.example")
    done = here.ctl("top", "-n", "2", "-d", "1")
    assert done.code == 0 and done.out.count("BUSIEST NAMES") == 2 and "\033" not in done.out
    assert "queries " in done.out and "cache hits" in done.out and "127.0.0.1" in done.out
    seen = here.ctl("--json", "top").json
    assert seen["names"][0]["name"].endswith(".example") and seen["clients"][0]["client"] == "127.0.0.1"
    assert sum(one["samples"] for one in seen["clients"]) in range(1, 5)
    assert here.ctl("top", "-n", "x").code == 2 and here.ctl("top", "-z").code == 2


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
def test_top_draws_on_a_terminal(world, tmp_path):
    here = world()
    tmux = ("tmux", "-S", str(tmp_path / "tmux"), "-f", "/dev/null")
    started = control.run(*tmux, "new-session", "-d", "-s", "top", "-x", "100", "-y", "30",
                          f"{control.CTL} -s {here.path} top -d 1; echo exit code $?; sleep 60")
    assert started.code == 0, started.err

    def screen():
        return control.run(*tmux, "capture-pane", "-p", "-t", "top").out

    try:
        wait_until(lambda: "BUSIEST NAMES" in screen(), 10 * patience(), "a picture")
        for _ in range(300):
            here.program.ask("busy.example")
        wait_until(lambda: "busy.example" in screen(), 10 * patience(), "the busiest name")
        assert "SERVER" in screen() and screen().count("BUSIEST NAMES") == 1
        control.run(*tmux, "resize-window", "-t", "top", "-x", "40", "-y", "14")
        # Long lines are cut, not continued: all of the picture is there.
        wait_until(lambda: screen().startswith("split53 ") and "BUSIEST" in screen() and "queries" in screen().splitlines()[1],
                   10 * patience(), "a picture that fits a small terminal")
        control.run(*tmux, "send-keys", "-t", "top", "q")
        wait_until(lambda: "exit code 0" in screen(), 10 * patience(), "the end")
    finally:
        control.run(*tmux, "kill-server")


def test_top_says_why_there_is_no_picture(world):
    here = world()
    here.upstream.answer = lambda q: None	# so the server drains for a while
    session = Session(here.path)
    nonce = {"_nonce": int(session.ask("null")["_ctrl"]["_nonce"])}
    with here.program.client() as client:
        client.send(query("slow.example").to_wire())
        wait_until(lambda: here.asked("slow.example"), 5, "the server is asked")
        assert session.ask("stop", control=nonce)["_data"]["result"] == b"0"
        done = here.ctl("top")
    assert "reply cannot be read" not in done.err and re.search("shutting down|no such socket", done.err), done.err


def test_json_of_every_verb_is_json(world):
    here = world()
    for words in (("status",), ("upstreams",), ("recursing",), ("stats",), ("top",), ("health",), ("ready",), ("showconf",), ("explain", "a.example"),
                  ("flush",), ("flushname", "a.example"), ("flushtree", "a.example"), ("reload",), ("reconfig",), ("null",), ("reset-stats",),
                  ("querylog", "off"), ("responselog", "off"), ("trace", "0"), ("notrace",), ("serve-stale", "status"), ("serve-stale", "reset"),
                  ("dumpdb",), ("upstream", "127.0.0.1", "auto"), ("stop",)):
        done = here.ctl(*words, "--json")
        assert done.code == 0 and isinstance(done.json, dict), (words, done.said)
    assert here.program.process.wait(10) == 0


def test_no_server_is_said(tmp_path):
    done = ctl("status", path=tmp_path / "nothing")
    assert done.code == 3 and "is split53 running" in done.err
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "dead"))
    assert "no process listens on this socket" in ctl("status", path=tmp_path / "dead").err
    assert "this is no socket" in ctl("status", path=tmp_path).err


def test_a_user_without_a_folder_has_an_abstract_socket(split53, tmp_path):
    """As in a container with read-only files and another user than root, whose only check of health is --health."""
    namespace.run("mount", "-o", "remount,ro", "/run/split53")
    user = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups")
    try:
        for folder in (tmp_path, *tmp_path.parents):
            if str(folder).startswith("/tmp/"):
                os.chmod(folder, 0o755)
        program = split53(prefix=user)
        port = str(program.port)
        assert f"command channel listening on @/run/split53/control-{port}" in program.log()
        assert ctl("-p", port, "health", prefix=user).code == 0
        assert ctl("-p", port, "health").code == 0	# root
        other = ctl("-p", port, "health", prefix=("setpriv", "--reuid", "65533", "--regid", "65533", "--clear-groups"))
        assert other.code == 3
    finally:
        namespace.run("mount", "-o", "remount,rw", "/run/split53")
