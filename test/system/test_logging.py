# SPDX-License-Identifier: ISC
"""Where log lines go and what they contain: channels, severities, categories, the query log."""
import os
import re
import signal

from support.client import extended_errors
from support.process import wait_until
from support.split53 import Split53, free_port
from support.upstream import SERVFAIL, FakeUpstream, answer_with


def serving(closing, tmp_path, make_conf, upstream, logging, options="", **more):
    """Started with -f, so that logging { } applies (with -g everything goes to standard error)."""
    port = free_port()
    conf = make_conf(port, [upstream(answer_with()).where], options=options) + logging
    return closing(Split53(tmp_path, conf, wait_at=("127.0.0.1", port), foreground="-f", **more))


def read(path):
    return path.read_text() if path.exists() else ""


def test_the_query_log_has_the_client_and_the_query(closing, tmp_path, make_conf, upstream):
    file = tmp_path / "queries.log"
    program = serving(closing, tmp_path, make_conf, upstream, f"""logging {{
        channel asked {{ file "{file}"; severity info; print-time yes; print-category yes; print-severity yes; }};
        category queries {{ asked; }}; }};""", "querylog yes;")
    program.ask("Logged.Example.com.", "AAAA", edns=0)
    line = wait_until(lambda: re.search(r".*Logged\.Example\.com.*", read(file)), 5, "the query is logged").group(0)
    assert re.search(r"\d\d:\d\d:\d\d\.\d\d\d queries: info: ", line), line
    assert "127.0.0.1#" in line and "IN AAAA" in line


def test_the_response_log_says_what_was_answered(closing, tmp_path, make_conf, upstream):
    file = tmp_path / "responses.log"
    program = serving(closing, tmp_path, make_conf, upstream, f"""logging {{
        channel said {{ file "{file}"; severity info; print-category yes; }}; category responses {{ said; }}; }};""", "responselog yes;")

    def logged(count):
        lines = wait_until(lambda: len(got := re.findall(".*Said.*", read(file))) >= count and got, 5, f"{count} responses are logged")
        assert len(lines) == count
        return lines[-1]

    for count in (1, 2):  # by the server, then from the cache
        program.ask("Said.example.com.", edns=0)
        assert re.fullmatch(r"responses: client 127\.0\.0\.1#\d+ \(Said\.example\.com\): response: Said\.example\.com IN A NOERROR 1 0 1 "
                            r"\+E\(0\) \(127\.0\.0\.1\)", logged(count))
    program.ask("Said.example.com.", tcp=True)
    assert logged(3).endswith(" NOERROR 1 0 0 +T (127.0.0.1)")


def test_without_querylog_no_query_is_logged(closing, tmp_path, make_conf, upstream):
    file = tmp_path / "all.log"
    program = serving(closing, tmp_path, make_conf, upstream, f"""logging {{
        channel all {{ file "{file}"; severity info; }}; category default {{ all; }}; }};""")
    program.ask("silent.example.com.")
    assert "silent.example.com" not in read(file)


def test_a_failure_is_logged_with_its_reason_and_once_a_second_at_info(upstream, split53):
    failing = upstream(lambda q: q.reply(rcode=SERVFAIL))
    program = split53(forwarders=[failing.where], options="servfail-ttl 30;", arguments=["-d", "1", "-n", "1"])
    for _ in range(2):
        program.ask("failing.example.com.")
    line = r"query-errors: (.*) client .* query failed \(SERVFAIL\) for failing.example.com/IN/A: (.*)"
    asked, remembered = wait_until(lambda: re.findall(line, program.log())[1:] and re.findall(line, program.log()), 5, "both are logged")
    assert asked == ("info:", f"127.0.0.1#{failing.port} answered with SERVFAIL")
    assert remembered == ("debug 1:", "it failed less than servfail-ttl ago")	# RFC 9520 s3.2


def test_a_stale_answer_is_logged_with_its_reason(closing, tmp_path, make_conf):
    alive = [True]
    upstream = closing(FakeUpstream(lambda q: q.address(ttl=1) if alive[0] else q.reply(rcode=SERVFAIL)))
    file, port = tmp_path / "stale.log", free_port()
    conf = make_conf(port, [upstream.where], options="stale-answer-enable yes;") + f"""logging {{
        channel stale {{ file "{file}"; severity info; print-category yes; }}; category serve-stale {{ stale; }}; }};"""
    program = closing(Split53(tmp_path, conf, wait_at=("127.0.0.1", port), foreground="-f"))
    program.ask("www.example.com.")
    alive[0] = False
    wait_until(lambda: extended_errors(program.ask("www.example.com.", edns=0)) == [3], 5, "it is stale")
    assert re.search(r"serve-stale: client 127\.0\.0\.1#\d+ \(www\.example\.com\): stale answer used for www\.example\.com/IN/A: resolver failure\n",
                     wait_until(lambda: read(file), 5, "a line"))


def test_a_channel_omits_lines_below_its_severity(closing, tmp_path, make_conf, upstream):
    loud, quiet = tmp_path / "loud.log", tmp_path / "quiet.log"
    serving(closing, tmp_path, make_conf, upstream, f"""logging {{
        channel loud {{ file "{loud}"; severity info; }}; channel quiet {{ file "{quiet}"; severity critical; }};
        category default {{ loud; quiet; }}; }};""")
    assert wait_until(lambda: read(loud), 5, "a line is logged")
    assert not read(quiet)


def test_a_log_file_that_was_moved_away_is_opened_again_on_sighup(closing, tmp_path, make_conf, upstream):
    file, moved = tmp_path / "rotating.log", tmp_path / "rotating.log.old"
    program = serving(closing, tmp_path, make_conf, upstream, f"""logging {{
        channel all {{ file "{file}"; severity info; }}; category default {{ all; }}; category queries {{ all; }}; }};""", "querylog yes;")
    program.ask("before.example.com.")
    wait_until(lambda: "before.example.com" in read(file), 5, "the first line")
    os.rename(file, moved)
    program.process.send_signal(signal.SIGHUP)
    wait_until(file.exists, 5, "the file is there again")
    # A line that is logged while the file is opened again may still go to the old one.
    wait_until(lambda: program.ask("after.example.com.") and "after.example.com" in read(file), 20, "the line is in the new file")
    program.ask("later.example.com.")
    wait_until(lambda: "later.example.com" in read(file), 20, "the next line is in the new file")
    assert "later.example.com" not in read(moved)


def test_flag_g_logs_everything_to_standard_error(closing, tmp_path, make_conf, upstream):
    port, file = free_port(), tmp_path / "unused.log"
    conf = make_conf(port, [upstream(answer_with()).where]) + \
        f'logging {{ channel all {{ file "{file}"; }}; category default {{ all; }}; }};'
    program = closing(Split53(tmp_path, conf, wait_at=("127.0.0.1", port)))
    program.process.wait_for_log("running")
    assert not read(file)


def test_flag_L_logs_everything_to_its_file(closing, tmp_path, make_conf, upstream):
    file = tmp_path / "given.log"
    serving(closing, tmp_path, make_conf, upstream, "", arguments=["-L", str(file)])
    wait_until(lambda: "running" in read(file), 5, "the start is logged")
