"""Act thirteen: the disk of the journal is really full, and then it is not. The state directory is a small file system of its own,
which these plays mount; that needs root."""
import contextlib
import os
import subprocess

import pytest

from lablib import lab as L
from lablib import proc
from support import diameter as D
from support import tsp
from support.core import core, next_core, peers_open

SIZE_KIB = 4096  # of the file system


def mount(folder, kib):
    """A file system of its own, of this size."""
    os.makedirs(folder)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kib}k,mode=0700", "none", folder], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"a file system of its own cannot be mounted here: {done.stderr.strip()}")


@contextlib.contextmanager
def with_small(labs, kind, program):
    """A laboratory of this kind, of which `program` has its folder kind.SMALL on a small disk."""
    if os.geteuid():
        pytest.skip("mounting a small file system needs root")
    folders = len(labs.folders)
    try:
        p = labs.up(kind=kind)
    except BaseException:
        subprocess.run(["umount", "-l", os.path.join(labs.folders[folders], kind.SMALL)], check=False)
        raise
    yield p
    proc.end([e for e in entries(p) if e["name"] == program])  # before its disk goes
    subprocess.run(["umount", "-l", os.path.join(p.lab["dir"], kind.SMALL)], check=True)
    wrong = labs.down(p)
    assert not wrong, "\n".join(wrong)


class SmallDisk(L.Lab):
    """A laboratory whose gateway keeps its state on a small tmpfs."""
    SMALL = "iwf"

    def start_iwf(self):
        mount(self.path(self.SMALL), SIZE_KIB)
        super().start_iwf()


@pytest.fixture
def small_disk(labs):
    with with_small(labs, SmallDisk, "mtc-iwfd") as p:
        yield p


def entries(p):
    with open(os.path.join(p.lab["dir"], "processes.json"), encoding="utf-8") as f:
        return L.json.load(f)


def fill(p, folder="iwf"):
    """Takes every octet that is left; returns the file that has them."""
    path = os.path.join(p.lab["dir"], folder, "filler")
    with open(path, "wb", buffering=0) as f:
        for size in (65536, 4096, 512):
            try:
                while f.write(b"x" * size) == size:
                    pass
            except OSError:
                pass
    return path


def journal(p):
    return p.ctl("status")[-1]["journal"]


def reasons(p):
    return [r["reason"] for r in p.ctl("health", check=False)[-1]["reasons"]]


def stats(p, name):
    return next(r["value"] for r in p.ctl("stats") if r.get("name") == name)


def load(p, count, first):
    """Triggers of beta for devices that are away. {status: how many}"""
    got = p.trigger("beta", device="meter-{}@b.example", devices="501-900", payload="x" * 900, validity=3600, count=count, reference=first, window=8)
    return got.event("summary")["by_status"]


