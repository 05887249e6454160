"""How the programs are linked and compiled, read from the files themselves."""
import os
import re
import subprocess

import pytest
from conftest import BIN
from lablib import proc

PROGRAMS = ["mtc-iwfd", "mtc-iwf-console", "mtc-iwf-metrics", "mtcctl", "mtc-scs", "mtc-hss", "mtc-smssc", "mtc-ue", "mtc-sme"]


def readelf(name, *words):
    done = subprocess.run(["readelf", "-W", *words, os.path.join(BIN, name)], capture_output=True, text=True, timeout=proc.HANG_S, check=True,
                          env={**os.environ, "LC_ALL": "C"})
    return done.stdout


def called(name):
    """Functions of other libraries that the program calls."""
    return set(re.findall(r"\bUND (\w+)", readelf(name, "--dyn-syms")))


def sanitized(name):
    return "__asan_init" in readelf(name, "--symbols")


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_is_loaded_anywhere_and_its_tables_are_read_only(name):
    assert "Position-Independent Executable" in readelf(name, "--file-header")
    dynamic = readelf(name, "--dynamic")
    assert re.search(r"\(FLAGS_1\).*\bNOW\b", dynamic), "not all symbols are bound at the start"
    assert "(TEXTREL)" not in dynamic and "(RPATH)" not in dynamic
    assert re.search(r"^\s*GNU_RELRO ", readelf(name, "--segments"), re.MULTILINE)


@pytest.mark.parametrize("name", PROGRAMS)
def test_nothing_is_writable_and_executable(name):
    segments = re.findall(r"^\s*(\w+)(?:\s+0x[0-9a-f]+){5}\s+([RWE ]{3})", readelf(name, "--segments"), re.MULTILINE)
    flags = {kind: access for kind, access in segments}
    assert "E" not in flags["GNU_STACK"], "the stack is executable"
    assert [kind for kind, access in segments if "W" in access and "E" in access] == []


@pytest.mark.parametrize("name", PROGRAMS)
def test_overruns_of_buffers_end_the_program(name):
    if sanitized(name):
        pytest.skip("the sanitizers stand in for both")
    functions = called(name)
    assert "__stack_chk_fail" in functions, "no stack protector"
    assert {"__snprintf_chk", "__vsnprintf_chk", "__fprintf_chk"} & functions, "no checked functions (_FORTIFY_SOURCE)"
