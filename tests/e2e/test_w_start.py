"""Act twenty-three: the gateway starts with many triggers that wait for their reports. Who asks meanwhile is answered, with 201 or with
what the trigger came to, and never with silence."""
import os
import signal
import subprocess
import time

import pytest
from lablib import proc
from support import diameter as D
from support.hands import Reader
from support.restarts import Restarts
from support.tsp import action, request_status

PENDING = 200000
ACME = "acme,491720000001,scs.acme.example,acme.example,a.example"
ASKED = 40


@pytest.fixture(scope="module")
def world(labs):
    """A laboratory whose gateway was ended, given a journal full of triggers of acme, and started again."""
    p = labs.up(iwf_more="limits: { ended: 0 }\n")
    w = Restarts(p)
    iwf = w.entry("mtc-iwfd")
    os.kill(iwf["pid"], signal.SIGTERM)
    proc.wait_until("the gateway has ended", lambda: not proc.alive(iwf), 20)
    journal = os.path.join(p.lab["dir"], "iwf", "journal")
    subprocess.run([os.path.join(os.environ["MTC_BIN"], "bench_journal"), "fill", "--dir", journal, "--count", str(PENDING), "--scs", ACME],
                   check=True, capture_output=True, timeout=120)
    w.start("mtc-iwfd")
    proc.wait_until("the gateway is connected", w.connected, 30)
    yield w
    wrong = labs.down(p)
    assert not wrong, "\n".join(wrong)


def held(p):
    return [r for r in p.ctl("status") if "triggers" in r][0]["triggers"]


def test_all_are_there_after_the_start(world):
    assert held(world.p) >= PENDING


class Caller:
    """acme: asks, and counts the answer to each request."""

    def __init__(self, p):
        self.scs, self.asked, self.n = Reader.opened(p), {}, 0

    def ask(self):
        self.n += 1
        end = self.scs.ask_later(action(device=f"meter-{300 + self.n}@a.example", reference=900000 + self.n))
        self.asked[end] = None
        return end

    def hear(self):
        """Until each request has its answer."""
        self.scs.sock.settimeout(30)
        while None in self.asked.values():
            m = self.scs.receive()
            if m.code == D.DAR and not m.flags & D.REQUEST:
                assert self.asked[m.end] is None, "answered twice"
                self.asked[m.end] = request_status(m)
            elif m.code == D.DNR:
                self.scs.acknowledge(m)
            elif m.flags & D.REQUEST:
                self.scs.answer(m, [D.avp(268, 2001)] + self.scs.origin(), 0)


def test_who_asks_while_the_core_starts_is_answered(world):
    """The core is killed; the requests come at once, on a connection that its edge keeps, while the next core reads the journal. Then it
    takes triggers again."""
    caller = Caller(world.p)
    world.kill("core")
    for _ in range(ASKED):
        caller.ask()
        time.sleep(0.02)
    caller.hear()
    assert set(caller.asked.values()) <= {0, 201}

    def taken():
        end = caller.ask()
        caller.hear()
        return caller.asked[end] == 0

    proc.wait_until("a trigger is taken", taken, 15)
    caller.scs.close()
    world.have_back("core")
    assert held(world.p) >= PENDING
