# SPDX-License-Identifier: ISC
"""
max-cache-size bounds the memory of the process, whatever the queries are; and names that are queried once do not evict those that are
queried again and again.

S53_MEMORY_SECONDS=1200 watches the memory for twenty minutes instead of ten seconds.
"""
import itertools
import os
import random
import re
import time

import pytest

from support.load import Load, SizedUpstream
from support.process import BINARY, PLAIN_BINARY, Process, sanitized
from support.split53 import free_port

PROGRAM = PLAIN_BINARY if PLAIN_BINARY and os.access(PLAIN_BINARY, os.X_OK) else BINARY
SECONDS = float(os.environ.get("S53_MEMORY_SECONDS", "10"))
SIZE_MIB = 32
WORKING = 300
BESIDE_MIB = 8		# the program, its two workers, their buffers and the queries in flight


@pytest.fixture
def start(tmp_path, make_conf):
    """The program as users install it: (process, port)."""
    processes = []

    def go(options, upstream):
        port = free_port()
        conf = tmp_path / "memory.conf"
        conf.write_text(make_conf(port, [upstream.where], options=options))
        processes.append(Process([PROGRAM, "-g", "-n", "2", "-c", str(conf)], tmp_path, "memory"))
        processes[0].wait_for_log("running")
        return processes[0], port
    yield go
    for process in processes:
        assert process.end() == 0, process.log()


def resident_mib(pid, which):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(re.search(rf"^{which}:\s+(\d+) kB", file.read(), re.M).group(1)) / 1024


def all_sizes(rng):
    """Mostly new ones: from one record to 64 KiB, as many of each magnitude."""
    def names():
        kind = rng.choice("at")
        return f"{kind}{int(2 ** rng.uniform(4, 16))}-{rng.getrandbits(64):x}".encode(), 1 if kind == "a" else 16
    return names


def test_the_process_stays_within_max_cache_size_and_a_constant(start, closing, tmp_path):
    upstream = closing(SizedUpstream(tmp_path))
    process, port = start(f"max-cache-size {SIZE_MIB}m;", upstream)
    load = closing(Load(("127.0.0.1", port), all_sizes(random.Random(53)), tcp_every=10))
    empty = resident_mib(process.pid, "VmRSS")
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        load.run(seconds=min(10, SECONDS))
        print(f"{load.asked} sent, {load.lost} lost, {load.codes}: {resident_mib(process.pid, 'VmRSS'):.1f} MiB resident")
    most = resident_mib(process.pid, "VmHWM")
    print(f"resident: {empty:.1f} MiB empty, {most:.1f} MiB at most")
    assert load.lost <= load.asked / 100 and load.codes.get(0, 0) >= 0.99 * load.answered, (load.asked, load.lost, load.codes)
    if sanitized(PROGRAM):
        return
    assert most > SIZE_MIB * 0.9, "the load filled the cache"
    assert most < SIZE_MIB + BESIDE_MIB


def test_a_flood_of_names_that_are_queried_once_does_not_evict_a_working_set(start, closing, tmp_path):
    """20 new names for each name of the working set, which is queried again only after three times the capacity of the cache was stored."""
    upstream = closing(SizedUpstream(tmp_path))
    _, port = start("max-cache-size 2m;", upstream)
    numbers = itertools.count()

    def names():
        number = next(numbers)
        if number % 21 == 0:
            return f"a1000-w{number // 21 % WORKING}".encode(), 1
        return f"a1000-{number}".encode(), 1
    load = closing(Load(("127.0.0.1", port), names))
    shares = []
    for _ in range(5):
        before = upstream.working()
        load.run(count=21 * WORKING)
        shares.append(1 - (upstream.working() - before) / WORKING)
    print(f"hits of the working set, round by round: {shares}")
    assert load.lost == 0 and load.codes == {0: load.asked}, (load.lost, load.codes)
    assert shares[0] == 0 and min(shares[3:]) > 0.9
