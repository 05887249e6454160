"""mtcctl journal check and salvage, and what mtc-iwfd and its -t say about the same journal: real files, damaged in each way there is."""
import ctypes
import ctypes.util
import json
import os
import re
import shutil
import subprocess

import pytest
from conftest import BIN
from lablib import proc
from test_config import GOOD, Pki

RECORDS, SEGMENTS = 60000, 2  # of 8 MiB, and commits of 4 MiB in them
LIVE = RECORDS + 100  # and one of the quota of each SCS


def run(*words, **more):
    return subprocess.run([os.path.join(BIN, words[0]), *map(str, words[1:])], capture_output=True, text=True, timeout=proc.HANG_S, check=False,
                          stdin=subprocess.DEVNULL, **more)


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    path = tmp_path_factory.mktemp("journal")
    done = run("bench_journal", "fill", "--dir", path / "journal", "--count", RECORDS)
    assert done.returncode == 0, done
    pki = Pki(str(path / "pki"))
    pki.ca("operator", "/O=operator/CN=operator CA")
    pki.ca("anchor-a", "/O=acme/CN=trust anchor a")
    pki.crl("anchor-a")
    pki.leaf("iwf", "operator", "iwf.operator.example", "serverAuth,clientAuth")
    (path / "mtc-iwfd.yaml").write_text(GOOD.replace("state_dir: state", "state_dir: ."))
    return path


@pytest.fixture
def state(filled, tmp_path):
    """A state directory with a journal of its own, whose spares are left out: they mean nothing."""
    shutil.copytree(filled, tmp_path / "state", ignore=shutil.ignore_patterns("spare-*"))
    return tmp_path / "state"


def check(state, *more):
    return run("mtcctl", *more, "journal", "check", state / "journal")


