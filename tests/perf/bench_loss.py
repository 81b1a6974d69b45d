#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bench_loss.py - how fast ustackd sends when packets get lost, beside the kernel

    client v1 -- v0 middle ustack0 -- ustackd        ours
                  |       k0 -- k1 -- kserver        rival

Namespaces of our own; both servers live through the whole run.  The middle
forwards.  Each server sends super-packets as it likes (--wire: single
segments); v0 cuts them, so that the client's ingress, where nftables drops at
random, sees wire-sized segments from either, and neither sender is told.  A
SYN-ACK is spared: its timer would be the whole measurement.  With --acks the
middle drops the client's segments as often.  With --rtt all packets that the
middle forwards pass a line of that length (line.c) on the way, with --rate
through a bottleneck whose queue holds one round trip; without, the round-trip
time is what this machine needs to wake a process.

The client reads --mb MB of character generator's text and compares every byte.
Rounds go in turn (ours, rival, ours, ...).  Server on CPU 1, client on CPU 0,
where --same has both, ahead of all other processes (SCHED_FIFO) unless --last:
else it is their number that is measured, since a kernel sends without waiting
for a CPU and a process does not.  A round that takes longer than --limit is
cut, and its rate is what came until then.  The table goes to stdout, all rounds
to build/bench_loss.json.
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

OURS, RIVAL = "ustackd", "kernel"
DST = {OURS: "10.7.0.2", RIVAL: "10.78.0.2"}
DROP = """
table netdev loss {{
    chain in {{ type filter hook ingress device {dev} priority 0;
        tcp flags & syn == 0 numgen random mod 10000 < {share} counter drop; }}
}}
"""
# What a sender counts: (ours, the kernel's)
COUNTED = {
    "retransmitted": (["TcpRetransSegs"], ["TcpRetransSegs"]),
    "timeouts": (["TcpExtTimeouts"], ["TcpExtTCPTimeouts"]),
    "tail probes": (["TcpExtLossProbes"], ["TcpExtTCPLossProbes"]),
    "undone": (["TcpExtDsackUndo", "TcpExtFullUndo", "TcpExtSpuriousRtos"],
               ["TcpExtTCPDSACKUndo", "TcpExtTCPFullUndo", "TcpExtTCPPartialUndo",
                "TcpExtTCPLossUndo"]),
}


