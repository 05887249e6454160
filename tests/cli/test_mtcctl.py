"""mtcctl against a server made for the test: what it asks, what it shows, how it ends. Type this, expect that."""
import json
import os
import re
import socket
import subprocess
import threading

import pytest
from conftest import BIN, ROOT
from lablib import proc

MTCCTL = os.path.join(BIN, "mtcctl")
ADD = ["scs", "add", "acme", "--e164", "49170123456", "--origin-host", "scs.acme.example", "--realm", "acme.example", "--anchor", "anchor-a"]


class Server:
    """A control socket that remembers what it was asked and says what it was told to say."""

    def __init__(self, path):
        self.path, self.asked, self.lines = path, [], []
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(path)
        self.socket.listen(8)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            with client, client.makefile("rb") as lines:
                self.asked.append(json.loads(lines.readline()))
                client.sendall("".join(line if isinstance(line, str) else json.dumps(line) + "\n" for line in self.lines).encode())

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join(proc.HANG_S)


@pytest.fixture
def server(tmp_path):
    s = Server(str(tmp_path / "ctl.sock"))
    yield s
    s.close()


def run(*words, env=None):
    return subprocess.run([MTCCTL, *words], capture_output=True, text=True, timeout=proc.HANG_S, check=False, stdin=subprocess.DEVNULL,
                          env={"PATH": os.environ["PATH"], **(env or {})})


def ask(server, *words, lines=()):
    server.lines = list(lines) or [{"done": True, "ok": True}]
    return run("--socket", server.path, *words)


# -- what is asked

