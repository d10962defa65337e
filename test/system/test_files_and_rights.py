# SPDX-License-Identifier: ISC
"""Files of the configuration that are of another kind, or a trap of another user; and the privileges that the process keeps."""
import os
import pathlib
import pwd
import re
import select
import shutil
import signal
import socket
import subprocess
import tempfile

import pytest

from support.client import addresses, rcode
from support.process import wait_until
from support.split53 import Split53, free_port, run_once
from support.upstream import answer_with

NOBODY = pwd.getpwnam("nobody").pw_uid
DAC_OVERRIDE, NET_BIND_SERVICE = 1 << 1, 1 << 10
SECRET = "root:$6$secret:20000:0:99999:7:::\nsecret { secret; };\n\"secret\n"


@pytest.fixture
def folder():
    """A directory that every user may enter, unlike those of pytest."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="s53-files-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def serving(folder, closing, make_conf, upstream):
    """serving(pid_file, more conf text, ...) starts the program, which must answer."""
    def start(pid_file=None, extra="", arguments=(), port=None, options="", **more):
        port = port or free_port()
        conf = make_conf(port, [upstream(answer_with("10.0.0.1")).where], extra=extra, options=options)
        if pid_file is not None:
            conf = conf.replace("pid-file none;", f'pid-file "{pid_file}";')
        program = closing(Split53(folder, conf, list(arguments), wait_at=("127.0.0.1", port), **more))
        assert addresses(program.ask("served.example.com.")) == ["10.0.0.1"]
        return program
    return start


def owned(path, uid=NOBODY):
    os.chown(path, uid, pwd.getpwuid(uid).pw_gid)
    return path


def place_fifo(path):
    os.mkfifo(path, 0o666)


def place_socket(path):
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


def place_device(path):
    path.symlink_to("/dev/zero")


ODD = {"fifo": (place_fifo, "it is a FIFO (named pipe)"), "socket": (place_socket, "it is a socket"),
       "device": (place_device, "it is a device"), "folder": (os.mkdir, "Is a directory")}
odd = pytest.mark.parametrize("place, words", ODD.values(), ids=ODD.keys())


# The pid-file.

@pytest.mark.parametrize("link", [os.link, os.symlink])
def test_a_pid_file_is_not_written_through_a_link(serving, folder, link):
    owned(folder)
    target, pid_file = folder / "target", folder / "it.pid"
    target.write_text("root's\n")
    target.chmod(0o600)
    link(target, pid_file)
    program = serving(pid_file, arguments=["-u", "nobody"])
    assert target.read_text() == "root's\n" and target.stat().st_uid == 0
    assert pid_file.read_text() == f"{program.process.pid}\n" and not pid_file.is_symlink()
    program.stop()
    assert not pid_file.exists() and target.read_text() == "root's\n"


@pytest.mark.parametrize("place, words", [ODD[kind] for kind in ("fifo", "socket", "folder")])
def test_anything_but_a_regular_file_is_rejected_as_pid_file(serving, folder, place, words):
    pid_file = folder / "it.pid"
    place(pid_file)
    program = serving(pid_file)
    assert re.search(rf"warning: cannot write pid-file '{pid_file}': {re.escape(words)}.*choose another file", program.log())
    program.stop()
    assert pid_file.exists()


def test_a_pid_file_that_cannot_be_removed_is_emptied(serving, folder):
    pid_file = folder / "it.pid"
    program = serving(pid_file, arguments=["-u", "nobody"])
    assert pid_file.read_text() == f"{program.process.pid}\n"
    program.stop()
    assert pid_file.read_text() == ""


@pytest.mark.parametrize("replaced", [True, False])
def test_a_pid_file_of_another_process_stays(serving, folder, replaced):
    pid_file = folder / "it.pid"
    program = serving(pid_file)
    if replaced:
        pid_file.unlink()
    pid_file.write_text("1\n")
    program.stop()
    assert pid_file.read_text() == "1\n"


def test_directories_for_the_pid_file_are_created_for_the_user(serving, folder):
    pid_file = folder / "run" / "deeper" / "it.pid"
    program = serving(pid_file, arguments=["-u", "nobody"])
    assert {(folder / "run").stat().st_uid, pid_file.parent.stat().st_uid} == {NOBODY} and folder.stat().st_uid == 0
    program.stop()
    assert not pid_file.exists()


def test_a_directory_link_that_the_user_has_planted_is_not_followed(serving, folder):
    etc, run = folder / "etc", owned_folder(folder / "run")
    etc.mkdir()
    (etc / "it.pid").write_text("root's\n")
    (run / "sub").symlink_to(etc)
    os.chown(run / "sub", NOBODY, -1, follow_symlinks=False)
    program = serving(run / "sub" / "it.pid", arguments=["-u", "nobody"])
    assert "it.pid': Too many levels of symbolic links" in program.log()
    program.stop()
    assert (etc / "it.pid").read_text() == "root's\n" and etc.stat().st_uid == 0


def owned_folder(path):
    path.mkdir()
    return owned(path)


def test_a_directory_link_of_root_is_followed(serving, folder):	# as /var/run is
    (folder / "run").mkdir()
    (folder / "link").symlink_to("run")
    program = serving(folder / "link" / "it.pid")
    assert (folder / "run" / "it.pid").read_text() == f"{program.process.pid}\n"


# Files that are written later.

def later_lines(program):
    return re.findall(r"config: warning: ((?:directory|dump-file|cache-file) '.*)", program.log())


@pytest.mark.parametrize("user, made, why", [
    ("root", False, "No such file or directory"), ("nobody", True, "Permission denied")], ids=["missing", "not writable"])
def test_a_directory_that_cannot_be_written_to_is_warned_of_at_the_start(serving, folder, user, made, why):
    if made:
        (folder / "home").mkdir()
    program = serving(options=f'directory "{folder}/home/";', arguments=["-u", user])
    line, = later_lines(program)
    assert line.startswith(f"directory '{folder}/home/' is not writable: {why};"), line
    program.reload()
    wait_until(lambda: len(later_lines(program)) == 2, 5, "so does a reload")


@pytest.mark.parametrize("option", ["dump-file", "cache-file"])
@pytest.mark.parametrize("path, why", [("missing/file", "No such file or directory"), ("odd", "it is not a regular file")])
def test_a_file_that_cannot_be_written_later_is_warned_of_at_the_start(serving, folder, option, path, why):
    os.mkfifo(folder / "odd")
    other = "cache-file none;" if option == "dump-file" else ""
    program = serving(options=f'{option} "{folder}/{path}"; {other}')
    line, = later_lines(program)
    assert line.startswith(f"{option} '{folder}/{path}' is not writable: {why};"), line


def test_a_working_directory_that_is_not_configured_is_not_warned_of(serving, folder):
    program = serving(arguments=["-u", "nobody"])
    assert os.stat(folder).st_uid == 0 and not later_lines(program)


def test_an_uncreatable_directory_of_the_pid_file_is_warned_of_at_the_start(serving):
    assert "warning: cannot write pid-file '/proc/none/it.pid': No such file or directory" in serving("/proc/none/it.pid").log()


# Log files.

def logging_to(path):
    return f'logging {{ channel f {{ file "{path}"; severity info; }}; category default {{ f; }}; }};'


@odd
def test_anything_but_a_regular_file_is_rejected_as_log_file_at_the_start(serving, folder, place, words):
    place(folder / "log")
    program = serving(extra=logging_to(folder / "log"), foreground="-f")
    assert f"cannot open log file '{folder}/log': {words}" in program.log()


@odd
def test_anything_but_a_regular_file_is_rejected_as_log_file_at_a_reload(serving, folder, place, words):
    log = folder / "log"
    program = serving(extra=logging_to(log), foreground="-f")
    log.unlink()
    place(log)
    program.reload()
    program.process.wait_for_log(f"cannot open log file '{log}': {re.escape(words)}")
    assert rcode(program.ask("reloaded.example.com.")) == "NOERROR"


@pytest.mark.parametrize("user", ["root", "nobody"])
def test_dev_stderr_is_a_log_file_for_every_user(serving, folder, user):
    """Also as a pipe that belongs to another user, and as a socket, which cannot be opened a second time."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        program = serving(extra=logging_to("/dev/stderr"), foreground="-f", arguments=["-u", user],
                          prefix=("bash", "-c", f'exec "$@" 2>&{theirs.fileno()}', "sh"), environment={}, pass_fds=(theirs.fileno(),))
        theirs.close()
        ours.settimeout(5)
        said = b""
        while b"running" not in said:	# recv() raises when nothing more comes
            said += ours.recv(65536)
        program.stop()


