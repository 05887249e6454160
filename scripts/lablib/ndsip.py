"""A laboratory with NDS/IP: the gateway, HSS, SMS-SC and devices on the host gw, the SCSs on the host scs, IPsec of strongSwan between the two.
Used by scripts/lab --ndsip, scripts/demo-ndsip and the plays."""
import json
import os
import re
import subprocess
import time

from . import lab, netns, proc, tunnel
from .pki import Pki
from .play import RUN_S, WAITS, Ended, json_lines

PORT, TLS_PORT = 3868, 5868
GATEWAY, HOST = tunnel.PROTECTED["gw"][0], tunnel.PROTECTED["scs"][0]
OTHER_HOST = "10.77.2.2"  # of gamma, on the same machine as acme
HOSTS = {"acme": HOST, "gamma": OTHER_HOST}
GRACE_S = 0.9  # as the gateway has it without configuration: a cut is due within a second
CRL_S = 30 * 86400
CHILD = "tsp"  # of the connection `iwf` at the SCS
IKE_PORTS = (500, 4500)  # IKE, and ESP inside UDP
END_OF_CERTIFICATE = "-----END CERTIFICATE-----\n"


def options(**changes):
    """Those of a laboratory, and: on_loss, grace_ms, check_ms and mode of the section ndsip; scs_tunnel: acme's tunnel is made, too."""
    return lab.options(**{"on_loss": "cut", "grace_ms": int(GRACE_S * 1000), "check_ms": 5000, "mode": tunnel.LIBIPSEC, "scs_tunnel": False, **changes})


def with_list(pki, ca):
    """Puts a revocation list without entries behind the certificate of the CA: charon takes nobody without it."""
    made = pki.crl(ca, lasts_s=CRL_S)
    with open(made, encoding="ascii") as f, open(pki.path(ca + ".pem"), encoding="ascii") as c:
        crl, certificate = f.read(), c.read().partition(END_OF_CERTIFICATE)[0]
    proc.write(pki.path(ca + ".pem"), certificate + END_OF_CERTIFICATE + crl)
    os.unlink(made)


class OnHosts(lab.Lab):
    """A laboratory on hosts of its own."""

    def up(self, say, background=True):
        lacking = tunnel.lacking()
        if lacking:  # before anything is made or deleted
            raise proc.LabError(f"a laboratory with NDS/IP cannot run here: {lacking}")
        return super().up(say, background)


class Tunnelled(OnHosts):
    """Everything of the operator on the host gw; the SCSs are on the host scs."""

    def __init__(self, folder, options):
        super().__init__(folder, options)
        self.hosts = tunnel.hosts_of(self.folder, options.mode)
        self.gw = None

    def start(self, name, command, env=None):
        return super().start(name, self.hosts.inside("gw", *command), env)

    def make_hosts(self, say):
        say("making three hosts (network namespaces) joined by veth")
        self.hosts.up()
        self.hosts.ip("scs", "addr", "add", OTHER_HOST, "dev", "lo")
        self.hosts.ip("gw", "route", "add", OTHER_HOST, "via", tunnel.LINKS["scs"]["gw"][1])

    def make_pki(self, say):
        pki = super().make_pki(say)
        pki.crl("anchor-a", lasts_s=CRL_S)  # beside the anchor, by the item crl; that of anchor-b is in its file
        with_list(pki, "anchor-b")
        return pki

    def iwf_config(self):
        pki, vici = self.path("pki"), lab.scalar(self.gw.path("vici"))
        certificate, key = lab.scalar(f"{pki}/iwf.pem"), lab.scalar(f"{pki}/iwf.key")
        listeners = (f"  - {{ name: nds, zone: external, protection: ndsip, address: {GATEWAY}, port: {PORT} }}\n"
                     f"  - {{ name: both, zone: external, protection: tls+ndsip, address: {GATEWAY}, port: {TLS_PORT}, certificate: {certificate}, "
                     f"key: {key} }}\npeers:\n")
        ends = ", ".join(link[1] for link in tunnel.LINKS["gw"].values())
        section = (f"ndsip: {{ vici: {vici}, mode: {self.options.mode}, certificate: {certificate}, grace: {self.options.grace_ms}ms,\n"
                   f"         local_ike: [ {ends} ], on_loss: {self.options.on_loss}, check: {self.options.check_ms}ms }}\n")
        text = super().iwf_config().replace("anchor-a.pem }", f"anchor-a.pem, crl: [ {pki}/anchor-a.crl ] }}", 1)
        return text.replace("peers:\n", listeners, 1) + section

    def start_iwf(self):
        self.gw = tunnel.Charon(self.hosts, "gw", self.path("gw"), lab.EXTERNAL_HOST)
        self.gw.configure(self.path("pki", "iwf.pem"), self.path("pki", "iwf.key"), self.path("pki", "operator.pem"))
        self.gw.start(self.record)
        self.gw.swanctl("--load-creds")
        conf = proc.write(self.path("mtc-iwfd.yaml"), self.iwf_config())
        tunnel.run(*self.hosts.inside("gw", self.program("mtcctl"), "ndsip", "rules", "--apply", "-c", conf))
        super().start_iwf()

    def make_tunnels(self, say):
        for name, host in HOSTS.items():
            done = self.mtcctl("scs", "set", name, "--ndsip-hosts", host)
            if done.returncode:
                raise proc.LabError(f"mtcctl scs set {name}: {done.stderr.strip() or done.stdout.strip()}")
        self.lab["ndsip"] = {"prefix": self.hosts.prefix, "address": GATEWAY, "port": PORT, "tls_port": TLS_PORT, "hosts": HOSTS,
                             "mode": self.options.mode,
                             "charons": {"gw": self.gw.entry}}
        proc.wait_until("charon has the connection of acme", lambda: has_connection(self.gw, "acme"), entries=self.entries)
        if self.options.scs_tunnel:
            say("starting the IPsec tunnel of the SCS acme")
            scs = charon_of(self.lab, self.hosts, "acme", self.path("scs"))
            scs.start(self.record)
            connect(scs, self.gw, HOST)
            scs.initiate(CHILD)
            proc.wait_until("the gateway has proven the tunnel of acme", lambda: self.is_protected("acme"), self.options.up_wait_s, self.entries)
            self.lab["ndsip"]["charons"]["scs"] = scs.entry

    def is_protected(self, name):
        done = self.mtcctl("--json", "ndsip", "status", name)
        rows = json_lines(done.stdout)
        return not done.returncode and bool(rows) and rows[0]["protected"]


