"""The laboratory's certificates: an operator's CA, two trust anchors for SCSs, a wrong CA (profile: docs/user/certificates.md)."""
import os
import subprocess
import tempfile
import time

from .proc import LabError

# A new key and what is made with it, in one process: to start openssl takes most of its time.
WITH_NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc", "-sha256")


def _openssl(*arguments):
    done = subprocess.run(["openssl", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LabError(f"openssl {' '.join(arguments)} failed: {done.stderr.strip()}")


class Pki:
    """Certificates below one directory; a CA or leaf NAME is NAME.pem and NAME.key."""

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def good(self, names, seconds=86400):
        """Whether the certificates of these names are there and stay valid for so long."""
        return all(os.path.exists(self.path(name + ".pem")) and subprocess.run(
            ["openssl", "x509", "-checkend", str(seconds), "-noout", "-in", self.path(name + ".pem")], stdin=subprocess.DEVNULL,
            capture_output=True, check=False).returncode == 0 for name in names)

    def ca(self, name, subject):
        _openssl("req", "-x509", *WITH_NEW_KEY, "-keyout", self.path(name + ".key"), "-days", "365", "-subj", subject, "-out", self.path(name + ".pem"),
                 "-addext", "basicConstraints=critical,CA:TRUE,pathlen:0", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        return self.path(name + ".pem")

    def leaf(self, name, ca, host, usage, uris=(), san=None, dates=None):
        """One leaf certificate for `host`, issued by the CA of that name. `san` is the whole subjectAltName as OpenSSL's configuration takes it
        ("": none), `dates` its begin and end as YYYYMMDDHHMMSSZ. Returns (certificate, key)."""
        key, request, conf = self.path(name + ".key"), self.path(name + ".csr"), self.path(name + ".conf")
        names = "critical," + ",".join([f"DNS:{host}"] + [f"URI:{u}" for u in uris]) if san is None else san
        with open(conf, "w", encoding="ascii") as f:
            f.write(f"extensions=e\n[req]\ndistinguished_name=d\nx509_extensions=e\n[d]\n[e]\nbasicConstraints=critical,CA:FALSE\n"
                    f"keyUsage=critical,digitalSignature\nextendedKeyUsage={usage}\nauthorityKeyIdentifier=keyid\nsubjectKeyIdentifier=hash\n"
                    + (f"subjectAltName={names}\n" if names else ""))
        asked = ("req", "-config", conf, *WITH_NEW_KEY, "-keyout", key, "-subj", f"/O=laboratory/CN={host}")
        if dates:
            _openssl(*asked, "-new", "-out", request)
            self._issue(name, ca, request, conf, dates)
            os.unlink(request)
        else:
            _openssl(*asked, "-x509", "-CA", self.path(ca + ".pem"), "-CAkey", self.path(ca + ".key"), "-days", "90", "-out", self.path(name + ".pem"))
        os.unlink(conf)
        return self.path(name + ".pem"), key

    def _issue(self, name, ca, request, extensions, dates):
        """With `openssl ca`, which takes dates; its index and serial numbers are of this one certificate."""
        with tempfile.TemporaryDirectory(dir=self.folder) as books:
            open(os.path.join(books, "index"), "w", encoding="ascii").close()
            with open(os.path.join(books, "conf"), "w", encoding="ascii") as f:
                f.write(f"[ca]\ndefault_ca=c\n[c]\ndatabase={books}/index\nnew_certs_dir={books}\nrand_serial=yes\ndefault_md=sha256\n"
                        "policy=p\n[p]\norganizationName=optional\ncommonName=supplied\n")
            _openssl("ca", "-batch", "-notext", "-config", os.path.join(books, "conf"), "-in", request, "-cert", self.path(ca + ".pem"),
                     "-keyfile", self.path(ca + ".key"), "-startdate", dates[0], "-enddate", dates[1], "-extfile", extensions,
                     "-out", self.path(name + ".pem"))

    def crl(self, ca, revoked=(), number=1, target=None, lasts_s=86400, der=False, began_s=None, others=0):
        """The revocation list of the CA of that name, which lists the certificates of these names, as NAME.crl or `target`. It replaces the file in
        one step, and is out of date `lasts_s` from now. others: entries more, of
        certificates that nobody has."""
        target = target or self.path(ca + ".crl")
        now = time.time()
        dates = [time.strftime("%y%m%d%H%M%SZ", time.gmtime(now + s)) for s in (-60 if began_s is None else began_s, lasts_s)]
        with tempfile.TemporaryDirectory(dir=self.folder) as books:
            with open(os.path.join(books, "index"), "w", encoding="ascii") as f:
                for name in revoked:
                    serial = subprocess.run(["openssl", "x509", "-noout", "-serial", "-in", self.path(name + ".pem")], stdin=subprocess.DEVNULL,
                                            capture_output=True, text=True, check=True).stdout.strip().split("=")[1]
                    f.write(f"R\t301231000000Z\t{dates[0]},keyCompromise\t{serial}\tunknown\t/CN={name}\n")
                for n in range(others):
                    f.write(f"R\t301231000000Z\t{dates[0]},superseded\t{0x5000000000000000000000000000 + n:x}\tunknown\t/CN=nobody{n}\n")
            with open(os.path.join(books, "number"), "w", encoding="ascii") as f:
                f.write(f"{'' if len(f'{number:x}') % 2 == 0 else '0'}{number:x}\n")
            with open(os.path.join(books, "conf"), "w", encoding="ascii") as f:
                f.write(f"[ca]\ndefault_ca=c\n[c]\ndatabase={books}/index\ncrlnumber={books}/number\ndefault_md=sha256\ncrl_extensions=e\n"
                        "[e]\nauthorityKeyIdentifier=keyid\n")
            made = os.path.join(books, "crl")
            _openssl("ca", "-gencrl", "-config", os.path.join(books, "conf"), "-cert", self.path(ca + ".pem"), "-keyfile", self.path(ca + ".key"),
                     "-crl_lastupdate", dates[0], "-crl_nextupdate", dates[1], "-out", made)
            if der:
                _openssl("crl", "-in", made, "-outform", "DER", "-out", made)
            os.replace(made, target)
        return target
