#!/bin/sh
# kamailio-octets-in-answers.sh - Kamailio's Diameter server shows octets as "data" and takes them as "hexdump" only; "data" is left out.
#
# usage: findings/kamailio-octets-in-answers.sh
#
# Exit status: 0 the behaviour is as described, 1 it is another one, 77 not run: this version or the network is not available.
# Takes about 15 s, fetches 11 MB, and needs 35 MB in a temporary folder, which is removed at the end. Debian 12; root is not needed.
#
# Version: Kamailio 5.6.3, package kamailio-ims-modules 5.6.3-2 of Debian 12, modules cdp and ims_diameter_server, as an HSS.
#
# Expected by a careful reader
#   The manual of the module says that requests and answers have one format. A request shows the octets of an AVP in hexadecimal digits, as
#   "data", and often also as "string". So an answer with octets, such as the TBCD digits of an MSISDN (TS 29.329), has one of the two.
#
# Seen
#   1. "data": the AVP is missing in the answer, and all others are there. A member "hexdump", which the manual does not name, is right.
#   2. "string" with the escapes of JSON: octets from 80 on become two, the first of 947132547698 c2 94.
#
# So an answer that repeats an AVP as it came loses it. An HSS made of this version returns numbers as "hexdump".
set -eu
# shellcheck source=findings/common
. "$(dirname "$0")/common"
kamailio
cat >play.py <<'PY'
from kamailio import SUCCESS, Kamailio, Message, Peer, check, end

MSISDN, USER, NUMBER, SHORT = 701, 3102, bytes.fromhex("947100000010"), bytes.fromhex("947132547698")


def msisdn(member, value):
    """What arrives of an MSISDN that the script gives as this member; None: nothing."""
    inside = f'{{"avpCode":1,"vendorId":0,"Flags":64,"string":"001010000000001"}},{{"avpCode":701,"vendorId":10415,"Flags":192,"{member}":"{value}"}}'
    kamailio = Kamailio(SUCCESS % f',{{"avpCode":{USER},"vendorId":10415,"Flags":192,"list":[{inside}]}}')
    try:
        answer = Peer(kamailio.port).sir()
    finally:
        kamailio.end()
    user = Message.read(answer.avps[USER])
    assert user[1] == b"001010000000001"
    return user.get(MSISDN)


print("1. hexadecimal digits")
got = msisdn("data", SHORT.hex())
check(got is None, f'"data": {got.hex() if got else "no MSISDN in the answer"}')
for number in (SHORT, NUMBER):
    got = msisdn("hexdump", number.hex())
    check(got == number, f'"hexdump": of {number.hex()} comes {got.hex() if got else got}')
print("2. text")
got = msisdn("string", "".join(f"\\\\u{o:04x}" for o in SHORT))
check(got is not None and got != SHORT and got.startswith(b"\xc2\x94"), f'"string": of {SHORT.hex()} comes {got.hex() if got else got}')
raise SystemExit(end())
PY
timeout 200 python3 -B play.py
