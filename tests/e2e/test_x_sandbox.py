"""Act 24: each process is confined to the needs of its role, and says so; each kind has a user of its own."""
import ctypes
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile

import pytest
from lablib import lab as L
from lablib import proc

CORE, EDGE, KEYHOLDER = 60101, 60102, 60103
USERS = f"users: {{ core: {CORE}, edge: {EDGE}, keyholder: {KEYHOLDER} }}\n"
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives processes another user")


def status_of(p):
    return p.ctl("status")[-1]


def kernel(pid):
    """What the kernel says of a process."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as f:
        rows = dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)
    return {"seccomp": "filter" if rows["Seccomp"] == "2" else "none", "uid": int(rows["Uid"].split()[1]),
            "capabilities": format(int(rows["CapEff"], 16), "x"), "no_new_privs": rows["NoNewPrivs"] == "1"}


def instrumented(rows):
    return any("instruments" in row["lacks"] for row in rows)


def whole(rows):
    if instrumented(rows):
        pytest.skip("a build with instruments has no sandbox, and says so")
    return rows


def test_status_tells_what_the_kernel_tells(lab):
    rows = whole(status_of(lab)["sandbox"])
    assert sorted(row["process"] for row in rows) == ["core", "edge-0", "edge-1", "keyholder", "parent"]
    for row in rows:
        assert {k: row[k] for k in ("seccomp", "uid", "capabilities", "no_new_privs")} == kernel(row["pid"]), row
        assert row["mode"] == "prefer" and row["seccomp"] == "filter" and row["landlock"] >= 2 and not row["dumpable"], row
        assert row["process"] == "parent" or row["capabilities"] == "0"
        assert row["lacks"].startswith("processes share a user: set users in the configuration"), row


def test_an_edge_has_only_the_descriptors_it_needs(lab):
    whole(status_of(lab)["sandbox"])
    for pid in lab.edges().values():
        links = sorted(proc.descriptors(pid).values())
        kinds = {re.sub(r"[0-9]+|:?\[[0-9]+\]", "", link) for link in links if not link.startswith("/memfd:mtc-iwf-")}
        log = os.readlink(f"/proc/{pid}/fd/2")
        assert kinds <= {"/dev/null", "socket", "pipe", "anon_inode:[eventfd]", "anon_inode:[eventpoll]", re.sub("[0-9]+", "", log)}, links


# -- an edge in other hands: a call that its role never makes

PTRACE_SETREGS, PTRACE_GETREGS, PTRACE_ATTACH, PTRACE_SYSCALL, PTRACE_DETACH = 13, 12, 16, 24, 17
ORIG_RAX = 15  # index of the number of the call in struct user_regs_struct
EXECVE = 59


def change_next_call(pid, number):
    """The next system call of the process becomes this one."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    registers = (ctypes.c_ulonglong * 27)()

    def trace(request, data=None):
        assert libc.ptrace(request, pid, None, data) == 0, os.strerror(ctypes.get_errno())

    trace(PTRACE_ATTACH)
    os.waitpid(pid, 0)
    for _ in range(20):
        trace(PTRACE_SYSCALL)
        _, state = os.waitpid(pid, 0)
        if not os.WIFSTOPPED(state):
            raise AssertionError(f"ended: {state}")
        trace(PTRACE_GETREGS, ctypes.cast(registers, ctypes.c_void_p))
        if os.WSTOPSIG(state) == signal.SIGTRAP and registers[10] == 2 ** 64 - 38:  # rax is -ENOSYS at the entry of a call
            break
    registers[ORIG_RAX] = number
    trace(PTRACE_SETREGS, ctypes.cast(registers, ctypes.c_void_p))
    trace(PTRACE_DETACH)


@pytest.mark.skipif(os.geteuid() != 0 or os.uname().machine != "x86_64", reason="changes registers of a process of another user")
def test_a_call_that_an_edge_never_makes_ends_it_and_is_named(own_lab):
    p = own_lab
    whole(status_of(p)["sandbox"])
    before = p.edges()
    victim = min(before)
    change_next_call(before[victim], EXECVE)
    proc.wait_until("another edge", lambda: p.edges().get(victim) not in (None, before[victim]))
    with open(os.path.join(p.lab["dir"], "log", "mtc-iwfd.log"), encoding="utf-8") as f:
        said = f.read()
    assert re.search(rf"{victim} \(pid {before[victim]}, generation \d+\) was ended by its sandbox: system call 59 \(execve\), which its role never makes",
                     said), said
    counters = {row["name"]: row["value"] for row in p.ctl("stats") if "name" in row}
    assert counters["sandbox_ended"] == 1
    assert p.trigger("acme", device="meter-63@a.example", wait=proc.HANG_S).code == 0


