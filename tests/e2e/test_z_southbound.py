"""Act twenty-six, second part: the SMS-SC speaks SMPP and is played by hand (docs/user/southbound.md)."""
import contextlib
import json
import os
import queue
import signal
import ssl
import subprocess
import time

import pytest
from lablib import lab as L
from lablib import proc
from lablib.pki import Pki
from support import smsc as M
from support.capture import ERROR_SEVERITY, Capture
from support.core import core, next_core
from support.hands import Reader
from support.tsp import action, request_status

SUCCESS, EXPIRED, UNDELIVERABLE, UNCONFIRMED = 0, 1, 3, 4  # of a Delivery-Outcome (AVP 3009)
RECALL, REPLACE = 3, 4


@pytest.fixture(scope="module")
def p(labs):
    with M.southbound(labs, ", enquire_link: 30s", t4_more=", answer_wait: 2s", iwf_more="journal: { report_grace: 1s }\n") as play:
        yield play


@pytest.fixture
def scs(p):
    s = Reader.opened(p)
    s.sock.settimeout(proc.HANG_S)
    yield s
    s.close()


def device(n):
    return f"meter-{n}@a.example"


def counters(p):
    return {r["name"]: r["value"] for r in p.ctl("stats") if "name" in r}


def counter(p, name):
    return counters(p)[name]


def taken(p, scs, n, **what):
    """A trigger that the SMS-SC took: its submit_sm and message id."""
    scs.ask_later(action(device=device(n), reference=n, **what))
    submit = p.sc.take()
    message_id = p.sc.accept(submit)
    assert scs.answered() == 0
    return submit, message_id


def two_at_once(p, submit, message_id, *states):
    """Two receipts, the second of which is there before the first is on disk. Both are taken."""
    pair = [p.sc.receipt_of(submit, message_id, state) for state in states]
    p.sc.send(b"".join(octets for _, octets in pair))
    assert [p.sc.received(sequence) for sequence, _ in pair] == [0, 0]


def state_of(p, reference):
    return next(r["state"] for r in p.ctl("triggers", "list", "--scs", "acme") if r.get("reference") == reference)


def nothing_waits(p, submit):
    assert p.sc.received(p.sc.receipt(submit, "77777777")) == 0, "no submit waits for its answer, so it is nobody's"


def is_bound(p):
    proc.wait_until("it is bound", lambda: all(r.get("state") == "open" for r in p.ctl("peers") if "state" in r))


def unbinds_and_binds(p):
    p.ctl("peers", "stop", "smssc")
    proc.wait_until("it has unbound", lambda: any(r.get("state") == "stopped" for r in p.ctl("peers")))
    p.ctl("peers", "start", "smssc")
    is_bound(p)


def test_a_trigger_is_a_submit_sm_and_its_receipt_a_report(p, scs):
    submit, message_id = taken(p, scs, 101, port=4660, payload=b"wake up", priority=1, validity=600)
    assert p.sc.binds[-1] == (M.SYSTEM_ID, M.PASSWORD, 0x34)
    assert submit.protocol_id == 0x48 and submit.coding == 4 and submit.registered == 1 and submit.priority == 1
    assert submit.esm_class == 0x40 and submit.short == bytes.fromhex("06050412340000") + b"wake up"
    assert submit.source == (1, 1, p.scs["acme"]["e164"]) and submit.destination == (1, 1, L.msisdn(101))
    assert submit.validity[:8] == "00000000" and submit.validity[12:] == "000R"
    assert 500 < int(submit.validity[8:10]) * 60 + int(submit.validity[10:12]) <= 600, "what is left of it"
    assert p.sc.received(p.sc.receipt(submit, message_id)) == 0
    assert scs.reported() == (101, 0)


def test_parameters_win_over_the_text(p, scs):
    submit, message_id = taken(p, scs, 102)
    assert p.sc.received(p.sc.receipt(submit, message_id, M.DELIVERED, words="999999")) == 0
    assert scs.reported() == (102, 0)


def test_a_receipt_with_text_alone(p, scs):
    submit, message_id = taken(p, scs, 103)
    assert p.sc.received(p.sc.receipt(submit, message_id, M.EXPIRED, parameters=False)) == 0
    assert scs.reported() == (103, EXPIRED)


def test_a_receipt_of_another_id_and_a_receipt_twice(p, scs):
    submit, message_id = taken(p, scs, 104)
    before = counters(p)
    assert p.sc.received(p.sc.receipt(submit, "77777777")) == 0
    assert p.sc.received(p.sc.receipt(submit, message_id, M.ENROUTE)) == 0
    assert p.sc.received(p.sc.receipt(submit, message_id)) == 0
    assert p.sc.received(p.sc.receipt(submit, message_id)) == 0
    after = counters(p)
    assert [after[name] - before[name] for name in ("reports", "report_duplicates", "reports_foreign")] == [1, 1, 1]
    assert scs.reported() == (104, 0)
    again, again_id = taken(p, scs, 105)
    assert p.sc.received(p.sc.receipt(again, again_id)) == 0
    assert scs.reported() == (105, 0), "the first was reported twice"


