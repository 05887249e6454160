"""Nothing internal is sent to an SCS. Every laboratory of every play is searched when it ends (Labs.down in tests/conftest.py, support/tap.py);
here are the search itself, and what an SCS sees before it says anything: the certificate request."""
import os
import subprocess

import pytest
from lablib import lab as L
from lablib import proc
from support import diameter as D
from support import tap
from support.diameter import avp, gpp, message
from support.tsp import Scs, action, request_status, tbcd

ACME = message(D.CER, 0, D.REQUEST, [avp(264, "scs.acme.example"), avp(296, "acme.example")])
BETA = message(D.CER, 0, D.REQUEST, [avp(264, "scs.beta.example"), avp(296, "beta.example")])
CEA = message(D.CER, 0, 0, [avp(268, 2001), avp(264, "iwf.operator.example"), avp(296, "operator.example"), avp(257, b"\0\1\x7f\0\0\1")])


def answer(*avps):
    return message(D.DAR, D.TSP, D.PROXIABLE, [avp(263, "scs.acme.example;1;1"), *avps])


def leaks(folder, *connections):
    """What is found when SCSs wrote and read these octets."""
    os.mkdir(os.path.join(folder, "tap"))
    for i, (written, got, *handshake) in enumerate(connections):
        for direction, octets in (("written", written), ("read", got), *(("handshake", h) for h in handshake)):
            with open(os.path.join(folder, "tap", f"{i}.{direction}"), "wb") as f:
                f.write(octets)
    scs = [{"name": name, "origin_host": host, "realm": realm, "e164": e164, "anchor": anchor, "provisioned": True}
           for name, host, realm, e164, anchor, _ in L.PROVISIONED]
    return tap.leaks({"dir": str(folder), "scs": scs})


@pytest.mark.once
@pytest.mark.parametrize("what,sent", [
    ("a name of the inner network", avp(281, "hss.core.operator.example does not answer")),
    ("a name of the inner network", avp(279, [avp(264, "SMSSC.Core.Operator.Example")])),
    ("an IMSI", avp(281, "no subscriber " + L.imsi(7))),
    ("an IMSI in TBCD", gpp(3102, [avp(1, tbcd(L.imsi(7)))])),
    ("the number of the SMS-SC", avp(281, "submitted to " + L.SMSSC_NUMBER)),
    ("the number of the MME", gpp(1489, tbcd(L.MME_NUMBER))),
    ("a trust anchor", avp(281, "anchor-a does not fit")),
    ("the number of a device", avp(281, L.msisdn(7))),
    ("the number of a device in TBCD", gpp(3002, [gpp(701, tbcd(L.msisdn(7)))])),
    ("a host of another SCS", avp(281, "the device is that of scs.beta.example")),
    ("a realm of another SCS", avp(281, "*@beta.example")),
    ("the SCS-Identity of another SCS", gpp(3104, tbcd("491720000002"))),
    ("the name of another SCS", avp(281, "reference 7 is in use by beta")),
])
def test_a_leak_is_found(tmp_path, what, sent):
    found = leaks(tmp_path, (ACME, CEA + answer(avp(268, 2001)) + answer(sent)))
    assert len(found) >= 1 and all(what in f for f in found[:1]), found


@pytest.mark.once
def test_a_leak_to_nobody_and_behind_half_a_message_is_found(tmp_path):
    assert leaks(tmp_path, (b"", CEA[:30] + b"hss.core.operator.example"))


@pytest.mark.once
@pytest.mark.parametrize("what,sent", [
    ("a trust anchor", b"\x0d\x00\x00\x20 ... CN=anchor-b ..."),  # a list of CAs in a certificate request
    ("the subject of a CA", b"\x0d\x00\x00\x20 ... CN=trust anchor b ..."),
    ("a host of another SCS", b"\x0b ... DNS:scs.beta.example ..."),  # a certificate
    ("a name of the inner network", b"\x0b ... DNS:iwf.core.operator.example ..."),
])
def test_a_leak_in_a_handshake_is_found(tmp_path, what, sent):
    found = leaks(tmp_path, (ACME, CEA, sent))
    assert found and what in found[0], found


