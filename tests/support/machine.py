"""A root directory of Debian 12 with the packages in it, and what systemd would do with their units. No systemd runs on the machine of the
tests, so they read the socket of its notifications and follow the unit by hand."""
import configparser
import json
import os
import shutil
import socket
import subprocess
import time

from lablib import proc
from lablib.pki import Pki

MIRROR = "http://deb.debian.org/debian"
DOCS = "usr/share/doc/mtc-iwf"
SCS = ["mtc-scs", "--connect", "127.0.0.1:5868", "--cert", "/etc/mtc-iwf/acme.pem", "--key", "/etc/mtc-iwf/acme.key", "--ca", "/etc/mtc-iwf/operator.pem",
       "--origin-host", "scs.acme.example", "--realm", "acme.example", "--iwf-host", "iwf.operator.example", "--iwf-realm", "operator.example"]


def run(*command, **more):
    done = subprocess.run(command, capture_output=True, text=True, timeout=more.pop("timeout", 600), check=False, **more)
    assert done.returncode == 0, f"{command}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout


def missing():
    """What this machine lacks for a root directory with processes of its own; "" when it has all."""
    if os.geteuid() != 0:
        return "a root directory of its own needs root"
    probe = ["unshare", "--net", "--pid", "--mount", "--fork", "--kill-child", "sh", "-c", "mount -t proc proc /proc && mount -t tmpfs none /mnt && : > /mnt/file"]
    done = subprocess.run(probe, capture_output=True, text=True, timeout=proc.HANG_S, check=False)
    return f"no mounts in a namespace of its own: {done.stderr.strip()}" if done.returncode else ""


