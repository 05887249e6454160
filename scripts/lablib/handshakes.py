"""Full TLS handshakes with the gateway, as an SCS makes them: OpenSSL's own client, a connection for each, with a client certificate."""
import dataclasses
import re
import subprocess

from . import proc

CLIENTS = 4  # at a time: more than there are cores here


@dataclasses.dataclass
class Shaken:
    rate: float


def load(gateway, seconds):
    """A Shaken: how many a second. gateway: a lean.LeanTriggers."""
    tsp, scs = gateway.lab["iwf"]["tsp"], gateway.lab["scs"][0]
    command = ["openssl", "s_time", "-connect", f"{tsp['address']}:{tsp['port']}", "-new", "-time", str(seconds), "-tls1_3", "-verify", "3",
               "-cert", scs["cert"], "-key", scs["key"], "-CAfile", gateway.lab["ca"]]
    children = [subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for _ in range(CLIENTS)]
    total = 0.0
    try:
        for child in children:
            said = child.communicate(timeout=seconds * 5 + 30)[0]
            made = re.search(r"(\d+) connections in (\d+) real seconds", said)
            if child.returncode or not made:
                raise proc.LabError(f"openssl s_time: {said[-300:]}")
            total += int(made.group(1)) / seconds
    finally:
        for child in children:
            child.kill()
            child.wait()
    return Shaken(total)
