"""Net::SMPP of Perl as the other end: as an SME at mtc-smssc, and as an SMSC of mtc-sme. It shares nothing with ours."""
import json
import os
import subprocess

import pytest
from lablib import proc
from support.smes import World

from conftest import BIN

HERE = os.path.dirname(os.path.abspath(__file__))
pytestmark = pytest.mark.once  # it is about the other end, and the plays of test_z_smpp.py run on each build


def test_an_sme_with_net_smpp(tmp_path):
    w = World(BIN, tmp_path)
    try:
        w.start_ue()
        done = subprocess.run(["perl", os.path.join(HERE, "client.pl"), str(w.port)], capture_output=True, text=True, timeout=60, check=True)
        said = dict(line.split(" ", 1) for line in done.stdout.splitlines())
        status, message_id = said["submit"].split()
        assert (said["bind"], status, said["forged"], said["query"], said["unbind"]) == ("0", "0", "45", "67", "0")
        assert said["receipt"].startswith(f"id:{message_id} ") and "stat:DELIVRD" in said["receipt"]
        assert said["port"] == "c2"  # one octet in place of two: ESME_RINVPARLEN, and nothing is delivered
        assert [e["payload_hex"] for e in w.messages(1)] == ["perl".encode("utf-16-be").hex()]
    finally:
        w.down()


def test_mtc_sme_at_net_smpp(tmp_path):
    entry = proc.start("netsmpp", ["perl", os.path.join(HERE, "server.pl")], str(tmp_path))
    try:
        def port():
            with open(entry["out"], encoding="utf-8") as f:
                line = f.readline()
            return line.endswith("\n") and line.split()[1]
        where = proc.wait_until("it listens", port, 20, [entry])
        done = subprocess.run([os.path.join(BIN, "mtc-sme"), "submit", "--connect", f"127.0.0.1:{where}", "--plain", "--system-id", "acme", "--password", "secret08",
                               "--source", "4242", "--to", "491720000001", "--payload", "hello", "--wait", "30"], capture_output=True, text=True, timeout=60, check=False)
        answer, receipt = (json.loads(line) for line in done.stdout.splitlines())
        assert done.returncode == 0, done.stderr
        assert answer["message_id"] == "77" and (receipt["message_id"], receipt["state"], receipt["text"]) == ("77", "DELIVRD", "perl")
        with open(entry["out"], encoding="utf-8") as f:
            text = f.read()
        assert "message 4242 491720000001 hello\n" in text
        proc.wait_until("it was unbound", lambda: not proc.alive(entry), 20)
    finally:
        if proc.alive(entry):
            proc.end([entry])
