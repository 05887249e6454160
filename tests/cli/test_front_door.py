"""The scripts at the front door: the layer check finds what it is there for, the laboratory stops only its own."""
import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from conftest import BIN, ROOT
from lablib import proc


@pytest.fixture
def small_tree(tmp_path):
    """A copy of the layer check with a tree of its own to judge."""
    for folder in ("scripts", "src/base", "src/diameter", "src/net", "nodes/ue"):
        (tmp_path / folder).mkdir(parents=True)
    for name in ("check-layers", "rooms.py"):
        shutil.copy(os.path.join(ROOT, "scripts", name), tmp_path / "scripts")

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
    ("nodes/ue/ue.c", "#include <uthash.h>", "base/map.h"),
])
def test_layers_that_point_up_are_found(small_tree, path, line, words):
    code, out = small_tree(path, "/* one */\n" + line + "\n")
    assert code == 1 and f"{path}:2: " in out and words in out


@pytest.mark.parametrize("line,name", [
    ("\tstrcpy(out, text);", "strcpy"),
    ("\tif (strncpy (out, text, 4)) {", "strncpy"),
    ("\tstrcat(strcat(out, \"a\"), text);", "strcat"),
    ("\tn = sprintf(out, \"%d\", 1);", "sprintf"),
    ("\tsnprintf(out, sizeof out, \"%s\", text);", 'snprintf of "%s" alone'),
    ("#define COPY(a, b) \\\n\tstrcpy(a, b)", "strcpy"),
])
def test_copies_without_their_bound_are_found(small_tree, line, name):
    path = "src/base/x.c"
    code, out = small_tree(path, "/* one */\n" + line + "\n")
    assert code == 1 and f"{path}:2: {name}: " in out


@pytest.mark.parametrize("line,wrong", [
    ("\tstruct walk *w = arg;", True),
    ("\tint n = 0;\n\n\tconst struct walk *w = arg, *v = w;", True),
    ("\t((struct walk *)arg)->n++;", True),
    ("\tstruct walk w = *(const struct walk *)arg;", True),
    ("\tstruct walk *w = OBJ_OF(arg, struct walk, WALK_MAGIC);", False),
    ("\tconst uint8_t *p = arg;", False),
    ("\t/* struct walk *w = arg; */", False),
    ("\tstruct walk *w = argument;", False),
])
def test_a_struct_behind_a_void_pointer_is_checked(small_tree, line, wrong):
    for head in ("static void on_row(void *arg, const struct row *r)", "int\non_row(const struct row *r,\n       const void *arg)"):
        code, out = small_tree("src/base/x.c", head + "\n{\n" + line + "\n}\n")
        assert code == wrong
        number = head.count("\n") + 2 + line.count("\n") + 1
        assert not wrong or f"src/base/x.c:{number}: struct walk behind a void * is not checked" in out


def test_what_compares_two_values_is_not_checked(small_tree):
    text = "static int by_name(const void *x, const void *y)\n{\n\tconst struct row *a = x, *b = y;\n}\n"
    assert small_tree("src/base/x.c", text)[0] == 0


def test_a_result_thrown_away_is_found(small_tree):
    assert small_tree("src/base/x.c", "\t(void)!write(fd, p, n);\n")[0] == 1
    assert small_tree("src/base/x.c", "\t(void)write_to(fd, p, n); /* (void)!f() */\n")[0] == 0


@pytest.mark.parametrize("line", [
    "\tstr_set(out, sizeof out, text); /* strcpy(out, text) */",
    "\tlog_info(l, \"strcpy(out) and sprintf()\");",
    "\tmy_strcpy(out, text);",
    "\tsnprintf(out, sizeof out, \"%s, %s\", a, b);",
    "\tsnprintf(out, sizeof out, PREFIX \"%s\", a);",
])
def test_what_only_looks_like_such_a_copy_passes(small_tree, line):
    code, out = small_tree("src/base/x.c", line + "\n")
    assert code == 0, out


@pytest.fixture
def rooms_tree(small_tree, tmp_path):
    """The same tree with the rooms that show other rooms only some of their headers."""
    for room in ("admin", "core", "daemon", "edge"):
        (tmp_path / "src" / room).mkdir()
    return small_tree