def test_a_full_disk_refuses_new_triggers_keeps_old_ones_and_recovers_by_itself(small_disk):
    p = small_disk
    first_core = core(p)
    listener = p.listen("beta")
    p.ue("absent")
    assert load(p, 50, 1000) == {"SUCCESS": 50}
    assert journal(p)["state"] == "ok"
    assert (stats(p, "journal_in_well"), stats(p, "journal_in_full")) == (1, 0)
    proc.wait_until("the edge has reported the listener's connection", lambda: stats(p, "edge_tls_in_open") >= 1)
    filler = fill(p)

    def is_full():
        return journal(p)["state"] == "full" and (stats(p, "journal_in_well"), stats(p, "journal_in_full")) == (0, 1)
    status, first = {}, 2000
    # Until the free pages of the journal are used up, too. A smaller commit may find room again where a larger one found none.
    while not (status.get("TEMPORARYERROR") and is_full()):
        assert first < 12000, "the journal is never full"
        status = load(p, 100, first)
        assert set(status) <= {"SUCCESS", "TEMPORARYERROR"}
        first += 100
    assert "No space left" in str(p.ctl("assoc", "add", "acme", "nobody@a.example", check=False))
    store = next(s for s in p.ctl("status")[-1]["stores"] if s["name"] == "associations")
    assert "store-full" in reasons(p)  # the disk below the associations is the same
    assert store["left"] < SIZE_KIB * 1024 // 10 < store["size_max"]
    p.wait_decision(reason="journal-failed", verdict="refused", request_status="TEMPORARYERROR")
    assert stats(p, "journal_refused") > 0
    p.ue("present")  # the disk is still full: what was accepted is reported all the same
    accepted = {d["reference"] for d in p.decisions(scs="beta", verdict="accepted", action="trigger")}
    assert len(accepted) >= 50

    def all_reported():
        return accepted <= {e["reference"] for e in listener.events("report")}
    proc.wait_until("every accepted trigger is reported", all_reported)
    assert {e["delivery_outcome"] for e in listener.events("report")} == {"SUCCESS"}
    assert len(listener.events("report")) == len(accepted)  # and nothing that was refused
    os.unlink(filler)
    proc.wait_until("the journal has room again", lambda: journal(p)["state"] == "ok")
    proc.wait_until("the stores have room again", lambda: "store-full" not in reasons(p))
    assert p.trigger("acme", device="meter-70@a.example", wait=proc.HANG_S).code == 0
    assert core(p) == first_core  # without a restart
    with open(p.lab["logs"]["mtc-iwfd"], encoding="utf-8") as f:
        text = f.read()
    assert text.count("the journal has no room") == text.count("the journal can be written again") <= stats(p, "journal_troubles")


def test_a_start_on_a_full_disk_loses_nothing(small_disk):
    p = small_disk
    listener = p.listen("beta")
    p.ue("absent", L.imsi(570))
    assert p.trigger("beta", device="meter-570@b.example", reference=570, validity=600).code == 0
    filler = fill(p)
    next_core(p)
    p.ue("present", L.imsi(570))
    assert listener.wait_event("report", reference=570, wait_s=proc.HANG_S)["delivery_outcome"] == "SUCCESS"
    os.unlink(filler)
    proc.wait_until("the journal is well", lambda: journal(p)["state"] == "ok")
    assert p.trigger("acme", device="meter-71@a.example", wait=proc.HANG_S).code == 0


def test_what_ends_while_the_disk_is_full_is_known_to_the_next_core(small_disk):
    """CONTRACTS section 3, duplicates: the SCS never had its answer, the report came on a full disk, and the core died."""
    p = small_disk
    p.ue("absent")
    scs = tsp.Scs.opened(p)
    inside = tsp.action("meter-72@a.example", reference=720, payload=b"once", validity=3600)
    assert scs.dar(inside, end=0x72000).number(3002, 3008) == 0
    asked = scs.dar_avps(inside)
    filler = fill(p)
    first = 3000
    while journal(p)["state"] != "full":
        load(p, 100, first)
        first += 100
    p.ue("present", L.imsi(72))

    def over():
        scs.sock.settimeout(0.2)
        try:
            scs.receive()  # acknowledges the report
        except OSError:
            pass
        return not [r for r in p.ctl("triggers", "list") if r.get("reference") == 720]
    proc.wait_until("the trigger is over", over)
    assert stats(p, "journal_answers_lost") == 0  # the disk is full; what ended has made a little room inside the journal by now, or not
    scs.close()
    next_core(p, peers=0)
    again = tsp.Scs.opened(p)
    answer = again.ask(D.DAR, D.TSP, asked, D.REQUEST | D.PROXIABLE | 0x10, 0x72000)
    assert answer.number(3002, 3008) == 0
    again.close()
    os.unlink(filler)
    proc.wait_until("the journal is well", lambda: journal(p)["state"] == "ok")
    peers_open(p)
    assert p.trigger("acme", device="meter-72@a.example", reference=721, wait=proc.HANG_S).code == 0
    assert [bytes.fromhex(e["payload_hex"]) for e in p.ue_triggers(imsi=L.imsi(72))] == [b"once", b"wake up"]


