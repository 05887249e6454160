/* The association store: what is stored is found, by every way and after every opening; what cannot be trusted is not opened. */
#include "tests/unit/assoc/store_place.h"

#include <fcntl.h>
#include <signal.h>
#include <lmdb.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "assoc/asc.h"
#include "tests/support/asc_wait.h"

static void test_an_scs_is_found_by_each_of_its_names(void **state)
{
	struct place *p = *state;

	place_two_scs(p);
	for (int round = 0; round < 2; round++) {
		assert_string_equal(asc_scs_find(p->a, "acme")->e164, "49170123456");
		assert_string_equal(asc_scs_by_origin_host(p->a, "SCS.beta.Example")->name, "beta");
		assert_null(asc_scs_find(p->a, "gamma"));
		assert_null(asc_scs_by_origin_host(p->a, "scs.gamma.example"));
		assert_int_equal(asc_scs_count(p->a), 2);
		assert_int_equal(place_open(p), 0);
	}
}

/* What was found is remembered; a change of the store is seen all the same. */
static void test_an_scs_that_was_found_before_is_found_as_it_is_now(void **state)
{
	struct place *p = *state;
	struct asc_scs s;

	place_two_scs(p);
	for (int i = 0; i < 2; i++) {
		assert_string_equal(asc_scs_find(p->a, "acme")->name, "acme");
		assert_string_equal(asc_scs_find(p->a, "acme")->name, "acme");
		assert_string_equal(asc_scs_find(p->a, "beta")->name, "beta");
		assert_null(asc_scs_find(p->a, "acm"));
		assert_null(asc_scs_find(p->a, "acmee"));
	}
	s = place_scs("acme", "49170123459", "scs.acme.example");
	assert_string_equal(asc_scs_find(p->a, "acme")->e164, "49170123456");
	assert_int_equal(asc_scs_put(p->a, &s, &p->why), 0);
	assert_string_equal(asc_scs_find(p->a, "acme")->e164, "49170123459");
	assert_int_equal(asc_scs_del(p->a, "acme", &p->why), 0);
	assert_null(asc_scs_find(p->a, "acme"));
	assert_string_equal(asc_scs_find(p->a, "beta")->name, "beta");
}

static void test_an_scs_keeps_every_member_over_a_restart(void **state)
{
	struct asc_scs s = place_scs("acme", "49170123456", "SCS.Acme.Example");
	const struct asc_scs *back;
	struct place *p = *state;

	s.payload_max = 160;
	s.validity_max_s = 3600;
	s.port_min = 9000;
	s.port_max = 9999;
	s.priority_allowed = false;
	s.actions = ASSOC_RIGHT_TRIGGER;
	s.rate_per_s = 5;
	s.burst = 10;
	s.quota_per_day = 1000;
	s.connections_max = 2;
	s.pending_max = 64;
	s.p_bit_optional = true;
	s.strict_answers = true;
	assert_int_equal(asc_scs_put(p->a, &s, &p->why), 0);
	assert_int_equal(place_open(p), 0);
	back = asc_scs_find(p->a, "acme");
	assert_non_null(back);
	strcpy(s.origin_host, "scs.acme.example"); /* canonical */
	assert_string_equal(back->origin_host, s.origin_host);
	assert_string_equal(back->realm, s.realm);
	assert_string_equal(back->anchor, s.anchor);
	assert_string_equal(back->e164, s.e164);
	assert_int_equal(back->payload_max, 160);
	assert_int_equal(back->validity_max_s, 3600);
	assert_int_equal(back->port_min, 9000);
	assert_int_equal(back->port_max, 9999);
	assert_false(back->priority_allowed);
	assert_int_equal(back->actions, ASSOC_RIGHT_TRIGGER);
	assert_int_equal(back->rate_per_s, 5);
	assert_int_equal(back->burst, 10);
	assert_int_equal(back->quota_per_day, 1000);
	assert_int_equal(back->connections_max, 2);
	assert_int_equal(back->pending_max, 64);
	assert_true(back->p_bit_optional);
}

static void test_two_scs_never_share_a_name(void **state)
{
	struct place *p = *state;
	struct asc_scs s;

	place_two_scs(p);
	s = place_scs("gamma", "49170123458", "SCS.acme.example");
	assert_int_equal(asc_scs_put(p->a, &s, &p->why), ERR_EXISTS);
	assert_string_equal(p->why.text, "origin-host 'scs.acme.example' belongs to SCS 'acme' already");
	s = place_scs("gamma", "49170123457", "scs.gamma.example");
	assert_int_equal(asc_scs_put(p->a, &s, &p->why), ERR_EXISTS);
	s = place_scs("beta", "49170123459", "scs.beta.example"); /* its own host: replaced */
	assert_int_equal(asc_scs_put(p->a, &s, &p->why), 0);
	assert_string_equal(asc_scs_find(p->a, "beta")->e164, "49170123459");
	assert_int_equal(asc_scs_count(p->a), 2);
	s = place_scs("gamma", "49170123457", "scs.gamma.example"); /* the number is free again */
	assert_int_equal(asc_scs_put(p->a, &s, &p->why), 0);
}

