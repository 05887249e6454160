/* The journal: one commit a flush, completions exactly once and never early, everything told durable is there after any end. */
#include "tests/unit/journal/place.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_a_completion_comes_once_and_only_when_it_is_on_disk(void **state)
{
	struct seen s = { .err = 1 };
	struct place *p = *state;
	struct read r;

	assert_int_equal(put(p, 1, "intent", &s), 0);
	assert_int_equal(s.calls, 0);
	assert_int_equal(replay(p).n, 0); /* not there yet */
	assert_int_equal(jrn_flush(p->j), 0);
	assert_int_equal(s.calls, 1);
	assert_int_equal(s.err, 0);
	assert_int_equal(s.number, 1);
	assert_int_equal(jrn_flush(p->j), 0);
	assert_int_equal(s.calls, 1);
	r = replay(p);
	assert_int_equal(r.n, 1);
	assert_string_equal(r.texts[0], "intent");
}

static void test_a_journal_says_its_size_at_once(void **state)
{
	struct place *p = *state;
	uint64_t octets;

	assert_int_equal(put(p, 1, "intent", NULL), 0);
	assert_int_equal(jrn_flush(p->j), 0);
	octets = jrn_counts(p->j).octets;
	assert_true(octets > 0);
	assert_int_equal(open_again(p), 0);
	assert_true(jrn_counts(p->j).octets >= octets / 2); /* before its first commit; opening may have made it smaller */
	assert_int_equal(jrn_counts(p->j).records, 1);
}

static void test_what_gathered_is_one_commit(void **state)
{
	struct place *p = *state;
	struct seen s = { 0 };
	uint64_t before = jrn_counts(p->j).commits;

	for (uint64_t i = 1; i <= 500; i++) {
		assert_int_equal(put(p, i, "x", &s), 0);
	}
	assert_int_equal(jrn_pending(p->j), 500);
	assert_int_equal(jrn_flush(p->j), 0);
	assert_int_equal(s.calls, 500);
	assert_true(jrn_counts(p->j).commits == before + 1);
	assert_int_equal(jrn_counts(p->j).records, 500);
	assert_int_equal(jrn_flush(p->j), 0); /* nothing waits: nothing is committed */
	assert_true(jrn_counts(p->j).commits == before + 1);
}

static int again(struct place *p, struct jrn_place *place, uint64_t number, const char *text)
{
	return jrn_put_again(p->j, place, number, text, strlen(text) + 1);
}

/* The newest content stands where the first stood: in front of what was added since. */
static void test_what_is_put_again_is_one_operation_until_it_is_handed_over(void **state)
{
	struct jrn_place one = { 0 }, other = { 0 };
	struct place *p = *state;
	struct read r;

	p->conf.pending_max = 1; /* which does not count it */
	assert_int_equal(open_again(p), 0);
	assert_int_equal(again(p, &one, 3, "1"), 0);
	assert_int_equal(again(p, &other, 4, "1"), 0);
	assert_int_equal(add(p, 10, "intent", NULL), 0);
	assert_int_equal(again(p, &one, 3, "2"), 0);
	assert_int_equal(again(p, &other, 4, "7"), 0);
	assert_int_equal(again(p, &one, 3, "3"), 0);
	assert_int_equal(jrn_pending(p->j), 3);
	assert_int_equal(jrn_flush(p->j), 0);
	r = replay(p);
	assert_int_equal(r.n, 3);
	assert_string_equal(r.texts[0], "3");
	assert_string_equal(r.texts[1], "7");
	assert_int_equal(again(p, &one, 3, "4"), 0); /* handed over: another operation */
	assert_int_equal(jrn_pending(p->j), 1);
	assert_int_equal(again(p, &one, 5, "5"), 0); /* of another number */
	assert_int_equal(jrn_pending(p->j), 2);
	assert_int_equal(jrn_flush(p->j), 0);
	r = replay(p);
	assert_string_equal(r.texts[0], "4");
	assert_string_equal(r.texts[2], "5");
	assert_int_equal(jrn_pending(p->j), 0);
	assert_int_equal(add(p, 11, "intent", NULL), 0); /* the bound was kept in order */
	assert_int_equal(add(p, 12, "intent", NULL), ERR_BUSY);
}

