"""Runs in the guest of test_guest_ndsip.py: the gateway with the IPsec of its kernel (XFRM), and a charon that is killed. Its security
associations live on in the kernel and encrypt on, and another charon lists none of them: what they carry is proven by nobody. When they end there,
too, nothing leaves in clear text. One line for each thing that holds; exit status 0: all of them.

usage: inside_ndsip_charon.py BIN PKI"""
import datetime
import os
import re
import shutil
import signal
import socket
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.dont_write_bytecode = True
sys.path[:0] = [os.path.join(ROOT, "scripts"), os.path.join(ROOT, "tests")]
from lablib import lab as L  # noqa: E402
from lablib import ndsip, netns, play, proc, protected, tunnel  # noqa: E402
from support.pace import Watch  # noqa: E402

FOLDER = "/var/tmp/lab"
SLOW_S = 300  # at most, for what takes much of an emulated processor
GRACE_MS, CUT_S = 500, 1.0  # of the gateway; and from the end of charon to that of the session, by the clock of the guest
CONNECT_S = 120  # of an SCS whose packets come through; CLEAR_S: of one whose packets are dropped
CLEAR_S = 3
ESP = 50
PROBE_PORT = 9  # of a datagram that no selector and no rule has
DEVICE = "000001@a.example"
DROPPED = "listener nds: input from outside the tunnel"


def holds(what, yes, saw=""):
    print(f"{'ok' if yes else 'FAILED'}: {what}{'' if yes else f'; saw: {saw}'}", flush=True)
    if not yes:
        sys.exit(1)


class Guest(ndsip.World):
    def __init__(self, bin_folder):
        super().__init__(play.Play(FOLDER, bin_folder))
        self.capture = netns.Capture(self.hosts.name("gw"), tunnel.LINKS["gw"]["scs"][0])
        self.clear = []  # ends of all packets that the gateway has sent in clear text, without those of the probe
        with netns.entered(self.hosts.name("gw")):
            self.probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.probe.bind((ndsip.GATEWAY, 0))

    def sent(self):
        """(packets of ESP, packets in clear text) of the gateway since the last call. A datagram past the tunnel shows first that one in clear text
        would be seen."""
        self.probe.sendto(b"road", (ndsip.HOST, PROBE_PORT))
        ends = [found for found in map(netns.ends_of, self.capture.frames()) if found]
        clear = [e for e in ends if e[0] == ndsip.GATEWAY]
        probes = [e for e in clear if e[2] == netns.UDP and e[4] == PROBE_PORT]
        if not probes or self.capture.lost():
            holds("the capture sees what leaves in clear text", False, ends)
        self.clear += [e for e in clear if e not in probes]
        return sum(e[0] == protected.OUTSIDE and e[2] == ESP for e in ends), len(clear) - len(probes)

    def associations(self):
        """SPIs in the kernel of the gateway."""
        shown = tunnel.run("ip", "-n", self.hosts.name("gw"), "xfrm", "state").stdout
        return sorted(line.split(" spi ")[1].split()[0] for line in shown.splitlines() if " spi " in line)

    def dropped(self):
        """How many packets the rule has dropped that keeps out what comes in the clear."""
        shown = tunnel.run(*self.hosts.inside("gw", "nft", "list", "table", "inet", "mtc_iwf_ndsip")).stdout
        return int(re.search(rf'packets (\d+) [^\n]*"{DROPPED}"', shown).group(1))

    def ask(self, connect_s=CONNECT_S):
        return self.trigger("acme", wait_s=SLOW_S, device=DEVICE, connect_wait=connect_s)

    def refused(self, what, reason):
        """A trigger does not come in, and the gateway says why."""
        pattern = rf"not authenticated: .*\({reason}\)"
        before = len(re.findall(pattern, self.log()))
        done = self.ask()
        holds(what, done.code == 4 and len(re.findall(pattern, self.log())) > before, done)

    def said_at(self, pattern):
        """When the gateway logged that, by the clock of the guest."""
        line = [line for line in self.log().splitlines() if re.search(pattern, line)][-1]
        return datetime.datetime.fromisoformat(line.split()[0].replace("Z", "+00:00")).timestamp()


