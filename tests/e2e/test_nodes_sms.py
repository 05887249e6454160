"""mtc-smssc and mtc-ue together: an MTC-IWF by hand on one side, now and then a mobile or an SMS-SC by hand in the middle."""
import contextlib
import json
import os
import signal
import socket
import ssl
import stat
import struct
import subprocess

import pytest
from lablib import proc
from lablib.pki import Pki
from support import diameter as dia
from support.t4 import DRR, E, P, R, T, T4, Iwf, diagnostic, result, tbcd

from conftest import BIN

FIRST, LAST = 1010000000001, 1010000000050
DELIVERED, ABSENT, FULL, EXPIRED = 2, 0, 1, 3
SIGNS = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "runtime error:", "Assertion")


def imsi(n):
    return f"{FIRST + n - 1:015d}"


class World:
    """An SMS-SC and the devices 1 to 50, each can be ended and started again."""

    def __init__(self, folder, smssc_more="", ue_more=(), listen="protection: none"):
        self.listen = listen
        self.folder, self.smssc_more, self.ue_more, self.starts, self.dead = str(folder), smssc_more, list(ue_more), 0, []
        self.socket, self.control = self.path("ue.sock"), self.path("ctl.sock")
        self.start_smssc()
        self.ue = None
        self.start_ue()

    def path(self, name):
        return os.path.join(self.folder, name)

    def start(self, name, command):
        self.starts += 1
        return proc.start(f"{name}-{self.starts}", command, self.folder)

    def start_smssc(self):
        proc.write(self.path("smssc.yaml"), f"""identity: {{ host: smssc.core.test, realm: core.test }}
listen: {{ address: 127.0.0.1, port: 0, {self.listen} }}
state_dir: smssc
ue_socket: ue.sock
sc_address: "491770000000"
allowed_hosts: [iwf.core.test, iwf2.core.test]
{self.smssc_more}
""")
        self.smssc = self.start("mtc-smssc", [os.path.join(BIN, "mtc-smssc"), "-c", self.path("smssc.yaml")])
        _, self.port = proc.wait_ready(self.smssc)

    def start_ue(self):
        self.ue = self.start("mtc-ue", [os.path.join(BIN, "mtc-ue"), "--link", self.socket, "--state", self.path("ue"), "--control", self.control,
                                        "--imsi", f"{FIRST:015d}-{LAST:015d}", *self.ue_more])
        self.ue_event("ready")

    def kill(self, entry):
        """Without a chance to tidy up."""
        os.kill(entry["pid"], signal.SIGKILL)
        proc.wait_until("it is gone", lambda: not proc.alive(entry))
        self.dead.append(entry)

    def end(self, entry):
        assert proc.end([entry]) == [], "it did not end by itself"
        self.dead.append(entry)

    def iwf(self, **more):
        return Iwf("127.0.0.1", self.port, **more)

    def events(self, *kinds, entry=None):
        found = []
        with open((entry or self.ue)["out"], encoding="utf-8") as f:
            for line in f:
                if line.endswith("\n"):
                    found.append(json.loads(line))
        return [e for e in found if not kinds or e["event"] in kinds]

    def ue_event(self, kind, **fields):
        def look():
            return [e for e in self.events(kind) if all(e.get(k) == v for k, v in fields.items())]
        return proc.wait_until(f"event {kind} {fields}", look, entries=[self.ue])[-1]

    def ctl(self, *words):
        done = subprocess.run([os.path.join(BIN, "mtc-ue"), "ctl", self.control, *map(str, words)], capture_output=True, text=True, timeout=proc.HANG_S, check=False)
        return done.returncode, done.stdout + done.stderr

    def order(self, *words):
        code, text = self.ctl(*words)
        assert code == 0, text

    def status(self):
        seen = len(self.events("status", entry=self.smssc))
        os.kill(self.smssc["pid"], signal.SIGUSR1)
        return proc.wait_until("a status line", lambda: self.events("status", entry=self.smssc)[seen:], entries=[self.smssc])[0]

    def present(self, n):
        proc.wait_until(f"{n} mobiles are registered", lambda: self.status()["ues_present"] == n)

    def down(self):
        for entry in (self.ue, self.smssc):
            if entry and proc.alive(entry):
                assert proc.end([entry]) == [], f"{entry['name']} did not end by itself"
        for name in sorted(os.listdir(self.folder)):
            if name.endswith(".log"):
                with open(self.path(name), encoding="utf-8", errors="replace") as f:
                    text = f.read()
                assert not any(sign in text for sign in SIGNS), f"{name}: {text[-3000:]}"


@pytest.fixture
def make(tmp_path):
    worlds = []

    def one(**more):
        folder = tmp_path / f"w{len(worlds)}"
        folder.mkdir()
        if "ue_more" in more:
            more["ue_more"] = [word.replace("FOLDER", str(folder)) for word in more["ue_more"]]
        worlds.append(World(folder, **more))
        return worlds[-1]
    yield one
    for w in worlds:
        w.down()


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    w = World(tmp_path_factory.mktemp("sms"), smssc_more="delivery: { answer_wait: 2s, retry_min: 200ms, retry_max: 400ms, restart_wait: 2s }\n"
              "report: { answer_wait: 1s, retry_min: 200ms, retry_max: 400ms }")
    yield w
    w.down()


# -- a mobile by hand


class Mobile:
    def __init__(self, path, *imsis):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(proc.HANG_S)
        self.socket.connect(path)
        self.held = b""
        for one in imsis:
            self.send(1, one.encode())

    def send(self, kind, body):
        self.socket.sendall(struct.pack("!HB", 1 + len(body), kind) + body)

    def read(self):
        """(type, body), None when closed."""
        while True:
            if len(self.held) >= 2:
                size = 2 + int.from_bytes(self.held[:2], "big")
                if len(self.held) >= size:
                    frame, self.held = self.held[:size], self.held[size:]
                    return frame[2], frame[3:]
            try:
                got = self.socket.recv(4096)
            except ConnectionError:
                return None
            if not got:
                return None
            self.held += got

    def data(self):
        """(delivery id, RPDU)"""
        kind, body = self.read()
        assert kind == 2
        return struct.unpack("!Q", body[:8])[0], body[8:]

    def ack(self, delivery, reference, error=None):
        rpdu = bytes([2, reference]) if error is None else bytes([4, reference, 1, error])
        self.send(3, struct.pack("!Q", delivery) + rpdu)

    def close(self):
        self.socket.close()


