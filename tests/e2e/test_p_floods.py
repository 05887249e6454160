"""Act sixteen, fourth part: floods of strangers and of SCSs. What they may take is bounded, and the others are served meanwhile."""
import contextlib
import os
import socket
import ssl

import time

import pytest

from lablib import lab as L
from lablib import proc
from lablib.pki import Pki
from support import diameter as D
from support.diameter import avp, message
from support.flood import Flood
from support.pace import Watch
from support.tsp import Scs, action, request_status

CHECK_S = 0.1
HELD, STRANGERS, FLOODED = 200, 300, 600
RATE = 1500  # strangers in a second


class Flooded(L.Lab):
    """Anchor a has a CRL, whose file is looked at often."""

    def iwf_config(self):
        folder, text = self.path("pki"), super().iwf_config()
        Pki(folder).crl("anchor-a")
        text = text.replace("log: { level", "log: { lines_per_second: 100, level", 1)  # below what two hundred revoked sessions say
        return text.replace("anchor-a.pem }", f"anchor-a.pem, crl: [ {folder}/anchor-a.crl ] }}", 1)


@pytest.fixture(scope="module")
def p(labs):
    limits = f"limits: {{ connections_per_scs: 256, unauthenticated: {STRANGERS}, unauthenticated_per_address: 100, handshake_wait: 2s, peer_window: 2 }}\n"
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
    watch = Watch()
    assert request_status(scs.dar(action(device=device))) == 0
    return watch.took()


def memory(p):
    """Octets in memory of the largest edge."""
    def of(pid):
        with open(f"/proc/{pid}/statm", encoding="ascii") as f:
            return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return max(of(pid) for pid in p.edges().values())


def raw(p):
    tsp = p.lab["iwf"]["tsp"]
    return socket.create_connection((tsp["address"], tsp["port"]), proc.HANG_S)


@pytest.mark.parametrize("octets,words", [
    (bytes([22, 3, 1, 64, 0, 1, 1, 255, 0]), "TLS handshake: its first message says that it has too many bytes"),
    (b"".join(bytes([22, 3, 1, 64, 0]) + (bytes([1, 0, 128, 0]) if i == 0 else bytes(4)) + bytes(16380) for i in range(4)),
     "TLS handshake: it has too many bytes")],
                         ids=["a ClientHello of 128 KiB by its head", "records without end"])
def test_what_a_stranger_may_send_is_bounded(p, octets, words):
    before = len(log(p))
    with raw(p) as s:
        try:
            s.sendall(octets)
            while s.recv(4096):
                pass
        except ConnectionError:
            pass
    proc.wait_until(f"the log says '{words}'", lambda: words in log(p)[before:])


def test_a_cer_has_a_bound_of_its_own(p):
    scs = Scs(p, "beta")
    scs.send(message(D.CER, 0, D.REQUEST, [*scs.capabilities(), avp(269, "x" * 9000, mandatory=False)]))
    with pytest.raises((EOFError, ConnectionError, ssl.SSLEOFError)):
        scs.receive()
    beta = Scs.opened(p, "beta")
    assert beta.dar(action(device="meter-701@b.example", payload=b"x" * 1000), more=[avp(269, "x" * 9000, mandatory=False)]).result
    asked(beta)
    beta.close()


@pytest.mark.parametrize("kind", ["updates", "renegotiate"])
def test_messages_of_tls_that_carry_nothing_end_the_connection(p, kind):
    beta, before, told = Scs.opened(p, "beta"), stat(p)["edge_tls_misused"], len(log(p))
    with Flood(p, kind, ["acme"], count=1) as flood:
        while flood.runs():
            asked(beta)
        said = flood.end()
    assert said["lost"] == 1 and said["shaken"] == 1
    if kind == "updates":
        proc.wait_until("it is counted", lambda: stat(p)["edge_tls_misused"] == before + 1)
    # OpenSSL as a client leaves by itself when it is told that there is no renegotiation, with an alert or without
    words = "messages without end that carry nothing" if kind == "updates" else "TLS: refused by the other side: handshake failure|closed by the other side"
    proc.wait_until("the log says why", lambda: any(w in log(p)[told:] for w in words.split("|")))
    beta.close()


