"""mtc-iwfd -t: a configuration is valid, or one line says where it is not and what was expected."""
import contextlib
import os
import pathlib
import pty
import re
import select
import signal
import socket
import shutil
import subprocess
import tempfile

import pytest
from conftest import BIN, ROOT
from lablib import proc
from lablib.pki import Pki

GOOD = """identity:
  external: { host: iwf.operator.example, realm: operator.example }
  internal: { host: iwf.core.operator.example, realm: core.operator.example }
state_dir: state
control: { path: ctl.sock }
log: { level: info, decisions: decisions.jsonl }
trust_anchors:
  - { name: anchor-a, file: pki/anchor-a.pem, crl: [ pki/anchor-a.crl ] }
listen:
  - name: tsp
    zone: external
    protection: tls
    address: 127.0.0.1
    port: 0
    certificate: pki/iwf.pem
    key: pki/iwf.key
peers:
  - { name: hss, host: hss.core.operator.example, realm: core.operator.example, address: 127.0.0.1, port: 3868, protection: none }
s6m: { peer: hss, destination_realm: core.operator.example }
t4: { peer: hss, destination_realm: core.operator.example }
"""


@contextlib.contextmanager
def reached_by_all():
    """A directory that other users reach. The temporary directory of pytest is none: each pytest that begins on this machine takes the rights of
    others to it away."""
    with tempfile.TemporaryDirectory(prefix="mtc-config-") as name:
        path = pathlib.Path(name)
        path.chmod(0o755)
        yield path


@pytest.fixture(scope="module")
def folder():
    with reached_by_all() as path:
        yield files_in(path)


def files_in(path):
    pki = Pki(str(path / "pki"))
    pki.ca("operator", "/O=operator/CN=operator CA")
    pki.ca("anchor-a", "/O=acme/CN=trust anchor a")
    pki.crl("anchor-a")
    pki.crl("operator", target=str(path / "pki" / "foreign.crl"))
    pki.leaf("iwf", "operator", "iwf.operator.example", "serverAuth,clientAuth")
    pki.leaf("other", "operator", "other.operator.example", "serverAuth,clientAuth")
    (path / "pki" / "broken.pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    return path


def check(folder, content):
    path = folder / "mtc-iwfd.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    done = subprocess.run([os.path.join(BIN, "mtc-iwfd"), "-t", "-c", str(path)], capture_output=True, text=True, timeout=proc.HANG_S, check=False,
                          stdin=subprocess.DEVNULL)
    return path, done


def test_a_good_file_is_valid_and_nothing_is_made(folder):
    before = sorted(os.listdir(folder / "pki"))
    path, done = check(folder, GOOD)
    valid, within = done.stdout.splitlines()
    assert (done.returncode, valid, done.stderr) == (0, f"{path}: configuration is valid", "")
    assert re.fullmatch(r"an SCS has its answer within \d+\.\d s", within)
    assert sorted(os.listdir(folder)) == ["mtc-iwfd.yaml", "pki"]
    assert sorted(os.listdir(folder / "pki")) == before


