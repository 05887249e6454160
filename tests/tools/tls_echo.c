/* tls_echo - our TLS streams and nothing else: a server that sends back what it gets, and a client that measures or talks.
 *
 *   tls_echo server --cert F --key F --anchor NAME=FILE... [--tls12] [--wait MS] [--quiet]
 *   tls_echo client --connect PORT --name HOST --cert F --key F --anchor NAME=FILE... [--tls12] [--text T]
 *   tls_echo client ... --count N [--connections C] [--window W] [--size S]     messages a second
 *   tls_echo client ... --handshakes N [--connections C]                        handshakes a second
 *
 * JSON lines on stdout. Exit: 0 done, 2 usage, 4 refused or not connected. The server ends on SIGTERM. */
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "net/net_tcp.h"
#include "tls/tls_stream.h"

#define CONNECTIONS_MAX 1024

struct conn;
LIST_HEAD(conn_list, conn);

struct echo {
	struct net_loop *loop;
	struct tls_ctx *ctx;
	struct net_stream_conf stream;
	const char *name, *text;
	uint16_t port;
	bool quiet, server;
	uint32_t count, connections, window, size, handshakes;
	struct conn_list conns;
	uint64_t start_ms;
	uint32_t sent, got, begun, shaken;
	int rc;
};

struct conn {
	LIST_ENTRY(conn) entry;
	struct echo *e;
	struct net_stream *s;
	uint32_t octets; /* received of what was sent last */
};

static void print_text(const char *key, const char *text)
{
	printf("\"%s\":\"", key);
	for (; *text; text++) {
		putchar(*text == '"' || *text == '\\' || (unsigned char)*text < 0x20 ? '?' : *text);
	}
	putchar('"');
}

static void print_open(const struct net_stream *s)
{
	const struct tls_identity *id = tls_stream_identity(s);

	printf("{\"event\":\"open\",");
	print_text("name", id->names[0]);
	putchar(',');
	print_text("subject", id->subject);
	printf(",\"anchors\":[");
	for (int i = 0; i < id->anchors_n; i++) {
		printf("%s\"%s\"", i ? "," : "", id->anchors[i]);
	}
	printf("],\"names\":%d,\"groups\":%d}\n", id->names_n, id->groups_n);
	fflush(stdout);
}

static void print_close(int err, const char *why)
{
	printf("{\"event\":\"close\",\"err\":%d,", err);
	print_text("why", why);
	printf("}\n");
	fflush(stdout);
}

static struct conn *conn_new(struct echo *e)
{
	struct conn *c = calloc(1, sizeof *c);

	if (!c) {
		abort();
	}
	c->e = e;
	LIST_INSERT_HEAD(&e->conns, c, entry);
	return c;
}

static void conn_end(struct conn *c)
{
	LIST_REMOVE(c, entry);
	net_stream_close(c->s);
	free(c);
}

/* --- server --------------------------------------------------------------------------------------------------------------- */

static void server_on_open(void *arg)
{
	struct conn *c = arg;

	if (!c->e->quiet) {
		print_open(c->s);
	}
}

static void server_on_data(void *arg, const uint8_t *p, size_t n)
{
	struct conn *c = arg;

	if (net_stream_write(c->s, p, n)) {
		conn_end(c); /* it does not read what it asked for */
	}
}

static void server_on_close(void *arg, int err, const char *why)
{
	struct conn *c = arg;

	if (!c->e->quiet) {
		print_close(err, why);
	}
	conn_end(c);
}

static void on_accept(void *arg, int fd, const char *peer)
{
	static const struct net_stream_cb cb = { .on_open = server_on_open,
						 .on_data = server_on_data,
						 .on_close = server_on_close };
	struct echo *e = arg;
	struct conn *c = conn_new(e);

	if (tls_accept(&c->s, e->ctx, e->loop, fd, peer, &e->stream, &cb, c)) {
		abort();
	}
}

static void on_signal(void *arg, int signum)
{
	(void)signum;
	net_loop_stop(arg);
}

