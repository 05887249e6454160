"""What a bench measures beside the gateway: freeDiameter as a plain relay."""
import os
import subprocess

from . import lean, play, proc, relay
from .pki import Pki


class PlainRelay:
    """SIRs through freeDiameter as a relay agent, plain TCP on both sides, one connection each; nothing is stored."""
    name = "requests relayed by freeDiameter (plain TCP)"
    CLIENT, SERVER, HOST, REALM = "client.bench.example", "server.bench.example", "relay.bench.example", "bench.example"

    def __init__(self, folder, tools):
        self.entries, self.tools = [], tools
        pki = Pki(os.path.join(folder, "pki"))
        pki.ca("bench", "/O=bench/CN=bench CA")
        log = os.path.join(folder, "log")
        self.entries.append(proc.start("respond", [os.path.join(tools, "bench_peer"), "respond", "--host", self.SERVER, "--realm", self.REALM], log))
        try:
            address, port = proc.wait_ready(self.entries[0])
            self.address, self.port, command, is_open = relay.prepare(folder, pki, "bench", self.HOST, self.REALM, [self.CLIENT],
                                                                      (self.SERVER, address, port))
            self.entries.append(proc.start("relay", command, log))
            proc.wait_until("freeDiameter is open", lambda: is_open(self.entries[1]), 20, self.entries)
        except BaseException:
            self.end()
            raise

    def pids(self):
        return {"responder": self.entries[0]["pid"], "freeDiameter": self.entries[1]["pid"]}

    def load(self, **options):
        """One run: a lean.Result."""
        before = {name: sum(lean.threads_ns(pid).values()) for name, pid in self.pids().items()}
        command = [os.path.join(self.tools, "bench_peer"), "load", "--host", self.CLIENT, "--realm", self.REALM, "--connect",
                   f"{self.address}:{self.port}", "--peer-host", self.HOST, "--peer-realm", self.REALM, "--destination-host", self.SERVER,
                   "--destination-realm", self.REALM]
        for key, value in {"count": 100000000, **options}.items():
            command += ["--" + key, str(value)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode:
            raise proc.LabError(f"bench_peer load: {done.stdout} {done.stderr}")
        line = play.json_lines(done.stdout)[-1]
        line["done"] = line["requests"]
        cpu = {name: sum(lean.threads_ns(pid).values()) - before[name] for name, pid in self.pids().items()}
        return lean.Result(line, {**cpu, "load": line["cpu_us"] * 1000})

    def run(self, **options):
        return self.load(**options).rate

    def end(self):
        proc.end(list(reversed(self.entries)))


class Echo:
    """A bare echo, TLS or TCP (bench/bench_echo.c says what `each`, `records` and `batch` are). pki: a folder with certificates of a
    laboratory; None: TCP."""
    WORDS = {"each": "each message a TLS record and a system call", "records": "each message a TLS record, one system call for all of a turn",
             "batch": "all messages of a turn in one TLS record"}

    def __init__(self, folder, tools, how, octets, pki=None):
        self.tools, self.octets, self.how, self.pki = tools, octets, how, pki
        self.name = f"bare TLS echo, {self.WORDS[how]}" if pki else "bare TCP echo"
        command = [os.path.join(tools, "bench_echo"), "serve", *self.words("iwf", "anchor-a")]
        self.entry = proc.start(f"echo-{how}-{'tls' if pki else 'tcp'}", command, os.path.join(folder, "log"))
        try:
            self.port = proc.wait_ready(self.entry)[1]
        except BaseException:
            self.end()
            raise

    def words(self, name, ca):
        tls = ["--tls", ",".join(os.path.join(self.pki, part) for part in (name + ".pem", name + ".key", ca + ".pem"))] if self.pki else []
        return ["--how", self.how, "--size", str(self.octets), *tls]

    def load(self, **options):
        """One run: a lean.Result."""
        before = sum(lean.threads_ns(self.entry["pid"]).values())
        command = [os.path.join(self.tools, "bench_echo"), "load", "--port", str(self.port), *self.words("acme", "operator")]
        for key, value in options.items():
            command += ["--" + key, str(value)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode:
            raise proc.LabError(f"bench_echo load: {done.stdout} {done.stderr}")
        line = play.json_lines(done.stdout)[-1]
        server = sum(lean.threads_ns(self.entry["pid"]).values()) - before
        return lean.Result(line, {"server": server, "load": line["cpu_us"] * 1000})

    def end(self):
        proc.end([self.entry])


def bare(tools, *words):
    """What bench_bare prints."""
    done = subprocess.run([os.path.join(tools, "bench_bare"), *map(str, words)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=60, check=False)
    if done.returncode:
        raise proc.LabError(f"bench_bare {' '.join(map(str, words))}: {done.stderr}")
    return play.json_lines(done.stdout)[-1]
