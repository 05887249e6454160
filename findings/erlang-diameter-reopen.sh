#!/bin/sh
# erlang-diameter-reopen.sh - Erlang/OTP's Diameter peer discards requests after a connection loss, but answers a Disconnect-Peer.
#
# usage: findings/erlang-diameter-reopen.sh
#
# Exit status: 0 the behaviour is as described, 1 it is another one, 77 not run: this version or the network is not available.
# Takes about 25 s, fetches 10 MB, and needs 30 MB in a temporary folder, which is removed at the end. Debian 12; root is not needed.
#
# Version: OTP's application diameter 2.2.7, package erlang-diameter 1:25.2.3+dfsg-1+deb12u4 of Debian 12, as the listening peer.
#
# Expected by a careful reader
#   A peer that answers the CER with a CEA of Result-Code 2001 answers the requests that follow, with an error if need be.
#   RFC 3539, 3.4.1, lets a peer begin in REOPEN instead, and discard every message but a DWA there: then it discards a DPR, too.
#
# Seen
#   1. First connection: CEA, no DWR, a request is answered at once.
#   2. Connection after an end without DPR: CEA with 2001, and a DWR with it. Requests are discarded without any answer until OTP has
#      its third DWA. The DWRs are one watchdog interval apart: 6 s with jitter here, and 60 s for the three with the default of 30 s.
#   3. The same again, after a reset instead of a close. A DPR with REBOOTING sent then is answered with a DPA of 2001.
#   4. Connection after this DPR and DPA: CEA, no DWR, a request is answered at once.
#
# So a client that sees a DWR with the CEA can disconnect with REBOOTING and connect again, instead of losing requests for a minute.
set -eu
# shellcheck source=findings/common
. "$(dirname "$0")/common"
need python3 timeout
debian erlang-base=1:25.2.3+dfsg-1+deb12u4 erlang-diameter=1:25.2.3+dfsg-1+deb12u4

# The listening peer. It prints its port, its version and the state changes of RFC 3539, and ends when its standard input ends.
cat >listener.erl <<'END'
-module(listener).
-export([main/0, peer_up/3, peer_down/3, handle_request/3]).

