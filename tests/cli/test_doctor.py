"""mtcctl doctor on real processes: something is made wrong on purpose, and it is named with what to do. The sentences for each kind of
certificate are in tests/unit/doctor/test_file.c; here a file goes the way from the command line."""
import json
import os
import re
import socket
import ssl
import subprocess
import threading

import pytest
from conftest import BIN, ROOT
from lablib import lab as L
from lablib import proc
from lablib.pki import Pki
from support.tsp import Scs

PAGE = os.path.join(ROOT, "docs", "user", "doctor.md")


class Doctor:
    def __init__(self, p):
        self.p = p

    def run(self, *words, config=None):
        return subprocess.run([os.path.join(BIN, "mtcctl"), "doctor", *words, "-c", config or self.p.lab["iwf"]["config"]], capture_output=True, text=True,
                              timeout=proc.HANG_S, check=False, stdin=subprocess.DEVNULL, env={**os.environ, "MTC_CTL": self.p.lab["iwf"]["ctl"]})

    def ask(self, *words, config=None):
        """Exit code, and the findings by their cause."""
        done = self.run("--json", *words, config=config)
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        assert not done.stderr and rows and rows[-1]["done"] and rows[-1]["ok"] == (done.returncode != 4)
        assert rows[-1]["wrong"] == sum(r["level"] == "wrong" for r in rows[:-1])
        return done.returncode, {r["cause"]: r for r in rows[:-1]}


@pytest.fixture
def doctor(lab):
    return Doctor(lab)


@pytest.fixture
def pki(lab):
    return Pki(os.path.join(lab.lab["dir"], "pki"))


def wrong(asked, cause, *facts):
    code, found = asked
    assert code == 1 and cause in found and found[cause]["level"] == "wrong", found
    text = json.dumps(found[cause])
    assert [f for f in facts if f not in text] == []
    return found


def test_a_gateway_that_works_and_what_was_looked_at(lab, doctor):
    code, found = doctor.ask()
    assert code == 0 and {"healthy", "processes", "files", "disk", "clock", "config", "file-ours", "file-key"} <= set(found), found
    done = doctor.run()
    assert done.returncode == 0 and re.search(r"^nothing wrong was found: \d+ right, \d notes?$", done.stdout, re.M), done.stdout
    future = os.path.getmtime(lab.lab["logs"]["mtc-iwfd"]) + 3600
    path = os.path.join(lab.lab["dir"], "iwf", "from-the-future")
    with open(path, "w", encoding="ascii"):
        os.utime(path, (future, future))
    wrong(doctor.ask(), "clock-behind", "from-the-future", "timedatectl")
    os.unlink(path)


def test_configurations_with_mistakes(lab, doctor, tmp_path):
    code, found = doctor.ask(config=str(tmp_path / "none.yaml"))
    assert code == 0 and "none.yaml" in found["config-unread"]["text"]
    with open(lab.lab["iwf"]["config"], encoding="utf-8") as f:
        text = f.read()
    bad = tmp_path / "bad.yaml"
    bad.write_text(text.replace("edges:", "edgs:"))
    wrong(doctor.ask(config=str(bad)), "config-wrong", "did you mean 'edges'", f"mtc-iwfd -t -c {bad}")
    bad.write_text(text.replace("anchor-b.pem", "anchor-b.key"))
    wrong(doctor.ask(config=str(bad)), "anchor-wrong", "trust anchor anchor-b", "holds no PEM certificate")
    bad.write_text(text.replace("iwf.key", "acme.key"))
    wrong(doctor.ask(config=str(bad)), "file-key-other", "acme.key", "iwf.pem", "listener tsp")
    bad.write_text(text.replace("\n    protection: none", "\n    protection: none\n    transport: sctp\n    local_addresses: [ 127.0.0.1 ]", 1))
    try:
        socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SCTP).close()
    except OSError:
        wrong(doctor.ask(config=str(bad)), "sctp-missing", "Protocol not supported", "modprobe sctp")
    else:
        assert "sctp-missing" not in doctor.ask(config=str(bad))[1]


def test_a_gateway_that_does_not_answer(doctor, tmp_path):
    gone = Doctor(doctor.p)
    gone.p = type("P", (), {"lab": {"iwf": {"config": doctor.p.lab["iwf"]["config"], "ctl": str(tmp_path / "no.sock")}}})
    code, found = gone.ask()
    assert code == 4 and "no.sock" in found["gateway-down"]["text"] and "config" in found
    assert gone.ask("acme")[0] == 4


