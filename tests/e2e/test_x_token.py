"""Keys of listeners in a PKCS#11 token: a keyholder of its own loads the module, and what is wrong with a token is said before it is used."""
import os
import re
import signal
import subprocess
import threading

import pytest

from lablib import lab as L
from lablib import proc
from test_x_keyholder import connects, counter, log
from test_x_sandbox import instrumented, status_of

MODULES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so")
PIN, LABEL = "2468", "iwf-key"


def module():
    found = next((m for m in MODULES if os.path.exists(m)), None)
    assert found, "there is no SoftHSM: apt-get install softhsm2"
    return found


class Token(L.Lab):
    """The key of the listener is in a token, and in no file."""

    def make_pki(self, say):
        made = super().make_pki(say)
        folder = self.path("token")
        os.makedirs(os.path.join(folder, "store"))
        proc.write(os.path.join(folder, "softhsm2.conf"), f"directories.tokendir = {folder}/store\nobjectstore.backend = file\n")
        os.environ["SOFTHSM2_CONF"] = os.path.join(folder, "softhsm2.conf")
        proc.write(os.path.join(folder, "pin"), PIN + "\n")
        os.chmod(os.path.join(folder, "pin"), 0o600)
        util("--init-token", "--free", "--label", "mtc", "--pin", PIN, "--so-pin", "13579")
        put(self.path("pki", "iwf.key"), LABEL, "01")
        os.rename(self.path("pki", "iwf.key"), self.path("pki", "iwf.key.away"))
        return made

    def iwf_config(self):
        folder, text = self.path("token"), super().iwf_config()
        text = text.replace(f"    key: {self.path('pki', 'iwf.key')}\n", f"    key_object: {LABEL}\n")
        return text + (f"keyholder:\n  pkcs11: {{ module: {module()}, token: mtc, pin_file: {folder}/pin, "
                       f"paths: [ {folder}, /etc/softhsm ] }}\n")


