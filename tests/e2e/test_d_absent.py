"""Act four: devices that are away, full or slow; triggers that nobody can deliver."""
import time

from lablib import lab as L
from lablib import proc


def test_delivered_when_it_returns(lab):
    lab.ue("absent", L.imsi(50))
    waiting = lab.start("absent-50", lab.scs_command("trigger", "acme", device="meter-50@a.example", payload="later", validity=600, wait=proc.HANG_S))
    assert waiting.wait_event("answer")["request_status"] == "SUCCESS"
    assert not waiting.events("report") and not lab.ue_triggers(imsi=L.imsi(50))
    lab.ue("present", L.imsi(50))
    assert waiting.wait_event("report")["delivery_outcome"] == "SUCCESS"
    assert len(lab.ue_triggers(imsi=L.imsi(50))) == 1


def test_expires_in_the_sms_sc(lab):
    lab.ue("absent", L.imsi(51))
    got = lab.trigger("acme", device="meter-51@a.example", validity=3, wait=proc.HANG_S)
    assert got.code == 5 and got.status == "SUCCESS" and got.outcome == "EXPIRED", got
    lab.ue("present", L.imsi(51))
    assert not lab.ue_triggers(imsi=L.imsi(51))


def test_without_validity_one_attempt(lab):
    lab.ue("absent", L.imsi(52))
    got = lab.trigger("acme", device="meter-52@a.example", validity=0, wait=proc.HANG_S)
    assert got.code == 5 and got.outcome == "UNDELIVERABLE", got
    assert "mtc-scs: not delivered: UNDELIVERABLE; docs/user/status-codes.md says what to do" in got.err, got
    lab.ue("present", L.imsi(52))


def test_full_then_empty(lab):
    lab.ue("full", L.imsi(53))
    waiting = lab.start("full-53", lab.scs_command("trigger", "acme", device="meter-53@a.example", payload="room?", validity=600, wait=proc.HANG_S))
    assert waiting.wait_event("answer")["request_status"] == "SUCCESS"
    lab.ue("empty", L.imsi(53))
    assert waiting.wait_event("report", wait_s=proc.HANG_S)["delivery_outcome"] == "SUCCESS"


def test_slow_device_is_waited_for(lab):
    lab.ue("slow", 1500, L.imsi(54))
    started = time.monotonic()
    got = lab.trigger("acme", device="meter-54@a.example", wait=proc.HANG_S)
    assert got.code == 0 and got.outcome == "SUCCESS", got
    assert time.monotonic() - started >= 1.4


def test_no_report_in_time_has_its_exit_code(lab):
    lab.ue("absent", L.imsi(55))
    got = lab.trigger("acme", device="meter-55@a.example", validity=600, wait=1)
    assert got.code == 6, got
    lab.ue("present", L.imsi(55))
