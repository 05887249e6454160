"""Act sixteen: certificates, keys and anchors are renewed while the gateway runs; every process uses the same set of them, or the old one."""
import hashlib
import os
import re
import resource
import shutil
import signal
import socket
import ssl
import time

import pytest

from lablib import lab as L
from lablib import proc
from lablib.pki import Pki
from support.core import core, next_core
from support.pace import Watch

MOMENT = 60  # handshakes: with two edges, that none of them meets one edge is unlikely beyond counting


class Short(L.Lab):
    """Processes that cannot start are tried again soon."""

    def iwf_config(self):
        return super().iwf_config().replace("timers: { reconnect: 1s }", "timers: { reconnect: 1s, edge_restart: 10ms, restart_max: 40ms }")


class Shielded(L.Lab):
    """S6m over TLS: the core has a certificate of its own, of a CA that the HSS trusts."""

    def make_pki(self, say):
        made = super().make_pki(say)
        for ca in ("core-a", "core-b"):
            made.ca(ca, f"/O=operator/CN={ca}")
        made.leaf("hss", "core-a", L.HSS_HOST, "serverAuth,clientAuth")
        made.leaf("iwf-core", "core-a", L.IWF_CORE_HOST, "serverAuth,clientAuth")
        return made

    def start_hss(self):
        folder = self.path("pki")
        text = f"""identity: {{ host: {L.HSS_HOST}, realm: {L.CORE_REALM} }}
listen: {{ address: {self.options.address}, port: 0, protection: tls, certificate: {folder}/hss.pem, key: {folder}/hss.key, anchors: [{folder}/core-a.pem] }}
subscribers: {self.path('subscribers.jsonl')}
"""
        entry = self.start("mtc-hss", [self.program("mtc-hss"), "-c", proc.write(self.path("mtc-hss.yaml"), text)])
        address, port = proc.wait_ready(entry)
        self.lab["hss"] = {"address": address, "port": port, "identity": L.HSS_HOST, "realm": L.CORE_REALM, "pid": entry["pid"]}

    def iwf_config(self):
        folder, text = self.path("pki"), super().iwf_config()
        text = text.replace("    protection: none", f"    protection: tls\n    certificate: {folder}/iwf-core.pem\n    key: {folder}/iwf-core.key\n    trust: core-a", 1)
        return text.replace("listen:\n", f"  - {{ name: core-a, file: {folder}/core-a.pem }}\nlisten:\n", 1)


@pytest.fixture
def shielded_lab(labs):
    p = labs.up(kind=Shielded)
    yield p
    wrong = labs.down(p)
    assert not wrong, "\n".join(wrong)


@pytest.fixture
def short_lab(labs):
    p = labs.up(kind=Short)
    yield p
    wrong = labs.down(p)
    assert not wrong, "\n".join(wrong)


def pki(p, name):
    return os.path.join(p.lab["dir"], "pki", name)


def renew(p, name="iwf", **options):
    """A new key and a new certificate under the names of the old ones."""
    Pki(pki(p, "")).leaf(name, "operator", L.EXTERNAL_HOST, "serverAuth,clientAuth", **options)


def digest(path):
    with open(path, encoding="ascii") as f:
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(f.read())).hexdigest()


def shown(p, times=MOMENT):
    """Digests of the certificates that the listener shows to so many connections."""
    tsp, acme = p.lab["iwf"]["tsp"], p.scs["acme"]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.load_cert_chain(acme["cert"], acme["key"])
    found = set()
    for _ in range(times):
        with context.wrap_socket(socket.create_connection((tsp["address"], tsp["port"]), proc.HANG_S)) as s:
            found.add(hashlib.sha256(s.getpeercert(True)).hexdigest())
    return found


def log(p):
    with open(p.lab["logs"]["mtc-iwfd"], encoding="utf-8", errors="replace") as f:
        return f.read()


