"""mtcctl import and export against the real mtc-iwfd: whole files in and out, and nothing at all when something is wrong."""
import array
import fcntl
import json
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import termios

import pytest
from conftest import BIN, ROOT
from lablib import proc

MTCCTL = os.path.join(BIN, "mtcctl")
HEAD = "who,device,effect,rights,not_before,not_after,mode\n"


@pytest.fixture
def ctl(lab):
    def run(*words, **more):
        return subprocess.run([MTCCTL, *words], capture_output=True, timeout=proc.HANG_S, check=False, text=True,
                              env={**os.environ, "MTC_CTL": lab.lab["iwf"]["ctl"]}, **{"input": "", **more})
    return run


@pytest.fixture
def rules(ctl):
    """What the store holds, as an export says it."""
    def read(kind="assoc"):
        done = ctl(kind, "export")
        assert done.returncode == 0, done.stderr
        return done.stdout
    return read


def write(path, text):
    path.write_text(text)
    return str(path)


# -- in

@pytest.mark.parametrize("name,text", [
    ("a.csv", HEAD + "acme,m1@in.example,deny,trigger recall,2030-01-01,,detect-only\nacme,\"\"\"q,\"\"@in.example\",,,,,\n"),
    ("a.jsonl", '{"who":"acme","device":"m1@in.example","effect":"deny","rights":["trigger","recall"],"not_before":"2030-01-01",'
                '"mode":"detect-only"}\n{"who":"acme","device":"\\"q,\\"@in.example"}\n'),
    ("rows", "device,who\r\n*@in.example,acme\r\n"),
    ("objects", '{"who":"acme","device":"*@in.example"}'),
])
def test_rows_of_a_file_are_in_force_when_it_is_answered(ctl, tmp_path, name, text):
    done = ctl("assoc", "import", write(tmp_path / name, text))
    n = 2 if name.startswith("a.") else 1
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"imported {tmp_path / name}: {n} row{'s' if n > 1 else ''}, ")
    assert done.stderr == ""
    listed = [json.loads(line) for line in ctl("--json", "assoc", "list", "--scs", "acme", "--limit", "0").stdout.splitlines()]
    found = {row.get("device"): row for row in listed}
    if n == 2:
        assert found["m1@in.example"]["effect"] == "deny" and found["m1@in.example"]["rights"] == ["trigger", "recall"]
        assert found["m1@in.example"]["mode"] == "detect-only" and found["m1@in.example"]["not_before"].startswith("2030-01-01T00:00:00")
        assert found['"q,"@in.example']["effect"] == "allow"
        assert ctl("assoc", "check", "acme", '"q,"@in.example').returncode == 0
    else:
        assert ctl("assoc", "check", "acme", "x@in.example").returncode == 0
    for device in [d for d in found if d and d.endswith("in.example")]:
        assert ctl("assoc", "del", "acme", device).returncode == 0


def test_standard_input_is_a_file_too(ctl):
    done = ctl("assoc", "import", "-", input="who,device\nacme,*@pipe.example\n")
    assert done.returncode == 0 and done.stdout.startswith("imported standard input: 1 row, "), done.stderr
    assert ctl("assoc", "check", "acme", "x@pipe.example").returncode == 0
    assert ctl("assoc", "del", "acme", "*@pipe.example").returncode == 0


def test_all_kinds_come_in(ctl, tmp_path):
    scs = "name,e164,origin_host,realm,anchor,payload_max\nkilo,491720000051,scs.kilo.example,kilo.example,anchor-a,77\n"
    assert ctl("scs", "import", write(tmp_path / "scs.csv", scs)).returncode == 0
    assert "payload_max       77\n" in ctl("scs", "show", "kilo").stdout
    assert ctl("group", "import", write(tmp_path / "g.csv", "group,anchor,scs\nkilos,anchor-a,\nkilos,,kilo\n")).returncode == 0
    assert "kilo" in ctl("group", "show", "kilos").stdout
    assert ctl("set", "import", write(tmp_path / "s.csv", "set,device\nspare,\ntrials,m1@kilo.example\n")).returncode == 0
    assert "m1@kilo.example" in ctl("set", "show", "trials").stdout
    assert ctl("assoc", "import", write(tmp_path / "a.csv", "who,device\ngroup:kilos,set:trials\n")).returncode == 0
    assert ctl("assoc", "check", "kilo", "m1@kilo.example").returncode == 0
    assert ctl("block", "import", write(tmp_path / "b.csv", "who,device\n*,m1@kilo.example\n")).returncode == 0
    assert "block * m1@kilo.example" in ctl("assoc", "check", "kilo", "m1@kilo.example").stdout
    for words in (["assoc", "del", "*", "m1@kilo.example"], ["set", "del", "trials"], ["set", "del", "spare"], ["group", "del", "kilos"],
                  ["scs", "del", "kilo"]):
        assert ctl(*words).returncode == 0, words


