"""Act eleven, fourth part: mtcctl backup while triggers go on, and mtc-iwfd --restore. What is not whole is not there, what was there is not lost."""
import array
import fcntl
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest
from lablib import lab, proc

FILES = ["association-rows.mdb", "associations.mdb", "journal.log", "manifest.json"]


class Gateway:
    """mtc-iwfd of a laboratory with its state, its backups beside it."""

    def __init__(self, lab):
        self.lab, self.folder = lab, lab.lab["dir"]
        self.state = os.path.join(self.folder, "iwf")
        self.entry = next(e for e in proc.json.load(open(self.path("processes.json"), encoding="utf-8")) if e["name"] == "mtc-iwfd")

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def mtcctl(self, *words):
        return [self.lab.program("mtcctl"), "--socket", self.lab.lab["iwf"]["ctl"], *map(str, words)]

    def backup(self, name, **more):
        return subprocess.run(self.mtcctl("backup", self.path(name)), capture_output=True, text=True, timeout=proc.HANG_S, check=False, stdin=subprocess.DEVNULL,
                              **more)

    def restore(self, name, *more):
        return subprocess.run([self.lab.program("mtc-iwfd"), "-c", self.lab.lab["iwf"]["config"], "--restore", self.path(name), *more], capture_output=True,
                              text=True, timeout=proc.HANG_S, check=False, stdin=subprocess.DEVNULL)

    def stop(self):
        os.kill(self.entry["pid"], signal.SIGTERM)
        proc.wait_until("mtc-iwfd has ended", lambda: not proc.alive(self.entry))

    def start(self):
        self.entry = proc.start("again", [self.lab.program("mtc-iwfd"), "-c", self.lab.lab["iwf"]["config"]], self.path("log"))
        address, port = proc.wait_ready(self.entry)
        self.lab.lab["iwf"]["tsp"] = {"address": address, "port": port}
        proc.wait_until("its peers are open", lambda: {r["state"] for r in self.lab.ctl("peers") if "state" in r} == {"open"})

    def provisioned(self):
        """Without the sessions: one of an SCS that has just ended is counted for a moment."""
        return [{k: v for k, v in r.items() if k != "sessions"} for words in (("scs", "list"), ("assoc", "list", "--limit", 0)) for r in self.lab.ctl(*words)]

    def triggers(self):
        return {(r["scs"], r["reference"], r["state"]) for r in self.lab.ctl("triggers", "list", "--limit", 0) if "reference" in r}


@pytest.fixture
def gateway(labs):
    p = labs.up()
    g = Gateway(p)
    yield g
    if proc.alive(g.entry):
        assert not proc.end([g.entry])
    wrong = labs.down(p)
    assert not wrong, "\n".join(wrong)


def tree(folder):
    return sorted(os.path.relpath(os.path.join(at, f), folder) for at, _, names in os.walk(folder) for f in names if f.endswith(".mdb"))


def test_a_backup_under_load_and_its_restore(gateway):
    g, p = gateway, gateway.lab
    p.ue("absent")
    assert p.trigger("beta", device="meter-{}@b.example", devices="501-560", count=60, reference=1000, validity=3600).event("summary")["by_status"] == {
        "SUCCESS": 60}
    before, waiting = g.provisioned(), g.triggers()
    assert len(waiting) == 60
    p.ue("present")  # from here on reports come, while it is copied
    codes = []
    loading = threading.Thread(target=lambda: codes.append(p.trigger("acme", device="meter-{}@a.example", devices="1-400", count=1500, window=16,
                                                                     wait=proc.HANG_S).event("summary")["by_status"]))
    loading.start()
    done = [g.backup(f"copy-{i}") for i in range(3)]
    loading.join()
    assert codes == [{"SUCCESS": 1500}]
    for i, one in enumerate(done):
        assert one.returncode == 0, one
        folder = g.path(f"copy-{i}")
        assert sorted(os.listdir(folder)) == FILES
        assert not os.path.exists(folder + ".part")
        with open(os.path.join(folder, "manifest.json"), encoding="utf-8") as f:
            manifest = json.load(f)
        assert manifest["kind"] == "mtc-iwf backup" and manifest["generation"] == 1 and set(manifest["files"]) == set(FILES[:3])
        for name, row in manifest["files"].items():
            with open(os.path.join(folder, name), "rb") as f:
                octets = f.read()
            assert row == {"octets": len(octets), "sha256": hashlib.sha256(octets).hexdigest()}
    assert p.ctl("assoc", "del", "acme", "*@a.example")
    assert p.ctl("scs", "add", "later", "--e164", "49170999", "--origin-host", "later.example", "--realm", "later.example", "--anchor", "anchor-a")
    later = g.provisioned()
    assert later != before
    running = g.restore("copy-0", "--replace")
    assert running.returncode == 1 and "stop it first" in running.stderr, running
    g.stop()
    old = tree(g.state)
    kept = g.restore("copy-0")
    assert kept.returncode == 1 and "--replace" in kept.stderr, kept
    assert tree(g.state) == old and not [n for n in os.listdir(g.state) if n.startswith(("restore", "before"))]
    restored = g.restore("copy-0", "--replace")
    assert restored.returncode == 0, restored
    assert "screening rules set with 'mtcctl screen set' are not in a backup: set them again if there were any\n" in restored.stdout
    [aside] = [n for n in os.listdir(g.state) if n.startswith("before-restore-")]
    assert tree(os.path.join(g.state, aside)) == [f for f in old if f.startswith("associations")]
    g.start()
    assert g.provisioned() == before
    with open(os.path.join(g.path("copy-0"), "manifest.json"), encoding="utf-8") as f:
        when = json.load(f)["time"]
    assert [(d["rule"], d["address"]) for d in p.decisions(action="provisioning") if d["rule"].startswith("restore")] == [(f"restore {when}", f"uid {os.getuid()}")]
    proc.wait_until("it is told once", lambda: not os.path.exists(os.path.join(g.state, "restored")))
    assert p.trigger("acme", device="meter-7@a.example", wait=proc.HANG_S).code == 0


