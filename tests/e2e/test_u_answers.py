"""Act twenty-one: answers that break their grammar. A clear success without an AVP that RFC 6733 demands is taken in a DNA and a DTA,
counted and shown; where strict_answers is set, and whatever comes from another or answers another, counts for nothing. An SIA is a
permission: nothing is forgiven in it."""
import itertools
from concurrent.futures import ThreadPoolExecutor

import pytest
from lablib import lab as L
from lablib import proc
from support import diameter as D
from support.hands import DELIVERED, Reader, experimental, in_place_of, lab_played
from support.tsp import action, request_status

references = itertools.count(21000)
DEVICE = "meter-211@a.example"
OTHER = [D.avp(264, "other.core.operator.example"), D.avp(296, L.CORE_REALM)]
E_BIT = D.PROXIABLE | D.ERROR
SUCCESS, TEMPORARYERROR = 0, 201


@pytest.fixture(scope="module")
def played(labs):
    with lab_played(labs, t4_more=", answer_wait: 2s", s6m_more=", answer_wait: 5s",
                    iwf_more="dnr: { answer_wait: 3s, retry_min: 100ms, retry_max: 100ms }\n") as p:
        yield p


@pytest.fixture
def scs(played):
    s = Reader.opened(played)
    yield s
    s.close()


def row(p, command, **fields):
    return next(r for r in p.ctl(command) if all(r.get(k) == v for k, v in fields.items()))


def answer(peer, m, avps, flags=D.PROXIABLE):
    """An answer with these AVPs and no others; the Session-Id is that of the request."""
    peer.answer(m, avps, flags)


def session(m):
    return D.avp(263, m.data(263))


def ok():
    return D.avp(268, 2001)


def submitted(p, scs):
    reference = next(references)
    scs.ask_later(action(device=DEVICE, reference=reference))
    return reference, p.sc.take()


FORGIVEN_DTA = {
    "no Auth-Session-State": lambda sc, m: [session(m), *sc.origin(), ok()],
    "no Origin-Realm": lambda sc, m: [session(m), D.avp(277, 1), sc.origin()[0], ok()],
    "Session-Id last": lambda sc, m: [D.avp(277, 1), *sc.origin(), ok(), session(m)],
}


def test_a_trigger_that_the_sms_sc_took_is_taken(played, scs):
    before = row(played, "peers", name="smssc")["forgiven"]
    for avps in FORGIVEN_DTA.values():
        _, dtr = submitted(played, scs)
        answer(played.sc, dtr, avps(played.sc, dtr))
        assert scs.answered() == SUCCESS
        assert played.sc.report(dtr).result == 2001
        assert scs.reported()[1] == 0  # Delivery-Outcome SUCCESS
    peer = row(played, "peers", name="smssc")
    assert peer["forgiven"] == before + 3
    assert peer["lapses"] == "no Auth-Session-State, no Origin-Realm, Session-Id not first"
    with open(played.lab["logs"]["mtc-iwfd"], encoding="utf-8") as log:
        text = log.read()
    assert text.count("peer smssc: a DTA breaks its grammar") == 1, "once an hour"
    assert " info core: transaction" not in text  # the decision log has it


NEVER_DTA = {
    "foreign Session-Id": lambda sc, m: ([D.avp(263, "somebody;1;2"), D.avp(277, 1), *sc.origin(), ok()], D.PROXIABLE),
    "foreign Origin-Host": lambda sc, m: ([session(m), D.avp(277, 1), *OTHER, ok()], D.PROXIABLE),
    "both results": lambda sc, m: ([session(m), *sc.origin(), ok(), experimental(5001)], D.PROXIABLE),
    "E bit with 2001": lambda sc, m: ([session(m), D.avp(277, 1), *sc.origin(), ok()], E_BIT),
    "unknown AVP with M": lambda sc, m: ([session(m), *sc.origin(), ok(), D.gpp(3999, b"x")], D.PROXIABLE),
}


@pytest.mark.parametrize("why", NEVER_DTA)
def test_no_other_answer_of_the_sms_sc_is_a_success(played, scs, why):
    """It counts as silence: one copy of the DTR, then the recall of what may be there."""
    _, dtr = submitted(played, scs)
    answer(played.sc, dtr, *NEVER_DTA[why](played.sc, dtr))
    copy = played.sc.take()
    assert copy.end == dtr.end and copy.flags & 0x10
    answer(played.sc, copy, *NEVER_DTA[why](played.sc, copy))
    assert scs.answered() == TEMPORARYERROR
    played.sc.accept(played.sc.take())  # the recall


def test_an_sms_sc_that_repeats_its_answer_to_the_first_is_understood(played, scs):
    """RFC 6733 5.5.4: who knows a copy again sends the same answer again, with the Session-Id of the first."""
    _, dtr = submitted(played, scs)
    copy = played.sc.take()
    assert copy.end == dtr.end and copy.flags & 0x10
    answer(played.sc, copy, [session(dtr), D.avp(277, 1), *played.sc.origin(), ok()])
    assert scs.answered() == SUCCESS
    assert played.sc.report(dtr).result == 2001
    assert scs.reported()[1] == 0


def a_report(played, scs):
    """A DNR that is not acknowledged yet."""
    reference, dtr = submitted(played, scs)
    played.sc.accept(dtr)
    assert scs.answered() == SUCCESS
    assert played.sc.report(dtr, DELIVERED).result == 2001
    m = scs.notified()
    assert m.number(3002, 3007) == reference
    return m


