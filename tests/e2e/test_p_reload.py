"""Act sixteen, third scene: the configuration is read again while the gateway runs. What can change does, what cannot is named, a bad file changes
nothing, and no session is lost that the new file still permits."""
import hashlib
import os
import re
import resource
import signal
import socket
import subprocess
import threading
import time

import pytest

from lablib import lab as L
from lablib import proc
from lablib.pki import Pki
from support.core import core, next_core, peers_open
from support.hands import Smssc
from support.pace import Watch
from support.t4 import T4


class Conf:
    """The file of the gateway."""

    def __init__(self, p):
        self.p, self.path = p, p.lab["iwf"]["config"]
        with open(self.path, encoding="utf-8") as f:
            self.first = f.read()

    def put(self, text):
        proc.write(self.path, text)

    def with_(self, *changes, more=""):
        """The first text with some changes: (from, to)."""
        text = self.first
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new, 1)
        self.put(text + more)

    def reload(self, *words):
        """(rows as "kind text", last line)."""
        rows = self.p.ctl("reload", *words, check=False)
        return [f"{r['kind']} {r['text']}" for r in rows if "kind" in r], rows[-1]

    def taken(self, *changes, more=""):
        self.with_(*changes, more=more)
        before = core(self.p)
        rows, last = self.reload()
        assert last["ok"], (rows, last)
        if [r for r in rows if "the core is restarted" in r]:
            proc.wait_until("another core is there", lambda: core(self.p) not in (None, before) and self.p.ctl("status", check=False))
        return rows, last

    def listener(self, name, port, zone="external", protection="tls"):
        """A further listener, as lines of the file."""
        files = ""
        if protection == "tls":
            files = re.search(r"    certificate: .*\n    key: .*\n", self.first).group(0)
        return (f"  - name: {name}\n    zone: {zone}\n    protection: {protection}\n    address: {self.p.lab['iwf']['tsp']['address']}\n"
                f"    port: {port}\n{files}peers:\n")


@pytest.fixture(name="conf")
def fixture_conf(lab):
    c = Conf(lab)
    yield c
    lab.end_background()
    c.put(c.first)
    rows, last = c.reload()
    assert last["ok"] and not [r for r in rows if r.startswith("restart")], rows
    proc.wait_until("both edges have it", lambda: len(files_of_edges(lab)) == 1 and len(lab.edges()) == 2)
    peers_open(lab)


def files_of_edges(p):
    """Which files the edges have. Of a core that this reload starts anew there is no answer."""
    rows = p.ctl("status", check=False)
    return {e["files"] for e in rows[-1].get("edges", [])} if rows else set()


def status(p):
    return p.ctl("status")[-1]


def address(p):
    return p.lab["iwf"]["tsp"]["address"]


def free_port(p):
    with socket.socket() as s:
        s.bind((address(p), 0))
        return s.getsockname()[1]


def at(p, port):
    """What mtc-scs is told to connect to another listener."""
    return f"{address(p)}:{port}"


def peer_rows(p):
    return {r["address"]: r for r in p.ctl("peers", check=False) if "state" in r}


def log(p):
    with open(p.lab["logs"]["mtc-iwfd"], encoding="utf-8", errors="replace") as f:
        return f.read()


def test_the_status_says_which_file_is_in_force(lab, conf):
    p = lab
    before = status(p)["configuration"]
    assert before["digest"] == hashlib.sha256(conf.first.encode()).hexdigest() and before["other_on_disk"] is False
    conf.put(conf.first + "# a word\n")
    proc.wait_until("the file is another one", lambda: status(p)["configuration"]["other_on_disk"])
    rows, last = conf.reload("--dry-run")
    assert not [r for r in rows if not r.startswith("warning")] and last["ok"] and last["dry_run"] and last["changed"] == 0
    assert status(p)["configuration"]["digest"] == before["digest"]
    assert conf.reload()[1]["ok"]
    after = status(p)["configuration"]
    assert after["digest"] == hashlib.sha256((conf.first + "# a word\n").encode()).hexdigest()
    assert after["read"] > before["read"] and after["other_on_disk"] is False


def test_a_dry_run_says_what_would_change_and_what_waits(lab, conf):
    p = lab
    generation = status(p)["files_generation"]
    conf.with_(("edges: 2", "edges: 3"), more="limits: { payload: 64 }\njournal: { lazy: 100ms }\n")
    rows, last = conf.reload("--dry-run")
    assert last["ok"] and last["dry_run"] and (last["changed"], last["restart"]) == (2, 1)
    assert "change limits.payload: 1024 -> 64" in rows and "restart edges: 2 -> 3" in rows
    assert "change journal.lazy: 200ms -> 100ms (the core is restarted)" in rows
    assert status(p)["files_generation"] == generation
    assert p.trigger("acme", device="meter-10@a.example", payload="x" * 100).status == "SUCCESS"


