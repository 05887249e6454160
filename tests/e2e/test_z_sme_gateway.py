"""The gateway that triggers of SMEs go to is played by hand: lost connections, late and foreign answers, reports at every moment. The SME is answered exactly
once, and nothing is asked for twice under two names."""
import contextlib
import os
import struct
import subprocess

import pytest
from lablib import proc
from support import diameter as D
from support import smpp
from support.diameter import avp, gpp
from support.smes import NUMBER, World, sme
from support.smpp import address, message, text, tlv
from support.tsp import tbcd

from conftest import BIN

GATEWAY, REALM, SCS = "iwf.operator.example", "operator.example", "acme.sms.example"
WAIT_S, PARTS_WAIT_S = 2, 3


class Gateway:
    def __init__(self, folder, host=GATEWAY):
        self.listener = D.Listener(host, REALM, D.TSP)
        self.w = World(BIN, folder, smes=sme("acme", f"scs: {{ host: {SCS}, realm: sms.example }}"),
                       more=f"  gateway: {{ address: 127.0.0.1, port: {self.listener.port}, host: {GATEWAY}, realm: {REALM}, protection: none, answer_wait: {WAIT_S}s, parts_wait: {PARTS_WAIT_S}s }}\n")
        self.peer = None

    def accept(self):
        self.peer = self.listener.accept()
        cer = self.peer.accept_open()
        assert (cer.text(264), cer.text(296)) == (SCS, "sms.example")

    def asked(self):
        """The next DAR."""
        return self.peer.expect(D.DAR, True)

    def recalled(self, dar):
        """The next DAR has to recall this one."""
        recall = self.asked()
        assert (recall.number(3001, 3005), recall.number(3001, 3007), recall.data(3001, 701)) == (3, dar.number(3001, 3007), tbcd(NUMBER))
        assert recall.data(263) != dar.data(263) and recall.end != dar.end and recall.data(3001, 3003) is None
        self.answer(recall)

    def answer(self, dar, status=0, session=None, host=GATEWAY, result=2001):
        self.peer.answer(dar, [avp(263, session or dar.data(263)), avp(258, D.TSP), avp(277, 1), avp(264, host), avp(296, REALM), avp(268, result),
                               gpp(3002, [gpp(3007, dar.number(3001, 3007)), gpp(3005, 1), gpp(3008, status)])])

    def report(self, reference, outcome=0, kind=2, without=()):
        """Sends a DNR; the Result-Code of its answer."""
        inner = [gpp(c, v) for c, v in ((701, tbcd(NUMBER)), (3007, reference), (3005, kind), (3009, outcome)) if c not in without]
        hop = next(self.peer.ids)
        self.peer.send(D.message(D.DNR, D.TSP, 0xc0, [avp(263, f"{GATEWAY};1;{hop}"), avp(258, D.TSP), avp(277, 1), avp(264, GATEWAY), avp(296, REALM), avp(293, SCS),
                                                      avp(283, "sms.example"), gpp(3002, inner)], hop, self.peer.end_base + hop))
        return self.peer.expect(D.DNR, False).result

    def submit(self, s, data=b"wake", **more):
        return s.send(smpp.SUBMIT, message(NUMBER, data, pid=0x48, tlvs=tlv(0x20b, struct.pack("!H", 16001)), **more))

    def down(self):
        if self.peer:
            self.peer.close()
        self.listener.close()
        self.w.down()


@pytest.fixture(scope="module")
def g(tmp_path_factory):
    one = Gateway(tmp_path_factory.mktemp("gateway"))
    try:
        one.accept()
        yield one
    finally:
        one.down()


@contextlib.contextmanager
def sme_of(g):
    s = g.w.bound()
    yield s
    s.close()


def accepted(g, s, **more):
    """A trigger that the gateway has taken: its DAR and its message_id."""
    sequence = g.submit(s, **more)
    dar = g.asked()
    g.answer(dar)
    answer = s.answer_to(sequence)
    assert answer.status == smpp.OK
    return dar, answer.id


def settled(g):
    return proc.wait_until("no trigger is left", lambda: g.w.counts()["at_gateway"] == 0)


def test_what_the_gateway_is_asked(g):
    with sme_of(g) as s:
        before = g.w.counts()
        dar, _ = accepted(g, s, data=b"\1\2\3", validity="000000010000000R", priority=1)
        assert (dar.text(264), dar.text(296), dar.text(293), dar.text(283)) == (SCS, "sms.example", GATEWAY, REALM)
        assert dar.data(3001, 701) == tbcd(NUMBER) and dar.data(3001, 3104) is None and dar.number(3001, 3005) == 1
        assert (dar.data(3001, 3003, 3004), dar.number(3001, 3003, 3006), dar.number(3001, 3003, 3010), dar.number(3001, 448)) == (b"\1\2\3", 1, 16001, 3600)
        assert not dar.flags & 0x10
        one_attempt, _ = accepted(g, s, esm=1)
        assert one_attempt.number(3001, 448) is None and one_attempt.number(3001, 3007) != dar.number(3001, 3007)
        assert g.w.counts()["at_gateway"] == before["at_gateway"] + 2
        for one in (dar, one_attempt):
            assert g.report(one.number(3001, 3007)) == 2001
    settled(g)


