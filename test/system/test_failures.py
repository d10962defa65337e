# SPDX-License-Identifier: ISC
"""Errors at the start: one clear message with the place and the way out, exit status 1, and no files left behind."""
import os
import socket
import subprocess
import time

import pytest

from support.healthlog import changes
from support.process import BINARY, SANITIZER
from support.split53 import Split53, free_port, run_once
from support.watch import lost, watching

GOOD = "options {{ listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; pid-file none; forwarders {{ 127.0.0.1 port 1; }}; }};\n"


def failing(tmp_path, text, *arguments, prefix=()):
    conf = tmp_path / "failing.conf"
    conf.write_text(text)
    os.chmod(tmp_path, 0o755)
    done = subprocess.run([*prefix, BINARY, "-g", "-c", str(conf), *arguments], capture_output=True, text=True, timeout=30,
                          stdin=subprocess.DEVNULL, check=False, cwd=str(tmp_path))
    said = done.stdout + done.stderr
    assert not SANITIZER.search(said), said
    assert done.returncode == 1, f"exit code {done.returncode}:\n{said}"
    assert said.strip()
    return said


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
def test_a_port_in_use_is_reported(tmp_path, kind):
    port = free_port()
    with socket.socket(socket.AF_INET, kind) as holder:
        holder.bind(("127.0.0.1", port))
        if kind == socket.SOCK_STREAM:
            holder.listen()
        said = failing(tmp_path, GOOD.format(port=port))
    assert "127.0.0.1" in said and str(port) in said
    assert "in use" in said.lower() or "another program" in said


def test_a_port_that_needs_root_is_reported(tmp_path):
    binary = tmp_path / "split53"
    binary.write_bytes(open(BINARY, "rb").read())
    binary.chmod(0o755)
    conf = tmp_path / "low.conf"
    conf.write_text(GOOD.format(port=53))
    os.chmod(tmp_path, 0o755)
    for folder in tmp_path.parents:
        if str(folder).startswith("/tmp/"):
            os.chmod(folder, os.stat(folder).st_mode | 0o055)
    done = subprocess.run(["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--inh-caps=-all",
                           str(binary), "-g", "-c", str(conf)],
                          capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL, check=False, cwd="/")
    said = done.stdout + done.stderr
    assert done.returncode == 1, said
    assert "127.0.0.1#53" in said and ("root" in said or "ermission" in said)


def test_a_missing_file_is_reported(tmp_path):
    code, out, error = run_once("-g", "-c", str(tmp_path / "nosuch.conf"))
    assert code == 1 and "nosuch.conf" in out + error and "No such file" in out + error


def test_a_directory_in_place_of_a_file_is_reported(tmp_path):
    code, out, error = run_once("-g", "-c", str(tmp_path))
    assert code == 1 and str(tmp_path) in out + error


def test_an_unreadable_file_is_reported(tmp_path):
    conf = tmp_path / "secret.conf"
    conf.write_text(GOOD.format(port=1053))
    conf.chmod(0)
    binary = tmp_path / "split53"
    binary.write_bytes(open(BINARY, "rb").read())
    binary.chmod(0o755)
    for folder in (tmp_path, *tmp_path.parents):
        if str(folder).startswith("/tmp/"):
            os.chmod(folder, os.stat(folder).st_mode | 0o055)
    done = subprocess.run(["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", str(binary), "-g", "-c", str(conf)],
                          capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL, check=False, cwd="/")
    said = done.stdout + done.stderr
    assert done.returncode == 1 and "secret.conf" in said and "ermission denied" in said, said


def test_an_unknown_user_is_reported(tmp_path):
    assert "no-such-user" in failing(tmp_path, GOOD.format(port=free_port()), "-u", "no-such-user")


def test_a_missing_chroot_directory_is_reported(tmp_path):
    said = failing(tmp_path, GOOD.format(port=free_port()), "-t", str(tmp_path / "nowhere"))
    assert "nowhere" in said


def test_every_error_of_a_file_is_reported_with_its_place(tmp_path):
    said = failing(tmp_path, "options {\n\tfowarders { 8.8.8.8; };\n\trecursion maybe;\n\tport 99999;\n};\nzone \"x\" { type forwad; };\n")
    for line in (2, 3, 4, 6):
        assert f"failing.conf:{line}:" in said, said
    assert "forwarders" in said, "the similar word is suggested"


