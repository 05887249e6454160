"""Pages for developers that list files: none is missing, and none that is gone is listed."""
import glob
import os
import re

from conftest import ROOT


def page(name):
    with open(os.path.join(ROOT, "docs", "dev", name), encoding="utf-8") as f:
        return f.read()


def stems(pattern):
    return {os.path.basename(path)[:-2] for path in glob.glob(os.path.join(ROOT, pattern))}


def test_the_files_of_the_association_store():
    text = page("associations.md")
    listed = set(re.findall(r"`(asc(?:_\w+)?)(?:\.[ch])?`", text[text.index("## The files"):]))
    assert stems("src/assoc/*.c") - listed == set()
    assert listed - stems("src/assoc/*.[ch]") == set()


def test_the_files_of_the_journal():
    text = page("journal.md")
    assert {name for name in stems("src/journal/*.c") if not re.search(rf"\b{name}\.[ch]`", text)} == set()


def test_the_fuzz_targets():
    text = page("fuzzing.md")
    apart = {"fuzz_main", "fuzz_place"}  # what all of them share
    assert {name for name in stems("tests/fuzz/fuzz_*.c") - apart if f"`{name}.c`" not in text} == set()


def test_each_room_has_its_prefix_in_the_glossary():
    text = page("glossary.md")
    table = text[text.index("## Prefixes"):]
    rooms = {os.path.basename(os.path.dirname(path)) for path in glob.glob(os.path.join(ROOT, "src", "*", "meson.build"))}
    assert "core" in rooms and "merkle" in rooms
    assert {room for room in rooms if not re.search(rf"\| [^|]*\b{room}\b", table)} - {"base"} == set()