@pytest.mark.parametrize("status,said", [(101, 1), (102, smpp.SUBMITFAIL), (103, smpp.SYSERR), (104, smpp.INVEXPIRY), (105, smpp.SUBMITFAIL), (106, smpp.SUBMITFAIL),
                                         (107, smpp.SUBMITFAIL), (108, 0x14), (109, smpp.THROTTLED), (201, smpp.SYSERR)])
def test_refusals(g, status, said):
    with sme_of(g) as s:
        sequence = g.submit(s, registered=1)
        g.answer(g.asked(), status)
        answer = s.answer_to(sequence)
        assert (answer.status, answer.body) == (said, b"")
        assert g.w.counts()["at_gateway"] == 0


def test_answers_that_are_none(g):
    """Of another session, from another host, an error of the base protocol: the outcome is unknown, and the SME may try again."""
    with sme_of(g) as s:
        before = g.w.counts()
        for more in ({"session": b"other;1;2"}, {"host": "relay.operator.example"}, {"result": 3002}):
            sequence = g.submit(s)
            dar = g.asked()
            g.answer(dar, **more)
            assert s.answer_to(sequence).status == smpp.SYSERR, more
            if "result" not in more:  # the gateway may have it
                g.recalled(dar)
        after = g.w.counts()
        assert (after["triggers_unknown"] - before["triggers_unknown"], after["at_gateway"]) == (2, 0)


def test_no_answer_in_time(g):
    with sme_of(g) as s:
        before = g.w.counts()
        sequence = g.submit(s)
        dar = g.asked()
        assert s.answer_to(sequence).status == smpp.SYSERR
        g.recalled(dar)
        g.answer(dar)  # late: nobody waits for it
        assert g.w.counts()["triggers_unknown"] - before["triggers_unknown"] == 1
        assert g.report(dar.number(3001, 3007)) == 2001  # and it is not repeated for ever
        assert g.w.counts()["reports_nobodys"] - before["reports_nobodys"] == 1
        assert s.ask(smpp.ENQUIRE).status == smpp.OK and not s.kept  # one answer, no receipt


def test_a_request_whose_connection_is_lost_is_sent_again_as_itself(g):
    with sme_of(g) as s:
        sequences = [g.submit(s, data=bytes([n])) for n in range(3)]
        dars = [g.asked() for _ in range(3)]
        g.answer(dars[0])
        assert s.answer_to(sequences[0]).status == smpp.OK
        g.peer.close()
        g.accept()
        again = [g.asked() for _ in range(2)]
        for first, copy in zip(dars[1:], again):
            assert copy.flags & 0x10 and copy.end == first.end and copy.data(263) == first.data(263) and copy.data(3001) == first.data(3001)
        g.answer(again[0])
        g.answer(again[1], 105)
        assert [s.answer_to(x).status for x in sequences[1:]] == [smpp.OK, smpp.SUBMITFAIL]
        for dar in dars[:2]:
            assert g.report(dar.number(3001, 3007)) == 2001
    settled(g)


def test_what_was_lost_is_recalled_when_the_gateway_is_back(g):
    with sme_of(g) as s:
        sequence = g.submit(s)
        dar = g.asked()
        g.peer.close()
        g.listener.accept().close()  # it is not let in
        assert s.answer_to(sequence).status == smpp.SYSERR
        g.accept()
        g.recalled(dar)
        fresh, _ = accepted(g, s)
        assert g.report(fresh.number(3001, 3007)) == 2001
    settled(g)


def again(g, first, result):
    """The connection is lost, and the repetition gets this error: the gateway may have the first all the same."""
    g.peer.close()
    g.accept()
    copy = g.asked()
    assert copy.flags & 0x10 and copy.end == first.end
    g.answer(copy, result=result)


@pytest.mark.parametrize("result", [3004, 5012])
def test_an_error_to_a_repetition_says_nothing_of_the_first(g, result):
    with sme_of(g) as s:
        sequence = g.submit(s, registered=1)
        dar = g.asked()
        again(g, dar, result)
        assert s.answer_to(sequence).status == smpp.SYSERR
        g.recalled(dar)
        settled(g)
        assert s.ask(smpp.ENQUIRE).status == smpp.OK and not s.kept


def test_an_error_to_a_repetition_after_a_kill(g):
    s = g.w.bound()
    g.submit(s, registered=1)
    dar = g.asked()
    g.w.kill()
    s.close()
    g.w.start_smssc()
    g.accept()
    g.answer(g.asked(), result=3004)
    g.recalled(dar)
    with sme_of(g) as s:
        assert s.delivered().receipt["stat"] == "UNDELIV"
    settled(g)


def test_reports_at_every_moment(g):
    with sme_of(g) as s:
        sequence = g.submit(s, registered=1)
        dar = g.asked()
        reference = dar.number(3001, 3007)
        assert g.report(reference) == 3004  # before the answer: the SME would not know the message_id
        g.answer(dar)
        answer = s.answer_to(sequence)
        assert answer.status == smpp.OK and not s.kept
        assert g.report(reference) == 2001
        receipt = s.delivered().receipt
        assert (receipt["id"], receipt["stat"]) == (answer.id, "DELIVRD")
        before = g.w.counts()["reports_nobodys"]
        assert [g.report(reference) for _ in range(2)] == [2001] * 2  # copies
        assert s.ask(smpp.ENQUIRE).status == smpp.OK and not s.kept
        assert g.w.counts()["reports_nobodys"] - before == 2
        for outcome, stat, err in ((1, "EXPIRED", "001"), (2, "UNDELIV", "002"), (3, "UNDELIV", "004"), (4, "UNKNOWN", "005"), (99, "UNKNOWN", "005")):
            dar, message_id = accepted(g, s, registered=1)
            assert g.report(dar.number(3001, 3007), outcome) == 2001
            receipt = s.delivered().receipt
            assert (receipt["id"], receipt["stat"], receipt["err"]) == (message_id, stat, err)
    settled(g)


