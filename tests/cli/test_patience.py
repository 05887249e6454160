"""Waits of the laboratory and of the plays: as long on a busy machine as what is waited for takes there."""
import ast
import glob
import os
import threading
import time

import pytest
from conftest import ROOT
from lablib import proc
from support import pace


class Clock:
    """Time that goes on by what sleep() was asked for."""

    def __init__(self):
        self.now = 0.0

    def monotonic(self):
        return self.now

    def sleep(self, s):
        self.now += s


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(proc, "time", made)
    return made


@pytest.mark.parametrize("share", [1.0, 0.5, proc.LEAST_SHARE])
def test_a_wait_lasts_longer_while_others_want_the_machine(clock, monkeypatch, share):
    monkeypatch.setattr(proc, "share", lambda: share)
    with pytest.raises(proc.LabError, match="not within 2 s: it comes"):
        proc.wait_until("it comes", lambda: False, 2)
    assert 2 / share <= clock.now <= 2 / share + 0.16  # a look each 0.15 s at least


def test_what_has_come_is_not_waited_for(clock, monkeypatch):
    monkeypatch.setattr(proc, "share", lambda: 1.0)
    assert proc.wait_until("it comes", lambda: clock.now > 1, 2) is True
    assert clock.now < 1.1


@pytest.mark.parametrize("running,share", [(0, 1.0), (1, 1.0), (2, 1.0), (4, 0.5), (8, 0.25), (2000, proc.LEAST_SHARE)])
def test_the_share_of_one_process(tmp_path, monkeypatch, running, share):
    given = tmp_path / "loadavg"
    given.write_text(f"3.10 2.20 1.00 {running}/512 4711\n")
    monkeypatch.setattr(proc, "LOAD", str(given))
    monkeypatch.setattr(proc.os, "sched_getaffinity", lambda pid: {0, 1})
    assert proc.share() == share


def test_the_share_here():
    assert proc.LEAST_SHARE <= proc.share() <= 1.0


# -- bounds that only end a hang

pytestmark = pytest.mark.once
FIRST = {"wait_decision": 0, "report": 0, "next": 0, "settimeout": 0, "wait": 0, "join": 0, "create_connection": 1, "wait_until": 2, "until": 2, "wait_ready": 1, "wait_event": 1, "select": 3}
NAMED = ("timeout", "wait_s", "connect_wait", "answer_wait")
LEAST_S = 2  # a shorter one is of a test that nothing comes


def number(node):
    return node.value if isinstance(node, ast.Constant) and type(node.value) in (int, float) else None


def called(call):
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def expects_an_end(node):
    """with pytest.raises(...Timeout...): to wait in vain is what is tested."""
    return isinstance(node, ast.With) and any("raises" in ast.unparse(i.context_expr) and "imeout" in ast.unparse(i.context_expr) for i in node.items)


def short_bounds(text):
    """(line, seconds) of each wait with a bound of its own that is shorter than proc.HANG_S."""
    tree = ast.parse(text)
    spared = {n for outer in ast.walk(tree) if expects_an_end(outer) for n in ast.walk(outer)}
    for call in (n for n in ast.walk(tree) if isinstance(n, ast.Call) and n not in spared):
        at = FIRST.get(called(call), len(call.args))
        bounds = [call.args[at]] if at < len(call.args) else []
        bounds += [k.value for k in call.keywords if k.arg in NAMED or k.arg == "wait" and called(call) in ("trigger", "scs_command", "trigger_from")]
        yield from ((call.lineno, number(b)) for b in bounds if number(b) is not None and LEAST_S <= number(b) < proc.HANG_S)


def test_a_bound_that_ends_a_hang_is_no_measure_of_the_machine():
    """What takes longer on a slow machine is waited for by proc.HANG_S everywhere; what is promised within a time is measured by pace.Watch."""
    own = [os.path.join("tests", "cli", "test_patience.py"), *(os.path.join("tests", name) for name in ("guest", "torture", "unit"))]
    short = []
    for path in glob.glob(os.path.join(ROOT, "tests", "**", "*.py"), recursive=True) + glob.glob(os.path.join(ROOT, "scripts", "lablib", "*.py")):
        name = os.path.relpath(path, ROOT)
        if not name.startswith(tuple(own)):
            with open(path, encoding="utf-8") as f:
                short += [f"{name}:{line}: {s} s" for line, s in short_bounds(f.read())]
    assert not short, "\n".join(short)


def test_what_a_short_bound_is():
    assert list(short_bounds("run(x, timeout=10)\np.wait(5)\ns.settimeout(0.4)\nproc.wait_until('a', b, 15)\np.trigger('a', wait=15)\nrun(x, timeout=900)\n"
                             "with pytest.raises(TimeoutExpired):\n    p.wait(5)\n")) == [(1, 10), (2, 5), (4, 15), (5, 15)]


# -- promises of time

@pytest.fixture
def idle(monkeypatch):
    monkeypatch.setattr(proc, "share", lambda: 1.0)


def test_a_watch_leaves_out_what_the_machine_took(idle):
    watch = pace.Watch()
    watch.took()
    watch.factor, watch.lost_s = 2.0, 1.0
    assert watch.of(2.0) == 0.5
    assert watch.of(0.5) == 0.0


def test_a_watch_counts_what_a_program_took(idle):
    watch = pace.Watch()
    time.sleep(0.3)
    took = watch.took()
    assert 0.3 - watch.lost_s <= took * watch.factor <= time.monotonic() - watch.began


def test_a_watch_sees_a_machine_that_stands_still(idle, monkeypatch):
    real = time.sleep
    monkeypatch.setattr(pace.time, "sleep", lambda s: real(s + 0.1))
    watch = pace.Watch()
    real(0.5)
    assert watch.lost_s >= 0.3 and watch.took() < 0.25 / watch.factor


def test_a_watch_sees_that_others_want_the_processors(monkeypatch):
    monkeypatch.setattr(proc, "share", lambda: 0.25)
    watch = pace.Watch()
    time.sleep(0.4)
    assert watch.took() < 0.6 * (time.monotonic() - watch.began) / watch.factor


def test_a_watch_that_nobody_has_any_more_looks_no_more():
    """Who measures by another clock does not end it."""
    before = threading.active_count()
    assert pace.Watch().of(1.0) <= 1.0
    proc.wait_until("its thread has ended", lambda: threading.active_count() <= before)


def test_the_pace_here():
    assert 1.0 <= pace.slowness() <= pace.MOST
