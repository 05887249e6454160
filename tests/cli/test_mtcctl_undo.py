"""What mtcctl import deletes is told and wants a yes; a file that was cut off is refused; mtcctl assoc undo brings back what was."""
import json
import os
import pty
import select
import subprocess

import pytest
from conftest import BIN
from lablib import proc
from support.core import next_core

MTCCTL = os.path.join(BIN, "mtcctl")
KINDS = ("scs", "group", "set", "assoc", "block")
HEADS = {"scs": "name,e164,origin_host,realm,anchor", "group": "group,anchor,scs", "set": "set,device", "assoc": "who,device", "block": "who,device"}
LAST = {"scs": "tango,491720000097,scs.tango.example,tango.example,anchor-a", "group": "tangos,,acme", "set": "tangos,m1@tango.example",
        "assoc": "acme,msisdn:491720000097", "block": "*,msisdn:491720000097"}


@pytest.fixture
def ctl(lab):
    def run(*words, **more):
        return subprocess.run([MTCCTL, *words], capture_output=True, timeout=proc.HANG_S, check=False, text=True,
                              env={**os.environ, "MTC_CTL": lab.lab["iwf"]["ctl"]}, **{"input": "", **more})
    return run


@pytest.fixture
def store(ctl):
    """Everything in the store, as exports say it."""
    def read():
        return {kind: ctl(kind, "export").stdout for kind in KINDS}
    return read


def meters(first, end):
    return "who,device\n" + "".join(f"acme,meter-{n}@undo.example\n" for n in range(first, end))


def rules_and(meters_of, whole):
    """The rules of the laboratory, and these."""
    return whole + "".join(line + ",allow,trigger,,,enforce\n" for line in meters_of.splitlines()[1:])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("words", [[], ["--replace", "--yes"]])
def test_a_pipe_that_breaks_off_changes_nothing(ctl, store, kind, words):
    """`zcat FILE.gz | mtcctl assoc import - --replace` of a cut FILE.gz: half a number is the number of another device."""
    before = store()
    for text in (HEADS[kind], f"{HEADS[kind]}\n{LAST[kind]}", f"{HEADS[kind]}\n{LAST[kind]}\n{LAST[kind][:-2]}"):
        done = ctl(kind, "import", "-", *words, input=text)
        assert done.returncode == 1 and done.stdout == "", done
        assert f"standard input:{text.count(chr(10)) + 1}: the file ends inside this line" in done.stderr
        assert done.stderr.rstrip().endswith("nothing was changed")
    assert store() == before


def test_a_cut_file_is_refused_as_a_cut_pipe_is(ctl, store, tmp_path):
    before = store()
    cut = tmp_path / "cut.csv"
    cut.write_text("who,device\nacme,msisdn:491720000097\nacme,msisdn:4917200000")
    assert ctl("assoc", "import", str(cut)).returncode == 1
    cut = tmp_path / "cut.jsonl"
    cut.write_text('{"who":"acme","device":"msisdn:491720000097"}')
    assert ctl("assoc", "import", str(cut), "--replace", "--yes").returncode == 1
    assert ctl("assoc", "import", "-", input=cut.read_text()).returncode == 1
    assert store() == before


@pytest.mark.parametrize("kind", ["scs", "assoc"])
def test_a_header_alone_deletes_nothing_without_a_yes(ctl, store, kind):
    before = store()
    done = ctl(kind, "import", "-", "--replace", input=HEADS[kind] + "\n")
    assert done.returncode == 1 and "it would delete" in done.stderr and "--yes" in done.stderr, done
    assert "\ndeletes " in "\n" + done.stderr
    assert store() == before
    done = ctl(kind, "import", "-", "--replace", "--dry-run", input=HEADS[kind] + "\n")
    assert done.returncode == 0 and "the import needs --yes" in done.stdout
    assert store() == before


