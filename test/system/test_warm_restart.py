# SPDX-License-Identifier: ISC
"""
The cache outlives the process: what was answered before a restart is answered after it without an upstream query, with TTLs lowered by
the time between. A file that is incomplete or not ours is rejected with one line. Whenever the program is killed, it starts again.
"""
import os
import pwd
import random
import re
import shutil
import signal
import threading
import time

import pytest

from support import known, namespace
from support.client import Client, addresses, ask, extended_errors, query, rcode, rdata
from support.process import patience, sanitized, wait_until
from support.split53 import Split53, free_port
from support.upstream import A, answer_with

CYCLES = int(os.environ.get("S53_CYCLES", "10" if sanitized() else "30"))


class Restarting:
    """A program that is started again and again, with the same file and port."""

    def __init__(self, folder, conf_text, forwarders, options="", extra="", arguments=()):
        self.folder, self.port, self.arguments = folder, free_port(), arguments
        self.dump = folder / "dump.db"
        self.file = folder / "dump.db.cache"
        self.conf = conf_text(self.port, forwarders, options=f'dump-file "{self.dump}"; {options}', extra=extra)
        self.runs, self.program = 0, None

    def start(self, **more):
        self.runs += 1
        self.program = Split53(self.folder, self.conf, self.arguments, wait_at=("127.0.0.1", self.port), name=f"run{self.runs}", **more)
        return self.program

    def start_warm(self):
        """Start, and wait until the file has been read: (the program, the number of answers)."""
        self.start()
        return self.program, self.logged(r"(\d+) answers read from")

    def logged(self, pattern):
        said = []
        wait_until(lambda: said.append(self.program.log()) or re.search(pattern, said[-1]), 10 * patience(), f"/{pattern}/ is logged")
        return int(re.search(pattern, said[-1]).group(1))

    def close(self):
        """End it; returns how many answers were written."""
        if self.program is None:
            return None
        program, self.program = self.program, None
        program.stop()
        written = re.search(r"(\d+) answers written to", program.log())
        return written and int(written.group(1))

    def kill(self):
        program, self.program = self.program, None
        program.process.kill()
        return program.log()


@pytest.fixture
def restarting(closing, tmp_path, make_conf):
    return lambda forwarders, **more: closing(Restarting(tmp_path, make_conf, forwarders, **more))


def least_ttl(message):
    return min(rrset.ttl for section in (message.answer, message.authority) for rrset in section)


QUESTIONS = [("www.example.com.", {}), ("www.example.com.", {"do": True}), ("www.example.com.", {"flags": 0x0110}),
             ("www.example.com.", {"rdtype": "AAAA"}), ("alias.example.com.", {}), ("none.example.com.", {}),
             ("text.example.com.", {"rdtype": "TXT", "tcp": True})]


def varied(q):
    """A different answer for each kind of query, so that none can be mistaken for another."""
    soa = "example.com. 300 IN SOA ns.example.com. host.example.com. 1 3600 600 86400 300"
    if q.name == "none.example.com.":
        return q.reply(rcode=3, authority=[soa])
    if q.name == "alias.example.com.":
        return q.reply("alias.example.com. 300 IN CNAME www.example.com.", "www.example.com. 300 IN A 192.0.2.80")
    if q.qtype == 16:
        return q.reply((16, 300, b"".join(bytes([200]) + bytes([65 + number]) * 200 for number in range(20))))
    if q.qtype == A:
        return q.address(f"192.0.2.{1 + q.do + 2 * q.cd}", ttl=300)
    return q.reply(authority=[soa])


def test_cached_answers_survive_a_restart(upstream, restarting):
    server = upstream(varied)
    run = restarting([server.where])
    run.start()
    before = [ask(("127.0.0.1", run.port), name, **more) for name, more in QUESTIONS]
    asked = time.monotonic()
    assert [addresses(message) for message in before[:3]] == [["192.0.2.1"], ["192.0.2.2"], ["192.0.2.3"]]
    assert run.close() == len(QUESTIONS)
    assert os.stat(run.file).st_mode & 0o7777 == 0o600 and not os.path.exists(f"{run.file}.new")
    time.sleep(max(0.0, 2.1 - (time.monotonic() - asked)))	# the wall clock cannot be set, and entries age while the program is not running
    server.forget()
    _, read = run.start_warm()
    assert read == len(QUESTIONS)
    after = [ask(("127.0.0.1", run.port), name, **more) for name, more in QUESTIONS]
    age = time.monotonic() - asked
    assert not server.queries
    for old, new in zip(before, after):
        assert rcode(old) == rcode(new)
        for section in ("answer", "authority"):
            assert rdata(old, section=section) == rdata(new, section=section)
        assert 300 - age - 1.5 <= least_ttl(new) <= 299


