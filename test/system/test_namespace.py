# SPDX-License-Identifier: ISC
"""As the nameserver of resolv.conf, without any configuration: real stub resolvers find names of both halves."""
import os
import subprocess
import sys

import pytest

from support import world
from support.dig import dig
from support.split53 import Split53

NAMES = {
    "web.service.consul": ["10.1.0.1", "10.1.0.2", "10.1.0.3"],
    "six.service.consul": ["2001:db8::6"],
    "external.service.consul": ["198.51.100.80", "198.51.100.81", "2001:db8::80"],
    "www.example.com": ["198.51.100.80", "198.51.100.81", "2001:db8::80"],
    "alias.example.com": ["198.51.100.80", "198.51.100.81", "2001:db8::80"],
    "inward.example.com": ["10.1.0.1", "10.1.0.2", "10.1.0.3"],
}
MISSING = ["nosuch.service.consul", "nosuch.example.com"]
GETADDRINFO = """
import socket, sys
print("\\n".join(sorted({info[4][0] for info in socket.getaddrinfo(sys.argv[1], None)})))
"""


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    work = tmp_path_factory.mktemp("machine")
    world.lay_files(work)
    os.remove("/etc/named.conf")
    with open("/etc/nsswitch.conf", "w", encoding="utf-8") as file:
        file.write("hosts: files dns\n")
    world.write_resolv_conf("nameserver 127.0.0.1\n")
    recursor, consul = world.start_recursor(work), world.start_consul(work)
    consul.wait_for("many.service.consul")
    split53 = Split53(work, wait_at=("127.0.0.1", 53))
    yield work
    split53.stop()
    consul.close()
    recursor.close()


def lines(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    return done.returncode, done.stdout.split("\n"), done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_getaddrinfo_of_glibc_resolves_both_halves(machine, name):
    code, said, error = lines(sys.executable, "-c", GETADDRINFO, name)
    assert code == 0, error
    assert sorted(filter(None, said)) == sorted(NAMES[name])


@pytest.mark.parametrize("name", NAMES)
def test_getent_ahosts_resolves_both_halves(machine, name):
    code, said, error = lines("getent", "ahosts", name)
    assert code == 0, error
    assert sorted({line.split()[0] for line in said if line}) == sorted(NAMES[name])


@pytest.mark.parametrize("name", NAMES)
def test_dig_with_resolv_conf_resolves_both_halves(machine, name):
    found = dig(name, "A").answer | dig(name, "AAAA").answer
    assert sorted(data for _, _, kind, data in found if kind != "CNAME") == sorted(NAMES[name])


@pytest.mark.parametrize("name", NAMES)
def test_busybox_nslookup_resolves_both_halves(machine, name):
    _, said, error = lines("busybox", "nslookup", name)
    found = {line.split()[-1] for line in said if line.startswith("Address") and ":53" not in line}
    assert found == set(NAMES[name]), (said, error)


@pytest.fixture(scope="module")
def musl_client(machine):
    program = str(machine / "resolve")
    subprocess.run(["musl-gcc", "-static", "-O1", "-o", program, os.path.join(world.HERE, "clients", "resolve.c")], check=True)
    return program


@pytest.mark.parametrize("name", NAMES)
def test_a_static_musl_program_resolves_both_halves(machine, musl_client, name):
    code, said, error = lines(musl_client, name)
    assert code == 0, error
    assert sorted(filter(None, said)) == sorted(NAMES[name])


@pytest.mark.parametrize("name", MISSING)
def test_a_missing_name_is_missing_for_every_client(machine, musl_client, name):
    assert lines(sys.executable, "-c", GETADDRINFO, name)[0] == 1
    assert lines("getent", "ahosts", name)[0] == 2
    assert lines(musl_client, name)[0] == 1
    assert dig(name, "A").status == "NXDOMAIN"
