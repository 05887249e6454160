/* Names that an operator writes: what looks like a pattern and is none is refused wherever it would be stored, what an older version stored
 * can be deleted, and two devices that differ in case only are told of. What a row of an import does not say stays as it is stored. */
#include "tests/unit/assoc/store_place.h"

#include "assoc/asc_change.h"
#include "assoc/asc_gen.h"
#include "assoc/asc_import.h"
#include "assoc/asc_lmdb.h"
#include "assoc/asc_model.h"
#include "assoc/asc_store.h"
#include "tests/support/asc_wait.h"

/* -- patterns */

static const char *const traps[] = {
	"meter-7*@a.example",
	"*meter@a.example",
	"meter-?@a.example",
	"meter-[0-9]@a.example",
	"meter-{1,2}@a.example",
	"(m|n)@a.example",
	"**@a.example",
	"meter@*.example",
	"*@*.example",
	"*@*",
	"msisdn:4917*",
	"msisdn:49170000?1",
	"msisdn:491700000*-9",
	"set:met*",
	"meter*",
	"?",
	"[a]",
};

static void test_a_name_that_looks_like_a_pattern_is_no_rule(void **state)
{
	struct place *p = *state;

	place_two_scs(p);
	for (size_t i = 0; i < sizeof traps / sizeof *traps; i++) {
		for (int verdict = ASSOC_DENY; verdict <= ASSOC_BLOCK; verdict++) {
			assert_int_equal(place_add(p, verdict, "acme", traps[i]), ERR_INVAL);
			assert_non_null(strstr(p->why.text, "*@domain, msisdn:FIRST-LAST, set:NAME"));
		}
	}
	assert_int_equal(asc_rule_count(p->a), 0);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "acme", "*"), ERR_INVAL);
	assert_int_equal(place_add(p, ASSOC_BLOCK, "acme", "*"), 0);
	assert_int_equal(place_add(p, ASSOC_BLOCK, "*", "*@a.example"), 0);
	assert_int_equal(place_add(p, ASSOC_BLOCK, "ac*", "*@a.example"), ERR_NOTFOUND);
	assert_non_null(strstr(p->why.text, "no SCS 'ac*': patterns are not possible here"));
	assert_int_equal(place_add(p, ASSOC_BLOCK, "group:*", "*@a.example"), ERR_NOTFOUND);
	assert_non_null(strstr(p->why.text, "patterns are not possible here"));
}

static void test_nor_a_member_nor_a_row(void **state)
{
	struct place *p = *state;
	struct asc_import *im;

	place_two_scs(p);
	assert_int_equal(asc_dset_add(p->a, "trial", &p->why), 0);
	for (size_t i = 0; i < sizeof traps / sizeof *traps; i++) {
		assert_int_equal(asc_dset_member_add(p->a, "trial", traps[i], &p->why), ERR_INVAL);
		assert_non_null(strstr(p->why.text, "are no patterns"));
	}
	assert_int_equal(asc_dset_member_add(p->a, "trial", "*", &p->why), ERR_INVAL);
	assert_int_equal(asc_dset_member_add(p->a, "trial", "*@a.example", &p->why), ERR_INVAL);
	for (enum asc_kind kind = ASC_KIND_SET; kind <= ASC_KIND_BLOCK; kind++) {
		struct asc_rule_new r = {
			"acme", "", kind == ASC_KIND_BLOCK ? ASSOC_BLOCK : ASSOC_ALLOW, ASSOC_RIGHT_ALL, 0, 0, 0
		};

		assert_int_equal(asc_import_begin(&im, p->a, &(struct asc_import_conf){ .kind = kind }, &p->why), 0);
		for (size_t i = 0; i < sizeof traps / sizeof *traps; i++) {
			r.device = traps[i];
			assert_int_equal(kind == ASC_KIND_SET ? asc_import_set_member(im, i + 1, "trial", traps[i], &p->why)
							      : asc_import_rule(im, i + 1, &r, 0, &p->why),
					 ERR_INVAL);
			assert_non_null(strstr(p->why.text, "are no patterns"));
		}
		asc_import_free(im);
		while (asc_import_begin(&im, p->a, &(struct asc_import_conf){ .kind = kind }, &p->why) == ERR_BUSY) {
			assert_int_equal(asc_scs_del(p->a, "nobody", &p->why), ERR_NOTFOUND);
		}
		asc_import_free(im);
	}
}

