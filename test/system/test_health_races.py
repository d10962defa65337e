# SPDX-License-Identifier: ISC
"""
Two workers under load while servers fail and recover at random, the configuration is reloaded and the state is dumped: everything that
changes a server's record at once. In the TSan build this proves that there is no data race; stop() fails on any report.
"""
import random
import signal
import threading
import time

from support.ailing import FAILING, FROZEN, GARBLED, KILLED, LOSSY, ONLY_TCP, ONLY_UDP, REFUSING, SILENT, SLOW, WELL, Ailing
from support.healthlog import changes
from support.load import Load
from support.process import patience, wait_until
from support.split53 import free_port
from support.upstream import FakeUpstream, answer_with

SECONDS = 15
LOADS = 4	# each from a port of its own, so that both workers get some
HOWS = (WELL, WELL, WELL, KILLED, KILLED, FROZEN, SILENT, SLOW, LOSSY, FAILING, REFUSING, GARBLED, ONLY_TCP, ONLY_UDP)


class GentleLoad(Load):
    """The servers are Python: a few queries in flight are many."""
    WINDOW, PATIENCE = 6, 12


def names_of(seed):
    rng = random.Random(seed)

    def names():
        zone = (b".alone", b".paired", b".raced", b".tiered")[rng.randrange(4)]
        if rng.random() < 0.3:	# queried often: stale answers, joins
            return b"h%d%s" % (rng.randrange(20), zone), 1
        return b"n%x%s" % (rng.getrandbits(60), zone), 1
    return names


def texts(make_conf, port, ailing, good, folder):
    """The files that are loaded in turn: policies, health checks and quotas change; all servers but one stay."""
    def text(policy, checks, more):
        zones = {"alone": [ailing[0].where], "paired": [ailing[1].where, good.where],
                 "raced": [ailing[1].where, ailing[2].where, good.where],
                 "tiered": [f"{ailing[2].where} tier 1", f"{ailing[3].where} tier 1", f"{good.where} tier 2"]}
        stanzas = "".join(
            f'zone "{name}.load.example" {{ type forward; forward only; forwarders {{ {" ".join(where + ";" for where in places)} }};'
            f' forwarders-policy {"race" if name == "raced" else policy}; {checks} }};\n' for name, places in zones.items())
        return make_conf(port, [good.where], options=f"""directory "{folder}"; dump-file "{folder}/dump.db"; {more}
            stale-answer-enable yes; stale-answer-client-timeout 200; max-cache-size 2m;""", extra=stanzas)
    return [text("fastest", "", ""), text("ordered", "health-check { interval 1 5; timeout 300; rise 1; fall 2; };", "fetches-per-server 500;"),
            text("round-robin", "health-check { mode always; interval 1; };", "fetches-per-zone 1000 fail;"),
            text("least-outstanding", "health-check { mode never; };", "clients-per-query 50; max-clients-per-query 100;"),
            text("random", "", "")]


def test_failures_reloads_and_dumps_at_once_cause_no_sanitizer_report_and_lose_no_query(split53, closing, tmp_path, make_conf):
    rng = random.Random(53)
    good = closing(FakeUpstream(answer_with("10.0.0.9", ttl=1)))
    ailing = [closing(Ailing(answer_with(f"10.0.0.{number}", ttl=1), address=f"127.0.10.{number}")) for number in range(1, 5)]
    port = free_port()
    files = texts(make_conf, port, ailing, good, tmp_path)
    server = split53(conf=files[0], port=port, arguments=["-n", "2"])
    end = time.monotonic() + SECONDS
    loads = [GentleLoad(("127.0.0.1", port), names_of(seed), tcp_every=9) for seed in range(LOADS)]
    threads = [threading.Thread(target=load.run, args=(SECONDS,)) for load in loads]
    for thread in threads:
        thread.start()
    number = 0
    try:
        while time.monotonic() < end:
            for one in ailing:
                if rng.random() < 0.3:
                    one.ail(rng.choice(HOWS))
            if number % 2:
                server.write_conf(files[number // 2 % len(files)])
                server.reload()
            if number % 3 == 0:
                server.process.send_signal(signal.SIGUSR1)
            time.sleep(0.25)
            number += 1
        for one in ailing:
            one.ail(WELL)
    finally:
        for thread in threads:
            thread.join()
        for load in loads:
            load.close()
    for load in loads:
        print(f"{load.asked} sent, {load.lost} lost, {load.codes}")
        assert load.asked > 100 and load.lost == 0
        assert set(load.codes) <= {0, 2} and load.codes[0] > 50
    log = server.log()
    assert log.count("reloaded") > 10 and "reload failed" not in log, log
    assert {change.to for change in changes(log)} >= {"up", "down"}
    wait_until(lambda: "dumpdb complete" in server.log(), 20 * patience(), "a dump is complete")
    server.stop()	# stop() searches for sanitizer reports
