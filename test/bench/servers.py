# SPDX-License-Identifier: ISC
"""
The servers that are measured: split53 and its peers, each as a caching forwarder tuned as its documentation recommends.

Common settings: one forwarder for everything and one for `consul`, both on 127.0.0.1; as many threads (processes) as workers;
SO_REUSEPORT; a cache of the same size; no DNSSEC validation, no prefetch, no stale answers, no logging, no limits on clients or on queries
under way. Each server has a directory of its own, and nothing is read from /etc.
"""
import os
import re
import shutil
import socket
import struct
import subprocess
import time

import process

MIB = 1 << 20
# For servers that count entries: the size of an entry, in bytes, by the `memory` scenario on Debian 12.
DNSMASQ_ENTRY = 130
DNSDIST_ENTRY = 304
PDNS_ENTRY = 974
DNSMASQ_FULL = 10_000       # with a larger cache that is full, each new name takes it 100 ms
DNSMASQ_RETRY_MS = 100   # failover: the time before it queries all its servers; its own default is a second
DNSDIST_DEFAULT = 10_000    # it has no cache without a number of entries
READY_SECONDS = 20


class Setting:
    """The settings to start a server with."""

    def __init__(self, folder, upstream_port, consul_port, workers=1, cpus=None):
        self.folder = folder
        self.upstream_port = upstream_port
        self.consul_port = consul_port
        self.workers = workers
        self.cpus = cpus
        self.cache_mib = None   # the default size of the server
        self.names = None       # number of names, for a server that allocates unused space
        self.forwarders = [("127.0.0.1", upstream_port)]

    def with_cache(self, mib, names=None):
        self.cache_mib = mib
        self.names = names
        return self

    def with_forwarders(self, forwarders):
        """Several servers for everything, (address, port) each, and none for consul: the configuration of the failover scenario."""
        self.forwarders = forwarders
        self.consul_port = None
        return self

    @property
    def several(self):
        return len(self.forwarders) > 1

    def each(self, pattern, between=" "):
        """The pattern with {address} and {port} of each forwarder."""
        return between.join(pattern.format(address=address, port=port) for address, port in self.forwarders)

    def consul(self, pattern):
        """The pattern with the {port} for consul, or nothing."""
        return pattern.replace("{port}", str(self.consul_port)) if self.consul_port else ""


