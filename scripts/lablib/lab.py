"""The laboratory itself: what is in it, how it comes up, what lab.json says about it."""
import argparse
import grp
import json
import os
import re
import shutil
import subprocess
import time

from . import keep, ports, proc, relay, tunnel
from .pki import Pki
from .proc import write

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EXTERNAL_HOST, EXTERNAL_REALM = "iwf.operator.example", "operator.example"
CORE_REALM = "core.operator.example"
IWF_CORE_HOST = "iwf." + CORE_REALM
HSS_HOST, SMSSC_HOST, RELAY_HOST = ("hss." + CORE_REALM, "smssc." + CORE_REALM, "relay." + CORE_REALM)
MME_HOST = "mme." + CORE_REALM
SMSSC_NUMBER, MME_NUMBER = "491770000000", "491770000001"
IMSI_BASE, MSISDN_BASE = 1010000000000, 491700000000
DEVICES = 1000  # unless told otherwise
RECORD = "processes.json"  # what was started here: proc.start() and proc.end_recorded()
DOMAINS = ("a.example", "b.example")
CHILDREN_WAIT_S = 2.0  # the edges and the core of a gateway that was killed end by themselves, a moment later
STOPPABLE = ("mtc-hss", "mtc-smssc", "mtc-ue", "mtc-iwfd")  # by hand, while the rest goes on
PROGRAMS = ("mtc-hss", "mtc-smssc", "mtc-ue", "mtc-iwfd", "mtc-iwf-console", "freeDiameterd")  # what runs in a laboratory

# name, origin host, realm, E.164, anchor, what it may trigger
PROVISIONED = [
    ("acme", "scs.acme.example", "acme.example", "491720000001", "anchor-a", ["*@a.example"]),
    ("beta", "scs.beta.example", "beta.example", "491720000002", "anchor-b", ["*@b.example"]),
    ("gamma", "scs.gamma.example", "gamma.example", "491720000003", "anchor-a", ["meter-1@a.example", "msisdn-only"]),
]
# certificates that must be refused: name, host in the certificate, CA, why
REFUSED = [
    ("stranger", "scs.stranger.example", "anchor-a", "right CA, not provisioned"),
    ("outsider", "scs.acme.example", "wrong-ca", "acme's name from a CA that nobody trusts"),
    ("impostor", "scs.acme.example", "anchor-b", "acme's name from beta's trust anchor"),
]


def imsi(n):
    return f"{IMSI_BASE + n:015d}"


def msisdn(n):
    return str(MSISDN_BASE + n)


def scalar(path):
    """A path as a value in YAML. One that means something else there, such as a blank and a #, stands in quotes."""
    return path if re.fullmatch(r"/[\w./@+-]*", path, re.ASCII) else json.dumps(path, ensure_ascii=False)


def options(**changes):
    """What a laboratory is made with; the command line of scripts/lab sets the same names. under: {program: words that stand before its
    command line, such as those of valgrind}; up_wait_s: seconds that each program has to come up; ue_events: mtc-ue also writes what it acts on to
    a file of events, which a kill leaves complete."""
    preset = {"bin": os.environ.get("MTC_BIN", os.path.join(ROOT, "build", "bin")), "edges": 2, "devices": None, "fresh": False, "relay": False,
              "address": "127.0.0.1", "pki": "", "log_level": "info", "smssc_more": "", "listen_more": "", "iwf_more": "", "t4_more": "",
              "s6m_more": "", "timers_more": "", "hss_more": "", "smssc_peer_more": "", "control_more": "", "console": False, "console_more": "",
              "under": {}, "up_wait_s": proc.HANG_S, "ue_events": False}
    return argparse.Namespace(**{**preset, **changes})


