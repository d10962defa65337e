# SPDX-License-Identifier: ISC
"""
The zone for Consul that docs/config.md recommends, word for word, in front of a real Consul that answers with TTL 0. Programs
with glibc and with musl find a service while its agent is stopped, frozen or without a leader, and find new data as soon as it is back.
"""
import os
import re
import subprocess
import sys
import textwrap
import time

import pytest

from support import world
from support.client import addresses, extended_errors, rcode
from support.cluster import AGENT, Cluster
from support.process import patience, wait_until
from support.split53 import Split53

GALERA = ["10.53.1.1", "10.53.1.2", "10.53.1.3"]
NAME = "galeradb.service.consul"
STALE = 3
GETADDRINFO = """
import socket, sys
print("\\n".join(sorted({info[4][0] for info in socket.getaddrinfo(sys.argv[1], None)})))
"""


def recommended():
    with open(os.path.join(world.HERE, "..", "..", "docs", "config.md"), encoding="utf-8") as page:
        found = re.search(r"^<!-- a test runs this text: [^>]*-->\n(.*?)^<!-- the end of it -->", page.read(), re.S | re.M)
    return textwrap.dedent(found.group(1))


class Machine:
    def __init__(self, work):
        world.lay_files(work)
        with open("/etc/nsswitch.conf", "w", encoding="utf-8") as file:
            file.write("hosts: files dns\n")
        world.write_resolv_conf("nameserver 127.0.0.1\n")
        self.cluster = Cluster(work, {"galeradb": list(GALERA)}, {"addresses": {"dns": f"{AGENT} 127.0.0.1"}})
        self.split53 = Split53(work, "options { listen-on { 127.0.0.1; }; listen-on-v6 { none; }; pid-file none;\n"
                               "    forward only; forwarders { 127.0.0.1 port 9; }; };\n" + recommended(), wait_at=("127.0.0.1", 53))
        self.musl = str(work / "resolve")
        subprocess.run(["musl-gcc", "-static", "-O1", "-o", self.musl, os.path.join(world.HERE, "clients", "resolve.c")], check=True)
        self.known = list(GALERA)

    def find(self):
        """What programs with both libraries find; each within two seconds."""
        found = []
        for command in ((sys.executable, "-c", GETADDRINFO, NAME), (self.musl, NAME)):
            start = time.monotonic()
            done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
            assert time.monotonic() - start < 2 * patience(), command
            found.append((done.returncode, sorted(filter(None, done.stdout.split("\n"))), done.stderr))
        return found

    def check_found(self):
        for code, said, error in self.find():
            assert (code, said) == (0, sorted(self.known)), error

    def check_stale(self):
        """Long enough for the failure to show in every way: the first query, later ones, and simultaneous ones."""
        for _ in range(4):
            self.check_found()
            time.sleep(0.4)
        for rdtype in ("A", "AAAA"):
            reply = self.split53.ask(NAME + ".", rdtype, edns=0)
            assert rcode(reply) == "NOERROR" and extended_errors(reply) == [STALE], (rdtype, reply)
            assert all(rrset.ttl == 1 for rrset in reply.answer)

    def add(self):
        """A new instance is found by all clients as soon as the agent has it: no stale answer is served any more."""
        address = f"10.53.1.{len(self.known) + 1}"
        self.cluster.register("galeradb", len(self.known), address)
        self.known.append(address)
        wait_until(lambda: sorted(addresses(self.cluster.agent.ask(NAME + ".", edns=0))) == sorted(self.known), 20, "the agent has it")
        wait_until(lambda: sorted(addresses(self.split53.ask(NAME + "."))) == sorted(self.known), 5, "split53 has it")
        self.check_found()
        reply = self.split53.ask(NAME + ".", edns=0)
        assert extended_errors(reply) == [] and {rrset.ttl for rrset in reply.answer} == {0}

    def close(self):
        self.split53.stop()
        self.cluster.close()


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    it = Machine(tmp_path_factory.mktemp("stale"))
    yield it
    it.close()


def answers(machine):
    try:
        return machine.cluster.agent.ask(NAME + ".", timeout=1).answer
    except OSError:
        return None


def back(machine):
    machine.cluster.wait_for_leader()
    wait_until(lambda: answers(machine), 30, "the agent has an answer")
    machine.add()


def test_the_recommended_zone_has_no_warning(machine):
    assert "warning" not in "\n".join(line for line in machine.split53.log() if "consul" in line)


def test_without_failures_each_answer_is_fresh(machine):
    machine.check_found()
    machine.add()


def test_stale_answers_are_served_while_the_agent_is_stopped(machine):
    machine.check_found()
    machine.cluster.agent.kill()
    machine.check_stale()
    machine.cluster.agent.start()
    back(machine)


def test_stale_answers_are_served_while_the_agent_is_frozen(machine):
    machine.check_found()
    machine.cluster.agent.freeze()
    machine.check_stale()
    machine.cluster.agent.thaw()
    back(machine)


def test_stale_answers_are_served_while_the_agent_has_no_leader(machine):
    machine.check_found()
    leader = machine.cluster.leader()
    other, third = [server for server in machine.cluster.servers if server is not leader]
    for server in (other, leader, third):
        server.kill()
    third.start()	# it never knew a leader since its start: it holds queries that need one
    wait_until(lambda: not answers(machine), 20, "the agent has no answer")
    machine.check_stale()
    for server in (leader, other):
        server.start()
    back(machine)


def test_a_removed_service_is_gone_and_stays_so_when_the_agent_stops(machine):
    leader = machine.cluster.wait_for_leader()
    for number in range(len(machine.known)):
        leader.http("PUT", "/v1/catalog/deregister", {"Node": f"galeradb-{number}"})
    wait_until(lambda: rcode(machine.cluster.agent.ask(NAME + ".")) == "NXDOMAIN", 20, "the agent knows")
    wait_until(lambda: rcode(machine.split53.ask(NAME + ".")) == "NXDOMAIN", 5, "so does split53")
    machine.split53.ask(NAME + ".", "AAAA")
    machine.cluster.agent.kill()
    for _ in range(3):
        reply = machine.split53.ask(NAME + ".", edns=0)
        assert rcode(reply) == "NXDOMAIN" and not reply.answer, reply
        assert all(code != 0 for code, _, _ in machine.find())
        time.sleep(0.3)
