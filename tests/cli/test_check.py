"""scripts/check: a stage that takes longer than its budget is a failed test, and so is one that did not come to its end."""
import importlib.machinery
import importlib.util
import json
import os
import subprocess
import threading
import types

import pytest

from conftest import ROOT
from lablib import proc

pytestmark = pytest.mark.once

TOOL = os.path.join(ROOT, "scripts", "check")
WHOLE_S, INSTALLATION_S = 15 * 60, 60
FIRST, LAST = ["layers", "programs"], ["alone"]
LANES = [["plays"], ["guest"], ["packages", "torture", "plain"], ["objects", "asan", "threads"], ["objects", "plays-asan"]]  # beside each other


@pytest.fixture
def check():
    loader = importlib.machinery.SourceFileLoader("check", TOOL)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("check", loader))
    loader.exec_module(module)
    return module


def test_every_stage_has_a_budget_and_all_of_them_fit(check):
    assert set(check.BUDGETS) == set(check.STAGES)
    assert sorted({*FIRST, *LAST, *(name for lane in LANES for name in lane)}) == sorted(check.ALL)
    # A budget has room above the usual time of its stage; not every stage takes the whole of it in one run.
    longest = sum(check.BUDGETS[name] for name in FIRST + LAST) + max(sum(check.BUDGETS[name] for name in lane) for lane in LANES)
    assert longest <= 2.2 * (WHOLE_S - INSTALLATION_S)


class Recorded:
    """A lane that only notes when it began and when it was waited for."""

    def __init__(self, *names):
        self.names = names
        Recorded.noted.append(("begins", *names))

    def collect(self, tally):
        Recorded.noted.append(("waited for", *self.names))
        tally.add({"passed": 1, "failed": 1, "skipped": 1, "reasons": {"no such machine": 1}, "broken": [f"in {self.names[-1]}"]})


@pytest.mark.parametrize("broken", [False, True])
def test_the_whole_check_builds_beside_plays_and_runs_alone_what_measures_time(check, capsys, monkeypatch, broken):
    noted = Recorded.noted = []

    def stage(name):
        def run(tally):
            noted.append((name, *tally.before))
            if broken and name == "asan":
                raise KeyboardInterrupt
        return run

    monkeypatch.setattr(check, "Lane", Recorded)
    monkeypatch.setattr(check, "prepare", lambda groups: bool(groups))
    monkeypatch.setattr(check, "STAGES", {name: stage(name) for name in check.ALL})
    monkeypatch.setattr(check.sys, "argv", ["check"])
    lanes = [("waited for", "plays"), ("waited for", "guest"), ("waited for", "packages", "torture", "plain")]
    first = [("layers",), ("programs",), ("begins", "plays"), ("begins", "guest"), ("begins", "packages", "torture", "plain"), ("objects", "nice", "-n", "5"),
             ("begins", "plays-asan"), ("asan",)]
    if broken:
        with pytest.raises(KeyboardInterrupt):
            check.main()
        assert noted == [*first, ("waited for", "plays-asan"), *lanes]
        return
    assert check.main() == 1
    assert noted == [*first, ("threads",), ("waited for", "plays-asan"), *lanes, ("alone",)]
    assert capsys.readouterr().out.splitlines()[-6:] == ["skipped 4: no such machine", "failed: in plays-asan", "failed: in plays", "failed: in guest", "failed: in plain", "4 passed, 4 failed, 4 skipped"]


def test_packages_are_installed_while_the_programs_are_built(check, monkeypatch):
    """And then Python compiles the tests. Without them nothing is tested."""
    done = []
    monkeypatch.setattr(check, "STAGES", {name: (lambda tally, name=name: done.append(name)) for name in check.ALL})
    monkeypatch.setattr(check, "Lane", Recorded)
    monkeypatch.setattr(check, "run", lambda command: done.append(command) or code)
    monkeypatch.setattr(check.subprocess, "run", lambda command, **_: done.append(command[-2:]))
    for words, code, expected in ((["check"], 0, [["--collect-only", "tests"]]),
                                  (["check", "--setup"], 0, [["scripts/setup", "test", "emulator"], ["--collect-only", "tests"]]),
                                  (["check", "--setup"], 1, [["scripts/setup", "test", "emulator"]])):
        Recorded.noted = []
        done.clear()
        monkeypatch.setattr(check.sys, "argv", words)
        if code:
            with pytest.raises(SystemExit, match="packages are missing"):
                check.main()
        else:
            check.main()
        assert [word for word in done if isinstance(word, list)] == expected
        assert ("objects" in done) == (code == 0)


