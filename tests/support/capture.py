"""Captures on loopback and what tshark makes of them: an eye on the wire that we did not write."""
import collections
import os
import signal
import socket
import struct
import subprocess

from lablib import ports, proc

ERROR_SEVERITY = 8388608  # PI_ERROR of Wireshark's expert information


class Capture:
    """tcpdump on `lo` for some TCP endpoints (address, port), as root or through sudo. What others do there is not seen."""

    def __init__(self, folder, endpoints):
        self.file = os.path.join(folder, "capture.pcap")
        self.log = os.path.join(folder, "tcpdump.log")
        self.mark = socket.create_server((ports.own_address(), 0))
        expression = " or ".join(f"(host {address} and tcp port {port})" for address, port in [*endpoints, self.mark.getsockname()])
        command = ["tcpdump", "-i", "lo", "-U", "--immediate-mode", "-B", "4096", "-s", "0", "-w", self.file, expression]
        if os.geteuid() == 0:
            command[1:1] = ["-Z", "root"]
        else:
            command[:0] = ["sudo", "-n"]
        with open(self.log, "wb") as log:
            self.child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        proc.wait_until("tcpdump listens", self.listens)

    def listens(self):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            text = f.read()
        if self.child.poll() is not None:
            raise proc.LabError(f"tcpdump ended: {text}")
        return "listening on" in text

    def has_all_until_now(self):
        """A connection of our own comes after everything that was sent: once it is in the file, so is the rest. tcpdump does not look
        for what waits when it is told to end."""
        with socket.create_connection(self.mark.getsockname()) as s:
            connection = struct.pack(">HH", s.getsockname()[1], s.getpeername()[1])

        def in_file():
            with open(self.file, "rb") as f:
                return connection in f.read()
        proc.wait_until("tcpdump has written everything", in_file)

    def stop(self):
        if self.child.poll() is None:
            self.has_all_until_now()
            self.child.send_signal(signal.SIGINT)
        self.child.wait(timeout=proc.HANG_S)
        self.mark.close()


class Decode:
    """tshark with the laboratory's ports. `tls_port` is decoded with the keys of `keylog`."""

    def __init__(self, file, plain_ports, tls_port=None, keylog=None):
        # rdpmt (remote desktop) guesses before ports are looked at, and takes a CER inside TLS for a message of its own
        self.base = ["tshark", "-n", "-r", file, "--disable-protocol", "rdpmt"]
        for port in plain_ports:
            self.base += ["-d", f"tcp.port=={port},diameter"]
        if tls_port:
            self.base += ["-o", f"tls.keylog_file:{keylog}", "-d", f"tcp.port=={tls_port},tls", "-d", f"tls.port=={tls_port},diameter"]

    def run(self, *arguments):
        done = subprocess.run([*self.base, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=proc.HANG_S, check=False)
        if done.returncode:
            raise proc.LabError(f"tshark: {done.stderr}")
        return done.stdout

    def messages(self, port):
        """Counter of (command code, is request) on one port."""
        found = collections.Counter()
        text = self.run("-Y", f"diameter && tcp.port=={port}", "-T", "fields", "-e", "diameter.cmd.code", "-e", "diameter.flags.request")
        for line in text.splitlines():
            codes, requests = (column.split(",") for column in line.split("\t"))
            for code, request in zip(codes, requests):
                found[int(code), request.strip() in ("1", "True")] += 1
        return found

    def malformed(self):
        return self.run("-Y", f"_ws.malformed or _ws.expert.severity == {ERROR_SEVERITY}").splitlines()

    def full_text(self, port):
        return self.run("-Y", f"diameter && tcp.port=={port}", "-V")
