"""What runs inside the guest of test_sctp.py: a laboratory whose Tsp, S6m and T4 go over SCTP between two network namespaces with two
paths. Everything that was found goes into /mnt/found.json, every log into /mnt/log.

usage: inside_sctp.py BIN [paths|proofs]     paths: one of the two is cut, in place of what one association carries. proofs: without a laboratory,
what the edge asks of an association with an address outside the tunnel"""
import ctypes
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "scripts"), os.path.join(ROOT, "tests")]

from lablib import lab as laboratory  # noqa: E402
from lablib import play, proc  # noqa: E402
from support import diameter as D  # noqa: E402
from support.inside import SCS, TSP_PORT, Found, InsideLab, keep_logs, peer  # noqa: E402

OURS, THEIRS = ("10.77.1.1", "10.77.2.1"), ("10.77.1.2", "10.77.2.2")
RELAY_PORT, SMSSC_PORT, HSS_PORT, PROOF_PORT = 3868, 3869, 3870, 3871
FAR = ["ip", "netns", "exec", "far"]
OVER_SCTP = f"    transport: sctp\n    more_addresses: [ {THEIRS[1]} ]\n    local_addresses: [ {OURS[0]}, {OURS[1]} ]\n"
# a peer at the addresses of the SMS-SC of which only one is configured
STRANGER = (f"  - {{ name: stranger, host: other.{laboratory.CORE_REALM}, realm: {laboratory.CORE_REALM}, address: {THEIRS[0]}, "
            f"port: {SMSSC_PORT},\n      protection: none, transport: sctp, local_addresses: [ {OURS[0]} ] }}\n")
LISTENER = (f"  - {{ name: inside, zone: internal, protection: none, transport: sctp, address: {OURS[0]}, more_addresses: [ {OURS[1]} ], "
            f"port: {TSP_PORT} }}\n")
TIMES = "sctp: { heartbeat: 1s, rto_initial: 200ms, rto_min: 100ms, rto_max: 1s, path_retransmits: 1, association_retransmits: 4 }\n"


