#!/usr/bin/python3
"""Records what a real charon (strongSwan) says on its VICI socket, for the tests of src/ipsec.

usage: record_charon.py FOLDER        as root, with the packages of charon-5.9.8/README.md

Two charons in two network namespaces, IKEv2 with certificates, user-space ESP (kernel-libipsec). The side `gw` is the gateway, the side `scs`
the SCS. The packets that the gateway's charon sends are written as they came, each with its length in front: a file for each thing that happens.
"""
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time

NS = {"gw": f"rec-gw-{os.getpid()}", "scs": f"rec-scs-{os.getpid()}"}
OUTER = {"gw": "10.77.0.1", "scs": "10.77.0.2"}
INNER = {"gw": "10.77.1.1", "scs": "10.77.2.1"}
HOST = {"gw": "iwf.operator.example", "scs": "scs.acme.example"}
EVENTS = ("ike-updown", "child-updown", "ike-rekey", "child-rekey")
PLUGINS = ("random nonce drbg aes sha1 sha2 hmac kdf gcm pem pkcs1 pkcs8 x509 pubkey constraints revocation openssl kernel-libipsec "
           "kernel-netlink socket-default vici updown")


def run(*words, **more):
    return subprocess.run(words, check=True, capture_output=True, **more).stdout


class Vici:
    """The client of one charon; keeps the octets of every packet that comes."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(15)
        self.sock.connect(path)
        self.heard = b""

    def send(self, kind, name, message=b""):
        packet = bytes([kind, len(name)]) + name.encode() + message
        self.sock.sendall(struct.pack("!I", len(packet)) + packet)

    def octets(self, n):
        got = b""
        while len(got) < n:
            piece = self.sock.recv(n - len(got))
            if not piece:
                raise EOFError("charon has closed its socket")
            got += piece
        return got

    def packet(self):
        head = self.octets(4)
        body = self.octets(struct.unpack("!I", head)[0])
        self.heard += head + body
        return body

    def register(self, *events):
        for event in events:
            self.send(3, event)
            if self.packet()[0] != 5:
                raise RuntimeError(f"no event {event}")

    def command(self, name, message=b""):
        """Until its response; events come before it and after it."""
        self.send(0, name, message)
        while True:
            packet = self.packet()
            if packet[0] in (1, 2):
                return packet

    def gather(self, seconds):
        """Events for so long."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.sock.settimeout(left)
            try:
                self.packet()
            except (socket.timeout, BlockingIOError):
                break
        self.sock.settimeout(15)

    def taken(self):
        heard, self.heard = self.heard, b""
        return heard



