# SPDX-License-Identifier: ISC
"""
A real Consul of three servers and one agent, with all kinds of failures. All the time two watches send the same queries, at the same
times, to split53 and to the agent itself: whenever the agent has an answer, split53 has the same within the same second; and names of the
other route are not affected.
"""
import time

import pytest

from support.client import addresses, extended_errors, rcode
from support.cluster import AGENT, DNS_PORT, Cluster, Member
from support.healthlog import changes
from support.process import patience, sanitized, wait_until
from support.servers import Named
from support.split53 import Split53, free_port
from support.watch import Watch, lost, share

GALERA = ["10.53.1.1", "10.53.1.2", "10.53.1.3"]
SERVICE = "galeradb.service.consul."
SECOND, EVERY = 1.0, 0.1
ZONE = "$TTL 60\n@ IN SOA ns hostmaster 1 3600 600 86400 60\n@ IN NS ns\nns IN A 198.51.100.53\n* IN A 198.51.100.80\n"
STALE = 3


def conf_of(port, consul, recursor, more=""):
    return f"""options {{
    listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; pid-file none; recursion yes; allow-query {{ any; }};
    forward only; forwarders {{ {recursor.where}; }};
}};
zone "consul" {{ type forward; forward only; forwarders {{ {consul}; }}; {more} }};
"""


class World:
    """Cluster, recursor and split53, and three watches: through split53, of the agent itself, and of the other route."""

    def __init__(self, work):
        self.cluster = Cluster(work, {"galeradb": GALERA})
        self.recursor = Named(work, zones={"example.com": ZONE})
        port = free_port()
        self.split53 = Split53(work, conf_of(port, self.cluster.where, self.recursor), wait_at=("127.0.0.1", port))
        self.place = ("127.0.0.1", port)
        self.recursor_place = (self.recursor.address, self.recursor.port)

    def close(self):
        self.split53.stop()
        self.recursor.close()
        self.cluster.close()


class Watches:
    def __init__(self, world):
        def service(_):
            return SERVICE, "A"
        self.tag = f"{time.monotonic_ns():x}"
        self.log_at = len(world.split53.log())
        self.ours = Watch(world.place, service, EVERY)
        self.direct = Watch((AGENT, DNS_PORT), service, EVERY, patience=1)
        self.other = Watch(world.place, lambda number: (f"n{number}-{self.tag}.example.com.", "A"), every=0.01)
        self.control = Watch(world.recursor_place, lambda number: (f"c{number}-{self.tag}.example.com.", "A"), every=0.01)
        self.all = (self.ours, self.direct, self.other, self.control)

    def stop(self):
        for watch in self.all:
            watch.stop()


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    it = World(tmp_path_factory.mktemp("cluster"))
    yield it
    it.close()


@pytest.fixture
def watches(world):
    world.cluster.wait_for_leader()
    it = Watches(world)
    time.sleep(2)
    it.trouble_at = time.monotonic()
    yield it
    it.stop()


def good(sample):
    return sample.code == "NOERROR" and sample.data


def check(watches, over_at):
    """What must be true in every failure. `over_at` is the end of the failure: a second later everything works."""
    watches.stop()
    ours, direct, other, _ = (watch.samples for watch in watches.all)
    assert ours and not lost(ours), "every query through split53 is answered"

    # wherever the direct query has an answer, split53 has the same within the same second
    left_alone, instant = [], 0
    for sample in direct:
        if not good(sample) or sample.took > 0.5 or sample.sent > ours[-1].sent - SECOND - 2 * EVERY - sample.took:
            continue
        # a failure is remembered for servfail-ttl, a second; then there is a new query
        near = [our for our in ours if -SECOND <= our.sent - sample.sent <= SECOND + sample.took + 2 * EVERY and
                our.took <= SECOND * patience() / 2]
        if not any(our.data == sample.data for our in near):
            left_alone.append((sample, near))
        instant += any(our.data == sample.data and abs(our.sent - sample.sent) < 0.11 for our in near)
    assert not left_alone, left_alone[0]
    well = sum(1 for sample in direct if good(sample))
    print(f"{well} of {len(direct)} direct questions were answered well, {instant} of these through split53 at the same moment,"
          f" worst through split53 {share(ours, 1.0) * 1000:.0f} ms")

    # never wrong data, never an NXDOMAIN that the agent did not send
    known = {sample.data for sample in direct if good(sample)}
    assert {sample.data for sample in ours if good(sample)} <= known
    for sample in ours:
        if sample.code == "NXDOMAIN":	# the agent's answer at any moment while the query waited
            assert any(one.code == "NXDOMAIN" and -SECOND < one.sent - sample.sent < SECOND + sample.took for one in direct), sample
        elif not good(sample):
            assert sample.code == "SERVFAIL" and sample.errors, sample
    after = [sample for sample in watches.ours.since(over_at + SECOND) if not good(sample)]
    assert not after, after[:3]

    # the other route
    assert not lost(other) and {sample.code for sample in other} == {"NOERROR"}
    before, during = (share(some, 0.99) for some in (watches.other.since(0, watches.trouble_at), watches.other.since(watches.trouble_at)))
    busy = share(watches.control.since(watches.trouble_at), 0.99)
    print(f"other names: p99 {before * 1000:.1f} ms before, {during * 1000:.1f} ms during, {busy * 1000:.1f} ms without split53")
    # elections and starts of Consul need CPU time too: direct queries to the agent are delayed as well
    assert during < 2 * max(before, busy) + (0.05 if sanitized() else 0.02)


