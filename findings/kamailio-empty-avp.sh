#!/bin/sh
# kamailio-empty-avp.sh - Kamailio's Diameter peer throws a whole request away, without any answer, when one AVP in it is empty.
#
# usage: findings/kamailio-empty-avp.sh
#
# Exit status: 0 the behaviour is as described, 1 it is another one, 77 not run: this version or the network is not available.
# Takes about 10 s, fetches 11 MB, and needs 35 MB in a temporary folder, which is removed at the end. Debian 12; root is not needed.
#
# Version: Kamailio 5.6.3, package kamailio-ims-modules 5.6.3-2 of Debian 12, module cdp, as the listening peer.
#
# Expected by a careful reader
#   RFC 6733, 4.2: an OctetString has any length, so an AVP without data is one. A request that cannot be taken is answered with an error
#   (7.1.5, INVALID_AVP_LENGTH).
#
# Seen
#   1. The request with an OctetString of one octet is answered, the same request with an empty one is not. Kamailio says
#      "message conversion dropped". The connection stays, and later requests on it are answered.
#   2. It is the same for an AVP that is not mandatory and that Kamailio's script never looks at.
#
# Some requests have an empty AVP with reason: T4 asks for a Payload in every Device-Trigger-Request (TS 29.337), also in one that recalls a
# trigger and has nothing to say. Its sender waits in vain.
set -eu
# shellcheck source=findings/common
. "$(dirname "$0")/common"
kamailio
cat >play.py <<'PY'
import struct

from kamailio import SUCCESS, Kamailio, Peer, avp, check, end

PAYLOAD, VENDOR = 3004, 10415
WAIT = 3  # seconds
kamailio = Kamailio(SUCCESS % "")
try:
    peer = Peer(kamailio.port)
    print("1. an OctetString with the M bit")
    check(peer.sir(avp(PAYLOAD, b"x", VENDOR)) is not None, "of one octet: the request is answered")
    check(peer.sir(avp(PAYLOAD, b"", VENDOR), wait=WAIT) is None, f"empty: no answer within {WAIT} s")
    check("message conversion dropped" in kamailio.said(), "message conversion dropped")
    check(peer.sir() is not None, "the next request on this connection is answered")
    print("2. one without")
    check(peer.sir(struct.pack("!IBBHI", PAYLOAD, 0x80, 0, 12, VENDOR), wait=WAIT) is None, f"empty: no answer within {WAIT} s")
    check(peer.sir() is not None, "the next request on this connection is answered")
finally:
    kamailio.end()
raise SystemExit(end())
PY
timeout 100 python3 -B play.py
