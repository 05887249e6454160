"""Completion of mtcctl in bash and zsh: made from the table of its commands, tried in the shells themselves."""
import os
import re
import subprocess

import pytest
from conftest import BIN, ROOT
from lablib import proc

BUILD = os.environ.get("MTC_BUILD", os.path.join(ROOT, "build"))
WORDS = [  # the words so far, the last one under the cursor; what must be offered, what must not
    (["re"], {"reload"}, {"status"}),
    (["scs", ""], {"add", "set", "import"}, {"status", "--e164"}),
    (["--json", "--socket", "/x", "group", "member", ""], {"add", "del"}, {"set"}),
    (["scs", "add", "acme", "--e1"], {"--e164"}, {"--realm"}),
    (["scs", "add", "acme", "--actions", ""], {"trigger", "recall"}, {"--e164"}),
    (["scs", "set", "acme", ""], {"quota", "rate"}, {"--quota"}),
    (["assoc", "undo", "l"], {"list"}, set()),
    (["help", "ndsip", ""], {"rules", "status"}, set()),
    (["--s"], {"--socket"}, {"--json"}),
    (["scs", "import", "REA"], {"README.md"}, set()),
    (["--socket", "REA"], {"README.md"}, set()),
    (["--wait", ""], set(), {"status", "README.md"}),
]


def bash(words):
    script = ('source "$1"; shift; COMP_WORDS=(mtcctl "$@"); COMP_CWORD=$#; _mtcctl; printf "%s\\n" "${COMPREPLY[@]}"')
    done = subprocess.run(["bash", "--norc", "-uc", script, "bash", os.path.join(BUILD, "src/cli/mtcctl"), *words], capture_output=True, text=True,
                          timeout=proc.HANG_S, check=False, cwd=ROOT)
    assert not done.stderr, done.stderr
    return set(done.stdout.split())


def zsh(words):
    """The shell's own compadd and _files work only at its line editor: these print what they are asked to offer."""
    script = ('compadd() { [[ $1 == -a ]] && print -l -- ${(P)2} }; _files() { print -l -- *(N) }; words=(mtcctl "${@[2,-1]}"); CURRENT=$#; source "$1"')
    done = subprocess.run(["zsh", "-fc", script, "zsh", os.path.join(BUILD, "src/cli/_mtcctl"), *words], capture_output=True, text=True, timeout=proc.HANG_S,
                          check=False, cwd=ROOT)
    assert not done.stderr, done.stderr
    return {word for word in done.stdout.split() if word.startswith(words[-1])}  # as the line editor does


@pytest.mark.once
@pytest.mark.parametrize("shell", [bash, zsh])
@pytest.mark.parametrize("words,offered,not_offered", WORDS, ids=lambda v: " ".join(v) if isinstance(v, list) else "")
def test_what_may_follow_is_offered(shell, words, offered, not_offered):
    found = shell(words)
    assert offered <= found and not found & not_offered, found


@pytest.mark.once
def test_every_command_and_option_of_the_help_is_offered():
    lines = subprocess.run([os.path.join(BIN, "mtcctl"), "--help"], capture_output=True, text=True, timeout=proc.HANG_S, check=True).stdout.splitlines()
    rows = [line[2:22].split() for line in lines[lines.index("Commands:") + 1:lines.index("", lines.index("Commands:") + 1)]]
    with open(os.path.join(BUILD, "src/cli/mtcctl"), encoding="utf-8") as f:
        table = dict(re.findall(r"^\t\['mtcctl ?([^']*)'\]='([^']*)'$", f.read().split("_mtcctl_options")[0], re.M))  # the first table
    lost = [row for row in rows for n in range(len(row)) if row[n] not in table[" ".join(row[:n])].split()]
    assert len(rows) > 50 and lost == []
