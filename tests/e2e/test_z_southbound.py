"""Act twenty-six, second part: the SMS-SC speaks SMPP and is played by hand (docs/user/southbound.md)."""
import ssl

import pytest
from lablib import lab as L
from lablib import proc
from lablib.pki import Pki
from support import smsc as M
from support.core import next_core
from support.hands import Reader
from support.tsp import action, request_status

SUCCESS, EXPIRED, UNDELIVERABLE = 0, 1, 3  # of a Delivery-Outcome (AVP 3009)
RECALL, REPLACE = 3, 4


@pytest.fixture(scope="module")
def p(labs):
    with M.southbound(labs, ", enquire_link: 30s", t4_more=", answer_wait: 2s") as play:
        yield play


@pytest.fixture
def scs(p):
    s = Reader.opened(p)
    s.sock.settimeout(30)
    yield s
    s.close()


def device(n):
    return f"meter-{n}@a.example"


def taken(p, scs, n, **what):
    """A trigger that the SMS-SC took: its submit_sm and message id."""
    scs.ask_later(action(device=device(n), reference=n, **what))
    submit = p.sc.take()
    message_id = p.sc.accept(submit)
    assert scs.answered() == 0
    return submit, message_id


def counters(p):
    return {r["name"]: r["value"] for r in p.ctl("stats") if "name" in r}


def state_of(p, reference):
    return next(r["state"] for r in p.ctl("triggers", "list", "--scs", "acme") if r.get("reference") == reference)


def nothing_waits(p, submit):
    assert p.sc.received(p.sc.receipt(submit, "77777777")) == 0, "no submit waits for its answer, so it is nobody's"


def test_a_trigger_is_a_submit_sm_and_its_receipt_a_report(p, scs):
    submit, message_id = taken(p, scs, 101, port=4660, payload=b"wake up", priority=1, validity=600)
    assert p.sc.binds[-1] == (M.SYSTEM_ID, M.PASSWORD)
    assert submit.protocol_id == 0x48 and submit.coding == 4 and submit.registered == 1 and submit.priority == 1
    assert submit.esm_class == 0x40 and submit.short == bytes.fromhex("06050412340000") + b"wake up"
    assert submit.source == (1, 1, p.scs["acme"]["e164"]) and submit.destination == (1, 1, L.msisdn(101))
    assert submit.validity[:8] == "00000000" and submit.validity[12:] == "000R"
    assert 500 < int(submit.validity[8:10]) * 60 + int(submit.validity[10:12]) <= 600, "what is left of it"
    assert p.sc.received(p.sc.receipt(submit, message_id)) == 0
    assert scs.reported() == (101, 0)


def test_parameters_win_over_the_text(p, scs):
    submit, message_id = taken(p, scs, 102)
    assert p.sc.received(p.sc.receipt(submit, message_id, M.DELIVERED, words="999999")) == 0
    assert scs.reported() == (102, 0)


def test_a_receipt_with_text_alone(p, scs):
    submit, message_id = taken(p, scs, 103)
    assert p.sc.received(p.sc.receipt(submit, message_id, M.EXPIRED, parameters=False)) == 0
    assert scs.reported() == (103, EXPIRED)


def test_a_receipt_of_another_id_and_a_receipt_twice(p, scs):
    submit, message_id = taken(p, scs, 104)
    before = counters(p)
    assert p.sc.received(p.sc.receipt(submit, "77777777")) == 0
    assert p.sc.received(p.sc.receipt(submit, message_id, M.ENROUTE)) == 0
    assert p.sc.received(p.sc.receipt(submit, message_id)) == 0
    assert p.sc.received(p.sc.receipt(submit, message_id)) == 0
    after = counters(p)
    assert [after[name] - before[name] for name in ("reports", "report_duplicates", "reports_foreign")] == [1, 1, 1]
    assert scs.reported() == (104, 0)
    again, again_id = taken(p, scs, 105)
    assert p.sc.received(p.sc.receipt(again, again_id)) == 0
    assert scs.reported() == (105, 0), "the first was reported twice"


def test_a_receipt_may_be_for_a_submit_without_an_answer(p, scs):
    """The SMS-SC gave the id, and we do not have it yet: the receipt is wanted again, and not taken for a foreign one."""
    scs.ask_later(action(device=device(115), reference=115))
    submit = p.sc.take()
    assert p.sc.received(p.sc.receipt(submit, "6001")) == 0x64, "ESME_RX_T_APPN"
    p.sc.accept(submit, "6001")
    assert scs.answered() == 0
    assert p.sc.received(p.sc.receipt(submit, "6001")) == 0
    assert scs.reported() == (115, SUCCESS)