def test_two_receipts_that_contradict_each_other(p, scs):
    """The second comes before the first is on disk: the first is the report, both are answered as taken, and neither has to come again."""
    submit, message_id = taken(p, scs, 197)
    before = counters(p)
    two_at_once(p, submit, message_id, M.DELIVERED, M.EXPIRED)
    assert scs.reported() == (197, 0)
    after = counters(p)
    assert [after[name] - before[name] for name in ("reports", "report_duplicates")] == [1, 1]
    assert p.sc.received(p.sc.receipt(submit, message_id, M.EXPIRED)) == 0, "an SMS-SC that repeats it is not asked to go on"


def test_a_second_receipt_is_known_again_too(p, scs):
    """While the SCS has not acknowledged, also by the next core: it is a copy, and no other report. Both states have a line in the log."""
    submit, message_id = taken(p, scs, 196)
    before = counters(p)
    two_at_once(p, submit, message_id, M.UNDELIVERABLE, M.EXPIRED)
    kept = scs.notified()
    with open(p.lab["logs"]["mtc-iwfd"], encoding="utf-8") as f:
        assert "another receipt (EXPIRED) waits with the one before it; the first counts" in f.read()

    def copies():
        assert [p.sc.received(p.sc.receipt(submit, message_id, state)) for state in (M.EXPIRED, M.UNDELIVERABLE)] == [0, 0]
    copies()
    after = counters(p)
    assert [after[name] - before[name] for name in ("reports", "report_duplicates")] == [1, 3]
    next_core(p)
    copies()
    after = counters(p)
    assert [after[name] for name in ("reports", "report_duplicates")] == [0, 2], "of the next core"
    while not kept.flags & 0x10:  # repeated by the next core
        kept = scs.notified()
    assert kept.number(3002, 3007) == 196
    scs.acknowledge(kept)


def test_two_triggers_with_one_message_id(p, scs):
    """As OsmoMSC has it. The receipt may be for either, so neither is reported."""
    submits = []
    for n in (186, 187):
        scs.ask_later(action(device=device(n), reference=n))
        submits.append(p.sc.take())
        p.sc.accept(submits[-1], "same")
        assert scs.answered() == 0
    foreign = counter(p, "reports_foreign")
    assert p.sc.received(p.sc.receipt(submits[1], "same")) == 0
    assert counter(p, "reports_foreign") == foreign + 1
    submit, message_id = taken(p, scs, 188)
    assert p.sc.received(p.sc.receipt(submit, message_id)) == 0
    assert scs.reported() == (188, 0), "one of the two was reported"


def test_a_long_payload_is_one_message_payload(p, scs):
    submit, message_id = taken(p, scs, 106, payload=b"z" * 300, port=7)
    assert not submit.short and submit.tlvs[M.PAYLOAD] == bytes.fromhex("06050400070000") + b"z" * 300
    assert p.sc.received(p.sc.receipt(submit, message_id, M.UNDELIVERABLE)) == 0
    assert scs.reported() == (106, UNDELIVERABLE)


def test_a_recall_cancels_by_the_id(p, scs):
    _, message_id = taken(p, scs, 107)
    scs.ask_later(action(device=device(107), reference=1071, old_reference=107, kind=RECALL, trigger_data=False))
    cancel = p.sc.take(M.CANCEL)
    assert cancel.message_id == message_id and cancel.destination[2] == L.msisdn(107)
    p.sc.answer(cancel)
    assert scs.answered() == 0


@pytest.mark.parametrize("n,status,answer", [(241, 0x11, 111), (242, 0x58, 201), (243, None, 201)], ids=["cannot", "not now", "silent"])
def test_a_recall_that_the_sms_sc_does_not_take(p, scs, n, status, answer):
    submit, message_id = taken(p, scs, n)
    scs.ask_later(action(device=device(n), reference=10 * n, old_reference=n, kind=RECALL, trigger_data=False))
    cancel = p.sc.take(M.CANCEL)
    if status:
        p.sc.answer(cancel, status=status)
    else:
        assert p.sc.take(M.CANCEL).message_id == cancel.message_id, "a copy of a cancel_sm does no harm"
    assert scs.answered() == answer and p.sc.nothing()
    assert p.sc.received(p.sc.receipt(submit, message_id)) == 0
    assert scs.reported() == (n, 0), "it is there still"


def test_a_replace_cancels_and_submits(p, scs):
    _, message_id = taken(p, scs, 108)
    scs.ask_later(action(device=device(108), reference=1081, old_reference=108, kind=REPLACE, payload=b"new"))
    cancel = p.sc.take(M.CANCEL)
    assert cancel.message_id == message_id
    p.sc.answer(cancel)
    submit = p.sc.take()
    assert submit.short == b"new"
    message_id = p.sc.accept(submit)
    assert scs.answered() == 0
    assert p.sc.received(p.sc.receipt(submit, message_id)) == 0
    assert scs.reported() == (1081, 0)


def test_a_replace_of_what_was_sent_is_a_trigger_of_its_own(p, scs):
    first, first_id = taken(p, scs, 115)
    scs.ask_later(action(device=device(115), reference=1151, old_reference=115, kind=REPLACE, payload=b"new"))
    p.sc.answer(p.sc.take(M.CANCEL), status=0x11)
    submit = p.sc.take()
    message_id = p.sc.accept(submit)
    assert scs.answered() == 112
    assert p.sc.received(p.sc.receipt(first, first_id)) == 0
    assert scs.reported() == (115, 0)
    assert p.sc.received(p.sc.receipt(submit, message_id)) == 0
    assert scs.reported() == (1151, 0)


