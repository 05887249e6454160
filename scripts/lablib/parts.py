"""Rows that stand apart from the main table: the laboratory's own nodes, the journal at its batch windows and alone, the association store alone,
the audit on and off, and one build beside another."""
import functools
import os
import shutil
import statistics

from . import counting, figures, handshakes, helper, lean, load, play, rounds, rows, subjects
from .rounds import Target

WINDOW, LARGE_WINDOW = 64, 1000
WINDOWS_MS = (0, 1, 5)
CHANGES = {"none": "no changes", "here": "changes", "elsewhere": "the same changes by another process to another store"}


class Timed:
    """What a run took that says nothing of processes."""

    def __init__(self, rate, latency_ms):
        self.rate, self.latency_ms = rate, latency_ms


def plain_subject(name, results):
    return {**figures.rates(name, [r.rate for r in results]),
            "latency_ms": {p: round(statistics.median(r.latency_ms[p] for r in results), 3) for p in results[0].latency_ms}}


# -- the laboratory's own nodes

def nodes(bench, _options):
    """mtc-scs, mtc-hss and mtc-smssc, which writes every trigger to its own disk."""
    triggers = bench.begin(load.Triggers, bench.bin, WINDOW)
    plain = bench.begin(subjects.PlainRelay, bench.tools)
    fits = {}

    def timed():
        summary = triggers.summary(max(2000, int(fits.get("rate", 1000) * bench.seconds)))
        fits["rate"] = sum(summary["by_status"].values()) / (summary["elapsed_ms"] / 1000.0)
        return Timed(fits["rate"], summary["latency_ms"])
    got = bench.in_turn({triggers.name: timed, plain.name: functools.partial(plain.load, window=WINDOW, seconds=bench.seconds)})
    ours, theirs = got[triggers.name], got[plain.name]
    return {"inside": "mtc-scs, mtc-hss and mtc-smssc of the laboratory; mtc-smssc stores each trigger on the same disk",
            "subjects": [plain_subject(triggers.name, ours), rounds.subject(plain.name, theirs)],
            "targets": [Target("triggers with the laboratory's nodes, window 64 : freeDiameter", rounds.ratio(ours, theirs), None, None)]}


# -- an SMS-SC over SMPP

def southbound(bench, _options):
    """The same gateway with its SMS-SC over SMPP and over T4. Before the DAA, SMPP has one commit more, of the message id: at a small window its
    time counts, at a large one only the work."""
    found = {"inside": f"triggers over SMPP and over T4: {rows.TLS_INSIDE.replace('S6m and T4', 'S6m, and T4 or SMPP')}; {rows.LEAN_INSIDE}",
             "subjects": [], "targets": []}
    for until, name, must in (("answer", "up to the DAA", 0.9), ("report", "up to the DNA", 0.9)):
        t4, smpp = (bench.begin(kind, bench.bin, bench.tools, until=until, name=f"triggers over {word} {name}")
                    for kind, word in ((lean.LeanTriggers, "T4"), (lean.LeanSmppTriggers, "SMPP")))
        for window, least in ((WINDOW, None), (LARGE_WINDOW, must)):
            names = [f"{g.name}, window {window}" for g in (t4, smpp)]
            got = bench.in_turn({n: functools.partial(g.load, window=window, seconds=bench.seconds) for n, g in zip(names, (t4, smpp))})
            by_t4, by_smpp = (got[n] for n in names)
            found["subjects"] += [rounds.subject(n, got[n], g.memory()) for n, g in zip(names, (t4, smpp))]
            found["targets"] += [Target(f"triggers a second {name}, window {window}, SMPP : T4", rounds.ratio(by_smpp, by_t4), least, least and 1),
                                 Target(f"processor time of the gateway a trigger {name}, window {window}, SMPP : T4",
                                        [s.gateway_us() / t.gateway_us() for s, t in zip(by_smpp, by_t4)], None, None, most=True)]
    if shutil.which("valgrind"):
        found["facts"] = facts = counting.southbound(bench.place(), bench.bin, bench.tools)
        found["lines"] = [counting.southbound_words(facts)]
        found["targets"].append(Target("instructions of the gateway a trigger, SMPP : T4", [facts["ratio"]], None, None, most=True))
    return found


# -- the journal

def bench_journal(bench, *arguments):
    return play.json_lines(rounds.run([os.path.join(bench.tools, "bench_journal"), *map(str, arguments)], 900))[-1]


