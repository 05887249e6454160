"""The keyholder: edges hold no private key, get signatures for TLS handshakes and for nothing else, and go on without it."""
import ctypes
import os
import re
import select
import signal
import socket
import ssl
import struct
import subprocess
import time

import pytest

from lablib import lab as L
from lablib import ports, proc
from lablib.pki import Pki
from support import tsp
from support.pace import Watch

SYS_PIDFD_GETFD = 438
CHILD_FD = 3
MESSAGE = struct.Struct("=IIIIQ")  # struct dm_msg
DM_SET, DM_KEYS_LOST = 2, 27
SUCCESS = 0
SIGNED, NO_KEY, BAD_SCHEME, BAD_CONTENT, TOO_MANY = 0, 1, 2, 3, 4
SERVER = b" " * 64 + b"TLS 1.3, server CertificateVerify\0" + b"h" * 32


class Few(L.Lab):
    """A second listener, in the other zone."""

    def iwf_config(self):
        folder = self.path("pki")
        more = (f"  - {{ name: inside, zone: internal, protection: tls, address: {self.options.address}, port: 0, "
                f"certificate: {folder}/iwf.pem, key: {folder}/iwf.key }}\npeers:\n")
        return super().iwf_config().replace("peers:\n", more, 1)


@pytest.fixture
def slow_lab(labs):
    p = labs.up(timers_more=", edge_restart: 4s")
    yield p
    wrong = labs.down(p)
    assert not wrong, "\n".join(wrong)


@pytest.fixture
def few_lab(labs):
    p = labs.up(kind=Few, edges=1, iwf_more="keyholder: { signatures_per_second: 5 }\n")
    yield p
    wrong = labs.down(p)
    assert not wrong, "\n".join(wrong)


def roles(p):
    return L.roles(p.lab["iwf"]["pids"]["parent"])


def counter(p, name):
    return next(row["value"] for row in p.ctl("stats") if row.get("name") == name)


def row(p):
    return p.ctl("status")[-1]["keyholders"][0]


def log(p):
    with open(p.lab["logs"]["mtc-iwfd"], encoding="utf-8", errors="replace") as f:
        return f.read()


def connects(p, timeout=10):
    """None: the handshake succeeded; else how it failed."""
    tsp, acme = p.lab["iwf"]["tsp"], p.scs["acme"]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.load_cert_chain(acme["cert"], acme["key"])
    try:
        with context.wrap_socket(socket.create_connection((tsp["address"], tsp["port"]), timeout)):
            return None
    except OSError as e:
        return e


def triggers(p, reference):
    return p.trigger("acme", device="meter-40@a.example", reference=reference, wait=proc.HANG_S)


