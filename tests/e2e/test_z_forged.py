"""Forged triggers from everywhere but the gateway (docs/user/tsms.md): SMEs, mobiles, other networks. Dropped or stripped, counted, an alarm; nothing reaches
a device, and nobody learns which numbers are devices that take triggers only."""
import struct

import pytest
from lablib import proc
from support import smpp
from support.smes import ABSENT, NOBODY, NUMBER, TRIGGERS_ONLY, Mobile, World, imsi, sme
from support.smpp import address, data_sm, message, text, tlv

from conftest import BIN

PORT = struct.pack("!H", 16000)
SECOND = "491720000002"
REJECTED, UNIDENTIFIED, CONGESTION, NOT_SERVED, NOT_IMPLEMENTED, MALFORMED, INVALID = 21, 28, 42, 69, 79, 95, 96


def world(folder, policy, more="", rate=0):
    network = sme("abroad", f"kind: network, forged: {policy}", sources='["*"]')
    return World(BIN, folder, smes=sme("acme") + network, more=f"  mobiles: {{ send: yes, forged: {policy}, rate: {rate} }}\n{more}")


@pytest.fixture(scope="module")
def dropping(tmp_path_factory):
    w = world(tmp_path_factory.mktemp("drop"), "drop")
    w.start_ue()
    yield w
    w.down()


@pytest.fixture(scope="module")
def stripping(tmp_path_factory):
    w = world(tmp_path_factory.mktemp("strip"), "strip")
    w.start_ue()
    yield w
    w.down()


def forms(to=NUMBER, **more):
    """Every form of a trigger in SMPP (issue 17, part 3): name, command, PDU, what is left of it when it is stripped."""
    yield "pid", smpp.SUBMIT, message(to, b"x", pid=0x48, **more), b"x"
    yield "sim", smpp.SUBMIT, message(to, b"x", pid=0x7f, **more), b"x"
    yield "sim, the other pid", smpp.SUBMIT, message(to, b"x", pid=0x7c, coding=0xf6, **more), b"x"
    yield "sim element", smpp.SUBMIT, message(to, b"\x02\x70\x00x", esm=0x40, **more), b"x"
    yield "udh 16 bit", smpp.SUBMIT, message(to, b"\x06\x05\x04" + PORT + b"\0\0x", esm=0x40, **more), b"x"
    yield "udh 8 bit, wrong size", smpp.SUBMIT, message(to, b"\x03\x04\x01\x05x", esm=0x40, **more), b"x"
    yield "udh in the second segment", smpp.SUBMIT, message(to, b"\x0b\x00\x03\x01\x02\x02\x05\x04" + PORT + b"\0\0x", esm=0x40, **more), b"x"
    yield "udh first of two", smpp.SUBMIT, message(to, b"\x0c\x05\x04" + PORT + b"\0\0\x05\x04\x03\xe8\0\0x", esm=0x40, **more), b"x"
    yield "udh in message_payload", smpp.SUBMIT, message(to, esm=0x40, tlvs=tlv(0x424, b"\x06\x05\x04" + PORT + b"\0\0x"), **more), b"x"
    yield "port parameter", smpp.SUBMIT, message(to, b"x", tlvs=tlv(0x20b, PORT), **more), b"x"
    yield "port with sar", smpp.SUBMIT, message(to, b"x", tlvs=tlv(0x20b, PORT) + tlv(0x20c, b"\0\1") + tlv(0x20e, b"\2") + tlv(0x20f, b"\2"), **more), b"x"
    yield "data_sm with a port", smpp.DATA, data_sm(to, tlv(0x20b, PORT) + tlv(0x424, b"x"), **more), b"x"
    yield "data_sm with udh", smpp.DATA, data_sm(to, tlv(0x424, b"\x06\x05\x04" + PORT + b"\0\0x"), esm=0x40, **more), b"x"
    yield "submit_multi", smpp.MULTI, message("", b"x", pid=0x48, destinations=b"\1\1" + address(to, 1, 1), **more), b"x"
    yield "port of 3GPP", smpp.SUBMIT, message(to, b"x", tlvs=tlv(0x20b, struct.pack("!H", 50000)), **more), b"x"