static void test_a_wrong_scs_record_is_refused_with_the_member_that_is_wrong(void **state)
{
	static const struct {
		const char *name, *e164, *host, *word;
	} rows[] = {
		{ "", "49170123456", "a.example", "name" },
		{ "Acme", "49170123456", "a.example", "name" },
		{ "acme", "+49170123456", "a.example", "e164" },
		{ "acme", "049170123456", "a.example", "e164" },
		{ "acme", "49170123456", "a_b.example", "origin-host" },
		{ "acme", "49170123456", "", "origin-host" },
	};
	struct place *p = *state;
	uint64_t generation = asc_generation(p->a);

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct asc_scs s = place_scs(rows[i].name, rows[i].e164, rows[i].host);

		assert_int_equal(asc_scs_put(p->a, &s, &p->why), ERR_INVAL);
		assert_non_null(strstr(p->why.text, rows[i].word));
	}
	assert_int_equal(asc_scs_count(p->a), 0);
	assert_true(asc_generation(p->a) == generation);
}

static void test_rules_are_found_on_every_axis_and_after_a_restart(void **state)
{
	struct place *p = *state;

	place_two_scs(p);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "acme", "meter-1@A.Example"), 0);
	assert_int_equal(place_add(p, ASSOC_DENY, "acme", "meter-1@a.example"), 0);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "beta", "meter-1@a.example"), 0);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "acme", "*@a.example"), 0);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "acme", "msisdn:491700000100-491700000199"), 0);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "acme", "msisdn:491700000150"), 0);
	assert_int_equal(place_add(p, ASSOC_BLOCK, "*", "meter-1@a.example"), 0);
	assert_int_equal(place_add(p, ASSOC_BLOCK, "beta", "*"), 0);
	for (int round = 0; round < 2; round++) {
		assert_int_equal(asc_rule_count(p->a), 8);
		assert_string_equal(place_found(p, "acme", "meter-1@a.example", NULL),
				    "allow acme *@a.example trigger;allow acme meter-1@a.example trigger;"
				    "deny acme meter-1@a.example trigger;block * meter-1@a.example");
		assert_string_equal(place_found(p, "beta", "meter-1@a.example", NULL),
				    "block beta *;allow beta meter-1@a.example trigger;block * meter-1@a.example");
		assert_string_equal(place_found(p, "acme", NULL, "491700000150"),
				    "allow acme msisdn:491700000100-491700000199 trigger;allow acme msisdn:491700000150 trigger");
		assert_string_equal(place_found(p, "acme", NULL, "491700000099"), "");
		assert_string_equal(place_found(p, "acme", NULL, "491700000200"), "");
		assert_string_equal(place_found(p, "acme", NULL, "49170000015"), "");
		assert_string_equal(place_found(p, "acme", "meter-2@b.example", NULL), "");
		assert_string_equal(place_found(p, "acme", "x@sub.a.example", NULL), ""); /* a domain is that domain */
		assert_string_equal(place_found(p, "acme", "x@a.example", "491700000150"),
				    "allow acme *@a.example trigger;allow acme msisdn:491700000100-491700000199 trigger;"
				    "allow acme msisdn:491700000150 trigger");
		assert_string_equal(place_found(p, "nobody", "meter-1@a.example", NULL), "block * meter-1@a.example");
		assert_int_equal(place_open(p), 0);
	}
}

static void test_a_rule_says_its_axis_width_and_times(void **state)
{
	struct asc_rule_new r = { "acme",       "msisdn:491700000100-491700000199", ASSOC_ALLOW, ASSOC_RIGHT_ALL, 100, 200,
				  ASSOC_ENFORCE };
	struct asc_rule_new exact = { "acme", "msisdn:491700000150", ASSOC_DENY, ASSOC_RIGHT_RECALL, 300, 0, ASSOC_ENFORCE };
	struct asc_device device = { NULL, "491700000150" };
	static struct assoc_found f;
	struct place *p = *state;

	place_two_scs(p);
	assert_int_equal(asc_rule_add(p->a, &r, &p->why), 0);
	assert_int_equal(asc_rule_add(p->a, &exact, &p->why), 0);
	assert_int_equal(place_open(p), 0);
	assert_int_equal(asc_find_rules(p->a, &(struct asc_asker){ .scs = "acme" }, &device, &f), 0);
	assert_int_equal(f.n, 2);
	assert_int_equal(f.rules[0].device_axis, ASSOC_DEVICE_RANGE);
	assert_int_equal(f.rules[0].width, 100);
	assert_int_equal(f.rules[0].rights, ASSOC_RIGHT_ALL);
	assert_true(f.rules[0].not_before_s == 100 && f.rules[0].not_after_s == 200);
	assert_int_equal(f.rules[1].device_axis, ASSOC_DEVICE_EXACT);
	assert_int_equal(f.rules[1].verdict, ASSOC_DENY);
	assert_int_equal(f.rules[1].rights, ASSOC_RIGHT_RECALL);
	assert_true(f.rules[1].not_before_s == 300 && f.rules[1].not_after_s == 0);
}

