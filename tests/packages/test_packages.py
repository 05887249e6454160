"""The Debian packages in a fresh Debian 12: installed, started as its unit would, a trigger to its report, upgraded from the packages of an
earlier commit while triggers are pending, removed. Needs root and a mirror of Debian; no systemd runs, so the test reads the socket of
its notifications and follows the unit by hand."""
import glob
import json
import os
import re
import shutil
import subprocess

import pytest
from conftest import ROOT
from lablib import proc
from support.machine import MIRROR, Machine, Service, configure, core, device, install, run, trigger, unit, wait

pytestmark = [pytest.mark.tools, pytest.mark.once, pytest.mark.skipif(os.geteuid() != 0, reason="a root directory of its own needs root")]

BEFORE = "9fba9c65131c"  # the last commit without packages: its programs made the stores that are upgraded


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """Those of the present commit and of BEFORE: that one's sources with today's packaging, as far as it has the files."""
    folder = tmp_path_factory.mktemp("packages")
    run(os.path.join(ROOT, "scripts", "deb"), "--out", str(folder / "new"), timeout=900)
    tree = folder / "tree" / "mtc-iwf"
    tree.mkdir(parents=True)
    subprocess.run(f"git archive {BEFORE} | tar -x -C {tree}", shell=True, check=True, cwd=ROOT, timeout=proc.HANG_S)
    shutil.copytree(os.path.join(ROOT, "debian"), tree / "debian")
    shutil.copy(os.path.join(ROOT, "CHANGELOG.md"), tree)
    programs = (tree / "bin" / "meson.build").read_text()
    for listed in (tree / "debian").glob("*.install"):  # without the programs that came later
        lines = listed.read_text().splitlines(True)
        listed.write_text("".join(line for line in lines if all(f"'{name}'" in programs for name in re.findall(r"(?:bin|man1)/(mtc[\w-]+)", line))))
    tools = tree / "debian" / "mtc-iwf-tools.install"
    tools.write_text("".join(line for line in tools.read_text().splitlines(True) if "completion" not in line and "zsh" not in line))
    for name in ("install", "service", "sysusers"):
        (tree / "debian" / f"mtc-iwf-console.{name}").unlink()
    control = tree / "debian" / "control"
    control.write_text(re.sub(r"Package: mtc-iwf-console\n.*?\n\n", "", control.read_text(), flags=re.S))
    rules = tree / "debian" / "rules"
    rules.write_text(re.sub(r" \$\(if \$\(MTC_COMMIT\),[^\n]*", "", rules.read_text()))
    run(os.path.join(ROOT, "scripts", "deb"), "--tree", str(tree), "--out", str(folder / "old"), "--no-lint", "--version", "0.0.9", timeout=900)
    return folder


@pytest.fixture(scope="module")
def debian(tmp_path_factory):
    """A fresh root directory, which stays as it is."""
    root = tmp_path_factory.mktemp("debian") / "root"
    run("debootstrap", "--variant=minbase", "bookworm", str(root), MIRROR, timeout=900)
    os.chmod(root, 0o755)
    return root


@pytest.fixture(scope="module")
def machine(tmp_path_factory, packages, debian):
    root = tmp_path_factory.mktemp("machine") / "root"
    run("cp", "-a", str(debian), str(root))
    for name in ("new", "old"):
        shutil.copytree(packages / name, root / "srv" / name)
    # what the packages need comes by the network of this machine; the new one has none
    depends = {word.strip() for name in sorted(glob.glob(str(packages / "*" / "*.deb"))) for word in run("dpkg-deb", "-f", name, "Depends").split(",")}
    quiet = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    run("chroot", str(root), "apt-get", "update", "-q")
    run("chroot", str(root), "apt-get", "satisfy", "-y", "-q", "--no-install-recommends", ", ".join(sorted(d for d in depends if "mtc-iwf" not in d)), env=quiet)
    made = Machine(root)
    yield made
    made.end()


def test_the_packages_go_through_a_life(machine, tmp_path):
    install(machine, "old")
    configure(machine, tmp_path)
    assert machine.run("mtc-iwfd", "--version") == "mtc-iwfd 0.1.0\n"
    for user in ("core", "edge", "keys"):
        machine.run("id", f"mtc-iwf-{user}")
    assert machine.run("stat", "-c", "%a %U", "/var/lib/mtc-iwf", "/etc/mtc-iwf").splitlines() == ["700 mtc-iwf-core", "750 root"]
    core(machine)
    service = Service(machine).start(notify=False)
    machine.run("mtcctl", "scs", "add", "acme", "--e164", "491720000001", "--origin-host", "scs.acme.example", "--realm", "acme.example", "--anchor", "anchor-a")
    machine.run("mtcctl", "assoc", "add", "acme", "*@a.example")
    wait(lambda: all(json.loads(line).get("state", "open") == "open" for line in machine.run("mtcctl", "--json", "peers").splitlines()), "a peer is not open")
    for reference in (1, 2, 3):  # nobody takes them: they are pending at the upgrade
        trigger(machine, reference)

    # the upgrade over a running gateway: the old programs go on until the unit is started again
    install(machine, "new")
    trigger(machine, 4)
    assert re.match(r"mtc-iwfd 0\.1\.0 \(commit [0-9a-f]{12}\)\n", machine.run("mtc-iwfd", "--version"))
    service.stop(notify=False)
    with open(machine.path("iwfd.log"), "a", encoding="ascii") as f:
        f.write("mark\n")
    service = Service(machine).start()
    assert b"WATCHDOG=1" in service.socket.recv(4096) or b"WATCHDOG=1" in service.said
    rows = [json.loads(line) for line in machine.run("mtcctl", "--json", "triggers", "list").splitlines()]
    assert {row["reference"] for row in rows if "reference" in row} == {1, 2, 3, 4}
    assert machine.run("mtcctl", "health")
    machine.run(*service.unit["ExecReload"].split())
    device(machine)
    wait(lambda: machine.text("ue.log").count('"event":"trigger"') == 4, "the device did not get the triggers")
    report = trigger(machine, 5, "--wait", "20")[-1]
    assert (report["event"], report["delivery_outcome"]) == ("report", "SUCCESS"), report

    # the log is moved away, as logrotate does it
    os.rename(machine.path("/var/log/mtc-iwf/decisions.jsonl"), machine.path("/var/log/mtc-iwf/decisions.jsonl.1"))
    machine.run("sh", "-c", f"kill -HUP {service.pid()}")
    wait(lambda: os.path.exists(machine.path("/var/log/mtc-iwf/decisions.jsonl")), "the decision log was not opened again")
    service.stop()

    machine.run("sh", "-c", "dpkg --remove mtc-iwf-console mtc-iwf mtc-iwf-tools mtc-iwf-lab", env={"DEBIAN_FRONTEND": "noninteractive"})
    assert not os.path.exists(machine.path("/usr/bin/mtc-iwfd"))
    assert os.path.exists(machine.path("/var/lib/mtc-iwf")) and os.path.exists(machine.path("/etc/mtc-iwf/mtc-iwfd.yaml"))  # the operator's


