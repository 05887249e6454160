"""Act twenty-three: the gateway starts with many triggers that wait for their reports. Who asks meanwhile is answered, with 201 or with
what the trigger came to, and never with silence; and what is about a trigger that the core has not taken up from its journal yet ends as
if it had, also when that core is killed meanwhile."""
import os
import signal
import subprocess
import time

import pytest
from lablib import proc
from support import diameter as D
from support.hands import TSP_FLAGS, Reader, Smssc, at_its_place, in_place_of
from support.restarts import Restarts
from support.tsp import action, request_status

PENDING = 200000
ACME = "acme,491720000001,scs.acme.example,acme.example,a.example"
ASKED = 40
T_FLAG = 0x10
RECALL = 3
IN_USE, TROUBLE = 107, 201


@pytest.fixture(scope="module")
def world(labs):
    """A laboratory whose gateway was ended, given a journal full of triggers of acme, and started again."""
    p = labs.up(iwf_more="limits: { ended: 0 }\n")
    w = Restarts(p)
    iwf = w.entry("mtc-iwfd")
    os.kill(iwf["pid"], signal.SIGTERM)
    proc.wait_until("the gateway has ended", lambda: not proc.alive(iwf))
    journal = os.path.join(p.lab["dir"], "iwf", "journal")
    subprocess.run([os.path.join(os.environ["MTC_BIN"], "bench_journal"), "fill", "--dir", journal, "--count", str(PENDING), "--scs", ACME],
                   check=True, capture_output=True, timeout=proc.HANG_S)
    w.start("mtc-iwfd")
    proc.wait_until("the gateway is connected", w.connected)
    yield w
    wrong = labs.down(p)
    assert not wrong, "\n".join(wrong)


def held(p):
    return [r for r in p.ctl("status") if "triggers" in r][0]["triggers"]


def test_all_are_there_after_the_start(world):
    assert held(world.p) >= PENDING


class Caller:
    """acme: asks, and counts the answer to each request."""

    def __init__(self, p):
        self.scs, self.asked, self.n = Reader.opened(p), {}, 0

    def ask(self):
        self.n += 1
        end = self.scs.ask_later(action(device=f"meter-{300 + self.n}@a.example", reference=900000 + self.n))
        self.asked[end] = None
        return end

    def hear(self):
        """Until each request has its answer."""
        self.scs.sock.settimeout(proc.HANG_S)
        while None in self.asked.values():
            m = self.scs.receive()
            if m.code == D.DAR and not m.flags & D.REQUEST:
                assert self.asked[m.end] is None, "answered twice"
                self.asked[m.end] = request_status(m)
            elif m.code == D.DNR:
                self.scs.acknowledge(m)
            elif m.flags & D.REQUEST:
                self.scs.answer(m, [D.avp(268, 2001)] + self.scs.origin(), 0)


def test_who_asks_while_the_core_starts_is_answered(world):
    """The core is killed; the requests come at once, on a connection that its edge keeps, while the next core reads the journal. Then it
    takes triggers again."""
    caller = Caller(world.p)
    world.kill("core")
    for _ in range(ASKED):
        caller.ask()
        time.sleep(0.02)
    caller.hear()
    assert set(caller.asked.values()) <= {0, 201}

    def taken():
        end = caller.ask()
        caller.hear()
        return caller.asked[end] == 0

    proc.wait_until("a trigger is taken", taken)
    caller.scs.close()
    world.have_back("core")
    assert held(world.p) >= PENDING