def test_answers_continue_while_the_leader_is_killed(world, watches):
    leader = world.cluster.wait_for_leader()
    leader.kill()
    world.cluster.wait_for_leader()
    time.sleep(1)
    leader.start()
    wait_until(lambda: world.cluster.leader() and leader.leader(), 15, "it is a member again")
    over_at = time.monotonic()
    time.sleep(2)
    check(watches, over_at)
    assert sum(1 for sample in watches.ours.samples if not good(sample)) < 30, "an election takes little time"


def test_answers_follow_consul_while_quorum_is_lost_and_regained(world, watches):
    leader = world.cluster.wait_for_leader()
    other, third = [server for server in world.cluster.servers if server is not leader]
    other.kill()
    leader.kill()
    time.sleep(2)
    third.kill()
    third.start()	# it never knew a leader since its start: it holds queries that need one
    lone_at = time.monotonic()
    stalled = wait_until(lambda: [change for change in changes(world.split53.log()[watches.log_at:]) if change.to == "stalled"], 20,
                         "the log names the state")
    assert stalled[0].address == AGENT, stalled
    start = time.monotonic()
    assert addresses(world.split53.ask("0a350101.addr.consul.")) == ["10.53.1.1"], "queries that need no leader are answered"
    assert time.monotonic() - start < 1
    wait_until(lambda: [sample for sample in watches.ours.since(lone_at) if sample.code == "SERVFAIL"], 8, "what needs one is given up")
    for server in (leader, other):
        server.start()
    world.cluster.wait_for_leader()
    wait_until(lambda: world.cluster.agent.ask(SERVICE).answer, 15, "the agent has an answer")
    over_at = time.monotonic()
    time.sleep(2.5)
    check(watches, over_at)
    # The agent may send NXDOMAIN until it knows its services again: check() has compared that with direct queries.
    held = [sample for sample in watches.ours.since(lone_at, over_at) if not good(sample) and sample.code != "NXDOMAIN"]
    assert held and {sample.code for sample in held} == {"SERVFAIL"} and max(sample.took for sample in held) < 5
    assert all(set(sample.errors) & {0, 13, 22, 23} for sample in held), held[0]
    back = changes(world.split53.log()[watches.log_at:])
    assert wait_until(lambda: changes(world.split53.log())[-1].to == "up", 5, "it is up"), back


def test_answers_follow_consul_while_the_agent_is_restarted(world, watches):
    for _ in range(2):
        world.cluster.agent.kill()
        time.sleep(1.5)
        world.cluster.agent.start()
        wait_until(lambda: knows(world.cluster.agent), 15, "the agent has an answer")
        over_at = time.monotonic()
        time.sleep(1.5)
    check(watches, over_at)
    away = [sample for sample in watches.ours.samples if sample.code == "SERVFAIL"]
    assert away and max(sample.took for sample in away) < 0.5 * patience(), "its absence is known at once"


def knows(agent):
    try:
        return agent.ask(SERVICE, timeout=1).answer
    except OSError:
        return None


