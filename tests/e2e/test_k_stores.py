"""Act eleven, second half: an association store that is not whole, not ours or not of this version. The daemon says so and does not start; what it
cannot read never allows anything."""
import fcntl
import os
import re
import shutil
import signal
import subprocess

import pytest
from lablib import lab as L
from lablib import proc
from support.tsp import Scs, action, request_status


class Daemon:
    """mtc-iwfd of a laboratory, started anew on a copy of what it left."""

    def __init__(self, lab):
        self.lab, self.folder = lab, lab.lab["dir"]
        self.state, self.kept = os.path.join(self.folder, "iwf"), os.path.join(self.folder, "kept")
        self.store = os.path.join(self.state, "associations")

    def stop(self):
        parent = next(e for e in proc.json.load(open(os.path.join(self.folder, "processes.json"), encoding="utf-8")) if e["name"] == "mtc-iwfd")
        os.kill(parent["pid"], signal.SIGTERM)
        proc.wait_until("mtc-iwfd has ended", lambda: not proc.alive(parent))
        shutil.copytree(self.state, self.kept)

    def whole(self):
        shutil.rmtree(self.state)
        shutil.copytree(self.kept, self.state)

    def command(self, config=None):
        return [self.lab.program("mtc-iwfd"), "-c", config or self.lab.lab["iwf"]["config"]]

    def refusal(self, code, said, words):
        """It ended by itself with exit code 1 and these words; it was never ready, so nothing listens."""
        assert code == 1, said
        assert re.search("association (store|rows)", said) and any(w in said for w in words), said
        assert not re.search(r"\bready\b.*:\d+", said), said

    def changed(self, name, *pairs):
        """Its configuration under another name, with those words in place of these."""
        with open(self.lab.lab["iwf"]["config"], encoding="utf-8") as f:
            text = f.read()
        for old, new in pairs:
            assert old in text
            text = text.replace(old, new)
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def does_not_start(self, *words, config=None):
        done = subprocess.run(self.command(config), capture_output=True, text=True, timeout=proc.HANG_S, check=False, stdin=subprocess.DEVNULL)
        self.refusal(done.returncode, done.stdout + done.stderr, words)

    def rules(self, *words):
        """Everything that is provisioned, if it starts; None when it is refused with these words."""
        with subprocess.Popen(self.command(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True) as p:
            said = ""
            for line in p.stdout:
                said += line
                if line.startswith("ready"):
                    break
            else:
                self.refusal(p.wait(proc.HANG_S), said, words)
                return None
            try:
                return [r for words in (("scs", "list"), ("assoc", "list", "--limit", 0)) for r in self.lab.ctl(*words)]
            finally:
                p.terminate()
                p.stdout.read()

    def starts(self):
        entry = proc.start("again", self.command(), os.path.join(self.folder, "log"))
        address, port = proc.wait_ready(entry)
        self.lab.lab["iwf"]["tsp"] = {"address": address, "port": port}
        return entry


@pytest.fixture(scope="module")
def daemon(labs):
    p = labs.up(timers_more=", lock_wait: 10s")
    d = Daemon(p)
    d.stop()
    yield d
    wrong = labs.down(p)
    assert not wrong, "\n".join(wrong)


@pytest.fixture
def whole(daemon):
    daemon.whole()
    return daemon


def data(daemon):
    return os.path.join(daemon.store, "data.mdb")


def test_a_store_cut_short_at_any_length_is_refused_or_whole(daemon):
    """LMDB may leave free pages at the end of its file unwritten: a file that lacks only such pages is opened, and then nothing is missing."""
    whole = daemon.rules()
    size = os.path.getsize(data(daemon))
    assert size > 40000
    refused = []
    for length in [0, 1, 100, 4095, 4096, 4097, 8191, 8192, 8193, 12288, 20000, size // 2, size - 12289, size - 8192, size - 4096, size - 1]:
        daemon.whole()
        os.truncate(data(daemon), length)
        found = daemon.rules("truncated", "damaged", "is empty")
        assert found in (None, whole), (length, found)
        if found is None:
            refused.append(length)
            assert os.path.getsize(data(daemon)) == length, "it was repaired"
    assert refused[-1] >= size // 2, refused


def generation(daemon):
    """The rows of devices, which lie in a store of their own below the store."""
    [name] = [n for n in os.listdir(daemon.store) if n.startswith("dev-")]
    return os.path.join(daemon.store, name)


def test_a_store_without_its_rows_of_devices_is_not_opened(whole):
    shutil.rmtree(generation(whole))
    whole.does_not_start("missing")


def test_rows_of_devices_cut_short_are_refused_or_whole(daemon):
    daemon.whole()
    everything = daemon.rules()
    size = os.path.getsize(os.path.join(generation(daemon), "data.mdb"))
    refused = []
    for length in [0, 1, 4096, 8191, 8192, 12288, size // 2, size - 4096, size - 1]:
        daemon.whole()
        os.truncate(os.path.join(generation(daemon), "data.mdb"), length)
        found = daemon.rules("truncated", "damaged", "is empty", "are missing")
        assert found in (None, everything), (length, found)
        if found is None:
            refused.append(length)
    assert 0 in refused and max(refused) >= 8192, refused


def test_rows_of_another_generation_are_not_opened_in_place_of_ours(whole):
    """Neither is the older one that an interrupted import or a hand left there."""
    os.rename(generation(whole), os.path.join(whole.store, "dev-99"))
    whole.does_not_start("missing")


@pytest.mark.parametrize("octets", [b"\0" * 69632, b"\xff" * 69632, b"allow acme *\n" * 5000, b"SQLite format 3\0" * 4096], ids=lambda v: ascii(v[:8]))
def test_something_else_in_place_of_the_store_is_not_opened(whole, octets):
    with open(data(whole), "wb") as f:
        f.write(octets)
    whole.does_not_start("damaged or not a database", "truncated", "not a")


def test_the_journal_in_place_of_the_store_is_not_opened(whole):
    shutil.copy(os.path.join(whole.state, "journal", "data.mdb"), data(whole))
    whole.does_not_start("something else")


@pytest.mark.parametrize("version,words", [(99, "newer program"), (200, "newer program"), (0, "version 0")])
def test_a_store_of_another_version_is_not_opened(whole, version, words):
    dump = subprocess.run(["mdb_dump", "-s", "meta", whole.store], capture_output=True, text=True, check=True).stdout
    key = "".join(f"{c:02x}" for c in b"format")
    changed, n = re.subn(rf"( {key}\n )..", rf"\g<1>{version:02x}", dump)
    assert n == 1, dump
    subprocess.run(["mdb_load", "-s", "meta", whole.store], input=changed, text=True, check=True)
    whole.does_not_start(words)


def test_a_store_that_another_process_holds_is_not_opened(whole):
    with open(os.path.join(whole.store, "owner.lock"), "r+b") as f:
        fcntl.lockf(f, fcntl.LOCK_EX)
        fcntl.flock(f, fcntl.LOCK_EX)
        whole.does_not_start("process", config=whole.changed("second.yaml", ("lock_wait: 10s", "lock_wait: 0s")))


@pytest.mark.parametrize("store", ["associations", "journal"])
def test_a_start_waits_for_a_core_that_is_still_ending(whole, store):
    """A killed process has its locks until the last write that it began is on the disk."""
    with open(os.path.join(whole.state, store, "owner.lock"), "r+b") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        entry = proc.start("waits", whole.command(), os.path.join(whole.folder, "log"))
        core = proc.wait_until("the core is there", lambda: L.roles(entry["pid"])["core"], entries=[entry])
        proc.wait_until("the core has opened the lock", lambda: lock_is_open(core, store), entries=[entry])
        fcntl.flock(f, fcntl.LOCK_UN)
    proc.wait_ready(entry)
    assert L.roles(entry["pid"])["core"] == core, "the same core, which waited"
    os.kill(entry["pid"], signal.SIGTERM)
    proc.wait_until("mtc-iwfd has ended", lambda: not proc.alive(entry))


def lock_is_open(pid, store):
    return any(target.endswith(f"{store}/owner.lock") for target in proc.descriptors(pid).values())


def test_a_second_daemon_on_the_same_store_does_not_start_and_harms_nobody(whole):
    first = whole.starts()
    try:
        path = whole.changed("second.yaml", ("ctl.sock", "ctl-2.sock"), ("lock_wait: 10s", "lock_wait: 0s"))
        done = subprocess.run(whole.command(path), capture_output=True, text=True, timeout=proc.HANG_S, check=False, stdin=subprocess.DEVNULL)
        assert done.returncode == 1 and "process" in done.stdout + done.stderr, done
        s = Scs.opened(whole.lab)
        assert request_status(s.dar(action(device="meter-501@b.example"))) == 105
        s.close()
    finally:
        assert not proc.end([first])


def test_a_store_that_may_not_be_read_is_not_opened(whole):
    if os.getuid() == 0:
        os.unlink(data(whole))  # to root everything is readable: a directory is not a file to anybody
        os.mkdir(data(whole))
    else:
        os.chmod(data(whole), 0)
    whole.does_not_start("Permission", "directory", "cannot")


def test_without_a_store_nobody_is_an_scs(whole):
    """An empty store is made: nothing is provisioned, so nothing is allowed."""
    shutil.rmtree(whole.store)
    entry = whole.starts()
    try:
        s = Scs(whole.lab)
        assert s.open() == 3010
        s.close()
        assert whole.lab.ctl("scs", "list")[-1]["count"] == 0
    finally:
        assert not proc.end([entry])


def test_the_whole_store_is_opened_again(whole):
    """That the refusals above are about what was done to it."""
    entry = whole.starts()
    try:
        s = Scs.opened(whole.lab)
        assert request_status(s.dar(action(device="meter-501@b.example"))) == 105
        s.close()
        assert whole.lab.ctl("assoc", "check", "acme", "meter-7@a.example")[-1]["allowed"]
    finally:
        assert not proc.end([entry])
