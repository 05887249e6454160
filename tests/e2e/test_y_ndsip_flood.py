"""Half-open IKE connections in number: charon demands cookies, and the SCS whose tunnel stands is served on. Bounded and well-formed."""
import os
import subprocess

import pytest
from lablib import ndsip, proc, tunnel
from lablib.ndsip import HOST

pytestmark = [pytest.mark.tools, pytest.mark.skipif(bool(tunnel.lacking()), reason=tunnel.lacking())]
ASKS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "support", "ike_init.py")
SOURCES = [f"10.77.0.{n}" for n in range(11, 17)]
COUNT = 180


@pytest.fixture(scope="module")
def world(labs):
    w = ndsip.World(labs.up(kind=ndsip.Tunnelled, on_loss="cut", grace_ms=500, check_ms=5000, mode=tunnel.LIBIPSEC, scs_tunnel=False, edges=1))
    yield w
    w.end_tunnels()
    wrong = labs.down(w.lab)
    assert not wrong, "\n".join(wrong)


def test_half_open_connections_are_bounded_and_disturb_no_tunnel(world):
    charon = world.tunnel("acme", HOST)
    charon.initiate("tsp")
    assert world.trigger("acme", device="meter-1@a.example").code == 0
    for source in SOURCES:
        world.hosts.ip("scs", "addr", "add", f"{source}/24", "dev", "outside")
    gateway = tunnel.LINKS["gw"]["scs"][1]
    done = subprocess.run(world.hosts.inside("scs", "python3", ASKS, gateway, str(COUNT), *SOURCES), stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=proc.HANG_S, check=True)
    cookies, answers, silent = map(int, done.stdout.split())
    assert answers <= len(SOURCES) * tunnel.COOKIES_FROM_ONE and cookies >= 1, done.stdout
    assert cookies + answers + silent == COUNT, done.stdout
    assert world.trigger("acme", device="meter-2@a.example").code == 0  # while they are half open
    assert charon.installed() == 1
    world.drop(charon)
