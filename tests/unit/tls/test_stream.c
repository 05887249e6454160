/* TLS streams. Our client against our server over loopback; and our server or client against a bare OpenSSL peer (`raw`) that does
 * what our own code never would. */
#include "tests/unit/test.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/net_tcp.h"
#include "tests/unit/guard.h"
#include "tests/unit/tls/pki.h"
#include "tls/tls_ctx.h"
#include "tls/tls_stream.h"

enum where { NOWHERE, IN_OPEN, IN_DATA, IN_CLOSE };

struct world;

struct end {
	struct world *w;
	struct net_stream *s;
	int opened, closed, err, datas;
	char why[700];
	size_t got, stop_at_octets;
	uint8_t sum;
	bool in_order, echo, paused;
	enum where close_in;
	int stop_at;
};

/* Bare OpenSSL at the far end of a socket pair, driven by the same loop. */
struct raw {
	SSL_CTX *ctx;
	SSL *ssl;
	struct net_watch *watch;
	int fd, datas;
	bool done, ended; /* the handshake ended well; the connection ended */
	int alert;        /* that it received, -1: none */
};

struct world {
	struct pki pki;
	struct pki_cert ca_a, ca_b, server_cert, client_cert;
	struct tls_anchor_conf anchors[2];
	struct tls_ctx *server, *client;
	struct net_loop *loop;
	struct guard guard;
	struct net_timer *timer;
	struct net_listener *listener;
	struct net_stream_conf conf;
	struct raw raw;
	int listen_fd;
	uint16_t port;
	bool pause_accepted;
	struct end a, b; /* a is the client, b the server */
	char keylog[128];
};

static void show(void *arg)
{
	struct world *w = arg;

	print_error("a: open %d close %d '%s' got %zu; b: open %d close %d '%s' got %zu; raw done %d ended %d\n", w->a.opened,
		    w->a.closed, w->a.why, w->a.got, w->b.opened, w->b.closed, w->b.why, w->b.got, w->raw.done, w->raw.ended);
}

static void end_at(struct end *e, enum where where)
{
	if (e->close_in == where) {
		net_stream_close(e->s);
		e->s = NULL;
	}
	if (e->stop_at & 1 << where) {
		net_loop_stop(e->w->loop);
	}
}

static void on_open(void *arg)
{
	struct end *e = arg;

	assert_non_null(tls_stream_identity(e->s));
	guard_moved(&e->w->guard);
	e->opened++;
	end_at(e, IN_OPEN);
}

static void on_data(void *arg, const uint8_t *p, size_t n)
{
	struct end *e = arg;

	guard_moved(&e->w->guard);
	e->datas++;
	e->got += n;
	for (size_t i = 0; i < n; i++) {
		if (p[i] != e->sum++) {
			e->in_order = false;
		}
	}
	if (e->echo) {
		assert_int_equal(net_stream_write(e->s, p, n), 0);
	}
	if (e->stop_at_octets && e->got >= e->stop_at_octets) {
		net_loop_stop(e->w->loop);
	}
	end_at(e, IN_DATA);
}

static void on_close(void *arg, int err, const char *why)
{
	struct end *e = arg;

	guard_moved(&e->w->guard);
	e->closed++;
	e->err = err;
	snprintf(e->why, sizeof e->why, "%s", why);
	end_at(e, IN_CLOSE);
}

static const struct net_stream_cb callbacks = { .on_open = on_open, .on_data = on_data, .on_close = on_close };

static void on_accept(void *arg, int fd, const char *peer)
{
	struct world *w = arg;

	assert_int_equal(tls_accept(&w->b.s, w->server, w->loop, fd, peer, &w->conf, &callbacks, &w->b), 0);
	if (w->pause_accepted) { /* here, and not after a turn: in one turn of a slow machine the whole handshake happens */
		net_stream_pause(w->b.s);
	}
}

static void on_stop(void *arg)
{
	net_loop_stop(((struct world *)arg)->loop);
}

static void run(struct world *w)
{
	net_timer_stop(w->timer);
	assert_int_equal(net_loop_run(w->loop), 0);
}

static void run_ms(struct world *w, unsigned ms)
{
	net_timer_start(w->timer, ms);
	assert_int_equal(net_loop_run(w->loop), 0);
}

static void make_ctx(struct world *w, bool server, const struct pki_cert *cert, bool tls12)
{
	struct tls_conf conf = {
		.server = server,
		.certificate = cert->cert_file,
		.key = tls_keyholder_file(cert->key_file),
		.anchors = w->anchors,
		.anchors_n = 2,
		.tls12_allowed = tls12,
		.keylog = server || !*w->keylog ? NULL : w->keylog,
	};
	struct tls_ctx **c = server ? &w->server : &w->client;
	char why[300];

	tls_ctx_free(*c);
	assert_int_equal(tls_ctx_new(c, &conf, why, sizeof why), 0);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);

	assert_non_null(w);
	pki_init(&w->pki);
	w->ca_a = pki_make(&w->pki, &(struct pki_spec){ .cn = "CA A", .ca = true }, NULL);
	w->ca_b = pki_make(&w->pki, &(struct pki_spec){ .cn = "CA B", .ca = true }, NULL);
	w->server_cert = pki_make(
	    &w->pki, &(struct pki_spec){ .cn = "iwf", .san = "DNS:iwf.example", .eku = "serverAuth,clientAuth" }, &w->ca_a);
	w->client_cert =
	    pki_make(&w->pki, &(struct pki_spec){ .cn = "scs", .san = "DNS:scs.example", .eku = "clientAuth" }, &w->ca_b);
	w->anchors[0] = (struct tls_anchor_conf){ .name = "anchor-a", .file = w->ca_a.cert_file };
	w->anchors[1] = (struct tls_anchor_conf){ .name = "anchor-b", .file = w->ca_b.cert_file };
	make_ctx(w, true, &w->server_cert, true);
	make_ctx(w, false, &w->client_cert, true);
	assert_int_equal(net_loop_new(&w->loop), 0);
	assert_int_equal(net_timer_new(&w->timer, w->loop, on_stop, w), 0);
	assert_int_equal(net_tcp_bind(&w->listen_fd, &w->port, "127.0.0.1", 0, 16), 0);
	assert_int_equal(net_listener_new(&w->listener, w->loop, w->listen_fd, on_accept, w), 0);
	guard_begin(&w->guard, w->loop, show, w);
	w->a = w->b = (struct end){ .w = w, .in_order = true };
	w->raw = (struct raw){ .fd = -1, .alert = -1 };
	*state = w;
	return 0;
}

