#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""clients.py - TCP clients that nc cannot be; see the functions at the end.

    clients.py NAME ADDRESS [NUMBER...]     exit status 0: all as it should be
"""
import hashlib
import resource
import select
import socket
import sys
import time

PORT = 7
LIMIT_S = 60


def family(addr):
    return socket.AF_INET6 if ":" in addr else socket.AF_INET


def dial(addr, port=PORT):
    s = socket.socket(family(addr), socket.SOCK_STREAM)
    s.settimeout(20)
    s.connect((addr, port))
    return s


def die(text):
    sys.exit(f"clients.py: {text}")


def stream(i, size):
    """Bytes that only client i sends."""
    block = hashlib.sha256(str(i).encode()).digest()
    return (block * (size // len(block) + 1))[:size]


class Client:
    def __init__(self, addr, i, size, fin):
        self.data = stream(i, size)
        self.fin = fin
        self.sent = 0
        self.got = bytearray()
        self.s = socket.socket(family(addr), socket.SOCK_STREAM)
        self.s.setblocking(False)
        self.s.connect_ex((addr, PORT))

    def step(self, events):
        """True when the connection is over."""
        if events & select.EPOLLERR:
            die(f"connection: {self.s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)}")
        if events & select.EPOLLOUT and self.sent < len(self.data):
            self.sent += self.s.send(self.data[self.sent:])
            if self.sent == len(self.data) and self.fin:
                self.s.shutdown(socket.SHUT_WR)
        if events & select.EPOLLIN:
            more = self.s.recv(65536)
            self.got += more
            all_back = not self.fin and len(self.got) >= len(self.data)
            if not more or all_back:
                if self.got != self.data:
                    die(f"{len(self.got)} of {len(self.data)} bytes, or wrong ones")
                self.s.close()
                return True
        return False

    def wants(self):
        return select.EPOLLIN | (
            select.EPOLLOUT if self.sent < len(self.data) else 0)


def many(addr, count, size, secs=LIMIT_S, fin=True):
    """COUNT clients at once, each sends SIZE bytes of its own and compares."""
    ep = select.epoll()
    clients = {}
    for i in range(count):
        c = Client(addr, i, size, fin)
        clients[c.s.fileno()] = c
        ep.register(c.s, c.wants())
    end = time.monotonic() + secs
    while clients:
        if time.monotonic() > end:
            die(f"{len(clients)} of {count} not done after {secs} s")
        for fd, events in ep.poll(1):
            c = clients[fd]
            before = c.wants()
            ep_gone = c.s if c.step(events) else None
            if ep_gone is not None:
                del clients[fd]
            elif c.wants() != before:
                ep.modify(fd, c.wants())


def upload(addr, size):
    """SIZE bytes to be discarded, in full segments."""
    s = dial(addr, 9)
    s.settimeout(LIMIT_S)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
    s.sendall(bytes(size))
    s.shutdown(socket.SHUT_WR)
    if s.recv(1):
        die("discard has said something")


def many_open(addr, count, size, secs):
    """The same, but no FIN before all is back: nobody gives up what is open."""
    many(addr, count, size, secs, fin=False)


def half_close(addr):
    """FIN first, then read everything that was sent before it."""
    s = dial(addr)
    data = stream(1, 150000)
    s.sendall(data)
    s.shutdown(socket.SHUT_WR)
    time.sleep(0.2)
    got = b""
    while more := s.recv(65536):
        got += more
    if got != data:
        die(f"{len(got)} of {len(data)} bytes after the half-close")


def no_reader(addr):
    """Write until nothing goes any more, pause, then read it all back."""
    s = dial(addr)
    s.setblocking(False)
    block = stream(2, 65536)
    sent, last = 0, time.monotonic()
    while time.monotonic() - last < 1 and sent < 256 << 20:
        try:
            off = sent % len(block)
            sent += s.send(block[off:])
            last = time.monotonic()
        except BlockingIOError:
            time.sleep(0.01)
    if sent >= 256 << 20:
        die("256 MB taken without a reader")
    print(f"{sent} bytes taken before it stopped")
    s.setblocking(True)
    s.settimeout(20)
    s.shutdown(socket.SHUT_WR)
    got = 0
    while more := s.recv(262144):
        off = got % len(block)
        want = (block * (len(more) // len(block) + 2))[off:off + len(more)]
        if more != want:
            die(f"wrong bytes near {got}")
        got += len(more)
    if got != sent:
        die(f"{got} of {sent} bytes came back")


def hold(addr, count, secs):
    """Open COUNT connections, say so, keep them idle until stdin ends."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    socks = []
    ep = select.epoll()
    end = time.monotonic() + LIMIT_S
    pending = set()
    while len(socks) < count or pending:
        while len(socks) < count and len(pending) < 200:
            s = socket.socket(family(addr), socket.SOCK_STREAM)
            s.setblocking(False)
            s.connect_ex((addr, PORT))
            socks.append(s)
            pending.add(s.fileno())
            ep.register(s, select.EPOLLOUT | select.EPOLLONESHOT)
        for fd, events in ep.poll(0.1):
            pending.discard(fd)
            if events & (select.EPOLLERR | select.EPOLLHUP):
                die(f"a connection failed after {len(socks) - len(pending)}")
        if time.monotonic() > end:
            die(f"{len(pending)} connections still pending")
    print("open", flush=True)
    select.select([sys.stdin], [], [], secs)


