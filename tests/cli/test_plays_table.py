"""tests/e2e/README.md names every play, under its letter."""
import glob
import os
import re

import pytest
from conftest import LONGEST, ROOT

pytestmark = pytest.mark.once
FOLDER = os.path.join(ROOT, "tests", "e2e")


def test_the_files_that_are_begun_first_are_there():
    assert [name for name in LONGEST if not os.path.exists(os.path.join(ROOT, "tests", name))] == [] and len(set(LONGEST)) == len(LONGEST)


def test_the_table_has_every_play_once_under_its_letter():
    with open(os.path.join(FOLDER, "README.md"), encoding="utf-8") as f:
        rows = re.findall(r"^\| (\S+) \| `(test_\S+\.py)` \|", f.read(), re.M)
    files = {os.path.basename(p) for p in glob.glob(os.path.join(FOLDER, "test_*.py"))}
    assert {name for _, name in rows} == files and len(rows) == len(files)
    for letter, name in rows:
        assert re.match(r"test_nodes_" if letter == "-" else rf"test_{letter}_", name), name
