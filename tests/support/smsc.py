"""An SMS-SC over SMPP by hand, for the southbound side of the gateway; it shares nothing with the codec under test."""
import contextlib
import queue
import socket
import ssl
import struct
import threading

from lablib import lab as L
from lablib import proc

(SUBMIT, DELIVER, UNBIND, CANCEL, BIND, ENQUIRE) = (0x4, 0x5, 0x6, 0x8, 0x9, 0x15)
NACK = RESP = 0x80000000
(MESSAGE_ID, STATE, REFERENCE, PAYLOAD, PORT) = (0x1E, 0x427, 0x204, 0x424, 0x20B)
DELIVERED, EXPIRED, DELETED, UNDELIVERABLE, ENROUTE = 2, 3, 4, 5, 1
WORDS = {1: "ENROUTE", 2: "DELIVRD", 3: "EXPIRED", 4: "DELETED", 5: "UNDELIV"}
THROTTLED = 0x58
PASSWORD, SYSTEM_ID = "geheim", "mtcgw"
PAUSE_S = 0.5  # of the gateway, when it is throttled


def text(value):
    return value.encode() + b"\0"


def tlv(tag, value):
    return struct.pack(">HH", tag, len(value)) + value


class Pdu:
    """One PDU; of submit_sm and cancel_sm the members by name."""

    def __init__(self, octets):
        self.length, self.command, self.status, self.sequence = struct.unpack(">IIII", octets[:16])
        self.body, self.at = octets[16:], 0
        if self.command == SUBMIT:
            self.read_submit()
        elif self.command == CANCEL:
            self.service, self.message_id, self.source, self.destination = self.cstring(), self.cstring(), self.address(), self.address()
        elif self.command == BIND:
            self.system_id, self.password, self.system_type, self.version = self.cstring(), self.cstring(), self.cstring(), self.octet()

    def cstring(self):
        end = self.body.index(b"\0", self.at)
        value, self.at = self.body[self.at:end].decode(), end + 1
        return value

    def octet(self):
        self.at += 1
        return self.body[self.at - 1]

    def address(self):
        return self.octet(), self.octet(), self.cstring()

    def read_submit(self):
        self.service, self.source, self.destination = self.cstring(), self.address(), self.address()
        self.esm_class, self.protocol_id, self.priority = self.octet(), self.octet(), self.octet()
        self.schedule, self.validity = self.cstring(), self.cstring()
        self.registered, self.replace, self.coding, self.default, n = (self.octet() for _ in range(5))
        self.short, self.at = self.body[self.at:self.at + n], self.at + n
        self.tlvs = {}
        while self.at < len(self.body):
            tag, n = struct.unpack(">HH", self.body[self.at:self.at + 4])
            self.tlvs[tag], self.at = self.body[self.at + 4:self.at + 4 + n], self.at + 4 + n

    def reference(self):
        return struct.unpack(">H", self.tlvs[REFERENCE])[0]


