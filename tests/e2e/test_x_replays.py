"""Act twenty-three: what comes again. A copy of a request gets the same answer, on whichever connection it comes; a finished Session-Id
in another request is a replay."""
import pytest
from support import diameter as D
from support.diameter import gpp, message
from support.tsp import Scs, action, request_status

T = 0x10
DAR = D.REQUEST | D.PROXIABLE


def counter(p, name):
    return next(r["value"] for r in p.ctl("stats") if r.get("name") == name)


def dar(scs, device="meter-21@a.example", reference=None):
    """The AVPs of a DAR, with the Session-Id that it keeps."""
    return scs.dar_avps(action(device=device, reference=reference))


def sent(scs, avps, end, flags=DAR):
    """Sends these AVPs under this End-to-End-Id; returns the answer."""
    hop = next(scs.ids)
    scs.send(message(D.DAR, D.TSP, flags, avps, hop, end))
    m = scs.expect(D.DAR, False)
    assert (m.hop, m.end) == (hop, end)
    return m


def test_a_copy_on_another_connection_gets_the_same_answer(lab):
    """RFC 6733 5.5.4: after a failover an SCS sends a request again on another connection, with the T flag; a careless one without."""
    one, two = Scs.opened(lab), Scs.opened(lab)
    end, avps, before = one.end_base, dar(one), counter(lab, "replays")
    first = sent(one, avps, end)
    assert request_status(first) == 0
    sent_to_smssc = counter(lab, "t4_requests")
    for flags in (DAR | T, DAR):
        copy = sent(two, avps, end, flags)
        assert (copy.text(263), request_status(copy), copy.number(3002, 3007)) == (first.text(263), 0, first.number(3002, 3007))
    one.close()
    third = Scs.opened(lab)  # the connection of the first request is gone
    assert request_status(sent(third, avps, end, DAR | T)) == 0
    assert counter(lab, "t4_requests") == sent_to_smssc, "a copy triggered the device again"
    assert counter(lab, "replays") == before
    two.close()
    third.close()


def test_a_finished_session_id_in_another_request_is_detected(lab):
    scs = Scs.opened(lab)
    avps, before = dar(scs, reference=2101), counter(lab, "replays")
    assert request_status(sent(scs, avps, scs.end_base)) == 0
    again = [*avps[:-1], gpp(3001, action(device="meter-21@a.example", reference=2102))]
    assert request_status(sent(scs, again, scs.end_base + 1)) == 0  # detect: it goes on
    line = lab.wait_decision(reason="replay", reference=2102)
    assert (line["verdict"], line["scs"], line["rule"]) == ("detected", "acme", "replay")
    assert lab.wait_decision(reference=2102, verdict="accepted")["transaction"] == line["transaction"]
    assert counter(lab, "replays") == before + 1
    scs.close()


@pytest.fixture(scope="module")
def strict(labs):
    p = labs.up(iwf_more="replay: { mode: refuse }\n")
    yield p
    wrong = labs.down(p)
    assert not wrong, "\n".join(wrong)


def test_where_replays_are_refused_the_device_is_not_triggered(strict):
    """Octets that were heard once are of no use: not on their connection and not on another one."""
    one, two = Scs.opened(strict), Scs.opened(strict)
    avps = dar(one, reference=2201)
    assert request_status(sent(one, avps, one.end_base)) == 0
    triggered = counter(strict, "t4_requests")
    for scs, reference in ((one, 2202), (two, 2203)):
        again = [*avps[:-1], gpp(3001, action(device="meter-21@a.example", reference=reference))]
        assert request_status(sent(scs, again, scs.end_base + 1000)) == 107
        assert strict.wait_decision(reason="replay", reference=reference)["verdict"] == "refused"
    assert counter(strict, "t4_requests") == triggered
    assert request_status(sent(two, avps, one.end_base, DAR | T)) == 0, "a copy is none, also here"
    assert request_status(two.dar(action(device="meter-21@a.example"))) == 0
    one.close()
    two.close()
