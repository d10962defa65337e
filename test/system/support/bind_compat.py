# SPDX-License-Identifier: ISC
"""
The configurations of bind_compat/, each started in named and in split53, and the same queries to both.

A configuration is a named.conf as a machine has it. Its comments list the queries: `// ask: NAME TYPE, ...` (filled up with COMMON to 20
queries) and `// from: CLIENT ...` (`CLIENT>SERVER` sets the server address). Only what two servers on one machine cannot share is
replaced: addresses and ports to listen on, paths, and validation (the Internet here is unsigned).

The machine has 127.0.0.1, 192.168.1.2 and 10.0.0.2. Everything else is in a second network namespace, which is also the Internet: the root
servers, public resolvers, recursors of several networks, and one named that has the zones of secondaries. The answers of a recursor only
show which network it belongs to.
"""
import contextlib
import pathlib
import re
from concurrent.futures import ThreadPoolExecutor

import dns.flags

from . import namespace
from .client import ask, query, rcode, rdata
from .process import Process, patience
from .split53 import Split53, free_port
from .upstream import AAAA, CNAME, NS, NXDOMAIN, SERVFAIL, SOA, A, FakeUpstream

HERE = pathlib.Path(__file__).resolve().parent.parent / "bind_compat"
GOLDEN = HERE.parent.parent / "golden" / "conf"
SHARED_FILES = [*(GOLDEN / "debian/etc/bind").iterdir(),
                GOLDEN / "rhel9/etc/named.rfc1912.zones", GOLDEN / "rhel9/etc/named.root.key",
                GOLDEN / "rhel9/etc/crypto-policies/back-ends/bind.config", *(HERE / "files").iterdir()]

QUERIES = 20
COMMON = ["www.example.com A", "localhost A", ". NS", "nx.example.com A", "1.0.0.127.in-addr.arpa PTR", "10.in-addr.arpa SOA",
          "5.1.168.192.in-addr.arpa PTR", "alias.example.com A", "web.service.consul A", "a.invalid A", "nas.home.arpa A",
          "dc1.corp.local A", "signed.example.com A", "fail.example.com A", "www.example.com AAAA", "8.8.8.8.in-addr.arpa PTR",
          "_sip._udp.example.com SRV", "example.com MX", "example.org TXT", "b.a.d.f.ip6.arpa PTR", "example.net SOA", "localhost AAAA"]
CLIENTS = "127.0.0.1 192.168.1.10 203.0.113.9"

PUBLIC = ["8.8.8.8", "8.8.4.4", "1.1.1.1", "1.0.0.1", "9.9.9.9", "208.67.222.222", "208.67.220.220", "198.51.100.1"]
ROOTS = ["198.41.0.4", "170.247.170.2", "199.9.14.201", "192.33.4.12", "199.7.91.13", "192.203.230.10", "192.5.5.241", "192.112.36.4",
         "198.97.190.53", "192.36.148.17", "192.58.128.30", "193.0.14.129", "199.7.83.42", "202.12.27.33"]
RECURSORS = ["192.168.1.1", "10.0.0.53", "10.0.0.55", "10.1.0.53", "10.2.0.53", "10.96.0.10", "172.16.0.53", "172.20.0.10",
             "192.0.2.53", "192.0.2.54"]
HOSTS = ["10.0.0.7/24", "172.16.5.5/32", "203.0.113.9/32", "10.0.0.54/32", "fd00:1::10/64"]
PRIMARY = "10.0.0.54"
TRANSFERRED = ["corp.example", "branch.example", "ad.example", "dyn.example", "1.168.192.in-addr.arpa", "0.0.10.in-addr.arpa"]


