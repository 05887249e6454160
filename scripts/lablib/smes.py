"""Rows of the bench about SMEs: what mtc-smssc takes a second beside npm's smpp, which stores nothing, and the memory of connections that only stay."""
import concurrent.futures
import functools
import itertools
import json
import os
import re
import socket
import ssl
import struct
import time

from . import figures, lab, lean, npm, pki, play, proc, rounds
from .rounds import Target

WINDOWS = (1, 64, 512, 4096)
BINDS = 10000
AT_ONCE = 4  # connections that are made at the same time: they wait for each other's handshakes
MOST = 100000  # messages of one run: what waits for one device has this bound
NUMBERS = itertools.count(491720000000)
PASSWORD = "secret08"
MIB = 1048576


class Smssc:
    """mtc-smssc with the SME `acme` in clear, and with `tls` the SME `sealed` over TLS, without a device: messages wait on the disk."""

    def __init__(self, folder, bin_folder, connections=100, tls=False):
        self.folder, self.bin, self.pki, section, sealed = folder, bin_folder, None, "", ""
        # a hash that is quick to make, for ten thousand binds
        hashed = rounds.run(["openssl", "passwd", "-1", "-salt", "labor", PASSWORD]).strip()
        row = f"    - {{ system_id: %s, password: \"{hashed}\", sources: [\"4242\"], rate: 0, window: 10000, binds: 100000%s }}\n"
        if tls:
            self.pki = pki.Pki(os.path.join(folder, "pki"))
            self.pki.ca("sme-ca", "/CN=sme-ca")
            self.pki.leaf("smssc", "sme-ca", lab.SMSSC_HOST, "serverAuth")
            self.pki.leaf("sme", "sme-ca", "sme.test", "clientAuth")
            section = (f"  tls: {{ address: 127.0.0.1, port: 0, certificate: {self.pki.path('smssc.pem')}, key: {self.pki.path('smssc.key')}, "
                       f"anchors: [{self.pki.path('sme-ca.pem')}] }}\n")
            sealed = row % ("sealed", ", certificate: sme.test")
        conf = proc.write(os.path.join(folder, "smssc.yaml"), f"""identity: {{ host: {lab.SMSSC_HOST}, realm: {lab.CORE_REALM} }}
listen: {{ address: 127.0.0.1, port: 0, protection: none }}
state_dir: {os.path.join(folder, "state")}
ue_socket: {os.path.join(folder, "ue.sock")}
sc_address: "{lab.SMSSC_NUMBER}"
allowed_hosts: [{lab.IWF_CORE_HOST}]
log: {{ level: info }}
limits: {{ messages: 10000000, messages_per_ue: {MOST}, ues: 200000, store: 16384 }}
smes:
  plain: {{ address: 127.0.0.1, port: 0 }}
{section}  connections: {connections}
  connections_per_address: {connections}
  unbound_per_address: {connections}
  bind_wait: 60s
  enquire: 1h
  list:
{row % ("acme", "")}{sealed}""")
        self.entry = proc.start("mtc-smssc", [os.path.join(bin_folder, "mtc-smssc"), "-c", conf], folder)
        proc.wait_ready(self.entry)
        with open(self.entry["log"], encoding="utf-8", errors="replace") as f:
            text = f.read()
        self.port, self.tls_port = (int(found[1]) if found else None for found in (
            re.search(r"SMEs connect to 127\.0\.0\.1:(\d+) \(SMPP " + words, text) for words in ("in clear", "over TLS")))

    def end(self):
        proc.end([self.entry], 60)


class Npm:
    """npm's smpp as an SMSC that answers and forgets."""

    def __init__(self, folder):
        script = os.path.join(lab.ROOT, "tests", "interop", "npmsmpp", "server.js")
        self.entry = proc.start("npm-smsc", ["node", "--no-deprecation", script, json.dumps({"address": "127.0.0.1", "quiet": True})], folder,
                                env=npm.environment())
        self.port = proc.wait_until("npm's SMSC listens", self.listens, entries=[self.entry])

    def listens(self):
        found = play.read_json_lines(self.entry["out"])
        return found and found[0]["port"]

    def end(self):
        proc.end([self.entry])


class Load:
    """mtc-sme at one SMSC with one window; a run is as long as its bench wants."""

    def __init__(self, bench, subject, window):
        self.bench, self.subject, self.window, self.count = bench, subject, window, min(MOST, 50 * window + 500)

    def __call__(self):
        words = ["submit", "--connect", f"127.0.0.1:{self.subject.port}", "--plain", "--system-id", "acme", "--password", PASSWORD, "--source", "4242",
                 "--to", str(next(NUMBERS)), "--payload", "x" * 40, "--count", str(self.count), "--window", str(self.window)]
        cpu = proc.cpu_s(self.subject.entry["pid"])
        summary = play.json_lines(rounds.run([os.path.join(self.bench.tools, "mtc-sme"), *words], 300))[-1]
        cpu = proc.cpu_s(self.subject.entry["pid"]) - cpu
        if summary["accepted"] != self.count:
            raise proc.LabError(f"not every message was taken: {summary}")
        done = Done(self.count / max(0.001, summary["milliseconds"] / 1000), 1e6 * cpu / self.count)
        self.count = max(100, min(MOST, int(done.rate * self.bench.seconds)))
        return done


