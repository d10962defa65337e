# SPDX-License-Identifier: ISC
"""
The upstreams of the failover scenario: hosts in network namespaces of their own, each with bench_faulty on port 53, and a tap that
counts the packets to each. The bench has a network namespace of its own as well, so that no address collides with one of the machine.
"""
import array
import json
import os
import signal
import subprocess
import sys
import time

import process
import tools

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))
from support import namespace  # noqa: E402

PORT = 53
WRONG_MAC = "02:00:00:00:00:00"    # no interface has it: packets to it are dropped without notice
DELAYS_MS = (2, 10)     # of an answer, from a server near and from one further away
BIN_NS = 100_000_000
SERVERS_MAX = 8
KINDS = ("udp_load", "udp_other", "tcp_load", "tcp_other", "tcp_opened", "answers", "unreachable")
PRIORITY = 10   # of real-time processes
_isolated = []


def isolate(undisturbed):
    """
    Once for the whole process. Undisturbed: it and all that it starts have priority over all other processes of the machine, or the
    measured delays would be those of its scheduler.
    """
    if not _isolated:
        namespace.isolate()
        if undisturbed:
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(PRIORITY))
        _isolated.append(True)


class Host:
    """One upstream, and what can be done to it."""

    def __init__(self, number, delay_ms, folder, cpus):
        self.number = number
        self.delay_ms = delay_ms
        self.cpus = cpus
        self.truncate = 0
        self.log = os.path.join(folder, f"host{number}.log")
        self.here, self.address = f"10.53.{number}.1", f"10.53.{number}.2"
        self.device = f"up{number}"
        self.neighbour = namespace.Neighbour(self.device, f"{self.here}/24", f"{self.address}/24")
        self.cards = (self._card("ip", self.device), self._card(*self.neighbour.command("ip"), "eth0"))
        self.running = None
        self.join()
        self.start()

    @staticmethod
    def _card(*words):
        *command, device = words
        return json.loads(namespace.run(*command, "-j", "link", "show", device))[0]["address"]

    def start(self):
        words = self.neighbour.command(tools.program("bench_faulty"), self.address, str(PORT))
        self.running = process.start(words, self.log, self.cpus, output_to=subprocess.PIPE, input_from=subprocess.PIPE)
        tools.wait_ready(self.running, words, self.log)
        self.tell(f"delay {self.delay_ms}", f"truncate {self.truncate}")

    def tell(self, *commands):
        for command in commands:
            self.running.stdin.write(command.encode() + b"\n")
            self.running.stdin.flush()
            if self.running.stdout.readline() != b"ok\n":
                raise RuntimeError(f"bench_faulty does not obey: {command}")

    def kill(self):
        self.running.kill()
        self.running.wait()
        self.running.stdin.close()
        self.running.stdout.close()
        self.running = None

    def freeze(self):
        self.running.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.running.send_signal(signal.SIGCONT)

    def _lead_to(self, there, here):
        namespace.run("ip", "neigh", "replace", self.address, "lladdr", there, "nud", "permanent", "dev", self.device)
        namespace.run(*self.neighbour.command("ip", "neigh", "replace", self.here, "lladdr", here, "nud", "permanent",
                                              "dev", "eth0"))

    def cut(self):
        """No packet arrives any more, in either direction, and without ICMP."""
        self._lead_to(WRONG_MAC, WRONG_MAC)

    def join(self):
        here, there = self.cards
        self._lead_to(there, here)

    def close(self):
        if self.running is not None:
            self.kill()
        self.neighbour.close()


class Tap:
    """Packets to each host, by time: bins of 100 ms since `epoch_ns` of the monotonic clock."""

    def __init__(self, hosts, folder, cpus):
        self.path = os.path.join(folder, "bins")
        self.epoch_ns = time.monotonic_ns()
        log = os.path.join(folder, "tap.log")
        words = [tools.program("bench_tap"), self.path, str(self.epoch_ns), *(host.address for host in hosts)]
        self.running = process.start(words, log, cpus, output_to=subprocess.PIPE)
        tools.wait_ready(self.running, words, log)

    def bin_of(self, at_ns):
        return (at_ns - self.epoch_ns) // BIN_NS

    def whole_bins(self, begin_ns, end_ns):
        """The part of this time that has whole bins."""
        first = -((self.epoch_ns - begin_ns) // BIN_NS)
        return self.epoch_ns + first * BIN_NS, self.epoch_ns + self.bin_of(end_ns) * BIN_NS

    def bins(self, host, begin_ns, end_ns):
        """For each bin that lies wholly between the times, a dictionary of counts."""
        first, end = (self.bin_of(at_ns) for at_ns in self.whole_bins(begin_ns, end_ns))
        width = SERVERS_MAX * len(KINDS)
        numbers = array.array("I")
        with open(self.path, "rb") as file:
            file.seek(first * width * numbers.itemsize)
            numbers.frombytes(file.read(max(end - first, 0) * width * numbers.itemsize))
        start = (host.number - 1) * len(KINDS)
        return [dict(zip(KINDS, numbers[at:at + len(KINDS)])) for at in range(start, len(numbers), width)]

    def sums(self, host, begin_ns, end_ns):
        total = dict.fromkeys(KINDS, 0)
        for one in self.bins(host, begin_ns, end_ns):
            for kind in KINDS:
                total[kind] += one[kind]
        return total

    def close(self):
        process.stop(self.running)
        self.running.stdout.close()


class World:
    """Two hosts and the tap, for one row."""

    def __init__(self, folder, cpus=None, truncate=0, undisturbed=True):
        isolate(undisturbed)
        self.hosts, self.tap = [], None
        try:
            for number, delay_ms in enumerate(DELAYS_MS, 1):
                self.hosts.append(Host(number, delay_ms, folder, cpus))
                self.hosts[-1].truncate = truncate
                self.hosts[-1].tell(f"truncate {truncate}")
            self.tap = Tap(self.hosts, folder, cpus)
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def forwarders(self):
        return [(host.address, PORT) for host in self.hosts]

    def most_asked(self, begin_ns, end_ns):
        """The host that got most queries in this time."""
        def asked(host):
            sums = self.tap.sums(host, begin_ns, end_ns)
            return sums["udp_load"] + sums["tcp_load"]
        return max(self.hosts, key=asked)

    def close(self):
        if self.tap is not None:
            self.tap.close()
        for host in self.hosts:
            host.close()
