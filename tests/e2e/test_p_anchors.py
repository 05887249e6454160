"""Act sixteen, ninth scene: an SCS with certificates of two CAs. Each of its trust anchors lets it in, no other does, and one that is taken away, from
the SCS or from the configuration, ends the sessions under it and no others."""
import json
import os
import re
import subprocess

import pytest
from lablib import proc
from lablib.pki import Pki
from support import tsp
from support.core import next_core

URI = "urn:mtc:group:"


def mtcctl(p, *words, text=""):
    return subprocess.run([p.program("mtcctl"), "--socket", p.lab["iwf"]["ctl"], *words], capture_output=True, text=True, timeout=proc.HANG_S, check=False,
                          input=text)


def put(p, text):
    proc.write(p.lab["iwf"]["config"], text)
    rows = p.ctl("reload")
    assert rows[-1]["ok"], rows
    proc.wait_until("the edges have it", lambda: len({e["files"] for e in p.ctl("status")[-1]["edges"]}) == 1)
    return [row["text"] for row in rows if "text" in row]


@pytest.fixture(scope="module")
def two(labs):
    """A laboratory in which acme may have certificates of anchor-a and anchor-b, and anchor-c is nobody's; it has one of each."""
    p = labs.up()
    pki = Pki(os.path.join(p.lab["dir"], "pki"))
    pki.ca("anchor-c", "/O=nobody/CN=trust anchor c")
    for anchor in "abc":
        cert, key = pki.leaf(f"acme-{anchor}", f"anchor-{anchor}", p.scs["acme"]["origin_host"], "clientAuth", [URI + "of-b"])
        p.scs[f"acme-{anchor}"] = dict(p.scs["acme"], cert=cert, key=key)
    with open(p.lab["iwf"]["config"], encoding="utf-8") as f:
        p.first = f.read()
    p.first = p.first.replace("trust_anchors:\n", f"trust_anchors:\n  - {{ name: anchor-c, file: {pki.path('anchor-c.pem')} }}\n", 1)
    put(p, p.first)
    p.ctl("scs", "set", "acme", "anchors", "anchor-b,anchor-a")
    yield p
    wrong = labs.down(p)
    assert not wrong, "\n".join(wrong)


def sessions(p, n):
    proc.wait_until(f"{n} sessions", lambda: len(p.sessions("acme")) == n)


def test_each_of_its_anchors_lets_it_in_and_no_other(two):
    a, b = tsp.Scs.opened(two, "acme-a"), tsp.Scs.opened(two, "acme-b")
    for s in (a, b):
        assert tsp.request_status(s.dar(tsp.action(device="meter-20@a.example"))) == 0
    c = tsp.Scs(two, "acme-c")
    assert c.open() == 3010
    two.wait_decision(action="session", reason="wrong-anchor", origin_host=two.scs["acme"]["origin_host"])
    for s in (a, b, c):
        s.close()
    sessions(two, 0)


def test_a_group_is_proven_by_its_own_anchor_only(two):
    """Both certificates name it, and anchor-a may not put acme into a group of anchor-b."""
    two.ctl("group", "add", "of-b", "--anchor", "anchor-b")
    two.ctl("block", "add", "group:of-b", "meter-21@a.example")
    a, b = tsp.Scs.opened(two, "acme-a"), tsp.Scs.opened(two, "acme-b")
    assert tsp.request_status(a.dar(tsp.action(device="meter-21@a.example"))) == 0
    assert tsp.request_status(b.dar(tsp.action(device="meter-21@a.example"))) == 105
    for letter, allowed in (("a", True), ("b", False)):
        done = mtcctl(two, "assoc", "check", "acme", "meter-21@a.example", "--cert", two.scs[f"acme-{letter}"]["cert"])
        assert (done.returncode == 0) == allowed, done.stdout
    for s in (a, b):
        s.close()
    two.ctl("block", "del", "group:of-b", "meter-21@a.example")
    sessions(two, 0)


def test_what_is_written_is_read_back(two):
    for form in ("csv", "jsonl"):
        text = mtcctl(two, "scs", "export", "-", "--format", form).stdout
        line = next(one for one in text.splitlines() if "scs.acme.example" in one)
        assert "anchor-a anchor-b" in line if form == "csv" else json.loads(line)["anchor"] == ["anchor-a", "anchor-b"]
        two.ctl("scs", "set", "acme", "anchor", "anchor-c")
        for same, said in ((0, " 0 added, 1 replaced, "), (1, " 0 added, 0 replaced, ")):
            done = mtcctl(two, "scs", "import", "-", "--format", form, text=text)
            assert done.returncode == 0 and said in done.stdout, (same, done.stdout, done.stderr)
        assert mtcctl(two, "scs", "export", "-", "--format", form).stdout == text
    assert two.ctl("scs", "show", "acme")[0]["anchor"] == "anchor-a anchor-b"
    for wrong, said in (("anchor-a,anchor-z", "'anchor-z' is not in the configuration"), ("anchor-a,internal", "internal stands alone"),
                        ("anchor-a,anchor-a", "each once")):
        done = mtcctl(two, "scs", "set", "acme", "anchors", wrong)
        assert done.returncode != 0 and said in done.stderr, done.stderr
    assert two.ctl("scs", "show", "acme")[0]["anchor"] == "anchor-a anchor-b"


def test_one_that_is_taken_from_it_cuts_the_sessions_under_it(two):
    a, b = tsp.Scs.opened(two, "acme-a"), tsp.Scs.opened(two, "acme-b")
    two.ctl("scs", "set", "acme", "anchor", "anchor-b")
    two.wait_decision(action="session", reason="anchor-removed", scs="acme")
    sessions(two, 1)
    assert tsp.request_status(b.dar(tsp.action(device="meter-22@a.example"))) == 0
    again = tsp.Scs(two, "acme-a")
    assert again.open() == 3010
    two.ctl("scs", "set", "acme", "anchors", "anchor-a,anchor-b")
    sessions(two, 1)  # one more anchor cuts nobody
    assert tsp.request_status(b.dar(tsp.action(device="meter-23@a.example"))) == 0
    for s in (a, b, again):
        s.close()
    sessions(two, 0)


def test_one_that_leaves_the_configuration_cuts_the_sessions_under_it(two):
    a, b = tsp.Scs.opened(two, "acme-a"), tsp.Scs.opened(two, "acme-b")
    said = put(two, re.sub(r"  - \{ name: anchor-a, .*\n", "", two.first))
    assert [text for text in said if text.startswith("trust_anchors[anchor-a]: SCSs provisioned with it and with others: 1")], said
    sessions(two, 1)
    assert tsp.request_status(b.dar(tsp.action(device="meter-24@a.example"))) == 0
    again = tsp.Scs.opened(two, "acme-b")
    put(two, two.first)
    back = tsp.Scs.opened(two, "acme-a")
    sessions(two, 3)
    for s in (a, b, again, back):
        s.close()
    sessions(two, 0)


def test_they_outlive_the_core(two):
    next_core(two)
    assert two.ctl("scs", "show", "acme")[0]["anchor"] == "anchor-a anchor-b"
