"""Runs in the guest of test_guest_ndsip.py: the rules of NDS/IP with the IPsec of its kernel. Security associations are set by hand between two
network namespaces, in tunnel and in transport mode. Shown beside its opposite: `meta ipsec missing` on input and `rt ipsec missing` on output drop
the clear packets of a connection whose security associations have ended, and nothing while they are there; without either of the two, and with the
other, its packets pass in the clear; what comes decrypted and is not for the listener is dropped. One line for each thing that holds; exit status 0:
all of them.

usage: inside_ndsip_rules.py BIN"""
import contextlib
import os
import select
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "scripts"))
from lablib import netns, proc, tunnel  # noqa: E402

INPUT, OUTPUT = "listener tsp: input from outside the tunnel", "listener tsp: output outside the tunnel"  # comments of rules
TABLE = "mtc_iwf_ndsip"
PORT, OTHER_PORT = 3868, 3870
KEYS = {"gw": "0x" + "11" * 20, "scs": "0x" + "22" * 20}  # of what each side sends
SPI = {"gw": "0x1001", "scs": "0x1002"}
MARK = b"CLEAR-TEXT-MARK"
OUTER = {"gw": tunnel.LINKS["gw"]["scs"][1], "scs": tunnel.LINKS["scs"]["gw"][1]}
INNER = {side: tunnel.PROTECTED[side][0] for side in ("gw", "scs")}


def configuration(address):
    return f"""identity:
  external: {{ host: iwf.operator.example, realm: operator.example }}
  internal: {{ host: iwf.core.operator.example, realm: core.operator.example }}
trust_anchors: [{{ name: anchor-a, file: ca.pem }}]
listen:
  - {{ name: tsp, zone: external, protection: ndsip, address: {address}, port: {PORT} }}
ndsip: {{ mode: xfrm, certificate: own.pem, local_ike: ["10.77.0.9"] }}
peers:
  - {{ name: hss, host: hss.core.operator.example, realm: core.operator.example, address: 10.78.0.2, port: 3868, protection: none }}
  - {{ name: smssc, host: smssc.core.operator.example, realm: core.operator.example, address: 10.78.0.2, port: 3869, protection: none }}
s6m: {{ peer: hss, destination_realm: core.operator.example }}
t4: {{ peer: smssc, destination_realm: core.operator.example }}
"""


