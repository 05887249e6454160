"""SCSs with addresses under NDS/IP (IPsec): provisioned one by one and by files, shown, refused when two have one host, and what a store with them is
to a program that does not know NDS/IP. Nothing here is protected: the laboratory has no strongSwan."""
import json
import os
import re
import signal
import subprocess

import pytest
from lablib import proc

HOSTS = ["10.8.0.7", "10.8.0.8"]


def mtcctl(p, *words, **more):
    return subprocess.run([p.program("mtcctl"), "--socket", p.lab["iwf"]["ctl"], *words], capture_output=True, text=True, timeout=proc.HANG_S, check=False,
                          **{"input": "", **more})


def done(p, *words, **more):
    d = mtcctl(p, *words, **more)
    assert d.returncode == 0, d.stderr
    return d.stdout


def shown(p, scs):
    row = json.loads(done(p, "--json", "scs", "show", scs).splitlines()[0])
    return row["ndsip_hosts"], row["ndsip_ike"]


@pytest.fixture
def kept(lab):
    """The SCSs are in the end as they were before."""
    before = done(lab, "scs", "export", "--format", "jsonl")
    yield before
    done(lab, "scs", "import", "-", "--replace", "--yes", input=before)
    assert done(lab, "scs", "export", "--format", "jsonl") == before


def test_one_scs_by_hand(lab, kept):
    assert shown(lab, "acme") == ([], [])
    said = mtcctl(lab, "scs", "set", "acme", "ndsip-hosts", "10.8.0.8,10.8.0.7", "ndsip-ike", "192.0.2.7")
    assert said.returncode == 0
    assert "  ndsip_hosts       none -> 10.8.0.7,10.8.0.8\n" in said.stdout
    assert "warning: the configuration has no listener with protection ndsip or tls+ndsip" in said.stderr
    assert shown(lab, "acme") == (HOSTS, ["192.0.2.7"])
    row, last = (json.loads(line) for line in done(lab, "--json", "ndsip", "status").splitlines())
    assert (row["scs"], row["protected"], row["why"]) == ("acme", False, "no listener of the configuration has protection ndsip or tls+ndsip")
    assert (last["count"], last["serves"]) == (1, False)
    assert mtcctl(lab, "ndsip", "status", "beta").stderr.startswith("mtcctl: SCS 'beta' has no NDS/IP: ")
    done(lab, "scs", "add", "omega", "--e164", "49170999999", "--origin-host", "scs.omega.example", "--realm", "omega.example", "--anchor", "anchor-a",
         "--ndsip-hosts", "fd00::7,10.8.0.9")
    assert shown(lab, "omega") == (["10.8.0.9", "fd00::7"], [])
    done(lab, "scs", "set", "acme", "ndsip-hosts", "none", "ndsip-ike", "none")
    assert shown(lab, "acme") == ([], [])


def test_a_host_belongs_to_one_scs(lab, kept):
    overlap = "SCSs 'acme' and 'beta' have one host (10.8.0.8), expected a host of its own for each, because a host has one child"
    done(lab, "scs", "set", "acme", "ndsip-hosts", ",".join(HOSTS))
    assert mtcctl(lab, "scs", "set", "beta", "ndsip-hosts", "10.8.0.8").stderr == f"mtcctl: {overlap}\n"
    rows = [json.loads(line) for line in done(lab, "scs", "export", "--format", "jsonl").splitlines()]
    [beta] = [row for row in rows if row["name"] == "beta"]
    beta["ndsip_hosts"] = ["10.8.0.8"]
    refused = mtcctl(lab, "scs", "import", "-", input=json.dumps(beta) + "\n")
    assert refused.returncode == 1 and f"standard input:1: {overlap}" in refused.stderr
    assert shown(lab, "beta") == ([], [])


def test_files_bring_and_keep_addresses(lab, kept):
    done(lab, "scs", "set", "acme", "ndsip-hosts", ",".join(HOSTS), "ndsip-ike", "192.0.2.7")
    for kind in ("csv", "jsonl"):
        file = done(lab, "scs", "export", "--format", kind)
        done(lab, "scs", "set", "acme", "ndsip-hosts", "none", "ndsip-ike", "none")
        done(lab, "scs", "import", "-", input=file)
        assert shown(lab, "acme") == (HOSTS, ["192.0.2.7"])
        assert done(lab, "scs", "export", "--format", kind) == file
    done(lab, "scs", "import", "-", input=kept.replace(',"ndsip_ike":null,"ndsip_hosts":null', ""))  # a file of a program before NDS/IP
    assert shown(lab, "acme") == (HOSTS, ["192.0.2.7"])
    done(lab, "scs", "import", "-", input=kept)  # of a program with it: nobody has any
    assert shown(lab, "acme") == ([], [])
    wrong = mtcctl(lab, "scs", "import", "-", input=kept.replace('"ndsip_hosts":null', '"ndsip_hosts":["gateway"]', 1))
    assert "ndsip_hosts is 'gateway', expected numeric addresses, at most 32" in wrong.stderr


