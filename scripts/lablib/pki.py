"""The laboratory's certificates: an operator's CA, two trust anchors for SCSs, a wrong CA (profile: docs/user/certificates.md)."""
import os
import subprocess

from .proc import LabError

CURVE = "prime256v1"


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

    def _key(self, name):
        key = self.path(name + ".key")
        _openssl("ecparam", "-name", CURVE, "-genkey", "-noout", "-out", key)
        os.chmod(key, 0o600)
        return key

    def ca(self, name, subject):
        key = self._key(name)
        _openssl("req", "-x509", "-new", "-sha256", "-key", key, "-days", "365", "-subj", subject, "-out", self.path(name + ".pem"),
                 "-addext", "basicConstraints=critical,CA:TRUE,pathlen:0", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        return self.path(name + ".pem")

    def leaf(self, name, ca, host, usage, uris=()):
        """One leaf certificate for `host`, issued by the CA of that name. Returns (certificate, key)."""
        key = self._key(name)
        request, extensions = self.path(name + ".csr"), self.path(name + ".ext")
        names = ",".join([f"DNS:{host}"] + [f"URI:{u}" for u in uris])
        with open(extensions, "w", encoding="ascii") as f:
            f.write(f"basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage={usage}\n"
                    f"subjectAltName=critical,{names}\nauthorityKeyIdentifier=keyid\nsubjectKeyIdentifier=hash\n")
        _openssl("req", "-new", "-key", key, "-subj", f"/O=laboratory/CN={host}", "-out", request)
        _openssl("x509", "-req", "-sha256", "-in", request, "-CA", self.path(ca + ".pem"), "-CAkey", self.path(ca + ".key"),
                 "-CAcreateserial", "-days", "90", "-extfile", extensions, "-out", self.path(name + ".pem"))
        os.unlink(request)
        os.unlink(extensions)
        return self.path(name + ".pem"), key
