# SPDX-License-Identifier: MIT
"""mdoc.py - a manual's lists, as far as the checks need them

read(path) gives the items (.It) of a page in order, each with its section (.Sh),
subsection (.Ss), the heads of the items around it, its own head and its text.  A
head or text is a list of (macro, word): "Cm" what is typed, "Ar" what stands for
something, "Fl" an option with its hyphens, "" plain text.
"""
import re

CALLABLE = {"Ar", "Cm", "Ev", "Fl", "Li", "Pa", "Dv", "Sy", "Em", "Xr", "Ic", "Ql", "Dq"}
PLAIN = {"No", "Ns", "Pq", "Op", "Oo", "Oc", "Brq", "Bro", "Brc", "Po", "Pc", "Pf", "Nm", "Sx", "Dl", "It"}
ESCAPES = {r"\-": "-", r"\&": "", r"\(dq": '"', r"\e": "\\", r"\ ": " "}


def unescape(word):
    return re.sub(r"\\(\(..|.)", lambda m: ESCAPES.get(m.group(0), m.group(0)), word)


def words(line):
    """The arguments of a macro line: quotes hold one together."""
    return [a or b for a, b in re.findall(r'"((?:[^"]|"")*)"|(\S+)', line)]


def tokens(line):
    """What stands in a line, a macro line without its dot, as (macro, word)."""
    macro, out = "", []
    for w in words(line):
        if w in CALLABLE:
            macro = w
            if w == "Fl":
                out.append(("Fl", "-"))
        elif w in PLAIN:
            macro = ""
        elif w in {",", ".", "|", ";", ":", "(", ")"}:
            out.append(("", w))
        elif macro == "Fl":
            if out[-1] == ("Fl", "-"):
                out.pop()
            out.append(("Fl", "-" + unescape(w)))
        else:
            out.append((macro, unescape(w)))
    return out


class Item:
    """One .It: where it stands, what it is, and what it says."""

    def __init__(self, page, line, head, above):
        self.sh, self.ss = page.sh, page.ss
        self.line, self.head, self.above = line, tokens(head), above
        self.raw = head
        self.body, self.text = [], ""

    def typed(self, macro, where=None):
        """The words of a macro in the head, or in @where."""
        return [w for m, w in (self.head if where is None else where) if m == macro]


class Page:
    """A manual, read from a file."""

    def __init__(self, path):
        self.path, self.sh, self.ss = path, "", ""
        self.items, self.stack, self.literal = [], [], False
        self.plain = []                          # (section, subsection, tokens)
        with open(path, encoding="utf-8") as f:
            rest = ""
            for n, line in enumerate(f.read().split("\n"), 1):
                rest += line
                if rest.endswith("\\") and rest.startswith("."):
                    rest = rest[:-1]             # goes on in the next line
                    continue
                self.line(n, rest)
                rest = ""

    def line(self, n, line):
        if line.startswith('.\\"'):
            return
        m = re.match(r"\.\s*([A-Z][a-z])\s*(.*)", line)
        macro, rest = (m.group(1), m.group(2)) if m else ("", line)
        if macro == "Sh":
            self.sh, self.ss = rest, ""
        elif macro == "Ss":
            self.ss = rest
        elif macro == "Bl":
            self.stack.append(None)
        elif macro == "El":
            self.stack.pop()
        elif macro == "It":
            item = Item(self, n, rest, [i for i in self.stack[:-1] if i])
            self.stack[-1] = item
            self.items.append(item)
        elif macro not in {"Bd", "Ed", "Pp", "Dd", "Dt", "Os"}:
            got = tokens(f"{macro} {rest}") if macro else [("", w) for w in line.split()]
            self.plain.append((self.sh, self.ss, got))
            for i in self.stack:
                if i:
                    i.body += got
            if self.stack and self.stack[-1]:
                self.stack[-1].text += " " + " ".join(w for _, w in got)

    def within(self, sh, ss=None, depth=None):
        return [i for i in self.items if i.sh == sh and (ss is None or i.ss == ss)
                and (depth is None or len(i.above) == depth)]

    def said(self, macro, sh=None, ss=None):
        """All words of a macro, heads of items included."""
        out = [w for a, b, t in self.plain for m, w in t
               if m == macro and sh in (None, a) and ss in (None, b)]
        return out + [w for i in self.items for w in i.typed(macro)
                      if sh in (None, i.sh) and ss in (None, i.ss)]


def read(path):
    return Page(path)
