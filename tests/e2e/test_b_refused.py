"""Act two: everything that must be refused is refused, with the status of CONTRACTS section 2 and a reason in the decision log."""
import json
import os
import signal

import pytest
from lablib import lab as L
from lablib import proc

FIRST_B = 501


def refused(lab, got, status, reason=None):
    assert got.code == 3 and got.status == status, got
    assert got.event("answer")["result_code"] == 2001
    if reason:
        line = lab.wait_decision(reference=got.event("answer")["reference"])
        assert (line["verdict"], line["reason"], line["request_status"]) == ("refused", reason, status)


def test_no_association(lab):
    refused(lab, lab.trigger("acme", device=f"meter-{FIRST_B}@b.example"), "NOTAUTHORIZED", "no-association")


def test_unknown_and_foreign_devices_look_the_same(lab):
    foreign = lab.trigger("acme", device=f"meter-{FIRST_B}@b.example", reference=900)
    unknown = lab.trigger("acme", device="meter-999999@b.example", reference=901)
    a, b = dict(foreign.event("answer")), dict(unknown.event("answer"))
    for own in ("reference", "device", "elapsed_ms"):
        a.pop(own, None), b.pop(own, None)
    assert a == b and a["request_status"] == "NOTAUTHORIZED"


def test_association_with_the_number_is_not_one_with_the_name(lab):
    refused(lab, lab.trigger("acme", msisdn=L.msisdn(20)), "NOTAUTHORIZED", "no-association")


def test_scs_identity_of_another(lab):
    refused(lab, lab.trigger("acme", device="meter-21@a.example", scs_identity=lab.scs["beta"]["e164"]), "INVSCSID")


@pytest.mark.parametrize("look_alike", ["meter-7@a.example.", "meter-7@@a.example", "meter-7@b.example@a.example", "meter-7", "@a.example",
                                        "meter 7@a.example", "m\u00e9ter-7@a.example", "meter-7@a..example", "meter-7@-a.example"])
def test_look_alike_identifiers(lab, look_alike):
    refused(lab, lab.trigger("acme", device=look_alike, unchecked=True), "INVEXTID")


def test_identifiers_of_two_devices(lab):
    refused(lab, lab.trigger("acme", device="meter-22@a.example", msisdn=L.msisdn(23)), "INVEXTID")


def test_hss_does_not_know_the_device(lab):
    refused(lab, lab.trigger("acme", device="no-such-meter@a.example"), "INVEXTID")


def test_payload_too_long(lab):
    refused(lab, lab.trigger("acme", device="meter-24@a.example", payload=None, payload_hex="00" * 1025), "INVPAYLOAD")


def test_validity_above_the_maximum(lab):
    refused(lab, lab.trigger("acme", device="meter-24@a.example", validity=604801), "INVPERIOD")


def test_hss_says_this_scs_may_not(lab):
    assert lab.ctl("assoc", "add", "gamma", "meter-2@a.example") is not None
    with_subscriber(lab, 2, allowed_scs=[lab.scs["acme"]["e164"]])
    refused(lab, lab.trigger("gamma", device="meter-2@a.example"), "NOTAUTHORIZED")
    assert lab.trigger("acme", device="meter-2@a.example").code == 0


def with_subscriber(lab, n, **changes):
    """Changes one line of the HSS's file and has it read again."""
    path = lab.lab["hss"]["subscribers"]
    with open(path, encoding="utf-8") as f:
        subscribers = [json.loads(line) for line in f]
    for s in subscribers:
        if s["imsi"] == L.imsi(n):
            s.update(changes)
    with open(path + ".new", "w", encoding="utf-8") as f:
        f.writelines(json.dumps(s) + "\n" for s in subscribers)
    os.rename(path + ".new", path)
    log = lab.lab["logs"]["mtc-hss"]
    with open(log, encoding="utf-8") as f:
        before = f.read().count("subscribers")
    os.kill(lab.lab["hss"]["pid"], signal.SIGHUP)
    L.proc.wait_until("mtc-hss has read its file again", lambda: open(log, encoding="utf-8").read().count("subscribers") > before)


