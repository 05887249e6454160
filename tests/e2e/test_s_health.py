"""Act nineteen, second scene: `mtcctl health` says what is wrong, `mtcctl status all` is right from the first moment."""
import json
import os
import re
import signal
import socket
import subprocess

from lablib import lab as L
from lablib import proc
from support.core import core, kill_core
from support.tsp import Scs, action, request_status


def health(p):
    """Exit code and the last line of the answer; None when nobody answers."""
    done = subprocess.run([p.program("mtcctl"), "--json", "--socket", p.lab["iwf"]["ctl"], "health"], capture_output=True, text=True,
                          timeout=proc.HANG_S, check=False)
    return done.returncode, json.loads(done.stdout) if done.stdout else None


def log_of(p):
    with open(p.lab["logs"]["mtc-iwfd"], encoding="utf-8") as f:
        return f.read()


def bound(s, at):
    try:
        s.bind(at)
    except OSError:
        return False
    return True


def test_an_hss_that_is_gone(labs):
    p = labs.up()
    try:
        proc.wait_until("it is well", lambda: health(p)[0] == 0)
        os.kill(p.lab["hss"]["pid"], signal.SIGTERM)
        proc.wait_until("the HSS is missed", lambda: health(p)[0] == 1)
        code, last = health(p)
        (reason,) = last["reasons"]
        assert (code, last["healthy"], reason["reason"]) == (1, False, "peer-not-open")
        assert "it is the HSS, and triggers are answered 201" in reason["text"] and "since 20" in reason["text"]
        assert p.ctl("status")[-1]["healthy"] is False
        at = (p.lab["hss"]["address"], p.lab["hss"]["port"])
        refused = f"{at[0]}:{at[1]}: {L.HSS_HOST} ended: could not connect"  # with the name of the peer that was meant
        proc.wait_until("an attempt has failed", lambda: refused in log_of(p))
        silent = socket.socket()
        silent.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        proc.wait_until("its port is free", lambda: bound(silent, at))
        silent.listen(5)  # connects, and nobody answers: an attempt that has no end of its own yet
        proc.wait_until("an attempt is under way", lambda: next(r for r in p.ctl("peers", check=False) if r.get("name") == "hss")["state"] == "connecting")
        (reason,) = health(p)[1]["reasons"]
        assert "connecting since" in reason["text"] and "(the last " in reason["text"], reason
        silent.close()
    finally:
        labs.down(p)
    assert health(p)[0] == 4, "nobody answers"


def test_status_is_right_after_a_start(labs):
    p = labs.up()
    try:
        scs = Scs.opened(p)
        for n in range(20):
            assert request_status(scs.dar(action(device=f"meter-{n + 1}@a.example", reference=19100 + n, validity=3600))) == 0
        before = p.ctl("status")[-1]["journal"]
        scs.close()
        old = core(p)
        kill_core(p)
        proc.wait_until("another core answers", lambda: core(p) not in (None, old) and health(p)[0] != 4)
        journal = p.ctl("status")[-1]["journal"]
        assert journal["octets"] >= 4096 and before["octets"] > 0 and journal["state"] == "ok"
    finally:
        labs.down(p)


def test_an_edge_has_one_name_everywhere(labs):
    p = labs.up()
    try:
        scs = Scs.opened(p)
        edges = {e["name"]: e for e in p.ctl("status")[-1]["edges"]}
        (session,) = p.ctl("sessions")[:-1]
        assert session["edge"] in edges and session["session"].startswith(f"{edges[session['edge']]['generation']}-")
        victim = edges[session["edge"]]
        os.kill(victim["pid"], signal.SIGKILL)
        words = f"{victim['name']} (pid {victim['pid']}, generation {victim['generation']})"

        def log():
            with open(p.lab["logs"]["mtc-iwfd"], encoding="utf-8") as text:
                return text.read()

        proc.wait_until("the core knows", lambda: f"{words} is gone, with 1 session" in log())
        for said in (f"started {words}", f"{words} is connected to the core", f"{words} ended with signal 9", f"[{victim['name']}] info daemon: this is {words}"):
            assert said in log()
        assert not re.search(r"\bedge [0-9]", log()), "and no other name"
        scs.close()
    finally:
        labs.down(p)
