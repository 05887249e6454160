"""Act twelve: recall and replace, rights and validities that end (TS 23.682 5.2.3; CONTRACTS sections 1 to 3), with the real SMS-SC and
with one played by hand where the real one cannot be late, wrong or without the feature."""
import time

import pytest
from lablib import lab as L
from lablib import proc
from support import diameter as D
from support.core import kill_core, next_core
from support.hands import Reader, Smssc, accepted, at_its_place, experimental, in_place_of, lab_played
from support.t4 import smea
from support.tsp import Scs, action, request_status

TRIGGER, RECALL, REPLACE = 1, 3, 4  # Action-Type
T4_RECALL, T4_REPLACE = 1, 2  # Trigger-Action
EXPIRED, UNDELIVERABLE = 1, 3  # Delivery-Outcome
SUCCESS, NOT_DELETED = 2001, 0
T = 0x10


def meter(n):
    return f"meter-{n - 400}@a.example"


def imsi(n):
    return L.imsi(n - 400)


def recall(n, reference, **more):
    return action(device=meter(n), reference=reference, kind=RECALL, trigger_data=False, validity=None, **more)


def replace(n, reference, old, payload=b"new", **more):
    return action(device=meter(n), reference=reference, old_reference=old, kind=REPLACE, payload=payload, **more)


def pending(p, scs="acme"):
    return {r["reference"]: r["state"] for r in p.ctl("triggers", "list", "--scs", scs) if "reference" in r}


def diagnostic(m):
    return m.number(3002, 3203)


# -- with the elements as they are


@pytest.fixture
def away(lab):
    """Devices that are absent until the test is over."""
    gone = []

    def leave(n):
        lab.ue("absent", imsi(n))
        gone.append(n)
    yield leave
    for n in gone:
        lab.ue("present", imsi(n))


def payloads(lab, n):
    return [bytes.fromhex(t["payload_hex"]) for t in lab.ue_triggers(imsi=imsi(n))]


def test_a_recalled_trigger_never_arrives_and_is_not_reported(lab, away):
    away(601)
    scs = Reader.opened(lab)
    assert request_status(scs.dar(action(device=meter(601), reference=601))) == 0
    m = scs.dar(recall(601, 601))
    assert (m.result, request_status(m), m.number(3002, 3005), m.number(3002, 3007)) == (SUCCESS, 0, RECALL, 601)
    assert m.number(3012) == 1, "the SMS-SC knows recall and replace, and the SCS is told"
    assert 601 not in pending(lab)
    assert lab.wait_decision(reference=601, action="recall")["verdict"] == "accepted"
    assert request_status(scs.dar(action(device=meter(601), reference=601, payload=b"again"))) == 0, "the reference is free again"
    lab.ue("present", imsi(601))
    assert scs.reported() == (601, 0)
    assert payloads(lab, 601) == [b"again"]
    scs.close()


def test_a_replaced_trigger_is_delivered_and_reported_under_the_new_number(lab, away):
    away(602)
    scs = Reader.opened(lab)
    assert request_status(scs.dar(action(device=meter(602), reference=6021, payload=b"old"))) == 0
    m = scs.dar(replace(602, 6022, 6021))
    assert (request_status(m), m.number(3002, 3005), m.number(3002, 3007)) == (0, REPLACE, 6022)
    assert 6021 not in pending(lab) and pending(lab)[6022] == "accepted"
    lab.ue("present", imsi(602))
    assert scs.reported() == (6022, 0)
    assert payloads(lab, 602) == [b"new"]
    scs.close()


def test_by_the_programs(lab, away):
    """mtc-scs does its side: exit codes, events, and its words for what the SMS-SC could not do."""
    away(603)
    assert lab.trigger("acme", device=meter(603), reference=6031, validity=600).code == 0
    assert lab.trigger("acme", action="replace", device=meter(603), reference=6032, old_reference=6031, validity=600).code == 0
    got = lab.trigger("acme", action="recall", payload=None, device=meter(603), reference=6031)
    assert got.code == 3 and got.status == "ORIGINALMESSAGESENT", got
    assert lab.wait_decision(reference=6031, action="recall")["reason"] == "smssc-original-sent"
    got = lab.trigger("acme", action="recall", payload=None, device=meter(603), reference=6032)
    assert got.code == 0 and got.status == "SUCCESS", got
    assert got.event("answer")["feature_supported_in_final_target"] == 1