def test_dev_null_is_a_log_file(serving):
    assert "cannot be opened" not in serving(extra=logging_to("/dev/null"), foreground="-f").log()


# Other files that are read.

@odd
def test_an_include_of_no_regular_file_ends_the_start_at_once(folder, place, words):
    place(folder / "more")
    (folder / "conf").write_text(f'include "{folder}/more";\n')
    code, _, said = run_once("-g", "-c", str(folder / "conf"), seconds=10)
    assert code == 1 and f"conf:1:9: error: cannot read '{folder}/more': {words}" in said


@odd
def test_a_zone_file_that_is_no_regular_file_is_rejected_at_once(serving, folder, place, words):
    place(folder / "zone")
    program = serving(extra=f'zone "a" {{ type primary; file "{folder}/zone"; }};\n')
    assert f"cannot read the zone file: {words}" in program.log()
    assert rcode(program.ask("www.a.")) == "SERVFAIL"


@odd
def test_a_resolv_conf_that_is_no_regular_file_has_no_servers(folder, closing, place, words):
    place(folder / "resolv.conf")
    port = free_port()
    program = closing(Split53(folder, None, ["--listen", f"127.0.0.1:{port}"], wait_at=("127.0.0.1", port),
                              environment={"SPLIT53_RESOLV_CONF": str(folder / "resolv.conf")}))
    assert f"the nameservers of {folder}/resolv.conf are ignored: {words}" in program.log()


