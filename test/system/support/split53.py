# SPDX-License-Identifier: ISC
"""The program under test."""
import os
import random
import signal
import socket
import subprocess

from .client import Client, ask
from .process import BINARY, SANITIZER, Process, patience, wait_until

assert BINARY and os.access(BINARY, os.X_OK), "S53_BIN must name the program: run these tests through ctest or test/run"


_given_ports = set()


def free_port(address="127.0.0.1"):
    """
    A port that is free for UDP and TCP now, below those that the kernel gives to connections: in this test's network namespace no other
    program uses it, and no other call returns it (two nameds share a port without an error, by SO_REUSEPORT).
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    while True:
        with socket.socket(family, socket.SOCK_DGRAM) as udp, socket.socket(family, socket.SOCK_STREAM) as tcp:
            port = random.randrange(10000, 32000)
            if port in _given_ports:
                continue
            _given_ports.add(port)	# before the check: threads call this at the same time
            try:
                udp.bind((address, port))
                tcp.bind((address, port))
            except OSError:	# in use by another server of this test, or by a lingering connection of an earlier one
                continue
            return port


def run_once(*arguments, environment=None, folder="/", seconds=30):
    """Run the program to its end: (exit status, standard output, standard error)."""
    settings = {key: value for key, value in os.environ.items() if not key.startswith("SPLIT53_")}
    settings.update(environment or {})
    done = subprocess.run([BINARY, *arguments], capture_output=True, text=True, env=settings, cwd=str(folder),
                          stdin=subprocess.DEVNULL, timeout=seconds, check=False, errors="replace")
    assert not SANITIZER.search(done.stderr), done.stderr
    return done.returncode, done.stdout, done.stderr


class Split53:
    """A running split53. `conf` is the text of its named.conf, or None for none; `wait_at` is where it must answer."""

    def __init__(self, folder, conf=None, arguments=(), environment=None, wait_at=("127.0.0.1", None), name="split53",
                 prefix=(), foreground="-g", pass_fds=()):
        self.folder = str(folder)
        self.conf_path = os.path.join(self.folder, f"{name}.conf")
        words = [BINARY, foreground]
        if conf is not None:
            self.write_conf(conf)
            words += ["-c", self.conf_path]
        self.process = Process([*words, *arguments], folder, name, environment, prefix, pass_fds)
        self.address, self.port = wait_at
        if self.port is None:
            raise ValueError("wait_at needs a port")
        self.wait_until_it_answers()

    def write_conf(self, text):
        """Replace the file as an editor does: it is never incomplete."""
        with open(self.conf_path + ".new", "w", encoding="utf-8") as conf:
            conf.write(text)
        os.rename(self.conf_path + ".new", self.conf_path)

    def wait_until_it_answers(self):
        def answers():
            assert self.process.running(), f"split53 ended with {self.process.child.returncode}:\n{self.process.log()}"
            try:
                return ask((self.address, self.port), "localhost.", "A", timeout=0.2)
            except (OSError, AssertionError):	# not listening yet, or a reply to an earlier user of our port
                return None
        try:
            wait_until(answers, 10 * patience() / 2, "split53 answers")
        except AssertionError as error:
            self.process.kill()
            raise AssertionError(f"{error}\n{self.process.log()}") from None

    def ask(self, name, rdtype="A", **more):
        return ask((self.address, self.port), name, rdtype, **more)

    def client(self, **more):
        return Client(self.address, self.port, **more)

    def log(self):
        return self.process.log()

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def stop(self):
        """End it as an operator does: the exit status must be 0, without a sanitizer report."""
        code = self.process.end(10 * patience())
        said = self.log()
        assert not SANITIZER.search(said), said
        assert code == 0, f"exit code {code}:\n{said}"