@pytest.mark.parametrize("kind,text,said", [
    ("assoc", HEAD + "acme,a@w.example,,,,,\nnobody,b@w.example,,,,,\nacme,c@w.example,,,,,\n", ["3: no SCS 'nobody'"]),
    ("assoc", HEAD + "acme,a@w.example,,,,,\nacme,meter,,,,,\nacme\nacme,c@w.example,,,,,\n",
     ["3: device 'meter': expected local@domain", "4: 1 field, expected 7"]),
    ("assoc", "who,device,colour\nacme,a@w.example,red\n", ["1: unknown column 'colour', expected some of: who, device"]),
    ("assoc", '{"who":"acme","device":"a@w.example"}\n{"who":"acme"}\n', ["2: device is empty, expected local@domain"]),
    ("assoc", "who,device\nacme,a@w.example\nacme,b@w.example\nacme,a@w.example\n", ["4: "]),
    ("scs", "name,e164,origin_host,realm,anchor\nzulu,491720000052,scs.z.example,z.example,anchor-z\n",
     ["2: trust anchor 'anchor-z' is not in the configuration"]),
    ("scs", "name,e164,origin_host,realm,anchor\nzulu,491720000001,scs.z.example,z.example,anchor-a\n", []),
    ("group", "group,anchor,scs\nw,anchor-a,acme\n", ["2: a row with an SCS has no anchor"]),
    ("group", "group,anchor,scs\nw,,nobody\n", ["2: no SCS 'nobody'"]),
    ("set", "set,device\nw,*@a.example\n", ["2: device '*@a.example': a member of a set is one device"]),
    ("block", "who,device\n*,meter\n", ["2: device 'meter'"]),
    ("assoc", "", ["1: the file is empty"]),
])
def test_one_wrong_line_and_nothing_is_changed(ctl, rules, tmp_path, kind, text, said):
    before = rules(kind)
    path = write(tmp_path / "wrong", text)
    done = ctl(kind, "import", path)
    assert done.returncode == 1 and done.stdout == ""
    for words in said:
        assert f"{path}:{words}" in done.stderr
    assert done.stderr.rstrip().endswith("nothing was changed")
    assert rules(kind) == before


def test_only_the_first_mistakes_are_shown(ctl, tmp_path):
    path = write(tmp_path / "wrong.csv", "who,device\n" + "acme\n" * 1000)
    done = ctl("assoc", "import", path)
    assert done.returncode == 1
    assert done.stderr.count(f"{path}:") == 21 and "the first 20 mistakes are shown" in done.stderr


def test_a_dry_run_changes_nothing(ctl, rules, tmp_path):
    before = rules()
    path = write(tmp_path / "dry.csv", "who,device\nacme,a@dry.example\nacme,b@dry.example\n")
    done = ctl("assoc", "import", path, "--dry-run")
    assert done.returncode == 0
    assert done.stdout == f"checked {path}: 2 rows, 2 added, 0 replaced, 0 unchanged, 0 deleted if it were imported; nothing was changed\n"
    assert rules() == before


def test_a_file_with_fewer_columns_leaves_the_others_alone(ctl, tmp_path):
    assert ctl("assoc", "add", "acme", "m-1@few.example", "--deny", "--rights", "recall", "--mode", "detect-only", "--not-after", "2040-01-01").returncode == 0
    before = ctl("assoc", "show", "acme", "m-1@few.example").stdout
    path = write(tmp_path / "few.csv", "who,device,effect\nacme,m-1@few.example,deny\n")
    done = ctl("assoc", "import", path)
    assert done.stdout == (f"imported {path}: 1 row, 0 added, 0 replaced, 1 unchanged, 0 deleted\n"
                           "columns that the file does not have and that stay as they are stored: rights,not_before,not_after,mode\n")
    assert ctl("assoc", "show", "acme", "m-1@few.example").stdout == before
    path = write(tmp_path / "all.csv", "who,device,effect,rights,not_before,not_after,mode\nacme,m-1@few.example,deny,,,,\n")
    assert ctl("assoc", "import", path).stdout.startswith(f"imported {path}: 1 row, 0 added, 1 replaced, 0 unchanged, 0 deleted\n")
    assert ctl("assoc", "show", "acme", "m-1@few.example").stdout != before
    path = write(tmp_path / "case.csv", "who,device\nacme,M-1@few.example\n")
    assert "warning: 1 device: the name differs only in case from another one's, as 'm-1@few.example' and 'M-1@few.example'" in ctl("assoc", "import", path).stderr
    path = write(tmp_path / "star.csv", "who,device\nacme,m-*@few.example\n")
    done = ctl("assoc", "import", path)
    assert done.returncode == 1 and f"{path}:2: device 'm-*@few.example': * ? [ ] {{ }} ( ) are no patterns inside a name" in done.stderr
    for device in ("m-1@few.example", "M-1@few.example"):
        assert ctl("assoc", "del", "acme", device).returncode == 0