@pytest.mark.parametrize("words,cmd,args", [
    (["status"], "status", {}),
    (["status", "all"], "status", {}),
    (["health"], "health", {}),
    (["peers"], "peers", {}),
    (["peers", "start", "hss"], "peers.start", {"name": "hss"}),
    (["peers", "stop", "hss"], "peers.stop", {"name": "hss"}),
    (["sessions"], "sessions", {}),
    (["stats"], "stats", {}),
    (ADD, "scs.add", {"name": "acme", "e164": "49170123456", "origin_host": "scs.acme.example", "realm": "acme.example", "anchor": "anchor-a"}),
    (ADD + ["--payload-max=100", "--port-min", "5", "--port-max", "6", "--no-priority", "--actions", "trigger,recall", "--rate", "9", "--replace", "--p-bit-optional"],
     "scs.add", {"name": "acme", "e164": "49170123456", "origin_host": "scs.acme.example", "realm": "acme.example", "anchor": "anchor-a",
                 "payload_max": 100, "port_min": 5, "port_max": 6, "priority_allowed": False, "actions": ["trigger", "recall"],
                 "rate_per_s": 9, "replace": True, "p_bit_optional": True}),
    (["scs", "set", "acme", "quota", "5", "actions", "trigger", "priority", "no"], "scs.set",
     {"name": "acme", "quota_per_day": 5, "actions": ["trigger"], "priority_allowed": False}),
    (["scs", "set", "acme", "ndsip-hosts", "10.8.0.7,fd00::7", "ndsip_ike", "none"], "scs.set",
     {"name": "acme", "ndsip_hosts": ["10.8.0.7", "fd00::7"], "ndsip_ike": []}),
    (ADD[:3] + ["--ndsip-hosts=10.8.0.7", "--ndsip-ike", "192.0.2.7"] + ADD[3:], "scs.add",
     {"name": "acme", "e164": "49170123456", "origin_host": "scs.acme.example", "realm": "acme.example", "anchor": "anchor-a",
      "ndsip_hosts": ["10.8.0.7"], "ndsip_ike": ["192.0.2.7"]}),
    (["group", "set", "fleet", "anchor", "none"], "group.set", {"name": "fleet", "anchor": ""}),
    (["assoc", "check", "acme", "m@a.example", "--session", "3-000017", "--ask-hss"], "assoc.check",
     {"scs": "acme", "device": "m@a.example", "session": "3-000017", "ask_hss": True}),
    (["scs", "del", "acme"], "scs.del", {"name": "acme"}),
    (["scs", "list"], "scs.list", {}),
    (["scs", "show", "acme"], "scs.show", {"name": "acme"}),
    (["assoc", "add", "acme", "*@Fleet.Example"], "assoc.add", {"scs": "acme", "device": "*@fleet.example"}),
    (["assoc", "add", "acme", "Meter-7@fleet.example", "--deny"], "assoc.add",
     {"scs": "acme", "device": "Meter-7@fleet.example", "effect": "deny"}),
    (["assoc", "add", "*", "msisdn:491700000001", "--block"], "assoc.add", {"scs": "*", "device": "msisdn:491700000001", "effect": "block"}),
    (["assoc", "add", "acme", "msisdn:491700000000-491700009999", "--rights", "trigger,replace"], "assoc.add",
     {"scs": "acme", "device": "msisdn:491700000000-491700009999", "rights": ["trigger", "replace"]}),
    (["assoc", "add", "acme", "*@t.example", "--not-before", "1970-01-02", "--not-after=1970-01-03T00:00:01Z"], "assoc.add",
     {"scs": "acme", "device": "*@t.example", "not_before": 86400, "not_after": 172801}),
    (["assoc", "del", "acme", "*@t.example", "--effect", "deny"], "assoc.del", {"scs": "acme", "device": "*@t.example", "effect": "deny"}),
    (["assoc", "list", "--scs", "acme", "--limit", "0"], "assoc.list", {"scs": "acme", "limit": 0}),
    (["assoc", "check", "acme", "meter-7@a.example", "--action", "recall", "--at", "5"], "assoc.check",
     {"scs": "acme", "device": "meter-7@a.example", "action": "recall", "at": 5}),
    (["screen", "set", "agents", "enforce", "--except", "acme,beta", "--except=gamma"], "screen.set",
     {"row": "agents", "mode": "enforce", "except": ["acme", "beta", "gamma"]}),
    (["assoc", "check", "acme", "meter-7@a.example", "--group", "fleet", "--group=partners"], "assoc.check",
     {"scs": "acme", "device": "meter-7@a.example", "group": ["fleet", "partners"]}),
    (["assoc", "add", "group:fleet", "*@a.example"], "assoc.add", {"scs": "group:fleet", "device": "*@a.example"}),
    (["group", "add", "fleet", "--anchor", "anchor-a", "--replace"], "group.add", {"name": "fleet", "anchor": "anchor-a", "replace": True}),
    (["group", "del", "fleet"], "group.del", {"name": "fleet"}),
    (["group", "list"], "group.list", {}),
    (["group", "show", "fleet"], "group.show", {"name": "fleet"}),
    (["group", "member", "add", "fleet", "acme"], "group.member.add", {"group": "fleet", "scs": "acme"}),
    (["group", "member", "del", "fleet", "acme"], "group.member.del", {"group": "fleet", "scs": "acme"}),
    (["assoc", "add", "acme", "set:trial"], "assoc.add", {"scs": "acme", "device": "set:trial"}),
    (["set", "add", "trial"], "set.add", {"name": "trial"}),
    (["set", "del", "trial"], "set.del", {"name": "trial"}),
    (["set", "list"], "set.list", {}),
    (["set", "show", "trial", "--limit", "0"], "set.show", {"name": "trial", "limit": 0}),
    (["set", "member", "add", "trial", "meter-7@Fleet.example"], "set.member.add", {"set": "trial", "device": "meter-7@fleet.example"}),
    (["set", "member", "del", "trial", "msisdn:491700000001"], "set.member.del", {"set": "trial", "device": "msisdn:491700000001"}),
    (["triggers", "list", "--state", "accepted"], "triggers.list", {"state": "accepted"}),
    (["triggers", "list", "--device", "meter-7@A.example", "--older", "3600", "--limit", "0"], "triggers.list",
     {"device": "meter-7@a.example", "older_s": 3600, "limit": 0}),
    (["triggers", "show", "acme", "4294967295"], "triggers.show", {"scs": "acme", "reference": 4294967295}),
    (["triggers", "show", "41"], "triggers.show", {"reference": 41}),
    (["triggers", "cancel", "acme", "41"], "triggers.cancel", {"scs": "acme", "reference": 41}),
    (["ndsip", "status"], "ndsip.status", {}),
    (["ndsip", "status", "acme"], "ndsip.status", {"scs": "acme"}),
    (["log", "level", "debug"], "log.level", {"level": "debug"}),
], ids=lambda v: " ".join(v[:3]) if isinstance(v, list) else None)
def test_words_become_a_request(server, words, cmd, args):
    ask(server, *words)
    assert server.asked == [{"cmd": cmd, "args": args}]


# -- what is wrong is said before anybody is asked