def scalar(path):
    """The octets of the private number of an EC key."""
    text = subprocess.run(["openssl", "pkey", "-in", path, "-text", "-noout"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"priv:\n((?:\s+[0-9a-f:]+\n)+)", text)
    return bytes.fromhex(re.sub(r"[\s:]", "", found.group(1)))[-32:]


def holds(pid, octets):
    """Whether these octets, in either order, are anywhere in the memory of a process."""
    with open(f"/proc/{pid}/maps", encoding="ascii", errors="replace") as f:
        places = [line.split() for line in f]
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as mem:
        for place in places:
            if "r" not in place[1] or (len(place) > 5 and place[5] in ("[vvar]", "[vsyscall]")):
                continue
            begin, end = (int(word, 16) for word in place[0].split("-"))
            if end - begin > 256 << 20:  # the shadow of a sanitizer: terabytes, and no memory of the program
                continue
            try:
                mem.seek(begin)
                seen = mem.read(end - begin)
            except (OSError, ValueError, OverflowError):
                continue
            if octets in seen or octets[::-1] in seen:
                return True
    return False


def test_the_private_key_is_in_the_keyholder_and_in_no_edge(lab):
    found = roles(lab)
    key = scalar(os.path.join(lab.lab["dir"], "pki", "iwf.key"))
    assert connects(lab) is None
    assert holds(found["keyholder"], key)  # else the search finds nothing
    for pid in [*found["edges"], found["core"]]:
        assert not holds(pid, key)
    with open(f"/proc/{found['keyholder']}/net/tcp", encoding="ascii") as f:
        listening = {line.split()[9] for line in f.readlines()[1:]}
    for target in proc.descriptors(found["keyholder"]).values():
        assert target.strip("socket:[]") not in listening, "the keyholder has a network socket"


def test_status_shows_the_keyholder(lab):
    assert connects(lab) is None
    proc.wait_until("its signatures are shown", lambda: row(lab)["signatures"] > 0)
    shown = row(lab)
    assert (shown["name"], shown["state"], shown["pid"]) == ("keyholder", "up", roles(lab)["keyholder"])
    text = subprocess.run([lab.program("mtcctl"), "--socket", lab.lab["iwf"]["ctl"], "status", "all"], capture_output=True, text=True, check=True).stdout
    assert re.search(rf"(?m)^keyholder +{shown['pid']} +{shown['generation']} +up ", text), text


@pytest.fixture
def hasty_lab(labs):
    p = labs.up(iwf_more="keyholder: { sign_wait: 500ms }\n")
    yield p
    wrong = labs.down(p)
    assert not wrong, "\n".join(wrong)


def test_a_keyholder_that_stands_still_leaves_sessions_alone(hasty_lab):
    p = hasty_lab
    listener, scs = p.listen("beta"), tsp.Scs.opened(p)
    stopped = roles(p)["keyholder"]
    os.kill(stopped, signal.SIGSTOP)
    try:
        begun, failed = time.monotonic(), 0
        while time.monotonic() - begun < 3:  # what is played: it stands still for six times keyholder.sign_wait
            assert connects(p) is not None
            failed += 1
            watch = Watch()
            assert tsp.request_status(scs.dar(tsp.action(device="meter-40@a.example", reference=4100 + failed))) == SUCCESS
            assert watch.took() < 5
        assert failed >= 2
        assert listener.alive() and len(listener.events("ready")) == 1
    finally:
        os.kill(stopped, signal.SIGCONT)
    assert "the keyholder does not answer within keyholder.sign_wait" in log(p)
    proc.wait_until("it signs again", lambda: connects(p) is None)
    assert roles(p)["keyholder"] == stopped, "it was ended, though it stood still for less than timers.hang"
    assert listener.alive() and len(listener.events("ready")) == 1
    assert triggers(p, 4001).code == 0
    proc.wait_until("the wait is counted", lambda: counter(p, "edge_sign_timeouts") >= 2)


def test_without_keyholder_new_connections_are_refused_and_old_ones_stay(slow_lab):
    p = slow_lab
    listener = p.listen("beta")
    dead, edges = roles(p)["keyholder"], roles(p)["edges"]
    os.kill(dead, signal.SIGKILL)
    proc.wait_until("the edges know", lambda: log(p).count("the keyholder is gone: new connections are refused until it is back") == len(edges))
    watch = Watch()
    assert connects(p) is not None
    assert watch.took() < 1.5, "it was not refused at once"
    assert row(p)["state"] == "down"
    assert [r["reason"] for r in p.ctl("health", check=False)[-1]["reasons"]] == ["keyholder-down"]
    proc.wait_until("the refusal is counted", lambda: counter(p, "edge_refused_unsigned") >= 1)
    assert "refused: there is no keyholder to sign for listener" in log(p)
    assert listener.alive() and len(listener.events("ready")) == 1
    proc.wait_until("there is another one", lambda: roles(p)["keyholder"] not in (None, dead) and connects(p) is None)
    assert roles(p)["edges"] == edges
    assert listener.alive() and len(listener.events("ready")) == 1
    assert triggers(p, 4002).code == 0


def channel(edge):
    """The edge's own end of its pair to the keyholder, as whoever took over the edge has it."""
    libc, pidfd = ctypes.CDLL(None, use_errno=True), os.pidfd_open(edge)
    try:
        for name, target in sorted(proc.descriptors(edge).items()):
            if name <= CHILD_FD or not target.startswith("socket:"):
                continue
            fd = libc.syscall(SYS_PIDFD_GETFD, pidfd, name, 0)
            assert fd >= 0, os.strerror(ctypes.get_errno())
            s = socket.socket(fileno=fd)
            if s.family == socket.AF_UNIX and s.type & 0xf == socket.SOCK_SEQPACKET:
                s.settimeout(proc.HANG_S)
                return s
            s.close()
    finally:
        os.close(pidfd)
    raise AssertionError("the edge has no pair to the keyholder")


def test_a_channel_that_closes_is_made_again(own_lab):
    """Both ends live on: the edge has lost only its way to the keyholder."""
    p = own_lab
    listener = p.listen("beta")
    before, said = roles(p), "gets a new channel to the keyholder: the one before has closed"
    for times in (1, 2):
        for edge in before["edges"]:
            s = channel(edge)
            s.shutdown(socket.SHUT_RDWR)
            s.close()
        proc.wait_until("each edge has a new one", lambda: log(p).count(said) == times * len(before["edges"]))
        proc.wait_until("handshakes are signed", lambda: all(connects(p) is None for _ in range(8)))
    assert roles(p) == before
    assert listener.alive() and len(listener.events("ready")) == 1
    proc.wait_until("it is counted", lambda: counter(p, "edge_keyholder_lost") == 2 * len(before["edges"]))
    assert triggers(p, 4003).code == 0


def ask(s, content, key, ident=7, scheme=0x0403, files=1):
    """Status and signature."""
    s.send(struct.pack("<4sIIHHHH", b"KHS1", ident, files, key, scheme, len(content), 0) + content)
    magic, got, status, length = struct.unpack("<4sIHH", s.recv(2048)[:12])
    assert magic == b"KHA1" and got == ident
    return status, length


def renew_files(p):
    """A new key and certificate of the listener under the names of the old ones."""
    Pki(os.path.join(p.lab["dir"], "pki", "")).leaf("iwf", "operator", L.EXTERNAL_HOST, "serverAuth,clientAuth")


def reload(p):
    """(rows, last row)"""
    rows = p.ctl("reload", check=False)
    return rows[:-1], rows[-1]


def test_an_edge_that_stands_still_has_its_keys_after_two_renewals(few_lab):
    p = few_lab
    edge, own, _ = external(p)
    os.kill(edge, signal.SIGSTOP)
    try:
        s = channel(edge)
        assert ask(s, SERVER, own, files=1)[0] == SIGNED
        for generation in (2, 3):
            renew_files(p)
            os.kill(p.lab["iwf"]["pids"]["parent"], signal.SIGHUP)
            proc.wait_until("the other edge has the set", lambda: sorted(files(p)) == [1, generation])  # and so the keyholder had it before
        assert "still uses set 1 of the files" in log(p)  # the second reload ended the wait of the first
        assert [ask(s, SERVER, own, files=n)[0] for n in (1, 2, 3, 4)] == [SIGNED, SIGNED, SIGNED, NO_KEY]
        s.close()
    finally:
        os.kill(edge, signal.SIGCONT)
    proc.wait_until("it caught up", lambda: [e["files"] for e in p.ctl("status")[-1]["edges"]] == [3, 3])
    proc.wait_until("handshakes are signed", lambda: connects(p) is None)


def parent_end(edge):
    """The edge's own end of its pair to the parent."""
    libc, pidfd = ctypes.CDLL(None, use_errno=True), os.pidfd_open(edge)
    fd = libc.syscall(SYS_PIDFD_GETFD, pidfd, CHILD_FD, 0)
    assert fd >= 0, os.strerror(ctypes.get_errno())
    os.close(pidfd)
    return socket.socket(fileno=fd)


def readable(s, wait_s):
    return bool(select.select([s], [], [], wait_s)[0])


def files(p):
    return [e["files"] for e in p.ctl("status", check=False)[-1].get("edges", [])]


@pytest.fixture
def watched_lab(labs):
    p = labs.up(timers_more=", hang: 5s")
    yield p
    wrong = labs.down(p)
    assert not wrong, "\n".join(wrong)


@pytest.fixture
def metered_lab(labs):
    port = ports.hold_ports(1)[0]
    p = labs.up(timers_more=", hang: 2s", iwf_more=f"metrics: {{ enabled: yes, address: 127.0.0.1, port: {port} }}\n")
    yield p
    wrong = labs.down(p)
    assert not wrong, "\n".join(wrong)


def hung(p):
    rows = p.ctl("status", check=False)
    return {row["process"]: row["times"] for row in rows[-1].get("hung", [])} if rows else None


def test_every_kind_of_child_that_stands_still_is_started_again(metered_lab):
    """Nobody has to kill it: handshakes are signed again, and the status says what happened, also that of the next core."""
    p = metered_lab
    listener = p.listen("beta")
    before = roles(p)
    stopped = [before["keyholder"], before["metrics"]]
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    proc.wait_until("there are others", lambda: roles(p)["keyholder"] not in (None, *stopped) and roles(p)["metrics"] not in (None, *stopped))
    proc.wait_until("handshakes are signed", lambda: connects(p) is None)
    for name, pid in zip(("keyholder", "metrics"), stopped):
        assert (f"{name} (pid {pid}) hangs: it has done nothing for 2000 ms (timers.hang); it is ended and started again; "
                "it was stopped by a signal: look who sends SIGSTOP") in log(p)
    proc.wait_until("both are shown", lambda: hung(p) == {"keyholder": 1, "metrics": 1})
    assert counter(p, "hangs") == 2
    text = subprocess.run([p.program("mtcctl"), "--socket", p.lab["iwf"]["ctl"], "status", "all"], capture_output=True, text=True, check=True).stdout
    assert "hung            keyholder, ended 1 time because it did nothing for timers.hang" in text, text
    assert roles(p)["edges"] == before["edges"] and listener.alive() and len(listener.events("ready")) == 1
    os.kill(before["core"], signal.SIGKILL)
    proc.wait_until("the next core shows them", lambda: roles(p)["core"] != before["core"] and hung(p) == {"keyholder": 1, "metrics": 1})


def test_a_process_that_stands_still_before_it_is_ready_is_started_again(metered_lab):
    p = metered_lab
    dead = roles(p)["keyholder"]
    os.kill(dead, signal.SIGKILL)
    proc.wait_until("the next one starts", lambda: roles(p)["keyholder"] not in (None, dead))
    starting = roles(p)["keyholder"]
    os.kill(starting, signal.SIGSTOP)
    proc.wait_until("it is ended", lambda: roles(p)["keyholder"] not in (None, starting))
    assert f"keyholder (pid {starting}) hangs: it has " in log(p)
    proc.wait_until("the next one signs", lambda: connects(p) is None)


def test_an_edge_that_never_answers_a_set_is_ended(watched_lab):
    """Its loop turns, so it does not hang: but it would keep its set, and the reloads of all others would end with the eighth."""
    p = watched_lab
    edges = roles(p)["edges"]
    edge = edges[0]
    s = parent_end(edge)
    renew_files(p)
    os.kill(edge, signal.SIGSTOP)  # for a moment: its loop is to turn again before it counts as hung
    os.kill(p.lab["iwf"]["pids"]["parent"], signal.SIGHUP)
    assert readable(s, 10)
    kind, _, _, generation, _ = MESSAGE.unpack(s.recv(64))  # the edge never sees it
    assert (kind, generation) == (DM_SET, 2)
    s.close()
    os.kill(edge, signal.SIGCONT)
    proc.wait_until("the edge is ended", lambda: edge not in roles(p)["edges"])
    assert f"(pid {edge}, " in log(p) and "has not answered set 2 of the files for 5000 ms (timers.hang); it is ended and started again" in log(p)
    proc.wait_until("all use the set", lambda: files(p) == [2, 2])
    assert edges[1] in roles(p)["edges"]


def test_the_answer_to_a_set_outlasts_a_parent_that_does_not_read(own_lab):
    p = own_lab
    edge, parent = roles(p)["edges"][0], p.lab["iwf"]["pids"]["parent"]
    s = parent_end(edge)
    renew_files(p)
    os.kill(edge, signal.SIGSTOP)
    os.kill(parent, signal.SIGHUP)
    assert readable(s, 10)  # the set waits for the edge
    os.kill(parent, signal.SIGSTOP)
    try:
        with pytest.raises(BlockingIOError):
            for _ in range(100000):
                s.send(MESSAGE.pack(DM_KEYS_LOST, 0, 0, 0, 0))  # of a pair that is no more: the parent has nothing to do
        os.kill(edge, signal.SIGCONT)
        proc.wait_until("the edge cannot answer", lambda: "the parent takes no messages now; the answer about set 2" in log(p))
    finally:
        os.kill(edge, signal.SIGCONT)
        os.kill(parent, signal.SIGCONT)
    s.close()
    proc.wait_until("the parent has the answer", lambda: files(p) == [2, 2])
    renew_files(p)
    assert reload(p)[1]["ok"] and files(p) == [3, 3]  # it was heard once, and another one can be sent


def test_a_keyholder_that_dies_in_a_renewal_leaves_no_edge_behind(own_lab):
    p = own_lab
    listener = p.listen("beta")
    stopped = roles(p)["keyholder"]
    renew_files(p)
    os.kill(stopped, signal.SIGSTOP)  # it does not take the set, and the edges wait for it
    waiting = p.start("reload", [p.program("mtcctl"), "--socket", p.lab["iwf"]["ctl"], "--json", "reload"])
    proc.wait_until("the core has the set", lambda: p.ctl("status")[-1]["files_generation"] == 2)
    assert files(p) == [1, 1] and roles(p)["keyholder"] == stopped
    before, busy = p.edges(), {s["edge"] for s in p.sessions("beta")}
    name = min(set(before) - busy)
    os.kill(before[name], signal.SIGKILL)
    proc.wait_until("another edge is there", lambda: p.edges().get(name) not in (None, before[name]))
    assert files(p) == [1, 1]  # it starts with the set that the keyholder has
    os.kill(stopped, signal.SIGKILL)
    proc.wait_until("the edges have the set", lambda: files(p) == [2, 2])
    proc.wait_until("the reload has ended", lambda: [e for e in waiting.events() if e.get("done")])
    assert waiting.events()[-1]["ok"]
    proc.wait_until("the next one signs", lambda: roles(p)["keyholder"] not in (None, stopped) and all(connects(p) is None for _ in range(8)))
    assert listener.alive() and len(listener.events("ready")) == 1


def external(p):
    """An edge of the external zone, and the indices of the listeners in the configuration: its own, and the other one."""
    rows = {e["zone"]: e["pid"] for e in p.ctl("status")[-1]["edges"]}
    return rows["external"], 0, 1


def test_a_compromised_edge_gets_no_more_than_handshakes_of_its_listener(few_lab):
    p = few_lab
    edge, own, other = external(p)
    os.kill(edge, signal.SIGSTOP)  # it reads nothing: the answers are ours
    try:
        s = channel(edge)
        client = SERVER.replace(b"server", b"client")
        assert ask(s, SERVER, own)[0] == SIGNED
        assert ask(s, SERVER, other)[0] == NO_KEY
        assert ask(s, SERVER, 15)[0] == NO_KEY and ask(s, SERVER, 65535)[0] == NO_KEY
        assert ask(s, SERVER, own, files=9)[0] == NO_KEY
        assert ask(s, client, own) == (BAD_CONTENT, 0)
        for content in (b"", b"anything", b"\0" * 32, b"0" * 165, SERVER + b"h", SERVER[:-1], b"From: me\r\n" * 9):
            assert ask(s, content, own) == (BAD_CONTENT, 0)
        assert ask(s, SERVER, own, scheme=0x0804)[0] == BAD_SCHEME and ask(s, SERVER, own, scheme=0x0401)[0] == BAD_SCHEME
        time.sleep(1.1)  # a whole second of the rate
        assert TOO_MANY in [ask(s, SERVER, own)[0] for _ in range(40)]
        s.close()
    finally:
        os.kill(edge, signal.SIGCONT)
    proc.wait_until("the refusals are counted", lambda: counter(p, "keyholder_refused") >= 14 and counter(p, "keyholder_limited") >= 1)
    assert "the content is not what a TLS server signs" in log(p)
    time.sleep(1.1)  # the rate counts by the second: the next one is honest again
    proc.wait_until("honest handshakes are signed", lambda: connects(p) is None)


def test_an_edge_that_sends_what_is_no_request_is_ended(few_lab):
    p = few_lab
    edge, _, _ = external(p)
    s = channel(edge)
    s.send(b"KHS1 and so on")
    proc.wait_until("the edge is ended", lambda: edge not in roles(p)["edges"])
    s.close()
    assert "broke the rules of the keyholder and is ended" in log(p)
    proc.wait_until("the next edge has a keyholder", lambda: connects(p) is None)
    proc.wait_until("it is counted", lambda: counter(p, "keyholder_malformed") == 1)