def test_limits_and_the_log_level_change_at_once_and_the_rest_is_named(lab, conf):
    p = lab
    before = core(p)
    listener = p.listen("beta")
    rows, last = conf.taken((f"state_dir: {p.lab['dir']}/iwf", f"state_dir: {p.lab['dir']}/other"), ("level: info", "level: debug"),
                            more="limits: { payload: 64 }\n")
    assert f"restart state_dir: {p.lab['dir']}/iwf -> {p.lab['dir']}/other" in rows
    assert (last["changed"], last["restart"]) == (2, 1)
    assert p.trigger("acme", device="meter-11@a.example", payload="x" * 100).status != "SUCCESS"
    assert p.trigger("acme", device="meter-11@a.example", payload="x" * 60).status == "SUCCESS"
    assert " debug " in log(p)
    assert {d["rule"] for d in p.decisions(action="configuration")} >= {"limits.payload: 1024 -> 64", "log.level: info -> debug"}
    assert p.decisions(action="configuration")[-1]["address"] == f"uid {os.getuid()}"
    assert core(p) == before and listener.alive() and len(listener.events("ready")) == 1


def test_sctp_in_user_space_waits_for_a_start(conf):
    """A parent that runs may make no UDP socket to try the address with."""
    inside = conf.listener("inside", 3868, zone="internal", protection="none").replace("    port", "    transport: sctp-udp\n    port", 1)
    conf.with_(("peers:\n", inside))
    rows, last = conf.reload("--dry-run")
    if [r for r in rows if "this build has no SCTP in user space" in r]:
        pytest.skip("this build has no SCTP in user space")
    assert last["ok"] and last["restart"] == 1 and [r for r in rows if r.startswith("restart listen[inside]: added")], (rows, last)


def test_fewer_connections_than_there_are_end_none(lab, conf):
    p = lab
    three = [p.listen("beta") for _ in range(3)]
    conf.taken(more="limits: { connections_per_scs: 2, probe_wait: 100ms }\n")
    assert len(p.sessions("beta")) == 3 and all(s.alive() for s in three)
    assert p.trigger("beta", device="meter-1@b.example").code != 0  # the next one is refused
    assert len(p.sessions("beta")) == 3
    for s in three:
        s.end()
    assert p.trigger("beta", device="meter-1@b.example").event("answer")


def test_a_screening_row_changes_and_what_the_operator_set_stays(lab, conf):
    p = lab

    def rule(row):
        return next((r["mode"], r["from"]) for r in p.ctl("screen", "list") if r.get("row") == row)
    p.ctl("screen", "set", "agents", "detect")
    conf.taken(more="screening: { destination_realm: { mode: detect }, agents: { answer: 5012 } }\n")
    assert rule("destination_realm") == ("detect", "configuration") and rule("agents") == ("detect", "run time")
    assert [d for d in p.decisions(action="screening", address="configuration") if d["rule"].startswith("destination_realm: detect")]
    conf.taken()
    assert rule("destination_realm") == ("enforce", "preset")
    p.ctl("screen", "set", "agents", "default")


def test_a_listener_comes_moves_and_goes(lab, conf):
    p = lab
    first, second = free_port(p), free_port(p)
    old = p.listen("beta")
    rows, _ = conf.taken(("peers:\n", conf.listener("more", first)))
    assert "change listen[more]: added" in rows
    assert first in [r["port"] for r in status(p)["listeners"]]
    new = p.start("listen-more", [w if w != at(p, p.lab["iwf"]["tsp"]["port"]) else at(p, first) for w in p.scs_command("listen", "acme")])
    new.wait_event("ready")
    assert {s["listener"] for s in p.sessions()} == {"tsp", "more"}
    conf.taken(("peers:\n", conf.listener("more", second)))  # it moves: those of the old port are ended within a second
    watch = Watch()
    proc.wait_until("its session has ended", lambda: not p.sessions("acme") or p.sessions("acme")[0]["listener"] != "more" or not new.alive())
    assert watch.took() < 2
    p.wait_decision(action="session", reason="listener-removed", scs="acme")
    with pytest.raises(OSError):
        socket.create_connection((address(p), first), proc.HANG_S)
    socket.create_connection((address(p), second), proc.HANG_S).close()
    conf.taken()
    with pytest.raises(OSError):
        socket.create_connection((address(p), second), proc.HANG_S)
    assert [r["name"] for r in status(p)["listeners"]] == ["tsp"]
    assert old.alive() and len(old.events("ready")) == 1  # nothing of this was about it


def test_a_port_in_use_changes_nothing(lab, conf):
    p = lab
    with socket.socket() as s:
        s.bind((address(p), 0))
        s.listen()
        port = s.getsockname()[1]
        conf.with_(("peers:\n", conf.listener("more", port)), more="limits: { payload: 64 }\n")
        for words in ((), ("--dry-run",)):
            rows, last = conf.reload(*words)
            assert not last["ok"] and "nothing is changed" in last["error"]
            assert any(row.startswith(f"error listener more cannot be opened: {address(p)}:{port}: Address already in use: another program has") for row in rows)
    assert p.trigger("acme", device="meter-12@a.example", payload="x" * 100).status == "SUCCESS"
    assert [r["name"] for r in status(p)["listeners"]] == ["tsp"]
    assert p.decisions(action="configuration")[-1]["reason"] == "invalid"


