# SPDX-License-Identifier: ISC
"""A forwarder that modifies queries as a test needs it."""
import socket
import threading


class Relay:
    """
    Forwards datagrams to a server and the responses back, each from a socket of its own (at `source`). `change` maps a query to the
    forwarded one. The response has the letter case of the query.
    """

    def __init__(self, port, place, change=bytes, address="127.0.0.1", source="127.0.0.1"):
        self.place, self.change, self.source, self.count = place, change, source, 0
        self.where = f"{address} port {port}"
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, port))
        self._socket.settimeout(0.1)
        self._stopping = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._stopping:
            try:
                octets, peer = self._socket.recvfrom(65535)
            except socket.timeout:
                continue
            self.count += 1
            threading.Thread(target=self._pass_on, args=(octets, peer), daemon=True).start()

    def _pass_on(self, octets, peer):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as onward:
            onward.bind((self.source, 0))
            onward.settimeout(6)
            onward.connect(self.place)
            try:
                onward.send(self.change(octets))
                reply, end = onward.recv(65535), name_end(octets)
                self._socket.sendto(reply[:12] + octets[12:end] + reply[end:], peer)
            except OSError:
                pass

    def close(self):
        self._stopping = True
        self._thread.join()
        self._socket.close()


def name_end(octets):
    """The offset after the name of the question."""
    at = 12
    while octets[at]:
        at += 1 + octets[at]
    return at + 1


def in_lower_case(octets):
    """A query as it is forwarded without keeping the letter case."""
    end = name_end(octets)
    return octets[:12] + octets[12:end].lower() + octets[end:]


def without_ad(octets):
    """A query without AD and in lower case."""
    octets = in_lower_case(octets)
    return octets[:3] + bytes([octets[3] & ~0x20]) + octets[4:]


def without_edns(octets):
    """A query without OPT and in lower case: another key than the query under way."""
    octets = in_lower_case(octets)
    return octets[:10] + b"\0\0" + octets[12:name_end(octets) + 4]
