/* Check, salvage, copy and restore: what is whole of a journal is found and saved, whatever is wrong with it. */
#include "tests/unit/journal/place.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/jrn_behind.h"
#include "journal/jrn_check.h"
#include "journal/jrn_copy.h"
#include "journal/jrn_format.h"

#define SEGMENT (128u << 10)

static struct found {
	struct jrn_found f[64];
	size_t n;
} found;

static void on_found(void *arg, const struct jrn_found *f)
{
	struct found *all = arg;

	assert_true(all->n < 64);
	all->f[all->n++] = *f;
}

static int setup(void **state)
{
	struct place *p;

	place_setup(state);
	p = *state;
	p->conf.size_max = 64u << 20;
	p->conf.segment_size = SEGMENT;
	jrn_close(p->j);
	p->j = NULL;
	place_empty(p);
	return open_again(p);
}

/* 100 records with a text and 100 long ones, in several segments. */
static void some(struct place *p)
{
	static uint8_t long_one[3000] = { 1 };
	char text[32];

	for (uint64_t i = 1; i <= 100; i++) {
		snprintf(text, sizeof text, "record %d", (int)i);
		assert_int_equal(add(p, i, text, NULL), 0);
		assert_int_equal(jrn_add(p->j, 1000 + i, long_one, sizeof long_one, NULL, NULL), 0);
		assert_int_equal(jrn_flush(p->j), 0);
	}
}

static void shut(struct place *p)
{
	jrn_close(p->j);
	p->j = NULL;
}

static struct jrn_summary check(struct place *p)
{
	struct jrn_summary sum;

	found.n = 0;
	assert_int_equal(jrn_check(p->dir, NULL, on_found, &found, &sum, &p->why), 0);
	return sum;
}

static const struct jrn_found *first(enum jrn_finding what)
{
	for (size_t i = 0; i < found.n; i++) {
		if (found.f[i].what == what) {
			return &found.f[i];
		}
	}
	return NULL;
}

static void spoil(const struct place *p, const char *name, long at)
{
	char path[160];
	uint8_t octet;
	int fd;

	snprintf(path, sizeof path, "%s/%s", p->dir, name);
	fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &octet, 1, at), 1);
	octet ^= 0x40;
	assert_int_equal(pwrite(fd, &octet, 1, at), 1);
	close(fd);
}

static void test_a_whole_journal_is_said_to_be_whole(void **state)
{
	struct place *p = *state;
	struct jrn_summary sum;

	some(p);
	assert_int_equal(jrn_check(p->dir, NULL, NULL, NULL, &sum, &p->why), ERR_BUSY);
	shut(p);
	sum = check(p);
	assert_true(sum.opens);
	assert_int_equal(sum.live, 200);
	assert_int_equal(sum.damages, 0);
	assert_int_equal(sum.lost_commits_at_least, 0);
	assert_true(sum.segments >= 2 && sum.waste_octets > 0);
	assert_int_equal(jrn_check("/tmp/no-such-journal", NULL, NULL, NULL, &sum, &p->why), ERR_NOTFOUND);
	assert_int_equal(jrn_check("/proc/self/fdinfo", NULL, NULL, NULL, &sum, &p->why), ERR_NOTFOUND);
}

/* A new journal beside it, of what is whole. */
static int saved(struct place *p, int expected)
{
	struct jrn_conf conf = p->conf;
	struct jrn_summary sum;
	char out[80];
	struct read r = { .n = 0 };
	struct jrn *j;
	uint64_t next;

	snprintf(out, sizeof out, "%s.saved", p->dir);
	found.n = 0;
	assert_int_equal(jrn_salvage(p->dir, out, on_found, &found, &sum, &p->why), expected);
	if (expected) {
		return 0;
	}
	conf.dir = out;
	assert_int_equal(jrn_open(&j, &conf, &p->why), 0);
	assert_int_equal(jrn_replay(j, on_record, &r), 0);
	next = jrn_next(j);
	assert_true(next > 1100);
	jrn_close(j);
	assert_int_equal(jrn_salvage(p->dir, out, NULL, NULL, &sum, &p->why), ERR_EXISTS);
	place_remove_all(out);
	return r.n;
}

