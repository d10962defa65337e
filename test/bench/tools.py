# SPDX-License-Identifier: ISC
"""The benchmark's own programs (README.md has their options): the load generator, the upstream, and the floors as servers."""
import json
import os
import signal
import subprocess
import time

import process
from servers import Server

TIMEOUT_SECONDS = 1     # a query without an answer by then is lost
STATS_SECONDS = 5
COUNT_SECONDS = 200     # a load by count that is not complete by then ends
SOURCES = 20    # addresses: a closed connection blocks its port for a minute
_folder = ["."]


def use_folder(path):
    """Set the directory of the programs."""
    _folder[0] = path


def program(name):
    return os.path.join(_folder[0], name)


def wait_ready(running, words, log):
    """The port that one of our programs prints."""
    line = running.stdout.readline().split()
    if len(line) != 2 or line[0] != b"ready":
        running.kill()
        running.wait()
        with open(log, encoding="utf-8", errors="replace") as file:
            raise RuntimeError(f"{' '.join(words)} did not start: {file.read()}")
    return int(line[1])


class Upstream:
    """Two processes of bench_upstream, for everything and for the zone consul."""

    def __init__(self, folder, cpus=None):
        self.cpus = cpus
        self.folder = folder
        self.running = []
        self.port = self._start("upstream")
        self.consul_port = self._start("consul")

    def _start(self, name):
        stats, log = os.path.join(self.folder, f"{name}.json"), os.path.join(self.folder, f"{name}.log")
        words = [program("bench_upstream"), "--stats-file", stats, "127.0.0.1", "0"]
        running = process.start(words, log, self.cpus, output_to=subprocess.PIPE)
        self.running.append((running, stats))
        return wait_ready(running, words, log)

    def counters(self):
        """Queries so far by kind of name, over both processes and transports."""
        counts = {}
        for running, stats in self.running:
            for transport in ("udp", "tcp"):
                for kind, count in _stats_now(running, stats)[transport].items():
                    if kind not in ("all", "refused"):
                        counts[kind] = counts.get(kind, 0) + count
        return counts

    def close(self):
        for running, _ in self.running:
            process.stop(running)
            running.stdout.close()
        self.running = []


def _stats_now(running, path):
    """Let the upstream write its counters, and read them."""
    if os.path.exists(path):
        os.unlink(path)
    running.send_signal(signal.SIGUSR1)
    end = time.monotonic() + STATS_SECONDS
    while time.monotonic() < end:
        try:
            with open(path, encoding="utf-8") as file:
                return json.load(file)
        except FileNotFoundError:
            time.sleep(0.0005)
    raise RuntimeError("bench_upstream does not write its counters")


def words_of(load, port):
    """The command line of bench_load."""
    words = [program("bench_load"), "--server", "127.0.0.1", "--port", str(port), "--json", "--names", load.kind,
             "--count", str(load.names), "--seed", str(load.seed), "--timeout", str(TIMEOUT_SECONDS), "--zone", load.zone]
    words += ["--clients" if load.transport == "udp" else "--tcp", str(load.clients)]
    if load.edns:
        words += ["--edns"]
    if load.once:
        return [*words, "--warm", "--seconds", "0"]
    if load.window:
        words += ["--window", str(load.window)]
    words += ["--queries", str(load.count), "--seconds", str(COUNT_SECONDS)] if load.count else ["--seconds", str(load.seconds)]
    if load.train > 1:
        words += ["--train", str(load.train)]
    if load.transport == "tcp-one":
        words += ["--per-connection", "1", "--sources", str(SOURCES)]
    if load.rate:
        words += ["--rate", str(load.rate)]
    if load.kind == "scan":
        words += ["--scan", str(load.random_per_working)]
    return words


def run_load(port, load, cpus=None):
    """Run bench_load; returns its result."""
    words = words_of(load, port)
    ours = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, cpus or ours)
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    finally:
        os.sched_setaffinity(0, ours)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip() or done.returncode}")
    found = json.loads(done.stdout)
    found["told"] = done.stderr.strip()
    for name, key in (("p50", "p50"), ("p99", "p99"), ("p999", "p99.9")):
        found[f"{name}_us"] = found["latency_us"][key]
    if load.once:   # it ends with an error unless each query was answered correctly
        found.update(sent=load.names, answered=load.names, wrong=0, lost=0)
    return found


class Floor(Server):
    """A program that does only the kernel's part of the work. Its answers are all one correct A record."""

    is_floor = True
    with_upstream = False

    @classmethod
    def path(cls):
        return program(cls.program)

    @classmethod
    def version(cls):
        return ""

    def commands(self):
        more = ["127.0.0.1", str(self.setting.upstream_port)] if self.with_upstream else []
        return [[self.path(), "127.0.0.1", str(self.port), *more]]

    def wait_for_answer(self, ready_name, begin):
        while time.monotonic() < begin + STATS_SECONDS:
            if self.processes[0].poll() is not None:
                break
            if self.log_tail().startswith("ready"):
                return time.monotonic() - begin
            time.sleep(0.002)
        raise RuntimeError(f"{self.name} does not start: {self.log_tail()}")

    def loads(self, load):
        """The load that it can handle instead of this one."""
        if self.with_upstream:
            return load
        return load.but(kind={"nx-zipf": "zipf", "nx": "set", "nd": "set", "negative": "set"}.get(load.kind, load.kind))


class FloorUdp(Floor):
    name, program = "floor-udp", "bench_floor_udp"


class FloorGso(Floor):
    name, program = "floor-gso", "bench_floor_gso"


class FloorBig(Floor):
    """The upstream itself: it composes its large answers with little work."""

    name, program = "floor-big", "bench_upstream"


class FloorRelay(Floor):
    name, program = "floor-relay", "bench_floor_relay"
    with_upstream = True


class FloorTcp(Floor):
    name, program = "floor-tcp", "bench_floor_tcp"


FLOORS = {floor.name: floor for floor in (FloorUdp, FloorGso, FloorBig, FloorRelay, FloorTcp)}
