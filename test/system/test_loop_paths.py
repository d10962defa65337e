# SPDX-License-Identifier: ISC
"""
Loops by any path: our query comes back in other letter case, with other flags or EDNS, from any address, through other forwarders, and
is detected within two rounds. Queries that only look like a loop are answered: another view of the same program, clients with a query for
a name under way.
"""
import re
import socket
import statistics
import struct
import time

import pytest

from support.client import addresses, ask_raw, extended_errors, query, rcode
from support.process import patience
from support.relay import Relay, in_lower_case, without_ad, without_edns
from support.servers import Consul
from support.split53 import free_port
from support.upstream import answer_with

LOOP = re.compile(r"^.*forwarding loop:.*$", re.MULTILINE)
FIRST = 1.5	# seconds: until the response is overdue, and a round; a timeout takes 2 to 4.5
NEXT = 0.35	# at once if the path is known, or when the response is overdue if the path changes the query


def loops(program):
    return LOOP.findall(program.log())


def are_quick(took):
    """The first when the response is overdue, the others at once; one of them may be delayed by a busy machine."""
    return max(took) < FIRST * patience() / 2 and statistics.median(took[1:]) < NEXT * patience() / 2


def ask_in_turn(program, names, rdtype="A"):
    """Each must fail with a reason; returns the seconds that it took."""
    took = []
    for name in names:
        start = time.monotonic()
        reply = program.ask(name, rdtype, edns=0, timeout=10)
        took.append(time.monotonic() - start)
        assert rcode(reply) in ("SERVFAIL", "REFUSED"), reply
        assert extended_errors(reply), reply
    return took


@pytest.mark.parametrize("change", [bytes, in_lower_case, without_ad, without_edns], ids=lambda change: change.__name__)
@pytest.mark.parametrize("name", ["loop{}.very.long.example.name.", "{}.4.5.10.in-addr.arpa.", "{}.b.", "{}.3.2.1."])
def test_a_loop_is_detected_within_two_rounds(closing, split53, change, name):
    ours, theirs = free_port(), free_port()
    relay = closing(Relay(theirs, ("127.0.0.1", ours), change, source="127.0.0.9"))
    program = split53(forwarders=[relay.where], port=ours, options="empty-zones-enable no;", arguments=["-n", "2"])
    took = ask_in_turn(program, [name.format(number) for number in range(8)])
    assert relay.count <= 8 * 8, "two rounds through two workers, a loop test for each, and probes; an undetected loop has hundreds"
    assert are_quick(took), took
    assert len(loops(program)) == 1 and f"127.0.0.1#{theirs}" in loops(program)[0], program.log()


def test_many_workers_detect_a_loop_as_soon_as_one(closing, split53):
    """The query may come back to a worker that does not know it, and be sent once more."""
    ours, theirs = free_port(), free_port()
    relay = closing(Relay(theirs, ("127.0.0.1", ours), in_lower_case))
    program = split53(forwarders=[relay.where], port=ours, arguments=["-n", "8"])
    took = ask_in_turn(program, [f"loop{number}.example.net." for number in range(8)])
    assert relay.count <= 10 * 8, relay.count
    assert are_quick(took), took


@pytest.mark.parametrize("count", [2, 3])
def test_a_ring_of_split53s_is_detected(split53, count):
    """Each has its own random letter case, and each has other zones and options."""
    ports = [free_port() for _ in range(count)]
    extra = ["", 'zone "other.example" { type forward; forwarders { 127.0.0.1 port 1; }; };', "logging { category queries { null; }; };"]
    options = ["max-cache-size 0;", "forwarders-policy ordered; edns-udp-size 1000;", "clients-per-query 10; servfail-ttl 0;"]
    ring = [split53(forwarders=[f"127.0.0.1 port {ports[(at + 1) % count]}"], port=ports[at], options=options[at], extra=extra[at],
                    name=f"ring{at}") for at in range(count)]
    took = ask_in_turn(ring[0], [f"loop{number}.very.long.example.name." for number in range(6)])
    assert are_quick(took), took
    assert any(loops(program) for program in ring), [program.log() for program in ring]
    took = ask_in_turn(ring[1], [f"{number}.b." for number in range(6)])
    assert are_quick(took), took


def test_an_agent_with_split53_as_recursor_by_any_address_is_detected(closing, split53, tmp_path):
    """The reverse zone is forwarded to Consul, which sends unknown names to us, from another address than the configured one."""
    ours, theirs = free_port(), free_port()
    agent = closing(Consul(tmp_path, conf={"recursors": [f"127.0.0.1:{ours}"], "addresses": {"dns": "127.0.8.10 127.0.0.1"}}, dns_port=theirs,
                           services=[{"name": "web", "id": "web1", "address": "10.1.0.1", "port": 80}]))
    agent.wait_for("web.service.consul")
    program = split53(forwarders=["127.0.0.1 port 1"], consul=f"127.0.8.10 port {theirs}", port=ours, options="empty-zones-enable no;",
                      extra=f'zone "10.in-addr.arpa" {{ type forward; forward only; forwarders {{ 127.0.8.10 port {theirs}; }}; }};')
    took = ask_in_turn(program, [f"{number}.1.53.10.in-addr.arpa." for number in range(90, 98)], "PTR")
    assert are_quick(took), took
    assert len(loops(program)) == 1 and f"127.0.8.10#{theirs}" in loops(program)[0], program.log()
    assert addresses(program.ask("web.service.consul.", timeout=10)) == ["10.1.0.1"], "names that do not loop are still queried there"