def test_a_huge_resolv_conf_is_rejected(folder, closing):
    resolv_conf, port = folder / "resolv.conf", free_port()
    resolv_conf.write_text("nameserver 192.0.2.1\n")
    os.truncate(resolv_conf, 1 << 40)
    program = closing(Split53(folder, None, ["--listen", f"127.0.0.1:{port}"], wait_at=("127.0.0.1", port),
                              environment={"SPLIT53_RESOLV_CONF": str(resolv_conf)}))
    assert f"the nameservers of {resolv_conf} are ignored: it has more than 65536 bytes" in program.log()


FOREIGN = {"include": 'include "{0}";\n', "zone file": 'zone "a" {{ type primary; file "{0}"; }};\n',
           "$INCLUDE": 'zone "a" {{ type primary; file "{0}.zone"; }};\n'}


@pytest.mark.parametrize("text", FOREIGN.values(), ids=FOREIGN.keys())
def test_no_line_of_a_file_that_only_root_may_read_is_shown(serving, folder, text):
    shadow, conf = folder / "shadow", folder / "split53.conf"
    shadow.write_text(SECRET)
    shadow.chmod(0o640)
    (folder / "shadow.zone").write_text(f"$TTL 60\n@ SOA a a 1 1 1 1 1\n$INCLUDE {shadow}\n")
    program = serving()
    conf.write_text(conf.read_text() + text.format(shadow))
    program.reload()
    program.process.wait_for_log("reloaded|reload failed")
    code, _, said = run_once("--check", str(conf))
    assert code == 1
    for output in (program.log(), said):
        assert f"{shadow}:1" in output and "not every user may read this file" in output
        assert "secret" not in output.replace("no such secret", "")


