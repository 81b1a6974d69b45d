#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""sizes.py - functions of at most 60 lines and 5 parameters, files of at most 600

exceptions.txt names what is larger, with its size: "FILE:FUNCTION LINES" or
"FILE LINES".  It may only shrink: an entry that is too generous, or no longer
needed, is an error, and so is an entry that HEAD's version does not have.
"""
import os
import re
import subprocess
import sys

FUNCTION, FILE, PARAMS = 60, 600, 5
HERE = os.path.dirname(__file__)
LIST = os.path.join(HERE, "exceptions.txt")


def entries(text):
    found = {}
    for line in text.splitlines():
        line = line.split("#")[0].strip()
        if line:
            name, size = line.rsplit(None, 1)
            found[name] = int(size)
    return found


def git_head():
    try:
        r = subprocess.run(["git", "show", "HEAD:tests/lint/exceptions.txt"],
                           capture_output=True, text=True)
    except OSError:                     # no git here: nothing to compare with
        return None
    return entries(r.stdout) if r.returncode == 0 else None


def functions(files):
    """(name, lines, parameters) of every function with a body"""
    out = subprocess.run(
        ["ctags", "-L", "-", "-f", "-", "--languages=C", "--map-C=+.h",
         "--kinds-C=f", "--fields=neS", "-I", "START_TEST,END_TEST,MUST_USE"],
        input="\n".join(files), capture_output=True, text=True, check=True).stdout
    for line in out.splitlines():
        cells = line.split("\t")
        field = dict(c.split(":", 1) for c in cells[3:] if ":" in c)
        if "line" not in field or "end" not in field:
            continue
        sig = re.sub(r"\([^()]*\)(?=\s*\()|(?<=\))\([^()]*\)", "",
                     field.get("signature", "()")[1:-1])
        sig = re.sub(r"\([^()]*\)", "", sig)
        params = 0 if sig.strip() in ("", "void") else sig.count(",") + 1
        yield (f"{cells[1]}:{cells[0]}",
               int(field["end"]) - int(field["line"]) + 1, params)


def main():
    files = subprocess.run([os.path.join(HERE, "sources.sh")], capture_output=True,
                           text=True, check=True).stdout.split()
    with open(LIST) as f:
        granted = entries(f.read())
    bad, used = [], set()

    def hold(name, size, limit):
        if name in granted:
            used.add(name)
            if size <= limit:
                bad.append(f"{name}: no exception needed any more")
            elif size < granted[name]:
                bad.append(f"{name}: lower its exception to {size}")
            elif size > granted[name]:
                bad.append(f"{name}: {size} lines, exception for {granted[name]}")
        elif size > limit:
            bad.append(f"{name}: {size} lines, limit {limit}")

    for path in files:
        with open(path) as f:
            hold(path, sum(1 for _ in f), FILE)
    for name, lines, params in functions(files):
        hold(name, lines, FUNCTION)
        if params > PARAMS:
            bad.append(f"{name}: {params} parameters, limit {PARAMS}")
    bad += [f"{n}: exception for something that is not there"
            for n in granted if n not in used]
    head = git_head()
    if head is not None:
        bad += [f"{n}: a new exception; the list may only shrink"
                for n in granted if n not in head]
    print("\n".join(bad))
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
