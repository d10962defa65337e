# SPDX-License-Identifier: ISC
"""The scenarios that are more than a load: growth and memory, scan, restart, idle. Each returns samples as measure.py does."""
import time

import process
from failover import failover
from measure import CLASSES, Stand, tell, warm_up
from scenarios import MANY, SET

SIZES = (1_000, 100_000, MANY)
ROOMY_MIB = 2048    # growth and memory: enough for every entry
SCAN_MIB = 32
WORKING = 5_000
IDLE_SECONDS = 10
SETTLE_SECONDS = 12     # wake-ups that end some seconds after the last query are not periodic
STARTS = 5


def fill(stand, server, names):
    warm_up(stand, server, SET.but(once=True, names=names))


def kept_share(stand, server, names):
    """The share of the names queried before that the server still has: those that do not reach the upstream."""
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


def start_empty(stand, name, options):
    """A server with space for all names, and its memory without entries, in KiB. (None, 0): it cannot be started."""
    roomy_mib, names = (64, 5_000) if options.smoke else (ROOMY_MIB, MANY)
    if CLASSES[name].takes_memory_at_start:
        server = stand.start(name, None)
        if server is None:
            return None, 0
        empty = process.shared_out_kib(server.pids)
        stand.stop(name)
        return stand.start(name, roomy_mib, names), empty
    server = stand.start(name, roomy_mib, names)
    if server is None:
        return None, 0
    fill(stand, server, 100)    # memory taken once, with the first answers, does not belong to entries
    return server, process.shared_out_kib(server.pids)


def memory_of(stand, server, empty, full, names):
    """The figures of the memory scenario, after `names` queries. Entries that are gone do not count."""
    kept, wrong = kept_share(stand, server, names)
    return {"octets_per_entry": (full - empty) * 1024 / max(names * kept, 1), "kept_share": kept, "wrong": wrong,
            "resident_mib": full / 1024}


def growth(folder, names, options):
    """The cost of a hit while the cache grows and, in the same run, the memory scenario: the size of an entry."""
    sizes = SIZES[:1] + (5_000,) if options.smoke else SIZES

    def run(stand, name):
        server, empty = start_empty(stand, name, options)
        if server is None:
            return []
        samples = [{} for _ in range(options.rounds)]
        for size in sizes:
            fill(stand, server, size)
            full = process.shared_out_kib(server.pids)
            for number, sample in enumerate(samples):
                found = stand.ask(server, SET.but(names=size, seconds=options.seconds, seed=number + 1))
                sample[f"cpu_us_{size}"] = found["cpu_us"]
                sample["wrong_asked"] = sample.get("wrong_asked", 0) + found["wrong"]
        last = memory_of(stand, server, empty, full, sizes[-1])
        for sample in samples:
            sample.update(last, growth=sample[f"cpu_us_{sizes[-1]}"] / sample[f"cpu_us_{sizes[0]}"])
            sample["wrong"] += sample.pop("wrong_asked")
        return samples
    return one_server_after_another(folder, names, options, run)


def memory(folder, names, options):
    """Growth without its measurements in between."""
    size = 5_000 if options.smoke else MANY

    def run(stand, name):
        server, empty = start_empty(stand, name, options)
        if server is None:
            return []
        fill(stand, server, size)
        return [memory_of(stand, server, empty, process.shared_out_kib(server.pids), size)]
    return one_server_after_another(folder, names, options, run)


def scan(folder, names, options):
    """
    A working set of 5,000 names, queried at random with 20 new names after each, in a cache of 32 MiB. After each name was queried
    once, there is a part that is not counted, with three queries a name, then one that is measured, with two a name.
    """

    def run(stand, name):
        server = stand.start(name, SCAN_MIB)
        if server is None:
            return []
        working = WORKING // 50 if options.smoke else WORKING
        load = SET.but(kind="scan", names=working)
        warm_up(stand, server, load.but(once=True))
        stand.ask(server, load.but(count=working * 3 * 21, seed=1))
        found = stand.ask(server, load.but(count=working * 2 * 21, seed=2))
        asked = found["sent"] / 21
        return [{"hit_share": 1 - found["upstream"].get("working", 0) / max(asked, 1), "wrong": found["wrong"],
                 "lost": found["lost"], "resident_mib": process.resident_kib(server.pids) / 1024}]
    return one_server_after_another(folder, names, options, run)


def restart(folder, names, options):
    """From the start of the program to its first answer; and which answers a server still has after a restart."""
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
    """All servers with their default settings, after a few queries, left alone."""
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


RUNS = {"growth": growth, "memory": memory, "scan": scan, "restart": restart, "idle": idle, "failover": failover}