def test_the_unit_is_what_systemd_takes(machine):
    """Verified in the root, where the programs are."""
    install(machine, "new")
    for name in ("mtc-iwf", "mtc-iwf-console"):
        done = subprocess.run([*machine.enter, "systemd-analyze", "verify", "--man=no", f"/lib/systemd/system/{name}.service"], capture_output=True, text=True,
                              timeout=proc.HANG_S, check=False)
        assert done.returncode == 0 and "mtc-iwf" not in done.stderr, done.stderr


def test_the_console_runs_as_its_unit_says(machine, tmp_path):
    """As its user, with its groups, and the configuration that the page shows: the link and the page come."""
    install(machine, "new")
    configure(machine, tmp_path)
    conf = machine.path("/etc/mtc-iwf/mtc-iwfd.yaml")
    with open(conf, encoding="utf-8") as f:
        text = f.read()
    with open(conf, "w", encoding="utf-8") as f:
        f.write(text.replace("control: { path: /run/mtc-iwf/ctl.sock }", "control: { console_user: mtc-iwf-console }"))
    service = Service(machine).start()
    with open(machine.path("/etc/mtc-iwf-console.yaml"), "w", encoding="utf-8") as f:
        f.write("listen: { port: 8640 }\n")
    machine.run("install", "-d", "-o", "mtc-iwf-console", "/run/mtc-iwf-console")
    console = machine.start("console", "setpriv", "--reuid=mtc-iwf-console", "--regid=mtc-iwf-console", "--init-groups", "mtc-iwf-console", "-c",
                            "/etc/mtc-iwf-console.yaml")
    try:
        wait(lambda: "ready" in machine.text("/console.log"), "the console is ready")
        assert "less protected" not in machine.text("/console.log")
        assert machine.run("mtcctl", "console").startswith("http://127.0.0.1:8640/#")
        assert "mtc-iwf-core" in machine.run("id", "-nG", "mtc-iwf-console")
    finally:
        console.terminate()
        console.wait(proc.HANG_S)
        service.stop()


def test_the_kernel_calls_of_the_unit_are_enough(machine):
    """Every name in SystemCallFilter is known to systemd, and those that the sandbox itself needs are among them."""
    calls = unit(machine)["SystemCallFilter"].split()
    known = machine.run("systemd-analyze", "syscall-filter", *[c for c in calls if c.startswith("@")])
    assert {"landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self", "seccomp"} <= set(calls)
    for name in ("io_uring_setup", "ptrace", "mount", "bpf"):
        assert name not in known.split() and name not in calls


def test_the_container_has_the_gateway_and_its_users(packages, debian, tmp_path):
    """Built without a daemon and without namespaces. The base is the fresh root, for the test has no registry."""
    buildah = ["buildah", "--storage-driver", "vfs", "--root", str(tmp_path / "store"), "--runroot", str(tmp_path / "run")]
    chroot = ["--isolation", "chroot"]
    context = tmp_path / "context"
    context.mkdir()
    shutil.copy(os.path.join(ROOT, "Containerfile"), context)
    shutil.copytree(packages / "new", context / "dist")
    run("tar", "-C", str(debian), "-cf", str(tmp_path / "base.tar"), ".")
    base = run(*buildah, "from", *chroot, "scratch").strip()
    run(*buildah, "add", base, str(tmp_path / "base.tar"), "/")
    run(*buildah, "commit", base, "localhost/debian12")
    run(*buildah, "build", *chroot, "--build-arg", "BASE=localhost/debian12", "-t", "mtc-iwf", str(context))
    made = run(*buildah, "from", *chroot, "localhost/mtc-iwf").strip()
    said = run(*buildah, "run", *chroot, made, "--", "sh", "-c", "mtc-iwfd --version && mtcctl --version && id -u mtc-iwf-core mtc-iwf-edge mtc-iwf-keys && stat -c %U /var/lib/mtc-iwf")
    assert re.search(r"^mtc-iwfd \S+ \(commit", said, re.M) and re.search(r"^mtcctl ", said, re.M) and said.endswith("mtc-iwf-core\n"), said
