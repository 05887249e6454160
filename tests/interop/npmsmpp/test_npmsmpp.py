"""npm's smpp as the other end, in clear and over TLS: as an SME at mtc-smssc, and as an SMSC of the gateway. It shares nothing with ours."""
import json
import os
import subprocess

import pytest
from conftest import BIN
from lablib import lab as L
from lablib import npm, proc
from lablib.pki import Pki
from support import smsc as M
from support.capture import Capture
from support.hands import Reader
from support.smes import NUMBER, World, sme
from support.tsp import action
from support.wire import smpp_of

HERE = os.path.dirname(os.path.abspath(__file__))
ABSENT = "491720000003"  # a subscriber whose device is never there
RECALL = 3
pytestmark = [pytest.mark.once, pytest.mark.skipif(npm.missing() != "", reason=npm.missing())]


def node(script, conf):
    return ["node", "--no-deprecation", os.path.join(HERE, script), json.dumps(conf)]


def lines(path):
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f if line.endswith("\n")]


@pytest.fixture(scope="module")
def smes(tmp_path_factory):
    """An SMS-SC whose SME acme is the same in clear and, by another system_id, over TLS."""
    folder = tmp_path_factory.mktemp("npm")
    pki = Pki(str(folder / "pki"))
    pki.ca("sme-ca", "/CN=sme-ca")
    pki.leaf("smssc", "sme-ca", "smssc.core.test", "serverAuth")
    pki.leaf("sme", "sme-ca", "sme.test", "clientAuth")
    worlds = []
    for kind in ("plain", "tls"):
        place = folder / kind
        place.mkdir()
        tls = (f"  tls: {{ address: 127.0.0.1, port: 0, certificate: {pki.path('smssc.pem')}, key: {pki.path('smssc.key')}, "
               f"anchors: [{pki.path('sme-ca.pem')}] }}\n")
        worlds.append(World(BIN, place, smes=sme("acme", more="certificate: sme.test" if kind == "tls" else ""), tls=tls if kind == "tls" else ""))
        worlds[-1].start_ue()
    yield dict(zip(("plain", "tls"), worlds)), pki
    for w in worlds:
        w.down()


@pytest.mark.parametrize("kind", ["plain", "tls"])
def test_an_sme_with_npm(smes, tmp_path, kind):
    w, pki = smes[0][kind], smes[1]
    tls = {"ca": pki.path("sme-ca.pem"), "cert": pki.path("sme.pem"), "key": pki.path("sme.key"), "servername": "smssc.core.test"}
    capture = Capture(str(tmp_path), [("127.0.0.1", w.port)]) if kind == "plain" else None
    conf = {"port": w.tls_port if kind == "tls" else w.port, "number": NUMBER, "absent": ABSENT, "tls": tls if kind == "tls" else None}
    done = subprocess.run(node("client.js", conf), capture_output=True, text=True, timeout=proc.HANG_S, check=False, env=npm.environment(), stdin=subprocess.DEVNULL)
    said = {line.pop("step"): line for line in map(json.loads, done.stdout.splitlines())}
    assert done.returncode == 0 and "error" not in said, done.stdout + done.stderr
    assert said["bind"] == {"status": 0, "system_id": "smssc.core.test"[:15], "version": 0x34}
    message_id, receipt = said["submit"]["id"], said["receipt"]
    assert said["submit"]["status"] == 0 and message_id.isdigit()
    assert receipt["text"].startswith(f"id:{message_id} ") and "stat:DELIVRD" in receipt["text"]
    assert (receipt["esm"], receipt["id"], receipt["state"], receipt["reference"]) == (4, message_id, 2, 4660)
    assert [said[step]["status"] for step in ("header", "data")] == [0, 0]
    assert [said[step]["status"] for step in ("pid", "port", "element")] == [0x45] * 3
    assert said["multi"] == {"status": 0, "failed": [["12ab", 11]]}
    assert (said["query"], said["replace"], said["cancel"], said["gone"]) == ({"status": 0, "state": 1}, {"status": 0}, {"status": 0}, {"status": 0x67})
    assert (said["enquire"], said["unbind"]) == ({"status": 0}, {"status": 0})
    got = w.messages(4)
    assert sorted(e["payload_hex"] for e in got) == sorted(["npm".encode("utf-16-be").hex(), b"part".hex(), b"data".hex(), "all".encode("utf-16-be").hex()])
    assert w.counts()["forged"] == 3 and not w.events(w.ue, "trigger")
    if capture:
        capture.stop()
        commands, wrong = smpp_of(capture.file, w.port)
        assert not wrong, wrong
        assert len(commands) >= 20, commands


