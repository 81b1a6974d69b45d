#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""promcheck.py [FILE] - is this Prometheus text exposition format 0.0.4, and tidy?

    promcheck.py FILE		complain, or say how much there is
    promcheck.py FILE NAME	print that sample's value ("name" or 'name{l="v"}')
    promcheck.py --self-test	is what is wrong found?

Stricter than Prometheus: HELP and TYPE are required, in this order, right before
the samples; counters end in _total and nothing else does; units are base units.
"""
import math
import re
import sys

NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL = re.compile(r"([a-zA-Z_][a-zA-Z0-9_]*)=\"((?:[^\"\\\n]|\\[\\\"n])*)\"")
VALUE = re.compile(r"[+-]?(\d+(\.\d*)?([eE][+-]?\d+)?|Inf)|NaN")
HELP = re.compile(r"(?:[^\\]|\\[\\n])*")
TYPES = ("counter", "gauge", "histogram", "summary", "untyped")
NO_BASE_UNIT = re.compile(r"_(ms|us|ns|msec|usec|millis\w*|micros\w*|nanos\w*|minutes|hours|"
                          r"kb|kib|mb|mib|kilobytes|bits|octets|percent)(_total)?$")
PREFIX = "ustack_"
LABELS = {"version", "name", "mode", "state", "service", "knob"}


class Bad(Exception):
    pass


class Family:
    def __init__(self, name, text):
        self.name, self.help, self.type = name, text, None
        self.samples = {}


def need(ok, what):
    if not ok:
        raise Bad(what)


def read_labels(text):
    """'{a="b",c="d"}' or nothing: the labels, and what is behind them."""
    labels = {}
    if not text.startswith("{"):
        return labels, text
    text = text[1:]
    while not text.startswith("}"):
        m = LABEL.match(text)
        need(m, "malformed label")
        need(not m[1].startswith("__"), "reserved label name " + m[1])
        need(m[1] not in labels, "label given twice: " + m[1])
        need(m[1] in LABELS, "label that nobody expects: " + m[1])
        labels[m[1]] = m[2]
        text = text[m.end():]
        need(text[:1] in (",", "}"), "labels neither go on nor end")
        if text.startswith(","):
            text = text[1:]
            need(not text.startswith("}"), "comma behind the last label")
    return labels, text[1:]


def read_sample(line, family):
    m = NAME.match(line)
    need(m, "malformed name")
    need(family is not None and m[0] == family.name, "sample outside its family: " + m[0])
    need(family.type, "sample before TYPE")
    labels, rest = read_labels(line[m.end():])
    need(re.fullmatch(r" \S+", rest), "not one blank, then one value")
    need(VALUE.fullmatch(rest[1:]), "malformed value " + rest[1:])
    value = float(rest[1:])
    if family.type == "counter":
        need(value >= 0 and math.isfinite(value), "a counter of " + rest[1:])
    key = tuple(sorted(labels.items()))
    need(key not in family.samples, "sample given twice")
    need(not family.samples or set(labels) == {k for k, _ in next(iter(family.samples))},
         "samples of a family differ in their labels")
    family.samples[key] = rest[1:]


def check_name(name, kind):
    need(NAME.fullmatch(name) and ":" not in name, "malformed name " + name)
    need(name.startswith(PREFIX), "no prefix " + PREFIX)
    need(name == name.lower(), "capitals in a name")
    need("__" not in name, "two underscores in a row")
    need(name.endswith("_total") == (kind == "counter"), f"a {kind} called {name}")
    need(not NO_BASE_UNIT.search(name), "not a base unit: " + name)


def check(text):
    """All families by name; Bad with the line that is wrong."""
    families, family = {}, None
    need(text, "empty")
    need(text.endswith("\n"), "no newline at the end")
    need("\r" not in text and "\t" not in text, "CR or TAB")
    for number, line in enumerate(text[:-1].split("\n"), 1):
        try:
            need(line == line.strip() and line, "blanks around a line, or an empty one")
            if line.startswith("# HELP "):
                need(family is None or family.samples, "family without samples")
                _, _, name, said = (line.split(" ", 3) + [""])[:4]
                need(name not in families, "HELP or family given twice: " + name)
                need(said and HELP.fullmatch(said), "no help, or a bad escape")
                family = families[name] = Family(name, said)
            elif line.startswith("# TYPE "):
                words = line.split(" ")
                need(len(words) == 4 and words[3] in TYPES, "malformed TYPE")
                need(family and family.name == words[2], "TYPE without its HELP: " + words[2])
                need(not family.type, "TYPE given twice")
                family.type = words[3]
                check_name(family.name, family.type)
            else:
                need(not line.startswith("#"), "a comment")
                read_sample(line, family)
        except Bad as e:
            raise Bad(f"line {number}: {e}: {line}") from None
    need(family.samples, "family without samples: " + family.name)
    return families


def lookup(families, want):
    m = NAME.match(want)
    labels, _ = read_labels(want[m.end():])
    return families[m[0]].samples[tuple(sorted(labels.items()))]


GOOD = ('# HELP ustack_a_total some \\\\ \\n help\n# TYPE ustack_a_total counter\nustack_a_total 1\n'
        '# HELP ustack_b by state\n# TYPE ustack_b gauge\nustack_b{state="x"} 1.5e3\n'
        'ustack_b{state="\\"\\\\\\n"} -Inf\n')
# what is replaced in GOOD, by what
FAULTS = [
    ("ustack_a_total 1\n", ""), ("gauge", "gouge"), ("gauge", "counter"), ("counter", "gauge"),
    ("# TYPE ustack_b gauge\n", ""), ("# HELP ustack_b by state\n", ""),
    ("by state", ""), ("ustack_b{state=\"x\"}", "ustack_c{state=\"x\"}"),
    ("ustack_a_total 1", "ustack_a_total -1"), ("ustack_a_total 1", "ustack_a_total NaN"),
    ("ustack_a_total 1", "ustack_a_total 1 1395066363000 x"), ("ustack_a_total 1", "ustack_a_total"),
    ("ustack_a_total 1", "ustack_a_total  1"), ("ustack_a_total 1", "ustack_a_total 0x1"),
    ("ustack_a_total 1", "ustack_a_total 1\nustack_a_total 1"), ("1.5e3", "1.5e"),
    ('"x"', '"x\\t"'), ('"x"', "x"), ('"x"', '"x",'), ('"x"', '"x",state="y"'),
    ('"x"', '"x",version="y"'), ("state=\"x\"", "9=\"x\""), ("state=\"x\"", "__s=\"x\""),
    ("state=\"x\"", "conn=\"x\""), ("some", "\\x"), ("-Inf\n", "-Inf"), ("-Inf\n", "-Inf\n\n"),
    ("ustack_a_total", "a_total"), ("ustack_a_total", "ustack_a_ms_total"),
    ("ustack_a_total", "ustack_A_total"), ("ustack_b", "ustack_a_total"),
    ("# HELP ustack_b", "# comment\n# HELP ustack_b"),
    ("# TYPE ustack_b gauge\n", "# TYPE ustack_b gauge\n# TYPE ustack_b gauge\n"),
]


def self_test():
    check(GOOD)
    for what, by in FAULTS:
        assert what in GOOD, what
        try:
            check(GOOD.replace(what, by))
        except Bad:
            continue
        sys.exit(f"promcheck: nothing is wrong with {by!r} instead of {what!r}?")
    print(f"{len(FAULTS)} faults found")


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    with open(sys.argv[1], encoding="utf-8", newline="") as f:
        text = f.read()
    try:
        families = check(text)
    except Bad as e:
        sys.exit(f"promcheck: {e}")
    if len(sys.argv) > 2:
        print(lookup(families, sys.argv[2]))
    else:
        print(f"{len(families)} families, {sum(len(f.samples) for f in families.values())} samples")
    return 0


if __name__ == "__main__":
    sys.exit(main())
