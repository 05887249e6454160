"""A kernel of our own as one ordinary process: user-mode Linux (Debian's package user-mode-linux), for what the kernel of a test machine
may lack. The guest sees the machine's files, read-only, so no image is built; its network is its own."""
import os
import shutil
import signal
import subprocess
import tempfile

from support.tap import BUILD

KERNEL = "linux.uml"
MODULES = "/usr/lib/uml/modules"
# SCTP needs md5 for its cookies; the rest is for the networks of the plays.
NEEDED = ("md5", "hmac", "sha1_generic", "sha256_generic", "sctp", "veth", "sch_netem")
BOOT_WAIT_S = 120  # beside the limit of the script: the kernel starts in 2 to 5 s on an idle machine
MEMORY = "1024M"


class GuestError(Exception):
    """The guest did not come up, or its script did not end; the text has the end of its console."""


def missing():
    """What this machine lacks to boot a guest; "" when it can."""
    programs = [name for name in (KERNEL, "modprobe", "busybox") if not shutil.which(name)]
    if programs:
        return f"not installed: {', '.join(programs)} (scripts/setup test)"
    return "" if os.path.isdir(MODULES) else f"{MODULES} is not there"


def environment():
    """On a processor whose registers are more than user-mode Linux has room for: with a module in front of it that adds the rest."""
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        return {**os.environ, "LD_PRELOAD": os.path.join(BUILD, "tests", "tools", "uml_registers.so")} if "amx_tile" in f.read() else dict(os.environ)


def init_text(out, command, limit_s):
    """The first program of the guest. `out` becomes /mnt, the one place it can write that outlives it. Its modules are in /mnt/boot."""
    return f"""#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/var/tmp TMPDIR=/var/tmp LC_ALL=C.UTF-8
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /var/tmp
mount -t hostfs none /mnt -o {out}
modprobe -d /mnt/boot -a {' '.join(NEEDED)}
ip link set lo up
echo "guest: up after $(cut -d' ' -f1 /proc/uptime) s"
cd /var/tmp
timeout -k 5 {limit_s} {command} >/mnt/script.out 2>/mnt/script.err
echo "guest: script ended with $?"
busybox poweroff -f
"""


def boot(command, out, limit_s):
    """Runs a shell command as root inside a guest, with `out` as its /mnt. Returns its exit status. GuestError when the guest does not say
    one; it is gone in either case."""
    folder = os.path.join(out, "boot")
    os.makedirs(os.path.join(folder, "lib"))
    os.symlink(MODULES, os.path.join(folder, "lib", "modules"))
    init = os.path.join(folder, "init")
    with open(init, "w", encoding="utf-8") as f:
        f.write(init_text(out, command, limit_s))
    os.chmod(init, 0o755)
    own = tempfile.mkdtemp(prefix="mtc-uml-")  # short: the kernel makes a socket in it
    try:
        console = run([KERNEL, "rootfstype=hostfs", "rootflags=/", "ro", f"mem={MEMORY}", "con=null", "con0=null,fd:1", "quiet",
                       "umid=guest", f"uml_dir={own}", f"init={init}"], limit_s + BOOT_WAIT_S)
    finally:
        shutil.rmtree(own, ignore_errors=True)
    for line in console.splitlines():
        if line.startswith("guest: script ended with "):
            return int(line.split()[-1])
    raise GuestError("the guest did not end its script; its console:\n" + "\n".join(console.splitlines()[-30:]))


def run(command, limit_s):
    """Its standard output. It is several processes in one session, which is ended as a whole."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
                          env=environment()) as kernel:
        try:
            console, _ = kernel.communicate(timeout=limit_s)
        except subprocess.TimeoutExpired:
            os.killpg(kernel.pid, signal.SIGKILL)
            console, _ = kernel.communicate(timeout=60)
    return console.decode("utf-8", "replace").replace("\r", "")
