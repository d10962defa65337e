# SPDX-License-Identifier: ISC
"""Names from which the right answer follows, so that a client can check it."""
import socket

from .upstream import A

SOA = "known.example. 3600 IN SOA ns.known.example. host.known.example. 1 3600 600 86400 3600"


def name_of(number):
    """One in ten does not exist."""
    return f"{'no' if number % 10 == 9 else 'n'}{number}.known.example."


def address_of(number):
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def number_of(name):
    return int("".join(filter(str.isdigit, name.split(".")[0])))


def answer(ttl=3600):
    """An answer function for FakeUpstream."""
    def reply(q):
        if q.name.startswith("no"):
            return q.reply(rcode=3, authority=[SOA])
        if q.qtype != A:
            return q.reply(authority=[SOA])
        return q.reply((A, ttl, socket.inet_aton(address_of(number_of(q.name)))), aa=True)
    return reply


def is_right(octets, number):
    """Whether this reply is the answer to `name_of(number)`, type A."""
    name = b"".join(bytes([len(label)]) + label for label in name_of(number).encode().split(b"."))
    if octets[12:12 + len(name) + 4] != name + b"\0\1\0\1":
        return False
    code, count = octets[3] & 15, int.from_bytes(octets[6:8], "big")
    if number % 10 == 9:
        return code == 3 and count == 0
    return code == 0 and count == 1 and socket.inet_aton(address_of(number)) in octets[12 + len(name) + 4:]
