"""The ledger finds each kind of error in doctored records, exactly that one, and nothing in records that are right."""
import copy

import pytest
from torture import ledger

ME, IMSI = "491720000001", "001010000000001"
NOW = 1_800_000_000_000


def stamp(text, reference):
    return f"{text}{reference:08x}".encode().hex()


def asked(reference, action="trigger", **more):
    return {"event": "asked", "action": action, "reference": reference, "end_to_end": reference, "time_ms": NOW, "device": "meter-1@a.example",
            "validity": 5, **more}


def answer(reference, status="SUCCESS"):
    return {"event": "answer", "reference": reference, "result_code": 2001, "request_status": status}


def report(reference, outcome="SUCCESS"):
    return {"event": "report", "reference": reference, "delivery_outcome": outcome, "device": "meter-1@a.example"}


def acted(reference, delivery, **more):
    return {"event": "trigger", "imsi": IMSI, "delivery_id": delivery, "originator": ME, "payload_hex": stamp("x", reference), "time_ms": NOW, **more}


def smssc(event, reference, delivery, **more):
    return {"event": event, "smea": ME, "reference": reference, "delivery_id": delivery, "imsi": IMSI, "time_ms": NOW, **more}


def right():
    """One of each fate: delivered, expired, refused, 201, recalled, replaced and its replacement, unanswered and delivered."""
    return {
        "run": [asked(1), answer(1), asked(2), answer(2), asked(3), answer(3, "NOTAUTHORIZED"), asked(4), answer(4, "TEMPORARYERROR"),
                asked(5), answer(5), asked(6), answer(6), asked(8), asked(8, again=True), {"event": "unanswered", "reference": 8, "why": "lost"}],
        "recall": [asked(5, "recall"), answer(5)],
        "replace": [asked(7, "replace", old_reference=6), answer(7)],
        "listen": [report(1), report(2, "EXPIRED"), report(7), {"event": "duplicate", "reference": 1, "device": "meter-1@a.example"}],
        "acted": [acted(1, 101), acted(7, 107), acted(8, 108)],
        "said": [{"event": "duplicate", "imsi": IMSI, "delivery_id": 101}],
        "smssc": [smssc("taken", n, 100 + n) for n in (1, 2, 5, 6, 7, 8)] +
                 [smssc("outcome", 1, 101, outcome="SUCCESSFUL_TRANSFER"), smssc("over", 1, 101, outcome="SUCCESSFUL_TRANSFER"),
                  smssc("outcome", 2, 102, outcome="VALIDITY_TIME_EXPIRED"), smssc("removed", 5, 105), smssc("removed", 6, 106),
                  smssc("outcome", 7, 107, outcome="SUCCESSFUL_TRANSFER"), smssc("outcome", 8, 108, outcome="SUCCESSFUL_TRANSFER")],
    }


def fill(records):
    book = ledger.Ledger()
    for name in ("run", "recall", "replace"):
        book.scs_run(ME, records[name])
    book.scs_listener(ME, records["listen"])
    book.ue_acted(records["acted"])
    book.ue_said(records["said"])
    book.smssc_events(records["smssc"])
    return book


def judge(records, now_ms=NOW + 60_000):
    return fill(records).judge(now_ms)


def test_right_records_are_right():
    book = fill(right())
    assert book.judge(NOW + 60_000) == []
    c = book.counts
    assert (c["triggers"], c["accepted"], c["refused for good"], c["answered 201"], c["never answered"]) == (8, 5, 1, 1, 1)
    assert (c["acted on"], c["reported"], c["taken back"]) == (3, 3, 2)


def test_a_replacement_of_what_was_sent_is_a_trigger_of_its_own():
    """Answered 112: it is delivered and reported beside its original; a recall answered 112 leaves nothing."""
    records = right()
    records["replace"] += [asked(9, "replace", old_reference=1), answer(9, "ORIGINALMESSAGESENT")]
    records["recall"] += [asked(1, "recall"), answer(1, "ORIGINALMESSAGESENT")]
    assert [f.kind for f in judge(records)] == ["lost"]
    records["listen"].append(report(9))
    records["acted"].append(acted(9, 109))
    records["smssc"] += [smssc("taken", 9, 109), smssc("outcome", 9, 109, outcome="SUCCESSFUL_TRANSFER")]
    assert judge(records) == []


