"""SMEs at mtc-smssc over SMPP (Tsms): binds, submission, receipts, and the filter against forged triggers. The SME is written by hand."""
import json
import os
import select
import socket
import ssl
import struct
import subprocess
import time

import pytest
from lablib import proc
from lablib.pki import Pki
from support import smpp
from support.capture import Capture
from support.smes import NOBODY, NUMBER, World, hashed, sme
from support.smpp import Sme, address, data_sm, message, text, tlv

from conftest import BIN


@pytest.fixture
def make(tmp_path):
    worlds = []

    def one(**more):
        folder = tmp_path / f"w{len(worlds)}"
        folder.mkdir()
        worlds.append(World(BIN, folder, **more))
        return worlds[-1]
    yield one
    for w in worlds:
        w.down()


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    w = World(BIN, tmp_path_factory.mktemp("smpp"))
    w.start_ue()
    yield w
    w.down()


def test_a_message_and_its_receipt(world):
    seen = len(world.events(world.ue, "message"))
    s = world.bound()
    answer = s.submit(NUMBER, b"\1\2\3", registered=1, tlvs=tlv(0x204, b"\x12\x34"))
    assert answer.status == smpp.OK and answer.id.isdigit()
    came = world.messages(seen + 1)[seen]
    assert (came["payload_hex"], came["pid"], came["dcs"], came["parts"]) == ("010203", 0, 4, 1)
    receipt = s.delivered()
    fields = receipt.receipt
    assert receipt.esm == 4 and receipt.source == NUMBER and receipt.to == "4242"
    assert (fields["id"], fields["stat"], fields["err"], fields["sub"], fields["dlvrd"]) == (answer.id, "DELIVRD", "000", "001", "001")
    assert receipt.tlvs[0x1e] == answer.id.encode() + b"\0" and receipt.tlvs[0x427] == b"\2" and receipt.tlvs[0x204] == b"\x12\x34"
    s.close()


def test_text_header_parts_and_ports(world):
    seen = len(world.events(world.ue, "message"))
    s = world.bound()
    header = b"\x05\x00\x03\x2a\x02\x01"
    for body in (message(NUMBER, b"wake \xe4", coding=0), message(NUMBER, header + b"one", esm=0x40),
                 message(NUMBER, b"two", tlvs=tlv(0x20c, b"\0\7") + tlv(0x20e, b"\2") + tlv(0x20f, b"\2") + tlv(0x20b, b"\x03\xe8")),
                 message(NUMBER, b"port", tlvs=tlv(0x20b, b"\x03\xe8")), message(NUMBER, tlvs=tlv(0x424, b"x" * 300)), message(NUMBER, "für".encode("utf-16-be"), coding=8)):
        assert s.ask(smpp.SUBMIT, body).status == smpp.OK
    assert s.ask(smpp.DATA, data_sm(NUMBER, tlv(0x424, b"data"))).status == smpp.OK
    came = world.messages(seen + 9)[seen:]
    by = {e["payload_hex"]: e for e in came}
    assert by["00770061006b0065002000e4"]["dcs"] == 8 and by["006600fc0072"]["dcs"] == 8
    assert (by[b"one".hex()]["part"], by[b"one".hex()]["parts"], by[b"one".hex()]["part_reference"]) == (1, 2, 42)
    assert (by[b"two".hex()]["part"], by[b"two".hex()]["parts"], by[b"two".hex()]["port"]) == (2, 2, 1000)
    assert by[b"port".hex()]["port"] == 1000 and b"data".hex() in by
    assert "".join(e["payload_hex"] for e in sorted(came, key=lambda e: e["part"]) if e["parts"] == 3) == (b"x" * 300).hex()
    s.close()


def test_a_long_pdu_once_it_is_bound(world):
    """Before its bind nobody sends more than 512 bytes."""
    long = message(NUMBER, b"", tlvs=tlv(0x424, b"z" * 600))
    s = Sme(world.port)
    assert s.ask(0, long).command == smpp.NACK and s.read() is None
    s, seen = world.bound(), len(world.events(world.ue, "message"))
    assert s.ask(smpp.SUBMIT, long).status == smpp.OK
    parts = world.messages(seen + 5)[seen:]
    assert b"".join(bytes.fromhex(e["payload_hex"]) for e in sorted(parts, key=lambda e: e["part"])) == b"z" * 600
    s.close()


