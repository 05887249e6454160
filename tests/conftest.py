"""What every pytest suite shares: where the programs are, laboratories that are up, free of each other."""
import os
import shutil
import signal
import sys
import tempfile

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "scripts"))
sys.path.insert(0, os.path.join(ROOT, "tests"))
sys.dont_write_bytecode = sys.pycache_prefix is None
# A shell starts what it puts in the background without some signals, nohup without another: programs under test are sent them.
for number in (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM):
    signal.signal(number, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)

from lablib import lab as laboratory  # noqa: E402
from lablib import play, ports, proc  # noqa: E402
from lablib.pki import Pki  # noqa: E402
from support import tap  # noqa: E402

BIN = os.environ.get("MTC_BIN", os.path.join(ROOT, "build", "bin"))


def pytest_configure(config):
    config.addinivalue_line("markers", "alone: measures time, so nothing else runs meanwhile (scripts/check)")
    config.addinivalue_line("markers", "tools: of tools that the product is not made of; make lint runs them (scripts/check tools)")
    config.addinivalue_line("markers", "packages: the packages in a root of their own; a stage of scripts/check")
    config.addinivalue_line("markers", "guest: in an emulated machine, which takes a processor for a minute; a stage of scripts/check")
    config.addinivalue_line("markers", "once: of the project's own scripts; run on one build only (scripts/check)")


# The files that take longest. A worker takes whole files (scripts/check): one that began the longest of them last would keep all others
# waiting for it.
LONGEST = ("guest/test_sctp.py", "e2e/test_p_reload.py", "hostile/test_hostile.py", "e2e/test_x_keyholder.py", "e2e/test_s_deadline.py", "e2e/test_s_clock.py",
           "cli/test_lab_state.py", "e2e/test_s_streams.py", "e2e/test_nodes_sms.py", "e2e/test_p_renewal.py", "e2e/test_y_ndsip.py", "e2e/test_o_restarts.py",
           "e2e/test_z_console.py", "e2e/test_z_metrics.py", "e2e/test_l_actions.py", "cli/test_instructions_grown.py", "e2e/test_y_ndsip_rules.py",
           "e2e/test_k_attacks.py", "e2e/test_k_backup.py", "e2e/test_s_repeated.py", "e2e/test_r_reports.py", "e2e/test_p_crls.py", "e2e/test_p_floods.py",
           "e2e/test_i_by_hand.py", "e2e/test_n_statuses.py", "e2e/test_p_ocsp.py", "e2e/test_y_ndsip_peers.py", "e2e/test_z_browser.py")


def pytest_collection_modifyitems(items):
    place = {os.path.join(ROOT, "tests", name): n for n, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(str(item.path), len(LONGEST)))  # the others stay in their order


class Labs:
    """Makes laboratories and ends them; checks that each process ended by itself and that no sanitizer spoke."""

    def __init__(self, pki):
        self.folders, self.pki, self.address = [], pki, ports.own_address()

    def up(self, kind=laboratory.Lab, **changes):
        folder = tempfile.mkdtemp(prefix="mtc-lab-")
        self.folders.append(folder)
        kind(folder, laboratory.options(bin=BIN, address=self.address, pki=self.pki, **changes)).up(lambda text: None)
        return play.Play(folder, BIN, tap.begin(folder))

    def down(self, p):
        """Returns what was wrong: processes that had to be killed, sanitizer reports, what SCSs were sent and should not have been."""
        p.end_background()
        folder = p.lab["dir"]
        wrong = [f"{name} did not end by itself" for name in laboratory.down(folder, lambda text: None)] + tap.leaks(p.lab)
        for name in sorted(os.listdir(os.path.join(folder, "log"))):
            with open(os.path.join(folder, "log", name), errors="replace", encoding="utf-8") as f:
                text = f.read()
            for sign in ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "runtime error:", "Assertion",
                         "is not what docs/dev/control.md says"):
                if sign in text:
                    wrong.append(f"{name}: {sign}\n{text[text.index(sign):][:3000]}")
        if not wrong:
            shutil.rmtree(folder)
            self.folders.remove(folder)
        return wrong


@pytest.fixture(scope="session")
def labs(tmp_path_factory):
    """All of one process have the same certificates: to issue them takes longer than all the rest of a laboratory."""
    folder = str(tmp_path_factory.mktemp("lab-pki"))
    laboratory.Lab(folder, laboratory.options()).issue(Pki(folder))
    all_of_them = Labs(folder)
    yield all_of_them
    for left in all_of_them.folders:  # of plays that failed before they ended theirs; the directory stays, for reading
        try:
            laboratory.down(left, lambda text: None)
        except proc.LabError:
            pass  # it was ended, and something in it was wrong


@pytest.fixture(scope="module")
def lab(labs):
    """One laboratory for a module; its plays use devices and references of their own."""
    p = labs.up()
    yield p
    wrong = labs.down(p)
    assert not wrong, "\n".join(wrong)


@pytest.fixture
def own_lab(labs):
    """A laboratory for one play that breaks things."""
    p = labs.up()
    yield p
    wrong = labs.down(p)
    assert not wrong, "\n".join(wrong)


@pytest.fixture
def until():
    return proc.wait_until