def has_connection(gw, name):
    return f"mtc-{name}:" in gw.swanctl("--list-conns").stdout


def charon_of(found, hosts, name, folder, side="scs", certificate=None, identity=None):
    """The charon of an SCS of the laboratory `found` (its lab.json), not started."""
    pki = Pki(os.path.join(found["dir"], "pki"))
    own = certificate or name
    charon = tunnel.Charon(hosts, side, folder, identity or next(s["origin_host"] for s in found["scs"] if s["name"] == name))
    charon.configure(pki.path(own + ".pem"), pki.path(own + ".key"), pki.path("operator.pem"))
    return charon


def connect(charon, gw, host):
    """Loads its connection `iwf` to the gateway; nothing is initiated."""
    charon.connect(gw, "iwf", {CHILD: (f"{host}/32[tcp]", f"{GATEWAY}/32[tcp/{PORT}], {GATEWAY}/32[tcp/{TLS_PORT}]")})


class Wire:
    """All that passes between the host of the gateway and another one, outside the tunnels."""

    def __init__(self, hosts, other="scs"):
        self.capture = netns.Capture(hosts.name("gw"), tunnel.LINKS["gw"][other][0])
        self.charons = {tunnel.LINKS["gw"][other][1], tunnel.LINKS[other]["gw"][1]}
        self.errors = 0  # of ICMP that quote IKE or ESP: the packet came when its charon had ended, and what they quote is ciphertext

    def since(self):
        """(how many packets of IKE and ESP since the last call, the ends of all other packets but those that ask for neighbours). An ICMP error
        that quotes IKE or ESP is neither."""
        frames = self.capture.frames()
        if self.capture.lost():
            raise proc.LabError("the capture has lost packets")
        protected, others = 0, []
        for frame in frames:
            ends = netns.ends_of(frame)
            if self.between_charons(ends):
                protected += 1
            elif self.between_charons(netns.quoted_by(frame)):
                self.errors += 1
            elif ends and not netns.among_neighbours(frame):
                others.append(ends)
        return protected, others

    def between_charons(self, ends):
        return bool(ends) and set(ends[:2]) == self.charons and ends[2] == netns.UDP and set(ends[3:]) <= set(IKE_PORTS)

    def close(self):
        self.capture.close()


