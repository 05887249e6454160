/* smssc_main.c - mtc-smssc: command line, start, signals, end. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/shown.h"
#include "base/stdfd.h"
#include "net/net_transport.h"
#include "nodes/common/node.h"
#include "nodes/common/node_daemon.h"
#include "nodes/smssc/smssc_tsp.h"

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
	smssc_sme_stop(s);
	smssc_tsp_stop(s);
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
	if (smssc_sme_tls(&s->sme_tls, &s->conf.identity, &s->conf.smes, lines, why)) {
		err = ERR_INVAL;
	}
	if (smssc_tsp_tls(s->tsp_tls, &s->conf.smes, lines, why)) {
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
				 err == ERR_IO ? net_bind_words(errno) : err_str(err));
	}
	if (smssc_sme_start(s, why)) {
		return node_fail(PROGRAM, "%s", why);
	}
	err = smssc_tsp_start(s);
	if (err) {
		return node_fail(PROGRAM, "smes.gateway: %s", err_str(err));
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
	smssc_tsp_end(s);
	smssc_sme_end(s);
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

/* -t: what only the start reads, too. */
static int check_only(const struct smssc *s, const struct node_daemon_start *how)
{
	char why[SMSSC_STORE_WHY_MAX];

	if (smssc_sme_try_subscribers(&s->conf.smes, why)) {
		fprintf(stderr, "%s: smes.subscribers: %s\n", PROGRAM, why);
		return NODE_EXIT_USAGE;
	}
	return node_daemon_valid(how, "configuration is valid");
}

static int start(const struct node_daemon_start *how)
{
	struct smssc *s = calloc(1, sizeof *s);
	int code;

	if (!s) {
		return node_fail(PROGRAM, "out of memory");
	}
	obj_begin(&s->obj, SMSSC_MAGIC);
	s->ue_fd = -1;
	code = node_start(&s->log, PROGRAM) ? NODE_EXIT_FAILURE : load(s, how->config);
	if (code == NODE_EXIT_OK && how->test_only) {
		code = check_only(s, how);
	} else if (code == NODE_EXIT_OK) {
		code = run(s);
	}
	tls_ctx_free(s->tls);
	tls_ctx_free(s->sme_tls);
	for (size_t i = 0; i < SME_LIST_MAX; i++) {
		tls_ctx_free(s->tsp_tls[i]);
	}
	log_fini(&s->log);
	OBJ_END(s, SMSSC_MAGIC);
	free(s);
	return code;
}

int main(int argc, char **argv)
{
	static const struct node_daemon self = {
		.program = PROGRAM,
		.test_help = "check the configuration, print every mistake, then end",
		.about = "mtc-smssc plays a short message service centre (SMS-SC) on the T4 interface (TS 29.337). It takes "
			 "device triggers from an\n"
			 "MTC-IWF, keeps them on disk until they are delivered or expire, delivers them to the devices that "
			 "mtc-ue plays, and\n"
			 "reports the outcome.\n",
		.more = "A first run:\n"
			"  1. Write smssc.yaml:\n"
			"       identity: { host: smssc.core.operator.example, realm: core.operator.example }\n"
			"       listen: { address: 127.0.0.1, port: 3869, protection: none }\n"
			"       state_dir: /var/lib/mtc-smssc\n"
			"       ue_socket: /run/mtc-smssc/ue.sock\n"
			"       sc_address: \"491770000000\"\n"
			"  2. Check it, then start:\n"
			"       mtc-smssc -c smssc.yaml -t\n"
			"       mtc-smssc -c smssc.yaml\n"
			"     When it accepts connections, it prints one line "
			"on standard output; the log is on standard error:\n"
			"       {\"event\":\"ready\",\"address\":\"127.0.0.1\",\"port\":3869}\n"
			"  3. Name it under 'peers' in the configuration of mtc-iwfd. 'mtcctl peers' shows the connection.\n"
			"  4. Connect a device; triggers for its IMSI are delivered now:\n"
			"       mtc-ue --link /run/mtc-smssc/ue.sock --state ue-state --imsi 001010000000001\n"
			"\n"
			"A trigger without Validity-Time is tried once. A trigger "
			"with one waits for its device until the time is over.\n"
			"With protection: tls, the keys certificate, key and anchors are "
			"required. allowed_hosts: [iwf.core.operator.example] limits\n"
			"who may connect.\n"
			"\n"
			"Signals:\n"
			"  SIGUSR1  print one line of counts on standard output: {\"event\":\"status\",...}\n"
			"  SIGHUP   open the events file again after rotation\n"
			"  SIGTERM  send a Disconnect-Peer-Request to every peer, then end\n"
			"\n"
			"Every key of the configuration: man mtc-smssc, examples/mtc-smssc.yaml.\n",
		.start = start,
	};

	return stdfd_open() ? NODE_EXIT_FAILURE : stdfd_end(PROGRAM, node_daemon_main(&self, argc, argv), NODE_EXIT_FAILURE);
}