def test_a_delivered_trigger_is_not_recalled_and_its_replacement_is_a_trigger_of_its_own(lab):
    """TS 23.682 5.2.3.2: the SCS is told 112, and the replacement is delivered and reported."""
    scs = Reader.opened(lab)
    assert request_status(scs.dar(action(device=meter(604), reference=6041, payload=b"old"))) == 0
    assert scs.reported() == (6041, 0)
    proc.wait_until("it has ended", lambda: 6041 not in pending(lab))
    assert request_status(scs.dar(recall(604, 6041))) == 112
    m = scs.dar(replace(604, 6042, 6041))
    assert (request_status(m), m.number(3002, 3007)) == (112, 6042)
    assert scs.reported() == (6042, 0)
    assert payloads(lab, 604) == [b"old", b"new"]
    line = lab.wait_decision(reference=6042)
    assert (line["verdict"], line["request_status"], line["reason"]) == ("accepted", "ORIGINALMESSAGESENT", "")
    assert request_status(scs.dar(recall(604, 6049))) == 107, "a number that never was"
    assert request_status(scs.dar(replace(604, 6048, 6049))) == 107
    assert lab.wait_decision(reference=6048)["reason"] == "original-unknown"
    scs.close()


def test_what_is_being_delivered_is_111_and_110_with_the_diagnostic(lab):
    lab.ue("slow", 1500, imsi(605))
    scs = Reader.opened(lab)
    try:
        assert request_status(scs.dar(action(device=meter(605), reference=6051))) == 0
        proc.wait_until("it is at the device", lambda: payloads(lab, 605))
        assert request_status(scs.dar(recall(605, 6051))) == 111
        m = scs.dar(replace(605, 6052, 6051))
        assert (request_status(m), diagnostic(m)) == (110, NOT_DELETED)
        assert lab.wait_decision(reference=6052)["reason"] == "smssc-replace-failed"
        assert scs.reported() == (6051, 0), "the original is reported as ever"
    finally:
        lab.ue("slow", 0, imsi(605))
        scs.close()


def test_the_device_named_must_be_the_device_of_the_original(lab, away):
    """A right on one device must not reach a trigger to another one; other names of the same device do."""
    away(606)
    scs = Scs.opened(lab)
    assert request_status(scs.dar(action(device=meter(606), reference=6061))) == 0
    assert request_status(scs.dar(recall(607, 6061))) == 105
    assert lab.wait_decision(reference=6061, action="recall")["reason"] == "original-of-another-device"
    assert request_status(scs.dar(replace(607, 6062, 6061))) == 105
    assert pending(lab)[6061] == "accepted"
    assert request_status(scs.dar(action(device=meter(606), msisdn=L.msisdn(206), reference=6061, kind=RECALL, trigger_data=False))) == 0
    scs.close()


def test_another_scs_has_no_such_trigger(lab, away):
    away(608)
    scs, other = Scs.opened(lab), Scs.opened(lab, "gamma")
    lab.ctl("assoc", "add", "gamma", meter(608))
    assert request_status(scs.dar(action(device=meter(608), reference=608))) == 0
    assert request_status(other.dar(recall(608, 608))) == 107
    assert request_status(other.dar(recall(608, 608, scs=lab.scs["acme"]["e164"]))) == 103
    assert pending(lab)[608] == "accepted"
    assert request_status(scs.dar(recall(608, 608))) == 0
    scs.close(), other.close()


def test_both_opinions_are_asked(lab, away):
    """The store first: the right to trigger is none to recall. A device that is absent can be recalled from."""
    away(609)
    scs = Scs.opened(lab)
    assert request_status(scs.dar(action(device=meter(609), reference=6091))) == 0
    lab.ctl("assoc", "add", "acme", meter(609), "--deny", "--rights", "recall")
    assert request_status(scs.dar(recall(609, 6091))) == 105
    assert lab.wait_decision(reference=6091, action="recall")["reason"] == "denied"
    lab.ctl("assoc", "del", "acme", meter(609))
    assert request_status(scs.dar(recall(609, 6091))) == 0
    scs.close()