@pytest.mark.parametrize("words,said", [
    (["nothing"], "unknown command 'nothing'"),
    (["scs"], "'scs' needs a verb"),
    (["scs", "ad"], "'scs' has no verb 'ad'"),
    (["screen", "set", "agents", "enforce", "--except", "acme,"], "--except is ''"),
    (["status", "now"], "unexpected argument 'now'\n"),
    (["assoc", "check", "acme", "a@b.example", "processes.json"], "unexpected argument 'processes.json'; quote '*' in the shell"),
    (["asoc"], "unknown command 'asoc', did you mean 'assoc'?"),
    (["help", "statuss"], "unknown command 'statuss', did you mean 'status'?"),
    (["audit", "search", "/nowhere", "--action", "trigers"], "--action is 'trigers', expected one of"),
    (["tail", "--action", "trigers"], "--action is 'trigers', expected one of"),
    (["assoc", "add", "acme", "+491700000007"], "DEVICE is '+491700000007', expected a number with msisdn: and without +; did you mean 'msisdn:491700000007'?"),
    (["assoc", "check", "acme", "491700000007"], "did you mean 'msisdn:491700000007'?"),
    (["assoc", "chek"], "'assoc' has no verb 'chek', did you mean 'check'?"),
    (ADD + ["--ndsip-hosts", "gw"], "--ndsip-hosts is 'gw', expected at most 32 numeric addresses with commas between them, or none"),
    (ADD + ["--ndsip-ike", ",".join(f"192.0.2.{i}" for i in range(9))], "expected at most 8 numeric addresses"),
    (["scs", "set", "acme", "ndsip-hosts", "10.8.0.7,"], "expected at most 32 numeric addresses"),
    (ADD + ["--quata", "5"], "unknown option '--quata', did you mean '--quota'?"),
    (ADD + ["--zzzzz=5"], "unknown option '--zzzzz=5'\n"),
    (["scs", "set", "acme", "quata", "5"], "there is no value 'quata' to set, did you mean 'quota'?"),
    (["scs", "del"], "NAME is missing"),
    (["group", "member"], "'group' has no verb 'member'"),
    (["group", "member", "ad", "fleet", "acme"], "'group' has no verb 'member'"),
    (["group", "member", "add", "fleet"], "SCS is missing"),
    (["assoc", "add", "group:Fleet", "a@b.example"], "SCS is 'group:Fleet', expected a name"),
    (["assoc", "check", "group:fleet", "a@b.example"], "SCS is 'group:fleet', expected a name"),
    (["assoc", "add", "acme", "set:"], "DEVICE is 'set:', expected set: and the name"),
    (["scs", "del", "Acme"], "NAME is 'Acme', expected a name"),
    (["scs", "set", "acme"], "KEY VALUE is missing"),
    (["scs", "set", "acme", "quota"], "quota needs N"),
    (["scs", "set", "acme", "quota", "many"], "mtcctl: quota is 'many', expected a number"),
    (["scs", "set", "acme", "speed", "5"], "there is no value 'speed' to set"),
    (["block", "add", "*", "meter-7@*.example"], "are no patterns inside a name"),
    (ADD[:-2], "--anchor is missing"),
    (ADD + ["--speed", "5"], "unknown option '--speed'"),
    (ADD + ["-x"], "unknown option '-x'"),
    (ADD + ["--rate"], "--rate needs N"),
    (ADD + ["--rate", "-1"], "--rate is '-1', expected a number from 0 to 4294967295"),
    (ADD + ["--realm", "again.example"], "--realm is given twice"),
    (ADD + ["--no-priority=1"], "--no-priority takes no value"),
    (ADD + ["--actions", "trigger,"], "--actions is 'trigger,', expected some of: trigger recall replace"),
    (["scs", "set", "acme", "tls-suites", "x"], "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, with commas between them\n"),  # the last of the list
    (ADD + ["--port-min", "6", "--port-max", "5"], "--port-min is above --port-max"),
    (ADD[:4] + ["+49170"] + ADD[5:], "--e164 is '+49170', expected 5 to 15 digits"),
    (ADD[:6] + ["scs..example"] + ADD[7:], "--origin-host is 'scs..example', expected a host"),
    (["assoc", "add", "acme", "meter"], "DEVICE is 'meter', expected local@domain"),
    (["assoc", "add", "acme", "a@b@c"], "DEVICE is 'a@b@c', expected local@domain"),
    (["assoc", "add", "acme", "msisdn:5-"], "DEVICE is 'msisdn:5-', expected msisdn:DIGITS"),
    (["assoc", "add", "acme", "msisdn:49170009-49170001"], "expected msisdn:DIGITS or msisdn:FIRST-LAST"),
    (["assoc", "add", "acme", "a@b.example", "--deny", "--block"], "use either --deny or --block, and only once"),
    (["assoc", "add", "acme", "a@b.example", "--not-after", "tomorrow"], "--not-after is 'tomorrow', expected YYYY-MM-DD"),
    (["assoc", "check", "acme", "a@b.example", "--action", "wake"], "--action is 'wake', expected one of: trigger recall replace"),
    (["triggers", "show"], "REF is missing (Reference-Number of the trigger); 'mtcctl triggers list' shows them\n"),
    (["triggers", "show", "acme"], "REF is 'acme', expected a number from 0 to 4294967295 (Reference-Number of the trigger); 'mtcctl triggers list' shows them\n"),
    (["triggers", "cancel", "acme", "x"], "(Reference-Number of the trigger); 'mtcctl triggers list' shows them\n"),
    (["scs", "show"], "NAME is missing (name of the SCS); 'mtcctl scs list' shows them\n"),
    (["scs", "show", "A B"], "beginning with a letter or digit (name of the SCS); 'mtcctl scs list' shows them\n"),
    (["scs", "add", "A B"], "beginning with a letter or digit (our name for the SCS)\n"),  # nothing lists new names
    (["quota", "reset"], "SCS is missing (name of the SCS); 'mtcctl scs list' shows them\n"),
    (["group", "member", "add", "fleet", "?"], "(name of the SCS); 'mtcctl scs list' shows them\n"),
    (["set", "show", "?"], "(name of the set); 'mtcctl set list' shows them\n"),
    (["peers", "stop"], "NAME is missing (name of the peer in the configuration); 'mtcctl peers' shows them\n"),
    (["screen", "set"], "ROW is missing (name of a screening row; 'mtcctl screen list' shows them)\n"),
    (["screen", "set", "agents", "enforce", "--except", "?"], "'mtcctl scs list' shows them\n"),
    (["assoc", "check", "acme", "m@a.example", "--session", ""], "--session is '', expected a text; 'mtcctl sessions' shows them\n"),
    (["audit", "show", "/nowhere", "x"], "SEQ is 'x', expected a number from 0 to 9223372036854775807 (number of the record); 'mtcctl audit search DIR' shows them\n"),
    (["triggers", "show", "acme", "1", "2"], "unexpected argument '2'"),
    (["triggers", "cancel", "41"], "REF is missing"),
    (["triggers", "show", "acme", "4294967296"], "REF is '4294967296', expected a number from 0 to 4294967295"),
    (["log", "level", "loud"], "LEVEL is 'loud', expected one of: error warn info debug"),
    (["--wait", "0", "status"], "--wait needs a number of seconds"),
    (["status", "--socket"], "--socket needs PATH"),
], ids=lambda v: " ".join(v) if isinstance(v, list) else None)
def test_wrong_words_are_named_and_nothing_is_asked(server, words, said):
    done = run(*words, env={"MTC_CTL": server.path})
    assert done.returncode == 2
    assert said in done.stderr
    assert "--help" in done.stderr
    assert done.stdout == ""
    assert server.asked == []