def said(p, words, count=1):
    proc.wait_until(f"the log says '{words}'", lambda: log(p).count(words) >= count)


def status(p):
    return p.ctl("status")[-1]


def reload(p):
    """(exit code, rows, last line) of mtcctl reload."""
    rows = p.ctl("reload", check=False)
    return [r for r in rows if "kind" in r], rows[-1]


def end_an_edge(p):
    """Kills one edge that holds no session of beta, and waits for the next one in its place."""
    before = p.edges()
    busy = {s["edge"] for s in p.sessions("beta")}
    name = min(set(before) - busy)
    os.kill(before[name], signal.SIGKILL)
    proc.wait_until("another edge is there", lambda: p.edges().get(name) not in (None, before[name]))


def parent(p):
    return p.lab["iwf"]["pids"]["parent"]


def test_half_of_a_renewal_changes_nothing(own_lab):
    """The new certificate is there, its key is not yet: what is renewed is renewed as a whole."""
    p = own_lab
    old = digest(pki(p, "iwf.pem"))
    listener = p.listen("beta")
    key = open(pki(p, "iwf.key"), "rb").read()
    renew(p)
    with open(pki(p, "iwf.key"), "wb") as f:
        f.write(key)
    os.kill(parent(p), signal.SIGHUP)
    said(p, f"key '{pki(p, 'iwf.key')}' does not match the certificate")
    assert shown(p) == {old}
    end_an_edge(p)
    assert shown(p) == {old}
    assert status(p)["files_generation"] == 1
    next_core(p)
    assert p.trigger("acme", device="meter-70@a.example", wait=proc.HANG_S).code == 0
    assert listener.alive() and len(listener.events("ready")) == 1


def test_a_renewal_that_nobody_asked_for_waits(own_lab):
    p = own_lab
    old = digest(pki(p, "iwf.pem"))
    renew(p)
    shutil.copy(pki(p, "wrong-ca.pem"), pki(p, "anchor-a.pem"))
    end_an_edge(p)
    assert shown(p) == {old}
    for number in range(8):  # on any edge: the anchor in use is that of the start
        assert p.trigger("acme", device="meter-71@a.example", reference=7100 + number).status == "SUCCESS"


@pytest.mark.parametrize("how", ["SIGHUP", "mtcctl"])
def test_a_renewal_is_used_by_every_edge_at_once(own_lab, how):
    p = own_lab
    old = digest(pki(p, "iwf.pem"))
    listener = p.listen("beta")
    renew(p)
    new = digest(pki(p, "iwf.pem"))
    assert shown(p) == {old} and old != new
    if how == "SIGHUP":
        os.kill(parent(p), signal.SIGHUP)
        said(p, "set 2 of the files is in use")
    else:
        rows, last = reload(p)
        assert last["ok"] and last["renewed"] == 2 and last["files_generation"] == 2
        assert sorted(r["text"] for r in rows if r["kind"] == "renewed") == [pki(p, "iwf.key"), pki(p, "iwf.pem")]
    assert shown(p) == {new}
    assert [e["files"] for e in status(p)["edges"]] == [2, 2] and status(p)["files_generation"] == 2
    end_an_edge(p)
    assert shown(p) == {new}
    proc.wait_until("the next edge has the set", lambda: [e["files"] for e in status(p)["edges"]] == [2, 2])
    next_core(p)
    proc.wait_until("the next core knows of it", lambda: [e["files"] for e in status(p)["edges"]] == [2, 2])
    assert status(p)["files_generation"] == 2
    assert listener.alive() and len(listener.events("ready")) == 1  # its session noticed nothing
    assert p.trigger("acme", device="meter-72@a.example", wait=proc.HANG_S).code == 0


