"""`mtcctl quickstart`: what it writes runs, and the commands that it prints send a first trigger, typed as they stand."""
import json
import os
import shlex
import stat
import subprocess

import pytest
from conftest import BIN, ROOT
from lablib import ports, proc

MTCCTL = os.path.join(BIN, "mtcctl")
ENV = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}


def quickstart(folder, *words, env=None):
    return subprocess.run([MTCCTL, "quickstart", str(folder), *map(str, words)], capture_output=True, text=True, timeout=proc.HANG_S, check=False,
                          stdin=subprocess.DEVNULL, env=env or ENV)


def free_ports():
    tsp, hss, smssc = ports.hold_ports(3)
    return ["--port", tsp, "--hss-port", hss, "--smssc-port", smssc]


def rows(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


def shell(folder, line):
    return subprocess.run(["sh", "-c", line], cwd=folder, capture_output=True, text=True, timeout=proc.HANG_S, check=False, stdin=subprocess.DEVNULL, env=ENV)


def test_the_printed_commands_send_a_first_trigger(tmp_path):
    folder = tmp_path / "it's my trial"
    done = quickstart(folder, *free_ports(), "--json")
    assert done.returncode == 0 and done.stderr == "", done
    said = rows(done)
    assert said[-1] == {"done": True, "ok": True, "dir": str(folder), "path": ""}
    serve = [r["line"] for r in said if r.get("run") == "serve"]
    ask = [r["line"] for r in said if r.get("run") == "ask"]
    kept = (folder / "commands.txt").read_text()
    change = next(line for line in kept.splitlines() if line.startswith("  cd "))
    assert shell("/", change + "; pwd").stdout == f"{folder}\n"
    control = next(line for line in kept.splitlines() if line.startswith("  export MTC_CTL="))
    assert [line.split()[0] for line in serve] == ["mtc-hss", "mtc-smssc", "mtc-ue", "mtc-iwfd"]
    logs = tmp_path / "logs"
    logs.mkdir()
    running = []
    try:
        for line in serve:
            words = shlex.split(line)
            # as in a terminal: in the directory, found by PATH
            running.append(proc.start(words[0], ["env", "-C", str(folder), f"PATH={ENV['PATH']}", *words], str(logs)))
            if words[0] != "mtc-ue":
                proc.wait_ready(running[-1])
        said_by = {}
        for line in ask:
            if "assoc check" in line:  # which asks the HSS: a person waits until both peers are open, too
                proc.wait_until("both peers are open", lambda: shell(folder, "mtcctl --socket ctl.sock health").returncode == 0, entries=running)
            one = shell(folder, line)
            assert one.returncode == 0, (line, one)
            said_by[line.split()[0] + " " + line.split()[1]] = one.stdout
        answer, report = [json.loads(line) for line in said_by["mtc-scs trigger"].splitlines() if '"event":"answer"' in line or '"event":"report"' in line]
        assert (answer["request_status"], report["delivery_outcome"]) == ("SUCCESS", "SUCCESS")
        assert '"payload_hex":"77616b65207570"' in open(running[2]["out"], encoding="utf-8").read()
        # what mtcctl advises has no --socket: with the printed variable it finds this gateway
        assert shell("/", f"{change}\n{control}\nmtcctl assoc check acme meter-7@fleet.example").returncode == 0
        # and what no rule allows is refused
        other = next(line for line in ask if line.startswith("mtc-scs")).replace("meter-7@", "meter-8@").replace("--reference 1", "--reference 2")
        assert shell(folder, other).returncode == 3
    finally:
        assert not proc.end(running)


def test_the_certificates_are_those_of_the_document(tmp_path):
    """Each line of openssl stands in docs/user/certificates.md as it is run, and in the order of its steps."""
    done = quickstart(tmp_path / "t", *free_ports(), "--json")
    with open(os.path.join(ROOT, "docs", "user", "certificates.md"), encoding="utf-8") as f:
        document = f.read().splitlines()
    lines = [r["openssl"] for r in rows(done) if "openssl" in r]
    assert len(lines) == 12 and [line for line in lines if line not in document] == []
    keys = [name for name in os.listdir(tmp_path / "t" / "pki") if name.endswith(".key")]
    assert sorted(keys) == ["anchor-a.key", "iwf.key", "operator.key", "scs.key"]
    assert {stat.S_IMODE(os.stat(tmp_path / "t" / "pki" / name).st_mode) for name in keys} == {0o600}
    assert stat.S_IMODE(os.stat(tmp_path / "t").st_mode) == 0o700
    assert not [name for name in os.listdir(tmp_path / "t" / "pki") if name.endswith(".log")]


def test_a_person_reads_the_same(tmp_path):
    given = free_ports()
    done = quickstart(tmp_path / "t", *given)
    kept = (tmp_path / "t" / "commands.txt").read_text()
    assert done.returncode == 0 and done.stdout == kept
    assert f"  cd '{tmp_path}/t'\n" in kept and "export PATH" not in kept
    again = quickstart(tmp_path / "u", *given, "--json")
    for row in rows(again):
        assert row.get("line", row.get("openssl", "")) in kept
    # from a clone, without our programs in PATH: it says where they are
    alone = quickstart(tmp_path / "v", *given, env={"PATH": "/usr/bin:/bin"})
    if not os.path.exists("/usr/bin/mtc-iwfd"):
        assert f"  export PATH='{os.path.realpath(BIN)}':\"$PATH\"\n" in alone.stdout


def test_the_configuration_explains_itself(tmp_path):
    """A person who opens it finds a comment above each part."""
    quickstart(tmp_path / "t", *free_ports())
    lines = (tmp_path / "t" / "mtc-iwfd.yaml").read_text().splitlines()
    for i, line in enumerate(lines):
        if line and line[0] not in "# ":
            assert lines[i - 1].startswith("#"), f"nothing explains: {line}"


@pytest.mark.parametrize("what", ["a file in it", "a file"])
def test_nothing_is_overwritten(tmp_path, what):
    if what == "a file":
        (tmp_path / "t").write_text("mine")
    else:
        (tmp_path / "t").mkdir()
        (tmp_path / "t" / "mtc-iwfd.yaml").write_text("mine")
    done = quickstart(tmp_path / "t", *free_ports())
    assert done.returncode == 1 and "nothing is overwritten" in done.stderr, done
    assert (tmp_path / "t" if what == "a file" else tmp_path / "t" / "mtc-iwfd.yaml").read_text() == "mine"
    assert os.listdir(tmp_path) == ["t"]


def test_an_attempt_that_fails_leaves_nothing(tmp_path):
    """openssl is missing, or fails: the directory is not there, so that the next attempt has its name."""
    done = quickstart(tmp_path / "t", *free_ports(), env={"PATH": str(tmp_path)})
    assert done.returncode == 1 and "openssl is not installed: apt install openssl" in done.stderr, done
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "openssl").write_text("#!/bin/sh\necho 'no entropy today' >&2\nexit 1\n")
    (tools / "openssl").chmod(0o755)
    done = quickstart(tmp_path / "t", *free_ports(), env={"PATH": f"{tools}:/usr/bin:/bin"})
    assert done.returncode == 1 and "no entropy today" in done.stderr and "failed: openssl ecparam" in done.stderr, done
    assert os.listdir(tmp_path) == ["bin"]
    (tmp_path / "t.part").mkdir()
    done = quickstart(tmp_path / "t", *free_ports())
    assert done.returncode == 1 and "t.part exists" in done.stderr, done
    assert quickstart(tmp_path / "none" / "t", *free_ports()).returncode == 1


def test_wrong_ports_are_refused(tmp_path):
    for words, said in ((["--port", "3868"], "they must differ"), (["--port", "0"], "a number from 1 to 65535"), (["--prot", "1"], "did you mean '--port'?")):
        done = quickstart(tmp_path / "t", *words)
        assert done.returncode == 2 and said in done.stderr, done
    assert os.listdir(tmp_path) == []
