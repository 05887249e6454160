"""Act fourteen: every Request-Status, Delivery-Outcome and Result-Code that an SCS can see has a real cause. docs/user/status-codes.md
names these tests; what other acts show is not shown again here."""
import itertools
import os
import signal
import time

import pytest
from lablib import lab as L
from lablib import proc
from support import diameter as D
from support.hands import Reader, experimental, lab_played
from support.tsp import Scs, action, request_status

references = itertools.count(14000)
E_BIT = D.PROXIABLE | D.ERROR
T4_S = 2  # t4.answer_wait of an SMS-SC by hand, who takes some of it on a slow machine


def reason_of(p, reference):
    """What the decision log says about a request that was refused."""
    line = p.wait_decision(reference=reference, verdict="refused")
    return line["reason"]


@pytest.fixture
def scs(lab):
    s = Scs.opened(lab)
    yield s
    s.close()


def refused(lab, peer, status, reason, **what):
    reference = next(references)
    m = peer.dar(action(reference=reference, **what))
    assert (m.result, request_status(m), m.number(3002, 3007)) == (2001, status, reference)
    assert reason_of(lab, reference) == reason


# -- what the gateway itself finds


def test_no_device_is_named(lab, scs):
    refused(lab, scs, 102, "no-device")


@pytest.mark.parametrize("octets", [b"", b"\x1a\x32", b"\xff"])
def test_an_scs_identity_that_is_no_number(lab, scs, octets):
    refused(lab, scs, 103, "malformed-scs-identity", device="meter-141@a.example", scs=octets)


def test_a_foreign_scs_identity(lab, scs):
    refused(lab, scs, 103, "foreign-scs-identity", device="meter-141@a.example", scs=lab.scs["beta"]["e164"])


@pytest.fixture
def gamma(lab):
    """Provisions SCS gamma with these limits and connects it."""
    opened, known = [], lab.scs["gamma"]

    def provision(*limits):
        lab.ctl("scs", "add", "gamma", "--e164", known["e164"], "--origin-host", known["origin_host"], "--realm", known["realm"],
                "--anchor", known["anchor"], "--replace", *limits)
        opened.append(Scs.opened(lab, "gamma"))
        return opened[-1]
    yield provision
    for s in opened:
        s.close()
    provision()


@pytest.mark.parametrize("limits,what,status,reason", [
    (("--actions", "trigger"), {"kind": 3, "trigger_data": False}, 105, "action-not-allowed"),
    (("--actions", "recall,replace"), {}, 105, "action-not-allowed"),
    (("--no-priority",), {"priority": 1}, 105, "priority-not-allowed"),
    (("--port-min", "100", "--port-max", "200"), {"port": 99}, 105, "port-not-allowed"),
    (("--payload-max", "3"), {"payload": b"four"}, 101, "payload-too-long"),
    (("--validity-max", "60"), {"validity": 61}, 104, "validity-too-long"),
])
def test_the_limits_of_an_scs(lab, gamma, limits, what, status, reason):
    refused(lab, gamma(*limits), status, reason, msisdn=lab.lab["devices"]["msisdn_only"], **what)


def test_a_blocked_device(lab, scs):
    lab.ctl("assoc", "add", "*", "meter-142@a.example", "--block")
    refused(lab, scs, 105, "blocked", device="meter-142@a.example")
    lab.ctl("assoc", "del", "*", "meter-142@a.example")
    assert request_status(scs.dar(action(device="meter-142@a.example"))) == 0


def test_more_rules_than_can_be_judged(lab, scs):
    """33 ranges around one number: nobody knows which would win, so nobody is let through."""
    number = int(L.msisdn(143))
    ranges = [f"msisdn:{number - i}-{number + i}" for i in range(33)]
    for one in ranges:
        lab.ctl("assoc", "add", "acme", one)
    refused(lab, scs, 105, "too-many-rules", msisdn=str(number))
    for one in ranges[:2]:
        lab.ctl("assoc", "del", "acme", one)
    assert request_status(scs.dar(action(msisdn=str(number)))) == 0
    for one in ranges[2:]:
        lab.ctl("assoc", "del", "acme", one)


