# SPDX-License-Identifier: ISC
"""Tables and goals of the failover scenario."""
from failover import PROBES, ROWS, STALL_MS, TIMEOUT_S

OURS = "split53"
MORE_MS = 250       # the worst answer may be this much later than the worst in health
BACK_S = 3
DEAD_MS = 2000      # when all die under load
KNOWN_DEAD_MS = 300     # one try, in case they are back
FIRST_GOOD_S = 1
HEALTHY_EXTRA, TROUBLE_TIMES = 1.05, 2
NOISE_MS = 10       # smaller differences of worst delays do not count


def share(value):
    return f"{100 * value:.2f}"


def ms(value):
    return "-" if value is None else f"{value:.0f}" if value >= 10 else f"{value:.1f}"


def seconds(value, most="never"):
    return most if value is None else f"{value:.1f}"


def table(columns, rows):
    lines = ["| " + " | ".join(columns) + " |", "|---|" + "--:|" * (len(columns) - 1)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def in_order(names):
    return sorted(names, key=lambda name: (name != OURS, name))


def rows_by_server(servers, row):
    """The figures of each server in a row, for the servers that were measured."""
    return {name: servers[name][0]["rows"][row] for name in in_order(servers) if row in servers[name][0]["rows"]}


def merged(old, new):
    """Samples of an earlier run with those of a later one, which replace the rows that were measured again."""
    together = {name: [dict(sample) for sample in samples] for name, samples in old.items()}
    for name, (sample,) in new.items():
        before = together.get(name, [{"rows": {}}])[0]
        rows = {**before["rows"], **sample["rows"]}
        together[name] = [{"rows": rows, "wrong": sum(one["wrong"] for one in rows.values()),
                           "answered": sum(one["answered"] for one in rows.values())}]
    return together


def one_failing_table(found):
    def line(name, one):
        trouble = one["trouble"]
        return [name, str(trouble["lost"]), str(trouble["failed"] + trouble["wrong"]), share(trouble["late_100_share"]),
                share(trouble["late_250_share"]), ms(trouble["worst_ms"]), ms(one["healthy"]["worst_ms"]), seconds(one["back_s"]),
                f"{one['amplification']:.2f}", f"{one['amplification_healthy']:.2f}", f"{one['probes_per_s']:.1f}"]
    return table(["server", "lost", "failed", "% over 100 ms", "% over 250 ms", "worst, ms", "worst in health", "back, s",
                  "sent upstream", "in health", "probes/s"], [line(name, one) for name, one in found.items()])


def reaction(one):
    """The time until any answer; a client that got none within our patience is counted separately."""
    if not one["asked"] or one["silent"] == one["asked"]:
        return "none"
    some = f", {100 * one['silent'] / one['asked']:.0f} % none" if one["silent"] else ""
    return f"{ms(one['median_ms'])} ({ms(one['worst_ms'])}{some})"


def stalls(found):
    """Where the machine itself was late, so that a worst delay may be due to it."""
    late = {name: max(one[part]["sent_late_ms"] for part in ("healthy", "trouble")) for name, one in found.items()}
    told = ", ".join(f"{name} {value:.0f} ms" for name, value in late.items() if value > STALL_MS)
    return [f"The load generator itself was late, so this much of a worst delay may be the machine's: {told}."] if told else []


def cut(found):
    """The forwarders that pass TC on, which spares them the query over TCP here."""
    told = ", ".join(f"{name} {one['trouble']['cut']}" for name, one in found.items() if one["trouble"].get("cut"))
    return [f"Passed TC on to the client, which would have to repeat its query over TCP: {told}."] if told else []


def all_failing_table(found):
    return table(["server", "answer at once, ms (worst)", "later, ms (worst)", "first good answer, s", "all good again, s",
                  "sent upstream", "probes/s"],
                 [[name, reaction(one["at_once"]), reaction(one["later"]), seconds(one["first_good_s"]), seconds(one["whole_s"]),
                   f"{one['amplification']:.2f}", f"{one['probes_per_s']:.1f}"] for name, one in found.items()])


def dead_for(found):
    """How long servers were dead: "later" is some seconds before the end."""
    told = sorted({f"{one['dead_s']:.0f}" for one in found.values()}, key=int)
    return f", for {' and '.join(told)} s"


def probes_table(found):
    lines = []
    for name, one in found.items():
        lines.append([name, "in health", f"{one['healthy_s']:.0f}", str(one["healthy_probes"]), "-"])
        for window in one["windows"]:
            begin, end = window["from_s"], window["to_s"]
            lines.append([name, f"{begin:.0f} to {end:.0f} s dead", f"{end - begin:.0f}", str(window["probes"]),
                          str(window["live"])])
    return table(["server", "when", "seconds", "probes", "clients' queries to it"], lines)


def summary_table(servers):
    """All in one view: a line for each row, with the lost, failed and late queries of each server, and its worst delay."""
    names = in_order(servers)
    lines = []
    for row in (row.name for row in ROWS.values() if not row.all_hosts):
        found = rows_by_server(servers, row)
        if found:
            lines.append([row, *(cell(found.get(name)) for name in names)])
    return table(["", *names], lines) if lines else None


def cell(one):
    if one is None:
        return "-"
    trouble = one["trouble"]
    worst = "lost" if trouble["lost"] or trouble["worst_ms"] is None else ms(trouble["worst_ms"])
    return f"{share(trouble['unanswered_share'])} / {share(trouble['late_100_share'])} / {worst}"


def failover_table(results, scenario, workers):
    servers = results.servers(scenario, workers)
    parts = []
    summary = summary_table(servers)
    if summary:
        parts += ["In each cell: % of the queries lost or failed / % not answered well within 100 ms / worst delay in ms "
                  "(lost: some had no answer). "
                  "Queries are counted from the failure to the end of the row; "
                  f"lost means no answer within {TIMEOUT_S} s.", summary]
    for row in ROWS.values():
        found = rows_by_server(servers, row.name)
        if found:
            title = f"**{row.name}**: {row.title}" + (dead_for(found) if row.all_hosts else "")
            parts += [title, (all_failing_table if row.all_hosts else one_failing_table)(found)]
            parts += [] if row.all_hosts else cut(found) + stalls(found)
    found = rows_by_server(servers, PROBES)
    if found:
        parts += [f"**{PROBES}**: a light load; health, then one unreachable server", probes_table(found)]
    return "\n\n".join(parts)


def rank(one):
    """Less is better: first the unanswered queries, then the late ones, then the worst delay."""
    trouble = one["trouble"]
    worst = trouble["worst_ms"] if trouble["worst_ms"] is not None and not trouble["lost"] else TIMEOUT_S * 1000
    return (*(round(trouble[f"{what}_share"], 4) for what in ("unanswered", "late_250", "late_100")), worst)


def standing(ours, peers):
    """(words, ahead or level) of split53 among its peers in one row. A forwarder that passes TC on has done only half of the work."""
    *shares, worst = rank(ours)
    apart = [name for name, peer in peers.items() if peer["trouble"].get("cut")]
    more = f" (not compared: {', '.join(apart)}, which hand{'s' if len(apart) == 1 else ''} TC on)" if apart else ""
    ahead_of_all, level = True, []
    for name, peer in peers.items():
        if name in apart:
            continue
        *others, other_worst = rank(peer)
        if others < shares or (others == shares and other_worst < worst - NOISE_MS):
            return f"behind {name}: {cell(peer)}{more}", False
        if others == shares and abs(other_worst - worst) <= NOISE_MS:
            level.append(name)
            ahead_of_all = False
    return ("ahead of all" if ahead_of_all else f"level with {', '.join(level)}") + more, True


def one_failing_goals(row, ours, peers):
    trouble, healthy = ours["trouble"], ours["healthy"]
    bad = trouble["lost"] + trouble["failed"] + trouble["wrong"]
    yield f"failover, {row}: none lost, none failed", f"{bad} of {trouble['asked']}", bad == 0
    worst, limit = trouble["worst_ms"], (healthy["worst_ms"] or 0) + MORE_MS
    yield (f"failover, {row}: worst at most {MORE_MS} ms more than in health", f"{ms(worst)} ms (at most {ms(limit)} ms)",
           worst is not None and worst <= limit)
    back = ours["back_s"]
    yield f"failover, {row}: back within {BACK_S} s", f"{seconds(back)} s", back is not None and back <= BACK_S
    yield (f"failover, {row}: at most {TROUBLE_TIMES} upstream queries for one ({HEALTHY_EXTRA:.2f} in health)",
           f"{ours['amplification']:.2f}, in health {ours['amplification_healthy']:.2f}", is_frugal(row, ours))
    if peers:
        words, good = standing(ours, peers)
        yield f"failover, {row}: better than each peer", f"{cell(ours)}; {words}", good


def is_frugal(row, ours):
    """Where an eighth of the names need two queries, over UDP and TCP, that many more are no hedges."""
    more = ROWS[row].truncate / 16
    return ours["amplification"] < TROUBLE_TIMES + more and ours["amplification_healthy"] <= HEALTHY_EXTRA + more


def all_failing_goals(row, ours, peers):
    for what, limit, words in (("at_once", DEAD_MS, "within 2 s when they die"),
                               ("later", KNOWN_DEAD_MS, "at once when they are known dead")):
        one = ours[what]
        yield (f"failover, {row}: an answer {words}",
               f"worst {ms(one['worst_ms'])} ms, {one['silent']} of {one['asked']} without",
               one["silent"] == 0 and one["worst_ms"] is not None and one["worst_ms"] <= limit)
    good = ours["first_good_s"]
    yield (f"failover, {row}: a good answer within {FIRST_GOOD_S} s of their return", f"{seconds(good)} s",
           good is not None and good < FIRST_GOOD_S)


def probe_goals(ours):
    found = ours["healthy_probes"]
    yield "failover, probes: none in health", f"{found} in {ours['healthy_s']:.0f} s", found == 0
    yield "failover, probes: at most one a second", f"{ours['most_in_10_s']} in the worst 10 s", ours["most_in_10_s"] <= 11
    if ours["dead_s"] >= 300:
        yield "failover, probes: one in 30 s in the end", f"{ours['last_minute']} in the last minute", ours["last_minute"] <= 3


def smoke_faults(servers):
    """What fails a short run on any machine: signs that the test bed does not work as described."""
    for name in servers:
        for row, one in servers[name][0]["rows"].items():
            trouble, healthy = one["trouble"], one["healthy"]
            sane = {"no query was sent": trouble["asked"] and healthy["asked"],
                    "queries are lost": not trouble["lost"] and not healthy["lost"],
                    "queries fail": not trouble["failed"] and not healthy["failed"],
                    # of the whole row: on a busy machine a query and its upstream query may be on two sides of an edge
                    "the tap does not see one upstream query for each query": 0.8 < one["amplification_whole"] < 1.5,
                    "the upstream that fails was not in use": one["share_before"] > 0.2,
                    "the upstream that fails gets as many queries as before": one["to_it_share"] < 0.5,
                    "it is not silent": one["unreachable"] == 0 or row == "killed",
                    "its host sends no port unreachable": one["unreachable"] > 0 or row != "killed"}
            yield from (f"failover, {row}: {name}: {what}" for what, good in sane.items() if not good)


def goals(results):
    workers = next((int(key.rpartition("/")[2]) for key in results.data["scenarios"] if key.startswith("failover/")), 1)
    servers = results.servers("failover", workers)
    if OURS not in servers:
        return
    for row in (*ROWS, PROBES):
        found = rows_by_server(servers, row)
        ours = found.pop(OURS, None)
        if ours is None:
            continue
        if row == PROBES:
            yield from probe_goals(ours)
        else:
            yield from (all_failing_goals if ROWS[row].all_hosts else one_failing_goals)(row, ours, found)
