/* The audit under attack, and killed at any moment: what an attacker does to the files is found, what a crash does to them is no attack. */
#include "tests/unit/audit/audit_world.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "audit/aud.h"
#include "audit/aud_prune.h"
#include "merkle/mrk_tile.h"

#define FIRST "records/00000000000000000000.jsonl"

static void open_whole(struct world *w)
{
	struct aud_view v;

	open_audit(w);
	aud_store_view(w->store, &v);
	if (v.broken) {
		fail_msg("%s", v.why);
	}
}

static void change(const struct world *w, const char *name, const char *old, const char *new)
{
	size_t len;
	char *p = file_of(w, name, &len), *at = memmem(p, len, old, strlen(old));

	assert_non_null(at);
	assert_int_equal(strlen(old), strlen(new));
	memcpy(at, new, strlen(new));
	put_file(w, name, p, len);
	free(p);
}

static void append(const struct world *w, const char *name, const char *text, size_t len)
{
	char path[200];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", w->dir, name);
	f = fopen(path, "a");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	fclose(f);
}

/* 600 records in one file, all under a checkpoint. */
static void fill(struct world *w)
{
	w->segment_size = 1 << 24;
	open_audit(w);
	give(w, 0, 597);
	close_audit(w);
	assert_int_equal(verify(w, NULL), 0);
	assert_int_equal(w->found.checkpoint, 600 - 1);
}

/* -- tiles */

static void test_tiles_that_were_swapped_or_changed_are_found(void **state)
{
	struct world *w = *state;
	uint8_t *p, one[MRK_TILE_OCTETS];
	size_t len;

	fill(w);
	p = (uint8_t *)file_of(w, "tile/0/whole", &len);
	assert_int_equal(len, 2 * MRK_TILE_OCTETS);
	memcpy(one, p, sizeof one);
	memmove(p, p + sizeof one, sizeof one);
	memcpy(p + sizeof one, one, sizeof one);
	put_file(w, "tile/0/whole", p, len);
	assert_true(verify(w, NULL) > 0);
	assert_true(said(w, "the tile over record 0 was changed; the record itself is as the checkpoint has it"));
	put_file(w, "tile/0/whole", p, MRK_TILE_OCTETS + 1); /* the second one is cut */
	assert_true(verify(w, NULL) > 0);
	assert_true(said(w, "1 tiles are missing; the records are as the checkpoint has them"));
	memcpy(p, p + sizeof one, sizeof one);
	memcpy(p + sizeof one, one, sizeof one);
	free(p);
}

static void test_a_partial_tile_that_was_changed_is_found_and_made_again(void **state)
{
	struct world *w = *state;
	char name[64];
	size_t len;
	char *p;

	fill(w);
	snprintf(name, sizeof name, "tile/0/002.p/%u", 599 % 256);
	p = file_of(w, name, &len);
	p[5] ^= 1;
	put_file(w, name, p, len);
	free(p);
	assert_true(verify(w, NULL) > 0);
	assert_true(said(w, "the tile over record 512 was changed"));
	open_whole(w); /* the tree does not fit the checkpoint: it is made of the records */
	close_audit(w);
	assert_int_equal(verify(w, NULL), 0);
}

/* -- records and seals */

static void test_a_seal_of_another_key_is_found(void **state)
{
	struct world *w = *state;
	size_t len;
	char *p, *at;

	open_audit(w);
	give(w, 0, 3);
	aud_store_work(w->store, true);
	give(w, 3, 3);
	aud_store_work(w->store, true);
	close_audit(w);
	p = file_of(w, FIRST, &len);
	at = strstr(p, ",\"signature\":\"");
	assert_non_null(at);
	at[20] = at[20] == 'A' ? 'B' : 'A';
	put_file(w, FIRST, p, len);
	free(p);
	assert_true(verify(w, NULL) > 0);
	assert_true(said(w, "the seal of interval 1 is not signed with the key of that interval"));
	assert_int_equal(w->found.sealed, 0);
}