@pytest.mark.parametrize("file,said", [("broken.zone", "broken.zone:4"), ("nosuch.zone", "nosuch.zone")])
def test_check_reports_the_errors_of_a_zone_file(tmp_path, file, said):
    """A start continues with such a zone: test_starting.py."""
    (tmp_path / "broken.zone").write_text("$TTL 60\n@ IN SOA ns host 1 2 3 4 5\n@ IN NS ns\nns IN A 300.1.2.3\n")
    conf = tmp_path / "check.conf"
    conf.write_text(GOOD.format(port=free_port()) + f'zone "corp" {{ type primary; file "{tmp_path}/{file}"; }};\n')
    code, out, error = run_once("--check", str(conf))
    assert code == 1 and said in out + error, out + error


def test_a_missing_include_file_is_reported(tmp_path):
    assert "nosuch.inc" in failing(tmp_path, GOOD.format(port=free_port()) + 'include "nosuch.inc";\n')


def test_a_statement_that_would_change_answers_is_rejected_with_its_reason(tmp_path):
    said = failing(tmp_path, GOOD.format(port=free_port()).replace("pid-file none;", 'response-policy { zone "rpz"; };'))
    assert "response-policy" in said


@pytest.mark.parametrize("clause,path,foreground", [
    ('pid-file "/proc/no/such/place.pid";', "/proc/no/such/place.pid", "-g"),
    ('}; logging { channel c { file "/proc/no/such.log"; }; category default { c; };', "/proc/no/such.log", "-f")],
    ids=["pid-file", "log file"])
def test_an_unwritable_pid_or_log_file_is_reported_and_serving_continues(closing, tmp_path, clause, path, foreground):
    port = free_port()
    conf = GOOD.format(port=port).replace("pid-file none;", "") if "pid-file" in clause else GOOD.format(port=port)
    conf = conf.rstrip()[:-2] + clause + "};\n"
    program = closing(Split53(tmp_path, conf, wait_at=("127.0.0.1", port), foreground=foreground))
    assert path in program.log() and "No such file" in program.log()


@pytest.mark.parametrize("text", ["options { recursion maybe; };", "zone {", 'zone "x" { type nonsense; };', "nonsense;"])
def test_check_reports_the_same_errors_and_exits_with_1(tmp_path, text):
    conf = tmp_path / "check.conf"
    conf.write_text(text)
    code, out, error = run_once("--check", str(conf))
    assert code == 1 and "check.conf:1:" in out + error


def test_check_of_a_good_file_reports_no_error_and_exits_with_0(tmp_path):
    conf = tmp_path / "check.conf"
    conf.write_text(GOOD.format(port=1053))
    code, out, error = run_once("--check", str(conf))
    assert code == 0 and "error" not in (out + error)


@pytest.mark.parametrize("more", ["", "server 127.0.0.0/8 { tcp-only yes; };"], ids=["udp", "tcp"])
@pytest.mark.parametrize("room", [0, 3])
def test_without_descriptors_no_server_is_marked_down_and_no_query_is_lost(upstream, split53, more, room):
    """A resource that this host lacks is not the fault of the servers."""
    slow = [upstream(lambda q: q.send(q.address("10.0.0.1"), delay=0.05), address=f"127.0.0.{number}") for number in range(2, 8)]
    program = split53(forwarders=[server.where for server in slow], options="forwarders-policy random;", extra=more,
                      arguments=["-n", "2"])
    time.sleep(0.2)
    count = len(os.listdir(f"/proc/{program.process.pid}/fd"))
    subprocess.run(["prlimit", f"--pid={program.process.pid}", f"--nofile={count + room}"], check=True)
    with watching(program, every=0.004) as watch:
        time.sleep(3)
    assert not lost(watch.samples)
    assert not [change for change in changes(program.log()) if change.to == "down"], changes(program.log())
    assert {sample.code for sample in watch.samples} <= ({"SERVFAIL"} if room == 0 else {"NOERROR", "SERVFAIL"})
