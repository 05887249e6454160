#!/bin/sh
# kannel-expired-status.sh - Kannel tells 34, and not 2, of a message whose receipt says "expired" by the parameter message_state.
#
# usage: findings/kannel-expired-status.sh
#
# Exit status: 0 the behaviour is as described, 1 it is another one, 77 not run: this version, a library or the network is not available.
# Takes about 12 s. Needs python3 and the libraries that Kannel depends on.
#
# Version: Kannel 1.4.5, package kannel 1.4.5-12 of Debian 12, bound over SMPP at an SMSC of a few lines.
#
# Expected by a careful reader
#   The manual (kannel-docs 1.4.5-12, "Delivery Reports") has five values for %d in a dlr-url: 1 success, 2 failure, 4 buffered, 8 submitted and
#   16 refused. A message that ended before it was delivered is a failure, 2, in whichever of its two forms the receipt says so: "stat:EXPIRED" in
#   its text, or message_state 3 as a parameter (SMPP 3.4, 5.3.2.35).
#
# Seen, with dlr-mask=11, which asks for 1, 2 and 8
#   1. Text alone: DELIVRD is 1; EXPIRED, DELETED, UNDELIV and REJECTD are 2.
#   2. message_state 3 as a parameter, with the text or without: 34, which is 2 and 32. The manual has no 32.
#   3. The parameter with delivered, deleted, undeliverable, unknown and rejected: 1, 2, 2, 2 and 2.
#
# So a web application that compares with 2 does not hear that a message has expired, which is how a message to a sleeping device ends. It
# looks at the bits: value & 2.
set -eu
# shellcheck source=findings/common
. "$(dirname "$0")/common"
kannel

cat >play.py <<'EOF'
import http.server
import queue
import struct
import sys
import threading
import urllib.parse

import kannel as K

DELIVER, RECEIPT = 5, 4
STATES = {2: "DELIVRD", 3: "EXPIRED", 4: "DELETED", 5: "UNDELIV", 7: "UNKNOWN", 8: "REJECTD"}


class Smsc(K.Smsc):
    def talk(self, stream, connection):
        self.connection = connection
        super().talk(stream, connection)

    def receipt(self, name, text, state):
        """A deliver_sm about that message; `text` and `state` are the two forms, and either may be None."""
        words = f"id:{name} sub:001 dlvrd:001 submit date:2601010000 done date:2601010000 stat:{text} err:000 text:".encode() if text else b""
        parameters = struct.pack("!HH", 0x1e, len(name) + 1) + name.encode() + b"\0" + struct.pack("!HHB", 0x427, 1, state) if state else b""
        body = (b"\0\1\1" + b"491700000001\0" + b"\1\1" + b"4242\0" + bytes([RECEIPT, 0, 0, 0, 0, 0, 0, 0, 0, len(words)]) + words + parameters)
        self.connection.sendall(struct.pack("!IIII", 16 + len(body), DELIVER, 0, 1000 + int(name)) + body)


class Web(http.server.BaseHTTPRequestHandler):
    """The application; the value of each call is kept."""

    def do_GET(self):
        self.server.values.put(int(urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)["value"][0]))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


def main():
    web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Web)
    web.values = queue.Queue()
    threading.Thread(target=web.serve_forever, daemon=True).start()
    smsc = Smsc()
    box, count = K.Kannel(smsc), 0

    def value(text, state):
        """What the application hears about a new message after this receipt; None: nothing."""
        nonlocal count
        count += 1
        box.send(text="wake up", **{"dlr-mask": 11, "dlr-url": f"http://127.0.0.1:{web.server_port}/?value=%d"})
        try:
            if web.values.get(timeout=20) != 8:  # submitted: from then on Kannel knows the message by its message_id
                return None
            smsc.receipt(str(count), text, state)
            return web.values.get(timeout=20)
        except queue.Empty:
            return None

    try:
        print("1. the text", flush=True)
        for state, expected in ((2, 1), (3, 2), (4, 2), (5, 2), (8, 2)):
            got = value(STATES[state], None)
            K.check(got == expected, f"stat:{STATES[state]}: {got}")
        print("2. message_state 3", flush=True)
        for text in (None, "EXPIRED"):
            got = value(text, 3)
            K.check(got == 34, f"with {'the text' if text else 'no text'}: {got}")
        print("3. other states", flush=True)
        for state, expected in ((2, 1), (4, 2), (5, 2), (7, 2), (8, 2)):
            got = value(None, state)
            K.check(got == expected, f"message_state {state}: {got}")
    finally:
        box.end()
    return K.end()


sys.exit(main())
EOF
timeout 240 python3 -u play.py