def test_cancelled_and_then_not_submitted(p, scs):
    """110, and the original is reported as not delivered."""
    taken(p, scs, 109)
    scs.ask_later(action(device=device(109), reference=1091, old_reference=109, kind=REPLACE, payload=b"new"))
    p.sc.answer(p.sc.take(M.CANCEL))
    p.sc.answer(p.sc.take(), status=0x45)
    got = [scs.receive(), scs.receive()]
    answer = [m for m in got if not m.flags & 0x80]
    report = [m for m in got if m.flags & 0x80]
    assert request_status(answer[0]) == 110
    scs.acknowledge(report[0])
    assert report[0].number(3002, 3007) == 109 and report[0].number(3002, 3009) == UNDELIVERABLE


def test_refused_and_throttled(p, scs):
    scs.ask_later(action(device=device(110), reference=110))
    p.sc.answer(p.sc.take(), status=0x0B)
    assert scs.answered() == 107
    throttled = counter(p, "smpp_throttled")
    scs.ask_later(action(device=device(111), reference=111))
    submit = p.sc.take()
    began = time.monotonic()
    p.sc.answer(submit, status=0x58)
    assert scs.answered() == 201 and counter(p, "smpp_throttled") == throttled + 1
    scs.ask_later(action(device=device(112), reference=112))
    submit = p.sc.take()
    assert time.monotonic() - began > 0.9 * M.PAUSE_S, "it did not wait for smssc.pause"
    message_id = p.sc.accept(submit)
    assert scs.answered() == 0
    assert p.sc.received(p.sc.receipt(submit, message_id)) == 0
    assert scs.reported() == (112, 0)


def test_no_answer_is_unknown_and_not_sent_again(p, scs):
    scs.ask_later(action(device=device(113), reference=113))
    submit = p.sc.take()
    assert scs.answered() == 201
    assert p.sc.nothing(), "a submit whose answer was lost was sent again"
    assert state_of(p, 113) == "unknown"
    assert "may have it or not" in str(p.ctl("triggers", "show", "acme", "113"))
    nothing_waits(p, submit)
    assert p.sc.received(p.sc.receipt(submit, "4711", reference=True)) == 0
    assert scs.reported() == (113, 0)


def test_an_unknown_outcome_without_a_receipt_is_unconfirmed(p, scs):
    scs.ask_later(action(device=device(116), reference=116, validity=1))
    p.sc.take()
    assert scs.answered() == 201
    reference, outcome = scs.reported()
    assert (reference, outcome) == (116, UNCONFIRMED)


def test_a_recall_of_an_unknown_outcome_sends_no_cancel(p, scs):
    """It has no id, and an empty one would cancel messages of others."""
    scs.ask_later(action(device=device(117), reference=117))
    submit = p.sc.take()
    assert scs.answered() == 201
    scs.ask_later(action(device=device(117), reference=1171, old_reference=117, kind=RECALL, trigger_data=False))
    assert scs.answered() == 201 and p.sc.nothing()
    assert p.sc.received(p.sc.receipt(submit, "4713", reference=True)) == 0
    assert scs.reported() == (117, 0)


def test_resubmit_sends_one_copy(p, scs):
    with configured(p, on_unknown="resubmit"):
        scs.ask_later(action(device=device(118), reference=118))
        first, copy = p.sc.take(), p.sc.take()
        assert copy.short == first.short and copy.reference() == first.reference()
        message_id = p.sc.accept(copy)
        assert scs.answered() == 0
        assert p.sc.received(p.sc.receipt(copy, message_id)) == 0 and scs.reported() == (118, 0)
        scs.ask_later(action(device=device(119), reference=119))
        first, copy = p.sc.take(), p.sc.take()
        p.sc.answer(copy, status=0x0B)
        assert scs.answered() == 201, "the first may be there although the copy was refused"
        assert p.sc.received(p.sc.receipt(first, "4714", reference=True)) == 0 and scs.reported() == (119, 0)


def test_an_answer_that_cannot_be_read_is_unknown(p, scs):
    """An id without an end: the SMS-SC has the message, and nobody knows its name."""
    scs.ask_later(action(device=device(189), reference=189))
    submit = p.sc.take()
    p.sc.answer(submit, b"x" * 80)
    assert scs.answered() == 201
    assert p.sc.nothing()
    assert state_of(p, 189) == "unknown"
    nothing_waits(p, submit)
    assert p.sc.received(p.sc.receipt(submit, "4712", reference=True)) == 0
    assert scs.reported() == (189, SUCCESS)


def test_a_late_answer_is_cancelled_by_its_id(p, scs):
    """An answer with a wrong sequence number counts for nothing; one that is late is none of the session's any more."""
    scs.ask_later(action(device=device(114), reference=114))
    submit = p.sc.take()
    p.sc.answer(submit, M.text("5555"), sequence=submit.sequence + 1000)
    assert scs.answered() == 201
    assert p.sc.nothing()
    assert p.sc.received(p.sc.receipt(submit, "5555", M.DELIVERED, reference=True)) == 0
    assert scs.reported() == (114, 0)


