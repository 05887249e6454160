/* Room: free pages are used again, however much goes through; what is mostly free is written anew at the next opening, and whatever
 * happens meanwhile, nothing is lost. Nothing is synchronised here: it is not what is tested, and takes its time. */
#include "tests/unit/journal/place.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_int write_errno;

int fdatasync(int fd)
{
	(void)fd;
	return 0;
}

int fsync(int fd)
{
	(void)fd;
	return 0;
}

ssize_t write(int fd, const void *p, size_t len) /* LMDB writes copies with it */
{
	if (write_errno && len >= 4096) {
		errno = write_errno;
		return -1;
	}
	return syscall(SYS_write, fd, p, len);
}

static long size_of(const struct place *p, const char *name)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof path, "%s/%s", p->dir, name);
	return stat(path, &st) == 0 ? (long)st.st_size : -1;
}

/* 5000 records of 2000 octets through a journal of 1 MiB, 40 of them there at a time. */
static void churn(struct place *p, uint64_t first)
{
	static uint8_t record[2000] = { 1 };

	for (uint64_t i = first; i < first + 5000; i++) {
		assert_int_equal(jrn_add(p->j, i, record, sizeof record, NULL, NULL), 0);
		if (i >= first + 40) {
			assert_int_equal(jrn_del(p->j, i - 40), 0);
		}
		if (i % 5 == 0) {
			assert_int_equal(jrn_flush(p->j), 0);
		}
	}
	assert_int_equal(jrn_flush(p->j), 0);
}

static void test_free_pages_are_used_again(void **state)
{
	struct place *p = *state;
	struct jrn_counts c;

	p->conf.map_max = 1u << 20;
	assert_int_equal(open_again(p), 0);
	churn(p, 1);
	c = jrn_counts(p->j);
	assert_int_equal(c.records, 40);
	assert_int_equal(c.commits_failed, 0);
	assert_true(c.octets <= p->conf.map_max);
	assert_int_equal(open_again(p), 0);
	churn(p, 10000);
	assert_int_equal(jrn_counts(p->j).commits_failed, 0);
}

/* A large journal, most of it free; returns its size. */
static long mostly_free(struct place *p)
{
	static uint8_t record[8000] = { 1 };

	for (uint64_t i = 1; i <= 500; i++) {
		assert_int_equal(jrn_add(p->j, i, record, i > 450 ? 20 : sizeof record, NULL, NULL), 0);
	}
	assert_int_equal(jrn_flush(p->j), 0);
	for (uint64_t i = 1; i <= 450; i++) {
		assert_int_equal(jrn_del(p->j, i), 0);
	}
	assert_int_equal(jrn_flush(p->j), 0);
	return size_of(p, "data.mdb");
}

static void all_there(struct place *p)
{
	struct read r = replay(p);

	assert_int_equal(r.n, 50);
	assert_true(r.numbers[0] == 451 && r.numbers[49] == 500);
	assert_true(jrn_next(p->j) > 500);
}

static void test_what_is_mostly_free_is_written_anew(void **state)
{
	struct place *p = *state;
	long before = mostly_free(p), after;

	assert_int_equal(open_again(p), 0); /* compact_above 0: never */
	assert_true(size_of(p, "data.mdb") >= before);
	p->conf.compact_above = 1u << 20;
	assert_int_equal(open_again(p), 0);
	after = size_of(p, "data.mdb");
	assert_true(after < before / 4);
	assert_int_equal(size_of(p, "data.mdb.new"), -1);
	all_there(p);
	assert_int_equal(add(p, 501, "x", NULL), 0);
	assert_int_equal(jrn_flush(p->j), 0);
	assert_int_equal(open_again(p), 0);
	assert_int_equal(replay(p).n, 51);
}

static void test_a_journal_in_use_is_left_alone(void **state)
{
	struct place *p = *state;
	long before;

	before = mostly_free(p);
	p->conf.compact_above = 64u << 20; /* it is smaller */
	assert_int_equal(open_again(p), 0);
	assert_true(size_of(p, "data.mdb") >= before);
	all_there(p);
}

static void test_no_room_for_a_new_file_keeps_the_old(void **state)
{
	struct place *p = *state;
	long before = mostly_free(p);

	p->conf.compact_above = 1u << 20;
	write_errno = ENOSPC;
	assert_int_equal(open_again(p), 0);
	write_errno = 0;
	assert_true(size_of(p, "data.mdb") >= before);
	assert_int_equal(size_of(p, "data.mdb.new"), -1);
	all_there(p);
}

static void test_a_new_file_that_a_crash_left_is_removed(void **state)
{
	struct place *p = *state;
	char path[128];
	FILE *f;

	(void)mostly_free(p);
	jrn_close(p->j);
	p->j = NULL;
	snprintf(path, sizeof path, "%s/data.mdb.new", p->dir);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs("half of it", f);
	fclose(f);
	assert_int_equal(open_again(p), 0);
	assert_int_equal(size_of(p, "data.mdb.new"), -1);
	all_there(p);
}

#define T(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_free_pages_are_used_again),
		T(test_what_is_mostly_free_is_written_anew),
		T(test_a_journal_in_use_is_left_alone),
		T(test_no_room_for_a_new_file_keeps_the_old),
		T(test_a_new_file_that_a_crash_left_is_removed),
	};

	return cmocka_run_group_tests_name("jrn_space", tests, NULL, NULL);
}