def test_sources_of_the_sme_only(world):
    before, s = world.counts(), world.bound()
    for source, ton, status in (("4242", 0, smpp.OK), ("49179", 1, smpp.OK), ("Acme", 5, smpp.OK), ("", 0, smpp.OK), ("777", 0, smpp.INVSRCADR), ("4243", 0, smpp.INVSRCADR),
                                ("Acmf", 5, smpp.INVSRCADR), ("4917x", 0, smpp.INVSRCADR), ("4242", 3, 0x48)):
        body = text("") + address(source, ton) + message(NUMBER, b"x", source="")[4:]
        assert s.ask(smpp.SUBMIT, body).status == status, source
    assert world.counts()["spoofed"] - before["spoofed"] == 4
    s.close()


def test_no_trigger_by_replacing(make):
    w = make()
    s = w.bound()
    first = s.submit(NUMBER, b"\x05\x00\x03\x2a\x02\x01x", esm=0x40)
    body = text(first.id) + address("4242") + b"\0\0\0\0"
    assert s.ask(smpp.REPLACE, body + b"\x07\x06\x05\x04\x3e\x80\0\0").status == smpp.REPLACEFAIL
    plain = s.submit(NUMBER, b"old")
    answer = s.ask(smpp.REPLACE, text(plain.id) + address("4242") + b"\0\0\0\0\3new")
    assert answer.status == smpp.OK
    w.start_ue()
    assert {e["payload_hex"] for e in w.messages(2)} == {b"x".hex(), b"new".hex()}
    s.close()


def test_a_replacement_is_coded_as_its_original(make):
    """replace_sm has no data_coding."""
    w = make()
    s = w.bound()
    for coding, old, new in ((8, "alt".encode("utf-16-be"), "für".encode("utf-16-be")), (0, b"old", b"n\xe4u"), (4, b"\1", b"\2")):
        first = s.submit(NUMBER, old, coding=coding)
        assert s.ask(smpp.REPLACE, text(first.id) + address("4242") + b"\0\0\0\0" + bytes([len(new)]) + new).status == smpp.OK
    w.start_ue()
    assert {(e["payload_hex"], e["dcs"]) for e in w.messages(3)} == {("006600fc0072", 8), ("006e00e40075", 8), ("02", 4)}
    s.close()


def test_query_cancel_and_replace_own_messages_only(make):
    w = make()
    s, other = w.bound(), w.bound(system_id="beta")
    message_id = s.submit(NUMBER, b"x").id
    asked = text(message_id) + address("4242")
    state = s.ask(smpp.QUERY, asked)
    assert state.status == smpp.OK and state.body == text(message_id) + b"\0\1\0"
    cancel = text("") + text(message_id) + address("4242") + address("")
    for command, body, status in ((smpp.QUERY, asked, smpp.QUERYFAIL), (smpp.QUERY, text(message_id) + address("777"), smpp.QUERYFAIL),
                                  (smpp.CANCEL, cancel, smpp.CANCELFAIL), (smpp.REPLACE, asked + b"\0\0\0\0\1y", smpp.REPLACEFAIL)):
        assert other.ask(command, body).status == status
    assert s.ask(smpp.QUERY, text("no-id") + address("4242")).status == smpp.QUERYFAIL
    assert s.ask(smpp.QUERY, text(message_id) + address("Acme")).status == smpp.QUERYFAIL, "a source of this SME, and not of the message"
    assert s.ask(smpp.QUERY, text(message_id) + address("")).status == smpp.OK
    assert s.ask(smpp.CANCEL, text("") + text("") + address("4242") + address(NUMBER)).status == smpp.CANCELFAIL
    assert w.counts()["foreign"] == 7
    assert s.ask(smpp.CANCEL, cancel).status == smpp.OK
    assert s.ask(smpp.QUERY, asked).status == smpp.QUERYFAIL
    assert s.ask(smpp.CANCEL, cancel).status == smpp.CANCELFAIL
    for one in (s, other):
        one.close()