class World:
    """A laboratory of this kind that is up (a Play), its hosts, and the tunnels that SCSs make."""

    def __init__(self, play):
        self.lab, self.started, self.made = play, [], 0
        self.hosts = tunnel.hosts_of(play.lab["dir"], play.lab["ndsip"]["mode"])
        gw = tunnel.Charon(self.hosts, "gw", os.path.join(play.lab["dir"], "gw"), lab.EXTERNAL_HOST)
        gw.entry = play.lab["ndsip"]["charons"]["gw"]
        self.charons = {"gw": gw}

    def end_tunnels(self):
        for charon in self.started:
            charon.end()
        self.started = []

    def record(self, entry):
        """`down` ends what an interrupted demo leaves."""
        path = os.path.join(self.lab.lab["dir"], lab.RECORD)
        proc.write(path, json.dumps([*proc.recorded(path), entry], indent=1))

    # -- tunnels

    def tunnel(self, name, host, side="scs", **options):
        """The charon of an SCS, with the connection `iwf` to the gateway; nothing is initiated. Options as of charon_of()."""
        for earlier in [c for c in self.started if c.side == side]:  # of a play that failed
            self.drop(earlier)
        self.made += 1
        charon = charon_of(self.lab.lab, self.hosts, name, os.path.join(self.lab.lab["dir"], f"c{self.made}"), side, **options)
        self.started.append(charon)
        charon.start(self.record)
        connect(charon, self.charons["gw"], host)
        return charon

    def drop(self, charon):
        charon.end()
        self.started.remove(charon)

    def restart_gateway_charon(self):
        gw = self.charons["gw"]
        gw.start(self.record)
        gw.swanctl("--load-creds")

    def pki(self, name):
        return os.path.join(self.lab.lab["dir"], "pki", name)

    def rules(self, word):
        tunnel.run(*self.hosts.inside("gw", self.lab.program("mtcctl"), "ndsip", "rules", word, "-c", self.lab.lab["iwf"]["config"]))

    # -- SCSs

    def command(self, action, name, origin_host=None, tls=None, **options):
        """tls: name of the certificate inside the tunnel."""
        scs, iwf = self.lab.scs[name], self.lab.lab["iwf"]
        way = ["--connect", f"{GATEWAY}:{PORT}", "--plain"] if not tls else [
            "--connect", f"{GATEWAY}:{TLS_PORT}", "--ca", self.lab.lab["ca"], "--cert", self.pki(f"{tls}.pem"), "--key", self.pki(f"{tls}.key")]
        words = [self.lab.program("mtc-scs"), action, *way, "--origin-host", origin_host or scs["origin_host"],
                 "--realm", scs["realm"], "--iwf-host", iwf["identity"], "--iwf-realm", iwf["realm"]]
        for key, value in (WAITS | options).items():
            words += ["--" + key.replace("_", "-")] + ([] if value is True else [str(value)])
        return self.hosts.inside("scs", *words)

    def trigger(self, name, wait_s=RUN_S, **options):
        done = subprocess.run(self.command("trigger", name, payload="wake up", **options), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=wait_s, check=False)
        return Ended(done.returncode, done.stdout, done.stderr)

    def listen(self, name):
        running = self.lab.start(f"nds-{name}-{len(self.lab.background)}", self.command("listen", name))
        running.wait_event("ready")
        return running

    # -- what the gateway says

    def loaded(self, name):
        return has_connection(self.charons["gw"], name)

    def wait_loaded(self, name):
        proc.wait_until(f"charon has the connection of {name}", lambda: self.loaded(name))

    def status(self, name, protected, wait_s=proc.HANG_S):
        """The row of mtcctl ndsip status, once it says that."""
        def row():
            found = self.lab.ctl("ndsip", "status", name)[0]
            return found if found["protected"] == protected else None
        return proc.wait_until(f"mtcctl ndsip status {name} says {'' if protected else 'not '}protected", row, wait_s)

    def counter(self, name):
        return next(row["value"] for row in self.lab.ctl("stats") if row.get("name") == name)

    def log(self):
        with open(self.lab.lab["logs"]["mtc-iwfd"], encoding="utf-8", errors="replace") as f:
            return f.read()

    def wait_log(self, pattern, wait_s=proc.HANG_S, count=1):
        proc.wait_until(f"the log says {pattern}", lambda: len(re.findall(pattern, self.log())) >= count, wait_s)

    def gone(self, name, since, wait_s=proc.HANG_S):
        """How long it took until the SCS has no session any more."""
        proc.wait_until(f"{name} has no session", lambda: not self.lab.sessions(name), wait_s)
        return time.monotonic() - since
