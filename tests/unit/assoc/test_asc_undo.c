/* What an import deletes is told and wants a yes when it is much; and the states before imports are kept and come back. */
#include "tests/unit/assoc/store_place.h"

#include <sys/stat.h>

#include "assoc/asc_undo.h"
#include "tests/support/asc_wait.h"

struct ended {
	bool over;
	int err;
	struct asc_why why;
	struct asc_import_result r;
	struct asc_undo_result u;
	char gone[4096]; /* "acme of group fleet;..." */
	char peers[256]; /* "acme-,beta~," */
};

static void on_done(void *arg, int err, const struct asc_why *why, const struct asc_import_result *r)
{
	struct ended *e = arg;

	assert_false(e->over);
	*e = (struct ended){ .over = true, .err = err, .why = *why, .r = *r };
	for (size_t i = 0; i < r->gone_n; i++) {
		strcat(e->gone, r->gone[i].text);
		strcat(e->gone, ";");
	}
	place_list_peers(e->peers, sizeof e->peers, r->peers, r->peers_n);
}

static void on_undone(void *arg, int err, const struct asc_why *why, const struct asc_undo_result *r)
{
	struct ended *e = arg;

	assert_false(e->over);
	*e = (struct ended){ .over = true, .err = err, .why = *why, .u = *r };
	place_list_peers(e->peers, sizeof e->peers, r->peers, r->peers_n);
}

static void wait_over(struct place *p, struct ended *e)
{
	while (!e->over) {
		asc_settle(p->a);
	}
}

static struct asc_import *begin(struct place *p, struct asc_import_conf conf)
{
	struct asc_import *im;

	conf.at_ms = 1000;
	strcpy(conf.name, "a.csv");
	assert_int_equal(asc_import_begin(&im, p->a, &conf, &p->why), 0);
	return im;
}

static struct ended finish(struct place *p, struct asc_import *im)
{
	struct ended e = { .over = false };
	struct asc_import_error error;

	assert_int_equal(asc_import_build(im, &error), 0);
	asc_import_finish(im, on_done, &e);
	wait_over(p, &e);
	asc_import_free(im);
	return e;
}

static void allow(struct place *p, struct asc_import *im, uint64_t line, const char *device)
{
	struct asc_rule_new r = { .who = "acme", .device = device, .verdict = ASSOC_ALLOW, .rights = ASSOC_RIGHT_ALL };

	assert_int_equal(asc_import_rule(im, line, &r, 0, &p->why), 0);
}

/* A file of the rules on the meters from `first` up to `end`. */
static struct ended meters(struct place *p, struct asc_import_conf conf, unsigned first, unsigned end)
{
	struct asc_import *im;

	conf.kind = ASC_KIND_ASSOC;
	im = begin(p, conf);
	for (unsigned i = first; i < end; i++) {
		char device[32];

		snprintf(device, sizeof device, "m%04u@a.example", i);
		allow(p, im, i + 1, device);
	}
	return finish(p, im);
}

static struct ended undo(struct place *p, struct asc_undo_conf conf)
{
	struct ended e = { .over = false };

	assert_int_equal(asc_undo(p->a, &conf, on_undone, &e, &p->why), 0);
	wait_over(p, &e);
	return e;
}

/* Everything in the store as text. */
static int put_row(void *arg, const struct asc_export_row *row)
{
	char text[ASSOC_RULE_TEXT_MAX], *out = arg;

	if (row->rule) {
		sprintf(out + strlen(out), "%s %lld\n", assoc_rule_text(text, row->rule), (long long)row->rule->not_after_s);
	} else if (row->scs) {
		sprintf(out + strlen(out), "scs %s %s %s\n", row->scs->name, row->scs->origin_host, row->scs->e164);
	} else {
		sprintf(out + strlen(out), "%s %s %s\n", row->group ? row->group->name : row->set,
			row->group ? row->group->anchor : "", row->member ? row->member : "");
	}
	return 0;
}

