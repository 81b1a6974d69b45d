#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""style.py - conventions that a regular expression can see

Also: a doc block's @names are parameters or members of what it describes.
"""
import os
import re
import subprocess
import sys

HERE = os.path.dirname(__file__)
STRING = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'')
COMMENT = re.compile(r"/\*.*?\*/", re.S)
CODE_RULES = [      # on lines without strings and comments
    (r"//", "// comment"),
    (r"\btypedef\s+(struct|union|enum)\b", "typedef for a struct, union or enum"),
    (r"\balloca\s*\(", "alloca"),
    (r"\b(strcpy|strcat|sprintf|vsprintf|gets|strtok)\s*\(", "unbounded string call"),
    (r"^#\s*(if|ifdef|ifndef|elif|else)\b.*\b0\s*$", "code switched off"),
    (r"\bgoto\s+(?!out\b)", "goto to something else than out"),
]
TEXT_RULES = [      # on whole lines
    (r"\b(TODO|FIXME|XXX|HACK)\b", "a word for unfinished work"),
    (r"[ \t]+$", "trailing blanks"),
    (r"^ {8}", "indented by spaces"),
]
SERVICE_RULES = [   # on lines of daemon/: what applications should leave alone
    (r"\bustack_send_urgent\b", "a service that sends urgent data (SHLD-13)"),
    (r"\bUSTACK_OPT_TOS\b", "a service that changes its traffic class (SHLD-23)"),
]


def blank(match):
    """Comments and strings become blanks, lines stay."""
    return re.sub(r"[^\n]", " ", match[0])


def width(line):
    return len(line.expandtabs(8))


def guard_of(path):
    return re.sub(r"[^A-Z0-9]", "_", path.upper())


def function_ranges(files):
    out = subprocess.run(
        ["ctags", "-L", "-", "-f", "-", "--languages=C", "--map-C=+.h",
         "--kinds-C=f", "--fields=ne"],
        input="\n".join(files), capture_output=True, text=True, check=True).stdout
    ranges = {}
    for line in out.splitlines():
        cells = line.split("\t")
        field = dict(c.split(":", 1) for c in cells[3:] if ":" in c)
        if "end" in field:
            ranges.setdefault(cells[1], []).append(
                (int(field["line"]), int(field["end"])))
    return ranges


def doc_blocks(text):
    """(line, names, declaration) of each /** block with @names"""
    for m in re.finditer(r"/\*\*(.*?)\*/(.*?)(?=/\*\*|\Z)", text, re.S):
        names = re.findall(r"(?:^ \* |  )@(\w+):", m[1], re.M)
        if names:
            decl = m[2]
            end = re.search(r"^\}|\)[^;{]*[;{]", decl, re.M)
            if re.match(r"\s*struct\s+\w+\s*\{", decl):
                end = re.search(r"^\}", decl, re.M)
            if re.match(r"\s*#\s*define", decl):
                end = re.search(r"[^\\]\n", decl)
            yield text.count("\n", 0, m.start()) + 1, names, decl[:end.end()] if end else decl


def check(path, ranges):
    with open(path) as f:
        text = f.read()
    lines = text.splitlines()
    code = STRING.sub(blank, COMMENT.sub(blank, text)).splitlines()
    bad = []

    def say(number, what):
        bad.append(f"{path}:{number}: {what}")

    if not lines or lines[0] != "/* SPDX-License-Identifier: MIT */":
        say(1, "no SPDX line")
    if path.endswith(".h") and f"#ifndef {guard_of(path)}" not in lines \
            and not path.startswith("tests/"):
        say(1, f"include guard is not {guard_of(path)}")
    for number, (line, bare) in enumerate(zip(lines, code), 1):
        for rule, what in CODE_RULES:
            if re.search(rule, bare):
                say(number, what)
        for rule, what in TEXT_RULES:
            if re.search(rule, line):
                say(number, what)
        for rule, what in SERVICE_RULES if path.startswith("daemon/") else []:
            if re.search(rule, bare):
                say(number, what)
        if width(line) > 100:
            say(number, f"{width(line)} columns")
        if re.match(r"#\s*(if|ifdef|ifndef)\b", bare) and any(
                a < number < b for a, b in ranges.get(path, [])):
            say(number, "conditional compilation inside a function")
    for number, names, decl in doc_blocks(text):
        for name in names:
            if not re.search(rf"\b{name}\b", decl):
                say(number, f"@{name} is neither parameter nor member")
    return bad


def main():
    files = subprocess.run([os.path.join(HERE, "sources.sh")], capture_output=True,
                           text=True, check=True).stdout.split()
    ranges = function_ranges(files)
    bad = [b for path in files for b in check(path, ranges)]
    print("\n".join(bad))
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
