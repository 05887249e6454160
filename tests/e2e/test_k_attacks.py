"""Act eleven: attacks on who may trigger what. The HSS and the SMS-SC are played by hand, so that each play can say what they did not see; the
decision log must say why. What a store is worth that is not whole: test_k_stores.py."""
import contextlib
import os
import ssl
import time

import pytest
from lablib import lab as L
from lablib import proc
from lablib.pki import Pki
from support import diameter as D
from support.hands import Reader, in_place_of
from support.t4 import smea
from support.tsp import Scs, action, request_status, tbcd

URI = "urn:mtc:group:"
NUMBER = "491799000001"  # of a device that no rule of the laboratory speaks about


class Silent:
    """The two elements of our own domain. `untouched()` around what must not reach them."""

    def __init__(self, p):
        self.p, self.sc, self.hss = p, in_place_of(p, "mtc-smssc"), in_place_of(p, "mtc-hss")

    def asked(self):
        rows = {r["name"]: r["value"] for r in self.p.ctl("stats") if "name" in r}
        return rows["s6m_requests"], rows["t4_requests"] + rows["t4_resent"] + rows["t4_recalls"]

    @staticmethod
    def nothing_waits(peer):
        """Nothing but watchdogs has come: what was sent before the answer of the gateway is here by now."""
        peer.sock.settimeout(0.02)
        try:
            peer.expect(0, True)
        except TimeoutError:
            return True
        finally:
            peer.sock.settimeout(proc.HANG_S)
        return False

    @contextlib.contextmanager
    def untouched(self):
        before = self.asked()
        yield
        assert self.asked() == before, "a request went to the core network"
        assert self.nothing_waits(self.hss) and self.nothing_waits(self.sc)

    @contextlib.contextmanager
    def no_dtr(self):
        before = self.asked()[1]
        yield
        assert self.asked()[1] == before and self.nothing_waits(self.sc), "the SMS-SC heard of it"

    def know(self, sir, n, msisdn=None):
        """The HSS's yes: subscriber n, with this MSISDN if any."""
        user = [D.avp(1, L.imsi(n))] + ([D.gpp(701, tbcd(msisdn))] if msisdn else [])
        self.hss.reply(sir, D.avp(268, 2001), D.gpp(3102, user))


@pytest.fixture(scope="module")
def alone(labs):
    p = labs.up(s6m_more=", answer_wait: 30s")
    p.silent = Silent(p)
    p.pki = Pki(os.path.join(p.lab["dir"], "pki"))
    yield p
    for peer in (p.silent.sc, p.silent.hss):
        peer.close()
    wrong = labs.down(p)
    assert not wrong, "\n".join(wrong)


@pytest.fixture
def scs(alone):
    s = Reader.opened(alone)
    yield s
    s.close()


@pytest.fixture
def rules(alone):
    """Rules of one play: added by the words of mtcctl, taken away after it."""
    added = []

    def add(*words):
        alone.ctl(*words)
        added.append(words)
    yield add
    undo = {"add": "del", "assoc": 4, "block": 4, "set": 3, "group": 3}
    for words in reversed(added):
        if words[1] == "member":
            continue  # goes with its group or set
        more = ("--effect", words[4][2:]) if words[0] == "assoc" and len(words) > 4 and words[4] in ("--deny", "--block") else ()
        alone.ctl(words[0], "del", *words[2:undo[words[0]]], *more, check=False)


def reference():
    reference.last += 1
    return reference.last


reference.last = 50000


def refused(alone, peer, status, reason, rule=None, **what):
    """Asked, refused with that status, and the decision log says why. The core network sees nothing."""
    number = reference()
    with alone.silent.untouched():
        m = peer.dar(action(reference=number, **what))
        assert m.result == 2001 and request_status(m) == status, (what, m.result, request_status(m))
    line = alone.wait_decision(reference=number)
    assert (line["verdict"], line["reason"]) == ("refused", reason), (what, line)
    if rule is not None:
        assert line["rule"] == rule
    return line


def all_refused(alone, peer, status, reason, cases):
    """Each asked and refused alike, one after the other; what is not so is told by what was asked."""
    asked, wrong = [], []
    with alone.silent.untouched():
        for what in cases:
            asked.append((reference(), what))
            m = peer.dar(action(reference=asked[-1][0], **what))
            if m.result != 2001 or request_status(m) != status:
                wrong.append((what, m.result, request_status(m)))
    alone.wait_decision(reference=asked[-1][0])
    lines = {d["reference"]: d for d in alone.decisions() if d["reference"] is not None}
    for number, what in asked:
        line = lines.get(number, {})
        if (line.get("verdict"), line.get("reason"), line.get("device")) != ("refused", reason, ""):
            wrong.append((what, line))
    assert not wrong, wrong


# -- SCS B with A's names, at each level