def over(played, reference):
    proc.wait_until(f"the report of {reference} is over",
                    lambda: reference not in [r.get("reference") for r in played.ctl("triggers", "list", "--limit", "0")])


def test_what_a_generic_stack_answers_acknowledges_a_report(played, scs):
    for avps in (lambda m: [session(m), *scs.origin(), ok()], lambda m: [session(m), scs.origin()[0], ok()],
                 lambda m: [D.avp(258, D.TSP), D.avp(277, 1), *scs.origin(), ok(), session(m)]):
        m = a_report(played, scs)
        scs.answer(m, avps(m))
        over(played, m.number(3002, 3007))
    mine = row(played, "sessions", scs="acme")
    assert mine["forgiven"] == 3
    assert mine["lapses"] == "no Auth-Application-Id, no Auth-Session-State, no Origin-Realm, Session-Id not first"


def test_a_foreign_acknowledgement_is_none(played, scs):
    m = a_report(played, scs)
    scs.answer(m, [D.avp(263, "somebody;1;2"), D.avp(258, D.TSP), D.avp(277, 1), *scs.origin(), ok()])
    m = scs.notified()
    scs.answer(m, [session(m), D.avp(258, D.TSP), D.avp(277, 1), *OTHER, ok()])
    scs.acknowledge(scs.notified())
    over(played, m.number(3002, 3007))


def provision(played, *more):
    acme = next(s for s in played.lab["scs"] if s["name"] == "acme")
    played.ctl("scs", "add", "acme", "--e164", acme["e164"], "--origin-host", acme["origin_host"], "--realm", acme["realm"],
               "--anchor", "anchor-a", "--replace", *more)


def test_strict_answers_forgives_an_scs_nothing(played, scs):
    provision(played, "--strict-answers")
    try:
        m = a_report(played, scs)
        scs.answer(m, [session(m), *scs.origin(), ok()])
        again = scs.notified()
        assert again.end == m.end
        scs.acknowledge(again)
        over(played, m.number(3002, 3007))
        assert row(played, "sessions", scs="acme")["forgiven"] == 0
    finally:
        provision(played)


def test_strict_answers_forgives_an_sms_sc_nothing(labs):
    """What it answers so counts as silence: 201, the recall, and no quota is used."""
    p = labs.up(t4_more=", answer_wait: 2s", smssc_peer_more="    strict_answers: yes\n")
    p.sc = in_place_of(p, "mtc-smssc")
    scs = Reader.opened(p)
    _, dtr = submitted(p, scs)
    for m in (dtr, p.sc.take()):
        assert m.end == dtr.end
        answer(p.sc, m, FORGIVEN_DTA["no Auth-Session-State"](p.sc, m))
    assert scs.answered() == TEMPORARYERROR
    p.sc.accept(p.sc.take())  # the recall
    assert row(p, "peers", name="smssc")["forgiven"] == 0
    assert next(r for r in p.ctl("quota", "show", "acme") if r.get("scs") == "acme")["used"] == 0
    scs.close()
    p.sc.close()
    wrong = labs.down(p)
    assert not wrong, "\n".join(wrong)


HSS_OK = [D.avp(268, 2001), D.gpp(3102, [D.avp(1, "001010000000211")])]
NO_PERMISSION = {
    "no Auth-Session-State": lambda hss, m: [session(m), *hss.origin(), *HSS_OK],
    "Session-Id last": lambda hss, m: [D.avp(277, 1), *hss.origin(), *HSS_OK, session(m)],
    "foreign Session-Id": lambda hss, m: [D.avp(263, "somebody;1;2"), D.avp(277, 1), *hss.origin(), *HSS_OK],
    "foreign Origin-Host": lambda hss, m: [session(m), D.avp(277, 1), *OTHER, *HSS_OK],
    "no User-Identifier": lambda hss, m: [session(m), D.avp(277, 1), *hss.origin(), ok()],
    "an MSISDN and no IMSI": lambda hss, m: [session(m), D.avp(277, 1), *hss.origin(), ok(),
                                             D.gpp(3102, [D.gpp(701, b"\x94\x71\x10\x32\x54\xf6")])],
    "an IMSI that is none": lambda hss, m: [session(m), D.avp(277, 1), *hss.origin(), ok(), D.gpp(3102, [D.avp(1, "12")])],
}


def test_an_answer_of_the_hss_that_lacks_something_is_no_permission(played, scs):
    hss = in_place_of(played, "mtc-hss")
    try:
        for why, avps in NO_PERMISSION.items():
            scs.ask_later(action(device=DEVICE, reference=next(references)))
            sir = hss.take()
            answer(hss, sir, avps(hss, sir))
            assert (why, request_status(scs.expect(D.DAR, False))) == (why, TEMPORARYERROR)
            assert played.decisions()[-1]["reason"] == "hss-protocol"
            with ThreadPoolExecutor(1) as other:  # a check asks the same and says the same
                check = other.submit(played.ctl, "assoc", "check", "acme", DEVICE, "--ask-hss", check=False)
                sir = hss.take()
                answer(hss, sir, avps(hss, sir))
                said, = check.result(proc.HANG_S)
            assert (why, said["allowed"], said["reason"]) == (why, False, "hss-protocol")
        assert played.sc.silent()
    finally:
        hss.close()
