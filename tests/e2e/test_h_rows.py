"""Act eight: rows of CONTRACTS sections 1 to 5 that no other act plays (docs/dev/contract-tests.md has the whole table)."""
import json
import os
import socket
import ssl
import stat
import statistics
import subprocess
import time

import pytest
from lablib import lab as L
from lablib import proc
from lablib.ports import hold_ports
from support import diameter as D
from support.tsp import Scs, action, request_status

PORTAL = "portal.core.operator.example"


# -- an SCS of the operator's own domain: zone internal, protection none


@pytest.fixture(scope="module")
def inside(labs):
    """A laboratory with an internal listener without protection, and one SCS provisioned for it."""
    address, port = labs.address, hold_ports(1)[0]
    p = labs.up(listen_more=f"  - {{ name: inside, zone: internal, protection: none, address: {address}, port: {port} }}\n")
    p.inside = (address, port)
    p.ctl("scs", "add", "portal", "--e164", "49170000001", "--origin-host", PORTAL, "--realm", L.CORE_REALM, "--anchor", "internal")
    p.ctl("assoc", "add", "portal", "*@a.example")
    yield p
    wrong = labs.down(p)
    assert not wrong, "\n".join(wrong)


def plain(p, host=PORTAL, realm=L.CORE_REALM):
    return D.Peer.connect(*p.inside, host, realm, D.TSP)


def test_an_scs_of_our_own_domain_triggers_through_the_internal_listener(inside):
    iwf = inside.lab["iwf"]
    done = subprocess.run([inside.program("mtc-scs"), "trigger", "--plain", "--connect", "{}:{}".format(*inside.inside), "--origin-host", PORTAL,
                           "--realm", L.CORE_REALM, "--iwf-host", iwf["identity"], "--iwf-realm", iwf["realm"], "--device",
                           "meter-3@b.example", "--payload", "x"], capture_output=True, text=True, timeout=proc.HANG_S, check=False)
    assert done.returncode == 3 and "NOTAUTHORIZED" in done.stdout, done  # admitted, and judged like every SCS
    s = plain(inside)
    assert s.open() == 2001
    s.close()
    told = [line["protection"] for line in inside.decisions() if line["origin_host"] == PORTAL]
    assert len(told) >= 3 and set(told) == {"none"}, told  # two admissions and a refused trigger, each with what protected it
    rows = {row["name"]: row for row in inside.ctl("status")[-1]["listeners"]}
    assert (rows["inside"]["zone"], rows["inside"]["protection"], rows["tsp"]["zone"], rows["tsp"]["protection"]) == ("internal", "none", "external", "tls")


@pytest.mark.parametrize("host,realm,reason", [
    ("scs.acme.example", "acme.example", "not-protected"),  # has an anchor: it must prove who it is
    ("nobody.core.operator.example", L.CORE_REALM, "unknown-peer"),
    (PORTAL, "acme.example", "wrong-realm"),
])
def test_nobody_else_comes_through_the_internal_listener(inside, host, realm, reason):
    s = plain(inside, host, realm)
    assert s.open() == 3010
    assert inside.wait_decision(origin_host=host, reason=reason)["verdict"] == "refused"
    s.close()


def test_an_internal_scs_is_refused_where_names_are_proven(inside):
    """Whatever certificate it has: nothing is provisioned that it could prove."""
    s = Scs(inside, "acme", host=PORTAL, realm=L.CORE_REALM)
    assert s.open() == 3010
    assert inside.wait_decision(origin_host=PORTAL, reason="wrong-anchor")
    s.close()


# -- section 1: processes, sockets, keys


def sockets(pid):
    """Inodes of the sockets a process holds."""
    return {int(link[8:-1]) for link in proc.descriptors(pid).values() if link.startswith("socket:[")}


def tcp(state, local=None, remote=None):
    """Inodes of the TCP sockets over IPv4 in that state with that port."""
    found = []
    with open("/proc/net/tcp", encoding="ascii") as f:
        for words in (line.split() for line in f.readlines()[1:]):
            ports = [int(words[i].split(":")[1], 16) for i in (1, 2)]
            if int(words[3], 16) == state and local in (None, ports[0]) and remote in (None, ports[1]):
                found.append(int(words[9]))
    return found


