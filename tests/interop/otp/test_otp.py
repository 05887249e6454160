"""Erlang/OTP's Diameter as the other end of all three interfaces: HSS, SMS-SC and, over TLS, SCS of one gateway; as a relay agent
in front of both; and as an MTC-IWF of our nodes. Its dictionaries (*.dia) are written from the standards, and it holds every message of
ours against them."""
import re

import otp
import pytest
from lablib import lab as L
from lablib import proc
from lablib.pki import Pki
from support.t4 import smea, tbcd

pytestmark = [pytest.mark.once, pytest.mark.skipif(otp.missing() != "", reason=otp.missing())]


RECALL, REPLACE = 3, 4


class OtpLab(L.Lab):
    """A laboratory whose gateway has OTP in place of mtc-hss and mtc-smssc."""

    ports, peer_conf = {}, "protection: none"

    def iwf_config(self):
        text = super().iwf_config()
        for name, port in self.ports.items():
            node = self.lab[name]
            old = f"    address: {node['address']}\n    port: {node['port']}\n    protection: none\n"
            assert text.count(old) == 1
            text = text.replace(old, f"    address: {node['address']}\n    port: {port}\n    {self.peer_conf}\n")
        return text


class World:
    def __init__(self, labs, folder, secure):
        self.otp, self.lab = otp.Otp(folder), None
        try:
            self.up(labs, secure)
        except BaseException:
            if self.lab:
                labs.down(self.lab)
            self.otp.close()
            raise

    def up(self, labs, secure):
        pki, peer, options = Pki(labs.pki), "protection: none", {}
        self.base = "rfc6733" if secure else "rfc3588"
        if secure:
            peer = f"protection: tls\n    certificate: {pki.path('iwf.pem')}\n    key: {pki.path('iwf.key')}\n    trust: anchor-a"
        for name, host in (("hss", L.HSS_HOST), ("smssc", L.SMSSC_HOST)):
            if secure:
                pki.leaf("otp-" + name, "anchor-a", host, "serverAuth")
                options[name] = otp.tls(pki.path(f"otp-{name}.pem"), pki.path(f"otp-{name}.key"), pki.path("operator.pem"))
        ports = {name: self.otp.listen(name, [labs.address], host, L.CORE_REALM, self.base, options.get(name))
                 for name, host in (("hss", L.HSS_HOST), ("smssc", L.SMSSC_HOST))}
        self.lab = labs.up(kind=type("OtpLabOf", (OtpLab,), {"ports": ports, "peer_conf": peer}), t4_more=", answer_wait: 2s")
        scs = self.lab.scs["acme"]
        self.otp.start("scs", scs["origin_host"], scs["realm"], self.base)
        self.connect()

    def connect(self):
        scs, iwf = self.lab.scs["acme"], self.lab.lab["iwf"]
        options = otp.tls(scs["cert"], scs["key"], self.lab.lab["ca"], iwf["identity"])
        self.otp.connect("scs", iwf["tsp"]["address"], iwf["tsp"]["port"], options)


class RelayLab(L.Lab):
    """A laboratory with OTP as a relay agent, the gateway's only peer, in front of mtc-hss and mtc-smssc."""

    otp = None

    def start_relay(self):
        port = self.otp.listen("relay", [self.options.address], L.RELAY_HOST, L.CORE_REALM, "rfc6733")
        for name in ("hss", "smssc"):
            self.otp.connect("relay", self.lab[name]["address"], self.lab[name]["port"])
        self.lab["relay"] = {"address": self.options.address, "port": port, "identity": L.RELAY_HOST, "realm": L.CORE_REALM}

    def iwf_config(self):
        """`hss` is the relay already."""
        text = re.sub(r"  - name: smssc\n(    .*\n)+", "", super().iwf_config())
        return text.replace("t4: { peer: smssc,", "t4: { peer: hss,")

    def peers_open(self):
        return '"state":"open"' in self.mtcctl("--json", "peers").stdout.replace(" ", "")