def journal_alone(bench, window_ms):
    """New records, each deleted when it is durable; nothing else runs."""
    got = bench_journal(bench, "ops", "--dir", os.path.join(bench.place(), "journal"), "--window", window_ms, "--seconds", bench.seconds)
    return Timed(got["per_second"], {"p50": got["p50_us"] / 1000.0, "p99": got["p99_us"] / 1000.0})


def journal(bench, options):
    tasks, ours = {}, []
    for window_ms in WINDOWS_MS:
        gateway = bench.begin(lean.LeanTriggers, bench.bin, bench.tools, name=f"triggers up to the DAA, batch window {window_ms} ms",
                              iwf_more=f"journal: {{ batch_window: {window_ms}ms }}\n")
        ours.append(gateway.name)
        tasks[gateway.name] = functools.partial(gateway.load, window=WINDOW, seconds=bench.seconds)
        tasks[f"journal alone, 1024 records outstanding, batch window {window_ms} ms"] = functools.partial(journal_alone, bench, window_ms)
    got = bench.in_turn(tasks)
    state = bench.place()
    filled = bench_journal(bench, "fill", "--dir", os.path.join(state, "journal"), "--count", options.pending)
    runs = [bench_journal(bench, "restore", "--dir", state) for _ in range(bench.rounds)]
    ms, octets = (statistics.median(r[key] for r in runs) for key in ("ms", "octets"))
    return {"inside": "the journal at its batch windows, in the gateway and alone; a core alone that takes up a full journal",
            "subjects": [(rounds.subject if name in ours else plain_subject)(name, got[name]) for name in tasks],
            "facts": {"pending": filled["records"], "journal_bytes": filled["octets"], "restore_ms": ms, "memory_bytes_each": round(octets / filled["records"], 1)},
            "targets": []}


# -- the association store

def under_load(rounds_):
    """Spreads of the rounds of one kind; how often a look-up took more than 1 ms, over all of them."""
    look_ups = sum(r["look_ups"] for r in rounds_)
    seconds = sum(r["seconds"] for r in rounds_)
    names = ("p50_ns", "p99_ns", "p9999_ns", "max_ns", "own_max_ns", "turn_max_ns", "waits")
    return {**{name: figures.spread([r[name] for r in rounds_]) for name in names}, "look_ups": look_ups,
            "changes_per_s": sum(r["made"] for r in rounds_) / seconds, "over_1ms": sum(r["over_1ms"] for r in rounds_),
            "over_1ms_a_million": 1e6 * sum(r["over_1ms"] for r in rounds_) / look_ups}


def assoc(bench, options):
    out = rounds.run([os.path.join(bench.tools, "bench_assoc"), os.path.join(bench.place(), "store"), str(options.devices), str(bench.rounds)], 3600)
    lines = play.json_lines(out)
    of = {what: [r for r in lines if r["what"] == what] for what in ("import", "size", "look-up", "under load")}
    found = {"devices": options.devices, "import": of["import"][0], "size": of["size"][0],
             "under_load": {word: under_load([r for r in of["under load"] if r["changes"] == word]) for word in CHANGES}, "measured": lines}
    return {"inside": f"the association store alone: {options.devices:,} devices imported, look-ups beside bare mdb_get of the same keys, beside changes",
            "subjects": [], "facts": found, "lines": assoc_lines(found),
            "targets": [Target("look-up of an association : bare mdb_get", [r["ratio"] for r in of["look-up"]], 2, 1.3, most=True)]}


def assoc_lines(found):
    made = found["import"]
    yield (f"import, unsorted: {made['total_s']:.1f} s ({made['cpu_s']:.1f} s of CPU), resident at most {made['rss_peak'] >> 20} MiB, anonymous at most "
           f"{made['anon_peak'] >> 20} MiB; {found['size']['octets_a_device']:.1f} bytes a device on disk")
    for word, each in found["under_load"].items():
        yield (f"look-ups beside {CHANGES[word]} ({each['changes_per_s']:.0f}/s): 99% {each['p99_ns']['median'] / 1e3:.0f} us, 99.99% "
               f"{each['p9999_ns']['median'] / 1e3:.0f} us; over 1 ms {each['over_1ms']} of {each['look_ups']} = {each['over_1ms_a_million']:.1f} a million, "
               f"the longest {each['max_ns']['max'] / 1e6:.2f} ms; waits {each['waits']['max']:.0f}")
    yield "a look-up that waited for a change would show as more over 1 ms beside changes here than beside those elsewhere"


