"""mtc-hss alone, asked by a scripted peer over S6m."""
import json
import os
import random
import signal
import ssl
import subprocess

import pytest
from lablib import play, proc
from lablib.pki import Pki
from support import diameter as D

BIN = os.environ.get("MTC_BIN", os.path.join(os.path.dirname(__file__), "..", "..", "build", "bin"))
HSS, IWF, REALM = "hss.core.example", "iwf.core.example", "core.example"
SCS = bytes.fromhex("9471103254f6")  # 49170123456
SUBSCRIBER = {"imsi": "001010000000001", "msisdn": "491700000001", "external_identifiers": ["meter-1@a.example"],
              "services": ["device-trigger"], "allowed_scs": ["49170123456"],
              "registered": {"mme": {"name": "mme.core.example", "realm": REALM, "number": "491770000001"}}}


class Hss:
    def __init__(self, folder, listen="protection: none", more=""):
        self.peers, self.subscribers = [], folder / "subscribers.jsonl"
        self.write([SUBSCRIBER])
        self.conf = folder / "hss.yaml"
        self.conf.write_text(f"identity: {{ host: {HSS}, realm: {REALM} }}\nlisten: {{ address: 127.0.0.1, port: 0, {listen} }}\n"
                             f"subscribers: subscribers.jsonl\n{more}")
        self.entry = proc.start("mtc-hss", [os.path.join(BIN, "mtc-hss"), "-c", str(self.conf)], str(folder / "log"))
        self.address, self.port = proc.wait_ready(self.entry)

    def write(self, subscribers):
        self.subscribers.write_text("".join(s if isinstance(s, str) else json.dumps(s) + "\n" for s in subscribers))

    def peer(self, host=IWF, app=D.S6M, wrap=None):
        self.peers.append(D.Peer.connect(self.address, self.port, host, REALM, app, wrap))
        return self.peers[-1]

    def end(self):
        """Returns who had to be killed."""
        for p in self.peers:
            p.close()
        return proc.end([self.entry])

    def open(self):
        p = self.peer()
        assert p.open() == 2001
        return p

    def log(self):
        with open(self.entry["log"], encoding="utf-8") as f:
            return f.read()

    def hup(self, words):
        before = self.log().count(words)
        os.kill(self.entry["pid"], signal.SIGHUP)
        proc.wait_until(f"the log says '{words}'", lambda: self.log().count(words) > before, entries=[self.entry])


@pytest.fixture
def make_hss(tmp_path):
    """Starts an HSS in the test's own directory; it has to end by itself and without a word of a sanitizer."""
    made = []

    def make(**options):
        made.append(Hss(tmp_path, **options))
        return made[-1]
    yield make
    for h in made:
        assert h.end() == []
        assert "Sanitizer" not in h.log() and "runtime error" not in h.log()


@pytest.fixture
def hss(make_hss):
    return make_hss()


def sir(peer, identity, scs=SCS, service=0, flags=1, more=()):
    avps = [D.avp(263, "s;1;2"), D.avp(277, 1), *peer.origin(), D.avp(283, REALM), D.gpp(3102, identity)]
    avps += [D.gpp(3103, service)] if service is not None else []
    avps += [D.gpp(3104, scs)] if scs is not None else []
    return peer.ask(D.SIR, D.S6M, avps + [D.gpp(3110, flags), *more])


def external(name):
    return [D.gpp(3111, name)]


def test_identity_and_serving_node(hss):
    a = sir(hss.open(), external("meter-1@a.example"))
    assert a.result == 2001 and a.text(263) == "s;1;2" and a.number(277) == 1
    assert a.text(264) == HSS and a.text(296) == REALM
    assert a.text(3102, 1) == "001010000000001"
    assert a.data(3102, 701).hex() == "947100000010"
    assert a.text(3107, 3108, 2401, 2402) == "mme.core.example" and a.text(3107, 3108, 2401, 2408) == REALM
    assert a.data(3107, 3108, 2401, 1645).hex() == "947107000010"


def test_each_refusal_is_an_experimental_result(hss):
    p = hss.open()
    assert sir(p, external("meter-2@a.example")).experimental == 5001
    assert sir(p, external("meter-1@a.example"), scs=SCS[:-1] + b"\xf7").experimental == 5510
    assert sir(p, external("meter-1@a.example"), service=1).experimental == 5511
    a = sir(p, external("meter-1@a.example"), service=None)
    assert a.experimental == 5511 and a.result is None