ESTABLISHED, LISTENING = 1, 10


def test_all_edges_accept_from_one_socket(lab):
    """One a listener, bound by the parent: what waits in the queue of a dead edge is nobody's loss."""
    listening = tcp(LISTENING, local=lab.lab["iwf"]["tsp"]["port"])
    assert len(listening) == 1
    edges = lab.edges()
    assert len(edges) == 2 and all(listening[0] in sockets(pid) for pid in edges.values())


@pytest.mark.parametrize("element", ["hss", "smssc"])
def test_a_core_peer_has_one_connection_and_the_core_holds_it(lab, element):
    held = tcp(ESTABLISHED, remote=lab.lab[element]["port"])
    assert len(held) == 1
    assert held[0] in sockets(L.roles(lab.lab["iwf"]["pids"]["parent"])["core"])
    assert not any(held[0] in sockets(pid) for pid in lab.edges().values())


def private_number(key):
    text = subprocess.run(["openssl", "pkey", "-in", key, "-noout", "-text"], capture_output=True, text=True, check=True).stdout
    digits = text.split("priv:")[1].split("pub:")[0]
    number = bytes.fromhex("".join(digits.split()).replace(":", ""))
    return number[-32:]


def memory_holds(pid, needles):
    """Does the writable memory of that process hold one of these?"""
    with open(f"/proc/{pid}/maps", encoding="ascii") as f:
        areas = [line.split()[:2] for line in f]
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for span, rights in areas:
            begin, end = (int(x, 16) for x in span.split("-"))
            if not rights.startswith("rw") or end - begin > 1 << 28:
                continue
            try:
                memory.seek(begin)
                octets = memory.read(end - begin)
            except OSError:
                continue
            if any(n in octets for n in needles):
                return True
    return False


def test_neither_core_nor_edges_hold_the_external_key(lab):
    """The keyholder needs it; that the search finds it there says that it would find it elsewhere."""
    key = os.path.join(lab.lab["dir"], "pki", "iwf.key")
    number = private_number(key)
    with open(key, "rb") as f:
        text = f.read().split(b"\n")[2]
    needles = [number, number[::-1], text]
    try:
        assert memory_holds(L.roles(lab.lab["iwf"]["pids"]["parent"])["keyholder"], [number, number[::-1]]), "the search finds nothing"
    except PermissionError:
        pytest.skip("may not look into the memory of other processes here")
    core = L.roles(lab.lab["iwf"]["pids"]["parent"])["core"]
    assert not memory_holds(core, needles), "the core holds the key"
    assert not any(memory_holds(pid, needles) for pid in lab.edges().values()), "an edge holds the key"
    assert not memory_holds(lab.lab["iwf"]["pids"]["parent"], needles), "the parent kept the key it handed over"
    assert not any("iwf.key" in link for link in proc.descriptors(core).values())


def test_no_program_but_the_scs_writes_tls_secrets(lab, tmp_path):
    """CONTRACTS section 5: --keylog is an option of mtc-scs; nothing below the laboratory has a secret of the session."""
    assert lab.trigger("acme", device="meter-301@a.example", keylog=tmp_path / "keys").code == 0
    words = (tmp_path / "keys").read_text().split()
    assert "CLIENT_TRAFFIC_SECRET_0" in words and stat.S_IMODE(os.stat(tmp_path / "keys").st_mode) & 0o077 == 0
    secret = words[words.index("CLIENT_TRAFFIC_SECRET_0") + 2].encode()
    for folder, _, names in os.walk(lab.lab["dir"]):
        for path in (os.path.join(folder, name) for name in names):
            if stat.S_ISREG(os.stat(path).st_mode):
                with open(path, "rb") as f:
                    octets = f.read()
                assert secret not in octets and b"TRAFFIC_SECRET" not in octets, path


