"""Act fifteen: each process is killed at each moment of a trigger's life, under a light load. The request is answered once, the device acts
once, the report is told once (after the SCS's own deduplication); connections are kept where that was promised."""
import itertools
import os
import signal
import time

import pytest
from lablib import lab as L
from lablib import proc
from support import diameter as D
from support.hands import TSP_FLAGS, Reader
from support.restarts import Restarts
from support.tsp import action, request_status

numbers = itertools.count(200)  # of devices, each used once
T_FLAG = 0x10
LOAD = {"count": 500, "rate": 20, "first": 520, "last": 560}


class Caller:
    """The SCS acme: asks once, asks again with T when its connection was lost, counts what it is told."""

    def __init__(self, p):
        self.p, self.scs, self.lost, self.answers, self.reports = p, Reader.opened(p), 0, [], {}

    def connect(self):
        def opened():
            try:
                return Reader.opened(self.p)
            except (OSError, EOFError, AssertionError):
                return None
        self.scs = proc.wait_until("acme is connected again", opened)

    def ask(self, n):
        self.n, self.reference = n, 30000 + n
        self.inside = action(device=f"meter-{n}@a.example", reference=self.reference)
        self.end = self.scs.ask_later(self.inside)

    def hear(self, until, wait_s=proc.HANG_S):
        """Takes what comes until that is true."""
        patience = proc.Patience(wait_s)
        while not until():
            assert not patience.is_over(), f"answers {self.answers}, reports {self.reports}"
            self.scs.sock.settimeout(0.1)
            try:
                m = self.scs.receive()
            except TimeoutError:
                continue
            except (OSError, EOFError):
                self.lost += 1
                self.connect()
                if not self.answers:
                    self.scs.ask_later(self.inside, self.end, TSP_FLAGS | T_FLAG)
                continue
            self.scs.sock.settimeout(proc.HANG_S)
            if m.code == D.DAR:
                self.answers.append(request_status(m))
            elif m.code == D.DNR:
                self.reports.setdefault((m.number(3002, 3007), m.end), m.number(3002, 3009))
                self.scs.acknowledge(m)
            elif m.flags & D.REQUEST:
                self.scs.answer(m, [D.avp(268, 2001)] + self.scs.origin(), 0)

    def answered(self):
        self.hear(lambda: self.answers)
        return self.answers[0]

    def reported(self):
        self.hear(lambda: self.reports)

    def away(self):
        self.scs.close()


@pytest.fixture(scope="module")
def world(labs):
    p = labs.up(ue_events=True, iwf_more="dnr: { retry_min: 200ms, retry_max: 500ms }\n",
                smssc_more="report: { answer_wait: 1s, retry_min: 100ms, retry_max: 300ms }\n")
    w = Restarts(p)
    w.listener = p.listen("beta", label="listen-load", state=os.path.join(p.lab["dir"], "beta.state"))
    w.load = p.start("load", p.scs_command("trigger", "beta", device="meter-{}@b.example", devices=f"{LOAD['first']}-{LOAD['last']}",
                                           payload="load", stamp=True, count=LOAD["count"], rate=LOAD["rate"], window=16, resend=50,
                                           reference=500000, verbose=True))
    yield w
    wrong = labs.down(p)
    assert not wrong, "\n".join(wrong)


@pytest.fixture
def caller(world):
    c = Caller(world.p)
    yield c
    c.away()


def settle(w, c):
    """What holds at the end, whatever happened in between."""
    status = c.answered()
    assert status in (0, 201), status
    if status == 0:
        c.reported()
        assert c.reports and set(c.reports.values()) == {0}
    quiet = time.monotonic() + 0.4
    c.hear(lambda: time.monotonic() > quiet)
    assert len(c.answers) == 1, "answered once"
    # A trigger that a restart finds undecided, and that the SMS-SC does not answer for in time, is told 201, taken back and reported: the
    # acceptance may have been told before (CONTRACTS, "undecided at a restart").
    assert len(c.reports) in ((1,) if status == 0 else (0, 1)) and len(w.acted(imsi=L.imsi(c.n))) <= 1, (status, c.reports)
    assert 0 not in c.reports.values() or w.acted(imsi=L.imsi(c.n)), "it is reported as delivered and was not"
    assert len(w.acted(imsi=L.imsi(c.n))) == 1 or status == 201
    return status


KEEPS_SESSIONS = ("core", "mtc-hss", "mtc-smssc", "mtc-ue")


