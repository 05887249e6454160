"""Playing with a laboratory that is up: SCSs that ask, devices that come and go, what the gateway says it decided.
Used by scripts/demo and by the end-to-end tests."""
import json
import os
import subprocess

from . import proc

RUN_S = 3 * proc.HANG_S  # bound of a program that waits itself: for its connection, for an answer and for a report, HANG_S each
WAITS = {"connect_wait": proc.HANG_S, "answer_wait": proc.HANG_S}  # of mtc-scs; who is refused does not wait


def json_lines(text):
    found = []
    for line in text.splitlines():
        if line.startswith("{"):
            try:
                found.append(json.loads(line))
            except ValueError:
                pass  # the last line of a program that is still writing
    return found


def read_json_lines(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            return json_lines(f.read())
    except OSError:
        return []


class Ended:
    """What a run of mtc-scs left: exit code, its JSON lines, its words."""

    def __init__(self, code, out, err):
        self.code, self.events, self.err, self.out = code, json_lines(out), err, out

    def event(self, name):
        for event in self.events:
            if event.get("event") == name:
                return event
        return {}

    @property
    def status(self):
        return self.event("answer").get("request_status")

    @property
    def outcome(self):
        return self.event("report").get("delivery_outcome")

    def __repr__(self):
        return f"exit {self.code}, {self.events or self.out!r}, {self.err!r}"


class Running:
    """A program in the background whose lines can be waited for."""

    def __init__(self, entry):
        self.entry = entry

    @property
    def pid(self):
        return self.entry["pid"]

    def events(self, name=None):
        return [e for e in read_json_lines(self.entry["out"]) if name is None or e.get("event") == name]

    def wait_event(self, name, wait_s=proc.HANG_S, count=1, **fields):
        def there():
            found = [e for e in self.events(name) if all(e.get(k) == v for k, v in fields.items())]
            return found if len(found) >= count else None
        return proc.wait_until(f"{self.entry['name']}: event {name} {fields or ''}", there, wait_s)[count - 1]

    def alive(self):
        return proc.alive(self.entry)

    def end(self):
        return proc.end([self.entry])


class Play:
    """A laboratory that is up, from its lab.json."""

    def __init__(self, folder, bin_folder, under=None):
        with open(os.path.join(folder, "lab.json"), encoding="utf-8") as f:
            self.lab = json.load(f)
        self.bin, self.under = bin_folder, under or {}
        self.scs = {s["name"]: s for s in self.lab["scs"]}
        self.background = []

    def program(self, name):
        return os.path.join(self.bin, name)

    # -- SCSs

    def scs_command(self, action, name, origin_host=None, **options):
        """mtc-scs ACTION as the SCS of that name; origin_host lies about who it is. Options as on the command line."""
        scs, tsp = self.scs[name], self.lab["iwf"]["tsp"]
        command = [*self.under.get("mtc-scs", []), self.program("mtc-scs"), action, "--connect", f"{tsp['address']}:{tsp['port']}", "--ca", self.lab["ca"],
                   "--cert", scs["cert"], "--key", scs["key"], "--origin-host", origin_host or scs["origin_host"],
                   "--realm", scs["realm"], "--iwf-host", self.lab["iwf"]["identity"], "--iwf-realm", self.lab["iwf"]["realm"]]
        for key, value in (WAITS | options).items():
            option = "--" + key.replace("_", "-")
            if value is True:
                command.append(option)
            elif value is not None and value is not False:
                command += [option, str(value)]
        return command

    def trigger(self, name, wait_s=RUN_S, action="trigger", **options):
        """Runs one trigger to its end."""
        options.setdefault("payload", "wake up")
        done = subprocess.run(self.scs_command(action, name, **options), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=wait_s, check=False)
        return Ended(done.returncode, done.stdout, done.stderr)

    def start(self, label, command):
        running = Running(proc.start(label, command, os.path.join(self.lab["dir"], "log")))
        self.background.append(running)
        return running

    def listen(self, name, label=None, **options):
        """An SCS that stays connected. Returns when it is."""
        running = self.start(label or f"listen-{name}-{len(self.background)}", self.scs_command("listen", name, **options))
        running.wait_event("ready")
        return running

    def end_background(self):
        proc.end([r.entry for r in self.background])
        self.background = []

    # -- devices

    def ue(self, *words):
        done = subprocess.run([self.program("mtc-ue"), "ctl", self.lab["ue"]["control"], *[str(w) for w in words]],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=proc.HANG_S, check=False)
        if done.returncode:
            raise proc.LabError(f"mtc-ue ctl {' '.join(map(str, words))}: {done.stderr.strip()}")
        return done.stdout

    def ue_triggers(self, **fields):
        found = read_json_lines(self.lab["ue"]["out"])
        return [e for e in found if e.get("event") == "trigger" and all(e.get(k) == v for k, v in fields.items())]

    # -- the gateway

    def ctl(self, *words, check=True):
        """mtcctl --json WORDS: the rows it prints."""
        done = subprocess.run([self.program("mtcctl"), "--socket", self.lab["iwf"]["ctl"], "--json", *[str(w) for w in words]],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=proc.HANG_S, check=False)
        if check and done.returncode:
            raise proc.LabError(f"mtcctl {' '.join(map(str, words))}: {done.stderr.strip() or done.stdout.strip()}")
        return json_lines(done.stdout)

    def decisions(self, **fields):
        found = read_json_lines(self.lab["logs"]["decisions"])
        return [d for d in found if all(d.get(k) == v for k, v in fields.items())]

    def wait_decision(self, wait_s=proc.HANG_S, **fields):
        return proc.wait_until(f"a decision line with {fields}", lambda: self.decisions(**fields), wait_s)[-1]

    def edges(self):
        """{name: pid} of the edges that are up."""
        rows = self.ctl("status", check=False)
        listed = rows[-1].get("edges", []) if rows else []
        return {e["name"]: e["pid"] for e in listed if e["state"] == "up"}

    def sessions(self, scs=None):
        return [r for r in self.ctl("sessions") if "session" in r and (scs is None or r["scs"] == scs)]

    def sessions_by_edge(self):
        found = {}
        for row in self.sessions():
            found.setdefault(row["edge"], set()).add(row["session"])
        return found

    def listen_on_both_edges(self, names=("acme", "beta"), most=16):
        """Connects SCSs until two edges hold sessions."""
        listeners = []

        def both():
            if len(self.sessions_by_edge()) >= 2:
                return True
            if len(listeners) < most:
                listeners.append(self.listen(names[len(listeners) % len(names)]))
            return False
        proc.wait_until("two edges hold sessions", both)
        return listeners
