"""The rows of the main table: what the gateway does, beside what the machine and freeDiameter do in the same minute."""
import functools
import os
import shutil
import statistics
import subprocess
import tempfile
import time

from . import lean, play, proc, rounds, subjects
from .rounds import Target

WINDOWS = (64, 256, 1000)
START_WAIT_S = 120  # of a gateway with a full journal, on a slow machine
MANY = 10000000
FEW = 1000
STRIDE = 6180339  # odd, no multiple of 5: every device of a power of ten comes once
TLS_INSIDE = "one SCS with one TLS connection, its authentication, the association, S6m and T4 over TCP, the decision log; one edge"
LEAN_INSIDE = "HSS and SMS-SC store nothing, as freeDiameter's responder stores nothing; load and responders run on the same cores"


def loads(subject, **options):
    return functools.partial(subject.load, **options)


def relay(bench):
    return bench.begin(subjects.PlainRelay, bench.tools)


# -- triggers

def best_window(bench, subject):
    """The window at which it does most, of WINDOWS: the median of three runs of each, forth and back, because the gateway has more to remember in each."""
    tries = [WINDOWS, WINDOWS[::-1], WINDOWS]
    runs = [(window, subject.load(window=window, seconds=bench.seconds).rate) for order in tries for window in order]
    rates = {window: statistics.median(rate for w, rate in runs if w == window) for window in WINDOWS}
    bench.say(", ".join(f"{rate:.0f} /s at window {window}" for window, rate in rates.items()) + f"  {subject.name}")
    return max(rates, key=rates.get)


def triggers(bench):
    gateway = bench.begin(lean.LeanTriggers, bench.bin, bench.tools)
    plain = relay(bench)
    at64 = bench.in_turn({s.name: loads(s, window=64, seconds=bench.seconds) for s in (gateway, plain)})
    windows = {s: best_window(bench, s) for s in (gateway, plain)}
    named = {s: f"{s.name}, window {windows[s]}" for s in windows}
    best = bench.in_turn({named[s]: loads(s, window=windows[s], seconds=bench.seconds) for s in windows}, warm=False)
    ours, theirs = at64[gateway.name], at64[plain.name]
    memory = gateway.memory()
    return {"inside": f"each trigger on disk before its DTR, up to the DAA: {TLS_INSIDE}; {LEAN_INSIDE}",
            "subjects": [rounds.subject(f"{gateway.name}, window 64", ours, memory), rounds.subject(f"{plain.name}, window 64", theirs),
                         *(rounds.subject(named[s], best[named[s]]) for s in windows)],
            "targets": [Target("durable triggers up to the DAA, window 64 : freeDiameter", rounds.ratio(ours, theirs), 3.0, 4.5),
                        Target("the same, each at its best window", rounds.ratio(best[named[gateway]], best[named[plain]]), 4.0, 6),
                        Target("processor time of the gateway a trigger, window 64", [r.gateway_us() for r in ours], 12, 9, "us", most=True)]}


def reports(bench):
    gateway = bench.begin(lean.LeanTriggers, bench.bin, bench.tools, until="report", name="triggers up to the DNA")
    plain = relay(bench)
    got = bench.in_turn({s.name: loads(s, window=64, seconds=bench.seconds) for s in (gateway, plain)})
    ours, theirs = got[gateway.name], got[plain.name]
    return {"inside": f"as `triggers`, and of each its delivery report: DRR, on disk, DRA, DNR to the SCS, DNA; {LEAN_INSIDE}",
            "subjects": [rounds.subject(gateway.name, ours, gateway.memory()), rounds.subject(plain.name, theirs)],
            "targets": [Target("DAR to DNA, window 64 : freeDiameter", rounds.ratio(ours, theirs), 2.0, 3)]}


# -- refused by association

def rules(path, count):
    """beta may trigger so many devices, which acme asks for."""
    digits = len(str(MANY - 1))
    with open(path, "w", encoding="ascii") as f:
        f.write("who,device,effect\n")
        for first in range(0, count, 100000):
            f.write("".join(f"beta,meter-{n:0{digits}d}@c.example,allow\n" for n in range(first, min(count, first + 100000))))
    return f"{0:0{digits}d}-{count - 1:0{digits}d}"


def with_rules(bench, count, say=True):
    gateway = bench.begin(lean.LeanTriggers, bench.bin, bench.tools, name=f"refused by association, {count:,} associations")
    path = os.path.join(gateway.folder, "rules.csv")
    devices = rules(path, count)
    began = time.monotonic()
    rounds.run([gateway.lean.program("mtcctl"), "--socket", gateway.lab["iwf"]["ctl"], "assoc", "import", path], 900)
    if say:
        bench.say(f"imported {count:,} associations in {time.monotonic() - began:.1f} s")
    os.unlink(path)
    return gateway, loads(gateway, expect=("NOTAUTHORIZED",), window=64, seconds=bench.seconds, device="meter-{}@c.example", devices=devices,
                          stride=STRIDE)


