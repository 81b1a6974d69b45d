#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""fates.py - did the same bytes meet the same fate in two runs?

    fates.py EVENTS EVENTS      two files of `ustackctl --json events -f`

A packet is named by connection, direction, offset, length and transmission; of a pure
acknowledgement the offset is that of what it acknowledges, the transmission its
repetition.  Which ones were lost is what impairment says; which ones occurred
is found here, from what the stack sent and received, and from what was lost on
its way in.  Exit status 0: what occurred in both runs was lost in both or in
neither, and there was enough of it to tell.
"""
import json
import sys
from collections import defaultdict

LEAST = 2000    # packets in both runs, and a hundredth lost; less says nothing


def events(path):
    with open(path) as f:
        for line in f:
            yield json.loads(line)


def span(ev):
    return ev["len"] + ("S" in ev["flags"]) + ("F" in ev["flags"])


def segments(ev):
    """(sequence number, bytes) of each wire segment that a packet stands for."""
    step = ev.get("gso") or ev["len"] or 1
    for off in range(0, max(ev["len"], 1), step):
        yield (ev["seq"] + off) % 2**32, min(step, ev["len"] - off)


class Out:
    """What the stack sends passes impairment in the order of its events."""

    def __init__(self):
        self.all = set()
        self.high = 0
        self.again = defaultdict(lambda: 1)
        self.ack = None
        self.rep = 0

    def sent(self, ev):
        if "R" in ev["flags"]:
            return
        if span(ev) == 0:
            self.acked((ev["ack"] - ev["irs"]) % 2**32)
            return
        for seq, size in segments(ev):
            off = (seq - ev["iss"]) % 2**32
            tx = 1
            if off < self.high:
                self.again[off] += 1
                tx = self.again[off]
            self.high = max(self.high, off + max(size, 1))
            self.all.add(("out", off, size, tx))

    def occurred(self):
        return self.all

    def acked(self, off):
        self.rep = self.rep + 1 if off == self.ack else 1
        self.ack = off
        self.all.add(("out ack", off, 0, self.rep))


class In:
    """What arrives comes after what is lost of the same batch; so transmissions
    are numbered at the end: those that arrived fill the gaps."""

    def __init__(self):
        self.arrived = defaultdict(list)    # (kind, offset): lengths
        self.lost = defaultdict(dict)       # the same: transmission -> length

    def received(self, ev):
        if "R" in ev["flags"]:
            return
        if span(ev) == 0:
            self.arrived["in ack", (ev["ack"] - ev["iss"]) % 2**32].append(0)
            return
        for seq, size in segments(ev):
            self.arrived["in", (seq - ev["irs"]) % 2**32].append(size)

    def occurred(self):
        for (kind, off), lost in self.lost.items():
            for tx, size in lost.items():
                yield kind, off, size, tx
        for (kind, off), sizes in self.arrived.items():
            lost = self.lost.get((kind, off), {})
            tx = 1
            for size in sizes:
                while tx in lost:
                    tx += 1
                yield kind, off, size, tx
                tx += 1


class Run:
    def __init__(self, path):
        self.lost = set()
        outs, ins = defaultdict(Out), defaultdict(In)
        for ev in events(path):
            kind, conn = ev.get("event"), ev.get("conn")
            if "missed" in ev:
                sys.exit(f"{path}: events were missed: {ev}")
            if kind == "impairment:applied" and "lost" in ev["faults"]:
                what = ev["dir"] + ("" if span(ev) else " ack")
                self.lost.add((conn, what, ev["offset"], ev["len"], ev["tx"]))
                if ev["dir"] == "in":
                    ins[conn].lost[what, ev["offset"]][ev["tx"]] = ev["len"]
            elif kind == "transport:packet_sent":
                outs[conn].sent(ev)
            elif kind == "transport:packet_received":
                ins[conn].received(ev)
        self.occurred = {(conn, *key) for side in (outs, ins)
                         for conn, one in side.items() for key in one.occurred()}
        strange = [k for k in self.lost - self.occurred if k[0]]
        if strange:
            sys.exit(f"{path}: lost, but never sent: {sorted(strange)[:5]}")


def main(first, second):
    a, b = Run(first), Run(second)
    both = a.occurred & b.occurred
    differ = [k for k in (a.lost ^ b.lost) & both if k[0]]
    lost = len(a.lost & both)
    print(f"of {len(a.occurred)} and {len(b.occurred)} packets, {len(both)} "
          f"occurred in both runs, {lost} of them lost")
    if len(both) < LEAST or lost < LEAST // 100:
        sys.exit("too few to compare")
    if differ:
        sys.exit(f"{len(differ)} met different fates: {sorted(differ)[:5]}")


if __name__ == "__main__":
    main(*sys.argv[1:])
