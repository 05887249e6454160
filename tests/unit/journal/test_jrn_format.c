/* The format of the journal: an LMDB journal of an older program is taken over, whatever ends the attempt; a newer one is refused; an
 * older program refuses this one. */
#include "tests/unit/journal/place.h"

#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/kv.h"
#include "journal/jrn_format.h"
#include "tests/unit/journal/sign.h"
#include "tests/unit/journal/lmdb_journal.h"

/* The child process ends without warning at one of its writes, flushes and names. */
static int calls_left = -1;

static void one_more(void)
{
	if (calls_left >= 0 && calls_left-- == 0) {
		err_ignore(raise(SIGKILL), "there is nothing else"); /* a process that exits is asked by valgrind what it lost */
	}
}

int fdatasync(int fd)
{
	(void)fd;
	one_more();
	return 0; /* the process ends, not the machine */
}

int fsync(int fd)
{
	(void)fd;
	one_more();
	return 0;
}

int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	one_more();
	return (int)syscall(SYS_renameat, from_fd, from, to_fd, to);
}

ssize_t pwritev2_of_journal(int fd, const struct iovec *v, int n, off_t at, int flags) __asm__("pwritev64v2");

ssize_t pwritev2_of_journal(int fd, const struct iovec *v, int n, off_t at, int flags)
{
	(void)flags;
	one_more();
	return syscall(SYS_pwritev2, fd, v, n, at, 0, 0);
}

static int setup(void **state)
{
	struct place *p;

	place_setup(state);
	p = *state;
	jrn_close(p->j);
	p->j = NULL;
	place_empty(p);
	p->conf.size_max = 2u << 20;
	return 0;
}

static void shut(struct place *p)
{
	jrn_close(p->j);
	p->j = NULL;
}

static void all_there(struct place *p, int n, uint64_t reserved)
{
	struct read r = replay(p);
	char text[32];

	assert_int_equal(r.n, n);
	for (int i = 0; i < n && i < 64; i++) {
		snprintf(text, sizeof text, "record %d", i + 1);
		assert_string_equal(r.texts[i], text);
	}
	assert_int_equal(jrn_next(p->j), reserved);
}

static void test_an_older_journal_is_taken_over_and_is_a_log_from_then_on(void **state)
{
	struct place *p = *state;

	for (uint32_t older = 1; older < 4; older++) {
		place_empty(p);
		lmdb_journal_make(p->dir, older, 5000, 70000); /* more than one segment */
		assert_int_equal(open_again(p), 0);
		assert_non_null(strstr(p->why.text, "5000 records"));
		all_there(p, 5000, 70000);
		assert_int_equal(jrn_del(p->j, 1), 0);
		assert_int_equal(add(p, 70000, "new", NULL), 0);
		assert_int_equal(jrn_flush(p->j), 0);
		assert_int_equal(open_again(p), 0);
		assert_string_equal(p->why.text, "");
		assert_int_equal(replay(p).n, 5000);
		shut(p);
		assert_int_equal(lmdb_journal_format(p->dir), 4);
	}
}

static void test_an_older_journal_without_records_keeps_its_numbers(void **state)
{
	struct place *p = *state;

	lmdb_journal_make(p->dir, 3, 0, 4711);
	assert_int_equal(open_again(p), 0);
	all_there(p, 0, 4711);
}

/* Ends a child at its nth call; false when it came to its end before. */
static bool killed_at(struct place *p, int n)
{
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		calls_left = n;
		_exit(open_again(p) == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) || (WIFEXITED(status) && WEXITSTATUS(status) == 0));
	return WIFSIGNALED(status);
}

static void test_a_take_over_that_is_killed_at_any_step_loses_nothing(void **state)
{
	struct place *p = *state;
	int steps = 0, log = 0;
	bool killed = true;

	for (; killed; steps++) {
		place_empty(p);
		lmdb_journal_make(p->dir, 3, 20000, 70000);
		killed = killed_at(p, steps);
		log += lmdb_journal_format(p->dir) == 4;
		assert_int_equal(open_again(p), 0);
		all_there(p, 20000, 70000);
		shut(p);
	}
	assert_in_range(steps, 30, 300);
	assert_true(log > 2 && log < steps); /* some ends were in front of the switch, some behind it */
}

static void test_both_journals_at_once_are_refused(void **state)
{
	struct place *p = *state;

	assert_int_equal(open_again(p), 0);
	shut(p);
	place_remove(p, "data.mdb");
	lmdb_journal_make(p->dir, 3, 10, 11);
	assert_int_equal(open_again(p), ERR_PROTO);
	assert_non_null(strstr(p->why.text, "data.mdb"));
	assert_non_null(strstr(p->why.text, "elsewhere"));
	assert_int_equal(lmdb_journal_format(p->dir), 3); /* nothing was touched */
}

/* What the program before says: it opens data.mdb as format 3. */
static void test_an_older_program_refuses_a_log_in_words(void **state)
{
	struct place *p = *state;
	struct kv_conf conf = {
		.dir = p->dir, .kind = "trigger journal", .format = 3, .format_oldest = 1, .map_max = 1u << 20, .databases = 2
	};
	char why[300];
	struct kv k;

	assert_int_equal(open_again(p), 0);
	assert_int_equal(add(p, 1, "intent", NULL), 0);
	shut(p);
	assert_int_equal(kv_open(&k, &conf, why, sizeof why), ERR_VERSION);
	assert_non_null(strstr(why, "its format is version 4, this program knows version 3: it was written by a newer program"));
}