def test_a_later_answer_to_a_request_of_an_scs_shows_our_external_name_only(lab):
    scs = Scs.opened(lab)
    for inside in (action(device="meter-302@a.example"), action(device="meter-501@b.example"), None):
        m = scs.dar(inside)
        assert L.CORE_REALM.encode() not in m.octets and m.text(264) == L.EXTERNAL_HOST
        assert {code for code, _, _ in m.avps} <= {263, 258, 277, 268, 264, 296, 3002, 279, 281, 274, 260, 3012}, m.avps
    scs.close()


# -- section 2


@pytest.mark.parametrize("kind,result", [(2, (5004,)), (5, (5004,))])
def test_action_types_an_scs_does_not_send(lab, kind, result):
    """Delivery report and MO-SMS go the other way; 107 or an invalid value, never a trigger."""
    scs = Scs.opened(lab)
    m = scs.dar(action(device="meter-304@a.example", kind=kind))
    assert m.result in result or (m.result == 2001 and request_status(m) not in (0, None)), (m.result, request_status(m))
    scs.close()


def test_a_feature_that_is_required_is_refused_when_it_is_not_ours(lab):
    """TS 29.229 7.2.1: M set and a bit that we do not have: Experimental-Result 5011 with our own list; ours is recall and replace."""
    def features(bits, mandatory, vendor=D.GPP, number=1):
        return D.avp(628, [D.avp(266, vendor), D.gpp(629, number), D.gpp(630, bits)], D.GPP, mandatory)
    scs = Scs.opened(lab)
    inside = action(device="meter-308@a.example", reference=308)
    for foreign in (features(2, True), features(3, True), features(1, True, number=2), features(1, True, vendor=9)):
        m = scs.dar(inside, more=(foreign,))
        assert (m.result, m.experimental, m.number(628, 630), request_status(m)) == (None, 5011, 1, None)
        assert not m.flags & D.ERROR
    assert not lab.decisions(reference=308)
    m = scs.dar(inside, more=(features(1, True),))
    assert request_status(m) == 0 and m.number(628, 630) == 1 and m.number(3012) == 1
    for offered in (features(2, False), features(0, True)):
        assert request_status(scs.dar(action(device="meter-309@a.example"), more=(offered,))) == 0
    m = scs.dar(action(device="meter-309@a.example"))
    assert m.data(628) is None, "who does not speak of features is not told of any"
    scs.close()


@pytest.mark.parametrize("more,result", [
    (D.avp(293, "iwf-2.operator.example"), 3002),  # Destination-Host: not an agent, so nowhere to send it
    (D.avp(293, L.IWF_CORE_HOST), 3002),  # our name inside is no name outside
    (D.avp(282, L.EXTERNAL_HOST), 3005),  # Route-Record: it has been here
], ids=["another host", "our internal name", "a loop"])
def test_a_request_for_somebody_else_is_told_so(lab, more, result):
    scs = Scs.opened(lab)
    m = scs.dar(action(device="meter-310@a.example"), more=(more,))
    assert m.result == result and m.flags & D.ERROR
    scs.close()


def provision_gamma(lab, *more):
    scs = lab.scs["gamma"]
    lab.ctl("scs", "add", "gamma", "--e164", scs["e164"], "--origin-host", scs["origin_host"], "--realm", scs["realm"], "--anchor",
            scs["anchor"], "--replace", *more)


@pytest.mark.parametrize("limit,status,reason", [(("--rate", "1", "--burst", "1"), 109, "rate-exceeded"), (("--quota", "1"), 108, "quota-exceeded")])
def test_rate_and_quota_have_their_status(lab, limit, status, reason):
    provision_gamma(lab, *limit)
    try:
        scs = Scs.opened(lab, "gamma")
        number = lab.lab["devices"]["msisdn_only"]
        answers = [request_status(scs.dar(action(msisdn=number))) for _ in range(3)]
        assert answers[-1] == status, answers
        assert lab.wait_decision(scs="gamma", reason=reason)
        scs.close()
    finally:
        provision_gamma(lab)


@pytest.mark.parametrize("port", [0, 65535])
def test_every_port_is_accepted_by_default_and_arrives(lab, port):
    device = 305 + bool(port)
    got = lab.trigger("acme", device=f"meter-{device}@a.example", port=port, wait=proc.HANG_S)
    assert got.code in (0, 5) and got.status == "SUCCESS", got  # the device decides whether somebody listens there


