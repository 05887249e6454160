"""What a bench found: a table for people, and the files that keep it."""
import datetime
import os
import platform

from . import builds

REACHED = {"aim": "aim", "must": "yes", "no": "NO", "": ""}


STAT = "/proc/stat"
OTHERS_MAX = 0.1  # share of the processors above which the figures say little


class Processors:
    """Who used the processors from its making on: the bench with all that it started and saw end, others on this system, and the host of a virtual
    machine, which takes them away (stolen)."""

    def __init__(self):
        self.system, self.own = self._read()

    @staticmethod
    def _read():
        """Seconds: (used, stolen, idle) of the whole system, and what is ours of the first."""
        with open(STAT, encoding="ascii") as f:
            user, nice, system, idle, iowait, irq, softirq, stolen = (int(word) for word in f.readline().split()[1:9])
        tick = os.sysconf("SC_CLK_TCK")
        return ((user + nice + system + irq + softirq) / tick, stolen / tick, (idle + iowait) / tick), sum(os.times()[:4])

    def shares(self):
        """{"others": .., "stolen": ..}: of the time that all processors had, since the beginning."""
        system, own = self._read()
        used, stolen, idle = (now - then for now, then in zip(system, self.system))
        whole = max(used + stolen + idle, 1e-9)
        return {"others": max(0.0, used - (own - self.own)) / whole, "stolen": max(0.0, stolen) / whole}


def machine():
    with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as f:
        model = next((line.split(":", 1)[1].strip() for line in f if line.startswith("model name")), "unknown")
    return {"cpu": model, "cores": os.cpu_count(), "kernel": platform.release(), "system": platform.machine(), "load_average": os.getloadavg()[0],
            "time": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")}


def number(value, unit=""):
    """Three digits that count, more before the point."""
    text = f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 20 else f"{value:.2f}"
    return f"{text} {unit}".strip()


def bound(target, key):
    if target[key] is None:
        return ""
    return ("<= " if target["at"] == "most" else ">= ") + f"{target[key]:g}"


def target_lines(found):
    """The table of figures: what, median, spread, what it must be, aim, reached."""
    yield f"{'':<82} {'median':>12} {'min':>8} {'max':>8} {'must':>8} {'aim':>8}  reached"
    for row in found["rows"].values():
        for t in row["targets"]:
            yield (f"{t['what'] + (', ' + t['unit'] if t['unit'] else ''):<82} {number(t['median']):>12} {number(t['min']):>8} {number(t['max']):>8} "
                   f"{bound(t, 'must'):>8} {bound(t, 'aim'):>8}  {REACHED[t['reached']]}")


def words_of(pairs, unit=""):
    return ", ".join(f"{name} {number(value, unit)}" for name, value in pairs.items())


def subject_lines(subject):
    yield f"  {subject['median_per_s']:10.0f} /s ({subject['min_per_s']:.0f} to {subject['max_per_s']:.0f})  {subject['what']}"
    latency = f"             ms: {words_of(subject['latency_ms'])}"
    if "report_latency_ms" in subject:
        latency += f"; up to the report: {words_of(subject['report_latency_ms'])}"
    yield latency
    if "cpu_us" in subject:
        gateway = f"; the gateway {number(subject['gateway_cpu_us']['median'])}" if "gateway_cpu_us" in subject else ""
        yield f"             processor time, us each: {words_of(subject['cpu_us'])}{gateway}"
    if "anonymous_mib" in subject:
        yield f"             anonymous memory, MiB: {words_of(subject['anonymous_mib'])}"


def row_lines(name, row):
    yield f"\n{name}: {row['inside']}"
    for subject in row["subjects"]:
        yield from subject_lines(subject)
    for curve in row.get("curves", []):
        yield f"  {curve['what']}: " + ", ".join(f"{number(y)} at {x:,}" for x, y in curve["points"])
    for t in row["targets"]:
        yield f"  {number(t['median'], t['unit']):>10}  {t['what']}, round by round: {', '.join(number(v) for v in t['rounds'])}"
    yield from ("  " + line for line in row.get("lines", []))
    facts = {key: value for key, value in row.get("facts", {}).items() if isinstance(value, (int, float))}
    if facts:
        yield "  " + ", ".join(f"{key} {value:g}" for key, value in facts.items())


def table(found):
    for name, row in found["rows"].items():
        print("\n".join(row_lines(name, row)))
    if any(row["targets"] for row in found["rows"].values()):
        print()
        print("\n".join(target_lines(found)))
    m = found["machine"]
    print(f"\n{found['build']}, {found['rounds']} rounds of {found['seconds']} s; {m['cpu']}, {m['cores']} cores, Linux {m['kernel']}")
    if m.get("memory"):
        t = m["memory"]
        print(f"Before it, {t['mib']:,} MiB of memory were touched: 2 MiB took {number(t['first_us'], 'us')}, then {number(t['again_us'], 'us')}.")
    if m.get("processors"):
        others, stolen = (100 * m["processors"][key] for key in ("others", "stolen"))
        print(f"Meanwhile other programs of this machine used {others:.0f} % of the processors, and {stolen:.0f} % were taken away by its host.")
        if max(others, stolen) > 100 * OTHERS_MAX:
            print("This machine was busy with other work: the figures say little.")


def kept_name(found, which):
    """A name for bench/results: day, commit, rows."""
    commit = found["commit"]["commit"][:10] or "no-commit"
    return f"{found['machine']['time'][:10]}-{commit}{'-changed' if found['commit']['changed_files'] else ''}-{which}"


def results_folder():
    return os.path.join(builds.ROOT, "bench", "results")
