/* More rules than one request is judged by must not meet on one device: that is said when they are made. */
#include "tests/unit/assoc/store_place.h"

#include "assoc/asc_import.h"
#include "assoc/asc_dset.h"
#include "assoc/asc_group.h"
#include "tests/support/asc_wait.h"

struct ended {
	bool over;
	int err;
	struct asc_why why;
};

static void on_done(void *arg, int err, const struct asc_why *why, const struct asc_import_result *r)
{
	(void)r;
	*(struct ended *)arg = (struct ended){ true, err, *why };
}

/* The switch, or the error of the build. */
static struct ended finish(struct place *p, struct asc_import *im)
{
	struct ended e = { .over = false };
	struct asc_import_error error;

	e.err = asc_import_build(im, &error);
	e.why = error.why;
	if (!e.err) {
		asc_import_finish(im, on_done, &e);
		while (!e.over) {
			asc_settle(p->a);
		}
	}
	asc_import_free(im);
	return e;
}

static struct asc_import *begin(struct place *p, enum asc_kind kind, bool replace, bool dry_run)
{
	struct asc_import_conf conf = { .kind = kind, .replace = replace, .dry_run = dry_run, .sure = true };
	struct asc_import *im;

	assert_int_equal(asc_import_begin(&im, p->a, &conf, &p->why), 0);
	return im;
}

static void row(struct place *p, struct asc_import *im, uint64_t line, int verdict, const char *who, const char *device)
{
	struct asc_rule_new r = { .who = who, .device = device, .verdict = (uint8_t)verdict, .rights = ASSOC_RIGHT_ALL };

	assert_int_equal(asc_import_rule(im, line, &r, 0, &p->why), 0);
}

/* So many ranges of the SCS that meet on 491700000500 and nowhere else; and as many elsewhere that do not meet. */
static void ranges(struct place *p, struct asc_import *im, const char *who, unsigned from, unsigned n)
{
	char device[64];

	for (unsigned i = from; i < from + n; i++) {
		snprintf(device, sizeof device, "msisdn:%llu-%llu", 491700000400ull + i, 491700000500ull + i);
		row(p, im, 2 + 2 * i, ASSOC_ALLOW, who, device);
		snprintf(device, sizeof device, "msisdn:%llu-%llu", 491800000000ull + 10 * i, 491800000009ull + 10 * i);
		row(p, im, 3 + 2 * i, ASSOC_DENY, who, device);
	}
}

static bool overflows(struct place *p, const char *who)
{
	static struct assoc_found f;

	assert_int_equal(
	    asc_find_rules(p->a, &(struct asc_asker){ .scs = who }, &(struct asc_device){ NULL, "491700000500" }, &f), 0);
	return f.overflow;
}

static void test_ranges_that_overlap_too_often_are_refused_with_their_line(void **state)
{
	struct place *p = *state;
	struct asc_import *im;
	struct ended e;

	place_two_scs(p);
	for (int dry_run = 1; dry_run >= 0; dry_run--) {
		im = begin(p, ASC_KIND_ASSOC, false, dry_run);
		ranges(p, im, "acme", 0, ASSOC_FOUND_MAX + 1);
		e = finish(p, im);
		assert_int_equal(e.err, ERR_LIMIT);
		assert_string_equal(e.why.text,
				    "line 66: SCS acme: 33 rules meet on msisdn:491700000432, and a request is judged by at most "
				    "32: it is refused");
		assert_int_equal(asc_rule_count(p->a), 0);
	}
	im = begin(p, ASC_KIND_ASSOC, false, false);
	ranges(p, im, "acme", 0, ASSOC_FOUND_MAX);
	assert_int_equal(finish(p, im).err, 0);
	assert_false(overflows(p, "acme"));
	im = begin(p, ASC_KIND_ASSOC, false, false); /* with those that are there */
	row(p, im, 7, ASSOC_DENY, "acme", "msisdn:491700000000-491700000999");
	row(p, im, 8, ASSOC_DENY, "beta", "msisdn:491700000000-491700000999");
	e = finish(p, im);
	assert_int_equal(e.err, ERR_LIMIT);
	assert_int_equal(strncmp(e.why.text, "line 7: SCS acme: 33 rules", 26), 0);
	im = begin(p, ASC_KIND_BLOCK, false, false); /* of everybody */
	row(p, im, 9, ASSOC_BLOCK, "*", "msisdn:491700000000-491700000999");
	e = finish(p, im);
	assert_int_equal(e.err, ERR_LIMIT);
	assert_int_equal(strncmp(e.why.text, "line 9: SCS acme: 33 rules", 26), 0);
	im = begin(p, ASC_KIND_BLOCK, false, false);
	row(p, im, 2, ASSOC_BLOCK, "acme", "*");
	assert_int_equal(finish(p, im).err, ERR_LIMIT);
	/* another one's, and other places, are no matter */
	im = begin(p, ASC_KIND_ASSOC, false, false);
	ranges(p, im, "beta", 0, ASSOC_FOUND_MAX);
	row(p, im, 1000, ASSOC_DENY, "acme", "msisdn:491900000000-491900000999");
	assert_int_equal(finish(p, im).err, 0);
}

