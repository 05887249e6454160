"""An SME by hand over SMPP 3.4: octets made and read here, so that it shares nothing with our codec."""
import itertools
import socket
import struct

from lablib import proc

BIND_RX, BIND_TX, QUERY, SUBMIT, DELIVER, UNBIND, REPLACE, CANCEL, BIND_TRX, ENQUIRE, MULTI, DATA = 1, 2, 3, 4, 5, 6, 7, 8, 9, 0x15, 0x21, 0x103
RESP, NACK = 0x80000000, 0x80000000
OK, INVMSGLEN, INVCMDLEN, INVCMDID, INVBNDSTS, ALYBND, SYSERR, INVSRCADR, INVDSTADR = 0, 1, 2, 3, 4, 5, 8, 10, 11
BINDFAIL, CANCELFAIL, REPLACEFAIL, INVESMCLASS, SUBMITFAIL, THROTTLED, INVEXPIRY, QUERYFAIL = 0x0d, 0x11, 0x13, 0x43, 0x45, 0x58, 0x62, 0x67
OPTSTREAM, NOTALLOWED, PARLEN, MISSING, PARVAL, UNKNOWN = 0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xff


def text(value):
    return value.encode("latin-1") + b"\0"


def tlv(tag, value):
    return struct.pack("!HH", tag, len(value)) + value


def address(digits, ton=0, npi=0):
    return bytes([ton, npi]) + text(digits)


def message(to, data=b"", source="4242", service="", esm=0, pid=0, priority=0, schedule="", validity="", registered=0, coding=4, tlvs=b"", destinations=None):
    target = destinations if destinations is not None else address(to, 1, 1)
    return (text(service) + address(source) + target + bytes([esm, pid, priority]) + text(schedule) + text(validity) + bytes([registered, 0, coding, 0, len(data)])
            + data + tlvs)


def data_sm(to, tlvs, source="4242", esm=0, registered=0, coding=4):
    return text("") + address(source) + address(to, 1, 1) + bytes([esm, registered, coding]) + tlvs


class Pdu:
    def __init__(self, octets):
        self.length, self.command, self.status, self.sequence = struct.unpack("!IIII", octets[:16])
        self.body = octets[16:]

    def __repr__(self):
        return f"<command {self.command:#x} status {self.status:#x} sequence {self.sequence} {self.body[:60]}>"

    @property
    def id(self):
        return self.body.split(b"\0")[0].decode()


class Message:
    """A deliver_sm."""

    def __init__(self, pdu):
        at = 0
        self.pdu, body, out = pdu, pdu.body, []
        for kind in "t bbt bbt bbb t t bbbb".replace(" ", ""):
            if kind == "b":
                out.append(body[at])
                at += 1
            else:
                end = body.index(b"\0", at)
                out.append(body[at:end].decode("latin-1"))
                at = end + 1
        (self.service, self.source_ton, _, self.source, self.to_ton, _, self.to, self.esm, self.pid, self.priority, _, _, self.registered, _, self.coding, _) = out
        self.data = body[at + 1:at + 1 + body[at]]
        at += 1 + body[at]
        self.tlvs = {}
        while at < len(body):
            tag, size = struct.unpack("!HH", body[at:at + 4])
            self.tlvs[tag] = body[at + 4:at + 4 + size]
            at += 4 + size

    @property
    def receipt(self):
        """The fields of a receipt's text."""
        words = self.data.decode().replace("submit date", "submit_date").replace("done date", "done_date")
        head, _, rest = words.partition(" text:")
        return dict(word.split(":", 1) for word in head.split(" ")) | {"text": rest}


class Sme:
    def __init__(self, port, context=None, name=None, wait=proc.HANG_S):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=wait)
        if context:
            self.socket = context.wrap_socket(self.socket, server_hostname=name)
        self.numbers, self.held, self.kept = itertools.count(1), b"", []

    def send(self, command, body=b"", sequence=None, status=0):
        sequence = next(self.numbers) if sequence is None else sequence
        self.socket.sendall(struct.pack("!IIII", 16 + len(body), command, status, sequence) + body)
        return sequence

    def read(self):
        """The next PDU; None: the other end has closed."""
        while len(self.held) < 4 or len(self.held) < struct.unpack("!I", self.held[:4])[0]:
            try:
                got = self.socket.recv(65536)
            except ConnectionError:
                return None
            if not got:
                return None
            self.held += got
        size = struct.unpack("!I", self.held[:4])[0]
        octets, self.held = self.held[:size], self.held[size:]
        return Pdu(octets)

    def answer_to(self, sequence):
        """Everything else is kept for delivered()."""
        while True:
            pdu = self.read()
            assert pdu, "the other end has closed"
            if pdu.command & RESP and pdu.sequence == sequence:
                return pdu
            self.kept.append(pdu)

    def ask(self, command, body=b"", **more):
        return self.answer_to(self.send(command, body, **more))

    def bind(self, system_id="acme", password="secret08", command=BIND_TRX, version=0x34):
        return self.ask(command, text(system_id) + text(password) + text("") + bytes([version]) + address(""))

    def submit(self, to, data=b"", **more):
        return self.ask(SUBMIT, message(to, data, **more))

    def delivered(self, answer=OK):
        """The next deliver_sm, answered with this status (None: not)."""
        while True:
            pdu = self.kept.pop(0) if self.kept else self.read()
            assert pdu, "the other end has closed"
            if pdu.command == ENQUIRE:
                self.send(ENQUIRE | RESP, sequence=pdu.sequence)
            if pdu.command == DELIVER:
                if answer is not None:
                    self.send(DELIVER | RESP, b"\0" if answer == OK else b"", sequence=pdu.sequence, status=answer)
                return Message(pdu)

    def close(self):
        self.socket.close()
