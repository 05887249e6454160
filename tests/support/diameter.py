"""A second, small Diameter codec and a scripted peer: both sides of a node's conversation in a test, sharing no line with ours."""
import itertools
import random
import socket
import struct

from lablib import proc

GPP = 10415  # 3GPP's vendor number
S6M, TSP = 16777310, 16777309
CER, DWR, DPR, SIR, DAR, DNR = 257, 280, 282, 8388641, 8388639, 8388640
REQUEST, PROXIABLE, ERROR = 0x80, 0x40, 0x20


def avp(code, data, vendor=0, mandatory=True):
    """One AVP; data is octets, text, a number (Unsigned32) or a list of AVPs."""
    if isinstance(data, int):
        data = struct.pack(">I", data)
    elif isinstance(data, str):
        data = data.encode()
    elif isinstance(data, list):
        data = b"".join(data)
    flags = (0x80 if vendor else 0) | (0x40 if mandatory else 0)
    length = 8 + (4 if vendor else 0) + len(data)
    head = struct.pack(">IB", code, flags) + length.to_bytes(3, "big") + (struct.pack(">I", vendor) if vendor else b"")
    return head + data + b"\0" * (-length % 4)


def gpp(code, data, mandatory=True):
    return avp(code, data, GPP, mandatory)


def message(code, app, flags, avps, hop=1, end=1):
    body = b"".join(avps)
    return bytes([1]) + (20 + len(body)).to_bytes(3, "big") + bytes([flags]) + code.to_bytes(3, "big") + \
        struct.pack(">III", app, hop, end) + body


def parse_avps(octets):
    """[(code, vendor, data)] of a run of AVPs."""
    found, at = [], 0
    while at < len(octets):
        code, flags = struct.unpack_from(">IB", octets, at)
        length = int.from_bytes(octets[at + 5:at + 8], "big")
        head = 12 if flags & 0x80 else 8
        vendor = struct.unpack_from(">I", octets, at + 8)[0] if flags & 0x80 else 0
        assert head <= length <= len(octets) - at, f"AVP {code} is {length} octets long"
        found.append((code, vendor, octets[at + head:at + length]))
        at += (length + 3) // 4 * 4
    return found


class Message:
    def __init__(self, octets):
        assert octets[0] == 1 and len(octets) >= 20
        self.octets, self.flags, self.code = octets, octets[4], int.from_bytes(octets[5:8], "big")
        self.app, self.hop, self.end = struct.unpack_from(">III", octets, 8)
        self.avps = parse_avps(octets[20:])

    def all(self, *path):
        """Data of every AVP reached by these codes, from the outside in."""
        level = [self.avps]
        for code in path[:-1]:
            level = [parse_avps(d) for avps in level for c, _, d in avps if c == code]
        return [d for avps in level for c, _, d in avps if c == path[-1]]

    def data(self, *path):
        found = self.all(*path)
        assert len(found) <= 1, f"{path} is there {len(found)} times"
        return found[0] if found else None

    def text(self, *path):
        found = self.data(*path)
        return None if found is None else found.decode()

    def number(self, *path):
        found = self.data(*path)
        return None if found is None else int.from_bytes(found, "big")

    @property
    def result(self):
        return self.number(268)

    @property
    def experimental(self):
        return self.number(297, 298)


class Peer:
    """One connection, spoken by hand. Watchdogs of the other side are answered while we wait for something else."""

    def __init__(self, sock, host, realm, app):
        self.sock, self.host, self.realm, self.app = sock, host, realm, app
        self.sock.settimeout(proc.HANG_S)
        self.ids = itertools.count(100)
        self.end_base = random.getrandbits(31)  # End-to-End-Ids of one Origin-Host differ, over all its connections

    @classmethod
    def connect(cls, address, port, host, realm, app, wrap=None):
        sock = socket.create_connection((address, port), proc.HANG_S)
        return cls(wrap(sock) if wrap else sock, host, realm, app)

    def origin(self):
        return [avp(264, self.host), avp(296, self.realm)]

    def capabilities(self):
        return self.origin() + [avp(257, b"\0\1\x7f\0\0\1"), avp(266, 0), avp(269, "scripted", mandatory=False), avp(265, GPP),
                                avp(260, [avp(266, GPP), avp(258, self.app)])]

    def send(self, octets):
        self.sock.sendall(octets)

    def read_exactly(self, n):
        got = b""
        while len(got) < n:
            more = self.sock.recv(n - len(got))
            if not more:
                raise EOFError("closed by the other side")
            got += more
        return got

    def receive(self):
        head = self.read_exactly(4)
        return Message(head + self.read_exactly(int.from_bytes(head[1:4], "big") - 4))

    def answer(self, m, avps, flags=PROXIABLE):
        self.send(message(m.code, m.app, flags & m.flags if flags == PROXIABLE else flags, avps, m.hop, m.end))

    def expect(self, code, request):
        """The next message that is not a watchdog; it has to be this one."""
        while True:
            m = self.receive()
            if m.code == DWR and m.flags & REQUEST:
                self.answer(m, [avp(268, 2001)] + self.origin(), 0)
                continue
            assert m.code == code and bool(m.flags & REQUEST) == request, f"{m.code} with flags {m.flags:#x} instead of {code}"
            return m

    def ask(self, code, app, avps, flags=REQUEST | PROXIABLE, end=None):
        """Sends a request, returns its answer."""
        hop = next(self.ids)
        self.send(message(code, app, flags, avps, hop, end or self.end_base + hop))
        m = self.expect(code, False)
        assert m.hop == hop and m.end == (end or self.end_base + hop)
        return m

    def open(self):
        """CER, CEA: returns the Result-Code."""
        return self.ask(CER, 0, self.capabilities(), REQUEST).result

    def accept_open(self, result=2001):
        m = self.expect(CER, True)
        self.answer(m, [avp(268, result)] + self.capabilities(), ERROR if result // 1000 == 3 else 0)
        return m

    def accept_close(self):
        m = self.expect(DPR, True)
        self.answer(m, [avp(268, 2001)] + self.origin(), 0)
        return m

    def close(self):
        self.sock.close()


class Listener:
    """A port where one node of a test waits for the program under test."""

    def __init__(self, host, realm, app, wrap=None):
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.sock.settimeout(proc.HANG_S)
        self.port = self.sock.getsockname()[1]
        self.who, self.wrap = (host, realm, app), wrap

    def accept(self):
        sock, _ = self.sock.accept()
        return Peer(self.wrap(sock) if self.wrap else sock, *self.who)

    def close(self):
        self.sock.close()
