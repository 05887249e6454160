/* tls_stream.c - TLS as a layer on another stream: it hears octets from below by callback, and
 * what it writes below is queued there and leaves by one send at the end of the turn. The
 * handshake is in tls_shake.c.
 *
 *   below opens --> HANDSHAKE --both proven--> OPEN --close_notify, error, below dead--> DEAD
 *                      |                                                                  ^
 *                      +------- refused, too slow ----------------------------------------+
 *
 * A server whose key is in another process waits for its signature inside of HANDSHAKE
 * (tls_remote.c). What comes meanwhile is held, and no more than one read of it.
 *
 * OpenSSL reads straight from the memory of one receive (no copy) and writes into the queue of
 * the stream below. Plain octets written in one turn are gathered first: as few records as
 * possible. A client in TLS 1.3 is OPEN before the server has judged its certificate; it learns
 * of a refusal by on_close. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ident.h"
#include "base/str.h"
#include "tls/tls_revocation.h"
#include "tls/tls_stream_int.h"

#define RECORD_MAX 16384

static const char *const state_words[] = { "beginning", "handshake", "open", "dead" };

static const uint32_t next_states[] = {
	[TLS_BEGINNING] = MACHINE_TO(TLS_HANDSHAKE) | MACHINE_TO(TLS_DEAD),
	[TLS_HANDSHAKE] = MACHINE_TO(TLS_OPEN) | MACHINE_TO(TLS_DEAD),
	[TLS_OPEN] = MACHINE_TO(TLS_DEAD),
	[TLS_DEAD] = MACHINE_TO(TLS_DEAD), /* the stream below may end after this one */
};

const struct machine tls_stream_machine = { "tls", "stream", state_words, next_states, TLS_STATES };

_Static_assert((unsigned)TLS_STATES <= NET_LAYER_STATES_MAX, "the loop has a number for each state");

/* The one place where the state of a stream changes. */
void tls_set_state(struct tls_stream *t, enum tls_stream_state state)
{
	t->state = (enum tls_stream_state)machine_go(&tls_stream_machine, net_loop_layer_gauge(t->loop), t->state, state);
}

/* SSL_get_error() looks at OpenSSL's list of errors too, which has to be empty before the call
 * that it judges. It nearly always is, and to see that is half the work of emptying it. */
static void no_errors(void)
{
	if (ERR_peek_error()) {
		ERR_clear_error();
	}
}

/* --- receiving ------------------------------------------------------------ */

/* Whether octets wait here or in OpenSSL. Reading without any only finds that out, for the price of
 * a quarter of a record. */
static bool may_read(const struct tls_stream *t)
{
	return t->in_len || SSL_has_pending(t->ssl);
}

/* Gives the owner what a few records hold. Returns whether there may be more. */
static bool tls_receive(struct tls_stream *t)
{
	uint8_t plain[2 * RECORD_MAX];
	char why[TLS_WHY_MAX] = "closed by the other side";
	size_t n = 0, got;
	int r, e = SSL_ERROR_NONE, err = ERR_CLOSED;

	no_errors();
	do {
		r = SSL_read_ex(t->ssl, plain + n, sizeof plain - n, &got);
		if (r == 1) {
			n += got;
			t->barren = 0;
		} else {
			e = SSL_get_error(t->ssl, r);
		}
	} while (r == 1 && sizeof plain - n >= RECORD_MAX && may_read(t));
	if (e != SSL_ERROR_NONE && e != SSL_ERROR_WANT_READ && e != SSL_ERROR_ZERO_RETURN) {
		err = tls_failure(t, why, sizeof why); /* before the owner may use OpenSSL */
	} else if (e == SSL_ERROR_WANT_READ && t->barren > TLS_BARREN_MAX) {
		e = SSL_ERROR_SSL;
		err = ERR_PROTO;
		str_cut(why, sizeof why, "TLS: messages without end that carry nothing (KeyUpdate, renegotiation)");
	}
	if (n) {
		net_stream_emit_data(&t->base, plain, n);
	}
	if (t->base.closed || t->state == TLS_DEAD) {
		return false;
	}
	t->base.half_closed = e == SSL_ERROR_ZERO_RETURN;
	if (e != SSL_ERROR_NONE && e != SSL_ERROR_WANT_READ) {
		tls_die(t, err, why);
	}
	return e == SSL_ERROR_NONE && may_read(t);
}

/* Octets that came before a freeze wait for its end, too. */
static bool may_pass_on(const struct tls_stream *t)
{
	return !t->paused && !t->base.frozen;
}

static void tls_advance(struct tls_stream *t)
{
	bool more = true;

	while (more && !t->base.closed && t->state != TLS_DEAD) {
		if (t->state == TLS_HANDSHAKE) {
			more = tls_shake(t);
		} else {
			more = may_pass_on(t) && tls_receive(t);
		}
	}
}

