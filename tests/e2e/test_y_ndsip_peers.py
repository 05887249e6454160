"""NDS/IP inside the operator's domain (Zb): HSS and SMS-SC on a host of their own behind tunnels of IPsec, which the gateway proves as those of SCSs;
and SCSs inside the domain with NDS/IP and without. Network namespaces, two charons, user-space ESP, the rules of the packet filter."""
import contextlib
import os
import signal
import subprocess
import time

import pytest

from lablib import lab as L
from lablib import ndsip, ndsip_peers, netns, proc, tunnel
from lablib.ndsip import GRACE_S
from lablib.ndsip_peers import INNER_E164, INSIDE, INTRUDER_HOST, OUTER, PLAIN_PORT, SCS_PORT
from support.pace import Watch

CUT_S = GRACE_S + 0.7  # what the kernel, charon and a busy machine take besides

pytestmark = pytest.mark.skipif(bool(tunnel.lacking()), reason=tunnel.lacking())


@pytest.fixture(scope="module")
def world(labs):
    play = labs.up(kind=ndsip_peers.Domain, edges=1)
    yield ndsip_peers.World(play)
    wrong = labs.down(play)
    assert not wrong, "\n".join(wrong)


@contextlib.contextmanager
def wire(world):
    """The packets between the two hosts meanwhile that are neither IKE nor ESP."""
    seen, clear = ndsip.Wire(world.hosts, "core"), []
    try:
        yield clear
        protected, others = seen.since()
        clear += others
        assert protected, "nothing was captured"
    finally:
        seen.close()


def test_a_trigger_end_to_end_over_s6m_and_t4_in_tunnels(world):
    with wire(world) as clear:
        done = world.lab.trigger("acme", device="meter-1@a.example", wait=proc.HANG_S)
    assert (done.code, done.status, done.outcome) == (0, "SUCCESS", "SUCCESS"), done
    assert not clear, clear
    for name in ("hss", "smssc"):
        row = world.peer(name)
        assert (row["protection"], row["state"]) == ("ndsip", "open"), row
        assert world.protection(name) == (True, "")
        world.wait_log(rf"peer {name} \({ndsip_peers.IDENTITIES[name]}\): the connection is protected by NDS/IP, IKE identity")
        world.wait_log(rf"peer {name} \(.*\) is open, protection ndsip")
    shown = subprocess.run([world.lab.program("mtcctl"), "--socket", world.lab.lab["iwf"]["ctl"], "ndsip", "status"], stdin=subprocess.DEVNULL,
                           capture_output=True, text=True, timeout=proc.HANG_S, check=True).stdout
    assert "peer hss: protected, connected\n" in shown, shown


def test_nothing_but_the_connection_passes_from_a_peers_tunnel(world):
    """The port of the peer is the one that it serves. From it nobody opens a connection, to no port of ours."""
    ours, theirs = INSIDE["hss"]
    before = counted(world, "anything else from the tunnel")
    with netns.entered(world.hosts.name("core")):
        raw = netns.socket.socket(netns.socket.AF_INET, netns.socket.SOCK_RAW, netns.socket.IPPROTO_RAW)
    with raw:
        raw.sendto(netns.syn(theirs, world.ports["hss"], ours, 22222), (ours, 0))
    proc.wait_until("the rule for everything else has dropped it", lambda: counted(world, "anything else from the tunnel") > before)


def counted(world, comment):
    rules = tunnel.run(*world.hosts.inside("gw", "nft", "list", "table", "inet", "mtc_iwf_ndsip")).stdout
    return sum(int(line.split("packets ")[1].split()[0]) for line in rules.splitlines() if comment in line)


def test_an_sa_that_ends_while_triggers_are_pending(world):
    """No packet in the clear, and the connection is cut within a second. The request that is on its way is answered as one whose SMS-SC is lost; the
    trigger that was accepted goes on when there is a tunnel again."""
    smssc, cuts = world.lab.lab["smssc"]["pid"], world.counter("peer_ndsip_cut")
    session = world.lab.listen("acme")
    world.lab.ue("absent", L.imsi(3))
    assert world.lab.trigger("acme", device="meter-3@a.example", reference=4301).status == "SUCCESS"
    os.kill(smssc, signal.SIGSTOP)
    try:
        scs = world.lab.start("pending", world.lab.scs_command("trigger", "acme", device="meter-2@a.example", payload="wake up"))
        proc.wait_until("a request waits for the SMS-SC", lambda: world.peer("smssc")["pending"])
        with wire(world) as clear:
            world.answer("hss")  # the other end knows the connection of the SMS-SC no longer
            watch = Watch()
            world.core.terminate("smssc")
            proc.wait_until("the connection to the SMS-SC is cut", lambda: world.counter("peer_ndsip_cut") > cuts)
            assert watch.took() < CUT_S + 0.5
            assert scs.wait_event("answer")["request_status"] == "TEMPORARYERROR"
            assert world.peer("smssc")["state"] != "open"
            world.wait_log(r"peer smssc \(.*\) is down: dropped by its owner: NDS/IP does not protect it: [^()]+\n")
            assert not world.protection("smssc")[0] and world.protection("smssc")[1]
    finally:
        os.kill(smssc, signal.SIGCONT)
    with wire(world) as later:
        world.answer("hss", "smssc")
        world.wait_peer("smssc", "open")
        world.lab.ue("present", L.imsi(3))
        assert session.wait_event("report", reference=4301)["delivery_outcome"] == "SUCCESS"
    assert len(world.lab.ue_triggers(imsi=L.imsi(3))) == 1
    assert not clear and not later, (clear, later)
    world.lab.end_background()


