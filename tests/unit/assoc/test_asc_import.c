/* Imports: all or nothing, what the file says and what hands did meanwhile; against a model that keeps a plain list. */
#include "tests/unit/assoc/store_place.h"

#include <lmdb.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "assoc/asc_change.h"
#include "assoc/asc_import.h"
#include "assoc/asc_store.h"
#include "assoc/asc_undo.h"
#include "tests/support/asc_wait.h"

struct ended {
	bool over;
	int err;
	struct asc_why why;
	struct asc_import_result r;
	char peers[256]; /* "acme-,beta~," */
};

static void on_done(void *arg, int err, const struct asc_why *why, const struct asc_import_result *r)
{
	struct ended *e = arg;

	assert_false(e->over);
	e->over = true;
	e->err = err;
	e->why = *why;
	e->r = *r;
	place_list_peers(e->peers, sizeof e->peers, r->peers, r->peers_n);
}

static struct asc_import *begin(struct place *p, enum asc_kind kind, bool replace)
{
	struct asc_import *im;

	assert_int_equal(
	    asc_import_begin(&im, p->a, &(struct asc_import_conf){ .kind = kind, .replace = replace, .sure = true }, &p->why), 0);
	return im;
}

static int row(struct place *p, struct asc_import *im, uint64_t line, int verdict, const char *who, const char *device,
	       uint8_t rights)
{
	struct asc_rule_new r = { .who = who, .device = device, .verdict = (uint8_t)verdict, .rights = rights };

	return asc_import_rule(im, line, &r, 0, &p->why);
}

static void wait_over(struct place *p, struct ended *e)
{
	while (!e->over) {
		asc_settle(p->a);
	}
}

/* Builds, switches and frees; what came of it. */
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

static int collect(void *arg, const struct assoc_rule *r)
{
	char text[ASSOC_RULE_TEXT_MAX];

	assoc_rule_text(text, r);
	strcat(arg, text);
	strcat(arg, ";");
	return 0;
}

static const char *all_rules(struct place *p)
{
	static char out[1 << 16];

	out[0] = 0;
	assert_int_equal(asc_rule_each(p->a, NULL, collect, out), 0);
	return out;
}

/* -- one after the other */

static void test_rows_are_added_or_replace_their_key(void **state)
{
	struct place *p = *state;
	struct asc_import *im;
	struct ended e;

	place_two_scs(p);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "acme", "m1@a.example"), 0);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "acme", "m2@a.example"), 0);
	assert_int_equal(place_add(p, ASSOC_BLOCK, "*", "m2@a.example"), 0);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "acme", "*@a.example"), 0);
	im = begin(p, ASC_KIND_ASSOC, false);
	assert_int_equal(row(p, im, 1, ASSOC_ALLOW, "beta", "m0@B.example", ASSOC_RIGHT_TRIGGER), 0);
	assert_int_equal(row(p, im, 2, ASSOC_ALLOW, "acme", "m1@a.example", ASSOC_RIGHT_ALL), 0);
	assert_int_equal(row(p, im, 3, ASSOC_DENY, "acme", "m1@a.example", ASSOC_RIGHT_RECALL), 0);
	assert_int_equal(row(p, im, 4, ASSOC_ALLOW, "acme", "m2@a.example", ASSOC_RIGHT_TRIGGER), 0);
	assert_int_equal(row(p, im, 5, ASSOC_ALLOW, "acme", "*@a.example", ASSOC_RIGHT_REPLACE), 0);
	assert_int_equal(row(p, im, 6, ASSOC_DENY, "beta", "msisdn:491700000100-491700000199", ASSOC_RIGHT_TRIGGER), 0);
	e = finish(p, im);
	assert_int_equal(e.err, 0);
	assert_int_equal(e.r.rows, 6);
	assert_int_equal(e.r.added, 3);
	assert_int_equal(e.r.replaced, 2);
	assert_int_equal(e.r.unchanged, 1);
	assert_int_equal(e.r.deleted, 0);
	for (int round = 0; round < 2; round++) {
		assert_string_equal(place_found(p, "acme", "m1@a.example", NULL),
				    "allow acme *@a.example replace;deny acme m1@a.example recall;allow acme m1@a.example "
				    "trigger,recall,replace");
		assert_string_equal(place_found(p, "acme", "m2@a.example", NULL),
				    "allow acme *@a.example replace;block * m2@a.example;allow acme m2@a.example trigger");
		assert_string_equal(place_found(p, "beta", "m0@b.example", "491700000150"),
				    "deny beta msisdn:491700000100-491700000199 trigger;allow beta m0@b.example trigger");
		assert_int_equal(asc_rule_count(p->a), 7);
		assert_int_equal(asc_rule_count_of(p->a, "acme"), 4);
		assert_int_equal(asc_rule_count_of(p->a, "beta"), 2);
		assert_int_equal(place_open(p), 0);
		assert_int_equal(place_generations(p), 1);
	}
}