/* As a version before this one stored it. */
static void store_old(struct place *p, const char *device)
{
	struct asc_entry e = { .verdict = ASSOC_BLOCK, .rights = ASSOC_RIGHT_ALL, .scs_number = ASC_NOBODY };
	struct asc_row_change c = { .verdict = ASSOC_BLOCK, .add = &e };
	struct asc *a = p->a;
	MDB_txn *txn;

	assert_int_equal(kv_write_begin(&a->gen->kv, &txn), 0);
	assert_int_equal(asc_row_apply(a->gen, txn, a->model, device, &c, &p->why), 0);
	assert_int_equal(asc_put_count(a->gen, txn, ASC_NOBODY, 1), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
	assert_int_equal(place_open(p), 0);
}

static int count(void *arg, const struct assoc_rule *r)
{
	(void)r;
	++*(unsigned *)arg;
	return 0;
}

static void test_what_an_older_version_stored_can_be_listed_and_deleted(void **state)
{
	struct place *p = *state;
	unsigned n = 0;

	place_two_scs(p);
	store_old(p, "meter-7*@a.example");
	assert_int_equal(asc_rule_each_on(p->a, "meter-7*@a.example", count, &n, &p->why), 0);
	assert_int_equal(n, 1);
	assert_int_equal(asc_rule_del(p->a, "*", "meter-7*@a.example", ASSOC_BLOCK, &p->why), 0);
	assert_int_equal(asc_rule_count(p->a), 0);
}

/* -- case */

struct told {
	bool over;
	int err;
	struct asc_outcome out;
};

static void on_change(void *arg, const struct asc_outcome *out)
{
	struct told *t = arg;

	t->over = true;
	t->out = *out;
}

static struct asc_outcome change(struct place *p, const struct asc_change *c)
{
	struct told t = { .over = false };

	assert_int_equal(asc_submit(p->a, c, on_change, &t, &p->why), 0);
	while (!t.over) {
		asc_settle(p->a);
	}
	return t.out;
}

static struct asc_outcome add_rule(struct place *p, const char *device)
{
	struct asc_change c = { .op = ASC_RULE_ADD,
				.rule = {
				    .who = "acme", .device = device, .verdict = ASSOC_ALLOW, .rights = ASSOC_RIGHT_TRIGGER } };
	struct asc_outcome out = change(p, &c);

	assert_int_equal(out.err, 0);
	return out;
}

static void test_a_change_tells_of_a_device_that_differs_in_case_only(void **state)
{
	struct place *p = *state;

	place_two_scs(p);
	assert_string_equal(add_rule(p, "meter-1@a.example").twin, "");
	assert_string_equal(add_rule(p, "meter-1@a.example").twin, ""); /* itself */
	assert_string_equal(add_rule(p, "meter-2@a.example").twin, "");
	assert_string_equal(add_rule(p, "meter-1@b.example").twin, ""); /* another domain */
	assert_string_equal(add_rule(p, "meter-1@A.Example").twin, ""); /* the domain has no case */
	assert_string_equal(add_rule(p, "Meter-1@a.example").twin, "meter-1@a.example");
	assert_string_equal(add_rule(p, "METER-2@a.example").twin, "meter-2@a.example");
	assert_string_equal(add_rule(p, "XyZ@a.example").twin, "");
	assert_string_equal(add_rule(p, "xYz@a.example").twin, "XyZ@a.example");
	assert_string_equal(add_rule(p, "Xyz1@a.example").twin, "");
	assert_string_equal(add_rule(p, "msisdn:491700000001").twin, "");
	assert_int_equal(asc_dset_add(p->a, "trial", &p->why), 0);
	assert_string_equal(
	    change(p, &(struct asc_change){ .op = ASC_SET_MEMBER_ADD, .name = "trial", .member = "xyZ1@a.example" }).twin,
	    "Xyz1@a.example");
}

struct ended {
	bool over;
	int err;
	struct asc_why why;
	struct asc_import_result r;
	struct asc_import_twins twins;
};

static void on_done(void *arg, int err, const struct asc_why *why, const struct asc_import_result *r)
{
	struct ended *e = arg;

	e->over = true;
	e->err = err;
	e->why = *why;
	e->r = *r;
	e->twins = *r->twins;
}

static struct ended finish(struct place *p, struct asc_import *im)
{
	struct ended e = { .over = false };
	struct asc_import_error error;

	assert_int_equal(asc_import_build(im, &error), 0);
	asc_import_finish(im, on_done, &e);
	while (!e.over) {
		asc_settle(p->a);
	}
	asc_import_free(im);
	return e;
}

static struct asc_import *begin(struct place *p, enum asc_kind kind)
{
	struct asc_import *im;

	assert_int_equal(asc_import_begin(&im, p->a, &(struct asc_import_conf){ .kind = kind }, &p->why), 0);
	return im;
}

static int put(struct place *p, struct asc_import *im, uint64_t line, const char *device)
{
	struct asc_rule_new r = { "acme", device, ASSOC_ALLOW, ASSOC_RIGHT_TRIGGER, 0, 0, ASSOC_ENFORCE };

	return asc_import_rule(im, line, &r, 0, &p->why);
}

static void test_an_import_tells_how_many_differ_in_case_only(void **state)
{
	struct place *p = *state;
	struct asc_import *im;
	struct ended e;
	char name[64];

	place_two_scs(p);
	add_rule(p, "meter-7@a.example");
	im = begin(p, ASC_KIND_ASSOC);
	for (unsigned i = 0; i < 300; i++) { /* in lower case: nothing to tell */
		snprintf(name, sizeof name, "device-%03u@a.example", i);
		assert_int_equal(put(p, im, i + 1, name), 0);
	}
	e = finish(p, im);
	assert_int_equal(e.err, 0);
	assert_int_equal(e.twins.n, 0);
	im = begin(p, ASC_KIND_ASSOC);
	assert_int_equal(put(p, im, 1, "Meter-7@a.example"), 0); /* of the store */
	assert_int_equal(put(p, im, 2, "Sensor-aBc@a.example"), 0);
	assert_int_equal(put(p, im, 3, "Sensor-abC@a.example"), 0); /* of the file */
	assert_int_equal(put(p, im, 4, "Sensor-abx@a.example"), 0);
	assert_int_equal(put(p, im, 5, "Sensor-abxY@a.example"), 0);
	assert_int_equal(put(p, im, 6, "SENSOR-1@a.example"), 0);
	assert_int_equal(put(p, im, 7, "SENSOR-2@a.example"), 0);
	assert_int_equal(put(p, im, 8, "sensor-2@a.example"), 0);
	e = finish(p, im);
	assert_int_equal(e.err, 0);
	assert_int_equal(e.twins.n, 3);
	assert_false(e.twins.more);
	assert_string_equal(e.twins.first, "meter-7@a.example");
	assert_string_equal(e.twins.second, "Meter-7@a.example");
	im = begin(p, ASC_KIND_ASSOC);
	assert_int_equal(put(p, im, 1, "Meter-7@a.example"), 0); /* told when it came */
	assert_int_equal(put(p, im, 2, "Unrelated@a.example"), 0);
	e = finish(p, im);
	assert_true(e.err == 0 && e.twins.n == 0);
	im = begin(p, ASC_KIND_ASSOC);
	assert_int_equal(put(p, im, 1, "unrelated@a.example"), 0);
	e = finish(p, im);
	assert_true(e.err == 0 && e.twins.n == 1);
	assert_string_equal(e.twins.second, "Unrelated@a.example");
}

static void test_an_import_counts_what_it_allows_beside_a_deny(void **state)
{
	static const char *const devices[] = { "m-1@a.example", "*@b.example" };
	struct place *p = *state;

	place_two_scs(p);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(place_add(p, ASSOC_DENY, "acme", devices[i]), 0);
	}
	assert_int_equal(place_add(p, ASSOC_DENY, "beta", "m-2@a.example"), 0);
	for (uint32_t keep = 0; keep <= ASC_KEEP_EFFECT; keep += ASC_KEEP_EFFECT) { /* with allow in so many words: meant */
		struct asc_import *im = begin(p, ASC_KIND_ASSOC);
		struct ended e;

		for (size_t i = 0; i < 3; i++) {
			struct asc_rule_new r = { .who = "acme",
						  .device = i < 2 ? devices[i] : "m-2@a.example",
						  .verdict = ASSOC_ALLOW,
						  .rights = ASSOC_RIGHT_ALL };

			assert_int_equal(asc_import_rule(im, i + 1, &r, keep, &p->why), 0);
		}
		e = finish(p, im);
		assert_int_equal(e.err, 0);
		assert_int_equal(e.r.beside, keep ? 2 : 0);
	}
}

