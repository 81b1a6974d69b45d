#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""http.py WHAT HOST... - what curl cannot be told to do, and what it cannot see"""
import html.parser
import re
import socket
import sys

PATIENCE = 10
VOID = {"meta", "link", "br", "hr", "img", "input"}


def dial(host, port=80):
    s = socket.create_connection((host, port), PATIENCE)
    s.settimeout(PATIENCE)
    return s


def get(path, more=""):
    return f"GET {path} HTTP/1.1\r\nHost: x\r\n{more}\r\n".encode()


def read_answer(f):
    """One answer by its own length: status, headers, body."""
    status = int(f.readline().split()[1])
    headers = {}
    for line in iter(f.readline, b"\r\n"):
        name, value = line.decode().split(":", 1)
        assert name.lower() not in headers, name
        headers[name.lower()] = value.strip()
    return status, headers, f.read(int(headers["content-length"]))


def pipeline(host, n):
    """Requests in one go, of two kinds; answers in order, the end behind the last."""
    s = dial(host)
    s.sendall((get("/") + get("/none")) * n + get("/metrics", "Connection: close\r\n"))
    f = s.makefile("rb")
    for i in range(n):
        for want in (200, 404):
            assert read_answer(f)[0] == want, i
    status, headers, body = read_answer(f)
    assert status == 200 and headers["connection"] == "close"
    assert body.startswith(b"# HELP") and body.endswith(b"\n")
    assert f.read() == b""


def drip(host):
    """A request a byte at a time, then a reader that takes the answer so."""
    s = dial(host)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for byte in get("/metrics", "Connection: close\r\n"):
        s.sendall(bytes([byte]))
    body = b""
    while True:
        piece = s.recv(1000)
        if not piece:
            break
        body += piece
    head, body = body.split(b"\r\n\r\n", 1)
    assert int(re.search(rb"Content-Length: (\d+)", head)[1]) == len(body)


def crowd(host, n):
    """More clients than there are places, all in the middle of a request."""
    slow = []
    for _ in range(n):
        s = dial(host)
        s.sendall(b"GET / HT")
        slow.append(s)
        quick = dial(host)
        quick.sendall(get("/"))
        assert read_answer(quick.makefile("rb"))[0] == 200
    served = 0
    for s in slow[-50:]:
        s.sendall(b"TP/1.0\r\n\r\n")
        served += read_answer(s.makefile("rb"))[0] == 200
    assert served == 50, served
    gone = 0
    for s in slow[:50]:
        try:
            gone += s.recv(1) == b""
        except ConnectionResetError:
            gone += 1
    assert gone == 50, gone


def deaf(host, n):
    """Clients that ask and do not read; whoever reads is served all the same."""
    held = []
    for _ in range(n):
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.connect((host, 80))
        s.sendall(get("/metrics") * 200)
        held.append(s)
    s = dial(host)
    s.sendall(get("/metrics"))
    assert read_answer(s.makefile("rb"))[0] == 200


class Tidy(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.seen, self.text = [], set(), ""

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, (tag, self.open)
        self.open.pop()

    def handle_data(self, data):
        self.text += data


def index(host):
    """/ is tidy HTML without scripts, and its links lead somewhere."""
    s = dial(host)
    f = s.makefile("rb")
    s.sendall(get("/"))
    status, headers, body = read_answer(f)
    assert status == 200 and headers["content-type"] == "text/html; charset=utf-8"
    page = body.decode()
    assert page.startswith("<!DOCTYPE html>\n")
    tidy = Tidy()
    tidy.feed(page)
    tidy.close()
    assert not tidy.open, tidy.open
    assert {"html", "head", "title", "body", "h1"} <= tidy.seen and "script" not in tidy.seen
    for word in ("echo", "discard", "chargen", "http", "7", "80", host, "ustackctl"):
        assert word in tidy.text, word
    for link in re.findall(r'href="([^"]*)"', page):
        s.sendall(get(link))
        assert read_answer(f)[0] == 200, link


def main():
    what = {"pipeline": pipeline, "drip": drip, "crowd": crowd, "deaf": deaf, "index": index}
    args = [int(a) if a.isdigit() else a for a in sys.argv[2:]]
    what[sys.argv[1]](*args)


main()