static void test_a_newer_data_mdb_is_refused_in_words(void **state)
{
	struct place *p = *state;

	lmdb_journal_make(p->dir, 5, 1, 2);
	assert_int_equal(open_again(p), ERR_VERSION);
	assert_non_null(strstr(p->why.text, "version 5, this program knows version 4"));
	assert_non_null(strstr(p->why.text, "written by a newer program"));
}

static void test_a_newer_segment_is_refused_in_words(void **state)
{
	struct place *p = *state;
	uint8_t block[JRN_BLOCK];
	char path[96];
	FILE *f;

	assert_int_equal(open_again(p), 0);
	shut(p);
	snprintf(path, sizeof path, "%s/0000000001.log", p->dir);
	f = fopen(path, "r+");
	assert_non_null(f);
	assert_int_equal(fread(block, 1, sizeof block, f), sizeof block);
	block[8] = JRN_VERSION + 1;
	sign_seg_head(block);
	rewind(f);
	assert_int_equal(fwrite(block, 1, sizeof block, f), sizeof block);
	fclose(f);
	assert_int_equal(open_again(p), ERR_VERSION);
	assert_non_null(strstr(p->why.text, "0000000001.log is version 7"));
	assert_non_null(strstr(p->why.text, "written by a newer program"));
}

static void segment_head(const struct place *p, const char *name, uint8_t block[JRN_BLOCK], bool put)
{
	char path[96];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", p->dir, name);
	f = fopen(path, "r+");
	assert_non_null(f);
	assert_int_equal(put ? fwrite(block, 1, JRN_BLOCK, f) : fread(block, 1, JRN_BLOCK, f), JRN_BLOCK);
	fclose(f);
}

/* A program that does not know what is new in a version may read nothing of it. */
static void goes_on(struct place *p, uint8_t version)
{
	uint8_t block[JRN_BLOCK];

	assert_int_equal(open_again(p), 0);
	assert_int_equal(add(p, 1, "record 1", NULL), 0);
	assert_int_equal(jrn_flush(p->j), 0);
	shut(p);
	segment_head(p, "0000000001.log", block, false);
	block[8] = version;
	sign_seg_head(block);
	segment_head(p, "0000000001.log", block, true);
	assert_int_equal(open_again(p), 0);
	assert_int_equal(add(p, 2, "record 2", NULL), 0);
	assert_int_equal(jrn_flush(p->j), 0);
	assert_int_equal(open_again(p), 0);
	assert_int_equal(replay(p).n, 2);
	shut(p);
	segment_head(p, "0000000001.log", block, false);
	assert_int_equal(block[8], version);
	segment_head(p, "0000000002.log", block, false);
	assert_int_equal(block[8], JRN_VERSION);
}

static void test_a_log_of_version_4_is_read_and_goes_on_as_ours(void **state)
{
	struct place *p = *state;
	uint8_t block[JRN_BLOCK];

	goes_on(p, 4);
	segment_head(p, "0000000001.log", block, false);
	block[8] = 3; /* there was no such log */
	sign_seg_head(block);
	segment_head(p, "0000000001.log", block, true);
	assert_int_equal(open_again(p), ERR_PROTO);
}

static void test_a_log_of_version_5_is_read_and_goes_on_as_ours(void **state)
{
	goes_on(*state, 5);
}

/* A newer program signs its version: a bit that flipped does not send anybody to look for one. */
static void test_a_flipped_version_is_damage(void **state)
{
	struct place *p = *state;
	char path[96];
	FILE *f;

	assert_int_equal(open_again(p), 0);
	shut(p);
	snprintf(path, sizeof path, "%s/0000000001.log", p->dir);
	f = fopen(path, "r+");
	assert_non_null(f);
	assert_int_equal(fseek(f, 8, SEEK_SET), 0);
	assert_int_equal(fputc(JRN_VERSION ^ 8, f), JRN_VERSION ^ 8);
	fclose(f);
	assert_int_equal(open_again(p), ERR_PROTO);
	assert_non_null(strstr(p->why.text, "0000000001.log is damaged at byte 0"));
	assert_null(strstr(p->why.text, "newer"));
}

static void test_a_journal_whose_segments_are_gone_is_refused(void **state)
{
	struct place *p = *state;

	assert_int_equal(open_again(p), 0);
	shut(p);
	place_remove(p, "0000000001.log");
	assert_int_equal(open_again(p), ERR_PROTO);
	assert_non_null(strstr(p->why.text, "its segments are missing"));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, place_teardown)

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		T(test_an_older_journal_is_taken_over_and_is_a_log_from_then_on),
		T(test_an_older_journal_without_records_keeps_its_numbers),
		T(test_a_take_over_that_is_killed_at_any_step_loses_nothing),
		T(test_both_journals_at_once_are_refused),
		T(test_an_older_program_refuses_a_log_in_words),
		T(test_a_newer_data_mdb_is_refused_in_words),
		T(test_a_newer_segment_is_refused_in_words),
		T(test_a_log_of_version_4_is_read_and_goes_on_as_ours),
		T(test_a_log_of_version_5_is_read_and_goes_on_as_ours),
		T(test_a_flipped_version_is_damage),
		T(test_a_journal_whose_segments_are_gone_is_refused),
	};

	return cmocka_run_group_tests_name("jrn_format", tests, NULL, NULL);
}
