"""Processes that are started again whenever they end, except in order. Their lines go on in the same files over all restarts."""
import collections
import fcntl
import os
import signal
import subprocess
import threading
import time

from lablib import proc

LOOK_S = 0.02


class Kept:
    """One process. `command` may be a list or a function that makes it anew for each start."""

    def __init__(self, name, command, folder, env, reader=False):
        self.name, self.command, self.env, self.wants_reader = name, command, env, reader
        self.reader = None  # the process between its standard error and its log
        self.out, self.log = os.path.join(folder, name + ".out"), os.path.join(folder, name + ".log")
        self.child, self.pid, self.starts, self.wanted, self.not_before = None, None, 0, True, 0.0
        self.on_start = None  # called after each start but the first

    def start(self):
        command = self.command() if callable(self.command) else self.command
        with open(self.out, "ab") as out, self._errors() as errors:
            self.child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=errors, start_new_session=True,
                                          env=dict(os.environ, **self.env))
        self.pid = self.child.pid
        self.starts += 1

    def _errors(self):
        """Its log; or a small pipe to one who reads it, over all restarts of the process the same."""
        if not self.wants_reader:
            return open(self.log, "ab")
        if self.reader is None:
            read, self.pipe = os.pipe()
            fcntl.fcntl(self.pipe, fcntl.F_SETPIPE_SZ, 4096)
            with open(self.log, "ab") as log:
                self.reader = subprocess.Popen(["cat"], stdin=read, stdout=log, start_new_session=True)
            os.close(read)
        return os.fdopen(os.dup(self.pipe), "wb")

    def end_reader(self):
        if self.reader is not None:
            os.close(self.pipe)
            self.reader.send_signal(signal.SIGCONT)
            self.reader.wait(proc.HANG_S)

    def alive(self):
        return self.child is not None and self.child.poll() is None


class Keeper:
    """Looks after all of them, on a thread of its own. What ends by itself comes back; `ends` counts how."""

    def __init__(self, folder, env):
        self.folder, self.env = folder, env
        self.kept = {}
        self.ends = collections.Counter()
        self.lock = threading.RLock()
        self.over = False
        os.makedirs(folder, exist_ok=True)
        self.thread = threading.Thread(target=self._look, name="keeper", daemon=True)
        self.thread.start()

    def add(self, name, command, on_start=None, reader=False):
        with self.lock:
            k = self.kept[name] = Kept(name, command, self.folder, self.env, reader)
            k.on_start = on_start
            k.start()
            return k

    def _look(self):
        while not self.over:
            with self.lock:
                for k in self.kept.values():
                    if k.wanted and not k.alive():
                        self._again(k)
            time.sleep(LOOK_S)

    def _again(self, k):
        now = time.monotonic()
        if k.child is not None:
            code = k.child.returncode
            self.ends[f"{k.name}: {'signal ' + signal.Signals(-code).name if code < 0 else 'exit ' + str(code)}"] += 1
            k.child = None
            k.not_before = now + (0.05 if code == -signal.SIGKILL else 0.3)
        if now >= k.not_before:
            k.start()
            if k.on_start:
                k.on_start()

    def signal(self, name, signum, group=False):
        """To the process, or to its whole group. False: it is not there at the moment."""
        with self.lock:
            k = self.kept[name]
            if not k.alive():
                return False
            (os.killpg if group else os.kill)(k.pid, signum)
            return True

    def end(self, order):
        """SIGTERM to each in that order, SIGKILL to what does not end in time. Returns the names of the killed."""
        with self.lock:
            self.over = True
            for k in self.kept.values():
                k.wanted = False
        self.thread.join(2)
        killed = []
        for name in [n for n in order if n in self.kept] + [n for n in self.kept if n not in order]:
            k = self.kept[name]
            if not k.alive():
                continue
            k.child.terminate()
            try:
                k.child.wait(proc.END_WAIT_S)
            except subprocess.TimeoutExpired:
                k.child.kill()
                k.child.wait(proc.HANG_S)
                killed.append(name)
        for k in self.kept.values():
            k.end_reader()
        return killed
