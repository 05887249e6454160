/* The audit on disk: what is written verifies; it goes on after an orderly end, a crash, torn files; what is not ours is refused. */
#include "tests/unit/audit/audit_world.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>

#include "audit/aud_store_int.h"
#include "base/hash.h"
#include "base/wake.h"

#define FIRST "records/00000000000000000000.jsonl"

static void test_what_is_written_verifies(void **state)
{
	struct world *w = *state;
	struct aud_view v;
	char path[200];

	open_audit(w);
	aud_store_work(w->store, false);
	give(w, 0, 700);
	aud_store_work(w->store, true);
	aud_store_work(w->store, true); /* an empty interval */
	aud_store_view(w->store, &v);
	assert_int_equal(v.records, 703);
	assert_int_equal(v.sealed, 703);
	assert_int_equal(v.checkpoint, 703);
	give(w, 700, 5);
	aud_store_work(w->store, false);
	snprintf(path, sizeof path, "%s/tile/0/002.p/191", w->dir); /* 703 - 2 * 256 */
	assert_int_equal(access(path, F_OK), 0);
	snprintf(path, sizeof path, "%s/tile/0/002.p/190", w->dir); /* of the checkpoint before */
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(verify(w, NULL), 0);
	assert_int_equal(w->found.records, 708);
	assert_int_equal(w->found.checkpoint, 703);
	assert_int_equal(w->found.sealed, 703);
	close_audit(w);
	assert_int_equal(verify(w, NULL), 0);
	assert_int_equal(w->found.sealed, 709);
	assert_int_equal(w->found.checkpoint, 709);
	assert_int_equal(w->found.broken_intervals, 0);
}

static void test_it_goes_on_after_an_orderly_end(void **state)
{
	struct world *w = *state;

	for (unsigned i = 0; i < 5; i++) {
		open_audit(w);
		give(w, 300 * i, 300);
		close_audit(w);
		assert_int_equal(verify(w, NULL), 0);
		assert_int_equal(w->found.records, (i + 1) * 302);
		assert_int_equal(w->found.sealed, w->found.records);
	}
	assert_int_equal(w->found.broken_intervals, 0);
}

/* The directory as a crash leaves it is a copy of it while the store is open. */
static void crash(struct world *w)
{
	char command[300], dir[64];

	snprintf(command, sizeof command, "cp -a %s %s.crash", w->dir, w->dir);
	assert_int_equal(system(command), 0);
	close_audit(w);
	str_set(dir, sizeof dir, w->dir);
	snprintf(command, sizeof command, "rm -rf %s && mv %s.crash %s", dir, dir, dir);
	assert_int_equal(system(command), 0);
}

static void test_a_crash_leaves_an_interval_without_a_seal(void **state)
{
	struct world *w = *state;
	struct aud_view v;
	struct hash *h;

	w->segment_size = 1 << 20;
	open_audit(w);
	give(w, 0, 600);
	aud_store_work(w->store, true);
	give(w, 600, 40);
	aud_store_work(w->store, false);
	crash(w);
	open_audit(w);
	assert_int_equal(hash_new(&h), 0);
	assert_true(aud_store_has(w->store, h, "acme", 601, "trigger"));
	assert_true(aud_store_has(w->store, h, "acme", 1, "trigger"));
	assert_false(aud_store_has(w->store, h, "acme", 600, "trigger")); /* refused */
	assert_false(aud_store_has(w->store, h, "acme", 777, "trigger"));
	hash_free(h);
	aud_store_view(w->store, &v);
	assert_int_equal(v.records, 643);
	close_audit(w);
	assert_int_equal(verify(w, NULL), 0);
	assert_int_equal(w->found.broken_intervals, 1);
	assert_int_equal(w->found.sealed, 644);
}

/* Who opened it ends again and again before it has looked for what the first crash took; files of records come and go meanwhile. */
static void test_what_was_not_looked_for_is_looked_for_by_the_next(void **state)
{
	struct world *w = *state;
	struct aud_view v;
	struct hash *h;

	w->segment_size = 1;
	assert_int_equal(hash_new(&h), 0);
	open_audit(w);
	give(w, 1, 1);
	aud_store_work(w->store, false);
	aud_store_view(w->store, &v);
	assert_int_equal(v.checkpoint, 2);
	give(w, 2, 1);
	aud_store_work(w->store, false);
	crash(w);
	for (unsigned i = 0; i < 4; i++) {
		open_audit_for(w, 1000);
		assert_true(aud_store_has(w->store, h, "acme", 2, "trigger"));
		assert_int_equal(aud_store_since_ms(w->store),
				 UINT64_C(1795428000001)); /* not the second: what came in it has its record */
		give(w, 10 + i, 1);
		aud_store_work(w->store, true);
		aud_store_view(w->store, &v);
		assert_int_equal(v.checkpoint, 2);
		if (i % 2) {
			close_audit(w);
		} else {
			crash(w);
		}
	}
	open_audit(w);
	aud_store_work(w->store, false);
	aud_store_view(w->store, &v);
	assert_int_equal(v.checkpoint, v.records);
	close_audit(w);
	assert_int_equal(verify(w, NULL), 0);
	hash_free(h);
}

