#!/bin/sh
# freediameter-reverse-lookup.sh - freeDiameter asks the name server for the peer's address between connect and the TLS handshake.
#
# usage: findings/freediameter-reverse-lookup.sh
#
# Exit status: 0 the behaviour is as described, 1 it is another one, 77 not run: this version, root or the network is not available.
# Takes about 15 s. Needs root for a mount namespace of its own, in which the name server is one that does not answer.
#
# Version: freediameterd 1.2.1-8+b1 of Debian 12 as the connecting peer; the resolver of glibc with its defaults.
#
# Expected by a careful reader
#   The configuration names the peer's Diameter identity and, in ConnectTo, its numeric address. So after connect() the client sends its
#   ClientHello at once: nothing remains to be looked up.
#
# Seen
#   1. A name server that answers at once (here: none is configured and nothing listens, so that the lookup fails at once): the ClientHello
#      comes within a second.
#   2. A name server that does not answer: no ClientHello within 5 s, the time-out of the resolver, since the name of the numeric address
#      is looked up first. (14 s were waited here; the resolver asks a second time.)
#
# So behind a slow name server such a peer looks like one that connects and says nothing, and a server that bounds the time of a handshake
# closes the connection. An entry in /etc/hosts for the address, or a resolver option such as "timeout:1 attempts:1", helps.
set -eu
# shellcheck source=findings/common
. "$(dirname "$0")/common"
need python3 openssl unshare
[ "$(id -u)" = 0 ] || not_run "a mount namespace needs root"
debian freediameterd=1.2.1-8+b1 freediameter-extensions=1.2.1-8+b1 libfdcore6=1.2.1-8+b1 libfdproto6=1.2.1-8+b1

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout client.key -out client.pem -days 2 \
	-subj /CN=client.example >openssl.log 2>&1 || not_run "openssl makes no certificate"

cat >play.py <<'END'
import os
import select
import socket
import subprocess
import sys
import time

WAIT_S = 14.0


def hello_after(name_server):
    """Seconds from the connection to the first octets; None: none came in time. `name_server`: an address for resolv.conf."""
    listener = socket.create_server(("127.0.0.1", 0))
    free = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    ports = [s.getsockname()[1] for s in free]
    for s in free:
        s.close()
    with open("resolv.conf", "w", encoding="ascii") as f:
        f.write(f"nameserver {name_server}\n")
    with open("nsswitch.conf", "w", encoding="ascii") as f:
        f.write("hosts: files dns\n")
    here, root = os.getcwd(), os.path.join(os.getcwd(), "root")
    with open("client.conf", "w", encoding="utf-8") as f:
        f.write(f'Identity = "client.example";\nRealm = "example";\nPort = {ports[0]};\nSecPort = {ports[1]};\nNo_SCTP;\nNo_IPv6;\n'
                f'ListenOn = "127.0.0.1";\nTLS_Cred = "{here}/client.pem", "{here}/client.key";\nTLS_CA = "{here}/client.pem";\n'
                f'ConnectPeer = "server.example" {{ ConnectTo = "127.0.0.1"; Port = {listener.getsockname()[1]}; }};\n')
    daemon = [os.path.join(d, "freeDiameterd") for d, _, files in os.walk(root) if "freeDiameterd" in files][0]
    inside = (f"mount --bind {here}/resolv.conf /etc/resolv.conf && mount --bind {here}/nsswitch.conf /etc/nsswitch.conf && "
              f"mount --bind {here}/hosts /etc/hosts && exec {daemon} -c {here}/client.conf")
    with open("hosts", "w", encoding="ascii") as f:
        f.write("127.0.0.2 other\n")
    env = {k: v for k, v in os.environ.items() if k not in ("RES_OPTIONS", "LOCALDOMAIN")}
    env["LD_LIBRARY_PATH"] = os.path.join(root, "usr/lib/x86_64-linux-gnu")
    with open("client.log", "w", encoding="utf-8") as log:
        client = subprocess.Popen(["unshare", "--mount", "sh", "-c", inside], env=env, stdout=log, stderr=log)
    try:
        listener.settimeout(15)
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            return "no connection"
        began = time.monotonic()
        ready = select.select([connection], [], [], WAIT_S)[0]
        after = time.monotonic() - began if ready and connection.recv(1, socket.MSG_PEEK) else None
        connection.close()
        return after
    finally:
        client.terminate()
        try:
            client.wait(5)
        except subprocess.TimeoutExpired:
            client.kill()
            client.wait()
        listener.close()


def main():
    silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        silent.bind(("127.77.53.2", 53))
    except OSError as e:
        print(f"not run: port 53 of 127.77.53.2 cannot be bound: {e}")
        return 77
    first, second = hello_after("127.77.53.1"), hello_after("127.77.53.2")
    if isinstance(first, str) or isinstance(second, str):
        with open("client.log", encoding="utf-8", errors="replace") as f:
            print(f.read()[-1500:])
        print("not run: freeDiameter does not connect")
        return 77
    changed = False
    for number, text, seconds, same in ((1, "the lookup fails at once", first, first is not None and first < 2),
                                        (2, "the name server does not answer", second, second is None or second > 4)):
        changed = changed or not same
        print(f"{number}. {text}")
        print(f"    {'as described' if same else 'CHANGED'}: " + (f"the ClientHello comes {seconds:.1f} s after the connection" if seconds is not None
                                                                  else f"no ClientHello within {WAIT_S:.0f} s"))
    print("the behaviour is another one" if changed else "as described")
    return int(changed)


sys.exit(main())
END
timeout 80 python3 -u play.py
