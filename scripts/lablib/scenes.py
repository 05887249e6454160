"""What scripts/demo and scripts/demo-ndsip have in common: a laboratory comes up, scenes are played one after the other, each ends in a line of
evidence, and all is removed."""
import argparse
import os
import shutil
import sys
import tempfile
import time

from . import ending, lab, proc


class NotTrue(Exception):
    """What a scene was to show did not happen."""


def demand(condition, what, saw):
    if not condition:
        raise NotTrue(f"{what}; saw: {saw}")


def play_all(p, scenes):
    """scenes: (letter, what it shows, function of p that returns its evidence). Returns how many did not come true."""
    false = 0
    for letter, what, scene in scenes:
        ending.write(f"({letter}) {what}")
        try:
            ending.write(f"    true: {scene(p)}")
        except (NotTrue, proc.LabError, OSError, KeyError) as e:
            false += 1
            ending.write(f"    NOT TRUE: {e}")
    return false


def _run(scenes, make, enter, keep):
    def say(text):
        ending.write(f"demo: {text}")
    folder = tempfile.mkdtemp(prefix="mtc-demo-")
    started, false = time.monotonic(), len(scenes)
    try:
        make(folder).up(say)
        p = enter(folder)
        try:
            false = play_all(p, scenes)
        finally:
            p.end_background()
        lab.down(folder, say)
    except proc.LabError as e:
        ending.write(f"demo: {e}", sys.stderr)
    finally:
        if os.path.exists(os.path.join(folder, lab.RECORD)):
            lab.down(folder, say)
        if (keep or false) and os.path.isdir(os.path.join(folder, "log")):
            ending.write(f"demo: logs are in {folder}/log")
        else:
            shutil.rmtree(folder)
    ending.write(f"demo: {len(scenes) - false} of {len(scenes)} scenes passed in {time.monotonic() - started:.0f} s" if false < len(scenes)
                 else "demo: nothing was shown")
    return 1 if false else 0


def main(name, words, scenes, make, enter):
    """The whole program. make(folder): the laboratory to bring up; enter(folder): what the scenes are given once it is up, with
    end_background()."""
    parser = argparse.ArgumentParser(prog=f"scripts/{name}", description=words, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", action="store_true", help="keep the laboratory's directory (logs, captures of output) for reading")
    options = parser.parse_args()
    ending.as_interrupt()
    try:
        sys.exit(_run(scenes, make, enter, options.keep))
    except KeyboardInterrupt:
        sys.exit(130)  # all that was up has been ended
