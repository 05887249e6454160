"""The faults: each a method that does one, drawn from the seed; `done` counts them per kind."""
import collections
import functools
import os
import random
import signal
import threading
import time

from lablib import lab as L
from lablib import proc

from . import kinds, points
from .load import RANGES

# how a process is brought to a point that its ordinary work does not pass: what is killed meanwhile
PROVOKED = {"EDGE_ANNOUNCED": "core", "PARENT_CHILD_SPAWNED": "edge", "PARENT_CHILD_ENDED": "edge", "PARENT_RING_HALF": "edge",
            "CORE_REPLAYED": "core", "CORE_ENTERED_SOME": "core", "CORE_RESUMED": "core", "CORE_RECALL_QUEUED": "t4", "CORE_RECALL_TAKEN": "t4",
            "STORE_IMPORT_BATCH": "import", "STORE_GENERATION_WHOLE": "import", "STORE_SWITCHED": "import"}
PASSES_MAX = 5
HIT_WAIT_S = 120  # a point that is passed at all is passed far sooner on any machine
RECOVERY_S = 6
CORE_ENDS_MAX = 6  # the parent waits longer after each quick end; a new one begins anew
FILLER_CHUNK = 1 << 16


def place(name):
    """Which processes have that point: one is armed in each place at one time."""
    first = name.split("_")[0]
    return "CORE" if first in ("JOURNAL", "RING", "STORE") else first