static void test_a_file_can_become_everything_of_its_kind(void **state)
{
	struct place *p = *state;
	struct asc_import *im;
	struct ended e;

	place_two_scs(p);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "acme", "m1@a.example"), 0);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "acme", "m2@a.example"), 0);
	assert_int_equal(place_add(p, ASSOC_DENY, "acme", "*@a.example"), 0);
	assert_int_equal(place_add(p, ASSOC_BLOCK, "acme", "*"), 0);
	assert_int_equal(place_add(p, ASSOC_BLOCK, "*", "m2@a.example"), 0);
	im = begin(p, ASC_KIND_ASSOC, true);
	assert_int_equal(row(p, im, 1, ASSOC_ALLOW, "acme", "m2@a.example", ASSOC_RIGHT_TRIGGER), 0);
	e = finish(p, im);
	assert_int_equal(e.err, 0);
	assert_int_equal(e.r.unchanged, 1);
	assert_int_equal(e.r.deleted, 2);
	assert_string_equal(all_rules(p), "block acme *;block * m2@a.example;allow acme m2@a.example trigger;");
	im = begin(p, ASC_KIND_BLOCK, true); /* of no rows */
	e = finish(p, im);
	assert_int_equal(e.r.deleted, 2);
	assert_string_equal(all_rules(p), "allow acme m2@a.example trigger;");
	assert_int_equal(asc_rule_count(p->a), 1);
}

static void test_scss_come_change_and_go(void **state)
{
	struct asc_scs acme = place_scs("acme", "49170123456", "scs2.acme.example"),
		       gamma = place_scs("gamma", "49170123457", "scs.beta.example");
	struct place *p = *state;
	struct asc_import_error error;
	struct asc_import *im;
	struct ended e;

	place_two_scs(p);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "acme", "m1@a.example"), 0);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "beta", "m1@a.example"), 0);
	im = begin(p, ASC_KIND_SCS, false);
	assert_int_equal(asc_import_scs(im, 7, &gamma, 0, &p->why), 0);
	assert_int_equal(asc_import_build(im, &error), ERR_EXISTS); /* beta has its host */
	assert_int_equal(error.line, 7);
	assert_non_null(strstr(error.why.text, "belongs to SCS 'beta' already"));
	asc_import_free(im);
	im = begin(p, ASC_KIND_SCS, true);
	assert_int_equal(asc_import_scs(im, 1, &acme, 0, &p->why), 0);
	assert_int_equal(asc_import_scs(im, 2, &gamma, 0, &p->why), 0);
	e = finish(p, im);
	assert_int_equal(e.err, 0);
	assert_string_equal(e.peers, "beta-,acme~,");
	assert_int_equal(e.r.added, 1);
	assert_int_equal(e.r.replaced, 1);
	assert_int_equal(e.r.deleted, 1);
	for (int round = 0; round < 2; round++) {
		assert_null(asc_scs_find(p->a, "beta"));
		assert_string_equal(asc_scs_by_origin_host(p->a, "scs.beta.example")->name, "gamma");
		assert_string_equal(asc_scs_find(p->a, "acme")->origin_host, "scs2.acme.example");
		assert_string_equal(all_rules(p), "allow acme m1@a.example trigger;");
		assert_int_equal(place_open(p), 0);
	}
	im = begin(p, ASC_KIND_SCS, false);
	assert_int_equal(asc_import_scs(im, 3, &acme, 0, &p->why), 0);
	assert_int_equal(asc_import_scs(im, 9, &acme, 0, &p->why), 0);
	assert_int_equal(asc_import_build(im, &error), ERR_EXISTS);
	assert_int_equal(error.line, 9);
	assert_int_equal(error.line_earlier, 3);
	asc_import_free(im);
}

static int join(void *arg, const char *text)
{
	strcat(arg, text);
	strcat(arg, ",");
	return 0;
}

static void test_groups_with_their_members(void **state)
{
	struct asc_group fleet = { .name = "fleet", .anchor = "anchor-a" }, old = { .name = "old" };
	struct place *p = *state;
	struct asc_import_error error;
	char members[64] = "";
	struct asc_import *im;
	struct ended e;

	place_two_scs(p);
	assert_int_equal(asc_group_put(p->a, &old, &p->why), 0);
	assert_int_equal(asc_group_member_add(p->a, "old", "acme", &p->why), 0);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "group:old", "*@a.example"), 0);
	im = begin(p, ASC_KIND_GROUP, false);
	assert_int_equal(asc_import_group_member(im, 1, "fleet", "beta", &p->why), 0);
	assert_int_equal(asc_import_group_member(im, 2, "none", "beta", &p->why), 0);
	assert_int_equal(asc_import_group_member(im, 3, "fleet", "nobody", &p->why), ERR_NOTFOUND);
	assert_int_equal(asc_import_build(im, &error), ERR_NOTFOUND);
	assert_int_equal(error.line, 3);
	asc_import_free(im);
	im = begin(p, ASC_KIND_GROUP, false);
	assert_int_equal(asc_import_group_member(im, 1, "none", "beta", &p->why), 0);
	assert_int_equal(asc_import_build(im, &error), ERR_NOTFOUND);
	assert_int_equal(error.line, 1);
	asc_import_free(im);
	im = begin(p, ASC_KIND_GROUP, false);
	assert_int_equal(asc_import_group(im, 1, &fleet, false, &p->why), 0);
	assert_int_equal(asc_import_group_member(im, 2, "fleet", "beta", &p->why), 0);
	assert_int_equal(asc_import_group_member(im, 3, "fleet", "acme", &p->why), 0);
	assert_int_equal(asc_import_group_member(im, 4, "old", "acme", &p->why), 0);
	e = finish(p, im);
	assert_int_equal(e.r.added, 3);
	assert_int_equal(e.r.unchanged, 1);
	assert_int_equal(asc_group_member_each(p->a, "fleet", join, members), 0);
	assert_string_equal(members, "acme,beta,");
	im = begin(p, ASC_KIND_GROUP, true);
	assert_int_equal(asc_import_group(im, 1, &fleet, false, &p->why), 0);
	assert_int_equal(asc_import_group_member(im, 2, "fleet", "beta", &p->why), 0);
	e = finish(p, im);
	assert_int_equal(e.r.deleted, 3); /* a group, its membership and one more */
	for (int round = 0; round < 2; round++) {
		members[0] = 0;
		assert_int_equal(asc_group_member_each(p->a, "fleet", join, members), 0);
		assert_string_equal(members, "beta,");
		assert_null(asc_group_find(p->a, "old"));
		assert_string_equal(all_rules(p), "");
		assert_int_equal(place_open(p), 0);
	}
}