static void test_adding_a_rule_again_replaces_it(void **state)
{
	struct asc_rule_new r = { "acme", "meter-1@a.example", ASSOC_ALLOW, ASSOC_RIGHT_TRIGGER, 0, 0, ASSOC_ENFORCE };
	struct place *p = *state;

	place_two_scs(p);
	assert_int_equal(asc_rule_add(p->a, &r, &p->why), 0);
	r.rights = ASSOC_RIGHT_ALL;
	assert_int_equal(asc_rule_add(p->a, &r, &p->why), 0);
	r.device = "*@a.example";
	assert_int_equal(asc_rule_add(p->a, &r, &p->why), 0);
	r.rights = ASSOC_RIGHT_RECALL;
	assert_int_equal(asc_rule_add(p->a, &r, &p->why), 0);
	assert_int_equal(asc_rule_count(p->a), 2);
	assert_string_equal(place_found(p, "acme", "meter-1@a.example", NULL),
			    "allow acme *@a.example recall;allow acme meter-1@a.example trigger,recall,replace");
}

static void test_a_mode_is_kept_and_changed_by_adding_again(void **state)
{
	static const char *const devices[] = { "m@a.example", "*@a.example", "msisdn:491700000100-491700000199", "set:trial" };
	static const struct asc_device asked = { "m@a.example", "491700000150" };
	struct asc_rule_new r = { .who = "acme", .verdict = ASSOC_DENY, .rights = ASSOC_RIGHT_RECALL };
	static struct assoc_found f;
	struct place *p = *state;

	place_two_scs(p);
	assert_int_equal(asc_dset_add(p->a, "trial", &p->why), 0);
	assert_int_equal(asc_dset_member_add(p->a, "trial", "m@a.example", &p->why), 0);
	for (int round = 0; round < 3; round++) {
		uint64_t generation = asc_generation(p->a);

		r.mode = round == 1 ? ASSOC_ENFORCE : ASSOC_DETECT;
		for (size_t i = 0; i < sizeof devices / sizeof devices[0]; i++) {
			r.device = devices[i];
			assert_int_equal(asc_rule_add(p->a, &r, &p->why), 0);
		}
		assert_int_equal(asc_generation(p->a), generation + 4); /* one change each */
		assert_int_equal(asc_rule_count(p->a), 4);
		for (int again = 0; again < 2; again++) {
			assert_int_equal(asc_find_rules(p->a, &(struct asc_asker){ .scs = "acme" }, &asked, &f), 0);
			assert_int_equal(f.n, 4);
			for (uint8_t i = 0; i < f.n; i++) {
				assert_int_equal(f.rules[i].mode, r.mode);
				assert_int_equal(f.rules[i].rights, ASSOC_RIGHT_RECALL);
			}
			assert_int_equal(place_open(p), 0);
		}
	}
}

static void test_only_deny_and_block_can_be_detect_only(void **state)
{
	struct asc_rule_new r = { .who = "acme", .device = "m@a.example", .verdict = ASSOC_ALLOW, .rights = ASSOC_RIGHT_TRIGGER };
	struct place *p = *state;
	uint64_t generation;

	place_two_scs(p);
	generation = asc_generation(p->a);
	r.mode = ASSOC_DETECT;
	assert_int_equal(asc_rule_add(p->a, &r, &p->why), ERR_INVAL);
	assert_non_null(strstr(p->why.text, "only deny and block rules can be"));
	r.verdict = ASSOC_DENY;
	r.mode = ASSOC_DETECT + 1;
	assert_int_equal(asc_rule_add(p->a, &r, &p->why), ERR_INVAL);
	assert_non_null(strstr(p->why.text, "mode"));
	assert_int_equal(asc_generation(p->a), generation);
	r.verdict = ASSOC_BLOCK;
	r.mode = ASSOC_DETECT;
	assert_int_equal(asc_rule_add(p->a, &r, &p->why), 0);
}