def test_rules_of_the_numbers(lab, away):
    away(610)
    scs = Scs.opened(lab)
    for reference in (6101, 6102):
        assert request_status(scs.dar(action(device=meter(610), reference=reference))) == 0
    m = scs.dar(action(device=meter(610), reference=6103, kind=REPLACE))
    assert (m.result, m.data(279)[:4]) == (5005, (3011).to_bytes(4, "big")), "a replace says what it replaces"
    assert request_status(scs.dar(replace(610, 6102, 6101))) == 107
    assert lab.wait_decision(reference=6102, action="replace")["reason"] == "reference-in-use"
    assert request_status(scs.dar(replace(610, 6101, 6101))) == 107, "its own number is not free either"
    assert request_status(scs.dar(action(device=meter(610), reference=6104, old_reference=6101, kind=REPLACE, trigger_data=False))) == 101
    assert request_status(scs.dar(recall(610, 6109, old_reference=6101))) == 0, "a recall names it by Old-Reference-Number when there is one"
    assert request_status(scs.dar(recall(610, 6102))) == 0
    scs.close()


def test_a_core_that_dies_finishes_what_was_under_way(lab, away):
    """The recall and the replace are in the journal before their DTRs leave; what is asked again gets the same answer."""
    away(611)
    scs = Reader.opened(lab)
    for reference in (6111, 6112):
        assert request_status(scs.dar(action(device=meter(611), reference=reference))) == 0
    assert request_status(scs.dar(replace(611, 6113, 6111))) == 0
    assert request_status(scs.dar(recall(611, 6112))) == 0
    next_core(lab, peers=0)
    # the end of 6112 may not have been on disk: then the recall is sent once more, with T
    proc.wait_until("the replacement alone is pending", lambda: [r for r in pending(lab) if 6110 < r < 6120] == [6113])
    lab.ue("present", imsi(611))
    assert scs.reported() == (6113, 0)
    scs.close()


# -- with an SMS-SC that is played by hand


@pytest.fixture(scope="module")
def by_hand(labs):
    with lab_played(labs, t4_more=", answer_wait: 2s") as p:
        yield p


@pytest.fixture
def scs(by_hand):
    s = Reader.opened(by_hand)
    yield s
    s.close()


FEATURES = D.avp(628, [D.avp(266, D.GPP), D.gpp(629, 1), D.gpp(630, 1)], D.GPP, False)


def take_ok(sc, dtr):
    sc.reply(dtr, D.avp(268, SUCCESS), FEATURES)


def submitted(scs, sc, n, reference, **more):
    end = scs.end_base + next(scs.ids)
    scs.ask_later(action(device=meter(n), reference=reference, **more), end)
    dtr = sc.take()
    take_ok(sc, dtr)
    assert request_status(scs.expect(D.DAR, False)) == 0
    return dtr


def ask(scs, inside):
    scs.ask_later(inside, scs.end_base + next(scs.ids))


def test_what_a_recall_and_a_replace_look_like_on_t4(by_hand, scs):
    sc = by_hand.sc
    first = submitted(scs, sc, 620, 6201)
    assert first.number(628, 630) == 1, "our feature is offered"
    ask(scs, replace(620, 6202, 6201, priority=1))
    dtr = sc.take()
    assert (dtr.number(3202), dtr.number(3011), dtr.number(3007)) == (T4_REPLACE, 6201, 6202)
    assert dtr.data(3309) == smea(by_hand.scs["acme"]["e164"]) and dtr.text(3102, 1) == imsi(620) and dtr.data(3004) == b"new"
    assert dtr.number(301) == 5 and first.number(301) is None, "priority on the wire"
    take_ok(sc, dtr)
    m = scs.expect(D.DAR, False)
    assert request_status(m) == 0 and m.number(3012) == 1
    ask(scs, recall(620, 6202))
    dtr = sc.take()
    assert (dtr.number(3202), dtr.number(3011), dtr.number(3007), dtr.data(3004)) == (T4_RECALL, 6202, None, b"")
    take_ok(sc, dtr)
    assert request_status(scs.expect(D.DAR, False)) == 0


@pytest.mark.parametrize("code,status,reason", [(5535, 112, "smssc-original-sent"), (5534, 111, "smssc-recall-failed"),
                                                (5001, 107, "smssc-refused"), (5011, 111, "smssc-no-recall")])