def turned_away(alone, s, *reasons, **fields):
    """The CER is answered 3010 and the connection ends; the log says why."""
    with alone.silent.untouched():
        assert s.open() == 3010
        assert s.closed()
    line = alone.decisions(action="session", origin_host=s.host, **fields)[-1]
    assert line["verdict"] == "refused" and line["reason"] in reasons, line


def with_certificate(alone, name, cert, key):
    alone.scs[name] = dict(alone.scs["acme"], cert=cert, key=key)
    return name


def test_b_says_it_is_a_in_its_cer(alone):
    a = alone.scs["acme"]
    turned_away(alone, Scs(alone, "beta", host=a["origin_host"], realm=a["realm"]), "wrong-anchor")


def test_b_says_it_is_a_in_its_cer_under_the_same_anchor(alone):
    a = alone.scs["acme"]
    assert alone.scs["gamma"]["anchor"] == a["anchor"]
    turned_away(alone, Scs(alone, "gamma", host=a["origin_host"], realm=a["realm"]), "name-not-proven")


@pytest.mark.parametrize("host,realm", [("acme", "acme"), ("acme", "beta"), ("beta", "acme")])
def test_b_says_it_is_a_in_a_later_request(alone, host, realm):
    """The session is B's; the DAR carries A's Origin-Host, A's realm, or both."""
    s = Scs.opened(alone, "beta")
    with alone.silent.untouched():
        m = s.dar(action(device="meter-801@a.example"), host=alone.scs[host]["origin_host"], realm=alone.scs[realm]["realm"])
        assert m.result == 3010 and m.flags & D.ERROR and m.data(3002) is None
        assert s.closed()
    line = alone.decisions(action="session", scs="beta")[-1]
    assert (line["verdict"], line["reason"]) == ("refused", "foreign-origin")


def test_b_gives_the_scs_identity_of_a(alone):
    s = Scs.opened(alone, "beta")
    refused(alone, s, 103, "foreign-scs-identity", device="meter-802@b.example", scs=alone.scs["acme"]["e164"])
    assert not alone.decisions(scs="acme", device="meter-802@b.example")
    s.close()


def test_an_scs_identity_that_is_no_number(alone):
    s = Scs.opened(alone, "beta")
    for octets in (b"", b"\xff", b"\x94\xf1\x10", b"\x94\x71\xaa", b"+49", b"\x94\x71\x10\xff", b"491720000002", tbcd("491720000002") + b"\xff"):
        refused(alone, s, 103, "malformed-scs-identity", device="meter-803@b.example", scs=octets)
    s.close()


def test_the_name_of_a_under_the_anchor_of_b(alone):
    a = alone.scs["acme"]
    cert, key = alone.pki.leaf("k-a-under-b", "anchor-b", a["origin_host"], "clientAuth")
    turned_away(alone, Scs(alone, with_certificate(alone, "k-a-under-b", cert, key)), "wrong-anchor")


def test_a_certificate_of_b_that_names_both(alone):
    """B's CA may write what it likes: it is not the trust anchor of A. As B it is refused, too: a certificate that names two SCSs is nobody's."""
    a, b = alone.scs["acme"], alone.scs["beta"]
    cert, key = alone.pki.leaf("k-both", "anchor-b", b["origin_host"], "clientAuth", san=f"DNS:{b['origin_host']},DNS:{a['origin_host']}")
    turned_away(alone, Scs(alone, with_certificate(alone, "k-both", cert, key)), "wrong-anchor")
    alone.scs["k-both"] = dict(b, cert=cert, key=key)
    turned_away(alone, Scs(alone, "k-both"), "certificate-of-two")


def test_the_certificate_of_a_beside_that_of_b_proves_nothing(alone):
    """Only the leaf, whose key was used, has names: A's certificate, which is no secret, is sent along."""
    a, b = alone.scs["acme"], alone.scs["beta"]
    path = os.path.join(alone.lab["dir"], "k-along.pem")
    with open(path, "w", encoding="ascii") as f:
        for cert in (b["cert"], a["cert"], os.path.join(alone.lab["dir"], "pki", "anchor-a.pem")):
            with open(cert, encoding="ascii") as c:
                f.write(c.read())
    turned_away(alone, Scs(alone, with_certificate(alone, "k-along", path, b["key"])), "wrong-anchor")


def dns_der(octets):
    """A subjectAltName of one dNSName with these octets, as DER in hex."""
    name = bytes([0x82, len(octets)]) + octets
    return "DER:" + (bytes([0x30, len(name)]) + name).hex(":")