# -- its files


def event_file(path):
    with open(path, encoding="ascii") as f:
        return [json.loads(line) for line in f]


def references(path, event):
    return [e["reference"] for e in event_file(path) if e["event"] == event]


def test_the_files_of_events_are_rotated_while_it_runs(make):
    """Moved away and SIGHUP; copied and cut. No line is lost, doubled or torn."""
    w = make(smssc_more="events: smssc.jsonl", ue_more=["--events", "FOLDER/ue.jsonl"])
    smssc, ue = w.path("smssc.jsonl"), w.path("ue.jsonl")

    def both(number):
        with w.iwf() as iwf:
            assert iwf.trigger(imsi(1), b"%d" % number, reference=number, validity=60) == 2001
            # After a kill the report of the trigger before may come once more: its end may not have been on disk.
            report = next(r for r in iter(iwf.report, None) if r.reference == number)
            assert report.outcome == DELIVERED
            proc.wait_until("it is over there", lambda: number in references(smssc, "over"))
    both(1)
    for path, entry in ((smssc, w.smssc), (ue, w.ue)):
        os.rename(path, path + ".1")
        os.kill(entry["pid"], signal.SIGHUP)
        proc.wait_until("the file is there again", lambda at=path: os.path.exists(at), entries=[entry])
    both(2)
    for path in (smssc, ue):
        with open(path, "r+b") as f:
            f.truncate(0)
    both(3)
    assert references(smssc, "taken") == [3] and references(smssc + ".1", "taken") == [1]
    assert [[bytes.fromhex(e["payload_hex"]) for e in event_file(f)] for f in (ue + ".1", ue)] == [[b"1"], [b"3"]]
    w.kill(w.smssc)  # what the store knows of the file is of this one
    w.start_smssc()
    w.present(50)
    both(4)
    assert references(smssc, "taken") == [3, 4]


def test_half_an_event_of_the_run_before_spoils_none_of_this_one(make):
    w = make()
    w.end(w.smssc)
    with open(w.smssc["out"], "ab") as f:
        f.write(b'{"event":"sta')
    out = w.smssc["out"]
    with open(out, "ab") as stdout:
        again = subprocess.Popen(w.smssc["command"], stdout=stdout, stderr=subprocess.DEVNULL)
    try:
        def found():
            with open(out, "rb") as f:
                return f.read().endswith(b"}\n") and f
        proc.wait_until("it is ready", found)
        with open(out, encoding="ascii") as f:
            assert [json.loads(line)["event"] for line in f if line != '{"event":"sta\n'] == ["ready", "torn", "ready"]
    finally:
        again.terminate()
        assert again.wait(proc.HANG_S) == 0


# -- the way of a trigger


def test_a_trigger_is_delivered_and_reported(world):
    with world.iwf() as iwf:
        assert iwf.trigger(imsi(1), b"wake up", reference=1, port=16000, validity=60, msisdn="491700000001", external="meter-1@a.example") == 2001
        r = iwf.report()
    assert (r.outcome, r.diagnostic, r.reference, r.imsi, r.destination) == (DELIVERED, None, 1, imsi(1), "iwf.core.test")
    assert r.smea == bytes.fromhex("0b919471103254f6")
    assert r.msisdn == tbcd("491700000001") and r.external == "meter-1@a.example"
    assert not r.retransmitted
    e = world.ue_event("trigger", imsi=imsi(1))
    assert (bytes.fromhex(e["payload_hex"]), e["port"], e["originator"], e["parts"]) == (b"wake up", 16000, "49170123456", 1)


def test_no_port_and_no_payload_are_fine(world):
    with world.iwf() as iwf:
        assert iwf.trigger(imsi(2), b"", reference=2) == 2001
        assert iwf.report().outcome == DELIVERED
    e = world.ue_event("trigger", imsi=imsi(2))
    assert e["port"] is None and e["payload_hex"] == ""


@pytest.mark.parametrize("size,port,parts", [(133, 1, 1), (134, 1, 2), (140, None, 1), (141, None, 2), (1024, 1, 9), (127 * 255, 1, 255)])
def test_long_payloads_arrive_whole(world, size, port, parts):
    payload = bytes(i * 7 % 251 for i in range(size))
    with world.iwf() as iwf:
        assert iwf.trigger(imsi(3), payload, reference=10000 + size, port=port, validity=600) == 2001
        assert iwf.report().outcome == DELIVERED
    e = world.ue_event("trigger", imsi=imsi(3), payload_hex=payload.hex())
    assert e["parts"] == parts


def test_what_one_message_looks_like_on_the_link(make):
    w = make()
    m = Mobile(w.socket, "001010000000900")
    w.present(51)
    with w.iwf() as iwf:
        assert iwf.trigger("001010000000900", b"\1\2\3", reference=1, port=16001, validity=60) == 2001
        delivery, rpdu = m.data()
        assert rpdu[:1] + rpdu[2:11] == bytes.fromhex("01" "079194710700000000")[:10] and rpdu[11] == len(rpdu) - 12
        tpdu = rpdu[12:]
        assert tpdu[:11] == bytes.fromhex("440b919471103254f64804") and tpdu[18:] == bytes.fromhex("0a0605043e810000010203")
        m.ack(delivery, rpdu[1])
        assert iwf.report().outcome == DELIVERED
    m.close()