/* Bytes from below; n = 0: continue with the held ones. */
static void tls_feed(struct tls_stream *t, const uint8_t *p, size_t n)
{
	size_t held = t->held.len;

	net_stream_hold(&t->base);
	if (held) {
		if (net_queue_add(&t->held, p, n)) {
			tls_die(t, ERR_NOMEM, err_str(ERR_NOMEM));
			net_stream_drop(&t->base);
			return;
		}
		p = t->held.p + t->held.head;
		n = t->held.len;
	}
	t->in = p;
	t->in_len = n;
	tls_advance(t);
	if (held) {
		net_queue_del(&t->held, n - t->in_len);
	} else if (t->in_len && t->state != TLS_DEAD && !t->base.closed && net_queue_add(&t->held, t->in, t->in_len)) {
		tls_die(t, ERR_NOMEM, err_str(ERR_NOMEM));
	}
	t->in = NULL;
	t->in_len = 0;
	net_stream_drop(&t->base);
}

/* -- the stream below */

static void below_on_open(void *arg)
{
	struct tls_stream *t = tls_of(arg);

	net_timer_start(t->timer, t->handshake_wait_ms);
	tls_set_state(t, TLS_HANDSHAKE);
	if (!t->ctx->server) { /* a server has nothing to say yet, and OpenSSL would take 50 KiB at once */
		tls_feed(t, NULL, 0);
	}
}

static void below_on_data(void *arg, const uint8_t *p, size_t n)
{
	struct tls_stream *t = tls_of(arg);
	const char *too_long;

	if (t->state == TLS_DEAD) {
		return;
	}
	net_stream_hold(&t->base);
	if (t->state == TLS_HANDSHAKE && (too_long = tls_too_long(t, p, n))) {
		tls_die(t, ERR_LIMIT, too_long);
		net_stream_drop(&t->base);
		return;
	}
	tls_feed(t, p, n);
	/* An honest client says nothing while it waits for us; whoever does fills no queue. */
	if (t->signature_awaited && t->held.len && t->below && !t->paused_for_signature) {
		t->paused_for_signature = true;
		net_stream_pause(t->below);
	}
	net_stream_drop(&t->base);
}

static void below_on_close(void *arg, int err, const char *why)
{
	struct tls_stream *t = tls_of(arg);
	char words[TLS_WHY_MAX];

	snprintf(words, sizeof words, "%s%s", t->state == TLS_HANDSHAKE ? "TLS handshake: " : "", why);
	net_stream_hold(&t->base);
	if (t->state != TLS_DEAD) { /* else close_notify came before, and decides */
		t->may_write = t->base.half_closed = t->state == TLS_OPEN && net_stream_half_closed(t->below);
	}
	tls_die(t, err, words);
	net_stream_drop(&t->base);
}

static const struct net_stream_cb below_cb = { .on_open = below_on_open, .on_data = below_on_data, .on_close = below_on_close };

/* -- sending */

static bool tls_push(struct tls_stream *t)
{
	size_t done;

	if (!t->out.len) {
		return true;
	}
	no_errors();
	/* The stream below takes all or fails: there is no half-written record to come back to. */
	if (SSL_write_ex(t->ssl, t->out.p + t->out.head, t->out.len, &done) != 1) {
		return false;
	}
	net_queue_del(&t->out, done);
	return true;
}

static void on_flush(void *arg)
{
	struct tls_stream *t = tls_of(arg);

	if (t->state != TLS_OPEN || tls_push(t)) {
		return;
	}
	ERR_clear_error();
	t->failed = true;
	net_task_later(t->loop, &t->later);
}

static void on_later(void *arg)
{
	struct tls_stream *t = tls_of(arg);

	net_stream_hold(&t->base);
	if (t->failed) {
		t->may_write = false;
		tls_die(t, ERR_LIMIT, "TLS: the write queue is full");
	} else if ((t->state == TLS_OPEN && may_pass_on(t)) || (t->state == TLS_HANDSHAKE && t->signature_awaited)) {
		tls_feed(t, NULL, 0);
	}
	net_stream_drop(&t->base);
}

/* The signature is there, or there is none. The handshake goes on in a turn of its own: the signer
 * may have more to give out, and an owner may free it. */
static void on_signature(void *arg)
{
	struct tls_stream *t = tls_of(arg);

	net_task_later(t->loop, &t->later);
}

static size_t tls_queued(const struct net_stream *s)
{
	const struct tls_stream *t = tls_of(s);

	return t->out.len + (t->below ? net_stream_queued(t->below) : 0);
}