@pytest.mark.parametrize("label,san", [
    ("a NUL behind the name", dns_der(b"scs.acme.example\0.evil.example")),
    ("a NUL at its end", dns_der(b"scs.acme.example\0")),
    ("a wildcard", "DNS:*.acme.example"),
    ("a wildcard within a label", "DNS:sc*.acme.example"),
    ("only a common name", ""),
    ("a dot at its end", "DNS:scs.acme.example."),
    ("a blank before it", dns_der(b" scs.acme.example")),
    ("letters of another alphabet", dns_der("s\u0441s.acme.example".encode())),
    ("a U-label", dns_der("scs.\u00e4cme.example".encode())),
    ("an A-label", "DNS:scs.xn--cme-qla.example"),
    ("a longer name", "DNS:scs.acme.example.evil.example"),
    ("a name that ends in it", "DNS:evil-scs.acme.example"),
    ("its domain", "DNS:acme.example"),
    ("a URI", "URI:aaa://scs.acme.example"),
    ("a mail address", "email:scs@acme.example"),
    ("an address", "IP:127.0.0.1"),
    ("a directory name", "dirName:dn"),
], ids=lambda v: v if " " in v or v.isalpha() else "")
def test_a_certificate_that_only_looks_like_that_of_a(alone, label, san):
    """All of the right anchor. Turned away in the handshake or by the CEA; never admitted, never repaired."""
    name = "k-like-" + "".join(c for c in label if c.isalpha())
    more = "\n[dn]\nCN=scs.acme.example" if san == "dirName:dn" else ""
    cert, key = alone.pki.leaf(name, "anchor-a", "scs.acme.example", "clientAuth", san=san + more)
    before = len(alone.decisions(scs="acme", verdict="accepted", action="session"))
    with alone.silent.untouched():
        with contextlib.suppress(ssl.SSLError, ConnectionError, EOFError):
            s = Scs(alone, with_certificate(alone, name, cert, key))
            assert s.open() == 3010, label
    assert len(alone.decisions(scs="acme", verdict="accepted", action="session")) == before
    assert not alone.sessions("acme")


def test_case_is_no_difference_of_a_host_name(alone):
    """RFC 4343: the same name, so the same SCS; said here because it is the only form beside the canonical one that is taken."""
    cert, key = alone.pki.leaf("k-case", "anchor-a", "SCS.Acme.EXAMPLE", "clientAuth")
    s = Scs(alone, with_certificate(alone, "k-case", cert, key), host="scs.ACME.example")
    assert s.open() == 2001
    assert alone.sessions("acme")
    s.close()


@pytest.mark.parametrize("host", ["scs.acme.example.", "scs.acme.example\0", "scs.acme.exampl\u0435", " scs.acme.example", "scs.acme.example ",
                                  "scs..acme.example", "*.acme.example", "scs%2eacme.example", "xn--scs.acme.example", "scs.acme.example@x",
                                  "aaa://scs.acme.example", ""])
def test_an_origin_host_that_only_looks_like_it(alone, host):
    """With A's own certificate: the name that is said must be the one that is proven."""
    s = Scs(alone, "acme", host="x")
    s.host = host
    with alone.silent.untouched():
        try:
            result = s.open()
        except (EOFError, ConnectionError, ssl.SSLError):
            result = None
        assert result != 2001 and (result is None or result in (3010, 5004, 5014, 5012)), result
    assert not alone.sessions("acme")


# -- look-alikes of device names: refused with 102, never repaired, never another device

LOOK_ALIKES = [
    "meter-810@a.example.", "meter-810@.a.example", "meter-810@a..example", "meter-810@a.example\0", "meter-810\0@a.example",
    "\0meter-810@a.example", "meter-810@a.example\0.b.example", "meter-810@@a.example", "meter-810@b.example@a.example",
    "meter-810@a.example@", "@meter-810@a.example", "@a.example", "meter-810@", "meter-810", "a.example", "@", "", " ",
    " meter-810@a.example", "meter-810@a.example ", "meter-810 @a.example", "meter-810@ a.example", "meter\t810@a.example",
    "meter-810@a.example\n", "meter-810@a.example\r\n", "meter-810\x7f@a.example", "meter-810\x1b@a.example",
    "m\u0435ter-810@a.example", "meter\u2010810@a.example", "meter-810@\u0430.example", "meter-810@a.\u0435xample",
    "meter-810@b\u00fccher.example", "meter-810@a\u3002example", "meter-810@a\uff0eexample", "meter-810\uff20a.example",
    "meter-\u0668\u0661\u0660@a.example", "me\u0301ter-810@a.example", "meter-810\u200b@a.example", "meter-810@a.example\u200d",
    "\ufeffmeter-810@a.example", "meter-810%40a.example", "meter-810@a%2eexample", "meter-810@a.ex%61mple", "meter-810@a_.example",
    "meter-810@-a.example", "meter-810@a-.example", "meter-810@[127.0.0.1]", "meter-810@a.example:5060", "meter-810@a.example/x",
    "meter-810@a.example;x", "meter-810@a.example,b.example", "sip:meter-810", "meter-810@*", "meter-810@*.example",
    "meter-810@" + "a" * 64 + ".example", "m" * 250 + "@a.example",
    "meter-810@a.example".encode("utf-16-be"), b"meter-810@a.example\xff", b"meter-810\xc0\xafx@a.example", b"\xed\xa0\x80@a.example",
    b"meter-810@a.exampl\xc1\xa5",
]