static void test_sets_with_their_members(void **state)
{
	struct place *p = *state;
	char members[128] = "";
	struct asc_import *im;
	struct ended e;

	place_two_scs(p);
	assert_int_equal(asc_dset_add(p->a, "old", &p->why), 0);
	assert_int_equal(asc_dset_member_add(p->a, "old", "m1@a.example", &p->why), 0);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "acme", "set:old"), 0);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "beta", "m1@a.example"), 0);
	im = begin(p, ASC_KIND_SET, false);
	assert_int_equal(asc_import_set_member(im, 1, "trial", "m1@a.example", &p->why), 0);
	assert_int_equal(asc_import_set_member(im, 2, "trial", "msisdn:491700000001", &p->why), 0);
	assert_int_equal(asc_import_set_member(im, 3, "old", "m2@a.example", &p->why), 0);
	assert_int_equal(asc_import_set(im, 4, "empty", &p->why), 0);
	assert_int_equal(asc_import_set(im, 5, "empty", &p->why), 0);
	e = finish(p, im);
	assert_int_equal(e.err, 0);
	assert_int_equal(e.r.added, 5);
	assert_int_equal(asc_dset_members(p->a, "trial"), 2);
	assert_int_equal(asc_dset_members(p->a, "old"), 2);
	assert_true(asc_dset_there(p->a, "empty"));
	assert_int_equal(place_add(p, ASSOC_DENY, "acme", "set:trial"), 0);
	for (int round = 0; round < 2; round++) {
		assert_string_equal(place_found(p, "acme", "m1@a.example", "491700000001"),
				    "allow acme set:old trigger;deny acme set:trial trigger");
		assert_string_equal(place_found(p, "beta", "m1@a.example", NULL), "allow beta m1@a.example trigger");
		assert_int_equal(place_open(p), 0);
	}
	im = begin(p, ASC_KIND_SET, true);
	assert_int_equal(asc_import_set_member(im, 1, "trial", "m3@a.example", &p->why), 0);
	e = finish(p, im);
	assert_int_equal(e.r.deleted, 6); /* two sets, four memberships */
	assert_int_equal(asc_dset_member_each(p->a, "trial", join, members), 0);
	assert_string_equal(members, "m3@a.example,");
	assert_false(asc_dset_there(p->a, "old"));
	assert_string_equal(all_rules(p), "deny acme set:trial trigger;allow beta m1@a.example trigger;");
	assert_int_equal(asc_dset_add(p->a, "old", &p->why), 0); /* of the same name, but nobody is in it */
	assert_int_equal(asc_dset_members(p->a, "old"), 0);
}

