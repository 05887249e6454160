"""scripts/hostile-flood: hostile messages by the hundred thousand, over TLS; does the memory of the edges stay flat?

The messages are those of tests/hostile/cases: a case that leaves its connection open gives messages that go many at a time over one
connection; a case that ends in a closed connection gives the last message of one. Each is sent again and again, in several copies with
other identifiers."""
import argparse
import glob
import itertools
import json
import os
import random
import shutil
import signal
import socket
import ssl
import struct
import sys
import tempfile
import threading
import time

from lablib import lab as L
from lablib import play, proc
from lablib.lean import anonymous_octets
from support import diameter as D
from support.hostile import Case
from support.octets import Octets, read_pieces
from support.tsp import Scs

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SCSS = ("acme", "acme")  # one connection each at a time
COPIES = 4               # of each message
BATCH = 40               # messages in one write
BATCHES = 12             # of one connection
ANSWER_S = proc.HANG_S
LOOKS = 20               # at the memory, after the warm-up
WARM_UP = 0.2            # of the messages: tables, spare memory and the allocator reach their size
GROWTH, GROWTH_OCTETS = 0.05, 1 << 20  # what counts as flat: the larger of the two
NEVER = ("trigger", "dnr", "acknowledged", "kept", "tcp", "reset", "leave", "on")  # steps of cases that are about something else


class Corpus:
    """Octets of the cases: `stay` leave an open connection open, `close` end it, `first` are said before the CER and end it."""

    def __init__(self, folder):
        self.stay, self.close, self.first = [], [], []
        self.weights = []  # of `stay`: the long ones take their time
        names = read_pieces(os.path.join(folder, "pieces"))
        for path in sorted(glob.glob(os.path.join(folder, "cases", "*", "*.case"))):
            self.take(Case(path).steps, names)
        self.weights = [1 / (1 + len(octets) / 1024) for octets in self.stay]

    def take(self, steps, names):
        words = [word for word, _, _ in steps]
        if words[0] not in ("open", "connect") or steps[0][1] != ["acme"] or words.count("send") != 1 or any(w in NEVER for w in words):
            return
        if any("later" in more for _, more, _ in steps):
            return
        lines = [" ".join(line.split()) for line in steps[words.index("send")][2]]
        if words[0] == "connect" and "closed" not in words:
            return
        place = self.first if words[0] == "connect" else self.close if "closed" in words else self.stay
        for _ in range(COPIES):
            octets, one = b"", []
            for line in [*lines, "and"]:
                if line == "and":
                    octets, one = octets + Octets(names).of(one), []
                else:
                    one.append(line)
            place.append(octets)


class Sender(threading.Thread):
    """One SCS that says what the corpus has, until `all_of_us` have said enough."""

    def __init__(self, p, name, corpus, left, seed):
        super().__init__(daemon=True)
        self.play, self.name_of_scs, self.corpus, self.left = p, name, corpus, left
        self.random = random.Random(seed)
        self.sent = self.connections = 0
        self.failure = None

    def run(self):
        try:
            while next(self.left) > 0:
                self.connection()
        except (AssertionError, OSError, EOFError) as e:
            self.failure = repr(e)

    def connection(self):
        scs = Scs(self.play, self.name_of_scs)
        scs.sock.settimeout(ANSWER_S)
        self.connections += 1
        try:
            if self.random.random() < 0.1:
                self.last_words(scs, self.corpus.first)
                return
            assert scs.open() == 2001, "a good CER was refused"
            for _ in range(BATCHES):
                self.batch(scs)
            self.last_words(scs, self.corpus.close)
        finally:
            scs.sock.close()

    def batch(self, scs):
        """Many messages and a DWR in one write; the DWA says that all of them were read."""
        hop = next(scs.ids)
        dwr = D.message(D.DWR, 0, D.REQUEST, scs.origin(), hop, hop)
        scs.sock.sendall(b"".join(self.random.choices(self.corpus.stay, self.corpus.weights, k=BATCH)) + dwr)
        self.sent += BATCH
        while True:
            head = self.exactly(scs.sock, 20)
            self.exactly(scs.sock, int.from_bytes(head[1:4], "big") - 20)
            if head[4] == 0 and int.from_bytes(head[5:8], "big") == D.DWR and struct.unpack(">I", head[12:16])[0] == hop:
                return

    def last_words(self, scs, those):
        """A message after which the gateway closes."""
        try:
            scs.sock.sendall(self.random.choice(those))
            self.sent += 1
            while scs.sock.recv(65536):
                pass
        except (ConnectionError, ssl.SSLError):
            pass

    @staticmethod
    def exactly(sock, n):
        octets = b""
        while len(octets) < n:
            more = sock.recv(n - len(octets))
            if not more:
                raise EOFError("the gateway closed a connection that should stay")
            octets += more
        return octets