main() ->
	ok = diameter:start(),
	true = diameter:subscribe(svc),
	ok = diameter:start_service(svc, [{'Origin-Host', "otp.example"}, {'Origin-Realm', "example"}, {'Vendor-Id', 0},
		{'Product-Name', "listener"}, {'Host-IP-Address', [{127, 0, 0, 1}]}, {'Auth-Application-Id', [16#ffffffff]},
		{application, [{alias, relay}, {dictionary, diameter_gen_relay}, {module, ?MODULE}]}]),
	{ok, _} = diameter:add_transport(svc, {listen, [{watchdog_timer, 6000}, {transport_module, diameter_tcp},
		{transport_config, [{ip, {127, 0, 0, 1}}, {port, 0}, {reuseaddr, true}]}]}),
	{ok, Version} = application:get_key(diameter, vsn),
	io:format("version ~s~n", [Version]),
	io:format("port ~w~n", [port(100)]),
	Main = self(),
	spawn(fun() -> io:get_line(""), Main ! stop end),
	events().

port(0) -> halt(1);
port(Tries) ->
	case [P || {listen, P, _} <- diameter_tcp:ports()] of
		[Port | _] -> Port;
		[] -> timer:sleep(50), port(Tries - 1)
	end.

events() ->
	receive
		{diameter_event, svc, {watchdog, _, _, {From, To}, _}} -> io:format("watchdog ~w ~w~n", [From, To]), events();
		stop -> halt(0);
		_ -> events()
	after 120000 -> halt(1)
	end.

peer_up(_, _, State) -> State.
peer_down(_, _, State) -> State.
handle_request(_, _, _) -> {answer_message, 3002}.
END

cat >client.py <<'END'
import os
import queue
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

CE, DW, DP, ACCOUNTING = 257, 280, 282, 271
REQUEST, RELAY, REBOOTING = 0x80, 0xFFFFFFFF, 0
SOON = 1.0  # seconds: what comes within them came at once
LOOK = 0.3  # seconds between requests
REOPEN_MAX = 40.0  # seconds: three watchdog intervals of 6 s with jitter, and more


class NotRun(Exception):
    pass


class Changed(Exception):
    pass


def avp(code, value):
    data = struct.pack("!I", value) if isinstance(value, int) else value
    return struct.pack("!IB", code, 0x40) + (8 + len(data)).to_bytes(3, "big") + data + bytes(-len(data) % 4)


def message(flags, command, application, hop, end, *avps):
    body = b"".join(avps)
    head = b"\x01" + (20 + len(body)).to_bytes(3, "big") + bytes([flags]) + command.to_bytes(3, "big")
    return head + struct.pack("!III", application, hop, end) + body


ORIGIN = avp(264, b"client.example") + avp(296, b"example")


def result_code(body):
    while len(body) >= 8:
        code, length = struct.unpack("!I", body[:4])[0], int.from_bytes(body[5:8], "big")
        if code == 268:
            return struct.unpack("!I", body[8:12])[0]
        if length < 8:
            break
        body = body[length + (-length % 4):]
    return None


class Listener:
    """OTP as a child process; its lines arrive in a queue."""

    def __init__(self, root):
        erlang = os.path.join(root, "usr/lib/erlang")
        bindir = [os.path.join(erlang, d, "bin") for d in os.listdir(erlang) if d.startswith("erts-")][0]
        env = {"PATH": os.environ["PATH"], "HOME": os.getcwd(), "ROOTDIR": erlang, "BINDIR": bindir, "EMU": "beam", "PROGNAME": "erl",
               "ERL_CRASH_DUMP": "/dev/null"}
        start = "{ok, listener} = compile:file(listener), listener:main()."
        command = [os.path.join(bindir, "erlexec"), "-noshell", "-boot", os.path.join(erlang, "bin/start_clean"), "-eval", start]
        self.process = subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.lines = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line.strip())
        self.lines.put(None)

    def wait_for(self, start, error, seconds=20.0):
        """The next line that begins with `start`; `error` when there is none in time."""
        end, seen = time.monotonic() + seconds, []
        while True:
            try:
                line = self.lines.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                line = None
            if line is None:
                raise error(f"OTP did not say '{start}'; it said {seen}")
            if line.startswith(start):
                return line
            seen.append(line)

    def watchdog(self, change):
        """Waits for the next state change of OTP's watchdog, which is to be `change`."""
        line = self.wait_for("watchdog ", Changed)
        if line != "watchdog " + change:
            raise Changed(f"{line} of OTP, expected {change}")
        before, after = change.split()
        print(f"    OTP's watchdog: {before} -> {after}")

    def end(self):
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Connection:
    """One connection. It answers every DWR at once and keeps what arrived: (seconds after the CEA, flags, command, hop, Result-Code)."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=5)
        self.input, self.arrived, self.hop, self.dwas = b"", [], 0x1000, []
        self.zero = time.monotonic()
        avps = avp(257, b"\x00\x01\x7f\x00\x00\x01") + avp(266, 0) + avp(269, b"client") + avp(258, RELAY)
        hop = self.send(REQUEST, CE, 0, avps)
        self.read_until(lambda: self.answer(hop), 5)
        if not self.answer(hop):
            raise Changed("no CEA")
        self.zero += self.answer(hop)[0]
        self.cea = self.answer(hop)[4]
        # What came before now came with the CEA or within milliseconds after it.
        self.arrived = [(max(0.0, time.monotonic() - self.zero),) + m[1:] for m in self.arrived]
        self.dwas = [0.0 for _ in self.dwas]

    def now(self):
        return time.monotonic() - self.zero

    def send(self, flags, command, application, avps):
        self.hop += 1
        self.socket.sendall(message(flags, command, application, self.hop, self.hop, ORIGIN, avps))
        return self.hop

    def request(self):
        """Sends an accounting request (RFC 6733, 9.7.1), which OTP's relay application takes; returns its Hop-by-Hop Identifier."""
        avps = avp(263, b"client.example;1;%d" % self.hop) + avp(283, b"example") + avp(480, 1) + avp(485, 0) + avp(259, 3)
        return self.send(REQUEST | 0x40, ACCOUNTING, 3, avps)

    def answer(self, hop):
        found = [m for m in self.arrived if not m[1] & REQUEST and m[3] == hop]
        return found[0] if found else None

    def dwrs(self):
        return [m[0] for m in self.arrived if m[1] & REQUEST and m[2] == DW]

    def read_until(self, done, seconds):
        end = time.monotonic() + seconds
        while not done():
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.socket], [], [], left)[0]:
                return
            data = self.socket.recv(65536)
            if not data:
                raise Changed("OTP closed the connection")
            self.input += data
            self.take()

    def take(self):
        while len(self.input) >= 20:
            length = int.from_bytes(self.input[1:4], "big")
            if length < 20:
                raise Changed("OTP sent a message of less than 20 octets")
            if len(self.input) < length:
                return
            one, self.input = self.input[:length], self.input[length:]
            flags, command = one[4], int.from_bytes(one[5:8], "big")
            hop, end = struct.unpack("!II", one[12:20])
            self.arrived.append((self.now(), flags, command, hop, result_code(one[20:])))
            if flags & REQUEST and command == DW:
                self.socket.sendall(message(0, DW, 0, hop, end, avp(268, 2001), ORIGIN))
                self.dwas.append(self.now())

    def close(self, reset=False):
        if reset:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