static void test_wrong_rows_are_said_with_their_lines_and_nothing_happens(void **state)
{
	struct place *p = *state;
	uint64_t generation;
	struct asc_import_error error;
	struct asc_import *im;

	place_two_scs(p);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "acme", "m1@a.example"), 0);
	generation = asc_generation(p->a);
	im = begin(p, ASC_KIND_ASSOC, true);
	assert_int_equal(row(p, im, 1, ASSOC_ALLOW, "acme", "m5@a.example", ASSOC_RIGHT_TRIGGER), 0);
	assert_int_equal(row(p, im, 2, ASSOC_ALLOW, "nobody", "m1@a.example", ASSOC_RIGHT_TRIGGER), ERR_NOTFOUND);
	assert_string_equal(p->why.text, "no SCS 'nobody'; 'mtcctl scs list' lists them");
	assert_int_equal(row(p, im, 3, ASSOC_ALLOW, "acme", "m1@@a.example", ASSOC_RIGHT_TRIGGER), ERR_INVAL);
	assert_int_equal(row(p, im, 4, ASSOC_ALLOW, "group:none", "m1@a.example", ASSOC_RIGHT_TRIGGER), ERR_NOTFOUND);
	assert_int_equal(row(p, im, 5, ASSOC_ALLOW, "acme", "set:none", ASSOC_RIGHT_TRIGGER), ERR_NOTFOUND);
	assert_int_equal(row(p, im, 6, ASSOC_BLOCK, "acme", "m1@a.example", ASSOC_RIGHT_TRIGGER), ERR_STATE);
	assert_int_equal(asc_import_build(im, &error), ERR_NOTFOUND);
	assert_int_equal(error.line, 2);
	asc_import_free(im);
	im = begin(p, ASC_KIND_ASSOC, false);
	for (uint64_t line = 1; line < 3000; line++) {
		char device[32];

		snprintf(device, sizeof device, "m%llu@a.example", (unsigned long long)(line == 2900 ? 17 : line));
		assert_int_equal(row(p, im, line, ASSOC_ALLOW, "acme", device, ASSOC_RIGHT_TRIGGER), 0);
	}
	assert_int_equal(asc_import_build(im, &error), ERR_EXISTS);
	assert_int_equal(error.line, 2900);
	assert_int_equal(error.line_earlier, 17);
	assert_non_null(strstr(error.why.text, "line 17"));
	asc_import_free(im);
	im = begin(p, ASC_KIND_ASSOC, false);
	assert_int_equal(row(p, im, 4, ASSOC_ALLOW, "acme", "*@a.example", ASSOC_RIGHT_TRIGGER), 0);
	assert_int_equal(row(p, im, 8, ASSOC_ALLOW, "acme", "*@A.example", ASSOC_RIGHT_ALL), 0);
	assert_int_equal(asc_import_build(im, &error), ERR_EXISTS);
	assert_int_equal(error.line, 8);
	assert_int_equal(error.line_earlier, 4);
	asc_import_free(im);
	assert_int_equal(asc_generation(p->a), generation);
	assert_string_equal(all_rules(p), "allow acme m1@a.example trigger;");
	assert_int_equal(place_open(p), 0);
	assert_int_equal(place_generations(p), 1);
}

static void test_one_at_a_time_and_ended_at_every_step(void **state)
{
	struct place *p = *state;
	struct asc_import *im, *second;
	struct asc_import_error error;
	struct ended e = { .over = false };

	place_two_scs(p);
	im = begin(p, ASC_KIND_ASSOC, false);
	assert_int_equal(asc_import_begin(&second, p->a, &(struct asc_import_conf){ .kind = ASC_KIND_SET }, &p->why), ERR_BUSY);
	assert_non_null(strstr(p->why.text, "one at a time"));
	asc_import_free(im); /* at once */
	im = begin(p, ASC_KIND_ASSOC, false);
	asc_import_cancel(im);
	assert_int_equal(row(p, im, 1, ASSOC_ALLOW, "acme", "m5@a.example", ASSOC_RIGHT_TRIGGER), ERR_CLOSED);
	asc_import_free(im);
	im = begin(p, ASC_KIND_ASSOC, false);
	assert_int_equal(row(p, im, 1, ASSOC_ALLOW, "acme", "m5@a.example", ASSOC_RIGHT_TRIGGER), 0);
	asc_import_cancel(im);
	assert_int_equal(asc_import_build(im, &error), ERR_CLOSED);
	asc_import_free(im);
	im = begin(p, ASC_KIND_ASSOC, false);
	assert_int_equal(row(p, im, 1, ASSOC_ALLOW, "acme", "m5@a.example", ASSOC_RIGHT_TRIGGER), 0);
	assert_int_equal(asc_import_build(im, &error), 0);
	asc_import_cancel(im);
	asc_import_finish(im, on_done, &e);
	wait_over(p, &e);
	assert_int_equal(e.err, ERR_CLOSED);
	asc_import_free(im);
	assert_string_equal(all_rules(p), "");
	im = begin(p, ASC_KIND_ASSOC, false);
	asc_import_free(im);
	place_close(p); /* with what is still to be dropped */
	assert_int_equal(place_open(p), 0);
	assert_int_equal(place_generations(p), 1);
}

/* The owner did not get the lock at the beginning and gives the rows itself: it does not wait for what it never handed over. */
static void test_an_owner_that_missed_the_lock_gives_rows(void **state)
{
	struct place *p = *state;
	struct asc_import *im;

	place_two_scs(p);
	pthread_mutex_lock(&p->a->lock);
	im = begin(p, ASC_KIND_ASSOC, false);
	assert_non_null(p->a->handing);
	pthread_mutex_unlock(&p->a->lock);
	assert_int_equal(row(p, im, 1, ASSOC_ALLOW, "acme", "m5@a.example", ASSOC_RIGHT_TRIGGER), 0);
	assert_int_equal(finish(p, im).r.added, 1);
}

/* The store closes before its thread began the import: the jobs are finished all the same, and what they own is freed. */
static void test_an_import_that_was_not_begun_ends_with_the_store(void **state)
{
	struct place *p = *state;
	struct asc_import *im;

	place_two_scs(p);
	pthread_mutex_lock(&p->a->lock); /* keeps the jobs from the store's thread until asc_close() */
	im = begin(p, ASC_KIND_ASSOC, false);
	asc_import_free(im);
	assert_non_null(p->a->handing);
	pthread_mutex_unlock(&p->a->lock);
	assert_int_equal(place_open(p), 0); /* closes first */
	im = begin(p, ASC_KIND_ASSOC, false);
	assert_int_equal(row(p, im, 1, ASSOC_ALLOW, "acme", "m5@a.example", ASSOC_RIGHT_TRIGGER), 0);
	assert_int_equal(finish(p, im).r.added, 1);
}

/* -- hands meanwhile */