def test_programs_read_lines(ctl, tmp_path):
    path = write(tmp_path / "wrong.csv", "who,device\nacme\nacme,x@y.example\n")
    done = ctl("--json", "assoc", "import", path)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert {"line": 2, "error": "1 field, expected 2 as in the header"} in lines
    assert lines[-1]["done"] is True and lines[-1]["ok"] is False
    assert ctl("--json", "assoc", "export").returncode == 2
    done = ctl("--json", "assoc", "export", str(tmp_path / "out.csv"))
    assert json.loads(done.stdout.splitlines()[-1])["ok"] is True


def test_an_import_is_recorded_with_who_asked_and_what_it_did(lab, ctl, tmp_path):
    path = write(tmp_path / "recorded-7.csv", "who,device\nacme,a@recorded-7.example\n")
    assert ctl("assoc", "import", path).returncode == 0
    assert ctl("assoc", "del", "acme", "a@recorded-7.example").returncode == 0
    with open(lab.lab["logs"]["mtc-iwfd"], encoding="utf-8") as f:
        lines = [line for line in f if "assoc.import" in line and "recorded-7.csv" in line]
    assert len(lines) == 1
    assert f" by uid {os.getuid()} gid {os.getgid()} pid " in lines[0] and ": done, 1 row: 1 added, 0 replaced, 0 unchanged, 0 deleted" in lines[0]


# -- out

@pytest.mark.parametrize("kind", ["scs", "group", "set", "assoc", "block"])
def test_both_formats_say_the_same(ctl, tmp_path, kind):
    csv, jsonl = str(tmp_path / "x.csv"), str(tmp_path / "x.jsonl")
    done = ctl(kind, "export", csv)
    assert done.returncode == 0 and re.fullmatch(rf"exported \d+ rows? to {csv}\n", done.stdout)
    assert ctl(kind, "export", jsonl).returncode == 0
    assert ctl(kind, "export").stdout == open(csv, encoding="utf-8").read()
    assert ctl(kind, "export", "-", "--format", "jsonl").stdout == open(jsonl, encoding="utf-8").read()
    assert len(open(csv, encoding="utf-8").readlines()) == len(open(jsonl, encoding="utf-8").readlines()) + 1
    for path in (csv, jsonl):
        if os.path.getsize(path):
            done = ctl(kind, "import", path, "--dry-run")
            assert done.returncode == 0, done.stderr


def test_an_export_takes_the_place_of_the_old_file_whole_or_not_at_all(ctl, tmp_path):
    place = tmp_path / "out.csv"
    place.write_text("old\n")
    (tmp_path / "link.csv").symlink_to("out.csv")
    assert ctl("assoc", "export", str(tmp_path / "link.csv")).returncode == 0
    assert (tmp_path / "link.csv").is_symlink() and place.read_text().startswith(HEAD)
    assert sorted(os.listdir(tmp_path)) == ["link.csv", "out.csv"]
    assert ctl("assoc", "export", str(tmp_path / "none" / "out.csv")).returncode == 2
    done = ctl("assoc", "export", "/dev/full")
    assert done.returncode == 4 and "no space left" in done.stderr  # as for any other output
    assert ctl("assoc", "export", "/dev/null").returncode == 0


def test_nobody_reads_the_export(lab):
    read, written = os.pipe()
    os.close(read)
    done = subprocess.run([MTCCTL, "--socket", lab.lab["iwf"]["ctl"], "assoc", "export"], stdout=written, stderr=subprocess.PIPE, text=True,
                          timeout=proc.HANG_S, check=False)
    os.close(written)
    assert done.returncode == 4 and "the reader of its output has left" in done.stderr