static void test_a_bad_octet_in_an_earlier_commit_is_refused_found_and_the_rest_saved(void **state)
{
	const struct jrn_found *d;
	struct place *p = *state;
	struct jrn_summary sum;

	some(p);
	shut(p);
	spoil(p, "0000000001.log", 4096 + 64 + 24); /* content of record 1 */
	assert_int_equal(open_again(p), ERR_PROTO);
	assert_non_null(strstr(p->why.text, "0000000001.log is damaged at byte 4096"));
	assert_non_null(strstr(p->why.text, "mtcctl journal salvage"));
	sum = check(p);
	assert_false(sum.opens);
	assert_int_equal(sum.damages, 1);
	assert_int_equal(sum.lost_commits_at_least, 1);
	d = first(JRN_FOUND_DAMAGE);
	assert_non_null(d);
	assert_string_equal(d->name, "0000000001.log");
	assert_int_equal(d->at, 4096);
	assert_int_equal(d->octets, 4096);
	assert_int_equal(saved(p, 0), 198);
}

static void test_a_bad_octet_in_the_last_commit_is_a_torn_write(void **state)
{
	const struct jrn_found *t;
	struct place *p = *state;
	struct jrn_summary sum;

	assert_int_equal(add(p, 1, "record 1", NULL), 0);
	assert_int_equal(jrn_flush(p->j), 0);
	assert_int_equal(add(p, 2000, "record 2", NULL), 0);
	assert_int_equal(jrn_flush(p->j), 0);
	shut(p);
	spoil(p, "0000000001.log", 8192 + 64 + 24);
	sum = check(p);
	t = first(JRN_FOUND_TORN);
	assert_true(sum.opens);
	assert_non_null(t);
	assert_int_equal(t->at, 8192);
	assert_int_equal(t->octets, 4096);
	assert_int_equal(open_again(p), 0);
	assert_non_null(strstr(p->why.text, "4096 bytes from byte 8192"));
	assert_int_equal(replay(p).n, 1);
	assert_int_equal(add(p, 3, "record 3", NULL), 0);
	assert_int_equal(jrn_flush(p->j), 0);
	shut(p);
	sum = check(p);
	assert_true(sum.opens);
	assert_int_equal(sum.live, 2);
	assert_non_null(first(JRN_FOUND_ASIDE));
	assert_int_equal(first(JRN_FOUND_ASIDE)->octets, 4096);
	assert_int_equal(open_again(p), 0);
	assert_string_equal(p->why.text, ""); /* another segment is the last now */
}

/* A machine that loses its power again and again fills no disk with what was kept aside. */
static void test_the_newest_torn_writes_are_kept_aside(void **state)
{
	struct place *p = *state;
	char name[32];
	size_t aside = 0;

	for (unsigned i = 1; i <= JRN_TORN_MAX + 2; i++) {
		assert_int_equal(add(p, 2 * i, "record", NULL), 0);
		assert_int_equal(jrn_flush(p->j), 0);
		assert_int_equal(add(p, 2 * i + 1, "record", NULL), 0);
		assert_int_equal(jrn_flush(p->j), 0);
		shut(p);
		snprintf(name, sizeof name, "%010u.log", i);
		spoil(p, name, 8192 + 64 + 24);
		assert_int_equal(open_again(p), 0);
		assert_non_null(strstr(p->why.text, "4096 bytes from byte 8192"));
	}
	shut(p);
	(void)check(p);
	for (size_t i = 0; i < found.n; i++) {
		aside += found.f[i].what == JRN_FOUND_ASIDE;
	}
	assert_int_equal(aside, JRN_TORN_MAX);
	assert_int_equal(first(JRN_FOUND_ASIDE)->octets, 4096);
	for (size_t i = 0; i < found.n; i++) {
		assert_string_not_equal(found.f[i].name, "torn-0000000001-8192");
		assert_string_not_equal(found.f[i].name, "torn-0000000002-8192");
	}
}

