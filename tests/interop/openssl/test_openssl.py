"""Our TLS streams (tests/tools/tls_echo) against the openssl command line: the rows of nds-profile section 9 that need no Diameter.

openssl s_client and s_server know nothing of our code; certificates are made by openssl req and openssl x509."""
import json
import os
import select
import signal
import subprocess

import pytest
from lablib import proc

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
BUILD = os.environ.get("MTC_BUILD", os.path.join(ROOT, "build"))
ECHO = os.path.join(BUILD, "tests", "tools", "tls_echo")


class Pki:
    """Certificates by the openssl command; files are NAME.pem and NAME.key."""

    def __init__(self, folder):
        self.dir = str(folder)
        self.ca("a")
        self.ca("b")
        self.ca("wrong")
        self.leaf("iwf", "a", "DNS:iwf.example", "serverAuth,clientAuth")
        self.leaf("scs", "b", "DNS:scs.example,URI:urn:mtc:group:meters", "clientAuth")

    def path(self, name):
        return os.path.join(self.dir, name)

    def run(self, *args):
        subprocess.run(["openssl", *args], cwd=self.dir, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       timeout=proc.HANG_S)

    def key(self, name, kind):
        if kind.startswith("rsa"):
            self.run("genpkey", "-algorithm", "RSA", "-pkeyopt", f"rsa_keygen_bits:{kind[3:]}", "-out", name + ".key")
        else:
            self.run("genpkey", "-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{kind}", "-out", name + ".key")

    def ca(self, name):
        self.key(name, "P-256")
        self.run("req", "-x509", "-new", "-key", name + ".key", "-subj", f"/O=Test/CN=CA {name}", "-days", "2", "-out", name + ".pem",
                 "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def leaf(self, name, ca, san, eku, kind="P-256", digest="sha256", dates=None):
        with open(self.path(name + ".ext"), "w", encoding="ascii") as f:
            f.write("basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n")
            f.write(f"subjectAltName={san}\n" if san else "")
            f.write(f"extendedKeyUsage={eku}\n" if eku else "")
        self.key(name, kind)
        self.run("req", "-new", "-key", name + ".key", "-subj", f"/O=Test/CN={name}", "-out", name + ".csr")
        if not dates:
            self.run("x509", "-req", "-in", name + ".csr", "-CA", ca + ".pem", "-CAkey", ca + ".key", "-CAcreateserial", "-days", "1",
                     "-" + digest, "-extfile", name + ".ext", "-out", name + ".pem")
            return
        for f, text in (("index", ""), ("serial", "01\n"), ("ca.cnf", "[ca]\ndefault_ca=d\n[d]\ndatabase=index\nserial=serial\n"
                                                            "new_certs_dir=.\npolicy=p\ndefault_md=sha256\n[p]\ncommonName=supplied\n")):
            with open(self.path(f), "w", encoding="ascii") as out:
                out.write(text)
        self.run("ca", "-batch", "-config", "ca.cnf", "-cert", ca + ".pem", "-keyfile", ca + ".key", "-in", name + ".csr",
                 "-startdate", dates[0], "-enddate", dates[1], "-extfile", name + ".ext", "-notext", "-out", name + ".pem")


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    return Pki(tmp_path_factory.mktemp("pki"))


def ours(role, pki, cert, *more):
    return [ECHO, role, "--cert", pki.path(cert + ".pem"), "--key", pki.path(cert + ".key"), "--anchor", "anchor-a=" + pki.path("a.pem"),
            "--anchor", "anchor-b=" + pki.path("b.pem"), *more]


class Server:
    """Our echo server; what it says about each connection."""

    def __init__(self, pki, *more, cert="iwf"):
        self.pki = pki
        self.process = subprocess.Popen(ours("server", pki, cert, *more), stdout=subprocess.PIPE, bufsize=0)
        self.port = self.event()["port"]

    def event(self):
        assert select.select([self.process.stdout], [], [], proc.HANG_S)[0], "the server said nothing"
        return json.loads(self.process.stdout.readline())

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(proc.HANG_S) == 0

    def client(self, *options, cert="scs", text=b"hello\n"):
        """openssl s_client sends `text` and waits for its echo. Returns all it printed."""
        args = ["openssl", "s_client", "-connect", f"127.0.0.1:{self.port}", "-servername", "iwf.example", "-CAfile",
                self.pki.path("a.pem"), "-verify_return_error", *options]
        if cert:
            args += ["-cert", self.pki.path(cert + ".pem"), "-key", self.pki.path(cert + ".key")]
        p = subprocess.Popen(args, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        said, patience = b"", proc.Patience(proc.HANG_S)
        try:
            p.stdin.write(text)
            p.stdin.flush()
        except BrokenPipeError:
            pass
        while text not in said and not patience.is_over():
            if select.select([p.stdout], [], [], 0.1)[0]:
                piece = os.read(p.stdout.fileno(), 65536)
                if not piece:
                    break
                said += piece
        try:
            p.stdin.close()
        except BrokenPipeError:
            pass
        said += p.stdout.read()
        p.wait(proc.HANG_S)
        return said.decode(errors="replace")

    def accepts(self, *options, **more):
        said = self.client(*options, **more)
        first = self.event()
        assert first["event"] == "open", (first, said)
        assert "hello" in said
        assert self.event()["why"] == "closed by the other side"
        return first, said

    def refuses(self, words, *options, **more):
        said = self.client(*options, **more)
        first = self.event()
        assert first["event"] == "close", said
        assert words in first["why"], first
        assert "hello" not in said
        return said


@pytest.fixture(scope="module")
def server(pki):
    s = Server(pki, "--tls12")
    yield s
    s.end()


@pytest.fixture(scope="module")
def server13(pki):
    s = Server(pki)
    yield s
    s.end()


def test_tls13_with_a_certificate_is_accepted_and_known(server):
    first, said = server.accepts("-tls1_3")
    assert first["name"] == "scs.example" and first["anchors"] == ["anchor-b"] and first["groups"] == 1
    assert "New, TLSv1.3, Cipher is TLS_AES_128_GCM_SHA256" in said
    assert "Verification: OK" in said or "Verify return code: 0" in said


def test_tls12_where_it_is_allowed_and_nowhere_else(server, server13):
    _, said = server.accepts("-tls1_2")
    assert "ECDHE-ECDSA-AES128-GCM-SHA256" in said and "Secure Renegotiation IS supported" in said
    assert "Extended master secret: yes" in said and "Compression: NONE" in said
    server13.refuses("no TLS version in common", "-tls1_2")
    server13.accepts("-tls1_3")


@pytest.mark.parametrize("version", ["-tls1", "-tls1_1"])
def test_older_versions_are_refused(server, version):
    server.refuses("no TLS version in common", version, "-cipher", "ALL:@SECLEVEL=0")


@pytest.mark.parametrize("suite", ["ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-AES256-SHA", "AES128-GCM-SHA256", "AES128-SHA", "DHE-RSA-AES128-GCM-SHA256",
                                   "ECDHE-ECDSA-CHACHA20-POLY1305"])
def test_suites_outside_the_profile_are_refused(server, suite):
    server.refuses("no cipher suite in common", "-tls1_2", "-cipher", suite + ":@SECLEVEL=0")


@pytest.mark.parametrize("suite", ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"])
def test_suites_of_tls13(server, suite):
    _, said = server.accepts("-tls1_3", "-ciphersuites", suite)
    assert suite in said


@pytest.mark.parametrize("group,accepted", [("P-256", True), ("X25519", True), ("P-384", True), ("P-521", False), ("ffdhe2048", False),
                                            ("X448", False)])
def test_groups(server, group, accepted):
    if accepted:
        server.accepts("-tls1_3", "-groups", group)
    else:
        server.refuses("no key exchange group in common", "-tls1_3", "-groups", group)


@pytest.mark.parametrize("version,sigalgs", [("-tls1_2", "ECDSA+SHA1:RSA+SHA1"), ("-tls1_2", "ECDSA+SHA512"), ("-tls1_3", "ECDSA+SHA512")])
def test_sha1_and_p521_signatures_are_refused(server, version, sigalgs):
    server.refuses("no signature algorithm in common", version, "-sigalgs", sigalgs, "-cipher", "ALL:@SECLEVEL=0")


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_no_certificate_is_refused(server, version):
    said = server.refuses("no certificate given", version, cert=None)
    assert "alert" in said


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
@pytest.mark.parametrize("name,words,make", [
    ("foreign", "does not chain to any configured anchor", {"ca": "wrong"}),
    ("old", "expired", {"dates": ("20200101000000Z", "20200201000000Z")}),
    ("early", "is not yet valid", {"dates": ("20980101000000Z", "20990101000000Z")}),
    ("purpose", "is not for a TLS client", {"eku": "serverAuth"}),
    ("no-eku", "extendedKeyUsage lacks clientAuth", {"eku": None}),
    ("no-san", "no dNSName in subjectAltName", {"san": None}),
    ("wildcard", "wildcard in subjectAltName", {"san": "DNS:*.example"}),
    ("many", "more than 32 dNSNames", {"san": ",".join(f"DNS:n{i}.example" for i in range(33))}),
    ("small", "key RSA of 1024 bits, expected P-256, P-384 or RSA of at least 2048 bits", {"kind": "rsa1024"}),
    ("sha1", "signature ecdsa-with-SHA1, expected ECDSA or RSA with SHA-256 or SHA-384", {"digest": "sha1"}),
])
def test_bad_client_certificates_are_refused_in_words(server, pki, name, words, make, version):
    if not os.path.exists(pki.path(name + ".pem")):
        pki.leaf(name, **{"ca": "b", "san": "DNS:scs.example", "eku": "clientAuth", **make})
    # -cipher only lowers what s_client itself would refuse to load
    server.refuses(words, version, "-cipher", "ALL:@SECLEVEL=0", cert=name)


def test_an_rsa_client_signs_with_pss(server, pki):
    pki.leaf("rsa", "a", "DNS:rsa.example", "clientAuth", kind="rsa2048")
    for version in ("-tls1_2", "-tls1_3"):
        first, _ = server.accepts(version, cert="rsa")
        assert first["anchors"] == ["anchor-a"]
    server.refuses("PKCS#1 v1.5", "-tls1_2", "-sigalgs", "ECDSA+SHA256:RSA+SHA256", cert="rsa")


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_no_ticket_is_given_and_no_session_resumed(server, version):
    session = server.pki.path("session" + version)
    _, said = server.accepts(version, "-sess_out", session)
    assert "New Session Ticket arrived" not in said and "TLS session ticket:" not in said
    if os.path.exists(session):
        _, said = server.accepts(version, "-sess_in", session)
        assert "Reused" not in said


def test_renegotiation_is_refused(server):
    said = server.client("-tls1_2", text=b"R\n")
    assert "no renegotiation" in said
    assert server.event()["event"] == "open"
    assert server.event()["event"] == "close"


def test_an_application_protocol_is_refused(server):
    server.refuses("no application protocol", "-alpn", "http/1.1")


# --- our client against openssl s_server ---------------------------------------------------------------------------------------


class Foreign:
    """openssl s_server that sends each line back, reversed."""

    def __init__(self, pki, cert, *options):
        self.process = subprocess.Popen(["openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", pki.path(cert + ".pem"), "-key",
                                         pki.path(cert + ".key"), "-CAfile", pki.path("b.pem"), "-Verify", "2", "-verify_return_error",
                                         "-rev", *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        for line in self.process.stdout:
            if line.startswith(b"ACCEPT "):
                self.port = int(line.rsplit(b":", 1)[1])
                break

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.stdout.close()
        self.process.wait(proc.HANG_S)


def our_client(pki, port, *more, cert="scs", name="iwf.example"):
    p = subprocess.run(ours("client", pki, cert, "--connect", str(port), "--name", name, "--text", "hello\n", *more),
                       stdout=subprocess.PIPE, timeout=proc.HANG_S, check=False)
    return p.returncode, [json.loads(line) for line in p.stdout.splitlines()]


def test_our_client_and_s_server(pki):
    for options, more in ((["-tls1_3"], []), (["-tls1_2"], ["--tls12"])):
        with Foreign(pki, "iwf", *options) as s:
            code, events = our_client(pki, s.port, *more)
            assert code == 0 and events[0]["event"] == "open" and events[0]["anchors"] == ["anchor-a"]
            assert events[1] == {"event": "echo", "octets": 6}


@pytest.mark.parametrize("options,more", [(["-tls1_2"], []), (["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], ["--tls12"]),
                                          (["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA256"], ["--tls12"])])
def test_our_client_refuses_what_is_outside_the_profile(pki, options, more):
    with Foreign(pki, "iwf", *options) as s:
        code, events = our_client(pki, s.port, *more)
        assert code == 4 and [e["event"] for e in events] == ["close"]


@pytest.mark.parametrize("name,words,make", [
    ("s-foreign", "does not chain to any configured anchor", {"ca": "wrong"}),
    ("s-old", "expired", {"dates": ("20200101000000Z", "20200201000000Z")}),
    ("s-purpose", "is not for a TLS server", {"eku": "clientAuth"}),
    ("s-name", "expected 'iwf.example'", {"san": "DNS:other.example"}),
    ("s-wildcard", "wildcard in subjectAltName", {"san": "DNS:*.example"}),
    ("s-no-san", "no dNSName", {"san": None}),
])
def test_our_client_refuses_bad_servers_in_words(pki, name, words, make):
    pki.leaf(name, **{"ca": "a", "san": "DNS:iwf.example", "eku": "serverAuth", **make})
    with Foreign(pki, name) as s:
        code, events = our_client(pki, s.port)
        assert code == 4 and len(events) == 1 and words in events[0]["why"]


def test_our_client_hears_that_it_was_refused(pki):
    pki.leaf("stranger", "wrong", "DNS:scs.example", "clientAuth")
    with Foreign(pki, "iwf", "-tls1_3") as s:
        code, events = our_client(pki, s.port, cert="stranger")
        assert code == 4 and "refused by the other side" in events[-1]["why"]