static void test_changes_by_hand_come_after_the_import(void **state)
{
	struct place *p = *state;
	struct asc_import_error error;
	struct asc_import *im;
	struct ended e = { .over = false };

	place_two_scs(p);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "acme", "old@a.example"), 0);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "acme", "*@old.example"), 0);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "acme", "*@gone.example"), 0);
	im = begin(p, ASC_KIND_ASSOC, true);
	assert_int_equal(row(p, im, 1, ASSOC_ALLOW, "acme", "m1@a.example", ASSOC_RIGHT_ALL), 0);
	assert_int_equal(row(p, im, 2, ASSOC_ALLOW, "acme", "m2@a.example", ASSOC_RIGHT_ALL), 0);
	assert_int_equal(row(p, im, 3, ASSOC_ALLOW, "acme", "m3@a.example", ASSOC_RIGHT_ALL), 0);
	assert_int_equal(row(p, im, 4, ASSOC_ALLOW, "acme", "*@b.example", ASSOC_RIGHT_ALL), 0);
	assert_int_equal(row(p, im, 5, ASSOC_ALLOW, "acme", "*@c.example", ASSOC_RIGHT_ALL), 0);
	assert_int_equal(row(p, im, 6, ASSOC_ALLOW, "beta", "m4@a.example", ASSOC_RIGHT_ALL), 0);
	assert_int_equal(row(p, im, 7, ASSOC_ALLOW, "beta", "*@d.example", ASSOC_RIGHT_ALL), 0);
	/* in force at once, in the old state */
	assert_int_equal(place_add(p, ASSOC_ALLOW, "acme", "hand@a.example"), 0);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "acme", "m2@a.example"), 0);
	assert_string_equal(place_found(p, "acme", "m2@a.example", NULL), "allow acme m2@a.example trigger");
	assert_int_equal(place_add(p, ASSOC_ALLOW, "acme", "*@c.example"), 0);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "acme", "*@old.example"), 0); /* again: so it is the hand's */
	assert_int_equal(asc_import_build(im, &error), 0);
	assert_int_equal(place_add(p, ASSOC_DENY, "acme", "m3@a.example"), 0);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "acme", "m1@a.example"), 0);
	assert_int_equal(asc_rule_del(p->a, "acme", "m1@a.example", ASSOC_ALLOW, &p->why), 0);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "acme", "*@b.example"), 0);
	assert_int_equal(asc_rule_del(p->a, "acme", "*@b.example", -1, &p->why), 0);
	assert_int_equal(asc_scs_del(p->a, "beta", &p->why), 0);
	place_put(p, "beta", "49170123457", "scs.beta.example"); /* another one */
	assert_int_equal(place_add(p, ASSOC_ALLOW, "beta", "n@a.example"), 0);
	asc_import_finish(im, on_done, &e);
	wait_over(p, &e);
	asc_import_free(im);
	assert_int_equal(e.err, 0);
	for (int round = 0; round < 2; round++) {
		assert_string_equal(all_rules(p), "allow acme *@c.example trigger;allow acme *@old.example trigger;"
						  "allow acme hand@a.example trigger;allow acme m2@a.example trigger;"
						  "allow acme m3@a.example trigger,recall,replace;deny acme m3@a.example trigger;"
						  "allow beta n@a.example trigger;");
		assert_int_equal(asc_rule_count_of(p->a, "acme"), 6);
		assert_int_equal(asc_rule_count_of(p->a, "beta"), 1);
		assert_int_equal(place_open(p), 0);
	}
}

static void test_a_set_by_hand_of_the_name_of_a_new_one_is_said(void **state)
{
	struct place *p = *state;
	struct asc_import_error error;
	struct asc_import *im;
	struct ended e = { .over = false };

	im = begin(p, ASC_KIND_SET, false);
	assert_int_equal(asc_import_set_member(im, 1, "trial", "m1@a.example", &p->why), 0);
	assert_int_equal(asc_import_build(im, &error), 0);
	assert_int_equal(asc_dset_add(p->a, "trial", &p->why), 0);
	asc_import_finish(im, on_done, &e);
	wait_over(p, &e);
	assert_int_equal(e.err, ERR_EXISTS);
	asc_import_free(im);
	assert_int_equal(asc_dset_members(p->a, "trial"), 0);
}

/* -- against a plain list */

enum { WHOS = 3, DEVICES = 300, VERDICTS = 3 };

static const char *const whos[WHOS] = { "acme", "beta", "group:fleet" };
static uint32_t seed = 7;

static uint32_t any(uint32_t n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % n;
}

static uint8_t model[WHOS][DEVICES][VERDICTS]; /* rights; 0: no rule */

static const char *device_of(uint32_t i)
{
	static char out[96];

	if (i % 10 == 0) {
		snprintf(out, sizeof out, "*@fleet-%u.example", i);
	} else if (i % 10 == 1) {
		snprintf(out, sizeof out, "msisdn:4917000%05u-4917000%05u", i * 10, i * 10 + 9);
	} else if (i % 10 == 2) {
		snprintf(out, sizeof out, "msisdn:4917%07u", i);
	} else {
		snprintf(out, sizeof out, "a-meter-with-a-long-name-%u@a.example", i);
	}
	return out;
}

static uint64_t checked;

