"""Instructions of the processor that one trigger costs, by process and thread, counted by callgrind.

The gateway runs twice under callgrind, with N1 and with N2 triggers; what one costs is the difference of the counts divided by N2 - N1. Start,
provisioning, handshake and end are in both runs and cancel out."""
import concurrent.futures
import glob
import os
import re

from . import callgrind, figures, lean, subjects
from .ports import hold_ports
from .proc import LabError

SHORT = 200  # triggers of the shorter run: tables and caches have their size, every path was taken
WAIT_S = 600
ROLES = ("parent", "edge", "core", "journal", "others")  # core: its main thread; others: the rest of its threads
FILE = re.compile(r"callgrind\.(\d+)-(\d+)$")
# waits that a program fifty times slower does not run into
SLOW = {"edges": 1, "up_wait_s": 120, "s6m_more": ", answer_wait: 1m", "t4_more": ", answer_wait: 1m",
        "timers_more": ", watchdog: 1h, disconnect_wait: 1m", "iwf_more": "limits: { handshake_wait: 1m, cer_wait: 1m }\n"}


def valgrind(folder, preload):
    """The words before a command line. A program under valgrind finds valgrind behind /proc/self/exe, and the daemon starts its processes
    by that name: bench_self.so puts the right one in its place."""
    return ["env", f"LD_PRELOAD={preload}", "valgrind", "-q", "--tool=callgrind", "--trace-children=yes", "--separate-threads=yes",
            f"--callgrind-out-file={os.path.join(folder, 'callgrind.%p')}"]


def unhurried(bin_folder):
    """Lines for a daemon that has these keys, which an earlier one may not have: the sandbox is off, because valgrind works inside the process and
    makes calls of its own; a handshake waits for its signature as long as the keyholder takes under valgrind."""
    with open(os.path.join(bin_folder, "mtc-iwfd"), "rb") as f:
        program = f.read()
    return ("sandbox: off\n" if b"sandbox: prefer" in program else "") + ("keyholder: { sign_wait: 50s }\n" if b"\0sign_wait\0" in program else "")


def count(folder, bin_folder, tools, triggers, window, more="", kind=lean.LeanTriggers, first=None):
    """{role: {thread: profile}} of one run with so many triggers. tools: where the programs of the bench are; more: lines of the
    configuration; kind: of the laboratory; first: called with it before the load."""
    out = os.path.join(folder, "out")
    os.makedirs(out)
    preload = os.path.join(tools, "bench_self.so")
    run = kind(os.path.join(folder, "lab"), bin_folder, tools, under={"mtc-iwfd": valgrind(out, preload)},
                            **{**SLOW, "iwf_more": SLOW["iwf_more"] + unhurried(bin_folder) + more})
    try:
        if first:
            first(run)
        run.load(count=triggers, window=window, wait_s=WAIT_S)
    finally:
        killed = run.end(WAIT_S)
    if killed:
        raise LabError(f"{', '.join(killed)} did not end within {WAIT_S} s, so callgrind wrote no count")
    return profiles(out)


def profiles(folder):
    """The counts below a folder, one file a thread. LabError when a process of the gateway left none, or was started again."""
    found, pids = {}, {}
    for path in sorted(glob.glob(os.path.join(folder, "callgrind.*-*"))):
        name = FILE.search(path)
        if not name:
            continue
        profile = callgrind.read(path)
        role = callgrind.role_of(profile.command)
        if pids.setdefault(role, name[1]) != name[1]:
            raise LabError(f"two counts of one {role} in {folder}: it ended and was started again; the logs of {folder}/../lab say why")
        found.setdefault(role, {})[int(name[2])] = profile
    missing = [role for role in ("parent", "edge", "core") if role not in found]
    if missing:
        raise LabError(f"callgrind left no count of {', '.join(missing)} in {folder}")
    return found


