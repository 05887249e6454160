"""A command that takes minutes says now and then that it goes on."""
import contextlib
import threading
import time

EVERY_S = 20
NOW = time.monotonic


@contextlib.contextmanager
def told(what):
    """While this runs, a line each EVERY_S: `what`, and how long it has taken."""
    ended, started = threading.Event(), NOW()

    def tell():
        while not ended.wait(EVERY_S):
            print(f"=== {what}: {NOW() - started:.0f} s so far", flush=True)

    thread = threading.Thread(target=tell, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
