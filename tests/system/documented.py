#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""documented.py SOCKET DOCUMENT... - ask each method that only answers, and say
which fields of the answers a document lacks."""
import json
import re
import socket
import sys

ASK = [("status", {}), ("stats.get", {"pattern": "Tcp*"}), ("services.list", {}),
       ("conns.list", {}), ("conns.get", {"id": 1}), ("trace.list", {}),
       ("trace.get", {"id": 1}), ("impair.get", {}), ("impair.preset", {}),
       ("capture.status", {}), ("ping", {"address": "10.7.0.1"}),
       ("log.set", {"level": "info"}), ("fault.set", {"port": 9, "fault": "off"}),
       ("impair.script", {"script": "drop out fin"}), ("impair.undo", {}),
       ("impair.clear", {}), ("config.get", {}), ("config.reload", {}), ("capture.stop", {}),
       ("events.subscribe", {})]
# Objects whose keys are names of something else: states, knobs.
NAMED = {"connections", "by"}


def fields(value, out):
    """All names in an answer, however deep."""
    if isinstance(value, list):
        for v in value:
            fields(v, out)
    elif isinstance(value, dict):
        for k, v in value.items():
            out.add(k)
            if k not in NAMED or isinstance(v, list):
                fields(v, out)
    return out


def main():
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(sys.argv[1])
    lines = sock.makefile("rw")
    words = {p: set(re.findall(r"\w+", open(p, encoding="utf-8").read())) for p in sys.argv[2:]}
    bad = 0
    for method, params in ASK:
        lines.write(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method,
                                "params": params}) + "\n")
        lines.flush()
        answer = json.loads(lines.readline())
        if "result" not in answer:
            print(f"{method}: {answer}")
            bad += 1
            continue
        for name in sorted(fields(answer["result"], set())):
            for path, known in words.items():
                if name not in known:
                    print(f"{path}: {method} answers {name}, which is not there")
                    bad += 1
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