class Played:
    """The laboratory with an SMS-SC that the test plays, and acme's connection, which outlives every core."""

    def __init__(self, world):
        self.world, self.sc, self.scs, self.reports = world, in_place_of(world.p, "mtc-smssc"), Reader.opened(world.p), []
        proc.wait_until("the gateway is connected", world.connected)

    def accepted(self, reference):
        """A trigger that the SMS-SC took: its End-to-End-Id, what was asked, its DTR."""
        inside = action(device=f"meter-{reference % 1000}@a.example", reference=reference)
        end = self.scs.ask_later(inside)
        dtr = self.sc.take()
        self.sc.accept(dtr)
        assert self.heard(end) == {end: 0}
        return end, inside, dtr

    def copied(self, end, inside):
        return self.scs.ask_later(inside, end=end, flags=TSP_FLAGS | T_FLAG)

    def hear(self):
        """The next answer; reports that come before it are acknowledged. None: a report came."""
        m = self.scs.receive()
        if m.code == D.DNR:
            self.scs.acknowledge(m)
            self.reports.append((m.number(3002, 3007), m.number(3002, 3009)))
        elif m.flags & D.REQUEST:
            self.scs.answer(m, [D.avp(268, 2001)] + self.scs.origin(), 0)
        return m if m.code == D.DAR else None

    def heard(self, *ends):
        """The Request-Status of each."""
        got = {}
        while len(got) < len(ends):
            m = self.hear()
            if m:
                assert m.end in ends and m.end not in got
                got[m.end] = request_status(m)
        return got

    def begun(self):
        """How often a core began to take requests before it had taken up everything."""
        with open(self.world.entry("mtc-iwfd")["log"], encoding="utf-8") as f:
            return f.read().count("still to be taken up from the journal")

    def killed(self):
        """kill -9, once the journal has each acceptance; the SMS-SC is away, too."""
        begun = self.begun()
        proc.wait_until("nothing waits for its commit", lambda: not [r for r in self.world.p.ctl("status") if "journal" in r][0]["journal"]["waiting"])
        self.world.kill("core")
        self.sc.close()
        return begun

    def sc_is_back(self):
        self.sc = at_its_place(self.world.p, self.world.p.lab["smssc"], Smssc)

    def reported_once(self, dtr):
        """By two reports of different identities."""
        report = (dtr.number(3007), 0)
        assert self.sc.report(dtr).result == 2001
        while report not in self.reports:
            self.hear()
        assert self.sc.report(dtr).result == 2001
        self.scs.sock.settimeout(0.3)
        with pytest.raises(TimeoutError):
            while True:
                self.hear()
        self.scs.sock.settimeout(proc.HANG_S)
        assert self.reports.count(report) == 1


@pytest.fixture(scope="module")
def played(world):
    p = Played(world)
    p.scs.sock.settimeout(proc.HANG_S)
    yield p
    p.scs.close()
    p.sc.close()


def test_what_is_about_a_trigger_in_the_journal_ends_as_ever(played):
    """At once behind the kill: a copy, numbers that are in use, a new trigger; then, as soon as the SMS-SC is back, a report and a recall."""
    scs, (end, inside, _), (_, _, dtr), _ = played.scs, played.accepted(910001), played.accepted(910002), played.accepted(910003)
    begun = played.killed()
    copy = played.copied(end, inside)
    used = [scs.ask_later(action(device="meter-1@a.example", reference=n)) for n in (5, 910001)]
    fresh = scs.ask_later(action(device="meter-1@a.example", reference=910099))
    assert played.heard(copy, *used, fresh) == {copy: 0, used[0]: IN_USE, used[1]: IN_USE, fresh: TROUBLE}
    assert played.begun() == begun + 1
    played.sc_is_back()
    played.reported_once(dtr)
    recall = scs.ask_later(action(device="meter-3@a.example", reference=910003, kind=RECALL, validity=None, trigger_data=False))
    played.sc.accept(played.sc.take())
    assert played.heard(recall) == {recall: 0}


def test_a_core_killed_while_it_takes_them_up_loses_nothing(played):
    before = held(played.world.p)
    (end, inside, dtr), begun = played.accepted(910011), played.killed()
    proc.wait_until("the next core takes requests", lambda: played.begun() > begun)
    played.world.kill("core")
    copy = played.copied(end, inside)
    assert played.heard(copy) == {copy: 0}
    played.sc_is_back()
    assert held(played.world.p) == before + 1
    played.reported_once(dtr)