def cost(short, long, triggers):
    """(instructions a trigger, {function: instructions a trigger}) of one thread, or of some together."""
    totals = [sum(p.total for p in profiles_) for profiles_ in (short, long)]
    functions = [{}, {}]
    for sums, profiles_ in zip(functions, (short, long)):
        for profile in profiles_:
            for key, value in profile.functions.items():
                sums[key] = sums.get(key, 0) + value
    return (totals[1] - totals[0]) / triggers, figures.difference(functions[1], functions[0], triggers)


def a_trigger(short, long, triggers):
    """{role of ROLES: cost()} from the counts of both runs. The journal's thread is the busiest of the core beside the main one."""
    def of(role, threads):
        return cost([short[role][t] for t in threads if t in short[role]], [long[role][t] for t in threads if t in long[role]], triggers)

    threads = {role: sorted({*short[role], *long[role]}) for role in ("parent", "edge", "core")}
    others = threads["core"][1:]
    journal = max(others, key=lambda t: of("core", [t])[0]) if others else None
    return {"parent": of("parent", threads["parent"]), "edge": of("edge", threads["edge"]), "core": of("core", threads["core"][:1]),
            "journal": of("core", [t for t in others if t == journal]), "others": of("core", [t for t in others if t != journal])}


def measure(folder, bin_folder, tools, triggers, window, at_once=1, short=SHORT, more="", kind=lean.LeanTriggers, first=None):
    """a_trigger() of two runs; at_once 2: side by side, which changes the time and not the counts. more, kind, first: of count()."""
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        runs = [pool.submit(count, f"{folder}-{n}", bin_folder, tools, n, window, more, kind, first) for n in (short, short + triggers)]
        counts = [run.result() for run in runs]
    return a_trigger(*counts, triggers)


# -- the audit

AUDIT_TRIGGERS = 400
AUDIT_LINES = "audit: { enabled: yes, key: audit.key, interval: 1h }\n"


def crypto(functions):
    """Instructions of libcrypto among {function: instructions}."""
    return sum(value for (library, _), value in functions.items() if library.startswith("libcrypto"))


def record_octets(folder):
    """Octets of one record of a trigger in the audit that a run left there."""
    lines = []
    for path in glob.glob(os.path.join(folder, "lab", "iwf", "audit", "records", "*.jsonl")):
        with open(path, "rb") as f:
            lines += [len(line) - 1 for line in f if b'"action":"trigger"' in line]
    if not lines:
        raise LabError(f"no record of a trigger in {folder}/lab/iwf/audit")
    return round(sum(lines) / len(lines))


def audit(folder, bin_folder, tools):
    """What a trigger costs with the audit and without. An interval of an hour, so that what is done once for each is in both runs and cancels out.
    Valgrind's processor has no instructions for SHA-256, which most have today. So the hashes of the audit's thread are also put in as this
    processor makes them: bench_bare steps through those of one record."""
    costs = {word: measure(os.path.join(folder, word), bin_folder, tools, AUDIT_TRIGGERS, 1, more=lines) for word, lines in (("off", ""), ("on", AUDIT_LINES))}
    off, on = (sum(costs[word][role][0] for role in ROLES) for word in ("off", "on"))
    hashes = sum(crypto(costs["on"][role][1]) - crypto(costs["off"][role][1]) for role in ("journal", "others"))
    octets = record_octets(os.path.join(folder, f"on-{SHORT}"))
    here = subjects.bare(tools, "record", octets)["instructions"]
    return {"off": round(off), "on": round(on), "hashes_on": round(hashes), "hashes_here": here, "record_octets": octets, "ratio": round(on / off, 4),
            "ratio_here": round((on - hashes + here) / off, 4)}


def audit_words(f):
    return (f"instructions a trigger: {f['off']:,} with the audit off, {f['on']:,} on = {f['ratio']:.3f} without SHA instructions of the processor (valgrind); "
            f"the hashes of a record of {f['record_octets']} bytes take {f['hashes_on']:,} of that, and {f['hashes_here']:,} on this processor = {f['ratio_here']:.3f}")


