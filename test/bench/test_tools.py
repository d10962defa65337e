# SPDX-License-Identifier: ISC
"""The benchmark's programs with one another, on loopback: short runs; speed is not checked."""
import json
import os
import signal
import socket
import subprocess
import time
from contextlib import contextmanager

import pytest

BIN = os.environ["BENCH_BIN"]
KINDS = ("set", "fresh", "zipf", "scan", "nx", "nx-zipf", "nd", "negative", "big", "ttl0")
LIES = ("address", "rcode", "question", "count", "edns")


@contextmanager
def server(name, *arguments):
    """A running server program: its port and its process."""
    words = [f"{BIN}/{name}", *arguments[:-1], "127.0.0.1", "0", *(arguments[-1:] and arguments[-1])]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as running:
        try:
            word, port = running.stdout.readline().split()
            assert word == "ready"
            yield int(port), running
        finally:
            running.terminate()


@contextmanager
def upstream(*options):
    with server("bench_upstream", *options, ()) as (port, running):
        yield port, running


def load(port, *options, seconds=0.15):
    done = subprocess.run([f"{BIN}/bench_load", "--server", "127.0.0.1", "--port", str(port), "--json", "--seconds",
                           str(seconds), "--count", "500", *options], capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def all_is_right(found):
    assert found["sent"] == found["answered"] > 0
    assert [found[key] for key in ("wrong", "truncated", "lost", "late", "stray", "send_errors")] == [0] * 6, found
    return True


@pytest.fixture(scope="module")
def truthful():
    with upstream() as (port, _):
        yield port


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_name_has_its_answer(truthful, kind):
    assert all_is_right(load(truthful, "--names", kind, "--mix-case"))
    assert all_is_right(load(truthful, "--names", kind, "--edns", "--tcp", "3", seconds=0.05))


@pytest.mark.parametrize("options", (
    ("--clients", "1"), ("--clients", "300"), ("--clients", "2", "--train", "16"), ("--tcp", "5", "--per-connection", "1"),
    ("--tcp", "5", "--per-connection", "7", "--sources", "3", "--reset"), ("--spin",), ("--txt", "--names", "big"), ("--lead", "0.1"),
), ids=" ".join)
def test_each_transport_and_query_option_works(truthful, options):
    found = load(truthful, *options)
    assert all_is_right(found)
    if "--per-connection" in options:
        assert found["connections"] >= found["answered"] // int(options[3])
        assert found["connection_errors"] == 0


def test_the_number_of_queries_is_as_requested(truthful):
    assert load(truthful, "--queries", "1234", seconds=20)["answered"] == 1234
    assert load(truthful, "--queries", "1234", "--train", "16", seconds=20)["answered"] == 1234


def test_an_open_loop_has_the_requested_rate(truthful):
    found = load(truthful, "--rate", "2000", "--queries", "1000", seconds=20)
    assert all_is_right(found)
    assert found["sent"] == 1000
    assert found["seconds"] > 0.499


def test_an_open_loop_counts_the_delay_before_a_query_is_sent():
    with upstream("--delay", "20") as (port, _):
        found = load(port, "--rate", "1000", "--window", "10", seconds=0.5)
    assert all_is_right(found)
    assert found["latency_us"]["p99"] > 100_000     # ten at once, 20 ms each: half of the queries that are due wait in a queue


def test_the_warm_up_queries_each_name_once(tmp_path):
    stats = tmp_path / "stats"
    with upstream("--stats-file", str(stats)) as (port, running):
        assert load(port, "--warm", "--names", "negative", seconds=0)["sent"] == 0
        running.send_signal(signal.SIGUSR1)
        end = time.monotonic() + 5
        while not stats.exists() and time.monotonic() < end:
            time.sleep(0.001)
        counts = json.loads(stats.read_text(encoding="ascii"))
        assert (counts["udp"]["nx"], counts["udp"]["nd"], counts["udp"]["all"]) == (500, 500, 1000)
        stats.unlink()
        load(port, "--tcp", "1", "--queries", "10", seconds=20)
    counts = json.loads(stats.read_text(encoding="ascii"))
    assert counts["tcp"]["set"] == counts["tcp"]["all"] == 10


@pytest.mark.parametrize("what", LIES)
def test_wrong_answers_are_detected(what):
    with upstream("--lie", what) as (port, _):
        found = load(port, "--edns", "--queries", "1000", seconds=20)
        assert found["answered"] == 1000
        assert found["wrong"] == 10, found
        assert load(port, "--edns", "--queries", "1000", "--tcp", "2", seconds=20)["wrong"] == 10


def test_an_answer_with_another_id_is_not_counted():
    with upstream("--lie", "id") as (port, _):
        found = load(port, "--queries", "1000", "--timeout", "1", seconds=20)
    assert (found["lost"], found["stray"], found["answered"]) == (10, 10, 990)


def test_all_queries_to_a_silent_server_are_lost():
    with upstream("--drop") as (port, _):
        found = load(port, "--queries", "100", "--timeout", "0.1", seconds=20)
    assert (found["sent"], found["lost"], found["answered"]) == (100, 100, 0)


def test_an_answer_after_the_timeout_is_late():
    with upstream("--delay", "150") as (port, _):
        found = load(port, "--queries", "400", "--window", "200", "--timeout", "0.1", seconds=20)
    assert found["lost"] == 400 and found["answered"] == 0
    assert found["late"] > 100


def test_the_warm_up_reports_a_missing_server():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        done = subprocess.run([f"{BIN}/bench_load", "--server", "127.0.0.1", "--port", str(taken.getsockname()[1]), "--warm",
                               "--count", "10", "--timeout", "0.01"], capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode != 0
    assert "warm-up: 10 of 10 names" in done.stderr


def test_the_cpu_time_of_a_watched_process_is_reported():
    with upstream() as (port, running):
        found = load(port, "--watch", f"{running.pid},{os.getpid()}", "--queries", "20000", seconds=20)
    upstream_s, own_s = (found["watched"][str(pid)]["total"] for pid in (running.pid, os.getpid()))
    assert upstream_s > own_s >= 0, found


def test_two_upstreams_share_a_port(truthful):
    words = [f"{BIN}/bench_upstream", "127.0.0.1", str(truthful)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "ready\n"
        other.terminate()


@pytest.mark.parametrize("name, options", (
    ("udp", ()), ("udp", ("--edns", "--clients", "1")), ("gso", ()), ("gso", ("--train", "16", "--edns")), ("tcp", ("--tcp", "4")),
    ("tcp", ("--tcp", "4", "--edns")), ("accept", ("--tcp", "4", "--per-connection", "1")), ("relay", ("--names", "fresh")),
    ("relay", ("--names", "nx", "--edns", "--clients", "100")),
), ids=lambda value: " ".join(value) if isinstance(value, tuple) else value)
def test_each_floor_gives_correct_answers(truthful, name, options):
    with server(f"bench_floor_{name}", ("127.0.0.1", str(truthful))) as (port, _):
        assert all_is_right(load(port, *options))
