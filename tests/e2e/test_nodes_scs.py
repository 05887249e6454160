"""mtc-scs alone, against a scripted gateway on Tsp: what leaves, what is said on stdout, which exit code."""
import json
import os
import pty
import signal
import ssl
import subprocess
import threading

import pytest
from lablib import play, proc
from lablib.pki import Pki
from support import diameter as D

BIN = os.environ.get("MTC_BIN", os.path.join(os.path.dirname(__file__), "..", "..", "build", "bin"))
SCS, SCS_REALM, IWF, IWF_REALM = "scs.acme.example", "acme.example", "iwf.operator.example", "operator.example"
DEVICE = "meter-7@a.example"


class Gateway:
    """A gateway that answers as the test says. Runs in a thread; what came in is in `requests`, what went wrong in `failure`."""

    def __init__(self, wrap=None):
        self.listener = D.Listener(IWF, IWF_REALM, D.TSP, wrap)
        self.requests, self.answers, self.failure, self.threads, self.seen_close = [], [], None, [], []
        self.listening = []  # programs that a play started in the background

    def closes(self):
        """The DPRs that came, once every play has come to its end: mtc-scs may be gone before the play has written down its DPR."""
        for thread in self.threads:
            thread.join(proc.HANG_S)
        return self.seen_close

    def daa(self, m, status=0, result=2001):
        group = [D.gpp(3007, m.number(3001, 3007)), D.gpp(3005, m.number(3001, 3005)), D.gpp(3008, status)]
        return [D.avp(263, m.text(263)), D.avp(258, D.TSP), D.avp(277, 1), D.avp(264, IWF), D.avp(296, IWF_REALM), D.avp(268, result),
                D.gpp(3002, group)]

    def dnr(self, peer, reference, outcome=0, end=None, device=DEVICE, action=2):
        group = [D.gpp(3111, device), D.gpp(3007, reference), D.gpp(3005, action), D.gpp(3009, outcome)]
        a = peer.ask(D.DNR, D.TSP, [D.avp(263, "iwf;1;1"), D.avp(258, D.TSP), D.avp(277, 1), *peer.origin(), D.avp(283, SCS_REALM),
                                    D.avp(293, SCS), D.gpp(3002, group)], end=end)
        self.answers.append(a)
        return a

    def play(self, *scenes):
        """Each scene is one connection: a function of this gateway and the open peer."""
        def run():
            try:
                for scene in scenes:
                    peer = self.listener.accept()
                    scene(self, peer)
                    peer.close()
            except Exception as e:  # pylint: disable=broad-except
                self.failure = e
        self.threads.append(threading.Thread(target=run, daemon=True))
        self.threads[-1].start()

    def end(self):
        proc.end(self.listening)  # those of a play that failed before it ended them
        for t in self.threads:
            t.join(proc.HANG_S)
            assert not t.is_alive(), "the gateway's play did not end"
        self.listener.close()
        if self.failure:
            raise self.failure


@pytest.fixture
def gateway():
    g = Gateway()
    yield g
    g.end()


def command(g, action, *more, security=("--plain",), host=SCS):
    return [os.path.join(BIN, "mtc-scs"), action, "--connect", f"127.0.0.1:{g.listener.port}", "--origin-host", host, "--realm", SCS_REALM,
            "--iwf-host", IWF, *security, *[str(m) for m in more]]


def run(g, action, *more, **options):
    done = subprocess.run(command(g, action, *more, **options), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=proc.HANG_S, check=False)
    return play.Ended(done.returncode, done.stdout, done.stderr)


def trigger(g, *more, **options):
    return run(g, "trigger", "--device", DEVICE, "--payload", "wake up", *more, **options)


def answering(*status, then=None):
    """Opens, answers one DAR for each status, then does `then`, then parts."""
    def scene(g, peer):
        peer.accept_open()
        for s in status:
            m = peer.expect(D.DAR, True)
            g.requests.append(m)
            peer.answer(m, g.daa(m, s))
        if then:
            then(g, peer)
        g.seen_close.append(peer.accept_close())
    return scene