def test_a_bad_file_names_all_its_errors_and_changes_nothing(lab, conf):
    p = lab
    conf.with_(("edges: 2", "edges: none"), ("zone: external", "zone: outer"), more="limits: { payload: 64 }\nmoon: 1\n")
    rows, last = conf.reload()
    text = "\n".join(rows)
    assert not last["ok"] and "errors: 3" in last["error"]
    for words in ("edges is 'none'", "listen[0].zone is 'outer'", "unknown key 'moon'"):
        assert words in text
    conf.with_(more="limits: { payload: 64 }\nhalf: [")  # somebody is still writing
    assert not conf.reload()[1]["ok"]
    os.rename(conf.path, conf.path + ".away")
    rows, last = conf.reload()
    assert not last["ok"] and "cannot be read" in rows[0]
    os.rename(conf.path + ".away", conf.path)
    assert p.trigger("acme", device="meter-13@a.example", payload="x" * 100).status == "SUCCESS"


def test_sighup_does_the_same(lab, conf):
    p = lab
    conf.with_(more="limits: { payload: 64 }\n")
    os.kill(p.lab["iwf"]["pids"]["parent"], signal.SIGHUP)
    p.wait_decision(action="configuration", address="SIGHUP", rule="limits.payload: 1024 -> 64")
    assert p.trigger("acme", device="meter-14@a.example", payload="x" * 100).status != "SUCCESS"


def test_an_anchor_that_goes_takes_its_sessions_with_it(lab, conf):
    p = lab
    acme, beta = p.listen("acme"), p.listen("beta")
    anchor = re.search(r"  - \{ name: anchor-b, .*\n", conf.first).group(0)
    rows, _ = conf.taken((anchor, ""))
    assert "change trust_anchors[anchor-b]: removed" in rows
    watch = Watch()
    p.wait_decision(action="session", reason="anchor-removed", scs="beta")
    proc.wait_until("its session has ended", lambda: not p.sessions("beta"))
    assert watch.took() < 2
    assert p.trigger("beta", device="meter-1@b.example").code == 4
    assert acme.alive() and len(acme.events("ready")) == 1 and len(p.sessions("acme")) == 1
    conf.taken()
    assert p.trigger("beta", device="meter-1@b.example").event("answer")


def test_revocation_begins_for_the_sessions_that_are_open(lab, conf):
    """An anchor gets its first CRL: who is listed there loses the session, and who is not keeps it, also over a new core."""
    p, made = lab, Pki(os.path.join(lab.lab["dir"], "pki"))
    acme = p.listen("acme")
    p.listen("beta")
    for name, revoked in (("anchor-a", []), ("anchor-b", ["beta"])):
        made.crl(name, revoked)
    conf.taken(*[(f"{name}.pem }}", f"{name}.pem, crl: [ {made.path(name + '.crl')} ] }}") for name in ("anchor-a", "anchor-b")])
    watch = Watch()
    p.wait_decision(action="session", reason="certificate-revoked", scs="beta")
    assert watch.took() < 2
    next_core(p)
    proc.wait_until("it knows the session", lambda: [s["scs"] for s in p.sessions()] == ["acme"])
    assert acme.alive() and len(acme.events("ready")) == 1 and len(p.edges()) == 2


def test_peers_come_and_requests_follow_when_they_are_open(lab, conf):
    """A relay of octets in front of the HSS is another peer: another address, the same node."""
    p = lab
    hss = p.lab["hss"]
    old = (hss["address"], hss["port"])
    relay = Relay(old)
    try:
        rows, _ = conf.taken((f"address: {hss['address']}\n    port: {hss['port']}", f"address: {relay.address}\n    port: {relay.port}"))
        assert f"change peers[hss].port: {hss['port']} -> {relay.port}" in rows
        shown = lambda: {a: r["state"] for a, r in peer_rows(p).items() if r["name"] == "hss"}  # noqa: E731
        proc.wait_until("only the new one is left", lambda: shown() == {f"{relay.address}:{relay.port}": "open"})
        assert p.trigger("acme", device="meter-15@a.example").status == "SUCCESS"
        assert relay.octets > 0
    finally:
        conf.taken()
        proc.wait_until("the first one is back", lambda: shown() == {f"{old[0]}:{old[1]}": "open"})
        relay.end()


