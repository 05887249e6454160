#!/bin/sh
# freediameter-route-record-in-answers.sh - freeDiameter as a relay adds a Route-Record to answers, too.
#
# usage: findings/freediameter-route-record-in-answers.sh
#
# Exit status: 0 the behaviour is as described, 1 it is another one, 77 not run: this version or the network is not available.
# Takes about 10 s, and listens on two free ports of 127.0.0.1.
#
# Version: freediameterd 1.2.1-8+b1 of Debian 12, without any extension but the access list, between a client and a server.
#
# Expected by a careful reader
#   A relay appends a Route-Record with the identity of the sender to each request that it forwards (RFC 6733, 6.1.9). Nothing is said of
#   answers, whose way is known from the Hop-by-Hop Identifiers: an answer comes back as the server has sent it.
#
# Seen
#   1. The request arrives at the server with one Route-Record: the client's identity.
#   2. The answer arrives at the client with all AVPs of the server, and a Route-Record that the server did not send: the server's
#      identity. It has the M bit.
#   3. A Proxy-Info of the client, which the server copies into its answer as RFC 6733, 6.2, asks, arrives unchanged.
#
# So a client whose application grammar does not name Route-Record in the answer, and which refuses unknown AVPs with the M bit, loses
# every answer behind such a relay.
set -eu
# shellcheck source=findings/common
. "$(dirname "$0")/common"
need python3 openssl
debian freediameterd=1.2.1-8+b1 freediameter-extensions=1.2.1-8+b1 libfdcore6=1.2.1-8+b1 libfdproto6=1.2.1-8+b1

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout relay.key -out relay.pem -days 2 \
	-subj /CN=relay.example >openssl.log 2>&1 || not_run "openssl makes no certificate"

cat >play.py <<'END'
import os
import select
import socket
import struct
import subprocess
import sys
import time

CE, DW, DP, ACCOUNTING = 257, 280, 282, 271
REQUEST, PROXIABLE, MANDATORY, RELAY = 0x80, 0x40, 0x40, 0xFFFFFFFF
ORIGIN_HOST, ROUTE_RECORD, PROXY_INFO = 264, 282, 284


class NotRun(Exception):
    pass


def avp(code, value):
    data = struct.pack("!I", value) if isinstance(value, int) else value
    return struct.pack("!IB", code, MANDATORY) + (8 + len(data)).to_bytes(3, "big") + data + bytes(-len(data) % 4)


def avps(body):
    found = []
    while len(body) >= 8:
        length = int.from_bytes(body[5:8], "big")
        if length < 8 or length > len(body):
            break
        found.append((struct.unpack("!I", body[:4])[0], body[4], body[8:length]))
        body = body[length + (-length % 4):]
    return found


class Peer:
    """A Diameter node with one connection to the relay; it answers DWR by itself."""

    def __init__(self, name, port):
        self.name, self.origin = name, avp(264, name.encode()) + avp(296, b"example")
        end = time.monotonic() + 15
        while True:
            try:
                self.socket = socket.create_connection(("127.0.0.1", port), timeout=5)
                break
            except OSError as e:
                if time.monotonic() > end:
                    raise NotRun(f"the relay does not listen: {e}") from e
                time.sleep(0.1)
        self.input, self.messages = b"", []
        self.send(REQUEST, CE, 0, 1, 1, self.origin + avp(257, b"\x00\x01\x7f\x00\x00\x01") + avp(266, 0) + avp(269, b"peer") + avp(258, RELAY))
        cea = self.next(CE)
        code = [struct.unpack("!I", v)[0] for c, _, v in cea[3] if c == 268]
        if code != [2001]:
            raise NotRun(f"{name}: CEA with {code}")

    def send(self, flags, command, application, hop, end, body):
        head = b"\x01" + (20 + len(body)).to_bytes(3, "big") + bytes([flags]) + command.to_bytes(3, "big")
        self.socket.sendall(head + struct.pack("!III", application, hop, end) + body)

    def next(self, command, seconds=5.0):
        """The next message of this command: (flags, hop, end, AVPs)."""
        stop = time.monotonic() + seconds
        while True:
            while len(self.input) >= 20 and len(self.input) >= int.from_bytes(self.input[1:4], "big") >= 20:
                length = int.from_bytes(self.input[1:4], "big")
                one, self.input = self.input[:length], self.input[length:]
                hop, end = struct.unpack("!II", one[12:20])
                code = int.from_bytes(one[5:8], "big")
                if code == DW and one[4] & REQUEST:
                    self.send(0, DW, 0, hop, end, avp(268, 2001) + self.origin)
                elif code == command:
                    return one[4], hop, end, avps(one[20:])
            left = stop - time.monotonic()
            if left <= 0 or not select.select([self.socket], [], [], left)[0]:
                raise TimeoutError(f"{self.name}: no message of command {command} in {seconds:.0f} s")
            data = self.socket.recv(65536)
            if not data:
                raise ConnectionError(f"{self.name}: the relay closed the connection")
            self.input += data


