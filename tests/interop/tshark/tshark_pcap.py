"""Writes captures: Diameter messages as one TCP flow, each in a segment of its own."""
import struct


def _checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _segment(sequence, payload):
    source, target = bytes([192, 0, 2, 1]), bytes([192, 0, 2, 2])
    tcp = struct.pack(">HHIIBBHHH", 40000, 3868, sequence, 1, 5 << 4, 0x18, 0xFFFF, 0, 0)
    pseudo = source + target + struct.pack(">BBH", 0, 6, len(tcp) + len(payload))
    tcp = tcp[:16] + struct.pack(">H", _checksum(pseudo + tcp + payload)) + tcp[18:]
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 40 + len(payload), 0, 0x4000, 64, 6, 0, source, target)
    return ip[:10] + struct.pack(">H", _checksum(ip)) + ip[12:] + tcp + payload


def write(path, messages):
    """A capture of raw IPv4 packets (link type 101); no timestamps that differ, so that it is the same each time."""
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101))
        sequence = 1
        for number, message in enumerate(messages):
            packet = _segment(sequence, message)
            sequence += len(message)
            f.write(struct.pack("<IIII", 1700000000 + number, 0, len(packet), len(packet)))
            f.write(packet)