def test_malformed_requests_get_their_answer_and_the_hss_lives(hss):
    p = hss.open()
    assert sir(p, []).result == 5005                                                # nobody is named
    assert sir(p, external("meter-1@a.example"), flags=b"\0\1").result == 5014      # SIR-Flags of two octets
    assert sir(p, external("meter-1@a.example"), more=[D.gpp(3110, 1)]).result == 5009
    assert sir(p, external("meter-1@a.example"), more=[D.avp(9999, b"x")]).result == 5001  # unknown and mandatory
    assert sir(p, external("meter-1@a.example"), more=[D.avp(9999, b"x", mandatory=False)]).result == 2001
    a = p.ask(8388622, D.S6M, p.origin())
    assert a.result == 3001 and a.flags & D.ERROR
    assert p.ask(D.SIR, 16777251, p.origin()).result == 3007
    assert sir(p, external("meter-1@a.example")).result == 2001


def test_random_octets_end_one_connection_only(hss):
    quiet, dice = hss.open(), random.Random(7)
    good = D.message(D.SIR, D.S6M, D.REQUEST | D.PROXIABLE,
                     [D.avp(263, "s"), D.avp(277, 1), D.avp(264, IWF), D.avp(296, REALM), D.avp(283, REALM),
                      D.gpp(3102, external("meter-1@a.example")), D.gpp(3110, 1)])
    for _ in range(60):
        p = hss.peer()
        try:
            assert p.open() == 2001
            for _ in range(20):
                octets = bytearray(good)
                for _ in range(3):
                    octets[dice.randrange(len(octets))] = dice.randrange(256)
                p.send(bytes(octets))
            p.sock.settimeout(0.02)
            while True:
                p.receive()
        except (OSError, EOFError, AssertionError):
            p.close()
    assert sir(quiet, external("meter-1@a.example")).result == 2001


def test_sighup_reads_again_all_or_nothing(hss):
    p = hss.open()
    assert sir(p, external("meter-2@a.example")).experimental == 5001
    second = dict(SUBSCRIBER, imsi="001010000000002", msisdn="491700000002", external_identifiers=["meter-2@a.example"])
    hss.write([SUBSCRIBER, second])
    hss.hup("2 subscribers read again")
    assert sir(p, external("meter-2@a.example")).result == 2001
    hss.write([second, "# the next line is wrong\n", dict(SUBSCRIBER, barred="no")])
    hss.hup("the subscribers read before stay")
    assert f"{hss.subscribers}:3: barred: expected true or false" in hss.log()
    assert sir(p, external("meter-1@a.example")).result == 2001
    hss.write([second])
    hss.hup("1 subscriber read again")
    assert sir(p, external("meter-1@a.example")).experimental == 5001


def test_an_empty_or_cut_file_drops_nobody(hss):
    def fleet(n):
        return [{"imsi": f"0010200000{i:05}"} for i in range(n)]

    p = hss.open()
    hss.write([SUBSCRIBER, *fleet(100)])
    hss.hup("101 subscribers read again")
    stay = "the subscribers read before stay"
    for text, words in (("", "0 subscribers, expected at least 1 (subscribers_min"), ("# nobody\n", "0 subscribers, expected at least 1"),
                        (json.dumps(SUBSCRIBER), ":1: the file ends inside this line"),
                        (json.dumps(SUBSCRIBER) + "\n" + json.dumps(SUBSCRIBER)[:40], ":2: ")):
        before = hss.log().count(words)
        hss.write([text])
        hss.hup(stay)
        assert hss.log().count(words) > before
        assert sir(p, external("meter-1@a.example")).result == 2001
    hss.write(fleet(90))
    hss.hup("11 of 101 subscribers would go (imsi 001010000000001, ")
    assert sir(p, external("meter-1@a.example")).result == 2001
    hss.write(fleet(91))  # SUBSCRIBER and nine more: a tenth, no more
    hss.hup("91 subscribers read again")
    assert sir(p, external("meter-1@a.example")).experimental == 5001
    hss.write([SUBSCRIBER])
    hss.hup(stay)
    os.kill(hss.entry["pid"], signal.SIGUSR1)
    proc.wait_until("they are read all the same", lambda: hss.log().count(": 1 subscriber read again from") == 1, entries=[hss.entry])
    assert sir(p, external("meter-1@a.example")).result == 2001


