"""Sends well-formed IKE_SA_INIT requests from several addresses and goes no further: half-open IKE_SAs. Prints how many were answered with a cookie,
with an answer of the exchange, and not at all. Runs on a host of the laboratory, by itself.

usage: ike_init.py TARGET COUNT SOURCE ..."""
import os
import socket
import struct
import sys
import time

MOST = 200
SA, KE, NONCE, NOTIFY, COOKIE = 33, 34, 40, 41, 16390
# the generator of P-256 is a public key like any other
POINT = bytes.fromhex("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
                      "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")


def payload(following, body):
    return struct.pack("!BBH", following, 0, 4 + len(body)) + body


def request():
    """AES-GCM with 128 bits, HMAC-SHA2-256, group 19: what the laboratory proposes (RFC 7296 1.2, 3.1 to 3.9)."""
    transforms = (struct.pack("!BBHBBHHH", 3, 0, 12, 1, 0, 20, 0x800e, 128) + struct.pack("!BBHBBH", 3, 0, 8, 2, 0, 5) +
                  struct.pack("!BBHBBH", 0, 0, 8, 4, 0, 19))
    proposal = struct.pack("!BBHBBBB", 0, 0, 8 + len(transforms), 1, 1, 0, 3) + transforms
    body = payload(KE, proposal) + payload(NONCE, struct.pack("!HH", 19, 0) + POINT) + payload(0, os.urandom(32))
    return os.urandom(8) + bytes(8) + struct.pack("!BBBBII", SA, 0x20, 34, 0x08, 0, 28 + len(body)) + body


def kind_of(answer):
    first, notify = answer[16], struct.unpack("!H", answer[34:36])[0]
    return "cookie" if first == NOTIFY and notify == COOKIE else "answer" if first == SA else "other"


def main(target, count, *sources):
    found = {"cookie": 0, "answer": 0, "other": 0}
    count = min(int(count), MOST)
    sockets = []
    for source in sources:
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.bind((source, 0))
        s.settimeout(0.05)
        sockets.append(s)
    for i in range(count):
        sockets[i % len(sockets)].sendto(request(), (target, 500))
        time.sleep(0.003)
    end = time.monotonic() + 1
    while time.monotonic() < end and sum(found.values()) < count:
        for s in sockets:
            try:
                found[kind_of(s.recv(4096))] += 1
            except TimeoutError:
                pass
    print(found["cookie"], found["answer"], count - sum(found.values()))


if __name__ == "__main__":
    main(*sys.argv[1:])
