"""The harness with an SMS-SC that is reached over SMPP (docs/user/southbound.md): its laboratory, loads and faults.

SMPP cannot mark a copy, so a submit whose answer was lost is not sent again. That it is not doubled, and that what was accepted is not lost,
holds as with T4; what was answered 201 may or may not be acted on, and is reported when it was."""
import collections
import json
import os
import sys

from lablib import lab as L
from lablib import ports, proc
from lablib.play import read_json_lines
from support import smsc as M

from . import faults, ledger, load, proxy, world

OUTCOMES = {M.DELIVERED: "SUCCESSFUL_TRANSFER", M.EXPIRED: "VALIDITY_TIME_EXPIRED", M.UNDELIVERABLE: "ABSENT_SUBSCRIBER"}
VALIDITY = 2
CONF = """smssc: {{ protocol: smpp, system_id: {user}, password_file: {secret}, pause: 100ms, enquire_link: 1s, long: header }}
"""


def units(lines):
    """[(messages, how each ended)] of the SMS-SC's file: parts of one message together, in their order."""
    found, ended = collections.OrderedDict(), {}
    for e in lines:
        if e["op"] == "take":
            key = (e["source"], e["device"], *e["part"][:2]) if e["part"] else e["id"]
            found.setdefault(key, []).append(e)
        elif e["op"] == "end":
            ended[e["id"]] = e
    return [(sorted(unit, key=lambda m: m["part"] or []), ended) for unit in found.values()]


def events(lines):
    """The same as the lines of mtc-smssc. A message without its last part has no stamp, so that nobody knows whose trigger it was."""
    for unit, ended in units(lines):
        try:
            reference = int(bytes.fromhex(unit[-1]["payload"])[-8:].decode("ascii"), 16)
        except (ValueError, UnicodeDecodeError):
            continue
        same = {"smea": unit[0]["source"], "reference": reference, "time_ms": unit[-1]["time_ms"]}
        ends = [ended[m["id"]] for m in unit if m["id"] in ended]
        for m in unit:
            yield {**same, "event": "taken", "delivery_id": m["id"]}
        whole = not unit[0]["part"] or len(unit) == unit[0]["part"][1]
        if any(e["state"] == M.DELETED for e in ends):
            yield {**same, "event": "removed", "delivery_id": unit[0]["id"]}
        for state in {e["state"] for e in ends if e["state"] in OUTCOMES}:
            if state != M.DELIVERED or (whole and len(ends) == len(unit) and all(e["state"] == state for e in ends)):
                yield {**same, "event": "outcome", "delivery_id": unit[0]["id"], "outcome": OUTCOMES[state]}