def test_a_wrong_key_of_an_audit_is_said_with_the_right_one():
    done = run("audit", "verify", os.path.join(ROOT, "docs"), "--key", os.path.join(ROOT, "LICENSE"))
    assert (done.returncode, done.stdout) == (2, "")
    assert "LICENSE: not the public key of an audit, expected its file audit.key.pub" in done.stderr


# -- what is shown

def test_rows_are_a_table(server):
    done = ask(server, "scs", "list", lines=[
        {"name": "acme", "e164": "49170123456", "origin_host": "scs.acme.example", "realm": "acme.example", "anchor": "a", "sessions": 2},
        {"name": "b", "e164": "4917012", "origin_host": "b.example", "realm": "b.example", "anchor": "anchor-b", "sessions": 0},
        {"done": True, "ok": True, "count": 2}])
    assert done.returncode == 0
    assert done.stdout == ("NAME  E164         ORIGIN-HOST       REALM         ANCHOR    SESSIONS\n"
                           "acme  49170123456  scs.acme.example  acme.example  a         2\n"
                           "b     4917012      b.example         b.example     anchor-b  0\n")


def test_an_empty_list_says_so(server):
    none = [{"done": True, "ok": True, "count": 0}]
    assert ask(server, "scs", "list", lines=none).stdout == "none\n"
    assert ask(server, "triggers", "list", lines=none).stdout == (
        "none\nTriggers that are over are not listed. One that ended not long ago: mtcctl triggers show SCS REF\n")


@pytest.mark.parametrize("group", ["triggers", "scs"])
def test_a_command_without_its_verb_lists_the_verbs(group):
    done = run(group)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"mtcctl: '{group}' needs a verb\n")
    assert done.stderr.endswith(run(group, "--help").stdout) and f"  mtcctl {group} " in done.stderr


def test_a_long_list_is_shown_whole(server):
    rows = [{"scs": "acme", "device": f"meter-{n}@a.example", "effect": "allow", "rights": ["trigger", "recall"]} for n in range(3000)]
    done = ask(server, "assoc", "list", "--limit", "0", lines=[*rows, {"done": True, "ok": True, "count": 3000}])
    assert len(done.stdout.splitlines()) == 3001
    assert "meter-2999@a.example  allow   trigger,recall" in done.stdout


def test_control_characters_of_the_far_side_do_not_reach_the_terminal(server):
    done = ask(server, "sessions", lines=[{"scs": "x\u001b[2J\u0007", "session": 1}, {"done": True, "ok": True}])
    assert "\x1b" not in done.stdout and "x?[2J?" in done.stdout


def test_what_leads_a_terminal_or_the_eye_astray_does_not_reach_it(server):
    """Control characters beyond ASCII, ends of lines, and marks that turn the direction; other letters stay."""
    for words in ("sessions", "scs show acme"):
        done = ask(server, *words.split(), lines=[{"scs": "ä\u009b2J\u2028b\u202ec\u2066d\u200fe\u20acf", "session": 1}, {"done": True, "ok": True}])
        assert "ä?2J?b?c?d?e€f" in done.stdout, done


def test_control_characters_of_a_refusal_do_not_reach_the_terminal(server):
    for command in (["--socket", server.path, "sessions"], ["console", "--login", server.path]):
        server.lines = [{"done": True, "ok": False, "error": "no \u001b[2J\u009b3J"}]
        done = run(*command)
        assert done.returncode == 1 and "no ?[2J??3J" in done.stderr and "\x1b" not in done.stderr and "\x9b" not in done.stderr, done


