# SPDX-License-Identifier: ISC
"""The parts of the failover scenario: the upstream that fails on command, the record of queries, and the figures computed from both."""
import os
import subprocess
from contextlib import contextmanager

import pytest

import failover_figures as figures
from failover_figures import SECOND, Query, Times

BIN = os.environ["BENCH_BIN"]
IDLE = dict.fromkeys(("udp_load", "udp_other", "tcp_load", "tcp_other", "tcp_opened", "answers", "unreachable"), 0)


@contextmanager
def faulty(*commands):
    """bench_faulty on loopback: its port and a function that sends it commands."""
    with subprocess.Popen([f"{BIN}/bench_faulty", "127.0.0.1", "0"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                          bufsize=1) as running:
        port = int(running.stdout.readline().split()[1])

        def tell(*lines):
            for line in lines:
                running.stdin.write(line + "\n")
                assert running.stdout.readline() == "ok\n"
        tell(*commands)
        yield port, tell
        running.stdin.close()


def load(port, record, *options, queries=400):
    done = subprocess.run([f"{BIN}/bench_load", "--server", "127.0.0.1", "--port", str(port), "--names", "fresh", "--queries",
                           str(queries), "--seconds", "2", "--timeout", "0.3", "--record", str(record), *options],
                          capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 0, done.stderr
    return figures.read_record(record)


@pytest.fixture
def record(tmp_path):
    return tmp_path / "record"


def test_each_query_is_recorded_once_with_its_delay(record):
    with faulty("delay 20") as (port, _):
        queries = load(port, record, "--rate", "4000")
    assert len(queries) == 400
    assert all(query.right and query.rcode == 0 and 20 <= query.delay_ms < 300 for query in queries)
    assert all(query.late_us < query.delay_ms * 1000 for query in queries)
    assert queries[-1].due_ns - queries[0].due_ns >= 399 * 250_000


@pytest.mark.parametrize("answers, rcode", (("servfail", 2), ("refused", 5)))
def test_a_failure_is_recorded_by_its_rcode(record, answers, rcode):
    with faulty(f"answers {answers}") as (port, tell):
        assert {(query.right, query.rcode) for query in load(port, record)} == {(False, rcode)}
        assert {(query.right, query.rcode) for query in load(port, record, "--tcp", "2")} == {(False, rcode)}
        tell("answers good")
        assert all(query.right for query in load(port, record))


def test_no_kind_of_garbage_counts_as_an_answer(record):
    with faulty("answers garbage") as (port, _):
        queries = load(port, record)
    assert len(queries) == 400
    assert not any(query.right for query in queries)


@pytest.mark.parametrize("lost, kept", ((("--clients", "4"), ("--tcp", "4")), (("--tcp", "4"), ("--clients", "4"))))
def test_the_loss_of_one_protocol_does_not_affect_the_other(record, lost, kept):
    with faulty(f"lose-{'udp' if lost[0] == '--clients' else 'tcp'} 100") as (port, _):
        assert all(query.end_ns == 0 for query in load(port, record, *lost, "--window", "400"))
        assert all(query.right for query in load(port, record, *kept))


def test_about_a_fifth_of_the_packets_is_lost(record):
    with faulty("lose-udp 20") as (port, tell):
        queries = load(port, record, "--window", "2000", queries=2000)
        assert 300 < sum(query.end_ns == 0 for query in queries) < 500
        tell("lose-udp 0")
        assert all(query.right for query in load(port, record))


def test_an_eighth_of_the_names_need_tcp(record):
    with faulty("truncate 2") as (port, _):
        queries = load(port, record)
        assert all(query.right for query in queries)
        assert figures.answered(queries)["cut"] == 400 / 8
        assert figures.answered(load(port, record, "--tcp", "2"))["cut"] == 0


# The figures

def query_at(due_s, delay_ms=2, rcode=0):
    """A query `due_s` after the start, answered with this rcode after this time; None: lost."""
    due_ns = int(due_s * SECOND)
    return Query(due_ns, 0 if delay_ms is None else due_ns + int(delay_ms * 1e6), 0, 0 if rcode == 0 else 4, rcode)


class Wire:
    """A tap that saw this many queries to a host in each bin of 100 ms."""

    BIN_NS = SECOND // 10

    def __init__(self, asked):
        self.asked = asked
        self.tap, self.hosts = self, list(asked)

    def whole_bins(self, begin_ns, end_ns):
        return -(-begin_ns // self.BIN_NS) * self.BIN_NS, end_ns // self.BIN_NS * self.BIN_NS

    def bins(self, host, begin_ns, end_ns):
        begin_ns, end_ns = self.whole_bins(begin_ns, end_ns)
        return [{**IDLE, "udp_load": count} for count in self.asked[host][begin_ns // self.BIN_NS:end_ns // self.BIN_NS]]

    def sums(self, host, begin_ns, end_ns):
        return {**IDLE, "udp_load": sum(one["udp_load"] for one in self.bins(host, begin_ns, end_ns))}


TIMES = Times(0, 3 * SECOND, 5 * SECOND, 8 * SECOND)


def test_lost_and_failed_queries_count_as_late_too():
    found = figures.answered([query_at(1), query_at(1, 120), query_at(1, 300), query_at(1, None), query_at(1, 1, 2)])
    assert (found["lost"], found["failed"], found["wrong"]) == (1, 1, 0)
    assert (found["unanswered_share"], found["late_100_share"], found["late_250_share"]) == (2 / 5, 4 / 5, 3 / 5)
    assert found["worst_ms"] == 300


@pytest.mark.parametrize("after_mend, wanted", (
    ([100] * 30, 0.0), ([0] * 12 + [60] * 18, 1.2), ([0] * 30, None), ([49] * 30, None)))
def test_a_server_is_back_with_half_of_its_share_in_a_tenth_of_a_second(after_mend, wanted):
    wire = Wire({"near": [100] * 30 + [0] * 20 + after_mend})
    assert figures.back_s(wire, "near", TIMES) == wanted


def test_amplification_counts_whole_bins_of_both_hosts():
    wire = Wire({"near": [10] * 80, "far": [10] * 80})
    queries = [query_at(at / 100) for at in range(800)]
    assert figures.per_query(wire, queries, int(3.05 * SECOND), int(5.07 * SECOND)) == 2


def test_when_all_fail_the_time_to_the_first_good_answer_counts_from_their_return():
    queries = [query_at(1), query_at(2.95)] + [query_at(3 + at / 10, 20, 2) for at in range(20)] + [query_at(4.9, 400)] + [
        query_at(5 + at / 100, 900 if at < 30 else 2) for at in range(300)]
    found = figures.all_fail(Wire({"near": [0] * 80}), TIMES, sorted(queries, key=lambda query: query.due_ns))
    assert found["at_once"]["median_ms"] == 20
    assert found["at_once"]["servfail"] == 10
    assert found["first_good_s"] == pytest.approx(0.3)
    assert found["whole_s"] == pytest.approx(0.3)


def test_silence_is_reported_when_all_fail():
    found = figures.reaction([query_at(1, None), query_at(1, 5, 2)])
    assert (found["asked"], found["silent"], found["servfail"]) == (2, 1, 1)