/* A commit is written only when the one before is durable: this is no torn write. */
static void test_a_bad_commit_of_the_last_segment_with_a_whole_one_behind_is_damage(void **state)
{
	struct place *p = *state;

	for (uint64_t i = 1; i <= 3; i++) {
		assert_int_equal(add(p, i + 2000, "record", NULL), 0);
		assert_int_equal(jrn_flush(p->j), 0);
	}
	shut(p);
	spoil(p, "0000000001.log", 8192 + 64 + 24);
	assert_int_equal(open_again(p), ERR_PROTO);
	assert_non_null(strstr(p->why.text, "0000000001.log is damaged at byte 8192"));
	assert_false(check(p).opens);
	assert_int_equal(first(JRN_FOUND_DAMAGE)->at, 8192);
	assert_int_equal(saved(p, 0), 2);
	spoil(p, "0000000001.log", 8192 + 64 + 24);
	spoil(p, "0000000001.log", 8192 + 8); /* so that nothing of this segment begins there */
	assert_int_equal(open_again(p), ERR_PROTO);
	assert_non_null(strstr(p->why.text, "0000000001.log is damaged at byte 8192"));
	assert_int_equal(saved(p, 0), 2);
}

static void test_missing_truncated_and_foreign_files_are_named(void **state)
{
	struct place *p = *state;
	char path[160];
	FILE *f;

	some(p);
	shut(p);
	snprintf(path, sizeof path, "%s/notes.txt", p->dir);
	f = fopen(path, "w");
	assert_non_null(f);
	fclose(f);
	assert_int_equal(open_again(p), ERR_PROTO);
	assert_non_null(strstr(p->why.text, "notes.txt does not belong"));
	assert_int_equal(check(p).damages, 1);
	assert_non_null(first(JRN_FOUND_FOREIGN));
	place_remove(p, "notes.txt");
	assert_true(check(p).opens);

	snprintf(path, sizeof path, "%s/0000000001.log", p->dir);
	assert_int_equal(truncate(path, 50000), 0);
	assert_int_equal(open_again(p), ERR_PROTO);
	assert_non_null(strstr(p->why.text, "0000000001.log is damaged"));
	assert_false(check(p).opens);
	assert_non_null(strstr(first(JRN_FOUND_DAMAGE)->text, "truncated: 50000 bytes of 131072"));
	assert_in_range(saved(p, 0), 150, 170);

	place_remove(p, "0000000001.log");
	assert_int_equal(open_again(p), ERR_PROTO);
	assert_non_null(strstr(p->why.text, "0000000001.log is missing"));
	assert_false(check(p).opens);
	assert_string_equal(first(JRN_FOUND_MISSING)->name, "0000000001.log");
	assert_in_range(saved(p, 0), 130, 145);
}

/* The name of the segment with the largest number. */
static void newest(const struct place *p, char out[32])
{
	struct stat st;
	char path[160];

	for (uint64_t n = 1; n < 1000; n++) {
		char name[32];

		jrn_segment_name(name, n);
		snprintf(path, sizeof path, "%s/%s", p->dir, name);
		if (stat(path, &st) == 0) {
			memcpy(out, name, sizeof name);
		}
	}
}

static void remove_newest(const struct place *p)
{
	char name[32] = "";

	newest(p, name);
	place_remove(p, name);
}

/* What is left would be whole, and of an earlier time: triggers that ended would be submitted once more. */
static void is_noticed(struct place *p, const char *name)
{
	assert_int_equal(open_again(p), ERR_PROTO);
	assert_non_null(strstr(p->why.text, name));
	assert_non_null(strstr(p->why.text, "is missing"));
	assert_false(check(p).opens);
	assert_string_equal(first(JRN_FOUND_MISSING)->name, name);
}

/* Where the last block of a segment is that is not all zeros. */
static long last_block(const struct place *p, const char *name)
{
	static uint8_t octets[SEGMENT];
	char path[160];
	long at = SEGMENT - 1;
	int fd;

	snprintf(path, sizeof path, "%s/%s", p->dir, name);
	fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, octets, SEGMENT, 0), SEGMENT);
	close(fd);
	while (at > 0 && !octets[at]) {
		at--;
	}
	return at / (long)JRN_BLOCK * (long)JRN_BLOCK;
}

static bool is_there(const struct place *p, const char *name)
{
	char path[160];
	struct stat st;

	snprintf(path, sizeof path, "%s/%s", p->dir, name);
	return stat(path, &st) == 0;
}

/* The first segment went when a commit of the last one did not need it any more. When that commit is
 * damaged, the one before needs the first segment: what is wrong is not its absence. */