def test_an_absent_mobile_is_waited_for_until_it_returns(world):
    world.order("absent", imsi(4))
    with world.iwf() as iwf:
        assert iwf.trigger(imsi(4), b"later", reference=4, validity=600) == 2001
        assert iwf.no_report(0.5)
        assert not [e for e in world.events("trigger") if e["imsi"] == imsi(4)]
        world.order("present", imsi(4))
        assert iwf.report().outcome == DELIVERED
    world.ue_event("trigger", imsi=imsi(4))


def test_validity_that_ends_is_reported(world):
    world.order("absent", imsi(5))
    with world.iwf() as iwf:
        assert iwf.trigger(imsi(5), b"late", reference=5, validity=3) == 2001
        assert iwf.no_report(0.5)
        r = iwf.report()
        assert (r.outcome, r.reference) == (EXPIRED, 5)
    world.order("present", imsi(5))


def test_without_validity_an_absent_mobile_is_reported_at_once(world):
    world.order("absent", imsi(6))
    with world.iwf() as iwf:
        assert iwf.trigger(imsi(6), b"now", reference=6, validity=0) == 2001
        r = iwf.report()
        assert (r.outcome, r.diagnostic) == (ABSENT, 2)  # nothing is known of it while nothing waits for it
        assert iwf.trigger("001019999999999", b"now", reference=7) == 2001
        assert iwf.report().outcome == ABSENT
    world.order("present", imsi(6))


def test_a_full_mobile_refuses_and_takes_it_when_there_is_room(world):
    world.order("full", imsi(7))
    with world.iwf() as iwf:
        assert iwf.trigger(imsi(7), b"once", reference=8) == 2001
        assert iwf.report().outcome == FULL
        assert iwf.trigger(imsi(7), b"kept", reference=9, validity=600) == 2001
        assert iwf.no_report(0.7)
        world.order("empty", imsi(7))
        assert iwf.report().outcome == DELIVERED
    assert world.ue_event("trigger", imsi=imsi(7))["payload_hex"] == b"kept".hex()


def test_a_slow_mobile_is_waited_for_and_acts_once(world):
    world.order("slow", 2600, imsi(8))  # longer than answer_wait: sent again meanwhile
    with world.iwf() as iwf:
        assert iwf.trigger(imsi(8), b"slow", reference=11, validity=600) == 2001
        proc.wait_until("it is sent again", lambda: [e for e in world.events("duplicate") if e["imsi"] == imsi(8)])
        world.order("slow", 0, imsi(8))
        assert iwf.report().outcome == DELIVERED
        assert len([e for e in world.events("trigger") if e["imsi"] == imsi(8)]) == 1


def test_priority_goes_first(world):
    world.order("absent", imsi(9))
    with world.iwf() as iwf:
        for reference, priority in ((21, 0), (22, 0), (23, 1)):
            assert iwf.trigger(imsi(9), bytes([reference]), reference=reference, validity=600, priority=priority) == 2001
        world.order("present", imsi(9))
        assert [iwf.report().reference for _ in range(3)] == [23, 21, 22]


def test_many_devices_many_triggers(world):
    with world.iwf() as iwf:
        for n in range(400):
            iwf.send(iwf.dtr(imsi(n % 30 + 20), f"bulk {n}".encode(), reference=50000 + n, validity=600))
        outcomes = {}
        while len(outcomes) < 400:
            m = iwf.waiting.pop(0) if iwf.waiting else iwf.next()
            if m.code == DRR and m.flags & R:
                outcomes[m.number(3007)] = m.number(3200)
                iwf.acknowledge(m)
            else:
                assert result(m) == 2001
    assert set(outcomes.values()) == {DELIVERED}
    assert len([e for e in world.events("trigger") if bytes.fromhex(e["payload_hex"]).startswith(b"bulk")]) == 400


# -- refusals


def test_bad_requests_get_the_code_that_fits(world):
    e = "experimental"
    with world.iwf() as iwf:
        assert iwf.trigger(imsi(10), raw_smea=bytes.fromhex("0b819471103254f6")) == (e, 5530)  # not international
        assert iwf.trigger(imsi(10), raw_smea=bytes.fromhex("0c919471103254f6")) == (e, 5530)  # one digit more than there are
        assert iwf.trigger(imsi(10), raw_smea=b"") == (e, 5530)
        assert iwf.trigger(None, msisdn="491700000001") == (e, 5001)
        assert iwf.trigger("12345") == (e, 5001)
        assert iwf.trigger("00101x000000001") == (e, 5001)
        assert iwf.trigger(imsi(10), port=65536) == 5004
        assert iwf.trigger(imsi(10), kind=7) == 5004
        assert iwf.trigger(imsi(10), b"x" * (127 * 255 + 1), port=1) == 5004
        for missing in (3102, 3309, 3004, 277):
            m = iwf.exchange(iwf.dtr(imsi(10), without=(missing,)))
            assert result(m) == 5005 and missing in [c for c, _, _ in dia.parse_avps(m.data(279))]
        assert result(iwf.exchange(iwf.dtr(imsi(10), more=[dia.gpp(9999, b"?")]))) == 5001  # M set and unknown
        m = iwf.exchange(dia.message(DRR, T4, R | P, iwf.origin(), next(iwf.ids), 1))
        assert result(m) == 3001 and m.flags & E
        assert iwf.trigger(imsi(10), b"still well", reference=31) == 2001
        assert iwf.report().outcome == DELIVERED


def test_a_host_that_is_not_on_the_list_is_refused(world):
    with world.iwf(host="stranger.core.test") as iwf:
        assert iwf.cea == 3010 and iwf.next() is None


def test_tls_and_the_name_in_the_certificate(make, tmp_path):
    pki = Pki(str(tmp_path / "pki"))
    pki.ca("core", "/O=operator/CN=core CA")
    pki.leaf("smssc", "core", "smssc.core.test", "serverAuth,clientAuth")
    cert, key = pki.leaf("iwf", "core", "iwf.core.test", "serverAuth,clientAuth")
    w = make(listen=f"protection: tls, certificate: {pki.path('smssc.pem')}, key: {pki.path('smssc.key')}, anchors: [{pki.path('core.pem')}]")
    context = ssl.create_default_context(cafile=pki.path("core.pem"))
    context.load_cert_chain(cert, key)

    def wrap(sock):
        return context.wrap_socket(sock, server_hostname="smssc.core.test")
    with w.iwf(wrap=wrap) as iwf:
        assert iwf.trigger(imsi(1), b"protected", reference=1) == 2001
        assert iwf.report().outcome == DELIVERED
    with w.iwf(host="iwf2.core.test", wrap=wrap) as iwf:
        assert iwf.cea == 3010  # on the list, but not whom the certificate names
    with pytest.raises((OSError, EOFError)):
        w.iwf()  # no TLS


