"""What a laboratory keeps in its directory between two runs, and the claim that lets one run at a time use the directory."""
import fcntl
import json
import os
import shlex
import shutil
import stat

from .proc import LabError, open_regular, read_json, write

MARKER = ".mtc-lab"  # says who made the directory; its lock is the claim
KEPT = "kept.json"  # written once everything has come up: without it there is nothing to keep
FORMAT = 1  # of the files in the directory; a change that an older directory does not fit raises it
ANOTHER = "./start lab DIR=OTHER, or scripts/lab run OTHER"
DEFAULT = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "lab")  # of ./start lab
MARK = f"made by scripts/lab, format {FORMAT}\n"


def claim(folder):
    """Makes the directory if it is missing and claims it for this process. Returns the open marker: the claim ends when it is closed, or
    with the process, however that ends. LabError if another process has it, or if no laboratory made what is in the directory."""
    try:
        folder.encode()
    except UnicodeEncodeError:  # configuration files are UTF-8
        raise LabError(f"{os.fsencode(folder)} is no UTF-8; name another directory: {ANOTHER}") from None
    if os.path.lexists(folder) and not os.path.isdir(folder):
        raise LabError(f"{folder} is no directory; name another: {ANOTHER}")
    os.makedirs(folder, exist_ok=True)
    if os.listdir(folder) and not os.path.exists(os.path.join(folder, MARKER)):
        raise LabError(f"{folder} is not empty and no laboratory made it; name another directory: {ANOTHER}")
    marker = open_regular(os.path.join(folder, MARKER), os.O_RDWR | os.O_CREAT | os.O_APPEND, "a+")
    try:
        fcntl.flock(marker, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        marker.close()
        raise running(folder) from None
    return marker


def running(folder):
    return LabError(f"a laboratory already runs in {folder}; end it first (Ctrl-C where it runs, or scripts/lab down {shlex.quote(folder)}), "
                    f"or name another directory: {ANOTHER}")


def load(folder):
    """The facts that the earlier run saved; {} if no run has come up here yet. LabError if the files are of another version."""
    with open_regular(os.path.join(folder, MARKER), os.O_RDONLY) as f:
        mark = f.read(len(MARK) + 1)
    if mark not in ("", MARK):
        raise LabError(f"{folder} was made by another version of the laboratory and its files do not fit this one; {hint(folder)}")
    try:
        facts = read_json(os.path.join(folder, KEPT))
    except FileNotFoundError:
        return {}
    except ValueError:
        facts = None
    if not is_facts(facts):
        raise LabError(f"{folder}/{KEPT} is damaged; {hint(folder)}")
    return facts


def is_facts(facts):
    """Whether it is what save() is given: the number of devices, and ports by name."""
    return (isinstance(facts, dict) and type(facts.get("devices")) is int and facts["devices"] > 0 and isinstance(facts.get("ports"), dict)
            and all(type(port) is int and 0 < port < 65536 for port in facts["ports"].values()))


def save(folder, facts):
    write(os.path.join(folder, KEPT), json.dumps(facts, indent=1) + "\n")


def hint(folder):
    where = "" if folder == DEFAULT else f" DIR={shlex.quote(folder)}"
    return (f"scripts/lab run {shlex.quote(folder)} --fresh (or make lab FRESH=1{where}) deletes all that is kept there and starts with a new state: "
            "associations, accepted triggers and reports, subscribers, messages, certificates and the decision log")


def any_state(folder):
    """Whether anything lies in a claimed directory but the marker."""
    return any(name != MARKER for name in os.listdir(folder))


def clear(folder):
    """Deletes everything in a claimed directory but the marker, and writes that anew."""
    for entry in os.scandir(folder):
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)
        elif entry.name != MARKER:
            os.unlink(entry.path)
    with open(os.path.join(folder, MARKER), "w", encoding="utf-8") as f:  # in place: the claim is the lock of this very file
        f.write(MARK)


def remove_leftovers(folder, names):
    """Removes the files of these names and every socket: a killed laboratory leaves them behind."""
    for entry in os.listdir(folder):
        path = os.path.join(folder, entry)
        if entry in names or stat.S_ISSOCK(os.lstat(path).st_mode):
            os.unlink(path)