def test_what_a_trigger_carries(gateway):
    gateway.play(answering(0))
    got = trigger(gateway, "--port", 16001, "--validity", 600, "--priority", "--reference", 41, "--scs-identity", "49170123456")
    assert got.code == 0, got
    m = gateway.requests[0]
    assert m.app == D.TSP and m.flags == D.REQUEST | D.PROXIABLE
    assert m.text(263).startswith(SCS + ";") and m.number(258) == D.TSP and m.number(277) == 1
    assert (m.text(264), m.text(296), m.text(293), m.text(283)) == (SCS, SCS_REALM, IWF, IWF_REALM)
    assert m.text(3001, 3111) == DEVICE and m.data(3001, 701) is None
    assert m.data(3001, 3104).hex() == "9471103254f6"
    assert (m.number(3001, 3007), m.number(3001, 3005), m.number(3001, 448)) == (41, 1, 600)
    assert m.data(3001, 3003, 3004) == b"wake up"
    assert (m.number(3001, 3003, 3006), m.number(3001, 3003, 3010)) == (1, 16001)
    event = got.event("answer")
    assert (event["reference"], event["result_code"], event["request_status"], event["device"]) == (41, 2001, "SUCCESS", DEVICE)
    assert event["elapsed_ms"] >= 0 and len(got.events) == 1


def test_defaults_of_a_trigger(gateway):
    gateway.play(answering(0), answering(0))
    references = []
    for _ in range(2):
        got = run(gateway, "trigger", "--msisdn", "49170123456", "--payload-hex", "00ff")
        assert got.code == 0, got
        m = gateway.requests[-1]
        assert m.data(3001, 701).hex() == "9471103254f6" and m.data(3001, 3111) is None and m.data(3001, 3104) is None
        assert m.number(3001, 448) == 3600 and m.data(3001, 3003, 3010) is None and m.number(3001, 3003, 3006) == 0
        assert m.data(3001, 3003, 3004) == b"\0\xff"
        references.append(m.number(3001, 3007))
    assert references[0] != references[1]
    assert gateway.requests[0].end != gateway.requests[1].end and gateway.requests[0].text(263) != gateway.requests[1].text(263)


def test_recall_and_replace(gateway):
    gateway.play(answering(0), answering(112))
    got = run(gateway, "recall", "--device", DEVICE, "--reference", 7)
    assert got.code == 0, got
    m = gateway.requests[0]
    assert (m.number(3001, 3005), m.number(3001, 3007)) == (3, 7)
    assert m.data(3001, 3003) is None and m.data(3001, 3011) is None and m.data(3001, 448) is None
    got = run(gateway, "replace", "--device", DEVICE, "--reference", 8, "--old-reference", 7, "--payload", "new")
    assert got.code == 3 and got.status == "ORIGINALMESSAGESENT", got
    m = gateway.requests[1]
    assert (m.number(3001, 3005), m.number(3001, 3007), m.number(3001, 3011)) == (4, 8, 7)
    assert m.data(3001, 3003, 3004) == b"new"


@pytest.mark.parametrize("status,word", [(105, "NOTAUTHORIZED"), (201, "TEMPORARYERROR"), (999, "unknown")])
def test_refusal_is_exit_3(gateway, status, word):
    gateway.play(answering(status))
    got = trigger(gateway, "--wait", 20)
    assert got.code == 3 and got.status == word and f"refused: {word}; the operator of the gateway finds the reason" in got.err, got
    assert word != "unknown" or got.event("answer")["request_status_value"] == status


