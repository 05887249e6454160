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