static int run_server(struct echo *e)
{
	struct net_listener *listener;
	struct net_signal *end;
	int fd;

	if (net_tcp_bind(&fd, &e->port, "127.0.0.1", 0, 1024) || net_listener_new(&listener, e->loop, fd, on_accept, e) ||
	    net_signal_new(&end, e->loop, SIGTERM, on_signal, e->loop)) {
		return 1;
	}
	printf("{\"event\":\"ready\",\"address\":\"127.0.0.1\",\"port\":%u}\n", e->port);
	fflush(stdout);
	e->rc = net_loop_run(e->loop) ? 1 : 0;
	net_listener_free(listener);
	net_signal_free(end);
	close(fd);
	return e->rc;
}

/* --- client --------------------------------------------------------------------------------------------------------------- */

static void client_start(struct echo *e);

static void finish(struct echo *e, const char *what, uint32_t n)
{
	uint64_t ms = clock_mono_ms() - e->start_ms;

	printf("{\"event\":\"measured\",\"what\":\"%s\",\"n\":%u,\"ms\":%llu,\"per_second\":%.0f}\n", what, n,
	       (unsigned long long)ms, ms ? (double)n * 1000.0 / (double)ms : 0.0);
	e->rc = 0;
	net_loop_stop(e->loop);
}

static void send_one(struct conn *c)
{
	static const uint8_t zeros[65536];
	struct echo *e = c->e;

	if (e->sent >= e->count) {
		return;
	}
	e->sent++;
	if (net_stream_write(c->s, zeros, e->size)) {
		abort();
	}
}

static void client_on_open(void *arg)
{
	struct conn *c = arg;
	struct echo *e = c->e;

	if (e->text && net_stream_write(c->s, e->text, strlen(e->text))) {
		abort();
	}
	if (e->text || !(e->count || e->handshakes)) {
		print_open(c->s);
	}
	if (e->handshakes && net_stream_write(c->s, "x", 1)) { /* only its echo shows that the server accepted us */
		abort();
	}
	if (e->count && ++e->shaken == e->connections) {
		e->start_ms = clock_mono_ms();
	}
	for (uint32_t i = 0; e->count && i < e->window; i++) {
		send_one(c);
	}
}

static void client_on_data(void *arg, const uint8_t *p, size_t n)
{
	struct conn *c = arg;
	struct echo *e = c->e;

	if (e->text) {
		printf("{\"event\":\"echo\",\"octets\":%zu}\n", n);
		(void)p;
		e->rc = 0;
		net_loop_stop(e->loop);
	} else if (e->handshakes) {
		conn_end(c);
		if (++e->shaken == e->handshakes) {
			finish(e, "handshakes", e->shaken);
		} else {
			client_start(e);
		}
	} else {
		for (c->octets += (uint32_t)n; c->octets >= e->size; c->octets -= e->size) {
			e->got++;
			send_one(c);
		}
		if (e->got == e->count) {
			finish(e, "messages", e->got);
		}
	}
}

static void client_on_close(void *arg, int err, const char *why)
{
	struct conn *c = arg;

	print_close(err, why);
	c->e->rc = 4;
	net_loop_stop(c->e->loop);
}

static void client_start(struct echo *e)
{
	static const struct net_stream_cb cb = { .on_open = client_on_open,
						 .on_data = client_on_data,
						 .on_close = client_on_close };
	struct conn *c;

	if (e->handshakes && e->begun++ >= e->handshakes) {
		return;
	}
	c = conn_new(e);
	if (tls_connect(&c->s, e->ctx, e->loop, "127.0.0.1", e->port, e->name, &e->stream, &cb, c)) {
		abort();
	}
}

static int run_client(struct echo *e)
{
	e->rc = 4;
	e->start_ms = clock_mono_ms();
	for (uint32_t i = 0; i < e->connections; i++) {
		client_start(e);
	}
	return net_loop_run(e->loop) ? 1 : e->rc;
}

/* --- command line --------------------------------------------------------------------------------------------------------- */

static int usage(const char *what)
{
	fprintf(
	    stderr,
	    "tls_echo: %s\nusage: tls_echo server|client --cert F --key F --anchor NAME=FILE ... (see the head of its source)\n",
	    what);
	return 2;
}