def test_reports_that_are_none(g):
    with sme_of(g) as s:
        dar, message_id = accepted(g, s, registered=1)
        reference = dar.number(3001, 3007)
        assert g.report(reference, kind=5) == 5012
        for code in (3007, 3005, 3009):
            assert g.report(reference, without=(code,)) == 5005, code
        assert s.ask(smpp.QUERY, text(message_id) + address("4242")).body == text(message_id) + b"\0\1\0"
        assert g.report(reference) == 2001 and s.delivered().receipt["stat"] == "DELIVRD"


def test_over_a_kill_a_trigger_waits_for_its_report(g):
    s = g.w.bound()
    dar, message_id = accepted(g, s, registered=1)
    g.submit(s)
    unanswered = g.asked()
    g.w.kill()
    s.close()
    g.w.start_smssc()
    g.accept()
    again = g.asked()  # its answer was lost: the gateway says once more what it said, or says it now
    assert again.flags & 0x10 and again.end == unanswered.end and again.data(263) == unanswered.data(263) and again.data(3001) == unanswered.data(3001)
    g.answer(again)
    with sme_of(g) as s:
        assert g.w.counts()["at_gateway"] == 2
        assert s.ask(smpp.QUERY, text(message_id) + address("4242")).body == text(message_id) + b"\0\1\0"
        assert g.report(dar.number(3001, 3007)) == 2001
        assert s.delivered().receipt["id"] == message_id
        fresh, _ = accepted(g, s)
        assert fresh.number(3001, 3007) > dar.number(3001, 3007)  # no number comes again
        for one in (fresh, unanswered):
            assert g.report(one.number(3001, 3007)) == 2001
    settled(g)


# -- cancelled and replaced


def cancel(s, message_id, **more):
    """Sends a cancel_sm."""
    return s.send(smpp.CANCEL, text("") + text(message_id) + address(more.get("source", "4242")) + address(more.get("to", "")))


def replace(s, message_id, data=b"new", validity="", registered=0):
    return s.send(smpp.REPLACE, text(message_id) + address("4242") + text("") + text(validity) + bytes([registered, 0, len(data)]) + data)


def reference_of(dar):
    return dar.number(3001, 3007)


def query(s, message_id):
    """The message_state; None: there is no such message."""
    answer = s.ask(smpp.QUERY, text(message_id) + address("4242"))
    return None if answer.status else answer.body[-2]


ENROUTE = 1
# Request-Status of the gateway: what cancel_sm and replace_sm are answered
REFUSED = [(103, smpp.SYSERR, smpp.SYSERR), (105, smpp.CANCELFAIL, smpp.REPLACEFAIL), (107, smpp.CANCELFAIL, smpp.REPLACEFAIL), (108, 0x14, 0x14),
           (109, smpp.THROTTLED, smpp.THROTTLED), (110, smpp.CANCELFAIL, smpp.REPLACEFAIL), (111, smpp.CANCELFAIL, smpp.REPLACEFAIL), (201, smpp.SYSERR, smpp.SYSERR)]


def gone(g, s, message_id):
    assert query(s, message_id) is None and g.w.counts()["at_gateway"] == 0 and not s.kept


def test_a_trigger_is_cancelled(g):
    with sme_of(g) as s:
        before = g.w.counts()
        dar, message_id = accepted(g, s, registered=1)
        sequence = cancel(s, message_id)
        recall = g.asked()
        assert (recall.number(3001, 3005), reference_of(recall), recall.data(3001, 701), recall.data(3001, 3003)) == (3, reference_of(dar), tbcd(NUMBER), None)
        assert recall.end != dar.end and recall.data(263) != dar.data(263)
        assert query(s, message_id) == ENROUTE
        again = cancel(s, message_id)
        assert s.answer_to(again).status == smpp.SYSERR  # one at a time
        g.answer(recall)
        answer = s.answer_to(sequence)
        assert (answer.status, answer.body) == (smpp.OK, b"")
        gone(g, s, message_id)
        assert s.answer_to(cancel(s, message_id)).status == smpp.CANCELFAIL
        after = g.w.counts()
        assert (after["triggers_cancelled"] - before["triggers_cancelled"], after["foreign"] - before["foreign"]) == (1, 2)


@pytest.mark.parametrize("status,said,_", REFUSED + [(112, smpp.CANCELFAIL, 0)])
def test_a_cancel_that_the_gateway_refuses(g, status, said, _):
    with sme_of(g) as s:
        dar, message_id = accepted(g, s, registered=1)
        sequence = cancel(s, message_id)
        g.answer(g.asked(), status)
        assert s.answer_to(sequence).status == said
        assert query(s, message_id) == ENROUTE
        assert g.report(reference_of(dar)) == 2001  # its end is that of the trigger
        assert s.delivered().receipt["stat"] == "DELIVRD"
    settled(g)


