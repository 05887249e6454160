"""Act sixteen, fourth part: a scanner that knows nothing of us finds the profile of TS 33.210 6.2 on the Tsp port, and nothing else."""
import os
import shutil
import subprocess
import xml.etree.ElementTree as ET

import pytest

pytestmark = pytest.mark.tools

SUITES = {"TLSv1.2": {"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384"},  # with the RSA ones, which our EC certificate cannot serve
          "TLSv1.3": {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}}
GROUPS = {"secp256r1", "secp384r1", "x25519"}


def test_a_scanner_finds_the_profile(labs):
    assert shutil.which("sslscan"), "sslscan is in scripts/packages.txt: scripts/setup test"
    p = labs.up()
    tsp, pki = p.lab["iwf"]["tsp"], os.path.join(p.lab["dir"], "pki")
    done = subprocess.run(["sslscan", "--xml=-", f"--certs={pki}/acme.pem", f"--pk={pki}/acme.key", f"{tsp['address']}:{tsp['port']}"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=240, check=False)
    wrong = labs.down(p)
    assert not wrong, "\n".join(wrong)
    seen = ET.fromstring(done.stdout).find("ssltest")
    assert seen is not None, done
    enabled = {row.get("version") for row in seen.findall("protocol") if row.get("type") == "tls" and row.get("enabled") == "1"}
    assert enabled == {"1.2", "1.3"}
    assert not [row for row in seen.findall("protocol") if row.get("type") == "ssl" and row.get("enabled") == "1"]
    suites = {}
    for row in seen.findall("cipher"):
        suites.setdefault(row.get("sslversion"), set()).add(row.get("cipher"))
    assert suites == SUITES
    assert {row.get("name").split()[0] for row in seen.findall("group")} == GROUPS
    assert {row.get("supported") for row in seen.findall("renegotiation")} <= {"0"}
    assert {row.get("supported") for row in seen.findall("compression")} <= {"0"}
    assert not [row for row in seen.findall("heartbleed") if row.get("vulnerable") == "1"]
