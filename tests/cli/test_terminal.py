"""Tables at terminals of any width, colour, rates: what a person sees and what a program gets."""
import datetime
import fcntl
import json
import os
import pty
import re
import signal
import socket
import struct
import subprocess
import termios
import threading

import pytest
from lablib import proc
from test_mtcctl import MTCCTL, run, server, ask  # noqa: F401  pylint: disable=unused-import

PEERS = [{"name": "hss", "host": "hss.core.operator.example", "realm": "core.operator.example", "address": "127.0.0.1:3868", "protection": "none",
          "state": "open", "since": "2026-11-30T10:00:00.000Z", "requests": 123456, "answers": 123456, "timeouts": 0, "pending": 0, "forgiven": 0,
          "reason": ""},
         {"name": "smssc", "host": "smssc.core.operator.example", "realm": "core.operator.example", "address": "127.0.0.1:3869", "protection": "none",
          "state": "waiting", "since": "2026-11-30T10:00:00.000Z", "requests": 1, "answers": 0, "timeouts": 1, "pending": 0, "forgiven": 0,
          "reason": "no answer, next attempt in 1 s"}]
DONE = {"done": True, "ok": True, "count": 2}
COLOUR = re.compile(r"\033\[[0-9;]*m")


def at_terminal(columns, *words, env=None):
    """What mtcctl writes to a terminal of this width; its exit code."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with subprocess.Popen([MTCCTL, *words], stdin=subprocess.DEVNULL, stdout=slave, stderr=subprocess.PIPE,
                          env={"PATH": os.environ["PATH"], "TERM": "xterm", **(env or {})}) as child:
        os.close(slave)
        got = b""
        try:
            while True:
                piece = os.read(master, 65536)
                if not piece:
                    break
                got += piece
        except OSError:  # the other end is closed
            pass
        os.close(master)
        assert child.stderr.read() == b""
        return got.decode().replace("\r\n", "\n"), child.wait(proc.HANG_S)


def widest(text):
    return max(len(line) for line in COLOUR.sub("", text).splitlines())


@pytest.mark.parametrize("columns", [20, 30, 40, 60, 80, 100, 132, 200])
def test_a_table_fits_the_terminal(server, columns):  # noqa: F811
    server.lines = PEERS + [DONE]
    text, code = at_terminal(columns, "--socket", server.path, "peers")
    plain = COLOUR.sub("", text)
    assert code == 0 and "hss" in plain and "waiting" in plain and "no answer" in " ".join(plain.split())
    if columns >= 60:  # below, a value may be wider than the terminal, and is not cut
        assert widest(text.split("REASON of")[0]) <= columns, text
        titles = plain.splitlines()[0].split()
        assert titles[0] == "NAME" and {"STATE", "ADDRESS"} <= set(titles)
        said = re.search(r"not shown for want of room: ((.|\n)*?) \(", plain)
        left_out = set(re.split(r"[,\s]+", said.group(1))) if said else set()
        assert left_out | set(titles) == {"NAME", "HOST", "ADDRESS", "PROTECTION", "STATE", "SINCE", "REQUESTS", "ANSWERS", "TIMEOUTS", "PENDING",
                                          "FORGIVEN"}
        assert left_out.isdisjoint(titles) and bool(left_out) == (columns < 145)


def test_without_a_terminal_the_form_never_changes(server):  # noqa: F811
    done = ask(server, "peers", lines=PEERS + [DONE])
    assert done.stdout.splitlines()[0].split() == ["NAME", "HOST", "ADDRESS", "PROTECTION", "STATE", "SINCE", "REQUESTS", "ANSWERS", "TIMEOUTS", "PENDING",
                                                   "FORGIVEN"]
    assert run("--socket", server.path, "peers", env={"COLUMNS": "40"}).stdout == done.stdout and "\033" not in done.stdout


def test_at_the_narrowest_each_row_stands_upright(server):  # noqa: F811
    server.lines = [{"name": "acme", "e164": "49170123456", "origin_host": "scs.acme.example", "realm": "acme.example", "anchor": "anchor-a", "sessions": 1},
                    DONE]
    text, _ = at_terminal(24, "--socket", server.path, "--color", "never", "scs", "list")
    assert text == ("NAME         acme\nE164         49170123456\nORIGIN-HOST  scs.acme.example\nREALM        acme.example\n"
                    "ANCHOR       anchor-a\nSESSIONS     1\n\n")


def test_the_last_column_is_wrapped_in_its_place(server):  # noqa: F811
    server.lines = [{"name": "requests", "value": 7, "help": "device action requests that reached the core, and more words than fit"}, DONE]
    text, _ = at_terminal(50, "--socket", server.path, "--color=never", "stats")
    assert text == ("COUNTER   VALUE  MEANING\n"
                    "requests  7      device action requests that\n"
                    "                 reached the core, and more words\n"
                    "                 than fit\n")


def test_a_later_row_that_is_wider_fits_too(server):  # noqa: F811
    server.lines = [{"name": f"s{i}", "members": 1, "rules": 1} for i in range(250)] + [{"name": "n" * 60, "members": 1, "rules": 1}, DONE]
    text, _ = at_terminal(40, "--socket", server.path, "--color=never", "set", "list")
    assert "\nNAME     " + "n" * 60 + "\nMEMBERS  1\nRULES    1\n" in text


@pytest.mark.parametrize("words,env,coloured", [
    ([], {}, True), (["--color", "auto"], {}, True), ([], {"NO_COLOR": "1"}, False), ([], {"NO_COLOR": ""}, True), ([], {"TERM": "dumb"}, False),
    (["--color", "never"], {}, False), (["--color=always"], {"NO_COLOR": "1"}, True), ([], {"MTC_COLOR": "never"}, False)])
def test_colour_is_for_people(server, words, env, coloured):  # noqa: F811
    server.lines = PEERS + [DONE]
    text, _ = at_terminal(200, "--socket", server.path, *words, "peers", env=env)
    assert (COLOUR.search(text) is not None) == coloured
    assert not coloured or ("\033[32mopen\033[0m" in text and "\033[33mwaiting\033[0m" in text)


def test_colour_without_a_terminal_must_be_asked_for(server):  # noqa: F811
    assert "\033" not in ask(server, "peers", lines=PEERS + [DONE]).stdout
    assert "\033[32mopen" in ask(server, "--color", "always", "peers", lines=PEERS + [DONE]).stdout
    assert "\033" not in ask(server, "--color", "always", "--json", "peers", lines=PEERS + [DONE]).stdout
    wrong = run("--color", "red", "peers")
    assert wrong.returncode == 2 and "--color is one of: auto always never" in wrong.stderr


def test_a_tail_is_coloured_by_the_same_rules(server):  # noqa: F811
    decision = {"time": "2027-01-01T10:00:00.123Z", "verdict": "refused", "action": "trigger", "scs": "acme", "reason": "no-association"}
    server.lines = [decision, DONE]
    assert "\033[1;31mrefused \033[0m trigger acme: no-association" in ask(server, "--color", "always", "tail", "--count", "1", lines=[decision, DONE]).stdout
    assert ask(server, "tail", "--count", "1", lines=[decision, DONE]).stdout == "2027-01-01T10:00:00.123Z refused  trigger acme: no-association\n"
    assert not COLOUR.search(at_terminal(200, "--socket", server.path, "--color", "never", "tail", "--count", "1")[0])
    assert COLOUR.search(at_terminal(200, "--socket", server.path, "tail", "--count", "1")[0])


class Silent:
    """A control socket that takes a request and answers when `seen` is set. mtcctl has a terminal as standard error."""

    def __init__(self, path, *words, term="xterm"):
        self.seen, self.got = threading.Event(), b""
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(1)
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()
        self.master, slave = pty.openpty()
        self.child = subprocess.Popen([MTCCTL, "--socket", path, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,  # pylint: disable=consider-using-with
                                      stderr=slave, env={"PATH": os.environ["PATH"], "TERM": term})
        os.close(slave)

    def serve(self):
        client, _ = self.listener.accept()
        with client, client.makefile("rb") as lines:
            lines.readline()
            self.seen.wait(proc.HANG_S)
            try:
                client.sendall(json.dumps(DONE).encode() + b"\n")
            except OSError:
                pass  # mtcctl has gone

    def until(self, *parts):
        while not all(part in self.got for part in parts):
            self.got += os.read(self.master, 4096)

    def interrupt(self):
        """Its exit code, without an answer."""
        self.child.send_signal(signal.SIGINT)
        with self.child:
            code = self.child.wait(proc.HANG_S)  # the gateway answers later only
        self.seen.set()
        self.thread.join(proc.HANG_S)
        os.close(self.master)
        self.listener.close()
        return code

    def end(self):
        """Its answer; everything at the terminal, the exit code."""
        self.seen.set()
        try:
            while piece := os.read(self.master, 4096):
                self.got += piece
        except OSError:
            pass
        os.close(self.master)
        with self.child:
            assert self.child.stdout.read() == b""
            code = self.child.wait(proc.HANG_S)
        self.thread.join(proc.HANG_S)
        self.listener.close()
        return self.got, code


def test_what_takes_longer_than_a_second_says_so(tmp_path):
    """The gateway answers when the line has been seen, whenever that is: no time is guessed."""
    one = Silent(str(tmp_path / "slow.sock"), "scs", "list")
    one.until(b"mtcctl scs list: 1 s")
    got, code = one.end()
    assert code == 0 and got.endswith(b"\r\033[K"), got  # the line is gone


UNTIL = rb"no answer from mtc-iwfd yet, waiting until \d\d:\d\d:\d\dZ at the latest \(--wait\)"


def test_who_waits_for_the_gateway_is_told_until_when(tmp_path):
    """In the line that counts, and, where no line can be written over, in one of its own."""
    one = Silent(str(tmp_path / "slow.sock"), "scs", "list")
    one.until(b"at the latest (--wait)")
    got, code = one.end()
    assert code == 0 and re.search(rb"mtcctl scs list: \d+ s, " + UNTIL, got) and got.endswith(b"\r\033[K"), got
    one = Silent(str(tmp_path / "dumb.sock"), "scs", "list", term="dumb")
    one.until(b"(--wait)\r\n")
    got, code = one.end()
    assert code == 0 and re.fullmatch(rb"mtcctl: " + UNTIL + rb"\r\n", got), got


@pytest.mark.parametrize("words,wait_s", [(("scs", "list"), 30), (("reload",), 90), (("--wait", "40", "reload"), 40)], ids=["any", "reload", "wait"])
def test_each_command_is_waited_for_as_long_as_it_may_take(tmp_path, words, wait_s):
    """A reload asks the name service (timers.names), a token and all processes."""
    began = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    one = Silent(str(tmp_path / "slow.sock"), *words, term="dumb")
    one.until(b"(--wait)\r\n")
    seen = datetime.datetime.now(datetime.timezone.utc)
    until = datetime.datetime.strptime(re.search(rb"until (\S+)Z", one.got).group(1).decode(), "%H:%M:%S").time()
    end = datetime.datetime.combine(began.date(), until, datetime.timezone.utc)
    end += datetime.timedelta(days=end < began)  # around midnight
    assert 0 <= (end - began).total_seconds() - wait_s <= (seen - began).total_seconds()
    assert one.interrupt() == -signal.SIGINT


def test_programs_are_told_nothing_before_the_end(tmp_path):
    one = Silent(str(tmp_path / "slow.sock"), "--wait", "3", "--json", "scs", "list")
    with pytest.raises(OSError):
        one.until(b"there is nothing before mtcctl gives up, which ends the terminal")
    got, code = one.end()
    assert code == 4 and got.startswith(b"mtcctl: mtc-iwfd does not answer") and got.count(b"\n") == 1, got


def test_an_interrupt_ends_the_wait_at_once(tmp_path):
    one = Silent(str(tmp_path / "slow.sock"), "scs", "list")
    one.until(b"at the latest (--wait)")
    assert one.interrupt() == -signal.SIGINT


@pytest.mark.parametrize("columns", [40, 72, 80, 200])
def test_the_doctor_wraps_its_sentences_at_the_terminal(columns):
    """At most 80 columns, as running text has everywhere; without a terminal a sentence is a line."""
    words = ["doctor", "./none-such.pem"]
    plain = run(*words).stdout
    text, code = at_terminal(columns, *words)
    assert code == 1 and text.split() == plain.split() and len(plain.splitlines()) == 4, text
    assert all(len(line) <= min(columns, 80) or " " not in line.strip().removeprefix("see: ") for line in text.splitlines()), text
    assert len(text.splitlines()) > 4 or columns > 40
    wrapped = [line for line in text.splitlines() if not re.match(r"wrong: |note: |right: |   do: |  see: |found: ", line)]
    assert all(line.startswith(" " * 7) and line[7] != " " for line in wrapped), text
