# SPDX-License-Identifier: ISC
"""Programs under test and their helpers: start, watch, end."""
import os
import re
import signal
import subprocess
import time

BINARY = os.environ.get("S53_BIN", "")
PLAIN_BINARY = os.environ.get("S53_PLAIN_BIN", "")
SANITIZER = re.compile(r"(ERROR|WARNING|SUMMARY): (\w+Sanitizer)|runtime error:")


def sanitized(path=BINARY):
    """Whether the program is built with a sanitizer: then it is several times slower, and figures have no meaning."""
    with open(path, "rb") as program:
        octets = program.read()
    return b"__asan_init" in octets or b"__tsan_init" in octets


def patience():
    """The factor for time limits where the program may be slow without being wrong."""
    return 5 if sanitized() else 2


def wait_until(condition, seconds=10.0, what="the condition"):
    """Try `condition` until it is true; returns its value. Raises when it does not become true."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what() if callable(what) else what}: not within {seconds} s")
        time.sleep(0.01)


class Process:
    """A child that ends with the test process. Its output goes to files in `folder`."""

    def __init__(self, arguments, folder, name, environment=None, prefix=(), pass_fds=()):
        self.name = name
        self.log_path = os.path.join(str(folder), f"{name}.log")
        settings = dict(os.environ)
        for key in [key for key in settings if key.startswith("SPLIT53_")]:
            del settings[key]
        settings["ASAN_OPTIONS"] = "detect_leaks=1:abort_on_error=0"
        settings["UBSAN_OPTIONS"] = "print_stacktrace=1"
        settings["TSAN_OPTIONS"] = "halt_on_error=0:second_deadlock_stack=1"
        settings.update(environment or {})
        with open(self.log_path, "ab") as log:
            self.child = subprocess.Popen(
                [*prefix, "setpriv", "--pdeathsig", "KILL", "--", *arguments], stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, cwd=str(folder), env=settings, pass_fds=pass_fds)

    @property
    def pid(self):
        return self.child.pid

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return log.read()

    def running(self):
        return self.child.poll() is None

    def send_signal(self, number):
        self.child.send_signal(number)

    def wait(self, seconds):
        return self.child.wait(seconds)

    def wait_for_log(self, pattern, seconds=10.0):
        """Wait until the output matches; fails if the program ends before."""
        def there():
            if re.search(pattern, self.log()):
                return True
            assert self.running(), f"{self.name} ended with {self.child.returncode}:\n{self.log()}"
            return False
        return wait_until(there, seconds, lambda: f"{self.name} says /{pattern}/ in:\n{self.log()}\n")

    def kill(self):
        if self.running():
            self.child.kill()
        self.child.wait()

    def end(self, seconds=10.0):
        """SIGTERM; returns the exit status."""
        if self.running():
            self.child.send_signal(signal.SIGTERM)
        try:
            return self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} does not end within {seconds} s of SIGTERM:\n{self.log()}") from None
