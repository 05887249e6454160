"""The web console over plain HTTP: log-in by UNIX credentials, roles, sessions, pages of other sites, and browsers that send rubbish, stand
still, or come in number. The gateway's own log and decision log say who did what."""
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

import pytest
from lablib import lab as L
from lablib import proc
from support import console as C
from support.pace import Watch

# Users of this machine that no account has. The console's own is another one than the gateway's: so it has to name persons.
CONSOLE_UID, READER, OPERATOR, NOBODY = 41001, 41002, 41003, 41004
READERS, OPERATORS = "games", "news"  # groups that Debian always has
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="other users can be played by root only")


def gid(name):
    import grp
    return grp.getgrnam(name).gr_gid


class Console:
    """A console with a user of its own beside the gateway of a laboratory."""

    def __init__(self, p, folder, more=""):
        self.p, self.folder = p, folder
        os.chmod(folder, 0o755)
        self.login = os.path.join(folder, "login.sock")
        own = os.path.join(folder, "own")
        os.mkdir(own)
        os.chown(folder, CONSOLE_UID, -1)
        conf = proc.write(os.path.join(folder, "console.yaml"), f"""listen: {{ address: {p.lab['iwf']['tsp']['address']}, port: 0 }}
control: {p.lab['iwf']['ctl']}
login: {self.login}
sandbox: prefer
{more}""")
        os.chmod(conf, 0o644)
        # group 0: that of the control socket
        command = ["setpriv", f"--reuid={CONSOLE_UID}", "--regid=0", "--clear-groups", p.program("mtc-iwf-console"), "-c", conf]
        self.running = p.start(f"mtc-iwf-console-{len(p.background)}", command)
        self.address, self.port = proc.wait_ready(self.running.entry)

    def log(self):
        with open(self.running.entry["log"], encoding="utf-8") as f:
            return f.read()

    def link(self, uid=0, group=None):
        groups = [gid(group)] if group else []
        return C.link(self.p.program("mtcctl"), self.login, uid, uid, groups)

    def browser(self, uid=0, group=None):
        code, row, err = self.link(uid, group)
        assert code == 0, err
        b = C.Browser(self.address, self.port)
        assert b.log_in(row["link"]).status == 200
        return b


def gateway_of(labs, more=""):
    p = labs.up(control_more=f", console_user: '{CONSOLE_UID}', console_groups: {{ read: {READERS}, operate: {OPERATORS} }}{more}")
    os.chmod(p.lab["dir"], 0o711)  # for a console that is not root
    return p


@pytest.fixture(scope="module")
def gateway(labs):
    p = gateway_of(labs)
    yield p
    wrong = labs.down(p)
    assert not wrong, "\n".join(wrong)


@contextlib.contextmanager
def console_of(p, more=""):
    folder = tempfile.mkdtemp(prefix="mtc-console-")
    try:
        c = Console(p, folder, more)
        yield c
        proc.end([c.running.entry])
        assert not c.running.alive(), "the console did not end by itself"
        p.background.remove(c.running)
        for sign in ("AddressSanitizer", "runtime error:", "ThreadSanitizer"):
            assert sign not in c.log()
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def console(gateway):
    with console_of(gateway) as c:
        yield c


def test_a_link_logs_in_once(console):
    code, row, err = console.link()
    assert code == 0 and row["role"] == "admin" and row["name"] == "root" and row["seconds"] == 60, (row, err)
    assert row["link"].startswith(f"http://{console.address}:{console.port}/#")
    b = C.Browser(console.address, console.port)
    answer = b.log_in(row["link"])
    assert answer.status == 200 and answer.json["name"] == "root"
    assert "HttpOnly" in answer.headers["Set-Cookie"] and "SameSite=Strict" in answer.headers["Set-Cookie"]
    again = C.Browser(console.address, console.port).log_in(row["link"])
    assert again.status == 401 and "used before" in again.error and "Set-Cookie" not in again.headers
    assert b.get("me").json["role"] == "admin"
    assert row["link"][-32:] not in console.log() and row["link"][-64:-32] not in console.log() and b.cookie not in console.log() and b.token not in console.log()
    for body in ({}, {"link": 7}, {"link": "0" * 32}, {"link": "0" * 64}, {"link": row["link"][-64:]}, "rubbish", "[" * 5000):
        assert C.Browser(console.address, console.port).ask("POST", "/login", body).status == 401


def test_one_person_takes_no_places_of_the_others(console):
    """Four connections that ask for nothing: the fifth of this user is turned away, and another user is not."""
    with contextlib.ExitStack() as held:
        for _ in range(4):
            held.enter_context(socket.socket(socket.AF_UNIX)).connect(console.login)
        code, _, err = console.link()
        assert code and "too many ask for a link at the same time" in err, err
        code, row, err = console.link(OPERATOR, OPERATORS)
        assert code == 0 and row["role"] == "operate", (row, err)
    proc.wait_until("the places are free again", lambda: console.link()[0] == 0)


