"""The processes of a laboratory, killed and started again where they were."""
import json
import os
import signal

from lablib import lab as L
from lablib import play, proc


class Restarts:
    """The processes of a laboratory: killed and started again where they were."""

    def __init__(self, p):
        self.p, self.starts, self.was = p, 0, None
        for conf, part in (("mtc-hss.yaml", p.lab["hss"]), ("mtc-smssc.yaml", p.lab["smssc"]), ("mtc-iwfd.yaml", p.lab["iwf"]["tsp"])):
            path = os.path.join(p.lab["dir"], conf)
            with open(path, encoding="utf-8") as f:
                text = f.read()
            assert text.count("port: 0") == 1
            proc.write(path, text.replace("port: 0", f"port: {part['port']}"))

    def entries(self):
        with open(os.path.join(self.p.lab["dir"], "processes.json"), encoding="utf-8") as f:
            return json.load(f)

    def entry(self, name):
        return next(e for e in self.entries() if e["name"].split("/")[0] == name)

    def kill(self, victim):
        """kill -9: a process by its name, the core, or all edges at once."""
        if victim in ("core", "edges"):
            self.was = L.roles(self.p.lab["iwf"]["pids"]["parent"])[victim]
            for pid in [self.was] if victim == "core" else self.was:
                os.kill(pid, signal.SIGKILL)
            return
        entry = self.entry(victim)
        os.kill(entry["pid"], signal.SIGKILL)
        proc.wait_until(f"{victim} is dead", lambda: not proc.alive(entry))

    def is_back(self, victim):
        now = L.roles(self.p.lab["iwf"]["pids"]["parent"])[victim]
        return now not in (None, self.was) if victim == "core" else len(now) == len(self.was) and not set(now) & set(self.was)

    def have_back(self, victim):
        """The parent starts the core and the edges again; everything else is started here."""
        pids = self.p.lab["iwf"]["pids"]
        if victim in ("core", "edges"):
            proc.wait_until(f"{victim} is back", lambda: self.is_back(victim))
        else:
            if victim == "mtc-iwfd":
                proc.wait_until("its children have ended", lambda: all(proc.start_time(i) is None for i in [pids["core"], *pids["edges"]]))
            self.start(victim)
        proc.wait_until("the gateway is connected", self.connected)

    def again(self, victim):
        self.kill(victim)
        self.have_back(victim)

    def start(self, name):
        self.starts += 1
        old = self.entry(name)
        new = proc.start(f"{name}-{self.starts}", old["command"], os.path.join(self.p.lab["dir"], "log"))
        new["name"] = f"{name}/{self.starts}"
        entries = [new if e["name"] == old["name"] else e for e in self.entries()]
        proc.write(os.path.join(self.p.lab["dir"], "processes.json"), json.dumps(entries))
        if name == "mtc-ue":
            proc.wait_until("mtc-ue is ready", lambda: '"ready"' in open(new["out"], encoding="utf-8").read(), entries=[new])
        else:
            proc.wait_ready(new)
        if name == "mtc-iwfd":
            self.p.lab["iwf"]["pids"] = {"parent": new["pid"], **L.roles(new["pid"])}

    def connected(self):
        rows = [r for r in self.p.ctl("peers", check=False) if "state" in r]
        return len(rows) == 2 and all(r["state"] == "open" for r in rows)

    def acted(self, **fields):
        """What devices acted on, over all lives of mtc-ue. Its file of events has each trigger once; a line of its output is lost when it is
        killed between the mark on disk and the line. The laboratory is one with ue_events."""
        return [e for e in play.read_json_lines(self.p.lab["ue"]["events"])
                if e.get("event") == "trigger" and all(e.get(k) == v for k, v in fields.items())]
