"""Debian's freeDiameter beside nodes of ours that only keep connections (tests/tools/link_node): their configurations, their
processes, what they said. All ports are held for them: freeDiameter listens on every address whatever ListenOn says when that is a
loopback address, so addresses of its own would not keep two of them apart."""
import glob
import os
import shutil
import signal
import subprocess
import tempfile
import time

from lablib import pki, proc, relay
from lablib.ports import hold_ports
from lablib.play import read_json_lines

BUILD = os.environ.get("MTC_BUILD", os.path.join(os.path.dirname(__file__), "..", "..", "..", "build"))
REALM = "lab.test"
FD_HOST = "fd." + REALM
APPLICATION = "16777309"
# The profile of TS 33.210 in GnuTLS's words; the name of the signature scheme differs between TLS 1.2 and 1.3.
TLS_PRIO = ("NONE:+VERS-TLS1.3:+VERS-TLS1.2:+AEAD:+ECDHE-ECDSA:+ECDHE-RSA:+AES-128-GCM:+AES-256-GCM:+SIGN-ECDSA-SHA256:"
            "+SIGN-ECDSA-SECP256R1-SHA256:+SIGN-RSA-PSS-RSAE-SHA256:+GROUP-SECP256R1:+GROUP-X25519:+COMP-NULL:+CTYPE-X509")
SANITIZER_SIGNS = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "runtime error:", "Assertion")


def has_outside_address():
    """freeDiameter never announces a loopback address and does not start where there is no other."""
    shown = subprocess.run(["ip", "-o", "-4", "addr", "show", "scope", "global"], capture_output=True, text=True, check=False)
    return bool(shown.stdout.strip())


class Namespace:
    """Where the machine has only loopback: a network namespace with a second address, held by a process of ours."""

    def __init__(self, folder):
        self.prefix, self.holder = [], None
        if has_outside_address():
            return
        inside = ("ip link set lo up && (ip link add lab0 type dummy || ip link add lab0 type veth peer name lab1) && "
                  "ip addr add 10.77.9.1/24 dev lab0 && ip link set lab0 up && echo up && exec sleep 900")
        self.holder = proc.start("namespace", ["unshare", "--net", "sh", "-c", inside], folder)
        proc.wait_until("the namespace is up", lambda: "up" in read_text(self.holder["out"]), entries=[self.holder])
        self.prefix = ["nsenter", "--net", f"--target={self.holder['pid']}"]

    def close(self):
        if self.holder:
            proc.end([self.holder])


def read_text(path):
    with open(path, errors="replace", encoding="utf-8") as f:
        return f.read()


def cross_certify(certificate, subject_ca, issuer_ca):
    """The key of one CA under the signature of another: GnuTLS takes a list of anchors only where each is issued by the next. All names
    are paths without ".pem" and ".key"."""
    request, extensions = certificate + ".csr", proc.write(certificate + ".ext", "basicConstraints=critical,CA:TRUE\n")
    for command in (["-x509toreq", "-in", subject_ca + ".pem", "-signkey", subject_ca + ".key", "-out", request],
                    ["-req", "-sha256", "-in", request, "-CA", issuer_ca + ".pem", "-CAkey", issuer_ca + ".key", "-CAcreateserial",
                     "-days", "90", "-extfile", extensions, "-out", certificate + ".pem"]):
        subprocess.run(["openssl", "x509", *command], check=True, capture_output=True)


def configuration(folder, name, host, realm, ports, certificate, anchors, connect):
    """Writes the configuration of one freeDiameter and returns its path. `certificate` and `anchors` are paths without ".pem"; `anchors`
    are one list, each issued by the next. Whoever is of this realm may connect."""
    acl = proc.write(os.path.join(folder, name + "-acl.conf"), f"ALLOW_IPSEC *.{realm}\n")
    trusted = proc.write(os.path.join(folder, name + "-ca.pem"), "".join(read_text(a + ".pem") for a in anchors))
    return proc.write(os.path.join(folder, name + ".conf"), f"""Identity = "{host}";
Realm = "{realm}";
Port = {ports[0]};
SecPort = {ports[1]};
No_SCTP;
No_IPv6;
ListenOn = "127.0.0.1";
TwTimer = 6;
TcTimer = 2;
TLS_Cred = "{certificate}.pem", "{certificate}.key";
TLS_CA = "{trusted}";
TLS_Prio = "{TLS_PRIO}";
LoadExtension = "acl_wl.fdx" : "{acl}";
LoadExtension = "dbg_msg_dumps.fdx" : "0x0080";
{connect}""")