def test_the_parent_writes_in_the_directories_of_its_start_only(lab, open_folder):
    """The directory that state_dir is in is none of them."""
    whole(status_of(lab)["sandbox"])
    own, deep = os.path.join(open_folder, "own"), os.path.join(open_folder, "deep")
    os.mkdir(own)
    os.makedirs(os.path.join(deep, "state"))
    config = config_of(lab, own, "", "prefer")
    with open(config, encoding="utf-8") as f:
        text = f.read().replace(f"state_dir: {own}/state", f"state_dir: {deep}/state")
    proc.write(config, text)
    with daemon_of(lab, config) as daemon:
        try:
            assert daemon.stdout.readline().startswith("ready ")
            proc.write(config, text.replace(f"{own}/decisions", f"{deep}/decisions"))
            done = subprocess.run([os.path.join(lab.bin, "mtcctl"), "--socket", f"{own}/ctl", "reload"], capture_output=True,
                                  text=True, timeout=proc.HANG_S, check=False)
        finally:
            daemon.terminate()
            daemon.communicate(timeout=proc.HANG_S)
    assert done.returncode == 1 and f"decision log {deep}/decisions: Permission denied (the sandbox of mtc-iwfd allows" in done.stdout + done.stderr, done
    assert not os.path.exists(f"{deep}/decisions")


# -- users

@pytest.fixture
def open_folder():
    """A directory that other users can reach."""
    path = tempfile.mkdtemp(prefix="mtc-users-")
    os.chmod(path, 0o755)
    yield path
    shutil.rmtree(path)


def config_of(p, folder, more, sandbox="require"):
    with open(p.lab["iwf"]["config"], encoding="utf-8") as f:
        text = f.read()
    text = re.sub(r"(?m)^state_dir:.*", f"state_dir: {folder}/state", text)
    text = re.sub(r"(?m)^control:.*", f"control: {{ path: {folder}/ctl }}", text)
    text = re.sub(r"decisions: [^ }]*", f"decisions: {folder}/decisions", text)
    return proc.write(os.path.join(folder, "iwf.yaml"), f"{text}{more}sandbox: {sandbox}\n")