def test_look_alikes_of_a_device_name(alone, scs):
    """All of acme's domain is allowed: a repaired form would get through. A name that is none is not named either."""
    all_refused(alone, scs, 102, "malformed-device", [{"device": given} for given in LOOK_ALIKES])
    all_refused(alone, scs, 102, "malformed-device", [{"device": given, "msisdn": L.msisdn(810)} for given in LOOK_ALIKES])


NUMBERS = [
    b"", b"\xff", b"\xff\xff\xff\xff", tbcd("49"), tbcd("4917"), tbcd("0491799000001"), tbcd("00491799000001"), tbcd("4917990000011234"),
    tbcd(NUMBER) + b"\xff", b"\xff" + tbcd(NUMBER), tbcd(NUMBER[:11]) + b"\xf1", tbcd("49f1799000001"), tbcd("f" + NUMBER[1:]),
    *(tbcd(NUMBER[:10] + filler + "1") for filler in "abcde"), NUMBER.encode(), b"+" + NUMBER.encode(), b"\x91" + tbcd(NUMBER) + tbcd("00"),
    b"\x00" + tbcd(NUMBER), tbcd("4" * 16), b"\x11" * 200,
]


def test_look_alikes_of_a_number(alone, scs, rules):
    """The number itself is allowed: a repaired form would get through."""
    rules("assoc", "add", "acme", f"msisdn:{NUMBER}")
    all_refused(alone, scs, 102, "malformed-device", [{"msisdn": octets} for octets in NUMBERS])
    with alone.silent.untouched():
        for octets in NUMBERS:
            m = scs.dar(action(device="meter-811@a.example", msisdn=octets, reference=reference()))
            assert request_status(m) == 102, octets


@pytest.mark.parametrize("given,sent", [
    ("meter-812@a.example", "meter-812@a.example"),
    ("meter-812@A.ExAmPlE", "meter-812@a.example"),  # the domain has no case
    ("METER-812@a.example", "METER-812@a.example"),  # the local part has
    ("meter%2D812@a.example", "meter%2D812@a.example"),  # and is not decoded
    ("meter-812.@a.example", "meter-812.@a.example"),
    ("'meter-812'@a.example", "'meter-812'@a.example"),
    ("*@a.example", "*@a.example"),
], ids=ascii)
def test_what_was_authorised_is_what_is_sent_on(alone, scs, given, sent):
    number = reference()
    scs.ask_later(action(device=given, reference=number))
    sir = alone.silent.hss.take()
    assert sir.text(3102, 3111) == sent and sir.data(3102, 701) is None
    with alone.silent.no_dtr():
        alone.silent.hss.reply(sir, D.avp(297, [D.avp(266, D.GPP), D.avp(298, 5001)]))
        assert scs.answered() == 102
    assert alone.wait_decision(reference=number)["device"] == sent


def test_a_deny_is_not_passed_by_another_case_of_the_domain(alone, scs, rules):
    rules("assoc", "add", "acme", "meter-813@a.example", "--deny")
    for domain in ("a.example", "A.example", "a.EXAMPLE"):
        refused(alone, scs, 105, "denied", device=f"meter-813@{domain}")


# -- denied under one name, asked for under the other

DENY = "trigger,recall,replace"


def test_denied_by_name_asked_by_number(alone, scs, rules):
    """The number alone is allowed by nothing; with the number allowed, who names both is denied by the name, and is no further than that."""
    rules("assoc", "add", "acme", "meter-820@a.example", "--deny")
    refused(alone, scs, 105, "no-association", msisdn=L.msisdn(820))
    rules("assoc", "add", "acme", f"msisdn:{L.msisdn(820)}-{L.msisdn(821)}")
    refused(alone, scs, 105, "denied", f"deny acme meter-820@a.example {DENY}", device="meter-820@a.example", msisdn=L.msisdn(820))