def test_a_reference_number_in_use_is_refused(world):
    world.order("absent", imsi(11))
    with world.iwf() as iwf:
        assert iwf.trigger(imsi(11), b"first", reference=41, validity=600) == 2001
        assert iwf.trigger(imsi(12), b"second", reference=41, validity=600) == 5012
        assert iwf.trigger(imsi(12), b"another SCS", reference=41, originator="49170999999") == 2001  # numbers are each SCS's own
        assert iwf.report().smea == bytes.fromhex("0b919471909999f9")
        world.order("present", imsi(11))
        assert iwf.report().reference == 41


def test_a_bound_that_is_reached_is_congestion(make):
    w = make(smssc_more="limits: { messages: 3 }")
    w.order("absent")
    with w.iwf() as iwf:
        for n in range(3):
            assert iwf.trigger(imsi(n + 1), b"x", reference=n, validity=600) == 2001
        assert iwf.trigger(imsi(4), b"x", reference=3, validity=600) == ("experimental", 5531)
        m = iwf.exchange(iwf.dtr(imsi(1), b"y", kind=2, old=0, reference=9, validity=600))
        assert (result(m), diagnostic(m)) == (("experimental", 5533), 1)  # new one not stored: the old one stays
        assert iwf.trigger(imsi(1), kind=1, old=0) == 2001


# -- recall and replace


def test_recall(world):
    world.order("absent", imsi(13))
    with world.iwf() as iwf:
        assert iwf.trigger(imsi(13), b"no more", reference=51, validity=600) == 2001
        assert iwf.trigger(imsi(13), kind=1, old=52) == ("experimental", 5535)
        assert iwf.trigger(imsi(14), kind=1, old=51) == ("experimental", 5535)  # of another mobile
        assert iwf.trigger(imsi(13), kind=1, old=51, originator="49170999999") == ("experimental", 5535)  # of another SCS
        assert iwf.trigger(imsi(13), kind=1, old=51) == 2001
        assert iwf.trigger(imsi(13), kind=1, old=51) == ("experimental", 5535)
        assert iwf.trigger(imsi(13), kind=1) == 5005
        world.order("present", imsi(13))
        assert iwf.no_report(0.4)
    assert not [e for e in world.events("trigger") if e["imsi"] == imsi(13)]


def test_replace(world):
    world.order("absent", imsi(15))
    with world.iwf() as iwf:
        assert iwf.trigger(imsi(15), b"old", reference=61, validity=600) == 2001
        assert iwf.trigger(imsi(15), b"new", kind=2, old=61, reference=62, validity=600) == 2001
        assert iwf.trigger(imsi(15), b"beside", kind=2, old=61, reference=63, validity=600) == ("experimental", 5535), "a trigger of its own"
        assert iwf.trigger(imsi(15), b"newest", kind=2, old=62, reference=62, validity=600) == 2001  # its own number again
        world.order("present", imsi(15))
        reports = [iwf.report() for _ in range(2)]
        assert sorted((r.outcome, r.reference) for r in reports) == [(DELIVERED, 62), (DELIVERED, 63)]
        assert iwf.no_report(0.3)
    assert sorted(e["payload_hex"] for e in world.events("trigger") if e["imsi"] == imsi(15)) == sorted((b"newest".hex(), b"beside".hex()))


def test_what_is_under_way_can_be_neither_recalled_nor_replaced(world):
    world.order("slow", 1200, imsi(16))
    with world.iwf() as iwf:
        assert iwf.trigger(imsi(16), b"under way", reference=71, validity=600) == 2001
        world.ue_event("trigger", imsi=imsi(16))
        assert iwf.trigger(imsi(16), kind=1, old=71) == ("experimental", 5534)
        m = iwf.exchange(iwf.dtr(imsi(16), b"y", kind=2, old=71, reference=72, validity=600))
        assert (result(m), diagnostic(m)) == (("experimental", 5533), 0)
        assert iwf.report().reference == 71
    world.order("slow", 0, imsi(16))


# -- at least once on the wire, once for the application


def test_a_repeated_request_gets_the_same_answer_and_does_nothing(world):
    world.order("absent", imsi(17))
    with world.iwf() as iwf:
        end = next(iwf.ends)
        for flags in (R | P, R | P | T, R | P | T):
            assert iwf.trigger(imsi(17), b"same", reference=81, validity=600, end=end, flags=flags) == 2001
        assert iwf.trigger(imsi(17), b"other", reference=82, validity=600, end=end) == 5012  # same identifier, another request
        end = next(iwf.ends)
        for _ in range(2):
            assert iwf.trigger(imsi(17), kind=1, old=99, end=end) == ("experimental", 5535)
        world.order("present", imsi(17))
        assert iwf.report().reference == 81
        assert iwf.no_report(0.3)
    assert len([e for e in world.events("trigger") if e["imsi"] == imsi(17)]) == 1