def test_answers_follow_consul_while_the_agent_is_frozen(world, watches):
    for seconds in (0.5, 3):
        world.cluster.agent.freeze()
        time.sleep(seconds)
        world.cluster.agent.thaw()
        wait_until(lambda: knows(world.cluster.agent), 15, "the agent has an answer")
        over_at = time.monotonic()
        time.sleep(1.5)
    check(watches, over_at)
    assert max(sample.took for sample in watches.ours.samples) < 5


# An agent that never had a leader

@pytest.fixture
def lonely(closing, tmp_path):
    """A server that waits for two others: up, and without a leader."""
    member = closing(Member(tmp_path, "127.0.8.50", {"server": True, "bootstrap_expect": 3}))

    def there():
        assert member.process.running(), member.process.log()
        try:
            return addresses(member.ask("0a000001.addr.consul.", timeout=0.5)) == ["10.0.0.1"]
        except OSError:
            return None
    wait_until(there, 15, "it answers what needs no leader")
    return member


def test_without_a_leader_local_answers_come_at_once_and_the_log_says_stalled(lonely, closing, split53, upstream):
    program = split53(forwarders=[upstream().where], consul=f"{lonely.address} port {DNS_PORT}")
    place = (program.address, program.port)
    held = closing(Watch(place, lambda number: (f"n{number}.service.consul.", "A"), every=0.2))
    quick = closing(Watch(place, lambda number: (f"0a00{number // 256:02x}{number % 256:02x}.addr.consul.", "A"), every=0.1))
    wait_until(lambda: [change for change in changes(program.log()) if change.to == "stalled"], 12, "the log says stalled")
    time.sleep(3)
    held.stop()
    quick.stop()
    assert not lost(held.samples) and not lost(quick.samples)
    assert {sample.code for sample in quick.samples} == {"NOERROR"}
    assert share(quick.samples, 0.95) < 0.1 * patience() / 2
    assert {sample.code for sample in held.samples} == {"SERVFAIL"}
    assert max(sample.took for sample in held.samples) < 5, "before the stub resolver gives up"
    assert not [change for change in changes(program.log()) if change.to == "down"], "it is alive"


def test_without_a_leader_stale_data_is_served_if_enabled(closing, tmp_path, split53, upstream):
    """
    A single server that is its own leader has the data; then one without a leader takes its address. The TTL is not 0, since an answer
    with TTL 0 is never cached.
    """
    address = "127.0.8.60"
    first = Member(tmp_path / "first", address, {"server": True, "bootstrap_expect": 1, "dns_config": {"service_ttl": {"*": "1s"}}})
    closing(first)
    wait_until(first.leader, 15, "it leads")
    assert first.http("PUT", "/v1/catalog/register", {
        "Node": "n1", "Address": GALERA[0],
        "Service": {"ID": "g", "Service": "galeradb", "Address": GALERA[0], "Port": 3306}})
    wait_until(lambda: first.ask(SERVICE).answer, 10, "it has the service")
    program = split53(forwarders=[upstream().where], extra=f"""zone "consul" {{ type forward; forward only;
        forwarders {{ {address} port {DNS_PORT}; }}; stale-answer-enable yes; max-stale-ttl 3600; stale-answer-client-timeout off; }};""")
    assert addresses(program.ask(SERVICE)) == [GALERA[0]]
    first.kill()
    second = closing(Member(tmp_path / "second", address, {"server": True, "bootstrap_expect": 3}))
    wait_until(lambda: alive(second), 15, "the other one is there")
    replies = []
    end = time.monotonic() + 12
    while time.monotonic() < end:
        start = time.monotonic()
        reply = program.ask(SERVICE, edns=0, timeout=6)
        replies.append((rcode(reply), addresses(reply), extended_errors(reply), time.monotonic() - start))
        if [change for change in changes(program.log()) if change.to == "stalled"] and len(replies) > 3:
            break
        time.sleep(0.3)
    start = time.monotonic()
    reply = program.ask(SERVICE, edns=0, timeout=6)
    seconds = time.monotonic() - start
    assert addresses(reply) == [GALERA[0]] and STALE in extended_errors(reply), (replies, program.log())
    assert seconds < 0.5 * patience() / 2, "at once, since the state is known"


def alive(member):
    assert member.process.running(), member.process.log()
    try:
        return member.ask("0a000001.addr.consul.", timeout=0.5).answer
    except OSError:
        return None