def test_what_the_sms_sc_says_to_a_recall(by_hand, scs, code, status, reason):
    sc, reference = by_hand.sc, 62100 + code % 100
    dtr = submitted(scs, sc, 621, reference)
    ask(scs, recall(621, reference))
    sc.reply(sc.take(), experimental(code))
    assert request_status(scs.expect(D.DAR, False)) == status
    assert by_hand.wait_decision(reference=reference, action="recall")["reason"] == reason
    assert pending(by_hand)[reference] == "accepted"
    assert sc.report(dtr).result == SUCCESS and scs.reported() == (reference, 0), "the original is reported as ever"


@pytest.mark.parametrize("value", [0, 1])
def test_the_diagnostic_of_a_failed_replace_is_passed_on(by_hand, scs, value):
    sc = by_hand.sc
    dtr = submitted(scs, sc, 622, 6220 + value)
    ask(scs, replace(622, 6225 + value, 6220 + value))
    sc.reply(sc.take(), experimental(5533), D.gpp(3203, value, mandatory=False))
    m = scs.expect(D.DAR, False)
    assert (request_status(m), diagnostic(m)) == (110, value)
    assert sc.report(dtr).result == SUCCESS and scs.reported() == (6220 + value, 0)


def test_a_report_of_the_original_overtakes_the_recall(by_hand, scs):
    sc = by_hand.sc
    dtr = submitted(scs, sc, 623, 623)
    ask(scs, recall(623, 623))
    asked = sc.take()
    assert sc.report(dtr).result == SUCCESS
    assert scs.reported() == (623, 0)
    take_ok(sc, asked)
    assert request_status(scs.expect(D.DAR, False)) == 112, "it was sent, whatever the SMS-SC says of the recall"


def test_a_recall_without_an_answer_is_201_and_the_truth_comes_later(by_hand, scs):
    """CONTRACTS section 3: time-out, the copy with T and the same End-to-End-Id, then 201; and the question is asked until it is answered."""
    sc = by_hand.sc
    submitted(scs, sc, 624, 624)
    ask(scs, recall(624, 624))
    first, copy = sc.take(), sc.take()
    assert copy.end == first.end and copy.flags & T and not first.flags & T
    assert request_status(scs.expect(D.DAR, False)) == 201
    again = sc.take()
    assert again.end == first.end and again.flags & T and again.number(3011) == 624
    take_ok(sc, again)
    assert scs.reported() == (624, UNDELIVERABLE), "it was recalled, and the SCS was told 201"
    proc.wait_until("all is over", lambda: 624 not in pending(by_hand))


def test_a_replace_without_an_answer_is_taken_back(by_hand, scs):
    sc = by_hand.sc
    submitted(scs, sc, 625, 6251)
    ask(scs, replace(625, 6252, 6251))
    first, copy = sc.take(), sc.take()
    assert copy.end == first.end and copy.flags & T
    assert request_status(scs.expect(D.DAR, False)) == 201
    taken_back = sc.take()
    assert (taken_back.number(3202), taken_back.number(3011)) == (T4_RECALL, 6252) and taken_back.end != first.end
    take_ok(sc, taken_back)
    assert scs.reported() == (6251, UNDELIVERABLE), "the replacement had taken the original's place"


def test_while_one_is_under_way_the_next_is_temporary_trouble(by_hand, scs):
    sc, other = by_hand.sc, Scs.opened(by_hand)
    end = scs.end_base + next(scs.ids)
    scs.ask_later(action(device=meter(626), reference=626), end)
    dtr = sc.take()
    assert request_status(other.dar(recall(626, 626))) == 201
    assert by_hand.wait_decision(reference=626, action="recall")["reason"] == "original-busy"
    take_ok(sc, dtr)
    assert request_status(scs.expect(D.DAR, False)) == 0
    ask(scs, recall(626, 626))
    asked = sc.take()
    assert request_status(other.dar(replace(626, 6262, 626))) == 201
    take_ok(sc, asked)
    assert request_status(scs.expect(D.DAR, False)) == 0
    other.close()