@pytest.mark.parametrize("old,new,line,words", [
    ("protection: tls", "protection: none", 12, "external without protection, expected protection tls"),
    ("protection: tls", "protection: tls+ndsip", 12, "listener 'tsp' has protection tls+ndsip and there is no section ndsip, expected one, or"),
    ("protection: tls", "transport: sctp\n    protection: tls", 12,
     "listener 'tsp' has protection tls over sctp, which is not offered (nor is DTLS over SCTP), expected transport tcp, or protection ndsip"),
    ("    key: pki/iwf.key\n", "", 12, "has protection tls and no key"),
    ("trust_anchors:\n  - { name: anchor-a, file: pki/anchor-a.pem, crl: [ pki/anchor-a.crl ] }\n", "", 10, "there are no trust_anchors"),
    ("pki/anchor-a.crl", "pki/none.crl", 8, "pki/none.crl': No such file"),
    ("pki/anchor-a.crl", "pki/broken.pem", 8, "broken.pem': a certificate in it is damaged"),
    ("pki/anchor-a.crl", "pki/foreign.crl", 8, "CRL of 'O=operator,CN=operator CA': no certificate of this CA is in anchor"),
    ("crl: [ pki/anchor-a.crl ]", "ocsp: https://a.example/", 8, "trust_anchors[0].ocsp is 'https://a.example/', expected a URL such as"),
    ("crl: [ pki/anchor-a.crl ]", "ocsp: http://a.example/", 8, "names the host 'a.example', and names are not resolved"),
    ("crl: [ pki/anchor-a.crl ]", "ocsp: 'http://192.0.2.1/', ocsp_address: 192.0.2.2", 8, "has an address already, expected no ocsp_address"),
    ("pki/anchor-a.crl ]", "pki/anchor-a.crl ], ocsp_address: 192.0.2.2", 8, "has an ocsp_address and no ocsp"),
    ("    key: pki/iwf.key", "    key: pki/iwf.key\n    ocsp: 'http://192.0.2.1/'", 15,
     "the CA that issued it is not behind it in the file; a responder for it (ocsp) needs both"),
    ("port: 0", "prot: 0", 14, "unknown key 'prot' in listen[0], did you mean 'port'?"),
    ("port: 0", "port: 70000", 14, "listen[0].port is '70000', expected a port from 0 to 65535"),
    ("port: 0", "port: 0\n    port: 1", 15, "duplicate key 'listen[0].port'"),
    ("port: 0", "port: &p 0", 14, "an anchor (&)"),
    ("state_dir: state", "state_dir: [ state ]", 4, "state_dir is a list"),
    ("level: info", "level: loud", 6, "log.level is 'loud', expected error, warn, info or debug"),
    ("s6m: { peer: hss", "s6m: { peer: hhs", 19, "s6m.peer is 'hhs', expected the name of one of the peers"),
    ("address: 127.0.0.1\n", "address: localhost\n", 13, "expected a numeric IPv4 or IPv6 address (names are not resolved)"),
    ("t4: { peer: hss, destination_realm: core.operator.example }\n", "", 1, "key 't4' is missing"),
    ("listen:", "timers: { watchdog: 30 }\nlisten:", 9, "timers.watchdog is '30', expected a duration from"),
    ("listen:", "audit: { publish_url: 'https://192.0.2.1/' }\nlisten:", 9, "audit.publish_url is 'https://192.0.2.1/', expected a URL such as"),
    ("listen:", "audit: { publish_url: 'http://a.example/' }\nlisten:", 9, "names the host 'a.example', and names are not resolved"),
    ("listen:", "audit: { publish_url: 'http://192.0.2.1/', publish_address: 192.0.2.2 }\nlisten:", 9, "has the address '192.0.2.1' already"),
    ("listen:", "audit: { publish_address: 192.0.2.2 }\nlisten:", 9, "audit has a publish_address and no publish_url"),
    ("listen:", "  bad: [\nlisten:", 9, ""),
    ("pki/anchor-a.pem", "pki/none.pem", 8, "pki/none.pem': No such file"),
    ("pki/iwf.key", "pki", 16, "not a regular file"),
    ("state_dir: state", "state_dir: none/state", 4, "directory"),
    ("state_dir: state", "state_dir: pki/iwf.pem", 4, "pki/iwf.pem exists and is not a directory"),
    ("path: ctl.sock", "path: pki/iwf.pem", 5, "pki/iwf.pem exists and is not a socket"),
    ("state_dir: state", "x: 1\nstate_dir: state", 4, "unknown key 'x', expected one of identity, "),
    ("pki/iwf.key", "pki/other.key", 16, "does not match the certificate"),
    ("pki/iwf.pem", "pki/broken.pem", 15, "broken.pem"),
    ("pki/anchor-a.pem", "pki/broken.pem", 8, "broken.pem"),
], ids=lambda v: str(v).strip().replace("\n", " ")[:40] if isinstance(v, str) else None)
def test_an_error_names_file_line_and_what_was_expected(folder, old, new, line, words):
    assert GOOD.count(old) >= 1
    path, done = check(folder, GOOD.replace(old, new, 1))
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert f"{path}:{line}: " in done.stderr, done.stderr
    assert words in done.stderr


def test_without_charon_there_is_a_warning(folder):
    """It may start later; what is at its place and is no socket is an error."""
    good = (GOOD.replace("protection: tls", "protection: tls+ndsip").replace("port: 0", "port: 5868") +
            "ndsip:\n  certificate: pki/iwf.pem\n  local_ike: [ 192.0.2.1 ]\n  vici: charon.vici\n")
    line = good.count("\n")
    path, done = check(folder, good)
    assert done.returncode == 0, done.stderr
    assert (f"warning: {path}:{line}: ndsip.vici: {folder}/charon.vici: No such file or directory; until charon (strongSwan) runs, "
            "no connection under NDS/IP is accepted or made") in done.stderr
    ike = f"warning: {path}:{line - 1}: ndsip.local_ike has '192.0.2.1', and no device of this machine has it (ip address add)\n"
    assert ike in done.stderr
    assert "no device" not in check(folder, good.replace("192.0.2.1", "127.0.0.2"))[1].stderr
    far = good.replace("port: 3868, protection: none", "port: 3868, transport: sctp, local_addresses: [ 192.0.2.8 ], protection: none")
    assert "local_addresses of peer 'hss' has '192.0.2.8', and no device of this machine has it (ip address add)\n" in check(folder, far)[1].stderr
    done = check(folder, good.replace(", crl: [ pki/anchor-a.crl ]", ""))[1]
    assert "add crl or ocsp to the trust anchor; without a CRL, NDS/IP accepts no certificate of an anchor\n" in done.stderr
    path, done = check(folder, good.replace("charon.vici", "pki/iwf.pem"))
    assert done.returncode == 1
    assert f"{path}:{line}: ndsip.vici: {folder}/pki/iwf.pem is not a socket, expected that of charon" in done.stderr


