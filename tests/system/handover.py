#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""handover.py KIND USTACKD DIR UID - give ustackd a descriptor by --tun-fd

    tun     a TUN that we made and set up; the daemon runs as UID without any
            capability, and a kernel socket talks to it
    pair    one end of a SEQPACKET socket pair; we play the peer in raw packets
"""
import fcntl
import os
import signal
import socket
import struct
import subprocess
import sys
import time

import packets

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI, IFF_VNET_HDR = 0x0001, 0x1000, 0x4000


def die(text):
    sys.exit(f"handover.py: {text}")


def make_tun():
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
    flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", b"given0", flags))
    for c in ("addr add 10.7.0.1/24 dev given0", "link set given0 up"):
        subprocess.run(["ip", *c.split()], check=True)
    return fd


def start(program, where, uid, fd):
    argv = ["setpriv", "--reuid", str(uid), "--regid", str(uid), "--clear-groups",
            "--bounding-set=-all", "--inh-caps=-all"] if uid else []
    argv += [program, "-c", f"{where}/conf", "--tun-fd", str(fd), "-o",
             f"control.socket={where}/ctl.sock"]
    p = subprocess.Popen(argv, pass_fds=[fd])
    for _ in range(200):
        if os.path.exists(f"{where}/ctl.sock"):
            return p
        if p.poll() is not None:
            die(f"ustackd ended with status {p.returncode}")
        time.sleep(0.025)
    die("ustackd is not ready after 5 s")


def stop(p):
    p.send_signal(signal.SIGTERM)
    if p.wait(10) != 0:
        die(f"ustackd ended with status {p.returncode}")


def talk_by_socket():
    s = socket.create_connection(("10.7.0.2", 7), 5)
    data = os.urandom(300000)
    s.settimeout(10)
    sent, got = 0, b""
    while len(got) < len(data):
        if sent < len(data):
            sent += s.send(data[sent:sent + 20000])
        got += s.recv(65536)
    if got != data:
        die("the echo differs")


def expect(sock, what, test):
    end = time.monotonic() + 5
    while time.monotonic() < end:
        p = sock.recv(70000)
        if test(p):
            return p
    die(f"no {what} in 5 s")


def tcp_fields(p):
    ihl = (p[0] & 15) * 4
    seq, ack = struct.unpack_from("!II", p, ihl + 4)
    return seq, ack, p[ihl + 13], p[ihl + (p[ihl + 12] >> 4) * 4:]


def talk_raw(sock):
    sock.settimeout(5)
    sock.send(packets.icmp_echo(b"are you there"))
    expect(sock, "echo reply", lambda p: p[9] == 1 and p[20] == 0)
    sock.send(packets.tcp(packets.SYN, seq=1000, options=b"\x02\x04\x05\xb4"))
    p = expect(sock, "SYN-ACK", lambda p: p[9] == 6)
    iss, ack, flags, _ = tcp_fields(p)
    if flags != packets.SYN | packets.ACK or ack != 1001:
        die(f"no SYN-ACK: flags {flags:#x}, ack {ack}")
    sock.send(packets.tcp(packets.ACK, seq=1001, ack=iss + 1))
    sock.send(packets.tcp(packets.ACK | packets.PSH, seq=1001, ack=iss + 1,
                          payload=b"hello"))
    p = expect(sock, "echo", lambda p: p.endswith(b"hello"))
    packets.check(p)
    sock.send(packets.tcp(packets.ACK | packets.FIN, seq=1006, ack=iss + 6))
    expect(sock, "FIN", lambda p: tcp_fields(p)[2] & packets.FIN)
    sock.send(packets.tcp(packets.ACK, seq=1007, ack=iss + 7))


def main():
    kind, program, where, uid = sys.argv[1:]
    if kind == "tun":
        fd = make_tun()
        p = start(program, where, int(uid), fd)
        talk_by_socket()
    else:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        p = start(program, where, 0, theirs.fileno())
        theirs.close()
        talk_raw(ours)
    stop(p)


if __name__ == "__main__":
    main()
