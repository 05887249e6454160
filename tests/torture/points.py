"""Kill points as src/base/fault.h lists them; arming them, and who was hit."""
import collections
import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HEADER = os.path.join(ROOT, "src", "base", "fault.h")
ROW = re.compile(r'^\s*X\((\w+),\s*"([^"]+)",\s*"([^"]+)"\)', re.MULTILINE)


def table(path=HEADER):
    """{name: (file, meaning)} in the order of the table."""
    with open(path, encoding="utf-8") as f:
        text = re.sub(r"\s*\\\n", "\n", f.read())
    return {name: (file, meaning) for name, file, meaning in ROW.findall(text)}


APART = ("SMPP_", "SME_")


def named(prefix):
    """The points of an SMS-SC over SMPP (prefix "SMPP_"), those of SMEs that may trigger ("SME_"), or the others (prefix "")."""
    return [name for name in table() if (name.startswith(prefix) if prefix else not name.startswith(APART))]


class Points:
    """The directory of MTC_FAULT_DIR."""

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)

    def arm(self, name, passes=1):
        beside = os.path.join(self.folder, f".{name}")
        with open(beside, "w", encoding="ascii") as f:
            f.write(f"{passes}\n")
        os.rename(beside, os.path.join(self.folder, name))

    def armed(self, name):
        return os.path.exists(os.path.join(self.folder, name))

    def disarm_all(self):
        for name in os.listdir(self.folder):
            if name != "hits":
                os.unlink(os.path.join(self.folder, name))

    def hits(self):
        """{name: times}"""
        try:
            with open(os.path.join(self.folder, "hits"), encoding="ascii") as f:
                return collections.Counter(line.split()[0] for line in f if line.strip())
        except OSError:
            return collections.Counter()
