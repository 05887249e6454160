"""Connections of strangers in number, and sessions that are only held: bench/bench_flood.c."""
import json
import os
import subprocess
import time

from lablib import proc

from . import diameter as D
from .diameter import message


class Flood:
    """`bench_flood` with these options against the Tsp port of a laboratory. As a context manager it ends with the block."""

    def __init__(self, play, kinds, sessions=(), sources=0, **options):
        tsp = play.lab["iwf"]["tsp"]
        command = [os.path.join(os.environ.get("MTC_BIN", play.program("")), "bench_flood"), "--address", tsp["address"], "--port", str(tsp["port"]),
                   "--kinds", kinds, "--sources", str(sources)]
        for name in sessions:
            command += ["--as", self.identity(play, name)]
        for name, value in options.items():
            command += [f"--{name}"] + ([] if value is True else [str(value)])
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.began = time.monotonic()

    @staticmethod
    def identity(play, name):
        """Certificate, key and CER of an SCS of the laboratory."""
        scs = play.scs[name]
        peer = D.Peer.__new__(D.Peer)
        peer.host, peer.realm, peer.app = scs["origin_host"], scs["realm"], D.TSP
        return ",".join([scs["cert"], scs["key"], message(D.CER, 0, D.REQUEST, peer.capabilities()).hex()])

    def runs(self, most_s=proc.HANG_S):
        """True as long as it runs, for loops beside it."""
        if self.process.poll() is not None:
            return False
        assert time.monotonic() - self.began < most_s, "the flood does not end"
        return True

    def begun(self):
        """What it says when all that shall be open is, or has been."""
        line = self.process.stdout.readline()
        assert line, f"bench_flood ended with {self.process.wait(proc.HANG_S)}"
        return json.loads(line)

    def end(self, wait_s=proc.HANG_S):
        """Ends it; the last line that it says."""
        out, _ = self.process.communicate(timeout=wait_s)
        assert self.process.returncode == 0
        return json.loads(out.splitlines()[-1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(proc.HANG_S)
        self.process.stdout.close()
