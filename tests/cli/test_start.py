"""./start: the first command on a machine that has git alone. Programs that must not run here (apt-get, make) are scripts of the test."""
import os
import pty
import shutil
import signal
import subprocess

import pytest
from conftest import ROOT
from lablib import proc

pytestmark = pytest.mark.once

START = os.path.join(ROOT, "start")
TOOLS = ("sh", "sed", "awk", "readlink", "dirname", "cat", "mktemp", "rm", "env", "date", "echo", "tee")


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
        for name in ("lab", "bench"):
            script = self.root / "scripts" / name
            script.write_text(f'#!/bin/sh\necho "scripts/{name} $*" | tee -a {self.log}\necho "in $PWD, pid $$" >>{self.log}\n')
            script.chmod(0o755)

    def program(self, name, lines):
        path = self.bin / name
        path.unlink(missing_ok=True)  # a link leads to a program of this machine
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
        (self.bin / "sleep").symlink_to(shutil.which("sleep"))
        if sudo:
            self.program("sudo", sudo)

    def start(self, *words, path=None, cwd="/"):
        done = subprocess.run([path or self.root / "start", *words], env={"PATH": str(self.bin)}, cwd=cwd, capture_output=True, text=True,
                              timeout=proc.HANG_S, check=False, stdin=subprocess.DEVNULL)
        return done.returncode, done.stdout, done.stderr

    def did(self):
        return self.log.read_text().splitlines()


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def group(*names):
    with open(os.path.join(ROOT, "scripts", "packages.txt"), encoding="utf-8") as f:
        return [line.split()[1] for line in f if line.split()[0] in names]


@pytest.mark.parametrize("command,groups", [("demo", ("start", "build", "run")), ("check", ("start", "build", "run"))])
def test_a_bare_machine_gets_everything_in_one_go(machine, command, groups):
    """But what only the tests need: scripts/check installs that while the programs are built."""
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
    assert machine.start("demo", path="./two", cwd=tmp_path)[0] == 0
    assert machine.did()[-2:] == ["make --no-print-directory demo", f"in {machine.root}"]


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


def test_an_installation_that_takes_long_says_so(machine, tmp_path):
    """apt waits for the first line about it, and the clock of that line for apt's words."""
    for name in ("unpacks", "told"):
        os.mkfifo(tmp_path / name)
    machine.bare(apt=f'case "$*" in\n*--assume-no*) exit 1 ;;\n*install*) echo "Unpacking libx ..."; echo >{tmp_path}/unpacks; read x <{tmp_path}/told; '
                     f'cp {machine.bin}/make-to-be {machine.bin}/make ;;\nesac')
    machine.program("sleep", f'if [ -p {tmp_path}/unpacks ]; then read x <{tmp_path}/unpacks; rm {tmp_path}/unpacks; else echo >{tmp_path}/told; exit 1; fi')
    code, out, err = machine.start("demo")
    assert code == 0, err
    assert " s so far: Unpacking libx ...\n" in out and out.index("so far") < out.index("installed in")


def test_an_installation_that_is_interrupted_says_nothing_more(machine, tmp_path):
    """The line about it is written by a process that Ctrl-C does not reach; its clock goes on behind the interrupt, once."""
    for name in ("unpacks", "never", "later"):
        os.mkfifo(tmp_path / name)
    machine.bare(apt=f'case "$*" in\n*--assume-no*) exit 1 ;;\n*install*) echo >{tmp_path}/unpacks; read x <{tmp_path}/never ;;\nesac')
    machine.program("sleep", f'[ ! -e {tmp_path}/slept ] || exit 1\n: >{tmp_path}/slept\nread x <{tmp_path}/later')
    with subprocess.Popen([machine.root / "start", "demo"], env={"PATH": str(machine.bin)}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          stdin=subprocess.DEVNULL, start_new_session=True) as p:
        (tmp_path / "unpacks").read_text()
        proc.wait_until("the clock runs", (tmp_path / "slept").exists)
        os.killpg(p.pid, signal.SIGINT)
        p.wait(proc.HANG_S)
        (tmp_path / "later").write_text("\n")
        assert "so far" not in p.stdout.read()


@pytest.mark.parametrize("fails,words", [("update", "Check the network"), ("install -y", "Check free disk space")])
def test_a_failure_of_apt_says_what_to_do(machine, fails, words):
    machine.bare(apt=f'case "$*" in\n*"{fails}"*) echo "E: something of apt"; exit 100 ;;\nesac')
    code, _, err = machine.start("demo")
    assert code == 1 and "E: something of apt" in err and words in err and "then run the command again" in err


