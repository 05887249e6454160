"""Act nineteen: what the programs were started with. Standard streams that are closed, or that nobody reads."""
import fcntl
import json
import os
import re
import signal
import socket
import subprocess

import pytest
from conftest import BIN
from lablib import lab as L
from lablib import proc
from support import diameter as D
from support.pace import Watch
from support.tsp import Scs, action, request_status

CLOSED = ["2>&-", ">&- 2>&-", "<&- >&- 2>&-"]
STOP_S = 10.0  # timers.disconnect_wait, and the grace that the parent gives


def ended_with(child):
    """The exit status of what was told to end, and did so in time."""
    watch = Watch()
    status = child.wait(proc.HANG_S)
    assert watch.took() < STOP_S
    return status


def entry(p, name):
    with open(os.path.join(p.lab["dir"], "processes.json"), encoding="utf-8") as f:
        return next(e for e in json.load(f) if e["name"] == name)


def standard(pid):
    return [os.readlink(f"/proc/{pid}/fd/{n}") for n in range(3)]


def family(child):
    """The processes of an mtc-iwfd: parent, core, edges."""
    roles = L.roles(child.pid)
    return [child.pid, roles["core"], *roles["edges"]]


def served(p):
    s = Scs.opened(p)
    status = request_status(s.dar(action(device="meter-7@a.example", validity=None)))
    s.close()
    return status


class Again:
    """The mtc-iwfd of a laboratory that is up, started once more in another way."""

    def __init__(self, p, change=None):
        self.p, self.child = p, None
        with open(p.lab["iwf"]["config"], encoding="utf-8") as f:
            text = f.read()
        text = text.replace("port: 0", f"port: {p.lab['iwf']['tsp']['port']}", 1)
        if change:
            assert change[0] in text
            text = text.replace(*change)
        self.config = os.path.join(p.lab["dir"], "again.yaml")
        proc.write(self.config, text)
        assert proc.end([entry(p, "mtc-iwfd")]) == []

    def start(self, command=None, **how):
        self.child = subprocess.Popen(command or [os.path.join(BIN, "mtc-iwfd"), "-c", self.config], start_new_session=True, **how)
        proc.wait_until("the gateway answers", lambda: len(self.p.edges()) == 2
                        and {r["state"] for r in self.p.ctl("peers", check=False) if "state" in r} == {"open"}, entries=[self.entry()])
        return self.child

    def entry(self):
        out = os.path.join(self.p.lab["dir"], "log", "mtc-iwfd.out")
        return {"name": "mtc-iwfd", "pid": self.child.pid, "started": proc.start_time(self.child.pid), "out": out, "log": out}

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if self.child and self.child.poll() is None:
            self.child.kill()
            self.child.wait(proc.HANG_S)


def test_a_gateway_without_standard_streams_serves(own_lab):
    """A closed number would be taken by the counters that the processes share, and log lines would be written into them."""
    with Again(own_lab, ("level: info", "level: debug")) as again:
        for how in CLOSED:
            child = again.start(["bash", "-c", f"exec {BIN}/mtc-iwfd -c {again.config} {how}"])
            closed = [n for n, mark in enumerate(("<&-", " >&-", "2>&-")) if mark in " " + how]
            for pid in family(child):
                assert all(standard(pid)[n] == "/dev/null" for n in closed), (how, pid, standard(pid))
            assert served(own_lab) == 0
            before = own_lab.edges()
            os.kill(min(before.values()), signal.SIGKILL)
            proc.wait_until("the edge is back", lambda: len(own_lab.edges()) == 2 and own_lab.edges() != before)
            assert served(own_lab) == 0
            child.send_signal(signal.SIGTERM)
            assert ended_with(child) == 0


def catches(pid, number):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return next(int(line.split()[1], 16) for line in f if line.startswith("SigCgt:")) & 1 << (number - 1)


@pytest.mark.parametrize("name", ["mtc-hss", "mtc-smssc", "mtc-ue"])
def test_an_element_without_standard_streams_opens_nothing_in_their_place(own_lab, name):
    was = entry(own_lab, name)
    assert proc.end([was]) == []
    for how in CLOSED:
        child = subprocess.Popen(["bash", "-c", 'exec "$@" ' + how, "bash", *was["command"]], start_new_session=True)
        try:
            proc.wait_until("it has started", lambda: os.path.basename(os.readlink(f"/proc/{child.pid}/exe")) == name)
            proc.wait_until("it waits for events, a signal among them", lambda: any("eventpoll" in at for at in proc.descriptors(child.pid).values())
                            and catches(child.pid, signal.SIGTERM))
            assert standard(child.pid)[2] == "/dev/null"
            assert [at for at in standard(child.pid) if at.startswith("anon_inode") or at.startswith("socket")] == []
            child.send_signal(signal.SIGTERM)
            assert ended_with(child) == 0
        finally:
            if child.poll() is None:
                child.kill()
                child.wait(proc.HANG_S)


