# SPDX-License-Identifier: ISC
"""
tcp-clients under attack: which connections are closed, which wait, and that queries are answered. Remote addresses are those of a
neighbour: a network namespace at the other end of a veth pair.
"""
import contextlib
import os
import re
import select
import signal
import socket
import struct
import threading
import time

import pytest

from support.client import Stream, ask, query, rcode
from support.namespace import Neighbour, add_address, run
from support.process import BINARY, PLAIN_BINARY, Process, patience, sanitized, wait_until
from support.split53 import free_port

HERE, THERE = "10.66.0.1", "10.66.0.2"
HERE6, THERE6 = "fd53:ffff::1", "fd53:ffff::2"
PLACES = 100
SLOW = 1.5	# seconds to a response for slow*


def slow_for_some(q):
    return q.send(q.address("192.0.2.1"), delay=SLOW if q.name.startswith("slow") else 0)


def framed(name, rdtype="A"):
    octets = query(name, rdtype).to_wire()
    return struct.pack("!H", len(octets)) + octets


@pytest.fixture
def neighbour(closing):
    other = closing(Neighbour("vethshare", f"{HERE}/16", f"{THERE}/16"))
    add_address(f"{HERE6}/64", "vethshare")
    run(*other.command("ip", "address", "add", f"{THERE6}/64", "dev", "eth0", "nodad"))
    run("ip", "route", "add", "fd53::/48", "via", THERE6)
    run(*other.command("ip", "route", "add", "default", "via", HERE6))
    batch = [f"address add 10.66.1.{n}/32 dev eth0" for n in range(1, 101)]
    batch += [f"address add fd53:0:0:{n}::1/128 dev eth0 nodad" for n in range(1, 101)]
    run(*other.command("sh", "-c", "printf '%s\\n' \"$@\" | ip -batch -", "-", *batch))
    return other


def sources(family, count):
    if count == 1:
        return [THERE if family == socket.AF_INET else THERE6]
    return [f"10.66.1.{n}" if family == socket.AF_INET else f"fd53:0:0:{n}::1" for n in range(1, count + 1)]


class Attack:
    """Keeps `count` connections open, each with slow queries under way; one that is closed is replaced at once."""

    def __init__(self, server, count, addresses=(None,), inside=None):
        self.server, self.count, self.addresses, self.inside = server, count, addresses, inside
        self.sockets, self.opened, self.stopping = [], 0, False
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _open(self):
        sock = socket.socket(socket.AF_INET6 if ":" in self.server[0] else socket.AF_INET, socket.SOCK_STREAM)
        try:
            sock.settimeout(0.2)
            source = self.addresses[self.opened % len(self.addresses)]
            self.opened += 1
            if source:
                sock.bind((source, 0))
            sock.connect(self.server)
            self._ask(sock)
            self.sockets.append(sock)
        except OSError:
            sock.close()

    def _ask(self, sock):
        sock.sendall(framed(f"slow{self.opened}-{time.monotonic_ns()}.example.com."))

    def _run(self):
        with self.inside() if self.inside else contextlib.nullcontext():
            asked = time.monotonic()
            while not self.stopping:
                if len(self.sockets) < self.count:
                    self._open()
                readable, _, _ = select.select(self.sockets, [], [], 0.001)
                again = time.monotonic() - asked > 0.5
                for sock in list(self.sockets) if again else readable:
                    try:
                        if sock in readable and not sock.recv(4096):
                            raise OSError
                        if again:
                            self._ask(sock)
                    except OSError:
                        self.sockets.remove(sock)
                        sock.close()
                if again:
                    asked = time.monotonic()

    def wait_until_full(self, places):
        wait_until(lambda: self.opened >= 2 * places or len(self.sockets) >= self.count, 30, "all places are taken")
        time.sleep(0.5)

    def stop(self):
        self.stopping = True
        self.thread.join()
        for sock in self.sockets:
            sock.close()


def answered(server, count, source=None, inside=None):
    """How many of `count` new connections, one after another, get a reply for a new name."""
    good = 0
    for number in range(count):
        try:
            with inside() if inside else contextlib.nullcontext():
                stream = Stream(server, 5 * patience(), source)
            with stream:
                stream.ask(f"fast{number}-{time.monotonic_ns()}.example.com.")
                good += rcode(stream.message()) == "NOERROR"
        except (OSError, EOFError):
            pass
        time.sleep(0.02)
    return good