def test_another_identity_gets_neither_s6m_nor_t4(world):
    """A certificate of the right CA and another name: charon takes it for no peer. Where an operator's own connection lets it in, the proof refuses."""
    world.answer("smssc", "hss", certificates={"hss": ("intruder", INTRUDER_HOST)})
    world.core.terminate("hss")
    proc.wait_until("the HSS is away", lambda: world.peer("hss")["state"] == "waiting")
    assert "IKE_SA" in world.protection("hss")[1], world.protection("hss")
    by_hand(world)
    world.gw.swanctl("--initiate", "--ike", "by-hand", "--child", "s6m", "--timeout", tunnel.ACT_S)
    time.sleep(GRACE_S)
    row = world.peer("hss")
    assert row["state"] == "waiting" and "NDS/IP" in row["reason"], row
    done = world.lab.trigger("acme", device="meter-1@a.example")
    assert done.status != "SUCCESS", done
    world.gw.swanctl("--terminate", "--ike", "by-hand", "--force", check=False)
    proc.write(world.gw.path("swanctl", "swanctl.conf"), "")
    world.answer("hss", "smssc")
    world.wait_peer("hss", "open")
    assert world.lab.trigger("acme", device="meter-1@a.example", wait=proc.HANG_S).outcome == "SUCCESS"


def by_hand(world):
    """A connection of the gateway's charon that its operator has made: the selectors of the HSS for anybody of its CA."""
    ours, theirs = INSIDE["hss"]
    tunnel.run("cp", world.pki.path("core-ca.pem"), world.gw.path("swanctl", "x509ca", "core-ca.pem"))
    proc.write(world.gw.path("swanctl", "swanctl.conf"), f"""connections {{ by-hand {{
  version = 2
  local_addrs = {OUTER["gw"]}
  remote_addrs = {OUTER["core"]}
  proposals = {tunnel.IKE_PROPOSAL}
  encap = yes
  local {{
    auth = pubkey
    certs = own.pem
    id = {L.EXTERNAL_HOST}
  }}
  remote {{
    auth = pubkey
    id = {INTRUDER_HOST}
  }}
  children {{ s6m {{
    local_ts = {ours}/32[tcp]
    remote_ts = {theirs}/32[tcp/{world.ports["hss"]}]
    esp_proposals = {tunnel.ESP_PROPOSAL}
  }} }}
}} }}
""")
    world.gw.swanctl("--load-creds", "--noprompt")
    world.gw.swanctl("--load-conns")


def test_rules_that_are_lost_stop_s6m_and_t4(world):
    watch = Watch()
    tunnel.run(*world.hosts.inside("gw", "nft", "flush", "ruleset"))
    for name in ("hss", "smssc"):
        proc.wait_until(f"{name} is cut", lambda name=name: world.peer(name)["state"] == "waiting")
    assert watch.took() < CUT_S + 0.5
    assert "rules" in world.protection("hss")[1]
    tunnel.run(*world.hosts.inside("gw", world.lab.program("mtcctl"), "ndsip", "rules", "--apply", "-c", world.lab.lab["iwf"]["config"]))
    for name in ("hss", "smssc"):
        world.wait_peer(name, "open")


def test_an_scs_of_the_domain_with_ndsip_and_one_without(world):
    """For an SCS inside the operator's domain NDS/IP is there to be used, and need not be."""
    world.lab.ctl("scs", "set", "acme", "--ndsip-hosts", INSIDE["acme"][1])
    proc.wait_until("charon has the connection of acme", lambda: "mtc-acme:" in world.gw.swanctl("--list-conns").stdout)
    world.answer("hss", "smssc", acme=0)
    world.core.initiate("acme")
    done = world.trigger_from("core", f"{INSIDE['acme'][0]}:{SCS_PORT}", world.lab.scs["acme"]["origin_host"], device="meter-1@a.example", wait=proc.HANG_S)
    assert (done.status, done.outcome) == ("SUCCESS", "SUCCESS"), done
    assert world.lab.wait_decision(action="trigger", scs="acme", protection="ndsip")["verdict"] == "accepted"
    world.core.terminate("acme")
    world.lab.ctl("scs", "set", "acme", "--ndsip-hosts", "none")

    world.lab.ctl("scs", "add", "inner", "--e164", INNER_E164, "--origin-host", "scs.inner.example", "--realm", "inner.example", "--anchor", "internal")
    world.lab.ctl("assoc", "add", "inner", "meter-1@a.example")
    done = world.trigger_from("gw", f"127.0.0.1:{PLAIN_PORT}", "scs.inner.example", device="meter-1@a.example", wait=proc.HANG_S)
    assert (done.status, done.outcome) == ("SUCCESS", "SUCCESS"), done
    assert world.lab.wait_decision(action="trigger", scs="inner", protection="none")["verdict"] == "accepted"