def test_much_wants_a_yes_and_comes_back_after_the_death_of_the_core(lab, ctl, store):
    whole = ctl("assoc", "export").stdout
    assert ctl("assoc", "import", "-", input=meters(0, 400)).returncode == 0
    before = store()
    less = rules_and(meters(0, 40), whole)
    done = ctl("assoc", "import", "-", "--replace", input=less)
    assert done.returncode == 1 and "it would delete 360 of" in done.stderr and "nothing was changed. --yes or --deletes-max 360 does it" in done.stderr
    assert done.stderr.count("deletes allow acme meter-") == 10
    lines = [json.loads(line) for line in ctl("--json", "assoc", "import", "-", "--replace", input=less).stdout.splitlines()]
    assert [row for row in lines if row.get("needs_yes")][0]["deletes"] == 360
    assert lines[-1]["ok"] is False
    few = ctl("assoc", "import", "-", "--replace", "--deletes-max", "359", input=less)
    assert few.returncode == 1 and "--deletes-max 360 does it" in few.stderr, "how many it would need"
    assert store() == before

    done = ctl("assoc", "import", "-", "--replace", "--deletes-max", "360", input=less)
    assert done.returncode == 0 and "mtcctl assoc undo restores the state before it" in done.stdout, done
    assert ctl("assoc", "check", "acme", "meter-399@undo.example").returncode == 1
    after = store()
    row = json.loads(ctl("--json", "assoc", "undo", "list").stdout.splitlines()[0])
    assert (row["kind"], row["file"], row["replace"], row["deleted"], row["since"]) == ("assoc", "standard input", True, 360, 0)
    said = ctl("assoc", "undo", "--dry-run")
    assert said.returncode == 0 and "would restore the state before the assoc import of standard input --replace at 20" in said.stdout
    assert store() == after

    next_core(lab)
    assert ctl("assoc", "add", "acme", "by-hand@undo.example").returncode == 0
    done = ctl("assoc", "undo")
    assert done.returncode == 0 and "restored the state before" in done.stdout and "other changes since, lost 1\n" in done.stdout, done
    assert store() == before
    assert ctl("assoc", "check", "acme", "meter-399@undo.example").returncode == 0
    assert ctl("assoc", "undo").returncode == 1  # it takes 400 away, of not many more
    done = ctl("assoc", "undo", "--yes")
    assert done.returncode == 0, done
    assert ctl("assoc", "export").stdout == whole
    with open(lab.lab["logs"]["mtc-iwfd"], encoding="utf-8") as f:
        [recorded] = [line for line in f if "assoc.undo" in line and "restored the state before the assoc import of standard input --replace, 1 change made since then lost" in line]
    assert f" by uid {os.getuid()} " in recorded


def test_an_scs_that_goes_with_its_rules_comes_back_with_them(ctl, store):
    before = store()
    lines = before["scs"].splitlines(keepends=True)
    done = ctl("scs", "import", "-", "--replace", "--yes", input=lines[0] + "".join(line for line in lines[1:] if not line.startswith("acme,")))
    assert done.returncode == 0 and " went with them\n" in done.stdout, done
    assert ctl("assoc", "list", "--scs", "acme").stdout != before
    assert store()["assoc"] != before["assoc"]
    assert ctl("assoc", "undo").returncode == 0
    assert store() == before


def test_what_takes_many_rules_along_wants_a_yes_by_hand_too(ctl, store):
    before = store()
    scs = "name,e164,origin_host,realm,anchor\nsierra,491720000098,scs.sierra.example,sierra.example,anchor-a\n"
    assert ctl("scs", "import", "-", input=scs).returncode == 0
    assert ctl("group", "import", "-", input="group,scs\nsierras,\nsierras,sierra\n").returncode == 0
    assert ctl("set", "import", "-", input="set,device\n" + "".join(f"sierras,m{n}@sierra.example\n" for n in range(20))).returncode == 0
    for who in ("sierra", "group:sierras"):
        assert ctl("assoc", "import", "-", input="who,device\n" + "".join(f"{who},m{n}@sierra.example\n" for n in range(20))).returncode == 0
    assert ctl("assoc", "add", "acme", "set:sierras").returncode == 0
    for kind, name, words in (("group", "sierras", "group 'sierras' would take 20 of "), ("scs", "sierra", "SCS 'sierra' would take 20 of "),
                              ("set", "sierras", "set 'sierras' would take 1 of ")):
        now = store()
        done = ctl(kind, "del", name)
        assert done.returncode == 1 and words in done.stderr and "--yes or --deletes-max 2" in done.stderr, done
        assert store() == now
        assert ctl(kind, "del", name, "--deletes-max", "19").returncode == 1
        assert ctl(kind, "del", name, "--yes").returncode == 0
    assert store() == before