LINK = {"done": True, "ok": True, "link": "http://127.0.0.1:8640/#" + "0" * 64, "name": "alice", "role": "read", "seconds": 60}


@pytest.mark.parametrize("member,text", [("link", "http://127.0.0.1:8640/\033[2J#"), ("link", "file:///etc/passwd"), ("link", "http://a/$(id)"), ("link", 7),
                                         ("name", "\033[31malice"), ("name", "a b"), ("role", "root"), ("role", "\033c")])
def test_a_console_in_other_hands_says_nothing_to_a_terminal(server, member, text):
    server.lines = [LINK]
    good = run("console", "--login", server.path)
    assert (good.returncode, good.stdout) == (0, LINK["link"] + "\n") and "it logs alice in once, with the role read" in good.stderr
    server.lines = [{**LINK, member: text}]
    bad = run("console", "--login", server.path)
    assert bad.returncode == 4 and not bad.stdout and "this is not what a console answers" in bad.stderr and "\033" not in bad.stderr, bad


def test_check_says_yes_with_its_rule(server):
    done = ask(server, "assoc", "check", "acme", "meter-7@a.example", lines=[
        {"done": True, "ok": True, "allowed": True, "reason": "", "rule": "allow acme meter-7@a.example trigger", "beaten": [
            "deny acme *@a.example", "deny acme *"], "scs": "acme", "device": "meter-7@a.example", "action": "trigger"}])
    assert done.returncode == 0
    assert done.stdout == ("yes\n  asked    acme trigger meter-7@a.example\n  rule     allow acme meter-7@a.example trigger\n"
                           "  beaten   deny acme *@a.example\n           deny acme *\n")


def test_check_sends_a_certificate_and_no_key(server, tmp_path):
    cert = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    for name, text, said in (("both.pem", cert + "-----BEGIN PRIVATE KEY-----\nx\n", "without a private key"), ("none.pem", "hello\n", "a PEM file"),
                             ("large.pem", cert + " " * 40000, "large.pem: ")):
        (tmp_path / name).write_text(text)
        done = ask(server, "assoc", "check", "acme", "m@a.example", "--cert", tmp_path / name)
        assert done.returncode == 2 and said in done.stderr, done.stderr
    assert not server.asked
    assert ask(server, "assoc", "check", "acme", "m@a.example", "--cert", tmp_path / "gone.pem").returncode == 2
    (tmp_path / "good.pem").write_text(cert)
    ask(server, "assoc", "check", "acme", "m@a.example", "--cert", tmp_path / "good.pem")
    assert server.asked == [{"cmd": "assoc.check", "args": {"scs": "acme", "device": "m@a.example", "certificate": cert}}]


def test_check_shows_who_proved_what_and_who_was_not_asked(server):
    line = {"done": True, "ok": True, "allowed": True, "reason": "", "rule": "allow r", "beaten": [], "scs": "acme", "device": "m@b.example",
            "action": "trigger", "proof": {"by": "session", "session": "3-000017", "groups": ["fleet"]}, "not_asked": ["the SMS-SC", "the limits"],
            "hss": {"answered": True, "allowed": True, "absent": True, "names": ["m@b.example", "msisdn:491700000001"]}}
    assert ask(server, "assoc", "check", "acme", "m@b.example", lines=[line]).stdout == (
        "yes\n  asked    acme trigger m@b.example\n  proven   session 3-000017: fleet\n"
        "  HSS      yes, the device is not registered now; it knows the device as m@b.example,msisdn:491700000001\n"
        "  rule     allow r\n  not asked the SMS-SC\n            the limits\n")


def test_values_in_force_stand_beside_those_that_are_stored(server):
    row = {"name": "acme", "payload_max": 4000, "pending_max": 80, "connections_max": 0,
           "in_force": {"payload_max": 1024, "pending_max": 80, "connections_max": 8}}
    assert ask(server, "scs", "show", "acme", lines=[row, {"done": True, "ok": True, "count": 1}]).stdout == (
        "name              acme\npayload_max       4000 stored, in force 1024: the configuration has the smaller limit\npending_max       80\n"
        "connections_max   0 stored, in force 8: as configured\n")


def test_check_says_no_with_exit_1_for_people_and_programs(server):
    line = {"done": True, "ok": True, "allowed": False, "reason": "no-association", "meaning": "no rule speaks", "rule": "",
            "beaten": [], "scs": "acme", "device": "m@b.example", "action": "trigger"}
    done = ask(server, "assoc", "check", "acme", "m@b.example", lines=[line])
    assert done.returncode == 1
    assert done.stdout.startswith("no: no-association, no rule speaks\n") and "rule     none: what no rule allows is denied" in done.stdout
    done = ask(server, "--json", "assoc", "check", "acme", "m@b.example", lines=[line])
    assert (done.returncode, json.loads(done.stdout)) == (1, line)


