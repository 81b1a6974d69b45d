#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""measure.py - how long it takes, how fast it goes

    measure.py tcp ADDRESS N            N round trips of one byte, port 7
    measure.py icmp ADDRESS N           N echo requests
    measure.py source ADDRESS SECONDS   read from port 19
    measure.py sink ADDRESS SECONDS     write to port 9

Round trips: "median p5 p95" in microseconds.  Bulk: Mbit/s over the last third.
"""
import os
import select
import socket
import struct
import sys
import time

CHUNK = 1 << 20
WAIT_S = 5


def report(times):
    times.sort()
    n = len(times)
    print(*(round(times[i] * 1e6) for i in (n // 2, n // 20, n - 1 - n // 20)))


def tcp(addr, count):
    """One byte there and back, the next only when it has come."""
    s = socket.create_connection((addr, 7), WAIT_S)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    times = []
    for _ in range(count):
        start = time.perf_counter()
        s.sendall(b"x")
        if s.recv(1) != b"x":
            sys.exit("the connection has ended")
        times.append(time.perf_counter() - start)
    report(times)


def checksum(data):
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    total = (total & 0xffff) + (total >> 16)
    return ~(total + (total >> 16)) & 0xffff


def icmp(addr, count):
    """As ping does, but as fast as answers come."""
    s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    ident = os.getpid() & 0xffff
    times = []
    for seq in range(count):
        body = struct.pack(">HH", ident, seq) + bytes(56)
        head = struct.pack(">BBH", 8, 0, checksum(b"\x08\x00\x00\x00" + body))
        start = time.perf_counter()
        s.sendto(head + body, (addr, 0))
        while True:
            if not select.select([s], [], [], WAIT_S)[0]:
                sys.exit(f"no answer to request {seq}")
            got = s.recv(2048)
            if got[20] == 0 and got[24:28] == body[:4]:
                break
        times.append(time.perf_counter() - start)
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