def daemon_of(p, config):
    return subprocess.Popen([os.path.join(p.bin, "mtc-iwfd"), "-c", config], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def refused(p, config):
    """What a start says that comes to nothing."""
    with daemon_of(p, config) as daemon:
        try:
            out, err = daemon.communicate(timeout=proc.HANG_S)
        finally:
            daemon.kill()
        assert daemon.returncode == 1 and out == "", (daemon.returncode, out, err)
        return err


def owners(folder):
    found = {}
    for path, directories, files in os.walk(folder):
        for name in [*directories, *files, "."]:
            st = os.stat(os.path.join(path, name))
            found[os.path.join(path, name)] = (st.st_uid, st.st_gid)
    return found


@as_root
def test_each_process_has_its_user_and_the_stores_belong_to_the_core(lab, open_folder):
    whole(status_of(lab)["sandbox"])
    state = os.path.join(open_folder, "state")
    shutil.copytree(os.path.join(lab.lab["dir"], "iwf"), state)  # of root, as an earlier version left it
    with daemon_of(lab, config_of(lab, open_folder, USERS)) as daemon:
        try:
            assert daemon.stdout.readline().startswith("ready ")
            roles = L.roles(daemon.pid)
            done = subprocess.run([os.path.join(lab.bin, "mtcctl"), "--socket", f"{open_folder}/ctl", "--json", "status"], capture_output=True,
                                  text=True, timeout=proc.HANG_S, check=True)
            rows = json.loads(done.stdout.splitlines()[-1])["sandbox"]
            assert {row["process"]: (row["uid"], row["lacks"]) for row in rows} == {
                "parent": (0, ""), "core": (CORE, ""), "edge-0": (EDGE, ""), "edge-1": (EDGE, ""), "keyholder": (KEYHOLDER, "")}
            assert [kernel(pid)["uid"] for pid in (roles["core"], *roles["edges"], roles["keyholder"])] == [CORE, EDGE, EDGE, KEYHOLDER]
            assert set(owners(state).values()) == {(CORE, CORE)}
            assert os.stat(f"{open_folder}/ctl").st_uid == CORE
        finally:
            daemon.terminate()
            daemon.wait(proc.HANG_S)
        assert "belong to user 60101 from now on; user 0 had it" in daemon.stderr.read()
        assert daemon.returncode == 0


@as_root
@pytest.mark.parametrize("trick,said", [
    (lambda state, other: os.link(other, os.path.join(state, "linked")), "it has another name elsewhere (a hard link)"),
    (lambda state, other: os.symlink(other, os.path.join(state, "linked")), "it is neither a file nor a directory"),
    (lambda state, other: os.mkfifo(os.path.join(state, "linked")), "it is neither a file nor a directory"),
])
def test_files_of_others_are_not_given_away(lab, open_folder, trick, said):
    state, other = os.path.join(open_folder, "state"), os.path.join(open_folder, "other")
    os.mkdir(state, 0o700)
    proc.write(other, "of root")
    for i in range(20):  # whatever the order of the directory is: some come before the file that is refused
        proc.write(os.path.join(state, f"file-{i}"), "of root")
    trick(state, other)
    err = refused(lab, config_of(lab, open_folder, USERS, "prefer"))
    assert f"state_dir {state}: linked: {said}; it is not given to user {CORE}" in err
    assert os.stat(other).st_uid == 0 and os.stat(state).st_uid == 0
    assert {os.stat(os.path.join(state, f"file-{i}")).st_uid for i in range(20)} == {0}


@as_root
@pytest.mark.parametrize("more,said", [
    ("", "the core would run as root"),
    ("user: nobody\n", "the core and the edges would share the user 'nobody'"),
    (f"users: {{ core: {CORE}, edge: {CORE}, keyholder: {KEYHOLDER} }}\n", f"the core and the edges would share the user '{CORE}'"),
    (f"users: {{ core: {CORE}, edge: {EDGE}, keyholder: 0 }}\n", "the keyholders would run as root"),
])
def test_require_wants_a_user_for_each_kind_of_process(lab, open_folder, more, said):
    err = refused(lab, config_of(lab, open_folder, more))
    assert f"sandbox: require: {said}; give each" in err and re.search(r"iwf\.yaml:\d+: sandbox", err), err


@as_root
@pytest.mark.parametrize("user,said", [(CORE, "the core"), (EDGE, "the edges"), (KEYHOLDER, "the keyholders"), (60104, None)])
def test_a_console_with_the_user_of_a_process_is_a_warning(lab, open_folder, user, said):
    config = config_of(lab, open_folder, USERS)
    with open(config, encoding="utf-8") as f:
        text = f.read()
    proc.write(config, text.replace(f"path: {open_folder}/ctl", f"path: {open_folder}/ctl, console_user: '{user}'"))
    done = subprocess.run([os.path.join(lab.bin, "mtc-iwfd"), "-c", config, "-t"], capture_output=True, text=True, timeout=proc.HANG_S, check=True)
    if said:
        assert f"the console and {said} would share the user '{user}'" in done.stderr, done.stderr
    else:
        assert "would share" not in done.stderr, done.stderr


def test_off_is_told(lab, open_folder):
    os.mkdir(os.path.join(open_folder, "state"))
    with daemon_of(lab, config_of(lab, open_folder, "", "off")) as daemon:
        try:
            assert daemon.stdout.readline().startswith("ready ")
            done = subprocess.run([os.path.join(lab.bin, "mtcctl"), "--socket", f"{open_folder}/ctl", "--json", "status"], capture_output=True,
                                  text=True, timeout=proc.HANG_S, check=True)
            rows = json.loads(done.stdout.splitlines()[-1])["sandbox"]
        finally:
            daemon.terminate()
            daemon.wait(proc.HANG_S)
        assert {(row["mode"], row["seccomp"], row["landlock"]) for row in rows} == {("off", "none", 0)}
        assert all("off by configuration" in row["lacks"] and row["no_new_privs"] for row in rows)
        assert "mtc-iwfd is less protected than it could be: the sandbox is off by configuration" in daemon.stderr.read()