class Relay:
    """Hands octets on, both ways; an own port for a node that has one already."""

    def __init__(self, to):
        self.to, self.octets, self.server = to, 0, socket.create_server(("127.0.0.1", 0))
        self.address, self.port = self.server.getsockname()
        self.socks = []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                one, _ = self.server.accept()
            except OSError:
                return
            two = socket.create_connection(self.to)
            self.socks += [one, two]
            for a, b in ((one, two), (two, one)):
                threading.Thread(target=self.copy, args=(a, b), daemon=True).start()

    def copy(self, a, b):
        try:
            while data := a.recv(65536):
                self.octets += len(data)
                b.sendall(data)
        except OSError:
            pass
        for s in (a, b):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def end(self):
        for s in [self.server, *self.socks]:
            s.close()


def test_what_only_a_new_core_can_take_brings_one_and_no_session_ends(lab, conf):
    p = lab
    listener = p.listen("beta")
    rows, last = conf.taken(more="journal: { lazy: 100ms }\n")
    assert "change journal.lazy: 200ms -> 100ms (the core is restarted)" in rows and last["changed"] == 1
    peers_open(p)
    proc.wait_until("it knows the session", lambda: len(p.sessions("beta")) == 1)
    assert listener.alive() and len(listener.events("ready")) == 1
    assert p.trigger("acme", device="meter-16@a.example").status == "SUCCESS"


def test_a_process_that_dies_in_the_middle_starts_with_the_new_one(lab, conf):
    p = lab
    for number, victim in enumerate(("core", "edge", "core")):
        pid = core(p) if victim == "core" else min(p.edges().values())
        os.kill(pid, signal.SIGSTOP)  # it cannot take it
        conf.with_(more=f"limits: {{ payload: {64 + number} }}\n")
        heard = log(p).count("decision log opened again")
        os.kill(p.lab["iwf"]["pids"]["parent"], signal.SIGHUP)
        proc.wait_until("it is under way", lambda n=heard: log(p).count("decision log opened again") > n)
        os.kill(pid, signal.SIGKILL)
        proc.wait_until("the next one is there", lambda old=pid: old not in [core(p), *p.edges().values()] and len(p.edges()) == 2)
        peers_open(p)
        proc.wait_until("all have it", lambda: len({e["files"] for e in status(p)["edges"]} | {status(p)["files_generation"]}) == 1)
        for _ in range(2):
            assert p.trigger("acme", device="meter-17@a.example", payload="x" * (65 + number)).status != "SUCCESS"
        assert p.trigger("acme", device="meter-17@a.example", payload="x" * 60).status == "SUCCESS"


def test_what_is_changed_while_a_core_starts_comes_into_force(lab, conf):
    """The core that starts has the configuration of before, and no message brings it what only a start can take."""
    p = lab
    parent = p.lab["iwf"]["pids"]["parent"]
    heard = log(p).count("of the files is in use")
    conf.with_(more="journal: { lazy: 100ms }\n")
    before = children(parent)
    os.kill(core(p), signal.SIGKILL)
    starting = proc.wait_until("the next one starts", lambda: children(parent) - before).pop()
    os.kill(starting, signal.SIGSTOP)
    os.kill(parent, signal.SIGHUP)
    proc.wait_until("it is taken", lambda: log(p).count("of the files is in use") > heard)
    os.kill(starting, signal.SIGCONT)
    proc.wait_until("another one is there", lambda: core(p) not in (None, starting))
    p.wait_decision(action="configuration", address="SIGHUP", rule="journal.lazy: 200ms -> 100ms (the core is restarted)")
    assert f"core (pid {starting}) ends and is restarted with the new configuration" in log(p)


class NoMemory:
    """The process gets no more memory: it cannot take another configuration, and says so."""

    def __init__(self, pid):
        self.pid = pid

    def __enter__(self):
        with open(f"/proc/{self.pid}/statm", encoding="ascii") as f:
            pages = int(f.read().split()[0])
        self.before = resource.prlimit(self.pid, resource.RLIMIT_AS, (pages * resource.getpagesize(), resource.RLIM_INFINITY))

    def __exit__(self, *_):
        try:
            resource.prlimit(self.pid, resource.RLIMIT_AS, self.before)
        except ProcessLookupError:
            pass


def sleeps(pid):
    """It did nothing for a moment: what it had to send is sent."""
    def look():
        with open(f"/proc/{pid}/stat", encoding="ascii") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        with open(f"/proc/{pid}/status", encoding="ascii") as f:
            switches = re.findall(r"ctxt_switches:\s*(\d+)", f.read())
        return fields[0], fields[11:13], switches
    before = look()
    time.sleep(0.02)
    return before[0] == "S" and look() == before