def test_the_journal_of_a_backup_comes_back_only_when_it_is_asked_for(gateway):
    g, p = gateway, gateway.lab
    p.ue("absent")
    assert p.trigger("beta", device="meter-501@b.example", reference=7, validity=3600).code == 0
    waiting = g.triggers()
    assert g.backup("copy").returncode == 0
    listener = p.listen("beta")
    p.ue("present")
    assert listener.wait_event("report", reference=7, wait_s=proc.HANG_S)["delivery_outcome"] == "SUCCESS"
    proc.wait_until("the trigger has ended", lambda: not g.triggers())
    g.stop()
    without = g.restore("copy", "--replace")
    assert without.returncode == 0 and "journal was left as it is" in without.stdout, without
    g.start()
    assert g.triggers() == set()
    g.stop()
    with open(os.path.join(g.state, "screening"), "w", encoding="ascii") as f:
        f.write("mtc screening 1\nend 0\n")
    restored = g.restore("copy", "--replace", "--journal")
    assert restored.returncode == 0 and "those of this state_dir stay in force\n" in restored.stdout, restored
    p.ue("absent")
    g.start()
    assert waiting and {t[:2] for t in g.triggers()} == {t[:2] for t in waiting}


def test_after_the_loss_of_the_state_a_backup_brings_pending_triggers_back(gateway):
    """As docs/user/operating.md has it for a new machine: backed up while it runs, everything lost, restored; the devices get what waited."""
    g, p = gateway, gateway.lab
    p.ue("absent")
    assert p.trigger("beta", device="meter-{}@b.example", devices="501-520", count=20, reference=100, validity=3600).event("summary")["by_status"] == {
        "SUCCESS": 20}
    waiting, known = g.triggers(), g.provisioned()
    assert g.backup("copy").returncode == 0
    g.stop()
    shutil.rmtree(g.state)
    restored = g.restore("copy", "--journal")
    assert restored.returncode == 0, restored
    g.start()
    assert g.provisioned() == known
    assert len(waiting) == 20 and {t[:2] for t in g.triggers()} == {t[:2] for t in waiting}
    listener = p.listen("beta")
    p.ue("present")
    for reference in range(100, 120):
        assert listener.wait_event("report", reference=reference, wait_s=proc.HANG_S)["delivery_outcome"] == "SUCCESS"
    proc.wait_until("no trigger is left", lambda: not g.triggers())


def journal_old(source, target):
    """The journal as the programs before the log kept it."""
    tool = os.path.join(os.environ.get("MTC_BUILD", os.path.join(lab.ROOT, "build")), "tests", "tools", "journal_old")
    subprocess.run([tool, source, target], check=True, timeout=proc.HANG_S)
    return os.path.join(target, "data.mdb")


