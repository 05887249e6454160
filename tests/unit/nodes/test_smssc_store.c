/* test_smssc_store.c - the disk of the SMS-SC: all or nothing, found again after reopening. */
#include "tests/unit/test.h"

#include <signal.h>
#include <sys/resource.h>

#include "nodes/smssc/smssc_store.h"
#include "tests/unit/nodes/temp_dir.h"

struct world {
	struct temp_dir dir;
	struct smssc_store *s;
	char why[SMSSC_STORE_WHY_MAX];
};

struct seen {
	uint64_t numbers[16];
	char records[16][16];
	unsigned n;
	int give;
};

static int note(void *arg, uint64_t number, const void *record, size_t len)
{
	struct seen *seen = arg;

	seen->numbers[seen->n] = number;
	memcpy(seen->records[seen->n++], record, len);
	return seen->give;
}

static void open_store(struct world *w)
{
	assert_int_equal(smssc_store_open(&w->s, w->dir.path, 16 << 20, 0, 0xabcde123, w->why), 0);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);

	temp_dir_make(&w->dir);
	open_store(w);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	smssc_store_close(w->s);
	temp_dir_end(&w->dir);
	free(w);
	return 0;
}

static void reopen(struct world *w)
{
	smssc_store_close(w->s);
	open_store(w);
}

static void test_what_is_committed_is_found_again_in_order(void **state)
{
	struct world *w = *state;
	struct seen msgs = { 0 }, dups = { 0 };

	assert_false(smssc_store_dirty(w->s));
	smssc_store_put_msg(w->s, 300, "three", 6);
	smssc_store_put_msg(w->s, 2, "two", 4);
	smssc_store_put_msg(w->s, 5, "five", 5);
	smssc_store_put_dup(w->s, 1, "dup", 4);
	smssc_store_del_msg(w->s, 5);
	smssc_store_del_msg(w->s, 999); /* not there: nothing happens */
	assert_true(smssc_store_dirty(w->s));
	assert_int_equal(smssc_store_commit(w->s, 301), 0);
	assert_false(smssc_store_dirty(w->s));
	reopen(w);
	assert_int_equal(smssc_store_id_first(w->s), 301);
	assert_int_equal(smssc_store_each_msg(w->s, note, &msgs), 0);
	assert_int_equal(msgs.n, 2);
	assert_int_equal(msgs.numbers[0], 2);
	assert_int_equal(msgs.numbers[1], 300);
	assert_string_equal(msgs.records[1], "three");
	assert_int_equal(smssc_store_each_dup(w->s, note, &dups), 0);
	assert_int_equal(dups.n, 1);
	assert_string_equal(dups.records[0], "dup");
}

static void test_what_is_not_committed_is_not_there(void **state)
{
	struct world *w = *state;
	struct seen msgs = { 0 };

	smssc_store_put_msg(w->s, 1, "one", 4);
	reopen(w);
	assert_int_equal(smssc_store_each_msg(w->s, note, &msgs), 0);
	assert_int_equal(msgs.n, 0);
}

static void test_ids_begin_at_a_random_place_that_json_can_hold(void **state)
{
	struct world *w = *state;

	assert_int_equal(smssc_store_id_first(w->s), (uint64_t)0xabcde << 32 | 1);
	assert_true(smssc_store_id_first(w->s) < (uint64_t)1 << 53);
	reopen(w);
	assert_int_equal(smssc_store_id_first(w->s), (uint64_t)0xabcde << 32 | 1); /* once for a store */
}

static void test_the_key_of_numbers_stays(void **state)
{
	struct world *w = *state;
	struct sip_key key = smssc_store_number_key(w->s), again;

	assert_true(key.k[0] || key.k[1]);
	reopen(w);
	again = smssc_store_number_key(w->s);
	assert_memory_equal(&again, &key, sizeof key);
}

static void test_no_reference_comes_twice(void **state)
{
	struct world *w = *state;
	uint32_t first, last = 0, n;

	assert_int_equal(smssc_store_reference(w->s, &first), 0);
	for (n = 1; n < 3 * 4096; n++) { /* a commit now and then, as its owner makes it in each turn */
		assert_int_equal(smssc_store_reference(w->s, &last), 0);
		assert_int_equal(last, first + n);
		if (n % 100 == 0 && smssc_store_dirty(w->s)) {
			assert_int_equal(smssc_store_commit(w->s, 1), 0);
		}
	}
	reopen(w); /* a crash: what was given since is not given again */
	assert_int_equal(smssc_store_reference(w->s, &n), 0);
	assert_true(n > last);
	last = n;
	reopen(w); /* and another one, before anything was committed */
	assert_int_equal(smssc_store_reference(w->s, &n), 0);
	assert_true(n > last);
	for (n = 0; smssc_store_reference(w->s, &last) == 0; n++) { /* no commit: there is an end */
		assert_true(n < 4096);
	}
	smssc_store_abort(w->s);
	assert_int_equal(smssc_store_reference(w->s, &last), ERR_BUSY);
	assert_int_equal(smssc_store_commit(w->s, 1), 0);
	assert_int_equal(smssc_store_reference(w->s, &last), 0);
}

