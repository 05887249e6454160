/* test_jrn_power.c - what a power cut may leave of the journal: after each of the disks that
 * power_cut.h builds a start finds every record that was told to be durable, and nothing that
 * nobody made.
 *
 * MTC_POWER=N makes the loads N times as long and builds N times as many seeded disks; MTC_POWER_SEED
 * chooses others. make torture runs it so, by scripts/power-cut. */
#include "tests/unit/journal/power_load.h"

#include <errno.h>
#include <malloc.h>

#include "journal/jrn_format.h"

static unsigned times = 1;
static unsigned seeded;
static uint64_t seed = 1;

static void read_environment(void)
{
	const char *n = getenv("MTC_POWER"), *s = getenv("MTC_POWER_SEED");

	times = n ? (unsigned)strtoul(n, NULL, 10) : 1;
	seeded = times > 1 ? 1000 : 250; /* make check has a quarter of an hour for everything */
	seed = s ? strtoull(s, NULL, 10) : 1;
}

/* Commits of a load that has n of them in make check. */
static unsigned commits(unsigned n)
{
	return n * times;
}

struct cuts {            /* how a trace is looked through */
	unsigned seeded; /* disks of a moment with more than PC_ALL_UP_TO units */
	unsigned every;  /* only each n-th moment of that kind; the others get a tenth of the seeded ones */
	bool in_order;
	uint64_t images, moments;
};

/* NULL, or what is wrong. */
static const char *look_through(const struct pl_load *l, struct cuts *how)
{
	struct pl_expected e;
	struct power_cut c;
	const char *wrong = NULL;
	static char words[400];

	pc_init(&c, &l->trace, NULL);
	pl_expected_init(&e, l, how->in_order);
	while (!wrong && pc_next(&c, pl_told, &e)) {
		unsigned n = how->moments % how->every ? how->seeded / 10 : how->seeded;

		wrong = pc_images(&c, n, l->seed + how->moments, pl_look, &e);
		how->moments += c.n > PC_ALL_UP_TO;
	}
	how->images = c.images;
	if (wrong) {
		snprintf(words, sizeof words, "%s", wrong);
		wrong = words;
		pc_print(&c);
	}
	pl_expected_fini(&e);
	pc_fini(&c);
	return wrong;
}

static void all_right(const struct pl_load *l, struct cuts how)
{
	const char *wrong = look_through(l, &how);

	if (wrong) {
		fail_msg("seed %llu: %s", (unsigned long long)seed, wrong);
	}
	print_message("  %llu disks, %u operations\n", (unsigned long long)how.images, l->n);
}

/* How often a file became a segment, or a segment a spare. */
static unsigned renames(const struct pl_load *l, const char *from, const char *to)
{
	unsigned n = 0;

	for (size_t i = 0; i < l->trace.n; i++) {
		const struct pd_event *e = &l->trace.events[i];

		n += e->what == PD_RENAME && !strncmp(e->name, from, strlen(from)) && !strncmp(e->to, to, strlen(to));
	}
	return n;
}

/* Small commits: all subsets of one block. Large ones on the way fill segments, which are reclaimed. */
static void test_every_commit(void **state)
{
	struct pl_load l;

	(void)state;
	pl_init(&l, seed);
	pl_open(&l);
	for (unsigned i = 0; i < commits(60); i++) {
		assert_int_equal(pl_commit(&l, 2 + i % 3, 600, 24), 0);
		assert_int_equal(pl_commit(&l, i % 5 ? 3 : 50, i % 5 ? 400 : 6000, 24), 0);
	}
	l.no_new = true; /* the segments that named the highest numbers go */
	for (unsigned i = 0; i < 12; i++) {
		assert_int_equal(pl_commit(&l, 30, 8000, 4), 0);
	}
	assert_true(renames(&l, "spare", "0") >= 8);
	assert_true(renames(&l, "0", "spare") >= 4);
	all_right(&l, (struct cuts){ .seeded = seeded, .every = times > 1 ? 1 : 5, .in_order = true });
	pl_fini(&l);
}

