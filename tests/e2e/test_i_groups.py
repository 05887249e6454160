"""Act nine: groups. Who is in one is proven by certificate or stored, and never because somebody says so."""
import os

import pytest
from lablib import proc
from lablib.pki import Pki
from support import tsp
from support.diameter import avp

URI = "urn:mtc:group:"


@pytest.fixture(scope="module")
def groups(labs):
    """A laboratory whose gamma may trigger *@a.example only as a member of `fleet`; the HSS lets it."""
    p = labs.up()
    p.ctl("group", "add", "fleet", "--anchor", "anchor-a")
    p.ctl("assoc", "add", "group:fleet", "*@a.example", "--rights", "trigger")
    pki = Pki(os.path.join(p.lab["dir"], "pki"))
    for name, uris in (("gamma-fleet", [URI + "fleet"]), ("gamma-other", [URI + "fleets", "https://fleet/", "group:fleet"])):
        cert, key = pki.leaf(name, "anchor-a", p.scs["gamma"]["origin_host"], "clientAuth", uris)
        p.scs[name] = dict(p.scs["gamma"], cert=cert, key=key)
    cert, key = pki.leaf("beta-fleet", "anchor-b", p.scs["beta"]["origin_host"], "clientAuth", [URI + "fleet"])
    p.scs["beta-fleet"] = dict(p.scs["beta"], cert=cert, key=key)
    yield p
    wrong = labs.down(p)
    assert not wrong, "\n".join(wrong)


def refused(lab, got):
    assert got.code == 3 and got.status == "NOTAUTHORIZED", got
    assert lab.wait_decision(reference=got.event("answer")["reference"])["reason"] == "no-association"


def test_a_certificate_proves_the_group(groups):
    got = groups.trigger("gamma-fleet", device="meter-11@a.example", wait=proc.HANG_S)
    assert got.code == 0, got
    line = groups.wait_decision(reference=got.event("answer")["reference"], verdict="accepted")
    assert line["scs"] == "gamma" and line["rule"] == "allow group:fleet *@a.example trigger"


def test_without_the_uri_there_is_no_group(groups):
    refused(groups, groups.trigger("gamma", device="meter-12@a.example"))


def test_a_uri_that_only_looks_like_it(groups):
    refused(groups, groups.trigger("gamma-other", device="meter-12@a.example"))


def test_another_trust_anchor_cannot_put_its_scs_into_the_group(groups):
    refused(groups, groups.trigger("beta-fleet", device="meter-12@a.example"))


def test_nothing_in_a_message_makes_a_member(groups):
    s = tsp.Scs.opened(groups, "gamma")
    for name in (URI + "fleet", "group:fleet", "fleet"):
        answer = s.dar(tsp.action(device="meter-13@a.example"), more=[avp(1, name, mandatory=False), avp(25, name, mandatory=False)])
        assert tsp.request_status(answer) == 105
    s.close()


def test_stored_membership_is_in_force_on_a_live_session_at_once(groups):
    s = tsp.Scs.opened(groups, "gamma")

    def status():
        return tsp.request_status(s.dar(tsp.action(device="meter-14@a.example")))

    assert status() == 105
    groups.ctl("group", "member", "add", "fleet", "gamma")
    assert status() == 0
    assert groups.sessions("gamma")[0]["groups"] == ["fleet"]
    groups.ctl("group", "member", "del", "fleet", "gamma")
    assert status() == 105
    s.close()


def test_check_says_what_the_wire_does_and_why(groups):
    words = ["assoc", "check", "gamma", "meter-15@a.example"]
    no, = groups.ctl(*words, check=False)
    assert (no["allowed"], no["reason"], no["groups"]) == (False, "no-association", [])
    yes, = groups.ctl(*words, "--group", "fleet", "--group", "nothing", check=False)
    assert (yes["allowed"], yes["rule"]) == (True, "allow group:fleet *@a.example trigger")
    assert (yes["groups"], yes["unproven"]) == (["fleet"], ["nothing"])
    no, = groups.ctl("assoc", "check", "beta", "meter-15@a.example", "--group", "fleet", check=False)
    assert (no["allowed"], no["unproven"]) == (False, ["fleet"])


