"""Traces: what of the Diameter traffic is copied, what a reader of the file sees, and what a trace must not do."""
import itertools
import json
import os
import re
import signal
import socket
import struct
import subprocess
import time

import pytest
from lablib import lab as L
from lablib import proc
from support import diameter as D
from support.hands import Reader, lab_played
from support.tsp import Scs, action, request_status

references = itertools.count(26000)
LINKTYPE_UPPER_PDU = 252
SECTION, INTERFACE, STATISTICS, PACKET = 0x0a0d0d0a, 1, 5, 6


@pytest.fixture(scope="module")
def played(labs):
    with lab_played(labs, hss=True, iwf_more="trace: { time_max: 1h, buffer: 65536 }\n") as p:
        yield p


@pytest.fixture
def scs(played):
    s = Reader.opened(played)
    yield s
    s.close()


def run(p, *words, code=0, wait=proc.HANG_S):
    done = subprocess.run([p.program("mtcctl"), "--socket", p.lab["iwf"]["ctl"], *[str(w) for w in words]], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=wait, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout if code == 0 else done.stdout + done.stderr


def started(p, tmp_path, *words):
    path = str(tmp_path / f"{next(references)}.pcapng")
    run(p, "trace", "start", *words, "--pcap", path)
    return path


def stopped(p):
    run(p, "trace", "stop")
    return p.ctl("trace", "status")[0]


def acknowledged(p):
    return next(r["value"] for r in p.ctl("stats") if r.get("name") == "reports_acknowledged")


def reported(p, scs):
    """The report, once the core knows that its SCS has it: the copies that the edge made of both messages have come before."""
    before = acknowledged(p)
    got = scs.reported()
    proc.wait_until("the report is acknowledged", lambda: acknowledged(p) > before)
    return got


def triggered(p, scs, device="meter-171@a.example", **what):
    """One trigger from its DAR to the acknowledged report: its Reference-Number."""
    reference = next(references)
    scs.ask_later(action(device=device, reference=reference, **what))
    p.hss.know(p.hss.take(), L.imsi(171))
    dtr = p.sc.take()
    p.sc.accept(dtr)
    assert scs.answered() == 0
    p.sc.report(dtr)
    assert reported(p, scs) == (reference, 0)
    return reference


def options(octets):
    while len(octets) >= 4:
        code, n = struct.unpack("<HH", octets[:4])
        if not code:
            return
        yield code, octets[4:4 + n]
        octets = octets[4 + (n + 3 & ~3):]


def blocks(path):
    """Every block of the file as type and body: by lengths only, and to its last octet."""
    with open(path, "rb") as f:
        octets = f.read()
    while octets:
        kind, n = struct.unpack("<II", octets[:8])
        assert n % 4 == 0 and 12 <= n <= len(octets) and octets[n - 4:n] == octets[4:8]
        yield kind, octets[8:n - 4]
        octets = octets[n:]


def packets(path):
    """Of each packet: the tags in front of the message, the message, the options."""
    for kind, body in blocks(path):
        if kind != PACKET:
            continue
        n, tags = struct.unpack("<I", body[12:16])[0], {}
        data = body[20:20 + n]
        while struct.unpack(">H", data[:2])[0]:
            tag, size = struct.unpack(">HH", data[:4])
            tags[tag], data = data[4:4 + size], data[4 + size:]
        yield tags, data[4:], dict(options(body[20 + (n + 3 & ~3):]))


def messages(path):
    """The Diameter messages of the file: command, request?, octets."""
    return [(int.from_bytes(data[5:8], "big"), bool(data[4] & 0x80), data) for _, data, _ in packets(path)]


def ways(path):
    """{(command, request?): (from, to, sent by the gateway?, comment)} of the file."""
    out = {}
    for tags, data, more in packets(path):
        ends = [(socket.inet_ntoa(tags[ip]), int.from_bytes(tags[port], "big")) for ip, port in ((20, 25), (21, 26))]
        out[int.from_bytes(data[5:8], "big"), bool(data[4] & 0x80)] = (*ends, more[2] == b"\2\0\0\0", more[1].decode())
    return out


def read_by_tshark(path):
    """Of each packet: what tshark calls it, and what it finds wrong."""
    out = subprocess.run(["tshark", "-n", "-r", path, "-T", "json"], capture_output=True, check=True, timeout=proc.HANG_S).stdout
    layers = [packet["_source"]["layers"] for packet in json.loads(out)]
    text = json.dumps(layers).lower()
    assert "malformed" not in text and "_ws.lua" not in text and "[unreassembled" not in text, text
    assert all("diameter" in layer for layer in layers)
    return layers


DAR, DNR, SIR, DTR, DRR = 8388639, 8388640, 8388641, 8388643, 8388644
WHOLE = [(c, r) for c in (DAR, DNR, SIR, DTR, DRR) for r in (False, True)]


def test_a_trace_of_an_scs_has_every_message_of_its_trigger_and_tshark_reads_each(played, scs, tmp_path):
    path = started(played, tmp_path, "--scs", "acme")
    assert os.stat(path).st_mode & 0o777 == 0o600
    reference = triggered(played, scs, payload=b"never shown to anybody")
    triggered(played, scs)
    view = stopped(played)
    found = messages(path)
    assert sorted(set((c, r) for c, r, _ in found if c > 1000)) == sorted(WHOLE), view
    assert [sum(1 for m in found if m[:2] == what) for what in WHOLE] == [2] * 10
    assert view["messages"] == len(found) and view["lost"] == 0 and view["octets"] == os.stat(path).st_size
    layers = read_by_tshark(path)
    assert len(layers) == len(found)
    assert sum(1 for _, r, data in found if data.find(struct.pack(">I", reference)) >= 0) >= 4  # numbers stay
    with open(path, "rb") as f:
        octets = f.read()
    for secret in (b"never shown", b"meter-171", b"a.example;meter", L.imsi(171).encode()):
        assert secret not in octets, secret
    kinds = [kind for kind, _ in blocks(path)]
    assert kinds[:2] == [SECTION, INTERFACE] and kinds[-1] == STATISTICS and set(kinds[2:-1]) == {PACKET}


def test_the_same_device_has_the_same_digest_in_one_trace_and_another_in_the_next(played, scs, tmp_path):
    seen = []
    for _ in range(2):
        path = started(played, tmp_path, "--scs", "acme")
        triggered(played, scs)
        triggered(played, scs)
        stopped(played)
        ids = [re.findall(rb"\x00\x00\x0c\x27\xc0\x00\x00.\x00\x00\x28\xaf([a-z0-9@.-]+)", m) for _, _, m in messages(path)]
        names = {name for found in ids for name in found}
        assert len(names) == 1 and len(names & set(seen)) == 0
        seen += names
    assert all(len(n) == len("meter-171@a.example") and n[5:6] == b"-" and n[9:10] == b"@" for n in seen)


def test_unredacted_says_everything_and_names_itself(played, scs, tmp_path):
    path = started(played, tmp_path, "--scs", "acme", "--unredacted")
    triggered(played, scs, payload=b"shown this time")
    assert stopped(played)["unredacted"] is True
    with open(path, "rb") as f:
        octets = f.read()
    assert b"mtc-iwf trace, unredacted" in octets and b"meter-171@a.example" in octets and b"shown this time" in octets
    assert L.imsi(171).encode() in octets
    read_by_tshark(path)


def test_each_message_says_from_where_to_where(played, scs, tmp_path):
    path = started(played, tmp_path, "--scs", "acme")
    triggered(played, scs)
    stopped(played)
    seen, port = ways(path), scs.sock.getpeername()[1]
    assert seen[DAR, True][0] == seen[DAR, False][1] == seen[DNR, True][1] == seen[DNR, False][0] == scs.sock.getsockname()[:2]
    assert seen[DAR, True][1][1] == seen[DAR, False][0][1] == seen[DNR, True][0][1] == seen[DNR, False][1][1] == port
    addresses = {row["name"]: row["address"] for row in played.ctl("peers") if "name" in row}
    for command, peer in ((SIR, "hss"), (DTR, "smssc")):
        assert "%s:%d" % seen[command, True][1] == "%s:%d" % seen[command, False][0] == addresses[peer]
        assert seen[command, True][0] == seen[command, False][1] != seen[command, True][1] and seen[command, True][0][1]
        assert seen[command, True][3].startswith(f"peer {peer}, scs acme, transaction ")
    assert seen[DRR, True][:2] == seen[DTR, False][:2] and seen[DRR, False][:2] == seen[DTR, True][:2]
    sent = {what for what, way in seen.items() if way[2]}
    assert sent == {(DAR, False), (DNR, True), (SIR, True), (DTR, True), (DRR, False)}
    assert seen[DAR, True][3].startswith("scs acme, session ")


def test_an_scs_and_a_peer_together(played, scs, tmp_path):
    path = started(played, tmp_path, "--scs", "acme", "--peer", "hss")
    triggered(played, scs)
    stopped(played)
    assert [m[:2] for m in messages(path)] == [(SIR, True), (SIR, False)]


def test_a_filter_copies_what_matches_and_nothing_else(played, scs, tmp_path):
    beta = Scs.opened(played, "beta")
    for words in (["--device", "meter-172@a.example"], ["--scs", "beta"], ["--scs", "acme", "--trigger", "1"]):
        path = started(played, tmp_path, *words)
        triggered(played, scs)
        assert stopped(played)["messages"] == 0 and messages(path) == []
    path = started(played, tmp_path, "--device", "meter-172@a.example")
    triggered(played, scs)
    triggered(played, scs, device="meter-172@a.example")
    stopped(played)
    assert sorted(m[:2] for m in messages(path)) == sorted(WHOLE)
    read_by_tshark(path)
    beta.close()


def test_a_trace_of_one_trigger_follows_it_through_all_interfaces(played, scs, tmp_path):
    reference = next(references)
    path = started(played, tmp_path, "--scs", "acme", "--trigger", reference)
    triggered(played, scs)
    scs.ask_later(action(device="meter-171@a.example", reference=reference))
    played.hss.know(played.hss.take(), L.imsi(171))
    dtr = played.sc.take()
    played.sc.accept(dtr)
    assert scs.answered() == 0
    played.sc.report(dtr)
    reported(played, scs)
    stopped(played)
    found = [m[:2] for m in messages(path)]
    assert sorted(found) == sorted(WHOLE)
    # what one process copies is in order; the file takes the copies of an edge when they come
    assert [m for m in found if m[0] in (DAR, DNR)] == [(DAR, True), (DAR, False), (DNR, True), (DNR, False)]
    assert [m for m in found if m[0] not in (DAR, DNR)] == [(SIR, True), (SIR, False), (DTR, True), (DTR, False), (DRR, True), (DRR, False)]
    assert found[0] == (DAR, True)


def test_a_trace_of_a_peer_has_its_messages_alone(played, scs, tmp_path):
    path = started(played, tmp_path, "--peer", "hss")
    triggered(played, scs)
    stopped(played)
    assert {c for c, _, _ in messages(path) if c > 1000} == {SIR}
    layers = read_by_tshark(path)
    assert layers and all("tcp" not in layer for layer in layers)


def test_what_is_refused_at_the_edge_is_in_the_trace_of_its_scs(played, scs, tmp_path):
    path = started(played, tmp_path, "--scs", "acme")
    scs.send(D.message(D.DAR, D.TSP, 0xc0, scs.dar_avps([]), 77, 77))  # a Device-Action with nothing in it
    assert scs.expect(D.DAR, False).number(268) == 5005
    stopped(played)
    assert [m[:2] for m in messages(path)] == [(DAR, True), (DAR, False)]
    read_by_tshark(path)


def test_start_and_end_stand_in_the_decision_log_with_who(played, scs, tmp_path):
    started(played, tmp_path, "--scs", "acme", "--unredacted", "--seconds", 60)
    stopped(played)
    lines = played.decisions(action="trace", scs="acme")[-2:]
    assert [(line["reason"], line["address"], line["verdict"]) for line in lines] == [
        ("started", f"uid {os.getuid()}", "accepted"), ("ended", f"uid {os.getuid()}", "accepted")]
    assert "UNREDACTED" in lines[0]["rule"] and "at most 60 s" in lines[0]["rule"] and "stopped by uid" in lines[1]["rule"]


def test_bounds_hold(played, scs, tmp_path):
    path = started(played, tmp_path, "--scs", "acme", "--octets", 65536)
    for _ in range(60):
        triggered(played, scs, payload=b"p" * 200)
        view = played.ctl("trace", "status")[0]
        if not view["running"]:
            break
    assert not view["running"] and "size" in view["end"] and os.stat(path).st_size <= 65536
    read_by_tshark(path)
    path = started(played, tmp_path, "--scs", "acme", "--seconds", 1)
    for _ in range(600):
        view = played.ctl("trace", "status")[0]
        if not view["running"]:
            break
        time.sleep(0.1)  # the end of a second, whenever that comes
    assert view["end"] == "its time is over"
    assert "at most 3600" in run(played, "trace", "start", "--scs", "acme", "--seconds", 3601, "--pcap", tmp_path / "x", code=1)
    assert not os.path.exists(tmp_path / "x")


def test_one_at_a_time_and_only_what_exists(played, tmp_path):
    path = started(played, tmp_path, "--scs", "acme")
    said = run(played, "trace", "start", "--scs", "beta", "--pcap", tmp_path / "second", code=1)
    assert "one at a time" in said and not os.path.exists(tmp_path / "second")
    number = played.ctl("trace", "status")[0]["number"]
    assert f"trace {number + 1} does not run, trace {number} does" in run(played, "trace", "stop", number + 1, code=1)
    assert f"trace {number} has ended" in run(played, "trace", "stop", number)
    assert f"the last one was trace {number}" in run(played, "trace", "stop", number + 1, code=1)
    assert "exists already" in run(played, "trace", "start", "--scs", "acme", "--pcap", path, code=2)
    assert "no such SCS" in run(played, "trace", "start", "--scs", "nobody", "--pcap", tmp_path / "y", code=1)
    assert "no peer is named" in run(played, "trace", "start", "--peer", "nobody", "--pcap", tmp_path / "y", code=1)
    assert "needs a filter" in run(played, "trace", "start", "--pcap", tmp_path / "y", code=1)
    assert "its SCS" in run(played, "trace", "start", "--trigger", 4, "--pcap", tmp_path / "y", code=1)
    assert "device" in run(played, "trace", "start", "--device", "*@a.example", "--pcap", tmp_path / "y", code=1)
    assert "no trace runs" in run(played, "trace", "stop", code=1)
    assert not os.path.exists(tmp_path / "y")


def test_a_reader_that_stands_still_costs_copies_and_no_trigger(played, scs):
    """The file is a pipe that nobody reads: what does not fit is lost, counted and said."""
    read, write = os.pipe()
    child = subprocess.run([played.program("mtcctl"), "--socket", played.lab["iwf"]["ctl"], "trace", "start", "--scs", "acme",
                            "--unredacted", "--pcap", "-"], stdin=subprocess.DEVNULL, stdout=write, stderr=subprocess.PIPE, timeout=proc.HANG_S, check=False)
    os.close(write)
    assert child.returncode == 0, child.stderr
    for _ in range(400):
        triggered(played, scs, payload=b"q" * 1000)
        view = played.ctl("trace", "status")[0]
        if view["lost"]:
            break
    assert view["lost"] > 0 and view["running"]
    os.close(read)
    for _ in range(600):
        view = played.ctl("trace", "status")[0]
        if not view["running"]:
            break
        time.sleep(0.1)
    assert "has left" in view["end"]
    triggered(played, scs)


def test_a_full_disk_ends_the_trace_with_a_whole_file(played, scs, tmp_path, small_disk):
    path = os.path.join(small_disk, "t.pcapng")
    run(played, "trace", "start", "--scs", "acme", "--unredacted", "--pcap", path)
    for _ in range(400):
        triggered(played, scs, payload=b"q" * 1000)
        view = played.ctl("trace", "status")[0]
        if not view["running"]:
            break
    assert "no space" in view["end"] and view["messages"] > 0
    assert len(messages(path)) > 0  # to its last octet
    read_by_tshark(path)
    triggered(played, scs)
    assert played.ctl("health")[-1]["healthy"] is True


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 64 KiB in a place of its own."""
    at = tmp_path / "disk"
    at.mkdir()
    if os.getuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", at], capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    yield str(at)
    subprocess.run(["umount", at], check=True)


# -- tail

class Tail:
    def __init__(self, p, *words):
        self.child = subprocess.Popen([p.program("mtcctl"), "--socket", p.lab["iwf"]["ctl"], *words], stdin=subprocess.DEVNULL,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def line(self):
        return self.child.stdout.readline()

    def end(self):
        self.child.kill()
        self.child.communicate(timeout=proc.HANG_S)


def follows(p):
    return next(s["value"] for s in p.ctl("stats") if s.get("name") == "follows")


def following(p, *words):
    """A tail whose subscription the gateway has counted: from now on it misses nothing."""
    before = follows(p)
    tail = Tail(p, *words)
    for _ in range(1200):
        if follows(p) > before:
            return tail
        time.sleep(0.05)
    raise AssertionError("nobody follows")


def test_tail_shows_decisions_as_they_are_made(played, scs):
    every = following(played, "--json", "tail", "--scs", "acme", "--action", "trigger")
    refused = following(played, "tail", "--verdict", "refused")
    reference = triggered(played, scs)
    row = json.loads(every.line())
    assert (row["scs"], row["device"], row["reference"], row["verdict"], row["action"]) == (
        "acme", "meter-171@a.example", reference, "accepted", "trigger")
    assert request_status(scs.ask(D.DAR, D.TSP, scs.dar_avps(action(device="other@b.example", reference=7)))) == 105
    line = refused.line()
    assert re.match(r"\d{4}-\S+Z refused +trigger acme other@b.example 7: no-association", line), line
    assert "\033" not in line
    row = json.loads(every.line())
    assert (row["verdict"], row["reason"]) == ("refused", "no-association")
    in_log = played.decisions(action="trigger", scs="acme")[-1]
    assert {k: v for k, v in in_log.items() if v is not None} == row
    every.end()
    refused.end()


# -- processes that end meanwhile

@pytest.fixture
def alone(labs):
    """A gateway with the elements of a laboratory, whose processes may be killed."""
    p = labs.up(iwf_more="trace: { time_max: 1h }\n")
    yield p
    wrong = labs.down(p)
    assert not wrong, "\n".join(wrong)


def killed(p, role, pids):
    """Ends these processes of a role, and waits for those in their place."""
    parent = p.lab["iwf"]["pids"]["parent"]
    for pid in pids:
        os.kill(pid, signal.SIGKILL)

    def others():
        now = L.roles(parent)[role]
        now = now if isinstance(now, list) else [now]
        return None not in now and len(now) == len(pids) and not set(now) & set(pids)
    proc.wait_until(f"another {role}", others)


def accepted(p, reference):
    """A trigger that is accepted, as soon as the gateway is ready for it."""
    proc.wait_until("a trigger is accepted", lambda: p.trigger("acme", device="meter-1@a.example", reference=reference).code == 0)


def test_edges_that_end_cost_a_trace_nothing_and_the_core_ends_it_with_a_whole_file(alone, tmp_path):
    p, roles = alone, L.roles(alone.lab["iwf"]["pids"]["parent"])
    path = started(p, tmp_path, "--scs", "acme")
    tail = following(p, "--json", "tail", "--scs", "acme", "--action", "trigger", "--verdict", "accepted")
    try:
        accepted(p, 1)
        assert json.loads(tail.line())["reference"] == 1
        killed(p, "edges", roles["edges"])
        accepted(p, 2)
        view = proc.wait_until("what the new edge copies is written", lambda: (v := p.ctl("trace", "status")[0]) if sum(
            m[:2] == (DAR, True) for m in messages(path)) >= 2 else None)
        assert view["running"] and json.loads(tail.line())["reference"] == 2
        before = len(messages(path))
        killed(p, "core", [roles["core"]])
        proc.wait_until("it answers", lambda: p.ctl("status", check=False)[-1].get("ok"))
        assert "no trace" in run(p, "trace", "stop", code=1)
        assert len(messages(path)) >= before  # to its last octet
        read_by_tshark(path)
        line = proc.wait_until("the tail is there again", lambda: follows(p) >= 1) and (accepted(p, 3) or tail.line())
        assert json.loads(line)["reference"] == 3
        started(p, tmp_path, "--scs", "acme")  # another one can begin
        assert stopped(p)["end"]
    finally:
        tail.end()


# -- replay

def test_replay_says_what_changed_since(played, scs, tmp_path):
    path = started(played, tmp_path, "--scs", "acme", "--unredacted")
    triggered(played, scs)
    assert request_status(scs.ask(D.DAR, D.TSP, scs.dar_avps(action(device="other@b.example", reference=8)))) == 105
    scs.send(D.message(D.DAR, D.TSP, 0xc0, scs.dar_avps([]), 78, 78))
    assert scs.expect(D.DAR, False).number(268) == 5005
    stopped(played)
    out = run(played, "replay", path)
    assert "3 requests" in out and " 0 answered otherwise" in out and "then SUCCESS, now SUCCESS" in out
    assert "then NOTAUTHORIZED, now NOTAUTHORIZED (no-association" in out and "then result 5005, now result 5005 (screening" in out
    run(played, "block", "add", "*", "meter-171@a.example")
    try:
        out = run(played, "replay", path, code=1)
        assert "* acme trigger meter-171@a.example" in out and "then SUCCESS, now NOTAUTHORIZED (blocked" in out
        rows = [json.loads(line) for line in run(played, "--json", "replay", path, "--changed", code=1).splitlines()]
        assert [r.get("changed") for r in rows] == [True, 1] and rows[-1]["requests"] == 3
    finally:
        run(played, "block", "del", "*", "meter-171@a.example")


def test_replay_refuses_what_it_cannot_judge(played, scs, tmp_path):
    path = started(played, tmp_path, "--scs", "acme")
    triggered(played, scs)
    stopped(played)
    assert "redacted" in run(played, "replay", path, code=2) and "--unredacted" in run(played, "replay", path, code=2)
    for name, octets in (("empty", b""), ("text", b"no pcapng at all, but long enough"), ("cut", open(path, "rb").read()[:-2])):
        (tmp_path / name).write_bytes(octets)
    assert "is empty" in run(played, "replay", tmp_path / "empty", code=2)
    assert "no pcapng" in run(played, "replay", tmp_path / "text", code=2)
    assert "No such file" in run(played, "replay", tmp_path / "missing", code=2)
    path = started(played, tmp_path, "--scs", "acme", "--unredacted")
    triggered(played, scs)
    stopped(played)
    (tmp_path / "cut").write_bytes(open(path, "rb").read()[:-2])
    assert "middle of a block" in run(played, "replay", tmp_path / "cut", code=2)
