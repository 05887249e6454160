"""The audit: what is decided and changed is recorded; two verifiers that share no code agree; each attack on the files is found, in words."""
import base64
import datetime
import hashlib
import http.server
import itertools
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading

import pytest
from lablib import lab as L
from lablib import proc
from support.auditlog import Audit, checkpoints_of, leaf_of, node_of
from support.restarts import Restarts

FIRST = "records/00000000000000000000.jsonl"


def audited(labs, **more):
    settings = {"enabled": "yes", "interval": "300ms", "key": "audit.key", **more}
    text = ", ".join(f"{key}: {value}" for key, value in settings.items())
    # an acceptance is in the journal as soon as it is told
    return labs.up(edges=1, iwf_more=f"audit: {{ {text} }}\njournal: {{ lazy: 0s }}\n")


def folder_of(p):
    return os.path.join(p.lab["dir"], "iwf", "audit")


def now(p):
    return os.path.join(p.lab["dir"], "now")


def key_of(p):
    return os.path.join(p.lab["dir"], "audit.key.pub")


def tool(p, verb, folder, *words):
    """(exit code, rows) of mtcctl audit."""
    done = subprocess.run([p.program("mtcctl"), "--json", "audit", verb, folder, *words], capture_output=True, text=True, timeout=proc.HANG_S, check=False)
    assert not done.stderr, done.stderr
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def problems(p, folder, *words):
    code, rows = tool(p, "verify", folder, *words)
    found = [row["problem"] for row in rows if "problem" in row]
    assert code == (1 if found or not rows[-1]["ok"] else 0)
    return found, rows[-1]


def copy_of(p, to):
    """The directory as it is at one moment."""
    core = L.roles(p.lab["iwf"]["pids"]["parent"])["core"]
    os.kill(core, signal.SIGSTOP)
    proc.wait_until("the core stands", lambda: open(f"/proc/{core}/stat", encoding="ascii").read().split()[2] == "T")
    shutil.copytree(folder_of(p), to)
    os.kill(core, signal.SIGCONT)
    return to


def lines_of(folder):
    lines = []
    for name in sorted(os.listdir(os.path.join(folder, "records"))):
        with open(os.path.join(folder, "records", name), "rb") as f:
            lines += f.read().splitlines(True)
    return lines


def log(p):
    with open(p.lab["logs"]["mtc-iwfd"], encoding="utf-8", errors="replace") as f:
        return f.read()


class Receiver:
    """Takes checkpoints by POST and says `status`."""

    def __init__(self):
        self.status, self.lines = 204, []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # pylint: disable=invalid-name
                assert self.path == "/in" and self.headers["Content-Type"] == "application/json"
                line = self.rfile.read(int(self.headers["Content-Length"])).decode()
                if outer.status == 204:
                    outer.lines.append(line)
                self.send_response(outer.status)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/in"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def end(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(scope="module")
def receiver():
    r = Receiver()
    yield r
    r.end()


@pytest.fixture(scope="module")
def busy(labs, receiver):
    """A gateway with decisions of each kind in its audit, and a copy of the audit as it was somewhat earlier."""
    p = audited(labs, publish_file="checkpoints.jsonl", publish_log="yes", publish_url=receiver.url, refusals_per_second=3)
    for n in range(1, 4):
        assert p.trigger("acme", device=f"meter-{n}@a.example", reference=100 + n).code == 0
    assert p.trigger("acme", device="meter-1@b.example", reference=110).code == 3
    p.ctl("assoc", "add", "acme", "meter-77@b.example")
    kept = os.path.join(p.lab["dir"], "earlier")
    proc.wait_until("the change is under a checkpoint", lambda: covered(p))
    copy_of(p, kept)
    assert p.trigger("acme", device="meter-4@a.example", reference=104).code == 0
    size = tool(p, "verify", folder_of(p))[1][-1]["records"]
    proc.wait_until("the last trigger is under a checkpoint", lambda: checkpoint(p) >= size)
    proc.wait_until("some intervals are over", lambda: tool(p, "verify", folder_of(p))[1][-1]["intervals"] > 2)
    copy_of(p, os.path.join(p.lab["dir"], "now"))
    yield p
    wrong = labs.down(p)
    assert not wrong, "\n".join(wrong)


