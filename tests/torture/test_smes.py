"""The ledger of SMEs finds what it is for, in records that are doctored."""
import collections
import threading

import pytest
from support import smpp
from torture import smes

NOW = 1_700_000_000_000


class Records:
    """What one SME was told: accepted, cancelled, replaced, refused, without an answer, in segments."""

    def __init__(self):
        self.name, self.lock = "acme", threading.Lock()
        self.submits = [self.asked(n) for n in range(1, 4)] + [self.asked(4, status=smpp.SUBMITFAIL), self.asked(5, status=None), self.asked(6, status=smpp.SYSERR), self.asked(7, segments=3)]
        self.changes = [self.change(2, None), self.change(3, b"new")]
        self.receipts = collections.defaultdict(set, {"1": {"DELIVRD"}, "3": {"DELIVRD"}, "7": {"EXPIRED"}})
        self.acts = [self.acted(b"p1"), self.acted(b"new", NOW + 9), self.acted(b"p5")]

    @staticmethod
    def asked(n, status=smpp.OK, segments=1):
        return {"payload": f"p{n}".encode(), "device": n, "time_ms": NOW, "status": status, "id": str(n) if status == smpp.OK else None, "segments": segments,
                "owed": status == smpp.OK}

    @staticmethod
    def change(n, payload, status=smpp.OK):
        return {"id": str(n), "payload": payload, "time_ms": NOW + 5, "done_ms": NOW + 6, "status": status}

    @staticmethod
    def acted(payload, time_ms=NOW + 1):
        return {"event": "trigger", "payload_hex": payload.hex(), "time_ms": time_ms}

    def judged(self):
        book = smes.Book()
        book.take(self)
        book.take_acts(self.acts)
        return [(f.kind, f.key[1]) for f in book.judge(NOW, 0)]


def test_right_records_are_right():
    records = Records()
    assert records.judged() == []
    records.acts += [records.acted(b"p2"), records.acted(b"p3")]  # before they were taken back: nobody but the device knew
    assert records.judged() == []


@pytest.mark.parametrize("name,change,found", [
    ("no receipt", lambda r: r.receipts.pop("1"), ("lost", "1")),
    ("no receipt of a replaced one", lambda r: r.receipts.pop("3"), ("lost", "3")),
    ("no receipt of segments", lambda r: r.receipts.pop("7"), ("lost", "7")),
    ("a segment was taken, another was not", lambda r: r.submits.append(dict(r.asked(8, smpp.SYSERR, 2), id="8", owed=True)), ("lost", "8")),
    ("a refused cancel, and no receipt", lambda r: r.changes.__setitem__(0, r.change(2, None, smpp.CANCELFAIL)), ("lost", "2")),
    ("twice", lambda r: r.acts.append(r.acted(b"p1")), ("twice", "p1")),
    ("never asked", lambda r: r.acts.append(r.acted(b"p99")), ("invented", "p99")),
    ("refused", lambda r: r.acts.append(r.acted(b"p4")), ("invented", "p4")),
    ("cancelled", lambda r: r.acts.append(r.acted(b"p2", NOW + 7)), ("contradicted", "p2")),
    ("replaced", lambda r: r.acts.append(r.acted(b"p3", NOW + 7)), ("contradicted", "p3")),
    ("delivered to nobody", lambda r: r.acts.pop(0), ("contradicted", "1")),
])
def test_what_is_wrong_is_found(name, change, found):
    records = Records()
    change(records)
    assert records.judged() == [found], name


def test_a_receipt_of_nothing():
    records = Records()
    records.submits = [r for r in records.submits if r["status"] is not None]
    records.acts = [a for a in records.acts if bytes.fromhex(a["payload_hex"]) != b"p5"]
    records.receipts["99"].add("DELIVRD")
    assert records.judged() == [("invented", "99")]
