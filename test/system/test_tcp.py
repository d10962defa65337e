# SPDX-License-Identifier: ISC
"""DNS over TCP by RFC 7766 and RFC 7828, and clients that behave badly."""
import os
import re
import resource
import socket
import struct
import time

import dns.edns
import pytest

from support.client import Stream, addresses, ask, query, rcode
from support.process import patience, wait_until


def timed_answer(q):
    """A name like d300.example.com. is answered after 300 ms."""
    first = q.name.split(".")[0]
    delay = int(first[1:]) / 1000 if re.fullmatch(r"d\d+", first) else 0
    return q.send(q.address("192.0.2.1"), delay=delay)


@pytest.fixture
def served(upstream, split53):
    return split53(forwarders=[upstream(timed_answer).where])


@pytest.fixture
def stream(served):
    with Stream(("127.0.0.1", served.port), 10) as it:
        yield it


def framed(name, rdtype="A"):
    octets = query(name, rdtype).to_wire()
    return struct.pack("!H", len(octets)) + octets


def test_a_query_may_arrive_in_any_pieces(served):
    octets = framed("fragment.example.com.")
    for size in (1, 2, 3, 7):
        with Stream(("127.0.0.1", served.port)) as stream:
            for start in range(0, len(octets), size):
                stream.send_octets(octets[start:start + size])
                time.sleep(0.002)
            assert addresses(stream.message()) == ["192.0.2.1"]


def test_many_queries_may_arrive_in_one_segment_and_each_is_answered(stream):
    stream.send_octets(b"".join(framed(f"many{number}.example.com.") for number in range(200)))
    names = {stream.message().question[0].name.to_text() for _ in range(200)}
    assert names == {f"many{number}.example.com." for number in range(200)}


def test_replies_are_sent_as_they_are_ready_and_not_in_order(stream):
    stream.ask("d600.example.com.")
    stream.ask("d300.example.com.")
    stream.ask("d0.example.com.")
    assert [stream.message().question[0].name.to_text() for _ in range(3)] == ["d0.example.com.", "d300.example.com.", "d600.example.com."]


def test_a_client_that_shuts_down_sending_still_gets_its_replies(stream):
    stream.ask("d300.example.com.")
    stream.ask("d100.example.com.")
    stream.socket.shutdown(socket.SHUT_WR)
    assert len({stream.message().id, stream.message().id}) == 2
    assert stream.closed_within(5) is not None


def test_a_client_that_goes_away_harms_no_other_client(served):
    for _ in range(50):
        with Stream(("127.0.0.1", served.port)) as stream:
            stream.ask("d200.example.com.")
            stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    time.sleep(0.4)
    assert rcode(served.ask("after.example.com.")) == "NOERROR"


@pytest.mark.parametrize("octets", [b"\0\0", b"\0\1x", b"\0\x0b" + b"x" * 11, b"\xff\xff" + b"\xff" * 65535,
                                    b"GET / HTTP/1.0\r\n\r\n", b"\x16\x03\x01\x02\x00\x01"],
                         ids=["empty", "one byte", "half a header", "the largest", "http", "tls"])
def test_bytes_that_are_no_query_harm_only_their_connection(served, octets):
    with Stream(("127.0.0.1", served.port)) as stream:
        try:
            stream.send_octets(octets * 3)
        except ConnectionError:
            pass
        assert rcode(served.ask("meanwhile.example.com.", tcp=True)) == "NOERROR"


def test_a_connection_without_a_query_is_closed_after_the_initial_timeout(upstream, split53):
    program = split53(forwarders=[upstream().where], options="tcp-initial-timeout 25;")
    with Stream(("127.0.0.1", program.port)) as silent, Stream(("127.0.0.1", program.port)) as slow:
        slow.send_octets(b"\0\x20half a question")
        assert 1.5 < silent.closed_within(2.5 * patience() + 2) < 2.5 * patience() + 2
        assert slow.closed_within(3 * patience()) is not None


def test_an_idle_connection_is_closed_after_the_idle_timeout_and_not_before(upstream, split53):
    program = split53(forwarders=[upstream(timed_answer).where], options="tcp-idle-timeout 20; tcp-initial-timeout 100;")
    with Stream(("127.0.0.1", program.port)) as stream:
        stream.ask("d0.example.com.")
        stream.message()
        seconds = stream.closed_within(2 * patience() + 2)
        assert seconds is not None and seconds > 1
    with Stream(("127.0.0.1", program.port)) as stream:
        stream.ask("d3000.example.com.")
        assert stream.message().question, "a connection with a query under way is not idle"


