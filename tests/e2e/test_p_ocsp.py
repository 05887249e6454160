"""Act sixteen, third part: OCSP responders say who is revoked, and what they say about the gateway is stapled."""
import json
import os
import signal
import subprocess
import time

import pytest

from lablib import lab as L
from lablib import proc
from lablib.pki import Pki
from support.ocsp import Responder
from support.pace import Watch
from support.tsp import Scs, action

REFUSED = 4  # exit status of mtc-scs: not let in


class Asking(L.Lab):
    """Anchor-a has a responder, and so has the gateway's own certificate. Anchor-b has no list and no responder."""
    anchor = own = None  # of a play

    def iwf_config(self):
        pki, text = Pki(self.path("pki")), super().iwf_config()
        with open(pki.path("iwf-chain.pem"), "w", encoding="ascii") as out:
            for name in ("iwf", "operator"):
                with open(pki.path(name + ".pem"), encoding="ascii") as f:
                    out.write(f.read())
        text = text.replace("anchor-a.pem }", f"anchor-a.pem, ocsp: '{self.anchor.url}' }}", 1)
        return text.replace("/iwf.pem", f"/iwf-chain.pem\n    ocsp: '{self.own.url}'", 1)


@pytest.fixture
def p(labs, request):
    """Its parameter: timers.crl_grace."""
    pki = Pki(labs.pki)
    responders = {"anchor": Responder(pki, "anchor-a", ["acme"]), "own": Responder(pki, "operator", ["iwf"])}
    p = labs.up(kind=type("Play", (Asking,), dict(responders)), edges=1,
                timers_more=f", ocsp: 10s, crl_grace: {getattr(request, 'param', '2s')}",
                iwf_more="ocsp: { refresh: 1s, retry: 1s, max_age: 8s }\n")
    p.anchor, p.own = responders.values()
    yield p
    wrong = labs.down(p)
    for responder in responders.values():
        responder.close()
    assert not wrong, "\n".join(wrong)


def log(p):
    with open(p.lab["logs"]["mtc-iwfd"], encoding="utf-8", errors="replace") as f:
        return f.read()


def said(p, words, wait_s=proc.HANG_S):
    proc.wait_until(f"the log says '{words}'", lambda: words in log(p), wait_s)


def stat(p, name):
    return {r["name"]: r["value"] for r in p.ctl("stats") if "name" in r}[name]


def doctor(p, *words):
    """The findings of `mtcctl doctor` by their cause."""
    done = subprocess.run([p.program("mtcctl"), "--json", "doctor", *words, "-c", p.lab["iwf"]["config"]], capture_output=True, text=True, timeout=proc.HANG_S,
                          check=False, stdin=subprocess.DEVNULL, env={**os.environ, "MTC_CTL": p.lab["iwf"]["ctl"]})
    return {r["cause"]: r["text"] for r in map(json.loads, done.stdout.splitlines()[:-1])}


def finds(p, cause, words, *about):
    """Edges report what they know each timers.stats."""
    proc.wait_until(f"doctor says {cause}", lambda: words in doctor(p, *about).get(cause, ""))


def stays(scs, device):
    return scs.dar(action(device=device)).result == 2001


def code(p):
    return p.trigger("acme", device="meter-1@a.example", wait=proc.HANG_S).code


@pytest.mark.alone
def test_who_is_revoked_is_cut_and_stays_out(p):
    acme, beta = Scs.opened(p, "acme"), Scs.opened(p, "beta")
    assert stays(acme, "meter-1@a.example")
    assert p.anchor.asked
    p.anchor.revoked.add("acme")
    assert acme.closed()
    line = p.wait_decision(reason="certificate-revoked")
    assert line["scs"] == "acme" and line["action"] == "session"
    said(p, "(keyCompromise), says the OCSP responder of trust anchor 'anchor-a'")
    assert "was revoked" in doctor(p, "acme")["scs-revoked"]
    assert code(p) == REFUSED
    assert stays(beta, "meter-1@b.example")
    proc.wait_until("the counters have come", lambda: stat(p, "edge_revoked") and stat(p, "edge_ocsp_answers") and stat(p, "edge_ocsp_waited"))