class Lab:
    """One laboratory below one directory."""

    def __init__(self, folder, options):
        self.folder = os.path.abspath(folder)
        self.named = folder.rstrip("/") + "/"  # as the user named it
        self.bin = os.path.abspath(options.bin)
        self.options = options
        self.entries = []
        self.lab = {}
        self.kept = {}  # what an earlier run in this directory saved
        self.claim = None

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def program(self, name):
        found = os.path.join(self.bin, name)
        if not os.access(found, os.X_OK):
            raise proc.LabError(f"{found} is not there; 'make build' makes it (or say where with --bin)")
        return found

    def start(self, name, command, env=None):
        return proc.start(name, [*self.options.under.get(name, []), *command], self.path("log"), env, self.record)

    def record(self, entry):
        self.entries.append(entry)
        write(self.path(RECORD), json.dumps(self.entries, indent=1))

    # -- what everybody needs before anybody starts

    def issue(self, pki):
        pki.ca("operator", "/O=operator/CN=operator CA")
        pki.ca("anchor-a", "/O=acme/CN=trust anchor a")
        pki.ca("anchor-b", "/O=beta/CN=trust anchor b")
        pki.ca("wrong-ca", "/O=nobody/CN=wrong CA")
        pki.leaf("iwf", "operator", EXTERNAL_HOST, "serverAuth,clientAuth")
        for name, host, _, _, anchor, _ in PROVISIONED:
            pki.leaf(name, anchor, host, "clientAuth")
        for name, host, ca, _ in REFUSED:
            pki.leaf(name, ca, host, "clientAuth")

    def make_pki(self, say):
        """Certificates for everybody: those of the earlier run while they are valid, or issued here, or a copy of those in options.pki."""
        pki = Pki(self.path("pki"))
        everybody = ["operator", "anchor-a", "anchor-b", "wrong-ca", "iwf", *(row[0] for row in PROVISIONED + REFUSED)]
        if self.kept and pki.good(everybody):
            pass
        elif self.options.pki:
            shutil.copytree(self.options.pki, pki.folder, dirs_exist_ok=True)
        else:
            say("making certificates for the operator, three SCSs and three intruders")
            self.issue(pki)
        scs = []
        for name, host, realm, e164, anchor, devices in PROVISIONED:
            cert, key = pki.path(name + ".pem"), pki.path(name + ".key")
            devices = [f"msisdn:{msisdn(self.options.devices + 1)}" if d == "msisdn-only" else d for d in devices]
            scs.append({"name": name, "e164": e164, "origin_host": host, "realm": realm, "cert": cert, "key": key, "anchor": anchor,
                        "devices": devices, "provisioned": True})
        for name, host, ca, why in REFUSED:
            cert, key = pki.path(name + ".pem"), pki.path(name + ".key")
            scs.append({"name": name, "e164": "491720000099", "origin_host": host, "realm": host.split(".", 1)[1], "cert": cert, "key": key,
                        "anchor": ca, "devices": [], "provisioned": False, "why": why})
        self.lab["ca"], self.lab["wrong_ca"], self.lab["scs"] = pki.path("operator.pem"), pki.path("wrong-ca.pem"), scs
        return pki

    def write_subscribers(self):
        count = self.options.devices
        owner = {DOMAINS[0]: [PROVISIONED[0][3], PROVISIONED[2][3]], DOMAINS[1]: [PROVISIONED[1][3]]}
        lines = []
        for n in range(1, count + 2):
            domain = DOMAINS[0] if n <= (count + 1) // 2 else DOMAINS[1]
            subscriber = {
                "imsi": imsi(n), "msisdn": msisdn(n), "external_identifiers": [f"meter-{n}@{domain}"], "services": ["device-trigger"],
                "allowed_scs": owner[domain], "reachable": True, "teleservice": True, "barred": False,
                "registered": {"mme": {"name": MME_HOST, "realm": CORE_REALM, "number": MME_NUMBER}},
            }
            if n > count:  # the device that has a number and no other name
                subscriber["external_identifiers"], subscriber["allowed_scs"] = [], [PROVISIONED[2][3]]
            lines.append(json.dumps(subscriber) + "\n")
        write(self.path("subscribers.jsonl"), "".join(lines))

    def describe_devices(self):
        count = self.options.devices
        self.lab["devices"] = {
            "count": count, "pattern": "meter-{n}@{domain}", "domains": list(DOMAINS), "first_of_second_domain": (count + 1) // 2 + 1,
            "msisdn_only": msisdn(count + 1), "imsi_first": imsi(1), "imsi_last": imsi(count + 1), "msisdn_first": msisdn(1),
        }

    # -- of a laboratory with NDS/IP only: lablib/ndsip.py

    def make_hosts(self, say):
        """Network namespaces, before anything starts."""

    def make_tunnels(self, say):
        """What is left to do when everything is up and provisioned."""

    # -- the elements, in the order in which they need each other

    def port(self, name):
        """The port to listen on: that of the earlier run if it is free, or any."""
        kept = self.kept.get("ports", {}).get(name)
        return ports.again(self.options.address, kept) if kept else 0

    def start_hss(self):
        conf = write(self.path("mtc-hss.yaml"), f"""identity: {{ host: {HSS_HOST}, realm: {CORE_REALM} }}
listen: {{ address: {self.options.address}, port: {self.port('mtc-hss')}, protection: none }}
subscribers: {scalar(self.path('subscribers.jsonl'))}
""")
        entry = self.start("mtc-hss", [self.program("mtc-hss"), "-c", conf])
        address, port = proc.wait_ready(entry, self.options.up_wait_s)
        self.lab["hss"] = {"address": address, "port": port, "identity": HSS_HOST, "realm": CORE_REALM, "pid": entry["pid"],
                           "subscribers": self.path("subscribers.jsonl")}

    def start_smssc(self):
        os.makedirs(self.path("smssc"), exist_ok=True)
        conf = write(self.path("mtc-smssc.yaml"), f"""identity: {{ host: {SMSSC_HOST}, realm: {CORE_REALM} }}
listen: {{ address: {self.options.address}, port: {self.port('mtc-smssc')}, protection: none }}
state_dir: {scalar(self.path('smssc'))}
ue_socket: {scalar(self.path('ue.sock'))}
sc_address: "{SMSSC_NUMBER}"
{self.options.smssc_more}
""")
        entry = self.start("mtc-smssc", [self.program("mtc-smssc"), "-c", conf])
        address, port = proc.wait_ready(entry, self.options.up_wait_s)
        self.lab["smssc"] = {"address": address, "port": port, "identity": SMSSC_HOST, "realm": CORE_REALM, "pid": entry["pid"],
                             "ue_socket": self.path("ue.sock"), "state_dir": self.path("smssc")}

    def start_ue(self):
        os.makedirs(self.path("ue"), exist_ok=True)
        events = self.path("ue-events.jsonl") if self.options.ue_events else None
        entry = self.start("mtc-ue", [self.program("mtc-ue"), "--link", self.path("ue.sock"), "--state", self.path("ue"),
                                      "--imsi", f"{imsi(1)}-{imsi(self.options.devices + 1)}", "--control", self.path("ue-ctl.sock"),
                                      *(["--events", events] if events else [])])
        proc.wait_until("mtc-ue has registered its devices", lambda: '"ready"' in open(entry["out"], encoding="utf-8").read(),
                        self.options.up_wait_s, [entry])
        self.lab["ue"] = {"pid": entry["pid"], "control": self.path("ue-ctl.sock"), "state_dir": self.path("ue"), "out": entry["out"],
                          "events": events}

    def start_relay(self):
        """freeDiameter as a relay agent between mtc-iwfd and mtc-hss (S6m)."""
        hss = self.lab["hss"]
        address, port, command, is_open = relay.prepare(self.folder, Pki(self.path("pki")), "operator", RELAY_HOST, CORE_REALM, [IWF_CORE_HOST],
                                                  (HSS_HOST, hss["address"], hss["port"]))
        entry = self.start("relay", command)
        proc.wait_until("freeDiameter is open to mtc-hss", lambda: is_open(entry), self.options.up_wait_s, [entry])
        self.lab["relay"] = {"address": address, "port": port, "identity": RELAY_HOST, "realm": CORE_REALM, "pid": entry["pid"]}

    def iwf_config(self):
        hop = self.lab.get("relay") or self.lab["hss"]
        smssc, o = self.lab["smssc"], self.options

        def pki(name):
            return scalar(self.path("pki", name))
        return f"""identity:
  external: {{ host: {EXTERNAL_HOST}, realm: {EXTERNAL_REALM} }}
  internal: {{ host: {IWF_CORE_HOST}, realm: {CORE_REALM} }}
state_dir: {scalar(self.path('iwf'))}
control: {{ path: {scalar(self.path('ctl.sock'))}{self.console_user()}{o.control_more} }}
log: {{ level: {o.log_level}, decisions: {scalar(self.path('log', 'decisions.jsonl'))} }}
edges: {o.edges}
trust_anchors:
  - {{ name: anchor-a, file: {pki('anchor-a.pem')} }}
  - {{ name: anchor-b, file: {pki('anchor-b.pem')} }}
listen:
  - name: tsp
    zone: external
    protection: tls
    address: {o.address}
    port: {self.port('mtc-iwfd')}
    certificate: {pki('iwf.pem')}
    key: {pki('iwf.key')}
{o.listen_more}peers:
  - name: hss
    host: {hop['identity']}
    realm: {hop['realm']}
    address: {hop['address']}
    port: {hop['port']}
    protection: none
{o.hss_more}  - name: smssc
    host: {smssc['identity']}
    realm: {smssc['realm']}
    address: {smssc['address']}
    port: {smssc['port']}
    protection: none
{o.smssc_peer_more}s6m: {{ peer: hss, destination_realm: {CORE_REALM}, destination_host: {HSS_HOST}{o.s6m_more} }}
t4: {{ peer: smssc, destination_realm: {CORE_REALM}, destination_host: {SMSSC_HOST}{o.t4_more} }}
timers: {{ reconnect: 1s{o.timers_more} }}
{o.iwf_more}"""

    def console_user(self):
        """The console of a laboratory runs as the same user as the gateway."""
        group = grp.getgrgid(os.getegid()).gr_name
        return f", console_user: '{os.geteuid()}', console_groups: {{ admin: {group} }}" if self.options.console else ""

    def start_console(self):
        conf = write(self.path("console.yaml"), f"""listen: {{ address: {self.options.address}, port: {self.port('mtc-iwf-console')} }}
control: {scalar(self.path('ctl.sock'))}
login: {scalar(self.path('login.sock'))}
sandbox: prefer
{self.options.console_more}""")
        entry = self.start("mtc-iwf-console", [self.program("mtc-iwf-console"), "-c", conf])
        address, port = proc.wait_ready(entry, self.options.up_wait_s)
        self.lab["console"] = {"address": address, "port": port, "login": self.path("login.sock"), "pid": entry["pid"], "config": conf}

    def start_iwf(self):
        entry = self.launch_iwf()
        proc.wait_until("mtc-iwfd has open connections to the HSS and the SMS-SC", self.peers_open, self.options.up_wait_s, [entry])

    def launch_iwf(self):
        """Its entry, as soon as it listens."""
        os.makedirs(self.path("iwf"), mode=0o700, exist_ok=True)  # who may trigger what, and payloads
        conf = write(self.path("mtc-iwfd.yaml"), self.iwf_config())
        entry = self.start("mtc-iwfd", [self.program("mtc-iwfd"), "-c", conf])
        address, port = proc.wait_ready(entry, self.options.up_wait_s)
        self.lab["iwf"] = {"tsp": {"address": address, "port": port}, "ctl": self.path("ctl.sock"), "identity": EXTERNAL_HOST,
                           "realm": EXTERNAL_REALM, "config": conf, "core_identity": IWF_CORE_HOST, "core_realm": CORE_REALM}
        self.lab["iwf"]["pids"] = {"parent": entry["pid"], **roles(entry["pid"])}
        return entry

    def mtcctl(self, *arguments):
        return subprocess.run([self.program("mtcctl"), "--socket", self.path("ctl.sock"), *arguments], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=proc.HANG_S, check=False)

    def peers_open(self):
        done = self.mtcctl("--json", "peers")
        if done.returncode:
            return False
        rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        states = [row["state"] for row in rows if "state" in row]
        return len(states) == 2 and all(state == "open" for state in states)

    def provision(self):
        for scs in self.lab["scs"]:
            if not scs["provisioned"]:
                continue
            commands = [["scs", "add", scs["name"], "--e164", scs["e164"], "--origin-host", scs["origin_host"], "--realm", scs["realm"],
                         "--anchor", scs["anchor"]]]
            commands += [["assoc", "add", scs["name"], device] for device in scs["devices"]]
            for command in commands:
                done = self.mtcctl(*command)
                if done.returncode:
                    raise proc.LabError(f"mtcctl {' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")

    # -- up, in a directory that may have been used before

    def take_over(self, say):
        """Makes the claimed directory ready: ends what a killed laboratory left running, then loads what is kept, or clears all."""
        left = [e for e in self.recorded_entries() if proc.alive(e)]
        if left and self.in_background():
            raise keep.running(self.folder)
        if not self.options.fresh:
            self.kept = keep.load(self.folder)
        if left:
            say(f"ending what a killed laboratory left running: {', '.join(e['name'] for e in left)}")
            proc.end_recorded(self.path(RECORD))
        tunnel.hosts_of(self.folder).down()
        self.refuse_strangers()
        if self.kept:
            keep.remove_leftovers(self.folder, [RECORD, "lab.json"])
        else:
            if self.options.fresh and keep.any_state(self.folder):
                say(f"state in {self.named} is deleted (--fresh)")
            keep.clear(self.folder)

    def recorded_entries(self):
        """Those of the earlier run. A damaged record names none where all is deleted: refuse_strangers() sees what still runs."""
        try:
            return proc.recorded(self.path(RECORD))
        except proc.LabError:
            if not self.options.fresh:
                raise
            return []

    def refuse_strangers(self):
        """LabError when programs still use this directory that no record names: nothing ends what it has not started."""
        patience = proc.Patience(CHILDREN_WAIT_S)
        found = proc.using(self.folder, PROGRAMS)
        while found and not patience.is_over():
            time.sleep(0.05)
            found = proc.using(self.folder, PROGRAMS)
        if not found:
            return
        names = ", ".join(f"{name} (process {pid})" for name, pid in sorted(found, key=lambda f: f[1]))
        raise proc.LabError(f"programs that no record names use files of {self.folder}: {names}; end them first")

    def in_background(self):
        """Whether the processes recorded here are those of an 'up', which run without it; those of a 'run' ought to have ended with it."""
        try:
            found = proc.read_json(self.path("lab.json"))
        except FileNotFoundError:
            return False  # it was killed before all had come up
        except ValueError:
            found = None
        return found.get("background", True) is not False if isinstance(found, dict) else True

    def recorded(self):
        """Whether `down` has not been here since `up`."""
        return os.path.exists(self.path(RECORD))

    def count_devices(self):
        kept, wanted = self.kept.get("devices"), self.options.devices
        if kept and wanted not in (None, kept):
            raise proc.LabError(f"{self.folder} keeps a laboratory of {kept} devices, not {wanted}; {keep.hint(self.folder)}")
        self.options.devices = wanted or kept or DEVICES

    def up(self, say, background=True):
        """Starts everything. The directory is claimed until that is done or, if not in the background, until this process ends."""
        self.claim = keep.claim(self.folder)
        try:
            self.take_over(say)
            self.count_devices()
            self.start_all(say)
            self.lab["background"] = background
            write(self.path("lab.json"), json.dumps(self.lab, indent=1) + "\n")
            listening = {"mtc-hss": self.lab["hss"], "mtc-smssc": self.lab["smssc"], "mtc-iwfd": self.lab["iwf"]["tsp"]}
            if self.options.console:
                listening["mtc-iwf-console"] = self.lab["console"]
            keep.save(self.folder, {"devices": self.options.devices, "ports": {name: at["port"] for name, at in listening.items()}})
        except BaseException:
            self.claim.close()
            raise
        if background:
            self.claim.close()
        return self.lab

    def start_all(self, say):
        self.lab["dir"] = self.folder
        if self.kept:
            say(f"state of the earlier run in {self.named} is used again; --fresh deletes it first")
        try:
            self.make_hosts(say)
            self.make_pki(say)
            self.describe_devices()
            if not self.kept:
                self.write_subscribers()
            say(f"starting mtc-hss ({self.options.devices + 1} subscribers), mtc-smssc and mtc-ue")
            self.start_hss()
            self.start_smssc()
            self.start_ue()
            if self.options.relay:
                say("starting freeDiameter as a relay agent in front of mtc-hss")
                self.start_relay()
            say(f"starting mtc-iwfd with {self.options.edges} edge{'s' if self.options.edges != 1 else ''}" + ("" if self.kept else " and provisioning the SCSs"))
            self.start_iwf()
            if not self.kept:
                self.provision()
            if self.options.console:
                self.start_console()
            self.make_tunnels(say)
        except BaseException as e:
            proc.end(self.entries)
            tunnel.hosts_of(self.folder).down()
            proc.remove(self.path(RECORD))
            if self.kept and isinstance(e, proc.LabError):
                raise proc.LabError(f"{e}\nIf the files of the earlier run are the cause: {keep.hint(self.folder)}") from e
            raise
        self.lab["logs"] = {e["name"]: e["log"] for e in self.entries}
        self.lab["logs"]["decisions"] = self.path("log", "decisions.jsonl")


