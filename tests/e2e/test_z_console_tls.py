"""The web console over HTTPS: log-in by client certificate, sessions that belong to one certificate, and certificates, keys and clients that are
wrong. The clients are Python's ssl and `openssl s_client`."""
import errno
import os
import shutil
import socket
import ssl
import subprocess
import tempfile

import pytest
from lablib import proc
from lablib.pki import Pki
from support import console as C
from test_z_console import CONSOLE_UID, console_of, gateway_of

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="other users can be played by root only")
PAST = ("20200101000000Z", "20210101000000Z")



@pytest.fixture(scope="module")
def pki():
    """The console's certificate; clients of the right CA, and others."""
    folder = tempfile.mkdtemp(prefix="mtc-console-pki-")
    os.chmod(folder, 0o755)
    p = Pki(folder)
    p.ca("ca", "/CN=ca of persons")
    p.ca("other", "/CN=ca of persons")  # has the name of the right one
    p.leaf("console", "ca", "console.example", "serverAuth", san="DNS:console.example,IP:127.0.0.1")
    for name, san in (("alice", "email:alice@noc.example"), ("bob", ""), ("carol", ""), ("dave", "email:dave@noc.example"),
                      ("twins", "email:alice@noc.example,DNS:bob.noc.example"), ("crowd", ",".join(f"DNS:n{n}.example" for n in range(40)))):
        p.leaf(name, "ca", name, "clientAuth", san=san)
    p.leaf("server", "ca", "server", "serverAuth", san="email:alice@noc.example")
    p.leaf("foreign", "other", "foreign", "clientAuth", san="email:alice@noc.example")
    p.leaf("late", "ca", "late", "clientAuth", san="email:alice@noc.example", dates=PAST)
    for name in ("console.key", "console.pem", "ca.pem"):
        os.chown(p.path(name), CONSOLE_UID, -1)
    yield p
    shutil.rmtree(folder)


def tls_conf(pki):
    digits = subprocess.run(["openssl", "x509", "-in", pki.path("carol.pem"), "-noout", "-fingerprint", "-sha256"], capture_output=True, text=True,
                            check=True, stdin=subprocess.DEVNULL).stdout.strip().split("=")[1].replace(":", "")
    return f"""listen_tls: {{ enabled: yes, port: 0, certificate: {pki.path('console.pem')}, key: {pki.path('console.key')}, client_ca: {pki.path('ca.pem')} }}
certificates:
  - {{ match: "email:alice@noc.example", person: alice, role: operate }}
  - {{ match: "subject:CN=bob,O=laboratory", person: bob, role: read }}
  - {{ match: "dns:bob.noc.example", person: bob, role: read }}
  - {{ match: "sha256:{digits}", person: carol, role: admin }}
"""


class World:
    def __init__(self, console, pki):
        self.console, self.pki = console, pki
        line = [x for x in console.log().splitlines() if "HTTPS at " in x][0]
        self.address, port = line.split("HTTPS at ")[1].split(",")[0].rsplit(":", 1)
        self.port = int(port)

    def context(self, name=None):
        context = ssl.create_default_context(cafile=self.pki.path("ca.pem"))
        context.check_hostname = False  # the address of a laboratory differs; the name is not what is tried here
        if name:
            context.load_cert_chain(self.pki.path(name + ".pem"), self.pki.path(name + ".key"))
        return context

    def browser(self, name=None):
        return C.Browser(self.address, self.port, self.context(name))

    def refusals(self):
        return [x for x in self.console.log().splitlines() if "log-in by certificate was refused" in x]


@pytest.fixture(scope="module")
def gateway(labs):
    p = gateway_of(labs, ", console_certificates: operate")
    yield p
    wrong = labs.down(p)
    assert not wrong, "\n".join(wrong)


@pytest.fixture(scope="module")
def world(gateway, pki):
    with console_of(gateway, tls_conf(pki)) as c:
        proc.wait_until("HTTPS is told", lambda: "HTTPS at " in c.log())
        yield World(c, pki)


