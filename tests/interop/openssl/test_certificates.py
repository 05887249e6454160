"""The tables of docs/user/certificates.md, row by row: what they say of a certificate is what our TLS does with it. Certificates are made by the
openssl command and shown by openssl s_client."""
import os
import re

import pytest

from test_openssl import ROOT, Pki, Server

DOCUMENT = os.path.join(ROOT, "docs", "user", "certificates.md")
CA = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n"
IDS = "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid:always\n"
NO_IDS = "subjectKeyIdentifier=none\nauthorityKeyIdentifier=none\n"


def rows(first):
    """The rows of the table whose head begins with the cell `first`."""
    found, inside = [], False
    with open(DOCUMENT, encoding="utf-8") as f:
        for line in f:
            cells = [c.strip() for c in line.strip().strip("|").split("|")]
            if not line.startswith("|"):
                inside = False
            elif cells[0] == first and "taken" in cells:
                inside = True
            elif inside and not cells[0].startswith("---"):
                found.append(cells)
    return found


KINDS, CHAINS = rows("key"), rows("sent by the SCS")


class Maker(Pki):
    """Pki with the kinds of keys, signatures and CAs that the tables speak of."""

    def __init__(self, folder):
        super().__init__(folder)
        self.authority("rsa", kind="RSA 2048")
        self.authority("root")
        self.authority("other")
        self.authority("intermediate", by="root")
        self.authority("intermediate signed by another root", by="other", key="intermediate", name="intermediate")
        self.authority("expired", by="root", key="intermediate", name="intermediate", dates=("20200101000000Z", "20200201000000Z"))
        for twin in ("twin 1", "twin 2"):
            self.authority(twin, name="twin", ids=NO_IDS)
        for i in range(1, 6):
            self.authority(f"CA {i}", by=f"CA {i - 1}" if i > 1 else "root")

    def key(self, name, kind):
        if kind.startswith("RSA"):
            self.run("genpkey", "-algorithm", kind.split()[0], "-pkeyopt", "rsa_keygen_bits:" + kind.split()[1], "-out", name + ".key")
        elif kind.startswith("Ed"):
            self.run("genpkey", "-algorithm", kind, "-out", name + ".key")
        else:
            super().key(name, kind)

    def issue(self, name, subject, ext, by, digest="sha256", dates=None):
        with open(self.path(name + ".ext"), "w", encoding="ascii") as f:
            f.write(ext)
        self.run("req", "-new", "-key", name + ".key", "-subj", f"/O=Test/CN={subject}", "-out", name + ".csr")
        if not dates:
            how = ["-CA", by + ".pem", "-CAkey", by + ".key", "-CAcreateserial"] if by else ["-signkey", name + ".key"]
            self.run("x509", "-req", "-in", name + ".csr", *how, "-days", "1", "-" + digest, "-extfile", name + ".ext", "-out", name + ".pem")
            return
        for f, text in (("index", ""), ("ca.cnf", "[ca]\ndefault_ca=d\n[d]\ndatabase=index\nrand_serial=yes\nnew_certs_dir=.\npolicy=p\n"
                                        "default_md=sha256\n[p]\norganizationName=optional\ncommonName=supplied\n")):
            with open(self.path(f), "w", encoding="ascii") as out:
                out.write(text)
        self.run("ca", "-batch", "-notext", "-config", "ca.cnf", "-cert", by + ".pem", "-keyfile", by + ".key", "-in", name + ".csr",
                 "-startdate", dates[0], "-enddate", dates[1], "-extfile", name + ".ext", "-out", name + ".pem")

    def authority(self, file, kind="P-256", by=None, key=None, name=None, ids=IDS, dates=None):
        if key:
            with open(self.path(key + ".key"), "rb") as f, open(self.path(file + ".key"), "wb") as out:
                out.write(f.read())
        else:
            self.key(file, kind)
        self.issue(file, name or file, CA + ids, by, dates=dates)

    def client(self, name, san="DNS:scs.example", kind="P-256", by="b", digest="sha256", ids=IDS):
        self.key(name, kind)
        self.issue(name, name, "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth\n" + ids +
                   (f"subjectAltName={san}\n" if san else ""), by, digest)

    def join(self, out, names):
        with open(self.path(out), "w", encoding="ascii") as f:
            for name in names:
                with open(self.path(name + ".pem"), encoding="ascii") as one:
                    f.write(one.read())


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    return Maker(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module")
def server(pki):
    s = Server(pki, "--tls12", "--anchor", "anchor-rsa=" + pki.path("rsa.pem"))
    yield s
    s.end()


def judge(server, taken, words, *options, cert, versions=("-tls1_3",)):
    options += ("-cipher", "ALL:@SECLEVEL=0")  # only lowers what s_client itself would refuse to load
    for version in versions:
        if taken == "yes":
            server.accepts(version, *options, cert=cert)
        else:
            assert taken == "no" and words.strip("`"), "what the log says is missing in the table"
            server.refuses(words.strip("`"), version, *options, cert=cert)


def names_of(cell):
    """`DNS:a` and 3 more dNSNames; none."""
    if cell == "none":
        return None
    literal, more = re.fullmatch(r"`([^`]+)`(?: and (\d+) more dNSNames)?", cell).groups()
    return ",".join([literal] + [f"DNS:n{i}.example" for i in range(int(more or 0))])


@pytest.mark.parametrize("place", range(len(KINDS)), ids=lambda i: "-".join(KINDS[i][:2] + [str(i)]).replace(" ", ""))
def test_a_row_about_a_certificate(server, pki, place):
    kind, signed, names, taken, words = KINDS[place]
    algorithm, digest = signed.split()
    pki.client(f"k{place}", names_of(names), kind, {"ECDSA": "b", "RSA": "rsa"}[algorithm], digest.replace("-", "").lower())
    # which keys may be used depends on the version, the rest of the judgement does not
    judge(server, taken, words, cert=f"k{place}", versions=("-tls1_3",) if kind == "P-256" else ("-tls1_3", "-tls1_2"))


@pytest.mark.parametrize("place", range(len(CHAINS)), ids=lambda i: f"{CHAINS[i][0]} to {CHAINS[i][1]}".replace(" ", "-"))
def test_a_row_about_a_chain(pki, place):
    sent, anchor, taken, words = CHAINS[place]
    leaf, *others = sent.split(", ")
    by = leaf[len("leaf of "):] if leaf.startswith("leaf of ") else "intermediate"
    name = f"c{place}"
    files = []
    for other in others:
        count = re.fullmatch(r"(\d) CAs", other)
        files += [f"CA {i}" for i in range(int(count.group(1)), 0, -1)] if count else [{"expired intermediate": "expired", "the same signed by ours": "intermediate"}.get(other, other)]
    pki.client(name, by=by, ids=NO_IDS if by.startswith("twin") else IDS)
    pki.join(name + "-anchor.pem", anchor.split(", "))
    pki.join(name + "-sent.pem", [name] + files)
    s = Server(pki, "--tls12", "--anchor", "anchor-chain=" + pki.path(name + "-anchor.pem"))
    try:
        judge(s, taken, words, "-cert_chain", pki.path(name + "-sent.pem"), cert=name)
    finally:
        s.end()


def test_the_tables_are_there():
    assert len(KINDS) > 15 and len(CHAINS) > 10
    assert {row[3] for row in KINDS} == {row[2] for row in CHAINS} == {"yes", "no"}