def one_refuses(p, pid, is_edge):
    """SIGHUP, and this process alone refuses, once: it is held until the others have the new one, and the parent while it refuses."""
    parent, said = p.lab["iwf"]["pids"]["parent"], log(p).count("that the parent hands out cannot be used")
    taken = log(p).count("listener more is ready")
    os.kill(pid, signal.SIGSTOP)
    os.kill(parent, signal.SIGHUP)
    proc.wait_until("it is under way", lambda: log(p).count("listener more is ready") > taken)
    if is_edge:  # it gets it after the core
        proc.wait_until("the other edge has it", lambda: len({e["files"] for e in status(p)["edges"]}) == 2)
    proc.wait_until("the parent waits for its answer", lambda: all(sleeps(parent) for _ in range(5)))
    os.kill(parent, signal.SIGSTOP)
    try:
        with NoMemory(pid):
            os.kill(pid, signal.SIGCONT)
            proc.wait_until("it refuses", lambda: log(p).count("that the parent hands out cannot be used") > said)
    finally:
        os.kill(parent, signal.SIGCONT)


no_asan = pytest.mark.skipif("asan" in os.environ.get("MTC_BUILD", ""), reason="with a sanitizer a process that gets no memory ends")


def as_before(p, before):
    """All processes have the configuration of then, as the next set."""
    after = proc.wait_until("all have one set", lambda: same_set(p, before))
    mine, theirs = after["configuration"], before["configuration"]
    assert (mine["digest"], mine["read"], mine["other_on_disk"]) == (theirs["digest"], theirs["read"], True)
    assert [r["name"] for r in after["listeners"]] == [r["name"] for r in before["listeners"]]
    for number in range(4):  # whichever edge and core it is
        assert p.trigger("acme", device=f"meter-{41 + number}@a.example", payload="x" * 100).status == "SUCCESS"
    assert p.decisions(action="configuration")[-1]["reason"] == "invalid"


def same_set(p, before):
    rows = p.ctl("status", check=False)
    sets = {e["files"] for e in rows[-1]["edges"]} if rows and len(p.edges()) == 2 else set()
    return rows[-1] if sets and sets == {rows[-1]["files_generation"]} and rows[-1]["files_generation"] > before["files_generation"] else None


@no_asan
@pytest.mark.parametrize("who", ["core", "edge", "keyholder"])
def test_what_one_process_refuses_no_process_keeps(lab, conf, who):
    """All have the configuration before again, the one that refused included; no process and no session ends."""
    p = lab
    port, before, listener = free_port(p), status(p), p.listen("beta")
    pid = {"core": core(p), "edge": max(p.edges().values()), "keyholder": before["keyholders"][0]["pid"]}[who]
    all_pids = children(p.lab["iwf"]["pids"]["parent"])
    conf.with_(("peers:\n", conf.listener("more", port)), ("level: info", "level: debug"), more="limits: { payload: 64 }\n")
    one_refuses(p, pid, who == "edge")
    proc.wait_until("the log says who, and why", lambda: [line for line in log(p).splitlines() if f"pid {pid}" in line and "reload: " in line and
                    re.search(r"it cannot read the .* \(.*\); all processes have the configuration before again", line)])
    as_before(p, before)
    with pytest.raises(OSError):
        socket.create_connection((address(p), port), proc.HANG_S)
    assert children(p.lab["iwf"]["pids"]["parent"]) == all_pids
    assert listener.alive() and len(listener.events("ready")) == 1 and len(p.sessions("beta")) == 1
    rows, last = conf.reload()  # the same file again, and nobody refuses it
    assert last["ok"] and "change limits.payload: 1024 -> 64" in rows, (rows, last)
    socket.create_connection((address(p), port), proc.HANG_S).close()


@no_asan
def test_a_process_that_can_take_neither_is_ended_and_what_went_comes_back(lab, conf):
    """The answer names it; the socket of a listener that the file lacks was kept until all had said yes."""
    p, port = lab, free_port(lab)
    conf.taken(("peers:\n", conf.listener("more", port)))
    before = status(p)
    edge = max(p.edges().values())
    with NoMemory(edge):
        conf.put(conf.first)
        rows, last = conf.reload()
    errors = [r for r in rows if r.startswith("error")]
    assert not last["ok"] and len(errors) == 1 and f"pid {edge}" in errors[0] and "it cannot read the c" in errors[0], (rows, last)
    as_before(p, before)
    assert edge not in p.edges().values()
    new = p.start("listen-more", [w if w != at(p, p.lab["iwf"]["tsp"]["port"]) else at(p, port) for w in p.scs_command("listen", "acme")])
    new.wait_event("ready")
    assert {s["listener"] for s in p.sessions("acme")} == {"more"}


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        return {int(child) for child in f.read().split()}


