#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""words_planted.py: words.py finds a word that is planted in a comment, a message, a document or the name of a test."""
import pathlib
import subprocess
import sys
import tempfile

CHECK = pathlib.Path(__file__).with_name("words.py")
CLEAN = {
    "README.md": "The client asks; the server answers. A whole hero, hem and hist are other words.\n",
    "src/a.c": '/* The server that answers first. */\nlog("its server answers");\n',
    "docs/style.md": "Not: who, nobody.\n",
    "test/test_a.py": "def test_it_answers():\n",
}
PLANTED = [
    ("src/a.c", "/* The server who answers first. */"),
    ("src/a.c", 'log("nobody answers");'),
    ("docs/a.md", "Somebody asks."),
    ("test/test_a.py", "def test_who_answers():"),
    ("test/unit/test_b.c", "the_client_gets_his_answer(void)"),
    ("test/golden/a.expected", "a.conf:1: him"),
]


def check(planted=None):
    """The status and the output of words.py on a clean tree with one line more."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in CLEAN.items():
            path = pathlib.Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        if planted is not None:
            path = pathlib.Path(folder, planted[0])
            path.parent.mkdir(parents=True, exist_ok=True)
            with open(path, "a", encoding="utf-8") as file:
                file.write(planted[1] + "\n")
        done = subprocess.run([sys.executable, CHECK, folder], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout


def main():
    status, said = check()
    failures = [f"a clean tree is refused: {said}"] if status != 0 else []
    for planted in PLANTED:
        status, said = check(planted)
        if status != 1 or not said.startswith(f"{planted[0]}:"):
            failures.append(f"not found in {planted[0]}: {planted[1]} ({said.strip()})")
    print("\n".join(failures) or f"{len(PLANTED)} planted words are found")
    return len(failures) > 0


if __name__ == "__main__":
    sys.exit(main())
