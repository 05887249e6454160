"""docs/user/status-codes.md says what the code does, and the check that says so finds what it is there for."""
import os
import shutil
import subprocess

import pytest
from conftest import ROOT

pytestmark = pytest.mark.once

HEADERS = ("policy", "apps", "diameter", "base")


def run(*folder):
    done = subprocess.run([os.path.join(ROOT, "scripts", "check-status-codes"), *folder], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_the_page_and_the_code_agree():
    code, said = run()
    assert code == 0, said


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The project's tables, its page and its tests, to be spoiled."""
    folder = tmp_path_factory.mktemp("codes")
    for part in ("src", "tests", "docs/user"):
        shutil.copytree(os.path.join(ROOT, part), folder / part, ignore=shutil.ignore_patterns("__pycache__", "corpus"))
    assert run(str(folder))[0] == 0
    return folder


@pytest.fixture
def spoil(copy):
    kept = {}

    def change(path, old, new):
        text = (copy / path).read_text()
        kept.setdefault(path, text)
        assert old in text, old
        (copy / path).write_text(text.replace(old, new))
        return run(str(copy))
    yield change
    for path, text in kept.items():
        (copy / path).write_text(text)


PAGE, REASONS, TSP = "docs/user/status-codes.md", "src/policy/pol_reason.h", "src/apps/tsp.h"
STATUS = "src/base/request_status.h"


def row_of(copy, begin):
    return next(line + "\n" for line in (copy / PAGE).read_text().splitlines() if line.startswith(begin))


@pytest.mark.parametrize("begin,words", [
    ("| 103 INVSCSID | `foreign-scs-identity`", "reason 'foreign-scs-identity' has no row"),
    ("| 104 INVPERIOD", "Request-Status 104 INVPERIOD has no row"),
    ("| 4 UNCONFIRMED", "Delivery-Outcome 4 UNCONFIRMED has no row"),
    ("| 3005 LOOP_DETECTED", "Result-Code 3005 LOOP_DETECTED has no row"),
    ("| later | `foreign-origin`", "reason 'foreign-origin' has no row in 'Connections'"),
])
def test_a_row_that_is_missing(copy, spoil, begin, words):
    code, said = spoil(PAGE, row_of(copy, begin), "")
    assert code == 1 and words in said, said


@pytest.mark.parametrize("path,old,new,words", [
    (REASONS, 'X(DENIED, "denied", TSP_STATUS_NOTAUTHORIZED,', 'X(NOVEL, "novel", TSP_STATUS_INVEXTID, "w") X(DENIED, "denied", '
     "TSP_STATUS_NOTAUTHORIZED,", "reason 'novel' has no row"),
    (REASONS, 'X(DENIED, "denied", TSP_STATUS_NOTAUTHORIZED,', 'X(DENIED, "denied", TSP_STATUS_INVEXTID,', "'denied' leads to 102"),
    (REASONS, '"denied"', '"refused"', "'denied' is no reason that belongs here"),
    (STATUS, "X(ORIGINALMESSAGESENT, 112)", "X(ORIGINALMESSAGESENT, 112) X(NOVEL, 113)", "Request-Status 113 NOVEL has no row"),
    (STATUS, "X(INVPERIOD, 104)", "X(INVTIME, 104)", "104 INVPERIOD is no Request-Status of the sources"),
    (TSP, "X(UNCONFIRMED, 4)", "X(UNCONFIRMED, 4) X(NOVEL, 5)", "Delivery-Outcome 5 NOVEL has no row"),
    ("src/core/core_path.c", "DIA_RESULT_TOO_BUSY", "DIA_RESULT_OUT_OF_SPACE", "Result-Code 4002 OUT_OF_SPACE has no row"),
    (PAGE, "::test_no_device_is_named`", "::test_nobody_wrote`", "has no test test_nobody_wrote"),
    (PAGE, "`tests/e2e/test_n_statuses.py::test_no_device_is_named`", "believe me", "names no test"),
    (PAGE, "| name the device |", "|  |", "has an empty cell"),
    (PAGE, "| `no-device` |", "| `denied` |", "'denied' has a row already"),
    (PAGE, "| 105 NOTAUTHORIZED | `blocked` |", "| 107 PERMANENTERROR | `blocked` |", "'blocked' leads to 105"),
    ("tests/e2e/test_n_statuses.py", "def test_a_blocked_device(", "def blocked_device(", "has no test test_a_blocked_device"),
])
def test_what_differs_is_named(spoil, path, old, new, words):
    code, said = spoil(path, old, new)
    assert code == 1 and words in said, said


def test_sources_that_cannot_be_read_are_no_agreement(spoil):
    assert spoil(REASONS, "#define POL_REASON_TABLE(X)", "#define SOMETHING_ELSE(X)")[0] != 0


def test_usage():
    assert run("--what")[0] == 2 and run("a", "b")[0] == 2
