"""Act eight: one process of the daemon is in other hands. The others notice, go on, and cannot be looked into."""
import mmap
import os
import pwd
import re
import signal
import socket
import ssl
import struct
import subprocess
import sys

import pytest
from lablib import lab as L
from lablib import proc
from support import ring

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="takes over processes of other users")

CHILD_FD = 3


def channel_of(pid):
    """The child's own end of its channel to the parent, as whoever took the child over has it."""
    return socket.socket(fileno=ring.fd_of(pid, CHILD_FD))


def dm_msg(kind, value=0):
    return struct.pack("=IIIIQ", kind, 0, 0, 0, value)


@pytest.mark.parametrize("what,octets", [
    ("a kind that does not exist", dm_msg(99)),
    ("what only the core says", dm_msg(12)),
    ("ready, twice", dm_msg(11)),
    ("half a message", dm_msg(11)[:7]),
])
def test_an_edge_that_says_what_no_edge_says_is_ended(own_lab, what, octets):
    p = own_lab
    before = p.edges()
    victim = min(before)
    channel = channel_of(before[victim])
    channel.setblocking(False)
    try:
        for _ in range(1000):  # as many as go in: the parent does not listen to all of them before it acts
            channel.send(octets)
    except (BlockingIOError, ConnectionError):  # full, or closed by the parent, with or without something unread
        pass
    channel.close()
    proc.wait_until("another edge", lambda: p.edges().get(victim) not in (None, before[victim]))
    assert {e: i for e, i in p.edges().items() if e != victim} == {e: i for e, i in before.items() if e != victim}
    assert p.trigger("acme", device="meter-63@a.example", wait=proc.HANG_S).code == 0


ACME = {"host": "scs.acme.example", "realm": "acme.example", "names": ["scs.acme.example"], "anchors": ["anchor-a"]}


def claims(p):
    return next(r["value"] for r in p.ctl("stats") if r.get("name") == "false_claims")


@pytest.mark.parametrize("words,claim", [
    ("listener number 2, which it does not have", dict(ACME, listener=1)),
    ("in zone internal, and the edge is in zone external", dict(ACME, zone=ring.INTERNAL)),
    ("with protection ndsip, and that listener has tls", dict(ACME, kind=ring.KIND_IPSEC, protection=ring.IPSEC)),
    ("trust anchor 'anchor-of-mine', which is not configured", dict(ACME, anchors=["anchor-of-mine"])),
    ("breaks the rules", dict(ACME, names=[], anchors=[], kind=ring.KIND_INTERNAL)),
])
def test_an_edge_that_announces_what_it_cannot_have_is_ended(own_lab, words, claim):
    """No name, listener, zone or kind of identity is believed because an edge says so; nobody is admitted by it."""
    p = own_lab
    before = p.edges()
    victim = min(before)
    edge = ring.Hijacked(before[victim])
    edge.send(ring.SESSION_OPEN, 1 << 40, ring.session_open(**claim))
    proc.wait_until("another edge", lambda: p.edges().get(victim) not in (None, before[victim]))
    edge.end()
    with open(p.lab["logs"]["mtc-iwfd"], encoding="utf-8") as f:
        assert re.search(f"edge-0 .*{re.escape(words)}.*it is ended", f.read())
    if "rules" not in words:
        assert claims(p) == 1
        line = p.wait_decision(reason="edge-false-claim")
        assert (line["verdict"], line["scs"], line["address"]) == ("refused", "", "192.0.2.1:1")
    assert p.sessions() == []
    assert {e: i for e, i in p.edges().items() if e != victim} == {e: i for e, i in before.items() if e != victim}
    assert p.trigger("acme", device="meter-63@a.example", wait=proc.HANG_S).code == 0


def test_what_an_edge_can_have_is_taken(own_lab):
    """The same record as in the plays above, with nothing wrong in it: the core admits the session, so it was the claim that they ended for."""
    p = own_lab
    before = p.edges()
    edge = ring.Hijacked(before[min(before)])
    edge.send(ring.SESSION_OPEN, 1 << 40, ring.session_open(**ACME))
    line = p.wait_decision(action="session", address="192.0.2.1:1")
    assert (line["verdict"], line["scs"]) == ("accepted", "acme")
    assert p.edges() == before and claims(p) == 0
    os.kill(edge.pid, 9)
    edge.end()
    proc.wait_until("another edge", lambda: p.edges().get(min(before)) not in (None, before[min(before)]))


