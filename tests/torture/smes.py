"""The harness with SMEs that may trigger (docs/user/tsms.md): they submit, cancel and replace over SMPP, the SMS-SC asks the gateway for them over Tsp, and the
triggers come back over T4. What breaks is all of that, and what is promised is: what an SME was told ESME_ROK for has a receipt, a device acts once, a trigger
that is cancelled does not come."""
import collections
import random
import struct
import threading
import time

from lablib import lab as L
from lablib import ports
from lablib.play import read_json_lines
from support import smes, smpp

from . import faults, ledger, world

# SME: the SCS that it is, and its devices, of which the SCS may wake each
DEVICES = {"acme": (1, 15), "gamma": (16, 30)}
VALIDITIES = (3, 4, 6)
ANSWER_WAIT_S = 6  # the SMS-SC answers within 2
UNKNOWN = (smpp.SYSERR, None)  # it may have been done
CONF = """allowed_hosts: [{iwf}]
smes:
  plain: {{ address: 127.0.0.1, port: {port} }}
  subscribers: {folder}/subscribers.jsonl
  gateway: {{ address: 127.0.0.1, port: {tsp}, host: {host}, realm: {realm}, anchors: [pki/operator.pem], answer_wait: 2s, reconnect: 200ms }}
  list:
{list}"""


def scs(name):
    host, realm = next((row[1], row[2]) for row in L.PROVISIONED if row[0] == name)
    return f"scs: {{ host: {host}, realm: {realm}, certificate: pki/{name}.pem, key: pki/{name}.key }}"


class World(world.World):
    """No SCS but the SMEs."""

    def __init__(self, folder, bin_folder, seed):
        super().__init__(folder, bin_folder, seed)
        (self.sme_port,) = ports.hold_ports(1)
        rows = "".join(smes.sme(name, scs(name) + ", window: 64") for name in DEVICES)
        self.options.smssc_more += CONF.format(port=self.sme_port, folder=folder, tsp=self.proxy.legs["tsp"].port, host=L.EXTERNAL_HOST, realm=L.EXTERNAL_REALM, iwf=L.IWF_CORE_HOST,
                                                list=rows)
        self.smes = [Account(self, name) for name in DEVICES]

    def mount_disks(self):
        self.no_disks = "not with SMEs"

    def iwf_config(self):
        """The SMS-SC is soon used again: every kill of it takes the way back of triggers, too."""
        text = super().iwf_config()
        assert "watchdog: 1s," in text
        return text.replace("watchdog: 1s,", "watchdog: 1s, reopen: 100ms,")

    def provisioned(self):
        return []

    def owners(self):
        return [{"name": account.name, "account": account} for account in self.smes]

    def up(self, say):
        super().up(say)
        for account in self.smes:
            first, last = DEVICES[account.name]
            self.mtcctl("assoc", "add", account.name, f"msisdn:{L.msisdn(first)}-{L.msisdn(last)}")
            account.start()
        return self.lab

    def down(self):
        for account in self.smes:
            account.over.set()
        super().down()

    def fill(self, _book):
        book = Book()
        for account in self.smes:
            book.take(account)
        book.take_acts(read_json_lines(self.path("ue-events.jsonl")))
        return book


def bound(world_, name, command):
    """A bind of this SME; None: not now."""
    try:
        s = smpp.Sme(world_.sme_port, wait=ANSWER_WAIT_S)
    except OSError:
        return None
    try:
        if s.bind(system_id=name, command=command).status == smpp.OK:
            return s
    except (OSError, AssertionError):
        pass
    s.close()
    return None


class Account(threading.Thread):
    """What an SME was told; itself the bind that takes receipts."""

    def __init__(self, world_, name):
        super().__init__(name=f"receipts-{name}", daemon=True)
        self.world, self.name, self.over, self.lock = world_, name, threading.Event(), threading.Lock()
        self.submits = []   # of triggers: {"payload", "status", "id", "time_ms"}
        self.changes = []   # {"id", "payload" (None: cancel), "status", "time_ms"}
        self.receipts = collections.defaultdict(set)  # {id: stat}

    def run(self):
        s = None
        while not self.over.is_set():
            s = s or bound(self.world, self.name, smpp.BIND_RX)
            if not s:
                time.sleep(0.1)
                continue
            try:
                receipt = s.delivered().receipt
                with self.lock:
                    self.receipts[receipt["id"]].add(receipt["stat"])
            except TimeoutError:
                pass
            except (OSError, AssertionError):
                s.close()
                s = None


def shown(status):
    return "nothing" if status is None else f"{status:#x}"


def now_ms():
    return int(time.time() * 1000)


