"""scripts/instructions: the reader of callgrind's files, and clear words. The measurement itself is no part of the tests."""
import os
import shutil
import subprocess

import pytest
from conftest import ROOT
from lablib import callgrind, proc

pytestmark = pytest.mark.once

# two objects, a name used before by its number, a call with what the callee took, recursion, a relative and a repeated position
CALLGRIND = """# callgrind format
version: 1
creator: callgrind-3.19.0
pid: 10
cmd:  /x/bin/mtc-iwfd --role core --generation 3 -c /x/mtc-iwfd.yaml
part: 1

desc: I1 cache:
positions: line
events: Ir
summary: 1150

ob=(1) /x/bin/mtc-iwfd
fl=(1) ???
fn=(1) main
0 10
cob=(2) /lib/libc.so.6
cfn=(2) memset
calls=3 0
0 300
+1 5

ob=(2)
fn=(2)
0 300
* 100

ob=(1)
fn=(3) walk
0 600
cfn=(4) walk'2
calls=1 0
* 90
fn=(4)
-3 90
0x1f 45

totals: 1150
"""


def profile(text):
    return callgrind.parse(text.splitlines(keepends=True))


def test_callgrind_by_function():
    got = profile(CALLGRIND)
    assert got.total == 1150 and callgrind.role_of(got.command) == "core"
    assert got.functions == {("mtc-iwfd", "main"): 15, ("libc.so.6", "memset"): 400, ("mtc-iwfd", "walk"): 735}


@pytest.mark.parametrize("what,now,words", [
    ("totals: 1150\n", "", "no line of totals"),
    ("totals: 1150", "totals: 1151", "together have 1150"),
    ("fn=(1) main", "fn=(1)", "before it is named"),
    ("fn=(1) main\n", "", "costs of no function"),
    ("events: Ir", "events: Ir Dr", "counts Ir Dr"),
])
def test_callgrind_that_is_not_whole(what, now, words):
    with pytest.raises(callgrind.FormatError, match=words):
        profile(CALLGRIND.replace(what, now, 1))


@pytest.mark.parametrize("command,role", [
    ("/x/mtc-iwfd -c f", "parent"), ("mtc-iwfd --role edge --generation 1 -c f", "edge"), ("/x/mtc-hss -c f", "mtc-hss"), ("", "unknown"),
])
def test_the_process_of_a_command_line(command, role):
    assert callgrind.role_of(command) == role


def script(*words, **env):
    return subprocess.run([os.path.join(ROOT, "scripts", "instructions"), *words], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=proc.HANG_S, check=False, env=dict(os.environ, **env))


@pytest.mark.parametrize("words,said", [
    (["--triggers", "0"], "1 or more"), (["--rounds", "0"], "1 or more"), (["--window", "0"], "1 to 1024"), (["--top", "-1"], "0 or more"),
])
def test_arguments_that_are_wrong(words, said):
    done = script(*words)
    assert done.returncode == 2 and said in done.stderr


def test_valgrind_that_is_not_there(tmp_path):
    os.symlink("/usr/bin/python3", tmp_path / "python3")
    done = script(PATH=str(tmp_path))
    assert done.returncode == 1 and "scripts/setup bench" in done.stderr


def test_make_hands_the_base_on():
    made = subprocess.run(["make", "-n", "-C", ROOT, "instructions", "BASE=abc"], capture_output=True, text=True, check=True).stdout
    assert "scripts/instructions --base abc" in made and "scripts/setup build run bench" in made


@pytest.mark.skipif(not shutil.which("cc"), reason="needs a compiler")
def test_a_program_that_starts_itself_again(tmp_path):
    """bench_self.so: /proc/self/exe becomes the program's own path; other paths stay, and an error stays an error."""
    (tmp_path / "again.c").write_text(r"""
#include <stdio.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	char word[] = "second", *again[] = { argv[0], word, NULL };

	if (argc == 2 && argv[1][0] == 's')
		return puts("started again") < 0;
	execv(argv[1], again);
	perror("execv");
	return 3;
}
""")
    program, preload = str(tmp_path / "again"), str(tmp_path / "self.so")
    subprocess.run(["cc", "-o", program, str(tmp_path / "again.c")], check=True)
    subprocess.run(["cc", "-D_GNU_SOURCE", "-shared", "-fPIC", "-o", preload, os.path.join(ROOT, "bench", "bench_self.c")], check=True)
    env = dict(os.environ, LD_PRELOAD=preload)
    for path, code, out in (("/proc/self/exe", 0, "started again\n"), (program, 0, "started again\n"), ("/nonsense", 3, "")):
        done = subprocess.run([program, path], capture_output=True, text=True, env=env, check=False)
        assert (done.returncode, done.stdout) == (code, out), done.stderr