def test_a_certificate_logs_in(world):
    for name, person, role in (("alice", "alice", "operate"), ("bob", "bob", "read"), ("carol", "carol", "admin")):
        b = world.browser(name)
        answer = b.log_in_by_certificate()
        assert answer.status == 200 and answer.json["name"] == person and answer.json["role"] == role, answer.body
        cookie = answer.headers["Set-Cookie"]
        assert cookie.startswith("__Host-") and all(f"; {x}" in cookie for x in ("Secure", "HttpOnly", "SameSite=Strict", "Path=/"))
        assert b.get("me").json["name"] == person
    assert "alice logged in by a certificate with the role operate" in world.console.log()


def test_changes_name_the_person_and_its_role_bounds_them(world):
    p = world.console.p
    alice, bob = world.browser("alice"), world.browser("bob")
    assert alice.log_in_by_certificate().status == bob.log_in_by_certificate().status == 200
    assert bob.change("quota.reset", scs="beta").status == 403
    assert alice.change("assoc.add", scs="acme", device="meter-1@b.example").status == 403
    assert alice.change("quota.reset", scs="beta").status == 200
    assert p.decisions(action="provisioning", scs="beta")[-1]["address"] == f"alice by a certificate and the console, uid {CONSOLE_UID}"
    carol = world.browser("carol")
    assert carol.log_in_by_certificate().status == 200
    answer = carol.change("assoc.add", scs="acme", device="meter-1@b.example")
    assert answer.status == 400 and "control.console_certificates" in answer.error


def test_who_is_not_proven_or_not_listed_is_refused_in_words(world):
    said = {None: "sent no client certificate", "dave": "nobody's", "twins": "two persons", "late": "expired", "server": "not valid here",
            "foreign": "not valid here", "crowd": "too many names"}
    for name, words in said.items():
        before = len(world.refusals())
        b = world.browser(name)
        answer = b.log_in_by_certificate()
        assert answer.status == 403 and words in answer.error and "Set-Cookie" not in answer.headers, (name, answer.body)
        assert b.get("me").status == 401
        proc.wait_until("it is logged", lambda n=before: len(world.refusals()) > n or "more log-ins by certificate were refused" in world.console.log())
    assert "so far)" in world.refusals()[-1]


def test_a_session_belongs_to_its_certificate(world):
    alice = world.browser("alice")
    assert alice.log_in_by_certificate().status == 200
    for name in (None, "bob", "late", "foreign", "dave"):
        thief = world.browser(name)
        thief.cookie, thief.token = alice.cookie, alice.token
        assert thief.get("me").status == 401, name
    plain = C.Browser(world.console.address, world.console.port)
    plain.cookie, plain.token = alice.cookie, alice.token
    assert plain.get("me").status == 401
    assert plain.ask("GET", "/api/me", headers={"Cookie": f"__Host-mtc_console={alice.cookie}"}).status == 401
    assert alice.ask("GET", "/api/me", headers={"Cookie": f"mtc_console={alice.cookie}"}).status == 401
    assert alice.ask("GET", "/api/me", headers={"X-Console-Token": None}).status == 401
    assert alice.ask("POST", "/logout").status == 200 and alice.get("me").status == 401


def test_links_log_in_over_both(world):
    for browser in (world.browser(), world.browser("bob"), C.Browser(world.console.address, world.console.port)):
        code, row, err = world.console.link()
        assert code == 0, err
        answer = browser.log_in(row["link"])
        assert answer.status == 200 and answer.json["role"] == "admin" and browser.get("me").status == 200
        assert ("Secure" in answer.headers["Set-Cookie"]) == bool(browser.tls)
        other = C.Browser(world.console.address, world.console.port) if browser.tls else world.browser()
        other.cookie, other.token = browser.cookie, browser.token
        assert other.get("me").status == 401  # a session of HTTPS is none of HTTP, and the other way round
    plain = C.Browser(world.console.address, world.console.port).log_in_by_certificate()
    assert plain.status == 403 and "over HTTPS only" in plain.error


