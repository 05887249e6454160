#!/bin/sh
# kannel-long-binary.sh - Kannel cuts a long binary message to one part, and tells the web client that it was accepted.
#
# usage: findings/kannel-long-binary.sh
#
# Exit status: 0 the behaviour is as described, 1 it is another one, 77 not run: this version, a library or the network is not available.
# Takes about 15 s. Needs python3 and the libraries that Kannel depends on.
#
# Version: Kannel 1.4.5, package kannel 1.4.5-12 of Debian 12, bound over SMPP at an SMSC of a few lines.
#
# Expected by a careful reader
#   `concatenation` of a sendsms-user says how a message that is too long for one is sent: as independent messages or as one with a user data
#   header. Either way it is sent. A message that cannot be sent as a whole is refused, as the web server does with its other errors.
#
# Seen, for 300 octets with coding=1
#   1. A user without `max-messages` and `concatenation`: the answer is "0: Accepted for delivery", and one submit_sm with the
#      first 140 octets leaves.
#   2. With `concatenation = true` alone: the same, with a header and the first 134 octets.
#   3. With `max-messages = 2` and `concatenation = true`: the same answer; two submit_sm with a header leave, together 268 octets.
#   4. With `max-messages = 3` and `concatenation = true`: three, all 300 octets.
#
# So whoever sends data through Kannel sets max-messages as high as the longest message needs: nothing tells that the end of one is missing.
set -eu
# shellcheck source=findings/common
. "$(dirname "$0")/common"
kannel

cat >play.py <<'EOF'
import sys

import kannel as K

DATA = bytes(range(256)) + bytes(44)


def play(number, user, parts, octets):
    print(f"{number}. {user.strip().replace(chr(10), ', ') or 'neither'}", flush=True)
    smsc = K.Smsc()
    box = K.Kannel(smsc, user=user)
    try:
        said = box.send(coding=1, text=DATA)
        got = K.all_of(smsc)
    finally:
        box.end()
    texts = [s.text[1 + s.text[0]:] if s.esm & 0x40 else s.text for s in got]
    K.check(said.startswith("0: ") and len(got) == parts and b"".join(texts) == DATA[:octets],
            f"'{said}'; {len(got)} submit_sm with {[len(t) for t in texts]} octets of {len(DATA)}")


def main():
    play(1, "", 1, 140)
    play(2, "concatenation = true\n", 1, 134)
    play(3, "max-messages = 2\nconcatenation = true\n", 2, 268)
    play(4, "max-messages = 3\nconcatenation = true\n", 3, 300)
    return K.end()


sys.exit(main())
EOF
timeout 120 python3 -u play.py
