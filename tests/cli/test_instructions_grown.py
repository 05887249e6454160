"""What a trigger may cost: its instructions in edge, core and journal's thread, counted by callgrind, against tests/cli/instructions.json. A count
does not depend on what else the machine does, so this test may fail only because the code does more than before."""
import json
import os

import pytest
from conftest import BIN, ROOT
from lablib import counting

pytestmark = pytest.mark.once  # the figures are those of the gcc build

RENEW = ("If that is meant: scripts/instructions --renew writes the new figures to tests/cli/instructions.json (build with scripts/build gcc before), "
         "and the commit says why. scripts/instructions --base COMMIT --top 30 shows in which functions.")


@pytest.fixture(scope="module")
def expected():
    with open(os.path.join(ROOT, "tests", "cli", "instructions.json"), encoding="utf-8") as f:
        return json.load(f)


def test_a_figure_that_grew_is_named():
    costs = {"edge": (111, {("x", "f"): 100, ("x", "g"): 11}), "core": (109, {}), "journal": (5, {})}
    lines = counting.grown({"edge": 100, "core": 100, "journal": 100}, costs, 10)
    assert len(lines) == 2 and lines[0].startswith("edge: 111 instructions a trigger, expected 100 and at most 10 % more: +11.0 %")
    assert lines[1] == "  it takes most in: f 100, g 11"


class Profile:
    def __init__(self, total):
        self.total, self.functions = total, {("x", "f"): total}


def test_the_threads_of_the_core():
    """The busiest beside the main thread is the journal's; a thread that ended before the longer run began counts as it is."""
    short = {"parent": {1: Profile(10)}, "edge": {1: Profile(100), 2: Profile(1)}, "core": {1: Profile(1000), 2: Profile(5), 3: Profile(50)}}
    long = {"parent": {1: Profile(10)}, "edge": {1: Profile(300), 2: Profile(1)}, "core": {1: Profile(3000), 2: Profile(5), 3: Profile(450)}}
    got = counting.a_trigger(short, long, 10)
    assert {role: cost[0] for role, cost in got.items()} == {"parent": 0, "edge": 20, "core": 200, "journal": 40, "others": 0}
    assert got["edge"][1] == {("x", "f"): 20}


@pytest.mark.tools
def test_metrics_and_the_trace_of_another_scs_cost_next_to_nothing(tmp_path):
    found = counting.sides(str(tmp_path), BIN, BIN, 1000)
    wrong = [word for word, most in counting.SIDES.items() if found["ratio"][word] > most + counting.SIDES_NOISE]
    assert not wrong, (wrong, counting.sides_words(found), found["differ"])


def test_a_trigger_costs_no_more_than_before(expected, tmp_path):
    costs = counting.measure(str(tmp_path / "run"), BIN, BIN, expected["triggers"], 1, 2, expected["short"])
    lines = counting.grown(expected["instructions"], costs, expected["most_percent"])
    assert not lines, "\n".join([*lines, RENEW])
