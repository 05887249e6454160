"""Kannel as an SME at mtc-smssc: what a web client hands to it reaches the device, and the receipt comes back to the web client."""
import http.server
import queue
import threading
import urllib.parse
import urllib.request

import pytest
from lablib import ports, proc
from support.smes import NUMBER, World

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


def configuration(address, smpp_port):
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

group = smsc
smsc = smpp
smsc-id = iwf
host = 127.0.0.1
port = {smpp_port}
transceiver-mode = true
smsc-username = acme
smsc-password = secret08
system-type = "VMA"
interface-version = 34
address-range = ""
enquire-link-interval = 3
source-addr-autodetect = true

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
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=20) as answer:
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
    (tmp_path / "smssc").mkdir()
    w, boxes = World(BIN, tmp_path / "smssc"), []
    try:
        w.start_ue()
        folder = tmp_path / "kannel"
        folder.mkdir()
        proc.write(str(folder / "kannel.conf"), configuration(address, w.port))

        def start(name):
            boxes.append(proc.start(name, ["sh", "-c", f'cd "{folder}" && exec {SBIN}/{name} kannel.conf'], str(tmp_path)))
        start("bearerbox")
        proc.wait_until("Kannel is bound", lambda: "(online" in (answers(f"http://{address}:13000/status.txt?password=lab") or ""), 60, boxes)
        start("smsbox")
        page = f"http://{address}:13013/cgi-bin/sendsms?username=lab&password=lab&to={NUMBER}&from=4242"
        proc.wait_until("smsbox listens", lambda: answers(f"http://{address}:13000/status.txt?password=lab").find("smsbox") >= 0 and _connects(address, 13013), 60, boxes)
        back = urllib.parse.quote(f"http://{address}:{server.server_port}/?state=%d&id=%F&said=%A", safe="")
        assert get(f"{page}&text=wake&dlr-mask=31&dlr-url={back}").startswith("0: ")
        assert w.messages(1)[0]["payload_hex"] == "wake".encode("utf-16-be").hex()
        states = []
        while 1 not in states:  # 8: the SMSC took it; 1: delivered
            states.append(int(server.calls.get(timeout=60)["state"][0]))
        assert set(states) <= {1, 8}
        assert get(page + "&coding=1&text=" + "%01" * 300).startswith("0: ")  # binary, in parts with a header
        parts = [e for e in w.messages(4)[1:]]
        assert {(e["part"], e["parts"]) for e in parts} == {(1, 3), (2, 3), (3, 3)} and sum(len(e["payload_hex"]) for e in parts) == 2 * 300
    finally:
        proc.end(boxes[::-1])
        w.down()
        server.shutdown()


def _connects(address, port):
    import socket
    try:
        socket.create_connection((address, port), timeout=5).close()
        return True
    except OSError:
        return False