def test_an_sms_sc_without_the_feature(by_hand, scs):
    """TS 29.368 6.4.13: no recall is sent, a replace is a new trigger."""
    sc = by_hand.sc
    old = accepted(scs, sc, device=meter(627), reference=6271)  # an answer without features: it has none
    ask(scs, recall(627, 6271))
    m = scs.expect(D.DAR, False)
    assert request_status(m) == 111 and m.number(3012) == 0
    assert by_hand.wait_decision(reference=6271, action="recall")["reason"] == "smssc-no-recall"
    assert sc.silent()
    ask(scs, replace(627, 6272, 6271))
    new = sc.take()
    assert (new.number(3202), new.number(3011), new.number(3007)) == (0, None, 6272)
    sc.accept(new)
    m = scs.expect(D.DAR, False)
    assert request_status(m) == 0 and m.number(3012) == 0
    assert sc.report(old).result == SUCCESS and scs.reported() == (6271, 0)
    assert sc.report(new).result == SUCCESS and scs.reported() == (6272, 0)
    submitted(scs, sc, 627, 6273)  # it has learnt, and so have we
    ask(scs, recall(627, 6273))
    take_ok(sc, sc.take())
    m = scs.expect(D.DAR, False)
    assert request_status(m) == 0 and m.number(3012) == 1


def test_a_copy_of_a_recall_gets_the_same_answer(by_hand, scs):
    sc = by_hand.sc
    submitted(scs, sc, 628, 628)
    end = scs.end_base + next(scs.ids)
    scs.ask_later(recall(628, 628), end)
    asked = sc.take()
    scs.ask_later(recall(628, 628), end, D.REQUEST | D.PROXIABLE | T)
    assert sc.silent(), "a copy was sent on"
    take_ok(sc, asked)
    assert [request_status(scs.expect(D.DAR, False)) for _ in range(2)] == [0, 0]
    scs.ask_later(recall(628, 628), end, D.REQUEST | D.PROXIABLE | T)
    assert request_status(scs.expect(D.DAR, False)) == 0, "after it is over, too"


# -- an association that is removed in flight


def lines(p, **fields):
    return [(d["action"], d["verdict"], d["reason"]) for d in p.decisions(**fields) if d["action"].startswith("revoke")]


def test_a_rule_removed_takes_back_what_was_accepted_under_it(lab, away):
    away(612), away(613)
    scs, other = Reader.opened(lab, "gamma"), Reader.opened(lab)
    lab.ctl("assoc", "add", "gamma", meter(612))
    assert request_status(scs.dar(action(device=meter(612), reference=6121))) == 0
    assert request_status(other.dar(action(device=meter(612), reference=6122))) == 0
    lab.ctl("assoc", "del", "gamma", meter(612))
    assert scs.reported() == (6121, UNDELIVERABLE), "at once, while the device is away"
    proc.wait_until("the outcome is audited", lambda: len(lines(lab, reference=6121)) == 2)
    assert lines(lab, reference=6121) == [("revoke", "refused", "no-association"), ("revoke-outcome", "accepted", "")]
    assert pending(lab)[6122] == "accepted" and not lines(lab, reference=6122), "nobody else is touched"
    lab.ue("present", imsi(612))
    assert other.reported() == (6122, 0)
    assert len(payloads(lab, 612)) == 1
    scs.close(), other.close()


def test_a_removed_scs_takes_its_triggers_along(lab, away):
    away(614)
    lab.ctl("scs", "add", "delta", "--e164", "491720000044", "--origin-host", "scs.delta.example", "--realm", "delta.example", "--anchor", "anchor-a")
    lab.ctl("scs", "del", "delta")
    scs = Scs.opened(lab, "gamma")
    lab.ctl("assoc", "add", "gamma", meter(614))
    assert request_status(scs.dar(action(device=meter(614), reference=614))) == 0
    before = next(r for r in lab.ctl("scs", "list") if r.get("name") == "gamma")
    lab.ctl("scs", "del", "gamma")
    proc.wait_until("the outcome is audited", lambda: len(lines(lab, reference=614)) == 2)
    assert lines(lab, reference=614) == [("revoke", "refused", "scs-removed"), ("revoke-outcome", "accepted", "")]
    lab.ctl("scs", "add", "gamma", "--e164", before["e164"], "--origin-host", before["origin_host"], "--realm", before["realm"], "--anchor",
            before["anchor"])
    lab.ue("present", imsi(614))
    again = Reader.opened(lab, "gamma")
    assert again.reported() == (614, UNDELIVERABLE), "whoever has its name again hears of it"
    assert not payloads(lab, 614)
    scs.close(), again.close()


