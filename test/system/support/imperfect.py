# SPDX-License-Identifier: ISC
"""
Imperfect servers, one class per kind: faults that occur in the field between a forwarder and the answer. Each knows the right answer to
names of the form N.anything (an address that follows from the number N) and gives it in its own way.

A server is a new object for each program that queries it, since several of them have state.
"""
import random
import socket
import struct

from .upstream import A, FORMERR, NOTIMP, NXDOMAIN, REFUSED, SERVFAIL, FakeUpstream

BADVERS = 16
SOA = ". 60 IN SOA ns.invalid. hostmaster.invalid. 1 3600 600 86400 60"
SET = 60	# addresses of a large answer: about a kilobyte


def number_of(q):
    first = q.labels[0]
    return int(first) if first.isdigit() else 0


def right_address(number):
    return f"10.53.{number >> 8 & 255}.{number & 255}"


def good(q, **more):
    """The right answer; NODATA for other types than addresses."""
    if q.qtype != A:
        return q.reply(authority=[SOA], **more)
    return q.reply((A, 60, socket.inet_aton(right_address(number_of(q)))), **more)


SMALL_PLACE = "127.0.0.2"   # the programs are configured to offer 512 bytes here


def large(q, count=SET, **more):
    """The right address among `count` others of the kind."""
    number = number_of(q)
    return q.reply(*((A, 60, socket.inet_aton(right_address(number + place))) for place in range(count)), **more)


def lowered(octets, q):
    """A reply with its question in lower case."""
    return octets[:12] + octets[12:q.question_end - 4].lower() + octets[q.question_end - 4:]


def close_stream(connection):
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:	# the other side was first
        pass


def has_mixed_case(q):
    return q.spelling != q.spelling.lower()


class Imperfect(FakeUpstream):
    """
    `share`: of the names that split53 must answer right; `within`: seconds, for the worst of them (or for its error reply); `over_tcp`:
    the client uses TCP. `beside` is a second server.
    """
    what = ""	# for the table
    share, within, over_tcp = 1.0, 3.0, False
    beside = None
    tcp_too = True
    place = "127.0.0.1"

    def __init__(self):
        self.random = random.Random(53)
        super().__init__(self._answer, address=self.place, tcp=self.tcp_too)

    def _answer(self, q):
        return self.over_stream(q) if q.tcp else self.datagram(q)

    def datagram(self, q):
        return good(q)

    def over_stream(self, q):
        return good(q)

    def shut(self, q):
        """Close the connection of the query once the response has been sent."""
        self.later(0.001, close_stream, q.connection)


class Plain(Imperfect):
    what = "none: for comparison"


class CutInARecord(Imperfect):
    what = "TC, cut in the middle of a record"

    def datagram(self, q):
        return large(q, tc=True, edns=False)[:200]


class BareTruncation(Imperfect):
    what = "TC, a header without a question"

    def datagram(self, q):
        return q.reply(tc=True, question=b"", edns=False)


class TrailingOctets(Imperfect):
    what = "bytes behind the message"

    def datagram(self, q):
        return good(q) + b"\0" * 9


class GarbageOverTcp(Imperfect):
    what = "TC; garbage over TCP, always"
    share, within = 0.0, 2.5

    def datagram(self, q):
        return q.reply(tc=True)

    def over_stream(self, q):
        return b"HTTP/1.1 400 Bad Request\r\n\r\n"


class OneQueryAConnection(Imperfect):
    what = "TC; closes TCP after one answer"

    def datagram(self, q):
        return q.reply(tc=True)

    def over_stream(self, q):
        self.shut(q)
        return good(q)


class DropsPipelined(Imperfect):
    what = "TC; one answer for each TCP connection, then silence"

    def __init__(self):
        self.answered = set()
        super().__init__()

    def datagram(self, q):
        return q.reply(tc=True)

    def over_stream(self, q):
        if q.connection in self.answered:
            return None
        self.answered.add(q.connection)
        return good(q)


class DropsEdns(Imperfect):
    what = "drops queries with EDNS"

    def _answer(self, q):
        return None if q.edns_size is not None else good(q)


class RefusesEdns(Imperfect):
    what = "FORMERR to EDNS"

    def _answer(self, q):
        return good(q) if q.edns_size is None else q.reply(rcode=FORMERR, edns=False)


class RefusesEdnsWithAHeader(Imperfect):
    what = "FORMERR to EDNS, a header without a question"

    def _answer(self, q):
        return good(q) if q.edns_size is None else q.reply(rcode=FORMERR, edns=False, question=b"")