@pytest.mark.parametrize("words,said", [
    (["assoc", "import"], "FILE is missing"),
    (["assoc", "import", "/nonexistent/x.csv"], "/nonexistent/x.csv: cannot be opened"),
    (["assoc", "import", ""], "expected the name of a file"),
    (["assoc", "import", "x", "--format", "xml"], "expected one of: csv jsonl"),
    (["assoc", "export", "a", "b"], "unexpected argument 'b'"),
])
def test_usage_asks_nobody(words, said):
    done = subprocess.run([MTCCTL, "--socket", "/nonexistent", *words], capture_output=True, text=True, timeout=proc.HANG_S, check=False,
                          stdin=subprocess.DEVNULL)
    assert done.returncode == 2 and said in done.stderr


def test_a_folder_is_no_file(ctl, tmp_path):
    done = ctl("assoc", "import", str(tmp_path))
    assert done.returncode == 2 and "a directory, expected a file" in done.stderr


# -- descriptors by hand

class Client:
    def __init__(self, lab):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(proc.HANG_S)
        self.socket.connect(lab.lab["iwf"]["ctl"])
        self.lines = self.socket.makefile("r", encoding="utf-8")

    def ask(self, cmd, fds, **args):
        text = json.dumps({"cmd": cmd, "args": args}).encode() + b"\n"
        self.socket.sendmsg([text], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else [])

    def last(self):
        for line in self.lines:
            row = json.loads(line)
            if row.get("done"):
                return row
        return None

    def close(self):
        self.lines.close()
        self.socket.close()


@pytest.fixture
def client(lab):
    c = Client(lab)
    yield c
    c.close()


def core_files(lab):
    return len(os.listdir(f"/proc/{lab.ctl('status')[-1]['pid']}/fd"))


def test_descriptors_that_are_not_asked_for_are_closed(lab, until):
    read, written = os.pipe()
    before = core_files(lab)
    for cmd, fds in (("status", [read]), ("assoc.import", []), ("assoc.import", [read, read]), ("assoc.import", [read] * 9), ("none", [read])):
        c = Client(lab)
        c.ask(cmd, fds)
        assert c.last()["ok"] is False, cmd
        c.close()
    c = Client(lab)
    c.ask("assoc.import", [written])
    assert "is not open for reading" in c.last()["error"]
    c.ask("assoc.export", [read])
    assert "is not open for writing" in c.last()["error"]
    path_only = os.open("/", os.O_PATH)
    c.ask("assoc.import", [path_only])
    assert c.last()["ok"] is False
    c.close()
    for fd in (read, written, path_only):
        os.close(fd)
    until("the descriptors are closed", lambda: core_files(lab) <= before)


def test_a_pipe_that_says_nothing_holds_one_import_and_nothing_else(lab, ctl, client, until):
    read, written = os.pipe()
    before = core_files(lab)
    client.ask("assoc.import", [read], name="silent")
    assert json.loads(client.lines.readline())["progress"] is True
    second = ctl("assoc", "import", "-", input="who,device\nacme,a@second.example\n")
    assert second.returncode == 1 and "another import is under way" in second.stderr
    assert ctl("assoc", "add", "acme", "*@meanwhile.example").returncode == 0
    assert ctl("assoc", "del", "acme", "*@meanwhile.example").returncode == 0
    client.socket.shutdown(socket.SHUT_RDWR)  # who leaves takes his import with him
    until("the next one may come", lambda: ctl("assoc", "import", "-", input="who,device\nacme,a@third.example\n").returncode == 0)
    assert ctl("assoc", "check", "acme", "a@second.example").returncode == 1
    assert ctl("assoc", "del", "acme", "a@third.example").returncode == 0
    os.close(read)
    os.close(written)
    until("the pipe is closed", lambda: core_files(lab) <= before)