def test_nothing_is_lost_when_the_sms_sc_is_killed(make):
    w = make(smssc_more="report: { answer_wait: 500ms, retry_min: 100ms, retry_max: 200ms }")
    w.order("absent", imsi(1))
    with w.iwf() as iwf:
        end, same = next(iwf.ends), {"reference": 1, "validity": 600}
        assert iwf.trigger(imsi(1), b"kept", end=end, **same) == 2001
        assert iwf.trigger(imsi(2), b"not acknowledged", reference=2) == 2001
        first = iwf.report(acknowledge=None)
        assert not first.retransmitted
    w.kill(w.smssc)
    w.start_smssc()
    with w.iwf() as iwf:
        again = iwf.report()
        assert again.retransmitted and again.reference == 2 and again.message.end == first.message.end
        assert again.message.data(263) == first.message.data(263)
        assert iwf.trigger(imsi(1), b"kept", end=end, flags=R | P | T, **same) == 2001  # known, also after the restart
        w.present(49)
        w.order("present", imsi(1))
        assert iwf.report().reference == 1
        assert iwf.no_report(0.4)
    assert [e["payload_hex"] for e in w.events("trigger") if e["imsi"] == imsi(1)] == [b"kept".hex()]


def test_a_report_is_repeated_until_it_is_acknowledged(world):
    with world.iwf() as iwf:
        assert iwf.trigger(imsi(18), b"x", reference=91) == 2001
        first = iwf.report(acknowledge=None)
        second = iwf.report(acknowledge=3004)  # temporary: again
        third = iwf.report()
        assert [r.retransmitted for r in (first, second, third)] == [False, True, True]
        assert len({r.message.end for r in (first, second, third)}) == 1
        assert iwf.no_report(0.8)


def test_a_report_waits_for_its_mtc_iwf(world):
    world.order("absent", imsi(19))
    with world.iwf(host="iwf2.core.test") as iwf:
        assert iwf.trigger(imsi(19), b"x", reference=92, validity=600) == 2001
    world.order("present", imsi(19))
    world.ue_event("trigger", imsi=imsi(19))
    with world.iwf() as other:
        assert other.no_report(0.4)  # not for this one
    with world.iwf(host="iwf2.core.test") as iwf:
        r = iwf.report()
        assert (r.reference, r.destination, r.outcome) == (92, "iwf2.core.test", DELIVERED)


def test_each_trigger_is_printed_once_however_often_the_sms_sc_dies(make):
    w = make(smssc_more="report: { answer_wait: 300ms, retry_min: 50ms, retry_max: 100ms }\ndelivery: { answer_wait: 1s, retry_min: 50ms, retry_max: 100ms }")
    waiting = {n: 7_000_000 + n for n in range(240)}
    reported = {}
    for life in range(5):
        with w.iwf() as iwf:
            for n, end in list(waiting.items()):  # what is not answered is asked again, with T
                iwf.send(iwf.dtr(imsi(n % 40 + 1), f"life {n}".encode(), reference=n, validity=600, end=end, flags=R | P | (T if life else 0)))
            goal = len(reported) + 40 if life < 4 else 240
            while len(reported) < goal or (life == 4 and waiting):
                m = iwf.next()
                if m.code == DRR and m.flags & R:
                    reported[m.number(3007)] = m.number(3200)
                    iwf.acknowledge(m)
                else:
                    assert result(m) == 2001
                    waiting.pop(m.end - 7_000_000, None)
        if life < 4:
            w.kill(w.smssc)
            w.start_smssc()
    assert set(reported) == set(range(240)) and set(reported.values()) == {DELIVERED}
    payloads = [e["payload_hex"] for e in w.events("trigger")]
    assert len(payloads) == 240 and len(set(payloads)) == 240


def test_no_trigger_is_printed_twice_however_often_the_mobile_dies(make):
    w = make(smssc_more="delivery: { answer_wait: 1s, retry_min: 50ms, retry_max: 100ms }")
    lives, outcomes = [], {}
    with w.iwf() as iwf:
        for n in range(240):
            iwf.send(iwf.dtr(imsi(n % 40 + 1), f"life {n}".encode(), reference=n, validity=600))
        while len(outcomes) < 240:
            m = iwf.next()
            if m.code == DRR and m.flags & R:
                outcomes[m.number(3007)] = m.number(3200)
                iwf.acknowledge(m)
                if len(outcomes) % 50 == 0 and len(lives) < 4:
                    lives.append(w.ue)
                    w.kill(w.ue)
                    w.start_ue()
    payloads = [e["payload_hex"] for life in [*lives, w.ue] for e in w.events("trigger", entry=life)]
    assert len(lives) == 4 and set(outcomes.values()) == {DELIVERED}
    assert len(payloads) == len(set(payloads))


def lines(path):
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def test_the_events_of_a_mobile_are_there_exactly_once_however_often_it_dies(make, tmp_path):
    path = str(tmp_path / "acted.jsonl")
    w = make(smssc_more="delivery: { answer_wait: 1s, retry_min: 50ms, retry_max: 100ms }", ue_more=["--events", path])
    outcomes, deaths = {}, 0
    with w.iwf() as iwf:
        for n in range(240):
            iwf.send(iwf.dtr(imsi(n % 40 + 1), f"life {n}".encode(), reference=n, validity=600))
        while len(outcomes) < 240:
            m = iwf.next()
            if m.code == DRR and m.flags & R:
                outcomes[m.number(3007)] = m.number(3200)
                iwf.acknowledge(m)
                if len(outcomes) % 50 == 0 and deaths < 4:
                    deaths += 1
                    w.kill(w.ue)
                    w.start_ue()
    assert deaths == 4 and set(outcomes.values()) == {DELIVERED}
    found = lines(path)
    assert sorted(e["payload_hex"] for e in found) == sorted(f"life {n}".encode().hex() for n in range(240))
    assert all(e["event"] == "trigger" and e["time_ms"] > 0 for e in found)


def test_what_the_file_says_was_acted_on_is_not_acted_on_again(make, tmp_path):
    """A death between the line and the mark: the line is there, the mobile's own memory is not."""
    path = str(tmp_path / "acted.jsonl")
    w = make(smssc_more="delivery: { answer_wait: 500ms, retry_min: 100ms, retry_max: 200ms }", ue_more=["--events", path])
    w.order("slow", 60000)
    with w.iwf() as iwf:
        assert iwf.trigger(imsi(1), b"one", reference=1, validity=600) == 2001
        w.ue_event("trigger", imsi=imsi(1))
        w.kill(w.ue)
        os.rename(w.path("ue"), w.path("ue-before"))
        w.start_ue()
        assert iwf.report().outcome == DELIVERED
        w.ue_event("duplicate", imsi=imsi(1))
    assert len(lines(path)) == 1