def test_an_error_answer_is_exit_3(gateway):
    def scene(g, peer):
        peer.accept_open()
        m = peer.expect(D.DAR, True)
        peer.answer(m, [D.avp(263, m.text(263)), *peer.origin(), D.avp(268, 3004), D.avp(281, "busy", mandatory=False)], D.ERROR | D.PROXIABLE)
        peer.accept_close()
    gateway.play(scene)
    got = trigger(gateway)
    assert got.code == 3 and got.event("answer")["result_code"] == 3004 and got.status is None, got
    assert got.event("answer")["error_message"] == "busy"


@pytest.mark.parametrize("outcome,word,code", [(0, "SUCCESS", 0), (1, "EXPIRED", 5), (3, "UNDELIVERABLE", 5), (77, "unknown", 5)])
def test_report_and_its_exit_code(gateway, outcome, word, code):
    gateway.play(answering(0, then=lambda g, p: g.dnr(p, 41, outcome)))
    got = trigger(gateway, "--reference", 41, "--wait", 10)
    assert got.code == code and got.outcome == word, got
    assert [e["event"] for e in got.events] == ["answer", "report"]
    assert gateway.answers[0].result == 2001 and gateway.answers[0].number(258) == D.TSP
    assert gateway.closes()[0].number(273) == 2  # DO_NOT_WANT_TO_TALK_TO_YOU: nothing more is expected


def test_report_before_the_answer(gateway):
    def scene(g, peer):
        peer.accept_open()
        m = peer.expect(D.DAR, True)
        assert g.dnr(peer, 41).result == 2001
        peer.answer(m, g.daa(m))
        peer.accept_close()
    gateway.play(scene)
    got = trigger(gateway, "--reference", 41, "--wait", 10)
    assert got.code == 0 and [e["event"] for e in got.events] == ["answer", "report"], got


def test_no_report_in_time_is_exit_6(gateway):
    gateway.play(answering(0))
    got = trigger(gateway, "--wait", 1)
    assert got.code == 6 and got.outcome is None and "no delivery report" in got.err, got


def test_reports_of_others_are_left_to_a_listener(gateway):
    def others(g, peer):
        for again in range(3):  # as a gateway does with what is not acknowledged
            assert g.dnr(peer, 42, end=420 + again).result == 3004
        assert g.dnr(peer, 43).result == 3004
        assert g.dnr(peer, 41).result == 2001
    gateway.play(answering(0, then=others))
    got = trigger(gateway, "--reference", 41, "--wait", 10)
    assert got.code == 0 and len(got.events) == 2, got
    assert "mtc-scs: 2 delivery reports for other triggers" in got.err, got.err


def test_report_over_a_second_connection(gateway):
    def first(g, peer):
        peer.accept_open()
        m = peer.expect(D.DAR, True)
        peer.answer(m, g.daa(m))
    gateway.play(first, answering(then=lambda g, p: g.dnr(p, 41)))
    got = trigger(gateway, "--reference", 41, "--wait", 10)
    assert got.code == 0 and got.outcome == "SUCCESS", got


def test_malformed_reports_are_told_what_is_wrong(gateway):
    def then(g, peer):
        head = [D.avp(263, "x"), D.avp(258, D.TSP), D.avp(277, 1), *peer.origin(), D.avp(283, SCS_REALM), D.avp(293, SCS)]
        assert peer.ask(D.DNR, D.TSP, head).result == 5005
        assert peer.ask(D.DNR, D.TSP, head + [D.gpp(3002, [D.gpp(3007, 41), D.gpp(3005, 2)])]).result == 5005
        assert peer.ask(D.DNR, D.TSP, head + [D.gpp(3002, [D.gpp(3007, b"\1"), D.gpp(3005, 2)])]).result == 5014
        assert g.dnr(peer, 41, action=5).result == 5012
        assert peer.ask(D.DAR, D.TSP, head).result == 3001
        assert g.dnr(peer, 41).result == 2001
    gateway.play(answering(0, then=then))
    got = trigger(gateway, "--reference", 41, "--wait", 10)
    assert got.code == 0, got


