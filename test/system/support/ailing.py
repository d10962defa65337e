# SPDX-License-Identifier: ISC
"""A server that fails and recovers under the control of a test. `ail(how)` takes effect at once; `ail(WELL)` ends it."""
import os
import random
import threading

from .namespace import run
from .upstream import REFUSED, SERVFAIL, FakeUpstream, Query, answer_with

WELL = "well"
SILENT = "silent"	# receives queries and sends no response: its queries can be counted
KILLED = "killed"	# the port is closed: ICMP and RST
FROZEN = "frozen"	# as SIGSTOP: the kernel accepts packets, the server does not read them
BLACK_HOLED = "black-holed"	# no response, not even an ICMP; needs a Neighbour
SLOW = "slow"
LOSSY = "lossy"
FAILING = "failing"	# SERVFAIL to everything
REFUSING = "refusing"	# REFUSED to everything
GARBLED = "garbled"
ONLY_TCP = "only-tcp"
ONLY_UDP = "only-udp"
ILLNESSES = (KILLED, FROZEN, BLACK_HOLED, SLOW, LOSSY, FAILING, REFUSING, GARBLED, ONLY_TCP, ONLY_UDP)

DELAY = 0.8	# of SLOW, in seconds
LOSS = 0.2	# of LOSSY


class Ailing(FakeUpstream):
    """
    `healthy` gives responses while the server is healthy. `neighbour` is its host if it is to be black-holed; `home` is our address
    there.
    """

    def __init__(self, healthy=None, address="127.0.0.1", port=0, neighbour=None, home=None):
        self.how = WELL
        self.random = random.Random(53)
        self.neighbour, self.home = neighbour, home
        self.healthy = healthy or answer_with()
        super().__init__(self._answer, address, port, namespace=neighbour)

    def ail(self, how):
        """From now on. It returns when the change is made."""
        self.thaw()
        done = threading.Event()
        self.later(0.0001, self._change, how, done)
        assert done.wait(5), f"{self.where} does not become {how}"
        if how == FROZEN:
            self.freeze()

    def _change(self, how, done):
        before, self.how = self.how, how
        if before == KILLED and how != KILLED:
            self._bind(True, True)
        if before == BLACK_HOLED:
            run(*self.neighbour.command("ip", "route", "del", "blackhole", self.home))
        if how == KILLED:
            self._shut()
        if how == BLACK_HOLED:
            run(*self.neighbour.command("ip", "route", "add", "blackhole", self.home))
        done.set()

    def _shut(self):
        for listener in (self.udp, self.tcp, *self._streams):
            self._selector.unregister(listener)
            listener.close()
        self._streams.clear()

    def _answer(self, q):
        how = self.how
        if how == SLOW:
            return q.send(self.healthy(q), delay=DELAY)
        if how == LOSSY and not q.tcp and self.random.random() < LOSS:
            return None
        if how == SILENT:
            return None
        if how == FAILING:
            return q.reply(rcode=SERVFAIL)
        if how == REFUSING:
            return q.reply(rcode=REFUSED)
        if how == GARBLED:
            return self._garbage(q)
        if (how == ONLY_TCP and not q.tcp) or (how == ONLY_UDP and q.tcp):
            return None
        return self.healthy(q)

    def _garbage(self, q):
        """Random bytes, another question, the wrong ID, half a message: in turn."""
        good = self.healthy(q)
        other = Query(self, q.octets[:12] + b"\5other" + q.octets[12:], q.peer, q.connection)
        return (os.urandom(40), other.address("192.0.2.66"), q.address("192.0.2.66", identity=q.id ^ 1),
                good[:len(good) // 2])[len(self.queries) % 4]