@pytest.mark.parametrize("words,said", [(("demp",), "unknown command 'demp', did you mean 'demo'? ./start"), (("demoo",), "unknown command 'demoo', did you mean 'demo'?"),
                                        (("insturctions",), "did you mean 'instructions'?"), (("tortur",), "did you mean 'torture'?"),
                                        (("qqqq",), "unknown command 'qqqq'; ./start"), (("a\\'b\nc",), "unknown command 'a\\'b\nc'; ./start"),
                                        (("--frehs",), "unknown option '--frehs', did you mean '--fresh'?"), (("demo", "--keep"), "unknown option '--keep'"),
                                        (("SECS=60",), "no command"), (("demo", "--fresh"), "applies to lab only"),
                                        (("check", "bench"), "one command at a time, not 'check' and 'bench'"),
                                        (("lab", "lab"), "one command at a time"),
                                        (("lab", "FERSH=1"), "lab has no variable 'FERSH'; it takes FRESH DIR, did you mean 'FRESH'?"),
                                        (("torture", "DIR=x"), "torture has no variable 'DIR'; it takes SECS SEED HOSTILE"),
                                        (("build", "CC=clang"), "build has no variable 'CC'; it takes none"),
                                        (("lab", "=1"), "lab has no variable ''"), (("",), "unknown command ''"),
                                        (("demo lab",), "unknown command 'demo lab'"), (("build ",), "unknown command 'build '"),
                                        (("lab", "FRESH DIR=1"), "lab has no variable 'FRESH DIR'"),
                                        (("lab", "FRESH=maybe"), "FRESH is 'maybe', expected 1 or yes"),
                                        (("lab", "FRESH=false"), "FRESH is 'false', expected 1 or yes"),
                                        (("torture", "SECS=abc"), "SECS is 'abc', expected a whole number, 1 or more"),
                                        (("torture", "SECS=0"), "SECS is '0'"), (("torture", "SECS=-5"), "SECS is '-5'"),
                                        (("torture", "SECS=1e3"), "SECS is '1e3'"), (("torture", "SEED=x"), "SEED is 'x', expected a whole number, 0"),
                                        (("torture", "SECS=1234567890"), "at most 9 digits"), (("torture", "HOSTILE=999"), "HOSTILE is '999', expected a whole number, 1000"),
                                        (("fuzz", "HOSTILE=1000"), "fuzz has no variable 'HOSTILE'; it takes SECS SEED"), (("bench", "ROUNDS=0"), "ROUNDS is '0'"),
                                        (("bench", "ROWS=a;b"), "ROWS is 'a;b', expected names of rows"), (("bench", "KEEP=2"), "KEEP is '2'")])
def test_wrong_use_installs_nothing(machine, words, said):
    machine.bare()
    code, _, err = machine.start(*words)
    assert code == 2 and said in err and "--help" in err and machine.did() == []


@pytest.mark.parametrize("words,args", [
    ((), "lab"), (("--fresh",), "lab --fresh"), (("FRESH=1",), "lab --fresh"), (("FRESH=yes",), "lab --fresh"), (("FRESH=0",), "lab"),
    (("FRESH=no",), "lab"), (("FRESH=",), "lab"), (("--fresh", "FRESH=0"), "lab"), (("DIR=/x y/z",), "/x y/z"), (("DIR=",), "lab"),
    (("DIR=other", "--fresh"), "/other --fresh"),
])
def test_the_words_of_lab(machine, words, args):
    machine.bare()
    machine.program("dpkg-query", "echo installed")
    (machine.bin / "make-to-be").rename(machine.bin / "make")
    assert machine.start("lab", *words, cwd="/")[0] == 0
    made, _, ran, _ = machine.did()
    assert made == "make --no-print-directory build" and ran == f"scripts/lab run {args.replace('/other', '//other')}"


