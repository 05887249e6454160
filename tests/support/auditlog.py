"""A verifier of the audit that shares no code with the product: it reads the files as docs/user/audit.md describes them, and says what is wrong.

The tree is built in one list of levels, seals and checkpoints are checked with the library `cryptography`."""
import base64
import glob
import hashlib
import json
import os

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

DASH = "—"


def sha(octets):
    return hashlib.sha256(octets).digest()


def leaf_of(octets):
    return sha(b"\x00" + octets)


def node_of(left, right):
    return sha(b"\x01" + left + right)


class Tree:
    """Complete subtrees from left to right, as (size, root)."""

    def __init__(self):
        self.peaks, self.size = [], 0

    def add(self, leaf):
        size, root = 1, leaf
        while self.peaks and self.peaks[-1][0] == size:
            root = node_of(self.peaks.pop()[1], root)
            size *= 2
        self.peaks.append((size, root))
        self.size += 1

    def root(self):
        if not self.peaks:
            return sha(b"")
        root = self.peaks[-1][1]
        for _, left in reversed(self.peaks[:-1]):
            root = node_of(left, root)
        return root


class Checkpoint:
    def __init__(self, text):
        body, _, signatures = text.partition("\n\n")
        self.body = body + "\n"
        lines = body.split("\n")
        self.origin, self.size, self.root = lines[0], int(lines[1]), base64.b64decode(lines[2], validate=True)
        assert str(self.size) == lines[1] and len(self.root) == 32
        start = f"{DASH} {self.origin} "
        blobs = [base64.b64decode(line[len(start):], validate=True) for line in signatures.split("\n") if line.startswith(start)]
        assert blobs and len(blobs[0]) == 68
        self.key_id, self.signature = blobs[0][:4], blobs[0][4:]


def key_of(vkey):
    """(origin, key id, public key) of NAME+ID+KEY."""
    name, ident, key = vkey.strip().split("+", 2)
    raw = base64.b64decode(key, validate=True)
    assert raw[0] == 1 and sha(name.encode() + b"\n" + raw)[:4].hex() == ident
    return name, bytes.fromhex(ident), raw[1:]


def signed(key, signature, octets):
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, octets)
    except InvalidSignature:
        return False
    return True


def read(path):
    with open(path, "rb") as f:
        return f.read()


def checkpoints_of(path):
    """Of a note, or of lines of JSON."""
    text = read(path).decode()
    if text.startswith("{"):
        return [Checkpoint(json.loads(line)["checkpoint"]) for line in text.splitlines()]
    return [Checkpoint(text)]


class Audit:
    """What is wrong with a directory: `problems`, a list of words."""

    def __init__(self, folder, vkey=None, against=()):
        self.folder, self.problems, self.tree, self.against = folder, [], Tree(), list(against)
        self.sealed, self.records, self.lines = 0, 0, []
        own = read(os.path.join(folder, "vkey")).decode()
        self.origin, self.key_id, self.key = key_of(vkey or own)
        if key_of(own) != (self.origin, self.key_id, self.key):
            self.problems.append("another gateway")
        self.last = self.checkpoint()
        self.read_records()
        self.compare_end()

    def good(self, c):
        return c.origin == self.origin and c.key_id == self.key_id and signed(self.key, c.signature, c.body.encode())

    def checkpoint(self):
        try:
            c = Checkpoint(read(os.path.join(self.folder, "checkpoint")).decode())
        except (OSError, ValueError, AssertionError):
            self.problems.append("no checkpoint")
            return None
        if c.origin != self.origin:
            self.problems.append("checkpoint of another origin")
            return None
        if not self.good(c):
            self.problems.append("checkpoint with a wrong signature")
            return None
        return c

    def compare(self):
        root = self.tree.root()
        if self.last and self.last.size == self.tree.size and root != self.last.root:
            self.problems.append("root is not that of the checkpoint")
        for c in self.against:
            if c.size == self.tree.size and root != c.root:
                self.problems.append("root is not that of a kept checkpoint")

    def seal(self, record, line):
        text = line[:line.index(b',"signature":"')]
        octets = b"mtc-iwf audit seal 1\n" + self.origin.encode() + b"\n" + text + b"\n"
        good = self.seal_key is not None and signed(self.seal_key, base64.b64decode(record["signature"]), octets)
        if not good:
            self.problems.append(f"seal {record['seq']}: wrong signature")
        if record["digest"] != self.tree.root().hex():
            self.problems.append(f"seal {record['seq']}: other records were sealed")
            good = False
        if record["first"] != self.first:
            self.problems.append(f"seal {record['seq']}: begins elsewhere")
            good = False
        self.seal_key = None if record["last"] else base64.b64decode(record["key"])
        return good

    def read_records(self):
        self.seal_key, self.first = None, 0
        vouched = False
        for path in sorted(glob.glob(os.path.join(self.folder, "records", "*.jsonl"))):
            if int(os.path.basename(path)[:20]) != self.records:
                self.problems.append(f"file {os.path.basename(path)} follows {self.records} records")
            for line in read(path).split(b"\n")[:-1]:
                record = json.loads(line)
                if record["seq"] != self.records:
                    self.problems.append(f"record {record['seq']} where {self.records} was expected")
                self.records = record["seq"] + 1
                event = record.get("event") if record["action"] == "audit" else None
                good = False
                if event == "start":
                    self.seal_key, self.first = base64.b64decode(record["key"]), self.tree.size
                    vouched = bool(self.last) and record["seq"] < self.last.size
                elif event == "seal":
                    good = self.seal(record, line) and vouched
                self.tree.add(leaf_of(line))
                self.lines.append(record)
                if event == "seal":
                    self.sealed = self.tree.size if good else self.sealed
                    self.first = self.tree.size
                self.compare()

    def compare_end(self):
        if self.last and self.tree.size < self.last.size:
            self.problems.append("cut off in front of the checkpoint")
        for c in self.against:
            if not self.good(c):
                self.problems.append("kept checkpoint of another key")
            if c.size > self.tree.size or (self.last and c.size > self.last.size):
                self.problems.append("rolled back behind a kept checkpoint")
