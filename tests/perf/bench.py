#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bench.py - ustackd over TUN against the kernel's TCP over veth, side by side

Three namespaces of our own: one with the TUN and its client, two joined by a
veth pair for the rival.  Both servers live through the whole run; rounds go in
turn (ours, rival, ours, ...), so that a drift of the machine hits both.  Server
on CPU 1, client on CPU 0; rr1-same has both on CPU 0.  A round in which other
processes took more than --foreign CPUs is discarded and repeated.  Sockets of
client and rival use cubic.  Quote the ratios: absolutes drift by 10 % and more.

The table goes to stdout, all rounds to build/bench.json.
"""
import argparse
import contextlib
import json
import os
import shutil
import signal
import statistics
import sys
import tempfile
import time

import rig
from rig import Namespace, Server, die, ksoftirqd_seconds, spread

OURS, RIVAL = "ustackd", "kernel"
DST = {OURS: "10.7.0.2", RIVAL: "10.78.0.2"}
# name: (loadgen mode, connections, result key, unit, scale, same CPU)
METRICS = {
    "sink": ("sink", 1, "gbps", "Gbit/s", 1, False),
    "source": ("source", 1, "gbps", "Gbit/s", 1, False),
    "echo": ("echo", 1, "gbps", "Gbit/s", 1, False),
    "rr1": ("rr", 1, "ops", "k/s", 1e-3, False),
    "rr1-same": ("rr", 1, "ops", "k/s", 1e-3, True),
    "rr64": ("rr", 64, "ops", "k/s", 1e-3, False),
    "crr64": ("crr", 64, "ops", "k/s", 1e-3, False),
}
MEANING = {
    "sink": "client sends, one connection",
    "source": "client receives, one connection",
    "echo": "each way, one connection",
    "rr1": "1 byte there and back, one connection",
    "rr1-same": "the same, client and server on one CPU",
    "rr64": "1 byte there and back, 64 connections",
    "crr64": "connect, 1 byte there and back, close; 64 at a time",
}


class Bench:
    def __init__(self, args, stack):
        self.args = args
        self.dir = tempfile.mkdtemp(prefix="ustack-bench-")
        stack.callback(shutil.rmtree, self.dir, ignore_errors=True)
        self.cpus = sorted(os.sched_getaffinity(0))
        tun, left, right = (Namespace(stack) for _ in range(3))
        self.ns = {OURS: tun, RIVAL: left}
        left.run("ip", "link", "add", "veth0", "type", "veth", "peer", "name",
                 "veth1", "netns", right.p.pid)
        for ns, dev, addr in ((left, "veth0", "10.78.0.1/24"),
                              (right, "veth1", "10.78.0.2/24")):
            ns.run("ip", "addr", "add", addr, "dev", dev)
            ns.run("ip", "link", "set", dev, "up")
        self.server = {
            OURS: Server(stack, tun, rig.ustackd(self.dir + "/ctl.sock", args.option),
                         self.dir + "/ustackd.log"),
            RIVAL: Server(stack, right, [rig.BUILD + "/kserver"],
                          self.dir + "/kserver.log"),
        }
        self.wait_ready()

    def wait_ready(self):
        for name in self.server:
            for _ in range(100):
                self.server[name].check()
                if self.load(name, "rr", 1, 0.01):
                    break
                time.sleep(0.05)
            else:
                die(f"{name} does not answer:\n" + open(self.server[name].log).read())

    def load(self, name, mode, conns, secs, client=None, extra=()):
        argv = ["-d", DST[name], "-M", mode, "-n", conns, "-P",
                self.server[name].p.pid, *extra]
        if client is not None:
            argv += ["-p", client]
        r, self.error = rig.load(self.ns[name], secs, *argv)
        return r

    def verify(self):
        for name in (OURS, RIVAL):
            if not self.load(name, "verify", 1, 20, extra=("-b", 64 << 20)):
                die(f"{name} does not echo what it is sent: {self.error}")
        print("64 MB echoed by each and compared: identical\n")

    def round(self, name, metric):
        """One measurement, or None when it was disturbed."""
        mode, conns, key, _, scale, same = METRICS[metric]
        self.server[name].check()
        self.server[name].pin(self.cpus[0] if same else self.cpus[-1])
        drops, soft = self.ns[name].drops(), ksoftirqd_seconds()
        r = self.load(name, mode, conns, self.args.t, client=self.cpus[0])
        if not r:
            die(f"{name}, {metric}: {self.error or 'no result'}")
        soft = (ksoftirqd_seconds() - soft) / r["sec"]
        r["foreign"] = round(r["busy"] - r["cli"] - r["srv"] - soft, 3)
        r["drops"] = self.ns[name].drops() - drops
        r["value"] = r[key] * scale
        return None if r["foreign"] > self.args.foreign else r

    def measure(self, metric):
        rounds, discarded = {OURS: [], RIVAL: []}, 0
        while len(rounds[OURS]) < self.args.rounds:
            pair = {}
            for name in rounds:
                pair[name] = self.round(name, metric)
                time.sleep(0.05)
            if None in pair.values():
                discarded += 1
                if discarded > 4 * self.args.rounds:
                    die(f"{metric}: the machine is too busy "
                        f"({discarded} rounds discarded)")
                time.sleep(0.3)
                continue
            for name in rounds:
                rounds[name].append(pair[name])
        return rounds, discarded


def show(metric, rounds, discarded):
    unit = METRICS[metric][3]
    ours = [r["value"] for r in rounds[OURS]]
    rival = [r["value"] for r in rounds[RIVAL]]
    ratio = [a / b if b else 0 for a, b in zip(ours, rival)]
    o, r, q = spread(ours, 1), spread(rival, 1), spread(ratio, 2)
    print(f"{metric:9s}{unit:7s}{o[0]:>7s} {o[1]:<15s}{r[0]:>7s} {r[1]:<15s}"
          f"{q[0]:>5s} {q[1]:<12s}", flush=True)
    notes = []
    if METRICS[metric][0] in ("rr", "crr"):
        med = {n: [statistics.median(x[k] for x in rounds[n]) for k in ("p50", "p99")]
               for n in rounds}
        notes.append("p50/p99 us: {:.1f}/{:.1f} against {:.1f}/{:.1f}".format(
            *med[OURS], *med[RIVAL]))
    else:
        gb = {n: statistics.median(x["srv"] * x["sec"] / (x["bytes"] / 1e9 or 1)
                                   for x in rounds[n]) for n in rounds}
        notes.append(f"server CPU s/GB: {gb[OURS]:.3f} against {gb[RIVAL]:.3f}")
    drops = {n: sum(x["drops"] for x in rounds[n]) for n in rounds}
    for name, n in drops.items():
        if n:
            notes.append(f"{n} packets dropped by {name}'s device")
    if discarded:
        notes.append(f"{discarded} rounds discarded")
    print("         " + "; ".join(notes), flush=True)
    return statistics.median(ratio)


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--rounds", type=int, default=5)
    ap.add_argument("--t", type=float, default=0.4, help="seconds a round")
    ap.add_argument("--foreign", type=float, default=0.2,
                    help="CPUs of other processes that spoil a round")
    ap.add_argument("--metrics", default=",".join(METRICS))
    ap.add_argument("-o", "--option", action="append", default=[],
                    help="SECTION.KEY=VALUE for ustackd")
    args = ap.parse_args()
    metrics = args.metrics.split(",")
    for m in metrics:
        if m not in METRICS:
            die(f"unknown metric {m}; there are {', '.join(METRICS)}")
    if os.geteuid() != 0:
        die("needs root (namespaces joined by a veth pair)")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))

    with contextlib.ExitStack() as stack:
        bench = Bench(args, stack)
        bench.verify()
        print(f"{args.rounds} rounds of {args.t} s in turn, median [least-most]; "
              f"kernel {os.uname().release},\n{len(bench.cpus)} CPUs; rival: "
              "kernel TCP, epoll server over veth; cubic\n")
        print(f"{'metric':16s}{'ustackd':>7s} {'':15s}{'kernel':>7s} {'':15s}"
              f"{'ratio':>5s}")
        result = {}
        for m in metrics:
            rounds, discarded = bench.measure(m)
            ratio = show(m, rounds, discarded)
            result[m] = dict(ratio=round(ratio, 3), discarded=discarded, **rounds)
    print()
    for m in metrics:
        print(f"{m:9s}{MEANING[m]}")
    out = os.path.join(os.path.dirname(rig.BUILD), "bench.json")
    with open(out, "w") as f:
        json.dump({"kernel": os.uname().release, "cpus": len(bench.cpus),
                   "rounds": args.rounds, "seconds": args.t, "metrics": result},
                  f, indent=1)
    print(f"\nall rounds: {out}")


if __name__ == "__main__":
    main()