def test_only_ones_own_is_cancelled(g):
    with sme_of(g) as s:
        dar, message_id = accepted(g, s)
        for more in ({"source": "491720000002"}, {"to": "491720000002"}):
            assert s.answer_to(cancel(s, message_id, **more)).status == smpp.CANCELFAIL
        assert s.answer_to(cancel(s, str(int(message_id) + 1))).status == smpp.CANCELFAIL
        sequence = g.submit(s)  # one without an answer has no name yet
        waiting = g.asked()
        g.answer(waiting)
        assert s.answer_to(sequence).status == smpp.OK
        for one in (dar, waiting):
            assert g.report(reference_of(one)) == 2001
    settled(g)


def test_the_report_overtakes_the_answer_to_the_cancel(g):
    with sme_of(g) as s:
        for status in (112, 0):  # whatever the gateway says: the receipt was true
            dar, message_id = accepted(g, s, registered=1)
            sequence = cancel(s, message_id)
            recall = g.asked()
            assert g.report(reference_of(dar)) == 2001
            assert s.delivered().receipt["stat"] == "DELIVRD"
            g.answer(recall, status)
            assert s.answer_to(sequence).status == smpp.CANCELFAIL
    settled(g)


def test_a_cancel_without_an_answer_takes_effect_later(g):
    with sme_of(g) as s:
        _, message_id = accepted(g, s, registered=1)
        sequence = cancel(s, message_id)
        recall = g.asked()
        assert s.answer_to(sequence).status == smpp.SYSERR
        copy = g.asked()
        assert copy.flags & 0x10 and copy.end == recall.end and copy.data(263) == recall.data(263) and copy.data(3001) == recall.data(3001)
        g.answer(copy)
        settled(g)
        gone(g, s, message_id)


def test_an_error_to_a_repeated_cancel_says_nothing_of_the_first(g):
    with sme_of(g) as s:
        _, message_id = accepted(g, s, registered=1)
        sequence = cancel(s, message_id)
        recall = g.asked()
        again(g, recall, 3004)
        assert s.answer_to(sequence).status == smpp.SYSERR
        copy = g.asked()
        assert copy.end == recall.end
        g.answer(copy)
        settled(g)
        gone(g, s, message_id)


def test_a_cancel_survives_a_kill(g):
    s = g.w.bound()
    _, message_id = accepted(g, s, registered=1)
    cancel(s, message_id)
    recall = g.asked()
    g.w.kill()
    s.close()
    g.w.start_smssc()
    g.accept()
    copy = g.asked()
    assert copy.flags & 0x10 and copy.end == recall.end and copy.data(263) == recall.data(263) and copy.data(3001) == recall.data(3001)
    g.answer(copy)
    settled(g)
    with sme_of(g) as s:
        gone(g, s, message_id)


def test_a_trigger_is_replaced(g):
    with sme_of(g) as s:
        before = g.w.counts()
        dar, message_id = accepted(g, s, registered=1, validity="000000010000000R")
        sequence = replace(s, message_id, b"\7\7", registered=1)
        change = g.asked()
        assert (change.number(3001, 3005), change.number(3001, 3011)) == (4, reference_of(dar)) and reference_of(change) != reference_of(dar)
        assert (change.data(3001, 3003, 3004), change.number(3001, 3003, 3010), change.data(3001, 701)) == (b"\7\7", 16001, tbcd(NUMBER))
        assert 3590 <= change.number(3001, 448) <= 3600  # what is left of the first
        assert query(s, message_id) == ENROUTE
        for one in (cancel(s, message_id), replace(s, message_id)):
            assert s.answer_to(one).status == smpp.SYSERR
        assert g.report(reference_of(change)) == 3004  # before it is known to be live
        g.answer(change)
        answer = s.answer_to(sequence)
        assert (answer.status, answer.body) == (smpp.OK, b"")
        assert query(s, message_id) == ENROUTE and g.w.counts()["at_gateway"] == 1
        assert g.report(reference_of(dar)) == 2001 and not s.kept  # none is promised; and it is nobody's
        assert g.report(reference_of(change)) == 2001
        receipt = s.delivered().receipt
        assert (receipt["id"], receipt["stat"]) == (message_id, "DELIVRD")
        assert g.w.counts()["triggers_replaced"] - before["triggers_replaced"] == 1
    settled(g)


@pytest.mark.parametrize("status,_,said", REFUSED + [(101, 0, 1), (104, 0, smpp.INVEXPIRY)])
def test_a_replace_that_the_gateway_refuses(g, status, _, said):
    with sme_of(g) as s:
        dar, message_id = accepted(g, s, registered=1)
        sequence = replace(s, message_id, registered=1)
        g.answer(g.asked(), status)
        assert s.answer_to(sequence).status == said
        assert g.w.counts()["at_gateway"] == 1
        assert g.report(reference_of(dar)) == 2001
        assert s.delivered().receipt["id"] == message_id
    settled(g)


