"""The row `strangers` of the bench: one SCS that offers triggers at a fixed rate while strangers connect in number, beside a bare echo under the same
flood; and the memory of the edges while a hundred thousand of them come and go."""
import json
import os
import subprocess

from . import lean, proc, rounds, subjects
from .lean import anonymous_octets
from .rounds import Target

OFFERED, WINDOW = 2000, 1000
FLOOD = {"kinds": "hello,silent,shake,close,half", "rate": 500, "sources": 64, "open": 400, "hold": 1500}
MANY = {"kinds": "hello,silent,close,half,hello,silent,close,half,slow", "sources": 250, "open": 3000, "hold": 400}
COME_AND_GO = 100000
LIMITS = "limits: { unauthenticated: 1000, unauthenticated_per_address: 200 }\n"


class Strangers:
    """bench_flood against a port, while the block runs."""

    def __init__(self, tools, address, port, folder, **options):
        command = [os.path.join(tools, "bench_flood"), "--address", address, "--port", str(port)]
        for key, value in options.items():
            command += [f"--{key}", str(value)]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, cwd=folder)

    def __enter__(self):
        return self

    def said(self, wait_s=600):
        """Waits for its end; its last line."""
        out, _ = self.process.communicate(timeout=wait_s)
        if self.process.returncode:
            raise proc.LabError(f"bench_flood ended with {self.process.returncode}")
        return json.loads(out.splitlines()[-1])

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def turns(gateway):
    """{process: {row of the histogram: turns}} of the loops."""
    done = subprocess.run([os.path.join(gateway.lean.options.bin, "mtcctl"), "--socket", gateway.lab["iwf"]["ctl"], "--json", "status"], check=True,
                          capture_output=True, text=True, timeout=proc.HANG_S)
    return {row.pop("process"): row for row in json.loads(done.stdout.splitlines()[-1])["loops"]}


def grown(before, after):
    """In words: the turns between two looks, rows without any left out."""
    said = []
    for process, rows in after.items():
        some = {name: n - before.get(process, {}).get(name, 0) for name, n in rows.items() if name != "late"}
        said.append(f"{process}: " + ", ".join(f"{name.replace('_', ' ')} {n:,}" for name, n in some.items() if n))
    return "; ".join(said)


def strangers(bench, flood=None, come_and_go=COME_AND_GO):
    gateway = bench.begin(lean.LeanTriggers, bench.bin, bench.tools, iwf_more=LIMITS, timers_more=", stats: 200ms")
    echo = bench.begin(subjects.Echo, bench.tools, "each", 400, os.path.join(gateway.folder, "pki"))
    flood, tsp = flood or FLOOD, gateway.lab["iwf"]["tsp"]

    def under(load, address, port):
        def one():
            with Strangers(bench.tools, address, port, gateway.folder, seconds=bench.seconds + 60, **flood) as s:
                result = load(window=WINDOW, rate=OFFERED, seconds=bench.seconds)
                s.process.terminate()
            return result
        return one

    names = {"gateway": f"triggers up to the DAA, {OFFERED:,} /s offered, under the flood", "echo": f"bare TLS echo, {OFFERED:,} /s offered, under the flood"}
    calm = bench.in_turn({"calm": lambda: gateway.load(window=WINDOW, rate=OFFERED, seconds=bench.seconds)}, warm=False)["calm"]
    before = turns(gateway)
    got = bench.in_turn({names["gateway"]: under(gateway.load, tsp["address"], tsp["port"]), names["echo"]: under(echo.load, "127.0.0.1", echo.port)}, warm=False)
    ours, theirs = got[names["gateway"]], got[names["echo"]]
    flooded = turns(gateway)
    edge = gateway.pids()["edge"]
    least = anonymous_octets(edge)
    with Strangers(bench.tools, tsp["address"], tsp["port"], gateway.folder, count=come_and_go, **MANY) as s:
        most = least
        while s.process.poll() is None:
            try:
                s.process.wait(0.2)
            except subprocess.TimeoutExpired:
                most = max(most, anonymous_octets(edge))
        said = s.said()
    after = turns(gateway)
    return {"inside": f"one SCS over TLS, every trigger durable, its association, S6m and T4; beside it each second {flood['rate']} connections of "
                      f"strangers from {flood['sources']} addresses, in turn: {flood['kinds']}; the echo bears the same; {TAIL}",
            "subjects": [rounds.subject("the gateway without a flood", calm), rounds.subject(names["gateway"], ours, gateway.memory()),
                         rounds.subject(names["echo"], theirs)],
            "lines": [f"turns of the loops under the flood: {grown(before, flooded)}",
                      f"{said['began']:,} connections came and went in {said['seconds']:.0f} s; anonymous memory of the edge {least / 1048576:.1f} MiB before, "
                      f"{most / 1048576:.1f} at most, {anonymous_octets(edge) / 1048576:.1f} after",
                      f"turns of the loops meanwhile: {grown(flooded, after)}"],
            "targets": [Target("triggers under the flood : bare TLS echo under the same flood", rounds.ratio(ours, theirs), 0.8, 0.95),
                        Target(f"memory that {come_and_go:,} connections add to the edge, at most", [max(0.01, (most - least) / 1048576)], 64, 32, "MiB", most=True)]}


TAIL = "load, nodes, gateway and flood on the same cores"
ROWS = {"strangers": strangers}
