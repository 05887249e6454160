"""Where the fuzzers of other subjects than messages and journals start from: (target/name, octets), for make_corpus.py."""
import os
import struct

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def octets_of(*path):
    with open(os.path.join(ROOT, *path), "rb") as f:
        return f.read()


def parent():
    message = struct.pack("<IIIIQ", 8, 1, 2, 7, 99)
    for name, fds, octets in [("plain", 0, message), ("ring", 4, message), ("five", 5, message), ("eight", 8, message), ("short", 1, message[:23]),
                              ("long", 2, message + b"x"), ("empty", 0, b""), ("empty-with-fd", 1, b"")]:
        yield "dm-message/" + name, bytes([fds]) + octets
    row = struct.pack("<IIQQ", 3, 0, 8 + 24, 5)
    for name, octets in [("one", struct.pack("<II", 1, 1) + row + b"hello"), ("none", struct.pack("<II", 1, 0)), ("short", b"\0" * 7),
                         ("many", struct.pack("<II", 1, 0xffffffff) + row), ("past-the-end", struct.pack("<IIIIQQ", 1, 1, 3, 0, 32, 6) + b"hello"),
                         ("wraps", struct.pack("<IIIIQQ", 1, 1, 3, 0, 2**64 - 1, 6) + b"hello")]:
        yield "dm-part/" + name, octets


def names():
    for i, text in enumerate(["meter-1@a.example", "Meter-1@A.Example", "a@b@c", "@", "a@", "*@fleet.example.com", "491720000001", "0491", "msisdn:491720000001",
                              "msisdn:491720000001-491720000099", "set:fleet", "*", "scs.acme.example", "SCS.ACME.EXAMPLE", "a..b", "-a", "2027-01-01",
                              "2027-01-01T08:00:00Z", "2027-01-01T08:00:00+01:00", "1800000000", "a\0b@c", "meter[1]@a.example"]):
        yield f"names/{i}", text.encode()


def der(tag, content):
    n = len(content)
    length = bytes([n]) if n < 128 else bytes([0x81, n]) if n < 256 else bytes([0x82]) + n.to_bytes(2, "big")
    return bytes([tag]) + length + content