class SctpLab(InsideLab):
    """The HSS, a relay in front of it and the SMS-SC are in the other namespace, at two addresses each."""

    def listen(self, port):
        return (f"listen: {{ transport: sctp, address: {THEIRS[0]}, more_addresses: [ {THEIRS[1]} ], port: {port}, protection: none }}\n")

    def start_hss(self):
        conf = proc.write(self.path("mtc-hss.yaml"), f"identity: {{ host: {laboratory.HSS_HOST}, realm: {laboratory.CORE_REALM} }}\n"
                          + self.listen(HSS_PORT) + f"subscribers: {self.path('subscribers.jsonl')}\n")
        entry = self.start("mtc-hss", [self.program("mtc-hss"), "-c", conf])
        proc.wait_ready(entry, self.options.up_wait_s)
        self.lab["hss"] = {"address": THEIRS[0], "port": HSS_PORT, "identity": laboratory.HSS_HOST, "realm": laboratory.CORE_REALM,
                           "pid": entry["pid"], "subscribers": self.path("subscribers.jsonl")}

    def start_smssc(self):
        os.makedirs(self.path("smssc"), exist_ok=True)
        conf = proc.write(self.path("mtc-smssc.yaml"), f"identity: {{ host: {laboratory.SMSSC_HOST}, realm: {laboratory.CORE_REALM} }}\n"
                          + self.listen(SMSSC_PORT) + f"state_dir: {self.path('smssc')}\nue_socket: {self.path('ue.sock')}\n"
                          f"sc_address: \"{laboratory.SMSSC_NUMBER}\"\n")
        entry = self.start("mtc-smssc", [self.program("mtc-smssc"), "-c", conf])
        proc.wait_ready(entry, self.options.up_wait_s)
        self.lab["smssc"] = {"address": THEIRS[0], "port": SMSSC_PORT, "identity": laboratory.SMSSC_HOST,
                             "realm": laboratory.CORE_REALM, "pid": entry["pid"], "ue_socket": self.path("ue.sock"),
                             "state_dir": self.path("smssc")}

    def start_relay(self):
        """freeDiameter, which speaks SCTP only, both to us and to mtc-hss."""
        acl = proc.write(self.path("relay-acl.conf"), f"ALLOW_IPSEC *.{laboratory.CORE_REALM}\n")
        conf = proc.write(self.path("relay.conf"), f"""Identity = "{laboratory.RELAY_HOST}";
Realm = "{laboratory.CORE_REALM}";
Port = {RELAY_PORT};
SecPort = 0;
No_TCP;
No_IPv6;
ListenOn = "{THEIRS[0]}";
ListenOn = "{THEIRS[1]}";
TwTimer = 6;
TcTimer = 5;
TLS_Cred = "{self.path('pki', 'relay.pem')}", "{self.path('pki', 'relay.key')}";
TLS_CA = "{self.path('pki', 'operator.pem')}";
LoadExtension = "acl_wl.fdx" : "{acl}";
ConnectPeer = "{laboratory.HSS_HOST}" {{ ConnectTo = "{THEIRS[0]}"; Port = {HSS_PORT}; No_TLS; }};
""")
        entry = self.start("relay", ["env", "RES_OPTIONS=timeout:1 attempts:1", "freeDiameterd", "-c", conf])

        def is_open():
            text = open(entry["out"], errors="replace", encoding="utf-8").read() + open(entry["log"], errors="replace", encoding="utf-8").read()
            return any("STATE_OPEN" in line and laboratory.HSS_HOST in line for line in text.splitlines())
        proc.wait_until("freeDiameter is open to mtc-hss", is_open, self.options.up_wait_s, [entry])
        self.lab["relay"] = {"address": THEIRS[0], "port": RELAY_PORT, "identity": laboratory.RELAY_HOST, "realm": laboratory.CORE_REALM,
                             "pid": entry["pid"]}

    def peers_open(self):
        rows = [json.loads(line) for line in self.mtcctl("--json", "peers").stdout.splitlines()]
        return sum(row.get("state") == "open" for row in rows) == 2


def ip(lines, *words):
    """ip with a line for each command: to start a program takes long here."""
    subprocess.run(["ip", *words, "-batch", "-"], input="".join(line + "\n" for line in lines), text=True, check=True)


def networks():
    """This namespace and another one, joined by two links."""
    ip(["netns add far"] + [line for n in (1, 2) for line in (
        f"link add near{n} type veth peer name far{n} netns far", f"addr add {OURS[n - 1]}/24 dev near{n}", f"link set near{n} up")])
    ip(["link set lo up"] + [line for n in (1, 2) for line in (f"addr add {THEIRS[n - 1]}/24 dev far{n}", f"link set far{n} up")], "-n", "far")
    switch_addip_on()
    with Namespace():
        switch_addip_on()


def switch_addip_on():
    """For all sockets of this namespace; ours switch it off for themselves."""
    with open("/proc/sys/net/sctp/addip_enable", "w", encoding="ascii") as f:
        f.write("1")


# -- the SCS by hand

BINDX_ADD = 100  # an option of the kernel: one more address


def raw_socket(port=TSP_PORT, more=()):
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SCTP)
    s.settimeout(proc.HANG_S)
    s.bind((THEIRS[0], 0))
    for address in more:
        s.setsockopt(socket.IPPROTO_SCTP, BINDX_ADD, struct.pack("=HH4s8x", socket.AF_INET, 0, socket.inet_aton(address)))
    s.connect((OURS[0], port))
    return s


def send(s, octets, ppid=46):
    """One message of the transport: SCTP_SNDINFO with stream 0."""
    info = struct.pack("=HHIIi", 0, 0, socket.htonl(ppid), 0, 0)
    s.sendmsg([octets], [(socket.IPPROTO_SCTP, 2, info)])


