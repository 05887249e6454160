"""Act nineteen: one deadline for the answer to an SCS, known to the edge and the core. What the SCS was told is what the decision log
says, what the quota counts, and what the SMS-SC is left with."""
import itertools
import os
import signal
import time

import pytest
from lablib import lab as L
from lablib import proc
from support import diameter as D
from support.core import core
from support.hands import Reader, Smssc, at_its_place, in_place_of
from support.t4 import T
from support.tsp import action, request_status

references = itertools.count(19000)
RECALL = 1  # Trigger-Action
QUIET_S = 3  # when nothing has come for that time, nothing more will


def kind(dtr):
    return dtr.number(3202)


def told(p, reference):
    """The Request-Status in the decision log."""
    names = {"SUCCESS": 0, "TEMPORARYERROR": 201}
    line = p.wait_decision(reference=reference, action="trigger")
    assert len(p.decisions(reference=reference, action="trigger")) == 1, "one decision for one request"
    return names[line["request_status"]], line["reason"]


def submitted(p, within_s=QUIET_S):
    """Reference-Numbers of all triggers that come until nothing comes for that time; recalls are answered, too."""
    p.sc.sock.settimeout(within_s)
    references_seen = set()
    try:
        while True:
            dtr = p.sc.take()
            p.sc.accept(dtr)
            if kind(dtr) != RECALL:
                references_seen.add(dtr.number(3007))
    except TimeoutError:
        return references_seen


def stand(labs, s6m, t4, limits=""):
    # A core that stands still is what is played here: nobody ends it for that.
    p = labs.up(s6m_more=f", answer_wait: {s6m}", t4_more=f", answer_wait: {t4}", timers_more=", hang: 0s", iwf_more=limits)
    p.sc = in_place_of(p, "mtc-smssc")
    return p


def fall(labs, p):
    p.sc.close()
    wrong = labs.down(p)
    assert not wrong, "\n".join(wrong)


@pytest.fixture(scope="module")
def quick(labs):
    """Edges answer by themselves after 2.6 s."""
    p = stand(labs, "100ms", "100ms")
    yield p
    fall(labs, p)


@pytest.fixture
def scs(quick):
    s = Reader.opened(quick)
    yield s
    s.close()


def test_a_core_that_stood_still_submits_nothing_afterwards(quick, scs):
    reference = next(references)
    pid = core(quick)
    os.kill(pid, signal.SIGSTOP)
    try:
        m = scs.dar(action(device="meter-1@a.example", reference=reference))
    finally:
        os.kill(pid, signal.SIGCONT)
    assert request_status(m) == 201
    assert told(quick, reference) == (201, "answer-overdue")
    assert quick.sc.silent(), "no DTR leaves"


def test_an_acceptance_that_comes_too_late_is_taken_back(labs):
    p = stand(labs, "1s", "1s")
    scs = Reader.opened(p)
    try:
        reference = next(references)
        scs.sock.settimeout(proc.HANG_S)
        end = scs.ask_later(action(device="meter-2@a.example", reference=reference, validity=300))
        dtr = p.sc.take()
        pid = core(p)
        os.kill(pid, signal.SIGSTOP)
        try:
            p.sc.accept(dtr)
            assert scs.answered() == 201
        finally:
            os.kill(pid, signal.SIGCONT)
        while kind(recall := p.sc.take()) != RECALL:  # a slow machine stops the core after the copy has left
            assert recall.number(3007) == reference
        assert recall.number(3011) == reference
        p.sc.accept(recall)
        status, _ = told(p, reference)
        assert status == 201
        scs.ask_later(action(device="meter-2@a.example", reference=reference, validity=300), end)
        assert scs.answered() == 201, "and a copy hears the same"
    finally:
        scs.close()
        fall(labs, p)


def test_a_full_window_and_slow_neighbours(labs):
    """What waits for its turn twice, and is answered late each time, is answered by the core and by nobody else."""
    p = stand(labs, "1s", "3s", "limits: { peer_window: 1 }\n")  # edges answer after 16 s, and would after 10 s if they left out the waits
    late_s = 2.5
    scs = Reader.opened(p)
    try:
        first, second, urgent = (next(references) for _ in range(3))
        scs.ask_later(action(device="meter-3@a.example", reference=first))
        a = p.sc.take()
        scs.ask_later(action(device="meter-4@a.example", reference=second))
        time.sleep(late_s)
        p.sc.accept(a)
        b = p.sc.take()  # it gets no answer, so the next one leaves 3 s later
        assert b.number(3007) == second
        time.sleep(1)
        scs.ask_later(action(device="meter-5@a.example", reference=urgent, priority=1))
        c = p.sc.take()  # before the copy of the second
        assert c.number(3007) == urgent
        time.sleep(late_s)
        p.sc.accept(c)
        copy = p.sc.take()
        assert copy.number(3007) == second and copy.flags & T
        time.sleep(late_s)  # more than 10 s after its request
        p.sc.accept(copy)
        answers = [scs.answered() for _ in range(3)]
        assert answers == [0, 0, 0]
        assert [told(p, r)[0] for r in (first, second, urgent)] == [0, 0, 0]
    finally:
        scs.close()
        fall(labs, p)


