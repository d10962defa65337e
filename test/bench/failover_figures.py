# SPDX-License-Identifier: ISC
"""Computes the figures of one row of the failover scenario from bench_load's record of each query and the counts of the tap."""
import struct
from dataclasses import dataclass

RECORD = struct.Struct("<QQIBB2x")
RIGHT, CUT = 0, 1
SERVFAIL = 2
SECOND = 1_000_000_000
BEFORE_NS = SECOND // 10    # a query that was under way when the server failed is affected by the failure
SETTLE_NS = SECOND          # of the lead: a forwarder learns which server is near
EDGE_NS = 2 * SECOND        # the last part of a lead, which shows how the queries are shared


@dataclass
class Query:
    due_ns: int
    end_ns: int     # 0: lost
    late_us: int    # it was sent this long after it was due
    verdict: int
    rcode: int

    @property
    def right(self):
        """TC is an answer too: the client's query over TCP is another query."""
        return self.end_ns > 0 and self.verdict in (RIGHT, CUT)

    @property
    def delay_ms(self):
        return (self.end_ns - self.due_ns) / 1e6


@dataclass
class Times:
    start_ns: int
    fault_ns: int
    mend_ns: int
    end_ns: int


def read_record(path):
    with open(path, "rb") as file:
        return sorted((Query(*fields) for fields in RECORD.iter_unpack(file.read())), key=lambda query: query.due_ns)


def between(queries, begin_ns, end_ns):
    return [query for query in queries if begin_ns <= query.due_ns < end_ns]


def at_share(values, share):
    values = sorted(values)
    return values[min(int(len(values) * share), len(values) - 1)] if values else None


def answered(queries):
    """How clients fared."""
    count = max(len(queries), 1)
    delays = [query.delay_ms for query in queries if query.right]
    late = {limit: sum(not query.right or query.delay_ms > limit for query in queries) for limit in (100, 250)}
    failed = [query for query in queries if query.end_ns and not query.right]
    return {"asked": len(queries), "lost": sum(query.end_ns == 0 for query in queries),
            "failed": sum(query.rcode not in (0, 3) for query in failed), "wrong": sum(query.rcode in (0, 3) for query in failed),
            "unanswered_share": sum(not query.right for query in queries) / count,
            "cut": sum(query.right and query.verdict == CUT for query in queries),
            "late_100_share": late[100] / count, "late_250_share": late[250] / count,
            "median_ms": at_share(delays, 0.5), "p99_ms": at_share(delays, 0.99), "worst_ms": max(delays, default=None),
            "sent_late_ms": max((query.late_us for query in queries), default=0) / 1000}


def asked_upstream(world, begin_ns, end_ns):
    return sum(sums["udp_load"] + sums["tcp_load"] for sums in (world.tap.sums(host, begin_ns, end_ns) for host in world.hosts))


def per_query(world, queries, begin_ns, end_ns):
    """Upstream queries for each query of a client."""
    begin_ns, end_ns = world.tap.whole_bins(begin_ns, end_ns)
    return asked_upstream(world, begin_ns, end_ns) / max(len(between(queries, begin_ns, end_ns)), 1)


def probes(world, host, begin_ns, end_ns, with_connections):
    """Queries for other names than those of clients; and attempts to connect, where no query can follow them."""
    sums = world.tap.sums(host, begin_ns, end_ns)
    return sums["udp_other"] + sums["tcp_other"] + (sums["tcp_opened"] if with_connections else 0)


def back_s(world, host, times):
    """
    From the recovery until the host gets queries of clients as before: the first bin of 100 ms with half of its healthy share. None:
    not in the time of the row.
    """
    def asked(one):
        return one["udp_load"] + one["tcp_load"]
    healthy = world.tap.bins(host, max(times.fault_ns - EDGE_NS, times.start_ns + BEFORE_NS), times.fault_ns - BEFORE_NS)
    share = sum(asked(one) for one in healthy) / max(len(healthy), 1)
    for number, one in enumerate(world.tap.bins(host, times.mend_ns, times.end_ns)):
        if asked(one) >= share / 2:
            return number / 10
    return None


