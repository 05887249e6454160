"""Tsp, S6m and T4 over the SCTP of a kernel, in one boot of a guest (boot.py): with freeDiameter as the other end of S6m, and with a hand-made
SCS. What is played is in inside_sctp.py; each test here looks at one thing that came of it."""
import ast
import json
import os
import shlex
import subprocess

import boot
import pytest
from conftest import BIN, ROOT
from lablib import lab as laboratory
from lablib import proc
from lablib.pki import Pki

pytestmark = pytest.mark.once
LIMIT_S = 900  # beside the other plays; an idle machine needs far less
OURS, THEIRS = ["10.77.1.1", "10.77.2.1"], ["10.77.1.2", "10.77.2.2"]
DATA, INIT, INIT_ACK, ASCONF = "0", "1", "2", "193"


def boot_with(tmp_path_factory, *words):
    """Boots a guest that plays inside_sctp.py with these words; the directory that it has filled."""
    if boot.missing():
        pytest.skip(boot.missing())
    folder = tmp_path_factory.mktemp("guest")
    pki = Pki(str(folder / "pki"))
    laboratory.Lab(str(folder), laboratory.options()).issue(pki)
    pki.leaf("relay", "operator", laboratory.RELAY_HOST, "serverAuth,clientAuth")
    inside = os.path.join(ROOT, "tests", "guest", "inside_sctp.py")
    code = boot.boot(f"/usr/bin/python3 -B {shlex.quote(inside)} {shlex.quote(os.path.abspath(BIN))} {' '.join(words)}", str(folder), LIMIT_S)
    said = {name: (folder / name).read_text(errors="replace") for name in ("script.out", "script.err")}
    assert code == 0, said["script.out"] + said["script.err"][-3000:]
    return folder


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    return boot_with(tmp_path_factory)


@pytest.fixture(scope="module")
def found(out):
    return json.loads((out / "found.json").read_text())


@pytest.fixture(scope="module")
def chunks(out):
    """What crossed the first path, one row a packet: {source, kinds, ppids, streams, ...}."""
    names = ["ip.src", "sctp.chunk_type", "sctp.data_payload_proto_id", "sctp.data_sid", "sctp.data_u_bit", "sctp.parameter_ipv4_address",
             "sctp.supported_chunk_type", "diameter.cmd.code", "diameter.flags.request", "diameter.Host-IP-Address.IPv4"]
    done = subprocess.run(["tshark", "-r", str(out / "near1.pcap"), "-T", "fields", "-E", "occurrence=a", "-E", "aggregator=,",
                           *[word for name in names for word in ("-e", name)]], capture_output=True, text=True, timeout=proc.HANG_S, check=True)
    rows = []
    for line in done.stdout.splitlines():
        source, kinds, ppids, streams, bits, addresses, extensions, commands, requests, hosts = (
            cell.split(",") if cell else [] for cell in line.split("\t"))
        rows.append({"source": source[0], "kinds": kinds, "ppids": ppids, "streams": streams, "unordered": bits, "addresses": addresses,
                     "extensions": extensions, "commands": commands, "requests": requests, "hosts": hosts})
    return rows


def test_a_trigger_goes_from_tsp_to_its_report_over_sctp(found):
    assert found["trigger"] == {"code": 0, "status": "SUCCESS", "outcome": "SUCCESS", "err": ""}


def test_both_core_peers_are_open_one_of_them_freediameter(found):
    assert (found["peers"]["hss"], found["peers"]["smssc"]) == ("open", "open")


def test_the_listener_shows_its_transport(found):
    assert [(row["name"], row["transport"]) for row in found["listeners"]] == [("inside", "sctp")]


def test_a_peer_with_an_address_that_is_not_configured_is_refused(found):
    assert found["peers"]["stranger"] in ("waiting", "connecting")
    assert ("the other side also has the address 10.77.2.2, which is not one of those configured for it" in found["stranger"])


def test_an_address_outside_the_tunnel_leaves_an_association_unproven(found):
    """The selectors have the first address of the SCS. The edge asks about each address that the kernel knows of the association."""
    assert (found["proof one address"], found["proof one more"]) == ("proven: acme", "cut: sa-none")
    assert found["proof one more ended"]


@pytest.mark.parametrize("case,how", [
    ("plain", "2001, then open"),           # any payload protocol id but that of DTLS
    ("large", "2001, then open"),           # gathered from several pieces
    ("too-long", "5015, then ended"),       # above limits.message
    ("halves", "ended"), ("two", "ended"),  # not one whole Diameter message
    ("dtls", "ended"),
])
def test_a_message_of_sctp_is_one_diameter_message(found, case, how):
    assert found[f"raw {case}"] == how


def test_nobody_was_killed_and_nothing_was_forbidden(out, found):
    assert found["killed"] == []
    for name in os.listdir(out / "log"):
        text = (out / "log" / name).read_text(errors="replace")
        assert "was ended by its sandbox" not in text and "Assertion" not in text, name


def test_we_announce_the_configured_addresses_and_no_others(chunks):
    ours = [sorted(row["addresses"]) for row in chunks if row["source"] in OURS and {INIT, INIT_ACK} & set(row["kinds"])]
    assert ours and all(addresses in (OURS, []) for addresses in ours)  # none: towards the stranger, from one address
    assert OURS in ours


def test_addip_is_off_for_our_sockets_where_the_kernel_has_it_on(out, chunks):
    def offer(side):
        return [row for row in chunks if row["source"] in side and ASCONF in row["extensions"]]
    assert offer(THEIRS) and not offer(OURS)  # the hand-made SCS has what the kernel gives it
    assert "ADD-IP" not in (out / "log" / "mtc-iwfd.log").read_text()


def test_our_messages_have_the_payload_protocol_of_diameter_and_stream_0(chunks):
    sent = [row for row in chunks if row["source"] in OURS and DATA in row["kinds"]]
    assert sent
    assert {p for row in sent for p in row["ppids"]} == {"46"} and {int(s, 0) for row in sent for s in row["streams"]} == {0}


def test_order_ends_when_both_sides_are_open(chunks):
    def of(command, request):
        return [row["unordered"] for row in chunks if row["source"] in OURS and row["commands"] == [str(command)]
                and ast.literal_eval(row["requests"][0].capitalize()) == request]
    assert {b for bits in of(257, True) + of(257, False) for b in bits} == {"0"}  # CER, CEA
    for command, request in ((8388643, True), (8388641, True), (8388639, False)):  # DTR, SIR, DAA
        bits = of(command, request)
        assert bits and {b for row in bits for b in row} == {"1"}, command


def test_capabilities_carry_every_address_of_ours(chunks):
    hosts = [sorted(row["hosts"]) for row in chunks if row["source"] in OURS and "257" in row["commands"]]
    assert hosts and all(h == OURS for h in hosts)
