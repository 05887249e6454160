"""What somebody new does wrong is told with what to do next."""
import os
import select
import socket
import subprocess

import pytest

from conftest import BIN
from lablib import proc


def says(*words, **more):
    done = subprocess.run([os.path.join(BIN, words[0]), *words[1:]], capture_output=True, text=True, timeout=proc.HANG_S, check=False, stdin=subprocess.DEVNULL, **more)
    return done.returncode, done.stderr


@pytest.mark.parametrize("words,code,said", [
    (("mtcctl", "status", "--sockt", "x"), 2, "unknown option '--sockt', did you mean '--socket'?"),
    (("mtcctl", "status", "--jsn"), 2, "unknown option '--jsn', did you mean '--json'?"),
    (("mtcctl", "status", "--wiat", "5"), 2, "unknown option '--wiat', did you mean '--wait'?"),
    (("mtcctl", "status", "--verson"), 2, "unknown option '--verson', did you mean '--version'?"),
    (("mtcctl", "status", "--colr", "x"), 2, "unknown option '--colr', did you mean '--color'?"),
    (("mtcctl", "--soket", "x", "status"), 2, "unknown option '--soket', did you mean '--socket'?\nTry: mtcctl --help\n"),
    (("mtcctl", "--hlep"), 2, "unknown option '--hlep', did you mean '--help'?"),
    (("mtcctl", "--jsn", "status"), 2, "unknown option '--jsn', did you mean '--json'?"),
    (("mtcctl", "--wiat=5", "status"), 2, "unknown option '--wiat=5', did you mean '--wait'?"),
    (("mtcctl", "-c", "x.yaml", "doctor"), 2, "unknown option '-c'; options of a command follow the command\nTry: mtcctl --help\n"),
    (("mtcctl", "version"), 2, "unknown command 'version', did you mean '--version'?"),
    (("mtcctl", "peers", "strat", "hss"), 2, "'peers' has no verb 'strat', did you mean 'start'?\nTry: mtcctl peers --help\n"),
    (("mtcctl", "status", "al"), 2, "'status' has no verb 'al', did you mean 'all'?"),
    (("mtcctl", "--socket", "/etc/passwd", "status"), 4, "/etc/passwd: not a socket; the configuration of mtc-iwfd names its own (control.path)"),
    (("mtcctl", "--socket", "/etc", "status"), 4, "/etc: not a socket; "),
    (("mtcctl", "console", "--login", "/etc/passwd"), 4, "/etc/passwd: not a socket; the configuration of mtc-iwf-console names its own (login)"),
    (("mtcctl", "quickstart", "none/trial"), 1, "none/trial: the directory above is not there; make it first"),
], ids=lambda v: " ".join(v[:3]) if isinstance(v, tuple) else None)
def test_a_slip_says_what_to_do(tmp_path, words, code, said):
    assert says(*words, cwd=tmp_path)[0] == code
    assert said in says(*words, cwd=tmp_path)[1]


@pytest.mark.parametrize("address,said", [("127.0.0.1", "Address already in use: another program has this port, and 'ss -lntp' names it"),
                                          ("192.0.2.77", " cannot be listened on: Cannot assign requested address: no device of this machine has it; 'ip address' shows")])
def test_a_port_that_is_taken_says_who_has_it(tmp_path, address, said):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        (tmp_path / "none").write_text('{"imsi":"262010000000007"}\n')
        (tmp_path / "node.yaml").write_text(f"""identity: {{ host: node.example.com, realm: example.com }}
listen: {{ address: {address}, port: {s.getsockname()[1]}, protection: none }}
subscribers: none
allowed_hosts: [ iwf.example.com ]
""")
        code, err = says("mtc-hss", "-c", "node.yaml", cwd=tmp_path)
    assert code in (1, 2) and said in err, err


def test_the_port_of_the_console_that_is_taken_says_who_has_it(tmp_path):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        at = f"127.0.0.1:{s.getsockname()[1]}"
        (tmp_path / "console.yaml").write_text(f"listen: {{ address: 127.0.0.1, port: {s.getsockname()[1]} }}\ncontrol: {tmp_path}/ctl\nlogin: {tmp_path}/login\n")
        code, err = says("mtc-iwf-console", "-c", "console.yaml", cwd=tmp_path)
    assert code == 1 and f"mtc-iwf-console: {at}: Address already in use: another program has this port" in err, err


def test_a_device_without_its_centre_says_what_is_missing(tmp_path):
    with subprocess.Popen([os.path.join(BIN, "mtc-ue"), "--link", "none.sock", "--state", "ue", "--imsi", "001010000000007"],
                          cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL) as ue:
        assert select.select([ue.stderr], [], [], proc.HANG_S)[0], "mtc-ue says nothing"
        said = ue.stderr.readline().decode()
        ue.terminate()
        ue.wait(proc.HANG_S)
    assert "none.sock: connect: No such file or directory; connecting again (is mtc-smssc running, with this path as its ue_socket?)" in said, said
