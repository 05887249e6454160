"""mtcctl and the real mtc-iwfd: an operator's day on one laboratory. Type this, expect that."""
import json
import os
import re
import socket
import stat
import subprocess

import pytest
from conftest import BIN
from lablib import lab as L
from lablib import proc

MTCCTL = os.path.join(BIN, "mtcctl")
NEW = ["--e164", "491720000009", "--origin-host", "scs.delta.example", "--realm", "delta.example", "--anchor", "anchor-a"]


@pytest.fixture
def ctl(lab):
    def run(*words):
        return subprocess.run([MTCCTL, *words], capture_output=True, text=True, timeout=proc.HANG_S, check=False, stdin=subprocess.DEVNULL,
                              env={**os.environ, "MTC_CTL": lab.lab["iwf"]["ctl"]})
    return run


def table(done):
    """Rows of a table as dictionaries; columns are at least two blanks apart."""
    assert done.returncode == 0, done.stderr
    lines = [[cell for cell in line.split("  ") if cell] for line in done.stdout.splitlines()]
    return [dict(zip([t.strip() for t in lines[0]], [c.strip() for c in line])) for line in lines[1:]]


def change_lines(lab, words):
    with open(lab.lab["logs"]["mtc-iwfd"], encoding="utf-8") as f:
        return [line for line in f if " ctl: " in line and words in line]


def test_what_runs_is_shown(lab, ctl):
    assert (ctl("health").returncode, ctl("health").stdout) == (0, "healthy\n")
    status = ctl("status", "all")
    assert status.returncode == 0 and status.stdout.startswith("health          healthy\n")
    assert "identity        iwf.operator.example" in status.stdout and "core identity   iwf.core.operator.example" in status.stdout
    tsp = lab.lab["iwf"]["tsp"]  # the configuration has port 0
    assert [(row["address"], row["port"]) for row in lab.ctl("status")[-1]["listeners"]] == [(tsp["address"], tsp["port"])]
    assert {row["STATE"] for row in table(ctl("peers"))} == {"open"}
    assert {row["NAME"] for row in table(ctl("scs", "list"))} >= {"acme", "beta", "gamma"}
    names = {row["COUNTER"] for row in table(ctl("stats"))}
    assert {"requests", "decision_refused", "edge_accepted", "ctl_requests"} <= names


def test_who_changed_what_stands_in_the_decision_log(lab, ctl):
    name, who = "omega", f"uid {os.getuid()}"
    new = ["--e164", "491720000077", "--origin-host", "scs.omega.example", "--realm", "omega.example", "--anchor", "anchor-a"]
    for words in (["scs", "add", name, *new], ["scs", "set", name, "quota", "5"], ["assoc", "add", name, "meter-77@a.example"],
                  ["assoc", "del", name, "meter-77@a.example"], ["scs", "del", name]):
        assert ctl(*words).returncode == 0
    assert ctl("assoc", "add", name, "meter-77@a.example").returncode == 1  # refused: nothing has changed
    assert ctl("screen", "list").returncode == 0
    lines = lab.decisions(action="provisioning", scs=name)
    assert {(line["address"], line["verdict"], line["reason"]) for line in lines} == {(who, "accepted", "changed")}
    assert [(line["rule"].split(" ")[0], line["device"]) for line in lines] == [
        ("scs.add", ""), ("scs.set", ""), ("assoc.add", "meter-77@a.example"), ("assoc.del", "meter-77@a.example"), ("scs.del", "")]
    assert json.loads(lines[1]["rule"].split(" ", 1)[1]) == {"name": name, "quota_per_day": 5}