class Smsc:
    """Listens; `bind_status` and `mute` are for the next PDU. Requests of the gateway are in take()."""

    def __init__(self, address, context=None):
        self.server = socket.create_server((address, 0))
        self.address, self.port = self.server.getsockname()[:2]
        self.context, self.bind_status, self.mute, self.binds = context, 0, False, []
        self.requests, self.answers = queue.Queue(), queue.Queue()
        self.sock, self.sequence, self.lock, self.last_id = None, 0, threading.Lock(), 1000
        self.enquired = threading.Event()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                sock, _ = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(sock,), daemon=True).start()

    def talk(self, sock):
        with contextlib.suppress(OSError, ssl.SSLError, EOFError):
            if self.context:
                sock = self.context.wrap_socket(sock, server_side=True)
            while True:
                head = self.exactly(sock, 4)
                self.on_pdu(sock, Pdu(head + self.exactly(sock, struct.unpack(">I", head)[0] - 4)))
        sock.close()

    @staticmethod
    def exactly(sock, n):
        octets = b""
        while len(octets) < n:
            more = sock.recv(n - len(octets))
            if not more:
                raise EOFError
            octets += more
        return octets

    def on_pdu(self, sock, p):
        if p.command == BIND:
            self.binds.append((p.system_id, p.password, p.version))
            self.sock = sock if not self.bind_status else self.sock
            self.answer(p, text("smsc") if not self.bind_status else b"", self.bind_status, sock)
        elif p.command == ENQUIRE:
            self.enquired.set()
            if not self.mute:
                self.answer(p, sock=sock)
        elif p.command & RESP:
            self.answers.put(p)
        elif p.command == UNBIND:
            self.answer(p, sock=sock)
        else:
            self.requests.put(p)

    def send(self, octets, sock=None):
        with self.lock:
            (sock or self.sock).sendall(octets)

    def answer(self, p, body=b"", status=0, sock=None, sequence=None):
        self.send(struct.pack(">IIII", 16 + len(body), p.command | RESP, status, p.sequence if sequence is None else sequence) + body, sock)

    def take(self, command=SUBMIT, wait_s=proc.HANG_S):
        """The next request of the gateway."""
        p = self.requests.get(timeout=wait_s)
        assert p.command == command, hex(p.command)
        return p

    def nothing(self, wait_s=0.4):
        """True when no request comes for a moment."""
        try:
            self.requests.get(timeout=wait_s)
        except queue.Empty:
            return True
        return False

    def accept(self, p, message_id=None):
        self.last_id += 1
        message_id = str(self.last_id) if message_id is None else message_id
        self.answer(p, text(message_id))
        return message_id

    def receipt_of(self, submit, message_id, state=DELIVERED, parameters=True, reference=False, words=None, device=None):
        """A receipt: its sequence number and octets."""
        what = text("") + bytes([1, 1]) + text(device or submit.destination[2]) + bytes([1, 1]) + text(submit.source[2])
        words = f"id:{words or message_id} sub:001 dlvrd:001 submit date:2611300000 done date:2611300000 stat:{WORDS[state]} err:000 text:"
        what += bytes([4, 0, 0]) + b"\0\0" + bytes([0, 0, 0, 0, len(words)]) + words.encode()
        if parameters:
            what += tlv(MESSAGE_ID, text(message_id)) + tlv(STATE, bytes([state]))
        if reference:
            what += tlv(REFERENCE, submit.tlvs[REFERENCE])
        self.sequence += 1
        return self.sequence, struct.pack(">IIII", 16 + len(what), DELIVER, 0, self.sequence) + what

    def receipt(self, submit, message_id, state=DELIVERED, **more):
        """Sends a receipt; returns its sequence number."""
        sequence, octets = self.receipt_of(submit, message_id, state, **more)
        self.send(octets)
        return sequence

    def received(self, sequence, wait_s=proc.HANG_S):
        """The status with which the gateway answered the receipt."""
        p = self.answers.get(timeout=wait_s)
        assert p.sequence == sequence, (p.sequence, sequence)
        return p.status

    def cut(self):
        self.sock.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.server.close()
        with contextlib.suppress(OSError, AttributeError):
            self.cut()


class Southbound(L.Lab):
    """A laboratory whose gateway has Smsc in place of mtc-smssc, which only serves the devices."""

    sc, smssc_conf, peer_conf = None, "", "protection: none"

    def iwf_config(self):
        secret = self.path("smsc.password")
        with open(secret, "w", encoding="ascii", opener=lambda p, f: __import__("os").open(p, f, 0o600)) as f:
            f.write(PASSWORD + "\n")
        node = self.lab["smssc"]
        body = super().iwf_config()
        old = f"    address: {node['address']}\n    port: {node['port']}\n    protection: none\n"
        assert old in body
        body = body.replace(old, f"    address: {self.sc.address}\n    port: {self.sc.port}\n    {self.peer_conf}\n")
        return body + f"smssc: {{ protocol: smpp, system_id: {SYSTEM_ID}, password_file: {secret}, pause: {int(PAUSE_S * 1000)}ms{self.smssc_conf} }}\n"


@contextlib.contextmanager
def southbound(labs, conf="", peer="protection: none", context=None, beside=(), **changes):
    """A laboratory with an SMS-SC over SMPP that the test plays: p.sc. beside: other kinds of laboratories that it is, too."""
    sc = Smsc(labs.address, context)
    kind = type("SouthboundLab", (Southbound, *beside), {"sc": sc, "smssc_conf": conf, "peer_conf": peer})
    p = labs.up(kind=kind, **changes)
    p.sc = sc
    yield p
    sc.close()
    wrong = labs.down(p)
    assert not wrong, "\n".join(wrong)
