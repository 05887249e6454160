"""NDS/IP while keys and security associations come and go under a session: they are renewed under load, run out, come back without a child, and
are of a charon that is away. Each tunnel has a road past it, and what passes on the wire is looked at."""
import os

import signal
import time

import pytest
from lablib import lab as L
from lablib import ndsip, proc, tunnel
from lablib.ndsip import GATEWAY, HOST, PORT
from test_y_ndsip import World
from torture import unprotected
from support.pace import Watch

pytestmark = pytest.mark.skipif(bool(tunnel.lacking()), reason=tunnel.lacking())

LIFE_S = 2  # of a child that is not renewed
ROUNDS = 3  # of those that make torture plays a hundred times
TRIGGERS, RATE, RENEWED = 240, 120, 2  # of one load while keys are renewed, and how many times they all are


@pytest.fixture(scope="module")
def world(labs):
    w = World(labs, grace_ms=unprotected.GRACE_MS, check_ms=60000)  # what is noticed is noticed without it
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


def test_nothing_but_ike_and_esp_is_on_the_wire(world):
    wire = ndsip.Wire(world.hosts)
    charon = world.tunnel("acme", HOST)
    charon.initiate("tsp")
    done = world.trigger("acme", device="meter-1@a.example", wait=proc.HANG_S)
    assert (done.status, done.outcome) == ("SUCCESS", "SUCCESS"), done
    protected, others = wire.since()
    assert protected > 10 and not others, others
    world.drop(charon)
    others = wire.since()[1]  # its end, too, is said in IKE
    wire.close()
    assert not others, others


def test_an_error_that_quotes_a_tunnel_is_no_clear_text(world):
    """A charon that is gone: its host answers the next packet of IKE with an ICMP error, which quotes it."""
    wire = ndsip.Wire(world.hosts)
    charon = world.tunnel("acme", HOST)
    charon.initiate("tsp")
    assert world.trigger("acme", device="meter-1@a.example").status == "SUCCESS"
    os.kill(charon.entry["pid"], signal.SIGKILL)
    proc.wait_until("it is gone", lambda: not proc.alive(charon.entry))
    gw, seen = world.charons["gw"], []
    gw.swanctl("--rekey", "--ike", "mtc-acme")
    proc.wait_until("the host of the SCS says that nobody is at the port", lambda: seen.extend(wire.since()[1]) or wire.errors)
    gw.swanctl("--terminate", "--ike", "mtc-acme", "--force", check=False)
    world.drop(charon)
    wire.close()
    assert not seen, seen


def test_a_tunnel_that_ends_sends_nothing_in_clear_text(world):
    rounds = unprotected.Rounds(world)
    for way, end in list(unprotected.WAYS.items())[:ROUNDS]:
        wrong = rounds.play(way, end).wrong()
        assert not wrong, f"{way}: {wrong}"
    rounds.close()


def by_hand(world, children, more=""):
    """The connection of acme at the gateway as its operator has changed it behind our back: other children."""
    gw = world.charons["gw"]
    proc.write(gw.path("swanctl", "swanctl.conf"), f"""connections {{ mtc-acme {{
  version = 2
  local_addrs = 10.77.0.1
  remote_addrs = 10.77.0.2
  proposals = {tunnel.IKE_PROPOSAL}
  encap = yes
  {more}
  local {{
    auth = pubkey
    certs = own.pem
    id = {L.EXTERNAL_HOST}
  }}
  remote {{
    auth = pubkey
    id = {world.lab.scs["acme"]["origin_host"]}
  }}
  children {{ host-1 {{
    local_ts = {GATEWAY}/32[tcp/{PORT}]
    remote_ts = {HOST}/32[tcp]
    {children}
  }} }}
}} }}
""")
    world.copy_ca("anchor-a")
    gw.swanctl("--load-all", "--noprompt")


@pytest.fixture
def ours_again(world):
    """After a play that changed the connection of acme: it is the gateway's own again."""
    yield
    world.lab.ctl("scs", "set", "acme", "--ndsip-hosts", "none")
    proc.wait_until("it is unloaded", lambda: not world.loaded("acme"))
    world.lab.ctl("scs", "set", "acme", "--ndsip-hosts", HOST)
    world.wait_loaded("acme")


def ike_does_not_pass(world, yes):
    """Of what goes from and to UDP 4500, IKE has four octets 0 where ESP has its SPI. The host of the SCSs drops it, and ESP passes."""
    rules = "".join(f"chain {hook} {{ type filter hook {hook} priority -20; policy accept; udp dport 4500 @th,64,32 0 counter drop; }}\n"
                    for hook in ("input", "output"))
    tunnel.run(*world.hosts.inside("scs", "nft", "-f", "-"), given=f"table inet noike {{ {rules} }}" if yes else "delete table inet noike")