def test_another_smssc_gets_no_copy_and_the_first_one_still_reports(lab, conf):
    """The SMS-SC hangs, so another one is named. It does not know what was sent before: a copy would wake the device twice."""
    p, host = lab, f"smssc2.{L.CORE_REALM}"
    with socket.create_server(("127.0.0.1", 0)) as server:
        more = ("peers:\n", f"peers:\n  - {{ name: other, host: {host}, realm: {L.CORE_REALM}, address: 127.0.0.1, "
                f"port: {server.getsockname()[1]}, protection: none }}\n")
        first = (f"{L.SMSSC_HOST} }}", f"{L.SMSSC_HOST}, answer_wait: 2s }}")
        conf.taken(more, first)
        server.settimeout(proc.HANG_S)
        other = Smssc(server.accept()[0], host, L.CORE_REALM, T4)
    other.accept_open()
    peers_open(p, 3)
    os.kill(p.lab["smssc"]["pid"], signal.SIGSTOP)
    try:
        slow = p.start("slow", p.scs_command("trigger", "acme", device="meter-18@a.example", payload="x"))
        proc.wait_until("it was asked", lambda: [r for r in peer_rows(p).values() if r["name"] == "smssc" and r["pending"]])
        conf.taken(more, ("peer: smssc, ", "peer: other, "), (first[0], f"{host}, answer_wait: 2s }}"))
        assert slow.wait_event("answer")["request_status"] == "TEMPORARYERROR"
        assert other.silent()
    finally:
        os.kill(p.lab["smssc"]["pid"], signal.SIGCONT)
    quick = p.start("quick", p.scs_command("trigger", "acme", device="meter-19@a.example", payload="x"))
    dtr = other.take()
    other.accept(dtr)
    assert quick.wait_event("answer")["request_status"] == "SUCCESS"
    conf.taken(more, first)
    proc.wait_until("requests go to the first one", lambda: "requests go to peer smssc now" in log(p))
    assert other.report(dtr).result == 2001
    other.close()


def test_a_core_started_anew_gives_another_smssc_no_copy(lab, conf):
    """The same, and the reload also starts the core anew: the journal says which peer had the request."""
    p, host = lab, f"smssc2.{L.CORE_REALM}"
    with socket.create_server(("127.0.0.1", 0)) as server:
        more = ("peers:\n", f"peers:\n  - {{ name: other, host: {host}, realm: {L.CORE_REALM}, address: 127.0.0.1, "
                f"port: {server.getsockname()[1]}, protection: none }}\n")
        conf.taken(more)
        server.settimeout(proc.HANG_S)
        other = Smssc(server.accept()[0], host, L.CORE_REALM, T4)
        other.accept_open()
        peers_open(p, 3)
        os.kill(p.lab["smssc"]["pid"], signal.SIGSTOP)
        try:
            p.start("slow", p.scs_command("trigger", "acme", device="meter-38@a.example", payload="x", validity=600))
            proc.wait_until("it was asked", lambda: [r for r in peer_rows(p).values() if r["name"] == "smssc" and r["pending"]])
            conf.taken(more, ("peer: smssc, ", "peer: other, "), (f"{L.SMSSC_HOST} }}", f"{host} }}"), more="journal: { lazy: 100ms }\n")
            other.close()
            other = Smssc(server.accept()[0], host, L.CORE_REALM, T4)  # of the new core
            other.accept_open()
            proc.wait_until("the other one is open", lambda: [r for r in peer_rows(p).values() if r["name"] == "other" and r["state"] == "open"])
            quick = p.start("quick", p.scs_command("trigger", "acme", device="meter-39@a.example", payload="x"))
            dtr = other.take()  # the copy would have come first: it was resumed when this peer opened
            assert b"meter-39@" in dtr.octets
            other.accept(dtr)
            assert quick.wait_event("answer")["request_status"] == "SUCCESS"
            assert other.silent()
        finally:
            os.kill(p.lab["smssc"]["pid"], signal.SIGCONT)
    p.wait_decision(wait_s=proc.HANG_S, action="trigger", device="meter-38@a.example", verdict="accepted")  # the first one has answered the copy
    conf.taken(more)
    proc.wait_until("requests go to the first one", lambda: [r for r in peer_rows(p).values() if r["name"] == "smssc" and r["state"] == "open"])
    other.close()


def test_twenty_reloads_under_load_lose_nothing(lab, conf):
    """Limits, peers and listeners alternate while one SCS sends and another listens: each request is answered, no session ends."""
    p = lab
    port, hss = free_port(p), p.lab["hss"]
    relay = Relay((hss["address"], hss["port"]))
    there = (f"address: {hss['address']}\n    port: {hss['port']}", f"address: {relay.address}\n    port: {relay.port}")
    conf.taken(there)  # its port is new: later ones need no other core
    peers_open(p)
    beta = p.listen("beta")
    seen = len(p.decisions(action="trigger", verdict="refused"))
    load = p.start("load", p.scs_command("trigger", "acme", device="meter-{}@a.example", devices="20-40", payload="x", count=100000, window=4,
                                         rate=150))
    proc.wait_until("requests come", lambda: p.sessions("acme"))
    mine = p.sessions("acme")[0]["session"]
    try:
        for number in range(20):
            changes = [("peers:\n", conf.listener("more", port))] if number % 2 else []
            if number % 4 > 1:
                changes.append(there)
            conf.taken(*changes, more=f"limits: {{ payload: {500 + number}, pending_total: {1000 + number} }}\n")
        proc.wait_until("there was some load", lambda: len(p.decisions(action="trigger", scs="acme")) > 100)
    finally:
        conf.taken()
        hss_at = f"{hss['address']}:{hss['port']}"
        proc.wait_until("the HSS is where it was", lambda: [a for a, r in peer_rows(p).items() if r["name"] == "hss"] == [hss_at])
        relay.end()
    assert [s["session"] for s in p.sessions("acme")] == [mine] and load.alive()
    assert beta.alive() and len(beta.events("ready")) == 1 and len(p.sessions("beta")) == 1

    def done():
        return len([d for d in p.decisions(action="trigger") if d["scs"] == "acme" and d["device"] != "meter-17@a.example"])

    begun = done()
    assert begun > 5  # requests came between the reloads
    proc.wait_until("requests come as before", lambda: done() > begun + 50)
    assert not {d["reason"] for d in p.decisions(action="trigger", verdict="refused")[seen:]}


