# SPDX-License-Identifier: ISC
"""
--check and --explain for the configurations that must load unchanged: the production file, the stock trees of Debian and of RHEL, the
stanzas of HashiCorp's documentation; and for a file with all options of split53 about upstreams. Each is at its own path; the output is
compared with test/golden/explain/NAME.txt.

S53_GOLDEN_WRITE=1 rewrites those files: read the difference before committing it.
"""
import difflib
import os
import re
import shutil
import subprocess

import pytest

from support import namespace
from support.process import BINARY, SANITIZER
from support.world import HERE

GOLDEN = os.path.join(os.path.dirname(HERE), "golden")
MAIN = {"debian": "/etc/bind/named.conf"}
NAMES = ["production", "debian", "rhel7", "rhel8", "rhel9", "hashicorp", "upstreams"]
QUESTIONS = [["web.service.consul", "127.0.0.1"], ["www.example.com", "127.0.0.1"], ["www.example.com", "198.51.100.7"],
             ["localhost"], ["4.3.2.10.in-addr.arpa", "127.0.0.1"], ["Consul"]]

# The zone files that RHEL's bind package installs in /var/named, for its stock zones.
SOA = "$TTL 1D\n@\tIN SOA\t@ rname.invalid. (\n\t0\t; serial\n\t1D\t; refresh\n\t1H\t; retry\n\t1W\t; expire\n\t3H )\t; minimum\n"
RHEL_ZONES = {"named.localhost": SOA + "\tNS\t@\n\tA\t127.0.0.1\n\tAAAA\t::1\n",
              "named.loopback": SOA + "\tNS\t@\n\tA\t127.0.0.1\n\tAAAA\t::1\n\tPTR\tlocalhost.\n",
              "named.empty": SOA + "\tNS\t@\n\tA\t127.0.0.1\n\tAAAA\t::1\n"}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A private /etc and /var."""
    namespace.private_folder("/etc", str(tmp_path_factory.mktemp("folders")))
    namespace.empty_folder("/var")
    os.makedirs("/var/named")
    for name, text in RHEL_ZONES.items():
        with open(os.path.join("/var/named", name), "w", encoding="utf-8") as file:
            file.write(text)
    with open("/etc/resolv.conf", "w", encoding="utf-8") as file:
        file.write("nameserver 192.0.2.53\n")


def transcript(arguments):
    """The command as a user types it, its output (both streams in order), its exit code."""
    done = subprocess.run([BINARY, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
                          check=False, cwd="/")
    said = re.sub(r"workers \d+, one", "workers N, one", done.stdout.decode("utf-8", "replace"))	# as on the machine
    assert not SANITIZER.search(said), said
    return done.returncode, f"$ split53 {' '.join(arguments)}\n{said}(exit {done.returncode})\n\n"


@pytest.mark.parametrize("name", NAMES)
def test_the_output_for_a_configuration_that_loads_unchanged_is_as_expected(folders, name):
    for left in ("/etc/named", "/etc/bind"):
        shutil.rmtree(left, ignore_errors=True)
    shutil.copytree(os.path.join(GOLDEN, "conf", name, "etc"), "/etc", dirs_exist_ok=True)
    conf = MAIN.get(name, "/etc/named.conf")
    said = ""
    for arguments in (["--check", conf], ["--check", "-p", conf], ["--explain", "-c", conf],
                      *(["--explain", "-c", conf, *question] for question in QUESTIONS)):
        code, text = transcript(arguments)
        assert code == 0, text
        said += text
    path = os.path.join(GOLDEN, "explain", f"{name}.txt")
    if os.environ.get("S53_GOLDEN_WRITE"):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(said)
    with open(path, encoding="utf-8") as file:
        expected = file.read()
    assert said == expected, "".join(difflib.unified_diff(expected.splitlines(True), said.splitlines(True), path, "now"))


def test_the_production_files_of_the_golden_tree_are_those_of_the_production_test():
    for tree, ours in (("etc/named.conf", "named.conf"), ("etc/named/consul.conf", "consul.conf")):
        with open(os.path.join(GOLDEN, "conf", "production", tree), "rb") as a, open(os.path.join(HERE, "production", ours), "rb") as b:
            assert a.read() == b.read()


def test_explain_shows_the_options_of_server_statements(tmp_path):
    conf = tmp_path / "servers.conf"
    conf.write_text("""options { listen-on { 127.0.0.1; }; listen-on-v6 { none; }; forwarders { 192.0.2.1; }; };
        server 192.0.2.1 { edns-udp-size 777; tcp-only yes; };
        """)
    code, text = transcript(["--explain", "-c", str(conf)])
    assert code == 0 and "server 192.0.2.1 { edns-udp-size 777; tcp-only yes; }" in text, text
