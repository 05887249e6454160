"""An OCSP responder on loopback: OpenSSL's own answers over HTTP, and what a bad one says in their place."""
import functools
import http.server
import os
import subprocess
import tempfile
import threading
import time

from lablib import proc


@functools.lru_cache(maxsize=None)
def _serial(path):
    done = subprocess.run(["openssl", "x509", "-noout", "-serial", "-in", path], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    return done.stdout.strip().split("=")[1]


class Responder:
    """Answers for the CA of that name about the certificates that it `knows`. `revoked`: which of them are. `say`, when it is not None, is
    called with the request in place of OpenSSL, and returns a response, or None: the responder is silent."""

    def __init__(self, pki, ca, knows, signer=None, minutes=10):
        self.pki, self.ca, self.signer, self.minutes = pki, ca, signer or ca, minutes
        self.knows, self.revoked, self.say, self.asked = set(knows), set(), None, 0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # pylint: disable=invalid-name
                assert self.path == "/ocsp" and self.headers["Content-Type"] == "application/ocsp-request"
                request = self.rfile.read(int(self.headers["Content-Length"]))
                outer.asked += 1
                response = (outer.say or outer.openssl)(request)
                if response is None:
                    time.sleep(5)
                    return
                self.send_response(200)
                self.send_header("Content-Type", "application/ocsp-response")
                self.send_header("Content-Length", str(len(response)))
                self.end_headers()
                self.wfile.write(response)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/ocsp"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()

    def openssl(self, request):
        """What `openssl ocsp` answers."""
        with tempfile.TemporaryDirectory(dir=self.pki.folder) as books:
            asked, said, index = (os.path.join(books, name) for name in ("request", "response", "index"))
            with open(asked, "wb") as f:
                f.write(request)
            with open(index, "w", encoding="ascii") as f:
                for name in self.knows:
                    state = "R\t301231000000Z\t251001000000Z,keyCompromise" if name in self.revoked else "V\t301231000000Z\t"
                    f.write(f"{state}\t{_serial(self.pki.path(name + '.pem'))}\tunknown\t/CN={name}\n")
            done = subprocess.run(["openssl", "ocsp", "-index", index, "-CA", self.pki.path(self.ca + ".pem"), "-rsigner",
                                   self.pki.path(self.signer + ".pem"), "-rkey", self.pki.path(self.signer + ".key"), "-reqin", asked, "-respout",
                                   said, *(["-nmin", str(self.minutes)] if self.minutes else [])], stdin=subprocess.DEVNULL,
                                  capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            with open(said, "rb") as f:
                return f.read()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(proc.HANG_S)