def test_a_signal_to_start_reaches_the_laboratory(machine):
    """scripts/lab runs in the place of ./start, under its pid."""
    machine.bare()
    machine.program("dpkg-query", "echo installed")
    (machine.bin / "make-to-be").rename(machine.bin / "make")
    with subprocess.Popen([machine.root / "start", "lab"], env={"PATH": str(machine.bin)}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as p:
        assert p.wait(proc.HANG_S) == 0
    assert machine.did()[-1] == f"in {machine.root}, pid {p.pid}"


def test_the_environment_deletes_no_state(machine):
    """Neither ./start nor make takes FRESH from the environment; the words that make is given do count."""
    for words, fresh in (([], False), (["FRESH=0"], False), (["FRESH=no"], False), (["FRESH="], False), (["FRESH=1"], True), (["FRESH=yes"], True)):
        env = dict(os.environ, FRESH="1", MAKEFLAGS="")
        said = subprocess.run(["make", "-n", "lab", *words], cwd=ROOT, env=env, capture_output=True, text=True, check=True).stdout
        assert ("--fresh" in said) == fresh, words


@pytest.mark.parametrize("words,said", [
    (("lab", "FRESH=maybe"), "FRESH is 'maybe'"), (("lab", "FERSH=1"), "no variable 'FERSH'"), (("torture", "SECS=a'b"), "SECS is 'a'b'"),
    (("bench", "BASE=nonsense"), "BASE"), (("instructions", "BASE=nonsense"), "BASE"), (("clean", "X=1"), "no variable 'X'"),
])
def test_make_refuses_the_same_words_before_it_does_anything(tmp_path, words, said):
    """In a copy that has nothing but the front door: had it gone on, scripts/setup would be missed."""
    for name in ("start", "Makefile"):
        shutil.copy(os.path.join(ROOT, name), tmp_path / name)
    done = subprocess.run(["make", *words], cwd=tmp_path, env=dict(os.environ, MAKEFLAGS=""), capture_output=True, text=True, check=False)
    assert done.returncode == 2 and said in done.stderr and "scripts/" not in done.stdout + done.stderr, done


def test_a_commit_that_is_none_is_refused_before_anything_is_installed(machine):
    machine.bare()
    (machine.bin / "git").symlink_to(shutil.which("git"))
    code, _, err = machine.start("bench", "BASE=nonsense")
    assert code == 2 and "needs a git clone" in err and machine.did() == []
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "one"]):
        subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@example", *words], cwd=machine.root, check=True, capture_output=True)
    for command in ("bench", "instructions"):
        for base in ("nonsense", "HEAD~1", "--all"):
            code, _, err = machine.start(command, f"BASE={base}")
            assert code == 2 and f"'{base}' is no commit of this repository" in err and machine.did() == []
    assert machine.start("bench", "BASE=HEAD", "ROUNDS=3")[0] == 0
    assert machine.did()[-2] == "make --no-print-directory bench BASE=HEAD ROUNDS=3"


def test_help_of_one_command(machine):
    machine.bare()
    code, out, _ = machine.start("lab", "--help")
    assert code == 0 and out.startswith("usage: ./start lab [FRESH=...] [DIR=...]\n") and "python3, which is not installed yet" in out
    (machine.bin / "python3").symlink_to(shutil.which("python3"))
    for words in (("bench", "--help"), ("-h", "bench"), ("bench", "BASE=x", "--help")):
        code, out, _ = machine.start(*words)
        assert code == 0 and out.startswith("usage: ./start bench [ROWS=...] [BASE=...] [ROUNDS=...] [KEEP=...]\n") and out.endswith("scripts/bench --help\n")
    assert "has no options" in machine.start("fmt", "--help")[1]
    assert not [line for line in machine.did() if line.startswith(("make", "apt-get"))]
    for command in ("lab", "demo", "demo-ndsip", "bench", "instructions", "check", "torture"):
        done = subprocess.run([START, command, "--help"], capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL)
        assert f"scripts/{command}" in done.stdout.split("own help is:")[1]