def receive(s):
    """The next message; None when the association has ended."""
    try:
        octets = s.recv(100000)
    except ConnectionResetError:
        return None
    return D.Message(octets) if octets else None


def identity():
    return [D.avp(264, SCS[2]), D.avp(296, SCS[3])]


def cer():
    return D.message(D.CER, 0, D.REQUEST, [*identity(), D.avp(257, struct.pack(">H4B", 1, 10, 77, 1, 2)), D.avp(266, 10415),
                                           D.avp(269, "raw"), D.avp(260, [D.avp(266, 10415), D.avp(258, D.TSP)])])


def dwr(hop, more=b""):
    return D.message(D.DWR, 0, D.REQUEST, [*identity(), more], hop, hop)


def filler(n):
    return D.avp(999999, b"x" * n, mandatory=False)


def exchanged():
    s = raw_socket()
    send(s, cer())
    cea = receive(s)
    assert cea and cea.code == D.CER, "no CEA"
    return s


def result_code(m):
    return struct.unpack(">I", [data for code, _, data in m.avps if code == 268][0])[0]


class Namespace:
    """This process is in the other network namespace meanwhile: a program started there would take seconds."""

    def enter(self, path):
        with open(path, "rb") as f:
            if ctypes.CDLL(None, use_errno=True).setns(f.fileno(), 0):
                raise OSError(ctypes.get_errno(), f"setns {path}")

    def __enter__(self):
        self.own = open("/proc/self/ns/net", "rb")  # pylint: disable=consider-using-with
        self.enter("/run/netns/far")

    def __exit__(self, *_):
        self.enter(f"/proc/self/fd/{self.own.fileno()}")
        self.own.close()


def raw(case):
    if case == "halves":
        s = raw_socket()
        send(s, cer()[:40])
        return "ended" if receive(s) is None else "answered"
    if case == "dtls":
        s = raw_socket()
        send(s, cer(), 47)
        return "ended" if receive(s) is None else "answered"
    s = exchanged()
    if case == "two":
        send(s, dwr(5) + dwr(6))
        return "ended" if receive(s) is None else "answered"
    if case == "large":  # several pieces at the gateway
        send(s, dwr(7, filler(60000)))
    elif case == "too-long":
        send(s, dwr(8, filler(70000)))
    else:
        send(s, dwr(9), 0)  # a payload protocol id that says nothing, as older stacks send
    answer = receive(s)
    return "ended" if answer is None else f"{result_code(answer)}, then " + ("ended" if case == "too-long" and receive(s) is None else "open")


# -- the play

def trigger(p, reference):
    """One trigger of the SCS in the other namespace, over SCTP with all addresses of both ends, to its report."""
    command = [*FAR, p.program("mtc-scs"), "trigger", "--plain", "--sctp", "--connect", f"{OURS[0]}:{TSP_PORT}", "--more", OURS[1],
               "--local", THEIRS[0], "--local", THEIRS[1], "--origin-host", SCS[2], "--realm", SCS[3], "--iwf-host",
               p.lab["iwf"]["identity"], "--iwf-realm", p.lab["iwf"]["realm"], "--device", "meter-1@a.example", "--payload", "wake up",
               "--reference", str(reference), "--wait", "20"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=proc.HANG_S, check=False)
    ended = play.Ended(done.returncode, done.stdout, done.stderr)
    return {"code": ended.code, "status": ended.status, "outcome": ended.outcome, "err": ended.err}


class Log:
    """What the gateway logs from now on. On a busy machine a path may seem down for a moment before anybody has cut it."""

    def __init__(self, p):
        self.path = p.lab["logs"]["mtc-iwfd"]
        self.start = os.path.getsize(self.path)

    def has(self, words):
        with open(self.path, "rb") as f:
            f.seek(self.start)
            return words.encode() in f.read()


