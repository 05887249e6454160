"""SMEs that may trigger (docs/user/tsms.md): their submit_sm goes to the gateway as a trigger of an SCS and comes back over T4, so that association,
quota and audit decide. An SME written by hand, everything else real."""
import json
import os
import signal
import struct
import subprocess

import pytest
from lablib import lab as L
from lablib import play as P
from lablib import ports, proc
from support import smes, smpp
from support.core import core
from support.smpp import Sme, address, message, text, tlv

from conftest import BIN


def scs(name):
    return f"scs: {{ host: scs.{name}.example, realm: {name}.example, certificate: pki/{name}.pem, key: pki/{name}.key }}"


def configuration(gateway_port, where):
    return f"""allowed_hosts: [{L.IWF_CORE_HOST}]
report: {{ retry_min: 200ms, retry_max: 400ms }}
smes:
  plain: {{ address: 127.0.0.1, port: 0 }}
  gateway: {{ address: {where}, port: {gateway_port}, host: {L.EXTERNAL_HOST}, realm: {L.EXTERNAL_REALM}, anchors: [pki/operator.pem], answer_wait: 10s }}
  subscribers: subscribers.jsonl
  list:
{smes.sme("acme", scs("acme"))}{smes.sme("beta", scs("beta"), sources='["777"]')}{smes.sme("other", sources='["888"]')}"""


def told_open(log, name):
    with open(log, encoding="utf-8", errors="replace") as f:
        return f" for '{name}'\n" in f.read()


class Gateway:
    """A laboratory whose SMS-SC serves SMEs and is a client of the gateway."""

    def __init__(self, labs):
        where, (port, inside) = labs.address, ports.hold_ports(2)
        more = f"""  - {{ name: smes, zone: external, protection: tls, address: {where}, port: {port}, certificate: pki/iwf.pem, key: pki/iwf.key }}
  - {{ name: inside, zone: internal, protection: none, address: {where}, port: {inside} }}
"""
        self.p = labs.up(devices=20, smssc_more=configuration(port, where), listen_more=more)
        self.inside, self.where = inside, where
        self.p.ctl("assoc", "add", "acme", f"msisdn:{L.msisdn(1)}-{L.msisdn(10)}")
        self.wait_for("acme")
        self.wait_for("beta")

    def log(self):
        return os.path.join(self.p.lab["dir"], "log", "mtc-smssc.log")

    def wait_for(self, name, log=None):
        """Both ends know of it: a session of the gateway is not yet one that the SMS-SC has the answer of."""
        proc.wait_until(f"the SMS-SC is connected for {name}", lambda: self.p.sessions(name) and told_open(log or self.log(), name))

    def bound(self, name="acme", **more):
        s = Sme(smes.port_of(self.log()))
        assert s.bind(system_id=name, **more).status == smpp.OK
        return s

    def counts(self):
        out = L.recorded_one(self.p.lab["dir"], "mtc-smssc")
        entry = out[0][out[1]]
        seen = len([e for e in P.read_json_lines(entry["out"]) if e["event"] == "status"])
        os.kill(entry["pid"], signal.SIGUSR1)
        return proc.wait_until("a status line", lambda: [e for e in P.read_json_lines(entry["out"]) if e["event"] == "status"][seen:])[0]["smes"]


@pytest.fixture(scope="module")
def g(labs):
    one = Gateway(labs)
    yield one
    wrong = labs.down(one.p)
    assert not wrong, "\n".join(wrong)


def trigger(n, data=b"wake", port=16001, **more):
    """A submit_sm for the nth device."""
    return message(L.msisdn(n), data, pid=0x48, tlvs=tlv(0x20b, struct.pack("!H", port)) if port is not None else b"", **more)


