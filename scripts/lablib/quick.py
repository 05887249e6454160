"""The short bench of a developer: triggers beside what freeDiameter relays, in about 30 s."""
import os
import statistics

from . import figures, lean, subjects

WINDOW = 64


def cpu_spread(results):
    """{process or thread: its microseconds for each trigger, median of the runs}, without what takes nothing; `gateway`: all of its own."""
    names = {name: None for r in results for name in r.cpu_us()}
    each = {name: statistics.median(r.cpu_us().get(name, 0) for r in results) for name in names}
    return {name: round(us, 2) for name, us in each.items() if us >= 0.05}


def latency_spread(results):
    """{percentile: the median of the runs, in milliseconds}."""
    return {p: round(statistics.median(r.line["latency_us"][p] for r in results) / 1000, 3) for p in ("p50", "p99", "p999")}


def row(subject, results):
    found = {**figures.rates(subject.name, [r.rate for r in results]), "cpu_us": cpu_spread(results), "latency_ms": latency_spread(results)}
    if "core main" in found["cpu_us"]:
        found["gateway_cpu_us"] = {**figures.spread([r.gateway_us() for r in results], 2), "rounds": [round(r.gateway_us(), 2) for r in results]}
    return found


def in_turn(subjects_, rounds, say, **options):
    """Rounds of one run of each, in turning order; the first, which nobody counts, warms up. {subject: [Result]}"""
    for s in subjects_:
        s.load(**{**options, "seconds": 1})
    found = {s: [] for s in subjects_}
    for number in range(1, rounds + 1):
        for s in subjects_ if number % 2 else reversed(subjects_):
            found[s].append(s.load(**options))
            say(f"round {number} of {rounds}: {found[s][-1].rate:10.0f} /s  {s.name}")
    return found


def measure(folder, bin_folder, rounds, seconds, subjects_, say):
    """The row of the triggers, that of freeDiameter, their ratio."""
    triggers = lean.LeanTriggers(os.path.join(folder, "lean"), bin_folder, bin_folder)
    subjects_.append(triggers)
    plain = subjects.PlainRelay(os.path.join(folder, "relay"), bin_folder)
    subjects_.append(plain)
    found = in_turn([triggers, plain], rounds, say, seconds=seconds, window=WINDOW)
    rates = [[r.rate for r in found[s]] for s in (triggers, plain)]
    return {"window": WINDOW, "rows": [row(s, found[s]) for s in (triggers, plain)],
            "ratio": figures.ratios(*rates, "triggers : freeDiameter's plain relay, round by round")}


def table(found):
    print(f"\nwindow {found['window']}: TLS, lean HSS and SMS-SC, one SCS, each trigger on disk before it is submitted")
    for r in found["rows"]:
        latency = ", ".join(f"{p} {ms:.2f}" for p, ms in r["latency_ms"].items())
        print(f"{r['median_per_s']:10.0f} /s ({r['min_per_s']:.0f} to {r['max_per_s']:.0f}), ms: {latency}   {r['what']}")
        cpu = ", ".join(f"{name} {us:.1f}" for name, us in r["cpu_us"].items())
        print(f"           processor time, us each: {cpu}" + (f"; the gateway {r['gateway_cpu_us']['median']:.1f}" if "gateway_cpu_us" in r else ""))
    r = found["ratio"]
    print(f"{r['median']:10.2f} ({r['min']:.2f} to {r['max']:.2f}): {r['what']}: {', '.join(f'{x:.2f}' for x in r['rounds'])}")