def roles(parent):
    """{"core": pid, "edges": [pid, ...], "keyholder": pid, "ndsip": pid, "fetcher": pid, "metrics": pid} of a running mtc-iwfd, read from the command lines of its children."""
    found = {"core": None, "edges": [], "keyholder": None, "ndsip": None, "fetcher": None, "metrics": None}
    try:
        with open(f"/proc/{parent}/task/{parent}/children", encoding="ascii") as f:
            children = [int(word) for word in f.read().split()]
    except OSError:
        return found
    for pid in children:
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                words = f.read().split(b"\0")
        except OSError:
            continue
        if b"core" in words:
            found["core"] = pid
        elif b"edge" in words:
            found["edges"].append(pid)
        elif b"keyholder" in words:
            found["keyholder"] = pid
        elif b"ndsip" in words:
            found["ndsip"] = pid
        elif b"fetcher" in words:
            found["fetcher"] = pid
        elif b"metrics" in words:
            found["metrics"] = pid
    return found


def recorded_one(folder, name):
    """The entries of a running laboratory, and the place of this program among them."""
    entries = proc.recorded(os.path.join(folder, RECORD))
    place = next((i for i, e in enumerate(entries) if e["name"] == name), None)
    if place is None:
        raise proc.LabError(f"no laboratory with {name} runs in {folder}")
    return entries, place


