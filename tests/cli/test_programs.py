"""What all programs have in common: one table of exit codes, --json, examples that can be typed, "did you mean"."""
import json
import os
import re
import shlex
import subprocess

import pytest
from conftest import BIN, ROOT
from lablib import ports, proc
from lablib.pki import Pki
from test_mtcctl import server  # noqa: F401  pylint: disable=unused-import

WHO = {"EXIT_OF_IWFD": ["mtc-iwfd"], "EXIT_OF_CTL": ["mtcctl"], "EXIT_OF_SCS": ["mtc-scs"], "EXIT_OF_NODE": ["mtc-hss", "mtc-smssc", "mtc-ue"]}
PROGRAMS = [name for names in WHO.values() for name in names]


def run(program, *words, **how):
    return subprocess.run([os.path.join(BIN, program), *words], capture_output=True, text=True, timeout=proc.HANG_S, check=False, stdin=subprocess.DEVNULL, **how)


def exit_codes():
    """number -> (programs, meaning), of the one header."""
    with open(os.path.join(ROOT, "src", "base", "exit_codes.h"), encoding="utf-8") as f:
        rows = re.findall(r'X\(\w+, (\d+), ([A-Z_ |]+), +"([^"]+)"\)', " ".join(f.read().replace("\\\n", " ").split()))
    return {int(n): (PROGRAMS if who == "EXIT_OF_ALL" else [p for w in who.split(" | ") for p in WHO[w]], meaning) for n, who, meaning in rows}


def manual(program):
    with open(os.path.join(ROOT, "docs", "man", f"{program}.1"), encoding="utf-8") as f:
        return f.read()


# -- exit codes

@pytest.mark.parametrize("program", PROGRAMS)
def test_help_and_manual_have_the_codes_of_the_table(program):
    mine = {n: meaning for n, (who, meaning) in exit_codes().items() if program in who}
    assert len(mine) >= 3
    shown = run(program, "--help").stdout.split("Exit status:\n")[1]
    assert {int(n): text for n, text in re.findall(r"^  (\d)  (.+)$", shown.split("What to do next")[0], re.M)} == mine
    section = manual(program).split(".SH EXIT STATUS\n")[1].split("\n.SH ")[0]
    assert {int(n) for n in re.findall(r"^(?:\.B )?(\d)$", section, re.M)} == set(mine)


def test_the_page_has_the_rows_of_the_table():
    with open(os.path.join(ROOT, "docs", "user", "exit-codes.md"), encoding="utf-8") as f:
        rows = re.findall(r"^\| (\d) \| ([^|]+) \| ([^|]+) \|$", f.read(), re.M)
    table = exit_codes()
    assert {int(n): (PROGRAMS if who == "all" else who.split(", "), meaning) for n, who, meaning in rows} == table


EVERY = [*PROGRAMS, "mtc-sme", "mtc-iwf-console", "mtc-iwf-metrics"]
CONFIGURED = ["mtc-iwfd", "mtc-hss", "mtc-smssc", "mtc-iwf-console"]


@pytest.mark.parametrize("program", EVERY)
def test_help_is_0_and_a_wrong_command_line_is_2(program):
    for words in (["--help"], ["--version"]):
        done = run(program, *words)
        assert (done.returncode, done.stderr) == (0, "") and done.stdout, (words, done)
    for words in ([], ["--no-such-option"], ["no-such-command"]):
        done = run(program, *words)
        assert done.returncode == 2 and done.stderr and not done.stdout, (words, done)


