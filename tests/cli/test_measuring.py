"""Measuring against an earlier build: the arithmetic, the build of the base, and clear words for what cannot be measured.
The measurements themselves are no part of the tests."""
import os
import subprocess
import sys
import xml.etree.ElementTree as xml

import pytest
from conftest import ROOT
from lablib import builds, charts, figures, proc, report, rounds, subjects
from lablib.proc import LabError

pytestmark = [pytest.mark.once, pytest.mark.tools]


def test_ratios_are_made_round_by_round():
    # a slow second round of the machine is in both builds and in no ratio
    got = figures.ratios([100, 50, 110], [100, 50, 100], "a : b")
    assert (got["median"], got["min"], got["max"], got["rounds"]) == (1.0, 1.0, 1.1, [1.0, 1.0, 1.1])
    with pytest.raises(ValueError):
        figures.ratios([1, 2], [1], "a : b")


def test_medians_and_differences():
    assert figures.spread([3, 1, 2, 10]) == {"median": 2.5, "min": 1, "max": 10}
    assert figures.rates("x", [3.14, 1])["median_per_s"] == 2.1
    assert figures.difference({"start": 7, "once": 3, "each": 110}, {"start": 7, "each": 10}, 100) == {"start": 0, "once": 0.03, "each": 1}


def test_processor_time_of_another_process():
    code = "import time\nend = time.process_time() + 0.2\nwhile time.process_time() < end: pass\nprint('done', flush=True)\ninput()"
    child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout.readline() == b"done\n"
    assert 0.2 <= proc.cpu_s(child.pid) < 2  # now it waits, which takes none
    child.communicate(b"\n")
    with pytest.raises(LabError, match="ended while it was measured"):
        proc.cpu_s(child.pid)


# -- an earlier commit

def git(folder, *words):
    subprocess.run(["git", "-C", folder, "-c", "user.name=t", "-c", "user.email=t@example", *words], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path):
    """A repository with one commit; its build fails."""
    folder = tmp_path / "tree"
    folder.mkdir()
    (folder / "meson.build").write_text("project('broken', 'c')\nerror('this commit is broken')\n")
    (folder / "meson_options.txt").write_text("option('tests', type: 'boolean', value: true)\n")
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "one")
    return str(folder)


def test_the_commit_of_a_name(repository):
    commit = builds.commit_of("HEAD", repository)
    assert len(commit) == 40 and builds.commit_of(commit[:8], repository) == commit
    for wrong in ("", "nonsense", "HEAD~7", "--all", "HEAD:meson.build"):
        with pytest.raises(LabError, match="is no commit of this repository"):
            builds.commit_of(wrong, repository)


def test_a_tree_without_history(tmp_path, repository):
    with pytest.raises(LabError, match="needs a git clone"):
        builds.commit_of("HEAD", str(tmp_path))
    inside = os.path.join(repository, "unpacked")  # somebody else's repository around the tree is not its history
    os.mkdir(inside)
    with pytest.raises(LabError, match="the repository begins at"):
        builds.commit_of("HEAD", inside)
    assert [builds.this("bin", folder).commit for folder in (inside, str(tmp_path))] == ["", ""]


def test_a_changed_tree_is_named(repository):
    commit = builds.commit_of("HEAD", repository)
    assert str(builds.this("bin", repository)) == f"this build ({commit[:10]})"
    with open(os.path.join(repository, "meson.build"), "a", encoding="utf-8") as f:
        f.write("# changed\n")
    assert str(builds.this("bin", repository)) == f"this build ({commit[:10]} and 1 changed file)"
    assert builds.this("bin", repository).facts() == {"commit": commit, "changed_files": 1}


def test_a_base_whose_build_fails(repository):
    for _ in range(2):  # what the first attempt left behind changes nothing
        with pytest.raises(LabError) as e:
            builds.earlier("HEAD", lambda text: None, repository)
        assert "could not be built" in str(e.value) and "this commit is broken" in str(e.value) and "build.log" in str(e.value)


