"""scripts/strangers: connections in number, over TLS. Does the memory of the edges stay bounded, and is nobody kept waiting?

Ten thousand connections stand idle; a hundred thousand come and go; ten thousand sessions are open when the certificate of one SCS is
revoked, and only its sessions are cut, within a second."""
import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
import time

from lablib import lab as L
from lablib import play, proc
from lablib.flooded import grown
from lablib.lean import anonymous_octets
from lablib.pki import Pki
from support.flood import Flood
from support.tsp import Scs, action

LIMITS = ("limits: { connections_total: 30000, connections_per_address: 30000, connections_per_scs: 1024, unauthenticated: 20000, "
          "unauthenticated_per_address: 20000, handshake_wait: 60s, cer_wait: 60s }\n")
CHECK_S = 0.1
ENTRIES = 10000  # of the CRL, besides
IDLE_OCTETS = 48 << 10  # of one idle connection in the edge; a quarter of them are in the middle of a handshake
GONE_OCTETS = 64 << 20  # that connections which came and went may leave
LATE_MS = 10


class Revoking(L.Lab):
    """Anchor a has a CRL."""

    def iwf_config(self):
        folder, text = self.path("pki"), super().iwf_config()
        Pki(folder).crl("anchor-a", others=ENTRIES)
        return text.replace("anchor-a.pem }", f"anchor-a.pem, crl: [ {folder}/anchor-a.crl ] }}", 1)


def parse(argv):
    p = argparse.ArgumentParser(prog="scripts/strangers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--connections", type=int, default=100000, help="that come and go (default 100000)")
    p.add_argument("--idle", type=int, default=10000, help="that stand idle, and sessions that are open (default 10000)")
    p.add_argument("--bin", default=os.path.join(L.ROOT, "build", "bin", "faults"), help="folder of the programs (default build/bin/faults)")
    p.add_argument("--results", metavar="FILE", help="the results as JSON")
    return p.parse_args(argv)


def loops(p):
    return {row.pop("process"): row for row in p.ctl("status")[-1]["loops"]}


def edge_memory(p):
    return sum(anonymous_octets(pid) for pid in p.edges().values())


def stat(p, name):
    return {r["name"]: r["value"] for r in p.ctl("stats") if "name" in r}[name]


def waiting_ms(p):
    """How long core and edges were ready to run and did not."""
    def of(pid):
        with open(f"/proc/{pid}/schedstat", encoding="ascii") as f:
            return int(f.read().split()[1]) / 1e6
    return sum(of(pid) for pid in [*p.edges().values(), p.ctl("status")[-1]["pid"]])


def served(p, scs):
    began = time.monotonic()
    answer = scs.dar(action(device="meter-701@b.example"))
    return time.monotonic() - began if answer.result == 2001 else None


def idle(p, options, beta):
    least = edge_memory(p)
    with Flood(p, "silent,silent,silent,hello", sources=50, count=options.idle, rate=1500, wait=True) as flood:
        flood.begun()
        proc.wait_until("all are there", lambda: stat(p, "edge_in_handshake") >= options.idle)
        each, took = (edge_memory(p) - least) / options.idle, served(p, beta)
        print(f"strangers: {options.idle:,} idle connections, {each / 1024:.1f} KiB each; a trigger beside them took {took * 1000:.1f} ms", flush=True)
        flood.process.stdin.close()
        flood.process.wait(proc.HANG_S)
    proc.wait_until("none is left", lambda: stat(p, "edge_in_handshake") == 0)
    yield "an idle connection costs little", None if each < IDLE_OCTETS else f"{each:.0f} octets"


def come_and_go(p, options, beta):
    before, turns = edge_memory(p), loops(p)
    slowest, most = 0, 0
    with Flood(p, "close,hello,silent,half,close,silent,slow", sources=250, count=options.connections, open=2000, hold=300) as flood:
        while flood.runs(600):
            slowest, most = max(slowest, served(p, beta)), max(most, edge_memory(p))
            time.sleep(0.05)
        said = flood.end()
    print(f"strangers: {said['began']:,} connections in {said['seconds']:.0f} s; memory of the edges {before >> 20} MiB before, {most >> 20} at most, "
          f"{edge_memory(p) >> 20} after; the slowest trigger beside them took {slowest * 1000:.0f} ms\nstrangers: turns: {grown(turns, loops(p))}", flush=True)
    yield "memory is bounded while connections come and go", None if most - before < GONE_OCTETS else f"{most - before} octets more"