@pytest.mark.parametrize("effect", ["deny", "block"])
@pytest.mark.parametrize("place", ["the same instance", "a later instance"])
def test_denied_by_name_asked_by_a_number_that_is_allowed(alone, scs, rules, place, effect):
    """An HSS may say the External-Identifier too (TS 29.336 7: several instances of User-Identifier): then nothing leaves."""
    rules("assoc", "add", "acme", f"msisdn:{L.msisdn(821)}")
    rules(*(("assoc", "add", "acme", "meter-821@a.example", "--deny") if effect == "deny" else ("block", "add", "*", "meter-821@a.example")))
    name, n = D.gpp(3111, "meter-821@A.example"), reference()
    first = [D.avp(1, L.imsi(821)), D.gpp(701, tbcd(L.msisdn(821)))]
    users = [D.gpp(3102, [*first, name])] if place == "the same instance" else [D.gpp(3102, first), D.gpp(3102, [name])]
    scs.ask_later(action(msisdn=L.msisdn(821), reference=n))
    with alone.silent.no_dtr():
        alone.silent.hss.reply(alone.silent.hss.take(), D.avp(268, 2001), *users)
        assert scs.answered() == 105
    line = alone.wait_decision(reference=n)
    assert line["reason"] == {"deny": "denied", "block": "blocked"}[effect] and line["rule"].startswith(effect) and "meter-821" in line["rule"]


def test_every_number_that_the_hss_says_is_judged(alone, scs, rules):
    rules("assoc", "add", "acme", f"msisdn:{L.msisdn(827)}", "--deny")
    n = reference()
    scs.ask_later(action(device="meter-826@a.example", reference=n))
    with alone.silent.no_dtr():
        alone.silent.hss.reply(alone.silent.hss.take(), D.avp(268, 2001), D.gpp(3102, [D.avp(1, L.imsi(826)), D.gpp(701, tbcd(L.msisdn(826)))]),
                               D.gpp(3102, [D.gpp(701, tbcd(L.msisdn(827)))]))
        assert scs.answered() == 105
    assert alone.wait_decision(reference=n)["reason"] == "denied"


@pytest.mark.parametrize("name", ["meter-828@a.example.", "meter-828", b"meter-828\0@a.example"], ids=ascii)
def test_a_name_of_the_hss_that_is_none_is_temporary_trouble(alone, scs, name):
    n = reference()
    scs.ask_later(action(device="meter-828@a.example", reference=n))
    with alone.silent.no_dtr():
        alone.silent.hss.reply(alone.silent.hss.take(), D.avp(268, 2001), D.gpp(3102, [D.avp(1, L.imsi(828)), D.gpp(3111, name)]))
        assert scs.answered() == 201
    assert alone.wait_decision(reference=n)["reason"] == "hss-protocol"


@pytest.mark.parametrize("how", ["exact", "range", "set", "group", "block", "block of the SCS on a set"])
def test_denied_by_number_asked_by_name(alone, scs, rules, how):
    """Both names: refused before anybody is asked. The name alone: refused when the HSS says the number, and nothing leaves."""
    number = L.msisdn(822)
    if "set" in how:
        rules("set", "add", "k-numbers")
        rules("set", "member", "add", "k-numbers", f"msisdn:{number}")
    if how == "group":
        rules("group", "add", "k-group")
        rules("group", "member", "add", "k-group", "acme")
    words = {"exact": ("assoc", "add", "acme", f"msisdn:{number}", "--deny"), "set": ("assoc", "add", "acme", "set:k-numbers", "--deny"),
             "range": ("assoc", "add", "acme", f"msisdn:{number[:-2]}00-{number[:-2]}99", "--deny"),
             "group": ("assoc", "add", "group:k-group", f"msisdn:{number}", "--deny"), "block": ("block", "add", "*", f"msisdn:{number}"),
             "block of the SCS on a set": ("block", "add", "acme", "set:k-numbers")}[how]
    rules(*words)
    reason = "blocked" if "block" in how else "denied"
    refused(alone, scs, 105, reason, device="meter-822@a.example", msisdn=number)
    n = reference()
    scs.ask_later(action(device="meter-822@a.example", reference=n))
    with alone.silent.no_dtr():
        alone.silent.know(alone.silent.hss.take(), 822, number)
        assert scs.answered() == 105
    line = alone.wait_decision(reference=n)
    assert (line["verdict"], line["reason"]) == ("refused", reason) and line["rule"].split()[0] == ("block" if "block" in how else "deny")


def test_both_names_must_be_of_one_device(alone, scs, rules):
    """The HSS says another number, or none: 102, and nothing leaves."""
    for returned in (L.msisdn(824), None):
        n = reference()
        scs.ask_later(action(device="meter-823@a.example", msisdn=L.msisdn(823), reference=n))
        sir = alone.silent.hss.take()
        assert sir.text(3102, 3111) == "meter-823@a.example" and sir.data(3102, 701) is None
        with alone.silent.no_dtr():
            alone.silent.know(sir, 823, returned)
            assert scs.answered() == 102
        assert alone.wait_decision(reference=n)["reason"] == "contradicting-device"