def test_the_same_end_to_end_id_with_other_content(lab, scs):
    reference = next(references)
    assert request_status(scs.dar(action(device="meter-144@a.example", reference=reference), end=0x144)) == 0
    m = scs.dar(action(device="meter-145@a.example", reference=reference), end=0x144)
    assert (m.result, request_status(m)) == (2001, 107)
    assert reason_of(lab, reference) == "duplicate-differs"


def test_a_core_that_stands_still(labs):
    """The edge answers what the core did not: 201, once, although the core finds the request when it goes on."""
    p = labs.up(s6m_more=", answer_wait: 1s", t4_more=", answer_wait: 1s")
    core = L.roles(p.lab["iwf"]["pids"]["parent"])["core"]
    scs = Scs.opened(p)
    os.kill(core, signal.SIGSTOP)
    try:
        m = scs.dar(action(device="meter-146@a.example"))
    finally:
        os.kill(core, signal.SIGCONT)
    assert (m.result, request_status(m)) == (2001, 201)
    with open(p.lab["logs"]["mtc-iwfd"], encoding="utf-8") as f:
        assert "answered 2001/201 without the core: core-restarting" in f.read()
    assert request_status(scs.dar(action(device="meter-147@a.example"))) == 0
    scs.close()
    wrong = labs.down(p)
    assert not wrong, "\n".join(wrong)


# -- what the core network says, both elements played by hand


@pytest.fixture(scope="module")
def played(labs):
    with lab_played(labs, hss=True, s6m_more=", answer_wait: 3s", t4_more=f", answer_wait: {T4_S}s",
                    iwf_more="limits: { pending_total: 2 }\n"
                    "journal: { report_grace: 0s }\n") as p:
        yield p


@pytest.fixture
def asker(played):
    s = Reader.opened(played)
    yield s
    s.close()


def asked(played, asker, **what):
    """A request that has reached the HSS: its reference and the SIR."""
    reference = next(references)
    asker.ask_later(action(device="meter-148@a.example", reference=reference, **what))
    return reference, played.hss.take()


def submitted(played, asker, **what):
    """A request that has reached the SMS-SC: its reference and the DTR."""
    reference, sir = asked(played, asker, **what)
    played.hss.know(sir, L.imsi(148))
    return reference, played.sc.take()


def because(cause):
    """A success that carries why the device cannot be reached: HSS-Cause in T4-Data in Service-Data."""
    return [D.avp(268, 2001), D.gpp(3107, [D.gpp(3108, [D.gpp(3109, cause)])])]


HSS_ANSWERS = [
    ([experimental(5001)], 0, 600, 102, "hss-unknown-user"),
    ([experimental(5510)], 0, 600, 105, "hss-not-allowed"),
    ([experimental(5511)], 0, 600, 106, "hss-no-service"),
    (because(2), 0, 600, 106, "hss-teleservice"),
    (because(4), 0, 600, 106, "hss-barred"),
    (because(1), 0, 0, 201, "hss-absent"),
    ([experimental(5598)], 0, 600, 107, "hss-refused"),
    ([D.avp(268, 5005)], 0, 600, 107, "hss-refused"),
    ([D.avp(268, 5012)], 0, 600, 201, "hss-trouble"),
    ([D.avp(268, 3004)], E_BIT, 600, 201, "hss-trouble"),
    ([], 0, 600, 201, "hss-protocol"),
    ([D.avp(268, 2001), D.gpp(3102, [D.avp(1, "not digits")])], 0, 600, 201, "hss-protocol"),
]


