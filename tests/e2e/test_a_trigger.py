"""Act one: an authorised trigger goes the whole way and its report comes back."""
import pytest
from lablib import lab as L
from lablib import proc


def payload_of(trigger):
    return bytes.fromhex(trigger["payload_hex"])


def test_accepted_delivered_reported(lab):
    got = lab.trigger("acme", device="meter-7@a.example", port=16001, payload="wake up", reference=41, validity=600, wait=proc.HANG_S)
    assert got.code == 0, got
    answer, report = got.event("answer"), got.event("report")
    assert (answer["result_code"], answer["request_status"], answer["reference"]) == (2001, "SUCCESS", 41)
    assert (report["delivery_outcome"], report["reference"]) == ("SUCCESS", 41)
    acted = lab.ue_triggers(imsi=L.imsi(7))
    assert len(acted) == 1 and payload_of(acted[0]) == b"wake up" and acted[0]["port"] == 16001
    assert acted[0]["originator"].lstrip("+") == lab.scs["acme"]["e164"]  # TP-OA is the E.164 of the SCS


def test_one_decision_one_line_with_every_field(lab):
    got = lab.trigger("acme", device="meter-10@a.example", reference=4242)
    assert got.code == 0, got
    line = lab.wait_decision(scs="acme", reference=4242)
    assert set(line) == {"time", "transaction", "scs", "origin_host", "address", "protection", "device", "action", "reference", "verdict",
                         "reason", "rule", "request_status"}
    assert line["origin_host"] == "scs.acme.example" and line["device"] == "meter-10@a.example" and line["action"] == "trigger"
    assert line["verdict"] == "accepted" and line["request_status"] == "SUCCESS" and "a.example" in line["rule"]
    assert line["address"].startswith("127.0.0.1") and line["protection"] == "tls"
    assert len(lab.decisions(scs="acme", reference=4242)) == 1


def test_device_by_msisdn_only(lab):
    number = lab.lab["devices"]["msisdn_only"]
    got = lab.trigger("gamma", msisdn=number, payload=None, payload_hex="00ff10", wait=proc.HANG_S)
    assert got.code == 0 and got.outcome == "SUCCESS", got
    acted = lab.ue_triggers(imsi=lab.lab["devices"]["imsi_last"])
    assert [payload_of(t) for t in acted] == [b"\x00\xff\x10"]
    assert acted[0].get("port") is None  # no port given, no port element sent


def test_both_identifiers_of_one_device(lab):
    got = lab.trigger("acme", device="meter-11@a.example", msisdn=L.msisdn(11), wait=proc.HANG_S)
    assert got.code == 0 and got.outcome == "SUCCESS", got


def test_payload_from_a_file(lab, tmp_path):
    octets = bytes(range(256)) * 2
    (tmp_path / "payload").write_bytes(octets)
    got = lab.trigger("acme", device="meter-12@a.example", payload=None, payload_file=tmp_path / "payload", port=9, wait=proc.HANG_S)
    assert got.code == 0 and got.outcome == "SUCCESS", got
    assert [payload_of(t) for t in lab.ue_triggers(imsi=L.imsi(12))] == [octets]


@pytest.mark.parametrize("size,device", [(1, 13), (133, 14), (134, 15), (1024, 16)])
def test_segments_are_put_together(lab, size, device):
    octets = bytes((i * 7 + size) % 256 for i in range(size))
    got = lab.trigger("acme", device=f"meter-{device}@a.example", payload=None, payload_hex=octets.hex(), port=16001, wait=proc.HANG_S)
    assert got.code == 0 and got.outcome == "SUCCESS", got
    assert [payload_of(t) for t in lab.ue_triggers(imsi=L.imsi(device))] == [octets]


def test_report_reaches_whichever_connection_the_scs_has(lab):
    listener = lab.listen("beta")
    device = f"meter-{lab.lab['devices']['first_of_second_domain']}@b.example"
    got = lab.trigger("beta", device=device, reference=77)  # leaves as soon as the answer is there
    assert got.code == 0 and got.status == "SUCCESS", got
    assert listener.wait_event("report", reference=77)["delivery_outcome"] == "SUCCESS"
    assert listener.end() == []


def test_report_waits_for_an_scs_that_comes_back(lab):
    device = f"meter-{lab.lab['devices']['first_of_second_domain'] + 1}@b.example"
    got = lab.trigger("beta", device=device, reference=78)
    assert got.code == 0, got
    listener = lab.listen("beta")
    assert listener.wait_event("report", reference=78)["delivery_outcome"] == "SUCCESS"
    listener.end()


def test_two_scs_use_the_same_reference_number(lab):
    first = lab.trigger("acme", device="meter-17@a.example", reference=500, wait=proc.HANG_S)
    second = lab.trigger("beta", device="meter-517@b.example", reference=500, wait=proc.HANG_S)
    assert (first.code, second.code) == (0, 0), (first, second)


def test_priority_and_scs_identity_given(lab):
    got = lab.trigger("acme", device="meter-18@a.example", priority=True, scs_identity=lab.scs["acme"]["e164"], wait=proc.HANG_S)
    assert got.code == 0 and got.outcome == "SUCCESS", got


def test_canonical_identifier_is_what_is_sent_on(lab):
    got = lab.trigger("acme", device="meter-19@A.Example", wait=proc.HANG_S)
    assert got.code == 0, got
    assert lab.decisions(device="meter-19@a.example")
