"""SMPP between mtc-sme and mtc-smssc as tshark sees it, in clear and over TLS, and how many connections an address may have."""
import json
import os
import socket
import subprocess

import pytest
from lablib import proc
from lablib.pki import Pki
from support import smpp
from support.capture import Capture
from support.smes import NUMBER, World, sme
from support.smpp import Sme
from support.wire import smpp_of

from conftest import BIN

NAME, ABSENT = "smssc.core.test", "491720000003"
REQUESTS = {"bind": smpp.BIND_TRX, "submit": smpp.SUBMIT, "data": smpp.DATA, "multi": smpp.MULTI, "query": smpp.QUERY, "replace": smpp.REPLACE,
            "cancel": smpp.CANCEL, "deliver": smpp.DELIVER, "unbind": smpp.UNBIND}


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    made = Pki(str(tmp_path_factory.mktemp("pki")))
    made.ca("sme-ca", "/CN=sme-ca")
    made.leaf("smssc", "sme-ca", NAME, "serverAuth")
    made.leaf("sme", "sme-ca", "sme.test", "clientAuth")
    return made


@pytest.fixture(scope="module")
def world(tmp_path_factory, pki):
    tls = (f"  tls: {{ address: 127.0.0.1, port: 0, certificate: {pki.path('smssc.pem')}, key: {pki.path('smssc.key')}, "
           f"anchors: [{pki.path('sme-ca.pem')}] }}\n")
    w = World(BIN, tmp_path_factory.mktemp("wire"), tls=tls, smes=sme("acme") + sme("sealed", more="certificate: sme.test"))
    w.start_ue()
    yield w
    w.down()


def submits(port, kind, pki, folder):
    """What mtc-sme can send, one connection after the other."""
    where = ["--connect", f"127.0.0.1:{port}", "--password", "secret08", "--source", "4242"]
    where += ["--plain", "--system-id", "acme"] if kind == "plain" else [
        "--system-id", "sealed", "--ca", pki.path("sme-ca.pem"), "--cert", pki.path("sme.pem"), "--key", pki.path("sme.key"), "--server-name", NAME,
        "--keylog", os.path.join(folder, "secrets")]

    def run(*words):
        done = subprocess.run([os.path.join(BIN, "mtc-sme"), *words, *where], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=proc.HANG_S, check=False)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]
    text = ("submit", "--to", NUMBER)
    run(*text, "--payload", "gr\u00fc\u00df dich", "--wait", "30")
    run(*text, "--payload-hex", "00ff", "--port", "1000", "--validity", "3600", "--priority", "1")
    run(*text, "--payload-hex", "00ff", "--port", "1000", "--port-in-header")
    run(*text, "--payload-hex", "ab" * 300)
    run(*text, "--payload-hex", "00ff", "--data-sm")
    run(*text, "--to", "491720000002", "--payload", "all")
    message_id = run("submit", "--to", ABSENT, "--payload", "old")[0]["message_id"]
    run("query", "--id", message_id)
    run("replace", "--id", message_id, "--payload", "new")
    run("cancel", "--id", message_id)


@pytest.mark.parametrize("kind", ["plain", "tls"])
def test_nothing_is_malformed(world, pki, tmp_path, kind):
    port = world.port if kind == "plain" else world.tls_port
    capture = Capture(str(tmp_path), [("127.0.0.1", port)])
    submits(port, kind, pki, str(tmp_path))
    capture.stop()
    commands, wrong = smpp_of(capture.file, port, None if kind == "plain" else str(tmp_path / "secrets"))
    assert not wrong, wrong
    missing = {name for name, command in REQUESTS.items() if not {command, command | smpp.RESP} <= set(commands)}
    assert not missing, (missing, commands)


def closed(s):
    """Whether the other end has closed without a word."""
    try:
        return s.recv(1) == b""
    except ConnectionError:
        return True