/* The root of all records of the first file. */
static struct mrk_hash root_of(const struct world *w)
{
	struct mrk_edge edge = { .size = 0 };
	struct mrk_hash root;
	struct hash *h;
	size_t len;
	char *p = file_of(w, FIRST, &len);

	assert_int_equal(hash_new(&h), 0);
	for (char *line = p, *end; (end = strchr(line, '\n')); line = end + 1) {
		assert_int_equal(mrk_leaf(h, line, (size_t)(end - line), &root), 0);
		assert_int_equal(mrk_add(&edge, h, &root, NULL, NULL), 0);
	}
	assert_int_equal(mrk_root(&edge, h, &root), 0);
	hash_free(h);
	free(p);
	return root;
}

/* Behind the last checkpoint an attacker who does not have the process any more can only begin a chain of his own, with seals that fit: nothing
 * vouches for it. */
static void test_a_chain_behind_the_checkpoint_vouches_for_nothing(void **state)
{
	char line[AUD_LINE_MAX], record[AUD_RECORD_MAX + 1], text[AUD_SEAL_TEXT_MAX];
	uint8_t seed[MRK_KEY], key[MRK_KEY], signature[MRK_SIGNATURE];
	struct world *w = *state;
	struct mrk_hash root;
	struct aud_place at;
	uint64_t sealed;
	size_t n;

	open_audit(w);
	give(w, 0, 3);
	close_audit(w);
	assert_int_equal(verify(w, NULL), 0);
	sealed = w->found.sealed;
	at = (struct aud_place){ w->found.records, 2 };
	assert_int_equal(ed25519_make(seed, key), 0);
	n = aud_line_start(line, 0, &(struct aud_opening){ AUD_START_CLEAN, 0, 0 }, ORIGIN, key);
	n = aud_record_put(record, &at, line, n);
	record[n++] = '\n';
	append(w, FIRST, record, n);
	root = root_of(w);
	at.seq++;
	n = aud_seal_begin(record, &at, 0, at.seq - 1, &root, NULL);
	assert_int_equal(ed25519_sign(signature, seed, text, aud_seal_text(text, ORIGIN, record, n)), 0);
	n = aud_seal_end(record, n, signature);
	record[n++] = '\n';
	append(w, FIRST, record, n);
	if (verify(w, NULL)) { /* its form is right */
		fail_msg("%s", w->words[0]);
	}
	assert_int_equal(w->found.records, sealed + 2);
	assert_int_equal(w->found.sealed, sealed); /* and it counts as not sealed */
}

static void test_numbers_of_records_and_intervals_are_checked(void **state)
{
	struct world *w = *state;

	open_audit(w);
	give(w, 0, 3);
	close_audit(w);
	change(w, FIRST, "{\"seq\":2,\"interval\":1,", "{\"seq\":2,\"interval\":9,");
	assert_true(verify(w, NULL) > 0);
	assert_true(said(w, "interval 9 follows 1 without a seal"));
	change(w, FIRST, "{\"seq\":2,\"interval\":9,\"time\":\"", "{\"seq\":18446744073709551615,\"i");
	assert_true(verify(w, NULL) > 0);
	assert_true(said(w, "where record 2 should stand there is no record"));
}

/* -- checkpoints */

static void test_an_older_checkpoint_that_is_put_back_is_found_against_a_kept_one(void **state)
{
	struct world *w = *state;
	size_t len;
	char *old, *kept;

	open_audit(w);
	give(w, 0, 3);
	aud_store_work(w->store, true);
	old = file_of(w, "checkpoint", &len);
	give(w, 3, 3);
	aud_store_work(w->store, true);
	close_audit(w);
	kept = file_of(w, "checkpoint", &len);
	put_file(w, "checkpoint", old, strlen(old));
	assert_int_equal(verify(w, NULL), 0); /* by itself it is a checkpoint of these records */
	assert_true(verify(w, kept) > 0);
	assert_true(said(w, "rolled back: the kept checkpoint is of"));
	open_whole(w); /* the records go on behind it, and so does the audit */
	close_audit(w);
	assert_int_equal(verify(w, kept), 0);
	free(old);
	free(kept);
}

