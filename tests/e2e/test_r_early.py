"""Act eighteen, the disk: a report goes to the SCS while it is being written, and only its DRA waits (CONTRACTS section 3, "DRR"). The SMS-SC, the
SCS and the disk of the journal are played by hand."""
import itertools
import struct

import pytest
from lablib import proc
from support import diameter as D
from support.core import core, kill_core
from support.disk import lab_with_disk, southbound_with_disk
from support.hands import Reader, Smssc, at_its_place
from support.smsc import ENQUIRE, RESP
from support.t4 import DRR, T4
from support.tsp import action

SUCCESS, USER_UNKNOWN, UNABLE_TO_COMPLY = 2001, 5001, 5012
FIRST, COPY, T = 0xc0, 0xd0, 0x10  # R and P; with T
references, ends, hops, devices = itertools.count(18000), itertools.count(880000), itertools.count(8000), itertools.count(160)


@pytest.fixture(scope="module")
def p(labs):
    """Nothing is sent again but what a play provokes."""
    with lab_with_disk(labs, iwf_more="dnr: { answer_wait: 60s, retry_min: 60s, retry_max: 60s }\n") as p:
        yield p


@pytest.fixture
def scs(p):
    well(p)
    s = Reader.opened(p)
    yield s
    p.disk.takes()
    s.close()


def well(p):
    proc.wait_until("the journal is well", lambda: p.ctl("status")[-1]["journal"]["state"] == "ok")


def submitted(p, scs):
    """A trigger whose acceptance is on disk: the answer to a report of no trigger is, before it leaves, and so is what came before it."""
    reference = next(references)
    scs.ask_later(action(device=f"meter-{next(devices)}@a.example", reference=reference))
    dtr = p.sc.take()
    p.sc.accept(dtr)
    assert scs.answered() == 0
    hop = send(p, foreign(p, dtr), next(ends))
    assert answered(p) == (hop, USER_UNKNOWN)
    return reference, dtr


def foreign(p, dtr):
    return p.sc.drr(dtr, reference=False) + [D.gpp(3007, next(references))]


def send(p, drr, end, flags=FIRST):
    hop = next(hops)
    p.sc.send(D.message(DRR, T4, flags, drr, hop, end))
    return hop


def answered(p):
    """The next DRA: the hop-by-hop id of its DRR, and what it says."""
    m = p.sc.expect(DRR, False)
    return m.hop, m.result or m.experimental


def ids(dnr):
    return dnr.end, dnr.text(263), dnr.number(3002, 3007), dnr.number(3002, 3009)


def gone(p, reference):
    proc.wait_until("the trigger has ended", lambda: all(r.get("reference") != reference for r in p.ctl("triggers", "list")))


def state(p, reference):
    return next((r["state"] for r in p.ctl("triggers", "list") if r.get("reference") == reference), None)


def counter(p, name):
    return next(r["value"] for r in p.ctl("stats") if r.get("name") == name)


def no_dra(p):
    """The report is still being written, and its SMS-SC hears nothing: what it asks behind it is answered first."""
    m = p.sc.ask(D.DWR, 0, p.sc.origin(), D.REQUEST)
    assert m.result == SUCCESS


def another_core(p):
    """The core dies, and the disk is well. The SCS keeps its connection; the SMS-SC gets another one."""
    old = core(p)
    kill_core(p)
    proc.wait_until("another core is there", lambda: core(p) not in (None, old))
    p.disk.takes()  # not before: the write was not done
    p.sc.close()
    p.sc = at_its_place(p, p.lab["smssc"], Smssc)


def usable(p):
    def is_open():
        p.sc.silent()  # answers the watchdogs meanwhile
        return len([r for r in p.ctl("peers", check=False) if r.get("state") == "open"]) == 2
    proc.wait_until("its peers carry traffic", is_open)