def stop(folder, name, wait_s=proc.END_WAIT_S):
    """Ends one program of a running laboratory, as an outage to play with; start() brings it back."""
    entries, place = recorded_one(folder, name)
    if not proc.alive(entries[place]):
        raise proc.LabError(f"{name} is not running; start it with scripts/lab start {folder} {name}")
    return proc.end([entries[place]], wait_s)


def start(folder, name, wait_s=proc.HANG_S):
    """Starts a program again that stop() or a crash ended, at the address where the others look for it."""
    entries, place = recorded_one(folder, name)
    if proc.alive(entries[place]):
        raise proc.LabError(f"{name} is running already (process {entries[place]['pid']})")
    command, at = entries[place]["command"], proc.read_json(os.path.join(folder, "lab.json"))
    where = at["iwf" if name == "mtc-iwfd" else name.removeprefix("mtc-")]
    listens = where.get("tsp", where)
    if "port" in listens:  # its file says 0, a free one, when the laboratory came up with a new one
        with open(command[-1], encoding="utf-8") as f:
            write(command[-1], re.sub(r"\bport: 0\b", f"port: {listens['port']}", f.read(), count=1))

    def record(entry):
        entries[place] = entry  # where it was: the laboratory ends its programs in the opposite order
        write(os.path.join(folder, RECORD), json.dumps(entries, indent=1))

    entry = proc.start(name, command, os.path.join(folder, "log"), None, record)
    if "port" in listens:
        proc.wait_ready(entry, wait_s)
    if name == "mtc-iwfd":
        where["pids"] = {"parent": entry["pid"], **roles(entry["pid"])}
    else:
        where["pid"] = entry["pid"]
    write(os.path.join(folder, "lab.json"), json.dumps(at, indent=1) + "\n")
    return entry


def down(folder, say, wait_s=proc.END_WAIT_S):
    """Ends what `up` started there, each within wait_s; the directory stays, for reading and for the next `up`, without lab.json."""
    record, hosts = os.path.join(folder, RECORD), tunnel.hosts_of(folder)
    if not os.path.exists(record) and not hosts.there():
        raise proc.LabError(f"no laboratory runs in {folder} (no {RECORD})")
    killed = proc.end_recorded(record, wait_s)
    for name in killed:
        say(f"{name} did not end by itself and was killed")
    hosts.down()
    proc.remove(os.path.join(folder, "lab.json"))
    return killed
