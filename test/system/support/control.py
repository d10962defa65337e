# SPDX-License-Identifier: ISC
"""Both ends of the control channel: split53ctl, BIND's rndc, and messages made by hand."""
import base64
import hashlib
import hmac
import json
import os
import random
import socket
import struct
import subprocess
import time

from .process import BINARY, SANITIZER

CTL = os.path.join(os.path.dirname(BINARY), "split53ctl")
SECRET = base64.b64encode(b"a secret of the tests").decode()
HASHES = {"hmac-sha1": (161, hashlib.sha1), "hmac-sha256": (163, hashlib.sha256), "hmac-sha512": (165, hashlib.sha512)}


class Done:
    """What a program said, and its exit code."""

    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr
        assert not SANITIZER.search(self.err), self.err

    @property
    def said(self):
        return self.out + self.err

    @property
    def json(self):
        return json.loads(self.out)


def run(*words, seconds=30, **more):
    return Done(subprocess.run(words, capture_output=True, text=True, timeout=seconds, check=False, stdin=subprocess.DEVNULL, **more))


def ctl(*words, path=None, seconds=30, prefix=(), **more):
    """split53ctl with the socket `path`."""
    return run(*prefix, CTL, *(("-s", str(path)) if path else ()), *words, seconds=seconds, **more)


def key_text(name="k", algorithm="hmac-sha256", secret=SECRET):
    return f'key "{name}" {{ algorithm {algorithm}; secret "{secret}"; }};\n'


class Rndc:
    """Debian's rndc with a key and a server of its own."""

    def __init__(self, folder, port, name="k", algorithm="hmac-sha256", secret=SECRET, address="127.0.0.1"):
        self.conf = os.path.join(str(folder), f"rndc-{random.getrandbits(32)}.conf")
        with open(self.conf, "w", encoding="ascii") as conf:
            conf.write(key_text(name, algorithm, secret) +
                       f'options {{ default-key "{name}"; default-server {address}; default-port {port}; }};\n')

    def __call__(self, *words):
        return run("rndc", "-c", self.conf, *words)


def entry(key, value, kind=1):
    key, value = key.encode(), value if isinstance(value, bytes) else str(value).encode()
    return bytes([len(key)]) + key + bytes([kind]) + struct.pack(">I", len(value)) + value


def table(key, entries):
    return entry(key, b"".join(entry(name, value) for name, value in entries.items()), 2)


def message(command, control=None, more=None, algorithm=None, secret=SECRET):
    """The octets of a message with their head; signed if there is an algorithm."""
    now = int(time.time())
    numbers = {"_ser": random.getrandbits(32), "_tim": now, "_exp": now + 60}
    numbers.update(control or {})
    body = table("_ctrl", {key: value for key, value in numbers.items() if value is not None})
    body += table("_data", {"type": command, **(more or {})})
    if algorithm:
        number, digest = HASHES[algorithm]
        signature = base64.b64encode(hmac.new(base64.b64decode(secret), body, digest).digest())
        body = table("_auth", {"hsha": bytes([number]) + signature.ljust(88, b"\0")}) + body
    body = struct.pack(">I", 1) + body
    return struct.pack(">I", len(body)) + body


def read_table(octets):
    """A table as a dict, nested ones too."""
    found, at = {}, 0
    while at < len(octets):
        key = octets[at + 1:at + 1 + octets[at]].decode()
        at += 1 + octets[at]
        kind, size = octets[at], struct.unpack(">I", octets[at + 1:at + 5])[0]
        value = octets[at + 5:at + 5 + size]
        found[key] = read_table(value) if kind == 2 else value
        at += 5 + size
    return found


class Session:
    """A connection that sends what it is told to."""

    def __init__(self, where):
        self.socket = socket.socket(socket.AF_UNIX if isinstance(where, str) else socket.AF_INET)
        self.socket.connect(where)	# without a timeout: it would fail at once on a full backlog
        self.socket.settimeout(10)

    def send(self, octets):
        try:
            self.socket.sendall(octets)
        except OSError:
            pass	# the other end has closed: receive() says so

    def receive(self):
        """A reply as a dict, or None: the other end has closed the connection."""
        try:
            octets = self._read(4)
            return read_table(self._read(struct.unpack(">I", octets)[0])[4:]) if octets else None
        except ConnectionError:
            return None

    def _read(self, size):
        octets = b""
        while len(octets) < size:
            piece = self.socket.recv(size - len(octets))
            if not piece:
                return b""
            octets += piece
        return octets

    def ask(self, command, **more):
        self.send(message(command, **more))
        return self.receive()

    def close(self):
        self.socket.close()