def handshakes(lab, host):
    """The types of the handshake messages that connections of this SCS read, one set for each connection."""
    found = []
    for _, _, written, octets in tap.heard(lab.lab["dir"]):
        if tap.origin_host(written) == host:
            found.append(set())
            while octets:
                found[-1].add(octets[0])
                octets = octets[4 + int.from_bytes(octets[1:4], "big"):]
    return found


def test_the_handshakes_of_all_scss_are_heard(lab):
    """Also what is encrypted in TLS 1.3: the certificate (11) and the request for one (13)."""
    Scs.opened(lab, "beta").close()
    assert handshakes(lab, b"scs.beta.example") and all({11, 13} <= one for one in handshakes(lab, b"scs.beta.example"))
    assert lab.trigger("acme", device="meter-7@a.example", wait=proc.HANG_S).outcome == "SUCCESS"
    if os.path.exists(tap.SHIM):
        assert handshakes(lab, b"scs.acme.example") and all({11, 13} <= one for one in handshakes(lab, b"scs.acme.example"))


def test_error_messages_and_failed_avps_are_heard(lab):
    """Errors of the base protocol repeat what was asked and say what was wrong: both are searched, too."""
    scs = Scs.opened(lab, "beta")
    m = scs.dar(action(device="meter-702@b.example"), more=[avp(99999, "unknown, and mandatory")])
    assert m.result == 5001 and m.data(279) and m.text(281), m.avps
    assert any(m.octets in got for _, got, _, _ in tap.heard(lab.lab["dir"]))
    scs.close()


@pytest.mark.once
def test_what_an_scs_says_itself_is_no_leak(tmp_path):
    asked = message(D.DAR, D.TSP, D.REQUEST, [gpp(3001, action(msisdn=L.msisdn(7)))])
    told = answer(gpp(3002, [gpp(701, tbcd(L.msisdn(7))), gpp(3104, tbcd("491720000001"))]))
    assert leaks(tmp_path, (ACME + asked, CEA + told), (ACME, CEA + told), (BETA, CEA)) == []


@pytest.mark.once
def test_what_another_scs_says_is_a_leak(tmp_path):
    asked = message(D.DAR, D.TSP, D.REQUEST, [gpp(3001, action(msisdn=L.msisdn(7)))])
    assert leaks(tmp_path, (BETA + asked, CEA), (ACME, CEA + answer(gpp(3002, [gpp(701, tbcd(L.msisdn(7)))]))))


def commands(octets):
    """(command, request?) of each message."""
    found = []
    while octets:
        length = int.from_bytes(octets[1:4], "big")
        m = D.Message(octets[:length])
        found.append((m.code, bool(m.flags & D.REQUEST)))
        octets = octets[length:]
    return found


def test_all_that_scss_are_sent_is_heard(lab):
    """By hand, and by mtc-scs where it can be listened to: not in a build with a sanitizer."""
    scs = Scs.opened(lab, "beta")
    assert request_status(scs.dar(action(device="meter-701@b.example"))) == 0
    scs.close()
    assert lab.trigger("acme", device="meter-7@a.example", wait=proc.HANG_S).outcome == "SUCCESS"
    by_host = {}
    for _, got, written, _ in tap.heard(lab.lab["dir"]):
        by_host.setdefault(tap.origin_host(written), []).extend(commands(got))
    assert {(D.CER, False), (D.DAR, False)} <= set(by_host[b"scs.beta.example"])
    if os.path.exists(tap.SHIM):
        assert {(D.CER, False), (D.DAR, False), (D.DNR, True)} <= set(by_host[b"scs.acme.example"])


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_the_certificate_request_names_no_trust_anchor(lab, version):
    """Whoever connects sees it: a list of CAs would say who the other customers are."""
    tsp, acme = lab.lab["iwf"]["tsp"], lab.scs["acme"]
    done = subprocess.run(["openssl", "s_client", "-connect", f"{tsp['address']}:{tsp['port']}", "-CAfile", lab.lab["ca"], "-cert", acme["cert"],
                           "-key", acme["key"], version], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=proc.HANG_S, check=False)
    assert "No client certificate CA names sent" in done.stdout, done
    assert "Client Certificate Types" in done.stdout or "Requested Signature Algorithms" in done.stdout, "it asks for no certificate"
    for anchor in ("trust anchor", "anchor-a", "anchor-b", L.CORE_REALM):
        assert anchor not in done.stdout, anchor
