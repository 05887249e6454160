"""Act twenty: a recall or replace of a trigger that has ended (TS 23.682 5.2.3.2; CONTRACTS section 2), with an SMS-SC and an SCS played by
hand: DTA 5535 to a replace means that the replacement is a new trigger."""
import itertools

import pytest
from lablib import proc
from support import diameter as D
from support.core import kill_core
from support.hands import DELIVERED, Reader, Smssc, at_its_place, experimental, in_place_of
from support.t4 import DRR, T4
from support.tsp import action, request_status

SUCCESS, USER_UNKNOWN, UNABLE_TO_COMPLY, NOT_PENDING = 2001, 5001, 5012, 5535
SENT, UNKNOWN, RECALL, REPLACE = 112, 107, 3, 4
T4_RECALL, T4_REPLACE = 1, 2  # Trigger-Action
ABSENT, UNDELIVERABLE, UNCONFIRMED = 0, 3, 4  # SM-Delivery-Outcome; Delivery-Outcomes
T = 0x10
FEATURES = D.avp(628, [D.avp(266, D.GPP), D.gpp(629, 1), D.gpp(630, 1)], D.GPP, False)
DEVICE = "meter-210@a.example"
references = itertools.count(21000)


def lab_of(labs, t4_more="", more="dnr: { retry_min: 60s, retry_max: 60s }\n"):
    p = labs.up(t4_more=t4_more, iwf_more=more)
    p.sc = in_place_of(p, "mtc-smssc")
    return p


def down(labs, p):
    p.sc.close()
    wrong = labs.down(p)
    assert not wrong, "\n".join(wrong)


@pytest.fixture(scope="module")
def p(labs):
    p = lab_of(labs, ", answer_wait: 2s")
    yield p
    down(labs, p)


@pytest.fixture(scope="module")
def patient(labs):
    """The DTA may take longer."""
    p = lab_of(labs)
    yield p
    down(labs, p)


@pytest.fixture
def scs(p):
    s = Reader.opened(p)
    yield s
    s.close()


def accept(p, dtr):
    p.sc.reply(dtr, D.avp(268, SUCCESS), FEATURES)


def not_pending(p, dtr):
    p.sc.reply(dtr, experimental(NOT_PENDING), FEATURES)


def submitted(p, scs, reference=None, **what):
    reference = next(references) if reference is None else reference
    scs.ask_later(action(device=what.pop("device", DEVICE), reference=reference, **what))
    dtr = p.sc.take()
    accept(p, dtr)
    assert scs.answered() == 0
    return reference, dtr


def report(p, dtr, outcome=DELIVERED):
    m = p.sc.report(dtr, outcome)
    return m.result or m.experimental


def state(p, reference):
    return next((r["state"] for r in p.ctl("triggers", "list") if r.get("reference") == reference), None)


def ended(p, scs):
    """A trigger that was delivered, reported, acknowledged."""
    reference, dtr = submitted(p, scs)
    assert report(p, dtr) == SUCCESS and scs.reported() == (reference, 0)
    proc.wait_until("it has ended", lambda: state(p, reference) is None)
    return reference


def counter(p, name):
    return next(r["value"] for r in p.ctl("stats") if r.get("name") == name)


def replace(scs, old, **more):
    new = next(references)
    scs.ask_later(action(device=more.pop("device", DEVICE), reference=new, old_reference=old, kind=REPLACE, payload=b"new", **more))
    return new


def recall(scs, old, device=DEVICE):
    scs.ask_later(action(device=device, reference=old, kind=RECALL, trigger_data=False, validity=None))


def another_core(p):
    kill_core(p)
    p.sc.close()
    p.sc = at_its_place(p, p.lab["smssc"], Smssc)

    def usable():
        p.sc.silent()  # answers the watchdogs meanwhile
        return len([r for r in p.ctl("peers", check=False) if r.get("state") == "open"]) == 2
    proc.wait_until("its peers carry traffic", usable)


def test_a_replace_of_an_ended_original_is_live_under_its_own_number(p, scs):
    old = ended(p, scs)
    new = replace(scs, old)
    dtr = p.sc.take()
    assert (dtr.number(3202), dtr.number(3011), dtr.number(3007), dtr.data(3004)) == (T4_REPLACE, old, new, b"new")
    assert dtr.text(293) == p.lab["smssc"]["identity"], "to the SMS-SC that took the original"
    not_pending(p, dtr)
    assert scs.answered() == SENT
    assert state(p, new) == "accepted"
    line = p.wait_decision(reference=new)
    assert (line["verdict"], line["request_status"]) == ("accepted", "ORIGINALMESSAGESENT")
    assert report(p, dtr, ABSENT) == SUCCESS and scs.reported() == (new, UNDELIVERABLE)