static void test_operations_on_one_number_keep_their_order(void **state)
{
	struct place *p = *state;
	struct read r;

	assert_int_equal(put(p, 1, "intent", NULL), 0);
	assert_int_equal(put(p, 1, "accepted", NULL), 0);
	assert_int_equal(put(p, 2, "intent", NULL), 0);
	assert_int_equal(jrn_del(p->j, 2), 0);
	assert_int_equal(jrn_del(p->j, 77), 0); /* not there: deleted already */
	assert_int_equal(jrn_flush(p->j), 0);
	r = replay(p);
	assert_int_equal(r.n, 1);
	assert_string_equal(r.texts[0], "accepted");
}

static void test_records_come_back_in_order_after_a_restart(void **state)
{
	struct place *p = *state;
	struct read r;

	assert_int_equal(put(p, 300, "c", NULL), 0);
	assert_int_equal(put(p, 2, "a", NULL), 0);
	assert_int_equal(put(p, 256, "b", NULL), 0);
	assert_int_equal(jrn_flush(p->j), 0);
	assert_int_equal(open_again(p), 0);
	r = replay(p);
	assert_int_equal(r.n, 3);
	assert_true(r.numbers[0] == 2 && r.numbers[1] == 256 && r.numbers[2] == 300);
	assert_string_equal(r.texts[2], "c");
	assert_int_equal(jrn_counts(p->j).records, 3);
}

static void test_closing_commits_what_waits(void **state)
{
	struct place *p = *state;
	struct seen s = { .err = 1 };

	assert_int_equal(put(p, 1, "intent", &s), 0);
	assert_int_equal(open_again(p), 0);
	assert_int_equal(s.calls, 1);
	assert_int_equal(s.err, 0);
	assert_int_equal(replay(p).n, 1);
}

static void test_numbers_never_come_again(void **state)
{
	struct place *p = *state;
	uint64_t last = 0;

	for (int round = 0; round < 4; round++) {
		for (int i = 0; i < 10; i++) {
			uint64_t number = jrn_next(p->j);

			assert_true(number > last);
			last = number;
			assert_int_equal(put(p, number, "x", NULL), 0);
			assert_int_equal(jrn_flush(p->j), 0);
			assert_int_equal(jrn_del(p->j, number), 0); /* no record is left to tell how far we were */
		}
		assert_int_equal(jrn_flush(p->j), 0);
		assert_int_equal(jrn_counts(p->j).records, 0);
		assert_int_equal(open_again(p), 0);
	}
}

static void test_a_number_without_a_record_never_comes_again_either(void **state)
{
	struct place *p = *state;
	uint64_t first = jrn_next(p->j), second = jrn_next(p->j);

	assert_int_equal(put(p, first, "x", NULL), 0);
	assert_int_equal(jrn_flush(p->j), 0);
	assert_int_equal(open_again(p), 0);
	assert_true(jrn_next(p->j) > second);
}

static void test_waiting_operations_are_bounded(void **state)
{
	struct place *p = *state;
	struct seen s = { 0 };

	p->conf.pending_max = 3;
	assert_int_equal(open_again(p), 0);
	for (uint64_t i = 1; i <= 3; i++) {
		assert_int_equal(put(p, i, "x", &s), 0);
	}
	assert_int_equal(put(p, 4, "x", &s), ERR_BUSY);
	assert_int_equal(jrn_del(p->j, 1), 0); /* makes room: always taken */
	assert_int_equal(jrn_flush(p->j), 0);
	assert_int_equal(s.calls, 3);
	assert_int_equal(put(p, 4, "x", &s), 0);
	assert_int_equal(jrn_flush(p->j), 0);
}

static void test_a_record_above_the_bound_is_refused(void **state)
{
	static uint8_t record[JRN_RECORD_MAX + 1];
	struct place *p = *state;
	struct seen s = { 0 };

	record[0] = 1;
	assert_int_equal(jrn_put(p->j, 1, record, JRN_RECORD_MAX + 1, on_done, &s), ERR_LIMIT);
	assert_int_equal(jrn_put(p->j, 1, record, JRN_RECORD_MAX, on_done, &s), 0);
	assert_int_equal(jrn_flush(p->j), 0);
	assert_int_equal(s.calls, 1);
}

