"""Act eighteen: copies and reports at the edges of their rules (CONTRACTS section 3), with an SMS-SC and an SCS played by hand; what act
nine shows is not shown again here."""
import itertools
import time

import pytest
from lablib import proc
from support import diameter as D
from support.core import kill_core
from support.hands import TSP_FLAGS, Reader, Smssc, at_its_place, experimental, in_place_of
from support.tsp import action, request_status

references = itertools.count(18000)
T_FLAG = 0x10
DEVICE = "meter-181@a.example"


def lab_with_hands(labs, more):
    p = labs.up(t4_more=", answer_wait: 2s", iwf_more=more)
    p.sc = in_place_of(p, "mtc-smssc")
    return p


def ended(labs, p):
    p.sc.close()
    wrong = labs.down(p)
    assert not wrong, "\n".join(wrong)


@pytest.fixture(scope="module")
def played(labs):
    p = lab_with_hands(labs, "limits: { duplicates: 1024 }\njournal: { report_grace: 0s, report_retention: 10s }\n"
                       "dnr: { answer_wait: 2s, retry_min: 100ms, retry_max: 200ms }\n")
    yield p
    ended(labs, p)


@pytest.fixture
def scs(played):
    s = Reader.opened(played)
    yield s
    s.close()


def submitted(p, scs, **what):
    """A request that has reached the SMS-SC: its reference, its End-to-End-Id, the DTR."""
    reference = next(references)
    end = scs.ask_later(action(device=DEVICE, reference=reference, **what))
    return reference, end, p.sc.take()


def accepted(p, scs, **what):
    reference, end, dtr = submitted(p, scs, **what)
    p.sc.accept(dtr)
    assert scs.answered() == 0
    return reference, end, dtr


def counter(p, name):
    return next(r["value"] for r in p.ctl("stats") if r.get("name") == name)


def under_way(p):
    return [r["reference"] for r in p.ctl("triggers", "list", "--limit", "0") if "reference" in r]


def quiet(scs, wait_s=0.5):
    """True when nothing comes for a moment."""
    scs.sock.settimeout(wait_s)
    try:
        scs.expect(0, True)
    except TimeoutError:
        return True
    finally:
        scs.sock.settimeout(proc.HANG_S)
    return False


# -- reports


def test_a_report_before_the_answer_is_the_acceptance(played, scs):
    reference, _, dtr = submitted(played, scs)
    assert played.sc.report(dtr).result == 2001
    m = scs.receive()
    assert (m.code, request_status(m)) == (D.DAR, 0), "the answer first"
    assert scs.reported() == (reference, 0)
    played.sc.accept(dtr)
    assert quiet(scs), "the late answer of the SMS-SC says nothing new"


def test_a_report_after_the_end_changes_nothing(played, scs):
    reference, _, dtr = accepted(played, scs, validity=3)
    assert scs.reported() == (reference, 4)
    proc.wait_until("it is over", lambda: reference not in under_way(played))
    foreign = counter(played, "reports_foreign")
    assert played.sc.report(dtr).experimental == 5001
    assert quiet(scs) and counter(played, "reports_foreign") == foreign + 1


def test_a_report_after_201_is_late_and_counted_apart(played, scs):
    reference, _, dtr = submitted(played, scs)
    played.sc.take()  # the copy; none is answered
    assert scs.answered() == 201
    played.sc.take()  # the recall
    late = counter(played, "reports_late")
    assert played.sc.report(dtr).result == 2001
    assert quiet(scs), "what was answered 201 is not reported"
    assert counter(played, "reports_late") == late + 1 and reference not in under_way(played)


def test_a_report_is_sent_until_it_is_acknowledged(played, scs):
    reference, _, dtr = accepted(played, scs)
    assert played.sc.report(dtr).result == 2001
    first, second, third = scs.notified(), scs.notified(), scs.notified()
    assert {m.end for m in (first, second, third)} == {first.end}, "one report, one End-to-End-Id"
    assert not first.flags & T_FLAG and second.flags & T_FLAG and third.flags & T_FLAG
    scs.acknowledge(third, 5012)  # a refusal is no acknowledgement
    fourth = scs.notified()
    assert fourth.end == first.end and fourth.number(3002, 3007) == reference
    scs.acknowledge(fourth)
    assert quiet(scs) and reference not in under_way(played)


def test_a_report_that_nobody_acknowledges_ends_with_its_retention(played, scs):
    reference, _, dtr = accepted(played, scs)
    assert played.sc.report(dtr).result == 2001
    expired = counter(played, "reports_expired")
    proc.wait_until("it is given up", lambda: reference not in under_way(played))
    assert counter(played, "reports_expired") == expired + 1
    with open(played.lab["logs"]["mtc-iwfd"], encoding="utf-8", errors="replace") as f:
        lines = [line for line in f if f" of trigger {reference} " in line and "is dropped" in line]
    assert len(lines) == 1 and "not acknowledged within journal.report_retention" in lines[0], "each dropped report leaves a line"
    row = played.ctl("triggers", "show", "acme", reference)[0]
    assert row["untold"] is True and row["outcome"] == "SUCCESS" and row["dnrs_sent"] > 1