static void test_rules_are_deleted_by_verdict_or_all(void **state)
{
	struct place *p = *state;

	place_two_scs(p);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "acme", "m@a.example"), 0);
	assert_int_equal(place_add(p, ASSOC_DENY, "acme", "m@a.example"), 0);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "beta", "m@a.example"), 0);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "acme", "*@a.example"), 0);
	assert_int_equal(place_add(p, ASSOC_DENY, "acme", "*@a.example"), 0);
	assert_int_equal(asc_rule_del(p->a, "acme", "m@A.example", ASSOC_DENY, &p->why), 0);
	assert_int_equal(asc_rule_del(p->a, "acme", "m@a.example", ASSOC_DENY, &p->why), ERR_NOTFOUND);
	assert_int_equal(asc_rule_del(p->a, "acme", "*@a.example", -1, &p->why), 0);
	assert_int_equal(asc_rule_del(p->a, "acme", "*@a.example", -1, &p->why), ERR_NOTFOUND);
	assert_int_equal(asc_rule_del(p->a, "gamma", "m@a.example", -1, &p->why), ERR_NOTFOUND);
	assert_int_equal(place_open(p), 0);
	assert_string_equal(place_found(p, "acme", "m@a.example", NULL), "allow acme m@a.example trigger");
	assert_string_equal(place_found(p, "beta", "m@a.example", NULL), "allow beta m@a.example trigger");
	assert_int_equal(asc_rule_count(p->a), 2);
}

static void test_an_scs_takes_its_rules_with_it_and_they_never_return(void **state)
{
	struct place *p = *state;

	place_two_scs(p);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "acme", "m@a.example"), 0);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "acme", "*@b.example"), 0);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "beta", "m@a.example"), 0);
	assert_int_equal(asc_scs_del(p->a, "acme", &p->why), 0);
	assert_int_equal(asc_scs_del(p->a, "acme", &p->why), ERR_NOTFOUND);
	assert_int_equal(asc_rule_count(p->a), 1);
	place_put(p, "acme", "49170123456", "scs.acme.example"); /* a new SCS of that name has no old rules */
	for (int round = 0; round < 2; round++) {
		assert_string_equal(place_found(p, "acme", "m@a.example", NULL), "");
		assert_string_equal(place_found(p, "acme", "m@b.example", NULL), "");
		assert_string_equal(place_found(p, "beta", "m@a.example", NULL), "allow beta m@a.example trigger");
		assert_int_equal(place_open(p), 0);
	}
	assert_int_equal(place_add(p, ASSOC_DENY, "acme", "m@a.example"),
			 0); /* the row is written again, without the dead entry */
	assert_string_equal(place_found(p, "acme", "m@a.example", NULL), "deny acme m@a.example trigger");
	assert_int_equal(asc_rule_count(p->a), 2);
}

static void test_a_wrong_rule_is_refused_in_words(void **state)
{
	static const struct {
		int verdict;
		const char *who, *device;
		int err;
	} rows[] = {
		{ ASSOC_ALLOW, "gamma", "m@a.example", ERR_NOTFOUND },
		{ ASSOC_ALLOW, "*", "m@a.example", ERR_INVAL },
		{ ASSOC_DENY, "acme", "*", ERR_INVAL },
		{ ASSOC_BLOCK, "*", "*", ERR_INVAL },
		{ ASSOC_ALLOW, "acme", "meter", ERR_INVAL },
		{ ASSOC_ALLOW, "acme", "", ERR_INVAL },
		{ ASSOC_ALLOW, "acme", "m@a.example.", ERR_INVAL },
		{ ASSOC_ALLOW, "acme", "m@@a.example", ERR_INVAL },
		{ ASSOC_ALLOW, "acme", "m m@a.example", ERR_INVAL },
		{ ASSOC_ALLOW, "acme", "*@", ERR_INVAL },
		{ ASSOC_ALLOW, "acme", "msisdn:", ERR_INVAL },
		{ ASSOC_ALLOW, "acme", "msisdn:+4917000", ERR_INVAL },
		{ ASSOC_ALLOW, "acme", "msisdn:04917000", ERR_INVAL },
		{ ASSOC_ALLOW, "acme", "msisdn:491700-491699", ERR_INVAL },
		{ ASSOC_ALLOW, "acme", "msisdn:491700-4917000", ERR_INVAL },
		{ ASSOC_ALLOW, "acme", "msisdn:491700-", ERR_INVAL },
		{ ASSOC_ALLOW, "acme", "msisdn:491700-491800-491900", ERR_INVAL },
		{ 3, "acme", "m@a.example", ERR_INVAL },
	};
	struct asc_rule_new r = { "acme", "m@a.example", ASSOC_ALLOW, 0, 0, 0, ASSOC_ENFORCE };
	struct place *p = *state;
	uint64_t generation;

	place_two_scs(p);
	generation = asc_generation(p->a);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		assert_int_equal(place_add(p, rows[i].verdict, rows[i].who, rows[i].device), rows[i].err);
		assert_true(p->why.text[0]);
	}
	assert_int_equal(asc_rule_add(p->a, &r, &p->why), ERR_INVAL); /* no right */
	r.rights = 8;
	assert_int_equal(asc_rule_add(p->a, &r, &p->why), ERR_INVAL);
	r.rights = ASSOC_RIGHT_TRIGGER;
	r.not_before_s = 10;
	r.not_after_s = 9;
	assert_int_equal(asc_rule_add(p->a, &r, &p->why), ERR_INVAL);
	assert_int_equal(asc_rule_count(p->a), 0);
	assert_true(asc_generation(p->a) == generation);
}

