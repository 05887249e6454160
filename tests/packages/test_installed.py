"""The packages with the programs of this build, in a Debian 12 of their own: what is in them, their units, a trigger to its report, their end.
Packages with the flags of Debian, the upgrade from an earlier version and the container: test_packages.py."""
import os
import re
import urllib.request

import pytest
from conftest import BIN, ROOT
from lablib import proc
from support.machine import DOCS, MIRROR, Machine, Service, configure, core, device, install, missing, run, trigger, wait

pytestmark = [pytest.mark.packages, pytest.mark.once, pytest.mark.skipif(os.geteuid() != 0, reason="a root directory of its own needs root")]

PROGRAMS = {"mtc-iwf": {"mtc-iwfd", "mtc-iwf-metrics"}, "mtc-iwf-tools": {"mtcctl"}, "mtc-iwf-console": {"mtc-iwf-console"},
            "mtc-iwf-lab": {"mtc-hss", "mtc-scs", "mtc-sme", "mtc-smssc", "mtc-ue"}}


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("packages")
    run(os.path.join(ROOT, "scripts", "deb"), "--build", os.path.dirname(BIN), "--out", str(folder / "new"))
    return {os.path.basename(str(p)).split("_")[0]: p for p in sorted((folder / "new").iterdir())}


@pytest.fixture(scope="module")
def machine(tmp_path_factory, packages):
    """Made of the essential packages and of what ours depend on, which dpkg then finds installed: the machine has no network."""
    try:
        urllib.request.urlopen(f"{MIRROR}/dists/bookworm/InRelease", timeout=proc.HANG_S).close()
    except OSError as e:
        pytest.skip(f"the mirror of Debian cannot be reached: {e}")
    lacks = missing()
    if lacks:
        pytest.skip(lacks)
    depends = set()
    for package in packages.values():
        for alternatives in run("dpkg-deb", "-f", str(package), "Depends").split(","):
            names = [re.match(r"[\w.+-]+", name.strip()).group() for name in alternatives.split("|")]
            depends.add("systemd" if "systemd" in names else names[0])  # systemd-analyze looks at the units
    root = tmp_path_factory.mktemp("machine") / "root"
    run("mmdebstrap", "--mode=root", "--variant=essential", "--dpkgopt=force-unsafe-io", '--aptopt=Acquire::Retries "3"', f"--include={','.join(sorted(depends - set(packages)))}", "bookworm",
        str(root), MIRROR)
    os.chmod(root, 0o755)
    (root / "srv" / "new").mkdir()
    for package in packages.values():
        run("cp", str(package), str(root / "srv" / "new"))
    made = Machine(root)
    install(made, "new")
    yield made
    made.end()


def test_each_program_is_in_its_package_with_its_manual(packages):
    assert set(packages) == set(PROGRAMS)
    for name, package in packages.items():
        files = set(re.findall(r" \./(\S+)$", run("dpkg-deb", "-c", str(package)), re.M))
        assert {os.path.basename(f) for f in files if f.startswith("usr/bin/")} - {""} == PROGRAMS[name]
        assert all(f"usr/share/man/man1/{program}.1.gz" in files for program in PROGRAMS[name])


def test_each_link_of_the_documents_leads_to_a_file_of_the_package(machine):
    folder = machine.path(DOCS)
    pages = [os.path.join(at, name) for at, _, names in os.walk(folder) for name in names if name.endswith(".md")]
    assert os.path.join(folder, "README.md") in pages
    dead = []
    for page in pages:
        with open(page, encoding="utf-8") as f:
            links = re.findall(r"\]\(([^)#:\s]+)[^):\s]*\)", f.read())
        dead += [f"{os.path.relpath(page, folder)}: {link}" for link in links if not os.path.exists(os.path.join(os.path.dirname(page), link))]
    assert dead == []


def test_the_completion_knows_the_commands_that_came_last(machine):
    for page in ("bash-completion/completions/mtcctl", "zsh/vendor-completions/_mtcctl"):
        words = set(re.findall(r"[\w-]+", machine.text(f"/usr/share/{page}")))
        assert {"trace", "tail", "replay", "quickstart", "doctor", "console"} <= words


def test_systemd_takes_the_units(machine):
    for name in ("mtc-iwf", "mtc-iwf-console"):
        assert "mtc-iwf" not in machine.run("sh", "-c", f"systemd-analyze verify --man=no /lib/systemd/system/{name}.service 2>&1")


def test_a_trigger_and_its_report_with_the_shipped_examples(machine, tmp_path):
    """The gateway as its unit starts it, the packages put on it anew while it runs; then they go, and what is the operator's stays."""
    configure(machine, tmp_path)
    core(machine)
    device(machine)
    service = Service(machine).start()
    machine.run("mtcctl", "scs", "add", "acme", "--e164", "491720000001", "--origin-host", "scs.acme.example", "--realm", "acme.example", "--anchor", "anchor-a")
    machine.run("mtcctl", "assoc", "add", "acme", "*@a.example")
    wait(lambda: machine.run("mtcctl", "status").count("hss open, smssc open"), "a peer is not open")
    report = trigger(machine, 1, "--wait", "60")[-1]
    assert (report["event"], report["delivery_outcome"]) == ("report", "SUCCESS"), report
    install(machine, "new")
    assert trigger(machine, 2)[-1]["request_status"] == "SUCCESS"
    service.stop()
    machine.run("sh", "-c", f"dpkg --remove {' '.join(PROGRAMS)}", env={"DEBIAN_FRONTEND": "noninteractive"})
    assert not os.path.exists(machine.path("/usr/bin/mtc-iwfd"))
    assert os.path.exists(machine.path("/var/lib/mtc-iwf")) and os.path.exists(machine.path("/etc/mtc-iwf/mtc-iwfd.yaml"))
