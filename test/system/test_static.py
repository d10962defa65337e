# SPDX-License-Identifier: ISC
"""The program as -DS53_STATIC=ON makes it: needs no shared library, checks a file and answers a query. The build stays in the tree's
folder, so that only the first run takes long."""
import os
import subprocess

import pytest

from support.client import addresses, ask
from support.process import BINARY, Process
from support.split53 import free_port

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ZONE = "$TTL 60\n@ SOA ns h 1 60 60 60 60\n@ NS ns\nns A 192.0.2.1\n"


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def program():
    folder = os.path.join(os.path.dirname(BINARY), "static-pie")
    run("cmake", "-S", SOURCE, "-B", folder, "-G", "Ninja", "-DS53_STATIC=ON", "-DS53_WERROR=ON", "-DCMAKE_BUILD_TYPE=Release")
    run("cmake", "--build", folder, "--parallel", str(os.cpu_count()), "--target", "split53")
    return os.path.join(folder, "split53")


@pytest.fixture
def conf(tmp_path):
    port = free_port()
    (tmp_path / "zone.db").write_text(ZONE)
    path = tmp_path / "named.conf"
    path.write_text(f'options {{ directory "{tmp_path}"; listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; '
                    'forwarders { 192.0.2.53; }; };\nzone "static.example" { type primary; file "zone.db"; };\n')
    return path, port


def test_the_static_program_needs_no_shared_library(program):
    said = run("readelf", "--wide", "--dynamic", "--program-headers", program)
    assert "NEEDED" not in said and "INTERP" not in said, said
    assert "DYN" in run("readelf", "--file-header", program)	# position-independent


def test_the_static_program_checks_a_file_and_answers(program, conf, tmp_path):
    path, port = conf
    run(program, "--check", str(path))
    process = Process([program, "-g", "-n", "1", "-c", str(path)], tmp_path, "static")
    process.wait_for_log("running")
    assert addresses(ask(("127.0.0.1", port), "ns.static.example.")) == ["192.0.2.1"]
    assert process.end() == 0, process.log()
