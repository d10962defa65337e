#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""
soak.py - floods of all kinds at once, drawn at random, against one server that is reloaded and restarted meanwhile.

    test/bench/soak.py --bin BUILD/bench --program PROGRAM [--minutes N] [--seed X]

Root only. For builds with sanitizers: a report of one ends the run with exit status 1, and so does a server that ends by itself, loses a
query of the idle zone's client, does not end within DRAIN_S of SIGTERM, or exceeds a bound: PENDING_MOST waiting queries (recursive-
clients); DESCRIPTORS_MOST descriptors; GROWN_MOST_MIB of memory since the first minute (builds without a sanitizer only: a sanitizer keeps
freed memory). A query is lost when both tries get no reply, unless the kernel dropped datagrams meanwhile because the machine was too busy
to read them. A build with a sanitizer is several times slower than these floods require: its losses are printed but do not fail the run.
"""
import argparse
import glob
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time

import floods
import process
import tools
from servers import free_port

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))
from support.process import SANITIZER, sanitized  # noqa: E402

PENDING_MOST = 1000     # recursive-clients, by default
DESCRIPTORS_MOST = 1200     # 150 connections, sockets to servers
GROWN_MOST_MIB = 150
DRAIN_S = 60
ROUND_S = 5
FLOODS = 3
LIFE_S = 150    # then SIGTERM under the floods, and a new process


class Program(floods.Split53):
    """The server, its log and its dumps in a folder of its own."""

    ports, program = None, None

    def commands(self):
        more = (f'dump-file "{self.folder}/dump"; stale-answer-enable yes; max-stale-ttl 600; stale-answer-client-timeout 500;'
                " max-cache-size 16m;")
        path = self.write("named.conf", floods.named_conf(self.folder, self.port, self.ports, more).replace(
            "category default { null; };", f'channel all {{ file "{self.folder}/all.log"; }}; category default {{ all; }};'))
        return [[self.program, "-f", "-n", "2", "-c", path]]


def flood_words(draw, port, zones):
    """A flood of random kind."""
    row = draw.choice(list(floods.ROWS.values()))
    rate = draw.choice((100, 500, 1500))
    words = [tools.program("bench_flood"), "--server", row.address, "--port", str(port), "--rate", str(rate), "--sources",
             str(draw.choice((0, 1, 100, 10_000)) or row.sources), "--tcp", str(draw.choice((0, 0, 0, 20, 200)))]
    for zone in draw.sample(zones, draw.choice((1, 2))):
        words += ["--zone", zone]
    return words + (["--edns"] if draw.random() < 0.5 else [])


def datagrams_dropped():
    """By the kernel, in this network namespace: a full receive buffer."""
    with open("/proc/net/snmp", encoding="ascii") as file:
        titles, numbers = (line.split() for line in file if line.startswith("Udp:"))
    return int(dict(zip(titles, numbers))["RcvbufErrors"])


class Soak:
    def __init__(self, folder, options):
        self.folder, self.options = folder, options
        self.draw = random.Random(options.seed)
        self.faults, self.restarts, self.reloads, self.answered, self.asked, self.dropped = [], 0, 0, 0, 0, 0
        self.most = {"pending": 0, "descriptors": 0, "resident_mib": 0}
        self.floods, self.base_kib, self.sent = [], None, 0
        quick = floods.Row("soak", 0, delay_ms=3000)
        self.upstreams = floods.Upstreams(folder, quick)
        self.server = Program(floods.ServerSetting(folder))
        self.server.program = options.program
        self.server.ports, self.server.port = self.upstreams.ports, free_port()

    def change_floods(self):
        """One ends, one begins: there are always FLOODS of them."""
        if len(self.floods) >= FLOODS:
            self.end_flood(self.floods.pop(0))
        while len(self.floods) < FLOODS:
            words = flood_words(self.draw, self.server.port, ["consul", "second", "bench.example"])
            self.floods.append(process.start(words, os.path.join(self.folder, "flood.log"), output_to=subprocess.PIPE))

    def end_flood(self, running):
        running.terminate()
        found = re.search(rb'"sent": (\d+)', running.communicate()[0])
        self.sent += int(found.group(1)) if found else 0

    def ask(self, client):
        for _ in range(10):
            dropped = datagrams_dropped()
            answered = client.ask() is not None or client.ask() is not None     # a stub resolver tries twice
            if not answered and datagrams_dropped() > dropped:
                self.dropped += 1
                continue
            self.asked += 1
            self.answered += answered

    def measure(self):
        pid = self.server.pids[0]
        resident = process.resident_kib([pid])
        if self.base_kib is None:
            self.base_kib = resident
        self.most["resident_mib"] = max(self.most["resident_mib"], resident // 1024)
        self.most["descriptors"] = max(self.most["descriptors"], floods.open_descriptors(pid))
        dump = os.path.join(self.server.folder, "dump")
        if os.path.exists(dump):
            with open(dump, encoding="utf-8", errors="replace") as file:
                found = re.search(r"^; +(\d+) pending-now$", file.read(), re.MULTILINE)
            self.most["pending"] = max(self.most["pending"], int(found.group(1)) if found else 0)
        os.kill(pid, signal.SIGUSR1)
        os.kill(pid, signal.SIGHUP)
        self.reloads += 1

    def restart(self):
        """End it during the floods, check its output, start it again."""
        running = self.server.processes[0]
        running.terminate()
        began = time.monotonic()
        try:
            status = running.wait(DRAIN_S)
            if status != 0:
                self.faults.append(f"ended with {status}")
        except subprocess.TimeoutExpired:
            self.faults.append(f"not ended {DRAIN_S} s after SIGTERM")
        print(f"{time.strftime('%H:%M:%S')} drained in {time.monotonic() - began:.1f} s; {self.line()}", flush=True)
        self.server.stop()
        self.look_at_reports()
        self.restarts += 1
        self.server.start("f-ready.bench.example")

    def look_at_reports(self):
        for path in [self.server.log, *glob.glob(os.path.join(self.folder, "report*"))]:
            with open(path, encoding="utf-8", errors="replace") as file:
                text = file.read()
            if SANITIZER.search(text):
                self.faults.append(text[:20000])

    def line(self):
        return (f"sent {self.sent}, reloads {self.reloads}, restarts {self.restarts}, client {self.answered} of {self.asked},"
                f" not counted {self.dropped}, most {self.most}")

    def judge(self):
        if self.answered < self.asked and not sanitized(self.options.program):
            self.faults.append(f"the client of the idle zone got {self.answered} of {self.asked}")
        if self.most["pending"] > PENDING_MOST:
            self.faults.append("more queries wait than recursive-clients allows")
        if self.most["descriptors"] > DESCRIPTORS_MOST:
            self.faults.append(f"more than {DESCRIPTORS_MOST} descriptors")
        if not sanitized(self.options.program) and self.most["resident_mib"] - self.base_kib // 1024 > GROWN_MOST_MIB:
            self.faults.append(f"grew by more than {GROWN_MOST_MIB} MiB")

    def run(self):
        end = time.monotonic() + 60 * self.options.minutes
        self.server.start("f-ready.bench.example")
        client, born = floods.Client(self.server.port), time.monotonic()
        while time.monotonic() < end and not self.faults:
            self.change_floods()
            time.sleep(ROUND_S)
            if self.server.processes[0].poll() is not None:
                self.faults.append(f"the server ended by itself: {self.server.processes[0].returncode}")
                break
            self.ask(client)
            self.measure()
            if time.monotonic() - born > LIFE_S:
                self.restart()
                born = time.monotonic()
        self.look_at_reports()
        self.judge()

    def close(self):
        for running in self.floods:
            self.end_flood(running)
        self.server.close()
        self.look_at_reports()
        self.upstreams.close()


def main():
    parser = argparse.ArgumentParser(prog="test/bench/soak.py", description="Mixed floods against one server.")
    parser.add_argument("--bin", required=True, help="where bench_flood and bench_upstream are: BUILD/bench")
    parser.add_argument("--program", required=True, help="the split53 that is flooded")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    options.program = os.path.abspath(options.program)
    tools.use_folder(os.path.abspath(options.bin))
    floods.make_room()
    with tempfile.TemporaryDirectory(prefix="split53-soak-") as folder:
        os.environ["ASAN_OPTIONS"] = os.environ["TSAN_OPTIONS"] = f"log_path={folder}/report"
        soak = Soak(folder, options)
        try:
            soak.run()
        finally:
            soak.close()
        print(soak.line())
        for fault in soak.faults:
            print(fault)
        print("no report" if not soak.faults else "FAILED")
        return 1 if soak.faults else 0


if __name__ == "__main__":
    sys.exit(main())
