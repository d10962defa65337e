# SPDX-License-Identifier: ISC
"""SIGTERM and SIGINT end it with status 0 within a second, also with queries under way; other signals do no harm."""
import os
import pwd
import signal
import subprocess
import threading
import time

import pytest

from support.client import Client, Stream, addresses, ask, query, rcode
from support.process import BINARY, PLAIN_BINARY, SANITIZER, Process, sanitized, wait_until
from support.split53 import Split53, free_port
from support.upstream import answer_with

# The search of LeakSanitizer through memory comes on top of the program's second.
LIMIT = 6.0 if sanitized() else 1.0


def end(program, number):
    start = time.monotonic()
    program.process.send_signal(number)
    code = program.process.wait(10)
    assert not SANITIZER.search(program.log()), program.log()
    return code, time.monotonic() - start


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_with_0_when_idle(upstream, split53, number):
    program = split53(forwarders=[upstream().where])
    code, seconds = end(program, number)
    assert code == 0 and seconds < LIMIT


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_with_0_while_queries_and_connections_are_under_way(upstream, split53, number):
    server = upstream(lambda q: None)
    program = split53(forwarders=[server.where])
    with Client("127.0.0.1", program.port) as client, Stream(("127.0.0.1", program.port)) as stream, \
            Stream(("127.0.0.1", program.port)) as idle:
        for name in range(50):
            client.send(query(f"under-way-{name}.example.com.").to_wire())
            stream.ask(f"tcp-{name}.example.com.")
        wait_until(lambda: len(server.queries) >= 100, 10, "all are under way")
        code, seconds = end(program, number)
        assert code == 0 and seconds < LIMIT
        assert idle.closed_within(1) is not None


def test_a_response_that_arrives_in_time_is_still_delivered(upstream, split53):
    server = upstream(lambda q: q.send(q.address("10.0.0.1"), delay=0.3))
    program = split53(forwarders=[server.where])
    found = []
    asking = threading.Thread(target=lambda: found.append(addresses(program.ask("last.example.com."))))
    asking.start()
    wait_until(lambda: server.queries, 5, "it is under way")
    code, _ = end(program, signal.SIGTERM)
    asking.join()
    assert code == 0 and found == [["10.0.0.1"]]


def test_a_second_signal_while_it_ends_does_no_harm(upstream, split53):
    server = upstream(lambda q: None)
    program = split53(forwarders=[server.where])
    with Client("127.0.0.1", program.port) as client:
        client.send(query("under-way.example.com.").to_wire())
        wait_until(lambda: server.queries, 5, "it is under way")
        program.process.send_signal(signal.SIGTERM)
        program.process.send_signal(signal.SIGINT)
        program.process.send_signal(signal.SIGHUP)
        assert program.process.wait(10) in (0, -signal.SIGINT)


def test_sigpipe_and_sighup_without_a_file_do_no_harm(upstream, closing, tmp_path):
    port = free_port()
    program = closing(Split53(tmp_path, None, ["--listen", f"127.0.0.1:{port}", "--forwarder", f"127.0.0.1:{upstream().port}"],
                              wait_at=("127.0.0.1", port)))
    for number in (signal.SIGPIPE, signal.SIGHUP, signal.SIGHUP):
        program.process.send_signal(number)
    time.sleep(0.2)
    assert rcode(program.ask("after.example.com.")) == "NOERROR"


def test_in_the_background_it_writes_a_pid_file_for_ending_it(upstream, tmp_path, make_conf):
    port, pid_file = free_port(), tmp_path / "split53.pid"
    conf = tmp_path / "background.conf"
    conf.write_text(make_conf(port, [upstream(answer_with("10.0.0.1")).where]).replace("pid-file none;", f'pid-file "{pid_file}";'))
    with open(tmp_path / "background.log", "wb") as log:
        subprocess.run([BINARY, "-c", str(conf), "-L", str(tmp_path / "own.log")], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                       timeout=20, check=True)
    pid = int(wait_until(lambda: pid_file.exists() and pid_file.read_text().strip(), 5, "the pid file"))
    try:
        assert addresses(ask(("127.0.0.1", port), "daemon.example.com.")) == ["10.0.0.1"]
    finally:
        os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not os.path.exists(f"/proc/{pid}") or _is_zombie(pid), 10, "it ends")
    assert not pid_file.exists()


def _is_zombie(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def test_privileges_are_dropped_after_binding(upstream, closing, tmp_path, make_conf):
    conf = make_conf(53, [upstream(answer_with("10.0.0.1")).where])
    os.chmod(tmp_path, 0o755)
    program = closing(Split53(tmp_path, conf, ["-u", "nobody"], wait_at=("127.0.0.1", 53)))
    with open(f"/proc/{program.process.pid}/status", encoding="ascii") as file:
        status = dict(line.rstrip().split(":\t", 1) for line in file if ":\t" in line)
    nobody = str(pwd.getpwnam("nobody").pw_uid)
    assert set(status["Uid"].split()) == {nobody}
    kept = int(status["CapEff"], 16)
    assert kept & ~(1 << 10) == 0, "CAP_NET_BIND_SERVICE at most"
    assert addresses(program.ask("dropped.example.com.")) == ["10.0.0.1"]


def test_without_sanitizers_it_ends_within_a_second(upstream, tmp_path, make_conf):
    """The same limit of a second, without a sanitizer that takes time."""
    port, server = free_port(), upstream(lambda q: None)
    conf = tmp_path / "plain.conf"
    conf.write_text(make_conf(port, [server.where]))
    process = Process([PLAIN_BINARY or BINARY, "-g", "-c", str(conf)], tmp_path, "plain")

    def answers():
        try:
            return ask(("127.0.0.1", port), "localhost.", timeout=0.2)
        except OSError:
            return None
    wait_until(answers, 10, "it answers")
    with Client("127.0.0.1", port) as client:
        client.send(query("under-way.example.com.").to_wire())
        wait_until(lambda: server.queries, 5, "it is under way")
        start = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0
        assert time.monotonic() - start < (1.0 if PLAIN_BINARY else LIMIT)