def test_a_long_payload_is_one_message_payload(p, scs):
    submit, message_id = taken(p, scs, 106, payload=b"z" * 300, port=7)
    assert not submit.short and submit.tlvs[M.PAYLOAD] == bytes.fromhex("06050400070000") + b"z" * 300
    assert p.sc.received(p.sc.receipt(submit, message_id, M.UNDELIVERABLE)) == 0
    assert scs.reported() == (106, UNDELIVERABLE)


def test_a_recall_cancels_by_the_id(p, scs):
    _, message_id = taken(p, scs, 107)
    scs.ask_later(action(device=device(107), reference=1071, old_reference=107, kind=RECALL, trigger_data=False))
    cancel = p.sc.take(M.CANCEL)
    assert cancel.message_id == message_id and cancel.destination[2] == L.msisdn(107)
    p.sc.answer(cancel)
    assert scs.answered() == 0


def test_a_replace_cancels_and_submits(p, scs):
    _, message_id = taken(p, scs, 108)
    scs.ask_later(action(device=device(108), reference=1081, old_reference=108, kind=REPLACE, payload=b"new"))
    cancel = p.sc.take(M.CANCEL)
    assert cancel.message_id == message_id
    p.sc.answer(cancel)
    submit = p.sc.take()
    assert submit.short == b"new"
    message_id = p.sc.accept(submit)
    assert scs.answered() == 0
    assert p.sc.received(p.sc.receipt(submit, message_id)) == 0
    assert scs.reported() == (1081, 0)


def test_cancelled_and_then_not_submitted(p, scs):
    """110, and the original is reported as not delivered."""
    taken(p, scs, 109)
    scs.ask_later(action(device=device(109), reference=1091, old_reference=109, kind=REPLACE, payload=b"new"))
    p.sc.answer(p.sc.take(M.CANCEL))
    p.sc.answer(p.sc.take(), status=0x45)
    got = [scs.receive(), scs.receive()]
    answer = [m for m in got if not m.flags & 0x80]
    report = [m for m in got if m.flags & 0x80]
    assert request_status(answer[0]) == 110
    scs.acknowledge(report[0])
    assert report[0].number(3002, 3007) == 109 and report[0].number(3002, 3009) == UNDELIVERABLE


def test_refused_and_throttled(p, scs):
    scs.ask_later(action(device=device(110), reference=110))
    p.sc.answer(p.sc.take(), status=0x0B)
    assert scs.answered() == 107
    scs.ask_later(action(device=device(111), reference=111))
    p.sc.answer(p.sc.take(), status=0x58)
    assert scs.answered() == 201
    submit, message_id = taken(p, scs, 112)  # after the pause
    assert p.sc.received(p.sc.receipt(submit, message_id)) == 0
    assert scs.reported() == (112, 0)


def test_no_answer_is_unknown_and_not_sent_again(p, scs):
    scs.ask_later(action(device=device(113), reference=113))
    submit = p.sc.take()
    assert scs.answered() == 201
    assert p.sc.nothing(), "a submit whose answer was lost was sent again"
    assert state_of(p, 113) == "unknown"
    nothing_waits(p, submit)
    assert p.sc.received(p.sc.receipt(submit, "4711", reference=True)) == 0
    assert scs.reported() == (113, 0)


def test_an_answer_that_cannot_be_read_is_unknown(p, scs):
    """An id without an end: the SMS-SC has the message, and nobody knows its name."""
    scs.ask_later(action(device=device(116), reference=116))
    submit = p.sc.take()
    p.sc.answer(submit, b"x" * 80)
    assert scs.answered() == 201
    assert p.sc.nothing()
    assert state_of(p, 116) == "unknown"
    nothing_waits(p, submit)
    assert p.sc.received(p.sc.receipt(submit, "4712", reference=True)) == 0
    assert scs.reported() == (116, SUCCESS)


def test_a_late_answer_is_cancelled_by_its_id(p, scs):
    """An answer with a wrong sequence number counts for nothing; one that is late is none of the session's any more."""
    scs.ask_later(action(device=device(114), reference=114))
    submit = p.sc.take()
    p.sc.answer(submit, M.text("5555"), sequence=submit.sequence + 1000)
    assert scs.answered() == 201
    assert p.sc.nothing()
    assert p.sc.received(p.sc.receipt(submit, "5555", M.DELIVERED, reference=True)) == 0
    assert scs.reported() == (114, 0)


def test_the_connection_is_lost_under_load(p, scs):
    for n in range(120, 125):
        scs.ask_later(action(device=device(n), reference=n))
    submits, timeouts = [p.sc.take() for _ in range(5)], counters(p)["t4_timeouts"]
    p.sc.cut()
    assert [scs.answered() for _ in range(5)] == [201] * 5
    assert counters(p)["t4_timeouts"] == timeouts, "the end of the connection says it, and no time has to pass"
    proc.wait_until("it is bound again", lambda: all(r.get("state") == "open" for r in p.ctl("peers") if "state" in r), 20)
    assert p.sc.nothing(), "a submit was sent again"
    nothing_waits(p, submits[0])
    for submit in submits:
        assert p.sc.received(p.sc.receipt(submit, "1", reference=True)) == 0
    assert sorted(scs.reported() for _ in range(5)) == [(n, SUCCESS) for n in range(120, 125)]


