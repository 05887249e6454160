#!/bin/sh
# erlang-diameter-error-answers.sh - Erlang/OTP's Diameter client throws away answers with the E bit and a Result-Code of 5xxx, unless told otherwise.
#
# usage: findings/erlang-diameter-error-answers.sh
#
# Exit status: 0 the behaviour is as described, 1 it is another one, 77 not run: this version or the network is not available.
# Takes about 15 s, fetches 10 MB, and needs 30 MB in a temporary folder, which is removed at the end. Debian 12; root is not needed.
#
# Version: OTP's application diameter 2.2.7, package erlang-diameter 1:25.2.3+dfsg-1+deb12u4 of Debian 12, as the client.
#
# Expected by a careful reader
#   RFC 6733, 7.1.5 and 7.2: a permanent failure may be answered with the E bit set, when the answer of the application cannot be made. OTP
#   implements RFC 6733 by its manual, so diameter:call returns such an answer, as it does with one of 3xxx.
#
# Seen
#   1. By default, an answer of 3002 with the E bit is returned, one of 5012 is not: the caller gets {error,failure}, and no word of why.
#      OTP holds it against RFC 3588, whose error answers have 3xxx only.
#   2. With the dictionary of RFC 6733 for the common messages, which is an application of the service of its own
#      ({dictionary, diameter_gen_base_rfc6733}), both are returned.
#
# So a client with OTP's defaults cannot tell a refused request from a lost one.
set -eu
# shellcheck source=findings/common
. "$(dirname "$0")/common"
need python3 timeout
debian erlang-base=1:25.2.3+dfsg-1+deb12u4 erlang-diameter=1:25.2.3+dfsg-1+deb12u4

# The client. It asks once for each Result-Code of its command line and prints what it is told.
cat >client.erl <<'END'
-module(client).
-export([main/3, peer_up/3, peer_down/3, pick_peer/4, prepare_request/3, prepare_retransmit/3, handle_answer/4, handle_error/4]).

main(Port, Base, Codes) ->
	ok = diameter:start(),
	{ok, Version} = application:get_key(diameter, vsn),
	io:format("version ~s~n", [Version]),
	true = diameter:subscribe(svc),
	Common = case Base of
		default -> [];
		_ -> [{application, [{alias, common}, {dictionary, Base}, {module, ?MODULE}]}]
	end,
	ok = diameter:start_service(svc, [{'Origin-Host', "client.example"}, {'Origin-Realm', "example"}, {'Vendor-Id', 0}, {'Product-Name', "client"},
		{'Acct-Application-Id', [3]}, {application, [{alias, acct}, {dictionary, diameter_gen_base_accounting}, {module, ?MODULE}]} | Common]),
	{ok, _} = diameter:add_transport(svc, {connect, [{transport_module, diameter_tcp}, {transport_config, [{raddr, {127, 0, 0, 1}}, {rport, Port}]}]}),
	receive {diameter_event, svc, {up, _, _, _, _}} -> ok after 20000 -> halt(1) end,
	[io:format("told ~w ~s~n", [Code, told(ask(Code))]) || Code <- Codes],
	halt(0).

%% The server answers with what stands in Accounting-Record-Number.
ask(Code) ->
	diameter:call(svc, acct, ['ACR', {'Session-Id', diameter:session_id("client.example")}, {'Origin-Host', "client.example"},
		{'Origin-Realm', "example"}, {'Destination-Realm', "example"}, {'Accounting-Record-Type', 1}, {'Accounting-Record-Number', Code},
		{'Acct-Application-Id', 3}]).

told({error, Reason}) -> io_lib:format("error ~0p", [Reason]);
told({answer, Code}) -> io_lib:format("answer ~w", [Code]).

