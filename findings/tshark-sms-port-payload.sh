#!/bin/sh
# tshark-sms-port-payload.sh - tshark reads the payload of a short message to port 9200 or 2948 as WSP, and calls good data malformed.
#
# usage: findings/tshark-sms-port-payload.sh
#
# Exit status: 0 the behaviour is as described, 1 it is another one, 77 not run: this version or the network is not available.
# Takes about 10 s, fetches 25 MB. Needs python3 and the libraries that Wireshark depends on.
#
# Version: tshark 4.0.17-0+deb12u3 of Debian 12.
#
# Expected by a careful reader
#   A device trigger is a short message with 16-bit application ports in its User Data Header (3GPP TS 23.040, 9.2.3.24.4) and a payload of
#   the application. tshark shows ports and octets, and complains of neither, since no protocol can be told from the port alone.
#
# Seen, for SMS-DELIVERs that differ in the destination port only; the payload is the five octets "hello"
#   1. Port 16000: the ports are there, no other protocol, nothing malformed.
#   2. Port 9200 (registered as wap-wsp): the payload is given to WSP.
#   3. Port 2948 (wap-push): the payload is given to WSP.
#   4. With the payload "wake": 9200 and 2948 again WSP, and the frame is marked malformed; 16000 is not.
#
# So a check "no malformed frame in the capture" needs other ports in the test, or has to allow WSP.
set -eu
# shellcheck source=findings/common
. "$(dirname "$0")/common"
need python3
debian tshark=4.0.17-0+deb12u3 wireshark-common=4.0.17-0+deb12u3 libwireshark-data=4.0.17-0+deb12u3 \
	libwireshark16=4.0.17-0+deb12u3 libwiretap13=4.0.17-0+deb12u3 libwsutil14=4.0.17-0+deb12u3

cat >play.py <<'END'
import os
import struct
import subprocess
import sys

UPPER_PDU, PROTO_NAME, P2P_DIR, END_OF_OPT, RECEIVED = 252, 12, 16, 0, 1


def sms_deliver(port, payload):
    """3GPP TS 23.040, 9.2.2.1, with application ports, 8-bit data."""
    header = bytes([6, 0x05, 4]) + struct.pack("!HH", port, 40000)
    data = header + payload
    return bytes([0x44, 4, 0x91, 0x94, 0x71, 0x00, 0x04, 0x62, 0x11, 0x92, 0x20, 0x00, 0x00, 0x00, len(data)]) + data


def capture(path, tpdus):
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, UPPER_PDU))
        for tpdu in tpdus:
            name = b"gsm_sms\0"
            frame = struct.pack("!HH", PROTO_NAME, len(name)) + name + struct.pack("!HHI", P2P_DIR, 4, RECEIVED) + struct.pack("!HH", END_OF_OPT, 0)
            frame += tpdu
            f.write(struct.pack("<IIII", 1, 0, len(frame), len(frame)) + frame)


def main():
    frames = [(port, payload) for payload in (b"hello", b"wake") for port in (16000, 9200, 2948)]
    capture("sms.pcap", [sms_deliver(*f) for f in frames])
    lib = os.path.join(os.getcwd(), "root/usr/lib/x86_64-linux-gnu")
    env = dict(os.environ, LD_LIBRARY_PATH=lib, WIRESHARK_DATA_DIR=os.path.join(os.getcwd(), "root/usr/share/wireshark"), HOME=os.getcwd())
    run = subprocess.run(["root/usr/bin/tshark", "-r", "sms.pcap", "-T", "fields", "-e", "frame.protocols", "-e", "gsm_sms.destination_port",
                          "-e", "_ws.malformed"], env=env, capture_output=True, text=True, timeout=60, check=False)
    if run.returncode != 0:
        print(f"not run: tshark does not run here: {run.stderr.strip()[-300:]}")
        return 77
    lines = [line.split("\t") for line in run.stdout.splitlines()]
    if [line[1:2] for line in lines] != [[str(port)] for port, _ in frames]:
        print(f"CHANGED: other frames or ports: {lines}")
        return 1
    changed = False
    for (port, payload), (protocols, _, malformed) in zip(frames, lines):
        wsp = port in (9200, 2948)
        same = protocols.endswith(":wsp") == wsp and bool(malformed) == (wsp and payload == b"wake")
        print(f"    {'as described' if same else 'CHANGED'}: port {port}, payload {payload.decode()}: {protocols}{', malformed' if malformed else ''}")
        changed = changed or not same
    print("the behaviour is another one" if changed else "as described")
    return int(changed)


sys.exit(main())
END
python3 play.py
