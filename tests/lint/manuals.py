#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""manuals.py - the manuals say what the program has, and nothing that it lacks

The program tells what it has: by --help, by `ustackd -t`, and by its own tables,
which `tables` prints.  What no table knows (signals, variables, files) is looked
for in the source.  Each check compares two sets, both ways.

usage: manuals.py BUILD            (from the top of the tree)
"""
import glob
import re
import subprocess
import sys
import tempfile

import mdoc

BUILD = sys.argv[1] if len(sys.argv) > 1 else "build/release"
D, CONF, C, CTL, COUNT = (mdoc.read(p) for p in (
    "daemon/ustackd.8", "daemon/ustackd.conf.5", "cli/ustackctl.8",
    "daemon/ustack-control.7", "daemon/ustack-counters.7"))
PROTO = "daemon/ctl_proto.h"
complaints = []


def complain(text):
    complaints.append(text)


def compare(where, what, says, has):
    """A manual says some, the program has some."""
    for x in sorted(set(has) - set(says)):
        complain(f"{where}: lacks the {what} {x}")
    for x in sorted(set(says) - set(has)):
        complain(f"{where}: has the {what} {x}, which the program lacks")


def run(*argv):
    return subprocess.run([f"{BUILD}/{argv[0]}", *argv[1:]], check=True, text=True,
                          stdout=subprocess.PIPE, stdin=subprocess.DEVNULL).stdout


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def sources(*folders):
    """The text of C files, without comments."""
    text = "".join(read(p) for f in folders for p in sorted(glob.glob(f"{f}/*.[ch]")))
    return re.sub(r"/\*.*?\*/", "", text, flags=re.S)


TABLES = [line.split("\t") for line in run("tables").splitlines()]


def table(kind, *names):
    """Rows of a kind, without it, whose first fields are @names."""
    n = len(names)
    return [r[1 + n:] for r in TABLES if r[0] == kind and tuple(r[1:1 + n]) == names]


# ------------------------------------------------------------ command lines

class Help:
    """What a --help lists: options with their arguments, words, exit statuses."""

    def __init__(self, text):
        self.options, self.words, self.statuses = {}, [], []
        for line in text.splitlines():
            m = re.match(r" +(-.)?(?:, )?(--[a-z-]+)?(?: (\S+))?(?:$|  )", line)
            if m and (m.group(1) or m.group(2)):
                for o in m.group(1, 2):
                    if o:
                        self.options[o] = m.group(3) or ""
            elif re.match(r"  \d  ", line):
                self.statuses.append(line[2])
            elif re.match(r"  [a-z]", line):
                self.words.append(line.split()[0])


def flags(item_tokens):
    """The options in a head: a cluster like -46v is three."""
    out = []
    for macro, w in item_tokens:
        if macro == "Fl" and not w.startswith("--"):
            out += ["-" + c for c in w[1:]]
        elif macro == "Fl":
            out.append(w)
    return out


def arguments(item):
    """An option's head as {option: what its value is called}."""
    out = {}
    for name in flags(item.head):
        at = [i for i, t in enumerate(item.head) if t[0] == "Fl"]
        own = item.head[at[-1] + 1:] if len(at) == 1 or "," in [w for _, w in item.head] else []
        value = next((w for m, w in own if m in {"Ar", "Cm"}), "")
        out[name] = value
    return out


def check_options(where, items, helped):
    says = {}
    for i in items:
        says.update(arguments(i))
    compare(where, "option", says, helped.options)
    for o in set(says) & set(helped.options):
        if bool(says[o]) != bool(helped.options[o]):
            complain(f"{where}: {o} takes {helped.options[o] or 'nothing'}")


def check_statuses(page, helped):
    says = [w for i in page.within("EXIT STATUS") for _, w in i.head]
    compare(page.path, "exit status", says, helped.statuses)


def check_daemon():
    helped = Help(run("ustackd", "--help"))
    check_options(D.path, [i for i in D.within("DESCRIPTION", "") if i.typed("Fl")], helped)
    check_statuses(D, helped)


def check_command(name, heads, nested):
    """One command: its heads in the list of commands, and what stands below."""
    helped = Help(run("ustackctl", name, "--help"))
    where = f"{C.path}: {name}"
    below = [i for i in nested if i.typed("Fl")]
    in_heads = [f for h in heads for f in flags(h.head)]
    says = {f for i in below for f in flags(i.head)} | set(in_heads)
    compare(where, "option", says, helped.options)
    for i in below:
        for o, value in arguments(i).items():
            if o in helped.options and bool(value) != bool(helped.options[o]):
                complain(f"{where}: {o} takes {helped.options[o] or 'nothing'}")
    said = [w for h in heads for w in h.typed("Cm")[1:]]
    said += [w for i in nested for w in i.typed("Cm")[:1]]
    said += [w for h in heads for w in h.typed("Cm", h.body)] if not nested else []
    for w in helped.words:
        if w not in said:
            complain(f"{where}: lacks the word {w}")
    if helped.words:
        strange = {h.typed("Cm")[1] for h in heads if len(h.typed("Cm")) > 1}
        strange |= {w for i in nested if not i.typed("Fl") for w in i.typed("Cm")[:1]}
        for w in sorted(strange - set(helped.words) - {"port", "service", "-"}):
            complain(f"{where}: has the word {w}, which the program lacks")


