#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""peer.py - servers of the host for connect.sh that nc cannot be

    peer.py PORT HOW [NUMBER] [ADDRESS]

It says "ready" once it listens.
"""
import hashlib
import socket
import struct
import sys
import threading


def bytes_like(size):
    """What serve_answer() and serve_pour() send."""
    block = hashlib.sha256(b"peer").digest()
    return (block * (size // len(block) + 1))[:size]


def drain(s):
    """Read up to the end; how much, and a digest of it."""
    n, digest = 0, hashlib.sha256()
    while piece := s.recv(65536):
        n += len(piece)
        digest.update(piece)
    return f"{n} {digest.hexdigest()}"


def serve_answer(s, size):
    """Hear the other out, then send so much: its end came alone."""
    print("heard", drain(s), flush=True)
    s.sendall(bytes_like(size))


def serve_greet(s, _):
    """Say something and end; then hear the other out: our end goes alone."""
    s.sendall(b"hello\n")
    s.shutdown(socket.SHUT_WR)
    print("heard", drain(s), flush=True)


def serve_hold(s, _):
    """Say a line, then wait for the other's end, whatever it is."""
    s.sendall(b"held\n")
    try:
        while s.recv(65536):
            pass
        print("end", flush=True)
    except ConnectionResetError:
        print("reset", flush=True)


def serve_hear(s, _):
    """Read everything."""
    print("heard", drain(s), flush=True)


def serve_pour(s, size):
    """Send so much, and say how the other has taken it."""
    try:
        s.sendall(bytes_like(size))
        s.shutdown(socket.SHUT_WR)
        print("heard", drain(s), flush=True)
    except (ConnectionResetError, BrokenPipeError):
        print("reset", flush=True)


def serve_both(s, size):
    """Send so much while reading everything."""
    data = bytes_like(size)
    print("sends", len(data), hashlib.sha256(data).hexdigest(), flush=True)
    t = threading.Thread(target=lambda: (s.sendall(data), s.shutdown(socket.SHUT_WR)))
    t.start()
    print("heard", drain(s), flush=True)
    t.join()


def serve_reset(s, _):
    """A server that crashes at the first byte."""
    s.recv(1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def serve_who(s, _):
    """Tell who has come."""
    addr, port = s.getpeername()[:2]
    s.sendall(f"{addr} {port}\n".encode())


def serve(port, how, number="0", addr="10.7.0.1"):
    listener = socket.create_server(
        (addr, int(port)), backlog=512,
        family=socket.AF_INET6 if ":" in addr else socket.AF_INET)
    print("ready", flush=True)

    def one(s):
        with s:
            globals()[f"serve_{how}"](s, int(number))

    while True:
        s, _ = listener.accept()
        threading.Thread(target=one, args=(s,), daemon=True).start()


if __name__ == "__main__":
    serve(*sys.argv[1:])
