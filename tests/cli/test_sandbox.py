"""The sandbox of each role, tried from inside by tests/tools/sandbox_probe.c, which links the code that the daemon links."""
import json
import os
import socket
import subprocess

import pytest
from conftest import ROOT
from lablib import proc

PROBE = os.path.join(os.environ.get("MTC_BUILD", os.path.join(ROOT, "build")), "tests", "tools", "sandbox_probe")
pytestmark = pytest.mark.once  # a build with instruments has no sandbox
ROLES = ("parent", "core", "console", "edge", "keyholder", "keyholder-p11", "ndsip", "fetcher", "metrics")

# What a role needs, and therefore may do; everything else of the probe is refused. A role that is not here may do nothing.
NEEDS = {
    # starts and ends processes, binds, hands descriptors over. Landlock names the files; the mapped program and its libraries are code
    "parent": {"stat", "socket", "socket-unix", "bind", "connect", "control-socket", "scm-rights", "fork", "prlimit", "memfd", "sigsys-handler",
               "sigsys-handler-wide", "kill-group", "code-of-memfd", "stop-reading", "clear-flags"},
    # its own store; TCP to the configured peers (their ports by Landlock of version 4); it serves the control socket itself
    "core": {"stat", "core-store", "socket", "control-socket", "stop-reading", "clear-flags"},
    # names of accounts below /etc, the control socket with the descriptor of a file in memory
    "console": {"stat", "socket-unix", "control-socket", "scm-rights", "memfd", "stop-reading", "clear-flags"},
    # what a PKCS#11 module talks to
    "keyholder-p11": {"stat", "socket-unix", "control-socket", "scm-rights", "stop-reading", "clear-flags"},
}
# Version 2 of Landlock, that of kernel 6.1, does not see ports, nor whom a signal goes to.
NEEDS_OLD = {"parent": {"kill", "tgkill"}, "core": {"connect"}, "console": {"connect"}, "keyholder-p11": {"connect"}}
# Without a sandbox too: what this machine does not have.
MISSING = {"socket-sctp": {"EPROTONOSUPPORT"}, "sctp-connectx-get": {"ENOPROTOOPT", "EOPNOTSUPP"}, "sctp-connectx-set": {"ENOPROTOOPT"},
           "sctp-order": {"ENOPROTOOPT"}, "send-to": {"EPIPE", "ENOTCONN"}, "x32-call": {"ENOSYS"}, "socket-mptcp": {"EPROTONOSUPPORT", "ENOPROTOOPT"},
           "32-bit-call": {"ENOSYS", "SIGSEGV"}, "io-uring-setup": {"EPERM", "ENOSYS"}, "io-uring-enter": {"EBADF"}}
# The name of a file is the only thing that Landlock and the rows of an edge refuse with an error; any other call ends the process.
BY_ERROR = {"open", "open-directory", "create", "stat", "open-proc-self-fd", "core-store"}


@pytest.fixture
def outside(tmp_path):
    """A store, and a control socket that listens."""
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "store").write_text("")
    path = tmp_path / "ctl"
    with socket.socket(socket.AF_UNIX) as control:
        control.bind(str(path))
        control.listen(8)
        yield ["--store", tmp_path / "state" / "store", "--control", path]


def probe(role, outside, *more):
    """{try: how it ended}."""
    done = subprocess.run([PROBE, role, *map(str, outside), *more], capture_output=True, text=True, timeout=proc.HANG_S, check=False,
                          stdin=subprocess.DEVNULL)
    if "built with instruments" in done.stderr:
        pytest.skip("a build with instruments has no sandbox, and says so")
    assert done.returncode == 0, done
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert all(row["role"] == role and row["refused"] == (row["how"] != "done") for row in rows)
    return {row["try"]: row["how"] for row in rows}


def test_without_a_sandbox_every_try_succeeds(outside):
    if os.geteuid() != 0:
        pytest.skip("some tries need root to succeed outside")
    found = probe("none", outside)
    refused = {name: how for name, how in found.items() if how != "done"}
    assert all(how in MISSING.get(name, ()) for name, how in refused.items()), refused
    assert len(found) == 56


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("version", ["of this kernel", "2"])
def test_every_forbidden_thing_is_refused(role, version, outside):
    old = version == "2"
    found = probe(role, outside, *(["--landlock", "2"] if old else []))
    # where the kernel has SCTP, the parent makes its listeners
    allowed = {name for name, how in found.items() if how == "done"} - ({"socket-sctp"} if role == "parent" else set())
    needs = NEEDS.get(role, set()) | (NEEDS_OLD.get(role, set()) if old else set())
    assert allowed == needs


@pytest.mark.parametrize("role,sctp,passed", [
    # to accept over SCTP needs no socket, and no option that connects
    ("edge", True, {"sctp-order"}), ("edge", False, set()),
    ("core", True, {"sctp-order", "sctp-connectx-set", "socket-sctp"}), ("core", False, set()),
    ("keyholder", True, set()),
])
def test_sctp_is_for_processes_that_have_such_connections(role, sctp, passed, outside):
    found = probe(role, outside, *(["--sctp", "yes"] if sctp else []))
    tries = ("socket-sctp", "sctp-connectx-get", "sctp-connectx-set", "sctp-order")
    # a try that is let through fails at the kernel: the socket is one of TCP, or there is no SCTP
    assert {name for name in tries if found[name] in ("done", "ENOPROTOOPT", "EOPNOTSUPP", "EPROTONOSUPPORT")} == passed
    assert {found[name] for name in tries if name not in passed} == {"SIGSYS"}


@pytest.mark.parametrize("role,passed", [("edge", {"send-to"}), ("core", set()), ("keyholder", set())])
def test_datagrams_go_out_only_where_sctp_is_in_user_space(role, passed, outside):
    """The core sends on sockets that are connected before it is sealed; nobody makes another one."""
    for more, allowed in ([], set()), (["--sctp-udp", "yes"], passed):
        refused = {name for name in ("socket-udp", "send-to") if probe(role, outside, "--only", name, *more)[name] == "SIGSYS"}
        assert refused == {"socket-udp", "send-to"} - allowed


@pytest.mark.parametrize("role", ["edge", "keyholder", "ndsip", "fetcher"])
def test_a_refused_call_ends_the_process_that_faces_others(role, outside):
    found = probe(role, outside)
    kept = {name for name, how in found.items() if how not in ("SIGSYS", "SIGSEGV")}
    assert kept == BY_ERROR


def test_calls_of_other_machines_end_every_role(outside):
    for role in ROLES:
        found = probe(role, outside)
        assert found["x32-call"] == "SIGSYS" and found["32-bit-call"] in ("SIGSYS", "SIGSEGV"), role