def check_tool():
    helped = Help(run("ustackctl", "--help"))
    top = C.within("DESCRIPTION", depth=0)
    check_options(C.path, [i for i in top if i.head[0][0] == "Fl"], helped)
    check_statuses(C, helped)
    heads = [i for i in top if i.head[0][0] == "Cm"]
    compare(C.path, "command", {h.head[0][1] for h in heads}, helped.words)
    for name in helped.words:
        own = [h for h in heads if h.head[0][1] == name]
        check_command(name, own, [i for i in C.items if i.above and i.above[0] in own])


# ---------------------------------------------------------- configuration

def check_keys():
    """[section] key = default; a default that depends is not compared."""
    has, default, section = {}, {}, ""
    for section, key, value, expected in table("key"):
        has[section, key] = expected
        default[section, key] = value
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as f:
        f.write("[service x]\ntype=echo\nport=7\n")
        f.flush()
        for line in run("ustackd", "-t", "-c", f.name).splitlines():
            if line.startswith("["):
                section = line[1:-1].split()[0]
            elif " = " in line:
                key, value = line.split(" = ", 1)
                default[section, key] = value
    says = set()
    for i in CONF.within("DESCRIPTION"):
        if not i.ss.startswith("Section ") or i.above:
            continue
        section, key = i.ss.split()[1], i.head[0][1]
        says.add((section, key))
        m = re.search(r"= (.*)", " ".join(w for _, w in i.head).replace(" ,", ","))
        want = default.get((section, key), "")
        if m and key not in {"memory-limit"} and m.group(1) != want:
            complain(f"{CONF.path}: [{section}] {key} = {m.group(1)}, but it is {want}")
        check_values(f"{CONF.path}: [{section}] {key}", i, has.get((section, key), ""))
    compare(CONF.path, "key", {f"[{s}] {k}" for s, k in says}, {f"[{s}] {k}" for s, k in has})


def check_values(where, item, expected):
    """What the program expects, as it says itself: a range, a length, or words."""
    text = " ".join(item.text.split())
    m = re.search(r"from (\S+) to (\S+)$", expected)
    if m and f"{m.group(1)} to {m.group(2)}" not in text and \
            not (m.group(1) == "0" and f"up to {m.group(2)}" in text):
        complain(f"{where}: lacks {m.group(0)}")
    m = re.search(r"at most (\d+)", expected)
    kinds = " ".join(i.text for i in CONF.within("DESCRIPTION", "") if not i.above)
    if m and m.group(1) not in text and m.group(0) not in kinds:
        complain(f"{where}: lacks {m.group(0)}")
    if re.match(r"[a-z0-9.-]+(, [a-z0-9.-]+)* or [a-z0-9.-]+$", expected) and \
            expected != "yes or no":
        for w in re.split(r", | or ", expected):
            if w not in item.typed("Cm", item.body):
                complain(f"{where}: lacks the word {w}")


# -------------------------------------------------------------- counters

def check_counters():
    says = {}
    for i in COUNT.items:
        if i.sh == "COUNTERS":
            name, *rest = [w for _, w in i.head]
            says[name] = (" ".join(rest), i.text.strip())
        elif i.sh == "METRICS":
            says[i.head[0][1]] = ("", i.text.strip())
    has = {n: (unit, text) for n, unit, text in table("counter")}
    has.update({n: ("", text) for n, text in table("metric")})
    compare(COUNT.path, "counter", says, has)
    for n in set(says) & set(has):
        if says[n][0] != has[n][0] or not says[n][1].startswith(has[n][1]):
            complain(f'{COUNT.path}: {n} is "{has[n][0]}", "{has[n][1]}"')
    check_mentions({n for n in has if not n.startswith("ustack_")},
                   [n for n, _, _ in table("counter")])


def check_mentions(counters, names):
    """Where another page names a counter, or a group by Name*, there is one."""
    prefixes = {re.match(r"[A-Z][a-z]+\d?", n).group(0) for n in names}
    for page in (D, CONF, C, CTL):
        for w in page.said("Cm"):
            if not re.match(rf"({'|'.join(sorted(prefixes))})[A-Z*][A-Za-z*]*$", w):
                continue
            pattern = re.compile(re.escape(w).replace(r"\*", ".*") + "$")
            if not any(pattern.match(c) for c in counters):
                complain(f"{page.path}: names {w}, no such counter")