def test_a_directory_that_is_put_back_while_nothing_runs_is_not_continued(labs):
    p = audited(labs, interval="100ms", on_failure="continue", publish_url="http://127.0.0.1:9/nobody")
    restarts, folder, earlier = Restarts(p), folder_of(p), os.path.join(p.lab["dir"], "earlier")
    proc.wait_until("there is a checkpoint", lambda: os.path.exists(os.path.join(folder, "checkpoint")))
    proc.wait_until("the first one that finds no receiver is in the log", lambda: "is not at audit.publish_url" in log(p))
    copy_of(p, earlier)
    size = len(lines_of(earlier))  # more than its checkpoint covers
    proc.wait_until("there is a later one", lambda: checkpoint(p) > size)
    # what the parent remembers: it may be behind the directory for a moment, and is killed
    remembered = os.path.join(p.lab["dir"], "audit.key.last")
    proc.wait_until("a later one is remembered", lambda: int(open(remembered, encoding="ascii").read().split("\n")[1]) > size + 1)
    restarts.kill("mtc-iwfd")
    proc.wait_until("its children have ended", lambda: proc.start_time(p.lab["iwf"]["pids"]["core"]) is None)
    shutil.rmtree(folder)
    shutil.copytree(earlier, folder)
    assert not problems(p, folder)[0]  # by itself it is whole
    restarts.start("mtc-iwfd")
    proc.wait_until("it is not continued", lambda: "audit-broken" in reasons(p))
    assert "this one was rolled back" in next(r["text"] for r in p.ctl("health", check=False)[-1]["reasons"] if r["reason"] == "audit-broken")
    assert p.trigger("acme", device="meter-1@a.example", reference=400).code == 0  # audit.on_failure: continue
    proc.wait_until("its record is counted as lost", lambda: next(r["value"] for r in p.ctl("stats") if r.get("name") == "audit_lost") > 0)
    assert not any(b'"reference":400' in line for line in lines_of(folder))
    wrong = labs.down(p)
    assert not wrong, "\n".join(wrong)


def test_a_keyholder_that_stood_still_signs_again(labs):
    """As all processes of a machine that was suspended do, but one after the other."""
    p = audited(labs)
    keyholder = L.roles(p.lab["iwf"]["pids"]["parent"])["keyholder"]
    proc.wait_until("there is a checkpoint", lambda: os.path.exists(os.path.join(folder_of(p), "checkpoint")))
    os.kill(keyholder, signal.SIGSTOP)
    proc.wait_until("there is no further one", lambda: "no checkpoint of the audit: the keyholder does not answer" in log(p))
    os.kill(keyholder, signal.SIGCONT)
    assert p.trigger("acme", device="meter-1@a.example", reference=410).code == 0
    proc.wait_until("there is a further one", lambda: "checkpoints of the audit are signed again" in log(p))
    size = len(lines_of(folder_of(p)))
    proc.wait_until("the trigger is under it", lambda: checkpoint(p) >= size)
    assert L.roles(p.lab["iwf"]["pids"]["parent"])["keyholder"] == keyholder
    assert not problems(p, folder_of(p))[0]
    assert labs.down(p) == []


def checkpoint(p):
    return tool(p, "verify", folder_of(p))[1][-1]["checkpoint"]


def covered(p):
    found = tool(p, "search", folder_of(p), "--action", "provisioning", "--device", "meter-77@b.example")[1]
    return len(found) == 2 and checkpoint(p) > found[0]["seq"]