def test_many_destinations(world):
    s = world.bound()
    targets = [b"\1" + address(NUMBER, 1, 1), b"\1" + address("491720000002", 1, 1), b"\1" + address("12ab", 1, 1), b"\2" + text("fleet")]
    answer = s.ask(smpp.MULTI, message("", b"all", registered=1, destinations=bytes([4]) + b"".join(targets)))
    assert answer.status == smpp.OK
    assert answer.body == text(answer.id) + bytes([2]) + address("12ab", 1, 1) + struct.pack("!I", smpp.INVDSTADR) + address("fleet") + struct.pack("!I", 0x34)
    receipts = [s.delivered().receipt | {"n": n} for n in range(2)]
    assert [r["id"] for r in receipts] == [answer.id] * 2
    answer = s.ask(smpp.MULTI, message("", b"all", destinations=bytes([1]) + targets[2]))
    assert answer.status == smpp.INVDSTADR
    s.close()


def test_nobody_and_absent_look_the_same(world):
    s = world.bound()
    answers = [s.submit(to, b"x", registered=1, esm=1) for to in ("491720000003", NOBODY)]
    assert [a.status for a in answers] == [smpp.OK] * 2
    receipts = [s.delivered().receipt for _ in range(2)]
    assert [(r["stat"], r["err"]) for r in receipts] == [("UNDELIV", "002")] * 2
    answers = [s.submit(to, b"x", registered=2, validity="000000000001000R") for to in ("491720000003", NOBODY)]
    receipts = [s.delivered().receipt for _ in range(2)]
    assert [(r["stat"], r["err"]) for r in receipts] == [("EXPIRED", "001")] * 2
    s.close()


def test_times(world):
    s = world.bound()
    for validity, status in (("000001000000000R", smpp.OK), ("990101000000000+", smpp.OK), ("200101000000000+", smpp.INVEXPIRY), ("tomorrow", smpp.INVEXPIRY),
                             ("0000010000000000R", smpp.INVEXPIRY)):
        assert s.submit(NUMBER, b"x", validity=validity).status == status, validity
    assert s.submit(NUMBER, b"x", schedule="000001000000000R").status == 0x61
    s.close()


def test_receipts_wait_for_their_sme_over_a_kill(make):
    w = make()
    w.start_ue()
    tx = w.bound(command=smpp.BIND_TX)
    ids = {tx.submit(NUMBER, b"x", registered=1).id for _ in range(3)}
    w.messages(3)
    other = w.bound(system_id="beta")
    w.kill()
    w.start_smssc()
    other = w.bound(system_id="beta")
    s = w.bound(command=smpp.BIND_RX)
    assert s.submit(NUMBER, b"x").status == smpp.INVBNDSTS
    got = set()
    for n in range(3):
        got.add(s.delivered(answer=0x64 if n == 0 else smpp.OK).receipt["id"])
    assert got | {s.delivered().receipt["id"]} == ids  # the one that was refused comes again
    assert other.ask(smpp.ENQUIRE).status == smpp.OK and not other.kept
    proc.wait_until("nothing is left", lambda: w.counts()["receipts"] == 3)
    s.close()


def test_many_receipts_come_as_fast_as_they_are_answered(make):
    """More than a connection takes at a time, and a timer that would not come in this test: the next one follows each answer."""
    w = make(quick="report: { retry_min: 1h, retry_max: 1h }\n")
    tx = w.bound(command=smpp.BIND_TX)
    ids = [tx.submit(NOBODY, b"x", esm=1, registered=1).id for _ in range(35)]
    s = w.bound(command=smpp.BIND_RX)
    assert [s.delivered().receipt["id"] for _ in ids] == ids
    tx.close()
    s.close()


def test_messages_wait_for_their_device_over_a_kill(make):
    w = make()
    s = w.bound()
    message_id = s.submit(NUMBER, b"\x05\x00\x03\x2a\x02\x01" + b"x" * 20, esm=0x40, registered=1).id
    w.kill()
    w.start_smssc()
    w.start_ue()
    came = w.messages(1)[0]
    assert (came["payload_hex"], came["parts"]) == ((b"x" * 20).hex(), 2)
    s = w.bound()
    assert s.delivered().receipt["id"] == message_id
    s.close()