def test_the_connection_is_lost_under_load(p, scs):
    for n in range(120, 125):
        scs.ask_later(action(device=device(n), reference=n))
    submits, timeouts = [p.sc.take() for _ in range(5)], counters(p)["t4_timeouts"]
    p.sc.cut()
    assert [scs.answered() for _ in range(5)] == [201] * 5
    assert counters(p)["t4_timeouts"] == timeouts, "the end of the connection says it, and no time has to pass"
    is_bound(p)
    assert p.sc.nothing(), "a submit was sent again"
    nothing_waits(p, submits[0])
    for submit in submits:
        assert p.sc.received(p.sc.receipt(submit, "1", reference=True)) == 0
    assert sorted(scs.reported() for _ in range(5)) == [(n, SUCCESS) for n in range(120, 125)]


def test_a_killed_core_knows_the_message_id(p, scs):
    submit, message_id = taken(p, scs, 130)
    assert [d["verdict"] for d in p.decisions(action="trigger", reference=130)] == ["accepted"]
    next_core(p)
    assert [d["verdict"] for d in p.decisions(action="trigger", reference=130)] == ["accepted"], "what was decided is not decided again"
    assert p.sc.nothing()
    assert p.sc.received(p.sc.receipt(submit, message_id)) == 0
    assert scs.reported() == (130, 0)


def test_a_core_killed_before_the_answer_does_not_send_again(p, scs):
    scs.ask_later(action(device=device(131), reference=131))
    submit = p.sc.take()
    next_core(p)
    assert p.sc.nothing(), "the next core sent it again"
    assert p.sc.received(p.sc.receipt(submit, "88", reference=True)) == 0
    assert scs.answered() == 201
    assert scs.reported() == (131, 0)


def test_a_core_killed_while_it_cancels_asks_again(p, scs):
    _, message_id = taken(p, scs, 132)
    scs.ask_later(action(device=device(132), reference=1321, old_reference=132, kind=RECALL, trigger_data=False))
    assert p.sc.take(M.CANCEL).message_id == message_id
    next_core(p)
    again = p.sc.take(M.CANCEL)
    assert again.message_id == message_id
    p.sc.answer(again)
    assert scs.answered() == 0


def test_a_core_killed_between_cancel_and_answer_of_a_replacement(p, scs):
    """The original is gone and says so by its receipt; the replacement is unknown, and not sent again."""
    submit, message_id = taken(p, scs, 133)
    scs.ask_later(action(device=device(133), reference=1331, old_reference=133, kind=REPLACE, payload=b"new"))
    p.sc.answer(p.sc.take(M.CANCEL))
    new = p.sc.take()
    next_core(p)
    assert p.sc.nothing(), "the next core sent something again"
    assert scs.answered() == 201
    assert p.sc.received(p.sc.receipt(submit, message_id, M.DELETED)) == 0
    assert scs.reported() == (133, UNDELIVERABLE)
    assert p.sc.received(p.sc.receipt(new, "9999", reference=True)) == 0
    assert scs.reported() == (1331, 0)


@contextlib.contextmanager
def configured(p, **items):
    """The gateway with other items of smssc, until the end of the block."""
    path = p.lab["iwf"]["config"]
    with open(path, encoding="utf-8") as f:
        before = f.read()
    more = "".join(f", {key}: {value}" for key, value in items.items())
    assert before.endswith(" }\n")
    try:
        proc.write(path, before[:-3] + more + " }\n")
        p.ctl("reload")
        yield
    finally:
        proc.write(path, before)
        p.ctl("reload")


def whole(submits):
    """The payload of the parts, each of which names the number of them and its own."""
    assert [s.short[:13].hex() for s in submits] == [f"0c0504123400000804{submits[0].reference():04x}{len(submits):02x}{n:02x}"
                                                     for n in range(1, len(submits) + 1)]
    assert all(len(s.short) <= 140 and s.esm_class == 0x40 and s.protocol_id == 0x48 for s in submits)
    return b"".join(s.short[13:] for s in submits)


def parts_taken(p, scs, n, count, **what):
    scs.ask_later(action(device=device(n), reference=n, port=4660, **what))
    submits, ids = [], []
    for _ in range(count):
        submits.append(p.sc.take())
        ids.append(p.sc.accept(submits[-1]))
    return submits, ids


def silent(p, wait_s=0.4):
    """True when the gateway answers no receipt for a moment."""
    with contextlib.suppress(queue.Empty):
        p.sc.answers.get(timeout=wait_s)
        return False
    return True


def test_a_report_is_that_all_parts_were_delivered(p, scs):
    payload = bytes(range(256)) + b"the end"
    with configured(p, long="header"):
        submits, ids = parts_taken(p, scs, 160, 3, payload=payload)
        assert scs.answered() == 0 and whole(submits) == payload
        assert p.sc.received(p.sc.receipt(submits[2], ids[2])) == 0
        assert p.sc.received(p.sc.receipt(submits[0], ids[0])) == 0
        assert p.sc.received(p.sc.receipt(submits[0], ids[0])) == 0, "the same again counts once"
        next_core(p)
        row = [r for r in p.ctl("triggers", "list", "--scs", "acme") if r.get("reference") == 160]
        assert row and row[0]["state"] == "accepted", "it was reported before all were delivered"
        assert p.sc.received(p.sc.receipt(submits[1], ids[1])) == 0
        assert scs.reported() == (160, 0)


