"""The laboratory of the harness: scripts/lablib's, with a proxy in each leg, short waits, small disks, processes that come back."""
import json
import os
import signal
import subprocess
import time

from lablib import lab as L
from lablib import proc
from lablib.play import read_json_lines
from support import wall

from . import keeper, points, proxy

DEVICES = 60
DISK_MIB = {"iwf": 12, "smssc": 12}
# what iwf_config() of the laboratory says, and what is said here
WAITS = """timers: { reconnect: 200ms, edge_restart: 10ms, watchdog: 1s, disconnect_wait: 200ms, stats: 200ms }
dnr: { answer_wait: 800ms, retry_min: 100ms, retry_max: 1s }
journal: { report_grace: 4s }
limits: { enter_first: 0 }
"""
SMSSC_MORE = """events: {folder}/smssc/events.jsonl
delivery: {{ answer_wait: 1s, retry_min: 200ms, retry_max: 1s, restart_wait: 2s }}
report: {{ answer_wait: 800ms, retry_min: 200ms, retry_max: 1s }}
"""
GRACE_MS = 4000  # report_grace above
LEGS = {"tsp": proxy.TLS, "s6m": proxy.DIAMETER, "t4": proxy.DIAMETER}
ORDER = ["load", "listen-acme", "listen-beta", "listen-gamma", "mtc-iwfd", "mtc-ue", "mtc-smssc", "mtc-hss"]


