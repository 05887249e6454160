"""Addresses and ports, so that laboratories of several processes run beside each other and never meet."""
import os
import socket

_held = []


def own_address():
    """A loopback address that no other process takes: from our pid, which has at most 22 bits."""
    pid = os.getpid()
    return f"127.{128 + (pid >> 16)}.{pid >> 8 & 255}.{pid & 255}"


def again(address, port):
    """`port` if it is free at that address, and then it stays so for a program that we start (see hold_ports); 0, which is any, if not."""
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        s.bind((address, port))
    except OSError:
        s.close()
        return 0
    _held.append(s)
    return port


def hold_ports(count):
    """Free ports for programs that must be told one (a port of 0 is better). They stay ours until this process ends: the kernel hands
    a port that somebody has bound to nobody else, and lets a program listen on it that sets SO_REUSEADDR like us, who never listen."""
    found = []
    for _ in range(count):
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(("0.0.0.0", 0))
        _held.append(s)
        found.append(s.getsockname()[1])
    return found