class NotImplementsEdns(Imperfect):
    what = "NOTIMP to EDNS"

    def _answer(self, q):
        return good(q) if q.edns_size is None else q.reply(rcode=NOTIMP, edns=False)


class BadVersion(Imperfect):
    what = "BADVERS to EDNS"

    def _answer(self, q):
        return good(q) if q.edns_size is None else q.reply(rcode=BADVERS)


class LosesLargeDatagrams(Imperfect):
    what = "answers over 512 bytes get lost over UDP"

    def datagram(self, q):
        answer = large(q)
        return q.reply(tc=True) if len(answer) > (q.edns_size or 512) else None

    def over_stream(self, q):
        return large(q)


class LowersCase(Imperfect):
    what = "lowers the letter case of the question"

    def _answer(self, q):
        return lowered(good(q), q)


class LowersCaseWithoutTcp(LowersCase):
    what = "lowers the letter case, TCP refused"
    tcp_too = False


class CaseSensitive(Imperfect):
    what = "NXDOMAIN to other letter case than its own"

    def _answer(self, q):
        return q.reply(rcode=NXDOMAIN, authority=[SOA]) if has_mixed_case(q) else good(q)


class DropsAd(Imperfect):
    what = "drops queries with AD"

    def _answer(self, q):
        return None if q.ad else good(q)


class RefusesAd(Imperfect):
    what = "FORMERR to AD"

    def _answer(self, q):
        return q.reply(rcode=FORMERR) if q.ad else good(q)


class CutsInSilence(Imperfect):
    """Like a server on another host, this one is offered less than 65,507 bytes: SMALL_PLACE."""
    what = "cuts to 512 bytes without TC (asked over TCP)"
    over_tcp = True
    place = SMALL_PLACE

    def datagram(self, q):
        return large(q, 29, edns=False)

    def over_stream(self, q):
        return large(q)


class Pauses(Imperfect):
    what = "stops for 3 s, then answers what came"
    within = 5.0

    def __init__(self):
        self.thaws_at = None
        super().__init__()

    def _answer(self, q):
        if number_of(q) and self.thaws_at is None:
            self.thaws_at = q.at + 3
        return q.send(good(q), delay=max(0.0, (self.thaws_at or 0) - q.at))


class OneServfail(Imperfect):
    what = "SERVFAIL to the first query for each name"

    def __init__(self):
        self.failed = set()
        super().__init__()

    def _answer(self, q):
        if number_of(q) and q.name not in self.failed:
            self.failed.add(q.name)
            return q.reply(rcode=SERVFAIL)
        return good(q)


class Refuses(Imperfect):
    what = "REFUSED to all; a good server beside it"
    beside = Plain

    def _answer(self, q):
        return q.reply(rcode=REFUSED)


class Slow(Imperfect):
    what = "answers after 0.9 s"

    def _answer(self, q):
        return q.send(good(q), delay=0.9)


class Loses(Imperfect):
    what = "loses every third datagram"

    def datagram(self, q):
        return None if len(self.queries) % 3 == 1 else good(q)


class WrongIdFirst(Imperfect):
    what = "a reply with another ID before the right one"

    def datagram(self, q):
        return [q.address("192.0.2.66", identity=q.id ^ 1), good(q)]


class OtherQuestionFirst(Imperfect):
    what = "a reply to another query before the right one"

    def datagram(self, q):
        return [q.address("192.0.2.66", question=b"\5other\7example\0\0\1\0\1"), good(q)]


class Repeats(Imperfect):
    what = "sends each response three times"

    def datagram(self, q):
        return [good(q)] * 3


class TcpAlone(Imperfect):
    what = "does not respond over UDP"
    within = 5.5

    def datagram(self, q):
        return None


class Stutters(Imperfect):
    what = "TC; TCP byte by byte"

    def datagram(self, q):
        return q.reply(tc=True)

    def over_stream(self, q):
        octets = good(q)
        for octet in struct.pack("!H", len(octets)) + octets:
            q.connection.sendall(bytes([octet]))


KINDS = [Plain, CutInARecord, BareTruncation, TrailingOctets, GarbageOverTcp, OneQueryAConnection, DropsPipelined, DropsEdns, RefusesEdns,
         RefusesEdnsWithAHeader, NotImplementsEdns, BadVersion, LosesLargeDatagrams, LowersCase, LowersCaseWithoutTcp, CaseSensitive, DropsAd,
         RefusesAd, CutsInSilence, Pauses, OneServfail, Refuses, Slow, Loses, WrongIdFirst, OtherQuestionFirst, Repeats, TcpAlone, Stutters]
