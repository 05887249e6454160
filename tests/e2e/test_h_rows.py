"""Act eight: rows of CONTRACTS sections 1 to 5 that no other act plays (docs/dev/contract-tests.md has the whole table)."""
import os
import socket
import subprocess

import pytest
from lablib import lab as L
from lablib import proc
from support import diameter as D
from support.tsp import Scs, action, request_status

PORTAL = "portal.core.operator.example"


# -- an SCS of the operator's own domain: zone internal, protection none


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


@pytest.fixture(scope="module")
def inside(labs):
    """A laboratory with an internal listener without protection, and one SCS provisioned for it."""
    port = free_port()
    p = labs.up(listen_more=f"  - {{ name: inside, zone: internal, protection: none, address: 127.0.0.1, port: {port} }}\n")
    p.inside = port
    p.ctl("scs", "add", "portal", "--e164", "49170000001", "--origin-host", PORTAL, "--realm", L.CORE_REALM, "--anchor", "internal")
    p.ctl("assoc", "add", "portal", "*@a.example")
    yield p
    wrong = labs.down(p)
    assert not wrong, "\n".join(wrong)


def plain(p, host=PORTAL, realm=L.CORE_REALM):
    return D.Peer.connect("127.0.0.1", p.inside, host, realm, D.TSP)


def test_an_scs_of_our_own_domain_triggers_through_the_internal_listener(inside):
    iwf = inside.lab["iwf"]
    done = subprocess.run([inside.program("mtc-scs"), "trigger", "--plain", "--connect", f"127.0.0.1:{inside.inside}", "--origin-host", PORTAL,
                           "--realm", L.CORE_REALM, "--iwf-host", iwf["identity"], "--iwf-realm", iwf["realm"], "--device",
                           "meter-3@b.example", "--payload", "x"], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 3 and "NOTAUTHORIZED" in done.stdout, done  # admitted, and judged like every SCS
    s = plain(inside)
    assert s.open() == 2001
    s.close()


@pytest.mark.parametrize("host,realm,reason", [
    ("scs.acme.example", "acme.example", "not-protected"),  # has an anchor: it must prove who it is
    ("nobody.core.operator.example", L.CORE_REALM, "unknown-peer"),
    (PORTAL, "acme.example", "wrong-realm"),
])
def test_nobody_else_comes_through_the_internal_listener(inside, host, realm, reason):
    s = plain(inside, host, realm)
    assert s.open() == 3010
    assert inside.wait_decision(origin_host=host, reason=reason)["verdict"] == "refused"
    s.close()


def test_an_internal_scs_is_refused_where_names_are_proven(inside):
    """Whatever certificate it has: nothing is provisioned that it could prove."""
    s = Scs(inside, "acme", host=PORTAL, realm=L.CORE_REALM)
    assert s.open() == 3010
    assert inside.wait_decision(origin_host=PORTAL, reason="wrong-anchor")
    s.close()
