#!/bin/sh
# osmomsc-message-ids.sh - OsmoMSC gives every message one and the same message_id, and answers no request about a message.
#
# usage: findings/osmomsc-message-ids.sh
#
# Exit status: 0 the behaviour is as described, 1 it is another one, 77 not run: a program, a library, this version or the network is not available.
# Takes about 30 s, fetches 13 MB. Needs python3, the programs modprobe and busybox (static), and the libraries that OsmoMSC depends on.
#
# Version: OsmoMSC 1.9.0, package osmo-msc 1.9.0+dfsg1-2 of Debian 12, in user-mode Linux 6.1um4+b13, as the SMSC.
#
# Expected by a careful reader
#   submit_sm_resp carries the message_id by which the message is named later: in receipts, cancel_sm, query_sm and replace_sm (SMPP 3.4, 4.4.2),
#   so each message has its own. An SMSC that does not know a command answers with generic_nack or ESME_RINVCMDID (4.3.1, 5.1.3).
#
# Seen
#   1. Three messages that are accepted (ESME_ROK), each for another number, have the message_id "msg_id_not_implemented".
#   2. cancel_sm, query_sm, replace_sm, submit_multi and data_sm have no answer. An enquire_link behind them on the connection has one.
#
# So a client that keeps its messages by the message_id of the SMSC keeps the last one only, and each receipt is about all. A client whose
# window is open until the answer comes waits for its time limit after each of these requests, or takes the connection for dead.
set -eu
# shellcheck source=findings/common
. "$(dirname "$0")/common"

cat >play.py <<'EOF'
import sys

import smpp as S
from smpp import address, text

TO = b"491700000001"


def main():
    esme = S.Esme()
    print("1. message_id")
    answers = [esme.submit(b"49170000000%d" % i, b"wake up") for i in range(1, 4)]
    S.check(answers == [(0, "msg_id_not_implemented")] * 3, f"status and message_id of three messages: {answers}")
    print("2. requests about a message")
    for name, command, body in (
            ("cancel_sm", S.CANCEL, text(b"") + text(b"1") + address(b"4242") + address(TO)),
            ("query_sm", S.QUERY, text(b"1") + address(b"4242")),
            ("replace_sm", S.REPLACE, text(b"1") + address(b"4242") + text(b"") + text(b"") + b"\0\0\1x"),
            ("submit_multi", S.SUBMIT_MULTI, text(b"") + address(b"4242") + b"\1\1" + address(TO) + b"\0\0\0" + text(b"") * 2 + b"\0\0\4\0\1x"),
            ("data_sm", S.DATA, text(b"") + address(b"4242") + address(TO) + b"\0\0\4" + S.parameter(0x424, b"wake up"))):
        esme.send(command, body)
        got = [f"{answer:08x}" for answer, _, _ in esme.ask(S.ENQUIRE, b"")]
        S.check(got == ["80000015"], f"answers to {name} and then enquire_link: {', '.join(got)}")
    return S.end()


sys.exit(main())
EOF
osmomsc