def test_pages_of_other_sites_may_not_ask_over_https(world):
    alice = world.browser("alice")
    for headers in ({"Origin": "https://evil.example"}, {"Origin": f"http://{alice.host}"}, {"Sec-Fetch-Site": "cross-site"}):
        assert alice.ask("POST", "/login-certificate", "", headers).status == 403
    assert alice.ask("POST", "/login-certificate", "", {"Host": "evil.example"}).status == 421
    assert alice.log_in_by_certificate().status == 200
    assert alice.ask("POST", "/api/quota.reset", {"scs": "beta"}, {"Origin": f"http://{alice.host}"}).status == 403
    assert alice.ask("GET", "/login-certificate").status == 405


def shake(world, *more):
    return subprocess.run(["openssl", "s_client", "-connect", f"{world.address}:{world.port}", "-CAfile", world.pki.path("ca.pem"), *more],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=proc.HANG_S, check=False)


def test_old_protocols_and_http_are_refused(world):
    for good in ("-tls1_2", "-tls1_3"):
        done = shake(world, good)
        assert done.returncode == 0 and "Verify return code: 0" in done.stdout and "ca of persons" in done.stdout, done.stderr[-500:]
    for old in (("-tls1",), ("-tls1_1",), ("-tls1_2", "-cipher", "AES128-SHA:AES256-SHA:AES128-GCM-SHA256")):
        assert shake(world, *old, "-cipher" if len(old) == 1 else "-quiet", *(["ALL:@SECLEVEL=0"] if len(old) == 1 else [])).returncode != 0, old
    for rubbish in (f"GET / HTTP/1.1\r\nHost: {world.address}:{world.port}\r\n\r\n".encode(), b"\x16\x03\x01\xff\xff" + b"\0" * 300, b"\0" * 2000):
        with socket.create_connection((world.address, world.port), timeout=proc.HANG_S) as s:
            s.sendall(rubbish)
            try:
                s.shutdown(socket.SHUT_WR)  # the console may have closed it already
                answer = s.recv(4096)
            except OSError as e:
                assert e.errno in (errno.ECONNRESET, errno.ENOTCONN), e
                answer = b""
            assert b"HTTP/1" not in answer
    assert world.browser("alice").log_in_by_certificate().status == 200


def check_conf(program, folder, text):
    conf = proc.write(os.path.join(folder, "console.yaml"), text)
    done = subprocess.run([program, "-c", conf, "-t"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=proc.HANG_S,
                          check=False)
    return done.returncode, done.stderr


def test_wrong_files_are_said_before_the_start(gateway, pki, tmp_path):
    good, program = tls_conf(pki), gateway.program("mtc-iwf-console")
    assert check_conf(program, tmp_path, good) == (0, "")
    loose = str(tmp_path / "loose.key")
    shutil.copy(pki.path("console.key"), loose)
    os.chmod(loose, 0o644)
    empty = proc.write(str(tmp_path / "empty.pem"), "")
    late = pki.leaf("old-console", "ca", "console.example", "serverAuth", san="IP:127.0.0.1", dates=PAST)
    for old, new, words in ((pki.path("console.key"), pki.path("alice.key"), "with the key"), (pki.path("console.key"), loose, "others may read this key"),
                            (pki.path("console.key"), "/nonexistent.key", "/nonexistent.key"), (pki.path("ca.pem"), empty, "no certificate of a CA"),
                            (pki.path("console.pem"), empty, "with the key"), (pki.path("console.pem"), str(tmp_path), str(tmp_path))):
        code, err = check_conf(program, tmp_path, good.replace(old, new))
        assert code == 2 and words in err, (new, err)
    code, err = check_conf(program, tmp_path, good.replace(pki.path("console.pem"), late[0]).replace(pki.path("console.key"), late[1]))
    assert code == 0 and "warning" in err and "has expired" in err
