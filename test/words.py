#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""words.py [ROOT]: no text calls software a person.

Software and servers are "it" (docs/style.md, "Language"). So the words below appear nowhere: not in comments, messages, documents
or names of tests. Letters decide where a word ends, so that `test_who_asks` is found too.
"""
import pathlib
import re
import sys

WORDS = {"who", "whom", "nobody", "somebody", "anybody", "whoever", "he", "him", "his", "she", "her"}
FOLDERS = ("include", "src", "test", "docs", "zones", "packaging")
ENDINGS = {".c", ".h", ".py", ".sh", ".md", ".txt", ".cmake", ".replay", ".conf", ".expected", ".1", ".5", ".8", ".zone", ".yml",
           ".yaml", ".json", ".html", ".js", ".css", ".service", ""}
LETTERS = re.compile(r"[A-Za-z]+")

# What is allowed: the file, the word, the reason.
EXCEPTIONS = {
    ("test/words.py", None): "the list itself",
    ("test/words_planted.py", None): "plants them",
    ("docs/style.md", None): "its table says which words to avoid",
    ("test/unit/conf/test_conf_warnings.c", None): "searches the texts of the grammar for them",
    ("test/system/test_files_and_rights.py", "nobody"): "the unprivileged user of the system",
    ("test/system/test_signals.py", "nobody"): "the unprivileged user of the system",
    ("test/system/test_control.py", "nobody"): "the unprivileged user of the system",
    ("test/system/test_warm_restart.py", "nobody"): "the unprivileged user of the system",
    ("test/golden/conf/broken/controls.conf", "nobody"): "the name of an acl that does not exist",
    ("test/golden/conf/broken/controls.expected", "nobody"): "the same",
    ("test/golden/conf/broken/several-errors.conf", "nobody"): "the same",
    ("test/golden/conf/broken/several-errors.expected", "nobody"): "the same",
    ("test/golden/conf/good/zones.conf", "nobody"): "the name of an empty list of servers",
    ("test/golden/conf/good/zones.expected", "nobody"): "the same",
    ("test/golden/conf/broken/cache.expected", "he"): "an excerpt of a line begins within 'max-cache-ttl'",
}


def is_text(path):
    return path.suffix in ENDINGS and "corpus" not in path.parts and "__pycache__" not in path.parts


def files(root):
    yield from (path for path in sorted(root.iterdir()) if path.is_file() and is_text(path))
    for folder in FOLDERS:
        yield from (path for path in sorted((root / folder).rglob("*")) if path.is_file() and is_text(path))


def offences(path, name):
    allowed = {word for file, word in EXCEPTIONS if file == name}
    if None in allowed:
        return
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        for word in LETTERS.findall(line):
            if word.lower() in WORDS and word.lower() not in allowed:
                yield f"{name}:{number}: '{word}': software is \"it\", people are \"the operator\", \"the client\" (docs/style.md)"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    count = 0
    found = []
    for path in files(root):
        count += 1
        found.extend(offences(path, path.relative_to(root).as_posix()))
    if found or count == 0:
        print("\n".join(found) or f"no file under {root}")
        return 1
    print(f"{count} files without such words")
    return 0


if __name__ == "__main__":
    sys.exit(main())
