# SPDX-License-Identifier: ISC
"""
Resources that a process has used, read from the kernel: CPU time to the nanosecond, memory, wake-ups.

The CPU time of a process is its scheduler clock (clock_gettime of a foreign process's clock), exact and including threads that have ended.
The kernel splits it into user and system mode by sampling on its ticks, so the split is a share of that sum, with an error of a percent or
two over a second. Children that have ended (dnsmasq forks for each TCP connection) are counted in ticks.
"""
import os
import subprocess
import time

TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
CPUCLOCK_SCHED = 2


class Usage:
    """CPU time used so far, in ns; the difference of two values is the time used between them."""

    def __init__(self, total_ns=0, user_ticks=0, system_ticks=0):
        self.total_ns = total_ns
        self.user_ticks = user_ticks
        self.system_ticks = system_ticks

    def add(self, other):
        self.total_ns += other.total_ns
        self.user_ticks += other.user_ticks
        self.system_ticks += other.system_ticks

    def since(self, start):
        return Usage(self.total_ns - start.total_ns, self.user_ticks - start.user_ticks,
                     self.system_ticks - start.system_ticks)


def stat_fields(path):
    """The fields of a stat file after the name, which may hold blanks; field 3 of proc(5) is [0]."""
    with open(path, encoding="ascii", errors="replace") as file:
        return file.read().rpartition(")")[2].split()


def children(pid):
    found = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as file:
                found += [int(word) for word in file.read().split()]
    except OSError:
        pass
    return found


def tree(pid):
    """The process and all its descendants."""
    found = [pid]
    for child in children(pid):
        found += tree(child)
    return found


def usage_of_one(pid):
    fields = stat_fields(f"/proc/{pid}/stat")
    user, system, ended_user, ended_system = (int(word) for word in fields[11:15])
    total = time.clock_gettime_ns((~pid << 3) | CPUCLOCK_SCHED) + (ended_user + ended_system) * TICK_NS
    return Usage(total, user + ended_user, system + ended_system)


def usage(pids):
    """The resources that these processes and all their descendants have used."""
    total = Usage()
    for top in pids:
        for pid in tree(top):
            try:
                total.add(usage_of_one(pid))
            except OSError:  # ended since it was listed
                pass
    return total


def status_number(path, key):
    with open(path, encoding="ascii", errors="replace") as file:
        for line in file:
            if line.startswith(key + ":"):
                return int(line.split()[1])
    return 0


def resident_kib(pids):
    """Resident memory as usually counted, the sum over the processes."""
    return sum(status_number(f"/proc/{pid}/status", "VmRSS") for top in pids for pid in tree(top))


def shared_out_kib(pids):
    """Resident memory in which a page shared by processes counts once."""
    return sum(status_number(f"/proc/{pid}/smaps_rollup", "Pss") for top in pids for pid in tree(top))


def wakeups(pids):
    """How often the threads have gone to sleep voluntarily, and so been woken."""
    total = 0
    for top in pids:
        for pid in tree(top):
            for task in os.listdir(f"/proc/{pid}/task"):
                total += status_number(f"/proc/{pid}/task/{task}/status", "voluntary_ctxt_switches")
    return total


def busy_share(seconds):
    """The share of the machine's CPU time that other processes use, in the next seconds."""
    def read():
        with open("/proc/stat", encoding="ascii") as file:
            words = [int(word) for word in file.readline().split()[1:]]
        return sum(words), words[3] + words[4]
    begin, begin_idle = read()
    time.sleep(seconds)
    end, end_idle = read()
    return 1 - (end_idle - begin_idle) / max(end - begin, 1)


def start(arguments, log, cpus=None, folder=None, output_to=None, input_from=subprocess.DEVNULL):
    """Start a program on the processors `cpus`; its messages go into the file `log`, its output elsewhere if requested."""
    ours = os.sched_getaffinity(0)
    with open(log, "ab") as output:
        try:
            os.sched_setaffinity(0, cpus or ours)   # inherited; quicker than a function between fork and exec
            return subprocess.Popen(arguments, stdin=input_from, stdout=output_to or output,
                                    stderr=output, cwd=folder)
        finally:
            os.sched_setaffinity(0, ours)


def stop(process, seconds=20):
    """End a program that we started: by SIGTERM, then by SIGKILL. Returns its exit status."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    return process.returncode
