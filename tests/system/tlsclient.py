#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tlsclient.py - TLS clients that openssl s_client cannot be; see the functions
at the end.

    tlsclient.py NAME ADDRESS [PORT [NUMBER...]]   exit status 0: all as it should be

Records pass through this program, so that it can hold them back, change them, or
end TCP without a word of TLS.
"""
import hashlib
import select
import socket
import ssl
import statistics
import struct
import sys
import threading
import time

LIMIT_S = 20
RECORD_HEADER = 5


def die(text):
    sys.exit(f"tlsclient.py: {text}")


def dial(addr, port):
    s = socket.create_connection((addr, port), LIMIT_S)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s


VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


def context(ciphers=None, version=None):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    c.check_hostname = False
    c.verify_mode = ssl.CERT_NONE
    c.minimum_version = VERSIONS[version or "1.2"]
    if version:
        c.maximum_version = VERSIONS[version]
    if ciphers:
        c.set_ciphers(ciphers)
    return c


def stream(size):
    block = hashlib.sha256(b"tls").digest()
    return (block * (size // len(block) + 1))[:size]


class Channel:
    """A TLS client over a socket; @send and @recv are in the middle of it."""

    def __init__(self, addr, port, **kw):
        self.s = dial(addr, port)
        self.came, self.goes = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context(**kw).wrap_bio(self.came, self.goes)

    def flush(self):
        if self.goes.pending:
            self.s.sendall(self.goes.read())

    def take(self):
        part = self.s.recv(65536)
        if part:
            self.came.write(part)
        else:
            self.came.write_eof()

    def run(self, call, *args):
        """Make a call of the TLS object, with all the I/O that it needs."""
        while True:
            try:
                result = call(*args)
                self.flush()
                return result
            except ssl.SSLWantReadError:
                self.flush()
                self.take()

    def handshake(self):
        self.run(self.tls.do_handshake)
        return self

    def write(self, data):
        self.run(self.tls.write, data)

    def read(self, n):
        """N bytes, fewer only at the end by close_notify."""
        got = b""
        while len(got) < n:
            try:
                part = self.run(self.tls.read, n - len(got))
            except ssl.SSLZeroReturnError:
                break
            if not part:
                break
            got += part
        return got

    def echo(self, data=b"hello, TLS\n"):
        self.write(data)
        if self.read(len(data)) != data:
            die("the echo differs")

    def close_notify(self, fin=False):
        """Ours alone, FIN in the same segment or not; the peer's direction stays open."""
        try:
            self.tls.unwrap()
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as e:          # what it has sent is unread: we know
            if "APPLICATION_DATA_AFTER_CLOSE_NOTIFY" not in str(e):
                raise
        if fin:
            self.s.send(self.goes.read(), socket.MSG_MORE)
            self.s.shutdown(socket.SHUT_WR)
        self.flush()

    def alert_of_peer(self):
        """The name of the alert that ends the connection, or "end"."""
        try:
            while self.run(self.tls.read, 4096):
                pass
            return "end"
        except ssl.SSLError as e:
            return e.reason or str(e)


def timed(addr, port, **kw):
    """Milliseconds of a handshake, TCP's included; the channel is closed."""
    began = time.monotonic()
    c = Channel(addr, port, **kw).handshake()
    took = (time.monotonic() - began) * 1e3
    c.close_notify(fin=True)               # ours is the first, and keeps TIME-WAIT
    if c.read(1):                          # a ticket left unread would make a reset
        die("bytes that nobody has sent")
    c.s.close()
    return took


# ------------------------------------------------------------------- by name

def echo(addr, port, size):
    """SIZE bytes there and back; close_notify each way, then FIN each way."""
    c = Channel(addr, port).handshake()
    data = stream(size)
    for at in range(0, size, 8192):        # never more under way than fits
        c.echo(data[at:at + 8192])
    c.close_notify()
    if c.read(1):
        die("bytes after everything")
    if c.s.recv(1):
        die("no FIN behind the peer's close_notify")
    c.s.close()


def half_close(addr, port, size):
    """All is sent, then our close_notify, then all is read."""
    c = Channel(addr, port).handshake()
    data = stream(size)
    c.write(data)
    c.close_notify()
    time.sleep(0.1)
    got = c.read(size + 1)
    if got != data:
        die(f"{len(got)} of {size} bytes after our close_notify")
    c.s.close()