def test_a_report_on_its_way_to_the_scs_is_the_end_of_an_original(p, scs):
    """Reported and not acknowledged yet."""
    old, first = submitted(p, scs)
    assert report(p, first) == SUCCESS
    kept = scs.notified()
    new = replace(scs, old)
    dtr = p.sc.take()
    not_pending(p, dtr)
    assert scs.answered() == SENT
    scs.acknowledge(kept)
    assert report(p, dtr) == SUCCESS and scs.reported() == (new, 0)


def test_a_pending_original_that_the_sms_sc_has_sent_is_reported_beside_its_replacement(p, scs):
    old, first = submitted(p, scs)
    new = replace(scs, old)
    dtr = p.sc.take()
    not_pending(p, dtr)
    assert scs.answered() == SENT
    assert (state(p, old), state(p, new)) == ("accepted", "accepted")
    assert report(p, first) == SUCCESS and scs.reported() == (old, 0)
    assert report(p, dtr, ABSENT) == SUCCESS and scs.reported() == (new, UNDELIVERABLE)


def is_held(p, dtr, new):
    """The report before this one has been read, and has changed nothing yet."""
    m = p.sc.ask(DRR, T4, p.sc.drr(dtr, reference=False) + [D.gpp(3007, next(references))])
    assert m.experimental == USER_UNKNOWN and state(p, new) == "submitting"


@pytest.mark.parametrize("pending", [False, True], ids=["ended", "sent meanwhile"])
def test_the_report_comes_before_the_dta(patient, pending):
    """The DTA says whether the original was replaced: as long as it may have been, report and DRA wait for it."""
    p, scs = patient, Reader.opened(patient)
    old, first = submitted(p, scs) if pending else (ended(p, scs), None)
    new = replace(scs, old)
    dtr = p.sc.take()
    end = p.sc.end_base + next(p.sc.ids)
    p.sc.send(D.message(DRR, T4, 0xc0, p.sc.drr(dtr), 4711, end))
    if not pending:
        assert p.sc.expect(DRR, False).result == SUCCESS
        assert scs.answered() == SENT and scs.reported() == (new, 0)
    else:
        is_held(p, dtr, new)
    not_pending(p, dtr)
    if pending:
        assert p.sc.expect(DRR, False).result == SUCCESS
        assert scs.answered() == SENT and scs.reported() == (new, 0)
        assert report(p, first, ABSENT) == SUCCESS and scs.reported() == (old, UNDELIVERABLE)
    scs.close()


def test_the_report_comes_before_a_dta_that_says_replaced(patient):
    p, scs = patient, Reader.opened(patient)
    old, first = submitted(p, scs)
    new = replace(scs, old)
    dtr = p.sc.take()
    p.sc.send(D.message(DRR, T4, 0xc0, p.sc.drr(dtr), 4712, p.sc.end_base + next(p.sc.ids)))
    is_held(p, dtr, new)
    accept(p, dtr)
    assert p.sc.expect(DRR, False).result == SUCCESS
    assert scs.answered() == 0 and scs.reported() == (new, 0)
    assert state(p, old) is None and report(p, first) == USER_UNKNOWN, "the original was replaced, and has no report"
    scs.close()


def test_more_reports_than_may_wait_come_again(labs):
    """One waits for its DTA. Its copy, and the report of another trigger, are refused for now, and taken when it has its answer."""
    p = lab_of(labs, more="dnr: { retry_min: 60s, retry_max: 60s }\nlimits: { reports_pending: 1 }\n")
    scs = Reader.opened(p)
    other, dtr_of_other = submitted(p, scs, device="meter-211@a.example")
    old, _ = submitted(p, scs)
    new = replace(scs, old)
    dtr = p.sc.take()
    drr, end = p.sc.drr(dtr), p.sc.end_base + next(p.sc.ids)
    p.sc.send(D.message(DRR, T4, 0xc0, drr, 4713, end))
    assert report(p, dtr_of_other, ABSENT) == UNABLE_TO_COMPLY
    assert p.sc.ask(DRR, T4, drr, flags=0xc0 | T, end=end).result == UNABLE_TO_COMPLY
    assert counter(p, "reports_full") == 2
    accept(p, dtr)
    m = p.sc.expect(DRR, False)
    assert (m.result, m.hop) == (SUCCESS, 4713)
    assert scs.answered() == 0 and scs.reported() == (new, 0)
    assert report(p, dtr_of_other, ABSENT) == SUCCESS and scs.reported() == (other, UNDELIVERABLE)
    assert counter(p, "reports_full") == 2
    scs.close()
    down(labs, p)


def test_the_dta_is_lost_and_the_copy_tells(p, scs):
    old = ended(p, scs)
    new = replace(scs, old)
    first = p.sc.take()
    copy = p.sc.take()
    assert (copy.end, copy.flags & T, copy.text(293), copy.data(263)) == (first.end, T, first.text(293), first.data(263))
    not_pending(p, copy)
    assert scs.answered() == SENT
    assert report(p, first) == SUCCESS and scs.reported() == (new, 0)


