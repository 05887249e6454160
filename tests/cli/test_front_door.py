"""The scripts at the front door: the layer check finds what it is there for, the laboratory stops only its own."""
import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from conftest import ROOT
from lablib import proc


@pytest.fixture
def small_tree(tmp_path):
    """A copy of the layer check with a tree of its own to judge."""
    for folder in ("scripts", "src/base", "src/diameter", "src/net", "nodes/ue"):
        (tmp_path / folder).mkdir(parents=True)
    shutil.copy(os.path.join(ROOT, "scripts", "check-layers"), tmp_path / "scripts")

    def judge(path, text):
        (tmp_path / path).write_text(text)
        done = subprocess.run([tmp_path / "scripts" / "check-layers"], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout
    return judge


def test_layers_that_point_down_pass(small_tree):
    assert small_tree("src/diameter/dia_x.c", '#include "base/err.h"\n#include <stdint.h>\n')[0] == 0


@pytest.mark.parametrize("path,line,words", [
    ("src/base/x.c", '#include "diameter/dia_msg.h"', "may not include"),
    ("src/diameter/dia_x.c", '#include "net/net_loop.h"', "may not include"),
    ("src/diameter/dia_x.c", '#include "base/clock.h"', "pure"),
    ("src/diameter/dia_x.c", "#include <time.h>", "pure"),
    ("src/diameter/dia_x.c", "#include <openssl/ssl.h>", "pure"),
    ("nodes/ue/ue.c", '#include "policy/pol_judge.h"', "may not include"),
    ("src/base/x.c", '#include "err.h"', "write the room"),
    ("src/base/x.c", '#include "elsewhere/err.h"', "no room"),
])
def test_layers_that_point_up_are_found(small_tree, path, line, words):
    code, out = small_tree(path, "/* one */\n" + line + "\n")
    assert code == 1 and f"{path}:2: " in out and words in out


def test_the_readme_names_only_what_is_there():
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as f:
        readme = f.read()
    for name in ("ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "docs/dev/life-of-a-trigger.md", "docs/dev/CONTRACTS.md",
                 "docs/user/operating.md", "examples/mtc-iwfd.yaml"):
        assert name in readme and os.path.exists(os.path.join(ROOT, name)), name


def test_a_group_of_packages_that_is_not_in_the_list():
    done = subprocess.run([os.path.join(ROOT, "scripts", "setup"), "nonsense"], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "no group" in done.stderr


def test_the_laboratory_ends_only_what_it_started(tmp_path):
    ours = proc.start("ours", [sys.executable, "-c", "import time; time.sleep(60)"], str(tmp_path / "log"))
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        reused = dict(ours, name="reused", pid=other.pid, started="1")  # a pid that now belongs to somebody else: the start time tells
        (tmp_path / "processes.json").write_text(json.dumps([ours, reused]))
        done = subprocess.run([os.path.join(ROOT, "scripts", "lab"), "down", str(tmp_path)], capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, done.stderr
        assert not proc.alive(ours) and other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_the_laboratory_does_not_clear_a_directory_it_did_not_make(tmp_path):
    (tmp_path / "precious").write_text("mine")
    done = subprocess.run([os.path.join(ROOT, "scripts", "lab"), "up", str(tmp_path)], capture_output=True, text=True, timeout=60, check=False)
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
        for name in re.findall(r"`((?:docs|scripts|examples|src|tests|nodes|bench)/[\w./-]+)`", text):
            assert os.path.exists(os.path.join(ROOT, name)), f"{page}: {name}"
