# SPDX-License-Identifier: ISC
"""
The same queries to split53 and to named, both with the same options and each with a scripted upstream of its own.

A Row has the responses of the upstream, and the queries with their times. All rows run at the same time, so that the time of a TTL is
waited for only once; rows with the same options share a pair of servers. The results are a list of Seen, one for each query.
"""
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import dns.flags
import dns.rdatatype

from .client import ask, extended_errors, rcode
from .servers import Named
from .split53 import Split53, free_port
from .upstream import FakeUpstream

ALIKE = "max-cache-size 16m; dnssec-validation no; recursion yes; allow-query { any; }; pid-file none;"


class Row:
    """
    `says`: the upstream's response to each query for these names, q -> bytes; a list has one function for each step, the last for all
    later ones. `asks`: (second, how to query), or only the second: a step each. `differs`: {(step, what): (split53's, named's)};
    everything else must be equal, and these must differ exactly so. `why` is the reason.
    """

    def __init__(self, name, says, asks, options="", differs=None, why=""):
        assert bool(differs) == bool(why), name
        self.name, self.options, self.differs, self.why = name, options, differs or {}, why
        self.says = says if isinstance(says, list) else [says]
        self.asks = [(step, {}) if isinstance(step, (int, float)) else step for step in asks]
        self.step = 0
        self.seen = {}

    @property
    def zone(self):
        return f"{self.name}.example."

    def answer(self, q):
        return self.says[min(self.step, len(self.says) - 1)](q)


class Seen:
    """One reply: the values that are compared, by name."""

    def __init__(self, reply):
        self.reply = reply
        self.facts = {"rcode": rcode(reply), "TC": bool(reply.flags & dns.flags.TC), "AD": bool(reply.flags & dns.flags.AD),
                      "EDE": sorted(set(extended_errors(reply)))}
        self.ttls = {}
        for section in ("answer", "authority", "additional"):
            rrsets = getattr(reply, section)
            self.facts[section] = sum(len(rrset) for rrset in rrsets)
            for rrset in rrsets:
                kind = dns.rdatatype.to_text(rrset.rdtype)
                self.ttls[f"{rrset.name.to_text().lower().split('.')[0]} {kind} TTL"] = rrset.ttl
        if not self.facts["TC"]:	# it is random which records were left out
            self.facts["data"] = sorted(item.to_text().lower() for rrset in reply.answer for item in rrset)

    def all(self):
        return {**self.facts, **self.ttls}


def _alike(what, one, other):
    """Equal if TTLs are within a second of each other, and where named 9.20 has more data than 9.18."""
    if what == "EDE" and one and None not in (one, other):
        return set(one) <= set(other)
    return one == other or (what.endswith(" TTL") and None not in (one, other) and abs(one - other) <= 1)


def differences(row):
    """{(step, what): (split53's, named's)}"""
    found = {}
    for step, (ours, theirs) in enumerate(zip(*row.seen)):
        for what in {*ours.all(), *theirs.all()}:
            mine, other = ours.all().get(what), theirs.all().get(what)
            if not _alike(what, mine, other):
                found[(step, what)] = (mine, other)
    return found


def as_expected(row):
    """Whether they differ where they must, and nowhere else."""
    found = differences(row)
    return found.keys() == row.differs.keys() and all(
        _alike(key[1], mine, row.differs[key][0]) and _alike(key[1], other, row.differs[key][1])
        for key, (mine, other) in found.items())


class Pair:
    """split53 and named with the same options."""

    def __init__(self, folder, number, options, rows):
        self.rows = {row.zone: row for row in rows}
        self.upstreams = [FakeUpstream(self._answer) for _ in range(2)]
        self.places = [("127.0.0.1", free_port()), ("127.0.0.1", free_port())]
        stated = f"{ALIKE} {options}"
        self.split53 = Split53(folder, f"""options {{
            listen-on port {self.places[0][1]} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
            forward only; forwarders {{ {self.upstreams[0].where}; }}; {stated} }};""",
            wait_at=self.places[0], name=f"split53-{number}", arguments=["-n", "1"])
        self.named = Named(folder, port=self.places[1][1], name=f"named-{number}", defaults="", options=f"""
            forward only; forwarders {{ {self.upstreams[1].where}; }}; {stated.replace("pid-file none;", "")}""")

    def _answer(self, q):
        row = self.rows.get(".".join(q.name.split(".")[-3:]))
        if row is None:	# named queries the root servers
            return q.reply(authority=[". 60 IN SOA ns.invalid. hostmaster.invalid. 1 3600 600 86400 60"])
        return row.answer(q)

    def asked(self, side, row):
        return sum(q.name.endswith(row.zone) for q in self.upstreams[side].queries)

    def run(self, row, begin):
        seen, counts = [[], []], []
        for number, (second, how) in enumerate(row.asks):
            time.sleep(max(0, begin + second - time.monotonic()))
            row.step = number
            how = dict(how)
            name = how.pop("name", "www") + "." + row.zone
            counts.append([self.asked(side, row) for side in (0, 1)])
            for side, place in enumerate(self.places):
                seen[side].append(Seen(ask(place, name, timeout=15, **how)))
        time.sleep(0.5)	# a query without a client that waits
        counts.append([self.asked(side, row) for side in (0, 1)])
        for side in (0, 1):
            for number, one in enumerate(seen[side]):
                one.facts["asked"] = counts[number + 1][side] > counts[number][side]
        row.seen = seen

    def close(self):
        self.named.close()
        try:
            self.split53.stop()
        finally:
            for upstream in self.upstreams:
                upstream.close()


def run(folder, rows):
    """Run all rows: row.seen is [split53's, named's], a Seen for each step."""
    assert len({row.name for row in rows}) == len(rows)
    by_options, pairs, errors = {}, [], []
    for row in rows:
        by_options.setdefault(row.options, []).append(row)
    with ThreadPoolExecutor(4) as starting:	# not left before the end: a child ends with the thread that started it
        started = [starting.submit(Pair, folder, number, options, some) for number, (options, some) in enumerate(by_options.items())]
        try:
            for future in started:
                try:
                    pairs.append(future.result())
                except AssertionError as error:
                    errors.append(str(error))
            if not errors:
                _run_rows(pairs, errors)
        finally:
            for pair in pairs:
                try:
                    pair.close()
                except AssertionError as error:
                    errors.append(str(error))
    assert not errors, "\n".join(errors)


def _run_rows(pairs, errors):
    begin = time.monotonic() + 0.2

    def one(pair, row):
        try:
            pair.run(row, begin)
        except Exception as error:	# noqa: BLE001 - reported by the row's own test
            errors.append(f"{row.name}: {error!r}")
    threads = [threading.Thread(target=one, args=(pair, row)) for pair in pairs for row in pair.rows.values()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
