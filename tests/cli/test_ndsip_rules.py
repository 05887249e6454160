"""mtcctl ndsip rules without privileges: what it prints, and what it says of configurations that need no rules or have none."""
import json
import os
import subprocess

import pytest
from conftest import BIN
from lablib import proc

BASE = """identity:
  external: { host: iwf.operator.example, realm: operator.example }
  internal: { host: iwf.core.operator.example, realm: core.operator.example }
trust_anchors: [{ name: anchor-a, file: ca.pem }]
listen:
LISTENERSpeers:
  - { name: hss, host: hss.core.operator.example, realm: core.operator.example, address: 10.78.0.2, port: 3868, protection: none }
  - { name: smssc, host: smssc.core.operator.example, realm: core.operator.example, address: 10.78.0.2, port: 3869, protection: none }
s6m: { peer: hss, destination_realm: core.operator.example }
t4: { peer: smssc, destination_realm: core.operator.example }
"""
PROTECTED = "  - { name: tsp, zone: external, protection: PROTECTION, address: 10.77.1.1, port: 3868, certificate: a.pem, key: a.key }\n"
BOTH = PROTECTED.replace("PROTECTION", "tls+ndsip")
TLS = PROTECTED.replace("PROTECTION", "tls").replace("10.77.1.1", "192.0.2.1")
SECTION = 'ndsip: { mode: MODE, device: esp7, certificate: own.pem, local_ike: ["10.77.0.1"] }\n'


@pytest.fixture
def rules(tmp_path):
    def run(text, *words):
        path = tmp_path / "mtc-iwfd.yaml"
        path.write_text(text)
        return subprocess.run([os.path.join(BIN, "mtcctl"), "ndsip", "rules", "-c", str(path), *words], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=proc.HANG_S, check=False)
    return run


def config(listeners, mode="libipsec"):
    return BASE.replace("LISTENERS", listeners) + SECTION.replace("MODE", mode)


def test_only_protected_listeners_have_rules(rules):
    done = rules(config(BOTH + TLS.replace("name: tsp", "name: open")))
    assert done.returncode == 0 and not done.stderr
    assert 'ip daddr 10.77.1.1 tcp dport 3868 iifname != "esp7" counter drop comment "listener tsp: input from outside the tunnel"' in done.stdout
    assert "192.0.2.1" not in done.stdout and "open" not in done.stdout
    assert rules(config(BOTH), "--print").stdout == rules(config(BOTH)).stdout
    xfrm = rules(config(BOTH, "xfrm")).stdout
    assert "esp7" not in xfrm and "rt ipsec missing" in xfrm and "meta ipsec missing" in xfrm


def test_for_programs(rules):
    answer = json.loads(rules(config(BOTH), "--json").stdout)
    assert answer["ok"] and answer["done"] and answer["action"] == "print" and answer["rules"] in rules(config(BOTH)).stdout
    done = rules(config(TLS), "--json")
    assert done.returncode == 2 and json.loads(done.stdout)["error"].startswith("no listener") and not done.stderr


def test_what_cannot_be_done_is_said(rules, tmp_path):
    done = rules(config(TLS))
    assert done.returncode == 2 and done.stderr == "mtcctl: no listener and no peer of this configuration has protection ndsip: it needs no rules\n"
    done = rules(config(BOTH).replace("10.77.1.1", "10.77.1"))
    assert done.returncode == 2 and "mtc-iwfd.yaml:6: listen[0].address is '10.77.1'" in done.stderr
    done = rules(config(BOTH), "--print", "--apply")
    assert done.returncode == 2 and "use either --print or --apply, and only once" in done.stderr

    def mtcctl(*words):
        return subprocess.run([os.path.join(BIN, "mtcctl"), "ndsip", *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=proc.HANG_S,
                              check=False)
    for words, why in ((["rules"], "--config is missing"), (["rules", "-c"], "-c needs FILE"), (["rules", "-x"], "unknown option '-x'"),
                       (["rules", "--config", str(tmp_path / "none")], "none"), (["rules", "--chek", "-c", "x"], "did you mean '--check'?"),
                       (["rule"], "did you mean 'rules'?")):
        done = mtcctl(*words)
        assert done.returncode == 2 and why in done.stderr, (words, done.stderr)
    assert "-c FILE" in mtcctl("rules", "--help").stdout
