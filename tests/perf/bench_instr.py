#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bench_instr.py - instructions that ustackd spends, by callgrind

Unlike seconds they do not drift.  For each task the daemon lives once under
valgrind in a namespace of its own; what starting and ending cost is measured
first and taken off.  Several builds go side by side: name their folders.

    bench_instr.py [BUILD...]       default: $B, or build/release

sink, source and echo are told per MB, rr and crr per exchange.  The daemon is
slow there, so its batches are full: counts compare builds, not machines.  How
a stream falls into packets varies, and counts per MB with it: the least of
--repeat lives is told.  The profiles of the last lives stay in the folder that
the last line names (callgrind_annotate).
"""
import argparse
import contextlib
import os
import signal
import sys
import tempfile
import time

import rig
from rig import Namespace, Server, die

DST = "10.7.0.2"
# task: (loadgen arguments, unit, how to get the amount from loadgen's answer)
TASKS = {
    "sink": (["-M", "sink"], "MB", lambda r: r["bytes"] / 1e6),
    "source": (["-M", "source"], "MB", lambda r: r["bytes"] / 1e6),
    "echo": (["-M", "echo"], "MB", lambda r: r["bytes"] / 1e6),
    "rr1": (["-M", "rr"], "exchange", lambda r: r["ops"] * r["sec"]),
    "rr64": (["-M", "rr", "-n", 64], "exchange", lambda r: r["ops"] * r["sec"]),
    "crr16": (["-M", "crr", "-n", 16], "exchange", lambda r: r["ops"] * r["sec"]),
}


def instructions(build, task, out, secs):
    """(instructions of one life of the daemon, amount of work it did)"""
    with contextlib.ExitStack() as stack:
        ns = Namespace(stack)
        sock = os.path.join(tempfile.mkdtemp(dir=out), "sock")
        argv = rig.ustackd(sock, build=build)
        server = Server(stack, ns, ["valgrind", "-q", "--tool=callgrind",
                                    f"--callgrind-out-file={out}/{task}", *argv],
                        f"{out}/{task}.log")
        for _ in range(200):
            server.check()
            if os.path.exists(sock) and rig.load(ns, 0.001, "-d", DST, "-M", "rr")[0]:
                break
            time.sleep(0.1)
        else:
            die(f"{build}/ustackd does not answer:\n" + open(server.log).read())
        amount = 0
        if task != "nothing":
            args, _, how = TASKS[task]
            r, error = rig.load(ns, secs, "-d", DST, *args)
            if not r:
                die(f"{task}: {error}")
            amount = how(r)
        server.p.terminate()
        server.p.wait(30)
    with open(f"{out}/{task}") as f:
        for line in f:
            if line.startswith(("summary:", "totals:")):
                return int(line.split()[1]), amount
    die(f"{task}: callgrind left no total")


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("build", nargs="*", default=[rig.BUILD])
    ap.add_argument("--t", type=float, default=2, help="seconds a task")
    ap.add_argument("--repeat", type=int, default=3, help="take the least of so many")
    ap.add_argument("--tasks", default=",".join(TASKS))
    args = ap.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    top = tempfile.mkdtemp(prefix="ustack-instr-")
    tasks = args.tasks.split(",")
    costs = []
    for i, build in enumerate(args.build):
        out = os.path.join(top, str(i))
        os.mkdir(out)
        idle, _ = instructions(build, "nothing", out, args.t)
        cost = {}
        for task in tasks:
            lives = [instructions(build, task, out, args.t)
                     for _ in range(args.repeat)]
            cost[task] = min((total - idle) / amount for total, amount in lives)
        costs.append(cost)
    print(f"{'instructions per':24s}" + "".join(f"{b[-24:]:>26s}" for b in args.build))
    for task in tasks:
        print(f"{task:8s} {TASKS[task][1]:15s}" + "".join(
            f"{c[task]:18,.0f} {c[task] / costs[0][task]:7.3f}" for c in costs))
    print(f"profiles: {top}")


if __name__ == "__main__":
    main()
