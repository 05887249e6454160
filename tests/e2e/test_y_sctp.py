"""Act twenty-five: a kernel without SCTP. What needs it is named and stays shut, and the rest runs. tests/guest plays with a kernel that has
it."""
import json
import socket

import pytest
from lablib import lab as laboratory
from lablib import proc

MISSING = "this kernel has no SCTP; load its module (modprobe sctp), or use transport tcp"
LISTENER = "  - { name: inside, zone: internal, protection: none, transport: sctp, address: 127.0.0.1, port: 0 }\n"
PEER = ("  - { name: far, host: far.core.operator.example, realm: core.operator.example, address: 127.0.0.2, protection: none,\n"
        "      transport: sctp, local_addresses: [ 127.0.0.1 ] }\n")


class TwoOfThree(laboratory.Lab):
    """One of three peers can never be reached."""

    def peers_open(self):
        done = self.mtcctl("--json", "peers")
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        return sum(row.get("state") == "open" for row in rows) == 2


def has_sctp():
    try:
        socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SCTP).close()
    except OSError:
        return False
    return True


@pytest.fixture(scope="module")
def lab(labs):
    if has_sctp():
        pytest.skip("this kernel has SCTP")
    p = labs.up(kind=TwoOfThree, listen_more=LISTENER, smssc_peer_more=PEER)
    yield p
    wrong = labs.down(p)
    assert not wrong, "\n".join(wrong)


def test_the_rest_runs(lab):
    done = lab.trigger("acme", device="meter-1@a.example", reference=1, wait=proc.HANG_S)
    assert (done.code, done.outcome) == (0, "SUCCESS")


def test_the_listener_and_the_peer_are_named(lab):
    with open(f"{lab.lab['dir']}/log/mtc-iwfd.log", encoding="utf-8") as f:
        log = f.read()
    assert f"listener inside stays shut: {MISSING}" in log
    far = [r for r in lab.ctl("peers") if r.get("name") == "far"][0]
    assert far["state"] in ("waiting", "connecting")
    reason = proc.wait_until("the peer says why it waits", lambda: [r for r in lab.ctl("peers") if r.get("name") == "far"][0]["reason"])
    assert MISSING in reason, json.dumps(far)
