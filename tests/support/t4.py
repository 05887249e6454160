"""An MTC-IWF by hand on T4: Device-Triggers out, Delivery-Reports in. Built on the scripted peer; shares nothing with the codec."""
import itertools
import random
import struct

from lablib import proc
from support import diameter as dia

T4 = 16777311
DTR, DRR = 8388643, 8388644
R, P, E, T = 0x80, 0x40, 0x20, 0x10


def tbcd(digits):
    digits += "f" * (len(digits) % 2)
    return bytes(int(digits[i + 1] + digits[i], 16) for i in range(0, len(digits), 2))


def smea(digits):
    """An E.164 number as SM-RP-SMEA: digit count, 0x91, swapped digits."""
    return bytes([len(digits), 0x91]) + tbcd(digits)


def user_identifier(imsi=None, msisdn=None, external=None):
    inner = [dia.avp(1, imsi)] if imsi else []
    inner += [dia.gpp(701, tbcd(msisdn))] if msisdn else []
    return dia.gpp(3102, inner + ([dia.gpp(3111, external)] if external else []))


class Report:
    """A DRR, its members by name."""

    def __init__(self, m):
        self.message, self.retransmitted = m, bool(m.flags & T)
        self.outcome, self.diagnostic, self.reference = m.number(3200), m.number(3201), m.number(3007)
        self.imsi, self.msisdn, self.external = m.text(3102, 1), m.data(3102, 701), m.text(3102, 3111)
        self.smea, self.destination = m.data(3309), m.text(293)


class Iwf(dia.Peer):
    """Connected when made; `cea` is the Result-Code. Delivery-Reports that come in between are kept for report()."""

    def __init__(self, address, port, host="iwf.core.test", realm="core.test", wrap=None):
        made = dia.Peer.connect(address, port, host, realm, T4, wrap)
        super().__init__(made.sock, host, realm, T4)
        self.waiting, self.ends = [], itertools.count(random.getrandbits(31))
        self.cea = self.open()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def dtr(self, imsi, payload=b"", originator="49170123456", reference=None, validity=None, port=None, priority=None, kind=None, old=None,
            msisdn=None, external=None, end=None, flags=R | P, raw_smea=None, without=(), more=()):
        """A Device-Trigger-Request; `without` leaves AVPs out by code."""
        hop = next(self.ids)
        end = next(self.ends) if end is None else end
        avps = [(263, dia.avp(263, f"{self.host};1;{end}")), (277, dia.avp(277, 1)), (264, dia.avp(264, self.host)), (296, dia.avp(296, self.realm)),
                (283, dia.avp(283, "core.test")), (3102, user_identifier(imsi, msisdn, external)),
                (3309, dia.gpp(3309, smea(originator) if raw_smea is None else raw_smea)), (3004, dia.gpp(3004, payload))]
        avps += [(c, dia.gpp(c, v)) for c, v in ((3007, reference), (3006, priority), (3010, port)) if v is not None]
        avps += [(448, dia.avp(448, validity))] if validity is not None else []
        avps += [(c, dia.gpp(c, v, mandatory=False)) for c, v in ((3011, old), (3202, kind)) if v is not None]
        return dia.message(DTR, T4, flags, [octets for code, octets in avps if code not in without] + list(more), hop, end)

    def next(self, wait_s=proc.HANG_S):
        """The next message that is no watchdog, None when closed; TimeoutError."""
        while True:
            self.sock.settimeout(wait_s)
            try:
                m = self.receive()
            except (EOFError, ConnectionError):
                return None
            if not (m.code == dia.DWR and m.flags & R):
                return m
            self.answer(m, [dia.avp(268, 2001)] + self.origin(), 0)

    def exchange(self, octets):
        """Sends one request; its answer."""
        hop = struct.unpack("!I", octets[12:16])[0]
        self.send(octets)
        while True:
            m = self.next()
            if m is None or (not m.flags & R and m.hop == hop):
                return m
            self.waiting.append(m)

    def trigger(self, *args, **more):
        """Sends a DTR; its result: Result-Code, or ("experimental", code)."""
        return result(self.exchange(self.dtr(*args, **more)))

    def report(self, wait_s=proc.HANG_S, acknowledge=2001):
        """The next Delivery-Report, acknowledged unless told otherwise (None: not answered)."""
        m = self.waiting.pop(0) if self.waiting else self.next(wait_s)
        assert m is not None, "the connection was closed"
        assert m.code == DRR and m.flags & R, m.octets.hex()
        if acknowledge:
            self.acknowledge(m, acknowledge)
        return Report(m)

    def acknowledge(self, m, code=2001):
        self.answer(m, [dia.avp(263, m.data(263)), dia.avp(268, code), dia.avp(277, 1)] + self.origin(), P | (E if code // 1000 == 3 else 0))

    def no_report(self, wait_s):
        """True when none comes within this time."""
        if self.waiting:
            return False
        try:
            return self.next(wait_s) is None
        except TimeoutError:
            return True


def result(m):
    if m is None:
        return None
    return m.result if m.result is not None else ("experimental", m.experimental)


def diagnostic(m):
    """MTC-Error-Diagnostic."""
    return m.number(3203)