def patient(addr):
    """Open a connection, use it, wait for the peer's FIN, then close."""
    s = dial(addr)
    s.sendall(b"x")
    s.recv(1)
    print("open", flush=True)
    if s.recv(1):
        die("data instead of FIN")
    s.close()


def occupy(path, count):
    """Hold COUNT connections to a control socket."""
    socks = []
    for _ in range(count):
        s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        s.connect(path)
        s.sendall(b'{"jsonrpc":"2.0","id":1,"method":"services.list"}\n')
        s.recv(65536)
        socks.append(s)
    print("open", flush=True)
    time.sleep(LIMIT_S)


def stubborn(addr, secs):
    """Open a connection, use it, and never close it whatever the peer does."""
    s = dial(addr)
    s.sendall(b"x")
    s.recv(1)
    print("open", flush=True)
    time.sleep(secs)


def alive(addr):
    """Stay silent for longer than the kernel's keep-alive has patience."""
    s = dial(addr)
    s.sendall(b"x")
    s.recv(1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 1)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 1)
    time.sleep(3.5)
    s.sendall(b"y")
    if s.recv(1) != b"y":
        die("no echo after the probes")


def udp_refused(addr):
    """A datagram to a port that nobody has: the kernel is told by ICMP."""
    s = socket.socket(family(addr), socket.SOCK_DGRAM)
    s.settimeout(2)
    s.connect((addr, 33434))
    s.send(b"x")
    try:
        s.recv(1)
    except ConnectionRefusedError:
        return
    except TimeoutError:
        die("no answer")
    die("a datagram came back")


def download(addr, port, n, rcvbuf):
    """So many bytes by HTTP, read when all have come: with a receive buffer that
    is fixed, and a reader that is slow, windows are the same in each run."""
    s = socket.socket(family(addr), socket.SOCK_STREAM)
    s.settimeout(20)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
    s.connect((addr, port))
    s.sendall(b"GET /bytes/%d HTTP/1.0\r\n\r\n" % n)
    time.sleep(0.3)
    got = bytearray()
    while more := s.recv(65536):
        got += more
    body = got.partition(b"\r\n\r\n")[2]
    if body != (bytes(range(97, 123)) * (n // 26 + 1))[:n]:
        die(f"{len(body)} of {n} bytes, or not the right ones")
    print(len(got))


def agreed(addr, want):
    """The kernel's tcpi_options: 1 timestamps, 2 SACK, 4 window scaling, 8 ECN"""
    s = dial(addr)
    s.sendall(b"x")
    s.recv(1)
    have = s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 8)[5] & 15
    if have != want:
        die(f"the kernel has agreed to {have}, want {want}")


if __name__ == "__main__":
    TASKS = {f.__name__: f for f in (
        many, many_open, upload, half_close, no_reader, hold, patient, occupy, stubborn,
        alive, agreed, udp_refused, download)}
    TASKS[sys.argv[1]](sys.argv[2], *map(int, sys.argv[3:]))
