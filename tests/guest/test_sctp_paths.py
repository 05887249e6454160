"""Associations of SCTP with two paths, of which one is cut, in a boot of a guest of its own."""
import json

import pytest
from test_sctp import boot_with

pytestmark = [pytest.mark.once, pytest.mark.tools]


def test_one_path_can_fail(tmp_path_factory):
    found = json.loads((boot_with(tmp_path_factory, "paths") / "found.json").read_text())
    assert found["trigger over the other path"] == {"code": 0, "status": "SUCCESS", "outcome": "SUCCESS", "err": ""}
    assert found["peers over the other path"] == {"hss": "open", "smssc": "open"}
    assert found["path"] == "down and up again"
    assert found["killed"] == []
