#!/bin/sh
# scapy-diameter-padding.sh - Scapy's Diameter pads an AVP twice when it was read from a message and then changed.
#
# usage: findings/scapy-diameter-padding.sh
#
# Exit status: 0 the behaviour is as described, 1 it is another one, 77 not run: this version or the network is not available.
# Takes about 5 s, fetches 1 MB, and needs 7 MB in a temporary folder, which is removed at the end. Debian 12; root is not needed.
#
# Version: Scapy 2.5.0, package python3-scapy 2.5.0+dfsg-2 of Debian 12, module scapy.contrib.diameter.
#
# Expected by a careful reader
#   A message that is read from a capture, changed in one value and built again differs in that value, and is as long as RFC 6733, 4.1, wants
#   it: each AVP begins at a multiple of four octets.
#
# Seen
#   1. A message that is built from nothing is right, and one that is read and built unchanged is the same.
#   2. After a change of an AVP whose value has to be padded, its padding is there twice: the one that was read, which is a payload of the
#      AVP, and a new one. All further AVPs begin at odd places. The length in the header is the old one, or counts both when it is made anew.
#   3. remove_payload() of the changed AVP makes it right. Of an AVP that was not changed it takes the padding away, and nothing adds one.
#
# So a captured message that is played again with another Origin-Host or identifier is one that no peer can read.
set -eu
# shellcheck source=findings/common
. "$(dirname "$0")/common"
need python3 timeout
debian python3-scapy=2.5.0+dfsg-2
cat >play.py <<'PY'
import logging
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, "root/usr/lib/python3/dist-packages")
logging.getLogger("scapy").setLevel(logging.ERROR)
from scapy.contrib.diameter import AVP, DiamG, DiamReq  # noqa: E402

changed = False


def check(ok, text):
    global changed
    print(f"    {'as described' if ok else 'CHANGED'}: {text}", flush=True)
    changed = changed or not ok


def message(host):
    """A Device-Watchdog-Request; both AVPs have 13 octets and three of padding."""
    return bytes(DiamReq("Device-Watchdog", drHbHId=1, drEtEId=1, avpList=[AVP("Origin-Host", val=host), AVP("Origin-Realm", val=b"realm")]))


def length(octets):
    return int.from_bytes(octets[1:4], "big")


one, other = message(b"a.iwf"), message(b"b.iwf")
print("1. built, and read")
check(len(one) == length(one) == 52, f"built: {len(one)} octets, the header says {length(one)}")
check(bytes(DiamG(one)) == one, "read and built: the same")
print("2. changed")
m = DiamG(one)
m.avpList[0].val = b"b.iwf"
got = bytes(m)
check(len(got) == 55 and length(got) == 52, f"another Origin-Host of the same length: {len(got)} octets, the header says {length(got)}")
del m.drLen
got = bytes(m)
check(len(got) == 55 and length(got) == 55, f"with the length made anew: {len(got)} octets, the header says {length(got)}")
print("3. without what was read as payload")
m.avpList[0].remove_payload()
check(bytes(m) == other, "of the changed AVP: the message that is meant")
m.avpList[1].remove_payload()
check(len(bytes(m)) == 49, f"of the other one, too: {len(bytes(m))} octets")
print("the behaviour is another one" if changed else "as described")
sys.exit(int(changed))
PY
timeout 60 python3 play.py