/* A directory that was put back while nothing ran. */
static void test_an_audit_that_is_older_than_what_was_signed_is_not_continued(void **state)
{
	struct world *w = *state;
	struct aud_view v;
	size_t before, after;

	open_audit(w);
	give(w, 0, 3);
	close_audit(w);
	assert_int_equal(verify(w, NULL), 0);
	w->signed_last = (struct mrk_ask){ w->found.records, root_of(w) };
	open_whole(w); /* that is where it ends */
	close_audit(w);
	free(file_of(w, FIRST, &before));
	w->signed_last.root.v[0] ^= 1; /* as long, and another one */
	open_audit(w);
	aud_store_view(w->store, &v);
	assert_true(v.broken);
	close_audit(w);
	w->signed_last.size = 1000;
	open_audit(w);
	aud_store_view(w->store, &v);
	assert_true(v.broken && strstr(v.why, "this one was rolled back"));
	close_audit(w);
	free(file_of(w, FIRST, &after));
	assert_int_equal(before, after); /* nothing was written */
}

/* -- what stands behind the last whole record */

static void test_all_that_is_cut_off_is_kept_and_told(void **state)
{
	enum { JUNK = 3 << 20 };
	struct world *w = *state;
	char path[200], *junk = malloc(JUNK);
	struct stat st;
	size_t len;
	char *p;

	w->segment_size = 1 << 24;
	open_audit(w);
	give(w, 0, 3);
	close_audit(w);
	memset(junk, 'x', JUNK);
	append(w, FIRST, junk, JUNK);
	free(junk);
	open_audit(w);
	close_audit(w);
	snprintf(path, sizeof path, "%s/cut-%020d", w->dir, 5);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, JUNK);
	assert_int_equal(verify(w, NULL), 0);
	assert_int_equal(w->found.cut, JUNK);
	p = file_of(w, FIRST, &len);
	assert_non_null(strstr(p, "\"how\":\"clean\",\"unsealed\":0,\"cut\":3145728,"));
	free(p);
}

/* -- files that are no files */

static void test_hostile_files_stop_no_reader(void **state)
{
	struct world *w = *state;
	char path[200], fifo[200];

	fill(w);
	snprintf(path, sizeof path, "%s/tile/0/whole", w->dir);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_true(verify(w, NULL) > 0); /* nobody writes into the pipe */
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	assert_true(verify(w, NULL) > 0);
	snprintf(fifo, sizeof fifo, "%s/records/%020u.jsonl", w->dir, 599);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	(void)verify(w, NULL);
	assert_int_equal(unlink(fifo), 0);
	snprintf(path, sizeof path, "%s/%s", w->dir, FIRST);
	assert_int_equal(truncate(path, (off_t)1 << 40), 0); /* zeros: no line ends there */
	assert_true(verify(w, NULL) > 0);
	assert_true(said(w, "is not a record, and nothing after it is read"));
}

/* -- a disk that takes a part */

static void test_half_a_record_is_taken_back(void **state)
{
	struct world *w = *state;
	struct rlimit was, small;
	struct aud_view v;
	size_t len;
	char *p;

	open_audit(w);
	give(w, 0, 3);
	aud_store_work(w->store, false);
	free(file_of(w, FIRST, &len));
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	small = (struct rlimit){ len + 700, was.rlim_max };
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	give(w, 3, 5);
	aud_store_work(w->store, false); /* takes 700 octets of them, and gives up: it has no thread */
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	aud_store_view(w->store, &v);
	assert_int_equal(v.error, ENOSPC);
	assert_true(aud_store_failing(w->store));
	free(file_of(w, FIRST, &len));
	p = file_of(w, FIRST, &len);
	assert_true(len > 0 && p[len - 1] == '\n');
	free(p);
	give(w, 8, 2);
	aud_store_work(w->store, true);
	assert_false(aud_store_failing(w->store));
	close_audit(w);
	assert_int_equal(verify(w, NULL), 0);
}