def one_fails(world, host, times, queries, with_connections):
    """The figures of a row in which one of the two fails."""
    healthy = between(queries, times.start_ns + SETTLE_NS, times.fault_ns - BEFORE_NS)
    trouble = between(queries, times.fault_ns - BEFORE_NS, times.end_ns)
    fault_s = (times.mend_ns - times.fault_ns) / SECOND
    lead = (times.start_ns + SETTLE_NS, times.fault_ns - BEFORE_NS)
    lead_s = (lead[1] - lead[0]) / SECOND
    sums = world.tap.sums(host, times.fault_ns, times.mend_ns)
    return {"healthy": answered(healthy), "trouble": answered(trouble), "back_s": back_s(world, host, times),
            "host": host.number, "share_before": world.tap.sums(host, *lead)["udp_load"] / max(len(healthy), 1),
            "to_it_share": (sums["udp_load"] + sums["tcp_load"]) / max(len(between(queries, times.fault_ns, times.mend_ns)), 1),
            "unreachable": sums["unreachable"],
            "amplification": per_query(world, queries, times.fault_ns, times.mend_ns),
            "amplification_healthy": per_query(world, queries, *lead),
            "amplification_whole": per_query(world, queries, times.start_ns, times.end_ns),
            "probes_per_s": probes(world, host, times.fault_ns, times.mend_ns, with_connections) / fault_s,
            "probes_per_s_healthy": sum(probes(world, each, *lead, False) for each in world.hosts) / lead_s}


def reaction(queries):
    """How long clients wait for any answer at all."""
    delays = [query.delay_ms for query in queries if query.end_ns]
    return {"asked": len(queries), "silent": sum(query.end_ns == 0 for query in queries),
            "servfail": sum(query.end_ns > 0 and query.rcode == SERVFAIL for query in queries),
            "right": sum(query.right for query in queries),
            "median_ms": at_share(delays, 0.5), "worst_ms": max(delays, default=None)}


def whole_again_s(queries, times):
    """From the recovery until all queries of a tenth of a second are answered correctly within 250 ms, and stay so. None: never."""
    begin = None
    for at in range(times.mend_ns, times.end_ns - BEFORE_NS, BEFORE_NS):
        part = between(queries, at, at + BEFORE_NS)
        if part and all(query.right and query.delay_ms <= 250 for query in part):
            begin = at if begin is None else begin
        else:
            begin = None
    return None if begin is None else (begin - times.mend_ns) / SECOND


def all_fail(world, times, queries):
    """The figures of a row in which both fail."""
    later_ns = times.mend_ns - 6 * SECOND
    if later_ns < times.fault_ns + SECOND:
        later_ns = times.mend_ns - SECOND
    good = min((query.end_ns for query in queries if query.right and query.end_ns >= times.mend_ns), default=None)
    dead_s = (times.mend_ns - times.fault_ns) / SECOND
    at_once = between(queries, times.fault_ns - BEFORE_NS, times.fault_ns + SECOND)
    return {"at_once": reaction([query for query in at_once if not 0 < query.end_ns < times.fault_ns]),
            "later": reaction(between(queries, later_ns, later_ns + SECOND)),
            "first_good_s": None if good is None else (good - times.mend_ns) / SECOND,
            "whole_s": whole_again_s(queries, times), "dead_s": dead_s,
            "amplification": per_query(world, queries, times.fault_ns, times.mend_ns),
            "probes_per_s": sum(probes(world, host, times.fault_ns, times.mend_ns, True) for host in world.hosts) / dead_s}


def probes_over_time(world, host, times):
    """Probes to a dead server: (seconds since its death, probes) of each window, and the most in any second and any ten."""
    bins = [one["udp_other"] + one["tcp_other"] + one["tcp_opened"]
            for one in world.tap.bins(host, times.fault_ns, times.mend_ns)]
    live = [one["udp_load"] + one["tcp_load"] for one in world.tap.bins(host, times.fault_ns, times.mend_ns)]
    windows = []
    for begin in range(0, len(bins), max(len(bins) // 10, 1)):
        end = min(begin + max(len(bins) // 10, 1), len(bins))
        windows.append({"from_s": begin / 10, "to_s": end / 10, "probes": sum(bins[begin:end]), "live": sum(live[begin:end])})
    return {"windows": windows, "most_in_10_s": max((sum(bins[at:at + 100]) for at in range(max(len(bins) - 99, 1))), default=0),
            "last_minute": sum(bins[-600:])}
