# SPDX-License-Identifier: ISC
"""The scenarios that are more than a load: growth and memory, scan, restart, idle. Each gives samples as measure.py does."""
import time

import process
from measure import Stand, tell
from scenarios import MANY, SET

SIZES = (1_000, 100_000, MANY)
ROOMY_MIB = 2048    # growth and memory: nobody has to drop anything
SCAN_MIB = 32
WORKING = 5_000
IDLE_SECONDS = 10
SETTLE_SECONDS = 2
STARTS = 5


def fill(stand, server, names):
    stand.ask(server, SET.but(once=True, names=names))


def kept_share(stand, server, names):
    """Of the names that were asked before, the part that the server still has: what does not reach the upstream."""
    found = stand.ask(server, SET.but(once=True, names=names))
    return 1 - sum(found["upstream"].values()) / max(found["answered"], 1), found["wrong"]


def one_server_after_another(folder, names, options, run):
    samples = {}
    with Stand(folder, options.workers_now, options.smoke) as stand:
        for name in names:
            try:
                samples[name] = run(stand, name)
            except RuntimeError as error:
                stand.drop(name, str(error))
            if name in stand.running:
                stand.stop(name)
            if not samples.get(name):
                samples.pop(name, None)
            else:
                tell(f"    {name:12s} {samples[name][-1]}")
    return samples, stand.gone


def growth(folder, names, options):
    """What a hit costs while the cache grows, and in passing the memory scenario: what an entry takes."""
    sizes = SIZES[:1] + (5_000,) if options.smoke else SIZES

    def run(stand, name):
        server = stand.start(name, 64 if options.smoke else ROOMY_MIB)
        if server is None:
            return []
        fill(stand, server, 100)    # so that what is allocated once is not counted
        empty = process.shared_out_kib(server.pids)
        samples = [{"wrong": 0} for _ in range(options.rounds)]
        for size in sizes:
            fill(stand, server, size)
            if size == sizes[-1]:
                full = process.shared_out_kib(server.pids)
            for number, sample in enumerate(samples):
                found = stand.ask(server, SET.but(names=size, seconds=options.seconds, seed=number + 1))
                sample[f"cpu_us_{size}"] = found["cpu_us"]
                sample["wrong"] += found["wrong"]
        kept, wrong = kept_share(stand, server, sizes[-1])
        for sample in samples:
            sample["growth"] = sample[f"cpu_us_{sizes[-1]}"] / sample[f"cpu_us_{sizes[0]}"]
            sample["octets_per_entry"] = (full - empty) * 1024 / max(sizes[-1] * kept, 1)
            sample["kept_share"] = kept
            sample["wrong"] += wrong
        return samples
    return one_server_after_another(folder, names, options, run)


def memory(folder, names, options):
    """Growth without its measuring in between."""
    size = 5_000 if options.smoke else MANY

    def run(stand, name):
        server = stand.start(name, 64 if options.smoke else ROOMY_MIB)
        if server is None:
            return []
        fill(stand, server, 100)
        empty = process.shared_out_kib(server.pids)
        fill(stand, server, size)
        full = process.shared_out_kib(server.pids)
        kept, wrong = kept_share(stand, server, size)
        return [{"octets_per_entry": (full - empty) * 1024 / max(size * kept, 1), "kept_share": kept, "wrong": wrong,
                 "resident_mib": process.resident_kib(server.pids) / 1024}]
    return one_server_after_another(folder, names, options, run)


def scan(folder, names, options):
    """
    A working set of 5,000 names, asked at random, 20 new names after each, in a cache of 32 MiB: first a part that is
    not counted, then the part whose hits are.
    """
    per_name = 1 if options.smoke else 5

    def run(stand, name):
        server = stand.start(name, SCAN_MIB)
        if server is None:
            return []
        working = WORKING // 50 if options.smoke else WORKING
        load = SET.but(kind="scan", names=working, count=working * per_name * 21)
        stand.ask(server, load.but(seed=1))
        found = stand.ask(server, load.but(seed=2))
        asked = found["sent"] / 21
        return [{"hit_share": 1 - found["upstream"].get("working", 0) / max(asked, 1), "wrong": found["wrong"],
                 "lost": found["lost"], "resident_mib": process.resident_kib(server.pids) / 1024}]
    return one_server_after_another(folder, names, options, run)


def restart(folder, names, options):
    """From the start of the program to its first answer; and what a server still knows after a restart."""
    starts = 2 if options.smoke else STARTS

    def run(stand, name):
        samples = []
        for _ in range(starts):
            server = stand.start(name, None)
            if server is None:
                return samples
            samples.append({"start_ms": server.first_answer_s * 1000, "wrong": 0})
            stand.stop(name)
        server, count = stand.start(name, None), 1_000 if options.smoke else 10_000
        fill(stand, server, count)
        server.stop()
        warm_s = server.start()
        kept, wrong = kept_share(stand, server, count)
        for sample in samples:
            sample.update(warm_start_ms=warm_s * 1000, kept_share=max(kept, 0), wrong=wrong)
        return samples
    return one_server_after_another(folder, names, options, run)


def idle(folder, names, options):
    """All servers with the settings they come with, after a few questions, left alone."""
    seconds = 0.5 if options.smoke else IDLE_SECONDS
    samples = {}
    with Stand(folder, options.workers_now, options.smoke) as stand:
        for name in names:
            server = stand.start(name, None)
            if server is not None:
                fill(stand, server, 10)
        time.sleep(0.2 if options.smoke else SETTLE_SECONDS)
        begin = {name: (process.wakeups(server.pids), process.usage(server.pids))
                 for name, server in stand.running.items()}
        time.sleep(seconds)
        for name, server in stand.running.items():
            wakeups, used = begin[name]
            samples[name] = [{"resident_mib": process.resident_kib(server.pids) / 1024,
                              "wakeups_per_s": (process.wakeups(server.pids) - wakeups) / seconds,
                              "cpu_us_per_s": process.usage(server.pids).since(used).total_ns / 1000 / seconds,
                              "wrong": 0}]
    return samples, stand.gone


RUNS = {"growth": growth, "memory": memory, "scan": scan, "restart": restart, "idle": idle}


