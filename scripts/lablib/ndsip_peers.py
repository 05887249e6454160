"""A laboratory whose HSS and SMS-SC are on a host of their own behind NDS/IP, inside the operator's domain (Zb): the gateway and the devices on the
host gw, HSS, SMS-SC and an SCS of the operator on the host core, each with a tunnel of its own. SCSs outside come over TLS, on the host gw."""
import json
import os
import re
import subprocess

from . import lab, ndsip, proc, tunnel
from .pki import Pki
from .play import RUN_S, WAITS, Ended

# what is inside the tunnels: {name: (address on gw, address on core)}. Each has an address of ours for itself, because kernel-libipsec has one route
# for each remote host, which the end of any child takes away
INSIDE = {"hss": ("10.78.1.1", "10.78.2.1"), "smssc": ("10.78.1.2", "10.78.2.2"), "acme": ("10.78.1.3", "10.78.2.3")}
IDENTITIES = {"hss": lab.HSS_HOST, "smssc": lab.SMSSC_HOST, "acme": "scs.acme.example"}
INTRUDER_HOST = "intruder." + lab.CORE_REALM
INNER_E164 = "491720000088"  # of an SCS without a certificate, which the HSS lets trigger what acme may
SCS_PORT, PLAIN_PORT = 3868, 3870
OUTER = {side: tunnel.LINKS[side][other][1] for side, other in (("gw", "core"), ("core", "gw"))}


class Domain(ndsip.OnHosts):
    """HSS and SMS-SC are reached through tunnels only."""

    def __init__(self, folder, options):
        super().__init__(folder, options)
        self.hosts = tunnel.hosts_of(self.folder)
        self.gw = self.core = None

    def start(self, name, command, env=None):
        side = "core" if name in ("mtc-hss", "mtc-smssc") else "gw"
        return super().start(name, self.hosts.inside(side, *command), env)

    def make_hosts(self, say):
        say("making three hosts (network namespaces) joined by veth")
        self.hosts.up()
        for ours, theirs in INSIDE.values():
            for side, own, other, hop in (("gw", ours, theirs, OUTER["core"]), ("core", theirs, ours, OUTER["gw"])):
                self.hosts.ip(side, "addr", "add", own, "dev", "lo")
                self.hosts.ip(side, "route", "add", other, "via", hop)

    def make_pki(self, say):
        pki = super().make_pki(say)
        pki.ca("core-ca", "/O=operator/CN=CA of the core")
        for name, host in (("hss", lab.HSS_HOST), ("smssc", lab.SMSSC_HOST), ("intruder", INTRUDER_HOST)):
            pki.leaf(name, "core-ca", host, "serverAuth,clientAuth")
        for ca in ("core-ca", "anchor-a"):
            ndsip.with_list(pki, ca)
        return pki

    def write_subscribers(self):
        super().write_subscribers()
        with open(self.path("subscribers.jsonl"), encoding="utf-8") as f:
            text = f.read()
        acme = json.dumps(lab.PROVISIONED[0][3])
        proc.write(self.path("subscribers.jsonl"), text.replace(acme, f'{acme}, "{INNER_E164}"'))

    def start_hss(self):
        self.at(INSIDE["hss"][1], super().start_hss)

    def start_smssc(self):
        self.at(INSIDE["smssc"][1], super().start_smssc)

    def at(self, address, start):
        before, self.options.address = self.options.address, address
        try:
            start()
        finally:
            self.options.address = before

    def iwf_config(self):
        pki = self.path("pki")
        text = super().iwf_config().replace("\nlisten:\n", f"\n  - {{ name: core-ca, file: {lab.scalar(pki + '/core-ca.pem')} }}\nlisten:\n", 1)
        for name in ("hss", "smssc"):
            head, mark, tail = text.partition(f"  - name: {name}\n")
            text = head + mark + tail.replace("    protection: none\n", f"    protection: ndsip\n    local_addresses: [ {INSIDE[name][0]} ]\n"
                                              f"    ike: [ {OUTER['core']} ]\n    trust: core-ca\n", 1)
        listeners = (f"  - {{ name: inside, zone: internal, protection: ndsip, address: {INSIDE['acme'][0]}, port: {SCS_PORT} }}\n"
                     f"  - {{ name: plain, zone: internal, protection: none, address: 127.0.0.1, port: {PLAIN_PORT} }}\npeers:\n")
        section = (f"ndsip: {{ vici: {lab.scalar(self.gw.path('vici'))}, mode: libipsec, certificate: {lab.scalar(pki + '/iwf.pem')},\n"
                   f"         local_ike: [ {OUTER['gw']} ], grace: {int(ndsip.GRACE_S * 1000)}ms, check: 1s }}\n")
        return text.replace("peers:\n", listeners, 1) + section

    def start_iwf(self):
        self.gw, self.core = charons_of(self.folder, self.hosts)
        self.gw.configure(self.path("pki", "iwf.pem"), self.path("pki", "iwf.key"), self.path("pki", "operator.pem"))
        self.gw.start(self.record)
        self.gw.swanctl("--load-creds")
        self.lab["ndsip"] = {"prefix": self.hosts.prefix, "charons": {"gw": self.gw.entry}}
        conf = proc.write(self.path("mtc-iwfd.yaml"), self.iwf_config())
        tunnel.run(*self.hosts.inside("gw", self.program("mtcctl"), "ndsip", "rules", "--apply", "-c", conf))
        fence_core(self.hosts)
        self.core.configure(self.path("pki", "hss.pem"), self.path("pki", "hss.key"), self.path("pki", "operator.pem"))
        self.lab["ndsip"]["charons"]["core"] = self.core.start(self.record)
        answer(self.core, Pki(self.path("pki")), {"hss": self.lab["hss"]["port"], "smssc": self.lab["smssc"]["port"]})
        super().start_iwf()


