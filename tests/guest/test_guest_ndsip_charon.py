"""charon killed while its security associations live on in the kernel (XFRM), in a boot of an emulated machine: inside_ndsip_charon.py says what
holds, a line for each thing."""
import os
import shlex

import emulated
import pytest
from conftest import BIN, ROOT
from lablib import lab as laboratory
from lablib import tunnel
from lablib.pki import Pki
from test_guest_ndsip_rules import MODULES

pytestmark = [pytest.mark.once, pytest.mark.tools]
LIMIT_S = 900  # beside the other plays


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    lacks = emulated.missing() or tunnel.lacking()
    if lacks:
        pytest.skip(lacks)
    folder = tmp_path_factory.mktemp("guest-charon")
    laboratory.Lab(str(folder), laboratory.options()).issue(Pki(str(folder / "pki")))
    inside = os.path.join(ROOT, "tests", "guest", "inside_ndsip_charon.py")
    script = f"modprobe -d $MODULES -a {MODULES}; exec /usr/bin/python3 -B {inside} {shlex.quote(os.path.abspath(BIN))} /mnt/pki"
    code = emulated.boot(f"sh -c {shlex.quote(script)}", str(folder), LIMIT_S)
    out = (folder / "script.out").read_text(errors="replace")
    assert code == 0, out + (folder / "script.err").read_text(errors="replace")[-3000:]
    return out.splitlines()


@pytest.mark.parametrize("what", [
    "a trigger goes through the kernel's ESP", "the gateway sends ESP and nothing in clear text", "charon is killed and its associations live on",
    "the session is cut all the same", "nobody comes in through what lives on", "another charon lists none of them",
    "nor when there is a charon again", "what was refused was encrypted", "with a new IKE_SA it goes on", "nothing of the gateway was in clear text",
    "all ended by itself"])
def test_a_charon_that_is_killed(said, what):
    assert f"ok: {what}" in said
