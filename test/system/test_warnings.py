# SPDX-License-Identifier: ISC
"""What the log of a start and of a reload has of a configuration's warnings: the security lines and a summary; --check prints all."""
import re

import pytest

from support.split53 import Split53, free_port, run_once

ZONES = "".join(f'zone "a{number}.example" {{ type secondary; primaries {{ 192.0.2.1; }}; allow-transfer {{ 192.0.2.2; }}; }};\n'
                for number in range(50))
CONF = """options {{ listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; forwarders {{ 192.0.2.1; }};
    dnssec-validation auto; rate-limit {{ responses-per-second 5; }}; dnssec-enable no; auth-nxdomain no; }};
"""
SUMMARY = re.compile(r"statements that differ from BIND: (\d+) \[security\], (\d+) \[differs\], (\d+) \[harmless\]; "
                     r"'split53 --check .*' lists them")


@pytest.fixture
def program(tmp_path):
    port = free_port()
    program = Split53(tmp_path, CONF.format(port=port) + ZONES, wait_at=("127.0.0.1", port))
    yield program
    program.stop()


def test_the_log_has_the_security_lines_and_a_summary(program):
    log = program.log()
    assert len(re.findall(r"warning: .*\[security\]: ", log)) == 2, log
    assert "[differs]: " not in log and "[harmless]: " not in log, log
    assert SUMMARY.search(log).groups() == ("2", "2", "1"), log


def test_check_lists_each_statement_once_with_its_count(program):
    code, _, said = run_once("--check", program.conf_path)
    warnings = re.findall(r"^\S+: warning: (.*)$", said, re.MULTILINE)
    assert code == 0 and len(warnings) == 5, said
    assert [re.search(r"\[(\w+)\]", line)[1] for line in warnings] == ["security", "security", "differs", "differs", "harmless"], said
    assert sum("(50 times: also " in line for line in warnings) == 2, said


def test_a_reload_logs_the_warnings_again(program):
    program.write_conf(CONF.format(port=program.port))
    program.reload()
    program.process.wait_for_log("general: notice: reloaded", 10)
    found = SUMMARY.findall(program.log())
    assert found[-1] == ("2", "0", "1"), program.log()


def test_without_a_difference_from_bind_there_is_no_summary(tmp_path):
    port = free_port()
    program = Split53(tmp_path, f"options {{ listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; "
                                "forwarders { 192.0.2.1; }; notify no; };", wait_at=("127.0.0.1", port))
    assert not SUMMARY.search(program.log()), program.log()
    program.stop()
