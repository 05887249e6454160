%% otp.erl - Erlang/OTP's Diameter as an HSS, an SMS-SC, an SCS and a relay, all in one virtual machine. It takes Erlang terms from its standard input, prints
%% a line of JSON for each thing that happens, and ends with its input.
-module(otp).
-export([main/1]).
-export([peer_up/4, peer_down/4, pick_peer/5, prepare_request/4, prepare_retransmit/4, handle_answer/5, handle_error/5, handle_request/4]).

-define(VENDOR, 10415).

%% Folder: where the dictionaries are.
main(Folder) ->
	ok = ssl:start(),
	ok = diameter:start(),
	[dictionary(Folder, Name) || Name <- ["s6m", "t4", "tsp"]],
	ets:new(held, [named_table, public]),
	{ok, Version} = application:get_key(diameter, vsn),
	say(#{event => version, version => list_to_binary(Version)}),
	commands().

%% Later dictionaries inherit from earlier ones, which must be loaded by then.
dictionary(Folder, Name) ->
	{ok, [Forms]} = diameter_make:codec(filename:join(Folder, Name ++ ".dia"), [forms, return]),
	{ok, Module, Code} = compile:forms(Forms),
	{module, Module} = code:load_binary(Module, Name, Code).

commands() ->
	case io:read("") of
		{ok, Command} ->
			spawn_link(fun() -> command(Command) end),
			commands();
		eof -> init:stop()
	end.

%% Base: see start(). Module: the transport. Tls: options of ssl; [] is in clear.
command({start, Service, Host, Realm, Base}) ->
	start(Service, Host, Realm, Base),
	say(#{event => started, service => Service});
command({listen, Service, Module, Addresses, Tls}) ->
	Ref = transport(Service, listen, Module, [{ip, address(A)} || A <- Addresses] ++ [{port, 0}, {reuseaddr, true} | Tls]),
	say(#{event => ready, service => Service, port => port(Module, Ref, 200)});
command({connect, Service, Module, Address, Port, Tls}) ->
	transport(Service, connect, Module, [{raddr, address(Address)}, {rport, Port} | Tls]);
%% Takes its leave with a DPR.
command({leave, Service}) ->
	ok = diameter:remove_transport(Service, true),
	say(#{event => left, service => Service});
%% What the service does with the next request: answer (the default), silent, cut (no answer, and the connection ends), {result, Code},
%% {experimental, Code}, {protocol_error, Code}, hold (until {release, Service} answers it).
command({next, Service, What}) ->
	ets:insert(held, {{next, Service}, What}),
	say(#{event => next, service => Service});
command({release, Service}) ->
	[{_, Waiting}] = ets:lookup(held, {waiting, Service}),
	Waiting ! release;
command({ask, Service, Name, Message}) ->
	say(#{event => answer, service => Service, answer => answered(diameter:call(Service, Service, [Name | Message], [{timeout, 20000}]))});
%% The connection that the next requests of Service would use ends without a DPR.
command({cut, Service}) ->
	[{_, Peer}] = ets:lookup(held, {last, Service}),
	cut(Service, Peer).

address(Text) ->
	{ok, Address} = inet:parse_address(Text),
	Address.

answered({error, Reason}) -> #{error => word(Reason)};
answered(Answer) -> Answer.

%% Base: rfc3588, which is OTP's default, or rfc6733: the dictionary of what every application has.
start(Service, Host, Realm, Base) ->
	Dictionary = dictionary_of(Service),
	Application = [{alias, Service}, {dictionary, Dictionary}, {module, [?MODULE, Service]}, {answer_errors, callback}],
	Capabilities = [{'Origin-Host', Host}, {'Origin-Realm', Realm}, {'Vendor-Id', 0}, {'Product-Name', "OTP"}, announced(Dictionary, Base)],
	Options = [{decode_format, map}, {string_decode, false}, {application, Application}] ++ base(Base) ++ several(Service),
	ok = diameter:start_service(Service, Capabilities ++ Options),
	Self = self(),
	spawn(fun() -> true = diameter:subscribe(Service), Self ! subscribed, events(Service) end),
	receive subscribed -> ok end.

%% The older grammar lets an application have several vendors.
announced(diameter_gen_relay, _) ->
	{'Auth-Application-Id', [diameter_gen_relay:id()]};
announced(Dictionary, Base) ->
	Vendor = case Base of rfc3588 -> [?VENDOR, 13019]; rfc6733 -> ?VENDOR end,
	{'Vendor-Specific-Application-Id', [{'diameter_base_Vendor-Specific-Application-Id', Vendor, [Dictionary:id()], []}]}.

base(rfc3588) -> [];
base(rfc6733) -> [{application, [{alias, common}, {dictionary, diameter_gen_base_rfc6733}, {module, [?MODULE, common]}]}].

%% The SCS may have several connections to the gateway. Where a peer may have one only, OTP begins the next one in REOPEN after a loss.
several(scs) -> [{restrict_connections, false}];
several(_) -> [].

dictionary_of(hss) -> s6m;
dictionary_of(smssc) -> t4;
dictionary_of(scs) -> tsp;
dictionary_of(relay) -> diameter_gen_relay;
dictionary_of(asks_hss) -> s6m; % an MTC-IWF, towards each of its peers
dictionary_of(asks_smssc) -> t4.

transport(Service, Kind, Module, Config) ->
	{ok, Ref} = diameter:add_transport(Service, {Kind, [{transport_module, Module}, {transport_config, Config}, {watchdog_timer, 6000}]}),
	Ref.

port(Module, Ref, Tries) when Tries > 0 ->
	case [P || {listen, P, _} <- Module:ports(Ref)] of
		[Port | _] -> Port;
		[] -> timer:sleep(20), port(Module, Ref, Tries - 1)
	end.

%% The process with the socket ends, and with it the connection.
cut(Service, Peer) ->
	[Owner] = [proplists:get_value(owner, proplists:get_value(port, C)) || C <- diameter:service_info(Service, connections),
		element(1, proplists:get_value(peer, C)) == Peer],
	exit(Owner, kill).

events(Service) ->
	receive
		{diameter_event, Service, {watchdog, _, _, {From, To}, _}} -> say(#{event => watchdog, service => Service, from => From, to => To});
		{diameter_event, Service, {closed, _, Reason, _}} -> say(#{event => closed, service => Service, reason => text(element(1, Reason))});
		{diameter_event, Service, {up, _, _, _, _}} -> say(#{event => up, service => Service});
		_ -> ok
	end,
	events(Service).

%% -- the callbacks of diameter_app; Service is the extra argument

peer_up(_, {Peer, _}, State, Service) ->
	ets:insert(held, {{last, Service}, Peer}),
	State.

peer_down(_, _, State, _) -> State.

pick_peer([], _, _, _, _) -> false;
pick_peer(Local, _, _, _, Service) ->
	{Peer, _} = Chosen = lists:last(Local),
	ets:insert(held, {{last, Service}, Peer}),
	{ok, Chosen}.

%% Of a request of our own the identities are added that every one has.
prepare_request(Packet, _, _, relay) ->
	{send, Packet};
prepare_request(Packet, _, {_, Caps}, _) ->
	[Name | Message] = element(4, Packet),
	{Host, PeerHost} = element(2, Caps),
	{Realm, PeerRealm} = element(3, Caps),
	Own = #{'Session-Id' => diameter:session_id(Host), 'Origin-Host' => Host, 'Origin-Realm' => Realm, 'Destination-Realm' => PeerRealm,
		'Auth-Session-State' => 1},
	More = if Name == 'DAR' -> #{'Auth-Application-Id' => tsp:id()}; true -> #{'Destination-Host' => PeerHost} end,
	{send, [Name | maps:merge(maps:merge(Own, More), Message)]}.

prepare_retransmit(Packet, _, _, Service) ->
	say(#{event => retransmit, service => Service}),
	{send, Packet}.

handle_answer(Packet, _, _, _, relay) ->
	Packet;
handle_answer(Packet, _, _, _, _) ->
	[Name | Message] = element(4, Packet),
	#{name => Name, message => Message, errors => errors(Packet)}.

handle_error(Reason, _, _, _, _) -> {error, Reason}.

%% A relay knows where a request goes by its Destination-Host.
handle_request(_, _, _, relay) ->
	{relay, [{filter, host}, {timeout, 10000}]};
handle_request(Packet, _, {Peer, Caps}, Service) ->
	Header = element(2, Packet),
	[Name | Message] = element(4, Packet),
	say(#{event => request, service => Service, name => Name, message => Message, errors => errors(Packet), retransmitted => element(11, Header),
		'end' => element(7, Header)}),
	answer(next(Service), Service, Peer, Name, Message, Caps).

next(Service) ->
	case ets:take(held, {next, Service}) of
		[{_, What}] -> What;
		[] -> answer
	end.

answer(cut, Service, Peer, _, _, _) ->
	cut(Service, Peer),
	discard;
answer(silent, _, _, _, _, _) ->
	discard;
answer(hold, Service, Peer, Name, Message, Caps) ->
	ets:insert(held, {{waiting, Service}, self()}),
	receive release -> ok end,
	answer(answer, Service, Peer, Name, Message, Caps);
answer({protocol_error, Code}, _, _, _, _, _) ->
	{protocol_error, Code};
answer(What, _, _, Name, #{'Session-Id' := Session} = Message, Caps) ->
	Common = #{'Session-Id' => Session, 'Origin-Host' => element(1, element(2, Caps)), 'Origin-Realm' => element(1, element(3, Caps)),
		'Auth-Session-State' => 1},
	{reply, [answer_of(Name) | maps:merge(Common, content(What, Name, Message))]}.

content({result, Code}, _, _) ->
	#{'Result-Code' => [Code]};
content({experimental, Code}, _, _) ->
	#{'Experimental-Result' => [#{'Vendor-Id' => ?VENDOR, 'Experimental-Result-Code' => Code}]};
content(answer, 'SIR', #{'User-Identifier' := #{'External-Identifier' := [Device]}}) ->
	Number = binary_to_integer(hd(string:lexemes(binary:part(Device, 6, byte_size(Device) - 6), "@"))),
	Node = #{'MME-Name' => ["mme.core.operator.example"], 'MME-Realm' => ["core.operator.example"],
		'MME-Number-for-MT-SMS' => [<<16#94, 16#71, 16#77>>]},
	#{'Result-Code' => [2001], 'User-Identifier' => [#{'User-Name' => [io_lib:format("~15..0w", [1010000000000 + Number])]}],
		'Service-Data' => [#{'T4-Data' => [#{'Serving-Node' => [Node]}]}]};
content(answer, 'DNR', _) ->
	#{'Result-Code' => [2001], 'Auth-Application-Id' => tsp:id()};
content(answer, 'DTR', _) ->
	#{'Result-Code' => [2001], 'Supported-Features' => [#{'Vendor-Id' => ?VENDOR, 'Feature-List-ID' => 1, 'Feature-List' => 1}]};
content(answer, _, _) ->
	#{'Result-Code' => [2001]}.

answer_of('SIR') -> 'SIA';
answer_of('DTR') -> 'DTA';
answer_of('DRR') -> 'DRA';
answer_of('DNR') -> 'DNA'.

errors(Packet) -> [text(E) || E <- element(6, Packet)].

%% -- JSON

say(Event) -> io:put_chars([json(Event), $\n]).

text(Term) -> list_to_binary(io_lib:format("~0p", [Term])).

word(Reason) when is_atom(Reason) -> Reason;
word(Reason) -> text(Reason).

json(Map) when is_map(Map) -> [${, lists:join($,, [[json(K), $:, json(V)] || {K, V} <- maps:to_list(Map)]), $}];
json(true) -> "true";
json(false) -> "false";
json(Atom) when is_atom(Atom) -> json(atom_to_binary(Atom));
json(Number) when is_integer(Number) -> integer_to_list(Number);
json(List) when is_list(List) -> [$[, lists:join($,, [json(V) || V <- List]), $]];
json(Octets) when is_binary(Octets) -> [$", [octet(O) || <<O>> <= Octets], $"];
json(Other) -> json(text(Other)).

%% Octets are the characters of the same number.
octet(O) when O < 32; O > 126; O == $"; O == $\\ -> io_lib:format("\\u~4.16.0b", [O]);
octet(O) -> O.
