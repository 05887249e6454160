"""Faults that need more than the laboratory of every day: each a class with `name`, `weight`, why_not(world) ("" when it can be done here)
and do(faults)."""
import os
import re
import signal
import subprocess

from lablib import ports, proc
from support import wall

PROGRAM = "mtc-iwfd"


class ClockStep:
    """The wall clock of gateway and SMS-SC is off for a while."""
    name, weight = "clock steps", 2
    OFF = ("-1h", "+1h", "+8d", "-8d", "+30s")

    @staticmethod
    def why_not(world):
        return wall.why_not(world.program(PROGRAM))

    @classmethod
    def do(cls, faults):
        faults.world.wall.off(faults.random.choice(cls.OFF))
        faults.pause(0.5, 6.0)
        faults.world.wall.off("+0")
        return True


class StoppedLogReader:
    """Whoever reads the gateway's standard error stands still for a while: the pipe is full."""
    name, weight = "stopped log readers", 2

    @staticmethod
    def why_not(world):
        del world
        return ""

    @staticmethod
    def do(faults):
        reader = faults.world.keeper.kept[PROGRAM].reader
        if reader is None or reader.poll() is not None:
            return False
        reader.send_signal(signal.SIGSTOP)
        try:
            faults.pause(0.5, 4.0)
        finally:
            reader.send_signal(signal.SIGCONT)
        return True


class GroupSignal:
    """A service manager, or a terminal, tells every process of the gateway to end."""
    name, weight = "group signals", 1

    @staticmethod
    def why_not(world):
        del world
        return ""

    @staticmethod
    def do(faults):
        hit = faults.world.keeper.signal(PROGRAM, faults.random.choice((signal.SIGTERM, signal.SIGINT)), group=True)
        if hit:
            faults.gateway_ends = 0
        return hit


class KilledReader:
    """A backup of a store dies in the middle: its place in the table of readers stays."""
    name, weight = "killed readers", 1
    STORES = ("iwf/associations", "smssc")

    @staticmethod
    def why_not(world):
        with open(world.program(PROGRAM), "rb") as f:
            if b"mdb_reader_check" not in f.read():
                return PROGRAM + " does not clear the places of dead readers"
        return ""

    @classmethod
    def do(cls, faults):
        folder = faults.world.path(*faults.random.choice(cls.STORES).split("/"))
        read, write = os.pipe()  # nobody reads: the copy stands in the middle, its snapshot held
        try:
            copy = subprocess.Popen(["mdb_copy", folder], stdin=subprocess.DEVNULL, stdout=write, stderr=subprocess.DEVNULL)
        finally:
            os.close(write)
        faults.pause(0.2, 1.0)
        stood = copy.poll() is None
        copy.kill()
        copy.wait()
        os.close(read)
        return stood


class Reload:
    """Another configuration: other limits, a listener more or less, or what brings a new core; asked for by an operator or by a signal."""
    name, weight = "reloads", 3
    JOURNAL, LIMITS = "journal: { report_grace: 4s }", "limits: { enter_first: 0"  # of the laboratory

    @staticmethod
    def why_not(world):
        del world
        return ""

    @classmethod
    def do(cls, faults):
        path = faults.world.path("mtc-iwfd.yaml")
        if not hasattr(faults, "first_config"):
            with open(path, encoding="utf-8") as f:
                faults.first_config = f.read()
        text, draw = faults.first_config, faults.random
        if draw.random() < 0.5:
            port = ports.again(faults.world.options.address, 20000 + draw.randint(0, 9))  # 0: it is taken
            block = re.search(r"  - name: tsp\n(?:    .*\n)*", text).group(0)
            text = text.replace("peers:\n", re.sub(r"port: \d+", f"port: {port}", block.replace("name: tsp", "name: more")) + "peers:\n", 1)
        if draw.random() < 0.3:
            text = text.replace(cls.JOURNAL, f"journal: {{ report_grace: 4s, lazy: {draw.randint(1, 300)}ms }}", 1)
        assert cls.JOURNAL in faults.first_config and cls.LIMITS in faults.first_config
        more = f"{cls.LIMITS}, pending_total: {draw.randint(20000, 65536)}, payload: {draw.randint(1000, 1024)}"
        proc.write(path, text.replace(cls.LIMITS, more, 1))
        if draw.random() < 0.5:
            return faults.world.keeper.signal(PROGRAM, signal.SIGHUP)
        return faults.world.mtcctl("reload").returncode in (0, 1, 4)  # 1: a port is taken; 4: the gateway is away


KINDS = (ClockStep, StoppedLogReader, GroupSignal, KilledReader, Reload)
