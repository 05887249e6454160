"""The ledger: what SCSs were told, what devices acted on, what was reported, held against each other.

It knows only what the programs recorded themselves: the lines of mtc-scs (asked, answer, report), the events of mtc-ue and of
mtc-smssc. A trigger is known by (E.164 number of its SCS, Reference-Number); devices name it by the stamp at the end of the payload."""
import collections
import dataclasses

# what must not be; each is a verdict of its own
ERRORS = {
    "lost": "accepted, and neither delivered, nor reported, nor pending within its validity",
    "unreported": "accepted and acted on, and never reported",
    "twice": "acted on more than once",
    "invented": "acted on, taken or reported though nobody asked for it, or though it was refused for good",
    "contradicted": "reported otherwise than it was, or taken back and acted on all the same",
}
ACCEPTED, TEMPORARY = "SUCCESS", "TEMPORARYERROR"
SENT = "ORIGINALMESSAGESENT"  # to a replace: the original was sent, and the replacement is a trigger of its own (TS 23.682 5.2.3.2)
# Delivery-Outcomes that say "the device has it not"; UNCONFIRMED and TEMPORARYERROR say "nobody knows"
FAILED = {"EXPIRED", "UNDELIVERABLE"}


@dataclasses.dataclass
class Trigger:
    """Everything that was recorded about one trigger."""
    key: tuple
    asked: list = dataclasses.field(default_factory=list)
    statuses: list = dataclasses.field(default_factory=list)      # of its own request, each answer
    taken_back: list = dataclasses.field(default_factory=list)    # statuses of recalls and replaces that name it
    recalls_ms: list = dataclasses.field(default_factory=list)    # times at which a recall or replace was asked for
    acted: list = dataclasses.field(default_factory=list)
    reports: list = dataclasses.field(default_factory=list)
    smssc: list = dataclasses.field(default_factory=list)

    @property
    def accepted(self):
        return ACCEPTED in self.statuses

    @property
    def refused(self):
        """Every answer was a refusal that says: it was not and will not be done."""
        return bool(self.statuses) and all(s not in (ACCEPTED, TEMPORARY) for s in self.statuses)

    @property
    def removed(self):
        return any(e["event"] == "removed" for e in self.smssc)

    def outcomes(self):
        return {e["outcome"] for e in self.smssc if e["event"] == "outcome"}

    def acted_unknown(self):
        """The device acted before the recall was asked for, and its acknowledgement never arrived: nobody but the device knew. (The clock
        of the SMS-SC is set during a run, those of the device and the SCS are not.)"""
        return (self.removed and "SUCCESSFUL_TRANSFER" not in self.outcomes()
                and all(a["time_ms"] <= max(self.recalls_ms, default=0) for a in self.acted))

    def pending(self, now_ms, grace_ms):
        until = max((a["time_ms"] + 1000 * a.get("validity", 0) for a in self.asked), default=0)
        return now_ms < until + grace_ms


@dataclasses.dataclass
class Finding:
    kind: str
    key: tuple
    why: str

    def __str__(self):
        return f"{self.kind}: SCS {self.key[0]} reference {self.key[1]}: {self.why}"