static const char *everything(struct place *p)
{
	static char out[4][1 << 18];
	static unsigned turn;
	char *now = out[turn++ % 4];

	*now = 0;
	for (int kind = ASC_KIND_SCS; kind <= ASC_KIND_BLOCK; kind++) {
		struct asc_export *x;

		assert_int_equal(asc_export_begin(&x, p->a, (enum asc_kind)kind), 0);
		while (asc_export_step(x, 1000, put_row, now) == 1) {
			;
		}
		asc_export_free(x);
	}
	sprintf(now + strlen(now), "%llu rules\n", (unsigned long long)asc_rule_count(p->a));
	return now;
}

static uint32_t kept_n(const struct place *p)
{
	const struct asc_kept *k;

	return asc_kept(p->a, &k);
}

static void keep(struct place *p, uint32_t undo_max, uint64_t octets)
{
	p->conf.undo_max = undo_max;
	p->conf.undo_octets_max = octets;
	assert_int_equal(place_open(p), 0);
	place_two_scs(p);
}

/* -- what goes */

static void test_many_rows_go_only_when_somebody_says_yes(void **state)
{
	struct place *p = *state;
	const char *before;
	struct ended e;

	keep(p, 0, 0);
	e = meters(p, (struct asc_import_conf){ 0 }, 0, 100);
	assert_int_equal(e.err, 0);
	before = everything(p);
	e = meters(p, (struct asc_import_conf){ .replace = true }, 0, 89);
	assert_int_equal(e.err, ERR_LIMIT);
	assert_true(e.r.much);
	assert_int_equal(e.r.deleted, 11);
	assert_int_equal(e.r.there, 100);
	assert_int_equal(e.r.gone_n, ASC_GONE_MAX);
	assert_int_equal(strncmp(e.gone, "allow acme m0089@a.example trigger,recall,replace;", 50), 0);
	assert_non_null(strstr(e.why.text, "delete 11 of 100 rows"));
	assert_string_equal(everything(p), before);
	e = meters(p, (struct asc_import_conf){ .replace = true, .deletes_max = 10 }, 0, 89); /* yes was said to fewer */
	assert_int_equal(e.err, ERR_LIMIT);
	assert_string_equal(everything(p), before);
	e = meters(p, (struct asc_import_conf){ .replace = true, .dry_run = true }, 0, 89);
	assert_int_equal(e.err, 0);
	assert_true(e.r.much);
	assert_int_equal(e.r.gone_n, ASC_GONE_MAX);
	assert_string_equal(everything(p), before);
	e = meters(p, (struct asc_import_conf){ .replace = true }, 0, 90); /* a tenth, no more */
	assert_int_equal(e.err, 0);
	assert_int_equal(e.r.deleted, 10);
	e = meters(p, (struct asc_import_conf){ .replace = true, .deletes_max = 50 }, 0, 40);
	assert_int_equal(e.err, 0);
	e = meters(p, (struct asc_import_conf){ .replace = true, .sure = true }, 0, 9);
	assert_int_equal(e.err, 0);
	assert_true(e.r.much);
	e = meters(p, (struct asc_import_conf){ .replace = true }, 0, 1); /* eight of nine: few */
	assert_int_equal(e.err, 0);
	e = meters(p, (struct asc_import_conf){ .replace = true }, 0, 0); /* the last one, by a file without rows */
	assert_int_equal(e.err, ERR_LIMIT);
	assert_true(e.r.much);
	assert_int_equal(asc_rule_count(p->a), 1);
	assert_int_equal(meters(p, (struct asc_import_conf){ 0 }, 0, 0).err, 0); /* without --replace it deletes nothing */
}