static void test_a_torn_end_is_cut_and_kept_beside(void **state)
{
	struct world *w = *state;
	struct aud_view v;
	size_t len, kept;
	char *p, *q;

	w->segment_size = 1 << 20;
	open_audit(w);
	give(w, 0, 10);
	aud_store_work(w->store, true);
	give(w, 10, 2);
	aud_store_work(w->store, false);
	crash(w);
	p = file_of(w, FIRST, &len);
	put_file(w, FIRST, p, len - 20);
	open_audit(w);
	aud_store_view(w->store, &v);
	assert_false(v.broken);
	assert_non_null(strstr(v.why, "no whole record"));
	q = file_of(w, "cut-00000000000000000013", &kept);
	assert_true(kept > 20 && memcmp(q, p + len - 20 - kept, kept) == 0);
	close_audit(w);
	assert_int_equal(verify(w, NULL), 0);
	free(p);
	free(q);
}

static void test_tiles_are_made_again_of_the_records(void **state)
{
	struct world *w = *state;
	char path[200];

	open_audit(w);
	give(w, 0, 600);
	close_audit(w);
	snprintf(path, sizeof path, "%s/tile/0/whole", w->dir);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(verify(w, NULL), 1);
	assert_true(said(w, "2 tiles are missing; the records are as the checkpoint has them"));
	snprintf(path, sizeof path, "%s/tile/1", w->dir);
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	open_audit(w);
	close_audit(w);
	assert_int_equal(verify(w, NULL), 0);
}

static void assert_broken(struct world *w, const char *words)
{
	struct aud_view v;
	size_t before, after;
	char *p = file_of(w, FIRST, &before), *q;

	open_audit(w);
	aud_store_view(w->store, &v);
	assert_true(v.broken);
	if (!strstr(v.why, words)) {
		fail_msg("said: %s", v.why);
	}
	assert_true(aud_store_failing(w->store));
	give(w, 0, 3);
	aud_store_view(w->store, &v);
	assert_int_equal(v.lost, 3);
	close_audit(w);
	q = file_of(w, FIRST, &after);
	assert_int_equal(before, after); /* the last good state stays */
	assert_memory_equal(p, q, before);
	free(p);
	free(q);
}

static void test_the_audit_of_another_gateway_is_refused(void **state)
{
	struct world *w = *state;

	open_audit(w);
	give(w, 0, 10);
	close_audit(w);
	w->public_key[0] ^= 1;
	assert_broken(w, "the audit of another gateway");
}

static void test_changed_records_are_not_continued(void **state)
{
	struct world *w = *state;
	size_t len;
	char *p;

	w->segment_size = 1 << 20;
	open_audit(w);
	give(w, 0, 10);
	close_audit(w);
	p = file_of(w, FIRST, &len);
	put_file(w, FIRST, p, (size_t)(strstr(p, "\n{\"seq\":7,") + 1 - p)); /* cut off in front of the checkpoint */
	assert_broken(w, "records are missing");
	put_file(w, FIRST, p, len);
	put_file(w, "format", "mtc-iwf audit 2\n", 16);
	assert_broken(w, "newer mtc-iwfd");
	put_file(w, "format", AUD_FORMAT, sizeof AUD_FORMAT - 1);
	open_audit(w);
	close_audit(w);
	assert_int_equal(verify(w, NULL), 0);
	free(p);
}

static void test_a_disk_without_room_fails_and_the_log_stays_whole(void **state)
{
	struct world *w = *state;
	struct aud_view v;

	w->size_max = 6000;
	open_audit(w);
	give(w, 0, 100);
	aud_store_work(w->store, false);
	aud_store_view(w->store, &v);
	assert_int_equal(v.error, EDQUOT);
	assert_true(aud_store_failing(w->store));
	close_audit(w);
	assert_int_equal(verify(w, NULL), 0);
	assert_int_equal(w->found.records, 2); /* the start and the seal */
}

/* -- a start on a disk that takes nothing */

/* 643 records of which the last checkpoint knows none; the last interval has no seal. */
static void crashed(struct world *w)
{
	w->segment_size = 1 << 20;
	open_audit_for(w, 1000);
	give(w, 0, 600);
	aud_store_work(w->store, true);
	give(w, 600, 40);
	aud_store_work(w->store, false);
	crash(w);
}

