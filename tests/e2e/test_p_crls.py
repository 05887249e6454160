"""Act sixteen, second part: certificates are revoked while the gateway runs, by files of CRLs that it reads when they change."""
import os
import subprocess
import time

import pytest

from lablib import lab as L
from lablib import proc
from lablib.pki import Pki
from support.core import next_core
from support.pace import Watch
from support.tsp import Scs, action

CHECK_S = 0.1


class Revoking(L.Lab):
    """Both anchors have a CRL, and the files are looked at often."""

    def iwf_config(self):
        folder, text = self.path("pki"), super().iwf_config()
        for name in ("anchor-a", "anchor-b"):
            Pki(folder).crl(name)
            text = text.replace(f"{name}.pem }}", f"{name}.pem, crl: [ {folder}/{name}.crl ] }}", 1)
        return text


@pytest.fixture
def p(labs):
    p = labs.up(kind=Revoking, timers_more=", crl_check: 100ms, crl_grace: 15s")
    yield p
    wrong = labs.down(p)
    assert not wrong, "\n".join(wrong)


def pki(p):
    return Pki(os.path.join(p.lab["dir"], "pki"))


def log(p):
    with open(p.lab["logs"]["mtc-iwfd"], encoding="utf-8", errors="replace") as f:
        return f.read()


def said(p, words):
    proc.wait_until(f"the log says '{words}'", lambda: words in log(p))


def status(p):
    return p.ctl("status")[-1]


def stat(p, name):
    return {r["name"]: r["value"] for r in p.ctl("stats") if "name" in r}[name]


def numbers(p):
    return {f["name"]: f["number"] for f in status(p)["files"] if f["of"] == "crl"}


def stays(scs, device):
    """The session is the one it was: its requests are answered."""
    return scs.dar(action(device=device)).result == 2001


def in_use(p, number, anchor="anchor-a"):
    proc.wait_until(f"CRL {number} is in use on every edge", lambda: numbers(p)[anchor] == number and
                    {e["files"] for e in status(p)["edges"]} == {status(p)["files_generation"]})


@pytest.mark.alone
def test_a_revoked_session_is_cut_within_a_second(p):
    acme, beta = Scs.opened(p, "acme"), Scs.opened(p, "beta")
    pki(p).crl("anchor-a", ["acme"], 2, target=pki(p).path("next.crl"))
    watch = Watch()
    os.replace(pki(p).path("next.crl"), pki(p).path("anchor-a.crl"))
    assert acme.closed()
    assert watch.took() < 1 + CHECK_S
    line = p.wait_decision(reason="certificate-revoked")
    assert line["scs"] == "acme" and line["action"] == "session" and line["verdict"] == "refused"
    said(p, "is revoked since")
    assert "(keyCompromise), says CRL 0x2 of" in log(p)
    for number in range(4):  # on any edge: the handshake refuses it
        assert p.trigger("acme", device="meter-1@a.example", reference=100 + number).code == 4
    assert stays(beta, "meter-1@b.example")
    proc.wait_until("the edge's counter has come", lambda: stat(p, "edge_revoked") == 1)
    assert stat(p, "crl_renewed") == 1
    next_core(p)
    assert stays(beta, "meter-2@b.example")


def test_bad_files_change_nothing_and_are_named(p):
    beta = Scs.opened(p, "beta")
    path = pki(p).crl("anchor-a", ["acme"], 16)
    in_use(p, "0x10")
    proc.write(path, "-----BEGIN X509 CRL-----\nnothing\n-----END X509 CRL-----\n")  # at once: half of it is another bad file
    said(p, "the CRLs of trust anchor 'anchor-a' that were in use stay in use")
    proc.wait_until("status says so", lambda: status(p)["crls_refused"] == ["anchor-a"])
    assert numbers(p)["anchor-a"] == "0x10" and stat(p, "crl_refused") == 1
    assert "crl-refused" in [r["reason"] for r in p.ctl("health", check=False)[-1]["reasons"]]
    assert p.trigger("acme", device="meter-1@a.example").code == 4  # the good list still counts
    pki(p).crl("anchor-b", [], 2)  # of another anchor: it is taken
    in_use(p, "0x2", "anchor-b")
    pki(p).crl("anchor-a", [], 15)  # rolled back
    said(p, "is older than 0x10, which was in use; it is not taken")
    done = subprocess.run([p.program("mtcctl"), "doctor", "-c", p.lab["iwf"]["config"]], capture_output=True, text=True, timeout=proc.HANG_S, check=False,
                          stdin=subprocess.DEVNULL, env={**os.environ, "MTC_CTL": p.lab["iwf"]["ctl"]})
    assert "a new file of CRLs of trust anchor anchor-a cannot be used" in done.stdout, done.stdout
    assert p.trigger("acme", device="meter-1@a.example").code == 4
    pki(p).crl("wrong-ca", [], 17, target=path)
    said(p, "no certificate of this CA is in anchor")
    os.unlink(path)
    said(p, f"cannot read crl '{path}': No such file")
    assert numbers(p)["anchor-a"] == "0x10"
    rows = p.ctl("reload", check=False)
    assert not rows[-1]["ok"] and path in "".join(r.get("text", "") for r in rows)
    pki(p).crl("anchor-a", [], 17, der=True)
    in_use(p, "0x11")
    proc.wait_until("all is well again", lambda: status(p)["crls_refused"] == [])
    assert p.trigger("acme", device="meter-1@a.example", wait=proc.HANG_S).code == 0
    assert stays(beta, "meter-1@b.example")