def test_a_part_that_is_not_delivered_is_the_report(p, scs):
    with configured(p, long="header"):
        submits, ids = parts_taken(p, scs, 161, 3, payload=b"y" * 300)
        assert scs.answered() == 0
        reports = counter(p, "reports")
        assert p.sc.received(p.sc.receipt(submits[0], ids[0])) == 0
        assert p.sc.received(p.sc.receipt(submits[1], ids[1], M.EXPIRED)) == 0
        cancel = p.sc.take(M.CANCEL)
        assert cancel.message_id == ids[2], "the device has the first, and the second is over"
        p.sc.answer(cancel, status=0x11)
        assert p.sc.nothing()
        for state in (M.UNDELIVERABLE, M.DELIVERED):  # the SCS has not acknowledged the report yet
            assert p.sc.received(p.sc.receipt(submits[2], ids[2], state)) == 0
        assert counter(p, "reports") == reports + 1, "another part is another report"
        assert scs.reported() == (161, EXPIRED)
        assert p.sc.received(p.sc.receipt(submits[0], ids[0])) == 0


def test_no_part_is_sent_after_one_that_was_not_delivered(p, scs):
    """The first part fails while the second has no answer: one report, the second is cancelled, the third never leaves."""
    with configured(p, long="header"):
        scs.ask_later(action(device=device(199), reference=199, port=4660, payload=b"y" * 300))
        first = p.sc.take()
        first_id = p.sc.accept(first)
        second = p.sc.take()
        assert p.sc.received(p.sc.receipt(first, first_id, M.UNDELIVERABLE)) == 0
        assert scs.answered() == 0
        second_id = p.sc.accept(second)
        cancel = p.sc.take(M.CANCEL)
        assert cancel.message_id == second_id
        p.sc.answer(cancel)
        assert p.sc.nothing(), "a part was sent that nobody can use"
        assert p.sc.received(p.sc.receipt(second, second_id, M.DELETED)) == 0
        assert scs.reported() == (199, UNDELIVERABLE)


def test_a_part_whose_trigger_has_ended_is_cancelled(p, scs):
    """The SCS has its report before the second part has an answer."""
    with configured(p, long="header"):
        scs.ask_later(action(device=device(158), reference=158, port=4660, payload=b"y" * 300))
        first = p.sc.take()
        first_id = p.sc.accept(first)
        second = p.sc.take()
        assert p.sc.received(p.sc.receipt(first, first_id, M.UNDELIVERABLE)) == 0
        assert scs.answered() == 0 and scs.reported() == (158, UNDELIVERABLE)
        proc.wait_until("the trigger has ended", lambda: all(r.get("reference") != 158 for r in p.ctl("triggers", "list", "--scs", "acme")))
        second_id = p.sc.accept(second)
        cancel = p.sc.take(M.CANCEL)
        assert (cancel.message_id, cancel.destination) == (second_id, second.destination)
        p.sc.answer(cancel)
        assert p.sc.nothing()


def test_the_first_receipt_of_a_part_counts(p, scs):
    with configured(p, long="header"):
        submits, ids = parts_taken(p, scs, 159, 3, payload=b"y" * 300)
        assert scs.answered() == 0
        assert p.sc.received(p.sc.receipt(submits[0], ids[0])) == 0
        assert p.sc.received(p.sc.receipt(submits[0], ids[0], M.EXPIRED)) == 0
        assert p.sc.nothing(), "nothing is cancelled"
        for n in (1, 2):
            assert p.sc.received(p.sc.receipt(submits[n], ids[n])) == 0
        assert scs.reported() == (159, 0)


def test_a_recall_cancels_all_parts(p, scs):
    with configured(p, long="header"):
        _, ids = parts_taken(p, scs, 162, 3, payload=b"y" * 300)
        assert scs.answered() == 0
        scs.ask_later(action(device=device(162), reference=1621, old_reference=162, kind=RECALL, trigger_data=False))
        for n, message_id in enumerate(ids):  # two were delivered meanwhile; without the other the device does nothing
            cancel = p.sc.take(M.CANCEL)
            assert cancel.message_id == message_id
            p.sc.answer(cancel, status=0 if n == 1 else 0x11)
        assert scs.answered() == 0


def test_a_part_that_is_refused_takes_the_others_back(p, scs):
    with configured(p, long="header"):
        scs.ask_later(action(device=device(163), reference=163, port=4660, payload=b"y" * 300))
        ids = [p.sc.accept(p.sc.take()) for _ in range(2)]
        p.sc.answer(p.sc.take(), status=0x0B)
        cancels = [p.sc.take(M.CANCEL) for _ in range(2)]
        assert [c.message_id for c in cancels] == ids
        for c in cancels:
            p.sc.answer(c)
        assert scs.answered() == 107


def bound_again(p):
    """A new connection: the window is that of the configuration now."""
    binds = len(p.sc.binds)
    p.sc.cut()
    proc.wait_until("it is bound again", lambda: len(p.sc.binds) > binds and row_of(p, "smssc")["state"] == "open")


@contextlib.contextmanager
def two_of(p, scs, n, count, octets, what=None, **items):
    """Of a message of so many bytes `count` parts are taken and the next is refused: their ids, and the two cancel_sm that the window has room for."""
    with configured(p, long="header", window=2, **items):
        bound_again(p)
        scs.ask_later(action(device=device(n), reference=n, port=4660, payload=b"y" * octets, **(what or {})))
        ids = [p.sc.accept(p.sc.take()) for _ in range(count)]
        p.sc.answer(p.sc.take(), status=0x0B)
        first = [p.sc.take(M.CANCEL) for _ in range(2)]
        assert scs.answered() == 107
        yield ids, first
    bound_again(p)


