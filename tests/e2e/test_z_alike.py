"""An SME learns nothing from time: what the SMS-SC does for a message to an absent device, to one with many triggers, to one that takes triggers only, and to a
number that nobody has differs by less than 2 % in instructions. Counted, not timed: the clock of a busy machine differs by more."""
import glob
import os
import re
import shutil

import pytest
from lablib import proc
from support import smpp
from support.smes import ABSENT, NOBODY, TRIGGERS_ONLY, World, imsi
from support.t4 import Iwf

from conftest import BIN

pytestmark = [pytest.mark.tools, pytest.mark.once, pytest.mark.skipif(not shutil.which("valgrind"), reason="valgrind counts the instructions")]

TRIGGERS, FEW, MANY, ALIKE = 300, 20, 620, 0.02
TARGETS = {"absent": "491720000002", "absent with triggers": ABSENT, "triggers only": TRIGGERS_ONLY, "nobody": NOBODY}


def instructions(folder, number, n):
    """Of one run of mtc-smssc that holds triggers for one device and takes n messages to this number."""
    os.makedirs(folder)
    w = World(BIN, folder, under=["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={folder}/callgrind.out"], wait_s=proc.HANG_S,
              more="  enquire: 1h\n")
    try:
        take(w, number, n)
    finally:
        killed = proc.end([w.smssc], 120)
    assert killed == []
    (out,) = glob.glob(os.path.join(folder, "callgrind.out*"))
    with open(out, encoding="utf-8") as f:
        return int(re.search(r"^(?:summary|totals): (\d+)", f.read(), re.MULTILINE)[1])


def take(w, number, n):
    iwf = Iwf("127.0.0.1", proc.wait_ready(w.smssc)[1])
    for reference in range(TRIGGERS):
        assert iwf.trigger(imsi(2), b"x", reference=reference, validity=86400) == 2001
    iwf.close()  # no watchdog among what is counted
    s = w.bound()
    s.socket.settimeout(proc.HANG_S)
    for _ in range(n):
        assert s.submit(number, b"x" * 20, priority=1).status == smpp.OK
    s.close()


def test_no_number_costs_more_than_another(tmp_path):
    cost = {}
    for name, number in TARGETS.items():
        few, many = (instructions(str(tmp_path / f"{name.replace(' ', '-')}-{n}"), number, n) for n in (FEW, MANY))
        cost[name] = (many - few) / (MANY - FEW)
    print({name: round(n) for name, n in cost.items()})
    assert max(cost.values()) - min(cost.values()) < ALIKE * min(cost.values()), cost
