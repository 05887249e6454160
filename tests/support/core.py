"""The core of a gateway: which process it is, its sudden end, the next one."""
import os
import signal

from lablib import lab as L
from lablib import proc


def core(p):
    """Its pid; None: there is none now."""
    return L.roles(p.lab["iwf"]["pids"]["parent"])["core"]


def kill_core(p):
    os.kill(core(p), signal.SIGKILL)


def next_core(p, peers=2):
    """Kills the core; another one is there, and so many of its peers are open."""
    old = core(p)
    os.kill(old, signal.SIGKILL)
    proc.wait_until("another core is there", lambda: core(p) not in (None, old))
    peers_open(p, peers)


def peers_open(p, peers=2):
    """So many peers of the core are open: it has looked whether they are in REOPEN, and requests go to them."""
    proc.wait_until("its peers are open", lambda: len([r for r in p.ctl("peers", check=False) if r.get("state") == "open"]) >= peers)
