"""A laboratory whose HSS, SMS-SC and SCSs are lean (bench/): they store nothing and encode once, so that the gateway is what a bench measures."""
import json
import os
import subprocess
import threading

from . import lab, play, proc

DEVICES = "000001-010000"
GATEWAY = ("parent", "edge", "core", "keyholder")


class LeanLab(lab.Lab):
    """smssc: more words for bench_smssc, such as --reports; tools: where the programs of the bench are."""

    node, iwf_smssc = "bench_smssc", ""

    def __init__(self, folder, options, tools, smssc=()):
        super().__init__(folder, options)
        self.tools, self.smssc = tools, smssc

    def tool(self, name):
        found = os.path.join(self.tools, name)
        if not os.access(found, os.X_OK):
            raise proc.LabError(f"{found} is not there; 'scripts/build release' makes it")
        return found

    def write_subscribers(self):
        pass

    def start_node(self, name, host, *words):
        entry = self.start(name, [self.tool(name), host, lab.CORE_REALM, *words])
        address, port = proc.wait_ready(entry, self.options.up_wait_s)
        return {"address": address, "port": port, "identity": host, "realm": lab.CORE_REALM, "pid": entry["pid"]}

    def start_hss(self):
        self.lab["hss"] = self.start_node("bench_hss", lab.HSS_HOST)

    def start_smssc(self):
        self.lab["smssc"] = self.start_node(self.node, lab.SMSSC_HOST, *self.smssc)

    def start_ue(self):
        pass

    def iwf_config(self):
        return super().iwf_config() + self.iwf_smssc

    def stop_iwf(self):
        """Ends the gateway alone; its state stays, and its port for the next one."""
        entry = next(e for e in self.entries if e["name"] == "mtc-iwfd")
        if proc.end([entry], 60):
            raise proc.LabError("mtc-iwfd did not end within 60 s")
        self.entries.remove(entry)
        self.kept = {"ports": {"mtc-iwfd": self.lab["iwf"]["tsp"]["port"]}}


class LeanSmppLab(LeanLab):
    """The same with an SMS-SC over SMPP; its window is that of a core peer by default."""
    node, iwf_smssc = "bench_smpp", "smssc: { protocol: smpp, system_id: bench, window: 10000, receipts: 1000 }\n"


class Result:
    """What one run of the load says, and the processor time that each process took for it."""

    def __init__(self, line, cpu_ns):
        self.line, self.cpu_ns = line, cpu_ns

    @property
    def rate(self):
        return self.line["per_second"]

    @property
    def done(self):
        return self.line["done"]

    def cpu_us(self):
        """{process or thread: microseconds of processor time for each request}."""
        return {name: ns / 1000 / self.done for name, ns in self.cpu_ns.items()}

    def gateway_us(self):
        """The same of all processes of the gateway."""
        return sum(us for name, us in self.cpu_us().items() if name.split()[0].split("-")[0] in GATEWAY)


def threads_ns(pid):
    """{name of the thread: nanoseconds on a processor}: `main`; the others by the name that they gave themselves, or by their number in the
    order in which they were made."""
    found, own = {}, comm(pid, pid)
    for number, tid in enumerate(sorted(os.listdir(f"/proc/{pid}/task"), key=int)):
        try:
            name = comm(pid, tid)
            with open(f"/proc/{pid}/task/{tid}/schedstat", encoding="ascii") as f:
                ns = int(f.read().split()[0])
        except OSError:
            continue  # it has ended
        found["main" if not number else name if name != own else f"thread {number}"] = ns
    return found


def comm(pid, tid):
    with open(f"/proc/{pid}/task/{tid}/comm", encoding="ascii", errors="replace") as f:
        return f.read().strip()


def name_journal(cpu_ns):
    """The core's busiest thread beside `main` is the journal's, where threads have no names."""
    others = [name for name in cpu_ns if name.startswith("core ") and name != "core main"]
    if others and "core journal" not in cpu_ns:
        busiest = max(others, key=lambda name: cpu_ns[name])
        return {("core journal" if name == busiest else name): ns for name, ns in cpu_ns.items()}
    return cpu_ns


def anonymous_octets(pid):
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as f:
        for line in f:
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) * 1024
    raise proc.LabError(f"/proc/{pid}/status says nothing of RssAnon")