def as_before(folder):
    """A backup as mtcctl wrote it before the journal was a log: format 1, journal.mdb."""
    shutil.copy(journal_old(os.path.join(folder, "journal.log"), folder + "-old"), os.path.join(folder, "journal.mdb"))
    os.remove(os.path.join(folder, "journal.log"))
    with open(os.path.join(folder, "journal.mdb"), "rb") as f:
        octets = f.read()
    with open(os.path.join(folder, "manifest.json"), encoding="utf-8") as f:
        files = json.load(f)["files"]
    del files["journal.log"]
    files["journal.mdb"] = {"octets": len(octets), "sha256": hashlib.sha256(octets).hexdigest()}
    edit(files=files, format=1)(folder)


def test_a_backup_of_the_version_before_is_restored_and_taken_over(gateway):
    g, p = gateway, gateway.lab
    p.ue("absent")
    assert p.trigger("beta", device="meter-{}@b.example", devices="501-520", count=20, reference=100, validity=3600).code == 0
    waiting = g.triggers()
    assert g.backup("copy").returncode == 0
    as_before(g.path("copy"))
    g.stop()
    restored = g.restore("copy", "--replace", "--journal")
    assert restored.returncode == 0, restored
    assert not [n for n in os.listdir(g.state) if n.endswith(".part")]
    g.start()
    assert len(waiting) == 20 and {t[:2] for t in g.triggers()} == {t[:2] for t in waiting}


def test_the_journal_of_the_version_before_is_taken_over_once(gateway):
    g, p = gateway, gateway.lab
    journal = os.path.join(g.state, "journal")
    p.ue("absent")
    assert p.trigger("beta", device="meter-{}@b.example", devices="501-520", count=20, reference=100, validity=3600).code == 0
    waiting = g.triggers()
    g.stop()
    journal_old(journal, journal + "-old")
    shutil.rmtree(journal)
    os.rename(journal + "-old", journal)
    for _ in range(2):
        g.start()
        assert len(waiting) == 20 and {t[:2] for t in g.triggers()} == {t[:2] for t in waiting}
        g.stop()
    checked = subprocess.run(g.mtcctl("journal", "check", journal), capture_output=True, text=True, timeout=proc.HANG_S, check=False)
    assert checked.returncode == 0 and "the journal is whole" in checked.stdout, checked
    g.start()


def test_the_times_of_a_restored_journal_are_those_of_its_gateway(gateway):
    """It began with a wall clock of twenty years ago, which was put right since; then its state is lost."""
    g, p, behind_ms = gateway, gateway.lab, 20 * 365 * 86400 * 1000
    g.stop()
    with open(os.path.join(g.state, "timeline"), "w", encoding="ascii") as f:
        f.write(f"mtc timeline 1 boot - base 0 wall {behind_ms} last {int(time.time() * 1000) - behind_ms}\n")
    g.start()
    p.ue("absent")
    assert p.trigger("beta", device="meter-502@b.example", reference=8, validity=3600).code == 0
    waiting = g.triggers()
    assert g.backup("copy").returncode == 0
    g.stop()
    shutil.rmtree(g.state)
    without = g.restore("copy")
    assert without.returncode == 0 and "there is no journal here" in without.stdout and "--replace --journal" in without.stdout, without
    assert g.restore("copy", "--replace", "--journal").returncode == 0
    g.start()
    assert waiting == g.triggers() and len(waiting) == 1, "still accepted, and not given up as one of twenty years ago"


def test_a_store_in_use_is_not_replaced(gateway):
    g = gateway
    assert g.backup("copy").returncode == 0
    g.stop()
    old = tree(g.state)
    with open(os.path.join(g.state, "journal", "owner.lock"), "r+b") as held:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        refused = g.restore("copy", "--replace", "--journal")
        assert refused.returncode == 1 and "journal is used by another process" in refused.stderr, refused
    assert tree(g.state) == old
    lock = os.path.join(g.state, "associations", "owner.lock")
    os.rename(lock, lock + ".kept")
    os.symlink("owner.lock.kept", lock)  # an open() that fails and is not "no such file"
    refused = g.restore("copy", "--replace")
    assert refused.returncode == 1 and "owner.lock, which shows whether the store is in use" in refused.stderr, refused
    os.rename(lock + ".kept", lock)
    assert tree(g.state) == old


def test_a_target_that_is_there_is_left_alone(gateway):
    g = gateway
    os.makedirs(g.path("copy"))
    assert g.backup("copy").returncode == 0  # an empty one is as good as none
    before = tree(g.path("copy"))
    again = g.backup("copy")
    assert again.returncode == 1 and "not empty" in again.stderr, again
    assert tree(g.path("copy")) == before and not os.path.exists(g.path("copy.part"))
    os.makedirs(g.path("other.part"))
    killed = g.backup("other")
    assert killed.returncode == 1 and "was killed" in killed.stderr and not os.path.exists(g.path("other")), killed
    nowhere = g.backup("no/such/folder")
    assert nowhere.returncode == 1 and "cannot be made" in nowhere.stderr, nowhere


