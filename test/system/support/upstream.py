# SPDX-License-Identifier: ISC
"""
A scripted DNS server that records every query.

`FakeUpstream(answer)` listens on UDP and TCP of one address. `answer` is called with a Query, in the server's thread, and sends any
messages: `q.send(octets, delay=seconds, by=another FakeUpstream)`; or it returns bytes, a list of bytes, or None for no response.
"""
import contextlib
import heapq
import itertools
import selectors
import socket
import struct
import threading
import time
import traceback

import dns.message
import dns.name
import dns.rdatatype
import dns.rrset

A, NS, CNAME, SOA, PTR, TXT, AAAA, SRV, OPT, ANY = 1, 2, 5, 6, 12, 16, 28, 33, 41, 255
NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED = 0, 1, 2, 3, 4, 5


class Query:
    """A query as it arrived, and the means to answer it."""

    def __init__(self, server, octets, peer, connection=None):
        self.server, self.octets, self.peer, self.connection = server, octets, peer, connection
        self.at = time.monotonic()
        self.tcp = connection is not None
        (self.id, self.flags, self.qdcount, self.ancount, self.nscount, self.arcount) = struct.unpack("!6H", octets[:12])
        labels, at = [], 12
        while octets[at]:
            labels.append(octets[at + 1:at + 1 + octets[at]])
            at += 1 + octets[at]
        self.labels = labels
        self.qtype, self.qclass = struct.unpack("!2H", octets[at + 1:at + 5])
        self.question_end = at + 5
        self.edns_size, self.edns_flags, self.edns_options = None, 0, b""
        if self.arcount and octets[at + 5:at + 8] == b"\0\0\x29":
            self.edns_size, _, _, self.edns_flags, length = struct.unpack("!HBBHH", octets[at + 8:at + 16])
            self.edns_options = octets[at + 16:at + 16 + length]

    @property
    def spelling(self):
        """The name in its letter case, octets joined by dots."""
        return b".".join(self.labels)

    @property
    def name(self):
        """The name in lower case, as text with a final dot."""
        return dns.name.Name([*self.labels, b""]).canonicalize().to_text()

    @property
    def rd(self):
        return bool(self.flags & 0x0100)

    @property
    def cd(self):
        return bool(self.flags & 0x0010)

    @property
    def ad(self):
        return bool(self.flags & 0x0020)

    @property
    def do(self):
        return bool(self.edns_flags & 0x8000)

    def reply(self, *records, rcode=NOERROR, aa=False, tc=False, ra=True, ad=False, authority=(), additional=(), edns=True,
              question=None, identity=None, flags=0, options=b""):
        """The bytes of a reply. A record is (type, ttl, rdata) for the queried name, or one line of zone file text."""
        head = 0x8000 | (self.flags & 0x0110) | aa << 10 | tc << 9 | ra << 7 | ad << 5 | flags | rcode & 15
        sections = [b"".join(map(self._record, section)) for section in (records, authority, additional)]
        counts = [len(records), len(authority), len(additional)]
        tail = b""
        if edns and self.edns_size is not None:
            tail = struct.pack("!BHHBBHH", 0, OPT, 4096, rcode >> 4, 0, self.edns_flags & 0x8000, len(options)) + options
            counts[2] += 1
        if question is None:
            question = self.octets[12:self.question_end]
        return struct.pack("!6H", self.id if identity is None else identity, head, 1 if question else 0, *counts) + \
            question + b"".join(sections) + tail

    def _record(self, record):
        if isinstance(record, bytes):
            return record
        if isinstance(record, tuple):
            kind, ttl, data = record
            return struct.pack("!HHHIH", 0xC00C, kind, 1, ttl, len(data)) + data
        owner, ttl, rdclass, kind, data = record.split(None, 4)
        rrset = dns.rrset.from_text(owner, int(ttl), rdclass, kind, data)
        return rrset.name.to_wire() + struct.pack("!HHI", rrset.rdtype, rrset.rdclass, rrset.ttl) + \
            (lambda octets: struct.pack("!H", len(octets)) + octets)(rrset[0].to_wire())

    def address(self, text="192.0.2.1", ttl=60, **more):
        """The reply with one address."""
        return self.reply((A, ttl, socket.inet_aton(text)), **more)

    def send(self, octets, delay=0.0, by=None):
        """Send now or later, from this server or, over UDP, from the address of another one."""
        (by or self.server).later(delay, self._deliver, octets, by)

    def _deliver(self, octets, by):
        try:
            if self.tcp:
                self.connection.sendall(struct.pack("!H", len(octets)) + octets)
            else:
                (by or self.server).udp.sendto(octets, self.peer)
        except OSError:
            pass


def answer_with(address="192.0.2.1", ttl=60):
    """An answer function: A gets this address, every other type NODATA with a SOA."""
    packed = socket.inet_aton(address)

    def answer(q):
        if q.qtype == A:
            return q.reply((A, ttl, packed))
        return q.reply(authority=[". 60 IN SOA ns.invalid. hostmaster.invalid. 1 3600 600 86400 60"])
    return answer


