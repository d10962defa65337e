# SPDX-License-Identifier: ISC
"""
Two workers, and everything that uses the cache at once: hits, misses, responses over TCP, evictions, prefetches, stale answers and
failures, while it is reloaded, resized, dumped, saved and loaded again. In the TSan build this proves that there is no data race; stop()
fails on any report.
"""
import os
import random
import re
import signal
import threading
import time

import pytest

from support.load import Load, SizedUpstream
from support.process import patience, wait_until
from support.split53 import free_port

SECONDS = 14
HOT = 150
LOADS = 4	# each from a port of its own, so that both workers get some


@pytest.fixture
def upstreams(closing, tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    return [closing(SizedUpstream(tmp_path / name)) for name in ("one", "two")]


def texts(make_conf, port, upstreams, folder):
    """The files that are loaded in turn: servers of one zone, the size of the cache and rules change."""
    def text(options, upstream):
        return make_conf(port, [upstreams[0].where], options=f"""directory "{folder}"; dump-file "{folder}/dump.db"; cache-file "{folder}/cache";
            prefetch 10 16; stale-answer-enable yes; stale-answer-client-timeout 200; {options}""",
            extra=f'zone "moving.load.example" {{ type forward; forward only; forwarders {{ {upstream.where}; }}; }};')
    return [text("max-cache-size 2m;", upstreams[0]), text("max-cache-size 2m; max-cache-ttl 30;", upstreams[1]),
            text("max-cache-size 3m;", upstreams[0]), text("max-cache-size 3m; servfail-ttl 5;", upstreams[1])]


def names_of(seed):
    rng = random.Random(seed)

    def names():
        what = rng.random()
        if what < 0.5:	# queried often: prefetched when 10 of its 17 seconds are left
            return f"a100x17-w{rng.randrange(HOT)}".encode(), 1
        if what < 0.6:	# expires soon
            return f"a60x1-{rng.randrange(HOT)}".encode(), 1
        if what < 0.9:	# new: some entry must be evicted
            return f"a{rng.randrange(16, 600)}-{rng.getrandbits(60):x}".encode(), 1
        if what < 0.92:
            return f"t{rng.randrange(4000, 60000)}x3-{rng.randrange(10)}".encode(), 16
        if what < 0.96:
            return f"failing{rng.randrange(20)}".encode(), 1
        return f"a40x5-w{rng.randrange(50)}.moving".encode(), 1
    return names


def disturb(server, files, end):
    """Reload and dump until the end; returns how many of each."""
    number = 0
    while time.monotonic() < end:
        server.write_conf(files[number % len(files)])
        server.process.send_signal(signal.SIGHUP)
        time.sleep(0.15)
        server.process.send_signal(signal.SIGUSR1)
        time.sleep(0.15)
        number += 1
    return number


def run_load(port, seconds, meanwhile):
    loads = [Load(("127.0.0.1", port), names_of(seed), tcp_every=7) for seed in range(LOADS)]
    threads = [threading.Thread(target=load.run, args=(seconds,)) for load in loads]
    for thread in threads:
        thread.start()
    try:
        meanwhile()
    finally:
        for thread in threads:
            thread.join()
        for load in loads:
            load.close()
    return loads


def test_all_cache_operations_at_once_cause_no_sanitizer_report_and_lose_no_query(split53, upstreams, tmp_path, make_conf):
    port = free_port()
    files = texts(make_conf, port, upstreams, tmp_path)
    server = split53(conf=files[0], port=port, arguments=["-n", "2"])
    loads = run_load(port, SECONDS, lambda: disturb(server, files, time.monotonic() + SECONDS))
    for load in loads:
        print(f"{load.asked} sent, {load.lost} lost, {load.codes}")
        assert load.asked > 500 and load.lost <= load.asked / 200
        assert set(load.codes) == {0, 2}, "the failing names fail"
    log = server.log()
    assert len(re.findall(r"reloaded", log)) > 10 and "reload failed" not in log, log
    wait_until(lambda: "dumpdb complete" in server.log(), 20 * patience(), "a dump is complete")
    assert os.path.getsize(tmp_path / "dump.db") > 100000
    assert upstreams[0].working() > HOT, "hot names are queried again"
    assert upstreams[1].working() > 0, "the zone moves"
    server.stop()	# stop() searches for sanitizer reports
    assert os.path.getsize(tmp_path / "cache") > 100000

    again = split53(conf=files[2], port=port, arguments=["-n", "2"], name="again")
    run_load(port, 2, lambda: disturb(again, files, time.monotonic() + 1))
    wait_until(lambda: "reloaded" in again.log(), 5 * patience(), "it reloads")