def test_the_events_of_the_sms_sc_tell_each_fate_also_over_its_death(make):
    w = make(smssc_more="events: smssc.jsonl\nreport: { answer_wait: 500ms, retry_min: 100ms, retry_max: 200ms }")
    w.order("absent", imsi(2))
    with w.iwf() as iwf:
        assert iwf.trigger(imsi(1), b"delivered", reference=1) == 2001
        assert iwf.report().reference == 1
        for n in (2, 3):
            assert iwf.trigger(imsi(2), b"waits", reference=n, validity=600) == 2001
        assert iwf.trigger(imsi(2), kind=1, old=3) == 2001
    w.kill(w.smssc)
    with open(w.path("smssc.jsonl"), "a", encoding="utf-8") as f:
        f.write('{"event":"taken","reference":99}\n{"event":')  # a turn whose commit did not come
    w.start_smssc()
    w.order("present", imsi(2))
    with w.iwf() as iwf:
        assert iwf.report().reference == 2
        proc.wait_until("it is over", lambda: lines(w.path("smssc.jsonl"))[-1]["event"] == "over")
    found = lines(w.path("smssc.jsonl"))
    fate = {n: [e["event"] for e in found if e["reference"] == n] for n in (1, 2, 3, 99)}
    assert fate == {1: ["taken", "outcome", "over"], 2: ["taken", "outcome", "over"], 3: ["taken", "removed"], 99: []}
    first = found[0]
    assert first["imsi"] == imsi(1) and first["smea"].isdigit() and first["delivery_id"] > 0
    assert {e["outcome"] for e in found if e["event"] == "outcome"} == {"SUCCESSFUL_TRANSFER"}


def test_a_single_attempt_survives_a_restart_of_the_sms_sc(make):
    w = make()
    w.order("slow", 60000, imsi(1))
    with w.iwf() as iwf:
        assert iwf.trigger(imsi(1), b"once", reference=1) == 2001
        w.ue_event("trigger", imsi=imsi(1))
    w.kill(w.smssc)
    w.order("slow", 0, imsi(1))  # before the part can come again
    w.start_smssc()
    with w.iwf() as iwf:
        assert iwf.report().outcome == DELIVERED  # the mobile came back in time, knew it, and said so
    assert len(w.events("trigger")) == 1
    w.ue_event("duplicate", imsi=imsi(1))


def test_the_mobile_acts_once_also_over_its_own_death(make):
    w = make(smssc_more="delivery: { answer_wait: 500ms, retry_min: 100ms, retry_max: 200ms }")
    w.order("slow", 60000)
    with w.iwf() as iwf:
        assert iwf.trigger(imsi(1), b"one", reference=1, validity=600) == 2001
        w.ue_event("trigger", imsi=imsi(1))
        first = w.ue
        w.kill(w.ue)  # it acted and did not say so
        w.start_ue()
        assert iwf.report().outcome == DELIVERED
        w.ue_event("duplicate", imsi=imsi(1))
    assert not w.events("trigger") and len(w.events("trigger", entry=first)) == 1


def test_parts_are_kept_over_a_death_of_the_mobile(make):
    w = make()
    path = w.path("sc.sock")
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen(4)
    server.settimeout(proc.HANG_S)
    w.end(w.ue)
    w.socket = path
    tpdus = [part_of(payload, parts=2, part=n) for n, payload in ((1, b"A" * 127), (2, b"B"))]
    for n, tpdu in enumerate(tpdus):
        w.start("mtc-ue", ["true"])
        w.ue = w.start("mtc-ue", [os.path.join(BIN, "mtc-ue"), "--link", path, "--state", w.path("ue"), "--imsi", imsi(1)])
        sc = hand(server)
        assert sc.read() == (1, imsi(1).encode())
        sc.send(2, struct.pack("!Q", 77) + rp_data(n, tpdu))
        assert sc.read() == (3, struct.pack("!Q", 77) + bytes([2, n]))
        w.kill(w.ue)
        sc.close()
    e = w.events("trigger")
    assert len(e) == 1 and bytes.fromhex(e[0]["payload_hex"]) == b"A" * 127 + b"B" and e[0]["delivery_id"] == 77
    server.close()


# -- hostile ends of the lab link


def test_a_hostile_mobile_harms_nobody_but_itself(world):
    frames = [b"\0\0", b"\xff\xff\1", b"\0\1\2", b"\0\1\7", b"\0\3\1ab", b"\0\x11\1" + b"9" * 16, b"\0\4\3abc", struct.pack("!HBQ", 9, 3, 5),
              struct.pack("!HBQ", 10, 3, 5) + b"\2", struct.pack("!HBQ", 12, 3, 5) + b"\2\1\0", struct.pack("!HBQ", 12, 3, 5) + b"\4\1\0",
              struct.pack("!HBQ", 20, 2, 5) + b"\1" * 11, b"\0\7\4abcdef"]
    for octets in frames:
        m = Mobile(world.socket)
        m.socket.sendall(octets)
        assert m.read() is None, octets  # dropped
        m.close()
    half = Mobile(world.socket)
    half.socket.sendall(b"\0\x10\1" b"00101")
    half.close()
    with world.iwf() as iwf:
        assert iwf.trigger(imsi(30), b"all is well", reference=101) == 2001
        assert iwf.report().outcome == DELIVERED


def test_nobody_acknowledges_or_signs_off_for_another(world):
    world.order("slow", 1000, imsi(31))
    evil = Mobile(world.socket, "001010000000901")
    with world.iwf() as iwf:
        assert iwf.trigger(imsi(31), b"mine", reference=111, validity=600) == 2001
        delivery = world.ue_event("trigger", imsi=imsi(31))["delivery_id"]
        before = world.status()["counts"]["acks_ignored"]
        for reference in range(256):
            evil.ack(delivery, reference)
        evil.send(4, imsi(31).encode())
        proc.wait_until("they are counted", lambda: world.status()["counts"]["acks_ignored"] >= before + 256)
        assert world.status()["sending"] == 1
        assert iwf.report().outcome == DELIVERED
    evil.close()
    world.order("slow", 0, imsi(31))


