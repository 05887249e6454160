"""NDS/IP with the IPsec of a kernel (XFRM), in one boot of an emulated machine. Two plays, one after the other, of which each says what holds, a line
for each thing: inside_ndsip_rules.py, the rules; inside_ndsip_charon.py, charon killed while its security associations live on. User-mode Linux
would do but for nf_tables, which it has without a family of IP."""
import os
import shlex

import emulated
import pytest
from conftest import BIN, ROOT
from lablib import lab as laboratory
from lablib import tunnel
from lablib.pki import Pki

pytestmark = [pytest.mark.once, pytest.mark.guest]
LIMIT_S = 1800  # ends a hang: beside all other stages of the check a thirtieth of it is enough
# ESP, and what its AES-GCM is made of; nf_tables is for the rules.
MODULES = "esp4 xfrm_user aes_generic ctr cbc gcm ghash-generic seqiv echainiv sha512_generic hmac drbg nf_tables veth"
PLAYS = {"rules": "", "charon": "/mnt/pki"}  # and what each is told beside the programs


class Played:
    """What a play said, and how it ended."""

    def __init__(self, folder, name):
        self.said, self.err = ((folder / f"{name}.{end}").read_text(errors="replace") for end in ("out", "err"))
        self.code = (folder / f"{name}.code").read_text().strip()

    def holds(self, what):
        assert f"ok: {what}" in self.said.splitlines(), f"exit status {self.code}\n{self.said}{self.err[-3000:]}"


def script():
    lines = [f"modprobe -d $MODULES -a {MODULES}"]
    for name, more in PLAYS.items():
        inside = os.path.join(ROOT, "tests", "guest", f"inside_ndsip_{name}.py")
        lines.append(f"/usr/bin/python3 -B {shlex.quote(inside)} {shlex.quote(os.path.abspath(BIN))} {more} >/mnt/{name}.out 2>/mnt/{name}.err; "
                     f"echo $? >/mnt/{name}.code")
    return "\n".join(lines)


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    lacks = emulated.missing() or tunnel.lacking()
    if lacks:
        pytest.skip(lacks)
    folder = tmp_path_factory.mktemp("guest")
    laboratory.Lab(str(folder), laboratory.options()).issue(Pki(str(folder / "pki")))
    code = emulated.boot(f"sh -c {shlex.quote(script())}", str(folder), LIMIT_S)
    assert code == 0, (folder / "script.err").read_text(errors="replace")[-3000:]
    return {name: Played(folder, name) for name in PLAYS}


@pytest.mark.parametrize("mode", ["tunnel", "transport"])
@pytest.mark.parametrize("what", [
    "a connection is encrypted", "without rules it goes on in the clear", "the rules stand", "with rules a connection is made through the tunnel",
    "the rules have dropped nothing of it", "another port cannot be reached through the tunnel", "rt ipsec missing drops output in the clear",
    "and it does not arrive", "meta ipsec missing drops input in the clear", "and that is not taken in", "no new connection in the clear", "nothing of ours was on the wire",
    "it goes on when it is protected again", "a policy without a security association sends nothing",
    "only the rule on input keeps out what comes in the clear", "only the rule on output keeps back what would leave in the clear"])
def test_rules_of_the_kernels_ipsec(played, mode, what):
    played["rules"].holds(f"{mode}: {what}")


@pytest.mark.parametrize("what", [
    "a trigger goes through the kernel's ESP", "the gateway sends ESP and nothing in clear text", "charon is killed and its associations live on",
    "the session is cut within a second", "nobody comes in through what lives on", "what was cut and refused was encrypted",
    "another charon lists none of them", "nor when there is a charon again", "what was refused then was encrypted",
    "what lives on ends, and nothing of the gateway is in clear text", "with a new IKE_SA it goes on", "nothing of the gateway was in clear text",
    "all ended by itself"])
def test_a_charon_that_is_killed(played, what):
    played["charon"].holds(what)


def test_each_play_came_to_its_end(played):
    assert {name: play.code for name, play in played.items()} == {"rules": "0", "charon": "0"}
