#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""
bench.py - measures split53 beside its peers and beside programs that only move packets. It is called by test/bench/run, which builds
and installs what is needed; docs/performance.md explains what is measured and how to read it.
"""
import argparse
import json
import os
import signal
import sys
import tempfile
import time

import failover
import failover_report
import measure
import process
import report
import scenarios
import special
import tools
from servers import SERVERS


def arguments():
    parser = argparse.ArgumentParser(prog="test/bench/run", description="Measure split53 beside its peers.",
                                     epilog=f"Scenarios: {' '.join(scenarios.ALL)}; only when named: {' '.join(scenarios.APART)}")
    parser.add_argument("scenario", nargs="*", help="what to measure (all)")
    parser.add_argument("--servers", help="split53,named,... (all that are installed): " + " ".join(SERVERS))
    parser.add_argument("--workers", help="1,2: threads of each server (both)")
    parser.add_argument("--rounds", type=int, help="medians over so many rounds (5)")
    parser.add_argument("--seconds", type=float, help="length of a measurement (2); failover: of the death of all (60)")
    parser.add_argument("--rows", help="failover: killed,frozen,... (all): " + " ".join(failover.ALL_ROWS))
    parser.add_argument("--keep", metavar="FOLDER", help="failover: keep the record of each query and what was logged there")
    parser.add_argument("--smoke", action="store_true", help="do the tools work? Short, split53 and the floors only")
    parser.add_argument("--output", metavar="FILE", help="write the tables, in Markdown (between the markers, if FILE has them)")
    parser.add_argument("--samples", metavar="FILE", help="keep the samples there, with those of earlier runs that are there")
    parser.add_argument("--bin", default=os.path.dirname(os.path.abspath(sys.argv[0])), help=argparse.SUPPRESS)
    options = parser.parse_args()
    for name in options.scenario:
        if name not in scenarios.ALL:
            parser.error(f"no scenario {name}; there are: {' '.join(scenarios.ALL)}")
    options.scenario = options.scenario or [name for name in scenarios.ALL if options.smoke or name not in scenarios.APART]
    if options.smoke and os.geteuid() != 0 and "failover" in options.scenario:
        measure.tell("failover is left out: it needs root")
        options.scenario.remove("failover")
    options.rows = options.rows.split(",") if options.rows else None
    for name in options.rows or ():
        if name not in failover.ALL_ROWS:
            parser.error(f"no row {name}; there are: {' '.join(failover.ALL_ROWS)}")
    options.asked_seconds = options.seconds
    options.rounds = options.rounds or (1 if options.smoke else 5)
    options.seconds = options.seconds or (0.1 if options.smoke else 2.0)
    options.workers = [int(word) for word in (options.workers or ("1" if options.smoke else "1,2")).split(",")]
    wanted = options.servers.split(",") if options.servers else ["split53"] if options.smoke else list(SERVERS)
    for name in wanted:
        if name not in SERVERS:
            parser.error(f"no server {name}; there are: {' '.join(SERVERS)}")
    options.names = wanted
    return options


def installed(names):
    """The servers that are installed; for the others a line is printed."""
    there = []
    for name in names:
        if SERVERS[name].path() is None:
            measure.tell(f"{name} is left out: no program {SERVERS[name].program} here (package {SERVERS[name].package})")
        else:
            there.append(name)
    return there


def load_results(path):
    if path and os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            return report.Results(json.load(file))
    return report.Results()


def save_results(path, results):
    if path:
        with open(path + ".new", "w", encoding="utf-8") as file:
            json.dump(results.data, file, indent=1)
        os.replace(path + ".new", path)


def run_all(options, names, results):
    versions = {name: SERVERS[name].version() for name in names}
    for workers in options.workers:
        options.workers_now = workers
        for scenario in options.scenario:
            if scenario in scenarios.APART and workers != options.workers[0]:
                continue    # once is enough
            measure.tell(f"{time.strftime('%H:%M:%S')} {scenario}, {workers} worker{'s' if workers > 1 else ''}")
            busy = 0 if options.smoke else process.busy_share(0.5)
            if busy > report.BUSY:
                measure.tell(f"    the machine is not quiet: other work takes {100 * busy:.0f} % of it")
            with tempfile.TemporaryDirectory(prefix="split53-bench-") as folder:
                if scenario in scenarios.PLANS:
                    samples, gone = measure.measure_plan(folder, scenarios.PLANS[scenario], names, options)
                else:
                    samples, gone = special.RUNS[scenario](folder, names, options)
            missing = {name: "not installed" for name in options.names if name not in names}
            about = {**report.about(options, versions), "busy": busy}
            results.put(scenario, workers, samples, {**missing, **gone}, about)
            save_results(options.samples, results)
            if options.output:
                report.write(options.output, results)


def smoke_faults(options, results):
    """What fails a smoke run: a server or a floor that does not run, or that answers nothing."""
    for scenario in options.scenario:
        for workers in options.workers:
            for name, why in results.data["gone"][f"{scenario}/{workers}"].items():
                yield f"{scenario}: {name}: {why}"
            servers = results.servers(scenario, workers)
            wanted = [*options.names, *(scenarios.PLANS[scenario].floor if scenario in scenarios.PLANS else ())]
            for fault in failover_report.smoke_faults(servers) if scenario == "failover" else ():
                yield fault
            for name in wanted:
                samples = servers.get(name, [])
                if not samples or any(sample.get("answered", 1) == 0 for sample in samples):
                    yield f"{scenario}: {name} answered nothing"
                if report.total(samples, "wrong"):
                    yield f"{scenario}: {name} gave {report.total(samples, 'wrong')} wrong answers"


def faults_of_ours(options, results):
    """What fails any run."""
    found = []
    for key in (f"{scenario}/{workers}" for scenario in options.scenario for workers in options.workers):
        if report.OURS in results.data["gone"][key]:
            found.append(f"{key}: split53 was left out: {results.data['gone'][key][report.OURS]}")
        wrong = report.total(results.data["scenarios"][key].get(report.OURS, []), "wrong")
        if wrong:
            found.append(f"{key}: split53 gave {wrong} wrong answers")
    return found


def main():
    options = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the programs we started are stopped
    tools.use_folder(options.bin)
    results = load_results(options.samples)
    names = installed(options.names)
    run_all(options, names, results)
    print(report.markdown(results, with_goals=not options.smoke))
    faults = list(smoke_faults(options, results)) if options.smoke else []
    faults += faults_of_ours(options, results)
    for fault in faults:
        measure.tell(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