def test_a_program_that_reads_hears_of_each_step_when_it_comes(lab):
    """Progress is a line a quarter of a second; none of them waits in a buffer until there are 4 KiB of them."""
    with subprocess.Popen([MTCCTL, "--socket", lab.lab["iwf"]["ctl"], "--json", "assoc", "import", "-"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as run:
        ready, _, _ = select.select([run.stdout], [], [], proc.HANG_S)
        assert ready and json.loads(run.stdout.readline())["phase"] == "read"
        run.communicate("who,device\nacme,*@steps.example\n", timeout=proc.HANG_S)
    assert run.returncode == 0
    assert subprocess.run([MTCCTL, "--socket", lab.lab["iwf"]["ctl"], "assoc", "del", "acme", "*@steps.example"], check=False).returncode == 0


def test_half_a_file_and_then_gone(lab, rules, client, until):
    before = rules()
    read, written = os.pipe()
    os.write(written, b"who,device\nacme,a@half.example\n")
    client.ask("assoc.import", [read], name="half")
    while json.loads(client.lines.readline())["octets"] == 0:
        pass
    client.socket.shutdown(socket.SHUT_RDWR)
    os.write(written, b"acme,b@half.example\n")
    os.close(written)
    os.close(read)
    until("it is told in the log", lambda: "half: cancelled; nothing was changed" in open(lab.lab["logs"]["mtc-iwfd"], encoding="utf-8").read())
    assert rules() == before


# -- at a terminal

def at_terminal(lab, words, feed, columns=80):
    """Runs mtcctl with its stderr on a terminal; returns what that got and the exit code. `feed` gets its standard input, and a function that
    waits until a pattern stands on the terminal."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    p = subprocess.Popen([MTCCTL, "--socket", lab.lab["iwf"]["ctl"], *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=slave,
                         env={**os.environ, "TERM": "xterm"})
    os.close(slave)
    got = b""

    def more():
        nonlocal got
        ready, _, _ = select.select([master], [], [], proc.HANG_S)
        try:
            piece = os.read(master, 65536) if ready else b""
        except OSError:
            piece = b""
        got += piece
        return piece

    def shown(pattern):
        while not re.search(pattern, got):
            assert more(), got

    feed(p.stdin, shown)
    while more():
        pass
    out = p.stdout.read()
    code = p.wait(proc.HANG_S)
    os.close(master)
    return got.decode(), out.decode(), code


@pytest.mark.parametrize("columns", [80, 30])
def test_a_terminal_sees_how_far_it_is_and_a_clean_line_in_the_end(lab, ctl, columns):
    def slowly(pipe, shown):
        pipe.write(b"who,device\n")
        for n in range(4):
            pipe.write(f"acme,m{n}@bar.example\n".encode())
            pipe.flush()
            shown(rb"read    %d row" % (n + 1))
        pipe.close()

    got, out, code = at_terminal(lab, ["assoc", "import", "-"], slowly, columns)
    assert code == 0 and out.startswith("imported standard input: 4 rows")
    shown = [line for line in got.split("\r") if line]
    assert len(shown) >= 3
    for line in shown[:-1]:
        assert line.endswith("\x1b[K")
        text = line[:-3]
        assert len(text) < columns and re.match(r"(read|merge|sync|switch) +", text) and " row" in text, text
    assert shown[-1] == "\x1b[K" and any(re.match(r"read    [1-4] rows", line) for line in shown)
    for n in range(4):
        assert ctl("assoc", "del", "acme", f"m{n}@bar.example").returncode == 0


def test_mistakes_at_a_terminal_stand_on_lines_of_their_own(lab):
    def wrong(pipe, shown):
        pipe.write(b"who,device\n")
        pipe.flush()
        shown(rb"read ")
        pipe.write(b"acme\n")
        pipe.close()

    got, _, code = at_terminal(lab, ["assoc", "import", "-"], wrong)
    assert code == 1
    assert "\x1b[Kstandard input:2: 1 field, expected 2 as in the header\r\n" in got


def test_a_signal_takes_the_half_export_away(lab, tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    place = tmp_path / "x.csv"
    held = []
    p = None
    try:
        # nobody answers: mtcctl waits with its file half written
        silent = socket.socket(socket.AF_UNIX)
        silent.bind(str(tmp_path / "s"))
        silent.listen(1)
        p = subprocess.Popen([MTCCTL, "--socket", str(tmp_path / "s"), "assoc", "export", str(place)], stderr=subprocess.DEVNULL)
        held.append(silent.accept()[0])
        assert [n for n in os.listdir(tmp_path) if n.startswith("x.csv.")]
        p.send_signal(signal.SIGTERM)
        assert p.wait(proc.HANG_S) == -signal.SIGTERM
    finally:
        if p and p.poll() is None:
            p.kill()
        for s in held:
            s.close()
    assert not [n for n in os.listdir(tmp_path) if n.startswith("x.csv")]


def test_the_example_of_the_manual_is_right(ctl):
    done = ctl("assoc", "import", os.path.join(ROOT, "examples", "associations.csv"), "--dry-run")
    assert done.returncode == 0, done.stderr