static int check_one(void *arg, const struct assoc_rule *r)
{
	uint64_t *n = arg;

	for (int w = 0; w < WHOS; w++) {
		for (uint32_t d = 0; strcmp(r->who, whos[w]) == 0 && d < DEVICES; d++) {
			if (strcmp(device_of(d), r->device) == 0) {
				assert_int_equal(model[w][d][r->verdict], r->rights);
				(*n)++;
				checked++;
			}
		}
	}
	return 0;
}

static int export_one(void *arg, const struct asc_export_row *r)
{
	return check_one(arg, r->rule);
}

static uint64_t export_all(struct place *p, enum asc_kind kind)
{
	struct asc_export *x;
	uint64_t n = 0, looked_at = 0;
	uint32_t step;
	int rc;

	assert_int_equal(asc_export_begin(&x, p->a, kind), 0);
	do {
		step = 1 + any(50);
		looked_at += step;
		rc = asc_export_step(x, step, export_one, &n);
	} while (rc == 1);
	assert_int_equal(rc, 0);
	assert_in_range(asc_export_total(x), looked_at - step, looked_at - 1); /* the last step met the end */
	asc_export_free(x);
	return n;
}

static void check_all(struct place *p)
{
	uint64_t n = 0, expected = 0, of[WHOS] = { 0 };

	for (int w = 0; w < WHOS; w++) {
		for (int d = 0; d < DEVICES; d++) {
			for (int v = 0; v < VERDICTS; v++) {
				of[w] += model[w][d][v] != 0;
			}
		}
		assert_int_equal(asc_rule_count_of(p->a, whos[w]), of[w]);
		expected += of[w];
	}
	assert_int_equal(asc_rule_each(p->a, NULL, check_one, &n), 0);
	assert_int_equal(n, expected);
	assert_int_equal(export_all(p, ASC_KIND_ASSOC) + export_all(p, ASC_KIND_BLOCK), expected);
}

static void by_hand(struct place *p)
{
	uint32_t w = any(WHOS), d = any(DEVICES), v = any(VERDICTS);
	struct asc_rule_new r = {
		.who = whos[w], .device = device_of(d), .verdict = (uint8_t)v, .rights = (uint8_t)(1 + any(7))
	};

	if (any(2)) {
		assert_int_equal(asc_rule_add(p->a, &r, &p->why), 0);
		model[w][d][v] = v == ASSOC_BLOCK ? ASSOC_RIGHT_ALL : r.rights;
	} else if (model[w][d][v]) {
		assert_int_equal(asc_rule_del(p->a, whos[w], r.device, (int)v, &p->why), 0);
		model[w][d][v] = 0;
	}
}

/* Some rows of a kind, each key once; hands before, between and after; what the model says must be there. */
static void one_import(struct place *p)
{
	enum asc_kind kind = any(2) ? ASC_KIND_ASSOC : ASC_KIND_BLOCK;
	static uint8_t next[WHOS][DEVICES][VERDICTS];
	struct asc_import *im = begin(p, kind, any(2));
	struct asc_import_error error;
	struct ended e = { .over = false };
	uint32_t rows = any(3) ? any(60) : any(1500);
	bool replace = any(2);

	asc_import_free(im);
	im = begin(p, kind, replace);
	memcpy(next, model, sizeof next);
	for (int w = 0; w < WHOS && replace; w++) {
		for (int d = 0; d < DEVICES; d++) {
			for (int v = 0; v < VERDICTS; v++) {
				next[w][d][v] = (v == ASSOC_BLOCK) == (kind == ASC_KIND_BLOCK) ? 0 : next[w][d][v];
			}
		}
	}
	static bool given[WHOS][DEVICES][VERDICTS];
	memset(given, 0, sizeof given);
	for (uint32_t i = 0; i < rows; i++) {
		uint32_t w = any(WHOS), d = any(DEVICES), v = kind == ASC_KIND_BLOCK ? ASSOC_BLOCK : any(2);
		uint8_t rights = (uint8_t)(1 + any(7));

		if (given[w][d][v]) {
			continue;
		}
		given[w][d][v] = true;
		assert_int_equal(row(p, im, i + 1, (int)v, whos[w], device_of(d), rights), 0);
		next[w][d][v] = v == ASSOC_BLOCK ? ASSOC_RIGHT_ALL : rights;
	}
	assert_int_equal(asc_import_build(im, &error), 0);
	check_all(p); /* as before */
	memcpy(model, next, sizeof next);
	asc_import_finish(im, on_done, &e);
	wait_over(p, &e);
	assert_int_equal(e.err, 0);
	asc_import_free(im);
	check_all(p);
}

static void test_random_imports_leave_what_a_plain_list_says(void **state)
{
	struct asc_group fleet = { .name = "fleet" };
	struct place *p = *state;

	place_two_scs(p);
	assert_int_equal(asc_group_put(p->a, &fleet, &p->why), 0);
	memset(model, 0, sizeof model);
	for (int round = 0; round < 25; round++) {
		for (int i = 0; i < 10; i++) {
			by_hand(p);
		}
		one_import(p);
		if (round % 5 == 0) {
			assert_int_equal(place_open(p), 0);
			check_all(p);
			assert_int_equal(place_generations(p), 1);
		}
	}
	assert_true(checked > 1000);
}

