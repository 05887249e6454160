/* ue_main.c - mtc-ue: command line, start, signals, end. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/exit_codes.h"
#include "base/opts.h"
#include "base/stdfd.h"
#include "nodes/common/node.h"
#include "nodes/common/node_kv.h"
#include "nodes/ue/ue.h"

#define PROGRAM "mtc-ue"

enum {
	OPT_LINK = 1,
	OPT_STATE,
	OPT_IMSI,
	OPT_CONTROL,
	OPT_EXEC,
	OPT_EXEC_MAX,
	OPT_JOBS_MAX,
	OPT_PRINT,
	OPT_EVENTS,
	OPT_MESSAGES,
	OPT_PORT,
	OPT_REMEMBER,
	OPT_STATE_MAX,
	OPT_LOG,
	OPT_QUEUE,
	OPT_JSON,
	OPT_HELP,
	OPT_VERSION,
};

static const struct opt options[] = {
	{ OPT_LINK, 'l', "link", "SOCKET", "socket of the SMS-SC (ue_socket in its configuration). Required" },
	{ OPT_STATE, 's', "state", "DIR", "directory for what must survive a restart; created if missing. Required" },
	{ OPT_IMSI, 'i', "imsi", "FIRST[-LAST]", "devices to play; repeatable. Required" },
	{ OPT_PORT, 'p', "port", "N[-M]", "accept triggers for these application ports only; repeatable (every port)" },
	{ OPT_PRINT, 0, "print", NULL, "print each trigger as a line of JSON; the default without --exec" },
	{ OPT_EVENTS, 0, "events", "FILE", "append one line to FILE for each trigger, exactly once; not with --exec" },
	{ OPT_MESSAGES, 0, "messages", NULL, "take and print short messages that are no triggers, too" },
	{ OPT_EXEC, 'e', "exec", "CMD", "run this program for each trigger, with the payload on its standard input" },
	{ OPT_EXEC_MAX, 0, "exec-max", "N", "commands that run at the same time (8)" },
	{ OPT_JOBS_MAX, 0, "jobs-max", "N", "triggers that wait for a command; further ones are refused (1000)" },
	{ OPT_CONTROL, 0, "control", "SOCKET", "create this socket for 'mtc-ue ctl'" },
	{ OPT_REMEMBER, 0, "remember", "N", "delivery ids remembered, to detect repetitions (1000000)" },
	{ OPT_STATE_MAX, 0, "state-max", "MIB", "size limit of --state, in MiB (4096)" },
	{ OPT_LOG, 0, "log", "LEVEL", "error, warn, info or debug, on standard error (info)" },
	{ OPT_QUEUE, 0, "queue", "BYTES", "lines buffered for a slow reader of standard output or error (262144)" },
	{ OPT_JSON, 0, "json", NULL, "no effect: standard output is always JSON, that of ctl too" },
	{ OPT_HELP, 'h', "help", NULL, "print this text" },
	{ OPT_VERSION, 0, "version", NULL, "print name and version" },
	{ 0 },
};

static int help(void)
{
	printf("usage: " PROGRAM " --link SOCKET --state DIR --imsi FIRST[-LAST] [OPTION...]\n"
	       "       " PROGRAM " ctl SOCKET absent|present|full|empty|slow MS [IMSI|FIRST-LAST]\n"
	       "       " PROGRAM " ctl SOCKET submit IMSI NUMBER HEX [pid N] [dcs N] [header N] [report 1]\n"
	       "       " PROGRAM " ctl SOCKET status\n\n"
	       "mtc-ue plays one or many devices (UE, user equipment). It "
	       "connects to mtc-smssc, takes device triggers (short messages\n"
	       "with TP-PID 0x48), joins the parts of long ones, acts once on each trigger, and acknowledges it.\n"
	       "\n"
	       "Options (default in parentheses):\n");
	opts_help(stdout, options);
	printf(
	    "\n"
	    "Examples. One device that prints what it gets; the SMS-SC must be running (see mtc-smssc --help):\n"
	    "  mtc-ue --link /run/mtc-smssc/ue.sock --state ue-state --imsi 001010000000001\n"
	    "  {\"event\":\"ready\",\"link\":\"/run/mtc-smssc/ue.sock\",\"devices\":1}\n"
	    "Send a trigger from another terminal (see mtc-scs --help); this device prints, in one line:\n"
	    "  "
	    "{\"event\":\"trigger\",\"imsi\":\"001010000000001\",\"delivery_id\":4294967297,\"originator\":\"49170123456\","
	    "\"port\":16000,\n"
	    "   \"payload_hex\":\"01020304\",\"parts\":1,\"sent\":1737290096}\n"
	    "A thousand devices that run a program for each trigger to port 16000:\n"
	    "  mtc-ue --link ue.sock --state ue-state --imsi 001010000000001-001010000001000 --port 16000 --exec ./on-trigger\n"
	    "A device that can be switched off and on:\n"
	    "  mtc-ue --link ue.sock --state ue-state --imsi 001010000000001 --control ue.ctl\n"
	    "  mtc-ue ctl ue.ctl absent\n"
	    "  mtc-ue ctl ue.ctl present\n"
	    "\n"
	    "Other events on standard output: message, duplicate, ignored, "
	    "refused, replaced, command. docs/user/ue-link.md describes them.\n"
	    "\n"
	    "The program of --exec gets MTC_IMSI, MTC_PORT (empty if "
	    "the trigger has none), MTC_ORIGINATOR, MTC_DELIVERY_ID and\n"
	    "MTC_AGAIN (1: it may have been started for this trigger before) in its environment. No shell is used.\n"
	    "\n"
	    "Words of ctl; without an IMSI they apply to all devices:\n"
	    "  absent   unregistered: gets nothing, answers nothing    present  registered again\n"
	    "  full     refuses with \"memory capacity exceeded\"        empty    accepts again, and tells the SMS-SC\n"
	    "  slow MS  answers MS milliseconds late; 0: at once       status   print connection and counts\n"
	    "  submit   sends a short message with these bytes (8-bit "
	    "data) to the device with this number; the first N bytes are\n"
	    "           elements of a user data header. The answer of the SMS-SC is an event: submitted, cause 0: taken\n"
	    "\n"
	    "SIGHUP opens the events file again after rotation. SIGTERM, SIGINT and SIGQUIT shut down cleanly.\n"
	    "\n");
	exit_codes_help(stdout, EXIT_OF_NODE);
	return NODE_EXIT_OK;
}

static void on_signal(void *arg, int signum)
{
	struct ue *u = OBJ_OF(arg, struct ue, UE_MAGIC);

	if (signum == SIGHUP) {
		ue_take_reopen(u);
		return;
	}
	log_info(&u->log, "ue", "ending on signal %d", signum);
	net_loop_stop(u->loop);
}

static const char *io_words(int err)
{
	return err == ERR_IO ? strerror(errno) : err_str(err);
}

static int serve(struct ue *u)
{
	char why[UE_STATE_WHY_MAX];
	int err = ue_state_open(&u->state, u->state_dir, (uint64_t)u->state_mib << 20, NODE_LOCK_WAIT_MS, u->remember_max, why);

	if (err) {
		return node_fail(PROGRAM, "%s", why);
	}
	if (u->events_path && ue_take_events(u, why)) {
		return node_fail(PROGRAM, "%s", why);
	}
	err = ue_exec_start(u);
	if (!err) {
		err = ue_take_start(u);
	}
	if (err) {
		return node_fail(PROGRAM, "%s: %s", u->state_dir, err_str(err));
	}
	err = u->control_path ? ue_ctl_start(u) : 0;
	if (err) {
		return node_fail(PROGRAM, "%s: %s", u->control_path, io_words(err));
	}
	err = ue_link_start(u);
	if (!err) {
		err = net_loop_run(u->loop);
	}
	return err ? node_fail(PROGRAM, "%s", err_str(err)) : NODE_EXIT_OK;
}

static int run(struct ue *u)
{
	static const int numbers[] = { SIGTERM, SIGINT, SIGQUIT, SIGHUP };
	struct net_signal *signals[sizeof numbers / sizeof *numbers] = { NULL };
	int code = NODE_EXIT_FAILURE, err = node_out_init(&u->out, &u->log, u->queue_max);

	log_queue_max(&u->log, u->queue_max);
	if (!err) {
		err = net_loop_new(&u->loop);
	}
	for (size_t i = 0; !err && i < sizeof numbers / sizeof *numbers; i++) {
		err = net_signal_new(&signals[i], u->loop, numbers[i], on_signal, u);
	}
	if (err) {
		node_fail(PROGRAM, "%s", err_str(err));
	} else {
		code = serve(u);
	}
	if (u->state) {
		ue_take_end(u);
	}
	ue_ctl_end(u);
	ue_link_end(u);
	ue_exec_end(u);
	ue_state_close(u->state);
	node_events_close(u->events);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		net_signal_free(signals[i]);
	}
	if (u->loop) {
		net_loop_free(u->loop);
	}
	node_out_fini(&u->out);
	return code;
}

static int add_imsi(struct ue *u, const char *value)
{
	int err = ue_devices_add(&u->devices, value);

	if (!err) {
		return NODE_EXIT_OK;
	}
	return node_usage(PROGRAM, "--imsi %s: %s", value,
			  err == ERR_LIMIT    ? "more than 1000000 devices or 64 ranges"
			  : err == ERR_EXISTS ? "exists already"
			  : err == ERR_INVAL  ? "expected FIRST or FIRST-LAST, 6 to 15 digits each, as many in both"
					      : err_str(err));
}

static int add_number(uint32_t *out, const char *name, const char *value, uint32_t max)
{
	if (str_parse_u32(out, value, 1, max)) {
		return node_usage(PROGRAM, "--%s %s: expected a number from 1 to %u", name, value, max);
	}
	return NODE_EXIT_OK;
}

static int take_option(struct ue *u, int id, const char *value)
{
	uint32_t n;
	int code;

	switch (id) {
	case OPT_LINK:
		u->link_path = value;
		return NODE_EXIT_OK;
	case OPT_STATE:
		u->state_dir = value;
		return NODE_EXIT_OK;
	case OPT_CONTROL:
		u->control_path = value;
		return NODE_EXIT_OK;
	case OPT_EXEC:
		u->command = value;
		return NODE_EXIT_OK;
	case OPT_PRINT:
	case OPT_JSON:
		return NODE_EXIT_OK;
	case OPT_MESSAGES:
		u->messages = true;
		return NODE_EXIT_OK;
	case OPT_EVENTS:
		u->events_path = value;
		return NODE_EXIT_OK;
	case OPT_IMSI:
		return add_imsi(u, value);
	case OPT_PORT:
		return ue_ports_add(&u->ports, value) ? node_usage(PROGRAM, "--port %s: expected N or N-M, 0 to 65535", value)
						      : NODE_EXIT_OK;
	case OPT_EXEC_MAX:
		return add_number(&u->commands_max, "exec-max", value, 1024);
	case OPT_JOBS_MAX:
		return add_number(&u->jobs_max, "jobs-max", value, 1000000);
	case OPT_REMEMBER:
		code = add_number(&n, "remember", value, 100000000);
		u->remember_max = n;
		return code;
	case OPT_QUEUE:
		if (str_parse_u32(&u->queue_max, value, 4096, 67108864)) {
			return node_usage(PROGRAM, "--queue %s: expected a number from 4096 to 67108864", value);
		}
		return NODE_EXIT_OK;
	case OPT_STATE_MAX:
		return add_number(&u->state_mib, "state-max", value, 1048576);
	case OPT_LOG:
		return log_level_parse(&u->log.level, value)
			   ? node_usage(PROGRAM, "--log %s: expected error, warn, info or debug", value)
			   : NODE_EXIT_OK;
	default:
		return node_usage(PROGRAM, OPTS_UNEXPECTED, value);
	}
}

static int check(const struct ue *u, bool print)
{
	if (!u->link_path) {
		return node_usage(PROGRAM, "--link SOCKET is missing: where the SMS-SC is");
	}
	if (!u->state_dir) {
		return node_usage(PROGRAM, "--state DIR is missing: where devices remember what they did");
	}
	if (!u->devices.devices_n) {
		return node_usage(PROGRAM, "--imsi FIRST[-LAST] is missing: which devices to be");
	}
	if (u->events_path && u->command) {
		return node_usage(PROGRAM, "--events and --exec exclude each other");
	}
	if (print && u->command) {
		return node_usage(PROGRAM, "--print and --exec exclude each other");
	}
	return NODE_EXIT_OK;
}

static int play(struct ue *u, int argc, char **argv)
{
	struct opts o;
	const char *value;
	bool print = false;
	int id, code = NODE_EXIT_OK;

	opts_init(&o, options, argc - 1, (const char *const *)argv + 1);
	while (code == NODE_EXIT_OK && (id = opts_next(&o, &value)) != OPTS_END) {
		if (id == OPT_HELP) {
			return help();
		}
		if (id == OPT_VERSION) {
			return node_version(PROGRAM);
		}
		print = print || id == OPT_PRINT;
		code = id == ERR_INVAL ? node_usage(PROGRAM, "%s", o.why) : take_option(u, id, value);
	}
	if (code == NODE_EXIT_OK) {
		code = check(u, print);
	}
	return code == NODE_EXIT_OK ? run(u) : code;
}

static int command(int argc, char **argv)
{
	struct ue *u;
	int code;

	if (argc > 1 && strcmp(argv[1], "ctl") == 0) {
		if (argc < 4) {
			return node_usage(PROGRAM, "ctl: expected SOCKET absent|present|full|empty|slow MS [IMSI|FIRST-LAST], "
						   "SOCKET submit IMSI NUMBER HEX, or SOCKET status");
		}
		return ue_ctl_client(PROGRAM, argv[2], (const char *const *)argv + 3, argc - 3);
	}
	u = calloc(1, sizeof *u);
	if (!u) {
		return node_fail(PROGRAM, "out of memory");
	}
	obj_begin(&u->obj, UE_MAGIC);
	u->queue_max = WRITER_OCTETS;
	u->commands_max = 8;
	u->jobs_max = 1000;
	u->remember_max = 1000000;
	u->state_mib = 4096;
	code = map_init(&u->joins) || node_start(&u->log, PROGRAM) ? NODE_EXIT_FAILURE : play(u, argc, argv);
	ue_devices_fini(&u->devices);
	map_fini(&u->joins);
	log_fini(&u->log);
	OBJ_END(u, UE_MAGIC);
	free(u);
	return code;
}

int main(int argc, char **argv)
{
	return stdfd_open() ? NODE_EXIT_FAILURE : stdfd_end(PROGRAM, command(argc, argv), NODE_EXIT_FAILURE);
}
