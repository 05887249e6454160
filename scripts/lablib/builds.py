"""The build that is measured and an earlier one beside it: which commits they are, and where their programs are."""
import fcntl
import os
import shutil
import subprocess
import tempfile

from .proc import LabError

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LAST_LINES = 15


class Build:
    """folder: of its programs; commit: 40 digits, empty when the tree has no history; changed: files with changes that are not committed."""

    def __init__(self, name, folder, commit, changed=0):
        self.name, self.folder, self.commit, self.changed = name, folder, commit, changed

    def __str__(self):
        words = [self.commit[:10] or "no commit"]
        if self.changed:
            words.append(f"and {self.changed} changed file{'s' if self.changed > 1 else ''}")
        return f"{self.name} build ({' '.join(words)})"

    def facts(self):
        return {"commit": self.commit, "changed_files": self.changed}


def git(root, *words, text=True):
    try:
        return subprocess.run(["git", "-C", root, *words], stdin=subprocess.DEVNULL, capture_output=True, text=text, check=False)
    except FileNotFoundError:
        raise LabError("git is not installed, and an earlier commit comes from it; 'scripts/setup bench' installs it") from None


def no_clone(root):
    """Why the tree is no git clone; empty when it is one."""
    top = git(root, "rev-parse", "--show-toplevel")
    if top.returncode:
        return top.stderr.strip()
    return "" if os.path.samefile(top.stdout.strip(), root) else f"the repository begins at {top.stdout.strip()}"


def commit_of(word, root=ROOT):
    """The hash of a commit that is named by a hash, a tag or a branch."""
    why = no_clone(root)
    if why:
        raise LabError(f"an earlier commit needs a git clone with its history; {root} is none: {why}")
    found = git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", word + "^{commit}")
    if found.returncode:
        raise LabError(f"'{word}' is no commit of this repository; expected a hash, a tag or a branch ('git log --oneline' lists commits; "
                       "a shallow clone gets the older ones by 'git fetch --unshallow')")
    return found.stdout.strip()


def this(folder, root=ROOT):
    """The build of this tree, in `folder`; the commit and the changes are those of the tree now."""
    head = git(root, "rev-parse", "--verify", "--quiet", "HEAD")
    if head.returncode or no_clone(root):
        return Build("this", folder, "")
    changed = git(root, "status", "--porcelain", "--untracked-files=no").stdout.splitlines()
    return Build("this", folder, head.stdout.strip(), len(changed))


def unpack(commit, source, root):
    """The files of a commit in a directory of their own: never half of them under that name."""
    if os.path.isdir(source):
        return
    part = tempfile.mkdtemp(prefix="part-", dir=os.path.dirname(source))
    try:
        packed = git(root, "archive", commit, text=False)
        if packed.returncode:
            raise LabError(f"git archive {commit}: {packed.stderr.decode(errors='replace').strip()}")
        done = subprocess.run(["tar", "-x", "-C", part], input=packed.stdout, capture_output=True, check=False)
        if done.returncode:
            raise LabError(f"tar -x in {part}: {done.stderr.decode(errors='replace').strip()}")
        os.rename(part, source)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


def compile_release(what, log, *words):
    """scripts/build release, its output in a file; of this tree, or of the tree in words[0] into words[1]."""
    with open(log, "wb") as f:
        code = subprocess.call([os.path.join(ROOT, "scripts", "build"), "release", *words], stdin=subprocess.DEVNULL, stdout=f, stderr=f)
    if not code:
        return
    with open(log, encoding="utf-8", errors="replace") as f:
        last = "".join("  " + line for line in f.readlines()[-LAST_LINES:])
    raise LabError(f"{what} could not be built; the end of {log}:\n{last.rstrip()}")


def earlier(word, say, root=ROOT):
    """The release build of an earlier commit, below build-base/<hash>; one that is there is used again."""
    commit = commit_of(word, root)
    folder = os.path.join(root, "build-base", commit)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two runs with the same base
        source, build = os.path.join(folder, "source"), os.path.join(folder, "build")
        if not os.path.isdir(build):
            say(f"building {commit[:10]} in {folder}")
        unpack(commit, source, root)
        compile_release(f"the base, commit {commit[:10]} ('{word}'),", os.path.join(folder, "build.log"), source, build)
    return Build("base", os.path.join(build, "bin"), commit)


def present(folder, say, root=ROOT):
    """The build of this tree: made now, unless `folder` names the programs."""
    if folder:
        return this(os.path.abspath(folder), root)
    build = os.path.join(root, "build-release")
    os.makedirs(build, exist_ok=True)
    say("building this tree")
    compile_release("this tree", os.path.join(build, "build.log"))
    return this(os.path.join(build, "bin"), root)