def test_an_anchor_is_renewed_with_the_rest(own_lab):
    p = own_lab
    beta = p.listen("beta")
    other = Pki(pki(p, "other"))
    other.ca("anchor-a", "/O=acme/CN=trust anchor a, the second")
    cert, key = other.leaf("acme", "anchor-a", p.scs["acme"]["origin_host"], "clientAuth")
    old = dict(p.scs["acme"])
    p.scs["acme"].update(cert=cert, key=key)
    assert p.trigger("acme", device="meter-73@a.example").code == 4  # its CA is not known yet
    shutil.copy(other.path("anchor-a.pem"), pki(p, "anchor-a.pem"))
    assert reload(p)[1]["renewed"] == 1
    for number in range(6):
        assert p.trigger("acme", device="meter-73@a.example", reference=7300 + number).status == "SUCCESS"
    p.scs["acme"].update(old)
    for _ in range(4):
        assert p.trigger("acme", device="meter-73@a.example").code == 4
    assert beta.alive() and len(beta.events("ready")) == 1


def test_an_edge_that_stands_still_is_named_and_catches_up(own_lab):
    p = own_lab
    stopped = min(p.edges().values())
    edge = [e for e in status(p)["edges"] if e["pid"] == stopped][0]
    os.kill(stopped, signal.SIGSTOP)
    try:
        renew(p)
        waiting = p.start("reload", [p.program("mtcctl"), "--socket", p.lab["iwf"]["ctl"], "--json", "reload"])
        proc.wait_until("the core has the set", lambda: status(p)["files_generation"] == 2)
        assert reload(p)[1]["error"] == "another reload is under way; ask again when it has ended"
        proc.wait_until("the reload has ended", lambda: [e for e in waiting.events() if e.get("done")])
    finally:
        os.kill(stopped, signal.SIGCONT)
    rows = waiting.events()
    assert rows[-1]["ok"] and rows[-1]["renewed"] == 2
    assert f"{edge['name']} (pid {stopped}, generation {edge['generation']}) still uses set 1 of the files" in [r.get("text") for r in rows]
    proc.wait_until("it caught up", lambda: [e["files"] for e in status(p)["edges"]] == [2, 2])
    assert shown(p) == {digest(pki(p, "iwf.pem"))}


def hss_state(p):
    return [r["state"] for r in p.ctl("peers", check=False) if r.get("name") == "hss"]


def test_a_core_peer_meets_the_new_certificate_when_it_comes_again(shielded_lab):
    p = shielded_lab
    assert p.trigger("acme", device="meter-80@a.example", wait=proc.HANG_S).code == 0
    Pki(pki(p, "")).leaf("iwf-core", "core-b", L.IWF_CORE_HOST, "serverAuth,clientAuth")
    assert reload(p)[1]["renewed"] == 2
    assert hss_state(p) == ["open"]  # the connection that is there stays
    assert p.trigger("acme", device="meter-80@a.example", wait=proc.HANG_S).code == 0
    proc.end([e for e in L.json.load(open(os.path.join(p.lab["dir"], "processes.json"), encoding="utf-8")) if e["name"] == "mtc-hss"])
    conf = os.path.join(p.lab["dir"], "mtc-hss.yaml")
    text = open(conf, encoding="utf-8").read().replace("port: 0", f"port: {p.lab['hss']['port']}").replace("[" + pki(p, "core-a.pem"), "[" + pki(p, "core-b.pem"))
    proc.write(conf, text)
    p.start("hss-again", [p.program("mtc-hss"), "-c", conf])  # it trusts who issued the new certificate, and nobody else
    proc.wait_until("the HSS is there again", lambda: hss_state(p) == ["open"])
    assert p.trigger("acme", device="meter-80@a.example", wait=proc.HANG_S).code == 0
    next_core(p)
    assert p.trigger("acme", device="meter-80@a.example", wait=proc.HANG_S).code == 0