def test_connections_of_one_address(tmp_path):
    """The one too many is closed and counted; another address, and who comes after one has gone, are served."""
    w = World(BIN, tmp_path, smes=sme("acme"), more="  connections: 5\n  connections_per_address: 2\n")
    try:
        first, second = w.bound(), socket.create_connection(("127.0.0.1", w.port), timeout=proc.HANG_S)
        third = socket.create_connection(("127.0.0.1", w.port), timeout=proc.HANG_S)
        assert closed(third)
        other = socket.create_connection(("127.0.0.1", w.port), timeout=proc.HANG_S, source_address=("127.0.0.9", 0))
        other.close()
        counts = w.counts()
        assert (counts["connections_crowded"], counts["connections_refused"]) == (1, 0)
        assert first.ask(smpp.ENQUIRE).status == smpp.OK
        second.close()
        proc.wait_until("there is room again", lambda: Sme(w.port).bind().status == smpp.OK)
        assert "smes.connections_per_address is reached" in w.log()
    finally:
        w.down()


def silent(w, address, n):
    """Connections of this address that say nothing."""
    return [socket.create_connection(("127.0.0.1", w.port), timeout=proc.HANG_S, source_address=(address, 0)) for _ in range(n)]


def test_strangers_keep_no_sme_out(tmp_path):
    """Four addresses try for all 20 places and bind nothing: an SME from another address binds meanwhile, and so does one of theirs that had bound."""
    w = World(BIN, tmp_path, smes=sme("acme", more="binds: 20"), more="  connections: 20\n  connections_per_address: 5\n  unbound_per_address: 2\n  bind_wait: 60s\n")
    try:
        held = [silent(w, f"127.0.0.{n}", 5) for n in range(11, 15)]
        assert [[closed(s) for s in one[2:]] for one in held] == [[True] * 3] * 4
        assert w.counts()["connections_unbound"] == 12
        first = Sme(w.port)
        assert first.bind().status == smpp.OK
        bound = [w.bound() for _ in range(4)]  # each after the bind of the one before: they do not count as without a bind
        assert first.ask(smpp.ENQUIRE).status == smpp.OK
        counts = w.counts()
        assert (counts["connections"], counts["connections_refused"], counts["connections_crowded"]) == (13, 0, 0)
        held[0][0].close()
        proc.wait_until("its place is free", lambda: w.counts()["connections"] == 12)
        again = silent(w, "127.0.0.11", 2)
        assert closed(again[1]) and w.counts()["connections"] == 13
        assert "127.0.0.11" in w.log() and "connection refused: smes.unbound_per_address is reached" in w.log() and bound
    finally:
        w.down()


def test_descriptors_for_each_connection(tmp_path):
    """The soft limit is raised; -t says when the hard one is too low."""
    w = World(BIN, tmp_path, more="  connections: 3000\n", under=["sh", "-c", 'ulimit -S -n 256 && exec "$@"', "sh"])
    try:
        with open(f"/proc/{w.smssc['pid']}/limits", encoding="ascii") as f:
            soft = int(next(line for line in f if line.startswith("Max open files")).split()[3])
        assert soft == 4024
        conf = (tmp_path / "smssc.yaml").read_text()
        low = ["sh", "-c", 'ulimit -n 512 && exec "$@"', "sh", os.path.join(BIN, "mtc-smssc"), "-c", proc.write(w.path("low.yaml"), conf), "-t"]
        done = subprocess.run(low, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=proc.HANG_S, check=False)
        assert done.returncode == 0 and "this process may have 512 descriptors at most, and smes.connections wants 4024" in done.stderr
    finally:
        w.down()


def test_a_bound_above_the_whole_is_wrong(tmp_path):
    w = World(BIN, tmp_path)
    try:
        conf = (tmp_path / "smssc.yaml").read_text()
        for first, second, said in (("connections: 5", "connections_per_address: 6", "smes.connections_per_address is above smes.connections (5)"),
                                    ("connections_per_address: 5", "unbound_per_address: 6", "smes.unbound_per_address is above smes.connections_per_address (5)")):
            wrong = proc.write(w.path("wrong.yaml"), conf.replace("  list:\n", f"  {first}\n  {second}\n  list:\n"))
            done = subprocess.run([os.path.join(BIN, "mtc-smssc"), "-c", wrong, "-t"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=proc.HANG_S,
                                  check=False)
            assert done.returncode == 2 and said in done.stderr, done.stderr
    finally:
        w.down()
