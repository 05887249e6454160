"""SMEs as an operator provisions them at mtc-smssc, and an SMS-SC with them and with devices."""
import functools
import json
import os
import re
import socket
import struct
import subprocess

from lablib import proc

from support import smpp
from support.smpp import Sme


@functools.cache
def hashed(password, salt="laboratory"):
    return subprocess.run(["openssl", "passwd", "-6", "-salt", salt, password], capture_output=True, text=True, check=True).stdout.strip()


def sme(name, more="", password="secret08", sources='["4242", "4917*", Acme]'):
    """A line of smes.list."""
    return f"""    - {{ system_id: {name}, password: "{hashed(password)}", sources: {sources}, rate: 0{", " if more else ""}{more} }}\n"""


def port_of(log, words="SMPP in clear"):
    """The port that the log of mtc-smssc names; None: it does not."""
    with open(log, encoding="utf-8", errors="replace") as f:
        found = re.findall(r"SMEs connect to [0-9.]+:(\d+) \(" + re.escape(words), f.read())
    return int(found[-1]) if found else None


FIRST = 1010000000001
NUMBER, ABSENT, NOBODY, TRIGGERS_ONLY = "491720000001", "491720000003", "491729999999", "491720000004"
QUICK = """delivery: { answer_wait: 2s, retry_min: 200ms, retry_max: 400ms, restart_wait: 2s }
report: { answer_wait: 1s, retry_min: 200ms, retry_max: 400ms }
"""


def imsi(n):
    return f"{FIRST + n:015d}"


class World:
    """An SMS-SC with SMEs, and two devices that take messages. A third subscriber is never there; a fourth, which is there, takes triggers only."""

    def __init__(self, programs, folder, smes=None, more="", tls="", under=(), wait_s=proc.HANG_S, quick=QUICK):
        self.programs, self.folder, self.starts, self.smes = programs, str(folder), 0, smes or sme("acme") + sme("beta", sources='["777"]')
        self.more, self.tls, self.ue, self.under, self.wait_s, self.quick = more, tls, None, under, wait_s, quick
        with open(self.path("subscribers.jsonl"), "w", encoding="utf-8") as f:
            for n in range(4):
                f.write(json.dumps({"imsi": imsi(n), "msisdn": f"49172000000{n + 1}", "triggers_only": n == 3}) + "\n")
        self.start_smssc()

    def path(self, name):
        return os.path.join(self.folder, name)

    def start(self, name, command):
        self.starts += 1
        return proc.start(f"{name}-{self.starts}", command, self.folder)

    def start_smssc(self):
        proc.write(self.path("smssc.yaml"), f"""identity: {{ host: smssc.core.test, realm: core.test }}
listen: {{ address: 127.0.0.1, port: 0, protection: none }}
state_dir: smssc
ue_socket: ue.sock
sc_address: "491770000000"
allowed_hosts: [iwf.core.test]
{self.quick}smes:
  plain: {{ address: 127.0.0.1, port: 0 }}
{self.tls}  subscribers: subscribers.jsonl
{self.more}  list:
{self.smes}""")
        self.smssc = self.start("mtc-smssc", [*self.under, os.path.join(self.programs, "mtc-smssc"), "-c", self.path("smssc.yaml")])
        proc.wait_ready(self.smssc, self.wait_s)
        self.port, self.tls_port = self.port_of("SMPP in clear"), self.port_of("SMPP over TLS")

    def log(self):
        with open(self.smssc["log"], encoding="utf-8", errors="replace") as f:
            return f.read()

    def port_of(self, words):
        return port_of(self.smssc["log"], words)

    def start_ue(self):
        self.ue = self.start("mtc-ue", [os.path.join(self.programs, "mtc-ue"), "--link", self.path("ue.sock"), "--state", self.path("ue"), "--messages",
                                        "--control", self.path("ctl.sock"), "--imsi", f"{imsi(0)}-{imsi(1)}", "--imsi", imsi(3)])
        proc.wait_until("the devices are there", lambda: self.events(self.ue, "ready"), entries=[self.ue])

    @staticmethod
    def events(entry, kind):
        with open(entry["out"], encoding="utf-8") as f:
            return [e for e in (json.loads(line) for line in f if line.endswith("\n")) if e["event"] == kind]

    def messages(self, n):
        return proc.wait_until(f"{n} messages came", lambda: (lambda m: len(m) >= n and m)(self.events(self.ue, "message")), entries=[self.ue])

    def counts(self):
        seen = len(self.events(self.smssc, "status"))
        os.kill(self.smssc["pid"], 10)
        return proc.wait_until("a status line", lambda: self.events(self.smssc, "status")[seen:], entries=[self.smssc])[0]["smes"]

    def bound(self, **more):
        s = Sme(self.port)
        assert s.bind(**more).status == smpp.OK
        return s

    def order(self, *words):
        """mtc-ue ctl WORDS; its reply."""
        done = subprocess.run([os.path.join(self.programs, "mtc-ue"), "ctl", self.path("ctl.sock"), *map(str, words)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=proc.HANG_S, check=False)
        return json.loads(done.stdout)

    def kill(self):
        os.kill(self.smssc["pid"], 9)
        proc.wait_until("it is gone", lambda: not proc.alive(self.smssc))

    def down(self):
        for entry in (self.ue, self.smssc):
            if entry and proc.alive(entry):
                assert proc.end([entry]) == [], f"{entry['name']} did not end by itself"
        for name in sorted(os.listdir(self.folder)):
            if name.endswith(".log"):
                with open(self.path(name), encoding="utf-8", errors="replace") as f:
                    words = f.read()
                assert not any(sign in words for sign in ("AddressSanitizer", "LeakSanitizer", "runtime error:", "Assertion")), words[-3000:]


class Mobile:
    """A mobile on the lab link, by hand."""

    def __init__(self, w, *names):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(proc.HANG_S)
        self.socket.connect(w.path("ue.sock"))
        for name in names:
            self.send(1, name.encode())

    def send(self, kind, body):
        self.socket.sendall(struct.pack("!HB", 1 + len(body), kind) + body)

    def submit(self, name, tpdu, reference=7):
        rpdu = bytes([0, reference, 0, 2, 0x91, 0xf0, len(tpdu)]) + tpdu
        self.send(5, bytes([len(name)]) + name.encode() + rpdu)

    def data(self):
        """The next message: its delivery id, RP-Message-Reference and TPDU."""
        kind, body = self.read()
        assert kind == 2
        rpdu = body[8:]
        at = 3 + rpdu[2] + 1
        assert rpdu[0] == 1 and rpdu[at - 1] == 0 and len(rpdu) == at + 1 + rpdu[at]
        return struct.unpack("!Q", body[:8])[0], rpdu[1], rpdu[at + 1:]

    def ack(self, delivery, reference, error=None):
        self.send(3, struct.pack("!Q", delivery) + (bytes([2, reference]) if error is None else bytes([4, reference, 1, error])))

    def read(self):
        """(type, body); None: dropped."""
        held = b""
        while len(held) < 2 or len(held) < 2 + struct.unpack("!H", held[:2])[0]:
            got = self.socket.recv(1 if len(held) < 2 else 2 + struct.unpack("!H", held[:2])[0] - len(held))
            if not got:
                return None
            held += got
        return held[2], held[3:]

    def cause(self, name):
        kind, body = self.read()
        while kind == 2:  # what waited for it
            kind, body = self.read()
        assert kind == 6 and body[1:1 + body[0]].decode() == name
        rpdu = body[1 + body[0]:]
        return 0 if rpdu[0] == 3 else rpdu[3]
