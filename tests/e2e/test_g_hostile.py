"""Act seven: what is not as it should be gets a clear error and nothing else happens: no crash, no other connection touched."""
import os
import signal
import socket
import struct
import time

import pytest
from lablib import lab as L
from lablib import proc
from support import diameter as D
from support.diameter import avp, gpp, message
from support.pace import Watch
from support.tsp import Scs, action, request_status

TSP_FLAGS = D.REQUEST | D.PROXIABLE


@pytest.fixture(scope="module")
def witness(lab):
    """An SCS that has nothing to do with any of it: it must still be served, on the same connection, when all is over."""
    scs = Scs.opened(lab, "beta")
    edges, core = lab.edges(), L.roles(lab.lab["iwf"]["pids"]["parent"])["core"]
    yield scs
    m = scs.dar(action(device="meter-700@b.example"))
    assert request_status(m) == 0
    assert lab.edges() == edges, "an edge died"
    assert L.roles(lab.lab["iwf"]["pids"]["parent"])["core"] == core, "the core died"
    scs.close()


def failed_code(m):
    """Code of the AVP in Failed-AVP."""
    inside = D.parse_avps(m.data(279))
    return inside[0][0]


def still_good(lab, scs):
    m = scs.dar(action(device="meter-70@a.example"))
    assert m.result == 2001 and request_status(m) == 0


@pytest.mark.parametrize("name,inside,more,result,failed", [
    ("no Device-Action", None, (), 5005, 3001),
    ("no Reference-Number", [a for a in action(device="meter-70@a.example") if a[:4] != struct.pack(">I", 3007)], (), 5005, 3007),
    ("no Action-Type", [a for a in action(device="meter-70@a.example") if a[:4] != struct.pack(">I", 3005)], (), 5005, 3005),
    ("Action-Type nobody knows", action(device="meter-70@a.example", kind=99), (), 5004, 3005),
    ("Reference-Number of three octets", [gpp(3111, "meter-70@a.example"), gpp(3007, b"abc"), gpp(3005, 1)], (), 5014, 3007),
    ("two Reference-Numbers", [*action(device="meter-70@a.example"), gpp(3007, 1)], (), 5009, 3007),
    ("two Device-Actions", action(device="meter-70@a.example"), (gpp(3001, action(device="meter-71@a.example")),), 5009, 3001),
    ("an unknown AVP with the M bit", action(device="meter-70@a.example"), (avp(65000, b"?"),), 5001, 65000),
    ("an unknown AVP with the M bit inside", [*action(device="meter-70@a.example"), gpp(65001, b"?")], (), 5001, None),
])
def test_what_the_grammar_refuses(lab, witness, name, inside, more, result, failed):
    scs = Scs.opened(lab)
    m = scs.dar(inside, more=more)
    assert m.result == result, (name, m.result)
    assert m.data(279), name
    if failed:
        found = failed_code(m)
        assert found in (failed, 3001), (name, found)
    assert not m.text(264) or m.text(264) == L.EXTERNAL_HOST
    still_good(lab, scs)
    scs.close()


def test_an_unknown_avp_without_the_m_bit_is_ignored(lab, witness):
    scs = Scs.opened(lab)
    m = scs.dar(action(device="meter-72@a.example"), more=(avp(65000, b"?", mandatory=False),))
    assert m.result == 2001 and request_status(m) == 0
    scs.close()


@pytest.mark.parametrize("name,octets,result", [
    ("version 2", lambda s: b"\2" + message(D.DAR, D.TSP, TSP_FLAGS, s.dar_avps(action(device="m@a.example")))[1:], 5011),
    ("unknown application", lambda s: message(D.DAR, 4, TSP_FLAGS, s.dar_avps(action(device="m@a.example"))), 3007),
    ("unknown command", lambda s: message(8388999, D.TSP, TSP_FLAGS, s.dar_avps(action(device="m@a.example"))), 3001),
    ("S6m command on Tsp", lambda s: message(D.SIR, D.S6M, TSP_FLAGS, s.dar_avps(None)), 3007),
    ("E bit in a request", lambda s: message(D.DAR, D.TSP, TSP_FLAGS | D.ERROR, s.dar_avps(action(device="m@a.example"))), 3008),
])
def test_what_the_header_refuses(lab, witness, name, octets, result):
    scs = Scs.opened(lab)
    scs.send(octets(scs))
    try:
        m = scs.receive()
        assert m.result == result and m.flags & D.ERROR or m.result == result >= 5000, (name, m.result)
    except EOFError:
        assert name == "version 2"  # a stream that is no Diameter may be closed without an answer
    scs.close()


