"""An SCS inside the operator's domain, without TLS, and what a script that runs in a guest leaves outside."""
import json
import os
import re
import shutil
import time

from lablib import lab as laboratory
from lablib import proc

TSP_PORT = 3868
SCS = ("inside", "491720000009", "scs.core.operator.example", laboratory.CORE_REALM)


class InsideLab(laboratory.Lab):
    """Its only SCS is SCS; without the listener for TLS, because in a guest each process less is some seconds."""

    def write_subscribers(self):
        super().write_subscribers()
        with open(self.path("subscribers.jsonl"), encoding="utf-8") as f:
            text = f.read()
        proc.write(self.path("subscribers.jsonl"), text.replace('"allowed_scs": [', f'"allowed_scs": ["{SCS[1]}", '))

    def iwf_config(self):
        return re.sub(r"  - name: tsp\n(    .*\n)+", "", super().iwf_config())

    def provision(self):
        name, e164, host, realm = SCS
        for command in (["scs", "add", name, "--e164", e164, "--origin-host", host, "--realm", realm, "--anchor", "internal"],
                        ["assoc", "add", name, "*@a.example"]):
            done = self.mtcctl(*command)
            if done.returncode:
                raise proc.LabError(f"mtcctl {' '.join(command)}: {done.stderr}")


def peer(p, name):
    return next(r for r in p.ctl("peers") if r.get("name") == name)


class Found:
    """Facts for the test outside the guest, in /mnt/found.json as soon as they are known."""

    def __init__(self):
        self.facts = {}

    def note(self, name, value):
        self.facts[name] = value
        with open("/mnt/found.json.new", "w", encoding="utf-8") as f:
            json.dump(self.facts, f, indent=1, default=str)
        os.replace("/mnt/found.json.new", "/mnt/found.json")
        print(f"{time.monotonic():.1f} {name}: {value}", flush=True)


def keep_logs(folder):
    """Those of a laboratory in a guest."""
    if os.path.isdir(os.path.join(folder, "log")):
        shutil.copytree(os.path.join(folder, "log"), "/mnt/log", dirs_exist_ok=True)
