#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""crash.py - clients for crash.sh, and a launcher that listens for the daemon

    crash.py flow ADDRESS STOP          echo, a chunk at a time, until file STOP exists
    crash.py carry ADDRESS BYTES SECONDS   BYTES to the echo and back, in that time
    crash.py press ADDRESS COUNT STOP   COUNT connections whose data nobody reads
    crash.py dial ADDRESS PORT COUNT STOP   COUNT connections, as many as do answer
    crash.py listen PATH COUNT COMMAND...   COUNT sockets by LISTEN_FDS, then COMMAND
"""
import os
import socket
import sys
import threading
import time

CHUNK = 20000
PATIENCE = 30


def family(addr):
    return socket.AF_INET6 if ":" in addr else socket.AF_INET


def connect(addr, port):
    s = socket.socket(family(addr), socket.SOCK_STREAM)
    s.settimeout(PATIENCE)
    s.connect((addr, port))
    return s


def wait_until(stop):
    while not os.path.exists(stop):
        time.sleep(0.02)


def flow(addr, stop):
    """What comes back is what was sent, and it goes on."""
    s = connect(addr, 7)
    rounds = 0
    while not os.path.exists(stop):
        data, back = os.urandom(CHUNK), b""
        s.sendall(data)
        while len(back) < CHUNK:
            more = s.recv(CHUNK)
            if not more:
                sys.exit(f"the connection ended in round {rounds}")
            back += more
        if back != data:
            sys.exit(f"other bytes in round {rounds}")
        rounds += 1
        print(rounds, flush=True)
        time.sleep(0.01)
    s.shutdown(socket.SHUT_WR)
    if s.recv(1):
        sys.exit("more than was sent")
    print("whole", flush=True)


def carry(addr, count, limit):
    """All bytes, right, in time; who reads while it sends cannot block itself."""
    s, data, back = connect(addr, 7), os.urandom(int(count)), bytearray()
    start = time.monotonic()
    threading.Thread(target=s.sendall, args=(data,), daemon=True).start()
    while len(back) < len(data):
        if time.monotonic() > start + float(limit):
            sys.exit(f"{len(back)} of {count} bytes in {limit} s")
        more = s.recv(65536)
        if not more:
            sys.exit(f"the connection ended after {len(back)} bytes")
        back += more
    if back != data:
        sys.exit("other bytes")
    print(f"whole in {time.monotonic() - start:.2f} s")


def press(addr, count, stop):
    """Half of them do not read what comes, the others what they have sent."""
    socks = []
    for i in range(int(count)):
        try:
            s = connect(addr, 19 if i % 2 else 7)
        except OSError:
            continue  # there is no memory for it
        s.setblocking(False)
        socks.append(s)
    print("pressing", len(socks), flush=True)
    while not os.path.exists(stop):
        for s in socks:
            try:
                s.send(bytes(65536))
            except OSError:
                pass
        time.sleep(0.05)


def dial(addr, port, count, stop):
    """Connections to a forwarded echo server; those that answer are held."""
    socks = []
    for _ in range(int(count)):
        try:
            s = connect(addr, int(port))
            s.sendall(b"x")
            if s.recv(1) == b"x":
                socks.append(s)
        except OSError:
            pass
    print("answered", len(socks), flush=True)
    wait_until(stop)
    for s in socks:
        s.sendall(b"y")
        if s.recv(1) != b"y":
            sys.exit("a connection that was open has been lost")
    print("whole", flush=True)


def listen(path, count, *command):
    """As systemd does: descriptors from 3 on, for the process that will be there."""
    socks = []
    for i in range(int(count)):
        s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        s.bind(path + str(i) * (i > 0))
        s.listen()
        socks.append(s)
    high = [os.dup2(s.fileno(), 100 + i) for i, s in enumerate(socks)]
    for i, fd in enumerate(high):
        os.dup2(fd, 3 + i, inheritable=True)
        os.set_inheritable(fd, False)
    env = {**os.environ, "LISTEN_PID": str(os.getpid()), "LISTEN_FDS": count}
    os.execvpe(command[0], command, env)


if __name__ == "__main__":
    TASKS = {f.__name__: f for f in (flow, carry, press, dial, listen)}
    TASKS[sys.argv[1]](*sys.argv[2:])
