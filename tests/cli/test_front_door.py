"""The scripts at the front door: the README and --help name what there is, the laboratory stops only its own."""
import json
import os
import re
import subprocess
import sys

import pytest
from conftest import BIN, ROOT
from lablib import nearest, proc


def test_the_readme_names_only_what_is_there():
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as f:
        readme = f.read()
    for name in ("ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "docs/dev/life-of-a-trigger.md", "docs/dev/CONTRACTS.md",
                 "docs/user/operating.md", "docs/user/subscribers.md", "examples/mtc-iwfd.yaml"):
        assert name in readme and os.path.exists(os.path.join(ROOT, name)), name


def test_the_index_lists_every_page_for_users_and_every_manual():
    folder = os.path.join(ROOT, "docs", "user")
    with open(os.path.join(folder, "README.md"), encoding="utf-8") as f:
        index = f.read()
    pages = {name for name in os.listdir(folder) if name.endswith(".md")} - {"README.md"}
    assert pages - set(re.findall(r"\]\(([\w-]+\.md)", index)) == set()
    # mtc-iwf-metrics is started by mtc-iwfd only
    manuals = {name[:-2] for name in os.listdir(os.path.join(ROOT, "docs", "man")) if name.endswith(".1")} - {"mtc-iwf-metrics"}
    assert manuals - set(re.findall(r"`(?:man )?(mtc[\w-]+)`", index)) == set()


