"""Act twenty-six: SCTP in user space, inside UDP, on a kernel without SCTP: Tsp, S6m and T4 between the gateway and the elements of the
laboratory."""
import json
import os
import signal
import socket
import subprocess

import pytest
from lablib import lab as laboratory
from lablib import play, proc
from support.inside import SCS, TSP_PORT, InsideLab, peer

UDP = {"tsp": 9899, "mtc-hss": 9901, "mtc-smssc": 9902}
SCTP = {"mtc-hss": 3870, "mtc-smssc": 3869}
TIMES = "sctp: { heartbeat: 100ms, rto_initial: 100ms, rto_min: 50ms, rto_max: 200ms, path_retransmits: 1, association_retransmits: 2 }\n"


class UdpLab(InsideLab):
    def listen(self, name):
        return (f"listen: {{ transport: sctp-udp, address: {self.options.address}, port: {SCTP[name]}, udp_port: {UDP[name]}, "
                "protection: none }\n")

    def element(self, name, identity, more):
        conf = proc.write(self.path(f"{name}.yaml"), f"identity: {{ host: {identity}, realm: {laboratory.CORE_REALM} }}\n"
                          + self.listen(name) + more)
        entry = self.start(name, [self.program(name), "-c", conf])
        proc.wait_ready(entry, self.options.up_wait_s)
        return {"address": self.options.address, "port": SCTP[name], "identity": identity, "realm": laboratory.CORE_REALM, "pid": entry["pid"]}

    def start_hss(self):
        self.lab["hss"] = self.element("mtc-hss", laboratory.HSS_HOST, f"subscribers: {self.path('subscribers.jsonl')}\n")

    def start_smssc(self):
        os.makedirs(self.path("smssc"), exist_ok=True)
        self.lab["smssc"] = self.element(
            "mtc-smssc", laboratory.SMSSC_HOST, f"state_dir: {self.path('smssc')}\nue_socket: {self.path('ue.sock')}\n"
            f"sc_address: \"{laboratory.SMSSC_NUMBER}\"\n")


def built(address):
    """Whether the programs have it: mtc-hss says so of a configuration."""
    conf = f"identity: {{ host: h.x, realm: x }}\nlisten: {{ transport: sctp-udp, address: {address}, port: 1, protection: none }}\nsubscribers: /none\n"
    done = subprocess.run([os.path.join(BIN, "mtc-hss"), "-t", "-c", "/dev/stdin"], input=conf, capture_output=True, text=True, timeout=proc.HANG_S,
                          check=False)
    return "this build has no SCTP in user space" not in done.stderr


BIN = os.environ.get("MTC_BIN", os.path.join(laboratory.ROOT, "build", "bin"))


@pytest.fixture(scope="module")
def lab(labs):
    if not built(labs.address):
        pytest.skip("this build has no SCTP in user space")
    own = labs.address
    listener = (f"  - {{ name: inside, zone: internal, protection: none, transport: sctp-udp, address: {own}, port: {TSP_PORT}, "
                f"udp_port: {UDP['tsp']} }}\n")

    def peer(name):
        return f"    transport: sctp-udp\n    udp_port: {UDP[name]}\n    local_addresses: [ {own} ]\n"
    p = labs.up(kind=UdpLab, devices=8, listen_more=listener, hss_more=peer("mtc-hss"), smssc_peer_more=peer("mtc-smssc"), iwf_more=TIMES)
    yield p
    wrong = labs.down(p)
    assert not wrong, "\n".join(wrong)


def trigger(p, reference):
    command = [p.program("mtc-scs"), "trigger", "--plain", "--sctp", "--udp-port", str(UDP["tsp"]), "--connect",
               f"{p.lab['hss']['address']}:{TSP_PORT}", "--local", p.lab["hss"]["address"], "--origin-host", SCS[2], "--realm", SCS[3],
               "--iwf-host", p.lab["iwf"]["identity"], "--iwf-realm", p.lab["iwf"]["realm"], "--device", "meter-1@a.example", "--payload",
               "wake up", "--reference", str(reference), "--wait", "20"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=proc.HANG_S, check=False)
    ended = play.Ended(done.returncode, done.stdout, done.stderr)
    return ended.code, ended.outcome, ended.err if ended.code else ""


def answers(p):
    return subprocess.run([p.program("mtcctl"), "--socket", p.lab["iwf"]["ctl"], "status"], capture_output=True, timeout=proc.HANG_S, check=False).returncode == 0


def log_of(p):
    with open(p.lab["logs"]["mtc-iwfd"], encoding="utf-8") as f:
        return f.read()