class Load(threading.Thread):
    """What an SME asks. Its payloads tell its triggers apart."""

    def __init__(self, world_, owner, seed, first_reference):
        super().__init__(name=f"load-{owner['name']}", daemon=True)
        self.world, self.account, self.number = world_, owner["account"], first_reference
        self.random = random.Random(f"{seed}/sme/{owner['name']}")
        self.over, self.burst, self.bind = threading.Event(), threading.Event(), None

    def kill(self):
        return False

    def stop(self):
        self.over.set()

    def ask_all(self, requests):
        """Sends them together. The status of each; None: no answer."""
        statuses = [None] * len(requests)
        ids = [None] * len(requests)
        self.bind = self.bind or bound(self.world, self.account.name, smpp.BIND_TX)
        if not self.bind:
            time.sleep(0.1)
            return statuses, ids
        try:
            place = {self.bind.send(command, body): i for i, (command, body) in enumerate(requests)}
            while place:  # answers come in any order
                answer = self.bind.read()
                assert answer, "the other end has closed"
                if answer.command & smpp.RESP:
                    i = place.pop(answer.sequence)
                    statuses[i], ids[i] = answer.status, answer.id if answer.status == smpp.OK and answer.body else None
        except (OSError, AssertionError):
            self.bind.close()
            self.bind = None
        return statuses, ids

    def payload(self):
        self.number += 1
        return f"{self.account.name} {self.number:08x}".encode("ascii")

    def devices(self, count):
        first, last = DEVICES[self.account.name]
        at = self.random.randint(first, last - count + 1)
        return range(at, at + count)

    def requests(self, row, validity):
        """Its submit_sm; three in ten are long, and come in segments."""
        number, port = L.msisdn(row["device"]), struct.pack("!H", 16001)
        if self.random.random() < 0.7:
            row["first"] = 0
            return [(smpp.SUBMIT, smpp.message(number, row["payload"], pid=0x48, registered=1, validity=validity, tlvs=smpp.tlv(0x20b, port)))]
        row["payload"] += b" and so on" * 20
        of = self.random.randint(2, 4)
        cuts = [len(row["payload"]) * n // of for n in range(of + 1)]
        order = list(range(of))
        self.random.shuffle(order)
        row["first"] = order.index(0)  # it alone asks for the receipt
        heads = [b"\x0c\x08\x04" + struct.pack("!HBB", self.number & 0xffff, of, n + 1) + b"\x05\x04" + port + b"\0\0" for n in range(of)]
        return [(smpp.SUBMIT, smpp.message(number, heads[n] + row["payload"][cuts[n]:cuts[n + 1]], pid=0x48, esm=0x40, registered=int(n == 0), validity=validity)) for n in order]

    def submit(self, devices):
        """A trigger for each; those that were accepted."""
        rows = [{"payload": self.payload(), "device": n, "time_ms": now_ms()} for n in devices]
        validity = f"0000000000{self.random.choice(VALIDITIES):02d}000R"
        with self.account.lock:
            self.account.submits += rows
        requests, of = [], []
        for i, row in enumerate(rows):
            for request in self.requests(row, validity):
                requests.append(request)
                of.append(i)
        lasts = [n for n, owner in enumerate(of) if of[n + 1:n + 2] != [owner]]
        others = [n for n in range(len(of)) if n not in lasts]
        statuses, ids = [None] * len(of), [None] * len(of)
        for group in (others, lasts) if self.random.random() < 0.5 else (range(len(of)),):  # the last segments when the others are answered, or all at once
            for n, status, message_id in zip(group, *self.ask_all([requests[n] for n in group])):
                statuses[n], ids[n] = status, message_id
        with self.account.lock:
            for i, row in enumerate(rows):
                mine = [n for n, owner in enumerate(of) if owner == i]
                row["status"] = next((statuses[n] for n in mine if statuses[n] != smpp.OK), smpp.OK)
                row["id"] = next((ids[n] for n in mine if ids[n]), None)
                row["segments"] = len(mine)
                row["owed"] = any(statuses[n] == smpp.OK and n - mine[0] == row["first"] for n in mine)
        return [r for r in rows if r["status"] == smpp.OK]

    def change(self, rows):
        """Half of them are cancelled, the others replaced."""
        changes, requests = [], []
        for i, row in enumerate(rows):
            cancel = i % 2 == 0
            one = {"id": row["id"], "payload": None if cancel else self.payload(), "time_ms": now_ms()}
            head = smpp.text(row["id"]) + smpp.address("4242")
            requests.append((smpp.CANCEL, smpp.text("") + head + smpp.address("")) if cancel else
                            (smpp.REPLACE, head + smpp.text("") * 2 + bytes([1, 0, len(one["payload"])]) + one["payload"]))
            changes.append(one)
        with self.account.lock:
            self.account.changes += changes
        statuses, _ = self.ask_all(requests)
        with self.account.lock:
            for one, status in zip(changes, statuses):
                one["status"], one["done_ms"] = status, now_ms()

    def changes(self):
        devices = self.devices(6)
        words = f"{L.imsi(devices[0])}-{L.imsi(devices[-1])}"
        self.world.ue("absent", words)
        accepted = self.submit(devices)
        self.change(accepted)
        if not accepted:
            time.sleep(0.1)
        self.world.ue("present", words)

    def run(self):
        while not self.over.is_set():
            if self.random.random() < 0.6:
                self.changes()
            elif not self.submit(self.devices(self.random.randint(1, 8))):
                time.sleep(0.1)
        if self.bind:
            self.bind.close()


class Book:
    """As ledger.Ledger, of SMEs. Fill it, then judge()."""

    def __init__(self):
        self.counts, self.found, self.payloads, self.waiting = collections.Counter(), [], {}, []
        self.delivered = []  # (SME, id) that has a receipt DELIVRD

    def find(self, kind, who, what, why):
        self.found.append(ledger.Finding(kind, (who, what), why))

    def take(self, account):
        with account.lock:
            submits, changes = [dict(r) for r in account.submits], [dict(r) for r in account.changes]
            receipts = {i: set(stats) for i, stats in account.receipts.items()}
        of_id = collections.defaultdict(list)
        for c in changes:
            of_id[c["id"]].append(c)
            self.counts[f"{'replaces' if c['payload'] else 'cancels'} answered {shown(c.get('status'))}"] += 1
            if c["payload"]:
                self.payloads[c["payload"]] = dict(c, who=account.name, cancels=[], replaces=[])
        for row in submits:
            mine = of_id[row.get("id")] if row.get("id") else []
            cancels = [c for c in mine if not c["payload"]]
            self.payloads[row["payload"]] = dict(row, who=account.name, cancels=cancels, replaces=[c for c in mine if c["payload"]])
            self.counts["asked"] += 1
            self.counts[f"asked, and answered {shown(row.get('status'))}"] += 1
            if row.get("owed") and not receipts.get(row["id"]) and row["status"] != smpp.OK:
                self.waiting.append((account.name, row["id"]))
            if row.get("status") != smpp.OK:
                continue
            self.counts["accepted"] += 1
            self.counts["accepted in segments"] += row["segments"] > 1
            stats = receipts.get(row["id"], set())
            self.counts["reported"] += bool(stats)
            gone = any(c.get("status", None) in (smpp.OK, *UNKNOWN) for c in cancels)
            if not stats and not gone:
                self.waiting.append((account.name, row["id"]))
            if "DELIVRD" in stats:
                self.delivered.append((account.name, row["id"], [row["payload"], *(c["payload"] for c in mine if c["payload"])]))
        for message_id in receipts.keys() - {r.get("id") for r in submits}:
            self.counts["receipts of triggers without an answer"] += 1
            if not any(r.get("status") is None for r in submits):
                self.find("invented", account.name, message_id, "a receipt of nothing that was asked")

    def take_acts(self, lines):
        acted = collections.defaultdict(list)
        for e in lines:
            if e["event"] == "trigger":
                acted[bytes.fromhex(e["payload_hex"])].append(e["time_ms"])
        self.counts["acted on"] = len(acted)
        for payload, times in acted.items():
            row = self.payloads.get(payload)
            who, text = row["who"] if row else "?", payload.decode("latin-1")
            if len(times) > 1:
                self.find("twice", who, text, f"{len(times)} times")
            if not row:
                self.find("invented", who, text, "acted on and never asked")
            elif row.get("status") == smpp.OK:
                done = [c for c in row["cancels"] if c.get("status") == smpp.OK]
                if done and max(times) > max(c["time_ms"] for c in done):  # earlier, and the acknowledgement was lost: nobody but the device knew
                    self.find("contradicted", who, text, "cancelled, and acted on all the same")
                if any(c.get("status") == smpp.OK and max(times) > c["done_ms"] for c in row["replaces"]):
                    self.find("contradicted", who, text, "replaced, and acted on afterwards")
            elif row.get("status") in UNKNOWN:
                self.counts["acted on after ESME_RSYSERR, or without an answer"] += 1
            else:
                self.find("invented", who, text, f"refused with {row['status']:#x}, and acted on all the same")
        for who, message_id, payloads in self.delivered:
            if not any(p in acted for p in payloads):
                self.find("contradicted", who, message_id, "DELIVRD, and no device acted")

    def open(self):
        return len(self.waiting)

    def judge(self, _now_ms, grace_ms):
        lost = [] if grace_ms else [ledger.Finding("lost", key, "ESME_ROK, and no receipt") for key in self.waiting]
        return self.found + lost


class Faults(faults.Faults):
    POINTS, PROVOKED, MORE = "SME_", {}, ()
    KINDS = tuple((fn, weight) for fn, weight in faults.Faults.KINDS
                  if fn in (faults.Faults.kill_process, faults.Faults.cut, faults.Faults.slow, faults.Faults.silent, faults.Faults.absent))
    VICTIMS = ("core", "edge", "mtc-iwfd", "mtc-smssc", "mtc-smssc", "mtc-smssc", "mtc-hss", "mtc-ue")
