"""Act twenty-three: the identifiers of delivery reports tell an SCS nothing of the others, and stay the same when a report comes again."""
from support import core
from support import diameter as D
from support.diameter import avp
from support.tsp import Scs, action, request_status


class Reporter(Scs):
    """An SCS whose reports are seen."""

    def report(self, acknowledge=True):
        """The next report; answers to requests were read before."""
        while True:
            m = D.Peer.receive(self)
            if m.code == D.DWR and m.flags & D.REQUEST:
                self.answer(m, [avp(268, 2001), *self.origin()], 0)
            elif m.code == D.DNR:
                if acknowledge:
                    self.answer(m, [avp(263, m.data(263)), avp(258, D.TSP), avp(277, 1), *self.origin(), avp(268, 2001)])
                return m


def two_numbers(session_id):
    """The numbers behind the host of a Session-Id."""
    host, high, low, kind = session_id.split(";")
    assert (host, kind) == ("iwf.operator.example", "dnr")
    return int(high) << 32 | int(low)


def asked(scs, device):
    assert request_status(scs.dar(action(device=device))) == 0
    return scs.report()


def test_two_scss_see_no_shared_count(lab):
    """Between two reports of one SCS there are some of another. What the first sees lies anywhere, however few or many they were: as counts
    the End-to-End-Ids were 3 to 20 apart, and the Session-Ids as many as there had been triggers."""
    acme, beta = Reporter.opened(lab, "acme"), Reporter.opened(lab, "beta")
    seen = []
    for others in (0, 1, 3, 0, 2):
        seen.append(asked(acme, "meter-11@a.example"))
        for _ in range(others):
            seen.append(asked(beta, "meter-711@b.example"))
    ids, sessions = [m.end for m in seen], [two_numbers(m.text(263)) for m in seen]
    assert len(set(ids)) == len(ids) and len(set(sessions)) == len(sessions)
    # distances of chance: one of 55 pairs below these bounds comes once in 100,000 runs
    assert min(abs(a - b) for i, a in enumerate(ids) for b in ids[:i]) > 1 << 8, sorted(ids)
    assert min(abs(a - b) for i, a in enumerate(sessions) for b in sessions[:i]) > 1 << 32, sorted(sessions)
    acme.close()
    beta.close()


def test_a_report_that_comes_again_has_the_same_identifiers_also_from_the_next_core(own_lab):
    p = own_lab
    scs = Reporter.opened(p, "acme")
    assert request_status(scs.dar(action(device="meter-12@a.example"))) == 0
    first = scs.report(acknowledge=False)
    core.next_core(p)
    again = scs.report()
    assert (again.end, again.text(263)) == (first.end, first.text(263))
    assert again.flags & 0x10 and not first.flags & 0x10, "the T flag says that it may be a copy"
    other = asked(scs, "meter-12@a.example")
    assert other.end != first.end and other.text(263) != first.text(263)
    scs.close()