static void raw_free(struct raw *r)
{
	net_watch_free(r->watch);
	SSL_free(r->ssl);
	SSL_CTX_free(r->ctx);
	if (r->fd >= 0) {
		close(r->fd);
	}
	*r = (struct raw){ .fd = -1, .alert = -1 };
}

static int teardown(void **state)
{
	struct world *w = *state;

	net_stream_close(w->a.s);
	net_stream_close(w->b.s);
	raw_free(&w->raw);
	net_listener_free(w->listener);
	guard_end(&w->guard);
	net_timer_free(w->timer);
	for (unsigned i = 0; i < TLS_STATES; i++) {
		assert_int_equal(tls_streams(w->loop)[i], 0);
	}
	net_loop_free(w->loop);
	close(w->listen_fd);
	tls_ctx_free(w->server);
	tls_ctx_free(w->client);
	pki_free(&w->ca_a);
	pki_free(&w->ca_b);
	pki_free(&w->server_cert);
	pki_free(&w->client_cert);
	pki_fini(&w->pki);
	free(w);
	return 0;
}

static void start(struct world *w)
{
	assert_int_equal(
	    tls_connect(&w->a.s, w->client, w->loop, "127.0.0.1", w->port, "iwf.example", &w->conf, &callbacks, &w->a), 0);
}

static void connect_pair(struct world *w)
{
	start(w);
	w->b.stop_at = 1 << IN_OPEN;
	run(w);
	w->b.stop_at = 0;
	assert_int_equal(w->a.opened, 1);
	assert_int_equal(w->b.opened, 1);
}

static uint8_t *counting(size_t n)
{
	uint8_t *p = malloc(n);

	assert_non_null(p);
	for (size_t i = 0; i < n; i++) {
		p[i] = (uint8_t)i;
	}
	return p;
}

/* --- ours against ours ---------------------------------------------------------------------------------------------------- */

/* A second table, from the drawing in tls_stream.c: a row for each state, the letters of those that may follow. */
static void test_only_a_handshake_opens_and_nothing_comes_back(void **state)
{
	static const char letters[] = "BHOD"; /* Beginning, Handshake, Open, Dead */
	static const char *const next_of[] = { "HD", "OD", "D", "D" };

	(void)state;
	for (unsigned from = 0; from < TLS_STATES; from++) {
		for (unsigned to = 0; to < TLS_STATES; to++) {
			assert_int_equal(machine_may(&tls_stream_machine, from, to), strchr(next_of[from], letters[to]) != NULL);
		}
	}
}

static void test_the_loop_knows_how_many_streams_are_in_each_state(void **state)
{
	struct world *w = *state;
	const uint32_t *in = tls_streams(w->loop);

	start(w);
	assert_int_equal(in[TLS_BEGINNING], 1);
	w->b.stop_at = 1 << IN_OPEN;
	run(w);
	assert_int_equal(in[TLS_BEGINNING] + in[TLS_HANDSHAKE], 0);
	assert_int_equal(in[TLS_OPEN], 2);
	net_stream_close(w->a.s);
	w->a.s = NULL;
	assert_int_equal(in[TLS_OPEN], 1); /* a closed stream is not counted, though its last octets still leave */
	w->b.stop_at = 1 << IN_CLOSE;
	run(w);
	assert_int_equal(in[TLS_OPEN], 0);
	assert_int_equal(in[TLS_DEAD], 1);
}

static void test_both_ends_are_authenticated_and_know_each_other(void **state)
{
	struct world *w = *state;
	const struct tls_identity *id;

	connect_pair(w);
	id = tls_stream_identity(w->b.s);
	assert_int_equal(id->names_n, 1);
	assert_string_equal(id->names[0], "scs.example");
	assert_int_equal(id->anchors_n, 1);
	assert_string_equal(id->anchors[0], "anchor-b");
	id = tls_stream_identity(w->a.s);
	assert_string_equal(id->names[0], "iwf.example");
	assert_string_equal(id->anchors[0], "anchor-a");
	assert_memory_equal(net_stream_peer(w->b.s), "127.0.0.1:", 10);
}

static void test_a_server_of_13_only_meets_a_client_that_also_allows_12(void **state)
{
	struct world *w = *state;

	make_ctx(w, false, &w->client_cert, true);
	make_ctx(w, true, &w->server_cert, false);
	connect_pair(w);
}

static void test_large_writes_arrive_whole_and_in_order(void **state)
{
	struct world *w = *state;
	const size_t total = 3 * 1024 * 1024;
	uint8_t *p = counting(total);

	connect_pair(w);
	w->b.stop_at_octets = total;
	for (size_t at = 0; at < total; at += 100096) {
		assert_int_equal(net_stream_write(w->a.s, p + at, at + 100096 < total ? 100096 : total - at), 0);
	}
	run(w);
	assert_int_equal(w->b.got, total);
	assert_true(w->b.in_order);
	assert_int_equal(net_stream_queued(w->a.s), 0);
	free(p);
}

static void test_small_writes_of_one_turn_travel_in_one_record(void **state)
{
	struct world *w = *state;
	uint8_t *p = counting(4000);

	connect_pair(w);
	for (size_t i = 0; i < 400; i++) {
		assert_int_equal(net_stream_write(w->a.s, p + 10 * i, 10), 0);
	}
	assert_int_equal(net_stream_queued(w->a.s), 4000); /* nothing is encrypted yet */
	w->b.stop_at_octets = 4000;
	run(w);
	assert_int_equal(w->b.datas, 1);
	assert_true(w->b.in_order);
	free(p);
}

