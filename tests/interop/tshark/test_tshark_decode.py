"""Our decoding of every vector beside that of tshark, AVP by AVP: code, vendor, flags, length, octets, name and value.

tshark is a dissector that we did not write with a dictionary that we did not write. What it is known not to know is listed here;
everything else must be equal."""
import json
import os
import subprocess

import pytest
import tshark_pcap

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
BUILD = os.environ.get("MTC_BUILD", os.path.join(ROOT, "build"))
VECTORS = os.path.join(ROOT, "tests", "vectors")

# (code, vendor): AVPs that the dictionary of tshark 4.0 does not have. Their octets are still compared.
NOT_IN_TSHARK = {(3012, 10415)}
# AVPs that nobody knows: the vectors carry them on purpose.
FOREIGN = {(9999, 0), (77, 4711), (5555, 4711), (3999, 10415), (4444, 4711)}
# our name: name in tshark
OTHER_NAMES = {"Service-ID": "S6-Service-ID"}
# Expert items below error severity that vectors provoke on purpose.
EXPECTED_EXPERT = ("Unknown AVP", "Unknown Vendor", "Data is empty")
SEVERITY_ERROR = 0x00800000


def vectors():
    return sorted(f for f in os.listdir(VECTORS) if f.endswith(".txt"))


def octets(file):
    with open(os.path.join(VECTORS, file), encoding="utf-8") as f:
        text = f.read()
    return bytes.fromhex(text.split("\nhex\n")[1].split("\nfields\n")[0].replace("\n", " "))


@pytest.fixture(scope="module")
def ours():
    lines = "".join(octets(f).hex() + "\n" for f in vectors())
    out = subprocess.run([os.path.join(BUILD, "tests", "tools", "dia_dump")], input=lines, capture_output=True, text=True, check=True)
    return dict(zip(vectors(), map(json.loads, out.stdout.splitlines()), strict=True))


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    path = str(tmp_path_factory.mktemp("tshark") / "vectors.pcap")
    tshark_pcap.write(path, [octets(f) for f in vectors()])
    out = subprocess.run(["tshark", "-n", "-r", path, "-T", "json", "-x"], capture_output=True, check=True)
    packets = json.loads(out.stdout, object_pairs_hook=list)
    return dict(zip(vectors(), [dict(dict(dict(p)["_source"])["layers"])["diameter"] for p in packets], strict=True))


def is_object(value):
    return isinstance(value, list) and value and isinstance(value[0], tuple)


def their_avps(pairs):
    """The AVPs of one level, as lists of (key, value) pairs."""
    return [value for key, value in pairs if key == "diameter.avp_tree"]


def first(pairs, key):
    return next((value for k, value in pairs if k == key), None)


def compare_value(where, mine, pairs):
    """The typed field of the AVP: the one that bears its name."""
    key = (mine["code"], mine["vendor"])
    if key in NOT_IN_TSHARK | FOREIGN:
        assert mine["name"] == "" or key in NOT_IN_TSHARK, where
        return
    name = "diameter." + OTHER_NAMES.get(mine["name"], mine["name"])
    raw = first(pairs, name + "_raw")
    if not mine["data"]:
        return  # tshark says "Data is empty" and shows no field
    assert raw is not None, f"{where}: tshark shows {[k for k, _ in pairs]}, we {name}"
    assert raw[0] == mine["data"], where
    if "avps" in mine:
        compare_avps(where, mine["avps"], their_avps(first(pairs, name + "_tree") or []))
    elif isinstance(mine.get("value"), int):
        assert int(first(pairs, name), 0) == mine["value"], where
    elif "value" in mine:
        assert first(pairs, name) == mine["value"], where


def compare_avps(where, mine, other):
    assert len(mine) == len(other), where
    for number, (m, t) in enumerate(zip(mine, other)):
        here = f"{where}/{number}:{m['name'] or m['code']}"
        assert int(first(t, "diameter.avp.code")) == m["code"], here
        assert int(first(t, "diameter.avp.flags"), 16) == m["flags"], here
        assert int(first(t, "diameter.avp.len")) == m["length"], here
        assert int(first(t, "diameter.avp.vendorId") or 0) == m["vendor"], here
        compare_value(here, m, t)


@pytest.mark.parametrize("file", vectors())
def test_same_decoding(file, ours, theirs):
    mine, other = ours[file], theirs[file]
    assert int(first(other, "diameter.length")) == mine["length"]
    assert int(first(other, "diameter.flags"), 16) == mine["flags"]
    assert int(first(other, "diameter.cmd.code")) == mine["code"]
    assert int(first(other, "diameter.applicationId")) == mine["app_id"]
    assert int(first(other, "diameter.hopbyhopid"), 16) == mine["hop_by_hop"]
    assert int(first(other, "diameter.endtoendid"), 16) == mine["end_to_end"]
    assert mine["avps"]
    compare_avps(file, mine["avps"], their_avps(other))


def expert_items(pairs):
    for key, value in pairs:
        if key == "_ws.expert":
            yield dict(value)
        elif is_object(value):
            yield from expert_items(value)
        assert not key.startswith("_ws.malformed"), pairs


def test_nothing_is_malformed_and_no_error_is_seen(theirs):
    for file, pairs in theirs.items():
        for item in expert_items(pairs):
            assert int(item["_ws.expert.severity"]) < SEVERITY_ERROR, (file, item)
            assert item["_ws.expert.message"].startswith(EXPECTED_EXPERT), (file, item)


def test_the_list_of_what_tshark_does_not_know_is_true(theirs):
    """An entry that tshark has learned meanwhile has to leave the list."""
    unknown = set()

    def walk(pairs):
        for avp in their_avps(pairs):
            if any(isinstance(k, str) and k.startswith("diameter.avp.unknown") for k, _ in avp):
                unknown.add((int(first(avp, "diameter.avp.code")), int(first(avp, "diameter.avp.vendorId") or 0)))
            for _, value in avp:
                if is_object(value):
                    walk(value)

    for pairs in theirs.values():
        walk(pairs)
    assert unknown == NOT_IN_TSHARK | FOREIGN