# -- the store on disk

class Store:
    """The association store of a laboratory, whose mtc-iwfd is stopped and started."""

    def __init__(self, p):
        self.p, self.path = p, os.path.join(p.lab["dir"], "iwf", "associations")
        self.entry = next(e for e in json.load(open(os.path.join(p.lab["dir"], "processes.json"), encoding="utf-8")) if e["name"] == "mtc-iwfd")

    def command(self):
        return [self.p.program("mtc-iwfd"), "-c", self.p.lab["iwf"]["config"]]

    def stop(self):
        os.kill(self.entry["pid"], signal.SIGTERM)
        proc.wait_until("mtc-iwfd has ended", lambda: not proc.alive(self.entry))

    def start(self):
        self.entry = proc.start("again", self.command(), os.path.join(self.p.lab["dir"], "log"))
        proc.wait_ready(self.entry)

    def does_not_start(self, *words):
        d = subprocess.run([*self.command(), *words], capture_output=True, text=True, timeout=proc.HANG_S, check=False, stdin=subprocess.DEVNULL)
        assert d.returncode == 1
        return d.stdout + d.stderr

    def dump(self):
        return subprocess.run(["mdb_dump", "-s", "scs", self.path], capture_output=True, text=True, check=True).stdout

    def record(self, name):
        """Octets of the record, as hexadecimal digits."""
        key = "01" + name.encode().hex()
        return re.search(rf"^ {key}\n ([0-9a-f]+)$", self.dump(), re.M).group(1)

    def put(self, name, record):
        old = self.record(name)
        dump = self.dump()
        assert dump.count(old) == 1
        subprocess.run(["mdb_load", "-s", "scs", self.path], input=dump.replace(old, record), text=True, check=True)


@pytest.fixture
def store(own_lab):
    s = Store(own_lab)
    yield s
    if proc.alive(s.entry):
        assert not proc.end([s.entry])


def test_going_back_needs_that_no_scs_has_addresses(store):
    """A record with addresses has version 4, which programs before NDS/IP refuse; without them it is as they wrote it."""
    p = store.p
    store.stop()
    before = store.record("acme")
    assert before.startswith("03")
    store.start()
    done(p, "scs", "set", "acme", "ndsip-hosts", ",".join(HOSTS))
    store.stop()
    with_hosts = store.record("acme")
    assert with_hosts.startswith("04") and with_hosts.endswith("00" "02" "040a080007" "040a080008")
    store.start()
    assert shown(p, "acme") == (HOSTS, [])
    done(p, "scs", "set", "acme", "ndsip-hosts", "none")
    store.stop()
    assert store.record("acme") == before


def test_a_record_that_this_program_does_not_know_is_refused_in_words(store):
    store.stop()
    before = store.record("acme")
    store.put("acme", "06" + before[2:])
    assert ("association store: the record of SCS 'acme' is of another version, or has a limit or protection that this program does not know"
            in store.does_not_start())
    store.put("acme", before)
    store.start()
    assert shown(store.p, "acme") == ([], [])


def test_a_store_in_which_two_scss_have_one_host_is_refused(store):
    """No command makes one."""
    done(store.p, "scs", "set", "acme", "ndsip-hosts", "10.8.0.7")
    done(store.p, "scs", "set", "beta", "ndsip-hosts", "10.8.0.8")
    store.stop()
    record = store.record("beta")
    assert record.endswith("040a080008")
    store.put("beta", record[:-2] + "07")
    refusal = "association store: SCSs 'acme' and 'beta' have one host (10.8.0.7)"
    assert refusal in store.does_not_start()
    assert refusal in store.does_not_start("-t")


def test_a_check_names_scss_that_do_not_go_with_the_configuration(store):
    done(store.p, "scs", "set", "acme", "ndsip-hosts", "10.8.0.7")
    config = store.p.lab["iwf"]["config"]
    with open(config, encoding="utf-8") as f:
        text = f.read()
    with open(config, "w", encoding="utf-8") as f:
        f.write(text + "ndsip: { certificate: none.pem, local_ike: [ 10.8.0.7 ] }\n")
    d = subprocess.run([*store.command(), "-t"], capture_output=True, text=True, timeout=proc.HANG_S, check=False, stdin=subprocess.DEVNULL)
    assert "NDS/IP would not protect SCS 'acme': 10.8.0.7 is an address of ours (ndsip.local_ike), expected one of the SCS" in d.stderr