/* Hands between the beginning and the switch, on the keys of the file too: as if they had come after it. */
static void test_random_hands_during_imports(void **state)
{
	struct asc_group fleet = { .name = "fleet" };
	struct place *p = *state;

	place_two_scs(p);
	assert_int_equal(asc_group_put(p->a, &fleet, &p->why), 0);
	memset(model, 0, sizeof model);
	for (int round = 0; round < 12; round++) {
		struct asc_import *im = begin(p, ASC_KIND_ASSOC, round % 2);
		static uint8_t before[WHOS][DEVICES][VERDICTS], file[WHOS][DEVICES][VERDICTS];
		static bool given[WHOS][DEVICES][VERDICTS], touched[WHOS][DEVICES][VERDICTS];
		struct asc_import_error error;
		struct ended e = { .over = false };

		memcpy(before, model, sizeof before);
		memset(given, 0, sizeof given);
		memset(touched, 0, sizeof touched);
		for (uint32_t i = 0; i < 400; i++) {
			uint32_t w = any(WHOS), d = any(DEVICES), v = any(2);

			if (given[w][d][v]) {
				continue;
			}
			given[w][d][v] = true;
			file[w][d][v] = (uint8_t)(1 + any(7));
			assert_int_equal(row(p, im, i + 1, (int)v, whos[w], device_of(d), file[w][d][v]), 0);
		}
		for (int i = 0; i < 60; i++) {
			uint32_t w = any(WHOS), d = any(DEVICES), v = any(2);
			struct asc_rule_new r = {
				.who = whos[w], .device = device_of(d), .verdict = (uint8_t)v, .rights = (uint8_t)(1 + any(7))
			};

			if (i == 30) {
				assert_int_equal(asc_import_build(im, &error), 0);
			}
			assert_int_equal(asc_rule_add(p->a, &r, &p->why), 0);
			model[w][d][v] = r.rights;
			touched[w][d][v] = true;
			if (any(3) == 0) {
				assert_int_equal(asc_rule_del(p->a, whos[w], device_of(d), (int)v, &p->why), 0);
				model[w][d][v] = 0;
			}
		}
		check_all(p);
		for (int w = 0; w < WHOS; w++) {
			for (int d = 0; d < DEVICES; d++) {
				for (int v = 0; v < 2; v++) {
					if (!touched[w][d][v]) {
						model[w][d][v] = given[w][d][v] ? file[w][d][v] : round % 2 ? 0 : before[w][d][v];
					}
				}
			}
		}
		asc_import_finish(im, on_done, &e);
		wait_over(p, &e);
		assert_int_equal(e.err, 0);
		asc_import_free(im);
		check_all(p);
	}
	assert_int_equal(place_open(p), 0);
	check_all(p);
}

/* -- killed */

static int same_rights(void *arg, const struct assoc_rule *r)
{
	int *state = arg;

	if (state[0] == 0) {
		state[0] = r->rights;
	}
	state[1]++;
	return state[0] == r->rights ? 0 : 1;
}

enum { FLEET = 1000 };

/* 0, or the step that failed. */
static int replace_fleet(struct place *p, uint8_t rights)
{
	struct asc_import *im = begin(p, ASC_KIND_ASSOC, true);
	struct asc_import_error error;
	struct ended e = { .over = false };

	for (uint64_t i = 0; i < FLEET; i++) {
		char device[40];

		snprintf(device, sizeof device, "m%llu@a.example", (unsigned long long)(i * 7919 % FLEET));
		if (row(p, im, i + 1, ASSOC_ALLOW, "acme", i == 0 ? "*@b.example" : device, rights)) {
			return 2;
		}
	}
	if (asc_import_build(im, &error)) {
		return 3;
	}
	asc_import_finish(im, on_done, &e);
	wait_over(p, &e);
	asc_import_free(im);
	return e.err ? 4 : 0;
}

/* Replaces the whole fleet's rights again and again, telling after each switch; the kernel ends it at some microsecond of its
 * own time. */
static void child(struct place *p, int tell, long after_us)
{
	struct sigevent kill_me = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL };
	struct itimerspec at = { .it_value = { after_us / 1000000, after_us % 1000000 * 1000 + 1 } };
	timer_t timer;

	if (place_open(p) || timer_create(CLOCK_PROCESS_CPUTIME_ID, &kill_me, &timer) || timer_settime(timer, 0, &at, NULL)) {
		_exit(1);
	}
	for (int round = 0;; round++) {
		uint8_t rights = (uint8_t)(1 + round % 7);
		int failed = replace_fleet(p, rights);

		if (failed || write(tell, &rights, 1) != 1) {
			_exit(failed ? failed : 5);
		}
	}
}

