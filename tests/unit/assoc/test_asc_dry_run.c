/* An import that is only tried: it says what it would change and changes nothing. */
#include "tests/unit/test.h"

#include <ftw.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "assoc/asc_change.h"
#include "assoc/asc_import.h"

struct outcome {
	unsigned calls;
	int err;
	struct asc_import_result result;
};

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void on_done(void *arg, int err, const struct asc_why *why, const struct asc_import_result *result)
{
	struct outcome *o = arg;

	(void)why;
	o->calls++;
	o->err = err;
	o->result = *result;
}

static struct outcome import_scs(struct asc *a, bool dry_run)
{
	struct asc_import_conf conf = { .kind = ASC_KIND_SCS, .dry_run = dry_run };
	struct outcome o = { 0 };
	struct asc_import_error e;
	struct asc_why why;
	struct asc_import *im;
	struct asc_scs scs;

	asc_scs_init(&scs);
	strcpy(scs.name, "acme");
	strcpy(scs.e164, "49170123456");
	strcpy(scs.origin_host, "scs.acme.example");
	strcpy(scs.realm, "acme.example");
	strcpy(scs.anchor, "anchor-a");
	assert_int_equal(asc_import_begin(&im, a, &conf, &why), 0);
	assert_int_equal(asc_import_scs(im, 1, &scs, 0, &why), 0);
	assert_int_equal(asc_import_build(im, &e), 0);
	asc_import_finish(im, on_done, &o);
	while (!o.calls) {
		struct pollfd p = { .fd = asc_wake_fd(a), .events = POLLIN };

		assert_int_equal(poll(&p, 1, TEST_HANG_MS), 1);
		asc_completions(a);
	}
	asc_import_free(im);
	assert_int_equal(o.calls, 1);
	assert_int_equal(o.err, 0);
	return o;
}

static void test_a_dry_run_counts_and_changes_nothing(void **state)
{
	char dir[] = "/tmp/test-asc-XXXXXX";
	struct asc_why why = { "" };
	struct outcome o;
	uint64_t before;
	struct asc *a;

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(asc_open(&a, &(struct asc_conf){ .dir = dir, .map_max = 16u << 20 }, &why), 0);
	before = asc_generation(a);
	o = import_scs(a, true);
	assert_int_equal(o.result.rows, 1);
	assert_int_equal(o.result.added, 1);
	assert_null(asc_scs_find(a, "acme"));
	assert_true(asc_generation(a) == before);
	o = import_scs(a, false);
	assert_int_equal(o.result.added, 1);
	assert_non_null(asc_scs_find(a, "acme"));
	asc_close(a);
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_dry_run_counts_and_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
