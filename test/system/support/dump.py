# SPDX-License-Identifier: ISC
"""A strict parser of cache dumps, BIND's and ours: every line must be of a known kind."""
import re
import signal

import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype

from .process import patience, wait_until

WORTH = ("answer", "authanswer", "secure", "authauthority", "additional", "glue", "pending-answer", "authority")


class Record:
    def __init__(self, owner, ttl, kind, data, worth, stale):
        self.owner, self.ttl, self.kind, self.data, self.worth, self.stale = owner, ttl, kind, data, worth, stale

    @property
    def key(self):
        return self.owner, self.kind, self.data


class View:
    def __init__(self, name):
        self.name, self.date = name, None
        self.questions = {}	# ours: "www.example.com/A DO" -> its records
        self.records = []
        self.negative = {}	# (owner, type or ANY) -> (TTL, NXDOMAIN or NXRRSET)


class Dump:
    """
    views: by name. upstreams: (server, UDP or TCP) -> its line, by title of column. counters: name -> number, none of them 0.
    groups: the same of each view, zone and server, "[name]". complete: the last line says so.
    """

    def __init__(self, text):
        self.views, self.upstreams, self.counters, self.groups, self.complete = {}, {}, {}, {}, False
        self._counting = None	# where the numbers of the statistics belong, once those have begun
        self._titles = None	# of the table of upstreams, once it has begun
        self._view = self._question = None
        self._worth, self._stale, self._owner, self._negative = None, False, None, False
        for line in join(text.splitlines()):
            assert not self.complete, f"after the end: {line}"
            self._comment(line) if line.startswith(";") else self._record(line)

    def _comment(self, line):
        text = line[1:].strip()
        if match := re.fullmatch(r"Start view (\S+)", text):
            self._view = self.views[match.group(1)] = View(match.group(1))
        elif text in WORTH:
            self._worth, self._stale = text, False
        elif match := re.fullmatch(r"stale since (\d{14})", text):
            self._stale = match.group(1)
        elif text == "Dump complete":
            self.complete = True
        elif text == "Upstreams":
            self._titles = []
        elif re.fullmatch(r"\+\+\+ Statistics Dump \+\+\+ \(\d+\)", text):
            self._counting = self.counters
        elif self._counting is not None:
            self._statistics(text)
        elif self._titles is not None:
            self._upstream(re.split(r" {2,}", text))
        elif self._view is not None and re.fullmatch(r"\S*/[A-Z0-9-]+(/CLASS\d+)?( DO)?( CD)?", text):
            self._question = self._view.questions.setdefault(text, [])
            self._negative = False
        elif self._negative and "\t" in text:
            self._parse(text)	# the SOA of a negative answer

    def _statistics(self, text):
        if re.fullmatch(r"--- Statistics Dump --- \(\d+\)", text):
            return
        if match := re.fullmatch(r"\+\+ (.+) \+\+", text):
            self._counting = {} if match.group(1).startswith("Latency") else self.counters
        elif match := re.fullmatch(r"\[(.+)\]", text):
            assert match.group(1) not in self.groups
            self._counting = self.groups[match.group(1)] = {}
        else:
            match = re.fullmatch(r"(\d+) (\S.*)", text)
            assert match and match.group(2) not in self._counting and int(match.group(1)) > 0, text
            self._counting[match.group(2)] = int(match.group(1))

    def _upstream(self, cells):
        if cells == [""]:
            return
        if not self._titles:
            self._titles = cells
            return
        row = dict(zip(self._titles, cells, strict=True))
        assert (row["server"], row["over"]) not in self.upstreams
        self.upstreams[row["server"], row["over"]] = row

    def _record(self, line):
        assert self._titles is None, f"among the upstreams: {line}"
        if match := re.fullmatch(r"\$DATE (\d{14})", line):
            self._view.date = match.group(1)
            return
        negative = re.fullmatch(r"(\S+)?\s+(\d+)\s+(?:IN\s+)?\\-(\S+)\s+;-\$(NXDOMAIN|NXRRSET)", line)
        if negative:
            self._owner = (negative.group(1) or self._owner).lower()
            self._view.negative[self._owner, negative.group(3)] = int(negative.group(2)), negative.group(4)
            self._negative = True
            return
        self._negative = False
        record = self._parse(line)
        self._view.records.append(record)
        if self._question is not None:
            self._question.append(record)

    def _parse(self, line):
        match = re.fullmatch(r"(\S+)?\s+(\d+)\s+(?:(IN|CH|HS|CLASS\d+)\s+)?([A-Z0-9-]+)\s+(\S.*)", line)
        assert match, f"no record: {line}"
        self._owner = (match.group(1) or self._owner).lower()
        kind = dns.rdatatype.from_text(match.group(4))
        data = dns.rdata.from_text(dns.rdataclass.IN, kind, match.group(5))
        owner = dns.name.from_text(self._owner)
        assert owner.is_absolute()
        return Record(owner.to_text(), int(match.group(2)), match.group(4), data.to_text().lower(), self._worth, self._stale)


def join(lines):
    """Join a record over several lines (BIND's SOA) into one, without its comments."""
    whole, depth = "", 0
    for line in lines:
        if depth > 0:
            line = " " + re.sub(r";.*", "", line).strip()
        bare = re.sub(r'\\.|"(\\.|[^"])*"|;.*', "", line)
        depth += bare.count("(") - bare.count(")")
        whole += line
        if depth == 0:
            yield whole
            whole = ""


def dump(program, path, number=1):
    """Ask for the `number`-th dump of `program` and read it."""
    program.process.send_signal(signal.SIGUSR1)
    wait_until(lambda: len(re.findall("dumpdb complete", program.log())) >= number, 10 * patience(), "the dump")
    return Dump(path.read_text(encoding="ascii"))
