# SPDX-License-Identifier: ISC
"""
Instructions of a cache hit in our own code, without the kernel, by callgrind; fails when they grow by more than 10 %.

    hit_path.py PROGRAM BASELINE [--write]

PROGRAM is hit_path of an optimised build; with S53_PLAIN_BIN=BUILD/split53 it is BUILD/bench/hit_path instead. BASELINE has lines
`COMPILER MACHINE INSTRUCTIONS`; a compiler that is not listed is compared with the highest figure of its machine. --write replaces the old
figure by the one measured now, for a change that is worth it: give the reason in the commit.
"""
import os
import platform
import re
import subprocess
import sys
import tempfile

HITS = 64000
SKIPPED = 77	# ctest takes this status for "not run"
TOLERANCE = 1.10


def compiler_of(program):
    """gcc-12 and the like, from the program's .comment section."""
    text = subprocess.run(["readelf", "-p", ".comment", program], capture_output=True, text=True, check=True).stdout
    found = re.search(r"(GCC|clang).*? (\d+)\.\d+", text)
    return f"{found.group(1).lower()}-{found.group(2)}" if found else "unknown"


def measure(program):
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run(["valgrind", "--tool=callgrind", "--collect-atstart=no", "--toggle-collect=answer_hits",
                              f"--callgrind-out-file={folder}/out", program, str(HITS)],
                             capture_output=True, text=True, check=False)
    found = re.search(r"Collected : (\d+)", run.stderr)
    if run.returncode != 0 or not found or int(found.group(1)) < HITS:
        sys.exit(f"hit_path.py: callgrind did not measure {program}:\n{run.stdout}{run.stderr}")
    return int(found.group(1)) / HITS


def read_baseline(path):
    with open(path, encoding="ascii") as file:
        lines = [line.split() for line in file if line.strip() and not line.startswith("#")]
    return {(compiler, machine): float(figure) for compiler, machine, figure in lines}


def write_baseline(path, baseline):
    with open(path, encoding="ascii") as file:
        head = [line for line in file if line.startswith("#")]
    with open(path, "w", encoding="ascii") as file:
        file.writelines(head)
        for (compiler, machine), figure in sorted(baseline.items()):
            file.write(f"{compiler} {machine} {figure:.0f}\n")


def main():
    program, path = sys.argv[1:3]
    if "S53_PLAIN_BIN" in os.environ:
        program = os.path.join(os.path.dirname(os.environ["S53_PLAIN_BIN"]), "bench", "hit_path")
    elif "S53_NOT_AS_USERS_GET_IT" in os.environ:
        print("not an optimised build, and S53_PLAIN_BIN names none: nothing to measure")
        sys.exit(SKIPPED)
    key = (compiler_of(program), platform.machine())
    baseline = read_baseline(path)
    now = measure(program)
    print(f"{now:.0f} instructions a hit ({key[0]}, {key[1]})")
    if sys.argv[3:] == ["--write"]:
        write_baseline(path, baseline | {key: now})
        return
    same_machine = [figure for (_, machine), figure in baseline.items() if machine == key[1]]
    if not same_machine:
        sys.exit(f"no figure for {key[1]} in {path}: add one with --write")
    limit = baseline.get(key, max(same_machine)) * TOLERANCE
    if now > limit:
        sys.exit(f"that is more than {limit:.0f}, the figure in {path} and a tenth")


main()