def test_a_full_target_is_told_and_left_as_it_was(gateway):
    if os.geteuid():
        pytest.skip("mounting a small file system needs root")
    g = gateway
    os.makedirs(g.path("small"))
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "none", g.path("small")], capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"a file system of its own cannot be mounted here: {mounted.stderr.strip()}")
    try:
        done = g.backup("small/copy")
        assert done.returncode == 1 and "no space left" in done.stderr, done
        assert os.listdir(g.path("small")) == []
    finally:
        subprocess.run(["umount", g.path("small")], check=True)
    assert g.backup("copy").returncode == 0


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=lambda s: s.name)
def test_a_backup_that_is_ended_in_the_middle_leaves_no_backup(gateway, how):
    """The core stands still meanwhile, so the backup has begun and cannot end."""
    g = gateway
    pid = g.lab.ctl("status")[-1]["pid"]
    os.kill(pid, signal.SIGSTOP)
    try:
        with subprocess.Popen(g.mtcctl("backup", g.path("copy")), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as one:
            proc.wait_until("it has begun", lambda: os.path.exists(g.path("copy.part", FILES[0])))
            one.send_signal(how)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert one.returncode == -how
    assert not os.path.exists(g.path("copy"))
    if how == signal.SIGKILL:
        assert "was killed" in g.backup("copy").stderr
        shutil.rmtree(g.path("copy.part"))
    assert not os.path.exists(g.path("copy.part"))
    proc.wait_until("the core has seen that nobody waits for it", lambda: g.backup("copy").returncode == 0)


def request(g, store, out):
    """Asks for a copy as mtcctl does, with a descriptor of ours."""
    s = socket.socket(socket.AF_UNIX)
    s.connect(g.lab.lab["iwf"]["ctl"])
    s.sendmsg([json.dumps({"cmd": "backup.copy", "args": {"store": store, "name": "a pipe"}}).encode() + b"\n"],
              [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [out]))])
    return s


def last_line(s):
    lines = b""
    while b'"done":true' not in lines:
        more = s.recv(65536)
        assert more, lines
        lines += more
    return json.loads(lines.splitlines()[-1])


def test_a_target_that_takes_nothing_is_given_up_and_holds_no_page(labs):
    p = labs.up(iwf_more="limits: { exchange_idle: 1s }\n")
    g = Gateway(p)
    try:
        assert p.trigger("acme", device="meter-{}@a.example", devices="1-400", payload="x" * 200, count=1500, window=16,
                         wait=proc.HANG_S).event("summary")["by_status"] == {"SUCCESS": 1500}
        out, into = os.pipe()
        s = request(g, "association-rows", into)
        os.close(into)
        os.set_blocking(out, True)
        first = last_line(s)
        if first["ok"]:  # so small that it went into the pipe
            assert first["octets"] <= 65536
        s.close()
        os.close(out)
        out, into = os.pipe()
        s = request(g, "journal", into)
        os.close(into)
        done = last_line(s)
        assert not done["ok"] and "limits.exchange_idle" in done["error"], done
        s.close()
        table = subprocess.run(["mdb_stat", "-r", os.path.join(g.state, "journal")], capture_output=True, text=True, check=False).stdout
        assert not [line for line in table.splitlines()[2:] if line.split() and line.split()[-1] not in ("-",)], table
        os.close(out)
        assert next(r["value"] for r in p.ctl("stats") if r.get("name") == "exchanges_slow") >= 1
        with open(p.lab["logs"]["mtc-iwfd"], encoding="utf-8") as f:
            assert "a pipe: took nothing for 1 s (limits.exchange_idle)" in f.read()
        assert g.backup("copy").returncode == 0
    finally:
        wrong = labs.down(p)
        assert not wrong, "\n".join(wrong)


def test_a_target_that_takes_a_little_now_and_then_is_given_up_in_the_end(labs):
    p = labs.up(iwf_more="limits: { exchange_idle: 60s, exchange_max: 2s }\n")
    g = Gateway(p)
    try:
        assert p.trigger("acme", device="meter-{}@a.example", devices="1-400", payload="x" * 200, count=1500, window=16,
                         wait=proc.HANG_S).event("summary")["by_status"] == {"SUCCESS": 1500}
        out, into = os.pipe()
        s = request(g, "journal", into)
        os.close(into)
        done = last_line(s)
        assert not done["ok"] and "limits.exchange_max" in done["error"], done
        s.close()
        os.close(out)
    finally:
        wrong = labs.down(p)
        assert not wrong, "\n".join(wrong)