/* -- a second cut, while the start after the first one repairs */

struct twice {
	struct pl_expected *e;
	unsigned seeded;
	uint64_t n, every; /* only each n-th image is looked at twice */
	uint64_t images;
	char wrong[400];
};

static const char *open_recorded(struct twice *t, struct power_disk *image, struct pd_trace *trace)
{
	const char *wrong;

	image->trace = trace;
	wrong = pl_look(t->e, image);
	image->trace = NULL;
	return wrong;
}

static const char *look_twice(void *arg, struct power_disk *image)
{
	struct twice *t = arg;
	struct pd_image base = { .files_n = 0 };
	struct pd_trace trace = { .n = 0 };
	struct power_cut c;
	struct pl_pin pin;
	const char *wrong;

	if (t->n++ % t->every) {
		return NULL;
	}
	pd_image_copy(&base, &image->now);
	wrong = open_recorded(t, image, &trace);
	if (wrong) {
		pd_trace_fini(&trace);
		pd_image_fini(&base);
		return wrong;
	}
	pl_pin(t->e, &pin);
	pc_init(&c, &trace, &base);
	while (!wrong && pc_next(&c, pl_told, t->e)) {
		wrong = pc_images(&c, t->seeded, t->n, pl_look, t->e);
	}
	if (wrong) {
		snprintf(t->wrong, sizeof t->wrong, "in the start after a first cut: %s", wrong);
		wrong = t->wrong;
		pc_print(&c);
	}
	t->images += c.images;
	pc_fini(&c);
	pl_unpin(t->e, &pin);
	pd_trace_fini(&trace);
	pd_image_fini(&base);
	return wrong;
}

static void test_a_second_cut_while_the_start_repairs(void **state)
{
	static struct twice t;
	struct pl_expected e;
	struct power_cut c;
	struct pl_load l;
	const char *wrong = NULL;

	(void)state;
	pl_init(&l, seed + 1);
	pl_open(&l);
	for (unsigned i = 0; i < commits(30); i++) {
		assert_int_equal(pl_commit(&l, i % 4 ? 4 : 30, 1200, 20), 0);
	}
	pc_init(&c, &l.trace, NULL);
	pl_expected_init(&e, &l, true);
	t = (struct twice){ .e = &e, .seeded = 16, .every = 23 };
	while (!wrong && pc_next(&c, pl_told, &e)) {
		wrong = pc_images(&c, seeded / 10, c.done, look_twice, &t);
	}
	if (wrong) {
		pc_print(&c);
		fail_msg("seed %llu: %s", (unsigned long long)seed, wrong);
	}
	print_message("  %llu disks after a second cut\n", (unsigned long long)t.images);
	pl_expected_fini(&e);
	pc_fini(&c);
	pl_fini(&l);
}

/* -- kill -9, then a power cut: what the killed one wrote without a flush was read by the next start, from the pages */

static void test_a_kill_and_then_a_cut(void **state)
{
	struct pl_load l;

	(void)state;
	pl_init(&l, seed + 2);
	pl_open(&l);
	for (unsigned i = 0; i < commits(24); i++) {
		(void)pl_commit(&l, 3 + i % 4, 700, 20);
		l.disk.dies_in = 1 + (unsigned)(pc_random(&l.seed) % 12);
		for (int k = 0; k < 12 && !l.disk.dead; k++) {
			(void)pl_commit(&l, 1 + i % 9, 2000, 20);
		}
		pl_kill(&l);
	}
	all_right(&l, (struct cuts){ .seeded = seeded / 4, .every = 4, .in_order = true });
	pl_fini(&l);
}

/* -- a disk that fails, and one that is full */

/* Mostly one call, so that an attempt to do the same again would succeed. */
static void fail_somewhere(struct pl_load *l)
{
	struct pd_fault *faults[] = { &l->disk.write,  &l->disk.flush,  &l->disk.flush,    &l->disk.write,
				      &l->disk.rename, &l->disk.unlink, &l->disk.sync_dir, &l->disk.open_new };
	struct pd_fault *f = faults[pc_random(&l->seed) % (sizeof faults / sizeof *faults)];
	uint64_t r = pc_random(&l->seed);

	*f = (struct pd_fault){ .fails = r % 4 ? 1 : 3, .errno_of = r % 3 ? EIO : ENOSPC, .skip = (unsigned)(r >> 32) % 2 };
}