def alarms(w, origin):
    return [e for e in w.events(w.smssc, "alarm") if e["from"] == origin]


def told(w, origin):
    """Alarms that were told one by one, and those that were counted in a later one."""
    return sum(1 + e.get("untold_before", 0) for e in alarms(w, origin))


def fresh(w, s=None):
    """A sleepless way to see that nothing else came: an ordinary message that did, behind all others. `s`: the bind that its receipt may come to."""
    s = s or w.bound()
    assert s.submit(NUMBER, b"the last one", registered=1).status == smpp.OK
    s.delivered()
    s.close()


# -- SMEs


def test_an_sme_tries_every_form(dropping):
    """Also to a device that takes triggers only, to one that is away and to a number that nobody has: the same octets."""
    w, s, before, seen = dropping, dropping.bound(), dropping.counts(), len(dropping.events(dropping.ue, "message"))
    n = 0
    for to in (NUMBER, TRIGGERS_ONLY, ABSENT, NOBODY):
        for name, command, body, _ in forms(to):
            answer = s.ask(command, body)
            assert (answer.status, answer.body) == (smpp.SUBMITFAIL, b""), (to, name)
            n += 1
        for esm in (0x04, 0x08, 0x10, 0x18, 0x20):  # forged receipts and acknowledgements
            assert s.submit(to, b"id:1 sub:001 dlvrd:001 stat:DELIVRD err:000 text:", esm=esm).status == smpp.INVESMCLASS
            n += 1
    assert s.ask(smpp.DELIVER, message(NUMBER, b"id:1 stat:DELIVRD", esm=4)).status == smpp.INVBNDSTS
    after = w.counts()
    assert after["forged"] - before["forged"] == n and after["submitted"] == before["submitted"]
    fresh(w, s)
    assert [e["payload_hex"] for e in w.events(w.ue, "message")[seen:]] == [b"the last one".hex()] and not w.events(w.ue, "trigger")


def test_no_trigger_by_replacing_a_pending_one(dropping):
    s = dropping.bound()
    first = s.submit(ABSENT, b"\x05\x00\x03\x2a\x02\x01x", esm=0x40)
    body = text(first.id) + address("4242") + b"\0\0\0\0"
    assert s.ask(smpp.REPLACE, body + b"\x08\x06\x05\x04\x3e\x80\0\0x").status == smpp.REPLACEFAIL
    assert s.ask(smpp.CANCEL, text("") + text(first.id) + address("4242") + address("")).status == smpp.OK
    s.close()


def test_triggers_only_is_as_if_it_were_nobody(dropping):
    """The device is there. Answers, receipts and what can be asked are those of a number that nobody has."""
    w, s, seen = dropping, dropping.bound(), len(dropping.events(dropping.ue, "message"))

    def all_of(to):
        got = []
        for more in ({"esm": 1}, {"validity": "000000000001000R"}):  # one attempt; one second
            answer = s.submit(to, b"hello", registered=1, **more)
            receipt = s.delivered().receipt
            got.append((answer.status, receipt["stat"], receipt["err"]))
        waits = s.submit(to, b"hello", registered=1)
        got.append((waits.status, s.ask(smpp.QUERY, text(waits.id) + address("4242")).body.split(b"\0", 1)[1], s.ask(smpp.CANCEL, text("") + text(waits.id) + address("4242") + address("")).status))
        return got

    nobody = all_of(NOBODY)
    assert [row[1:] for row in nobody[:2]] == [("UNDELIV", "002"), ("EXPIRED", "001")]
    assert all_of(TRIGGERS_ONLY) == nobody == all_of(ABSENT)
    fresh(w, s)
    assert [e["imsi"] for e in w.events(w.ue, "message")[seen:]] == [imsi(0)]


# -- mobiles


def answer_of(w, sent):
    assert sent["ok"], sent
    return proc.wait_until("the SMS-SC has answered", lambda: [e for e in w.events(w.ue, "submitted") if e["reference"] == sent["reference"]])[-1]["cause"]


