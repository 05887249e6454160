#!/bin/sh
# osmomsc-dropped-parameters.sh - OsmoMSC accepts a message with ports, segments or a time of delivery as parameters, and stores it without them.
#
# usage: findings/osmomsc-dropped-parameters.sh
#
# Exit status: 0 the behaviour is as described, 1 it is another one, 77 not run: a program, a library, this version or the network is not available.
# Takes about 30 s, fetches 13 MB. Needs python3, the programs modprobe and busybox (static), and the libraries that OsmoMSC depends on.
#
# Version: OsmoMSC 1.9.0, package osmo-msc 1.9.0+dfsg1-2 of Debian 12, in user-mode Linux 6.1um4+b13, as the SMSC; its database of messages is read.
#
# Expected by a careful reader
#   destination_port and the sar parameters say in SMPP what a user data header says in the message (SMPP 3.4, 5.3.2.20 to 24): the SMSC makes the
#   header of them. What it cannot do it refuses: ESME_RINVOPTPARSTREAM, ESME_ROPTPARNOTALLWD and ESME_RINVSCHED are there for that (5.1.3).
#
# Seen, with ESME_ROK in each case
#   1. A user data header with a port in the message, with the UDHI bit: stored as it came.
#   2. destination_port and source_port: stored without a header. The five octets would go to no port.
#   3. sar_msg_ref_num, sar_total_segments and sar_segment_seqnum, for two parts: stored as two messages without a header.
#   4. schedule_delivery_time: nothing is stored of it. A relative validity_period is.
#
# So ports and the numbers of parts are sent to OsmoMSC in a header that the client makes itself.
set -eu
# shellcheck source=findings/common
. "$(dirname "$0")/common"

cat >play.py <<'EOF'
import contextlib
import datetime
import sqlite3
import struct
import sys

import smpp as S

HEADER = bytes.fromhex("0605043e803e80")
COLUMNS = ("id created sent deliver_attempts valid_until reply_path_req status_rep_req is_report msg_ref protocol_id data_coding_scheme ud_hdr_ind "
           "src_addr src_ton src_npi dest_addr dest_ton dest_npi user_data header text")


def stored(number):
    """(user data, header, UDHI, seconds from its arrival to the end of its validity) of the message to that number; None: there is none."""
    with contextlib.closing(sqlite3.connect("/var/tmp/sms.db")) as base:
        row = base.execute("SELECT user_data, header, ud_hdr_ind, created, valid_until FROM SMS WHERE dest_addr = ?", (number.decode(),)).fetchone()
    if not row:
        return None
    created, until = (datetime.datetime.fromisoformat(t) for t in row[3:])
    return *row[:3], round((until - created).total_seconds())


def main():
    esme, week = S.Esme(), 7 * 86400
    tries = (
        ("1. a header in the message", b"491700000001", HEADER + b"hello", {"esm": 0x40}, (HEADER + b"hello", None, 1, week)),
        ("2. ports as parameters", b"491700000002", b"hello",
         {"parameters": S.parameter(0x20b, struct.pack("!H", 16000)) + S.parameter(0x20a, struct.pack("!H", 16000))}, (b"hello", None, 0, week)),
        ("3. parts", b"491700000003", b"first ", {"parameters": part(1)}, (b"first ", None, 0, week)),
        (None, b"491700000004", b"second", {"parameters": part(2)}, (b"second", None, 0, week)),
        ("4. times", b"491700000005", b"hello", {"schedule": b"000000010000000R"}, (b"hello", None, 0, week)),
        (None, b"491700000006", b"hello", {"validity": b"000000010000000R"}, (b"hello", None, 0, 3600)))
    for title, number, message, more, expected in tries:
        if title:
            print(title)
        status, _ = esme.submit(number, message, **more)
        found = stored(number)
        S.check(status == 0 and found == expected, f"status {status:#x}; octets, header, UDHI and seconds of validity: {found}")
    with contextlib.closing(sqlite3.connect("/var/tmp/sms.db")) as base:
        columns = [name for _, name, *_ in base.execute("PRAGMA table_info(SMS)")]
    S.check(" ".join(columns) == COLUMNS, f"nothing of a message is kept elsewhere; its columns: {', '.join(columns)}")
    return S.end()


def part(number):
    return S.parameter(0x20c, b"\0\7") + S.parameter(0x20e, b"\2") + S.parameter(0x20f, bytes([number]))


sys.exit(main())
EOF
osmomsc
