/* Checkpoints of the audit: no smaller log, no second root for a size, nothing from what is not ours. */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/ed25519.h"
#include "keyholder/kh_audit.h"
#include "tests/unit/turn.h"

#define ORIGIN "iwf.test/audit"

struct world {
	struct net_loop *loop;
	struct turn turn;
	struct log log;
	struct kh_audit *audit;
	uint8_t seed[MRK_KEY], public_key[MRK_KEY];
	int fd; /* the core's end */
	unsigned told_n;
	struct mrk_ask told;
};

static void on_signed(void *arg, const struct mrk_ask *last)
{
	struct world *w = arg;

	w->told = *last;
	w->told_n++;
}

static void begin(struct world *w, const char *note, uint64_t size)
{
	struct kh_audit_conf conf = { .loop = w->loop,
				      .log = &w->log,
				      .origin = ORIGIN,
				      .seed = w->seed,
				      .last = { .size = size, .root = { { 7 } } },
				      .note = note,
				      .on_signed = on_signed,
				      .arg = w };
	int pair[2];

	assert_int_equal(kh_audit_new(&w->audit, &conf), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	assert_int_equal(kh_audit_channel(w->audit, pair[0]), 0);
	w->fd = pair[1];
}

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof *w);

	log_init(&w->log, open("/dev/null", O_WRONLY | O_CLOEXEC), LOG_LEVEL_ERROR, "test");
	assert_int_equal(net_loop_new(&w->loop), 0);
	turn_begin(&w->turn, w->loop);
	assert_int_equal(ed25519_make(w->seed, w->public_key), 0);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	kh_audit_free(w->audit);
	turn_end(&w->turn);
	net_loop_free(w->loop);
	close(w->fd);
	close(w->log.fd);
	log_fini(&w->log);
	free(w);
	return 0;
}

static enum mrk_status ask(struct world *w, uint64_t size, uint8_t root, struct mrk_answer *a)
{
	struct mrk_ask q = { .size = size, .root = { { root } } };
	uint8_t octets[MRK_ANSWER_OCTETS + 1];
	char body[MRK_NOTE_MAX];
	bool good;
	ssize_t n;

	mrk_ask_encode(octets, &q);
	assert_int_equal(send(w->fd, octets, MRK_ASK_OCTETS, 0), MRK_ASK_OCTETS);
	turn_for(&w->turn, 1);
	n = recv(w->fd, octets, sizeof octets, 0);
	assert_int_equal(mrk_answer_decode(a, octets, n < 0 ? 0 : (size_t)n), 0);
	good = ed25519_good(w->public_key, body, mrk_checkpoint_body(body, ORIGIN, size, &q.root), a->signature);
	assert_int_equal(good, a->status == MRK_SIGNED);
	return (enum mrk_status)a->status;
}

static void test_it_signs_what_grows_and_nothing_else(void **state)
{
	struct world *w = *state;
	struct mrk_answer a;

	begin(w, "", 0);
	assert_int_equal(ask(w, 5, 1, &a), MRK_SIGNED);
	assert_int_equal(w->told.size, 5);
	assert_int_equal(ask(w, 5, 1, &a), MRK_SIGNED); /* the same again */
	assert_int_equal(ask(w, 5, 2, &a), MRK_OTHER_ROOT);
	assert_int_equal(ask(w, 4, 3, &a), MRK_SMALLER);
	assert_int_equal(a.last.size, 5);
	assert_int_equal(ask(w, 6, 3, &a), MRK_SIGNED);
	assert_int_equal(w->told_n, 3);
	assert_int_equal(w->told.size, 6);
}

static void test_it_goes_on_from_what_the_parent_remembers(void **state)
{
	struct world *w = *state;
	struct mrk_answer a;

	begin(w, "", 9);
	assert_int_equal(ask(w, 8, 1, &a), MRK_SMALLER);
	assert_int_equal(ask(w, 9, 1, &a), MRK_OTHER_ROOT);
	assert_int_equal(ask(w, 9, 7, &a), MRK_SIGNED);
}