def test_an_import_that_the_disk_has_no_room_for_says_so_and_changes_nothing(small_disk):
    """LMDB calls a write that a full disk cuts short an input/output error."""
    p = small_disk
    rules = os.path.join(p.lab["dir"], "rules.csv")
    assert p.ctl("assoc", "export", rules)[-1]["ok"]
    with open(rules, "a", encoding="ascii") as f:
        f.writelines(f"acme,device-of-the-import-{n}@a.example,allow,trigger,,,enforce\n" for n in range(60000))
    done = subprocess.run([p.program("mtcctl"), "--socket", p.lab["iwf"]["ctl"], "assoc", "import", rules], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "cannot write the new generation: No space left on device; make room on its disk; nothing was changed" in done.stderr, done.stderr
    assert p.trigger("acme", device="meter-73@a.example", wait=proc.HANG_S).code == 0
    assert p.ctl("assoc", "add", "acme", "one-more@a.example")[-1]["ok"]


class SmallCentre(L.Lab):
    """The SMS-SC keeps its messages on a small disk."""
    SMALL = "smssc"

    def start_smssc(self):
        mount(self.path(self.SMALL), SIZE_KIB)
        super().start_smssc()


@pytest.fixture
def small_centre(labs):
    with with_small(labs, SmallCentre, "mtc-smssc") as p:
        yield p


def test_an_sms_sc_that_starts_on_a_full_disk_refuses_and_delivers_what_it_has(small_centre):
    """Until there is room: without a restart it takes triggers then, and the one from before is delivered and reported."""
    p, folder = small_centre, small_centre.lab["dir"]
    listener = p.listen("beta")
    p.ue("absent", L.imsi(574))
    assert p.trigger("beta", device="meter-574@b.example", reference=574, validity=600).code == 0
    assert not L.stop(folder, "mtc-smssc")
    filler = fill(p, SmallCentre.SMALL)
    L.start(folder, "mtc-smssc")
    peers_open(p)

    def said(words):
        with open(p.lab["logs"]["mtc-smssc"], encoding="utf-8") as f:
            return f.read().count(words)
    assert said("No space left on device; make room on its disk; triggers are refused until it is well") == 1
    assert load(p, 1, 5740) == {"PERMANENTERROR": 1}  # 5531, congestion
    os.unlink(filler)
    assert load(p, 1, 5741) == {"SUCCESS": 1}
    assert said(": well again") == 1
    p.ue("present", L.imsi(574))
    assert listener.wait_event("report", reference=574, wait_s=proc.HANG_S)["delivery_outcome"] == "SUCCESS"


class SmallKeys(L.Lab):
    """The key of the audit is on a small tmpfs."""
    SMALL = "keys"

    def start_iwf(self):
        keys = self.path(self.SMALL)
        mount(keys, 64)
        self.options.iwf_more += f"audit: {{ enabled: yes, interval: 300ms, key: {keys}/audit.key }}\n"
        super().start_iwf()


@pytest.fixture
def small_keys(labs):
    with with_small(labs, SmallKeys, "mtc-iwfd") as p:
        yield p, os.path.join(p.lab["dir"], SmallKeys.SMALL)


def test_the_memory_of_the_last_checkpoint_is_written_when_there_is_room_again(small_keys):
    p, keys = small_keys
    last, folder = os.path.join(keys, "audit.key.last"), p.lab["dir"]
    proc.wait_until("a checkpoint is remembered", lambda: os.path.getsize(last) > 0)
    assert not L.stop(folder, "mtc-iwfd")
    os.unlink(last)
    with open(os.path.join(keys, "filler"), "wb", buffering=0) as f:
        with pytest.raises(OSError):
            while True:
                f.write(b"x" * 4096)
    L.start(folder, "mtc-iwfd")

    def said(words):
        with open(p.lab["logs"]["mtc-iwfd"], encoding="utf-8") as f:
            return f.read().count(f"audit: {last}{words}")
    proc.wait_until("it cannot be remembered", lambda: said(" cannot be written: No space left on device"))
    os.unlink(os.path.join(keys, "filler"))
    proc.wait_until("the next one is", lambda: os.path.getsize(last) > 0)
    proc.wait_until("the log says so", lambda: said(" can be written again"))
    assert said(" cannot be written") == 1
