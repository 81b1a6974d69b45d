#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""top.py CTL SOCKET WHAT - ustackctl top on a pseudo-terminal

The terminal is a vt100 (its few sequences are understood below), so that what a
person sees is compared: its lines, not its bytes.
"""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time

PATIENCE = 10
SEQUENCE = re.compile(rb"\x1b(?:\[([?\d;]*)([A-Za-z])|[()][A-Z0-9]|[=>78DMEHc])|([\r\n\b\x0e\x0f])|"
                      rb"([^\x1b\r\n\b\x0e\x0f]+)")


class Screen:
    """As much of a vt100 as ncurses uses."""

    def __init__(self, rows, cols):
        self.resize(rows, cols)

    def resize(self, rows, cols):
        self.rows, self.cols, self.y, self.x = rows, cols, 0, 0
        self.cell = [[" "] * cols for _ in range(rows)]
        self.region = (0, rows - 1)

    def scroll(self, y, down):
        top, bottom = self.region
        if down:
            self.cell.insert(top, [" "] * self.cols)
            del self.cell[bottom + 1]
        else:
            del self.cell[top]
            self.cell.insert(bottom, [" "] * self.cols)

    def csi(self, args, final):
        a = [int(n) if n.isdigit() else 0 for n in args.decode().strip("?").split(";")]
        n = a[0] or 1
        if final in "Hf":
            self.y = min(n, self.rows) - 1
            self.x = min((a[1] if len(a) > 1 else 0) or 1, self.cols) - 1
        elif final in "ABCD":
            self.y += {"A": -n, "B": n}.get(final, 0)
            self.x += {"C": n, "D": -n}.get(final, 0)
            self.y = max(0, min(self.y, self.rows - 1))
            self.x = max(0, min(self.x, self.cols - 1))
        elif final == "J":
            assert a[0] in (0, 2)
            first = self.y if a[0] == 0 else 0
            if a[0] == 0:
                self.cell[first][self.x:] = [" "] * (self.cols - self.x)
                first += 1
            for y in range(first, self.rows):
                self.cell[y] = [" "] * self.cols
        elif final == "K":
            part = slice(0, self.x + 1) if a[0] == 1 else slice(self.x, self.cols)
            self.cell[self.y][part] = [" "] * len(self.cell[self.y][part])
        elif final == "r":
            self.region = (n - 1, (a[1] if len(a) > 1 and a[1] else self.rows) - 1)
            self.y = self.x = 0
        else:
            assert final in "mhl", final

    def text(self, piece):
        for byte in piece:
            if byte < 32 or self.x >= self.cols:
                continue
            self.cell[self.y][self.x] = chr(byte)
            self.x += 1

    def control(self, byte):
        if byte == b"\r":
            self.x = 0
        elif byte == b"\b":
            self.x = max(0, self.x - 1)
        elif byte == b"\n" and self.y == self.region[1]:
            self.scroll(self.y, False)
        elif byte == b"\n":
            self.y = min(self.y + 1, self.rows - 1)

    def feed(self, data):
        """Take what is whole; give back the rest."""
        at = 0
        while at < len(data):
            m = SEQUENCE.match(data, at)
            if not m:
                return data[at:]
            if m[2]:
                self.csi(m[1], m[2].decode())
            elif m[3]:
                self.control(m[3])
            elif m[4]:
                self.text(m[4])
            elif m[0] == b"\x1bM" and self.y == self.region[0]:
                self.scroll(self.y, True)
            elif m[0] == b"\x1bM":
                self.y -= 1
            at = m.end()
        return b""

    def lines(self):
        return ["".join(row).rstrip() for row in self.cell]


class Top:
    """One run of the command."""

    def __init__(self, *args, rows=24, cols=80, term="vt100", env=None):
        self.screen, self.raw, self.rest, self.term = Screen(rows, cols), b"", b"", term
        self.master, self.slave = pty.openpty()
        self.size(rows, cols)
        self.before = termios.tcgetattr(self.slave)
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
            for fd in (0, 1, 2):
                os.dup2(self.slave, fd)
            os.environ.update({"TERM": term, **(env or {})})
            os.execv(sys.argv[1], [sys.argv[1], "--socket", sys.argv[2], "top", *args])

    def size(self, rows, cols):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    def resize(self, rows, cols):
        """Another size; what comes from then on is drawn on it."""
        self.pump(0.05)
        self.screen.resize(rows, cols)
        self.size(rows, cols)

    def lines(self):
        """What is seen; of another terminal, what came."""
        if self.term == "vt100":
            return self.screen.lines()
        return [self.raw.decode(errors="replace")]

    def pump(self, seconds):
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if select.select([self.master], [], [], left)[0]:
                data = os.read(self.master, 65536)
                self.raw += data
                if self.term == "vt100":
                    self.rest = self.screen.feed(self.rest + data)

    def keys(self, text):
        os.write(self.master, text.encode())

    def see(self, pattern, lines=slice(None)):
        """Wait until one of the lines matches; that line."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            for line in self.lines()[lines]:
                if re.search(pattern, line):
                    return line
            self.pump(0.05)
        raise AssertionError("nobody sees %s in\n%s" % (pattern, "\n".join(self.screen.lines())))

    def end(self):
        """Wait for its end; exit status, or minus the signal.  The terminal is as before."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            self.pump(0.05)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pump(0.1)
                assert termios.tcgetattr(self.slave) == self.before, "the terminal has changed"
                os.close(self.master)
                os.close(self.slave)
                return os.waitstatus_to_exitcode(status)
        os.kill(self.pid, signal.SIGKILL)
        raise AssertionError("it does not end:\n" + "\n".join(self.screen.lines()))


def shows():
    """At 80 by 24: head, headings, the connections, the foot."""
    top = Top("-d", "0.2")
    top.see(r"^in +[\d.]+[kMG]? packets/s +[\d.]+[kMG]?bit/s +out ")
    lines = top.screen.lines()
    assert lines[0].startswith("ustackd "), lines[0]
    assert re.match(r" +Id Service +State +Peer +In b/s +Out b/s +RTTms +Cwnd +Retr$", lines[4]), lines
    assert re.match(r" +\d+ chargen +ESTAB +10\.7\.0\.1:\d+ +\S+ +[\d.]+[kMG] ", lines[5]), lines[5]
    assert re.match(r"1-3 of 3 by throughput +q quit", lines[23]), lines[23]
    assert max(map(len, lines)) <= 80
    top.keys("q")
    assert top.end() == 0


def keys():
    """Every order, help, pause, the interval, moving about."""
    top = Top("-d", "0.2", rows=10)
    for key, name in (("r", "rtt"), ("c", "cwnd"), ("x", "retransmits"), ("i", "id"),
                      ("t", "throughput")):
        top.keys(key)
        top.see(" by %s " % name)
    top.keys("h")
    top.see("^h +this help")
    top.keys("h")
    top.see("^ +Id Service")
    top.keys("p")
    top.see("PAUSED")
    top.keys("p")
    top.see("p pause")
    top.keys("+h")
    top.see("every 0.4 s")
    top.keys("--")
    top.see("by throughput")
    top.resize(4, 80)
    top.see("^1-1 of 3 ")
    top.keys("\x1bOB")
    top.see("^2-2 of 3 ")
    top.keys("\x1bOB" * 5)
    top.see("^3-3 of 3 ")
    top.keys("\x1bOA")
    top.see("^2-2 of 3 ")
    top.keys("q")
    assert top.end() == 0


def sizes():
    """It survives every size, and is as before when there is room again."""
    top = Top("-d", "0.1")
    for rows, cols in ((40, 132), (1, 1), (2, 3), (3, 200), (5, 10), (1, 80), (100, 1), (200, 300)):
        top.resize(rows, cols)
        if cols < 5:
            top.pump(0.3)
        else:
            top.see(".", slice(1))
        assert os.waitpid(top.pid, os.WNOHANG)[0] == 0, (rows, cols)
    top.resize(24, 80)
    top.see("^1-3 of 3 by throughput")
    assert top.screen.lines()[0].startswith("ustackd ")
    top.keys("q")
    assert top.end() == 0


def signals():
    """The terminal is given back whichever way it ends."""
    for send in (lambda t: t.keys("\x03"), lambda t: os.kill(t.pid, signal.SIGTERM)):
        top = Top(term="xterm")
        top.see("by throughput")
        assert b"\x1b[?1049h" in top.raw
        send(top)
        assert top.end() in (-signal.SIGINT, -signal.SIGTERM)
        assert b"\x1b[?1049l" in top.raw
    top = Top()
    top.see("by throughput")
    os.close(top.master)
    os.close(top.slave)
    assert os.waitpid(top.pid, 0)[1] != 0


def colours():
    """Colours where nobody is against them."""
    for env, want in (({}, True), ({"NO_COLOR": "1"}, False)):
        top = Top(term="xterm", env=env)
        top.see("by throughput")
        top.keys("q")
        assert top.end() == 0
        assert bool(re.search(rb"\x1b\[3[0-7]m", top.raw)) == want, env


def daemon_gone():
    """The daemon ends: so does top, and says why where it is seen."""
    top = Top("-d", "0.1")
    top.see("by throughput")
    print("ready", flush=True)
    assert top.end() == 3
    assert b"the daemon hung up" in top.raw or b"no daemon answers" in top.raw


what = {f.__name__: f for f in (shows, keys, sizes, signals, colours, daemon_gone)}
what[sys.argv[3]]()
