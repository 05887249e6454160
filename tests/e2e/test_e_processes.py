"""Act five: processes end and come back."""
import os
import signal
import time

import pytest
from lablib import lab as L
from lablib import proc
from support import diameter as D
from support import tsp
from support.core import core, kill_core, next_core


def test_an_edge_that_dies_takes_nobody_with_it(own_lab):
    p = own_lab
    p.listen_on_both_edges()
    before, pids = p.sessions_by_edge(), p.edges()
    victim = min(before)
    os.kill(pids[victim], signal.SIGKILL)
    proc.wait_until("the edge is back", lambda: p.edges().get(victim) not in (None, pids[victim]))
    kept = {s for edge, found in before.items() if edge != victim for s in found}
    assert kept <= {s for found in p.sessions_by_edge().values() for s in found}
    assert {e: pid for e, pid in p.edges().items() if e != victim} == {e: pid for e, pid in pids.items() if e != victim}
    assert p.trigger("acme", device="meter-60@a.example", wait=proc.HANG_S).code == 0


def test_a_core_that_dies_keeps_sessions_and_triggers(own_lab):
    p = own_lab
    listener = p.listen("beta")
    p.ue("absent", L.imsi(560))
    assert p.trigger("beta", device="meter-560@b.example", reference=560, validity=600).code == 0
    next_core(p)
    proc.wait_until("the session is announced again", lambda: p.sessions("beta"))
    assert listener.alive() and len(listener.events("ready")) == 1  # the SCS noticed nothing
    p.ue("present", L.imsi(560))
    assert listener.wait_event("report", reference=560, wait_s=proc.HANG_S)["delivery_outcome"] == "SUCCESS"
    assert p.trigger("acme", device="meter-61@a.example", wait=proc.HANG_S).code == 0


def test_what_was_accepted_when_the_core_dies_stays_accepted(own_lab):
    """The acceptance is not in the journal yet: the core asks the SMS-SC again, some seconds of the validity later."""
    p = own_lab
    listener = p.listen("acme")
    p.ue("absent", L.imsi(63))
    smssc = entry(p, "mtc-smssc")
    os.kill(smssc["pid"], signal.SIGSTOP)
    asking = p.start("asking", p.scs_command("trigger", "acme", device="meter-63@a.example", reference=630, validity=600, payload="x"))
    proc.wait_until("the DTR is out", lambda: any(r.get("reference") == 630 and r.get("state") == "submitting" for r in p.ctl("triggers", "list")))
    time.sleep(1.1)  # so that a second of the validity is over: what is played, not waited for
    kill_core(p)
    os.kill(smssc["pid"], signal.SIGCONT)
    assert asking.wait_event("answer", wait_s=proc.HANG_S)["request_status"] == "SUCCESS"
    p.ue("present", L.imsi(63))
    assert listener.wait_event("report", reference=630, wait_s=proc.HANG_S)["delivery_outcome"] == "SUCCESS"


def test_a_copy_is_known_after_its_trigger_is_over_and_the_core_has_died(own_lab):
    """CONTRACTS section 3, duplicates: the SCS never had its answer; meanwhile the device acted, the report was acknowledged."""
    p = own_lab
    scs = tsp.Scs.opened(p)
    inside = tsp.action("meter-64@a.example", reference=640, payload=b"once")
    assert scs.dar(inside, end=0x64000).number(3002, 3008) == 0
    asked = scs.dar_avps(inside)

    def over():
        scs.sock.settimeout(0.2)
        try:
            scs.receive()  # acknowledges the report
        except OSError:
            pass
        return not [r for r in p.ctl("triggers", "list") if r.get("reference") == 640]
    proc.wait_until("the trigger is over", over)
    scs.close()
    next_core(p)
    again = tsp.Scs.opened(p)
    answer = again.ask(D.DAR, D.TSP, asked, D.REQUEST | D.PROXIABLE | 0x10, 0x64000)
    assert answer.number(3002, 3008) == 0
    other = tsp.action("meter-64@a.example", reference=641, payload=b"other")
    assert again.dar(other, end=0x64000).number(3002, 3008) == 107  # another request under that identifier
    again.close()
    assert p.trigger("acme", device="meter-64@a.example", reference=642, wait=proc.HANG_S).code == 0
    assert [bytes.fromhex(e["payload_hex"]) for e in p.ue_triggers(imsi=L.imsi(64))] == [b"once", b"wake up"]


@pytest.fixture(scope="module")
def watched(labs):
    p = labs.up(timers_more=", hang: 1s")
    yield p
    wrong = labs.down(p)
    assert not wrong, "\n".join(wrong)