def test_a_malformed_answer_is_exit_4(gateway):
    def scene(g, peer):
        peer.accept_open()
        m = peer.expect(D.DAR, True)
        peer.answer(m, [a for a in g.daa(m) if a != D.avp(296, IWF_REALM)])
        peer.accept_close()
    gateway.play(scene)
    got = trigger(gateway)
    assert got.code == 4 and got.event("error"), got


def test_refused_at_the_capabilities_exchange(gateway):
    gateway.play(lambda g, peer: peer.accept_open(3010))
    got = trigger(gateway)
    assert got.code == 4 and got.event("error")["result_code"] == 3010 and "3010 (UNKNOWN_PEER); the gateway knows no SCS" in got.event("error")["error"], got
    gateway.play(lambda g, peer: peer.accept_open(5017))
    got = trigger(gateway)
    assert got.code == 4 and "5017 (NO_COMMON_SECURITY); this TLS version, cipher suite or protection was not agreed" in got.event("error")["error"], got
    assert not gateway.requests


def test_at_a_terminal_an_error_stands_there_once():
    words = [os.path.join(BIN, "mtc-scs"), "trigger", "--plain", "--connect", "127.0.0.1:1", "--origin-host", "s.example", "--realm", "example",
             "--iwf-host", "i.example", "--device", "m@a.example", "--payload", "x"]
    pipes = subprocess.run(words, capture_output=True, text=True, timeout=proc.HANG_S, check=False, stdin=subprocess.DEVNULL)
    assert pipes.returncode == 4 and "no connection to 127.0.0.1:1" in pipes.stdout and "no connection to 127.0.0.1:1" in pipes.stderr
    master, slave = pty.openpty()
    with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=slave, stderr=slave) as p:
        os.close(slave)
        assert p.wait(proc.HANG_S) == 4
    seen = os.read(master, 65536)
    os.close(master)
    assert seen.count(b"no connection to 127.0.0.1:1") == 1, seen


def test_another_host_than_expected(gateway):
    gateway.listener.who = ("iwf.evil.example", IWF_REALM, D.TSP)
    gateway.play(lambda g, peer: peer.accept_open())
    got = trigger(gateway)
    assert got.code == 4 and got.event("error"), got


def test_lost_before_the_answer(gateway):
    def scene(g, peer):
        peer.accept_open()
        peer.expect(D.DAR, True)
    gateway.play(scene)
    got = trigger(gateway)
    assert got.code == 4 and "no answer" in got.event("error")["error"], got


def test_no_answer_in_time(gateway):
    def scene(g, peer):
        peer.accept_open()
        peer.expect(D.DAR, True)
        peer.accept_close()
    gateway.play(scene)
    got = trigger(gateway, "--answer-wait", 1)
    assert got.code == 4 and "no answer in time" in got.event("error")["error"], got


def test_nobody_listens(gateway):
    gateway.listener.close()
    got = trigger(gateway)
    assert got.code == 4 and got.event("error"), got


def test_load_counts_by_status(gateway):
    gateway.play(answering(*[0, 0, 105, 0, 108, 0, 0, 0, 0, 0]))
    got = run(gateway, "trigger", "--device", "meter-{}@a.example", "--devices", "1-3", "--payload", "x", "--count", 10, "--window", 4,
              "--reference", 100)
    summary = got.event("summary")
    assert got.code == 3 and len(got.events) == 1, got
    assert summary["by_status"] == {"SUCCESS": 8, "NOTAUTHORIZED": 1, "QUOTAEXCEEDED": 1} and summary["count"] == 10
    assert 0 < summary["latency_ms"]["p50"] <= summary["latency_ms"]["p99"] <= summary["latency_ms"]["max"] <= summary["elapsed_ms"]
    assert sorted(m.number(3001, 3007) for m in gateway.requests) == list(range(100, 110))
    assert [m.text(3001, 3111) for m in gateway.requests[:4]] == [f"meter-{n}@a.example" for n in (1, 2, 3, 1)]