def test_two_verifiers_agree_and_decisions_are_there(busy):
    copy = now(busy)
    found, last = problems(busy, copy, "--key", key_of(busy))
    assert not found
    with open(key_of(busy), encoding="utf-8") as f:
        mine = Audit(copy, f.read())
    assert mine.problems == [] and (mine.records, mine.sealed) == (last["records"], last["sealed"])
    assert last["intervals"] > 2 and last["origin"].endswith("/mtc-iwf-audit")
    rows = tool(busy, "search", copy, "--scs", "acme", "--verdict", "refused")[1]
    assert [row["reference"] for row in rows[:-1]] == [110] and rows[0]["reason"] == "no-association"
    assert len(tool(busy, "search", copy, "--scs", "acme", "--action", "trigger", "--verdict", "accepted")[1]) == 5
    assert not tool(busy, "search", copy, "--until", "2020-01-01")[1][:-1]
    # each line of the decision log is a record, with two members in front
    decisions = [json.loads(line) for line in open(os.path.join(busy.lab["dir"], "log", "decisions.jsonl"), encoding="utf-8")]
    records = [{k: v for k, v in json.loads(line).items() if k not in ("seq", "interval")} for line in lines_of(copy)]
    assert all(d in records for d in decisions if d["action"] != "log") and len(decisions) > 10
    assert all(b"IMSI" not in line and b"payload" not in line for line in lines_of(copy))


def test_one_record_is_proven(busy):
    copy = now(busy)
    seq = tool(busy, "search", copy, "--reference", "102")[1][0]["seq"]
    code, rows = tool(busy, "show", copy, str(seq), "--key", key_of(busy))
    size = int(rows[0]["proof"]["checkpoint"].split("\n")[1])
    root = base64.b64decode(rows[0]["proof"]["checkpoint"].split("\n")[2])
    at, last, value = seq, size - 1, leaf_of(rows[0]["text"].encode())
    for step in rows[0]["proof"]["path"]:  # RFC 9162 2.1.3.2
        step = base64.b64decode(step)
        value = node_of(step, value) if at & 1 or at == last else node_of(value, step)
        while at == last and not at & 1 and at:
            at, last = at >> 1, last >> 1
        at, last = at >> 1, last >> 1
    assert code == 0 and value == root
    assert tool(busy, "show", copy, "999999")[0] == 2


def search(p, **args):
    """audit.search on the control socket: the rows, and the last line."""
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(p.lab["iwf"]["ctl"])
        s.sendall(json.dumps({"cmd": "audit.search", "args": args}).encode() + b"\n")
        rows = []
        for line in s.makefile():
            rows.append(json.loads(line))
            if rows[-1].get("done"):
                return rows[:-1], rows[-1]
    raise AssertionError("no last line")


def test_the_search_over_the_control_socket_finds_what_the_one_in_the_files_does(busy):
    everything = tool(busy, "search", now(busy))[1][:-1]
    have, before = [], None
    while before != 0:
        rows, last = search(busy, limit=5, **({} if before is None else {"before": before}))
        assert last["ok"] and last["count"] == len(rows) <= 5 and last["unreadable"] == 0, last
        assert last["sealed"] <= last["records"] and last["checkpoint"] <= last["records"]
        assert all(r["seq"] == r["record"]["seq"] and r["sealed"] == (r["seq"] < last["sealed"]) for r in rows)
        have += [r["record"] for r in rows]
        assert last["more"] == (last["next"] > 0)
        before = last["next"]
    assert [r["seq"] for r in have] == list(range(have[0]["seq"], -1, -1))  # each once, the newest first
    assert have[::-1][:len(everything)] == everything
    rows, last = search(busy, scs="acme", verdict="refused", action="trigger")
    assert [r["record"]["reference"] for r in rows] == [110] and rows[0]["sealed"] and not last["more"]
    at = [r for r in everything if r.get("reference") == 102][0]
    second = int(datetime.datetime.fromisoformat(at["time"].replace("Z", "+00:00")).timestamp())
    rows, _ = search(busy, since=second, until=second, reference=102)
    assert [r["record"] for r in rows] == [at]
    decisions = [r["record"] for r in search(busy, decisions=True, limit=200)[0]]
    wanted = [r for r in everything if r["action"] != "audit"]
    assert len(wanted) > 5 and decisions[::-1][:len(wanted)] == wanted and all(r["action"] != "audit" for r in decisions)
    assert not search(busy, until=second - 3600)[0] and not search(busy, device="nobody@a.example")[0]
    for wrong in ({"limit": 0}, {"limit": 201}, {"verdict": "maybe"}, {"since": -1}, {"before": "x"}):
        assert not search(busy, **wrong)[1]["ok"]


