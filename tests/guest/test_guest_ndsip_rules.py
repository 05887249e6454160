"""The rules of NDS/IP with the IPsec of a kernel (XFRM), in a boot of an emulated machine: inside_ndsip_rules.py says what holds, a line for each
thing. User-mode Linux would do but for nf_tables, which it has without a family of IP."""
import os
import shlex

import emulated
import pytest
from conftest import BIN, ROOT
from lablib import tunnel

pytestmark = [pytest.mark.once, pytest.mark.tools]
LIMIT_S = 600  # an idle machine needs a tenth of it
# ESP, and what its AES-GCM is made of; nf_tables is for the rules.
MODULES = "esp4 xfrm_user aes_generic ctr cbc gcm ghash-generic seqiv echainiv sha512_generic hmac drbg nf_tables veth"


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    lacks = emulated.missing() or tunnel.lacking()
    if lacks:
        pytest.skip(lacks)
    folder = tmp_path_factory.mktemp("guest-rules")
    inside = os.path.join(ROOT, "tests", "guest", "inside_ndsip_rules.py")
    script = f"modprobe -d $MODULES -a {MODULES}; MTC_BIN={os.path.abspath(BIN)} exec /usr/bin/python3 -B {inside}"
    code = emulated.boot(f"sh -c {shlex.quote(script)}", str(folder), LIMIT_S)
    out = (folder / "script.out").read_text(errors="replace")
    assert code == 0, out + (folder / "script.err").read_text(errors="replace")[-3000:]
    return out.splitlines()


@pytest.mark.parametrize("mode", ["tunnel", "transport"])
@pytest.mark.parametrize("what", [
    "without rules it goes on in the clear", "the rules have dropped nothing of it", "another port cannot be reached through the tunnel",
    "rt ipsec missing drops output in the clear", "meta ipsec missing drops input in the clear", "no new connection in the clear",
    "nothing of ours was on the wire", "it goes on when it is protected again", "a policy without a security association sends nothing"])
def test_rules_of_the_kernels_ipsec(said, mode, what):
    assert f"ok: {mode}: {what}" in said
