"""What tshark makes of SMPP on the wire."""
import os
import struct
import subprocess

from lablib import proc

from .capture import ERROR_SEVERITY

SMPP_PORT = 2775


def _run(*command, text=None):
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=proc.HANG_S, check=False)
    if done.returncode:
        raise proc.LabError(f"{command[0]}: {done.stderr}")
    return done.stdout


def _pieces(stream):
    """The PDUs of one direction."""
    while stream:
        n = max(4, struct.unpack(">I", stream[:4])[0]) if len(stream) >= 4 else len(stream)
        yield stream[:n]
        stream = stream[n:]


def _opened(file, port, keylog):
    """A capture of what was inside TLS, as if it had been sent in clear: tshark takes SMPP only from TCP. A PDU is a segment."""
    layers = ["-o", f"tls.keylog_file:{keylog}", "-d", f"tcp.port=={port},tls"]
    streams = sorted(set(_run("tshark", "-n", "-r", file, *layers, "-Y", "tls", "-T", "fields", "-e", "tcp.stream").split()), key=int)
    follow = [word for stream in streams for word in ("-z", f"follow,tls,raw,{stream}")]
    sides, dump = {}, []
    for line in _run("tshark", "-n", "-r", file, *layers, "-q", *follow).splitlines() + ["Follow: end"]:
        if line.startswith("Follow:"):
            dump += [f"{side}\n000000 {piece.hex(' ')}\n" for side, octets in sides.items() for piece in _pieces(octets)]
            sides = {"O": b"", "I": b""}
        elif line.strip() and not line.strip().strip("0123456789abcdef"):  # an indented line is of the other side
            sides["I" if line[0] == "\t" else "O"] += bytes.fromhex(line.strip())
    out = os.path.join(os.path.dirname(file), "opened.pcap")
    _run("text2pcap", "-q", "-D", "-T", f"40000,{SMPP_PORT}", "-", out, text="".join(dump))
    return out


def smpp_of(file, port, keylog=None):
    """(command ids, lines of tshark about what is malformed) of the SMPP to and from one port; with the file of secrets inside TLS. An error of
    any layer counts."""
    wrong = ""
    if keylog:
        wrong = _run("tshark", "-n", "-r", file, "-o", f"tls.keylog_file:{keylog}", "-d", f"tcp.port=={port},tls", "-Y", "_ws.malformed", "-V")
        file, port = _opened(file, port, keylog), SMPP_PORT
    layers = ["tshark", "-n", "-r", file, "-d", f"tcp.port=={port},smpp"]
    ids = _run(*layers, "-Y", "smpp", "-T", "fields", "-e", "smpp.command_id", "-E", "occurrence=a", "-E", "aggregator=,")
    wrong += _run(*layers, "-Y", f"tcp.port=={port} && (_ws.malformed || _ws.expert.severity == {ERROR_SEVERITY})", "-V")
    return [int(number, 16) for line in ids.split() for number in line.split(",")], wrong