def test_an_scs(lab, doctor):
    acme = Scs.opened(lab, "acme")
    code, found = doctor.ask("acme")
    assert code == 0 and {"scs-connected", "scs-rules"} <= set(found), found
    assert set(doctor.ask("SCS.ACME.example")[1]) == set(found)  # by its Diameter host
    lab.ctl("block", "add", "acme", "*")
    wrong(doctor.ask("acme"), "scs-blocked", "block acme *", "mtcctl block del 'acme' '*'")
    lab.ctl("block", "del", "acme", "*")
    assert lab.trigger("acme", device="meter-91@a.example", wait=proc.HANG_S).code == 0
    lab.ctl("scs", "set", "acme", "quota", "1")
    wrong(doctor.ask("acme"), "scs-quota", "1 of 1 triggers", "mtcctl quota reset acme")
    lab.ctl("scs", "set", "acme", "quota", "0")
    assert lab.trigger("acme", device="meter-1@elsewhere.example").code != 0
    code, found = doctor.ask("acme")
    assert code == 0 and "mtcctl assoc check acme 'meter-1@elsewhere.example'" in found["scs-device"]["advice"]
    acme.close()


def test_an_scs_that_is_refused(lab, doctor):
    assert lab.trigger("beta", origin_host="scs.acme.example", device="meter-7@a.example").code == 4
    wrong(doctor.ask("acme"), "scs-anchor", "not issued under anchor-a")
    assert lab.trigger("stranger", device="meter-7@a.example").code == 4
    host = lab.scs["stranger"]["origin_host"]
    wrong(doctor.ask(host), "scs-unknown", host, "mtcctl scs add NAME --origin-host")
    found = wrong(doctor.ask("amce"), "name-unknown", "did you mean 'acme'?")
    assert list(found) == ["name-unknown"]


def test_files(lab, doctor, pki, tmp_path):
    acme = lab.scs["acme"]
    code, found = doctor.ask(acme["cert"])
    assert code == 0 and {"file-good", "file-scs"} <= set(found) and "SCS acme" in found["file-scs"]["text"]
    for year, cause in (("2020", "file-expired"), ("2090", "file-early")):
        path, _ = pki.leaf("of-" + year, "anchor-a", "scs.acme.example", "clientAuth", dates=(f"{year}0101000000Z", f"{year}0201000000Z"))
        wrong(doctor.ask(path), cause, f"at {year}-0", "now it is")
    wrong(doctor.ask(lab.scs["outsider"]["cert"]), "file-issuer", "is no trust anchor")
    wrong(doctor.ask(lab.scs["impostor"]["cert"]), "file-other-anchor", "provisioned with trust anchor anchor-a; this certificate is of anchor-b")
    code, found = doctor.ask(pki.path("iwf.pem"))
    assert code == 0 and "listener tsp" in found["file-ours"]["text"]
    assert doctor.ask(pki.path("iwf.key"))[0] == 0
    with open(lab.lab["iwf"]["config"], encoding="utf-8") as f:
        text = f.read()
    other = tmp_path / "other.yaml"
    other.write_text(text.replace("iwf.key", "of-2020.key"))
    wrong(doctor.ask(pki.path("of-2020.key"), config=str(other)), "file-key-other", "iwf.pem", "listener tsp")
    crl = pki.crl("anchor-a", ["acme"], 7, target=str(tmp_path / "a.crl"))
    code, found = doctor.ask(crl)
    assert code == 0 and "number 0x7, 1 revoked certificate," in found["file-crl"]["text"]
    other.write_text(text.replace("anchor-a.pem }", f"anchor-a.pem, crl: [ {crl} ] }}", 1))
    wrong(doctor.ask(acme["cert"], config=str(other)), "file-revoked", "is revoked since")
    other.write_text(text.replace("anchor-a.pem }", f"anchor-a.pem, crl: [ {tmp_path}/none.crl ] }}", 1))
    wrong(doctor.ask(acme["cert"], config=str(other)), "anchor-wrong", "none.crl")  # not silently good
    wrong(doctor.ask(str(tmp_path / "no.pem")), "file-unread", "No such file")