def test_who_has_no_role_gets_no_link(console):
    code, row, err = console.link(NOBODY)
    assert code == 1 and not row.get("link") and "has no role on the console" in err
    done = subprocess.run([console.p.program("mtcctl"), "console", "--login", "/nonexistent/login.sock"], capture_output=True, text=True,
                          timeout=proc.HANG_S, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 4 and "is mtc-iwf-console running?" in done.stderr


def test_roles_are_those_of_the_unix_groups(console):
    reader, operator, admin = console.browser(READER, READERS), console.browser(OPERATOR, OPERATORS), console.browser()
    assert [b.get("me").json["role"] for b in (reader, operator, admin)] == ["read", "operate", "admin"]
    assert reader.get("me").json["name"] == f"uid-{READER}"
    for b in (reader, operator, admin):
        assert {r["name"] for r in b.rows("peers")} == {"hss", "smssc"}
    rule = {"scs": "acme", "device": "meter-1@b.example"}
    refused = [(reader, "peers.stop", {"name": "hss"}), (reader, "assoc.add", rule), (reader, "triggers.cancel", {"scs": "acme", "reference": 1}),
               (operator, "assoc.add", rule), (operator, "assoc.undo", {})]
    before = len(console.p.decisions())
    for b, command, args in refused:
        answer = b.change(command, **args)
        assert answer.status == 403 and "role" in answer.error, (command, answer.body)
    for b in (reader, operator):
        assert b.ask("POST", "/api/import?kind=assoc", "who,device,effect\n").status == 403
    assert len(console.p.decisions()) == before
    assert operator.change("quota.reset", scs="acme").status == 200
    assert admin.change("assoc.add", **rule).status == 200
    assert admin.change("assoc.del", **rule).status == 200


def test_every_change_names_the_person(console):
    operator = console.browser(OPERATOR, OPERATORS)
    assert operator.change("quota.reset", scs="beta").status == 200
    line = console.p.decisions(action="provisioning", scs="beta")[-1]
    assert line["address"] == f"uid-{OPERATOR} by the console, uid {CONSOLE_UID}" and line["rule"].startswith("quota.reset ")
    with open(console.p.lab["logs"]["mtc-iwfd"], encoding="utf-8") as f:
        assert f"quota.reset {{\"scs\":\"beta\"}} by uid-{OPERATOR} by the console, uid {CONSOLE_UID}" in f.read()
    found = operator.rows("decisions.search", action="provisioning", scs="beta", limit=1)
    assert found[0]["address"] == line["address"]


def test_a_reload_reads_the_groups_again(labs):
    """A role is given, moved and taken away while the core runs; who is logged in keeps the role until the log-in ends."""
    p = labs.up(control_more=f", console_user: '{CONSOLE_UID}', console_groups: {{ operate: nosuchgroup }}")
    os.chmod(p.lab["dir"], 0o711)
    with open(p.lab["iwf"]["config"], encoding="utf-8") as f:
        first = f.read()
    core = L.roles(p.lab["iwf"]["pids"]["parent"])["core"]

    def reloaded(groups):
        proc.write(p.lab["iwf"]["config"], first.replace("{ operate: nosuchgroup }", groups))
        rows = p.ctl("reload", check=False)
        assert rows[-1]["ok"] and rows[-1]["restart"] == 0, rows
        return rows
    with console_of(p) as c:
        assert c.link(OPERATOR, OPERATORS)[0] == 1
        rows = reloaded(f"{{ operate: {OPERATORS} }}")
        assert any("console_groups.operate" in row.get("text", "") and OPERATORS in row["text"] for row in rows), rows
        b = c.browser(OPERATOR, OPERATORS)
        assert b.get("me").json["role"] == "operate" and b.change("peers.stop", name="hss").status == 200
        reloaded(f"{{ operate: {READERS}, read: {OPERATORS} }}")
        assert c.browser(OPERATOR, OPERATORS).get("me").json["role"] == "read"
        assert b.change("peers.start", name="hss").status == 200
        reloaded("{ operate: nosuchgroup }")
        code, _, err = c.link(OPERATOR, OPERATORS)
        assert code == 1 and "has no role" in err
    assert core == L.roles(p.lab["iwf"]["pids"]["parent"])["core"]
    changes = [d["rule"] for d in p.decisions(action="configuration") if "console_groups" in d.get("rule", "")]
    assert len(changes) >= 4, changes
    assert labs.down(p) == []


def test_mtcctl_of_the_consoles_user_changes_nothing(console):
    """Whoever takes the console over still has to name a person, and mtc-iwfd judges by the role that is named."""
    with socket.socket(socket.AF_UNIX) as s:  # of root: not the console's user
        s.connect(console.p.lab["iwf"]["ctl"])
        s.sendall(json.dumps({"cmd": "peers", "on_behalf_of": "root", "role": "admin"}).encode() + b"\n")
        assert "only the console may" in s.makefile().readline()
    done = subprocess.run(["setpriv", f"--reuid={CONSOLE_UID}", "--regid=0", "--clear-groups", console.p.program("mtcctl"), "--socket",
                           console.p.lab["iwf"]["ctl"], "peers", "stop", "hss"], capture_output=True, text=True, timeout=proc.HANG_S, check=False,
                          stdin=subprocess.DEVNULL)
    assert done.returncode == 1 and "without the name of a person" in done.stderr


ASKS_WITH_A_FILE = """import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as s:
    s.connect(sys.argv[1])
    fds = [os.memfd_create("trace")] if sys.argv[3] == "fd" else []
    socket.send_fds(s, [sys.argv[2].encode() + b"\\n"], fds)
    print(s.makefile().readline())
"""


def asks_as_the_console(p, request, fd=False):
    """What a console that was taken over could send."""
    done = subprocess.run(["/usr/bin/python3", "-c", ASKS_WITH_A_FILE, p.lab["iwf"]["ctl"], json.dumps(request), "fd" if fd else ""],
                          capture_output=True, text=True, timeout=proc.HANG_S, check=True, **C.as_user(CONSOLE_UID, 0))
    return json.loads(done.stdout)


def ticket_of(console, uid=0, group=None):
    """The log-in of a person who asked for a link, as the console gets it from mtc-iwfd."""
    code, row, err = console.link(uid, group)
    assert code == 0, err
    return asks_as_the_console(console.p, {"cmd": "console.enter", "args": {"link": row["link"][-32:]}})


def test_a_console_that_is_taken_over_makes_no_person(console):
    """Its word alone is worth the role read, in any name. Links are not its own: the kernel says who asked, and only who asked gets one."""
    p = console.p
    rule = {"cmd": "assoc.add", "args": {"scs": "acme", "device": "meter-1@b.example"}}
    for role in ("read", "operate", "admin"):
        last = asks_as_the_console(p, {**rule, "on_behalf_of": "root", "role": role})
        assert not last["ok"] and "root has read" in last["error"], last
        last = asks_as_the_console(p, {"cmd": "peers.stop", "args": {"name": "hss"}, "on_behalf_of": "root", "role": role})
        assert not last["ok"] and "root has read" in last["error"], last
    for ticket in ("", "0" * 32, "f" * 64):
        last = asks_as_the_console(p, {**rule, "on_behalf_of": "root", "ticket": ticket})
        assert not last["ok"] and "log in again" in last["error"], last
    client = {"cmd": "console.client", "args": {"url": "http://127.0.0.1:1/#", "seconds": 60}}
    said = hands_over(p, client)
    assert "no connection" in said["none"] and "no connection" in said["listener"] and "not a stream" in said["tcp"], said
    # the other end of a connection to a socket of root: the kernel tells of root there
    assert "not the end that accepted" in said["client of root"], said
    assert "has no role" in said["pair"] and "has no role" in said["own client"], said
    for url in ("http://127.0.0.1:1/\033[1m#", "http://127.0.0.1:1/ #", "ftp://127.0.0.1/#"):  # what mtcctl would print
        said = hands_over(p, {"cmd": "console.client", "args": {"url": url, "seconds": 60}})
        assert all("url is wrong" in words for words in said.values()), said
    operator = ticket_of(console, OPERATOR, OPERATORS)
    assert operator["ok"] and operator["role"] == "operate" and operator["name"] == f"uid-{OPERATOR}", operator
    last = asks_as_the_console(p, {**rule, "on_behalf_of": operator["name"], "ticket": operator["ticket"]})
    assert not last["ok"] and "needs the role admin" in last["error"], last
    last = asks_as_the_console(p, {**rule, "on_behalf_of": "root", "ticket": operator["ticket"]})
    assert not last["ok"] and "expected the person of the ticket" in last["error"], last
    assert asks_as_the_console(p, {"cmd": "quota.reset", "args": {"scs": "beta"}, "on_behalf_of": operator["name"], "ticket": operator["ticket"]})["ok"]
    assert asks_as_the_console(p, {"cmd": "console.leave", "args": {"ticket": operator["ticket"]}})["ok"]
    last = asks_as_the_console(p, {"cmd": "quota.reset", "args": {"scs": "beta"}, "on_behalf_of": operator["name"], "ticket": operator["ticket"]})
    assert not last["ok"] and "log in again" in last["error"], last
    for request in (client, {"cmd": "console.enter", "args": {"link": "0" * 32}}, {"cmd": "console.leave", "args": {"ticket": "0" * 32}}):
        with socket.socket(socket.AF_UNIX) as s:  # of root: not the console's user
            s.connect(p.lab["iwf"]["ctl"])
            socket.send_fds(s, [json.dumps(request).encode() + b"\n"], [s.fileno()] if request is client else [])
            assert "only the console may" in s.makefile().readline()


HANDS_OVER = """import json, os, socket, sys
def ask(request, fd):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(sys.argv[1])
        socket.send_fds(s, [request.encode() + b"\\n"], [fd])
        return json.loads(s.makefile().readline()).get("error", "done")
own = socket.socket(socket.AF_UNIX)
own.bind("\\0mtc-test-" + str(os.getpid()))
own.listen()
client = socket.socket(socket.AF_UNIX)
client.connect(own.getsockname())
accepted, _ = own.accept()
of_root = socket.socket(socket.AF_UNIX)
of_root.connect(sys.argv[3])
left, right = socket.socketpair(socket.AF_UNIX)
tcp = socket.socket()
tcp.bind(("127.0.0.1", 0))
tcp.listen()
tcp_client = socket.create_connection(tcp.getsockname())
print(json.dumps({word: ask(sys.argv[2], fd) for word, fd in (
    ("none", os.memfd_create("x")), ("listener", own.fileno()), ("tcp", tcp_client.fileno()), ("client of root", of_root.fileno()), ("pair", left.fileno()),
    ("own client", accepted.fileno()))}))
"""


def hands_over(p, request):
    """The console's user hands over what it can make itself; its groups have a role. The control socket is root's."""
    done = subprocess.run(["/usr/bin/python3", "-c", HANDS_OVER, p.lab["iwf"]["ctl"], json.dumps(request), p.lab["iwf"]["ctl"]], capture_output=True,
                          text=True, timeout=proc.HANG_S, check=True, **C.as_user(CONSOLE_UID, 0, [gid(OPERATORS)]))
    return json.loads(done.stdout)


def test_traces_need_admin_and_name_the_person(console):
    """The page does not offer them. Whatever holds the console's socket may ask, for a person, and no more than that person may."""
    p = console.p
    start = {"cmd": "trace.start", "args": {"scs": "acme", "unredacted": True, "seconds": 60}}
    for uid, group in ((READER, READERS), (OPERATOR, OPERATORS)):
        person = ticket_of(console, uid, group)
        for request, fd in ((start, True), ({"cmd": "trace.stop"}, False)):
            last = asks_as_the_console(p, {**request, "on_behalf_of": person["name"], "ticket": person["ticket"]}, fd)
            assert not last["ok"] and "needs the role admin" in last["error"], last
    last = asks_as_the_console(p, start, True)
    assert not last["ok"] and "without the name of a person" in last["error"], last
    root = ticket_of(console)["ticket"]
    assert asks_as_the_console(p, {**start, "on_behalf_of": "root", "ticket": root}, True)["ok"]
    assert asks_as_the_console(p, {"cmd": "trace.stop", "on_behalf_of": "root", "ticket": root})["ok"]
    p.wait_decision(action="trace", reason="ended")
    lines = p.decisions(action="trace")
    assert [line["reason"] for line in lines] == ["started", "ended"]
    assert all(f"root by the console, uid {CONSOLE_UID}" in json.dumps(line) for line in lines)
    assert f"stopped by root by the console, uid {CONSOLE_UID}" in lines[1]["rule"]


def test_nobody_keeps_others_from_the_log_in(console):
    """Everybody may connect to the socket of links: one user can take a few places, and not all."""
    held = subprocess.Popen(["/usr/bin/python3", "-c", HOLDS, console.login], stdout=subprocess.PIPE, text=True, **C.as_user(NOBODY))
    try:
        assert held.stdout.readline() == "held\n"
        for _ in range(5):
            code, _, err = console.link()
            assert code == 0, err
    finally:
        held.kill()
        held.wait()
        held.stdout.close()


def test_who_asks_late_for_a_link_gets_none_of_somebody_else(console):
    """The first half of a link is the console's, made for one person: an answer with that of another would let its reader use that up."""
    with subprocess.Popen(["/usr/bin/python3", "-c", ASKS_LATE, console.login], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                          **C.as_user(READER, READER, [gid(READERS)])) as late:
        assert late.stdout.readline() == "connected\n"
        code, row, err = console.link()  # is handed over after the one who waits
        assert code == 0, err
        answer, _ = late.communicate("\n", timeout=proc.HANG_S)
    answer = json.loads(answer)
    assert answer["ok"] and answer["name"] == f"uid-{READER}", answer
    assert answer["link"][:-32] != row["link"][:-32], "the page of another person"
    for link in (answer["link"], row["link"]):
        assert C.Browser(console.address, console.port).log_in(link).status == 200


ASKS_LATE = """import socket, sys
with socket.socket(socket.AF_UNIX) as s:
    s.connect(sys.argv[1])
    print("connected", flush=True)
    sys.stdin.readline()
    s.sendall(b'{\\"cmd\\":\\"console.link\\"}\\n')
    print(s.makefile().readline())
"""


def test_strangers_do_not_fill_the_log(gateway):
    """Everybody on this machine may try links, and ask for one: after a few lines the log has their number."""
    with console_of(gateway) as c:  # whose log has nothing else
        b = C.Browser(c.address, c.port)
        for n in range(60):
            assert b.log_in(f"http://x/#{n:064x}").status == 401
        subprocess.run(["/usr/bin/python3", "-c", ASKS_OFTEN, c.login], timeout=proc.HANG_S, check=True, **C.as_user(NOBODY))
        for own, rest in (("a log-in by a link was refused", r"(\d+) more log-ins by a link were refused"),
                          (f"uid {NOBODY} got no link", r"(\d+) more users got no link")):
            def told(own=own, rest=rest):
                lines, more = c.log().count(own), sum(int(n) for n in re.findall(rest, c.log()))
                return lines + more == 60 and (lines, more)
            lines, more = proc.wait_until("all are told", told)
            assert lines >= 8 and more > 0


ASKS_OFTEN = """import socket, sys
for _ in range(60):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(sys.argv[1])
        assert "has no role" in s.makefile().readline()  # whatever is asked
"""


HOLDS = """import socket, sys, time
held = []
def more():
    s = socket.socket(socket.AF_UNIX)
    s.connect(sys.argv[1])
    held.append(s)
for _ in range(200):
    more()
print("held", flush=True)
while True:
    more()
    held.pop(0).close()
    time.sleep(0.01)
"""


def test_cookie_and_token_are_both_needed(console):
    one, other = console.browser(), console.browser()
    for headers in ({"Cookie": None}, {"X-Console-Token": None}, {"X-Console-Token": other.token}, {"X-Console-Token": one.cookie},
                    {"Cookie": f"mtc_console={other.cookie}"}, {"Cookie": f"mtc_console={one.cookie}; mtc_console={one.cookie}"},
                    {"Cookie": "mtc_console=" + "0" * 32}):
        for method, path in (("GET", "/api/peers"), ("POST", "/api/peers.stop"), ("GET", "/api/me"), ("POST", "/logout"), ("POST", "/api/import?kind=scs")):
            answer = one.ask(method, path, {} if method == "POST" else None, headers)
            assert answer.status == 401, (method, path, headers, answer.body)
    assert one.get("me").status == 200


def test_pages_of_other_sites_may_not_ask(console):
    b = console.browser()
    bad = [{"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
           {"Origin": f"http://{console.address}:1"}]
    for headers in bad:
        assert b.ask("POST", "/api/peers.stop", {"name": "hss"}, headers).status == 403
        assert b.ask("POST", "/login", {"link": "0" * 32}, headers).status == 403
    for host in ("evil.example", f"evil.example:{console.port}", console.address, "", None):  # a name that resolves to us (DNS rebinding)
        for path in ("/", "/api/peers"):
            assert b.ask("GET", path, headers={"Host": host}).status in (400, 421), host
    assert b.ask("GET", "/api/peers", headers={"Host": f"localhost:{console.port}"}).status == 200
    assert [r["state"] for r in b.rows("peers")] == ["open", "open"]


def test_each_answer_has_the_policy(console):
    b = console.browser()
    for path in ("/", "/console.js", "/console.css", "/icon.svg", "/nothing", "/api/me", "/api/nothing"):
        headers = b.ask("GET", path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff" and headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"
    page = b.ask("GET", "/").body
    assert "<script>" not in page and "style=" not in page and "onclick" not in page and "http:" not in page and "https:" not in page


def test_log_out_and_times(gateway):
    with console_of(gateway, "timers: { link: 5s, idle: 5s, session: 10s }\n") as c:
        _, row, _ = c.link()
        late = C.Browser(c.address, c.port)
        began = time.monotonic()
        one = c.browser()
        assert one.ask("POST", "/logout").status == 200 and one.get("me").status == 401
        # a session that is used ends at its longest time, one that only polls when it was idle
        used, polls = c.browser(), c.browser()
        opened = time.monotonic()
        proc.wait_until("the idle session ends", lambda: polls.ask("GET", "/api/me", headers={"X-Console-Poll": "1"}).status == 401
                        or used.get("me").status == 0)
        assert time.monotonic() - opened >= 4.9
        proc.wait_until("the longest time", lambda: used.get("me").status == 401)
        assert time.monotonic() - began > 5 and late.log_in(row["link"]).status == 401


def test_sessions_and_links_are_bounded(gateway):
    with console_of(gateway, "limits: { links: 2, sessions: 3, sessions_per_person: 2 }\n") as c:
        assert c.link()[0] == 0 and c.link()[0] == 0 and c.link()[0] == 0  # the third took the place of the first
        assert c.link(READER, READERS)[0] == 1 and c.link(OPERATOR, OPERATORS)[0] == 1
        code, _, err = c.link(READER, READERS)
        assert code == 1 and "too many links are open (limits.links)" in err
    with console_of(gateway, "limits: { sessions: 3, sessions_per_person: 2 }\n") as c:
        mine = [c.browser() for _ in range(3)]
        assert [b.get("me").status for b in mine] == [401, 200, 200]  # the third took the place of the first
        reader = c.browser(READER, READERS)
        _, row, _ = c.link(OPERATOR, OPERATORS)
        answer = C.Browser(c.address, c.port).log_in(row["link"])
        assert answer.status == 503 and "too many sessions" in answer.error
        assert reader.get("me").status == 200


def test_pages_get_what_they_show(console):
    p, b = console.p, console.browser(READER, READERS)
    done = p.trigger("acme", device="meter-7@a.example", port=16001, reference=4711, wait=proc.HANG_S)
    assert done.code == 0, done
    p.trigger("acme", device="meter-7@b.example", port=16001, reference=4712)
    history = b.get("triggers.show", scs="acme", reference=4711).json["last"]["history"]
    assert [h["to"] for h in history]
    refused = b.rows("decisions.search", verdict="refused", scs="acme", device="meter-7@b.example")
    assert refused[0]["reason"] == "no-association" and refused[0]["reference"] == 4712
    older = b.rows("decisions.search", before=refused[0]["number"], limit=1)
    assert older[0]["number"] < refused[0]["number"]
    check = b.get("assoc.check", scs="acme", device="meter-7@b.example").json["last"]
    assert check["allowed"] is False and check["changes"]
    assert b.get("assoc.check", scs="acme", device="meter-7@a.example", ask_hss="yes").json["last"]["hss"]["allowed"] is True
    some = b.rows("stats", _fields="name", _rows=3)
    assert len(some) == 3 and all(list(row) == ["name"] for row in some)


def test_wrong_questions_are_refused_in_words(console):
    b = console.browser()
    for path, status in (("/api/scs.show", 400), ("/api/scs.show?name=nobody", 400), ("/api/scs.show?name=acme&name=beta", 400),
                         ("/api/scs.show?nam=acme", 400), ("/api/triggers.list?limit=-1", 400), ("/api/triggers.list?limit=x", 400),
                         ("/api/stats?_rows=x", 400), ("/api/nothing", 404), ("/api/reload", 404), ("/api/backup.copy", 404), ("/api/scs.import", 404),
                         ("/nothing", 404), ("/../etc/passwd", 404), ("/%2e%2e/etc/passwd", 404), ("/api/peers.stop?name=hss", 405), ("/login", 405)):
        answer = b.ask("GET", path)
        assert answer.status == status and answer.error, (path, answer.status, answer.body)
    for body in ("", "[]", "{", '{"name":7}', '{"name":"hss","name":"smssc"}', '{"name":"hss","more":1}', '{"name":"nobody"}', '"' * 60000):
        answer = b.ask("POST", "/api/peers.stop", body)
        assert answer.status == 400 and answer.error, body[:40]
    assert b.ask("POST", "/api/peers.stop", "x" * 70000).status == 413
    assert b.ask("POST", "/api/peers", {}).status == 405
    assert b.ask("DELETE", "/api/peers").status == 405
    assert [r["state"] for r in b.rows("peers")] == ["open", "open"]


def import_of(b, query, text):
    answer = b.ask("POST", f"/api/import?{query}", text)
    assert answer.status == 202, answer.body
    return proc.wait_until("the import ends", lambda: (s := b.ask("GET", "/api/import").json)["state"] != "running" and s)


def test_imports_show_how_far_they_are(console):
    b = console.browser()
    rows = "".join(f"acme,meter-{n}@import.example,allow\n" for n in range(3000))
    text = "who,device,effect\n" + rows
    dry = import_of(b, "kind=assoc&name=rules.csv&dry_run=yes", text)
    assert dry["state"] == "done" and dry["last"]["added"] == 3000 and dry["last"]["dry_run"] is True
    done = import_of(b, "kind=assoc&name=rules.csv", text)
    assert done["state"] == "done" and done["last"]["added"] == 3000 and done["by"] == "root"
    wrong = import_of(b, "kind=assoc&name=rules.csv", "who,device,effect\nacme,meter-1@import.example,maybe\n")
    assert wrong["state"] == "failed" and wrong["rows"][0]["line"] == 2 and "nothing was changed" in wrong["error"]
    for query in ("", "kind=backup", "kind=assoc&replace=maybe", "kind=assoc&file=3"):
        assert b.ask("POST", f"/api/import?{query}", text).status == 400
    assert b.ask("POST", "/api/import?kind=assoc", "x", {"Content-Length": None, "Content-length": "99999999999"}, wait_s=proc.HANG_S).status == 413
    assert b.rows("assoc.undo.list")[0]["file"] == "rules.csv"
    assert b.change("assoc.undo", yes=True).status == 200
    assert not b.rows("assoc.list", scs="acme", device="meter-5@import.example")


def test_what_is_still_being_sent_at_the_log_out_is_not_done(console):
    b, text = console.browser(), b"who,device,effect\nacme,meter-1@late.example,allow\n"
    before = b.ask("GET", "/api/import").json
    with socket.create_connection((console.address, console.port), timeout=proc.HANG_S) as s:
        s.sendall(f"POST /api/import?kind=assoc&name=late.csv HTTP/1.1\r\nHost: {b.host}\r\nCookie: {b.cookie_name}={b.cookie}\r\nX-Console-Token: {b.token}\r\n"
                  f"Content-Length: {len(text)}\r\nConnection: close\r\nExpect: 100-continue\r\n\r\n".encode())
        answer = s.makefile("rb")
        assert b" 100 " in answer.readline() and answer.readline() == b"\r\n"  # the head was judged
        assert b.ask("POST", "/logout").status == 200
        s.sendall(text)
        assert b" 401 " in answer.readline()
    other = console.browser()
    assert other.ask("GET", "/api/import").json == before
    assert not other.rows("assoc.list", scs="acme", device="meter-1@late.example")


RUBBISH = [b"\0" * 4000, b"GET / HTTP/9.9\r\n\r\n", b"GET\r\n\r\n", b"\r\n" * 3000, b"A" * 40000, b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 8000, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
           b"GET /%zz%00 HTTP/1.1\r\nHost: x\r\n\r\n", b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
           b"POST /login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
           b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef"]


def rubbish(c, octets):
    with socket.create_connection((c.address, c.port), timeout=proc.HANG_S) as s:
        with contextlib.suppress(OSError):  # it may have closed before all was sent
            s.sendall(octets)
            s.shutdown(socket.SHUT_WR)
            while s.recv(65536):
                pass


def test_rubbish_ends_a_connection_and_nothing_else(gateway):
    """What is cut short waits for its time to be over: all of it at once."""
    with console_of(gateway, "timers: { connection: 3s }\n") as c:
        b = c.browser()
        much = b"1000\r\n" + b"x" * 4096 + b"\r\n"
        head = b"POST /login HTTP/1.1\r\nHost: " + b.host.encode() + b"\r\nTransfer-Encoding: chunked\r\n\r\n"
        threads = [threading.Thread(target=rubbish, args=(c, octets)) for octets in [*RUBBISH, head + much * 41]]  # without a length, and too much
        for t in threads:
            t.start()
        assert b.get("me").status == 200
        for t in threads:
            t.join()
        assert b.get("me").status == 200 and c.running.alive()


def test_a_thousand_idle_connections_keep_nobody_out(gateway):
    with console_of(gateway, "timers: { connection: 5s }\n") as c:
        b = c.browser()
        idle = []
        try:
            for n in range(1000):
                idle.append(socket.create_connection((c.address, c.port), timeout=proc.HANG_S))
                if n % 2:
                    idle[-1].sendall(b"GET / HTTP/1.1\r\nHost: ")  # the others say nothing at all
            watch = Watch()
            assert b.get("me").status == 200 and len(b.rows("peers")) == 2
            assert watch.took() < 30
            with open(f"/proc/{c.running.pid}/status", encoding="ascii") as f:
                resident = next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))
            assert resident < 200 * 1024 or "asan" in c.p.bin, resident  # kB

            def all_closed():
                left = []
                for s in idle:
                    s.setblocking(False)
                    try:
                        if s.recv(4096):
                            left.append(s)
                    except BlockingIOError:
                        left.append(s)
                    except ConnectionError:
                        pass
                return not left or None
            proc.wait_until("idle connections are closed", all_closed)
        finally:
            for s in idle:
                s.close()


def test_who_sends_an_octet_now_and_then_keeps_no_place(gateway):
    """The library counts that as life; strangers have a time for a whole request."""
    with console_of(gateway, "timers: { connection: 2s }\nlimits: { connections: 16, threads: 2 }\n") as c:
        b = c.browser()
        slow = [socket.create_connection((c.address, c.port), timeout=proc.HANG_S) for _ in range(16)]
        enough = threading.Event()

        def drip():
            while not enough.wait(0.2):
                for s in slow:
                    with contextlib.suppress(OSError):
                        s.send(b"G")
        dripping = threading.Thread(target=drip)
        dripping.start()
        try:
            assert b.ask("GET", "/api/me", wait_s=proc.HANG_S).status == 200
            proc.wait_until("the log", lambda: "took too long and were ended (timers.connection)" in c.log())
        finally:
            enough.set()
            dripping.join()
            for s in slow:
                s.close()


def test_more_connections_than_allowed_wait_and_the_log_says_so(gateway):
    with console_of(gateway, "timers: { connection: 3s }\nlimits: { connections: 16, threads: 2 }\n") as c:
        b = c.browser()
        idle = [socket.create_connection((c.address, c.port), timeout=proc.HANG_S) for _ in range(40)]
        try:
            proc.wait_until("the log", lambda: "connections are taken (limits.connections)" in c.log())
            assert b.ask("GET", "/api/me", wait_s=proc.HANG_S).status == 200  # when the idle ones were closed
        finally:
            for s in idle:
                s.close()


@pytest.fixture
def own_gateway(labs):
    p = gateway_of(labs)
    yield p
    wrong = labs.down(p)
    assert not wrong, "\n".join(wrong)


def test_a_gateway_that_does_not_answer_is_said(own_gateway):
    p = own_gateway
    with console_of(p, "timers: { answer: 3s }\n") as c:
        b = c.browser()
        core = p.lab["iwf"]["pids"]["core"]
        os.kill(core, 19)
        try:
            statuses = []
            threads = [threading.Thread(target=lambda: statuses.append(b.get("peers").status)) for _ in range(8)]
            for t in threads:
                t.start()
            for t in threads:
                t.join()
            assert statuses == [504] * 8
            assert b.ask("GET", "/").status == 200 and b.get("me").status == 200
        finally:
            os.kill(core, 18)
        proc.wait_until("it answers again", lambda: b.get("peers").status == 200)
        L.stop(p.lab["dir"], "mtc-iwfd")
        answer = b.get("peers")
        assert answer.status == 503 and "is mtc-iwfd running" in answer.error
        L.start(p.lab["dir"], "mtc-iwfd")
        answer = proc.wait_until("it is back", lambda: (a := b.get("peers")).status != 503 and a)
        assert answer.status == 401 and "log in again" in answer.error  # it knows nobody yet
        assert b.get("me").status == 401 and len(c.browser().rows("peers")) == 2


class Question(threading.Thread):
    """What a browser asks in the background."""

    def __init__(self, browser, command, **arguments):
        super().__init__()
        self.browser, self.command, self.arguments, self.answer = browser, command, arguments, None
        self.start()

    def run(self):
        self.answer = self.browser.get(self.command, **self.arguments)

    def end(self):
        self.join(proc.HANG_S)
        return self.answer


def test_a_silent_hss_keeps_nobody_from_the_views(labs):
    """Few people may wait for it at a time, and none of the threads that serve browsers waits with them."""
    p = labs.up(control_more=f", console_user: '{CONSOLE_UID}', console_groups: {{ read: {READERS}, operate: {OPERATORS} }}", s6m_more=", answer_wait: 40s")
    os.chmod(p.lab["dir"], 0o711)
    check = {"scs": "acme", "device": "meter-7@a.example", "ask_hss": "yes"}
    with console_of(p, "limits: { threads: 1, hss_checks: 2 }\ntimers: { answer: 50s }\n") as c:
        one, two, three, other = (c.browser(READER + n, READERS) for n in (0, 10, 20, 30))
        assert one.get("assoc.check", **check).json["last"]["hss"]["allowed"] is True
        pid = p.lab["hss"]["pid"]
        before = p.ctl("peers")[0]
        assert before["name"] == "hss"
        os.kill(pid, signal.SIGSTOP)
        try:
            waiting = [Question(one, "assoc.check", **check), Question(two, "assoc.check", **check)]
            proc.wait_until("both were put to the HSS", lambda: p.ctl("peers")[0]["requests"] - before["requests"] >= 2)
            again = one.get("assoc.check", **check)
            assert again.status == 429 and "limits.hss_checks_per_person" in again.error
            late = three.get("assoc.check", **check)
            assert late.status == 503 and "limits.hss_checks" in late.error
            for b in (one, three, other):
                assert b.get("peers").status == 200 and b.get("assoc.check", scs="acme", device="meter-7@a.example").status == 200
            assert all(q.is_alive() for q in waiting)  # the views were there before the answers
        finally:
            os.kill(pid, signal.SIGCONT)
        for q in waiting:
            assert q.end().status == 200 and q.answer.json["last"]["hss"]["allowed"] is True
        assert one.get("assoc.check", **check).status == 200
    assert labs.down(p) == []


def test_a_console_that_ends_answers_who_waits_for_the_hss(labs):
    p = labs.up(control_more=f", console_user: '{CONSOLE_UID}', console_groups: {{ read: {READERS}, operate: {OPERATORS} }}")
    os.chmod(p.lab["dir"], 0o711)
    with console_of(p) as c:
        b, before = c.browser(READER, READERS), p.ctl("peers")[0]
        os.kill(p.lab["hss"]["pid"], signal.SIGSTOP)
        try:
            waits = Question(b, "assoc.check", scs="acme", device="meter-7@a.example", ask_hss="yes")
            proc.wait_until("it was put to the HSS", lambda: p.ctl("peers")[0]["requests"] > before["requests"])
        finally:
            os.kill(c.running.entry["pid"], signal.SIGTERM)
            os.kill(p.lab["hss"]["pid"], signal.SIGCONT)
        proc.wait_until("the console has ended", lambda: not c.running.alive())
        waits.join(proc.HANG_S)
        assert not waits.is_alive()
    assert labs.down(p) == []


def test_wrong_configurations_are_refused(gateway, tmp_path):
    conf = tmp_path / "c.yaml"
    program = gateway.program("mtc-iwf-console")

    def run(text, *more):
        conf.write_text(text)
        return subprocess.run([program, "-c", str(conf), *more], capture_output=True, text=True, timeout=proc.HANG_S, check=False, stdin=subprocess.DEVNULL)
    done = run("listen: { address: 0.0.0.0 }\nlimits: { links: 0 }\n", "-t")
    assert done.returncode == 2 and "expected a loopback address" in done.stderr and "limits.links" in done.stderr
    done = run("groups: { read: games }\n", "-t")  # in the configuration of mtc-iwfd
    assert done.returncode == 2 and "unknown key 'groups'" in done.stderr
    assert "usage:" in subprocess.run([program, "--help"], capture_output=True, text=True, timeout=proc.HANG_S, check=True).stdout
    assert "libmicrohttpd" in subprocess.run([program, "--version"], capture_output=True, text=True, timeout=proc.HANG_S, check=True).stdout
    with open(gateway.lab["iwf"]["config"], encoding="utf-8") as f:
        conf.write_text(f.read().replace(f"'{CONSOLE_UID}'", "nosuchuser").replace(f"read: {READERS}", "read: nosuchgroup").replace(
            "console_groups:", "console_certificates: admin, console_groups:"))
    done = subprocess.run([gateway.program("mtc-iwfd"), "-t", "-c", str(conf)], capture_output=True, text=True, timeout=proc.HANG_S, check=False)
    assert done.returncode == 0 and "no user 'nosuchuser'" in done.stderr and "no group 'nosuchgroup'" in done.stderr
    assert "control.console_certificates: whoever takes the console over" in done.stderr
    assert subprocess.run([program], capture_output=True, text=True, timeout=proc.HANG_S, check=False).returncode == 2
