"""Act thirteen, again: the memory of the core is at its limit, and then it is not."""
import resource

import pytest

from lablib import proc
from support.core import core

RESERVE = 1 << 20
LIMIT = 160 << 20


@pytest.fixture
def small(labs):
    p = labs.up(iwf_more=f"limits: {{ memory: {LIMIT}, memory_reserve: {RESERVE} }}\nassociations: {{ import_memory: 1048576 }}\n")
    yield p
    wrong = labs.down(p)
    assert not wrong, "\n".join(wrong)


def memory(p):
    return p.ctl("status")[-1]["memory"]


def stats(p, name):
    return next(r["value"] for r in p.ctl("stats") if r.get("name") == name)


class Bound:
    """A limit of the system for the memory of a process: what it has now and so many octets more, until it is lifted."""

    def __init__(self, pid, kind, more):
        self.pid, self.kind = pid, {"RLIMIT_DATA": resource.RLIMIT_DATA, "RLIMIT_AS": resource.RLIMIT_AS}[kind]
        field = {"RLIMIT_DATA": "VmData", "RLIMIT_AS": "VmSize"}[kind]
        with open(f"/proc/{pid}/status", encoding="ascii") as f:
            now = next(int(line.split()[1]) << 10 for line in f if line.startswith(field))
        self.before = resource.prlimit(pid, self.kind)
        resource.prlimit(pid, self.kind, (now + more, self.before[1]))

    def lift(self):
        resource.prlimit(self.pid, self.kind, self.before)


def load(p, count, first):
    """Triggers of beta for devices that are away. {status: how many}"""
    got = p.trigger("beta", device="meter-{}@b.example", devices="501-900", payload="x" * 900, validity=3600, count=count, reference=first, window=8)
    return got.event("summary")["by_status"]


@pytest.mark.once
@pytest.mark.parametrize("kind", ["RLIMIT_DATA", "RLIMIT_AS"])  # limits.memory is the first
def test_at_the_limit_new_triggers_are_refused_and_what_was_accepted_goes_on(small, kind):
    p, pid = small, core(small)
    assert resource.prlimit(pid, resource.RLIMIT_DATA)[0] == LIMIT  # limits.memory
    listener = p.listen("beta")
    p.ue("absent")
    assert load(p, 50, 1000) == {"SUCCESS": 50}
    now = memory(p)
    assert (now["state"], now["limit"], now["reserve"]) == ("ok", LIMIT, RESERVE) and 0 < now["octets"] < LIMIT
    bound = Bound(pid, kind, RESERVE + (256 << 10))  # what many thousand triggers would take until then
    status, first = {}, 2000
    while not status.get("TEMPORARYERROR"):
        status = load(p, 500, first)
        assert set(status) <= {"SUCCESS", "TEMPORARYERROR"}
        first += 500
    p.wait_decision(reason="out-of-memory", verdict="refused", request_status="TEMPORARYERROR")
    proc.wait_until("it is short, and says so", lambda: memory(p)["state"] == "short")
    assert "memory-short" in [r["reason"] for r in p.ctl("health", check=False)[-1]["reasons"]]
    assert stats(p, "memory_refused") > 0 and stats(p, "memory_shortages") > 0
    # recalls, and the flood of refusals takes nothing of the reserve
    assert p.trigger("beta", action="recall", payload=None, device="meter-501@b.example", reference=1000).event("answer")["request_status"] == "SUCCESS"
    for _ in range(3):
        assert load(p, 1000, first) == {"TEMPORARYERROR": 1000}
        first += 1000
    # reports
    p.ue("present")
    accepted = {d["reference"] for d in p.decisions(scs="beta", verdict="accepted", action="trigger")} - {1000}

    def all_reported():
        return accepted <= {e["reference"] for e in listener.events("report")}
    proc.wait_until("every accepted trigger is reported", all_reported)
    assert {e["delivery_outcome"] for e in listener.events("report") if e["reference"] != 1000} == {"SUCCESS"}
    assert stats(p, "reports") == len(accepted)  # none had to come again
    bound.lift()
    proc.wait_until("it is well again", lambda: memory(p)["state"] == "ok")
    assert p.trigger("acme", device="meter-70@a.example", wait=proc.HANG_S).code == 0
    assert core(p) == pid  # without a restart
    with open(p.lab["logs"]["mtc-iwfd"], encoding="utf-8") as f:
        text = f.read()
    assert text.count("memory is at its limit") == text.count("there is memory again") == stats(p, "memory_shortages")
