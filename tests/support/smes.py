"""SMEs as an operator provisions them at mtc-smssc, and where they connect."""
import functools
import re
import subprocess


@functools.cache
def hashed(password):
    return subprocess.run(["openssl", "passwd", "-6", "-salt", "laboratory", password], capture_output=True, text=True, check=True).stdout.strip()


def sme(name, more="", password="secret08", sources='["4242", "4917*", Acme]'):
    """A line of smes.list."""
    return f"""    - {{ system_id: {name}, password: "{hashed(password)}", sources: {sources}, rate: 0{", " if more else ""}{more} }}\n"""


def port_of(log, words="SMPP in clear"):
    """The port that the log of mtc-smssc names; None: it does not."""
    with open(log, encoding="utf-8", errors="replace") as f:
        found = re.findall(r"SMEs connect to [0-9.]+:(\d+) \(" + re.escape(words), f.read())
    return int(found[-1]) if found else None
