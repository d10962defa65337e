# SPDX-License-Identifier: ISC
"""
The statistics channels: what they serve and to which client, broken and slow HTTP clients, and a real Prometheus that scrapes them and
evaluates the rules of packaging/.
"""
import http.client
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import threading
import time
import urllib.request

import pytest

from support.client import ask, query, rcode
from support.process import patience, sanitized, wait_until
from support.split53 import free_port, run_once
from support.upstream import answer_with

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
RULES = os.path.join(ROOT, "packaging", "prometheus", "split53.rules.yml")
CONNECTIONS = 64	# S53_STATS_CONNECTIONS
needs_prometheus = pytest.mark.skipif(shutil.which("promtool") is None, reason="needs Debian's package prometheus")


def channel(port, allow="127.0.0.1;"):
    return f"statistics-channels {{ inet 127.0.0.1 port {port} allow {{ {allow} }}; }};\n"


def get(port, path="/metrics", method="GET", headers=(), timeout=20):
    """(status, headers, text)"""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, headers=dict(headers))
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    finally:
        connection.close()


def value(text, sample):
    """Of one sample, with its labels."""
    found = re.search(rf"^{re.escape(sample)} (\S+)$", text, re.MULTILINE)
    assert found, f"no {sample}"
    return float(found.group(1))


def metric(port, sample):
    return value(get(port)[2], sample)


@pytest.fixture
def port():
    return free_port()


@pytest.fixture
def serving(split53, upstream, port):
    server = upstream(answer_with("192.0.2.1"))
    program = split53([server.where], extra=channel(port))
    program.server = server
    return program


def test_what_clients_and_servers_do_is_counted(serving, port):
    where = f'server="{serving.server.where.replace(" port ", "#")}"'
    for _ in range(5):
        assert rcode(ask((serving.address, serving.port), "www.example.com.")) == "NOERROR"
    # a latency is counted after its reply is sent: the last one may be missing for a moment
    wait_until(lambda: value(get(port)[2], 'split53_answer_latency_seconds_count{source="cache"}') == 4, 5 * patience(), "4 latencies")
    text = get(port)[2]
    assert value(text, "split53_find_hit_total") == 4 and value(text, "split53_find_miss_total") == 1
    assert value(text, 'split53_answer_latency_seconds_count{source="upstream"}') == 1
    assert value(text, f'split53_upstream_queries_total{{{where},over="udp"}}') == 1
    assert value(text, f'split53_upstream_responses_total{{{where},rcode="noerror"}}') == 1
    assert value(text, f'split53_upstream_rtt_seconds_count{{{where}}}') == 1
    assert value(text, 'split53_zone_queries_total{view="_default",zone=".",kind="forward"}') == 5
    assert value(text, 'split53_zone_hits_total{view="_default",zone=".",kind="forward"}') == 4
    assert value(text, 'split53_view_queries_total{view="_default"}') >= 5
    assert value(text, "split53_cache_entries") == 1 and value(text, "split53_ready") == 1


def test_failures_are_counted_by_cause(split53, port):
    unused = free_port()
    program = split53([f"127.0.0.1 port {unused}"], extra=channel(port))
    for _ in range(3):
        assert rcode(ask((program.address, program.port), "www.example.com.")) == "SERVFAIL"
    text = get(port)[2]
    zone = 'view="_default",zone=".",kind="forward"'
    assert value(text, f'split53_zone_failures_total{{{zone},cause="unreachable"}}') >= 1
    assert value(text, f'split53_upstream_failures_total{{server="127.0.0.1#{unused}",cause="refused"}}') >= 1
    causes = ["upstream", "unreachable", "limit", "remembered"]
    assert sum(value(text, f'split53_zone_failures_total{{{zone},cause="{cause}"}}') for cause in causes) == 3
    ready, _, zones = get(port, "/ready?zones=1")
    assert ready == 503 and ". (view _default): not ready" in zones
    assert get(port, "/ready")[0] == 200


def test_openmetrics_goes_to_clients_that_prefer_it(serving, port):
    _, headers, text = get(port)
    assert headers["Content-Type"].startswith("text/plain; version=0.0.4") and "# EOF" not in text
    _, headers, text = get(port, headers={"Accept": "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"})
    assert headers["Content-Type"].startswith("application/openmetrics-text") and text.endswith("# EOF\n")
    assert "# TYPE split53_find_hit counter\n" in text and "\nsplit53_find_hit_total " in text


