# SPDX-License-Identifier: ISC
"""Memory after a reload is that of the configuration in force: what the one before took goes back to the system."""
import os
import re
import signal

import pytest

from support.process import BINARY, PLAIN_BINARY, Process, patience, sanitized, wait_until
from support.split53 import free_port

PROGRAM = PLAIN_BINARY if PLAIN_BINARY and os.access(PLAIN_BINARY, os.X_OK) else BINARY
ZONES = 20_000
BESIDE_MIB = 4		# what may differ: stacks, buffers, the allocator's rests

pytestmark = pytest.mark.skipif(sanitized(PROGRAM), reason="a sanitizer keeps freed memory; S53_PLAIN_BIN names a plain build")


def zones(count):
    return "".join(f'zone "z{i}.example" {{ type forward; forward only; forwarders {{ 192.0.2.1; }}; }};\n' for i in range(count))


class Server:
    def __init__(self, tmp_path, head):
        self.head, self.conf = head, tmp_path / "large.conf"
        self.process, self.ended = None, 0
        self.tmp_path = tmp_path

    def write(self, text):
        self.conf.write_text(self.head + text)

    def start(self):
        self.process = Process([PROGRAM, "-g", "-n", "2", "-c", str(self.conf)], self.tmp_path, "large")
        self.process.wait_for_log("running", 30 * patience())

    def reload(self, pattern="notice: reloaded"):
        before = len(self.process.log())
        self.process.send_signal(signal.SIGHUP)
        wait_until(lambda: re.search(pattern, self.process.log()[before:]), 30 * patience(), "the reload ends")

    def resident_mib(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            return int(re.search(r"VmRSS:\s+(\d+) kB", file.read()).group(1)) / 1024

    def shrinks_to(self, mib, what):
        """The old configuration goes when the last worker has left it, so in a moment."""
        wait_until(lambda: self.resident_mib() <= mib, 10 * patience(), f"{what}: at most {mib:.1f} MiB")


@pytest.fixture
def server(tmp_path, make_conf):
    made = Server(tmp_path, make_conf(free_port(), ["192.0.2.1"]))
    yield made
    assert made.process.end() == 0, made.process.log()


def test_memory_after_reloads_is_that_of_the_configuration_in_force(server):
    server.write("")
    server.start()
    small = server.resident_mib()
    server.write(zones(ZONES))
    server.reload()
    server.shrinks_to(small + ZONES * 2.5 / 1024, f"2.5 kB for each of {ZONES} zones")
    large = server.resident_mib()
    assert large > small + ZONES / 1024, "the zones are there"
    for number in range(4):
        server.reload()
        server.shrinks_to(large + BESIDE_MIB, f"reload {number}")
    server.write(zones(ZONES) + "not a statement;")
    server.reload("reload failed")
    server.shrinks_to(large + BESIDE_MIB, "a reload that failed")
    server.write("")
    server.reload()
    server.shrinks_to(small + 2 * BESIDE_MIB, "a small configuration in its place")
