"""Act nineteen: the wall clock is set while gateway and SMS-SC run (docs/dev/time.md). What waits goes on waiting as long as it would
have, nothing is given up early, and each step is logged."""
import json
import os
import re
import time

import pytest
from lablib import lab as L
from lablib import proc
from lablib.pki import Pki
from support import diameter as D
from support import wall
from support.core import next_core
from support.hands import Reader
from support.pace import Watch
from support.tsp import action

DEVICE = "meter-7@a.example"
TOO_BUSY = 3004


class WithList(L.Lab):
    """Anchor b, which is beta's, has a revocation list that outlasts every step of the clock here."""

    def iwf_config(self):
        folder = self.path("pki")
        Pki(folder).crl("anchor-b", lasts_s=300 * 86400)
        return super().iwf_config().replace("anchor-b.pem }", f"anchor-b.pem, crl: [ {folder}/anchor-b.crl ] }}", 1)


@pytest.fixture(scope="module")
def played(labs, tmp_path_factory):
    why = wall.why_not(os.path.join(os.environ.get("MTC_BIN", "build/bin"), "mtc-iwfd"))
    if why:
        pytest.skip(why)
    clock = wall.Wall(str(tmp_path_factory.mktemp("wall")))
    # the clock is a library inside each process, which opens a file and shared memory of its own
    p = labs.up(kind=WithList, timers_more=", crl_check: 200ms", under={"mtc-iwfd": clock.words, "mtc-smssc": clock.words}, iwf_more="sandbox: off\ndnr: { retry_min: 1500ms, retry_max: 1500ms }\n")
    p.clock, p.core_since = clock, 0
    yield p
    clock.off("+0")
    wrong = labs.down(p)
    assert not wrong, "\n".join(wrong)


@pytest.fixture(autouse=True)
def right_again(played):
    yield
    set_to(played, "+0")


def counter(p, name):
    return next(r["value"] for r in p.ctl("stats") if r.get("name") == name)


def log_of(p, name):
    with open(os.path.join(p.lab["dir"], "log", name + ".log"), encoding="utf-8", errors="replace") as f:
        return f.read()


def off_by(p):
    """By how many seconds the wall clock is off, as the present core has seen it."""
    steps = re.findall(r"mtc-iwfd\[core\] warn core: the wall clock was set (ahead|back) by ([0-9.]+) s", log_of(p, "mtc-iwfd")[p.core_since:])
    return sum(float(s) if way == "ahead" else -float(s) for way, s in steps)


def set_to(p, by):
    """Sets the wall clock and waits until the gateway has seen that."""
    seconds = int(by.rstrip("dh")) * {"d": 86400, "h": 3600}.get(by[-1], 1)
    p.clock.off(by)
    proc.wait_until(f"the core has seen {by}", lambda: abs(off_by(p) - seconds) < 2)


def waiting(p):
    return {r["reference"]: r["state"] for r in p.ctl("triggers", "list", "--limit", "0") if "reference" in r}


@pytest.mark.parametrize("reference, by", [(19001, "-1h"), (19002, "+1h"), (19003, "-20y")])
def test_a_report_is_sent_again_after_its_pause(played, reference, by):
    s = Reader.opened(played)
    s.ask_later(action(device=DEVICE, reference=reference))
    assert s.answered() == 0
    first = s.notified()
    s.acknowledge(first, TOO_BUSY)
    began, watch = time.monotonic(), Watch()
    proc.wait_until("it pauses", lambda: waiting(played).get(reference) == "waiting to report again")
    played.clock.off(by)
    again = s.notified()
    took = time.monotonic() - began
    s.acknowledge(again)
    s.close()
    assert again.number(3002, 3007) == reference
    assert 1.4 < took and watch.of(took) < 5


@pytest.mark.parametrize("reference, by", [(19010, "+8d"), (19011, "-8d")])
def test_a_report_that_waits_is_kept(played, reference, by):
    """journal.report_retention is 7 days."""
    assert played.trigger("acme", device=DEVICE, reference=reference).status == "SUCCESS"
    proc.wait_until("it waits", lambda: waiting(played).get(reference) == "waiting to report again")
    steps = counter(played, "clock_steps")
    set_to(played, by)
    time.sleep(2)  # its pause ends at least once meanwhile
    assert waiting(played)[reference] == "waiting to report again"
    set_to(played, "+0")
    assert counter(played, "clock_steps") == steps + 2
    s = Reader.opened(played)
    assert s.reported() == (reference, 0)
    s.close()