static void note_of(char out[MRK_NOTE_MAX], const struct world *w, const char *origin)
{
	struct mrk_checkpoint c = { .size = 12 };
	size_t n;

	snprintf(c.origin, sizeof c.origin, "%s", origin);
	n = mrk_checkpoint_body(out, origin, c.size, &c.root);
	assert_int_equal(ed25519_sign(c.signature, w->seed, out, n), 0);
	(void)mrk_checkpoint_put(out, &c);
}

static void test_it_goes_on_from_a_note_of_its_own(void **state)
{
	struct world *w = *state;
	struct mrk_answer a;
	char note[MRK_NOTE_MAX];

	note_of(note, w, ORIGIN);
	begin(w, note, 0);
	assert_int_equal(ask(w, 11, 1, &a), MRK_SMALLER);
	assert_int_equal(ask(w, 13, 1, &a), MRK_SIGNED);
}

static void test_the_later_one_counts_of_the_note_and_what_the_parent_remembers(void **state)
{
	struct world *w = *state;
	struct mrk_answer a;
	char note[MRK_NOTE_MAX];

	note_of(note, w, ORIGIN); /* of 12 records */
	begin(w, note, 9);
	assert_int_equal(ask(w, 11, 1, &a), MRK_SMALLER);
	assert_int_equal(ask(w, 13, 1, &a), MRK_SIGNED);
	kh_audit_free(w->audit);
	close(w->fd);
	begin(w, note, 20); /* the directory was put back while nothing ran */
	assert_int_equal(ask(w, 13, 1, &a), MRK_SMALLER);
	assert_int_equal(a.last.size, 20);
	assert_int_equal(ask(w, 21, 1, &a), MRK_SIGNED);
}

static void test_after_a_foreign_note_it_signs_nothing(void **state)
{
	struct world *w = *state;
	struct mrk_answer a;
	char note[MRK_NOTE_MAX];

	note_of(note, w, "other.test/audit");
	begin(w, note, 0);
	assert_int_equal(ask(w, 13, 1, &a), MRK_FOREIGN);
	assert_int_equal(w->told_n, 0);
}

static void test_so_many_a_second(void **state)
{
	struct world *w = *state;
	struct mrk_answer a;
	uint64_t begun_ms = net_loop_now_ms(w->loop), took_ms, signed_n = 0;

	begin(w, "", 0);
	for (uint64_t i = 1; i <= 3 * KH_CHECKPOINTS_PER_SECOND; i++) {
		signed_n += ask(w, i, 1, &a) == MRK_SIGNED;
	}
	took_ms = net_loop_now_ms(w->loop) - begun_ms;
	assert_true(signed_n >= KH_CHECKPOINTS_PER_SECOND);
	assert_true(signed_n <= KH_CHECKPOINTS_PER_SECOND + KH_CHECKPOINTS_PER_SECOND * took_ms / 1000);
}

static void test_octets_that_are_no_request_end_the_channel(void **state)
{
	struct world *w = *state;
	char octet;

	begin(w, "", 0);
	assert_int_equal(send(w->fd, "sign this", 9, 0), 9);
	turn_for(&w->turn, 1);
	assert_int_equal(recv(w->fd, &octet, 1, 0), 0);
	assert_int_equal(w->told_n, 0);
}

TEST_GROUP()
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_it_signs_what_grows_and_nothing_else),
		TEST(test_it_goes_on_from_what_the_parent_remembers),
		TEST(test_it_goes_on_from_a_note_of_its_own),
		TEST(test_the_later_one_counts_of_the_note_and_what_the_parent_remembers),
		TEST(test_after_a_foreign_note_it_signs_nothing),
		TEST(test_so_many_a_second),
		TEST(test_octets_that_are_no_request_end_the_channel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
