# SPDX-License-Identifier: ISC
"""The cost of an idle program, and the time to its first answer: figures of the program as users install it (build/)."""
import os
import re
import subprocess
import time

import pytest

from support.client import ask
from support.process import BINARY, PLAIN_BINARY, Process, sanitized
from support.split53 import free_port
from support.upstream import answer_with

PROGRAM = PLAIN_BINARY if PLAIN_BINARY and os.access(PLAIN_BINARY, os.X_OK) else BINARY
PLAIN = not sanitized(PROGRAM)
IDLE_SECONDS = 20


@pytest.fixture
def start(tmp_path, make_conf):
    processes = []

    def go(forwarder, consul):
        port = free_port()
        conf = tmp_path / f"idle{len(processes)}.conf"
        conf.write_text(make_conf(port, [forwarder], consul))
        began = time.monotonic()
        process = Process([PROGRAM, "-g", "-c", str(conf)], tmp_path, f"idle{len(processes)}")
        processes.append(process)
        while True:
            try:
                ask(("127.0.0.1", port), "localhost.", timeout=0.05)
                break
            except OSError:
                assert process.running(), process.log()
        return process, port, (time.monotonic() - began) * 1000
    yield go
    for process in processes:
        assert process.end() == 0


def switches(pid):
    """Voluntary context switches of all threads: each is one wake-up."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/status", encoding="ascii") as file:
            total += int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", file.read(), re.M).group(1))
    return total


def settled_switches(pid):
    """The same once the start is over: two equal readings."""
    until = time.monotonic() + 10
    was, now = None, switches(pid)
    while was != now and time.monotonic() < until:
        time.sleep(0.5)
        was, now = now, switches(pid)
    return now


def resident_kb(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return int(re.search(r"^Rss:\s+(\d+)", file.read(), re.M).group(1))


def test_idle_memory_wakeups_and_time_to_the_first_answer_are_within_limits(start, upstream, capsys):
    server = upstream(answer_with())
    firsts = []
    for _ in range(5):
        process, port, milliseconds = start(server.where, server.where)
        firsts.append(milliseconds)
    for number in range(100):
        ask(("127.0.0.1", port), f"warm{number}.example.com.")
    fresh, _, _ = start(server.where, server.where)
    rss, rss_used = resident_kb(fresh.pid), resident_kb(process.pid)
    before = [settled_switches(one.pid) for one in (fresh, process)]
    subprocess.run(["sleep", str(IDLE_SECONDS)], check=True)
    wakeups, wakeups_used = [(switches(one.pid) - was) * 60 // IDLE_SECONDS for one, was in zip((fresh, process), before)]
    with capsys.disabled():
        print(f"\nidle: {rss} kB resident after the start, {rss_used} kB after 100 queries; {wakeups} wake-ups a minute, "
              f"{wakeups_used} in the minute after the queries; first answer "
              f"after {sorted(firsts)[len(firsts) // 2]:.1f} ms (median of 5){'' if PLAIN else ', with a sanitizer'}")
    if PLAIN:
        assert wakeups <= 3 and wakeups_used <= 30
        assert rss < 12_000
        assert sorted(firsts)[2] < 200
