"""The rows of the bench run, with a thousandth of their size: each comes to its figures and leaves nothing behind. The figures say nothing here."""
import functools
import json
import os
import subprocess
import tempfile

import pytest
from conftest import BIN, ROOT
from lablib import flooded, growth, helper, npm, proc, protected, report, rounds, rows, smes, tunnel

pytestmark = [pytest.mark.once, pytest.mark.tools]


@pytest.fixture
def place():
    """A folder with a short name: sockets are made in it."""
    with tempfile.TemporaryDirectory(prefix="mtc-rows-") as folder:
        yield folder


@pytest.fixture
def bench(place):
    made = rounds.Bench(place, BIN, BIN, 1, 1, lambda text: None)
    yield made
    made.end()


SMALL = {
    "refused": (rows.refused, "refused"),
    "pending": (functools.partial(rows.pending, count=500), "start with 500 pending"),
    "tail": (rows.tail, "p99 : p50"),
    "tunnel": (protected.through_the_tunnel, "triggers over NDS/IP"),
    "device": (growth.device, None),
    "connections": (growth.connections, None),
    "strangers": (functools.partial(flooded.strangers, come_and_go=500), "bare TLS echo, 2,000"),
    "submits": (smes.submits, "each at its best window"),
    "binds": (functools.partial(smes.binds, count=20), "20 idle binds"),
}


@pytest.mark.parametrize("name", SMALL)
def test_a_row(bench, monkeypatch, name):
    monkeypatch.setattr(rows, "MANY", 2000)
    monkeypatch.setattr(growth, "OF_ONE_DEVICE", (20, 200))
    monkeypatch.setattr(growth, "CONNECTIONS", (1, 20))
    monkeypatch.setattr(growth, "OPENINGS", 2)
    monkeypatch.setattr(smes, "WINDOWS", (1, 64))
    row, figure = SMALL[name]
    if name == "submits" and npm.missing():
        pytest.skip(npm.missing())
    if name == "tunnel" and tunnel.lacking():
        pytest.skip(tunnel.lacking())
    found = row(bench)
    facts = [t.facts() for t in found["targets"]]
    assert all(fact["min"] > 0 for fact in facts) and bool(facts) == bool(figure)
    assert all(y > 0 for curve in found.get("curves", []) for _, y in curve["points"])
    lines = list(report.row_lines(name, {**found, "targets": facts}))
    assert len(lines) > 1 + len(facts) and json.dumps({**found, "targets": facts, "lines": list(found.get("lines", []))})


def test_the_row_of_the_ndsip_helper(bench):
    found = helper.ndsip(bench, None, scss=40, connections=10, events=20)
    facts = [t.facts() for t in found["targets"]]
    assert len(facts) == 4 and all(fact["min"] > 0 for fact in facts)
    if not tunnel.lacking():
        assert found["lines"][0].startswith("charon's own time to take 40 connections: ")


def test_a_bench_from_its_command_line(tmp_path, place):
    done = subprocess.run([os.path.join(ROOT, "scripts", "bench"), "quick", "--rounds", "1", "--seconds", "1", "--json", str(tmp_path / "found.json")],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=proc.HANG_S, check=False,
                          env=dict(os.environ, MTC_BIN=BIN, TMPDIR=place))
    assert done.returncode == 0, done.stderr
    for words in ("durable triggers up to the DAA, window 64 : freeDiameter", "processor time, us each: core main", "anonymous memory, MiB: core", "round by round"):
        assert words in done.stdout, words
    found = json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))
    assert found["machine"]["cores"] > 0 and len(found["rows"]["quick"]["targets"]) == 2 and os.listdir(place) == []
