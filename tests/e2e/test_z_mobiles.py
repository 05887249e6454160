"""What mobiles send (docs/user/tsms.md): text of the 7-bit alphabet to another mobile and to an SME, and status reports. Octets are made here, and tshark reads
what the mobiles get."""
import os
import subprocess

import pytest
from lablib import proc
from support import smpp
from support.smes import ABSENT, NUMBER, Mobile, World, imsi, sme
from support.smpp import text

from conftest import BIN

SECOND, SHORT = "491720000002", "4242"
DLT = 'uat:user_dlts:"User 0 (DLT=147)","gsm_sms","0","","0",""'
GSM = "@\u00a3$\u00a5\u00e8\u00e9\u00f9\u00ec\u00f2\u00c7\n\u00d8\u00f8\r\u00c5\u00e5\u0394_\u03a6\u0393\u039b\u03a9\u03a0\u03a8\u03a3\u0398\u039e"


def world(folder, more=""):
    return World(BIN, folder, smes=sme("acme", 'numbers: ["4242", "491799999"]') + sme("beta", sources='["777"]'), more=f"  mobiles: {{ send: yes, rate: 0 }}\n{more}")


@pytest.fixture(scope="module")
def w(tmp_path_factory):
    one = world(tmp_path_factory.mktemp("mobiles"))
    one.start_ue()
    yield one
    one.down()