def mobile_forms():
    yield "pid", ("78", "pid", 0x48), "78"
    yield "sim", ("78", "pid", 0x7f), "78"
    yield "port", ((b"\x05\x04" + PORT + b"\0\0x").hex(), "header", 6), "78"
    yield "port in a segment", ((b"\x00\x03\x01\x02\x01\x05\x04" + PORT + b"\0\0x").hex(), "header", 11), "78"
    yield "first of two ports", ((b"\x05\x04" + PORT + b"\0\0\x05\x04\x03\xe8\0\0x").hex(), "header", 12), "78"
    yield "port of a wrong size", ((b"\x05\x03" + PORT + b"\0x").hex(), "header", 5), "78"
    yield "element for the SIM", ("700078", "header", 2), "78"
    yield "port and UCS2", ((b"\x05\x04" + PORT + b"\0\0\0x").hex(), "header", 6, "dcs", 8), "0078"
    yield "pid and 7 bit", ("78", "pid", 0x48, "dcs", 0), "78"


def test_a_mobile_sends_to_another(dropping):
    w, seen, before = dropping, len(dropping.events(dropping.ue, "message")), dropping.counts()
    assert answer_of(w, w.order("submit", imsi(1), NUMBER, "0102")) == 0
    assert answer_of(w, w.order("submit", imsi(1), NUMBER, (b"\x00\x03\x07\x02\x01part").hex(), "header", 5, "pid", 0x41)) == 0
    plain, part = w.messages(seen + 2)[seen:]
    assert (plain["imsi"], plain["originator"], plain["payload_hex"], plain["pid"], plain["dcs"]) == (imsi(0), SECOND, "0102", 0, 4)
    assert (part["payload_hex"], part["part"], part["parts"], part["pid"]) == (b"part".hex(), 1, 2, 0x41)
    for to in (TRIGGERS_ONLY, NOBODY, ABSENT):
        assert answer_of(w, w.order("submit", imsi(1), to, "0102")) == 0
    assert answer_of(w, w.order("submit", imsi(1), NUMBER, "31", "dcs", 0x20)) == NOT_IMPLEMENTED  # compressed
    after = w.counts()
    assert (after["mobiles_sent"] - before["mobiles_sent"], after["mobiles_refused"] - before["mobiles_refused"]) == (5, 1)
    fresh(w)
    assert {e["imsi"] for e in w.events(w.ue, "message")[seen:]} == {imsi(0)}


def test_a_mobile_tries_every_form(dropping):
    w, before, seen = dropping, dropping.counts(), len(dropping.events(dropping.ue, "message"))
    known, tried = told(w, "mobile"), list(mobile_forms())
    for name, words, _ in tried:
        assert answer_of(w, w.order("submit", imsi(1), NUMBER, *words)) == REJECTED, name
    assert w.counts()["mobiles_forged"] - before["mobiles_forged"] == len(tried)
    proc.wait_until("each has an alarm", lambda: told(w, "mobile") - known >= min(len(tried), 9))
    last = alarms(w, "mobile")[-1]
    assert (last["alarm"], last["who"], last["done"]) == ("forged-trigger", imsi(1), "dropped")
    fresh(w)
    assert [e["payload_hex"] for e in w.events(w.ue, "message")[seen:]] == [b"the last one".hex()] and not w.events(w.ue, "trigger")


def test_what_a_mobile_sends_is_stripped(stripping):
    w, before = stripping, stripping.counts()
    tried = list(mobile_forms())
    for name, words, left in tried:
        seen = len(w.events(w.ue, "message"))
        assert answer_of(w, w.order("submit", imsi(1), NUMBER, *words)) == 0, name
        (came,) = w.messages(seen + 1)[seen:]
        assert (came["pid"], came["port"], came["payload_hex"]) == (0, None, left), name
    assert w.counts()["mobiles_forged"] - before["mobiles_forged"] == len(tried)
    assert {e["done"] for e in alarms(w, "mobile")} == {"stripped"} and not w.events(w.ue, "trigger")


TPDU = bytes.fromhex("01010c9194710200001000040178")  # to NUMBER, "x", written by hand


