/* link_node.c - a Diameter node that only keeps connections: it listens or connects, exchanges capabilities, answers watchdogs and
 * disconnects in order. What happens is a JSON line each, so that a test can play it against another stack.
 *
 * SIGTERM, SIGINT: DPR to everybody, then the end. SIGUSR1: DPR (REBOOTING) to everybody and go on. SIGHUP: connect now. */
#include <getopt.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "link/link_conn.h"
#include "link/link_peer.h"
#include "net/net_tcp.h"
#include "tls/tls_stream.h"

#define LINKS_MAX 64
#define ANCHORS_MAX 4
#define POLL_MS 50
#define END_WAIT_MS 3000

struct node {
	struct net_loop *loop;
	struct net_listener *listener;
	struct tls_ctx *tls;
	struct link_conf conf;
	struct link_counters counters, told;
	struct log log;
	struct link *links[LINKS_MAX]; /* accepted ones */
	struct link_peer *peer;
	struct link_peer_conf peer_conf;
	struct net_timer *poll, *end;
	bool ending;
	/* the command line */
	const char *listen_address, *certificate, *key;
	uint16_t listen_port;
	char address[NET_ADDRESS_MAX];
	struct tls_anchor_conf anchors[ANCHORS_MAX];
	size_t anchors_n;
};

static void say(json_t *event)
{
	char *line = event ? json_dumps(event, JSON_COMPACT) : NULL;

	if (line) {
		puts(line);
		fflush(stdout);
	}
	free(line);
	json_decref(event);
}

static void maybe_end(struct node *n)
{
	if (!n->ending || (n->peer && strcmp(link_peer_state(n->peer), "closing") == 0)) {
		return;
	}
	for (size_t i = 0; i < LINKS_MAX; i++) {
		if (n->links[i]) {
			return;
		}
	}
	net_loop_stop(n->loop);
}

static void on_open(void *arg, struct link *l)
{
	const struct tls_identity *id = tls_stream_identity(link_stream(l));
	json_t *names = json_array();

	(void)arg;
	for (uint8_t i = 0; id && i < id->names_n; i++) {
		json_array_append_new(names, json_string(id->names[i]));
	}
	say(json_pack("{s:s, s:s, s:s, s:s, s:b, s:o}", "event", "open", "host", link_peer_host(l), "realm", l->realm, "address",
		      link_address(l), "tls", id != NULL, "names", names));
}

static void on_down(void *arg, struct link *l, int err, const char *why)
{
	struct node *n = arg;

	say(json_pack("{s:s, s:s, s:s, s:s}", "event", "down", "host", link_peer_host(l), "error", err_str(err), "why", why));
	for (size_t i = 0; i < LINKS_MAX; i++) {
		if (n->links[i] == l) {
			n->links[i] = NULL;
			link_free(l);
		}
	}
	if (n->ending) {
		net_timer_start(n->poll, 0); /* the peer's state changes after this call */
	}
}

static void on_failed(void *arg, int err, uint32_t result_code, const char *why)
{
	(void)arg;
	say(json_pack("{s:s, s:s, s:i, s:s}", "event", "failed", "error", err_str(err), "result_code", (int)result_code, "why",
		      why));
}

static const struct link_cb link_cb = { .on_open = on_open, .on_down = on_down, .on_failed = on_failed };

static void on_accept(void *arg, int fd, const char *peer)
{
	static const struct net_stream_cb nothing = { 0 };
	struct node *n = arg;
	struct net_stream *s;
	size_t i = 0;
	int err;

	while (i < LINKS_MAX && n->links[i]) {
		i++;
	}
	if (i == LINKS_MAX || n->ending) {
		close(fd);
		return;
	}
	err = n->tls ? tls_accept(&s, n->tls, n->loop, fd, peer, NULL, &nothing, n)
		     : net_tcp_accept(&s, n->loop, fd, peer, NULL, &nothing, n);
	if (err) {
		close(fd);
		return;
	}
	err = link_accept(&n->links[i], n->loop, s, &n->conf, &link_cb, n);
	if (err) {
		net_stream_abort(s);
	}
}