@pytest.mark.parametrize("room,dna", [(True, True), (True, False), (False, True)], ids=["slow, acknowledged", "slow", "full, acknowledged"])
def test_a_core_that_dies_before_its_disk_has_the_report_repeats_it_under_the_same_ids(p, scs, room, dna):
    """The SMS-SC has no DRA and reports again. The SCS takes it once, because the ids and the T flag tell that it is the same."""
    reference, dtr = submitted(p, scs)
    drr, end = p.sc.drr(dtr), next(ends)
    arrived = p.disk.holds() if room else p.disk.is_full()
    send(p, drr, end)
    first = scs.notified()
    arrived()
    assert not first.flags & T
    if dna:
        before = counter(p, "reports_acknowledged")
        scs.acknowledge(first)
        proc.wait_until("the core has the DNA", lambda: counter(p, "reports_acknowledged") > before)
    no_dra(p)
    another_core(p)
    usable(p)
    assert state(p, reference) == "accepted"
    hop = send(p, drr, end, COPY)
    assert answered(p) == (hop, SUCCESS)
    again = scs.notified()
    assert again.flags & T and ids(again) == ids(first)
    scs.acknowledge(again)
    gone(p, reference)
    hop = send(p, drr, end, COPY)
    assert answered(p) == (hop, SUCCESS), "it is known"


def test_a_report_of_what_is_not_on_disk_as_accepted_either(p, scs):
    """The next core asks the SMS-SC once more, under the old ids; so goes the report."""
    reference = next(references)
    scs.ask_later(action(device=f"meter-{next(devices)}@a.example", reference=reference))
    dtr, held = p.sc.take(), p.disk.holds()
    p.sc.accept(dtr)
    assert scs.answered() == 0
    drr, end = p.sc.drr(dtr), next(ends)
    send(p, drr, end)
    first = scs.notified()
    held()
    scs.acknowledge(first)
    another_core(p)
    copy = p.sc.take()
    assert copy.flags & T and copy.end == dtr.end
    hop = send(p, drr, end, COPY)
    assert answered(p) == (hop, SUCCESS)
    again = scs.notified()
    assert again.flags & T and ids(again) == ids(first)
    p.sc.accept(copy)
    scs.acknowledge(again)
    gone(p, reference)


def test_an_scs_takes_the_report_once(p, tmp_path):
    """mtc-scs, which remembers what it was told."""
    well(p)
    asker = Reader.opened(p)
    reference, dtr = submitted(p, asker)
    listener = p.listen("acme", label="listen-early", state=str(tmp_path / "acme.state"))
    sessions = counter(p, "session_closed")
    asker.close()
    proc.wait_until("the core knows", lambda: counter(p, "session_closed") > sessions)
    drr, end, held = p.sc.drr(dtr), next(ends), p.disk.holds()
    send(p, drr, end)
    assert listener.wait_event("report", reference=reference, wait_s=proc.HANG_S)["delivery_outcome"] == "SUCCESS"
    held()
    another_core(p)
    usable(p)
    hop = send(p, drr, end, COPY)
    assert answered(p) == (hop, SUCCESS)
    gone(p, reference)
    assert [e["reference"] for e in listener.events("report")] == [reference]
    listener.end()


@pytest.mark.parametrize("dna", [True, False], ids=["acknowledged", "not acknowledged"])
def test_a_full_disk_delays_the_dra_and_not_the_dnr(p, scs, dna):
    """The SMS-SC repeats its DRR meanwhile. Each is answered once, when there is room, and the SCS is told once."""
    reference, dtr = submitted(p, scs)
    drr, end = p.sc.drr(dtr), next(ends)
    refused = p.disk.is_full()
    sent = [send(p, drr, end)]
    kept = scs.notified()
    assert (kept.number(3002, 3007), kept.number(3002, 3009), kept.flags & T) == (reference, 0, 0)
    refused()
    if dna:
        scs.acknowledge(kept)
    sent.append(send(p, drr, end, COPY))
    no_dra(p)
    assert state(p, reference) == "writing the report"
    p.disk.takes()
    assert [answered(p) for _ in sent] == [(hop, SUCCESS) for hop in sent]
    if not dna:
        scs.acknowledge(kept)
    gone(p, reference)
    well(p)
    other, dtr = submitted(p, scs)  # nothing came in between
    hop = send(p, p.sc.drr(dtr), next(ends))
    assert answered(p) == (hop, SUCCESS) and scs.reported() == (other, 0)


