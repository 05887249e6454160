"""Act nineteen: a delivery report that comes again, and the Reference-Number that it names (CONTRACTS section 3, "repeated DRR"), with an
SMS-SC and an SCS played by hand."""
import itertools

import pytest
from lablib import proc
from support import diameter as D
from support.core import kill_core
from support.hands import Reader, Smssc, at_its_place, lab_played
from support.t4 import DRR, T4
from support.tsp import action, request_status

SUCCESS, USER_UNKNOWN = 2001, 5001
PERMANENTERROR = 107
ABSENT, UNDELIVERABLE = 0, 3  # SM-Delivery-Outcome; Delivery-Outcome
KNOWS_RECALL = D.gpp(628, [D.avp(266, D.GPP), D.gpp(629, 1, mandatory=False), D.gpp(630, 1, mandatory=False)], mandatory=False)
FIRST, COPY = 0xc0, 0xd0  # R and P; with T
references, ends, devices = itertools.count(19000), itertools.count(990000), itertools.count(191)


@pytest.fixture
def p(labs):
    """The window of reports is short enough to see its end."""
    with lab_played(labs, iwf_more="limits: { report_duplicates_window: 2s }\ndnr: { retry_min: 60s, retry_max: 60s }\n") as p:
        yield p


@pytest.fixture(scope="module")
def played(labs):
    with lab_played(labs) as p:
        yield p


@pytest.fixture
def scs(played):
    s = Reader.opened(played)
    yield s
    s.close()


def submitted(p, scs, reference=None, device=None):
    reference = next(references) if reference is None else reference
    scs.ask_later(action(device=device or f"meter-{next(devices)}@a.example", reference=reference))
    dtr = p.sc.take()
    p.sc.accept(dtr)
    assert scs.answered() == 0
    return reference, dtr


def told(m):
    return m.result or m.experimental


def report(p, avps, end, flags=FIRST):
    return told(p.sc.ask(DRR, T4, avps, flags=flags, end=end))


def gone(p, reference):
    proc.wait_until("the trigger has ended", lambda: all(r.get("reference") != reference for r in p.ctl("triggers", "list")))


def on_disk(p, dtr):
    """What came before is on disk: the answer to a report of no trigger is, before it leaves."""
    assert report(p, p.sc.drr(dtr, reference=False) + [D.gpp(3007, next(references))], next(ends)) == USER_UNKNOWN


def counter(p, name):
    return next(r["value"] for r in p.ctl("stats") if r.get("name") == name)


def another_core(p):
    kill_core(p)
    p.sc.close()
    p.sc = at_its_place(p, p.lab["smssc"], Smssc)

    def usable():
        p.sc.silent()  # answers the watchdogs meanwhile
        return len([r for r in p.ctl("peers", check=False) if r.get("state") == "open"]) == 2
    proc.wait_until("its peers carry traffic", usable)


def silent(scs):
    scs.sock.settimeout(0.5)
    try:
        return scs.expect(D.DNR, True).number(3002, 3007)
    except TimeoutError:
        return True
    finally:
        scs.sock.settimeout(proc.HANG_S)


def test_a_repeated_report_gets_the_same_answer_and_is_no_report_of_the_next_trigger(p):
    """The DRA was lost; the SCS uses the number again once it is free. The copy says nothing of the second trigger."""
    scs, end = Reader.opened(p), next(ends)
    reference, dtr = submitted(p, scs)
    drr = p.sc.drr(dtr)
    assert report(p, drr, end) == SUCCESS and scs.reported() == (reference, 0)
    gone(p, reference)
    assert request_status(scs.dar(action(device="meter-189@a.example", reference=reference))) == PERMANENTERROR, "it is not free yet"
    assert p.wait_decision(reference=reference, verdict="refused")["reason"] == "reference-in-use"
    assert report(p, drr, end, COPY) == SUCCESS and silent(scs) is True
    assert counter(p, "report_duplicates") == 1

    scs.close()


