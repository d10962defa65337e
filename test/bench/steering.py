#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""
steering.py - what an operator's tools cost the clients: flushes, scrapes, and the counting itself.

    steering.py BUILD flush|script|scrape|cost [--rounds N] [--beside PROGRAM] [--scenarios hit,miss]

BUILD is a release tree. flush and scrape need root: once the cache is full, server and load run at real-time priority, so that other
programs cause no delay. cost: CPU per answer with a statistics channel that is scraped each second and a control channel, beside
PROGRAM without any.
"""
import argparse
import collections
import concurrent.futures
import http.client
import json
import os
import statistics
import struct
import subprocess
import tempfile
import threading
import time

import measure
import scenarios
import tools
from servers import Split53, free_port

ENTRIES, RATE, SECONDS = 1_000_000, 10_000, 5
ZONES, UPSTREAMS = 10_000, 1_000
RECORD = struct.Struct("<QQIBBH")   # README.md: --record


class Steered(Split53):
    """split53 with both channels."""
    name = "steered"
    zones_text = ""

    def commands(self):
        self.http_port, self.control = free_port(), os.path.join(self.folder, "control")
        words = super().commands()[0]
        with open(words[-1], "a", encoding="utf-8") as file:
            file.write(f'statistics-channels {{ inet 127.0.0.1 port {self.http_port} allow {{ any; }}; }};\n'
                       f'controls {{ unix "{self.control}" perm 0600 owner {os.getuid()} group {os.getgid()}; }};\n{self.zones_text}')
        return [words]

    def scrape(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=30)
        try:
            connection.request("GET", "/metrics")
            return len(connection.getresponse().read())
        finally:
            connection.close()

    def flush(self, verb, name):
        """How many entries went."""
        done = subprocess.run([os.path.join(os.path.dirname(self.program), "split53ctl"), "-s", self.control, "--json", verb, name],
                              capture_output=True, text=True, check=True)
        return json.loads(done.stdout)["flushed"]


class Large(Steered):
    name = "large"
    zones_text = "".join(f'zone "z{i}.test" {{ type forward; forwarders {{ 127.1.{i % UPSTREAMS // 250}.{i % 250 + 1} port 9; }}; }};\n'
                         for i in range(ZONES))


class Before(Split53):
    name = "before"


class Scraper:
    """Scrapes each second, from its start to its end."""

    def __init__(self, server):
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._run, args=(server,))
        self.thread.start()

    def _run(self, server):
        while not self.over.wait(1):
            server.scrape()

    def close(self):
        self.over.set()
        self.thread.join()


def hurry(pid, real_time):
    """All threads of the process at real-time priority, or not."""
    subprocess.run(["chrt", "-a", *(["-r", "-p", "1"] if real_time else ["-o", "-p", "0"]), str(pid)], check=True)


def main_thread_ms(pid):
    with open(f"/proc/{pid}/task/{pid}/schedstat", encoding="ascii") as file:
        return int(file.read().split()[0]) / 1e6


def steady_hits(server, folder, meanwhile):
    """Hits at a steady rate; meanwhile() returns intervals (ns). Latencies in us, [of these, of all others], and what was not answered."""
    path = os.path.join(folder, "record")
    words = [tools.program("bench_load"), "--server", "127.0.0.1", "--port", str(server.port), "--json", "--names", "set", "--count",
             "10000", "--clients", "16", "--rate", str(RATE), "--seconds", str(SECONDS), "--record", path]
    hurry(server.pids[0], True)
    load = subprocess.Popen(["chrt", "-r", "1", *words], stdout=subprocess.DEVNULL)
    time.sleep(1)
    intervals = meanwhile()
    assert load.wait() == 0
    hurry(server.pids[0], False)
    within, others, lost = [], [], 0
    with open(path, "rb") as file:
        for due, ended, late_us, verdict, _, _ in RECORD.iter_unpack(file.read()):
            if ended == 0 or verdict:
                lost += 1
                continue
            sent = due + late_us * 1000
            during = any(begin <= ended and sent <= end for begin, end in intervals)
            (within if during else others).append((ended - sent) / 1000)
    return within, others, lost


def percentile(values, share):
    values = sorted(values)
    return values[min(int(len(values) * share), len(values) - 1)] if values else float("nan")


def told(values):
    return f"{len(values):6d} hits: median {percentile(values, .5):6.0f}, p99.9 {percentile(values, .999):6.0f}, " \
           f"worst {percentile(values, 1):6.0f} us"


def started(kind, stand, mib):
    measure.CLASSES[kind.name] = kind
    server = stand.start(kind.name, mib)
    if server is None:
        raise SystemExit(stand.gone)
    return server


def flush(options, folder):
    with measure.Stand(folder, 2) as stand:
        server = started(Steered, stand, 512)
        stand.ask(server, scenarios.Load(once=True))
        both = [], []
        for number in range(options.rounds):
            stand.ask(server, scenarios.Load(once=True, names=ENTRIES, zone="tree.example", seed=number + 1))
            said = []

            def meanwhile():
                begin, used = time.monotonic_ns(), main_thread_ms(server.pids[0])
                said.append(server.flush("flushtree", "tree.example"))
                said.append(main_thread_ms(server.pids[0]) - used)
                return [(begin, time.monotonic_ns())]
            within, others, lost = steady_hits(server, folder, meanwhile)
            print(f"{number + 1}: {said[0]} entries; main thread {said[1]:.0f} ms; not answered {lost}\n   during  {told(within)}\n"
                  f"   without {told(others)}", flush=True)
            both[0].extend(within)
            both[1].extend(others)
        print(f"all rounds\n   during  {told(both[0])}\n   without {told(both[1])}")


def script(_, folder):
    """A script that flushes many names of a full cache, one after another and several at once."""
    with measure.Stand(folder, 2) as stand:
        server = started(Steered, stand, 512)
        stand.ask(server, scenarios.Load(once=True, names=ENTRIES, zone="tree.example"))
        for count, at_once in ((50, 1), (200, 4), (1000, 16), (1000, 64)):
            used, begin = main_thread_ms(server.pids[0]), time.monotonic()
            with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
                list(pool.map(lambda i: server.flush("flushname", f"s-{i}.tree.example"), range(count)))
            print(f"{count} times flushname, {at_once} at once: {time.monotonic() - begin:.1f} s, main thread "
                  f"{(main_thread_ms(server.pids[0]) - used) / 1000:.1f} s", flush=True)


def scrape(options, folder):
    with measure.Stand(folder, 2) as stand:
        server = started(Large, stand, 64)
        stand.ask(server, scenarios.Load(once=True))
        for number in range(options.rounds):
            costs, sizes = [], []

            def meanwhile():
                intervals = []
                for _ in range(3):
                    begin, used = time.monotonic_ns(), main_thread_ms(server.pids[0])
                    sizes.append(server.scrape())
                    intervals.append((begin, time.monotonic_ns()))
                    costs.append(main_thread_ms(server.pids[0]) - used)
                    time.sleep(1)
                return intervals
            within, others, lost = steady_hits(server, folder, meanwhile)
            print(f"{number + 1}: {sizes[-1]} bytes; main thread {', '.join(f'{cost:.1f}' for cost in costs)} ms a scrape; "
                  f"not answered {lost}\n   during  {told(within)}\n   without {told(others)}", flush=True)


def cost(options, folder):
    for scenario in options.scenarios.split(","):
        plan = scenarios.PLANS[scenario]
        apart = os.path.join(folder, scenario)
        os.mkdir(apart)
        with measure.Stand(apart, 1) as stand:
            Before.program = options.beside
            servers = [started(kind, stand, plan.cache_mib) for kind in (Steered, Before, tools.FLOORS[plan.floor[0]])]
            for server in servers[:2]:
                for load in plan.warm:
                    stand.ask(server, load)
            scraper = Scraper(servers[0])
            samples = collections.defaultdict(list)
            try:
                for number in range(options.rounds):
                    for server in servers if number % 2 else servers[::-1]:
                        found = stand.ask(server, plan.load.but(seconds=2, seed=100 + number))
                        samples[server.name].append(found["cpu_us"])
            finally:
                scraper.close()
            for name in samples:
                ratios = [one / other for one, other in zip(samples["steered"], samples[name])]
                print(f"{scenario}: {name:12s} {statistics.median(samples[name]):.3f} us an answer; steered is "
                      f"{statistics.median(ratios):.3f} of it ({min(ratios):.3f} to {max(ratios):.3f})", flush=True)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("build")
    parser.add_argument("what", choices=("flush", "script", "scrape", "cost"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--beside")
    parser.add_argument("--scenarios", default="hit,miss")
    options = parser.parse_args()
    tools.use_folder(os.path.join(options.build, "bench"))
    Steered.program = os.path.join(options.build, "split53")
    with tempfile.TemporaryDirectory(prefix="split53-steering-") as folder:
        {"flush": flush, "script": script, "scrape": scrape, "cost": cost}[options.what](options, folder)


if __name__ == "__main__":
    main()
