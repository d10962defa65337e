# SPDX-License-Identifier: ISC
"""Clients: one query by dnspython, raw bytes, a TCP connection under the test's control."""
import socket
import struct
import time

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype


def query(name, rdtype="A", edns=None, size=1232, flags=dns.flags.RD, rdclass="IN", options=None, do=False,
          identity=None):
    """A query. edns: None for none, else the version."""
    name = name if isinstance(name, dns.name.Name) else dns.name.from_text(name)
    message = dns.message.make_query(name, rdtype, rdclass)
    if identity is not None:
        message.id = identity
    message.flags = dns.flags.Flag(flags)
    if edns is None and not options and not do:
        message.use_edns(False)
    else:
        message.use_edns(edns or 0, dns.flags.DO if do else 0, size, options=options)
    return message


def ask_raw(server, octets, timeout=5.0, tcp=False, source=None):
    """Send bytes, return the bytes of the reply. Raises socket.timeout (an OSError) if none arrives."""
    family = socket.AF_INET6 if ":" in server[0] else socket.AF_INET
    if tcp:
        with Stream(server, timeout, source) as stream:
            stream.send(octets)
            return stream.receive()
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        if source:
            sock.bind((source, 0))
        sock.settimeout(timeout)
        sock.connect(server)
        sock.send(octets)
        return sock.recv(65535)


def parse(octets):
    return dns.message.from_wire(octets, ignore_trailing=False, one_rr_per_rrset=False, raise_on_truncation=False)


def ask(server, name, rdtype="A", timeout=5.0, tcp=False, source=None, **more):
    """Send one query and parse the reply, which must match the query."""
    question = name if isinstance(name, dns.message.Message) else query(name, rdtype, **more)
    octets = ask_raw(server, question.to_wire(), timeout, tcp, source)
    answer = parse(octets)
    assert answer.id == question.id
    assert answer.flags & dns.flags.QR
    answer.octets = octets
    if question.question and answer.question:
        asked, echoed = question.question[0], answer.question[0]
        assert asked.name.to_wire() == echoed.name.to_wire(), "the question has the letter case of the client"
        assert (asked.rdtype, asked.rdclass) == (echoed.rdtype, echoed.rdclass)
    return answer


def rdata(message, rdtype=None, section="answer"):
    """The records of a section as a set of (owner, type, text), in lower case, without their TTLs."""
    return {(rrset.name.to_text().lower(), dns.rdatatype.to_text(rrset.rdtype), item.to_text().lower())
            for rrset in getattr(message, section) for item in rrset
            if rdtype is None or dns.rdatatype.to_text(rrset.rdtype) == rdtype}


def addresses(message):
    """The addresses of the answer, sorted."""
    return sorted(text for _, kind, text in rdata(message) if kind in ("A", "AAAA"))


def rcode(message):
    return dns.rcode.to_text(message.rcode())


def extended_errors(message):
    """The info codes of the extended errors (RFC 8914) in a reply."""
    return [int.from_bytes(_option_octets(option)[:2], "big") for option in message.options if option.otype == 15]


def _option_octets(option):
    return option.to_wire() or b""


class Stream:
    """A TCP connection for DNS messages, or for anything else that a test sends."""

    def __init__(self, server, timeout=5.0, source=None):
        family = socket.AF_INET6 if ":" in server[0] else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.settimeout(timeout)
        if source:
            self.socket.bind((source, 0))
        self.socket.connect(server)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, octets):
        """One framed message."""
        self.socket.sendall(struct.pack("!H", len(octets)) + octets)

    def send_octets(self, octets):
        self.socket.sendall(octets)

    def ask(self, name, rdtype="A", **more):
        question = query(name, rdtype, **more)
        self.send(question.to_wire())
        return question.id

    def exactly(self, count):
        octets = b""
        while len(octets) < count:
            more = self.socket.recv(count - len(octets))
            if not more:
                raise EOFError("the server closed the connection")
            octets += more
        return octets

    def receive(self):
        """The bytes of one framed message. EOFError: the server closed."""
        return self.exactly(struct.unpack("!H", self.exactly(2))[0])

    def message(self):
        return parse(self.receive())

    def closed_within(self, seconds):
        """Does the server close, and after how many seconds? None: it does not."""
        start = time.monotonic()
        self.socket.settimeout(seconds)
        try:
            while self.socket.recv(4096):
                pass
        except socket.timeout:
            return None
        except ConnectionError:
            pass
        return time.monotonic() - start


class Client:
    """Many queries from one UDP socket, replies matched by ID."""

    def __init__(self, address, port, timeout=5.0):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.settimeout(timeout)
        self.socket.connect((address, port))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, octets):
        self.socket.send(octets)

    def receive(self):
        return self.socket.recv(65535)

    def collect(self, count, seconds):
        """Up to `count` replies that arrive within `seconds`: bytes by ID."""
        replies, end = {}, time.monotonic() + seconds
        while len(replies) < count:
            left = end - time.monotonic()
            if left <= 0:
                break
            self.socket.settimeout(left)
            try:
                octets = self.socket.recv(65535)
            except socket.timeout:
                break
            replies[int.from_bytes(octets[:2], "big")] = octets
        return replies