def one_association(p, found):
    """Each kind of message, and a peer that has an address too many."""
    status = p.ctl("status")[0]
    found.note("listeners", status["listeners"])
    found.note("peers", {name: peer(p, name)["state"] for name in ("hss", "smssc", "stranger")})
    found.note("trigger", trigger(p, 1))
    found.note("stranger", proc.wait_until("the stranger says why it waits", lambda: peer(p, "stranger")["reason"]))
    with Namespace():
        said = {case: raw(case) for case in ("plain", "large", "too-long", "halves", "two", "dtls")}
    for case, how in said.items():
        found.note(f"raw {case}", how)


def proofs(tools, found):
    """A tunnel for the first address of the SCS: what the edge asks of an association that lists it alone, and of one that lists one more.
    mtc-iwfd itself would prove nobody here: the packet filter of this kernel cannot have its rules."""
    with subprocess.Popen([os.path.join(tools, "sctp_proof"), OURS[0], str(PROOF_PORT), THEIRS[0]], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, text=True) as tool:
        try:
            found.note("proof ready", tool.stdout.readline().strip())
            for name, more in (("one address", ()), ("one more", (THEIRS[1],))):
                with Namespace():
                    s = raw_socket(PROOF_PORT, more)
                found.note(f"proof {name}", tool.stdout.readline().strip())
                found.note(f"proof {name} ended", receive(s) is None)
                s.close()
        finally:
            tool.kill()


def paths(p, found):
    log = Log(p)
    subprocess.run(["ip", "link", "set", "near1", "down"], check=True)
    for host in (laboratory.SMSSC_HOST, laboratory.RELAY_HOST):
        proc.wait_until("a path is seen to be down", lambda name=host: log.has(f"{name}: the path to {THEIRS[0]} is down"))
    found.note("trigger over the other path", trigger(p, 2))
    found.note("peers over the other path", {name: peer(p, name)["state"] for name in ("hss", "smssc")})
    log = Log(p)
    subprocess.run(["ip", "link", "set", "near1", "up"], check=True)
    proc.wait_until("the path is back", lambda: log.has(f"the path to {THEIRS[0]} is up again"))
    found.note("path", "down and up again")


def main(bin_folder, plays=""):
    found = Found()
    networks()
    if plays == "proofs":
        proofs(os.path.join(os.path.dirname(bin_folder), "tests", "tools"), found)
        return
    dump = subprocess.Popen(["tcpdump", "-Z", "root", "-i", "near1", "-U", "--immediate-mode", "-w", "/mnt/near1.pcap", "sctp"],
                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    folder = "/var/tmp/lab"
    os.mkdir(folder)
    lab = SctpLab(folder, laboratory.options(
        bin=bin_folder, address="127.0.0.1", pki="/mnt/pki", devices=8, edges=1, relay=True, listen_more=LISTENER, hss_more=OVER_SCTP,
        smssc_peer_more=OVER_SCTP + STRANGER, iwf_more=TIMES,
        under={"mtc-hss": FAR, "mtc-smssc": FAR, "relay": FAR}))
    try:
        lab.up(lambda text: print(f"{time.monotonic():.1f} {text}", flush=True))
        p = play.Play(folder, bin_folder)
        found.note("up", round(time.monotonic(), 1))
        (paths if plays == "paths" else one_association)(p, found)
        if plays != "paths":
            proofs(os.path.join(os.path.dirname(bin_folder), "tests", "tools"), found)
        found.note("killed", laboratory.down(folder, print))
        found.note("done", round(time.monotonic(), 1))
    finally:
        keep_logs(folder)
        time.sleep(0.5)  # tcpdump does not look for what waits when it is told to end
        dump.send_signal(signal.SIGINT)
        dump.wait(timeout=proc.HANG_S)


if __name__ == "__main__":
    main(*sys.argv[1:])