def test_the_number_is_free_when_the_window_is_over_and_then_the_report_is_of_the_new_trigger(p):
    scs = Reader.opened(p)
    reference, dtr = submitted(p, scs)
    assert report(p, p.sc.drr(dtr), next(ends)) == SUCCESS and scs.reported() == (reference, 0)
    gone(p, reference)

    def free():
        scs.ask_later(action(device="meter-188@a.example", reference=reference))
        p.sc.sock.settimeout(0.2)
        try:
            p.second = p.sc.take()
        except TimeoutError:
            assert scs.answered() == PERMANENTERROR
            return False
        finally:
            p.sc.sock.settimeout(proc.HANG_S)
        return True
    proc.wait_until("the number is free", free)
    p.sc.accept(p.second)
    assert scs.answered() == 0
    assert report(p, p.sc.drr(p.second, ABSENT), next(ends)) == SUCCESS and scs.reported() == (reference, UNDELIVERABLE)
    scs.close()


def test_a_repeated_report_is_known_by_the_next_core(played, scs):
    """Before the SCS has acknowledged, and after: the trigger has ended, and a new one to the device is under way."""
    device = "meter-187@a.example"
    end = next(ends)
    reference, dtr = submitted(played, scs, device=device)
    drr = played.sc.drr(dtr, reference=False)
    assert report(played, drr, end) == SUCCESS
    kept = scs.notified()
    another_core(played)
    assert report(played, drr, end, COPY) == SUCCESS
    while kept.number(3002, 3007) != reference or not kept.flags & 0x10:
        kept = scs.notified()
    scs.acknowledge(kept)
    gone(played, reference)
    on_disk(played, dtr)
    another_core(played)
    second, dtr2 = submitted(played, scs, device=device)
    assert report(played, drr, end, COPY) == SUCCESS and silent(scs) is True
    assert request_status(scs.dar(action(device=device, reference=reference))) == PERMANENTERROR
    assert report(played, played.sc.drr(dtr2, ABSENT), next(ends)) == SUCCESS and scs.reported() == (second, UNDELIVERABLE)


def test_without_a_number_a_copy_is_not_the_report_of_another_trigger_to_the_device(played, scs):
    device, end = "meter-186@a.example", next(ends)
    reference, dtr = submitted(played, scs, device=device)
    drr = played.sc.drr(dtr, reference=False)
    assert report(played, drr, end) == SUCCESS and scs.reported() == (reference, 0)
    gone(played, reference)
    second, dtr2 = submitted(played, scs, device=device)
    assert report(played, drr, end, COPY) == SUCCESS and silent(scs) is True
    assert report(played, drr, end, FIRST) == SUCCESS and silent(scs) is True, "the T flag is not what tells"
    assert report(played, played.sc.drr(dtr2, ABSENT, reference=False), next(ends)) == SUCCESS
    assert scs.reported() == (second, UNDELIVERABLE)


def test_a_copy_that_took_another_way_is_a_copy(played, scs):
    """Route-Record and Proxy-Info are of the way; they come back with the answer to the copy."""
    end = next(ends)
    reference, dtr = submitted(played, scs)
    drr = played.sc.drr(dtr)
    assert report(played, drr, end) == SUCCESS and scs.reported() == (reference, 0)
    gone(played, reference)
    way = [D.avp(282, "dra.example"), D.avp(284, [D.avp(280, "dra.example"), D.avp(33, b"7")])]
    m = played.sc.ask(DRR, T4, drr + way, flags=COPY, end=end)
    assert (told(m), m.text(284, 280)) == (SUCCESS, "dra.example")


def test_the_answer_that_waits_for_the_disk_knows_its_way_back(played, scs):
    """Two agents stood on the way of the DRR: their Proxy-Info comes back in its order (RFC 6733 6.2), with the Session-Id."""
    reference, dtr = submitted(played, scs)
    drr = played.sc.drr(dtr)
    way = [D.avp(284, [D.avp(280, f"dra-{n}.example"), D.avp(33, state)]) for n, state in ((1, b"near"), (2, b""))]
    m = played.sc.ask(DRR, T4, drr[:1] + way[:1] + drr[1:] + way[1:], flags=FIRST, end=next(ends))
    assert told(m) == SUCCESS and scs.reported() == (reference, 0)
    assert m.all(284, 280) == [b"dra-1.example", b"dra-2.example"] and m.all(284, 33) == [b"near", b""]
    assert m.data(263) == D.parse_avps(drr[0])[0][2] and m.number(277) == 1