def test_a_mobile_that_lies(dropping):
    w, mine = dropping, "001010000000900"
    m = Mobile(w, mine)
    m.submit(mine, TPDU)
    assert m.cause(mine) == UNIDENTIFIED  # no subscriber: it has no number
    m.submit(imsi(1), TPDU)
    assert m.cause(imsi(1)) == UNIDENTIFIED  # registered by another connection
    for tpdu, cause in ((TPDU[:-1], MALFORMED), (b"\0" + TPDU[1:], MALFORMED), (b"\x41" + TPDU[1:-2] + b"\x03\x09\x05\x04", MALFORMED),
                        (b"\x01\x01\x0c\x81" + TPDU[4:], INVALID), (b"\x01\x01\x02\x91\x21" + TPDU[10:], INVALID)):
        m.submit(mine, tpdu)
        assert m.cause(mine) == cause, tpdu.hex()
    for body in (b"", b"\x0f" + mine.encode(), b"\x03123\0", b"\x0f" + mine.encode() + b"\2\7", b"\x0f" + b"x" * 15 + b"\0\7", b"\xff" + mine.encode()):
        broken = Mobile(w, mine)
        broken.send(5, body)
        assert broken.read() is None, body
    own = Mobile(w, imsi(2))  # that of the device that is never there
    own.submit(imsi(2), TPDU)
    assert own.cause(imsi(2)) == 0
    own.socket.close()


def test_mobiles_send_only_where_the_operator_lets_them(tmp_path):
    w = World(BIN, tmp_path)
    try:
        m = Mobile(w, imsi(0))
        m.submit(imsi(0), TPDU)
        assert m.cause(imsi(0)) == NOT_SERVED
    finally:
        w.down()


# -- other networks


def test_another_network_is_dropped(dropping):
    w, s, before, seen = dropping, dropping.bound(system_id="abroad"), dropping.counts(), len(dropping.events(dropping.ue, "message"))
    tried = list(forms(source="33612345678"))
    for name, command, body, _ in tried:
        assert s.ask(command, body).status == smpp.SUBMITFAIL, name
    for esm in (0x04, 0x08, 0x20):
        assert s.submit(NUMBER, b"id:1 stat:DELIVRD", esm=esm, source="33612345678").status == smpp.INVESMCLASS
    after = w.counts()
    assert (after["networks_forged"] - before["networks_forged"], after["forged"] - before["forged"]) == (len(tried), 3)
    assert s.submit(NUMBER, b"hello", source="33612345678").status == smpp.OK
    assert w.messages(seen + 1)[seen]["originator"] == "33612345678"
    proc.wait_until("there is an alarm", lambda: [e for e in alarms(w, "network") if (e["who"], e["done"]) == ("abroad", "dropped")])
    s.close()


def test_another_network_is_stripped(stripping):
    w, s, before = stripping, stripping.bound(system_id="abroad"), stripping.counts()
    tried = list(forms(source="33612345678"))
    for name, command, body, left in tried:
        seen = len(w.events(w.ue, "message"))
        assert s.ask(command, body).status == smpp.OK, name
        (came,) = w.messages(seen + 1)[seen:]
        assert (came["pid"], came["port"], came["payload_hex"]) == (0, None, left.hex()), name
    assert w.counts()["networks_forged"] - before["networks_forged"] == len(tried) and not w.events(w.ue, "trigger")
    assert s.submit(NUMBER, b"id:1 stat:DELIVRD", esm=4, source="33612345678").status == smpp.INVESMCLASS
    s.close()


def test_alarms_have_a_bound(dropping):
    """Whoever sends forged triggers decides how many there are, not how many lines we write."""
    w, s = dropping, dropping.bound(system_id="abroad")
    known, before = len(alarms(w, "network")), w.counts()["networks_forged"]
    for _ in range(300):
        assert s.submit(NUMBER, b"x", pid=0x48, source="33612345678").status == smpp.SUBMITFAIL

    def the_rest_is_counted():
        s.submit(NUMBER, b"x", pid=0x48, source="33612345678")
        return any(e.get("untold_before", 0) > 0 for e in alarms(w, "network")[known:])
    proc.wait_until("a later alarm counts those that were not told", the_rest_is_counted)
    assert len(alarms(w, "network")) - known < w.counts()["networks_forged"] - before
    s.close()