def refused(bench):
    many, load_many = with_rules(bench, MANY)
    few, load_few = with_rules(bench, FEW)
    octets = load_few().line["octets"]
    pki = os.path.join(few.folder, "pki")
    echoes = {how: bench.begin(subjects.Echo, bench.tools, how, octets, pki) for how in subjects.Echo.WORDS}
    tasks = {few.name: load_few, many.name: load_many,
             **{echo.name: loads(echo, window=64, seconds=max(1, bench.seconds // 2)) for echo in echoes.values()}}
    got = bench.in_turn(tasks)
    bare = got[echoes["records"].name]
    memory = {few.name: few.memory(), many.name: many.memory()}
    return {"inside": f"DAR to DAA 101 for devices in turn that another SCS may trigger, each decision in the decision log; one TLS connection, window 64; "
                      f"the echoes carry {octets} bytes each way. The ratio is to the echo that writes one TLS record a message and gathers their writes",
            "subjects": [rounds.subject(name, got[name], memory.get(name)) for name in tasks],
            "targets": [Target(f"refused by association, {FEW:,} associations : bare TLS echo", rounds.ratio(got[few.name], bare), 0.35, 0.5),
                        Target(f"refused by association, {MANY:,} associations : bare TLS echo", rounds.ratio(got[many.name], bare), 0.25, 0.5)]}


# -- a million pending triggers

def first_success(gateway):
    """The gateway starts: seconds until the first new trigger was accepted, and what the load saw until then."""
    load = subprocess.Popen(gateway.command(flags=["first"], devices="0000001-0000001"), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)
    try:
        began = time.monotonic()
        gateway.lean.launch_iwf()
        out, err = load.communicate(timeout=proc.HANG_S)
    except BaseException:
        load.kill()
        load.communicate()
        raise
    line = next((e for e in play.json_lines(out) if e.get("event") == "result"), None)
    if load.returncode or not line or not set(line["by_status"]) <= {"SUCCESS", "TEMPORARYERROR"}:
        raise proc.LabError(f"bench_load --first: {line or out!r} {err.strip()}")
    return {"s": line["success_us"] / 1e6 - began, "connected_s": line["first_us"] / 1e6 - began, "longest_wait_ms": line["longest_us"] / 1000,
            "temporary": line["by_status"].get("TEMPORARYERROR", 0)}


def restored(bench, count):
    """Octets of each pending trigger in a core that took up a journal of so many, of which none is young enough to be a duplicate's first."""
    state = bench.place()
    tool = os.path.join(bench.tools, "bench_journal")
    filled = play.json_lines(rounds.run([tool, "fill", "--dir", os.path.join(state, "journal"), "--count", str(count)], 600))[-1]
    runs = [play.json_lines(rounds.run([tool, "restore", "--dir", state], 600))[-1] for _ in range(bench.rounds)]
    shutil.rmtree(state)
    return [r["octets"] / filled["records"] for r in runs], statistics.median(r["ms"] for r in runs)


def pending(bench, count=1000000):
    alone, alone_ms = restored(bench, count)
    bench.say(f"a core alone: {statistics.median(alone):.0f} bytes a trigger, {alone_ms:.0f} ms")
    gateway = bench.begin(lean.LeanTriggers, bench.bin, bench.tools, up_wait_s=START_WAIT_S)
    before = gateway.memory()["core"]
    filled = gateway.load(wait_s=1800, count=count, window=1000, devices=f"{1:0{len(str(count))}d}-{count}")
    running = gateway.memory()["core"] - before
    bench.say(f"{count:,} triggers taken at {filled.rate:.0f} /s, {running / count:.0f} bytes each")
    found = []
    for at in range(1, bench.rounds + 1):
        gateway.lean.stop_iwf()
        found.append(first_success(gateway))
        bench.say(f"start {at} of {bench.rounds}: {found[-1]['s']:.2f} s, {found[-1]['temporary']} times 201 before")
    each = {key: statistics.median(f[key] for f in found) for key in found[0]}
    return {"inside": f"{count:,} accepted triggers of as many devices, 40 bytes of payload each, wait for their report. Memory: of a core that took them up, "
                      "all older than the window of duplicates. Start: of the whole gateway; an SCS tries to connect every 5 ms, then asks every 10 ms",
            "facts": {"bytes_each_with_the_window_of_duplicates": round(running / count, 1), "taken_per_s": filled.rate, "core_alone_ms": alone_ms,
                      "journal_bytes_each": round(folder_octets(os.path.join(gateway.folder, "iwf", "journal")) / count, 1), "starts": found},
            "lines": [f"start: the SCS was connected after {each['connected_s']:.2f} s, got 201 {each['temporary']:.0f} times, then success after {each['s']:.2f} s; "
                      f"the longest wait for an answer {max(f['longest_wait_ms'] for f in found):.1f} ms (medians; the longest of all)"],
            "subjects": [],
            "targets": [Target("memory of a pending trigger in the core", alone, 600, 400, "bytes", most=True),
                        Target(f"start with {count:,} pending until the first new trigger is accepted", [f["s"] for f in found], 1.2, 0.6, "s", most=True)]}


def empty_journal(gateway):
    """While the gateway is down: it forgets every trigger."""
    shutil.rmtree(os.path.join(gateway.folder, "iwf", "journal"), ignore_errors=True)


def folder_octets(folder):
    return sum(os.stat(os.path.join(folder, name)).st_blocks * 512 for name in os.listdir(folder)) if os.path.isdir(folder) else 0


# -- latency

def latency(bench):
    memory = tempfile.mkdtemp(prefix="mtc-bench-", dir="/dev/shm")  # a commit takes no time there
    bench.ending.callback(shutil.rmtree, memory)
    gateway = lean.LeanTriggers(os.path.join(memory, "lab"), bench.bin, bench.tools)
    bench.ending.callback(gateway.end)
    octets = gateway.load(count=100, window=1).line["octets"]
    dar = bench.begin(subjects.DirectDar, bench.tools, gateway)
    sir = bench.begin(subjects.DirectSir, bench.tools)
    tls = bench.begin(subjects.Echo, bench.tools, "each", octets, os.path.join(gateway.folder, "pki"))
    tcp = bench.begin(subjects.Echo, bench.tools, "each", octets)
    tasks = {s.name: loads(s, window=1, seconds=max(1, bench.seconds // 2)) for s in (gateway, dar, sir, tls, tcp)}
    tasks["hop to a process and back, us"] = lambda: subjects.bare(bench.tools, "hop", 1)["process_us"]
    got = bench.in_turn(tasks)
    p50 = {s: [r.line["latency_us"]["p50"] for r in got[s.name]] for s in (gateway, dar, sir, tls, tcp)}
    hops = got["hop to a process and back, us"]
    sums, bare = ([a + 2 * b + 2 * c for a, b, c in zip(p50[one], p50[two], hops)] for one, two in ((dar, sir), (tls, tcp)))
    ours = p50[gateway]
    return {"inside": "one trigger at a time, p50; state_dir in memory (tmpfs), so that a commit takes no time of a disk. The sum: a DAR and its DAA over TLS, an SIR "
                      "and its SIA and a DTR and its DTA over TCP, each with our codec and links at both ends and nothing in between, and two wake-ups "
                      "there and back (edge and core, core and the journal's thread)",
            "facts": {"trigger_us": statistics.median(ours), "sum_us": statistics.median(sums), "hop_us": statistics.median(hops),
                      "bare_echo_sum_us": statistics.median(bare), "to_bare_echoes": round(statistics.median(a / b for a, b in zip(ours, bare)), 3)},
            "subjects": [rounds.subject(s.name, got[s.name]) for s in p50],
            "targets": [Target("latency of one outstanding trigger without commit : sum of its bare round trips", [a / b for a, b in zip(ours, sums)],
                               1.15, 1.1, most=True)]}


def tail(bench):
    gateway = bench.begin(lean.LeanTriggers, bench.bin, bench.tools)
    got = bench.in_turn({gateway.name: loads(gateway, window=1000, seconds=bench.seconds)})[gateway.name]
    commit = [subjects.bare(bench.tools, "commit", os.path.join(bench.place(), "file"), 16, 1) for _ in range(3)]
    bare = {key: statistics.median(c["latency_us"][key] for c in commit) for key in ("p50", "p99")}
    return {"inside": "as `triggers`, 1,000 outstanding; beside it the bare commit of this disk: one O_DSYNC write of 16 pages",
            "facts": {"bare_commit_us": bare},
            "subjects": [rounds.subject(gateway.name + ", window 1000", got)],
            "targets": [Target("p99 : p50 at window 1000", [r.line["latency_us"]["p99"] / r.line["latency_us"]["p50"] for r in got], 3, 2, most=True)]}


MAIN = {"triggers": triggers, "reports": reports, "refused": refused, "pending": pending, "latency": latency, "tail": tail}