def fin_behind_close_notify(addr, port, size):
    """The same with a FIN at once behind our close_notify."""
    c = Channel(addr, port).handshake()
    data = stream(size)
    c.write(data)
    c.close_notify()
    c.s.shutdown(socket.SHUT_WR)
    got = c.read(size + 1)
    if got != data:
        die(f"{len(got)} of {size} bytes after our close_notify and FIN")


def cut(addr, port):
    """FIN without close_notify."""
    c = Channel(addr, port).handshake()
    c.echo()
    c.s.shutdown(socket.SHUT_WR)
    said = c.alert_of_peer()
    print(said)


def reset(addr, port):
    """RST in the middle."""
    c = Channel(addr, port).handshake()
    c.echo()
    c.s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    c.s.close()


def tamper(addr, port, version, ciphers=None):
    """A bit of a record changes: prints the alert, which must be bad_record_mac."""
    c = Channel(addr, port, ciphers=ciphers, version=version).handshake()
    c.echo()
    c.tls.write(b"pay 100 crowns to Anna\n")
    record = bytearray(c.goes.read())
    record[-1] ^= 1
    c.s.sendall(record)
    print(c.alert_of_peer())


def garbage(addr, port):
    """Bytes that are no TLS, and some that nearly are; each ends in time."""
    hello = client_hello()
    for bad in (bytes(range(128, 256)) * 8,
                b"\x16\x03\x03\xff\xff" + bytes(70000),
                b"\x16\x03\x03\x00\x00" * 100,
                hello[:RECORD_HEADER] + b"\xff" + hello[RECORD_HEADER + 1:],
                hello[:11] + b"\xff" * (len(hello) - 11),
                b"\x17\x03\x03\x00\x10" + bytes(16)):
        ended(dial(addr, port), bad)


def dubious(addr, port):
    """Beginnings of a message of 16 MB, and of TLS 252.255, which may be seen as wrong
    or as somebody who is slow or old; each ends in time."""
    hello = client_hello()
    for keep in (RECORD_HEADER, 9):
        ended(dial(addr, port), hello[:keep] + b"\xff" * (len(hello) - keep))


def ended(s, bad):
    """Send; the peer must end the connection, by an alert or without one."""
    s.settimeout(5)
    try:
        s.sendall(bad)
        while s.recv(4096):
            pass
    except (ConnectionResetError, BrokenPipeError):
        pass
    except TimeoutError:
        die(f"{len(bad)} bytes from {bad[:8].hex()}: still open after 5 s")
    s.close()


def client_hello():
    """The first record of a handshake."""
    out = ssl.MemoryBIO()
    tls = context().wrap_bio(ssl.MemoryBIO(), out)
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return out.read()


def offer(addr, port, version, *suites):
    """A ClientHello by hand, with one of SUITES alone (hexadecimal) in each of as
    many connections; prints the alerts that answer.  OpenSSL has forgotten some."""
    for suite in suites:
        groups = struct.pack("!HHHHH", 10, 6, 4, 29, 23)
        formats = struct.pack("!HHBB", 11, 2, 1, 0)
        sigalgs = struct.pack("!HHHHH", 13, 6, 4, 0x0403, 0x0401)
        ext = groups + formats + sigalgs
        body = struct.pack("!H32sBHHBB", int(version, 16), bytes(range(32)), 0, 2,
                           int(suite, 16), 1, 0) + struct.pack("!H", len(ext)) + ext
        s = dial(addr, port)
        s.sendall(struct.pack("!BHHI", 22, 0x0301, len(body) + 4,
                              1 << 24 | len(body)) + body)
        s.settimeout(5)
        said = s.recv(4096)
        print(said[6] if said[:1] == b"\x15" else f"{suite}: {said[:11].hex()}")
        s.close()


def trickle(addr, port):
    """A handshake whose bytes come one by one is a handshake; and data as well."""
    c = Channel(addr, port)

    def one_by_one():
        for b in c.goes.read():
            c.s.sendall(bytes([b]))
    c.flush = one_by_one
    c.handshake()
    c.echo()