static void test_octets_written_before_the_handshake_wait_for_it(void **state)
{
	struct world *w = *state;
	uint8_t *p = counting(100);

	start(w);
	assert_int_equal(net_stream_write(w->a.s, p, 100), 0);
	w->b.stop_at_octets = 100;
	run(w);
	assert_true(w->b.in_order);
	assert_int_equal(w->b.opened, 1);
	free(p);
}

static void test_the_write_queue_is_bounded(void **state)
{
	struct world *w = *state;
	uint8_t *p = counting(1001);

	w->conf.write_queue_max = 1000;
	connect_pair(w);
	assert_int_equal(net_stream_write(w->a.s, p, 1001), ERR_LIMIT);
	assert_int_equal(net_stream_write(w->a.s, p, 999), 0);
	assert_int_equal(net_stream_write(w->a.s, p, 2), ERR_LIMIT);
	assert_int_equal(net_stream_write(w->a.s, p + 999, 1), 0);
	w->b.stop_at_octets = 1000;
	run(w);
	assert_true(w->b.in_order);
	free(p);
}

static void test_a_reader_that_never_reads_fills_the_queue_and_no_more(void **state)
{
	struct world *w = *state;
	static uint8_t piece[10000];
	size_t written = 0;

	w->conf.write_queue_max = 1u << 20;
	connect_pair(w);
	net_stream_pause(w->b.s);
	while (written < 64u << 20 && net_stream_write(w->a.s, piece, sizeof piece) == 0) {
		written += sizeof piece;
		run_ms(w, 0);
	}
	assert_true(written < 64u << 20);
	assert_true(net_stream_queued(w->a.s) <= 1u << 20);
	assert_int_equal(w->a.closed, 0);
}

static void on_data_pauses(void *arg, const uint8_t *p, size_t n)
{
	struct end *e = arg;

	assert_false(e->paused);
	on_data(arg, p, n);
	e->paused = true;
	net_stream_pause(e->s);
	net_loop_stop(e->w->loop);
}

static void test_pausing_inside_a_callback_holds_the_rest_back_and_loses_nothing(void **state)
{
	struct world *w = *state;
	const struct net_stream_cb pausing = { .on_open = on_open, .on_data = on_data_pauses, .on_close = on_close };
	const size_t total = 1u << 20;
	uint8_t *p = counting(total);
	int rounds = 0;

	connect_pair(w);
	net_stream_set_cb(w->b.s, &pausing, &w->b);
	assert_int_equal(net_stream_write(w->a.s, p, total), 0);
	for (; w->b.got < total; rounds++) {
		size_t before;

		run(w);
		before = w->b.got;
		run_ms(w, 0);
		assert_int_equal(w->b.got, before); /* silent while paused */
		w->b.paused = false;
		net_stream_resume(w->b.s);
	}
	assert_true(rounds > 8);
	assert_true(w->b.in_order);
	assert_int_equal(w->b.got, total);
	free(p);
}

static void on_data_freezes(void *arg, const uint8_t *p, size_t n)
{
	struct end *e = arg;

	assert_false(e->paused);
	on_data(arg, p, n);
	e->paused = true;
	net_stream_pause(e->s);
	net_stream_freeze(e->s, true);
	net_loop_stop(e->w->loop);
}

/* What came before the freeze, and is held here, is not passed on either, also when the reader resumes. */
static void test_freezing_holds_back_what_is_here_already(void **state)
{
	struct world *w = *state;
	const struct net_stream_cb freezing = { .on_open = on_open, .on_data = on_data_freezes, .on_close = on_close };
	const size_t total = 1u << 20;
	uint8_t *p = counting(total);

	connect_pair(w);
	net_stream_set_cb(w->b.s, &freezing, &w->b);
	assert_int_equal(net_stream_write(w->a.s, p, total), 0);
	while (w->b.got < total) {
		size_t before;

		run(w);
		before = w->b.got;
		net_stream_resume(w->b.s);
		run_ms(w, 0);
		assert_int_equal(w->b.got, before);
		w->b.paused = false;
		net_stream_freeze(w->b.s, false);
	}
	assert_true(w->b.in_order);
	assert_int_equal(w->b.got, total);
	free(p);
}

static void test_pausing_before_the_handshake_holds_everything_back(void **state)
{
	struct world *w = *state;
	const size_t total = 16u << 20; /* more than the kernel holds */
	uint8_t *p = counting(total);
	size_t before;

	w->conf.write_queue_max = 2 * total;
	w->pause_accepted = true;
	start(w);
	assert_int_equal(net_stream_write(w->a.s, p, total), 0);
	w->b.stop_at = 1 << IN_OPEN;
	run(w);
	do {
		before = net_stream_queued(w->a.s);
		run_ms(w, 30);
	} while (net_stream_queued(w->a.s) != before);
	assert_int_equal(w->b.got, 0);
	assert_true(net_stream_queued(w->a.s) > 0); /* held by the kernel and the sender, not by us */
	net_stream_resume(w->b.s);
	w->b.stop_at_octets = total;
	run(w);
	assert_true(w->b.in_order);
	free(p);
}

static void test_close_sends_what_is_queued_and_ends_cleanly(void **state)
{
	struct world *w = *state;
	const size_t total = 2 * 1024 * 1024;
	uint8_t *p = counting(total);

	connect_pair(w);
	assert_int_equal(net_stream_write(w->a.s, p, total), 0);
	net_stream_close(w->a.s);
	w->a.s = NULL;
	w->b.stop_at = 1 << IN_CLOSE;
	run(w);
	assert_int_equal(w->b.got, total);
	assert_true(w->b.in_order);
	assert_int_equal(w->b.err, ERR_CLOSED);
	assert_string_equal(w->b.why, "closed by the other side");
	free(p);
}

static void test_abort_resets(void **state)
{
	struct world *w = *state;

	connect_pair(w);
	net_stream_abort(w->a.s);
	w->a.s = NULL;
	w->b.stop_at = 1 << IN_CLOSE;
	run(w);
	assert_string_equal(w->b.why, "connection reset by the other side");
}