class World(L.Lab):
    """up() and down(); the rest is what faults and loads need."""
    LEGS = LEGS

    def __init__(self, folder, bin_folder, seed):
        super().__init__(folder, L.options(bin=bin_folder, devices=DEVICES, smssc_more=SMSSC_MORE.format(folder=folder), log_level="info"))
        self.points = points.Points(self.path("faults"))
        self.proxy = proxy.Proxy(self.LEGS, seed)
        self.keeper = keeper.Keeper(self.path("log"), {"MTC_FAULT_DIR": self.points.folder})
        self.mounted, self.no_disks = [], ""
        self.wall = wall.Wall(self.folder)
        self.denied = set()
        self.core_ends = 0

    # -- how the laboratory starts its processes

    def start(self, name, command, env=None):
        k = self.keeper.add(name, [*self.options.under.get(name, []), *command], reader=name == "mtc-iwfd")
        entry = {"name": name, "pid": k.pid, "started": proc.start_time(k.pid), "out": k.out, "log": k.log, "command": command}
        self.entries.append(entry)
        return entry

    def mount_disks(self):
        """A small tmpfs below each state directory; only root may."""
        if os.geteuid() != 0:
            self.no_disks = "not root"
            return
        for name, size in DISK_MIB.items():
            os.makedirs(self.path(name), exist_ok=True)
            done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}m,mode=0700", "mtc-torture", self.path(name)],
                                  capture_output=True, text=True, check=False)
            if done.returncode:
                self.no_disks = done.stderr.strip() or "mount failed"
                return
            self.mounted.append(name)

    def _behind(self, leg, node, conf):
        """The node keeps the port it was given; its peer goes through the proxy."""
        found = self.lab[node]
        self.proxy.legs[leg].target = (found["address"], found["port"])
        with open(self.path(conf), encoding="utf-8") as f:
            text = f.read()
        proc.write(self.path(conf), text.replace("port: 0", f"port: {found['port']}", 1))
        found["address"], found["port"] = "127.0.0.1", self.proxy.legs[leg].port

    def iwf_config(self):
        text = super().iwf_config().replace("timers: { reconnect: 1s }\n", WAITS)
        for route, wait in (("s6m", "800ms"), ("t4", "500ms")):
            text = text.replace(route + ": { peer", f"{route}: {{ answer_wait: {wait}, peer", 1)
        return text

    def up(self, say):
        os.makedirs(self.folder, exist_ok=True)
        self.lab["dir"] = self.folder
        if not wall.why_not(self.program("mtc-iwfd")):
            self.options.under = {"mtc-iwfd": self.wall.words, "mtc-smssc": self.wall.words}
        self.make_pki(say)
        self.describe_devices()
        self.write_subscribers()
        self.mount_disks()
        self.start_hss()
        self._behind("s6m", "hss", "mtc-hss.yaml")
        self.start_smssc()
        self._behind("t4", "smssc", "mtc-smssc.yaml")
        self.start_ue()
        self.start_iwf()
        tsp = self.lab["iwf"]["tsp"]
        self.proxy.legs["tsp"].target = (tsp["address"], tsp["port"])
        conf = self.lab["iwf"]["config"]
        with open(conf, encoding="utf-8") as f:
            text = f.read()
        proc.write(conf, text.replace("port: 0", f"port: {tsp['port']}", 1))
        self.provision()
        done = self.mtcctl("assoc", "add", "gamma", "*@a.example")
        if done.returncode:
            raise proc.LabError(f"mtcctl: {done.stderr}")
        for scs in self.provisioned():
            k = self.keeper.add(f"listen-{scs['name']}", self.scs_command("listen", scs, state=self.path(f"reports-{scs['name']}.state"),
                                                                         verbose=True))
            proc.wait_until(f"{k.name} is connected", lambda k=k: any(e.get("event") == "ready" for e in read_json_lines(k.out)))
        return self.lab

    def start_ue(self):
        os.makedirs(self.path("ue"), exist_ok=True)
        entry = self.start("mtc-ue", [self.program("mtc-ue"), "--link", self.path("ue.sock"), "--state", self.path("ue"),
                                      "--events", self.path("ue-events.jsonl"), "--imsi", f"{L.imsi(1)}-{L.imsi(DEVICES + 1)}",
                                      "--control", self.path("ue-ctl.sock")])
        proc.wait_until("mtc-ue has registered its devices", lambda: '"ready"' in open(entry["out"], encoding="utf-8").read())
        self.lab["ue"] = {"pid": entry["pid"], "control": self.path("ue-ctl.sock"), "out": entry["out"]}

    def down(self):
        self.keeper.end(ORDER)
        self.proxy.end()
        for name in self.mounted:
            subprocess.run(["umount", "-l", self.path(name)], check=False)

    # -- SCSs

    def provisioned(self):
        return [s for s in self.lab["scs"] if s["provisioned"]]

    def owners(self):
        """Whose loads there are."""
        return self.provisioned()

    def scs_command(self, action, scs, **options):
        command = [self.program("mtc-scs"), action, "--connect", f"127.0.0.1:{self.proxy.legs['tsp'].port}", "--ca", self.lab["ca"],
                   "--cert", scs["cert"], "--key", scs["key"], "--origin-host", scs["origin_host"], "--realm", scs["realm"],
                   "--iwf-host", L.EXTERNAL_HOST, "--iwf-realm", L.EXTERNAL_REALM]
        for key, value in options.items():
            if value is True:
                command.append("--" + key.replace("_", "-"))
            elif value is not None and value is not False:
                command += ["--" + key.replace("_", "-"), str(value)]
        return command

    # -- devices; without an answer when mtc-ue is away at the moment

    def ue(self, *words):
        return subprocess.run([self.program("mtc-ue"), "ctl", self.lab["ue"]["control"], *[str(w) for w in words]],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=proc.HANG_S, check=False).returncode == 0

    # -- rules

    def import_rules(self):
        """Rules that allow, one by one, what larger ones allow already: a new generation of the store, and nothing else changes."""
        path = self.path("rules.csv")
        if not os.path.exists(path):
            proc.write(path, "who,device\n" + "".join(f"acme,meter-{n}@a.example\n" for n in range(1, 501)))
        self.mtcctl("assoc", "import", path)

    def deny(self, scs, device):
        """A right ends. False: nobody was there to hear it."""
        self.denied.add((scs, device))
        return self.mtcctl("assoc", "add", scs, device, "--deny").returncode == 0

    def allow_again(self):
        """Every deny goes, at last: the gateway may be away for a while."""
        for scs, device in list(self.denied):
            done = self.mtcctl("assoc", "del", scs, device, "--effect", "deny")
            if done.returncode == 0 or "no such rule" in done.stderr:
                self.denied.remove((scs, device))
        return not self.denied

    def take_back(self, pick, most):
        """An operator takes some pending triggers back. Returns how many the gateway said yes to."""
        done = self.mtcctl("--json", "triggers", "list")
        rows = [r for r in (json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")) if "reference" in r]
        return sum(self.mtcctl("triggers", "cancel", r["scs"], str(r["reference"])).returncode == 0 for r in pick(rows, min(most, len(rows))))

    # -- processes of the gateway

    def gateway_pids(self):
        k = self.keeper.kept["mtc-iwfd"]
        return L.roles(k.pid) if k.alive() else {"core": None, "edges": []}

    def kill_gateway(self, what, pick):
        """SIGKILL to the core or one of the edges. False: none there."""
        found = self.gateway_pids()
        pid = found["core"] if what == "core" else pick(found["edges"]) if found["edges"] else None
        if not pid:
            return False
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True

    def well(self):
        """Both core peers open, as mtcctl sees it."""
        try:
            return self.peers_open()
        except subprocess.TimeoutExpired:
            return False

    def wait_well(self, wait_s):
        """A peer that was lost is used again only after three answers to the watchdog."""
        deadline = time.monotonic() + wait_s
        while not self.well():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.1)
        return True

    # -- records

    def ask_files(self):
        return sorted(os.listdir(self.path("asks"))) if os.path.isdir(self.path("asks")) else []

    def fill_scs(self, book):
        """The records of the SCSs into a ledger."""
        e164 = {s["name"]: s["e164"] for s in self.provisioned()}
        for name in self.ask_files():
            book.scs_run(e164[name.split("-")[0]], read_json_lines(self.path("asks", name)))
        for name, number in e164.items():
            book.scs_listener(number, read_json_lines(self.path("log", f"listen-{name}.out")))

    def fill(self, book):
        """Every record into a ledger."""
        self.fill_scs(book)
        book.ue_acted(read_json_lines(self.path("ue-events.jsonl")))
        book.ue_said(read_json_lines(self.lab["ue"]["out"]))
        book.smssc_events(read_json_lines(self.path("smssc", "events.jsonl")))
        return book

    def counters(self):
        done = self.mtcctl("--json", "stats")
        rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        return {r.get("name"): r.get("value") for r in rows if "name" in r}
