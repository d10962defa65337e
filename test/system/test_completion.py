# SPDX-License-Identifier: ISC
"""Completion of split53ctl: bash's function is run as bash runs it, zsh's is loaded; both have the verbs that the program has."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

from support.control import CTL, ctl
from support.upstream import answer_with

FOLDER = pathlib.Path(__file__).parents[2] / "packaging" / "completion"


def complete(*words, path=""):
    """What bash offers for the last word."""
    script = f"""
        PATH={path or os.path.dirname(CTL)}:$PATH
        . {FOLDER / "split53ctl.bash"}
        COMP_WORDS=("$@")
        COMP_CWORD=$(($# - 1))
        $(complete -p split53ctl | sed 's/.*-F \\([^ ]*\\) .*/\\1/')
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(["bash", "-c", script, "bash", "split53ctl", *words], capture_output=True, text=True, timeout=20, check=True)
    assert done.stderr == ""
    return done.stdout.split()


def verbs():
    """Of `split53ctl help`."""
    return sorted(set(re.findall("^  ([a-z-]+)", ctl("help").out, re.M)) | {"help"})


def test_bash_knows_each_verb():
    assert sorted(complete("")) == verbs()


@pytest.mark.parametrize("words, offered", [
    (("fl",), ["flush", "flushname", "flushtree"]),
    (("--js",), ["--json"]),
    (("querylog", ""), ["on", "off"]),
    (("-p", "5300", "querylog", "of"), ["off"]),
    (("--json", "serve-stale", ""), ["on", "off", "reset", "status"]),
    (("dumpdb", "-"), ["-all", "-cache", "-zones"]),
    (("top", ""), ["-n", "-d"]),
    (("upstream", "192.0.2.1", ""), ["up", "down", "auto"]),
    (("status", ""), []),
    (("-p", ""), []),
])
def test_bash_offers_what_may_follow(words, offered):
    assert complete(*words) == offered


def test_bash_offers_the_servers_that_there_are(split53, upstream, tmp_path):
    server = upstream(answer_with())
    path = tmp_path / "control"
    split53(forwarders=[server.where], extra=f'controls {{ unix "{path}" perm 0600 owner {os.getuid()} group {os.getgid()}; }};\n')
    (tmp_path / "bin").mkdir()
    script = tmp_path / "bin" / "split53ctl"
    script.write_text(f'#!/bin/sh\nexec {CTL} -s {path} "$@"\n')
    script.chmod(0o755)
    assert complete("upstream", "", path=tmp_path / "bin") == [server.where.replace(" port ", "#")]


def test_zsh_knows_each_verb():
    text = (FOLDER / "_split53ctl").read_text(encoding="ascii")
    assert sorted(re.findall(r"^\t\t'([a-z-]+):", text, re.M)) == verbs()


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
def test_zsh_loads_it(tmp_path):
    script = f"fpath=({FOLDER} $fpath); autoload -U compinit && compinit -u -d {tmp_path}/dump && whence -w _split53ctl && autoload +X _split53ctl"
    done = subprocess.run(["zsh", "-f", "-c", script], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 0 and "_split53ctl: function" in done.stdout and done.stderr == "", done
