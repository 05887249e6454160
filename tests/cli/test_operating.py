"""What docs/user/operating.md says about one mtc-iwfd: files and their modes, signals, a second instance, backup."""
import json
import os
import shutil
import signal
import stat
import subprocess

import pytest
from conftest import BIN, ROOT
from lablib import proc
from lablib.pki import Pki

CONFIG = """identity:
  external: { host: iwf.operator.example, realm: operator.example }
  internal: { host: iwf.core.operator.example, realm: core.operator.example }
state_dir: state
control: { path: ctl.sock }
log: { level: info, decisions: decisions.jsonl }
edges: 1
timers: { lock_wait: 0s }
trust_anchors:
  - { name: anchor-a, file: pki/anchor-a.pem }
listen:
  - { name: tsp, zone: external, protection: tls, address: 127.0.0.1, port: 0, certificate: pki/iwf.pem, key: pki/iwf.key }
peers: # nobody is there
  - { name: hss, host: hss.core.operator.example, realm: core.operator.example, address: 127.0.0.1, port: 1, protection: none }
s6m: { peer: hss, destination_realm: core.operator.example }
t4: { peer: hss, destination_realm: core.operator.example }
"""


class Gateway:
    """One mtc-iwfd in a folder; `change` makes another configuration of it."""

    def __init__(self, folder):
        self.folder, self.child = folder, None

    def path(self, name):
        return str(self.folder / name)

    def config(self, name="mtc-iwfd.yaml", change=("", "")):
        (self.folder / name).write_text(CONFIG.replace(*change) if change[0] else CONFIG)
        return self.path(name)

    def start(self, **how):
        with open(self.path("log"), "ab") as log:
            self.child = subprocess.Popen([os.path.join(BIN, "mtc-iwfd"), "-c", self.config(**how)], stdin=subprocess.DEVNULL,
                                          stdout=subprocess.PIPE, stderr=log, text=True)
        line = self.child.stdout.readline()
        assert line.startswith("ready 127.0.0.1:"), (self.folder / "log").read_text()
        return int(line.rsplit(":", 1)[1])

    def stop(self, number=signal.SIGTERM):
        child, self.child = self.child, None
        child.send_signal(number)
        child.communicate(timeout=proc.HANG_S)
        return child.returncode

    def ctl(self, *words):
        return subprocess.run([os.path.join(BIN, "mtcctl"), "--socket", self.path("ctl.sock"), *words], capture_output=True, text=True,
                              timeout=proc.HANG_S, check=False)

    def refused(self, **how):
        """A start that must end by itself; its words."""
        done = subprocess.run([os.path.join(BIN, "mtc-iwfd"), "-c", self.config(name="second.yaml", **how)], capture_output=True, text=True,
                              timeout=proc.HANG_S, check=False, stdin=subprocess.DEVNULL)
        assert done.returncode == 1 and done.stdout == "", done
        return done.stderr


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pki")
    made = Pki(str(folder))
    made.ca("operator", "/O=operator/CN=operator CA")
    made.ca("anchor-a", "/O=acme/CN=trust anchor a")
    made.leaf("iwf", "operator", "iwf.operator.example", "serverAuth,clientAuth")
    return folder


@pytest.fixture
def gateway(pki, tmp_path):
    shutil.copytree(pki, tmp_path / "pki")
    g = Gateway(tmp_path)
    yield g
    if g.child:
        g.child.kill()
        g.child.communicate(timeout=proc.HANG_S)


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def add_acme(g):
    done = g.ctl("scs", "add", "acme", "--e164", "491720000001", "--origin-host", "scs.acme.example", "--realm", "acme.example",
                 "--anchor", "anchor-a")
    assert done.returncode == 0, done.stderr


def test_files_are_for_those_who_need_them(gateway):
    gateway.start()
    for folder, _, names in os.walk(gateway.path("state")):
        assert mode(folder) == 0o700
        assert [n for n in names if mode(os.path.join(folder, n)) != 0o600] == []
    assert mode(gateway.path("ctl.sock")) == 0o660 and mode(gateway.path("decisions.jsonl")) == 0o640
    assert gateway.stop() == 0


def test_each_process_is_named_by_what_it_is(gateway):
    """What ps and top show: none is called as the file that was executed, /proc/self/exe, and only the parent as the program."""
    gateway.start()

    def name(pid):
        with open(f"/proc/{pid}/comm", encoding="ascii") as f:
            return f.read().strip()

    with open(f"/proc/{gateway.child.pid}/task/{gateway.child.pid}/children", encoding="ascii") as f:
        children = f.read().split()
    assert name(gateway.child.pid) == "mtc-iwfd"
    assert sorted(name(pid) for pid in children) == ["iwf-core", "iwf-edge", "iwf-keyholder"]
    assert gateway.stop() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_end_in_order_is_exit_0_and_takes_the_socket_along(gateway, number):
    gateway.start()
    assert gateway.stop(number) == 0
    assert not os.path.exists(gateway.path("ctl.sock"))


