"""Processes of the laboratory: started in the background with their output in files, recognised again by pid and start time,
stopped by pid. Nothing is ever stopped that was not started here."""
import ctypes
import json
import os
import re
import signal
import stat
import subprocess
import time

# The bound of each wait for what has to come, and of each program that is run: it only ends a hang. What comes is never waited for longer than it
# takes, so the bound is far above what the slowest machine needs. What has to come within a time is measured by its test.
HANG_S = 240
END_WAIT_S = 60.0  # time a program has to end by itself
HELD = 'read -r go && exec "$@" </dev/null'  # for sh: waits for a word; ends where none comes before the end of the input
READY_TEXT = re.compile(r"\bready\b.*?(\[[0-9a-fA-F:]+\]|\d+\.\d+\.\d+\.\d+):(\d+)")


class LabError(Exception):
    """Something did not come up; the text says what and where to look."""


LOAD = "/proc/loadavg"
LEAST_SHARE = 0.1  # so that a wait ends on the busiest machine, too


def share():
    """The part of a processor that a process gets now: less than 1 while more of them want to run than there are processors."""
    with open(LOAD, encoding="ascii") as f:
        running = int(f.read().split()[3].partition("/")[0])
    return max(LEAST_SHARE, min(1.0, len(os.sched_getaffinity(0)) / max(running, 1)))


class Patience:
    """The time to wait for something that is expected to come. It counts seconds of a machine that has nothing else to do: on a busy one all that
    is waited for takes longer, and so does the wait. What has to come within a time is measured by its test."""

    def __init__(self, wait_s):
        self.left_s, self.at = wait_s, time.monotonic()

    def is_over(self):
        now = time.monotonic()
        self.left_s -= (now - self.at) * share()
        self.at = now
        return self.left_s < 0


def open_regular(path, flags, mode="r"):
    """Opens a regular file, text in UTF-8 or, of mode "wb", bytes. What else may lie there, such as a FIFO, makes nobody wait: LabError."""
    fd = os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC, 0o666)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise LabError(f"{path} is no regular file; remove it and try again")
    return open(fd, mode, encoding=None if "b" in mode else "utf-8")


def read_json(path):
    """What a file of the laboratory says. FileNotFoundError when it is not there, ValueError when it is no JSON."""
    with open_regular(path, os.O_RDONLY) as f:
        try:
            return json.load(f)
        except RecursionError:
            raise ValueError("nested too deep") from None


