"""An MTC-IWF by hand on T4: Device-Triggers out, Delivery-Reports in. Built on the plain Diameter client; shares nothing with the codec."""
import struct
import time

from support import diameter as dia


def smea(digits):
    """An E.164 number as SM-RP-SMEA: digit count, 0x91, swapped digits."""
    return bytes([len(digits), 0x91]) + dia.tbcd(digits)


def user_identifier(imsi=None, msisdn=None, external=None):
    inner = [dia.avp(1, imsi)] if imsi else []
    inner += [dia.gpp(701, dia.tbcd(msisdn))] if msisdn else []
    return dia.gpp(3102, inner + ([dia.gpp(3111, external)] if external else []))


class Report:
    """A DRR, its members by name."""

    def __init__(self, m):
        self.message, self.retransmitted = m, bool(m.flags & dia.T)
        self.outcome, self.diagnostic, self.reference = m.u32(3200, dia.TGPP), m.u32(3201, dia.TGPP), m.u32(3007, dia.TGPP)
        self.user, self.smea = m.inside(3102, dia.TGPP), m.get(3309, dia.TGPP)
        self.imsi = self.user.get((1, 0), b"").decode()
        self.destination = m.get(293).decode()


class Iwf(dia.Client):
    """Connected when made. Answers DWR by itself; Delivery-Reports that come in between are kept for report()."""

    def __init__(self, address, port, host="iwf.core.test", realm="core.test", **more):
        super().__init__(address, port, host=host, realm=realm, **more)
        self.waiting = []
        self.cea = self.open(app=dia.T4)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def dtr(self, imsi, payload=b"", originator="49170123456", reference=None, validity=None, port=None, priority=None, kind=None, old=None,
            msisdn=None, external=None, end=None, flags=dia.R | dia.P, raw_smea=None, without=(), more=()):
        """A Device-Trigger-Request; `without` leaves AVPs out by code."""
        end = next(self.ids) if end is None else end
        avps = [(263, dia.avp(263, f"{self.host};1;{end}")), (277, dia.avp(277, 1)), (264, dia.avp(264, self.host)), (296, dia.avp(296, self.realm)),
                (283, dia.avp(283, "core.test")), (3102, user_identifier(imsi, msisdn, external)),
                (3309, dia.gpp(3309, smea(originator) if raw_smea is None else raw_smea)), (3004, dia.gpp(3004, payload))]
        avps += [(c, dia.gpp(c, v)) for c, v in ((3007, reference), (3006, priority), (3010, port)) if v is not None]
        avps += [(448, dia.avp(448, validity))] if validity is not None else []
        avps += [(c, dia.gpp(c, v, mandatory=False)) for c, v in ((3011, old), (3202, kind)) if v is not None]
        return dia.message(dia.DTR, dia.T4, [octets for code, octets in avps if code not in without] + list(more), flags=flags,
                           hop=next(self.ids), end=end)

    def next(self, wait_s=None):
        """The next message that is no watchdog; TimeoutError."""
        self.socket.settimeout(self.wait_s if wait_s is None else wait_s)
        while True:
            m = self.receive()
            if m is None or not (m.code == dia.DWR and m.flags & dia.R):
                return m
            self.send(dia.message(dia.DWR, 0, [dia.avp(268, 2001), *self.origin()], flags=0, hop=m.hop, end=m.end))

    def ask(self, octets):
        """The answer to one request."""
        hop = struct.unpack("!I", octets[12:16])[0]
        self.send(octets)
        while True:
            m = self.next()
            if m is None or (not m.flags & dia.R and m.hop == hop):
                return m
            self.waiting.append(m)

    def trigger(self, *args, **more):
        """Sends a DTR; its result: Result-Code, or ("experimental", code)."""
        return result(self.ask(self.dtr(*args, **more)))

    def report(self, wait_s=None, acknowledge=2001):
        """The next Delivery-Report, acknowledged unless told otherwise (None: not answered)."""
        m = self.waiting.pop(0) if self.waiting else self.next(wait_s)
        assert m is not None, "the connection was closed"
        assert m.code == dia.DRR and m.flags & dia.R, m.octets.hex()
        if acknowledge:
            self.acknowledge(m, acknowledge)
        return Report(m)

    def acknowledge(self, m, code=2001):
        self.send(dia.message(dia.DRR, dia.T4, [dia.avp(263, m.get(263)), dia.avp(268, code), dia.avp(277, 1), *self.origin()], flags=dia.P, hop=m.hop,
                              end=m.end))

    def no_report(self, wait_s):
        """True when none comes within this time."""
        end = time.monotonic() + wait_s
        if self.waiting:
            return False
        try:
            return self.next(max(0.01, end - time.monotonic())) is None
        except TimeoutError:
            return True


def result(m):
    if m is None:
        return None
    if m.get(268) is not None:
        return m.u32(268)
    return "experimental", struct.unpack("!I", m.inside(297)[(298, 0)])[0]


def diagnostic(m):
    """MTC-Error-Diagnostic."""
    return m.u32(3203, dia.TGPP)
