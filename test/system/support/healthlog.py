# SPDX-License-Identifier: ISC
"""The log lines about servers: each change of state is one line at notice."""
import re

STATES = "up|suspect|stalled|down|probing|recovering|silent"
LINE = re.compile(
    r"^\S+ \S+ resolver: notice: server (?P<place>[0-9a-fA-F.:]+#\d+) over (?P<protocol>UDP|TCP):"
    rf" (?P<before>{STATES}) -> (?P<to>{STATES}): (?P<why>.+) \((?P<held>{STATES}) for (?P<lasted>\d+\.\d) s\)$", re.MULTILINE)


class Change:
    """One line: `before` and `to` are states; `lasted` is the time in `before`, in seconds."""

    def __init__(self, match):
        self.line, self.why, self.lasted = match.group(0), match.group("why"), float(match.group("lasted"))
        self.address, port = match.group("place").rsplit("#", 1)
        self.port = int(port)
        self.protocol, self.before, self.to = match.group("protocol"), match.group("before"), match.group("to")
        assert match.group("held") == self.before, self.line

    def __repr__(self):
        return self.line


def changes(log):
    """All of them, in order."""
    return [Change(match) for match in LINE.finditer(log)]


def of_server(some, server):
    """The lines of one server: anything with `address` and `port`."""
    return [change for change in some if (change.address, change.port) == (server.address, server.port)]


def said_of(program, server, state):
    """The changes of this server to `state` in a program's log."""
    return [change for change in of_server(changes(program.log()), server) if change.to == state]