class Faults:
    POINTS, PROVOKED, MORE = "", PROVOKED, kinds.KINDS
    VICTIMS = ("core", "edge", "mtc-iwfd", "mtc-smssc", "mtc-hss", "mtc-ue", "mtc-scs trigger")

    def __init__(self, world, loads, seed):
        self.world, self.loads = world, loads
        self.random = random.Random(f"{seed}/faults")
        self.done = collections.Counter()
        self.missed = []
        self.gateway_ends = 0
        self.left_out = {k.name: k.why_not(world) for k in self.MORE if k.why_not(world)}
        self.hurt = False  # a core peer was lost: nothing is accepted until it is used again

    # -- kill points

    def rest(self):
        """A gateway whose processes ended often is ended in order and comes back: its pauses between restarts begin anew."""
        self.gateway_ends += 1
        if self.gateway_ends >= CORE_ENDS_MAX and self.world.keeper.signal("mtc-iwfd", signal.SIGTERM):
            self.gateway_ends = 0
            self.done["stopped in order: mtc-iwfd"] += 1

    def provoke(self, name):
        what = self.PROVOKED[name]
        if what == "t4":  # two time-outs and the trigger is taken back; then the SMS-SC answers again
            self.world.proxy.silent(what, True)
            self.pause(1.2, 1.3)
            self.world.proxy.silent(what, False)
            self.done[f"silent peer: {what}"] += 1
        elif what == "cancel":
            self.taken_back()
        elif what == "import":
            self.world.import_rules()
            self.done["imports of rules"] += 1
        elif self.world.kill_gateway(what, self.random.choice):
            self.done[f"killed: {what}"] += 1

    def kill_points(self, until=None):
        """Every point once, one in each place at a time."""
        waiting = collections.defaultdict(list)
        names = points.named(self.POINTS)
        self.random.shuffle(names)
        for name in names:
            waiting[place(name)].append(name)
        armed = {}
        while (waiting or armed) and (until is None or time.monotonic() < until):
            for where in list(waiting):
                if where not in armed and not (where in ("EDGE", "PARENT") and armed.keys() & {"EDGE", "PARENT"}):
                    armed[where] = self.arm(waiting[where].pop())
                    if not waiting[where]:
                        del waiting[where]
            self.look(armed)
            time.sleep(0.02)
        self.world.points.disarm_all()

    def arm(self, name):
        passes = 1 if name in self.PROVOKED else self.random.randint(1, PASSES_MAX)
        self.world.points.arm(name, passes)
        return [name, time.monotonic() + HIT_WAIT_S, 0.0]

    def look(self, armed):
        now = time.monotonic()
        for where, (name, deadline, poked) in list(armed.items()):
            if not self.world.points.armed(name):
                self.done["kill points"] += 1
                del armed[where]
                if where in ("CORE", "EDGE", "PARENT", "SMPP"):
                    self.rest()
            elif now > deadline:
                self.missed.append(name)
                del armed[where]
            elif name in self.PROVOKED and now > poked and (self.world.well() if self.PROVOKED[name] in ("t4", "cancel") else self.world.gateway_pids()["core"]):
                self.provoke(name)
                armed[where][2] = now + 1.5

    # -- processes

    def kill_process(self):
        victims = list(self.VICTIMS) + [f"listen-{s['name']}" for s in self.world.provisioned()]
        what = self.random.choice(victims)
        if what in ("core", "edge"):
            hit = self.world.kill_gateway(what, self.random.choice)
            self.rest()
        elif what == "mtc-scs trigger":
            hit = self.random.choice(self.loads).kill()
        else:
            hit = self.world.keeper.signal(what, signal.SIGKILL)
        self.hurt = what in ("mtc-smssc", "mtc-hss")
        if hit:
            self.done["killed: " + ("mtc-scs listen" if what.startswith("listen") else "parent" if what == "mtc-iwfd" else what)] += 1

    # -- connections

    def cut(self):
        leg = self.random.choice(("tsp", "tsp", "s6m", "t4"))
        self.world.proxy.cut(leg, self.random.choice(("boundary", "inside")))
        self.hurt = leg != "tsp"

    def slow(self):
        leg, seconds = self.random.choice(("tsp", "s6m", "t4")), self.random.choice((0.02, 0.1, 0.4))
        self.world.proxy.slow(leg, seconds)
        self.done[f"slow peer: {leg}"] += 1
        self.pause(1.0, 2.0)
        self.world.proxy.slow(leg, 0.0)

    def silent(self):
        leg = self.random.choice(("tsp", "s6m", "t4"))
        self.world.proxy.silent(leg, True)
        self.done[f"silent peer: {leg}"] += 1
        self.pause(0.5, 2.5)
        self.world.proxy.silent(leg, False)
        self.hurt = leg != "tsp"

    # -- devices

    def absent(self):
        first = self.random.randint(1, 50)
        words = f"{L.imsi(first)}-{L.imsi(first + 9)}"
        if self.world.ue("absent", words):
            self.done["devices absent for a while"] += 1
        self.pause(0.5, 3.0)
        self.world.ue("present", words)

    # -- operators

    def right_ends(self):
        """All devices of an SCS, or one of them: what is under way is refused or taken back, and reported."""
        name = self.random.choice([s["name"] for s in self.world.provisioned()])
        pattern, first, last = RANGES[name]
        device = pattern.format(self.random.randint(first, last)) if self.random.random() < 0.5 else pattern.replace("meter-{}", "*")
        if self.world.deny(name, device):
            self.done["rights ended for a while"] += 1
        self.pause(0.3, 1.5)
        self.world.allow_again()

    def taken_back(self):
        self.done["triggers taken back by an operator"] += self.world.take_back(self.random.sample, 5)

    # -- disks

    def full_disk(self):
        """Every free octet is taken; devices are away and large triggers come, so that the store has to grow."""
        if not self.world.mounted:
            return
        name = self.random.choice(self.world.mounted)
        path = self.world.path(name, "filler")
        self.world.ue("absent", f"{L.imsi(1)}-{L.imsi(60)}")
        for load in self.loads:
            load.burst.set()
        try:
            with open(path, "wb", buffering=0) as f:
                try:
                    while True:
                        f.write(b"\1" * FILLER_CHUNK)
                except OSError:
                    pass
            self.done[f"full disk: {name}"] += 1
            self.pause(2.0, 3.0)
        finally:
            if os.path.exists(path):
                os.unlink(path)
            for load in self.loads:
                load.burst.clear()
            self.world.ue("present", f"{L.imsi(1)}-{L.imsi(60)}")

    # -- all of it

    def pause(self, low, high):
        time.sleep(self.random.uniform(low, high))

    KINDS = ((kill_process, 5), (cut, 6), (slow, 1), (silent, 1), (absent, 2), (full_disk, 1), (right_ends, 2), (taken_back, 2))

    def one(self, kind):
        if kind.do(self):
            self.done[kind.name] += 1

    def at_random(self, until):
        """One after the other until then; each kind at least once when there is time for it."""
        rows = [(fn.__get__(self), weight) for fn, weight in self.KINDS]
        rows += [(functools.partial(self.one, k), k.weight) for k in self.MORE if k.name not in self.left_out]
        first = [fn for fn, _ in rows]
        self.random.shuffle(first)
        weighted = [fn for fn, weight in rows for _ in range(weight)]
        while time.monotonic() < until:
            fn = first.pop() if first else self.random.choice(weighted)
            fn()
            self.pause(0.05, 0.4)
            if self.hurt and self.random.random() < 0.7:  # now and then the next fault finds it ill
                self.world.wait_well(RECOVERY_S)
                self.pause(0.0, 0.5)
            self.hurt = False


def calm(world, loads):
    """No more faults: everything runs and every device is there."""
    world.points.disarm_all()
    world.proxy.well()
    world.wall.off("+0")
    proc.wait_until("no right is missing", world.allow_again)
    for load in loads:
        load.stop()
    threads = [threading.Thread(target=load.join, args=(30,)) for load in loads]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    world.ue("present", f"{L.imsi(1)}-{L.imsi(61)}")
