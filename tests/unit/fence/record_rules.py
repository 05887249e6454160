#!/usr/bin/python3
"""Records what a kernel says of the rules of NDS/IP that nft put in place, for the tests of src/fence.

usage: record_rules.py FOLDER        as root, with nftables; FOLDER has the texts libipsec.nft and xfrm.nft

In a network namespace of its own each case puts one of the texts in place, spoils it, and writes the answers of the kernel to the questions of
fence_guard.c as they came, netlink headers included: the table, its chains, its rules. The texts are those of the tests, which compare them."""
import os
import socket
import struct
import subprocess
import sys

NAMESPACE = f"rec-rules-{os.getpid()}"
TABLE = "mtc_iwf_ndsip"
NETLINK_NETFILTER, NFNL_SUBSYS_NFTABLES, NFPROTO_INET = 12, 10, 1
GETTABLE, GETCHAIN, GETRULE = 1, 4, 7
REQUEST, DUMP = 1, 0x300
ERROR, DONE = 2, 3
# name: (text, what nft then does)
CASES = {
    "libipsec": ("libipsec", ""),
    "xfrm": ("xfrm", ""),
    "flushed": ("libipsec", f"flush chain inet {TABLE} input"),
    "no-output": ("libipsec", f"delete chain inet {TABLE} postrouting"),
    "dormant": ("libipsec", f"add table inet {TABLE} {{ flags dormant; }}"),
    "accept-first": ("libipsec", f"insert rule inet {TABLE} input ip daddr 10.77.1.1 accept"),
    "limit-first": ("libipsec", f"insert rule inet {TABLE} postrouting limit rate 1/second accept"),
    "jump-first": ("libipsec", f"add chain inet {TABLE} aside\ninsert rule inet {TABLE} input jump aside"),
    "set-first": ("libipsec", f"insert rule inet {TABLE} input tcp dport {{ 3868, 22 }} accept"),
    "log-last": ("libipsec", f"add rule inet {TABLE} postrouting log"),
    "other-device": ("libipsec", lambda text: text.replace('"ipsec0"', '"ipsec1"')),
    "any-device": ("libipsec", lambda text: text.replace('"ipsec0"', '"ipsec*"')),
    "longer-device": ("libipsec", lambda text: text.replace('"ipsec0"', '"ipsec0*"')),
    "with-limit": ("libipsec", lambda text: text.replace('oifname != "ipsec0" counter', 'oifname != "ipsec0" limit rate 1/second counter')),
    "other-port": ("libipsec", lambda text: text.replace("tcp sport 3868", "tcp sport 3869")),
    "other-address": ("libipsec", lambda text: text.replace("ip saddr 10.77.1.1", "ip saddr 10.77.1.2")),
    "other-verdict": ("libipsec", lambda text: text.replace("counter drop", "counter accept")),
    "other-order": ("libipsec", lambda text: swap(text)),
    "late": ("libipsec", lambda text: text.replace("hook postrouting priority -10", "hook postrouting priority 200")),
    "policy-drop": ("libipsec", lambda text: text.replace("hook forward priority -10; policy accept", "hook forward priority -10; policy drop")),
    "wrong-hook": ("libipsec", lambda text: text.replace("hook postrouting", "hook output")),
    "no-hook": ("libipsec", lambda text: text.replace("\t\ttype filter hook postrouting priority -10; policy accept;\n", "")),
    "xfrm-exists": ("xfrm", lambda text: text.replace("rt ipsec missing", "rt ipsec exists")),
    "no-comments": ("xfrm", lambda text: "\n".join(line.split(" comment ")[0] for line in text.split("\n"))),
}


def swap(text):
    """The accept of a listener behind the drop of everything from the tunnel."""
    lines = text.split("\n")
    accept = next(i for i, line in enumerate(lines) if "counter accept" in line)
    drop = next(i for i, line in enumerate(lines) if "anything else from the tunnel" in line)
    lines[accept], lines[drop] = lines[drop], lines[accept]
    return "\n".join(lines)


def attr(kind, text):
    octets = text.encode() + b"\0"
    return struct.pack("=HH", 4 + len(octets), kind) + octets + b"\0" * (-len(octets) % 4)


def ask(sock, kind, flags, attrs):
    body = struct.pack("=BBH", NFPROTO_INET, 0, 0) + attrs
    sock.send(struct.pack("=IHHII", 16 + len(body), NFNL_SUBSYS_NFTABLES << 8 | kind, REQUEST | flags, 1, 0) + body)
    heard = b""
    while True:
        datagram = sock.recv(65536)
        at = 0
        while at < len(datagram):
            length, what = struct.unpack_from("=IH", datagram, at)
            if what in (ERROR, DONE):
                return heard
            heard += datagram[at:at + (length + 3 & ~3)]
            at += length + 3 & ~3
        if not flags & DUMP:
            return heard


def dump(out):
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
    sock.settimeout(5)
    sock.connect((0, 0))
    heard = ask(sock, GETTABLE, 0, attr(1, TABLE))
    for chain in ("input", "forward", "postrouting"):
        heard += ask(sock, GETCHAIN, 0, attr(1, TABLE) + attr(3, chain))
    heard += ask(sock, GETRULE, DUMP, attr(1, TABLE))
    with open(out, "wb") as f:
        f.write(heard)


def nft(text):
    subprocess.run(["ip", "netns", "exec", NAMESPACE, "nft", "-f", "-"], input=text, text=True, check=True)


def main(folder):
    subprocess.run(["ip", "netns", "add", NAMESPACE], check=True)
    try:
        for name, (base, then) in CASES.items():
            with open(os.path.join(folder, base + ".nft"), encoding="utf-8") as f:
                text = f.read()
            nft("flush ruleset")
            nft(then(text) if callable(then) else text)
            if not callable(then) and then:
                nft(then)
            out = os.path.join(folder, name + ".nl")
            subprocess.run(["ip", "netns", "exec", NAMESPACE, sys.executable, os.path.abspath(__file__), "--dump", out], check=True)
            print(f"{name}: {os.path.getsize(out)} bytes")
    finally:
        subprocess.run(["ip", "netns", "del", NAMESPACE], check=True)


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "--dump":
        dump(sys.argv[2])
    elif len(sys.argv) == 2:
        main(sys.argv[1])
    else:
        sys.exit(__doc__)