def test_who_reads_the_help_may_stop_before_its_end():
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([os.path.join(ROOT, "scripts", "torture"), "--help"], stdout=writer, stderr=subprocess.PIPE, timeout=proc.HANG_S, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("words,meant", [
    (("lab", "upp", "x"), "up"), (("lab", "up", "x", "--frehs"), "--fresh"), (("lint", "fromat"), "format"), (("bench", "quik"), "quick"),
    (("torture", "--seonds=1"), "--seconds"), (("lint", "qqqq"), None), (("lab", "qqqq", "x"), None),
])
def test_an_unknown_word_of_a_script_gets_the_one_that_was_meant(words, meant):
    done = subprocess.run([os.path.join(ROOT, "scripts", words[0]), *words[1:]], capture_output=True, text=True, timeout=proc.HANG_S, check=False)
    said = re.search(r", did you mean '(.*?)'\?", done.stderr)
    assert done.returncode == 2 and (said.group(1) if said else None) == meant, done.stderr


def test_scripts_and_programs_mean_the_same():
    """The measure is that of src/base/nearest.c."""
    known = ["state_dir", "identity", "listen", "peers", "trust_anchors", "edges"]
    for word, meant in [("peer", "peers"), ("state-dir", "state_dir"), ("trust_anchor", "trust_anchors"), ("egdes", "edges"), ("id", None), ("xyz", None)]:
        assert nearest.meant(word, known) == (f", did you mean '{meant}'?" if meant else ""), word


def test_the_readme_lists_every_command():
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as f:
        readme = f.read()
    rows = [line.split("|")[1] for line in readme.splitlines() if line.startswith("| `./start ")]
    with open(os.path.join(ROOT, "Makefile"), encoding="utf-8") as f:
        targets = next(line for line in f if line.startswith(".PHONY:")).split()[1:]
    listed = {name for row in rows for name in re.findall(r"`\./start ([\w-]+)", row)}
    assert listed == set(targets) - {"help"}
    assert "`./start COMMAND` and `make COMMAND` do the same" in readme


def test_the_demo_names_its_scenes_by_one_letter_each():
    with open(os.path.join(ROOT, "scripts", "demo"), encoding="utf-8") as f:
        letters = re.findall(r'^    \("([a-z])", "', f.read(), re.M)
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as f:
        told = re.search(r"plays nine scenes: ([^.]*)\.", f.read()).group(1)
    assert letters == list("abcdefghi") and len(told.split(", ")) == 9, told


def test_the_demo_of_ndsip_has_the_scenes_that_the_readme_counts():
    with open(os.path.join(ROOT, "scripts", "demo-ndsip"), encoding="utf-8") as f:
        letters = re.findall(r'^    \("([a-z])", "', f.read(), re.M)
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as f:
        assert "(NDS/IP) in place of TLS in six scenes" in f.read()
    assert letters == list("abcdef")


def test_the_usage_of_mtc_ue_is_what_it_takes():
    """status stands alone; the other words may be followed by an IMSI."""
    program = os.path.join(BIN, "mtc-ue")
    said = subprocess.run([program, "--help"], capture_output=True, text=True, check=True).stdout
    assert "ctl SOCKET absent|present|full|empty|slow MS [IMSI|FIRST-LAST]\n" in said and "ctl SOCKET status\n" in said
    said = subprocess.run([program, "ctl", "/nonsense"], capture_output=True, text=True, check=False)
    assert said.returncode == 2 and "slow MS [IMSI|FIRST-LAST], SOCKET submit IMSI NUMBER HEX, or SOCKET status" in said.stderr


def test_a_group_of_packages_that_is_not_in_the_list():
    done = subprocess.run([os.path.join(ROOT, "scripts", "setup"), "nonsense"], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "no group" in done.stderr


def test_a_package_is_built_with_the_libraries_of_the_list():
    """Without one of them meson would leave a part out, and say nothing."""
    with open(os.path.join(ROOT, "scripts", "packages.txt"), encoding="utf-8") as f:
        rows = [line.split()[:2] for line in f if line.strip() and not line.startswith("#")]
    assert [row for row in rows if rows.count(row) > 1] == []
    with open(os.path.join(ROOT, "debian", "control"), encoding="utf-8") as f:
        needs = re.findall(r"^ ([\w.+-]+)", re.search(r"^Build-Depends:\n((?: .*\n)+)", f.read(), re.M).group(1), re.M)
    assert len(needs) == len(set(needs))
    ours = {name for group, name in rows if group == "build" and name.endswith("-dev")}
    assert ours - {"libc6-dev", "libcmocka-dev"} - set(needs) == set()


def test_the_laboratory_ends_only_what_it_started(tmp_path):
    ours = proc.start("ours", [sys.executable, "-c", "import time; time.sleep(60)"], str(tmp_path / "log"))
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        reused = dict(ours, name="reused", pid=other.pid, started="1")  # a pid that now belongs to somebody else: the start time tells
        (tmp_path / "processes.json").write_text(json.dumps([ours, reused]))
        done = subprocess.run([os.path.join(ROOT, "scripts", "lab"), "down", str(tmp_path)], capture_output=True, text=True, timeout=proc.HANG_S, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stdout == f"lab: ended, state kept in {tmp_path}/\n"
        assert not proc.alive(ours) and other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_the_laboratory_does_not_clear_a_directory_it_did_not_make(tmp_path):
    (tmp_path / "precious").write_text("mine")
    done = subprocess.run([os.path.join(ROOT, "scripts", "lab"), "up", str(tmp_path)], capture_output=True, text=True, timeout=proc.HANG_S, check=False)
    assert done.returncode == 1 and "not empty" in done.stderr
    assert (tmp_path / "precious").read_text() == "mine"


def test_pages_refer_to_pages_that_are_there():
    pages = [os.path.join(ROOT, name) for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md")]
    for folder in ("docs/user", "docs/dev"):
        pages += [os.path.join(ROOT, folder, name) for name in sorted(os.listdir(os.path.join(ROOT, folder))) if name.endswith(".md")]
    for page in pages:
        with open(page, encoding="utf-8") as f:
            text = f.read()
        for link in re.findall(r"\]\(([^)#:]+)\)", text):
            assert os.path.exists(os.path.join(os.path.dirname(page), link)), f"{page}: {link}"
        for name in re.findall(r"`((?:docs|scripts|examples|src|tests|nodes|bench|findings)/[\w./-]+)`", text):
            assert os.path.exists(os.path.join(ROOT, name)), f"{page}: {name}"


def test_the_service_may_write_what_the_pages_have_it_write():
    """The unit makes all else read-only: a key at another place could not be made by the first start, and -t from a shell would not see it."""
    def text(*name):
        with open(os.path.join(ROOT, *name), encoding="utf-8") as f:
            return f.read()

    writable = [path.lstrip("-") for path in re.search(r"^ReadWritePaths=(.*)$", text("debian", "mtc-iwf.service"), re.M).group(1).split()]
    made = re.findall(r"^d (\S+)", text("debian", "mtc-iwf.tmpfiles"), re.M)
    example = text("examples", "mtc-iwfd.yaml")
    keys = [re.search(r"^audit:\n(?:[ #].*\n)*? +key: (\S+)", example, re.M).group(1), re.search(r"^ +key: (\S+audit\.key)$", text("docs", "user", "audit.md"), re.M).group(1)]
    written = [re.search(rf"\b{key}: ([^\s,}}]+)", example).group(1) for key in ("state_dir", "path", "decisions")]
    for path in (*keys, *written):
        assert any(f"{path}/".startswith(f"{folder}/") for folder in writable), path
    assert all(os.path.dirname(key) in made for key in keys) and set(writable) <= set(made)


def test_a_service_that_is_named_is_one_of_the_packages():
    """In the pages, and in what the programs advise."""
    services = {name[:-len(".service")] for name in os.listdir(os.path.join(ROOT, "debian")) if name.endswith(".service")}
    named = {}
    for folder in ("src", "nodes", "docs/user", "docs/man", "examples"):
        for at, _, names in os.walk(os.path.join(ROOT, folder)):
            for name in (n for n in names if n.endswith((".c", ".h", ".md", ".yaml", ".1", ".5"))):
                with open(os.path.join(at, name), encoding="utf-8") as f:
                    named.update({word: os.path.join(at, name) for word in re.findall(r"systemctl (?:re)?(?:start|load|edit|stop) ([\w-]+)", f.read())})
    assert "mtc-iwf" in named and {word: at for word, at in named.items() if word not in services} == {}
