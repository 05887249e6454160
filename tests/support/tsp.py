"""An SCS by hand: any Device-Action, right or wrong, over mutual TLS with any certificate of a laboratory."""
import random
import socket
import ssl

from lablib import proc

from . import diameter as D
from .diameter import GPP, avp, gpp
from .tap import Tap


def tbcd(digits):
    padded = digits + "f" * (len(digits) % 2)
    return bytes(int(padded[i + 1] + padded[i], 16) for i in range(0, len(padded), 2))


def action(device=None, msisdn=None, scs=None, reference=None, kind=1, payload=b"x", port=None, priority=None, validity=600,
           old_reference=None, trigger_data=True):
    """The AVPs inside a Device-Action; msisdn and scs as digits, or as octets to be sent as they are."""
    avps = []
    if device is not None:
        avps.append(gpp(3111, device))
    for code, value in ((701, msisdn), (3104, scs)):
        if value is not None:
            avps.append(gpp(code, tbcd(value) if isinstance(value, str) else value))
    avps.append(gpp(3007, random.getrandbits(31) if reference is None else reference))
    if old_reference is not None:
        avps.append(gpp(3011, old_reference, mandatory=False))
    avps.append(gpp(3005, kind))
    if trigger_data:
        inner = [gpp(3004, payload)]
        if priority is not None:
            inner.append(gpp(3006, priority))
        if port is not None:
            inner.append(gpp(3010, port))
        avps.append(gpp(3003, inner))
    if validity is not None:
        avps.append(avp(448, validity))
    return avps


class Scs(D.Peer):
    """One connection of the SCS of that name; `host` and `realm` may lie; `tls` is given its context."""

    def __init__(self, play, name="acme", host=None, realm=None, source=None, tls=None):
        scs, tsp = play.scs[name], play.lab["iwf"]["tsp"]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False  # its certificate carries a Diameter identity, we connect to a loopback address
        context.load_verify_locations(play.lab["ca"])
        context.load_cert_chain(scs["cert"], scs["key"])
        if tls:
            tls(context)
        self.tap = Tap(play.lab["dir"])
        self.tap.listen(context)
        sock = context.wrap_socket(socket.create_connection((tsp["address"], tsp["port"]), proc.HANG_S, (source, 0) if source else None))
        super().__init__(sock, host or scs["origin_host"], realm or scs["realm"], D.TSP)

    def send(self, octets):
        self.tap.keep("written", octets)
        super().send(octets)

    def read_exactly(self, n):
        octets = super().read_exactly(n)
        self.tap.keep("read", octets)
        return octets

    @classmethod
    def opened(cls, play, name="acme"):
        s = cls(play, name)
        assert s.open() == 2001
        return s

    def receive(self):
        """The next message; reports of earlier triggers, which may come at any time, are acknowledged and not shown."""
        while True:
            m = super().receive()
            if m.code != D.DNR or not m.flags & D.REQUEST:
                return m
            self.answer(m, [avp(263, m.data(263)), avp(258, D.TSP), avp(277, 1), *self.origin(), avp(268, 2001)])

    def dar_avps(self, inside, host=None, realm=None, more=()):
        """The AVPs of a DAR around those of a Device-Action (None: none)."""
        return [avp(263, f"{self.host};1;{random.getrandbits(31)}"), avp(258, D.TSP), avp(277, 1), avp(264, host or self.host),
                avp(296, realm or self.realm), avp(283, "operator.example"),
                *([gpp(3001, list(inside))] if inside is not None else []), *more]

    def dar(self, inside, end=None, flags=D.REQUEST | D.PROXIABLE, **more):
        """Sends a DAR, returns the answer."""
        return self.ask(D.DAR, D.TSP, self.dar_avps(inside, **more), flags, end)

    def closed(self):
        """True once the other side has closed; what is on the way is read and dropped."""
        try:
            while True:
                self.receive()
        except (EOFError, ConnectionError, ssl.SSLError):
            return True


def request_status(m):
    return m.number(3002, 3008)


__all__ = ["GPP", "Scs", "action", "request_status", "tbcd"]