def test_stale_answers_survive_a_restart(upstream, restarting):
    answers = [answer_with("192.0.2.7", ttl=1)]
    server = upstream(lambda q: answers[0](q))
    run = restarting([server.where], options="stale-answer-enable yes; max-stale-ttl 3600; stale-answer-ttl 17;")
    run.start()
    ask(("127.0.0.1", run.port), "stale.example.com.")
    run.close()
    answers[0] = lambda q: q.reply(rcode=2)
    time.sleep(1.1)
    _, read = run.start_warm()
    assert read == 1
    stale = ask(("127.0.0.1", run.port), "stale.example.com.", edns=0)
    assert addresses(stale) == ["192.0.2.7"] and stale.answer[0].ttl == 17 and extended_errors(stale) == [3]


def test_views_share_no_answers_after_a_restart(upstream, closing, tmp_path):
    inside, outside = upstream(answer_with("10.0.0.1", 300)), upstream(answer_with("192.0.2.1", 300))
    port = free_port()
    conf = f"""options {{ listen-on port {port} {{ 127.0.0.1; 127.0.0.2; }}; listen-on-v6 {{ none; }}; pid-file none;
        dump-file "{tmp_path}/dump.db"; recursion yes; allow-query {{ any; }}; }};
    view "inside" {{ match-destinations {{ 127.0.0.2; }}; forwarders {{ {inside.where}; }}; }};
    view "outside" {{ forwarders {{ {outside.where}; }}; }};"""
    for run in range(2):
        program = closing(Split53(tmp_path, conf, wait_at=("127.0.0.1", port), name=f"views{run}"))
        if run == 1:
            program.process.wait_for_log("2 answers read from", 10)
        for _ in range(2):
            assert addresses(ask(("127.0.0.2", port), "split.example.com.")) == ["10.0.0.1"]
            assert addresses(ask(("127.0.0.1", port), "split.example.com.")) == ["192.0.2.1"]
        program.stop()
    assert len(inside.queries) == len(outside.queries) == 1


def test_an_answer_is_dropped_if_its_route_has_changed_over_a_restart(upstream, restarting):
    first, second = upstream(answer_with("192.0.2.1", 300)), upstream(answer_with("192.0.2.2", 300))
    run = restarting([first.where])
    run.start()
    assert addresses(ask(("127.0.0.1", run.port), "route.example.com.")) == ["192.0.2.1"]
    run.close()
    run.conf = run.conf.replace(first.where, second.where)
    run.start_warm()
    assert addresses(ask(("127.0.0.1", run.port), "route.example.com.")) == ["192.0.2.2"]


@pytest.mark.parametrize("options", ["cache-file none;", "max-cache-size 0;"])
def test_without_a_cache_or_its_file_nothing_is_written_or_read(upstream, restarting, options):
    server = upstream(known.answer())
    run = restarting([server.where], options=options)
    run.start()
    ask(("127.0.0.1", run.port), known.name_of(1))
    assert run.close() is None and not os.path.exists(run.file)
    run.file.write_bytes(b"none of our business")
    server.forget()
    program = run.start()
    ask(("127.0.0.1", run.port), known.name_of(1))
    assert len(server.queries) == 1
    run.close()
    assert "not read" not in program.log() and run.file.read_bytes() == b"none of our business"