def test_otp_as_a_relay(labs, tmp_path):
    o, p = otp.Otp(tmp_path), None
    try:
        p = labs.up(kind=type("RelayLabOf", (RelayLab,), {"otp": o}), relay=True)
        assert len([row for row in p.ctl("peers") if "state" in row]) == 1
        done = p.trigger("acme", device="meter-1@a.example", reference=1, wait=proc.HANG_S)
        assert (done.code, done.status, done.outcome) == (0, "SUCCESS", "SUCCESS"), done
        assert p.trigger("acme", device="meter-1001@a.example", reference=2).status == "INVEXTID"  # mtc-hss knows no such device
        p.ue("absent", L.imsi(2))
        assert p.trigger("acme", device="meter-2@a.example", reference=3, validity=600).status == "SUCCESS"
        assert p.trigger("acme", action="recall", device="meter-2@a.example", reference=3, payload=None).status == "SUCCESS"
        L.stop(p.lab["dir"], "mtc-hss")
        o.wait("watchdog", service="relay", to="down")
        assert p.trigger("acme", device="meter-1@a.example", reference=4).status == "TEMPORARYERROR"  # by OTP: DIAMETER_UNABLE_TO_DELIVER
        assert p.decisions(reference=4)[-1]["reason"] == "hss-trouble"
    finally:
        wrong = labs.down(p) if p else []
        o.close()
    assert not wrong, "\n".join(wrong)


@pytest.fixture(scope="module", params=["plain", "tls"])
def whole(request, labs, tmp_path_factory):
    w = World(labs, tmp_path_factory.mktemp("otp"), request.param == "tls")
    yield w
    wrong = labs.down(w.lab)
    w.otp.close()
    assert not wrong, "\n".join(wrong)


@pytest.fixture
def world(whole):
    whole.otp.forget()
    return whole


def action(reference, device="meter-1@a.example", kind=1, validity=600, old=None, data=True, **more):
    inside = {"External-Identifier": [device], "Reference-Number": reference, "Action-Type": kind}
    if data:
        inside["Trigger-Data"] = [{"Payload": b"wake up", **more}]
    if validity is not None:
        inside["Validity-Time"] = [validity]
    if old is not None:
        inside["Old-Reference-Number"] = [old]
    return {"Device-Action": [inside]}


def octets(text):
    return text.encode("latin-1")


def trigger(world, reference, **more):
    """A trigger that is accepted: its SIR and DTR."""
    o = world.otp
    o.ask("DAR", action(reference, **more))
    found = o.request("SIR"), o.request("DTR")
    assert status(o.answer()) == 0
    return found


def status(answer):
    """Request-Status of a DAA that OTP has nothing against."""
    assert (answer.get("name"), answer.get("errors")) == ("DAA", []), answer
    return answer["message"]["Device-Notification"]["Request-Status"][0]


def drr(dtr, outcome):
    m = dtr["message"]
    return {"SM-RP-SMEA": octets(m["SM-RP-SMEA"]), "Reference-Number": m["Reference-Number"], "SM-Delivery-Outcome-T4": outcome,
            "User-Identifier": {"User-Name": m["User-Identifier"]["User-Name"]}}


def report(o, dtr, outcome):
    """The SMS-SC reports; the SCS gets it. What the SCS was told."""
    o.ask("DRR", drr(dtr, outcome), service="smssc")
    answer = o.answer(service="smssc")
    assert (answer["name"], answer["errors"], answer["message"]["Result-Code"]) == ("DRA", [], [2001])
    return o.request("DNR")["message"]["Device-Notification"][0]


def test_a_trigger_and_its_report(world):
    sir, dtr = trigger(world, 1, **{"Application-Port-Identifier": [4660], "Priority-Indication": [1]})
    m = sir["message"]
    assert (m["User-Identifier"], m["SIR-Flags"], m["Service-ID"]) == ({"External-Identifier": ["meter-1@a.example"]}, 1, [0])
    assert octets(m["SCS-Identity"][0]) == tbcd("491720000001")
    m = dtr["message"]
    assert m["User-Identifier"] == {"User-Name": [L.imsi(1)], "External-Identifier": ["meter-1@a.example"]}
    assert (m["Payload"], m["Reference-Number"], m["Application-Port-Identifier"], m["Priority-Indication"]) == ("wake up", [1], [4660], [1])
    assert m["Serving-Node"][0]["MME-Name"] == [L.MME_HOST]
    assert (octets(m["SM-RP-SMEA"]), m["Trigger-Action"]) == (smea("491720000001"), [0])
    told = report(world.otp, dtr, 2)
    assert (told["Reference-Number"], told["Action-Type"], told["Delivery-Outcome"]) == (1, 2, [0])