static void test_closing_in_every_callback(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 6; i++) {
		struct end *e = i < 3 ? &w->a : &w->b, *o = i < 3 ? &w->b : &w->a;

		e->close_in = (enum where)(IN_OPEN + i % 3);
		o->stop_at = 1 << IN_CLOSE;
		w->b.echo = true;
		if (e->close_in == IN_CLOSE) {
			o->close_in = IN_OPEN;
			e->stop_at = 1 << IN_CLOSE;
			o->stop_at = 0;
		}
		start(w);
		assert_int_equal(net_stream_write(w->a.s, "\0", 1), 0);
		w->b.echo = e->close_in != IN_OPEN && !(e == &w->b && e->close_in == IN_DATA);
		run(w);
		run_ms(w, 5);
		assert_null(e->s);
		net_stream_close(w->a.s);
		net_stream_close(w->b.s);
		w->a = w->b = (struct end){ .w = w, .in_order = true };
	}
}

static void test_a_stream_outlives_its_context(void **state)
{
	struct world *w = *state;

	connect_pair(w);
	tls_ctx_free(w->server);
	tls_ctx_free(w->client);
	w->server = w->client = NULL;
	w->b.stop_at_octets = 1;
	assert_int_equal(net_stream_write(w->a.s, "\0", 1), 0);
	run(w);
	assert_int_equal(w->b.got, 1);
}

static void test_a_wrong_name_is_refused_by_the_client(void **state)
{
	struct world *w = *state;

	w->a.stop_at = 1 << IN_CLOSE;
	assert_int_equal(tls_connect(&w->a.s, w->client, w->loop, "127.0.0.1", w->port, "other.example", NULL, &callbacks, &w->a),
			 0);
	run(w);
	assert_int_equal(w->a.err, ERR_AUTH);
	assert_string_equal(w->a.why, "certificate of 'O=Test,CN=iwf': it is for 'iwf.example', expected 'other.example'");
	assert_int_equal(w->a.opened, 0);
	w->b.stop_at = 1 << IN_CLOSE;
	if (!w->b.closed) {
		run(w);
	}
	assert_int_equal(w->b.opened, 0);
	assert_int_equal(w->b.err, ERR_REFUSED);
	assert_non_null(strstr(w->b.why, "refused by the other side: "));
	assert_int_equal(tls_connect(&w->b.s, w->client, w->loop, "127.0.0.1", w->port, "*.example", NULL, &callbacks, &w->b),
			 ERR_INVAL);
}

static void test_a_client_in_tls_13_opens_and_then_learns_that_it_was_refused(void **state)
{
	struct world *w = *state;
	struct pki_cert wrong_ca = pki_make(&w->pki, &(struct pki_spec){ .cn = "Wrong", .ca = true }, NULL);
	struct pki_cert wrong =
	    pki_make(&w->pki, &(struct pki_spec){ .cn = "scs", .san = "DNS:scs.example", .eku = "clientAuth" }, &wrong_ca);

	make_ctx(w, false, &wrong, true);
	start(w);
	assert_int_equal(net_stream_write(w->a.s, "\0", 1), 0); /* sending fails first; the reason must be heard all the same */
	w->a.stop_at = 1 << IN_CLOSE;
	w->b.close_in = IN_CLOSE;
	run(w);
	assert_int_equal(w->b.opened, 0);
	assert_int_equal(w->b.got, 0);
	assert_int_equal(w->b.err, ERR_AUTH);
	assert_string_equal(w->b.why,
			    "certificate of 'O=Test,CN=scs' (issuer 'O=Test,CN=Wrong') does not chain to any configured anchor");
	assert_int_equal(w->a.opened, 1);
	assert_int_equal(w->a.err, ERR_REFUSED);
	assert_string_equal(w->a.why, "TLS: refused by the other side: unknown CA");
	pki_free(&wrong_ca);
	pki_free(&wrong);
}

static void test_the_key_log_decrypts_a_capture(void **state)
{
	struct world *w = *state;
	char line[600];
	struct stat st;
	int secrets = 0;
	FILE *f;

	snprintf(w->keylog, sizeof w->keylog, "%s/keys", w->pki.dir);
	make_ctx(w, false, &w->client_cert, true);
	connect_pair(w);
	f = fopen(w->keylog, "r");
	assert_non_null(f);
	assert_int_equal(fstat(fileno(f), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	while (fgets(line, sizeof line, f)) {
		secrets += !strncmp(line, "CLIENT_TRAFFIC_SECRET_0 ", 24) || !strncmp(line, "SERVER_TRAFFIC_SECRET_0 ", 24);
	}
	fclose(f);
	assert_int_equal(secrets, 2);
}

/* As a full disk left it. */
static void test_half_a_line_of_the_keylog_spoils_no_secret(void **state)
{
	struct world *w = *state;
	char line[600];
	unsigned lines = 0, whole = 0;
	FILE *f;

	snprintf(w->keylog, sizeof w->keylog, "%s/keys", w->pki.dir);
	f = fopen(w->keylog, "w");
	assert_non_null(f);
	fputs("EXPORTER_SECRET 00ff", f);
	fclose(f);
	make_ctx(w, false, &w->client_cert, true);
	connect_pair(w);
	f = fopen(w->keylog, "r");
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof line, f));
	assert_string_equal(line, "EXPORTER_SECRET 00ff\n");
	for (; fgets(line, sizeof line, f); lines++) {
		char name[64], random[128], secret[300], more[2];

		whole += sscanf(line, "%63s %127s %299s %1s", name, random, secret, more) == 3 && strlen(random) == 64;
	}
	fclose(f);
	assert_true(lines > 4);
	assert_int_equal(whole, lines);
}

static void test_a_plain_stream_has_no_identity(void **state)
{
	struct world *w = *state;
	struct net_stream *s;

	assert_int_equal(net_tcp_connect(&s, w->loop, "127.0.0.1", w->port, NULL, NULL, NULL), 0);
	assert_null(tls_stream_identity(s));
	net_stream_close(s);
	start(w);
	assert_null(tls_stream_identity(w->a.s)); /* nor has one whose handshake runs */
}

/* --- ours against a bare OpenSSL ------------------------------------------------------------------------------------------ */