static int add_anchor(struct tls_anchor_conf *anchors, size_t *n, char *text)
{
	char *file = strchr(text, '=');

	if (!file || *n == 8) {
		return -1;
	}
	*file++ = 0;
	anchors[*n].file = file;
	return snprintf(anchors[(*n)++].name, TLS_ANCHOR_NAME_MAX + 1, "%s", text) > TLS_ANCHOR_NAME_MAX ? -1 : 0;
}

static const struct option options[] = {
	{ "cert", 1, 0, 'c' }, { "key", 1, 0, 'k' },    { "anchor", 1, 0, 'a' },      { "tls12", 0, 0, '2' },
	{ "wait", 1, 0, 'w' }, { "quiet", 0, 0, 'q' },  { "connect", 1, 0, 'p' },     { "name", 1, 0, 'n' },
	{ "text", 1, 0, 't' }, { "count", 1, 0, 'N' },  { "connections", 1, 0, 'C' }, { "window", 1, 0, 'W' },
	{ "size", 1, 0, 's' }, { "keylog", 1, 0, 'l' }, { "handshakes", 1, 0, 'H' },  { 0, 0, 0, 0 },
};

/* Returns NULL, or what is wrong. */
static const char *parse(struct echo *e, struct tls_conf *conf, struct tls_anchor_conf *anchors, int argc, char **argv)
{
	uint32_t port = 0;
	int o, bad = 0;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (o) {
		case 'c':
			conf->certificate = optarg;
			break;
		case 'k':
			conf->key = tls_keyholder_file(optarg);
			break;
		case 'a':
			bad |= add_anchor(anchors, &conf->anchors_n, optarg);
			break;
		case '2':
			conf->tls12_allowed = true;
			break;
		case 'w':
			bad |= str_parse_u32(&e->stream.handshake_wait_ms, optarg, 1, 60000);
			break;
		case 'q':
			e->quiet = true;
			break;
		case 'p':
			bad |= str_parse_u32(&port, optarg, 1, 65535);
			break;
		case 'n':
			e->name = optarg;
			break;
		case 't':
			e->text = optarg;
			break;
		case 'l':
			conf->keylog = optarg;
			break;
		case 'N':
			bad |= str_parse_u32(&e->count, optarg, 1, UINT32_MAX);
			break;
		case 'C':
			bad |= str_parse_u32(&e->connections, optarg, 1, CONNECTIONS_MAX);
			break;
		case 'W':
			bad |= str_parse_u32(&e->window, optarg, 1, 1000);
			break;
		case 's':
			bad |= str_parse_u32(&e->size, optarg, 1, 65536);
			break;
		case 'H':
			bad |= str_parse_u32(&e->handshakes, optarg, 1, UINT32_MAX);
			break;
		default:
			return "unknown option";
		}
	}
	e->port = (uint16_t)port;
	if (bad) {
		return "a value is out of range";
	}
	if (!conf->certificate || !conf->key.attach || !conf->anchors_n) {
		return "--cert, --key and --anchor are needed";
	}
	return !e->server && (!port || !e->name) ? "a client needs --connect and --name" : NULL;
}

int main(int argc, char **argv)
{
	struct echo e = { .connections = 1, .window = 1, .size = 300 };
	struct tls_anchor_conf anchors[8] = { 0 };
	struct tls_conf conf = { .anchors = anchors };
	const char *wrong;
	char why[400];
	int rc;

	if (argc < 2 || (strcmp(argv[1], "server") != 0 && strcmp(argv[1], "client") != 0)) {
		return usage("server or client?");
	}
	e.server = conf.server = !strcmp(argv[1], "server");
	wrong = parse(&e, &conf, anchors, argc - 1, argv + 1);
	if (wrong) {
		return usage(wrong);
	}
	if (tls_ctx_new(&e.ctx, &conf, why, sizeof why)) {
		fprintf(stderr, "tls_echo: %s\n", why);
		return 2;
	}
	if (net_loop_new(&e.loop)) {
		return 1;
	}
	rc = e.server ? run_server(&e) : run_client(&e);
	while (!LIST_EMPTY(&e.conns)) {
		conn_end(LIST_FIRST(&e.conns));
	}
	net_loop_free(e.loop);
	tls_ctx_free(e.ctx);
	return rc;
}