def test_ports_and_priority_are_restricted_per_scs(lab):
    provision_gamma(lab, "--port-min", "100", "--port-max", "200", "--no-priority")
    try:
        scs = Scs.opened(lab, "gamma")
        number = lab.lab["devices"]["msisdn_only"]
        assert request_status(scs.dar(action(msisdn=number, port=201))) not in (0, None)
        assert request_status(scs.dar(action(msisdn=number, port=150, priority=1))) not in (0, None)
        assert request_status(scs.dar(action(msisdn=number, port=150))) == 0
        scs.close()
    finally:
        provision_gamma(lab)


@pytest.mark.parametrize("named", [False, True])
def test_trouble_behind_us_is_201_whoever_is_named(labs, named):
    """3004 is for trouble of the named host itself; an HSS that is away is not that."""
    p = labs.up()
    try:
        os.kill(p.lab["hss"]["pid"], 15)
        proc.wait_until("the HSS is gone", lambda: "closed" in json.dumps(p.ctl("peers")) or "open" not in
                        [r.get("state") for r in p.ctl("peers") if r.get("peer", r.get("name")) == "hss"])
        scs = Scs.opened(p)
        more = (D.avp(293, L.EXTERNAL_HOST),) if named else ()
        m = scs.dar(action(device="meter-1@a.example"), more=more)
        assert m.result == 2001 and request_status(m) == 201
        scs.close()
    finally:
        wrong = labs.down(p)
    assert not wrong, wrong


@pytest.mark.alone
def test_time_does_not_tell_a_foreign_device_from_one_that_is_not_there(lab, capsys):
    """Medians within 2 % over 10,000 requests. Asked in turns, foreign (0) and unknown (1), and compared within each pair of neighbours, so that
    a machine that is busy for a while is busy for both; each of the two is as often the first of its pair and of its four."""
    scs = Scs.opened(lab)
    devices = ("meter-501@b.example", "meter-999@c.example")
    took, differences = ([], []), []
    for n in range(2500):
        for pair in (((0, 1), (1, 0)), ((1, 0), (0, 1)))[n % 2]:
            for i in pair:
                begin = time.perf_counter_ns()
                status = request_status(scs.dar(action(device=devices[i])))
                took[i].append(time.perf_counter_ns() - begin)
                assert status == 105
            differences.append(took[0][-1] - took[1][-1])
    foreign, unknown = (statistics.median(t) for t in took)
    difference = statistics.median(differences)
    with capsys.disabled():  # the figures belong into the output of every run
        print(f"\ntime of a refusal over {2 * len(differences)} requests: median foreign {foreign / 1000:.1f} us, unknown {unknown / 1000:.1f} us, "
              f"median difference {difference / 1000:.2f} us ({100 * difference / min(foreign, unknown):+.2f} %)")
    assert abs(difference) <= 0.02 * min(foreign, unknown), (foreign, unknown, difference)
    scs.close()


# -- section 5


def test_lab_json_has_the_agreed_form(lab):
    told = lab.lab
    assert {"dir", "ca", "wrong_ca", "iwf", "hss", "smssc", "ue", "scs", "devices", "logs"} <= set(told)
    assert set(told["iwf"]["tsp"]) == {"address", "port"} and {"tsp", "ctl", "identity", "realm", "pids"} <= set(told["iwf"])
    assert sum(s["provisioned"] for s in told["scs"]) >= 3 and len({s["anchor"] for s in told["scs"] if s["provisioned"]}) == 2
    for s in told["scs"]:
        assert {"name", "e164", "origin_host", "realm", "cert", "key", "devices", "provisioned"} <= set(s)
        assert os.path.exists(s["cert"]) and os.path.exists(s["key"])
    assert told["devices"]["count"] == 1000 and "pattern" in told["devices"] and len(told["devices"]["domains"]) == 2
    assert all(os.path.exists(path) for path in told["logs"].values())


# -- who leaves while an answer is owed gets it first (RFC 6733 5.4)


def leaves_by_dpr(s):
    return D.message(D.DPR, 0, D.REQUEST, s.origin() + [D.avp(273, 0)], 77, 78)