class Ends:
    """Two hosts, and security associations between them that are set and removed by hand."""

    def __init__(self, mode, folder, bin_folder):
        self.mtcctl_path = os.path.join(bin_folder, "mtcctl")
        self.mode, self.hosts = mode, tunnel.Hosts(f"rul-{mode}")
        self.address = OUTER if mode == "transport" else INNER
        self.conf = os.path.join(folder, mode + ".yaml")
        with open(self.conf, "w", encoding="ascii") as f:
            f.write(configuration(self.address["gw"]))
        self.closing = contextlib.ExitStack()
        self.hosts.up()
        self.capture = self.closing.enter_context(contextlib.closing(netns.Capture(self.hosts.name("gw"), "outside")))

    def xfrm(self, side, *words):
        tunnel.run("ip", "-n", self.hosts.name(side), "xfrm", *words)

    def protect(self):
        for side in ("gw", "scs"):
            for ours, theirs in (("gw", "scs"), ("scs", "gw")):
                self.xfrm(side, "state", "add", "src", OUTER[ours], "dst", OUTER[theirs], "proto", "esp", "spi", SPI[ours], "reqid", "1", "mode",
                          self.mode, "aead", "rfc4106(gcm(aes))", KEYS[ours], "128")
            other = "scs" if side == "gw" else "gw"
            for ours, theirs, ways in ((side, other, ["out"]), (other, side, ["in", "fwd"])):
                for way in ways:
                    self.xfrm(side, "policy", "add", "src", f"{self.address[ours]}/32", "dst", f"{self.address[theirs]}/32", "proto", "tcp", "dir", way,
                              "tmpl", "src", OUTER[ours], "dst", OUTER[theirs], "proto", "esp", "reqid", "1", "mode", self.mode)

    def end(self, *what):
        for side in ("gw", "scs"):
            for kind in what:
                self.xfrm(side, kind, "flush")

    def mtcctl(self, action):
        done = subprocess.run(self.hosts.inside("gw", self.mtcctl_path, "ndsip", "rules", action, "-c", self.conf), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=proc.HANG_S, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def counted(self, what):
        shown = tunnel.run(*self.hosts.inside("gw", "nft", "list", "table", "inet", TABLE)).stdout
        return sum(int(line.split("packets ")[1].split()[0]) for line in shown.splitlines() if what in line and "packets " in line)

    def without(self, chain, comment):
        """The rules that mtcctl makes, but for this one."""
        self.mtcctl("--apply")
        shown = tunnel.run(*self.hosts.inside("gw", "nft", "-a", "list", "chain", "inet", TABLE, chain)).stdout
        handle, = [line.split()[-1] for line in shown.splitlines() if f'"{comment}"' in line]
        tunnel.run(*self.hosts.inside("gw", "nft", "delete", "rule", "inet", TABLE, chain, "handle", handle))

    def listener(self, port=PORT):
        return self.closing.enter_context(contextlib.closing(netns.listener(self.hosts.name("gw"), self.address["gw"], port)))

    def client(self):
        return self.closing.enter_context(contextlib.closing(netns.client(self.hosts.name("scs"), self.address["scs"])))

    def connection(self, listener, port=PORT):
        c = self.client()
        c.connect((self.address["gw"], port))
        s = self.closing.enter_context(contextlib.closing(listener.accept()[0]))
        s.settimeout(proc.HANG_S)
        c.settimeout(proc.HANG_S)
        return c, s

    def down(self):
        self.closing.close()
        self.hosts.down()


def holds(what, yes):
    print(f"{'ok' if yes else 'FAILED'}: {what}", flush=True)
    if not yes:
        sys.exit(1)


def until(what, check, wait_s=proc.HANG_S):
    end = time.monotonic() + wait_s
    while not check():
        if time.monotonic() > end:
            holds(what, False)
        time.sleep(0.05)
    holds(what, True)


def talk(a, b):
    a.sendall(MARK)
    got = b""
    while len(got) < len(MARK):
        got += b.recv(100)
    return got == MARK


def nothing_came(s):
    return not select.select([s], [], [], 0)[0]


def refused(ends, port):
    with contextlib.closing(netns.client(ends.hosts.name("scs"), ends.address["scs"])) as c:  # closed: its SYN would come again, later
        c.settimeout(1)
        try:
            c.connect((ends.address["gw"], port))
        except OSError:
            return True
    return False


def play(mode, folder, bin_folder):
    ends = Ends(mode, folder, bin_folder)
    try:
        listener, other = ends.listener(), ends.listener(OTHER_PORT)
        # Without rules: a connection goes on in the clear when its security associations end.
        ends.protect()
        c, s = ends.connection(listener)
        holds(f"{mode}: a connection is encrypted", talk(c, s) and talk(s, c) and
              not any(netns.ends_of(f)[2] == netns.TCP and MARK in f for f in sent(ends)))
        ends.connection(other, OTHER_PORT)
        ends.end("policy", "state")
        holds(f"{mode}: without rules it goes on in the clear", talk(c, s) and talk(s, c) and any(MARK in f for f in sent(ends)))
        # With them it waits, and nothing of it leaves.
        ends.protect()
        ends.mtcctl("--apply")
        holds(f"{mode}: the rules stand", "stand" in ends.mtcctl("--check"))
        holds(f"{mode}: with rules a connection is made through the tunnel", talk(*ends.connection(listener)) and talk(c, s) and talk(s, c))
        holds(f"{mode}: the rules have dropped nothing of it", ends.counted("drop") == 0)
        holds(f"{mode}: another port cannot be reached through the tunnel",
              refused(ends, OTHER_PORT) and ends.counted("anything else from the tunnel") > 0)
        ends.end("policy", "state")
        sent(ends)
        s.sendall(MARK)
        until(f"{mode}: rt ipsec missing drops output in the clear", lambda: ends.counted(OUTPUT) > 0)
        holds(f"{mode}: and it does not arrive", nothing_came(c))
        c.sendall(MARK)
        until(f"{mode}: meta ipsec missing drops input in the clear", lambda: ends.counted(INPUT) > 0)
        holds(f"{mode}: and that is not taken in", nothing_came(s))
        holds(f"{mode}: no new connection in the clear", refused(ends, PORT))
        clear = (ends.address["gw"], ends.address["scs"], netns.TCP, PORT)
        holds(f"{mode}: nothing of ours was on the wire", clear not in [netns.ends_of(f)[:4] for f in sent(ends)])
        ends.protect()
        holds(f"{mode}: it goes on when it is protected again", s.recv(len(MARK)) == MARK and c.recv(len(MARK)) == MARK)
        # The policy without a state, as while IKE negotiates.
        ends.end("state")
        sent(ends)
        s.sendall(MARK)
        time.sleep(1)
        holds(f"{mode}: a policy without a security association sends nothing", not any(MARK in f for f in sent(ends)))
        each_rule(ends, listener)
    finally:
        ends.down()


def each_rule(ends, listener):
    """It is this rule that drops, and not the other one: in each direction what is sent passes in the clear without it."""
    ends.end("policy")
    ends.protect()
    c, s = ends.connection(listener)
    ends.end("policy", "state")
    c.sendall(MARK)
    ends.without("input", INPUT)
    came = s.recv(len(MARK)) == MARK
    until(f"{ends.mode}: only the rule on input keeps out what comes in the clear", lambda: came and ends.counted(OUTPUT) > 0)  # its answer
    ends.mtcctl("--apply")
    sent(ends)
    s.sendall(MARK)
    ends.without("postrouting", OUTPUT)
    came = c.recv(len(MARK)) == MARK and any(MARK in f for f in sent(ends))
    until(f"{ends.mode}: only the rule on output keeps back what would leave in the clear", lambda: came and ends.counted(INPUT) > 0)


def sent(ends):
    """Frames with IP that the gateway has put on the wire since the last call; the kernel also shows the decrypted copy of what came in."""
    ours = (OUTER["gw"], INNER["gw"])
    return [f for f in ends.capture.frames() if netns.ends_of(f) and netns.ends_of(f)[0] in ours]


def main(bin_folder):
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        for mode in ("tunnel", "transport"):
            play(mode, folder, bin_folder)


if __name__ == "__main__":
    main(*sys.argv[1:])
