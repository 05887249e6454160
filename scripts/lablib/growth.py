"""What grows with what. Rate and processor time may not grow with connections, associations or pending triggers; memory may, and in proportion."""
import functools
import json
import os
import signal
import statistics
import subprocess

from . import lean, proc, rounds, rows

CONNECTIONS = (1, 10, 100, 1000)
ASSOCIATIONS = (1000, 100000, 10000000)
PENDING = (0, 100000, 1000000)
OF_ONE_DEVICE = (1000, 100000)
MANY_CONNECTIONS = "limits: { connections_per_scs: 1024, connections_per_address: 4096 }\n"
OFFERED = (10, 25, 50, 75, 90)  # per cent
OPENINGS = 20  # connections, one after the other


def curve(what, points, unit=""):
    return {"what": what, "unit": unit, "points": [[x, round(y, 4)] for x, y in points]}


def median_of(results, key):
    return statistics.median(key(r) for r in results)


def three_curves(found, words):
    """Rate, processor time and p99 over x; found: {x: [Result]}."""
    return [curve(f"{words}, /s", [(x, median_of(r, lambda one: one.rate)) for x, r in found.items()]),
            curve("processor time of the gateway, us each", [(x, median_of(r, lambda one: one.gateway_us())) for x, r in found.items()], "us"),
            curve("p99, ms", [(x, median_of(r, lambda one: one.line["latency_us"]["p99"] / 1000)) for x, r in found.items()], "ms")]


def total_mib(gateway):
    return sum(gateway.memory().values()) / 1048576


def connections(bench):
    """The same load over more and more connections."""
    gateway = bench.begin(lean.LeanTriggers, bench.bin, bench.tools, iwf_more=MANY_CONNECTIONS)
    tasks = {n: functools.partial(gateway.load, connections=n, window=64, seconds=bench.seconds) for n in CONNECTIONS}
    found = bench.in_turn(tasks)
    opening = [(n, median_of(r, lambda one: one.line["open_ms"]) / n) for n, r in found.items()]
    return {"inside": "triggers up to the DAA over n connections of one SCS, taken in turn, window 64 in all; a connection: TCP, mutual TLS, CER, CEA, up to 16 "
                      "at a time",
            "subjects": [rounds.subject(f"{gateway.name}, {n:,} connections", r) for n, r in found.items()],
            "curves": [*three_curves(found, "triggers"), curve("opening a connection, ms each", opening, "ms")], "targets": []}


def associations(bench):
    """Refused requests at more and more associations."""
    tasks, gateways = {}, {}
    for count in ASSOCIATIONS:
        gateways[count], tasks[count] = rows.with_rules(bench, count)
    found = bench.in_turn(tasks)
    memory = {count: gateway.memory() for count, gateway in gateways.items()}
    return {"inside": "as `refused`: DAR to DAA 101 for devices in turn that another SCS may trigger",
            "subjects": [rounds.subject(gateways[count].name, r, memory[count]) for count, r in found.items()],
            "curves": [*three_curves(found, "refused"),
                       curve("anonymous memory of the gateway, MiB", [(count, sum(m.values()) / 1048576) for count, m in memory.items()], "MiB")],
            "targets": []}


def opening_ms(gateway):
    """Of one connection more, with its first trigger: the median."""
    return statistics.median(gateway.load(count=1, window=1, devices="01-10").line["open_ms"] for _ in range(OPENINGS))


