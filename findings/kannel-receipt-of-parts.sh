#!/bin/sh
# kannel-receipt-of-parts.sh - Kannel asks for the receipt of a long message in its first part only, and calls the message delivered by that.
#
# usage: findings/kannel-receipt-of-parts.sh
#
# Exit status: 0 the behaviour is as described, 1 it is another one, 77 not run: this version, a library or the network is not available.
# Takes about 8 s. Needs python3 and the libraries that Kannel depends on.
#
# Version: Kannel 1.4.5, package kannel 1.4.5-12 of Debian 12, bound over SMPP at an SMSC of a few lines.
#
# Expected by a careful reader
#   dlr-mask=1 asks to be told that a message was delivered. A message in three parts is delivered when the device has all three, so each part
#   is submitted with registered_delivery, and the web client hears when the last receipt is there, or hears three times.
#
# Seen
#   1. A message of one part: registered_delivery 1.
#   2. One of three parts: registered_delivery is 1 in the first and 0 in the second and third.
#
# So "delivered" of a long message says that its first part was delivered. Where all of it matters, the application splits the message itself and asks
# for each part, or the device answers.
set -eu
# shellcheck source=findings/common
. "$(dirname "$0")/common"
kannel

cat >play.py <<'EOF'
import sys

import kannel as K


def main():
    smsc = K.Smsc()
    box = K.Kannel(smsc, user="max-messages = 5\nconcatenation = true\n")
    try:
        for number, text, expected in ((1, "x" * 100, [1]), (2, "x" * 400, [1, 0, 0])):
            said = box.send(text=text, **{"dlr-mask": 1, "dlr-url": "http://127.0.0.1:9/"})
            got = [s.registered & 3 for s in K.all_of(smsc)]
            print(f"{number}. {len(text)} letters")
            K.check(said.startswith("0: ") and got == expected, f"registered_delivery of the parts: {got}")
    finally:
        box.end()
    return K.end()


sys.exit(main())
EOF
timeout 120 python3 -u play.py