/* -- kill -9 */

/* Gives records until it is killed, and writes a byte to `told` when it has begun. `unsealed`: it
 * has begun once records are written, and its interval is longer than its life, so that they are
 * not sealed. */
static void give_for_ever(struct world *w, int told, bool unsealed)
{
	struct aud_view v;

	open_audit_for(w, unsealed ? 60000 : 2);
	aud_store_recovered(w->store);
	for (unsigned n = 0;; n += 20) {
		give(w, n, 20);
		aud_store_view(w->store, &v);
		if (!unsealed || v.records > v.sealed) {
			err_ignore(write(told, "", 1), "the parent waits for it, and fails without");
		}
		usleep(500);
	}
}

/* A child writes with a thread and is killed; the next one takes the audit up. Every second child
 * is killed in the middle of an interval. */
static void test_killed_at_any_moment_it_goes_on_whole(void **state)
{
	struct world *w = *state;
	uint64_t records = 0;

	w->threaded = true;
	for (unsigned i = 0; i < 12; i++) {
		int told[2];
		char c;
		pid_t child;

		assert_int_equal(pipe(told), 0);
		child = fork();
		if (child == 0) {
			give_for_ever(w, told[1], i % 2);
		}
		close(told[1]);
		assert_int_equal(read(told[0], &c, 1), 1);
		usleep(4111 * i);
		assert_int_equal(kill(child, SIGKILL), 0);
		assert_int_equal(waitpid(child, NULL, 0), child);
		close(told[0]);
		open_whole(w);
		close_audit(w);
		if (verify(w, NULL)) {
			fail_msg("after kill %u: %s", i, w->words[0]);
		}
		assert_true(w->found.records > records);
		records = w->found.records;
	}
	assert_true(w->found.broken_intervals > 0);
}

/* -- pruning */

static void prune(struct world *w, const char *archive, const char *before, int expected, struct aud_pruned *out)
{
	struct aud_prune_conf conf = { .dir = w->dir, .archive = archive, .before = before };
	struct aud_why why;
	int err;

	w->words_n = 0;
	err = aud_prune(&conf, on_problem, w, out, &why);
	if (err != expected) {
		fail_msg("%s: %s", err_str(err), why.text);
	}
}

static uint64_t verify_with(struct world *w, const char *archive, const char *against)
{
	struct aud_verify_conf conf = {
		.dir = w->dir, .archive = archive, .against = against, .against_len = against ? strlen(against) : 0
	};
	struct aud_why why;

	w->words_n = 0;
	assert_int_equal(aud_verify(&conf, on_problem, w, &w->found, &why), 0);
	return w->found.problems;
}