def test_an_older_list_is_no_start(p):
    pki(p).crl("anchor-a", [], 9)
    in_use(p, "0x9")
    path = pki(p).crl("anchor-a", [], 8)
    said(p, "is older than 0x9")
    done = subprocess.run([p.program("mtc-iwfd"), "-t", "-c", p.lab["iwf"]["config"]], capture_output=True, text=True, timeout=proc.HANG_S, check=False)
    assert done.returncode == 1 and f"crl '{path}': CRL 0x8 of " in done.stderr and "is older than 0x9" in done.stderr
    with open(os.path.join(p.lab["dir"], "iwf", "crl-numbers"), encoding="ascii") as f:
        assert sorted(line.split()[1] for line in f.read().splitlines()[1:]) == ["1", "9"]


def test_out_of_date_is_a_matter_of_the_scs(p):
    """Under hard-fail new sessions are refused at once and open ones have their grace; an SCS with revocation_soft notices nothing."""
    p.ctl("scs", "set", "beta", "revocation-soft", "yes")
    acme, beta = Scs.opened(p, "acme"), Scs.opened(p, "beta")
    for name in ("anchor-a", "anchor-b"):
        pki(p).crl(name, [], 2, lasts_s=3)
        in_use(p, "0x2", name)
    stale = proc.wait_until("the CRLs are out of date", lambda: "crl-stale" in [r["reason"] for r in p.ctl("health", check=False)[-1]["reasons"]] and
                            time.monotonic())
    assert p.trigger("acme", device="meter-1@a.example").code == 4
    assert p.wait_decision(reason="revocation-unknown", action="session")["scs"] == "acme"
    said(p, "is out of date: its nextUpdate was")
    assert stays(Scs.opened(p, "beta"), "meter-1@b.example")
    next_core(p)  # it takes over who is in its grace
    assert stays(acme, "meter-2@a.example")
    said(p, "is cut, timers.crl_grace is over")
    assert time.monotonic() - stale > 10
    assert acme.closed()
    assert stays(beta, "meter-2@b.example")
    pki(p).crl("anchor-b", ["beta"], 3, lasts_s=-30, began_s=-90)  # out of date when it comes, and it still revokes
    assert beta.closed()
    pki(p).crl("anchor-a", [], 3)
    in_use(p, "0x3")
    assert p.trigger("acme", device="meter-1@a.example", wait=proc.HANG_S).code == 0


def test_new_lists_under_load_lose_nothing(p):
    acme, beta = Scs.opened(p, "acme"), Scs.opened(p, "beta")
    for number in range(2, 7):
        pki(p).crl("anchor-a", [], number)
        pki(p).crl("anchor-b", [], number)
        for i in range(4):
            assert stays(acme, f"meter-{1 + i}@a.example") and stays(beta, f"meter-{1 + i}@b.example")
        in_use(p, f"0x{number:x}")
        in_use(p, f"0x{number:x}", "anchor-b")
    assert len(p.sessions()) == 2
    assert stat(p, "session_ended") == 0 and stat(p, "crl_refused") == 0 and 5 <= stat(p, "crl_renewed") <= 10


def test_old_configurations_go_on_and_say_so(own_lab):
    p = own_lab
    assert "revoked certificates of anchor-a, anchor-b are not recognised: add crl or ocsp to the trust anchor" in log(p)
    assert status(p)["revocation_unchecked"] == ["anchor-a", "anchor-b"]
    shown = subprocess.run([p.program("mtcctl"), "--socket", p.lab["iwf"]["ctl"], "status", "all"], capture_output=True, text=True, timeout=proc.HANG_S, check=True)
    assert "trust anchors without crl and ocsp, revoked certificates are not recognised: anchor-a, anchor-b" in shown.stdout
    assert p.trigger("acme", device="meter-1@a.example", wait=proc.HANG_S).code == 0