def test_duplicates_and_late_outcomes_are_counted_apart():
    records = right()
    records["acted"].append(acted(4, 104))
    records["smssc"].append(smssc("taken", 4, 104))
    records["listen"].append(report(1))
    book = fill(records)
    assert book.judge(NOW + 60_000) == []
    c = book.counts
    assert c["late: acted on after a 201"] == 1 and c["late: acted on, its SCS never had an answer"] == 1
    assert c["wire duplicates: DNR"] == 1 and c["wire duplicates: delivery"] == 1 and c["reports printed again"] == 1
    assert c["requests sent again with T"] == 1


def without(records, name, **fields):
    records[name] = [e for e in records[name] if any(e.get(k) != v for k, v in fields.items())]


DOCTORED = {
    "lost: the report and the delivery are gone": ("lost", 1, lambda r: (
        without(r, "listen", event="report", reference=1), without(r, "acted", delivery_id=101))),
    "lost: an expired one is not reported": ("lost", 2, lambda r: without(r, "listen", reference=2)),
    "lost: recalled without success and not removed": ("lost", 5, lambda r: (
        without(r, "smssc", event="removed", reference=5), r["recall"].__setitem__(1, answer(5, "RECALLFAIL")))),
    "lost: told that it is taken back, the SMS-SC says no": ("lost", 5, lambda r: without(r, "smssc", event="removed", reference=5)),
    "unreported: acted on and no report": ("unreported", 7, lambda r: without(r, "listen", reference=7)),
    "twice: two deliveries": ("twice", 1, lambda r: (
        r["acted"].append(acted(1, 201)), r["smssc"].append(smssc("taken", 1, 201)))),
    "twice: one delivery acted on again": ("twice", 1, lambda r: r["acted"].append(acted(1, 101))),
    "invented: nobody asked, a device acted": ("invented", 99, lambda r: (
        r["acted"].append(acted(99, 199)), r["smssc"].append(smssc("taken", 99, 199)))),
    "invented: nobody asked, reported": ("invented", 99, lambda r: r["listen"].append(report(99, "EXPIRED"))),
    "invented: nobody asked, the SMS-SC took it": ("invented", 99, lambda r: r["smssc"].append(smssc("taken", 99, 199))),
    "invented: refused and acted on": ("invented", 3, lambda r: (
        r["acted"].append(acted(3, 103)), r["smssc"].append(smssc("taken", 3, 103)))),
    "invented: refused and reported": ("invented", 3, lambda r: r["listen"].append(report(3, "EXPIRED"))),
    "invented: acted on and never taken": ("invented", 1, lambda r: without(r, "smssc", event="taken", reference=1)),
    "invented: acted on without a stamp": ("invented", None, lambda r: r["acted"].append(dict(acted(1, 300), payload_hex="ff"))),
    "contradicted: success and nobody acted": ("contradicted", 1, lambda r: without(r, "acted", delivery_id=101)),
    "contradicted: expired, and the SMS-SC knew better": ("contradicted", 1, lambda r: r["listen"].__setitem__(0, report(1, "EXPIRED"))),
    "contradicted: two outcomes": ("contradicted", 2, lambda r: r["listen"].append(report(2, "UNCONFIRMED"))),
    "contradicted: taken back and acted on": ("contradicted", 5, lambda r: (
        r["acted"].append(acted(5, 105, time_ms=NOW + 1)), r["listen"].append(report(5)))),
}


@pytest.mark.parametrize("name", DOCTORED)
def test_a_doctored_record_is_found(name):
    kind, reference, doctor = DOCTORED[name]
    records = copy.deepcopy(right())
    doctor(records)
    found = judge(records)
    assert [(f.kind, f.key[1]) for f in found] == [(kind, reference)], [str(f) for f in found]


def test_every_kind_of_error_is_doctored():
    assert {kind for kind, _, _ in DOCTORED.values()} == set(ledger.ERRORS)


def test_within_its_validity_a_trigger_is_pending_and_not_lost():
    records = right()
    without(records, "listen", reference=2)
    book = fill(records)
    assert book.judge(NOW + 4_000) == [] and book.counts["still pending"] == 1
    assert book.open() == 1
    assert [f.kind for f in judge(records, NOW + 6_000)] == ["lost"]
    assert fill(records).judge(NOW + 6_000, grace_ms=2_000) == []


def test_a_recall_after_a_lost_acknowledgement_is_counted_apart():
    records = right()
    records["acted"].append(acted(5, 105))
    book = fill(records)
    assert book.judge(NOW + 60_000) == []
    assert book.counts["acted on, acknowledgement lost, taken back"] == 1


def test_a_lost_acknowledgement_is_counted_apart():
    records = right()
    records["acted"].append(acted(2, 102))
    book = fill(records)
    assert book.judge(NOW + 60_000) == []
    assert book.counts["acted on, acknowledgement lost, reported as failed"] == 1