class Node:
    """One link_node; `name` is its file name and the first label of its host."""

    def __init__(self, stack, name, tls, watchdog_ms, connect_to=None, ca="ca"):
        self.name, self.host, self.tls = name, f"{name}.{REALM}", tls
        command = [os.path.join(BUILD, "tests", "tools", "link_node"), "--host", self.host, "--realm", REALM,
                   "--application", APPLICATION, "--watchdog-ms", str(watchdog_ms), "--reconnect-ms", "1000"]
        if tls:
            certificate, key = stack.pki.leaf(name, ca, self.host, "serverAuth,clientAuth")
            command += ["--cert", certificate, "--key", key, "--anchor", stack.pki.path("ca.pem")]
        if connect_to:
            command += ["--connect", connect_to, "--peer-host", FD_HOST, "--peer-realm", REALM]
        else:
            command += ["--listen", "127.0.0.1:0"]
        self.entry = proc.start(name, stack.namespace.prefix + command, stack.logs)
        if not connect_to:
            _, self.port = proc.wait_ready(self.entry)

    def events(self, kind):
        return [e for e in read_json_lines(self.entry["out"]) if e.get("event") == kind]

    def wait(self, kind, count, wait_s, fits=lambda event: True):
        """The `count`th event of this kind that fits."""
        def look():
            found = [e for e in self.events(kind) if fits(e)]
            return found[count - 1] if len(found) >= count else None
        return proc.wait_until(f"{self.name}: {kind} number {count}", look, wait_s, [self.entry])

    def signal(self, signum):
        os.kill(self.entry["pid"], signum)

    def alive(self):
        return proc.alive(self.entry)


class Stack:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="mtc-fd-")
        self.logs = os.path.join(self.folder, "log")
        self.pki = pki.Pki(os.path.join(self.folder, "pki"))
        self.namespace = Namespace(self.logs)
        self.nodes, self.others = {}, []
        self.port, self.sec_port = hold_ports(2)
        self.pki.ca("ca", "/O=lab/CN=lab CA")
        self.pki.ca("wrong-ca", "/O=lab/CN=wrong CA")
        self.pki.leaf("fd", "ca", FD_HOST, "serverAuth,clientAuth")

    def node(self, name, **kwargs):
        self.nodes[name] = Node(self, name, **kwargs)
        return self.nodes[name]

    def start_freediameter(self, name, peers, ports, certificate="fd", anchors=("ca",)):
        """`peers` are nodes that freeDiameter connects to; those that connect to it need no line."""
        lines = "".join(f'ConnectPeer = "{n.host}" {{ ConnectTo = "127.0.0.1"; Port = {n.port}; {"" if n.tls else "No_TLS; "}}};\n'
                        for n in peers)
        conf = configuration(self.folder, name, FD_HOST, REALM, ports, self.pki.path(certificate), [self.pki.path(a) for a in anchors],
                             lines)
        entry = proc.start(name, self.namespace.prefix + relay.freediameter(conf), self.logs)
        self.others.append(entry)
        return entry

    def close(self):
        """Ends everything; returns what was wrong."""
        wrong = [f"{name} did not end by itself" for name in proc.end([n.entry for n in self.nodes.values()])]
        proc.end(self.others)
        self.namespace.close()
        for path in sorted(glob.glob(os.path.join(self.logs, "*.log"))):
            text = read_text(path)
            wrong += [f"{path}: {text[text.index(sign):][:2000]}" for sign in SANITIZER_SIGNS if sign in text]
        if not wrong:
            shutil.rmtree(self.folder)
        return wrong


def end_in_order(entry, wait_s=proc.HANG_S):
    """SIGTERM to one process; True when it went by itself."""
    os.kill(entry["pid"], signal.SIGTERM)
    deadline = time.monotonic() + wait_s
    while proc.alive(entry) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not proc.alive(entry)
