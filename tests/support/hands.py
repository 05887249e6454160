"""Elements of a laboratory that are played by hand, so that they can be slow, forgetful and wrong: an SMS-SC, an HSS, an SCS that shows
its reports."""
import contextlib
import os
import signal
import socket

from lablib import lab as L
from lablib import proc

from . import diameter as D
from .t4 import DRR, DTR, T4, smea
from .tsp import Scs, action, request_status

DELIVERED = 2  # SM-Delivery-Outcome
TSP_FLAGS = D.REQUEST | D.PROXIABLE


class Element(D.Peer):
    """What the gateway is connected to instead of the element that was ended."""

    def reply(self, m, *avps, flags=D.PROXIABLE):
        """An answer to `m` with these AVPs besides what every answer carries."""
        self.answer(m, [D.avp(263, m.data(263)), *avps, D.avp(277, 1), *self.origin()], flags)

    def silent(self):
        """True when nothing but watchdogs comes for a moment."""
        self.sock.settimeout(0.4)
        try:
            self.expect(0, True)
        except TimeoutError:
            return True
        finally:
            self.sock.settimeout(proc.HANG_S)
        return False


def experimental(code, vendor=D.GPP):
    return D.avp(297, [D.avp(266, vendor), D.avp(298, code)])


class Smssc(Element):
    """An SMS-SC (or whoever says so) that does what the test says."""

    def take(self):
        """The next DTR."""
        return self.expect(DTR, True)

    def accept(self, dtr):
        self.reply(dtr, D.avp(268, 2001))

    def report(self, dtr, outcome=DELIVERED, reference=True, host=None, scs=None):
        """A DRR for that DTR; returns the answer."""
        return self.ask(DRR, T4, self.drr(dtr, outcome, reference, host, scs))

    def drr(self, dtr, outcome=DELIVERED, reference=True, host=None, scs=None):
        avps = [D.avp(263, f"{self.host};1;{next(self.ids)}"), D.avp(277, 1), D.avp(264, host or self.host), D.avp(296, self.realm),
                D.avp(293, L.IWF_CORE_HOST), D.avp(283, L.CORE_REALM), D.gpp(3102, [D.avp(1, dtr.data(3102, 1))]),
                D.gpp(3309, dtr.data(3309) if scs is None else smea(scs)), D.gpp(3200, outcome)]
        if reference:
            avps.append(D.gpp(3007, dtr.number(3007)))
        return avps


class Hss(Element):
    """An HSS that does what the test says."""

    def take(self):
        """The next SIR."""
        return self.expect(D.SIR, True)

    def know(self, sir, imsi):
        """The subscriber is known by this IMSI and may be triggered."""
        self.reply(sir, D.avp(268, 2001), D.gpp(3102, [D.avp(1, imsi)]))


def in_place_of(p, name, app=None):
    """Ends an element of the laboratory and answers the gateway where it listened."""
    where, kind = (p.lab["smssc"], Smssc) if name == "mtc-smssc" else (p.lab["hss"], Hss)
    os.kill(where["pid"], signal.SIGTERM)
    proc.wait_until(f"{name} has ended", lambda: proc.start_time(where["pid"]) is None)
    return at_its_place(p, where, kind, app)


def at_its_place(p, where, kind, app=None):
    """Waits for the gateway at the port of an element that has ended, and until it no longer looks for state REOPEN (100 ms)."""
    with socket.create_server((where["address"], where["port"])) as server:
        server.settimeout(proc.HANG_S)
        sock, _ = server.accept()
    peer = kind(sock, where["identity"], where["realm"], app or (T4 if kind is Smssc else D.S6M))
    peer.accept_open()
    proc.wait_until("the gateway has looked for REOPEN", lambda: "connecting" not in
                    [r.get("state") for r in p.ctl("peers", check=False) if r.get("host") == where["identity"]])
    return peer


@contextlib.contextmanager
def lab_played(labs, hss=False, **conf):
    """A laboratory (labs.up(**conf)) whose SMS-SC, p.sc, the test plays; with `hss` the HSS, p.hss, too. Checked when it ends."""
    p = labs.up(**conf)
    p.hss = in_place_of(p, "mtc-hss") if hss else None
    p.sc = in_place_of(p, "mtc-smssc")
    yield p
    for element in filter(None, (p.hss, p.sc)):
        element.close()
    wrong = labs.down(p)
    assert not wrong, "\n".join(wrong)


class Reader(Scs):
    """An SCS that shows reports instead of acknowledging them silently."""

    def receive(self):
        return D.Peer.receive(self)

    def notified(self):
        """The next DNR, not acknowledged."""
        return self.expect(D.DNR, True)

    def acknowledge(self, m, result=2001):
        self.answer(m, [D.avp(263, m.data(263)), D.avp(258, D.TSP), D.avp(277, 1), *self.origin(), D.avp(268, result)],
                    D.PROXIABLE | (D.ERROR if result // 1000 == 3 else 0))

    def reported(self):
        """The next report, acknowledged: reference and outcome."""
        m = self.notified()
        self.acknowledge(m)
        return m.number(3002, 3007), m.number(3002, 3009)

    def ask_later(self, inside, end=None, flags=TSP_FLAGS, more=()):
        """Sends a DAR whose answer is not waited for; returns its End-to-End-Id."""
        end = self.end_base + next(self.ids) if end is None else end
        self.send(D.message(D.DAR, D.TSP, flags, self.dar_avps(inside, more=more), end & 0xffff, end))
        return end

    def answered(self):
        """The next answer: its Request-Status."""
        return request_status(self.expect(D.DAR, False))


def accepted(scs, sc, **what):
    """A trigger that the SMS-SC took: its DTR."""
    scs.ask_later(action(**what))
    dtr = sc.take()
    sc.accept(dtr)
    assert scs.answered() == 0
    return dtr


__all__ = ["DELIVERED", "Hss", "Reader", "Smssc", "TSP_FLAGS", "accepted", "at_its_place", "experimental", "in_place_of"]
