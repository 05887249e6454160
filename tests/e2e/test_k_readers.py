"""Act eleven, third part: a reader of a store that died, stands still or takes hours, as a copy by hand does. Old pages that it holds cannot
be used again, so the store grows; a dead one must never fill it."""
import os
import subprocess

import pytest
from lablib import proc


class Reader:
    """A copy by hand whose target takes nothing: it has read a part and holds every page of that time."""

    def __init__(self, folder):
        self.out, into = os.pipe()
        self.copy = subprocess.Popen(["mdb_copy", folder], stdout=into, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        os.close(into)
        proc.wait_until("the copy has begun to read", lambda: self.slot(folder))

    def slot(self, folder):
        table = subprocess.run(["mdb_stat", "-r", folder], capture_output=True, text=True, check=False).stdout
        return any(line.split()[0] == str(self.copy.pid) and line.split()[2] != "-" for line in table.splitlines() if line.strip())

    def kill(self):
        self.copy.kill()
        self.copy.wait()
        os.close(self.out)


def load(p, count):
    got = p.trigger("acme", device="meter-{}@a.example", devices="1-400", payload="x" * 64, count=count, window=16, wait=proc.HANG_S)
    return got.event("summary")["by_status"]


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


def log_text(p):
    with open(p.lab["logs"]["mtc-iwfd"], encoding="utf-8") as f:
        return f.read()


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
        subprocess.run([*mtcctl, "assoc", "import", str(file)], check=True, timeout=proc.HANG_S, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
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
            one.wait(proc.HANG_S)
            assert one.returncode == 4
            assert words in one.stderr.read().decode()
        p.ctl("assoc", "add", "acme", "meter-0@d.example")  # a change makes a new view: the old one has no reader left
        proc.wait_until("its pages are free", lambda: len(readers(os.path.join(store, generation))) == 1)
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