/* Watchdogs have no callback: their counters speak. */
static void on_poll(void *arg)
{
	struct node *n = arg;

	if (n->told.dwr_sent != n->counters.dwr_sent || n->told.dwa_received != n->counters.dwa_received ||
	    n->told.dwr_answered != n->counters.dwr_answered) {
		say(json_pack("{s:s, s:I, s:I, s:I}", "event", "watchdog", "dwr_sent", (json_int_t)n->counters.dwr_sent,
			      "dwa_received", (json_int_t)n->counters.dwa_received, "dwr_answered",
			      (json_int_t)n->counters.dwr_answered));
	}
	n->told = n->counters;
	net_timer_start(n->poll, POLL_MS);
	maybe_end(n);
}

static void disconnect_all(struct node *n)
{
	for (size_t i = 0; i < LINKS_MAX; i++) {
		if (n->links[i]) {
			link_disconnect(n->links[i], DIA_DISCONNECT_REBOOTING);
		}
	}
	if (n->peer && link_peer_link(n->peer)) {
		link_peer_stop(n->peer, DIA_DISCONNECT_REBOOTING, "told to disconnect");
	}
}

static void on_end(void *arg)
{
	net_loop_stop(((struct node *)arg)->loop);
}

static void on_signal(void *arg, int signum)
{
	struct node *n = arg;

	if (signum == SIGHUP) {
		if (n->peer) {
			link_peer_kick(n->peer);
		}
		return;
	}
	if (signum != SIGUSR1) {
		n->ending = true;
		net_timer_start(n->end, END_WAIT_MS);
	}
	disconnect_all(n);
	maybe_end(n);
}

static void usage(FILE *f)
{
	fputs(
	    "usage: link_node --host H --realm R (--listen ADDRESS:PORT | --connect ADDRESS:PORT --peer-host H --peer-realm R)\n"
	    "  --application ID     advertise it (up to 8); --relay: relay instead\n"
	    "  --cert F --key F --anchor F   TLS, mutual; without them plain TCP\n"
	    "  --watchdog-ms N      Twinit, unchecked   --reconnect-ms N   Tc\n"
	    "  --verbose            log to standard error\n",
	    f);
}

static int split(struct node *n, const char *text, const char **address, uint16_t *port)
{
	const char *colon = strrchr(text, ':');
	uint32_t v;

	if (!colon || str_copy(n->address, sizeof n->address, text, (size_t)(colon - text)) ||
	    str_parse_u32(&v, colon + 1, 0, 65535)) {
		return ERR_INVAL;
	}
	*address = n->address;
	*port = (uint16_t)v;
	return 0;
}

enum {
	HOST = 1,
	REALM,
	LISTEN,
	CONNECT,
	PEER_HOST,
	PEER_REALM,
	APPLICATION,
	RELAY,
	CERT,
	KEY,
	ANCHOR,
	WATCHDOG,
	RECONNECT,
	VERBOSE
};

static int take(struct node *n, int option, const char *value)
{
	switch (option) {
	case HOST:
		n->conf.host = value;
		return 0;
	case REALM:
		n->conf.realm = value;
		return 0;
	case LISTEN:
		return split(n, value, &n->listen_address, &n->listen_port);
	case CONNECT:
		return split(n, value, &n->peer_conf.address, &n->peer_conf.port);
	case PEER_HOST:
		n->peer_conf.host = value;
		return 0;
	case PEER_REALM:
		n->peer_conf.realm = value;
		return 0;
	case APPLICATION:
		if (n->conf.applications_n == LINK_APPLICATIONS_MAX) {
			return ERR_LIMIT;
		}
		return str_parse_u32(&n->conf.applications[n->conf.applications_n++], value, 0, UINT32_MAX);
	case RELAY:
		n->conf.relay = true;
		return 0;
	case CERT:
		n->certificate = value;
		return 0;
	case KEY:
		n->key = value;
		return 0;
	case ANCHOR:
		if (n->anchors_n == ANCHORS_MAX) {
			return ERR_LIMIT;
		}
		(void)snprintf(n->anchors[n->anchors_n].name, sizeof n->anchors[0].name, "anchor-%zu", n->anchors_n);
		n->anchors[n->anchors_n++].file = value;
		return 0;
	case WATCHDOG:
		return str_parse_u32(&n->conf.watchdog_ms, value, 1, 3600000);
	case RECONNECT:
		return str_parse_u32(&n->conf.reconnect_ms, value, 1, 3600000);
	case VERBOSE:
		n->log.level = LOG_LEVEL_DEBUG;
		return 0;
	default:
		return ERR_INVAL;
	}
}