peer_up(_, _, State) -> State.
peer_down(_, _, State) -> State.
pick_peer([Peer | _], _, _, _) -> {ok, Peer}.
prepare_request(Packet, _, _) -> {send, Packet}.
prepare_retransmit(Packet, _, _) -> {send, Packet}.
%% An answer-message; its Result-Code is its third AVP in either dictionary.
handle_answer(Packet, _, _, _) -> {answer, result_code(element(4, Packet))}.
handle_error(Reason, _, _, _) -> {error, Reason}.

result_code(Answer) -> hd([N || N <- tuple_to_list(Answer), is_integer(N), N > 1000]).
END

cat >server.py <<'END'
import os
import socket
import struct
import subprocess
import sys

CE, REQUEST, ERROR, NUMBER, SESSION = 257, 0x80, 0x20, 485, 263
changed = False


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


def exactly(stream, count):
    data = stream.read(count)
    if len(data) < count:
        raise EOFError
    return data


def serve(connection):
    """A CEA of success; every other request gets an answer with the E bit and the Result-Code that it names."""
    stream = connection.makefile("rb")
    while True:
        head = exactly(stream, 20)
        body = exactly(stream, int.from_bytes(head[1:4], "big") - 20)
        code, asked, origin = int.from_bytes(head[5:8], "big"), avps(body), avp(264, b"server.example") + avp(296, b"example")
        if not head[4] & REQUEST:
            continue
        if NUMBER in asked:
            flags, answer = ERROR | head[4] & 0x40, avp(SESSION, asked[SESSION]) + origin + avp(268, struct.unpack("!I", asked[NUMBER])[0])
        else:
            flags, answer = 0, avp(268, 2001) + origin
            if code == CE:
                answer += avp(257, b"\0\1\x7f\0\0\1") + avp(266, 0) + avp(269, b"server") + avp(259, 3)
        connection.sendall(b"\1" + (20 + len(answer)).to_bytes(3, "big") + bytes([flags]) + head[5:] + answer)


def play(root, base, codes):
    """{code: what diameter:call returned} of a client with this dictionary of the common messages."""
    erlang = os.path.join(root, "usr/lib/erlang")
    bindir = [os.path.join(erlang, d, "bin") for d in os.listdir(erlang) if d.startswith("erts-")][0]
    env = {"PATH": os.environ["PATH"], "HOME": os.getcwd(), "ROOTDIR": erlang, "BINDIR": bindir, "EMU": "beam", "PROGNAME": "erl",
           "ERL_CRASH_DUMP": "/dev/null"}
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)
        start = f"{{ok, client}} = compile:file(client), client:main({server.getsockname()[1]}, {base}, {codes})."
        child = subprocess.Popen([os.path.join(bindir, "erlexec"), "-noshell", "-boot", os.path.join(erlang, "bin/start_clean"), "-eval", start],
                                 env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            connection = server.accept()[0]
            connection.settimeout(20)
            try:
                serve(connection)
            except (EOFError, OSError):
                pass
            said = child.communicate(timeout=20)[0]
        finally:
            child.kill()
    lines = [line.split(" ", 2) for line in said.splitlines()]
    if ["version", "2.2.7"] not in [line[:2] for line in lines]:
        print(f"not run: another version: {said}")
        sys.exit(77)
    return {int(line[1]): line[2] for line in lines if line[0] == "told"}


def check(told, code, expected):
    global changed
    changed = changed or told.get(code) != expected
    print(f"    {'as described' if told.get(code) == expected else 'CHANGED'}: an answer with the E bit and {code}: {told.get(code)}", flush=True)


print("1. by default")
told = play(sys.argv[1], "default", [3002, 5012])
check(told, 3002, "answer 3002")
check(told, 5012, "error failure")
print("2. with {dictionary, diameter_gen_base_rfc6733} for the common messages")
told = play(sys.argv[1], "diameter_gen_base_rfc6733", [3002, 5012])
check(told, 3002, "answer 3002")
check(told, 5012, "answer 5012")
print("the behaviour is another one" if changed else "as described")
sys.exit(int(changed))
END

timeout 100 python3 -B -u server.py "$folder/root"