/* Against all pairs of names, compared one by one. */
static void test_every_name_that_differs_is_counted_once(void **state)
{
	struct place *p = *state;
	char names[81][32];
	unsigned pairs = 0, n = 0;
	struct asc_import *im;
	struct ended e;

	place_two_scs(p);
	im = begin(p, ASC_KIND_ASSOC);
	for (unsigned i = 0; i < 81; i++) { /* three letters out of a, A, b, and one that is now and then another */
		static const char letters[] = "aAb";

		snprintf(names[n], sizeof *names, "%c%c-%c%c@a.example", letters[i % 3], letters[i / 3 % 3], letters[i / 9 % 3],
			 letters[i / 27]);
		if (i % 4 == 1) {
			continue;
		}
		assert_int_equal(put(p, im, i + 1, names[n]), 0);
		n++;
	}
	for (unsigned i = 0; i < n; i++) {
		bool found = false; /* of a group of k alike, each but the lowest is one that differs from another */

		for (unsigned k = 0; k < n; k++) {
			found = found || (strcasecmp(names[i], names[k]) == 0 && strcmp(names[i], names[k]) < 0);
		}
		pairs += found;
	}
	e = finish(p, im);
	assert_int_equal(e.err, 0);
	assert_true(pairs > 0);
	assert_int_equal(e.twins.n, pairs);
}