def test_load_with_reports(gateway):
    def then(g, peer):
        for n in range(5):
            assert g.dnr(peer, 100 + n, 1 if n == 3 else 0).result == 2001
    gateway.play(answering(*[0] * 5, then=then))
    got = trigger(gateway, "--count", 5, "--window", 5, "--reference", 100, "--wait", 10)
    assert got.code == 5 and got.event("summary")["by_outcome"] == {"SUCCESS": 4, "EXPIRED": 1}, got


def test_what_is_not_answered_goes_again_with_t(gateway):
    def loses(g, peer):
        peer.accept_open()
        for _ in range(3):
            g.requests.append(peer.expect(D.DAR, True))
        peer.answer(g.requests[1], g.daa(g.requests[1]))
        peer.close()

    gateway.play(loses, answering(0, 0))
    got = trigger(gateway, "--count", 3, "--window", 3, "--reference", 10, "--resend", 2, "--verbose", "--stamp")
    assert got.code == 0, got
    first, again = gateway.requests[:3], gateway.requests[3:]
    lost = {m.end: m for m in (first[0], first[2])}
    assert [m.flags & 0x10 for m in gateway.requests] == [0, 0, 0, 0x10, 0x10] and {m.end for m in again} == set(lost)
    for m in again:  # the same request, but for the flag
        was = lost[m.end]
        assert m.text(263) == was.text(263) and m.number(3001, 3007) == was.number(3001, 3007)
        assert m.data(3001, 3003, 3004) == was.data(3001, 3003, 3004) == b"wake up%08x" % m.number(3001, 3007)
    asked = [(e["reference"], e.get("again", False)) for e in got.events if e["event"] == "asked"]
    assert sorted(asked) == [(10, False), (10, True), (11, False), (12, False), (12, True)]
    assert sorted(e["reference"] for e in got.events if e["event"] == "answer") == [10, 11, 12]


def test_what_stays_unanswered_is_said(gateway):
    def silent(g, peer):
        peer.accept_open()
        g.requests += [peer.expect(D.DAR, True), peer.expect(D.DAR, True)]
        g.seen_close.append(peer.accept_close())

    gateway.play(silent)
    got = trigger(gateway, "--count", 1, "--reference", 10, "--resend", 1, "--answer-wait", 1, "--verbose")
    assert got.code == 3, got
    assert [m.flags & 0x10 for m in gateway.requests] == [0, 0x10] and len({m.end for m in gateway.requests}) == 1
    assert got.event("unanswered") == {"event": "unanswered", "reference": 10, "why": "timeout"}


def test_load_keeps_to_its_rate(gateway):
    gateway.play(answering(*[0] * 20))
    got = trigger(gateway, "--count", 20, "--window", 20, "--rate", 50)
    assert got.code == 0 and got.event("summary")["elapsed_ms"] >= 19 * 20 - 1, got


@pytest.mark.parametrize("more,words", [
    (["--payload-hex", "0"], "--payload-hex"), (["--payload", "a", "--payload-hex", "00"], "one of --payload"), ([], "--payload TEXT"),
    (["--payload-file", "/nonexistent"], "No such file"), (["--payload", "x", "--port", "65536"], "0 to 65535"),
    (["--payload", "x", "--validity", "-1"], "--validity"), (["--payload", "x", "--wait"], "--wait needs "),
    (["--payload", "x", "--device", "meter-7"], "External-Identifier"), (["--payload", "x", "--ca", "x"], "--plain excludes"),
    (["--payload", "x", "--colour"], "unknown option '--colour'"), (["--payload", "x", "listen"], "unexpected argument 'listen'"),
])
def test_mistakes_send_nothing(gateway, more, words):
    done = subprocess.run(command(gateway, "trigger", "--device", DEVICE, *more), capture_output=True, text=True, timeout=proc.HANG_S, check=False)
    assert done.returncode == 2 and words in done.stderr and not done.stdout, done


