"""Whole files of rules into a gateway that works: in force at once, or not at all."""
import json
import os
import signal
import subprocess
import threading

import pytest
from lablib import lab as L
from lablib import proc
from support import tsp
from support.core import peers_open

KINDS = ("scs", "group", "set", "assoc", "block")
ROWS = 10000


def mtcctl(p, *words, **more):
    return subprocess.run([p.program("mtcctl"), "--socket", p.lab["iwf"]["ctl"], *words], capture_output=True, text=True, timeout=proc.HANG_S,
                          check=False, **{"input": "", **more})


def export(p, kind="assoc", *words):
    done = mtcctl(p, kind, "export", *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def bring_in(p, text, kind="assoc", *words):
    sure = ["--yes"] if "--replace" in words else []
    done = mtcctl(p, kind, "import", "-", *words, *sure, input=text)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def kept(lab):
    """The store is in the end as it was before."""
    before = {kind: export(lab, kind) for kind in KINDS}
    yield before
    for kind in KINDS:
        bring_in(lab, before[kind], kind, "--replace")
    assert {kind: export(lab, kind) for kind in KINDS} == before


def ask(session, device):
    return tsp.request_status(session.dar(tsp.action(device=device)))


def test_a_file_is_in_force_at_once_on_a_live_session(lab, kept):
    s = tsp.Scs.opened(lab, "acme")
    assert ask(s, "meter-70@a.example") == 0
    bring_in(lab, "who,device,effect\nacme,meter-70@a.example,deny\n")
    assert ask(s, "meter-70@a.example") == 105
    bring_in(lab, "who,device,effect\nacme,meter-70@a.example,allow\n")
    bring_in(lab, kept["assoc"], "assoc", "--replace")
    assert ask(s, "meter-70@a.example") == 0
    bring_in(lab, "who,device\n*,meter-70@a.example\n", "block")
    assert ask(s, "meter-70@a.example") == 105
    s.close()


def test_a_file_with_a_bad_line_in_its_middle_changes_nothing(lab, kept):
    rows = [f"acme,bad-{n}@a.example,deny\n" for n in range(2000)]
    rows[1000] = "acme,no device,deny\n"
    done = mtcctl(lab, "assoc", "import", "-", "--replace", input="who,device,effect\n" + "".join(rows))
    assert done.returncode == 1 and "standard input:1002: device 'no device'" in done.stderr
    assert {kind: export(lab, kind) for kind in KINDS} == kept


def test_an_scs_that_the_file_changes_loses_its_sessions(lab, kept):
    s = tsp.Scs.opened(lab, "gamma")
    other = tsp.Scs.opened(lab, "acme")
    bring_in(lab, kept["scs"].replace("gamma.example", "gamma2.example"), "scs")
    proc.wait_until("its session is cut", lambda: not lab.sessions("gamma"))
    assert lab.sessions("acme")
    s.close()
    other.close()


def test_what_is_written_is_read_back_to_the_same_store(lab, kept):
    lab.ctl("group", "add", "round", "--anchor", "anchor-a")
    lab.ctl("group", "member", "add", "round", "acme")
    lab.ctl("set", "add", "round-empty")
    lab.ctl("set", "add", "round")
    for device in ("m1@a.example", "msisdn:491700001234", "\"x,y\"@a.example"):
        lab.ctl("set", "member", "add", "round", device)
    for words in (["group:round", "set:round", "--rights", "trigger,recall"], ["acme", "msisdn:491700000000-491700009999", "--deny", "--mode",
                  "detect-only", "--not-before", "2030-01-01"], ["acme", "#odd\"'\\@a.example", "--not-after", "2031-12-31T23:59:59Z"]):
        lab.ctl("assoc", "add", *words)
    for words in (["*", "m9@a.example"], ["group:round", "*", "--not-before", "2030-01-01", "--mode", "detect-only"], ["acme", "set:round-empty"]):
        lab.ctl("block", "add", *words)
    for form in ("csv", "jsonl"):
        whole = {kind: export(lab, kind, "--format", form) for kind in KINDS}
        assert "round" in whole["group"] and "#odd" in whole["assoc"] and "round-empty" in whole["block"]
        for kind in reversed(KINDS):  # nothing is left
            empty = whole[kind].splitlines(True)[0] if form == "csv" else ""
            bring_in(lab, empty, kind, "--replace", "--format", form)
            assert export(lab, kind, "--format", form) == empty
        for kind in KINDS:
            bring_in(lab, whole[kind], kind, "--replace", "--format", form)
        assert {kind: export(lab, kind, "--format", form) for kind in KINDS} == whole
        for kind in KINDS:  # and again: it is the same
            said = bring_in(lab, whole[kind], kind, "--replace", "--format", form)
            assert " 0 added, 0 replaced, " in said and " 0 deleted" in said


def test_a_dry_run_says_what_would_change(lab, kept):
    text = kept["assoc"] + "acme,new-1@a.example,deny,trigger,,,enforce\n"
    n = len(kept["assoc"].splitlines()) - 1
    assert f" 1 added, 0 replaced, {n} unchanged, 0 deleted" in bring_in(lab, text, "assoc", "--dry-run")
    assert f" 0 added, 0 replaced, 1 unchanged, {n - 1} deleted" in bring_in(
        lab, "".join(kept["assoc"].splitlines(True)[:2]), "assoc", "--dry-run", "--replace")
    assert export(lab) == kept["assoc"]


def test_a_change_by_hand_during_an_import_stays(lab, kept):
    read, written = os.pipe()
    with os.fdopen(written, "w") as pipe:
        p = subprocess.Popen([lab.program("mtcctl"), "--socket", lab.lab["iwf"]["ctl"], "--json", "assoc", "import", "-"], stdin=read,
                             stdout=subprocess.PIPE, text=True)
        os.close(read)
        first = "who,device,effect\nacme,hand-1@a.example,allow\n"
        pipe.write(first)
        pipe.flush()
        proc.wait_until("it is under way", lambda: json.loads(p.stdout.readline())["octets"] == len(first))
        lab.ctl("assoc", "add", "acme", "hand-1@a.example", "--deny")
        lab.ctl("assoc", "add", "acme", "hand-2@a.example", "--deny")
        lab.ctl("assoc", "del", "acme", "hand-2@a.example")
        lab.ctl("assoc", "add", "beta", "hand-3@a.example")
        pipe.write("acme,hand-2@a.example,allow\nacme,hand-4@a.example,deny\n")
    out = p.communicate(timeout=proc.HANG_S)[0]
    assert p.returncode == 0, out
    now = export(lab)
    assert "acme,hand-1@a.example,deny," in now and "beta,hand-3@a.example,allow," in now and "acme,hand-4@a.example,deny," in now


def test_the_core_dies_in_the_middle_of_an_import(own_lab):
    p = own_lab
    old = export(p)
    rows = "".join(f"acme,kill-{(n * 7919) % ROWS}@a.example,deny,trigger,,,enforce\n" for n in range(ROWS))
    whole = "who,device,effect,rights,not_before,not_after,mode\n" + rows
    outcomes = []

    def core():
        return L.roles(p.lab["iwf"]["pids"]["parent"])["core"]

    def one(fed, wait_ms):
        """Kills the core when `fed` of the file is in its pipe and wait_ms are over; None: when mtcctl has its answer."""
        pid = core()
        ctl = subprocess.Popen([p.program("mtcctl"), "--socket", p.lab["iwf"]["ctl"], "--json", "assoc", "import", "-"],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert json.loads(ctl.stdout.readline())["phase"] == "read"  # this core has it

        def feed():
            try:
                ctl.stdin.write(whole[:int(len(whole) * fed)].encode())
                if fed == 1:
                    ctl.stdin.close()
            except BrokenPipeError:
                pass
        feeder = threading.Thread(target=feed)
        feeder.start()
        feeder.join(proc.HANG_S)
        if wait_ms is None:
            assert ctl.wait(proc.HANG_S) == 0
        else:
            threading.Event().wait(wait_ms / 1000)
        os.kill(pid, signal.SIGKILL)
        code = ctl.wait(proc.HANG_S)
        ctl.stdout.close()
        try:
            ctl.stdin.close()
        except BrokenPipeError:
            pass
        proc.wait_until("a new core", lambda: core() not in (None, pid) and mtcctl(p, "status").returncode == 0)
        now = export(p)
        if now != old:
            assert sorted(now.splitlines()[1:]) == sorted(old.splitlines()[1:] + rows.splitlines())
            bring_in(p, old, "assoc", "--replace")
            assert export(p) == old
        outcomes.append((fed, wait_ms, "new" if now != old else "old", code))
        assert code != 0 or now != old  # what was answered stays

    for fed, wait_ms in ((0.5, 0), (1, 15), (1, 60), (1, None)):
        one(fed, wait_ms)
    assert {"old", "new"} <= {o[2] for o in outcomes}, outcomes
    peers_open(p)
    assert p.trigger("acme", device="meter-61@a.example", wait=proc.HANG_S).code == 0