@pytest.mark.parametrize("name,octets", [
    ("nothing like Diameter", b"GET / HTTP/1.1\r\nHost: iwf\r\n\r\n"),
    ("a length of 16 MiB", b"\1\xff\xff\xfc" + bytes(60)),
    ("a length of 0", b"\1\0\0\0" + bytes(60)),
    ("a length that is no multiple of 4", b"\1\0\0\x15" + bytes(60)),
    ("only zeros", bytes(4096)),
])
def test_octets_that_are_no_diameter_close_the_connection(lab, witness, name, octets):
    scs = Scs.opened(lab)
    scs.send(octets)
    assert scs.closed(), name


def test_an_avp_longer_than_its_message(lab, witness):
    scs = Scs.opened(lab)
    whole = bytearray(message(D.DAR, D.TSP, TSP_FLAGS, scs.dar_avps(action(device="meter-70@a.example")), 7, 7))
    at = whole.index(struct.pack(">I", 3001))
    whole[at + 5:at + 8] = (0xffff).to_bytes(3, "big")
    scs.send(bytes(whole))
    m = scs.receive()
    assert m.result == 5014 and m.data(279)
    still_good(lab, scs)
    scs.close()


def test_nesting_without_end(lab, witness):
    scs = Scs.opened(lab)
    inner = gpp(3004, b"x")
    for _ in range(200):
        inner = gpp(3003, inner)
    m = scs.dar([*action(device="meter-70@a.example", trigger_data=False), inner])
    assert m.result >= 5000 or request_status(m) != 0
    still_good(lab, scs)
    scs.close()


def test_ten_thousand_avps(lab, witness):
    scs = Scs.opened(lab)
    m = scs.dar(action(device="meter-70@a.example"), more=[avp(65000, b"", mandatory=False)] * 5000)
    assert m.result >= 5000
    scs.close()


def test_a_request_before_the_cer(lab, witness):
    scs = Scs(lab)
    scs.send(message(D.DAR, D.TSP, TSP_FLAGS, scs.dar_avps(action(device="meter-7@a.example"))))
    assert scs.closed()


def test_a_second_cer_closes(lab, witness):
    scs = Scs.opened(lab)
    scs.send(message(D.CER, 0, D.REQUEST, scs.capabilities(), 9, 9))
    assert scs.closed()


@pytest.mark.parametrize("host,realm", [("scs.beta.example", None), (None, "beta.example")])
def test_a_later_request_under_another_name(lab, witness, host, realm):
    """CONTRACTS section 1: every later request carries the same pair; else 3010 with the E bit, then close."""
    scs = Scs.opened(lab)
    scs.send(message(D.DAR, D.TSP, TSP_FLAGS, scs.dar_avps(action(device="meter-7@a.example"), host=host, realm=realm)))
    watch = Watch()
    m = scs.receive()
    assert m.result == 3010 and m.flags & D.ERROR
    assert scs.closed() and watch.took() < 2, "it was given time to go on"


def test_no_common_application(lab, witness):
    scs = Scs(lab)
    scs.app = D.S6M
    assert scs.open() == 5010
    assert scs.closed()


def test_plain_tcp_to_the_tls_port(lab, witness):
    tsp = lab.lab["iwf"]["tsp"]
    with socket.create_connection((tsp["address"], tsp["port"]), proc.HANG_S) as s:
        s.sendall(message(D.CER, 0, D.REQUEST, [avp(264, "scs.acme.example"), avp(296, "acme.example")]))
        s.settimeout(proc.HANG_S)
        try:
            while s.recv(4096):
                pass
        except ConnectionError:
            pass  # a reset is as good


@pytest.mark.parametrize("device", [b"meter-7@a.example\0", b"meter-7\0@a.example", b"m\xc3\xa9ter@a.example", b"meter-7@a.example.", b"",
                                    b"@", b"x" * 300 + b"@a.example", b"meter-7@a.example@a.example", b"meter-7@a_b.example"])
def test_device_names_that_are_not_canonical(lab, witness, device):
    scs = Scs.opened(lab)
    m = scs.dar(action(device=device))
    assert m.result == 2001 and request_status(m) == 102
    scs.close()


@pytest.mark.parametrize("number", [b"\xff", b"\x1a\x32", b"", bytes([0x21] * 20), b"\x10\x32\x54\x76"])
def test_numbers_that_are_no_msisdn(lab, witness, number):
    scs = Scs.opened(lab)
    m = scs.dar(action(msisdn=number))
    assert m.result == 2001 and request_status(m) == 102
    scs.close()


def test_a_trigger_without_data(lab, witness):
    scs = Scs.opened(lab)
    m = scs.dar(action(device="meter-73@a.example", trigger_data=False))
    assert request_status(m) == 101
    scs.close()