def test_json_is_what_bind_exporter_reads(serving, port):
    """Its maps take unsigned numbers alone (bind/json/json.go), and its times are RFC 3339."""
    for _ in range(2):
        ask((serving.address, serving.port), "www.example.com.")
    server = json.loads(get(port, "/json/v1/server")[2])
    for name in ("boot-time", "config-time"):
        assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", server[name])
    for name in ("opcodes", "qtypes", "nsstats", "rcodes", "zonestats"):
        assert all(type(number) is int and number >= 0 for number in server[name].values()), name
    assert server["rcodes"]["NOERROR"] >= 2 and server["nsstats"]["QryUDP"] >= 2
    resolver = server["views"]["_default"]["resolver"]
    for name in ("cache", "qtypes", "stats"):
        assert all(type(number) is int and number >= 0 for number in resolver[name].values()), name
    rtt = {name: number for name, number in resolver["stats"].items() if name.startswith("QryRTT")}
    for name in rtt:
        assert name.endswith("+") or float(name[len("QryRTT"):]) > 0
    assert sum(rtt.values()) == 1 and resolver["cachestats"]["QueryHits"] >= 1
    zones = json.loads(get(port, "/json/v1/zones")[2])["views"]["_default"]["zones"]
    assert {"name", "class", "serial", "rcodes", "qtypes"} <= set(zones[0]) and any(zone["name"] == "." for zone in zones)
    tasks = json.loads(get(port, "/json/v1/tasks")[2])["taskmgr"]
    assert tasks["worker-threads"] >= 1 and type(tasks["tasks-running"]) is int
    everything = json.loads(get(port, "/json/v1")[2])
    for part in ("status", "server", "zones", "net", "mem", "tasks", "traffic"):
        assert set(json.loads(get(port, f"/json/v1/{part}")[2])) <= set(everything), part


def test_a_client_that_is_not_allowed_gets_403_counted_and_logged_once(split53, upstream, port):
    other = free_port()
    program = split53([upstream(answer_with("192.0.2.1")).where], extra=channel(port, "!127.0.0.1; any;") + channel(other))
    for _ in range(20):
        status, _, text = get(port)
        assert status == 403 and "split53_find" not in text
    assert metric(other, 'split53_statistics_answers_total{code="403"}') == 20
    assert len(re.findall(r"security: warning: statistics channel: request from 127\.0\.0\.1#\d+ denied", program.log())) == 1


def raw(port, octets, wait=5):
    """What comes back until the server closes or is silent."""
    with socket.create_connection(("127.0.0.1", port), timeout=wait) as connection:
        connection.sendall(octets)
        connection.shutdown(socket.SHUT_WR)
        found = b""
        try:
            while part := connection.recv(65536):
                found += part
        except OSError:
            pass
        return found


BROKEN = {
    "no HTTP": b"\x00\x01\x02\xff\r\n\r\n",
    "a query of DNS": struct.pack("!H", 33) + query("www.example.com.").to_wire(),
    "no version": b"GET /metrics\r\n\r\n",
    "an old version": b"GET /health HTTP/0.9\r\n\r\n",
    "a version that is none": b"GET /metrics HTTP/9.9.9\r\n\r\n",
    "no method": b" /metrics HTTP/1.1\r\n\r\n",
    "an unknown method": b"FROB /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
    "a body for GET": b"GET /health HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
    "a large body": b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n" + b"x" * 5000,
    "a length that is none": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "chunks without end": b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\nx",
    "a long line": b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\n\r\n",
    "long headers": b"GET / HTTP/1.1\r\n" + b"X: " + b"a" * 100000 + b"\r\n\r\n",
    "many headers": b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20000 + b"\r\n",
    "a header that is none": b"GET / HTTP/1.1\r\nnonsense\r\n\r\n",
    "an end before the end": b"GET /metr",
    "nothing": b"",
}


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_http_harms_nothing(serving, port, kind):
    answer = raw(port, BROKEN[kind])
    assert not answer or answer.startswith(b"HTTP/") and b"split53_find_hit" not in answer[:10000], answer[:200]
    assert get(port, "/health")[0] == 200
    assert rcode(ask((serving.address, serving.port), "www.example.com.")) == "NOERROR"


def test_methods_pages_and_pipelined_requests(serving, port):
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE"):
        status, headers, _ = get(port, "/ready", method)
        assert status == 405 and headers["Allow"] == "GET, HEAD", method
    status, _, text = get(port, "/metrics", "HEAD")
    assert status == 200 and text == ""
    assert get(port, "/nothing")[0] == get(port, "/json/v2")[0] == get(port, "/../etc/passwd")[0] == 404
    assert get(port, "/")[0] == get(port, "/health")[0] == 200
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n" * 3)
        answer = b""
        while answer.count(b"HTTP/1.1 200 OK") < 3:
            answer += connection.recv(4096)