def test_a_new_connection_waits_for_the_answer_and_is_refused_by_it(p):
    p.anchor.revoked.add("acme")  # before anybody was asked about: the handshake ends before the answer is there
    assert code(p) == REFUSED
    said(p, "says the OCSP responder of trust anchor 'anchor-a'")
    p.anchor.revoked.clear()
    p.anchor.knows.clear()
    proc.wait_until("it is unknown", lambda: code(p) == REFUSED and "is unknown to the OCSP responder" in log(p))


def test_a_responder_that_is_away_is_a_matter_of_the_scs(p):
    acme = Scs.opened(p, "acme")
    p.anchor.say = lambda request: None
    proc.wait_until("questions fail", lambda: stat(p, "edge_ocsp_failed") > 0)
    assert stays(acme, "meter-1@a.example")  # what is kept holds: 10 minutes
    watch = Watch()
    assert code(p) == 0
    assert watch.took() < 3  # and nobody waits
    p.anchor.say = lambda request: b"\0"
    said(p, "it is no OCSP response")
    finds(p, "ocsp-not-http", f"at {p.anchor.url}, the OCSP responder of trust anchor anchor-a", "acme")
    first = L.roles(p.lab["iwf"]["pids"]["parent"])["edges"]
    os.kill(first[0], signal.SIGKILL)  # the next one keeps nothing
    proc.wait_until("another edge", lambda: len(p.ctl("status")[-1]["edges"]) == 1 and
                    L.roles(p.lab["iwf"]["pids"]["parent"])["edges"] not in ([], first))
    assert code(p) == REFUSED
    assert p.wait_decision(reason="revocation-unknown", action="session")["scs"] == "acme"
    assert "no revocation list or OCSP answer in force" in doctor(p, "acme")["scs-revocation"]
    said(p, "there is no OCSP answer about the certificate of")
    p.ctl("scs", "set", "acme", "revocation-soft", "yes")
    assert code(p) == 0
    p.anchor.say = None
    p.anchor.revoked.add("acme")
    proc.wait_until("soft never forgives this", lambda: code(p) == REFUSED and "says the OCSP responder of trust anchor 'anchor-a'" in log(p))


@pytest.mark.tools  # it waits for ends of answers, 20 s
@pytest.mark.parametrize("p", ["12s"], indirect=True)
def test_an_old_answer_is_a_matter_of_time(p):
    """Answers without nextUpdate end after ocsp.max_age, and then the grace of who is there."""
    p.anchor.minutes = 0
    acme = Scs.opened(p, "acme")
    old = p.anchor.openssl
    kept = []

    def again(request):
        kept[:] = kept or [old(request)]
        return kept[0]
    p.anchor.say = again
    said(p, "ocsp.max_age is over")
    assert stays(acme, "meter-1@a.example")  # within the grace; what takes longer comes after it
    finds(p, "ocsp-old", "it is out of date since")
    said(p, "is cut, timers.crl_grace is over")
    assert acme.closed()
    assert code(p) == REFUSED


def test_only_the_ca_and_its_delegate_are_believed(p):
    pki = p.anchor.pki
    pki.leaf("delegate", "anchor-a", "responder.example", "OCSPSigning")
    pki.leaf("wrong-delegate", "wrong-ca", "responder.example", "OCSPSigning")
    p.anchor.signer = "wrong-delegate"
    assert code(p) == REFUSED
    said(p, "its signer is neither the CA of the certificate nor one that this CA issued")
    finds(p, "ocsp-signer", "its signer is neither the CA")
    p.anchor.signer = "acme"
    proc.wait_until("so it is not either", lambda: code(p) == REFUSED and "extendedKeyUsage of its signer lacks OCSPSigning" in log(p))
    p.anchor.signer = "delegate"
    proc.wait_until("the delegate is believed", lambda: code(p) == 0)