static int command_line(struct node *n, int argc, char **argv)
{
	static const struct option options[] = {
		{ "host", 1, NULL, HOST },
		{ "realm", 1, NULL, REALM },
		{ "listen", 1, NULL, LISTEN },
		{ "connect", 1, NULL, CONNECT },
		{ "peer-host", 1, NULL, PEER_HOST },
		{ "peer-realm", 1, NULL, PEER_REALM },
		{ "relay", 0, NULL, RELAY },
		{ "application", 1, NULL, APPLICATION },
		{ "cert", 1, NULL, CERT },
		{ "key", 1, NULL, KEY },
		{ "anchor", 1, NULL, ANCHOR },
		{ "watchdog-ms", 1, NULL, WATCHDOG },
		{ "verbose", 0, NULL, VERBOSE },
		{ "reconnect-ms", 1, NULL, RECONNECT },
		{ 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (take(n, option, optarg)) {
			return ERR_INVAL;
		}
	}
	if (!n->conf.host || !n->conf.realm || !n->listen_address == !n->peer_conf.address ||
	    (n->peer_conf.address && (!n->peer_conf.host || !n->peer_conf.realm))) {
		return ERR_INVAL;
	}
	return 0;
}

static int make_tls(struct node *n)
{
	struct tls_conf conf = { .server = n->listen_address != NULL,
				 .certificate = n->certificate,
				 .anchors = n->anchors,
				 .anchors_n = n->anchors_n,
				 .tls12_allowed = true };
	char why[512] = "";
	int err;

	if (!n->certificate) {
		return 0;
	}
	conf.key = tls_keyholder_file(n->key ? n->key : n->certificate);
	err = tls_ctx_new(&n->tls, &conf, why, sizeof why);
	if (err) {
		fprintf(stderr, "link_node: %s\n", why);
	}
	return err;
}

static int start(struct node *n, int *fd)
{
	int err;

	n->peer_conf.tls = n->tls;
	if (n->peer_conf.address) {
		say(json_pack("{s:s}", "event", "ready"));
		return link_peer_new(&n->peer, n->loop, &n->peer_conf, &n->conf, &link_cb, n);
	}
	err = net_tcp_bind(fd, &n->listen_port, n->listen_address, n->listen_port, 64);
	if (!err) {
		err = net_listener_new(&n->listener, n->loop, *fd, on_accept, n);
	}
	if (!err) {
		say(json_pack("{s:s, s:s, s:i}", "event", "ready", "address", n->listen_address, "port", n->listen_port));
	}
	return err;
}

static int run(struct node *n)
{
	static const int signums[] = { SIGTERM, SIGINT, SIGUSR1, SIGHUP };
	struct net_signal *signals[4] = { NULL };
	int err, fd = -1;

	err = net_loop_new(&n->loop);
	if (err) {
		return err;
	}
	err = net_timer_new(&n->poll, n->loop, on_poll, n);
	if (!err) {
		err = net_timer_new(&n->end, n->loop, on_end, n);
	}
	for (int i = 0; i < 4 && !err; i++) {
		err = net_signal_new(&signals[i], n->loop, signums[i], on_signal, n);
	}
	if (!err) {
		err = start(n, &fd);
	}
	if (!err) {
		net_timer_start(n->poll, POLL_MS);
		err = net_loop_run(n->loop);
	}
	link_peer_free(n->peer, false);
	for (size_t i = 0; i < LINKS_MAX; i++) {
		link_free(n->links[i]);
	}
	net_listener_free(n->listener);
	if (fd >= 0) {
		close(fd);
	}
	for (int i = 0; i < 4; i++) {
		net_signal_free(signals[i]);
	}
	net_timer_free(n->poll);
	net_timer_free(n->end);
	tls_ctx_free(n->tls);
	net_loop_free(n->loop);
	return err;
}

int main(int argc, char **argv)
{
	static struct node n;
	int err;

	log_init(&n.log, 2, LOG_LEVEL_INFO, "link_node");
	n.conf = (struct link_conf){
		.product = "link_node",
		.vendor_id = DIA_VENDOR_3GPP,
		.limits = DIA_LIMITS_OUTSIDE,
		.watchdog_unchecked = true,
		.log = &n.log,
		.counters = &n.counters,
	};
	if (command_line(&n, argc, argv)) {
		usage(stderr);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	err = make_tls(&n);
	if (!err) {
		err = run(&n);
	}
	if (err) {
		fprintf(stderr, "link_node: %s\n", err_str(err));
	}
	return err ? 1 : 0;
}
