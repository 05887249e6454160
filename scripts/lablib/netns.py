"""Sockets, TUN devices and captures in network namespaces, from one process: a socket stays where it was made."""
import contextlib
import ctypes
import fcntl
import os
import socket
import struct
import time

from . import proc

CLONE_NEWNET = 0x40000000
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 1, 0x1000
ETH_P_ALL = 3
HOP_BY_HOP, ICMP, TCP, UDP, ICMP6, SCTP = 0, 1, 6, 17, 58, 132
ICMP_ERRORS = {ICMP: (3, 4, 5, 11, 12), ICMP6: (1, 2, 3, 4)}  # types of those that quote a packet
NEIGHBOURS = range(133, 138)  # types of ICMPv6: who is on this link
SOL_PACKET, PACKET_STATISTICS = 263, 6


def _enter(fd):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(fd, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


@contextlib.contextmanager
def entered(name):
    """What this thread makes meanwhile is in the namespace of that name."""
    here = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        there = os.open(f"/run/netns/{name}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            _enter(there)
        finally:
            os.close(there)
        try:
            yield
        finally:
            _enter(here)
    finally:
        os.close(here)


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def listener(name, address, port):
    with entered(name):
        s = socket.socket(family(address), socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, port))
    s.listen(16)
    s.settimeout(proc.HANG_S)
    return s


def client(name, own, own_port=0):
    """A TCP socket of that address, not connected yet."""
    with entered(name):
        s = socket.socket(family(own), socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((own, own_port))
    s.settimeout(proc.HANG_S)
    return s


def tun(name, device):
    """The TUN device of that name; it goes when the descriptor is closed."""
    with entered(name):
        fd = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
        fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", device.encode(), IFF_TUN | IFF_NO_PI))
    return fd


class Capture:
    """Every frame that passes a device, in both directions."""

    def __init__(self, name, device):
        with entered(name):
            self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
            self.sock.bind((device, ETH_P_ALL))
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.sock.setblocking(False)

    def frames(self):
        """Those since the last call."""
        found = []
        with contextlib.suppress(BlockingIOError):
            while True:
                found.append(self.sock.recv(65536))
        return found

    def lost(self):
        """How many there was no room for since the last call."""
        return struct.unpack("II", self.sock.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))[1]

    def close(self):
        self.sock.close()


def ends_of(frame):
    """(source, destination, protocol, source port, destination port) of a frame with IP, None of another one."""
    found = _read(_packet(frame))
    return found and found[0]


def quoted_by(frame):
    """The ends of the packet that an ICMP error quotes, None of any other frame."""
    found = _read(_packet(frame))
    if not found or not found[1] or found[1][0] not in ICMP_ERRORS.get(found[0][2], ()):
        return None
    quoted = _read(found[1][8:])
    return quoted and quoted[0]


def among_neighbours(frame):
    """Does it only say who is on this link, or which multicasts somebody listens to?"""
    found = _read(_packet(frame))
    return bool(found and found[0][2] == ICMP6 and found[1] and (found[1][0] in NEIGHBOURS or found[0][1].startswith("ff02:")))


def _packet(frame):
    """What is in a frame of Ethernet, nothing unless it is IP."""
    return frame[14:] if frame[12:14] in (b"\x08\x00", b"\x86\xdd") else b""


def _read(packet):
    """(ends, content) of a packet of IPv4 or IPv6, None of anything else."""
    if len(packet) >= 20 and packet[0] >> 4 == 4:
        head, protocol = (packet[0] & 15) * 4, packet[9]
        addresses = (socket.inet_ntop(socket.AF_INET, packet[at:at + 4]) for at in (12, 16))
    elif len(packet) >= 40 and packet[0] >> 4 == 6:
        head, protocol = 40, packet[6]
        addresses = (socket.inet_ntop(socket.AF_INET6, packet[at:at + 16]) for at in (8, 24))
        if protocol == HOP_BY_HOP and len(packet) >= head + 2:  # before the ICMPv6 of multicast listeners
            protocol, head = packet[head], head + (packet[head + 1] + 1) * 8
    else:
        return None
    content = packet[head:]
    ports = struct.unpack_from("!HH", content) if len(content) >= 4 else (0, 0)
    return (*addresses, protocol, *ports), content


def _sum(octets):
    total = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def syn(source, source_port, destination, port):
    """A packet of IPv4 that opens a TCP connection."""
    ends = socket.inet_aton(source) + socket.inet_aton(destination)
    tcp = struct.pack("!HHIIBBHHH", source_port, port, 1000, 0, 5 << 4, 2, 65535, 0, 0)
    tcp = tcp[:16] + struct.pack("!H", _sum(ends + struct.pack("!BBH", 0, TCP, len(tcp)) + tcp)) + tcp[18:]
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 1, 0, 64, TCP, 0) + ends
    return head[:10] + struct.pack("!H", _sum(head)) + head[12:] + tcp


def packets(fd, wait_s):
    """What the host sends into a TUN device within that time, until something comes."""
    end = time.monotonic() + wait_s
    found = []
    while time.monotonic() < end and not found:
        with contextlib.suppress(BlockingIOError):
            while True:
                found.append(os.read(fd, 65536))
        time.sleep(0.01)
    return found