static int tls_write(struct net_stream *s, const void *p, size_t n)
{
	struct tls_stream *t = tls_of(s);
	size_t queued = tls_queued(s);
	int err;

	if (n > t->out_max || queued > t->out_max - n) {
		return ERR_LIMIT;
	}
	err = net_queue_add(&t->out, p, n);
	if (!err && t->state == TLS_OPEN) {
		net_task_flush(t->loop, &t->flush);
	}
	return err;
}

static void tls_push_now(struct net_stream *s)
{
	struct tls_stream *t = tls_of(s);

	on_flush(t);
	if (t->below) {
		net_stream_push(t->below);
	}
}

/* -- the stream */

static void tls_pause(struct net_stream *s)
{
	struct tls_stream *t = tls_of(s);

	t->paused = true;
	if (t->state == TLS_OPEN) { /* a handshake continues: it passes nothing to the owner */
		net_stream_pause(t->below);
	}
}

static void tls_resume(struct net_stream *s)
{
	struct tls_stream *t = tls_of(s);

	t->paused = false;
	if (t->state == TLS_DEAD || t->signature_awaited) {
		return;
	}
	net_stream_resume(t->below);
	if (t->state == TLS_OPEN && t->held.len) {
		net_task_later(t->loop, &t->later);
	}
}

/* Records are made all the same, and wait below. */
static void tls_freeze(struct net_stream *s, bool frozen)
{
	struct tls_stream *t = tls_of(s);

	if (t->below) {
		net_stream_freeze(t->below, frozen);
	}
	if (!frozen && t->state == TLS_OPEN && t->held.len) {
		net_task_later(t->loop, &t->later);
	}
}

static void tls_close(struct net_stream *s, bool abort)
{
	struct tls_stream *t = tls_of(s);

	tls_end_call(t);
	net_task_cancel(&t->later);
	net_task_cancel(&t->flush);
	net_timer_free(t->timer);
	t->timer = NULL;
	if (!abort && t->may_write && tls_push(t)) {
		(void)SSL_shutdown(t->ssl);
	}
	ERR_clear_error();
	if (abort) {
		net_stream_abort(t->below);
	} else {
		net_stream_close(t->below);
	}
	t->below = NULL;
}

static void tls_destroy(struct net_stream *s)
{
	struct tls_stream *t = tls_of(s);

	tls_end_call(t);
	net_task_cancel(&t->later);
	net_task_cancel(&t->flush);
	net_timer_free(t->timer);
	SSL_free(t->ssl);
	net_queue_fini(&t->out);
	net_queue_fini(&t->held);
	free(t->identity);
	tls_chains_fini(&t->chains);
	free(t->refusal);
	tls_ctx_free(t->ctx);
	machine_end(&tls_stream_machine, net_loop_layer_gauge(t->loop), t->state);
	t->base.obj.magic = 0;
	free(t);
}

static const struct net_stream_ops tls_ops = { tls_write,  tls_queued, tls_push_now, tls_pause,
					       tls_resume, tls_close,  tls_destroy,  tls_freeze };

/* Makes everything but the stream below. On failure nothing is left. */
static struct tls_stream *tls_new(struct tls_ctx *c, struct net_loop *l, const struct net_stream_conf *conf,
				  const struct net_stream_cb *cb, void *arg)
{
	struct tls_stream *t = calloc(1, sizeof *t);
	BIO *bio;

	if (!t) {
		return NULL;
	}
	net_stream_init(&t->base, TLS_STREAM_MAGIC, &tls_ops, "", cb, arg);
	t->loop = l;
	machine_begin(&tls_stream_machine, net_loop_layer_gauge(l), t->state);
	t->ctx = tls_ctx_hold(c);
	t->out.spares = t->held.spares = net_loop_spares(l);
	t->later = (struct net_task){ .fn = on_later, .arg = t };
	t->flush = (struct net_task){ .fn = on_flush, .arg = t };
	t->call.ready = on_signature;
	t->call.arg = t;
	t->out_max = conf && conf->write_queue_max ? conf->write_queue_max : NET_WRITE_QUEUE_MAX;
	t->handshake_len_max = conf ? conf->handshake_len_max : 0;
	t->handshake_wait_ms = conf && conf->handshake_wait_ms ? conf->handshake_wait_ms : NET_HANDSHAKE_WAIT_MS;
	t->ssl = SSL_new(c->ssl);
	bio = BIO_new(c->bio);
	if (!t->ssl || !bio || !SSL_set_app_data(t->ssl, t) || net_timer_new(&t->timer, l, tls_on_handshake_limit, t)) {
		BIO_free(bio);
		net_stream_drop(&t->base);
		return NULL;
	}
	BIO_set_data(bio, t);
	BIO_set_init(bio, 1);
	SSL_set_bio(t->ssl, bio, bio);
	return t;
}