def test_check_shows_what_would_change_it(server):
    line = {"done": True, "ok": True, "allowed": False, "reason": "denied", "meaning": "a deny rule decided", "rule": "deny r", "beaten": [],
            "detected": ["block d detect-only", "deny d detect-only"], "scs": "acme", "device": "m@b.example", "msisdn": "491700000001",
            "action": "recall", "path": ["the SCS may not ask for recall at all"], "needs": ["let the SCS ask for recall"], "more": True,
            "changes": [{"change": "add", "rule": "allow a"}, {"change": "end", "rule": "deny r", "at": "2027-01-01T00:00:00.000Z"},
                        {"change": "leave-group", "rule": "deny r", "name": "fleet"}, {"change": "of-tomorrow", "rule": "x"}]}
    done = ask(server, "assoc", "check", "acme", "m@b.example", lines=[line])
    assert done.returncode == 1
    assert done.stdout == ("no: denied, a deny rule decided\n"
                           "  asked    acme recall m@b.example + msisdn:491700000001\n"
                           "  path     the SCS may not ask for recall at all\n"
                           "  rule     deny r\n"
                           "  detected block d detect-only\n"
                           "           deny d detect-only\n"
                           "  changes  add the rule: allow a\n"
                           "           time: from 2027-01-01T00:00:00.000Z on there is no more deny r\n"
                           "           take the SCS out of group fleet, because of deny r\n"
                           "           of-tomorrow : x\n"
                           "  and also let the SCS ask for recall\n"
                           "           there is more, which was not looked at\n")
    line.update(changes=[], more=False, needs=[])
    assert "  changes  no single change would do\n" in ask(server, "assoc", "check", "acme", "m@b.example", lines=[line]).stdout
    line.update(needs=["let it"], needs_suffice=True)
    assert "  changes  let it\n" in ask(server, "assoc", "check", "acme", "m@b.example", lines=[line]).stdout


def test_health_is_an_exit_code_with_reasons(server):
    ill = {"done": True, "ok": True, "healthy": False, "reasons": [{"reason": "peer-not-open", "text": "peer hss is not connected", "advice": "see that it runs"}]}
    done = ask(server, "health", lines=[ill])
    assert (done.returncode, done.stdout) == (1, "not healthy\npeer hss is not connected\n  next: see that it runs\n")
    done = ask(server, "--json", "health", lines=[ill])
    assert done.returncode == 1 and json.loads(done.stdout)["reasons"] == ill["reasons"]
    done = ask(server, "status", "all", lines=[ill])
    assert done.returncode == 0 and done.stdout.startswith("health          not healthy, 1 reason: mtcctl health\n")
    done = ask(server, "status", "all", lines=[{**ill, "uptime_s": 2, "started": "2026-01-01T00:00:00Z", "edges": [], "sandbox": []}])
    assert done.stdout.startswith("health          starting, not healthy yet, 1 reason: mtcctl health\n")
    assert done.stdout.endswith("\nedges           none is up yet\n"), done.stdout  # and no blank table
    done = ask(server, "status", "all", lines=[{**ill, "uptime_s": 10, "edges": []}])
    assert done.stdout.startswith("health          not healthy, 1 reason: mtcctl health\n") and done.stdout.endswith("\nedges           none is up\n")
    well = {"done": True, "ok": True, "healthy": True, "reasons": []}
    assert (ask(server, "health", lines=[well]).stdout, ask(server, "health", lines=[well]).returncode) == ("healthy\n", 0)
    assert ask(server, "--json", "health", lines=[well]).returncode == 0


def test_status_shows_edges(server):
    done = ask(server, "status", "all", lines=[
        {"done": True, "ok": True, "version": "1", "identity": "iwf.x", "uptime_s": 93784, "started": "2026-01-01T00:00:00Z", "sessions": 3,
         "listeners": [{"name": "inside", "zone": "internal", "protection": "none", "transport": "tcp", "address": "127.0.0.1", "port": 3868}],
         "edges": [{"name": "edge-1", "zone": "external", "pid": 77, "generation": 2, "sessions": 3, "state": "up"}]}])
    assert "(1d 02:03:04 ago)" in done.stdout
    assert "edge-1  external  77   2           3         up" in done.stdout
    assert "inside    internal  none        tcp        127.0.0.1  3868" in done.stdout


NDSIP = {"serves": True, "helper": True, "charon": True, "version": "5.9.8", "rules": "in force", "trouble": "", "scs": 2, "loaded": 2,
         "left_out": 0, "connections": 3, "proven": 1}


def test_status_has_a_line_for_ndsip(server):
    done = ask(server, "status", "all", lines=[{"done": True, "ok": True, "ndsip": NDSIP}])
    assert "NDS/IP          strongSwan 5.9.8 answers, rules in force, 2 SCSs, 3 connections, 1 of them protected\n" in done.stdout
    done = ask(server, "status", "all", lines=[{"done": True, "ok": True, "ndsip": dict(NDSIP, trouble="strongSwan (charon) does not answer")}])
    assert "NDS/IP          strongSwan (charon) does not answer\n" in done.stdout
    assert "NDS/IP" not in ask(server, "status", "all", lines=[{"done": True, "ok": True}]).stdout