static void test_rules_that_go_along_are_counted(void **state)
{
	struct place *p = *state;
	struct asc_scs beta = place_scs("beta", "49170123457", "scs.beta.example");
	struct asc_import *im;
	const char *before;
	struct ended e;

	keep(p, 0, 0);
	assert_int_equal(meters(p, (struct asc_import_conf){ 0 }, 0, 50).err, 0);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "acme", "*@a.example"), 0);
	before = everything(p);
	im = begin(p, (struct asc_import_conf){ .kind = ASC_KIND_SCS, .replace = true });
	assert_int_equal(asc_import_scs(im, 2, &beta, 0, &p->why), 0);
	e = finish(p, im);
	assert_int_equal(e.err, ERR_LIMIT);
	assert_int_equal(e.r.deleted, 1);
	assert_int_equal(e.r.along, 51);
	assert_string_equal(e.gone, "SCS acme, with 51 rules;");
	assert_non_null(strstr(e.why.text, "1 of 2 rows, and 51 rules with them"));
	assert_string_equal(everything(p), before);
}

static void test_groups_and_sets_do_not_go_silently(void **state)
{
	struct place *p = *state;
	struct asc_group fleet = { "fleet", "" };
	struct asc_import *im;
	const char *before;
	struct ended e;

	keep(p, 0, 0);
	assert_int_equal(asc_group_put(p->a, &fleet, &p->why), 0);
	assert_int_equal(asc_group_member_add(p->a, "fleet", "acme", &p->why), 0);
	for (int i = 0; i < 12; i++) {
		char name[16];

		snprintf(name, sizeof name, "set%02d", i);
		assert_int_equal(asc_dset_add(p->a, name, &p->why), 0);
		assert_int_equal(asc_dset_member_add(p->a, name, "m1@a.example", &p->why), 0);
	}
	before = everything(p);
	e = finish(p, begin(p, (struct asc_import_conf){ .kind = ASC_KIND_GROUP, .replace = true }));
	assert_int_equal(e.err, ERR_LIMIT); /* a header alone */
	assert_string_equal(e.gone, "group fleet;acme of group fleet;");
	im = begin(p, (struct asc_import_conf){ .kind = ASC_KIND_SET, .replace = true });
	assert_int_equal(asc_import_set_member(im, 2, "set00", "m1@a.example", &p->why), 0);
	e = finish(p, im);
	assert_int_equal(e.err, ERR_LIMIT);
	assert_int_equal(e.r.deleted, 22);
	assert_non_null(strstr(e.gone, "m1@a.example of set set01;"));
	e = finish(p, begin(p, (struct asc_import_conf){ .kind = ASC_KIND_SCS, .replace = true }));
	assert_int_equal(e.err, ERR_LIMIT);
	assert_int_equal(place_add(p, ASSOC_BLOCK, "*", "*@a.example"), 0);
	before = everything(p);
	e = finish(p, begin(p, (struct asc_import_conf){ .kind = ASC_KIND_BLOCK, .replace = true }));
	assert_int_equal(e.err, ERR_LIMIT);
	assert_string_equal(e.gone, "block * *@a.example;");
	assert_string_equal(everything(p), before);
}

/* -- what comes back */