def test_the_answer_names_the_request(lab, witness):
    """CONTRACTS section 2: device identifier as given, Reference-Number, Action-Type, Request-Status; Proxy-Info comes back."""
    scs = Scs.opened(lab)
    proxy = avp(284, [avp(280, "agent.acme.example"), avp(33, b"state")])
    m = scs.dar(action(device="meter-74@A.example", reference=74), more=(proxy,))
    assert m.result == 5008, "acme is not provisioned to come through agents"
    lab.ctl("screen", "set", "agents", "enforce", "--except", "acme")
    m = scs.dar(action(device="meter-74@A.example", reference=74), more=(proxy,))
    lab.ctl("screen", "set", "agents", "default")
    assert (m.text(3002, 3111), m.number(3002, 3007), m.number(3002, 3005), request_status(m)) == ("meter-74@A.example", 74, 1, 0)
    assert m.data(284) == proxy[8:] and m.text(264) == L.EXTERNAL_HOST and m.text(296) == L.EXTERNAL_REALM
    scs.close()


def test_a_duplicate_gets_the_same_answer_and_no_second_trigger(lab, witness):
    scs = Scs.opened(lab)
    inside = action(device="meter-75@a.example", reference=75)
    first = scs.dar(inside, end=0x75)
    again = scs.dar(inside, end=0x75, flags=TSP_FLAGS | 0x10)
    assert request_status(first) == request_status(again) == 0
    other = Scs.opened(lab)  # also over another connection, perhaps on another edge
    third = other.dar(inside, end=0x75)
    assert request_status(third) == 0
    different = other.dar(action(device="meter-76@a.example", reference=76), end=0x75)
    assert request_status(different) not in (0, None) or different.result != 2001
    scs.close(), other.close()
    L.proc.wait_until("it was delivered", lambda: lab.ue_triggers(imsi=L.imsi(75)))
    assert len(lab.ue_triggers(imsi=L.imsi(75))) == 1 and not lab.ue_triggers(imsi=L.imsi(76))


def test_unknown_and_foreign_devices_get_equal_octets(lab, witness):
    """CONTRACTS section 2, row 1: byte-equal answers, identifiers aside."""
    scs = Scs.opened(lab)
    session = avp(263, "scs.acme.example;1;1")

    def ask(device):
        avps = [session, *scs.dar_avps(action(device=device, reference=7000))[1:]]
        m = scs.ask(D.DAR, D.TSP, avps)
        return m.octets[:12] + m.octets[20:].replace(device.encode(), b"DEVICE")
    foreign, unknown = ask("meter-501@b.example"), ask("meter-509@c.example")
    assert foreign == unknown
    scs.close()


def test_half_a_handshake_and_half_a_message_hold_nobody_up(lab, witness):
    tsp = lab.lab["iwf"]["tsp"]
    half = [socket.create_connection((tsp["address"], tsp["port"]), proc.HANG_S) for _ in range(20)]
    for s in half:
        s.sendall(b"\x16\x03\x01\x02\x00")
    scs = Scs.opened(lab)
    other = Scs.opened(lab)
    other.send(message(D.DAR, D.TSP, TSP_FLAGS, other.dar_avps(action(device="meter-7@a.example")))[:30])
    still_good(lab, scs)
    for s in half:
        s.close()
    scs.close(), other.close()


def test_one_who_asks_without_end_while_the_core_stands_still_costs_nobody_else_a_connection(own_lab):
    p = own_lab
    before = p.edges()
    core = L.roles(p.lab["iwf"]["pids"]["parent"])["core"]
    others, many = [Scs.opened(p, "beta") for _ in range(4)], [Scs.opened(p, "acme") for _ in range(8)]
    os.kill(core, signal.SIGSTOP)
    try:
        for scs in many:
            for first in range(0, 1200, 100):  # nothing is read
                scs.send(b"".join(message(D.DAR, D.TSP, TSP_FLAGS, scs.dar_avps(action(device="meter-70@a.example", payload=b"x" * 4000)),
                                          first + i, scs.end_base + first + i) for i in range(100)))
        for scs in many:
            scs.sock.close()
        time.sleep(1)  # the edge runs on: it sees eight connections end while the core takes nothing
    finally:
        os.kill(core, signal.SIGCONT)
    for scs in others:  # a core that is behind may answer 201 for a moment, on the connections that were there
        proc.wait_until("triggers go through", lambda scs=scs: request_status(scs.dar(action(device="meter-701@b.example"))) == 0)
        scs.close()
    assert p.edges() == before


def test_strangers_cannot_fill_the_log(own_lab):
    tsp = own_lab.lab["iwf"]["tsp"]
    for _ in range(600):
        with socket.create_connection((tsp["address"], tsp["port"]), proc.HANG_S) as s:
            s.sendall(b"GET / HTTP/1.0\r\n\r\n")

    def counted():
        return next(row["value"] for row in own_lab.ctl("stats") if row.get("name") == "edge_handshake_failed")
    proc.wait_until("all of them are counted", lambda: counted() >= 600)
    with open(own_lab.lab["logs"]["mtc-iwfd"], encoding="utf-8") as f:
        assert 0 < sum("not authenticated" in line for line in f) < 300
