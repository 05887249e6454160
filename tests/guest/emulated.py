"""A Debian kernel in an emulator (QEMU, without KVM), for what user-mode Linux lacks: its kernel has nf_tables without a family of IP. The guest
sees the machine's files, read-only, over 9p; its network is its own. Slow: each program takes twenty times as long as on the machine."""
import glob
import gzip
import os
import shutil
import signal
import subprocess
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EMULATOR = "qemu-system-x86_64"
BOOT_WAIT_S = 180  # beside the limit of the script: 12 s on an idle machine
MEMORY_MIB = 1024
# The clock of the guest counts its instructions, 2 ns for each, and stands still while others have the processor of the machine: a time that is
# measured in the guest is that of a processor with 500 million instructions a second, however busy the machine is. When it waits, it is our clock.
CLOCK = ("-icount", "shift=1", "-rtc", "clock=vm")
NEEDED = ("virtio_pci", "9pnet_virtio", "9p")  # for the files; the script loads the rest


class GuestError(Exception):
    """The guest did not come up, or its script did not end; the text has the end of its console."""


def kernel():
    """(image, version, root of its modules) of a kernel of Debian that knows 9p; that of linux-image-amd64 does, the one of the cloud does not. One that
    is installed, or the one that scripts/setup has unpacked. None: there is none."""
    for root in ("/", os.path.join(ROOT, "build-kernel")):
        for image in sorted(glob.glob(os.path.join(root, "boot", "vmlinuz-*")), reverse=True):
            version = os.path.basename(image)[len("vmlinuz-"):]
            if glob.glob(os.path.join(root, "lib", "modules", version, "kernel", "fs", "9p", "9p.ko*")):
                return image, version, root
    return None


def missing():
    """What this machine lacks to boot such a guest; "" when it can."""
    programs = [name for name in (EMULATOR, "modprobe", "busybox") if not shutil.which(name)]
    if programs:
        return f"not installed: {', '.join(programs)} (scripts/setup emulator)"
    return "" if kernel() else "no kernel with 9p is installed (scripts/setup emulator)"


def init_text(out_files):
    """The first program of the guest. Loads what the files need, then runs /mnt/script in the machine's root."""
    mounts = "\n".join(f"$B mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144,{options} {tag} /r{at} || $B echo 'guest: no {tag}'"
                       for tag, at, options in (("root", "", "ro,cache=loose"), ("out", "/mnt", "cache=none")))
    root, out = mounts.split("\n")
    return f"""#!/bin/busybox sh
B=/bin/busybox
$B mount -t proc proc /proc
$B mount -t sysfs sys /sys
for module in {' '.join(out_files)}; do $B insmod /modules/$module; done
{root}
$B mount -t proc proc /r/proc
$B mount -t sysfs sys /r/sys
$B mount -t devtmpfs dev /r/dev
$B mount -t tmpfs tmpfs /r/run
$B mount -t tmpfs tmpfs /r/var/tmp
{out}
$B echo "guest: up after $($B cut -d' ' -f1 /proc/uptime) s"
$B chroot /r /bin/sh /mnt/script
$B echo "guest: script ended with $?"
$B poweroff -f
"""


def archive(entries):
    """An initial file system (cpio, newc) of (name, mode, octets)."""
    whole = b""
    for number, (name, mode, octets) in enumerate([*entries, ("TRAILER!!!", 0, b"")], 1):
        fields = (number, mode, 0, 0, 1, 0, len(octets), 0, 0, 0, 0, len(name) + 1, 0)
        head = b"070701" + "".join(f"{field:08X}" for field in fields).encode() + name.encode() + b"\0"
        whole += head + bytes(-len(head) % 4) + octets + bytes(-len(octets) % 4)
    return whole


def octets_of(path):
    with open(path, "rb") as f:
        return f.read()


def modules(version, root):
    """The files of NEEDED and of what they need, in the order of loading."""
    found = []
    for name in NEEDED:
        shown = subprocess.run(["modprobe", "-d", root, "-S", version, "--show-depends", name], capture_output=True, text=True, check=True).stdout
        found += [words[1] for words in map(str.split, shown.splitlines()) if words[0] == "insmod" and words[1] not in found]
    return found


def boot(command, out, limit_s):
    """As boot.boot(): runs a shell command as root inside a guest, with `out` as its /mnt. The modules of its kernel are those of `modprobe -d`
    $MODULES. Returns its exit status."""
    image, version, root = kernel()
    files = modules(version, root)
    names = [os.path.basename(path) for path in files]
    folders = [(name, 0o40755, b"") for name in ("bin", "proc", "sys", "dev", "r", "modules")]
    entries = folders + [("bin/busybox", 0o100755, octets_of(shutil.which("busybox"))), ("init", 0o100755, init_text(names).encode())]
    entries += [(f"modules/{name}", 0o100644, octets_of(path)) for name, path in zip(names, files)]
    with open(os.path.join(out, "script"), "w", encoding="utf-8") as f:
        f.write("export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/var/tmp TMPDIR=/var/tmp LC_ALL=C.UTF-8\n"
                f"export MODULES={root}\nip link set lo up\ncd /var/tmp\ntimeout -k 5 {limit_s} {command} >/mnt/script.out 2>/mnt/script.err\n")
    with tempfile.TemporaryDirectory(prefix="mtc-emulated-") as own:
        first = os.path.join(own, "initial")
        with gzip.open(first, "wb", 1) as f:
            f.write(archive(entries))
        console = run([EMULATOR, "-accel", "tcg", *CLOCK, "-cpu", "max", "-m", str(MEMORY_MIB), "-nographic", "-no-reboot", "-nic", "none",
                       "-kernel", image, "-initrd", first, "-append", "console=ttyS0 quiet panic=-1 mitigations=off",
                       "-fsdev", "local,id=root,path=/,security_model=none,readonly=on,multidevs=remap", "-device", "virtio-9p-pci,fsdev=root,mount_tag=root",
                       "-fsdev", f"local,id=out,path={out},security_model=none", "-device", "virtio-9p-pci,fsdev=out,mount_tag=out"],
                      limit_s + BOOT_WAIT_S)
    for line in console.splitlines():
        if line.startswith("guest: script ended with "):
            return int(line.split()[-1])
    raise GuestError("the guest did not end its script; its console:\n" + "\n".join(console.splitlines()[-30:]))


def run(command, limit_s):
    """Its standard output, until it ends or has to be killed."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True) as emulator:
        try:
            console, _ = emulator.communicate(timeout=limit_s)
        except subprocess.TimeoutExpired:
            os.killpg(emulator.pid, signal.SIGKILL)
            console, _ = emulator.communicate(timeout=60)
    return console.decode("utf-8", "replace").replace("\r", "")