def test_an_scs_comes_and_goes(lab, ctl):
    added = ctl("scs", "add", "delta", *NEW, "--payload-max", "64", "--actions", "trigger").stdout
    assert added.startswith("added SCS delta\n") and "\nThe HSS decides, too: it has to allow the E.164 number" in added
    shown = ctl("scs", "show", "delta").stdout
    assert "payload_max       64\n" in shown and "actions           trigger\n" in shown and re.search(r"^connections_max .*in force 8\b", shown, re.M), shown
    again = ctl("scs", "add", "delta", *NEW)
    assert again.returncode == 1 and "exists already: 'scs set' changes values of it" in again.stderr
    assert ctl("scs", "set", "delta", "quota", "50").stdout == "changed SCS delta\n  quota_per_day     0 -> 50\n"
    shown = ctl("scs", "show", "delta").stdout
    assert "payload_max       64\n" in shown and "quota_per_day     50\n" in shown and "actions           trigger\n" in shown
    replaced = ctl("scs", "add", "delta", *NEW, "--replace").stdout
    assert replaced.startswith("replaced SCS delta\n  payload_max       64 -> 0 (not named: its default)\n"), replaced
    assert re.search(r"^payload_max .*in force 1024\b", ctl("scs", "show", "delta").stdout, re.M)
    assert "'mtcctl assoc check delta DEVICE --ask-hss' asks it.\n" in ctl("assoc", "add", "delta", "*@delta.example").stdout
    assert "assoc check delta m@delta.example --ask-hss" in ctl("assoc", "add", "delta", "m@delta.example").stdout
    assert ctl("assoc", "del", "delta", "m@delta.example").returncode == 0
    assert ctl("scs", "del", "delta").stdout == "deleted SCS delta, 1 rule, 0 sessions ended\n"
    assert ctl("scs", "show", "delta").returncode == 1
    assert ctl("assoc", "list", "--scs", "delta").stdout == "none\n"


@pytest.mark.parametrize("words,said", [
    (["scs", "add", "epsilon", *NEW[:-1], "anchor-z"], "anchor-z"),
    (["scs", "add", "epsilon", "--e164", "491720000001", *NEW[2:]], "belongs to SCS 'acme'"),
    (["scs", "add", "epsilon", *NEW[:3], "scs.acme.example", *NEW[4:]], "belongs to SCS 'acme'"),
    (["scs", "del", "nobody"], "nobody"),
    (["assoc", "add", "nobody", "*@x.example"], "nobody"),
    (["assoc", "add", "*", "*@x.example"], "block"),
    (["assoc", "del", "acme", "meter-999999@a.example"], "no such rule: acme on meter-999999@a.example"),
    (["assoc", "add", "acme", "m@x.example", "--not-before", "2030-01-02", "--not-after", "2030-01-01"], "the end (not_after) is before the beginning"),
    (["triggers", "show", "acme", "1"], "no trigger"),
    (["triggers", "list", "--state", "asleep"], "is not a state of a trigger, expected one of: 'idle', 'asking the HSS'"),
], ids=lambda v: " ".join(v[:3]) if isinstance(v, list) else None)
def test_what_cannot_be_done_is_said_and_changes_nothing(lab, ctl, words, said):
    before = (ctl("scs", "list").stdout, ctl("assoc", "list").stdout)
    done = ctl(*words)
    assert done.returncode == 1
    assert said in done.stderr
    assert (ctl("scs", "list").stdout, ctl("assoc", "list").stdout) == before


def test_a_check_names_the_rule_and_what_it_beat(lab, ctl):
    yes = ctl("assoc", "check", "acme", "meter-60@a.example")
    assert (yes.returncode, yes.stdout.splitlines()[0]) == (0, "yes")
    assert ctl("assoc", "add", "acme", "meter-60@a.example", "--deny").stdout.startswith(
        "added deny acme meter-60@a.example: rights trigger,recall,replace, mode enforce\n")
    no = ctl("assoc", "check", "acme", "meter-60@a.example")
    assert no.returncode == 1
    assert no.stdout.splitlines()[0].startswith("no: ")
    assert "rule     deny acme meter-60@a.example" in no.stdout and "beaten   allow acme *@a.example" in no.stdout
    ctl("assoc", "add", "*", "meter-60@a.example", "--block")
    assert "rule     block * meter-60@a.example" in ctl("assoc", "check", "acme", "meter-60@a.example").stdout
    assert ctl("assoc", "del", "*", "meter-60@a.example").returncode == 0
    assert ctl("assoc", "del", "acme", "meter-60@a.example").stdout == "deleted 1 rule of acme for meter-60@a.example\n"
    assert ctl("assoc", "check", "acme", "meter-60@a.example").returncode == 0