@pytest.mark.parametrize("archive,words", [
    ("later", None),  # the start makes it
    ("later//", None),
    ("none/later", "the start cannot make {folder}/none/later: {folder}/none: No such file or directory; searches find no record that was moved away. "
                   "Make it, readable for the user of the core, before the start"),
    ("pki/iwf.pem", "{folder}/pki/iwf.pem is no directory; searches find no record that was moved away. Make it one, and restart mtc-iwfd if it runs"),
])
def test_an_archive_that_the_start_cannot_make_is_a_warning(folder, archive, words):
    good = GOOD + f"audit:\n  enabled: yes\n  key: audit.key\n  archive: {archive}\n"
    path, done = check(folder, good)
    line = good.count("\n")
    assert done.returncode == 0
    assert done.stderr == (f"mtc-iwfd: warning: {path}:{line}: audit.archive: {words.format(folder=folder)}\n" if words else "")


def test_a_state_dir_that_is_written_as_a_directory_is_made_in_the_one_above(folder):
    assert check(folder, GOOD.replace("state_dir: state\n", "state_dir: made-later/\n"))[1].returncode == 0
    path, done = check(folder, GOOD.replace("state_dir: state\n", "state_dir: none/made-later/\n"))
    assert done.returncode == 1 and f"directory {folder}/none does not exist; create it first" in done.stderr
    path, done = check(folder, GOOD.replace("path: ctl.sock", "path: ctl.sock/"))  # a socket is no directory
    assert done.returncode == 1 and f"directory {folder}/ctl.sock does not exist" in done.stderr


@pytest.mark.parametrize("octets,words", [
    (b"", ":1: the file is empty"),
    (b"identity:\n  a: \xff\n", ":2: bytes that are not UTF-8"),
    (b"identity: {}\n\n\0\n", ":3: a NUL byte"),
    (b"[" * 100000, ":1: "),
    (b"--- a\n--- b\n", ":1: no mapping"),
], ids=["empty", "not UTF-8", "NUL", "deep", "documents"])
def test_what_is_no_configuration_is_one_line_too(folder, octets, words):
    _, done = check(folder, octets)
    assert done.returncode == 1
    assert words in done.stderr and done.stderr.count("\n") == 1


def test_a_file_that_is_too_large_is_not_read(folder):
    _, done = check(folder, b"a: b\n" * 300000)
    assert done.returncode == 2 and "larger than 1 MiB" in done.stderr and done.stderr.count("\n") == 1


def test_a_file_that_is_not_there(folder):
    done = subprocess.run([os.path.join(BIN, "mtc-iwfd"), "-t", "-c", str(folder / "none.yaml")], capture_output=True, text=True, timeout=proc.HANG_S,
                          check=False)
    assert done.returncode == 2 and "none.yaml: No such file or directory" in done.stderr


