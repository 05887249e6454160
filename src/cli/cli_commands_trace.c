/* cli_commands_trace.c - parameters and examples of trace, tail and replay. */
#include "cli/cli_command.h"

#define END                                                                                                                      \
	{                                                                                                                        \
		.arg = NULL                                                                                                      \
	}

const struct cli_param cli_params_trace_start[] = {
	{ .option = "scs",
	  .arg = "scs",
	  .kind = CLI_NAME,
	  .shown = "NAME",
	  .meaning = "messages of this SCS, and of its triggers" },
	{ .option = "device",
	  .arg = "device",
	  .kind = CLI_DEVICE,
	  .shown = "DEVICE",
	  .meaning = "messages about this device, as the SCS names it: local@domain or msisdn:DIGITS" },
	{ .option = "trigger",
	  .arg = "trigger",
	  .kind = CLI_NUM,
	  .max = UINT32_MAX,
	  .shown = "N",
	  .meaning = "messages about the trigger with this Reference-Number; needs --scs" },
	{ .option = "peer",
	  .arg = "peer",
	  .kind = CLI_TEXT,
	  .max = 63,
	  .shown = "NAME",
	  .meaning = "messages of this core peer" },
	{ .option = "pcap",
	  .arg = "pcap",
	  .kind = CLI_PATH,
	  .required = true,
	  .shown = "FILE",
	  .meaning = "the file, which must not exist yet; - for standard output" },
	{ .option = "seconds",
	  .arg = "seconds",
	  .kind = CLI_NUM,
	  .min = 1,
	  .max = 86400,
	  .shown = "N",
	  .meaning = "time of the trace; default and most: trace.time_max of the configuration" },
	{ .option = "octets",
	  .arg = "octets",
	  .kind = CLI_NUM,
	  .min = 65536,
	  .max = INT64_MAX,
	  .shown = "N",
	  .meaning = "size of the file in bytes; default and most: trace.size_max of the configuration" },
	{ .option = "unredacted",
	  .arg = "unredacted",
	  .kind = CLI_TRUE,
	  .meaning = "identities of devices and payloads as they are; without it, digests of them" },
	END,
};

const struct cli_param cli_params_trace_stop[] = {
	{ .arg = "number",
	  .kind = CLI_NUM,
	  .min = 1,
	  .max = UINT32_MAX,
	  .shown = "N",
	  .meaning = "number of the trace, as 'trace start' said it; default: the one that runs" },
	END,
};

const char cli_examples_trace_start[] =
    "  mtcctl trace start --scs acme --pcap acme.pcapng\n"
    "  mtcctl trace start --scs acme --trigger 41 --seconds 60 --pcap trigger.pcapng\n"
    "  mtcctl trace start --peer hss --pcap - | tshark -r -\n"
    "  mtcctl trace start --scs acme --unredacted --pcap acme.pcapng && sleep 60; mtcctl trace stop\n\n"
    "A message must match everything that is given. The file has the decrypted Diameter messages, which Wireshark and\n"
    "tshark open as they are. What names a device and what is sent to it is replaced by digests of the same length.\n"
    "There is one trace at a time; its start and its end stand in the decision log, with who asked for it. A trace never\n"
    "slows a trigger: messages without room are left out and counted. docs/user/traces.md says what is copied.\n";

const struct cli_param cli_params_tail[] = {
	{ .option = "scs", .arg = "scs", .kind = CLI_NAME, .shown = "NAME", .meaning = "only decisions about this SCS" },
	{ .option = "device",
	  .arg = "device",
	  .kind = CLI_DEVICE,
	  .shown = "DEVICE",
	  .meaning = "only decisions about this device, as the SCS named it" },
	{ .option = "verdict",
	  .arg = "verdict",
	  .kind = CLI_WORD,
	  .words = "accepted refused detected",
	  .shown = "WORD",
	  .meaning = "only decisions with this verdict" },
	{ .option = "reason",
	  .arg = "reason",
	  .kind = CLI_TEXT,
	  .max = 63,
	  .shown = "WORD",
	  .meaning = "only decisions with this reason (docs/user/status-codes.md)" },
	{ .option = "action",
	  .arg = "action",
	  .kind = CLI_WORD,
	  .words = CLI_ACTIONS,
	  .shown = "WORD",
	  .meaning = "only decisions about this" },
	{ .option = "count",
	  .arg = "count",
	  .kind = CLI_NUM,
	  .min = 1,
	  .max = INT64_MAX,
	  .shown = "N",
	  .meaning = "end after this many decisions; default: follow until interrupted" },
	END,
};

const char cli_examples_tail[] =
    "  mtcctl tail\n"
    "  mtcctl tail --scs acme --verdict refused\n"
    "  mtcctl --json tail --action trigger | jq .reason\n\n"
    "It asks the gateway, so rotating the decision log does not disturb it, and it needs no right to read that log. With\n"
    "--json each line is that of the decision log. A reader that is too slow has lines left out and is told how many.\n"
    "When the core starts again, tail connects again; what was decided meanwhile is in the decision log.\n";

const struct cli_param cli_params_replay[] = {
	{ .arg = "file",
	  .kind = CLI_PATH,
	  .required = true,
	  .shown = "FILE",
	  .meaning = "a trace made with --unredacted; - reads standard input" },
	{ .option = "changed",
	  .arg = "changed",
	  .kind = CLI_TRUE,
	  .meaning = "show only requests that are answered otherwise now" },
	END,
};

const char cli_examples_replay[] =
    "  mtcctl trace start --scs acme --unredacted --pcap acme.pcapng\n"
    "  mtcctl replay acme.pcapng\n"
    "  mtcctl --json replay acme.pcapng --changed\n\n"
    "Each request of an SCS (DAR) in the file passes the screening rows and the policy as they are now, with the limits\n"
    "for one request and the quota. Nothing is submitted or counted, and neither the HSS nor the SMS-SC is asked. The rate,\n"
    "the load and groups that certificates prove are left out. Exit code 1: an answer would be another one.\n";