@pytest.mark.parametrize("program", EVERY)
def test_output_that_is_lost_is_the_failure_of_the_table(program):
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([os.path.join(BIN, program), "--help"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=proc.HANG_S, check=False)
    assert done.returncode == (4 if program == "mtcctl" else 1) and done.stderr, done


@pytest.mark.parametrize("program", CONFIGURED)
def test_a_configuration_that_cannot_be_read_is_2(tmp_path, program):
    """At the start, with -t, and when a backup is put back: nothing was done."""
    (tmp_path / "folder").mkdir()
    ways = [[], ["-t"]] + ([["--restore", str(tmp_path)]] if program == "mtc-iwfd" else [])
    for path in (tmp_path / "none.yaml", tmp_path / "folder", "/dev/null"):
        for way in ways:
            done = run(program, *way, "-c", str(path))
            assert done.returncode == 2 and str(path) in done.stderr and not done.stdout, (way, done)


@pytest.mark.parametrize("program,code", [("mtc-iwfd", 1), ("mtc-hss", 2), ("mtc-smssc", 2), ("mtc-iwf-console", 2)])
def test_a_configuration_with_a_mistake_has_the_code_of_the_page(tmp_path, program, code):
    (tmp_path / "c.yaml").write_text("nonsense: 1\n")
    for way in ([], ["-t"]):
        done = run(program, *way, "-c", str(tmp_path / "c.yaml"))
        assert done.returncode == code and "c.yaml:1: " in done.stderr and not done.stdout, (way, done)


def test_what_clients_cannot_open_or_reach_has_the_code_of_the_page(tmp_path):
    me = ["--connect", "127.0.0.1:1", "--ca", str(tmp_path / "no.pem"), "--cert", str(tmp_path / "no.pem"), "--key", str(tmp_path / "no.key")]
    rows = (("mtcctl", 4, ["--socket", str(tmp_path / "none.sock"), "status"]),
            ("mtcctl", 2, ["--socket", str(tmp_path / "none.sock"), "scs", "import", str(tmp_path / "none.csv")]),
            ("mtc-scs", 2, ["trigger", *me, "--host", "a.example", "--realm", "example", "--scs-id", "1", "--device", "a@b.example", "--payload", "x"]),
            ("mtc-ue", 1, ["ctl", str(tmp_path / "none.sock"), "status"]))
    for program, code, words in rows:
        done = run(program, *words)
        assert done.returncode == code and done.stderr, (program, done)


# -- --json

def commands():
    """Each line of the table of commands with its first example."""
    listed = run("mtcctl", "--help").stdout.split("Commands:\n")[1].split("\n\n")[0].splitlines()
    names = [line[2:24].split() for line in listed if line[2] != " "]
    examples_of = {group: run("mtcctl", group, "--help").stdout.split("Examples:\n")[-1].split("\n\n")[0].replace("\\\n", "").splitlines()
                   for group in {words[0] for words in names}}
    return [(words, next(line for line in examples_of[words[0]] if words_of(line.replace("--json ", ""))[:len(words)] == words)) for words in names]


def words_of(example):
    """The words behind mtcctl, without pipes, redirections and what the shell does next."""
    words = shlex.split(re.split(r" (?:[|>&]|&&) ?|[;)]", example[example.find("mtcctl "):])[0])
    return words[1:] if words and words[0] == "mtcctl" else []


ANSWERS = {"status": {"version": "1"}, "health": {"healthy": True, "reasons": []}}


def test_every_command_speaks_json(server, tmp_path):  # noqa: F811
    """Walks the table: each command prints lines of JSON and nothing else with --json, whether it succeeds or not."""
    open(tmp_path / "acme.pem", "w", encoding="ascii").write("-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n")
    seen = commands()
    assert len(seen) > 60
    for words, example in seen:
        typed = [word for word in words_of(example) if word != "--json"]
        for kind in ("scs", "group", "set", "assoc", "block"):  # files that an import reads
            (tmp_path / f"{kind}.csv").write_text("name\n")
        if words[0] == "backup":
            typed[-1] = str(tmp_path / "copy")
        if words[-1] == "export":
            typed = [*words, str(tmp_path / "out.csv")]
        server.lines = [{"done": True, "ok": True, **ANSWERS.get(words[0], {})}]
        done = run("mtcctl", "--socket", server.path, "--json", *typed, cwd=tmp_path, env={"PATH": os.environ["PATH"]})
        assert "Try: mtcctl" not in done.stderr, (words, done)  # the words were taken
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        assert all(isinstance(line, dict) for line in lines), (words, done)
        assert lines or done.stderr, (words, done)
        assert "\033" not in done.stdout


def test_every_command_teaches_itself():
    """Walks the table: the help of each command has its usage and an example of it that can be typed."""
    for words, _ in commands():
        done = run("mtcctl", *words, "--help")
        assert done.returncode == 0 and done.stdout.startswith(f"Usage: mtcctl {' '.join(words)}") and not done.stderr, (words, done)
        typed = [words_of(line.replace("--json ", "")) for line in done.stdout.split("\nExamples:\n")[1].split("\n\n")[0].replace("\\\n", "").splitlines()]
        assert any(line[:len(words)] == words for line in typed), (words, typed)


@pytest.mark.parametrize("program,config", [("mtc-hss", "mtc-hss.yaml"), ("mtc-smssc", "mtc-smssc.yaml")])
def test_a_node_says_in_json_that_its_configuration_is_valid(tmp_path, program, config):
    with open(os.path.join(ROOT, "examples", config), encoding="utf-8") as f:
        text = f.read().replace("/var/lib/mtc-smssc", str(tmp_path)).replace("/run/mtc-smssc", str(tmp_path))
    (tmp_path / config).write_text(text)
    with open(os.path.join(ROOT, "examples", "subscribers.jsonl"), encoding="utf-8") as f:
        (tmp_path / "subscribers.jsonl").write_text(f.read())
    done = run(program, "-t", "--json", "-c", str(tmp_path / config))
    said = json.loads(done.stdout)
    assert done.returncode == 0 and said["event"] == "valid" and said["file"] == str(tmp_path / config) and "configuration is valid" in said["text"]
    plain = run(program, "-t", "-c", str(tmp_path / config))
    assert plain.stdout == f"{tmp_path / config}: {said['text']}\n"


# -- examples

def examples(program):
    """Lines of its help that begin with its name."""
    text = run(program, "--help").stdout.replace("\\\n", "")
    return [m.strip() for m in re.findall(rf"^ {{2,7}}({program} .+)$", text, re.M)]


def test_the_examples_of_mtc_scs_get_as_far_as_the_connection(tmp_path):
    made = Pki(str(tmp_path))
    made.ca("operator", "/O=operator/CN=operator CA")
    made.leaf("acme", "operator", "scs.acme.example", "clientAuth")
    text = run("mtc-scs", "--help").stdout
    variable = re.search(r"ME='(.*?)'", text, re.S).group(1).replace("127.0.0.1:5868", f"127.0.0.1:{ports.hold_ports(1)[0]}")
    seen = examples("mtc-scs")
    assert len(seen) >= 4
    for line in seen:
        done = subprocess.run(["sh", "-c", f"ME={shlex.quote(' '.join(variable.split()))}; {line} --connect-wait 1"], cwd=tmp_path, capture_output=True, text=True,
                              timeout=proc.HANG_S, check=False, stdin=subprocess.DEVNULL, env={"PATH": f"{BIN}:{os.environ['PATH']}"})
        assert done.returncode == 4, (line, done)  # nobody listens; a mistake would be 2


@pytest.mark.parametrize("program", ["mtc-iwfd", "mtc-hss", "mtc-smssc", "mtc-ue"])
def test_the_examples_of_programs_that_serve_are_no_mistakes(tmp_path, program):
    """Their files are not there, which is another error than a wrong option."""
    seen = [line for line in examples(program) if "[" not in line]  # that would be the usage
    assert len(seen) >= 2
    for line in seen:
        if program == "mtc-ue" and " ctl " not in line:
            line += " --no-such-option"  # it would serve: only that the words before are taken
        done = run(program, *shlex.split(re.split(r" {2,}", line)[0])[1:], cwd=tmp_path)
        wrong = [word for word in ("unknown option", "unexpected argument", "is missing", " needs ", "ctl: expected") if word in done.stderr]
        assert wrong == (["unknown option"] if line.endswith(" --no-such-option") else []), (line, done)


# -- did you mean

@pytest.mark.parametrize("program,words,meant", [
    ("mtc-scs", ["trigger", "--devise", "x"], "unknown option '--devise', did you mean '--device'?"),
    ("mtc-scs", ["triger"], "unknown command 'triger', did you mean 'trigger'?\nTry: mtc-scs --help\n"),
    ("mtc-hss", ["--confg", "x"], "unknown option '--confg', did you mean '--config'?"),
    ("mtc-smssc", ["--tset"], "unknown option '--tset', did you mean '--test'?"),
    ("mtc-ue", ["--lnik=x"], "unknown option '--lnik=x', did you mean '--link'?"),
    ("mtc-ue", ["--xyzzy"], "unknown option '--xyzzy'\n"),
    ("mtc-iwfd", ["--resotre", "x"], "unknown option '--resotre', did you mean '--restore'?"),
    ("mtc-sme", ["sumbit"], "unknown command 'sumbit', did you mean 'submit'?\nTry: mtc-sme --help\n"),
    ("mtcctl", ["statsu"], "unknown command 'statsu', did you mean 'status'?"),
    ("mtcctl", ["scs", "lsit"], "'scs' has no verb 'lsit', did you mean 'list'?"),
    ("mtcctl", ["scs", "add", "--e146", "1"], "unknown option '--e146', did you mean '--e164'?"),
    ("mtcctl", ["assoc", "check", "a", "m@b.example", "--action", "triger"], "did you mean 'trigger'?"),
])
def test_a_typing_error_is_answered_with_the_nearest_word(program, words, meant):
    done = run(program, *words)
    assert done.returncode == 2 and meant in done.stderr, done


# Words before the slip, an option with a value and what its value is called, a flag; None: it has none.
SLIPS = {"mtc-iwfd": ([], "--config", "FILE", "--test"), "mtc-iwf-console": ([], "--config", "FILE", "--test"), "mtc-hss": ([], "--config", "FILE", "--test"),
         "mtc-smssc": ([], "--config", "FILE", "--test"), "mtc-ue": ([], "--link", "SOCKET", "--messages"), "mtc-scs": (["trigger"], "--connect", "ADDRESS:PORT", "--json"),
         "mtc-sme": (["submit"], "--connect", "ADDRESS:PORT", "--plain"), "mtcctl": (["journal", "check"], None, None, None),
         "mtc-iwf-metrics": ([], None, None, "--version")}


@pytest.mark.parametrize("program", EVERY)
def test_a_slip_in_an_option_has_one_wording_in_all_programs(program):
    before, valued, value, flag = SLIPS[program]
    rows = [(["--no-such-option"], "unknown option '--no-such-option'"), (["-Z"], "unknown option '-Z'"), (["--hlep"], "unknown option '--hlep', did you mean '--help'?"),
            (["one", "two"] if program == "mtcctl" else ["one"], f"unexpected argument '{'two' if program == 'mtcctl' else 'one'}'")]
    rows += [([valued], f"{valued} needs {value}")] if valued else []
    rows += [([flag + "=1"], f"{flag} takes no value")] if flag else []
    for words, said in rows:
        done = run(program, *before, *words)
        command = " " + " ".join(before) if program == "mtcctl" else ""
        assert (done.returncode, done.stdout, done.stderr) == (2, "", f"{program}: {said}\nTry: {program}{command} --help\n"), words


@pytest.mark.parametrize("words,said", [(["doctor", "--config"], "--config needs FILE\nTry: mtcctl doctor --help\n"), (["doctor", "-c"], "-c needs FILE\nTry: mtcctl doctor --help\n"),
                                        (["reload", "--dry-run=yes"], "--dry-run takes no value\nTry: mtcctl reload --help\n")])
def test_mtcctl_has_that_wording_for_values_too(words, said):
    done = run("mtcctl", *words)
    assert (done.returncode, done.stderr) == (2, f"mtcctl: {said}")


def test_a_name_that_the_gateway_does_not_know(lab):
    def ctl(*words):
        return run("mtcctl", "--socket", lab.lab["iwf"]["ctl"], *words)
    for words, meant in ((["scs", "show", "acne"], "acme"), (["peers", "stop", "hs"], "hss"), (["assoc", "check", "acem", "meter-1@a.example"], "acme"),
                         (["quota", "reset", "betta"], "beta"), (["triggers", "cancel", "gama", "1"], "gamma")):
        done = ctl(*words)
        assert done.returncode == 1 and f"did you mean '{meant}'?" in done.stderr, done
    assert "did you mean" not in ctl("scs", "show", "quite-another").stderr
    assert "did you mean" not in ctl("--json", "scs", "show", "acne").stderr
    assert "did you mean" not in ctl("scs", "add", "acmes", "--e164", "491720000001", "--origin-host", "x.example", "--realm", "example", "--anchor", "none-such").stderr