def test_a_trigger_of_an_sme_is_one_of_its_scs(g):
    s = g.bound()
    answer = s.ask(smpp.SUBMIT, trigger(1, b"\1\2", registered=1, validity="000000010000000R"))
    assert answer.status == smpp.OK and answer.id.isdigit()
    receipt = s.delivered()
    assert (receipt.receipt["id"], receipt.receipt["stat"], receipt.receipt["err"], receipt.source, receipt.to) == (answer.id, "DELIVRD", "000", L.msisdn(1), "4242")
    (event,) = g.p.ue_triggers(imsi=L.imsi(1))
    assert (event["payload_hex"], event["port"], event["originator"]) == ("0102", 16001, g.p.scs["acme"]["e164"])
    assert g.p.wait_decision(scs="acme", device=f"msisdn:{L.msisdn(1)}", action="trigger", request_status="SUCCESS")
    forms = ((smpp.SUBMIT, message(L.msisdn(2), b"\x06\x05\x04\x3e\x82\0\0ab", esm=0x40)), (smpp.DATA, smpp.data_sm(L.msisdn(2), tlv(0x20b, b"\x3e\x83") + tlv(0x424, b"c" * 300))),
             (smpp.SUBMIT, trigger(2, b"d", port=None)))
    for command, body in forms:
        assert s.ask(command, body).status == smpp.OK
    came = proc.wait_until("three more", lambda: (lambda t: len(t) == 3 and t)(g.p.ue_triggers(imsi=L.imsi(2))))
    assert {(e["port"], e["payload_hex"]) for e in came} == {(16002, b"ab".hex()), (16003, (b"c" * 300).hex()), (None, b"d".hex())}
    s.close()


