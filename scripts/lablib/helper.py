"""The row of the NDS/IP helper: many provisioned SCSs, loaded into a real charon where there can be one, and events of their security associations."""
import os
import shutil

from . import play, proc, rounds, tunnel
from .pki import Pki
from .rounds import Target

SCSS, CONNECTIONS, EVENTS = 10000, 1000, 2000
LOAD_WAIT_S = 900  # charon looks through what it has at each connection that it takes


def measure(bench, *words):
    return play.json_lines(rounds.run([os.path.join(bench.tools, "bench_ndsip"), *map(str, words)], LOAD_WAIT_S))[-1]


class Real:
    """A charon on a host of its own, which knows nobody yet."""

    def __init__(self, folder):
        self.hosts, self.charon = tunnel.hosts_of(folder), None
        self.hosts.up()
        pki = Pki(os.path.join(folder, "pki"))
        pki.ca("operator", "/O=operator/CN=operator CA")
        pki.leaf("iwf", "operator", "iwf.operator.example", "serverAuth,clientAuth")
        self.certificate, self.anchor = pki.path("iwf.pem"), pki.path("operator.pem")
        self.charon = tunnel.Charon(self.hosts, "gw", os.path.join(folder, "gw"), "iwf.operator.example")
        self.charon.configure(self.certificate, pki.path("iwf.key"), self.anchor)
        self.charon.start()

    def load(self, bench, scss):
        return measure(bench, "--scs", scss, "--vici", self.charon.path("vici"), "--certificate", self.certificate, "--anchor", self.anchor)

    def end(self):
        if self.charon:
            self.charon.end()
        self.hosts.down()


def load_real(bench, scss):
    """One load into a real charon; None, with the reason, where there can be none."""
    lacking = tunnel.lacking() or ("" if shutil.which("openssl") else "openssl is not installed")
    if lacking:
        return None, lacking
    folder = bench.place()
    try:
        real = Real(folder)
    except (proc.LabError, OSError) as e:
        tunnel.hosts_of(folder).down()
        return None, str(e)
    bench.ending.callback(real.end)
    return real.load(bench, scss), ""


def ndsip(bench, _options, scss=SCSS, connections=CONNECTIONS, events=EVENTS):
    got = [measure(bench, "--scs", scss, "--connections", connections, "--events", events) for _ in range(bench.rounds)]
    real, why = load_real(bench, scss)
    loads = [real] if real else got
    lines = [f"charon's own time to take {real['scs']} connections: {(real['load_ms'] - real['ours_ms']) / 1000:.1f} s" if real
             else f"no real charon was loaded: {why}"]
    return {"inside": f"the helper with {scss} provisioned SCSs; events of {connections} proven connections, one after the other, from a charon that is "
                      "played, until the edge has the answer",
            "subjects": [], "facts": {"memory_kib": max(r["memory_kib"] for r in got)}, "lines": lines,
            "targets": [Target(f"load of {scss} SCSs, our share" + ("" if real else " (charon is played)"), [r["ours_ms"] / 1000.0 for r in loads], 10, 5,
                               "s", most=True),
                        Target("an event until the edge knows, median", [r["event_us"]["p50"] for r in got], 1000, 500, "us", most=True),
                        Target("an event until the edge knows, p99", [r["event_us"]["p99"] for r in got], None, None, "us", most=True),
                        Target("processor time of the helper an event", [r["event_cpu_us"] for r in got], 1000, 500, "us", most=True)]}
