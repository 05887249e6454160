"""What runs inside the guest of test_osmomsc.py: OsmoMSC, which needs SCTP of the kernel to start, as the SMS-SC of the gateway over SMPP, in the
configuration of docs/user/southbound.md. Everything that was found goes into /mnt/found.json, every log into /mnt/log.

usage: inside_osmomsc.py BIN [alone]     alone: mtc-sme in place of a gateway with all that it needs"""
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "scripts"), os.path.join(ROOT, "tests")]

from lablib import lab as laboratory  # noqa: E402
from lablib import play, proc  # noqa: E402
from support import smpp  # noqa: E402
from support.inside import SCS, TSP_PORT, Found, InsideLab, keep_logs, peer  # noqa: E402

PLACE, PORT, PASSWORD = "/var/tmp/osmo", 2775, "geheim08"
LISTENER = f"  - {{ name: inside, zone: internal, protection: none, address: 127.0.0.1, port: {TSP_PORT} }}\n"


def configuration():
    """The block of the page."""
    with open(os.path.join(ROOT, "docs", "user", "southbound.md"), encoding="utf-8") as f:
        return re.search(r"^```\n(line vty\n.*?)^```$", f.read(), re.M | re.S)[1]


def start_osmo():
    os.makedirs(PLACE, exist_ok=True)
    text = configuration() + f" esme tester\n  password {PASSWORD}\n"
    conf = proc.write(os.path.join(PLACE, "osmo-msc.cfg"), text.replace("/var/lib/osmocom/sms.db", f"{PLACE}/sms.db"))
    entry = proc.start("osmo-msc", ["osmo-msc", "-c", conf], PLACE)
    proc.wait_until("OsmoMSC listens for SMPP", connects, entries=[entry])
    return entry


def connects():
    try:
        socket.create_connection(("127.0.0.1", PORT), timeout=proc.HANG_S).close()
        return True
    except OSError:
        return False


class OsmoLab(InsideLab):
    """Without devices and their SMS-SC."""

    def start_smssc(self):
        self.lab["smssc"] = {"address": "127.0.0.1", "port": PORT, "identity": laboratory.SMSSC_HOST, "realm": laboratory.CORE_REALM}

    def start_ue(self):
        pass

    def iwf_config(self):
        secret = proc.write(self.path("smsc.password"), PASSWORD + "\n")
        os.chmod(secret, 0o600)
        return super().iwf_config() + f"smssc: {{ protocol: smpp, system_id: mtcgw, password_file: {secret}, enquire_link: 1s }}\n"


def trigger(p, reference, *words):
    command = [p.program("mtc-scs"), words[0] if words else "trigger", "--plain", "--connect", f"127.0.0.1:{TSP_PORT}", "--origin-host", SCS[2], "--realm", SCS[3],
               "--iwf-host", p.lab["iwf"]["identity"], "--iwf-realm", p.lab["iwf"]["realm"], "--device", "meter-1@a.example", "--reference", str(reference)]
    command += words[1:] if words else ["--payload", "wake up", "--port", "16001"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=proc.HANG_S, check=False)
    return {"status": play.Ended(done.returncode, done.stdout, done.stderr).status, "err": done.stderr}


def sme(bin_folder, *words, system_id="tester", password=PASSWORD):
    """The exit status of mtc-sme, the status that it was answered, and the id."""
    command = [os.path.join(bin_folder, "mtc-sme"), words[0], "--connect", f"127.0.0.1:{PORT}", "--plain", "--system-id", system_id, "--password", password,
               "--connect-wait", "60", "--answer-wait", "60", *words[1:]]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=proc.HANG_S, check=False)
    events = play.json_lines(done.stdout)
    return [done.returncode, *((events[0].get("status") or events[0].get("text"), events[0].get("message_id")) if events else (done.stderr, None))]


def answers_in_turn():
    """It answers in the order in which it reads: what has no answer before that to the enquire_link has none."""
    s = smpp.Sme(PORT)
    assert s.bind("tester", PASSWORD).status == smpp.OK
    s.send(smpp.CANCEL, smpp.text("") + smpp.text("1") + smpp.address("4242") + smpp.address(laboratory.msisdn(1), 1, 1))
    s.send(smpp.QUERY, smpp.text("1") + smpp.address("4242"))
    last = s.answer_to(s.send(smpp.ENQUIRE))
    s.close()
    return [hex(pdu.command) for pdu in [*s.kept, last]]


def by_hand(bin_folder, found):
    """What OsmoMSC makes of the requests of an SME: what the gateway may meet, too."""
    number = laboratory.msisdn(1)
    for name, payload in (("octets", ["--payload-hex", "00ff"]), ("octets again", ["--payload-hex", "00ff"]), ("Latin-1", ["--payload", "x"])):
        found.note(name, sme(bin_folder, "submit", "--source", "4242", "--to", number, "--pid", "72", *payload))
    found.note("answers to a cancel_sm, a query_sm and an enquire_link", answers_in_turn())
    found.note("wrong password", sme(bin_folder, "submit", "--source", "4242", "--to", number, "--payload", "x", password="wrong"))
    found.note("unknown name", sme(bin_folder, "submit", "--source", "4242", "--to", number, "--payload", "x", system_id="nobody"))


def gateway(bin_folder, found, osmo):
    folder = "/var/tmp/lab"
    os.mkdir(folder)
    lab = OsmoLab(folder, laboratory.options(bin=bin_folder, address="127.0.0.1", pki="/mnt/pki", devices=2, edges=1, listen_more=LISTENER))
    try:
        lab.up(lambda text: print(f"{time.monotonic():.1f} {text}", flush=True))
        p = play.Play(folder, bin_folder)
        found.note("up", round(time.monotonic(), 1))
        found.note("peer", peer(p, "smssc")["state"])
        found.note("trigger", trigger(p, 1))
        found.note("listed", [[r["reference"], r["state"]] for r in p.ctl("triggers", "list", "--scs", SCS[0]) if "reference" in r])
        found.note("recall", trigger(p, 1, "recall")["status"])
        proc.end([osmo])
        proc.wait_until("the gateway sees that OsmoMSC has gone", lambda: peer(p, "smssc")["state"] != "open")
        found.note("trigger without it", trigger(p, 2)["status"])
        osmo = start_osmo()
        proc.wait_until("the gateway is bound again", lambda: peer(p, "smssc")["state"] == "open")
        found.note("trigger again", trigger(p, 3)["status"])
        found.note("killed", laboratory.down(folder, print))
    finally:
        keep_logs(folder)
    return osmo


def main(bin_folder, plays=""):
    found = Found()
    dump = subprocess.Popen(["tcpdump", "-Z", "root", "-i", "lo", "-U", "--immediate-mode", "-w", "/mnt/lo.pcap", "tcp", "port", str(PORT)],
                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    osmo = start_osmo()
    found.note("OsmoMSC listens", round(time.monotonic(), 1))
    try:
        by_hand(bin_folder, found)
        if plays != "alone":
            osmo = gateway(bin_folder, found, osmo)
        proc.end([osmo])
    finally:
        os.makedirs("/mnt/log", exist_ok=True)
        shutil.copy(osmo["log"], "/mnt/log/osmo-msc.log")
        time.sleep(0.5)  # tcpdump does not look for what waits when it is told to end
        dump.send_signal(signal.SIGINT)
        dump.wait(timeout=proc.HANG_S)
    found.note("done", round(time.monotonic(), 1))


if __name__ == "__main__":
    main(*sys.argv[1:])