@pytest.mark.parametrize("n,changes,status", [
    (30, {"services": []}, "SERVICEUNAVAILABLE"),
    (31, {"teleservice": False}, "SERVICEUNAVAILABLE"),
    (32, {"barred": True}, "SERVICEUNAVAILABLE"),
])
def test_hss_says_the_service_is_not_there(lab, n, changes, status):
    with_subscriber(lab, n, **changes)
    refused(lab, lab.trigger("acme", device=f"meter-{n}@a.example"), status)


def test_hss_says_absent(lab):
    with_subscriber(lab, 33, reachable=False)
    refused(lab, lab.trigger("acme", device="meter-33@a.example", validity=0), "TEMPORARYERROR")
    got = lab.trigger("acme", device="meter-33@a.example", validity=600, wait=proc.HANG_S)  # the SMS-SC keeps it and tries
    assert got.status == "SUCCESS", got


def test_how_often_an_scs_may_learn_that_a_device_is_absent(lab):
    """By an answer or by a report, under any name of the device; then there is one answer for both, present or not."""
    with_subscriber(lab, 38, reachable=False)
    lab.ue("absent", L.imsi(38))
    lab.ctl("scs", "set", "acme", "absent-max", "2")
    lab.ctl("assoc", "add", "acme", f"msisdn:{L.msisdn(38)}")
    try:
        name = "meter-38@a.example"
        refused(lab, lab.trigger("acme", device=name, validity=0), "TEMPORARYERROR")
        report = lab.trigger("acme", device=name, validity=3, wait=proc.HANG_S)  # 0 at once, EXPIRED later
        assert report.status == "SUCCESS", report
        refused(lab, lab.trigger("acme", device=name, validity=600), "RATEEXCEEDED", None)
        assert lab.decisions(device=name, verdict="refused")[-1]["reason"] == "absent-too-often"
        with_subscriber(lab, 38, reachable=True)
        lab.ue("present", L.imsi(38))
        refused(lab, lab.trigger("acme", device=name, validity=0), "RATEEXCEEDED", None)
        refused(lab, lab.trigger("acme", msisdn=L.msisdn(38), validity=0), "RATEEXCEEDED", None)  # not named so before: known by its IMSI
        assert lab.trigger("acme", device="meter-39@a.example").code == 0
    finally:
        lab.ctl("scs", "set", "acme", "absent-max", "0")
        lab.ctl("assoc", "del", "acme", f"msisdn:{L.msisdn(38)}")
    assert lab.trigger("acme", device=name, validity=0).code == 0


def test_reference_in_use(lab):
    lab.ue("absent", L.imsi(34))
    assert lab.trigger("acme", device="meter-34@a.example", reference=3400, validity=600).code == 0
    refused(lab, lab.trigger("acme", device="meter-35@a.example", reference=3400), "PERMANENTERROR", None)
    assert lab.decisions(reference=3400, verdict="refused")[0]["reason"] == "reference-in-use"
    lab.ue("present", L.imsi(34))


def test_denied_although_the_domain_is_allowed(lab):
    lab.ctl("assoc", "add", "acme", "meter-36@a.example", "--deny")
    refused(lab, lab.trigger("acme", device="meter-36@a.example"), "NOTAUTHORIZED")
    lab.ctl("assoc", "del", "acme", "meter-36@a.example")
    assert lab.trigger("acme", device="meter-36@a.example").code == 0


def test_denied_number_is_not_reached_by_the_name(lab):
    lab.ctl("assoc", "add", "acme", f"msisdn:{L.msisdn(37)}", "--deny")
    refused(lab, lab.trigger("acme", device="meter-37@a.example"), "NOTAUTHORIZED")
    lab.ctl("assoc", "del", "acme", f"msisdn:{L.msisdn(37)}")
    assert lab.trigger("acme", device="meter-37@a.example").code == 0


def test_rights_are_per_action(lab):
    lab.ctl("assoc", "add", "acme", f"meter-{FIRST_B + 5}@b.example", "--rights", "recall")
    refused(lab, lab.trigger("acme", device=f"meter-{FIRST_B + 5}@b.example"), "NOTAUTHORIZED")


def test_assoc_check_answers_as_the_wire_does(lab):
    yes = lab.ctl("assoc", "check", "acme", "meter-7@a.example", check=False)
    no = lab.ctl("assoc", "check", "acme", f"meter-{FIRST_B}@b.example", check=False)
    assert yes[-1]["allowed"] is True and "a.example" in yes[-1]["rule"]
    assert no[-1]["allowed"] is False