def written(p, *words):
    """What mtcctl audit says to a person, and what it warns of."""
    done = subprocess.run([p.program("mtcctl"), "audit", *words], capture_output=True, text=True, timeout=proc.HANG_S, check=False)
    return done.stdout, done.stderr


def test_records_that_were_moved_away_are_searched_in_the_archive(labs, tmp_path):
    archive = tmp_path / "archive"
    archive.mkdir(mode=0o755)
    os.chmod(tmp_path, 0o755)
    p = audited(labs, segment_size="65536", archive=archive)
    folder, name = folder_of(p), "x" * 200
    with socket.socket(socket.AF_UNIX) as s, s.makefile() as answers:
        s.connect(p.lab["iwf"]["ctl"])
        for n in range(160):
            s.sendall(json.dumps({"cmd": "assoc.add", "args": {"scs": "acme", "device": f"{name}{n}@a.example"}}).encode() + b"\n")
            assert json.loads(answers.readline())["ok"]
    device = f"{name}0@a.example"
    proc.wait_until("a second file is under a checkpoint", lambda: len(os.listdir(os.path.join(folder, "records"))) > 1 and
                    checkpoint(p) > int(sorted(os.listdir(os.path.join(folder, "records")))[-1][:20]))
    (before,), last = search(p, device=device)
    assert last["first"] == 0
    out, err = written(p, "prune", folder, str(archive), "--before", "2000-01-01")
    assert out.startswith("nothing to move: ") and "older than --before and covered by the last checkpoint (audit.interval)" in out and not err
    assert tool(p, "prune", folder, str(archive), "--before", "2099-01-01")[0] == 0
    first = int(sorted(os.listdir(os.path.join(folder, "records")))[0][:20])
    assert first > before["seq"]
    # the control socket, and so the console, with audit.archive
    rows, last = search(p, device=device)
    assert rows == [before] and last["first"] == 0 and "archive_trouble" not in last
    assert search(p, before=first + 1, limit=2)[0][1]["seq"] == first - 1
    # mtcctl, without the archive and with it
    out, err = written(p, "search", folder, "--device", device)
    assert out == "none\n" and err == f"mtcctl: records 0 to {first - 1} were not looked at: they are not here; if 'audit prune' moved them away, give --archive\n"
    out, err = written(p, "search", folder, "--device", device, "--archive", str(archive))
    assert name in out and not err
    assert "is not here, the first one is" in written(p, "show", folder, str(before["seq"]))[1]
    assert not problems(p, folder, "--archive", str(archive))[0]
    # what the archive has lost is said
    os.remove(archive / FIRST)
    left = search(p, device=device)
    assert not left[0] and left[1]["first"] > before["seq"]
    assert "nor in the archive" in written(p, "search", folder, "--device", device, "--archive", str(archive))[1]
    # an archive that cannot be read keeps nobody from the records that are here
    (archive / FIRST).mkdir()
    rows, last = search(p, device=f"{name}159@a.example")
    assert rows and last["ok"] and not last["more"] and last["first"] == left[1]["first"] and last["archive_trouble"]
    rows, last = search(p, before=left[1]["first"])
    assert not rows and last["ok"] and last["first"] == first and last["archive_trouble"]
    shutil.rmtree(archive / "records")
    (archive / "records").write_text("", encoding="ascii")
    rows, last = search(p)
    assert rows and last["ok"] and last["first"] == first and "Not a directory" in last["archive_trouble"]
    shutil.rmtree(archive)
    rows, last = search(p, device=device)
    assert not rows and last["ok"] and last["first"] == first and "No such file" in last["archive_trouble"]
    assert labs.down(p) == []