class Ledger:
    """Fill it with the records, then judge()."""

    def __init__(self):
        self.triggers = {}
        self.counts = collections.Counter()
        self.strange = []  # findings of records that fit no trigger

    def _of(self, e164, reference):
        key = (e164, reference)
        if key not in self.triggers:
            self.triggers[key] = Trigger(key)
        return self.triggers[key]

    # -- records

    def scs_run(self, e164, lines):
        """The lines of one run of mtc-scs trigger, replace or recall with --verbose."""
        actions, olds = {}, {}
        for e in lines:
            if e.get("event") == "asked":
                self._asked(e164, e, actions, olds)
            elif e.get("event") == "answer":
                self._answered(e164, e, actions, olds)
            elif e.get("event") == "unanswered":
                self.counts["unanswered requests"] += 1
            elif e.get("event") == "report":
                self._report(e164, e)

    def _asked(self, e164, e, actions, olds):
        reference, action = e["reference"], e["action"]
        actions[reference] = action
        self.counts["requests sent again with T" if e.get("again") else f"requests: {action}"] += 1
        if action != "trigger":
            olds[reference] = e.get("old_reference", reference)
            self._of(e164, olds[reference]).recalls_ms.append(e["time_ms"])
        if action != "recall":
            self._of(e164, reference).asked.append(e)

    def _answered(self, e164, e, actions, olds):
        reference = e["reference"]
        status = e.get("request_status") or f"result-{e.get('result_code', e.get('experimental_result_code', 0))}"
        action = actions.get(reference, "trigger")
        self.counts[f"answers to {action}: {status}"] += 1
        if action != "trigger":
            self._of(e164, olds[reference]).taken_back.append(status)
        if action != "recall":
            self._of(e164, reference).statuses.append(ACCEPTED if (action, status) == ("replace", SENT) else status)

    def scs_listener(self, e164, lines):
        """The lines of mtc-scs listen --verbose, over all its restarts."""
        for e in lines:
            if e.get("event") == "report":
                self._report(e164, e)
            elif e.get("event") == "duplicate":
                self.counts["wire duplicates: DNR"] += 1

    def _report(self, e164, e):
        self._of(e164, e["reference"]).reports.append(e)

    def ue_acted(self, lines):
        """The events file of mtc-ue."""
        for e in lines:
            if e.get("event") != "trigger":
                continue
            try:
                reference = int(bytes.fromhex(e["payload_hex"])[-8:].decode("ascii"), 16)
            except (ValueError, UnicodeDecodeError):
                self.strange.append(Finding("invented", (e["originator"], None),
                                            f"delivery {e['delivery_id']} was acted on and bears no stamp"))
                continue
            self._of(e["originator"], reference).acted.append(e)

    def ue_said(self, lines):
        """What mtc-ue printed: only for counting."""
        for e in lines:
            if e.get("event") == "duplicate":
                self.counts["wire duplicates: delivery"] += 1

    def smssc_events(self, lines):
        for e in lines:
            self._of(e["smea"], e["reference"]).smssc.append(e)

    # -- judgement

    def _check_lost(self, t, now_ms, grace_ms):
        if not t.accepted or t.reports:
            return None
        if t.removed and ACCEPTED in t.taken_back:
            return None
        if t.removed and t.recalls_ms and not t.acted:
            self.counts["taken back, and the SCS was not told so"] += 1
            return None
        if t.pending(now_ms, grace_ms):
            self.counts["still pending"] += 1
            return None
        if t.acted:
            return Finding("unreported", t.key, f"accepted, acted on as delivery {t.acted[0]['delivery_id']}, no report; "
                                                f"SMS-SC: {[e['event'] for e in t.smssc]}")
        return Finding("lost", t.key, f"accepted, no report; SMS-SC: {[e['event'] for e in t.smssc]}")

    def _check_invented(self, t):
        what = [w for w, there in (("acted on", t.acted), ("reported", t.reports)) if there]
        if not t.asked:
            what += ["taken by the SMS-SC"] if t.smssc else []
            return Finding("invented", t.key, f"{' and '.join(what)}; nobody asked") if what else None
        if t.refused and what:
            return Finding("invented", t.key, f"{' and '.join(what)}, though answered {', '.join(t.statuses)}")
        taken = {e["delivery_id"] for e in t.smssc if e["event"] == "taken"}
        for e in t.acted:
            if e["delivery_id"] not in taken:
                return Finding("invented", t.key, f"delivery {e['delivery_id']} was acted on and never taken by the SMS-SC")
        return None

    def _check_report(self, t):
        said = {r["delivery_outcome"] for r in t.reports}
        if len(said) > 1:
            return Finding("contradicted", t.key, f"reported {' and '.join(sorted(said))}")
        if "SUCCESS" in said and not t.acted:
            return Finding("contradicted", t.key, "reported SUCCESS, and no device acted on it")
        if said & FAILED and t.acted:
            if "SUCCESSFUL_TRANSFER" in t.outcomes():
                return Finding("contradicted", t.key, f"reported {said}, acted on, and the SMS-SC knew")
            self.counts["acted on, acknowledgement lost, reported as failed"] += 1
        if said & FAILED and "SUCCESSFUL_TRANSFER" in t.outcomes():
            return Finding("contradicted", t.key, f"the SMS-SC recorded SUCCESSFUL_TRANSFER, reported was {said}")
        if ACCEPTED in t.taken_back and t.acted:
            if not t.acted_unknown():
                return Finding("contradicted", t.key, "taken back with SUCCESS, and acted on")
            self.counts["acted on, acknowledgement lost, taken back"] += 1
        return None

    def _count(self, t):
        self.counts["triggers"] += bool(t.asked)
        self.counts["accepted"] += t.accepted
        self.counts["refused for good"] += t.refused
        self.counts["answered 201"] += TEMPORARY in t.statuses and not t.accepted
        self.counts["never answered"] += bool(t.asked) and not t.statuses
        self.counts["acted on"] += bool(t.acted)
        self.counts["reported"] += bool(t.reports)
        self.counts["reports printed again"] += max(0, len(t.reports) - 1)
        if t.acted and TEMPORARY in t.statuses and not t.accepted:
            self.counts["late: acted on after a 201"] += 1
        if t.reports and TEMPORARY in t.statuses and not t.accepted:
            self.counts["late: reported after a 201"] += 1
        if t.acted and t.asked and not t.statuses:
            self.counts["late: acted on, its SCS never had an answer"] += 1
        if t.accepted and t.taken_back and ACCEPTED in t.taken_back:
            self.counts["taken back"] += 1

    def judge(self, now_ms, grace_ms=0):
        """[Finding]; counts are filled. `grace_ms`: how long after its validity a report may still be on its way."""
        found = list(self.strange)
        for t in self.triggers.values():
            self._count(t)
            if len(t.acted) > 1:
                found.append(Finding("twice", t.key, f"acted on as deliveries {[e['delivery_id'] for e in t.acted]}"))
            found += [f for f in (self._check_lost(t, now_ms, grace_ms), self._check_invented(t), self._check_report(t)) if f]
        return found

    def open(self):
        """How many accepted triggers still wait for their end."""
        return sum(1 for t in self.triggers.values() if t.accepted and not t.reports and not (t.removed and t.recalls_ms))
