/* A disk that is full or fails, without one: the system calls that LMDB writes with are ours here. New triggers are refused, records of
 * known ones and deletes go on as far as they can, and the journal finds out by itself that it is over. */
#include "tests/unit/journal/place.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_int data_errno, meta_errno, sync_errno; /* what the next writes fail with; 0: they do not */

#define META_END (2 * 4096) /* LMDB's two meta pages stand at the beginning */

ssize_t pwrite_of_lmdb(int fd, const void *p, size_t len, off_t at) __asm__("pwrite"); /* our headers say pwrite64 */

ssize_t pwrite_of_lmdb(int fd, const void *p, size_t len, off_t at)
{
	int fails = at < META_END ? meta_errno : data_errno;

	if (fails) {
		errno = fails;
		return -1;
	}
	return syscall(SYS_pwrite64, fd, p, len, at);
}

ssize_t writev(int fd, const struct iovec *v, int n)
{
	if (data_errno) {
		errno = data_errno;
		return -1;
	}
	return syscall(SYS_writev, fd, v, n);
}

int fdatasync(int fd)
{
	if (sync_errno) {
		errno = sync_errno;
		return -1;
	}
	return (int)syscall(SYS_fdatasync, fd);
}

static void all_is_well(void)
{
	data_errno = meta_errno = sync_errno = 0;
}

static int teardown(void **state)
{
	all_is_well();
	return place_teardown(state);
}

/* Two known triggers, then a new one that does not fit. */
static void into_trouble(struct place *p, atomic_int *what, int fails, int expected)
{
	struct seen s = { 0 };

	assert_int_equal(add(p, 1, "one", NULL), 0);
	assert_int_equal(add(p, 2, "two", NULL), 0);
	assert_int_equal(jrn_flush(p->j), 0);
	assert_int_equal(jrn_state(p->j), 0);
	*what = fails;
	assert_int_equal(add(p, 3, "three", &s), 0);
	assert_int_equal(jrn_flush(p->j), expected);
	assert_int_equal(s.calls, 1);
	assert_int_equal(s.err, expected);
	assert_int_equal(jrn_state(p->j), expected);
	assert_int_equal(jrn_counts(p->j).troubles, 1);
	assert_int_equal(add(p, 4, "four", &s), expected); /* refused at once: no completion */
	assert_int_equal(jrn_flush(p->j), 0);
	assert_int_equal(s.calls, 1);
	assert_int_equal(jrn_counts(p->j).troubles, 1);
}

static void over_again(struct place *p, int records)
{
	struct seen s = { .err = 1 };

	assert_int_equal(jrn_state(p->j), 0);
	assert_int_equal(add(p, 9, "nine", &s), 0);
	assert_int_equal(jrn_flush(p->j), 0);
	assert_int_equal(s.err, 0);
	assert_int_equal(replay(p).n, records);
	assert_int_equal(open_again(p), 0);
	assert_int_equal(replay(p).n, records);
}

static void test_a_full_disk_refuses_until_there_is_room(void **state)
{
	struct place *p = *state;

	into_trouble(p, &data_errno, ENOSPC, ERR_NOSPC);
	all_is_well();
	assert_int_equal(jrn_flush(p->j), 0); /* without a thread this is what tries */
	over_again(p, 3);
}

static void test_a_failed_sync_is_an_error_and_recovers(void **state)
{
	struct place *p = *state;

	into_trouble(p, &sync_errno, EIO, ERR_IO);
	all_is_well();
	assert_int_equal(jrn_flush(p->j), 0);
	over_again(p, 3);
}

/* LMDB refuses everything after a meta page that it could not write, until it is opened anew. */
static void test_a_failed_meta_page_is_an_error_and_recovers(void **state)
{
	struct place *p = *state;

	into_trouble(p, &meta_errno, EIO, ERR_IO);
	all_is_well();
	assert_int_equal(jrn_flush(p->j), 0);
	over_again(p, 3);
}

