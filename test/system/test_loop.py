# SPDX-License-Identifier: ISC
"""
Two forwarders that forward to each other: the query that comes back is answered with a reason instead of going round, the log reports
the loop, and all other names are served.
"""
import re
import time

import pytest

from support.client import addresses, extended_errors, rcode
from support.process import Process, patience, wait_until
from support.relay import Relay
from support.servers import Consul, Named
from support.split53 import free_port
from support.upstream import answer_with
from support.watch import Watch, lost, worst

LOOP = re.compile(r"^.* resolver: .*\bloop.*$", re.MULTILINE | re.IGNORECASE)


class Dnsmasq:
    def __init__(self, folder, port, servers):
        self.port, self.where = port, f"127.0.0.1 port {port}"
        self.process = Process(
            ["dnsmasq", "-k", "-p", str(port), "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--cache-size=0", "--listen-address=127.0.0.1",
             "--bind-interfaces", "--pid-file=", "--user=root", "--log-facility=-", *(f"--server={server}" for server in servers)],
            folder, "dnsmasq")
        self.process.wait_for_log("started")

    def close(self):
        self.process.kill()


class NamedBeside:
    """named, which forwards everything to one server."""

    def __init__(self, folder, port, place):
        self.named = Named(folder, port=port, options=f"recursion yes; forward only; forwarders {{ {place}; }}; allow-query {{ any; }};"
                           " max-cache-size 2m; servfail-ttl 0; empty-zones-enable no;")
        self.where = self.named.where

    def close(self):
        self.named.close()


class ConsulBeside:
    """An agent with split53 as its recursor."""

    def __init__(self, folder, port, place):
        self.consul = Consul(folder, conf={"recursors": [place]}, dns_port=port,
                             services=[{"name": "web", "id": "web1", "address": "10.1.0.1", "port": 80}])
        self.consul.wait_for("web.service.consul")
        self.where = f"127.0.0.1 port {port}"

    def close(self):
        self.consul.close()


OTHERS = {
    "dnsmasq": lambda folder, port, ours: Dnsmasq(folder, port, [f"127.0.0.1#{ours}"]),
    "named": lambda folder, port, ours: NamedBeside(folder, port, f"127.0.0.1 port {ours}"),
    "consul": lambda folder, port, ours: ConsulBeside(folder, port, f"127.0.0.1:{ours}"),
}


def loops(program):
    """The log lines about loops."""
    return LOOP.findall(program.log())


@pytest.mark.parametrize("kind", OTHERS)
def test_a_loop_of_two_forwarders_is_reported_and_other_names_are_served(closing, split53, upstream, tmp_path, kind):
    ours, theirs = free_port(), free_port()
    fine = upstream(answer_with("10.0.0.9"))
    program = split53(forwarders=[f"127.0.0.1 port {theirs}"], port=ours,
                      extra=f'zone "fine.example" {{ type forward; forward only; forwarders {{ {fine.where}; }}; }};')
    closing(OTHERS[kind](tmp_path, theirs, ours))
    served = closing(Watch((program.address, program.port), lambda number: (f"n{number}.fine.example.", "A"), every=0.05))
    time.sleep(0.5)
    for number in range(12):
        start = time.monotonic()
        reply = program.ask(f"round{number}.example.com.", edns=0, timeout=10)
        seconds = time.monotonic() - start
        assert rcode(reply) in ("SERVFAIL", "REFUSED"), reply
        assert extended_errors(reply), reply
        assert seconds < 5, "before the stub resolver gives up"
    said = loops(program)
    assert said and f"127.0.0.1#{theirs}" in said[0], program.log()
    assert len(said) == 1, "once a minute"
    served.stop()
    assert not lost(served.samples) and {sample.code for sample in served.samples} == {"NOERROR"}
    assert worst(served.samples) < 0.5 * patience() / 2
    if kind == "consul":
        assert addresses(program.ask("web.service.consul.", timeout=10)) == ["10.1.0.1"], "names that do not loop are still queried there"


def test_a_loop_ends_within_one_round(closing, split53, tmp_path):
    """Each query is sent once or twice and comes back once or twice: it does not multiply."""
    ours, theirs = free_port(), free_port()
    relay = closing(Relay(theirs, ("127.0.0.1", ours)))
    program = split53(forwarders=[f"127.0.0.1 port {theirs}"], port=ours)
    for number in range(10):
        assert rcode(program.ask(f"round{number}.example.com.", timeout=10)) in ("SERVFAIL", "REFUSED")
    assert relay.count <= 60, relay.count
    assert len(loops(program)) == 1


@pytest.mark.parametrize("policy", ["fastest", "ordered", "race"])
def test_a_forwarder_that_is_our_own_address_does_not_harm_the_good_one_beside_it(closing, split53, upstream, policy):
    ours, theirs = free_port(), free_port()
    relay = closing(Relay(theirs, ("127.0.0.1", ours)))
    fine = answer_with("10.0.0.9")
    good = upstream(lambda q: q.send(fine(q), delay=0.03))	# otherwise the query that comes back is answered from the cache
    program = split53(forwarders=[relay.where, good.where], port=ours, options=f"forwarders-policy {policy};")
    watch = closing(Watch((program.address, program.port), lambda number: (f"n{number}.example.com.", "A"), every=0.02))
    time.sleep(4)
    watch.stop()
    assert not lost(watch.samples)
    assert {(sample.code, len(sample.data)) for sample in watch.samples} == {("NOERROR", 1)}
    assert worst(watch.samples) < 0.6 * patience() / 2
    assert loops(program), "it is named"
    assert relay.count <= 2 * len(watch.samples)
    wait_until(program.process.running, 1, "it runs")