/* -- rows that do not say everything */

static int text_of(void *arg, const struct assoc_rule *r)
{
	char text[ASSOC_RULE_TEXT_MAX];

	sprintf((char *)arg + strlen(arg), "%s %d-%d;", assoc_rule_text(text, r), (int)r->not_before_s, (int)r->not_after_s);
	return 0;
}

static const char *rules_on(struct place *p, const char *device)
{
	static char out[4096];

	out[0] = 0;
	assert_int_equal(asc_rule_each_on(p->a, device, text_of, out, &p->why), 0);
	return out;
}

static void test_a_rule_keeps_what_its_row_does_not_say(void **state)
{
	static const char *const devices[] = { "m@a.example", "*@a.example" };
	struct place *p = *state;
	struct asc_import *im;
	struct ended e;

	place_two_scs(p);
	for (size_t i = 0; i < 2; i++) {
		struct asc_rule_new r = { "acme", devices[i], ASSOC_DENY, ASSOC_RIGHT_RECALL, 100, 200, ASSOC_DETECT };
		struct asc_rule_new row = { "acme", devices[i], ASSOC_DENY, ASSOC_RIGHT_ALL, 0, 150, ASSOC_ENFORCE };
		struct asc_rule_new wrong = { "acme", devices[i], ASSOC_DENY, ASSOC_RIGHT_ALL, 0, 50, ASSOC_ENFORCE };
		char text[128];

		assert_int_equal(asc_rule_add(p->a, &r, &p->why), 0);
		im = begin(p, ASC_KIND_ASSOC);
		assert_int_equal(asc_import_rule(im, 1, &row, ASC_KEEP_RIGHTS | ASC_KEEP_NOT_BEFORE | ASC_KEEP_MODE, &p->why), 0);
		e = finish(p, im);
		assert_int_equal(e.err, 0);
		assert_int_equal(e.r.replaced, 1);
		snprintf(text, sizeof text, "deny acme %s recall detect-only 100-150;", devices[i]);
		assert_string_equal(rules_on(p, devices[i]), text);

		im = begin(p, ASC_KIND_ASSOC); /* the same once more is no change */
		assert_int_equal(asc_import_rule(im, 1, &row, ASC_KEEP_RIGHTS | ASC_KEEP_NOT_BEFORE | ASC_KEEP_MODE, &p->why), 0);
		e = finish(p, im);
		assert_int_equal(e.r.unchanged, 1);

		im = begin(p, ASC_KIND_ASSOC); /* everything is said */
		assert_int_equal(asc_import_rule(im, 1, &row, 0, &p->why), 0);
		assert_int_equal(finish(p, im).err, 0);
		snprintf(text, sizeof text, "deny acme %s trigger,recall,replace 0-150;", devices[i]);
		assert_string_equal(rules_on(p, devices[i]), text);

		assert_int_equal(asc_rule_add(p->a, &r, &p->why), 0);
		im = begin(p, ASC_KIND_ASSOC); /* it would end before it begins */
		assert_int_equal(asc_import_rule(im, 7, &wrong, ASC_KEEP_NOT_BEFORE, &p->why), 0);
		if (i == 0) {
			struct asc_import_error error;

			assert_int_equal(asc_import_build(im, &error), ERR_INVAL);
			assert_int_equal(error.line, 7);
			assert_non_null(strstr(error.why.text, "would end before it begins"));
			asc_import_free(im);
		} else {
			e = finish(p, im);
			assert_int_equal(e.err, ERR_INVAL);
			assert_non_null(strstr(e.why.text, "line 7: times:"));
		}
		while (asc_import_begin(&im, p->a, &(struct asc_import_conf){ .kind = ASC_KIND_ASSOC }, &p->why) == ERR_BUSY) {
			asc_settle(p->a);
		}
		asc_import_free(im);
	}
}

