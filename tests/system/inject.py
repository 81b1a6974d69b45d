#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""inject.py reasons|noise|syns USTACKCTL SOCKET - raw packets into ustack0

reasons: each malformed packet must raise exactly the counter that names its
fault.  noise: seeded mutations; every packet must be delivered or dropped, none
lost in between.  syns: connection requests from many addresses.
"""
import json
import random
import socket
import struct
import subprocess
import sys
import time

import packets as p

TIMES = 3
ETH_P = {4: 0x0800, 6: 0x86DD}


class Injector:
    def __init__(self, ctl, sock):
        self.ctl, self.sock = ctl, sock
        self.raw = {proto: self.open(proto) for proto in ETH_P.values()}
        subprocess.run(["ip", "link", "set", "ustack0", "mtu", "9000"], check=True)

    @staticmethod
    def open(proto):
        s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        s.bind(("ustack0", proto))
        return s

    def send(self, packet):
        proto = ETH_P.get(packet[0] >> 4, 0x0800) if packet else 0x0800
        while True:
            try:
                return self.raw[proto].send(packet)
            except OSError as e:
                if e.errno != 105:          # ENOBUFS: the queue is full
                    raise
                time.sleep(0.001)

    def counters(self):
        out = subprocess.run([self.ctl, "--socket", self.sock, "--json", "stats"],
                             capture_output=True, text=True, check=True).stdout
        found = {}

        def walk(v):
            if isinstance(v, dict):
                if isinstance(v.get("name"), str) and isinstance(v.get("value"), int):
                    found[v["name"]] = v["value"]
                for k, x in v.items():
                    if isinstance(x, int):
                        found[k] = x
                    walk(x)
            elif isinstance(v, list):
                for x in v:
                    walk(x)

        walk(json.loads(out))
        return found

    def settled(self, want):
        """Counters once IpInReceives + Ip6InReceives + DropNotIp reach want."""
        end = time.monotonic() + 20
        while time.monotonic() < end:
            c = self.counters()
            if received(c) >= want:
                return c
            time.sleep(0.05)
        sys.exit(f"inject.py: {received(c)} of {want} packets seen by the stack")


def received(c):
    return c["IpInReceives"] + c["Ip6InReceives"] + c["DropNotIp"]


def hop_by_hop(option):
    return struct.pack("!BB", 6, 0) + option


def reasons():
    """(packet, counter that must rise, sentence)"""
    seg = p.segment(p.SYN)
    seg6 = p.segment(p.SYN, src=p.H6, dst=p.S6)
    ok4 = p.ip4(6, seg)
    far = "10.99.0.1"
    return [
        (b"\x00" * 40, "DropNotIp", "version 0"),
        (b"\xf5" + ok4[1:], "DropNotIp", "version 15"),
        (ok4[:19], "DropIpTruncated", "19 bytes"),
        (ok4[:1], "DropIpTruncated", "1 byte"),
        (p.ip4(6, seg, ihl=4), "DropIpHeaderLength", "header of 16 bytes"),
        (p.ip4(6, b"", ihl=15, total=24)[:24], "DropIpTruncated|DropIpHeaderLength",
         "header of 60 in 24 bytes"),
        (p.ip4(6, seg, total=1500), "DropIpTotalLength", "total length beyond the end"),
        (p.ip4(6, seg, total=65535), "DropIpTotalLength", "total length 65535"),
        (p.ip4(6, seg, bad_sum=1), "DropIpChecksum", "header checksum off by one"),
        (p.ip4(6, seg, ihl=6, options=b"\x07\x28\x04\x00"), "DropIpOption",
         "option of 40 bytes in 4"),
        (p.ip4(6, p.segment(p.SYN, src="127.0.0.1"), src="127.0.0.1"), "DropIpSource",
         "from loopback"),
        (p.ip4(6, p.segment(p.SYN, src="224.0.0.1"), src="224.0.0.1"), "DropIpSource",
         "from multicast"),
        (p.ip4(6, p.segment(p.SYN, dst=far), dst=far), "DropIpDestination", "not ours"),
        (p.ip4(6, seg[:19], frag=0x2000), "DropFragmentLength", "first fragment of 19 bytes"),
        (p.ip4(6, seg, frag=1), "DropFragmentTiny", "fragment that begins in the header"),
        (p.ip4(6, seg, frag=0x1fff), "DropFragmentSize", "fragment beyond 65535"),
        (p.ip4(132, seg), "DropIpProtocol", "SCTP"),
        (p.ip6(6, seg6)[:39], "DropIp6Truncated", "39 bytes"),
        (p.ip6(6, seg6, length=2000), "DropIp6PayloadLength", "payload beyond the end"),
        (p.ip6(0, b"\x06\xff" + b"\0" * 6 + seg6), "DropIp6ExtensionHeader",
         "hop-by-hop header of 2048 bytes"),
        (p.ip6(0, hop_by_hop(b"\x5e\x04\0\0\0\0") + seg6), "DropIp6Option",
         "option that asks to drop"),
        (p.ip6(6, p.segment(p.SYN, src="ff02::1", dst=p.S6), src="ff02::1"),
         "DropIp6Source", "from multicast"),
        (p.ip6(6, p.segment(p.SYN, src=p.H6, dst="fd99::1"), dst="fd99::1"),
         "DropIp6Destination", "not ours"),
        (p.ip6(44, b"\x06\x00\x00\x01\0\0\0\1" + seg6[:16]), "DropFragmentTiny",
         "first fragment without the whole header"),
        (p.ip6(132, seg6), "DropIp6NextHeader", "SCTP"),
        (p.ip4(1, b"\x08\x00\x00"), "DropIcmpTruncated", "ICMP of 3 bytes"),
        (p.ip4(1, p.icmp(8, 0, bad_sum=1)), "DropIcmpChecksum", "ICMP checksum"),
        (p.ip4(1, p.icmp(77, 0)), "DropIcmpType", "ICMP type 77"),
        (p.ip4(6, seg[:19]), "DropTcpTruncated", "TCP of 19 bytes"),
        (p.tcp(p.SYN, doff=4), "DropTcpHeaderLength", "data offset 4"),
        (p.tcp(p.SYN, doff=15), "DropTcpHeaderLength", "data offset beyond the end"),
        (p.tcp(p.SYN, bad_sum=1), "DropTcpChecksum", "TCP checksum, IPv4"),
        (p.tcp(p.SYN, src=p.H6, dst=p.S6, bad_sum=1), "DropTcpChecksum",
         "TCP checksum, IPv6"),
        (p.tcp(p.SYN, dport=1234), "DropTcpNoConnection", "no listener"),
        (p.tcp(p.RST, dport=1234), "DropTcpReset", "RST to nobody"),
        (p.tcp(p.ACK, ack=17, sport=4999), "DropTcpListen|DropTcpNoConnection",
         "ACK to a listener"),
        (p.tcp(p.FIN, sport=4998), "DropTcpListen|DropTcpNoConnection",
         "FIN to a listener"),
        (p.ip4(6, p.segment(p.SYN, bad_sum=1, payload=b"x" * 8000)), "DropTcpChecksum",
         "8 KB, beyond the MTU"),
    ]


def do_reasons(inj):
    bad = 0
    before = inj.counters()
    for packet, names, what in reasons():
        for _ in range(TIMES):
            inj.send(packet)
        after = inj.settled(received(before) + TIMES)
        rose = {k: after[k] - before[k] for k in after
                if k.startswith("Drop") and after[k] > before[k]}
        if sum(rose.get(n, 0) for n in names.split("|")) != TIMES:
            print(f"{what}: want {TIMES} {names}, have {rose or 'none'}")
            bad += 1
        before = after
    print(f"{len(reasons())} kinds of packet, {bad} counted wrongly")
    sys.exit(bad != 0)


def mutate(rnd):
    kind = rnd.randrange(4)
    if kind == 0:
        return rnd.randbytes(rnd.randint(1, 1400))
    if kind == 1:       # looks like IP, the rest is noise
        return bytes([rnd.choice((0x45, 0x46, 0x4F, 0x60))]) + \
            rnd.randbytes(rnd.randint(0, 1399))
    flags, six = rnd.randrange(64), rnd.random() < 0.5
    src, dst = (p.H6, p.S6) if six else (p.H4, p.S4)
    ok = p.tcp(flags, src=src, dst=dst, seq=rnd.getrandbits(32),
               ack=rnd.getrandbits(32), sport=rnd.randint(1, 65535),
               dport=rnd.choice((7, 9, 19, 80)), payload=rnd.randbytes(rnd.randrange(99)),
               options=rnd.randbytes(4 * rnd.randrange(11)))
    if kind == 2:
        return ok
    ok = bytearray(ok)
    for _ in range(rnd.randint(1, 4)):
        ok[rnd.randrange(len(ok))] ^= 1 << rnd.randrange(8)
    return bytes(ok[:rnd.randint(1, len(ok))] if rnd.random() < 0.3 else ok)


def do_noise(inj):
    seed = int(time.time())
    print(f"seed {seed}")
    rnd, n = random.Random(seed), 20000
    before = inj.counters()
    for i in range(n):
        inj.send(mutate(rnd))
        if i % 500 == 499:
            inj.settled(received(before) + i + 1 - 400)
    c = inj.settled(received(before) + n)
    drops = {k: v for k, v in c.items() if k.startswith("Drop") and v}
    print(drops)
    if len(drops) < 10:
        sys.exit("inject.py: fewer than ten reasons for 20,000 bad packets")


def do_syns(inj):
    rnd, n = random.Random(1), 20000
    before = inj.counters()
    for i in range(n):
        src = f"10.{rnd.randrange(8, 250)}.{rnd.randrange(256)}.{rnd.randint(1, 254)}"
        inj.send(p.tcp(p.SYN, src=src, sport=rnd.randint(1024, 65535),
                       seq=rnd.getrandbits(32), options=b"\x02\x04\x05\xb4"))
        if i % 1000 == 999:
            inj.settled(received(before) + i + 1 - 500)
    inj.settled(received(before) + n)


if __name__ == "__main__":
    task, ctl, sock = sys.argv[1:]
    {"reasons": do_reasons, "noise": do_noise, "syns": do_syns}[task](Injector(ctl, sock))