def test_peers(lab, doctor):
    code, found = doctor.ask("hss")
    assert code == 0 and "peer-open" in found and doctor.ask(lab.lab["hss"]["identity"])[1].keys() == found.keys()
    lab.ctl("peers", "stop", "smssc")
    proc.wait_until("smssc is stopped", lambda: state(lab, "smssc") == "stopped")
    wrong(doctor.ask("smssc"), "peer-stopped", "mtcctl peers start smssc")
    wrong(doctor.ask(), "health", "peer-stopped")
    lab.ctl("peers", "start", "smssc")
    proc.wait_until("smssc is open", lambda: state(lab, "smssc") == "open")


def state(lab, name):
    return {r["name"]: r["state"] for r in lab.ctl("peers") if "name" in r}[name]


def test_addresses_and_ports_of_the_configuration(lab, doctor, tmp_path):
    with open(lab.lab["iwf"]["config"], encoding="utf-8") as f:
        text = f.read()
    other, tsp = tmp_path / "other.yaml", lab.lab["iwf"]["tsp"]
    assert doctor.ask()[1]["listening"]["level"] == "right"
    other.write_text(text.replace("\n    protection: none", "\n    protection: none\n    transport: sctp\n    local_addresses: [ 192.0.2.77 ]", 1))
    wrong(doctor.ask(config=str(other)), "address-missing", "192.0.2.77, which peer", "peers[].local_addresses", "ip address")
    other.write_text(text.replace(f"address: {tsp['address']}", "address: 127.77.77.77", 1))
    wrong(doctor.ask(config=str(other)), "listener-shut", f"127.77.77.77:{tsp['port']} (tcp), which is the port of listener tsp", "systemctl restart mtc-iwf")


class Hosts:
    """What the resolver knows, in a mount namespace of the command."""

    def __init__(self, tmp_path, text):
        self.files = []
        for name, content in (("hosts", text), ("nsswitch.conf", "hosts: files\n")):
            path = tmp_path / name
            path.write_text(content)
            self.files.append((str(path), "/etc/" + name))

    def command(self, words):
        mounts = " && ".join(f"mount --bind {a} {b}" for a, b in self.files)
        return ["unshare", "--mount", "sh", "-c", f'{mounts} && exec "$@"', "sh", *words]


@pytest.mark.skipif(os.geteuid() != 0 or not os.path.exists("/etc/nsswitch.conf"), reason="needs a mount namespace")
def test_what_dns_says_about_a_peer_that_is_away(lab, doctor, tmp_path):
    host, port, own = L.HSS_HOST, lab.lab["hss"]["port"], lab.lab["hss"]["address"]
    L.stop(lab.lab["dir"], "mtc-hss")
    proc.wait_until("the HSS is away", lambda: state(lab, "hss") == "waiting")

    def ask(entries):
        command = Hosts(tmp_path, entries).command([os.path.join(BIN, "mtcctl"), "doctor", "--json", "hss", "-c", lab.lab["iwf"]["config"]])
        done = subprocess.run(command, capture_output=True, text=True, timeout=proc.HANG_S, check=False, env={**os.environ, "MTC_CTL": lab.lab["iwf"]["ctl"]})
        assert done.returncode == 1 and not done.stderr, (done.returncode, done.stderr)
        return {r["cause"]: r for r in map(json.loads, done.stdout.splitlines()) if "cause" in r}

    found = ask("127.0.0.1 localhost\n")
    assert "peer-closed" in found and found["dns-none"]["level"] == "note" and host in found["dns-none"]["text"]
    assert ask(f"{own} {host}\n")["dns"]["level"] == "right"
    assert f"at 127.88.88.88, where DNS has {host}" in ask(f"127.88.88.88 {host}\n")["dns-silent"]["text"]
    family = ask(f"::1 {host}\n")
    assert f"only IPv6 addresses of {host}" in family["dns-family"]["text"] and "dns-silent" in family
    with socket.create_server(("127.88.88.88", port)):
        moved = ask(f"127.88.88.88 {host}\n")["dns-answers"]
    assert "somebody accepts connections" in moved["text"] and "correct peers[].address" in moved["advice"]
    L.start(lab.lab["dir"], "mtc-hss")
    proc.wait_until("the HSS is back", lambda: state(lab, "hss") == "open")


