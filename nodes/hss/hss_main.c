/* hss_main.c - mtc-hss: command line, start, signals, end. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/obj.h"
#include "base/shown.h"
#include "base/stdfd.h"
#include "net/net_transport.h"
#include "nodes/common/node.h"
#include "nodes/common/node_daemon.h"
#include "nodes/common/node_out.h"
#include "nodes/hss/hss_conf.h"
#include "nodes/hss/hss_reload.h"
#include "nodes/hss/hss_server.h"

#define PROGRAM "mtc-hss"

#define HSS_MAGIC 0xb1873047u
struct hss {
	struct obj obj;
	struct log log;
	struct hss_conf conf;
	struct node_server_conf listen;
	struct net_sctp_ends sctp; /* of listen */
	const char *allowed[NODE_ALLOWED_MAX];
	struct tls_ctx *tls;
	struct net_loop *loop;
	struct net_signal *signals[5];
	struct node_out out;
	struct node_server *server;
	struct hss_reload *reload;
	struct hss_server state;
};
OBJ_FIRST(struct hss);

static void on_parted(void *arg)
{
	struct hss *h = OBJ_OF(arg, struct hss, HSS_MAGIC);

	net_loop_stop(h->loop);
}

static void on_signal(void *arg, int signum)
{
	struct hss *h = OBJ_OF(arg, struct hss, HSS_MAGIC);

	if (signum == SIGHUP || signum == SIGUSR1) {
		hss_reload_start(h->reload, signum == SIGUSR1);
		return;
	}
	log_info(&h->log, "hss", "ending on signal %d", signum);
	node_server_stop(h->server, on_parted, h);
}

/* False: no name differs only in case from another. */
static bool twins_text(const struct hss *h, char text[HSS_STORE_WHY_MAX])
{
	const struct hss_twins *t = hss_store_twins(h->state.self.store);
	char n[SHOWN_COUNT_MAX];

	if (t->n) {
		snprintf(text, HSS_STORE_WHY_MAX,
			 "%s:%u: '%s' differs only in case from '%s' on line %u: they are two devices (%s in the file)",
			 h->conf.subscribers, t->second_line, t->second, t->first, t->first_line,
			 shown_count(n, t->n, "such name"));
	}
	return t->n > 0;
}

static void on_reloaded(void *arg, struct hss_store *store, const char *why)
{
	struct hss *h = OBJ_OF(arg, struct hss, HSS_MAGIC);
	char n[SHOWN_COUNT_MAX], text[HSS_STORE_WHY_MAX];

	if (!store) {
		log_error(&h->log, "hss", "%s; the subscribers read before stay", why);
		return;
	}
	hss_store_free(h->state.self.store);
	h->state.self.store = store;
	log_info(&h->log, "hss", "%s read again from %s", shown_count(n, hss_store_count(store), "subscriber"),
		 h->conf.subscribers);
	if (twins_text(h, text)) {
		log_warn(&h->log, "hss", "%s", text);
	}
}

static const struct node_server_cb server_cb = { .on_request = hss_server_on_request };

/* All that is wrong, for -t and for the start. */
static int examine(struct hss *h, const char *path, struct report *why)
{
	char words[HSS_STORE_WHY_MAX];
	struct cfg_lines *lines = NULL;
	int err = hss_conf_load(&h->conf, path, &lines, why);

	if (lines && node_listen_tls(&h->tls, &h->conf.identity, &h->conf.listen, lines, why)) {
		err = ERR_INVAL;
	}
	if (lines && cfg_sound(lines, "subscribers") &&
	    (hss_store_load(&h->state.self.store, h->conf.subscribers, words) ||
	     hss_store_enough(h->state.self.store, h->conf.subscribers_min, h->conf.subscribers, words))) {
		report_add(why, REPORT_ERROR, "%s", words);
		err = ERR_INVAL;
	}
	if (h->state.self.store && twins_text(h, words)) {
		report_add(why, REPORT_WARNING, "%s", words);
	}
	cfg_lines_free(lines);
	return err;
}