@pytest.mark.tools
def test_a_report_outlives_reopen(world):
    """OTP comes back a watchdog interval after the loss of its only connection, and discards reports for two more."""
    if world.base != "rfc3588":
        pytest.skip("the same in clear and over TLS")
    o = world.otp
    dtr = trigger(world, 900)[1]
    o.do("'cut", "'scs")
    o.wait("watchdog", service="scs", to="down")
    proc.wait_until("the session is gone", lambda: not world.lab.sessions("acme"))
    o.ask("DRR", drr(dtr, 2), service="smssc")
    assert o.answer(service="smssc")["message"]["Result-Code"] == [2001]
    o.wait("watchdog", wait_s=proc.HANG_S, service="scs", to="reopen")
    o.wait("watchdog", wait_s=proc.HANG_S, service="scs", to="okay")
    assert not o.take("request", name="DNR")
    again = o.wait("request", wait_s=proc.HANG_S, name="DNR")["message"]["Device-Notification"][0]
    assert (again["Reference-Number"], again["Delivery-Outcome"]) == (900, [0])


@pytest.mark.parametrize("service,what,expected", [
    ("hss", ("'experimental", 5001), 102), ("hss", ("'experimental", 5510), 105), ("hss", ("'result", 5012), 201),
    ("hss", ("'protocol_error", 3004), 201),
    ("smssc", ("'experimental", 5531), 107), ("smssc", ("'result", 5012), 201), ("smssc", ("'protocol_error", 3002), 201)])
def test_a_refusal(world, service, what, expected):
    o = world.otp
    o.do("'next", "'" + service, what)
    o.wait("next", service=service)
    o.ask("DAR", action(100 + expected))
    assert status(o.answer()) == expected
    o.request("SIR")
    if service == "smssc":
        o.request("DTR")


@pytest.mark.parametrize("wrong,code", [
    ({}, 5005), (action(200, kind=2), 5004), ({**action(201), "Auth-Session-State": 0}, 5004),
    ({**action(202), "Destination-Realm": "elsewhere.example"}, 3003)])
def test_an_error(world, wrong, code):
    """An answer with the E bit. OTP holds it against the grammar of RFC 3588, where 5xxx have none, unless it is told otherwise."""
    world.otp.ask("DAR", wrong)
    answer = world.otp.answer()
    assert (answer["name"], answer["message"]["Result-Code"]) == ("answer-message", code)
    assert answer["errors"] == [] or (world.base == "rfc3588" and code >= 5000), answer


def test_what_agents_add_comes_back(world):
    o = world.otp
    world.lab.ctl("screen", "set", "agents", "enforce", "--except", "acme")
    info = [{"Proxy-Host": f"agent-{n}.acme.example", "Proxy-State": bytes([n, 0, 255])} for n in (1, 2)]
    o.ask("DAR", {**action(300), "Proxy-Info": info})
    o.request("SIR")
    o.request("DTR")
    answer = o.answer()
    assert status(answer) == 0
    back = [(i["Proxy-Host"], octets(i["Proxy-State"])) for i in answer["message"]["Proxy-Info"]]
    assert back == [(i["Proxy-Host"], i["Proxy-State"]) for i in info]


def test_a_recall_and_a_replace(world):
    o = world.otp
    trigger(world, 400)
    o.ask("DAR", action(401, kind=REPLACE, old=400))
    o.request("SIR")
    m = o.request("DTR")["message"]
    assert (m["Trigger-Action"], m["Reference-Number"], m["Old-Reference-Number"], m["Payload"]) == ([2], [401], [400], "wake up")
    assert status(o.answer()) == 0
    o.ask("DAR", action(401, kind=RECALL, data=False, validity=None))
    o.request("SIR")
    m = o.request("DTR")["message"]
    assert (m["Trigger-Action"], m["Old-Reference-Number"], m["Payload"], "Reference-Number" in m) == ([1], [401], "", False)
    assert status(o.answer()) == 0


def test_a_lost_connection_moves_a_request_to_the_other(world):
    """OTP sends it again, with the T bit: the gateway asks nobody twice and answers where it came last."""
    o = world.otp
    world.connect()
    o.do("'next", "'hss", "'hold")
    o.wait("next", service="hss")
    o.ask("DAR", action(500))
    o.request("SIR")
    o.do("'cut", "'scs")
    o.wait("retransmit", service="scs")
    o.do("'release", "'hss")
    assert status(o.answer()) == 0
    assert not o.request("DTR")["retransmitted"]
    assert not o.take("request", name="SIR") and not o.take("request", name="DTR")