def test_a_killed_core_knows_the_message_id(p, scs):
    submit, message_id = taken(p, scs, 130)
    next_core(p)
    assert p.sc.nothing()
    assert p.sc.received(p.sc.receipt(submit, message_id)) == 0
    assert scs.reported() == (130, 0)


def test_a_core_killed_before_the_answer_does_not_send_again(p, scs):
    scs.ask_later(action(device=device(131), reference=131))
    submit = p.sc.take()
    next_core(p)
    assert p.sc.nothing(), "the next core sent it again"
    assert p.sc.received(p.sc.receipt(submit, "88", reference=True)) == 0
    assert scs.answered() == 201
    assert scs.reported() == (131, 0)


def test_a_core_killed_while_it_cancels_asks_again(p, scs):
    _, message_id = taken(p, scs, 132)
    scs.ask_later(action(device=device(132), reference=1321, old_reference=132, kind=RECALL, trigger_data=False))
    assert p.sc.take(M.CANCEL).message_id == message_id
    next_core(p)
    again = p.sc.take(M.CANCEL)
    assert again.message_id == message_id
    p.sc.answer(again)
    assert scs.answered() == 0


def test_a_core_killed_between_cancel_and_answer_of_a_replacement(p, scs):
    """The original is gone and says so by its receipt; the replacement is unknown, and not sent again."""
    submit, message_id = taken(p, scs, 133)
    scs.ask_later(action(device=device(133), reference=1331, old_reference=133, kind=REPLACE, payload=b"new"))
    p.sc.answer(p.sc.take(M.CANCEL))
    new = p.sc.take()
    next_core(p)
    assert p.sc.nothing(), "the next core sent something again"
    assert scs.answered() == 201
    assert p.sc.received(p.sc.receipt(submit, message_id, M.DELETED)) == 0
    assert scs.reported() == (133, UNDELIVERABLE)
    assert p.sc.received(p.sc.receipt(new, "9999", reference=True)) == 0
    assert scs.reported() == (1331, 0)


def test_silence_and_bytes_that_are_no_smpp_end_the_connection(labs):
    with M.southbound(labs, ", enquire_link: 200ms", t4_more=", answer_wait: 500ms") as p:
        assert p.sc.enquired.wait(20)
        binds, p.sc.mute = len(p.sc.binds), True
        proc.wait_until("it binds again after an enquire_link without an answer", lambda: len(p.sc.binds) > binds, 20)
        p.sc.mute, binds = False, len(p.sc.binds)
        p.sc.send(b"\0\0\0\5GET / HTTP/1.1\r\n\r\n")
        nack = p.sc.answers.get(timeout=20)
        assert (nack.command, nack.status) == (M.NACK, 2), "generic_nack with ESME_RINVCMDLEN"
        proc.wait_until("it binds again after bytes that are no SMPP", lambda: len(p.sc.binds) > binds, 20)
        scs = Reader.opened(p)
        submit, message_id = taken(p, scs, 140)
        assert p.sc.received(p.sc.receipt(submit, message_id)) == 0
        assert scs.reported() == (140, 0)
        scs.close()


def test_tls_with_a_client_certificate(labs):
    """The SMS-SC wants a certificate of the gateway, and the gateway one with the name of the SMS-SC."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    pki = Pki(labs.pki)
    pki.leaf("southbound", "anchor-a", L.SMSSC_HOST, "serverAuth")
    context.load_cert_chain(pki.path("southbound.pem"), pki.path("southbound.key"))
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(pki.path("operator.pem"))
    peer = f"protection: tls\n    certificate: {pki.path('iwf.pem')}\n    key: {pki.path('iwf.key')}\n    trust: anchor-a"
    with M.southbound(labs, "", peer, context) as p:
        scs = Reader.opened(p)
        submit, message_id = taken(p, scs, 150)
        assert p.sc.received(p.sc.receipt(submit, message_id)) == 0
        assert scs.reported() == (150, 0)
        scs.close()


def test_peers_health_and_a_refused_bind(p):
    p.sc.bind_status = 0x0E
    p.sc.cut()
    proc.wait_until("the refusal is shown", lambda: "ESME_RINVPASWD" in str(p.ctl("peers")), 20)
    health = p.ctl("health", check=False)[0]
    assert not health["healthy"] and [(r["reason"], "ESME_RINVPASWD" in r["text"]) for r in health["reasons"]] == [("peer-not-open", True)]
    p.sc.bind_status = 0
    proc.wait_until("it is bound", lambda: all(r.get("state") == "open" for r in p.ctl("peers") if "state" in r), 20)