def open_descriptors(program):
    return len(os.listdir(f"/proc/{program.process.pid}/fd"))


def test_10000_idle_connections_take_64_descriptors_and_a_scrape_still_works(serving, port):
    before, connections = open_descriptors(serving), []
    soft = 65536
    try:
        import resource
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, max(soft, resource.getrlimit(resource.RLIMIT_NOFILE)[1])))
    except (ValueError, OSError):
        pass
    opened = 0
    try:
        for _ in range(10000):
            connection = socket.socket()
            connection.setblocking(False)
            connection.connect_ex(("127.0.0.1", port))
            connections.append(connection)
            opened += 1
            if opened % 1000 == 0:
                assert open_descriptors(serving) <= before + CONNECTIONS + 8	# upstream sockets come and go
                assert get(port, "/health", timeout=30)[0] == 200
                assert rcode(ask((serving.address, serving.port), "www.example.com.")) == "NOERROR"
        text = get(port, timeout=30)[2]
        assert value(text, "split53_statistics_connections") <= CONNECTIONS + 1
        assert value(text, "split53_statistics_evictions_total") > 1000
    finally:
        for connection in connections:
            connection.close()
    wait_until(lambda: open_descriptors(serving) <= before + 2, 20 * patience(), "the connections are closed")


def many_zones(count, server):
    return "".join(f'zone "z{i}.test" {{ type forward; forward only; forwarders {{ {server}; }}; }};\n' for i in range(count))


def test_a_reader_that_vanishes_or_is_slow_costs_nothing(split53, upstream, port):
    server = upstream(answer_with("192.0.2.1")).where
    program = split53([server], extra=channel(port) + many_zones(3000, server))
    before = open_descriptors(program)
    slow = []
    for _ in range(8):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", port))
        connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        slow.append(connection)
    wait_until(lambda: get(port, "/metrics")[0] == 503, 5 * patience(), "all replies are under way")
    assert get(port, "/health")[0] == 200 and rcode(ask((program.address, program.port), "a.z1.test.")) == "NOERROR"
    for connection in slow[:4]:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))	# with a reset
    for connection in slow:
        connection.close()
    wait_until(lambda: get(port, "/metrics")[0] == 200, 5 * patience(), "replies are written again")
    wait_until(lambda: open_descriptors(program) <= before + 1, 5 * patience(), "the connections are closed")
    for _ in range(200):
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(b"GET /json/v1 HTTP/1.1\r\nHost: x\r\n\r\n")
    wait_until(lambda: get(port)[0] == 200, 10 * patience(), "the rest is forgotten")


def reload(program):
    count = program.log().count(": reloaded")
    program.reload()
    wait_until(lambda: program.log().count(": reloaded") > count, 10 * patience(), "the reload")


def test_a_reload_opens_and_closes_what_changed_and_a_channel_that_fails_ends_nothing(split53, upstream, make_conf, port):
    server = upstream(answer_with("192.0.2.1")).where
    taken, added = socket.socket(), free_port()
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    where = taken.getsockname()[1]
    program = split53([server], extra=channel(port) + channel(where) +
                      "statistics-channels { inet 192.0.2.77 port 8053; };\n")
    assert re.search(rf"config: error: \S+:\d+:\d+: cannot open statistics channel on 127\.0\.0\.1#{where}: the address is in use", program.log())
    assert re.search(r"config: error: \S+:\d+:\d+: cannot open statistics channel on 192\.0\.2\.77#8053: no interface has", program.log())
    kept = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    kept.request("GET", "/health")
    assert kept.getresponse().read() == b"ok\n"
    taken.close()
    program.write_conf(make_conf(program.port, [server], extra=channel(port) + channel(where) + channel(added)))
    reload(program)
    kept.request("GET", "/health")	# over the same connection
    assert kept.getresponse().read() == b"ok\n" and get(where, "/health")[0] == get(added, "/health")[0] == 200
    program.write_conf(make_conf(program.port, [server], extra=channel(added, "none;")))
    reload(program)
    assert get(added, "/health")[0] == 403
    for gone in (port, where):
        with pytest.raises(OSError):
            get(gone, "/health")
    program.write_conf("nonsense")
    program.process.send_signal(1)
    wait_until(lambda: "reload failed" in program.log(), 5 * patience(), "the reload fails")
    program.write_conf(make_conf(program.port, [server], extra=channel(added)))
    reload(program)
    text = get(added)[2]
    assert value(text, 'split53_config_reloads_total{result="failed"}') == 1
    assert value(text, "split53_config_last_reload_successful") == 1