static void test_each_change_counts_and_is_kept(void **state)
{
	struct place *p = *state;
	uint64_t before;

	place_two_scs(p);
	before = asc_generation(p->a);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "acme", "m@a.example"), 0);
	assert_int_equal(asc_rule_del(p->a, "acme", "m@a.example", -1, &p->why), 0);
	assert_true(asc_generation(p->a) == before + 2);
	assert_int_equal(place_open(p), 0);
	assert_true(asc_generation(p->a) == before + 2);
}

static void test_one_device_has_a_bound_of_rules(void **state)
{
	char name[8], e164[16], host[32];
	struct asc_device device = { "m@a.example", NULL };
	static struct assoc_found f;
	struct place *p = *state;

	for (int i = 0; i <= ASC_RULES_PER_DEVICE_MAX; i++) {
		snprintf(name, sizeof name, "s%d", i);
		snprintf(e164, sizeof e164, "49170%06d", i);
		snprintf(host, sizeof host, "s%d.example", i);
		place_put(p, name, e164, host);
		assert_int_equal(place_add(p, ASSOC_ALLOW, name, "m@a.example"), i < ASC_RULES_PER_DEVICE_MAX ? 0 : ERR_LIMIT);
	}
	assert_int_equal(asc_find_rules(p->a, &(struct asc_asker){ .scs = "s254" }, &device, &f), 0);
	assert_int_equal(f.n, 1); /* the others' rules take no room */
}

static void test_rules_of_scss_that_are_gone_take_no_room(void **state)
{
	struct place *p = *state;

	for (int i = 0; i < ASC_RULES_PER_DEVICE_MAX + 5; i++) {
		place_put(p, "acme", "49170123456", "scs.acme.example");
		assert_int_equal(place_add(p, ASSOC_ALLOW, "acme", "m@a.example"), 0);
		assert_int_equal(asc_scs_del(p->a, "acme", &p->why), 0);
	}
}

static void test_more_matches_than_fit_are_said_to_be_more(void **state)
{
	struct asc_device device = { NULL, "491700000000" };
	static struct assoc_found f;
	struct place *p = *state;
	char range[64];

	place_two_scs(p);
	for (int i = 0; i <= ASSOC_FOUND_MAX; i++) {
		snprintf(range, sizeof range, "msisdn:491700000000-4917000%05d", i + 1);
		assert_int_equal(place_add(p, ASSOC_ALLOW, "acme", range), 0);
		assert_int_equal(asc_find_rules(p->a, &(struct asc_asker){ .scs = "acme" }, &device, &f), 0);
		assert_int_equal(f.overflow, i == ASSOC_FOUND_MAX);
	}
}

static int count_rule(void *arg, const struct assoc_rule *r)
{
	struct {
		int n, stop_at;
	} *c = arg;

	(void)r;
	c->n++;
	return c->n == c->stop_at ? 5 : 0;
}

static void test_rules_are_listed_all_of_one_scs_or_until_stopped(void **state)
{
	struct {
		int n, stop_at;
	} c = { 0, 0 };
	struct place *p = *state;

	place_two_scs(p);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "acme", "m@a.example"), 0);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "beta", "m@a.example"), 0);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "acme", "*@a.example"), 0);
	assert_int_equal(place_add(p, ASSOC_BLOCK, "*", "n@a.example"), 0);
	assert_int_equal(asc_rule_each(p->a, NULL, count_rule, &c), 0);
	assert_int_equal(c.n, 4);
	c.n = 0;
	assert_int_equal(asc_rule_each(p->a, "acme", count_rule, &c), 0);
	assert_int_equal(c.n, 2);
	c.n = 0;
	assert_int_equal(asc_rule_each(p->a, "*", count_rule, &c), 0);
	assert_int_equal(c.n, 1);
	c.n = 0;
	c.stop_at = 3;
	assert_int_equal(asc_rule_each(p->a, NULL, count_rule, &c), 5);
	assert_int_equal(c.n, 3);
}

/* --- what must not be opened -------------------------------------------------------------------------------------------------- */

static void test_a_store_is_open_once(void **state)
{
	struct place *p = *state;
	struct asc_conf conf = { .dir = p->dir };
	struct asc *second;

	assert_int_equal(asc_open(&second, &conf, &p->why), ERR_BUSY);
	assert_non_null(strstr(p->why.text, "another process"));
}

static void data_path(char out[96], const struct place *p)
{
	snprintf(out, 96, "%s/data.mdb", p->dir);
}