def test_five_thousand_strangers_keep_nobody_out(p):
    beta, before = Scs.opened(p, "beta"), stat(p)
    asked(beta)
    octets = memory(p)
    with Flood(p, "close,hello,silent,half,slow,shake,silent,hello,silent,slow", sources=200, count=5000, open=1200, hold=1500, rate=RATE) as flood:
        slowest = got_in = kept_out = 0
        while flood.runs():
            slowest, began = max(slowest, asked(beta)), time.monotonic()
            try:
                Scs.opened(p, "acme").close()  # a new connection gets in, too
                got_in += 1
            except (ConnectionError, EOFError, ssl.SSLError):  # unless it took so long here that it was the oldest of three hundred
                kept_out += time.monotonic() - began < STRANGERS / RATE
        said = flood.end()
    after = stat(p)
    assert said["began"] == 5000 and said["failed"] == 0
    gone = {name: after[name] - before[name] for name in ("edge_accepted", "edge_strangers_dropped", "edge_refused_strangers", "edge_refused_address")}
    assert gone["edge_strangers_dropped"] > 0, gone
    assert slowest < 2 and got_in >= kept_out, (slowest, got_in, kept_out)
    proc.wait_until("nothing of them is left", lambda: stat(p)["edge_in_handshake"] == 0)
    assert memory(p) - octets < 64 << 20
    assert "it makes room for a newer one" in log(p)
    assert sum("not authenticated" in line for line in log(p).splitlines()) < 1000
    beta.close()


def greeted(p):
    """A stranger that has said a whole ClientHello and had its answer."""
    context, out = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ssl.MemoryBIO()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), out).do_handshake()
    s = raw(p)
    s.sendall(out.read())
    assert s.recv(65536)
    return s


def is_open(s):
    """Whatever it is sent."""
    s.settimeout(0.2)
    try:
        while s.recv(65536):
            pass
        return False
    except TimeoutError:
        return True
    except ConnectionError:
        return False


def test_of_the_oldest_strangers_one_that_has_said_nothing_goes_first(labs):
    p = labs.up(edges=1, iwf_more="limits: { unauthenticated: 6, unauthenticated_per_address: 20, handshake_wait: 30s }\n")
    strangers = [greeted(p) for _ in range(2)] + [raw(p)] + [greeted(p) for _ in range(2)] + [raw(p)]
    proc.wait_until("all are there", lambda: stat(p)["edge_in_handshake"] == 6)
    Scs.opened(p, "acme").close()
    assert [is_open(s) for s in strangers] == [True, True, False, True, True, True]
    for s in strangers:
        s.close()
    wrong = labs.down(p)
    assert not wrong, "\n".join(wrong)


def test_one_address_has_its_share_of_the_strangers(p):
    lines, began = log(p).count("closed at once: "), time.monotonic()
    with Flood(p, "silent", count=150, wait=True) as flood:  # of 100 that one address may have
        flood.begun()
        proc.wait_until("it is counted", lambda: stat(p)["edge_in_handshake"] >= 100)
        assert 40 <= stat(p)["edge_refused_strangers"] and stat(p)["edge_in_handshake"] <= 2 * 100
        proc.wait_until("the log says so", lambda: "closed at once: limits.unauthenticated_per_address is reached" in log(p))
        # each of the two edges has a line of one, and one of the rest, in a second
        assert log(p).count("closed at once: ") - lines <= 4 * (time.monotonic() - began + 1)
        flood.process.stdin.close()


def test_one_scs_that_floods_leaves_the_others_their_turn(p):
    acme, beta = Scs.opened(p, "acme"), Scs.opened(p, "beta")
    before = len(p.decisions(scs="acme", action="trigger"))
    acme.send(b"".join(message(D.DAR, D.TSP, D.REQUEST | D.PROXIABLE, acme.dar_avps(action(device="meter-701@a.example")), 1000 + i,
                               acme.end_base + 1000 + i) for i in range(FLOODED)))
    took = asked(beta)
    of_acme = len(p.decisions(scs="acme", action="trigger")) - before
    assert of_acme < FLOODED // 2, f"{of_acme} of {FLOODED} came first, and beta's one took {took:.2f} s"
    for _ in range(FLOODED):
        assert acme.receive().result == 2001
    acme.close(), beta.close()


def test_an_scs_that_reconnects_without_end_costs_the_others_nothing(p):
    beta, before = Scs.opened(p, "beta"), stat(p)
    lines = len(p.decisions(scs="acme", action="session"))
    with Flood(p, "session", ["acme"], sources=8, count=300, beside=16, hold=400) as flood:
        slowest = 0
        while flood.runs():
            slowest = max(slowest, asked(beta))
        said = flood.end()
    assert said["answered"] > 100 and slowest < 2, (said, slowest)
    proc.wait_until("their sessions have ended", lambda: stat(p)["edge_in_open"] == 1)

    def told():
        """A slow machine has so few in a second that each has its lines, of its begin and its end."""
        if len(p.decisions(scs="acme", action="session")) - lines >= 2 * said["answered"]:
            return "each"
        summed = [d for d in p.decisions(action="log") if d["reason"] == "lines-more" and d["scs"] == "acme"]
        return "summed" if summed and stat(p)["decisions_summed"] > before["decisions_summed"] else None
    if proc.wait_until("the decision log has each, or sums them up", told) == "summed":
        assert "connections that began or ended, without a line each" in log(p)
    beta.close()


