"""NDS/IP: an SCS inside an IPsec tunnel of strongSwan, plain TCP or TLS in it. The gateway proves for each connection who protects it, and holds
and cuts the connection as soon as it cannot. Network namespaces, two charons, user-space ESP, the rules of the packet filter."""
import datetime
import json
import os
import shutil
import signal
import subprocess
import time

import pytest

from lablib import lab as L
from lablib import ndsip, proc, tunnel
from lablib.ndsip import GATEWAY, GRACE_S, HOST, OTHER_HOST, PORT
from lablib.pki import Pki
from support.pace import Watch

CRL_CHECK_MS = 200
CUT_S = GRACE_S + 0.7  # what the kernel, charon and a busy machine take besides

pytestmark = pytest.mark.skipif(bool(tunnel.lacking()), reason=tunnel.lacking())


def when(line):
    """The time of a line of the log."""
    return datetime.datetime.fromisoformat(line.split()[0].replace("Z", "+00:00")).timestamp()


class World(ndsip.World):
    """The laboratory on hosts of its own, and a third one that claims acme's address."""

    def __init__(self, labs, on_loss="cut", grace_ms=int(GRACE_S * 1000), check_ms=5000):
        super().__init__(labs.up(kind=ndsip.Tunnelled, on_loss=on_loss, grace_ms=grace_ms, check_ms=check_ms,
                                 mode=tunnel.LIBIPSEC, scs_tunnel=False, edges=1,
                                 timers_more=f", crl_check: {CRL_CHECK_MS}ms"))
        self.labs = labs
        self.hosts.ip("core", "addr", "add", HOST, "dev", "lo")

    def end(self):
        self.end_tunnels()
        return self.labs.down(self.lab)

    def losses(self):
        """The decision lines of connections of acme whose protection ended."""
        return self.lab.decisions(action="session", verdict="refused", scs="acme", reason="protection-lost", protection="ndsip")

    def wait_loss(self, before):
        """Exactly one more line than before."""
        lines = proc.wait_until("the decision line of the cut", lambda: self.losses()[len(before):])
        assert len(lines) == 1 and lines[0]["origin_host"] == self.lab.scs["acme"]["origin_host"], lines

    def held_since(self, begun):
        """How long after that time acme's connection was held: nothing is read from it and nothing sent. By the time in the log, which is not that of
        this script's looks."""
        line = proc.wait_until("it is held", lambda: [one for one in self.log().splitlines() if "scs.acme.example at" in one and ": held: " in one and
                                                      when(one) >= int(begun * 1000) / 1000])[0]
        return when(line) - begun

    def copy_ca(self, name):
        shutil.copy(self.pki(f"{name}.pem"), self.charons["gw"].path("swanctl", "x509ca", f"{name}.pem"))


@pytest.fixture(scope="module")
def world(labs):
    w = World(labs)
    yield w
    wrong = w.end()
    assert not wrong, "\n".join(wrong)


@pytest.fixture
def acme(world):
    charon = world.tunnel("acme", HOST)
    charon.initiate("tsp")
    yield charon
    world.lab.end_background()
    world.drop(charon)


def test_a_trigger_end_to_end_over_plain_tcp_in_the_tunnel(world, acme):
    done = world.trigger("acme", device="meter-1@a.example", wait=proc.HANG_S)
    assert (done.code, done.status, done.outcome) == (0, "SUCCESS", "SUCCESS"), done
    line = world.lab.wait_decision(action="trigger", scs="acme", device="meter-1@a.example")
    assert (line["protection"], line["verdict"], line["address"].split(":")[0]) == ("ndsip", "accepted", HOST)
    assert acme.installed() == 1


def test_past_the_tunnel_the_rules_let_nothing_through(world):
    done = subprocess.run(world.hosts.inside("scs", "python3", "-c", f"""
import socket
try:
    socket.create_connection(("{GATEWAY}", {PORT}), 2)
    print("connected")
except TimeoutError:
    print("nothing")
"""), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=proc.HANG_S, check=True)
    assert done.stdout.strip() == "nothing", done


@pytest.fixture
def without_rules(world):
    world.rules("--remove")
    world.wait_log("the packet filter rules of NDS/IP are not in force")
    yield
    world.rules("--apply")