def test_metrics_without_their_program_or_address_are_refused(folder, tmp_path):
    """The start would end there."""
    path, done = check(folder, GOOD + "metrics: { enabled: yes }\n")
    assert (done.returncode, done.stderr.count("error")) == (0, 0), done.stderr
    _, done = check(folder, GOOD + "metrics: { enabled: yes, address: 192.0.2.1 }\n")
    assert done.returncode == 1 and "metrics: 192.0.2.1:9868: Cannot assign requested address: no device of this machine has it; " in done.stderr, done.stderr
    check(folder, GOOD + "metrics: { enabled: yes }\n")
    alone = tmp_path / "mtc-iwfd"
    shutil.copy(os.path.join(BIN, "mtc-iwfd"), alone)
    done = subprocess.run([alone, "-t", "-c", str(path)], capture_output=True, text=True, timeout=proc.HANG_S, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 1 and re.search(r"yaml:\d+: metrics.enabled is yes, and the program \S+/mtc-iwf-metrics cannot be started",
                                              done.stderr), done.stderr


def test_a_bad_file_starts_nothing(folder):
    path = folder / "mtc-iwfd.yaml"
    path.write_text(GOOD.replace("protection: tls", "protection: none"))
    done = subprocess.run([os.path.join(BIN, "mtc-iwfd"), "-c", str(path)], capture_output=True, text=True, timeout=proc.HANG_S, check=False)
    assert done.returncode == 1 and f"{path}:12: " in done.stderr
    assert sorted(os.listdir(folder)) == ["mtc-iwfd.yaml", "pki"]


def test_each_wrong_file_is_named_and_a_start_says_the_same(folder):
    """All that is wrong with certificates, keys and anchors, by the same code; nothing is started with half of it."""
    text = GOOD.replace("pki/iwf.key", "pki/other.key").replace("pki/anchor-a.pem", "pki/broken.pem")
    path, done = check(folder, text)
    lines = sorted(done.stderr.splitlines())
    assert done.returncode == 1 and len(lines) == 2
    assert lines[0].startswith(f"mtc-iwfd: {path}:16: key '{folder}/pki/other.key' does not match")
    assert lines[1].startswith(f"mtc-iwfd: {path}:8: anchor '{folder}/pki/broken.pem': ")
    began = subprocess.run([os.path.join(BIN, "mtc-iwfd"), "-c", str(path)], capture_output=True, text=True, timeout=proc.HANG_S, check=False)
    assert began.returncode == 1 and sorted(began.stderr.splitlines()) == lines
    assert sorted(os.listdir(folder)) == ["mtc-iwfd.yaml", "pki"]


def test_a_certificate_of_the_wrong_kind_is_refused_before_anybody_meets_it(folder):
    pki = Pki(str(folder / "pki"))
    pki.leaf("client", "operator", "iwf.operator.example", "clientAuth")
    pki.leaf("over", "operator", "iwf.operator.example", "serverAuth", dates=("20200101000000Z", "20210101000000Z"))
    for name, words in (("client", "is not for a TLS server: have it issued with the extendedKeyUsage serverAuth"), ("over", "expired on Jan  1 00:00:00 2021 GMT")):
        path, done = check(folder, GOOD.replace("pki/iwf.", f"pki/{name}."))
        assert done.returncode == 1 and f"{path}:15: certificate '{folder}/pki/{name}.pem' {words}" in done.stderr


def test_an_error_of_a_listener_hides_none_of_its_files(folder):
    """All errors are shown in one run."""
    path, done = check(folder, GOOD.replace("port: 0", "port: 70000").replace("pki/iwf.key", "pki/other.key"))
    assert done.returncode == 1
    assert f"{path}:14: listen[0].port is '70000'" in done.stderr and "does not match the certificate" in done.stderr, done.stderr


@pytest.mark.parametrize("name", ["anchor-a.pem", "iwf.pem"])
def test_an_encrypted_block_is_damaged_and_nobody_is_asked_for_a_passphrase(folder, name):
    """At a terminal: there OpenSSL asks by itself, and waits."""
    whole = (folder / "pki" / name).read_text(encoding="ascii")
    block = whole.replace("CERTIFICATE-----\n", "CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\n", 1)
    (folder / "pki" / "encrypted.pem").write_text(block, encoding="ascii")
    (folder / "mtc-iwfd.yaml").write_text(GOOD.replace(f"pki/{name}", "pki/encrypted.pem"), encoding="ascii")
    pid, terminal = pty.fork()
    if not pid:
        os.execv(os.path.join(BIN, "mtc-iwfd"), ["mtc-iwfd", "-t", "-c", str(folder / "mtc-iwfd.yaml")])
    said = b""
    while select.select([terminal], [], [], proc.HANG_S)[0]:
        try:
            said += os.read(terminal, 4096)
        except OSError:  # the other end is closed
            break
        if b"pass phrase" in said:
            os.kill(pid, signal.SIGKILL)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 1 and b"pass phrase" not in said and b"encrypted.pem" in said, said
    os.close(terminal)


def test_without_an_identity_no_name_of_a_certificate_is_judged(folder):
    _, done = check(folder, GOOD[GOOD.index("state_dir:"):])
    assert done.returncode == 1 and "identity" in done.stderr and "is not for our host name" not in done.stderr, done.stderr


def kernel_has_sctp():
    try:
        socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SCTP).close()
    except OSError:
        return False
    return True


NO_SCTP = pytest.mark.skipif(kernel_has_sctp(), reason="this kernel has SCTP: tests/guest plays with it")


@NO_SCTP
def test_what_needs_sctp_is_named_where_the_kernel_has_none(folder):
    """The rest of the configuration can be used, so these are warnings."""
    path, done = check(folder, GOOD.replace("peers:\n", """  - { name: in, zone: internal, protection: none, transport: sctp, address: 127.0.0.1, port: 0 }
peers:
  - { name: far, host: far.core.operator.example, realm: core.operator.example, address: 127.0.0.2, protection: none, transport: sctp,
      local_addresses: [ 127.0.0.1 ] }
"""))
    missing = "this kernel has no SCTP; load its module (modprobe sctp), or use transport tcp"
    assert done.returncode == 0
    assert done.stderr.splitlines() == [f"mtc-iwfd: warning: {path}:17: listener 'in' stays shut: {missing}",
                                        f"mtc-iwfd: warning: {path}:19: peer 'far' cannot be reached over sctp: {missing}"]


def test_a_key_that_others_may_read_is_a_warning(folder):
    key = folder / "pki" / "iwf.key"
    key.chmod(0o644)
    path, done = check(folder, GOOD)
    key.chmod(0o600)
    assert (done.returncode, done.stdout) == (0, f"{path}: configuration is valid\nan SCS has its answer within 28.0 s\n")
    assert done.stderr == f"mtc-iwfd: warning: {path}:16: key '{key}' has mode 0644, so others may read it; 0600 is expected\n"


