#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""capfds.py SOCKET DIRECTORY PID - captures with descriptors that they should not get

Each refusal says what would be right, and in the end the daemon has no descriptor
more than before.
"""
import array
import json
import os
import socket
import sys
import time

SOCK, DIR, PID = sys.argv[1:4]
PARAMS = -32602
REFUSED = 1
NO_OBJECT = 4
FDS_MAX = 32


def connect():
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(10)
    s.connect(SOCK)
    return s


def ask(s, method, params, fds=()):
    line = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method,
                       "params": params}).encode() + b"\n"
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))]
    s.sendmsg([line], rights if fds else [])
    answer = b""
    while not answer.endswith(b"\n"):
        more = s.recv(65536)
        if not more:
            sys.exit("capfds.py: the daemon hung up")
        answer += more
    return json.loads(answer)


def path(name):
    return os.path.join(DIR, name)


def file(name, flags=os.O_WRONLY | os.O_CREAT):
    return os.open(path(name), flags, 0o600)


def refused(what, code, says, params, fds=(), method="capture.start"):
    s = connect()
    error = ask(s, method, params, fds).get("error")
    for fd in fds:
        os.close(fd)
    if not error or error["code"] != code or says not in error["message"]:
        sys.exit(f"capfds.py: {what}: {error}, expected {code} and \"{says}\"")


def held():
    return len(os.listdir(f"/proc/{PID}/fd"))


def settled(want):
    for _ in range(200):
        if held() == want:
            return
        time.sleep(0.01)
    sys.exit(f"capfds.py: the daemon has {held()} descriptors, it had {want}")


def bad_descriptors():
    with open(path("kept"), "w") as f:
        f.write("precious")
    refused("none", PARAMS, "expected the descriptor", {})
    refused("directory", PARAMS, "directory", {}, [os.open(DIR, os.O_RDONLY)])
    refused("reading only", PARAMS, "reading only", {}, [file("kept", os.O_RDONLY)])
    refused("path only", PARAMS, "reading only", {}, [file("kept", os.O_PATH)])
    refused("device", PARAMS, "neither a file nor a pipe", {},
            [os.open("/dev/null", os.O_WRONLY)])
    a, b = socket.socketpair()
    refused("socket", PARAMS, "neither a file nor a pipe", {}, [a.detach()])
    b.close()
    refused("two", PARAMS, "expected one descriptor", {}, [file("kept"), file("x")])
    refused("rotation with one", PARAMS, "two files", {"rotate": 100000}, [file("kept")])
    refused("the same twice", PARAMS, "same file", {"rotate": 100000},
            [file("kept"), file("kept")])
    r, w = os.pipe()
    refused("pipe in a rotation", PARAMS, "only files", {"rotate": 100000},
            [file("kept"), w])
    os.close(r)


def bad_parameters():
    for params, says in (
            ({"side": "left"}, "wire, stack or both"),
            ({"port": 70000}, "0 to 65535"),
            ({"snaplen": 3}, "40 to 262144"),
            ({"limit": 1000}, "at least 65536"),
            ({"rotate": 1000}, "at least 65536"),
            ({"name": "a\tb"}, "control character"),
            ({"name": "x" * 300}, "255 bytes"),
            ({"snap": 100}, "capture.start has"),
            ({"conn": -1}, "whole number")):
        refused(str(params), PARAMS, says, params, [file("kept")])
    refused("no such connection", NO_OBJECT, "no connection 77", {"conn": 77},
            [file("kept")])
    with open(path("kept")) as f:
        if f.read() != "precious":
            sys.exit("capfds.py: a refused capture has emptied its file")


def strangers():
    """Descriptors for a method that wants none, and too many for one that does."""
    s = connect()
    many = [file(f"f{i}") for i in range(FDS_MAX + 8)]
    if "result" not in ask(s, "status", {}, many):
        sys.exit("capfds.py: status with descriptors is refused")
    refused("left over", PARAMS, "expected the descriptor", {})
    if "result" not in ask(s, "capture.start", {"rotate": 65536}, many):
        sys.exit("capfds.py: a capture with surplus descriptors is refused")
    status = ask(s, "capture.status", {})["result"]["captures"][0]
    if status["files"] != FDS_MAX:
        sys.exit(f"capfds.py: it has {status['files']} files")
    refused("a file in use", REFUSED, "already", {}, [file("f3")])
    ask(s, "capture.stop", {})
    for fd in many:
        os.close(fd)
    s.sendmsg([b"{"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [1, 2]))])
    s.close()


def too_many():
    s = connect()
    for i in range(4):
        fd = file(f"n{i}")
        if "result" not in ask(s, "capture.start", {}, [fd]):
            sys.exit("capfds.py: four at once do not go")
        os.close(fd)
    refused("a fifth", REFUSED, "4 captures", {}, [file("n4")])
    refused("which", PARAMS, "name one or all", {}, method="capture.stop")
    refused("another", NO_OBJECT, "no capture 99", {"id": 99}, method="capture.stop")
    if len(ask(s, "capture.stop", {"all": True})["result"]["captures"]) != 4:
        sys.exit("capfds.py: not all have stopped")
    refused("none is left", NO_OBJECT, "no capture is running", {}, method="capture.stop")
    s.close()


def main():
    before = held()
    bad_descriptors()
    settled(before)
    bad_parameters()
    settled(before)
    strangers()
    settled(before)
    too_many()
    settled(before)


main()