def waiting(bench):
    """The same load while more and more triggers are pending, each of a device of its own."""
    gateway = bench.begin(lean.LeanTriggers, bench.bin, bench.tools, up_wait_s=rows.START_WAIT_S)
    found, opening, memory = {}, [], []
    gateway.load(window=64, seconds=1)
    for count in PENDING:
        gateway.lean.stop_iwf()  # each begins with an empty journal
        rows.empty_journal(gateway)
        gateway.lean.start_iwf()
        if count:
            gateway.load(wait_s=1800, count=count, window=1000, devices=f"{1:0{len(str(count))}d}-{count}")
        memory.append((count, total_mib(gateway)))
        opening.append((count, opening_ms(gateway)))
        found[count] = [gateway.load(window=64, seconds=bench.seconds) for _ in range(bench.rounds)]
        bench.say(f"{count:,} pending: {median_of(found[count], lambda one: one.rate):.0f} /s, a connection in {opening[-1][1]:.2f} ms")
    return {"inside": "triggers up to the DAA, window 64, one connection, while n triggers of n devices wait for their report",
            "subjects": [rounds.subject(f"{gateway.name}, {n:,} pending", r) for n, r in found.items()],
            "curves": [*three_curves(found, "triggers"), curve("opening a connection, ms", opening, "ms"),
                       curve("anonymous memory of the gateway, MiB", memory, "MiB")], "targets": []}


def removed(bench, count):
    """Triggers of one device that end a second: n wait, then the SMS-SC reports them all. (removed a second, opening a connection in ms meanwhile)"""
    gateway = bench.begin(lean.LeanTriggers, bench.bin, bench.tools, until="report", smssc=["--hold", str(count + OPENINGS)])
    load = subprocess.Popen(gateway.command(count=count, window=64, pending=count, devices="1-1"), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)
    try:
        load.stdout.readline()  # all connections are open
        load.stdout.readline()  # all triggers are answered
        asked = gateway.command(count=1, window=1, devices="01-10", until="answer")
        opening = statistics.median(json.loads(rounds.run(asked).splitlines()[-1])["open_ms"] for _ in range(OPENINGS))
        os.kill(gateway.lab["smssc"]["pid"], signal.SIGUSR1)
        out, err = load.communicate(timeout=proc.HANG_S)
    except BaseException:
        load.kill()
        load.communicate()
        raise
    if load.returncode:
        raise proc.LabError(f"bench_load: {out} {err}")
    began = proc.wait_until("the SMS-SC has released all", lambda: gateway.said("bench_smssc", "released"))["began_us"]
    line = json.loads(out.splitlines()[-1])
    return count / ((line["last_us"] - began) / 1e6), opening


def device(bench):
    """All pending triggers are of one device."""
    found = {}
    for count in OF_ONE_DEVICE:
        found[count] = [removed(bench, count) for _ in range(max(1, bench.rounds // 2))]
        bench.end()
        bench.say(f"{count:,} of one device: {statistics.median(f[0] for f in found[count]):.0f} removed a second")
    return {"inside": "n triggers of one device wait for their report; then the SMS-SC reports each, 256 without an answer at a time, and the SCS acknowledges",
            "subjects": [],
            "curves": [curve("removed by their reports, /s", [(n, statistics.median(f[0] for f in each)) for n, each in found.items()]),
                       curve("opening a connection meanwhile, ms", [(n, statistics.median(f[1] for f in each)) for n, each in found.items()], "ms")],
            "targets": []}


def offered(bench):
    """Latency at parts of the rate that it can do: triggers come at their time, whether or not those before are answered."""
    gateway = bench.begin(lean.LeanTriggers, bench.bin, bench.tools)
    most = statistics.median(gateway.load(window=1000, seconds=bench.seconds).rate for _ in range(3))
    rates = {percent: int(most * percent / 100) for percent in OFFERED}
    found = bench.in_turn({percent: functools.partial(gateway.load, window=1000, rate=rate, seconds=bench.seconds) for percent, rate in rates.items()}, warm=False)
    return {"inside": f"triggers up to the DAA at a fixed rate, in per cent of the {most:.0f} /s at window 1000; the latency of each counts from the moment at which "
                      "it was due",
            "subjects": [rounds.subject(f"{rates[percent]:,} /s offered, {percent} %", r) for percent, r in found.items()],
            "curves": [curve(f"{key} at a part of the greatest rate, ms", [(percent, median_of(r, lambda one: one.line["latency_us"][member] / 1000))
                                                                         for percent, r in found.items()], "ms")
                       for key, member in (("p50", "p50"), ("p99", "p99"), ("p99.9", "p999"))], "targets": []}


GROWTH = {"connections": connections, "associations": associations, "waiting": waiting, "device": device, "offered": offered}
