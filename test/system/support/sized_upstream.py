#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""
A server for load tests: the answer follows from the name alone, so the server has no state and runs as long as needed.

    sized_upstream.py ADDRESS PORT              prints "ready" when it listens there over UDP and TCP

A name begins with a letter and a number of bytes, `a400-...`: the answer has about that size, of address records (a) or of one TXT record
(t), with a TTL of 3600; `a400x9-...` has a TTL of 9. An answer larger than the size of the query is sent empty with TC. `count` has the
number of queries for names that end in `-w...` as the TTL of an address. Other names fail.
"""
import re
import selectors
import socket
import struct
import sys

NAME = re.compile(rb"([at])(\d+)(?:x(\d+))?-(w?)")
ROOM = 1 << 22
working = 0


def address_record(ttl, last):
    return struct.pack("!HHHIH4B", 0xC00C, 1, 1, ttl, 4, 10, 1, last >> 8, last & 255)


ADDRESSES = {}


def body(kind, octets, ttl):
    """(type, count of records, records)"""
    if kind == b"a":
        if ttl not in ADDRESSES:
            ADDRESSES[ttl] = b"".join(address_record(ttl, last) for last in range(4095))
        count = max(1, min(octets // 16, 4090))
        return 1, count, ADDRESSES[ttl][:16 * count]
    full, rest = divmod(min(octets, 65000), 256)
    data = (b"\xff" + b"t" * 255) * full + (bytes([rest - 1]) + b"t" * (rest - 1) if rest else b"")
    return 16, 1, struct.pack("!HHHIH", 0xC00C, 16, 1, ttl, len(data)) + data


def answer(octets, limit):
    global working
    end = 12
    while octets[end]:
        end += 1 + octets[end]
    question = octets[12:end + 5]
    edns = octets[end + 5:]
    if limit is None:
        limit = max(512, int.from_bytes(edns[3:5], "big")) if edns[:3] == b"\0\0\x29" else 512
    opt = b"\0\0\x29\x10\0\0\0\0\0\0\0" if edns[:3] == b"\0\0\x29" else b""
    if question[1:6].lower() == b"count":
        return octets[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + question + address_record(working, 1)
    found = NAME.match(question[1:].lower())
    if found is not None and found.group(4):
        working += 1
    if found is None:
        return octets[:2] + b"\x81\x82\0\1\0\0\0\0\0" + bytes([1 if opt else 0]) + question + opt
    _, count, records = body(found.group(1), int(found.group(2)), int(found.group(3) or 3600))
    if 12 + len(question) + len(records) + len(opt) > limit:
        return octets[:2] + b"\x83\x80\0\1\0\0\0\0\0" + bytes([1 if opt else 0]) + question + opt
    return octets[:2] + b"\x81\x80\0\1" + struct.pack("!HHH", count, 0, 1 if opt else 0) + question + records + opt


def main():
    place = (sys.argv[1], int(sys.argv[2]))
    selector = selectors.DefaultSelector()
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
        udp.setsockopt(socket.SOL_SOCKET, option, ROOM)
    udp.bind(place)
    udp.setblocking(False)
    listener = socket.create_server(place, backlog=256)
    listener.setblocking(False)

    def datagrams():
        for _ in range(64):
            try:
                octets, peer = udp.recvfrom(4096)
                udp.sendto(answer(octets, None), peer)
            except OSError:
                return

    def accept():
        connection, _ = listener.accept()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, ROOM)
        pending = bytearray()

        def readable():
            try:
                octets = connection.recv(65536)
            except OSError:
                octets = b""
            pending.extend(octets)
            try:
                while len(pending) >= 2 and len(pending) >= 2 + int.from_bytes(pending[:2], "big"):
                    length = int.from_bytes(pending[:2], "big")
                    said = answer(bytes(pending[2:2 + length]), 65535)
                    del pending[:2 + length]
                    connection.sendall(struct.pack("!H", len(said)) + said)
            except OSError:
                octets = b""
            if not octets:
                selector.unregister(connection)
                connection.close()
        selector.register(connection, selectors.EVENT_READ, readable)
    selector.register(udp, selectors.EVENT_READ, datagrams)
    selector.register(listener, selectors.EVENT_READ, accept)
    print("ready", flush=True)
    while True:
        for key, _ in selector.select():
            key.data()


if __name__ == "__main__":
    main()