class Done:
    def __init__(self, rate, us):
        self.rate, self.us = rate, us


def flushes(folder, seconds):
    """A bare write of 4 KiB and its flush, over and over: how many a second."""
    fd = os.open(os.path.join(folder, "flushed"), os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        os.pwrite(fd, b"x" * 4096 * 1024, 0)
        os.fsync(fd)
        begun, n = time.monotonic(), 0
        while time.monotonic() - begun < seconds:
            os.pwrite(fd, b"y" * 4096, 4096 * (n % 1024))
            os.fdatasync(fd)
            n += 1
        return Done(n / (time.monotonic() - begun), 0)
    finally:
        os.close(fd)


def submits(bench):
    """One load generator against both, at equal windows and each at its best."""
    if npm.missing():
        raise proc.LabError(npm.missing())
    ours, theirs = bench.begin(Smssc, bench.bin), bench.begin(Npm)
    tasks = {(who, window): Load(bench, subject, window) for window in WINDOWS for who, subject in (("mtc-smssc", ours), ("npm smpp", theirs))}
    tasks["flush"] = functools.partial(flushes, bench.place(), bench.seconds)
    got = bench.in_turn(tasks)
    flush = got.pop("flush")

    def best(who):
        return [max(got[who, window][n].rate for window in WINDOWS) for n in range(len(flush))]
    targets = [Target("messages a second, each at its best window, durable : npm smpp, which stores nothing",
                      [a / b for a, b in zip(best("mtc-smssc"), best("npm smpp"))], 1, 1.5)]
    targets += [Target(f"the same at window {window}", rounds.ratio(got["mtc-smssc", window], got["npm smpp", window]), None, None)
                for window in WINDOWS]
    targets.append(Target("messages at window 1 : bare flushes of 4 KiB", rounds.ratio(got["mtc-smssc", 1], flush), None, None))
    return {"inside": "mtc-sme over one connection in clear; mtc-smssc has each message on disk before it answers, for a device that is away; npm smpp answers and "
                      "forgets",
            "subjects": [{**figures.rates(f"{who}, window {window}", [r.rate for r in each]), "cpu_us": {who: round(sum(r.us for r in each) / len(each), 1)},
                          "latency_ms": {"mean": round(1000 * window / (sum(r.rate for r in each) / len(each)), 3)}} for (who, window), each in got.items()],
            "lines": [f"{sum(r.rate for r in flush) / len(flush):,.0f} bare flushes a second: a commit is two of them, and all that one window brings shares one "
                      "commit, so that small windows measure the disk"],
            "targets": targets}


# -- connections that only stay

def bind(port, system_id, context):
    s = socket.create_connection(("127.0.0.1", port), timeout=proc.HANG_S)
    if context:
        s = context.wrap_socket(s, server_hostname=lab.SMSSC_HOST)
    body = system_id.encode() + b"\0" + PASSWORD.encode() + b"\0\0\x34\0\0\0"
    s.sendall(struct.pack(">IIII", 16 + len(body), 9, 0, 1) + body)
    answer = b""
    while len(answer) < 16:
        more = s.recv(256)
        if not more:
            raise proc.LabError(f"the bind of {system_id} was not answered")
        answer += more
    if struct.unpack(">IIII", answer[:16])[1:3] != (0x80000009, 0):
        raise proc.LabError(f"the bind of {system_id} was refused: {answer.hex()}")
    return s


def idle(bench, count, tls):
    """MiB of anonymous memory with so many idle binds, less what the process had before, and with that."""
    smssc = bench.begin(Smssc, bench.bin, connections=count + 16, tls=tls)
    context = None
    if tls:
        context = ssl.create_default_context(cafile=smssc.pki.path("sme-ca.pem"))
        context.load_cert_chain(smssc.pki.path("sme.pem"), smssc.pki.path("sme.key"))
    before = lean.anonymous_octets(smssc.entry["pid"])
    one = functools.partial(bind, smssc.tls_port if tls else smssc.port, "sealed" if tls else "acme", context)
    held = []
    try:
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            held += pool.map(lambda _: one(), range(count))
        after = lean.anonymous_octets(smssc.entry["pid"])
        if not proc.alive(smssc.entry):
            raise proc.LabError("mtc-smssc ended")
    finally:
        for s in held:
            s.close()
    bench.say(f"{count:,} idle binds {'over TLS' if tls else 'in clear'}: {after / MIB:.0f} MiB")
    return before / MIB, after / MIB


def binds(bench, count=BINDS):
    plain, sealed = idle(bench, count, False), idle(bench, count, True)
    return {"inside": f"{count:,} SMEs that are bound as transceivers and say nothing; anonymous memory of mtc-smssc",
            "subjects": [],
            "lines": [f"{words}: {(after - before) * MIB / count:,.0f} bytes for each bind, {before:.1f} MiB without" for words, (before, after) in (
                ("in clear", plain), ("over TLS", sealed))],
            "targets": [Target(f"{count:,} idle binds in clear", [plain[1]], 200, 100, "MiB", most=True),
                        Target(f"{count:,} idle binds over TLS", [sealed[1]], 500, 300, "MiB", most=True)]}


ROWS = {"submits": submits, "binds": binds}