def test_another_content_under_the_same_id_is_a_new_report(played, scs):
    """An SMS-SC that was restarted may use an End-to-End-Id again."""
    end = next(ends)
    reference, dtr = submitted(played, scs)
    assert report(played, played.sc.drr(dtr), end) == SUCCESS and scs.reported() == (reference, 0)
    second, dtr2 = submitted(played, scs)
    assert report(played, played.sc.drr(dtr2, ABSENT), end) == SUCCESS and scs.reported() == (second, UNDELIVERABLE)


def test_a_report_of_no_trigger_stays_one(played, scs):
    """It was refused; its number is taken afterwards. Also by the next core."""
    reference, end = next(references), next(ends)
    device = "meter-184@a.example"
    other, dtr = submitted(played, scs, device=device)
    drr = played.sc.drr(dtr, reference=False) + [D.gpp(3007, reference)]
    assert report(played, drr, end) == USER_UNKNOWN
    _, second = submitted(played, scs, reference, device)
    assert report(played, drr, end, COPY) == USER_UNKNOWN and silent(scs) is True
    on_disk(played, dtr)
    another_core(played)
    assert report(played, drr, end, COPY) == USER_UNKNOWN and silent(scs) is True
    assert report(played, played.sc.drr(second), next(ends)) == SUCCESS and scs.reported() == (reference, 0)
    assert report(played, played.sc.drr(dtr), next(ends)) == SUCCESS and scs.reported() == (other, 0)


def test_a_second_report_of_one_trigger_is_known_again_too(played, scs):
    """The SMS-SC was restarted and reports under another id; both are answered, once, and the next core knows both."""
    first, other = next(ends), next(ends)
    reference, dtr = submitted(played, scs)
    one, two = played.sc.drr(dtr), played.sc.drr(dtr)
    assert report(played, one, first) == SUCCESS
    kept = scs.notified()
    assert report(played, two, other) == SUCCESS
    scs.acknowledge(kept)
    gone(played, reference)
    on_disk(played, dtr)
    another_core(played)
    assert report(played, one, first, COPY) == SUCCESS and report(played, two, other, COPY) == SUCCESS and silent(scs) is True


def test_a_report_under_other_ids_of_what_was_reported_is_taken_and_passed_on_to_nobody(played, scs):
    """The SMS-SC was restarted and makes its report anew. Of another device, or of another SMS-SC, it fits nothing."""
    reference, dtr = submitted(played, scs)
    assert report(played, played.sc.drr(dtr), next(ends)) == SUCCESS and scs.reported() == (reference, 0)
    gone(played, reference)
    assert report(played, played.sc.drr(dtr, ABSENT), next(ends)) == SUCCESS and silent(scs) is True
    assert report(played, played.sc.drr(dtr, host="smssc9.core.operator.example"), next(ends)) == USER_UNKNOWN
    other = [a if a[:4] != (3102).to_bytes(4, "big") else D.gpp(3102, [D.avp(1, "001019999999999")]) for a in played.sc.drr(dtr)]
    assert report(played, other, next(ends)) == USER_UNKNOWN


@pytest.fixture
def hurried(labs):
    """An SMS-SC has 200 ms for its answer."""
    with lab_played(labs, t4_more=", answer_wait: 200ms") as p:
        yield p


def test_a_report_after_a_201_is_known_again_too(hurried):
    """The SMS-SC did not answer and delivered all the same: nobody is told, and the copy is known by the next core and under other ids."""
    p, end, reference = hurried, next(ends), next(references)
    scs = Reader.opened(p)
    scs.ask_later(action(device="meter-183@a.example", reference=reference, validity=300))
    dtr = p.sc.take()
    p.sc.take()  # its copy
    assert scs.answered() == 201
    p.sc.take()  # the recall
    drr = p.sc.drr(dtr)
    assert report(p, drr, end) == SUCCESS
    assert report(p, drr, end, COPY) == SUCCESS and report(p, p.sc.drr(dtr), next(ends)) == SUCCESS
    on_disk(p, dtr)
    another_core(p)
    assert report(p, drr, end, COPY) == SUCCESS and report(p, p.sc.drr(dtr), next(ends)) == SUCCESS
    scs.close()


