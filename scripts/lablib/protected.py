"""The row `tunnel` of the bench: triggers over NDS/IP, triggers over TLS, and what the tunnel carries with nothing of ours in it, side by side. The
SCS is on a host of its own (a network namespace); charon at both ends, user-space ESP."""
import functools
import os
import statistics

from . import lab, lean, ndsip, proc, rounds, subjects, tunnel
from .pki import Pki
from .rounds import Target

WINDOW = 64
BULK, BULK_WINDOW = 16384, 16  # octets of a message, and how many are under way
OUTSIDE = tunnel.LINKS["gw"]["scs"][1]  # of the gateway, past the tunnel


class LeanTunnelled(ndsip.Tunnelled, lean.LeanLab):
    """The gateway with lean nodes on one host, and a listener for TLS beside those for NDS/IP."""

    def __init__(self, folder, options, tools):
        lean.LeanLab.__init__(self, folder, options, tools)
        self.hosts, self.gw = tunnel.hosts_of(self.folder, options.mode), None


class Gateway(lean.LeanTriggers):
    """Triggers of acme, from its own host. plain: through the tunnel in clear text, else over TLS past it."""

    def __init__(self, folder, bin_folder, tools):
        self.name, self.until, self.folder, self.plain = "", "answer", folder, False
        self.lean = LeanTunnelled(folder, ndsip.options(bin=bin_folder, log_level="warn", edges=1, address=OUTSIDE, scs_tunnel=True), tools)
        self.lean.up(lambda text: None)
        self.lab = self.lean.lab

    def scs_words(self, name):
        words = super().scs_words(name)
        return ",".join(words.split(",")[:3]) if self.plain else words

    def command(self, **options):
        words = super().command(**options)
        if self.plain:
            words[words.index("--connect") + 1] = f"{ndsip.GATEWAY}:{ndsip.PORT}"
            at = words.index("--ca")
            del words[at:at + 2]
        return self.lean.hosts.inside("scs", *words)

    def pids(self):
        charons = self.lab["ndsip"]["charons"]
        return {**super().pids(), "ESP of the gateway": charons["gw"]["pid"], "ESP of the SCS": charons["scs"]["pid"]}

    def through(self, plain, **options):
        self.plain = plain
        return self.load(**options)


class BareTunnel:
    """Two hosts with a tunnel between them, no rules, and a bare echo at one end."""

    def __init__(self, folder, tools):
        self.tools, self.entries, self.charons = tools, [], {}
        self.hosts = tunnel.hosts_of(folder)
        self.hosts.up()
        try:
            self.connect(folder)
            self.echo = {address: self.serve(folder, address) for address in (ndsip.GATEWAY, OUTSIDE)}
        except BaseException:
            self.end()
            raise

    def connect(self, folder):
        pki = Pki(os.path.join(folder, "pki"))
        pki.ca("ca", "/O=bench/CN=bench CA")
        for side in ("gw", "scs"):
            host = f"{side}.bench.example"
            charon = self.charons[side] = tunnel.Charon(self.hosts, side, os.path.join(folder, side), host)
            charon.configure(*pki.leaf(side, "ca", host, "serverAuth,clientAuth"), pki.path("ca.pem"))
            charon.start()
        for side, other in (("gw", "scs"), ("scs", "gw")):
            ours, theirs = (f"{tunnel.PROTECTED[at][0]}/32[tcp]" for at in (side, other))
            self.charons[side].connect(self.charons[other], "bare", {"all": (ours, theirs)})
        self.charons["scs"].initiate("all")

    def serve(self, folder, address):
        command = self.hosts.inside("gw", os.path.join(self.tools, "bench_echo"), "serve", "--how", "each", "--address", address)
        self.entries.append(proc.start("echo", command, os.path.join(folder, "log")))
        return proc.wait_ready(self.entries[-1])[1]

    def load(self, address, **options):
        command = self.hosts.inside("scs", os.path.join(self.tools, "bench_echo"), "load", "--how", "each", "--address", address,
                                    "--port", str(self.echo[address]))
        pids = {"ESP of the server": self.charons["gw"].entry["pid"], "ESP of the client": self.charons["scs"].entry["pid"]}
        return subjects.measured(command, pids, options, "done")

    def end(self):
        for charon in self.charons.values():
            charon.end()
        proc.end(self.entries)
        self.hosts.down()


def mbit(results):
    """Megabits in a second, of messages of BULK octets, in one direction."""
    return [r.rate * BULK * 8 / 1e6 for r in results]


def through_the_tunnel(bench):
    lacking = tunnel.lacking()
    if lacking:
        raise proc.LabError(f"the row tunnel cannot be measured here: {lacking}")
    gateway = bench.begin(Gateway, bench.bin, bench.tools)
    bare = bench.begin(BareTunnel, bench.tools)
    octets = gateway.through(True, count=100, window=1).line["octets"]
    ndsip_name, tls_name = f"triggers up to the DAA over NDS/IP, window {WINDOW}", f"triggers up to the DAA over TLS past the tunnel, window {WINDOW}"
    small, bulk, clear = (f"bare TCP echo of {octets} octets in the tunnel, window {WINDOW}", f"bare TCP echo of {BULK} octets in the tunnel",
                          f"bare TCP echo of {octets} octets past the tunnel, window {WINDOW}")
    got = bench.in_turn({
        ndsip_name: functools.partial(gateway.through, True, window=WINDOW, seconds=bench.seconds),
        tls_name: functools.partial(gateway.through, False, window=WINDOW, seconds=bench.seconds),
        small: functools.partial(bare.load, ndsip.GATEWAY, size=octets, window=WINDOW, seconds=bench.seconds),
        clear: functools.partial(bare.load, OUTSIDE, size=octets, window=WINDOW, seconds=bench.seconds),
        bulk: functools.partial(bare.load, ndsip.GATEWAY, size=BULK, window=BULK_WINDOW, seconds=bench.seconds)})
    return {"inside": "as `triggers`, with the SCS on a host of its own: a veth between two network namespaces. ESP in user space (kernel-libipsec of "
                      "strongSwan, AES-128-GCM, in UDP), which a kernel with ESP is far faster than. The bare tunnel is another one, between two hosts without "
                      "rules, with nothing but an echo at its end",
            "facts": {"trigger_octets": octets, "tunnel_mbit_each_way": round(statistics.median(mbit(got[bulk])), 1)},
            "subjects": [rounds.subject(name, got[name]) for name in (ndsip_name, tls_name, small, clear, bulk)],
            "targets": [Target("triggers over NDS/IP : triggers over TLS", rounds.ratio(got[ndsip_name], got[tls_name]), None, None),
                        Target("triggers over NDS/IP : bare echoes of their size in the tunnel", rounds.ratio(got[ndsip_name], got[small]), None, None),
                        Target("throughput of the bare tunnel, each way", mbit(got[bulk]), None, None, "Mbit/s")]}


NDSIP = {"tunnel": through_the_tunnel}