QUEUE = ("level: info", "level: debug, queue: 4096")


def small_pipe():
    r, w = os.pipe()
    fcntl.fcntl(w, fcntl.F_SETPIPE_SZ, 4096)
    return r, w


def counters(p):
    return {r["name"]: r["value"] for r in p.ctl("stats") if "name" in r}


def serve_until_lines_are_lost(p):
    """More sessions than the pipe and the queues of all processes together have room for; each trigger is served."""
    for _ in range(200):
        assert served(p) == 0
        got = counters(p)
        if got["edge_log_lost"] > 20 and got["log_lost"] > 20:
            return
    raise AssertionError(f"nothing was lost: {counters(p)}")


@pytest.mark.once  # AddressSanitizer writes a warning at the first swapcontext() itself, and waits for the reader
@pytest.mark.parametrize("kind", ["pipe", "stdout too", "socket", "tty"])
def test_a_gateway_whose_log_nobody_reads_serves_and_ends(own_lab, kind):
    if kind == "socket":
        ours, theirs = (s.detach() for s in socket.socketpair())
    else:
        ours, theirs = os.openpty() if kind == "tty" else small_pipe()
    with Again(own_lab, QUEUE) as again:
        child = again.start(stderr=theirs, stdout=theirs if kind == "stdout too" else subprocess.DEVNULL)
        os.close(theirs)
        serve_until_lines_are_lost(own_lab)
        s, pids = Scs.opened(own_lab), family(child)
        child.send_signal(signal.SIGTERM)
        m = s.expect(D.DPR, True)
        s.answer(m, [D.avp(268, 2001), *s.origin()], 0)
        assert ended_with(child) == 0
        assert [pid for pid in pids if proc.start_time(pid)] == []
    os.close(ours)


@pytest.mark.once  # AddressSanitizer writes a warning at the first swapcontext() itself, and waits for the reader
def test_lost_lines_are_told_once_somebody_reads_again(own_lab):
    r, w = small_pipe()
    with Again(own_lab, QUEUE) as again:
        child = again.start(stderr=w, stdout=subprocess.DEVNULL)
        os.close(w)
        serve_until_lines_are_lost(own_lab)
        lost, told = counters(own_lab), {}
        with open(r, encoding="ascii") as log:
            while sum(told.values()) < lost["log_lost"] + lost["edge_log_lost"]:
                words = log.readline().split(" log: ")
                if len(words) == 2 and re.match(r"\d+ lines? lost: ", words[1]):
                    who = words[0].split(" ")[1]
                    told[who] = told.get(who, 0) + int(words[1].split(" ")[0])
            assert told["mtc-iwfd[core]"] and len(told) >= 2, told
            child.send_signal(signal.SIGTERM)
            assert "shutting down after signal" in log.read()
        assert ended_with(child) == 0


def goodbye(s):
    """The DPR of the gateway, answered; its cause."""
    m = s.expect(D.DPR, True)
    s.answer(m, [D.avp(268, 2001), *s.origin()], 0)
    return m.number(273)


def gone_lines(log):
    with open(log, encoding="utf-8") as f:
        return [line for line in f if " is gone: " in line]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_a_signal_to_every_process_is_an_end_in_order(own_lab, number):
    """What a service manager does with a service, a terminal with its foreground group, a shell with `kill 0`."""
    s = Scs.opened(own_lab)
    gateway = entry(own_lab, "mtc-iwfd")
    pids = [gateway["pid"], L.roles(gateway["pid"])["core"], *L.roles(gateway["pid"])["edges"]]
    for pid in reversed(pids):  # the parent last, as far from its own order as can be
        os.kill(pid, number)
    goodbye(s)
    watch = Watch()
    proc.wait_until("all have ended", lambda: not [pid for pid in pids if proc.start_time(pid)])
    assert watch.took() < STOP_S
    for name in ("mtc-hss", "mtc-smssc"):  # they were told, too: the connection did not just break
        gone = proc.wait_until(f"{name} says that the gateway is gone", lambda log=own_lab.lab["logs"][name]: gone_lines(log))
        assert "disconnect" in gone[-1], gone