def test_a_recalled_number_is_free_at_once(played, scs):
    """No report of it can come: the SMS-SC has deleted it."""
    device = "meter-185@a.example"
    reference = next(references)
    scs.ask_later(action(device=device, reference=reference))
    played.sc.reply(played.sc.take(), D.avp(268, SUCCESS), KNOWS_RECALL)
    assert scs.answered() == 0
    scs.ask_later(action(device=device, reference=reference, kind=3, trigger_data=False, validity=None))
    played.sc.reply(played.sc.take(), D.avp(268, SUCCESS), KNOWS_RECALL)
    assert scs.answered() == 0
    _, dtr = submitted(played, scs, reference, device)
    assert report(played, played.sc.drr(dtr), next(ends)) == SUCCESS and scs.reported() == (reference, 0)


@pytest.fixture
def slow_disk(labs):
    """A commit waits for others here, so that what follows a report comes while it is being written."""
    with lab_played(labs, iwf_more="journal: { batch_window: 500ms }\n") as p:
        yield p


def test_a_copy_waits_with_the_first_until_it_is_durable(slow_disk):
    p, end = slow_disk, next(ends)
    scs = Reader.opened(p)
    reference, dtr = submitted(p, scs)
    drr = p.sc.drr(dtr)
    for flags, hop in ((FIRST, 7001), (COPY, 7002)):
        p.sc.send(D.message(DRR, T4, flags, drr, hop, end))
    answers = [p.sc.expect(DRR, False) for _ in range(2)]
    assert [(m.hop, told(m)) for m in answers] == [(7001, SUCCESS), (7002, SUCCESS)]
    assert counter(p, "report_duplicates") == 1
    assert scs.reported() == (reference, 0) and silent(scs) is True
    scs.close()


def test_another_report_waits_with_the_first_and_gets_its_answer(slow_disk):
    """Of the same trigger, under other ids and with other outcomes: the first one counts, each is answered once, and copies are known."""
    p = slow_disk
    scs = Reader.opened(p)
    reference, dtr = submitted(p, scs)
    drrs = [(7101, next(ends), p.sc.drr(dtr)), (7102, next(ends), p.sc.drr(dtr, ABSENT)), (7103, next(ends), p.sc.drr(dtr))]
    for hop, end, drr in drrs:
        p.sc.send(D.message(DRR, T4, FIRST, drr, hop, end))
    answers = [p.sc.expect(DRR, False) for _ in drrs]
    assert [(m.hop, m.end, told(m)) for m in answers] == [(hop, end, SUCCESS) for hop, end, _ in drrs]
    assert counter(p, "report_duplicates") == 2
    assert scs.reported() == (reference, 0) and silent(scs) is True
    assert [report(p, drr, end, COPY) for _, end, drr in drrs] == [SUCCESS] * 3 and silent(scs) is True
    scs.close()


def test_a_report_that_waited_with_the_first_is_not_that_of_the_next_trigger(slow_disk):
    """Neither of the reports names a number. A copy of the second comes when another trigger to the device is under way, also to the next core."""
    p, device = slow_disk, "meter-182@a.example"
    scs = Reader.opened(p)
    reference, dtr = submitted(p, scs, device=device)
    drrs = [(7201, next(ends), p.sc.drr(dtr, reference=False)), (7202, next(ends), p.sc.drr(dtr, ABSENT, reference=False))]
    for hop, end, drr in drrs:
        p.sc.send(D.message(DRR, T4, FIRST, drr, hop, end))
    assert [told(p.sc.expect(DRR, False)) for _ in drrs] == [SUCCESS] * 2
    assert scs.reported() == (reference, 0)
    gone(p, reference)
    second, dtr2 = submitted(p, scs, device=device)
    assert [report(p, drr, end, COPY) for _, end, drr in drrs] == [SUCCESS] * 2 and silent(scs) is True
    on_disk(p, dtr2)
    another_core(p)
    assert [report(p, drr, end, COPY) for _, end, drr in drrs] == [SUCCESS] * 2 and silent(scs) is True
    assert report(p, p.sc.drr(dtr2), next(ends)) == SUCCESS and scs.reported() == (second, 0)
    scs.close()