def check(ok, text):
    print(f"    {'as described' if ok else 'CHANGED'}: {text}")
    if not ok:
        raise Changed(text)


def serves_at_once(port, listener):
    c = Connection(port)
    listener.watchdog("initial okay")
    c.read_until(lambda: False, SOON)
    check(c.cea == 2001 and not c.dwrs(), f"CEA {c.cea}, {len(c.dwrs())} DWR within {SOON:.0f} s")
    sent, hop = c.now(), c.request()
    c.read_until(lambda: c.answer(hop), SOON)
    a = c.answer(hop)
    check(a is not None, f"the request is answered after {(a[0] - sent) * 1000:.0f} ms ({a[4]})" if a else "the request is not answered")
    return c


def begins_in_reopen(port, listener):
    c = Connection(port)
    listener.watchdog("initial reopen")
    c.read_until(c.dwrs, SOON)
    d = c.dwrs()
    check(c.cea == 2001 and len(d) == 1, f"CEA {c.cea}, then a DWR after {d[0] * 1000:.0f} ms" if d else f"CEA {c.cea}, no DWR in {SOON:.0f} s")
    return c


def requests_until_answered(c):
    sent = []
    while c.now() < REOPEN_MAX and not any(c.answer(hop) for _, _, hop in sent):
        sent.append((c.now(), len(c.dwas), c.request()))
        c.read_until(lambda: False, LOOK)
    lost = [s for s in sent if not c.answer(s[2])]
    served = [s for s in sent if c.answer(s[2])]
    print("    DWAs sent " + ", ".join(f"{t:.1f}" for t in c.dwas) + " s after the CEA")
    check(len(lost) >= 3 and all(dwas < 3 for _, dwas, _ in lost), f"{len(lost)} requests without an answer, the last sent at "
          f"{lost[-1][0] if lost else 0:.1f} s, all before the third DWA")
    check(bool(served) and served[0][1] == 3, f"the first answered request was sent at {served[0][0]:.1f} s, after DWA {served[0][1]}"
          if served else f"no request is answered in {REOPEN_MAX:.0f} s")


def play(listener):
    version = listener.wait_for("version ", NotRun).split()[1]
    if version != "2.2.7":
        raise NotRun(f"diameter {version}, expected 2.2.7")
    port = int(listener.wait_for("port ", NotRun).split()[1])
    print(f"OTP diameter {version}, listening, watchdog_timer 6 s")

    print("1. first connection")
    c = serves_at_once(port, listener)
    c.close()
    listener.watchdog("okay down")

    print("2. connection after a close without DPR")
    c = begins_in_reopen(port, listener)
    requests_until_answered(c)
    listener.watchdog("reopen okay")
    c.close(reset=True)
    listener.watchdog("okay down")

    print("3. connection after a reset without DPR")
    c = begins_in_reopen(port, listener)
    hop = c.request()
    c.read_until(lambda: c.answer(hop), SOON)
    check(c.answer(hop) is None, f"the request has no answer after {SOON:.0f} s")
    hop = c.send(REQUEST, DP, 0, avp(273, REBOOTING))
    c.read_until(lambda: c.answer(hop), SOON)
    a = c.answer(hop)
    check(a is not None and a[4] == 2001, f"the DPR REBOOTING is answered with DPA {a[4]}" if a else "the DPR REBOOTING has no answer")
    c.close()
    listener.watchdog("reopen down")

    print("4. connection after this DPR and DPA")
    serves_at_once(port, listener).close()


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    listener = Listener(sys.argv[1])
    try:
        play(listener)
    except NotRun as e:
        print(f"not run: {e}")
        return 77
    except (Changed, OSError) as e:
        print(f"the behaviour is another one: {e}")
        return 1
    finally:
        listener.end()
    print("as described")
    return 0


sys.exit(main())
END

timeout 120 python3 -u client.py "$folder/root"