class BothZones(L.Lab):
    """A second listener, in the other zone."""

    def iwf_config(self):
        folder = self.path("pki")
        more = (f"  - {{ name: inside, zone: internal, protection: tls, address: {self.options.address}, port: 0, "
                f"certificate: {folder}/iwf.pem, key: {folder}/iwf.key }}\npeers:\n")
        return super().iwf_config().replace("peers:\n", more, 1)


def greets(p, address):
    """Whether a TLS handshake succeeds there."""
    acme, context = p.scs["acme"], ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.load_cert_chain(acme["cert"], acme["key"])
    try:
        with context.wrap_socket(socket.create_connection(address, proc.HANG_S)):
            return True
    except OSError:
        return False


def test_an_edge_locks_nobody_out_of_the_other_zone(labs):
    """It writes what it likes into the counters that edges share, its sisters refuse everybody, and the other zone does not notice."""
    p = labs.up(kind=BothZones, edges=2)
    edges = {"external": [], "internal": []}
    for e in p.ctl("status")[-1]["edges"]:
        edges[e["zone"]].append(e["pid"])
    pages = {pid: ring.fds_named(pid, "mtc-iwf-caps") for pids in edges.values() for pid in pids}
    assert all(len(numbers) == 1 for numbers in pages.values()), pages
    inodes = {zone: {os.stat(f"/proc/{pid}/fd/{pages[pid][0]}").st_ino for pid in pids} for zone, pids in edges.items()}
    assert len(inodes["external"]) == len(inodes["internal"]) == 1 and inodes["external"] != inodes["internal"], inodes
    with open(p.lab["logs"]["mtc-iwfd"], encoding="utf-8") as f:
        inside = re.search(r"listener inside is ready (\S+):(\d+)", f.read())
    inside, outside = (inside.group(1), int(inside.group(2))), (p.lab["iwf"]["tsp"]["address"], p.lab["iwf"]["tsp"]["port"])
    assert greets(p, inside) and greets(p, outside)

    victim = edges["external"][0]
    os.kill(victim, signal.SIGSTOP)  # an honest one would put its own counts right
    fd = ring.fd_of(victim, pages[victim][0])
    with mmap.mmap(fd, os.fstat(fd).st_size) as page:
        page[:] = b"\xff" * len(page)
    os.close(fd)
    assert not greets(p, outside)
    assert greets(p, inside)
    for pid in edges["external"]:  # what it wrote is gone when the edges are
        os.kill(pid, signal.SIGKILL)
    proc.wait_until("the next edges count anew", lambda: greets(p, outside))
    assert greets(p, inside)
    wrong = labs.down(p)
    assert not wrong, "\n".join(wrong)


def opens_as(user, path):
    """Whether a process of that user may open that file for writing."""
    code = "import os, sys; os.setgroups([]); os.setgid(int(sys.argv[2])); os.setuid(int(sys.argv[1])); open(sys.argv[3], 'r+b').close()"
    done = subprocess.run([sys.executable, "-c", code, str(user.pw_uid), str(user.pw_gid), path], capture_output=True, check=False)
    return done.returncode == 0


def test_edges_and_core_of_one_user_cannot_look_into_each_other(own_lab):
    user, folder = pwd.getpwnam("nobody"), own_lab.lab["dir"]
    os.chmod(folder, 0o755)
    with open(own_lab.lab["iwf"]["config"], encoding="utf-8") as f:
        text = f.read()
    text = re.sub(r"(?m)^state_dir:.*", f"state_dir: {folder}/of-nobody\nuser: nobody", text)
    text = re.sub(r"(?m)^control:.*", f"control: {{ path: {folder}/ctl }}", text)
    text = re.sub(r"decisions: [^ }]*", f"decisions: {folder}/decisions", text)
    config = proc.write(os.path.join(folder, "of-nobody.yaml"), text)
    with subprocess.Popen([os.path.join(own_lab.bin, "mtc-iwfd"), "-c", config], stdout=subprocess.PIPE, text=True) as daemon:
        try:
            assert daemon.stdout.readline().startswith("ready ")
            roles = L.roles(daemon.pid)
            for pid in [roles["core"], *roles["edges"]]:
                with open(f"/proc/{pid}/status", encoding="utf-8") as f:
                    status = f.read()
                assert f"Uid:\t{user.pw_uid}\t{user.pw_uid}\t{user.pw_uid}\t" in status and "CapEff:\t0000000000000000" in status
                assert not opens_as(user, f"/proc/{pid}/mem")
                assert not opens_as(user, f"/proc/{pid}/fd/{CHILD_FD}")
        finally:
            daemon.terminate()
        assert daemon.wait(proc.HANG_S) == 0