def recursor_answer(group):
    """The answer of the recursor of network `group` (three octets): by the first label of the name, and by type."""
    data = {A: f"A {group}.200", AAAA: "AAAA 2001:db8::200", 12: f"PTR host-{group.replace('.', '-')}.example.", SOA: "SOA ns h 1 2 3 4 60",
            15: f"MX 10 mail-{group.replace('.', '-')}.example.", 16: f'TXT "{group}"', 33: "SRV 1 2 5060 sip.example."}

    def answer(q):
        first, _, parent = q.name.partition(".")
        if q.name == ".":
            if q.qtype == NS:
                return q.reply(". 3600 IN NS a.root-servers.net.", aa=True, additional=["a.root-servers.net. 3600 IN A 198.41.0.4"])
            return q.reply(authority=[". 60 IN SOA ns. h. 1 2 3 4 60"], aa=True)
        if q.name == "a.root-servers.net." and q.qtype == A:
            return q.reply(q.name + " 3600 IN A 198.41.0.4", aa=True)
        if first == "nx":
            return q.reply(rcode=NXDOMAIN, aa=True, authority=[f"{parent or '.'} 60 IN SOA ns. h. 1 2 3 4 60"])
        if first == "fail":
            return q.reply(rcode=SERVFAIL)
        if first in ("alias", "out") and q.qtype != CNAME:
            target = "www." + (parent if first == "alias" else "example.net.")
            more = [f"{target} 60 IN {data[q.qtype]}"] if first == "alias" and q.qtype in (A, AAAA) else []
            return q.reply(f"{q.name} 60 IN CNAME {target}", *more, aa=True)
        if q.qtype in data:
            return q.reply(f"{q.name} 60 IN {data[q.qtype].replace('ns h', 'ns. h.')}", aa=True, ad=first == "signed")
        return q.reply(aa=True, authority=[f"{q.name} 60 IN SOA ns. h. 1 2 3 4 60"])
    return answer


class Network:
    """The surroundings of the machine."""

    def __init__(self, folder):
        self.lan = namespace.Neighbour("lan", "192.168.1.2/24", "192.168.1.10/24")
        for address in ("10.0.0.2/24", "fd00:1::2/64"):
            namespace.add_address(address, "lan")
        namespace.run("ip", "route", "add", "default", "via", "192.168.1.10")
        for address in [*HOSTS, *(address + "/32" for address in (*PUBLIC, *ROOTS, *RECURSORS))]:
            namespace.run(*self.lan.command("ip", "address", "add", address, "dev", "eth0", *(["nodad"] if ":" in address else [])))
        self.servers = [FakeUpstream(recursor_answer("198.51.100"), address, 53, namespace=self.lan) for address in (*PUBLIC, *ROOTS)]
        self.servers += [FakeUpstream(recursor_answer(address.rpartition(".")[0]), address, 53, namespace=self.lan)
                         for address in RECURSORS]
        self.servers.append(FakeUpstream(recursor_answer("127.0.0"), "127.0.0.1", 8600))
        self.primary = self._start_primary(pathlib.Path(folder) / "primary")

    def _start_primary(self, folder):
        folder.mkdir()
        zones = "".join(f'zone "{zone}" {{ type primary; file "{HERE}/files/primary.{"rev" if "arpa" in zone else "fwd"}"; }};\n'
                        for zone in TRANSFERRED)
        (folder / "named.conf").write_text(
            f'options {{ directory "{folder}"; pid-file none; session-keyfile none; listen-on {{ {PRIMARY}; }}; listen-on-v6 {{ none; }};'
            f' recursion no; allow-query {{ any; }}; allow-transfer {{ any; }}; notify no; }};\ncontrols {{ }};\n{zones}')
        primary = Process(["named", "-g", "-n", "1", "-c", str(folder / "named.conf")], folder, "primary", prefix=self.lan.command())
        primary.wait_for_log(r"\brunning\n", 20)
        return primary

    def close(self):
        self.primary.kill()
        for server in self.servers:
            server.close()
        self.lan.close()


class Configuration:
    """One file of bind_compat/: its queries, and its text for a server of this test."""

    def __init__(self, path):
        self.name, self.text = path.stem, path.read_text(encoding="utf-8")
        own = [item.strip() for line in re.findall(r"^// ask: (.*)", self.text, re.MULTILINE) for item in line.split(",") if item.strip()]
        self.queries = (own + [item for item in COMMON if item not in own])[:QUERIES]
        self.clients = (" ".join(re.findall(r"^// from: (.*)", self.text, re.MULTILINE)) or CLIENTS).split()

    def lay(self, folder, port):
        """Write it below `folder`, with the files that it names; returns the path of the main file."""
        folder.mkdir()
        own = (f'listen-on port {port} {{ 127.0.0.1; 192.168.1.2; 10.0.0.2; }}; listen-on-v6 port {port} {{ ::1; fd00:1::2; }}; '
               f'directory "{folder}"; pid-file none; dnssec-validation no;')
        for name, text in [("main.conf", self.text), *((path.name, path.read_text(encoding="utf-8")) for path in SHARED_FILES)]:
            text = re.sub(r"^options\s*\{", rf"options {{ {own}", placed(text, folder), count=1, flags=re.MULTILINE)
            (folder / name).write_text(text, encoding="utf-8")
        return folder / "main.conf"