@contextlib.contextmanager
def limited(p, limits):
    """The gateway has these limits besides its own meanwhile."""
    path = p.lab["iwf"]["config"]
    with open(path, encoding="utf-8") as f:
        first = f.read()

    def put(text):
        proc.write(path, text)
        last = p.ctl("reload", check=False)[-1]
        assert last["ok"], last
    put(first.replace("limits: {", f"limits: {{ {limits},", 1))
    try:
        yield
    finally:
        put(first)


def storm_lines(p):
    return sum("mtc-iwfd[core]" in line and ("connections per second" in line or "connection_rate_per_scs" in line) for line in log(p).splitlines())


def test_a_reconnect_storm_of_one_scs(p):
    """It is slowed down after its CER, others are not, and neither log is flooded. gamma, of which no other play here has used up what it may do at once."""
    beta, before, lines = Scs.opened(p, "beta"), stat(p), storm_lines(p)
    p.ctl("scs", "set", "gamma", "connections-max", "2")
    began = time.monotonic()
    try:
        with limited(p, "connection_rate_per_scs: 1"):
            results = []
            for _ in range(60):
                scs = Scs(p, "gamma")
                results.append(scs.open())
                scs.close()
            asked(beta)
    finally:
        p.ctl("scs", "set", "gamma", "connections-max", "256")
    took = time.monotonic() - began
    assert set(results) == {2001, 3004} and results[:2] == [2001, 2001] and results.count(2001) <= 3 + took, (results, took)
    proc.wait_until("each is counted", lambda: stat(p)["session_rate"] - before["session_rate"] == results.count(3004))
    assert p.ctl("status")[-1]["refused"]["scs_rate"] >= results.count(3004)
    assert p.wait_decision(action="session", scs="gamma", reason="connecting-too-often")["verdict"] == "refused"
    assert storm_lines(p) - lines <= 2 * took + 4  # one, and one for the rest, in a second
    beta.close()


@pytest.mark.parametrize("limit", ["connection_rate", "connection_rate_per_address"])
def test_connections_of_strangers_have_a_rate(p, limit):
    """Closed before TLS; open sessions go on, and in the next second there are new ones."""
    beta, before = Scs.opened(p, "beta"), stat(p)
    with limited(p, f"{limit}: 20"):
        began = time.monotonic()
        socks = [raw(p) for _ in range(200)]
        asked(beta)
        gone = 0
        for s in socks:
            s.settimeout(0.05)
            try:
                gone += s.recv(1) == b""
            except TimeoutError:
                break  # the first that was let in, after those of earlier seconds
            except ConnectionError:
                gone += 1
        seconds = int(time.monotonic() - began) + 2
        for s in socks:
            s.close()
        proc.wait_until("they are counted", lambda: stat(p)["edge_refused_rate"] - before["edge_refused_rate"] >= 200 - 20 * seconds)
        proc.wait_until("the log says so", lambda: [raw(p).close() for _ in range(50)] and f"closed at once: limits.{limit} is reached" in log(p))
        proc.wait_until("a new connection gets in again", lambda: opens(p))
    beta.close()


def opens(p):
    try:
        Scs.opened(p, "acme").close()
        return True
    except (ConnectionError, EOFError, ssl.SSLError):
        return False


@pytest.mark.alone
def test_two_hundred_revoked_sessions_are_cut_within_a_second(p):
    pki = Pki(os.path.join(p.lab["dir"], "pki"))
    beta, before = Scs.opened(p, "beta"), stat(p)["edge_revoked"]
    with Flood(p, "session", ["acme"], sources=8, count=HELD, beside=8, wait=True) as flood:
        begun = flood.begun()
        assert begun["answered"] == HELD and begun["lost"] == 0
        pki.crl("anchor-a", ["acme"], 2, target=pki.path("next.crl"))
        watch = Watch()
        os.replace(pki.path("next.crl"), pki.path("anchor-a.crl"))
        proc.wait_until("the edges have counted them", lambda: stat(p)["edge_revoked"] - before == HELD)
        said = flood.end()
    assert said["lost"] == HELD and said["open"] == 0
    assert watch.took(said["lost_last_s"]) < 1 + CHECK_S, said
    asked(beta)
    proc.wait_until("the decision log has each, or says how many more", lambda: p.decisions(action="log", reason="lines-more", scs="acme") or
                    len(p.decisions(reason="certificate-revoked", scs="acme")) == HELD)
    beta.close()