def test_the_start_makes_the_archive_and_a_later_one_needs_a_restart(labs, tmp_path):
    """The sandbox of the core opens what was there at the start, and the answer of a search says so."""
    os.chmod(tmp_path, 0o755)
    archive = tmp_path / "made" / "archive"
    archive.parent.mkdir()
    p = audited(labs, archive=archive)
    assert archive.is_dir() and archive.stat().st_mode & 0o7777 == 0o750
    assert f"audit: made the directory of its archive, {archive}" in log(p)
    assert "archive_trouble" not in search(p)[1]
    archive.rename(tmp_path / "made" / "other")
    archive.mkdir(mode=0o755)
    last = search(p)[1]
    if any(row["process"] == "core" and row["landlock"] for row in p.ctl("status")[-1]["sandbox"]):
        assert "made or mounted after the start of mtc-iwfd, which then needs a restart" in last["archive_trouble"]
    assert labs.down(p) == []


def test_checkpoints_go_into_a_directory_of_their_own(labs, tmp_path):
    """Of the directories that mtc-iwfd opens after its start, this one is nobody else's."""
    os.chmod(tmp_path, 0o755)
    published = tmp_path / "checkpoints.jsonl"
    p = audited(labs, publish_file=published)
    proc.wait_until("a checkpoint is published", lambda: published.exists() and published.read_text())
    published.rename(tmp_path / "old")
    os.kill(p.lab["iwf"]["pids"]["parent"], signal.SIGHUP)
    proc.wait_until("the file is opened again", published.exists)
    assert labs.down(p) == []


def reasons(p):
    return [r["reason"] for r in p.ctl("health", check=False)[-1]["reasons"]]


def test_checkpoints_leave_the_host_by_http(busy, receiver):
    proc.wait_until("the receiver has some", lambda: len(receiver.lines) > 2)
    with open(os.path.join(busy.lab["dir"], "checkpoints.jsonl"), encoding="utf-8") as f:
        assert set(receiver.lines) <= set(f)
    kept = os.path.join(busy.lab["dir"], "received.jsonl")
    with open(kept, "w", encoding="utf-8") as f:
        f.write("".join(receiver.lines))
    assert not problems(busy, folder_of(busy), "--against", kept)[0]
    row = busy.ctl("status")[-1]["audit"]
    assert row["state"] == "ok" and row["checkpoint"] <= row["records"] and row["posted"] > 0 and row["octets"] > 1000 and row["checkpoint_age_s"] < 10
    assert "audit           ok, " in subprocess.run([busy.program("mtcctl"), "--socket", busy.lab["iwf"]["ctl"], "status", "all"], capture_output=True, text=True,
                                                    timeout=proc.HANG_S, check=False).stdout
    # a receiver that fails stops nothing; health says so until it takes one again
    receiver.status = 500
    proc.wait_until("health says it", lambda: "audit-not-sent" in reasons(busy))
    size, n = checkpoint(busy), len(receiver.lines)
    proc.wait_until("checkpoints go on", lambda: checkpoint(busy) > size)
    receiver.status = 204
    proc.wait_until("it takes them again", lambda: len(receiver.lines) > n and "audit-not-sent" not in reasons(busy))
    counters = {row["name"]: row["value"] for row in busy.ctl("stats") if "name" in row}
    assert counters["audit_post_failed"] > 0 and counters["audit_posted"] >= n