def at_once(s, n):
    """The statuses of n messages that are sent as one piece."""
    body, numbers, answers = message(NUMBER, b"x"), [next(s.numbers) for _ in range(n)], {}
    s.socket.sendall(b"".join(struct.pack("!IIII", 16 + len(body), smpp.SUBMIT, 0, number) + body for number in numbers))
    while len(answers) < n:  # in any order
        pdu = s.read()
        answers[pdu.sequence] = pdu.status
    return [answers[number] for number in numbers]


def test_rate(make):
    w = make(smes=f"""    - {{ system_id: acme, password: "{hashed("secret08")}", sources: ["4242"], rate: 1, burst: 3, window: 100 }}\n""")
    s, began = w.bound(), time.monotonic()
    statuses = at_once(s, 40)
    tokens = 3 + int(time.monotonic() - began) + 1
    assert statuses[:3] == [smpp.OK] * 3 and 3 <= statuses.count(smpp.OK) <= tokens
    assert w.counts()["throttled"] == statuses.count(smpp.THROTTLED) == 40 - statuses.count(smpp.OK)
    part = [message(NUMBER, bytes([5, 0, 3, 9, 5, n]) + b"x", esm=0x40) for n in range(1, 6)]
    proc.wait_until("a token came", lambda: s.ask(smpp.SUBMIT, part[0]).status == smpp.OK)
    assert [s.ask(smpp.SUBMIT, p).status for p in part[1:4]] == [smpp.OK] * 3  # one token for all of them, and the last never comes
    s.close()


def test_window(make):
    """The first two wait for the disk, and the others come meanwhile."""
    w = make(smes=f"""    - {{ system_id: acme, password: "{hashed("secret08")}", sources: ["4242"], rate: 0, window: 2 }}\n""")
    s = w.bound()
    statuses = at_once(s, 40)
    assert statuses == [smpp.OK] * 2 + [smpp.THROTTLED] * 38 and w.counts()["submitted"] == 2
    assert s.submit(NUMBER, b"y").status == smpp.OK
    s.close()


def test_bad_input(world):
    """Each is answered with its status and counted, and nothing of it is kept."""
    before, seen, s = world.counts(), len(world.events(world.ue, "message")), world.bound()
    both = tlv(0x424, b"x")
    cases = (
            *((f"port {tag:x} of {len(value)}", smpp.SUBMIT, message(NUMBER, b"x", tlvs=tlv(tag, value)), smpp.PARLEN) for tag in (0x20a, 0x20b) for value in (b"\1", b"\0\0\0\1")),
            ("port of 0", smpp.DATA, data_sm(NUMBER, tlv(0x424, b"x") + tlv(0x20b, b"")), smpp.PARLEN),
            ("longest and one more", smpp.SUBMIT, message(NUMBER, b"x", tlvs=tlv(0x381, b"x" * 20)), smpp.PARLEN),
            ("a parameter twice", smpp.SUBMIT, message(NUMBER, b"x", tlvs=2 * tlv(0x204, b"\0\1")), smpp.OPTSTREAM),
            ("text and payload", smpp.SUBMIT, message(NUMBER, b"x", tlvs=both), smpp.NOTALLOWED),
            ("header and port", smpp.SUBMIT, message(NUMBER, b"\x05\0\3\1\2\1x", esm=0x40, tlvs=tlv(0x20b, b"\0\7")), smpp.NOTALLOWED),
            ("no header", smpp.SUBMIT, message(NUMBER, b"\xff", esm=0x40), smpp.INVESMCLASS), ("cut", smpp.SUBMIT, message(NUMBER, b"x")[:-1], smpp.INVMSGLEN),
            ("long", smpp.SUBMIT, message(NUMBER, b"x" * 200, esm=0x40), smpp.INVESMCLASS), ("header too long", smpp.SUBMIT, message(NUMBER, b"\x05\0\3\1\2\1" + b"x" * 135, esm=0x40), smpp.INVMSGLEN),
            ("parameter past the end", smpp.SUBMIT, message(NUMBER, b"x", tlvs=b"\x04\x24\xff\xffx"), smpp.OPTSTREAM), ("data_sm without data", smpp.DATA, data_sm(NUMBER, b""), smpp.MISSING),
            ("half of sar", smpp.SUBMIT, message(NUMBER, b"x", tlvs=tlv(0x20c, b"\0\1")), smpp.MISSING), ("no number", smpp.SUBMIT, message("x1", b"x"), smpp.INVDSTADR),
            ("unknown", 0x112, b"", smpp.INVCMDID), ("bind twice", smpp.BIND_TX, text("acme") + text("x") + text("") + b"\x34" + address(""), smpp.ALYBND),
            ("data coding", smpp.SUBMIT, message(NUMBER, b"x", coding=5), 0x104), ("odd ucs2", smpp.SUBMIT, message(NUMBER, b"x", coding=8), smpp.INVMSGLEN))
    for name, command, body, status in cases:
        answer = s.ask(command, body)
        assert answer.status == status, name
        assert answer.command == (smpp.NACK if name == "unknown" else command | smpp.RESP), name
    answer = s.ask(smpp.SUBMIT, message(NUMBER, b"x"), sequence=0)
    assert (answer.command, answer.status) == (smpp.NACK, smpp.UNKNOWN)
    assert s.submit(NUMBER, b"still well").status == smpp.OK
    s.socket.sendall(struct.pack("!I", 15))
    answer = s.read()
    assert (answer.command, answer.status) == (smpp.NACK, smpp.INVCMDLEN) and s.read() is None
    long = world.bound()
    long.socket.sendall(struct.pack("!IIII", 70001, smpp.SUBMIT, 0, 9))
    assert long.read().status == smpp.INVCMDLEN and long.read() is None
    early = Sme(world.port)
    assert early.submit(NUMBER, b"x").status == smpp.INVBNDSTS
    early.socket.sendall(struct.pack("!IIII", 513, smpp.BIND_TX, 0, 2))  # longer than any bind
    assert early.read().status == smpp.INVCMDLEN and early.read() is None
    counts = {name: n - before[name] for name, n in world.counts().items()}
    assert counts["refused"] + counts["malformed"] == len(cases) + 5, counts  # sequence 0, three lengths, a message without a bind
    assert counts["submitted"] == 1 and [e["payload_hex"] for e in world.messages(seen + 1)[seen:]] == [b"still well".hex()]