static int load(struct hss *h, const char *path)
{
	static struct report why; /* too large for a stack that is kept small */
	uint64_t started_ms = clock_mono_ms();
	char n[SHOWN_COUNT_MAX];
	int err = examine(h, path, &why);

	report_print(&why, stderr, PROGRAM);
	if (err) {
		return NODE_EXIT_USAGE;
	}
	h->log.level = (enum log_level)h->conf.log.level;
	log_queue_max(&h->log, h->conf.log.queue_max);
	log_info(&h->log, "hss", "%s read from %s in %u ms", shown_count(n, hss_store_count(h->state.self.store), "subscriber"),
		 h->conf.subscribers, (unsigned)(clock_mono_ms() - started_ms));
	return NODE_EXIT_OK;
}

static void prepare(struct hss *h)
{
	h->state.self.host = h->conf.identity.host;
	h->state.self.realm = h->conf.identity.realm;
	h->state.log = &h->log;
	for (size_t i = 0; i < h->conf.allowed_hosts_n; i++) {
		h->allowed[i] = h->conf.allowed_hosts[i];
	}
	h->listen = (struct node_server_conf){
		.address = h->conf.listen.address,
		.sctp = node_listen_sctp(&h->sctp, &h->conf.listen),
		.port = h->conf.listen.port,
		.tls = h->tls,
		.allowed = h->allowed,
		.allowed_n = h->conf.allowed_hosts_n,
		.connections_max = h->conf.connections_max,
	};
	node_link_conf(&h->listen.link, &h->conf.identity, &h->log);
	h->listen.link.applications[0] = APP_S6M;
	h->listen.link.applications_n = 1;
	h->listen.link.watchdog_ms = (uint32_t)h->conf.watchdog_ms;
}

static int run(struct hss *h)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1 };
	struct hss_reload_conf reload = { h->conf.subscribers, h->conf.subscribers_min, &h->state.self.store };
	char address[SHOWN_ADDRESS_MAX];
	int err;

	prepare(h);
	err = node_out_init(&h->out, &h->log, h->conf.log.queue_max);
	if (!err) {
		err = net_loop_new(&h->loop);
	}
	for (size_t i = 0; !err && i < sizeof signals / sizeof *signals; i++) {
		err = net_signal_new(&h->signals[i], h->loop, signals[i], on_signal, h);
	}
	if (!err) {
		err = hss_reload_new(&h->reload, h->loop, &reload, on_reloaded, h);
	}
	if (err) {
		return node_fail(PROGRAM, "%s", err_str(err));
	}
	err = node_server_new(&h->server, h->loop, &h->listen, &server_cb, &h->state);
	if (err) {
		return node_fail(PROGRAM, "%s: %s", shown_address(address, h->listen.address, h->listen.port),
				 err == ERR_IO ? net_bind_words(errno) : err_str(err));
	}
	log_info(&h->log, "hss", "ready %s as %s", shown_address(address, h->listen.address, node_server_port(h->server)),
		 h->conf.identity.host);
	node_out_ready(&h->out, h->listen.address, node_server_port(h->server));
	err = net_loop_run(h->loop);
	return err ? node_fail(PROGRAM, "%s", err_str(err)) : NODE_EXIT_OK;
}

static void end(struct hss *h)
{
	node_server_free(h->server);
	hss_reload_free(h->reload);
	for (size_t i = 0; i < sizeof h->signals / sizeof *h->signals; i++) {
		net_signal_free(h->signals[i]);
	}
	if (h->loop) {
		net_loop_free(h->loop);
	}
	tls_ctx_free(h->tls);
	hss_store_free(h->state.self.store);
	node_out_fini(&h->out);
	log_fini(&h->log);
	OBJ_END(&h->state, HSS_SERVER_MAGIC);
	OBJ_END(h, HSS_MAGIC);
	free(h);
}