static void test_by_hand_it_is_told(void **state)
{
	struct asc_group group = { "fleet", "" };
	struct place *p = *state;
	struct asc_import *im;
	struct ended e;

	place_two_scs(p);
	assert_int_equal(asc_group_put(p->a, &group, &p->why), 0);
	im = begin(p, ASC_KIND_ASSOC, false, false);
	ranges(p, im, "acme", 0, 20);
	ranges(p, im, "group:fleet", 20, ASSOC_FOUND_MAX - 20);
	assert_int_equal(finish(p, im).err, 0);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "group:fleet", "msisdn:491700000000-491700000999"), 0); /* nobody is in it */
	assert_int_equal(asc_group_member_add(p->a, "fleet", "beta", &p->why), 0);
	assert_int_equal(asc_group_member_add(p->a, "fleet", "acme", &p->why), 0);
	assert_non_null(strstr(p->why.text, "SCS acme: 33 rules meet"));
	assert_true(overflows(p, "acme")); /* as it was said */
	assert_int_equal(asc_group_member_del(p->a, "fleet", "acme", &p->why), 0);
	assert_string_equal(p->why.text, "");
	im = begin(p, ASC_KIND_GROUP, false, false);
	assert_int_equal(asc_import_group_member(im, 5, "fleet", "acme", &p->why), 0);
	e = finish(p, im);
	assert_int_equal(e.err, ERR_LIMIT);
	assert_int_equal(strncmp(e.why.text, "line 5: SCS acme: 33 rules", 26), 0);
	assert_int_equal(asc_rule_del(p->a, "group:fleet", "msisdn:491700000000-491700000999", -1, &p->why), 0);
	assert_int_equal(asc_group_member_add(p->a, "fleet", "acme", &p->why), 0);
	assert_string_equal(p->why.text, "");
	assert_false(overflows(p, "acme"));
	assert_int_equal(place_add(p, ASSOC_BLOCK, "*", "msisdn:491700000000-491700000400"), 0);
	assert_string_equal(p->why.text, "");
	assert_int_equal(place_add(p, ASSOC_ALLOW, "acme", "msisdn:491700000400-491700000500"), 0); /* its own again */
	assert_string_equal(p->why.text, "");
	assert_int_equal(place_add(p, ASSOC_BLOCK, "*", "msisdn:491700000000-491700000999"), 0);
	assert_non_null(strstr(p->why.text, "SCS acme: 33 rules meet on msisdn:491700000"));
}

static void test_one_domain_and_one_set_can_have_too_many_as_well(void **state)
{
	struct place *p = *state;
	char who[32];

	place_two_scs(p);
	assert_int_equal(asc_dset_add(p->a, "trial", &p->why), 0);
	for (int i = 0; i < ASSOC_FOUND_MAX / 2; i++) {
		struct asc_group g = { .anchor = "" };

		snprintf(g.name, sizeof g.name, "g%d", i);
		snprintf(who, sizeof who, "group:g%d", i);
		assert_int_equal(asc_group_put(p->a, &g, &p->why), 0);
		assert_int_equal(asc_group_member_add(p->a, g.name, "acme", &p->why), 0);
		assert_int_equal(place_add(p, ASSOC_ALLOW, who, "*@a.example"), 0);
		assert_int_equal(place_add(p, ASSOC_DENY, who, "*@a.example"), 0);
		assert_int_equal(place_add(p, ASSOC_ALLOW, who, "set:trial"), 0);
		assert_int_equal(place_add(p, ASSOC_DENY, who, "set:trial"), 0);
	}
	assert_int_equal(place_add(p, ASSOC_ALLOW, "acme", "*@a.example"), 0);
	assert_non_null(strstr(p->why.text, "33 rules meet on *@a.example"));
	assert_int_equal(asc_rule_del(p->a, "acme", "*@a.example", -1, &p->why), 0);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "acme", "set:trial"), 0);
	assert_non_null(strstr(p->why.text, "33 rules meet on set:trial"));
	assert_int_equal(place_add(p, ASSOC_ALLOW, "acme", "*@b.example"), 0); /* no more than before */
	assert_int_equal(place_add(p, ASSOC_ALLOW, "beta", "*@a.example"), 0);
}

static void test_a_device_in_too_many_sets_is_refused_with_its_line(void **state)
{
	struct place *p = *state;
	struct asc_import *im = begin(p, ASC_KIND_SET, false, false);
	struct asc_import_error error;
	char name[16];

	for (unsigned i = 0; i <= ASC_DSETS_PER_LOOKUP_MAX; i++) {
		snprintf(name, sizeof name, "set%02u", i);
		assert_int_equal(asc_import_set_member(im, 2 + i, name, "m1@a.example", &p->why), 0);
	}
	assert_int_equal(asc_import_build(im, &error), ERR_LIMIT);
	assert_int_equal(error.line, 2 + ASC_DSETS_PER_LOOKUP_MAX);
	assert_non_null(strstr(error.why.text, "more sets than a request is judged by (64)"));
	asc_import_free(im);
	for (unsigned i = 0; i <= ASC_DSETS_PER_LOOKUP_MAX; i++) { /* by hand it is told */
		snprintf(name, sizeof name, "set%02u", i);
		assert_int_equal(asc_dset_add(p->a, name, &p->why), 0);
		assert_int_equal(asc_dset_member_add(p->a, name, "m1@a.example", &p->why), 0);
		assert_int_equal(p->why.text[0] != 0, i == ASC_DSETS_PER_LOOKUP_MAX);
	}
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		PLACE_TEST(test_ranges_that_overlap_too_often_are_refused_with_their_line),
		PLACE_TEST(test_by_hand_it_is_told),
		PLACE_TEST(test_one_domain_and_one_set_can_have_too_many_as_well),
		PLACE_TEST(test_a_device_in_too_many_sets_is_refused_with_its_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
