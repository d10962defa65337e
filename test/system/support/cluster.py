# SPDX-License-Identifier: ISC
"""A real Consul of three servers and one agent, each at an address of its own on the loopback device: 127.0.8.1 to .3, and .10."""
import json
import os
import signal
import time
import urllib.error
import urllib.request

from .client import ask
from .process import Process, wait_until
from .servers import CONSUL

SERVERS = ("127.0.8.1", "127.0.8.2", "127.0.8.3")
AGENT = "127.0.8.10"
DNS_PORT = 8600
# A server that is gone stays a member: it returns with its data. Gossip and elections are as quick as possible: the defaults are made for
# wide networks, and an election takes ten seconds.
# made for wide networks, and an election takes ten seconds.
SETTINGS = {
    "disable_update_check": True, "leave_on_terminate": False, "rejoin_after_leave": True, "log_level": "INFO",
    "performance": {"raft_multiplier": 1}, "autopilot": {"cleanup_dead_servers": False},
    "gossip_lan": {"gossip_interval": "100ms", "probe_interval": "300ms", "probe_timeout": "150ms", "suspicion_mult": 2},
    "ports": {"serf_wan": -1, "dns": DNS_PORT},
}


class Member:
    """One consul process; it can be killed, frozen and started again with its data."""

    def __init__(self, folder, address, settings):
        self.address, self.name = address, "consul-" + address.rsplit(".", 1)[1]
        self.folder = os.path.join(str(folder), self.name)
        os.makedirs(self.folder)
        path = os.path.join(self.folder, "agent.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump({**SETTINGS, "node_name": self.name, "bind_addr": address, "client_addr": address,
                       "data_dir": os.path.join(self.folder, "data"), **settings}, file)
        self.words = [CONSUL, "agent", "-config-file", path]
        self.process = None
        self.start()

    def start(self):
        self.process = Process(self.words, self.folder, self.name)

    def kill(self):
        """Like a power failure: no other member is told."""
        self.process.kill()

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def http(self, method, path, value=None, timeout=3):
        """The value of the reply, or None without one: the member is down, or has no leader."""
        request = urllib.request.Request(f"http://{self.address}:8500{path}", method=method,
                                         data=None if value is None else json.dumps(value).encode())
        try:
            with urllib.request.urlopen(request, timeout=timeout) as reply:
                octets = reply.read()
        except (urllib.error.URLError, OSError):
            return None
        return json.loads(octets) if octets else None

    def leader(self):
        """The address of the leader that it knows, or None."""
        where = self.http("GET", "/v1/status/leader", timeout=1)
        return where.rsplit(":", 1)[0] if where else None

    def ask(self, name, rdtype="A", **more):
        return ask((self.address, DNS_PORT), name, rdtype, **more)

    def close(self):
        self.process.kill()


class Cluster:
    """The servers and the agent, with a leader; `services` is {name: [addresses]}, `agent` more settings of the agent."""

    def __init__(self, folder, services, agent=None):
        server = {"server": True, "bootstrap_expect": len(SERVERS), "retry_join": list(SERVERS), "retry_interval": "1s"}
        self.servers = [Member(folder, address, server) for address in SERVERS]
        self.agent = Member(folder, AGENT, {"retry_join": list(SERVERS), "retry_interval": "1s", **(agent or {})})
        try:
            self.wait_for_leader(30)
            wait_until(lambda: self.agent.leader(), 20, "the agent knows of the leader")
            for name, addresses in services.items():
                for number, address in enumerate(addresses):
                    self.register(name, number, address)
            for name, addresses in services.items():
                wait_until(lambda n=name, a=addresses: self._has(n, a), 15, f"the agent knows {name}")
        except BaseException:
            self.close()
            raise

    def _has(self, name, addresses):
        reply = self.agent.ask(f"{name}.service.consul.", edns=0)
        return sorted(item.address for rrset in reply.answer for item in rrset) == sorted(addresses)

    @property
    def where(self):
        """The agent, in the form of a forwarders list."""
        return f"{AGENT} port {DNS_PORT}"

    def leader(self):
        """The server that is the leader according to all running ones, or None."""
        heard = {member.leader() for member in self.servers if member.process.running()}
        found = [member for member in self.servers if heard == {member.address} and member.process.running()]
        return found[0] if found else None

    def wait_for_leader(self, seconds=20):
        return wait_until(self.leader, seconds, "the servers agree on a leader")

    def register(self, name, number, address):
        """An instance on a node of its own without a health check: it exists as long as the catalog does."""
        done = self.wait_for_leader().http("PUT", "/v1/catalog/register", {
            "Node": f"{name}-{number}", "Address": address, "SkipNodeUpdate": False,
            "Service": {"ID": f"{name}-{number}", "Service": name, "Address": address, "Port": 3306}})
        assert done is True, f"{name} {address} is not registered: {done}"

    def close(self):
        for member in (*self.servers, self.agent):
            member.close()


def settle(seconds):
    """A fixed time to wait: no event tells when it is enough."""
    time.sleep(seconds)
