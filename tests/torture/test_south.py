"""The file of the SMS-SC over SMPP as the ledger reads it: messages, parts of one, and what became of them."""
import os

from support import smsc as M
from torture import ledger, south, south_smsc

ME, DEVICE = "491720000001", "491700000001"


def take(message_id, payload, part=None, until_ms=0):
    return {"op": "take", "id": message_id, "time_ms": 1, "source": ME, "device": DEVICE, "payload": payload.encode().hex(), "part": part, "until_ms": until_ms,
            "reference": "0001"}


def end(message_id, state=M.DELIVERED):
    return {"op": "end", "id": message_id, "state": state, "time_ms": 2}


def read(*lines):
    return [(e["event"], e["reference"], e["delivery_id"], e.get("outcome")) for e in south.events(lines)]


def test_one_message():
    assert read(take("1", "wake 0000000a"), end("1")) == [("taken", 10, "1", None), ("outcome", 10, "1", "SUCCESSFUL_TRANSFER")]
    assert read(take("1", "wake 0000000a"), end("1", M.DELETED)) == [("taken", 10, "1", None), ("removed", 10, "1", None)]
    assert read(take("1", "wake 0000000a"), end("1", M.EXPIRED))[1:] == [("outcome", 10, "1", "VALIDITY_TIME_EXPIRED")]


def test_parts_are_one_trigger_and_delivered_together():
    parts = [take("1", "wake up 00", [7, 2, 1]), take("2", "00000b", [7, 2, 2])]
    assert [e[:2] for e in read(*parts, end("1"))] == [("taken", 11), ("taken", 11)]
    assert read(*parts, end("1"), end("2"))[2:] == [("outcome", 11, "1", "SUCCESSFUL_TRANSFER")]
    assert read(*parts, end("1"), end("2", M.EXPIRED))[2:] == [("outcome", 11, "1", "VALIDITY_TIME_EXPIRED")]
    assert read(*parts, end("1"), end("2", M.DELETED))[2:] == [("removed", 11, "1", None)]
    assert not read(parts[0]), "nobody knows whose it is without its stamp"


def test_a_device_acts_once_and_with_all_parts(tmp_path):
    path = os.path.join(tmp_path, "south.jsonl")
    book = south_smsc.Book(path)
    for line in (take("1", "wake up 00", [7, 2, 1]), take("2", "00000b", [7, 2, 2]), take("3", "other 0000000c")):
        book.note(line)
    book.delivered(book.messages["2"])
    assert not [e for e in lines(path) if e["op"] == "act"]
    book = south_smsc.Book(path)  # killed and started anew
    book.delivered(book.messages["1"])
    book.delivered(book.messages["3"])
    acts = [bytes.fromhex(e["payload"]) for e in lines(path) if e["op"] == "act"]
    assert acts == [b"wake up 0000000b", b"other 0000000c"]


def lines(path):
    return south.read_json_lines(path)


def test_acted_on_after_a_201_and_never_reported_is_found():
    book = ledger.Ledger()
    asked = {"event": "asked", "action": "trigger", "end_to_end": 1, "time_ms": 1, "device": "x", "validity": 2}
    book.scs_run(ME, [dict(asked, reference=n) for n in (1, 2)] + [{"event": "answer", "reference": n, "request_status": "TEMPORARYERROR"} for n in (1, 2)])
    book.ue_acted([{"event": "trigger", "originator": ME, "delivery_id": str(n), "payload_hex": f"x{n:08x}".encode().hex(), "time_ms": 2} for n in (1, 2)])
    book.scs_listener(ME, [{"event": "report", "reference": 2, "delivery_outcome": "SUCCESS"}])
    assert south.unresolved(book) == ([f"SCS {ME} reference 1"], 1.0)
    book.scs_listener(ME, [{"event": "report", "reference": 1, "delivery_outcome": "UNCONFIRMED"}])
    assert south.unresolved(book) == ([], 0.5)
