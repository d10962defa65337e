# SPDX-License-Identifier: ISC
"""
Which answers are cached, for how long and with which TTLs: split53 beside a real named with the same options, both forwarding to the
same scripted upstream. Where they differ it is on purpose, and the row has the reason.

Times are chosen so that named, which counts whole seconds, has only one possible answer.
"""
import socket

import pytest

from support import compare
from support.compare import Row
from support.upstream import A, NXDOMAIN, REFUSED, SERVFAIL

STALE = "stale-cache-enable yes; stale-answer-enable yes; stale-answer-ttl 7; "


def address(ttl, last=1, **more):
    """NOERROR with 192.0.2.LAST."""
    return lambda q: q.reply((A, ttl, bytes([192, 0, 2, last])), **more)


def soa(zone_ttl, minimum):
    return lambda q: [f"{'.'.join(q.name.split('.')[-3:])} {zone_ttl} IN SOA ns.invalid. hostmaster.invalid. 1 3600 600 86400 {minimum}"]


def nothing(zone_ttl, minimum, code=0, *records):
    """NODATA or NXDOMAIN, with its SOA."""
    return lambda q: q.reply(*(record.format(name=q.name) for record in records), rcode=code, authority=soa(zone_ttl, minimum)(q))


def rcode_of(code):
    return lambda q: q.reply(rcode=code)


def records(*lines, **more):
    """Lines of zone file text; {name} is the queried name, {zone} that of the row."""
    def fill(lines, q):
        return [line.format(name=q.name, zone=".".join(q.name.split(".")[-3:])) for line in lines]
    return lambda q: q.reply(*fill(lines, q), **{key: fill(value, q) for key, value in more.items()})


def chain(alias_ttl, ttl):
    """www is an alias of target, which has an address; the upstream sends both at once."""
    def answer(q):
        target = "target." + ".".join(q.name.split(".")[-3:])
        return q.reply(*([] if q.name == target else [f"{q.name} {alias_ttl} IN CNAME {target}"]), f"{target} {ttl} IN A 192.0.2.9")
    return answer


def chain_to_nothing(code):
    """www is an alias of target, which does not exist; named queries the target separately."""
    def answer(q):
        target = "target." + ".".join(q.name.split(".")[-3:])
        return q.reply(*([] if q.name == target else [f"{q.name} 60 IN CNAME {target}"]), rcode=code, authority=soa(60, 60)(q))
    return answer


def with_signature(q):
    """The signature is sent if the query has DO."""
    signature = f"{q.name} 60 IN RRSIG A 8 3 60 20300101000000 20200101000000 1 example. AAAA"
    return q.reply((A, 60, socket.inet_aton("192.0.2.1")), *([signature] if q.do else []))


def many(q):
    return q.reply(*[(A, 60, bytes([192, 0, 2, last])) for last in range(1, 61)])


# Reasons for differences
HIGHEST_BIT = "RFC 2181 s8: a TTL with its highest bit set is 0; named takes it as a large TTL"
MINIMUM = "RFC 2308 s5: min(TTL of the SOA, its MINIMUM); named uses the TTL of the SOA"
WHOLE = "a cache of messages: a query upstream for each combination of DO and CD; named caches records, and always queries with DO"
REASON = "an extended error has the reason"
WINDOW = "stale-refresh-time begins with any failure (RFC 8767 s4); with named only when the servers are silent"
STALE_NXDOMAIN = "a stale NXDOMAIN is better than none (RFC 8767 s4 has no exception); named does not cache it, and has no EDE 19"