class Rig:
    def __init__(self, args, cc, stack):
        self.args = args
        self.dir = tempfile.mkdtemp(prefix="ustack-bench-")
        stack.callback(shutil.rmtree, self.dir, ignore_errors=True)
        self.cpus = sorted(os.sched_getaffinity(0))
        self.middle, self.client, self.far = (Namespace(stack) for _ in range(3))
        self.join("v0", "10.8.0.1", self.client, "v1", "10.8.0.2")
        self.join("k0", "10.78.0.1", self.far, "k1", "10.78.0.2")
        self.middle.run("ip", "link", "set", "v0", "gso_max_size", 2048)
        self.middle.run("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
        options = [f"tcp.congestion-control={cc}", *args.option]
        if args.wire:
            self.far.run("ip", "link", "set", "k1", "gso_max_segs", 1)
            options.append("interface.offload=off")
        self.server = {
            OURS: Server(stack, self.middle, rig.ustackd(self.dir + "/sock", options),
                         self.dir + "/ustackd.log"),
            RIVAL: Server(stack, self.far, [rig.BUILD + "/kserver", "-C", cc],
                          self.dir + "/kserver.log"),
        }
        if args.rtt:
            self.lengthen(stack)
        self.wait_ready()

    def lengthen(self, stack):
        """All that is forwarded goes through a line first."""
        rtt, rate = self.args.rtt, self.args.rate
        argv = [rig.BUILD + "/line", "-i", "line0", "-d", round(rtt * 500)]
        if rate:                            # its queue: one round trip's worth
            argv += ["-r", rate, "-q", round(rate * rtt * 125)]
        Server(stack, self.middle, argv, self.dir + "/line.log")
        m = self.middle
        for _ in range(100):
            if not subprocess.run(m.cmd("ip", "link", "set", "line0", "up"),
                                  stderr=subprocess.DEVNULL).returncode:
                break
            time.sleep(0.05)
        m.run("sh", "-c", "for f in /proc/sys/net/ipv4/conf/*/rp_filter; do "
              "echo 0 > $f; done")
        m.run("ip", "link", "set", "line0", "txqueuelen", 5000)
        m.run("ip", "route", "add", "default", "dev", "line0", "table", 100)
        for dev in ("v0", "k0", "ustack0"):
            m.run("ip", "rule", "add", "iif", dev, "table", 100)

    def join(self, near, addr, ns, far, far_addr):
        self.middle.run("ip", "link", "add", near, "type", "veth", "peer", "name",
                        far, "netns", ns.p.pid)
        for n, dev, a in ((self.middle, near, addr), (ns, far, far_addr)):
            n.run("ip", "addr", "add", a + "/24", "dev", dev)
            n.run("ip", "link", "set", dev, "up")
        ns.run("ip", "route", "add", "default", "via", addr)

    def load(self, name, mode, secs, *args):
        return rig.load(self.client, secs, "-d", DST[name], "-M", mode, "-p",
                        self.cpus[0], "-P", self.server[name].p.pid, *args)

    def wait_ready(self):
        for name, server in self.server.items():
            for _ in range(100):
                server.check()
                if self.load(name, "rr", 0.01)[0]:
                    break
                time.sleep(0.05)
            else:
                die(f"{name} does not answer:\n" + open(server.log).read())
            server.pin(self.cpus[0 if self.args.same else -1])

    def idle_rtt_us(self, name):
        """One byte there and back while nothing else goes on, median"""
        r, error = self.load(name, "rr", 0.2)
        return r["p50"] if r else die(f"{name}: {error}")

    def drop(self, percent):
        """From now on, at the client's ingress; with --acks behind it as well."""
        for ns, dev in ((self.client, "v1"), (self.middle, "v0")):
            subprocess.run(ns.cmd("nft", "delete table netdev loss"),
                           stderr=subprocess.DEVNULL)
            if ns is self.client or self.args.acks:
                ns.run("nft", DROP.format(dev=dev, share=round(percent * 100)))

    def dropped(self):
        text = self.client.run("nft", "-j", "list", "table", "netdev", "loss")
        for item in json.loads(text)["nftables"]:
            for e in item.get("rule", {}).get("expr", []):
                if "counter" in e:
                    return e["counter"]["packets"]
        die("the dropper does not count")

    def counters(self, name):
        """What the sender counted so far, summed to the words of COUNTED."""
        if name == RIVAL:
            have = self.far.counters()
        else:
            out = self.middle.run(rig.BUILD + "/ustackctl", "--socket",
                                  self.dir + "/sock", "--json", "stats")
            have = {c["name"]: c["value"] for c in json.loads(out)["counters"]}
        return {word: sum(have.get(n, 0) for n in names[name == RIVAL])
                for word, names in COUNTED.items()}

    def round(self, name):
        self.server[name].check()
        before, soft = self.counters(name), ksoftirqd_seconds()
        lost = self.dropped()
        r, error = self.load(name, "fetch", self.args.limit, "-b",
                             round(self.args.mb * 1e6))
        if not r:
            die(f"{name}: {error or 'no result'}")
        after = self.counters(name)
        r.update((k, after[k] - before[k]) for k in after)
        r["dropped"] = self.dropped() - lost
        soft = (ksoftirqd_seconds() - soft) / r["sec"]
        r["foreign"] = round(r["busy"] - r["cli"] - r["srv"] - soft, 3)
        r["value"] = r["bytes"] * 8e-6 / r["sec"]
        return r

    def measure(self):
        rounds = {OURS: [], RIVAL: []}
        for _ in range(self.args.rounds):
            for name in rounds:
                rounds[name].append(self.round(name))
                time.sleep(0.05)
        return rounds


def show(what, rounds, args):
    values = {n: [r["value"] for r in rounds[n]] for n in rounds}
    ratio = [a / b for a, b in zip(values[OURS], values[RIVAL])]
    digits = 0 if min(values[RIVAL]) >= 100 else 1
    o, r = spread(values[OURS], digits), spread(values[RIVAL], digits)
    q = spread(ratio, 2)
    print(f"{what:10s} {o[0]:>6s} {o[1]:<13s} {r[0]:>6s} {r[1]:<13s} "
          f"{q[0]:>6s} {q[1]}", flush=True)
    for name in rounds:
        some = ", ".join(
            f"{statistics.median(x[k] for x in rounds[name]):.0f} {k}"
            for k in ("dropped", *COUNTED))
        cut = sum(x["bytes"] < args.mb * 1e6 for x in rounds[name])
        print(f"           {name}: {some}" + (f"; {cut} cut short" if cut else ""),
              flush=True)
    return statistics.median(ratio)


def headline(args):
    sent = "single segments" if args.wire else "super-packets"
    way = "each way" if args.acks else "towards the client"
    rtt = f"{args.rtt:g} ms" if args.rtt else "as it is"
    rtt += f", {args.rate:g} Mbit/s" if args.rate else ""
    return (f"{args.rounds} rounds of {args.mb:g} MB in turn, every byte compared, "
            f"median [least-most] Mbit/s\n{sent} sent, segments dropped {way}; "
            f"round trip {rtt}; kernel {os.uname().release}\n")


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--rounds", type=int, default=5)
    ap.add_argument("--mb", type=float, default=100, help="megabytes a round")
    ap.add_argument("--limit", type=float, default=20, help="seconds a round, at most")
    ap.add_argument("--loss", default="1,5", help="percents, with commas")
    ap.add_argument("--cc", default="cubic,reno", help="congestion controls")
    ap.add_argument("--wire", action="store_true", help="no super-packets anywhere")
    ap.add_argument("--acks", action="store_true", help="drop the client's as well")
    ap.add_argument("--same", action="store_true", help="all on one CPU")
    ap.add_argument("--last", action="store_true", help="let other processes go first")
    ap.add_argument("--rtt", type=float, default=0, help="milliseconds, at least")
    ap.add_argument("--rate", type=float, help="with --rtt: Mbit/s of a bottleneck")
    ap.add_argument("-o", "--option", action="append", default=[],
                    help="SECTION.KEY=VALUE for ustackd")
    args = ap.parse_args()
    if os.geteuid() != 0:
        die("needs root (namespaces joined by veth pairs)")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))

    if not args.last:
        rig.go_first()
    print(headline(args))
    print(f"{'':10s} {'ustackd':>6s} {'':13s} {'kernel':>6s} {'':13s} {'ratio':>6s}")
    result = {}
    for cc in args.cc.split(","):
        with contextlib.ExitStack() as stack:
            r = Rig(args, cc, stack)
            print("{:10s} 1 byte there and back, p50: {:.0f} us against {:.0f}".format(
                cc, *(r.idle_rtt_us(n) for n in DST)))
            for percent in args.loss.split(","):
                r.drop(float(percent))
                rounds = r.measure()
                what = f"{cc} {percent} %"
                result[what] = dict(ratio=round(show(what, rounds, args), 3), **rounds)
    out = os.path.join(os.path.dirname(rig.BUILD), "bench_loss.json")
    with open(out, "w") as f:
        json.dump({"kernel": os.uname().release, "args": vars(args), "loss": result},
                  f, indent=1)
    foreign = [r["foreign"] for x in result.values() for n in DST for r in x[n]]
    print(f"\nother processes took {statistics.median(foreign):.2f} CPUs "
          f"({max(foreign):.2f} at most); all rounds: {out}")


if __name__ == "__main__":
    main()