class Listener:
    """A server at the address of the HSS. `context` None: it answers nothing."""

    def __init__(self, lab, context):
        self.socket = socket.create_server((lab.lab["hss"]["address"], lab.lab["hss"]["port"]))
        self.context, self.thread = context, threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self):
        while True:
            try:
                peer = self.socket.accept()[0]
            except OSError:
                return
            with peer:
                peer.settimeout(proc.HANG_S)
                try:
                    if self.context:
                        with self.context.wrap_socket(peer, server_side=True) as secure:
                            secure.recv(1)
                    else:
                        peer.recv(1 << 16)
                        peer.sendall(b"220 no Diameter here\r\n")
                except OSError:
                    pass

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join()


def tls(certificate, key, ca):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(certificate, key)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(ca)
    return context


def test_a_peer_that_is_away(lab, doctor, pki, tmp_path):
    """The port is closed; then something is there that has no TLS; that refuses our certificate; whose certificate is refused."""
    with open(lab.lab["iwf"]["config"], encoding="utf-8") as f:
        text = f.read()
    ours, key = pki.leaf("core", "anchor-a", L.IWF_CORE_HOST, "clientAuth")
    good, other = pki.leaf("hss", "anchor-a", L.HSS_HOST, "serverAuth"), pki.leaf("not-hss", "anchor-a", "elsewhere.example", "serverAuth")
    secure = tmp_path / "secure.yaml"
    port = str(lab.lab["hss"]["port"])
    secure.write_text(text.replace(f"port: {port}\n    protection: none", f"port: {port}\n    protection: tls\n    certificate: {ours}\n    key: {key}\n"
                                   "    trust: anchor-a", 1))
    L.stop(lab.lab["dir"], "mtc-hss")
    proc.wait_until("the HSS is away", lambda: state(lab, "hss") == "waiting")
    wrong(doctor.ask("hss"), "peer-closed", port, "start the peer")
    for context, cause, fact in ((None, "peer-tls", "no TLS comes about"),
                                 (tls(*good, pki.path("anchor-b.pem")), "peer-tls-refused", "refused by the other side: "),
                                 (tls(*other, pki.path("anchor-a.pem")), "peer-tls-certificate", "it is for 'elsewhere.example'"),
                                 (tls(*good, pki.path("anchor-a.pem")), "peer-diameter", "no Diameter connection comes about")):
        there = Listener(lab, context)
        try:
            wrong(doctor.ask("hss", config=str(secure)), cause, fact)
        finally:
            there.close()
    there = Listener(lab, None)
    try:
        wrong(doctor.ask("hss"), "peer-diameter", L.HSS_HOST)
    finally:
        there.close()


# -- the table, its page and its tests

def causes():
    with open(os.path.join(ROOT, "src", "doctor", "doc_cause.h"), encoding="utf-8") as f:
        return re.findall(r'^\tX\(\w+, \w+, "([a-z-]+)"', f.read(), re.M)


@pytest.mark.once
def test_the_page_is_made_from_the_rows():
    with open(PAGE, encoding="utf-8") as f:
        page = f.read()
    made = subprocess.run([os.path.join(os.path.dirname(BIN), "src", "doctor", "doctor-page")], capture_output=True, text=True, timeout=proc.HANG_S, check=True)
    assert page == made.stdout, "write it again: ninja -C build manuals"
    assert re.findall(r"^\| `([a-z-]+)` \|", page, re.M) == causes()


@pytest.mark.once
def test_each_page_that_is_named_has_that_section():
    with open(PAGE, encoding="utf-8") as f:
        named = set(re.findall(r"\]\(([a-z-]+\.md)(?:#([a-z0-9-]+))?\)", f.read()))
    assert len(named) > 10
    for name, section in named:
        with open(os.path.join(ROOT, "docs", "user", name), encoding="utf-8") as f:
            heads = re.findall(r"^#+ (.*)$", f.read(), re.M)
        anchors = {re.sub(r"[^a-z0-9 -]", "", head.lower()).replace(" ", "-") for head in heads}
        assert not section or section in anchors, (name, section)


@pytest.mark.once
def test_each_cause_has_a_test():
    tests = [os.path.join(ROOT, "tests", "unit", "doctor", name) for name in ("test_doctor.c", "test_file.c")] + [os.path.abspath(__file__)]
    text = ""
    for path in tests:
        with open(path, encoding="utf-8") as f:
            text += f.read()
    words = set(re.findall(r"[a-z]+(?:-[a-z]+)*", text))
    assert [c for c in causes() if c not in words] == []