def run_sme(g, command, *words):
    """What mtc-sme as acme prints, and its exit status."""
    done = subprocess.run([os.path.join(BIN, "mtc-sme"), command, "--connect", f"127.0.0.1:{smes.port_of(g.log())}", "--plain", "--system-id", "acme", "--password", "secret08",
                           "--source", "4242", *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=proc.HANG_S, check=False)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def test_mtc_sme_wakes_a_device(g):
    def run(number, *words):
        return run_sme(g, "submit", "--to", number, "--trigger", *words)
    code, (answer, receipt) = run(L.msisdn(3), "--port", "16001", "--payload", "hello", "--wait", "30")
    assert code == 0 and (receipt["message_id"], receipt["state"]) == (answer["message_id"], "DELIVRD")
    (event,) = g.p.ue_triggers(imsi=L.imsi(3))
    assert (event["payload_hex"], event["port"]) == (b"hello".hex(), 16001)
    code, (answer,) = run(L.msisdn(15), "--payload", "hello")
    assert code == 3 and answer["status"] == "ESME_RSUBMITFAIL"


def test_mtc_sme_asks_for_replaces_and_cancels_a_trigger(g):
    g.p.ue("absent", L.imsi(2))
    taken = [run_sme(g, "submit", "--to", L.msisdn(2), "--trigger", "--port", "16001", "--payload", data, "--validity", "3600")[1][0]["message_id"] for data in ("away", "old")]
    code, (state,) = run_sme(g, "query", "--id", taken[0])
    assert (code, state["message_id"], state["state"]) == (0, taken[0], "ENROUTE")
    assert [run_sme(g, "cancel", "--id", taken[0])[0] for _ in range(2)] == [0, 3]
    code, (answer,) = run_sme(g, "query", "--id", taken[0])
    assert (code, answer["status"]) == (3, "ESME_RQUERYFAIL")
    code, (answer,) = run_sme(g, "replace", "--id", taken[1], "--payload", "new")
    assert (code, answer["command"], answer["status"]) == (0, "replace_sm", "ESME_ROK")
    g.p.ue("present", L.imsi(2))
    proc.wait_until("the new one came", lambda: b"new".hex() in payloads(g, 2))
    assert not payloads(g, 2) & {b"away".hex(), b"old".hex()}


def test_who_may_not_is_told_nothing(g):
    """Another's device and a number that nobody has: octet for octet the same. An SME without the right cannot tell that there is one."""
    before, s, other = g.counts(), g.bound(), g.bound("other")
    answers = [s.ask(smpp.SUBMIT, message(to, b"x", pid=0x48)) for to in (L.msisdn(15), "491799999999")]
    assert [(a.status, a.body) for a in answers] == [(smpp.SUBMITFAIL, b"")] * 2
    assert {d["reason"] for d in g.p.decisions(scs="acme", verdict="refused")} == {"no-association"}
    assert other.ask(smpp.SUBMIT, message(L.msisdn(1), b"x", pid=0x48, source="888")).status == smpp.SUBMITFAIL
    spoofed = s.ask(smpp.SUBMIT, message(L.msisdn(1), b"x", pid=0x48, source="888"))
    assert spoofed.status == smpp.INVSRCADR
    after = g.counts()
    assert (after["forged"] - before["forged"], after["spoofed"] - before["spoofed"], after["triggers_refused"] - before["triggers_refused"]) == (1, 1, 2)
    assert after["at_gateway"] == 0
    for one in (s, other):
        one.close()


def test_forms_of_a_trigger_that_are_not_taken(g):
    s, before = g.bound(), g.counts()
    to, port = L.msisdn(1), b"\x3e\x81"
    for name, command, body, status in (
            ("many destinations", smpp.MULTI, message("", b"x", pid=0x48, destinations=b"\1\1" + address(to, 1, 1)), smpp.SUBMITFAIL),
            ("two ports", smpp.SUBMIT, message(to, b"\x0c\x05\x04" + port + b"\0\0\x05\x04\3\xe8\0\0x", esm=0x40, pid=0x48), smpp.SUBMITFAIL),
            ("a port of a wrong size", smpp.SUBMIT, message(to, b"\x05\x05\x03" + port + b"\0x", esm=0x40), smpp.SUBMITFAIL),
            ("to the SIM", smpp.SUBMIT, message(to, b"\x02\x70\0x", esm=0x40, pid=0x48), smpp.SUBMITFAIL), ("SIM download", smpp.SUBMIT, message(to, b"x", pid=0x7f), smpp.SUBMITFAIL),
            ("another pid", smpp.SUBMIT, message(to, b"x", pid=0x41, tlvs=tlv(0x20b, port)), smpp.SUBMITFAIL), ("text", smpp.SUBMIT, trigger(1, coding=0), 0x104),
            ("a receipt", smpp.SUBMIT, trigger(1, esm=4), smpp.INVESMCLASS), ("no number", smpp.SUBMIT, message("x1", b"x", pid=0x48), smpp.INVDSTADR)):
        assert s.ask(command, body).status == status, name
    assert g.counts()["triggers"] == before["triggers"]
    s.close()


def payloads(g, n):
    return {e["payload_hex"] for e in g.p.ue_triggers(imsi=L.imsi(n))}


def came(g, n, *data):
    """The device has got these, and nothing else."""
    proc.wait_until("the last trigger came", lambda: data[-1].hex() in payloads(g, n))
    assert payloads(g, n) == {d.hex() for d in data}


def cancel(answer, to=""):
    return text("") + text(answer.id) + address("4242") + address(to)


def replacement(answer, data, registered=0):
    return text(answer.id) + address("4242") + text("") + text("") + bytes([registered, 0, len(data)]) + data


def test_a_trigger_is_cancelled(g):
    g.p.ue("absent", L.imsi(4))
    s = g.bound()
    answer, other = (s.ask(smpp.SUBMIT, trigger(4, data, registered=1, validity="000000010000000R")) for data in (b"first", b"second"))
    mine = text(answer.id) + address("4242")
    assert s.ask(smpp.QUERY, mine).body == text(answer.id) + b"\0\1\0"
    assert s.ask(smpp.CANCEL, cancel(answer)).status == smpp.OK
    assert g.p.wait_decision(scs="acme", device=f"msisdn:{L.msisdn(4)}", action="recall", request_status="SUCCESS")
    assert s.ask(smpp.QUERY, mine).status == smpp.QUERYFAIL and s.ask(smpp.CANCEL, cancel(answer)).status == smpp.CANCELFAIL
    g.p.ue("present", L.imsi(4))
    assert s.delivered().receipt["id"] == other.id
    came(g, 4, b"second")
    assert s.ask(smpp.CANCEL, cancel(other)).status == smpp.CANCELFAIL  # it was delivered
    assert g.counts()["at_gateway"] == 0 and not s.kept
    s.close()


def test_a_trigger_is_replaced(g):
    g.p.ue("absent", L.imsi(8))
    s = g.bound()
    answer = s.ask(smpp.SUBMIT, trigger(8, b"first", registered=1, validity="000000010000000R"))
    for data in (b"second", b"third"):
        assert s.ask(smpp.REPLACE, replacement(answer, data, registered=1)).status == smpp.OK
    assert g.counts()["at_gateway"] == 1
    g.p.ue("present", L.imsi(8))
    receipt = s.delivered().receipt
    assert (receipt["id"], receipt["stat"]) == (answer.id, "DELIVRD")
    came(g, 8, b"third")
    (event,) = g.p.ue_triggers(imsi=L.imsi(8))
    assert event["port"] == 16001
    assert s.ask(smpp.REPLACE, replacement(answer, b"late")).status == smpp.REPLACEFAIL
    assert g.counts()["at_gateway"] == 0 and not s.kept
    s.close()


def test_the_right_to_recall_and_replace_is_the_gateways(g):
    g.p.ue("absent", L.imsi(9))
    s = g.bound()
    answer = s.ask(smpp.SUBMIT, trigger(9, b"stays", registered=1, validity="000000010000000R"))
    g.p.ctl("assoc", "add", "acme", f"msisdn:{L.msisdn(9)}", "--rights", "recall,replace", "--deny")
    assert s.ask(smpp.CANCEL, cancel(answer)).status == smpp.CANCELFAIL
    assert s.ask(smpp.REPLACE, replacement(answer, b"new")).status == smpp.REPLACEFAIL
    assert {d["action"] for d in g.p.decisions(scs="acme", device=f"msisdn:{L.msisdn(9)}", verdict="refused")} == {"recall", "replace"}
    g.p.ue("present", L.imsi(9))
    assert s.delivered().receipt["id"] == answer.id
    came(g, 9, b"stays")
    s.close()


def test_a_trigger_in_segments(g):
    s = g.bound()
    data, ids = [bytes([n]) * 130 for n in range(1, 4)], set()
    for n in range(1, 4):
        head = bytes([11, 0, 3, 9, 3, n, 5, 4]) + struct.pack("!HH", 16001, 0)
        answer = s.ask(smpp.SUBMIT, message(L.msisdn(10), head + data[n - 1], esm=0x40, pid=0x48, registered=1))
        assert answer.status == smpp.OK
        ids.add(answer.id)
    assert {s.delivered().receipt["id"]} == ids and not s.kept
    came(g, 10, b"".join(data))
    refused = [s.ask(smpp.SUBMIT, message(L.msisdn(15), bytes([5, 0, 3, 9, 2, n]) + b"x", esm=0x40, pid=0x48)) for n in (1, 2)]
    assert [a.status for a in refused] == [smpp.OK, smpp.SUBMITFAIL]  # the gateway sees it when it is whole
    assert g.counts()["at_gateway"] == 0
    s.close()


def test_two_smes_are_two_scss(g):
    s = g.bound("beta")
    assert s.ask(smpp.SUBMIT, message(L.msisdn(1), b"x", pid=0x48, source="777")).status == smpp.SUBMITFAIL
    g.p.wait_decision(scs="beta", verdict="refused", reason="no-association")
    s.close()


def killed(g):
    """The SMS-SC, which starts again and serves SMEs."""
    entries, place = L.recorded_one(g.p.lab["dir"], "mtc-smssc")
    os.kill(entries[place]["pid"], signal.SIGKILL)
    proc.wait_until("it is gone", lambda: not proc.alive(entries[place]))
    L.start(g.p.lab["dir"], "mtc-smssc")
    proc.wait_until("SMEs are served", lambda: smes.port_of(g.log()))


def test_reports_survive_a_kill_of_the_smssc(g):
    g.p.ue("absent", L.imsi(5))
    s = g.bound()
    ids = [s.ask(smpp.SUBMIT, trigger(5, bytes([n]), registered=1, validity="000000010000000R")).id for n in range(2)]
    killed(g)
    s = g.bound()
    assert s.ask(smpp.QUERY, text(ids[0]) + address("4242")).body == text(ids[0]) + b"\0\1\0"
    g.p.ue("present", L.imsi(5))
    assert {s.delivered().receipt["id"] for _ in range(2)} == set(ids)
    proc.wait_until("nothing is left", lambda: g.counts()["at_gateway"] == 0)
    s.close()


def test_a_trigger_whose_answer_was_lost_is_asked_for_again(g):
    """The SMS-SC is killed between request and answer, and learns at its start what became of each: no wait for the end of a validity. One has no
    association, the other came to nothing because the SMS-SC was away."""
    pid, s, before = core(g.p), g.bound(), g.p.decisions(scs="acme", action="trigger")
    os.kill(pid, signal.SIGSTOP)
    try:
        for n in (15, 5):
            s.send(smpp.SUBMIT, trigger(n, b"lost answer", registered=1, validity="000000010000000R"))
        proc.wait_until("the gateway is asked", lambda: g.counts()["at_gateway"] == 2)
        killed(g)
    finally:
        os.kill(pid, signal.SIGCONT)
    s = g.bound()
    assert [s.delivered().receipt["stat"] for _ in range(2)] == ["UNDELIV"] * 2
    proc.wait_until("nothing is left", lambda: g.counts()["at_gateway"] == 0)
    decisions = g.p.decisions(scs="acme", action="trigger")[len(before):]
    assert [d["request_status"] for d in decisions] == ["NOTAUTHORIZED", "TEMPORARYERROR"], "the second time is a copy of the first"
    assert b"lost answer".hex() not in payloads(g, 5)
    s.close()


def test_the_gateway_is_away(g):
    before, s = g.counts(), g.bound()
    L.stop(g.p.lab["dir"], "mtc-iwfd")
    try:
        proc.wait_until("the SMS-SC has noticed", lambda: s.ask(smpp.SUBMIT, trigger(6, b"lost")).status == smpp.SYSERR)
        assert s.ask(smpp.SUBMIT, message(L.msisdn(6), b"an ordinary one")).status == smpp.OK
        after = g.counts()
        assert after["at_gateway"] == 0 and after["triggers_unknown"] == before["triggers_unknown"]
    finally:
        L.start(g.p.lab["dir"], "mtc-iwfd")
    g.wait_for("acme")
    proc.wait_until("it is taken again", lambda: s.ask(smpp.SUBMIT, trigger(6, b"found")).status == smpp.OK)
    proc.wait_until("the trigger came", lambda: g.p.ue_triggers(imsi=L.imsi(6)))
    assert {e["payload_hex"] for e in g.p.ue_triggers(imsi=L.imsi(6))} == {b"found".hex()}
    s.close()


def test_without_protection_inside(g, tmp_path):
    """A second SMS-SC in the operator's own domain: its SME is an SCS with the anchor internal."""
    g.p.ctl("scs", "add", "portal", "--e164", "49170000001", "--origin-host", f"portal.{L.CORE_REALM}", "--realm", L.CORE_REALM, "--anchor", "internal")
    g.p.ctl("assoc", "add", "portal", f"msisdn:{L.msisdn(7)}")
    conf = proc.write(str(tmp_path / "smssc.yaml"), f"""identity: {{ host: smssc2.core.test, realm: core.test }}
listen: {{ address: 127.0.0.1, port: 0, protection: none }}
state_dir: smssc
ue_socket: ue.sock
sc_address: "491770000009"
allowed_hosts: [{L.IWF_CORE_HOST}]
smes:
  plain: {{ address: 127.0.0.1, port: 0 }}
  gateway: {{ address: {g.where}, port: {g.inside}, host: {L.EXTERNAL_HOST}, realm: {L.EXTERNAL_REALM}, protection: none }}
  list:
{smes.sme("portal", f"scs: {{ host: portal.{L.CORE_REALM}, realm: {L.CORE_REALM} }}")}""")
    entry = proc.start("mtc-smssc-2", [os.path.join(BIN, "mtc-smssc"), "-c", conf], str(tmp_path))
    try:
        proc.wait_ready(entry)
        g.wait_for("portal", entry["log"])
        s = Sme(smes.port_of(entry["log"]))
        assert s.bind(system_id="portal").status == smpp.OK
        # the HSS of the laboratory lets acme alone wake this device: the second opinion counts
        assert s.ask(smpp.SUBMIT, trigger(7)).status == smpp.SUBMITFAIL
        assert g.p.wait_decision(scs="portal", verdict="refused")["reason"].startswith("hss-")
    finally:
        assert proc.end([entry]) == []
