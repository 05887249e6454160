"""Act six: the same trigger as others see it - freeDiameter as a relay agent on S6m, tshark on every leg, TLS included."""
import pytest
from lablib import proc
from support.capture import Capture, Decode

CER, DWR, DPR, DAR, DNR, SIR, DTR, DRR = 257, 280, 282, 8388639, 8388640, 8388641, 8388643, 8388644


@pytest.fixture(scope="module")
def relay_lab(labs):
    p = labs.up(relay=True)
    yield p
    wrong = labs.down(p)
    assert not wrong, "\n".join(wrong)


def endpoints(p):
    listeners = {"tsp": p.lab["iwf"]["tsp"], "s6m_iwf": p.lab["relay"], "s6m_hss": p.lab["hss"], "t4": p.lab["smssc"]}
    return {leg: (listener["address"], listener["port"]) for leg, listener in listeners.items()}


@pytest.fixture(scope="module")
def captured(relay_lab, tmp_path_factory):
    """One authorised trigger with its report, captured and decoded on every leg."""
    folder = tmp_path_factory.mktemp("capture")
    p, ends = relay_lab, endpoints(relay_lab)
    leg = {name: port for name, (_, port) in ends.items()}
    capture = Capture(str(folder), ends.values())
    try:
        got = p.trigger("acme", device="meter-7@a.example", port=16001, priority=True, validity=600, wait=proc.HANG_S, keylog=folder / "keys")
    finally:
        capture.stop()
    assert got.code == 0 and got.outcome == "SUCCESS", got
    decode = Decode(capture.file, [leg["s6m_iwf"], leg["s6m_hss"], leg["t4"]], leg["tsp"], folder / "keys")
    return decode, leg


def test_a_whole_trigger_goes_through_the_relay(captured):
    decode, leg = captured
    for side in ("s6m_iwf", "s6m_hss"):
        found = decode.messages(leg[side])
        assert (found[SIR, True], found[SIR, False]) == (1, 1), (side, found)


def test_every_leg_carries_what_the_procedure_says(captured):
    decode, leg = captured
    tsp, t4 = decode.messages(leg["tsp"]), decode.messages(leg["t4"])
    for command in (CER, DAR, DNR):
        assert (tsp[command, True], tsp[command, False]) == (1, 1), tsp
    for command in (DTR, DRR):
        assert (t4[command, True], t4[command, False]) == (1, 1), t4


def test_nothing_malformed_on_any_leg(captured):
    decode, _ = captured
    assert decode.malformed() == []


def test_nothing_internal_is_sent_to_the_scs(captured, relay_lab):
    decode, leg = captured
    text = decode.full_text(leg["tsp"])
    assert "scs.acme.example" in text and relay_lab.lab["iwf"]["identity"] in text
    for internal in ("core.operator.example", "00101000000000", relay_lab.lab["hss"]["identity"], relay_lab.lab["smssc"]["identity"],
                     "Route-Record", "User-Name"):
        assert internal not in text, internal


def test_the_core_network_sees_the_internal_identity_only(captured, relay_lab):
    decode, leg = captured
    for side in ("s6m_iwf", "t4"):
        text = decode.full_text(leg[side])
        assert relay_lab.lab["iwf"]["core_identity"] in text
        assert relay_lab.lab["iwf"]["identity"] not in text and "scs.acme.example" not in text