def test_a_detect_only_rule_on_another_name_of_the_device_is_told(alone, scs, rules):
    rules("assoc", "add", "acme", "meter-827@a.example", "--deny", "--mode", "detect-only")
    n = reference()
    scs.ask_later(action(device="meter-826@a.example", reference=n))
    alone.silent.hss.reply(alone.silent.hss.take(), D.avp(268, 2001),
                           D.gpp(3102, [D.avp(1, L.imsi(826)), D.gpp(3111, "meter-827@a.example")]))
    alone.silent.sc.accept(alone.silent.sc.take())
    assert scs.answered() == 0
    told = alone.wait_decision(reference=n, verdict="detected")
    assert (told["reason"], told["rule"]) == ("denied", f"deny acme meter-827@a.example {DENY} detect-only")


def test_what_a_detect_only_rule_would_refuse_goes_on_and_is_told(alone, scs, rules):
    """One more line of the transaction, for the rules on the names and for the number of the SIA; the trigger goes its way."""
    number = L.msisdn(825)
    rules("assoc", "add", "acme", f"msisdn:{number}", "--deny", "--mode", "detect-only")
    before = {r["name"]: r["value"] for r in alone.ctl("stats") if "name" in r}["decision_detected"]
    n = reference()
    scs.ask_later(action(device="meter-825@a.example", reference=n))
    alone.silent.know(alone.silent.hss.take(), 825, number)
    dtr = alone.silent.sc.take()
    alone.silent.sc.accept(dtr)
    assert scs.answered() == 0
    told = alone.wait_decision(reference=n, verdict="detected")
    accepted = alone.wait_decision(reference=n, verdict="accepted")
    assert told["transaction"] == accepted["transaction"] and told["reason"] == "denied" and told["request_status"] == ""
    assert told["rule"] == f"deny acme msisdn:{number} {DENY} detect-only" and accepted["rule"] == f"allow acme *@a.example {DENY}"
    assert len(alone.decisions(reference=n)) == 2
    assert {r["name"]: r["value"] for r in alone.ctl("stats") if "name" in r}["decision_detected"] == before + 1
    assert alone.silent.sc.report(dtr).result == 2001 and scs.reported()[0] == n  # over, so that no right of it ends below
    proc.wait_until("it is over", lambda: n not in [r.get("reference") for r in alone.ctl("triggers", "list")])
    rules("assoc", "add", "acme", f"msisdn:{number}", "--deny")
    scs.ask_later(action(device="meter-825@a.example", reference=reference()))
    with alone.silent.no_dtr():
        alone.silent.know(alone.silent.hss.take(), 825, number)
        assert scs.answered() == 105


# -- groups that are said and not proven


@pytest.mark.parametrize("name,anchor,uris,group_anchor", [
    ("wrong-anchor", "beta", [URI + "k-fleet"], "anchor-a"),
    ("wrong-prefix", "acme", ["urn:mtc:groups:k-fleet", "urn:mtc:k-fleet", "https://urn:mtc:group:k-fleet"], "anchor-a"),
    ("other-name", "acme", [URI + "K-fleet", URI + "k-fleet/", URI + "k-fleet%00", URI + "k-fle", URI], "anchor-a"),
    ("without-anchor", "acme", [URI + "k-fleet"], None),
])
def test_a_group_that_is_claimed_and_not_proven(alone, rules, name, anchor, uris, group_anchor):
    scs = alone.scs[anchor]
    device = "meter-830@b.example" if anchor == "acme" else "meter-830@a.example"
    cert, key = alone.pki.leaf("k-group-" + name, scs["anchor"], scs["origin_host"], "clientAuth", uris)
    alone.scs["k-group-" + name] = dict(scs, cert=cert, key=key)
    rules("group", "add", "k-fleet", *(["--anchor", group_anchor] if group_anchor else []))
    rules("assoc", "add", "group:k-fleet", device)
    s = Scs.opened(alone, "k-group-" + name)
    assert alone.sessions(anchor)[-1]["groups"] == []
    refused(alone, s, 105, "no-association", device=device)
    s.close()


def test_a_certificate_that_is_over_proves_nothing(alone, rules):
    """Neither the SCS nor its group; and a session ends with its certificate, so the group ends with it."""
    acme, host = alone.scs["acme"], alone.scs["acme"]["origin_host"]
    cert, key = alone.pki.leaf("k-old", "anchor-a", host, "clientAuth", [URI + "k-fleet"], dates=("20200101000000Z", "20200201000000Z"))
    rules("group", "add", "k-fleet", "--anchor", "anchor-a")
    rules("assoc", "add", "group:k-fleet", "meter-831@b.example")
    with alone.silent.untouched():
        with pytest.raises((ssl.SSLError, ConnectionError, EOFError)):
            Scs(alone, with_certificate(alone, "k-old", cert, key)).open()
    end = time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + 12))
    cert, key = alone.pki.leaf("k-short", "anchor-a", host, "clientAuth", [URI + "k-fleet"], dates=("20200101000000Z", end))
    alone.scs["k-short"] = dict(acme, cert=cert, key=key)
    s = Scs.opened(alone, "k-short")
    s.send(D.message(D.DAR, D.TSP, D.REQUEST | D.PROXIABLE, s.dar_avps(action(device="meter-831@b.example", reference=reference())), 1, 1))
    sir = alone.silent.hss.take()  # in the group as long as it lasts
    proc.wait_until("the session ends with its certificate", lambda: not alone.sessions("acme"))
    with alone.silent.no_dtr():
        alone.silent.know(sir, 831)
        line = alone.wait_decision(device="meter-831@b.example", verdict="refused")
    assert line["reason"] == "no-association"
    s.close()


