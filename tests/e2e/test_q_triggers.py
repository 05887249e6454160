"""Act seventeen: what an operator sees of one trigger, and taking it back: mtcctl triggers show, triggers cancel."""
import itertools
import json
import os
import subprocess

import pytest
from lablib import lab as L
from lablib import proc
from support import diameter as D
from support.core import kill_core
from support.hands import Hss, Reader, Smssc, at_its_place, lab_played
from support.tsp import action

references = itertools.count(17000)
T4_RECALL = 1


@pytest.fixture(scope="module")
def played(labs):
    with lab_played(labs, hss=True, s6m_more=", answer_wait: 5s", t4_more=", answer_wait: 5s",
                    iwf_more="limits: { ended: 3 }\n"
                    # no test lets a report wait for its answer; a copy of it would meet the next test
                    "dnr: { answer_wait: 1m, retry_min: 100ms, retry_max: 200ms }\n") as p:
        yield p


@pytest.fixture
def scs(played):
    s = Reader.opened(played)
    yield s
    s.close()


def shown(p, *words):
    """The row and the history of `triggers show`."""
    row, last = p.ctl("triggers", "show", *words)
    return row, last["history"]


def refused(p, *words):
    """What mtcctl says when it cannot."""
    done = subprocess.run([p.program("mtcctl"), "--socket", p.lab["iwf"]["ctl"], *[str(w) for w in words]], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=proc.HANG_S, check=False)
    assert done.returncode == 1, done.stdout
    return done.stderr


def asked(played, scs, device="meter-171@a.example", **what):
    reference = next(references)
    end = scs.ask_later(action(device=device, reference=reference, **what))
    return reference, end, played.hss.take()


def submitted(played, scs, **what):
    reference, end, sir = asked(played, scs, **what)
    played.hss.know(sir, L.imsi(171))
    return reference, end, played.sc.take()


def accepted_by(played, scs, **what):
    reference, _, dtr = submitted(played, scs, **what)
    played.sc.accept(dtr)
    assert scs.answered() == 0
    return reference, dtr


def states(history):
    return [h["to"] for h in history]


def test_each_step_of_a_trigger_is_shown_with_what_it_waits_for(played, scs):
    reference, end, sir = asked(played, scs, payload=b"never shown")
    row, history = shown(played, "acme", reference)
    assert (row["state"], row["waits_for"], row["peer"]) == ("asking the HSS", "the HSS's answer", "hss (open)")
    assert row["end_to_end"] == f"0x{end:08x}" and states(history) == ["asking the HSS"]
    played.hss.know(sir, L.imsi(171))
    dtr = played.sc.take()
    row, history = shown(played, reference)  # the number alone is enough
    assert (row["state"], row["dtrs_sent"], row["peer"]) == ("submitting", 1, "smssc (open)")
    assert row["dtr_end_to_end"] == f"0x{dtr.end:08x}"
    played.sc.accept(dtr)
    assert scs.answered() == 0
    row, history = shown(played, reference)
    assert (row["state"], row["answer"], row["waits_for"], row["taker"]) == ("accepted", "SUCCESS", "the SMS-SC's report", L.SMSSC_HOST)
    assert row["until"] and row["rule"].startswith("allow acme")
    assert played.sc.report(dtr).result == 2001
    dnr = scs.notified()
    row, history = shown(played, reference)
    assert (row["state"], row["outcome"], row["dnrs_sent"], row["scs_sessions"]) == ("reporting", "SUCCESS", 1, 1)
    assert row["dnr_end_to_end"] == f"0x{dnr.end:08x}"
    scs.acknowledge(dnr)
    proc.wait_until("it has ended", lambda: "ended" in shown(played, reference)[0])
    row, history = shown(played, "acme", reference)
    assert (row["state"], row["outcome"]) == ("done", "SUCCESS") and "waits_for" not in row and "untold" not in row
    assert states(history)[0] == "asking the HSS" and states(history)[-1] == "done"
    assert [h["at"] for h in history] == sorted(h["at"] for h in history)
    assert "never shown" not in json.dumps([row, history]) and b"never shown".hex() not in json.dumps(row)


