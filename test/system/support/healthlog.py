# SPDX-License-Identifier: ISC
"""What the log says of servers: each change of a state is one line at notice."""
import re

STATES = "up|suspect|stalled|down|probing|recovering"
LINE = re.compile(
    r"^(?P<when>\S+ \S+) resolver: notice: (?P<place>[0-9a-fA-F.:]+#\d+)[, ]+(?:over )?(?P<protocol>UDP|TCP)[:, ]+"
    rf"(?:from )?(?P<before>{STATES}) (?:to|->) (?P<to>{STATES})(?P<rest>.*)$", re.MULTILINE)


class Change:
    """One line: `before` and `to` are states; `why` and `lasted` what it says of the reason and of how long the state before held."""

    def __init__(self, match):
        self.line = match.group(0)
        self.address, port = match.group("place").rsplit("#", 1)
        self.port = int(port)
        self.protocol, self.before, self.to = match.group("protocol"), match.group("before"), match.group("to")
        rest = match.group("rest")
        lasted = re.search(r"\d+(?:\.\d+)? ?(?:ms|s)\b", rest)
        self.lasted = lasted.group(0) if lasted else None
        self.why = rest.strip(" ,:()")

    def __repr__(self):
        return self.line


def changes(log):
    """All of them, in order."""
    return [Change(match) for match in LINE.finditer(log)]


def of_server(some, server):
    """Those of one server: anything with `address` and `port`."""
    return [change for change in some if (change.address, change.port) == (server.address, server.port)]
