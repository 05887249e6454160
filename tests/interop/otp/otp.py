"""Erlang/OTP's Diameter (otp.erl) as a process of a test: commands as Erlang terms in, events as JSON lines out."""
import glob
import json
import os
import shutil
import subprocess
import threading

from lablib import proc

HERE = os.path.dirname(os.path.abspath(__file__))
START = "{{ok, M, B}} = compile:file({source}, [binary, report]), {{module, M}} = code:load_binary(M, {source}, B), otp:main({folder})."


def missing():
    """What is missing; "" when nothing is."""
    found = shutil.which("erl")
    if not found:
        return "Erlang is not installed"
    library = os.path.join(os.path.dirname(os.path.realpath(found)), "..", "lib", "diameter-*")
    return "" if glob.glob(library) else "Erlang's diameter is not installed"


def term(value):
    """A value of Python as an Erlang term: None is an empty list, a word that starts with ' an atom, bytes a binary, other text a string."""
    if value is None:
        return "[]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, bytes):
        return "<<" + ",".join(map(str, value)) + ">>"
    if isinstance(value, str):
        return value[1:] if value.startswith("'") else json.dumps(value)
    if isinstance(value, dict):
        return "#{" + ",".join(f"'{key}' => {term(v)}" for key, v in value.items()) + "}"
    if isinstance(value, tuple):
        return "{" + ",".join(map(term, value)) + "}"
    return "[" + ",".join(map(term, value)) + "]"


def tls(cert, key, ca, name=None):
    """Options of ssl for a transport that begins with TLS: mutual; `name`, what the certificate of a server has to say."""
    options = [("'ssl_options", True), ("'certfile", cert), ("'keyfile", key), ("'cacertfile", ca), ("'verify", "'verify_peer")]
    return options + [("'server_name_indication", name)] if name else [*options, ("'fail_if_no_peer_cert", True)]


class Otp:
    def __init__(self, folder, sctp=False):
        self.events, self.changed, self.transport = [], threading.Condition(), "'diameter_sctp" if sctp else "'diameter_tcp"
        start = START.format(source=json.dumps(os.path.join(HERE, "otp")), folder=json.dumps(HERE))
        self.log = os.path.join(folder, "otp.log")
        with open(self.log, "wb") as log:
            self.child = subprocess.Popen(["erl", "-noshell", "-boot", "start_clean", "-eval", start], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                          stderr=log, env=dict(os.environ, HOME=str(folder), ERL_CRASH_DUMP="/dev/null"), start_new_session=True)
        self.others = []  # lines that are no events: what OTP logs
        threading.Thread(target=self.read, daemon=True).start()
        self.version = self.wait("version", 60)["version"]  # it compiles first, and a guest is slow

    def read(self):
        for line in self.child.stdout:
            with self.changed:
                if line.startswith(b"{"):
                    self.events.append(json.loads(line))
                else:
                    self.others.append(line.decode(errors="replace"))
                self.changed.notify_all()
        with self.changed:
            self.events.append({"event": "ended"})
            self.changed.notify_all()

    def do(self, *command):
        self.child.stdin.write(term(command).encode() + b".\n")
        self.child.stdin.flush()

    def take(self, event, **fields):
        """Removes and returns the first such event that came, None without one."""
        with self.changed:
            for i, e in enumerate(self.events):
                if e.get("event") == event and all(e.get(k) == v for k, v in fields.items()):
                    return self.events.pop(i)
        return None

    def wait(self, event, wait_s=proc.HANG_S, **fields):
        """The next such event; each is handed out once."""
        patience = proc.Patience(wait_s)
        with self.changed:
            while True:
                found = self.take(event, **fields)
                if found:
                    return found
                if self.child.poll() is not None or patience.is_over():
                    with open(self.log, encoding="utf-8", errors="replace") as f:
                        raise proc.LabError(f"OTP: no {event} {fields}; there are {self.events[-20:]} {''.join(self.others)[-3000:]}{f.read()[-3000:]}")
                self.changed.wait(0.1)

    def start(self, service, host, realm, base):
        """`base`: rfc3588, which is OTP's default, or rfc6733."""
        self.do("'start", "'" + service, host, realm, "'" + base)
        self.wait("started", service=service)

    def listen(self, service, addresses, host, realm, base, options=None):
        """Returns the port."""
        self.start(service, host, realm, base)
        self.do("'listen", "'" + service, self.transport, addresses, options)
        return self.wait("ready", service=service)["port"]

    def connect(self, service, address, port, options=None):
        self.do("'connect", "'" + service, self.transport, address, port, options)
        self.wait("up", service=service)

    def forget(self):
        """What a play did not look at is nothing to the next one."""
        with self.changed:
            self.events.clear()

    def ask(self, name, message, service="scs"):
        self.do("'ask", "'" + service, f"''{name}'", message)

    def answer(self, service="scs"):
        return self.wait("answer", service=service)["answer"]

    def request(self, name):
        """The next request: its message. What OTP holds against it, by its dictionary, is a failure."""
        e = self.wait("request", name=name)
        assert e["errors"] == [], e
        return e

    def close(self):
        self.child.stdin.close()
        try:
            self.child.wait(proc.HANG_S)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