def test_ndsip_status_says_why_not(server):
    rows = [{"scs": "acme", "protected": True, "state": "up", "hosts": ["10.8.0.7"], "ike": [], "children": 1, "connections": 1, "why": ""},
            {"scs": "beta", "protected": False, "state": "down", "hosts": ["10.8.0.8", "10.8.0.9"], "ike": ["192.0.2.7"], "children": 0,
             "connections": 0, "why": "there is no IKE_SA with it"}]
    last = {"done": True, "ok": True, **NDSIP, "count": 2, "protected": 1, "ike_sas": 1, "children": 1, "proofs": 4, "refused": 0, "cut": 1,
            "last_loss": "2026-01-01T00:00:00Z", "reauth_s": 86400}
    done = ask(server, "ndsip", "status", lines=rows + [last])
    assert done.returncode == 0
    table, end = done.stdout.split("\n\n")
    assert [re.split(r"  +", line.strip()) for line in table.splitlines()[1:]] == [
        ["acme", "yes", "up", "10.8.0.7", "-", "1"],
        ["beta", "no", "down", "10.8.0.8 +1", "192.0.2.7", "0"],
        ["WHY NOT of beta: there is no IKE_SA with it"]]
    assert end.splitlines()[:4] == ["1 of 2 SCSs with NDS/IP protected",
                                    "NDS/IP          strongSwan 5.9.8 answers, rules in force, 2 SCSs, 3 connections, 1 of them protected",
                                    "strongSwan has 1 IKE_SA and 1 CHILD_SA", "it was lost last at 2026-01-01T00:00:00Z"]
    said = " ".join(end.split())
    assert "proved again every 24h, without a gap only if charon.make_before_break is yes in strongswan.conf: that cannot be asked" in said
    assert "bounds half-open IKE_SAs (charon.cookie_threshold, block_threshold, half_open_timeout) cannot be asked" in said
    long = [dict(rows[1], scs=f"scs-{i}", hosts=[f"2001:db8:1111:2222:3333:4444:5555:{k:04x}" for k in range(32)], why="why " * 40) for i in range(3)]
    done = ask(server, "ndsip", "status", lines=long + [last])
    assert max(len(line) for line in done.stdout.splitlines()) <= 130 and done.stdout.count("WHY NOT of scs-0, scs-1, scs-2: why why") == 1
    done = ask(server, "ndsip", "status", lines=[dict(last, serves=False, count=0, protected=0)])
    assert done.stdout.endswith("no listener of the configuration has protection ndsip or tls+ndsip\n")


def test_peers_show_the_state_and_its_reason(server):
    rows = [{"name": "hss", "host": "hss.x", "address": "127.0.0.1:1", "protection": "none", "state": "waiting", "since": "-", "requests": 0,
             "answers": 0, "timeouts": 0, "pending": 0, "reason": "told BUSY, next attempt in 57 s", "next_attempt_s": 57}]
    done = ask(server, "peers", lines=rows + [{"done": True, "ok": True, "count": 1}])
    assert "told BUSY, next attempt in 57 s" in done.stdout
    done = ask(server, "peers", "stop", "hss", lines=[{"done": True, "ok": True, "name": "hss", "state": "closing"}])
    assert done.stdout == "peer hss is closing\n"
    assert run("peers", "halt").returncode == 2 and run("peers", "stop").returncode == 2


def test_json_is_what_the_server_said(server):
    lines = [{"name": "hss", "state": "open"}, {"name": "smssc", "state": "waiting"}, {"done": True, "ok": True, "count": 2}]
    done = ask(server, "--json", "peers", lines=lines)
    assert [json.loads(line) for line in done.stdout.splitlines()] == lines
    assert done.stderr == ""


def test_show_lists_every_member(server):
    done = ask(server, "scs", "show", "acme", lines=[{"name": "acme", "priority_allowed": True, "actions": ["trigger"]}, {"done": True, "ok": True}])
    assert done.stdout == "name              acme\npriority_allowed  yes\nactions           trigger\n"


# -- what goes wrong outside

def test_the_server_says_no(server):
    done = ask(server, *ADD, lines=[{"done": True, "ok": False, "error": "SCS 'acme' exists already; --replace overwrites it"}])
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "mtcctl: SCS 'acme' exists already; --replace overwrites it\n"


@pytest.mark.parametrize("lines,said", [
    (["{\"a\":1}\n"], "closed the control socket before its answer"),
    (["220 ready\n"], "is this the right socket?"),
    (["x" * 200000], "is this the right socket?"),
])
def test_an_answer_that_is_none_is_exit_4(server, lines, said):
    done = ask(server, "status", lines=lines)
    assert done.returncode == 4
    assert said in done.stderr


