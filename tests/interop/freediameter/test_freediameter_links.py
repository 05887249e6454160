"""Connections between ours and freeDiameter (RFC 6733 5, RFC 3539): whoever connects, over TLS and in clear, capabilities,
watchdogs and disconnections, each way. The parts are played in order: one freeDiameter and eight nodes at once, because watchdogs
take their time."""
import shutil
import signal

import fdstack
import pytest
from lablib.ports import hold_ports

pytestmark = pytest.mark.skipif(not shutil.which("freeDiameterd"), reason="freeDiameter is not installed")

# Watchdogs: a message of either side sets both timers anew, so a link is watched by whose Tw is shorter. freeDiameter's is 6 s.
SLOW_MS, FAST_MS = 30000, 1000
LINKS = [f"{who}-{how}-{watch}" for who in ("fd-connects", "we-connect") for how in ("tls", "plain") for watch in ("slow", "fast")]
SLOW = [name for name in LINKS if name.endswith("slow")]
FAST = [name for name in LINKS if name.endswith("fast")]
WE_CONNECT = [name for name in LINKS if name.startswith("we")]


@pytest.fixture(scope="module")
def stack():
    s = fdstack.Stack()
    try:
        for name in LINKS:
            tls = "tls" in name
            to = f"127.0.0.1:{s.sec_port if tls else s.port}" if name in WE_CONNECT else None
            s.node(name, tls=tls, watchdog_ms=SLOW_MS if name in SLOW else FAST_MS, connect_to=to)
        s.fd = s.start_freediameter("fd", [s.nodes[n] for n in LINKS if n not in WE_CONNECT], (s.port, s.sec_port))
        yield s
    finally:
        wrong = s.close()
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", LINKS)
def test_a_capabilities_are_exchanged(stack, name):
    event = stack.nodes[name].wait("open", 1, 20)
    assert (event["host"], event["realm"]) == (fdstack.FD_HOST, fdstack.REALM)
    assert event["tls"] == ("tls" in name)
    assert event["names"] == ([fdstack.FD_HOST] if "tls" in name else [])


@pytest.mark.parametrize("name", FAST)
def test_b_freediameter_answers_our_watchdog(stack, name):
    stack.nodes[name].wait("watchdog", 1, 15, lambda e: e["dwa_received"] >= 2)
    assert not stack.nodes[name].events("down")


@pytest.mark.parametrize("name", SLOW)
def test_b_we_answer_freediameters_watchdog(stack, name):
    stack.nodes[name].wait("watchdog", 1, 20, lambda e: e["dwr_answered"] >= 1)
    assert not stack.nodes[name].events("down")


@pytest.mark.parametrize("name", FAST)
def test_c_our_disconnection_is_answered_and_both_end_in_order(stack, name):
    node = stack.nodes[name]
    node.signal(signal.SIGUSR1)
    assert node.wait("down", 1, 10)["why"] == "disconnected by Disconnect-Peer: by us"
    if name in WE_CONNECT:
        node.signal(signal.SIGHUP)  # connect again; freeDiameter comes back by itself
    assert node.wait("open", 2, 20)["host"] == fdstack.FD_HOST


def test_d_a_program_that_ends_says_so_first(stack):
    node = stack.nodes["we-connect-tls-fast"]
    assert fdstack.end_in_order(node.entry, 5)
    assert node.events("down")[-1]["why"] == "disconnected by Disconnect-Peer: by us"


def test_e_a_wrong_ca_is_refused_and_nobody_else_notices(stack):
    node = stack.nodes["fd-connects-tls-slow"]
    before = len(node.events("open"))
    lonely = stack.node("lonely", tls=True, watchdog_ms=SLOW_MS)
    stack.pki.leaf("bad-fd", "wrong-ca", fdstack.FD_HOST, "serverAuth,clientAuth")
    fdstack.cross_certify(*(stack.pki.path(n) for n in ("ca-by-wrong-ca", "ca", "wrong-ca")))  # it trusts us, we do not trust it
    bad = stack.start_freediameter("bad-fd", [lonely], hold_ports(2), "bad-fd", ("ca-by-wrong-ca", "wrong-ca"))
    refused = lonely.wait("down", 1, 20)
    assert refused["error"] == "not authenticated" and "does not chain to any configured anchor" in refused["why"], refused
    assert not lonely.events("open")
    assert fdstack.end_in_order(bad)
    assert lonely.alive() and node.alive()
    assert len(node.events("open")) == before and not node.events("down")


def test_f_freediameter_ends_in_order_and_we_come_back_to_it(stack):
    """DPR with cause 0, REBOOTING: the peer is expected back, so who connected connects again (RFC 6733 5.4.1)."""
    names = [n for n in LINKS if n != "we-connect-tls-fast"]
    opens = {n: len(stack.nodes[n].events("open")) for n in names}
    downs = {n: len(stack.nodes[n].events("down")) for n in names}
    assert fdstack.end_in_order(stack.fd)
    for name in names:
        event = stack.nodes[name].wait("down", downs[name] + 1, 10)
        assert event["why"].startswith("disconnected by Disconnect-Peer"), (name, event)
    stack.fd = stack.start_freediameter("fd-again", [stack.nodes[n] for n in LINKS if n not in WE_CONNECT],
                                         (stack.port, stack.sec_port))
    for name in names:
        assert stack.nodes[name].wait("open", opens[name] + 1, 30)["host"] == fdstack.FD_HOST