static void test_a_damaged_end_is_told_with_its_place_and_not_as_a_missing_file(void **state)
{
	struct place *p = *state;
	char name[32] = "", words[96];
	long at;

	some(p);
	for (uint64_t i = 1; i <= 100 && is_there(p, "0000000001.log"); i++) {
		assert_int_equal(jrn_del(p->j, i), 0);
		assert_int_equal(jrn_del(p->j, 1000 + i), 0);
		assert_int_equal(jrn_flush(p->j), 0);
	}
	assert_false(is_there(p, "0000000001.log"));
	shut(p);
	newest(p, name);
	at = last_block(p, name);
	spoil(p, name, at + 24); /* in its sequence */
	assert_int_equal(open_again(p), ERR_PROTO);
	snprintf(words, sizeof words, "%s is damaged at byte %ld: ", name, at);
	if (!strstr(p->why.text, words) || strstr(p->why.text, "is missing")) {
		fail_msg("'%s', expected '%s'", p->why.text, words);
	}
	spoil(p, name, at + 8); /* in its nonce: nothing says that a commit was there */
	assert_int_equal(open_again(p), ERR_PROTO);
	snprintf(words, sizeof words, "which ends at byte %ld of %s, needs it", at, name);
	if (!strstr(p->why.text, "0000000001.log is missing: ") || !strstr(p->why.text, words)) {
		fail_msg("'%s', expected '%s'", p->why.text, words);
	}
}

static void test_the_newest_segment_cannot_be_removed_unnoticed(void **state)
{
	struct place *p = *state;
	char name[32] = "";

	some(p);
	shut(p);
	newest(p, name);
	assert_true(check(p).opens);
	remove_newest(p);
	is_noticed(p, name);
	newest(p, name);
	remove_newest(p); /* nor the newest two */
	is_noticed(p, name);
}

/* The segment before is of another process, which ended or died. */
static void test_nor_the_one_of_the_last_start(void **state)
{
	struct place *p = *state;
	char name[32] = "";

	assert_int_equal(add(p, 1, "one", NULL), 0);
	assert_int_equal(add(p, 2, "stays where it is", NULL), 0); /* so that the first segment is needed */
	assert_int_equal(jrn_flush(p->j), 0);
	assert_int_equal(open_again(p), 0);
	assert_int_equal(put(p, 1, "two", NULL), 0);
	assert_int_equal(jrn_flush(p->j), 0);
	shut(p);
	newest(p, name);
	assert_string_equal(name, "0000000002.log");
	remove_newest(p);
	is_noticed(p, name);
}

/* Segments that are full to their last commit have room for the mark. */
static void test_a_full_segment_has_its_mark(void **state)
{
	struct place *p = *state;
	char name[32] = "";

	for (int i = 1; i <= 40; i++) { /* a block each: 31 fill a segment of 128 KiB */
		assert_int_equal(add(p, (uint64_t)i, "full", NULL), 0);
		assert_int_equal(jrn_flush(p->j), 0);
	}
	shut(p);
	newest(p, name);
	assert_string_equal(name, "0000000002.log");
	remove_newest(p);
	is_noticed(p, name);
}

static void test_a_journal_whose_segments_are_gone_is_not_whole(void **state)
{
	struct place *p = *state;

	assert_int_equal(add(p, 1, "one", NULL), 0);
	assert_int_equal(jrn_flush(p->j), 0);
	shut(p);
	place_remove(p, "0000000001.log");
	assert_int_equal(open_again(p), ERR_PROTO);
	assert_false(check(p).opens);
	assert_non_null(first(JRN_FOUND_MISSING));
	assert_null(first(JRN_FOUND_LMDB));
}

/* -- copy and restore */

static void copy_to(struct place *p, const char *path, uint64_t more)
{
	uint8_t piece[1000];
	struct jrn_copy *c;
	uint64_t octets = 0;
	ssize_t n;
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(jrn_copy_begin(&c, p->j), 0);
	while ((n = jrn_copy_read(c, piece, sizeof piece)) > 0) {
		assert_int_equal(fwrite(piece, 1, (size_t)n, f), n);
		octets += (uint64_t)n;
		if (more) { /* the journal goes on meanwhile, and nothing is taken from under the copy */
			static uint8_t long_one[3000] = { 1 };

			assert_int_equal(jrn_add(p->j, ++more, long_one, sizeof long_one, NULL, NULL), 0);
			assert_int_equal(jrn_del(p->j, more), 0);
			assert_int_equal(jrn_flush(p->j), 0);
		}
	}
	assert_int_equal(n, 0);
	assert_int_equal(jrn_copy_end(p->j, c), 0);
	assert_true(octets >= 100 * 4096);
	fclose(f);
}

