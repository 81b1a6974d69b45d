# SPDX-License-Identifier: MIT
"""packets.py - IPv4, IPv6, TCP and ICMP packets made by hand, right or wrong"""
import socket
import struct

FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32
H4, S4 = "10.7.0.1", "10.7.0.2"
H6, S6 = "fd07::1", "fd07::2"


def csum(data):
    if len(data) & 1:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def pseudo(src, dst, proto, length):
    if ":" in src:
        a = [socket.inet_pton(socket.AF_INET6, x) for x in (src, dst)]
        return a[0] + a[1] + struct.pack("!IHBB", length, 0, 0, proto)
    a = [socket.inet_aton(x) for x in (src, dst)]
    return a[0] + a[1] + struct.pack("!BBH", 0, proto, length)


def ip4(proto, payload, src=H4, dst=S4, total=None, ihl=5, frag=0, options=b"",
        bad_sum=0, version=4):
    length = 20 + len(options) + len(payload) if total is None else total
    h = struct.pack("!BBHHHBBH4s4s", version << 4 | ihl, 0, length, 1, frag, 64,
                    proto, 0, socket.inet_aton(src), socket.inet_aton(dst)) + options
    return h[:10] + struct.pack("!H", csum(h) ^ bad_sum) + h[12:] + payload


def ip6(nxt, payload, src=H6, dst=S6, length=None, version=6):
    return struct.pack("!IHBB", version << 28,
                       len(payload) if length is None else length, nxt, 64) + \
        socket.inet_pton(socket.AF_INET6, src) + \
        socket.inet_pton(socket.AF_INET6, dst) + payload


def segment(flags, seq=0, ack=0, sport=4000, dport=7, payload=b"", options=b"",
            src=H4, dst=S4, doff=None, bad_sum=0, wnd=65535):
    """A TCP segment alone."""
    doff = 5 + len(options) // 4 if doff is None else doff
    h = struct.pack("!HHIIBBHHH", sport, dport, seq & 0xFFFFFFFF, ack & 0xFFFFFFFF,
                    doff << 4, flags, wnd, 0, 0) + options + payload
    s = csum(pseudo(src, dst, 6, len(h)) + h) ^ bad_sum
    return h[:16] + struct.pack("!H", s) + h[18:]


def tcp(flags, src=H4, dst=S4, **kw):
    seg = segment(flags, src=src, dst=dst, **kw)
    return ip6(6, seg, src, dst) if ":" in src else ip4(6, seg, src, dst)


def icmp(kind, code, rest=b"\0\0\0\0", body=b"", bad_sum=0):
    m = struct.pack("!BBH", kind, code, 0) + rest + body
    return m[:2] + struct.pack("!H", csum(m) ^ bad_sum) + m[4:]


def icmp_echo(body):
    return ip4(1, icmp(8, 0, b"\0\1\0\1", body))


def check(p):
    """Verify the checksums of an IPv4 packet with TCP."""
    ihl = (p[0] & 15) * 4
    if csum(p[:ihl]):
        raise SystemExit("packets.py: IPv4 header checksum is wrong")
    src, dst = (socket.inet_ntoa(p[i:i + 4]) for i in (12, 16))
    if csum(pseudo(src, dst, 6, len(p) - ihl) + p[ihl:]):
        raise SystemExit("packets.py: TCP checksum is wrong")
