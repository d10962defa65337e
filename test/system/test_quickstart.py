# SPDX-License-Identifier: ISC
"""./quickstart as a new user runs it: what it serves, what it prints, which port it uses. Packages and build/ are there already."""
import os
import re
import signal
import socket
import subprocess

import pytest

from support.client import addresses, ask
from support.process import Process, wait_until
from support.split53 import free_port
from support.upstream import FakeUpstream, answer_with
from support.world import HERE

QUICKSTART = os.path.join(HERE, "..", "..", "quickstart")


@pytest.fixture
def quickstart(tmp_path):
    """Start it; it must end with status 0 on Ctrl-C."""
    started = []

    def start(*arguments, **environment):
        process = Process([QUICKSTART, *arguments], tmp_path, f"quickstart{len(started)}", environment)
        started.append(process)
        process.wait_for_log(r"\brunning\n", 200)
        return process
    yield start
    for process in started:
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0, process.log()


def lines_to_try(process):
    """The dig lines that it printed, as lists of words."""
    return re.findall(r"^quickstart: +dig (.*)$", process.log(), re.M)


def test_without_a_consul_it_serves_the_demonstration_zone_on_port_53_and_each_line_it_prints_works(quickstart):
    process = quickstart()
    assert "demonstration zone" in process.log()
    lines = lines_to_try(process)
    assert len(lines) >= 3 and all("-p" not in line for line in lines)
    for line in lines:
        for server in ("@127.0.0.1", "@::1"):
            words = line.replace("@127.0.0.1", server).split()
            said = subprocess.run(["dig", "+short", "+tries=1", *words], capture_output=True, text=True, timeout=20, check=True).stdout
            assert said.strip(), line


@pytest.mark.parametrize("holder", ["udp 127.0.0.1", "tcp 127.0.0.1", "udp 0.0.0.0", "udp ::", "tcp ::1"])
def test_when_port_53_is_in_use_it_reports_that_and_serves_on_5300(quickstart, holder):
    kind, address = holder.split()
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM) as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind((address, 53))
        if kind == "tcp":
            other.listen()
        process = quickstart()
        assert "port 53 is in use" in process.log()
        assert all("-p 5300" in line for line in lines_to_try(process))
        assert addresses(ask(("127.0.0.1", 5300), "galeradb.service.consul."))


def test_a_program_on_another_address_of_port_53_does_not_matter(quickstart):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.53", 53))
        quickstart()
        assert addresses(ask(("127.0.0.1", 53), "galeradb.service.consul."))


def test_the_port_may_be_set_by_argument_or_environment(quickstart):
    first, second = free_port(), free_port()
    quickstart(str(first))
    quickstart(PORT=str(second))
    for port in (first, second):
        assert addresses(ask(("127.0.0.1", port), "galeradb.service.consul."))


def test_with_a_consul_it_forwards_to_it(quickstart, closing):
    closing(FakeUpstream(answer_with("10.9.8.7"), port=8600))
    process = quickstart()
    assert "a Consul agent responds" in process.log()
    assert addresses(ask(("127.0.0.1", 53), "web.service.consul.")) == ["10.9.8.7"]
    wait_until(lambda: addresses(ask(("::1", 53), "db.service.consul.")) == ["10.9.8.7"], 5, "IPv6 answers too")


def test_an_invalid_port_is_rejected(tmp_path):
    done = subprocess.run([QUICKSTART, "dns"], capture_output=True, text=True, timeout=20, check=False, cwd=str(tmp_path))
    assert done.returncode == 1 and "dns" in done.stderr