def certificates():
    dns, uri, address = (lambda t: der(0x82, t)), (lambda t: der(0x86, t)), (lambda t: der(0x87, t))
    rows = {"one": [dns(b"scs.acme.example")], "two": [dns(b"scs.acme.example"), dns(b"SCS.BETA.EXAMPLE")], "group": [dns(b"a.example"), uri(b"urn:mtc:group:fleet")],
            "star": [dns(b"*.acme.example")], "nul": [dns(b"scs.acme.example\0.evil.example")], "address": [address(b"\x7f\0\0\1")], "none": [],
            "empty-name": [dns(b"")], "long": [dns(b"a." * 126 + b"b")], "too-long": [dns(b"a." * 200)], "many": [dns(b"h%d.example" % i) for i in range(40)],
            "uri-with-control": [uri(b"urn:x\x1b[31m")], "mail": [der(0x81, b"a@b.example")], "directory": [der(0xa4, der(0x30, b""))]}
    for name, parts in rows.items():
        yield "certificate/" + name, der(0x30, b"".join(parts))
    yield "certificate/cut", der(0x30, dns(b"scs.acme.example"))[:-3]
    yield "certificate/no-sequence", b"\x04\x00"
    for name, text in [("none", "hello\n"), ("empty", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"), ("cut", "-----BEGIN CERTIFICATE-----\nMIIB"),
                       ("not-der", "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n")]:
        yield "pem/" + name, text.encode()


    number, small = (lambda n: der(0x02, n)), (lambda which, value: bytes([which, len(value)]) + value)
    for name, parts in {"number": [small(0, number(b"\x01"))], "none": [], "long": [small(0, number(b"\x01" * 21))], "negative": [small(0, number(b"\xff"))],
                        "twice": [small(0, number(b"\x01"))] * 2, "delta": [small(0, number(b"\x02")), small(0x81, number(b"\x01"))],
                        "indirect": [small(0, number(b"\x01")), small(0x82, der(0x30, der(0x84, b"\xff")))], "partial": [small(0, number(b"\x01")), small(2, der(0x30, b""))],
                        "no-number": [small(0, b"\x02")], "reason": [small(0, number(b"\x01")), small(0x44, der(0x0a, b"\x01"))],
                        "issuer": [small(0, number(b"\x01")), small(0xc5, der(0x30, b""))], "key-id": [small(0, number(b"\x01")), small(3, der(0x30, der(0x80, b"x")))],
                        "critical": [small(0, number(b"\x01")), small(0x87, der(0x30, b""))]}.items():
        yield "crl/" + name, b"".join(parts)
    for name, text in [("none", "hello\n"), ("empty", "-----BEGIN X509 CRL-----\n-----END X509 CRL-----\n"), ("cut", "-----BEGIN X509 CRL-----\nMIIB"),
                       ("not-der", "-----BEGIN X509 CRL-----\naGVsbG8=\n-----END X509 CRL-----\n"), ("key", "-----BEGIN PRIVATE KEY-----\naGVsbG8=\n-----END PRIVATE KEY-----\n")]:
        yield "crl-file/" + name, text.encode()
    yield "crl-file/der", der(0x30, der(0x30, b"") + der(0x30, b"") + b"\x03\x01\x00")


def crl_numbers():
    head, row = b"mtc crl numbers 1\n", b"ab" * 32 + b" 1f\n"
    for name, octets in [("none", b""), ("head", head), ("one", head + row), ("two", head + row + b"cd" * 32 + b" 0\n"), ("twice", head + row * 2),
                         ("cut", head + row[:-1]), ("upper", head + row.upper()), ("long", head + b"ab" * 32 + b" " + b"1" * 41 + b"\n"),
                         ("zero", head + b"ab" * 32 + b" 01\n"), ("other", head.replace(b"1", b"2") + row)]:
        yield "crl-numbers/" + name, octets


def records():
    def text(s):
        return bytes([len(s)]) + s

    def long_text(s):
        return struct.pack("<H", len(s)) + s
    limits = struct.pack("<IIHHBBIIIIIBB", 0, 0, 0, 65535, 1, 7, 0, 0, 0, 2, 0, 0, 0)
    names_of_scs = b"".join(text(s) for s in (b"491720000001", b"scs.acme.example", b"acme.example", b"anchor-a"))
    yield "scs-record/one", b"\3" + struct.pack("<I", 7) + names_of_scs + bytes([13]) + limits
    yield "scs-record/few-limits", b"\3" + struct.pack("<I", 7) + names_of_scs + bytes([2]) + limits[:8]
    yield "scs-record/newer", b"\4" + struct.pack("<I", 7) + names_of_scs
    yield "device-record/rule", struct.pack("<BBI", 1, 7, 9)
    yield "device-record/two", struct.pack("<BBI", 1, 7, 9) + struct.pack("<BBI", 3, 0, 4)
    yield "device-record/times", struct.pack("<BBIqq", 0x81, 7, 9, 1, 2) + struct.pack("<BBI", 2, 1, 1)
    head = struct.pack("<BBIHIQQBBQI", 2, 0, 5, 16001, 600, 1000, 2000, 0, 0, 0, 7)
    rest = [b"001010000000001\0", b"\x0c\x91" + bytes.fromhex("947102000010"), b"", b"", b"iwf.example\0", b"example\0", b"iwf.example\0", b"wake up"]
    for version in (1, 2, 3):
        yield f"smssc-record/v{version}", bytes([version]) + head[1:] + b"".join(long_text(s) for s in rest)
    sme = long_text(b"acme\0") + struct.pack("<QBBB", 77, 0, 4, 1) + long_text(bytes([0, 3, 42, 2, 1])) + long_text(bytes([1, 0, 0, 0, 1, 1, 0, 1, 0, 0, 0, 0]))
    of_sme = [b"+91729999999\0", *rest[1:4], b"acme\0", b"\0", b"\0", b"wake up"]
    yield "smssc-record/sme", bytes([2]) + head[1:] + b"".join(long_text(s) for s in of_sme) + sme
    yield "smssc-record/sme-trigger", bytes([3]) + head[1:] + b"".join(long_text(s) for s in of_sme) + sme
    mobile = bytes([1, 1, 77]) + long_text(b"001010000000001\0") + long_text(bytes.fromhex("04812424"))
    yield "smssc-record/to-sme", bytes([4]) + head[1:] + b"".join(long_text(s) for s in of_sme) + sme + mobile
    yield "smssc-record/status", bytes([4]) + head[1:] + b"".join(long_text(s) for s in rest[:4] + [b"\0"] * 3 + [bytes(17)]) + long_text(b"\0") + sme[7:] + b"\2\0" + mobile[2:3] + long_text(b"") * 2
    yield "smssc-record/sme-cut", bytes([2]) + head[1:] + b"".join(long_text(s) for s in of_sme) + sme[:-1]
    for version in (1, 2, 3):
        yield f"smssc-dup/v{version}", struct.pack("<BBIII", version, 0, 0, 2001, 0) + bytes(32) + struct.pack("<Q", 1000) + long_text(b"\0\0\0\1iwf.example")
    yield "smssc-dup/fnv", struct.pack("<BBIII", 1, 0, 0, 2001, 0) + bytes(8) + struct.pack("<Q", 1000) + long_text(b"\0\0\0\1iwf.example")
    yield "nodes/empty", b""
    yield "trigger-record/empty", b""


def fetches():
    """Responses over HTTP, messages and URLs of the fetcher; an OCSP response that signs nobody's answer, and an error."""
    head = b"HTTP/1.0 200 OK\r\nContent-Type: application/ocsp-response\r\n"
    yield "fetch-http/whole", head + b"Content-Length: 3\r\n\r\nabc"
    yield "fetch-http/until-closed", head + b"\r\nabc"
    yield "fetch-http/cut", head + b"Content-Length: 4\r\n\r\nabc"
    yield "fetch-http/chunks", head + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    yield "fetch-http/moved", b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\n\r\n"
    yield "fetch-message/question", struct.pack("<IIII", 0x31514346, 7, 64, 3) + b"abc"
    yield "fetch-message/answer", struct.pack("<IIII", 0x31414346, 7, 1, 3) + b"abc"
    yield "fetch-message/none", struct.pack("<IIII", 0x31414346, 7, 3, 0)
    for name, text in (("address", "http://192.0.2.1:8080/ocsp"), ("name", "http://ocsp.acme.example?a"), ("six", "http://[2001:db8::1]/"), ("none", "https://a")):
        yield "http-url/" + name, text.encode()
    yield "ocsp-response/try-later", der(0x30, der(0x0a, b"\3"))
    basic = der(0x30, der(0x30, der(0xa2, der(0x04, bytes(20))) + der(0x18, b"20251001000000Z") + der(0x30, b"")) +
                der(0x30, der(0x06, bytes.fromhex("2a8648ce3d040302"))) + der(0x03, b"\0"))
    yield "ocsp-response/empty", der(0x30, der(0x0a, b"\0") + der(0xa0, der(0x30, der(0x06, bytes.fromhex("2b0601050507300101")) + der(0x04, basic))))


def metrics():
    """Samples behind a head that the target makes (1), or with one of their own (0); a page of two slots of 64 octets."""
    def sample(family, a, b, value):
        return struct.pack("<HBB", family, len(a), len(b)) + a + b + struct.pack("<Q", value)

    scs = sample(0, b"acme", b"", 7) + sample(2, b"acme", b"denied", 1) + sample(2, b"beta", b"no-association", 2)
    for name, octets in [("none", b"\1"), ("some", b"\1" + scs), ("twice", b"\1" + scs + scs), ("last-first", b"\1" + sample(20, b"", b"", 2**64 - 1) + scs),
                         ("line", b"\1" + sample(0, b"a\nmtc_iwf_up 1", b"", 1)), ("quote", b"\1" + sample(0, b'a"} 1', b"", 1)), ("cut", b"\1" + scs[:-1]),
                         ("no-label", b"\1" + sample(0, b"", b"", 1)), ("label-too-many", b"\1" + sample(20, b"a", b"", 1)), ("family", b"\1" + sample(60000, b"", b"", 1)),
                         ("foreign", b"\0" + bytes(200)), ("empty", b"")]:
        yield "metrics-snapshot/" + name, octets
    slot = struct.pack("<QQ", 2, 12) + bytes(64)
    for name, octets in [("none", bytes(64 + 160)), ("one", struct.pack("<Q", 2) + bytes(56) + slot + bytes(80)), ("long", struct.pack("<Q", 2) + bytes(56) + struct.pack("<QQ", 2, 65) + bytes(144)),
                         ("writing", struct.pack("<Q", 3) + bytes(56) + slot + bytes(80)), ("odd", bytes(223)), ("small", bytes(8))]:
        yield "metrics-page/" + name, octets


def ndsip():
    """One of each message: the octet of the sender, then magic, kind and fields."""
    def message(sender, kind, fields):
        return bytes([sender]) + struct.pack("<IB", 0x3150534e, kind) + fields

    def text(s):
        return struct.pack("<H", len(s)) + s
    four, six = b"\x04\x0a\x4d\x01\x01", b"\x06" + bytes(range(16))
    opened = struct.pack("<QBBHH", 7, 6, 0, 3868, 40000) + b"\x01" + four + b"\x02" + four + six
    yield "ndsip-message/open", message(0, 1, opened)
    yield "ndsip-message/open-cut", message(0, 1, opened[:-1])
    yield "ndsip-message/close", message(0, 2, struct.pack("<Q", 7))
    yield "ndsip-message/proven", message(2, 3, struct.pack("<QBB", 7, 2, 0) + text(b"scs.acme.example") + text(b"acme") + text(b"anchor-a"))
    yield "ndsip-message/held", message(2, 3, struct.pack("<QBB", 7, 1, 3) + text(b""))
    yield "ndsip-message/begin", message(1, 4, struct.pack("<III", 1, 1, 1))
    yield "ndsip-message/scs", message(1, 5, struct.pack("<IB", 1, 1) + text(b"acme") + text(b"scs.acme.example") + text(b"anchor-a") + b"\x01" + six + b"\x01" + four)
    yield "ndsip-message/end", message(1, 6, struct.pack("<II", 1, 1))
    yield "ndsip-message/terminate", message(1, 7, text(b"acme") + b"\x01")
    yield "ndsip-message/summary", message(3, 8, b"\x01\x02" + text(b"5.9.8") + text(b"") + struct.pack("<Q8I6Q", 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 9, 9))
    yield "ndsip-message/scs-state", message(3, 9, text(b"acme") + b"\x05\x01\x01\x00" + text(b""))


def audits():
    """Records, notes, keys, and messages about checkpoints."""
    key, root = b"AwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", b"XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg="
    seal = (b'{"seq":9,"interval":2,"time":"2026-11-23T10:00:00.123Z","action":"audit","event":"seal","first":4,"digest":"' + b"0a" * 32 +
            b'","last":false,"key":"' + key + b'","signature":"' + b"A" * 86 + b'=="}')
    yield "audit-record/seal", seal
    yield "audit-record/last-seal", seal.replace(b"false", b"true").replace(key, b"")
    yield "audit-record/start", (b'{"seq":0,"interval":1,"time":"2026-11-23T10:00:00.123Z","action":"audit","event":"start","how":"first",'
                                 b'"unsealed":0,"origin":"o","key":"' + key + b'"}')
    yield "audit-record/decision", b'{"seq":1,"interval":1,"time":"t","scs":"a\\\",\\\"verdict","verdict":"accepted","reference":7}'
    yield "audit-record/open", b'{"seq":1,"interval":1,"verdict":"accepted\\'
    note = ("iwf.example.net/audit\n8\n" + root.decode() + "\n\n— iwf.example.net/audit " + "A" * 90 + "==\n").encode()
    note = note.replace(b"A" * 90 + b"==", b"A" * 91 + b"=")
    yield "checkpoint/note", note
    yield "checkpoint/more", note.replace(b"=\n\n", b"=\nmore\n\n", 1)
    yield "checkpoint/key", b"iwf.example.net/audit+67642a70+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4\n"
    yield "audit-ask/request", struct.pack("<IQ", 0x3151414b, 8) + bytes(32)
    yield "audit-ask/answer", struct.pack("<IIQ", 0x3141414b, 1, 8) + bytes(96)


def keyholder():
    verify = b" " * 64 + b"TLS 1.3, server CertificateVerify\0"
    contents = {"server-32": verify + b"\xab" * 32, "server-48": verify + b"\xab" * 48, "client": verify.replace(b"server", b"client") + b"\xab" * 32,
                "p256": b"\x5a" * 64 + bytes([3, 0, 23, 65, 4]) + b"\xcd" * 64, "x25519": b"\x5a" * 64 + bytes([3, 0, 29, 32]) + b"\xcd" * 32,
                "explicit": b"\x5a" * 64 + bytes([1, 0, 23, 65, 4]) + b"\xcd" * 64, "empty": b""}
    for name, content in contents.items():
        yield "keyholder-content/" + name, content
        yield "keyholder-request/" + name, struct.pack("<IIIHHHH", 0x3153484b, 7, 1, 0, 0x0403, len(content), 0) + content
    yield "keyholder-request/longer-than-it-says", struct.pack("<IIIHHHH", 0x3153484b, 7, 1, 0, 0x0403, 3, 0) + b"abcd"
    yield "keyholder-request/not-zero", struct.pack("<IIIHHHH", 0x3153484b, 7, 1, 0, 0x0403, 1, 1) + b"a"
    for name, status, signature in [("signed", 0, b"s" * 72), ("refused", 3, b""), ("both", 3, b"s"), ("neither", 0, b""), ("unknown", 9, b""), ("long", 0, b"s" * 1025)]:
        yield "keyholder-answer/" + name, struct.pack("<IIHH", 0x3141484b, 7, status, len(signature)) + signature


def files():
    line = b"mtc timeline 1 boot 01234567-89ab-cdef-0123-456789abcdef base 1790000000000 wall 0 last 1790000001000\n"
    for name, octets in [("one", line), ("empty", b""), ("cut", line[:40]), ("two", line + line), ("far", line.replace(b"1790000001000", b"18446744073709551615")),
                         ("ahead", line.replace(b"last 179", b"last 279"))]:
        yield "timeline/" + name, octets
    head, row = b"mtc-scs reports 1\n", b"r 1799999999000 iwf.example 7 8 meter-1@a.example\n"
    for name, octets in [("one", head + row), ("empty", b""), ("torn", head + row + row[:20]), ("foreign", b"hello\n"), ("old", head + b"r 1 iwf.example 7 8 x\n"),
                         ("no-device", head + b"r 1799999999000 iwf.example 7 8\n"), ("ours", head + b"r 1799999999000 iwf.example 1 2 a@b.example\n")]:
        yield "reports/" + name, octets
    for name, octets in [("whole", b"a\nb\n"), ("torn", b"a\nb"), ("empty", b""), ("zeros", b"a\n" + bytes(5000))]:
        yield "tail/" + name, octets
    yield "journal-stream/empty", b""
    yield "journal-stream/zeros", bytes(8192)


def nodes():
    yield "config-hss/example", octets_of("examples", "mtc-hss.yaml")
    yield "config-smssc/example", octets_of("examples", "mtc-smssc.yaml")
    for element in ("config-hss", "config-smssc"):
        yield element + "/empty", b""
        yield element + "/alias", b"identity: &a { host: x.example, realm: example }\nlisten: *a\n"
        yield element + "/deep", b"[" * 200
    yield "subscribers/example", b"".join(octets_of("examples", "subscribers.jsonl").splitlines(keepends=True)[:8])
    yield "subscribers/one", b'{"imsi":"001010000000001","msisdn":"491720000001","external_ids":["meter-1@a.example"]}\n'
    yield "subscribers/twice", b'{"imsi":"001010000000001"}\n{"imsi":"001010000000001"}\n'
    for name, words in [("trigger", "trigger --connect 127.0.0.1:3868 --plain --origin-host scs.example --device meter-1@a.example --payload hi --reference 7"),
                        ("recall", "recall --connect 127.0.0.1:3868 --device meter-1@a.example --reference 7"), ("help", "--help"), ("none", ""),
                        ("load", "trigger --connect [::1]:3868 --device meter-{}@a.example --devices 1-100 --count 100 --window 8 --rate 5 --stamp"),
                        ("listen", "listen --connect 127.0.0.1:3868 --state x --wait 5")]:
        yield "scs-options/" + name, words.replace(" ", "\n").encode()
    submits = {"plain": "01010c9194710200001000040178", "header": "71070c91947102000010480800080605043e80000041", "seven-bit": "11000b916407281553f80000aa0ae8329bfd4697d9ec37",
               "seven-bit-header": "61070c919471020000100000090500032a02019069", "compressed": "01010c919471020000100020ff0102030405"}
    for name, tpdu in sorted(submits.items()):
        octets = bytes.fromhex(tpdu)
        rpdu = bytes([0, 7, 0, 2, 0x91, 0xf0, len(octets)]) + octets
        body = bytes([15]) + b"001010000000001" + rpdu
        yield "tpdu/submit-" + name, octets
        yield "rpdu/submit-" + name, rpdu
        yield "ue-link/submit-" + name, b"\3" + struct.pack(">HB", 1 + len(body), 5) + body
    yield "tpdu/status-report", bytes.fromhex("064d04812424" "42105121030000" "42105121130000" "46")
    for name in sorted(os.listdir(os.path.join(ROOT, "tests", "fuzz", "corpus", "rpdu"))):
        yield "ue-message/" + name, octets_of("tests", "fuzz", "corpus", "rpdu", name)


def replies():
    for name, text in [("ok", '{"done":true,"ok":true}\n'), ("rows", '{"name":"acme"}\n{"done":true,"ok":true,"rows":1}\n'), ("error", '{"done":true,"ok":false,"error":"no such SCS"}\n'),
                       ("no-end", '{"name":"acme"}\n'), ("no-object", '[1]\n'), ("escape", '{"done":true,"ok":false,"error":"\\u001b[31mred"}\n'), ("twice", '{"a":1,"a":2}\n'),
                       ("no-words", '{"done":true,"ok":false}\n'), ("cut", '{"done":tr'), ("nul", 'a\0b\n'), ("deep", "[" * 5000 + "\n"), ("number", '{"done":true,"ok":1}\n')]:
        yield "reply/" + name, text.encode()


# Steps of fuzz_edge.c.
CONNECT, CER, ANSWER, DAR, BASE, _, DNA, NOTIFY, OCTETS, CUT, TIME, MUTE, LIE, DIE, CORE, LEAVE = range(16)


def edges():
    opened = bytes([CONNECT, 0, CER, 0, 0, 0, ANSWER, 0, 0])
    dar = bytes([DAR, 0, 0, 0])
    for name, steps in [("open", opened), ("refused", opened[:-1] + bytes([128])), ("request", opened + dar + bytes([ANSWER, 0, 0])), ("error", opened + dar + bytes([ANSWER, 0, 1])),
                        ("two", opened + dar + dar + bytes([ANSWER, 1, 0, ANSWER, 0, 4])), ("silent-core", opened + dar + bytes([TIME, 14, TIME, 14, TIME, 14])),
                        ("core-dies", opened + dar + bytes([DIE, DAR, 0, 2, 0, TIME, 14, TIME, 14, CORE])), ("core-restarts", opened + dar + bytes([CORE, ANSWER, 1, 0, ANSWER, 0, 0])),
                        ("watchdog", opened + bytes([BASE, 0, 0, 0])), ("leaves", opened + bytes([BASE, 0, 64, 0])), ("stranger", opened + bytes([DAR, 0, 1, 0])),
                        ("early", bytes([CONNECT, 0, DAR, 0, 0, 0])), ("report", opened + bytes([NOTIFY, 0, 0, DNA, 0, 0, 1, 0])), ("report-late", opened + bytes([NOTIFY, 0, 1, TIME, 12])),
                        ("cut", opened + bytes([CUT, 0, 0])), ("probe", opened + bytes([MUTE, 0, CUT, 0, 1, TIME, 12])), ("lie", opened + bytes([LIE, 6, 30, 0, 1]) + bytes(30)),
                        ("octets", bytes([CONNECT, 1, OCTETS, 1, 20, 0]) + bytes([1, 0, 0, 19]) + bytes(16)), ("changed", opened + bytes([DAR, 0, 0, 1, 60, 0, 0xff])),
                        ("second-cer", opened + bytes([CER, 0, 0, 0])), ("gone", opened + dar + bytes([LEAVE, 0, ANSWER, 0, 0])),
                        ("three", opened + bytes([CONNECT, 1, CER, 1, 1, 0, ANSWER, 0, 1, CONNECT, 2, CER, 2, 2, 0]))]:
        yield "edge/" + name, steps


# Steps of fuzz_core.c.
C_OPEN, C_ASK, _, C_ANSWER, _, C_REPORT, C_ACK, C_TIME, C_GIVE_UP, C_PEER, C_DISK, C_RESTART, C_EDGE, C_LIE, C_OCTETS, C_CLOSE = range(16)


def cores():
    up = bytes([C_TIME, 10, C_OPEN, 0])
    ask = bytes([C_ASK, 0, 0, 0])
    sia, dta = bytes([C_ANSWER, 0, 0, 0]), bytes([C_ANSWER, 128, 0, 0])
    accepted = up + ask + sia + dta
    report, ack = bytes([C_REPORT, 2, 0]), bytes([C_ACK, 0, 0])
    recall, replace = bytes([C_ASK, 0, 32 + 128, 1]), bytes([C_ASK, 0, 32 + 192, 1])
    for name, steps in [("open", up), ("stranger", bytes([C_TIME, 10, C_OPEN, 128])), ("accepted", accepted), ("reported", accepted + report + ack),
                        ("refused-by-hss", up + ask + bytes([C_ANSWER, 0, 129, 0])), ("refused-by-smssc", up + ask + sia + bytes([C_ANSWER, 128, 130, 0])),
                        ("no-right", up + bytes([C_ASK, 0, 16, 0])), ("silent-hss", up + ask + bytes([C_TIME, 14])), ("silent-smssc", up + ask + sia + bytes([C_TIME, 14, C_TIME, 14])),
                        ("twice", up + bytes([C_ASK, 0, 0, 8, C_ASK, 0, 1, 8]) + sia + dta), ("recall", accepted + recall + sia + dta), ("replace", accepted + replace + sia + dta + report + ack),
                        ("killed", accepted + bytes([C_RESTART, 1]) + up + report + ack), ("killed-between", up + ask + sia + bytes([C_RESTART, 1, C_TIME, 13]) + dta + up),
                        ("stopped", accepted + bytes([C_RESTART, 0]) + up + report + ack), ("full-disk", up + ask + bytes([C_DISK, 2]) + sia + bytes([C_DISK, 0])),
                        ("slow-disk", up + ask + bytes([C_DISK, 1]) + sia + bytes([C_TIME, 12, C_DISK, 0]) + dta), ("failing-disk", up + bytes([C_DISK, 3]) + ask + sia + bytes([C_DISK, 0])),
                        ("smssc-leaves", up + ask + sia + bytes([C_PEER, 1, C_TIME, 14]) + dta), ("mute", up + bytes([C_PEER, 2, C_TIME, 14, C_TIME, 14, C_TIME, 14]) + ask),
                        ("given-up", up + ask + bytes([C_GIVE_UP, 0, 0]) + sia), ("edge-dies", up + ask + bytes([C_EDGE]) + up + sia + dta), ("lie", up + bytes([C_LIE, 5, 1, 40, 0]) + bytes(40)),
                        ("report-early", up + ask + sia + report + dta + ack), ("report-twice", accepted + report + report + ack), ("unconfirmed", accepted + bytes([C_TIME, 14] * 8) + ack),
                        ("report-unanswered", accepted + report + bytes([C_TIME, 14] * 3) + ack), ("closed", up + ask + bytes([C_CLOSE, 0]) + sia + dta), ("octets", up + bytes([C_OCTETS, 0, 20]) + bytes(20))]:
        yield "core/" + name, steps


def ipsec():
    """What a real charon said; tests/unit/ipsec/charon-5.9.8/README.md."""
    folder = os.path.join("tests", "unit", "ipsec", "charon-5.9.8")
    stream = b""
    begin, end, cancel, gone = bytes([0xf0]), bytes([0xf1]), bytes([0xf2]), bytes([0xf3])  # steps of fuzz_ipsec.c
    for file in ("list-none", "up", "list-one", "child-rekey", "list-after-child-rekey", "ike-rekey", "list-after-ike-rekey", "reauth",
                 "list-after-reauth", "refused", "down", "list-after-down", "version", "unknown-command"):
        octets, at, n = octets_of(folder, file + ".vici"), 0, 0
        steps = begin + octets + end if file.startswith("list-") else octets
        stream += steps
        yield "list-sas/" + file, begin + octets_of(folder, "list-one.vici") + end + steps
        while at < len(octets):
            size = struct.unpack_from("!I", octets, at)[0]
            yield f"vici/{file}-{n}", octets[at + 4:at + 4 + size]
            at, n = at + 4 + size, n + 1
    one = octets_of(folder, "list-one.vici")
    other = one.replace(b"scs.acme.example", b"scs.beta.example").replace(b"uniqueid\0\x011", b"uniqueid\0\x012")
    yield "list-sas/all", stream
    yield "list-sas/two-identities", begin + one + other + end
    yield "list-sas/not-ended", begin + one + cancel
    yield "list-sas/gone", begin + one + end + gone + one
    yield "list-sas/nonsense", begin + one.replace(b"10.77.2.1/32[tcp]", b"10.77.2.1/33[tcp]") + end
    for name, text in [("empty", b""), ("cut", one[4:60]), ("end", b"\1\2"), ("open", b"\1\1\1a"), ("deep", b"\1" + b"\1\1a" * 9 + b"\2" * 9),
                       ("list-in-list", b"\1\4\1a\4\1b\6\6"), ("key", b"\1\3\0\0\0"), ("past", b"\1\3\1a\xff\xff")]:
        yield "vici/" + name, text


def receipts():
    """Receipts of an SMS-SC over SMPP, as the scripted one of the plays sends them."""
    def deliver(esm_class, words, parameters):
        body = b"\0" + b"\1\1491720000001\0" + b"\1\14242\0" + bytes([esm_class, 0, 0]) + b"\0\0" + bytes([0, 0, 0, 0, len(words)]) + words
        body += b"".join(struct.pack(">HH", tag, len(value)) + value for tag, value in parameters)
        return struct.pack(">IIII", 16 + len(body), 5, 0, 1) + body
    words = b"id:1001 sub:001 dlvrd:001 submit date:2611300000 done date:2611300000 stat:DELIVRD err:000 text:"
    yield "smpp-receipt/text", deliver(4, words, [])
    yield "smpp-receipt/parameters", deliver(4, b"", [(0x1e, b"1001\0"), (0x427, b"\2"), (0x204, b"\0\7")])
    yield "smpp-receipt/both", deliver(4, words, [(0x1e, b"1002\0"), (0x427, b"\5")])
    yield "smpp-receipt/message", deliver(0, b"hello", [])


def sme_messages():
    """What an SME submits: in each form, and with a port that it may use."""
    def submit(command, data=b"", esm=0, pid=0, coding=4, tlvs=()):
        body = b"\0\0\x004242\0\1\x01491720000001\0"
        body += bytes([esm, pid, 0]) + b"\0\0" + bytes([0, 0, coding, 0, len(data)]) + data if command == 4 else bytes([esm, 0, coding])
        body += b"".join(struct.pack(">HH", tag, len(value)) + value for tag, value in tlvs)
        return struct.pack(">IIII", 16 + len(body), command, 0, 1) + body
    port, sar = (0x20b, b"\3\xe8"), [(0x20c, b"\0\7"), (0x20e, b"\2"), (0x20f, b"\1")]
    for name, octets in [("text", submit(4, b"hello", coding=3)), ("ucs2", submit(4, b"\0h\0i", coding=8)), ("header", submit(4, b"\5\0\3\x2a\2\1x", esm=0x40)),
                         ("ports", submit(4, b"\6\5\4\3\xe8\0\0x", esm=0x40)), ("ports-8", submit(4, b"\4\4\2\7\0x", esm=0x40)),
                         ("two-ports", submit(4, b"\x0c\5\4\3\xe8\0\0\5\4\3\xe9\0\0x", esm=0x40)), ("parameter", submit(4, b"x", tlvs=[port])),
                         ("sar", submit(4, b"x", tlvs=[port, *sar])), ("payload", submit(4, tlvs=[(0x424, b"x" * 200)])), ("data", submit(0x103, tlvs=[port, (0x424, b"x")])),
                         ("trigger", submit(4, b"\6\5\4\x3e\x80\0\0x", esm=0x40, pid=0x48)), ("sim", submit(4, b"\2\x70\0x", esm=0x40, pid=0x7f))]:
        yield "sme-message/" + name, octets


def fences():
    """What a real kernel said of the rules of NDS/IP; tests/unit/fence/nft-1.0.6/README.md."""
    folder = os.path.join("tests", "unit", "fence", "nft-1.0.6")
    for file in sorted(os.listdir(os.path.join(ROOT, folder))):
        if file.endswith(".nl"):
            yield "nft-rules/" + file[:-3], octets_of(folder, file)
    yield "nft-rules/empty", b""


def smpp():
    pieces = b""
    with open(os.path.join(ROOT, "tests", "vectors", "smpp", "npm.txt"), encoding="utf-8") as f:
        words = [line.split(" ", 1) for line in f.read().splitlines() if " " in line]
    for (kind, name), (_, hex_octets) in zip(words, words[1:]):
        if kind == "pdu":
            yield "smpp-pdu/" + name, bytes.fromhex(hex_octets)
            pieces += bytes.fromhex(hex_octets)
    for size in (0, 3, 22):
        yield f"smpp-stream/pieces-{size + 1}", bytes([size]) + pieces
    yield "smpp-stream/short", bytes([0]) + struct.pack("!I", 15) + bytes(12)
    yield "smpp-stream/long", bytes([0]) + struct.pack("!I", 2001) + bytes(12)
    for name, text in [("instant", b"250119123456000+"), ("zone", b"250119123456048-"), ("span", b"000002000000000R"), ("leap", b"240229235959900+"), ("none", b""),
                       ("receipt", b"id:1234567890 sub:001 dlvrd:001 submit date:2501191234 done date:2501191235 stat:DELIVRD err:000 text:"),
                       ("receipt-of-others", b"id:a stat:EXPIRED err:7 Text:hello")]:
        yield "smpp-text/" + name, text
    bind, submit, unbind = bytes([0, 9, 1, 1]), bytes([0, 4, 2, 1]), bytes([0, 6, 3, 1])
    for name, steps in [("bound", bind + submit + bytes([4, 4, 3, 1]) + unbind), ("refused", bytes([8, 9, 1, 1]) + submit), ("half-open", bytes([0, 21, 1, 255])),
                        ("delivers", bind + bytes([1, 5, 0, 1, 0x80, 5, 1, 1])), ("silent", bind + bytes([1, 5, 0, 255, 1, 5, 0, 255])), ("leaves", bind + bytes([2, 0, 0, 1, 0x80, 6, 1, 1]))]:
        yield "smpp-session/" + name, bytes([0]) + steps
    yield "smpp-session/esme", bytes([1]) + bytes([1, 9, 0, 1, 0x80, 9, 1, 1, 1, 4, 0, 1, 0x80, 4, 2, 1])


def consoles():
    """Requests of a browser: method, path, Cookie, Host, Origin, Sec-Fetch-Site, a line each; key=value lines; bodies."""
    cookie = b"mtc_console=0123456789abcdef0123456789abcdef"
    yield "console-head/page", b"GET\n/\n\n127.0.0.1:8640\n\nnone"
    yield "console-head/change", b"POST\n/api/peers.stop\na=b; " + cookie + b"\nlocalhost:8640\nhttp://localhost:8640\nsame-origin"
    yield "console-head/other-site", b"POST\n/login\n" + cookie + b"; " + cookie + b"\nevil.example:8640\nhttp://evil.example\ncross-site"
    yield "console-head/proxy", b"GET\n/api/me\n" + cookie + b"\nnoc.example\nhttps://noc.example\nsame-origin"
    yield "console-query/search", b"decisions.search\nscs=acme\nlimit=100\nverdict=refused"
    yield "console-query/check", b"assoc.check\nscs=acme\ndevice=meter-1@a.example\nask_hss=yes\ngroup=a\ngroup=b"
    yield "console-body/link", b'{"link":"0123456789abcdef0123456789abcdef"}'
    yield "console-body/twice", b'{"a":1,"a":2}'


def block(kind, body, order="<"):
    n = 12 + len(body)
    return struct.pack(order + "II", kind, n) + body + struct.pack(order + "I", n)


def traces():
    """Files of a trace as pcapng, whole, cut and lying; messages are those of tests/vectors, which make_corpus.py gives to target redact, too."""
    def section(order="<", comment=b"mtc-iwf trace, unredacted: scs acme"):
        option = struct.pack(order + "HH", 1, len(comment)) + comment + bytes(-len(comment) % 4) + bytes(4)
        return block(0x0a0d0d0a, struct.pack(order + "IHHq", 0x1a2b3c4d, 1, 0, -1) + option, order)

    def interface(order="<", linktype=252, more=b""):
        return block(1, struct.pack(order + "HHI", linktype, 0, 0) + more, order)

    def packet(data, order="<", which=0, before=None):
        body = struct.pack(order + "IIIII", which, 0x60000, 7, len(data), len(data) if before is None else before)
        return block(6, body + data + bytes(-len(data) % 4), order)

    tags = struct.pack(">HH", 12, 8) + b"diameter" + struct.pack(">HH", 0, 0)
    dwr = bytes.fromhex("01000014800001180000000000000001" + "00000002")
    whole = section() + interface() + packet(tags + dwr)
    yield "pcapng/whole", whole
    yield "pcapng/big-endian", section(">") + interface(">") + packet(tags + dwr, ">")
    yield "pcapng/redacted", section(comment=b"mtc-iwf trace, redacted: scs acme") + interface() + packet(tags + dwr)
    yield "pcapng/two-sections", whole + section(">") + interface(">") + packet(tags + dwr, ">")
    yield "pcapng/ethernet", section() + interface(linktype=1) + packet(bytes(64))
    yield "pcapng/nanoseconds", section() + interface(more=struct.pack("<HHB3xHH", 9, 1, 9, 0, 0)) + packet(tags + dwr)
    yield "pcapng/power-of-two", section() + interface(more=struct.pack("<HHB3xHH", 9, 1, 0xff, 0, 0)) + packet(tags + dwr)
    yield "pcapng/other-dissector", section() + interface() + packet(tags.replace(b"diameter", b"sip.tcp.") + dwr)
    yield "pcapng/tags-without-end", section() + interface() + packet(tags[:-4] + dwr)
    yield "pcapng/cut-message", section() + interface() + packet(tags + dwr, before=400)
    yield "pcapng/no-interface", section() + packet(tags + dwr)
    yield "pcapng/interface-7", section() + interface() + packet(tags + dwr, which=7)
    yield "pcapng/long-packet", section() + interface() + block(6, struct.pack("<IIIII", 0, 0, 0, 0xffffffff, 0xffffffff))
    yield "pcapng/cut", whole[:-5]
    yield "pcapng/no-section", interface() + packet(tags + dwr)
    yield "pcapng/lengths-differ", whole[:-4] + struct.pack("<I", 16)
    yield "pcapng/huge", section() + struct.pack("<III", 6, 0xfffffff0, 0)
    yield "pcapng/empty", b""
    avp = lambda code, data, vendor=0: struct.pack(">IB", code, 0xc0 if vendor else 0x40) + (len(data) + (12 if vendor else 8)).to_bytes(3, "big") + (
        struct.pack(">I", vendor) if vendor else b"") + data + bytes(-len(data) % 4)
    def message(*avps):
        inside = b"".join(avps)
        return b"\x01" + (20 + len(inside)).to_bytes(3, "big") + bytes.fromhex("c080001f0100001d0000000100000002") + inside
    device = avp(3001, avp(3111, b"meter-7@fleet.example", 10415) + avp(701, bytes.fromhex("947110325476"), 10415) + avp(3003, avp(3004, b"secret", 10415), 10415), 10415)
    key = bytes(range(16))
    for name, octets in [("trigger", message(avp(263, b"scs.acme.example;1;2;meter-7"), avp(264, b"scs.acme.example"), avp(1, b"001010000000007"), device)),
                         ("unknown-group", message(avp(9999, avp(1, b"001010000000007"), 77))), ("unknown", message(avp(9999, b"anything", 77))),
                         ("torn-group", message(avp(3001, b"\0\0\x0c\x27\xc0\xff\xff\xff", 10415))), ("torn", message(device)[:-3] + b"xyz"),
                         ("short-number", message(avp(268, b"ab"))), ("nested", message(avp(279, avp(279, avp(279, avp(1, b"1234567"))))))]:
        yield "redact/" + name, key + octets


def seeds():
    for part in (parent, names, certificates, crl_numbers, records, keyholder, audits, ndsip, fetches, metrics, files, nodes, replies, edges, cores, ipsec, fences, smpp, consoles, traces, receipts, sme_messages):
        yield from part()