def test_parts_are_cancelled_once_there_is_room(p, scs):
    """More parts than the window takes at a time, and later a connection that is gone: each is cancelled all the same."""
    dropped = counter(p, "smpp_cancels_dropped")
    with two_of(p, scs, 198, 5, 700) as (ids, first):
        assert p.sc.nothing(), "more than the window"
        for c in first:
            p.sc.answer(c)
        second = [p.sc.take(M.CANCEL) for _ in range(2)]
        p.sc.cut()  # both are on their way, and the last one waits
        last = p.sc.take(M.CANCEL)
        p.sc.answer(last)
        assert [c.message_id for c in first + second + [last]] == ids
    assert counter(p, "smpp_cancels_dropped") == dropped


def test_so_many_cancels_wait_and_no_more(p, scs):
    """Two are on their way, one waits, and two parts stay where they are."""
    dropped = counter(p, "smpp_cancels_dropped")
    with two_of(p, scs, 195, 5, 700, cancels=1) as (ids, first):
        proc.wait_until("two are dropped", lambda: counter(p, "smpp_cancels_dropped") == dropped + 2)
        for c in first:
            p.sc.answer(c)
        last = p.sc.take(M.CANCEL)
        p.sc.answer(last)
        assert [c.message_id for c in [*first, last]] == ids[:3] and p.sc.nothing()


@pytest.mark.parametrize("wait", ["0s", "1h"])
def test_a_cancel_waits_as_long_as_the_message_is_valid_and_at_least_so_long(p, scs, wait):
    dropped = counter(p, "smpp_cancels_dropped")
    with two_of(p, scs, 194, 3, 400, {"validity": 1}, cancel_wait=wait) as (ids, first):
        time.sleep(1.1)  # what is played: the message is not valid any more
        for c in first:
            p.sc.answer(c)
        if wait == "0s":
            proc.wait_until("it is dropped", lambda: counter(p, "smpp_cancels_dropped") == dropped + 1)
            assert p.sc.nothing()
        else:
            last = p.sc.take(M.CANCEL)
            p.sc.answer(last)
            assert last.message_id == ids[2] and counter(p, "smpp_cancels_dropped") == dropped


def test_the_answer_of_the_last_part_is_lost(p, scs):
    with configured(p, long="header"):
        scs.ask_later(action(device=device(164), reference=164, port=4660, payload=b"y" * 200))
        first = p.sc.take()
        first_id = p.sc.accept(first)
        last = p.sc.take()
        assert scs.answered() == 201
        next_core(p)
        assert p.sc.nothing(), "a part was sent again"
        assert p.sc.received(p.sc.receipt(first, first_id)) == 0
        assert p.sc.received(p.sc.receipt(last, "4712", reference=True)) == 0
        assert scs.reported() == (164, 0)


def test_the_answer_of_an_earlier_part_is_lost(p, scs):
    """The rest was never sent, so that the device cannot have it: what is known to be there is cancelled."""
    with configured(p, long="header"):
        scs.ask_later(action(device=device(165), reference=165, port=4660, payload=b"y" * 300))
        first_id = p.sc.accept(p.sc.take())
        p.sc.take()
        cancel = p.sc.take(M.CANCEL)
        assert cancel.message_id == first_id
        p.sc.answer(cancel)
        assert scs.answered() == 201 and p.sc.nothing()
        assert not [r for r in p.ctl("triggers", "list", "--scs", "acme") if r.get("reference") == 165]


def test_parts_by_parameters(p, scs):
    with configured(p, long="parameters", ports="parameters"):
        submits, ids = parts_taken(p, scs, 166, 2, payload=b"ab" * 100)
        assert scs.answered() == 0 and b"".join(s.short for s in submits) == b"ab" * 100
        assert [(s.tlvs[0x20C], s.tlvs[0x20E], s.tlvs[0x20F], s.tlvs[M.PORT]) for s in submits] == [
            (submits[0].tlvs[M.REFERENCE], b"\2", bytes([n]), b"\x12\x34") for n in (1, 2)]
        for submit, message_id in zip(submits, ids):
            assert p.sc.received(p.sc.receipt(submit, message_id)) == 0
        assert scs.reported() == (166, 0)


def test_a_receipt_that_overtakes_its_answer_waits(p, scs):
    scs.ask_later(action(device=device(170), reference=170))
    submit = p.sc.take()
    sequence = p.sc.receipt(submit, "8170")
    assert silent(p), "it was answered before anybody knew whose it is"
    p.sc.accept(submit, "8170")
    assert p.sc.received(sequence) == 0
    assert scs.answered() == 0 and scs.reported() == (170, 0)


def test_a_receipt_for_nobody_waits_until_no_answer_is_due(p, scs):
    scs.ask_later(action(device=device(171), reference=171))
    submit = p.sc.take()
    sequence = p.sc.receipt(submit, "77777777")
    assert silent(p)
    message_id = p.sc.accept(submit)
    assert p.sc.received(sequence) == 0 and scs.answered() == 0
    assert p.sc.received(p.sc.receipt(submit, message_id)) == 0 and scs.reported() == (171, 0)