def start(upstream, split53, options=""):
    port, server = free_port(), upstream(slow_for_some)
    conf = f"""options {{
    listen-on port {port} {{ any; }}; listen-on-v6 port {port} {{ any; }};
    recursion yes; allow-query {{ any; }}; allow-recursion {{ any; }}; pid-file none;
    forward only; forwarders {{ {server.where}; }};
    tcp-clients {PLACES}; recursive-clients 20000; {options}
}};
"""
    program = split53(conf=conf, port=port)
    program.upstream = server
    return program


def early_clients(program, closing):
    """Clients with slow queries that have reached the upstream: half of the places."""
    early = [closing(Stream(("127.0.0.1", program.port), 30)) for _ in range(PLACES // 2)]
    for number, stream in enumerate(early):
        stream.ask(f"slow-early{number}.example.com.")
    wait_until(lambda: len({name for name in program.upstream.names() if name.startswith("slow-early")}) == len(early), 10, "all are under way")
    return early


@pytest.mark.parametrize("addresses", [1, 100])
@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6], ids=["ipv4", "ipv6"])
def test_slow_queries_of_remote_addresses_keep_no_other_client_out(upstream, split53, closing, neighbour, family, addresses):
    program = start(upstream, split53)
    here, there = (HERE, THERE) if family == socket.AF_INET else (HERE6, THERE6)
    victim = there if addresses > 1 else sources(family, 2)[1]
    with neighbour.inside():
        settled = Stream((here, program.port), 10, victim)
    with settled:
        settled.ask("before.example.com.")
        settled.message()
        attack = closing(Attack((here, program.port), 2 * PLACES, sources(family, addresses), neighbour.inside))
        attack.wait_until_full(PLACES)
        assert answered((here, program.port), 20, victim, neighbour.inside) == 20
        assert answered(("127.0.0.1", program.port), 20) == 20
        if addresses == 1:	# it lost its own connections, and no other address lost an idle one
            settled.ask("after.example.com.")
            assert rcode(settled.message()) == "NOERROR"
    if addresses == 1:
        name = re.escape(there if family == socket.AF_INET else "fd53:ffff::/64")
        lines = re.findall(rf"closing a connection of {name}\S*, which has \d+, more than its share of \d+", program.log())
        assert len(lines) == 1, "once a minute, with the client"


def test_slow_queries_of_this_host_keep_no_other_client_out(upstream, split53, closing):
    program = start(upstream, split53)
    attack = closing(Attack(("127.0.0.1", program.port), 2 * PLACES))
    attack.wait_until_full(PLACES)
    assert answered(("127.0.0.1", program.port), 20) == 20
    assert "more than its share" not in program.log()


def test_half_of_the_connections_run_to_completion(upstream, split53, closing):
    """Earlier clients are served to the end, whatever comes after them."""
    program = start(upstream, split53)
    early = early_clients(program, closing)
    closing(Attack(("127.0.0.1", program.port), 2 * PLACES))
    for stream in early:
        assert rcode(stream.message()) == "NOERROR"


def test_new_clients_wait_for_a_free_connection(upstream, split53, closing):
    """More clients than connections, each with a query of 100 ms: all are answered, none is refused."""
    def answer(q):
        return q.send(q.address("192.0.2.1"), delay=0.1)
    program = split53(forwarders=[upstream(answer).where], options="tcp-clients 5; tcp-listen-queue 100;")
    streams = []
    for number in range(60):	# each asks at once: one that is idle would give way to the next
        streams.append(closing(Stream(("127.0.0.1", program.port), 30)))
        streams[-1].ask(f"wait{number}.example.com.")
    assert [rcode(stream.message()) for stream in streams] == ["NOERROR"] * 60


