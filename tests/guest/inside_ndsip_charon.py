"""Runs in the guest of test_guest_ndsip_charon.py: the gateway with the IPsec of its kernel (XFRM), and a charon that is killed. Its security
associations live on in the kernel and encrypt on, and another charon lists none of them: what they carry is proven by nobody. One line for each
thing that holds; exit status 0: all of them.

usage: inside_ndsip_charon.py BIN PKI"""
import os
import shutil
import signal
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "scripts"))
from lablib import lab as L  # noqa: E402
from lablib import ndsip, netns, play, proc, protected, tunnel  # noqa: E402

FOLDER = "/var/tmp/lab"
SLOW_S = 120  # an emulated processor, beside others
ESP = 50
DEVICE = "000001@a.example"


def holds(what, yes, saw=""):
    print(f"{'ok' if yes else 'FAILED'}: {what}{'' if yes else f'; saw: {saw}'}", flush=True)
    if not yes:
        sys.exit(1)


class Guest(ndsip.World):
    def __init__(self, bin_folder):
        super().__init__(play.Play(FOLDER, bin_folder))
        self.capture = netns.Capture(self.hosts.name("gw"), tunnel.LINKS["gw"]["scs"][0])

    def sent(self):
        """(packets of ESP, packets in clear text) of the gateway since the last call."""
        ends = [found for found in map(netns.ends_of, self.capture.frames()) if found]
        return sum(e[0] == protected.OUTSIDE and e[2] == ESP for e in ends), sum(e[0] == ndsip.GATEWAY for e in ends)

    def associations(self):
        """SPIs in the kernel of the gateway."""
        shown = tunnel.run("ip", "-n", self.hosts.name("gw"), "xfrm", "state").stdout
        return sorted(line.split(" spi ")[1].split()[0] for line in shown.splitlines() if " spi " in line)

    def refused(self):
        return self.counter("edge_refused_unproven")

    def ask(self):
        return self.trigger("acme", wait_s=SLOW_S, device=DEVICE, connect_wait=20)


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
    holds("the gateway sends ESP and nothing in clear text", esp > 0 and clear == 0, (esp, clear))

    before = w.associations()
    os.kill(w.charons["gw"].entry["pid"], signal.SIGKILL)
    took = w.gone("acme", time.monotonic(), SLOW_S)
    print(f"the session was cut after {took:.1f} s", flush=True)
    holds("charon is killed and its associations live on", len(before) == 2 and w.associations() == before, (before, w.associations()))
    holds("the session is cut all the same", not w.lab.sessions("acme"))
    known = w.refused()
    done = w.ask()
    holds("nobody comes in through what lives on", done.code == 4 and w.refused() > known, done)

    w.restart_gateway_charon()
    w.wait_log("strongSwan.* is connected", SLOW_S, 2)
    w.wait_loaded("acme")
    holds("another charon lists none of them", not w.charons["gw"].installed() and w.associations() == before)
    esp, clear = w.sent()
    known = w.refused()
    done = w.ask()
    esp, clear = w.sent()
    holds("nor when there is a charon again", done.code == 4 and w.refused() > known, done)
    holds("what was refused was encrypted", esp > 0 and clear == 0, (esp, clear))

    charon.swanctl("--terminate", "--ike", "iwf", "--force", check=False)
    charon.initiate(ndsip.CHILD)
    w.status("acme", True, SLOW_S)
    done = w.ask()
    holds("with a new IKE_SA it goes on", done.status == "SUCCESS", done)
    holds("nothing of the gateway was in clear text", w.sent()[1] == 0)


def main(bin_folder, pki):
    os.mkdir(FOLDER)
    tunnel.Charon.START_S = SLOW_S
    options = ndsip.options(bin=bin_folder, pki=pki, edges=1, mode=tunnel.XFRM, up_wait_s=SLOW_S, address="127.0.0.1")
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
