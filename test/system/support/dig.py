# SPDX-License-Identifier: ISC
"""Run dig and parse its output."""
import re
import subprocess


class Digged:
    """The output of dig: status, flags, and each section as a set of (owner, ttl, type, data)."""

    def __init__(self, text):
        self.text = text
        status = re.search(r"status: (\w+)", text)
        self.status = status.group(1) if status else None
        flags = re.search(r"flags: ([a-z ]*);", text)
        self.flags = set(flags.group(1).split()) if flags else set()
        self.sections, current = {}, None
        for line in text.splitlines():
            heading = re.match(r";; (\w+) (?:PSEUDO)?SECTION:", line)
            if heading:
                current = self.sections.setdefault(heading.group(1).lower(), set())
            elif line and not line.startswith(";") and current is not None:
                owner, ttl, _, kind, data = line.split(None, 4)
                current.add((owner.lower(), int(ttl), kind, data.lower()))

    @property
    def answer(self):
        return self.sections.get("answer", set())

    @property
    def additional(self):
        return self.sections.get("additional", set())

    @property
    def authority(self):
        return self.sections.get("authority", set())

    def data(self):
        """Only the data of the answer, sorted."""
        return sorted(data for _, _, _, data in self.answer)


def dig(*words, server=None, port=53, seconds=15):
    """Run dig with these arguments; without TCP retry unless requested (+noignore)."""
    at = [f"@{server}", "-p", str(port)] if server else []
    done = subprocess.run(["dig", *at, "+tries=1", "+time=5", "+nocookie", *words], capture_output=True, text=True,
                          timeout=seconds, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return Digged(done.stdout)