def test_check_takes_the_groups_of_a_session_and_of_a_certificate(groups):
    """What the wire would say, before anybody asks it, and the HSS is asked really."""
    words = ["assoc", "check", "gamma", "meter-15@a.example"]
    s = tsp.Scs.opened(groups, "gamma-fleet")
    session, = groups.sessions("gamma")
    no, = groups.ctl(*words, check=False)
    assert not no["allowed"] and any(f"--session {session['session']}" in line for line in no["not_asked"])
    assert [(m["scs"], m["session"]) for m in groups.ctl("group", "show", "fleet")[0]["proven"]] == [("gamma", session["session"])]
    asked = {row["name"]: row["requests"] for row in groups.ctl("peers") if "name" in row}["hss"]
    pending = groups.ctl("triggers", "list")[-1]["count"]
    yes, = groups.ctl(*words, "--session", session["session"], "--ask-hss", check=False)
    assert yes["allowed"] and yes["rule"] == "allow group:fleet *@a.example trigger" and yes["hss"]["allowed"], yes
    assert {row["name"]: row["requests"] for row in groups.ctl("peers") if "name" in row}["hss"] == asked + 1
    assert groups.ctl("triggers", "list")[-1]["count"] == pending
    number = [name for name in yes["hss"]["names"] if name.startswith("msisdn:")][0]
    groups.ctl("assoc", "add", "gamma", number, "--deny")  # another name of the device, which only the HSS knows
    assert groups.ctl(*words, "--group", "fleet", check=False)[0]["allowed"]
    no, = groups.ctl(*words, "--group", "fleet", "--ask-hss", check=False)
    assert (no["allowed"], no["reason"], no["hss"]["allowed"]) == (False, "denied", True), no
    groups.ctl("assoc", "del", "gamma", number)
    s.close()
    for name, allowed, reason in (("gamma-fleet", True, ""), ("gamma-other", False, "no-association"), ("gamma", False, "no-association"),
                                  ("beta-fleet", False, "wrong-anchor")):
        got, = groups.ctl(*words, "--cert", groups.scs[name]["cert"], check=False)
        assert (got["allowed"], got["reason"]) == (allowed, reason), (name, got)
    own, other = number.split(":")[1], "491799999999"
    for msisdn, reason in ((own, ""), (other, "contradicting-device")):  # a request that names both: the trigger hears the same
        got, = groups.ctl(*words, "--group", "fleet", "--msisdn", msisdn, "--ask-hss", check=False)
        assert (got["allowed"], got["reason"]) == (not reason, reason), got
    unknown, = groups.ctl("assoc", "check", "gamma", "nobody@a.example", "--group", "fleet", "--ask-hss", check=False)
    assert not unknown["allowed"] and unknown["hss"]["answered"] and not unknown["hss"]["allowed"], unknown


def test_a_deleted_group_takes_its_rules(groups):
    groups.ctl("group", "add", "gone")
    groups.ctl("group", "member", "add", "gone", "gamma")
    groups.ctl("assoc", "add", "group:gone", "meter-16@a.example")
    row = groups.ctl("group", "show", "gone")[0]
    assert (row["members"], row["rules"], row["uri"]) == (["gamma"], 1, "")
    assert groups.trigger("gamma", device="meter-16@a.example", wait=proc.HANG_S).code == 0
    assert groups.ctl("group", "del", "gone")[-1]["rules_deleted"] == 1
    refused(groups, groups.trigger("gamma", device="meter-16@a.example"))
    assert [r["name"] for r in groups.ctl("group", "list") if "name" in r] == ["fleet"]


def test_what_cannot_be_is_said(groups):
    for words, said in ((["group", "add", "fleet"], "exists already"), (["group", "add", "x", "--anchor", "anchor-z"], "not in the configuration"),
                        (["group", "add", "x", "--anchor", "internal"], "no certificate"),
                        (["group", "member", "add", "x", "gamma"], "no group 'x'"), (["group", "member", "add", "fleet", "x"], "no SCS 'x'"),
                        (["assoc", "add", "group:x", "*@a.example"], "no group"), (["group", "del", "x"], "no group 'x'")):
        last = groups.ctl(*words, check=False)[-1]
        assert last["ok"] is False and said in last["error"], last


def test_a_rule_on_a_named_set_holds_for_its_members_as_long_as_they_are_in_it(groups):
    s = tsp.Scs.opened(groups, "gamma")

    def status():
        return tsp.request_status(s.dar(tsp.action(device="meter-17@a.example")))

    groups.ctl("set", "add", "trial")
    groups.ctl("assoc", "add", "gamma", "set:trial")
    assert status() == 105
    groups.ctl("set", "member", "add", "trial", "meter-17@a.example")
    assert status() == 0
    assert groups.ctl("assoc", "check", "gamma", "meter-17@a.example")[-1]["rule"].startswith("allow gamma set:trial")
    assert [r["device"] for r in groups.ctl("set", "show", "trial") if "device" in r] == ["meter-17@a.example"]
    groups.ctl("set", "member", "del", "trial", "meter-17@a.example")
    assert status() == 105
    groups.ctl("set", "member", "add", "trial", "meter-17@a.example")
    assert groups.ctl("set", "del", "trial")[-1]["rules_deleted"] == 1
    assert status() == 105
    s.close()