def test_a_lane_is_a_check_of_its_own_whose_tests_count(check, capsys, monkeypatch):
    monkeypatch.setenv("CHECK_BUDGET_FACTOR", "100")
    tally = check.Tally()
    check.Lane("layers").collect(tally)
    assert (tally.passed, tally.failed, tally.broken) == (3, 0, [])
    assert "=== layers: " in capsys.readouterr().out


def test_a_lane_that_leaves_no_results_is_a_failed_test(check, capsys):
    tally = check.Tally()
    check.Lane("no-stage").collect(tally)
    assert (tally.passed, tally.failed, tally.broken) == (0, 1, ["no-stage"])
    assert "ended with 2 and left no results" in capsys.readouterr().out


@pytest.mark.parametrize("took,factor,failed", [(110, 1, 0), (115, 1, 0), (116, 1, 1), (344, 3, 0), (346, 3, 1), (60, 0.5, 1)])
def test_a_stage_over_its_budget_is_one_failed_test(check, capsys, took, factor, failed):
    check.BUDGETS["gcc"] = 115
    tally = check.Tally()
    check.judge_time(tally, "gcc", took, factor)
    said = capsys.readouterr().out
    assert (tally.passed, tally.failed, tally.skipped) == (0, failed, 0)
    assert f"=== gcc: {took} s, budget {115 * factor:.0f} s" in said
    assert (f"stage gcc took {took} s, budget {115 * factor:.0f} s" in said) == bool(failed)


def test_main_counts_it(check, capsys, monkeypatch):
    monkeypatch.setattr(check.sys, "argv", ["check", "layers", "gcc"])
    monkeypatch.setitem(check.STAGES, "layers", lambda tally: tally.one("a test", True))
    monkeypatch.setitem(check.STAGES, "gcc", lambda tally: tally.one("another", True))
    now = iter([0.0, 1.0, 1.0, 1000.0] * 2)
    monkeypatch.setattr(check.time, "monotonic", lambda: next(now))
    monkeypatch.setenv("CHECK_BUDGET_FACTOR", "1")
    assert check.main() == 1
    assert capsys.readouterr().out.splitlines()[-2:] == ["failed: time of gcc", "2 passed, 1 failed"]
    monkeypatch.setenv("CHECK_BUDGET_FACTOR", "10")
    assert check.main() == 0
    assert capsys.readouterr().out.splitlines()[-1] == "2 passed, 0 failed"


@pytest.mark.parametrize("text,factor", [(None, 1), ("", 1), ("3", 3), ("1.5", 1.5)])
def test_the_factor(check, text, factor):
    assert check.budget_factor({} if text is None else {"CHECK_BUDGET_FACTOR": text}) == factor


@pytest.mark.parametrize("text", ["fast", "0", "-1", "nan", "inf"])
def test_a_factor_that_is_none_is_refused_before_anything_runs(text):
    done = subprocess.run([TOOL, "layers"], env=dict(os.environ, CHECK_BUDGET_FACTOR=text), capture_output=True, text=True, check=False)
    assert done.returncode == 2 and done.stdout == "" and f"CHECK_BUDGET_FACTOR is '{text}', expected a number above 0" in done.stderr


def test_help_says_it():
    done = subprocess.run([TOOL, "--help"], capture_output=True, text=True, check=True)
    assert "CHECK_BUDGET_FACTOR=3" in done.stdout and "--quick" in done.stdout


# -- what did not come to its end has not passed: (what it leaves behind, how it ends, what failed)

@pytest.fixture
def tree(check, monkeypatch, tmp_path):
    """The build directory of a tree of its own."""
    monkeypatch.setattr(check, "ROOT", str(tmp_path))
    (tmp_path / "build" / "meson-logs").mkdir(parents=True)
    return tmp_path / "build"