# -- the audit

AUDIT = "audit: { enabled: yes, key: audit.key }\n"  # as an operator writes it: the interval and all else by default
AUDIT_CPU_MUST, AUDIT_INSTRUCTIONS_MUST = 1.05, 1.06


def audit(bench, _options):
    """The same gateway with the audit on and off; instructions, too, if valgrind is installed."""
    off, on = (bench.begin(lean.LeanTriggers, bench.bin, bench.tools, name=f"triggers up to the DAA, audit {word}", iwf_more=more)
               for word, more in (("off", ""), ("on", AUDIT)))
    got = bench.in_turn({g.name: functools.partial(g.load, window=WINDOW, seconds=bench.seconds) for g in (off, on)})
    without, with_it = got[off.name], got[on.name]
    found = {"inside": f"triggers up to the DAA, window {WINDOW}, of one build with the audit on and off: {rows.TLS_INSIDE}; {rows.LEAN_INSIDE}",
             "subjects": [rounds.subject(g.name, got[g.name], g.memory()) for g in (off, on)],
             "targets": [Target("processor time of the gateway a trigger, audit on : off", [a.gateway_us() / b.gateway_us() for a, b in zip(with_it, without)],
                                AUDIT_CPU_MUST, AUDIT_CPU_MUST, most=True),
                         Target("triggers a second, audit on : off", rounds.ratio(with_it, without), None, None)]}
    if shutil.which("valgrind"):
        facts = counting.audit(bench.place(), bench.bin, bench.tools)
        found["facts"] = facts
        found["lines"] = [counting.audit_words(facts)]
        found["targets"].append(Target("instructions of the gateway a trigger, audit on : off, hashes by this processor", [facts["ratio_here"]],
                                       AUDIT_INSTRUCTIONS_MUST, AUDIT_INSTRUCTIONS_MUST, most=True))
    return found


# -- one build beside another

def compare(bench, options):
    gateways = [bench.begin(lean.LeanTriggers, build.folder, bench.tools, name=str(build)) for build in options.builds]
    got = bench.in_turn({g.name: functools.partial(g.load, window=WINDOW, seconds=bench.seconds) for g in gateways})
    now, base = (got[g.name] for g in gateways)
    shaken = bench.in_turn({g.name: functools.partial(handshakes.load, g, bench.seconds) for g in gateways})
    shaken_now, shaken_base = (shaken[g.name] for g in gateways)
    return {"inside": f"triggers up to the DAA, window {WINDOW}: {rows.TLS_INSIDE}; {rows.LEAN_INSIDE}; the load and the nodes are those of this tree for both",
            "builds": {build.name: build.facts() for build in options.builds},
            "subjects": [rounds.subject(g.name, got[g.name], g.memory()) for g in gateways],
            "targets": [Target("triggers a second, this : base", rounds.ratio(now, base), None, None),
                        Target("processor time of the gateway a trigger, this : base", [a.gateway_us() / b.gateway_us() for a, b in zip(now, base)], None,
                               None, most=True),
                        Target(f"TLS handshakes a second, {handshakes.CLIENTS} clients at a time, this : base", rounds.ratio(shaken_now, shaken_base), None, None)]}


def quick(bench, _options):
    gateway = bench.begin(lean.LeanTriggers, bench.bin, bench.tools)
    plain = rows.relay(bench)
    got = bench.in_turn({s.name: functools.partial(s.load, window=WINDOW, seconds=bench.seconds) for s in (gateway, plain)})
    ours, theirs = got[gateway.name], got[plain.name]
    return {"inside": f"the first figures of the main table, in half a minute: {rows.TLS_INSIDE}; {rows.LEAN_INSIDE}",
            "subjects": [rounds.subject(gateway.name, ours, gateway.memory()), rounds.subject(plain.name, theirs)],
            "targets": [Target("durable triggers up to the DAA, window 64 : freeDiameter", rounds.ratio(ours, theirs), 3.0, 4.5),
                        Target("processor time of the gateway a trigger, window 64", [r.gateway_us() for r in ours], 12, 9, "us", most=True)]}


APART = {"quick": quick, "nodes": nodes, "southbound": southbound, "journal": journal, "assoc": assoc, "audit": audit, "helper": helper.ndsip}
