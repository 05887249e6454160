"""A browser of the console without a screen: HTTP by hand, with what a browser sends along. And the console itself, as a person starts it."""
import http.client
import json
import os
import subprocess

from lablib import proc


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def error(self):
        return self.json.get("error", "")


class Browser:
    """One browser: its cookie and its token. `headers` of a request come before its own; None takes one of them away. `tls`: an
    ssl.SSLContext, for HTTPS."""

    def __init__(self, address, port, tls=None):
        self.address, self.port, self.tls = address, port, tls
        self.cookie = self.token = None

    @property
    def cookie_name(self):
        return "__Host-mtc_console" if self.tls else "mtc_console"

    @property
    def host(self):
        return f"{self.address}:{self.port}"

    def ask(self, method, path, body=None, headers=None, wait_s=proc.HANG_S):
        own = {"Host": self.host}
        if self.cookie:
            own["Cookie"] = f"other=1; {self.cookie_name}={self.cookie}"
        if self.token:
            own["X-Console-Token"] = self.token
        if method == "POST":
            own["Origin"] = f"{'https' if self.tls else 'http'}://{self.host}"
        own.update(headers or {})
        if self.tls:
            connection = http.client.HTTPSConnection(self.address, self.port, timeout=wait_s, context=self.tls)
        else:
            connection = http.client.HTTPConnection(self.address, self.port, timeout=wait_s)
        try:
            data = json.dumps(body) if isinstance(body, dict) else body
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in own.items():
                if value is not None:
                    connection.putheader(name, value)
            if data is not None or method == "POST":
                data = (data or "").encode() if isinstance(data or "", str) else data
                connection.putheader("Content-Length", str(len(data)))
            connection.endheaders(data)
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.getheaders()), answer.read().decode())
        finally:
            connection.close()

    def get(self, command, **arguments):
        from urllib.parse import urlencode
        return self.ask("GET", f"/api/{command}" + (f"?{urlencode(arguments, doseq=True)}" if arguments else ""))

    def rows(self, command, **arguments):
        answer = self.get(command, **arguments)
        assert answer.status == 200, (answer.status, answer.body)
        return answer.json["rows"]

    def change(self, command, **arguments):
        return self.ask("POST", f"/api/{command}", arguments)

    def log_in(self, link):
        return self._entered(self.ask("POST", "/login", {"link": link.rsplit("#", 1)[1]}))

    def log_in_by_certificate(self):
        return self._entered(self.ask("POST", "/login-certificate", ""))

    def _entered(self, answer):
        if answer.status == 200:
            name, self.cookie = answer.headers["Set-Cookie"].split(";", 1)[0].split("=", 1)
            assert name == self.cookie_name
            self.token = answer.json["token"]
        return answer


def as_user(uid, gid=None, groups=()):
    """What subprocess needs to start a program as this user; nothing for our own."""
    return {} if uid == os.geteuid() else {"user": uid, "group": uid if gid is None else gid, "extra_groups": list(groups)}


def link(program, login, uid=None, gid=None, groups=()):
    """`mtcctl console` of this user: the exit code, its row, what it said."""
    user = as_user(os.geteuid() if uid is None else uid, gid, groups)
    done = subprocess.run([program, "--json", "console", "--login", login], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=proc.HANG_S,
                          check=False, **user)
    return done.returncode, json.loads(done.stdout) if done.stdout.startswith("{") else {}, done.stderr
