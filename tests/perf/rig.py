# SPDX-License-Identifier: MIT
"""rig.py - what the benchmarks share: namespaces, servers, load, spread

A namespace lives as long as a process that holds it; all ends with its parent.
"""
import contextlib
import ctypes
import json
import os
import signal
import statistics
import subprocess
import sys

SYSCTLS = {
    "net/ipv4/tcp_max_tw_buckets": "0",
    "net/ipv4/ip_local_port_range": "1024 65535",
    "net/ipv4/tcp_max_syn_backlog": "8192",
    "net/core/somaxconn": "8192",
    "net/ipv4/tcp_no_metrics_save": "1",
}
BUILD = os.environ.get("B", "build/release")


def die(text):
    sys.exit(f"{os.path.basename(sys.argv[0])}: {text}")


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Namespace:
    """A network namespace that lives as long as its holder process."""

    def __init__(self, stack):
        self.p = subprocess.Popen(
            ["unshare", "-n", "sh", "-c", "echo; exec sleep 100000"],
            stdout=subprocess.PIPE, preexec_fn=die_with_parent)
        stack.callback(self.close)
        if not self.p.stdout.read(1):
            die("cannot make a network namespace (root needed)")
        for key, value in SYSCTLS.items():
            self.run("sh", "-c", f"echo {value} > /proc/sys/{key}")
        self.run("ip", "link", "set", "lo", "up")

    def close(self):
        self.p.kill()
        self.p.wait()

    def cmd(self, *argv):
        return ["nsenter", "-t", str(self.p.pid), "-n", "--", *map(str, argv)]

    def run(self, *argv):
        r = subprocess.run(self.cmd(*argv), capture_output=True, text=True)
        if r.returncode:
            die(f"{' '.join(map(str, argv))}: {r.stderr.strip()}")
        return r.stdout

    def counters(self):
        """The kernel's TCP counters here, by nstat's names."""
        found = {}
        for name in ("snmp", "netstat"):
            with open(f"/proc/{self.p.pid}/net/{name}") as f:
                lines = f.read().splitlines()
            for keys, values in zip(lines[::2], lines[1::2]):
                kind = keys.split(":")[0]
                found.update((kind + k, int(v)) for k, v in
                             zip(keys.split()[1:], values.split()[1:]))
        return found

    def devices(self, *columns):
        """The sum of columns of /proc/net/dev over all devices."""
        with open(f"/proc/{self.p.pid}/net/dev") as f:
            rows = [line.split(":")[1].split() for line in f.readlines()[2:]]
        return sum(int(row[c]) for row in rows for c in columns)

    def drops(self):
        """Packets dropped by any device of the namespace, either way."""
        return self.devices(3, 11)

    def packets(self):
        """Packets that passed any device of the namespace, either way."""
        return self.devices(1, 9)


class Server:
    def __init__(self, stack, ns, argv, log):
        self.log = log
        self.p = subprocess.Popen(ns.cmd(*argv), stderr=open(log, "w"),
                                  stdout=subprocess.DEVNULL,
                                  preexec_fn=die_with_parent)
        stack.callback(self.close)

    def close(self):
        self.p.terminate()
        try:
            self.p.wait(5)
        except subprocess.TimeoutExpired:
            self.p.kill()
            self.p.wait()

    def pin(self, cpu):
        for task in os.listdir(f"/proc/{self.p.pid}/task"):
            with contextlib.suppress(ProcessLookupError):
                os.sched_setaffinity(int(task), {cpu})

    def check(self):
        if self.p.poll() is not None:
            die(f"a server ended ({self.p.returncode}):\n" + open(self.log).read())


def go_first():
    """Run ahead of all that is not real time; what is started does so, too."""
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))


def ksoftirqd_seconds():
    total = 0
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            with open(f"/proc/{pid}/comm") as f:
                if not f.read().startswith("ksoftirqd"):
                    continue
            with open(f"/proc/{pid}/schedstat") as f:
                total += int(f.read().split()[0])
    return total / 1e9


def ustackd(sock, options=(), build=BUILD):
    """The daemon's command line, its control socket at SOCK."""
    opts = [f"control.socket={sock}", "log.level=warning",
            f"tls.state-directory={os.path.dirname(sock)}", *options]
    return [build + "/ustackd", "-c", "/dev/null",
            *(x for o in opts for x in ("-o", o))]


def load(ns, secs, *args):
    """Run the load generator; (result or None, what it complained about)"""
    argv = [BUILD + "/loadgen", "-t", secs, *args]
    try:
        r = subprocess.run(ns.cmd(*argv), capture_output=True, text=True,
                           timeout=secs + 15)
    except subprocess.TimeoutExpired:
        return None, "the load generator hangs"
    return json.loads(r.stdout) if r.returncode == 0 else None, r.stderr.strip()


def spread(values, digits):
    return (f"{statistics.median(values):.{digits}f}",
            f"[{min(values):.{digits}f}-{max(values):.{digits}f}]")