def wait_open(p):
    proc.wait_until("the peers are open", lambda: all(peer(p, name)["state"] == "open" for name in ("hss", "smssc")))


def test_a_trigger_to_its_report(lab):
    assert trigger(lab, 1) == (0, "SUCCESS", "")


def test_the_core_ends(lab):
    before = laboratory.roles(lab.lab["iwf"]["pids"]["parent"])["core"]
    os.kill(before, signal.SIGKILL)
    proc.wait_until("another core answers", lambda: answers(lab) and laboratory.roles(lab.lab["iwf"]["pids"]["parent"])["core"] != before)
    wait_open(lab)
    assert trigger(lab, 4) == (0, "SUCCESS", "")


def test_which_sctp_is_said(lab):
    assert [(row["name"], row["transport"]) for row in lab.ctl("status")[0]["listeners"]] == [("inside", "sctp-udp")]
    done = subprocess.run([lab.program("mtc-iwfd"), "-t", "-c", lab.lab["iwf"]["config"]], capture_output=True, text=True, timeout=proc.HANG_S, check=False)
    assert done.returncode == 0, done.stderr
    for whose in ("listener 'inside'", "peer 'hss'", "peer 'smssc'"):
        assert f"{whose} uses SCTP in user space inside UDP, which is for laboratories" in done.stderr


def doctor(p, what):
    done = subprocess.run([p.program("mtcctl"), "--socket", p.lab["iwf"]["ctl"], "doctor", "--json", *what, "-c", p.lab["iwf"]["config"]],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=proc.HANG_S, check=False)
    return {r["cause"]: r for r in map(json.loads, done.stdout.splitlines()) if "cause" in r}


def test_the_doctor_tries_a_peer_over_sctp(lab):
    """Nobody is there; then somebody else is."""
    assert "listening" in doctor(lab, []) and "peer-open" in doctor(lab, ["hss"])
    hss = lab.lab["hss"]
    laboratory.stop(lab.lab["dir"], "mtc-hss")
    proc.wait_until("the HSS is away", lambda: peer(lab, "hss")["state"] == "waiting")
    assert {"peer-silent", "peer-closed"} & set(doctor(lab, ["hss"]))
    conf = os.path.join(lab.lab["dir"], "other-hss.yaml")
    proc.write(conf, f"identity: {{ host: other.core.operator.example, realm: {laboratory.CORE_REALM} }}\nlisten: {{ transport: sctp-udp, "
               f"address: {hss['address']}, port: {hss['port']}, udp_port: {UDP['mtc-hss']}, protection: none }}\n"
               f"subscribers: {lab.lab['dir']}/subscribers.jsonl\n")
    entry = proc.start("other-hss", [lab.program("mtc-hss"), "-c", conf], lab.lab["dir"])
    try:
        proc.wait_ready(entry)
        found = proc.wait_until("it is reached", lambda: doctor(lab, ["hss"]).get("peer-diameter"))
        assert "accepts connections" in found["text"]
    finally:
        assert not proc.end([entry], 10)
        laboratory.start(lab.lab["dir"], "mtc-hss")
    wait_open(lab)


def test_datagrams_that_are_no_sctp_change_nothing(lab):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        for octets in (b"", b"x", bytes(12), bytes(64), b"\xff" * 1200, bytes(12) + b"\x01\x00\x00\x14" + bytes(16), bytes(12) + b"\x0a" + bytes(80)):
            s.sendto(octets, (lab.lab["hss"]["address"], UDP["tsp"]))
    assert trigger(lab, 2) == (0, "SUCCESS", "")


def test_an_edge_ends(lab):
    """The next one has the same UDP socket, and knows no association of before."""
    before = set(laboratory.roles(lab.lab["iwf"]["pids"]["parent"])["edges"])
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    proc.wait_until("other edges run", lambda: len(set(laboratory.roles(lab.lab["iwf"]["pids"]["parent"])["edges"]) - before) == len(before))
    assert trigger(lab, 3) == (0, "SUCCESS", "")


def test_an_association_is_lost_and_made_again(lab):
    pid = lab.lab["smssc"]["pid"]
    os.kill(pid, signal.SIGSTOP)
    try:
        row = proc.wait_until("the peer is closed", lambda: [r for r in lab.ctl("peers") if r.get("name") == "smssc" and r["state"] != "open"])[0]
    finally:
        os.kill(pid, signal.SIGCONT)
    assert row["state"] in ("waiting", "connecting"), json.dumps(row)
    assert "the association is lost" in log_of(lab)
    wait_open(lab)
    assert trigger(lab, 5) == (0, "SUCCESS", "")
