"""A notation for octets that people can write and read: tests/hostile/README.md explains it."""
import random
import re

TOKEN = re.compile(r'"([^"]*)"|(<[a-z0-9-]+>)|(/length)|/(\d+)|=(\d+)|(\d+) \* \(|(nested) (\d+) \(|(\))|([0-9a-f]{2}(?:[0-9a-f]{2})*)(?= |$)| +')


class NotationError(ValueError):
    """What is written is not in the notation."""


def tokens(text):
    """The tokens of one line without its comment."""
    at = 0
    while at < len(text):
        found = TOKEN.match(text, at)
        if not found or found.end() == at:
            raise NotationError(f"cannot read '{text[at:]}'")
        at = found.end()
        if found.group().strip():
            yield found


def without_comment(line):
    """A '#' in a text between quotes is none."""
    return re.match(r'(?:[^"#]|"[^"]*")*', line).group().rstrip()


class Octets:
    """Octets of what is written; `names` are pieces by name: octets, or a function that makes them."""

    def __init__(self, names):
        self.names = names

    def of(self, lines):
        """Octets of some lines: one message, or what looks like one."""
        found = [t for line in lines for t in tokens(without_comment(line).strip())]
        self.length_at = None
        octets, rest = self.run(found, 0, inside=False)
        assert rest == len(found)
        if self.length_at is not None:
            octets = octets[:self.length_at] + len(octets).to_bytes(3, "big") + octets[self.length_at + 3:]
        return octets

    def run(self, found, at, inside):
        octets = b""
        while at < len(found):
            text, name, length, u24, u32, times, nested, levels, end, digits = found[at].groups()
            at += 1
            if end:
                if not inside:
                    raise NotationError("a ')' that closes nothing")
                return octets, at
            if times or nested:
                part, at = self.run(found, at, inside=True)
                octets += part * int(times) if times else self.nest(part, int(levels))
            elif text is not None:
                octets += text.encode()
            elif name:
                octets += self.piece(name[1:-1])
            elif length:
                if inside or self.length_at is not None:
                    raise NotationError("/length is the length of the whole: once, outside of parentheses")
                self.length_at = len(octets)
                octets += bytes(3)
            elif u24:
                octets += int(u24).to_bytes(3, "big")
            elif u32:
                octets += int(u32).to_bytes(4, "big")
            else:
                octets += bytes.fromhex(digits)
        if inside:
            raise NotationError("a '(' that is not closed")
        return octets, at

    def nest(self, start, levels):
        """AVPs that contain one another: `start` is their code, flags and Vendor-Id, without a length."""
        if len(start) not in (5, 9):
            raise NotationError("nested: code and flags, and a Vendor-Id if there is one")
        octets = b""
        for _ in range(levels):
            octets = start[:5] + (len(start) + 3 + len(octets)).to_bytes(3, "big") + start[5:] + octets
        return octets

    def piece(self, name):
        found = self.names.get(name)
        if found is None:
            raise NotationError(f"there is no piece <{name}>")
        return found() if callable(found) else found


def read_pieces(path):
    """{name: octets} of a file of pieces: '<name>' at the start of a line, its octets indented below."""
    names, lines = {"id": lambda: random.getrandbits(32).to_bytes(4, "big")}, []
    with open(path, encoding="utf-8") as f:
        for line in [*f, "<>"]:
            line = without_comment(line)
            if line.startswith("<"):
                if lines:
                    name, *body = lines
                    names[name.strip("<> ")] = Octets(dict(names)).of(body)
                lines = [line]
            elif line.strip():
                lines.append(line)
    return names


__all__ = ["NotationError", "Octets", "read_pieces", "without_comment"]