# -- an SMS-SC over SMPP

def southbound(folder, bin_folder, tools):
    """What a trigger costs over T4 and over SMPP, by role."""
    costs = {word: measure(os.path.join(folder, word), bin_folder, tools, AUDIT_TRIGGERS, 1, kind=kind)
             for word, kind in (("t4", lean.LeanTriggers), ("smpp", lean.LeanSmppTriggers))}
    found = {word: {role: round(costs[word][role][0]) for role in ROLES} for word in costs}
    return {**found, "ratio": round(sum(found["smpp"].values()) / sum(found["t4"].values()), 4)}


def southbound_words(f):
    return "instructions a trigger up to the DAA, one at a time: " + "; ".join(
        f"{word} {sum(f[key].values()):,} ({', '.join(f'{role} {n:,}' for role, n in f[key].items() if n)})"
        for key, word in (("t4", "T4"), ("smpp", "SMPP"))) + f"; SMPP : T4 = {f['ratio']:.3f}"


# -- metrics and traces

SIDE_TRIGGERS = 2000
# what is done for each snapshot is not a trigger's: there is one a second, or fewer
METRICS_LINES = "metrics: {{ enabled: yes, address: 127.0.0.1, port: {}, every: 60s }}\n"
TRACE_LINES = "trace: { time_max: 24h }\n"
SIDES = {"metrics": 1.01, "trace": 1.005}  # the most that each may cost, of a trigger without
SIDES_NOISE = 0.005  # of a ratio, on a busy machine: timers run by the clock


def of_others(run):
    """A trace of an SCS that sends nothing."""
    run.ctl("trace", "start", "--scs", "beta", "--seconds", "80000", "--pcap", os.path.join(run.folder, "beta.pcapng"))


def sides(folder, bin_folder, tools, triggers=SIDE_TRIGGERS):
    """What a trigger costs by itself, with metrics, and while a trace of another SCS runs: {word: instructions}, {word: ratio} and, of each side, the
    functions that differ most."""
    port = hold_ports(1)[0]
    ways = {"off": ("", None), "metrics": (METRICS_LINES.format(port), None), "trace": (TRACE_LINES, of_others)}
    costs = {word: measure(os.path.join(folder, word), bin_folder, tools, triggers, 1, at_once=2 if word != "metrics" else 1, more=more, first=first)
             for word, (more, first) in ways.items()}
    total = {word: sum(found[role][0] for role in ROLES) for word, found in costs.items()}
    differ = {}
    for word in SIDES:
        each = {}
        for role in ROLES:
            for key in {*costs[word][role][1], *costs["off"][role][1]}:
                each[role, key[1]] = each.get((role, key[1]), 0) + costs[word][role][1].get(key, 0) - costs["off"][role][1].get(key, 0)
        differ[word] = sorted(each.items(), key=lambda item: -abs(item[1]))[:12]
    return {"instructions": {word: round(value) for word, value in total.items()}, "ratio": {word: round(total[word] / total["off"], 4) for word in SIDES},
            "differ": differ}


def sides_words(found):
    return "\n".join([f"instructions a trigger: {found['instructions']['off']:,}"] + [
        f"  with {word}: {found['instructions'][word]:,} = {found['ratio'][word]:.4f}, at most {most} is allowed" for word, most in SIDES.items()])


# -- the guard

def grown(expected, costs, most_percent):
    """Lines about what costs more than expected; `expected` is {role: instructions}."""
    lines = []
    for role, was in expected.items():
        now, functions = costs[role]
        if now > was * (1 + most_percent / 100):
            lines.append(f"{role}: {now:,.0f} instructions a trigger, expected {was:,.0f} and at most {most_percent} % more: {100 * (now / was - 1):+.1f} %")
            top = sorted(functions.items(), key=lambda item: -item[1])[:8]
            lines.append("  it takes most in: " + ", ".join(f"{name} {value:,.0f}" for (_, name), value in top))
    return lines