static void test_the_state_before_comes_back_to_the_last_rule(void **state)
{
	struct place *p = *state;
	const struct asc_kept *k;
	const char *before;
	struct ended e;

	keep(p, 3, 64 << 20);
	assert_int_equal(undo(p, (struct asc_undo_conf){ .sure = true }).err, ERR_NOTFOUND);
	assert_int_equal(meters(p, (struct asc_import_conf){ 0 }, 0, 1000).err, 0);
	assert_int_equal(place_add(p, ASSOC_DENY, "acme", "m0001@a.example"), 0);
	assert_int_equal(place_add(p, ASSOC_DENY, "beta", "*@a.example"), 0);
	before = everything(p);
	e = meters(p, (struct asc_import_conf){ .replace = true, .sure = true }, 500, 510);
	assert_int_equal(e.err, 0);
	assert_true(e.r.kept);
	assert_int_equal(kept_n(p), 2);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "beta", "m0001@a.example"), 0);
	for (int round = 0; round < 2; round++) { /* before and after a restart */
		assert_int_equal(asc_kept(p->a, &k), 2);
		assert_string_equal(k[0].name, "a.csv");
		assert_true(k[0].kind == ASC_KIND_ASSOC && k[0].replace && k[0].at_ms == 1000 && k[0].rows == 10);
		assert_int_equal(k[0].deleted, 992);
		assert_int_equal(asc_generation(p->a) - k[0].generation, 1);
		assert_true(k[1].added == 1000 && !k[1].replace);
		assert_int_equal(place_open(p), 0);
	}
	assert_int_equal(place_generations(p), 3);
	e = undo(p, (struct asc_undo_conf){ .sure = false });
	assert_int_equal(e.err, 0); /* it brings back, and takes almost nothing */
	assert_int_equal(e.u.since, 1);
	assert_int_equal(e.u.left, 1);
	assert_string_equal(everything(p), before);
	assert_int_equal(place_open(p), 0);
	assert_string_equal(everything(p), before);
	assert_int_equal(place_generations(p), 2);
	/* it can be changed by hand and by file as ever */
	assert_int_equal(place_add(p, ASSOC_ALLOW, "beta", "m0002@a.example"), 0);
	assert_string_equal(place_found(p, "beta", "m0002@a.example", NULL),
			    "deny beta *@a.example trigger;allow beta m0002@a.example trigger");
	assert_int_equal(meters(p, (struct asc_import_conf){ 0 }, 1000, 1001).err, 0);
	assert_int_equal(undo(p, (struct asc_undo_conf){ 0 }).err, 0);
	/* the first import added everything: that is much. By hand there were two rules before the second import, and one after the undo */
	e = undo(p, (struct asc_undo_conf){ .dry_run = true });
	assert_true(e.err == 0 && e.u.much && e.u.since == 3);
	assert_int_equal(place_open(p), 0);
	e = undo(p, (struct asc_undo_conf){ 0 });
	assert_int_equal(e.err, ERR_LIMIT);
	assert_true(e.u.much);
	assert_int_equal(e.u.since, 3);
	assert_int_equal(e.u.goes, 1003);
	assert_int_equal(undo(p, (struct asc_undo_conf){ .deletes_max = e.u.goes }).err, 0);
	assert_int_equal(asc_rule_count(p->a), 0);
	assert_int_equal(undo(p, (struct asc_undo_conf){ .sure = true }).err, ERR_NOTFOUND);
	assert_int_equal(place_open(p), 0);
	assert_int_equal(place_generations(p), 1);
}

/* What was changed between two imports is counted once, however many states above them were gone back to. */
static void test_changes_between_two_imports_stay_what_they_are_when_a_later_one_is_undone(void **state)
{
	struct place *p = *state;
	const struct asc_kept *k;
	struct ended e;

	keep(p, 4, 64u << 20);
	assert_int_equal(meters(p, (struct asc_import_conf){ 0 }, 0, 40).err, 0);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "beta", "m0000@a.example"), 0);
	assert_int_equal(meters(p, (struct asc_import_conf){ 0 }, 40, 41).err, 0);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "beta", "m0001@a.example"), 0);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "beta", "m0002@a.example"), 0);
	assert_int_equal(meters(p, (struct asc_import_conf){ 0 }, 41, 42).err, 0);
	assert_int_equal(undo(p, (struct asc_undo_conf){ 0 }).err, 0);
	for (int round = 0; round < 2; round++) { /* before and after a restart */
		assert_int_equal(asc_kept(p->a, &k), 2);
		assert_int_equal(asc_kept_manual(&k[0], asc_generation(p->a)), 2);
		assert_int_equal(asc_kept_manual(&k[1], k[0].generation - 1), 1);
		assert_int_equal(place_open(p), 0);
	}
	assert_int_equal(undo(p, (struct asc_undo_conf){ .sure = true }).err, 0);
	e = undo(p, (struct asc_undo_conf){ .dry_run = true });
	assert_int_equal(e.u.since, 1);
	assert_int_equal(e.u.goes, 41);
}

