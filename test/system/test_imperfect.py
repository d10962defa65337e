# SPDX-License-Identifier: ISC
"""
Imperfect servers, one per kind (support/imperfect.py), each queried through split53, named and unbound as a stub resolver does: twice,
5 s each. The kind defines which queries split53 must answer, and within which time. S53_IMPERFECT_WRITE=1 writes the table into
docs/performance.md.
"""
import os
import re
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.client import addresses, ask, rcode
from support.imperfect import KINDS, SET, SMALL_PLACE, CutsInSilence, LosesLargeDatagrams, right_address
from support.process import Process, patience, sanitized
from support.servers import Named
from support.split53 import Split53, free_port

NAMES, WAVE = 8, 4	# names of each kind, and how many queries are under way at once
PATIENCE, TRIES = 5.0, 2	# of a stub resolver
DOCUMENT = os.path.join(os.path.dirname(__file__), "../../docs/performance.md")
BEGIN, END = "<!-- imperfect: begin -->", "<!-- imperfect: end -->"


class Unbound:
    def __init__(self, folder, port, zones):
        self.place = ("127.0.0.1", port)
        path = os.path.join(str(folder), "unbound.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"""server:
  interface: 127.0.0.1@{port}
  access-control: 127.0.0.0/8 allow
  do-daemonize: no
  chroot: ""
  username: ""
  pidfile: ""
  directory: "{folder}"
  use-syslog: no
  do-ip6: no
  module-config: "iterator"
  do-not-query-localhost: no
""")
            for zone, servers in zones.items():
                file.write(f"forward-zone:\n  name: {zone}\n" + "".join(f"  forward-addr: {server.address}@{server.port}\n" for server in servers))
        self.process = Process(["unbound", "-dd", "-c", path], folder, "unbound")
        self.process.wait_for_log("start of service", 20)

    def close(self):
        self.process.kill()


def zone_text(zones):
    return f"server {SMALL_PLACE} {{ edns-udp-size 512; }};\n" + "\n".join(
        f'zone "{zone}" {{ type forward; forward only; forwarders {{ {" ".join(server.where + ";" for server in servers)} }}; }};'
                     for zone, servers in zones.items())


class NamedBeside:
    def __init__(self, folder, port, zones):
        self.place = ("127.0.0.1", port)
        self.named = Named(folder, port=port, options="recursion yes; allow-query { any; };", extra=zone_text(zones))

    def close(self):
        self.named.close()


class Ours:
    def __init__(self, folder, port, zones):
        self.place = ("127.0.0.1", port)
        self.split53 = Split53(folder, f"""options {{
            listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; pid-file none; forwarders {{ 127.0.0.1 port 1; }}; }};
            {zone_text(zones)}""", wait_at=self.place)

    def close(self):
        self.split53.stop()


PROGRAMS = {"split53": Ours, "named": NamedBeside, "unbound": Unbound}


class Seen:
    """The result for one name: the rcode's name, or None without a reply; whether it was right; after how many seconds."""

    def __init__(self, kind, place, zone, number):
        begin = time.monotonic()
        self.code, self.right = None, False
        for _ in range(TRIES):
            try:
                reply = ask(place, f"{number}.{zone}.", timeout=PATIENCE, tcp=kind.over_tcp)
                if reply.flags & 0x0200:	# TC
                    reply = ask(place, f"{number}.{zone}.", timeout=PATIENCE, tcp=True)
            except (OSError, EOFError):
                continue
            self.code = rcode(reply)
            self.right = addresses(reply) == wanted(kind, number)
            break
        self.took = time.monotonic() - begin

    def __repr__(self):
        return f"<{self.code} {'right' if self.right else 'wrong'} after {self.took:.2f} s>"


def wanted(kind, number):
    count = SET if kind in (CutsInSilence, LosesLargeDatagrams) else 1
    return sorted(right_address(number + place) for place in range(count))


def zone_of(kind):
    return f"{kind.__name__.lower()}.example"


def ask_kind(kind, place):
    """Query a number of names at once, then the next: so servers are first unknown and then known."""
    seen = []
    if kind.over_tcp:	# an answer to an earlier query over UDP is in the cache
        ask(place, f"1.{zone_of(kind)}.", timeout=PATIENCE)
    with ThreadPoolExecutor(WAVE) as pool:
        for first in range(1, NAMES + 1, WAVE):
            seen += pool.map(lambda number: Seen(kind, place, zone_of(kind), number), range(first, first + WAVE))
    return seen


def run_program(start, folder):
    """{kind: [Seen]}. The program and its servers are closed."""
    servers = {kind: [one() for one in (kind, kind.beside) if one is not None] for kind in KINDS}
    program = start(folder, free_port(), {zone_of(kind): those for kind, those in servers.items()})
    try:
        with ThreadPoolExecutor(len(KINDS)) as pool:
            return dict(zip(KINDS, pool.map(lambda kind: ask_kind(kind, program.place), KINDS)))
    finally:
        program.close()
        for those in servers.values():
            for server in those:
                server.close()


def write_table(results):
    def cell(seen):
        right = [one.took for one in seen if one.right]
        share = f"{100 * len(right) // len(seen)} %"
        if not right:
            return f"{share}, failed after {max(one.took for one in seen):.1f} s"
        return f"{share}, {statistics.median(right):.2f} / {max(right):.2f} s"
    lines = ["| the server | " + " | ".join(results) + " |", "|---" * (len(results) + 1) + "|"]
    lines += [f"| {kind.what} | " + " | ".join(cell(seen[kind]) for seen in results.values()) + " |" for kind in KINDS]
    with open(DOCUMENT, encoding="utf-8") as file:
        text = file.read()
    table = f"{BEGIN}\n\nMeasured {time.strftime('%Y-%m-%d')}.\n\n" + "\n".join(lines) + f"\n\n{END}"
    text, count = re.subn(re.escape(BEGIN) + ".*" + re.escape(END), lambda _: table, text, flags=re.DOTALL)
    assert count == 1, f"{DOCUMENT} has no {BEGIN} ... {END}"
    with open(DOCUMENT, "w", encoding="utf-8") as file:
        file.write(text)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """{program: {kind: [Seen]}}, of all programs at the same time."""
    done, threads, errors = {}, [], []

    def one(name):
        try:
            done[name] = run_program(PROGRAMS[name], tmp_path_factory.mktemp(name))
        except Exception as error:	# noqa: BLE001 - reported below
            errors.append(f"{name}: {error!r}")
    for name in PROGRAMS:
        threads.append(threading.Thread(target=one, args=(name,)))
        threads[-1].start()
    for thread in threads:
        thread.join()
    assert not errors, "\n".join(errors)
    done = {name: done[name] for name in PROGRAMS}
    if os.environ.get("S53_IMPERFECT_WRITE"):
        assert not sanitized(), "figures are those of a build without sanitizers"
        write_table(done)
    return done


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_answers_of_an_imperfect_server_are_found(results, kind):
    seen = results["split53"][kind]
    assert sum(one.right for one in seen) / NAMES == kind.share, seen
    assert all(one.code is not None for one in seen), "each has a result"
    assert max(one.took for one in seen) < kind.within * patience() / 2, seen


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_named_and_unbound_do_not_find_more_answers(results, kind):
    ours = sum(one.right for one in results["split53"][kind])
    for name in ("named", "unbound"):
        assert ours >= sum(one.right for one in results[name][kind]), (name, results[name][kind], results["split53"][kind])
