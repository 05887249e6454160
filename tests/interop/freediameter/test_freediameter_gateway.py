"""freeDiameter as an SCS of mtc-iwfd: a provisioned certificate is admitted, watched and let go; one that nobody provisioned is told
3010. Both over TLS on the Tsp port of a laboratory."""
import os
import shutil
import tempfile

import fdstack
import pytest
from lablib import proc, relay
from lablib.ports import hold_ports

pytestmark = [pytest.mark.skipif(not shutil.which("freeDiameterd"), reason="freeDiameter is not installed"),
              pytest.mark.skipif(not fdstack.has_outside_address(), reason="freeDiameter needs an address besides loopback")]


class Scs:
    """freeDiameter with the certificate of one SCS of the laboratory, connected to the gateway."""

    def __init__(self, lab, name):
        scs = next(s for s in lab["scs"] if s["name"] == name)
        tsp, pki = lab["iwf"]["tsp"], os.path.dirname(lab["ca"])
        self.folder = tempfile.mkdtemp(prefix="mtc-fd-")
        self.gateway = lab["iwf"]["identity"]
        cross, anchor = os.path.join(self.folder, "operator-by-anchor"), os.path.join(pki, scs["anchor"])
        fdstack.cross_certify(cross, lab["ca"][:-len(".pem")], anchor)
        connect = f'ConnectPeer = "{self.gateway}" {{ ConnectTo = "{tsp["address"]}"; Port = {tsp["port"]}; }};\n'
        conf = fdstack.configuration(self.folder, "scs", scs["origin_host"], scs["realm"], hold_ports(2),
                                     scs["cert"][:-len(".pem")], [cross, anchor], connect)
        self.entry = proc.start("freediameter", relay.freediameter(conf), self.folder)

    def wait(self, what, wait_s=proc.HANG_S):
        proc.wait_until(f"freeDiameter says {what}", lambda: what in fdstack.read_text(self.entry["out"]), wait_s, [self.entry])

    def said(self, what):
        return what in fdstack.read_text(self.entry["out"])

    def close(self):
        proc.end([self.entry])
        shutil.rmtree(self.folder)


def test_a_provisioned_scs_is_admitted_watched_and_leaves_in_order(lab):
    scs = Scs(lab.lab, "acme")
    try:
        scs.wait(f"'STATE_WAITCEA'	-> 'STATE_OPEN'	'{scs.gateway}'")
        proc.wait_until("the gateway counts the session", lambda: len(lab.sessions("acme")) == 1)
        scs.wait("'Device-Watchdog-Answer'")
        assert len(lab.sessions("acme")) == 1
        assert fdstack.end_in_order(scs.entry)
        assert scs.said("'Disconnect-Peer-Answer'")
        proc.wait_until("the session is gone", lambda: not lab.sessions("acme"))
    finally:
        scs.close()


def test_b_a_certificate_nobody_provisioned_is_told_unknown_peer(lab):
    scs = Scs(lab.lab, "stranger")
    try:
        scs.wait("'DIAMETER_UNKNOWN_PEER' (3010")
        assert not scs.said("STATE_OPEN")
        assert not lab.sessions()
    finally:
        scs.close()
