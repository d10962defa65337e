# SPDX-License-Identifier: ISC
"""
Realistic configurations (bind_compat/*.conf), in named and in split53: every difference between their answers is in
bind_compat/differences.txt with its reason. A difference that is not listed fails, and so does a listed one that does not occur.
"""
import collections
import re
import subprocess

import pytest

from support import bind_compat

UNTIL_9_18 = {"delegation-only-and-hints"}	# named 9.20 does not load it: there is no type delegation-only any more


def named_loads(path):
    said = subprocess.run(["named", "-v"], capture_output=True, text=True, check=True).stdout
    version = tuple(int(part) for part in re.search(r"(\d+)\.(\d+)", said).groups())
    return version < (9, 20) or path.stem not in UNTIL_9_18


CONFIGURATIONS = [bind_compat.Configuration(path) for path in sorted(bind_compat.HERE.glob("*.conf")) if named_loads(path)]
NAMES = [configuration.name for configuration in CONFIGURATIONS]
LISTED = bind_compat.HERE / "differences.txt"


def listed():
    """
    {name: {(query, client): (named's, split53's)}} of the list. A paragraph is a reason in lines that begin with `#`, then `QUERY

    named's reply

    split53's reply

    where ...`, which continues in indented lines. "Where" is `name` for all clients, or `name@client,client`.
    """
    clients_of = {configuration.name: configuration.clients for configuration in CONFIGURATIONS}
    found = {name: {} for name in NAMES}
    for paragraph in re.split(r"\n\s*\n", LISTED.read_text(encoding="utf-8").strip()):
        reason, *lines = re.sub(r"\n\s+", " ", paragraph).splitlines()
        assert reason.startswith("# "), f"a paragraph without a reason: {reason}"
        for line in lines:
            if line.startswith("#"):
                continue
            question, theirs, ours, places = (part.strip() for part in line.split("|"))
            for place in places.split():
                name, _, clients = place.partition("@")
                if name in UNTIL_9_18 and name not in found:
                    continue
                for client in clients.split(",") if clients else clients_of[name]:
                    assert (question, client) not in found[name], f"listed twice: {question} in {place}"
                    found[name][question, client] = (theirs, ours)
    return found


def as_lines(name, differences):
    """The lines that the list would need for these differences."""
    clients = collections.defaultdict(list)
    for (question, client), (theirs, ours) in differences.items():
        clients[question, theirs, ours].append(client)
    everyone = len(next(item for item in CONFIGURATIONS if item.name == name).clients)
    return "\n".join(f"{' | '.join(key)} | {name if len(some) == everyone else name + '@' + ','.join(some)}"
                     for key, some in clients.items())


@pytest.fixture(scope="module")
def results(tmp_path_factory, resolv_conf):
    resolv_conf.write_text("nameserver 9.9.9.9\n")
    return bind_compat.run(tmp_path_factory.mktemp("compat"), CONFIGURATIONS)


def test_there_are_enough_configurations_and_queries():
    assert len(CONFIGURATIONS) >= 60
    assert all(len(set(item.queries)) == bind_compat.QUERIES and len(item.clients) > 1 for item in CONFIGURATIONS)
    assert set(listed()) <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_it_answers_as_named_except_for_the_listed_differences(results, name):
    assert isinstance(results[name], dict), results[name]
    found = {key: replies for key, replies in results[name].items() if replies[0] != replies[1]}
    wanted = listed()[name]
    unlisted = {key: replies for key, replies in found.items() if wanted.get(key) != replies}
    missing = {key: replies for key, replies in wanted.items() if found.get(key) != replies}
    assert not unlisted and not missing, f"not listed:\n{as_lines(name, unlisted)}\nlisted, and not so:\n{as_lines(name, missing)}"