static void test_a_completion_may_put_and_that_goes_into_the_next_commit(void **state)
{
	struct place *p = *state;
	struct seen s = { .j = p->j, .put_more = 200 };

	assert_int_equal(put(p, jrn_next(p->j), "first", &s), 0);
	assert_int_equal(jrn_flush(p->j), 0);
	assert_int_equal(s.calls, 1);
	assert_int_equal(jrn_pending(p->j), 200);
	assert_int_equal(jrn_flush(p->j), 0);
	assert_int_equal(s.calls, 201);
	assert_int_equal(replay(p).n, 201);
}

static void test_a_full_journal_says_so_keeps_nothing_and_recovers(void **state)
{
	static uint8_t record[8000] = { 1 };
	struct place *p = *state;
	struct seen s = { 0 };
	uint64_t number = 0, kept;
	int err = 0;

	p->conf.size_max = 1u << 20;
	assert_int_equal(open_again(p), 0);
	while (!err && number < 1000) {
		s = (struct seen){ .err = 1 };
		assert_int_equal(jrn_add(p->j, ++number, record, sizeof record, on_done, &s), 0);
		if (number == 3) {
			assert_int_equal(jrn_add(p->j, 5000, record, sizeof record, NULL, NULL), 0);
		}
		err = jrn_flush(p->j);
		assert_int_equal(s.calls, 1);
		assert_int_equal(s.err, err);
	}
	assert_int_equal(err, ERR_NOSPC);
	kept = jrn_counts(p->j).records;
	assert_true(kept == number);
	assert_int_equal(jrn_add(p->j, ++number, record, sizeof record, on_done, &s), ERR_NOSPC);
	assert_int_equal(jrn_put(p->j, number, record, sizeof record, NULL, NULL), 0); /* of no known one */
	assert_int_equal(jrn_del(p->j, 1), 0);
	(void)jrn_flush(p->j);
	for (uint64_t i = 2; i <= 40; i++) {
		assert_int_equal(jrn_del(p->j, i), 0);
	}
	assert_int_equal(jrn_flush(p->j), 0);
	for (int i = 0; i < 5 && jrn_state(p->j); i++) { /* each wins back some room */
		(void)jrn_flush(p->j);
	}
	assert_int_equal(jrn_state(p->j), 0);
	assert_true(jrn_counts(p->j).records <= kept - 40 + 1);
	s = (struct seen){ .err = 1 };
	assert_int_equal(jrn_add(p->j, ++number, record, sizeof record, on_done, &s), 0);
	assert_int_equal(jrn_flush(p->j), 0);
	assert_int_equal(s.err, 0);
}

static void test_a_replay_stops_when_told_and_may_put(void **state)
{
	struct place *p = *state;
	struct read r = { .stop_at = 2 };

	for (uint64_t i = 1; i <= 5; i++) {
		assert_int_equal(put(p, i, "x", NULL), 0);
	}
	assert_int_equal(jrn_flush(p->j), 0);
	assert_int_equal(jrn_replay(p->j, on_record, &r), 9);
	assert_int_equal(r.n, 2);
}

static void test_a_journal_is_open_once_and_is_not_another_store(void **state)
{
	struct place *p = *state;
	struct jrn_conf conf = { .dir = p->dir };
	struct jrn *second;

	assert_int_equal(jrn_open(&second, &conf, &p->why), ERR_BUSY);
	assert_true(p->why.text[0]);
	conf.dir = "/tmp/no-such-directory-here/journal";
	assert_int_equal(jrn_open(&second, &conf, &p->why), ERR_IO);
	assert_non_null(strstr(p->why.text, "cannot make the directory"));
}