static void test_a_truncated_store_is_refused_at_every_length(void **state)
{
	struct place *p = *state;
	char path[96], device[32];
	struct stat st;
	uint8_t *whole;
	int fd, refused = 0, steps = 0;

	place_two_scs(p);
	for (int i = 0; i < 200; i++) {
		snprintf(device, sizeof device, "meter-%d@a.example", i);
		assert_int_equal(place_add(p, ASSOC_ALLOW, "acme", device), 0);
	}
	asc_close(p->a);
	p->a = NULL;
	data_path(path, p);
	assert_int_equal(stat(path, &st), 0);
	whole = malloc((size_t)st.st_size);
	assert_non_null(whole);
	fd = open(path, O_RDWR);
	assert_true(fd >= 0 && read(fd, whole, (size_t)st.st_size) == st.st_size);
	for (off_t len = 0; len < st.st_size; len += len % 4096 ? 4096 - len % 4096 : 1111) { /* on pages and inside */
		int err;

		assert_int_equal(ftruncate(fd, 0), 0);
		assert_true(pwrite(fd, whole, (size_t)len, 0) == len);
		err = place_open(p);
		steps++;
		if (err) {
			struct stat now;

			assert_true(p->why.text[0]);
			assert_int_equal(err, ERR_PROTO);
			assert_int_equal(stat(path, &now), 0);
			assert_true(now.st_size == len); /* left as it was found */
			refused++;
		} else { /* only free pages were cut off: everything must be there */
			assert_int_equal(asc_rule_count(p->a), 200);
			assert_string_equal(place_found(p, "acme", "meter-0@a.example", NULL),
					    "allow acme meter-0@a.example trigger");
		}
		asc_close(p->a);
		p->a = NULL;
	}
	assert_true(refused > steps / 2);
	close(fd);
	free(whole);
}

static void test_something_else_is_not_taken_for_a_store(void **state)
{
	struct place *p = *state;
	char path[96];
	FILE *f;

	asc_close(p->a);
	p->a = NULL;
	data_path(path, p);
	f = fopen(path, "w");
	assert_non_null(f);
	for (int i = 0; i < 3000; i++) {
		fputs("this is not a database\n", f);
	}
	fclose(f);
	assert_int_equal(place_open(p), ERR_PROTO);
	assert_non_null(strstr(p->why.text, "not a database"));
}

/* Writes one record into a named database, as a program of tomorrow would. Rows of devices are in the generation. */
static void write_raw(const struct place *p, const char *dbi_name, const char *key, size_t key_len, const char *val,
		      size_t val_len)
{
	char dir[96];
	MDB_val k = { key_len, (void *)(uintptr_t)key }, v = { val_len, (void *)(uintptr_t)val };
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;

	assert_int_equal(mdb_env_create(&env), 0);
	assert_int_equal(mdb_env_set_maxdbs(env, 8), 0);
	snprintf(dir, sizeof dir, "%s%s", p->dir, strcmp(dbi_name, "dev") ? "" : "/dev-1");
	assert_int_equal(mdb_env_open(env, dir, 0, 0600), 0);
	assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
	assert_int_equal(mdb_dbi_open(txn, dbi_name, MDB_CREATE, &dbi), 0);
	assert_int_equal(mdb_put(txn, dbi, &k, &v, 0), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
	mdb_env_close(env);
}

static void test_a_newer_format_is_said_to_be_newer(void **state)
{
	struct place *p = *state;

	asc_close(p->a);
	p->a = NULL;
	write_raw(p, "meta", "format", 6, "\5\0\0\0association store", 21);
	assert_int_equal(place_open(p), ERR_VERSION);
	assert_non_null(strstr(p->why.text, "version 5"));
	assert_non_null(strstr(p->why.text, "newer program"));
	write_raw(p, "meta", "format", 6, "\1\0\0\0trigger journal", 19);
	assert_int_equal(place_open(p), ERR_PROTO);
	assert_non_null(strstr(p->why.text, "something else"));
}

static void test_records_of_another_version_are_not_opened(void **state)
{
	struct place *p = *state;

	asc_close(p->a);
	p->a = NULL;
	write_raw(p, "scs", "\2acme", 5, "\1", 1);
	assert_int_equal(place_open(p), ERR_VERSION);
}

#define V1_SCS(n)                                                                                                                \
	"\1" n "\0\0\0"                                                                                                          \
	"\13"                                                                                                                    \
	"49170123456"                                                                                                            \
	"\20"                                                                                                                    \
	"scs.acme.example"                                                                                                       \
	"\14"                                                                                                                    \
	"acme.example"                                                                                                           \
	"\10"                                                                                                                    \
	"anchor-a"
#define V1_REST                                                                                                                  \
	"\0\0\377\377"                                                                                                           \
	"\1"                                                                                                                     \
	"\7"                                                                                                                     \
	"\0\0\0\0"                                                                                                               \
	"\0\0\0\0"                                                                                                               \
	"\0\0\0\0"

/* The program before wrote every limit down, whether it was named or not: a default is the configuration's from then on. */
static void test_an_scs_of_the_version_before_keeps_what_was_not_default(void **state)
{
	static const char defaults[] = V1_SCS("\1") "\0\4\0\0"
						    "\200\72\11\0" V1_REST "\10\0\0\0"
						    "\0\4\0\0";
	static const char narrow[] = V1_SCS("\1") "\240\0\0\0"
						  "\20\16\0\0" V1_REST "\2\0\0\0"
						  "\100\0\0\0";
	static const struct {
		const char *record;
		size_t len;
		uint32_t payload, validity_s, connections, pending;
	} rows[] = {
		{ defaults, sizeof defaults - 1, 0, 0, 0, 0 },
		{ narrow, sizeof narrow - 1, 160, 3600, 2, 64 },
	};
	struct place *p = *state;
	const struct asc_scs *s;

	place_two_scs(p); /* their numbers are given */
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		asc_close(p->a);
		p->a = NULL;
		write_raw(p, "scs", "\1acme", 5, rows[i].record, rows[i].len);
		assert_int_equal(place_open(p), 0);
		s = asc_scs_find(p->a, "acme");
		assert_non_null(s);
		assert_int_equal(s->payload_max, rows[i].payload);
		assert_int_equal(s->validity_max_s, rows[i].validity_s);
		assert_int_equal(s->connections_max, rows[i].connections);
		assert_int_equal(s->pending_max, rows[i].pending);
		assert_false(s->strict_answers);
	}
	assert_int_equal(asc_scs_limit(0, 32), 32);
	assert_int_equal(asc_scs_limit(8, 32), 8);
	assert_int_equal(asc_scs_limit(64, 32), 32);
}