def test_a_base_is_built_once_and_kept(repository):
    with open(os.path.join(repository, "meson.build"), "w", encoding="utf-8") as f:
        f.write("project('good', 'c')\nif get_option('buildtype') != 'release' or get_option('tests')\n  error('wrong options')\nendif\n"
                "configure_file(output: 'made', command: ['date', '+%N'], capture: true)\n")
    git(repository, "commit", "-qam", "two")
    with open(os.path.join(repository, "meson.build"), "a", encoding="utf-8") as f:
        f.write("error('not committed')\n")  # the base is the commit, not the tree
    said = []
    first = builds.earlier("HEAD", said.append, repository)
    made = os.path.join(os.path.dirname(first.folder), "made")
    with open(made, encoding="ascii") as f:
        stamp = f.read()
    again = builds.earlier(first.commit[:9], said.append, repository)
    with open(made, encoding="ascii") as f:
        assert f.read() == stamp
    assert again.folder == first.folder == os.path.join(repository, "build-base", first.commit, "build", "bin")
    assert len(said) == 1 and os.listdir(os.path.join(repository, "build-base")) == [first.commit]


# -- the command line

@pytest.mark.parametrize("words,said", [
    (["--base", "HEAD", "journal"], "leave the rows out"),
    (["--base", "HEAD", "--rounds", "0"], "--rounds and --seconds are 1 or more"),
    (["nonsense"], "no row 'nonsense'"),
])
def test_arguments_that_are_wrong(words, said):
    done = subprocess.run([os.path.join(ROOT, "scripts", "bench"), *words], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=proc.HANG_S, check=False)
    assert done.returncode == 2 and said in done.stderr


def test_a_base_that_is_no_commit(tmp_path):
    done = subprocess.run([os.path.join(ROOT, "scripts", "bench"), "--base", "nonsense"], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=proc.HANG_S, check=False, env=dict(os.environ, TMPDIR=str(tmp_path)))
    assert done.returncode == 1 and ("'nonsense' is no commit" in done.stderr or "needs a git clone" in done.stderr)
    assert not os.listdir(tmp_path)


def test_make_hands_the_base_on():
    made = subprocess.run(["make", "-n", "-C", ROOT, "bench", "BASE=abc", "ROUNDS=3"], capture_output=True, text=True, check=True).stdout
    assert "scripts/bench  --base abc --rounds 3" in made and "scripts/setup build run bench" in made
    made = subprocess.run(["make", "-n", "-C", ROOT, "bench", "ROWS=quick tail", "KEEP=1"], capture_output=True, text=True, check=True).stdout
    assert "scripts/bench quick tail   --keep" in made


# -- the report

def target(values, must=None, aim=None, **more):
    return rounds.Target("figure & more", values, must, aim, **more).facts()


@pytest.mark.parametrize("values,must,aim,most,reached", [
    ([1, 3, 2], 2, 3, False, "must"), ([4, 3, 5], 2, 3, False, "aim"), ([1.9], 2, 3, False, "no"), ([12, 12.1, 11], 12, 9, True, "must"), ([13], 12, 9, True, "no"),
    ([9], 12, 9, True, "aim"), ([5], None, None, False, ""),
])
def test_what_a_figure_reached(values, must, aim, most, reached):
    assert target(values, must, aim, most=most)["reached"] == reached


def found_of(rows):
    machine = {"cpu": "x", "cores": 2, "kernel": "6", "system": "x86_64", "load_average": 0.1, "time": "2026-11-29T06:00:00+00:00"}
    return {"machine": machine, "build": "this build (abc)", "commit": {"commit": "0123456789abcdef", "changed_files": 1}, "rounds": 7, "seconds": 2,
            "rows": rows}


ROW = {"inside": "what is inside", "facts": {"number": 3, "list": []}, "lines": ["a line"],
       "subjects": [{"what": "triggers", "median_per_s": 1000.0, "min_per_s": 900.0, "max_per_s": 1100.0, "latency_ms": {"p50": 1.0, "p99": 2.0, "p999": 30.0},
                     "cpu_us": {"core main": 3.0}, "gateway_cpu_us": {"median": 4.0}, "anonymous_mib": {"core": 123.4}}],
       "curves": [{"what": "rate, /s", "unit": "", "points": [[0, 10.0], [1000, 12000.0], [1000000, 7.5]]}]}