static void test_a_truncated_journal_is_refused(void **state)
{
	static uint8_t record[9000], whole[4 << 20];
	struct place *p = *state;
	char path[96];
	ssize_t size;
	FILE *f;

	memset(record, 'r', sizeof record);
	for (uint64_t i = 1; i <= 10; i++) {
		assert_int_equal(jrn_put(p->j, i, record, sizeof record, NULL, NULL), 0);
	}
	assert_int_equal(jrn_flush(p->j), 0);
	jrn_close(p->j);
	p->j = NULL;
	snprintf(path, sizeof path, "%s/0000000001.log", p->dir);
	f = fopen(path, "r");
	assert_non_null(f);
	size = (ssize_t)fread(whole, 1, sizeof whole, f);
	fclose(f);
	for (ssize_t len = 0; len < size; len += size / 64 + 1) {
		f = fopen(path, "w");
		assert_non_null(f);
		assert_int_equal(fwrite(whole, 1, (size_t)len, f), len);
		fclose(f);
		assert_int_equal(open_again(p), ERR_PROTO);
		assert_non_null(strstr(p->why.text, "0000000001.log is damaged"));
		assert_non_null(strstr(p->why.text, "truncated"));
	}
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(whole, 1, (size_t)size, f), size);
	fclose(f);
	assert_int_equal(open_again(p), 0);
	assert_int_equal(replay(p).n, 10);
}

struct writer {
	int fd;
};

static void on_told(void *arg, uint64_t number, int err)
{
	struct writer *w = arg;

	if (err || write(w->fd, &number, sizeof number) != (ssize_t)sizeof number) {
		_exit(1);
	}
}

static void write_until_killed(struct place *p, int fd)
{
	struct writer w = { fd };

	if (open_again(p)) {
		_exit(1);
	}
	for (;;) {
		for (int i = 0; i < 20; i++) {
			if (jrn_put(p->j, jrn_next(p->j), "intent", 6, on_told, &w)) {
				_exit(1);
			}
		}
		if (jrn_flush(p->j)) {
			_exit(1);
		}
	}
}

/* kill -9 in the middle of commits: every number whose completion came is there, whole, and new numbers are larger. */
static void test_killed_at_any_instant_nothing_told_is_lost(void **state)
{
	struct place *p = *state;
	uint64_t number, told[4096], last;
	int pipe_fds[2], n = 0, status, found = 0;
	static struct read r;
	pid_t child;

	jrn_close(p->j);
	p->j = NULL;
	assert_int_equal(pipe(pipe_fds), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		write_until_killed(p, pipe_fds[1]);
	}
	close(pipe_fds[1]);
	while (n < 300 && read(pipe_fds[0], &number, sizeof number) == (ssize_t)sizeof number) {
		told[n++] = number;
	}
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	while (n < 4096 && read(pipe_fds[0], &number, sizeof number) == (ssize_t)sizeof number) {
		told[n++] = number;
	}
	close(pipe_fds[0]);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(open_again(p), 0);
	r = replay(p);
	last = told[n - 1];
	assert_true(jrn_counts(p->j).records >= (uint64_t)n);
	for (int i = 0; i < n && i < 64; i++) {
		found += r.numbers[i] == told[i];
	}
	assert_int_equal(found, n < 64 ? n : 64); /* the first ones, told in their order */
	assert_true(jrn_next(p->j) > last);
}

#define T(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		T(test_a_completion_comes_once_and_only_when_it_is_on_disk),
		T(test_a_journal_says_its_size_at_once),
		T(test_what_gathered_is_one_commit),
		T(test_what_is_put_again_is_one_operation_until_it_is_handed_over),
		T(test_operations_on_one_number_keep_their_order),
		T(test_records_come_back_in_order_after_a_restart),
		T(test_closing_commits_what_waits),
		T(test_numbers_never_come_again),
		T(test_a_number_without_a_record_never_comes_again_either),
		T(test_waiting_operations_are_bounded),
		T(test_a_record_above_the_bound_is_refused),
		T(test_a_completion_may_put_and_that_goes_into_the_next_commit),
		T(test_a_full_journal_says_so_keeps_nothing_and_recovers),
		T(test_a_replay_stops_when_told_and_may_put),
		T(test_a_journal_is_open_once_and_is_not_another_store),
		T(test_a_truncated_journal_is_refused),
		T(test_killed_at_any_instant_nothing_told_is_lost),
	};

	return cmocka_run_group_tests_name("jrn", tests, NULL, NULL);
}