def revoked(p, options, beta):
    """One session is of acme, whose certificate is revoked; the others are of as many SCSs as it takes. Both anchors' chains are verified again."""
    pki = Pki(os.path.join(p.lab["dir"], "pki"))
    names = [f"many{i}" for i in range(-(-options.idle // 1000))]
    for i, name in enumerate(names):
        p.ctl("scs", "add", name, "--anchor", "anchor-b", "--origin-host", p.scs["beta"]["origin_host"].replace("scs", f"scs{i}"), "--realm",
              p.scs["beta"]["realm"], "--e164", f"4477009{i:05d}", "--connections-max", "1024")
        pki.leaf(name, "anchor-b", p.scs["beta"]["origin_host"].replace("scs", f"scs{i}"), "clientAuth")
        p.scs[name] = {**p.scs["beta"], "origin_host": p.scs["beta"]["origin_host"].replace("scs", f"scs{i}"), "cert": pki.path(f"{name}.pem"),
                       "key": pki.path(f"{name}.key")}
    acme = Scs.opened(p, "acme")
    with Flood(p, "session", names, sources=50, count=options.idle - 1, beside=64, wait=True) as flood:
        begun = flood.begun()
        time.sleep(1)  # until the edges have reported the turns before
        turns, sessions, waited = loops(p), p.ctl("status")[-1]["sessions"], waiting_ms(p)
        pki.crl("anchor-a", ["acme"], 2, others=ENTRIES, target=pki.path("next.crl"))
        began = time.monotonic()
        os.replace(pki.path("next.crl"), pki.path("anchor-a.crl"))
        closed = acme.closed()
        took = time.monotonic() - began
        time.sleep(2)  # until all are verified again, and the edges have reported their turns
        after, waited = loops(p), waiting_ms(p) - waited
        said = flood.end()
    late = {process: row["late"] - turns[process]["late"] for process, row in after.items()}
    print(f"strangers: {sessions:,} sessions were open; one was revoked and cut {took * 1000:.0f} ms after its CRL was there, others that were lost: "
          f"{said['lost'] - begun['lost']}\nstrangers: turns meanwhile: {grown(turns, after)}; core and edges were ready and waited for a "
          f"processor {waited:.0f} ms in all", flush=True)
    yield "one of all sessions is cut within a second", None if closed and took < 1 + CHECK_S else f"it took {took:.2f} s"
    yield "the others stay", None if said["lost"] == begun["lost"] and served(p, beta) else f"{said['lost']} were lost"
    busy = waited >= LATE_MS * sum(late.values())  # others had the processor: a turn that was put off says nothing of us
    yield f"no turn of a loop took {LATE_MS} ms" + (" (of a busy machine)" if any(late.values()) and busy else ""), \
        None if busy or not any(late.values()) else f"turns: {late}"


def run(options):
    os.environ.setdefault("MTC_BIN", os.path.join(L.ROOT, "build", "bin"))  # where bench_flood is; the gateway is that of --bin
    folder = tempfile.mkdtemp(prefix="mtc-strangers-")
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):  # nothing is left behind, whoever ends us
        signal.signal(number, lambda *_: sys.exit(130))
    found = []
    try:
        Revoking(folder, L.options(bin=options.bin, edges=1, log_level="warn", timers_more=f", crl_check: {int(CHECK_S * 1000)}ms, stats: 200ms",
                                   iwf_more=LIMITS)).up(lambda text: None)
        p = play.Play(folder, options.bin)
        beta = Scs.opened(p, "beta")
        for part in (idle, come_and_go, revoked):
            found += part(p, options, beta)
    except (proc.LabError, OSError) as e:
        found.append(("the laboratory", str(e)))
    finally:
        killed = L.down(folder, lambda text: None)
    found.append(("every process ended by itself", ", ".join(killed) or None))
    shutil.rmtree(folder, ignore_errors=True)
    return found


def main(argv=None):
    options = parse(argv)
    results = [{"name": name, "ok": why is None, "why": why or ""} for name, why in run(options)]
    for r in results:
        if not r["ok"]:
            print(f"FAILED strangers: {r['name']}: {r['why']}", flush=True)
    failed = sum(not r["ok"] for r in results)
    if options.results:
        with open(options.results, "w", encoding="utf-8") as out:
            json.dump(results, out, indent=1)
    print(f"strangers: {len(results) - failed} passed, {failed} failed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