static void test_an_scs_keeps_what_its_row_does_not_say(void **state)
{
	struct place *p = *state;
	struct asc_scs acme = place_scs("acme", "49170123456", "scs.acme.example"), row = acme;
	struct asc_import *im;
	struct ended e;

	acme.quota_per_day = 500;
	acme.port_min = 1000;
	acme.priority_allowed = false;
	acme.actions = ASSOC_RIGHT_RECALL;
	assert_int_equal(asc_scs_put(p->a, &acme, &p->why), 0);
	row.payload_max = 77;
	im = begin(p, ASC_KIND_SCS);
	assert_int_equal(asc_import_scs(im, 1, &row, ASC_KEEP_ALL & ~(uint32_t)ASC_KEEP_PAYLOAD_MAX, &p->why), 0);
	e = finish(p, im);
	assert_int_equal(e.err, 0);
	assert_int_equal(e.r.replaced, 1);
	assert_int_equal(asc_scs_find(p->a, "acme")->payload_max, 77);
	assert_int_equal(asc_scs_find(p->a, "acme")->quota_per_day, 500);
	assert_int_equal(asc_scs_find(p->a, "acme")->port_min, 1000);
	assert_int_equal(asc_scs_find(p->a, "acme")->actions, ASSOC_RIGHT_RECALL);
	assert_false(asc_scs_find(p->a, "acme")->priority_allowed);

	row.port_max = 999; /* below what is stored for the lowest one */
	im = begin(p, ASC_KIND_SCS);
	assert_int_equal(asc_import_scs(im, 3, &row, ASC_KEEP_ALL & ~(uint32_t)ASC_KEEP_PORT_MAX, &p->why), 0);
	e = finish(p, im);
	assert_int_equal(e.err, ERR_INVAL);
	assert_non_null(strstr(e.why.text, "line 3: SCS 'acme': ports"));
	assert_int_equal(asc_scs_find(p->a, "acme")->port_max, 65535);
}

