"""scripts/profiled: the build by what was counted. The compiler does not run here; the steps and their order are looked at."""
import importlib.machinery
import importlib.util
import os
import subprocess

import pytest
from conftest import ROOT
from lablib import proc

pytestmark = [pytest.mark.once, pytest.mark.tools]

TOOL = os.path.join(ROOT, "scripts", "profiled")


@pytest.fixture
def profiled(tmp_path, monkeypatch):
    """The script, with a build directory of the test and steps that are only noted."""
    loader = importlib.machinery.SourceFileLoader("profiled", TOOL)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("profiled", loader))
    loader.exec_module(module)
    module.noted = []
    module.files = [f"src/room/lib.a.p/{name}.c.gcda" for name in module.SEEN]
    monkeypatch.setattr(module, "DIR", str(tmp_path))
    monkeypatch.setattr(module, "run", lambda *words: module.noted.append(" ".join(words).replace(str(tmp_path), "DIR")))

    def train(triggers):
        module.noted.append(f"train {triggers}")
        for name in module.files:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text("counts", encoding="ascii")
    monkeypatch.setattr(module, "train", train)
    return module


def test_the_programs_are_built_counted_and_built_again(profiled, tmp_path):
    (tmp_path / "old.gcda").write_text("of an earlier build", encoding="ascii")
    profiled.build(5)
    steps = [step.split(" ", 2)[0] if step.startswith("env") else step for step in profiled.noted]
    assert steps == ["env", "meson configure DIR -Db_pgo=generate", "ninja -C DIR --quiet programs", "train 5", "meson configure DIR -Db_pgo=use",
                     "ninja -C DIR --quiet programs"]
    assert "--buildtype=release -Dtests=false" in profiled.noted[0] and not (tmp_path / "old.gcda").exists()


def test_a_process_without_counts_ends_it(profiled):
    gone = profiled.files.pop(1)
    with pytest.raises(profiled.proc.LabError, match="no counts of edge_tsp in"):
        profiled.build(5)
    assert gone.endswith("edge_tsp.c.gcda") and profiled.noted[-1] == "train 5"


def test_every_file_that_must_be_counted_is_there(profiled):
    for name in profiled.SEEN:
        assert any(os.path.exists(os.path.join(ROOT, "src", room, name + ".c")) for room in os.listdir(os.path.join(ROOT, "src"))), name


@pytest.mark.parametrize("words,code,said", [(["--help"], 0, "usage: scripts/profiled"), (["--triggers", "0"], 2, "--triggers is 1 or more"), (["x"], 2, "x")])
def test_its_words(words, code, said):
    done = subprocess.run([TOOL, *words], capture_output=True, text=True, timeout=proc.HANG_S, check=False)
    assert done.returncode == code and said in done.stdout + done.stderr