def counter(p, name):
    return next((r["value"] for r in p.ctl("stats", check=False) if r.get("name") == name), None)


def hang_lines(p):
    with open(p.lab["logs"]["mtc-iwfd"], encoding="utf-8") as log:
        return [line for line in log if " hangs: " in line]


def test_a_core_that_hangs_is_ended_and_started_again(watched):
    p = watched
    listener = p.listen("beta")
    p.ue("absent", L.imsi(580))
    assert p.trigger("beta", device="meter-580@b.example", reference=580, validity=600).code == 0
    before = core(p)
    os.kill(before, signal.SIGSTOP)
    proc.wait_until("another core is at work", lambda: core(p) not in (None, before) and p.ctl("status", check=False))
    assert len(hang_lines(p)) == 1 and f"core (pid {before}) hangs" in hang_lines(p)[0]
    proc.wait_until("the hang is counted", lambda: counter(p, "hangs") == 1)
    p.ue("present", L.imsi(580))
    assert listener.wait_event("report", reference=580, wait_s=proc.HANG_S)["delivery_outcome"] == "SUCCESS"


def test_an_edge_that_hangs_is_ended_and_started_again(watched):
    p = watched
    edges, before = p.edges(), len(hang_lines(p))
    victim = min(edges)
    os.kill(edges[victim], signal.SIGSTOP)
    proc.wait_until("the edge is back", lambda: p.edges().get(victim) not in (None, edges[victim]))
    assert len(hang_lines(p)) == before + 1 and f"(pid {edges[victim]}" in hang_lines(p)[-1]
    assert {e: pid for e, pid in p.edges().items() if e != victim} == {e: pid for e, pid in edges.items() if e != victim}


def test_a_machine_that_stood_still_is_no_hang(watched):
    """The whole daemon is stopped for longer than the limit, as a suspended machine would."""
    p = watched
    parent = entry(p, "mtc-iwfd")["pid"]
    children = [core(p), *p.edges().values()]
    before = len(hang_lines(p))
    for pid in [parent, *children]:
        os.kill(pid, signal.SIGSTOP)
    time.sleep(1.5)  # longer than the limit: what is played, not waited for
    for pid in [parent, *children]:
        os.kill(pid, signal.SIGCONT)
    time.sleep(1.2)  # the parent looks for a whole limit again
    assert [core(p), *p.edges().values()] == children
    assert len(hang_lines(p)) == before


def test_the_daemon_stops_as_a_whole(own_lab):
    p = own_lab
    parent = next(e for e in L.json.load(open(os.path.join(p.lab["dir"], "processes.json"), encoding="utf-8")) if e["name"] == "mtc-iwfd")
    pids = L.roles(parent["pid"])
    listener = p.listen("acme")
    os.kill(parent["pid"], signal.SIGTERM)
    proc.wait_until("everything has ended", lambda: not proc.alive(parent))
    for pid in [pids["core"], *pids["edges"]]:
        assert proc.start_time(pid) is None
    assert listener.alive()  # it tries again until it is ended


def test_children_do_not_outlive_a_killed_parent(own_lab):
    p = own_lab
    parent = next(e for e in L.json.load(open(os.path.join(p.lab["dir"], "processes.json"), encoding="utf-8")) if e["name"] == "mtc-iwfd")
    pids = L.roles(parent["pid"])
    os.kill(parent["pid"], signal.SIGKILL)
    proc.wait_until("the children have ended", lambda: all(proc.start_time(i) is None for i in [pids["core"], *pids["edges"]]))


def entry(p, name):
    return next(e for e in L.json.load(open(os.path.join(p.lab["dir"], "processes.json"), encoding="utf-8")) if e["name"] == name)


def test_hss_away_is_a_temporary_error(own_lab):
    p = own_lab
    proc.end([entry(p, "mtc-hss")])
    got = p.trigger("acme", device="meter-62@a.example")
    assert got.code == 3 and got.status == "TEMPORARYERROR", got


def test_sms_sc_away_is_a_temporary_error(own_lab):
    p = own_lab
    proc.end([entry(p, "mtc-smssc")])
    got = p.trigger("acme", device="meter-62@a.example")
    assert got.code == 3 and got.status == "TEMPORARYERROR", got


def test_two_laboratories_side_by_side(labs, own_lab):
    other = labs.up()
    assert other.trigger("acme", device="meter-7@a.example", wait=proc.HANG_S).code == 0
    assert own_lab.trigger("acme", device="meter-7@a.example", wait=proc.HANG_S).code == 0
    assert labs.down(other) == []
    assert own_lab.trigger("acme", device="meter-8@a.example", wait=proc.HANG_S).code == 0
