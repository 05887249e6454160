"""The hostile corpus: every file of cases/ is played over TLS against a running gateway, and afterwards others are still served."""
import glob
import os

import pytest
from lablib import lab as L
from support.hostile import Case, Player
from support.tsp import Scs, action, request_status

HERE = os.path.dirname(os.path.abspath(__file__))
CASES = sorted(os.path.relpath(path, os.path.join(HERE, "cases")) for path in glob.glob(os.path.join(HERE, "cases", "*", "*.case")))
# One edge: whatever a case does to it, the witness sees. Waits shorter than usual, because some cases wait for their end; a slow machine keeps them, too.
CONF = """limits: { cer_wait: 5s, handshake_wait: 4s }
dnr: { answer_wait: 4s, retry_min: 100ms, retry_max: 200ms }
"""


@pytest.fixture(scope="module")
def hostile_lab(labs):
    p = labs.up(edges=1, timers_more=", disconnect_wait: 500ms", iwf_more=CONF)
    yield p
    wrong = labs.down(p)
    assert not wrong, "\n".join(wrong)


@pytest.fixture(scope="module")
def witness(hostile_lab):
    """An SCS that keeps its connection through all cases."""
    scs = Scs.opened(hostile_lab, "beta")
    scs.processes = L.roles(hostile_lab.lab["iwf"]["pids"]["parent"])
    yield scs
    scs.close()


def healthy(p, witness):
    """The connection that was there is served, a new one of the same SCS as the case's is, and no process was started anew."""
    assert request_status(witness.dar(action(device="meter-700@b.example"))) == 0
    new = Scs.opened(p, "acme")
    assert request_status(new.dar(action(device="meter-700@b.example"))) == 105
    new.close()
    assert L.roles(p.lab["iwf"]["pids"]["parent"]) == witness.processes, "a process of the gateway ended"


@pytest.mark.parametrize("name", CASES)
def test_hostile(hostile_lab, witness, request, name):
    case = Case(os.path.join(HERE, "cases", name))
    if case.fault:
        request.applymarker(pytest.mark.xfail(reason=case.fault, strict=True))
    try:
        Player(hostile_lab, os.path.join(HERE, "pieces")).run(case)
    finally:
        healthy(hostile_lab, witness)