def test_wrong_files_are_all_named_and_change_nothing(own_lab):
    p = own_lab
    old = digest(pki(p, "iwf.pem"))
    shutil.copy(pki(p, "beta.pem"), pki(p, "iwf.pem"))  # another certificate, for clients, of another key
    os.unlink(pki(p, "anchor-a.pem"))
    with open(pki(p, "anchor-b.pem"), "w", encoding="ascii") as f:
        f.write("-----BEGIN CERTIFICATE-----\nnothing\n-----END CERTIFICATE-----\n")
    rows, last = reload(p)
    texts = "\n".join(r["text"] for r in rows if r["kind"] == "error")
    assert not last["ok"] and "nothing is changed" in last["error"]
    for name in ("iwf.pem", "anchor-a.pem", "anchor-b.pem"):
        assert texts.count(pki(p, name)) == 1, texts
    assert re.search(r"mtc-iwfd\.yaml:\d+: cannot read anchor", texts) and "/proc/" not in texts and "memfd" not in texts
    assert shown(p) == {old} and status(p)["files_generation"] == 1
    end_an_edge(p)
    assert p.trigger("acme", device="meter-74@a.example", wait=proc.HANG_S).code == 0
    shown_to_people = [line for line in log(p).splitlines() if "/proc/self/fd" in line]
    assert not shown_to_people


def test_an_expired_certificate_is_not_taken_and_ends_nothing(own_lab):
    p = own_lab
    old = digest(pki(p, "iwf.pem"))
    renew(p, dates=("20200101000000Z", "20210101000000Z"))
    rows, last = reload(p)
    assert not last["ok"] and f"certificate '{pki(p, 'iwf.pem')}' expired on Jan  1 00:00:00 2021 GMT" in rows[0]["text"]
    assert shown(p) == {old}


def test_a_certificate_that_ends_while_it_is_used_ends_nothing(own_lab):
    p = own_lab
    listener = p.listen("beta")
    end = int(time.time()) + 15
    renew(p, dates=("20200101000000Z", time.strftime("%Y%m%d%H%M%SZ", time.gmtime(end))))
    assert reload(p)[1]["renewed"] == 2
    new = digest(pki(p, "iwf.pem"))
    proc.wait_until("the certificate has ended", lambda: time.time() > end + 1)
    end_an_edge(p)
    next_core(p)
    assert shown(p) == {new}  # whoever connects decides
    assert status(p)["files"][-1]["days_left"] == -1
    assert "certificate-expired" in [r["reason"] for r in p.ctl("health", check=False)[-1]["reasons"]]
    assert listener.alive() and len(listener.events("ready")) == 1
    renew(p)
    assert reload(p)[1]["renewed"] == 2
    assert p.trigger("acme", device="meter-79@a.example", wait=proc.HANG_S).code == 0


def test_what_is_no_file_keeps_nobody_waiting(own_lab):
    p = own_lab
    cert = pki(p, "iwf.pem")
    os.rename(cert, cert + ".real")
    for make, words in ((lambda: os.mkfifo(cert), "not a regular file"), (lambda: os.mkdir(cert), "not a regular file"),
                        (lambda: os.symlink("iwf.pem", cert), "Too many levels of symbolic links"),
                        (lambda: os.symlink("/dev/zero", cert), "not a regular file"),
                        (lambda: os.truncate(os.open(cert, os.O_CREAT | os.O_WRONLY), 1 << 40), "larger than 1048576 bytes")):
        make()
        watch = Watch()
        rows, last = reload(p)
        assert watch.took() < 5
        assert not last["ok"] and [words in r["text"] and cert in r["text"] for r in rows] == [True], rows
        os.rmdir(cert) if os.path.isdir(cert) and not os.path.islink(cert) else os.unlink(cert)
    os.symlink("iwf.pem.real", cert)  # as those who renew certificates like to do
    rows, last = reload(p)
    assert last["ok"] and last["renewed"] == 0 and last["files_generation"] == 1
    assert p.trigger("acme", device="meter-75@a.example", wait=proc.HANG_S).code == 0