static void on_info(const SSL *ssl, int where, int value)
{
	struct raw *r = SSL_get_app_data(ssl);

	if ((where & SSL_CB_ALERT) && (where & SSL_CB_READ)) {
		r->alert = value & 0xff;
	}
}

static void on_raw(void *arg, int events)
{
	struct world *w = arg;
	struct raw *r = &w->raw;
	char buf[4096];
	int n = 1;

	(void)events;
	ERR_clear_error();
	if (!r->done && (n = SSL_do_handshake(r->ssl)) == 1) {
		r->done = true;
	}
	while (r->done && (n = SSL_read(r->ssl, buf, sizeof buf)) > 0) {
		r->datas++;
	}
	if (SSL_get_error(r->ssl, n) == SSL_ERROR_WANT_READ) {
		return;
	}
	r->ended = true;
	assert_int_equal(net_watch_set(r->watch, 0), 0);
	if (w->b.closed || w->a.closed) {
		net_loop_stop(w->loop);
	}
}

/* A bare peer of everything OpenSSL can do; the test takes away or adds. */
static void raw_init(struct world *w, bool server, const struct pki_cert *cert)
{
	struct raw *r = &w->raw;

	raw_free(r);
	r->ctx = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
	assert_non_null(r->ctx);
	SSL_CTX_set_security_level(r->ctx, 0);
	SSL_CTX_set_min_proto_version(r->ctx, 0);
	SSL_CTX_set_info_callback(r->ctx, on_info);
	if (server) {
		SSL_CTX_set_verify(r->ctx, SSL_VERIFY_NONE, NULL);
	}
	if (cert) {
		assert_int_equal(SSL_CTX_use_certificate(r->ctx, cert->x), 1);
		assert_int_equal(SSL_CTX_use_PrivateKey(r->ctx, cert->key), 1);
	}
}

/* Starts both ends on a socket pair. */
static void raw_start(struct world *w, bool server)
{
	struct raw *r = &w->raw;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	r->fd = pair[1];
	r->ssl = SSL_new(r->ctx);
	SSL_set_app_data(r->ssl, r);
	SSL_set_fd(r->ssl, r->fd);
	if (server) {
		SSL_set_accept_state(r->ssl);
	} else {
		SSL_set_connect_state(r->ssl);
	}
	assert_int_equal(net_watch_new(&r->watch, w->loop, r->fd, on_raw, w), 0);
	assert_int_equal(net_watch_set(r->watch, NET_READ), 0);
	w->b = (struct end){ .w = w, .in_order = true, .stop_at = 1 << IN_OPEN | 1 << IN_CLOSE };
	assert_int_equal(tls_accept(&w->b.s, w->server, w->loop, pair[0], "raw", &w->conf, &callbacks, &w->b), 0);
}

static void raw_finish(struct world *w)
{
	net_stream_close(w->b.s);
	w->b.s = NULL;
	run_ms(w, 5);
	raw_free(&w->raw);
}

/* The bare client is refused by our server. */
static void client_refused(struct world *w, int err, const char *words)
{
	raw_start(w, false);
	on_raw(w, 0);
	run(w);
	if (w->b.opened || w->b.err != err || !strstr(w->b.why, words)) {
		fail_msg("expected %d '%s', got opened %d, %d '%s'", err, words, w->b.opened, w->b.err, w->b.why);
	}
	raw_finish(w);
}

static void client_accepted(struct world *w)
{
	raw_start(w, false);
	on_raw(w, 0);
	run(w);
	if (!w->b.opened) {
		fail_msg("refused: '%s'", w->b.why);
	}
}

static void test_versions(void **state)
{
	struct world *w = *state;
	static const int old[] = { TLS1_VERSION, TLS1_1_VERSION };

	for (int i = 0; i < 2; i++) {
		raw_init(w, false, &w->client_cert);
		SSL_CTX_set_max_proto_version(w->raw.ctx, old[i]);
		client_refused(w, ERR_PROTO, "no TLS version in common");
	}
	raw_init(w, false, &w->client_cert);
	SSL_CTX_set_max_proto_version(w->raw.ctx, TLS1_2_VERSION);
	client_accepted(w);
	assert_string_equal(SSL_get_version(w->raw.ssl), "TLSv1.2");
	assert_string_equal(tls_stream_identity(w->b.s)->names[0], "scs.example");
	raw_finish(w);
	raw_init(w, false, &w->client_cert);
	client_accepted(w);
	assert_string_equal(SSL_get_version(w->raw.ssl), "TLSv1.3");
	raw_finish(w);
	make_ctx(w, true, &w->server_cert, false);
	raw_init(w, false, &w->client_cert);
	SSL_CTX_set_max_proto_version(w->raw.ctx, TLS1_2_VERSION);
	client_refused(w, ERR_PROTO, "no TLS version in common");
}

static void test_suites(void **state)
{
	struct world *w = *state;
	struct pki_cert rsa = pki_make(
	    &w->pki, &(struct pki_spec){ .cn = "iwf", .key = PKI_RSA_2048, .san = "DNS:iwf.example", .eku = "serverAuth" },
	    &w->ca_a);
	static const char *const refused[] = { "ECDHE-ECDSA-AES128-SHA256", "ECDHE-RSA-AES128-SHA",
					       "AES128-GCM-SHA256",         "AES128-SHA",
					       "DHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305" };
	static const char *const accepted[] = { "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384",
						"ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384" };
	static const char *const accepted_13[] = { "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
						   "TLS_CHACHA20_POLY1305_SHA256" };

	for (int with_rsa = 0; with_rsa < 2; with_rsa++) {
		make_ctx(w, true, with_rsa ? &rsa : &w->server_cert, true);
		for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
			raw_init(w, false, &w->client_cert);
			SSL_CTX_set_max_proto_version(w->raw.ctx, TLS1_2_VERSION);
			assert_int_equal(SSL_CTX_set_cipher_list(w->raw.ctx, refused[i]), 1);
			client_refused(w, ERR_PROTO, "no cipher suite in common");
		}
		for (int i = 0; i < 2; i++) {
			raw_init(w, false, &w->client_cert);
			SSL_CTX_set_max_proto_version(w->raw.ctx, TLS1_2_VERSION);
			assert_int_equal(SSL_CTX_set_cipher_list(w->raw.ctx, accepted[2 * with_rsa + i]), 1);
			client_accepted(w);
			raw_finish(w);
		}
	}
	for (int i = 0; i < 3; i++) {
		raw_init(w, false, &w->client_cert);
		assert_int_equal(SSL_CTX_set_ciphersuites(w->raw.ctx, accepted_13[i]), 1);
		client_accepted(w);
		raw_finish(w);
	}
	raw_init(w, false, &w->client_cert);
	assert_int_equal(SSL_CTX_set_ciphersuites(w->raw.ctx, "TLS_AES_128_CCM_SHA256"), 1);
	SSL_CTX_set_min_proto_version(w->raw.ctx, TLS1_3_VERSION);
	client_refused(w, ERR_PROTO, "no cipher suite in common");
	pki_free(&rsa);
}

