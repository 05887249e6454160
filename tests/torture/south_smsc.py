"""An SMS-SC over SMPP with its devices, as a process that may be killed at any time: what it has taken is in a file before it answers, and what
a device did is there in the same write as its outcome. It shares nothing with the codec under test.

Beside killing, it is as bad as SMPP allows: it throttles, refuses, never answers some submits, and sends some receipts before its answer."""
import asyncio
import json
import os
import random
import re
import struct
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "scripts"), os.path.join(ROOT, "tests")]
from support import smsc as M  # noqa: E402

THROTTLED, SYSTEM_ERROR, WRONG_ADDRESS, NOT_CANCELLED = 0x58, 0x08, 0x0B, 0x11
AGAIN_S = 0.8  # a receipt without an answer is sent again
LOOK_S = 0.03
WORDS = {M.DELIVERED: "DELIVRD", M.EXPIRED: "EXPIRED", M.DELETED: "DELETED", M.UNDELIVERABLE: "UNDELIV"}
SPAN = re.compile(r"(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)000R")


def now_ms():
    return int(time.time() * 1000)


def part_of(header):
    """[reference, number of parts, part] of an element 08; None: one message."""
    at = 1
    while at + 2 <= len(header):
        kind, n = header[at], header[at + 1]
        if kind == 8 and n == 4:
            return [int.from_bytes(header[at + 2:at + 4], "big"), header[at + 4], header[at + 5]]
        at += 2 + n
    return None


def taken(p, message_id):
    """The record of a submit_sm."""
    octets = p.short or p.tlvs.get(M.PAYLOAD, b"")
    header = octets[:octets[0] + 1] if p.esm_class & 0x40 else b""
    span = SPAN.fullmatch(p.validity)
    seconds = 0
    if span:
        _, _, days, hours, minutes, rest = (int(n) for n in span.groups())
        seconds = ((days * 24 + hours) * 60 + minutes) * 60 + rest
    return {"op": "take", "id": message_id, "time_ms": now_ms(), "source": p.source[2], "device": p.destination[2], "payload": octets[len(header):].hex(),
            "part": part_of(header), "until_ms": now_ms() + 1000 * seconds if seconds else 0, "reference": p.tlvs[M.REFERENCE].hex()}


class Book:
    """The file, and what it says."""

    def __init__(self, path):
        self.messages, self.ended, self.over = {}, {}, set()
        self.path = path
        if os.path.exists(path):
            with open(path, encoding="ascii") as f:
                for line in f:
                    self.learn(json.loads(line))
        self.fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def learn(self, e):
        if e["op"] == "take":
            self.messages[e["id"]] = e
        elif e["op"] == "end":
            self.ended[e["id"]] = e["state"]
        elif e["op"] == "over":
            self.over.add(e["id"])

    def note(self, *events):
        os.write(self.fd, "".join(json.dumps(e) + "\n" for e in events).encode())
        for e in events:
            self.learn(e)

    def parts(self, m):
        """The messages that are one with this; with all of them, the device acts."""
        if not m["part"]:
            return [m]
        same = (m["source"], m["device"], m["part"][:2])
        return [o for o in self.messages.values() if o["part"] and (o["source"], o["device"], o["part"][:2]) == same]

    def delivered(self, m):
        """The device has this one, and acts when it has the whole."""
        events = [{"op": "end", "id": m["id"], "state": M.DELIVERED, "time_ms": now_ms()}]
        whole = self.parts(m)
        others = [o for o in whole if o["id"] != m["id"]]
        if all(self.ended.get(o["id"]) == M.DELIVERED for o in others) and (not m["part"] or len(whole) == m["part"][1]):
            whole.sort(key=lambda o: o["part"] or [])
            events.append({"op": "act", "id": m["id"], "source": m["source"], "payload": "".join(o["payload"] for o in whole), "time_ms": now_ms()})
        self.note(*events)