def leaves_by_half_close(s):
    socket.socket.shutdown(s.sock, socket.SHUT_WR)  # FIN without close_notify


def next_answer(s):
    """Reports of earlier triggers may come, too: who has ended its direction cannot answer them."""
    while True:
        m = D.Peer.receive(s)
        if not m.flags & D.REQUEST:
            return m


@pytest.mark.parametrize("how,reference", [("DPR", 7101), ("FIN", 7102)])
def test_a_dar_and_the_end_in_one_write(lab, how, reference):
    s = Scs.opened(lab)
    inside = action(device="meter-5@a.example", reference=reference)
    dar = D.message(D.DAR, D.TSP, D.REQUEST | D.PROXIABLE, s.dar_avps(inside), 55, reference)
    s.send(dar + (leaves_by_dpr(s) if how == "DPR" else b""))
    if how != "DPR":
        leaves_by_half_close(s)
    m = next_answer(s)
    assert (m.code, m.hop, m.result, request_status(m)) == (D.DAR, 55, 2001, 0)
    if how == "DPR":
        m = next_answer(s)
        assert (m.code, m.hop, m.result) == (D.DPR, 77, 2001)
        leaves_by_half_close(s)
    with pytest.raises((EOFError, ConnectionError, ssl.SSLError)):
        next_answer(s)
    s.close()


def test_a_dar_without_the_p_bit(lab, tmp_path):
    """3008, as RFC 6733 wants it, but for an SCS that is provisioned to leave the bit out; the DAA has it as the DAR had it."""
    provision_gamma(lab)
    s = Scs.opened(lab, "gamma")
    m = s.dar(action(device="meter-6@a.example"), flags=D.REQUEST)
    assert m.result == 3008 and m.flags == D.ERROR
    s.close()
    provision_gamma(lab, "--p-bit-optional")
    s = Scs.opened(lab, "gamma")
    for flags in (D.REQUEST, D.REQUEST | D.PROXIABLE):
        m = s.dar(action(device="meter-6@a.example"), flags=flags)
        assert m.result == 2001 and m.flags == flags & D.PROXIABLE
    lab.ctl("scs", "set", "gamma", "p-bit-optional", "no")  # what is changed counts for the connections that there are
    assert s.dar(action(device="meter-6@a.example"), flags=D.REQUEST).result == 3008
    lab.ctl("scs", "set", "gamma", "p-bit-optional", "yes")
    assert s.dar(action(device="meter-6@a.example"), flags=D.REQUEST).result == 2001
    gamma = next(r for r in lab.ctl("scs", "show", "gamma") if "name" in r)
    columns = ("name", "e164", "origin_host", "realm", "anchor")
    (tmp_path / "scs.csv").write_text(",".join(columns) + ",p_bit_optional\n" + ",".join(gamma[c] for c in columns) + ",no\n", encoding="utf-8")
    lab.ctl("scs", "import", str(tmp_path / "scs.csv"))
    assert s.dar(action(device="meter-6@a.example"), flags=D.REQUEST).result == 3008
    lab.ctl("assoc", "undo")
    assert s.dar(action(device="meter-6@a.example"), flags=D.REQUEST).result == 2001
    s.close()
    shown = next(r for r in lab.ctl("scs", "show", "gamma") if "name" in r)
    assert shown["p_bit_optional"] is True
    provision_gamma(lab)


def test_addresses_of_one_prefix_share_their_cap(labs):
    """limits.address_prefix_ipv4; the same for IPv6 and for IPv4 within IPv6 is in tests/unit/ipc/test_caps.c."""
    p = labs.up(iwf_more="limits: { connections_per_address: 3, address_prefix_ipv4: 24 }\n")
    held = [Scs(p, source=f"127.9.8.{i}") for i in (1, 2, 3)]
    with pytest.raises((ConnectionError, ssl.SSLError)):
        Scs(p, source="127.9.8.4")
    held.append(Scs(p, source="127.9.9.4"))
    assert [s.open() for s in held] == 4 * [2001]
    for s in held:
        s.close()
    wrong = labs.down(p)
    assert not wrong, "\n".join(wrong)