# -- the association ends while the trigger is on its way


def replace_until(alone, seconds):
    until = int(time.time()) + seconds
    alone.ctl("assoc", "add", "acme", "meter-840@b.example", "--not-after", until)
    return until


@pytest.mark.parametrize("how", ["rule deleted", "denied", "blocked", "group left", "set left", "group deleted", "rule over"])
def test_an_association_that_ends_before_the_dtr_is_105(alone, scs, rules, how):
    device, n = "meter-840@b.example", reference()
    if "group" in how:
        rules("group", "add", "k-flight")
        rules("group", "member", "add", "k-flight", "acme")
        rules("assoc", "add", "group:k-flight", device)
    elif "set" in how:
        rules("set", "add", "k-flight")
        rules("set", "member", "add", "k-flight", device)
        rules("assoc", "add", "acme", "set:k-flight")
    else:
        rules("assoc", "add", "acme", device)
    if how == "rule over":
        until = replace_until(alone, 5)
    scs.ask_later(action(device=device, reference=n))
    sir = alone.silent.hss.take()
    {"rule deleted": lambda: alone.ctl("assoc", "del", "acme", device), "denied": lambda: rules("assoc", "add", "acme", device, "--deny"),
     "blocked": lambda: rules("block", "add", "*", device), "group left": lambda: alone.ctl("group", "member", "del", "k-flight", "acme"),
     "set left": lambda: alone.ctl("set", "member", "del", "k-flight", device), "group deleted": lambda: alone.ctl("group", "del", "k-flight"),
     "rule over": lambda: time.sleep(max(0, until + 1.05 - time.time()))}[how]()
    with alone.silent.no_dtr():
        alone.silent.know(sir, 840)
        assert scs.answered() == 105
    line = alone.wait_decision(reference=n)
    assert line["reason"] == {"denied": "denied", "blocked": "blocked"}.get(how, "no-association")


def test_an_scs_that_is_removed_before_the_dtr_triggers_nothing(alone):
    gamma = alone.scs["gamma"]
    alone.ctl("assoc", "add", "gamma", "meter-841@a.example")
    s, n = Reader.opened(alone, "gamma"), reference()
    s.ask_later(action(device="meter-841@a.example", reference=n))
    sir = alone.silent.hss.take()
    alone.ctl("scs", "del", "gamma")
    with alone.silent.no_dtr():
        alone.silent.know(sir, 841)
        assert alone.wait_decision(reference=n)["verdict"] == "refused" and not alone.sessions("gamma")
    s.close()
    alone.ctl("scs", "add", "gamma", "--e164", gamma["e164"], "--origin-host", gamma["origin_host"], "--realm", gamma["realm"], "--anchor",
              gamma["anchor"])
    assert [r for r in alone.ctl("assoc", "list", "--scs", "gamma") if "device" in r] == []  # its old rules do not return


# -- recall and replace of somebody else's trigger


@pytest.fixture
def pending(alone, scs):
    """A trigger of acme that the SMS-SC took: its DTR; reported when the play is over."""
    n = reference()
    scs.ask_later(action(device="meter-870@a.example", reference=n, payload=b"of acme"))
    alone.silent.know(alone.silent.hss.take(), 870)
    dtr = alone.silent.sc.take()
    alone.silent.sc.accept(dtr)
    assert scs.answered() == 0
    yield n
    assert [r["state"] for r in alone.ctl("triggers", "list", "--scs", "acme") if r.get("reference") == n] == ["accepted"], "it was touched"
    assert alone.silent.sc.report(dtr).result == 2001 and scs.reported() == (n, 0)


@pytest.mark.parametrize("kind,by", [(3, "reference"), (3, "old"), (4, "old")], ids=["recall", "recall by old number", "replace"])
@pytest.mark.parametrize("rights", [True, False], ids=["allowed on the device", "not allowed"])
def test_the_trigger_of_another_scs_is_out_of_reach(alone, rules, pending, kind, by, rights):
    """The number names a trigger of the asking SCS only; a right on the device changes nothing about that."""
    if rights:
        rules("assoc", "add", "beta", "meter-870@a.example")
    s, n = Scs.opened(alone, "beta"), reference()
    what = {"reference": pending} if by == "reference" else {"reference": n, "old_reference": pending}
    with alone.silent.untouched():
        m = s.dar(action(device="meter-870@a.example", kind=kind, payload=b"of beta", trigger_data=kind == 4, **what))
        assert m.result == 2001 and request_status(m) == (107 if rights else 105), (m.result, request_status(m))
        m = s.dar(action(device="meter-870@a.example", kind=kind, payload=b"of beta", trigger_data=kind == 4, scs=alone.scs["acme"]["e164"], **what))
        assert request_status(m) == 103
    reasons = [d["reason"] for d in alone.decisions(scs="beta", reference=what["reference"])]
    assert reasons == ["original-unknown" if rights else "no-association", "foreign-scs-identity"]
    s.close()