/* No file may grow beyond `octets`: opened like this, the audit fails, and is not given up; it goes on when files may grow again. */
static void open_with_files_of(struct world *w, rlim_t octets)
{
	struct rlimit was, small;
	struct aud_view v;
	struct hash *h;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	small = (struct rlimit){ octets, was.rlim_max };
	signal(SIGXFSZ, SIG_IGN);
	w->threaded = true;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	open_audit(w);
	aud_store_view(w->store, &v);
	assert_string_equal(v.broken ? v.why : "", "");
	assert_int_not_equal(v.error, 0);
	assert_true(aud_store_failing(w->store));
	assert_int_equal(hash_new(&h), 0);
	assert_true(aud_store_has(w->store, h, "acme", 601, "trigger")); /* what a crash took can be looked for */
	hash_free(h);
	give(w, 640, 5);                                    /* wait */
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0); /* the thread may have written before the next line */
	for (struct pollfd p = { .fd = aud_store_wake_fd(w->store), .events = POLLIN }; aud_store_failing(w->store);) {
		assert_int_equal(poll(&p, 1, TEST_HANG_MS), 1);
		wake_clear(p.fd);
		aud_store_view(w->store, &v);
		assert_false(v.broken);
	}
	aud_store_view(w->store, &v); /* that of the loop may be of before */
	assert_int_equal(v.error, 0);
	close_audit(w);
	assert_int_equal(verify(w, NULL), 0);
	assert_int_equal(w->found.broken_intervals, 1);
}

static void test_a_start_on_a_full_disk_goes_on_when_there_is_room(void **state)
{
	struct world *w = *state;
	size_t len;

	crashed(w);
	free(file_of(w, FIRST, &len));
	open_with_files_of(w, len);
}

static void test_a_start_that_cannot_write_tiles_goes_on_when_there_is_room(void **state)
{
	struct world *w = *state;
	char path[200];

	crashed(w);
	snprintf(path, sizeof path, "%s/tile", w->dir);
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	open_with_files_of(w, 1000);
}

static void test_a_start_that_cannot_keep_a_torn_end_goes_on_when_there_is_room(void **state)
{
	struct world *w = *state;
	size_t len;
	char *p;

	crashed(w);
	p = file_of(w, FIRST, &len);
	put_file(w, FIRST, p, len - 20);
	free(p);
	open_with_files_of(w, 10);
}

/* -- published checkpoints */

#define PUBLISHED "published"
#define BEFORE 1000000

static void publish_to(struct world *w)
{
	char path[200];
	int fd;

	snprintf(path, sizeof path, "%s/" PUBLISHED, w->dir);
	fd = open(path, O_RDWR | O_APPEND | O_CLOEXEC);
	assert_true(fd >= 0);
	aud_store_publish(w->store, fd);
}

/* What a crash, or a full disk, has left of a line takes no other line along. */
static void test_a_torn_line_of_published_checkpoints_is_ended(void **state)
{
	struct rlimit was, small = { BEFORE + 60, RLIM_INFINITY };
	char *before = calloc(1, BEFORE), *p, *line;
	struct world *w = *state;
	size_t len;

	assert_non_null(before);
	memset(before, 'x', BEFORE - 1);
	put_file(w, PUBLISHED, before, BEFORE); /* a zero at its end, as of a power cut */
	free(before);
	open_audit(w);
	publish_to(w);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	small.rlim_max = was.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	aud_store_work(w->store, true); /* published in part */
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	p = file_of(w, PUBLISHED, &len);
	assert_int_equal(len, BEFORE + 60);
	assert_memory_equal(p + BEFORE, "\n{\"time\":", 9);
	free(p);
	aud_store_work(w->store, true);
	aud_store_work(w->store, true);
	p = file_of(w, PUBLISHED, &len);
	line = p + BEFORE + 60;
	for (unsigned i = 0; i < 2; i++) {
		char *end;

		assert_memory_equal(line, i ? "{\"time\":" : "\n{\"time\":", i ? 8 : 9);
		end = strstr(line, "}\n");
		assert_non_null(end);
		line = end + 2;
	}
	assert_ptr_equal(line, p + len);
	free(p);
}

static void test_a_full_queue_loses_and_a_record_says_so(void **state)
{
	struct world *w = *state;

	open_audit(w);
	give(w, 0, 6000);
	assert_true(aud_store_failing(w->store));
	aud_store_work(w->store, false);
	assert_false(aud_store_failing(w->store));
	close_audit(w);
	assert_int_equal(verify(w, NULL), 0);
	assert_true(w->found.lost > 0);
	assert_int_equal(w->found.records, 6000 - w->found.lost + 3);
}

