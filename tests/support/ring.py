"""The ring of an edge to the core, in the hands of whoever took the edge over: it writes records of its own (src/ipc/ipc_ring.h, ipc_rec.h)."""
import ctypes
import fcntl
import mmap
import os
import signal
import struct

from lablib import proc

libc = ctypes.CDLL(None, use_errno=True)
PIDFD_GETFD = 438
DATA_AT = 4096
SESSION_OPEN, NOTIFICATION_ANSWER = 1, 8
EXTERNAL, INTERNAL = 1, 2
NONE, TLS, IPSEC = 1, 2, 3
KIND_TLS, KIND_IPSEC, KIND_INTERNAL = 1, 2, 3
TCP = 1
TLS_13 = {NONE: (0, 0), TLS: (2, 1), IPSEC: (0, 0)}  # version and suite by base/agreement.h


def fd_of(pid, number):
    """A copy of a descriptor of another process."""
    pidfd = os.pidfd_open(pid)
    fd = libc.syscall(PIDFD_GETFD, pidfd, number, 0)
    os.close(pidfd)
    assert fd >= 0, os.strerror(ctypes.get_errno())
    return fd


def fds_named(pid, word):
    """The descriptors of a process that are of this kind."""
    return [fd for fd, target in proc.descriptors(pid).items() if word in target]


def text(words):
    return struct.pack("<H", len(words)) + words.encode()


def texts(*all_of_them):
    return bytes([len(all_of_them)]) + b"".join(text(t) for t in all_of_them)


def session_open(host, realm, names=(), anchors=(), kind=KIND_TLS, listener=0, zone=EXTERNAL, protection=TLS, address="192.0.2.1:1",
                 ike=""):
    """The body of what an edge announces of a new connection."""
    unchecked = bytes([len(anchors)]) + b"".join(text(name) + b"\0" for name in anchors)  # trust anchors without CRLs
    identity = struct.pack("<BQ", kind, 0) + texts(*names) + texts() + unchecked + text(ike)
    return identity + text(host) + text(realm) + text(address) + bytes([listener, zone, protection, TCP, *TLS_13[protection], 0])


class Hijacked:
    """An edge that was stopped; its ring is written to in its place. The core ends it, or end() does."""

    def __init__(self, pid):
        self.pid = pid
        writable = [n for n in fds_named(pid, "mtc-iwf-ring") if self.access(n) == os.O_RDWR]
        assert len(writable) == 1, "an edge writes one direction of its ring"
        fd = fd_of(pid, writable[0])
        self.memory = mmap.mmap(fd, os.fstat(fd).st_size)
        os.close(fd)
        proc.wait_until("the edge has sent its first counters", lambda: struct.unpack_from("<Q", self.memory, 0)[0] > 0)
        os.kill(pid, signal.SIGSTOP)
        self.bells = [fd_of(pid, n) for n in fds_named(pid, "[eventfd]")]  # one of them wakes the core, the others nobody
        self.size = len(self.memory) - DATA_AT
        # the first record of an edge begins its ring, and is not written over in a play
        self.generation = struct.unpack_from("<I", self.memory, DATA_AT + 4)[0]

    def access(self, number):
        with open(f"/proc/{self.pid}/fdinfo/{number}", encoding="ascii") as f:
            return int(next(line.split()[1] for line in f if line.startswith("flags:")), 8) & os.O_ACCMODE

    def send(self, kind, number, body):
        """One record, as the edge would send it."""
        record = struct.pack("<HHIQ", kind, 16 + len(body), self.generation, number) + body
        head = struct.unpack_from("<Q", self.memory, 0)[0]
        for i, octet in enumerate(record + b"\0" * (-len(record) % 8)):
            self.memory[DATA_AT + (head + i) % self.size] = octet
        struct.pack_into("<Q", self.memory, 0, head + (len(record) + 7) // 8 * 8)
        for bell in self.bells:
            fcntl.fcntl(bell, fcntl.F_SETFL, fcntl.fcntl(bell, fcntl.F_GETFL) | os.O_NONBLOCK)
            os.write(bell, struct.pack("=Q", 1))

    def end(self):
        self.memory.close()
        for bell in self.bells:
            os.close(bell)


__all__ = ["Hijacked", "fd_of", "session_open"]