def stall(addr, port, ms):
    """Half a ClientHello and no more: closed after about MS."""
    s = dial(addr, port)
    hello = client_hello()
    s.sendall(hello[:len(hello) // 2])
    began = time.monotonic()
    s.settimeout(ms / 1e3 + 5)
    try:
        while s.recv(4096):
            pass
    except ConnectionResetError:
        pass
    except TimeoutError:
        die(f"still open after {ms + 5000} ms")
    took = (time.monotonic() - began) * 1e3
    if not ms * 0.7 <= took <= ms + 1500:
        die(f"closed after {took:.0f} ms, want {ms}")


def session(addr, port, version, rounds):
    """ROUNDS full handshakes, and as many by the last one's ticket; prints what each
    kind took, in ms, TCP's handshake included."""
    ctx = context(version=version)

    def once(old):
        began = time.monotonic()
        s = ctx.wrap_socket(dial(addr, port), session=old)
        took = (time.monotonic() - began) * 1e3
        s.sendall(b"x")
        if s.recv(1) != b"x":
            die("no echo")
        if s.session_reused != (old is not None):
            die(f"reused: {s.session_reused}")
        result = s.session
        s.unwrap().close()
        return took, result
    full = [once(None) for _ in range(rounds)]
    short = [once(full[-1][1])[0] for _ in range(rounds)]
    print(f"{statistics.median(t for t, _ in full):.1f} {statistics.median(short):.1f}")


def hold(addr, port, count):
    """COUNT channels, open until stdin ends; prints how many there are."""
    held = []
    for _ in range(count):
        try:
            c = Channel(addr, port).handshake()
            c.echo()
            held.append(c)
        except (OSError, ssl.SSLError):
            break
    print(len(held), flush=True)
    select.select([sys.stdin], [], [], LIMIT_S)
    for c in held:
        c.close_notify()


class Pulse(threading.Thread):
    """An open connection to plain echo, with data all the time."""

    def __init__(self, addr, port):
        super().__init__(daemon=True)
        self.s = dial(addr, port)
        self.going, self.beats, self.worst_ms = True, 0, 0.0

    def run(self):
        while self.going:
            began = time.monotonic()
            self.s.sendall(b"x" * 1000)
            left = 1000
            while left:
                left -= len(self.s.recv(left))
            self.worst_ms = max(self.worst_ms, (time.monotonic() - began) * 1e3)
            self.beats += 1
            time.sleep(0.002)

    def stop(self):
        self.going = False
        self.join()


def crowd(addr, port, stalled, bad):
    """So many connections at once: those that stall, and those that send rubbish."""
    hello = client_hello()
    socks = []
    for i in range(stalled + bad):
        s = socket.socket(socket.AF_INET6 if ":" in addr else socket.AF_INET)
        s.setblocking(False)
        s.connect_ex((addr, port))
        socks.append((i, s))
    for i, s in socks:
        select.select([], [s], [], LIMIT_S)
        if i >= stalled:
            first = hello[:9] + b"\xff" * 200 if i % 2 else bytes(range(256))
        else:                              # nothing, a header, half of it, all
            first = hello[:(0, 3, len(hello) // 2, len(hello))[i % 4]]
        try:
            s.send(first)
        except OSError:
            pass
    return socks


def flood(addr, port, stalled, bad):
    """A good client among bad ones; prints what it saw as KEY=VALUE."""
    rounds = 15
    plain = Pulse(addr, 7)
    plain.start()
    timed(addr, port)
    idle = statistics.median(timed(addr, port) for _ in range(rounds))
    plain.worst_ms = 0.0
    filling = []
    t = threading.Thread(target=lambda: filling.extend(crowd(addr, port, stalled, bad)))
    t.start()
    busy = statistics.median(timed(addr, port) for _ in range(rounds))
    t.join()
    after = statistics.median(timed(addr, port) for _ in range(rounds))
    plain.stop()
    for _, s in filling:
        s.close()
    print(f"idle={idle:.2f} filling={busy:.2f} full={after:.2f} "
          f"beats={plain.beats} worst={plain.worst_ms:.1f}")


BY_NAME = {f.__name__: f for f in (
    echo, half_close, fin_behind_close_notify, cut, reset, tamper, garbage, dubious, offer,
    trickle, stall, session, hold, flood)}


def main():
    if len(sys.argv) < 3 or sys.argv[1] not in BY_NAME:
        sys.exit(__doc__ + "\n" + ", ".join(BY_NAME))
    rest = [int(x) if x.isdigit() else x for x in sys.argv[3:]]
    try:
        BY_NAME[sys.argv[1]](sys.argv[2], *(rest or [7007]))
    except (OSError, ssl.SSLError) as e:
        die(f"{sys.argv[1]}: {e}")


if __name__ == "__main__":
    main()
