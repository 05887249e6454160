"""Files that a sanitizer's build compiles as one keep their own functions, types, constants and macros, on small rooms compiled here."""
import os
import subprocess

import pytest
from conftest import ROOT

pytestmark = [pytest.mark.once, pytest.mark.tools]
CC_UNIT = os.path.join(ROOT, "scripts", "cc-unit")


@pytest.fixture
def room(tmp_path):
    """room({name: text}): what a program of these files prints, compiled as one by cc-unit; its end is `int main(void)` in one of them."""
    def compile_and_run(sources, compiler="gcc"):
        for name, text in sources.items():
            (tmp_path / name).write_text(text)
        unit = tmp_path / "room-unity0.c"
        unit.write_text("".join(f"#include<{tmp_path / name}>\n" for name in sources if name.endswith(".c")))
        done = subprocess.run([CC_UNIT, compiler, f"-I{tmp_path}", "-Wall", "-Wextra", "-Werror", "-MD", "-MF", "room.d", "-o", "room.o", "-c", str(unit)],
                              cwd=tmp_path, capture_output=True, text=True, check=False)
        if done.returncode:
            return done.stderr
        subprocess.run([compiler, "-o", "room", "room.o"], cwd=tmp_path, check=True)
        return subprocess.run([tmp_path / "room"], capture_output=True, text=True, check=True).stdout
    compile_and_run.folder = tmp_path
    return compile_and_run


OTHER = "#pragma once\nint other(void);\n"
MAIN = '#include <stdio.h>\n#include "other.h"\n'


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
@pytest.mark.parametrize("own, use", [
    ("static int own({n}) {{ return {n}; }}", "own()"),
    ("static int own;\nstatic int get(void) {{ return own += {n}; }}", "get()"),  # in one file both would be one variable
    ("static const int first = 0, own = {n};", "first + own"),
    ("enum {{ BEFORE, OWN = {n} }};", "OWN + BEFORE"),
    ("struct own {{ char octets[{n}]; }};", "(int)sizeof(struct own)"),
    ("typedef char own[{n}];", "(int)sizeof(own)"),
    ("#define OWN {n}", "OWN"),
    ("#define OWN(x) \\\n\t((x) + {n})", "OWN(0)"),
    ("__attribute__((unused)) static int own(int x) {{ return x + {n}; }}", "own(0)"),
    ("struct twin {{ int own; }};\nstatic int own(const struct twin *t) {{ return t->own; }}", "own(&(struct twin){{ .own = {n} }})"),
    ('static int own(void) {{ return {n}; /* not "own( */ }}', "own()"),
])
def test_names_of_two_files_stay_apart(room, own, use, compiler):
    own = own.replace("own({n})", "own(void)")
    first, second = (own.format(n=n) for n in (3, 4))
    said = room({"other.h": OTHER, "other.c": f'#include "other.h"\n{first}\nint other(void)\n{{\n\treturn {use.format(n=3)};\n}}\n',
                 "room.c": f'{MAIN}{second}\nint main(void)\n{{\n\tprintf("%d %d\\n", other(), {use.format(n=4)});\n\treturn 0;\n}}\n'}, compiler)
    assert said == "3 4\n", said


def test_a_name_of_a_header_that_another_file_includes_is_no_hindrance(room):
    said = room({"other.h": OTHER, "far.h": "struct far { int near; };\nint far_one(void);\n",
                 "other.c": '#include <unistd.h>\n#include "other.h"\n#include "far.h"\nint far_one(void)\n{\n\treturn (int)(write(1, "", 0) * 0);\n}\n'
                            "int other(void)\n{\n\treturn far_one();\n}\n",
                 "room.c": MAIN + 'struct far { int of_room; };\nstatic int write(const struct far *f)\n{\n\treturn f->of_room;\n}\n'
                                  'int main(void)\n{\n\tprintf("%d %d\\n", other(), write(&(struct far){ 5 }));\n\treturn 0;\n}\n'})
    assert said == "0 5\n", said


def test_members_keep_the_name_that_their_header_gives_them(room):
    both = "static int take(const struct shared *s)\n{{\n\treturn s->take + {n};\n}}\n"
    said = room({"other.h": OTHER + "struct shared { int take; };\n",
                 "other.c": '#include "other.h"\n' + both.format(n=3) + "int other(void)\n{\n\treturn take(&(struct shared){ .take = 0 });\n}\n",
                 "room.c": MAIN + both.format(n=4) + 'int main(void)\n{\n\tprintf("%d %d\\n", other(), take(&(struct shared){ .take = 0 }));\n\treturn 0;\n}\n'})
    assert said == "3 4\n", said


def test_an_error_names_file_and_line(room):
    said = room({"other.h": OTHER, "other.c": '#include "other.h"\nint other(void)\n{\n\treturn 0;\n}\n', "room.c": MAIN + "int main(void)\n{\n\treturn wrong;\n}\n"})
    assert f"{room.folder}/room.c:5:" in said and "wrong" in said, said


def test_the_build_knows_on_which_files_an_object_depends(room):
    room({"other.h": OTHER, "other.c": '#include "other.h"\nint other(void)\n{\n\treturn 0;\n}\n', "room.c": MAIN + "int main(void)\n{\n\treturn other();\n}\n"})
    listed = (room.folder / "room.d").read_text().replace("\\\n", " ").split()
    assert {str(room.folder / name) for name in ("other.c", "room.c", "other.h")} <= set(listed)


def test_what_is_no_unit_is_handed_on(tmp_path):
    (tmp_path / "one.c").write_text("int one(void);\nint one(void)\n{\n\treturn 1;\n}\n")
    subprocess.run([CC_UNIT, "gcc", "-c", "one.c"], cwd=tmp_path, check=True)
    assert (tmp_path / "one.o").exists()


def test_help_says_what_it_is_for():
    done = subprocess.run([CC_UNIT, "--help"], capture_output=True, text=True, check=True)
    assert "usage:" in done.stdout and "--unity=on" in done.stdout
    assert subprocess.run([CC_UNIT], capture_output=True, check=False).returncode == 2