def test_past_the_tunnel_and_without_rules_the_proof_lets_nothing_through(world, without_rules):
    refused, watch = world.counter("edge_refused_unproven"), Watch()
    done = subprocess.run(world.hosts.inside("scs", "python3", "-c", f"""
import socket, time
s = socket.create_connection(("{GATEWAY}", {PORT}), {proc.HANG_S})
begun = time.monotonic()
s.settimeout({proc.HANG_S})
s.sendall(b"x" * 100)
try:
    print(len(s.recv(100)))
except ConnectionError as e:
    print("reset")
print(time.monotonic() - begun)
"""), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=proc.HANG_S, check=True)
    how, took = done.stdout.split()
    assert how in ("0", "reset") and watch.of(float(took)) < CUT_S, done
    proc.wait_until("it is counted", lambda: world.counter("edge_refused_unproven") > refused)
    world.wait_log(r"the packet filter rules of NDS/IP are not in force \(rules-lost\)")


def test_the_ike_identity_of_b_with_the_origin_host_of_a(world):
    """gamma's certificate is of acme's own trust anchor: only the name is another."""
    charon = world.tunnel("gamma", OTHER_HOST)
    charon.initiate("tsp")
    done = world.trigger("gamma", origin_host=world.lab.scs["acme"]["origin_host"], device="meter-1@a.example")
    assert done.code == 4, done
    line = world.lab.wait_decision(action="session", verdict="refused", origin_host=world.lab.scs["acme"]["origin_host"])
    assert (line["reason"], line["protection"]) == ("name-not-proven", "ndsip")
    assert world.trigger("gamma", device="meter-1@a.example", wait=proc.HANG_S).status == "SUCCESS"  # by its own name
    world.drop(charon)


def test_a_name_of_another_ca_gets_no_tunnel(world):
    charon = world.tunnel("impostor", HOST, identity=world.lab.scs["acme"]["origin_host"])
    with pytest.raises(proc.LabError):
        charon.initiate("tsp")
    world.drop(charon)


def test_an_end_of_the_tunnel_cuts_within_a_second(world, acme):
    session = world.listen("acme")
    world.lab.ue("absent", L.imsi(3))
    done = world.trigger("acme", device="meter-3@a.example", reference=4301)
    assert done.status == "SUCCESS", done
    before = world.losses()
    watch = Watch()
    acme.terminate("iwf")
    took = world.gone("acme", watch.began)
    assert watch.of(took) < CUT_S, took
    world.wait_loss(before)
    proc.wait_until("it is counted", lambda: world.counter("edge_protection_lost") >= 1)
    session.end()
    acme.initiate("tsp")
    again = world.listen("acme")
    world.lab.ue("present", L.imsi(3))
    again.wait_event("report", reference=4301)


def test_protected_again_within_the_grace_goes_on(world, acme):
    """Make before break is charon's; here the child is replaced, and the session does not notice."""
    session = world.listen("acme")
    number = world.lab.sessions("acme")[0]["session"]
    acme.swanctl("--rekey", "--child", "tsp")
    acme.swanctl("--rekey", "--ike", "iwf")
    time.sleep(2 * GRACE_S)
    assert [s["session"] for s in world.lab.sessions("acme")] == [number]
    assert session.alive()


def test_rules_flushed_under_a_live_session_cut_it(world, acme):
    session = world.listen("acme")
    before = world.losses()
    watch = Watch()
    tunnel.run(*world.hosts.inside("gw", "nft", "flush", "ruleset"))
    took = world.gone("acme", watch.began)
    assert watch.of(took) < CUT_S, took
    world.wait_loss(before)
    session.end()
    assert world.trigger("acme", device="meter-1@a.example").code == 4  # the tunnel is there, and that is not enough
    forces = world.log().count("rules of NDS/IP are in force")
    world.rules("--apply")
    world.wait_log("rules of NDS/IP are in force", count=forces + 1)
    assert world.trigger("acme", device="meter-1@a.example", wait=proc.HANG_S).outcome == "SUCCESS"


def test_tls_inside_the_tunnel_needs_one_name_from_both(world, acme):
    done = world.trigger("acme", tls="acme", device="meter-1@a.example", wait=proc.HANG_S)
    assert (done.status, done.outcome) == ("SUCCESS", "SUCCESS"), done
    assert world.lab.wait_decision(action="trigger", protection="tls+ndsip")["verdict"] == "accepted"
    assert world.trigger("gamma", tls="gamma", device="meter-1@a.example").code == 4  # gamma's certificate, acme's tunnel
    assert world.lab.wait_decision(action="session", reason="other-ike-identity")["protection"] == "tls+ndsip"
    assert world.trigger("acme", tls="outsider", device="meter-1@a.example").code == 4