@pytest.mark.parametrize("how", ["late", "cached"])
def test_at_most_128_kib_are_kept_for_each_client_that_does_not_read(upstream, tmp_path, closing, how):
    """However many queries they pipeline; and they are the first to be closed."""
    big = [(16, 600, b"\xff" + b"x" * 255)] * 230
    count, port = 20, free_port()
    forwarder = upstream(lambda q: q.reply(*big) if q.qtype == 16 and q.tcp else q.reply(tc=True) if q.qtype == 16 else q.address())
    conf = tmp_path / "named.conf"
    conf.write_text(f"""options {{ listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; pid-file none; max-cache-size 8M;
        forward only; forwarders {{ {forwarder.where}; }}; tcp-clients {count}; recursive-clients 20000; }};""")
    program = PLAIN_BINARY if PLAIN_BINARY and os.access(PLAIN_BINARY, os.X_OK) else BINARY
    process = Process([program, "-g", "-c", str(conf)], tmp_path, "unread")

    class Ending:
        stop = staticmethod(process.kill)
    closing(Ending)

    def served():
        try:
            return rcode(ask(("127.0.0.1", port), "a.example.com.", tcp=True, timeout=1)) == "NOERROR"
        except OSError:
            return False
    wait_until(served, 20, "it answers")
    with Stream(("127.0.0.1", port)) as stream:	# fills the cache
        stream.ask("big.example.com.", "TXT")
        stream.receive()
    before = resident(process.pid)
    lazy = []
    for number in range(count):
        sock = socket.socket()
        closing(sock)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        sock.connect(("127.0.0.1", port))
        sock.setblocking(False)
        names = ["big.example.com." if how == "cached" else f"big{number}-{n}.example.com." for n in range(120)]
        sock.send(b"".join(framed(name, "TXT") for name in names))
        lazy.append(sock)
    time.sleep(3)
    if not sanitized() or PLAIN_BINARY:
        kept = resident(process.pid) - before
        assert kept < count * 128 + 16 * 1024, f"{kept} KiB, of which 8 MiB may be the cache's"
    for number in range(20):
        assert rcode(ask(("127.0.0.1", port), f"busy{number}.example.com.", tcp=True, timeout=5 * patience())) == "NOERROR"


def resident(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1))


def test_a_connection_is_never_closed_before_its_reply_is_sent(upstream, split53):
    """Each response takes a multiple of tcp-idle-timeout, so that it arrives when the timeout has expired."""
    program = split53(forwarders=[upstream(lambda q: q.send(q.address("192.0.2.1"), delay=0.4)).where], options="tcp-idle-timeout 2;")
    results = []

    def one(number):
        time.sleep(number % 12 * 0.013)
        try:
            with Stream(("127.0.0.1", program.port), 5 * patience()) as stream:
                if number % 2:
                    stream.send(query(f"q{number}.example.com.").to_wire())
                    stream.socket.shutdown(socket.SHUT_WR)
                else:
                    stream.ask(f"q{number}.example.com.")
                results.append(rcode(stream.message()))
        except (OSError, EOFError) as error:
            results.append(repr(error))
    for start_at in range(0, 96, 12):
        threads = [threading.Thread(target=one, args=(number,)) for number in range(start_at, start_at + 12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert results == ["NOERROR"] * 96


def test_a_reload_or_the_end_during_a_flood_loses_no_reply(upstream, split53, closing):
    """A query that was taken is answered, also by a program that is told to end."""
    program = start(upstream, split53)
    early = early_clients(program, closing)
    attack = closing(Attack(("127.0.0.1", program.port), 2 * PLACES))
    attack.wait_until_full(PLACES)
    program.reload()
    assert answered(("127.0.0.1", program.port), 10) == 10
    for stream in early:
        assert rcode(stream.message()) == "NOERROR"
        stream.ask("slow-at-the-end.example.com.")
    time.sleep(0.2)
    attack.stop()
    program.process.send_signal(signal.SIGTERM)
    last = [stream for stream in early if not is_closed(stream)]
    for stream in last:	# SERVFAIL if the upstream's response comes when the time to end is over
        assert rcode(stream.message()) in ("NOERROR", "SERVFAIL")


def is_closed(stream):
    """It was closed before: from then on it was one of those that do not run to completion."""
    stream.socket.settimeout(0)
    try:
        return stream.socket.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
    finally:
        stream.socket.settimeout(30)
