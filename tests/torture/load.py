"""What the SCSs do: runs of mtc-scs one after the other, each SCS on a thread of its own, with everything drawn from its seed."""
import os
import random
import subprocess
import threading

from lablib import lab as L

# SCS: devices it may trigger, of L.DOMAINS
RANGES = {"acme": ("meter-{}@a.example", 1, 30), "beta": ("meter-{}@b.example", 31, 60), "gamma": ("meter-{}@a.example", 1, 30)}
FOREIGN = {"acme": "meter-40@b.example", "beta": "meter-4@a.example", "gamma": "meter-50@b.example"}
RUN_MAX_S = 60


class Load(threading.Thread):
    """One SCS. Between stop() and the end of its last run it asks nothing new."""
    VALIDITIES, CHANGES_VALIDITY = (0, 3, 3, 6), 6

    def __init__(self, world, scs, seed, first_reference):
        super().__init__(name=f"load-{scs['name']}", daemon=True)
        self.world, self.scs, self.reference = world, scs, first_reference
        self.random = random.Random(f"{seed}/{scs['name']}")
        self.over = threading.Event()
        self.child, self.runs, self.rate = None, 0, 30
        self.burst = threading.Event()  # many large ones: the disk is being filled

    def take(self, count):
        first = self.reference
        self.reference += count
        return first

    def play(self, action, **options):
        """One run of mtc-scs to its end; its lines are the record."""
        folder = self.world.path("asks")
        os.makedirs(folder, exist_ok=True)
        self.runs += 1
        stem = os.path.join(folder, f"{self.scs['name']}-{self.runs:05d}-{action}")
        command = self.world.scs_command(action, self.scs, verbose=True, answer_wait=2, connect_wait=5, resend=6, **options)
        with open(stem + ".jsonl", "wb") as out, open(self.world.path("log", f"load-{self.scs['name']}.log"), "ab") as log:
            self.child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=log)
            try:
                self.child.wait(RUN_MAX_S)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()

    def kill(self):
        child = self.child
        if child is None or child.poll() is not None:
            return False
        child.kill()
        return True

    def some(self, count):
        pattern, first, last = RANGES[self.scs["name"]]
        at = self.random.randint(first, max(first, last - count))
        return {"device": pattern, "devices": f"{at}-{min(last, at + count - 1)}", "count": count, "window": self.random.choice((1, 4, 8))}

    def triggers(self):
        count = self.random.randint(10, 25)
        self.play("trigger", reference=self.take(count), rate=self.rate, payload="wake up ", stamp=True,
                  validity=self.random.choice(self.VALIDITIES), priority=self.random.random() < 0.2, port=16001, **self.some(count))

    def large(self):
        count = 100
        self.play("trigger", reference=self.take(count), payload="x" * 900, stamp=True, validity=3, rate=60,
                  **dict(self.some(30), count=count, window=64))

    def foreign(self):
        self.play("trigger", reference=self.take(3), payload="not yours ", stamp=True, validity=3, device=FOREIGN[self.scs["name"]], count=3)

    def changes(self):
        """Triggers for devices that are away; half are taken back, half get another in their place; then the devices return."""
        count = 6
        devices = self.some(count)
        first, last = (int(n) for n in devices["devices"].split("-"))
        self.world.ue("absent", f"{L.imsi(first)}-{L.imsi(last)}")
        old, validity = self.take(count), self.CHANGES_VALIDITY
        self.play("trigger", reference=old, payload="first ", stamp=True, validity=validity, **devices)
        half = count // 2
        ends = {"device": devices["device"], "window": 4, "count": half}
        self.play("recall", reference=old, devices=f"{first}-{first + half - 1}", **ends)
        self.play("replace", reference=self.take(half), old_reference=old + half, devices=f"{first + half}-{last}", payload="second ",
                  stamp=True, validity=validity, **ends)
        self.world.ue("present", f"{L.imsi(first)}-{L.imsi(last)}")

    def run(self):
        while not self.over.is_set():
            if self.burst.is_set():
                self.large()
                continue
            what = self.random.random()
            if what < 0.1:
                self.foreign()
            elif what < 0.3:
                self.changes()
            else:
                self.triggers()

    def stop(self):
        self.over.set()