class World:
    def __init__(self, out):
        self.out = out
        self.folder = tempfile.mkdtemp(prefix="charon-record-")
        self.processes = []
        self.begun = time.monotonic()

    def network(self):
        for ns in NS.values():
            run("ip", "netns", "add", ns)
            run("ip", "-n", ns, "link", "set", "lo", "up")
        run("ip", "link", "add", "veth0", "netns", NS["gw"], "type", "veth", "peer", "name", "veth0", "netns", NS["scs"])
        for side, ns in NS.items():
            run("ip", "-n", ns, "addr", "add", OUTER[side] + "/24", "dev", "veth0")
            run("ip", "-n", ns, "addr", "add", INNER[side] + "/32", "dev", "lo")
            run("ip", "-n", ns, "link", "set", "veth0", "up")

    def pki(self, *words, into=None, given=None):
        octets = run("pki", *words, input=given, env={**os.environ, "STRONGSWAN_CONF": self.path("pki.conf")})
        if into:
            self.write(into, octets)
        return octets

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def write(self, name, octets):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "wb") as f:
            f.write(octets if isinstance(octets, bytes) else octets.encode())

    def certificates(self):
        self.write("pki.conf", "pki { load = pem pkcs1 pkcs8 x509 pubkey openssl random nonce\n}\n")
        for ca in ("ca", "wrong"):
            self.pki("--gen", "--type", "ecdsa", "--size", "256", "--outform", "pem", into=f"{ca}.key")
            self.pki("--self", "--ca", "--lifetime", "3650", "--type", "ecdsa", "--in", self.path(f"{ca}.key"), "--dn", f"O=lab, CN={ca}",
                     "--outform", "pem", into=f"{ca}.crt")
        for name, ca in (("gw", "ca"), ("scs", "ca"), ("claim", "wrong")):
            self.pki("--gen", "--type", "ecdsa", "--size", "256", "--outform", "pem", into=f"{name}.key")
            public = self.pki("--pub", "--type", "ecdsa", "--in", self.path(f"{name}.key"))
            host = HOST["gw" if name == "gw" else "scs"]
            self.pki("--issue", "--lifetime", "1000", "--cacert", self.path(f"{ca}.crt"), "--cakey", self.path(f"{ca}.key"), "--dn",
                     f"O=lab, CN={host}", "--san", host, "--outform", "pem", given=public, into=f"{name}.crt")

    def configure(self, side, certificate, name, selectors):
        other = "scs" if side == "gw" else "gw"
        for folder in ("x509", "x509ca", "private"):
            shutil.rmtree(self.path(side, "swanctl", folder), ignore_errors=True)
            os.makedirs(self.path(side, "swanctl", folder))
        shutil.copy(self.path(f"{certificate}.crt"), self.path(side, "swanctl", "x509", "own.crt"))
        shutil.copy(self.path(f"{certificate}.key"), self.path(side, "swanctl", "private", "own.key"))
        shutil.copy(self.path("ca.crt"), self.path(side, "swanctl", "x509ca", "ca.crt"))
        self.write(f"{side}/strongswan.conf", f"""charon {{
  load = {PLUGINS}
  make_before_break = yes
  plugins {{ vici {{ socket = unix://{self.path(side, "vici")} }} }}
  retransmit_tries = 2
  retransmit_timeout = 1.0
  filelog {{ main {{ path = {self.path(side, "charon.log")}
    default = 1
    flush_line = yes }} }}
}}
swanctl {{ load = pem pkcs1 pkcs8 x509 pubkey openssl random
}}
""")
        self.write(f"{side}/swanctl/swanctl.conf", f"""connections {{ {name} {{
  version = 2
  local_addrs = {OUTER[side]}
  remote_addrs = {OUTER[other]}
  proposals = aes128gcm16-prfsha256-ecp256
  encap = yes
  local  {{ auth = pubkey
    certs = own.crt
    id = {HOST[side]} }}
  remote {{ auth = pubkey
    id = {HOST[other]}
    cacerts = ca.crt }}
  children {{ host-1 {{
    local_ts = {selectors[0]}
    remote_ts = {selectors[1]}
    esp_proposals = aes128gcm16-ecp256 }} }}
}} }}
""")

    def start(self, side):
        with open(self.path(side, "out"), "wb") as log:
            self.processes.append(subprocess.Popen(["ip", "netns", "exec", NS[side], "unshare", "-m", "sh", "-c",
                                                    "mount -t tmpfs tmpfs /run && exec /usr/lib/ipsec/charon"],
                                                   env={**os.environ, "STRONGSWAN_CONF": self.path(side, "strongswan.conf")}, stdout=log, stderr=log))
        for _ in range(100):
            if os.path.exists(self.path(side, "vici")):
                return
            time.sleep(0.1)
        raise RuntimeError(f"charon of {side} does not start")

    def swanctl(self, side, *words, check=True):
        return subprocess.run(["swanctl", *words, "--uri", f"unix://{self.path(side, 'vici')}"], check=check, capture_output=True, timeout=30,
                              env={**os.environ, "STRONGSWAN_CONF": self.path(side, "strongswan.conf"), "SWANCTL_DIR": self.path(side, "swanctl")})

    def keep(self, name, octets):
        with open(os.path.join(self.out, name + ".vici"), "wb") as f:
            f.write(octets)
        print(f"{time.monotonic() - self.begun:6.1f} s {name}: {len(octets)} octets", flush=True)

    def end(self):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(10)
        for ns in NS.values():
            subprocess.run(["ip", "netns", "del", ns], check=False, capture_output=True)
        if os.environ.get("KEEP") != "1":
            shutil.rmtree(self.folder)


def scenario(w):
    gw, lists = Vici(w.path("gw", "vici")), Vici(w.path("gw", "vici"))
    w.keep("version", (lists.command("version"), lists.taken())[1])
    gw.register(*EVENTS)
    lists.register("list-sa")
    gw.taken(), lists.taken()

    def listed(name):
        lists.command("list-sas")
        w.keep(name, lists.taken())

    def happened(name, *words, side="scs", seconds=2.0, check=True):
        w.swanctl(side, *words, check=check)
        gw.gather(seconds)
        w.keep(name, gw.taken())
    listed("list-none")
    happened("up", "--initiate", "--child", "host-1")
    listed("list-one")
    happened("child-rekey", "--rekey", "--child", "host-1", seconds=1.0)
    listed("list-after-child-rekey")
    happened("ike-rekey", "--rekey", "--ike", "iwf")
    listed("list-after-ike-rekey")
    time.sleep(10)  # a reauthentication soon after a rekeying is put off
    happened("reauth", "--rekey", "--reauth", "--ike", "iwf", seconds=5.0)
    listed("list-after-reauth")
    happened("down", "--terminate", "--ike", "iwf")
    listed("list-after-down")
    w.configure("scs", "claim", "iwf", (INNER["scs"] + "/32[tcp]", INNER["gw"] + "/32[tcp/3868]"))
    w.swanctl("scs", "--load-all", "--clear")
    happened("refused", "--initiate", "--child", "host-1", "--timeout", "5", check=False)
    w.keep("unknown-command", (lists.command("no-such-command"), lists.taken())[1])


def main():
    w = World(sys.argv[1])
    os.makedirs(w.out, exist_ok=True)
    try:
        w.network()
        w.certificates()
        w.configure("gw", "gw", "mtc-acme", (INNER["gw"] + "/32[tcp/3868]", INNER["scs"] + "/32[tcp]"))
        w.configure("scs", "scs", "iwf", (INNER["scs"] + "/32[tcp]", INNER["gw"] + "/32[tcp/3868]"))
        for side in ("gw", "scs"):
            w.start(side)
            w.swanctl(side, "--load-all")
        scenario(w)
    finally:
        w.end()


if __name__ == "__main__":
    main()
