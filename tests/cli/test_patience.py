"""Waits of the laboratory and of the plays: as long on a busy machine as what is waited for takes there."""
import pytest
from lablib import proc


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
    assert 2 / share <= clock.now <= 2 / share + 0.1


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