static void test_what_was_moved_to_an_archive_is_still_proven(void **state)
{
	struct world *w = *state;
	char archive[80], path[200], name[AUD_NAME_MAX], *kept;
	struct aud_pruned done;
	struct aud_proof proof;
	struct aud_why why;
	uint64_t first;
	size_t len;

	open_audit(w);
	give(w, 0, 100);
	aud_store_work(w->store, true);
	kept = file_of(w, "checkpoint", &len);
	for (unsigned i = 100; i < 700; i += 100) {
		give(w, i, 100);
		aud_store_work(w->store, false);
	}
	close_audit(w);
	snprintf(archive, sizeof archive, "%s/archive", w->dir);
	prune(w, archive, "2000-01-01T00:00:00.000Z", 0, &done);
	assert_int_equal(done.files, 0); /* all are newer */
	prune(w, archive, "2999-01-01T00:00:00.000Z", 0, &done);
	assert_true(done.files > 3 && done.first > 100);
	first = done.first;
	/* the rest is whole, whatever was moved; a kept checkpoint of the moved part fits the tiles */
	assert_int_equal(verify_with(w, NULL, kept), 0);
	assert_int_equal(w->found.pruned, first);
	assert_int_equal(w->found.sealed, w->found.records);
	assert_int_equal(verify_with(w, archive, kept), 0);
	assert_int_equal(w->found.pruned, 0);
	/* the next run goes on behind it */
	open_audit(w);
	give(w, 700, 300);
	close_audit(w);
	assert_int_equal(verify_with(w, NULL, kept), 0);
	assert_int_equal(w->found.pruned, first);
	/* one more record that is here is proven */
	{
		size_t line_len;
		char *p;

		aud_segment_name(name, first);
		p = file_of(w, name, &line_len);
		line_len = strcspn(p, "\n");
		assert_int_equal(aud_prove(w->dir, NULL, first, p, line_len, &proof, &why), 0);
		free(p);
	}
	/* a record of the archive that was changed */
	snprintf(path, sizeof path, "archive/%s", FIRST);
	change(w, path, "\"scs\":\"acme\"", "\"scs\":\"evil\"");
	assert_true(verify_with(w, archive, NULL) > 0);
	change(w, path, "\"scs\":\"evil\"", "\"scs\":\"acme\"");
	/* a power cut takes the tiles at the right edge: those of the moved records are older, and synced */
	snprintf(path, sizeof path, "%s/tile/0/003.p", w->dir);
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	open_whole(w);
	close_audit(w);
	assert_int_equal(verify_with(w, NULL, kept), 0);
	assert_int_equal(verify_with(w, archive, NULL), 0);
	/* without the file that says so, records that are gone are missing */
	snprintf(path, sizeof path, "%s/pruned", w->dir);
	assert_int_equal(unlink(path), 0);
	assert_true(verify_with(w, NULL, NULL) > 0);
	assert_true(said(w, "missing: records 0 to"));
	assert_int_equal(verify_with(w, archive, NULL), 0);
	free(kept);
}

static uid_t owner_of(const char *folder, const char *name)
{
	char path[200];
	struct stat st;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	assert_int_equal(stat(path, &st), 0);
	return st.st_uid;
}

/* An operator prunes as root; the core, which is another user, searches the archive. */
static void test_what_root_prunes_stays_readable_for_the_owner_of_the_audit(void **state)
{
	enum { OWNER = 64101 };
	struct world *w = *state;
	struct aud_pruned done;
	char archive[80];

	if (geteuid() != 0) {
		skip();
	}
	open_audit(w);
	for (unsigned i = 0; i < 700; i += 100) {
		give(w, i, 100);
		aud_store_work(w->store, true);
	}
	close_audit(w);
	assert_int_equal(chown(w->dir, OWNER, OWNER), 0);
	snprintf(archive, sizeof archive, "%s/archive", w->dir);
	prune(w, archive, "2999-01-01T00:00:00.000Z", 0, &done);
	assert_true(done.files > 0);
	assert_int_equal(owner_of(w->dir, "pruned"), OWNER);
	assert_int_equal(owner_of(archive, "."), OWNER);
	assert_int_equal(owner_of(archive, "records"), OWNER);
	/* a directory that was there is the operator's */
	snprintf(archive, sizeof archive, "%s/other", w->dir);
	assert_int_equal(mkdir(archive, 0755), 0);
	open_audit(w);
	give(w, 700, 500);
	close_audit(w);
	prune(w, archive, "2999-01-01T00:00:00.000Z", 0, &done);
	assert_true(done.files > 0);
	assert_int_equal(owner_of(archive, "."), 0);
	assert_int_equal(owner_of(archive, "records"), OWNER);
}