def test_a_fetcher_that_dies_is_replaced(p):
    acme = Scs.opened(p, "acme")
    first = L.roles(p.lab["iwf"]["pids"]["parent"])["fetcher"]
    os.kill(first, signal.SIGKILL)
    proc.wait_until("another fetcher", lambda: L.roles(p.lab["iwf"]["pids"]["parent"])["fetcher"] not in (None, first))
    asked = p.anchor.asked
    proc.wait_until("it asks", lambda: p.anchor.asked > asked + 1)
    assert stays(acme, "meter-1@a.example")


def status_of(p, version):
    """What openssl s_client shows of the staple."""
    tsp, pki = p.lab["iwf"]["tsp"], Pki(os.path.join(p.lab["dir"], "pki"))
    done = subprocess.run(["openssl", "s_client", "-status", version, "-connect", f"{tsp['address']}:{tsp['port']}", "-CAfile", pki.path("operator.pem"),
                           "-cert", pki.path("acme.pem"), "-key", pki.path("acme.key")], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=proc.HANG_S, check=False)
    return done.stdout


def test_what_is_said_about_us_is_stapled(p):
    proc.wait_until("the responder was asked about us", lambda: p.own.asked)
    for version in ("-tls1_3", "-tls1_2"):
        proc.wait_until(f"a staple with {version}", lambda v=version: "OCSP Response Status: successful" in status_of(p, v))
    assert "Cert Status: good" in status_of(p, "-tls1_3")
    row = proc.wait_until("the status has it", lambda: [r for r in p.ctl("status")[-1]["ocsp"] if r["of"] == "listener" and r["next_update"]])[0]
    assert row["url"] == p.own.url and row["state"] == "answering" and row["answers"] > 0 and row["stapled"] < row["next_update"]
    p.own.say = lambda request: b"\0"
    assert "Cert Status: good" in status_of(p, "-tls1_3")  # as long as it is in force
    p.own.say, p.own.minutes = None, 0
    proc.wait_until("a staple that ends soon", lambda: "Next Update" not in status_of(p, "-tls1_3"))
    p.own.say = lambda request: b"\0"
    proc.wait_until("it is not sent when it is out of date", lambda: "OCSP response: no response sent" in status_of(p, "-tls1_3"))
    reasons = proc.wait_until("health says so", lambda: {r["reason"]: r for r in p.ctl("health", check=False)[-1]["reasons"]
                                                         if r["reason"].startswith("ocsp-")})
    assert set(reasons) == {"ocsp-failing", "ocsp-no-staple"} and "it is no OCSP response" in reasons["ocsp-failing"]["text"], reasons
    assert p.trigger("acme", device="meter-1@a.example", wait=proc.HANG_S).code == 0


def test_an_older_good_beats_no_revoked_in_any_edge_and_after_a_restart(p):
    """What one edge was told is kept by the core and in its journal: a responder, or whoever sits before it, that sends the answer of before
    gets nobody in again."""
    kept = []

    def first(request):
        kept.append(p.anchor.openssl(request))
        return kept[-1]
    p.anchor.say = first
    acme = Scs.opened(p, "acme")
    assert kept
    time.sleep(1.1)  # thisUpdate has seconds
    p.anchor.say = None
    p.anchor.revoked.add("acme")
    assert acme.closed()
    p.ctl("scs", "set", "acme", "revocation-soft", "yes")  # what is only unknown would be let in
    p.anchor.say = lambda request: kept[0]
    proc.wait_until("the core keeps it", lambda: stat(p, "ocsp_in_revoked") == 1)
    before = L.roles(p.lab["iwf"]["pids"]["parent"])
    for pid in (*before["edges"], before["core"]):
        os.kill(pid, signal.SIGKILL)

    def there():
        rows = p.ctl("status", check=False)  # there is no core for a moment
        return bool(rows) and len(rows[-1].get("edges", [])) == 1 and rows[-1]["edges"][0]["pid"] not in before["edges"]
    proc.wait_until("others", there)
    assert stat(p, "ocsp_in_revoked") == 1
    assert code(p) == REFUSED
    said(p, "(keyCompromise), says the OCSP responder of trust anchor 'anchor-a'")
    p.anchor.say = None
    p.anchor.revoked.clear()
    proc.wait_until("a newer one is believed", lambda: code(p) == 0)