def waiting(p):
    rows = p.ctl("status", check=False)
    return rows[-1].get("configuration", {}).get("restart_needed") if rows else None


def test_the_status_says_what_waits_for_a_restart_until_it_is_changed_back(lab, conf):
    p = lab
    shown = [p.program("mtcctl"), "--socket", p.lab["iwf"]["ctl"], "status"]

    def texts():
        return [subprocess.run([*shown, *more], capture_output=True, text=True, check=True).stdout for more in ((), ("all",))]
    assert waiting(p) == []
    conf.taken(more="trace: { time_max: 9m }\nsandbox: off\n")
    item = next(i for i in waiting(p) if i.startswith("sandbox: "))
    assert item.endswith(" -> off") and waiting(p) == [item]
    first, everything = texts()
    assert "1 change of the configuration waits for a restart of mtc-iwfd: mtcctl status all" in " ".join(first.split()), first
    assert f"restart needed  {item}\n" in everything, everything
    rows, _ = conf.taken(more="trace: { time_max: 8m }\nsandbox: off\n")  # another reload takes something else
    assert f"restart {item}" in rows and waiting(p) == [item]
    conf.with_(more="nonsense: 1\n")  # one that is refused changes nothing
    assert not conf.reload()[1]["ok"] and waiting(p) == [item]
    before = core(p)
    os.kill(before, signal.SIGKILL)
    proc.wait_until("the next core says so", lambda: core(p) not in (None, before) and waiting(p) == [item])
    conf.taken(more="trace: { time_max: 8m }\n")
    assert waiting(p) == []
    assert not [t for t in texts() if "restart" in t]


@pytest.fixture
def nameless(labs):
    tool = os.path.join(os.environ.get("MTC_BUILD", os.path.join(L.ROOT, "build")), "tests", "tools", "names_hang.so")
    if not os.path.exists(tool):
        pytest.skip("a build with a sanitizer, which wants to be loaded first")
    p = labs.up(timers_more=", names: 8s", control_more=", console_user: root", under={"mtc-iwfd": ["env", f"LD_PRELOAD={tool}"]})
    yield p
    wrong = labs.down(p)
    assert not wrong, "\n".join(wrong)


def test_a_name_service_that_hangs_refuses_the_reload_and_holds_up_nothing_else(nameless):
    p, conf = nameless, Conf(nameless)
    before = status(p)["configuration"]["digest"]
    edges = p.edges()
    listener = p.listen("beta")
    group = "console_user: root", "console_user: root, console_groups: { read: silent }"
    conf.with_(group)
    asking = p.start("asking", [p.program("mtcctl"), "--socket", p.lab["iwf"]["ctl"], "--json", "reload"])
    proc.wait_until("a process asks", lambda: asks(p))
    victim = min(edges)
    os.kill(edges[victim], signal.SIGKILL)
    proc.wait_until("the parent starts another edge meanwhile", lambda: p.edges().get(victim) not in (None, edges[victim]))
    assert asks(p) and not asking.events(), "it was not meanwhile"
    proc.wait_until("it is refused", lambda: [e for e in asking.events() if e.get("done")])
    assert not asking.events()[-1]["ok"]
    said = [e["text"] for e in asking.events() if e.get("kind") == "error"]
    assert len(said) == 1 and "the name service of this machine did not answer within 8000 ms (timers.names)" in said[0], said
    proc.wait_until("the process that asked is ended", lambda: not asks(p))
    assert status(p)["configuration"]["digest"] == before
    proc.wait_until("it is counted", lambda: next(r["value"] for r in p.ctl("stats") if r.get("name") == "names_late") == 1)

    conf.with_(group)  # a second one is asked for while the first one waits: it follows, and reads the newest file
    os.kill(p.lab["iwf"]["pids"]["parent"], signal.SIGHUP)
    proc.wait_until("a process asks again", lambda: asks(p))
    conf.with_(more="limits: { payload: 77 }\n")
    rows, last = conf.reload()
    assert last["ok"] and [r for r in rows if r.startswith("change limits.payload: ")], (rows, last)
    assert log(p).count("did not answer within 8000 ms") == 2, "the first one had its time"

    conf.with_(group)  # and a shutdown does not wait for it
    os.kill(p.lab["iwf"]["pids"]["parent"], signal.SIGHUP)
    proc.wait_until("a process asks once more", lambda: asks(p))
    assert listener.alive()
    conf.put(conf.first)