class FakeUpstream:
    def __init__(self, answer=None, address="127.0.0.1", port=0, tcp=True, udp=True, namespace=None):
        self.answer = answer or answer_with()
        self.queries, self.failures = [], []
        self.connections = 0
        self._serial = itertools.count()
        self._due, self._lock = [], threading.Lock()
        self._selector = selectors.DefaultSelector()
        self._family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._namespace = namespace
        self.address, self.port = address, port
        self._wake_read, self._wake_write = socket.socketpair()
        for end in (self._wake_read, self._wake_write):
            end.setblocking(False)
        self._selector.register(self._wake_read, selectors.EVENT_READ, self._woken)
        self.udp = self.tcp = None
        self._stopping = False
        self._thawed = threading.Event()
        self._thawed.set()
        self._streams = set()
        self._open(udp, tcp)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def where(self):
        """In the form of a forwarders list."""
        return f"{self.address} port {self.port}"

    def _socket(self, kind):
        if self._namespace is not None:
            with self._namespace.inside():
                return socket.socket(self._family, kind)
        return socket.socket(self._family, kind)

    def _open(self, udp, tcp):
        chosen = self.port
        while True:
            try:
                return self._bind(udp, tcp)
            except OSError:
                if chosen or not (udp and tcp):
                    raise
                # a connection of an earlier test lingers at the port that was chosen for UDP
                self._selector.unregister(self.udp)
                self.udp.close()
                self.tcp.close()
                self.port = 0

    def _bind(self, udp, tcp):
        if udp:
            self.udp = self._socket(socket.SOCK_DGRAM)
            self.udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            self.udp.bind((self.address, self.port))
            self.port = self.udp.getsockname()[1]
            self.udp.setblocking(False)
            self._selector.register(self.udp, selectors.EVENT_READ, self._datagrams)
        if tcp:
            self.tcp = self._socket(socket.SOCK_STREAM)
            self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.tcp.bind((self.address, self.port))
            self.port = self.tcp.getsockname()[1]
            self.tcp.listen(64)
            self.tcp.setblocking(False)
            self._selector.register(self.tcp, selectors.EVENT_READ, self._accept)

    def later(self, delay, function, *arguments):
        if delay <= 0 and threading.current_thread() is self._thread:
            function(*arguments)
            return
        with self._lock:
            heapq.heappush(self._due, (time.monotonic() + delay, next(self._serial), function, arguments))
        self._wake()

    def _woken(self):
        try:
            self._wake_read.recv(4096)
        except BlockingIOError:
            pass

    def _run(self):
        while not self._stopping:
            self._thawed.wait()
            with self._lock:
                wait = max(0.0, self._due[0][0] - time.monotonic()) if self._due else None
            for key, _ in self._selector.select(wait):
                # A connection that was closed by the handling of the one before it is no longer there.
                if key.fileobj.fileno() >= 0:
                    key.data()
            while True:
                with self._lock:
                    if not self._due or self._due[0][0] > time.monotonic():
                        break
                    _, _, function, arguments = heapq.heappop(self._due)
                function(*arguments)

    def _datagrams(self):
        for _ in range(64):
            try:
                octets, peer = self.udp.recvfrom(65535)
            except (BlockingIOError, ConnectionError):
                return
            self._take(octets, peer, None)

    def _accept(self):
        try:
            connection, peer = self.tcp.accept()
        except BlockingIOError:
            return
        self.connections += 1
        self._streams.add(connection)
        pending = bytearray()

        def readable():
            try:
                octets = connection.recv(65536)
            except OSError:
                octets = b""
            if not octets:
                self._selector.unregister(connection)
                self._streams.discard(connection)
                connection.close()
                return
            pending.extend(octets)
            while len(pending) >= 2 and len(pending) >= 2 + int.from_bytes(pending[:2], "big"):
                length = int.from_bytes(pending[:2], "big")
                message = bytes(pending[2:2 + length])
                del pending[:2 + length]
                self._take(message, peer, connection)
        self._selector.register(connection, selectors.EVENT_READ, readable)

    def _take(self, octets, peer, connection):
        query = Query(self, octets, peer, connection)
        self.queries.append(query)
        try:
            replies = self.answer(query)
        except Exception:	# noqa: BLE001 - it fails the test in close()
            self.failures.append(traceback.format_exc())
            return
        for octets in [replies] if isinstance(replies, bytes) else replies or ():
            query.send(octets)

    def freeze(self):
        """As SIGSTOP: the kernel accepts packets, and nothing is sent until thaw()."""
        self._thawed.clear()
        self._wake()

    def thaw(self):
        self._thawed.set()

    def close_streams(self):
        """Close every TCP connection that is open now, in the server's own thread."""
        def close():
            for connection in list(self._streams):
                connection.shutdown(socket.SHUT_RDWR)
        self.later(0.001, close)

    def names(self):
        return [query.name for query in self.queries]

    def forget(self):
        self.queries = []

    def _wake(self):
        """A full pipe wakes it as well; its own thread must not wait until it is read."""
        with contextlib.suppress(BlockingIOError):
            self._wake_write.send(b"x")

    def close(self):
        if self._stopping:
            return
        self._stopping = True
        self._thawed.set()
        self._wake()
        self._thread.join(5)
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()
        self._wake_write.close()
        self._selector.close()
        assert not self.failures, self.failures[0]
