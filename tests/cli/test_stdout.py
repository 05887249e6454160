"""What is printed reaches somebody, or the exit status and standard error say that it did not."""
import json
import os
import socket
import subprocess
import threading

import pytest
from conftest import BIN, ROOT
from lablib import proc

EXAMPLE = os.path.join(ROOT, "examples")
PROGRAMS = ["mtc-iwfd", "mtc-iwf-console", "mtc-iwf-metrics", "mtcctl", "mtc-scs", "mtc-hss", "mtc-smssc", "mtc-ue", "mtc-sme"]
HOW = {"full": (">/dev/full", "No space left on device"), "closed": (">&-", "it is closed")}
NODES = {
    "mtc-hss": "subscribers: subscribers.jsonl\n",
    "mtc-smssc": 'state_dir: state\nue_socket: ue.sock\nsc_address: "491770000000"\n',
}


def lost(how, *words, cwd=None, least=1):
    """Runs the words with a standard output that takes nothing."""
    to, why = HOW[how]
    done = subprocess.run(["sh", "-c", f'exec "$@" {to}', "sh", *words], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=proc.HANG_S, check=False, cwd=cwd)
    name = os.path.basename(words[0])
    assert done.returncode >= least, (words, done)
    assert f"{name}: standard output could not be written: " in done.stderr and done.stderr.count("standard output") == 1, done.stderr
    assert why in done.stderr or "a part of it is lost" in done.stderr, done.stderr
    return done


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("option", ["--help", "--version"])
@pytest.mark.parametrize("program", PROGRAMS)
def test_help_and_version_are_read_or_fail(program, option, how):
    assert lost(how, os.path.join(BIN, program), option).returncode in (1, 4)


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("program", NODES)
def test_a_checked_configuration_of_a_node_is_said_or_fails(tmp_path, program, how):
    (tmp_path / "subscribers.jsonl").write_text('{"imsi":"001010000000001"}\n')
    (tmp_path / "node.yaml").write_text("identity: { host: node.x.example, realm: x.example }\nlisten: { address: 127.0.0.1, port: 0, protection: none }\n"
                                        + NODES[program])
    assert lost(how, os.path.join(BIN, program), "-t", "-c", "node.yaml", cwd=tmp_path).returncode == 1


@pytest.mark.parametrize("how", HOW)
def test_a_checked_configuration_of_the_gateway_is_said_or_fails(tmp_path, how):
    (tmp_path / "c.yaml").write_text("""identity:
  external: { host: iwf.x.example, realm: x.example }
  internal: { host: iwf.core.x.example, realm: core.x.example }
state_dir: state
control: { path: ctl.sock }
log: { decisions: decisions.jsonl }
listen: [ { name: lab, zone: internal, protection: none, address: 127.0.0.1, port: 0 } ]
peers: [ { name: hss, host: hss.core.x.example, realm: core.x.example, address: 127.0.0.1, protection: none } ]
s6m: { peer: hss, destination_realm: core.x.example }
t4: { peer: hss, destination_realm: core.x.example }
""")
    assert lost(how, os.path.join(BIN, "mtc-iwfd"), "-t", "-c", "c.yaml", cwd=tmp_path).returncode == 1


class Server:
    """A control socket that answers one request with these lines and, where that is asked for, has the file that came along."""

    def __init__(self, path, lines):
        self.path, self.lines = path, lines
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(path)
        self.socket.listen(1)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        client, _ = self.socket.accept()
        with client:
            _, fds, _, _ = socket.recv_fds(client, 65536, 1)
            client.sendall("".join(json.dumps(line) + "\n" for line in self.lines).encode())
            for fd in fds:
                os.close(fd)

    def __enter__(self):
        return self

    def __exit__(self, *what):
        self.thread.join(proc.HANG_S)
        self.socket.close()


ROWS = [{"phase": "write", "rows": n, "octets": n} for n in range(3)] + [{"done": True, "ok": True, "rows": 3}]


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("words,lines", [
    (["status"], [{"done": True, "ok": True, "version": "x", "uptime_s": 1}]),
    (["scs", "list"], [{"name": "acme"}, {"done": True, "ok": True}]),
    (["--json", "scs", "list"], [{"name": "acme"}, {"done": True, "ok": True}]),
    (["--json", "assoc", "export", "x.csv"], ROWS),  # each line is flushed: the last flush alone says nothing
    (["--json", "assoc", "import", "in.csv", "--dry-run"], ROWS),
    (["assoc", "export", "x.csv"], ROWS),
], ids=lambda v: " ".join(v) if isinstance(v[0], str) else "")
def test_what_mtcctl_shows_is_read_or_fails(tmp_path, words, lines, how):
    (tmp_path / "in.csv").write_text("who,device\n")
    with Server(str(tmp_path / "ctl.sock"), lines):
        done = lost(how, os.path.join(BIN, "mtcctl"), "--socket", "ctl.sock", *words, cwd=tmp_path)
    assert done.returncode == 4


def test_a_no_stays_a_no(tmp_path):
    """What `assoc check` says with its exit status is not hidden by the line that nobody read."""
    with Server(str(tmp_path / "ctl.sock"), [{"done": True, "ok": True, "allowed": False, "reason": "no-association"}]):
        done = lost("full", os.path.join(BIN, "mtcctl"), "--socket", "ctl.sock", "assoc", "check", "acme", "meter-7@a.example", cwd=tmp_path)
    assert done.returncode == 1


@pytest.mark.parametrize("how", HOW)
def test_events_of_mtc_scs_are_read_or_fail(how):
    """It cannot connect, which is 4; that nobody has its events is said as well."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        lost(how, os.path.join(BIN, "mtc-scs"), "trigger", "--plain", "--connect", f"127.0.0.1:{nobody.getsockname()[1]}", "--origin-host", "scs.x.example",
             "--realm", "x.example", "--iwf-host", "iwf.y.example", "--device", "a@b.example", "--payload", "x", "--connect-wait", "1")
