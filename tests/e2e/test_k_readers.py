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


def rows(n):
    return "who,device\n" + "".join(f"acme,meter-{i}@c.example\n" for i in range(n))


@pytest.mark.parametrize("limits,words", [("exchange_idle: 1s", "took nothing for 1 s (limits.exchange_idle)"),
                                          ("exchange_max: 2s", "is not whole after 2 s (limits.exchange_max)")])
def test_an_export_that_nobody_reads_ends_and_holds_no_page(labs, tmp_path, limits, words):
    """The second of the two reads a little now and then, for ever."""
    p = labs.up(iwf_more=f"limits: {{ {limits} }}\n")
    mtcctl = [p.program("mtcctl"), "--socket", p.lab["iwf"]["ctl"]]
    store = os.path.join(p.lab["dir"], "iwf", "associations")
    file = tmp_path / "rows.csv"
    file.write_text(rows(40000))
    try:
        subprocess.run([*mtcctl, "assoc", "import", str(file)], check=True, timeout=60, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        generation = max(generations(store), key=lambda name: int(name[4:]))  # the one before is kept for 'assoc undo'
        with subprocess.Popen([*mtcctl, "assoc", "export", "--wait", "30"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as one:
            assert one.stdout.read(10)  # it has begun
            before = readers(os.path.join(store, generation))
            while one.poll() is None and "max" in limits:
                one.stdout.read(4096)
                try:
                    one.wait(0.3)
                except subprocess.TimeoutExpired:
                    pass
            one.wait(30)
            assert one.returncode == 4
            assert words in one.stderr.read().decode()
        p.ctl("assoc", "add", "acme", "meter-0@d.example")  # a change makes a new view: the old one has no reader left
        proc.wait_until("its pages are free", lambda: len(readers(os.path.join(store, generation))) == 1, 10)
        assert before
        assert words in log_text(p)
        assert next(r["value"] for r in p.ctl("stats") if r.get("name") == "exchanges_slow") == 1
    finally:
        wrong = labs.down(p)
        assert not wrong, "\n".join(wrong)


def generations(store):
    return [n for n in os.listdir(store) if n.startswith("dev-")]


def readers(folder):
    """Transactions that are read from, of the table of readers."""
    table = subprocess.run(["mdb_stat", "-r", folder], capture_output=True, text=True, check=False).stdout
    return [line.split()[2] for line in table.splitlines() if line.split()[:1] and line.split()[0].isdigit() and line.split()[2] != "-"]