static void test_nothing_moves_from_an_audit_that_is_not_whole(void **state)
{
	struct world *w = *state;
	struct aud_pruned done;
	char archive[80];

	open_audit(w);
	give(w, 0, 300);
	close_audit(w);
	snprintf(archive, sizeof archive, "%s/archive", w->dir);
	change(w, FIRST, "\"scs\":\"acme\"", "\"scs\":\"evil\"");
	prune(w, archive, "2999-01-01T00:00:00.000Z", ERR_STATE, &done);
	change(w, FIRST, "\"scs\":\"evil\"", "\"scs\":\"acme\"");
	assert_int_equal(verify(w, NULL), 0);
	/* what the archive has under the same name is never replaced */
	assert_int_equal(mkdir(archive, 0700), 0);
	snprintf(archive, sizeof archive, "%s/archive/records", w->dir);
	assert_int_equal(mkdir(archive, 0700), 0);
	put_file(w, "archive/" FIRST, "of another gateway", 18);
	snprintf(archive, sizeof archive, "%s/archive", w->dir);
	prune(w, archive, "2999-01-01T00:00:00.000Z", ERR_IO, &done);
	assert_int_equal(verify(w, NULL), 0);
}

/* -- the bound on refusals */

static void test_refusals_beyond_the_bound_are_one_record_a_second(void **state)
{
	struct aud_decision d = {
		.time_ms = 1795428000000, .transaction = "7-1", .scs = "acme", .action = "trigger", .verdict = AUD_REFUSED
	};
	struct world *w = *state;
	struct st_counters st = { 0 };
	struct aud *a;
	size_t len;
	char *p;

	open_audit(w);
	assert_int_equal(aud_open(&a, -1, &st), 0);
	assert_int_equal(aud_audit(a, w->store, 2), 0);
	for (unsigned i = 0; i < 50; i++) {
		assert_int_equal(aud_decision(a, &d), 0);
	}
	d.scs = "beta"; /* has its own */
	assert_int_equal(aud_decision(a, &d), 0);
	d.verdict = AUD_ACCEPTED; /* has no bound */
	d.scs = "acme";
	assert_int_equal(aud_decision(a, &d), 0);
	d.time_ms -= 5000; /* another second, of a clock that goes back */
	assert_int_equal(aud_decision(a, &d), 0);
	assert_int_equal(aud_flush(a), 0);
	assert_int_equal(aud_close(a), 0);
	aud_store_work(w->store, true);
	assert_int_equal(st_get(&st, ST_AUDIT_SUMMED), 48);
	close_audit(w);
	assert_int_equal(verify(w, NULL), 0);
	assert_int_equal(w->found.summed, 48);
	assert_int_equal(w->found.records, 1 + 2 + 1 + 2 + 1 + 2); /* start, acme, beta, accepted, summary, seals */
	assert_true(w->found.clock_back > 0);
	p = file_of(w, FIRST, &len);
	assert_non_null(strstr(p, "\"event\":\"summary\",\"scs\":\"acme\",\"records\":48}"));
	free(p);
}

TEST_GROUP()
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_tiles_that_were_swapped_or_changed_are_found),
		TEST(test_a_partial_tile_that_was_changed_is_found_and_made_again),
		TEST(test_a_seal_of_another_key_is_found),
		TEST(test_a_chain_behind_the_checkpoint_vouches_for_nothing),
		TEST(test_numbers_of_records_and_intervals_are_checked),
		TEST(test_an_older_checkpoint_that_is_put_back_is_found_against_a_kept_one),
		TEST(test_an_audit_that_is_older_than_what_was_signed_is_not_continued),
		TEST(test_all_that_is_cut_off_is_kept_and_told),
		TEST(test_hostile_files_stop_no_reader),
		TEST(test_half_a_record_is_taken_back),
		TEST(test_killed_at_any_moment_it_goes_on_whole),
		TEST(test_what_was_moved_to_an_archive_is_still_proven),
		TEST(test_what_root_prunes_stays_readable_for_the_owner_of_the_audit),
		TEST(test_nothing_moves_from_an_audit_that_is_not_whole),
		TEST(test_refusals_beyond_the_bound_are_one_record_a_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