def test_one_view_may_forward_to_another(split53, upstream):
    """As in BIND; the letter case of the inner view's query is that of the outer view's client."""
    ours = free_port()
    fine = upstream(answer_with("192.0.2.1"))
    program = split53(port=ours, conf=f"""
options {{ listen-on port {ours} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; pid-file none; }};
view "outside" {{ match-clients {{ 127.0.0.9; }}; allow-recursion {{ any; }}; forward only; forwarders {{ {fine.where}; }}; }};
view "inside" {{
    match-clients {{ any; }}; allow-recursion {{ any; }}; query-source address 127.0.0.9;
    forward only; forwarders {{ 127.0.0.1 port {ours}; }};
}};
""")
    for number in range(8):
        assert addresses(program.ask(f"www{number}.very-long-name-of.example.com.")) == ["192.0.2.1"]
    assert not loops(program)


def test_a_view_does_not_forward_to_itself(split53):
    """With several views too: its own queries would come back to it."""
    ours = free_port()
    program = split53(port=ours, conf=f"""
options {{ listen-on port {ours} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; pid-file none; }};
view "outside" {{ match-clients {{ 127.0.0.9; }}; allow-recursion {{ any; }}; forward only; forwarders {{ 127.0.0.1 port 1; }}; }};
view "inside" {{ match-clients {{ any; }}; allow-recursion {{ any; }}; forward only; forwarders {{ 127.0.0.1 port {ours}; }}; }};
""")
    assert rcode(program.ask("www.example.com.")) == "SERVFAIL"
    assert f"127.0.0.1#{ours} is where split53 itself listens" in program.log()


def test_a_thousand_clients_at_the_servers_address_with_a_name_under_way_are_answered(split53, upstream):
    """In each form that a query of ours may have: none is refused, and the server gets the query once, and a loop test."""
    slow = upstream(lambda q: q.send(q.address("192.0.2.7"), delay=1.0), address="127.0.0.7")
    program = split53(forwarders=[slow.where], options="recursive-clients 3000;")
    shapes = [dict(flags=0x0120, edns=0, size=65535), dict(flags=0x0100), dict(flags=0x0100, edns=0, size=1232)]
    seconds = 5 * patience() / 2
    for round_ in range(3):
        name = f"www{round_}.example.com."
        clients = []
        for number in range(1000):
            client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            client.bind(("127.0.0.7", 0))
            client.connect((program.address, program.port))
            client.send(query(name, identity=number, **shapes[number % 3]).to_wire())
            clients.append(client)
        for client in clients:
            client.settimeout(seconds)
            octets = client.recv(65535)
            assert octets[3] & 15 == 0 and struct.unpack("!H", octets[6:8]) == (1,), octets
            client.close()
    assert not loops(program)
    assert sum(not asked.startswith("split53-loop-") for asked in slow.names()) <= 12, slow.names()
    assert sum(asked.startswith("split53-loop-") for asked in slow.names()) <= 12, slow.names()


def test_a_client_beside_a_real_loop_is_not_refused(closing, split53, upstream):
    """It queries the looping name from the looping server's host and gets the same reply as all in the end: the answer of another server."""
    ours, theirs = free_port(), free_port()
    relay = closing(Relay(theirs, ("127.0.0.1", ours), in_lower_case, source="127.0.0.9"))
    good = upstream(lambda q: q.send(q.address("192.0.2.7"), delay=0.6))
    program = split53(forwarders=[relay.where, good.where], port=ours, options="forwarders-policy race;")
    for number in range(5):
        name = f"beside{number}.example.com."
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as first, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as second:
            for sock in (first, second):
                sock.bind(("127.0.0.9", 0))
                sock.settimeout(8)
                sock.connect((program.address, program.port))
                sock.send(query(name).to_wire())
            assert [sock.recv(65535)[3] & 15 for sock in (first, second)] == [0, 0]
    assert loops(program), "the loop is reported"
    assert ask_raw((program.address, program.port), query("localhost.").to_wire())


def test_a_loop_test_goes_only_to_the_server_under_test(split53, upstream):
    """A slow server that does not loop gets at most one loop test a second, below the name of the query, with its type."""
    slow = upstream(lambda q: q.send(q.address(), delay=0.7))
    program = split53(forwarders=[slow.where])
    with program.client() as client:
        for number in range(30):
            for identity in (2 * number, 2 * number + 1):
                client.send(query(f"slow{number}.example.com.", "MX", identity=identity).to_wire())
            time.sleep(0.1)
        assert len(client.collect(60, 10)) == 60
    tests = [asked for asked in slow.queries if asked.name.startswith("split53-loop-")]
    assert 1 <= len(tests) <= 6, slow.names()
    assert all(re.fullmatch(r"split53-loop-[0-9a-f]{16}\.slow\d+\.example\.com\.", asked.name) and asked.qtype == 15 for asked in tests)
    assert not loops(program)
