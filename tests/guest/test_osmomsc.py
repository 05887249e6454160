"""OsmoMSC as the SMS-SC of the gateway over SMPP, in a guest whose kernel has the SCTP without which it does not start. It has no subscriber
here, so it delivers nothing: what is played are binds, messages that it keeps, refusals, what it leaves without an answer, and its end. What is
played is in inside_osmomsc.py."""
import json
import os
import shlex
import shutil

import boot
import pytest
from conftest import BIN, ROOT
from lablib import lab as laboratory
from lablib.pki import Pki
from support.wire import smpp_of

pytestmark = pytest.mark.once
LIMIT_S = 900  # beside the other plays; an idle machine needs far less


def boot_with(tmp_path_factory, *words):
    missing = boot.missing() or ("" if shutil.which("osmo-msc") else "not installed: osmo-msc (scripts/setup test)")
    if missing:
        pytest.skip(missing)
    folder = tmp_path_factory.mktemp("guest")
    laboratory.Lab(str(folder), laboratory.options()).issue(Pki(str(folder / "pki")))
    inside = os.path.join(ROOT, "tests", "guest", "inside_osmomsc.py")
    code = boot.boot(f"/usr/bin/python3 -B {shlex.quote(inside)} {shlex.quote(os.path.abspath(BIN))} {' '.join(words)}", str(folder), LIMIT_S)
    said = {name: (folder / name).read_text(errors="replace") for name in ("script.out", "script.err")}
    assert code == 0, said["script.out"] + said["script.err"][-3000:]
    return folder


def as_an_sme(folder):
    """mtc-sme at OsmoMSC."""
    found = json.loads((folder / "found.json").read_text())
    assert found["octets"] == found["octets again"] == [0, "ESME_ROK", "msg_id_not_implemented"], "it gives each message the same id"
    assert found["Latin-1"][:2] == [3, "ESME_RUNKNOWNERR"]
    assert found["answers to a cancel_sm, a query_sm and an enquire_link"] == [hex(0x80000015)]
    assert found["wrong password"][0] == found["unknown name"][0] == 4
    assert "ESME_RINVPASWD" in found["wrong password"][1] and "ESME_RINVSYSID" in found["unknown name"][1]
    commands, wrong = smpp_of(str(folder / "lo.pcap"), 2775)
    assert not wrong and {9, 0x80000009, 4, 0x80000004, 8, 3} <= set(commands), wrong
    return found


def test_mtc_sme_at_osmomsc(tmp_path_factory):
    as_an_sme(boot_with(tmp_path_factory, "alone"))


@pytest.mark.tools
def test_the_gateway_at_osmomsc(tmp_path_factory):
    folder = boot_with(tmp_path_factory)
    found = as_an_sme(folder)
    assert found["peer"] == "open"
    assert found["trigger"]["status"] == "SUCCESS", found["trigger"]
    assert found["listed"] == [[1, "accepted"]]
    assert found["recall"] == "TEMPORARYERROR", "a cancel_sm without an answer"
    assert found["trigger without it"] == "TEMPORARYERROR" and found["trigger again"] == "SUCCESS"
    log = (folder / "log" / "mtc-iwfd.log").read_text(errors="replace")
    assert "was ended by its sandbox" not in log and "Assertion" not in log
    assert found["killed"] == []
    commands, _ = smpp_of(str(folder / "lo.pcap"), 2775)
    assert {0x15, 0x80000015} <= set(commands), "enquire_link"