/* Records add 22 bytes for each 16 KiB, handshake and alerts a little more. */
static struct net_stream_conf conf_below(const struct tls_stream *t, const struct net_stream_conf *conf)
{
	struct net_stream_conf below = conf ? *conf : (struct net_stream_conf){ 0 };

	below.write_queue_max = t->out_max + t->out_max / 16 + 64u * 1024u;
	return below;
}

static void tls_made(struct net_stream **out, struct tls_stream *t)
{
	str_cut(t->base.peer, sizeof t->base.peer, net_stream_peer(t->below));
	*out = &t->base;
}

int tls_accept(struct net_stream **out, struct tls_ctx *c, struct net_loop *l, int fd, const char *peer,
	       const struct net_stream_conf *conf, const struct net_stream_cb *cb, void *arg)
{
	struct net_stream_conf below;
	struct tls_stream *t;
	int err;

	if (!c->server) {
		return ERR_STATE;
	}
	t = tls_new(c, l, conf, cb, arg);
	if (!t) {
		return ERR_NOMEM;
	}
	SSL_set_accept_state(t->ssl);
	below = conf_below(t, conf);
	err = net_tcp_accept(&t->below, l, fd, peer, &below, &below_cb, t);
	if (err) {
		net_stream_drop(&t->base);
		return err;
	}
	tls_made(out, t);
	return 0;
}

int tls_connect(struct net_stream **out, struct tls_ctx *c, struct net_loop *l, const char *address, uint16_t port,
		const char *expected_name, const struct net_stream_conf *conf, const struct net_stream_cb *cb, void *arg)
{
	struct net_stream_conf below;
	struct tls_stream *t;
	int err;

	if (c->server) {
		return ERR_STATE;
	}
	t = tls_new(c, l, conf, cb, arg);
	if (!t) {
		return ERR_NOMEM;
	}
	err = ident_host(t->expected, expected_name, strlen(expected_name)) ? ERR_INVAL : 0;
	if (!err && SSL_set_tlsext_host_name(t->ssl, t->expected) != 1) {
		err = ERR_NOMEM;
	}
	if (!err) {
		SSL_set_connect_state(t->ssl);
		below = conf_below(t, conf);
		err = net_tcp_connect(&t->below, l, address, port, &below, &below_cb, t);
	}
	if (err) {
		net_stream_drop(&t->base);
		return err;
	}
	tls_made(out, t);
	return 0;
}

const uint32_t *tls_streams(struct net_loop *l)
{
	return net_loop_layer_gauge(l);
}

bool tls_stream_greeted(const struct net_stream *s)
{
	const struct tls_stream *t = s->ops == &tls_ops ? tls_of(s) : NULL;
	OSSL_HANDSHAKE_STATE at = t ? SSL_get_state(t->ssl) : TLS_ST_OK;

	return at != TLS_ST_BEFORE && at != TLS_ST_SR_CLNT_HELLO;
}

const struct tls_identity *tls_stream_identity(const struct net_stream *s)
{
	const struct tls_stream *t = s->ops == &tls_ops ? tls_of(s) : NULL;

	return t && t->authenticated ? t->identity : NULL;
}

int tls_stream_negotiated(const struct net_stream *s, uint8_t *version, uint8_t *suite)
{
	const struct tls_stream *t = s->ops == &tls_ops ? tls_of(s) : NULL;
	const SSL_CIPHER *cipher = t && t->authenticated ? SSL_get_current_cipher(t->ssl) : NULL;

	*version = *suite = 0;
	if (!cipher) {
		return ERR_STATE;
	}
	*suite = agreed_suite(SSL_CIPHER_get_protocol_id(cipher));
	*version = SSL_version(t->ssl) == TLS1_3_VERSION ? AGREED_TLS_1_3 : AGREED_TLS_1_2;
	if (!agreed_tls_possible(*version, *suite)) {
		*version = *suite = 0;
		return ERR_PROTO;
	}
	return 0;
}

static const struct tls_anchor *anchor_of(const struct tls_ctx *c, const char *name)
{
	for (size_t i = 0; i < c->anchors_n; i++) {
		if (strcmp(c->anchors[i].name, name) == 0) {
			return &c->anchors[i];
		}
	}
	return NULL;
}

void tls_stream_revocation(struct tls_revocation *out, const struct net_stream *s, const struct tls_ctx *c, const char *anchor,
			   uint64_t now_s)
{
	const struct tls_identity *id = tls_stream_identity(s);
	const struct tls_anchor *a;

	OBJ_CHECK(c, TLS_CTX_MAGIC);
	a = anchor_of(c, anchor);
	tls_revocation_unchecked(out);
	for (uint8_t i = 0; id && a && i < id->anchors_n; i++) {
		if (strcmp(id->anchors[i], anchor) == 0) {
			tls_revocation_judge(out, a, tls_of(s)->chains.to[i], now_s);
			return;
		}
	}
}