def damage(path):
    octets = bytearray(path.read_bytes())
    octets[len(octets) // 2] ^= 1
    path.write_bytes(octets)


def replace_with(make):
    def change(path):
        path.unlink()
        make(path)
    return change


REFUSED = {
    "damaged": (damage, "is damaged: wrong checksum of a block"),
    "cut": (lambda path: os.truncate(path, 60), "is damaged: it has 60 bytes"),
    "empty": (lambda path: os.truncate(path, 0), "is truncated"),
    "foreign": (lambda path: os.chown(path, 65534, 65534), r"belongs to another user \(65534\)"),
    "writable by others": (lambda path: os.chmod(path, 0o666), "is writable by users other than its owner"),
    "a pipe": (replace_with(os.mkfifo), "is not a regular file"),
    "a folder": (replace_with(os.mkdir), "is not a regular file"),
    "a link": (lambda path: (path.rename(f"{path}.away"), path.symlink_to(f"{path}.away")), "is a symbolic link"),
    "something else": (lambda path: path.write_text("options { directory \"/var\"; }; // " + "x" * 60), "is not a cache file"),
    "too large": (lambda path: os.truncate(path, 200 << 20), r"is too large: \d+ bytes"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_an_incomplete_or_foreign_file_is_rejected_with_one_log_line(upstream, restarting, kind):
    server = upstream(known.answer())
    run = restarting([server.where])
    run.start()
    ask(("127.0.0.1", run.port), known.name_of(1))
    assert run.close() == 1
    change, words = REFUSED[kind]
    change(run.file)
    server.forget()
    program = run.start()
    program.process.wait_for_log(f"database: warning: the cache is not read from '{run.file}': it {words}.*; starting with an empty cache", 10)
    assert known.is_right(ask(("127.0.0.1", run.port), known.name_of(1)).octets, 1) and len(server.queries) == 1
    run.close()
    is_odd = kind in ("a folder", "a pipe")	# then it cannot be written either: reported at the start and at the end
    assert program.log().count("warning") == (3 if is_odd else 1), program.log()
    if is_odd:
        assert f"cache-file '{run.file}' is not writable: it is not a regular file" in program.log()
        assert f"the cache is lost: the file '{run.file}' is not a regular file" in program.log()
    else:
        assert run.start_warm()[1] == 1


def test_an_unwritable_directory_is_one_log_line_and_does_not_change_the_exit_status(upstream, restarting, tmp_path):
    server = upstream(known.answer())
    run = restarting([server.where], options=f'cache-file "{tmp_path}/nowhere/it";')
    program = run.start()
    ask(("127.0.0.1", run.port), known.name_of(1))
    assert run.close() is None	# and the exit status was 0
    assert f"the cache is lost: the file '{tmp_path}/nowhere/it' cannot be written: No such file or directory" in program.log()


@pytest.mark.parametrize("words", ["No space left on device", "File too large"])
def test_on_a_full_disk_the_old_file_stays_and_there_is_one_log_line(upstream, restarting, small_disk, words):
    server = upstream(known.answer())
    run = restarting([server.where])
    run.conf, run.file = run.conf.replace(str(run.dump), f"{small_disk}/dump.db"), small_disk / "dump.db.cache"
    run.start()
    ask(("127.0.0.1", run.port), known.name_of(1))
    assert run.close() == 1
    before = run.file.read_bytes()
    program, _ = run.start_warm()
    fill(run.port, range(2, 1000))
    if words == "File too large":
        namespace.run("prlimit", "--pid", str(program.process.pid), "--fsize=1000")
    assert run.close() is None	# and the exit status was 0
    assert f"cannot be written: {words}" in program.log()
    assert run.file.read_bytes() == before and os.listdir(small_disk) == ["dump.db.cache"]
    assert run.start_warm()[1] == 1


def test_an_unprivileged_user_reads_and_writes_the_file(upstream, restarting, small_disk):
    server = upstream(known.answer())
    run = restarting([server.where], arguments=["-u", "nobody"])
    own = small_disk / "own"
    own.mkdir()
    shutil.chown(own, "nobody")
    run.conf, run.file = run.conf.replace(str(run.dump), f"{own}/dump.db"), own / "dump.db.cache"
    run.start()
    ask(("127.0.0.1", run.port), known.name_of(1))
    assert run.close() == 1
    run.start_warm()
    ask(("127.0.0.1", run.port), known.name_of(1))
    assert run.close() == 1 and len(server.queries) == 1
    assert os.stat(run.file).st_uid == pwd.getpwnam("nobody").pw_uid
    os.chown(own, 0, 0)	# now the directory belongs to another user: the old file is read, a new one cannot be created
    program, read = run.start_warm()
    assert read == 1
    run.close()
    assert "cannot be written: Permission denied" in program.log()


def test_the_path_of_the_file_is_within_the_chroot(upstream, restarting, tmp_path):
    root = tmp_path / "root"
    (root / "var").mkdir(parents=True)
    (root / "dev").mkdir()
    server = upstream(known.answer())
    run = restarting([server.where], arguments=["-t", str(root)])
    run.conf = run.conf.replace(str(run.dump), "/var/dump.db")
    inner = str(root) + str(tmp_path)	# the path of the configuration is within the new root, too
    os.makedirs(inner)

    def start():
        with open(f"{inner}/run{run.runs + 1}.conf", "w", encoding="ascii") as conf:
            conf.write(run.conf)
        return run.start(environment={"ASAN_OPTIONS": "detect_leaks=0"})	# there is no /proc for the leak search
    start()
    ask(("127.0.0.1", run.port), known.name_of(1))
    assert run.close() == 1
    assert os.path.exists(root / "var/dump.db.cache")
    start()
    run.logged("(1) answers read from '/var/dump.db.cache'")
    ask(("127.0.0.1", run.port), known.name_of(1))
    assert len(server.queries) == 1


class Asking:
    """A thread that sends queries without a pause, through restarts, and checks every answer."""

    def __init__(self, port, names, seed=1):
        self.port, self.names, self.random = port, names, random.Random(seed)
        self.right, self.wrong, self.failed, self.unanswered = 0, [], 0, 0
        self.stopping = False
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while not self.stopping:
            with Client("127.0.0.1", self.port) as client:
                self._batch(client)

    def _batch(self, client):
        asked = {self.random.randrange(65536): self.random.randrange(self.names) for _ in range(20)}
        try:
            for identity, number in asked.items():
                client.send(query(known.name_of(number), identity=identity).to_wire())
            replies = client.collect(len(asked), 0.3)
        except OSError:	# not running
            self.unanswered += len(asked)
            time.sleep(0.002)
            return
        self.unanswered += len(asked) - len(replies)
        for identity, octets in replies.items():
            if octets[3] & 15 == 2:
                self.failed += 1	# SERVFAIL to queries under way when it ended
            elif identity in asked and known.is_right(octets, asked[identity]):
                self.right += 1
            else:
                self.wrong.append((asked.get(identity), octets))

    def close(self):
        self.stopping = True
        self.thread.join(10)


def fill(port, numbers):
    """Query all of these, some at a time, and check each answer."""
    numbers = list(numbers)
    with Client("127.0.0.1", port) as client:
        for at in range(0, len(numbers), 50):
            part = numbers[at:at + 50]
            for identity, number in enumerate(part):
                client.send(query(known.name_of(number), identity=identity).to_wire())
            replies = client.collect(len(part), 5)
            assert len(replies) == len(part)
            for identity, number in enumerate(part):
                assert known.is_right(replies[identity], number), number


def file_number(path):
    try:
        return os.stat(path).st_ino
    except OSError:
        return None


def test_it_starts_after_being_killed_at_any_moment_and_no_file_is_incomplete(upstream, restarting, closing, capsys):
    """Also while the file is written: half of the kills come just after that has begun."""
    names, chance, halves = 3000 if sanitized() else 12000, random.Random(53), 0
    server = upstream(known.answer())
    run = restarting([server.where])
    run.start()
    fill(run.port, range(names))
    assert run.close() == names
    load = closing(Asking(run.port, names))
    for kill in range(3 * CYCLES):
        program = run.start()
        time.sleep(chance.random() ** 3 * 0.2)
        if kill % 2:
            before = file_number(f"{run.file}.new")
            program.process.send_signal(signal.SIGTERM)
            while program.process.running() and file_number(f"{run.file}.new") in (before, None):
                pass
            time.sleep(chance.random() ** 3 * 0.002)
        said = run.kill()
        assert "not read" not in said and "Sanitizer" not in said, said
        halves += os.path.exists(f"{run.file}.new")
    load.close()
    with capsys.disabled():
        print(f"\n{3 * CYCLES} kills, {halves} of them while the file was written; {load.right} answers right, {len(load.wrong)} wrong")
    assert load.right > 0 and not load.wrong, load.wrong[:3]
    assert sorted(path.name for path in run.file.parent.glob("dump.db*")) in (["dump.db.cache"], ["dump.db.cache", "dump.db.cache.new"])
    _, read = run.start_warm()
    assert read >= names - names // 100
    server.forget()
    fill(run.port, range(0, names, 7))
    assert len(server.queries) <= names // 50
    assert run.close() >= read
    assert not os.path.exists(f"{run.file}.new")


def test_with_restarts_under_load_every_answer_is_right_and_the_cache_stays_warm(upstream, restarting, closing, capsys):
    """S53_CYCLES=1000 for the long run."""
    names = 2000
    server = upstream(known.answer())
    run = restarting([server.where])
    run.start()
    fill(run.port, range(names))
    run.close()
    server.forget()
    load = closing(Asking(run.port, names))
    stops, starts, asked_when_warm, chance = [], [], 0, random.Random(6)
    for cycle in range(CYCLES):
        began = time.monotonic()
        program = run.start()
        starts.append(time.monotonic() - began)
        if cycle % 2:	# otherwise it is stopped at any moment, also while it reads
            run.logged(r"(\d+) answers read from")
            time.sleep(0.05)	# queries that were sent before their answer was stored have been answered
            before = len(server.queries)
            time.sleep(chance.random() * 0.1)
            asked_when_warm += len(server.queries) - before
        time.sleep(chance.random() * 0.02)
        began = time.monotonic()
        assert run.close() >= names - names // 100, program.log()
        stops.append(time.monotonic() - began)
        assert "warning" not in program.log(), program.log()
    load.close()
    with capsys.disabled():
        print(f"\n{CYCLES} cycles: {load.right} answers right, {len(load.wrong)} wrong, {load.failed} SERVFAIL, {load.unanswered} "
              f"unanswered; {len(server.queries)} questions to the upstream, {asked_when_warm} of them when the file had been read; "
              f"start {sorted(starts)[CYCLES // 2] * 1000:.0f} ms (median; longest {max(starts) * 1000:.0f}), "
              f"stop {sorted(stops)[CYCLES // 2] * 1000:.0f} ms (longest {max(stops) * 1000:.0f})")
    assert load.right > 20 * CYCLES and not load.wrong, load.wrong[:3]
    assert load.failed <= load.right // 100
    assert asked_when_warm <= CYCLES