def test_a_receipt_that_waits_ends_with_its_connection(p, scs):
    """Nobody can answer it any more: the SMS-SC sends it again, and it counts then."""
    scs.ask_later(action(device=device(173), reference=173))
    submit, foreign = p.sc.take(), counter(p, "reports_foreign")
    p.sc.receipt(submit, "8173")
    assert silent(p)
    p.sc.cut()
    assert scs.answered() == 201
    is_bound(p)
    assert counter(p, "reports_foreign") == foreign, "it was for nobody, and nobody was told"
    assert p.sc.received(p.sc.receipt(submit, "8173", reference=True)) == 0
    assert scs.reported() == (173, 0)


def test_so_many_receipts_wait_and_no_more(p, scs):
    with configured(p, early_receipts=2):
        scs.ask_later(action(device=device(172), reference=172))
        submit = p.sc.take()
        kept = [p.sc.receipt(submit, f"9999{n}") for n in range(2)]
        assert p.sc.received(p.sc.receipt(submit, "99992")) == 0x64
        message_id = p.sc.accept(submit)
        assert [p.sc.received(sequence) for sequence in kept] == [0, 0]
        assert scs.answered() == 0
        assert p.sc.received(p.sc.receipt(submit, message_id)) == 0 and scs.reported() == (172, 0)


def test_so_many_receipts_have_no_answer_and_no_more(p, scs):
    """The first waits for the disk; the two behind it come again."""
    with configured(p, receipts=1, early_receipts=0):
        sent = [taken(p, scs, n) for n in (174, 175, 176)]
        before = counter(p, "reports_throttled")
        os.kill(core(p), signal.SIGSTOP)  # they are there before one is read
        try:
            sequences = [p.sc.receipt(*one) for one in sent]
        finally:
            os.kill(core(p), signal.SIGCONT)
        assert [p.sc.received(sequence) for sequence in sequences[1:]] == [M.THROTTLED, M.THROTTLED]
        assert p.sc.received(sequences[0]) == 0
        assert counter(p, "reports_throttled") == before + 2
        assert scs.reported() == (174, 0)
        for n, one in zip((175, 176), sent[1:]):
            assert p.sc.received(p.sc.receipt(*one)) == 0 and scs.reported() == (n, 0)


def test_silence_and_bytes_that_are_no_smpp_end_the_connection(labs):
    with M.southbound(labs, ", enquire_link: 1s", t4_more=", answer_wait: 3s") as p:
        assert p.sc.enquired.wait(proc.HANG_S)
        binds, p.sc.mute = len(p.sc.binds), True
        proc.wait_until("it binds again after an enquire_link without an answer", lambda: len(p.sc.binds) > binds)
        p.sc.mute, binds = False, len(p.sc.binds)
        p.sc.send(b"\0\0\0\5GET / HTTP/1.1\r\n\r\n")
        nack = p.sc.answers.get(timeout=proc.HANG_S)
        assert (nack.command, nack.status) == (M.NACK, 2), "generic_nack with ESME_RINVCMDLEN"
        proc.wait_until("it binds again after bytes that are no SMPP", lambda: len(p.sc.binds) > binds)
        scs = Reader.opened(p)
        submit, message_id = taken(p, scs, 140)
        assert p.sc.received(p.sc.receipt(submit, message_id)) == 0
        assert scs.reported() == (140, 0)
        scs.close()


