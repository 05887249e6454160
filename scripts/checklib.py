"""What the checks of documents share: tables of a page, and the tests that a page names."""
import functools
import os
import re

TEST = re.compile(r"`(tests/[\w./-]+)::(\w+)`")


def rows_below(path, title_of):
    """[(section, cells, line number)] of the tables of a page, table heads and rulers left out. title_of(line) names the section that
    a heading begins, None for a section that is not wanted."""
    found, section, head = [], None, True
    with open(path, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            if line.startswith("## "):
                section, head = title_of(line), True
            if not line.startswith("|"):
                head = True
                continue
            if head or set(line.strip()) <= set("|-: "):
                head = False
                continue
            if section is not None:
                found.append((section, [c.strip() for c in line.strip().strip("|").split(" | ")], number))
    return found


@functools.lru_cache(maxsize=None)
def text_of(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


@functools.lru_cache(maxsize=None)
def words_of(path):
    """Names that look like a test in a file: Python functions at its margin, or C functions that cmocka can call and those in a table."""
    if path.endswith(".py"):
        return frozenset(re.findall(r"^def (test_\w+)\(", text_of(path), re.M)), None
    return (frozenset(re.findall(r"\bvoid (\w+)\(void \*\*state\)", text_of(path))),
            frozenset(re.findall(r"\b\w+\((\w+)\b", text_of(path))))


@functools.lru_cache(maxsize=None)
def meson_runs(path):
    """Does a meson.build beside the file name it, whole or as one of a list behind `test_`?"""
    folder, name = os.path.split(path)
    stem = name[len("test_"):-len(".c")]
    try:
        text = text_of(os.path.join(folder, "meson.build"))
    except OSError:
        return False
    endings = {stem[i:] for i in range(len(stem)) if i == 0 or stem[i - 1] == "_"}
    return f"'{name}'" in text or any(f"'{ending}'" in text for ending in endings)


def check_test(path, name):
    """What is wrong with a test that a page names, or None."""
    if not os.path.exists(path):
        return f"{path} is not there"
    there, in_a_table = words_of(path)
    if name not in there:
        return f"{path} has no test {name}"
    if path.endswith(".py"):
        return None
    if name not in in_a_table:
        return f"{path}: {name} is in no table of tests"
    return None if meson_runs(path) else f"{path} is not run by the meson.build beside it"


def check_tests_of(page):
    """(problems, how many are named) of every test that a page names."""
    problems, named = [], 0
    with open(page, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            for path, name in TEST.findall(line):
                named += 1
                problem = check_test(path, name)
                if problem:
                    problems.append(f"{page}:{number}: {problem}")
    return problems, named
