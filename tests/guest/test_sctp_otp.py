"""Erlang/OTP's Diameter as HSS, SMS-SC and SCS over the SCTP of a kernel, in one boot of a guest. What is played is in inside_otp.py. OTP sends on all
streams of an association in turn."""
import json
import os
import shlex
import sys

import boot
import pytest
from conftest import BIN, ROOT
from lablib import lab as laboratory
from lablib.pki import Pki

sys.path.insert(0, os.path.join(ROOT, "tests", "interop", "otp"))
import otp  # noqa: E402

pytestmark = [pytest.mark.once, pytest.mark.tools, pytest.mark.skipif(otp.missing() != "", reason=otp.missing())]
LIMIT_S = 900


def test_otp_over_sctp(tmp_path):
    if boot.missing():
        pytest.skip(boot.missing())
    laboratory.Lab(str(tmp_path), laboratory.options()).issue(Pki(str(tmp_path / "pki")))
    inside = os.path.join(ROOT, "tests", "guest", "inside_otp.py")
    code = boot.boot(f"/usr/bin/python3 -B {shlex.quote(inside)} {shlex.quote(os.path.abspath(BIN))}", str(tmp_path), LIMIT_S)
    said = {name: (tmp_path / name).read_text(errors="replace") for name in ("script.out", "script.err")}
    assert code == 0, said["script.out"] + said["script.err"][-3000:]
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["triggers"] == [{"payload": size, "status": [0], "outcome": [0]} for size in (7, 4096)]
    assert found["peers"] == {"hss": "open", "smssc": "open"}
    assert found["left"] and found["killed"] == []
    assert found["after"] == ["okay", "okay"]
    for name in os.listdir(tmp_path / "log"):
        text = (tmp_path / "log" / name).read_text(errors="replace")
        assert "was ended by its sandbox" not in text and "Assertion" not in text, name