class Smsc:
    def __init__(self, folder, seed):
        self.folder, self.book, self.random = folder, Book(os.path.join(folder, "south.jsonl")), random.Random(f"{seed}/{time.time()}")
        self.writer, self.sequence, self.sent, self.due = None, 0, {}, {}
        self.last_id = max((int(n) for n in self.book.messages), default=1000)
        self.absent_at, self.absent = 0, set()

    async def client(self, reader, writer):
        try:
            while True:
                head = await reader.readexactly(4)
                self.on_pdu(M.Pdu(head + await reader.readexactly(struct.unpack(">I", head)[0] - 4)), writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, OSError):
            pass
        if self.writer is writer:
            self.writer = None
        writer.close()

    @staticmethod
    def answer(writer, p, body=b"", status=0):
        writer.write(struct.pack(">IIII", 16 + len(body), p.command | M.RESP, status, p.sequence) + body)

    def on_pdu(self, p, writer):
        if p.command == M.BIND:
            ok = (p.system_id, p.password) == (M.SYSTEM_ID, M.PASSWORD)
            self.answer(writer, p, M.text("south") if ok else b"", 0 if ok else 0x0E)
            self.writer, self.sent = writer if ok else self.writer, {}
        elif p.command == M.SUBMIT:
            self.on_submit(p, writer)
        elif p.command == M.CANCEL:
            self.on_cancel(p, writer)
        elif p.command == M.DELIVER | M.RESP:
            self.on_receipt_answered(p)
        elif not p.command & M.RESP:
            self.answer(writer, p)

    def on_submit(self, p, writer):
        draw = self.random.random()
        for share, status in ((0.01, THROTTLED), (0.02, SYSTEM_ERROR), (0.03, WRONG_ADDRESS)):
            if draw < share:
                self.answer(writer, p, status=status)
                return
        self.last_id += 1
        m = taken(p, str(self.last_id))
        assert p.protocol_id == 0x48, "a trigger without its protocol_id"
        self.book.note(m)
        if draw < 0.05:  # never answered
            return
        if draw < 0.10:  # its receipt comes first
            self.deliver(m)
            asyncio.get_running_loop().call_later(0.05, self.answer, writer, p, M.text(m["id"]))
            return
        self.answer(writer, p, M.text(m["id"]))

    def on_cancel(self, p, writer):
        m = self.book.messages.get(p.message_id)
        if not p.message_id or not m or m["id"] in self.book.ended or m["device"] != p.destination[2]:
            self.answer(writer, p, status=NOT_CANCELLED)
            return
        events = [{"op": "end", "id": m["id"], "state": M.DELETED, "time_ms": now_ms()}]
        if self.random.random() < 0.5:  # some tell of what they deleted, some do not
            events.append({"op": "over", "id": m["id"]})
        self.book.note(*events)
        self.answer(writer, p)

    # -- devices

    def is_absent(self, device):
        path = os.path.join(self.folder, "absent.json")
        changed = os.stat(path).st_mtime_ns if os.path.exists(path) else 0
        if changed != self.absent_at:
            with open(path, encoding="ascii") as f:
                self.absent_at, self.absent = changed, set(json.load(f))
        return device in self.absent

    def deliver(self, m):
        if not self.is_absent(m["device"]):
            self.book.delivered(m)
        elif not m["until_ms"]:
            self.book.note({"op": "end", "id": m["id"], "state": M.UNDELIVERABLE, "time_ms": now_ms()})
        elif now_ms() >= m["until_ms"]:
            self.book.note({"op": "end", "id": m["id"], "state": M.EXPIRED, "time_ms": now_ms()})
        if m["id"] in self.book.ended:
            self.send_receipt(m)

    def send_receipt(self, m):
        state = self.book.ended[m["id"]]
        words = f"id:{m['id']} sub:001 dlvrd:001 submit date:2611300000 done date:2611300000 stat:{WORDS[state]} err:000 text:"
        what = M.text("") + bytes([1, 1]) + M.text(m["device"]) + bytes([1, 1]) + M.text(m["source"])
        what += bytes([4, 0, 0]) + b"\0\0" + bytes([0, 0, 0, 0, len(words)]) + words.encode()
        what += M.tlv(M.MESSAGE_ID, M.text(m["id"])) + M.tlv(M.STATE, bytes([state])) + M.tlv(M.REFERENCE, bytes.fromhex(m["reference"]))
        if self.writer is None:
            return
        self.sequence += 1
        self.sent[self.sequence] = (m["id"], time.monotonic())
        self.writer.write(struct.pack(">IIII", 16 + len(what), M.DELIVER, 0, self.sequence) + what)

    def on_receipt_answered(self, p):
        message_id, _ = self.sent.pop(p.sequence, (None, 0))
        if message_id and p.status == 0 and message_id not in self.book.over:
            self.book.note({"op": "over", "id": message_id})

    def look(self):
        waiting = {message_id: at for message_id, at in self.sent.values()}
        for m in list(self.book.messages.values()):
            if m["id"] in self.book.over:
                continue
            if m["id"] in self.book.ended:
                if time.monotonic() > waiting.get(m["id"], 0) + AGAIN_S:
                    self.send_receipt(m)
            elif time.monotonic() > self.due.setdefault(m["id"], time.monotonic() + self.random.uniform(0.0, 0.6)):
                self.deliver(m)

    async def run(self, address, port):
        server = await asyncio.start_server(self.client, address, port)
        print(json.dumps({"event": "ready", "address": address, "port": port}), flush=True)
        async with server:
            while True:
                await asyncio.sleep(LOOK_S)
                self.look()


if __name__ == "__main__":
    asyncio.run(Smsc(sys.argv[1], sys.argv[4]).run(sys.argv[2], int(sys.argv[3])))