def test_binds(make):
    w = make(smes=sme("acme", more="binds: 1") + sme("beta", more="addresses: [192.0.2.1]", sources='["777"]'), more="  bind_wait: 1s\n")
    for more in ({"system_id": "nobody"}, {"password": "wrong"}, {"password": ""}, {"system_id": "beta"}):
        s = Sme(w.port)
        assert s.bind(**more).status == smpp.BINDFAIL and s.read() is None
    first = w.bound(version=0x50)
    second = Sme(w.port)
    assert second.bind().status == smpp.BINDFAIL
    assert first.ask(smpp.UNBIND).status == smpp.OK and first.read() is None
    proc.wait_until("its place is free", lambda: Sme(w.port).bind().status == smpp.OK)
    silent = Sme(w.port)
    assert silent.read() is None  # after bind_wait
    assert "no bind in time" in w.log() and w.counts()["binds_refused"] >= 5


def test_a_slow_hash_holds_nobody_up(make):
    """crypt(5) takes its time on a thread: a bind whose password costs a second is answered after everything that came behind it."""
    slow = hashed("secret08", "rounds=500000$laboratory")
    w = make(smes=sme("acme") + f"""    - {{ system_id: slow, password: "{slow}", sources: ["777"] }}\n""", more="  bind_wait: 60s\n")
    s, waits, gone = w.bound(), Sme(w.port), Sme(w.port)
    asked = [x.send(smpp.BIND_TRX, text("slow") + text("secret08") + text("") + b"\x34" + address("")) for x in (waits, gone)]
    gone.close()  # its password is compared for nobody
    assert s.submit(NUMBER, b"x").status == smpp.OK
    assert not select.select([waits.socket], [], [], 0)[0], "the bind was answered first: it held the others up"
    assert waits.answer_to(asked[0]).status == smpp.OK and w.counts()["binds_waiting"] == 0
    assert waits.submit(NUMBER, b"x", source="777").status == smpp.OK


def test_message_ids_tell_nothing(world):
    s = world.bound()
    ids = [int(s.submit(NUMBER, b"x", esm=1).id) for _ in range(20)]
    assert len({abs(b - a) < 2**32 for a, b in zip(ids, ids[1:])}) == 1 and abs(ids[1] - ids[0]) > 2**32 and ids != sorted(ids)
    s.close()


