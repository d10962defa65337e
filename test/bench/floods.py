#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""
floods.py - a client of one zone while another zone is flooded: how many of its queries are answered, and how late.

    test/bench/floods.py --bin BUILD/bench [--servers split53,named,unbound] [--before PROGRAM] [--rows A,B] [--seconds S]

Root only: it works in a network namespace of its own. The servers have their default limits. `consul` and `second` are the flooded zones:
their server responds after 3 s or not at all. The client queries new names of bench.example, for which another server responds at once. It
sends one query after the other, at most 100 a second, first without and then with the flood. The client and its server have priority over
all other processes of the machine, so that a delay is due to the measured server and not to the scheduler.

Prints a table in Markdown: answered queries of all, then the 99th percentile with the flood less that without it, in milliseconds.
"""
import argparse
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

import process
import tools
from failover_world import isolate
from servers import Server, free_port, question

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))
from support import namespace  # noqa: E402

PACE_S = 0.01
TIMEOUT_S = 2
LEAD_S = 2
ABOVE = 20  # of the client and its server, as a real-time priority


@dataclass(frozen=True)
class Row:
    """One flood. `delay_ms` of the flooded zones' server; None: it never responds."""

    name: str
    rate: int
    delay_ms: int | None = 3000
    sources: int = 0
    address: str = "127.0.0.1"
    edns: bool = False
    connections: int = 0
    zones: tuple = ("consul",)
    reload_s: float = 0


ROWS = {row.name: row for row in (
    Row("slow-400", 400),
    Row("slow-1000", 1000),
    Row("slow-5000", 5000),
    Row("silent-1000", 1000, delay_ms=None),
    Row("silent-5000", 5000, delay_ms=None),
    Row("slow-5000-100", 5000, sources=100),
    Row("slow-5000-10000", 5000, sources=10_000),
    Row("silent-5000-10000", 5000, delay_ms=None, sources=10_000),
    Row("ipv6-5000-10000", 5000, sources=10_000, address="::1"),
    Row("edns-two-zones", 5000, edns=True, zones=("consul", "second")),
    Row("two-zones-10000", 5000, sources=10_000, zones=("consul", "second")),
    Row("tcp-1", 2000, sources=1, connections=100),
    Row("tcp-100", 5000, sources=100, connections=100),
    Row("reload", 5000, sources=100, reload_s=0.5),
)}


def named_conf(folder, port, ports, more=""):
    zones = "".join(f'zone "{zone}" {{ type forward; forward only; forwarders {{ 127.0.0.1 port {ports[1]}; }}; }};\n'
                    for zone in ("consul", "second"))
    return f"""options {{
    directory "{folder}"; pid-file none;
    listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 port {port} {{ ::1; }};
    recursion yes; allow-query {{ any; }}; allow-recursion {{ any; }};
    forward only; forwarders {{ 127.0.0.1 port {ports[0]}; }};
    {more}
}};
{zones}logging {{ category default {{ null; }}; }};
"""


class Split53(Server):
    name, program = "split53", os.environ.get("S53_BIN", "split53")
    ports = None

    def commands(self):
        return [[self.program, "-f", "-n", "1", "-c", self.write("named.conf", named_conf(self.folder, self.port, self.ports))]]


class Before(Split53):
    name = "before"


class Named(Server):
    name = program = "named"
    ports = None

    def commands(self):
        more = "session-keyfile none; lock-file none; dnssec-validation no; empty-zones-enable no;"
        path = self.write("named.conf", "controls { };\n" + named_conf(self.folder, self.port, self.ports, more))
        return [[self.path(), "-f", "-n", "1", "-c", path]]


class Unbound(Server):
    name = program = "unbound"
    ports = None

    def commands(self):
        zones = "".join(f'forward-zone:\n    name: "{zone}"\n    forward-addr: 127.0.0.1@{port}\n' for zone, port in
                        ((".", self.ports[0]), ("consul.", self.ports[1]), ("second.", self.ports[1])))
        path = self.write("unbound.conf", f"""server:
    directory: "{self.folder}"
    chroot: ""
    username: ""
    pidfile: ""
    interface: 127.0.0.1
    interface: ::1
    port: {self.port}
    do-daemonize: no
    use-syslog: no
    verbosity: 0
    num-threads: 1
    module-config: "iterator"
    do-not-query-localhost: no
    access-control: 0.0.0.0/0 allow
    access-control: ::/0 allow
    domain-insecure: "."
remote-control:
    control-enable: no
{zones}""")
        return [[self.path(), "-d", "-c", path]]


CLASSES = {kind.name: kind for kind in (Before, Split53, Named, Unbound)}


class Upstreams:
    """The server of the client's zone, and that of the flooded ones."""

    def __init__(self, folder, row):
        behaviour = ["--drop"] if row.delay_ms is None else ["--delay", str(row.delay_ms)]
        self.running = []
        self.ports = [self._start(folder, "quick", []), self._start(folder, "flooded", behaviour)]
        prefer(self.running[0].pid)

    def _start(self, folder, name, options):
        log = os.path.join(folder, f"{name}.log")
        words = [tools.program("bench_upstream"), *options, "127.0.0.1", "0"]
        self.running.append(process.start(words, log, output_to=subprocess.PIPE))
        return tools.wait_ready(self.running[-1], words, log)

    def close(self):
        for one in self.running:
            process.stop(one)
            one.stdout.close()


