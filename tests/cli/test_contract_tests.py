"""Every row of CONTRACTS has its tests, and the check that says so finds what it is there for."""
import os
import re
import shutil
import subprocess

import pytest
from conftest import ROOT

pytestmark = pytest.mark.once

CONTRACTS = "# C\n\n## 1. Sessions\n\n| topic | decision |\n|---|---|\n| a row | what holds |\n"
GOOD = "## 1. Sessions\n\n| row | tests | state |\n|---|---|---|\n| a row | `tests/unit/x/test_x.c::it_holds` `tests/e2e/test_y.py::test_it` | covered |\n"


def run(*folder):
    done = subprocess.run([os.path.join(ROOT, "scripts", "check-contract-tests"), *folder], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_each_row_of_the_contracts_has_its_tests():
    code, said = run()
    assert code == 0, said


@pytest.fixture
def small(tmp_path):
    for folder in ("docs/dev", "tests/unit/x", "tests/e2e"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "docs/dev/CONTRACTS.md").write_text(CONTRACTS)
    (tmp_path / "tests/unit/x/test_x.c").write_text("static void it_holds(void **state)\n{\n}\n\tcmocka_unit_test(it_holds),\n")
    (tmp_path / "tests/unit/x/meson.build").write_text("foreach name : ['x']\n")
    (tmp_path / "tests/e2e/test_y.py").write_text("def test_it(lab):\n    pass\n")

    def judge(table):
        (tmp_path / "docs/dev/contract-tests.md").write_text(table)
        return run(str(tmp_path))
    judge.folder = tmp_path
    return judge


def test_a_table_that_is_right_passes(small):
    assert small(GOOD)[0] == 0


def test_a_row_of_section_9_may_wait_for_its_step(small):
    (small.folder / "docs/dev/CONTRACTS.md").write_text(CONTRACTS + "\n## 9. Amended\n\n| topic | decision |\n|---|---|\n| a promise | later |\n")
    waits = "\n## 9. Amended\n\n| row | tests | state |\n|---|---|---|\n| a promise | - | not yet: the step on speed |\n"
    assert small(GOOD + waits)[0] == 0
    assert "section 9 has no row 'a promise'" in small(GOOD)[1]
    assert "state 'not yet:'" in small(GOOD + waits.replace(" the step on speed", ""))[1]


@pytest.mark.parametrize("old,new,words", [
    ("a row", "another row", "has no row 'a row'"),
    ("it_holds", "it_breaks", "has no test it_breaks"),
    ("test_x.c", "test_z.c", "is not there"),
    ("::test_it`", "::test_that`", "has no test test_that"),
    ("covered", "fine", "state 'fine'"),
    ("`tests/unit/x/test_x.c::it_holds` `tests/e2e/test_y.py::test_it`", "believe me", "names no test"),
])
def test_what_is_wrong_is_named(small, old, new, words):
    code, said = small(GOOD.replace(old, new))
    assert code == 1 and words in said, said


def test_a_test_that_nobody_runs_is_none(small):
    (small.folder / "tests/unit/x/test_x.c").write_text("static void it_holds(void **state)\n{\n}\n")
    assert "in no table" in small(GOOD)[1]
    shutil.copy(os.path.join(ROOT, "tests/unit/base/test_str.c"), small.folder / "tests/unit/x/test_lost.c")
    assert "meson.build" in small(GOOD.replace("test_x.c::it_holds", "test_lost.c::hex_goes_both_ways"))[1]


def test_usage(small):
    assert run("--what")[0] == 2 and run("a", "b")[0] == 2


def threats_without_test(text, there):
    """Rows of the threat model whose answer names no test that is there, and does not say that it is not built."""
    bad = []
    for row in re.findall(r"(?m)^\|(.*)\|$", text.split("\n## Threats\n", 1)[1].split("\n## Not defended", 1)[0]):
        cells = row.split("|")
        named = re.findall(r"\b(test_\w+\.(?:py|c)|tests/\w+)", cells[-1])
        if not set(cells[0].strip()) <= {"-"} and cells[0].strip() != "threat":
            if any(not there(name) for name in named) or not (named or "unit tests of" in cells[-1] or "make torture" in cells[-1] or "not built" in row):
                bad.append(cells[0].strip())
    return bad


def test_each_threat_has_its_test_or_says_that_it_is_not_built():
    files = {name for _, _, names in os.walk(os.path.join(ROOT, "tests")) for name in names}
    with open(os.path.join(ROOT, "docs/dev/threat-model.md"), encoding="utf-8") as f:
        text = f.read()
    there = {*files, *(f"tests/{name}" for name in os.listdir(os.path.join(ROOT, "tests")))}
    assert threats_without_test(text, there.__contains__) == []
    assert threats_without_test(text.replace("test_k_attacks.py", "test_k_gone.py"), there.__contains__)
    assert threats_without_test(text.replace("**not built**", "planned"), there.__contains__)
