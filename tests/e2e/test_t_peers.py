"""Act twenty: how a core peer takes its leave and comes back (RFC 6733 5.4, RFC 3539 3.4.1), with an HSS played by hand."""
import itertools
import os
import signal
import socket
import time

import pytest
from lablib import lab as L
from lablib import proc
from support import diameter as D
from support.core import kill_core
from support.hands import Hss, Reader
from support.pace import Watch
from support.tsp import action, request_status

REBOOTING, BUSY, DO_NOT_WANT = 0, 1, 2
REFUSED_S, ANSWER_S = 4, 3  # timers.reconnect_refused, and what we have to answer a request
REFUSED_S, ANSWER_S = 4, 3  # timers.reconnect_refused, and what we have to answer a request
DISCONNECT_CAUSE = 273
references = itertools.count(19000)


class Visited(Hss):
    """An HSS as the gateway meets it on one connection."""

    def leave(self, cause):
        """Disconnects in order."""
        assert self.ask(D.DPR, 0, self.origin() + [D.avp(DISCONNECT_CAUSE, cause)], D.REQUEST).result == 2001
        self.close()

    def watchdog(self):
        """A DWR that is answered."""
        hop = next(self.ids)
        self.send(D.message(D.DWR, 0, D.REQUEST, self.origin(), hop, self.end_base + hop))
        while True:
            m = self.receive()
            if m.code == D.DWR and not m.flags & D.REQUEST:
                assert m.hop == hop and m.result == 2001
                return
            assert m.code == D.DWR, f"command {m.code} instead of a watchdog answer"
            self.answer(m, [D.avp(268, 2001)] + self.origin(), 0)

    def left(self):
        """The gateway disconnects in order: its cause."""
        cause = self.accept_close().number(DISCONNECT_CAUSE)
        self.close()
        return cause


class Caller(Reader):
    """An SCS that acknowledges reports, also those that the death of a core repeats, while it waits for an answer."""

    def answered(self):
        while True:
            m = self.receive()
            if m.code == D.DAR:
                return request_status(m)
            if m.code == D.DNR:
                self.acknowledge(m)
            else:
                self.answer(m, [D.avp(268, 2001)] + self.origin(), 0)


class Place:
    """Where an HSS of the laboratory listened; it stays there while connections come and go."""

    def __init__(self, p):
        self.p, self.where = p, p.lab["hss"]
        os.kill(self.where["pid"], signal.SIGTERM)
        proc.wait_until("mtc-hss has ended", lambda: proc.start_time(self.where["pid"]) is None)
        self.server = socket.create_server((self.where["address"], self.where["port"]))
        self.peer = None  # the last connection

    def visited(self, watchdog=False):
        """The next connection, open; `watchdog`: with a DWR right after the CEA."""
        self.server.settimeout(proc.HANG_S)
        peer = Visited(self.server.accept()[0], self.where["identity"], self.where["realm"], D.S6M)
        peer.accept_open()
        if watchdog:
            peer.watchdog()
        self.peer = peer
        return peer

    def close(self):
        if self.peer:
            self.peer.close()
        self.server.close()

    def deserted(self, wait_s):
        self.server.settimeout(wait_s)
        try:
            self.server.accept()[0].close()
        except TimeoutError:
            return True
        return False

    def row(self, name="hss"):
        return next((r for r in self.p.ctl("peers", check=False) if r.get("name") == name), {})

    def wait_state(self, state, name="hss"):
        proc.wait_until(f"{name} is '{state}'", lambda: self.row(name).get("state") == state)
        return self.row(name)["reason"]


@pytest.fixture(scope="module")
def played(labs):
    p = labs.up(timers_more=f", reconnect_refused: {REFUSED_S}s", s6m_more=f", answer_wait: {ANSWER_S}s")
    p.place = Place(p)
    yield p
    p.place.close()
    wrong = labs.down(p)
    assert not wrong, "\n".join(wrong)


@pytest.fixture
def hss(played):
    """An HSS that is open; every play leaves one so."""
    if not played.place.peer:
        played.place.visited()
    played.place.wait_state("open")
    return played.place.peer


@pytest.fixture
def scs(played):
    s = Caller.opened(played)
    s.p = played
    yield s
    s.close()


def served(scs, hss):
    """A trigger that goes the whole way; the SMS-SC of the laboratory may need a moment after the death of a core."""
    scs.p.place.wait_state("open", "smssc")
    ask(scs)
    hss.know(hss.take(), L.imsi(191))
    return scs.answered() == 0


def ask(scs):
    scs.ask_later(action(device="meter-191@a.example", reference=next(references)))