def test_the_last_registration_counts(world):
    other = Mobile(world.socket, imsi(32))
    world.ue_event("replaced", imsi=imsi(32))
    with world.iwf() as iwf:
        assert iwf.trigger(imsi(32), b"there", reference=121, validity=600) == 2001
        delivery, rpdu = other.data()
        other.ack(delivery, rpdu[1])
        assert iwf.report().outcome == DELIVERED
        world.order("present", imsi(32))
        assert other.read() == (4, imsi(32).encode())
        assert iwf.trigger(imsi(32), b"here", reference=122, validity=600) == 2001
        assert iwf.report().outcome == DELIVERED
    other.close()
    assert world.ue_event("trigger", payload_hex=b"here".hex()) and not [e for e in world.events("trigger") if e["payload_hex"] == b"there".hex()]


def test_a_mobile_that_refuses_is_reported_undelivered(world):
    m = Mobile(world.socket, "001010000000902")
    with world.iwf() as iwf:
        world.present(51)
        assert iwf.trigger("001010000000902", b"x", reference=131, validity=600) == 2001
        delivery, rpdu = m.data()
        m.ack(delivery, rpdu[1], error=111)
        r = iwf.report()
        assert (r.outcome, r.diagnostic) == (ABSENT, None)
    m.close()


def rp_data(reference, tpdu):
    return bytes([1, reference]) + bytes.fromhex("0791947107000000" "00") + bytes([len(tpdu)]) + tpdu


def part_of(payload, port=16000, parts=None, part=None, pid=0x48, dcs=4, oa="0b919471103254f6"):
    header = b"\5\4" + struct.pack("!HH", port, 0) if port is not None else b""
    header += struct.pack("!BBHBB", 8, 4, 9, parts, part) if parts else b""
    data = (bytes([len(header)]) + header if header else b"") + payload
    return (bytes([0x44 if header else 4]) + bytes.fromhex(oa) + bytes([pid, dcs]) + bytes.fromhex("42105121030000") + bytes([len(data)]) + data)


def hand(server):
    m = Mobile.__new__(Mobile)
    m.socket, m.held = server.accept()[0], b""
    m.socket.settimeout(proc.HANG_S)
    return m


def test_what_a_device_refuses(make):
    w = make()
    path = w.path("sc.sock")
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen(1)
    server.settimeout(proc.HANG_S)
    w.end(w.ue)
    w.ue = w.start("mtc-ue", [os.path.join(BIN, "mtc-ue"), "--link", path, "--state", w.path("ue"), "--imsi", f"{imsi(1)}-{imsi(3)}", "--port", "16000-16001",
                              "--port", "7"])
    sc = hand(server)
    assert [sc.read() for _ in range(3)] == [(1, imsi(n).encode()) for n in (1, 2, 3)]

    def ask(delivery, rpdu):
        sc.send(2, struct.pack("!Q", delivery) + rpdu)
        kind, body = sc.read()
        assert kind == 3 and body[:8] == struct.pack("!Q", delivery)
        return body[8:]
    good = rp_data(5, part_of(b"ok"))
    assert ask(1, good) == bytes([2, 5])
    assert ask(1, good) == bytes([2, 5])  # again: acknowledged, nothing else
    for delivery, tpdu, cause in ((2, part_of(b"x", pid=0), 111), (3, part_of(b"x", pid=0x40), 111), (4, part_of(b"x", port=8), 111),
                                  (5, part_of(b"x", dcs=0), 111), (6, part_of(b"x")[:-1], 95), (7, part_of(b"x", oa="0bd19471103254f6"), 111),
                                  (8, b"\1" + part_of(b"x")[1:], 95)):
        assert ask(delivery, rp_data(9, tpdu)) == bytes([4, 9, 1, cause]), delivery
    assert ask(9, rp_data(1, part_of(b"x", port=7))) == bytes([2, 1])
    assert ask(10, rp_data(1, part_of(b"no port", port=None))) == bytes([2, 1])
    assert ask(11, b"\3\x22") == bytes([4, 0x22, 1, 95])  # an acknowledgement is no message
    assert ask(12, rp_data(1, part_of(b"a" * 127, parts=2, part=1))) == bytes([2, 1])
    assert ask(12, rp_data(2, part_of(b"b", parts=3, part=2))) == bytes([4, 2, 1, 95])  # does not fit the other part
    sc.send(1, imsi(2).encode())  # what follows is for the second device
    assert ask(13, good) == bytes([2, 5])
    triggers = [(e["delivery_id"], e["imsi"], e["port"]) for e in w.events("trigger")]
    assert triggers == [(1, imsi(1), 16000), (9, imsi(1), 7), (10, imsi(1), None), (13, imsi(2), 16000)]
    assert [(e["delivery_id"], e["reason"]) for e in w.events("ignored")] == [
        (2, "tp-pid"), (3, "tp-pid"), (4, "port"), (5, "tp-dcs"), (6, "malformed"), (7, "originator"), (8, "malformed"), (11, "malformed"), (12, "part")]
    assert [e["delivery_id"] for e in w.events("duplicate")] == [1]
    sc.socket.sendall(b"\0\0")  # nonsense: it hangs up, and comes again
    assert sc.read() is None
    sc = hand(server)
    assert sc.read() == (1, imsi(1).encode())
    sc.close()
    server.close()


# -- commands