@pytest.mark.once  # the example asks for a sandbox, which a build with instruments does not have
def test_the_shipped_example_is_valid_with_its_files_in_place(folder):
    with open(os.path.join(ROOT, "examples", "mtc-iwfd.yaml"), encoding="utf-8") as f:
        text = f.read()
    text = re.sub(r"/(var|run)/[a-z/-]*/", "", text)
    for number, user in enumerate(("core", "edge", "keys"), 60101):  # are not on this machine
        text = text.replace(f"mtc-iwf-{user}", str(number))
    if os.geteuid() != 0:
        text = re.sub(r"^users: ", "# users: ", text, flags=re.MULTILINE)  # only root gives processes another user
    text = text.replace("anchor-b.", "anchor-a.").replace("anchor-a.pem", "pki/anchor-a.pem").replace("anchor-a.crl", "pki/anchor-a.crl").replace(" iwf.", " pki/iwf.", )
    text = text.replace("host: pki/iwf.", "host: iwf.").replace("/var/lib/mtc-iwf", "state")
    _, done = check(folder, text)
    assert done.returncode == 0, done.stderr


def test_the_openssl_lines_of_the_manual_make_what_the_gateway_takes(tmp_path):
    with open(os.path.join(ROOT, "docs", "user", "certificates.md"), encoding="utf-8") as f:
        page = f.read()

    def lines(section):
        blocks = re.findall(r"^```([a-z]*)\n(.*?)^```\n", page.split(f"## {section}\n")[1].split("\n## ")[0], re.DOTALL | re.MULTILINE)
        return [text for language, text in blocks if not language]

    def listed():
        return subprocess.run(["openssl", "crl", "-in", "anchor-a.crl", "-noout", "-text"], cwd=pki, check=True, capture_output=True, text=True,
                              timeout=proc.HANG_S).stdout.count("Serial Number:")
    pki = tmp_path / "pki"
    pki.mkdir()
    once, again = lines("Revocation")
    for some in (*lines("Making some"), once):
        subprocess.run(["/bin/sh", "-e", "-c", some], cwd=pki, check=True, capture_output=True, timeout=proc.HANG_S)
    path, done = check(tmp_path, GOOD)
    assert listed() == 0 and (done.returncode, done.stderr) == (0, "") and f"{path}: configuration is valid" in done.stdout, done
    subprocess.run(["openssl", "verify", "-x509_strict", "-CAfile", "anchor-a.pem", "-purpose", "sslclient", "-verify_hostname", "scs.acme.example",
                    "scs.pem"], cwd=pki, check=True, capture_output=True, timeout=proc.HANG_S)
    subprocess.run(["/bin/sh", "-e", "-c", again], cwd=pki, check=True, capture_output=True, timeout=proc.HANG_S)
    path, done = check(tmp_path, GOOD)
    assert listed() == 1 and (done.returncode, done.stderr) == (0, "")


def test_an_anchor_without_crl_is_a_warning_and_one_out_of_date_another(folder):
    path, done = check(folder, GOOD.replace(", crl: [ pki/anchor-a.crl ]", ""))
    assert done.returncode == 0
    assert done.stderr == f"mtc-iwfd: warning: {path}:7: revoked certificates of anchor-a are not recognised: add crl or ocsp to the trust anchor\n"
    Pki(str(folder / "pki")).crl("anchor-a", lasts_s=-10, target=str(folder / "pki" / "old.crl"))
    path, done = check(folder, GOOD.replace("anchor-a.crl", "old.crl"))
    assert done.returncode == 0 and re.search(r"warning: CRL 0x1 of 'O=acme,CN=trust anchor a' \('.*old.crl', trust anchor anchor-a\) is out of date", done.stderr)


@pytest.mark.skipif(os.geteuid() != 0, reason="the user is looked up only by root, who can become it")
def test_a_user_that_is_not_there(folder):
    path, done = check(folder, "user: no-such-user\n" + GOOD)
    assert done.returncode == 1 and f"{path}:1: there is no user 'no-such-user' on this machine" in done.stderr


@pytest.mark.parametrize("words,said", [
    (["-xq"], "unknown option '-x'"),
    (["-tx"], "unknown option '-x'"),
    (["--test=yes"], "--test takes no value"),
    (["--nonsense"], "unknown option '--nonsense'"),
    (["-c"], "-c needs FILE"),
    (["-tc"], "-c needs FILE"),
    (["word", "-c", "x"], "unexpected argument 'word'"),
    (["-c", "x", "--replace"], "--replace goes with --restore DIR"),
    ([], "-c FILE is missing: the configuration"),
], ids=str)
def test_wrong_words_on_the_command_line_are_named(words, said):
    done = subprocess.run([os.path.join(BIN, "mtc-iwfd"), *words], capture_output=True, text=True, timeout=proc.HANG_S, check=False)
    assert done.returncode == 2 and done.stderr.splitlines() == [f"mtc-iwfd: {said}", "Try: mtc-iwfd --help"]


@pytest.mark.parametrize("program,name,said", [("mtc-hss", "mtc-hss.yaml", "configuration is valid, 4 subscribers"),
                                               ("mtc-smssc", "mtc-smssc.yaml", "configuration is valid")])