class LeanTriggers:
    """The gateway of one build under load. Every run has fresh ids. until: what ends a trigger, `answer` or `report`; changes: of the
    laboratory."""
    kind = LeanLab

    def __init__(self, folder, bin_folder, tools, until="answer", smssc=None, name="durable triggers up to the DAA", **changes):
        self.name, self.until, self.folder = name, until, folder
        words = smssc if smssc is not None else ["--reports"] if until == "report" else []
        self.lean = self.kind(folder, lab.options(bin=bin_folder, **{"log_level": "warn", "edges": 1, **changes}), tools, words)
        self.lean.up(lambda text: None)
        self.lab = self.lean.lab

    def scs_words(self, name):
        scs = next(s for s in self.lab["scs"] if s["name"] == name)
        return ",".join([scs["origin_host"], scs["realm"], scs["e164"], scs["cert"], scs["key"]])

    def command(self, scs=("acme",), flags=(), **options):
        """The command line of bench_load; options as there, flags without a value."""
        tsp = self.lab["iwf"]["tsp"]
        command = [self.lean.tool("bench_load"), "--connect", f"{tsp['address']}:{tsp['port']}", "--iwf-host", self.lab["iwf"]["identity"],
                   "--iwf-realm", self.lab["iwf"]["realm"], "--ca", self.lab["ca"], *("--" + flag for flag in flags)]
        for name in scs:
            command += ["--scs", self.scs_words(name)]
        for key, value in {"devices": DEVICES, "until": self.until, **options}.items():
            command += ["--" + key, str(value)]
        return command

    def pids(self):
        """{name: pid} of the gateway's processes and the nodes."""
        iwf = self.lab["iwf"]["pids"]
        edges = {"edge" if len(iwf["edges"]) == 1 else f"edge-{i}": pid for i, pid in enumerate(iwf["edges"])}
        holder = {"keyholder": iwf["keyholder"]} if iwf.get("keyholder") else {}  # builds before it have none
        return {"core": iwf["core"], **edges, **holder, "parent": iwf["parent"], "hss": self.lab["hss"]["pid"], "smssc": self.lab["smssc"]["pid"]}

    def cpu_ns(self):
        found = {}
        for name, pid in self.pids().items():
            each = threads_ns(pid)
            if name == "core":
                found.update({f"core {thread}": ns for thread, ns in each.items()})
            else:
                found[name] = sum(each.values())
        return found

    def load(self, expect=("SUCCESS",), wait_s=300, **options):
        """One run: a Result. LabError unless the triggers got the expected statuses, and no others. Processor time is counted from the moment
        at which all connections are open to the end of the last trigger."""
        child = subprocess.Popen(self.command(**options), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        late = threading.Timer(wait_s, child.kill)
        late.start()
        line, cpu = None, {}
        try:
            for event in map(json.loads, child.stdout):
                if event["event"] in ("open", "over"):
                    cpu[event["event"]] = self.cpu_ns()
                elif event["event"] == "result":
                    line = event
            err = child.communicate()[1]
        finally:
            late.cancel()
            child.kill()
            child.wait()
        if child.returncode or not line or set(line["by_status"]) != set(expect) or set(cpu) != {"open", "over"}:
            raise proc.LabError(f"bench_load: exit {child.returncode}, {line} {err.strip()}")
        took = {name: ns - cpu["open"].get(name, 0) for name, ns in cpu["over"].items()}
        return Result(line, {**name_journal(took), "scs": line["cpu_us"] * 1000})

    def run(self, **options):
        return self.load(**options).rate

    def ctl(self, *words):
        """The rows of mtcctl --json."""
        done = self.lean.mtcctl("--json", *words)
        if done.returncode:
            raise proc.LabError(f"mtcctl {' '.join(words)}: {done.stderr.strip() or done.stdout.strip()}")
        return play.json_lines(done.stdout)

    def said(self, program, event):
        """The last line with this event that a node printed; None: not yet."""
        lines = play.read_json_lines(os.path.join(self.folder, "log", program + ".out"))
        return next((line for line in reversed(lines) if line.get("event") == event), None)

    def memory(self):
        """{process of the gateway: octets of anonymous memory}."""
        return {name: anonymous_octets(pid) for name, pid in self.pids().items() if name not in ("hss", "smssc")}

    def end(self, wait_s=proc.END_WAIT_S):
        """Ends it all; the names of what had to be killed."""
        return lab.down(self.folder, print, wait_s)


class LeanSmppTriggers(LeanTriggers):
    """The same with an SMS-SC over SMPP."""
    kind = LeanSmppLab