@pytest.mark.parametrize("victim,held,state", [
    ("core", "mtc-hss", "asking the HSS"), ("edges", "mtc-hss", "asking the HSS"), ("mtc-iwfd", "mtc-hss", "asking the HSS"),
    ("mtc-hss", "mtc-hss", "asking the HSS"), ("core", "mtc-smssc", "submitting"), ("mtc-iwfd", "mtc-smssc", "submitting"),
    ("mtc-smssc", "mtc-smssc", "submitting"),
])
def test_killed_with_a_request_in_flight(world, caller, victim, held, state):
    pid = world.entry(held)["pid"]
    os.kill(pid, signal.SIGSTOP)
    try:
        caller.ask(next(numbers))
        proc.wait_until(state, lambda: [r for r in world.p.ctl("triggers", "list", "--device", f"meter-{caller.n}@a.example")
                                        if r.get("state") == state])
        world.kill(victim)
    finally:
        if victim != held:
            os.kill(pid, signal.SIGCONT)
    world.have_back(victim)
    settle(world, caller)
    assert caller.lost == 0 or victim not in KEEPS_SESSIONS, "its connection was kept"


@pytest.mark.parametrize("victim", ["core", "edges", "mtc-iwfd", "mtc-smssc", "mtc-hss", "mtc-ue"])
def test_killed_with_an_accepted_trigger(world, caller, victim):
    n = next(numbers)
    world.p.ue("absent", L.imsi(n))
    caller.ask(n)
    assert caller.answered() == 0
    world.again(victim)
    world.p.ue("present", L.imsi(n))
    assert settle(world, caller) == 0
    assert caller.lost == 0 or victim not in KEEPS_SESSIONS, "its connection was kept"


@pytest.mark.parametrize("victim", ["core", "edges", "mtc-iwfd", "mtc-smssc"])
def test_killed_with_a_report_pending(world, caller, victim):
    n = next(numbers)
    world.p.ue("absent", L.imsi(n))
    caller.ask(n)
    assert caller.answered() == 0
    caller.away()
    world.p.ue("present", L.imsi(n))
    proc.wait_until("the report waits for its SCS", lambda: [r for r in world.p.ctl("triggers", "list", "--device", f"meter-{n}@a.example")
                                                             if r.get("state") == "waiting to report again"])
    world.again(victim)
    caller.connect()
    assert settle(world, caller) == 0


def test_an_scs_that_is_killed_tells_each_report_once(world):
    """mtc-scs listen, killed before and after reports came: over its lives each report is printed once."""
    n, state = next(numbers), os.path.join(world.p.lab["dir"], "acme.state")
    first = world.p.listen("acme", label="acme-1", state=state)
    world.p.ue("absent", L.imsi(n))
    told = world.p.trigger("acme", device=f"meter-{n - 100}@a.example", reference=41000)
    waits = world.p.trigger("acme", device=f"meter-{n}@a.example", reference=41001, validity=600)
    assert (told.status, waits.status) == ("SUCCESS", "SUCCESS")
    first.wait_event("report", reference=41000)
    os.kill(first.pid, signal.SIGKILL)
    world.p.ue("present", L.imsi(n))
    second = world.p.listen("acme", label="acme-2", state=state)
    second.wait_event("report", reference=41001)
    events = [e["reference"] for r in (first, second) for e in r.events("report") if e["reference"] in (41000, 41001)]
    assert sorted(events) == [41000, 41001]
    second.end()


def test_the_load_lost_nothing_and_nothing_came_twice(world):
    proc.wait_until("the load has ended", lambda: not world.load.alive())
    answers = [e for e in world.load.events("answer") if "reference" in e]
    references = [e["reference"] for e in answers]
    assert len(references) == len(set(references)) == LOAD["count"], f"{len(references)} answers"
    accepted = {e["reference"] for e in answers if e.get("request_status") == "SUCCESS"}
    assert {e.get("request_status") for e in answers} <= {"SUCCESS", "TEMPORARYERROR"}
    # A process is down for most of the play, so most answers may well be 201. Load has to have run between the deaths, no more.
    assert len(accepted) > LOAD["count"] // 10

    def told():
        return [e["reference"] for e in world.listener.events("report")]
    proc.wait_until("everything accepted is reported", lambda: accepted <= set(told()))
    assert len(told()) == len(set(told()))
    acted = [int(bytes.fromhex(e["payload_hex"])[-8:], 16) for e in world.acted() if L.imsi(LOAD["first"]) <= e["imsi"] <= L.imsi(LOAD["last"])]
    ends = {e["reference"]: e["delivery_outcome"] for e in world.listener.events("report")}
    lost = {reference: ends[reference] for reference in sorted(accepted - set(acted))}
    assert len(acted) == len(set(acted)) and set(acted) <= set(references) and not lost, lost
    print(f"{len(accepted)} of {len(references)} accepted, {len(acted)} acted on, {len(told())} reported")