def test_a_report_follows_the_scs_to_its_new_connection(played):
    asker = Reader.opened(played)
    reference, _, dtr = accepted(played, asker)
    assert played.sc.report(dtr).result == 2001
    first = asker.notified()
    asker.close()  # without an acknowledgement
    other = Reader.opened(played)
    second = other.notified()
    assert (second.end, second.number(3002, 3007)) == (first.end, reference) and second.flags & T_FLAG
    other.acknowledge(second)
    other.close()


# -- copies


def copy_of(scs, end, **what):
    """The same request once more, with T; its Request-Status."""
    return request_status(scs.dar(action(device=DEVICE, **what), end=end, flags=TSP_FLAGS | T_FLAG))


def test_a_copy_is_known_as_long_as_there_is_room(played, scs):
    """The window holds 1024 requests here: the oldest go, a counter moves, and the number still protects what is pending."""
    reference, end, dtr = accepted(played, scs)
    assert copy_of(scs, end, reference=reference) == 0 and played.sc.silent()
    dropped = counter(played, "duplicates_full")
    for _ in range(11):  # fewer at a time than an SCS may have without an answer, however slow the core is
        for _ in range(100):
            scs.ask_later(action(device="meter-501@b.example", reference=next(references)))
        assert [scs.answered() for _ in range(100)] == [105] * 100
    assert counter(played, "duplicates_full") > dropped
    time.sleep(1.1)  # log.lines_per_second: in this second further refusals of the SCS are only counted
    assert copy_of(scs, end, reference=reference) == 107 and played.sc.silent()
    assert played.wait_decision(reference=reference, verdict="refused")["reason"] == "reference-in-use"
    assert played.sc.report(dtr).result == 2001 and scs.reported() == (reference, 0)


# -- a core that dies


def another_core(p):
    """Kills the core; the SMS-SC by hand waits for the next one."""
    kill_core(p)
    p.sc.close()
    p.sc = at_its_place(p, p.lab["smssc"], Smssc)


@pytest.fixture
def patient(labs):
    p = lab_with_hands(labs, "dnr: { retry_min: 60s, retry_max: 60s }\n")
    yield p
    ended(labs, p)


def test_what_waits_for_the_sms_sc_asks_when_it_is_there_again(patient):
    """Not when its pause of 60 s here is over: the recall of a trigger that was answered 201, and after a death of the core an undecided
    trigger that found nobody to ask."""
    scs = Reader.opened(patient)
    reference, _, _ = submitted(patient, scs)
    patient.sc.take()
    assert scs.answered() == 201
    recall = patient.sc.take()
    patient.sc.close()  # unanswered
    patient.sc = at_its_place(patient, patient.lab["smssc"], Smssc)
    again = patient.sc.take()
    assert (again.end, again.number(3011)) == (recall.end, reference) and again.flags & T_FLAG
    patient.sc.accept(again)
    reference, _, dtr = submitted(patient, scs)
    another_core(patient)
    again = patient.sc.take()
    assert (again.end, again.number(3007)) == (dtr.end, reference) and again.flags & T_FLAG
    patient.sc.accept(again)
    assert scs.answered() == 0
    scs.close()


@pytest.fixture
def mortal(labs):
    p = lab_with_hands(labs, "")
    yield p
    ended(labs, p)


def test_copies_over_the_death_of_the_core(mortal):
    """The copy of an accepted request gets the same answer from the next core; other content under its id is refused; one whose DTR was
    out is asked again with T and the same id, and its SCS, still connected, is answered once, and its copy, too."""
    scs = Reader.opened(mortal)
    reference, end, _ = accepted(mortal, scs)
    proc.wait_until("the acceptance is on disk", lambda: mortal.ctl("triggers", "show", "acme", reference)[0]["state"] == "accepted")
    unanswered, its_end, dtr = submitted(mortal, scs)
    another_core(mortal)
    again = mortal.sc.take()
    assert (again.end, again.number(3007)) == (dtr.end, unanswered) and again.flags & T_FLAG
    scs.ask_later(action(device=DEVICE, reference=unanswered), its_end, TSP_FLAGS | T_FLAG)
    mortal.sc.accept(again)
    assert [scs.answered(), scs.answered()] == [0, 0] and quiet(scs), "the request and its copy, once each"
    assert copy_of(scs, end, reference=reference) == 0
    assert copy_of(scs, end, reference=reference, payload=b"other") == 107
    assert mortal.sc.silent(), "no copy became a trigger"
    scs.close()


@pytest.mark.parametrize("result,taken", [(D.avp(268, 2002), True), (experimental(2001, 0), True), (experimental(5002, 0), False)],
                         ids=["2002", "experimental 2001 of vendor 0", "experimental 5002 of vendor 0"])
def test_a_dna_is_judged_by_its_class(played, scs, result, taken):
    reference, _, dtr = accepted(played, scs)
    played.sc.report(dtr)
    m = scs.notified()
    assert m.number(3002, 3007) == reference
    scs.answer(m, [D.avp(263, m.data(263)), D.avp(258, D.TSP), D.avp(277, 1), *scs.origin(), result])
    if taken:
        assert quiet(scs)
    else:
        assert scs.reported()[0] == reference  # sent again
