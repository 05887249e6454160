"""The check of call circles finds what it is there for, on small rooms compiled here."""
import os
import random
import runpy
import subprocess

import pytest
from conftest import ROOT

pytestmark = [pytest.mark.once, pytest.mark.tools]


def run(*options):
    done = subprocess.run([os.path.join(ROOT, "scripts", "check-calls"), *options], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def source_of(path, target, use):
    """C text that defines a function named for its file and refers to the function of another file, if any."""
    own, other = (os.path.basename(p)[:-len(".c")] + "_go" if p else "" for p in (path, target))
    lines = [f"void {own}(void);"]
    if other:
        lines.append(f"void {other}(void);")
    if use == "address":
        lines += [f"extern void (*const {own}_table[])(void);", f"void (*const {own}_table[])(void) = {{{other or own}}};"]
    lines.append(f"void {own}(void)\n{{\n\t{other + '();' if other and use == 'call' else ''}\n}}")
    return "\n".join(lines) + "\n"


@pytest.fixture
def project(tmp_path):
    """project(calls): writes and compiles files that refer to each other, {file: the file it refers to}, names as room/file.c."""
    def make(calls, compiler="gcc", use="call"):
        sources = {}
        for path, target in calls.items():
            source = tmp_path / "src" / path
            source.parent.mkdir(parents=True, exist_ok=True)
            source.write_text(source_of(path, target, use))
            sources.setdefault(source.parent.name, []).append(source)
        for room, names in sources.items():
            objects = tmp_path / "build" / "src" / room / f"lib{room}.a.p"
            objects.mkdir(parents=True, exist_ok=True)
            subprocess.run([compiler, "-c", *names], cwd=objects, check=True)
            for name in names:
                (objects / (name.stem + ".o")).rename(objects / (name.name + ".o"))
        return run(str(tmp_path))
    make.folder = tmp_path
    return make


def ring(*files):
    return dict(zip(files, files[1:] + files[:1]))


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
@pytest.mark.parametrize("use", ["call", "address"])
def test_three_files_in_a_circle_are_refused(project, compiler, use):
    code, said = project({**ring("core/a.c", "core/b.c", "core/c.c"), "core/d.c": "core/a.c"}, compiler, use)
    assert code == 1 and "core: 3 files in a circle of calls (bound 2): REFUSED\n  core/a.c core/b.c core/c.c\n" in said, said
    for reference in ("core/a.c -> core/b.c: b_go", "core/b.c -> core/c.c: c_go", "core/c.c -> core/a.c: a_go"):
        assert reference in said, said
    assert "1 circles of calls over their bound" in said and "core/d.c" not in said, said


def test_two_files_in_a_circle_are_shown_and_accepted(project):
    code, said = project({**ring("edge/a.c", "edge/b.c"), "edge/c.c": "edge/a.c"})
    assert code == 0 and "edge: 2 files in a circle of calls (bound 2)\n  edge/a.c edge/b.c\n" in said, said


def test_a_chain_is_no_circle(project):
    code, said = project({"core/a.c": "core/b.c", "core/b.c": "ipc/c.c", "ipc/c.c": None})
    assert code == 0 and "in a circle" not in said, said


def test_two_files_of_two_rooms_are_refused(project):
    code, said = project(ring("edge/a.c", "core/b.c"))
    assert code == 1 and "across: 2 files in a circle of calls (bound 0): REFUSED\n  core/b.c edge/a.c\n" in said, said


def test_a_circle_through_another_room_is_seen(project):
    code, said = project(ring("edge/a.c", "core/b.c", "edge/c.c"))
    assert code == 1 and "across: 3 files" in said and "edge: " not in said, said


@pytest.mark.parametrize("use", ["call", "address"])
@pytest.mark.parametrize("source,target", [("edge/a.c", "assoc/asc.c"), ("edge/a.c", "core/c.c"), ("core/a.c", "daemon/d.c"), ("admin/a.c", "journal/j.c"),
                                           ("ipc/a.c", "peer/p.c"), ("assoc/a.c", "elsewhere/e.c")])
def test_a_reference_to_a_room_that_is_not_allowed_is_refused(project, source, target, use):
    """A declaration by hand, without an include."""
    code, said = project({source: target, target: None}, use=use)
    room, other, name = source.split("/")[0], target.split("/")[0], target.split("/")[1][:-2] + "_go"
    assert code == 1 and f"src/{source}: room '{room}' may not refer to '{other}': {name}: REFUSED\n" in said, said
    assert said.endswith(", 1 references to rooms that are not allowed\n"), said


def test_references_to_rooms_that_are_allowed_pass(project):
    code, said = project({"edge/a.c": "link/l.c", "link/l.c": "edge/b.c", "edge/b.c": None, "admin/a.c": "core/c.c", "core/c.c": "assoc/d.c",
                          "assoc/d.c": "base/e.c", "base/e.c": None, "daemon/f.c": "edge/b.c"})
    assert code == 0 and said.endswith(", 0 references to rooms that are not allowed\n"), said


def test_a_static_function_is_not_taken_for_the_one_that_is_needed(project):
    project({"core/a.c": "core/b.c", "core/b.c": "core/d.c", "core/d.c": "core/c.c", "core/c.c": None})
    source = project.folder / "src/core/a.c"
    source.write_text("static void c_go(void)\n{\n}\n\n" + source.read_text().replace("\tb_go();", "\tc_go();\n\tb_go();"))
    subprocess.run(["gcc", "-c", source, "-o", project.folder / "build/src/core/libcore.a.p/a.c.o"], check=True)
    code, said = run(str(project.folder))
    assert code == 0 and "in a circle" not in said, said


def test_components_are_the_files_that_reach_each_other():
    script = runpy.run_path(os.path.join(ROOT, "scripts", "check-calls"))
    chance = random.Random(8)
    for _ in range(300):
        files = [f"f{i}" for i in range(chance.randint(1, 9))]
        graph = {a: {b: {"x"} for b in files if b != a and chance.random() < 0.2} for a in files}
        reach = {a: set(graph[a]) for a in files}
        for b in files:
            for a in files:
                reach[a] |= reach[b] if b in reach[a] else set()
        expected = {tuple(b for b in files if b == a or (b in reach[a] and a in reach[b])) for a in files}
        assert {tuple(c) for c in script["components_of"](graph)} == {c for c in expected if len(c) > 1}, graph


def test_the_output_is_bounded(project):
    names = [f"core/f{i:02}.c" for i in range(45)]
    code, said = project(ring(*names))
    assert code == 1 and "and 5 more\n" in said and "and 15 more references" in said and len(said.splitlines()) < 40, said


def test_an_object_older_than_its_source_is_told(project):
    project({"core/a.c": None})
    built = (project.folder / "build/src/core/libcore.a.p/a.c.o").stat().st_mtime
    os.utime(project.folder / "src/core/a.c", (built + 1, built + 1))
    code, said = run(str(project.folder))
    assert code == 2 and "build/src/core/libcore.a.p/a.c.o is older than src/core/a.c; build again" in said, said


def test_a_source_without_an_object_is_told_and_an_object_without_a_source_is_not(project):
    project(ring("core/a.c", "core/b.c", "core/c.c"))
    (project.folder / "src/core/c.c").unlink()
    assert run(str(project.folder))[0] == 0
    (project.folder / "src/core/d.c").write_text("int d;\n")
    code, said = run(str(project.folder))
    assert code == 2 and "src/core/d.c has no object in build/src/core; build first" in said, said
    (project.folder / "src/core/d.c").unlink()
    (project.folder / "src/base").mkdir()
    (project.folder / "src/base/left_out.c").write_text("int d;\n")
    assert run(str(project.folder))[0] == 0


def test_no_build_is_told(project):
    project({"core/a.c": None})
    code, said = run("--build", "elsewhere", str(project.folder))
    assert code == 2 and "there is no build in 'elsewhere'; build first" in said, said


def test_objects_without_symbols_are_told(project):
    project({"core/a.c": None})
    subprocess.run(["strip", project.folder / "build/src/core/libcore.a.p/a.c.o"], check=True)
    code, said = run(str(project.folder))
    assert code == 2 and "nm finds no symbol" in said, said


def test_what_is_no_object_is_told(project):
    project({"core/a.c": None})
    (project.folder / "build/src/core/libcore.a.p/a.c.o").write_text("int a;\n")
    code, said = run(str(project.folder))
    assert code == 2 and "nm cannot read the objects" in said, said


def test_usage():
    assert run("--what")[0] == 2 and run("a", "b")[0] == 2 and run("/nowhere")[0] == 2