def damaged(folder, change):
    shutil.copytree(folder, folder + "-bad")
    change(folder + "-bad")
    return os.path.basename(folder) + "-bad"


def flip(folder):
    with open(os.path.join(folder, "association-rows.mdb"), "r+b") as f:
        f.seek(5000)
        octet = f.read(1)
        f.seek(5000)
        f.write(bytes([octet[0] ^ 1]))


def cut(folder):
    os.truncate(os.path.join(folder, "associations.mdb"), 8192)


def lose(folder):
    os.unlink(os.path.join(folder, "associations.mdb"))


def unfinished(folder):
    os.unlink(os.path.join(folder, "manifest.json"))


def edit(**changes):
    def change(folder):
        path = os.path.join(folder, "manifest.json")
        with open(path, encoding="utf-8") as f:
            manifest = json.load(f)
        manifest.update(changes)
        with open(path, "w", encoding="utf-8") as f:
            json.dump(manifest, f)
    return change


def newer_store(folder):
    """A store of a newer program, with a manifest that fits it."""
    path = os.path.join(folder, "associations.mdb")
    work = folder + "-work"
    os.makedirs(work)
    shutil.copy(path, os.path.join(work, "data.mdb"))
    dump = subprocess.run(["mdb_dump", "-s", "meta", work], capture_output=True, text=True, check=True).stdout
    key = "".join(f"{c:02x}" for c in b"format")
    head, sep, tail = dump.partition(f" {key}\n ")
    assert sep
    subprocess.run(["mdb_load", "-s", "meta", work], input=head + sep + "63" + tail[2:], text=True, check=True)
    shutil.copy(os.path.join(work, "data.mdb"), path)
    shutil.rmtree(work)
    with open(path, "rb") as f:
        octets = f.read()
    with open(os.path.join(folder, "manifest.json"), encoding="utf-8") as f:
        manifest = json.load(f)
    manifest["files"]["associations.mdb"] = {"octets": len(octets), "sha256": hashlib.sha256(octets).hexdigest()}
    edit(files=manifest["files"])(folder)


def test_a_name_service_that_hangs_refuses_the_restore(gateway):
    """The files are to be the core's; whose number that is nobody says."""
    g = gateway
    tool = os.path.join(os.environ.get("MTC_BUILD", os.path.join(lab.ROOT, "build")), "tests", "tools", "names_hang.so")
    if os.getuid() != 0 or not os.path.exists(tool):
        pytest.skip("only root gives files away; a sanitizer wants to be loaded first")
    assert g.backup("copy").returncode == 0
    g.stop()
    with open(g.lab.lab["iwf"]["config"], encoding="utf-8") as f:
        text = f.read()
    assert text.count("timers: { ") == 1 and "user" not in text
    proc.write(g.path("silent.yaml"), text.replace("timers: { ", "timers: { names: 500ms, ") + "user: silent\n")
    before = tree(g.state)
    done = subprocess.run([g.lab.program("mtc-iwfd"), "-c", g.path("silent.yaml"), "--restore", g.path("copy"), "--replace"], capture_output=True, text=True,
                          env={**os.environ, "LD_PRELOAD": tool}, timeout=proc.HANG_S, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 1 and "did not answer within 500 ms (timers.names) about users and groups such as 'silent'" in done.stderr, done
    assert tree(g.state) == before and not [n for n in os.listdir(g.state) if n.startswith(("restore", "before"))]
    g.start()


def test_a_backup_that_is_not_whole_or_not_ours_changes_nothing(gateway):
    g = gateway
    assert g.backup("copy").returncode == 0
    g.stop()
    before = tree(g.state)
    for change, words in [(flip, "SHA-256"), (cut, "bytes, the manifest says"), (lose, "No such file"), (unfinished, "not finished"),
                          (edit(kind="something"), "not the manifest"), (edit(format=3), "newer program"), (edit(generation=9), "missing"),
                          (edit(files={}), "does not name"), (newer_store, "newer program")]:
        done = g.restore(damaged(g.path("copy"), change), "--replace")
        assert done.returncode == 1 and words in done.stderr, (words, done)
        assert tree(g.state) == before, done
        assert not [n for n in os.listdir(g.state) if n.startswith(("restore", "before"))], os.listdir(g.state)
        shutil.rmtree(g.path("copy-bad"))
    g.start()