@pytest.mark.parametrize("found,said", [(0, smpp.REPLACEFAIL), (107, smpp.REPLACEFAIL), (111, smpp.OK), (112, smpp.OK), (105, smpp.OK)])
def test_a_replace_of_what_is_on_its_way(g, found, said):
    """ORIGINALMESSAGESENT does not say whether the new one is live: the gateway is asked to take it back."""
    with sme_of(g) as s:
        dar, message_id = accepted(g, s, registered=1)
        sequence = replace(s, message_id, registered=1)
        change = g.asked()
        g.answer(change, 112)
        recall = g.asked()
        assert (recall.number(3001, 3005), reference_of(recall)) == (3, reference_of(change)) and recall.end != change.end
        g.answer(recall, found)
        assert s.answer_to(sequence).status == said
        assert g.report(reference_of(dar)) == 2001
        assert s.delivered().receipt["id"] == message_id
        assert g.report(reference_of(change)) == 2001
        if said == smpp.OK:
            assert s.delivered().receipt["id"] == message_id
    settled(g)


def test_a_replace_without_an_answer_takes_effect_later(g):
    with sme_of(g) as s:
        dar, message_id = accepted(g, s, registered=1)
        for status, live in ((105, dar), (0, None)):
            sequence = replace(s, message_id, registered=1)
            change = g.asked()
            assert s.answer_to(sequence).status == smpp.SYSERR
            copy = g.asked()
            assert copy.flags & 0x10 and copy.end == change.end and copy.data(263) == change.data(263) and copy.data(3001) == change.data(3001)
            g.answer(copy, status)
            live = live or change
            proc.wait_until("one of the two is left", lambda: g.w.counts()["at_gateway"] == 1)
        assert g.report(reference_of(live)) == 2001
        assert s.delivered().receipt["id"] == message_id
    settled(g)


@pytest.mark.parametrize("status", [0, 105, 112])
def test_a_replace_survives_a_kill(g, status):
    s = g.w.bound()
    dar, message_id = accepted(g, s, registered=1)
    replace(s, message_id, registered=1)
    change = g.asked()
    g.w.kill()
    s.close()
    g.w.start_smssc()
    g.accept()
    copy = g.asked()
    assert copy.flags & 0x10 and copy.end == change.end and copy.data(263) == change.data(263) and copy.data(3001) == change.data(3001)
    g.answer(copy, status)
    live = {0: [change], 105: [dar], 112: [dar, change]}[status]
    if status == 112:
        assert g.asked().number(3001, 3005) == 3
        g.w.kill()
        g.w.start_smssc()
        g.accept()
        g.answer(g.asked(), 111)  # asked once more
    with sme_of(g) as s:
        proc.wait_until("it is decided", lambda: g.w.counts()["at_gateway"] == len(live))
        for one in live:
            assert proc.wait_until("the report is taken", lambda one=one: g.report(reference_of(one)) == 2001)
            assert s.delivered().receipt["id"] == message_id
        gone(g, s, message_id)


def test_while_the_gateway_is_away_nothing_changes(g):
    with sme_of(g) as s:
        dar, message_id = accepted(g, s, registered=1)
        ends = g.w.log().count("to the gateway ended")
        g.peer.close()
        proc.wait_until("the SMS-SC has noticed", lambda: g.w.log().count("to the gateway ended") > ends)
        for one in (cancel, replace):
            assert s.answer_to(one(s, message_id)).status == smpp.SYSERR
        g.accept()
        for _ in range(3):  # then the connection may carry requests again (RFC 3539); nothing was asked before
            g.peer.answer(g.peer.receive(), [avp(268, 2001)] + g.peer.origin(), 0)
        assert g.report(reference_of(dar)) == 2001
        assert s.delivered().receipt["id"] == message_id
    settled(g)


def test_the_recall_of_what_was_refused_survives_a_kill(g):
    """The SME was told to try again: the first one must not come in addition."""
    s = g.w.bound()
    sequence = g.submit(s, registered=1)
    dar = g.asked()
    assert s.answer_to(sequence).status == smpp.SYSERR
    assert g.asked().number(3001, 3005) == 3
    g.w.kill()
    s.close()
    g.w.start_smssc()
    g.accept()
    recall = g.asked()
    assert (recall.number(3001, 3005), reference_of(recall)) == (3, reference_of(dar))
    g.answer(recall, 201)  # not yet
    g.recalled(dar)
    settled(g)


# -- in several segments

PORT16 = b"\x05\x04" + struct.pack("!HH", 16001, 0)


def header(n, of, reference=7, port=PORT16):
    elements = b"\x00\x03" + bytes([reference, of, n]) + port
    return bytes([len(elements)]) + elements


def header16(n, of, reference=7, port=PORT16):
    elements = b"\x08\x04" + struct.pack("!HBB", reference, of, n) + port
    return bytes([len(elements)]) + elements


def part(n, of, data, head=header, reference=7, **more):
    """A segment by its header."""
    return smpp.SUBMIT, message(NUMBER, head(n, of, reference) + data, esm=0x40, **({"pid": 0x48} | more))


def sar(n, of, reference=7):
    return tlv(0x20c, struct.pack("!H", reference)) + tlv(0x20e, bytes([of])) + tlv(0x20f, bytes([n])) + tlv(0x20b, struct.pack("!H", 16001))


def sar_part(n, of, data, **more):
    return smpp.SUBMIT, message(NUMBER, data, tlvs=sar(n, of), **more)


def sar_data(n, of, data, registered=0):
    return smpp.DATA, smpp.data_sm(NUMBER, sar(n, of) + tlv(0x424, data), registered=registered)


