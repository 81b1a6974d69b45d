#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""forward.py - servers on the host for forward.sh, and clients of the stack

    forward.py serve HOW WHERE [MORE]   a server at PORT of loopback or at /PATH
    forward.py CLIENT ADDRESS PORT ...    exit status 0: all as it should be

A server says "ready" once it listens.  Bytes follow from their place, so that
both ends know what is right.
"""
import hashlib
import os
import resource
import select
import socket
import struct
import sys
import threading
import time

PATIENCE = 60
BLOCK = b"".join(hashlib.sha256(str(i).encode()).digest() for i in range(32768))  # 1 MiB


def die(text):
    sys.exit(f"forward.py: {text}")


def pattern(at, n):
    """Bytes @at to @at + @n of what is sent."""
    at %= len(BLOCK)
    return BLOCK[at:at + n]


def send_all(s, total, at=0):
    while at < total:
        at += s.send(pattern(at, min(65536, total - at)))


def read_all(s, at=0, pause=0.0):
    """Read and compare up to the end; how much it was."""
    while True:
        piece = s.recv(65536)
        if not piece:
            return at
        done = 0
        while done < len(piece):
            want = pattern(at + done, len(piece) - done)
            if piece[done:done + len(want)] != want:
                die(f"wrong bytes at {at + done}")
            done += len(want)
        at += len(piece)
        time.sleep(pause)


def reset(s):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


# ------------------------------------------------------------------ servers

def serve_echo(s, _):
    """Send back what comes, up to its end."""
    while True:
        piece = s.recv(65536)
        if not piece:
            break
        s.sendall(piece)


def serve_answer(s, _):
    """Hear the other out, then say how much it was: its end came alone."""
    s.sendall(b"%d bytes\n" % read_all(s))


def serve_greet(s, _):
    """Say something and end; then hear the other out: our end goes alone."""
    s.sendall(b"hello\n")
    s.shutdown(socket.SHUT_WR)
    print(f"heard {read_all(s)}", flush=True)


def serve_both(s, n):
    """Send and receive so much at the same time."""
    t = threading.Thread(target=lambda: (send_all(s, n), s.shutdown(socket.SHUT_WR)))
    t.start()
    print(f"heard {read_all(s)}", flush=True)
    t.join()


def serve_slow(s, n):
    """Read nothing for so many seconds."""
    time.sleep(n)
    s.sendall(b"%d bytes\n" % read_all(s))


def serve_close(s, _):
    """Nothing."""


def serve_reset(s, _):
    s.recv(1)
    reset(s)


def serve_page(s, path):
    """A file, by HTTP, whatever is asked for."""
    s.recv(65536)
    with open(path, "rb") as f:
        page = f.read()
    s.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(page))
    s.sendall(page)


def serve_hold(s, _):
    """Say a line, then wait for the other's end, whatever it is."""
    s.sendall(b"held\n")
    try:
        print("end" if s.recv(1) == b"" else "data", flush=True)
    except ConnectionResetError:
        print("reset", flush=True)


SERVERS = {"echo": serve_echo, "answer": serve_answer, "greet": serve_greet, "both": serve_both,
           "slow": serve_slow, "close": serve_close, "reset": serve_reset, "hold": serve_hold, "page": serve_page}


def serve(how, where, more="0"):
    inet = where.isdigit()
    family = socket.AF_INET if inet else socket.AF_UNIX
    listener = socket.socket(family, socket.SOCK_STREAM)
    if inet:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", int(where)) if inet else where)
    listener.listen(512 if how != "never" else 1)
    print("ready", flush=True)
    if how == "never":
        time.sleep(1000)

    def one(s):
        with s:
            SERVERS[how](s, int(more) if more.isdigit() else more)

    while True:
        s, _ = listener.accept()
        threading.Thread(target=one, args=(s,), daemon=True).start()


# ------------------------------------------------------------------ clients

def dial(addr, port):
    return socket.create_connection((addr, int(port)), PATIENCE)


def raise_descriptors():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))


def client_push(addr, port, n):
    """Send so much, and end: the answer says how much has arrived."""
    with dial(addr, port) as s:
        send_all(s, int(n))
        s.shutdown(socket.SHUT_WR)
        said = s.makefile("rb").read()
    if said != b"%d bytes\n" % int(n):
        die(f"the server says {said!r}")


def client_pull(addr, port, n, pause="0"):
    """Read so much, up to its end, and then say something."""
    with dial(addr, port) as s:
        got = read_all(s, pause=float(pause))
        if got != int(n):
            die(f"{got} bytes of {n}")


def client_both(addr, port, n):
    """Send and receive so much at once."""
    with dial(addr, port) as s:
        t = threading.Thread(target=lambda: (send_all(s, int(n)), s.shutdown(socket.SHUT_WR)))
        t.start()
        got = read_all(s)
        t.join()
    if got != int(n):
        die(f"{got} bytes of {n}")


def client_greeted(addr, port, n):
    """The server's end comes first; what we send then still arrives."""
    with dial(addr, port) as s:
        if s.makefile("rb").read() != b"hello\n":
            die("no greeting")
        send_all(s, int(n))


def client_reset(addr, port, text=""):
    """The connection is reset."""
    try:
        with dial(addr, port) as s:
            s.sendall(text.encode())
            said = s.recv(1)
    except ConnectionResetError:
        return
    die(f"not reset: {said!r}")


def client_cut(addr, port):
    """Cut the connection."""
    s = dial(addr, port)
    if s.makefile("rb").readline() != b"held\n":
        die("not held")
    reset(s)


def client_stuck(addr, port):
    """Send until nothing is taken for a second; say how much that was, then go on."""
    with dial(addr, port) as s:
        sent, began = 0, time.monotonic()
        while select.select([], [s], [], 1)[1]:
            sent += s.send(pattern(sent, 65536), socket.MSG_DONTWAIT)
            if time.monotonic() - began > PATIENCE:
                die("never stuck")
        print(f"stuck {sent}", flush=True)
        s.shutdown(socket.SHUT_WR)
        said = s.makefile("rb").read()
    if said != b"%d bytes\n" % sent:
        die(f"the server says {said!r} of {sent} bytes")


def client_crowd(addr, port, n, size):
    """So many echoes at once."""
    n, size = int(n), int(size)
    raise_descriptors()
    bad = []

    def one(i):
        try:
            with dial(addr, port) as s:
                t = threading.Thread(target=lambda: (send_all(s, i + size, i),
                                                     s.shutdown(socket.SHUT_WR)))
                t.start()
                got = read_all(s, i)
                t.join()
            if got != i + size:
                bad.append(f"{i}: {got - i} bytes")
        except OSError as e:
            bad.append(f"{i}: {e}")

    threads = [threading.Thread(target=one, args=(i,)) for i in range(n)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if bad:
        die(f"{len(bad)} of {n} failed: {bad[0]}")


def client_hold(addr, port, n):
    """Hold so many connections; how many were reset, once a line is read."""
    raise_descriptors()
    held, cut = [], 0
    for _ in range(int(n)):
        try:
            s = dial(addr, port)
            if s.recv(5) == b"held\n":
                held.append(s)
            else:
                die("neither held nor reset")
        except ConnectionResetError:
            cut += 1
    print(f"held {len(held)} reset {cut}", flush=True)
    sys.stdin.readline()
    for s in held:
        if s.recv(1) != b"":
            die("more than the end")
    print("ended", flush=True)


if __name__ == "__main__":
    what, *args = sys.argv[1:]
    globals()["serve" if what == "serve" else "client_" + what](*args)
