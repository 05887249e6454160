"""The signals that end a script which has processes running: Ctrl-C (SIGINT), SIGTERM, and SIGHUP, which comes when the terminal closes."""
import argparse
import contextlib
import os
import re
import signal
import sys

from lablib import nearest


def signals():
    """Those that end this script. SIGHUP is not one where it is ignored already: nohup asks for that."""
    return {signal.SIGINT, signal.SIGTERM} | ({signal.SIGHUP} if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN else set())


def as_interrupt():
    """From now on each of them raises KeyboardInterrupt, as Ctrl-C does; only the first, because what it starts is the orderly end.
    Returns them."""
    found = signals()

    def first(_signum, _frame):
        for each in found:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt

    for each in found:
        signal.signal(each, first)
    return found


@contextlib.contextmanager
def held():
    """They wait until this is over. For what starts a command whose work has to be undone: interrupted while it starts one, Python neither
    waits for the command nor ends it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def write(text, stream=None):
    """Prints a line. What is said to a terminal that has closed is lost and stops nothing."""
    stream = stream or sys.stdout
    try:
        print(text, file=stream, flush=True)
    except OSError:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)


class Parser(argparse.ArgumentParser):
    """Who reads --help may stop before its end: `| head`. A word that is unknown gets the nearest one that is known."""

    def error(self, message):
        super().error(message + self.meant(message))

    def meant(self, message):
        choice = re.search(r"invalid choice: '(.*)' \(choose from (.*)\)", message)
        option = re.search(r"unrecognized arguments: (-\S+)", message)
        if choice:
            return nearest.meant(choice.group(1), re.findall(r"'([^']*)'", choice.group(2)))
        return nearest.meant(option.group(1).split("=")[0], self._option_string_actions) if option else ""

    def print_help(self, file=None):
        write(self.format_help().rstrip("\n"), file)
