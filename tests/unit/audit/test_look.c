/* Records from the newest to the oldest: over files, from any record on, with ends that are torn or wrong. */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/aud_look.h"
#include "audit/aud_record.h"

struct world {
	char dir[64];
	int fd;
};

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	char records[96];

	snprintf(w->dir, sizeof w->dir, "/tmp/mtc-look-XXXXXX");
	if (!mkdtemp(w->dir)) {
		return -1;
	}
	snprintf(records, sizeof records, "%s/records", w->dir);
	w->fd = open(w->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = w;
	return mkdir(records, 0700) || w->fd < 0 ? -1 : 0;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *f)
{
	(void)st;
	(void)flag;
	(void)f;
	return remove(path);
}

static int teardown(void **state)
{
	struct world *w = *state;

	close(w->fd);
	nftw(w->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(w);
	return 0;
}

static int begin(const struct world *w, uint64_t first)
{
	char name[AUD_NAME_MAX];
	int fd;

	aud_segment_name(name, first);
	fd = openat(w->fd, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	return fd;
}

/* Lengths differ, from short ones to the longest there are. */
static void put(int fd, uint64_t seq)
{
	static char line[AUD_RECORD_MAX + 1];
	size_t fill = seq % 17 == 5 ? 16000 : (size_t)(seq * 7919 % 300);
	int n = snprintf(line, sizeof line, "{\"seq\":%" PRIu64 ",\"interval\":1,\"scs\":\"%s\",\"fill\":\"%0*d\"}\n", seq,
			 seq % 2 ? "odd" : "even", (int)fill + 1, 0);

	assert_int_equal(write(fd, line, (size_t)n), n);
}

static void fill(const struct world *w, const uint64_t *firsts, size_t n, uint64_t end)
{
	for (size_t i = 0; i < n; i++) {
		int fd = begin(w, firsts[i]);

		for (uint64_t seq = firsts[i]; seq < (i + 1 < n ? firsts[i + 1] : end); seq++) {
			put(fd, seq);
		}
		close(fd);
	}
}

static uint64_t seq_of(const char *line, size_t len)
{
	struct aud_place place;

	assert_int_equal(aud_record_place(&place, line, len), 0);
	return place.seq;
}

static void test_every_record_is_found_from_every_place(void **state)
{
	static const uint64_t firsts[] = { 40, 120, 121, 300 };
	struct world *w = *state;
	const char *line;
	size_t len;

	fill(w, firsts, 4, 400);
	for (uint64_t before = 38; before <= 403; before++) {
		uint64_t last = before > 400 ? 400 : before;
		struct aud_look *l;

		assert_int_equal(aud_look_open(&l, w->fd, -1, before == 403 ? UINT64_MAX : before), 0);
		for (uint64_t n = 0; n < 30 && last > 40; n++) {
			assert_int_equal(aud_look_prev(l, &line, &len), 0);
			assert_int_equal(seq_of(line, len), --last);
		}
		if (last <= 40) {
			assert_int_equal(aud_look_prev(l, &line, &len), ERR_CLOSED);
		}
		aud_look_free(l);
	}
}

/* Segments that were moved away are read where they are, also one that is in both places. */
static void test_an_archive_counts(void **state)
{
	static const uint64_t old[] = { 0, 50, 90 }, recent[] = { 90, 120 };
	struct world *w = *state, archive = { .fd = -1 };
	char records[96];
	const char *line;
	uint64_t next = 150;
	struct aud_look *l;
	size_t len;
	int err;

	snprintf(archive.dir, sizeof archive.dir, "/tmp/mtc-look-XXXXXX");
	assert_non_null(mkdtemp(archive.dir));
	snprintf(records, sizeof records, "%s/records", archive.dir);
	assert_int_equal(mkdir(records, 0700), 0);
	archive.fd = open(archive.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fill(&archive, old, 3, 120);
	fill(w, recent, 2, 150);
	assert_int_equal(aud_look_open(&l, w->fd, archive.fd, UINT64_MAX), 0);
	assert_int_equal(aud_look_first(l), 0);
	while ((err = aud_look_prev(l, &line, &len)) == 0) {
		assert_int_equal(seq_of(line, len), --next);
	}
	assert_int_equal(err, ERR_CLOSED);
	assert_int_equal(next, 0);
	aud_look_free(l);
	assert_int_equal(aud_look_open(&l, w->fd, archive.fd, 51), 0);
	assert_int_equal(aud_look_prev(l, &line, &len), 0);
	assert_int_equal(seq_of(line, len), 50);
	aud_look_free(l);
	assert_int_equal(aud_look_open(&l, w->fd, -1, 51), 0);
	assert_int_equal(aud_look_first(l), 90);
	assert_int_equal(aud_look_prev(l, &line, &len), ERR_CLOSED);
	aud_look_free(l);
	close(archive.fd);
	nftw(archive.dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void test_all_of_it_backwards(void **state)
{
	static const uint64_t firsts[] = { 0, 1500 };
	struct world *w = *state;
	uint64_t octets = 0;
	struct aud_look *l;
	const char *line;
	size_t len;

	fill(w, firsts, 2, 3000);
	assert_int_equal(aud_look_open(&l, w->fd, -1, UINT64_MAX), 0);
	for (uint64_t seq = 3000; seq > 0;) {
		assert_int_equal(aud_look_prev(l, &line, &len), 0);
		assert_int_equal(seq_of(line, len), --seq);
		octets += len + 1;
	}
	assert_int_equal(aud_look_prev(l, &line, &len), ERR_CLOSED);
	assert_true(octets == aud_look_octets(l));
	aud_look_free(l);
}

static void test_an_incomplete_last_line_is_left_out(void **state)
{
	static const uint64_t first = 0;
	struct world *w = *state;
	struct aud_look *l;
	const char *line;
	size_t len;
	int fd;

	fill(w, &first, 1, 3);
	fd = begin(w, 0);
	assert_int_equal(write(fd, "{\"seq\":3,\"inter", 15), 15);
	close(fd);
	assert_int_equal(aud_look_open(&l, w->fd, -1, UINT64_MAX), 0);
	assert_int_equal(aud_look_prev(l, &line, &len), 0);
	assert_int_equal(seq_of(line, len), 2);
	aud_look_free(l);
	fd = begin(w, 4); /* and in front of a further file it is a mistake */
	put(fd, 4);
	close(fd);
	assert_int_equal(aud_look_open(&l, w->fd, -1, UINT64_MAX), 0);
	assert_int_equal(aud_look_prev(l, &line, &len), 0);
	assert_int_equal(aud_look_prev(l, &line, &len), ERR_PROTO);
	aud_look_free(l);
}

static void test_an_empty_audit_has_no_record(void **state)
{
	struct world *w = *state;
	struct aud_look *l;
	const char *line;
	size_t len;

	assert_int_equal(aud_look_open(&l, w->fd, -1, UINT64_MAX), 0);
	assert_int_equal(aud_look_prev(l, &line, &len), ERR_CLOSED);
	aud_look_free(l);
	close(begin(w, 0));
	assert_int_equal(aud_look_open(&l, w->fd, -1, UINT64_MAX), 0);
	assert_int_equal(aud_look_prev(l, &line, &len), ERR_CLOSED);
	aud_look_free(l);
}

static void test_what_is_no_record_ends_it(void **state)
{
	static char rubbish[600000];
	struct world *w = *state;
	struct aud_look *l = NULL;
	const char *line;
	size_t len;
	int fd = begin(w, 0);

	memset(rubbish, 'x', sizeof rubbish);
	assert_int_equal(write(fd, rubbish, sizeof rubbish), sizeof rubbish);
	assert_int_equal(aud_look_open(&l, w->fd, -1, UINT64_MAX), ERR_PROTO);
	assert_int_equal(write(fd, "\n", 1), 1);
	assert_int_equal(aud_look_open(&l, w->fd, -1, UINT64_MAX), 0);
	assert_int_equal(aud_look_prev(l, &line, &len), ERR_PROTO);
	aud_look_free(l);
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(write(fd, "rubbish\nmore\n", 13), 13);
	assert_int_equal(aud_look_open(&l, w->fd, -1, 7), ERR_PROTO); /* it is not looked for among these */
	close(fd);
}

static void test_what_is_wanted(void **state)
{
	static const char record[] =
	    "{\"seq\":1,\"interval\":0,\"time\":\"2026-11-30T12:00:00.500Z\",\"scs\":\"acme\",\"device\":\"m@a\","
	    "\"action\":\"trigger\",\"reference\":41,\"verdict\":\"refused\",\"reason\":\"no-association\"}";
	struct aud_want any = { .since_s = INT64_MIN, .until_s = INT64_MAX }, w;

	(void)state;
#define WANTED(...) (w = any, __VA_ARGS__, aud_wanted(&w, record, sizeof record - 1))
	assert_true(WANTED(w.scs = NULL));
	assert_true(
	    WANTED(w.scs = "acme", w.device = "m@a", w.verdict = "refused", w.action = "trigger", w.reason = "no-association"));
	assert_false(WANTED(w.scs = "acm"));
	assert_false(WANTED(w.device = "m@b"));
	assert_false(WANTED(w.verdict = "accepted"));
	assert_false(WANTED(w.action = "recall"));
	assert_false(WANTED(w.reason = ""));
	assert_true(WANTED(w.has_reference = true, w.reference = 41));
	assert_false(WANTED(w.has_reference = true, w.reference = 4));
	assert_true(WANTED(w.since_s = 1796040000, w.until_s = 1796040000)); /* that second */
	assert_false(WANTED(w.since_s = 1796040001));
	assert_false(WANTED(w.until_s = 1796039999));
	assert_true(WANTED(w.decisions = true));
	w.decisions = true;
	assert_false(aud_wanted(&w, "{\"seq\":2,\"interval\":0,\"action\":\"audit\"}", 39));
#undef WANTED
}

TEST_GROUP()
{
	static const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(test_every_record_is_found_from_every_place),
		T(test_all_of_it_backwards),
		T(test_an_archive_counts),
		T(test_an_incomplete_last_line_is_left_out),
		T(test_an_empty_audit_has_no_record),
		T(test_what_is_no_record_ends_it),
		cmocka_unit_test(test_what_is_wanted),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