def test_a_person_sees_members_and_a_table(played, scs):
    reference, _ = accepted_by(played, scs)
    done = subprocess.run([played.program("mtcctl"), "--socket", played.lab["iwf"]["ctl"], "triggers", "show", str(reference)],
                          capture_output=True, text=True, timeout=proc.HANG_S, check=True)
    members, table = done.stdout.split("\n\n")
    assert f"reference         {reference}\n" in members and "waits_for         the SMS-SC's report\n" in members
    lines = table.splitlines()
    assert lines[0].split() == ["AT", "AFTER", "ms", "EVENT", "STATE", "REASON"] and "asking the HSS" in lines[1]
    assert played.ctl("triggers", "cancel", "acme", reference)
    played.sc.accept(played.sc.take())
    assert scs.reported() == (reference, 3)


def test_a_refused_request_is_known_with_its_reason(played, scs):
    reference, _, sir = asked(played, scs)
    played.hss.reply(sir, D.avp(297, [D.avp(266, D.GPP), D.avp(298, 5510)]))
    assert scs.answered() == 105
    row, history = shown(played, "acme", reference)
    assert (row["state"], row["answer"]) == ("done", "NOTAUTHORIZED") and history[-1]["reason"] == "hss-not-allowed"


def test_what_ended_long_ago_is_honestly_unknown(played, scs):
    first = None
    for _ in range(4):
        reference, _, sir = asked(played, scs)
        first = first or reference
        played.hss.reply(sir, D.avp(297, [D.avp(266, D.GPP), D.avp(298, 5001)]))
        assert scs.answered() == 102
    said = refused(played, "triggers", "show", "acme", first)
    assert "not among the last 3 that ended" in said and "decision log" in said
    dropped = [r["value"] for r in played.ctl("stats") if r.get("name") == "triggers_ended_dropped"]
    assert dropped[0] >= 1


def test_a_number_of_two_scss_needs_a_name(played, scs):
    beta = Reader.opened(played, "beta")
    reference = next(references)
    for s, device in ((scs, "meter-172@a.example"), (beta, "meter-572@b.example")):
        s.ask_later(action(device=device, reference=reference))
        played.hss.know(played.hss.take(), L.imsi(172))
        played.sc.accept(played.sc.take())
        assert s.answered() == 0
    said = refused(played, "triggers", "show", reference)
    assert f"2 triggers have the number {reference}" in said and "acme" in said and "beta" in said
    assert shown(played, "beta", reference)[0]["device"] == "meter-572@b.example"
    for s, name in ((scs, "acme"), (beta, "beta")):
        played.ctl("triggers", "cancel", name, reference)
        played.sc.accept(played.sc.take())
        assert s.reported() == (reference, 3)
    beta.close()


def test_cancelled_before_it_is_submitted(played, scs):
    reference, _, sir = asked(played, scs)
    assert played.ctl("triggers", "cancel", "acme", reference)[-1]["state"] == "done"
    assert scs.answered() == 107, "and the HSS has not answered yet"
    played.hss.know(sir, L.imsi(171))
    assert played.sc.silent()
    line = played.wait_decision(reference=reference)
    assert (line["verdict"], line["reason"], line["request_status"]) == ("refused", "cancelled", "PERMANENTERROR")
    row, history = shown(played, reference)
    assert row["cancelled_by_uid"] == os.getuid() and history[-1]["reason"] == "cancelled"


def test_cancelled_while_it_is_submitted(played, scs):
    reference, _, dtr = submitted(played, scs)
    played.ctl("triggers", "cancel", "acme", reference)
    played.sc.accept(dtr)
    assert scs.answered() == 0, "the SMS-SC has it: nothing accepted is called refused"
    recall = played.sc.take()
    assert (recall.number(3202), recall.number(3011)) == (T4_RECALL, reference)
    played.sc.accept(recall)
    assert scs.reported() == (reference, 3)


def test_what_is_cancelled_stays_so_when_the_core_dies(played, scs):
    """What the operator was told is in the journal: the next core sends no copy, but takes back what may have arrived, and says so."""
    reference, _, _ = submitted(played, scs)
    assert played.ctl("triggers", "cancel", "acme", reference)[-1]["state"] == "submitting"
    assert "already" in refused(played, "triggers", "cancel", "acme", reference)
    kill_core(played)
    played.sc.close(), played.hss.close()
    played.sc = at_its_place(played, played.lab["smssc"], Smssc)
    recall = played.sc.take()
    assert (recall.number(3202), recall.number(3011)) == (T4_RECALL, reference)
    assert scs.answered() == 201
    played.sc.accept(recall)
    assert scs.reported() == (reference, 3)
    assert played.wait_decision(reference=reference, action="revoke")["reason"] == "cancelled"
    played.hss = at_its_place(played, played.lab["hss"], Hss)


