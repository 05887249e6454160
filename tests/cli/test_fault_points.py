"""Kill points: the table of src/base/fault.h and the sources agree, and nothing of them is in what users get."""
import glob
import os
import re
import subprocess

import pytest
from conftest import BIN, ROOT
from torture import points

PROGRAMS = ["mtc-iwfd", "mtcctl", "mtc-scs", "mtc-hss", "mtc-smssc", "mtc-ue", "mtc-sme"]
USE = re.compile(r"\bFAULT_POINT\((\w+)\)")
TABLE = points.table()


def uses():
    """{name: [file, ...]} of every FAULT_POINT() in the sources."""
    found = {}
    for path in glob.glob(os.path.join(ROOT, "src", "**", "*.[ch]"), recursive=True) + glob.glob(os.path.join(ROOT, "nodes", "**", "*.[ch]"), recursive=True):
        name = os.path.relpath(path, ROOT)
        if name == "src/base/fault.h":
            continue
        with open(path, encoding="utf-8") as f:
            for point in USE.findall(f.read()):
                found.setdefault(point, []).append(name)
    return found


def test_each_point_is_where_its_row_says_and_only_there():
    assert len(TABLE) > 20
    assert uses() == {name: [file] for name, (file, _) in TABLE.items()}


def names_in(path):
    """What of the kill points can be read out of a program: names of points, the variable, the function."""
    with open(path, "rb") as f:
        words = set(re.findall(rb"[A-Za-z0-9_]+", f.read()))
    found = [name for name in [*TABLE, "MTC_FAULT_DIR", "fault_point"] if name.encode() in words]
    symbols = subprocess.run(["nm", path], capture_output=True, text=True, check=False).stdout
    return found + [s for s in symbols.split() if "fault_point" in s.lower()]


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_for_users_has_no_kill_point(program):
    assert names_in(os.path.join(BIN, program)) == []
    release = os.path.join(ROOT, "build-release", "bin", program)
    assert not os.path.exists(release) or names_in(release) == []


def test_the_look_into_a_program_would_find_them(tmp_path):
    """The same look at a program that has them."""
    source, program = tmp_path / "p.c", tmp_path / "p"
    source.write_text('#include "base/fault.h"\nint main(void)\n{\n\tFAULT_POINT(EDGE_OFFERED);\n\treturn 0;\n}\n')
    command = ["gcc", "-D_GNU_SOURCE", "-I", os.path.join(ROOT, "src"), "-o", str(program), str(source)]
    subprocess.run([*command, "-DMTC_FAULTS", os.path.join(ROOT, "src", "base", "fault.c")], check=True)
    assert set(TABLE) | {"MTC_FAULT_DIR", "fault_point"} <= set(names_in(str(program)))
    subprocess.run(command, check=True)
    assert names_in(str(program)) == []


def texts_of_the_build():
    """{name: text} of everything that says what is compiled how."""
    found = {}
    for path in [*glob.glob(os.path.join(ROOT, "**", "meson.build"), recursive=True), *glob.glob(os.path.join(ROOT, "scripts", "**"), recursive=True)]:
        if os.path.isfile(path):
            with open(path, encoding="utf-8") as f:
                found[os.path.relpath(path, ROOT)] = f.read()
    return found


def test_only_programs_that_are_asked_for_have_them():
    texts = texts_of_the_build()
    assert [name for name, text in texts.items() if "MTC_FAULTS" in text] == ["bin/faults/meson.build"]
    rules = texts["bin/faults/meson.build"]
    assert "install: true" not in rules
    made = re.findall(r"(?:executable|static_library)\((?:[^()]|\([^()]*\))*\)", rules)
    assert len(made) == 5 and all("build_by_default: false" in rule for rule in made)


def test_each_file_with_a_point_is_compiled_with_it():
    rules = texts_of_the_build()["bin/faults/meson.build"]
    compiled = {os.path.normpath(os.path.join("src", name)) for name in re.findall(r"'([\w./]+\.c)'", rules)}
    assert {file for file, _ in TABLE.values()} <= compiled


@pytest.fixture
def program(tmp_path):
    """Passes one point as often as it is told; prints each pass."""
    source, path = tmp_path / "p.c", tmp_path / "p"
    source.write_text('#include <stdio.h>\n#include <stdlib.h>\n#include "base/fault.h"\nint main(int argc, char **argv)\n{\n\t(void)argc;\n'
                      '\tfor (int i = 0; i < atoi(argv[1]); i++) {\n\t\tputs("pass");\n\t\tfflush(stdout);\n\t\tFAULT_POINT(EDGE_OFFERED);\n\t}\n'
                      '\treturn 0;\n}\n')
    subprocess.run(["gcc", "-D_GNU_SOURCE", "-DMTC_FAULTS", "-I", os.path.join(ROOT, "src"), "-o", str(path), str(source),
                    os.path.join(ROOT, "src", "base", "fault.c")], check=True)

    def run(times, folder=None):
        env = dict(os.environ, **({"MTC_FAULT_DIR": str(folder)} if folder else {}))
        done = subprocess.run([str(path), str(times)], capture_output=True, text=True, env=env, check=False)
        return done.returncode, done.stdout.count("pass")
    return run


def test_an_armed_point_is_hit_once_after_its_passes_and_counted(program, tmp_path):
    p = points.Points(str(tmp_path / "faults"))
    assert program(3) == (0, 3) and program(3, p.folder) == (0, 3)
    p.arm("EDGE_DAA_QUEUED")
    assert program(3, p.folder) == (0, 3)  # another point
    p.arm("EDGE_OFFERED", 3)
    assert program(2, p.folder) == (0, 2)  # the passes count over processes
    assert program(5, p.folder) == (-9, 1)
    assert not p.armed("EDGE_OFFERED") and p.hits() == {"EDGE_OFFERED": 1}
    assert program(3, p.folder) == (0, 3)
    p.disarm_all()
    assert os.listdir(p.folder) == ["hits"]