def test_a_terminal_that_closes_takes_nobody_along(own_lab):
    s = Scs.opened(own_lab)
    gateway = entry(own_lab, "mtc-iwfd")
    os.killpg(gateway["pid"], signal.SIGHUP)  # it leads a session of its own
    assert request_status(s.dar(action(device="meter-7@a.example", validity=None))) == 0
    roles = L.roles(gateway["pid"])
    os.kill(roles["core"], signal.SIGTERM)  # not its business
    os.kill(roles["edges"][0], signal.SIGTERM)
    assert request_status(s.dar(action(device="meter-7@a.example", validity=None))) == 0
    assert L.roles(gateway["pid"]) == roles
    s.close()


def append(path, octets):
    with open(path, "ab") as f:
        f.write(octets)


def lines(path):
    """[(line, what it is as JSON or None)]"""
    found = []
    with open(path, "rb") as f:
        for line in f.read().splitlines():
            try:
                found.append((line, json.loads(line)))
            except ValueError:
                found.append((line, None))
    return found


def test_half_a_line_of_the_run_before_spoils_no_line_of_this_one(own_lab):
    """A disk that was full, or a power cut: the decision log, the messages and the events of standard output."""
    p = own_lab
    decisions, half = p.lab["logs"]["decisions"], b'{"time":"2026-11-28T20:40:06.469Z","scs":"ac'
    assert served(p) == 0
    out, log = (os.path.join(p.lab["dir"], name) for name in ("again.out", "again.log"))
    with Again(p) as again:
        for n, tail in enumerate((half, b"\0" * 300)):
            before = len(lines(decisions))
            for path in (decisions, out, log):
                append(path, tail)
            with open(out, "ab") as stdout, open(log, "ab") as stderr:
                child = again.start(stdout=stdout, stderr=stderr)
            assert served(p) == 0
            child.send_signal(signal.SIGTERM)
            assert ended_with(child) == 0
            new = lines(decisions)[before:]
            assert new[0] == (tail, None) and new[1][1] == {"time": new[1][1]["time"], "action": "log", "reason": "torn-line", "octets": len(tail)}
            assert len(new) >= 4 and all(what and len(what) == 13 for _, what in new[2:])  # sessions and triggers
            words = [line for line, _ in lines(log)]
            at = words.index(tail)
            assert words[at + 1].endswith(b"mtc-iwfd warn log: the line before this one is torn: written of it: %d bytes" % len(tail))
            assert [line for line, _ in lines(out) if line.startswith(b"ready ")][n:]  # not glued to it
    assert sum(what is None for _, what in lines(decisions)) == 2


def test_a_decision_log_that_is_full_is_named_and_what_it_missed_is_said_at_the_end(own_lab):
    p = own_lab
    log = os.path.join(p.lab["dir"], "again.log")
    with Again(p, (p.lab["logs"]["decisions"], "/dev/full")) as again:
        with open(log, "wb") as stderr:
            child = again.start(stdout=subprocess.DEVNULL, stderr=stderr)
        assert served(p) == 0  # decisions stand
        reason = next(r for r in p.ctl("health", check=False)[-1]["reasons"] if r["reason"] == "decisions-failing")
        assert "/dev/full" in reason["text"] and "No space left on device" in reason["text"]
        row = next(r for r in p.ctl("status")[-1]["written"] if r["name"] == "decision log")
        assert (row["path"], row["state"], row["lost"]) == ("/dev/full", "full", 0)  # they wait
        child.send_signal(signal.SIGTERM)
        assert ended_with(child) == 0
    with open(log, encoding="ascii") as f:
        text = f.read()
    assert "the decision log /dev/full cannot be written: No space left on device" in text
    assert re.search(r"error core: lost: [1-9]\d* decisions?; /dev/full cannot be written: No space left on device", text)