class Npm:
    """npm's SMSC."""

    def __init__(self, folder, address, tls):
        self.address, self.entry = address, proc.start("npm-smsc", node("server.js", {"address": address, "tls": tls}), folder, env=npm.environment())
        self.port = proc.wait_until("npm's SMSC listens", lambda: lines(self.entry["out"]) and lines(self.entry["out"])[0]["port"], entries=[self.entry])

    def saw(self, command):
        return [line for line in lines(self.entry["out"]) if line.get("command") == command]


@pytest.fixture(scope="module", params=["plain", "tls"])
def south(request, labs, tmp_path_factory):
    """A gateway whose SMS-SC is npm's."""
    pki, tls, peer = Pki(labs.pki), None, "protection: none"
    if request.param == "tls":
        pki.leaf("npm", "anchor-a", L.SMSSC_HOST, "serverAuth")
        tls = {"ca": pki.path("operator.pem"), "cert": pki.path("npm.pem"), "key": pki.path("npm.key")}
        peer = f"protection: tls\n    certificate: {pki.path('iwf.pem')}\n    key: {pki.path('iwf.key')}\n    trust: anchor-a"
    sc = Npm(str(tmp_path_factory.mktemp("npm-smsc")), labs.address, tls)
    p = None
    try:
        p = labs.up(kind=type("NpmLab", (M.Southbound,), {"sc": sc, "smssc_conf": ", enquire_link: 1s", "peer_conf": peer}))
        p.sc, p.kind = sc, request.param
        yield p
    finally:
        wrong = labs.down(p) if p else []
        proc.end([sc.entry])
    assert not wrong, "\n".join(wrong)


def test_triggers_of_the_gateway_to_npm(south, tmp_path):
    p, sc = south, south.sc
    capture = Capture(str(tmp_path), [(sc.address, sc.port)]) if p.kind == "plain" else None
    scs = Reader.opened(p)
    scs.sock.settimeout(proc.HANG_S)
    scs.ask_later(action(device="meter-1@a.example", reference=1, port=4660, payload=b"wake up"))
    assert scs.answered() == 0 and scs.reported() == (1, 0)
    bind, submit = sc.saw("bind_transceiver")[0], sc.saw("submit_sm")[0]
    assert (bind["system_id"], bind["password"], bind["interface_version"]) == (M.SYSTEM_ID, M.PASSWORD, 0x34)
    assert (submit["protocol_id"], submit["data_coding"], submit["registered_delivery"], submit["destination_addr"]) == (0x48, 4, 1, L.msisdn(1))
    assert (submit["header"], submit["text"]) == (["050412340000"], b"wake up".hex())
    answers = proc.wait_until("the receipt is answered", lambda: sc.saw("deliver_sm_resp"))
    assert answers[0]["command_status"] == 0
    scs.ask_later(action(device="meter-2@a.example", reference=2, payload=b"keep"))
    assert scs.answered() == 0
    scs.ask_later(action(device="meter-2@a.example", reference=3, old_reference=2, kind=RECALL, trigger_data=False))
    assert scs.answered() == 0
    assert sc.saw("cancel_sm")[0]["message_id"] == "7002"
    proc.wait_until("an enquire_link came", lambda: sc.saw("enquire_link"))
    scs.close()
    if capture:
        capture.stop()
        commands, wrong = smpp_of(capture.file, sc.port)
        assert not wrong, wrong
        assert {4, 0x80000004, 5, 0x80000005, 8, 0x80000008} <= set(commands)
