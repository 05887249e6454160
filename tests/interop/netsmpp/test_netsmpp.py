"""Net::SMPP of Perl as the other end: as an SME at mtc-smssc, and as an SMSC of mtc-sme and of the gateway. It shares nothing with ours and has no
TLS."""
import json
import os
import subprocess

import pytest
from lablib import lab as L
from lablib import proc
from support import smsc as M
from support.hands import Reader
from support.smes import World
from support.tsp import action

from conftest import BIN

HERE = os.path.dirname(os.path.abspath(__file__))
pytestmark = pytest.mark.once  # it is about the other end, and the plays of test_z_smpp.py run on each build


def test_an_sme_with_net_smpp(tmp_path):
    w = World(BIN, tmp_path)
    try:
        w.start_ue()
        done = subprocess.run(["perl", os.path.join(HERE, "client.pl"), str(w.port)], capture_output=True, text=True, timeout=proc.HANG_S, check=True)
        steps = dict(line.split(" ", 1) for line in done.stdout.splitlines())
        status, message_id = steps["submit"].split()
        assert (steps["bind"], status, steps["forged"], steps["query"], steps["unbind"]) == ("0", "0", "45", "67", "0")
        assert steps["receipt"].startswith(f"id:{message_id} ") and "stat:DELIVRD" in steps["receipt"]
        assert steps["port"] == "c2"  # one octet in place of two: ESME_RINVPARLEN, and nothing is delivered
        assert [e["payload_hex"] for e in w.messages(1)] == ["perl".encode("utf-16-be").hex()]
    finally:
        w.down()


def said(entry):
    with open(entry["out"], encoding="utf-8") as f:
        return [line.rstrip("\n") for line in f if line.endswith("\n")]


def server(folder, *words):
    """Net::SMPP as an SMSC: its entry, and its port."""
    entry = proc.start("netsmpp", ["perl", os.path.join(HERE, "server.pl"), *words], str(folder))
    return entry, int(proc.wait_until("it listens", lambda: said(entry) and said(entry)[0].split()[1], entries=[entry]))


def test_mtc_sme_at_net_smpp(tmp_path):
    entry, where = server(tmp_path)
    try:
        done = subprocess.run([os.path.join(BIN, "mtc-sme"), "submit", "--connect", f"127.0.0.1:{where}", "--plain", "--system-id", "acme", "--password", "secret08",
                               "--source", "4242", "--to", "491720000001", "--payload", "hello", "--wait", "30"], capture_output=True, text=True, timeout=proc.HANG_S, check=False)
        answer, receipt = (json.loads(line) for line in done.stdout.splitlines())
        assert done.returncode == 0, done.stderr
        assert answer["message_id"] == "77" and (receipt["message_id"], receipt["state"], receipt["text"]) == ("77", "DELIVRD", "perl")
        assert "message 4242 491720000001 hello" in said(entry)
        proc.wait_until("it was unbound", lambda: not proc.alive(entry))
    finally:
        if proc.alive(entry):
            proc.end([entry])


class Place:
    """Where the gateway finds it."""

    def __init__(self, address, port):
        self.address, self.port = address, port


def test_the_gateway_at_net_smpp(labs, tmp_path):
    entry, port = server(tmp_path, labs.address)
    p, wrong = None, []
    try:
        p = labs.up(kind=type("PerlLab", (M.Southbound,), {"sc": Place(labs.address, port)}))
        scs = Reader.opened(p)
        scs.sock.settimeout(proc.HANG_S)
        scs.ask_later(action(device="meter-1@a.example", reference=1, port=4660, payload=b"wake"))
        assert scs.answered() == 0 and scs.reported() == (1, 0)
        scs.ask_later(action(device="meter-2@a.example", reference=2, payload=b"keep"))
        assert scs.answered() == 0
        scs.ask_later(action(device="meter-2@a.example", reference=3, old_reference=2, kind=3, trigger_data=False))
        assert scs.answered() == 0
        e164 = p.scs["acme"]["e164"]
        lines = said(entry)
        assert f"message {e164} {L.msisdn(1)} {bytes.fromhex('06050412340000').hex()}{b'wake'.hex()}" in lines and "pid 48 esm 40" in lines
        assert f"message {e164} {L.msisdn(2)} {b'keep'.hex()}" in lines and "cancel 78" in lines
        scs.close()
    finally:
        wrong = labs.down(p) if p else []
        if proc.alive(entry):
            proc.end([entry])
    assert not wrong, "\n".join(wrong)