changed = False


def check(ok, text):
    global changed
    print(f"    {'as described' if ok else 'CHANGED'}: {text}")
    changed = changed or not ok


def records(found):
    return [v.decode() for c, _, v in found if c == ROUTE_RECORD]


def play(port):
    server, client = Peer("server.example", port), Peer("client.example", port)
    proxy_info = avp(PROXY_INFO, avp(280, b"client.example") + avp(33, b"a state"))
    body = (avp(263, b"client.example;1;1") + client.origin + avp(283, b"example") + avp(293, b"server.example") + avp(480, 1) + avp(485, 0)
            + avp(259, 3) + proxy_info)
    client.send(REQUEST | PROXIABLE, ACCOUNTING, 3, 77, 88, body)
    _, hop, end, asked = server.next(ACCOUNTING)
    print("1. the request at the server")
    check(records(asked) == ["client.example"], f"Route-Record {records(asked)}")
    sent = (avp(263, b"client.example;1;1") + avp(268, 2001) + server.origin + avp(480, 1) + avp(485, 0)
            + b"".join(avp(c, v) for c, _, v in asked if c == PROXY_INFO))
    server.send(PROXIABLE, ACCOUNTING, 3, hop, end, sent)
    _, hop, _, got = client.next(ACCOUNTING)
    print("2. the answer at the client")
    added = [a for a in got if a not in avps(sent)]
    check(hop == 77 and all(a in got for a in avps(sent)), "all AVPs of the server's answer are there")
    check([(c, v) for c, _, v in added] == [(ROUTE_RECORD, b"server.example")],
          "added: " + (", ".join(f"AVP {c} with {v.decode(errors='replace')}" for c, _, v in added) or "nothing"))
    check(bool(added) and all(f & MANDATORY for _, f, _ in added), "with the M bit")
    print("3. Proxy-Info")
    check([avps(v) for c, _, v in got if c == PROXY_INFO] == [avps(avps(proxy_info)[0][2])], "the client's Proxy-Info came back unchanged")
    for peer in (client, server):
        peer.send(REQUEST, DP, 0, 99, 99, peer.origin + avp(273, 0))


def free_ports(n):
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    ports = [s.getsockname()[1] for s in held]
    for s in held:
        s.close()
    return ports


def main():
    root, (port, sec_port) = os.path.join(os.getcwd(), "root"), free_ports(2)
    lib = os.path.join(root, "usr/lib/x86_64-linux-gnu")
    folders = [d for d, _, files in os.walk(root) if "acl_wl.fdx" in files]
    if not folders:
        raise NotRun("no acl_wl.fdx in the packages")
    with open("acl.conf", "w", encoding="utf-8") as f:
        f.write("ALLOW_IPSEC *.example\n")
    with open("relay.conf", "w", encoding="utf-8") as f:
        f.write(f'Identity = "relay.example";\nRealm = "example";\nPort = {port};\nSecPort = {sec_port};\nNo_SCTP;\nNo_IPv6;\n'
                f'ListenOn = "127.0.0.1";\nTLS_Cred = "{os.getcwd()}/relay.pem", "{os.getcwd()}/relay.key";\n'
                f'TLS_CA = "{os.getcwd()}/relay.pem";\nLoadExtension = "{folders[0]}/acl_wl.fdx" : "{os.getcwd()}/acl.conf";\n')
    daemon = [os.path.join(d, "freeDiameterd") for d, _, files in os.walk(root) if "freeDiameterd" in files][0]
    with open("relay.log", "w", encoding="utf-8") as log:
        relay = subprocess.Popen([daemon, "-c", "relay.conf"], env=dict(os.environ, LD_LIBRARY_PATH=lib), stdout=log, stderr=log)
        try:
            play(port)
        finally:
            relay.terminate()
            try:
                relay.wait(8)
            except subprocess.TimeoutExpired:
                relay.kill()
                relay.wait()


try:
    main()
except NotRun as e:
    if os.path.exists("relay.log"):
        with open("relay.log", encoding="utf-8", errors="replace") as f:
            print(f.read()[-1500:])
    print(f"not run: {e}")
    sys.exit(77)
except OSError as e:
    print(f"the behaviour is another one: {e}")
    sys.exit(1)
print("the behaviour is another one" if changed else "as described")
sys.exit(1 if changed else 0)
END
timeout 60 python3 -u play.py
