"""Act sixteen, second part, in one table: what a certificate, a revocation list or a responder can be like, what the gateway does about it and
says in its log, and what `mtcctl doctor` says to whoever asks why. The forms of a file that need no connection are in
tests/unit/doctor/test_file.c and tests/interop/openssl/test_certificates.py."""
import concurrent.futures
import json
import os
import socket
import ssl
import subprocess

import pytest

from lablib import lab as L
from lablib import proc
from lablib.pki import WITH_NEW_KEY, Pki
from support.ocsp import Responder
from support.tsp import Scs

IN, SHUT_OUT = "is let in", "is not let in"
EC, KEYS = WITH_NEW_KEY, {"P-384": ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp384r1"), "Ed25519": ("-newkey", "ed25519"),
                          "RSA": ("-newkey", "rsa:2048"), "RSA-PSS": ("-newkey", "rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048"),
                          "P-521": ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp521r1")}
LISTED = ("m", "stale")  # anchors with lists; each anchor has one SCS of its name
ASKED = ("revoked", "unknown", "delegate", "old", "missing")  # with a responder


def host(scs):
    return f"scs.{scs}.example"


class Made(Pki):
    """The certificates of the table."""

    def run(self, *words):
        done = subprocess.run(["openssl", *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (words, done.stderr)

    def authority(self, name, issuer=None, key=None, subject=None):
        """A CA below another one; with the key and the name of a third it is a cross-signed one."""
        by = ("-CA", self.path(issuer + ".pem"), "-CAkey", self.path(issuer + ".key")) if issuer else ()
        new = ("-key", self.path(key + ".key"), "-sha256") if key else (*EC, "-keyout", self.path(name + ".key"))
        self.run("req", "-x509", *by, *new, "-days", "90", "-subj", f"/O=matrix/CN={subject or name}", "-out", self.path(name + ".pem"), "-addext",
                 "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def keyed(self, name, kind, ca="m", more=()):
        """A leaf with another kind of key. more: extensions."""
        self.run("req", "-x509", "-CA", self.path(ca + ".pem"), "-CAkey", self.path(ca + ".key"), *KEYS[kind], "-noenc", "-sha256", "-keyout",
                 self.path(name + ".key"), "-days", "90", "-subj", f"/O=matrix/CN={name}", "-out", self.path(name + ".pem"), "-addext",
                 "basicConstraints=critical,CA:FALSE", "-addext", "keyUsage=critical,digitalSignature", "-addext", "extendedKeyUsage=clientAuth", "-addext",
                 f"subjectAltName=DNS:{host(ca)}", *(word for one in more for word in ("-addext", one)))

    def of(self, name, ca="m", usage="clientAuth", chain=(), **more):
        """A leaf, with these certificates behind it."""
        self.leaf(name, ca, more.pop("whose", host("m")), usage, **more)
        with open(self.path(name + ".pem"), "a", encoding="ascii") as out:
            for one in chain:
                with open(self.path(one + ".pem"), encoding="ascii") as f:
                    out.write(f.read())

    def everything(self):
        """First the CAs, then at the same time what they sign."""
        for scs in (*LISTED, *ASKED, "foreign"):
            self.authority(scs)
        self.authority("sub", "m", subject="sub")
        self.authority("sub-foreign", "foreign", key="sub", subject="sub")
        self.authority("bad-sub", "m")
        m = {"expired": {"dates": ("20200101000000Z", "20200201000000Z")}, "early": {"dates": ("20900101000000Z", "20900201000000Z")},
             "server": {"usage": "serverAuth"}, "other-name": {"whose": "scs.elsewhere.example"}, "wildcard": {"san": f"DNS:{host('m')},DNS:*.m.example"},
             "good": {}, "listed": {}, "below": {"ca": "sub", "chain": ["sub"]}, "below-bad": {"ca": "bad-sub", "chain": ["bad-sub"]},
             "crossed": {"ca": "sub", "chain": ["sub", "sub-foreign"]}, "crossed-away": {"ca": "sub", "chain": ["sub-foreign"]}}
        m |= {f"of-{scs}": {"ca": scs, "whose": host(scs)} for scs in ("stale", *ASKED)}
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            made = [pool.submit(self.of, name, **more) for name, more in m.items()] + [pool.submit(self.keyed, f"key-{kind}", kind) for kind in KEYS]
            made.append(pool.submit(self.leaf, "stranger", "foreign", "responder.example", "OCSPSigning"))
            for one in made:
                one.result()
        self.crl("m", ["listed", "bad-sub"], 16)
        for below in ("sub", "bad-sub"):  # with the certificate of the CA, which is no anchor
            with open(self.crl(below), "a", encoding="ascii") as out, open(self.path(below + ".pem"), encoding="ascii") as f:
                out.write(f.read())
        self.crl("stale", lasts_s=-30, began_s=-90)


class Matrix(L.Lab):
    pki = urls = None  # of a play

    def iwf_config(self):
        lists = {"m": "m.crl sub.crl bad-sub.crl", "stale": "stale.crl"}
        rows = [f"  - {{ name: {scs}, file: {self.pki.path(scs + '.pem')}, crl: [ {', '.join(map(self.pki.path, lists[scs].split()))} ] }}\n" for scs in LISTED]
        rows += [f"  - {{ name: {scs}, file: {self.pki.path(scs + '.pem')}, ocsp: '{self.urls[scs]}' }}\n" for scs in ASKED]
        return super().iwf_config().replace("trust_anchors:\n", "trust_anchors:\n" + "".join(rows), 1)

    def provision(self):
        for number, scs in enumerate((*LISTED, *ASKED)):
            done = self.mtcctl("scs", "add", scs, "--e164", f"4917299{number}", "--origin-host", host(scs), "--realm", "matrix.example", "--anchor", scs)
            assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def p(labs, tmp_path_factory):
    pki = Made(str(tmp_path_factory.mktemp("matrix")))
    pki.everything()
    with socket.socket() as closed:  # bound and not listening: nobody is there
        closed.bind(("127.0.0.1", 0))
        responders = {scs: Responder(pki, scs, [f"of-{scs}"]) for scs in ASKED if scs != "missing"}
        responders["revoked"].revoked.add("of-revoked")
        responders["unknown"].knows.clear()
        responders["delegate"].signer = "stranger"
        responders["old"].minutes = 0
        urls = {scs: r.url for scs, r in responders.items()} | {"missing": f"http://127.0.0.1:{closed.getsockname()[1]}/ocsp"}
        p = labs.up(kind=type("Play", (Matrix,), {"pki": pki, "urls": urls}), edges=1, timers_more=", ocsp: 10s, crl_check: 100ms, stats: 100ms",
                    iwf_more="ocsp: { refresh: 1s, retry: 1s, max_age: 8s }\n")
        p.made, p.responders = pki, responders
        yield p
        wrong = labs.down(p)
    for responder in responders.values():
        responder.close()
    assert not wrong, "\n".join(wrong)


def log(p):
    with open(p.lab["logs"]["mtc-iwfd"], encoding="utf-8", errors="replace") as f:
        return f.read()


def connects(p, name, scs):
    """With that certificate under the name of that SCS."""
    p.scs["row"] = {"cert": p.made.path(name + ".pem"), "key": p.made.path(name + ".key"), "origin_host": host(scs), "realm": "matrix.example"}
    try:
        one = Scs(p, "row")
        let_in = one.open() == 2001
        one.close()
        return IN if let_in else SHUT_OUT
    except (ssl.SSLError, EOFError, ConnectionError):
        return SHUT_OUT


def doctor(p, *words):
    """{cause: sentence and advice}"""
    done = subprocess.run([p.program("mtcctl"), "--json", "doctor", *words, "-c", p.lab["iwf"]["config"]], capture_output=True, text=True, timeout=proc.HANG_S,
                          check=False, stdin=subprocess.DEVNULL, env={**os.environ, "MTC_CTL": p.lab["iwf"]["ctl"]})
    rows = [json.loads(line) for line in done.stdout.splitlines()[:-1]]
    assert not [r for r in rows if r["level"] == "wrong" and not r["advice"]]
    return {r["cause"]: r["text"] for r in rows}


# certificate, SCS, what happens, words of the log (a reason of the decision log begins with =), whom the doctor is asked about (a name of the
# first column: that file), cause, words of its sentence
TABLE = [
    ("good", "m", IN, "", "good", "file-good", "is a good certificate"),
    ("expired", "m", SHUT_OUT, "expired", "expired", "file-expired", "at 2020-02-01"),
    ("early", "m", SHUT_OUT, "not yet valid", "early", "file-early", "at 2090-01-01"),
    ("server", "m", SHUT_OUT, "is not for a TLS client", "server", "file-purpose", "clientAuth"),
    ("other-name", "m", SHUT_OUT, "=name-not-proven", "m", "scs-name", "does not have the name scs.m.example"),
    ("wildcard", "m", SHUT_OUT, "wildcard in subjectAltName: dNSName '*.m.example'", "wildcard", "file-wildcard", "*.m.example"),
    ("listed", "m", SHUT_OUT, "is revoked since", "listed", "file-revoked", "is revoked since"),
    ("below", "m", IN, "", "below", "file-good", "is a good certificate"),
    ("below-bad", "m", SHUT_OUT, "CN=bad-sub", "below-bad", "file-revoked", "bad-sub"),
    ("crossed", "m", IN, "", "crossed", "file-good", "is a good certificate"),
    ("crossed-away", "m", SHUT_OUT, "does not chain to any configured anchor", "crossed-away", "file-issuer", "CN=foreign', which issued"),
    ("key-P-384", "m", IN, "", "key-P-384", "file-good", "is a good certificate"),
    ("key-RSA", "m", IN, "", "key-RSA", "file-good", "is a good certificate"),
    ("key-RSA-PSS", "m", IN, "", "key-RSA-PSS", "file-good", "is a good certificate"),
    ("key-Ed25519", "m", SHUT_OUT, "key ED25519, expected P-256", "key-Ed25519", "file-key-weak", "ED25519"),
    ("key-P-521", "m", SHUT_OUT, "key secp521r1, expected P-256", "key-P-521", "file-key-weak", "secp521r1"),
    ("of-stale", "stale", SHUT_OUT, "=revocation-unknown", "of-stale", "file-crl-stale", "out of date"),
    ("of-revoked", "revoked", SHUT_OUT, "(keyCompromise), says the OCSP responder of trust anchor 'revoked'", "revoked", "scs-ocsp-revoked", "is revoked, says the OCSP responder"),
    ("of-unknown", "unknown", SHUT_OUT, "is unknown to the OCSP responder", "unknown", "scs-ocsp-unknown", "does not know it"),
    ("of-delegate", "delegate", SHUT_OUT, "=revocation-unknown", "delegate", "ocsp-signer", "its signer is neither the CA"),
    ("of-missing", "missing", SHUT_OUT, "=revocation-unknown", "missing", "ocsp-silent", "cannot be reached"),
]


@pytest.mark.parametrize("name,scs,happens,words,about,cause,sentence", TABLE, ids=[row[0] for row in TABLE])
def test_a_row(p, name, scs, happens, words, about, cause, sentence):
    before, decisions = len(log(p)), len(p.decisions(action="session"))
    assert connects(p, name, scs) == happens, log(p)[before:]
    if words.startswith("="):
        proc.wait_until(f"the decision log says {words}", lambda: [d for d in p.decisions(action="session")[decisions:] if d["reason"] == words[1:] and
                                                                   d["scs"] == scs])
    else:
        proc.wait_until(f"the log says '{words}'", lambda: words in log(p)[before:])
    target = [p.made.path(about + ".pem")] if about == name else [about]
    proc.wait_until(f"doctor says {cause}", lambda: sentence in doctor(p, *target).get(cause, ""))


@pytest.mark.parametrize("ca", ["m", "old"])
def test_no_address_in_a_certificate_is_followed(p, ca):
    """Whoever has a certificate could make the gateway connect to where it says: neither for lists, nor for answers, nor for missing CAs."""
    with socket.create_server(("127.0.0.1", 0)) as there:
        url = f"http://127.0.0.1:{there.getsockname()[1]}/"
        p.made.keyed(f"points-{ca}", "RSA", ca, [f"authorityInfoAccess=OCSP;URI:{url},caIssuers;URI:{url}", f"crlDistributionPoints=URI:{url}"])
        before = len(log(p))
        happens = connects(p, f"points-{ca}", ca)
        assert happens == (IN if ca == "m" else SHUT_OUT)  # the responder of the other one was not told of it
        proc.wait_until("it was judged", lambda: (host("m") if ca == "m" else "CN=points-old") in log(p)[before:])
        assert f"points-{ca}" in str(doctor(p, p.made.path(f"points-{ca}.pem"))), "nor does doctor, which judged it, too"
        there.settimeout(0.3)
        with pytest.raises(TimeoutError):
            there.accept()


def test_an_answer_that_was_true_once(p):
    """An old answer is sent again: it is believed as long as ocsp.max_age, and no longer."""
    kept, responder = [], p.responders["old"]

    def again(request):
        kept[:] = kept or [responder.openssl(request)]
        return kept[0]
    responder.say = again
    assert connects(p, "of-old", "old") == IN
    proc.wait_until("it is not believed any more", lambda: connects(p, "of-old", "old") == SHUT_OUT)
    p.wait_decision(action="session", scs="old", reason="revocation-unknown")
    assert "ocsp.max_age is over" in log(p)
    proc.wait_until("doctor says ocsp-old", lambda: "it is out of date since" in doctor(p, "old").get("ocsp-old", ""))


def test_a_list_that_is_rolled_back(p):
    """It would let the revoked one in again."""
    p.made.crl("m", [], 15)
    proc.wait_until("the log refuses it", lambda: "is older than 0x10, which was in use; it is not taken" in log(p))
    assert connects(p, "listed", "m") == SHUT_OUT and connects(p, "good", "m") == IN
    assert "a new file of CRLs of trust anchor m cannot be used" in doctor(p)["health"]
    p.made.crl("m", ["listed", "bad-sub"], 17)
    proc.wait_until("a newer one is taken", lambda: p.ctl("status")[-1]["crls_refused"] == [])