static void test_groups(void **state)
{
	struct world *w = *state;
	static const char *const accepted[] = { "P-256", "X25519", "P-384" }, *const refused[] = { "P-521", "X448", "ffdhe2048" };

	for (int i = 0; i < 3; i++) {
		raw_init(w, false, &w->client_cert);
		assert_int_equal(SSL_CTX_set1_groups_list(w->raw.ctx, accepted[i]), 1);
		client_accepted(w);
		raw_finish(w);
		raw_init(w, false, &w->client_cert);
		SSL_CTX_set_min_proto_version(w->raw.ctx, TLS1_3_VERSION);
		assert_int_equal(SSL_CTX_set1_groups_list(w->raw.ctx, refused[i]), 1);
		client_refused(w, ERR_PROTO, "no key exchange group in common");
	}
}

static void test_signatures(void **state)
{
	struct world *w = *state;
	struct pki_cert rsa = pki_make(
	    &w->pki, &(struct pki_spec){ .cn = "scs", .key = PKI_RSA_2048, .san = "DNS:scs.example", .eku = "clientAuth" },
	    &w->ca_b);
	static const char *const offered[] = { "ECDSA+SHA1", "ECDSA+SHA512", "RSA+SHA1" };

	for (int i = 0; i < 3; i++) {
		raw_init(w, false, &w->client_cert);
		SSL_CTX_set_max_proto_version(w->raw.ctx, TLS1_2_VERSION);
		assert_int_equal(SSL_CTX_set1_sigalgs_list(w->raw.ctx, offered[i]), 1);
		client_refused(w, ERR_PROTO, "");
	}
	raw_init(w, false, &rsa); /* PSS in 1.2 and 1.3, but no PKCS#1 v1.5 in a handshake */
	SSL_CTX_set_max_proto_version(w->raw.ctx, TLS1_2_VERSION);
	assert_int_equal(SSL_CTX_set1_sigalgs_list(w->raw.ctx, "ECDSA+SHA256:RSA-PSS+SHA256"), 1);
	client_accepted(w);
	raw_finish(w);
	raw_init(w, false, &rsa);
	client_accepted(w);
	raw_finish(w);
	raw_init(w, false, &rsa);
	SSL_CTX_set_max_proto_version(w->raw.ctx, TLS1_2_VERSION);
	assert_int_equal(SSL_CTX_set1_sigalgs_list(w->raw.ctx, "ECDSA+SHA256:RSA+SHA256"), 1);
	client_refused(w, ERR_AUTH, "handshake signed with RSA PKCS#1 v1.5");
	pki_free(&rsa);
}

static void test_mutual_always(void **state)
{
	struct world *w = *state;

	raw_init(w, false, NULL);
	client_refused(w, ERR_AUTH, "no certificate given");
	raw_init(w, false, NULL);
	SSL_CTX_set_max_proto_version(w->raw.ctx, TLS1_2_VERSION);
	client_refused(w, ERR_AUTH, "no certificate given");
}

/* It has said all it wants to say and still reads: with close_notify, or by the end of its direction alone. */
static void test_a_client_that_ended_its_direction_reads_what_is_written_then(void **state)
{
	struct world *w = *state;

	for (int alert = 0; alert < 2; alert++) {
		raw_init(w, false, &w->client_cert);
		client_accepted(w);
		if (alert) {
			assert_true(SSL_shutdown(w->raw.ssl) >= 0);
		}
		assert_int_equal(shutdown(w->raw.fd, SHUT_WR), 0);
		w->b.stop_at = 1 << IN_CLOSE;
		if (!w->b.closed) {
			run(w);
		}
		assert_int_equal(w->b.err, ERR_CLOSED);
		assert_true(net_stream_half_closed(w->b.s));
		assert_int_equal(net_stream_write(w->b.s, "last words", 10), 0);
		w->raw.datas = 0;
		net_stream_close(w->b.s);
		w->b.s = NULL;
		run_ms(w, 20);
		assert_int_equal(w->raw.datas, 1);
		raw_free(&w->raw);
	}
}

/* A client with such a key sends its certificate only when it is asked for one. It is refused for what it is. */
static void test_a_client_with_another_kind_of_key_is_told_so(void **state)
{
	static const enum pki_key kinds[] = { PKI_ED25519, PKI_P521 };
	struct world *w = *state;

	for (int i = 0; i < 4; i++) {
		struct pki_spec spec = { .cn = "scs", .key = kinds[i / 2], .san = "DNS:scs.example", .eku = "clientAuth" };
		struct pki_cert c = pki_make(&w->pki, &spec, &w->ca_b);

		raw_init(w, false, &c);
		if (i % 2) {
			SSL_CTX_set_max_proto_version(w->raw.ctx, TLS1_2_VERSION);
		}
		client_refused(
		    w, ERR_AUTH,
		    i / 2 ? "certificate of 'O=Test,CN=scs': key secp521r1, expected P-256, P-384 or RSA of at least 2048 bits"
			  : "certificate of 'O=Test,CN=scs': key ED25519, expected P-256, P-384 or RSA of at least 2048 bits");
		pki_free(&c);
	}
}