def test_the_shipped_examples_of_the_nodes_are_valid_with_their_places(tmp_path, program, name, said):
    for file in (name, "subscribers.jsonl"):
        with open(os.path.join(ROOT, "examples", file), encoding="utf-8") as f:
            (tmp_path / file).write_text(re.sub(r"/(var|run)/[a-z/-]*/", "", f.read()))
    path = tmp_path / name
    done = subprocess.run([os.path.join(BIN, program), "-t", "-c", str(path)], capture_output=True, text=True, timeout=proc.HANG_S, check=False)
    assert (done.returncode, done.stdout) == (0, f"{path}: {said}\n"), done.stderr


# -- -t and the start are one check

LONG = "d" * 100


def any_v6():
    """Any IPv6 address may be bound on this machine, whoever has it (net.ipv6.ip_nonlocal_bind)."""
    with socket.socket(socket.AF_INET6) as s:
        try:
            s.bind(("2001:db8::77", 0))
        except OSError:
            return False
        return True


NO_FOREIGN_V6 = pytest.mark.skipif(any_v6(), reason="this machine may bind every IPv6 address")
TWO = ("  - {{ name: x, zone: external, protection: tls, address: '::1', port: 45868, certificate: pki/iwf.pem, key: pki/iwf.key }}\n"
       "  - {{ name: y, zone: external, protection: tls, address: '{}', port: 45868, certificate: pki/iwf.pem, key: pki/iwf.key }}\npeers:\n")


@pytest.fixture(scope="module")
def foreign(folder):
    """Certificates that are good and not for this gateway."""
    pki = Pki(str(folder / "pki"))
    pki.leaf("client-own", "operator", "iwf.operator.example", "clientAuth")
    pki.leaf("named", "operator", "gw.operator.example", "serverAuth,clientAuth")
    return folder


@pytest.mark.parametrize("old,new,line,words", [
    ("path: ctl.sock", f"path: {LONG}", 5, "and a socket may have 107, expected a shorter path"),
    ("address: 127.0.0.1\n    port: 0", "address: 192.0.2.77\n    port: 0", 13, "Cannot assign requested address: no device of this machine has it; 'ip address' shows what it has"),
    pytest.param("address: 127.0.0.1\n    port: 0", "address: '2001:db8::77'\n    port: 0", 13,
                 "listener 'tsp' cannot have [2001:db8::77]:0: ", marks=NO_FOREIGN_V6),
    ("peers:\n", TWO.format("0:0::1"), 18, "listeners 'x' and 'y' have the same address and port"),
    ("peers:\n", TWO.format("::"), 18, "listeners 'x' and 'y' have the same port, and :: means every address"),
    ("pki/iwf.", "pki/client-own.", 15, "is not for a TLS server"),
    ("pki/iwf.", "pki/operator.", 15, "is the certificate of a CA"),
    ("pki/iwf.", "pki/named.", 15, "is not for our host name 'iwf.operator.example' (first dNSName in subjectAltName: gw.operator.example)"),
    ("decisions: decisions.jsonl", "decisions: pki", 6, "pki is a directory, expected a file"),
], ids=["control path", "address", "v6 address", "spellings", "wildcard", "client", "CA", "name", "decisions"])
def test_what_the_start_would_refuse_is_refused_by_the_check_in_the_same_words(foreign, old, new, line, words):
    path, done = check(foreign, GOOD.replace(old, new))
    assert done.returncode == 1 and f"{path}:{line}: " in done.stderr and words in done.stderr, done.stderr
    began = subprocess.run([os.path.join(BIN, "mtc-iwfd"), "-c", str(path)], capture_output=True, text=True, timeout=proc.HANG_S, check=False, stdin=subprocess.DEVNULL)
    assert (began.returncode, began.stderr, began.stdout) == (1, done.stderr, "")
    assert not os.path.exists(foreign / "state")


def starts(words, **more):
    """The daemon comes up: its ready line."""
    with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more) as child:
        line = child.stdout.readline()
        child.terminate()
        return line or child.stderr.read()


@pytest.fixture
def whole(folder):
    """A directory of its own, for a start that makes its state there."""
    with reached_by_all() as path:
        shutil.copytree(folder / "pki", path / "pki")
        yield path


def test_a_byte_order_mark_is_no_part_of_the_text(whole):
    path, done = check(whole, b"\xef\xbb\xbf" + GOOD.encode())
    assert done.returncode == 0, done.stderr
    assert starts([os.path.join(BIN, "mtc-iwfd"), "-c", str(path)]).startswith("ready 127.0.0.1:")


def test_relative_paths_start_beside_the_name_of_the_file_also_when_that_is_a_link(whole):
    (whole / "opt").mkdir()
    (whole / "opt" / "there.yaml").write_text(GOOD)
    (whole / "mtc-iwfd.yaml").symlink_to("opt/there.yaml")
    for more, name in (([], "mtc-iwfd.yaml"), (["-t"], "mtc-iwfd.yaml"), (["-t"], str(whole / "mtc-iwfd.yaml"))):
        words = [os.path.join(BIN, "mtc-iwfd"), *more, "-c", name]
        # as in errors and warnings, which name it and what it names by the whole path
        assert starts(words, cwd=whole).startswith(f"{whole}/mtc-iwfd.yaml: configuration is valid" if more else "ready 127.0.0.1:")