def plays(w):
    # Of selectors with a port charon makes no route in the kernel, so nothing else says which address of ours a connection has.
    w.hosts.ip("scs", "route", "replace", ndsip.GATEWAY, "via", protected.OUTSIDE, "src", ndsip.HOST)
    charon = w.tunnel("acme", ndsip.HOST)
    charon.initiate(ndsip.CHILD)
    w.status("acme", True, SLOW_S)
    w.listen("acme")
    done = w.ask()
    holds("a trigger goes through the kernel's ESP", done.status == "SUCCESS", done)
    esp, clear = w.sent()
    holds("the gateway sends ESP and nothing in clear text", esp > 0 and clear == 0, (esp, w.clear))

    before = w.associations()
    killed, watch = time.time(), Watch()
    os.kill(w.charons["gw"].entry["pid"], signal.SIGKILL)
    w.gone("acme", watch.began, SLOW_S)
    watch.took()
    held, cut = (w.said_at(said) - killed for said in ("scs.acme.example at .*: held: ", "scs.acme.example at .* is cut: "))
    print(f"the session was held after {held:.3f} s and cut after {cut:.3f} s; the guest itself lost {watch.lost_s:.3f} s", flush=True)
    holds("charon is killed and its associations live on", len(before) == 2 and w.associations() == before, (before, w.associations()))
    holds("the session is cut within a second", held <= cut < CUT_S + watch.lost_s, (held, cut, watch.lost_s))
    w.refused("nobody comes in through what lives on", "charon-away")
    esp, clear = w.sent()
    holds("what was cut and refused was encrypted", esp > 0 and clear == 0, (esp, w.clear))

    w.restart_gateway_charon()
    w.wait_log("strongSwan.* is connected", SLOW_S, 2)
    w.wait_loaded("acme")
    holds("another charon lists none of them", not w.charons["gw"].installed() and w.associations() == before)
    w.refused("nor when there is a charon again", "sa-none")
    esp, clear = w.sent()
    holds("what was refused then was encrypted", esp > 0 and clear == 0, (esp, w.clear))

    for side in ("gw", "scs"):
        for kind in ("policy", "state"):
            w.hosts.ip(side, "xfrm", kind, "flush")
    known = w.dropped()
    done = w.ask(CLEAR_S)
    clear = w.sent()[1]
    holds("what lives on ends, and nothing of the gateway is in clear text", done.code == 4 and w.dropped() > known and clear == 0, (done, w.clear))

    charon.swanctl("--terminate", "--ike", "iwf", "--force", check=False)
    charon.initiate(ndsip.CHILD)
    w.status("acme", True, SLOW_S)
    done = w.ask()
    holds("with a new IKE_SA it goes on", done.status == "SUCCESS", done)
    w.sent()
    holds("nothing of the gateway was in clear text", not w.clear, w.clear)


def main(bin_folder, pki):
    os.mkdir(FOLDER)
    tunnel.Charon.START_S = SLOW_S
    options = ndsip.options(bin=bin_folder, pki=pki, edges=1, mode=tunnel.XFRM, grace_ms=GRACE_MS, up_wait_s=SLOW_S, address="127.0.0.1")
    lab = protected.LeanTunnelled(FOLDER, options, bin_folder)
    try:
        lab.up(lambda text: print(f"{time.monotonic():.1f} {text}", flush=True))
        w = Guest(bin_folder)
        plays(w)
        w.lab.end_background()
        w.end_tunnels()
        holds("all ended by itself", not L.down(FOLDER, print))
    except proc.LabError as e:
        holds("no error", False, e)
    finally:
        if os.path.isdir(os.path.join(FOLDER, "log")):
            shutil.copytree(os.path.join(FOLDER, "log"), "/mnt/log", dirs_exist_ok=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
