#!/bin/sh
# kannel-throttled-order.sh - Kannel waits a minute before it repeats a message that was throttled, and sends later ones first.
#
# usage: findings/kannel-throttled-order.sh
#
# Exit status: 0 the behaviour is as described, 1 it is another one, 77 not run: this version, a library or the network is not available.
# Takes about 75 s. Needs python3 and the libraries that Kannel depends on.
#
# Version: Kannel 1.4.5, package kannel 1.4.5-12 of Debian 12, bound over SMPP at an SMSC of a few lines.
#
# Expected by a careful reader
#   ESME_RTHROTTLED (SMPP 3.4, 5.1.3) says that messages come too fast. Kannel knows it by name: it pauses the connection for a moment and goes on
#   with the message that was not taken, and the ones behind it follow in their order.
#
# Seen, when one message is answered ESME_RTHROTTLED and another is sent directly after it
#   1. The second message leaves about a second later, before the first.
#   2. The first is repeated 60 s or more after its answer.
#   3. With `sms-resend-freq = 5` in the core group it is repeated within 12 s, and the second is still before it.
#
# So an SMSC that bounds a rate by this status changes the order of messages and delays some by a minute. Where the rate is known, `throughput` in
# the smsc group keeps Kannel below it, and sms-resend-freq is set low.
set -eu
# shellcheck source=findings/common
. "$(dirname "$0")/common"
kannel

cat >play.py <<'EOF'
import queue
import sys

import kannel as K

THROTTLED = 0x58


def play(core, wait):
    """[(letter, seconds since the answer)] of what comes after the throttled message."""
    smsc = K.Smsc([THROTTLED])
    box = K.Kannel(smsc, core=core)
    try:
        box.send(text="first")
        began = smsc.got.get(timeout=20).at
        box.send(text="second")
        got = [smsc.got.get(timeout=wait) for _ in range(2)]
    except queue.Empty:
        got = []
    finally:
        box.end()
    return [(s.text.decode(), s.at - began) for s in got]


def main():
    print("1. and 2. sms-resend-freq is not set", flush=True)
    got = play("", 140)
    K.check([t for t, _ in got] == ["second", "first"] and got[0][1] < 10 and 55 < got[1][1] < 130,
            ", ".join(f"'{t}' after {s:.1f} s" for t, s in got) or "nothing came")
    print("3. sms-resend-freq = 5", flush=True)
    got = play("sms-resend-freq = 5", 30)
    K.check([t for t, _ in got] == ["second", "first"] and got[1][1] < 12, ", ".join(f"'{t}' after {s:.1f} s" for t, s in got) or "nothing came")
    return K.end()


sys.exit(main())
EOF
timeout 240 python3 -u play.py