class Memory:
    """What the edges hold: looks by the number of messages that were sent."""

    def __init__(self, pids):
        self.pids, self.looks = pids, []

    def look(self, sent):
        self.looks.append((sent, [anonymous_octets(pid) for pid in self.pids]))

    def verdict(self, total):
        """None when flat; else words. Each edge's most after the warm-up is held against what it had just after it."""
        after = [(sent, octets) for sent, octets in self.looks if sent >= total * WARM_UP]
        if len(after) < 3:
            return f"only {len(after)} looks after the warm-up"
        for i, pid in enumerate(self.pids):
            first, most = after[0][1][i], max(octets[i] for _, octets in after)
            allowed = max(first * GROWTH, GROWTH_OCTETS)
            if most - first > allowed:
                return (f"edge {pid} grew from {first >> 10} to {most >> 10} KiB between message {after[0][0]} and {after[-1][0]}; "
                        f"{int(allowed) >> 10} KiB are allowed")
        return None


def parse(argv):
    p = argparse.ArgumentParser(prog="scripts/hostile-flood", formatter_class=argparse.RawDescriptionHelpFormatter, description="""\
hostile-flood - sends the messages of tests/hostile/cases again and again over TLS connections, and looks at the resident memory of the
edges. Flat means: after the warm-up (a fifth of the messages) no edge grows by more than 1 MiB or 5 percent, whichever is more.""")
    p.add_argument("--messages", type=int, default=20000, help="how many (default 20000; 1000000 shows a leak of two octets a message)")
    p.add_argument("--seed", type=int, default=None, help="what is drawn; printed, so that a run can be made again (default: random)")
    p.add_argument("--bin", default=os.path.join(L.ROOT, "build", "bin", "faults"), help="the programs (default build/bin/faults)")
    p.add_argument("--results", metavar="FILE", help="write each verdict to FILE, as JSON")
    p.add_argument("--keep", action="store_true", help="keep the laboratory's directory, also when everything was right")
    return p.parse_args(argv)


def flood(p, options, seed):
    """Returns [(verdict, words or None)]."""
    corpus = Corpus(os.path.join(TESTS, "hostile"))
    print(f"hostile-flood: {len(corpus.stay)} messages of open connections, {len(corpus.close)} that end one, {len(corpus.first)} before a CER", flush=True)
    parent = p.lab["iwf"]["pids"]["parent"]
    before = L.roles(parent)
    memory = Memory(before["edges"])
    senders = []
    sent = lambda: sum(s.sent for s in senders)  # noqa: E731
    left = iter(lambda: options.messages - sent(), object())
    senders += [Sender(p, name, corpus, left, seed + i) for i, name in enumerate(SCSS)]
    began = time.monotonic()
    for s in senders:
        s.start()
    due = itertools.count(1)
    at = next(due) * options.messages // (LOOKS + 4)
    while any(s.is_alive() for s in senders):
        time.sleep(0.05)
        if sent() >= at:
            memory.look(sent())
            at = next(due) * options.messages // (LOOKS + 4)
    memory.look(sent())
    took = time.monotonic() - began
    first, last = memory.looks[0][1], memory.looks[-1][1]
    print(f"hostile-flood: {sent()} messages over {sum(s.connections for s in senders)} connections in {took:.0f} s; the edges have "
          f"{' and '.join(f'{a >> 10} then {b >> 10} KiB' for a, b in zip(first, last))}", flush=True)
    failures = [s.failure for s in senders if s.failure]
    return [("every hostile message was sent", None if sent() >= options.messages and not failures else f"{sent()} were sent; {failures}"),
            ("an edge's resident memory is flat over hostile messages", memory.verdict(options.messages)),
            ("no process of the gateway ended", None if L.roles(parent) == before else f"{before} before, {L.roles(parent)} after"),
            ("another SCS is still served", None if served(p) else "beta is not")]


def served(p):
    try:
        scs = Scs.opened(p, "beta")
        scs.sock.close()
        return True
    except (AssertionError, OSError, EOFError):
        return False


def main(argv=None):
    options = parse(argv)
    if options.messages < 1000:
        print(f"hostile-flood: --messages is {options.messages}, expected 1000 or more", file=sys.stderr)
        return 2
    seed = options.seed if options.seed is not None else random.SystemRandom().randint(1, 999_999_999)
    folder = tempfile.mkdtemp(prefix="mtc-flood-")
    print(f"hostile-flood: seed {seed}, {options.messages} messages, in {folder}", flush=True)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):  # nothing is left behind, whoever ends us
        signal.signal(number, lambda *_: sys.exit(130))
    found = []
    try:
        L.Lab(folder, L.options(bin=options.bin, edges=1, log_level="error", iwf_more="limits: { cer_wait: 3s, handshake_wait: 3s }\n")).up(lambda text: None)
        found = flood(play.Play(folder, options.bin), options, seed)
    except (proc.LabError, socket.error) as e:
        found = [("the laboratory", str(e))]
    finally:
        killed = L.down(folder, lambda text: None)
    if killed:
        found.append(("every process ended by itself", ", ".join(killed)))
    results = [{"name": name, "ok": why is None, "why": why or ""} for name, why in found]
    for r in results:
        if not r["ok"]:
            print(f"FAILED hostile-flood: {r['name']}: {r['why']}", flush=True)
    failed = sum(not r["ok"] for r in results)
    if failed or options.keep:
        print(f"hostile-flood: everything about this run is in {folder}; once more: scripts/hostile-flood --messages {options.messages} --seed {seed}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    if options.results:
        with open(options.results, "w", encoding="utf-8") as out:
            json.dump(results, out, indent=1)
    print(f"hostile-flood: {len(results) - failed} passed, {failed} failed (seed {seed})", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