def test_the_table_says_it_all(capsys):
    report.table(found_of({"one": {**ROW, "targets": [target([1, 2.5, 3], 3, 4), target([7], unit="us")]}}))
    lines = capsys.readouterr().out.splitlines()
    said = "\n".join(lines)
    assert "touched" not in said
    found = found_of({})
    found["machine"]["memory"] = {"mib": 4096, "first_us": 4385.0, "again_us": 172.0}
    report.table(found)
    assert "4,096 MiB of memory were touched: 2 MiB took 4385 us, then 172 us." in capsys.readouterr().out
    for words in ("one: what is inside", "1000 /s (900 to 1100)  triggers", "ms: p50 1.00, p99 2.00, p999 30.0", "us each: core main 3.00; the gateway 4.00",
                  "MiB: core 123", "rate, /s: 10.00 at 0, 12000 at 1,000, 7.50 at 1,000,000", "round by round: 1.00, 2.50, 3.00", "a line", "number 3"):
        assert words in said, words
    row = next(line for line in lines if line.startswith("figure & more "))
    assert row.split()[-8:] == ["2.50", "1.00", "3.00", ">=", "3", ">=", "4", "NO"] and "was busy" not in said


@pytest.mark.parametrize("others,stolen,busy", [(0.02, 0.0, False), (0.3, 0.0, True), (0.0, 0.2, True)])
def test_the_table_says_who_else_used_the_processors(capsys, others, stolen, busy):
    found = found_of({})
    found["machine"]["processors"] = {"others": others, "stolen": stolen}
    report.table(found)
    said = capsys.readouterr().out
    assert f"used {100 * others:.0f} % of the processors, and {100 * stolen:.0f} % were taken away" in said
    assert ("was busy" in said) == busy


def test_processor_time_of_others(tmp_path, monkeypatch):
    """All that this process used between two readings is its own; the rest of what the system used is of others."""
    tick, own = report.os.sysconf("SC_CLK_TCK"), [5.0]
    stat = tmp_path / "stat"
    monkeypatch.setattr(report, "STAT", str(stat))
    monkeypatch.setattr(report.os, "times", lambda: (own[0], 0.0, 0.0, 0.0, 99.0))

    def system(used_s, stolen_s, idle_s):
        stat.write_text(f"cpu  {used_s * tick} 0 0 {idle_s * tick} 0 0 0 {stolen_s * tick} 0 0\n", encoding="ascii")
    system(100, 10, 50)
    processors = report.Processors()
    system(112, 14, 54)
    own[0] += 7.0
    assert processors.shares() == {"others": 0.25, "stolen": 0.2}


@pytest.mark.parametrize("said,code,found", [
    ('{"event":"result","mib":3,"first_us":4000,"again_us":170}', 0, {"mib": 3, "first_us": 4000, "again_us": 170}), ("", 2, None)])
def test_memory_is_touched_before_a_run_unless_the_tools_are_too_old(tmp_path, monkeypatch, said, code, found):
    tool = tmp_path / "bench_bare"
    tool.write_text(f"#!/bin/sh\necho \"$@\" >{tmp_path}/asked\necho '{said}'\nexit {code}\n", encoding="ascii")
    tool.chmod(0o755)
    monkeypatch.setattr(subjects, "free_mib", lambda: 7)
    assert subjects.warm(str(tmp_path)) == found
    assert (tmp_path / "asked").read_text(encoding="ascii") == "memory 3\n"  # half of what is free


def test_charts_are_whole():
    made = dict(charts.of(found_of({"one": {**ROW, "targets": [target([1, 2.5, 3], 3, 4), target([5], 12, 9, most=True)]}})))
    assert list(made) == ["figures", "one-1"]
    for svg in made.values():
        tree = xml.fromstring(svg)
        xs = [float(e.get(a)) for e in tree.iter() for a in ("x", "cx", "x1", "x2") if e.get(a)]
        assert xs and all(0 <= x <= charts.WIDTH for x in xs)
    assert "figure &amp; more" in made["figures"] and made["one-1"].count("<circle") == 3
    assert charts.of(found_of({"one": {**ROW, "targets": [target([7])], "curves": []}})) == []


def test_the_name_of_kept_figures():
    assert report.kept_name(found_of({}), "main") == "2026-11-29-0123456789-changed-main"