static void test_a_thread_of_its_own_writes(void **state)
{
	struct world *w = *state;
	struct aud_view v;

	w->threaded = true;
	open_audit(w);
	for (unsigned i = 0; i < 20; i++) {
		give(w, 50 * i, 50);
		aud_store_view(w->store, &v);
		assert_false(v.broken);
	}
	close_audit(w);
	assert_int_equal(verify(w, NULL), 0);
	assert_int_equal(w->found.records, 1002);
	assert_int_equal(w->found.checkpoint, 1002);
}

static bool waiting(const struct world *w)
{
	uint8_t octets[MRK_ASK_OCTETS];

	return recv(w->holder, octets, sizeof octets, MSG_DONTWAIT | MSG_PEEK) > 0;
}

/* An audit with ten records, whose keyholder was asked for a checkpoint and does not answer. */
static void ask_a_keyholder_that_stands_still(struct world *w)
{
	w->answer_wait_ms = 1;
	open_audit(w);
	holder_end(w);
	holder_connect(w);
	give(w, 0, 10);
	aud_store_work(w->store, true);
}

/* A keyholder that stood still, as on a machine that was suspended, makes checkpoints again when it goes on. */
static void test_a_keyholder_that_answers_late_is_asked_again(void **state)
{
	struct world *w = *state;
	struct aud_view v;

	ask_a_keyholder_that_stands_still(w);
	give(w, 10, 10);
	aud_store_work(w->store, true);
	aud_store_view(w->store, &v);
	assert_int_equal(v.checkpoints, 0);
	assert_int_equal(v.checkpoints_failed, 2);
	assert_false(v.connected);
	assert_true(answer_one(w)); /* the first request, late */
	assert_false(waiting(w));   /* and it has been asked once */
	w->store->answer_wait_ms = TEST_HANG_MS;
	holder_run(w);
	aud_store_work(w->store, true);
	aud_store_view(w->store, &v);
	assert_int_equal(v.checkpoint, v.records);
	assert_true(v.connected);
	close_audit(w);
	assert_int_equal(verify(w, NULL), 0);
}

/* Records of the start are written before the parent has handed over the channel: nobody has failed to answer. */
static void test_before_there_is_a_channel_no_checkpoint_is_missed(void **state)
{
	struct world *w = *state;
	struct aud_view v;

	w->alone = true;
	open_audit(w);
	give(w, 0, 3);
	aud_store_work(w->store, false);
	aud_store_view(w->store, &v);
	assert_int_equal(v.records, 4);
	assert_int_equal(v.checkpoints_failed, 0);
	holder_begin(w);
	aud_store_work(w->store, false);
	aud_store_view(w->store, &v);
	assert_int_equal(v.checkpoint, 4);
}

/* Without one at the end of an interval one is. */
static void test_an_interval_without_a_channel_misses_its_checkpoint(void **state)
{
	struct world *w = *state;
	struct aud_view v;

	w->alone = true;
	open_audit(w);
	aud_store_work(w->store, true);
	aud_store_view(w->store, &v);
	assert_int_equal(v.checkpoints_failed, 1);
}

/* What it says late of a log that was rolled back is not lost. */
static void test_a_late_refusal_counts(void **state)
{
	struct world *w = *state;
	struct aud_view v;

	ask_a_keyholder_that_stands_still(w);
	w->last.size = 15;
	assert_true(answer_one(w));
	give(w, 10, 30); /* the log is longer by now */
	aud_store_work(w->store, true);
	aud_store_view(w->store, &v);
	assert_int_equal(v.refused, MRK_SMALLER);
	assert_true(v.broken);
	close_audit(w);
	close(w->holder);
}

TEST_GROUP()
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_what_is_written_verifies),
		TEST(test_a_thread_of_its_own_writes),
		TEST(test_it_goes_on_after_an_orderly_end),
		TEST(test_a_crash_leaves_an_interval_without_a_seal),
		TEST(test_what_was_not_looked_for_is_looked_for_by_the_next),
		TEST(test_a_torn_end_is_cut_and_kept_beside),
		TEST(test_tiles_are_made_again_of_the_records),
		TEST(test_the_audit_of_another_gateway_is_refused),
		TEST(test_changed_records_are_not_continued),
		TEST(test_a_disk_without_room_fails_and_the_log_stays_whole),
		TEST(test_a_start_on_a_full_disk_goes_on_when_there_is_room),
		TEST(test_a_start_that_cannot_write_tiles_goes_on_when_there_is_room),
		TEST(test_a_start_that_cannot_keep_a_torn_end_goes_on_when_there_is_room),
		TEST(test_a_torn_line_of_published_checkpoints_is_ended),
		TEST(test_a_full_queue_loses_and_a_record_says_so),
		TEST(test_a_keyholder_that_answers_late_is_asked_again),
		TEST(test_before_there_is_a_channel_no_checkpoint_is_missed),
		TEST(test_an_interval_without_a_channel_misses_its_checkpoint),
		TEST(test_a_late_refusal_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
