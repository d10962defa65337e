#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""sizes.py [ROOT]: the limits of docs/style.md that a machine can count.

A .c file has at most 600 lines, a header 300, a function 70 (from the brace that opens it at
column 0 to the one that closes it), a line 100 columns with tabs of 8, the root CMakeLists.txt
200 lines. The first line of a source file is the SPDX line.
"""
import pathlib
import sys

FILE_MAX = {".c": 600, ".h": 300}
FUNCTION_MAX = 70
COLUMNS_MAX = 100
CMAKE_MAX = 200
SPDX = "/* SPDX-License-Identifier: ISC"
UNFINISHED = ("TO" + "DO", "FIX" + "ME")


def long_functions(lines):
    """(line number, length) of each function over the limit."""
    opened = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            opened = number
        elif line == "}" and opened is not None:
            length = number - opened + 1
            opened = None
            if length > FUNCTION_MAX:
                yield number - length + 1, length


def offences(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    most = FILE_MAX[path.suffix]
    if len(lines) > most:
        yield f"{path}: {len(lines)} lines, at most {most}"
    if not lines or not lines[0].startswith(SPDX):
        yield f"{path}:1: does not begin with the SPDX line"
    for number, length in long_functions(lines):
        yield f"{path}:{number}: a function of {length} lines, at most {FUNCTION_MAX}"
    for number, line in enumerate(lines, 1):
        columns = len(line.expandtabs(8))
        if columns > COLUMNS_MAX:
            yield f"{path}:{number}: {columns} columns, at most {COLUMNS_MAX}"
        if any(word in line for word in UNFINISHED):
            yield f"{path}:{number}: unfinished work is marked"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    found = []
    count = 0
    for folder in ("src", "include", "test"):
        for path in sorted((root / folder).rglob("*.[ch]")):
            count += 1
            found.extend(offences(path))
    cmake_lines = len((root / "CMakeLists.txt").read_text(encoding="utf-8").splitlines())
    if cmake_lines > CMAKE_MAX:
        found.append(f"CMakeLists.txt: {cmake_lines} lines, at most {CMAKE_MAX}")
    if found or count == 0:
        print("\n".join(found) or f"no source file under {root}")
        return 1
    print(f"{count} files within the limits")
    return 0


if __name__ == "__main__":
    sys.exit(main())
