"""Hosts of a laboratory that speak NDS/IP: network namespaces joined by veth, protected addresses, and a charon (strongSwan, IKEv2 with
certificates, user-space ESP by kernel-libipsec) in each that wants one. Needs root and the packages of scripts/packages.txt.

        scs ----(outside)---- gw ----(inside)---- core

A protected address is on the loopback device of its host. There is a route to it past the tunnel, as in a real network: what keeps traffic
inside the tunnel is a rule of the packet filter, never the lack of a road."""
import hashlib
import os
import re
import shutil
import subprocess

from . import ending, proc

SIDES = ("scs", "gw", "core")
# side: {peer: (device, address of IPv4, address of IPv6)}; of IKE towards the other side, and of plain traffic inside
LINKS = {"gw": {"scs": ("outside", "10.77.0.1", "fd00:77::1"), "core": ("inside", "10.78.0.1", "fd00:78::1")},
         "scs": {"gw": ("outside", "10.77.0.2", "fd00:77::2")},
         "core": {"gw": ("inside", "10.78.0.2", "fd00:78::2")}}
PROTECTED = {"gw": ("10.77.1.1", "fd00:77:1::1"), "scs": ("10.77.2.1", "fd00:77:2::1")}
DEVICE = "ipsec0"  # of kernel-libipsec
NAMESPACES = "/run/netns"  # of ip netns
CHARON = "/usr/lib/ipsec/charon"
IKE_PROPOSAL, ESP_PROPOSAL = "aes128gcm16-prfsha256-ecp256", "aes128gcm16-ecp256"
PLUGINS = ("random nonce drbg aes sha1 sha2 hmac kdf gcm pem pkcs1 pkcs8 x509 pubkey constraints revocation openssl kernel-libipsec "
           "kernel-netlink socket-default vici updown counters")
COOKIES_FROM, COOKIES_FROM_ONE, BLOCKED_FROM = 30, 3, 10  # half-open IKE_SAs: of all addresses; the others of one
LIBIPSEC, XFRM = "libipsec", "xfrm"  # who does ESP: charon itself, or the kernel
ACT_S = str(proc.HANG_S)  # at most, for what swanctl has charon do
PROGRAMS = ("ip", "unshare", "nft", "swanctl", CHARON)