def test_ready_fails_first_while_queries_are_answered_to_the_end(split53, upstream, port):
    server = upstream(lambda q: q.send(answer_with("192.0.2.1")(q), delay=0.5))
    program = split53([server.where], extra=channel(port))
    assert get(port, "/ready")[0] == 200
    found = []
    asking = threading.Thread(target=lambda: found.append(rcode(ask((program.address, program.port), "slow.example.com."))))
    asking.start()
    wait_until(lambda: server.queries, 5, "the server is asked")
    program.process.send_signal(15)
    status, _, text = get(port, "/ready")
    assert status == 503 and "shutting down" in text
    asking.join()
    assert found == ["NOERROR"]


def test_nothing_private_is_told(split53, upstream, port):
    secret = "c2VjcmV0LWtleS1vZi1vdXJz"
    extra = channel(port) + f'key "rndc-key" {{ algorithm hmac-sha256; secret "{secret}"; }};\n'
    split53([upstream(answer_with("192.0.2.1")).where], extra=extra)
    for path in ("/", "/metrics", "/json/v1", "/ready?zones=1", "/health"):
        text = get(port, path)[2]
        assert secret not in text and "rndc-key" not in text, path


def quantile(text, share, name, labels):
    """The bucket (lower, upper bound) that the share lies in."""
    buckets = [(float(bound), int(count)) for bound, count in
               re.findall(rf'^{name}_bucket{{{re.escape(labels)},le="([^"]+)"}} (\d+)$', text, re.MULTILINE)]
    bounds = [0.0] + [bound for bound, _ in buckets]
    for number, (bound, count) in enumerate(buckets):
        if count >= share * buckets[-1][1]:
            return bounds[number], bound, bounds
    raise AssertionError("no bucket")


def test_the_percentiles_agree_with_the_client_within_one_bucket(split53, upstream, port):
    """Each name is a miss; the server takes 3, 30 or 150 ms."""
    delays = {"a": 0.003, "b": 0.03, "c": 0.15}
    server = upstream(lambda q: q.send(answer_with("192.0.2.1")(q), delay=delays[q.name[0]]))
    program = split53([server.where], extra=channel(port))
    base = value(get(port)[2], 'split53_answer_latency_seconds_count{source="upstream"}')
    took = []
    for number in range(60):
        start = time.monotonic()
        ask((program.address, program.port), f"{'aaaaabbbcc'[number % 10]}{number}.example.com.")
        took.append(time.monotonic() - start)
    text, took = get(port)[2], sorted(took)
    assert value(text, 'split53_answer_latency_seconds_count{source="upstream"}') == base + 60
    for share in (0.25, 0.65, 0.95):
        lower, upper, bounds = quantile(text, share, "split53_answer_latency_seconds", 'source="upstream"')
        exact = took[int(share * len(took))]
        at = bounds.index(upper)
        assert bounds[max(at - 2, 0)] <= exact <= bounds[min(at + 1, len(bounds) - 1)], (share, exact, lower, upper)


def main_thread_ms(program):
    """Processor time of the main thread (the kernel's schedstat)."""
    with open(f"/proc/{program.process.pid}/task/{program.process.pid}/schedstat", encoding="ascii") as file:
        return int(file.read().split()[0]) / 1e6


def test_a_scrape_of_1000_servers_and_10000_zones_takes_little_of_the_main_thread(split53, port):
    zones = "".join(f'zone "z{i}.test" {{ type forward; forward only; forwarders {{ 127.{1 + i % 1000 // 250}.0.{1 + i % 250} port 9; }}; '
                    f'health-check {{ mode never; }}; }};\n' for i in range(10000))
    program = split53(["127.9.0.1 port 9"], extra=channel(port) + zones)
    for path, limit in (("/metrics", 100), ("/json/v1", 100)):
        text, costs = get(port, path)[2], []
        for _ in range(5):
            before = main_thread_ms(program)
            text = get(port, path)[2]
            costs.append(main_thread_ms(program) - before)
        if path == "/metrics":
            assert len(re.findall("^split53_zone_queries_total", text, re.MULTILINE)) == 10003  # and ".", the built-in ones, the rest
            assert len(re.findall("^split53_upstream_rtt_seconds_count", text, re.MULTILINE)) == 1001
        print(f"{path}: {len(text)} bytes, {min(costs):.1f} to {max(costs):.1f} ms of the main thread")
        if not sanitized():
            assert min(costs) <= limit * patience() / 2, costs


