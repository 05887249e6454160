"""The test peers that come from npm (scripts/npm, brought by scripts/setup test)."""
import os
import shutil

from . import lab

MODULES = os.path.join(lab.ROOT, "build-npm", "node_modules")


def missing(package="smpp"):
    """What is missing to run a peer; "" when nothing is."""
    if not shutil.which("node"):
        return "node is not installed"
    return "" if os.path.isdir(os.path.join(MODULES, package)) else f"npm's {package} is not there (scripts/setup test, with npm installed)"


def environment():
    return {**os.environ, "NODE_PATH": MODULES}
