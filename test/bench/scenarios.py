# SPDX-License-Identifier: ISC
"""
The loads. A Plan is a load that is measured as it is, round after round, on servers that stay up; the scenarios of another kind
(growth, memory, scan, restart, idle) are functions in special.py.
"""
from dataclasses import dataclass, replace

NAMES = 10_000
MANY = 1_000_000


@dataclass(frozen=True)
class Load:
    """
    One run of bench_load, by its options. With `rate` it sends that many queries a second, otherwise as many as the window allows are
    always under way. `once`: each name one time, repeated until it is answered.
    """

    kind: str = "set"
    names: int = NAMES
    zone: str = "bench.example"
    transport: str = "udp"  # udp, tcp (pipelined), tcp-one (one query a connection)
    clients: int = 16       # ports or connections
    window: int = 0         # queries under way, all clients together; 0: as many as any server's receive buffer can take
    edns: bool = False
    train: int = 1          # queries that a client sends as one train
    rate: int = 0
    seconds: float = 1.0
    count: int = 0          # queries, instead of seconds
    once: bool = False
    seed: int = 1
    random_per_working: int = 20    # scan: new names for each name of the working set

    def but(self, **changes):
        return replace(self, **changes)


@dataclass(frozen=True)
class Plan:
    name: str
    title: str
    load: Load
    floor: tuple            # the floor programs measured with it; the first is the reference for the others
    warm: tuple = ()        # loads before the first round
    rate: int = 10_000      # queries/s at which the latency is measured; 0: not at all: the first query of a train would wait for its last
    cache_mib: int = 256
    records: int = 1        # of an answer, for servers that count these
    count_per_second: int = 0   # send this many queries for each second requested, so that all servers get the same number

    def for_smoke(self):
        """The same with small numbers."""
        warm = tuple(load.but(count=load.count // 50, names=min(load.names, 1000)) for load in self.warm)
        return replace(self, load=self.load.but(names=min(self.load.names, 1000)), warm=warm, rate=min(self.rate, 1_000),
                       cache_mib=64)


SET = Load()
ONCE = (Load(once=True),)
ONCE_TCP = (*ONCE, Load(transport="tcp", clients=10, count=100_000))     # dnsdist caches TCP answers separately
NEGATIVE = Load(kind="nx-zipf", names=MANY)
BIG = Load(kind="big", names=1000, edns=True)
ZIPF = Load(kind="zipf", names=MANY)
UDP_FLOORS = ("floor-udp", "floor-gso")

PLANS = {plan.name: plan for plan in (
    Plan("hit", "UDP hits, 10,000 names, 16 client ports", SET, UDP_FLOORS, ONCE, 20_000),
    Plan("hit-hot", "UDP hits, one name", SET.but(names=1), UDP_FLOORS, (Load(once=True, names=1),), 20_000),
    Plan("hit-clients", "UDP hits, 10,000 names, 1,000 client ports", SET.but(clients=1000), UDP_FLOORS, ONCE, 20_000),
    Plan("hit-edns", "UDP hits, 10,000 names, with EDNS", SET.but(edns=True), UDP_FLOORS,
         (Load(once=True, edns=True),), 20_000),
    Plan("hit-train", "UDP hits, trains of 16 queries from one client port", SET.but(clients=1, train=16),
         ("floor-gso", "floor-udp"), ONCE, 0),
    Plan("miss", "misses: every name is new", SET.but(kind="fresh"), ("floor-relay",), (), 5_000),
    Plan("mix", "Zipf over 1,000,000 names", ZIPF, ("floor-udp", "floor-relay"), (ZIPF.but(count=200_000, seed=2),), 5_000, 1024,
         50_000),
    Plan("negative", "Zipf over 1,000,000 names that do not exist", NEGATIVE, ("floor-udp", "floor-relay"),
         (NEGATIVE.but(count=200_000, seed=2),), 5_000, 1024, 50_000),
    Plan("big", "UDP hits, answers of 1,200 bytes, with EDNS", BIG, ("floor-big",), (BIG.but(once=True),), 10_000,
         records=70),
    Plan("tcp", "TCP, 10 connections, pipelined", SET.but(transport="tcp", clients=10), ("floor-tcp",), ONCE_TCP, 10_000),
    Plan("tcp-one", "TCP, one query a connection", SET.but(transport="tcp-one", clients=10), ("floor-tcp",), ONCE_TCP,
         2_000),
    Plan("consul", "the zone consul, TTL 0", Load(kind="consul-ttl0", zone="service.consul"), ("floor-relay",), (), 5_000),
)}
SPECIAL = ("growth", "memory", "scan", "restart", "idle")
APART = ("failover",)   # three quarters of an hour by itself
ALL = (*PLANS, *SPECIAL, *APART)
