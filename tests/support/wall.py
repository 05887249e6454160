"""The wall clock of single processes, set while they run: libfaketime in front of them reads how far it is off from a file. Monotonic
clocks and CLOCK_BOOTTIME stay true. Not under a sanitizer, which wants to be loaded first."""
import glob
import os

LIBRARY = next(iter(sorted(glob.glob("/usr/lib/*/faketime/libfaketime.so.1"))), None)


def why_not(program):
    """"" when the clock of this program can be set, else the reason why not."""
    if not LIBRARY:
        return "libfaketime is not there"
    with open(program, "rb") as f:
        return "the sanitizer wants to be loaded first" if b"__asan_init" in f.read() else ""


class Wall:
    """`words` stand before the command line of a program."""

    def __init__(self, folder):
        self.file = os.path.join(folder, "wall")
        self.words = ["env", f"LD_PRELOAD={LIBRARY}", f"FAKETIME_TIMESTAMP_FILE={self.file}", "FAKETIME_NO_CACHE=1",
                      "FAKETIME_DONT_FAKE_MONOTONIC=1"]
        self.off("+0")

    def off(self, by):
        """By how much the wall clock is off from now on, such as "-1h" or "+8d"; "+0" puts it right."""
        beside = self.file + ".new"
        with open(beside, "w", encoding="ascii") as f:
            f.write(by + "\n")
        os.rename(beside, self.file)
