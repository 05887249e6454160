#!/usr/bin/python3
"""make_corpus - puts the vectors as octets where the fuzzers start from: corpus/<message>/<vector>, and all of them, cut into
pieces of several sizes, into corpus/frame, and what seeds.py has. Inputs that fuzzing found stay where they are.

usage: make_corpus.py [--check]     --check: write nothing, exit 1 when one is missing or stale"""
import os
import sys

sys.dont_write_bytecode = sys.pycache_prefix is None

from seeds import seeds

HERE = os.path.dirname(os.path.abspath(__file__))
VECTORS = os.path.join(os.path.dirname(HERE), "vectors")


def journals():
    """Steps of fuzz_journal.c: journals that open, and one of each kind that does not."""
    def record(number, length, kind=0):
        return bytes([0, number, length % 256, length // 256, kind])

    def commit(records=0, octets=0, seq=0, reserved=0):
        return bytes([1] + [n % 256 for n in (records, octets, seq, reserved)])

    def segment(number=0, prev_end=0, seq=0, oldest=0):
        return bytes([4] + [n % 256 for n in (number, prev_end, seq, oldest)])

    def spoil(back):  # octets in front of the end of the last commit, which is filled up to 4096
        return bytes([3, back % 256, back // 256, 1])

    one = record(1, 600) + record(2, 5000) + commit()
    two = record(3, 16384) + record(1, 0, 3) + commit()
    for name, steps in [("empty", b""), ("one", one), ("segments", one + two + segment() + one + segment() + two), ("torn", one + two + spoil(10000)),
                        ("damaged", one + spoil(3000) + two), ("filling", one + spoil(9) + two), ("gap", one + segment() + commit(seq=2)), ("repeated", one + commit(seq=-1)),
                        ("too-many-records", record(1, 9) + commit(records=1)), ("too-few-records", one + record(1, 9) + commit(records=-1)),
                        ("longer", record(1, 9) + commit(octets=1) + one), ("shorter", record(1, 900) + commit(octets=-2)),
                        ("huge", record(1, 9) + commit(octets=-128)), ("missing", one + segment(number=1) + one), ("elsewhere", one + segment(prev_end=1) + one),
                        ("before", one + two + segment(prev_end=-1) + one), ("truncated", one + bytes([5, 3])), ("short", one + bytes([5, 255, 5, 255])),
                        ("hole", one + bytes([6]) + one), ("delete-with-content", record(1, 1, 3) + commit()), ("reserved", one + commit(reserved=-100)),
                        ("octets", one + bytes([2, 4]) + bytes(range(64)) + one), ("old", segment() + one + segment(oldest=1) + one)]:
        yield os.path.join("journal", name), steps


def inputs():
    pieces = {0: b"", 6: b"", 99: b""}
    for file in sorted(os.listdir(VECTORS)):
        if not file.endswith(".txt"):
            continue
        with open(os.path.join(VECTORS, file), encoding="utf-8") as f:
            text = f.read()
        octets = bytes.fromhex(text.split("\nhex\n")[1].split("\nfields\n")[0].replace("\n", " "))
        message = text.split("\nmessage = ")[1].split("\n")[0].lower()
        yield os.path.join(message, file[:-4]), octets
        if message in ("cer", "cea"):
            yield os.path.join("capabilities", file[:-4]), bytes([3]) + octets
        if len(octets) < 400:
            for size in pieces:
                if len(pieces[size]) < 4000:
                    pieces[size] += octets
    for size, octets in pieces.items():
        yield os.path.join("frame", f"pieces-{size + 1}"), bytes([size]) + octets
    yield from journals()
    yield from seeds()
    yield os.path.join("frame", "version"), b"\x03" + bytes([2, 0, 0, 20]) + bytes(16)
    yield os.path.join("frame", "length"), b"\x03" + bytes([1, 0xFF, 0xFF, 0xFC]) + bytes(16)


def main():
    check = sys.argv[1:] == ["--check"]
    bad = []
    for name, octets in inputs():
        path = os.path.join(HERE, "corpus", name)
        if check:
            if not os.path.exists(path) or open(path, "rb").read() != octets:
                bad.append(name)
            continue
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(octets)
    for name in bad:
        print(f"{name}: not what make_corpus.py writes")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