def test_checkpoints_leave_the_host(busy):
    out = os.path.join(busy.lab["dir"], "checkpoints.jsonl")
    kept = checkpoints_of(out)
    assert len(kept) > 2 and all(a.size < b.size for a, b in zip(kept, kept[1:]))
    assert '"checkpoint":"' in log(busy)
    found, last = problems(busy, folder_of(busy), "--against", out)
    assert not found and last["against"] >= len(kept)


def edit(lines, n):
    lines[n] = lines[n].replace(b'"reference":102', b'"reference":103')
    return lines


def swap(lines, n):
    lines[n], lines[n + 1] = lines[n + 1], lines[n]
    return lines


def renumber(lines, n):
    """A record is taken out, and those behind it move up."""
    del lines[n]
    return lines[:n] + [line.replace(f'"seq":{i + 1},'.encode(), f'"seq":{i},'.encode(), 1) for i, line in enumerate(lines[n:], n)]


ATTACKS = {
    "edit": (edit, "was changed"),
    "delete": (lambda lines, n: lines[:n] + lines[n + 1:], "missing: records"),
    "delete and renumber": (renumber, "was changed"),
    "copy": (lambda lines, n: lines[:n + 1] + lines[n:], "stands where"),
    "swap": (swap, "stands where"),
    "cut off": (lambda lines, n: lines[:n], "cut off: the last checkpoint covers"),
    "empty": (lambda lines, n: [], "cut off: the last checkpoint covers"),
    "no record": (lambda lines, n: lines[:n] + [b"nonsense\n"] + lines[n + 1:], "there is no record"),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_on_records_is_found(busy, tmp_path, name):
    copy = str(tmp_path / "audit")
    shutil.copytree(now(busy), copy)
    change, words = ATTACKS[name]
    lines = lines_of(copy)
    n = next(i for i, line in enumerate(lines) if b'"reference":102' in line)
    changed = change(list(lines), n)
    assert changed != lines
    with open(os.path.join(copy, FIRST), "wb") as f:
        f.write(b"".join(changed))
    found, _ = problems(busy, copy)
    assert any(words in text for text in found), found
    try:
        assert Audit(copy).problems
    except ValueError:
        assert name == "no record"


def test_an_attack_on_the_checkpoint_is_found(busy, tmp_path):
    def attack(change):
        copy = str(tmp_path / f"audit-{len(os.listdir(tmp_path))}")
        shutil.copytree(now(busy), copy)
        change(copy)
        found, _ = problems(busy, copy, "--key", key_of(busy))
        with open(key_of(busy), encoding="utf-8") as f:
            assert Audit(copy, f.read()).problems
        return " / ".join(found)

    def rewrite(old, new):
        def change(copy):
            path = os.path.join(copy, "checkpoint")
            with open(path, encoding="utf-8") as f:
                text = f.read()
            with open(path, "w", encoding="utf-8") as f:
                f.write(text.replace(old, new))
        return change

    with open(os.path.join(now(busy), "checkpoint"), encoding="utf-8") as f:
        origin, size = f.read().split("\n")[:2]
    assert "is of the origin other.example" in attack(rewrite(origin, "other.example"))
    assert "signature of the checkpoint is wrong" in attack(rewrite(f"\n{size}\n", f"\n{int(size) - 1}\n"))
    assert "there is no checkpoint" in attack(lambda copy: os.remove(os.path.join(copy, "checkpoint")))

    def foreign(copy):
        raw = b"\1" + b"k" * 32
        ident = hashlib.sha256(b"other.example/audit\n" + raw).hexdigest()[:8]
        with open(os.path.join(copy, "vkey"), "w", encoding="ascii") as f:
            f.write(f"other.example/audit+{ident}+{base64.b64encode(raw).decode()}\n")

    assert "the audit of another gateway: its own key is of other.example/audit" in attack(foreign)


def test_a_hostile_record_does_nothing_to_the_terminal_or_the_reader(busy, tmp_path):
    copy = str(tmp_path / "audit")
    shutil.copytree(now(busy), copy)
    lines = lines_of(copy)
    n = next(i for i, line in enumerate(lines) if b'"reference":102' in line)
    lines[n] = lines[n][:30] + b"\0\x1b[2J" + lines[n][30:]
    with open(os.path.join(copy, FIRST), "wb") as f:
        f.write(b"".join(lines))
    plain = subprocess.run([busy.program("mtcctl"), "audit", "show", copy, str(n)], capture_output=True, timeout=proc.HANG_S, check=False)
    assert plain.returncode == 1 and b"\\x00\\x1b[2J" in plain.stdout and b"no proof" in plain.stdout
    assert not {b for b in plain.stdout if b < 32} - {10}
    code, rows = tool(busy, "show", copy, str(n))
    assert code == 1 and rows[0]["record"] is None and not rows[0]["ok"]
    code, rows = tool(busy, "search", copy)
    assert code == 1 and "a record cannot be read" in rows[-1]["error"] and len(rows) == len(lines)
    code, rows = tool(busy, "prune", copy, str(tmp_path / "archive"), "--before", "2999-01-01")
    assert code == 1 and "nothing was moved" in rows[-1]["error"] and not (tmp_path / "archive").exists()
    code, rows = tool(busy, "prune", now(busy), str(tmp_path / "archive"), "--before", "2999-01-01", "--key", key_of(busy))
    assert (code, rows[-1]["files"], rows[-1]["first"]) == (0, 0, 0) and not (tmp_path / "archive").exists()  # one file only


def test_a_roll_back_is_found_against_a_kept_checkpoint_only(busy):
    earlier, out = os.path.join(busy.lab["dir"], "earlier"), os.path.join(busy.lab["dir"], "checkpoints.jsonl")
    found, _ = problems(busy, earlier)
    assert not found and Audit(earlier).problems == []
    done = subprocess.run([busy.program("mtcctl"), "audit", "verify", earlier], capture_output=True, text=True, timeout=proc.HANG_S, check=False)
    assert "rolled back together cannot be seen: give --against" in done.stdout and done.returncode == 0
    found, _ = problems(busy, earlier, "--against", out)
    assert any("rolled back" in text for text in found)
    assert any("rolled back" in text for text in Audit(earlier, against=checkpoints_of(out)).problems)


def test_a_record_behind_the_last_seal_is_said_to_be_unsealed(busy, tmp_path):
    copy = str(tmp_path / "audit")
    shutil.copytree(now(busy), copy)
    lines = lines_of(copy)
    with open(os.path.join(copy, FIRST), "ab") as f:  # another writer's record, in the open interval; times may go back
        f.write(f'{{"seq":{len(lines)},"interval":{json.loads(lines[-1])["interval"] + 1},"time":"2001-01-01T00:00:00.000Z",'
                '"action":"trigger","verdict":"accepted"}\n'.encode())
    found, last = problems(busy, copy)
    assert last["unsealed"] >= 1 and last["clock_back"] >= 1 and last["sealed"] <= len(lines), (found, last)


def words_of(p, folder):
    done = subprocess.run([p.program("mtcctl"), "audit", "verify", folder], capture_output=True, text=True, timeout=proc.HANG_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_before_the_first_seal_nothing_is_called_sealed(labs):
    """The first checkpoint comes with the start, the first seal an interval later."""
    p = audited(labs, interval="1h")
    proc.wait_until("a checkpoint", lambda: os.path.exists(os.path.join(folder_of(p), "checkpoint")))
    text = words_of(p, folder_of(p))
    assert "no record is sealed yet, because no interval has ended" in text and "records that are sealed: 0" not in text, text
    assert "whole: no record was changed, removed or moved" in text and "last seal" not in text, text
    n, size = int(re.search(r"(\d+) records?\n", text).group(1)), int(re.search(r"the first (\d+) record", text).group(1))
    assert n > size and f"the checkpoint does not cover: {n - size}, the last ones" in text and "up to the last checkpoint" in text, text
    assert labs.down(p) == []


def test_a_keyholder_that_ends_and_a_roll_back_under_a_running_daemon(busy):
    parent = busy.lab["iwf"]["pids"]["parent"]
    os.kill(L.roles(parent)["keyholder"], signal.SIGKILL)
    size = checkpoint(busy)
    proc.wait_until("the next keyholder signs", lambda: checkpoint(busy) > size + 1)
    # the next core finds an older log, whose own checkpoint is good: the keyholder, and after it the parent, remember a larger one
    folder, earlier = folder_of(busy), os.path.join(busy.lab["dir"], "earlier")
    core = L.roles(parent)["core"]
    os.kill(core, signal.SIGSTOP)
    shutil.rmtree(folder)
    shutil.copytree(earlier, folder)
    os.kill(core, signal.SIGKILL)
    proc.wait_until("the roll-back is seen", lambda: "this one was rolled back" in log(busy))
    proc.wait_until("the core is connected", lambda: busy.trigger("acme", device="meter-5@a.example", reference=120).status is not None)
    answer = busy.trigger("acme", device="meter-5@a.example", reference=121)
    assert answer.code == 3 and answer.status == "TEMPORARYERROR"


def test_what_a_crash_took_is_made_again_and_a_foreign_audit_is_refused(labs):
    p = audited(labs, interval="1h")
    for n in (1, 2):
        assert p.trigger("acme", device=f"meter-{n}@a.example", reference=200 + n).code == 0
    proc.wait_until("both are recorded", lambda: any(b'"reference":202' in line for line in lines_of(folder_of(p))))
    assert not [r for r in reasons(p) if r.startswith("audit")]  # without a receiver there is nothing that could not be sent
    core, folder = L.roles(p.lab["iwf"]["pids"]["parent"])["core"], folder_of(p)
    os.kill(core, signal.SIGSTOP)
    lines = lines_of(folder)
    n = next(i for i, line in enumerate(lines) if b'"reference":202' in line)
    with open(os.path.join(folder, FIRST), "wb") as f:  # as a power cut leaves it: whole records gone, one torn
        f.write(b"".join(lines[:n]) + lines[n][:50])
    os.kill(core, signal.SIGKILL)
    proc.wait_until("the record is made again", lambda: any(b'"recovered":true' in line for line in lines_of(folder)))
    again = [json.loads(line) for line in lines_of(folder) if b'"recovered":true' in line]
    assert [(r["scs"], r["device"], r["reference"], r["verdict"]) for r in again] == [("acme", "meter-2@a.example", 202, "accepted")]
    assert "1 record of accepted triggers were missing after a crash" in log(p) and "no whole record" in log(p)
    found, last = problems(p, folder)
    assert not found and last["broken_intervals"] == 1 and last["recovered"] == 1
    assert Audit(folder).problems == []
    # another gateway's
    with open(os.path.join(folder, "vkey"), encoding="ascii") as f:
        vkey = f.read()
    with open(os.path.join(folder, "vkey"), "w", encoding="ascii") as f:
        f.write(vkey.replace(vkey[0], "z", 1))
    os.kill(L.roles(p.lab["iwf"]["pids"]["parent"])["core"], signal.SIGKILL)
    proc.wait_until("it is refused", lambda: "this is the audit of another gateway" in log(p))
    numbers = itertools.count(300)  # the edge itself says 201 until the next core is there
    proc.wait_until("the core refuses", lambda: p.trigger("acme", device="meter-3@a.example", reference=next(numbers)).code == 3
                    and p.decisions(reason="audit-failed"))
    before = lines_of(folder)
    assert p.trigger("acme", device="meter-3@a.example", reference=211).status == "TEMPORARYERROR"
    assert "audit-failed" in json.dumps(p.decisions(reference=211)) and lines_of(folder) == before
    assert "audit-broken" in reasons(p)
    wrong = labs.down(p)
    assert not wrong, "\n".join(wrong)
