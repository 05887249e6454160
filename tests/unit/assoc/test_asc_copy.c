/* test_asc_copy.c - copies of the two files of a store in use: together they are a store again, of one generation. */
#include "tests/unit/assoc/store_place.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "assoc/asc_copy.h"
#include "assoc/asc_import.h"
#include "base/kv_copy.h"
#include "tests/support/asc_wait.h"

static void make_dir(char *out, size_t cap, const struct place *p, const char *name)
{
	snprintf(out, cap, "%s/%s", p->dir, name);
	assert_int_equal(mkdir(out, 0700), 0);
}

static void drain(struct asc_copy *c, const char *dir)
{
	static uint8_t piece[65536];
	char path[200];
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "%s/data.mdb", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	while ((n = kv_copy_read(asc_copy_stream(c), piece, sizeof piece)) > 0) {
		assert_int_equal(write(fd, piece, (size_t)n), n);
	}
	assert_int_equal(n, 0);
	close(fd);
}

static void copy(struct place *p, enum asc_file which, const char *dir, uint64_t *generation)
{
	struct asc_copy *c;

	assert_int_equal(asc_copy_begin(&c, p->a, which), 0);
	drain(c, dir);
	assert_int_equal(asc_copy_end(c, generation), 0);
}

static int count_rule(void *arg, const struct assoc_rule *r)
{
	(void)r;
	++*(unsigned *)arg;
	return 0;
}

static void on_done(void *arg, int err, const struct asc_why *why, const struct asc_import_result *r)
{
	(void)why;
	(void)r;
	assert_int_equal(err, 0);
	*(bool *)arg = true;
}

static void import_one(struct place *p)
{
	struct asc_rule_new r = { .who = "acme", .device = "from-file@a.example", .rights = ASSOC_RIGHT_TRIGGER };
	struct asc_import_conf conf = { .kind = ASC_KIND_ASSOC };
	struct asc_import_error e;
	struct asc_import *im;
	bool over = false;

	assert_int_equal(asc_import_begin(&im, p->a, &conf, &p->why), 0);
	assert_int_equal(asc_import_rule(im, 1, &r, 0, &p->why), 0);
	assert_int_equal(asc_import_build(im, &e), 0);
	asc_import_finish(im, on_done, &over);
	while (!over) {
		asc_settle(p->a);
	}
	asc_import_free(im);
}

/* A change by hand between the two copies: the rows are older than the main file. */
static void test_two_copies_are_a_store_again(void **state)
{
	struct place *p = *state, second = { .conf = p->conf };
	char main_dir[100], rows_dir[120];
	uint64_t rows_of, main_of;
	unsigned rules = 0;

	place_two_scs(p);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "acme", "m1@a.example"), 0);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "beta", "m1@a.example"), 0);
	make_dir(main_dir, sizeof main_dir, p, "copy");
	make_dir(rows_dir, sizeof rows_dir, p, "copy/dev-1");
	copy(p, ASC_FILE_ROWS, rows_dir, &rows_of);
	assert_int_equal(asc_scs_del(p->a, "beta", &p->why), 0);
	assert_int_equal(place_add(p, ASSOC_DENY, "acme", "*@b.example"), 0);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "acme", "m2@a.example"), 0);
	copy(p, ASC_FILE_MAIN, main_dir, &main_of);
	assert_int_equal(rows_of, 1);
	assert_int_equal(main_of, 1);
	assert_true(strlen(main_dir) < sizeof second.dir);
	strcpy(second.dir, main_dir);
	assert_int_equal(place_open(&second), 0);
	assert_int_equal(asc_scs_count(second.a), 1);
	assert_int_equal(asc_rule_each(second.a, NULL, count_rule, &rules), 0);
	assert_int_equal(rules, 2); /* of acme: m1 and *@b; m2 came after the copy of the rows, beta is gone */
	place_close(&second);
}

static void test_an_import_in_between_is_seen(void **state)
{
	struct place *p = *state;
	uint64_t rows_of, main_of;
	char dir[100], later[100];
	struct asc_copy *c;

	place_two_scs(p);
	make_dir(dir, sizeof dir, p, "rows");
	make_dir(later, sizeof later, p, "main");
	copy(p, ASC_FILE_ROWS, dir, &rows_of);
	import_one(p);
	copy(p, ASC_FILE_MAIN, later, &main_of);
	assert_int_not_equal(main_of, rows_of);
	assert_int_equal(asc_copy_begin(&c, p->a, ASC_FILE_MAIN), 0);
	import_one(p); /* while it is copied: nobody can say of which generation the copy is */
	make_dir(dir, sizeof dir, p, "during");
	drain(c, dir);
	assert_int_equal(asc_copy_end(c, &main_of), ERR_STATE);
}

/* The generation that is copied stays open until the end, though the store has another one by then. */
static void test_the_rows_of_a_generation_that_is_gone_are_copied_to_their_end(void **state)
{
	struct place *p = *state;
	struct asc_copy *c;
	uint64_t rows_of;
	char dir[100];

	place_two_scs(p);
	make_dir(dir, sizeof dir, p, "rows");
	assert_int_equal(asc_copy_begin(&c, p->a, ASC_FILE_ROWS), 0);
	import_one(p);
	drain(c, dir);
	assert_int_equal(asc_copy_end(c, &rows_of), 0);
	assert_int_equal(rows_of, 1);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_two_copies_are_a_store_again, place_setup, place_teardown),
		cmocka_unit_test_setup_teardown(test_an_import_in_between_is_seen, place_setup, place_teardown),
		cmocka_unit_test_setup_teardown(test_the_rows_of_a_generation_that_is_gone_are_copied_to_their_end, place_setup,
						place_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