EDNS = {"edns": 0}
ROWS = [
    # Caching
    Row("positive", address(60), [0, 1.5, 2.5]),
    Row("several", records("{name} 60 IN A 192.0.2.1", "{name} 60 IN A 192.0.2.2", "{name} 60 IN A 192.0.2.3"), [0, 1.5]),
    Row("expires", [address(3, 1), address(3, 1), address(3, 2)], [0, 1, 5]),
    Row("types", nothing(60, 60), [(0, {"rdtype": "TXT"}), (1.2, {"rdtype": "TXT"}), (2, {"rdtype": "MX"})]),
    Row("letter-case", address(60), [0, (1.2, {"name": "WwW"}), (2, {"name": "wWW", "tcp": True})]),
    Row("over-tcp", address(60), [(0, {"tcp": True}), (1.2, {"tcp": True}), 2]),
    Row("with-edns", address(60), [(0, EDNS), 1.2, (2, EDNS)]),
    Row("recursion-not-desired", address(60), [0, (1.2, {"flags": 0})]),
    Row("ttl-zero", address(0), [0, 0.6, 1.2]),
    Row("ttl-all-ones", address(0xffffffff), [0, 0.6],
        differs={(0, "www A TTL"): (0, 604800), (1, "www A TTL"): (0, 604800), (1, "asked"): (True, False)}, why=HIGHEST_BIT),
    Row("ttl-highest-bit", address(0x80000000), [0, 0.6],
        differs={(0, "www A TTL"): (0, 604800), (1, "www A TTL"): (0, 604800), (1, "asked"): (True, False)}, why=HIGHEST_BIT),
    Row("ttl-huge", address(0x7fffffff), [0, 1.2]),
    # RFC 2181 s5.2: a set with unequal TTLs
    Row("ttl-unequal", records("{name} 60 IN A 192.0.2.1", "{name} 3 IN A 192.0.2.2"), [0, 1, 5]),
    # RFC 2308 s5: negative answers
    Row("nxdomain", nothing(60, 60, NXDOMAIN), [0, 1.5, 2.5]),
    Row("nxdomain-minimum", nothing(60, 3, NXDOMAIN), [0, 1, 5],
        differs={**{(step, "nxdomain-minimum SOA TTL"): values for step, values in enumerate([(3, 60), (2, 59), (3, 55)])},
                 (2, "asked"): (True, False)}, why=MINIMUM),
    Row("nxdomain-soa-ttl", nothing(3, 60, NXDOMAIN), [0, 1, 5]),
    Row("nodata", nothing(60, 60), [0, 1.5]),
    Row("nodata-minimum", nothing(60, 3), [0, 1],
        differs={(0, "nodata-minimum SOA TTL"): (3, 60), (1, "nodata-minimum SOA TTL"): (2, 59)}, why=MINIMUM),
    Row("nodata-soa-ttl", nothing(3, 60), [0, 1, 5]),
    Row("nodata-ttl-zero", nothing(0, 0), [0, 2.5]),
    Row("nodata-without-soa", rcode_of(0), [0, 0.6]),
    Row("nxdomain-without-soa", rcode_of(NXDOMAIN), [0, 0.6]),
    # RFC 8020 is not applied: there may be names below a name that does not exist
    Row("below-nxdomain", [nothing(60, 60, NXDOMAIN), address(60)], [(0, {"name": "up"}), (0.6, {"name": "low.up"}), (1.2, {"name": "up"})]),
    # Chains
    Row("alias", chain(60, 60), [0, 1.5]),
    Row("alias-ttls", chain(60, 3), [0, 1, 5],
        differs={(2, "www CNAME TTL"): (60, 55)}, why="one message, which expires with its first record; named caches each record"),
    Row("alias-target", chain(60, 60), [0, (0.4, {"name": "target"})],
        differs={(1, "asked"): (True, False)}, why="no record of one answer answers another query"),
    Row("alias-to-nxdomain", chain_to_nothing(NXDOMAIN), [0, 1.5]),
    Row("alias-to-nodata", chain_to_nothing(0), [0, 1.5]),
    # Sections: minimal-responses is no-auth-recursive
    Row("authority", records("{name} 60 IN A 192.0.2.1", authority=["{zone} 60 IN NS ns.{zone}"],
                             additional=["ns.{zone} 60 IN A 192.0.2.53"]), [0, 1.2]),
    Row("services", records("{name} 60 IN SRV 1 1 80 host.{zone}", additional=["host.{zone} 60 IN A 192.0.2.80"]),
        [(0, {"rdtype": "SRV"}), (1.2, {"rdtype": "SRV"})]),
    # Sizes
    Row("cut", many, [0, (0.6, {"tcp": True}), 1.2, (2, {"edns": 0, "size": 4096})]),
    # DO and CD
    Row("do-bit", with_signature, [(0, {"do": True}), (0.3, {"do": True}), 0.5, 0.8], differs={(2, "asked"): (True, False)}, why=WHOLE),
    Row("cd-bit", address(60), [0, (0.3, {"flags": 0x0110}), (0.5, {"flags": 0x0110}), 0.8], differs={(1, "asked"): (True, False)}, why=WHOLE),
    # Failures: RFC 9520 s3.2, servfail-ttl 1
    Row("servfail", [rcode_of(SERVFAIL), rcode_of(SERVFAIL), address(60)], [(0, EDNS), (0.3, EDNS), (2.5, EDNS)],
        differs={(0, "EDE"): ([22], []), (1, "EDE"): ([13], [])}, why=REASON),
    Row("refused", [rcode_of(REFUSED), address(60)], [(0, EDNS), (2.5, EDNS)], differs={(0, "EDE"): ([22], [])}, why=REASON),
    Row("failure-over-data", [address(3), address(3), rcode_of(SERVFAIL)], [0, 1, 5]),
    # max-cache-ttl, min-cache-ttl
    Row("max", address(60), [0, 1.2, 5], "max-cache-ttl 3;"),
    Row("max-alias", chain(60, 1), [0], "max-cache-ttl 3;"),
    Row("max-negative", nothing(60, 60), [0, 1.2], "max-cache-ttl 3;"),
    Row("min", address(1), [0, 2.5], "min-cache-ttl 20;"),
    Row("min-of-zero", address(0), [0, 2.5], "min-cache-ttl 20;"),
    Row("min-negative", nothing(1, 1), [0, 2.5], "min-cache-ttl 20;"),
    # max-ncache-ttl, min-ncache-ttl
    Row("ncache-max", nothing(60, 60, NXDOMAIN), [0, 1.2, 5], "max-ncache-ttl 3;"),
    Row("ncache-max-positive", address(60), [0, 1.2], "max-ncache-ttl 3;"),
    Row("ncache-max-zero", nothing(60, 60, NXDOMAIN), [0, 2.5], "max-ncache-ttl 0;"),
    Row("ncache-min", nothing(1, 1, NXDOMAIN), [0, 2.5], "min-ncache-ttl 20;"),
    Row("ncache-min-positive", address(1), [0], "min-ncache-ttl 20;"),
    # servfail-ttl
    Row("servfail-off", rcode_of(SERVFAIL), [0, 0.6], "servfail-ttl 0;"),
    Row("servfail-five", [*[rcode_of(SERVFAIL)] * 3, address(60)], [0, 1, 3, 8], "servfail-ttl 5;"),
    # Stale answers: RFC 8767
    Row("stale", [address(2), rcode_of(SERVFAIL)], [(0, EDNS), (4, EDNS), 6], STALE + "stale-refresh-time 0;"),
    Row("stale-nodata", [nothing(2, 2), rcode_of(SERVFAIL)], [(0, EDNS), (4, EDNS)], STALE),
    Row("stale-alias", [chain(2, 2), rcode_of(SERVFAIL)], [(0, EDNS), (4, EDNS)], STALE),
    Row("stale-recovers", [address(2, 1), rcode_of(SERVFAIL), address(60, 2)], [0, 4, 6], STALE + "stale-refresh-time 0;"),
    Row("stale-window", [address(2, 1), rcode_of(SERVFAIL), address(60, 2)], [(0, EDNS), (4, EDNS), (5, EDNS)], STALE,
        differs={(2, "asked"): (False, True), (2, "EDE"): ([3], []), (2, "data"): (["192.0.2.1"], ["192.0.2.2"]),
                 (2, "www A TTL"): (7, 60)}, why=WINDOW),
    Row("stale-silent", [address(2), lambda q: None], [(0, EDNS), (4, EDNS), (20, EDNS)], STALE),
    Row("stale-over", [address(1), rcode_of(SERVFAIL)], [0, 5.5], STALE + "max-stale-ttl 2;"),
    Row("stale-first", [address(2, 1), address(60, 2)], [(0, EDNS), (4, EDNS), (5, EDNS)], STALE + "stale-answer-client-timeout 0;"),
    Row("stale-kept-only", [address(2), rcode_of(SERVFAIL)], [0, 4], "stale-cache-enable yes;"),
    Row("stale-nxdomain", [nothing(2, 2, NXDOMAIN), rcode_of(SERVFAIL)], [(0, EDNS), (4, EDNS)], STALE,
        differs={(1, "rcode"): ("NXDOMAIN", "SERVFAIL"), (1, "authority"): (1, 0), (1, "EDE"): ([19], []),
                 (1, "stale-nxdomain SOA TTL"): (7, None)}, why=STALE_NXDOMAIN),
    # prefetch
    Row("prefetch", [address(10, 1), address(10, 2)], [0, 2, 8, 9], "prefetch 4 10;"),
    Row("prefetch-short", [address(9, 1), address(9, 2)], [0, 7, 7.5], "prefetch 4 10;"),
    Row("prefetch-off", [address(10, 1), address(10, 2)], [0, 8, 8.5], "prefetch 0;"),
]


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    compare.run(tmp_path_factory.mktemp("compare"), ROWS)


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_answers_are_cached_as_in_named(compared, row):
    ours, theirs = row.seen
    assert compare.as_expected(row), "\n".join(
        f"{step} {side}: {seen[step].all()}" for step in range(len(row.asks)) for side, seen in (("split53", ours), ("named  ", theirs)))