def rows(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


def starts_not(state, *words):
    """-t and a start refuse it in the same words, and name the command."""
    tested = run("mtc-iwfd", "-t", "-c", state / "mtc-iwfd.yaml")
    assert tested.returncode == 1 and tested.stdout == "", tested
    for word in (*words, "mtcctl journal"):
        assert word in tested.stderr, tested.stderr
    opened = run("bench_journal", "ops", "--dir", state / "journal", "--seconds", "1")
    assert opened.returncode == 1, opened
    for word in words:
        assert word in opened.stderr, opened.stderr


def spoil(path, at):
    with open(path, "r+b") as f:
        f.seek(at)
        octet = f.read(1)
        f.seek(at)
        f.write(bytes([octet[0] ^ 1]))


def last_written(path):
    """Where the last octet of a segment is that is not zero: in the last commit."""
    return len(path.read_bytes().rstrip(b"\0")) - 1


def test_a_whole_journal(state):
    done = check(state)
    assert done.returncode == 0 and done.stderr == "", done
    assert f"{LIVE} records of triggers and quotas" in done.stdout and "the journal is whole: mtc-iwfd starts with it" in done.stdout, done
    *files, last = rows(check(state, "--json"))
    assert {f["what"] for f in files} == {"segment"} and sum(f["live"] for f in files) == LIVE, files
    assert last["done"] and last["ok"] and last["opens"] and last["damages"] == 0 and last["live"] == LIVE and last["torn_octets"] == 0, last
    tested = run("mtc-iwfd", "-t", "-c", state / "mtc-iwfd.yaml")
    assert tested.returncode == 0, tested


def test_a_bad_octet_in_the_last_commit_is_a_torn_write(state):
    segments = sorted(n for n in os.listdir(state / "journal") if re.fullmatch(r"\d+\.log", n))
    spoil(state / "journal" / segments[-1], last_written(state / "journal" / segments[-1]))
    done = check(state)
    torn = re.search(r"torn +(\d+) ", done.stdout)
    assert done.returncode == 0 and torn and "bytes of cut-off writes" in done.stdout, done
    assert run("mtc-iwfd", "-t", "-c", state / "mtc-iwfd.yaml").returncode == 0
    assert run("bench_journal", "ops", "--dir", state / "journal", "--seconds", "1").returncode == 0
    aside = [n for n in os.listdir(state / "journal") if n.startswith("torn-")]
    assert aside == [f"torn-{segments[-1][:-4]}-{torn[1]}"], aside
    done = check(state)
    assert done.returncode == 0 and "set aside" in done.stdout, done


def test_a_bad_octet_in_an_earlier_commit_is_found_and_the_rest_saved(state, tmp_path):
    spoil(state / "journal" / "0000000001.log", 90000)
    done = check(state)
    assert done.returncode == 1 and re.search(r"0000000001\.log .* damaged +4096 ", done.stdout), done
    assert f"mtcctl journal salvage {state / 'journal'} NEW-DIR" in done.stdout, done
    *files, last = rows(check(state, "--json"))
    assert [f["at"] for f in files if f["what"] == "damaged"] == [4096] and not last["opens"] and last["damages"] == 1, last
    starts_not(state, "0000000001.log", "at byte 4096", "expected a whole commit")
    new = tmp_path / "new"
    saved = run("mtcctl", "journal", "salvage", state / "journal", new)
    assert saved.returncode == 0 and "at least 1 commit missing" in saved.stdout and f"mv -T {new} {state / 'journal'}" in saved.stdout, saved
    os.rename(state / "journal", state / "journal.damaged")
    os.rename(new, state / "journal")
    done = rows(check(state, "--json"))
    assert done[-1]["opens"] and done[-1]["live"] == last["live"] > 0, done
    assert run("bench_journal", "ops", "--dir", state / "journal", "--seconds", "1").returncode == 0


def remove_newest(journal):
    """What is left is whole but for the mark behind its last commit."""
    newest = sorted(n for n in os.listdir(journal) if re.fullmatch(r"\d+\.log", n))[-1]
    os.remove(journal / newest)


@pytest.mark.parametrize("what,words,damage", [
    ("truncated", ("0000000001.log is damaged at byte 1048576: truncated: 1048576 bytes of 8388608 are there",),
     lambda d: os.truncate(d / "0000000001.log", 1 << 20)),
    ("empty", ("0000000001.log is damaged at byte 0: truncated: the file is empty",), lambda d: os.truncate(d / "0000000001.log", 0)),
    ("newest-empty", (f"{SEGMENTS:010}.log is damaged at byte 0: truncated: the file is empty",),
     lambda d: os.truncate(d / f"{SEGMENTS:010}.log", 0)),
    ("newest-header-only", (f"{SEGMENTS:010}.log is damaged at byte 4096: truncated: 4096 bytes of 8388608 are there",),
     lambda d: os.truncate(d / f"{SEGMENTS:010}.log", 4096)),
    ("half-a-header", (f"{SEGMENTS:010}.log is damaged at byte 100: truncated: 100 bytes are there, and a header has 4096",),
     lambda d: os.truncate(d / f"{SEGMENTS:010}.log", 100)),
    ("missing", ("0000000001.log", "missing"), lambda d: os.remove(d / "0000000001.log")),
    ("newest-missing", (f"{SEGMENTS:010}.log", "is missing"), remove_newest),
    ("foreign", ("file notes.txt does not belong to a trigger journal; move it elsewhere",), lambda d: (d / "notes.txt").write_text("x")),
])
def test_each_damage_is_named(state, what, words, damage):
    """A start and -t say it in the same words; the check says what it is about."""
    damage(state / "journal")
    done = check(state)
    name, meaning = words[0].split()[words[0].startswith("file ")], words[0].split(": ", 1)[-1]
    assert done.returncode == 1 and name in done.stdout and "mtc-iwfd does not start with this journal: " in done.stdout, done
    if what not in ("missing", "newest-missing", "foreign"):
        assert meaning in done.stdout, done
    tested = run("mtc-iwfd", "-t", "-c", state / "mtc-iwfd.yaml")
    assert tested.returncode == 1 and all(w in tested.stderr for w in words), (what, tested)
    opened = run("bench_journal", "ops", "--dir", state / "journal", "--seconds", "1")
    assert opened.returncode == 1 and all(w in opened.stderr for w in words), (what, opened)


def test_a_foreign_file_is_no_damage(state):
    """The check shows its size and says what to do; nobody is sent to salvage what is whole."""
    (state / "journal" / "notes.txt").write_text("twelve bytes")
    done = check(state)
    assert re.search(r"notes\.txt +12 .*foreign", done.stdout) and "move what is foreign elsewhere" in done.stdout and "salvage" not in done.stdout, done
    tested = run("mtc-iwfd", "-t", "-c", state / "mtc-iwfd.yaml")
    assert "move it elsewhere" in tested.stderr and "salvage" not in tested.stderr and "at byte" not in tested.stderr, tested
    os.remove(state / "journal" / "notes.txt")
    assert check(state).returncode == 0


def segments_of(state):
    return sorted(n for n in os.listdir(state / "journal") if re.fullmatch(r"\d+\.log", n))


def set_version(path, version, sign):
    """Another version in the header of a segment, with its checksum as a newer program would write it, or as it was."""
    xxhash = ctypes.CDLL(ctypes.util.find_library("xxhash"))
    xxhash.XXH3_64bits.restype = ctypes.c_uint64
    with open(path, "r+b") as f:
        head = bytearray(f.read(88))
        head[8:12] = version.to_bytes(4, "little")
        if sign:
            head[80:88] = xxhash.XXH3_64bits(bytes(head), ctypes.c_size_t(80)).to_bytes(8, "little")
        f.seek(0)
        f.write(head)


def test_a_flipped_version_is_damage_and_no_newer_program(state):
    """Who reads "newer version" looks for a program that never was."""
    name = segments_of(state)[-1]
    set_version(state / "journal" / name, 4 ^ 8, False)
    done = check(state)
    assert done.returncode == 1 and re.search(rf"{name} .* damaged +0 ", done.stdout) and "newer" not in done.stdout, done
    starts_not(state, name, "at byte 0")
    saved = run("mtcctl", "journal", "salvage", state / "journal", state / "new")
    assert saved.returncode == 0, saved


def test_a_segment_of_a_newer_program(state):
    set_version(state / "journal" / segments_of(state)[-1], 99, True)
    done = check(state)
    assert done.returncode == 1 and "newer version" in done.stdout and "version 99" in done.stdout, done
    opened = run("bench_journal", "ops", "--dir", state / "journal", "--seconds", "1")
    assert opened.returncode == 1 and "version 99" in opened.stderr and "newer program" in opened.stderr, opened
    saved = run("mtcctl", "journal", "salvage", state / "journal", state / "new")
    assert saved.returncode == 1 and "newer program" in saved.stderr, saved


def test_nothing_to_look_at_and_nowhere_to_write(state, tmp_path):
    for words, code, said in [((tmp_path / "none",), 2, "No such file"), ((tmp_path,), 2, "expected the directory 'journal'"), ((), 2, "DIR is missing")]:
        done = run("mtcctl", "journal", "check", *words)
        assert done.returncode == code and said in done.stderr and done.stdout == "", done
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("")
    done = run("mtcctl", "journal", "salvage", state / "journal", tmp_path / "full")
    assert done.returncode == 2 and "is not empty" in done.stderr and os.listdir(tmp_path / "full") == ["x"], done


def test_a_journal_in_use_is_left_alone(lab):
    journal = os.path.join(lab.lab["dir"], "iwf", "journal")
    for words in (("check", journal), ("salvage", journal, journal + "-new")):
        done = run("mtcctl", "journal", *words)
        assert done.returncode == 1 and "another process uses it" in done.stderr, done
    assert not os.path.exists(journal + "-new")
    last = rows(run("mtcctl", "--json", "journal", "check", journal))[-1]
    assert last["done"] and not last["ok"] and "another process" in last["error"], last