def lacking():
    """What is not installed, or why namespaces cannot be made; "" when all is there."""
    if os.geteuid():
        return "network namespaces need root"
    missing = [p for p in PROGRAMS if not shutil.which(p, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")]
    return f"not installed: {', '.join(missing)}; scripts/setup run" if missing else ""


def run(*words, given=None, check=True, timeout=proc.HANG_S):
    done = subprocess.run(words, input=given, capture_output=True, text=True, check=False, timeout=timeout,
                          **({} if given is not None else {"stdin": subprocess.DEVNULL}))
    if check and done.returncode:
        raise proc.LabError(f"{' '.join(words)} failed: {(done.stderr or done.stdout).strip()}")
    return done


class Hosts:
    """The namespaces PREFIX-scs, PREFIX-gw and PREFIX-core. `prefix` is the caller's alone. esp: who does it on these hosts."""

    def __init__(self, prefix, esp=LIBIPSEC):
        if not re.fullmatch(r"[a-z][a-z0-9-]{0,40}", prefix):
            raise proc.LabError(f"'{prefix}' is no prefix of network namespaces")
        self.prefix, self.esp = prefix, esp

    def name(self, side):
        return f"{self.prefix}-{side}"

    def inside(self, side, *words):
        """The command line that runs these words on a host. ip executes them in its place: the process keeps its pid."""
        return ["ip", "netns", "exec", self.name(side), *words]

    def ip(self, side, *words):
        run("ip", "-n", self.name(side), *words)

    def up(self):
        """Makes them. A signal that ends this script waits meanwhile: all is there to be removed, or nothing."""
        with ending.held():
            self.make()

    def make(self):
        for side in SIDES:
            run("ip", "netns", "add", self.name(side))
            self.ip(side, "link", "set", "lo", "up")
        for side in ("scs", "core"):
            device = LINKS["gw"][side][0]
            run("ip", "link", "add", device, "netns", self.name("gw"), "type", "veth", "peer", "name", device, "netns", self.name(side))
        for side, links in LINKS.items():
            for device, four, six in links.values():
                self.ip(side, "addr", "add", f"{four}/24", "dev", device)
                self.ip(side, "addr", "add", f"{six}/64", "dev", device, "nodad")
                self.ip(side, "link", "set", device, "up")
        for side, other in (("gw", "scs"), ("scs", "gw")):
            for address, hop in zip(PROTECTED[side], LINKS[side][other][1:]):
                self.ip(side, "addr", "add", address, "dev", "lo", *(["nodad"] if ":" in address else []))
                self.ip(other, "route", "add", address, "via", hop)

    def there(self):
        """The names of those that exist."""
        return [self.name(side) for side in SIDES if os.path.lexists(os.path.join(NAMESPACES, self.name(side)))]

    def down(self):
        """Removes those that are there, also after an up() that was interrupted. What runs in them has been ended before."""
        for name in self.there():
            run("ip", "netns", "del", name)

    def fence(self, side, port=None, protocol="tcp"):
        """The rules of a host that is no gateway of ours: from and to its protected address only through the tunnel. With `port` only that of
        its peer. What mtcctl ndsip rules makes for the gateway, for the other end."""
        lines = []
        for address, family in zip(PROTECTED[side], ("ip", "ip6")):
            for chain, end, device, there in (("input", "daddr", "iifname", "sport"), ("postrouting", "saddr", "oifname", "dport")):
                which = f" {protocol} {there} {port}" if port else ""
                lines.append((chain, f'{family} {end} {address}{which} {device} != "{DEVICE}" counter drop'))
        chains = "".join(f"chain {c} {{ type filter hook {c} priority -10; policy accept;\n" + "".join(f"{rule}\n" for at, rule in lines if at == c)
                         + "}\n" for c in ("input", "postrouting"))
        run(*self.inside(side, "nft", "-f", "-"), given=f"table inet ndsip\ndelete table inet ndsip\ntable inet ndsip {{\n{chains}}}\n")


def hosts_of(folder, esp=LIBIPSEC):
    """Those of the laboratory in this directory. Their names follow from its path: whatever ended a start, the next one and `down` find them."""
    return Hosts("mtc-lab-" + hashlib.sha256(os.fsencode(os.path.abspath(folder))).hexdigest()[:8], esp)


class Charon:
    """The IKE daemon of one host, with files of its own below `folder`. The path of its pid file is compiled in, so each has its own /run."""
    START_S = proc.HANG_S  # at most, until it answers

    def __init__(self, hosts, side, folder, host):
        self.hosts, self.side, self.folder, self.host = hosts, side, os.path.abspath(folder), host
        self.entry = None
        for name in ("x509", "x509ca", "private"):
            os.makedirs(self.path("swanctl", name), exist_ok=True)
        if len(self.path("vici")) > 107:
            raise proc.LabError(f"{self.path('vici')} is too long for a socket; choose a shorter directory")

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def settings(self):
        return {"STRONGSWAN_CONF": self.path("strongswan.conf"), "SWANCTL_DIR": self.path("swanctl")}

    def configure(self, certificate, key, ca):
        """Its strongswan.conf, and our certificate, key and trust anchor as PEM files."""
        shutil.copy(certificate, self.path("swanctl", "x509", "own.pem"))
        shutil.copy(key, self.path("swanctl", "private", "own.pem"))
        shutil.copy(ca, self.path("swanctl", "x509ca", "ca.pem"))
        proc.write(self.path("strongswan.conf"), f"""charon {{
  load = {PLUGINS if self.hosts.esp == LIBIPSEC else PLUGINS.replace("kernel-libipsec ", "")}
  make_before_break = yes
  cookie_threshold = {COOKIES_FROM}
  cookie_threshold_ip = {COOKIES_FROM_ONE}
  block_threshold = {BLOCKED_FROM}
  half_open_timeout = 10
  plugins {{ vici {{ socket = unix://{self.path("vici")} }} }}
  retransmit_tries = 2
  retransmit_timeout = 1.0
  filelog {{ main {{ path = {self.path("charon.log")}
    default = 1
    flush_line = yes }} }}
}}
swanctl {{ load = pem pkcs1 pkcs8 x509 pubkey openssl random
}}
""")

    def connect(self, other, name, children, more=""):
        """The connection `name` with another charon. children: {name: (our selector, the other's)}, such as 10.77.1.1/32[tcp/3868]. Loads it."""
        ours, theirs = LINKS[self.side][other.side][1], LINKS[other.side][self.side][1]
        parts = "".join(f"{child} {{\n local_ts = {local}\n remote_ts = {remote}\n esp_proposals = {ESP_PROPOSAL}\n dpd_action = clear\n}}\n"
                        for child, (local, remote) in children.items())
        proc.write(self.path("swanctl", "swanctl.conf"), f"""connections {{ {name} {{
  version = 2
  local_addrs = {ours}
  remote_addrs = {theirs}
  proposals = {IKE_PROPOSAL}
  encap = {"yes" if self.hosts.esp == LIBIPSEC else "no"}
  {more}
  local {{
    auth = pubkey
    certs = own.pem
    id = {self.host}
  }}
  remote {{
    auth = pubkey
    id = {other.host}
    cacerts = ca.pem
  }}
  children {{ {parts} }}
}} }}
""")
        self.swanctl("--load-all", "--noprompt")

    def start(self, record=None):
        """Starts it and waits for its socket. Returns its entry, which record() has kept."""
        proc.remove(self.path("vici"))
        self.entry = proc.start(f"charon-{self.side}", self.hosts.inside(self.side, "unshare", "--mount", "sh", "-c",
                                                                         f"mount -t tmpfs tmpfs /run && exec {CHARON}"),
                                self.path("log"), self.settings(), record)
        proc.wait_until(f"charon of {self.side} answers", lambda: not self.swanctl("--stats", check=False).returncode, self.START_S, [self.entry])
        return self.entry

    def swanctl(self, *words, check=True):
        return run("env", *(f"{k}={v}" for k, v in self.settings().items()), "swanctl", *words, "--uri", f"unix://{self.path('vici')}",
                   check=check)

    def initiate(self, child):
        self.swanctl("--initiate", "--child", child, "--timeout", ACT_S)

    def terminate(self, name):
        self.swanctl("--terminate", "--ike", name, "--timeout", ACT_S)

    def installed(self):
        """How many children charon has that carry traffic."""
        return len(re.findall(r"\bINSTALLED\b", self.swanctl("--list-sas").stdout))

    def end(self):
        """Ends it; whether it had to be killed."""
        killed = bool(self.entry and proc.end([self.entry]))
        self.entry = None
        return killed
