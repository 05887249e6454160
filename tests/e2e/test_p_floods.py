"""Act sixteen, fourth part: floods of strangers and of SCSs. What they may take is bounded, and the others are served meanwhile."""
import os
import socket

import time

import pytest

from lablib import lab as L
from lablib import proc
from lablib.pki import Pki
from support import diameter as D
from support.diameter import avp, message
from support.flood import Flood
from support.tsp import Scs, action, request_status

CHECK_S = 0.1
HELD, STRANGERS = 200, 150


class Flooded(L.Lab):
    """Anchor a has a CRL, whose file is looked at often."""

    def iwf_config(self):
        folder, text = self.path("pki"), super().iwf_config()
        Pki(folder).crl("anchor-a")
        return text.replace("anchor-a.pem }", f"anchor-a.pem, crl: [ {folder}/anchor-a.crl ] }}", 1)


@pytest.fixture(scope="module")
def p(labs):
    limits = f"limits: {{ connections_per_scs: 256, unauthenticated: {STRANGERS}, unauthenticated_per_address: 100, handshake_wait: 2s }}\n"
    p = labs.up(kind=Flooded, timers_more=f", crl_check: {int(CHECK_S * 1000)}ms, stats: 100ms", iwf_more=limits)
    yield p
    wrong = labs.down(p)
    assert not wrong, "\n".join(wrong)


def stat(p):
    return {r["name"]: r["value"] for r in p.ctl("stats") if "name" in r}


def log(p):
    with open(p.lab["logs"]["mtc-iwfd"], encoding="utf-8", errors="replace") as f:
        return f.read()


def asked(scs, device="meter-701@b.example"):
    """Its session is the one it was; how long the answer took."""
    began = time.monotonic()
    assert request_status(scs.dar(action(device=device))) == 0
    return time.monotonic() - began


def memory(p):
    """Octets in memory of the largest edge."""
    def of(pid):
        with open(f"/proc/{pid}/statm", encoding="ascii") as f:
            return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return max(of(pid) for pid in p.edges().values())


def raw(p):
    tsp = p.lab["iwf"]["tsp"]
    return socket.create_connection((tsp["address"], tsp["port"]), 10)


@pytest.mark.parametrize("octets,words", [
    (bytes([22, 3, 1, 64, 0, 1, 1, 255, 0]), "its first message says that it has too many bytes"),
    (b"".join(bytes([22, 3, 1, 64, 0]) + (bytes([1, 0, 128, 0]) if i == 0 else bytes(4)) + bytes(16380) for i in range(4)), "it has too many bytes")],
                         ids=["a ClientHello of 128 KiB by its head", "records without end"])
def test_what_a_stranger_may_send_is_bounded(p, octets, words):
    with raw(p) as s:
        try:
            s.sendall(octets)
            while s.recv(4096):
                pass
        except ConnectionError:
            pass
    proc.wait_until(f"the log says '{words}'", lambda: words in log(p), 5)


def test_a_cer_has_a_bound_of_its_own(p):
    scs = Scs(p, "beta")
    scs.send(message(D.CER, 0, D.REQUEST, [*scs.capabilities(), avp(269, "x" * 9000, mandatory=False)]))
    assert scs.closed()
    beta = Scs.opened(p, "beta")
    assert beta.dar(action(device="meter-701@b.example", payload=b"x" * 1000), more=[avp(269, "x" * 9000, mandatory=False)]).result
    asked(beta)
    beta.close()


@pytest.mark.parametrize("kind", ["updates", "renegotiate"])
def test_messages_of_tls_that_carry_nothing_end_the_connection(p, kind):
    beta = Scs.opened(p, "beta")
    with Flood(p, kind, ["acme"], count=1) as flood:
        while flood.process.poll() is None:
            asked(beta)
        said = flood.end()
    assert said["lost"] == 1 and said["shaken"] == 1
    words = "messages without end that carry nothing" if kind == "updates" else "carry nothing|renegotiation|alert"
    assert any(word in log(p) for word in words.split("|"))
    beta.close()


def test_five_thousand_strangers_keep_nobody_out(p):
    beta, before = Scs.opened(p, "beta"), stat(p)
    asked(beta)
    octets = memory(p)
    with Flood(p, "close,hello,silent,half,slow,shake,silent,hello,silent,slow", sources=200, count=5000, open=1000, hold=1500, rate=1500) as flood:
        slowest = 0
        while flood.process.poll() is None:
            slowest = max(slowest, asked(beta))
            with_tls = Scs.opened(p, "acme")  # a new connection gets in, too
            with_tls.close()
        said = flood.end()
    after = stat(p)
    assert said["began"] == 5000 and said["failed"] == 0
    gone = {name: after[name] - before[name] for name in ("edge_accepted", "edge_strangers_dropped", "edge_refused_strangers", "edge_refused_address")}
    assert gone["edge_strangers_dropped"] > 0, gone
    assert slowest < 2, slowest
    proc.wait_until("nothing of them is left", lambda: stat(p)["edge_in_handshake"] == 0, 10)
    assert memory(p) - octets < 64 << 20
    assert "it makes room for a newer one" in log(p)
    assert sum("not authenticated" in line for line in log(p).splitlines()) < 1000
    beta.close()


def test_one_address_has_its_share_of_the_strangers(p):
    with Flood(p, "silent", count=150, wait=True) as flood:  # of 100 that one address may have
        flood.begun()
        proc.wait_until("it is counted", lambda: stat(p)["edge_in_handshake"] >= 100, 5)
        assert 40 <= stat(p)["edge_refused_strangers"] and stat(p)["edge_in_handshake"] <= 2 * 100
        proc.wait_until("the log says so", lambda: "closed at once: limits.unauthenticated_per_address is reached" in log(p), 5)
        flood.process.stdin.close()


@pytest.mark.alone
def test_two_hundred_revoked_sessions_are_cut_within_a_second(p):
    pki = Pki(os.path.join(p.lab["dir"], "pki"))
    beta, before = Scs.opened(p, "beta"), stat(p)["edge_revoked"]
    with Flood(p, "session", ["acme"], sources=8, count=HELD, beside=8, wait=True) as flood:
        begun = flood.begun()
        assert begun["answered"] == HELD and begun["lost"] == 0
        pki.crl("anchor-a", ["acme"], 2, target=pki.path("next.crl"))
        began = time.monotonic()
        os.replace(pki.path("next.crl"), pki.path("anchor-a.crl"))
        proc.wait_until("the edges have counted them", lambda: stat(p)["edge_revoked"] - before == HELD, 10)
        said = flood.end()
    assert said["lost"] == HELD and said["open"] == 0
    assert said["lost_last_s"] - began < 1 + CHECK_S, said
    asked(beta)
    assert len(p.decisions(reason="certificate-revoked", scs="acme")) == HELD
    beta.close()
