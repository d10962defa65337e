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
    """
    All of them, in order. Threads log after they have released the server's lock, so two changes of one server within a moment may
    stand in the wrong order: the second begins in the state of before, and leads to the state in which the first began.
    """
    found, places = [], {}
    for change in map(Change, LINE.finditer(log)):
        own = places.setdefault((change.address, change.port, change.protocol), [])
        own.append(len(found))
        found.append(change)
        if len(own) > 1:
            state = found[own[-3]].to if len(own) > 2 else "up"
            first = found[own[-2]]
            if first.before != state and (change.before, change.to) == (state, first.before):
                found[own[-2]], found[own[-1]] = change, first
    return found


def of_server(some, server):
    """The lines of one server: anything with `address` and `port`."""
    return [change for change in some if (change.address, change.port) == (server.address, server.port)]


def said_of(program, server, state):
    """The changes of this server to `state` in a program's log."""
    return [change for change in of_server(changes(program.log()), server) if change.to == state]
