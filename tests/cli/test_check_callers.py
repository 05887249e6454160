"""scripts/check-callers finds functions that no program calls, on small trees made for it."""
import os
import re
import subprocess

import pytest

from conftest import ROOT
from lablib import proc

pytestmark = pytest.mark.once

TOOL = os.path.join(ROOT, "scripts", "check-callers")


def check(folder):
    done = subprocess.run([TOOL, str(folder)], capture_output=True, text=True, timeout=proc.HANG_S, check=False)
    return done.returncode, [line for line in done.stdout.splitlines() if "remove it" in line]


@pytest.mark.parametrize("header,code,others,found", [
    ("int a_go(int x);", "int a_go(int x)\n{\n\treturn x;\n}\n", "", True),
    ("ERR_MUST_USE int a_go(int x,\n\t\tint y);", "int a_go(int x, int y)\n{\n\treturn x + y;\n}\n", "", True),
    ("struct a *a_go(void);", "struct a *a_go(void)\n{\n\treturn 0;\n}\n", "/* a_go() is named */ const char *n = \"a_go\";\n", True),
    ("int a_go(int x);", "int a_go(int x)\n{\n\treturn x;\n}\n", "int b(void)\n{\n\treturn a_go(1);\n}\n", False),
    ("int a_go(int x);", "int a_go(int x)\n{\n\treturn x;\n}\n", "int (*const table[])(int) = { a_go };\n", False),
    ("int a_go(int x);", "int a_go(int x)\n{\n\treturn x;\n}\nint b(void)\n{\n\treturn a_go(1);\n}\n", "", False),
    ("int a_go(int x);\nstatic inline int b(void)\n{\n\treturn a_go(1);\n}", "int a_go(int x)\n{\n\treturn x;\n}\n", "", False),
], ids=["none", "two lines", "named only", "called", "in a table", "in its file", "in a header"])
def test_what_no_program_calls_is_found(tmp_path, header, code, others, found):
    for folder, name, text in (("src/a", "a.h", header + "\n"), ("src/a", "a.c", code), ("src/b", "b.c", others), ("tests/unit", "t.c", "a_go(a_go(1));\n")):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        (tmp_path / folder / name).write_text(text)
    code, said = check(tmp_path)
    assert code == 1  # also of the rows of the table, which this tree has not
    assert [line for line in said if line.startswith("src/")] == (["src/a/a.h: no program calls a_go: remove it"] if found else [])


def test_the_project_has_none_and_each_row_is_needed():
    code, said = check(ROOT)
    assert code == 0, said
    with open(TOOL, encoding="utf-8") as f:
        rows = re.findall(r'^    "(\w+)": ', f.read(), re.M)
    assert rows == sorted(rows)