def header_data(n, of, data, registered=0):
    return smpp.DATA, smpp.data_sm(NUMBER, tlv(0x424, header16(n, of) + data), esm=0x40, registered=registered)


def header16_part(n, of, data, **more):
    return part(n, of, data, head=header16, **more)


@pytest.mark.parametrize("form", [part, header16_part, sar_part, sar_data, header_data])
def test_segments_become_one_request(g, form):
    with sme_of(g) as s:
        before = g.w.counts()
        data = [bytes([65 + n]) * 120 for n in range(3)]
        ids = [s.ask(*form(n, 3, data[n - 1])).id for n in (2, 1)]  # in any order, one at a time
        assert ids[0] and ids[0] == ids[1] and query(s, ids[0]) == ENROUTE
        sequence = s.send(*form(3, 3, data[2], registered=1))
        dar = g.asked()
        assert (dar.number(3001, 3005), dar.data(3001, 3003, 3004), dar.number(3001, 3003, 3010)) == (1, b"".join(data), 16001)
        assert query(s, ids[0]) == ENROUTE
        g.answer(dar)
        answer = s.answer_to(sequence)
        assert (answer.status, answer.id) == (smpp.OK, ids[0])  # one name for all
        after = g.w.counts()
        assert (after["segments"] - before["segments"], after["triggers"] - before["triggers"], after["at_gateway"]) == (3, 1, 1)
        assert g.report(reference_of(dar)) == 2001
        receipt = s.delivered().receipt
        assert (receipt["id"], receipt["stat"]) == (ids[0], "DELIVRD")  # one of them asked for it
        assert s.ask(smpp.ENQUIRE).status == smpp.OK and not s.kept
    settled(g)


def test_segments_all_at_once(g):
    with sme_of(g) as s:
        sequences = [s.send(*part(n, 4, bytes([n]) * 100, registered=1)) for n in (1, 2, 3, 4)]
        dar = g.asked()
        assert dar.data(3001, 3003, 3004) == b"".join(bytes([n]) * 100 for n in (1, 2, 3, 4))
        g.answer(dar)
        answers = [s.answer_to(n) for n in sequences]
        assert {(a.status, a.id) for a in answers} == {(smpp.OK, answers[0].id)}
        assert g.report(reference_of(dar)) == 2001 and s.delivered().receipt["id"] == answers[0].id
        one = s.send(*part(1, 1, b"alone"))  # a segment that is the whole
        dar = g.asked()
        assert dar.data(3001, 3003, 3004) == b"alone"
        g.answer(dar)
        assert s.answer_to(one).status == smpp.OK and g.report(reference_of(dar)) == 2001
    settled(g)


@pytest.mark.parametrize("registered,outcome,told", [((1, 2), 0, True), ((2, 3), 0, True), ((2, 0), 0, False), ((2, 0), 3, True), ((0, 3), 3, False), ((3, 2), 3, True)])
def test_the_receipt_that_any_segment_asks_for(g, registered, outcome, told):
    with sme_of(g) as s:
        first = s.ask(*part(1, 2, b"one", registered=registered[0]))
        sequence = s.send(*part(2, 2, b"two", registered=registered[1]))
        dar = g.asked()
        g.answer(dar)
        assert s.answer_to(sequence).status == smpp.OK and g.report(reference_of(dar), outcome) == 2001
        assert not told or s.delivered().receipt["id"] == first.id
        assert s.ask(smpp.ENQUIRE).status == smpp.OK and not s.kept
    settled(g)


@pytest.mark.parametrize("status,said", [(105, smpp.SUBMITFAIL), (101, 1), (201, smpp.SYSERR)])
def test_segments_that_the_gateway_refuses(g, status, said):
    """The last one has the refusal, the others the receipt."""
    with sme_of(g) as s:
        first = s.ask(*part(1, 2, b"one", registered=1))
        sequence = s.send(*part(2, 2, b"two"))
        g.answer(g.asked(), status)
        assert s.answer_to(sequence).status == said
        receipt = s.delivered().receipt
        assert (receipt["id"], receipt["stat"], receipt["err"]) == (first.id, "UNDELIV", "004")
    settled(g)


def test_segments_without_an_answer_are_withdrawn(g):
    with sme_of(g) as s:
        for status, stat in ((0, "UNDELIV"), (112, "DELIVRD")):
            first = s.ask(*part(1, 2, b"one", registered=1))
            sequence = s.send(*part(2, 2, b"two"))
            dar = g.asked()
            assert s.answer_to(sequence).status == smpp.SYSERR
            recall = g.asked()
            assert (recall.number(3001, 3005), reference_of(recall)) == (3, reference_of(dar))
            g.answer(recall, status)
            if status:
                proc.wait_until("the answer is taken", lambda dar=dar: g.report(reference_of(dar)) == 2001)
            receipt = s.delivered().receipt
            assert (receipt["id"], receipt["stat"]) == (first.id, stat)
    settled(g)