def test_a_revoked_certificate_ends_the_tunnel_and_makes_none(world, acme):
    """The helper gets the new set as everybody does, and charon the list in it: who is in a tunnel has to prove who it is again."""
    lists = Pki(os.path.dirname(world.pki("anchor-a.pem")))
    assert acme.installed() == 1
    session = world.listen("acme")
    watch = Watch()
    lists.crl("anchor-a", ["acme"], 2)  # without a reload
    proc.wait_until("the tunnel of before is gone", lambda: acme.installed() == 0)
    assert watch.of(world.held_since(watch.wall)) < 1 + CRL_CHECK_MS / 1000
    world.gone("acme", watch.began)
    session.end()
    world.wait_loaded("acme")
    with pytest.raises(proc.LabError):
        acme.initiate("tsp")
    lists.crl("anchor-a", [], 3)
    rows = world.lab.ctl("reload")  # another way to the same
    assert not [r for r in rows if "still uses set" in r.get("text", "")], rows
    proc.wait_until("charon has the connection anew", lambda: world.lab.ctl("ndsip", "status", "acme")[0]["state"] == "down")
    acme.initiate("tsp")
    assert world.trigger("acme", device="meter-1@a.example", wait=proc.HANG_S).status == "SUCCESS"


def test_two_identities_on_one_selector_prove_nobody(world, acme):
    """Another connection of the gateway's charon, made by its operator, takes the selectors of acme for gamma."""
    session = world.listen("acme")
    gw = world.charons["gw"]
    proc.write(gw.path("swanctl", "swanctl.conf"), f"""connections {{ by-hand {{
  version = 2
  local_addrs = 10.78.0.1
  remote_addrs = 10.78.0.2
  proposals = {tunnel.IKE_PROPOSAL}
  encap = yes
  local {{
    auth = pubkey
    certs = own.pem
    id = {L.EXTERNAL_HOST}
  }}
  remote {{
    auth = pubkey
    id = {world.lab.scs["gamma"]["origin_host"]}
  }}
  children {{ tsp {{
    local_ts = {GATEWAY}/32[tcp/{PORT}]
    remote_ts = {HOST}/32[tcp]
    esp_proposals = {tunnel.ESP_PROPOSAL}
  }} }}
}} }}
""")
    world.copy_ca("anchor-a")
    gw.swanctl("--load-all", "--noprompt")
    world.wait_loaded("acme")
    other = world.tunnel("gamma", HOST, side="core")
    watch = Watch()
    other.initiate("tsp")
    took = world.gone("acme", watch.began)
    assert watch.of(took) < CUT_S, took
    world.wait_log("sa-two-identities")
    session.end()
    world.drop(other)
    gw.swanctl("--terminate", "--ike", "by-hand", "--force", check=False)


def test_an_end_with_a_claimed_identity_cuts_nobody(world, acme):
    session = world.listen("acme")
    number = world.lab.sessions("acme")[0]["session"]
    intruder = world.tunnel("impostor", "10.78.0.2", side="core", identity=world.lab.scs["acme"]["origin_host"])
    with pytest.raises(proc.LabError):
        intruder.initiate("tsp")
    time.sleep(2 * GRACE_S)
    assert [s["session"] for s in world.lab.sessions("acme")] == [number]
    assert session.alive()
    world.drop(intruder)


def test_charon_of_the_gateway_killed_and_started_again(world, acme):
    session = world.listen("acme")
    gw = world.charons["gw"]
    losses = world.log().count("strongSwan is away")
    watch = Watch()
    os.kill(gw.entry["pid"], signal.SIGKILL)
    took = world.gone("acme", watch.began)
    assert watch.of(took) < CUT_S, took
    assert world.log().count("strongSwan is away") == losses + 1
    session.end()
    world.restart_gateway_charon()
    world.wait_loaded("acme")
    acme.swanctl("--terminate", "--ike", "iwf", "--force", check=False)
    acme.initiate("tsp")
    assert world.trigger("acme", device="meter-1@a.example", wait=proc.HANG_S).outcome == "SUCCESS"


def test_the_helper_killed_cuts_and_is_started_again(world, acme):
    world.listen("acme")
    helper = L.roles(world.lab.lab["iwf"]["pids"]["parent"])["ndsip"]
    os.kill(helper, signal.SIGKILL)
    proc.wait_until("another helper", lambda: L.roles(world.lab.lab["iwf"]["pids"]["parent"])["ndsip"] not in (None, helper))
    assert world.trigger("acme", device="meter-1@a.example", wait=proc.HANG_S).outcome == "SUCCESS"