@pytest.mark.once  # a sanitizer wants memory between fork and exec, and says so in the log
def test_an_edge_that_cannot_start_is_tried_on_while_another_serves(short_lab):
    p = short_lab
    listener = p.listen("beta")
    before = p.edges()
    busy = {s["edge"] for s in p.sessions("beta")}
    name = min(set(before) - busy)
    old = resource.prlimit(parent(p), resource.RLIMIT_AS, (1 << 22, resource.RLIM_INFINITY))  # no program can be loaded
    try:
        os.kill(before[name], signal.SIGKILL)
        said(p, "could not start, attempt 30;")  # more often than the bound of quick ends
        assert "the next one is in 40 ms" in log(p)
    finally:
        resource.prlimit(parent(p), resource.RLIMIT_AS, old)
    proc.wait_until("the edge is back", lambda: p.edges().get(name) not in (None, before[name]))
    assert listener.alive() and len(listener.events("ready")) == 1
    assert p.trigger("acme", device="meter-77@a.example", wait=proc.HANG_S).code == 0


@pytest.mark.once  # a sanitizer wants memory between fork and exec, and says so in the log
def test_a_core_that_cannot_start_is_tried_on_and_sessions_stay(short_lab):
    p = short_lab
    listener = p.listen("beta")
    old_core = core(p)
    old = resource.prlimit(parent(p), resource.RLIMIT_AS, (1 << 22, resource.RLIM_INFINITY))
    try:
        os.kill(old_core, signal.SIGKILL)
        said(p, "could not start, attempt 30;")
    finally:
        resource.prlimit(parent(p), resource.RLIMIT_AS, old)
    proc.wait_until("the core is back", lambda: len([r for r in p.ctl("peers", check=False) if r.get("state") == "open"]) == 2)
    assert listener.alive() and len(listener.events("ready")) == 1
    assert p.trigger("acme", device="meter-78@a.example", wait=proc.HANG_S).code == 0


def test_a_process_that_cannot_even_be_made_is_tried_on(short_lab):
    p = short_lab
    listener = p.listen("beta")
    before = p.edges()
    name = min(set(before) - {s["edge"] for s in p.sessions("beta")})
    old = resource.prlimit(parent(p), resource.RLIMIT_NOFILE, (4, resource.prlimit(parent(p), resource.RLIMIT_NOFILE)[1]))
    try:
        os.kill(before[name], signal.SIGKILL)
        said(p, "no process could be made", 3)
    finally:
        resource.prlimit(parent(p), resource.RLIMIT_NOFILE, old)
    proc.wait_until("the edge is back", lambda: p.edges().get(name) not in (None, before[name]))
    assert listener.alive() and len(listener.events("ready")) == 1


def test_days_that_are_left_are_shown_and_told_once(own_lab):
    p = own_lab
    files = {f["path"]: f for f in status(p)["files"]}
    assert set(files) == {pki(p, "iwf.pem"), pki(p, "anchor-a.pem"), pki(p, "anchor-b.pem")}
    iwf = files[pki(p, "iwf.pem")]
    assert iwf["of"] == "listener" and iwf["name"] == "tsp" and iwf["days_left"] == 89
    assert files[pki(p, "anchor-a.pem")]["days_left"] == 364
    assert "expires on" not in log(p)
    end = time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + 5.5 * 86400))
    renew(p, dates=("20200101000000Z", end))
    assert reload(p)[1]["ok"]
    words = f"certificate '{pki(p, 'iwf.pem')}' of listener tsp expires on"
    said(p, words)
    assert log(p).count(words) == 1 and "in 5 days" in log(p)
    assert {f["path"]: f for f in status(p)["files"]}[pki(p, "iwf.pem")]["days_left"] == 5
    with open(pki(p, "anchor-b.pem"), "a", encoding="ascii") as f:
        f.write("another file, the same certificate\n")
    assert reload(p)[1]["renewed"] == 1
    assert log(p).count(words) == 1
