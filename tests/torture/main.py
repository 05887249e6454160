"""scripts/torture: brings the laboratory up, breaks it under load, lets it drain, judges."""
import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time

from lablib import ending, proc

from . import faults as F
from . import ledger, load, points, smes, south, world

DRAIN_MAX_S = 120  # neither is waited for longer than it takes
WELL_MAX_S = proc.HANG_S


def parse(argv):
    p = ending.Parser(prog="scripts/torture", formatter_class=argparse.RawDescriptionHelpFormatter, description="""\
torture - the whole laboratory under load while everything that can break is broken; then the ledger: what was accepted is
delivered, reported or pending, nothing is acted on twice, nothing is invented. docs/dev/torture.md says more.""")
    p.add_argument("--seconds", type=int, default=60, help="of random faults, after each kill point was hit once (default 60)")
    p.add_argument("--seed", type=int, default=None, help="what is drawn; printed, so that a run can be made again (default: random)")
    p.add_argument("--bin", default=os.path.join(points.ROOT, "build", "bin", "faults"), help="programs built with kill points")
    p.add_argument("--results", metavar="FILE", help="write each verdict to FILE, as JSON")
    kind = p.add_mutually_exclusive_group()
    kind.add_argument("--southbound", action="store_true", help="the SMS-SC is reached over SMPP: kill points and faults around it")
    kind.add_argument("--smes", action="store_true", help="SMEs trigger over SMPP, through the SMS-SC: kill points and faults around it")
    p.add_argument("--keep", action="store_true", help="keep the laboratory's directory, also when everything was right")
    return p.parse_args(argv)


class Tally:
    def __init__(self):
        self.passed, self.failed, self.results = 0, 0, []

    def one(self, name, ok, why=""):
        self.passed, self.failed = self.passed + bool(ok), self.failed + (not ok)
        self.results.append({"name": name, "ok": bool(ok), "why": "" if ok else why})
        if not ok:
            print(f"FAILED torture: {name}{': ' + why if why else ''}", flush=True)


def say(text):
    print(f"torture: {text}", flush=True)


def show(title, counts):
    print(f"  {title}:")
    for name, n in sorted(counts.items()):
        print(f"    {n:8}  {name}")


def unknown(w):
    """Some outcome is not known yet, over SMPP."""
    return isinstance(w, south.World) and w.unknown() != []


def drain(w, loads):
    """Until nothing is open any more, or the time is up. Returns the seconds it took."""
    began = time.monotonic()
    F.calm(w, loads)
    while time.monotonic() < began + DRAIN_MAX_S:
        book = w.fill(ledger.Ledger())
        if book.open() == 0 and not book.judge(time.time() * 1000, world.GRACE_MS) and not unknown(w):
            break
        time.sleep(0.3)
    return time.monotonic() - began


def judge(w, tally):
    book = w.fill(ledger.Ledger())
    found = book.judge(time.time() * 1000, 0)
    show("ledger", book.counts)
    for kind, meaning in ledger.ERRORS.items():
        those = [f for f in found if f.kind == kind]
        tally.one(f"ledger: none {kind}", not those, f"{len(those)} {meaning}")
        for f in those[:10]:
            print(f"    {f}")
    if isinstance(w, south.World):
        left, (silent, share) = w.unknown(), south.unresolved(book)
        tally.one("every unknown outcome has an end", left == [], f"{left} are unknown after their time")
        tally.one("acted on after a 201: reported", not silent, f"{len(silent)} are not: {silent[:10]}")
        tally.one("acted on after a 201: reported as delivered", share >= 0.5, f"only {100 * share:.0f} % are; the others are UNCONFIRMED")
    tally.one("there was a load", book.counts["accepted"] > 0 and book.counts["acted on"] > 0 and book.counts["reported"] > 0)
    return found


def kind_of(options, other):
    """The module with the World, Load and Faults that are asked for."""
    return south if options.southbound else smes if options.smes else other


def torture(w, options, seed, tally):
    say("bringing up the laboratory")
    began = time.monotonic()
    w.up(say)
    say(f"up in {time.monotonic() - began:.1f} s; small disks: {w.no_disks or 'yes'}")
    loads = [kind_of(options, load).Load(w, one, seed, 1 + i * 10_000_000) for i, one in enumerate(w.owners())]
    for one in loads:
        one.start()
    f = kind_of(options, F).Faults(w, loads, seed)
    began = time.monotonic()
    f.kill_points()
    say(f"kill points: {sum(w.points.hits().values())} hits in {time.monotonic() - began:.1f} s")
    began = time.monotonic()
    f.at_random(began + options.seconds)
    say(f"random faults for {time.monotonic() - began:.1f} s; draining")
    say(f"drained in {drain(w, loads):.1f} s")
    hits = w.points.hits()
    for name in points.named(f.POINTS):
        tally.one(f"kill point {name} was hit", hits[name] > 0, "armed and never passed")
    show("kill points hit", hits)
    show("faults injected", f.done + w.proxy.done())
    show("processes that ended", w.keeper.ends)
    if w.no_disks:
        say(f"left out: full disks ({w.no_disks})")
    for name, why in f.left_out.items():
        say(f"left out: {name} ({why})")
    tally.one("the gateway is well in the end", w.wait_well(WELL_MAX_S))
    return judge(w, tally)


def main(argv=None):
    options = parse(argv)
    seed = options.seed if options.seed is not None else random.SystemRandom().randint(1, 999_999_999)
    folder = tempfile.mkdtemp(prefix="mtc-torture-")
    tally = Tally()
    say(f"seed {seed}, {options.seconds} s, in {folder}")
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):  # nothing is left behind, whoever ends us
        signal.signal(number, lambda *_: sys.exit(130))
    w = kind_of(options, world).World(folder, options.bin, seed)
    try:
        torture(w, options, seed, tally)
    except proc.LabError as e:
        tally.one("the laboratory", False, str(e))
    finally:
        kept = bool(tally.failed or options.keep or not tally.results)
        if kept and w.mounted:
            shutil.copytree(w.path("smssc"), w.path("smssc-kept"), dirs_exist_ok=True)
        w.down()
    if kept:
        which = " --southbound" if options.southbound else " --smes" if options.smes else ""
        say(f"everything about this run is in {folder}; once more: scripts/torture{which} --seed {seed} --seconds {options.seconds}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    if options.results:
        with open(options.results, "w", encoding="utf-8") as out:
            json.dump(tally.results, out, indent=1)
    print(f"torture: {tally.passed} passed, {tally.failed} failed (seed {seed})", flush=True)
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
