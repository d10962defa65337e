# SPDX-License-Identifier: ISC
"""
Measuring: a test bed with an upstream, the servers of one scenario, and rounds. The results are samples: for each server a list of
dictionaries, one a round.
"""
import os
import sys
import time

import process
import scenarios
import tools
from servers import SERVERS, Setting

WARM_TRIES = 3
CLASSES = {**SERVERS, **tools.FLOORS}


def tell(text):
    print(text, file=sys.stderr, flush=True)


class Stand:
    """Where one scenario is measured: a directory, an upstream, and the running servers."""

    def __init__(self, folder, workers, smoke=False):
        self.folder = folder
        self.workers = workers
        self.smoke = smoke
        self.running = {}
        self.gone = {}  # servers that could not be started, or died: name -> reason
        processors = sorted(os.sched_getaffinity(0))
        # One worker: it has a processor of its own; load and upstream use the others.
        apart = workers == 1 and len(processors) > 1
        self.server_cpus = set(processors[:1]) if apart else None
        self.other_cpus = set(processors[1:]) if apart else None
        self.upstream = tools.Upstream(folder, self.other_cpus)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for server in list(self.running.values()):
            server.close()
        self.running = {}
        self.upstream.close()

    def start(self, name, cache_mib, names=None):
        """Start a server; None if that fails, which is printed and recorded."""
        setting = Setting(self.folder, self.upstream.port, self.upstream.consul_port, self.workers, self.server_cpus)
        server = CLASSES[name](setting.with_cache(cache_mib, names))
        try:
            server.first_answer_s = server.start()
        except (OSError, RuntimeError) as error:
            server.close()
            self.drop(name, str(error))
            return None
        self.running[name] = server
        return server

    def drop(self, name, why):
        tell(f"    {name} is left out: {why}")
        self.gone[name] = why.splitlines()[0]
        server = self.running.pop(name, None)
        if server is not None:
            server.close()

    def stop(self, name):
        self.running.pop(name).close()

    def ask(self, server, load):
        """
        Run a load against a server: the result of bench_load, with the CPU time of the server and the queries that reached the
        upstream.
        """
        load = server.loads(load)
        before = self.upstream.counters()
        used = process.usage(server.pids)
        begin = time.monotonic()
        found = tools.run_load(server.port, load, self.other_cpus)
        used = process.usage(server.pids).since(used)
        after = self.upstream.counters()
        found["seconds_all"] = time.monotonic() - begin
        found["upstream"] = {kind: after[kind] - before.get(kind, 0) for kind in after if kind != "other"}
        if found["wrong"] and found["told"]:
            tell(f"    {server.name}: {found['told']}")
        if any(running.poll() is not None for running in server.processes):
            raise RuntimeError("it ended under load\n" + server.log_tail())
        answered = max(found["answered"], 1)
        found["cpu_us"] = used.total_ns / 1000 / answered
        found.update(user_ticks=used.user_ticks, system_ticks=used.system_ticks)
        return found


def sample_of(found):
    """The values kept of a saturating run."""
    sample = {key: found[key] for key in ("cpu_us", "user_ticks", "system_ticks", "qps", "sent", "answered", "wrong", "lost")}
    asked = sum(found["upstream"].values())
    sample["upstream_share"] = asked / max(found["answered"], 1)
    return sample


def one_round(stand, server, plan, number, seconds):
    load = plan.load.but(seconds=seconds, seed=100 + number)
    if plan.count_per_second:
        load = load.but(count=max(int(plan.count_per_second * seconds), 1000))
    sample = sample_of(stand.ask(server, load))
    if plan.rate:
        steady = stand.ask(server, plan.load.but(seconds=seconds, rate=plan.rate, seed=1000 + number))
        sample.update({f"{key}_us": steady[f"{key}_us"] for key in ("p50", "p99", "p999")})
        sample["wrong"] += steady["wrong"]
        sample["lost_steady"] = steady["lost"]
        sample["rate"] = plan.rate
    return sample


def warm_up(stand, server, load):
    """A server that fails some of the names is queried again; one that goes on failing is measured as it is."""
    for _ in range(WARM_TRIES):
        try:
            stand.ask(server, load)
            return
        except RuntimeError as error:
            told = str(error).rpartition(": ")[2]
    tell(f"    {server.name}: {told}")


def measure_plan(folder, plan, names, options):
    """An ordinary scenario: all servers running, rounds one after another, ABCABC."""
    samples = {}
    if options.smoke:
        plan = plan.for_smoke()
    with Stand(folder, options.workers_now, options.smoke) as stand:
        for name in (*names, *plan.floor):
            names = scenarios.MANY if plan.load.kind == "fresh" else plan.load.names * plan.records
            server = stand.start(name, plan.cache_mib, names)
            if server is None:
                continue
            for load in plan.warm if not server.is_floor else ():
                warm_up(stand, server, load)
        for number in range(options.rounds):
            for name, server in list(stand.running.items()):
                try:
                    sample = one_round(stand, server, plan, number, options.seconds)
                except RuntimeError as error:
                    stand.drop(name, str(error))
                    continue
                samples.setdefault(name, []).append(sample)
                tell(f"    {number + 1}: {name:12s} {sample['cpu_us']:7.2f} us  {sample['qps']:9.0f}/s"
                     f"  lost {sample['lost']}  wrong {sample['wrong']}")
    return samples, stand.gone
