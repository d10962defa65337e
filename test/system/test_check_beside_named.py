# SPDX-License-Identifier: ISC
"""What --check says of statements that real files have, beside the verdict of named-checkconf on the same file."""
import re
import shutil
import subprocess

import pytest

from support.split53 import run_once

pytestmark = pytest.mark.skipif(shutil.which("named-checkconf") is None, reason="needs named-checkconf")

ZONE = "$TTL 60\n@ SOA ns h 1 60 60 60 60\n@ NS ns\nns A 192.0.2.1\n"
FORWARDERS = "options { forwarders { 192.0.2.1; }; "
KEY = 'key "ddns" { algorithm hmac-sha256; secret "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="; };\n'
MANY = "".join(f'zone "a{i}.example" {{ type primary; file "zone.db"; also-notify {{ 192.0.2.{i % 250}; }}; }};\n' for i in range(1000))

# Name: the file, is it right for named, for split53, the classes of all warnings in their order, a message.
CASES = {
    "what stops working differs": (
        FORWARDERS + "};\n" + KEY + 'zone "lan.example" { type primary; file "zone.db"; allow-update { key "ddns"; }; '
        "allow-transfer { 192.0.2.2; }; also-notify { 192.0.2.2; }; };", True, True, ["differs"] * 3, "NOTIMP"),
    "a key among clients is one warning": (
        FORWARDERS + '};\nview "x" { match-clients { key nokey; any; }; };', True, True, ["differs"], r":2:28: .*TSIG"),
    "what happens anyway is no warning": (
        FORWARDERS + "auth-nxdomain no; allow-transfer { none; }; allow-update { none; }; notify no; allow-new-zones no; };\n"
        'zone "a.example" { type primary; file "zone.db"; allow-update { none; }; };', True, True, [], ""),
    "security comes before a thousand others": (
        MANY + FORWARDERS + "dnssec-validation auto; rate-limit { responses-per-second 5; }; };", True, True,
        ["security", "security", "differs"], r"also-notify.*1000 times"),
    "without forwarders other servers are asked": (
        "options { recursion yes; };", True, True, ["differs"], "'forwarders' .*resolves from the root servers"),
    "a key that cannot work": (
        'key "k" { algorithm hmac-foo; secret "abc+++"; };', False, False, [], "hmac-foo"),
    "a key that is not there": (
        'controls { inet 127.0.0.1 allow { localhost; } keys { "nokey"; }; };', False, False, None, "unknown key 'nokey'"),
    "response policies have a way out": (
        'options { response-policy { zone "rpz"; }; };\nzone "rpz" { type primary; file "zone.db"; };', True, False, None,
        "'response-policy' is refused: .*remove it, or forward to a resolver that supports them"),
    "a zone file that is missing costs its zone": (
        FORWARDERS + '};\nzone "gone.example" { type primary; file "gone.db"; };', True, False, [], "gone.example .*its names get SERVFAIL"),
}


@pytest.mark.parametrize("name", CASES)
def test_what_check_says_beside_named(tmp_path, name):
    text, named_takes_it, we_take_it, classes, said = CASES[name]
    (tmp_path / "zone.db").write_text(ZONE)
    path = tmp_path / "named.conf"
    path.write_text(text)
    theirs = subprocess.run(["named-checkconf", str(path)], cwd=tmp_path, capture_output=True, text=True, check=False)
    (tmp_path / "resolv.conf").write_text("nameserver 192.0.2.53\n")
    code, _, ours = run_once("--check", str(path), folder=tmp_path, environment={"SPLIT53_RESOLV_CONF": str(tmp_path / "resolv.conf")})
    assert (theirs.returncode == 0) == named_takes_it, theirs.stdout
    assert (code == 0) == we_take_it, ours
    warnings = re.findall(r"^\S+: warning: (.*)$", ours, re.MULTILINE)
    if classes is not None:
        assert [re.search(r"\[(\w+)\]", line)[1] for line in warnings] == classes, ours
    assert re.search(said, ours), ours