def test_a_pipe_is_read_once_and_serves_every_process(whole):
    text = re.sub(r"(?<=[ ])(state|ctl.sock|decisions.jsonl|pki/)", rf"{whole}/\1", GOOD)
    (whole / "c.yaml").write_text(text)
    for more in ("", "-t"):
        said = starts(["bash", "-c", f"exec {BIN}/mtc-iwfd {more} -c <(cat {whole}/c.yaml)"])
        assert said.startswith("/dev/fd/" if more else "ready 127.0.0.1:"), said


def test_everything_that_is_wrong_is_told_in_one_run(folder):
    """Of the text, of what spans several keys, of places and of certificates; nothing that only follows from another error."""
    text = (GOOD.replace("level: info", "level: loud").replace("state_dir: state", "state_dir: none/state").replace("pki/anchor-a.pem", "pki/broken.pem")
            .replace("port: 3868,", "prot: 3868,").replace("pki/iwf.key", "pki/other.key").replace("s6m: { peer: hss", "dnr: { retry_min: 9m, retry_max: 8m }\ns6m: { peer: hss"))
    path, done = check(folder, text)
    found = re.findall(rf"^mtc-iwfd: {re.escape(str(path))}:(\d+): ", done.stderr, flags=re.MULTILINE)
    assert sorted(map(int, found)) == [4, 6, 8, 16, 18, 19] and done.returncode == 1, done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts processes of another user")
def test_the_user_of_the_processes_must_reach_the_state(whole):
    (whole / "way").mkdir(mode=0o700)
    text = "user: nobody\n" + GOOD.replace("state_dir: state", "state_dir: way/state")
    path, done = check(whole, text)
    assert done.returncode == 1 and f"{path}:5: {whole}/way: user 'nobody' may not use it (Permission denied)" in done.stderr, done.stderr
    (whole / "way").chmod(0o755)
    path, done = check(whole, text)
    assert done.returncode == 0, done.stderr
    assert starts([os.path.join(BIN, "mtc-iwfd"), "-c", str(path)]).startswith("ready 127.0.0.1:")


CORE = 60101


def started(path):
    """What a start that comes to nothing says."""
    done = subprocess.run([os.path.join(BIN, "mtc-iwfd"), "-c", str(path)], capture_output=True, text=True, timeout=proc.HANG_S, check=False, stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stdout) == (1, ""), done
    return done.stderr


def chown(top, uid):
    for folder, _, files in os.walk(top):
        for name in (".", *files):
            os.chown(os.path.join(folder, name), uid, uid)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives a state_dir to another user")
def test_the_way_back_from_users_says_what_to_do(whole):
    """The core of root has no right to the files of others: -t and the start say the same, and what they advise is enough."""
    if "instruments" in check(whole, GOOD + "sandbox: require\n")[1].stderr:
        pytest.skip("a build with instruments has no sandbox, and root keeps all rights")
    path, done = check(whole, GOOD)
    assert starts([os.path.join(BIN, "mtc-iwfd"), "-c", str(path)]).startswith("ready 127.0.0.1:")
    state = whole / "state"
    (state / "notes").write_text("")
    os.chown(state / "notes", CORE, CORE)
    assert check(whole, GOOD)[1].returncode == 0  # the core does not open it
    for only in (state / "journal", state):
        chown(only, CORE)
        path, done = check(whole, GOOD)
        assert done.returncode == 1 and f"{path}:4: state_dir {state}: " in done.stderr, done.stderr
        assert f"belongs to user {CORE}" in done.stderr and f"Run 'chown -R root: {state}', or name user {CORE} as users.core" in done.stderr
        assert started(path) == done.stderr
    assert check(whole, GOOD + "sandbox: off\n")[1].returncode == 0
    assert check(whole, GOOD + f"users: {{ core: {CORE} }}\n")[1].returncode == 0
    subprocess.run(["chown", "-R", "root:", str(state)], check=True)
    path, done = check(whole, GOOD)
    assert done.returncode == 0, done.stderr
    assert starts([os.path.join(BIN, "mtc-iwfd"), "-c", str(path)]).startswith("ready 127.0.0.1:")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives a state_dir to another user")
def test_what_the_start_does_not_give_away_is_named_before(whole):
    state, text = whole / "state", GOOD + f"users: {{ core: {CORE} }}\n"
    state.mkdir()
    (whole / "other").write_text("of root")
    os.link(whole / "other", state / "linked")
    path, done = check(whole, text)
    assert done.returncode == 1, done
    assert f"{path}:4: state_dir {state}: linked: it has another name elsewhere (a hard link); it is not given to user {CORE}. Move it away" in done.stderr
    assert started(path) == done.stderr
    assert os.stat(state).st_uid == 0  # nothing was given
    (state / "linked").unlink()
    (state / "mine").write_text("")
    assert check(whole, text)[1].returncode == 0 and os.stat(state / "mine").st_uid == 0