static void test_every_kind_comes_back_with_what_went_along(void **state)
{
	struct place *p = *state;
	struct asc_scs beta = place_scs("beta", "49170123457", "other.beta.example"),
		       gamma = place_scs("gamma", "49170123458", "g.example");
	struct asc_group fleet = { "fleet", "anchor-a" };
	const char *before, *all;
	struct asc_import *im;
	struct ended e;

	keep(p, 8, 64 << 20);
	assert_int_equal(asc_group_put(p->a, &fleet, &p->why), 0);
	assert_int_equal(asc_group_member_add(p->a, "fleet", "acme", &p->why), 0);
	assert_int_equal(asc_dset_add(p->a, "trial", &p->why), 0);
	assert_int_equal(asc_dset_member_add(p->a, "trial", "m1@a.example", &p->why), 0);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "group:fleet", "set:trial"), 0);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "acme", "m1@a.example"), 0);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "acme", "msisdn:491700000000-491700000009"), 0);
	assert_int_equal(place_add(p, ASSOC_BLOCK, "*", "m2@a.example"), 0);
	before = everything(p);
	im = begin(p, (struct asc_import_conf){ .kind = ASC_KIND_SCS, .replace = true, .sure = true });
	assert_int_equal(asc_import_scs(im, 2, &beta, 0, &p->why), 0);
	assert_int_equal(asc_import_scs(im, 3, &gamma, 0, &p->why), 0);
	e = finish(p, im);
	assert_int_equal(e.err, 0);
	assert_true(e.r.kept);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "beta", "m1@a.example"), 0); /* drops what acme had in this row */
	all = everything(p);
	for (int kind = ASC_KIND_GROUP; kind <= ASC_KIND_BLOCK; kind++) {
		e = finish(p, begin(p, (struct asc_import_conf){ .kind = (enum asc_kind)kind, .replace = true, .sure = true }));
		assert_int_equal(e.err, 0);
	}
	assert_int_equal(asc_rule_count(p->a), 0);
	assert_int_equal(place_open(p), 0);
	while (kept_n(p) > 1) {
		assert_int_equal(undo(p, (struct asc_undo_conf){ 0 }).err, 0);
	}
	assert_string_equal(everything(p), all);
	e = undo(p, (struct asc_undo_conf){ .sure = true });
	assert_int_equal(e.err, 0);
	assert_string_equal(e.peers, "beta~,gamma-,");
	assert_string_equal(everything(p), before);
	assert_string_equal(place_found(p, "acme", "m1@a.example", "491700000001"),
			    "allow acme msisdn:491700000000-491700000009 trigger;allow acme m1@a.example trigger;"
			    "allow group:fleet set:trial trigger");
	assert_non_null(asc_scs_by_origin_host(p->a, "scs.acme.example"));
	assert_null(asc_scs_by_origin_host(p->a, "g.example"));
	assert_int_equal(place_open(p), 0);
	assert_string_equal(everything(p), before);
}