static void test_a_group_keeps_its_anchor(void **state)
{
	struct place *p = *state;
	struct asc_group fleet = { .name = "fleet", .anchor = "anchor-a" }, row = { .name = "fleet" };
	struct asc_import *im;

	assert_int_equal(asc_group_put(p->a, &fleet, &p->why), 0);
	im = begin(p, ASC_KIND_GROUP);
	assert_int_equal(asc_import_group(im, 1, &row, true, &p->why), 0);
	assert_int_equal(finish(p, im).err, 0);
	assert_string_equal(asc_group_find(p->a, "fleet")->anchor, "anchor-a");
	im = begin(p, ASC_KIND_GROUP);
	assert_int_equal(asc_import_group(im, 1, &row, false, &p->why), 0);
	assert_int_equal(finish(p, im).err, 0);
	assert_string_equal(asc_group_find(p->a, "fleet")->anchor, "");
}

static void test_a_set_of_some_members_keeps_the_others(void **state)
{
	struct place *p = *state;
	struct asc_scs acme = place_scs("acme", "49170123456", "scs.acme.example");
	struct asc_change c = { .op = ASC_SCS_PUT, .only_there = true, .keep = ASC_KEEP_ALL & ~(uint32_t)ASC_KEEP_QUOTA };
	struct asc_outcome out;

	strcpy(c.scs.name, "acme");
	c.scs.quota_per_day = 9;
	out = change(p, &c);
	assert_int_equal(out.err, ERR_NOTFOUND);
	acme.rate_per_s = 33;
	assert_int_equal(asc_scs_put(p->a, &acme, &p->why), 0);
	out = change(p, &c);
	assert_int_equal(out.err, 0);
	assert_int_equal(out.before.quota_per_day, 0);
	assert_int_equal(out.now.quota_per_day, 9);
	assert_string_equal(out.now.origin_host, "scs.acme.example");
	assert_int_equal(asc_scs_find(p->a, "acme")->rate_per_s, 33);
	c.keep = ASC_KEEP_ALL & ~(uint32_t)ASC_KEEP_ORIGIN_HOST; /* none */
	out = change(p, &c);
	assert_int_equal(out.err, ERR_INVAL);
	assert_int_equal(place_open(p), 0);
	assert_int_equal(asc_scs_find(p->a, "acme")->connections_max, acme.connections_max);
	assert_int_equal(asc_scs_find(p->a, "acme")->quota_per_day, 9);
}

static void test_a_replaced_rule_is_told_as_it_was(void **state)
{
	struct place *p = *state;
	struct asc_change c = { .op = ASC_RULE_ADD,
				.rule = { "acme", "m@a.example", ASSOC_DENY, ASSOC_RIGHT_RECALL, 100, 200, ASSOC_DETECT } };
	struct asc_outcome out;

	place_two_scs(p);
	for (int i = 0; i < 2; i++) {
		assert_false(change(p, &c).replaced);
		out = change(p, &c);
		assert_true(out.replaced);
		assert_int_equal(out.rule_before.mode, ASSOC_DETECT);
		assert_int_equal(out.rule_before.rights, ASSOC_RIGHT_RECALL);
		assert_int_equal(out.rule_before.not_before_s, 100);
		assert_int_equal(out.rule_before.not_after_s, 200);
		c.rule.device = "*@a.example";
	}
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		PLACE_TEST(test_a_name_that_looks_like_a_pattern_is_no_rule),
		PLACE_TEST(test_nor_a_member_nor_a_row),
		PLACE_TEST(test_what_an_older_version_stored_can_be_listed_and_deleted),
		PLACE_TEST(test_a_change_tells_of_a_device_that_differs_in_case_only),
		PLACE_TEST(test_an_import_tells_how_many_differ_in_case_only),
		PLACE_TEST(test_an_import_counts_what_it_allows_beside_a_deny),
		PLACE_TEST(test_every_name_that_differs_is_counted_once),
		PLACE_TEST(test_a_rule_keeps_what_its_row_does_not_say),
		PLACE_TEST(test_an_scs_keeps_what_its_row_does_not_say),
		PLACE_TEST(test_a_group_keeps_its_anchor),
		PLACE_TEST(test_a_set_of_some_members_keeps_the_others),
		PLACE_TEST(test_a_replaced_rule_is_told_as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