@pytest.mark.parametrize("program", ["mtc-scs", "mtc-hss"])
def test_the_manual_knows_every_option(program):
    done = subprocess.run([os.path.join(BIN, program), "--help"], capture_output=True, text=True, timeout=proc.HANG_S, check=False)
    with open(os.path.join(os.path.dirname(__file__), "..", "..", "docs", "man", program + ".1"), encoding="utf-8") as f:
        manual = f.read().replace("\\-", "-")
    options = {word.rstrip(",") for line in done.stdout.splitlines() if line.startswith("  -") for word in line.split()[:2] if word.startswith("-")}
    assert len(options) > 3 and not [o for o in options if o not in manual], options


# -- listen

class Listening:
    def __init__(self, g, folder, *more):
        self.entry = proc.start("listen", command(g, "listen", *more), str(folder / "log"))
        g.listening.append(self.entry)
        self.running = play.Running(self.entry)
        self.running.wait_event("ready")

    def end(self):
        assert proc.end([self.entry]) == []
        return self.running.events()


def test_listen_prints_once_acknowledges_always(gateway, tmp_path):
    done = threading.Event()

    def scene(g, peer):
        peer.accept_open()
        assert [g.dnr(peer, 1, end=900).result, g.dnr(peer, 1, end=900).result] == [2001, 2001]  # sent again
        assert g.dnr(peer, 1, end=901).result == 2001                                            # sent anew
        assert g.dnr(peer, 2, 1, end=902).result == 2001
        assert g.dnr(peer, 1, end=903, device="meter-8@a.example").result == 2001                # same reference, another device
        done.set()
        assert peer.accept_close().number(273) == 0
    gateway.play(scene)
    w = Listening(gateway, tmp_path)
    assert done.wait(proc.HANG_S)
    events = w.end()
    reports = [(e["reference"], e["device"], e["delivery_outcome"]) for e in events if e["event"] == "report"]
    assert reports == [(1, DEVICE, "SUCCESS"), (2, DEVICE, "EXPIRED"), (1, "meter-8@a.example", "SUCCESS")]
    assert events[-1] == {"event": "summary", "reports": 3, "duplicates": 2}


def test_listen_remembers_across_restarts(gateway, tmp_path):
    done = [threading.Event(), threading.Event()]

    def scene(n):
        def play_it(g, peer):
            peer.accept_open()
            for reference in range(1, 4 + n):
                assert g.dnr(peer, reference, end=900 + reference).result == 2001
            done[n].set()
            if n:
                peer.accept_close()
            else:
                with pytest.raises((EOFError, OSError)):
                    peer.receive()  # killed, not ended
        return play_it
    gateway.play(scene(0), scene(1))
    state = tmp_path / "reports.state"
    first = Listening(gateway, tmp_path, "--state", state)
    assert done[0].wait(proc.HANG_S)
    os.kill(first.entry["pid"], signal.SIGKILL)
    proc.wait_until("it is gone", lambda: not proc.alive(first.entry))
    with open(state, "a", encoding="utf-8") as f:
        f.write("r 17")  # a line that a crash cut off
    second = Listening(gateway, tmp_path, "--state", state)
    assert done[1].wait(proc.HANG_S)
    events = second.end()
    assert [e["reference"] for e in events if e["event"] == "report"] == [4]
    assert events[-1]["duplicates"] == 3


def test_listen_connects_again(gateway, tmp_path):
    def first(g, peer):
        peer.accept_open()
    gateway.play(first, answering(then=lambda g, p: g.dnr(p, 5)))
    w = Listening(gateway, tmp_path)
    w.running.wait_event("connected")
    assert w.running.wait_event("report")["reference"] == 5
    w.end()


