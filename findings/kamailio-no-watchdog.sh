#!/bin/sh
# kamailio-no-watchdog.sh - Kamailio's Diameter peer without a <Peer> in its file starts without its timer: it sends no watchdogs.
#
# usage: findings/kamailio-no-watchdog.sh
#
# Exit status: 0 the behaviour is as described, 1 it is another one, 77 not run: this version or the network is not available.
# Takes about 40 s, fetches 11 MB, and needs 35 MB in a temporary folder, which is removed at the end. Debian 12; root is not needed.
#
# Version: Kamailio 5.6.3, package kamailio-ims-modules 5.6.3-2 of Debian 12, module cdp, as the listening peer.
#
# Expected by a careful reader
#   A server lets its clients connect (AcceptUnknownPeers) and names none of them. It sends a DWR on an idle connection, as RFC 3539 asks,
#   and ends one that is silent.
#
# Seen
#   1. With one <Peer>, whoever it is, a connection of somebody else gets a DWR after Tc seconds without a message.
#   2. Without a <Peer> it gets none in three times as long. At its start Kamailio has said "Process limit of N exceeded" and "Error on
#      fork() for timer": one process was not counted. All else works.
#
# So such a server never notices that a client is gone without a word, and a client must not take its silence for a fault.
set -eu
# shellcheck source=findings/common
. "$(dirname "$0")/common"
kamailio
cat >play.py <<'PY'
import time

from kamailio import DW, REQUEST, SUCCESS, Kamailio, Peer, check, end

TC = 4  # seconds


def first_dwr(peers, wait):
    """Seconds until the first DWR of Kamailio, None without one; what it has said."""
    kamailio = Kamailio(SUCCESS % "", peers, TC)
    try:
        peer, begin = Peer(kamailio.port), time.monotonic()
        m = peer.receive(wait)
        assert peer.cea is not None and (m is None or (m.code == DW and m.flags & REQUEST))
        return (time.monotonic() - begin if m else None), kamailio.said()
    finally:
        kamailio.end()


print("1. with one <Peer>")
after, said = first_dwr(1, 5 * TC)
check(after is not None, f"a DWR after {after:.0f} s" if after else f"no DWR within {5 * TC} s")
check("Error on fork()" not in said, "the timer is there")
print("2. without")
after, said = first_dwr(0, 3 * TC)
check(after is None, f"no DWR within {3 * TC} s")
check("Process limit" in said and "Error on fork() for timer" in said, "Process limit exceeded, Error on fork() for timer")
raise SystemExit(end())
PY
timeout 150 python3 -B play.py
