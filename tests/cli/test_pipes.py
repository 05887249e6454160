"""A file that the user names may be a pipe: what `<(command)` of a shell gives is read, and who waits for the other end says so."""
import os
import select
import socket
import subprocess

import pytest

from conftest import BIN
from lablib import proc

NAMED = [  # words before the file, and a content that the program refuses in words that name the file and a line
    (["mtc-iwfd", "-t", "-c"], "x: 1\n", "1: unknown key 'x'"),
    (["mtc-hss", "-t", "-c"], "x: 1\n", "1: unknown key 'x'"),
    (["mtc-smssc", "-t", "-c"], "x: 1\n", "1: unknown key 'x'"),
    (["mtc-iwf-console", "-t", "-c"], "x: 1\n", "1: unknown key 'x'"),
]


def says(p, end):
    """The end of its first line on standard error. A program that waits in silence, or says something else, is ended: nothing else ends it."""
    line = p.stderr.readline() if select.select([p.stderr], [], [], proc.HANG_S)[0] else "nothing"
    if not line.endswith(end):
        p.kill()
    assert line.endswith(end), line


def command(words, path):
    return [os.path.join(BIN, words[0]), *words[1:], str(path)]


@pytest.mark.parametrize("words,text,said", NAMED, ids=[words[0] for words, _, _ in NAMED])
def test_a_pipe_is_waited_for_in_words(tmp_path, words, text, said):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(command(words, pipe), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as p:
        says(p, f"{words[0]}: {pipe}: a pipe that no program writes to; waiting for one (Ctrl-C ends this)\n")
        pipe.write_text(text)
        rest = p.communicate(timeout=proc.HANG_S)[1]
    assert f"{pipe}:{said}" in rest


@pytest.mark.parametrize("words,text,said", NAMED, ids=[words[0] for words, _, _ in NAMED])
def test_a_pipe_of_the_shell_is_a_file(words, text, said):
    line = " ".join(command(words, f"<(printf '{text}')".replace("\n", "\\n")))
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=proc.HANG_S, check=False, stdin=subprocess.DEVNULL)
    assert said in done.stderr and "waiting" not in done.stderr


@pytest.mark.parametrize("words", [["mtc-iwfd", "-t", "-c"], ["mtc-hss", "-t", "-c"]], ids=lambda words: words[0])
def test_what_is_no_file_is_named(tmp_path, words):
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(str(path))
        for place, what in ((path, "a socket, expected a file"), (tmp_path, "a directory, expected a file")):
            done = subprocess.run(command(words, place), capture_output=True, text=True, timeout=proc.HANG_S, check=False, stdin=subprocess.DEVNULL)
            assert done.returncode in (1, 2) and f"{place}: {what}" in done.stderr, done.stderr


def test_rules_come_in_and_go_out_through_pipes(lab, tmp_path):
    pipe, env = tmp_path / "pipe", {**os.environ, "MTC_CTL": lab.lab["iwf"]["ctl"]}
    os.mkfifo(pipe)
    with subprocess.Popen([os.path.join(BIN, "mtcctl"), "assoc", "import", str(pipe)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, env=env) as p:
        says(p, "a pipe that no program writes to; waiting for one (Ctrl-C ends this)\n")
        pipe.write_text("who,device\nacme,*@fifo.example\n")
        out, err = p.communicate(timeout=proc.HANG_S)
    assert p.returncode == 0 and out.startswith(f"imported {pipe}: 1 row, 1 added"), err
    with subprocess.Popen([os.path.join(BIN, "mtcctl"), "assoc", "export", str(pipe)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, env=env) as p:
        says(p, "a pipe that no program reads; waiting for one (Ctrl-C ends this)\n")
        assert "acme,*@fifo.example," in pipe.read_text()
        p.communicate(timeout=proc.HANG_S)
    assert p.returncode == 0
    line = f"{BIN}/mtcctl assoc import <(printf 'who,device\\nacme,*@fifo.example\\n')"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=proc.HANG_S, check=False, env=env, stdin=subprocess.DEVNULL)
    assert done.returncode == 0 and "1 unchanged" in done.stdout and "waiting" not in done.stderr, done.stderr
    done = subprocess.run([os.path.join(BIN, "mtcctl"), "assoc", "import", str(tmp_path)], capture_output=True, text=True, timeout=proc.HANG_S, check=False, env=env)
    assert done.returncode == 2 and f"{tmp_path}: cannot be opened: a directory, expected a file" in done.stderr