@pytest.fixture
def two_anchors(world):
    """acme may show certificates of two CAs, and has one of each; gamma has a tunnel from another machine."""
    Pki(os.path.dirname(world.pki("anchor-b.pem"))).leaf("acme-b", "anchor-b", world.lab.scs["acme"]["origin_host"], "clientAuth")
    world.lab.ctl("scs", "set", "acme", "anchors", "anchor-a,anchor-b")
    world.wait_loaded("acme")
    world.hosts.ip("core", "addr", "add", OTHER_HOST, "dev", "lo")
    gamma = world.tunnel("gamma", OTHER_HOST, side="core")
    gamma.initiate("tsp")
    yield gamma
    world.lab.end_background()
    world.drop(gamma)
    world.hosts.ip("core", "addr", "del", OTHER_HOST, "dev", "lo")
    world.lab.ctl("scs", "set", "acme", "anchors", "anchor-a")
    world.wait_loaded("acme")


def test_an_scs_with_two_anchors_and_one_that_is_taken_away(world, two_anchors):
    """charon takes the certificates of both and does not say which CA it was: a change of the anchors ends the tunnel of this SCS, and only a
    certificate of the one that is left makes another. The tunnel of another SCS stays."""
    for certificate in ("acme", "acme-b"):
        charon = world.tunnel("acme", HOST, certificate=certificate)
        charon.initiate("tsp")
        assert world.trigger("acme", device="meter-1@a.example", wait=proc.HANG_S).status == "SUCCESS"
    world.listen("acme")
    watch = Watch()
    world.lab.ctl("scs", "set", "acme", "anchors", "anchor-a")
    proc.wait_until("the tunnel has ended", lambda: charon.installed() == 0)
    assert watch.of(world.held_since(watch.wall)) < 1
    world.gone("acme", watch.began)
    world.wait_loaded("acme")
    with pytest.raises(proc.LabError):
        charon.initiate("tsp")
    again = world.tunnel("acme", HOST)
    again.initiate("tsp")
    assert world.trigger("acme", device="meter-1@a.example", wait=proc.HANG_S).status == "SUCCESS"
    assert two_anchors.installed() == 1
    world.drop(again)


def test_an_scs_that_is_removed_loses_tunnel_and_session(world, acme):
    world.listen("acme")
    before = world.losses()
    watch = Watch()
    world.lab.ctl("scs", "set", "acme", "--ndsip-hosts", "none")
    took = world.gone("acme", watch.began)
    assert watch.of(took) < CUT_S, took
    world.wait_loss(before)
    proc.wait_until("its tunnel is gone", lambda: acme.installed() == 0)
    world.lab.ctl("scs", "set", "acme", "--ndsip-hosts", HOST)
    world.wait_loaded("acme")


def test_a_list_that_changes_while_the_daemon_is_down_counts_at_its_start(world, acme):
    """charon outlives mtc-iwfd, with the tunnel of a certificate that is revoked meanwhile."""
    path = os.path.join(world.lab.lab["dir"], L.RECORD)
    pids = world.lab.lab["iwf"]["pids"]
    old = next(e for e in proc.recorded(path) if e["name"] == "mtc-iwfd")
    lists = Pki(os.path.dirname(world.pki("anchor-a.pem")))
    os.kill(pids["parent"], signal.SIGTERM)
    proc.wait_until("mtc-iwfd has ended", lambda: not proc.alive(old))
    assert acme.installed() == 1
    lists.crl("anchor-a", ["acme"], 4)
    new = proc.start("mtc-iwfd-again", old["command"], os.path.join(world.lab.lab["dir"], "log"))
    proc.write(path, json.dumps([new if e["name"] == old["name"] else e for e in proc.recorded(path)], indent=1))
    proc.wait_ready(new)
    world.lab.lab["iwf"]["pids"] = {"parent": new["pid"], **L.roles(new["pid"])}
    proc.wait_until("the tunnel of before is gone", lambda: acme.installed() == 0)
    world.wait_loaded("acme")
    with pytest.raises(proc.LabError):
        acme.initiate("tsp")
    lists.crl("anchor-a", [], 5)
    world.lab.ctl("reload")
    proc.wait_until("charon has the connection anew", lambda: world.lab.ctl("ndsip", "status", "acme")[0]["state"] == "down")
    acme.initiate("tsp")
    assert world.trigger("acme", device="meter-1@a.example", wait=proc.HANG_S).status == "SUCCESS"