static int start(const struct node_daemon_start *how)
{
	struct hss *h = calloc(1, sizeof *h);
	char n[SHOWN_COUNT_MAX], text[SHOWN_COUNT_MAX + 32];
	int code;

	if (!h) {
		return node_fail(PROGRAM, "out of memory");
	}
	obj_begin(&h->obj, HSS_MAGIC);
	obj_begin(&h->state.obj, HSS_SERVER_MAGIC);
	code = node_start(&h->log, PROGRAM) ? NODE_EXIT_FAILURE : load(h, how->config);
	if (code == NODE_EXIT_OK && how->test_only) {
		snprintf(text, sizeof text, "configuration is valid, %s",
			 shown_count(n, hss_store_count(h->state.self.store), "subscriber"));
		code = node_daemon_valid(how, text);
	} else if (code == NODE_EXIT_OK) {
		code = run(h);
	}
	end(h);
	return code;
}

int main(int argc, char **argv)
{
	static const struct node_daemon self = {
		.program = PROGRAM,
		.test_help = "check the configuration and the subscribers, print every mistake, then end",
		.about = "mtc-hss plays a home subscriber server (HSS) on the S6m "
			 "interface (TS 29.336). It tells an MTC-IWF who a device is,\n"
			 "whether an SCS (services capability server) may trigger it, and in which nodes it is registered.\n",
		.more = "A first run:\n"
			"  1. Write hss.yaml:\n"
			"       identity: { host: hss.core.operator.example, realm: core.operator.example }\n"
			"       listen: { address: 127.0.0.1, port: 3868, protection: none }\n"
			"       subscribers: subscribers.jsonl\n"
			"  2. Write subscribers.jsonl, one JSON object a line (shown "
			"here in several lines); lines that start with # are comments:\n"
			"       "
			"{\"imsi\":\"001010000000001\",\"msisdn\":\"491700000001\",\"external_identifiers\":[\"meter-1@a."
			"example\"],\n"
			"        \"services\":[\"device-trigger\"],\"allowed_scs\":[\"491720000001\"],\n"
			"        "
			"\"registered\":{\"mme\":{\"name\":\"mme.core.example\",\"realm\":\"core.example\",\"number\":"
			"\"491770000001\"}},\n"
			"        \"reachable\":true,\"teleservice\":true,\"barred\":false}\n"
			"  3. Check both files, then start:\n"
			"       mtc-hss -c hss.yaml -t\n"
			"       mtc-hss -c hss.yaml\n"
			"     When it accepts connections, it prints one line "
			"on standard output; the log is on standard error:\n"
			"       {\"event\":\"ready\",\"address\":\"127.0.0.1\",\"port\":3868}\n"
			"  4. Name it under 'peers' in the configuration of mtc-iwfd. 'mtcctl peers' shows the connection.\n"
			"\n"
			"With protection: tls, the keys certificate, key and anchors are "
			"required. allowed_hosts: [iwf.core.operator.example] limits\n"
			"who may connect. If a request is refused, log: { level: "
			"debug } gives the reason, one line for each request.\n"
			"\n"
			"Signals:\n"
			"  SIGHUP   read the subscribers again. If a line is wrong, "
			"or many subscribers are missing, the old ones stay in use.\n"
			"  SIGUSR1  the same, and accept that subscribers are missing\n"
			"  SIGTERM  send a Disconnect-Peer-Request to every peer, then end\n"
			"\n"
			"Every key of the configuration: man mtc-hss, examples/mtc-hss.yaml. "
			"Every key of a subscriber: docs/user/subscribers.md.\n",
		.start = start,
	};

	return stdfd_open() ? NODE_EXIT_FAILURE : stdfd_end(PROGRAM, node_daemon_main(&self, argc, argv), NODE_EXIT_FAILURE);
}