def packed(characters, header=b""):
    """TP-UDL and TP-UD of characters of 7 bits behind a header: by arithmetic, not bit by bit as in our codec."""
    taken = -(-len(header) * 8 // 7)
    number = int.from_bytes(header, "little") | sum(c << 7 * (taken + i) for i, c in enumerate(characters))
    n = taken + len(characters)
    return bytes([n]) + number.to_bytes(-(-n * 7 // 8), "little")


def tpdu(to, user_data, reference=1, report=False, udhi=False, dcs=0, kind=0x91, validity=None):
    digits = to + "f" * (len(to) % 2)
    swapped = bytes(int(digits[i + 1] + digits[i], 16) for i in range(0, len(digits), 2))
    first = 0x01 | (0x20 if report else 0) | (0x40 if udhi else 0) | (0x10 if validity is not None else 0)
    return bytes([first, reference, len(to), kind]) + swapped + bytes([0, dcs]) + (b"" if validity is None else bytes([validity])) + user_data


def as_tshark_reads(folder, octets, *words):
    """A TPDU by the dissector of Wireshark, which shares nothing with ours."""
    lines, pcap = proc.write(os.path.join(str(folder), "tpdu.txt"), "0000 " + octets.hex(" ") + "\n"), os.path.join(str(folder), "tpdu.pcap")
    subprocess.run(["text2pcap", "-q", "-l", "147", lines, pcap], check=True, capture_output=True, timeout=proc.HANG_S)
    done = subprocess.run(["tshark", "-r", pcap, "-o", DLT, *words], check=True, capture_output=True, text=True, timeout=proc.HANG_S)
    return done.stdout.rstrip("\n")


def counts_since(w, before, *names):
    after = w.counts()
    return [after[name] - before[name] for name in names]


@pytest.fixture
def bob(w):
    """The second device by hand, in place of that of mtc-ue."""
    m = Mobile(w, imsi(1))
    yield m
    m.socket.close()
    w.order("present", imsi(1))


# -- to a mobile


@pytest.mark.parametrize("header", [b"", b"\x05\x00\x03\x2a\x02\x01", b"\x06\x08\x04\x12\x34\x02\x01", b"\x00"], ids=lambda h: f"header of {len(h)}")
def test_text_of_seven_bits_reaches_a_mobile(w, bob, tmp_path, header):
    """Each header leaves other fill bits; the text is as long as it can be, or short."""
    most = 160 - -(-len(header) * 8 // 7)
    sender = Mobile(w, imsi(0))
    try:
        for characters in (b"hellohello", b"", bytes((7 * i) % 0x1b + 0x61 for i in range(most)), b"1234567", b"12345678"):
            sender.submit(imsi(0), tpdu(SECOND, packed(characters, header), udhi=bool(header)))
            assert sender.cause(imsi(0)) == 0
            delivery, reference, came = bob.data()
            bob.ack(delivery, reference)
            left = packed(characters, b"" if header == b"\0" else header)  # a header of nothing is not sent on
            assert came[-len(left):] == left
            assert as_tshark_reads(tmp_path, came, "-T", "fields", "-e", "gsm_sms.sms_text") == characters.decode().replace("{", "\u00e4").replace("|", "\u00f6")
        sender.submit(imsi(0), tpdu(SECOND, packed(b"x" * (most + 1), header), udhi=bool(header)))
        assert sender.cause(imsi(0)) == 95
    finally:
        sender.socket.close()
        w.order("present", imsi(0))


# -- to an SME


@pytest.mark.parametrize("characters,coding,said", [
    (b"hello", 0, b"hello"),
    (bytes(range(0x10)), 0, GSM[:16].encode("latin-1")),
    (b"\x7b\x5b\x1b\x28\x1b\x3e\x11\x02", 0, "\u00e4\u00c4{]_$".encode("latin-1")),
    (b"\x1b\x65 5", 8, "\u20ac 5".encode("utf-16-be")),
    (bytes(range(0x12, 0x1b)), 8, GSM[0x12:0x1b].encode("utf-16-be")),
    (b"\x10" * 160, 8, ("\u0394" * 160).encode("utf-16-be")),
    (b"x" * 160, 0, b"x" * 160),
    (b"\x1bA\x1b", 0, b"A "),
], ids=range(8))
def test_text_of_seven_bits_reaches_an_sme(w, characters, coding, said):
    """As Latin-1, the default alphabet of this SMS-SC; as UCS2 when Latin-1 does not have a character."""
    s = w.bound()
    assert w.order("submit", imsi(0), SHORT, characters.hex(), "dcs", 0)["ok"]
    m = s.delivered()
    assert (m.esm, m.coding, m.data or m.tlvs.get(0x424, b"")) == (0, coding, said)
    assert (m.source, m.source_ton, m.to, m.to_ton, m.pid, m.registered) == (NUMBER, 1, SHORT, 0, 0, 0)
    s.close()


def test_data_ucs2_and_headers_reach_an_sme(w):
    s = w.bound()
    header = b"\x00\x03\x2a\x02\x01"
    for data, words, esm, coding, body in (
            (b"\0\xff", ("dcs", 4), 0, 4, b"\0\xff"), (b"\0\xff", ("dcs", 0xf5), 0, 0xf5, b"\0\xff"), (b"\x20\xac", ("dcs", 8), 0, 8, b"\x20\xac"),
            (header + b"abc", ("dcs", 0, "header", 5), 0x40, 0, b"\x05" + header + b"abc"), (header + b"\xab", ("dcs", 4, "header", 5), 0x40, 4, b"\x05" + header + b"\xab"),
            (header + b"\x10", ("dcs", 0, "header", 5), 0x40, 8, b"\x05" + header + b"\x03\x94"), (b"x", ("dcs", 0, "pid", 0x41), 0, 0, b"x")):
        assert w.order("submit", imsi(0), SHORT, data.hex(), *words)["ok"]
        m = s.delivered()
        assert (m.esm, m.coding, m.data, m.pid) == (esm, coding, body, 0x41 if "pid" in words else 0), words
    assert w.order("submit", imsi(0), "491799999", "31", "dcs", 0)["ok"]
    m = s.delivered()
    assert (m.to, m.to_ton) == ("491799999", 1)
    s.close()


def test_what_an_sme_does_not_get(w):
    """A trigger in some form, compressed data, and what is for a number that nobody has here."""
    before, seen, s = w.counts(), len(w.events(w.ue, "submitted")), w.bound()
    for words, cause in ((("78", "pid", 0x48), 21), (("05043e80000078", "header", 6), 21), (("78", "dcs", 0x20), 79), (("78", "dcs", 0x24), 79)):
        assert w.order("submit", imsi(0), SHORT, *words)["ok"]
        seen += 1
        answer = proc.wait_until("an answer", lambda n=seen: (lambda e: len(e) >= n and e)(w.events(w.ue, "submitted")))[-1]
        assert answer["cause"] == cause, words
    assert w.order("submit", imsi(0), "4243", "78")["ok"]
    assert proc.wait_until("an answer", lambda: w.events(w.ue, "submitted")[seen:])[-1]["cause"] == 96
    assert counts_since(w, before, "mobiles_sent", "mobiles_forged", "mobiles_refused") == [0, 2, 5]
    assert w.order("submit", imsi(0), SHORT, "31", "dcs", 0)["ok"] and s.delivered().data == b"1"
    s.close()


def test_an_sme_that_is_away_or_does_not_take_it(tmp_path):
    """It waits over a kill, is repeated until it is taken, and goes to no other SME."""
    w = world(tmp_path)
    try:
        w.start_ue()
        assert w.order("submit", imsi(0), SHORT, b"kept".hex(), "dcs", 0)["ok"]
        proc.wait_until("it is on disk", lambda: w.events(w.ue, "submitted"))
        w.kill()
        w.start_smssc()
        other = w.bound(system_id="beta")
        s = w.bound(command=smpp.BIND_RX)
        for answer in (0x64, 0x14, None):  # not now; its queue is full; silence, then the connection ends
            assert s.delivered(answer).data == b"kept"
        s.close()
        s = w.bound()
        assert s.delivered().data == b"kept"
        proc.wait_until("it is taken", lambda: w.counts()["to_smes"] == 1)
        assert w.counts()["to_smes_again"] >= 3 and s.ask(smpp.ENQUIRE).status == smpp.OK and not s.kept
        assert other.ask(smpp.ENQUIRE).status == smpp.OK and not other.kept
        proc.wait_until("the device is there again", lambda: w.order("submit", imsi(0), SHORT, b"no".hex(), "dcs", 0)["ok"])
        assert s.delivered(0x66).data == b"no"  # refused for good
        proc.wait_until("it has ended", lambda: w.counts()["to_smes_refused"] == 1)
        s.close()
        s = w.bound()
        assert s.ask(smpp.ENQUIRE).status == smpp.OK and not s.kept
    finally:
        w.down()


# -- status reports


def reported(w, reference):
    return proc.wait_until("a status report", lambda: [e for e in w.events(w.ue, "status-report") if e["reference"] == reference])


@pytest.mark.parametrize("answer,status", [(smpp.OK, 0x00), (0x65, 0x42)])
def test_status_report_of_an_sme(w, answer, status):
    s = w.bound()
    sent = w.order("submit", imsi(0), SHORT, b"x".hex(), "dcs", 0, "report", 1)
    s.delivered(answer)
    (report,) = reported(w, sent["reference"])
    assert (report["imsi"], report["recipient"], report["status"]) == (imsi(0), SHORT, status)
    assert 0 <= report["done"] - report["sent"] < 60
    s.close()


def test_status_report_of_a_mobile(w, bob):
    """Delivered, and refused; without the request there is none."""
    wanted = []
    for error in (None, 111):
        wanted.append(w.order("submit", imsi(0), SECOND, "31", "report", 1)["reference"])
        delivery, reference, _ = bob.data()
        bob.ack(delivery, reference, error)
    unwanted = w.order("submit", imsi(0), SECOND, "32")["reference"]
    delivery, reference, _ = bob.data()
    bob.ack(delivery, reference)
    assert [reported(w, r)[0]["status"] for r in wanted] == [0x00, 0x42]
    assert reported(w, wanted[0])[0]["recipient"] == SECOND
    last = w.order("submit", imsi(0), SECOND, "33", "report", 1)["reference"]
    delivery, reference, _ = bob.data()
    bob.ack(delivery, reference)
    reported(w, last)
    assert unwanted not in [e["reference"] for e in w.events(w.ue, "status-report")]


def test_status_report_waits_over_a_kill_and_is_one(tmp_path):
    w = world(tmp_path)
    try:
        sender = Mobile(w, imsi(0))
        sender.submit(imsi(0), tpdu(SHORT, packed(b"x"), reference=77, report=True, kind=0x81), reference=3)
        assert sender.cause(imsi(0)) == 0
        sender.socket.close()
        s = w.bound()
        assert s.delivered().data == b"x"
        proc.wait_until("its end is on disk", lambda: w.counts()["to_smes"] == 1 and w.counts()["connections"] == 1)
        assert s.ask(smpp.ENQUIRE).status == smpp.OK
        w.kill()
        w.start_smssc()
        again = Mobile(w, imsi(0))
        delivery, reference, came = again.data()
        read = as_tshark_reads(tmp_path, came, "-V")
        assert all(words in read for words in ("TP-MR: 77", "TP-RA Digits: 4242", "Short message received by the SME (0)")) and "alformed" not in read, read
        assert came[:2] == b"\x06\x4d" and came[2:6] == b"\x04\x81\x24\x24" and came[-1] == 0 and len(came) == 21
        again.ack(delivery, reference)
        proc.wait_until("it is over", lambda: not w.events(w.smssc, "error") and status_of(w)["waiting"] + status_of(w)["reporting"] == 0)
        s = w.bound()
        assert s.ask(smpp.ENQUIRE).status == smpp.OK and not s.kept
        again.socket.close()
    finally:
        w.down()


def status_of(w):
    w.counts()
    return w.events(w.smssc, "status")[-1]


def test_expiry_is_reported(tmp_path):
    """Of an SME that is away, and of a device: TP-VP has no less than five minutes, so the operator's limit ends them."""
    w = world(tmp_path, more="  validity: 1s\n  validity_max: 1s\n")
    try:
        sender = Mobile(w, imsi(0))
        for reference, to in ((5, SHORT), (6, ABSENT)):
            sender.submit(imsi(0), tpdu(to, packed(b"x"), reference=reference, report=True, validity=0), reference=reference)
            assert sender.cause(imsi(0)) == 0
        came = []
        for _ in range(2):
            delivery, reference, octets = sender.data()
            sender.ack(delivery, reference)
            came.append((octets[1], octets[-1]))
        assert sorted(came) == [(5, 0x46), (6, 0x46)]
        s = w.bound()
        assert s.ask(smpp.ENQUIRE).status == smpp.OK and not s.kept
        sender.socket.close()
    finally:
        w.down()


@pytest.mark.parametrize("more,mobiles,said", [
    ('numbers: ["4242"]', "send: no", "smes.list[0].numbers needs smes.mobiles.send: yes"),
    ('numbers: ["42x"]', "send: yes", "smes.list[0].numbers: '42x', expected 1 to 15 digits"),
    ('numbers: ["777"]', "send: yes", "smes.list[1].numbers: '777' is the one of another SME"),
], ids=["no mobiles", "no digits", "twice"])
def test_mistakes_of_numbers_are_named(tmp_path, more, mobiles, said):
    w = World(BIN, tmp_path)
    try:
        with open(w.path("smssc.yaml"), encoding="utf-8") as f:
            conf = f.read().split("  list:\n", maxsplit=1)[0]
        conf += f"  mobiles: {{ {mobiles} }}\n  list:\n" + sme("acme", more) + sme("beta", 'numbers: ["777"]' if "777" in more else "", sources='["777"]')
        done = subprocess.run([os.path.join(BIN, "mtc-smssc"), "-c", proc.write(w.path("wrong.yaml"), conf), "-t"], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=proc.HANG_S, check=False)
        assert done.returncode == 2 and said in done.stderr, done.stderr
    finally:
        w.down()