def test_what_a_check_says_would_change_the_answer_does(lab, ctl):
    """Each change that is told is made, and the answer is the other one; then it is taken back."""
    def check(*more):
        return json.loads(ctl("--json", "assoc", "check", "acme", "meter-61@a.example", *more).stdout)

    def told(reply):
        return {(c["change"], c["rule"]) for c in reply["changes"]}

    for words in (["set", "add", "odd"], ["set", "member", "add", "odd", "meter-61@a.example"], ["group", "add", "renters"],
                  ["assoc", "add", "group:renters", "meter-61@a.example", "--deny", "--rights", "trigger"],
                  ["assoc", "add", "acme", "set:odd", "--deny", "--rights", "trigger", "--not-after", "2040-01-01"],
                  ["block", "add", "*", "meter-61@a.example", "--mode", "detect-only"]):
        assert ctl(*words).returncode == 0
    reply = check()
    deny = "deny acme set:odd trigger"
    assert not reply["allowed"] and reply["rule"] == deny and reply["detected"] == []
    assert told(reply) == {("add", "allow acme meter-61@a.example trigger"), ("delete", deny), ("detect-only", deny), ("end", deny),
                           ("leave-set", deny)}
    end = [c["at"] for c in reply["changes"] if c["change"] == "end"][0]
    assert end == "2040-01-02T00:00:00.000Z"
    assert check("--at", "2209075200")["allowed"] and not check("--at", "2209075199")["allowed"]

    assert ctl("assoc", "add", "acme", "set:odd", "--deny", "--rights", "trigger", "--mode", "detect-only").stdout.startswith("replaced ")
    reply = check()
    assert reply["allowed"] and reply["rule"].startswith("allow acme *@a.example")
    assert reply["detected"] == ["block * meter-61@a.example detect-only", deny + " detect-only"]
    assert {c for c, _ in told(reply)} == {"add", "delete", "enforce"}
    assert (reply["changes"][0]["change"], reply["changes"][0]["rule"]) == ("add", "deny acme meter-61@a.example trigger")
    assert ("delete", reply["rule"]) in told(reply) and ("enforce", deny + " detect-only") in told(reply)
    assert ctl("block", "add", "*", "meter-61@a.example").stdout == (
        "replaced block * meter-61@a.example: rights trigger,recall,replace, mode enforce\n"
        "  it was: rights trigger,recall,replace, mode detect-only\n")
    assert not check()["allowed"]
    assert ctl("block", "del", "*", "meter-61@a.example").returncode == 0

    assert ctl("group", "member", "add", "renters", "acme").returncode == 0
    leave = "deny group:renters meter-61@a.example trigger"
    assert {c for c, r in told(check()) if r == leave} == {"delete", "detect-only", "leave-group"}
    assert ctl("group", "member", "del", "renters", "acme").returncode == 0 and check()["allowed"]
    for words in (["group", "del", "renters"], ["set", "del", "odd"]):
        assert ctl(*words).returncode == 0