def test_a_client_with_the_keepalive_option_is_told_the_timeout_and_gets_it(upstream, split53):
    program = split53(forwarders=[upstream().where],
                      options="tcp-idle-timeout 10; tcp-keepalive-timeout 40; tcp-advertised-timeout 40; tcp-initial-timeout 100;")
    with Stream(("127.0.0.1", program.port)) as stream:
        stream.ask("keep.example.com.", options=[dns.edns.GenericOption(11, b"")])
        told = [option.to_wire() for option in stream.message().options if option.otype == 11]
        assert told == [struct.pack("!H", 40)]
        seconds = stream.closed_within(4 * patience() + 4)
        assert seconds is not None and seconds > 2.5
    udp = program.ask("keep.example.com.", options=[dns.edns.GenericOption(11, b"")])
    assert all(option.otype != 11 for option in udp.options), "RFC 7828 s3.2.2: never over UDP"


def test_more_connections_than_tcp_clients_do_not_shut_out_clients_with_queries(upstream, split53):
    """In named, 150 idle connections shut the next one out; here an idle one is closed, or the next waits for one."""
    program = split53(forwarders=[upstream().where], options="tcp-clients 10; tcp-idle-timeout 20; tcp-initial-timeout 25;")
    idle = [Stream(("127.0.0.1", program.port)) for _ in range(20)]
    try:
        assert rcode(ask(("127.0.0.1", program.port), "limit.example.com.", tcp=True, timeout=10 * patience())) == "NOERROR"
        assert rcode(program.ask("udp.example.com.")) == "NOERROR"
    finally:
        for stream in idle:
            stream.close()


def test_a_client_that_does_not_read_delays_only_itself(upstream, split53):
    records = [(16, 60, b"\xff" + b"x" * 255)] * 60
    program = split53(forwarders=[upstream(lambda q: q.reply(*records) if q.qtype == 16 else q.address()).where], arguments=["-n", "1"])
    with Stream(("127.0.0.1", program.port)) as lazy:
        lazy.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        lazy.socket.settimeout(0.2)
        sent = 0
        try:
            for number in range(3000):
                lazy.send_octets(framed(f"lazy{number % 50}.example.com.", "TXT"))
                sent += 1
        except (socket.timeout, ConnectionError):
            pass
        for number in range(20):
            assert rcode(program.ask(f"busy{number}.example.com.", tcp=number % 2 == 0)) == "NOERROR"
        with open(f"/proc/{program.process.pid}/status", encoding="ascii") as status:
            resident = int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1))
        assert resident < 400_000, "the data kept for a client that does not read is bounded"


def test_a_client_that_sends_byte_by_byte_delays_only_itself(served):
    slow = [Stream(("127.0.0.1", served.port)) for _ in range(20)]
    octets = framed("slow.example.com.")
    for place in range(10):
        for stream in slow:
            stream.send_octets(octets[place:place + 1])
        assert rcode(served.ask(f"meanwhile{place}.example.com.", tcp=True)) == "NOERROR"
    for stream in slow:
        stream.send_octets(octets[10:])
        assert addresses(stream.message()) == ["192.0.2.1"]
        stream.close()


def test_running_out_of_descriptors_is_survived(upstream, split53):
    program = split53(forwarders=[upstream().where], options="tcp-clients 1000; tcp-initial-timeout 1200;", arguments=["-n", "1"])
    used = len(os.listdir(f"/proc/{program.process.pid}/fd"))
    _, most = resource.prlimit(program.process.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(program.process.pid, resource.RLIMIT_NOFILE, (used + 15, most))
    streams = []
    try:
        for _ in range(60):
            streams.append(Stream(("127.0.0.1", program.port)))
        time.sleep(0.3)
        before = cpu_ticks(program.process.pid)
        time.sleep(0.5)
        assert cpu_ticks(program.process.pid) - before < 25, "it does not spin while it cannot accept"
        assert program.process.running()
    finally:
        for stream in streams:
            stream.close()
    resource.prlimit(program.process.pid, resource.RLIMIT_NOFILE, (used + 300, most))

    def recovered():
        try:
            return rcode(program.ask("after.example.com.", tcp=True, timeout=1)) == "NOERROR" and \
                rcode(program.ask("after-udp.example.com.", timeout=1)) == "NOERROR"
        except (OSError, EOFError):
            return False
    wait_until(recovered, 10, "it accepts again")


def cpu_ticks(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def test_a_connection_carries_thousands_of_queries(stream):
    for start in range(0, 5000, 250):
        stream.send_octets(b"".join(framed(f"q{number}.example.com.") for number in range(start, start + 250)))
        for _ in range(250):
            stream.receive()


def test_identical_ids_on_one_connection_are_both_answered(stream):
    octets = bytearray(framed("first.example.com.") + framed("again.example.com."))
    octets[2:4] = b"\0\7"
    half = len(framed("first.example.com."))
    octets[half + 2:half + 4] = b"\0\7"
    stream.send_octets(bytes(octets))
    names = {stream.message().question[0].name.to_text() for _ in range(2)}
    assert names == {"first.example.com.", "again.example.com."}
