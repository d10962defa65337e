# SPDX-License-Identifier: ISC
"""
The scenario failover: the effect of upstream failures on clients. One forwarder at a time, started anew for each row, two upstreams,
2,000 new names a second; README.md explains the figures.
"""
import json
import os
import shutil
import subprocess
import time
from dataclasses import dataclass

import failover_figures as figures
import process
import tools
from failover_world import World
from measure import tell
from servers import SERVERS, Setting

RATE = 2_000
SMOKE_RATE = 500
PROBE_RATE = 200
STALL_MS = 20           # beyond that, a worst delay is not due to the forwarder alone
CACHE_MIB = 64
TIMEOUT_S = 5           # of a stub resolver
PATIENT_S = 15          # when all are dead: some responses come after 10 s
TRUNCATE = 2            # of 16 names: TCP is necessary for these
SECONDS = 60            # that all are dead
FAULT_SECONDS, LEAD_SECONDS, BACK_SECONDS = 8, 3, 6
HEALTHY_SECONDS = 30


@dataclass(frozen=True)
class Row:
    """One kind of failure: what is done to a host, and how it is undone."""

    name: str
    title: str
    begin: object
    mend: object
    all_hosts: bool = False
    truncate: int = 0
    no_connection: bool = False     # no connection is possible: an attempt is a probe


def told(*commands):
    return lambda host: host.tell(*commands)


def delayed_as_before(host):
    host.tell(f"delay {host.delay_ms}")


GOOD = told("answers good")
ROWS = {row.name: row for row in (
    Row("killed", "its process has ended", lambda host: host.kill(), lambda host: host.start(), no_connection=True),
    Row("frozen", "its process is stopped", lambda host: host.freeze(), lambda host: host.thaw()),
    Row("black-holed", "packets vanish, no ICMP", lambda host: host.cut(), lambda host: host.join(), no_connection=True),
    Row("slowed", "each answer 800 ms late", told("delay 800"), delayed_as_before),
    Row("losing", "20 % of what is sent to it is lost", told("lose-udp 20", "lose-tcp 20"), told("lose-udp 0", "lose-tcp 0")),
    Row("servfail", "answers SERVFAIL only", told("answers servfail"), GOOD),
    Row("refused", "answers REFUSED only", told("answers refused"), GOOD),
    Row("garbage", "answers garbage", told("answers garbage"), GOOD),
    Row("only-tcp", "UDP to it is lost", told("lose-udp 100"), told("lose-udp 0"), truncate=TRUNCATE),
    Row("only-udp", "TCP to it is lost, an eighth of the names need it", told("lose-tcp 100"), told("lose-tcp 0"),
        truncate=TRUNCATE),
    Row("all-killed", "both processes have ended", lambda host: host.kill(), lambda host: host.start(), all_hosts=True,
        no_connection=True),
    Row("all-frozen", "both processes are stopped", lambda host: host.freeze(), lambda host: host.thaw(), all_hosts=True),
)}
PROBES = "probes"       # a different row: split53 alone, healthy for half a minute, then one server dead
ALL_ROWS = (*ROWS, PROBES)
SMOKE_ROWS = ("killed", "black-holed")


@dataclass(frozen=True)
class Lengths:
    """Seconds of each part."""

    lead: float
    fault: float
    back: float
    dead: float
    healthy: float

    @staticmethod
    def of(options):
        if options.smoke:
            return Lengths(1.5, 1.5, 1.5, 1.5, 2)
        dead = options.asked_seconds or SECONDS
        return Lengths(LEAD_SECONDS, min(FAULT_SECONDS, dead), BACK_SECONDS, dead, HEALTHY_SECONDS)


class Asking:
    """bench_load, running while hosts are changed."""

    def __init__(self, server, folder, rate, seconds, cpus, timeout_s=TIMEOUT_S):
        self.record = os.path.join(folder, "record")
        self.log = os.path.join(folder, "load.log")
        words = [tools.program("bench_load"), "--server", "127.0.0.1", "--port", str(server.port), "--json", "--names", "fresh",
                 "--rate", str(rate), "--seconds", str(seconds), "--timeout", str(timeout_s), "--record", self.record]
        self.running = process.start(words, self.log, cpus, output_to=subprocess.PIPE)

    def end(self):
        said = self.running.stdout.read()
        self.running.stdout.close()
        if self.running.wait() != 0:
            raise RuntimeError("bench_load failed")
        return json.loads(said), figures.read_record(self.record)

    def close(self):
        process.stop(self.running)
        self.running.stdout.close()


