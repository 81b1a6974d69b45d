#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""flood.py - who still gets through while SYNs from forged addresses pour in

One namespace of our own, with ustackd's TUN in it.  The forged sources are
routed nowhere there, so that what the daemon answers vanishes in silence, as on
an Internet whose hosts do not exist; a kernel that answered it with a reset
would undo the flood, and its counters must say that it did not.

 1. drain: SYNs as fast as the interface takes them; what the daemon read of
    them a second is the rate that it drains.
 2. paced: --share of that for --t seconds, while --conns kernel sockets start
    evenly over the time, each for one byte there and back.  All must be done
    within --within seconds, and memory must stay within its bound.
 3. unpaced: the same with all the SYNs that this machine can make.  Reported.

Flood on CPU 0, daemon on CPU 1.  Exit status 0 if 2. held.
"""
import argparse
import asyncio
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
from rig import Namespace, Server, die, die_with_parent

DST, PORT = "10.7.0.2", 7
MIB = 1 << 20
STACK_GROWTH = 8 * MIB      # SYN cache and some connections
RSS_GROWTH = 16 * MIB
SHOWN = ["TcpExtSynCookiesSent", "TcpExtSynCookiesRecv", "TcpExtSynCookiesFailed",
         "TcpExtSynEvicted", "TcpRetransSegs", "TcpExtAcceptOverflows",
         "DropNoMemory"]


async def client(results, end):
    """One byte there and back on a connection of its own; seconds it took"""
    began = time.monotonic()

    async def exchange():
        reader, writer = await asyncio.open_connection(DST, PORT)
        writer.write(b"x")
        if await reader.readexactly(1) != b"x":
            raise ValueError("another byte came back")
        writer.close()

    try:
        await asyncio.wait_for(exchange(), end - began)
        results.append(time.monotonic() - began)
    except (OSError, EOFError, ValueError, asyncio.TimeoutError) as e:
        results.append(repr(e))


async def clients(n, spread_s, within_s):
    results, began = [], time.monotonic()
    tasks = []
    for i in range(n):
        await asyncio.sleep(began + i * spread_s / n - time.monotonic())
        tasks.append(asyncio.create_task(client(results, began + within_s)))
    await asyncio.wait(tasks)
    print(json.dumps(results))


class Rig:
    def __init__(self, args, stack):
        self.args = args
        self.dir = tempfile.mkdtemp(prefix="ustack-flood-")
        stack.callback(shutil.rmtree, self.dir, ignore_errors=True)
        self.cpus = sorted(os.sched_getaffinity(0))
        self.ns = Namespace(stack)
        self.daemon = Server(stack, self.ns,
                             rig.ustackd(self.dir + "/sock", args.option),
                             self.dir + "/log")
        self.stack = stack
        for _ in range(100):
            self.daemon.check()
            if rig.load(self.ns, 0.01, "-d", DST, "-M", "rr")[0]:
                break
            time.sleep(0.05)
        else:
            die("ustackd does not answer:\n" + open(self.daemon.log).read())
        self.ns.run("ip", "route", "add", "blackhole", "default")
        self.daemon.pin(self.cpus[-1])
        self.calm = self.memory()

    def ctl(self, *argv):
        return json.loads(self.ns.run(rig.BUILD + "/ustackctl", "--socket",
                                      self.dir + "/sock", "--json", *argv))

    def counters(self):
        return {c["name"]: c["value"] for c in self.ctl("stats")["counters"]}

    def memory(self):
        """(bytes the stack has taken, resident bytes of the process)"""
        with open(f"/proc/{self.daemon.p.pid}/status") as f:
            rss = next(int(x.split()[1]) for x in f if x.startswith("VmRSS"))
        return self.ctl("status")["memory"]["used"], rss * 1024

    def start(self, argv):
        p = subprocess.Popen(self.ns.cmd(*argv), stdout=subprocess.PIPE, text=True,
                             preexec_fn=die_with_parent)
        self.stack.callback(p.kill)
        return p

    def start_flood(self, secs, rate):
        argv = ["taskset", "-c", self.cpus[0], rig.BUILD + "/flood", "-d", DST,
                "-t", secs, "-S", time.monotonic_ns() | 1]
        return self.start(argv + (["-r", rate] if rate else []))

    def drain(self):
        before = self.counters()
        flood = self.start_flood(self.args.drain, None)
        sent = json.loads(flood.communicate()[0])
        after = self.counters()
        time.sleep(0.2)
        return sent["sent"] / sent["sec"], \
            (after["IpInReceives"] - before["IpInReceives"]) / sent["sec"]

    def kernel_answers(self):
        k = self.ns.counters()
        return k["TcpOutRsts"] + k["IcmpOutMsgs"]

    def under_flood(self, rate):
        """Flood and clients together; what became of both"""
        before, mem = self.counters(), []
        answers = self.kernel_answers()
        syns = self.ns.counters()["TcpRetransSegs"]
        flood = self.start_flood(self.args.t, rate)
        people = self.start([sys.executable, __file__, "clients", self.args.conns,
                             self.args.t, self.args.within])
        while people.poll() is None:
            mem.append(self.memory())
            time.sleep(0.25)
        sent = json.loads(flood.communicate()[0])
        results = json.loads(people.stdout.read())
        mem.append(self.memory())
        after = self.counters()
        return {
            "sent": sent["sent"] / sent["sec"],
            "read": (after["IpInReceives"] - before["IpInReceives"]) / sent["sec"],
            "drops": after["TunDeviceDrops"] - before["TunDeviceDrops"],
            "done": sorted(r for r in results if isinstance(r, float)),
            "failed": [r for r in results if not isinstance(r, float)],
            "syns": self.ns.counters()["TcpRetransSegs"] - syns,
            "answers": self.kernel_answers() - answers,
            "stack": max(m[0] for m in mem) - self.calm[0],
            "rss": max(m[1] for m in mem) - self.calm[1],
            "counted": {n: after[n] - before[n] for n in SHOWN if n in after},
        }


def show(what, r, args):
    print(f"{what}: {r['sent']:,.0f} SYNs/s sent, {r['read']:,.0f} packets/s read, "
          f"{r['drops']:,} dropped by the interface")
    line = f"  {len(r['done'])} of {args.conns} connections done"
    if r["done"]:
        line += (f", median {statistics.median(r['done']) * 1e3:.1f} ms, "
                 f"longest {r['done'][-1]:.2f} s")
    print(f"{line}; clients sent again {r['syns']}")
    for reason in sorted(set(r["failed"])):
        print(f"  {r['failed'].count(reason)} failed: {reason}")
    print(f"  memory grew by {r['stack'] / MIB:.2f} MiB in the stack, "
          f"{r['rss'] / MIB:.2f} MiB resident; the kernel answered {r['answers']} times")
    print("  " + ", ".join(f"{n} {v:,}" for n, v in r["counted"].items() if v),
          flush=True)


def verdict(r, args):
    """What did not hold"""
    if len(r["done"]) < args.conns:
        yield f"{args.conns - len(r['done'])} connections did not complete"
    if r["stack"] > STACK_GROWTH or r["rss"] > RSS_GROWTH:
        yield "memory grew beyond its bound"
    if r["answers"] > 2 * args.conns:   # a client's own resets are not meant
        yield "the kernel answered: this was no flood"


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--t", type=float, default=20, help="seconds of flood")
    ap.add_argument("--conns", type=int, default=200, help="legitimate connections")
    ap.add_argument("--within", type=float, default=60, help="seconds they may take")
    ap.add_argument("--share", type=float, default=0.8, help="of what is drained")
    ap.add_argument("--drain", type=float, default=2, help="seconds to measure that")
    ap.add_argument("--no-unpaced", action="store_true", help="leave step 3 out")
    ap.add_argument("-o", "--option", action="append", default=[],
                    help="SECTION.KEY=VALUE for ustackd")
    args = ap.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with contextlib.ExitStack() as stack:
        r = Rig(args, stack)
        sent, drained = r.drain()
        print(f"drain: {sent:,.0f} SYNs/s sent, {drained:,.0f} a second read")
        paced = r.under_flood(drained * args.share)
        show("paced", paced, args)
        if not args.no_unpaced:
            show("unpaced", r.under_flood(None), args)
        r.daemon.check()
    sys.exit("\n".join(f"flood.py: {x}" for x in verdict(paced, args)) or 0)


if __name__ == "__main__":
    if sys.argv[1:2] == ["clients"]:
        asyncio.run(clients(int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])))
    else:
        main()
