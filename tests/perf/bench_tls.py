#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bench_tls.py - echo over TLS, against the cryptography alone

    echo-tls  a client of the kernel's TCP sends records through the TUN to ustackd,
              which decrypts, echoes, encrypts; the client has encrypted before the
              clock runs and decrypts behind it (tls_client.c)
    loop      the same channel in memory, on one core: decrypt and encrypt records of
              the same size, without TCP, TUN or a second process (tls_loop.c)

In turn, on the same CPU, the client on another; every byte that comes back is
compared.  The ratio says what is left of the cryptography's speed once packets,
the kernel and the services have had their share; the one by CPU time says the same
on a machine that has other work.  A round in which other processes took more than
--foreign CPUs is discarded and repeated.
"""
import argparse
import contextlib
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import rig
from rig import Namespace, Server, die, ksoftirqd_seconds, spread

OURS, LOOP = "echo-tls", "loop"


class Bench:
    def __init__(self, args, stack):
        self.args = args
        self.dir = tempfile.mkdtemp(prefix="ustack-bench-")
        stack.callback(shutil.rmtree, self.dir, ignore_errors=True)
        self.cpus = sorted(os.sched_getaffinity(0))
        self.ns = Namespace(stack)
        self.server = Server(stack, self.ns, rig.ustackd(self.dir + "/sock", args.option),
                             self.dir + "/log")
        for _ in range(100):
            self.server.check()
            if os.path.exists(self.dir + "/sock"):
                break
            time.sleep(0.05)
        time.sleep(0.2)
        self.server.pin(self.cpus[-1])

    def run(self, argv):
        r = subprocess.run([str(a) for a in argv], capture_output=True, text=True)
        if r.returncode:
            die(f"{argv[0]}: {r.stderr.strip() or r.returncode}")
        return json.loads(r.stdout)

    def echo(self):
        """A round of ours, or None when it was disturbed."""
        soft = ksoftirqd_seconds()
        r = self.run(self.ns.cmd(rig.BUILD + "/tls_client", "-b", self.args.mb << 20,
                                 "-P", self.server.p.pid, "-p", self.cpus[0]))
        soft = (ksoftirqd_seconds() - soft) / r["sec"]
        foreign = r["busy"] - r["cli"] - r["srv"] - soft
        return None if foreign > self.args.foreign else r

    def loop(self):
        """A round in memory, likewise."""
        r = self.run([rig.BUILD + "/tls_loop", "-b", self.args.mb << 20, "-p",
                      self.cpus[-1]])
        return None if 1 - r["cpu"] > self.args.foreign else r

    def measure(self):
        rounds, discarded = {OURS: [], LOOP: []}, 0
        while len(rounds[OURS]) < self.args.rounds:
            pair = {OURS: self.echo(), LOOP: self.loop()}
            if None in pair.values():
                discarded += 1
                if discarded > 4 * self.args.rounds:
                    die(f"the machine is too busy ({discarded} rounds discarded)")
                continue
            for name, r in pair.items():
                rounds[name].append(r)
        return rounds, discarded


def wall(r):
    """Megabytes a second."""
    return r["mbs"]


def by_cpu(r):
    """Megabytes a second of CPU time of the one who does the cryptography."""
    return r["mbs"] / r.get("srv", r.get("cpu"))


def ratios(rounds, speed):
    return [speed(a) / speed(b) for a, b in zip(rounds[OURS], rounds[LOOP])]


def ratio_of(rounds, speed):
    return statistics.median(ratios(rounds, speed))


def show(args, cpus, rounds, discarded):
    first = rounds[OURS][0]
    print(f"{args.rounds} rounds of {args.mb} MiB in turn, median [least-most]; "
          f"kernel {os.uname().release}, {cpus} CPUs\n{first['version']}, "
          f"{first['suite']}; every byte compared\n")
    print(f"{'':10s}{'MB/s':>8s} {'':15s}{'MB/CPU s':>10s}")
    for name in rounds:
        a, b = (spread([speed(r) for r in rounds[name]], 1) for speed in (wall, by_cpu))
        print(f"{name:10s}{a[0]:>8s} {a[1]:15s}{b[0]:>10s} {b[1]}")
    a, b = (spread(ratios(rounds, speed), 2) for speed in (wall, by_cpu))
    print(f"{'ratio':10s}{a[0]:>8s} {a[1]:15s}{b[0]:>10s} {b[1]}")
    cli, srv = (statistics.median(r[k] for r in rounds[OURS]) for k in ("cli", "srv"))
    print(f"\nCPUs while echoing: ustackd {srv:.2f}, client {cli:.2f}; "
          f"{discarded} rounds discarded")


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--rounds", type=int, default=9)
    ap.add_argument("--mb", type=int, default=64, help="MiB a round")
    ap.add_argument("--foreign", type=float, default=0.2,
                    help="CPUs of other processes that spoil a round")
    ap.add_argument("-o", "--option", action="append", default=[],
                    help="SECTION.KEY=VALUE for ustackd")
    args = ap.parse_args()
    if os.geteuid() != 0:
        die("needs root (a namespace with a TUN)")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))

    with contextlib.ExitStack() as stack:
        bench = Bench(args, stack)
        rounds, discarded = bench.measure()
    show(args, len(bench.cpus), rounds, discarded)
    out = os.path.join(os.path.dirname(rig.BUILD), "bench_tls.json")
    with open(out, "w") as f:
        json.dump({"args": vars(args), "rounds": rounds,
                   "ratio": ratio_of(rounds, wall)}, f, indent=1)
    print(f"all rounds: {out}")


if __name__ == "__main__":
    main()