def test_a_check_says_what_the_rest_of_the_path_would_refuse(lab, ctl):
    assert ctl("scs", "add", "delta", *NEW, "--actions", "trigger").returncode == 0
    assert ctl("assoc", "add", "delta", "*@delta.example").returncode == 0
    no = ctl("assoc", "check", "delta", "m@delta.example", "--action", "recall")
    assert no.returncode == 1
    assert no.stdout.startswith(
                         "no: action-not-allowed, the SCS may not use this Action-Type\n"
                         "  asked    delta recall m@delta.example\n"
                         "  path     the SCS may not ask for recall at all\n"
                         "  rule     allow delta *@delta.example trigger,recall,replace\n"
                         "  changes  let the SCS ask for recall: mtcctl scs set delta actions LIST\n"
                         "  not asked a certificate of the SCS, which may prove groups: --cert FILE, --session or --group\n")
    unknown = ctl("assoc", "check", "nobody", "m@delta.example")
    assert unknown.returncode == 1 and "  path     no SCS is provisioned under this name" in unknown.stdout
    assert "  and also provision the SCS: mtcctl scs add nobody\n" in unknown.stdout
    assert ctl("scs", "del", "delta").returncode == 0


def test_a_check_takes_both_names_of_a_device(lab, ctl):
    number = "491799000061"
    assert ctl("assoc", "add", "acme", f"msisdn:{number}", "--deny").returncode == 0
    assert ctl("assoc", "check", "acme", "meter-61@a.example").returncode == 0
    no = ctl("assoc", "check", "acme", "meter-61@a.example", "--msisdn", number)
    assert no.returncode == 1 and f"asked    acme trigger meter-61@a.example + msisdn:{number}\n" in no.stdout
    assert f"rule     deny acme msisdn:{number}" in no.stdout
    assert ctl("assoc", "check", "acme", f"msisdn:{number}").returncode == 1
    twice = ctl("assoc", "check", "acme", f"msisdn:{number}", "--msisdn", number)
    assert twice.returncode == 1 and "two MSISDNs" in twice.stderr
    assert ctl("assoc", "del", "acme", f"msisdn:{number}").returncode == 0


def test_blocks_come_and_go(lab, ctl):
    assert ctl("block", "list").stdout == "none\n"
    assert ctl("block", "add", "*", "meter-62@a.example", "--not-after", "2040-01-01").stdout.startswith(
        "added block * meter-62@a.example: rights trigger,recall,replace, mode enforce, until 2040-01-0")
    rows = table(ctl("block", "list", "--device", "meter-62@A.example"))
    assert [(r["SCS"], r["EFFECT"], r["MODE"]) for r in rows] == [("*", "block", "enforce")]
    assert "state             in force\n" in ctl("block", "show", "*", "meter-62@a.example").stdout
    assert ctl("assoc", "show", "acme", "meter-62@a.example").returncode == 1
    assert ctl("assoc", "check", "acme", "meter-62@a.example").returncode == 1
    assert ctl("block", "del", "acme", "meter-62@a.example").returncode == 1
    assert ctl("block", "del", "*", "meter-62@a.example").stdout == "deleted 1 rule of * for meter-62@a.example\n"
    assert ctl("block", "list").stdout == "none\n"
    allow = ctl("assoc", "add", "acme", "meter-62@a.example", "--mode", "detect-only")
    assert allow.returncode == 1 and "only deny and block rules can be detect-only" in allow.stderr


def test_rights_and_times_of_a_rule_hold(lab, ctl):
    ctl("assoc", "add", "acme", "*@later.example", "--rights", "recall", "--not-before", "2040-01-01")
    row = [r for r in table(ctl("assoc", "list", "--scs", "acme")) if r["DEVICE"] == "*@later.example"][0]
    assert row["RIGHTS"] == "recall" and row["NOT-BEFORE"].startswith("2040-01-01T00:00:00")
    check = ["assoc", "check", "acme", "m@later.example"]
    assert ctl(*check, "--action", "recall").returncode == 1
    assert ctl(*check, "--action", "recall", "--at", "2040-01-02").returncode == 0
    assert ctl(*check, "--action", "trigger", "--at", "2040-01-02").returncode == 1
    assert ctl("assoc", "del", "acme", "*@later.example").returncode == 0