@pytest.mark.parametrize("path,target", [
    ("src/admin/adm.c", "core/core_int.h"),
    ("src/admin/adm.h", "core/core_dup.h"),
    ("src/daemon/dm_core.c", "core/core_int.h"),
    ("src/daemon/dm_core.c", "admin/adm_int.h"),
    ("src/daemon/dm_edge.c", "edge/edge_int.h"),
])
def test_headers_that_are_for_their_own_room_are_found(rooms_tree, path, target):
    room = target.split("/", maxsplit=1)[0]
    code, out = rooms_tree(path, f'#include "base/err.h"\n#include "{target}"\n')
    assert code == 1 and f"{path}:2: {target} is for room '{room}' only" in out
    assert "check-layers: 1 files, 1 includes or calls that are not allowed" in out


FORMS = [('#include <{}>', 1), ('/**/ #include "{}"', 1), ('/* one\n\n*/ # include <{}>', 3), ('#\\\ninclude "{}"', 1), ('#include \\\n \\\n  "{}"', 1),
         ('#inc\\ \nlude"{}"', 1), ('#include /* of\nanother */ "{}" // room', 1), ('#/**/include "{}"', 1), ('%:include "{}"', 1),
         ("\t #\tinclude\t<{}>\t", 1), ('/\\\n* one */ #include "{}"', 1), ('char const *a = "/*";\n#include "{}" // */', 2),
         ("char a = '\"';\n#include \"{}\"", 2), ('// one\n#include "{}"', 2), ('#include "src/{}"', 1), ("#include <src/{}>", 1),
         ('#include "edge/../{}"', 1), ("#include <./{}>", 1), ('#define HERE "{}"\n#include HERE', 2), ("#include_next <{}>", 1), ('#import "{}"', 1)]


@pytest.mark.parametrize("path,target,form,number", [("src/admin/adm.c", "core/core_int.h", *FORMS[0]), *(("src/edge/edge.c", "assoc/asc.h", *f) for f in FORMS)])
def test_another_form_of_an_include_is_found(rooms_tree, tmp_path, path, target, form, number):
    header = tmp_path / "src" / target
    header.parent.mkdir(exist_ok=True)
    header.write_text("")
    code, out = rooms_tree(path, form.format(target) + "\n")
    assert code == 1 and f"{path}:{number}: " in out and "1 includes or calls that are not allowed" in out, out


@pytest.mark.parametrize("text", ['// #include "core/core_int.h"', '/* one\n#include "core/core_int.h"\n*/', '// one \\\n#include "core/core_int.h"',
                                  'char a[] = "//";\n#include <core/core.h>', "#include <sys/random.h>", "#if __has_include(<core/core_int.h>)\n#endif"])
def test_what_is_no_include_or_allowed_in_another_form_passes(rooms_tree, text):
    code, out = rooms_tree("src/admin/adm.c", text + "\n")
    assert code == 0, out


@pytest.mark.parametrize("header", ["sys/random.h", "sys/un.h", "sys/stat.h", "threads.h", "signal.h", "netdb.h", "sys/epoll.h", "dirent.h", "uv.h", "lmdb.h"])
def test_a_pure_room_includes_of_the_system_only_what_is_known_to_be_pure(small_tree, header):
    code, out = small_tree("src/diameter/dia_x.c", f"#include <string.h>\n#include <{header}>\n")
    assert code == 1 and "src/diameter/dia_x.c:2: " in out and "is pure" in out, out


def test_a_circle_in_another_form_is_refused(small_tree):
    small_tree("src/base/a.h", "#include <base/b.h>\n")
    code, out = small_tree("src/base/b.h", '/**/ #include "base/\\\na.h"\n')
    assert code == 1 and "circle of includes: src/base/a.h -> src/base/b.h -> src/base/a.h\n" in out, out


