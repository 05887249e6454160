"""Act twenty-four: the rows of the screening (docs/user/screening.md): a rule set at run time holds at once on open sessions, outlives kill -9
and a restart, and what no row takes is refused in words."""
import os
import re
import signal
import subprocess

import pytest
from lablib import proc
from support import diameter as D
from support.core import next_core
from support.diameter import avp
from support.tsp import Scs, action, request_status

FOREIGN = (avp(293, "elsewhere.operator.example"),)  # Destination-Host
UNABLE_TO_DELIVER, TOO_OFTEN = 3002, 5009


def screen_set(p, *words):
    return p.ctl("screen", "set", *words)[-1]


def rows(p):
    return {r["row"]: r for r in p.ctl("screen", "list") if "row" in r}


def refused(p, *words):
    done = subprocess.run([p.program("mtcctl"), "--socket", p.lab["iwf"]["ctl"], "screen", "set", *words], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=proc.HANG_S, check=False)
    assert done.returncode == 1, done.stdout
    return done.stderr


def ask(scs, n, **more):
    return scs.dar(action(device=f"meter-{n}@a.example", reference=24000 + n), **more)


@pytest.fixture
def scs(lab):
    s = Scs.opened(lab)
    yield s
    s.close()


def test_a_rule_holds_at_once_on_an_open_session_and_the_file_again_after_default(lab, scs):
    p = lab
    assert ask(scs, 1, more=FOREIGN).result == UNABLE_TO_DELIVER
    last = screen_set(p, "destination_host", "detect")
    assert (last["from"], last["relaxed"], last["was"], last["now"]) == ("run time", True, "enforce 3002", "detect")
    assert request_status(ask(scs, 1, more=FOREIGN)) == 0
    line = p.wait_decision(action="screening", verdict="detected")
    assert (line["scs"], line["rule"]) == ("acme", "destination_host")
    assert [r["row"] for r in p.ctl("status")[-1]["screening"]] == ["destination_host"]
    change = p.wait_decision(action="screening", verdict="accepted")
    assert change["reason"] == "relaxed" and change["rule"] == "destination_host: detect; was enforce 3002"
    assert "uid" in change["address"]

    screen_set(p, "destination_host", "enforce", "--answer", "5012")
    assert ask(scs, 2, more=FOREIGN).result == 5012
    screen_set(p, "destination_host", "enforce", "--answer", "3002", "--except", "acme")
    assert request_status(ask(scs, 3, more=FOREIGN)) == 0
    last = screen_set(p, "destination_host", "default")
    assert last["from"] == "preset" and not last["relaxed"]
    assert ask(scs, 4, more=FOREIGN).result == UNABLE_TO_DELIVER
    assert p.ctl("status")[-1]["screening"] == []


def test_a_request_that_is_dropped_gets_no_answer_and_the_session_lives_on(lab, scs):
    p = lab
    screen_set(p, "command", "drop")
    screen_set(p, "destination_host", "drop")
    scs.send(D.message(D.DAR, D.TSP, D.REQUEST | D.PROXIABLE, scs.dar_avps(action(reference=24005), more=FOREIGN), 501, 501))
    scs.send(D.message(8388000, D.TSP, D.REQUEST | D.PROXIABLE, scs.dar_avps(action(reference=24005)), 502, 502))
    m = ask(scs, 6)
    assert request_status(m) == 0 and m.number(3002, 3007) == 24006, "the next answer is that of the next request"
    proc.wait_until("both are counted", lambda: {r["name"]: r["value"] for r in p.ctl("stats") if "name" in r}["edge_screen_dropped"] == 2)
    screen_set(p, "command", "default")
    screen_set(p, "destination_host", "default")


def test_a_rule_outlives_kill_9_of_the_core_and_of_the_edge(lab, scs):
    p = lab
    screen_set(p, "multiplicity", "detect")
    two = [*action(device="meter-7@a.example", reference=24007), D.gpp(3007, 99)]
    next_core(p)
    row = rows(p)["multiplicity"]
    assert (row["mode"], row["from"], row["configured"]) == ("detect", "run time", "enforce 5009")
    m = scs.dar(two)
    assert request_status(m) == 0 and m.number(3002, 3007) == 24007, "the first one counts, on the session of before"
    p.wait_decision(action="screening", reason="relaxed", address="mtcctl screen set")  # a start tells what is relaxed
    before = p.edges()
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)
    proc.wait_until("there are other edges", lambda: set(p.edges()) == set(before) and not set(p.edges().values()) & set(before.values()))
    other = Scs.opened(p)
    m = other.dar([*action(device="meter-8@a.example", reference=24008), D.gpp(3007, 99)])
    assert request_status(m) == 0 and m.number(3002, 3007) == 24008, "the next edge has the rule of before"
    screen_set(p, "multiplicity", "default")
    assert other.dar(two).result == TOO_OFTEN
    other.close()


