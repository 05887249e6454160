"""Act 25: the rules that keep the traffic of NDS/IP listeners inside their tunnels, in network namespaces of our own."""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile

import pytest
from conftest import BIN, ROOT
from lablib import netns, proc, tunnel
from lablib.pki import Pki
from support.pace import Watch

pytestmark = pytest.mark.skipif(bool(tunnel.lacking()), reason=tunnel.lacking() or "-")

TOOLS = os.path.join(os.environ.get("MTC_BUILD", os.path.join(os.path.dirname(BIN))), "tests", "tools")
TABLE = "mtc_iwf_ndsip"
PORT, OTHER_PORT, SSH = 3868, 3870, 22
GW, GW6 = tunnel.PROTECTED["gw"]
SCS, SCS6 = tunnel.PROTECTED["scs"]
GW_OUTSIDE = tunnel.LINKS["gw"]["scs"][1]
CORE = tunnel.LINKS["core"]["gw"][1]
MARK = b"CLEAR-TEXT-MARK"


def configuration(folder, mode):
    def listener(name, address, port):
        return f"  - {{ name: {name}, zone: external, protection: ndsip, address: {address}, port: {port} }}\n"
    return proc.write(os.path.join(folder, mode + ".yaml"), f"""identity:
  external: {{ host: iwf.operator.example, realm: operator.example }}
  internal: {{ host: iwf.core.operator.example, realm: core.operator.example }}
trust_anchors: [{{ name: anchor-a, file: ca.pem }}]
listen:
{listener("tsp", GW, PORT)}{listener("tsp6", f'"{GW6}"', PORT)}ndsip: {{ mode: {mode}, certificate: own.pem, local_ike: ["{GW_OUTSIDE}"] }}
peers:
  - {{ name: hss, host: hss.core.operator.example, realm: core.operator.example, address: {CORE}, port: 3868, protection: none }}
  - {{ name: smssc, host: smssc.core.operator.example, realm: core.operator.example, address: {CORE}, port: 3869, protection: none }}
s6m: {{ peer: hss, destination_realm: core.operator.example }}
t4: {{ peer: smssc, destination_realm: core.operator.example }}
""")