static void test_only_so_many_states_and_octets_are_kept(void **state)
{
	struct place *p = *state;
	const struct asc_kept *k;
	uint64_t octets;
	struct ended e;

	keep(p, 2, 64 << 20);
	for (unsigned i = 0; i < 5; i++) {
		e = meters(p, (struct asc_import_conf){ 0 }, i, i + 1);
		assert_true(e.err == 0 && e.r.kept);
	}
	assert_int_equal(asc_kept(p->a, &k), 2);
	assert_true(k[0].there == 4 && k[1].there == 3 && k[0].octets > 0);
	octets = k[0].octets;
	assert_int_equal(place_generations(p), 3);
	e = meters(p, (struct asc_import_conf){ 0 }, 4, 5); /* changes nothing: there is nothing to go back before */
	assert_int_equal(e.r.unchanged, 1);
	assert_false(e.r.kept);
	assert_int_equal(kept_n(p), 2);
	p->conf.undo_max = 16;
	p->conf.undo_octets_max = 6 * octets;
	assert_int_equal(place_open(p), 0);
	assert_int_equal(kept_n(p), 2); /* a start forgets nothing */
	for (unsigned i = 5; i < 20; i++) {
		uint32_t n;

		assert_true(meters(p, (struct asc_import_conf){ 0 }, i, i + 1).r.kept);
		n = asc_kept(p->a, &k);
		assert_true(n > 0 && n < 15 && k[0].there == i);
		for (octets = 0; n; n--) {
			octets += k[n - 1].octets;
		}
		assert_true(octets <= p->conf.undo_octets_max);
	}
	assert_int_equal(place_generations(p), 1 + kept_n(p));
	p->conf.undo_octets_max = 4096;
	assert_int_equal(place_open(p), 0);
	e = meters(p, (struct asc_import_conf){ 0 }, 20, 21);
	assert_true(e.err == 0 && !e.r.kept); /* and no way leads over it to an older one */
	assert_int_equal(kept_n(p), 0);
	assert_int_equal(place_open(p), 0); /* the rows before went with the last view of them */
	assert_int_equal(place_generations(p), 1);
	assert_int_equal(asc_rule_count(p->a), 21);
}

static void test_a_state_whose_rows_are_gone_is_forgotten(void **state)
{
	struct place *p = *state;
	char path[128];
	const char *now;

	keep(p, 3, 64 << 20);
	assert_int_equal(meters(p, (struct asc_import_conf){ 0 }, 0, 20).err, 0);
	assert_int_equal(meters(p, (struct asc_import_conf){ 0 }, 20, 30).err, 0);
	assert_int_equal(kept_n(p), 2);
	now = everything(p);
	place_close(p);
	snprintf(path, sizeof path, "%s/dev-2/data.mdb", p->dir); /* as a program that knows of no undo removes it */
	assert_int_equal(remove(path), 0);
	assert_int_equal(place_open(p), 0);
	assert_int_equal(kept_n(p), 1);
	assert_string_equal(everything(p), now);
	assert_int_equal(place_open(p), 0);
	assert_int_equal(kept_n(p), 1);
}

static void test_nothing_is_gone_back_to_during_an_import(void **state)
{
	struct place *p = *state;
	struct ended e = { .over = false };
	struct asc_import *im;

	keep(p, 3, 64 << 20);
	assert_int_equal(meters(p, (struct asc_import_conf){ 0 }, 0, 5).err, 0);
	im = begin(p, (struct asc_import_conf){ .kind = ASC_KIND_ASSOC });
	assert_int_equal(asc_undo(p->a, &(struct asc_undo_conf){ .sure = true }, on_undone, &e, &p->why), ERR_BUSY);
	asc_import_free(im);
	assert_int_equal(asc_undo(p->a, &(struct asc_undo_conf){ .sure = true }, on_undone, &e, &p->why), 0);
	place_close(p); /* told in any case */
	assert_true(e.over && (e.err == 0 || e.err == ERR_CLOSED));
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		PLACE_TEST(test_changes_between_two_imports_stay_what_they_are_when_a_later_one_is_undone),
		PLACE_TEST(test_many_rows_go_only_when_somebody_says_yes),
		PLACE_TEST(test_rules_that_go_along_are_counted),
		PLACE_TEST(test_groups_and_sets_do_not_go_silently),
		PLACE_TEST(test_the_state_before_comes_back_to_the_last_rule),
		PLACE_TEST(test_every_kind_comes_back_with_what_went_along),
		PLACE_TEST(test_only_so_many_states_and_octets_are_kept),
		PLACE_TEST(test_a_state_whose_rows_are_gone_is_forgotten),
		PLACE_TEST(test_nothing_is_gone_back_to_during_an_import),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