def test_an_exemption_ends_with_its_scs(lab):
    p = lab
    scs_del = ("scs", "del", "delta", "--yes")
    delta = ("delta", "--e164", "491720000099", "--origin-host", "scs.delta.example", "--realm", "delta.example", "--anchor", "anchor-a")
    p.ctl("scs", "add", *delta)
    screen_set(p, "agents", "enforce", "--except", "delta")
    last = p.ctl(*scs_del)[-1]
    assert last["warnings"] == ["'delta' was exempt from 1 screening row; that has ended"]
    line = p.wait_decision(action="screening", address="SCS removed")
    assert line["rule"] == "agents: enforce 5008; was enforce 5008, except delta"
    p.ctl("scs", "add", *delta)
    assert rows(p)["agents"]["except"] == []
    screen_set(p, "agents", "enforce", "--except", "delta")
    text = subprocess.run([p.program("mtcctl"), "--socket", p.lab["iwf"]["ctl"], "scs", "export"], capture_output=True, text=True, check=True).stdout
    kept = proc.write(os.path.join(p.lab["dir"], "scs-without-delta.csv"), "".join(r for r in text.splitlines(True) if not r.startswith("delta,")))
    p.ctl("scs", "import", kept, "--replace", "--yes")
    assert rows(p)["agents"]["except"] == []
    screen_set(p, "agents", "default")


def test_what_no_row_takes_is_refused_in_words(lab):
    p = lab
    before = rows(p)
    assert "did you mean 'destination_realm'?" in refused(p, "destinaton_realm", "detect")
    assert "did you mean 'detect'?" in refused(p, "destination_realm", "detct")
    assert "row 'identity' is fixed" in refused(p, "identity", "detect")
    assert "row 'answers' is fixed" in refused(p, "answers", "drop")
    assert "only takes the modes enforce and drop" in refused(p, "application", "detect")
    assert "it takes 3003, 3002, 5012" in refused(p, "destination_realm", "enforce", "--answer", "3010")
    assert "there is no SCS 'nobody'" in refused(p, "agents", "enforce", "--except", "nobody")
    for option in (("--except", "acme"), ("--no-except",), ("--answer", "5012")):
        assert f"{option[0]} cannot be used with the mode default" in refused(p, "agents", "default", *option)
    assert "use either --except or --no-except, not both" in refused(p, "agents", "enforce", "--except", "acme", "--no-except")
    after = rows(p)
    assert {n: (r["mode"], r["answer"], r["except"], r["from"]) for n, r in after.items()} == \
           {n: (r["mode"], r["answer"], r["except"], r["from"]) for n, r in before.items()}


def test_a_damaged_file_of_rules_is_named_before_a_start(lab):
    path = os.path.join(lab.lab["dir"], "iwf", "screening")
    lab.ctl("screen", "set", "reserved_bits", "enforce")
    assert os.stat(path).st_mode & 0o777 == 0o600
    with open(path, encoding="utf-8") as f:
        kept = f.read()
    try:
        with open(path, "w", encoding="utf-8") as f:
            f.write(kept.replace("reserved_bits", "reserved_bitz"))
        done = subprocess.run([lab.program("mtc-iwfd"), "-t", "-c", lab.lab["iwf"]["config"]], capture_output=True, text=True, timeout=proc.HANG_S, check=False)
        assert done.returncode == 1 and f"{path}" in done.stderr and "move it away" in done.stderr, done
    finally:
        with open(path, "w", encoding="utf-8") as f:
            f.write(kept)
        lab.ctl("screen", "set", "reserved_bits", "default")
    done = subprocess.run([lab.program("mtc-iwfd"), "-t", "-c", lab.lab["iwf"]["config"]], capture_output=True, text=True, timeout=proc.HANG_S, check=False)
    assert done.returncode == 0, done


def test_an_exempt_scs_that_is_not_there_is_a_warning_of_the_check(lab):
    """While the gateway runs: the store of the associations is in use."""
    with open(lab.lab["iwf"]["config"], encoding="utf-8") as f:
        text = f.read()
    path = os.path.join(lab.lab["dir"], "checked.yaml")
    proc.write(path, re.sub(r"(?m)^    port: \d+", "    port: 0", text, count=1) + "screening:\n  agents:\n    except: [ acme, acmee ]\n")
    line = len(text.splitlines()) + 3
    done = subprocess.run([lab.program("mtc-iwfd"), "-t", "-c", path], capture_output=True, text=True, timeout=proc.HANG_S, check=False)
    assert done.returncode == 0, done
    assert f"warning: {path}:{line}: screening.agents.except: there is no SCS 'acmee' ('mtcctl scs list' shows all)" in done.stderr
    assert "'acme'" not in done.stderr
