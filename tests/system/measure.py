#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""measure.py - how long it takes, how fast it goes

    measure.py tcp ADDRESS N            N round trips of one byte, port 7
    measure.py icmp ADDRESS N           N echo requests
    measure.py source ADDRESS SECONDS   read from port 19
    measure.py sink ADDRESS SECONDS     write to port 9

Round trips: "median p5 p95" in microseconds, until the kernel has the answer:
how long it takes to wake us, which depends on how long we slept, is left out.
Bulk: Mbit/s over the last third.
"""
import os
import socket
import struct
import sys
import time

CHUNK = 1 << 20
WAIT_S = 5
SO_TIMESTAMPNS = 35


def report(times):
    times.sort()
    n = len(times)
    print(*(round(times[i] * 1e6) for i in (n // 2, n // 20, n - 1 - n // 20)))


def stamped(s):
    """Have the kernel say when something came."""
    s.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    s.settimeout(WAIT_S)


def receive(s):
    """What has come, and when, in seconds since the epoch."""
    data, anc, _, _ = s.recvmsg(2048, 64)
    if not anc:                           # the kernel takes a moment to begin
        return data, time.time()
    sec, nsec = struct.unpack("ll", anc[0][2][:16])
    return data, sec + nsec / 1e9


def tcp(addr, count):
    """One byte there and back, the next only when it has come."""
    s = socket.create_connection((addr, 7), WAIT_S)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    stamped(s)
    times = []
    for _ in range(count):
        start = time.time()
        s.sendall(b"x")
        data, came = receive(s)
        if data != b"x":
            sys.exit("the connection has ended")
        times.append(came - start)
    report(times)


def checksum(data):
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    total = (total & 0xffff) + (total >> 16)
    return ~(total + (total >> 16)) & 0xffff


def icmp(addr, count):
    """As ping does, but as fast as answers come."""
    s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    stamped(s)
    ident = os.getpid() & 0xffff
    times = []
    for seq in range(count):
        body = struct.pack(">HH", ident, seq) + bytes(56)
        head = struct.pack(">BBH", 8, 0, checksum(b"\x08\x00\x00\x00" + body))
        start = time.time()
        s.sendto(head + body, (addr, 0))
        while True:
            got, came = receive(s)
            if got[20] == 0 and got[24:28] == body[:4]:
                break
        times.append(came - start)
    report(times)


def bulk(s, secs, step):
    """Bytes of each call of STEP; the rate of the last third."""
    start = time.monotonic()
    late, done = start + secs * 2 / 3, 0
    while (now := time.monotonic()) < start + secs:
        n = step()
        if n == 0:
            sys.exit("the connection has ended")
        if now >= late:
            done += n
    print(round(done * 8 / (time.monotonic() - late) / 1e6))
    s.close()


def source(addr, secs):
    s = socket.create_connection((addr, 19), WAIT_S)
    buf = bytearray(CHUNK)
    bulk(s, secs, lambda: s.recv_into(buf))


def sink(addr, secs):
    s = socket.create_connection((addr, 9), WAIT_S)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"cubic")
    buf = bytes(CHUNK)
    bulk(s, secs, lambda: s.send(buf))


if __name__ == "__main__":
    TASKS = {f.__name__: f for f in (tcp, icmp, source, sink)}
    TASKS[sys.argv[1]](sys.argv[2], int(sys.argv[3]))
