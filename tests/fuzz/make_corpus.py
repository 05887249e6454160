#!/usr/bin/python3
"""make_corpus - puts the vectors as octets where the fuzzers start from: corpus/<message>/<vector>, and all of them, cut into
pieces of several sizes, into corpus/frame. Inputs that fuzzing found stay where they are.

usage: make_corpus.py [--check]     --check: write nothing, exit 1 when one is missing or stale"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
VECTORS = os.path.join(os.path.dirname(HERE), "vectors")


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
        if len(octets) < 400:
            for size in pieces:
                if len(pieces[size]) < 4000:
                    pieces[size] += octets
    for size, octets in pieces.items():
        yield os.path.join("frame", f"pieces-{size + 1}"), bytes([size]) + octets
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
