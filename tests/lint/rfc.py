#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""rfc.py - every requirement of the RFCs has its test, or its reason

rfc.tsv has a line for each: id, level, status, subject, tests, reason.  Ids are
the RFC's own where it numbers its requirements (RFC 9293: MUST, SHLD, MAY,
REC), else the RFC's number and a running one; "res" is what no RFC says.

	yes		does as asked; a test shows it
	deviation	does something else: reason, and a test that shows what
	not built	an optional part that is absent: reason, and a test that it
			does no harm
	open		neither; the check fails

A test is FILE:NAME, a START_TEST that its file adds to a case, or a function of
a shell script; the comment above it names the id.  Ids in comments of stack/
and tests/ must be in the table, and the totals are those of README.md.
"""
import collections
import os
import re
import subprocess
import sys

HERE = os.path.dirname(__file__)
TABLE = os.path.join(HERE, "rfc.tsv")
IDS = 362               # rows never go: what is given up becomes a deviation
LEVELS = {f"{w}{dep}" for w in ("MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "MAY")
          for dep in ("", " (dep.)")}
STATUS = ("yes", "deviation", "not built", "open")
ID = re.compile(r"(?<![\w.-])(MUST|SHLD|MAY|REC|res|\d{3,4})-(a?)(\d+)(?![\w-])")
MORE = re.compile(r"(,|/| and| to)\s?(?:(MUST|SHLD|MAY|\d{3,4})-)?(a?)(\d+)(?![\w.-])")
COMMENT = re.compile(r"/\*.*?\*/", re.S)


def ids_in(text, prefixes):
    """Ids that a comment names; "MUST-48, 49", "9293-a1 to a3" are lists"""
    text = re.sub(r"\s*\n[ \t]*[*#]?[ \t]*", " ", text)
    found = []
    for m in ID.finditer(text):
        prefix, letter, number = m[1], m[2], int(m[3])
        if prefix not in prefixes:
            continue
        found.append(f"{prefix}-{letter}{number}")
        at = m.end()
        while (more := MORE.match(text, at)) and more[2] in (None, prefix):
            first = number + 1 if more[1] == " to" else int(more[4])
            number, at = int(more[4]), more.end()
            found += [f"{prefix}-{letter}{n}" for n in range(first, number + 1)]
    return found


def read(path):
    with open(path) as f:
        return f.read()


def rows(bad):
    table = {}
    for number, line in enumerate(read(TABLE).splitlines(), 1):
        if line.startswith("#"):
            continue
        cells = line.split("\t")
        if len(cells) != 6:
            bad.append(f"{TABLE}:{number}: {len(cells)} cells, want 6")
        elif cells[0] in table:
            bad.append(f"{cells[0]}: twice")
        else:
            table[cells[0]] = cells[1:]
    return table


def check_whole(table, bad):
    """No row is gone: neither from the end of a series nor from inside"""
    series = collections.defaultdict(set)
    for name in table:
        m = ID.fullmatch(name)
        if m:
            series[m[1] + "-" + m[2]].add(int(m[3]))
        else:
            bad.append(f"{name}: no id")
    for prefix, have in series.items():
        bad.extend(f"{prefix}{n}: no row" for n in range(1, max(have)) if n not in have)
    if len(table) != IDS:
        bad.append(f"{len(table)} rows, want {IDS}")


def check_row(name, row, bad):
    level, status, subject, tests, reason = row
    optional = level.startswith("MAY") or level.endswith("(dep.)")
    if level not in LEVELS:
        bad.append(f"{name}: level {level}")
    if status not in STATUS:
        bad.append(f"{name}: status {status}")
    if status == "open":
        bad.append(f"{name}: open: {subject}")
    if not subject:
        bad.append(f"{name}: no subject")
    if status != "open" and not tests:
        bad.append(f"{name}: no test")
    if status in ("deviation", "not built") and not reason:
        bad.append(f"{name}: no reason")
    if status == "not built" and not optional:
        bad.append(f"{name}: {level} can be a deviation, but not absent")


class Tests:
    """Tests by FILE:NAME, each with the comment above it"""

    def __init__(self):
        self.comments = {}

    def load(self, path):
        text = read(path)
        if path.endswith(".sh"):
            for m in re.finditer(r"((?:^#.*\n)*)^(\w+)\(\)", text, re.M):
                self.comments[f"{path}:{m[2]}"] = m[1]
            return
        above = 0
        for m in re.finditer(r"^START_TEST\((\w+)\)|^}", text, re.M):
            if m[1] and re.search(rf"tcase_add_\w+\(\s*\w+,\s*{m[1]}\b", text):
                between = text[above:m.start()]
                self.comments[f"{path}:{m[1]}"] = "".join(COMMENT.findall(between)[-1:])
            above = m.end()

    def find(self, test):
        path, _, name = test.partition(":")
        if f"{path}:" not in self.comments:
            self.comments[f"{path}:"] = ""
            if os.path.isfile(path):
                self.load(path)
        return self.comments.get(test) if name else None


def check_tests(table, bad):
    tests, prefixes = Tests(), {n.rsplit("-", 1)[0] for n in table}
    used = set()
    for name, row in table.items():
        for test in row[3].split():
            used.add(test)
            comment = tests.find(test)
            if comment is None:
                bad.append(f"{name}: there is no {test}")
            elif name not in ids_in(comment, prefixes):
                bad.append(f"{name}: the comment above {test} does not name it")
    return used


def check_comments(table, bad):
    prefixes = {n.rsplit("-", 1)[0] for n in table}
    files = subprocess.run([os.path.join(HERE, "sources.sh")], capture_output=True,
                           text=True, check=True).stdout.split()
    for path in files:
        if path.startswith(("stack/", "tests/")):
            for comment in COMMENT.findall(read(path)):
                bad.extend(f"{path}: {name} is not in the table"
                           for name in ids_in(comment, prefixes) if name not in table)


def main():
    bad = []
    table = rows(bad)
    check_whole(table, bad)
    for name, row in table.items():
        check_row(name, row, bad)
    used = check_tests(table, bad)
    check_comments(table, bad)
    count = collections.Counter(row[1] for row in table.values())
    total = (f"{len(table)} requirements: {count['yes']} implemented, "
             f"{count['deviation']} deviations, {count['not built']} not built")
    if total not in " ".join(read("README.md").split()):
        bad.append("README.md has other totals")
    print("\n".join(bad))
    print(f"{total}, {count['open']} open; {len(used)} tests")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