def charons_of(folder, hosts):
    return (tunnel.Charon(hosts, "gw", os.path.join(folder, "gw"), lab.EXTERNAL_HOST),
            tunnel.Charon(hosts, "core", os.path.join(folder, "core"), lab.HSS_HOST))


def fence_core(hosts):
    """The other end's own rule: what it sends to the gateway leaves by the tunnel."""
    outside = f'ip saddr 10.78.2.0/24 oifname != {{ "{tunnel.DEVICE}", "lo" }} counter drop'
    rules = f"table inet core {{ chain postrouting {{ type filter hook postrouting priority -10; policy accept;\n{outside}\n}}\n}}\n"
    tunnel.run(*hosts.inside("core", "nft", "-f", "-"), given=rules)


def answer(charon, pki, ports, certificates=None):
    """Loads what the host core takes part in: {name: port} of the services that the gateway connects to; port 0: an SCS, which connects to the
    gateway. certificates: {name: (certificate, identity)} where they are not its own."""
    parts = []
    for name, port in ports.items():
        ours, theirs = INSIDE[name]
        own, identity = (certificates or {}).get(name, (name, IDENTITIES[name]))
        tunnel.run("cp", pki.path(own + ".pem"), charon.path("swanctl", "x509", own + ".pem"))
        tunnel.run("cp", pki.path(own + ".key"), charon.path("swanctl", "private", own + ".pem"))
        here, there = (f"[tcp/{port}]", "[tcp]") if port else ("[tcp]", f"[tcp/{SCS_PORT}]")
        parts.append(f"""{name} {{
  version = 2
  local_addrs = {OUTER["core"]}
  remote_addrs = {OUTER["gw"]}
  proposals = {tunnel.IKE_PROPOSAL}
  encap = yes
  local {{
    auth = pubkey
    certs = {own}.pem
    id = {identity}
  }}
  remote {{
    auth = pubkey
    id = {lab.EXTERNAL_HOST}
    cacerts = ca.pem
  }}
  children {{ {name} {{
    local_ts = {theirs}/32{here}
    remote_ts = {ours}/32{there}
    esp_proposals = {tunnel.ESP_PROPOSAL}
  }} }}
}}
""")
    proc.write(charon.path("swanctl", "swanctl.conf"), f"connections {{ {''.join(parts)} }}\n")
    charon.swanctl("--load-all", "--noprompt")


class World:
    """A laboratory of this kind that is up (a Play)."""

    def __init__(self, play):
        self.lab = play
        self.hosts = tunnel.hosts_of(play.lab["dir"])
        self.gw, self.core = charons_of(play.lab["dir"], self.hosts)
        self.gw.entry, self.core.entry = (play.lab["ndsip"]["charons"][side] for side in ("gw", "core"))
        self.pki = Pki(os.path.join(play.lab["dir"], "pki"))
        self.ports = {"hss": play.lab["hss"]["port"], "smssc": play.lab["smssc"]["port"]}
        play.under["mtc-scs"] = self.hosts.inside("gw")

    def answer(self, *names, certificates=None, **more):
        answer(self.core, self.pki, {**{name: self.ports[name] for name in names}, **more}, certificates)

    def peer(self, name):
        return next(row for row in self.lab.ctl("peers") if row.get("name") == name)

    def wait_peer(self, name, state, wait_s=proc.HANG_S):
        return proc.wait_until(f"peer {name} is {state}", lambda: self.peer(name)["state"] == state and self.peer(name), wait_s)

    def protection(self, name):
        """(protected, why) of mtcctl ndsip status."""
        last = self.lab.ctl("ndsip", "status")[-1]
        return next((row["protected"], row["why"]) for row in last["peers"] if row["peer"] == name)

    def counter(self, name):
        return next(row["value"] for row in self.lab.ctl("stats") if row.get("name") == name)

    def trigger_from(self, side, way, scs, wait_s=RUN_S, **options):
        """A trigger of the SCS with this Origin-Host without TLS, from a host to the listener at `way`."""
        iwf = self.lab.lab["iwf"]
        words = [self.lab.program("mtc-scs"), "trigger", "--connect", way, "--plain", "--origin-host", scs, "--realm", scs.split(".", 1)[1],
                 "--iwf-host", iwf["identity"], "--iwf-realm", iwf["realm"], "--payload", "wake up"]
        for key, value in (WAITS | options).items():
            words += ["--" + key.replace("_", "-"), str(value)]
        done = subprocess.run(self.hosts.inside(side, *words), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=wait_s, check=False)
        return Ended(done.returncode, done.stdout, done.stderr)

    def log(self):
        with open(self.lab.lab["logs"]["mtc-iwfd"], encoding="utf-8", errors="replace") as f:
            return f.read()

    def wait_log(self, pattern, wait_s=proc.HANG_S, count=1):
        proc.wait_until(f"the log says {pattern}", lambda: len(re.findall(pattern, self.log())) >= count, wait_s)