def test_a_child_that_runs_out_while_a_report_is_to_come(world, ours_again):
    """Nobody renews it: the two charons do not hear each other any more."""
    by_hand(world, f"rekey_time = 0\n life_time = {LIFE_S}s\n esp_proposals = {tunnel.ESP_PROPOSAL}")

    def runs_out(w, charon):
        ike_does_not_pass(w, True)
        gw = w.charons["gw"]
        proc.wait_until("the gateway's charon has no child that is installed", lambda: not gw.installed(), LIFE_S + 5)
        w.hosts.ip("gw", "route", "flush", "table", "220")  # user-space ESP keeps its road until charon gives up: only the rules are left
        return time.monotonic()
    rounds = unprotected.Rounds(world, 4500)
    try:
        seen = rounds.play("runs out", runs_out, lambda: ike_does_not_pass(world, False))
    finally:
        rounds.close()
    assert not seen.wrong(), seen.wrong()


def test_an_ike_sa_that_comes_back_without_its_child(world, acme, ours_again):
    """The ESP proposals of the gateway have changed. A reauthentication asks for the old ones, and ends with an IKE_SA that protects nothing."""
    by_hand(world, "esp_proposals = aes256gcm16-ecp384", more="unique = replace")
    world.listen("acme")
    acme.swanctl("--rekey", "--ike", "iwf", "--reauth")
    watch = Watch()
    proc.wait_until("there is an IKE_SA and no child", lambda: not acme.installed())
    assert "ESTABLISHED" in acme.swanctl("--list-sas").stdout
    took = world.gone("acme", watch.began)
    assert watch.of(took) < unprotected.CUT_S, took
    row = proc.wait_until("it is noticed", lambda: next((r for r in world.lab.ctl("ndsip", "status", "acme")[:1] if r["state"] == "childless"), None))
    assert not row["protected"] and row["why"].startswith("its IKE_SA has no child that is installed"), row


def test_keys_are_renewed_under_load(world, acme):
    """Of the child and of the IKE_SA, by either end, and the whole proof again, made before the old one is broken."""
    gw, lost = world.charons["gw"], world.counter("edge_protection_lost")
    session = world.listen("acme")
    numbers = [s["session"] for s in world.lab.sessions("acme")]
    loads = []

    def loaded():
        """Each renewal begins under load, however long those before it took."""
        if not loads or not loads[-1].alive():
            loads.append(world.lab.start(f"nds-load-{len(loads)}", world.command(
                "trigger", "acme", device="meter-1@a.example", payload="x", count=TRIGGERS, rate=RATE, window=16,
                reference=50000 + TRIGGERS * len(loads))))
            proc.wait_until("it is under way", lambda: len(world.lab.sessions("acme")) > len(numbers) or not loads[-1].alive())

    for _ in range(RENEWED):
        for charon, words in ((acme, ["--child", "tsp"]), (gw, ["--child", "host-1"]), (acme, ["--ike", "iwf"]), (acme, ["--ike", "iwf", "--reauth"])):
            loaded()
            charon.swanctl("--rekey", *words, check=charon is acme)  # the gateway's may be renewing it at this moment
    for load in loads:
        proc.wait_until("the load has ended", lambda one=load: not one.alive())
        assert load.wait_event("summary")["by_status"] == {"SUCCESS": TRIGGERS}
    assert world.counter("edge_protection_lost") == lost
    assert [s["session"] for s in world.lab.sessions("acme") if s["session"] in numbers] == numbers
    assert session.alive()


@pytest.mark.tools
def test_on_loss_keep(labs):
    """charon is away for longer than the grace: what it has protected stays. When it is back, the tunnel has the grace to be back, too."""
    grace_s = 6
    w = World(labs, on_loss="keep", grace_ms=1000 * grace_s)
    try:
        charon = w.tunnel("acme", HOST)
        charon.initiate("tsp")
        session = w.listen("acme")
        numbers = [s["session"] for s in w.lab.sessions("acme")]
        os.kill(w.charons["gw"].entry["pid"], signal.SIGKILL)
        w.wait_log("strongSwan is away")
        time.sleep(grace_s + 0.5)
        assert [s["session"] for s in w.lab.sessions("acme")] == numbers
        w.restart_gateway_charon()
        w.wait_loaded("acme")
        charon.swanctl("--terminate", "--ike", "iwf", "--force", check=False)
        charon.initiate("tsp")
        w.status("acme", True)
        w.lab.ue("absent", L.imsi(3))
        assert w.trigger("acme", device="meter-3@a.example", reference=4400).status == "SUCCESS"
        w.lab.ue("present", L.imsi(3))
        session.wait_event("report", reference=4400)
        assert [s["session"] for s in w.lab.sessions("acme")] == numbers
    finally:
        wrong = w.end()
    assert not wrong, "\n".join(wrong)
