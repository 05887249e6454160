"""freeDiameter as a relay agent in clear on loopback: the interop partner of the tests and the yardstick of the bench."""
import os
import random
import socket

from . import proc

PORT = 3868


def free_loopback(port):
    """A loopback address where `port` is free: 16 million to choose from, so two laboratories do not meet."""
    for _ in range(100):
        address = f"127.{random.randint(1, 254)}.{random.randint(0, 254)}.{random.randint(2, 254)}"
        with socket.socket() as s:
            try:
                s.bind((address, port))
                return address
            except OSError:
                continue
    raise proc.LabError(f"no loopback address with port {port} free")


def prepare(folder, pki, ca, host, realm, clients, server):
    """Writes its configuration. `clients` may connect to it, it connects to server (host, address, port) itself.
    Returns (address, command, is_open): is_open(entry) says whether the connection to the server is up."""
    address = free_loopback(PORT)
    pki.leaf("relay", ca, host, "serverAuth,clientAuth")  # it wants a certificate even where it never uses it
    acl = proc.write(os.path.join(folder, "relay-acl.conf"), "".join(f"ALLOW_IPSEC {name}\n" for name in [*clients, server[0]]))
    conf = proc.write(os.path.join(folder, "relay.conf"), f"""Identity = "{host}";
Realm = "{realm}";
Port = {PORT};
SecPort = 0;
No_SCTP;
No_IPv6;
ListenOn = "{address}";
TwTimer = 6;
TcTimer = 5;
TLS_Cred = "{pki.path('relay.pem')}", "{pki.path('relay.key')}";
TLS_CA = "{pki.path(ca + '.pem')}";
LoadExtension = "acl_wl.fdx" : "{acl}";
ConnectPeer = "{server[0]}" {{ ConnectTo = "{server[1]}"; Port = {server[2]}; No_TLS; }};
""")

    def is_open(entry):
        text = ""
        for path in (entry["out"], entry["log"]):
            with open(path, errors="replace", encoding="utf-8") as f:
                text += f.read()
        return any("STATE_OPEN" in line and server[0] in line for line in text.splitlines())
    return address, ["freeDiameterd", "-c", conf], is_open