def test_segments_that_do_not_fit_together(g):
    with sme_of(g) as s:
        before = g.w.counts()
        first = s.ask(*part(1, 2, b"one", registered=1))
        assert first.status == smpp.OK
        other_port = header(2, 2, port=b"\x05\x04" + struct.pack("!HH", 16002, 0))
        for name, command, body in (("another pid", smpp.SUBMIT, message(NUMBER, header(2, 2) + b"x", esm=0x40)),
                                    ("another port", smpp.SUBMIT, message(NUMBER, other_port + b"x", esm=0x40, pid=0x48)),
                                    ("no port", smpp.SUBMIT, message(NUMBER, header(2, 2, port=b"") + b"x", esm=0x40, pid=0x48)),
                                    ("no trigger", smpp.SUBMIT, message(NUMBER, header(2, 2, port=b"") + b"x", esm=0x40)),
                                    ("the same number, other octets", *part(1, 2, b"other"))):
            assert s.ask(command, body).status == smpp.SUBMITFAIL, name
        again = s.ask(*part(1, 2, b"one", registered=1))
        assert (again.status, again.id) == (smpp.OK, first.id)  # a copy
        sequence = s.send(*part(2, 2, b"two"))
        dar = g.asked()
        assert dar.data(3001, 3003, 3004) == b"onetwo"
        g.answer(dar)
        assert s.answer_to(sequence).status == smpp.OK
        assert g.report(reference_of(dar)) == 2001 and s.delivered().receipt["stat"] == "DELIVRD"
        assert g.w.counts()["segments_refused"] - before["segments_refused"] == 5
    settled(g)


def test_segments_with_too_much_together(g):
    with sme_of(g) as s:
        def big(n):
            return smpp.SUBMIT, message(NUMBER, esm=0x40, pid=0x48, tlvs=tlv(0x424, header(n, 4) + bytes([n]) * 12000), registered=1)
        first = s.ask(*big(1))
        assert first.status == smpp.OK and s.ask(*big(2)).status == smpp.OK
        assert s.ask(*big(3)).status == 1
        receipt = s.delivered().receipt
        assert (receipt["id"], receipt["stat"]) == (first.id, "UNDELIV")
    settled(g)


def test_segments_of_which_one_does_not_come(g):
    with sme_of(g) as s:
        before = g.w.counts()
        first = s.ask(*part(1, 3, b"one"))
        assert s.ask(*part(3, 3, b"three", registered=1)).status == smpp.OK
        receipt = s.delivered().receipt
        assert (receipt["id"], receipt["stat"], receipt["err"]) == (first.id, "EXPIRED", "001")
        assert s.ask(*part(1, 3, b"one")).id != first.id  # another one
        proc.wait_until("it has an end, too", lambda: g.w.counts()["segments_late"] - before["segments_late"] == 2)
        assert s.ask(smpp.ENQUIRE).status == smpp.OK and not s.kept  # and nobody wants to hear of it
    settled(g)


def test_segments_are_cancelled(g):
    with sme_of(g) as s:
        first = s.ask(*part(1, 2, b"one", registered=1))
        assert s.answer_to(replace(s, first.id)).status == smpp.REPLACEFAIL
        assert s.answer_to(cancel(s, first.id)).status == smpp.OK
        gone(g, s, first.id)


def test_segments_survive_kills(g):
    s = g.w.bound()
    first = s.ask(*part(1, 3, b"one", registered=1))
    assert s.ask(*part(2, 3, b"two")).status == smpp.OK
    g.w.kill()
    s.close()
    g.w.start_smssc()
    g.accept()
    s = g.w.bound()
    s.send(*part(3, 3, b"three"))
    dar = g.asked()
    assert dar.data(3001, 3003, 3004) == b"onetwothree"
    g.w.kill()
    s.close()
    g.w.start_smssc()
    g.accept()
    copy = g.asked()  # those that were taken are owed
    assert copy.flags & 0x10 and copy.end == dar.end and copy.data(263) == dar.data(263) and copy.data(3001) == dar.data(3001)
    g.answer(copy)
    with sme_of(g) as s:
        proc.wait_until("the answer is taken", lambda: g.report(reference_of(dar)) == 2001)
        receipt = s.delivered().receipt
        assert (receipt["id"], receipt["stat"]) == (first.id, "DELIVRD")
    settled(g)


SOUND = """identity: {{ host: smssc.core.test, realm: core.test }}
listen: {{ address: 127.0.0.1, port: 0, protection: none }}
allowed_hosts: [iwf.core.test]
state_dir: smssc
ue_socket: ue.sock
sc_address: "491770000000"
smes:
  plain: {{ address: 127.0.0.1, port: 0 }}
  subscribers: {subscribers}
  gateway: {{ {gateway} }}
  mobiles: {{ {mobiles} }}
  list:
{smes}"""
TO_NONE = "address: 127.0.0.1, port: 5868, host: iwf.operator.example, realm: operator.example, protection: none"
MINE, HIS = (f"scs: {{ host: {name}.sms.example, realm: sms.example }}" for name in ("acme", "beta"))


