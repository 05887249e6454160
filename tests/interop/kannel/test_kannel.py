"""Kannel as an SME at mtc-smssc: what a web client hands to it reaches the device, and the receipt comes back to the web client."""
import http.server
import pathlib
import queue
import threading
import urllib.parse
import urllib.request

import pytest
from lablib import ports, proc
from lablib.pki import Pki
from support.smes import NUMBER, World, sme

from conftest import BIN

pytestmark = pytest.mark.once  # it is about the other end, and the plays of test_z_smpp.py run on each build
SBIN = "/usr/sbin"


class Called(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.calls.put(urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


def bound(name, port, user, ssl):
    """A connection of Kannel to mtc-smssc, as that SME."""
    return f"""group = smsc
smsc = smpp
smsc-id = {name}
allowed-smsc-id = {name}
host = 127.0.0.1
port = {port}
use-ssl = {ssl}
transceiver-mode = true
smsc-username = {user}
smsc-password = secret08
system-type = "VMA"
interface-version = 34
address-range = ""
enquire-link-interval = 3
source-addr-autodetect = true
"""


def configuration(address, w, pki):
    return f"""group = core
admin-port = 13000
admin-interface = {address}
admin-password = lab
smsbox-port = 13001
smsbox-interface = {address}
box-deny-ip = "*.*.*.*"
box-allow-ip = "127.*.*.*"
log-file = "bearerbox.txt"
store-type = spool
store-location = "."
dlr-storage = internal
ssl-client-certkey-file = {pki.path("both.pem")}
ssl-trusted-ca-file = {pki.path("sme-ca.pem")}

{bound("sealed", w.tls_port, "sealed", "true")}
{bound("iwf", w.port, "acme", "false")}
group = smsbox
bearerbox-host = {address}
bearerbox-port = 13001
sendsms-port = 13013
sendsms-interface = {address}
log-file = "smsbox.txt"

group = sendsms-user
username = lab
password = lab
max-messages = 5
concatenation = true
user-allow-ip = "127.*.*.*"
"""


def get(url):
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=proc.HANG_S) as answer:
        return answer.read().decode()


def answers(url):
    try:
        return get(url)
    except OSError:
        return None


def test_messages_and_receipts(tmp_path):
    address = ports.own_address()
    server = http.server.ThreadingHTTPServer((address, 0), Called)
    server.calls = queue.Queue()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    pki = Pki(str(tmp_path / "pki"))
    pki.ca("sme-ca", "/CN=sme-ca")
    pki.leaf("smssc", "sme-ca", "smssc.core.test", "serverAuth")
    both = [pathlib.Path(path).read_text(encoding="ascii") for path in pki.leaf("sme", "sme-ca", "sme.test", "clientAuth")]
    proc.write(pki.path("both.pem"), "".join(both[::-1]))
    (tmp_path / "smssc").mkdir()
    tls = (f"  tls: {{ address: 127.0.0.1, port: 0, certificate: {pki.path('smssc.pem')}, key: {pki.path('smssc.key')}, "
           f"anchors: [{pki.path('sme-ca.pem')}] }}\n")
    w, boxes = World(BIN, tmp_path / "smssc", smes=sme("acme") + sme("sealed", more="certificate: sme.test"), tls=tls), []
    try:
        w.start_ue()
        folder = tmp_path / "kannel"
        folder.mkdir()
        proc.write(str(folder / "kannel.conf"), configuration(address, w, pki))

        def start(name):
            boxes.append(proc.start(name, ["sh", "-c", f'cd "{folder}" && exec {SBIN}/{name} kannel.conf'], str(tmp_path)))
        start("bearerbox")
        proc.wait_until("Kannel is bound", lambda: (answers(f"http://{address}:13000/status.txt?password=lab") or "").count("(online") == 2, entries=boxes)
        start("smsbox")
        page = f"http://{address}:13013/cgi-bin/sendsms?username=lab&password=lab&to={NUMBER}&from=4242"
        plain, sealed = page + "&smsc=iwf", page + "&smsc=sealed"
        proc.wait_until("smsbox listens", lambda: answers(f"http://{address}:13000/status.txt?password=lab").find("smsbox") >= 0 and _connects(address, 13013), entries=boxes)
        back = urllib.parse.quote(f"http://{address}:{server.server_port}/?state=%d&id=%F&said=%A", safe="")
        assert get(f"{plain}&text=wake&dlr-mask=31&dlr-url={back}").startswith("0: ")
        assert w.messages(1)[0]["payload_hex"] == "wake".encode("utf-16-be").hex()
        states = []
        while 1 not in states:  # 8: the SMSC took it; 1: delivered
            states.append(int(server.calls.get(timeout=proc.HANG_S)["state"][0]))
        assert set(states) <= {1, 8}
        assert get(f"{sealed}&text=tls&dlr-mask=31&dlr-url={back}").startswith("0: ")
        assert w.messages(2)[1]["payload_hex"] == "tls".encode("utf-16-be").hex()
        while int(server.calls.get(timeout=proc.HANG_S)["state"][0]) != 1:
            pass
        assert "'sealed' is bound" in w.log()
        assert get(plain + "&coding=1&text=" + "%01" * 300).startswith("0: ")  # binary, in parts with a header
        parts = [e for e in w.messages(5)[2:]]
        assert {(e["part"], e["parts"]) for e in parts} == {(1, 3), (2, 3), (3, 3)} and sum(len(e["payload_hex"]) for e in parts) == 2 * 300
    finally:
        proc.end(boxes[::-1])
        w.down()
        server.shutdown()


def _connects(address, port):
    import socket
    try:
        socket.create_connection((address, port), timeout=proc.HANG_S).close()
        return True
    except OSError:
        return False
