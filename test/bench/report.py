# SPDX-License-Identifier: ISC
"""Reports on the samples: tables in Markdown, and the goals beside the measured values."""
import datetime
import os
import platform
import statistics

import failover_report
from scenarios import ALL, APART, PLANS
from special import SCAN_MIB, SIZES

BUSY = 0.1      # usual for a quiet machine without us
# The generated parts of docs/performance.md, and whether a scenario belongs to each.
BLOCKS = {"figures": lambda scenario: scenario not in APART, "failover": lambda scenario: scenario in APART}
OURS = "split53"


def median(samples, key):
    values = [sample[key] for sample in samples if sample.get(key) is not None]
    return statistics.median(values) if values else None


def total(samples, key):
    return sum(sample.get(key, 0) for sample in samples)


def user_us(samples):
    """User-mode time a query. The kernel's split is sampled, so that of all rounds together is the most precise."""
    user, system = total(samples, "user_ticks"), total(samples, "system_ticks")
    return median(samples, "cpu_us") * user / (user + system) if user + system else None


def is_floor(name):
    return name.startswith("floor-")


def number(value, digits=2):
    return "-" if value is None else f"{value:,.{digits}f}"


def table(columns, rows):
    """Markdown: the first column is text, the others are figures."""
    lines = ["| " + " | ".join(columns) + " |", "|---|" + "--:|" * (len(columns) - 1)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


class Results:
    """samples[scenario][workers][server] is a list of samples, one a round."""

    def __init__(self, data=None):
        self.data = data or {"scenarios": {}, "gone": {}, "about": {}}

    def put(self, scenario, workers, samples, gone, about):
        key = f"{scenario}/{workers}"
        if scenario in APART:
            samples = failover_report.merged(self.data["scenarios"].get(key, {}), samples)
            gone = {name: why for name, why in gone.items() if name not in samples}
            about = {**about, "versions": {**self.data["about"].get(key, {}).get("versions", {}), **about["versions"]}}
        self.data["scenarios"][key] = samples
        self.data["gone"][key] = gone
        self.data["about"][key] = about

    def only(self, wanted):
        """The results of the requested scenarios."""
        return Results({kind: {key: value for key, value in by_key.items() if wanted(key.rpartition("/")[0])}
                        for kind, by_key in self.data.items()})

    def servers(self, scenario, workers):
        return self.data["scenarios"].get(f"{scenario}/{workers}", {})

    def figure(self, scenario, server, key, workers=1):
        return median(self.servers(scenario, workers).get(server, []), key)

    # The floor and the best peer

    def floor(self, scenario, workers=1):
        """CPU time a query of the floor; for a mix, of hits and misses by the share that split53 (or else the first) had."""
        servers = self.servers(scenario, workers)
        floors = [name for name in PLANS[scenario].floor if name in servers] if scenario in PLANS else []
        if not floors:
            return None
        if "floor-relay" in floors and "floor-udp" in floors:
            measured = [name for name in servers if not is_floor(name)]
            if not measured:
                return None
            missed = median(servers[OURS if OURS in measured else measured[0]], "upstream_share")
            return (1 - missed) * median(servers["floor-udp"], "cpu_us") + missed * median(servers["floor-relay"], "cpu_us")
        return median(servers[floors[0]], "cpu_us")

    def best_peer(self, scenario, workers=1, key="cpu_us", best=min):
        """(figure, name) of the best peer; None without peers."""
        peers = [(median(samples, key), name) for name, samples in self.servers(scenario, workers).items()
                 if name != OURS and not is_floor(name) and median(samples, key) is not None]
        return best(peers) if peers else None


def ratio(value, base):
    return "-" if value is None or not base else f"{value / base:.2f}"


def sorted_names(servers, key):
    """Ours first, then the peers by the figure, then the floors."""
    def order(name):
        return (0 if name == OURS else 2 if is_floor(name) else 1, median(servers[name], key) or 0)
    return sorted(servers, key=order)


def plan_table(results, scenario, workers):
    servers = results.servers(scenario, workers)
    floor, best = results.floor(scenario, workers), results.best_peer(scenario, workers)
    rows = []
    for name in sorted_names(servers, "cpu_us"):
        samples = servers[name]
        cpu = median(samples, "cpu_us")
        user = user_us(samples)
        rows.append([name, number(cpu), number(user), number(None if user is None else cpu - user),
                     number(median(samples, "qps"), 0), number(median(samples, "p50_us"), 0),
                     number(median(samples, "p99_us"), 0), number(median(samples, "p999_us"), 0),
                     number(100 * (median(samples, "upstream_share") or 0), 1),
                     str(total(samples, "lost") + total(samples, "lost_steady")), str(total(samples, "wrong")),
                     ratio(cpu, floor), ratio(cpu, best[0] if best and name == OURS else None)])
    note = f"Latency at {PLANS[scenario].rate:,} queries/s." if PLANS[scenario].rate else ""
    if floor is not None and len(PLANS[scenario].floor) == 2 and "floor-relay" in PLANS[scenario].floor:
        note += f" The floor is {floor:.2f} us: hits and misses in split53's proportion."
    return table(["server", "us/query", "user", "system", "queries/s", "p50 us", "p99 us", "p99.9 us", "% upstream", "lost",
                  "wrong", "x floor", "x best peer"], rows) + "\n\n" + note


def growth_table(results, scenario, workers):
    servers = results.servers(scenario, workers)
    sizes = [size for size in (*SIZES, 5_000) if any(f"cpu_us_{size}" in samples[0] for samples in servers.values())]
    rows = [[name, *(number(median(servers[name], f"cpu_us_{size}")) for size in sizes), number(median(servers[name], "growth")),
             number(median(servers[name], "octets_per_entry"), 0), number(100 * median(servers[name], "kept_share"), 1),
             str(total(servers[name], "wrong"))] for name in sorted_names(servers, f"cpu_us_{sizes[0]}")]
    return table(["server", *(f"us/hit, {size:,} entries" for size in sizes), "largest : smallest", "bytes an entry", "% kept",
                  "wrong"], rows)


def simple(columns):
    """A table of medians: columns are (title, key, factor, digits)."""
    def make(results, scenario, workers):
        servers = results.servers(scenario, workers)
        rows = [[name, *(number(None if median(servers[name], key) is None else median(servers[name], key) * factor, digits)
                         for _, key, factor, digits in columns), str(total(servers[name], "wrong"))]
                for name in sorted_names(servers, columns[0][1])]
        return table(["server", *(column[0] for column in columns), "wrong"], rows)
    return make


SPECIAL_TABLES = {
    "failover": ("two upstreams that fail, 2,000 new names a second", failover_report.failover_table),
    "growth": ("A hit while the cache grows", growth_table),
    "memory": ("Memory, 1,000,000 names with an A record each", simple((
        ("bytes an entry", "octets_per_entry", 1, 0), ("% kept", "kept_share", 100, 1),
        ("resident MiB", "resident_mib", 1, 1)))),
    "scan": (f"A working set of 5,000 names under 20 new names a query, cache of {SCAN_MIB} MiB", simple((
        ("% of the working set hit", "hit_share", 100, 1), ("lost", "lost", 1, 0), ("resident MiB", "resident_mib", 1, 1)))),
    "restart": ("Start, and what is known after a restart", simple((
        ("start to first answer, ms", "start_ms", 1, 1), ("the same with a full cache before, ms", "warm_start_ms", 1, 1),
        ("% known after a restart", "kept_share", 100, 1)))),
    "idle": ("Idle for 10 s, with the settings that each comes with", simple((
        ("resident MiB", "resident_mib", 1, 1), ("wake-ups/s", "wakeups_per_s", 1, 2), ("CPU us/s", "cpu_us_per_s", 1, 1)))),
}


def goals(results):
    """(goal, measured value, met: True, False or None) for the goals that these results cover."""
    def at_most(text, value, limit, unit=""):
        if value is not None and limit is not None:
            found.append((text, f"{value:.2f}{unit} (at most {limit:.2f}{unit})", value <= limit))

    def floor_goal(scenario, factor):
        floor, cpu = results.floor(scenario), results.figure(scenario, OURS, "cpu_us")
        if floor and cpu is not None:
            at_most(f"{scenario}: at most {factor:.2f} x the floor", cpu / floor, factor, " x")

    def ahead_goal(scenario):
        best, cpu = results.best_peer(scenario), results.figure(scenario, OURS, "cpu_us")
        if best and cpu is not None:
            found.append((f"{scenario}: ahead of every peer", f"{cpu:.2f} us, {best[1]} {best[0]:.2f} us", cpu < best[0]))

    found = []
    hits = results.servers("hit", 1).get(OURS)
    at_most("hit: own code at most 0.4 us (user mode)", user_us(hits) if hits else None, 0.4, " us")
    floor_goal("hit", 1.10)
    ahead_goal("hit")
    at_most("hit-train: under 2.0 us", results.figure("hit-train", OURS, "cpu_us"), 2.0, " us")
    best, cpu = results.best_peer("hit-train"), results.figure("hit-train", OURS, "cpu_us")
    if best and cpu is not None:
        at_most(f"hit-train: half of the best peer ({best[1]})", cpu / best[0], 0.5, " x")
    for scenario in ("miss", "consul"):
        floor_goal(scenario, 1.20)
        ahead_goal(scenario)
        cpu = results.figure(scenario, OURS, "cpu_us")
        for peer, part in (("unbound", 3), ("named", 4)):
            other = results.figure(scenario, peer, "cpu_us")
            if cpu is not None and other is not None:
                at_most(f"{scenario}: a {'third' if part == 3 else 'quarter'} of {peer}", cpu / other, 1 / part, " x")
    for scenario in ("mix", "negative"):
        floor_goal(scenario, 1.15)
    at_most("tcp: at most 2 us", results.figure("tcp", OURS, "cpu_us"), 2.0, " us")
    floor_goal("tcp-one", 1.05)
    at_most("memory: at most 150 bytes an entry", results.figure("growth", OURS, "octets_per_entry")
            or results.figure("memory", OURS, "octets_per_entry"), 150.0)
    at_most("growth: 1,000,000 entries at most 1.15 x 1,000", results.figure("growth", OURS, "growth"), 1.15, " x")
    scan = results.figure("scan", OURS, "hit_share")
    for peer in ("unbound", "dnsdist"):
        other = results.figure("scan", peer, "hit_share")
        if scan is not None and other is not None:
            found.append((f"scan: the working set is hit as often as with {peer} (within 1 %)",
                          f"{100 * scan:.1f} %, {peer} {100 * other:.1f} %", scan >= other - 0.01))
    at_most("start: first answer within 15 ms", results.figure("restart", OURS, "start_ms"), 15.0, " ms")
    at_most("idle: under 5 MB resident", None if results.figure("idle", OURS, "resident_mib") is None
            else results.figure("idle", OURS, "resident_mib") * 1.048576, 5.0, " MB")
    at_most("idle: no periodic wake-ups", results.figure("idle", OURS, "wakeups_per_s"), 0.0, "/s")
    found += failover_report.goals(results)
    return found


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()


def debian():
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return "?"


def about(options, versions):
    """The circumstances of one run, kept with its samples."""
    return {"date": datetime.datetime.now().strftime("%Y-%m-%d %H:%M"), "processor": processor(), "system": debian(),
            "kernel": platform.release(), "cpus": len(os.sched_getaffinity(0)), "rounds": options.rounds,
            "seconds": options.seconds, "versions": versions}


def heading(results):
    every = list(results.data["about"].values())
    if not every:
        return []
    last = every[-1]
    versions = {}
    for one in every:
        versions.update(one["versions"])
    busy = max(one["busy"] for one in every)
    dates = sorted(one["date"] for one in every)
    when = dates[0] if dates[0] == dates[-1] else f"{dates[0]} to {dates[-1]}"
    once = all(key.rpartition("/")[0] in APART for key in results.data["about"])
    rounds = "" if once else f"; medians of {last['rounds']} rounds"
    return [f"Measured {when} on {last['cpus']} cores of {last['processor']}, {last['system']}, Linux {last['kernel']}{rounds}. "
            + "Versions: "
            + ", ".join(f"{name} {version}" for name, version in versions.items()) + "."
            + (" Where a table says so, the machine was not quiet." if busy > BUSY else "")]


def in_order(key):
    scenario, workers = key.rsplit("/", 1)
    return int(workers), ALL.index(scenario)


def markdown(results, with_goals=True):
    parts = heading(results)
    told = goals(results) if with_goals else []
    if told:
        parts += ["### Goals", table(["goal", "measured", "met"],
                                     [[text, figure, "yes" if met else "**no**"] for text, figure, met in told])]
    for key in sorted(results.data["scenarios"], key=in_order):
        servers = results.data["scenarios"][key]
        scenario, workers = key.rsplit("/", 1)
        title, make = SPECIAL_TABLES.get(scenario, (None, plan_table))
        title = title or PLANS[scenario].title
        parts.append(f"### {scenario}, {'one worker' if workers == '1' else workers + ' workers'}: {title}")
        if servers:
            parts.append(make(results, scenario, int(workers)))
        told = results.data["about"][key]
        rounds = f", {told['rounds']} round{'s' if told['rounds'] > 1 else ''} of {told['seconds']:g} s"
        parts.append(told["date"] + ("" if scenario in APART else rounds)
                     + (f"; other work took {100 * told['busy']:.0f} % of the machine." if told["busy"] > BUSY else "."))
        for name, why in results.data["gone"].get(key, {}).items():
            parts.append(f"Left out: {name} ({why})")
    return "\n\n".join(parts) + "\n"


def write(path, results):
    """Into one of our files between its markers, otherwise as a new file."""
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except FileNotFoundError:
        text = ""
    marked = False
    for word, wanted in BLOCKS.items():
        begin, end = f"<!-- {word}: begin -->", f"<!-- {word}: end -->"
        part = results.only(wanted)
        if begin in text and end in text:
            marked = True
            if part.data["scenarios"]:
                text = text[:text.index(begin) + len(begin)] + "\n\n" + markdown(part) + "\n" + text[text.index(end):]
    with open(path, "w", encoding="utf-8") as file:
        file.write(text if marked else markdown(results))