class Machine:
    """A root directory with processes and a network of its own; all of it ends with the first process."""

    def __init__(self, root):
        self.root = str(root)
        self.init = subprocess.Popen(["unshare", "--net", "--pid", "--mount", "--fork", "--kill-child", "--root", self.root, "sh", "-c",
                                      "mount -t proc proc /proc; echo up; exec sleep 3600"], stdout=subprocess.PIPE, text=True)
        assert self.init.stdout.readline() == "up\n"
        with open(f"/proc/{self.init.pid}/task/{self.init.pid}/children", encoding="ascii") as f:
            self.pid = f.read().split()[0]
        self.enter = ["nsenter", "--target", self.pid, "--net", "--pid", "--mount", "--root", "--wd", "--"]
        run("nsenter", "--target", self.pid, "--net", "ip", "link", "set", "lo", "up")

    def run(self, *words, env=None):
        return run(*self.enter, "env", *(f"{k}={v}" for k, v in (env or {}).items()), *words)

    def start(self, name, *words, env=None):
        log = open(os.path.join(self.root, f"{name}.log"), "ab")  # pylint: disable=consider-using-with
        return subprocess.Popen([*self.enter, "env", *(f"{k}={v}" for k, v in (env or {}).items()), *words], stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def path(self, name):
        return os.path.join(self.root, name.lstrip("/"))

    def text(self, name):
        with open(self.path(name), encoding="utf-8") as f:
            return f.read()

    def end(self):
        self.init.kill()
        self.init.wait()


def wait(ready, what, seconds=proc.HANG_S):
    end = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def install(machine, which):
    machine.run("sh", "-c", f"dpkg -i /srv/{which}/*.deb", env={"DEBIAN_FRONTEND": "noninteractive"})


def unit(machine):
    """The unit, of which a key may come twice."""
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str
    parser.read_string(machine.text("/lib/systemd/system/mtc-iwf.service"))
    return parser["Service"]


class Service:
    """What systemd would do with the unit, as far as the test can."""

    def __init__(self, machine):
        self.machine, self.unit, self.said = machine, unit(machine), b""
        name = machine.path("/run/notify.sock")
        if os.path.exists(name):
            os.unlink(name)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(name)
        self.socket.settimeout(proc.HANG_S)

    def start(self, notify=True):
        assert self.unit["Type"] == "notify"
        env = {"NOTIFY_SOCKET": "/run/notify.sock", "WATCHDOG_USEC": str(int(self.unit["WatchdogSec"]) * 1000000)} if notify else {}
        assert self.unit["NoNewPrivileges"] == "yes"
        walls = ["setpriv", "--no-new-privs", "--bounding-set", ",".join(["-all", *(c.replace("CAP_", "+").lower() for c in self.unit["CapabilityBoundingSet"].split())])]
        self.process = self.machine.start("iwfd", *walls, *self.unit["ExecStart"].split(), env=env)
        if notify:
            self.until(b"READY=1")
        else:
            wait(lambda: "ready 127.0.0.1" in self.machine.text("iwfd.log").rsplit("mark\n", 1)[-1], "no ready line")
        return self

    def until(self, what):
        while what not in self.said:
            self.said = self.socket.recv(4096)

    def pid(self):
        return self.machine.run("sh", "-c", "for p in /proc/[0-9]*; do read -r c <$p/comm; [ \"$c\" = mtc-iwfd ] && echo ${p#/proc/}; done | sort -n | head -n 1").strip()

    def stop(self, notify=True):
        assert self.unit["KillMode"] == "mixed"
        self.machine.run("sh", "-c", f"kill -TERM {self.pid()}")
        if notify:
            self.until(b"STOPPING=1")
        assert self.process.wait(timeout=int(self.unit["TimeoutStopSec"])) == 0


def trigger(machine, reference, *words):
    lines = machine.run(*SCS[:1], "trigger", *SCS[1:], "--device", "meter-1@a.example", "--payload", "wake", "--reference", str(reference), *words)
    return [json.loads(line) for line in lines.splitlines()]


def configure(machine, tmp):
    """As docs/user/operating.md says: the shipped examples, with certificates."""
    pki = Pki(str(tmp / "pki"))
    pki.ca("operator", "/O=operator/CN=operator CA")
    pki.ca("anchor-a", "/O=acme/CN=trust anchor a")
    pki.crl("anchor-a")
    pki.leaf("iwf", "operator", "iwf.operator.example", "serverAuth,clientAuth")
    pki.leaf("acme", "anchor-a", "scs.acme.example", "clientAuth")
    for name in ("iwf.pem", "iwf.key", "anchor-a.pem", "anchor-a.crl", "operator.pem", "acme.pem", "acme.key"):
        shutil.copy(pki.path(name), machine.path(f"/etc/mtc-iwf/{name}"))
    text = machine.text(f"{DOCS}/examples/mtc-iwfd.yaml").replace("anchor-b.pem", "anchor-a.pem").replace("anchor-b.crl", "anchor-a.crl")
    for name in ("mtc-hss.yaml", "mtc-smssc.yaml", "subscribers.jsonl"):
        shutil.copy(machine.path(f"{DOCS}/examples/{name}"), machine.path(f"/etc/mtc-iwf/{name}"))
    with open(machine.path("/etc/mtc-iwf/mtc-iwfd.yaml"), "w", encoding="utf-8") as f:
        f.write(text)
    os.makedirs(machine.path("/run/mtc-smssc"), exist_ok=True)


def core(machine):
    """HSS, SMS-SC and a device, of the package mtc-iwf-lab."""
    machine.start("hss", "mtc-hss", "-c", "/etc/mtc-iwf/mtc-hss.yaml")
    machine.start("smssc", "mtc-smssc", "-c", "/etc/mtc-iwf/mtc-smssc.yaml")
    wait(lambda: os.path.exists(machine.path("/run/mtc-smssc/ue.sock")), "no SMS-SC")


def device(machine):
    machine.start("ue", "mtc-ue", "--link", "/run/mtc-smssc/ue.sock", "--state", "/var/lib/ue", "--imsi", "001010000000001")