static void test_a_damaged_scs_record_is_not_opened(void **state)
{
	struct place *p = *state;

	asc_close(p->a);
	p->a = NULL;
	write_raw(p, "scs", "\1acme", 5, "\1\1\0\0\0", 5);
	assert_int_equal(place_open(p), ERR_PROTO);
	assert_non_null(strstr(p->why.text, "'acme' is damaged"));
}

static void test_a_damaged_row_is_an_error_and_no_rules(void **state)
{
	struct asc_device device = { "m@a.example", NULL };
	static struct assoc_found f;
	struct place *p = *state;

	place_two_scs(p);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "acme", "*@a.example"), 0);
	asc_close(p->a);
	p->a = NULL;
	write_raw(p, "dev", "\1m@a.example", 12, "\1\1\7\1\0", 5); /* cut inside an entry */
	assert_int_equal(place_open(p), 0);
	assert_int_equal(asc_find_rules(p->a, &(struct asc_asker){ .scs = "acme" }, &device, &f), ERR_PROTO);
	assert_int_equal(f.n, 0); /* the domain's allow is not used alone: what the row said is unknown */
	assert_int_equal(place_add(p, ASSOC_ALLOW, "acme", "m@a.example"), ERR_PROTO);
	asc_close(p->a);
	p->a = NULL;
	write_raw(p, "dev", "\1m@a.example", 12, "\1\11\7\1\0\0\0", 8); /* an allow that is detect-only */
	assert_int_equal(place_open(p), 0);
	assert_int_equal(asc_find_rules(p->a, &(struct asc_asker){ .scs = "acme" }, &device, &f), ERR_PROTO);
}

static void test_a_full_store_refuses_and_stays_whole(void **state)
{
	struct place *p = *state;
	struct asc_conf conf = { .dir = p->dir, .map_max = 128u << 10 };
	char device[300];
	uint64_t n;
	int err = 0;

	asc_close(p->a);
	assert_int_equal(asc_open(&p->a, &conf, &p->why), 0);
	place_two_scs(p);
	for (int i = 0; i < 5000 && !err; i++) {
		snprintf(device, sizeof device, "%0200d@a.example", i);
		n = asc_rule_count(p->a);
		err = place_add(p, ASSOC_ALLOW, "acme", device);
	}
	assert_int_equal(err, ERR_NOSPC);
	assert_true(asc_rule_count(p->a) == n);
	assert_string_equal(place_found(p, "acme", device, NULL), "");
	asc_close(p->a);
	assert_int_equal(asc_open(&p->a, &conf, &p->why), 0);
	assert_true(asc_rule_count(p->a) == n);
}

/* A process is killed in the middle of many changes: what it was told is stored is stored. */
static void test_killed_at_any_instant_nothing_told_is_lost(void **state)
{
	struct place *p = *state;
	int to_us[2], told = 0, status;
	pid_t child;
	char device[32];

	place_two_scs(p);
	asc_close(p->a);
	p->a = NULL;
	assert_int_equal(pipe(to_us), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		if (place_open(p)) {
			_exit(1);
		}
		for (int i = 0;; i++) {
			snprintf(device, sizeof device, "m%d@a.example", i);
			if (place_add(p, ASSOC_ALLOW, "acme", device) || write(to_us[1], "x", 1) != 1) {
				_exit(1);
			}
		}
	}
	close(to_us[1]);
	for (char c; told < 60 && read(to_us[0], &c, 1) == 1;) {
		told++;
	}
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	for (char c; read(to_us[0], &c, 1) == 1;) {
		told++;
	}
	close(to_us[0]);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(place_open(p), 0);
	assert_true(asc_rule_count(p->a) >= (uint64_t)told);
	for (int i = 0; i < told; i++) {
		snprintf(device, sizeof device, "m%d@a.example", i);
		assert_string_not_equal(place_found(p, "acme", device, NULL), "");
	}
}

