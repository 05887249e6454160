#!/bin/sh
# kamailio-disconnect.sh - Kamailio's Diameter peer neither answers a Disconnect-Peer-Request nor closes the connection.
#
# usage: findings/kamailio-disconnect.sh
#
# Exit status: 0 the behaviour is as described, 1 it is another one, 77 not run: this version or the network is not available.
# Takes about 20 s, fetches 11 MB, and needs 35 MB in a temporary folder, which is removed at the end. Debian 12; root is not needed.
#
# Version: Kamailio 5.6.3, package kamailio-ims-modules 5.6.3-2 of Debian 12, module cdp, as the listening peer.
#
# Expected by a careful reader
#   RFC 6733, 5.4: a DPR is answered with a DPA, and the transport is closed then. Kamailio's own table of states has both.
#
# Seen
#   1. A DWR is answered, a DPR is not. The connection stays: nothing is closed, and nothing answers on it any more, no DWR either.
#   2. Kamailio says "Bad file descriptor": it closes the socket before the DPA was written, and another process of it keeps it open.
#   3. The peer that closed the connection itself can connect again and is served.
#
# So who leaves such a peer waits for its own time limit, each time.
set -eu
# shellcheck source=findings/common
. "$(dirname "$0")/common"
kamailio
cat >play.py <<'PY'
from kamailio import DP, DW, REQUEST, SUCCESS, Kamailio, Peer, avp, check, end

SILENCE = 8  # seconds
kamailio = Kamailio(SUCCESS % "")
try:
    print("1. DWR, then DPR")
    peer = Peer(kamailio.port)
    dwa = peer.ask(REQUEST, DW, 0, [])
    check(dwa is not None and dwa.avps[268] == b"\0\0\x07\xd1", "the DWR is answered")
    check(peer.ask(REQUEST, DP, 0, [avp(273, 0)], SILENCE) is None, f"no DPA within {SILENCE} s, and the connection stays")
    check(peer.ask(REQUEST, DW, 0, [], 3) is None, "a DWR on it has no answer within 3 s")
    print("2. what Kamailio says")
    check("Bad file descriptor" in kamailio.said(), "Bad file descriptor")
    print("3. the next connection")
    peer.socket.close()
    answer = Peer(kamailio.port).sir()
    check(answer is not None and answer.avps[268] == b"\0\0\x07\xd1", "a request on it is answered")
finally:
    kamailio.end()
raise SystemExit(end())
PY
timeout 100 python3 -B play.py