REPLACED = re.compile(r"(?<![\w\"-])(listen-on(-v6)?\b[^;{]*\{[^}]*\}|(directory|pid-file|session-keyfile|managed-keys-directory|geoip-directory|"
                      r"key-directory|dnssec-validation)\b[^;{]*);")


def placed(text, folder):
    """The text without the replaced parts, and with every path in `folder`."""
    def moved(match):
        path = match[1]
        return f'"{folder}/{path.rpartition("/")[2]}"' if "/" in path and not path.endswith(".arpa") else match[0]
    return re.sub(r'"([^"\n]*)"', moved, REPLACED.sub("", text))


def start_named(folder, path):
    server = Process(["named", "-g", "-n", "1", "-c", str(path)], folder, "named", {"KRB5_KTNAME": "/nonexistent"})
    server.wait_for_log(r"\brunning\n", 30)
    copies = len(re.findall(r"^[^/\n]*\btype (?:secondary|slave);", path.read_text(encoding="utf-8"), re.MULTILINE))
    if copies:
        server.wait_for_log(r"(?s)(Transfer status: success.*){%d}" % copies, 20)
    return server


def seen(server, message, source):
    """One reply as the list of differences has it: rcode, flags, the data of the answer, or the authority section of an empty answer."""
    reply = ask(server, message, source=source, timeout=6 * patience())
    flags = [flag for flag in ("AA", "RA", "AD") if reply.flags & dns.flags.Flag[flag]]
    data = sorted(text for _, _, text in rdata(reply))
    if not data:
        data = sorted({kind for _, kind, _ in rdata(reply, section="authority") if kind in ("SOA", "NS")})
    return " ".join([rcode(reply), *(flag.lower() for flag in flags), *data])


def compare(network, configuration, folder):
    """{(query, client): (named's reply, split53's)}, each as seen() writes it."""
    ports, there = (free_port(), free_port()), folder / configuration.name
    there.mkdir()
    theirs = start_named(there, configuration.lay(there / "for-named", ports[0]))
    try:
        path = configuration.lay(there / "for-split53", ports[1])
        ours = Split53(there, wait_at=("127.0.0.1", ports[1]), arguments=["-n", "1", "-c", str(path)])
        try:
            return ask_all(network, configuration, ports)
        finally:
            ours.stop()
    finally:
        theirs.kill()


def ask_all(network, configuration, ports):
    messages = {}
    for question in configuration.queries:
        name, rdtype = question.split()
        messages[question] = query(name if name == "." else name + ".", rdtype, flags=dns.flags.RD | dns.flags.AD)
    replies = {}
    for client in configuration.clients:
        source, _, there = client.partition(">")
        there = there or {"127": "127.0.0.1", "10.": "10.0.0.2", "fd0": "fd00:1::2"}.get(source[:3], "192.168.1.2")
        with contextlib.nullcontext() if source.startswith("127.") else network.lan.inside():
            for question, message in messages.items():
                replies[question, client] = tuple(seen((there, port), message, source) for port in ports)
    return replies


def run(folder, configurations, together=6):
    """{name: the result of compare(), or its error}."""
    network = Network(folder)
    results = {}

    def one(configuration):
        try:
            results[configuration.name] = compare(network, configuration, pathlib.Path(folder))
        except Exception as error:	# noqa: BLE001 - reported by the configuration's own test
            results[configuration.name] = error

    try:
        with ThreadPoolExecutor(together) as pool:
            for configuration in configurations:
                pool.submit(one, configuration)
    finally:
        network.close()
    return results