static void test_in_trouble_a_report_fails_and_deletes_wait(void **state)
{
	struct place *p = *state;
	struct seen s = { 0 };

	into_trouble(p, &data_errno, ENOSPC, ERR_NOSPC);
	assert_int_equal(put(p, 1, "report", &s), 0); /* tried */
	assert_int_equal(jrn_del(p->j, 2), 0);
	assert_int_equal(jrn_flush(p->j), ERR_NOSPC);
	assert_int_equal(s.calls, 1);
	assert_int_equal(s.err, ERR_NOSPC);
	assert_int_equal(replay(p).n, 2); /* the older record stands */
	all_is_well();
	assert_int_equal(put(p, 1, "report", &s), 0); /* before anyone found out that it is over */
	assert_int_equal(jrn_flush(p->j), 0);
	assert_int_equal(s.err, 0);
	over_again(p, 2);
	assert_string_equal(replay(p).texts[0], "report");
}

static void test_what_was_promised_before_goes_first(void **state)
{
	static uint8_t large[16000] = { 1 };
	struct place *p = *state;
	struct seen intent = { 0 }, report = { 0 };
	char text[16] = "";
	uint64_t i = 0;
	int err = 0;

	p->conf.map_max = 2u << 20;
	assert_int_equal(open_again(p), 0);
	assert_int_equal(add(p, 1, "intent", NULL), 0);
	for (i = 2; i < 400; i++) {
		assert_int_equal(add(p, i, "old", NULL), 0);
	}
	for (i = 2; i < 400 && !err; i++) { /* all three kinds in one commit, until it does not fit */
		snprintf(text, sizeof text, "report %d", (int)i);
		assert_int_equal(jrn_add(p->j, 1000 + i, large, sizeof large, on_done, &intent), 0);
		assert_int_equal(put(p, 1, text, &report), 0);
		assert_int_equal(jrn_del(p->j, i), 0);
		err = jrn_flush(p->j);
	}
	assert_int_equal(err, ERR_NOSPC);
	assert_int_equal(intent.err, ERR_NOSPC);
	assert_int_equal(report.err, 0);
	assert_string_equal(replay(p).texts[0], text);
	assert_true(replay(p).numbers[1] == i);  /* those before it are deleted */
	for (int more = 0; more < 300; more++) { /* and it goes on so, without any room for new ones */
		assert_int_equal(put(p, 1, more % 2 ? "odd" : "even", &report), 0);
		(void)jrn_flush(p->j);
		assert_int_equal(report.err, 0);
	}
}

static void test_a_group_with_a_new_trigger_is_given_up_whole(void **state)
{
	struct place *p = *state;
	struct seen s = { 0 };
	struct read r;

	assert_int_equal(add(p, 1, "one", NULL), 0);
	assert_int_equal(jrn_flush(p->j), 0);
	jrn_group_begin(p->j);
	assert_int_equal(put(p, 1, "replaced", &s), 0);
	assert_int_equal(add(p, 2, "two", &s), 0);
	assert_int_equal(jrn_del(p->j, 1), 0);
	jrn_group_end(p->j);
	assert_int_equal(put(p, 1, "beside", NULL), 0);
	data_errno = ENOSPC;
	assert_int_equal(jrn_flush(p->j), ERR_NOSPC);
	all_is_well();
	assert_int_equal(s.calls, 2);
	assert_int_equal(s.err, ERR_NOSPC);
	assert_int_equal(jrn_flush(p->j), 0);
	r = replay(p);
	assert_int_equal(r.n, 1); /* its delete is not one that is tried again */
	assert_string_equal(r.texts[0], "one");
}

static void test_the_thread_finds_out_by_itself_that_it_is_over(void **state)
{
	struct place *p = *state;

	p->conf.threaded = true;
	assert_int_equal(open_again(p), 0);
	into_trouble(p, &meta_errno, EIO, ERR_IO);
	all_is_well();
	while (jrn_state(p->j)) {
		wait_complete(p); /* told when the state changes */
	}
	over_again(p, 3);
}

#define T(name) cmocka_unit_test_setup_teardown(name, place_setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_a_full_disk_refuses_until_there_is_room),
		T(test_a_failed_sync_is_an_error_and_recovers),
		T(test_a_failed_meta_page_is_an_error_and_recovers),
		T(test_in_trouble_a_report_fails_and_deletes_wait),
		T(test_what_was_promised_before_goes_first),
		T(test_a_group_with_a_new_trigger_is_given_up_whole),
		T(test_the_thread_finds_out_by_itself_that_it_is_over),
	};

	return cmocka_run_group_tests_name("jrn_trouble", tests, NULL, NULL);
}