# Channels that take no log lines.

def test_a_standard_error_that_is_not_read_does_not_stop_it(serving):
    reading, writing = os.pipe()
    fill = os.dup(writing)
    os.set_blocking(reading, False)
    try:
        program = serving(extra="", arguments=["-d", "3"], prefix=("bash", "-c", f'exec "$@" 2>&{writing}', "sh"), pass_fds=(writing,))
        os.close(writing)
        os.set_blocking(fill, False)
        while True:		# until the pipe is full
            try:
                os.write(fill, b"x" * 4095 + b"\n")
            except BlockingIOError:
                break
        for number in range(20):
            program.reload()
            assert rcode(program.ask(f"unread-{number}.example.com.", timeout=2)) == "NOERROR"
        said = []

        def lost():
            while readable(reading):
                said.append(os.read(reading, 1 << 20).decode())
            return sum(int(count) for count in re.findall(
                r"general: warning: (\d+) log lines? lost before this one: standard error \(nothing reads it\)", "".join(said)))
        lost()
        program.reload()
        wait_until(lambda: lost() >= 4, 5, "it logs again")
        program.stop()
    finally:
        os.close(fill)
        os.close(reading)


def readable(descriptor):
    return bool(select.select([descriptor], [], [], 0)[0])


def fill_disk(folder):
    """Fill the file system; returns the file that does so."""
    with open(folder / "ballast", "wb", buffering=0) as file:
        with pytest.raises(OSError):
            while True:
                file.write(b"x" * 512)
    return folder / "ballast"


def test_a_full_disk_is_reported_on_the_other_channels_and_later_in_the_file(small_disk, folder, serving):
    full, other = small_disk / "log", folder / "other"
    program = serving(extra=f"""logging {{
        channel a {{ file "{full}"; print-time yes; print-category yes; print-severity yes; }};
        channel b {{ file "{other}"; severity info; }};
        category default {{ a; b; }}; }};""", foreground="-f")
    ballast = fill_disk(small_disk)
    for number in range(40):	# the page that the log has begun still has space for some lines
        program.reload()
        wait_until(lambda n=number: other.read_text().count("reloaded") > n, 5, "it is reloaded")
    assert re.search(rf"\d+ log lines? lost: {full} \(No space left on device\)", other.read_text())
    ballast.unlink()
    program.process.send_signal(signal.SIGUSR1)
    wait_until(lambda: re.search(r"log lines? lost before this one: .* \(No space left on device\)", full.read_text()), 5, "it reports that")


@pytest.mark.parametrize("has_syslog", [True, False], ids=["syslog", "standard error"])
def test_a_full_disk_under_the_only_channel_is_reported_elsewhere_and_counted(small_disk, folder, serving, dev, has_syslog):
    full = small_disk / "log"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as syslog:
        if has_syslog:
            syslog.bind("/dev/log")
        program = serving(extra=logging_to(full), foreground="-f")
        fill_disk(small_disk)
        words = rf"\d+ log lines? lost: {full} \(No space left on device\)"

        def said():
            program.reload()
            if not has_syslog:
                return re.search("general: warning: " + words, program.log())
            return readable(syslog) and re.search(words, syslog.recv(65536).decode())
        wait_until(said, 20, "it is reported")
    program.process.send_signal(signal.SIGUSR1)
    dump = folder / "named_dump.db"
    wait_until(lambda: dump.exists() and re.search(r"; +\d+ log-lines-lost\n", dump.read_text()), 5, "it is counted")