def test_a_reload_ends_however_many_sighups_come(nameless):
    """The name service takes 2 s, and SIGHUPs come faster. All that come while one asks are one more, and a client's counts for them."""
    p, conf = nameless, Conf(nameless)
    parent = p.lab["iwf"]["pids"]["parent"]
    late = "console_user: root", "console_user: root, console_groups: { read: late }"
    follows = "reload: another one is under way, and this one follows it"

    def hup():
        heard = log(p).count("decision log opened again")
        os.kill(parent, signal.SIGHUP)
        proc.wait_until("it is heard", lambda: log(p).count("decision log opened again") > heard)

    def in_use():
        return log(p).count("of the files is in use")

    conf.with_(late, more="limits: { payload: 93 }\n")
    hup()
    proc.wait_until("a process asks", lambda: asks(p))
    before = in_use()
    proc.wait_until("the first one is taken while they go on coming", lambda: (hup(), in_use() > before)[1])
    assert "limits.payload: 1024 -> 93" in log(p) and "reload refused" not in log(p)

    asking = p.start("asking", [p.program("mtcctl"), "--socket", p.lab["iwf"]["ctl"], "--json", "reload"])
    proc.wait_until("it is answered", lambda: [e for e in asking.events() if e.get("done")])
    assert asking.events()[-1]["ok"], asking.events()
    proc.wait_until("nobody asks", lambda: not asks(p))

    said, before = log(p).count(follows), in_use()
    conf.with_(late, more="limits: { payload: 94 }\n")
    first = p.start("first", [p.program("mtcctl"), "--socket", p.lab["iwf"]["ctl"], "--json", "reload"])
    [held] = proc.wait_until("a process asks", lambda: asks(p))
    os.kill(held, signal.SIGSTOP)
    conf.with_(late, more="limits: { payload: 95 }\n")  # the first one has read the other file
    for _ in range(5):
        hup()
    os.kill(held, signal.SIGCONT)
    proc.wait_until("the client has its answer", lambda: [e for e in first.events() if e.get("done")])
    assert first.events()[-1]["ok"], "a SIGHUP ended the reload of a client"
    proc.wait_until("one more is taken", lambda: in_use() == before + 2)
    assert "limits.payload: 93 -> 94" in log(p) and "limits.payload: 94 -> 95" in log(p)
    proc.wait_until("nobody asks", lambda: not asks(p))
    assert conf.reload()[1]["ok"]
    assert log(p).count(follows) == said + 1 and in_use() == before + 2, "the five were more than one"
    conf.put(conf.first)


def test_a_parent_that_stood_still_takes_nobody_for_late(nameless):
    """The answers had no time either, or are there and unread: a machine that was suspended, a group that was frozen."""
    p, conf = nameless, Conf(nameless)
    parent, edge = p.lab["iwf"]["pids"]["parent"], min(p.edges().values())

    def reloads(label):
        return p.start(label, [p.program("mtcctl"), "--socket", p.lab["iwf"]["ctl"], "--json", "reload"])

    def answer(asking):
        proc.wait_until("it is answered", lambda: [e for e in asking.events() if e.get("done")])
        assert asking.events()[-1]["ok"], asking.events()
        return [e["text"] for e in asking.events() if e.get("kind") == "warning"]

    conf.with_(("console_user: root", "console_user: root, console_groups: { read: late }"), more="limits: { payload: 91 }\n")
    asking = reloads("frozen")
    proc.wait_until("a process asks", lambda: asks(p))
    frozen = [parent, *asks(p)]
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    time.sleep(10)  # what is played: longer than timers.names, and a second
    os.kill(parent, signal.SIGCONT)
    time.sleep(0.5)  # what is played: the parent is the first that runs
    os.kill(frozen[1], signal.SIGCONT)
    answer(asking)

    conf.with_(more="limits: { payload: 92 }\n")
    os.kill(edge, signal.SIGSTOP)
    asking = reloads("unread")
    proc.wait_until("the other edge has it", lambda: len(files_of_edges(p)) == 2)
    os.kill(parent, signal.SIGSTOP)
    time.sleep(7)  # what is played: longer than a set is waited for, and a second
    os.kill(parent, signal.SIGCONT)
    time.sleep(0.5)
    os.kill(edge, signal.SIGCONT)
    assert not [w for w in answer(asking) if "still uses set" in w]
    assert edge in p.edges().values()


def asks(p):
    """The processes that ask the name service."""
    found = []
    for pid in children(p.lab["iwf"]["pids"]["parent"]):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                found += [pid] if b"names" in f.read().split(b"\0") else []
        except OSError:
            pass
    return found