static void test_a_copy_of_a_journal_in_use_makes_the_same_journal(void **state)
{
	struct place *p = *state;
	struct jrn_conf conf = p->conf;
	char file[100], dir[100];
	struct read r = { .n = 0 };
	struct jrn *j;

	some(p);
	snprintf(file, sizeof file, "%s.copy", p->dir);
	snprintf(dir, sizeof dir, "%s.restored", p->dir);
	copy_to(p, file, 100000);
	assert_int_equal(replay(p).n, 200);
	assert_int_equal(jrn_copy_restore(file, dir, &p->why), 0);
	conf.dir = dir;
	assert_int_equal(jrn_open(&j, &conf, &p->why), 0);
	assert_int_equal(jrn_replay(j, on_record, &r), 0);
	assert_int_equal(r.n, 200);
	assert_string_equal(r.texts[5], "record 6");
	jrn_close(j);
	assert_int_equal(jrn_copy_restore(file, dir, &p->why), ERR_EXISTS);
	place_remove_all(dir);
	unlink(file);
}

static void test_a_spoilt_copy_is_refused_and_leaves_nothing(void **state)
{
	struct place *p = *state;
	char file[100], dir[100], segment[140];
	struct stat st;

	some(p);
	snprintf(file, sizeof file, "%s.copy", p->dir);
	snprintf(dir, sizeof dir, "%s.restored", p->dir);
	snprintf(segment, sizeof segment, "%s/0000000001.log", dir);
	copy_to(p, file, 0);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(truncate(file, st.st_size - 4096), 0); /* cut between two commits: that is an older journal */
	assert_int_equal(jrn_copy_restore(file, dir, &p->why), 0);
	place_remove_all(dir);
	assert_int_equal(truncate(file, st.st_size - 4097), 0);
	assert_int_equal(jrn_copy_restore(file, dir, &p->why), ERR_PROTO);
	assert_int_equal(access(segment, F_OK), -1);
	assert_int_equal(truncate(file, 0), 0);
	assert_int_equal(jrn_copy_restore(file, dir, &p->why), ERR_PROTO);
	assert_non_null(strstr(p->why.text, "not a copy of a journal"));
	place_remove_all(dir);
	unlink(file);
}

static void test_a_copy_that_is_cut_is_no_copy(void **state)
{
	struct place *p = *state;
	uint8_t piece[100];
	struct jrn_copy *c, *other;

	some(p);
	assert_int_equal(jrn_copy_begin(&c, p->j), 0);
	assert_int_equal(jrn_copy_begin(&other, p->j), ERR_BUSY);
	assert_int_equal(jrn_copy_read(c, piece, sizeof piece), sizeof piece);
	jrn_copy_cut(c);
	assert_int_equal(jrn_copy_read(c, piece, sizeof piece), 0);
	assert_int_equal(jrn_copy_end(p->j, c), ERR_CLOSED);
	assert_int_equal(jrn_copy_begin(&c, p->j), 0);
	assert_int_equal(jrn_copy_end(p->j, c), ERR_CLOSED);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, place_teardown)

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		T(test_a_whole_journal_is_said_to_be_whole),
		T(test_a_bad_octet_in_an_earlier_commit_is_refused_found_and_the_rest_saved),
		T(test_a_bad_octet_in_the_last_commit_is_a_torn_write),
		T(test_the_newest_torn_writes_are_kept_aside),
		T(test_a_bad_commit_of_the_last_segment_with_a_whole_one_behind_is_damage),
		T(test_missing_truncated_and_foreign_files_are_named),
		T(test_a_damaged_end_is_told_with_its_place_and_not_as_a_missing_file),
		T(test_the_newest_segment_cannot_be_removed_unnoticed),
		T(test_nor_the_one_of_the_last_start),
		T(test_a_full_segment_has_its_mark),
		T(test_a_journal_whose_segments_are_gone_is_not_whole),
		T(test_a_copy_of_a_journal_in_use_makes_the_same_journal),
		T(test_a_spoilt_copy_is_refused_and_leaves_nothing),
		T(test_a_copy_that_is_cut_is_no_copy),
	};

	return cmocka_run_group_tests_name("jrn_check", tests, NULL, NULL);
}
