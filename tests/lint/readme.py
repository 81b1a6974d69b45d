#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""readme.py - what the README files name exists: files, headings, targets of make,
commands and options of the programs, manuals

usage: readme.py BUILD            (from the top of the tree)
"""
import glob
import os
import re
import subprocess
import sys

BUILD = sys.argv[1] if len(sys.argv) > 1 else "build/release"
# Made on the way, or somebody else's.
ELSEWHERE = ("build/", "share/", "/etc/", "/metrics", "/bytes/", "/run/")


def helped(*argv):
    return subprocess.run([f"{BUILD}/{argv[0]}", *argv[1:], "--help"], text=True, check=True,
                          stdout=subprocess.PIPE).stdout


def check_paths(where, text):
    base = os.path.dirname(where)
    for path in re.findall(r"`([\w./*-]+(?:/|\.[a-z]+|/[\w*.-]+))(?: [^`]*)?`", text):
        if "/" not in path or path.startswith(ELSEWHERE):
            continue
        if not glob.glob(path) and not glob.glob(os.path.join(base, path)) and \
                not glob.glob(os.path.join(base, path.split("/")[0], "**", path), recursive=True):
            yield f"there is no {path}"


def check_anchors(text):
    have = {re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-")
            for h in re.findall(r"^#+ (.*)$", text, re.M)}
    for a in re.findall(r"\]\(#([^)]+)\)", text):
        if a not in have:
            yield f"there is no heading #{a}"


def check_targets(text):
    with open("Makefile", encoding="utf-8") as f:
        have = set(re.findall(r"^([a-z][a-z0-9-]*):", f.read(), re.M))
    for t in re.findall(r"(?:`|^ {4}|&& (?:sudo )?)make ([a-z][a-z0-9-]*)", text, re.M):
        if t not in have:
            yield f"make has no target {t}"


def check_commands(text):
    have = set(re.findall(r"^  ([a-z]+)(?: |$)", helped("ustackctl"), re.M))
    for name, rest in re.findall(r"(?:`|\$ |^ {4})ustackctl ([a-z]+)([^`\n|]*)", text, re.M):
        if name not in have:
            yield f"ustackctl has no command {name}"
            continue
        for o in re.findall(r"(?<=\s)--?[a-z46][a-z-]*(?=\s|$)", rest.split("'")[0]):
            if o not in {"--json", "--help"} and o + " " not in helped("ustackctl", name) \
                    and o + "," not in helped("ustackctl", name):
                yield f"ustackctl {name} has no option {o}"
    for o in re.findall(r"ustackd (--?[a-z][a-z-]*)", text):
        if not re.search(rf"(^| ){o}[ ,]", helped("ustackd"), re.M):
            yield f"ustackd has no option {o}"


def check_manuals(text):
    for name, section in re.findall(r"\b(ustack[a-z.-]*)\((\d)\)", text):
        if not glob.glob(f"*/{name}.{section}"):
            yield f"there is no manual {name}({section})"


def main():
    bad = 0
    for where in ("README.md", "stack/README.md"):
        with open(where, encoding="utf-8") as f:
            text = f.read()
        for complaint in (*check_paths(where, text), *check_anchors(text), *check_targets(text),
                          *check_commands(text), *check_manuals(text)):
            print(f"{where}: {complaint}")
            bad = 1
    return bad


if __name__ == "__main__":
    sys.exit(main())
