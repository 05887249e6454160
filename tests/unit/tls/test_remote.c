/* Handshakes of a server whose key is somewhere else: our provider refuses to give it out, and a
 * handshake waits for its signature without the loop waiting. The far end is a bare OpenSSL client
 * on a socket pair, driven by the same loop. */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/unit/guard.h"
#include "tests/unit/tls/pki.h"
#include "tls/tls_provider.h"
#include "tls/tls_sign.h"
#include "tls/tls_stream.h"

#define PAIRS 4
#define SET 7
#define KEY 3

enum mood { SIGNS, SIGNS_LATE, REFUSES, SILENT, ABSENT };

struct world;

struct pair {
	struct world *w;
	struct net_stream *server;
	SSL *client;
	struct net_watch *watch;
	int fd, opened, closed, err;
	char why[700];
	bool client_done, client_ended;
};

struct world {
	struct pki pki;
	struct pki_cert ca, server_cert, client_cert;
	struct tls_ctx *ctx;
	SSL_CTX *client_ctx;
	struct net_loop *loop;
	struct guard guard;
	struct net_timer *late;
	struct tls_remote *remote;
	struct tls_private *key;
	enum mood mood;
	bool stop_when_asked;
	TAILQ_HEAD(, tls_signing) asked;
	unsigned asked_n, cancelled_n, events, events_wanted;
	uint16_t scheme;
	uint8_t content[256];
	size_t content_len;
	struct pair pairs[PAIRS];
};

/* -- the signer */

static void sign(struct world *w, struct tls_signing *s)
{
	assert_int_equal(tls_private_sign(w->key, s->scheme, s->content, s->content_len, s->signature, &s->signature_len), 0);
	s->done(s, 0, NULL);
}

static void on_late(void *arg)
{
	struct world *w = arg;
	struct tls_signing *s;

	while ((s = TAILQ_FIRST(&w->asked))) {
		TAILQ_REMOVE(&w->asked, s, entry);
		if (w->mood == REFUSES) {
			s->done(s, ERR_REFUSED, "this test refuses");
		} else {
			sign(w, s);
		}
	}
}

static int begin(void *arg, struct tls_signing *s, const char **why)
{
	struct world *w = arg;

	assert_int_equal(s->set, SET);
	assert_int_equal(s->key, KEY);
	assert_true(s->content_len <= sizeof w->content);
	w->asked_n++;
	w->scheme = s->scheme;
	w->content_len = s->content_len;
	memcpy(w->content, s->content, s->content_len);
	if (w->mood == ABSENT) {
		*why = "nobody is there";
		return ERR_CLOSED;
	}
	TAILQ_INSERT_TAIL(&w->asked, s, entry);
	if (w->stop_when_asked) {
		net_loop_stop(w->loop);
	}
	if (w->mood != SILENT) {
		net_timer_start(w->late, w->mood == SIGNS ? 0 : 30);
	}
	return 0;
}

static void cancel(void *arg, struct tls_signing *s)
{
	struct world *w = arg;

	TAILQ_REMOVE(&w->asked, s, entry);
	w->cancelled_n++;
}

static bool ready(void *arg, uint16_t key)
{
	assert_int_equal(key, KEY);
	return ((struct world *)arg)->mood != ABSENT;
}

/* -- the two ends */

static void event(struct world *w)
{
	guard_moved(&w->guard);
	if (++w->events == w->events_wanted) {
		net_loop_stop(w->loop);
	}
}

static void on_open(void *arg)
{
	struct pair *p = arg;

	p->opened++;
	assert_non_null(tls_stream_identity(p->server));
	event(p->w);
}

static void on_data(void *arg, const uint8_t *octets, size_t n)
{
	(void)arg, (void)octets, (void)n;
}

static void on_close(void *arg, int err, const char *why)
{
	struct pair *p = arg;

	p->closed++;
	p->err = err;
	snprintf(p->why, sizeof p->why, "%s", why);
	event(p->w);
}

static const struct net_stream_cb callbacks = { .on_open = on_open, .on_data = on_data, .on_close = on_close };

static void on_client(void *arg, int events)
{
	struct pair *p = arg;
	uint8_t octet;
	int r;

	(void)events;
	ERR_clear_error();
	r = p->client_done ? SSL_read(p->client, &octet, 1) : SSL_do_handshake(p->client);
	if (r == 1) {
		p->client_done = true;
	} else if (SSL_get_error(p->client, r) != SSL_ERROR_WANT_READ) {
		net_watch_stop(p->watch);
		p->client_ended = true;
		if (!p->closed) {
			event(p->w);
		}
	}
}

static void pair_start(struct world *w, struct pair *p, uint32_t handshake_wait_ms)
{
	struct net_stream_conf conf = { .handshake_wait_ms = handshake_wait_ms };
	int fds[2];

	p->w = w;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
	p->fd = fds[1];
	assert_int_equal(tls_accept(&p->server, w->ctx, w->loop, fds[0], "test", &conf, &callbacks, p), 0);
	p->client = SSL_new(w->client_ctx);
	assert_non_null(p->client);
	assert_int_equal(SSL_set_fd(p->client, p->fd), 1);
	SSL_set_connect_state(p->client);
	assert_int_equal(net_watch_new(&p->watch, w->loop, p->fd, on_client, p), 0);
	assert_int_equal(net_watch_set(p->watch, NET_READ), 0);
	on_client(p, 0);
}

static void pair_end(struct pair *p)
{
	net_stream_close(p->server);
	p->server = NULL;
	net_watch_free(p->watch);
	p->watch = NULL;
	SSL_free(p->client);
	p->client = NULL;
	if (p->fd > 0) {
		close(p->fd);
	}
	p->fd = 0;
}

static void run(struct world *w, unsigned events_wanted)
{
	w->events = 0;
	w->events_wanted = events_wanted;
	assert_int_equal(net_loop_run(w->loop), 0);
}

/* -- the world */

static void world_new(struct world *w, enum pki_key kind, unsigned waiting_max)
{
	struct tls_signer signer = { begin, cancel, ready, w };
	struct tls_remote_key remote_key = { .key = KEY, .set = SET, .path = "the key" };
	struct tls_anchor_conf anchor = { .name = "ca" };
	struct tls_conf conf = { .server = true, .anchors = &anchor, .anchors_n = 1, .tls12_allowed = true };
	struct file_copy f;
	struct tls_key key;
	char why[400];

	*w = (struct world){ .mood = SIGNS };
	TAILQ_INIT(&w->asked);
	pki_init(&w->pki);
	w->ca = pki_make(&w->pki, &(struct pki_spec){ .cn = "CA", .ca = true }, NULL);
	w->server_cert = pki_make(
	    &w->pki, &(struct pki_spec){ .cn = "iwf", .key = kind, .san = "DNS:iwf.example", .eku = "serverAuth" }, &w->ca);
	w->client_cert =
	    pki_make(&w->pki, &(struct pki_spec){ .cn = "scs", .san = "DNS:scs.example", .eku = "clientAuth" }, &w->ca);
	assert_int_equal(net_loop_new(&w->loop), 0);
	assert_int_equal(net_timer_new(&w->late, w->loop, on_late, w), 0);
	guard_begin(&w->guard, w->loop, NULL, NULL);
	assert_int_equal(tls_remote_new(&w->remote, &signer, waiting_max), 0);
	remote_key.remote = w->remote;
	conf.certificate = w->server_cert.cert_file;
	anchor.file = w->ca.cert_file;
	conf.key = tls_keyholder_remote(&remote_key);
	if (tls_ctx_new(&w->ctx, &conf, why, sizeof why)) {
		fail_msg("%s", why);
	}
	assert_int_equal(file_read(&f, w->server_cert.key_file, TLS_PEM_MAX, why), 0);
	key = (struct tls_key){ w->server_cert.key_file, { f.p, f.len } };
	assert_int_equal(tls_private_new(&w->key, &key, why, sizeof why), 0);
	file_copy_fini(&f);
	w->client_ctx = SSL_CTX_new(TLS_client_method());
	assert_int_equal(SSL_CTX_use_certificate(w->client_ctx, w->client_cert.x), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(w->client_ctx, w->client_cert.key), 1);
	assert_int_equal(X509_STORE_add_cert(SSL_CTX_get_cert_store(w->client_ctx), w->ca.x), 1);
	SSL_CTX_set_verify(w->client_ctx, SSL_VERIFY_PEER, NULL); /* the client checks the signature */
}

static void world_free(struct world *w)
{
	for (unsigned i = 0; i < PAIRS; i++) {
		pair_end(&w->pairs[i]);
	}
	tls_ctx_free(w->ctx);
	assert_int_equal(tls_remote_waiting(w->remote), 0); /* no handshake was left in the middle */
	assert_true(TAILQ_EMPTY(&w->asked));
	tls_remote_free(w->remote);
	tls_private_free(w->key);
	SSL_CTX_free(w->client_ctx);
	guard_end(&w->guard);
	net_timer_free(w->late);
	net_loop_free(w->loop);
	pki_free(&w->ca);
	pki_free(&w->server_cert);
	pki_free(&w->client_cert);
	pki_fini(&w->pki);
}

/* -- tests */

static void succeeds(enum pki_key kind, int version, uint16_t scheme)
{
	struct world w;

	world_new(&w, kind, 8);
	assert_int_equal(SSL_CTX_set_max_proto_version(w.client_ctx, version), 1);
	pair_start(&w, &w.pairs[0], 0);
	run(&w, 1);
	if (!w.pairs[0].opened) {
		fail_msg("%s", w.pairs[0].why);
	}
	assert_int_equal(w.asked_n, 1);
	assert_int_equal(w.scheme, scheme);
	if (version == TLS1_3_VERSION) {
		assert_memory_equal(w.content + 64, "TLS 1.3, server CertificateVerify", 34);
	} else {
		assert_int_equal(w.content[64], 3); /* named curve, behind two randoms */
	}
	world_free(&w);
}

static void every_kind_of_key_signs_in_both_versions(void **state)
{
	(void)state;
	succeeds(PKI_P256, TLS1_3_VERSION, TLS_ECDSA_SHA256);
	succeeds(PKI_P256, TLS1_2_VERSION, TLS_ECDSA_SHA256);
	succeeds(PKI_P384, TLS1_3_VERSION, TLS_ECDSA_SHA384);
	succeeds(PKI_P384, TLS1_2_VERSION, TLS_ECDSA_SHA256);
	succeeds(PKI_RSA_2048, TLS1_3_VERSION, TLS_RSA_PSS_RSAE_SHA256);
	succeeds(PKI_RSA_2048, TLS1_2_VERSION, TLS_RSA_PSS_RSAE_SHA256);
}

static void handshakes_wait_beside_each_other(void **state)
{
	struct world w;

	(void)state;
	world_new(&w, PKI_P256, PAIRS);
	w.mood = SIGNS_LATE;
	for (unsigned i = 0; i < PAIRS; i++) {
		pair_start(&w, &w.pairs[i], 0);
	}
	run(&w, PAIRS);
	for (unsigned i = 0; i < PAIRS; i++) {
		assert_int_equal(w.pairs[i].opened, 1);
	}
	world_free(&w);
}

static void one_more_than_may_wait_is_refused(void **state)
{
	struct world w;

	(void)state;
	world_new(&w, PKI_P256, PAIRS - 1);
	w.mood = SILENT;
	for (unsigned i = 0; i < PAIRS; i++) {
		pair_start(&w, &w.pairs[i], 0);
	}
	run(&w, 1);
	assert_int_equal(w.asked_n, PAIRS - 1);
	assert_int_equal(tls_remote_waiting(w.remote), PAIRS - 1);
	for (unsigned i = 0; i < PAIRS; i++) {
		if (w.pairs[i].closed) {
			assert_int_equal(w.pairs[i].err, ERR_LIMIT);
			assert_non_null(strstr(w.pairs[i].why, "too many handshakes wait"));
		}
	}
	world_free(&w); /* ends those that wait */
}

static void fails(enum mood mood, uint32_t wait_ms, int err, const char *words, unsigned cancelled)
{
	struct world w;

	world_new(&w, PKI_P256, 8);
	w.mood = mood;
	pair_start(&w, &w.pairs[0], wait_ms);
	while (!w.pairs[0].closed) {
		run(&w, 1);
	}
	assert_int_equal(w.pairs[0].opened, 0);
	assert_int_equal(w.pairs[0].err, err);
	if (!strstr(w.pairs[0].why, words)) {
		fail_msg("'%s' does not say '%s'", w.pairs[0].why, words);
	}
	assert_int_equal(w.asked_n, 1);
	assert_int_equal(w.cancelled_n, cancelled);
	world_free(&w);
}

static void a_handshake_without_a_signature_fails_with_the_reason(void **state)
{
	(void)state;
	fails(REFUSES, 0, ERR_REFUSED, "no signature: this test refuses", 0);
	fails(ABSENT, 0, ERR_CLOSED, "no signature: nobody is there", 0);
	fails(SILENT, 30, ERR_TIMEOUT, "not done in 30 ms", 1);
}

static void whoever_closes_while_it_waits_leaves_nothing(void **state)
{
	struct world w;

	(void)state;
	world_new(&w, PKI_P256, 8);
	w.mood = SILENT;
	pair_start(&w, &w.pairs[0], 0);
	w.stop_when_asked = true;
	assert_int_equal(net_loop_run(w.loop), 0);
	assert_int_equal(w.asked_n, 1);
	assert_int_equal(w.cancelled_n, 0);
	pair_end(&w.pairs[0]);
	assert_int_equal(w.cancelled_n, 1);
	world_free(&w);
}

/* What comes while the server waits is held in a bound, and judged when the server goes on. */
static void who_talks_while_the_server_waits_gains_nothing(void **state)
{
	static uint8_t junk[1 << 20];
	struct world w;
	ssize_t taken, more;

	(void)state;
	world_new(&w, PKI_P256, 8);
	w.mood = SILENT;
	w.stop_when_asked = true;
	pair_start(&w, &w.pairs[0], 0);
	assert_int_equal(net_loop_run(w.loop), 0);
	net_watch_stop(w.pairs[0].watch);
	taken = send(w.pairs[0].fd, junk, sizeof junk, MSG_NOSIGNAL);
	assert_true(taken > 0);
	w.events_wanted = 1;
	w.mood = REFUSES; /* 30 ms, in which more could be read */
	net_timer_start(w.late, 30);
	assert_int_equal(net_loop_run(w.loop), 0);
	assert_int_equal(w.pairs[0].closed, 1);
	more = send(w.pairs[0].fd, junk, sizeof junk, MSG_NOSIGNAL);
	assert_true(more < 2 * (64 << 10)); /* one read of 64 KiB made room, not one after the other */
	world_free(&w);
}

static void whoever_asks_for_the_private_part_is_refused(void **state)
{
	struct world w;
	EVP_PKEY *key, *copy = NULL;
	OSSL_PARAM *params = NULL;
	EVP_PKEY_CTX *ctx;
	unsigned char *der = NULL;
	EVP_MD_CTX *md;
	size_t len = 0;

	(void)state;
	for (int kind = 0; kind < 2; kind++) {
		world_new(&w, kind ? PKI_RSA_2048 : PKI_P256, 8);
		key = tls_provider_key(w.remote, w.server_cert.x, KEY, SET);
		assert_non_null(key);
		assert_int_equal(EVP_PKEY_eq(key, w.server_cert.key), 1);
		assert_int_equal(EVP_PKEY_todata(key, EVP_PKEY_KEYPAIR, &params), 0);
		assert_int_equal(EVP_PKEY_todata(key, OSSL_KEYMGMT_SELECT_PRIVATE_KEY, &params), 0);
		assert_int_equal(EVP_PKEY_todata(key, EVP_PKEY_PUBLIC_KEY, &params), 1);
		OSSL_PARAM_free(params);
		params = NULL;
		assert_true(i2d_PrivateKey(key, &der) <= 0);
		OPENSSL_free(der);
		der = NULL;
		copy = EVP_PKEY_dup(key);
		assert_null(copy);
		/* and it signs nothing outside of a handshake */
		md = EVP_MD_CTX_new();
		assert_int_equal(EVP_DigestSignInit_ex(md, &ctx, "SHA256", w.remote->lib, NULL, key, NULL), 1);
		len = 0;
		assert_int_equal(EVP_DigestSign(md, NULL, &len, (const unsigned char *)"x", 1), 1);
		der = OPENSSL_malloc(len);
		assert_int_equal(EVP_DigestSign(md, der, &len, (const unsigned char *)"x", 1), 0);
		assert_int_equal(w.asked_n, 0);
		OPENSSL_free(der);
		der = NULL;
		EVP_MD_CTX_free(md);
		EVP_PKEY_free(key);
		ERR_clear_error();
		world_free(&w);
	}
}

/* A certificate of another kind is no reason to ask for keys in another way. */
static void the_context_of_the_process_does_not_know_our_provider(void **state)
{
	struct world w;
	EVP_KEYMGMT *k;

	(void)state;
	world_new(&w, PKI_P256, 8);
	assert_int_equal(OSSL_PROVIDER_available(NULL, TLS_PROVIDER_NAME), 0);
	assert_int_equal(OSSL_PROVIDER_available(w.remote->lib, TLS_PROVIDER_NAME), 1);
	k = EVP_KEYMGMT_fetch(w.remote->lib, "EC", NULL); /* what everybody else in there gets */
	assert_string_equal(OSSL_PROVIDER_get0_name(EVP_KEYMGMT_get0_provider(k)), "default");
	EVP_KEYMGMT_free(k);
	world_free(&w);
}

static void a_listener_knows_that_nobody_signs(void **state)
{
	struct world w;

	(void)state;
	world_new(&w, PKI_P256, 8);
	assert_true(tls_ctx_ready(w.ctx));
	w.mood = ABSENT;
	assert_false(tls_ctx_ready(w.ctx));
	world_free(&w);
}

/* What PKCS#11 gives is what OpenSSL verifies. */
static void plain_ecdsa_becomes_der(void **state)
{
	uint8_t rs[64] = { [0] = 0x80, [31] = 1, [63] = 2 }, out[TLS_SIGNATURE_MAX];
	static const uint8_t der[] = { 0x30, 38, 2, 33, 0, 0x80 };
	size_t n;

	(void)state;
	assert_int_equal(tls_ecdsa_der(out, &n, rs, 64), 0);
	assert_int_equal(n, 40);
	assert_memory_equal(out, der, sizeof der);
	assert_int_equal(tls_ecdsa_der(out, &n, rs, 63), ERR_INVAL);
	assert_int_equal(tls_ecdsa_der(out, &n, rs, 0), ERR_INVAL);
}

static void a_signature_is_verified_by_the_certificate(void **state)
{
	struct world w;
	struct file_copy f;
	struct tls_pem pem;
	struct tls_public *public;
	uint8_t sig[TLS_SIGNATURE_MAX];
	size_t n;
	char why[FILE_WHY_MAX];

	(void)state;
	world_new(&w, PKI_P384, 8);
	assert_int_equal(file_read(&f, w.server_cert.cert_file, TLS_PEM_MAX, why), 0);
	pem = (struct tls_pem){ f.p, f.len };
	assert_int_equal(tls_public_new(&public, &pem), 0);
	assert_int_equal(tls_public_scheme(public), TLS_ECDSA_SHA384);
	assert_int_equal(tls_private_sign(w.key, TLS_ECDSA_SHA384, "content", 7, sig, &n), 0);
	assert_int_equal(tls_public_verify(public, TLS_ECDSA_SHA384, "content", 7, sig, n), 0);
	assert_int_equal(tls_public_verify(public, TLS_ECDSA_SHA384, "c0ntent", 7, sig, n), ERR_AUTH);
	assert_int_equal(tls_private_sign(w.key, TLS_RSA_PSS_RSAE_SHA256, "content", 7, sig, &n), ERR_INVAL);
	assert_int_equal(tls_private_sign(w.key, 0x0401, "content", 7, sig, &n), ERR_INVAL);
	tls_public_free(public);
	file_copy_fini(&f);
	world_free(&w);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_key_signs_in_both_versions),
		cmocka_unit_test(handshakes_wait_beside_each_other),
		cmocka_unit_test(one_more_than_may_wait_is_refused),
		cmocka_unit_test(a_handshake_without_a_signature_fails_with_the_reason),
		cmocka_unit_test(whoever_closes_while_it_waits_leaves_nothing),
		cmocka_unit_test(who_talks_while_the_server_waits_gains_nothing),
		cmocka_unit_test(whoever_asks_for_the_private_part_is_refused),
		cmocka_unit_test(the_context_of_the_process_does_not_know_our_provider),
		cmocka_unit_test(a_listener_knows_that_nobody_signs),
		cmocka_unit_test(plain_ecdsa_becomes_der),
		cmocka_unit_test(a_signature_is_verified_by_the_certificate),
	};

	return cmocka_run_group_tests_name("tls remote", tests, NULL, NULL);
}