def test_the_decision_log_is_opened_again(gateway):
    gateway.start()
    os.rename(gateway.path("decisions.jsonl"), gateway.path("decisions.1"))
    gateway.child.send_signal(signal.SIGHUP)
    proc.wait_until("the log is there again", lambda: os.path.exists(gateway.path("decisions.jsonl")))
    assert gateway.stop() == 0


def test_a_decision_log_that_was_moved_is_opened_again_without_a_signal(gateway):
    gateway.start()
    os.rename(gateway.path("decisions.jsonl"), gateway.path("decisions.1"))
    proc.wait_until("the log is there again", lambda: os.path.exists(gateway.path("decisions.jsonl")))
    assert gateway.stop() == 0


def test_a_decision_log_that_is_a_pipe_without_a_reader_is_named(gateway):
    os.mkfifo(gateway.path("decisions.jsonl"))
    assert "decisions.jsonl: no program reads this pipe; start its reader first" in gateway.refused()


def test_a_second_instance_says_what_the_first_one_holds(gateway):
    port = gateway.start()
    assert "another process listens there" in gateway.refused()
    other = ("ctl.sock", "ctl2.sock")
    words = gateway.refused(change=other)
    assert "state/associations: locked: another process uses it" in words
    assert not os.path.exists(gateway.path("ctl2.sock"))
    words = gateway.refused(change=("port: 0", f"port: {port}"))
    assert f"listener tsp: 127.0.0.1:{port}: Address already in use" in words
    assert gateway.ctl("status").returncode == 0  # the first one noticed nothing
    assert gateway.stop() == 0


def test_a_damaged_store_is_named_and_not_touched(gateway):
    os.makedirs(gateway.path("state/associations"))
    data = gateway.path("state/associations/data.mdb")
    with open(data, "wb") as f:
        f.write(b"not a database " * 1000)
    words = gateway.refused()
    assert f"{gateway.path('state/associations')}: its database file is damaged" in words
    with open(data, "rb") as f:
        assert f.read() == b"not a database " * 1000


def test_provisioning_outlives_a_kill_and_a_backup_brings_it_back(gateway):
    gateway.start()
    add_acme(gateway)
    gateway.stop(signal.SIGKILL)
    gateway.start()  # the socket that the killed one left is in nobody's way
    assert gateway.ctl("scs", "show", "acme").returncode == 0
    assert gateway.stop() == 0
    shutil.copytree(gateway.path("state"), gateway.path("backup"))
    gateway.start()
    assert gateway.ctl("scs", "del", "acme").returncode == 0
    assert gateway.stop() == 0
    gateway.start(change=("state_dir: state", "state_dir: backup"))
    assert gateway.ctl("scs", "show", "acme").returncode == 0
    assert gateway.stop() == 0


def test_backup_and_restore(gateway):
    gateway.start()
    add_acme(gateway)
    assert gateway.ctl("assoc", "add", "acme", "m1@a.example").returncode == 0
    made = gateway.ctl("backup", gateway.path("copy"))
    assert made.returncode == 0 and gateway.path("copy") in made.stdout, made
    assert gateway.ctl("scs", "del", "acme").returncode == 0
    assert gateway.stop() == 0
    command = [os.path.join(BIN, "mtc-iwfd"), "-c", gateway.path("mtc-iwfd.yaml"), "--restore", gateway.path("copy")]
    refused = subprocess.run(command, capture_output=True, text=True, timeout=proc.HANG_S, check=False, cwd=gateway.folder)
    assert refused.returncode == 1 and "with --replace" in refused.stderr, refused
    done = subprocess.run([*command, "--replace"], capture_output=True, text=True, timeout=proc.HANG_S, check=False, cwd=gateway.folder)
    assert done.returncode == 0 and "before-restore-" in done.stdout, done
    gateway.start()
    assert gateway.ctl("scs", "show", "acme").returncode == 0
    assert gateway.ctl("assoc", "check", "acme", "m1@a.example").returncode == 0

def test_a_peer_that_is_not_there_is_waited_for(gateway):
    gateway.start()
    rows = [json.loads(line) for line in gateway.ctl("--json", "peers").stdout.splitlines()]
    assert rows[0]["name"] == "hss" and rows[0]["state"] != "open"
    assert gateway.stop() == 0


def test_every_member_of_a_decision_is_in_the_manuals():
    with open(os.path.join(ROOT, "src", "audit", "aud_format.c"), encoding="utf-8") as f:
        emitter = f.read()
    for member in ("time", "transaction", "scs", "origin_host", "address", "protection", "device", "action", "reference", "verdict", "reason", "rule",
                   "request_status"):
        assert f'"{member}' in emitter or f'\\"{member}' in emitter, member
        for page in ("docs/user/operating.md", "docs/man/mtc-iwfd.1"):
            with open(os.path.join(ROOT, page), encoding="utf-8") as f:
                assert member in f.read().replace("\\", ""), f"{page}: {member}"