def test_what_was_sent_already_is_reported_and_audited_as_such(by_hand, scs):
    sc = by_hand.sc
    dtr = submitted(scs, sc, 630, 630)
    by_hand.ctl("assoc", "add", "acme", meter(630), "--deny")
    asked = sc.take()
    assert (asked.number(3202), asked.number(3011)) == (T4_RECALL, 630) and asked.end != dtr.end
    sc.reply(asked, experimental(5535))
    proc.wait_until("the outcome is audited", lambda: len(lines(by_hand, reference=630)) == 2)
    assert lines(by_hand, reference=630) == [("revoke", "refused", "denied"), ("revoke-outcome", "refused", "smssc-original-sent")]
    by_hand.ctl("assoc", "add", "acme", "meter-499@a.example")
    assert sc.silent(), "it is asked once, whatever else changes"
    assert sc.report(dtr).result == SUCCESS and scs.reported() == (630, 0)
    by_hand.ctl("assoc", "del", "acme", meter(630))


def test_a_right_that_ends_while_the_dta_is_waited_for(by_hand, scs):
    sc = by_hand.sc
    ask(scs, action(device=meter(631), reference=631))
    dtr = sc.take()
    by_hand.ctl("assoc", "add", "acme", meter(631), "--deny")
    assert sc.silent(), "first the SMS-SC says whether it has it"
    take_ok(sc, dtr)
    assert request_status(scs.expect(D.DAR, False)) == 0
    asked = sc.take()
    assert (asked.number(3202), asked.number(3011)) == (T4_RECALL, 631)
    assert sc.report(dtr).result == SUCCESS, "and its report comes first"
    assert scs.reported() == (631, 0)
    assert lines(by_hand, reference=631)[1] == ("revoke-outcome", "refused", "original-reported")
    take_ok(sc, asked)
    by_hand.ctl("assoc", "del", "acme", meter(631))


def test_a_recall_of_ours_is_asked_again_after_the_core_has_died(by_hand, scs):
    sc = by_hand.sc
    submitted(scs, sc, 632, 632)
    by_hand.ctl("assoc", "add", "acme", meter(632), "--deny")
    asked = sc.take()
    scs.close()
    kill_core(by_hand)
    sc.close()
    by_hand.sc = sc = at_its_place(by_hand, by_hand.lab["smssc"], Smssc)
    again = sc.take()
    assert (again.number(3202), again.number(3011), again.end) == (T4_RECALL, 632, asked.end) and again.flags & T
    take_ok(sc, again)
    back = Reader.opened(by_hand)
    assert back.reported() == (632, UNDELIVERABLE)
    by_hand.ctl("assoc", "del", "acme", meter(632))
    back.close()


# -- validity and time


def test_a_trigger_that_expires_before_its_dtr_is_reported_expired(labs):
    """The HSS takes longer than the trigger is good for: no DTR leaves, and the SCS hears SUCCESS and then EXPIRED."""
    p = labs.up(s6m_more=", answer_wait: 10s")
    hss = in_place_of(p, "mtc-hss")
    scs = Reader.opened(p)
    ask(scs, action(device=meter(633), reference=633, validity=1))
    sir = hss.take()
    assert sir.number(301) is None
    time.sleep(1.1)  # the validity is what is tested
    hss.know(sir, imsi(633))
    assert request_status(scs.expect(D.DAR, False)) == 0
    assert scs.reported() == (633, EXPIRED)
    assert not [t for t in p.ue_triggers(imsi=imsi(633))]
    ask(scs, action(device=meter(633), reference=634, priority=1))
    assert hss.take().number(301) == 5, "priority on the wire"
    scs.close(), hss.close()
    wrong = labs.down(p)
    assert not wrong, "\n".join(wrong)


def test_a_copy_after_a_restart_says_what_validity_is_left(by_hand):
    sc, scs = by_hand.sc, Reader.opened(by_hand)
    ask(scs, action(device=meter(635), reference=635, validity=600))
    first = sc.take()
    kill_core(by_hand)
    sc.close()
    by_hand.sc = sc = at_its_place(by_hand, by_hand.lab["smssc"], Smssc)
    copy = sc.take()
    assert copy.end == first.end and copy.flags & T and 0 < copy.number(448) <= first.number(448) == 600
    assert copy.data(263) == first.data(263), "an SMS-SC that knows it again repeats its first answer, with that Session-Id"
    take_ok(sc, copy)
    assert request_status(scs.expect(D.DAR, False)) == 0
    assert sc.report(copy).result == SUCCESS and scs.reported() == (635, 0)
    scs.close()


# -- whose turn it is