def test_no_socket_is_exit_4_with_what_to_do(tmp_path):
    done = run("status", "--socket", str(tmp_path / "none.sock"))
    assert done.returncode == 4
    assert "is mtc-iwfd running?" in done.stderr
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(tmp_path / "old.sock"))
    left.close()
    done = run("status", env={"MTC_CTL": str(tmp_path / "old.sock")})
    assert done.returncode == 4
    assert "nobody listens" in done.stderr


def test_replay_waits_for_no_writer_of_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "."):
        done = run("replay", str(tmp_path / name))
        assert done.returncode == 2 and "not a regular file" in done.stderr and "mtcctl replay -" in done.stderr
    assert "is empty" in run("replay", "-").stderr


def test_the_option_wins_over_the_environment(server):
    server.lines = [{"done": True, "ok": True}]
    assert run("status", f"--socket={server.path}", env={"MTC_CTL": "/nonexistent"}).returncode == 0


def test_why_a_peer_is_not_open_stands_below_the_table(server):
    rows = [{"name": "hss", "state": "waiting", "reason": "no answer, " * 12 + "next attempt in 1 s"}, {"name": "smssc", "state": "open"}]
    lines = ask(server, "peers", lines=rows + [{"done": True, "ok": True, "count": 2}]).stdout.splitlines()
    assert lines[0].split()[-1] == "FORGIVEN" and lines[3].startswith("REASON of hss: no answer") and lines[4].startswith("  ")
    assert max(len(line) for line in lines[3:]) <= 80


# -- help

def test_help_on_every_level_teaches():
    top = run("--help")
    assert top.returncode == 0 and "MTC_CTL" in top.stdout and "mtcctl assoc check acme" in top.stdout
    group = run("assoc", "--help")
    assert group.returncode == 0 and "mtcctl assoc add acme '*@fleet.example'" in group.stdout
    assert max(len(line) for line in top.stdout.splitlines()) <= 80
    of_audit = run("audit", "--help").stdout  # the examples of each verb, and no explanation of one of them
    assert all(line.startswith("  mtcctl ") for line in of_audit.split("Examples:\n")[1].splitlines()), of_audit
    for command in (["scs", "add"], ["assoc", "check"], ["triggers", "show"], ["log", "level"], ["status"]):
        one = run(*command, "--help")
        assert one.returncode == 0 and "Examples:" in one.stdout and "Usage: mtcctl " + " ".join(command) in one.stdout
        assert run("help", *command).stdout == one.stdout
    assert run("nothing", "--help").returncode == 2
    assert run().returncode == 2
    assert run("--version").stdout.startswith("mtcctl ")


def test_the_manual_names_every_command_and_option():
    with open(os.path.join(ROOT, "docs", "man", "mtcctl.1"), encoding="utf-8") as f:
        page = f.read().replace("\\-", "-").replace("\\", "")
    commands = [line.split()[:2] for line in run("--help").stdout.split("Commands:\n")[1].split("\n\n")[0].splitlines() if line[2] != " "]
    for group, verb in commands:
        words = [group] if verb[0].isupper() else [group, verb]
        assert " ".join(words) in page
        for line in run(*words, "--help").stdout.splitlines():
            if line.startswith("  --"):
                assert line.split()[0] in page, f"{words}: {line.split()[0]}"


@pytest.mark.parametrize("words", [("scs", "set"), ("group", "set"), ("set", "set")])
def test_the_manual_names_every_key_beside_its_command(words):
    with open(os.path.join(ROOT, "docs", "man", "mtcctl.1"), encoding="utf-8") as f:
        page = f.read().replace("\\-", "-").replace("\\", "")
    section = page.split(f'"{words[0]} {words[1]} "', 1)[1].split(".TP")[0]
    keys = [line.split()[0] for line in run(*words, "--help").stdout.split("Examples:")[0].splitlines() if re.match(r"  \w", line)]
    keys = [key for key in keys if key.islower()]
    assert keys
    assert [key for key in keys if key not in section] == []


def test_the_pages_name_every_column_of_an_scs():
    columns = re.findall(r"^  (\w+)(?: \([^)]*\))?: ", run("scs", "import", "--help").stdout, re.M)
    assert columns[0] == "payload_max" and "strict_answers" in columns  # made from the rows of the limits
    with open(os.path.join(ROOT, "docs", "man", "mtcctl.1"), encoding="utf-8") as f:
        section = f.read().split("\n.SH FILES OF ROWS\n")[1]
    text = section.split("\n.B scs\n")[1].split("\n.TP")[0].replace("\n", " ").replace("\\", "").split("; optional ")[1]
    assert re.findall(r"\w+", re.sub(r"\([^)]*\)", "", text)) == columns
    with open(os.path.join(ROOT, "docs", "user", "associations.md"), encoding="utf-8") as f:
        cells = re.search(r"^\| `scs` \|(.*)\|(.*)\|$", f.read(), re.M)
    assert re.findall(r"`(\w+)`", cells.group(2).split(":")[0]) == columns
