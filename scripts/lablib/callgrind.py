"""Reads what callgrind writes: the instructions of one process, by function.

The format is that of "Callgrind Format Specification" (valgrind): `fn=(7) name` names the function of the lines that follow, `(7)` is short
for it from then on; a line of costs is a position and a number; the line behind `calls=` is what a callee took, counted there already."""
import os
import re

NAME = re.compile(r"\((\d+)\)(?: (.*))?$")
COSTS = re.compile(r"(?:[+-]?\d+|0x[0-9a-fA-F]+|\*)(?: (\d+))?$")
RECURSION = re.compile(r"'\d+$")


class FormatError(Exception):
    """This is no file of callgrind, or a part of it is missing."""


class Profile:
    """command: the command line; total: instructions; functions: {(object, function): instructions of itself}."""

    def __init__(self, command, total, functions):
        self.command, self.total, self.functions = command, total, functions


class Reader:
    def __init__(self):
        self.command, self.total, self.functions = "", None, {}
        self.names = {"ob": {}, "fn": {}}
        self.current = {"ob": "", "fn": ""}
        self.callee_next = False

    def named(self, kind, text):
        """The name that `(7) name` or a later `(7)` stands for; a name without a number is itself."""
        found = NAME.match(text)
        if not found:
            return text
        if found[2] is not None:
            self.names[kind][found[1]] = found[2]
        if found[1] not in self.names[kind]:
            raise FormatError(f"{kind}=({found[1]}) is used before it is named")
        return self.names[kind][found[1]]

    def cost(self, cost):
        if self.callee_next:
            self.callee_next = False
            return
        if not self.current["fn"]:
            raise FormatError("costs of no function")
        key = (os.path.basename(self.current["ob"]), RECURSION.sub("", self.current["fn"]))
        self.functions[key] = self.functions.get(key, 0) + cost

    def line(self, line):
        found = COSTS.match(line)
        if found:
            self.cost(int(found[1] or 0))
            return
        word, equals, rest = line.partition("=")
        if equals and word in ("fn", "ob"):
            self.current[word] = self.named(word, rest)
        elif equals and word in ("cfn", "cob"):
            self.named(word[1:], rest)
        elif equals and word == "calls":
            self.callee_next = True
        elif line.startswith("cmd:"):
            self.command = line[4:].strip()
        elif line.startswith("events:") and line.split()[1:] != ["Ir"]:
            raise FormatError(f"counts {line[7:].strip()}, expected Ir alone")
        elif line.startswith("totals:"):
            self.total = int(line.split()[1])


def parse(lines):
    """The profile of one file. Raises FormatError when the functions together are not the total that the file ends with."""
    reader = Reader()
    for line in lines:
        reader.line(line.rstrip("\n"))
    if reader.total is None:
        raise FormatError("no line of totals: not a file of callgrind, or its process was killed")
    counted = sum(reader.functions.values())
    if counted != reader.total:
        raise FormatError(f"the functions together have {counted} instructions, the total is {reader.total}")
    return Profile(reader.command, reader.total, reader.functions)


def read(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        try:
            return parse(f)
        except FormatError as e:
            raise FormatError(f"{path}: {e}") from None


def role_of(command):
    """Which process a command line started: edge, core or parent of the daemon; otherwise the name of the program."""
    words = command.split()
    if "--role" in words[:-1]:
        return words[words.index("--role") + 1]
    name = os.path.basename(words[0]) if words else "unknown"
    return "parent" if name == "mtc-iwfd" else name
