/* smssc_main.c - mtc-smssc: command line, start, signals, end. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/shown.h"
#include "base/stdfd.h"
#include "nodes/common/node.h"
#include "nodes/common/node_daemon.h"
#include "nodes/smssc/smssc.h"

#define PROGRAM "mtc-smssc"

static void on_parted(void *arg)
{
	net_loop_stop(OBJ_OF(arg, struct smssc, SMSSC_MAGIC)->loop);
}

static void on_signal(void *arg, int signum)
{
	struct smssc *s = OBJ_OF(arg, struct smssc, SMSSC_MAGIC);

	if (signum == SIGUSR1) {
		smssc_status(s);
		return;
	}
	if (signum == SIGHUP) {
		smssc_reopen_events(s);
		return;
	}
	log_info(&s->log, "smssc", "ending on signal %d", signum);
	node_server_stop(s->server, on_parted, s);
}

/* All that is wrong, for -t and for the start. */
static int examine(struct smssc *s, const char *path, struct report *why)
{
	struct cfg_lines *lines = NULL;
	int err = smssc_conf_load(&s->conf, path, &lines, why);

	if (!lines) {
		return err;
	}
	if (node_listen_tls(&s->tls, &s->conf.identity, &s->conf.listen, lines, why)) {
		err = ERR_INVAL;
	}
	if (node_place_check("state_dir", s->conf.state_dir, S_IFDIR, lines, why)) {
		err = ERR_INVAL;
	}
	if (node_place_check("ue_socket", s->conf.ue_socket, S_IFSOCK, lines, why)) {
		err = ERR_INVAL;
	}
	if (node_place_check("events", s->conf.events, S_IFREG, lines, why)) {
		err = ERR_INVAL;
	}
	cfg_lines_free(lines);
	return err;
}

static int load(struct smssc *s, const char *path)
{
	static struct report why; /* too large for a stack that is kept small */
	int err = examine(s, path, &why);

	report_print(&why, stderr, PROGRAM);
	if (err) {
		return NODE_EXIT_USAGE;
	}
	s->log.level = (enum log_level)s->conf.log.level;
	log_queue_max(&s->log, s->conf.log.queue_max);
	return NODE_EXIT_OK;
}

static int serve(struct smssc *s)
{
	char why[SMSSC_STORE_WHY_MAX], address[SHOWN_ADDRESS_MAX];
	int err = smssc_open(s, why);

	if (err) {
		return node_fail(PROGRAM, "%s", why);
	}
	err = smssc_ues_start(s);
	if (err) {
		return node_fail(PROGRAM, "ue_socket %s: %s%s", s->conf.ue_socket, err == ERR_IO ? strerror(errno) : err_str(err),
				 err == ERR_IO && errno == ENOENT ? "; its directory has to be there" : "");
	}
	err = smssc_t4_start(s);
	if (err) {
		return node_fail(PROGRAM, "%s: %s", shown_address(address, s->conf.listen.address, s->conf.listen.port),
				 err == ERR_IO ? strerror(errno) : err_str(err));
	}
	log_info(&s->log, "smssc", "ready %s as %s, mobiles on %s",
		 shown_address(address, s->conf.listen.address, node_server_port(s->server)), s->conf.identity.host,
		 s->conf.ue_socket);
	node_out_ready(&s->out, s->conf.listen.address, node_server_port(s->server));
	err = net_loop_run(s->loop);
	return err ? node_fail(PROGRAM, "%s", err_str(err)) : NODE_EXIT_OK;
}

static int run(struct smssc *s)
{
	static const int numbers[] = { SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1 };
	struct net_signal *signals[sizeof numbers / sizeof *numbers] = { NULL };
	int code = NODE_EXIT_FAILURE, err = node_out_init(&s->out, &s->log, s->conf.log.queue_max);

	if (!err) {
		err = net_loop_new(&s->loop);
	}
	for (size_t i = 0; !err && i < sizeof numbers / sizeof *numbers; i++) {
		err = net_signal_new(&signals[i], s->loop, numbers[i], on_signal, s);
	}
	if (err) {
		node_fail(PROGRAM, "%s", err_str(err));
	} else {
		code = serve(s);
	}
	smssc_t4_end(s);
	smssc_close(s);
	smssc_ues_end(s);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		net_signal_free(signals[i]);
	}
	if (s->loop) {
		net_loop_free(s->loop);
	}
	node_out_fini(&s->out);
	return code;
}

static int start(const char *path, bool test_only)
{
	struct smssc *s = calloc(1, sizeof *s);
	int code;

	if (!s) {
		return node_fail(PROGRAM, "out of memory");
	}
	obj_begin(&s->obj, SMSSC_MAGIC);
	s->ue_fd = -1;
	code = node_start(&s->log, PROGRAM) ? NODE_EXIT_FAILURE : load(s, path);
	if (code == NODE_EXIT_OK && test_only) {
		printf("%s: configuration is valid\n", path);
	} else if (code == NODE_EXIT_OK) {
		code = run(s);
	}
	tls_ctx_free(s->tls);
	log_fini(&s->log);
	OBJ_END(s, SMSSC_MAGIC);
	free(s);
	return code;
}

int main(int argc, char **argv)
{
	static const struct node_daemon self = {
		.program = PROGRAM,
		.test_help = "check the configuration, then end",
		.about = "A short message service centre for the T4 interface (TS 29.337): it takes device triggers from an "
			 "MTC-IWF, keeps\n"
			 "them on disk until they are delivered or expire, delivers them to the mobiles that mtc-ue plays, and "
			 "reports the\n"
			 "outcome.\n",
		.more = "Configuration, for example smssc.yaml:\n"
			"  identity: { host: smssc.core.operator.example, realm: core.operator.example }\n"
			"  listen: { address: 127.0.0.1, port: 3869, protection: none }\n"
			"  state_dir: /var/lib/mtc-smssc\n"
			"  ue_socket: /run/mtc-smssc/ue.sock\n"
			"  sc_address: \"491770000000\"\n"
			"With protection tls: certificate, key and anchors. allowed_hosts: [iwf.core.operator.example] limits "
			"who may connect.\n"
			"examples/mtc-smssc.yaml and mtc-smssc(1) name every key.\n"
			"\n"
			"A trigger without validity time is tried once. One with it waits for its mobile until it returns or the "
			"time is over.\n"
			"SIGUSR1 writes one line of counts to stdout: {\"event\":\"status\",...}. SIGHUP opens the file of "
			"events again after\n"
			"rotation. SIGTERM ends with a DPR to every peer.\n"
			"When it can be connected to, one line on stdout says where:\n"
			"  {\"event\":\"ready\",\"address\":\"127.0.0.1\",\"port\":3869}\n",
		.start = start,
	};

	return stdfd_open() ? NODE_EXIT_FAILURE : stdfd_end(PROGRAM, node_daemon_main(&self, argc, argv), NODE_EXIT_FAILURE);
}