def test_what_a_burst_is_told_is_what_the_log_says(labs):
    """An SMS-SC that takes 200 ms for each, one at a time, while thirty wait."""
    p = stand(labs, "500ms", "1s", "limits: { peer_window: 1 }\n")
    scs = Reader.opened(p)
    scs.sock.settimeout(proc.HANG_S)
    try:
        wanted = [next(references) for _ in range(30)]
        for i, r in enumerate(wanted):
            scs.ask_later(action(device=f"meter-{10 + i}@a.example", reference=r))
        taken = set()
        p.sc.sock.settimeout(QUIET_S)
        try:
            while True:
                dtr = p.sc.take()
                time.sleep(0.2)
                p.sc.accept(dtr)
                taken.add(dtr.number(3007)) if kind(dtr) != RECALL else taken.discard(dtr.number(3011))
        except TimeoutError:
            pass
        heard = {}
        for _ in wanted:
            m = scs.expect(D.DAR, False)
            heard[m.number(3002, 3007)] = request_status(m)
        assert set(heard.values()) == {0, 201}, "some in time, some not"
        assert {r: told(p, r)[0] for r in wanted} == heard
        assert {r for r, status in heard.items() if status == 0} == taken, "the SMS-SC has what was accepted, and nothing else"
    finally:
        scs.close()
        fall(labs, p)


def test_a_refusal_of_what_never_left_outlives_the_core(labs):
    """A core that is killed right after a 201 leaves nothing that the next one submits."""
    p = stand(labs, "1s", "1s", "limits: { peer_window: 5 }\n")
    scs = Reader.opened(p)
    try:
        all_of_them = [next(references) for _ in range(30)]
        for i, reference in enumerate(all_of_them):
            scs.ask_later(action(device=f"meter-{1 + i}@a.example", reference=reference, validity=300))
        left = {p.sc.take().number(3007) for _ in range(5)}
        pid = core(p)
        p.sc.close()
        answers = [scs.expect(D.DAR, False)]
        assert request_status(answers[0]) == 201
        os.kill(pid, signal.SIGKILL)
        p.sc = at_its_place(p, p.lab["smssc"], Smssc)
        later = submitted(p) - left
        scs.sock.settimeout(proc.HANG_S)
        answers += [scs.expect(D.DAR, False) for _ in all_of_them[1:]]
        refused = {m.number(3002, 3007) for m in answers if request_status(m) == 201}
        assert not later & refused, "what never left is not submitted after its 201"
        assert answers[0].number(3002, 3007) not in later
    finally:
        scs.close()
        fall(labs, p)


@pytest.mark.parametrize("gone", ["session", "edges", "late"])
def test_what_an_edge_answered_and_nobody_was_told_is_not_resumed(labs, gone):
    """The core stands still; the edge says 201; its session or the edge ends; and then the core: the next one knows the time is over.
    late: the core got the request when half of the time was over."""
    p = stand(labs, "500ms", "500ms")  # the edge answers after 5 s
    scs = Reader.opened(p)
    try:
        reference = next(references)
        scs.sock.settimeout(proc.HANG_S)
        pid = core(p)
        if gone == "late":
            os.kill(pid, signal.SIGSTOP)
        scs.ask_later(action(device="meter-4@a.example", reference=reference, validity=300))
        if gone == "late":
            time.sleep(2.5)  # what is played: the core gets the request that late
            os.kill(pid, signal.SIGCONT)
        dtr = p.sc.take()
        assert dtr.number(3007) == reference
        os.kill(pid, signal.SIGSTOP)
        assert scs.answered() == 201
        edges = L.roles(p.lab["iwf"]["pids"]["parent"])["edges"]
        scs.close()
        if gone == "edges":
            for edge in edges:
                os.kill(edge, signal.SIGKILL)
        os.kill(pid, signal.SIGKILL)
        p.sc.close()
        p.sc = at_its_place(p, p.lab["smssc"], Smssc)
        assert submitted(p, 4) == set()
        status, _ = told(p, reference)
        assert status == 201
    finally:
        scs.close()
        fall(labs, p)
