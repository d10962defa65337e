# SPDX-License-Identifier: ISC
"""
Flushes while two workers answer 2,000 queries/s: no client that asks after the command has returned gets what was cached before, not
even from a fetch that was under way, and no query is lost.

The server's answers have the generation in which the query reached it. Before each flush a generation begins.
"""
import collections
import concurrent.futures
import os
import random
import struct
import threading

import pytest

from support.client import ask, ask_raw, query
from support.control import Rndc, ctl, key_text
from support.load import TAIL, Load
from support.process import patience, wait_until
from support.split53 import free_port
from support.upstream import A

LOADS, RATE = 4, 500	# each from ports of its own, so that both workers get some
NAMES, SLOW = 40, 6
ROUNDS = 2
OTHER_CLIENT = "127.0.0.2"	# of the view "outside"


def full(name):
    return f"{name}.load.example"


def generation_of(octets):
    """Of a reply of the server to a name below load.example: its only address follows the question."""
    end = octets.index(TAIL, 12) + len(TAIL) + 4
    return struct.unpack("!I", octets[end + 12:end + 16])[0]


class Answers:
    """The server's answers: those to names that begin with "slow" are held in the generation in which they were asked first."""

    def __init__(self):
        self.generation = 1
        self.held = []
        self.first = {}

    def __call__(self, q):
        reply = q.reply((A, 3600, struct.pack("!I", self.generation)))
        if q.name.startswith("slow") and self.first.setdefault(q.name, self.generation) == self.generation:
            self.held.append((q, reply))
            return None
        return reply

    def names_held(self):
        return {q.name for q, _ in self.held}

    def release(self):
        held, self.held = self.held, []
        for q, reply in held:
            q.send(reply)
        return len(held)


class FreshLoad(Load):
    """Knows which generation each query must get at least: that of the last flush of its name that had returned before."""

    def __init__(self, place, names, floor):
        super().__init__(place, names, tcp_every=7, rate=RATE)
        self.floor, self.wanted, self.old = floor, {}, []

    def ask(self, identity, name):
        self.wanted[identity] = (name, self.floor[name.decode()])

    def answer(self, identity, octets):
        name, floor = self.wanted[identity]
        if octets[3] & 15 == 0 and generation_of(octets) < floor:
            self.old.append((name, generation_of(octets), floor))


class World:
    def __init__(self, split53, upstream, folder):
        self.answers, self.floor = Answers(), collections.defaultdict(int)
        self.upstream = upstream(self.answers)
        port, self.path = free_port(), str(folder / "control")
        views = "".join(f'view "{name}" {{ match-clients {{ {clients}; }}; recursion yes; forward only; '
                        f'forwarders {{ {self.upstream.where}; }}; }};\n'
                        for name, clients in (("outside", OTHER_CLIENT), ("inside", "any")))
        self.place = ("127.0.0.1", free_port())
        self.program = split53(port=self.place[1], arguments=("-n", "2"), conf=f"""
options {{ listen-on port {self.place[1]} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
           directory "{folder}"; cache-file none; pid-file none; }};
{key_text()}
controls {{ inet 127.0.0.1 port {port} allow {{ 127.0.0.1; }} keys {{ "k"; }};
            unix "{self.path}" perm 0600 owner {os.getuid()} group {os.getgid()}; }};
{views}""")
        self.rndc = Rndc(folder, port)
        self.tree = [f"n{i}.tree" for i in range(NAMES)]
        self.others = [f"x{i}" for i in range(NAMES)]

    def ctl(self, *words):
        return ctl(*words, path=self.path)

    def loads(self):
        def names_of(seed):
            rng, names = random.Random(seed), self.tree + self.others
            return lambda: (rng.choice(names).encode(), A)
        return [FreshLoad(self.place, names_of(seed), self.floor) for seed in range(LOADS)]

    def generation(self, name, tcp=False, source=None):
        return generation_of(ask(self.place, full(name), timeout=5 * patience(), tcp=tcp, source=source).octets)

    def flush(self, number, tool, verb):
        """One flush with fetches under way; returns how many of these brought what is old."""
        slow = [f"slow{number}-{i}.tree" for i in range(SLOW)]
        concerned = {"flushname": self.tree[:6] + slow, "flushtree": self.tree + slow}.get(verb, self.tree + self.others + slow)
        words = {"flushname": [("flushname", full(name)) for name in concerned], "flushtree": [("flushtree", full("tree"))],
                 "flush inside": [("flush", "inside")], "flush": [("flush",)]}[verb]
        outside = self.generation("x0", source=OTHER_CLIENT)
        with concurrent.futures.ThreadPoolExecutor(SLOW + len(words)) as pool:
            early = [pool.submit(ask_raw, self.place, query(full(name)).to_wire(), 5 * patience()) for name in slow]
            wait_until(lambda: len(self.answers.names_held()) == SLOW, 5 * patience(), "the fetches are under way")
            before = self.answers.generation
            self.answers.generation += 1
            done = list(pool.map(lambda word: tool(*word), words))	# several at once: they share a walk
            for name in concerned:
                self.floor[name] = self.answers.generation
            assert all(one.code == 0 for one in done), [one.said for one in done]
            for i, name in enumerate(slow + concerned[:6]):
                assert self.generation(name, tcp=i % 3 == 2) == self.answers.generation, (verb, name)
            assert self.answers.release() >= SLOW
            old = sum(generation_of(one.result()) == before for one in early)
        for name in slow:	# what has just come was not kept
            for tcp in (False, True, False):
                assert self.generation(name, tcp=tcp) == self.answers.generation, (verb, name)
        same = self.generation("x0", source=OTHER_CLIENT) == outside
        assert same == (verb != "flush"), "a flush of all is one of all views, and no other is"
        return old


@pytest.fixture
def world(split53, upstream, tmp_path):
    return World(split53, upstream, tmp_path)


def test_the_next_answer_is_fresh_and_no_query_is_lost(world):
    loads = world.loads()
    threads = [threading.Thread(target=load.run) for load in loads]
    for thread in threads:
        thread.start()
    old = number = 0
    try:
        for _ in range(ROUNDS):
            for tool in (world.ctl, world.rndc):
                for verb in ("flushname", "flushtree", "flush inside", "flush"):
                    number += 1
                    old += world.flush(number, tool, verb)
    finally:
        for load in loads:
            load.stopping = True
        for thread in threads:
            thread.join()
        for load in loads:
            load.close()
    print([(load.asked, load.lost, load.codes) for load in loads], f"{old} of {number * SLOW} fetches brought what is old")
    for load in loads:
        assert load.asked > 100 and load.lost == 0 and set(load.codes) == {0} and load.old == []
    assert old > number, "fetches that were under way when the flush came end with what is old"