static void presented(struct world *w, const struct pki_spec *spec, const struct pki_cert *ca, int alert, const char *words)
{
	struct pki_cert c = pki_make(&w->pki, spec, ca);

	for (int tls12 = 0; tls12 < 2; tls12++) {
		raw_init(w, false, &c);
		if (tls12) {
			SSL_CTX_set_max_proto_version(w->raw.ctx, TLS1_2_VERSION);
		}
		raw_start(w, false);
		on_raw(w, 0);
		run(w);
		if (w->b.opened || w->b.err != ERR_AUTH || !strstr(w->b.why, words)) {
			fail_msg("expected '%s', got opened %d, '%s'", words, w->b.opened, w->b.why);
		}
		net_stream_close(w->b.s);
		w->b.s = NULL;
		run_ms(w, 5);
		assert_true(w->raw.ended);
		assert_int_equal(w->raw.alert, alert);
		raw_free(&w->raw);
	}
	pki_free(&c);
}

static void test_certificates_are_judged_in_the_handshake_and_the_alert_says_what_is_wrong(void **state)
{
	struct world *w = *state;

#define NAME .cn = "x", .san = "DNS:scs.example"
	presented(w, &(struct pki_spec){ NAME, .eku = "clientAuth" }, NULL, SSL_AD_UNKNOWN_CA,
		  "does not chain to any configured anchor");
	presented(w, &(struct pki_spec){ NAME, .eku = "clientAuth", .from_s = -99, .to_s = -9 }, &w->ca_a,
		  SSL_AD_CERTIFICATE_EXPIRED, "expired");
	presented(w, &(struct pki_spec){ NAME, .eku = "clientAuth", .from_s = 99 }, &w->ca_b, SSL_AD_BAD_CERTIFICATE,
		  "not yet valid");
	presented(w, &(struct pki_spec){ NAME, .eku = "serverAuth" }, &w->ca_b, SSL_AD_UNSUPPORTED_CERTIFICATE,
		  "is not for a TLS client");
	presented(w, &(struct pki_spec){ .cn = "x", .eku = "clientAuth" }, &w->ca_b, SSL_AD_BAD_CERTIFICATE, "no dNSName");
	presented(w, &(struct pki_spec){ .cn = "x", .eku = "clientAuth", .san = "DNS:*.example" }, &w->ca_b,
		  SSL_AD_BAD_CERTIFICATE, "wildcard");
	presented(w, &(struct pki_spec){ NAME, .eku = "clientAuth", .key = PKI_RSA_1024 }, &w->ca_b, SSL_AD_BAD_CERTIFICATE,
		  "key RSA of 1024 bits");
}

static void test_a_handshake_needs_no_descriptor_and_so_no_file(void **state)
{
	struct world *w = *state;
	struct rlimit old, none;

	raw_init(w, false, &w->client_cert); /* a warm-up: time zone, random numbers */
	client_accepted(w);
	raw_finish(w);
	raw_init(w, false, &w->client_cert);
	raw_start(w, false);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = old;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	on_raw(w, 0);
	run(w);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(w->b.opened, 1);
	raw_finish(w);
}

static void test_no_resumption_no_tickets_no_early_data(void **state)
{
	struct world *w = *state;
	SSL_SESSION *session;
	size_t n = 0;

	for (int tls12 = 0; tls12 < 2; tls12++) {
		raw_init(w, false, &w->client_cert);
		if (tls12) {
			SSL_CTX_set_max_proto_version(w->raw.ctx, TLS1_2_VERSION);
		}
		SSL_CTX_set_session_cache_mode(w->raw.ctx, SSL_SESS_CACHE_CLIENT);
		client_accepted(w);
		run_ms(w, 5);
		session = SSL_get1_session(w->raw.ssl);
		assert_false(SSL_SESSION_has_ticket(session));
		if (!tls12) {
			assert_false(SSL_SESSION_is_resumable(session));
		}
		assert_int_equal(SSL_SESSION_get_max_early_data(session), 0);
		raw_finish(w);
		raw_init(w, false, &w->client_cert); /* and offering it again is of no use */
		if (tls12) {
			SSL_CTX_set_max_proto_version(w->raw.ctx, TLS1_2_VERSION);
		}
		raw_start(w, false);
		assert_int_equal(SSL_set_session(w->raw.ssl, session), 1);
		if (!tls12) {
			(void)SSL_write_early_data(w->raw.ssl, "x", 1, &n);
		}
		assert_int_equal(n, 0);
		on_raw(w, 0);
		run(w);
		assert_int_equal(w->b.opened, 1);
		assert_int_equal(SSL_session_reused(w->raw.ssl), 0);
		raw_finish(w);
		SSL_SESSION_free(session);
	}
}

static void test_no_renegotiation(void **state)
{
	struct world *w = *state;

	raw_init(w, false, &w->client_cert);
	SSL_CTX_set_max_proto_version(w->raw.ctx, TLS1_2_VERSION);
	client_accepted(w);
	w->b.stop_at = 0;
	run_ms(w, 5); /* the server's last words of the handshake */
	assert_true(w->raw.done);
	assert_int_equal(SSL_renegotiate(w->raw.ssl), 1);
	(void)SSL_do_handshake(w->raw.ssl);
	run_ms(w, 20);
	on_raw(w, 0);
	assert_true(w->raw.alert == SSL_AD_NO_RENEGOTIATION || w->raw.ended);
	raw_finish(w);
}

static void test_an_application_protocol_is_refused(void **state)
{
	struct world *w = *state;

	raw_init(w, false, &w->client_cert);
	assert_int_equal(SSL_CTX_set_alpn_protos(w->raw.ctx, (const unsigned char *)"\x08http/1.1", 9), 0);
	client_refused(w, ERR_PROTO, "");
}

static void test_tls_12_without_extended_master_secret_is_refused(void **state)
{
	struct world *w = *state;

	raw_init(w, false, &w->client_cert);
	SSL_CTX_set_max_proto_version(w->raw.ctx, TLS1_2_VERSION);
	SSL_CTX_set_options(w->raw.ctx, SSL_OP_NO_EXTENDED_MASTER_SECRET);
	client_refused(w, ERR_AUTH, "without extended master secret");
}

/* --- what is no TLS at all ------------------------------------------------------------------------------------------------- */