def test_every_change_is_recorded_with_who_asked(lab, ctl):
    ctl("assoc", "add", "acme", "*@recorded.example")
    ctl("assoc", "del", "acme", "*@recorded.example")
    ctl("assoc", "del", "acme", "*@recorded.example")
    lines = change_lines(lab, "recorded.example")
    assert len(lines) == 3
    assert all(f"by uid {os.getuid()} gid {os.getgid()} pid " in line for line in lines)
    assert lines[0].endswith(": done\n") and "assoc.add" in lines[0] and ": refused: " in lines[2]


def test_the_log_level_changes(lab, ctl):
    assert ctl("log", "level", "debug").stdout == "log level is debug (was info)\n"
    assert ctl("log", "level", "info").stdout == "log level is info (was debug)\n"


def test_the_socket_is_for_owner_and_group(lab):
    assert stat.S_IMODE(os.stat(lab.lab["iwf"]["ctl"]).st_mode) == 0o660


@pytest.mark.parametrize("octets", [b"hello\n", b"\x00\xff\n", b"[" * 4000 + b"\n", b"x" * 70000, b"{\"cmd\":\"status\",\"args\":{\"a\":1}}\n",
                                    b"{\"cmd\":\"scs.add\",\"args\":{\"name\":\"a\\u0000\"}}\n", b"{\"cmd\":\"help\"}", b""])
def test_hostile_octets_end_in_an_error_line_and_nothing_else(lab, ctl, octets):
    core = lab.ctl("status")[-1]["pid"]
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(proc.HANG_S)
        s.connect(lab.lab["iwf"]["ctl"])
        s.sendall(octets)
        s.shutdown(socket.SHUT_WR)
        got = b""
        while piece := s.recv(65536):
            got += piece
    for line in got.splitlines():
        assert json.loads(line)["ok"] is False
    assert lab.ctl("status")[-1]["pid"] == core


def test_a_held_connection_does_not_hold_up_others(lab, ctl):
    held = []
    for _ in range(8):
        s = socket.socket(socket.AF_UNIX)
        s.connect(lab.lab["iwf"]["ctl"])
        s.sendall(b"{\"cmd\":")
        held.append(s)
    assert ctl("status").returncode == 0
    for s in held:
        s.close()


def test_triggers_are_listed_as_asked_for(lab, ctl):
    """By SCS, device, state and age; oldest first; in any number."""
    for n in (70, 71, 72):
        lab.ue("absent", L.imsi(n))
        assert lab.trigger("acme", device=f"meter-{n}@a.example", reference=7000 + n, validity=600).code == 0

    def listed(*words):
        rows = lab.ctl("triggers", "list", *words)
        return [r["reference"] for r in rows[:-1] if r["reference"] in (7070, 7071, 7072)], rows[-1]
    assert listed("--scs", "acme", "--limit", "0")[0] == [7070, 7071, 7072]
    assert listed("--device", "meter-71@a.example")[0] == [7071]
    assert listed("--scs", "beta")[0] == [] == listed("--scs", "nobody")[0] == listed("--state", "done")[0]
    assert listed("--state", "accepted")[0] == [7070, 7071, 7072]
    assert listed("--older", "3600")[0] == []
    first, last = listed("--scs", "acme", "--limit", "1")
    assert first == [7070] and (last["count"], last["more"]) == (1, True)
    shown = ctl("triggers", "list", "--device", "meter-72@a.example").stdout.splitlines()
    assert shown[0].split() == ["SCS", "REFERENCE", "DEVICE", "ACTION", "STATE", "RECEIVED", "EXPIRES", "OUTCOME"]
    assert shown[1].split()[:5] == ["acme", "7072", "meter-72@a.example", "trigger", "accepted"] and len(shown) == 2
    for n in (70, 71, 72):
        lab.ue("present", L.imsi(n))