class World(world.World):
    """In place of mtc-smssc and mtc-ue: south_smsc.py."""
    LEGS = {"tsp": proxy.TLS, "s6m": proxy.DIAMETER, "t4": proxy.SMPP}

    def __init__(self, folder, bin_folder, seed):
        super().__init__(folder, bin_folder, seed)
        self.seed, self.absent = seed, set()

    def start_smssc(self):
        os.makedirs(self.path("smssc"), exist_ok=True)
        (port,) = ports.hold_ports(1)
        program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "south_smsc.py")
        entry = self.start("mtc-smssc", [sys.executable, "-B", program, self.path("smssc"), "127.0.0.1", str(port), str(self.seed)])
        proc.wait_ready(entry)
        self.lab["smssc"] = {"address": "127.0.0.1", "port": port, "identity": L.SMSSC_HOST, "realm": L.CORE_REALM, "pid": entry["pid"]}

    def mount_disks(self):
        self.no_disks = "not with SMPP"

    def start_ue(self):
        self.lab["ue"] = {}

    def _behind(self, leg, node, conf):
        if node != "smssc":
            super()._behind(leg, node, conf)
            return
        found = self.lab[node]
        self.proxy.legs[leg].target = (found["address"], found["port"])
        found["address"], found["port"] = "127.0.0.1", self.proxy.legs[leg].port

    def iwf_config(self):
        secret = self.path("smpp.password")
        with open(secret, "w", encoding="ascii", opener=lambda path, flags: os.open(path, flags, 0o600)) as f:
            f.write(M.PASSWORD + "\n")
        text = super().iwf_config()
        assert "report_grace: 4s" in text
        return text.replace("report_grace: 4s", "report_grace: 2s") + CONF.format(user=M.SYSTEM_ID, secret=L.scalar(secret))

    def ue(self, *words):
        what, (first, _, last) = words[0], words[1].partition("-")
        named = {L.msisdn(n) for n in range(int(first) - L.IMSI_BASE, int(last) - L.IMSI_BASE + 1)}
        self.absent = self.absent | named if what == "absent" else self.absent - named
        path = self.path("smssc", "absent.json")
        proc.write(path + ".new", json.dumps(sorted(self.absent)))
        os.rename(path + ".new", path)
        return True

    def fill(self, book):
        self.fill_scs(book)
        lines = read_json_lines(self.path("smssc", "south.jsonl"))
        book.smssc_events(events(lines))
        book.ue_acted([{"event": "trigger", "originator": e["source"], "delivery_id": e["id"], "payload_hex": e["payload"], "time_ms": e["time_ms"]}
                       for e in lines if e["op"] == "act"])
        return book

    def take_back(self, pick, most):
        """Only those that have an id there."""
        def those(rows, n):
            accepted = [r for r in rows if r["state"] == "accepted"]
            return pick(accepted, min(n, len(accepted)))
        return super().take_back(those, most)

    def unknown(self):
        """References of triggers whose outcome the gateway does not know yet; None: it does not say."""
        done = self.mtcctl("--json", "triggers", "list")
        if done.returncode:
            return None
        return [r["reference"] for r in map(json.loads, done.stdout.splitlines()) if r.get("state") in ("unknown", "resuming")]


class Load(load.Load):
    VALIDITIES, CHANGES_VALIDITY = (0, VALIDITY, VALIDITY, 3), 3

    def triggers(self):
        if self.random.random() < 0.3:  # in parts
            self.play("trigger", reference=self.take(5), rate=self.rate, payload="long " * 40, stamp=True, validity=VALIDITY, port=16001, **self.some(5))
        else:
            super().triggers()


class Faults(faults.Faults):
    POINTS = "SMPP_"
    PROVOKED = {"SMPP_CANCEL_QUEUED": "cancel", "SMPP_CANCEL_TAKEN": "cancel"}
    KINDS = tuple((fn, weight) for fn, weight in faults.Faults.KINDS if fn is not faults.Faults.full_disk)
    MORE = ()
    VICTIMS = ("core", "core", "edge", "mtc-iwfd", "mtc-smssc", "mtc-smssc", "mtc-hss", "mtc-scs trigger")

    def provoke(self, name):
        """Triggers wait for their devices while an operator takes some back."""
        everybody = f"{L.imsi(1)}-{L.imsi(world.DEVICES)}"
        self.world.ue("absent", everybody)
        self.pause(0.3, 0.6)
        self.taken_back()
        self.world.ue("present", everybody)


def unresolved(book):
    """[findings, share]: acted on after a 201, and never reported; every receipt bears our reference. And how many of the others were reported as
    delivered, from 0 to 1: a receipt that comes when validity and grace are over finds a trigger that was given up as UNCONFIRMED."""
    late = [t for t in book.triggers.values() if t.acted and t.statuses and all(s == ledger.TEMPORARY for s in t.statuses)]
    told = [t for t in late if t.reports]
    known = [t for t in told if any(r["delivery_outcome"] == "SUCCESS" for r in t.reports)]
    return [f"SCS {t.key[0]} reference {t.key[1]}" for t in late if not t.reports], len(known) / len(told) if told else 1