def test_the_next_core_goes_on_with_the_time_of_the_last(played):
    """A core that starts while the wall clock is wrong."""
    assert played.trigger("acme", device=DEVICE, reference=19020).status == "SUCCESS"
    proc.wait_until("it waits", lambda: waiting(played).get(19020) == "waiting to report again")
    received = next(r["received"] for r in played.ctl("triggers", "list", "--limit", "0") if r.get("reference") == 19020)
    played.clock.off("+8d")
    played.core_since = len(log_of(played, "mtc-iwfd"))
    next_core(played)
    row = next(r for r in played.ctl("triggers", "list", "--limit", "0") if r.get("reference") == 19020)
    assert row["received"] == received
    s = Reader.opened(played)
    assert s.reported() == (19020, 0)
    s.close()


def smssc_again(p):
    """The SMS-SC ends and another one begins at its place."""
    with open(os.path.join(p.lab["dir"], "processes.json"), encoding="utf-8") as f:
        entry = next(e for e in json.load(f) if e["name"] == "mtc-smssc")
    conf = entry["command"][-1]
    with open(conf, encoding="utf-8") as f:
        text = f.read()
    proc.write(conf, text.replace("port: 0", f"port: {p.lab['smssc']['port']}", 1))
    assert not proc.end([entry])
    proc.wait_ready(p.start("mtc-smssc-again", entry["command"]).entry)


def test_a_trigger_at_the_sms_sc_keeps_its_validity(played):
    """The device is away; a validity of an hour is not over in eight days of the wall clock, also for an SMS-SC that starts then."""
    played.ue("absent", L.imsi(8))
    s = Reader.opened(played)
    s.ask_later(action(device="meter-8@a.example", reference=19030, validity=3600))
    assert s.answered() == 0
    played.clock.off("+8d")
    smssc_again(played)
    proc.wait_until("it has seen the step", lambda: "the wall clock was set" in log_of(played, "mtc-smssc-again"))
    assert waiting(played)[19030] == "accepted"
    played.ue("present", L.imsi(8))
    assert s.reported() == (19030, 0)
    s.close()


def test_a_list_that_the_clock_calls_too_new_is_taken_when_the_clock_is_right(played):
    """It is refused in words, what was in force stays, and nobody has to touch the file."""
    s = Reader.opened(played, "beta")
    set_to(played, "-2d")
    Pki(os.path.join(played.lab["dir"], "pki")).crl("anchor-b", ["beta"], 2, lasts_s=300 * 86400)
    proc.wait_until("it is refused", lambda: "look at the clock of this machine" in log_of(played, "mtc-iwfd"))
    proc.wait_until("status says so", lambda: played.ctl("status")[-1]["crls_refused"] == ["anchor-b"])
    assert s.dar(action(device="meter-7@nowhere.example", reference=19050)).result == 2001
    set_to(played, "+0")
    played.wait_decision(action="session", reason="certificate-revoked", scs="beta")
    s.close()


def test_a_clock_before_the_certificates_is_no_health(played):
    """As on a machine that has started without the time: it says so, with both times and what to do."""
    def reasons():
        return {r["reason"]: r for r in played.ctl("health", check=False)[-1]["reasons"]}
    assert "certificate-early" not in reasons()
    set_to(played, "-2d")
    early = reasons()["certificate-early"]
    assert re.search(r" is not valid before (20\S+), and the clock of this machine says 20\S+: connections that need it fail", early["text"]), early
    assert "timedatectl" in early["advice"]
    set_to(played, "+0")
    assert "certificate-early" not in reasons()


def test_a_certificate_that_has_ended_ends_its_session(played):
    """The certificates of the laboratory hold for 90 days. A date is a date: the wall clock tells."""
    s = Reader.opened(played)
    set_to(played, "+100d")
    assert s.expect(D.DPR, True).number(273) == 0  # Disconnect-Cause REBOOTING: it may come back with a new certificate
    s.close()
    assert played.decisions(action="session", reason="certificate-expired")