def test_two_listeners_do_not_share_a_state_file(gateway, tmp_path):
    gateway.play(answering())
    w = Listening(gateway, tmp_path, "--state", tmp_path / "s")
    done = subprocess.run(command(gateway, "listen", "--state", tmp_path / "s"), capture_output=True, text=True, timeout=proc.HANG_S, check=False)
    assert done.returncode == 2 and "another process uses it" in done.stderr
    (tmp_path / "other").write_text("precious\n")
    done = subprocess.run(command(gateway, "listen", "--state", tmp_path / "other"), capture_output=True, text=True, timeout=proc.HANG_S, check=False)
    assert done.returncode == 2 and (tmp_path / "other").read_text() == "precious\n"
    w.end()


# -- TLS

@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    p = Pki(str(tmp_path_factory.mktemp("pki")))
    for ca in ("operator", "anchor-a", "wrong-ca"):
        p.ca(ca, f"/O={ca}/CN={ca}")
    p.leaf("iwf", "operator", IWF, "serverAuth,clientAuth")
    p.leaf("other", "operator", "iwf.evil.example", "serverAuth,clientAuth")
    p.leaf("acme", "anchor-a", SCS, "clientAuth")
    p.leaf("outsider", "wrong-ca", SCS, "clientAuth")
    return p


def tls_gateway(pki, leaf="iwf", version=ssl.TLSVersion.TLSv1_3):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = context.maximum_version = version
    context.load_cert_chain(pki.path(leaf + ".pem"), pki.path(leaf + ".key"))
    context.load_verify_locations(pki.path("anchor-a.pem"))
    context.verify_mode = ssl.CERT_REQUIRED
    return Gateway(lambda sock: context.wrap_socket(sock, server_side=True))


def security(pki, leaf="acme", ca="operator"):
    return ("--ca", pki.path(ca + ".pem"), "--cert", pki.path(leaf + ".pem"), "--key", pki.path(leaf + ".key"))


def test_trigger_over_tls_with_key_log(pki, tmp_path):
    g = tls_gateway(pki)
    g.play(answering(0))
    got = trigger(g, "--keylog", tmp_path / "keys", security=security(pki))
    g.end()
    assert got.code == 0, got
    assert "CLIENT_TRAFFIC_SECRET_0" in (tmp_path / "keys").read_text()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2])
def test_refused_certificate_is_learned_after_the_handshake(pki, version):
    g = tls_gateway(pki, version=version)

    def expect_refusal(peer_g, peer):
        raise AssertionError("a wrong certificate was accepted")
    g.play(expect_refusal)
    got = trigger(g, security=security(pki, "outsider"))
    with pytest.raises(ssl.SSLError):
        g.end()
    assert got.code == 4 and "refused by the other side: unknown CA" in got.event("error")["error"], got


def test_gateway_with_another_name_or_ca(pki):
    for leaf, ca in (("other", "operator"), ("iwf", "wrong-ca")):
        g = tls_gateway(pki, leaf)
        g.play(lambda g, peer: peer.receive())
        got = trigger(g, security=security(pki, ca=ca))
        with pytest.raises((OSError, EOFError)):
            g.end()
        assert got.code == 4 and got.event("error"), got


def test_a_key_that_others_may_read_is_a_warning(pki):
    g = tls_gateway(pki)
    g.play(answering(0))
    os.chmod(pki.path("acme.key"), 0o644)
    got = trigger(g, security=security(pki))
    os.chmod(pki.path("acme.key"), 0o600)
    g.end()
    assert got.code == 0 and f"key '{pki.path('acme.key')}' has mode 0644, so others may read it; 0600 is expected" in got.err, got


def test_key_of_another_certificate(pki):
    got = trigger(Gateway(), security=("--ca", pki.path("operator.pem"), "--cert", pki.path("acme.pem"), "--key", pki.path("outsider.key")))
    assert got.code == 2 and got.err and not got.events, got


def test_every_line_is_json(gateway):
    gateway.play(answering(0, then=lambda g, p: g.dnr(p, 41)))
    got = trigger(gateway, "--reference", 41, "--wait", 5, "--json", "--debug")
    assert [json.loads(line) for line in got.out.splitlines()] == got.events and got.code == 0