# -- the nodes

NODE = """identity: {{ host: {0}.core.operator.example, realm: core.operator.example }}
listen: {{ address: 127.0.0.1, port: 0, protection: tls, certificate: pki/{0}.pem, key: pki/{0}.key, anchors: [ pki/operator.pem ] }}
"""
MORE = {"mtc-hss": "subscribers: subscribers.jsonl\n", "mtc-smssc": 'state_dir: state\nue_socket: ue.sock\nsc_address: "491770000000"\n'}


@pytest.fixture(scope="module")
def node_folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("nodes")
    pki = Pki(str(path / "pki"))
    pki.ca("operator", "/O=operator/CN=operator CA")
    pki.leaf("node", "operator", "node.core.operator.example", "serverAuth")
    pki.leaf("client", "operator", "node.core.operator.example", "clientAuth")
    pki.leaf("named", "operator", "other.core.operator.example", "serverAuth")
    (path / "subscribers.jsonl").write_bytes(b'\xef\xbb\xbf{"imsi":"001010000000001"}\n')
    return path


def node(folder, program, text, test=True):
    (folder / "node.yaml").write_text(text)
    return subprocess.run([os.path.join(BIN, program), *(["-t"] if test else []), "-c", "node.yaml"], capture_output=True, text=True, timeout=proc.HANG_S, check=False,
                          stdin=subprocess.DEVNULL, cwd=folder)


@pytest.mark.parametrize("program", MORE)
def test_a_node_is_checked_as_it_starts(node_folder, program):
    good = NODE.format("node") + MORE[program]
    assert node(node_folder, program, good).returncode == 0
    for old, new, words in (("pki/node.", "pki/client.", "2: listen: certificate '{}/pki/client.pem' is not for a TLS server"),
                            ("pki/node.", "pki/operator.", "2: listen: certificate '{}/pki/operator.pem' is the certificate of a CA"),
                            ("pki/node.", "pki/named.", "2: listen: certificate '{}/pki/named.pem' is not for our host name 'node.core.operator.example'"),
                            ("address: 127.0.0.1", "address: 192.0.2.77", "2: listen: 192.0.2.77:0 cannot be listened on: ")):
        done = node(node_folder, program, good.replace(old, new))
        assert done.returncode == 2 and f"{program}: node.yaml:{words.format('.').replace('./pki', 'pki')}" in done.stderr.replace("./pki", "pki"), done.stderr
        began = node(node_folder, program, good.replace(old, new), test=False)
        assert (began.returncode, began.stderr) == (2, done.stderr)


@NO_SCTP
@pytest.mark.parametrize("program", MORE)
def test_a_node_over_sctp_does_not_start_without_it(node_folder, program):
    plain = "identity: { host: node.core.operator.example, realm: core.operator.example }\nlisten: { address: 127.0.0.1, port: 0, protection: none"
    done = node(node_folder, program, plain + ", transport: sctp }\n" + MORE[program])
    assert (done.returncode, done.stderr) == (2, f"{program}: node.yaml:2: listen: this kernel has no SCTP; load its module (modprobe sctp), or "
                                              "use transport tcp\n")
    done = node(node_folder, program, plain + ", more_addresses: [ 127.0.0.2 ] }\n" + MORE[program])
    assert done.returncode == 2 and "2: listen: more_addresses belongs to transport sctp, and transport is tcp" in done.stderr


@pytest.mark.parametrize("program", MORE)
def test_a_node_tells_all_errors_and_warns_of_an_open_key(node_folder, program):
    key = node_folder / "pki" / "node.key"
    key.chmod(0o644)
    done = node(node_folder, program, NODE.format("node") + MORE[program])
    key.chmod(0o600)
    assert done.returncode == 0 and f"{program}: warning: node.yaml:2: listen: key 'pki/node.key' has mode 0644" in done.stderr, done.stderr
    done = node(node_folder, program, NODE.format("node").replace("realm: core", "realm: _") + MORE[program] + "watchdog: 1s\nx: y\n")
    lines = (MORE[program] + "x").count("\n") + 3
    assert [int(n) for n in re.findall(r"node.yaml:(\d+): ", done.stderr)] == [1, lines, lines + 1], done.stderr


def test_the_places_of_the_sms_sc_are_checked(node_folder):
    done = node(node_folder, "mtc-smssc", NODE.format("node") + 'state_dir: node.yaml\nue_socket: none/ue.sock\nevents: pki\nsc_address: "491770000000"\n')
    assert done.returncode == 2
    for words in ("3: node.yaml exists and is not a directory", "4: none/ue.sock: directory none does not exist", "5: pki exists and is not a file"):
        assert f"mtc-smssc: node.yaml:{words}" in done.stderr, done.stderr