@pytest.mark.parametrize("answer,taken", [(b"yes\n", True), (b"y\n", False), (b"\n", False)])
def test_a_person_at_a_terminal_is_asked(lab, ctl, store, tmp_path, answer, taken):
    whole = ctl("assoc", "export").stdout
    assert ctl("assoc", "import", "-", input=meters(0, 40)).returncode == 0
    before = store()
    less = tmp_path / "less.csv"
    less.write_text(whole)
    master, slave = pty.openpty()
    with subprocess.Popen([MTCCTL, "--socket", lab.lab["iwf"]["ctl"], "assoc", "import", str(less), "--replace"], stdin=slave,
                          stdout=subprocess.PIPE, stderr=slave) as p:
        os.close(slave)
        got = b""
        while b"Type yes: " not in got:
            assert select.select([master], [], [], proc.HANG_S)[0], got
            got += os.read(master, 65536)
        assert b"it would delete 40 of" in got and b"deletes allow acme meter-" in got
        os.write(master, answer)
        out = p.stdout.read()
        assert p.wait(proc.HANG_S) == (0 if taken else 1), out
    os.close(master)
    assert (ctl("assoc", "export").stdout == whole) == taken
    if taken:
        assert ctl("assoc", "undo").returncode == 0
    assert store() == before
    assert ctl("assoc", "undo", "--yes").returncode == 0


def test_ranges_beyond_what_is_judged_are_told(ctl, store):
    before = store()
    ranges = [f"msisdn:{491720100100 - n}-{491720100100 + n}" for n in range(1, 34)]
    for more in ([], ["--dry-run"], ["--replace", "--yes"]):
        done = ctl("assoc", "import", "-", *more, input="who,device\n" + "".join(f"acme,{one}\n" for one in ranges))
        assert done.returncode == 1 and "line 34: SCS acme: 33 rules meet on msisdn:491720100" in done.stderr, done
    assert store() == before
    assert ctl("assoc", "import", "-", input="who,device\n" + "".join(f"acme,{one}\n" for one in ranges[:32])).returncode == 0
    done = ctl("assoc", "add", "acme", ranges[32], "--deny")
    assert done.returncode == 0 and "warning: SCS acme: 33 rules meet on msisdn:491720100" in done.stderr
    assert ctl("assoc", "undo", "--yes").returncode == 0
    assert store() == before


def test_what_is_over_already_is_told(ctl):
    done = ctl("assoc", "add", "acme", "m@over.example", "--not-after", "2020-02-03")
    assert done.returncode == 0 and "warning: the time of this rule is over already" in done.stderr
    assert "2020-02-03T23:59:59.000Z" in ctl("assoc", "show", "acme", "m@over.example").stdout
    done = ctl("assoc", "import", "-", input="who,device,not_after\nacme,m@over.example,2020-02-03\nacme,n@over.example,2990-01-01\n")
    assert done.returncode == 0 and "warning: the time of 1 row is over already, first in line 2" in done.stderr
    done = ctl("block", "import", "-", input="who,device,not_after\n*,m@over.example,2020-02-03T00:00:00Z\n")
    assert done.returncode == 0 and "warning: the time of 1 row is over already" in done.stderr
    for who, device in (("acme", "m@over.example"), ("acme", "n@over.example"), ("*", "m@over.example")):
        assert ctl("assoc", "del", who, device).returncode == 0