def test_a_request_without_an_answer_is_sent_again_with_the_t_bit(world):
    o = world.otp
    o.do("'next", "'smssc", "'silent")
    o.wait("next", service="smssc")
    o.ask("DAR", action(600))
    o.request("SIR")
    first, second = o.request("DTR"), o.request("DTR")
    assert (first["retransmitted"], second["retransmitted"]) == (False, True)
    assert first["end"] == second["end"] and first["message"] == second["message"]  # Validity-Time, too
    assert status(o.answer()) == 0


def test_what_the_sms_sc_had_before_its_connection_broke_is_recalled(world):
    """OTP is in REOPEN on the next connection, in which it would discard the recall: the gateway makes one more."""
    o = world.otp
    o.do("'next", "'smssc", "'cut")
    o.wait("next", service="smssc")
    o.ask("DAR", action(650))
    o.request("SIR")
    o.request("DTR")
    assert status(o.answer()) == 201
    assert (o.wait("watchdog", service="smssc", to="reopen")["from"], o.wait("watchdog", service="smssc", to="okay")["from"]) == ("initial", "initial")
    m = o.request("DTR")["message"]
    assert (m["Trigger-Action"], m["Old-Reference-Number"]) == ([1], [650])


def test_the_nodes(world):
    """OTP as an MTC-IWF of mtc-hss, mtc-smssc and a device of mtc-ue."""
    o, lab = world.otp, world.lab.lab
    for name in ("hss", "smssc"):
        o.start("asks_" + name, "otp.core.operator.example", L.CORE_REALM, world.base)
        o.connect("asks_" + name, lab[name]["address"], lab[name]["port"])
    o.ask("SIR", {"User-Identifier": {"External-Identifier": ["meter-9@a.example"]}, "Service-ID": [0], "SCS-Identity": [tbcd("491720000001")],
                  "SIR-Flags": 1}, "asks_hss")
    sia = o.answer("asks_hss")
    assert (sia["name"], sia["errors"], sia["message"]["Result-Code"]) == ("SIA", [], [2001])
    user, node = sia["message"]["User-Identifier"][0], sia["message"]["Service-Data"][0]["T4-Data"][0]["Serving-Node"][0]
    assert (user["User-Name"], octets(user["MSISDN"][0]), node["MME-Name"]) == ([L.imsi(9)], tbcd(L.msisdn(9)), [L.MME_HOST])
    o.ask("DTR", {"User-Identifier": {"User-Name": [L.imsi(9)]}, "SM-RP-SMEA": smea("491720000001"), "Payload": b"by otp", "Reference-Number": [77],
                  "Validity-Time": [600], "Trigger-Action": [0]}, "asks_smssc")
    dta = o.answer("asks_smssc")
    assert (dta["name"], dta["errors"], dta["message"]["Result-Code"]) == ("DTA", [], [2001])
    drr = o.request("DRR")["message"]
    assert (drr["Reference-Number"], drr["SM-Delivery-Outcome-T4"], drr["User-Identifier"]["User-Name"]) == ([77], 2, [L.imsi(9)])
    assert [e["payload_hex"] for e in world.lab.ue_triggers(imsi=L.imsi(9))] == [b"by otp".hex()]


def test_many_requests_at_once(world):
    o, count = world.otp, 100
    for n in range(count):
        o.ask("DAR", action(1000 + n, device=f"meter-{n + 1}@a.example"))
    assert [status(o.answer()) for _ in range(count)] == [0] * count
    dtrs = [o.request("DTR") for _ in range(count)]
    assert {report(o, dtr, 2)["Reference-Number"] for dtr in dtrs} == set(range(1000, 1000 + count))


def test_a_long_payload(world):
    m = trigger(world, 700, Payload=bytes(range(256)) * 4)[1]["message"]
    assert octets(m["Payload"]) == bytes(range(256)) * 4


def test_it_takes_its_leave(world):
    o = world.otp
    o.do("'leave", "'scs")
    o.wait("left", service="scs")
    proc.wait_until("the session is gone", lambda: not world.lab.sessions("acme"))
    world.connect()
    trigger(world, 800)