static void test_a_full_disk_takes_all_or_nothing(void **state)
{
	struct world *w = *state;
	static uint8_t big[1 << 20];
	struct seen msgs = { 0 };
	uint64_t n = 0;

	smssc_store_put_msg(w->s, n++, "kept", 5);
	assert_int_equal(smssc_store_commit(w->s, n), 0);
	for (unsigned i = 0; i < 40; i++) {
		smssc_store_put_msg(w->s, n++, big, sizeof big);
	}
	assert_true(smssc_store_dirty(w->s));
	assert_int_equal(smssc_store_commit(w->s, n), ERR_NOSPC);
	assert_false(smssc_store_dirty(w->s));
	assert_int_equal(smssc_store_each_msg(w->s, note, &msgs), 0);
	assert_int_equal(msgs.n, 1);
	smssc_store_put_msg(w->s, 7, "after", 6); /* and goes on */
	assert_int_equal(smssc_store_commit(w->s, 8), 0);
}

/* What is there is read, and changes wait for room. */
static void test_a_store_opens_on_a_full_disk(void **state)
{
	struct world *w = *state;
	struct seen msgs = { 0 };
	struct rlimit was, none;
	uint32_t last, reference;
	struct temp_dir fresh;

	assert_false(smssc_store_began_full(w->s));
	smssc_store_put_msg(w->s, 1, "kept", 5);
	assert_int_equal(smssc_store_reference(w->s, &last), 0);
	assert_int_equal(smssc_store_commit(w->s, 2), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	none = (struct rlimit){ .rlim_cur = 1, .rlim_max = was.rlim_max };
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	reopen(w);
	assert_true(smssc_store_began_full(w->s));
	assert_true(*smssc_store_words(w->s));
	assert_int_equal(smssc_store_each_msg(w->s, note, &msgs), 0);
	assert_int_equal(msgs.n, 1);
	assert_string_equal(msgs.records[0], "kept");
	assert_int_equal(smssc_store_reference(w->s, &reference), ERR_BUSY);
	assert_int_equal(smssc_store_commit(w->s, 2), ERR_NOSPC);
	assert_int_equal(smssc_store_reference(w->s, &reference), ERR_BUSY); /* which asks for some again */
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	assert_int_equal(smssc_store_commit(w->s, 2), 0);
	assert_int_equal(smssc_store_reference(w->s, &reference), 0);
	assert_true(reference > last);
	smssc_store_close(w->s);
	w->s = NULL;
	temp_dir_make(&fresh);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	assert_int_equal(smssc_store_open(&w->s, fresh.path, 16 << 20, 0, 1, w->why), ERR_NOSPC); /* there is nothing to read */
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	signal(SIGXFSZ, SIG_DFL);
	temp_dir_end(&fresh);
}

static void test_a_walk_ends_with_the_error_it_is_given(void **state)
{
	struct world *w = *state;
	struct seen msgs = { .give = ERR_PROTO };

	smssc_store_put_msg(w->s, 1, "one", 4);
	smssc_store_put_msg(w->s, 2, "two", 4);
	assert_int_equal(smssc_store_commit(w->s, 3), 0);
	assert_int_equal(smssc_store_each_msg(w->s, note, &msgs), ERR_PROTO);
	assert_int_equal(msgs.n, 1);
}

static void test_a_truncated_store_is_refused_with_words(void **state)
{
	struct world *w = *state;
	char path[128];

	smssc_store_put_msg(w->s, 1, "one", 4);
	assert_int_equal(smssc_store_commit(w->s, 2), 0);
	smssc_store_close(w->s);
	w->s = NULL;
	snprintf(path, sizeof path, "%s/data.mdb", w->dir.path);
	assert_int_equal(truncate(path, 8192), 0);
	assert_int_equal(smssc_store_open(&w->s, w->dir.path, 16 << 20, 0, 1, w->why), ERR_PROTO);
	assert_non_null(strstr(w->why, w->dir.path));
}

static void test_a_directory_has_one_owner(void **state)
{
	struct world *w = *state;
	struct smssc_store *second = NULL;

	assert_int_equal(smssc_store_open(&second, w->dir.path, 16 << 20, 0, 1, w->why), ERR_BUSY);
	assert_non_null(strstr(w->why, "another process"));
	assert_int_equal(smssc_store_open(&second, "/nonexistent/state", 16 << 20, 0, 1, w->why), ERR_IO);
	assert_non_null(strstr(w->why, "/nonexistent/state"));
	assert_null(second);
}

TEST_GROUP()
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_what_is_committed_is_found_again_in_order),
		TEST(test_what_is_not_committed_is_not_there),
		TEST(test_ids_begin_at_a_random_place_that_json_can_hold),
		TEST(test_the_key_of_numbers_stays),
		TEST(test_no_reference_comes_twice),
		TEST(test_a_full_disk_takes_all_or_nothing),
		TEST(test_a_store_opens_on_a_full_disk),
		TEST(test_a_walk_ends_with_the_error_it_is_given),
		TEST(test_a_truncated_store_is_refused_with_words),
		TEST(test_a_directory_has_one_owner),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