@pytest.mark.once
@pytest.mark.parametrize("gateway,list_,mobiles,said", [
    (TO_NONE, [MINE, HIS], "send: yes, forged: strip", ""),
    ("", [""], "", ""),
    ("", [MINE], "", "smes.list[0].scs needs smes.gateway.address, where its triggers go"),
    (TO_NONE, [MINE, MINE], "", "smes.list[1].scs.host 'acme.sms.example' is the one of smes.list[0]; each SME is an SCS of its own"),
    (TO_NONE, ["scs: { host: acme.sms.example }"], "", "smes.list[0].scs needs realm"),
    (TO_NONE, ["scs: { host: acme.sms.example, realm: sms.example, certificate: a.pem, key: a.key }"], "", "certificate and key belong to smes.gateway.protection tls"),
    (TO_NONE.replace("protection: none", "anchors: [ca.pem]"), [MINE], "", "smes.list[0].scs needs certificate and key, because smes.gateway has protection tls"),
    (TO_NONE.replace(", protection: none", ""), [MINE], "", "smes.gateway: protection tls needs anchors"),
    (TO_NONE + ", anchors: [ca.pem]", [MINE], "", "smes.gateway.anchors belongs to protection tls"),
    ("address: 127.0.0.1", [""], "", "smes.gateway needs host and realm"),
    (TO_NONE.replace("none", "some"), [""], "", "smes.gateway.protection is 'some', expected tls or none"),
    (TO_NONE, ["forged: strip"], "", "forged belongs to kind network; an application is always refused"),
    (TO_NONE, ["kind: network, " + MINE], "", "a network is no SCS: scs belongs to kind application"),
    (TO_NONE, ["kind: person"], "", "smes.list[0].kind is 'person', expected application or network"),
], ids=str)
def test_mistakes_in_the_configuration_are_named(tmp_path, gateway, list_, mobiles, said):
    done = check(tmp_path, gateway=gateway, mobiles=mobiles, subscribers="subscribers.jsonl", smes="".join(sme(f"sme-{n}", more) for n, more in enumerate(list_)))
    assert (done.returncode == 0) == (not said) and said in done.stderr, done.stderr


def check(folder, **parts):
    for name in ("subscribers.jsonl", "s.jsonl"):
        (folder / name).touch()
    conf = proc.write(str(folder / "smssc.yaml"), SOUND.format(**parts))
    return subprocess.run([os.path.join(BIN, "mtc-smssc"), "-c", conf, "-t"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=proc.HANG_S, check=False)


@pytest.mark.once
@pytest.mark.parametrize("password", ["secret08", "$6$...", "$6$laboratory$", "$9$x$" + "a" * 86, "*"])
def test_a_password_that_is_no_hash_is_named(tmp_path, password):
    """It would be accepted as the salt of an old form, and every bind refused: the password is wrong."""
    row = f"""    - {{ system_id: acme, password: "{password}", sources: ["4242"] }}\n"""
    done = check(tmp_path, gateway="", mobiles="", subscribers="s.jsonl", smes=row)
    assert done.returncode == 2 and "smes.list[0].password is no whole hash" in done.stderr and "openssl passwd -6" in done.stderr, done.stderr


@pytest.mark.once
def test_sources_mobiles_and_hosts_in_the_configuration(tmp_path):
    star = sme("acme", sources='["*"]')
    done = check(tmp_path, gateway="", mobiles="", subscribers="s.jsonl", smes=star)
    assert done.returncode == 2 and "smes.list[0].sources: '*', expected" in done.stderr
    assert check(tmp_path, gateway="", mobiles="", subscribers="s.jsonl", smes=sme("abroad", "kind: network", sources='["*"]')).returncode == 0
    done = check(tmp_path, gateway="", mobiles="send: yes", subscribers='""', smes=sme("acme"))
    assert done.returncode == 2 and "smes.mobiles.send needs smes.subscribers" in done.stderr
    (tmp_path / "torn.jsonl").write_text('{"imsi":')
    for name, said in (("nothing.jsonl", "nothing.jsonl: No such file"), ("torn.jsonl", "torn.jsonl:1: ")):
        done = check(tmp_path, gateway="", mobiles="", subscribers=name, smes=sme("acme"))
        assert done.returncode == 2 and "smes.subscribers: " in done.stderr and said in done.stderr, done.stderr


@pytest.mark.once
@pytest.mark.parametrize("what", ["smes", "mobiles", "neither"])
def test_an_entrance_for_everybody_beside_the_filter(tmp_path, what):
    """Who may connect over T4 may send triggers: with SMEs or mobiles that has to be said."""
    sound = SOUND.format(gateway="", mobiles="send: yes" if what == "mobiles" else "", subscribers="s.jsonl", smes=sme("acme"))
    sound = sound.replace("allowed_hosts: [iwf.core.test]\n", "")
    if what != "smes":
        sound = sound.replace("  plain: { address: 127.0.0.1, port: 0 }\n", "").split("  list:\n", maxsplit=1)[0]
    (tmp_path / "s.jsonl").touch()
    conf = proc.write(str(tmp_path / "open.yaml"), sound)
    done = subprocess.run([os.path.join(BIN, "mtc-smssc"), "-c", conf, "-t"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=proc.HANG_S, check=False)
    if what == "neither":
        assert done.returncode == 0 and "allowed_hosts" not in done.stderr, done.stderr
    else:
        assert done.returncode == 2 and "open.yaml:6: smes needs allowed_hosts: without that list every host" in done.stderr, done.stderr
        assert "Write allowed_hosts: [HOST], with identity.internal.host of mtc-iwfd" in done.stderr


def test_another_gateway_is_none(tmp_path):
    one = Gateway(tmp_path, host="other.operator.example")
    try:
        one.peer = one.listener.accept()
        one.peer.accept_open()
        with pytest.raises((EOFError, ConnectionError)):
            one.peer.receive()
        s = one.w.bound()
        assert s.answer_to(one.submit(s)).status == smpp.SYSERR
        s.close()
    finally:
        one.down()
