"""Measuring in rounds: what is compared runs in turn within each round, the order turns from round to round, the ratio is made round by round."""
import contextlib
import os
import statistics
import subprocess

from . import figures, proc


class Bench:
    """What every row needs: where the programs are, how often and how long it measures; what it started, it ends. apart: other places for
    files, such as memory."""

    def __init__(self, folder, bin_folder, tools, rounds, seconds, say):
        self.folder, self.bin, self.tools, self.rounds, self.seconds, self.say = folder, bin_folder, tools, rounds, seconds, say
        self.ending = contextlib.ExitStack()
        self.number = 0

    def place(self):
        """A new folder."""
        self.number += 1
        found = os.path.join(self.folder, str(self.number))
        os.makedirs(found)
        return found

    def begin(self, kind, *words, **more):
        """Makes a subject, kind(folder, ...), that ends with the row."""
        subject = kind(self.place(), *words, **more)
        self.ending.callback(subject.end)
        return subject

    def end(self):
        self.ending.close()

    def in_turn(self, tasks, warm=True):
        """tasks: {name: function that measures once}. {name: what it returned in each round}. A first turn, which nobody counts, warms up."""
        if warm:
            for task in tasks.values():
                task()
        found = {name: [] for name in tasks}
        for number in range(1, self.rounds + 1):
            for name in tasks if number % 2 else reversed(tasks):
                found[name].append(tasks[name]())
                self.say(f"round {number} of {self.rounds}: {words_of(found[name][-1])}  {name}")
        return found


def words_of(result):
    rate = getattr(result, "rate", None)
    return f"{rate:10.0f} /s" if rate is not None else f"{result:10.1f}   "


def cpu_spread(results):
    """{process or thread: microseconds for each request, median of the runs}, without what takes nothing."""
    names = {name: None for r in results for name in r.cpu_us()}
    each = {name: statistics.median(r.cpu_us().get(name, 0) for r in results) for name in names}
    return {name: round(us, 2) for name, us in each.items() if us >= 0.05}


def latency_spread(results, key="latency_us"):
    """{percentile: the median of the runs, in milliseconds}."""
    return {p: round(statistics.median(r.line[key][p] for r in results) / 1000, 4) for p in ("p50", "p99", "p999")}


def subject(name, results, memory=None):
    """A subject of a row: its rates, the processor time of each process, its latency, its anonymous memory at the end."""
    found = {**figures.rates(name, [r.rate for r in results]), "cpu_us": cpu_spread(results), "latency_ms": latency_spread(results)}
    if "report_latency_us" in results[0].line:
        found["report_latency_ms"] = latency_spread(results, "report_latency_us")
    if "core main" in found["cpu_us"]:
        found["gateway_cpu_us"] = figures.spread([r.gateway_us() for r in results], 2)
    if memory:
        found["anonymous_mib"] = {process: round(octets / 1048576, 1) for process, octets in memory.items()}
    return found


def ratio(above, below):
    """The rates of one subject to those of another, round by round."""
    return [a.rate / b.rate for a, b in zip(above, below)]


class Target:
    """One line of the table: a figure in rounds, and what it must and should be, if anything. most: the figure is to be small."""

    def __init__(self, what, values, must, aim, unit="", most=False):
        self.what, self.values, self.must, self.aim, self.unit, self.most = what, values, must, aim, unit, most

    def facts(self):
        spread = figures.spread(self.values)
        reached = [wanted is not None and (spread["median"] <= wanted if self.most else spread["median"] >= wanted) for wanted in (self.must, self.aim)]
        return {"what": self.what, **spread, "rounds": [round(v, 4) for v in self.values], "unit": self.unit, "at": "most" if self.most else "least",
                "must": self.must, "aim": self.aim, "reached": "" if self.must is None else "aim" if all(reached) else "must" if reached[0] else "no"}


def run(command, wait_s=proc.HANG_S, **more):
    """The output of a command that has to end well."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=wait_s, check=False, **more)
    if done.returncode:
        raise proc.LabError(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout
