/* An edge and a keyholder over a socket pair, in one loop. */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/socket.h>
#include <unistd.h>

#include "keyholder/kh_client.h"
#include "keyholder/kh_serve.h"
#include "tests/unit/guard.h"

#define WAIT_MS 600000
#define SHORT_MS 40 /* where its end is waited for */
#define RATE 8u
#define WAITING_MAX 5

struct world {
	struct net_loop *loop;
	struct guard guard;
	struct log log;
	struct kh_serve *serve;
	struct kh_client *client;
	struct tls_signer signer;
	struct st_counters st;
	uint8_t content[146];
	int answer; /* of the key */
	size_t signature_len;
	unsigned signed_n, done_n, done_wanted, bad_edge;
	int err;
	const char *why;
	unsigned lost_n; /* channels that closed */
	int other;       /* the keyholder's end when nobody serves it; -1 */
};

/* Of the keyholder: each signature takes `sign_ms`. */
static struct {
	uint64_t now_ms, sign_ms;
} keyholder;

static uint64_t clock_ms(void)
{
	return keyholder.now_ms;
}

static int sign(void *arg, const struct kh_request *r, uint8_t out[KH_SIGNATURE_MAX], size_t *len)
{
	struct world *w = arg;

	w->signed_n++;
	keyholder.now_ms += keyholder.sign_ms;
	if (keyholder.sign_ms) {
		net_loop_stop(w->loop); /* when this turn is over */
	}
	memcpy(out, r->content + r->content_len - 32, 32);
	*len = w->signature_len;
	return w->answer;
}

static void on_bad(void *arg, uint32_t edge)
{
	((struct world *)arg)->bad_edge = edge;
	net_loop_stop(((struct world *)arg)->loop);
}

static void on_done(struct tls_signing *s, int err, const char *why)
{
	struct world *w = s->owner;

	w->err = err;
	w->why = why;
	if (++w->done_n >= w->done_wanted) {
		net_loop_stop(w->loop);
	}
}

static void on_lost(void *arg, unsigned kind)
{
	assert_int_equal(kind, KH_FILES);
	((struct world *)arg)->lost_n++;
}

static void pair(int fds[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
}

static int setup_within(void **state, uint32_t wait_ms)
{
	struct world *w = calloc(1, sizeof *w);

	assert_non_null(w);
	log_init(&w->log, open("/dev/null", O_WRONLY | O_CLOEXEC), LOG_LEVEL_ERROR, "test");
	w->signature_len = 32;
	keyholder.now_ms = keyholder.sign_ms = 0;
	assert_int_equal(net_loop_new(&w->loop), 0);
	guard_begin(&w->guard, w->loop, NULL, NULL);
	assert_int_equal(kh_serve_new(&w->serve, &(struct kh_serve_conf){ w->loop, &w->log, RATE, clock_ms, sign, on_bad, w }),
			 0);
	assert_int_equal(
	    kh_client_new(&w->client, &(struct kh_client_conf){ w->loop, &w->log, &w->st, wait_ms, WAITING_MAX, on_lost, w }), 0);
	w->signer = kh_client_signer(w->client);
	memset(w->content, ' ', 64);
	memcpy(w->content + 64, "TLS 1.3, server CertificateVerify", 34);
	memset(w->content + 98, 7, 48);
	w->other = -1;
	*state = w;
	return 0;
}

static int setup(void **state)
{
	return setup_within(state, WAIT_MS);
}

static int setup_short(void **state)
{
	return setup_within(state, SHORT_MS);
}

static int teardown(void **state)
{
	struct world *w = *state;

	kh_client_free(w->client);
	kh_serve_free(w->serve);
	guard_end(&w->guard);
	net_loop_free(w->loop);
	if (w->other >= 0) {
		close(w->other);
	}
	close(w->log.fd);
	log_fini(&w->log);
	free(w);
	return 0;
}

/* `served`: by our keyholder; else nobody reads at the other end. */
static void on_soon(void *arg)
{
	struct world *w = arg;

	net_loop_stop(w->loop);
}

static void join(struct world *w, uint64_t keys, bool served)
{
	int fds[2];

	pair(fds);
	assert_int_equal(kh_client_channel(w->client, KH_FILES, fds[0], UINT64_MAX), 0);
	if (served) {
		assert_int_equal(kh_serve_add(w->serve, fds[1], 9, keys), 0);
	} else {
		w->other = fds[1];
	}
}

static struct tls_signing question(struct world *w, uint16_t key)
{
	return (struct tls_signing){ .set = 1,
				     .key = key,
				     .scheme = TLS_ECDSA_SHA256,
				     .content = w->content,
				     .content_len = sizeof w->content,
				     .done = on_done,
				     .owner = w };
}

static void ask(struct world *w, struct tls_signing *s, unsigned n)
{
	const char *why;

	w->done_n = 0;
	w->done_wanted = n;
	for (unsigned i = 0; i < n; i++) {
		assert_int_equal(w->signer.begin(w->signer.arg, &s[i], &why), 0);
	}
	assert_int_equal(net_loop_run(w->loop), 0);
}

static void what_a_server_signs_is_signed(void **state)
{
	struct world *w = *state;
	struct tls_signing s[3] = { question(w, 2), question(w, 2), question(w, 2) };

	join(w, 1 << 2, true);
	assert_true(w->signer.ready(w->signer.arg, 2));
	ask(w, s, 3);
	assert_int_equal(w->err, 0);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(s[i].signature_len, 32);
	}
	assert_int_equal(kh_serve_counts(w->serve)->signed_n, 3);
	assert_int_equal(st_get(&w->st, ST_EDGE_SIGNED), 3);
}

/* The loop turns between two signatures of a slow token, and not between two of a fast one. */
static void a_slow_token_signs_once_in_a_turn(void **state)
{
	static const struct {
		uint64_t sign_ms;
		unsigned signed_n;
	} rows[] = { { 2000, 1 }, { 2000, 2 }, { 1, 5 } };
	struct world *w = *state;
	struct tls_signing s[5];
	const char *why;

	join(w, 1 << 2, true);
	for (unsigned i = 0; i < 5; i++) {
		s[i] = question(w, 2);
		assert_int_equal(w->signer.begin(w->signer.arg, &s[i], &why), 0);
	}
	w->done_wanted = UINT_MAX;
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		keyholder.sign_ms = rows[i].sign_ms;
		assert_int_equal(net_loop_run(w->loop), 0);
		assert_int_equal(w->signed_n, rows[i].signed_n);
	}
	w->done_wanted = 5;
	if (w->done_n < 5) {
		assert_int_equal(net_loop_run(w->loop), 0);
	}
	assert_int_equal(w->err, 0);
}

static void refused(struct world *w, struct tls_signing *s, const char *words)
{
	unsigned before = w->signed_n;

	ask(w, s, 1);
	assert_int_equal(w->err, ERR_REFUSED);
	assert_non_null(strstr(w->why, words));
	assert_int_equal(w->signed_n, before);
}

/* The edge says which key; the pair decides. */
static void the_key_of_another_listener_is_out_of_reach(void **state)
{
	struct world *w = *state;
	struct tls_signing s = question(w, 3), far = question(w, 63);

	join(w, 1 << 2, true);
	refused(w, &s, "no such key for this edge");
	refused(w, &far, "no such key for this edge");
	assert_int_equal(kh_serve_counts(w->serve)->refused, 2);
	assert_int_equal(st_get(&w->st, ST_EDGE_SIGN_FAILED), 2);
}

static void what_a_client_signs_is_refused(void **state)
{
	struct world *w = *state;
	struct tls_signing s = question(w, 2);

	join(w, 1 << 2, true);
	memcpy(w->content + 73, "client", 6);
	refused(w, &s, "not what a TLS server signs");
	s = question(w, 2);
	s.content_len = 5;
	refused(w, &s, "not what a TLS server signs");
}

static void the_errors_of_a_key_have_their_words(void **state)
{
	static const struct {
		int err;
		const char *words;
	} rows[] = { { ERR_NOTFOUND, "no such key" }, { ERR_INVAL, "does not fit the key" }, { ERR_IO, "could not sign" } };
	struct world *w = *state;

	join(w, 1 << 2, true);
	for (unsigned i = 0; i < 3; i++) {
		struct tls_signing s = question(w, 2);

		w->answer = rows[i].err;
		ask(w, &s, 1);
		assert_int_equal(w->err, ERR_REFUSED);
		assert_non_null(strstr(w->why, rows[i].words));
	}
	assert_int_equal(kh_serve_counts(w->serve)->failed, 1);
}

/* An answer that cannot be encoded would be an empty datagram, which is the end of the channel for the edge. */
static void a_signature_of_no_length_or_too_much_is_a_failure(void **state)
{
	struct world *w = *state;
	const size_t lengths[] = { 0, KH_SIGNATURE_MAX + 1, 65536 + 32 };

	join(w, 1 << 2, true);
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		struct tls_signing s = question(w, 2);

		w->signature_len = lengths[i];
		ask(w, &s, 1);
		assert_int_equal(w->err, ERR_REFUSED);
		assert_int_equal(kh_serve_counts(w->serve)->failed, i + 1);
		assert_true(w->signer.ready(w->signer.arg, 2));
	}
}

/* No more than the rate allowed since `begun_ms`: all of 20 when the machine is slow. */
static void within_the_rate(struct world *w, uint64_t begun_ms)
{
	uint64_t took_ms = net_loop_now_ms(w->loop) - begun_ms;

	assert_true(kh_serve_counts(w->serve)->signed_n >= RATE);
	assert_true(kh_serve_counts(w->serve)->signed_n <= RATE + RATE * took_ms / 1000);
	assert_int_equal(kh_serve_counts(w->serve)->signed_n + kh_serve_counts(w->serve)->limited, 20);
}

static void more_than_the_rate_is_refused(void **state)
{
	struct world *w = *state;
	uint64_t begun_ms = net_loop_now_ms(w->loop);

	join(w, 1 << 2, true);
	for (unsigned i = 0; i < 20; i++) {
		struct tls_signing s = question(w, 2);

		ask(w, &s, 1);
	}
	within_the_rate(w, begun_ms);
}

/* An edge in other hands says that its channel is lost, and keeps it: it gets no second one, and no second rate. */
static void an_edge_has_one_channel_and_one_rate(void **state)
{
	struct world *w = *state;
	uint64_t begun_ms = net_loop_now_ms(w->loop);
	uint8_t octet;
	int first[2];

	pair(first);
	assert_int_equal(kh_serve_add(w->serve, first[1], 9, 1 << 2), 0);
	for (unsigned i = 0; i < 20; i++) {
		struct tls_signing s = question(w, 2);

		join(w, 1 << 2, true);
		ask(w, &s, 1);
	}
	assert_int_equal(recv(first[0], &octet, 1, 0), 0);
	within_the_rate(w, begun_ms);
	close(first[0]);
}

/* It closes its channel first, so that the keyholder has seen its end when the next one comes. */
static void a_channel_that_closed_leaves_its_rate(void **state)
{
	struct world *w = *state;
	uint64_t begun_ms = net_loop_now_ms(w->loop);
	struct net_timer *soon;

	assert_int_equal(net_timer_new(&soon, w->loop, on_soon, w), 0);
	for (unsigned i = 0; i < 20; i++) {
		struct tls_signing s = question(w, 2);
		int gone[2];

		join(w, 1 << 2, true);
		ask(w, &s, 1);
		pair(gone);
		assert_int_equal(kh_client_channel(w->client, KH_FILES, gone[0], UINT64_MAX), 0); /* closes the one before */
		net_timer_start(soon, 1);
		assert_int_equal(net_loop_run(w->loop), 0);
		close(gone[1]);
	}
	net_timer_free(soon);
	within_the_rate(w, begun_ms);
}

static void who_does_not_answer_is_not_waited_for(void **state)
{
	struct world *w = *state;
	struct tls_signing s[WAITING_MAX], more = question(w, 2);
	const char *why = "";

	join(w, 1 << 2, false);
	w->done_n = 0;
	w->done_wanted = WAITING_MAX;
	for (unsigned i = 0; i < WAITING_MAX; i++) {
		s[i] = question(w, 2);
		assert_int_equal(w->signer.begin(w->signer.arg, &s[i], &why), 0);
	}
	assert_int_equal(w->signer.begin(w->signer.arg, &more, &why), ERR_BUSY);
	assert_non_null(strstr(why, "keyholder.waiting"));
	assert_int_equal(net_loop_run(w->loop), 0);
	assert_int_equal(w->err, ERR_TIMEOUT);
	assert_int_equal(st_get(&w->st, ST_EDGE_SIGN_TIMEOUTS), WAITING_MAX);
	assert_true(w->signer.ready(w->signer.arg, 2)); /* it may answer the next one */
}

static void when_it_ends_all_that_wait_are_told(void **state)
{
	struct world *w = *state;
	struct tls_signing s = question(w, 2), after = question(w, 2);
	const char *why = "";

	join(w, 1 << 2, false);
	assert_int_equal(w->signer.begin(w->signer.arg, &s, &why), 0);
	close(w->other);
	w->other = -1;
	w->done_wanted = 1;
	assert_int_equal(net_loop_run(w->loop), 0);
	assert_int_equal(w->err, ERR_CLOSED);
	assert_int_equal(w->lost_n, 1);
	assert_int_equal(st_get(&w->st, ST_EDGE_KEYHOLDER_LOST), 1);
	assert_false(w->signer.ready(w->signer.arg, 2));
	assert_int_equal(w->signer.begin(w->signer.arg, &after, &why), ERR_CLOSED);
	join(w, 1 << 2, true); /* the next one */
	ask(w, &after, 1);
	assert_int_equal(w->err, 0);
	join(w, 1 << 2, true); /* in the place of one that works: nobody lost anything */
	assert_int_equal(w->lost_n, 1);
}

static void a_cancelled_question_is_forgotten(void **state)
{
	struct world *w = *state;
	struct tls_signing s = question(w, 2), next = question(w, 2);
	const char *why = "";

	join(w, 1 << 2, true);
	assert_int_equal(w->signer.begin(w->signer.arg, &s, &why), 0);
	w->signer.cancel(w->signer.arg, &s);
	memset(&s, 0xdd, sizeof s); /* its answer comes to nobody */
	ask(w, &next, 1);
	assert_int_equal(w->done_n, 1);
	assert_int_equal(w->err, 0);
}

static void octets_that_are_no_request_cut_an_edge_off(void **state)
{
	struct world *w = *state;
	uint8_t octet;
	int fds[2];

	pair(fds);
	assert_int_equal(kh_serve_add(w->serve, fds[1], 77, UINT64_MAX), 0);
	assert_int_equal(send(fds[0], "KHS1 and more", 13, 0), 13);
	assert_int_equal(net_loop_run(w->loop), 0);
	assert_int_equal(w->bad_edge, 77);
	assert_int_equal(kh_serve_counts(w->serve)->malformed, 1);
	assert_int_equal(recv(fds[0], &octet, 1, 0), 0);
	close(fds[0]);
}

static void answers_that_are_none_end_the_channel(void **state)
{
	struct world *w = *state;
	struct tls_signing s = question(w, 2);
	const char *why = "";

	join(w, 1 << 2, false);
	assert_int_equal(w->signer.begin(w->signer.arg, &s, &why), 0);
	assert_int_equal(send(w->other, "x", 1, 0), 1);
	w->done_wanted = 1;
	assert_int_equal(net_loop_run(w->loop), 0);
	assert_int_equal(w->err, ERR_CLOSED);
	assert_int_equal(w->lost_n, 1);
}

TEST_GROUP()
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(what_a_server_signs_is_signed),
		TEST(a_slow_token_signs_once_in_a_turn),
		TEST(the_key_of_another_listener_is_out_of_reach),
		TEST(what_a_client_signs_is_refused),
		TEST(the_errors_of_a_key_have_their_words),
		TEST(a_signature_of_no_length_or_too_much_is_a_failure),
		TEST(more_than_the_rate_is_refused),
		TEST(an_edge_has_one_channel_and_one_rate),
		TEST(a_channel_that_closed_leaves_its_rate),
		cmocka_unit_test_setup_teardown(who_does_not_answer_is_not_waited_for, setup_short, teardown),
		TEST(when_it_ends_all_that_wait_are_told),
		TEST(a_cancelled_question_is_forgotten),
		TEST(octets_that_are_no_request_cut_an_edge_off),
		TEST(answers_that_are_none_end_the_channel),
	};

	return cmocka_run_group_tests_name("keyholder channel", tests, NULL, NULL);
}
