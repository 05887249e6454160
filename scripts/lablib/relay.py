"""freeDiameter as a relay agent in clear on loopback: the interop partner of the tests and the yardstick of the bench."""
import os
import random

from . import ports, proc


def free_endpoint():
    """A loopback address and a port that nobody has on any address: freeDiameter binds them all, whatever ListenOn says."""
    return f"127.{random.randint(1, 254)}.{random.randint(0, 254)}.{random.randint(2, 254)}", ports.hold_ports(1)[0]


def freediameter(conf):
    """The command that runs freeDiameter. Before each handshake it asks the resolver for the name of the peer's address: where no name
    server answers, that would take longer than a handshake may."""
    return ["env", "RES_OPTIONS=timeout:1 attempts:1", "freeDiameterd", "-c", conf]


def prepare(folder, pki, ca, host, realm, clients, server):
    """Writes its configuration. `clients` may connect to it, it connects to server (host, address, port) itself.
    Returns (address, port, command, is_open): is_open(entry) says whether the connection to the server is up."""
    address, port = free_endpoint()
    pki.leaf("relay", ca, host, "serverAuth,clientAuth")  # it wants a certificate even where it never uses it
    acl = proc.write(os.path.join(folder, "relay-acl.conf"), "".join(f"ALLOW_IPSEC {name}\n" for name in [*clients, server[0]]))
    conf = proc.write(os.path.join(folder, "relay.conf"), f"""Identity = "{host}";
Realm = "{realm}";
Port = {port};
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
    return address, port, freediameter(conf), is_open