@needs_prometheus
def test_promtool_has_nothing_to_say(split53, upstream, port):
    ailing = upstream(answer_with("192.0.2.1")).where
    program = split53([ailing], consul=f"127.0.0.1 port {free_port()}", extra=channel(port))
    ask((program.address, program.port), "www.example.com.")
    done = subprocess.run(["promtool", "check", "metrics"], input=get(port)[2], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0 and not done.stdout and not done.stderr, done.stdout + done.stderr
    done = subprocess.run(["promtool", "check", "rules", RULES], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_metric_of_the_rules_and_the_dashboard_is_there(serving, port):
    text = get(port)[2]
    known = set(re.findall(r"^(?:# TYPE )?(\w+)", text, re.MULTILINE)) | set(re.findall(r"^# TYPE (\w+)", text, re.MULTILINE))
    with open(RULES, encoding="utf-8") as file:
        words = file.read()
    with open(os.path.join(ROOT, "packaging", "grafana", "split53.json"), encoding="utf-8") as file:
        dashboard = json.load(file)
    assert dashboard["title"] and dashboard["panels"]
    words += json.dumps(dashboard)
    used = set(re.findall(r"\b(?:split53|process)_\w+", words)) - {"split53_", "process_"}
    assert used and used <= known, used - known


@needs_prometheus
def test_a_real_prometheus_scrapes_and_evaluates_the_rules(split53, upstream, port, tmp_path):
    dead = f"127.0.0.1 port {free_port()}"
    program = split53([upstream(answer_with("192.0.2.1")).where], consul=dead, extra=channel(port))
    web = free_port()
    conf = tmp_path / "prometheus.yml"
    conf.write_text(f"""
global: {{ scrape_interval: 1s, evaluation_interval: 1s }}
rule_files: [ "{os.path.realpath(RULES)}" ]
scrape_configs:
  - job_name: split53
    static_configs: [ {{ targets: [ "127.0.0.1:{port}" ] }} ]
""", encoding="utf-8")
    log = open(tmp_path / "prometheus.log", "wb")
    child = subprocess.Popen(["prometheus", f"--config.file={conf}", f"--storage.tsdb.path={tmp_path}/data",
                              f"--web.listen-address=127.0.0.1:{web}"], stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def api(path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{web}/api/v1/{path}", timeout=5) as answer:
                return json.load(answer)["data"]
        except (OSError, ValueError):
            return None
    try:
        wait_until(lambda: (api("query?query=up") or {}).get("result"), 60 * patience(), "Prometheus has scraped")

        def is_up():
            for _ in range(5):
                ask((program.address, program.port), "www.consul.")
                ask((program.address, program.port), "www.example.com.")
            return any(one["value"][1] == "1" for one in api("query?query=up")["result"])
        wait_until(is_up, 30 * patience(), "split53 is up")
        wait_until(lambda: any(float(one["value"][1]) > 0 for one in api("query?query=split53_find_hit_total")["result"]), 20, "hits")
        rules = wait_until(lambda: [rule for group in (api("rules") or {"groups": []})["groups"] for rule in group["rules"]
                                    if rule["health"] == "ok"], 30 * patience(), "the rules are evaluated")
        wait_until(lambda: all(rule["health"] == "ok" for group in api("rules")["groups"] for rule in group["rules"]),
                   30 * patience(), "all of them")
        assert len(rules) >= 1
        pending = wait_until(lambda: [alert["labels"]["alertname"] for alert in api("alerts")["alerts"]], 30 * patience(), "an alert")
        assert "Split53UpstreamDown" in pending
        series = {one["metric"]["le"] for one in api("query?query=split53_answer_latency_seconds_bucket")["result"]}
        assert len(series) == 23
    finally:
        child.terminate()
        child.wait(30)
        log.close()


def test_check_says_what_is_wrong_with_a_channel(tmp_path):
    rows = [("inet 127.0.0.1 port 8053; inet 127.0.0.1 port 8053;", 0, "already configured"),
            ("inet 127.0.0.1 port 8053 keys { k; };", 1, "keys"), ("unix \"/run/x\";", 1, "unix"),
            ("inet localhost port 8053;", 1, "an address or \\*"), ("inet 127.0.0.1 port 65536;", 1, "65535"),
            ("inet 127.0.0.1 allow { nope; };", 1, "undefined acl 'nope'"), ("inet * port 8053 allow { any; }; inet ::1;", 0, None), ("", 0, None)]
    for number, (body, code, words) in enumerate(rows):
        path = tmp_path / f"{number}.conf"
        path.write_text(f"options {{ forwarders {{ 192.0.2.53; }}; }};\nstatistics-channels {{ {body} }};\n", encoding="utf-8")
        got, _, said = run_once("--check", str(path))
        assert got == code, (body, said)
        assert re.search(words, said) if words else "statistics" not in said, (body, said)