static void send_and_wait(struct world *w, const void *p, size_t n)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	w->b = (struct end){ .w = w, .stop_at = 1 << IN_OPEN | 1 << IN_CLOSE };
	assert_int_equal(tls_accept(&w->b.s, w->server, w->loop, pair[0], "raw", &w->conf, &callbacks, &w->b), 0);
	if (n) {
		assert_int_equal(send(pair[1], p, n, 0), n);
	}
	run(w);
	net_stream_close(w->b.s);
	w->b.s = NULL;
	close(pair[1]);
}

static void test_garbage_instead_of_a_handshake(void **state)
{
	struct world *w = *state;
	uint8_t junk[2000];
	unsigned seed = 7;

	send_and_wait(w, "\x01\x00\x00\x54\x80\x00\x01\x01\x00\x00\x00\x00", 12); /* a CER in clear */
	assert_int_equal(w->b.err, ERR_PROTO);
	assert_non_null(strstr(w->b.why, "not TLS"));
	send_and_wait(w, "GET / HTTP/1.1\r\n\r\n", 18);
	assert_string_equal(w->b.why, "TLS handshake: not TLS: an HTTP request");
	w->conf.handshake_wait_ms = 20; /* what looks like the start of a long record waits for the rest */
	for (int i = 0; i < 50; i++) {
		for (size_t k = 0; k < sizeof junk; k++) {
			junk[k] = (uint8_t)((seed = seed * 1103515245u + 12345u) >> 16);
		}
		if (i % 2) {
			junk[0] = 0x16;
			junk[1] = 3;
			junk[2] = 1;
			junk[3] &= 7;
		}
		send_and_wait(w, junk, sizeof junk);
		assert_int_equal(w->b.opened, 0);
		assert_int_equal(w->b.closed, 1);
	}
}

static void test_silence_is_ended_in_time(void **state)
{
	struct world *w = *state;

	w->conf.handshake_wait_ms = 30;
	send_and_wait(w, NULL, 0);
	assert_int_equal(w->b.err, ERR_TIMEOUT);
	assert_string_equal(w->b.why, "TLS handshake: not done in 30 ms");
	send_and_wait(w, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11); /* the beginning of a ClientHello */
	assert_int_equal(w->b.err, ERR_TIMEOUT);
}

static void test_a_server_that_is_silent_is_given_up_by_the_client(void **state)
{
	struct world *w = *state;

	net_listener_free(w->listener);
	w->listener = NULL; /* connections are taken by the kernel and by nobody else */
	w->conf.handshake_wait_ms = 30;
	w->a.stop_at = 1 << IN_CLOSE;
	start(w);
	run(w);
	assert_int_equal(w->a.err, ERR_TIMEOUT);
	assert_string_equal(w->a.why, "TLS handshake: not done in 30 ms");
}

static void test_an_end_in_the_middle_of_a_handshake(void **state)
{
	struct world *w = *state;

	raw_init(w, false, &w->client_cert);
	raw_start(w, false);
	on_raw(w, 0); /* its ClientHello */
	shutdown(w->raw.fd, SHUT_RDWR);
	run(w);
	assert_int_equal(w->b.err, ERR_CLOSED);
	assert_memory_equal(w->b.why, "TLS handshake: ", 15);
	raw_finish(w);
}

static void test_altered_records_end_the_connection(void **state)
{
	struct world *w = *state;

	raw_init(w, false, &w->client_cert);
	client_accepted(w);
	w->b.stop_at = 1 << IN_CLOSE;
	assert_int_equal(send(w->raw.fd, "\x17\x03\x03\x00\x20________________________________", 37, 0), 37);
	run(w);
	assert_int_equal(w->b.got, 0);
	assert_int_equal(w->b.err, ERR_PROTO);
	raw_finish(w);
}

TEST_GROUP()
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_only_a_handshake_opens_and_nothing_comes_back),
		T(test_the_loop_knows_how_many_streams_are_in_each_state),
		T(test_both_ends_are_authenticated_and_know_each_other),
		T(test_a_server_of_13_only_meets_a_client_that_also_allows_12),
		T(test_large_writes_arrive_whole_and_in_order),
		T(test_small_writes_of_one_turn_travel_in_one_record),
		T(test_octets_written_before_the_handshake_wait_for_it),
		T(test_the_write_queue_is_bounded),
		T(test_a_reader_that_never_reads_fills_the_queue_and_no_more),
		T(test_pausing_inside_a_callback_holds_the_rest_back_and_loses_nothing),
		T(test_freezing_holds_back_what_is_here_already),
		T(test_pausing_before_the_handshake_holds_everything_back),
		T(test_close_sends_what_is_queued_and_ends_cleanly),
		T(test_abort_resets),
		T(test_closing_in_every_callback),
		T(test_a_stream_outlives_its_context),
		T(test_a_wrong_name_is_refused_by_the_client),
		T(test_a_client_in_tls_13_opens_and_then_learns_that_it_was_refused),
		T(test_the_key_log_decrypts_a_capture),
		T(test_half_a_line_of_the_keylog_spoils_no_secret),
		T(test_a_plain_stream_has_no_identity),
		T(test_versions),
		T(test_suites),
		T(test_groups),
		T(test_signatures),
		T(test_mutual_always),
		T(test_a_client_that_ended_its_direction_reads_what_is_written_then),
		T(test_a_client_with_another_kind_of_key_is_told_so),
		T(test_certificates_are_judged_in_the_handshake_and_the_alert_says_what_is_wrong),
		T(test_a_handshake_needs_no_descriptor_and_so_no_file),
		T(test_no_resumption_no_tickets_no_early_data),
		T(test_no_renegotiation),
		T(test_an_application_protocol_is_refused),
		T(test_tls_12_without_extended_master_secret_is_refused),
		T(test_garbage_instead_of_a_handshake),
		T(test_silence_is_ended_in_time),
		T(test_a_server_that_is_silent_is_given_up_by_the_client),
		T(test_an_end_in_the_middle_of_a_handshake),
		T(test_altered_records_end_the_connection),
	};

	signal(SIGPIPE, SIG_IGN); /* for the bare OpenSSL only: ours never raises it */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