class Stand:
    """One forwarder in one row."""

    def __init__(self, folder, name, row, options, names):
        self.names = names
        self.folder = os.path.join(folder, f"{row.name}-{name}")
        self.options = options
        self.row = row
        self.name = name
        os.makedirs(self.folder)
        processors = sorted(os.sched_getaffinity(0))
        apart = options.workers_now == 1 and len(processors) > 1
        self.server_cpus = set(processors[:1]) if apart else None
        self.other_cpus = set(processors[1:]) if apart else None
        self.world = World(self.folder, self.other_cpus, row.truncate, not options.smoke)
        self.server = None

    def __enter__(self):
        try:
            setting = Setting(self.folder, None, None, self.options.workers_now, self.server_cpus)
            self.server = SERVERS[self.name](setting.with_cache(CACHE_MIB, self.names).with_forwarders(self.world.forwarders))
            self.server.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.server is not None:
            self.server.close()
        self.world.close()
        if self.options.keep:
            self.keep(os.path.join(self.options.keep, os.path.basename(self.folder)))

    def keep(self, folder):
        os.makedirs(folder, exist_ok=True)
        for path in [os.path.join(top, name) for top, _, names in os.walk(self.folder) for name in names]:
            if os.path.isfile(path):
                shutil.copy(path, folder)

    def changes(self):
        """The log lines of split53 about its upstreams' health."""
        try:
            with open(os.path.join(self.server.folder, "health"), encoding="utf-8") as file:
                return [line.strip() for line in file]
        except FileNotFoundError:
            return []

    def run(self, lengths, rate):
        """Lead, fault and return, under load: the times, the host that failed, and the queries."""
        row, world = self.row, self.world
        fault_s = lengths.dead if row.all_hosts else lengths.fault
        timeout_s = PATIENT_S if row.all_hosts else TIMEOUT_S
        start_ns = time.monotonic_ns()
        asking = Asking(self.server, self.folder, rate, lengths.lead + fault_s + lengths.back, self.other_cpus, timeout_s)
        try:
            time.sleep(lengths.lead)
            begin_ns = time.monotonic_ns()
            failing = world.hosts if row.all_hosts else [world.most_asked(begin_ns - figures.SECOND, begin_ns)]
            fault_ns = time.monotonic_ns()
            for host in failing:
                row.begin(host)
            time.sleep(fault_s)
            mended = []
            for host in failing:
                row.mend(host)
                mended.append(time.monotonic_ns())
            _, queries = asking.end()
        finally:
            asking.close()
        if any(running.poll() is not None for running in self.server.processes):
            raise RuntimeError("it ended under load\n" + self.server.log_tail())
        return figures.Times(start_ns, fault_ns, mended[0], queries[-1].due_ns), failing[0], queries


def finish(found, queries, stand):
    """What every row reports."""
    found["wrong"] = figures.answered(queries)["wrong"]
    found["answered"] = sum(query.right for query in queries)
    found["changes"] = stand.changes()
    return found


def run_row(folder, name, row, options):
    lengths, rate = Lengths.of(options), SMOKE_RATE if options.smoke else RATE
    names = int(rate * (lengths.lead + lengths.fault + lengths.back))    # this many are answered
    with Stand(folder, name, row, options, names) as stand:
        times, host, queries = stand.run(lengths, rate)
        if row.all_hosts:
            found = figures.all_fail(stand.world, times, queries)
        else:
            found = figures.one_fails(stand.world, host, times, queries, row.no_connection)
        return finish(found, queries, stand)


def run_probes(folder, name, options):
    """Health first, then one unreachable server, for five times the time that all servers are dead in the other rows."""
    lengths = Lengths.of(options)
    dead = ROWS["black-holed"]
    plan = Lengths(lengths.healthy, 5 * lengths.dead, 1, 0, 0)
    with Stand(folder, name, dead, options, int(PROBE_RATE * (plan.lead + plan.fault + plan.back))) as stand:
        times, host, queries = stand.run(plan, PROBE_RATE)
        lead = (times.start_ns + figures.SETTLE_NS, times.fault_ns - figures.BEFORE_NS)
        found = {"healthy_s": (lead[1] - lead[0]) / figures.SECOND,
                "healthy_probes": sum(figures.probes(stand.world, each, *lead, True) for each in stand.world.hosts),
                "dead_s": (times.mend_ns - times.fault_ns) / figures.SECOND,
                **figures.probes_over_time(stand.world, host, times)}
        return finish(found, queries, stand)


def line_of(found):
    """A line of progress."""
    if "trouble" in found:
        trouble = found["trouble"]
        worst = "-" if trouble["worst_ms"] is None else f"{trouble['worst_ms']:.0f}"
        stalled = f", the machine stood still for {trouble['sent_late_ms']:.0f} ms" if trouble["sent_late_ms"] > STALL_MS else ""
        return (f"lost {trouble['lost']} failed {trouble['failed']} wrong {trouble['wrong']} of {trouble['asked']},"
                f" later than 100 ms {100 * trouble['late_100_share']:.2f} %, 250 ms {100 * trouble['late_250_share']:.2f} %,"
                f" worst {worst} ms, back {found['back_s']} s, x {found['amplification']:.2f},"
                f" probes {found['probes_per_s']:.1f}/s{stalled}")
    if "at_once" in found:
        return (f"at once {found['at_once']['median_ms']} ms (worst {found['at_once']['worst_ms']}), later"
                f" {found['later']['median_ms']} ms (worst {found['later']['worst_ms']}), first good {found['first_good_s']} s,"
                f" whole {found['whole_s']} s")
    return f"in health {found['healthy_probes']}, then {[window['probes'] for window in found['windows']]}"


def rows_of(options):
    if options.rows:
        return options.rows
    return SMOKE_ROWS if options.smoke else ALL_ROWS


def failover(folder, names, options):
    """Row by row, all forwarders one after another; the sample of each holds all its rows."""
    samples, gone = {}, {}
    if os.geteuid() != 0:
        tell("    failover needs root: it makes network namespaces")
        return samples, dict.fromkeys(names, "needs root")
    for word in rows_of(options):
        for name in names:
            if word == PROBES and name != "split53":
                continue
            try:
                found = run_probes(folder, name, options) if word == PROBES else run_row(folder, name, ROWS[word], options)
            except RuntimeError as error:
                tell(f"    {word}: {name} is left out: {error}")
                gone[name] = str(error).splitlines()[0]
                continue
            found["date"] = time.strftime("%Y-%m-%d %H:%M")
            sample = samples.setdefault(name, [{"rows": {}, "wrong": 0, "answered": 0}])[0]
            sample["rows"][word] = found
            sample["wrong"] += found["wrong"]
            sample["answered"] += found["answered"]
            tell(f"    {word:12s} {name:12s} {line_of(found)}")
    return samples, gone
