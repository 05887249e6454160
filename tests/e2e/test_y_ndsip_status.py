"""What operators see of NDS/IP while tunnels come and go: `mtcctl ndsip status`, status and health, with a real charon; and a block of an SCS."""
import json
import os
import signal
import subprocess

import pytest
from lablib import proc, tunnel
from lablib.ndsip import HOST, OTHER_HOST
from test_y_ndsip import World

pytestmark = pytest.mark.skipif(bool(tunnel.lacking()), reason=tunnel.lacking())


@pytest.fixture(scope="module")
def world(labs):
    w = World(labs)
    yield w
    wrong = w.end()
    assert not wrong, "\n".join(wrong)


def ask(world, *words):
    done = subprocess.run([world.lab.program("mtcctl"), "--socket", world.lab.lab["iwf"]["ctl"], "--json", *words], capture_output=True, text=True,
                          timeout=proc.HANG_S, check=False, stdin=subprocess.DEVNULL)
    return [json.loads(line) for line in done.stdout.splitlines()]


def status_of(world, scs):
    return ask(world, "ndsip", "status", scs)[0]


def wait_state(world, scs, state):
    proc.wait_until(f"{scs} is {state}", lambda: status_of(world, scs)["state"] == state)
    return status_of(world, scs)


def reasons(world):
    return [r["reason"] for r in ask(world, "health")[-1]["reasons"]]


def test_a_tunnel_that_comes_and_goes(world):
    row = wait_state(world, "acme", "down")
    assert (row["protected"], row["hosts"], row["ike"]) == (False, [HOST], [])
    assert row["why"]
    charon = world.tunnel("acme", HOST)
    charon.initiate("tsp")
    row = wait_state(world, "acme", "up")
    assert (row["protected"], row["why"]) == (True, "")
    *rows, last = ask(world, "ndsip", "status")
    assert [(r["scs"], r["hosts"]) for r in rows] == [("acme", [HOST]), ("gamma", [OTHER_HOST])]
    assert (last["charon"], last["rules"], last["trouble"], last["protected"]) == (True, "in force", "", 1)
    assert last["version"]
    assert ask(world, "status")[-1]["ndsip"]["scs"] == 2
    assert not [r for r in reasons(world) if "ndsip" in r or "charon" in r]
    world.drop(charon)


def test_a_blocked_scs_has_no_tunnel_until_it_may_again(world):
    charon = world.tunnel("acme", HOST)
    charon.initiate("tsp")
    wait_state(world, "acme", "up")
    world.lab.ctl("block", "add", "acme", "*")
    row = wait_state(world, "acme", "blocked")
    assert row["why"] == "it is blocked on every device ('mtcctl block list')"
    proc.wait_until("its tunnel is gone", lambda: charon.installed() == 0)
    assert not world.loaded("acme")
    world.lab.ctl("block", "del", "acme", "*")
    world.wait_loaded("acme")
    charon.initiate("tsp")
    wait_state(world, "acme", "up")
    world.drop(charon)


def test_rules_and_charon_that_are_away_are_reasons(world):
    world.rules("--remove")
    proc.wait_until("health says it", lambda: "ndsip-rules" in reasons(world))
    assert status_of(world, "acme")["why"].startswith("the packet filter's rules of NDS/IP are missing")
    world.rules("--apply")
    proc.wait_until("and that they are back", lambda: "ndsip-rules" not in reasons(world))
    gw = world.charons["gw"]
    os.kill(gw.entry["pid"], signal.SIGKILL)
    proc.wait_until("health says it", lambda: "charon-away" in reasons(world))
    assert status_of(world, "acme")["why"].startswith("strongSwan (charon) does not answer")
    world.restart_gateway_charon()
    proc.wait_until("and that it is back", lambda: "charon-away" not in reasons(world))
