"""scripts/lab --ndsip and scripts/demo-ndsip: they come up, show what they promise, and leave nothing behind."""
import json
import os
import shlex
import signal
import subprocess

import pytest
from conftest import BIN, ROOT
from lablib import lab as laboratory
from lablib import ndsip, proc, tunnel

LAB, DEMO = (os.path.join(ROOT, "scripts", name) for name in ("lab", "demo-ndsip"))
UP_S = 240  # on an idle machine it takes some five seconds

needs_hosts = pytest.mark.skipif(bool(tunnel.lacking()), reason=tunnel.lacking() or "-")


def run(*words, timeout=UP_S):
    return subprocess.run(words, env=dict(os.environ, MTC_BIN=BIN), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout,
                          check=False)


def left(folder):
    """What is still there of a laboratory: namespaces, and processes that its record or its files name."""
    return tunnel.hosts_of(folder).there() + proc.using(str(folder), laboratory.PROGRAMS)


def test_what_is_missing_is_said_before_anything_is_made(tmp_path, monkeypatch):
    monkeypatch.setattr(tunnel, "CHARON", "/nonexistent/charon")
    monkeypatch.setattr(tunnel, "PROGRAMS", ("ip", "/nonexistent/charon"))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    folder = tmp_path / "lab"
    with pytest.raises(proc.LabError, match=r"NDS/IP cannot run here: not installed: /nonexistent/charon; scripts/setup run"):
        ndsip.Tunnelled(str(folder), ndsip.options(bin=BIN)).up(lambda text: None)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(proc.LabError, match="network namespaces need root"):
        ndsip.Tunnelled(str(folder), ndsip.options(bin=BIN)).up(lambda text: None)
    assert not folder.exists()


def test_two_directories_have_hosts_of_their_own(tmp_path):
    one, other = (tunnel.hosts_of(tmp_path / name) for name in ("one", "other"))
    assert one.prefix != other.prefix and one.prefix == tunnel.hosts_of(f"{tmp_path}/other/../one/").prefix
    assert len(one.name("core")) <= 32 and one.there() == []


@needs_hosts
@pytest.mark.once
@pytest.mark.tools
def test_a_laboratory_comes_up_is_used_and_goes(tmp_path):
    folder = str(tmp_path / "lab")
    try:
        for again in (False, True):
            done = run(LAB, "up", folder, "--ndsip", "--edges", "1", "--devices", "10")
            assert done.returncode == 0, done.stderr
            assert ("state of the earlier run" in done.stdout) == again
            with open(os.path.join(folder, "lab.json"), encoding="utf-8") as f:
                found = json.load(f)
            assert found["ndsip"]["prefix"] == tunnel.hosts_of(folder).prefix and len(left(folder)) >= 3
            said = run(os.path.join(BIN, "mtcctl"), "--socket", found["iwf"]["ctl"], "--json", "ndsip", "status", "acme")
            assert json.loads(said.stdout.splitlines()[0])["protected"] is True
            told = done.stdout.split("Try:\n\n")[1].split("\n\n")[0].replace("\\\n", "").splitlines()
            trigger = run(*shlex.split(told[0].replace("meter-7@", "meter-2@")))
            assert trigger.returncode == 0 and '"delivery_outcome":"SUCCESS"' in trigger.stdout, trigger
            assert "acme" in run(*shlex.split(told[1])).stdout
            charons = list(found["ndsip"]["charons"].values())
            assert len(charons) == 2 and all(map(proc.alive, charons))
            assert run(LAB, "down", folder).returncode == 0
            assert not left(folder) and not any(map(proc.alive, charons))
    finally:
        if left(folder):
            run(LAB, "down", folder)


@needs_hosts
@pytest.mark.once
@pytest.mark.tools
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("seen", ["making three hosts", "starting mtc-iwfd", "starting the IPsec tunnel"])
def test_an_interrupted_start_leaves_nothing(tmp_path, number, seen):
    folder = str(tmp_path / "lab")
    up = subprocess.Popen([LAB, "up", folder, "--ndsip", "--edges", "1", "--devices", "10"], env=dict(os.environ, MTC_BIN=BIN), text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        assert any(seen in line for line in iter(up.stdout.readline, ""))
        up.send_signal(number)
        assert up.wait(proc.HANG_S) == (130 if number == signal.SIGTERM else -signal.SIGKILL), up.stdout.read()
        entries = proc.recorded(os.path.join(folder, laboratory.RECORD))
        if number == signal.SIGKILL:
            done = run(LAB, "down", folder)
            assert done.returncode == 0 or "no laboratory runs" in done.stderr, done
        assert not left(folder) and not any(map(proc.alive, entries))
    finally:
        up.kill()
        up.wait()
        up.stdout.close()


@needs_hosts
@pytest.mark.once
@pytest.mark.tools
def test_the_demo_shows_all_its_scenes():
    done = run(DEMO)
    assert done.returncode == 0 and "demo: 6 of 6 scenes passed" in done.stdout, done.stdout + done.stderr
    assert done.stdout.count("    true: ") == 6