static void test_writes_flushes_and_names_that_fail(void **state)
{
	struct pl_load l;

	(void)state;
	pl_init(&l, seed + 3);
	pl_open(&l);
	for (unsigned i = 0; i < commits(50); i++) {
		if (i % 3 == 2) {
			fail_somewhere(&l);
		}
		(void)pl_commit(&l, i % 5 ? 4 : 30, 1000, 20);
	}
	all_right(&l, (struct cuts){ .seeded = seeded / 4, .every = 4, .in_order = false });
	pl_fini(&l);
}

static void test_a_full_disk(void **state)
{
	struct pl_load l;
	unsigned refused = 0;

	(void)state;
	pl_init(&l, seed + 4);
	l.conf.size_max = 6u * JRN_SEGMENT_MIN;
	pl_open(&l);
	for (unsigned i = 0; i < commits(36); i++) {
		refused += pl_commit(&l, 20, 8000, i % 18 < 14 ? 2000 : 8) != 0;
	}
	print_message("  %u commits found no room, %u live\n", refused, l.live_n);
	assert_true(refused > 0 && refused < commits(30));
	assert_true(jrn_state(l.j) == 0); /* the deletes made room again */
	all_right(&l, (struct cuts){ .seeded = seeded / 10, .every = 8, .in_order = false });
	pl_fini(&l);
}

/* -- the proof itself: it sees a disk that lies, and a journal that tells too early */

static void test_a_disk_that_lies_is_found_out(void **state)
{
	struct cuts how = { .seeded = 20, .every = 1, .in_order = true };
	struct pl_load l;

	(void)state;
	pl_init(&l, seed + 5);
	pl_open(&l);
	assert_int_equal(pl_commit(&l, 4, 400, 20), 0);
	l.disk.lies = true;
	assert_int_equal(pl_commit(&l, 4, 400, 20), 0);
	print_message("  expected: ");
	assert_non_null(look_through(&l, &how));
	pl_fini(&l);
}

static void test_telling_before_the_flush_is_found_out(void **state)
{
	struct cuts how = { .seeded = 20, .every = 1, .in_order = true };
	struct pl_load l;
	size_t last = 0;

	(void)state;
	pl_init(&l, seed + 6);
	pl_open(&l);
	assert_int_equal(pl_commit(&l, 4, 400, 20), 0);
	assert_int_equal(pl_commit(&l, 4, 400, 20), 0);
	for (size_t i = 0; i < l.trace.n; i++) { /* the last flush comes after what the test was told then */
		last = l.trace.events[i].what == PD_FLUSHED ? i : last;
	}
	assert_true(last + 1 < l.trace.n && l.trace.events[last + 1].what == PD_TOLD);
	for (; last + 1 < l.trace.n; last++) {
		struct pd_event flush = l.trace.events[last];

		l.trace.events[last] = l.trace.events[last + 1];
		l.trace.events[last + 1] = flush;
	}
	print_message("  expected: ");
	assert_non_null(look_through(&l, &how));
	pl_fini(&l);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_commit),
		cmocka_unit_test(test_a_second_cut_while_the_start_repairs),
		cmocka_unit_test(test_a_kill_and_then_a_cut),
		cmocka_unit_test(test_writes_flushes_and_names_that_fail),
		cmocka_unit_test(test_a_full_disk),
		cmocka_unit_test(test_a_disk_that_lies_is_found_out),
		cmocka_unit_test(test_telling_before_the_flush_is_found_out),
	};

	read_environment();
	/* Each start takes megabytes and gives them back: the pages stay in this process. */
	mallopt(M_MMAP_THRESHOLD, 64 << 20);
	mallopt(M_TRIM_THRESHOLD, 512 << 20);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