def test_certificates(make, tmp_path):
    pki = Pki(str(tmp_path / "pki"))
    for ca in ("sme-ca", "other-ca"):
        pki.ca(ca, f"/CN={ca}")
    pki.leaf("smssc", "sme-ca", "smssc.core.test", "serverAuth")
    for name in ("acme", "beta"):
        pki.leaf(name, "sme-ca", f"{name}.sme.test", "clientAuth")
    pki.leaf("foreign", "other-ca", "acme.sme.test", "clientAuth")
    file = {name: (str(tmp_path / "pki" / f"{name}.pem"), str(tmp_path / "pki" / f"{name}.key")) for name in ("smssc", "acme", "beta", "foreign")}
    ca = str(tmp_path / "pki" / "sme-ca.pem")
    w = make(smes=sme("acme", more="certificate: acme.sme.test") + sme("clear", sources='["777"]'),
             tls=f"  tls: {{ address: 127.0.0.1, port: 0, certificate: {file['smssc'][0]}, key: {file['smssc'][1]}, anchors: [{ca}] }}\n")

    def context(who):
        c = ssl.create_default_context(cafile=ca)
        c.check_hostname = False  # some SMEs send no SNI either
        if who:
            c.load_cert_chain(*file[who])
        return c
    w.start_ue()
    good = Sme(w.tls_port, context("acme"))
    assert good.bind().status == smpp.OK
    assert good.submit(NUMBER, b"over tls", registered=1).status == smpp.OK and good.delivered().receipt["stat"] == "DELIVRD"
    assert Sme(w.tls_port, context("beta")).bind().status == smpp.BINDFAIL  # the certificate of another SME
    assert Sme(w.tls_port, context("acme")).bind(system_id="clear").status == smpp.BINDFAIL
    assert Sme(w.port).bind().status == smpp.BINDFAIL  # its password alone, in clear
    assert w.bound(system_id="clear")
    for who in (None, "foreign"):
        with pytest.raises((ssl.SSLError, ConnectionError, AssertionError)):
            Sme(w.tls_port, context(who)).bind()
    good.close()


def test_tshark_reads_every_pdu(make, tmp_path):
    w = make()
    w.start_ue()
    capture = Capture(str(tmp_path), [("127.0.0.1", w.port)])
    s = w.bound()
    s.submit(NUMBER, b"x", registered=1, tlvs=tlv(0x204, b"\0\1"))
    s.delivered()
    message_id = s.submit("491720000003", b"y").id
    s.ask(smpp.QUERY, text(message_id) + address("4242"))
    s.ask(smpp.REPLACE, text(message_id) + address("4242") + b"\0\0\0\0\1z")
    s.ask(smpp.CANCEL, text("") + text(message_id) + address("4242") + address(""))
    s.ask(smpp.MULTI, message("", b"x", destinations=bytes([2]) + b"\1" + address(NUMBER, 1, 1) + b"\1" + address("x", 1, 1)))
    s.submit(NUMBER, b"x", pid=0x48)
    s.ask(smpp.ENQUIRE)
    s.ask(0x112)
    s.ask(smpp.UNBIND)
    capture.stop()
    done = subprocess.run(["tshark", "-r", capture.file, "-d", f"tcp.port=={w.port},smpp", "-Y", f"tcp.srcport=={w.port} && smpp", "-T", "fields", "-e", "smpp.command_id",
                           "-e", "_ws.malformed", "-E", "separator=;"], capture_output=True, text=True, check=True)
    lines = done.stdout.split()
    seen = {int(number, 16) for line in lines for number in line.split(";")[0].split(",") if number}
    assert {c | smpp.RESP for c in (smpp.BIND_TRX, smpp.SUBMIT, smpp.QUERY, smpp.REPLACE, smpp.CANCEL, smpp.MULTI, smpp.ENQUIRE, smpp.UNBIND)} | {smpp.DELIVER, smpp.NACK} <= seen
    assert not any("alformed" in line for line in lines), done.stdout


# -- mtc-sme