@pytest.mark.parametrize("kind", [3, 4], ids=["recall", "replace"])
def test_a_right_on_one_device_does_not_reach_the_trigger_to_another(alone, scs, rules, pending, kind):
    rules("assoc", "add", "acme", "meter-870@a.example", "--deny", "--rights", "recall,replace")
    numbers = {"reference": pending} if kind == 3 else {"reference": reference(), "old_reference": pending}
    with alone.silent.untouched():
        m = scs.dar(action(device="meter-870@a.example", kind=kind, trigger_data=kind == 4, **numbers))
        assert request_status(m) == 105
    with alone.silent.no_dtr():  # the HSS says which device it is
        scs.ask_later(action(device="meter-871@a.example", kind=kind, trigger_data=kind == 4, **numbers))
        alone.silent.know(alone.silent.hss.take(), 871)
        assert scs.answered() == 105
    lines = alone.decisions(scs="acme", reference=numbers["reference"], verdict="refused")
    assert [d["reason"] for d in lines] == ["denied", "original-of-another-device"]


# -- one identity in every message (CONTRACTS section 1)


@pytest.mark.parametrize("said", [True, False], ids=["said", "left out"])
@pytest.mark.parametrize("name", ["acme", "beta"])
def test_the_provisioned_identity_is_what_hss_and_sms_sc_see(alone, name, said):
    provisioned, domain = alone.scs[name]["e164"], "a" if name == "acme" else "b"
    s = Reader.opened(alone, name)
    s.ask_later(action(device=f"meter-850@{domain}.example", reference=reference(), scs=provisioned if said else None))
    sir = alone.silent.hss.take()
    assert sir.data(3104) == tbcd(provisioned) and sir.data(3105, 3106, 3309) == smea(provisioned)
    assert (sir.text(264), sir.text(296)) == (L.IWF_CORE_HOST, L.CORE_REALM) and alone.scs[name]["origin_host"].encode() not in sir.octets
    alone.silent.know(sir, 850, L.msisdn(850))
    dtr = alone.silent.sc.take()
    assert dtr.data(3309) == smea(provisioned) and alone.scs[name]["origin_host"].encode() not in dtr.octets
    alone.silent.sc.accept(dtr)
    assert s.answered() == 0
    alone.silent.sc.report(dtr)
    s.reported()
    s.close()


def test_an_identity_provisioned_anew_holds_on_the_live_session(alone):
    """The number that is provisioned now, for the HSS and against what the DAR says."""
    gamma = alone.scs["gamma"]
    words = ["scs", "add", "gamma", "--origin-host", gamma["origin_host"], "--realm", gamma["realm"], "--anchor", gamma["anchor"], "--replace"]
    alone.ctl("assoc", "add", "gamma", "meter-851@a.example")
    s = Reader.opened(alone, "gamma")
    alone.ctl(*words, "--e164", "491720000777")
    refused(alone, s, 103, "foreign-scs-identity", device="meter-851@a.example", scs=gamma["e164"])
    s.ask_later(action(device="meter-851@a.example", reference=reference()))
    sir = alone.silent.hss.take()
    assert sir.data(3104) == tbcd("491720000777")
    alone.silent.hss.reply(sir, D.avp(297, [D.avp(266, D.GPP), D.avp(298, 5510)]))
    assert s.answered() == 105
    alone.ctl(*words, "--e164", gamma["e164"])
    s.close()


# -- two opinions


def test_the_store_says_yes_and_the_hss_no(alone, scs):
    for code, status in ((5510, 105), (5001, 102), (5511, 106)):
        n = reference()
        scs.ask_later(action(device="meter-860@a.example", reference=n))
        with alone.silent.no_dtr():
            alone.silent.hss.reply(alone.silent.hss.take(), D.avp(297, [D.avp(266, D.GPP), D.avp(298, code)]))
            assert scs.answered() == status
        assert alone.wait_decision(reference=n)["reason"].startswith("hss-")


def test_the_store_says_no_and_the_hss_is_not_asked(alone, scs):
    for device in ("meter-501@b.example", "meter-999999@b.example", "meter-7@nowhere.example"):
        refused(alone, scs, 105, "no-association", device=device)