@pytest.mark.parametrize("avps,flags,validity,status,reason", HSS_ANSWERS, ids=[f"{n}-{row[-1]}" for n, row in enumerate(HSS_ANSWERS)])
def test_each_answer_of_the_hss(played, asker, avps, flags, validity, status, reason):
    reference, sir = asked(played, asker, validity=validity)
    played.hss.reply(sir, *avps, flags=flags or D.PROXIABLE)
    assert asker.answered() == status and reason_of(played, reference) == reason


def test_an_hss_that_does_not_answer(played, asker):
    reference, _ = asked(played, asker)
    assert asker.answered() == 201 and reason_of(played, reference) == "hss-silent"


def stopped(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        return f.read().rpartition(")")[2].split()[0] == "T"


def test_an_answer_that_came_while_the_core_stood_still(played, asker):
    """The time for it is over when the core goes on. It is in the socket, and counts: the trigger is neither answered 201 nor recalled."""
    core = L.roles(played.lab["iwf"]["pids"]["parent"])["core"]
    reference, _ = submitted(played, asker)
    copy = played.sc.take()  # without an answer to this one, too, the core gives it up
    over = time.monotonic() + T4_S
    os.kill(core, signal.SIGSTOP)
    try:
        proc.wait_until("it stands still", lambda: stopped(core))
        played.sc.accept(copy)
        time.sleep(max(0.0, over + 0.03 - time.monotonic()))  # a moment later: what is played, not waited for
    finally:
        os.kill(core, signal.SIGCONT)
    assert asker.answered() == 0
    assert played.sc.silent(), "it was recalled"
    played.sc.report(copy)
    assert asker.reported() == (reference, 0)


SMSSC_ANSWERS = [
    (experimental(5001), 0, 107, "smssc-refused"),
    (experimental(5530), 0, 107, "smssc-refused"),
    (experimental(5531), 0, 107, "smssc-refused"),  # congestion: TS 29.337 7.3 calls it permanent
    (D.avp(268, 5005), 0, 107, "smssc-refused"),
    (D.avp(268, 5012), 0, 201, "smssc-trouble"),
    (D.avp(268, 4001), 0, 201, "smssc-trouble"),
    (D.avp(268, 3004), E_BIT, 201, "smssc-trouble"),
]


@pytest.mark.parametrize("avp,flags,status,reason", SMSSC_ANSWERS, ids=[f"{n}-{row[-1]}" for n, row in enumerate(SMSSC_ANSWERS)])
def test_each_answer_of_the_sms_sc(played, asker, avp, flags, status, reason):
    reference, dtr = submitted(played, asker)
    played.sc.reply(dtr, avp, flags=flags or D.PROXIABLE)
    assert asker.answered() == status and reason_of(played, reference) == reason
    assert reference not in [r.get("reference") for r in played.ctl("triggers", "list")]


def test_an_sms_sc_that_does_not_answer(played, asker):
    reference, first = submitted(played, asker)
    copy = played.sc.take()
    assert copy.end == first.end and asker.answered() == 201 and reason_of(played, reference) == "smssc-silent"
    recall = played.sc.take()
    assert (recall.number(3202), recall.number(3011)) == (1, reference)
    played.sc.accept(recall)


def test_as_many_as_the_system_carries(played, asker):
    """201, and 3004 only for who asked this host by name (CONTRACTS section 2)."""
    waiting = [asked(played, asker) for _ in range(2)]
    for named, result, status in ((False, 2001, 201), (True, 3004, None)):
        reference, other = next(references), Reader.opened(played)
        other.ask_later(action(device="meter-149@a.example", reference=reference), more=(D.avp(293, L.EXTERNAL_HOST),) * named)
        m = other.expect(D.DAR, False)
        assert (m.result, request_status(m), bool(m.flags & D.ERROR)) == (result, status, result == 3004)
        assert reason_of(played, reference) == "overload"
        other.close()
    for _, sir in waiting:
        played.hss.reply(sir, experimental(5001))
        assert asker.answered() == 102


def test_an_scs_that_is_removed_while_it_asks(played):
    """Nothing of it leaves for the SMS-SC, and a copy of the request would be told so; the SCS itself is cut off."""
    gamma, reference = played.scs["gamma"], next(references)
    scs = Reader.opened(played, "gamma")
    scs.ask_later(action(device="meter-1@a.example", reference=reference))
    sir = played.hss.take()
    played.ctl("scs", "del", "gamma")
    played.hss.know(sir, L.imsi(1))
    assert reason_of(played, reference) == "scs-removed" and scs.closed() and played.sc.silent()
    played.ctl("scs", "add", "gamma", "--e164", gamma["e164"], "--origin-host", gamma["origin_host"], "--realm", gamma["realm"], "--anchor",
               gamma["anchor"])


def test_as_many_as_an_scs_may_have_pending(played, asker):
    acme = played.scs["acme"]
    place = ["scs", "add", "acme", "--e164", acme["e164"], "--origin-host", acme["origin_host"], "--realm", acme["realm"], "--anchor",
             acme["anchor"], "--replace"]
    played.ctl(*place, "--pending-max", "1")
    try:
        _, sir = asked(played, asker)
        reference = next(references)
        asker.ask_later(action(device="meter-149@a.example", reference=reference))
        assert asker.answered() == 201 and reason_of(played, reference) == "too-many-pending"
        played.hss.reply(sir, experimental(5001))
        assert asker.answered() == 102
    finally:
        played.ctl(*place)


@pytest.mark.parametrize("said,outcome", [(2, 0), (3, 1), (0, 3), (1, 3), (4, 2), (0xffffffff, 2)])
def test_each_outcome_that_the_sms_sc_reports(played, asker, said, outcome):
    reference, dtr = submitted(played, asker)
    played.sc.accept(dtr)
    assert asker.answered() == 0
    assert played.sc.report(dtr, said).result == 2001
    assert asker.reported() == (reference, outcome)


def test_no_report_by_the_end_of_validity(played, asker):
    reference, dtr = submitted(played, asker, validity=3)
    played.sc.accept(dtr)
    assert asker.answered() == 0
    assert asker.reported() == (reference, 4)




# -- Result-Codes that no other act shows to the digit


def with_bits(flags, vendor):
    """An AVP nobody knows with these flags and this Vendor-Id."""
    return (65000).to_bytes(4, "big") + bytes([flags, 0, 0, 12]) + vendor.to_bytes(4, "big")


@pytest.mark.parametrize("more,result", [
    ([D.avp(65000, b"", mandatory=False)] * 600, 5006),
    ([D.avp(268, 2001)], 5008),
    ([with_bits(0x80, 0)], 5016),
], ids=["more AVPs than a message may have", "a Result-Code in a request", "a vendor's AVP of vendor 0"])
def test_what_else_the_codec_refuses(lab, scs, more, result):
    m = scs.dar(action(device="meter-150@a.example"), more=more)
    assert m.result == result, m.result
    assert request_status(scs.dar(action(device="meter-150@a.example"))) == 0


def test_another_realm_is_not_served(lab, scs):
    avps = scs.dar_avps(action(device="meter-151@a.example"))
    avps[5] = D.avp(283, "elsewhere.example")
    m = scs.ask(D.DAR, D.TSP, avps)
    assert m.result == 3003 and m.flags & D.ERROR


@pytest.mark.parametrize("header,result", [
    (b"\1\1\0\4" + b"\xc0" + D.DAR.to_bytes(3, "big") + D.TSP.to_bytes(4, "big") + bytes(8), 5015),
    (b"\2\0\0\x14" + b"\xc0" + D.DAR.to_bytes(3, "big") + D.TSP.to_bytes(4, "big") + bytes(8), 5011),
], ids=["longer than may be", "another version"])
def test_what_cannot_be_framed_is_answered_and_closed(lab, scs, header, result):
    scs.send(header)
    assert scs.receive().result == result
    assert scs.closed()
