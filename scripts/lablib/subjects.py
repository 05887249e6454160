"""What a bench measures beside the gateway: freeDiameter as a plain relay, bare echoes, requests with nothing in between, the machine itself."""
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
            proc.wait_until("freeDiameter is open", lambda: is_open(self.entries[1]), entries=self.entries)
        except BaseException:
            self.end()
            raise

    def pids(self):
        return {"responder": self.entries[0]["pid"], "freeDiameter": self.entries[1]["pid"]}

    def load(self, **options):
        """One run: a lean.Result."""
        command = [os.path.join(self.tools, "bench_peer"), "load", "--host", self.CLIENT, "--realm", self.REALM, "--connect",
                   f"{self.address}:{self.port}", "--peer-host", self.HOST, "--peer-realm", self.REALM, "--destination-host", self.SERVER,
                   "--destination-realm", self.REALM]
        return measured(command, self.pids(), {"count": 100000000, **options}, "requests")

    def run(self, **options):
        return self.load(**options).rate

    def end(self):
        proc.end(list(reversed(self.entries)))


class DirectSir:
    """SIRs to a responder with nothing in between, plain TCP."""
    name = "a Diameter request and its answer, TCP"

    def __init__(self, folder, tools):
        self.tools, self.entry = tools, None
        command = [os.path.join(tools, "bench_peer"), "respond", "--host", PlainRelay.SERVER, "--realm", PlainRelay.REALM]
        self.entry = proc.start("direct", command, os.path.join(folder, "log"))
        try:
            self.port = proc.wait_ready(self.entry)[1]
        except BaseException:
            self.end()
            raise

    def load(self, **options):
        command = [os.path.join(self.tools, "bench_peer"), "load", "--host", PlainRelay.CLIENT, "--realm", PlainRelay.REALM, "--connect",
                   f"127.0.0.1:{self.port}", "--peer-host", PlainRelay.SERVER, "--peer-realm", PlainRelay.REALM, "--destination-host",
                   PlainRelay.SERVER, "--destination-realm", PlainRelay.REALM]
        return measured(command, {"responder": self.entry["pid"]}, {"count": 100000000, **options}, "requests")

    def end(self):
        proc.end([self.entry])


class DirectDar:
    """DARs over TLS to a program that says yes in the place of the gateway; certificates and names are those of a lean.LeanTriggers."""
    name = "a Diameter request and its answer, TLS"

    def __init__(self, folder, tools, gateway):
        self.gateway = gateway
        pki, iwf = os.path.join(gateway.folder, "pki"), gateway.lab["iwf"]
        command = [os.path.join(tools, "bench_iwf"), iwf["identity"], iwf["realm"], *(os.path.join(pki, n) for n in ("iwf.pem", "iwf.key", "anchor-a.pem"))]
        self.entry = proc.start("direct", command, os.path.join(folder, "log"))
        try:
            self.port = proc.wait_ready(self.entry)[1]
        except BaseException:
            self.end()
            raise

    def load(self, **options):
        return measured(self.gateway.command(connect=f"127.0.0.1:{self.port}"), {"responder": self.entry["pid"]}, options, "done")

    def end(self):
        proc.end([self.entry])


def measured(command, pids, options, done):
    """Runs a load with --KEY VALUE of the options; a lean.Result with the processor time of these processes, {name: pid}, and of the load. done: the
    member that says how many requests it was."""
    before = {name: sum(lean.threads_ns(pid).values()) for name, pid in pids.items()}
    for key, value in options.items():
        command += ["--" + key, str(value)]
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=False)
    if ended.returncode:
        raise proc.LabError(f"{' '.join(command[:2])}: {ended.stdout} {ended.stderr}")
    line = play.json_lines(ended.stdout)[-1]
    line["done"] = line[done]
    cpu = {name: sum(lean.threads_ns(pid).values()) - before[name] for name, pid in pids.items()}
    return lean.Result(line, {**cpu, "load": line["cpu_us"] * 1000})


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
        command = [os.path.join(self.tools, "bench_echo"), "load", "--port", str(self.port), *self.words("acme", "operator")]
        return measured(command, {"server": self.entry["pid"]}, options, "done")

    def end(self):
        proc.end([self.entry])


WARM_MIB = 4096  # the processes of a row, and the pages of files that they write


def free_mib():
    """Memory that the system can give without swapping."""
    with open("/proc/meminfo", encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("MemAvailable:")) // 1024


def warm(tools):
    """Touches memory for a run, at most half of what is free: {"mib", "first_us", "again_us"}, microseconds for 2 MiB at the first touch and at the
    second. A host gives a virtual machine memory at the first touch, and the guest's process that touches it pays for that: up to a tenth of what a
    trigger takes, in the rows that happen to run first. None: the tools are of an earlier build, which cannot do that."""
    try:
        said = bare(tools, "memory", max(1, min(WARM_MIB, free_mib() // 2)))
    except proc.LabError:
        return None
    return {key: said[key] for key in ("mib", "first_us", "again_us")}


def bare(tools, *words):
    """What bench_bare prints."""
    done = subprocess.run([os.path.join(tools, "bench_bare"), *map(str, words)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=proc.HANG_S, check=False)
    if done.returncode:
        raise proc.LabError(f"bench_bare {' '.join(map(str, words))}: {done.stderr}")
    return play.json_lines(done.stdout)[-1]
