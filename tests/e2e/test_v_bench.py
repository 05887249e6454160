"""The programs of the bench do what the bench relies on: every trigger is asked for and counted, reports are sent and acknowledged, a bare echo
echoes. How fast they are is no part of the tests."""
import json
import os
import signal
import subprocess

import pytest
from conftest import BIN
from lablib import lab as laboratory
from lablib import lean, proc, subjects
from lablib.pki import Pki


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("bench-pki"))
    laboratory.Lab(folder, laboratory.options()).issue(Pki(folder))
    return folder


@pytest.fixture
def gateway(pki, tmp_path):
    """Makes lean laboratories; each process has to end by itself."""
    made = []

    def up(**changes):
        made.append(lean.LeanTriggers(str(tmp_path / f"lab-{len(made)}"), BIN, BIN, pki=pki, **changes))
        return made[-1]
    yield up
    for one in made:
        assert one.end() == []


def nodes(one):
    """What the HSS and the SMS-SC say at their end."""
    return {name: one.said(name, "ended") for name in ("bench_hss", "bench_smssc")}


def last_line(load):
    return json.loads(load.communicate(timeout=proc.HANG_S)[0].splitlines()[-1])


def test_triggers_are_asked_for_and_counted(gateway):
    one = gateway()
    got = one.load(count=300, window=16)
    assert (got.line["sent"], got.line["answered"], got.line["done"], got.line["reports"]) == (300, 300, 300, 0)
    assert got.line["by_status"] == {"SUCCESS": 300} and got.line["latency_us"]["p50"] <= got.line["latency_us"]["max"]
    assert got.cpu_us()["core main"] > 0 and got.cpu_us()["core journal"] > 0 and got.gateway_us() > got.cpu_us()["edge"] > 0
    again = one.load(count=200, window=16)  # fresh ids: nothing is a duplicate
    assert again.line["by_status"] == {"SUCCESS": 200}
    proc.end([e for e in one.lean.entries if e["name"].startswith("bench_")])
    for said in nodes(one).values():
        assert (said["event"], said["requests"], said["failed"]) == ("ended", 500, 0)


def test_reports_are_sent_and_acknowledged(gateway):
    one = gateway(until="report")
    got = one.load(count=200, window=16)
    assert (got.line["done"], got.line["reports"]) == (200, 200) and got.line["report_latency_us"]["p50"] > 0
    proc.wait_until("no trigger is left", lambda: not [r for r in one.ctl("triggers", "list") if "reference" in r])
    proc.end([e for e in one.lean.entries if e["name"] == "bench_smssc"])
    assert {key: one.said("bench_smssc", "ended")[key] for key in ("requests", "reports", "refused")} == {"requests": 200, "reports": 200, "refused": 0}


