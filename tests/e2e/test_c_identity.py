"""Act three: who may connect, and as whom (CONTRACTS section 1)."""
import os
import stat
import subprocess

import pytest
from lablib import proc
from support.tsp import Scs


def turned_away(got, *words):
    assert got.code == 4, got
    said = got.event("error").get("error", "") + got.err
    assert any(w in said for w in words), got


def test_certificate_that_is_not_provisioned(lab):
    turned_away(lab.trigger("stranger", device="meter-7@a.example"), "3010")


def test_certificate_of_a_wrong_ca(lab):
    turned_away(lab.trigger("outsider", device="meter-7@a.example"), "certificate", "alert", "TLS")


def test_certificate_of_b_under_the_name_of_a(lab):
    turned_away(lab.trigger("beta", origin_host="scs.acme.example", device="meter-7@a.example"), "3010")


def test_name_of_a_under_the_anchor_of_b(lab):
    turned_away(lab.trigger("impostor", device="meter-7@a.example"), "3010")


def test_realm_of_another(lab):
    command = lab.scs_command("trigger", "acme", device="meter-7@a.example", payload="x")
    command[command.index("--realm") + 1] = "beta.example"
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 4 and "3010" in done.stdout + done.stderr


def test_removed_scs_loses_its_session_and_its_way_in(lab):
    scs = lab.scs["gamma"]
    listener = lab.listen("gamma")
    lab.ctl("scs", "del", "gamma")
    proc.wait_until("the session is cut", lambda: not lab.sessions("gamma"), 5)
    turned_away(lab.trigger("gamma", msisdn=lab.lab["devices"]["msisdn_only"]), "3010")
    listener.end()
    lab.ctl("scs", "add", "gamma", "--e164", scs["e164"], "--origin-host", scs["origin_host"], "--realm", scs["realm"], "--anchor", scs["anchor"])
    for device in scs["devices"]:
        lab.ctl("assoc", "add", "gamma", device)
    assert lab.trigger("gamma", msisdn=lab.lab["devices"]["msisdn_only"], wait=15).code == 0


def test_an_scs_has_at_most_eight_connections(lab):
    before = len(lab.sessions("beta"))
    listeners = [lab.listen("beta", label=f"beta-{i}") for i in range(8 - before)]
    turned_away(lab.trigger("beta", device="meter-601@b.example"), "3010", "5003", "3004", "4003", "5006")
    assert all(r.alive() for r in listeners)
    listeners.pop().end()
    proc.wait_until("one connection less", lambda: len(lab.sessions("beta")) < 8, 5)
    assert lab.trigger("beta", device="meter-602@b.example", wait=15).code == 0
    for r in listeners:
        r.end()


def test_at_the_limit_a_connection_that_is_silent_makes_room(lab):
    proc.wait_until("nobody of beta is there", lambda: not lab.sessions("beta"), 5)
    silent = Scs.opened(lab, "beta")  # the oldest of those that follow; it answers nothing any more
    listeners = [lab.listen("beta", label=f"beta-room-{i}") for i in range(7)]
    assert len(lab.sessions("beta")) == 8
    assert lab.trigger("beta", device="meter-603@b.example", wait=15).code == 0
    assert silent.closed()
    assert all(r.alive() for r in listeners)
    for r in listeners:
        r.end()


def test_both_edges_take_connections(lab):
    listeners = lab.listen_on_both_edges()
    assert len(lab.sessions_by_edge()) >= 2
    for r in listeners:
        r.end()


def test_control_socket_is_not_for_everybody(lab):
    assert stat.S_IMODE(os.stat(lab.lab["iwf"]["ctl"]).st_mode) == 0o660


@pytest.mark.parametrize("arguments,words", [
    (["trigger"], "--connect"),
    (["trigger", "--connect", "nowhere"], "connect"),
    (["dance"], "trigger"),
])
def test_usage_errors_send_nothing(lab, arguments, words):
    done = subprocess.run([lab.program("mtc-scs"), *arguments], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 2 and words in done.stderr


def test_nobody_listens(lab):
    command = lab.scs_command("trigger", "acme", device="meter-7@a.example", payload="x")
    command[command.index("--connect") + 1] = "127.0.0.1:1"
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 4, done