def test_cancelled_while_the_sms_sc_has_it(played, scs):
    reference, _ = accepted_by(played, scs)
    assert played.ctl("triggers", "cancel", "acme", reference)[-1]["state"] == "revoking"
    recall = played.sc.take()
    assert (recall.number(3202), recall.number(3011)) == (T4_RECALL, reference)
    row, history = shown(played, reference)
    assert (row["state"], row["cancelled_by_uid"], row["recalls_sent"]) == ("revoking", os.getuid(), 1)
    assert row["recall_end_to_end"] == f"0x{recall.end:08x}" and history[-1]["reason"] == "cancelled"
    assert "already" in refused(played, "triggers", "cancel", "acme", reference)
    played.sc.accept(recall)
    assert scs.reported() == (reference, 3)
    proc.wait_until("it has ended", lambda: "ended" in shown(played, reference)[0])
    assert shown(played, reference)[0]["outcome"] == "UNDELIVERABLE"
    assert "has ended" in refused(played, "triggers", "cancel", "acme", reference)
    with open(played.lab["logs"]["mtc-iwfd"], encoding="utf-8") as f:
        assert f'triggers.cancel {{"scs":"acme","reference":{reference}}} by uid {os.getuid()}' in f.read()


def test_cancelled_too_late_is_reported_as_ever(played, scs):
    reference, dtr = accepted_by(played, scs)
    played.ctl("triggers", "cancel", "acme", reference)
    recall = played.sc.take()
    played.sc.reply(recall, D.avp(297, [D.avp(266, D.GPP), D.avp(298, 5535)]))
    assert played.sc.report(dtr).result == 2001
    assert scs.reported() == (reference, 0)


def test_a_report_on_its_way_is_not_cancelled(played, scs):
    reference, dtr = accepted_by(played, scs)
    assert played.sc.report(dtr).result == 2001
    dnr = scs.notified()
    assert "being reported to the SCS" in refused(played, "triggers", "cancel", "acme", reference)
    assert "no trigger" in refused(played, "triggers", "cancel", "acme", 4294967295)
    scs.acknowledge(dnr)
    proc.wait_until("it has ended", lambda: "ended" in shown(played, reference)[0])


def quota_of(p, scs="acme"):
    row = p.ctl("quota", "show", scs)[0]
    return row["used"], row["left"]


def test_a_used_quota_outlives_the_core_and_counts_what_it_left_undecided(played, scs):
    """Three of four: two that were accepted, and one whose DTA the dead core never saw."""
    who = played.scs["acme"]
    words = ("scs", "add", "acme", "--e164", who["e164"], "--origin-host", who["origin_host"], "--realm", who["realm"], "--anchor",
             who["anchor"], "--replace")
    played.ctl("quota", "reset", "acme")
    played.ctl(*words, "--quota", "3")
    try:
        accepted_by(played, scs), accepted_by(played, scs)
        reference, _, dtr = submitted(played, scs)
        assert quota_of(played) == (3, 0)
        kill_core(played)
        played.sc.close(), played.hss.close()
        played.sc = at_its_place(played, played.lab["smssc"], Smssc)
        copy = played.sc.take()
        assert (copy.number(3007), copy.end) == (reference, dtr.end)
        played.sc.accept(copy)
        assert scs.answered() == 0
        played.hss = at_its_place(played, played.lab["hss"], Hss)
        assert quota_of(played) == (3, 0)
        scs.ask_later(action(device="meter-171@a.example", reference=next(references)))
        assert scs.answered() == 108
        assert "quota" in json.dumps(played.ctl("assoc", "check", "acme", "meter-171@a.example", check=False)[-1]["path"])
        assert played.ctl("quota", "reset", "acme")[-1]["was"] == 3
        accepted_by(played, scs)
        assert quota_of(played) == (1, 2)
        played.ctl(*words, "--quota", "1")  # lowered to what is used
        assert quota_of(played) == (1, 0)
        scs.ask_later(action(device="meter-171@a.example", reference=next(references)))
        assert scs.answered() == 108
    finally:
        played.ctl(*words)
    assert "left" not in played.ctl("quota", "show", "acme")[0]
    assert "there is no SCS" in refused(played, "quota", "show", "nobody")
    assert "there is no SCS" in refused(played, "quota", "reset", "nobody")
