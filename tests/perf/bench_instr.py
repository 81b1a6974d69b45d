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
--repeat lives is told, and the packets that it took, either way.  The profiles
stay in the folder that the last line names (callgrind_annotate).
"""
import argparse
import contextlib
import os
import re
import signal
import subprocess
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


class Life:
    """One life of the daemon: what it did, and what that cost"""

    def __init__(self, build, task, out, secs):
        self.file = tempfile.mktemp(prefix=task + ".", dir=out)
        self.amount, self.packets = 1, 0
        with contextlib.ExitStack() as stack:
            self.live(stack, build, task, out, secs)
        with open(self.file) as f:
            for line in f:
                if line.startswith(("summary:", "totals:")):
                    self.total = int(line.split()[1])
                    return
        die(f"{task}: callgrind left no total")

    def live(self, stack, build, task, out, secs):
        ns = Namespace(stack)
        sock = os.path.join(tempfile.mkdtemp(dir=out), "sock")
        server = Server(stack, ns, ["valgrind", "-q", "--tool=callgrind",
                                    f"--callgrind-out-file={self.file}",
                                    *rig.ustackd(sock, build=build)],
                        self.file + ".log")
        for _ in range(200):
            server.check()
            if os.path.exists(sock) and rig.load(ns, 0.001, "-d", DST, "-M", "rr")[0]:
                break
            time.sleep(0.1)
        else:
            die(f"{build}/ustackd does not answer:\n" + open(server.log).read())
        if task in TASKS:
            args, _, how = TASKS[task]
            r, error = rig.load(ns, secs, "-d", DST, *args)
            if not r:
                die(f"{task}: {error}")
            self.amount = how(r)
            self.packets = ns.packets() / self.amount
        server.p.terminate()
        server.p.wait(30)

    def functions(self):
        """{function: instructions in it}"""
        text = subprocess.run(["callgrind_annotate", "--threshold=100", self.file],
                              capture_output=True, text=True, check=True).stdout
        found = {}
        for m in re.finditer(r"^ *([\d,]+) (?:\( *[\d.]+%\) +)?\S+?:(\S+)", text, re.M):
            found[m[2]] = found.get(m[2], 0) + int(m[1].replace(",", ""))
        return found


class Costs:
    """What the tasks cost one build, each in its cheapest life"""

    def __init__(self, build, out, args):
        self.idle = Life(build, "nothing", out, args.t)
        self.least = {}
        for task in args.tasks.split(","):
            self.least[task] = min((Life(build, task, out, args.t)
                                    for _ in range(args.repeat)), key=self.of)

    def of(self, life):
        return (life.total - self.idle.total) / life.amount

    def functions(self, task):
        life, idle = self.least[task], self.idle.functions()
        return {k: (v - idle.get(k, 0)) / life.amount
                for k, v in life.functions().items()}


def show_functions(task, old, new, most):
    """Where two builds differ"""
    a, b = old.functions(task), new.functions(task)
    names = sorted(a.keys() | b, key=lambda k: -abs(b.get(k, 0) - a.get(k, 0)))
    print(f"\n{task}: instructions per {TASKS[task][1]} of the functions that differ most")
    for k in names[:most]:
        x, y = a.get(k, 0), b.get(k, 0)
        print(f"  {k:32s}{x:12,.1f}{y:12,.1f}{y - x:+12,.1f}")


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("build", nargs="*", default=[rig.BUILD])
    ap.add_argument("--t", type=float, default=2, help="seconds a task")
    ap.add_argument("--repeat", type=int, default=3, help="take the least of so many")
    ap.add_argument("--tasks", default=",".join(TASKS))
    ap.add_argument("--functions", type=int, default=0, metavar="N",
                    help="show where the last build differs from the first")
    args = ap.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    top = tempfile.mkdtemp(prefix="ustack-instr-")
    costs = []
    for i, build in enumerate(args.build):
        os.mkdir(os.path.join(top, str(i)))
        costs.append(Costs(build, os.path.join(top, str(i)), args))
    print(f"{'instructions (packets) per':28s}" +
          "".join(f"{b[-24:]:>28s}" for b in args.build))
    for task in args.tasks.split(","):
        print(f"{task:8s} {TASKS[task][1]:19s}", end="")
        for c in costs:
            life, first = c.least[task], costs[0].least[task]
            print(f"{c.of(life):12,.0f} {'({:.1f})'.format(life.packets):>8s} "
                  f"{c.of(life) / costs[0].of(first):6.3f}", end="")
        print()
    if args.functions:
        for task in args.tasks.split(","):
            show_functions(task, costs[0], costs[-1], args.functions)
    print(f"profiles: {top}")


if __name__ == "__main__":
    main()