def prefer(pid):
    for task in os.listdir(f"/proc/{pid}/task"):
        os.sched_setscheduler(int(task), os.SCHED_RR, os.sched_param(ABOVE))


class Client:
    """Queries a new name every 10 ms, one after the other."""

    def __init__(self, port):
        self.where, self.number = ("127.0.0.1", port), 0

    def ask(self):
        """Seconds to a correct answer; None: another one, or none."""
        self.number += 1
        name = f"f-{'abcdefghijkl'[self.number % 12]}{time.monotonic_ns():x}"[:14].ljust(14, "x") + ".bench.example"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.connect(self.where)
            sock.settimeout(TIMEOUT_S)
            begin = time.monotonic()
            sock.send(question(name, self.number & 0xffff))
            try:
                reply = sock.recv(4096)
            except OSError:
                return None
            return time.monotonic() - begin if reply[3] & 15 == 0 else None

    def measure(self, seconds):
        waits, end = [], time.monotonic() + seconds
        while time.monotonic() < end:
            waits.append(self.ask())
            time.sleep(PACE_S)
        right = sorted(wait for wait in waits if wait is not None)
        return {"asked": len(waits), "answered": len(right), "p50_ms": at(right, 0.5), "p99_ms": at(right, 0.99)}


def at(ordered, share):
    return 1000 * ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else float("nan")


@contextlib.contextmanager
def flooding(row, port, folder):
    words = [tools.program("bench_flood"), "--server", row.address, "--port", str(port), "--rate", str(row.rate),
             "--sources", str(row.sources), "--tcp", str(row.connections)]
    words += [word for zone in row.zones for word in ("--zone", zone)] + (["--edns"] if row.edns else [])
    found = {}
    running = process.start(words, os.path.join(folder, "flood.log"), output_to=subprocess.PIPE)
    try:
        yield found
    finally:
        running.terminate()
        output = running.communicate()[0]
        found.update(json.loads(output) if output else {"sent": 0})


class Reloads:
    """SIGHUP every so often, from the timer of this process."""

    def __init__(self, pid, every_s):
        signal.signal(signal.SIGALRM, lambda *_: os.kill(pid, signal.SIGHUP))
        signal.setitimer(signal.ITIMER_REAL, every_s, every_s)

    @staticmethod
    def end():
        signal.setitimer(signal.ITIMER_REAL, 0)


def open_descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def run(kind, row, seconds):
    with tempfile.TemporaryDirectory(prefix="split53-floods-") as folder:
        upstreams = Upstreams(folder, row)
        server = kind(ServerSetting(folder))
        server.ports, server.port = upstreams.ports, free_port()
        try:
            server.start("f-ready.bench.example")
            client = Client(server.port)
            idle = client.measure(seconds)
            before_kib = process.resident_kib(server.pids)
            with flooding(row, server.port, folder) as flood:
                time.sleep(LEAD_S)
                if row.reload_s:
                    Reloads(server.pids[0], row.reload_s)
                used = process.usage(server.pids)
                busy = client.measure(seconds)
                cpu = process.usage(server.pids).since(used).total_ns / 1e9 / seconds
                Reloads.end()
                grown = process.resident_kib(server.pids) - before_kib
                descriptors = open_descriptors(server.pids[0])
            alive = server.processes[0].poll() is None
            return {"idle": idle, "busy": busy, "grown_mib": grown / 1024, "descriptors": descriptors, "cpu": cpu, "alive": alive,
                    "flood": flood}
        finally:
            server.close()
            upstreams.close()


class ServerSetting:
    """The settings that Server needs."""

    cpus, workers = None, 1

    def __init__(self, folder):
        self.folder = folder


def cell(found):
    busy, idle = found["busy"], found["idle"]
    later = busy["p99_ms"] - idle["p99_ms"]
    return f"{busy['answered']} of {busy['asked']}, {later:+.1f} ms" if busy["answered"] else f"0 of {busy['asked']}"


def make_room():
    isolate(undisturbed=False)
    namespace.run("ip", "route", "add", "local", "10.0.0.0/8", "dev", "lo")
    namespace.run("ip", "-6", "route", "add", "local", "fd00::/16", "dev", "lo")
    # The processes that this one starts do not inherit its priority.
    os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(ABOVE))


def main():
    parser = argparse.ArgumentParser(prog="test/bench/floods.py", description="A client of one zone while another is flooded.")
    parser.add_argument("--bin", required=True, help="where bench_flood and bench_upstream are: BUILD/bench")
    parser.add_argument("--servers", default="split53,named,unbound")
    parser.add_argument("--before", metavar="PROGRAM", help="a split53 to compare with, in the same run")
    parser.add_argument("--rows", default=",".join(ROWS), help=" ".join(ROWS))
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--json", metavar="FILE", help="keep all figures there")
    options = parser.parse_args()
    tools.use_folder(os.path.abspath(options.bin))
    names = (["before"] if options.before else []) + options.servers.split(",")
    Before.program = options.before
    make_room()
    figures = {}
    print("| flood | " + " | ".join(names) + " |\n|---" + "|---" * len(names) + "|", flush=True)
    for row in (ROWS[word] for word in options.rows.split(",")):
        figures[row.name] = {name: run(CLASSES[name], row, options.seconds) for name in names}
        print(f"| {row.name} | " + " | ".join(cell(figures[row.name][name]) for name in names) + " |", flush=True)
        if options.json:
            with open(options.json, "w", encoding="utf-8") as file:
                json.dump(figures, file, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
