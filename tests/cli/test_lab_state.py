"""What a laboratory keeps between its runs: `scripts/lab up` and `run` in a directory that was used before."""
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile

import pytest
from conftest import BIN, ROOT
from lablib import lab as laboratory
from lablib import keep, play, ports, proc
from lablib.pki import Pki

TOOL = os.path.join(ROOT, "scripts", "lab")


class Directory:
    """One directory in which laboratories of few devices run, one after the other, at an address of their own."""

    def __init__(self, folder, pki):
        self.folder, self.pki, self.said, self.runner, self.left = folder, pki, [], None, []

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def up(self, **changes):
        self.said = []
        options = laboratory.options(**{"bin": BIN, "address": ports.own_address(), "pki": self.pki, "edges": 1, **changes})
        laboratory.Lab(self.folder, options).up(self.said.append)
        return play.Play(self.folder, BIN)

    def down(self):
        assert laboratory.down(self.folder, self.said.append) == []

    def tool(self, *words):
        return subprocess.run([TOOL, *words[:1], self.folder, *words[1:]], capture_output=True, text=True, errors="replace", timeout=proc.HANG_S,
                              check=False, stdin=subprocess.DEVNULL)

    def run(self, *words):
        """`scripts/lab run` in the background; returns when all has come up."""
        self.runner = proc.start("runner", [TOOL, "run", self.folder, "--edges", "1", *words], self.folder + "-runner")
        proc.wait_until("the laboratory is up", lambda: "Ctrl-C ends it" in self.runner_said(), entries=[self.runner])
        return play.Play(self.folder, BIN)

    def runner_said(self):
        with open(self.runner["out"], encoding="utf-8") as f:
            return f.read()

    def end(self):
        if self.runner:
            proc.end([self.runner])
        if os.path.exists(self.path("processes.json")):
            proc.end_recorded(self.path("processes.json"))
        proc.end(self.left)


@pytest.fixture
def directory(labs, tmp_path):
    d = Directory(str(tmp_path / "lab"), labs.pki)
    yield d
    d.end()


def allowed(p, device):
    return any(row.get("device") == device for row in p.ctl("assoc", "list", "--limit", 0))


def listening(p):
    return [p.lab[name]["port"] for name in ("hss", "smssc")] + [p.lab["iwf"]["tsp"]["port"]]


def test_a_second_start_has_the_state_of_the_first(directory):
    p = directory.up(devices=20)
    p.ctl("assoc", "add", "acme", "meter-19@b.example")
    p.ue("absent", laboratory.imsi(7))
    first = p.trigger("acme", device="meter-7@a.example", reference=4711, validity=600)
    assert first.status == "SUCCESS", first
    with open(p.lab["hss"]["subscribers"], "a", encoding="utf-8") as f:
        f.write(json.dumps({"imsi": "001010000000999", "msisdn": "491700000999", "external_identifiers": ["extra@a.example"],
                            "services": ["device-trigger"], "allowed_scs": ["491720000001"]}) + "\n")
    was, keys = listening(p), open(p.scs["acme"]["key"], "rb").read()
    assert os.stat(os.path.join(directory.folder, "iwf")).st_mode & 0o077 == 0  # payloads, and who may trigger what
    directory.down()

    p = directory.up()  # as many devices as there were
    assert p.lab["devices"]["count"] == 20 and listening(p) == was and open(p.scs["acme"]["key"], "rb").read() == keys
    assert allowed(p, "meter-19@b.example")
    assert p.ctl("triggers", "show", "acme", 4711)[0]["reference"] == 4711
    p.ue("present", laboratory.imsi(7))
    p.listen("acme").wait_event("report", reference=4711, delivery_outcome="SUCCESS")
    p.end_background()
    assert "extra@a.example" in open(p.lab["hss"]["subscribers"], encoding="utf-8").read()
    again = p.trigger("acme", device="meter-8@a.example", wait=proc.HANG_S)
    assert again.outcome == "SUCCESS", again
    directory.down()

    deleted = f"state in {directory.folder}/ is deleted (--fresh)"
    assert deleted not in directory.said
    p = directory.up(fresh=True, devices=10)
    assert directory.said.count(deleted) == 1
    assert not allowed(p, "meter-19@b.example") and p.lab["devices"]["count"] == 10
    assert "extra@a.example" not in open(p.lab["hss"]["subscribers"], encoding="utf-8").read()
    directory.down()


