"""What `meson install` puts where, and that every file of it is meant for users."""
import os
import re
import subprocess

import pytest
from conftest import BIN, ROOT
from lablib import proc

PROGRAMS = ["mtc-hss", "mtc-iwf-console", "mtc-iwf-metrics", "mtc-iwfd", "mtc-scs", "mtc-sme", "mtc-smssc", "mtc-ue", "mtcctl"]
PAGES = ["man1/mtc-hss.1", "man1/mtc-iwf-console.1", "man1/mtc-iwf-metrics.1", "man1/mtc-iwfd.1", "man1/mtc-scs.1", "man1/mtc-sme.1", "man1/mtc-smssc.1", "man1/mtc-ue.1", "man1/mtcctl.1",
         "man5/mtc-iwfd.yaml.5"]
EXAMPLES = ["grafana/mtc-iwf-alerts.yml", "grafana/mtc-iwf-dashboard.json", "grafana/prometheus.yml", "associations.csv", "mtc-hss.yaml", "mtc-iwf-console.yaml", "mtc-iwfd.yaml", "mtc-smssc.yaml", "subscribers.jsonl"]


def test_an_installation_has_programs_manuals_and_examples_and_nothing_else(tmp_path):
    build = os.environ.get("MTC_BUILD", os.path.join(ROOT, "build"))
    subprocess.run(["meson", "install", "-C", build, "--no-rebuild", "--quiet", "--destdir", str(tmp_path)], check=True, timeout=proc.HANG_S,
                   capture_output=True)
    found = {os.path.relpath(os.path.join(folder, name), tmp_path) for folder, _, names in os.walk(tmp_path) for name in names}
    prefix = next(name for name in found if name.endswith("/bin/mtc-iwfd"))[:-len("/bin/mtc-iwfd")]  # as the build has it
    wanted = {f"{prefix}/bin/{name}" for name in PROGRAMS} | {f"{prefix}/share/man/{page}" for page in PAGES}
    wanted |= {f"{prefix}/share/bash-completion/completions/mtcctl", f"{prefix}/share/zsh/vendor-completions/_mtcctl"}
    assert found == wanted | {f"{prefix}/share/doc/mtc-iwf/examples/{name}" for name in EXAMPLES}
    for name in PROGRAMS:
        done = subprocess.run([tmp_path / prefix / "bin" / name, "--version"], capture_output=True, text=True, timeout=proc.HANG_S, check=False)
        first, *libraries = done.stdout.splitlines()
        assert done.returncode == 0 and re.fullmatch(rf"{name} \d+\.\d+\.\d+ \(commit [0-9a-f]{{12}}\)", first), done.stdout
        assert libraries and all(re.fullmatch(r"  [\w-]+ \d+\.\d+[\w.]*", line) for line in libraries), done.stdout


@pytest.mark.parametrize("page", PAGES)
def test_a_manual_page_names_what_it_is_about(page):
    """The heads that apropos and readers look for; roff words that are no requests would show here as text."""
    with open(os.path.join(ROOT, "docs", "man", os.path.basename(page)), encoding="utf-8") as f:
        text = f.read().replace("\\-", "-")
    name, section = os.path.basename(page).rsplit(".", 1)
    assert f".TH {name.upper()} {section} " in text
    assert f".SH NAME\n{name} - " in text
    assert ".SH SYNOPSIS\n" in text or section == "5"


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_manual_knows_every_long_option_of_the_help(name):
    done = subprocess.run([os.path.join(BIN, name), "--help"], capture_output=True, text=True, timeout=proc.HANG_S, check=True)
    with open(os.path.join(ROOT, "docs", "man", f"{name}.1"), encoding="utf-8") as f:
        page = f.read().replace("\\-", "-")
    options = {word.strip(",") for line in done.stdout.splitlines() if line.lstrip().startswith("-")
               for word in line.split("  ")[1].split() + line.split()[:2] if word.startswith("--")}
    assert options and [o for o in sorted(options) if o not in page] == []