@pytest.mark.parametrize("path,target", [
    ("src/admin/adm.c", "core/core.h"),
    ("src/admin/adm.c", "core/core_view.h"),
    ("src/core/core.c", "core/core_int.h"),
    ("src/admin/adm_set.c", "admin/adm_int.h"),
    ("src/daemon/dm_core.c", "admin/adm.h"),
    ("src/daemon/dm_edge.c", "edge/edge.h"),
])
def test_headers_for_other_rooms_and_for_the_own_room_pass(rooms_tree, path, target):
    assert rooms_tree(path, f'#include "{target}"\n')[0] == 0


CIRCLES = [
    ({"src/base/a.h": "base/b.h", "src/base/b.h": "base/a.h"}, "src/base/a.h -> src/base/b.h -> src/base/a.h"),
    ({"src/base/c.h": "base/b.h", "src/base/b.h": "base/a.h", "src/base/a.h": "base/c.h"},
     "src/base/a.h -> src/base/c.h -> src/base/b.h -> src/base/a.h"),
    ({"src/base/a.h": "base/a.h"}, "src/base/a.h -> src/base/a.h"),
    ({"src/base/a.h": "base/rows.c", "src/base/rows.c": "base/a.h"}, "src/base/a.h -> src/base/rows.c -> src/base/a.h"),
    ({"nodes/ue/a.h": "nodes/ue/b.h", "nodes/ue/b.h": "nodes/ue/a.h"}, "nodes/ue/a.h -> nodes/ue/b.h -> nodes/ue/a.h"),
    ({"src/diameter/a.h": "base/b.h", "src/base/b.h": "diameter/a.h"}, "src/base/b.h -> src/diameter/a.h -> src/base/b.h"),
]


def judge_all(judge, includes):
    for path, target in includes.items():
        said = judge(path, f'#pragma once\n#include "{target}"\n')
    return said


@pytest.mark.parametrize("includes,way", CIRCLES)
def test_a_circle_of_includes_is_refused(small_tree, includes, way):
    code, out = judge_all(small_tree, {**includes, "src/net/x.h": "base/a.h"})
    assert code == 1 and out.count("circle of includes: ") == 1 and f"circle of includes: {way}\n" in out, out
    assert out.endswith(" 1 circles of includes\n"), out


def test_includes_that_meet_again_are_no_circle(small_tree):
    small_tree("src/base/a.h", '#include "base/b.h"\n#include "base/c.h"\n')
    code, out = judge_all(small_tree, {"src/base/b.h": "base/d.h", "src/base/c.h": "base/d.h", "src/base/d.h": "base/gone.h", "src/net/x.h": "base/a.h"})
    assert code == 0 and out.endswith(" 0 circles of includes\n"), out


def test_a_file_in_two_circles_of_includes(small_tree):
    small_tree("src/base/a.h", '#include "base/b.h"\n#include "base/c.h"\n')
    code, out = judge_all(small_tree, {"src/base/b.h": "base/a.h", "src/base/c.h": "base/a.h"})
    assert code == 1 and "src/base/a.h -> src/base/b.h -> src/base/a.h\n" in out and "src/base/a.h -> src/base/c.h -> src/base/a.h\n" in out, out


def test_of_many_circles_of_includes_the_first_are_shown(small_tree):
    code, out = judge_all(small_tree, {f"src/base/f{i:02}.h": f"base/f{i ^ 1:02}.h" for i in range(50)})
    assert code == 1 and out.count("circle of includes: ") == 20 and "and 5 more circles of includes\n" in out, out
    assert out.endswith(" 25 circles of includes\n"), out


def test_the_readme_names_only_what_is_there():
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as f:
        readme = f.read()
    for name in ("ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "docs/dev/life-of-a-trigger.md", "docs/dev/CONTRACTS.md",
                 "docs/user/operating.md", "docs/user/subscribers.md", "examples/mtc-iwfd.yaml"):
        assert name in readme and os.path.exists(os.path.join(ROOT, name)), name


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
    assert said.returncode == 2 and "slow MS [IMSI|FIRST-LAST], or SOCKET status" in said.stderr


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
        assert done.stdout == f"lab: ended, state kept in {tmp_path}/\n"
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
        for name in re.findall(r"`((?:docs|scripts|examples|src|tests|nodes|bench|findings)/[\w./-]+)`", text):
            assert os.path.exists(os.path.join(ROOT, name)), f"{page}: {name}"
