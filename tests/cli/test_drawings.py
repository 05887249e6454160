"""Drawings in comments: a tool that wraps comments, or a careless edit, moves their columns. Then they still compile and say something else."""
import glob
import os
import re

from conftest import ROOT

CORNER = re.compile(r"\+(?=--)|(?<=--)\+")
DIAMETER = {"DTR", "DTA", "DRR", "DRA", "DNR", "DNA"}
OUTCOMES = {"SUCCESS", "EXPIRED", "UNCONFIRMED", "UNDELIVERABLE"}
OTHERS = {"SCS", "HSS", "SMPP"}


def sources():
    return [os.path.relpath(path, ROOT) for room in ("src", "nodes", "tests", "bench")
            for path in glob.glob(os.path.join(ROOT, room, "**", "*.[ch]"), recursive=True)]


def read(name):
    with open(os.path.join(ROOT, name), encoding="utf-8", errors="replace") as f:
        return f.read()


def loose_corners(text):
    """[line, ...] with corners of drawings with nothing above and nothing below."""
    found = set()
    for comment in re.finditer(r"/\*.*?\*/", text, re.S):
        lines = [line.expandtabs(8) for line in comment.group().split("\n")]
        for i, line in enumerate(lines):
            for corner in CORNER.finditer(line):
                near = [lines[k][corner.start():corner.start() + 1] for k in (i - 1, i + 1) if 0 <= k < len(lines)]
                if not "".join(near).strip():
                    found.add(text[:comment.start()].count("\n") + 1 + i)
    return sorted(found)


def test_each_corner_of_a_drawing_leads_somewhere():
    assert {name: lines for name in sources() if (lines := loose_corners(read(name)))} == {}


def test_a_corner_that_leads_nowhere_is_found():
    assert loose_corners("/*\n *  a --> b\n *  +-----+\n */\n") == []
    assert loose_corners("/*\n *  a --> b\n * +-------+\n */\n") == [3]


def table(macro):
    body = re.search(rf"#define {macro}\(X\)(.*?[^\\])\n\n", read("src/trigger/trg.h"), re.S).group(1)
    return set(re.findall(r"\bX\((\w+),", body))


def test_the_drawing_of_the_trigger_has_the_words_of_its_table():
    """Each state and event is drawn, and no other: a renamed or a new one is drawn, too."""
    drawing = re.search(r"/\* Drawing.*?\*/", read("src/trigger/trg.c"), re.S).group()
    drawn = set(re.findall(r"\b[A-Z][A-Z_]*[A-Z]\b", drawing.replace("SMS-SC", "")))
    known = table("TRG_STATE_TABLE") | table("TRG_EVENT_TABLE")
    assert len(known) > 30
    assert drawn - known - DIAMETER - OUTCOMES - OTHERS == set()
    assert known - drawn == set()