static int drop_database(const struct place *p, const char *name)
{
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;
	int rc;

	assert_int_equal(mdb_env_create(&env), 0);
	assert_int_equal(mdb_env_set_maxdbs(env, 8), 0);
	assert_int_equal(mdb_env_open(env, p->dir, 0, 0600), 0);
	assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
	rc = mdb_dbi_open(txn, name, 0, &dbi);
	if (!rc) {
		rc = mdb_drop(txn, dbi, 1);
	}
	assert_int_equal(mdb_txn_commit(txn), 0);
	mdb_env_close(env);
	return rc;
}

static void test_a_store_of_the_format_before_is_opened_and_brought_up(void **state)
{
	struct place *p = *state;
	struct asc_group fleet = { .name = "fleet" };

	place_two_scs(p);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "acme", "m@a.example"), 0);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "acme", "*@b.example"), 0);
	asc_close(p->a);
	p->a = NULL;
	assert_int_equal(drop_database(p, "group"), 0);
	assert_int_equal(drop_database(p, "member"), 0);
	assert_int_equal(drop_database(p, "dset"), 0);
	write_raw(p, "meta", "format", 6, "\1\0\0\0association store", 21);
	for (int round = 0; round < 2; round++) {
		assert_int_equal(place_open(p), 0);
		assert_string_equal(place_found(p, "acme", "m@a.example", NULL), "allow acme m@a.example trigger");
		assert_string_equal(place_found(p, "acme", "m@b.example", NULL), "allow acme *@b.example trigger");
		assert_int_equal(asc_scs_count(p->a), 2);
		assert_int_equal(asc_group_put(p->a, &fleet, &p->why), 0);
	}
	asc_close(p->a);
	p->a = NULL;
	assert_int_equal(drop_database(p, "dset"), 0);
	write_raw(p, "meta", "format", 6, "\2\0\0\0association store", 21);
	assert_int_equal(place_open(p), 0);
	assert_non_null(asc_group_find(p->a, "fleet"));
	assert_int_equal(asc_dset_add(p->a, "trial", &p->why), 0);
	asc_close(p->a);
	p->a = NULL;
	write_raw(p, "meta", "format", 6, "\3\0\0\0association store", 21);
	assert_int_equal(place_open(p), 0);
	assert_string_equal(place_found(p, "acme", "m@a.example", NULL), "allow acme m@a.example trigger");
	assert_true(asc_dset_there(p->a, "trial"));
	asc_close(p->a);
	p->a = NULL;
	write_raw(p, "meta", "format", 6, "\0\0\0\0association store", 21);
	assert_int_equal(place_open(p), ERR_VERSION);
}

#define T(name) PLACE_TEST(name)

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		T(test_an_scs_is_found_by_each_of_its_names),
		T(test_an_scs_that_was_found_before_is_found_as_it_is_now),
		T(test_an_scs_keeps_every_member_over_a_restart),
		T(test_two_scs_never_share_a_name),
		T(test_a_wrong_scs_record_is_refused_with_the_member_that_is_wrong),
		T(test_rules_are_found_on_every_axis_and_after_a_restart),
		T(test_a_rule_says_its_axis_width_and_times),
		T(test_adding_a_rule_again_replaces_it),
		T(test_a_mode_is_kept_and_changed_by_adding_again),
		T(test_only_deny_and_block_can_be_detect_only),
		T(test_rules_are_deleted_by_verdict_or_all),
		T(test_an_scs_takes_its_rules_with_it_and_they_never_return),
		T(test_a_wrong_rule_is_refused_in_words),
		T(test_each_change_counts_and_is_kept),
		T(test_one_device_has_a_bound_of_rules),
		T(test_rules_of_scss_that_are_gone_take_no_room),
		T(test_more_matches_than_fit_are_said_to_be_more),
		T(test_rules_are_listed_all_of_one_scs_or_until_stopped),
		T(test_a_store_is_open_once),
		T(test_a_truncated_store_is_refused_at_every_length),
		T(test_something_else_is_not_taken_for_a_store),
		T(test_a_newer_format_is_said_to_be_newer),
		T(test_a_store_of_the_format_before_is_opened_and_brought_up),
		T(test_records_of_another_version_are_not_opened),
		T(test_an_scs_of_the_version_before_keeps_what_was_not_default),
		T(test_a_damaged_scs_record_is_not_opened),
		T(test_a_damaged_row_is_an_error_and_no_rules),
		T(test_a_full_store_refuses_and_stays_whole),
		T(test_killed_at_any_instant_nothing_told_is_lost),
	};

	return cmocka_run_group_tests_name("asc", tests, NULL, NULL);
}
