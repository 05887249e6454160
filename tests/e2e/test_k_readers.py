"""Act eleven, third part: a reader of a store that died, stands still or takes hours, as a copy by hand does. Old pages that it holds cannot
be used again, so the store grows; a dead one must never fill it."""
import os
import subprocess

import pytest
from lablib import proc

SIZE = 8 << 20  # octets of the journal: a few rounds of triggers fill it when no page is used again


@pytest.fixture
def small_journal(labs):
    p = labs.up(log_level="warn", iwf_more=f"journal: {{ size_max: {SIZE} }}\n")
    yield p
    wrong = labs.down(p)
    assert not wrong, "\n".join(wrong)


class Reader:
    """A copy by hand whose target takes nothing: it has read a part and holds every page of that time."""

    def __init__(self, folder):
        self.out, into = os.pipe()
        self.copy = subprocess.Popen(["mdb_copy", folder], stdout=into, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        os.close(into)
        proc.wait_until("the copy has begun to read", lambda: self.slot(folder), 10)

    def slot(self, folder):
        table = subprocess.run(["mdb_stat", "-r", folder], capture_output=True, text=True, check=False).stdout
        return any(line.split()[0] == str(self.copy.pid) and line.split()[2] != "-" for line in table.splitlines() if line.strip())

    def kill(self):
        self.copy.kill()
        self.copy.wait()
        os.close(self.out)


def journal_dir(p):
    return os.path.join(p.lab["dir"], "iwf", "journal")


def load(p, count):
    got = p.trigger("acme", device="meter-{}@a.example", devices="1-400", payload="x" * 64, count=count, window=16, wait=20)
    return got.event("summary")["by_status"]


def test_a_reader_that_died_does_not_fill_the_journal(small_journal):
    p = small_journal
    assert load(p, 200) == {"SUCCESS": 200}
    Reader(journal_dir(p)).kill()
    for _ in range(4):
        assert load(p, 1500) == {"SUCCESS": 1500}
    assert p.ctl("status")[-1]["journal"]["state"] == "ok"


def store(p, name):
    return next(s for s in p.ctl("status")[-1]["stores"] if s["name"] == name)


def log_text(p):
    with open(p.lab["logs"]["mtc-iwfd"], encoding="utf-8") as f:
        return f.read()


def test_a_reader_that_stands_still_is_told_before_and_when_the_journal_is_full(small_journal):
    """It lives, so its pages are its own; the operator is told who it is and which key to raise. Nothing has to be cleared by hand afterwards."""
    p = small_journal
    assert load(p, 200) == {"SUCCESS": 200}
    reader = Reader(journal_dir(p))
    pid = str(reader.copy.pid)
    status = {}
    while not status.get("TEMPORARYERROR"):
        status = load(p, 500)
        assert set(status) <= {"SUCCESS", "TEMPORARYERROR"}
    proc.wait_until("status shows who reads", lambda: str(store(p, "journal").get("reader")) == pid, 15)
    seen = store(p, "journal")
    assert seen["reader_behind"] > 100 and seen["held"] > SIZE // 2 and seen["left"] < SIZE // 4 and seen["key"] == "journal.size_max", seen
    full = [line for line in log_text(p).splitlines() if "the journal has no room" in line]
    assert full and f"end process {pid}:" in full[0] and "raise journal.size_max" in full[0], full
    proc.wait_until("a warning names the reader", lambda: f"process {pid} has been reading" in log_text(p), 15)
    reader.kill()
    proc.wait_until("the journal has room again", lambda: p.ctl("status")[-1]["journal"]["state"] == "ok", 15)
    assert load(p, 200) == {"SUCCESS": 200}
    proc.wait_until("it is counted", lambda: next(r["value"] for r in p.ctl("stats") if r.get("name") == "readers_cleared") == 1, 15)
    assert "reader" not in store(p, "journal")


def test_a_reader_that_died_does_not_fill_the_sms_sc(labs):
    p = labs.up(log_level="warn", smssc_more="limits: { store: 4 }\n")
    try:
        assert load(p, 200) == {"SUCCESS": 200}
        Reader(os.path.join(p.lab["dir"], "smssc")).kill()
        for _ in range(4):
            assert load(p, 1000) == {"SUCCESS": 1000}
    finally:
        wrong = labs.down(p)
        assert not wrong, "\n".join(wrong)