WELL, ILL = ('{"name": "one", "result": "OK"}\n', '{"name": "one", "result": "FAIL"}\n')
UNIT_END = "gcc: there are unit tests, and they came to their end"


@pytest.mark.parametrize("leaves,code,broken", [(WELL, 0, []), (ILL, 1, ["gcc: one"]), (WELL, 1, [UNIT_END]), ("", 0, [UNIT_END]), (None, 125, [UNIT_END])])
def test_unit_tests_that_were_not_built_do_not_pass_as_those_of_an_earlier_run(check, monkeypatch, tree, leaves, code, broken):
    results = tree / "meson-logs" / "testlog.json"
    results.write_text(WELL)

    def run(_command, _env, log):
        open(log, "w", encoding="utf-8").close()
        if leaves is not None:  # None: they could not be built
            results.write_text(leaves)
        return code

    monkeypatch.setattr(check, "run", run)
    tally = check.Tally()
    check.meson_tests(tally, "gcc")
    assert tally.broken == broken


PLAYS_END = "a suite: there are system tests, and they came to their end"
CASE = '<testsuites><testsuite><testcase classname="c" name="one">{}</testcase></testsuite></testsuites>'


@pytest.mark.parametrize("says,code,broken", [("", 0, []), ("<failure/>", 1, ["gcc: c.one"]), ("", 2, [PLAYS_END])])
def test_plays_that_were_interrupted_have_not_passed(check, tmp_path, says, code, broken):
    report = tmp_path / "report.xml"
    report.write_text(CASE.format(says))
    tally = check.Tally()
    check.count_cases(tally, types.SimpleNamespace(kind="gcc", name="a suite", report=str(report)), code)
    assert tally.broken == broken


HARNESS_END = "a harness: there are verdicts, and it came to its end"


@pytest.mark.parametrize("verdicts,code,broken", [([True], 0, []), ([False], 1, ["a harness: v"]), ([True], 1, [HARNESS_END]), ([], 0, [HARNESS_END])])
def test_a_harness_without_verdicts_has_not_passed(check, monkeypatch, tree, verdicts, code, broken):
    def run(command, _env):
        with open(command[-1], "w", encoding="utf-8") as f:
            json.dump([{"name": "v", "ok": ok, "why": ""} for ok in verdicts], f)
        return code

    monkeypatch.setattr(check, "run", run)
    tally = check.Tally()
    check.harness(tally, "a harness", ["a harness"])
    assert tree.is_dir() and tally.broken == broken


def test_why_tests_were_skipped_is_said(check, tmp_path):
    """A stage that skips all of its tests passes: who reads its end has to see what was not tested."""
    report, results = tmp_path / "report.xml", tmp_path / "results"
    report.write_text(CASE.format('<skipped message="not installed: qemu"/></testcase><testcase name="two"><skipped message="not installed: qemu"/>'
                                  '</testcase><testcase name="three"><skipped/>'))
    tally, other = check.Tally(), check.Tally()
    check.count_cases(tally, types.SimpleNamespace(kind="gcc", name="a suite", report=str(report)), 0)
    tally.write(results)
    other.add(json.loads(results.read_text()))
    assert other.reasons == tally.reasons == {"not installed: qemu": 2, "no reason is given": 1} and other.skipped == tally.skipped == 3


def test_what_takes_minutes_says_that_it_goes_on(check, monkeypatch):
    said, went_on = threading.Event(), []

    def note(text, **_):
        assert text.startswith("=== layers: ") and text.endswith(" s so far")
        said.set()

    monkeypatch.setattr(check.alive, "EVERY_S", 0.01)
    monkeypatch.setattr(check.alive, "print", note, raising=False)
    monkeypatch.setitem(check.STAGES, "layers", lambda _: went_on.append(said.wait(proc.HANG_S)))
    before = threading.active_count()
    check.in_turn(check.Tally(), ["layers"], 1000)
    assert went_on == [True] and threading.active_count() == before
    # a lane is shown at its end
    said.clear()
    tally = check.Tally()
    tally.tells = False
    monkeypatch.setitem(check.STAGES, "layers", lambda _: went_on.append(said.wait(0.1)))
    check.in_turn(tally, ["layers"], 1000)
    assert went_on == [True, False]