def test_an_empty_file_can_be_meant(make_hss):
    h = make_hss(more="subscribers_min: 0\n")
    p = h.open()
    h.write([])
    h.hup("0 subscribers read again")
    assert sir(p, external("meter-1@a.example")).experimental == 5001


def test_several_peers_and_a_polite_end(make_hss):
    h = make_hss()
    peers = [h.peer(host=f"iwf-{i}.core.example") for i in range(3)]
    assert [p.open() for p in peers] == [2001] * 3
    assert [sir(p, external("meter-1@a.example")).result for p in peers] == [2001] * 3
    os.kill(h.entry["pid"], signal.SIGTERM)
    for p in peers:
        assert p.accept_close().number(273) == 0  # REBOOTING
    proc.wait_until("mtc-hss has ended", lambda: not proc.alive(h.entry))


def test_only_listed_hosts(make_hss):
    h = make_hss(more=f"allowed_hosts: [{IWF}]\n")
    assert h.peer(host="iwf.other.example").open() == 3010
    assert h.peer(host=IWF.upper()).open() == 2001


def test_no_common_application(hss):
    assert hss.peer(app=D.TSP).open() == 5010


def test_tls_and_the_name_in_the_certificate(make_hss, tmp_path):
    pki = Pki(str(tmp_path / "pki"))
    pki.ca("core", "/O=operator/CN=core CA")
    pki.leaf("hss", "core", HSS, "serverAuth,clientAuth")
    cert, key = pki.leaf("iwf", "core", IWF, "serverAuth,clientAuth")
    h = make_hss(listen=f"protection: tls, certificate: {pki.path('hss.pem')}, key: {pki.path('hss.key')}, "
                        f"anchors: [{pki.path('core.pem')}]")
    context = ssl.create_default_context(cafile=pki.path("core.pem"))
    context.load_cert_chain(cert, key)

    def wrap(sock):
        return context.wrap_socket(sock, server_hostname=HSS)
    p = h.peer(wrap=wrap)
    assert p.open() == 2001
    assert sir(p, external("meter-1@a.example")).result == 2001
    assert h.peer(host="smssc.core.example", wrap=wrap).open() == 3010
    with pytest.raises((OSError, EOFError)):
        h.peer().open()  # no TLS
    assert sir(p, external("meter-1@a.example")).result == 2001


@pytest.mark.parametrize("conf,subscribers,words", [
    ("identity: { host: h.example }\n", "", "hss.yaml:1: "),
    (None, "{\"imsi\":1}\n", "subscribers.jsonl:1: imsi: expected a string of 6 to 15 digits"),
    (None, None, "subscribers.jsonl: No such file"),
    (None, "", "subscribers.jsonl: 0 subscribers, expected at least 1"),
    (None, "# only a comment\n", "subscribers.jsonl: 0 subscribers, expected at least 1"),
    (None, "{\"imsi\":\"001010000000001\"}\n{\"imsi\":\"001010000000002\"}", "subscribers.jsonl:2: the file ends inside this line"),
])
def test_a_mistake_is_named_and_nothing_is_started(tmp_path, conf, subscribers, words):
    (tmp_path / "hss.yaml").write_text(conf or f"identity: {{ host: {HSS}, realm: {REALM} }}\n"
                                       "listen: { address: 127.0.0.1, port: 0, protection: none }\nsubscribers: subscribers.jsonl\n")
    if subscribers is not None:
        (tmp_path / "subscribers.jsonl").write_text(subscribers)
    for more in ([], ["-t"]):
        done = subprocess.run([os.path.join(BIN, "mtc-hss"), "-c", str(tmp_path / "hss.yaml"), *more], capture_output=True, text=True,
                              timeout=proc.HANG_S, check=False)
        assert done.returncode == 2 and words in done.stderr and not play.json_lines(done.stdout), done


def test_usage():
    for arguments, words in (([], "-c FILE is missing"), (["-x"], "unknown option '-x'"), (["-c"], "-c needs FILE"), (["a"], "unexpected argument 'a'")):
        done = subprocess.run([os.path.join(BIN, "mtc-hss"), *arguments], capture_output=True, text=True, timeout=proc.HANG_S, check=False)
        assert done.returncode == 2 and words in done.stderr, done
    done = subprocess.run([os.path.join(BIN, "mtc-hss"), "--help"], capture_output=True, text=True, timeout=proc.HANG_S, check=False)
    assert done.returncode == 0 and "subscribers" in done.stdout
