#!/bin/sh
# erlang-diameter-letter-case.sh - Erlang/OTP's Diameter compares hosts and realms octet by octet: a capital letter is another peer, or none.
#
# usage: findings/erlang-diameter-letter-case.sh
#
# Exit status: 0 the behaviour is as described, 1 it is another one, 77 not run: this version or the network is not available.
# Takes about 12 s, fetches 10 MB, and needs 30 MB in a temporary folder, which is removed at the end. Debian 12; root is not needed.
#
# Version: OTP's application diameter 2.2.7, package erlang-diameter 1:25.2.3+dfsg-1+deb12u4 of Debian 12.
#
# Expected by a careful reader
#   A DiameterIdentity is a domain name or a realm in the form of one (RFC 6733, 4.3.1), and domain names do not differ by the case of
#   their letters (RFC 4343). So the peer that says "hss.operator.example" in its CEA is the one that "HSS.Operator.Example" asks for.
#
# Seen, with a peer of Origin-Host hss.operator.example and Origin-Realm operator.example
#   1. diameter:call with the filter `realm` or {host, "hss.operator.example"}, and Destination-Realm operator.example: the request is answered.
#   2. With the filter `realm` and Destination-Realm Operator.Example, or with {host, "HSS.operator.example"}: {error,no_connection}, and nothing
#      reaches the peer.
#   3. As the listening end: a second connection with the same Origin-Host is refused (4003, as one connection for each peer is the
#      default); one that differs by a capital letter is taken (2001), as another peer.
#
# So whoever writes a capital letter in one place writes it in all: in the identity of a node, in its peers' tables, and in requests.
set -eu
# shellcheck source=findings/common
. "$(dirname "$0")/common"
need python3 timeout
debian erlang-base=1:25.2.3+dfsg-1+deb12u4 erlang-diameter=1:25.2.3+dfsg-1+deb12u4

# Connects to a peer at Port, asks once for each {Filter, Destination-Realm} and prints what it is told; then it listens.
cat >node.erl <<'END'
-module(node).
-export([main/2, peer_up/3, peer_down/3, pick_peer/4, prepare_request/3, prepare_retransmit/3, handle_answer/4, handle_error/4, handle_request/3]).

main(Port, Questions) ->
	ok = diameter:start(),
	{ok, Version} = application:get_key(diameter, vsn),
	io:format("version ~s~n", [Version]),
	true = diameter:subscribe(svc),
	ok = diameter:start_service(svc, [{'Origin-Host', "node.example"}, {'Origin-Realm', "example"}, {'Vendor-Id', 0}, {'Product-Name', "node"},
		{'Host-IP-Address', [{127, 0, 0, 1}]}, {'Acct-Application-Id', [3]},
		{application, [{alias, acct}, {dictionary, diameter_gen_base_accounting}, {module, ?MODULE}]}]),
	Address = {127, 0, 0, 1},
	{ok, _} = diameter:add_transport(svc, {connect, [{transport_module, diameter_tcp}, {transport_config, [{raddr, Address}, {rport, Port}]}]}),
	receive {diameter_event, svc, {up, _, _, _, _}} -> ok after 20000 -> halt(1) end,
	[io:format("told ~s~n", [told(ask(Filter, Realm))]) || {Filter, Realm} <- Questions],
	{ok, _} = diameter:add_transport(svc, {listen, [{transport_module, diameter_tcp}, {transport_config, [{ip, Address}, {port, 0}]}]}),
	io:format("port ~w~n", [port(100)]),
	io:get_line(""),
	halt(0).

port(0) -> halt(1);
port(Tries) ->
	case [P || {listen, P, _} <- diameter_tcp:ports()] of
		[Port | _] -> Port;
		[] -> timer:sleep(50), port(Tries - 1)
	end.

ask(Filter, Realm) ->
	diameter:call(svc, acct, ['ACR', {'Session-Id', diameter:session_id("node.example")}, {'Origin-Host', "node.example"}, {'Origin-Realm', "example"},
		{'Destination-Realm', Realm}, {'Accounting-Record-Type', 1}, {'Accounting-Record-Number', 0},
		{'Acct-Application-Id', 3}], [{filter, Filter}, {timeout, 5000}]).

told({error, Reason}) -> io_lib:format("~0p", [Reason]);
told(answered) -> "answered".

peer_up(_, _, State) -> State.
peer_down(_, _, State) -> State.
pick_peer([Peer | _], _, _, _) -> {ok, Peer}.
prepare_request(Packet, _, _) -> {send, Packet}.
prepare_retransmit(Packet, _, _) -> {send, Packet}.
handle_answer(_, _, _, _) -> answered.
handle_error(Reason, _, _, _) -> {error, Reason}.
handle_request(_, _, _) -> {answer_message, 3002}.
END

cat >play.py <<'END'
import os
import socket
import struct
import subprocess
import sys
import threading

CE, REQUEST, SESSION, HOST, REALM = 257, 0x80, 263, b"hss.operator.example", b"operator.example"
changed = False


def check(ok, text):
    global changed
    print(f"    {'as described' if ok else 'CHANGED'}: {text}", flush=True)
    changed = changed or not ok