def test_reports_that_are_held_back(gateway):
    one = gateway(until="report", smssc=["--hold", "500"])
    load = subprocess.Popen(one.command(count=300, window=16, pending=300, devices="1-1"), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    assert [json.loads(load.stdout.readline())["event"] for _ in range(2)] == ["open", "answered"]
    os.kill(one.lab["smssc"]["pid"], signal.SIGUSR1)
    line = last_line(load)
    assert load.returncode == 0 and (line["done"], line["reports"]) == (300, 300)
    said = proc.wait_until("the SMS-SC has released all", lambda: one.said("bench_smssc", "released"))
    assert said["reports"] == 300 and said["began_us"] < said["ended_us"]


def test_several_scss_with_several_connections(gateway):
    one = gateway()
    got = one.load(expect=("SUCCESS", "NOTAUTHORIZED"), scs=("acme", "beta"), connections=3, count=120, window=12)
    assert got.line["connections"] == 6 and got.line["by_status"] == {"SUCCESS": 60, "NOTAUTHORIZED": 60}


def test_an_offered_rate(gateway):
    one = gateway()
    got = one.load(count=200, window=200, rate=400)
    assert 0.45 < got.line["seconds"] and got.line["by_status"] == {"SUCCESS": 200}


def test_the_first_success(gateway):
    """Before there is a gateway it tries again; it ends with the first success."""
    one = gateway()
    one.lean.stop_iwf()
    load = subprocess.Popen(one.command(flags=["first"]), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    one.lean.start_iwf()
    line = last_line(load)
    assert load.returncode == 0 and line["by_status"].pop("SUCCESS") == 1 and set(line["by_status"]) <= {"TEMPORARYERROR"}
    assert 0 < line["open_ms"] and line["first_us"] <= line["success_us"] and line["longest_us"] > 0


@pytest.fixture
def subject(tmp_path):
    """Makes what the gateway is measured beside."""
    made = []

    def begin(kind, *words):
        folder = tmp_path / f"subject-{len(made)}"
        folder.mkdir()
        made.append(kind(str(folder), BIN, *words))
        return made[-1]
    yield begin
    for one in made:
        one.end()


def test_requests_with_nothing_in_between(gateway, subject):
    dar, sir = subject(subjects.DirectDar, gateway()), subject(subjects.DirectSir)
    got = dar.load(count=50, window=4)
    assert got.line["by_status"] == {"SUCCESS": 50} and got.cpu_us()["responder"] > 0 and got.cpu_us()["load"] > 0
    got = sir.load(count=50, window=4)
    assert (got.done, got.line["failed"]) == (50, 0) and got.line["latency_us"]["p50"] > 0


def test_what_freediameter_relays(subject):
    got = subject(subjects.PlainRelay).load(count=100, window=8)
    assert (got.done, got.line["failed"]) == (100, 0) and got.cpu_us()["freeDiameter"] > 0


@pytest.mark.parametrize("words", [["--connect", "127.0.0.1"], ["--devices", "1-10"], ["--until", "never"], ["--window", "0"], ["nonsense"]])
def test_a_command_line_that_is_wrong(words):
    good = ["--connect", "127.0.0.1:1", "--iwf-host", "h", "--iwf-realm", "r", "--scs", "a.example,example,4911"]
    done = subprocess.run([os.path.join(BIN, "bench_load"), *good, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=proc.HANG_S, check=False)
    assert done.returncode == 2 and "usage: bench_load" in done.stderr


@pytest.mark.parametrize("how", ["each", "records", "batch"])
@pytest.mark.parametrize("protection", ["tls", "tcp"])
def test_a_bare_echo(pki, tmp_path, how, protection):
    words = ["--how", how, "--size", "400"]
    tls = ({"serve": ["--tls", f"{pki}/iwf.pem,{pki}/iwf.key,{pki}/anchor-a.pem"],
            "load": ["--tls", f"{pki}/acme.pem,{pki}/acme.key,{pki}/operator.pem"]} if protection == "tls" else {"serve": [], "load": []})
    echo = os.path.join(BIN, "bench_echo")
    entry = proc.start("echo", [echo, "serve", *words, *tls["serve"]], str(tmp_path))
    try:
        port = proc.wait_ready(entry)[1]
        done = subprocess.run([echo, "load", "--port", str(port), "--window", "8", "--connections", "2", "--seconds", "1", *words, *tls["load"]],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=proc.HANG_S, check=False)
    finally:
        proc.end([entry])
    line = json.loads(done.stdout)
    assert done.returncode == 0 and line["done"] > 8 and 0 < line["latency_us"]["p50"] <= line["latency_us"]["max"]


def test_what_the_machine_takes(tmp_path):
    bare = os.path.join(BIN, "bench_bare")
    commit = json.loads(subprocess.run([bare, "commit", str(tmp_path / "file"), "16", "1"], capture_output=True, check=True, timeout=proc.HANG_S).stdout)
    assert commit["done"] > 0 and commit["pages"] == 16 and commit["latency_us"]["p50"] > 0 and os.listdir(tmp_path) == []
    hop = json.loads(subprocess.run([bare, "hop", "1"], capture_output=True, check=True, timeout=proc.HANG_S).stdout)
    assert hop["process_us"] > 0 and hop["thread_us"] > 0
    memory = json.loads(subprocess.run([bare, "memory", "8"], capture_output=True, check=True, timeout=proc.HANG_S).stdout)
    assert memory["mib"] == 8 and memory["first_us"] > 0 and memory["again_us"] > 0
    assert subprocess.run([bare, "memory", "0"], capture_output=True, check=False, timeout=proc.HANG_S).returncode == 2