class World:
    """The hosts, the configuration of the gateway, and what was opened for one play."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="rul-")
        os.chmod(self.folder, 0o755)  # another user reads the configuration
        self.hosts = tunnel.Hosts(f"rul-{os.getpid()}")
        self.conf = {mode: configuration(self.folder, mode) for mode in ("libipsec", "xfrm")}
        self.closing, self.entries = [], []

    def gw(self):
        return self.hosts.name("gw")

    def mtcctl(self, *words, mode="libipsec", user=None):
        as_user = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--bounding-set=-all"] if user else []
        return subprocess.run(self.hosts.inside("gw", *as_user, os.path.join(BIN, "mtcctl"), "ndsip", "rules", *words, "-c", self.conf[mode]),
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=proc.HANG_S, check=False)

    def apply(self, mode="libipsec"):
        done = self.mtcctl("--apply", mode=mode)
        assert done.returncode == 0, done.stderr

    def nft(self, text, side="gw"):
        return tunnel.run(*self.hosts.inside(side, "nft", "-f", "-"), given=text)

    def counted(self, what, side="gw", table=TABLE):
        """How many packets the rules were for whose text or comment has these words."""
        shown = tunnel.run(*self.hosts.inside(side, "nft", "list", "table", "inet", table)).stdout
        return sum(int(line.split("packets ")[1].split()[0]) for line in shown.splitlines() if what in line and "packets " in line)

    def open(self, thing):
        self.closing.append(thing)
        return thing

    def start(self, name, command, env=None):
        self.entries.append(proc.start(name, command, os.path.join(self.folder, "log"), env))
        return self.entries[-1]

    def between(self):
        """Between two plays: nothing of ours is left but the hosts."""
        for thing in self.closing:
            os.close(thing) if isinstance(thing, int) else thing.close()
        killed = proc.end(self.entries)
        self.closing, self.entries = [], []
        for side in tunnel.SIDES:
            self.nft("flush ruleset", side)
        return killed

    def connection(self, listener, own, address, port=PORT):
        """(client, server) of a TCP connection."""
        c = self.open(netns.client(self.hosts.name("scs"), own))
        c.connect((address, port))
        s = self.open(listener.accept()[0])
        s.settimeout(proc.HANG_S)
        return c, s

    def listener(self, address, port=PORT, side="gw"):
        return self.open(netns.listener(self.hosts.name(side), address, port))


@pytest.fixture(scope="module")
def hosts():
    w = World()
    try:
        w.hosts.up()
        yield w
    finally:
        w.between()
        w.hosts.down()
        shutil.rmtree(w.folder)


@pytest.fixture
def world(hosts):
    yield hosts
    assert not hosts.between()


def refused(world, own, address, port, counter, wait_s=0.4):
    """A connection does not come about, and the rule with these words was for its packets."""
    before = world.counted(counter)
    c = world.open(netns.client(world.hosts.name("scs"), own))
    c.settimeout(wait_s)
    with pytest.raises(OSError):
        c.connect((address, port))
    assert world.counted(counter) > before


def test_rules_are_printed_applied_checked_and_removed(world):
    done = world.mtcctl("--check")
    assert done.returncode == 1 and f"table inet {TABLE} does not exist" in done.stderr and "--apply" in done.stderr
    printed = world.mtcctl()
    assert printed.returncode == 0 and f"delete table inet {TABLE}" in printed.stdout
    world.nft(printed.stdout)  # what is printed is what nft takes
    done = world.mtcctl("--check")
    assert done.returncode == 0 and done.stdout == "the rules of NDS/IP stand\n", done.stderr
    for _ in range(2):  # the second time in place of the first
        done = world.mtcctl("--apply")
        assert done.returncode == 0 and "stand" in done.stdout, done.stderr
    answer = json.loads(world.mtcctl("--check", "--json").stdout)
    assert answer == {"done": True, "ok": True, "action": "check", "state": "stands"}
    done = world.mtcctl("--check", mode="xfrm")
    assert done.returncode == 1 and "meta ipsec missing" in done.stderr and "listener tsp" in done.stderr
    world.nft(f"flush chain inet {TABLE} postrouting")
    answer = json.loads(world.mtcctl("--check", "--json").stdout)
    assert (answer["state"], answer["ok"]) == ("changed", False) and "listener tsp: output outside the tunnel" in answer["error"]
    for said in ("the rules of NDS/IP are removed: ", "there were no rules of NDS/IP to remove\n"):
        done = world.mtcctl("--remove")
        assert done.returncode == 0 and done.stdout.startswith(said), done
    assert TABLE not in tunnel.run(*world.hosts.inside("gw", "nft", "list", "ruleset")).stdout
    answer = json.loads(world.mtcctl("--print", "--json").stdout)
    assert answer["rules"] in printed.stdout


def test_the_rules_of_the_kernels_ipsec_are_applied_and_checked(world):
    world.apply("xfrm")
    assert world.mtcctl("--check", mode="xfrm").returncode == 0
    world.listener(GW)
    refused(world, SCS, GW, PORT, "listener tsp: input from outside")


def test_who_may_not_is_told_so(world):
    done = world.mtcctl("--check", user=65534)
    assert done.returncode == 1 and "CAP_NET_ADMIN" in done.stderr, done.stderr
    done = world.mtcctl("--apply", user=65534)
    assert done.returncode == 1 and "nothing was changed" in done.stderr, done.stderr


def test_plain_traffic_is_dropped_in_both_directions(world):
    """That of a connection that lives, too: nothing is remembered of it."""
    for own, address, name in ((SCS, GW, "tsp"), (SCS6, GW6, "tsp6")):
        plain = world.listener(address)
        ssh = world.listener(address, SSH)
        c, s = world.connection(plain, own, address)
        c.sendall(MARK)
        assert s.recv(100) == MARK
        world.apply()
        refused(world, own, address, PORT, f"listener {name}: input from outside")
        s.sendall(MARK)
        c.settimeout(0.4)
        with pytest.raises(TimeoutError):
            c.recv(100)
        assert world.counted(f"listener {name}: output outside") > 0
        world.connection(ssh, own, address, SSH)  # other ports are not ours to close
        world.nft("flush ruleset")
        c.settimeout(proc.HANG_S)
        assert c.recv(100) == MARK  # it was lost on the way, and TCP has sent it again


def test_a_tunnel_leads_to_the_listener_and_nowhere_else(world):
    gw = world.gw()
    fd = world.open(netns.tun(gw, tunnel.DEVICE))
    world.hosts.ip("gw", "link", "set", tunnel.DEVICE, "up")
    world.hosts.ip("gw", "route", "replace", SCS, "dev", tunnel.DEVICE)
    world.listener(GW), world.listener(GW, OTHER_PORT), world.listener(GW_OUTSIDE, OTHER_PORT), world.listener(CORE, OTHER_PORT, "core")
    tunnel.run(*world.hosts.inside("gw", "sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward"))
    try:
        world.hosts.ip("core", "route", "add", SCS, "via", tunnel.LINKS["gw"]["core"][1])
        world.apply()

        def answers(source_port, address, port, wait_s):
            os.write(fd, netns.syn(SCS, source_port, address, port))
            ends = [netns.ends_of(b"\0" * 12 + b"\x08\x00" + p) for p in netns.packets(fd, wait_s) if p[0] >> 4 == 4]
            return (address, SCS, netns.TCP, port, source_port) in ends
        assert answers(40000, GW, PORT, 5)
        for i, (address, port) in enumerate(((GW, OTHER_PORT), (GW_OUTSIDE, OTHER_PORT), (GW_OUTSIDE, PORT))):
            before = world.counted("anything else from the tunnel")
            assert not answers(40001 + i, address, port, 0.3), (address, port)
            assert world.counted("anything else from the tunnel") > before
        before = world.counted("from the tunnel to other hosts")
        assert not answers(40010, CORE, OTHER_PORT, 0.3)
        assert world.counted("from the tunnel to other hosts") > before
        refused(world, tunnel.LINKS["scs"]["gw"][1], GW, PORT, "listener tsp: input from outside")
        world.nft("flush ruleset")  # each of them would have been answered
        assert answers(40020, GW, OTHER_PORT, 5) and answers(40021, CORE, OTHER_PORT, 5)
    finally:
        tunnel.run(*world.hosts.inside("gw", "sh", "-c", "echo 0 >/proc/sys/net/ipv4/ip_forward"))
        world.hosts.ip("core", "route", "del", SCS)
        world.hosts.ip("gw", "route", "replace", SCS, "via", tunnel.LINKS["gw"]["scs"][1])


def said(entry):
    with open(entry["out"], encoding="utf-8") as f:
        return [json.loads(line) for line in f if line.endswith("\n")]


def test_a_change_of_the_rules_is_seen_at_once(world, until):
    world.apply()
    entry = world.start("fence_watch", world.hosts.inside("gw", os.path.join(TOOLS, "fence_watch"), world.conf["libipsec"]))
    until("the rules stand", lambda: [s for s in said(entry) if s["state"] == "stands"], entries=[entry])
    for text, state, why in (("flush ruleset", "missing", "does not exist"),
                             (f"add table inet {TABLE}", "changed", "chain input is missing"),
                             (None, "stands", ""),
                             (f"add table inet {TABLE} {{ flags dormant; }}", "changed", "is dormant"),
                             (None, "stands", ""),
                             (f"insert rule inet {TABLE} input accept", "changed", "chain input another rule stands before"),
                             (None, "stands", ""),
                             ("add table inet elsewhere", "stands", "")):
        count = len(said(entry))
        world.nft(text) if text else world.apply()
        watch = Watch()
        if said(entry)[-1]["state"] != state or text != "add table inet elsewhere":
            last = until(f"{text}: {state}", lambda n=count: (said(entry)[n:] or [None])[-1], entries=[entry])
            assert last["state"] == state and why in last["why"], (text, last)
        assert watch.took() < 1.0
    times = json.loads(tunnel.run(*world.hosts.inside("gw", os.path.join(TOOLS, "fence_watch"), world.conf["libipsec"], "300")).stdout)
    print(times)
    assert times["check_us"] < 1000 and times["look_us"] < 10000, times


class Tunnels:
    """The charons of gateway and SCS with one connection between their protected addresses."""

    def __init__(self, world):
        self.world = world
        pki = Pki(os.path.join(world.folder, "pki"))
        pki.ca("ca", "/O=laboratory/CN=CA of the SCS")
        self.charons = {}
        for side, host in (("gw", "iwf.operator.example"), ("scs", "scs.acme.example")):
            certificate, key = pki.leaf(side, "ca", host, "serverAuth,clientAuth")
            charon = self.charons[side] = tunnel.Charon(world.hosts, side, os.path.join(world.folder, side), host)
            charon.configure(certificate, key, pki.path("ca.pem"))
        self.gw, self.scs = self.charons["gw"], self.charons["scs"]

    def start(self, side):
        self.world.entries.append(self.charons[side].start())
        other = self.gw if side == "scs" else self.scs
        ours, theirs = (f"{GW}/32[tcp/{PORT}]", f"{SCS}/32[tcp]")[::1 if side == "gw" else -1]
        self.charons[side].connect(other, "ndsip", {"host-1": (ours, theirs)})


def clear(frames):
    """Those of the capture that went past the tunnel."""
    return [f for f in frames if netns.ends_of(f) and set(netns.ends_of(f)[:2]) & {GW, SCS, GW6, SCS6}]


def talk(a, b):
    a.sendall(MARK)
    got = b""
    while len(got) < len(MARK):
        got += b.recv(100)
    return got == MARK


def test_no_clear_packet_leaves_when_a_tunnel_ends(world, until):
    t = Tunnels(world)
    capture = world.open(netns.Capture(world.gw(), "outside"))
    t.start("gw")
    t.start("scs")
    plain = world.listener(GW)
    # Without rules a connection goes on in the clear, without a loss: what the rules are for.
    t.scs.initiate("host-1")
    c, s = world.connection(plain, SCS, GW)
    assert talk(c, s) and talk(s, c)
    frames = capture.frames()
    assert frames and not clear(frames) and not any(MARK in f for f in frames)
    t.scs.terminate("ndsip")
    until("the tunnel has ended at both ends", lambda: not t.gw.installed() and not t.scs.installed())
    assert talk(c, s) and talk(s, c)
    assert any(MARK in f for f in clear(capture.frames()))
    c.close()
    s.close()
    # With them it waits, for as long as it takes.
    world.apply()
    world.hosts.fence("scs", PORT)
    capture.frames()
    t.scs.initiate("host-1")
    c, s = world.connection(plain, SCS, GW)
    for end in ("by the SCS", "by the gateway", "killed"):
        assert talk(c, s) and talk(s, c)
        if end == "killed":
            os.kill(t.gw.entry["pid"], signal.SIGKILL)
            t.scs.terminate("ndsip")
        else:
            (t.scs if end == "by the SCS" else t.gw).terminate("ndsip")
        until(f"the tunnel was ended {end}", lambda e=end: not t.scs.installed() and (e == "killed" or not t.gw.installed()))
        before = world.counted("output outside"), world.counted("oifname", "scs", "ndsip")
        c.sendall(MARK)
        s.sendall(MARK)
        until("both ends tried and were stopped", lambda b=before: world.counted("output outside") > b[0] and
              world.counted("oifname", "scs", "ndsip") > b[1])
        refused(world, tunnel.LINKS["scs"]["gw"][1], GW, PORT, "listener tsp: input from outside")
        outside = tunnel.LINKS["scs"]["gw"][1]
        leaked = [netns.ends_of(f) for f in clear(capture.frames()) if outside not in netns.ends_of(f)[:2]]
        assert not leaked, (end, leaked)
        if end == "killed":
            t.start("gw")
        t.scs.initiate("host-1")
        s.settimeout(proc.HANG_S)
        c.settimeout(proc.HANG_S)
        assert s.recv(len(MARK), socket.MSG_WAITALL) == MARK and c.recv(len(MARK), socket.MSG_WAITALL) == MARK
    leaked = [netns.ends_of(f) for f in clear(capture.frames()) if outside not in netns.ends_of(f)[:2]]
    assert not leaked, leaked


def examples():
    """What docs/user/ndsip.md shows, by language; the second example of a language with a 2 behind it."""
    found = {}
    with open(os.path.join(ROOT, "docs", "user", "ndsip.md"), encoding="utf-8") as f:
        for language, text in re.findall(r"^```(\w+)\n(.*?)^```$", f.read(), re.M | re.S):
            found[language + ("2" if language in found else "")] = text
    return found


def rules_of(world, name, left_out, shown):
    """What mtcctl says of the configuration of these tests with some of its sections as in the manual."""
    with open(world.conf["xfrm"], encoding="utf-8") as f:
        rest = re.sub(rf"^({left_out}):.*\n(  .*\n)*", "", f.read(), flags=re.M)
    world.conf[name] = proc.write(os.path.join(world.folder, f"{name}.yaml"), rest + shown)
    return world.mtcctl(mode=name)


def test_the_examples_of_the_manual_are_taken(world):
    """Those for mtc-iwfd, nft and strongSwan by the programs themselves; of Libreswan, which cannot be installed beside strongSwan, the form."""
    shown = examples()
    assert sorted(shown) == ["libreswan", "nft", "strongswan", "swanctl", "swanctl2", "yaml", "yaml2"]
    printed = rules_of(world, "manual", "listen|ndsip", shown["yaml"])
    assert printed.returncode == 0 and "ip saddr 10.77.1.1 tcp sport 3868 rt ipsec missing" in printed.stdout, printed.stderr
    peers = shown["yaml2"].replace("peers:\n", "peers:\n  - { name: smssc, host: smssc.core.example, realm: core.example, address: 127.0.0.1, port: 1, protection: none }\n", 1)
    printed = rules_of(world, "manual-peers", "trust_anchors|peers|ndsip", peers)
    assert printed.returncode == 0 and "ip daddr 10.78.2.1 tcp dport 3868 rt ipsec missing" in printed.stdout, printed.stdout + printed.stderr
    world.nft(shown["nft"], "scs")
    # charon of the SCS with the settings of the gateway's example: it starts, and loads the connection.
    t = Tunnels(world)
    settings = t.scs.path("strongswan.conf")
    with open(settings, encoding="utf-8") as f:
        ours = f.read()
    inside = shown["strongswan"].replace("/run/charon.vici", t.scs.path("vici"))
    proc.write(settings, ours.replace("swanctl {", inside + "swanctl {", 1))
    for name, file in (("x509", "scs.acme.example.pem"), ("x509", "hss.pem"), ("x509ca", "operator.pem")):
        shutil.copy(t.scs.path("swanctl", name, "own.pem" if name == "x509" else "ca.pem"), t.scs.path("swanctl", name, file))
    world.entries.append(t.scs.start())
    proc.write(t.scs.path("swanctl", "swanctl.conf"), shown["swanctl"].replace("start_action = start", "start_action = none"))
    assert "loaded connection 'mtc-iwf'" in t.scs.swanctl("--load-all", "--noprompt").stdout
    conns = t.scs.swanctl("--list-conns").stdout
    for words in ("10.8.0.7/32[tcp]", "10.77.1.1/32[tcp/3868]", "scs.acme.example", "iwf.operator.example"):
        assert words in conns, conns
    proc.write(t.scs.path("swanctl", "swanctl.conf"), shown["swanctl2"])
    assert "loaded connection 'mtc-iwf'" in t.scs.swanctl("--load-all", "--noprompt").stdout
    assert "10.78.2.1/32[tcp/3868]" in t.scs.swanctl("--list-conns").stdout
    lines = shown["libreswan"].splitlines()
    assert lines[0] == "conn mtc-iwf" and all(re.fullmatch(r"    [a-z0-9]+=\S.*", line) for line in lines[1:])
