"""Every octet that SCSs get during the plays of a laboratory, and the search in them for what an SCS must not learn.

Our SCS by hand (support/tsp.py) and mtc-scs (tests/tools/scs_tap.c in front of it) keep what they read and write inside TLS, a file for
each connection and direction, and the messages of the handshake that they read: certificates, and what is said when one is asked for. A word of the operator's inner network is a leak in every connection; a name of another SCS, or the number
of a device, is one unless that SCS has said it itself."""
import glob
import itertools
import os
import re

from lablib import lab as L

BUILD = os.environ.get("MTC_BUILD", os.path.join(L.ROOT, "build"))
SHIM = os.path.join(BUILD, "tests", "tools", "scs_tap.so")  # not there in a build with a sanitizer
NUMBERS = itertools.count(1)
HANDSHAKE = 22  # content type of TLS


def folder_of(lab_folder):
    return os.path.join(lab_folder, "tap")


def begin(lab_folder):
    """The words before the command line of mtc-scs, so that it is heard."""
    os.mkdir(folder_of(lab_folder))
    return {"mtc-scs": ["env", f"LD_PRELOAD={SHIM}", f"MTC_TAP={folder_of(lab_folder)}"]} if os.path.exists(SHIM) else {}


class Tap:
    """One connection of an SCS by hand."""

    def __init__(self, lab_folder):
        self.path = os.path.join(folder_of(lab_folder), f"by-hand-{os.getpid()}-{next(NUMBERS)}")
        self.files = {} if os.path.isdir(folder_of(lab_folder)) else None  # None: a laboratory that nobody listens to

    def keep(self, direction, octets):
        if self.files is None:
            return
        if direction not in self.files:
            self.files[direction] = open(f"{self.path}.{direction}", "ab", buffering=0)  # pylint: disable=consider-using-with
        self.files[direction].write(octets)

    def listen(self, context):
        """Keeps the messages of handshakes that are read, as they are before encryption."""
        def on_message(_connection, direction, _version, content_type, _kind, octets):
            if direction == "read" and content_type == HANDSHAKE:
                self.keep("handshake", octets)
        context._msg_callback = on_message  # pylint: disable=protected-access


def tbcd(digits):
    """Digits as in MSISDN and SCS-Identity (and the last octet with its filler)."""
    padded = digits + "f" * (len(digits) % 2)
    return bytes(int(padded[i + 1] + padded[i], 16) for i in range(0, len(padded), 2))


def number(what, digits):
    return [(what, re.compile(re.escape(digits.encode()))), (what, re.compile(re.escape(tbcd(digits))))]


def word(what, text):
    return (what, re.compile(re.escape(text.encode()), re.IGNORECASE))


IMSI = [("an IMSI", re.compile(rb"00101\d{10}")), ("an IMSI in TBCD", re.compile(rb"\x00\x01\x01\x00\x00[\x00-\x99]{2}[\xf0-\xf9]"))]
MSISDN = [("the number of a device", re.compile(rb"4917000\d{5}")), ("the number of a device in TBCD", re.compile(rb"\x94\x71\x00\x00[\x00-\x99]{2}"))]


def inside(lab):
    """What no SCS may ever get: [(what, pattern)]."""
    found = [word("a name of the inner network", L.CORE_REALM), word("a directory of the gateway", lab["dir"]), *IMSI]
    found += [*number("the number of the SMS-SC", L.SMSSC_NUMBER), *number("the number of the MME", L.MME_NUMBER)]
    found += [word("a trust anchor", name) for name in sorted({s["anchor"] for s in lab["scs"]})]
    return found + [word("the subject of a CA", s) for s in ("trust anchor a", "trust anchor b")]


def of_others(lab, said):
    """Names of SCSs other than the one who speaks: [(what, pattern)]."""
    found = []
    for scs in lab["scs"]:
        if scs["origin_host"].encode() not in said.lower():
            found += [word("a host of another SCS", scs["origin_host"]), word("a realm of another SCS", scs["realm"]),
                      ("the name of another SCS", re.compile(rb"(?<![\w.@-])" + re.escape(scs["name"].encode()) + rb"(?![\w.@-])"))]
            if scs["provisioned"]:
                found += number("the SCS-Identity of another SCS", scs["e164"])
    return found


def values(octets):
    """What stands behind the headers of messages, whose zeros are no digits; all of it from where there is no message any more."""
    at, found = 0, []
    while at < len(octets):
        length = int.from_bytes(octets[at + 1:at + 4], "big")
        if octets[at] != 1 or length < 20 or at + length > len(octets):
            return [*found, octets[at:]]
        found.append(octets[at + 20:at + length])
        at += length
    return found


def read(path):
    try:
        with open(path, "rb") as f:
            return f.read()
    except FileNotFoundError:
        return b""


def heard(lab_folder):
    """[(name, octets read, octets written, messages of the handshake read)] of each connection."""
    paths = sorted({os.path.splitext(p)[0] for p in glob.glob(os.path.join(folder_of(lab_folder), "*"))})
    return [(os.path.basename(p), read(p + ".read"), read(p + ".written"), read(p + ".handshake")) for p in paths]


def origin_host(written):
    """Who it says it is, in its first message: two connections of one are of the same SCS."""
    found = re.search(rb"\x00\x00\x01\x08.\x00(..)([!-~]+)", written, re.DOTALL)
    return found.group(2)[:int.from_bytes(found.group(1), "big") - 8] if found else None


def leaks(lab):
    """What SCSs were sent and should not have been, in words."""
    connections, wrong = heard(lab["dir"]), []
    asked = {}  # by whom: all that was asked, on whichever connection its report came
    for _, _, written, _ in connections:
        asked[origin_host(written)] = asked.get(origin_host(written), b"") + written
    for name, got, written, handshake in connections:
        secrets = [(s, b"") for s in inside(lab)] + [(s, written) for s in of_others(lab, written)]
        secrets += [(s, asked[origin_host(written)]) for s in MSISDN]
        for message in [*values(got), *([handshake] if handshake else [])]:
            for (what, pattern), said in secrets:
                wrong += [f"{name}: {what} was sent to {origin_host(written)}: {m.group()!r} in {message.hex()}" for m in pattern.finditer(message)
                          if m.group().lower() not in said.lower()]
    return wrong


__all__ = ["Tap", "begin", "heard", "leaks", "origin_host"]