@pytest.mark.parametrize("cause,name", [(BUSY, "BUSY"), (DO_NOT_WANT, "DO_NOT_WANT_TO_TALK_TO_YOU")])
def test_a_peer_that_wants_no_reconnect_is_connected_again_slowly(played, hss, scs, cause, name):
    hss.leave(cause)
    watch = Watch()
    assert played.place.wait_state("waiting") in (f"told {name}, next attempt in {n} s" for n in range(1, REFUSED_S + 2))
    assert 1 <= played.place.row()["next_attempt_s"] <= REFUSED_S + 1
    again = played.place.visited()
    assert time.monotonic() - watch.began > 0.75 * REFUSED_S and watch.took() < REFUSED_S + 2  # up to a fifth is taken off
    played.place.wait_state("open")
    assert served(scs, again)


def test_a_peer_that_reboots_is_connected_again_at_the_usual_pace(played, hss, scs):
    hss.leave(REBOOTING)
    watch = Watch()
    again = played.place.visited()
    assert watch.took() < 1.5
    played.place.wait_state("open")
    assert served(scs, again)


def test_an_operator_stops_and_starts_a_peer(played, hss, scs):
    opened = played.place.row()["since"]
    time.sleep(0.01)  # another time than that
    assert played.ctl("peers", "stop", "hss")[-1]["state"] == "closing"
    assert hss.left() == DO_NOT_WANT
    assert played.place.wait_state("stopped") == "stopped by operator"
    stopped = played.place.row()["since"]
    assert stopped > opened, "when the state that is shown began"
    assert played.place.deserted(1.5)
    assert played.place.row()["since"] == stopped
    ask(scs)
    assert scs.answered() == 201
    assert played.ctl("peers", "stop", "hss")[-1]["state"] == "stopped"
    assert played.ctl("peers", "start", "hss")[-1]["state"] == "connecting"
    again = played.place.visited()
    assert played.place.wait_state("open") == ""
    assert played.ctl("peers", "start", "hss")[-1]["state"] == "open"
    assert served(scs, again)
    assert "no peer 'hhs'" in played.ctl("peers", "stop", "hhs", check=False)[-1]["error"]


def reopened(p):
    """The core dies; the next one meets a peer that begins with a DWR."""
    kill_core(p)
    return p.place.visited(watchdog=True)


def test_a_peer_in_reopen_is_connected_again_once(played, hss, scs):
    first = reopened(played)
    assert first.left() == REBOOTING
    watch = Watch()
    second = played.place.visited()
    assert watch.took() < 2
    played.place.wait_state("open")
    assert served(scs, second)
    stats = {r["name"]: r["value"] for r in played.ctl("stats") if "value" in r}
    assert (stats["peer_reopen"], stats["peer_held"]) == (1, 0)


def test_a_peer_that_stays_in_reopen_is_held(played, hss, scs):
    """It throws requests away: one goes as a probe, others are refused without one; its third DWR ends it."""
    reopened(played).left()
    second = played.place.visited(watchdog=True)
    assert "three watchdog answers" in played.place.wait_state("peer in reopen")
    ask(scs)
    second.take()
    begin = time.monotonic()
    assert scs.answered() == 201
    assert time.monotonic() - begin > ANSWER_S - 0.2
    ask(scs)
    assert scs.answered() == 201
    second.watchdog()  # no SIR came in between
    assert played.place.row()["state"] == "peer in reopen"
    second.watchdog()
    played.place.wait_state("open")
    assert served(scs, second)


def test_a_peer_that_always_begins_with_a_dwr_serves_after_one_probe(played, hss, scs):
    reopened(played).left()
    second = played.place.visited(watchdog=True)
    played.place.wait_state("peer in reopen")
    assert served(scs, second)
    played.place.wait_state("open")
    second.leave(REBOOTING)
    third = played.place.visited(watchdog=True)  # an end in order was before it
    played.place.wait_state("open")
    assert served(scs, third)


def test_the_detection_can_be_switched_off(labs):
    p = labs.up(hss_more="    reopen_detect: no\n")
    try:
        place = Place(p)
        place.visited().close()
        kill_core(p)
        hss = place.visited(watchdog=True)
        place.wait_state("open")
        assert hss.silent()
        place.close()
    finally:
        wrong = labs.down(p)
    assert not wrong, wrong


def test_a_normal_end_tells_every_peer_to_come_back(labs):
    """Also one that is not in use yet, after a loss; and the log speaks of no operator."""
    p = labs.up(timers_more=", reopen: 1h")
    try:
        place = Place(p)
        place.visited().close()
        hss = place.visited()
        place.wait_state("reopening")
        os.kill(p.lab["iwf"]["pids"]["parent"], signal.SIGTERM)
        assert hss.left() == REBOOTING
        place.close()
        proc.wait_until("mtc-iwfd has ended", lambda: proc.start_time(p.lab["iwf"]["pids"]["parent"]) is None)
        with open(p.lab["logs"]["mtc-iwfd"], encoding="utf-8") as f:
            log = f.read()
        assert log.count("not reconnecting: shutting down") == 2
        assert "operator asks" not in log and "by operator" not in log
    finally:
        wrong = labs.down(p)
    assert not wrong, wrong
