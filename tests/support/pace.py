"""Promises of time on any machine: what a promise may take is said for a machine of our own that has nothing else to do. A Watch takes off what a
slower or busier one takes besides, so that a test fails when the program is late, and not when the machine is."""
import functools
import threading
import time
import weakref

from lablib import proc

STEP_S = 0.01
TURNS, TURNS_S = 200_000, 0.008  # of the loop below, and what they take on a slow machine of the kind that our figures are from
MOST = 20.0  # so that a promise is still one


@functools.cache
def slowness():
    """How many times as slow as that one a processor is here, at least 1."""
    began = time.thread_time()
    for _ in range(TURNS):
        pass
    return min(MOST, max(1.0, (time.thread_time() - began) / TURNS_S))


def look(watch):
    """Adds to a Watch what each step loses. `watch` is a weak reference."""
    while True:
        began = time.monotonic()
        time.sleep(STEP_S)
        step_s = time.monotonic() - began
        here = watch()
        if not here or not here.running:
            return
        here.lost_s += max(0.0, step_s - STEP_S, step_s * (1 - proc.share()))
        del here


class Watch:
    """Begins at once. Meanwhile a thread looks what everybody loses here: how much later than it asked for it gets a processor, and what others take who
    want the processors, too (proc.share). It looks until took(), or until nobody has the Watch any more."""

    def __init__(self):
        self.factor, self.lost_s, self.running = slowness(), 0.0, True
        self.began, self.wall = time.monotonic(), time.time()
        threading.Thread(target=look, args=(weakref.ref(self),), daemon=True).start()

    def took(self, until=None):
        """Ends it. Seconds from its begin to now, or to a time of time.monotonic(), as our own machine had taken them."""
        self.running = False
        return self.of((until or time.monotonic()) - self.began)

    def of(self, seconds):
        """The same of a time that somebody else has measured meanwhile."""
        return max(0.0, seconds - self.lost_s) / self.factor