def write(path, text):
    """Writes a whole file or, if we are killed meanwhile, leaves the one before."""
    with open_regular(path + ".new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, "w") as f:
        f.write(text)
    os.replace(path + ".new", path)
    return path


def remove(path):
    """Removes a file, if it is still there."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass


def start_time(pid):
    """The kernel's start time of a process, None when it is gone (or only a zombie is left)."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
            fields = f.read().rsplit(")", 1)[1].split()
    except (OSError, IndexError):
        return None
    return None if fields[0] in "ZX" else fields[19]


def start(name, command, log_folder, env=None, record=None):
    """Starts `command` in a session of its own. Returns the entry that is kept in processes.json. record(entry) writes it there: until that
    is done the command waits, and if this process ends before, the command never starts. So none runs that no record names."""
    os.makedirs(log_folder, exist_ok=True)
    out, log = os.path.join(log_folder, name + ".out"), os.path.join(log_folder, name + ".log")
    held, go = os.pipe() if record else (subprocess.DEVNULL, None)
    try:
        fresh = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        with open_regular(out, fresh, "wb") as o, open_regular(log, fresh, "wb") as e:
            child = subprocess.Popen(["/bin/sh", "-c", HELD, "sh", *command] if record else command, stdin=held, stdout=o, stderr=e,
                                     start_new_session=True, env=dict(os.environ, **(env or {})))
        entry = {"name": name, "pid": child.pid, "started": start_time(child.pid), "out": out, "log": log, "command": command}
        if record:
            record(entry)
            os.write(go, b"go\n")  # a pipe that was just made has room, and we hold the other end too: it never waits nor fails
        return entry
    finally:
        if record:
            os.close(go)
            os.close(held)


def alive(entry):
    try:  # a child of ours that ended stays a zombie until it is waited for
        os.waitpid(entry["pid"], os.WNOHANG)
    except ChildProcessError:
        pass
    return entry["started"] is not None and start_time(entry["pid"]) == entry["started"]


def descriptors(pid):
    """{descriptor: what it leads to} of a process; without one that the process closes meanwhile."""
    found = {}
    for n in os.listdir(f"/proc/{pid}/fd"):
        try:
            found[int(n)] = os.readlink(f"/proc/{pid}/fd/{n}")
        except FileNotFoundError:
            pass
    return found


def end(entries, wait_s=END_WAIT_S):
    """SIGTERM to each that is still the process we started, SIGKILL to those that do not end in time. Returns the killed."""
    for entry in entries:
        if alive(entry):
            os.kill(entry["pid"], signal.SIGTERM)
    patience = Patience(wait_s)
    while any(alive(e) for e in entries) and not patience.is_over():
        time.sleep(0.02)
    stubborn = [e for e in entries if alive(e)]
    for entry in stubborn:
        os.kill(entry["pid"], signal.SIGKILL)
    patience = Patience(2)
    while any(alive(e) for e in stubborn) and not patience.is_over():
        time.sleep(0.02)
    return [e["name"] for e in stubborn]


def end_recorded(record, wait_s=END_WAIT_S):
    """Ends the processes of a processes.json, each within wait_s, the last started first and each before the next: an element takes its
    leave of those it needs. Removes the record. Returns the names of those that had to be killed."""
    killed = [name for entry in reversed(recorded(record)) for name in end([entry], wait_s)]
    remove(record)  # unless another 'down' has done that meanwhile
    return killed


def is_entry(entry):
    """Whether it is what start() returns, as far as that is needed to end the process."""
    return (isinstance(entry, dict) and isinstance(entry.get("name"), str) and type(entry.get("pid")) is int and 1 < entry["pid"] < 1 << 22
            and (entry.get("started") is None or isinstance(entry["started"], str)))


def recorded(record):
    """The entries of a processes.json; none if there is no such file. LabError when it is damaged."""
    try:
        entries = read_json(record)
    except FileNotFoundError:
        return []
    except ValueError:
        entries = None
    if not isinstance(entries, list) or not all(map(is_entry, entries)):
        raise LabError(f"{record} is damaged, so what runs there is not known; end what runs there (ps -ef shows it), then remove the file")
    return entries


def using(folder, programs):
    """[(name, pid)] of the processes of these programs, whoever started them, that were given a file of the folder on their command line."""
    found, below = [], os.fsencode(folder) + b"/"
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                words = f.read().split(b"\0")
        except OSError:
            continue  # it has ended
        names = {os.path.basename(word).decode(errors="replace") for word in words} & set(programs)
        if names and any(word.startswith(below) for word in words) and start_time(int(pid)):
            found.append((names.pop(), int(pid)))
    return found


def last_words(entry, lines=8):
    text = ""
    for path in (entry["log"], entry["out"]):
        try:
            with open(path, errors="replace", encoding="utf-8") as f:
                text += "".join("    " + line for line in f.readlines()[-lines:])
        except OSError:
            pass
    return text


def _ready_in(path):
    try:
        with open(path, errors="replace", encoding="utf-8") as f:
            lines = f.readlines()
    except OSError:
        return None
    for line in lines:
        if line.startswith("{"):
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if event.get("event") == "ready":
                return event.get("address"), event.get("port")
        found = READY_TEXT.search(line)
        if found:
            return found.group(1), int(found.group(2))
    return None


def wait_until(what, check, wait_s=HANG_S, entries=()):
    """Polls check() until it returns something true; LabError with the last words of an entry that died meanwhile. wait_s: see Patience. What takes long is
    looked at less often: a check is mostly a program of its own, and what is waited for wants the processor too."""
    patience, begun = Patience(wait_s), time.monotonic()
    while True:
        got = check()
        if got:
            return got
        for entry in entries:
            if not alive(entry):
                raise LabError(f"{entry['name']} ended while waiting for: {what}\n{last_words(entry)}")
        if patience.is_over():
            tail = "".join(f"  {e['name']}:\n{last_words(e)}" for e in entries)
            raise LabError(f"not within {wait_s:.0f} s: {what}\n{tail}")
        time.sleep(min(0.15, 0.03 + 0.03 * (time.monotonic() - begun)))


def wait_ready(entry, wait_s=HANG_S):
    """(address, port) of the ready line of a program that was just started."""
    return wait_until(f"{entry['name']} is ready", lambda: _ready_in(entry["out"]) or _ready_in(entry["log"]), wait_s, [entry])


def cpu_s(pid):
    """Seconds of processor time that a process has used, all its threads, to the nanosecond; LabError when it is gone."""
    clock = ctypes.c_int()
    if ctypes.CDLL(None).clock_getcpuclockid(pid, ctypes.byref(clock)):
        raise LabError(f"process {pid} ended while it was measured")
    return time.clock_gettime(clock.value)