def test_tls_with_a_client_certificate(labs):
    """The SMS-SC wants a certificate of the gateway, and the gateway one with the name of the SMS-SC."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    pki = Pki(labs.pki)
    pki.leaf("southbound", "anchor-a", L.SMSSC_HOST, "serverAuth")
    context.load_cert_chain(pki.path("southbound.pem"), pki.path("southbound.key"))
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(pki.path("operator.pem"))
    peer = f"protection: tls\n    certificate: {pki.path('iwf.pem')}\n    key: {pki.path('iwf.key')}\n    trust: anchor-a"
    with M.southbound(labs, "", peer, context) as p:
        scs = Reader.opened(p)
        submit, message_id = taken(p, scs, 150)
        assert p.sc.received(p.sc.receipt(submit, message_id)) == 0
        assert scs.reported() == (150, 0)
        scs.close()


def doctor(p, *words):
    done = subprocess.run([p.program("mtcctl"), "--json", "doctor", *words, "-c", p.lab["iwf"]["config"]], capture_output=True, text=True, timeout=proc.HANG_S,
                          check=False, stdin=subprocess.DEVNULL, env={**os.environ, "MTC_CTL": p.lab["iwf"]["ctl"]})
    return {r["cause"]: r for r in map(json.loads, done.stdout.splitlines()[:-1])}


def test_peers_health_and_a_refused_bind(p):
    p.sc.bind_status = 0x0E
    p.sc.cut()
    proc.wait_until("the refusal is shown", lambda: "ESME_RINVPASWD" in str(p.ctl("peers")))
    assert {r["name"]: r["protocol"] for r in p.ctl("peers") if "name" in r} == {"hss": "diameter", "smssc": "smpp"}
    waiting = row_of(p, "smssc")
    health = p.ctl("health", check=False)[0]
    assert not health["healthy"] and [(r["reason"], "ESME_RINVPASWD" in r["text"]) for r in health["reasons"]] == [("peer-not-open", True)]
    found = doctor(p, "smssc")
    assert "peer-smpp" in found and "ESME_RINVPASWD" in found["peer-smpp"]["text"] and "smssc.system_id" in found["peer-smpp"]["advice"]
    with open(os.path.join(p.lab["dir"], "log", "mtc-iwfd.log"), encoding="utf-8") as f:
        assert "peer smssc (smssc.core.operator.example): the attempt to connect failed: the bind was refused: ESME_RINVPASWD" in f.read()
    p.ctl("peers", "stop", "smssc")
    proc.wait_until("it is stopped", lambda: row_of(p, "smssc")["state"] == "stopped")
    stopped = row_of(p, "smssc")["since"]
    p.sc.bind_status = 0
    p.ctl("peers", "start", "smssc")
    is_bound(p)
    assert stopped > waiting["since"], "a stopped peer tells since when it is"


def row_of(p, name):
    return next(r for r in p.ctl("peers") if r.get("name") == name)


def test_tshark_reads_every_pdu(p, scs, tmp_path):
    capture = Capture(str(tmp_path), [(p.sc.address, p.sc.port)])
    unbinds_and_binds(p)
    for form, ports in (("payload", "header"), ("header", "header"), ("parameters", "parameters"), ("header", "none")):
        with configured(p, long=form, ports=ports):
            n = 180 + len(form) + len(ports)
            scs.ask_later(action(device=device(n), reference=n, port=16001, payload=b"t" * 200, priority=1))
            submits = [p.sc.take() for _ in range(1)]
            ids = [p.sc.accept(submits[0])]
            while form != "payload" and len(ids) < 2:
                submits.append(p.sc.take())
                ids.append(p.sc.accept(submits[-1]))
            assert scs.answered() == 0
            for submit, message_id in zip(submits, ids):
                assert p.sc.received(p.sc.receipt(submit, message_id, reference=True)) == 0
            assert scs.reported() == (n, 0)
    _, message_id = taken(p, scs, 179)
    scs.ask_later(action(device=device(179), reference=1791, old_reference=179, kind=RECALL, trigger_data=False))
    p.sc.answer(p.sc.take(M.CANCEL))
    assert scs.answered() == 0
    capture.stop()
    read = ["tshark", "-n", "-r", capture.file, "-d", f"tcp.port=={p.sc.port},smpp"]
    wrong = subprocess.run([*read, "-Y", f"_ws.malformed or _ws.expert.severity == {ERROR_SEVERITY}"], capture_output=True, text=True, check=True).stdout
    assert not wrong, wrong
    got = subprocess.run([*read, "-Y", "smpp", "-T", "fields", "-e", "smpp.command_id"], capture_output=True, text=True, check=True).stdout
    seen = {int(number, 16) for number in got.replace(",", " ").split()}
    assert seen == {c | resp for c in (M.BIND, M.UNBIND, M.SUBMIT, M.CANCEL, M.DELIVER) for resp in (0, M.RESP)}, [hex(c) for c in seen]


def mtcctl(p, *words):
    done = subprocess.run([p.program("mtcctl"), "--socket", p.lab["iwf"]["ctl"], *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=proc.HANG_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_trace_has_the_pdus(p, scs, tmp_path):
    """Of the peer all, of an SCS those about its triggers, of another peer none; without the number of the device, its payload and the password."""
    for filter_, wanted in ((["--peer", "smssc"], {M.BIND, M.UNBIND, M.SUBMIT, M.DELIVER}), (["--scs", "acme"], {M.SUBMIT, M.DELIVER}),
                            (["--peer", "hss"], set())):
        path = str(tmp_path / f"{filter_[1]}.pcapng")
        mtcctl(p, "trace", "start", *filter_, "--pcap", path)
        unbinds_and_binds(p)
        n = 210 + len(wanted)
        submit, message_id = taken(p, scs, n, port=16001, payload=b"a secret payload")
        assert p.sc.received(p.sc.receipt(submit, message_id)) == 0 and scs.reported() == (n, 0)
        mtcctl(p, "trace", "stop")
        got = subprocess.run(["tshark", "-n", "-r", path, "-Y", "smpp", "-T", "fields", "-e", "smpp.command_id", "-e", "_ws.malformed"], capture_output=True, text=True,
                             check=True).stdout
        assert {int(number, 16) for number in got.split()} == {c | resp for c in wanted for resp in (0, M.RESP)}, got
        with open(path, "rb") as f:
            octets = f.read()
        assert not [text for text in (L.msisdn(n), "secret", M.PASSWORD) if text.encode() in octets] and (message_id.encode() in octets) == bool(wanted)


def test_an_unredacted_trace_has_all_but_the_password(p, scs, tmp_path):
    path = str(tmp_path / "all.pcapng")
    mtcctl(p, "trace", "start", "--peer", "smssc", "--unredacted", "--pcap", path)
    unbinds_and_binds(p)
    submit, message_id = taken(p, scs, 213, payload=b"shown this time")
    assert p.sc.received(p.sc.receipt(submit, message_id)) == 0 and scs.reported() == (213, 0)
    mtcctl(p, "trace", "stop")
    with open(path, "rb") as f:
        octets = f.read()
    assert all(text in octets for text in (L.msisdn(213).encode(), b"shown this time", M.SYSTEM_ID.encode()))
    assert M.PASSWORD.encode() not in octets
