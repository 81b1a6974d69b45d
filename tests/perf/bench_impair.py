#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bench_impair.py - ustackd and the kernel send through the same impairment rules

    kernel 10.7.0.1 -- ustack0 -- impair -- ustackd 10.7.0.2

In one namespace, with one rule for both directions: ours is a download from the
character generator, the kernel's an upload to discard, of --mb MB, in turn (ours,
kernel, ours, ...), with the same congestion control.  So each sender's data, and
the other one's acknowledgements, meet the same delay and the same chance of loss.
The time is from the first byte asked for or sent until the last has been
acknowledged by FIN.  Each round has a seed of its own, which both senders share.

The default is the kernel's and our CUBIC at 1 % loss and 20 ms each way.
"""
import argparse
import contextlib
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

import rig
from rig import Namespace, Server, die, spread

OURS, RIVAL = "ustackd", "kernel"
PORT = {OURS: 19, RIVAL: 9}
DST = "10.7.0.2"
CHUNK = bytes(262144)


def download(s, total):
    got = 0
    while got < total:
        part = s.recv(min(len(CHUNK), total - got))
        if not part:
            sys.exit("the download ended early")
        got += len(part)


def upload(s, total):
    left = total
    while left:
        left -= s.send(CHUNK[:min(left, len(CHUNK))])
    s.shutdown(socket.SHUT_WR)
    if s.recv(1):                         # discard's FIN: it has read it all
        sys.exit("discard has answered")


def client(who, cc, total):
    """Runs inside the namespace: transfer, print the seconds it took."""
    s = socket.socket()
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, cc.encode())
    s.settimeout(120)
    s.connect((DST, PORT[who]))
    began = time.monotonic()
    (download if who == OURS else upload)(s, total)
    print(time.monotonic() - began)


class Rig:
    def __init__(self, args, stack):
        self.args = args
        self.dir = tempfile.mkdtemp(prefix="ustack-bench-")
        stack.callback(shutil.rmtree, self.dir, ignore_errors=True)
        self.ns = Namespace(stack)
        for key in ("tcp_rmem", "tcp_wmem"):
            self.ns.run("sh", "-c", "echo 4096 131072 33554432 > "
                        f"/proc/sys/net/ipv4/{key}")
        options = [f"tcp.congestion-control={args.cc}", *args.option]
        self.server = Server(stack, self.ns, rig.ustackd(self.dir + "/sock", options),
                             self.dir + "/log")
        for _ in range(100):
            self.server.check()
            if subprocess.run(self.ctl("status"), capture_output=True).returncode == 0:
                return
            time.sleep(0.05)
        die("ustackd does not answer:\n" + open(self.dir + "/log").read())

    def ctl(self, *words):
        return self.ns.cmd(rig.BUILD + "/ustackctl", "--socket", self.dir + "/sock",
                           *words)

    def ask(self, *words):
        r = subprocess.run(self.ctl(*words), capture_output=True, text=True)
        if r.returncode:
            die(f"ustackctl {' '.join(words)}: {r.stderr.strip()}")
        return r.stdout

    def round(self, who, seed):
        args = self.args
        self.ask("impair", "clear")
        self.ask("impair", "set", *args.rule.split(), "seed", str(seed))
        r = subprocess.run(self.ns.cmd(sys.executable, __file__, "--client", who, "--cc",
                                       args.cc, "--mb", args.mb),
                           capture_output=True, text=True, timeout=180)
        if r.returncode:
            die(f"{who}: {r.stderr.strip().splitlines()[-1]}")
        return args.mb * 8 / float(r.stdout)


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--rounds", type=int, default=9)
    ap.add_argument("--mb", type=float, default=8, help="megabytes a round")
    ap.add_argument("--cc", default="cubic", help="cubic or reno")
    ap.add_argument("--rule", default="delay 20ms loss 1%", help="words of impair set")
    ap.add_argument("--seed", type=int, default=1, help="of the first round")
    ap.add_argument("--client", choices=(OURS, RIVAL), help=argparse.SUPPRESS)
    ap.add_argument("-o", "--option", action="append", default=[],
                    help="SECTION.KEY=VALUE for ustackd")
    args = ap.parse_args()
    if args.client:
        return client(args.client, args.cc, round(args.mb * 1e6))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))

    print(f"{args.rounds} rounds of {args.mb:g} MB in turn, {args.cc}, both ways: "
          f"{args.rule}\nmedian [least-most] Mbit/s, kernel {os.uname().release}\n")
    rate = {OURS: [], RIVAL: []}
    with contextlib.ExitStack() as stack:
        r = Rig(args, stack)
        for i in range(args.rounds):
            for who in rate:
                rate[who].append(r.round(who, args.seed + i))
    ratio = [a / b for a, b in zip(rate[OURS], rate[RIVAL])]
    for name, values, digits in ((OURS, rate[OURS], 1), (RIVAL, rate[RIVAL], 1),
                                 ("ratio", ratio, 2)):
        mid, range_ = spread(values, digits)
        print(f"{name:10s} {mid:>8s} {range_}")
    out = os.path.join(os.path.dirname(rig.BUILD), "bench_impair.json")
    with open(out, "w") as f:
        json.dump({"args": vars(args), "rate": rate,
                   "ratio": statistics.median(ratio)}, f, indent=1)
    return None


if __name__ == "__main__":
    main()