def util(*words):
    done = subprocess.run(["softhsm2-util", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def put(path, label, ident):
    subprocess.run(["openssl", "pkcs8", "-topk8", "-nocrypt", "-in", path, "-out", path + ".p8"], check=True)
    util("--import", path + ".p8", "--token", "mtc", "--label", label, "--id", ident, "--pin", PIN)
    os.unlink(path + ".p8")


@pytest.fixture
def token_lab(labs):
    before = os.environ.get("SOFTHSM2_CONF")
    p = labs.up(kind=Token)
    yield p
    wrong = labs.down(p)
    if before is None:
        os.environ.pop("SOFTHSM2_CONF", None)
    else:
        os.environ["SOFTHSM2_CONF"] = before
    assert not wrong, "\n".join(wrong)


class SlowToken(Token):
    """The module is slow or silent as long as a file says so."""

    def make_pki(self, say):
        made = super().make_pki(say)
        os.environ["P11_BEHIND"], os.environ["P11_IS"] = module(), self.path("token", "is")
        return made

    def iwf_config(self):
        slow = os.path.join(os.environ.get("MTC_BUILD", os.path.join(L.ROOT, "build")), "tests", "tools", "p11_slow.so")
        return super().iwf_config().replace(f"module: {module()}", f"module: {slow}").replace("paths: [ ", f"paths: [ {module()}, ")


@pytest.fixture
def slow_lab(labs):
    before = {name: os.environ.get(name) for name in ("SOFTHSM2_CONF", "P11_BEHIND", "P11_IS")}
    p = labs.up(kind=SlowToken, timers_more=", hang: 1s", iwf_more="limits: { unauthenticated: 64, unauthenticated_per_address: 64 }\n")
    yield p
    wrong = labs.down(p)
    for name, value in before.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value
    assert not wrong, "\n".join(wrong)


def test_a_slow_token_is_waited_for_and_a_silent_one_is_not(slow_lab):
    p = slow_lab
    says, first = os.path.join(p.lab["dir"], "token", "is"), holder(p)["pid"]
    proc.write(says + ".slow", "")
    asking = [threading.Thread(target=connects, args=(p, 40), daemon=True) for _ in range(14)]
    for t in asking:
        t.start()
    # what is played: signatures of 2 s each, together longer than any limit of silence
    proc.wait_until("all are signed", lambda: holder(p)["signatures"] >= 12)
    assert holder(p)["pid"] == first and " hangs: " not in log(p)
    for t in asking:
        t.join(proc.HANG_S)
    os.unlink(says + ".slow")

    proc.write(says + ".silent", "")
    os.kill(first, signal.SIGKILL)
    words = (r"keyholder-p11 \(pid \d+\) hangs: it has not started for 20000 ms \(timers.hang\); it is ended and started again; "
             "the PKCS#11 module or its token does not answer: try the token with the tools of its maker")
    proc.wait_until("the silent one is ended", lambda: re.search(words, log(p)))
    os.unlink(says + ".silent")
    proc.wait_until("the next one signs", lambda: connects(p) is None)
    proc.wait_until("it is shown", lambda: {r["process"]: r["times"] for r in p.ctl("status")[-1]["hung"]} == {"keyholder-p11": 1})


def holder(p):
    rows = p.ctl("status")[-1]["keyholders"]
    assert [r["name"] for r in rows] == ["keyholder-p11"]
    return rows[0]


def check(p, *changes):
    """What -t says of the configuration after these changes."""
    text = open(p.lab["iwf"]["config"], encoding="utf-8").read()
    for old, new in changes:
        assert re.search(old, text), old
        text = re.sub(old, new, text)
    text = re.sub(r"(?m)^    port: \d+", "    port: 0", text, count=1)
    conf = proc.write(os.path.join(p.lab["dir"], "checked.yaml"), text)
    done = subprocess.run([p.program("mtc-iwfd"), "-t", "-c", conf], capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


def line_named(p, text):
    """The line of the configuration that an error names."""
    number = re.search(r"^mtc-iwfd: (?!warning: ).*checked.yaml:(\d+): ", text, re.MULTILINE)
    assert number, text
    with open(os.path.join(p.lab["dir"], "checked.yaml"), encoding="utf-8") as f:
        return f.read().splitlines()[int(number[1]) - 1].strip()


def test_a_token_signs_and_what_is_wrong_with_it_is_said(token_lab):
    p = token_lab
    folder = p.lab["dir"]
    assert p.trigger("acme", device="meter-41@a.example", wait=proc.HANG_S).code == 0
    shown = holder(p)
    assert (shown["state"], shown["token"]) == ("up", "mtc")
    assert shown["paths"] == [module(), f"{folder}/token", "/etc/softhsm"]
    proc.wait_until("its signatures are shown", lambda: holder(p)["signatures"] > 0)
    with open(f"/proc/{shown['pid']}/maps", encoding="ascii") as f:
        assert "libsofthsm2" in f.read()
    for pid in [p.lab["iwf"]["pids"]["parent"], *p.edges().values()]:
        with open(f"/proc/{pid}/maps", encoding="ascii") as f:
            assert "libsofthsm2" not in f.read()  # the module of its maker is nowhere else
    assert PIN not in log(p)

    # -t, before anything is used: what, why, and what to do
    assert check(p)[0] == 0
    put(os.path.join(folder, "pki", "acme.key"), "other", "02")
    lines = (", paths", ",\n    paths"), (", pin_file", ",\n    pin_file"), (r", token: mtc\b", ",\n    token: mtc"), (r"\{ module", "{\n    module")
    for changes, key, words in (
            ([(r"token: mtc\b", "token: absent")], "token:", "shows no token 'absent'.*correct keyholder.pkcs11.token"),
            ([(f"key_object: {LABEL}", "key_object: nowhere")], "key_object:", "has no private key with the label 'nowhere'.*correct key_object"),
            ([(f"key_object: {LABEL}", "key_object: other")], "key_object:", "key_object 'other' of listener 'tsp' does not match certificate '.*iwf.pem'"),
            ([(r"module: [^,]*", "module: /nowhere.so")], "module:", "PKCS#11 module '/nowhere.so' cannot be loaded.*name the module in"),
            ([(r"module: [^,]*", "module: /lib/x86_64-linux-gnu/libc.so.6")], "module:", "is no PKCS#11 module: it has no C_GetFunctionList")):
        code, text = check(p, *lines, *changes)
        assert code == 1 and re.search(words, text), text
        assert line_named(p, text).startswith(key), text
    says = os.path.join(folder, "token", "says")
    os.environ["P11_BEHIND"], os.environ["P11_SAYS"] = module(), says
    wrapped = os.path.join(os.environ.get("MTC_BUILD", os.path.join(L.ROOT, "build")), "tests", "tools", "p11_says.so")
    code, text = check(p, (r"module: [^,]*", f"module: {wrapped}"))
    assert code == 0, text
    filtered = "0" if instrumented(status_of(p)["sandbox"]) else "2"
    with open(says, encoding="ascii") as f:  # the module of its maker is in the filter of a keyholder when it has logged in
        assert [line.split() for line in f] == [["Seccomp:", filtered]]
    for pin, words in (("1111\n", "the PIN is wrong; correct keyholder.pkcs11.pin_file"), ("\n", "pin_file is empty, expected the PIN of token 'mtc'"),
                       ("", "pin_file is empty, expected the PIN of token 'mtc'")):
        with open(os.path.join(folder, "token", "pin"), "w", encoding="ascii") as f:
            f.write(pin)
        code, text = check(p, *lines)
        assert code == 1 and words in text and "1111" not in text, text
        assert line_named(p, text).startswith("pin_file:"), text
    with open(os.path.join(folder, "token", "pin"), "w", encoding="ascii") as f:
        f.write("1111\n")

    # a reload tries it, too, and changes nothing
    rows = p.ctl("reload", check=False)
    assert not rows[-1]["ok"] and "the PIN is wrong" in "\n".join(r.get("text", "") for r in rows)
    assert connects(p) is None
    with open(os.path.join(folder, "token", "pin"), "w", encoding="ascii") as f:
        f.write(PIN + "\n")
    put(os.path.join(folder, "pki", "iwf.key.away"), "again", "03")
    assert p.ctl("reload")[-1]["ok"]

    # it dies: the next one logs in
    os.kill(holder(p)["pid"], 9)
    proc.wait_until("another one signs", lambda: holder(p)["pid"] not in (0, shown["pid"]) and connects(p) is None)
    assert counter(p, "keyholder_failed") == 0

