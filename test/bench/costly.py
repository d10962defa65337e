# SPDX-License-Identifier: ISC
"""
The cost of serving a hostile answer from the cache, for each datagram, in instructions of our own code: at most 5 times that of a
normal hit.

    costly.py PROGRAM

PROGRAM is hit_path, as for hit_path.py; the kinds of answers are those of costly.c, and each is queried with one size and with varying
sizes. A name with many labels costs more by itself: kinds with such a name are compared with a normal hit for it (long).
"""
import os
import re
import subprocess
import sys

HITS = 640
SKIPPED = 77	# ctest takes this status for "not run"
TIMES = 5
LONG = ("spelled", "nearly")
SIZES = ("512", "1232", "4096", "0")


def measure(program, *arguments):
    run = subprocess.run(["valgrind", "--tool=callgrind", "--collect-atstart=no", "--toggle-collect=answer_hits",
                          "--callgrind-out-file=/dev/null", program, str(HITS), *arguments], capture_output=True, text=True, check=False)
    found = re.search(r"Collected : (\d+)", run.stderr)
    if run.returncode != 0 or not found or int(found.group(1)) < HITS:
        sys.exit(f"costly.py: callgrind did not measure {program} {arguments}:\n{run.stdout}{run.stderr}")
    return int(found.group(1)) / HITS, run.stdout.split("last of", 1)[1].strip()


def main():
    program = sys.argv[1]
    if "S53_PLAIN_BIN" in os.environ:
        program = os.path.join(os.path.dirname(os.environ["S53_PLAIN_BIN"]), "bench", "hit_path")
    elif "S53_NOT_AS_USERS_GET_IT" in os.environ:
        print("not an optimised build, and S53_PLAIN_BIN names none: nothing to measure")
        sys.exit(SKIPPED)
    kinds = subprocess.run([program, "0", "list"], capture_output=True, text=True, check=True).stdout.split()
    normal, long = measure(program, "normal")[0], measure(program, "long")[0]
    print(f"normal {normal:.0f}, with a long name {long:.0f}")
    over = []
    for kind in kinds:
        for size in SIZES:
            cost, reply = measure(program, kind, size)
            times = cost / (long if kind in LONG else normal)
            print(f"{kind:10} {size:>5} {cost:8.0f} {times:6.1f}  {reply}")
            if times > TIMES:
                over.append(f"{kind} {size}: {times:.1f}")
    if over:
        sys.exit(f"more than {TIMES} times a normal hit: " + ", ".join(over))


main()
