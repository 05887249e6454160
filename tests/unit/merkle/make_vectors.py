#!/usr/bin/python3
"""make_vectors - writes vectors.h: roots, proofs and a signed note, computed from the definitions of RFC 6962 section 2.1 and of C2SP.

It shares no code with src/merkle: trees are whole lists here, and proofs are made by the recursive definition. usage: make_vectors.py > vectors.h"""
import base64
import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

# the list of the test vectors of Certificate Transparency
LIST = [b"", b"\x00", b"\x10", b"\x20\x21", b"\x30\x31", b"\x40\x41\x42\x43", bytes(range(0x50, 0x58)), bytes(range(0x60, 0x70))]
LARGE = [b"leaf %d" % n for n in range(70001)]


def sha(octets):
    return hashlib.sha256(octets).digest()


def half(n):
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def mth(leaves):
    if not leaves:
        return sha(b"")
    if len(leaves) == 1:
        return sha(b"\x00" + leaves[0])
    k = half(len(leaves))
    return sha(b"\x01" + mth(leaves[:k]) + mth(leaves[k:]))


def path(m, leaves):
    if len(leaves) == 1:
        return []
    k = half(len(leaves))
    return path(m, leaves[:k]) + [mth(leaves[k:])] if m < k else path(m - k, leaves[k:]) + [mth(leaves[:k])]


def subproof(m, leaves, whole):
    if m == len(leaves):
        return [] if whole else [mth(leaves)]
    k = half(len(leaves))
    if m <= k:
        return subproof(m, leaves[:k], whole) + [mth(leaves[k:])]
    return subproof(m - k, leaves[k:], False) + [mth(leaves[:k])]


def text(hashes):
    return "".join(h.hex() for h in hashes)


def main():
    seed = bytes(range(32))
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    origin = "iwf.example.net/audit"
    ident = sha(origin.encode() + b"\n\x01" + public)[:4]
    body = f"{origin}\n8\n{base64.b64encode(mth(LIST)).decode()}\n"
    note = f"{body}\n— {origin} {base64.b64encode(ident + key.sign(body.encode())).decode()}\n"
    print("/* vectors.h - made by make_vectors.py. */")
    print("static const char *const roots[] = {")
    for n in range(len(LIST) + 1):
        print(f'\t"{mth(LIST[:n]).hex()}",')
    print("};\n\nstatic const struct { uint64_t index, size; const char *hashes; } inclusions[] = {")
    for size in range(1, 9):
        for index in range(size):
            print(f'\t{{ {index}, {size}, "{text(path(index, LIST[:size]))}" }},')
    print("};\n\nstatic const struct { uint64_t before, size; const char *hashes; } consistencies[] = {")
    for size in range(1, 9):
        for before in range(1, size + 1):
            print(f'\t{{ {before}, {size}, "{text(subproof(before, LIST[:size], True))}" }},')
    print("};\n\n/* of the leaves \"leaf 0\", \"leaf 1\", ... */\nstatic const struct { uint64_t size; const char *root; } large[] = {")
    for size in (255, 256, 257, 65535, 65536, 70001):
        print(f'\t{{ {size}, "{mth(LARGE[:size]).hex()}" }},')
    print("};\n\n/* of the key with the seed 00 01 .. 1f */")
    print('static const char note[] = "' + note.replace("\n", '\\n').replace("—", '\\xe2\\x80\\x94"\n\t"') + '";')
    print(f'static const char vkey[] = "{origin}+{ident.hex()}+{base64.b64encode(bytes([1]) + public).decode()}";')


main()
