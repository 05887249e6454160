"""scripts/deb: what it says while dpkg-buildpackage works. That program is a script of the test; tests/packages builds real packages."""
import os
import shutil
import subprocess

import pytest

from conftest import ROOT
from lablib import proc

pytestmark = pytest.mark.once

SAYS = """dpkg-buildpackage: info: source package mtc-iwf
   debian/rules override_dh_auto_configure
make[1]: Entering directory
dh_auto_configure -- -Dtests=false
   dh_auto_build -O--buildsystem=meson
[1/900] Compiling a.c
[2/900] Compiling b.c
[3/900] Compiling c.c
   dh_auto_install -O--buildsystem=meson
   dh_strip -O--buildsystem=meson
   dh_builddeb -O--buildsystem=meson
"""


def made(tmp_path, code):
    tools = tmp_path / "bin"
    tools.mkdir()
    (tmp_path / "says").write_text(SAYS)
    (tmp_path / "now").write_text("0")
    for name, lines in {
        # each look at the clock is 10 s after the one before
        "date": f'case $* in +%s) ;; *) exec {shutil.which("date")} "$@" ;; esac\nnow=$(($(cat {tmp_path}/now) + 10))\necho $now | tee {tmp_path}/now',
        "dpkg-buildpackage": f'cat {tmp_path}/says\n: >"../mtc-iwf_1_all.deb"\nexit {code}',
    }.items():
        (tools / name).write_text(f"#!/bin/sh\n{lines}\n")
        (tools / name).chmod(0o755)
    done = subprocess.run([os.path.join(ROOT, "scripts", "deb"), "--no-lint", "--version", "1", "--out", str(tmp_path / "out")], capture_output=True,
                          text=True, timeout=proc.HANG_S, check=False, env={**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"})
    return done.returncode, [line for line in done.stdout.splitlines() if " s: " in line], done.stderr


def test_each_step_is_a_line_with_its_seconds(tmp_path):
    code, steps, err = made(tmp_path, 0)
    assert code == 0, err
    assert steps == ["deb: 10 s: configuring", "deb: 20 s: compiling", "deb: 60 s: compiling, [3/900] files", "deb: 70 s: putting the files in place",
                     "deb: 80 s: stripping, and looking for what the programs need", "deb: 90 s: packing", "deb: 100 s: done"]
    assert (tmp_path / "out" / "mtc-iwf_1_all.deb").exists()


def test_a_failure_shows_the_output_and_is_none_of_the_steps(tmp_path):
    code, steps, err = made(tmp_path, 3)
    assert code == 1 and steps[-1].endswith("packing") and SAYS in err and "dpkg-buildpackage failed" in err
    assert not (tmp_path / "out").exists()