def test_a_port_that_another_process_took_is_replaced(directory):
    p = directory.up(devices=5)
    taken, was = p.lab["iwf"]["tsp"], listening(p)
    directory.down()
    with socket.create_server((taken["address"], taken["port"])):
        p = directory.up()
        assert listening(p)[:2] == was[:2] and listening(p)[2] != was[2]
        directory.down()


def test_a_killed_laboratory_works_again_and_a_running_one_is_left_alone(directory):
    p = directory.run("--devices", "5")
    p.ctl("assoc", "add", "acme", "meter-900@b.example")
    for words in (("up",), ("run",), ("run", "--fresh")):
        second = directory.tool(*words)
        assert second.returncode == 1 and "already runs" in second.stderr and "scripts/lab down" in second.stderr, second
        assert "./start lab DIR=OTHER" in second.stderr
    assert allowed(p, "meter-900@b.example")
    left = directory.left = proc.recorded(directory.path("processes.json"))
    os.kill(directory.runner["pid"], signal.SIGKILL)
    os.kill(left[-1]["pid"], signal.SIGKILL)  # and the gateway with it: nothing takes its socket away
    proc.wait_until("both have ended", lambda: not proc.alive(directory.runner) and not proc.alive(left[-1]))

    p = directory.run()
    assert not any(proc.alive(e) for e in left) and "ending what a killed laboratory left running" in directory.runner_said()
    assert allowed(p, "meter-900@b.example")
    assert directory.tool("down").returncode == 0
    proc.wait_until("run ends when down has ended its laboratory", lambda: not proc.alive(directory.runner))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_laboratory_in_order(directory, number):
    """Exit status 0, nothing runs on, and it says what is kept. What it printed works from any directory."""
    directory.run("--devices", "5")
    started = proc.recorded(directory.path("processes.json"))
    os.kill(directory.runner["pid"], number)
    _, status = os.waitpid(directory.runner["pid"], 0)
    assert os.waitstatus_to_exitcode(status) == 0 and not any(proc.alive(e) for e in started)
    said = directory.runner_said()
    assert said.endswith(f"lab: ended, state kept in {directory.folder}/\n") and f" {directory.folder}/lab.json." in said
    for name in ("mtc-scs", "mtcctl"):
        assert f"\n  {os.path.abspath(BIN)}/{name} " in said
    assert not os.path.exists(directory.path("processes.json"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_the_demo_leaves_nothing_running(tmp_path, number):
    runner = subprocess.Popen([os.path.join(ROOT, "scripts", "demo")], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                              env=dict(os.environ, TMPDIR=str(tmp_path)))
    assert any(line.startswith("(a)") for line in runner.stdout)
    started = proc.recorded(next(tmp_path.glob("mtc-demo-*/processes.json")))
    runner.send_signal(number)
    runner.stdout.read()
    left = [e for e in started if proc.alive(e)] if runner.wait(proc.HANG_S) != 130 else []
    proc.end(left)
    assert runner.returncode == 130 and started and not any(proc.alive(e) for e in started)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_before_all_is_up_leaves_nothing_running(directory, number):
    directory.runner = proc.start("runner", [TOOL, "run", directory.folder, "--edges", "1", "--devices", "5"], directory.folder + "-runner")
    proc.wait_until("something runs", lambda: proc.recorded(directory.path("processes.json")), entries=[directory.runner])
    started = proc.recorded(directory.path("processes.json"))
    os.kill(directory.runner["pid"], number)
    _, status = os.waitpid(directory.runner["pid"], 0)
    assert os.waitstatus_to_exitcode(status) in (130, 0) and not any(proc.alive(e) for e in started)
    assert not os.path.exists(directory.path("processes.json"))


def test_a_laboratory_ends_though_its_terminal_is_gone(directory):
    """Nobody reads what it says any more."""
    reader, writer = os.pipe()
    runner = subprocess.Popen([TOOL, "run", directory.folder, "--edges", "1", "--devices", "5"], stdin=subprocess.DEVNULL, stdout=writer, stderr=writer)
    os.close(writer)
    with open(reader, encoding="utf-8") as f:
        assert any("Ctrl-C ends it" in line for line in f)
    started = proc.recorded(directory.path("processes.json"))
    runner.send_signal(signal.SIGHUP)
    assert runner.wait(proc.HANG_S) == 0 and not any(proc.alive(e) for e in started)


def test_nohup_is_honoured(directory):
    directory.runner = proc.start("runner", ["nohup", TOOL, "run", directory.folder, "--edges", "1", "--devices", "5"], directory.folder + "-runner")
    proc.wait_until("the laboratory is up", lambda: "Ctrl-C ends it" in directory.runner_said(), entries=[directory.runner])
    with open(f"/proc/{directory.runner['pid']}/status", encoding="ascii") as f:
        ignored = next(int(line.split()[1], 16) for line in f if line.startswith("SigIgn:"))
    assert ignored & 1 << (signal.SIGHUP - 1)
    assert directory.tool("down").stdout == f"lab: ended, state kept in {directory.folder}/\n"
    proc.wait_until("run ends when down has ended its laboratory", lambda: not proc.alive(directory.runner))


def test_a_laboratory_in_the_background_is_left_alone_too(directory):
    p = directory.up(devices=5)
    second = directory.tool("up", "--fresh")
    assert second.returncode == 1 and "already runs" in second.stderr, second
    assert p.ctl("status")
    directory.down()


def test_a_start_that_never_came_up_is_no_state(directory):
    """As a kill half way leaves it: some certificates, no kept.json."""
    os.makedirs(directory.path("pki"))
    with open(directory.path(keep.MARKER), "w", encoding="utf-8") as f:
        f.write(keep.MARK)
    with open(directory.path("pki", "iwf.pem"), "w", encoding="utf-8") as f:
        f.write("half")
    directory.up(devices=5)
    assert not any("earlier run" in text for text in directory.said)
    directory.down()


@pytest.mark.parametrize("spoil", ["older", "damaged", "journal", "devices"])
def test_state_that_does_not_fit_is_said_with_the_way_out(directory, spoil):
    directory.up(devices=5)
    directory.down()
    changes = {}
    if spoil == "older":
        proc.write(directory.path(keep.MARKER), "made by scripts/lab; removed and made again by the next 'up'\n")
    elif spoil == "damaged":
        proc.write(directory.path(keep.KEPT), "{")
    elif spoil == "journal":
        shutil.rmtree(directory.path("iwf"))
        os.makedirs(directory.path("iwf", "journal", "data.mdb"))
    else:
        changes = {"devices": 7}
    with pytest.raises(proc.LabError) as refused:
        directory.up(**changes)
    assert "--fresh" in str(refused.value) and "FRESH=1" in str(refused.value)
    assert not os.path.exists(directory.path("processes.json"))
    directory.up(fresh=True, devices=7)
    directory.down()


def test_certificates_that_end_soon_are_issued_anew(directory):
    p = directory.up(devices=5)
    directory.down()
    pki = Pki(directory.path("pki"))
    pki.leaf("iwf", "operator", laboratory.EXTERNAL_HOST, "serverAuth,clientAuth", dates=("20200101000000Z", "20200201000000Z"))
    p = directory.up()
    got = p.trigger("acme", device="meter-1@a.example", wait=proc.HANG_S)
    assert got.outcome == "SUCCESS", got
    directory.down()


def test_what_no_record_names_never_runs(tmp_path):
    """Killed at any moment before the record is written, by which the process would be found again."""
    out = tmp_path / "ran"
    child = os.fork()
    if not child:
        try:
            proc.start("ours", ["/bin/sh", "-c", f"touch {out}; sleep 60"], str(tmp_path / "log"), None, lambda entry: kill_me_having_told(entry, tmp_path))
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    entry = json.loads((tmp_path / "entry").read_text())
    try:
        proc.wait_until("what was started has ended", lambda: not proc.alive(entry))
        assert not out.exists()
    finally:
        proc.end([entry])


def kill_me_having_told(entry, folder):
    (folder / "entry").write_text(json.dumps(entry))
    os.kill(os.getpid(), signal.SIGKILL)


def test_what_is_recorded_runs_as_it_was_asked(tmp_path):
    seen = []
    entry = proc.start("ours", ["/bin/sh", "-c", 'readlink /proc/self/fd/0; echo "$0 $WORD"', "a b'c"], str(tmp_path), {"WORD": "x y"}, seen.append)
    proc.wait_until("it has ended", lambda: not proc.alive(entry))
    assert seen == [entry] and entry["started"] and (tmp_path / "ours.out").read_text() == "/dev/null\na b'c x y\n"


def test_a_laboratory_that_is_killed_while_it_writes_its_record_leaves_only_what_the_record_names(directory, monkeypatch):
    real, record = proc.write, directory.path("processes.json")

    def write(path, text):
        if path == record and len(json.loads(text)) == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(path, text)
    child = os.fork()
    if not child:
        try:
            monkeypatch.setattr(laboratory, "write", write)
            directory.up(devices=5)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    named = proc.recorded(record)
    try:
        proc.wait_until("only mtc-hss runs there", lambda: proc.using(directory.folder, laboratory.PROGRAMS) == [("mtc-hss", named[0]["pid"])])
    finally:
        directory.left = [{"name": name, "pid": pid, "started": proc.start_time(pid)} for name, pid in proc.using(directory.folder, laboratory.PROGRAMS)]
    directory.up(fresh=True, devices=5)
    assert "ending what a killed laboratory left running: mtc-hss" in directory.said and not proc.alive(named[0])
    directory.down()


@pytest.mark.parametrize("words", [(), ("--fresh",)])
def test_what_runs_there_without_a_record_is_named_and_left_alone(directory, words):
    directory.up(devices=5)
    directory.left = proc.recorded(directory.path("processes.json"))
    os.unlink(directory.path("processes.json"))
    said = directory.tool("up", *words)
    assert said.returncode == 1 and said.stderr.startswith(f"lab: programs that no record names use files of {directory.folder}: mtc-hss (process "), said
    assert all(f"(process {e['pid']})" in said.stderr for e in directory.left) and all(proc.alive(e) for e in directory.left)
    assert os.path.exists(directory.path("kept.json")) and said.stderr.count("\n") == 1


def spoil_file(path):
    with open(path, "w", encoding="ascii") as f:
        f.write("\0[")


SPOILS = {"fifo": os.mkfifo, "directory": os.makedirs, "damaged": spoil_file, "number": lambda path: proc.write(path, "1"),
          "list": lambda path: proc.write(path, "[1]"), "empty": lambda path: proc.write(path, "{}"),
          "deep": lambda path: proc.write(path, "[" * 100000), "bytes": lambda path: open(path, "wb").write(b"\xff"),
          "every process": lambda path: proc.write(path, '[{"name": "x", "pid": -1, "started": "1"}]'),
          "ports": lambda path: proc.write(path, '{"devices": 5, "ports": {"mtc-hss": "x"}}')}


@pytest.mark.parametrize("spoil", SPOILS)
@pytest.mark.parametrize("name", ["kept.json", "processes.json", keep.MARKER])
def test_a_file_that_is_damaged_is_said_in_one_line(directory, name, spoil):
    os.makedirs(directory.folder)
    proc.write(directory.path(keep.MARKER), keep.MARK)
    if name == keep.MARKER:
        os.unlink(directory.path(name))
    SPOILS[spoil](directory.path(name))
    for words in [("up",)] + [("down",)] * (name == "processes.json"):
        said = directory.tool(*words)
        assert said.returncode == 1 and said.stderr.startswith("lab: ") and said.stderr.count("\n") == 1 and directory.folder in said.stderr, said
    shutil.rmtree(directory.folder)  # nothing ran there


@pytest.mark.parametrize("kind", ["file", "dangling link", "below a file", "not writable", "no text"])
def test_a_directory_that_is_none_is_said_in_one_line(directory, tmp_path, kind):
    if kind == "file":
        proc.write(directory.folder, "mine")
    elif kind == "dangling link":
        os.symlink(tmp_path / "gone", directory.folder)
    elif kind == "below a file":
        proc.write(str(tmp_path / "file"), "mine")
        directory.folder = str(tmp_path / "file" / "lab")
    elif kind == "not writable":
        directory.folder = "/proc/lab"
    else:
        directory.folder += "\udcff"
    for words in (("up",), ("run", "--fresh")):
        said = directory.tool(*words)
        assert said.returncode == 1 and said.stderr.startswith("lab: ") and said.stderr.count("\n") == 1, said
    down = directory.tool("down")
    assert down.returncode == 1 and down.stderr.startswith("lab: no laboratory runs in ") and down.stderr.count("\n") == 1, down


def test_two_that_end_a_laboratory_at_once(directory, monkeypatch):
    real = proc.recorded

    def read_and_be_overtaken(record):
        found = real(record)
        os.unlink(record)
        return found
    os.makedirs(directory.folder)
    proc.write(directory.path("processes.json"), "[]")
    monkeypatch.setattr(proc, "recorded", read_and_be_overtaken)
    directory.down()


def test_a_directory_with_a_name_that_means_something_in_yaml(directory):
    with tempfile.TemporaryDirectory() as short:  # a socket's path is at most 107 bytes
        directory.folder = os.path.join(short, "a, b: {c} #d 'e' \"f\" [&g] \\ h\u00fc")
        p = directory.up(devices=5)
        got = p.trigger("acme", device="meter-1@a.example", wait=proc.HANG_S)
        assert got.outcome == "SUCCESS", got
        directory.down()


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    path = str(tmp_path / "file")
    proc.write(path, "before")
    with pytest.raises(UnicodeEncodeError):
        proc.write(path, "after \ud800")
    assert open(path, encoding="utf-8").read() == "before"


def test_the_front_door_passes_fresh_and_the_directory_on():
    """make lab FRESH=1 DIR=other, as make would run it; tests/cli/test_start.py has ./start."""
    for words, runs in (([], "scripts/lab run lab"), (["FRESH=1"], "scripts/lab run lab --fresh"), (["FRESH=0"], "scripts/lab run lab"),
                        (["DIR=a b", "FRESH=yes"], "scripts/lab run 'a b' --fresh"), (["DIR="], "scripts/lab run lab")):
        said = subprocess.run(["make", "-n", "lab", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        assert said.splitlines()[-1].rstrip() == runs


def test_the_hint_names_the_directory():
    assert keep.hint(keep.DEFAULT).startswith(f"scripts/lab run {ROOT}/lab --fresh (or make lab FRESH=1)")
    assert "(or make lab FRESH=1 DIR='/a b')" in keep.hint("/a b")
    assert "accepted triggers and reports, subscribers, messages" in keep.hint("/a b")  # what it deletes


def test_one_program_goes_and_comes_back(directory):
    """An outage to play with: the gateway misses the HSS, and finds it again at the same address."""
    p = directory.up(timers_more="")

    def state():
        return next(r["state"] for r in p.ctl("peers") if r.get("name") == "hss")
    assert state() == "open"
    again = directory.tool("start", "mtc-hss")
    assert again.returncode == 1 and "mtc-hss is running already" in again.stderr, again
    gone = directory.tool("stop", "mtc-hss")
    assert gone.returncode == 0 and "brings it back" in gone.stdout, gone
    proc.wait_until("the HSS is missed", lambda: state() in ("waiting", "connecting"))
    gone = directory.tool("stop", "mtc-hss")
    assert gone.returncode == 1 and "mtc-hss is not running" in gone.stderr, gone
    back = directory.tool("start", "mtc-hss")
    assert back.returncode == 0, back
    assert p.ctl("peers", "start", "hss")
    proc.wait_until("the HSS is found again", lambda: state() == "open")
    assert p.trigger("acme", device="meter-1@a.example", wait=proc.HANG_S).code == 0
    assert directory.tool("stop").returncode == 2 and directory.tool("stop", "mtc-scs").returncode == 2
    # the gateway too, with a configuration that was changed meanwhile
    assert directory.tool("stop", "mtc-iwfd").returncode == 0
    with open(p.lab["iwf"]["config"], encoding="utf-8") as f:
        text = f.read()
    proc.write(p.lab["iwf"]["config"], text.replace("edges: 1", "edges: 2"))
    back = directory.tool("start", "mtc-iwfd")
    assert back.returncode == 0, back
    with open(directory.path("lab.json"), encoding="utf-8") as f:
        assert len(json.load(f)["iwf"]["pids"]["edges"]) == 2
    proc.wait_until("the new core has the HSS", lambda: state() == "open")
    assert p.trigger("acme", device="meter-1@a.example", wait=proc.HANG_S).code == 0
    directory.down()
    none = directory.tool("stop", "mtc-hss")
    assert none.returncode == 1 and "no laboratory with mtc-hss" in none.stderr, none
