"""The disk of the journal in the hands of a play (tests/tools/disk_says.c): it takes commits, holds them or is full."""
import contextlib
import mmap
import os
import struct

import pytest
from lablib import lab as L
from lablib import proc

from . import smsc
from .hands import lab_played

TAKES, HOLDS, IS_FULL = range(3)
TOOL = os.path.join(os.environ.get("MTC_BUILD", os.path.join(L.ROOT, "build")), "tests", "tools", "disk_says.so")


class OwnDisk(L.Lab):
    """A laboratory whose gateway has the tool. The file is where the sandbox lets the core write."""

    def start_iwf(self):
        os.makedirs(self.path("iwf"), 0o700)
        says = self.path("iwf", "disk_says")
        with open(says, "wb") as f:
            f.truncate(mmap.PAGESIZE)
        self.options.under = {**self.options.under, "mtc-iwfd": ["env", f"LD_PRELOAD={TOOL}", f"DISK_SAYS={says}"]}
        super().start_iwf()


class Disk:
    """What it says now; how many commits it has held and refused."""

    def __init__(self, p):
        with open(os.path.join(p.lab["dir"], "iwf", "disk_says"), "r+b") as f:
            self.words = mmap.mmap(f.fileno(), mmap.PAGESIZE)

    def takes(self):
        self.says(TAKES)

    def holds(self):
        """From now on; returns a function that waits until a commit is held."""
        return self.until(HOLDS, "a commit waits for the disk")

    def is_full(self):
        """Likewise, until a commit is refused."""
        return self.until(IS_FULL, "a commit finds the disk full")

    def says(self, what):
        self.words[0:4] = struct.pack("=I", what)

    def count(self, which):
        return struct.unpack_from("=I", self.words, 4 * which)[0]

    def until(self, what, words):
        before = self.count(what)
        self.says(what)
        return lambda: proc.wait_until(words, lambda: self.count(what) > before)


@contextlib.contextmanager
def disk_of(lab):
    """Its disk, p.disk, in a laboratory that is an OwnDisk."""
    if not os.path.exists(TOOL):
        pytest.skip("a build with a sanitizer, which wants to be loaded first")
    with lab as p:
        p.disk = Disk(p)
        try:
            yield p
        finally:
            p.disk.takes()  # else nothing ends


def lab_with_disk(labs, **conf):
    """As lab_played(), with a disk."""
    return disk_of(lab_played(labs, kind=OwnDisk, **conf))


def southbound_with_disk(labs, **conf):
    """As smsc.southbound(), with a disk."""
    return disk_of(smsc.southbound(labs, beside=(OwnDisk,), **conf))
