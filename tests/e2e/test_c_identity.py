"""Act three: who may connect, and as whom (CONTRACTS section 1)."""
import json
import os
import ssl
import stat
import subprocess

import pytest
from conftest import BIN
from lablib import proc
from support.pace import Watch
from support.tsp import Scs


def doctor(lab, *words):
    done = subprocess.run([os.path.join(BIN, "mtcctl"), "--json", "doctor", *words, "-c",
                           lab.lab["iwf"]["config"]], capture_output=True, text=True, timeout=proc.HANG_S, check=False, stdin=subprocess.DEVNULL,
                          env={**os.environ, "MTC_CTL": lab.lab["iwf"]["ctl"]})
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return done.returncode, {r["cause"]: r for r in rows[:-1]}


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
    done = subprocess.run(command, capture_output=True, text=True, timeout=proc.HANG_S, check=False)
    assert done.returncode == 4 and "3010" in done.stdout + done.stderr


def test_removed_scs_loses_its_session_and_its_way_in(lab):
    scs = lab.scs["gamma"]
    listener = lab.listen("gamma")
    lab.ctl("scs", "del", "gamma")
    proc.wait_until("the session is cut", lambda: not lab.sessions("gamma"))
    turned_away(lab.trigger("gamma", msisdn=lab.lab["devices"]["msisdn_only"]), "3010")
    listener.end()
    lab.ctl("scs", "add", "gamma", "--e164", scs["e164"], "--origin-host", scs["origin_host"], "--realm", scs["realm"], "--anchor", scs["anchor"])
    for device in scs["devices"]:
        lab.ctl("assoc", "add", "gamma", device)
    assert lab.trigger("gamma", msisdn=lab.lab["devices"]["msisdn_only"], wait=proc.HANG_S).code == 0


def tls_1_2(context):
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE-ECDSA-AES256-GCM-SHA384")


def test_what_was_agreed_about_connections(lab, tmp_path):
    """TLS version, suite, transport and protection are judged at the CER and again when the agreement changes; the file of an export has them."""
    modern, old = Scs.opened(lab, "gamma"), Scs(lab, "gamma", tls=tls_1_2)
    assert old.open() == 2001
    rows = {(r["tls_version"], r["tls_suite"], r["transport"], r["protection"]) for r in lab.sessions("gamma")}
    assert rows == {("1.3", "TLS_AES_128_GCM_SHA256", "tcp", "tls"), ("1.2", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "tcp", "tls")}
    watch = Watch()
    assert lab.ctl("scs", "set", "gamma", "tls-versions", "1.3")[-1]["sessions_cut"] == 1
    old.accept_close()
    assert watch.took() < 1
    assert lab.wait_decision(reason="tls-version-not-agreed")["rule"] == "1.2, agreed: 1.3"
    assert len(lab.sessions("gamma")) == 1
    assert Scs(lab, "gamma", tls=tls_1_2).open() == 5017
    code, found = doctor(lab, "gamma")
    assert code == 1 and "it may not use this version of TLS: 1.2, agreed: 1.3" in found["scs-tls-version"]["text"]
    export = tmp_path / "scs.csv"
    lab.ctl("scs", "export", str(export))
    exported = export.read_text()
    assert ",any,any,1.3,any," in next(line for line in exported.splitlines() if line.startswith("gamma,"))
    for key, value, code, reason, rule in (("tls-suites", "TLS_AES_256_GCM_SHA384,TLS_CHACHA20_POLY1305_SHA256", 5017, "tls-suite-not-agreed",
                                            "TLS_AES_128_GCM_SHA256, agreed: TLS_AES_256_GCM_SHA384 TLS_CHACHA20_POLY1305_SHA256"),
                                           ("protections", "tls+ndsip,ndsip", 5017, "protection-not-agreed", "tls, agreed: ndsip tls+ndsip"),
                                           ("transports", "sctp", 3010, "transport-not-agreed", "tcp, agreed: sctp")):
        lab.ctl("scs", "set", "gamma", key, value)
        modern.accept_close()
        assert lab.wait_decision(reason=reason)["rule"] == rule
        assert Scs(lab, "gamma").open() == code
        lab.ctl("scs", "set", "gamma", key, "any")
        modern = Scs.opened(lab, "gamma")
    export.write_text(exported.replace(",any,any,1.3,any,", ",any,any,1.2,any,"))
    lab.ctl("scs", "import", str(export))  # what an import changes counts as at once
    modern.accept_close()
    old = Scs(lab, "gamma", tls=tls_1_2)
    assert old.open() == 2001
    lab.ctl("scs", "set", "gamma", "tls-versions", "any")
    old.close()


def test_an_scs_has_at_most_eight_connections(lab):
    before = len(lab.sessions("beta"))
    listeners = [lab.listen("beta", label=f"beta-{i}") for i in range(8 - before)]
    turned_away(lab.trigger("beta", device="meter-601@b.example"), "3010", "5003", "3004", "4003", "5006")
    assert all(r.alive() for r in listeners)
    listeners.pop().end()
    proc.wait_until("one connection less", lambda: len(lab.sessions("beta")) < 8)
    assert lab.trigger("beta", device="meter-602@b.example", wait=proc.HANG_S).code == 0
    for r in listeners:
        r.end()


def test_at_the_limit_a_connection_that_is_silent_makes_room(lab):
    proc.wait_until("nobody of beta is there", lambda: not lab.sessions("beta"))
    silent = Scs.opened(lab, "beta")  # the oldest of those that follow; it answers nothing any more
    listeners = [lab.listen("beta", label=f"beta-room-{i}") for i in range(7)]
    assert len(lab.sessions("beta")) == 8
    assert lab.trigger("beta", device="meter-603@b.example", wait=proc.HANG_S).code == 0
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
    (["dance"], "unknown command 'dance'"),
])
def test_usage_errors_send_nothing(lab, arguments, words):
    done = subprocess.run([lab.program("mtc-scs"), *arguments], capture_output=True, text=True, timeout=proc.HANG_S, check=False)
    assert done.returncode == 2 and words in done.stderr


def test_nobody_listens(lab):
    command = lab.scs_command("trigger", "acme", device="meter-7@a.example", payload="x")
    command[command.index("--connect") + 1] = "127.0.0.1:1"
    done = subprocess.run(command, capture_output=True, text=True, timeout=proc.HANG_S, check=False)
    assert done.returncode == 4, done