@pytest.fixture(scope="module")
def narrow(labs):
    """One request at a time leaves for each core peer."""
    with lab_played(labs, t4_more=", answer_wait: 3s, congestion: temporary",
                    iwf_more="limits: { peer_window: 1, peer_queue: 3 }\n") as p:
        yield p


def test_priority_goes_first_where_requests_wait(narrow):
    sc, scs = narrow.sc, Reader.opened(narrow)
    ask(scs, action(device=meter(640), reference=6400))
    out = sc.take()
    for n in (1, 2):
        ask(scs, action(device=meter(640 + n), reference=6400 + n))
    ask(scs, action(device=meter(643), reference=6403, priority=1))
    assert sc.silent(), "one is out, three wait"
    m = scs.dar(action(device=meter(644), reference=6404))
    assert request_status(m) == 201, "and a fourth has no room"
    order = []
    for _ in range(3):
        take_ok(sc, out)
        out = sc.take()
        order.append(out.number(3007))
    take_ok(sc, out)
    assert order == [6403, 6401, 6402]
    assert [request_status(scs.expect(D.DAR, False)) for _ in range(4)] == [0, 0, 0, 0]
    scs.close()


def test_congestion_of_the_sms_sc_is_temporary_where_the_operator_says_so(narrow):
    scs = Reader.opened(narrow)
    ask(scs, action(device=meter(639), reference=6390))
    narrow.sc.reply(narrow.sc.take(), experimental(5531))
    assert request_status(scs.expect(D.DAR, False)) == 201
    assert narrow.wait_decision(reference=6390)["reason"] == "smssc-trouble"
    scs.close()


def test_what_expires_while_it_waits_does_not_leave(narrow):
    sc, scs = narrow.sc, Reader.opened(narrow)
    ask(scs, action(device=meter(645), reference=6450))
    out = sc.take()
    ask(scs, action(device=meter(646), reference=6451, validity=1))
    proc.wait_until("it waits", lambda: 6451 in pending(narrow))
    time.sleep(1.1)  # the validity is what is tested
    take_ok(sc, out)
    assert request_status(scs.expect(D.DAR, False)) == 0
    assert request_status(scs.expect(D.DAR, False)) == 0
    assert scs.reported() == (6451, EXPIRED)
    assert sc.silent(), "no DTR of it left"
    scs.close()


def test_what_is_not_wanted_any_more_does_not_leave(narrow):
    """CONTRACTS section 3: a right that ends before the DTR is 105; and an operator may end the wait, too."""
    sc, scs = narrow.sc, Reader.opened(narrow)
    ask(scs, action(device=meter(649), reference=6490))
    out = sc.take()
    for n in (1, 2):
        ask(scs, action(device=meter(649 + n), reference=6490 + n))
    proc.wait_until("both wait for their turn", lambda: len([r for r in narrow.ctl("triggers", "list") if r.get("state") == "submitting"]) == 3)
    narrow.ctl("assoc", "add", "acme", meter(650), "--deny")
    narrow.ctl("triggers", "cancel", "acme", 6492)
    take_ok(sc, out)
    answers = [scs.expect(D.DAR, False) for _ in range(3)]
    assert {m.number(3002, 3007): request_status(m) for m in answers} == {6490: 0, 6491: 105, 6492: 107}
    assert sc.silent(), "no DTR of them left"
    narrow.ctl("assoc", "del", "acme", meter(650))
    scs.close()


def test_who_waits_too_long_is_told_so_and_nothing_is_recalled(narrow):
    """The SMS-SC answers nothing: the one that is out is 201 after its copy, the one behind it never left."""
    sc, scs = narrow.sc, Reader.opened(narrow)
    scs.sock.settimeout(proc.HANG_S), sc.sock.settimeout(proc.HANG_S)
    ask(scs, action(device=meter(647), reference=6470))
    out = sc.take()
    ask(scs, action(device=meter(648), reference=6471))
    copy = sc.take()
    assert copy.end == out.end and copy.flags & T
    answers = [scs.expect(D.DAR, False) for _ in range(1)]
    assert [(m.number(3002, 3007), request_status(m)) for m in answers] == [(6471, 201)]
    take_ok(sc, copy)
    m = scs.expect(D.DAR, False)
    assert (m.number(3002, 3007), request_status(m)) == (6470, 0)
    assert sc.silent()
    scs.close()
