"""./start: the first command on a machine that has git alone. Programs that must not run here (apt-get, make) are scripts of the test."""
import os
import shutil
import subprocess

import pytest
from conftest import ROOT

START = os.path.join(ROOT, "start")
TOOLS = ("sh", "sed", "awk", "readlink", "dirname", "cat", "mktemp", "rm", "env", "date", "echo")


class Machine:
    """A PATH of its own, and a copy of what ./start needs of the repository."""

    def __init__(self, folder):
        self.bin, self.root, self.log = folder / "bin", folder / "the project", folder / "log"
        self.bin.mkdir()
        (self.root / "scripts").mkdir(parents=True)
        for name in ("start", "Makefile", "scripts/setup", "scripts/packages.txt"):
            shutil.copy(os.path.join(ROOT, name), self.root / name)
        for tool in TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool))
        self.log.write_text("")

    def program(self, name, lines):
        path = self.bin / name
        path.write_text(f"#!/bin/sh\n{lines}\n")
        path.chmod(0o755)

    def bare(self, user=0, apt="", sudo=""):
        """Nothing of packages.txt is installed; apt-get "installs" a make that notes how it was called."""
        self.program("dpkg-query", "exit 1")
        self.program("id", f"echo {user}")
        self.program("make-to-be", f'echo "make $*" >>{self.log}\necho "in $PWD" >>{self.log}')
        self.program("apt-get", apt or f'echo "apt-get $*" >>{self.log}\ncase "$*" in\n'
                     '*--assume-no*) echo "Need to get 62.8 MB of archives."; echo "After this operation, 252 MB of disk"; exit 1 ;;\n'
                     f'*install*) cp {self.bin}/make-to-be {self.bin}/make ;;\nesac')
        (self.bin / "cp").symlink_to(shutil.which("cp"))
        if sudo:
            self.program("sudo", sudo)

    def start(self, *words, path=None, cwd="/"):
        done = subprocess.run([path or self.root / "start", *words], env={"PATH": str(self.bin)}, cwd=cwd, capture_output=True, text=True,
                              timeout=20, check=False, stdin=subprocess.DEVNULL)
        return done.returncode, done.stdout, done.stderr

    def did(self):
        return self.log.read_text().splitlines()


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def group(*names):
    with open(os.path.join(ROOT, "scripts", "packages.txt"), encoding="utf-8") as f:
        return [line.split()[1] for line in f if line.split()[0] in names]


@pytest.mark.parametrize("command,groups", [("demo", ("start", "build", "run")), ("check", ("start", "build", "run", "test"))])
def test_a_bare_machine_gets_everything_in_one_go(machine, command, groups):
    machine.bare()
    code, out, err = machine.start(command)
    assert code == 0, err
    update, asked, installed, made, where = machine.did()
    assert update.endswith("update") and "--assume-no" in asked
    assert installed.split("--no-install-recommends ")[1].split() == group(*groups) and "make" in group(*groups)
    assert made == f"make --no-print-directory {command}" and where == f"in {machine.root}"
    before = out[:out.index("installed in")]
    assert f"{command} takes about" in before and "setup: installing make gcc" in before and "62.8 MB" in before and "252 MB" in before


def test_a_machine_that_has_everything_installs_nothing(machine):
    machine.bare()
    machine.program("dpkg-query", "echo installed")
    (machine.bin / "make-to-be").rename(machine.bin / "make")
    assert machine.start("torture", "SECS=60", "SEED=7")[0] == 0
    assert machine.did()[0] == "make --no-print-directory torture SECS=60 SEED=7" and len(machine.did()) == 2


def test_it_runs_from_elsewhere_and_through_links(machine, tmp_path):
    machine.bare()
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "one").symlink_to(machine.root / "start")
    (tmp_path / "two").symlink_to("there/one")
    assert machine.start("lab", "--fresh", path="./two", cwd=tmp_path)[0] == 0
    assert machine.did()[-2:] == ["make --no-print-directory lab FRESH=1", f"in {machine.root}"]


def test_who_is_not_root_uses_sudo(machine):
    machine.bare(user=1000, sudo=f'echo "sudo $*" >>{machine.log}\nexec "$@"')
    assert machine.start("demo")[0] == 0
    assert sum(line.startswith("sudo env") for line in machine.did()) == 3


def test_neither_root_nor_sudo(machine):
    machine.bare(user=1000)
    code, _, err = machine.start("demo")
    assert code == 1 and "root or sudo" in err and "apt-get install -y --no-install-recommends make gcc" in err
    assert machine.did() == []


def test_no_apt(machine):
    machine.bare()
    (machine.bin / "apt-get").unlink()
    code, _, err = machine.start("demo")
    assert code == 1 and "no apt-get" in err and "make gcc" in err


@pytest.mark.parametrize("fails,words", [("update", "Check the network"), ("install -y", "Check free disk space")])
def test_a_failure_of_apt_says_what_to_do(machine, fails, words):
    machine.bare(apt=f'case "$*" in\n*"{fails}"*) echo "E: something of apt"; exit 100 ;;\nesac')
    code, _, err = machine.start("demo")
    assert code == 1 and "E: something of apt" in err and words in err and "then run the command again" in err


@pytest.mark.parametrize("words,said", [(("demp",), "unknown command 'demp'"), (("demo", "--keep"), "unknown option '--keep'"),
                                        (("SECS=60",), "no command"), (("demo", "--fresh"), "applies to lab only")])
def test_wrong_use_installs_nothing(machine, words, said):
    machine.bare()
    code, _, err = machine.start(*words)
    assert code == 2 and said in err and "--help" in err and machine.did() == []


def test_help_teaches_every_command_and_installs_nothing(machine):
    machine.bare()
    shown = [machine.start(*words)[:2] for words in ((), ("--help",), ("-h",), ("help",))]
    assert machine.did() == [] and all(s == shown[0] for s in shown) and shown[0][0] == 0
    with open(os.path.join(ROOT, "Makefile"), encoding="utf-8") as f:
        targets = next(line for line in f if line.startswith(".PHONY:")).split()[1:]
    for target in targets:
        assert target == "help" or f"\n  {target} " in shown[0][1], target
    assert "scripts/packages.txt" in shown[0][1] and "MB" in shown[0][1] and "minutes" in shown[0][1]
    assert subprocess.run(["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout == shown[0][1]


def test_it_can_be_run_from_a_clone():
    staged = subprocess.run(["git", "ls-files", "-s", "start"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    assert os.access(START, os.X_OK) and (not staged or staged.startswith("100755"))