def test_the_first_build_says_how_long(tmp_path):
    (tmp_path / "scripts").mkdir()
    shutil.copy(os.path.join(ROOT, "scripts", "build"), tmp_path / "scripts" / "build")
    for name, lines in (("meson", 'mkdir -p "$2"\n: >"$2/build.ninja"'), ("ninja", "")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{lines}\n")
        (tmp_path / name).chmod(0o755)
    said = [subprocess.run([tmp_path / "scripts" / "build", "gcc"], env=dict(os.environ, PATH=f"{tmp_path}:{os.environ['PATH']}"),
                           capture_output=True, text=True, check=True).stdout for _ in range(2)]
    assert said == ["build: compiling into build, about 2 minutes the first time\nbuild: the programs are in build/bin\n",
                    "build: the programs are in build/bin\n"]


def test_the_first_build_at_a_terminal_is_not_silent_until_ninja(tmp_path):
    (tmp_path / "scripts").mkdir()
    shutil.copy(os.path.join(ROOT, "scripts", "build"), tmp_path / "scripts" / "build")
    for name in ("meson", "ninja"):
        (tmp_path / name).write_text(f"#!/bin/sh\n[ {name} = meson ] || echo ninja\n")
        (tmp_path / name).chmod(0o755)
    ours, theirs = pty.openpty()
    subprocess.run([tmp_path / "scripts" / "build", "gcc"], env=dict(os.environ, PATH=f"{tmp_path}:{os.environ['PATH']}"),
                   stdout=theirs, stdin=subprocess.DEVNULL, check=True, timeout=proc.HANG_S)
    os.close(theirs)
    said = os.read(ours, 4096).decode().splitlines()
    os.close(ours)
    assert said == ["build: meson looks at compiler and libraries", "ninja"]


def test_a_build_directory_of_another_place_is_refused_with_what_to_do(tmp_path):
    """A project that was moved or copied with its build directory: meson would end with a traceback."""
    (tmp_path / "scripts").mkdir()
    shutil.copy(os.path.join(ROOT, "scripts", "build"), tmp_path / "scripts" / "build")
    info = tmp_path / "build" / "meson-info" / "meson-info.json"
    info.parent.mkdir(parents=True)
    (tmp_path / "build" / "build.ninja").write_text("")
    for name in ("meson", "ninja"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    done = {}
    for place in ("/the/old place", os.path.realpath(tmp_path)):
        info.write_text('{\n  "directories": {\n    "source": "%s",\n    "build": "%s/build"\n  }\n}' % (place, place))
        done[place] = subprocess.run([tmp_path / "scripts" / "build", "gcc"], env=dict(os.environ, PATH=f"{tmp_path}:{os.environ['PATH']}"),
                                     capture_output=True, text=True, check=False)
    moved, here = done.values()
    assert moved.returncode == 1 and "/the/old place" in moved.stderr and "./start clean" in moved.stderr, moved.stderr
    assert (here.returncode, here.stderr) == (0, "")


def test_help_teaches_every_command_and_installs_nothing(machine):
    machine.bare()
    shown = [machine.start(*words)[:2] for words in ((), ("--help",), ("-h",), ("help",))]
    assert machine.did() == [] and all(s == shown[0] for s in shown) and shown[0][0] == 0
    with open(os.path.join(ROOT, "Makefile"), encoding="utf-8") as f:
        targets = next(line for line in f if line.startswith(".PHONY:")).split()[1:]
    for target in targets:
        assert target == "help" or f"\n  {target} " in shown[0][1], target
        if target not in ("help", "clean"):
            assert sum(line.startswith(f"  {target} ") and " MB " in line for line in shown[0][1].splitlines()) == 1, f"no figures of {target}"
    assert "scripts/packages.txt" in shown[0][1] and "MB" in shown[0][1] and "minutes" in shown[0][1]
    assert subprocess.run(["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout == shown[0][1]


def test_it_can_be_run_from_a_clone():
    staged = subprocess.run(["git", "ls-files", "-s", "start"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    assert os.access(START, os.X_OK) and (not staged or staged.startswith("100755"))


def with_npm(machine, code=0):
    """node and npm are there; npm notes how it was called."""
    shutil.copytree(os.path.join(ROOT, "scripts", "npm"), machine.root / "scripts" / "npm")
    machine.program("node", "exit 0")
    machine.program("npm", f'echo "npm $*" >>{machine.log}\necho "of npm"\nexit {code}')
    machine.program("dpkg-query", "echo installed")
    for tool in ("cmp", "timeout", "mkdir", "cp", "make"):
        if not (machine.bin / tool).exists():
            (machine.bin / tool).symlink_to(shutil.which(tool))
    return lambda *words: subprocess.run([machine.root / "scripts" / "setup", *words], env={"PATH": str(machine.bin)}, cwd="/", capture_output=True, text=True,
                                         timeout=proc.HANG_S, check=False, stdin=subprocess.DEVNULL)


def test_the_peers_of_npm_come_once_and_with_the_tests_only(machine):
    setup = with_npm(machine)
    assert setup("build", "run").returncode == 0 and machine.did() == []
    assert [setup("build", "test").returncode for _ in range(2)] == [0, 0]
    called, = machine.did()
    assert called.startswith("npm ci --prefix build-npm --ignore-scripts ")
    assert (machine.root / "build-npm" / "package-lock.json").read_text() == (machine.root / "scripts" / "npm" / "package-lock.json").read_text()


def test_npm_that_fails_costs_a_few_tests_and_no_more(machine):
    setup = with_npm(machine, code=1)
    done = setup("test")
    assert done.returncode == 0 and "of npm" in done.stderr and "the tests with them are skipped" in done.stderr
    setup("test")
    assert len(machine.did()) == 2, "it is tried again"


KERNEL = "6.1.0-99-amd64"


def with_kernel(machine, tmp_path, code=0):
    """All packages are installed, but no kernel: below `boot` of the test there is none yet. The mirror has one. setup() returns (exit status, words)."""
    tree = tmp_path / "tree"
    for name in (f"boot/vmlinuz-{KERNEL}", f"lib/modules/{KERNEL}/modules.order", f"usr/share/doc/linux-image-{KERNEL}/copyright",
                 *(f"lib/modules/{KERNEL}/kernel/{part}.ko" for part in ("arch/x86/a", "crypto/gcm", "fs/9p/9p", "lib/a", "net/9p/9pnet", "drivers/virtio/a",
                                                                          "drivers/net/veth", "drivers/net/other", "sound/a"))):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text("")
    subprocess.run(["tar", "-cf", tmp_path / "tar", "-C", tree, "."], check=True)
    script = machine.root / "scripts" / "setup"
    script.write_text(script.read_text().replace("/boot/vmlinuz-* build-kernel", f"{tmp_path}/boot/vmlinuz-* build-kernel"))
    machine.program("dpkg-query", 'case "$*" in *linux-image*) exit 1 ;; esac\necho installed')
    machine.program("id", "echo 0")
    machine.program("apt-cache", f'echo "linux-image-amd64"\necho "  Depends: linux-image-{KERNEL}"')
    machine.program("apt-get", f'echo "apt-get $*" >>{machine.log}\ncase "$*" in\n*download*) echo "of apt"; [ {code} -ne 0 ] || : >linux.deb; exit {code} ;;\nesac')
    machine.program("dpkg-deb", f'[ "$1" = --fsys-tarfile ] && [ -f "$2" ] && cat {tmp_path}/tar')
    machine.program("depmod", f'echo "depmod $*" >>{machine.log}')
    for tool in ("tar", "mkdir", "mv"):
        (machine.bin / tool).symlink_to(shutil.which(tool))

    def setup(*words):
        done = subprocess.run([script, *words], env={"PATH": str(machine.bin)}, cwd="/", capture_output=True, text=True, timeout=proc.HANG_S, check=False,
                              stdin=subprocess.DEVNULL)
        return done.returncode, done.stdout + done.stderr
    return setup


def test_the_kernel_of_guests_is_unpacked_once_and_never_installed(machine, tmp_path):
    setup = with_kernel(machine, tmp_path)
    assert setup("build", "run") == (0, "") and machine.did() == []
    code, said = setup("emulator")
    assert code == 0 and f"unpacking linux-image-{KERNEL} for guests into build-kernel" in said, said
    update, download, modules = machine.did()
    assert update.endswith(" update") and download.endswith(f" download linux-image-{KERNEL}") and modules == f"depmod -b build-kernel.new {KERNEL}"
    found = {str(path.relative_to(machine.root / "build-kernel")) for path in (machine.root / "build-kernel").rglob("*") if path.is_file()}
    kernel = f"lib/modules/{KERNEL}/kernel"
    assert found == {f"boot/vmlinuz-{KERNEL}", f"lib/modules/{KERNEL}/modules.order",
                     *(f"{kernel}/{part}.ko" for part in ("arch/x86/a", "crypto/gcm", "fs/9p/9p", "lib/a", "net/9p/9pnet", "drivers/virtio/a", "drivers/net/veth"))}
    assert not (machine.root / "build-kernel.new").exists()
    assert setup("emulator") == (0, "") and len(machine.did()) == 3


def test_a_kernel_that_is_installed_does_for_guests_when_it_has_their_files(machine, tmp_path):
    """The one of the cloud has no 9p."""
    setup = with_kernel(machine, tmp_path)
    shutil.copytree(tmp_path / "tree" / "boot", tmp_path / "boot")
    assert setup("emulator")[0] == 0 and len(machine.did()) == 3
    shutil.rmtree(machine.root / "build-kernel")
    (tmp_path / "lib" / "modules" / KERNEL / "kernel" / "fs" / "9p").mkdir(parents=True)
    assert setup("emulator") == (0, "") and len(machine.did()) == 3


def test_a_kernel_that_cannot_be_fetched_is_a_package_that_is_missing(machine, tmp_path):
    setup = with_kernel(machine, tmp_path, code=100)
    code, said = setup("emulator")
    assert code == 1 and "of apt" in said and "'apt-get download' failed" in said, said
    assert not (machine.root / "build-kernel").exists()