@pytest.fixture
def dev():
    """A private /dev, so that there can be a /dev/log."""
    path = tempfile.mkdtemp(prefix="s53-dev-")
    subprocess.run(["mount", "-t", "tmpfs", "none", path], check=True)
    for name in ("null", "zero", "urandom"):
        os.mknod(f"{path}/{name}", 0o666 | 0o020000, os.stat(f"/dev/{name}").st_rdev)
    subprocess.run(["mount", "--move", path, "/dev"], check=True)
    yield
    subprocess.run(["umount", "-l", "/dev"], check=True)
    os.rmdir(path)


def test_a_syslog_that_is_not_read_does_not_stop_it(serving, folder, dev):
    other = folder / "other"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as syslog:
        syslog.bind("/dev/log")
        syslog.settimeout(5)
        program = serving(extra=f"""logging {{ channel a {{ syslog daemon; severity info; }};
            channel b {{ file "{other}"; severity info; }}; category default {{ a; b; }}; }};""", foreground="-f")
        assert re.match(rb"<29>... .\d \d\d:\d\d:\d\d split53\[\d+\]: starting split53", syslog.recv(65536))
        for number in range(40):
            program.reload()
            wait_until(lambda n=number: other.read_text().count("reloaded") > n, 5, "it is reloaded")
        assert rcode(program.ask("unread.example.com.")) == "NOERROR"
        assert re.search(r"\d+ log lines? lost: syslog \(nothing reads it\)", other.read_text())
        syslog.setblocking(False)
        with pytest.raises(BlockingIOError):
            while True:
                syslog.recv(65536)
        program.process.send_signal(signal.SIGUSR1)
        syslog.settimeout(5)
        assert re.search(rb"<28>.*: \d+ log lines? lost before this", syslog.recv(65536))


# Capabilities.

def capabilities(program):
    """The sets of each thread; all must have the same."""
    found = set()
    for task in pathlib.Path(f"/proc/{program.process.pid}/task").iterdir():
        status = dict(line.split(":\t", 1) for line in (task / "status").read_text().splitlines() if ":\t" in line)
        found.add(tuple(int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")) + (status["NoNewPrivs"],))
    assert len(found) == 1, found
    return found.pop()


INHERITED = ("setpriv", "--inh-caps=+sys_admin,+net_bind_service", "--ambient-caps=+sys_admin,+net_bind_service")


@pytest.mark.parametrize("prefix", [(), INHERITED], ids=["as root has them", "some inherited"])
@pytest.mark.parametrize("arguments, port, kept", [
    ([], None, DAC_OVERRIDE | NET_BIND_SERVICE), (["-u", "root"], None, DAC_OVERRIDE | NET_BIND_SERVICE),
    (["-u", "nobody"], None, 0), (["-u", "nobody"], 53, NET_BIND_SERVICE)],
    ids=["no user", "root", "nobody", "nobody on port 53"])
def test_only_the_needed_capabilities_are_kept(serving, arguments, port, kept, prefix):
    program = serving(arguments=arguments, port=port, prefix=prefix)
    assert capabilities(program) == (0, kept, kept, kept, 0, "1")


def test_it_starts_without_any_capabilities(serving):
    program = serving(prefix=("setpriv", "--bounding-set=-all", "--inh-caps=-all"))
    assert capabilities(program) == (0, 0, 0, 0, 0, "1")


def test_after_a_reload_root_can_still_listen_below_port_1024(serving, folder):
    program = serving()
    conf = folder / "split53.conf"
    conf.write_text(conf.read_text().replace("recursion yes;", "listen-on port 953 { 127.0.0.7; }; recursion yes;", 1))
    program.reload()
    program.process.wait_for_log(r"listening on 127\.0\.0\.7#953")


def test_root_can_still_write_a_file_in_a_directory_of_another_user(serving, folder):
    theirs = folder / "theirs"
    theirs.mkdir(mode=0o700)
    owned(theirs)
    serving(extra=logging_to(theirs / "log"), foreground="-f")
    wait_until(lambda: "running" in (theirs / "log").read_text(), 5, "it is written")