def test_the_core_dies_before_the_dta(p, scs):
    old = ended(p, scs)
    new = replace(scs, old)
    first = p.sc.take()
    kill_core(p)
    p.sc.close()
    p.sc = at_its_place(p, p.lab["smssc"], Smssc)
    copy = p.sc.take()
    assert (copy.end, copy.flags & T, copy.number(3202), copy.number(3011)) == (first.end, T, T4_REPLACE, old)
    not_pending(p, copy)
    assert scs.answered() == SENT, "the edge asked the next core, too"
    assert report(p, copy) == SUCCESS and scs.reported() == (new, 0)


def test_the_next_core_knows_what_was_told(p, scs):
    """After the DAA: the acceptance, and its answer, come back; the original is known, too."""
    old, new = ended(p, scs), next(references)
    inside, end = action(device=DEVICE, reference=new, old_reference=old, kind=REPLACE, payload=b"new"), scs.end_base + next(scs.ids)
    scs.ask_later(inside, end)
    dtr = p.sc.take()
    not_pending(p, dtr)
    assert scs.answered() == SENT
    m = p.sc.ask(DRR, T4, p.sc.drr(dtr, reference=False) + [D.gpp(3007, next(references))])
    assert m.experimental == USER_UNKNOWN, "what came before is on disk now"
    another_core(p)
    assert state(p, new) == "accepted"
    assert request_status(scs.dar(inside, end=end, flags=0xd0)) == SENT and p.sc.silent(), "a copy of the request does nothing"
    recall(scs, old)
    asked = p.sc.take()
    assert (asked.number(3202), asked.number(3011), asked.text(293)) == (T4_RECALL, old, p.lab["smssc"]["identity"])
    not_pending(p, asked)
    assert scs.answered() == SENT
    assert report(p, dtr) == SUCCESS and scs.reported() == (new, 0)


def test_a_recall_of_an_ended_original_leaves_nothing_live(p, scs):
    old = ended(p, scs)
    recall(scs, old)
    asked = p.sc.take()
    assert (asked.number(3202), asked.number(3011), asked.number(3007)) == (T4_RECALL, old, None)
    not_pending(p, asked)
    assert scs.answered() == SENT
    line = p.wait_decision(reference=old, action="recall")
    assert (line["verdict"], line["reason"]) == ("refused", "smssc-original-sent")
    assert state(p, old) is None


def test_what_was_never_accepted_is_unknown_and_nobody_is_asked(p, scs):
    for ask in (recall, replace):
        reference = ask(scs, 29999) or 29999
        assert scs.answered() == UNKNOWN and p.sc.silent()
        assert p.wait_decision(reference=reference)["reason"] == "original-unknown"


def test_what_another_scs_had_is_unknown(p, scs):
    old = ended(p, scs)
    other = Reader.opened(p, "gamma")
    p.ctl("assoc", "add", "gamma", DEVICE, check=False)
    recall(other, old)
    assert other.answered() == UNKNOWN and p.sc.silent()
    other.close()


def test_an_ended_original_is_of_its_device(p, scs):
    """A right on one device says nothing about a trigger to another."""
    old = ended(p, scs)
    new = replace(scs, old, device="meter-211@a.example")
    assert scs.answered() == 105 and p.sc.silent()
    assert p.wait_decision(reference=new)["reason"] == "original-of-another-device"


def test_it_is_forgotten_after_the_window(labs):
    p = lab_of(labs, more="limits: { report_duplicates_window: 1s }\n")
    scs = Reader.opened(p)
    old = ended(p, scs)

    def forgotten():
        recall(scs, old)
        p.sc.sock.settimeout(0.3)
        try:
            not_pending(p, p.sc.take())
        except TimeoutError:
            return scs.answered() == UNKNOWN
        finally:
            p.sc.sock.settimeout(proc.HANG_S)
        assert scs.answered() == SENT
        return False
    proc.wait_until("it is forgotten", forgotten)
    scs.close()
    down(labs, p)


def test_an_sms_sc_that_refuses_such_a_replace(labs):
    """replace_not_pending: refused. The answer is 112 all the same, and nothing is live."""
    p = lab_of(labs, ", replace_not_pending: refused")
    scs = Reader.opened(p)
    old = ended(p, scs)
    new = replace(scs, old)
    dtr = p.sc.take()
    not_pending(p, dtr)
    assert scs.answered() == SENT
    line = p.wait_decision(reference=new)
    assert (line["verdict"], line["reason"], state(p, new)) == ("refused", "smssc-original-sent", None)
    assert report(p, dtr) == USER_UNKNOWN
    scs.close()
    down(labs, p)