# ------------------------------------------------------- control protocol

def proto_doc():
    """The words of ctl_proto.h's comments, and its entries by name."""
    text = read(PROTO)
    doc = "\n".join(re.sub(r"^ \*( |$)|^ \*", "", line)
                    for line in text.split("*/")[1].split("\n"))
    entries, name = {}, None
    for line in doc.split("\n"):
        m = re.match(r"\t([a-z]+(?:\.[a-z]+)?)(?:[\t ]+(.*))?$", line)
        if m:
            name = m.group(1)
            entries[name] = m.group(2) or ""
        elif line.startswith("\t\t") and name:
            entries[name] += " " + line.strip()
        else:
            name = None
    return doc, entries


def doc_params(entry):
    """The names in the first braces, which are parameters if "->" follows."""
    m = re.match(r"\{(.*?)\}(?:[^{}]*)->", strip_nested(entry))
    return names_of(m.group(1)) if m else set()


def strip_nested(text):
    """What stands in the first pair of braces, without pairs inside it."""
    depth, out = 0, ""
    for ch in text:
        depth -= ch in "}]"
        if depth < 2 and not (depth == 1 and ch in "}]"):
            out += ch
        depth += ch in "{["
    return out


def names_of(text):
    """Names in "a, b?: x|y, c? or d"; what stands behind a colon is none."""
    out = set()
    for part in re.split(r",| or ", text):
        m = re.match(r"\s*([a-z_]+)\??\s*(:|$|\|)", part.strip().rstrip("?"))
        if m:
            out.add(m.group(1))
    return out


def check_methods():
    has = {m[0]: set(m[1:]) for m in table("method")}
    items = {i.head[0][1]: i for i in CTL.within("METHODS")}
    compare(CTL.path, "method", items, has)
    _, entries = proto_doc()
    compare(PROTO, "method", entries, has)
    for name in has:
        if name in items:
            compare(f"{CTL.path}: {name}", "parameter", items[name].typed("Ar"), has[name])
        if name in entries and (has[name] or "->" in entries[name]):
            compare(f"{PROTO}: {name}", "parameter", doc_params(entries[name]), has[name])
    codes = re.findall(r"CTL_E_\w+ =\s*(-?\d+)", read(PROTO))
    errors = [i.head[0][1] for i in CTL.within("ERROR CODES")]
    compare(CTL.path, "error code", errors, codes)


def check_limits():
    text = read(CTL.path)
    for n, in table("limit"):
        if not re.search(rf"\b{n}\b", text):
            complain(f"{CTL.path}: lacks the limit {n}")


def proto_events():
    """Events in ctl_proto.h, with their fields; "packet_sent, _received" are two."""
    out = {}
    for group, name, more, fields in re.findall(
            r"^\t(\w+):(\w+)(?:, _(\w+))?\s+(\{(?:[^{}]|\{[^{}]*\})*\})", proto_doc()[0], re.M):
        names = names_of(strip_nested(fields)[1:].rstrip("}"))
        out[f"{group}:{name}"] = names
        if more:
            out[f"{group}:{name.split('_')[0]}_{more}"] = names
    return out


COMMON = ["time_us", "event", "conn", "local", "remote"]


def check_events():
    has = {e[0]: set(e[1:]) - set(COMMON) for e in table("event")}
    items = CTL.within("EVENTS")
    kinds = {i.head[0][1]: i for i in items if i.head[0][0] == "Cm"}
    compare(CTL.path, "event", kinds, has)
    for name in set(kinds) & set(has):
        compare(f"{CTL.path}: {name}", "field", kinds[name].typed("Ar"), has[name])
    told = {w for i in items if i.head[0][0] == "Ar" for w in i.typed("Ar")}
    compare(f"{CTL.path}: EVENTS", "explanation of the field", told,
            set.union(*has.values()) | set(COMMON))
    compare(C.path, "event", [w for w in C.said("Cm") if ":" in w and w in has or
                              re.match(r"(connectivity|transport|recovery|impairment):", w)], has)
    told = proto_events()
    compare(PROTO, "event", told, has)
    for name in set(told) & set(has):
        compare(f"{PROTO}: {name}", "field", told[name], has[name])
    for field in ("cause", "reason", "faults", "knob"):
        item = next((i for i in items if i.typed("Ar") == [field]), None)
        if item:
            compare(f"{CTL.path}: {field}", "word", item.typed("Cm", item.body),
                    [w for w, in table("word", field)])


def check_objects():
    doc, _ = proto_doc()
    for (name, *fields), sh in zip(table("object"), ("CONNECTIONS", "SECURE CHANNELS")):
        items = CTL.within(sh)
        compare(f"{CTL.path}: {sh}", "field", [w for i in items for w in i.typed("Ar")], fields)
        for f in fields:
            if not re.search(rf"\b{f}\b", doc):
                complain(f"{PROTO}: lacks the field {f} of a {name}")