def test_an_scs_that_comes_back_while_its_report_is_written_is_told_at_once(p, scs):
    """Its connection was lost before it acknowledged: the new one does not wait for the disk, nor for dnr.retry_min."""
    reference, dtr = submitted(p, scs)
    held = p.disk.holds()
    hop = send(p, p.sc.drr(dtr), next(ends))
    first = scs.notified()
    held()
    sessions = counter(p, "session_closed")
    scs.sock.close()
    proc.wait_until("the core knows", lambda: counter(p, "session_closed") > sessions)
    other = Reader.opened(p)
    again = other.notified()
    assert again.flags & T and ids(again) == ids(first)
    assert state(p, reference) == "writing the report"
    other.acknowledge(again)
    no_dra(p)
    p.disk.takes()
    assert answered(p) == (hop, SUCCESS)
    gone(p, reference)
    other.close()


@pytest.fixture
def smpp(labs):
    with southbound_with_disk(labs, iwf_more="dnr: { answer_wait: 60s, retry_min: 60s, retry_max: 60s }\n") as p:
        yield p


def test_a_receipt_is_a_report_that_does_not_wait_for_the_disk_either(smpp):
    """The same with an SMS-SC over SMPP: its deliver_sm has no answer, and comes again at the next core."""
    p, old, reference = smpp, core(smpp), next(references)
    scs = Reader.opened(p)
    scs.ask_later(action(device=f"meter-{next(devices)}@a.example", reference=reference))
    submit = p.sc.take()
    message_id = p.sc.accept(submit)
    assert scs.answered() == 0
    held = p.disk.holds()
    p.sc.receipt(submit, message_id)
    first = scs.notified()
    held()
    before = counter(p, "reports_acknowledged")
    scs.acknowledge(first)
    proc.wait_until("the core has the DNA", lambda: counter(p, "reports_acknowledged") > before)
    p.sc.send(struct.pack(">IIII", 16, ENQUIRE, 0, 4242))
    answer = p.sc.answers.get(timeout=proc.HANG_S)
    assert (answer.command, answer.sequence) == (ENQUIRE | RESP, 4242), "the receipt before it is not answered"
    kill_core(p)
    proc.wait_until("another core is there", lambda: core(p) not in (None, old))
    p.disk.takes()
    proc.wait_until("it is bound again", lambda: len(p.sc.binds) == 2 and all(r.get("state") == "open" for r in p.ctl("peers", check=False) if "state" in r))
    assert p.sc.received(p.sc.receipt(submit, message_id)) == 0
    again = scs.notified()
    assert again.flags & T and ids(again) == ids(first)
    scs.acknowledge(again)
    gone(p, reference)
    assert p.sc.received(p.sc.receipt(submit, message_id)) == 0
    scs.close()


@pytest.fixture
def few(labs):
    """The gateway remembers as few reports as it may."""
    with lab_with_disk(labs, iwf_more="limits: { report_duplicates: 1024 }\n") as p:
        yield p


def test_a_report_whose_answer_waits_for_the_disk_is_not_forgotten(few):
    """Reports of no trigger have a record of their own. More than the gateway remembers come while the disk holds it: the ones that wait keep their
    place, and the next are refused for now."""
    p = few
    scs = Reader.opened(p)
    _, dtr = submitted(p, scs)
    drr, held = foreign(p, dtr), p.disk.holds()
    sent = [send(p, drr, next(ends)) for _ in range(1025)]
    held()
    p.sc.send(D.message(D.DWR, 0, D.REQUEST, p.sc.origin()))
    assert answered(p) == (sent.pop(), UNABLE_TO_COMPLY)
    assert p.sc.expect(D.DWR, False).result == SUCCESS, "none of the others is answered yet"
    p.disk.takes()
    assert [answered(p) for _ in sent] == [(hop, USER_UNKNOWN) for hop in sent]
    scs.close()
