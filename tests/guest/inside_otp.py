"""What runs inside the guest of test_sctp_otp.py: a gateway whose HSS, SMS-SC and SCS are Erlang/OTP's Diameter over the SCTP of the kernel.
What was found goes into /mnt/found.json, every log into /mnt/log.

usage: inside_otp.py BIN"""
import os
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "scripts"), os.path.join(ROOT, "tests"), os.path.join(ROOT, "tests", "interop", "otp")]

import otp  # noqa: E402
from lablib import lab as laboratory  # noqa: E402
from lablib import play, proc  # noqa: E402
from support.inside import SCS, TSP_PORT, Found, InsideLab, keep_logs  # noqa: E402

OURS, THEIRS, MORE = "127.0.1.1", "127.0.1.2", "127.0.1.3"
LISTENER = f"  - {{ name: inside, zone: internal, protection: none, transport: sctp, address: {OURS}, port: {TSP_PORT} }}\n"
OVER_SCTP = f"    transport: sctp\n    more_addresses: [ {MORE} ]\n    local_addresses: [ {OURS} ]\n"


class OtpLab(InsideLab):
    """The gateway alone."""

    ports = {}

    def start_hss(self):
        self.lab["hss"] = {"address": THEIRS, "port": self.ports["hss"], "identity": laboratory.HSS_HOST, "realm": laboratory.CORE_REALM}

    def start_smssc(self):
        self.lab["smssc"] = {"address": THEIRS, "port": self.ports["smssc"], "identity": laboratory.SMSSC_HOST, "realm": laboratory.CORE_REALM}

    def start_ue(self):
        pass


def action(reference, payload):
    return {"Device-Action": [{"External-Identifier": ["meter-1@a.example"], "Reference-Number": reference, "Action-Type": 1, "Validity-Time": [600],
                               "Trigger-Data": [{"Payload": payload}]}]}


def trigger(o, reference, payload):
    """One trigger to its report: what the SMS-SC got, what the SCS was told."""
    o.ask("DAR", action(reference, payload))
    o.request("SIR")
    m = o.request("DTR")["message"]
    status = o.answer()["message"]["Device-Notification"]["Request-Status"]
    o.ask("DRR", {"SM-RP-SMEA": m["SM-RP-SMEA"].encode("latin-1"), "Reference-Number": m["Reference-Number"], "SM-Delivery-Outcome-T4": 2,
                  "User-Identifier": {"User-Name": m["User-Identifier"]["User-Name"]}}, "smssc")
    told = o.request("DNR")["message"]["Device-Notification"][0]
    return {"payload": len(m["Payload"]), "status": status, "outcome": told["Delivery-Outcome"]}


def main(bin_folder):
    found, folder = Found(), "/var/tmp/lab"
    os.mkdir(folder)
    o = otp.Otp("/var/tmp", sctp=True)
    try:
        # two addresses, which the association has to list
        OtpLab.ports = {name: o.listen(name, [THEIRS, MORE], host, laboratory.CORE_REALM, "rfc6733")
                        for name, host in (("hss", laboratory.HSS_HOST), ("smssc", laboratory.SMSSC_HOST))}
        lab = OtpLab(folder, laboratory.options(bin=bin_folder, address="127.0.0.1", pki="/mnt/pki", devices=8, edges=1, listen_more=LISTENER,
                                                hss_more=OVER_SCTP, smssc_peer_more=OVER_SCTP, iwf_more="limits: { payload: 4096 }\n"))
        lab.up(lambda text: print(f"{time.monotonic():.1f} {text}", flush=True))
        p = play.Play(folder, bin_folder)
        o.start("scs", SCS[2], SCS[3], "rfc6733")
        o.connect("scs", OURS, TSP_PORT)
        found.note("triggers", [trigger(o, n, b"x" * size) for n, size in enumerate((7, 4096), 1)])
        found.note("peers", {row["name"]: row["state"] for row in p.ctl("peers") if "name" in row})
        o.do("'leave", "'scs")
        o.wait("left")
        found.note("left", bool(proc.wait_until("the session is gone", lambda: not p.sessions(SCS[0]))))
        found.note("killed", laboratory.down(folder, print))
        found.note("after", [o.wait("watchdog", service=name, to="down")["from"] for name in ("hss", "smssc")])
    finally:
        o.close()
        keep_logs(folder)


if __name__ == "__main__":
    main(*sys.argv[1:])