def avp(code, value):
    data = struct.pack("!I", value) if isinstance(value, int) else value
    return struct.pack("!IB", code, 0x40) + (8 + len(data)).to_bytes(3, "big") + data + bytes(-len(data) % 4)


def avps(body):
    found = {}
    while body:
        length = int.from_bytes(body[5:8], "big")
        found[struct.unpack("!I", body[:4])[0]] = body[8:length]
        body = body[(length + 3) // 4 * 4:]
    return found


def capabilities(host, realm):
    return avp(264, host) + avp(296, realm) + avp(257, b"\0\1\x7f\0\0\1") + avp(266, 0) + avp(269, b"peer") + avp(259, 3)


def message(flags, rest, body):
    """`rest`: the octets of the header behind the flags."""
    return b"\1" + (20 + len(body)).to_bytes(3, "big") + bytes([flags]) + rest + body


def read(stream):
    """The flags, the rest of the header, and the AVPs."""
    head = stream.read(20)
    if len(head) < 20:
        raise EOFError
    return head[4], head[5:], avps(stream.read(int.from_bytes(head[1:4], "big") - 20))


class Peer:
    """Answers all requests with success and keeps the Destination-Realms."""

    def __init__(self):
        self.listener, self.asked = socket.create_server(("127.0.0.1", 0)), []
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        connection = self.listener.accept()[0]
        stream = connection.makefile("rb")
        try:
            while True:
                flags, rest, asked = read(stream)
                if not flags & REQUEST:
                    continue
                if SESSION in asked:
                    self.asked.append(asked[283].decode())
                    body = avp(SESSION, asked[SESSION]) + avp(268, 2001) + avp(264, HOST) + avp(296, REALM) + avp(480, 1) + avp(485, 0) + avp(259, 3)
                elif int.from_bytes(rest[:3], "big") == CE:
                    body = avp(268, 2001) + capabilities(HOST, REALM)
                else:
                    body = avp(268, 2001) + avp(264, HOST) + avp(296, REALM)
                connection.sendall(message(flags & 0x40, rest, body))
        except (EOFError, OSError):
            pass


def connect(port, host):
    """The Result-Code of the CEA, and the socket."""
    s = socket.create_connection(("127.0.0.1", port), 20)
    s.sendall(message(REQUEST, CE.to_bytes(3, "big") + struct.pack("!III", 0, 7, 7), capabilities(host, b"example")))
    return struct.unpack("!I", read(s.makefile("rb"))[2][268])[0], s


QUESTIONS = (("realm", "operator.example", "answered"), ('{host, "hss.operator.example"}', "operator.example", "answered"),
             ("realm", "Operator.Example", "no_connection"), ('{host, "HSS.operator.example"}', "operator.example", "no_connection"))


def start(root, port):
    erlang = os.path.join(root, "usr/lib/erlang")
    bindir = [os.path.join(erlang, d, "bin") for d in os.listdir(erlang) if d.startswith("erts-")][0]
    env = {"PATH": os.environ["PATH"], "HOME": os.getcwd(), "ROOTDIR": erlang, "BINDIR": bindir, "EMU": "beam", "PROGNAME": "erl",
           "ERL_CRASH_DUMP": "/dev/null"}
    asked = ", ".join(f'{{{f}, "{r}"}}' for f, r, _ in QUESTIONS)
    words = f"{{ok, node}} = compile:file(node), node:main({port}, [{asked}])."
    command = [os.path.join(bindir, "erlexec"), "-noshell", "-boot", os.path.join(erlang, "bin/start_clean"), "-eval", words]
    return subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def main():
    peer = Peer()
    node = start(sys.argv[1], peer.port)
    try:
        said = []
        for line in node.stdout:
            said.append(line.split())
            if said[-1][:1] == ["port"]:
                break
        if ["version", "2.2.7"] not in said or said[-1][:1] != ["port"]:
            print(f"not run: another version, or OTP does not start: {said}")
            return 77
        told = [words[1] for words in said if words[:1] == ["told"]]
        for number, (question, got) in enumerate(zip(QUESTIONS, told)):
            if number % 2 == 0:
                print("2. a capital letter" if number else "1. the same letters")
            check(got == question[2], f"filter {question[0]}, Destination-Realm {question[1]}: {got}")
        check(len(peer.asked) == 2 and len(told) == 4, f"{len(peer.asked)} of {len(told)} requests reached the peer")
        print("3. as the listening end")
        codes, held = [], []
        for host in (b"client.example", b"client.example", b"Client.example"):
            code, s = connect(int(said[-1][1]), host)
            codes.append(code)
            held.append(s)
        check(codes == [2001, 4003, 2001], f"Result-Codes for client.example, client.example, Client.example, one after the other: {codes}")
    finally:
        node.stdin.close()
        try:
            node.wait(5)
        except subprocess.TimeoutExpired:
            node.kill()
            node.wait()
    print("the behaviour is another one" if changed else "as described")
    return int(changed)


sys.exit(main())
END
timeout 100 python3 -B -u play.py "$folder/root"