def run_sme(w, *words, port=None, wait=proc.HANG_S):
    command = [os.path.join(BIN, "mtc-sme"), words[0], "--connect", f"127.0.0.1:{port or w.port}", "--plain", "--system-id", "acme", "--password", "secret08", *words[1:]]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=wait, check=False)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    if done.returncode == 3 and events[-1]["event"] == "answer":
        assert done.stderr.startswith(f"mtc-sme: refused with {events[-1]['status']}: ") and "log of the SMS-SC" in done.stderr, done.stderr
    if done.returncode == 5:
        assert done.stderr == f"mtc-sme: not delivered: {events[-1]['state']}, err {events[-1]['err']}; docs/user/tsms.md says under Receipts what an SMS-SC of ours means by it\n"
    return done.returncode, events


def test_mtc_sme_submits_and_waits(world):
    code, (answer, receipt) = run_sme(world, "submit", "--source", "4242", "--to", NUMBER, "--payload", "gr\u00fc\u00df dich", "--wait", "30")
    assert code == 0 and answer["status"] == "ESME_ROK"
    assert (receipt["event"], receipt["message_id"], receipt["state"], receipt["source"]) == ("receipt", answer["message_id"], "DELIVRD", NUMBER)
    assert world.events(world.ue, "message")[-1]["payload_hex"] == "gr\u00fc\u00df dich".encode("utf-16-be").hex()
    code, events = run_sme(world, "submit", "--source", "4242", "--to", "491720000003", "--payload", "x", "--esm-class", "1", "--wait", "30")
    assert code == 5 and events[1]["state"] == "UNDELIV"
    code, events = run_sme(world, "submit", "--source", "4242", "--to", "491720000003", "--payload", "x", "--wait", "0")
    assert code == 6
    code, events = run_sme(world, "submit", "--source", "4242", "--to", NUMBER, "--payload", "x", "--pid", "72")
    assert code == 3 and events[0]["status"] == "ESME_RSUBMITFAIL"
    assert "submits protocol_id 0x48 (device trigger); an SME that may trigger has 'scs' in its entry (docs/user/tsms.md)" in world.log()
    code, events = run_sme(world, "submit", "--source", "4242", "--to", NUMBER, "--to", "491720000002", "--to", "12", "--payload", "x", "--wait", "30")
    assert code == 0 and events[0]["failures"] == [{"to": "12", "status": "ESME_RINVDSTADR", "code": 11}] and len(events) == 3


def test_mtc_sme_manages_and_listens(make):
    w = make()
    _, (answer,) = run_sme(w, "submit", "--source", "4242", "--to", NUMBER, "--payload", "x", "--receipt")
    mine = ("--source", "4242", "--id", answer["message_id"])
    code, (state,) = run_sme(w, "query", *mine)
    assert code == 0 and state["state"] == "ENROUTE"
    assert run_sme(w, "replace", *mine, "--payload", "new", "--receipt")[0] == 0
    w.start_ue()
    assert w.messages(1)[0]["payload_hex"] == "new".encode("utf-16-be").hex()
    code, _ = run_sme(w, "listen", "--count", "1")
    assert code == 0
    _, (answer,) = run_sme(w, "submit", "--source", "4242", "--to", "491720000003", "--payload", "x")
    mine = ("--source", "4242", "--id", answer["message_id"])
    assert [run_sme(w, "cancel", *mine)[0] for _ in range(2)] == [0, 3]
    code, (summary,) = run_sme(w, "submit", "--source", "4242", "--to", NUMBER, "--payload", "x", "--count", "200", "--window", "8")
    assert code == 0 and (summary["sent"], summary["accepted"]) == (200, 200)


def test_mtc_sme_says_why_it_cannot_bind(world):
    code, (event,) = run_sme(world, "listen", "--system-id", "nobody")
    assert code == 4 and "ESME_RBINDFAIL" in event["text"]
    with MuteServer() as port:
        code, (event,) = run_sme(world, "listen", "--connect-wait", "1", port=port)
    assert code == 4 and event["text"] == f"no connection to 127.0.0.1:{port}: not bound in time"
    code, (event,) = run_sme(world, "listen", port=port)
    assert code == 4 and event["text"].startswith(f"no connection to 127.0.0.1:{port}: ")
    assert subprocess.run([os.path.join(BIN, "mtc-sme"), "submit"], capture_output=True, check=False, timeout=proc.HANG_S).returncode == 2


class MuteServer:
    """A port where nobody answers."""

    def __enter__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        return self.socket.getsockname()[1]

    def __exit__(self, *_):
        self.socket.close()