def free_port():
    """A port that is free for UDP and TCP on 127.0.0.1."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
            udp.bind(("127.0.0.1", 0))
            try:
                tcp.bind(udp.getsockname())
            except OSError:
                continue
            return udp.getsockname()[1]


def question(name, identity=0x5353, qtype=1):
    octets = b"".join(bytes([len(label)]) + label.encode() for label in name.rstrip(".").split("."))
    return struct.pack("!6H", identity, 0x0100, 1, 0, 0, 0) + octets + b"\0" + struct.pack("!2H", qtype, 1)


class Server:
    """One server, from start to stop. The classes below say how."""

    name = package = program = None
    version_words = ("--version",)
    version_pattern = r"(\d+\.\d+[.\w]*)"
    is_floor = False
    takes_memory_at_start = False   # for the maximum number of entries
    _version = None

    def __init__(self, setting):
        self.setting = setting
        self.folder = os.path.join(setting.folder, f"{self.name}-{setting.workers}")
        os.makedirs(self.folder, exist_ok=True)
        self.log = os.path.join(self.folder, "log")
        self.port = free_port()
        self.processes = []

    # Of the class

    @classmethod
    def path(cls):
        return shutil.which(cls.program, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")

    @classmethod
    def version(cls):
        if cls._version is None:
            done = subprocess.run([cls.path(), *cls.version_words], capture_output=True, text=True, check=False)
            found = re.search(cls.version_pattern, done.stdout + done.stderr)
            cls._version = found.group(1) if found else "?"
        return cls._version

    @classmethod
    def at_least(cls, *wanted):
        return tuple(int(word) for word in re.findall(r"\d+", cls.version())[:len(wanted)]) >= wanted

    # What a class says

    def commands(self):
        """The programs to start, each a list of words; writes their configuration."""
        raise NotImplementedError

    def companions(self):
        """More programs, started after the first answer."""
        return []

    def loads(self, load):
        return load

    # Running

    def write(self, file_name, text):
        path = os.path.join(self.folder, file_name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def start(self, ready_name="ready.bench.test"):
        """Start it and wait for its first answer; returns the seconds that took."""
        commands = self.commands()
        begin = time.monotonic()
        for words in commands:
            self.processes.append(process.start(words, self.log, self.setting.cpus, self.folder))
        seconds = self.wait_for_answer(ready_name, begin)
        for words in self.companions():
            self.processes.append(process.start(words, self.log, self.setting.cpus, self.folder))
        return seconds

    def wait_for_answer(self, ready_name, begin):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.connect(("127.0.0.1", self.port))
            sock.settimeout(0.001)
            while time.monotonic() < begin + READY_SECONDS:
                if self.processes[0].poll() is not None:
                    raise RuntimeError(f"{self.name} ended at start:\n{self.log_tail()}")
                try:
                    sock.send(question(ready_name))
                    if sock.recv(4096)[3] & 15 in (0, 3):
                        return time.monotonic() - begin
                except ConnectionRefusedError:
                    time.sleep(0.0002)
                except OSError:
                    pass
        raise RuntimeError(f"{self.name} gave no answer within {READY_SECONDS} s:\n{self.log_tail()}")

    def stop(self):
        for running in self.processes:
            process.stop(running)
        self.processes = []

    def close(self):
        """Stop it and remove its files."""
        self.stop()

    @property
    def pids(self):
        return [running.pid for running in self.processes]

    def log_tail(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return "".join(file.readlines()[-15:])


class NamedConf(Server):
    """The common part of split53 and named: their language."""

    def size(self):
        return f"max-cache-size {self.setting.cache_mib}m;" if self.setting.cache_mib else ""

    def forward(self):
        return f"forward only; forwarders {{ {self.setting.each('{address} port {port};')} }};"

    def zones(self):
        return self.setting.consul('zone "consul" { type forward; forward only; forwarders { 127.0.0.1 port {port}; }; };')


class Split53(NamedConf):
    name = "split53"
    program = os.environ.get("S53_BIN", "split53")
    version_words = ("-v",)

    def logging(self):
        """Changes of health are a few lines; they explain a row of failover."""
        health = f'channel health {{ file "{self.folder}/health"; print-time yes; }}; category resolver {{ health; }};'
        return (health if self.setting.several else "") + " category default { null; };"

    def commands(self):
        s = self.setting
        path = self.write("named.conf", f"""options {{
    directory "{self.folder}";
    listen-on port {self.port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
    pid-file none;
    recursion yes; allow-query {{ any; }};
    recursive-clients 100000; tcp-clients 1000;
    {self.size()}
    {self.forward()}
}};
{self.zones()}
logging {{ {self.logging()} }};
""")
        return [[self.path(), "-f", "-n", str(s.workers), "-c", path]]


class Named(NamedConf):
    name = program = "named"
    package = "bind9"
    version_words = ("-v",)

    def commands(self):
        s = self.setting
        path = self.write("named.conf", f"""options {{
    directory "{self.folder}";
    listen-on port {self.port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
    pid-file none; session-keyfile none; {"" if self.at_least(9, 19) else "lock-file none;"}
    recursion yes; allow-query {{ any; }}; allow-recursion {{ any; }};
    recursive-clients 100000; tcp-clients 1000; clients-per-query 0; max-clients-per-query 0;
    fetches-per-server 0; fetches-per-zone 0;
    {self.size()}
    dnssec-validation no; empty-zones-enable no; prefetch 0; stale-cache-enable no; send-cookie no; answer-cookie no;
    minimal-responses yes; querylog no;
    {self.forward()}
}};
{self.zones()}
controls {{ }};
logging {{ category default {{ null; }}; category unmatched {{ null; }}; }};
""")
        return [[self.path(), "-f", "-4", "-n", str(s.workers), "-c", path]]


class Unbound(Server):
    name = program = package = "unbound"
    version_words = ("-V",)

    def commands(self):
        s = self.setting
        slabs = 1
        while slabs < s.workers:
            slabs *= 2
        sizes = f"msg-cache-size: {s.cache_mib * MIB // 3}\n    rrset-cache-size: {s.cache_mib * MIB * 2 // 3}" \
            if s.cache_mib else ""
        newer = "wait-limit: 0\n    discard-timeout: 0" if self.at_least(1, 20) else ""
        # unbound.conf(5): otherwise a forwarder that was down stays so for as long as its entry in the infra cache, 15 minutes
        probing = "infra-keep-probing: yes" if s.several else ""
        consul = s.consul('forward-zone:\n    name: "consul."\n    forward-addr: 127.0.0.1@{port}')
        path = self.write("unbound.conf", f"""server:
    directory: "{self.folder}"
    chroot: ""
    username: ""
    pidfile: ""
    interface: 127.0.0.1
    port: {self.port}
    do-ip6: no
    do-daemonize: no
    use-syslog: no
    verbosity: 0
    num-threads: {s.workers}
    so-reuseport: yes
    so-rcvbuf: 4m
    so-sndbuf: 4m
    msg-cache-slabs: {slabs}
    rrset-cache-slabs: {slabs}
    infra-cache-slabs: {slabs}
    key-cache-slabs: {slabs}
    {sizes}
    outgoing-range: 8192
    num-queries-per-thread: 4096
    incoming-num-tcp: 1000
    outgoing-num-tcp: 100
    module-config: "iterator"
    do-not-query-localhost: no
    access-control: 127.0.0.0/8 allow
    qname-minimisation: no
    aggressive-nsec: no
    minimal-responses: yes
    prefetch: no
    serve-expired: no
    {newer}
    {probing}
forward-zone:
    name: "."
    {s.each("forward-addr: {address}@{port}", chr(10) + "    ")}
{consul}
remote-control:
    control-enable: no
""")
        return [[self.path(), "-d", "-c", path]]


class Dnsmasq(Server):
    """It has one thread whatever the setting, and forks for each TCP connection, which is slower the larger its cache is."""

    name = program = "dnsmasq"
    package = "dnsmasq-base"
    takes_memory_at_start = True

    def commands(self):
        s = self.setting
        entries = (s.cache_mib or 0) * MIB // DNSMASQ_ENTRY
        entries = min(entries, s.names + DNSMASQ_FULL if s.names else DNSMASQ_FULL)
        size = f"cache-size={entries}" if s.cache_mib else ""
        # By default it leaves retries to its clients.
        retry = f"fast-dns-retry={DNSMASQ_RETRY_MS},5000" if s.several and self.at_least(2, 88) else ""
        path = self.write("dnsmasq.conf", f"""port={self.port}
listen-address=127.0.0.1
bind-interfaces
no-resolv
no-hosts
no-poll
keep-in-foreground
user=root
pid-file
log-facility=/dev/null
{size}
dns-forward-max=10000
{s.each("server={address}#{port}", chr(10))}
{s.consul("server=/consul/127.0.0.1#{port}")}
{retry}
""")
        return [[self.path(), f"--conf-file={path}"]]


class Dnsdist(Server):
    """A thread for each listening socket and one for each forwarder, so two workers are two sockets."""

    name = program = package = "dnsdist"

    def commands(self):
        s = self.setting
        entries = s.cache_mib * MIB // DNSDIST_ENTRY if s.cache_mib else DNSDIST_DEFAULT
        ring = "setRingBuffersOptions({recordQueries=false, recordResponses=false})" if self.at_least(1, 8) else \
            "setRingBuffersSize(1, 1)"
        more = "".join(f"addLocal('127.0.0.1:{self.port}', {{reusePort=true}})\n" for _ in range(s.workers - 1))
        # With several forwarders: its own policy, least outstanding, and its own health checks, one a second, of which one failure is
        # enough.
        policy = "" if s.several else "setServerPolicy(firstAvailable)"
        check = ", checkInterval=1, maxCheckFailures=1" if s.several else ""
        forwarders = s.each(f"newServer({{{{address='{{address}}:{{port}}', checkName='ready.bench.test.'{check}}}}})", "\n")
        consul = s.consul("""newServer({address='127.0.0.1:{port}', pool='consul', checkName='ready.service.consul.'})
getPool('consul'):setCache(newPacketCache(100000, {maxTTL=86400}))
addAction({'consul.'}, PoolAction('consul'))""")
        path = self.write("dnsdist.conf", f"""setLocal('127.0.0.1:{self.port}', {{reusePort=true}})
{more}setACL({{'127.0.0.0/8'}})
setSecurityPollSuffix('')
setMaxUDPOutstanding(65535)
setMaxTCPConnectionDuration(0)
setMaxTCPQueriesPerConnection(0)
setUDPTimeout(5)
{policy}
{ring}
{forwarders}
{consul}
cache = newPacketCache({entries}, {{maxTTL=86400, numberOfShards=64}})
getPool(''):setCache(cache)
""")
        return [[self.path(), "--supervised", "--disable-syslog", "-C", path]]


class KnotResolver(Server):
    """
    One process a worker; they share the cache, a memory map that should be on a tmpfs by its documentation. STUB as for the internal
    zone would keep every answer with an OPT record for no more than 5 s (5.6.0), so all other names use FORWARD.
    """

    name = "kresd"
    package = "knot-resolver"
    program = "kresd"

    def __init__(self, setting):
        super().__init__(setting)
        on_tmpfs = f"/dev/shm/split53-bench-{os.getpid()}-{self.port}"
        self.cache = on_tmpfs if os.path.isdir("/dev/shm") else os.path.join(self.folder, "cache")
        os.makedirs(self.cache, exist_ok=True)

    def commands(self):
        s = self.setting
        size = f"cache.size = {s.cache_mib or 100} * MB"    # 100 is the package's default
        consul = s.consul("""policy.add(policy.suffix(policy.FLAGS({'NO_CACHE'}), {todname('consul.')}))
policy.add(policy.suffix(policy.STUB('127.0.0.1@{port}'), {todname('consul.')}))""")
        path = self.write("kresd.conf", f"""net.ipv6 = false
net.listen('127.0.0.1', {self.port}, {{ kind = 'dns' }})
trust_anchors.remove('.')
log_level('crit')
cache.storage = 'lmdb://{self.cache}'
{size}
{consul}
policy.add(policy.all(policy.FORWARD({{{s.each("'{address}@{port}'", ", ")}}})))
""")
        return [[self.path(), "-n", "-c", path, self.folder]] * s.workers

    def companions(self):
        collector = shutil.which("kres-cache-gc", path="/usr/sbin:/usr/bin")
        return [[collector, "-c", self.cache, "-d", "1000"]] if collector else []

    def close(self):
        super().close()
        shutil.rmtree(self.cache, ignore_errors=True)


class Recursor(Server):
    name = "pdns"
    package = "pdns-recursor"
    program = "pdns_recursor"

    def commands(self):
        s = self.setting
        entries = s.cache_mib * MIB // PDNS_ENTRY if s.cache_mib else 0
        sizes = f"max-cache-entries={entries}\nmax-packetcache-entries={entries}" if entries else ""
        self.write("recursor.conf", f"""local-address=127.0.0.1
local-port={self.port}
threads={s.workers}
pdns-distributes-queries=no
reuseport=yes
forward-zones-recurse=.={s.each('{address}:{port}', ';')}{s.consul(', consul=127.0.0.1:{port}')}
dont-query=
dnssec=off
{sizes}
packetcache-ttl=86400
max-mthreads=8192
max-tcp-clients=1000
max-tcp-per-client=0
max-tcp-queries-per-connection=0
qname-minimization=no
nothing-below-nxdomain=no
serve-rfc1918=no
export-etc-hosts=no
security-poll-suffix=
statistics-interval=0
quiet=yes
loglevel=0
disable-syslog=yes
daemon=no
write-pid=no
socket-dir={self.folder}
""")
        old = ["--enable-old-settings"] if self.at_least(5, 2) else []
        return [[self.path(), *old, f"--config-dir={self.folder}"]]


SERVERS = {server.name: server for server in (Split53, Named, Unbound, Dnsmasq, Dnsdist, KnotResolver, Recursor)}
