"""A plain Diameter client in Python's own library: an independent hand on the wire for hostile and exact tests.
Messages are lists of AVPs; nothing is checked on the way out, so anything can be sent."""
import itertools
import random
import socket
import ssl
import struct

TGPP = 10415
TSP, S6M, T4 = 16777309, 16777310, 16777311
CER, DWR, DPR, DAR, DNR, SIR, DTR, DRR = 257, 280, 282, 8388639, 8388640, 8388641, 8388643, 8388644
R, P, E, T = 0x80, 0x40, 0x20, 0x10


def avp(code, value, vendor=0, mandatory=True, flags=None, length=None):
    """One AVP. value: bytes, str, int (Unsigned32) or a list of encoded AVPs. flags and length override the truth."""
    if isinstance(value, str):
        value = value.encode()
    elif isinstance(value, int):
        value = struct.pack("!I", value)
    elif isinstance(value, list):
        value = b"".join(value)
    if flags is None:
        flags = (0x80 if vendor else 0) | (0x40 if mandatory else 0)
    size = len(value) + (12 if vendor else 8)
    head = struct.pack("!IB", code, flags) + (size if length is None else length).to_bytes(3, "big")
    return head + (struct.pack("!I", vendor) if vendor else b"") + value + bytes(-len(value) % 4)


def gpp(code, value, **more):
    return avp(code, value, vendor=TGPP, **more)


def tbcd(digits):
    padded = digits + "f" * (len(digits) % 2)
    return bytes(int(padded[i + 1] + padded[i], 16) for i in range(0, len(padded), 2))


def message(code, app, avps, flags=R | P, hop=1, end=1, version=1, length=None):
    body = b"".join(avps)
    size = 20 + len(body) if length is None else length
    return (bytes([version]) + size.to_bytes(3, "big") + bytes([flags]) + code.to_bytes(3, "big")
            + struct.pack("!III", app, hop, end) + body)


class Message:
    """A received message: header fields and a flat list of (code, vendor, flags, value)."""

    def __init__(self, octets):
        self.octets = octets
        self.flags, self.code = octets[4], int.from_bytes(octets[5:8], "big")
        self.app, self.hop, self.end = struct.unpack("!III", octets[8:20])
        self.avps = list(walk(octets[20:]))

    def all(self, code, vendor=0):
        return [value for c, v, _, value in self.avps if (c, v) == (code, vendor)]

    def get(self, code, vendor=0):
        found = self.all(code, vendor)
        return found[0] if found else None

    def u32(self, code, vendor=0):
        value = self.get(code, vendor)
        return None if value is None else struct.unpack("!I", value)[0]

    @property
    def result_code(self):
        return self.u32(268)

    def inside(self, code, vendor=0):
        """{(code, vendor): value} of a grouped AVP."""
        value = self.get(code, vendor)
        return {} if value is None else {(c, v): data for c, v, _, data in walk(value)}

    @property
    def request_status(self):
        value = self.inside(3002, TGPP).get((3008, TGPP))
        return None if value is None else struct.unpack("!I", value)[0]


def walk(octets):
    at = 0
    while at < len(octets):
        code, flags = struct.unpack("!IB", octets[at:at + 5])
        size = int.from_bytes(octets[at + 5:at + 8], "big")
        vendor, skip = (struct.unpack("!I", octets[at + 8:at + 12])[0], 12) if flags & 0x80 else (0, 8)
        if size < skip or at + size > len(octets):
            raise ValueError(f"AVP {code} with length {size} at octet {at}")
        yield code, vendor, flags, octets[at + skip:at + size]
        at += size + -size % 4


class Client:
    """One connection. With `tls` = (ca, cert, key) mutual TLS, else plain TCP."""

    def __init__(self, address, port, tls=None, host="scs.acme.example", realm="acme.example", wait_s=10):
        self.host, self.realm, self.wait_s = host, realm, wait_s
        self.ids = itertools.count(random.getrandbits(31))
        self.pending = b""
        raw = socket.create_connection((address, port), timeout=wait_s)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False  # the gateway's name is a Diameter identity, the address is loopback
            context.load_verify_locations(tls[0])
            context.load_cert_chain(tls[1], tls[2])
            raw = context.wrap_socket(raw)
        self.socket = raw

    def close(self):
        self.socket.close()

    def send(self, octets):
        self.socket.sendall(octets)

    def receive(self):
        """The next message; None when the other side has closed the connection."""
        try:
            while True:
                if len(self.pending) >= 4:
                    size = int.from_bytes(self.pending[1:4], "big")
                    if len(self.pending) >= size >= 20:
                        whole, self.pending = self.pending[:size], self.pending[size:]
                        return Message(whole)
                got = self.socket.recv(65536)
                if not got:
                    return None
                self.pending += got
        except (ConnectionError, ssl.SSLError):
            return None

    def closed(self):
        """True when the other side closes; messages on the way are skipped. A time-out is an error of the test."""
        while self.receive() is not None:
            pass
        return True

    def origin(self, host=None, realm=None):
        return [avp(264, host or self.host), avp(296, realm or self.realm)]

    def cer(self, app=TSP, **origin):
        return message(CER, 0, [*self.origin(**origin), avp(257, b"\0\1\x7f\0\0\1"), avp(266, TGPP), avp(269, "plain", mandatory=False),
                                avp(265, TGPP), avp(260, [avp(266, TGPP), avp(258, app)])], flags=R, hop=next(self.ids), end=next(self.ids))

    def open(self, **more):
        """CER, and the CEA that came back."""
        self.send(self.cer(**more))
        return self.receive()

    def dar(self, action=None, end=None, flags=R | P, more=(), host=None, realm=None, destination_host=None, app=TSP, code=DAR):
        """A Device-Action-Request around the AVPs of a Device-Action (None: without one)."""
        end = next(self.ids) if end is None else end
        avps = [avp(263, f"{self.host};1;{end}"), avp(258, TSP), avp(277, 1), *self.origin(host, realm), avp(283, "operator.example")]
        if destination_host:
            avps.append(avp(293, destination_host))
        if action is not None:
            avps.append(gpp(3001, list(action)))
        return message(code, app, [*avps, *more], flags=flags, hop=next(self.ids), end=end)

    def ask(self, octets):
        self.send(octets)
        return self.receive()


def action(device=None, msisdn=None, scs=None, reference=None, kind=1, payload=b"x", port=None, priority=None, validity=600,
           old_reference=None, trigger_data=True):
    """The AVPs inside a Device-Action."""
    reference = random.getrandbits(31) if reference is None else reference
    avps = []
    if device is not None:
        avps.append(gpp(3111, device))
    if msisdn is not None:
        avps.append(gpp(701, tbcd(msisdn) if isinstance(msisdn, str) else msisdn))
    if scs is not None:
        avps.append(gpp(3104, tbcd(scs) if isinstance(scs, str) else scs))
    avps.append(gpp(3007, reference))
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