static void test_killed_at_any_instant_the_state_is_one_whole_file(void **state)
{
	struct place *p = *state;
	const struct asc_kept *kept;
	uint32_t span_us = 20000; /* about one or two imports; found while going */
	int whole = 0;

	p->conf.undo_max = 2;
	p->conf.undo_octets_max = 64u << 20;
	place_two_scs(p);
	place_close(p);
	for (int round = 0; round < 40; round++) {
		int to_us[2], status, seen[2] = { 0, 0 };
		uint8_t told = 0, next, c;
		pid_t pid;

		assert_int_equal(pipe(to_us), 0);
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			child(p, to_us[1], 1000 + (long)any(span_us));
		}
		close(to_us[1]);
		while (read(to_us[0], &c, 1) == 1) {
			told = c;
		}
		close(to_us[0]);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(place_open(p), 0);
		assert_int_equal(place_generations(p),
				 1 + asc_kept(p->a, &kept)); /* what was left is gone, what is kept is not */
		assert_int_equal(asc_rule_each(p->a, NULL, same_rights, seen), 0);
		assert_int_equal(asc_rule_count(p->a), seen[1]);
		assert_true(seen[1] == 0 || seen[1] == FLEET);
		next = (uint8_t)(1 + told % 7);
		if (told) {
			assert_true(seen[0] == told || seen[0] == next); /* what was told is there, or already the next */
		}
		whole += told != 0;
		span_us = told ? span_us - span_us / 8 : span_us + span_us / 4;
		place_close(p);
	}
	assert_true(whole > 0);
	assert_int_equal(place_open(p), 0);
	for (uint8_t i = 1; i <= 3; i++) { /* those that were killed may have switched once only */
		assert_int_equal(replace_fleet(p, i), 0);
	}
	assert_int_equal(asc_kept(p->a, &kept), 2);
}

/* -- generations that cannot be trusted */

static void test_a_generation_that_is_missing_or_damaged_is_not_opened(void **state)
{
	struct place *p = *state;
	struct asc_import *im;
	char path[128], other[128];
	struct stat st;

	place_two_scs(p);
	im = begin(p, ASC_KIND_ASSOC, false);
	for (uint64_t i = 0; i < 2000; i++) {
		char device[32];

		snprintf(device, sizeof device, "m%llu@a.example", (unsigned long long)i);
		assert_int_equal(row(p, im, i + 1, ASSOC_ALLOW, "acme", device, ASSOC_RIGHT_TRIGGER), 0);
	}
	assert_int_equal(finish(p, im).err, 0);
	place_close(p);
	snprintf(path, sizeof path, "%s/dev-2/data.mdb", p->dir);
	snprintf(other, sizeof other, "%s/dev-2/elsewhere", p->dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(rename(path, other), 0);
	assert_int_equal(place_open(p), ERR_PROTO);
	assert_non_null(strstr(p->why.text, "missing"));
	assert_int_equal(rename(other, path), 0);
	assert_int_equal(place_open(p), 0);
	place_close(p);
	assert_int_equal(truncate(path, st.st_size / 8192 * 4096), 0);
	assert_int_equal(place_open(p), ERR_PROTO);
	assert_non_null(strstr(p->why.text, "truncated"));
	assert_int_equal(truncate(path, 0), 0);
	assert_int_equal(place_open(p), ERR_PROTO);
}

static void put_format(const struct place *p, const char *format)
{
	MDB_val k = { 6, (void *)(uintptr_t) "format" }, v = { 4 + strlen("association rows"), (void *)(uintptr_t)format };
	char dir[96];
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;

	snprintf(dir, sizeof dir, "%s/dev-1", p->dir);
	assert_int_equal(mdb_env_create(&env), 0);
	assert_int_equal(mdb_env_set_maxdbs(env, 8), 0);
	assert_int_equal(mdb_env_open(env, dir, 0, 0600), 0);
	assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
	assert_int_equal(mdb_dbi_open(txn, "meta", 0, &dbi), 0);
	assert_int_equal(mdb_put(txn, dbi, &k, &v, 0), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
	mdb_env_close(env);
}

static void test_a_newer_generation_is_said_to_be_newer(void **state)
{
	struct place *p = *state;

	place_close(p);
	put_format(p, "\5\0\0\0association rows");
	assert_int_equal(place_open(p), ERR_VERSION);
	assert_non_null(strstr(p->why.text, "newer program"));
	put_format(p, "\4\0\0\0association rows");
	assert_int_equal(place_open(p), 0);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		PLACE_TEST(test_rows_are_added_or_replace_their_key),
		PLACE_TEST(test_a_file_can_become_everything_of_its_kind),
		PLACE_TEST(test_scss_come_change_and_go),
		PLACE_TEST(test_groups_with_their_members),
		PLACE_TEST(test_sets_with_their_members),
		PLACE_TEST(test_wrong_rows_are_said_with_their_lines_and_nothing_happens),
		PLACE_TEST(test_one_at_a_time_and_ended_at_every_step),
		PLACE_TEST(test_an_owner_that_missed_the_lock_gives_rows),
		PLACE_TEST(test_an_import_that_was_not_begun_ends_with_the_store),
		PLACE_TEST(test_changes_by_hand_come_after_the_import),
		PLACE_TEST(test_a_set_by_hand_of_the_name_of_a_new_one_is_said),
		PLACE_TEST(test_random_imports_leave_what_a_plain_list_says),
		PLACE_TEST(test_random_hands_during_imports),
		PLACE_TEST(test_killed_at_any_instant_the_state_is_one_whole_file),
		PLACE_TEST(test_a_generation_that_is_missing_or_damaged_is_not_opened),
		PLACE_TEST(test_a_newer_generation_is_said_to_be_newer),
	};

	return cmocka_run_group_tests_name("asc_import", tests, NULL, NULL);
}
