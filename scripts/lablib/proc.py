"""Processes of the laboratory: started in the background with their output in files, recognised again by pid and start time,
stopped by pid. Nothing is ever stopped that was not started here."""
import ctypes
import json
import os
import re
import signal
import subprocess
import time

END_WAIT_S = 8.0  # time a program has to end by itself
READY_TEXT = re.compile(r"\bready\b.*?(\[[0-9a-fA-F:]+\]|\d+\.\d+\.\d+\.\d+):(\d+)")


class LabError(Exception):
    """Something did not come up; the text says what and where to look."""


def write(path, text):
    """Writes a whole file or, if we are killed meanwhile, leaves the one before."""
    with open(path + ".new", "w", encoding="utf-8") as f:
        f.write(text)
    os.replace(path + ".new", path)
    return path


def start_time(pid):
    """The kernel's start time of a process, None when it is gone (or only a zombie is left)."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
            fields = f.read().rsplit(")", 1)[1].split()
    except (OSError, IndexError):
        return None
    return None if fields[0] in "ZX" else fields[19]


def start(name, command, log_folder, env=None):
    """Starts `command` in a session of its own. Returns the entry that is kept in processes.json."""
    os.makedirs(log_folder, exist_ok=True)
    out, log = os.path.join(log_folder, name + ".out"), os.path.join(log_folder, name + ".log")
    with open(out, "wb") as o, open(log, "wb") as e:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=o, stderr=e, start_new_session=True,
                                 env=dict(os.environ, **(env or {})))
    return {"name": name, "pid": child.pid, "started": start_time(child.pid), "out": out, "log": log, "command": command}


def alive(entry):
    try:  # a child of ours that ended stays a zombie until it is waited for
        os.waitpid(entry["pid"], os.WNOHANG)
    except ChildProcessError:
        pass
    return entry["started"] is not None and start_time(entry["pid"]) == entry["started"]


def end(entries, wait_s=END_WAIT_S):
    """SIGTERM to each that is still the process we started, SIGKILL to those that do not end in time. Returns the killed."""
    for entry in entries:
        if alive(entry):
            os.kill(entry["pid"], signal.SIGTERM)
    deadline = time.monotonic() + wait_s
    while any(alive(e) for e in entries) and time.monotonic() < deadline:
        time.sleep(0.02)
    stubborn = [e for e in entries if alive(e)]
    for entry in stubborn:
        os.kill(entry["pid"], signal.SIGKILL)
    while any(alive(e) for e in stubborn) and time.monotonic() < deadline + 2:
        time.sleep(0.02)
    return [e["name"] for e in stubborn]


def end_recorded(record, wait_s=END_WAIT_S):
    """Ends the processes of a processes.json, each within wait_s, the last started first and each before the next: an element takes its
    leave of those it needs. Removes the record. Returns the names of those that had to be killed."""
    killed = [name for entry in reversed(recorded(record)) for name in end([entry], wait_s)]
    os.unlink(record)
    return killed


def recorded(record):
    """The entries of a processes.json; none if there is no such file."""
    try:
        with open(record, encoding="utf-8") as f:
            return json.load(f)
    except FileNotFoundError:
        return []


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


def wait_until(what, check, wait_s, entries=()):
    """Polls check() until it returns something true; LabError with the last words of an entry that died meanwhile."""
    deadline = time.monotonic() + wait_s
    while True:
        got = check()
        if got:
            return got
        for entry in entries:
            if not alive(entry):
                raise LabError(f"{entry['name']} ended while waiting for: {what}\n{last_words(entry)}")
        if time.monotonic() > deadline:
            tail = "".join(f"  {e['name']}:\n{last_words(e)}" for e in entries)
            raise LabError(f"not within {wait_s:.0f} s: {what}\n{tail}")
        time.sleep(0.03)


def wait_ready(entry, wait_s=20.0):
    """(address, port) of the ready line of a program that was just started."""
    return wait_until(f"{entry['name']} is ready", lambda: _ready_in(entry["out"]) or _ready_in(entry["log"]), wait_s, [entry])


def cpu_s(pid):
    """Seconds of processor time that a process has used, all its threads, to the nanosecond; LabError when it is gone."""
    clock = ctypes.c_int()
    if ctypes.CDLL(None).clock_getcpuclockid(pid, ctypes.byref(clock)):
        raise LabError(f"process {pid} ended while it was measured")
    return time.clock_gettime(clock.value)