def test_a_second_signal_does_not_wait_for_who_does_not_answer(own_lab):
    with Again(own_lab, ("reconnect: 1s", "reconnect: 1s, disconnect_wait: 60s")) as again:
        child = again.start(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        s = Scs.opened(own_lab)
        child.send_signal(signal.SIGTERM)
        child.send_signal(signal.SIGINT)  # at once, as timeout(1) signals twice: one request
        s.expect(D.DPR, True)  # not answered
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(1.2)
        child.send_signal(signal.SIGINT)
        assert ended_with(child) == 0


class Element:
    """An element of a laboratory that is up, started once more in another way, at the same port."""

    def __init__(self, p, name, change=None, more=(), **how):
        was = entry(p, name)
        command = [*was["command"], *more]
        if change:
            port = proc.wait_ready(was)[1]
            with open(command[-1], encoding="utf-8") as f:
                text = f.read().replace("port: 0", f"port: {port}")
            command[-1] = os.path.join(p.lab["dir"], "again-" + name + ".yaml")
            proc.write(command[-1], text + change + "\n")
        assert proc.end([was]) == []
        self.p, self.child = p, subprocess.Popen(command, start_new_session=True, **how)

    def __enter__(self):
        proc.wait_until("peers are open", lambda: {r["state"] for r in self.p.ctl("peers") if "state" in r} == {"open"})
        return self.child

    def __exit__(self, *error):
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait(proc.HANG_S)


@pytest.mark.parametrize("name", ["mtc-hss", "mtc-smssc"])
def test_an_element_whose_log_nobody_reads_answers_and_ends(own_lab, name):
    r, w = small_pipe()
    with Element(own_lab, name, "log: { level: debug, queue: 4096 }", stdout=w, stderr=w) as child:
        os.close(w)
        s = Scs.opened(own_lab)
        for i in range(200):  # a line or more each, in a pipe and a queue of 4 KiB
            assert request_status(s.dar(action(device="meter-7@a.example", validity=None))) == 0, i
        child.send_signal(signal.SIGTERM)
        assert ended_with(child) == 0
        s.close()
    os.close(r)


def connected(p):
    """False also while its control socket is not there yet."""
    try:
        return json.loads(p.ue("status"))["connected"]
    except proc.LabError:
        return False


def test_events_that_nobody_reads_are_counted_and_told(own_lab):
    r, w = small_pipe()
    log = os.path.join(own_lab.lab["dir"], "log", "ue-again.log")
    with open(log, "wb") as stderr, Element(own_lab, "mtc-ue", more=["--queue", "4096"], stdout=w, stderr=stderr) as child:
        os.close(w)
        proc.wait_until("devices are registered", lambda: connected(own_lab))

        def status():
            return json.loads(own_lab.ue("status"))
        s, sent = Scs.opened(own_lab), 0
        while status()["events_lost"] < 5:
            assert request_status(s.dar(action(device="meter-7@a.example", validity=600))) == 0
            sent += 1
            assert sent < 500
        proc.wait_until("all have come to the device", lambda: status()["triggers"] == sent)
        lost, seen = status()["events_lost"], []
        with open(r, encoding="ascii") as events:
            while len(seen) < sent - lost:
                event = json.loads(events.readline())
                seen += [event] if event["event"] == "trigger" else []
            with open(log, encoding="ascii") as told:  # in one gap or in several
                words = []

                def sum_told():
                    words.append(told.read())
                    return sum(int(n) for n in re.findall(r"(\d+) events? lost", "".join(words)))
                proc.wait_until("the log tells of all", lambda: sum_told() == lost)
            child.send_signal(signal.SIGTERM)
            assert events.read() == ""
        assert ended_with(child) == 0
        s.close()


def test_an_scs_whose_output_nobody_reads_can_be_ended(own_lab):
    r, w = small_pipe()
    os.write(w, b"x" * 4096)
    child = subprocess.Popen(own_lab.scs_command("listen", "acme"), stdin=subprocess.DEVNULL, stdout=w, stderr=subprocess.DEVNULL)
    os.close(w)
    try:
        proc.wait_until("it is connected", lambda: own_lab.sessions("acme"))
        child.send_signal(signal.SIGTERM)  # once: the second one ends a process at any place
        assert child.wait(proc.HANG_S) == 1
    finally:
        if child.poll() is None:
            child.kill()
            child.wait(proc.HANG_S)
    os.close(r)


@pytest.mark.parametrize("name, number", [("mtc-hss", signal.SIGQUIT), ("mtc-smssc", signal.SIGQUIT), ("mtc-ue", signal.SIGQUIT)])
def test_an_element_ends_in_order_on_the_signals_of_a_terminal(own_lab, name, number):
    was = entry(own_lab, name)
    os.killpg(was["pid"], number)
    watch = Watch()
    proc.wait_until("it has ended", lambda: not proc.alive(was))
    assert watch.took() < STOP_S
    with open(own_lab.lab["logs"][name], encoding="utf-8") as f:
        assert f"ending on signal {int(number)}" in f.read()
    if name != "mtc-ue":
        with open(own_lab.lab["logs"]["mtc-iwfd"], encoding="utf-8") as f:
            assert "disconnects with cause REBOOTING (0)" in f.read()