# --------------------------------------------- what stands in the source

def check_signals():
    has = re.findall(r"ev_signal_init\([^;]*?\b(SIG[A-Z]+)\)", sources("daemon"))
    compare(D.path, "signal", [w for i in D.within("DESCRIPTION", "Signals")
                               for w in i.typed("Dv")], has)


def check_environment():
    for page, folders in ((D, ("daemon", "daemon/svc", "crypto", "stack")), (C, ("cli",))):
        text = sources(*folders)
        has = re.findall(r'getenv\("(\w+)"\)', text)
        if "getenv(name)" in text:                 # activation.c's number()
            has += re.findall(r'\bnumber\("(\w+)"\)', text)
        says = [w for i in page.within("ENVIRONMENT") for w in i.typed("Ev")]
        compare(page.path, "variable", says, has)


# Made for others, or only looked at to find out something about ourselves.
UNTOLD = re.compile(r"/proc|/dev/null$|/path$|/tls$|/ustack$|/run$|/var/lib$|/bytes/")


def check_files():
    for page, folders in ((D, ("daemon", "daemon/svc", "crypto")), (C, ("cli",))):
        text = sources(*folders)
        if page is C:
            text += read(PROTO)
        paths = set(re.findall(r'"(/[a-z][a-z]+(?:/[^"\\ %]*)?)', text))
        words = set(re.findall(r'"([^"\\]+)"', text))
        said = page.said("Pa") + (CONF.said("Pa") if page is D else [])
        for p in sorted(paths):
            if not UNTOLD.search(p) and not any(s.startswith(p) for s in said):
                complain(f"{page.path}: lacks the file {p}")
        for p in (w for i in page.within("FILES") for w in i.typed("Pa")):
            head, _, tail = p.rpartition("/")
            if p not in paths and not (head in paths and tail in words):
                complain(f"{page.path}: has the file {p}, which the program lacks")


# ------------------------------------------------ impairment, completion

def check_language():
    cm = C.said("Cm", "IMPAIRMENT")
    presets = [w for w, in table("word", "preset")]
    compare(f"{C.path}: Presets", "preset",
            [i.head[0][1] for i in C.within("IMPAIRMENT", "Presets")], presets)
    literal = " ".join(w for sh, _, t in C.plain if sh == "IMPAIRMENT" for _, w in t)
    for kind in ("rule", "action", "kind"):
        (text,), = table("expected", kind)
        listed = re.sub(r".*?\b(expected|begins with|is) ", "", text, count=1).split(", as ")[0]
        for part in re.split(r", | or ", listed):
            w = part.split()[0]
            if w not in cm and not re.search(rf"[\[|]{w}\b", literal):
                complain(f"{C.path}: lacks the word {w} ({kind})")
    return presets


def offered(*words):
    """What completion offers behind some words, with no daemon there."""
    script = ('. cli/completion.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
              '_ustackctl; printf "%s\\n" "${COMPREPLY[@]}"')
    out = subprocess.run(["bash", "-c", script, "-", f"{BUILD}/ustackctl", "--socket",
                          "/nonexistent", *words], text=True, check=True,
                         stdout=subprocess.PIPE).stdout
    return set(out.split())


def check_completion(presets):
    where = "cli/completion.bash"
    helped = Help(run("ustackctl", "--help"))
    compare(where, "command", {w for w in offered("") if w[0] != "-"}, helped.words)
    for name in helped.words:
        behind = ["start"] if name == "capture" else ["script"] if name == "impair" else []
        own = Help(run("ustackctl", name, "--help"))
        compare(f"{where}: {name}", "option", offered(name, *behind, "-") - {"--json", "--help"},
                own.options)
        if own.words:
            behind = {"conn": ["1"], "fault": ["1"]}.get(name, [])
            compare(f"{where}: {name}", "word", offered(name, *behind, ""), own.words)
    compare(where, "preset", offered("impair", "preset", "") - {"list"}, presets)
    compare(where, "state", offered("conns", "-s", ""), [w for w, in table("word", "state")])
    for w in offered("events", "-t", ""):
        if not any(e[0].startswith(w) or e[0].split(":")[1].startswith(w) for e in table("event")):
            complain(f"{where}: there is no event {w}")
    for e in table("event"):
        if not any(e[0].split(":")[1].startswith(w) for w in offered("events", "-t", "")):
            complain(f"{where}: lacks the event {e[0]}")


def main():
    check_daemon()
    check_tool()
    check_keys()
    check_counters()
    check_methods()
    check_limits()
    check_events()
    check_objects()
    check_signals()
    check_environment()
    check_files()
    check_completion(check_language())
    for text in complaints:
        print(text)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