def test_a_command_gets_the_payload(make):
    w = make()
    w.end(w.ue)
    script = w.path("on-trigger")
    proc.write(script, f'#!/bin/sh\n{{ echo "$MTC_IMSI $MTC_PORT $MTC_ORIGINATOR $MTC_AGAIN $MTC_DELIVERY_ID"; cat; echo; }} >>{w.path("acted")}\necho noise\nexit 3\n')
    os.chmod(script, stat.S_IRWXU)
    w.ue_more = ["--exec", script, "--exec-max", "1"]
    w.start_ue()
    with w.iwf() as iwf:
        for n in (1, 2):
            assert iwf.trigger(imsi(n), f"payload {n} $(true)".encode(), reference=n, port=16000) == 2001
        assert [iwf.report().outcome for _ in range(2)] == [DELIVERED] * 2
    done = [w.ue_event("command", imsi=imsi(n)) for n in (1, 2)]
    assert [e["exit_status"] for e in done] == [3, 3] and not w.events("trigger")
    with open(w.path("acted"), encoding="utf-8") as f:
        assert f.read() == "".join(f"{imsi(n)} 16000 49170123456 0 {done[n - 1]['delivery_id']}\npayload {n} $(true)\n" for n in (1, 2))


def test_commands_that_wait_survive(make):
    w = make()
    w.end(w.ue)
    w.ue_more = ["--exec", "/nonexistent/command"]
    w.start_ue()
    with w.iwf() as iwf:
        assert iwf.trigger(imsi(1), b"kept", reference=1) == 2001
        assert iwf.report().outcome == DELIVERED
    assert "No such file" in w.ue_event("command", imsi=imsi(1))["error"]
    w.kill(w.ue)
    w.ue_more = []
    w.start_ue()
    e = w.ue_event("trigger", imsi=imsi(1))
    assert e["again"] is True and e["payload_hex"] == b"kept".hex()


def test_the_control_socket_says_what_is_wrong(world):
    for words, expected in ((["absent", "001019999999999"], "no device of mine"), (["absent", "12"], "expected an IMSI"), (["slow", "x"], "expected milliseconds"),
                            (["dance"], "expected absent"), (["absent", imsi(1), "x"], "too many words")):
        code, text = world.ctl(*words)
        assert code != 0 and expected in text, text
    code, text = world.ctl("status")
    assert code == 0 and json.loads(text)["devices"] == 50
    code, text = world.ctl("present", f"{imsi(40)}-{imsi(44)}")
    assert code == 0 and json.loads(text) == {"ok": True, "devices": 5}
    s = socket.socket(socket.AF_UNIX)
    s.connect(world.control)
    s.sendall(b"x" * 5000)
    assert b"expected a line" in s.recv(200)
    s.close()


def test_usage_and_configuration_errors_name_what_is_wrong(tmp_path):
    def run(program, *words):
        done = subprocess.run([os.path.join(BIN, program), *map(str, words)], capture_output=True, text=True, timeout=proc.HANG_S, check=False)
        return done.returncode, done.stdout + done.stderr
    for words, expected in (([], "--link SOCKET is missing"), (["--link", "x"], "--state DIR is missing"), (["--link", "x", "--state", "y"], "--imsi"),
                            (["--imsi", "5-x"], "expected FIRST or FIRST-LAST"), (["--port", "65536"], "expected N or N-M"), (["--bogus"], "bogus"),
                            (["--imsi", "000001-9999999"], "expected FIRST"), (["ctl"], "expected SOCKET")):
        code, text = run("mtc-ue", *words)
        assert code == 2 and expected in text, text
    code, text = run("mtc-ue", "ctl", str(tmp_path / "none.sock"), "absent")
    assert code == 1 and "none.sock: No such file or directory; expected the --control SOCKET of a running mtc-ue" in text
    good = "identity: { host: a.test, realm: test }\nlisten: { address: 127.0.0.1, port: 0, protection: none }\nstate_dir: s\nue_socket: u\nsc_address: \"4917\"\n"
    path = proc.write(str(tmp_path / "c.yaml"), good)
    code, text = run("mtc-smssc", "-t", "-c", path)
    assert code == 2 and "c.yaml:5" in text, text
    proc.write(path, good.replace('"4917"', '"491770000000"') + "bogus: 1\n")
    code, text = run("mtc-smssc", "-c", path)
    assert code == 2 and "c.yaml:6" in text and "bogus" in text
    assert run("mtc-smssc")[0] == 2
    proc.write(path, good.replace('"4917"', '"491770000000"').replace("ue_socket: u", "ue_socket: none/u"))
    code, text = run("mtc-smssc", "-c", path)
    assert code == 2 and "c.yaml:4: " in text and "none/u: directory " in text and "does not exist; create it first" in text
    for program in ("mtc-smssc", "mtc-ue"):
        assert run(program, "--version")[1].startswith(program + " ")
        code, text = run(program, "--help")
        assert code == 0 and "usage:" in text


def test_a_state_directory_has_one_owner(world):
    commands = ([os.path.join(BIN, "mtc-smssc"), "-c", world.path("smssc.yaml")],
                [os.path.join(BIN, "mtc-ue"), "--link", world.socket, "--state", world.path("ue"), "--imsi", "001010000000777"])
    # both at once: each waits 10 s for an owner that may be about to end
    with contextlib.ExitStack() as stack:
        for second in [stack.enter_context(subprocess.Popen(words, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)) for words in commands]:
            said = second.communicate(timeout=proc.HANG_S)[1]
            assert second.returncode == 1 and "another process" in said, said


def test_an_orderly_end(make):
    w = make()
    w.order("absent", imsi(1))
    with w.iwf() as iwf:
        assert iwf.trigger(imsi(1), b"kept", reference=1, validity=600) == 2001
        os.kill(w.smssc["pid"], signal.SIGTERM)
        m = iwf.next()
        assert m.code == dia.DPR and m.flags & R and m.number(273) == 0
        iwf.answer(m, [dia.avp(268, 2001)] + iwf.origin(), 0)
        assert iwf.next() is None
    proc.wait_until("it ended", lambda: not proc.alive(w.smssc))
    assert not os.path.exists(w.socket)
    w.start_smssc()
    w.present(49)
    w.order("present", imsi(1))
    with w.iwf() as iwf:
        assert iwf.report().outcome == DELIVERED
