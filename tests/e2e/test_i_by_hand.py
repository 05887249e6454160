"""Act nine: the SMS-SC is played by hand, so that it can be slow, forgetful and wrong (CONTRACTS section 3, reports and duplicates)."""
import pytest
from lablib import lab as L
from lablib import proc
from support import diameter as D
from support.hands import TSP_FLAGS, Reader, Smssc, accepted, in_place_of, lab_played
from support.t4 import DRR, T4, smea
from support.tsp import action, request_status

UNHEARD_OF = 99  # SM-Delivery-Outcome


@pytest.fixture(scope="module")
def lab_by_hand(labs):
    with lab_played(labs) as p:
        yield p


@pytest.fixture
def scs(lab_by_hand):
    s = Reader.opened(lab_by_hand)
    yield s
    s.close()


def test_a_copy_in_flight_waits_with_the_first_and_one_dtr_leaves(lab_by_hand, scs):
    sc, other = lab_by_hand.sc, Reader.opened(lab_by_hand)
    inside, end = action(device="meter-401@a.example", reference=401), scs.end_base
    scs.ask_later(inside, end)
    dtr = sc.take()
    scs.ask_later(inside, end, TSP_FLAGS | 0x10)
    other.ask_later(inside, end, TSP_FLAGS | 0x10)
    assert sc.silent(), "a copy was submitted"
    sc.accept(dtr)
    answers = [scs.expect(D.DAR, False), scs.expect(D.DAR, False), other.expect(D.DAR, False)]
    assert [request_status(m) for m in answers] == [0, 0, 0]
    sc.report(dtr)
    assert scs.reported() == (401, 0)
    other.close()


def test_a_report_with_its_number_is_passed_on_and_acknowledged(lab_by_hand, scs):
    dtr = accepted(scs, lab_by_hand.sc, device="meter-402@a.example", reference=402)
    assert dtr.text(3102, 1) == L.imsi(402) and dtr.data(3309) == smea(lab_by_hand.scs["acme"]["e164"])
    assert lab_by_hand.sc.report(dtr).result == 2001
    assert scs.reported() == (402, 0)


def test_a_report_without_its_number_counts_if_one_trigger_fits(lab_by_hand, scs):
    dtr = accepted(scs, lab_by_hand.sc, device="meter-403@a.example", reference=403)
    assert lab_by_hand.sc.report(dtr, reference=False).result == 2001
    assert scs.reported() == (403, 0)


def test_a_report_without_its_number_that_fits_two_triggers_is_refused(lab_by_hand, scs):
    sc = lab_by_hand.sc
    first = accepted(scs, sc, device="meter-404@a.example", reference=4041)
    second = accepted(scs, sc, device="meter-404@a.example", reference=4042)
    assert sc.report(first, reference=False).experimental == 5001
    assert sc.report(first).result == 2001 and scs.reported() == (4041, 0)
    proc.wait_until("the first is over", lambda: 4041 not in [r.get("reference") for r in lab_by_hand.ctl("triggers", "list")])
    assert sc.report(second, reference=False).result == 2001 and scs.reported() == (4042, 0)


def test_an_outcome_nobody_knows_is_a_temporary_error(lab_by_hand, scs):
    dtr = accepted(scs, lab_by_hand.sc, device="meter-405@a.example", reference=405)
    assert lab_by_hand.sc.report(dtr, UNHEARD_OF).result == 2001
    assert scs.reported() == (405, 2)


def test_a_report_for_another_scs_or_of_another_sms_sc_changes_nothing(lab_by_hand, scs):
    sc = lab_by_hand.sc
    dtr = accepted(scs, sc, device="meter-406@a.example", reference=406)
    assert sc.report(dtr, scs=lab_by_hand.scs["beta"]["e164"]).experimental == 5001
    m = sc.report(dtr, host="smssc-2.core.operator.example")
    assert m.result != 2001 and (m.result or m.experimental), "a report of an SMS-SC that took nothing"
    assert [r["reference"] for r in lab_by_hand.ctl("triggers", "list", "--scs", "acme") if r.get("reference") == 406] == [406]
    assert sc.report(dtr).result == 2001 and scs.reported() == (406, 0)


def test_a_report_that_comes_twice_is_acknowledged_twice_and_passed_on_once(lab_by_hand, scs):
    sc = lab_by_hand.sc
    dtr = accepted(scs, sc, device="meter-407@a.example", reference=407)
    assert sc.report(dtr).result == 2001 and scs.reported() == (407, 0)
    sc.report(dtr)
    marker = accepted(scs, sc, device="meter-408@a.example", reference=408)
    assert sc.report(marker).result == 2001 and scs.reported() == (408, 0)


def test_no_answer_of_the_sms_sc_is_never_a_refusal(lab_by_hand, scs):
    """CONTRACTS section 3: after time-out and one copy with T and the same End-to-End-Id the SCS gets 201, and the trigger is recalled."""
    sc = lab_by_hand.sc
    scs.sock.settimeout(proc.HANG_S), sc.sock.settimeout(proc.HANG_S)
    scs.ask_later(action(device="meter-409@a.example", reference=409), scs.end_base)
    first, copy = sc.take(), sc.take()
    assert copy.end == first.end and copy.flags & 0x10 and not first.flags & 0x10 and copy.number(3007) == 409
    assert copy.octets[20:] == first.octets[20:], "a copy is the same request, Validity-Time and all"
    assert request_status(scs.expect(D.DAR, False)) == 201
    recall = sc.take()
    assert recall.number(3202) is not None and recall.number(3007) in (409, None) or recall.number(3011) == 409
    sc.accept(recall)


def test_a_copy_the_sms_sc_has_trouble_with_proves_nothing_about_the_first(lab_by_hand, scs):
    """An SMS-SC that does not deduplicate: 5012 on the copy; the first may have been taken, so 201 and the trigger is taken back."""
    sc = lab_by_hand.sc
    scs.sock.settimeout(proc.HANG_S), sc.sock.settimeout(proc.HANG_S)
    scs.ask_later(action(device="meter-411@a.example", reference=411), scs.end_base)
    first, copy = sc.take(), sc.take()
    assert copy.end == first.end
    sc.reply(copy, D.avp(268, 5012))
    assert request_status(scs.expect(D.DAR, False)) == 201
    recall = sc.take()
    assert recall.number(3202) == 1 and recall.number(3011) == 411
    sc.accept(recall)


def test_a_core_peer_that_does_not_answer_our_dpr_is_left_all_the_same(labs):
    p = labs.up()
    hss = in_place_of(p, "mtc-hss")
    wrong = labs.down(p)  # the HSS is still connected and silent
    assert not wrong, "\n".join(wrong)
    assert hss.expect(D.DPR, True).number(273) == 0
    hss.close()


def test_the_hss_reports_nothing(lab_by_hand, scs):
    dtr = accepted(scs, lab_by_hand.sc, device="meter-410@a.example", reference=410)
    hss = in_place_of(lab_by_hand, "mtc-hss")
    m = hss.ask(DRR, T4, Smssc.drr(hss, dtr))
    assert m.result in (5003, 3007), m.result
    assert lab_by_hand.sc.report(dtr).result == 2001 and scs.reported() == (410, 0)
    hss.close()


