#!/usr/bin/python3
"""The files of a directory as a table of C: files.py OUT FILE... (csl_file.h)."""
import os
import sys

TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


def main():
    out, *paths = sys.argv[1:]
    rows = []
    with open(out, "w", encoding="ascii") as f:
        f.write('#include "console/csl_file.h"\n')
        for i, path in enumerate(paths):
            with open(path, "rb") as file:
                octets = file.read()
            f.write(f"static const unsigned char file_{i}[] = {{ {','.join(map(str, octets))} }};\n")
            name = os.path.basename(path)
            rows.append(f'\t{{ "{name}", "{TYPES[os.path.splitext(name)[1]]}", file_{i}, sizeof file_{i} }},\n')
        f.write("const struct csl_file csl_files[] = {\n" + "".join(rows) + "\t{ 0 },\n};\n")


main()
