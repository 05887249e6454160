/* Random stores against an evaluator that follows the words of docs/user/associations.md, "Which rule decides", one after the other. It keeps
 * its own list of what was provisioned, by numbers instead of names, and shares no code with the store or the judge. */
#include "tests/unit/test.h"

#include <ftw.h>
#include <unistd.h>

#include "assoc/asc.h"
#include "policy/pol_assoc.h"
#include "tests/support/asc_wait.h"

#define NOW 1790000000
#define STORES 60
#define QUESTIONS 400
#define RULES_MAX 24 /* fewer than the judge takes at once */

/* -- the world: three SCSs and one that nobody provisioned, three groups, two sets, four names, four numbers */
enum { SCSS = 3, GROUPS = 3, SETS = 2, NAMES = 4, NUMBERS = 4, DOMAINS = 2, RANGES = 4, NONE = -1 };

static const char *const scs_name[SCSS + 1] = { "acme", "beta", "gamma", "nobody" };
static const char *const scs_anchor[SCSS + 1] = { "anchor-a", "anchor-b", "anchor-a", "" };
static const char *const group_name[GROUPS] = { "g0", "g1", "g2" };
static const char *const group_anchor[GROUPS] = { "anchor-a", "anchor-b", "" };
static const char *const set_name[SETS] = { "s0", "s1" };
static const char *const name_of[NAMES] = { "m1@a.example", "m2@a.example", "m1@b.example", "m1@x.a.example" };
static const int domain_of_name[NAMES] = { 0, 0, 1, NONE };
static const char *const domain[DOMAINS] = { "*@a.example", "*@b.example" };
static const uint64_t number_of[NUMBERS] = { 491700000001, 491700000005, 491700000010, 491799999999 };
static const struct {
	uint64_t first, last;
} range_of[RANGES] = { { 491700000000, 491700000009 },
		       { 491700000001, 491700000010 },
		       { 491700000000, 491700000001 },
		       { 491000000000, 491999999999 } };

enum who_kind { WHO_ALL, WHO_SCS, WHO_GROUP };
enum device_kind { ON_NAME, ON_NUMBER, ON_SET, ON_RANGE, ON_DOMAIN, ON_ALL };

struct rule {
	enum who_kind who;
	int who_n;
	enum device_kind on;
	int on_n;
	int verdict, rights, mode;
	int64_t from, until;
};

struct model {
	struct rule rules[RULES_MAX];
	int n;
	bool stored[GROUPS][SCSS];
	bool name_in[SETS][NAMES], number_in[SETS][NUMBERS];
};

struct question {
	int scs;          /* SCSS: one that is not provisioned */
	int name, number; /* NONE: not given */
	bool proven[GROUPS];
	int right;
	int64_t at;
};

/* -- the words */

static bool is_member(const struct model *m, const struct question *q, int group)
{
	if (q->scs == SCSS) {
		return false;
	}
	if (m->stored[group][q->scs]) {
		return true;
	}
	return q->proven[group] && group_anchor[group][0] && strcmp(group_anchor[group], scs_anchor[q->scs]) == 0;
}

static bool speaks_about_scs(const struct model *m, const struct rule *r, const struct question *q)
{
	if (r->who == WHO_ALL) {
		return true;
	}
	return r->who == WHO_SCS ? r->who_n == q->scs : is_member(m, q, r->who_n);
}

static bool speaks_about_device(const struct model *m, const struct rule *r, const struct question *q)
{
	switch (r->on) {
	case ON_NAME:
		return r->on_n == q->name;
	case ON_NUMBER:
		return r->on_n == q->number;
	case ON_SET:
		return (q->name != NONE && m->name_in[r->on_n][q->name]) ||
		       (q->number != NONE && m->number_in[r->on_n][q->number]);
	case ON_RANGE:
		return q->number != NONE && number_of[q->number] >= range_of[r->on_n].first &&
		       number_of[q->number] <= range_of[r->on_n].last;
	case ON_DOMAIN:
		return q->name != NONE && domain_of_name[q->name] == r->on_n;
	default:
		return true;
	}
}

/* "Rules count that speak about the SCS and the device, have the right that is asked for, and are in force at the time." */
static bool counts(const struct model *m, const struct rule *r, const struct question *q)
{
	if (!speaks_about_scs(m, r, q) || !speaks_about_device(m, r, q)) {
		return false;
	}
	if (r->verdict != ASSOC_BLOCK && !(r->rights & q->right)) {
		return false;
	}
	return (r->from == 0 || q->at >= r->from) && (r->until == 0 || q->at <= r->until);
}

static uint64_t width(const struct rule *r)
{
	return range_of[r->on_n].last - range_of[r->on_n].first + 1;
}

/* How close a rule is to the device: exact name, named set, range, domain. */
static int step_of(const struct rule *r)
{
	return r->on == ON_NAME || r->on == ON_NUMBER ? 1 : r->on == ON_SET ? 2 : r->on == ON_RANGE ? 3 : 4;
}

struct answer {
	bool yes;
	enum pol_reason reason;
};

/* Rules of one step: the SCS's own before those of groups, deny before allow. false: none of them is there. */
static bool decide(const struct rule *const *step, int n, struct answer *out)
{
	for (int who = WHO_SCS; who <= WHO_GROUP; who++) {
		bool allowed = false, denied = false;

		for (int i = 0; i < n; i++) {
			if ((int)step[i]->who != who) {
				continue;
			}
			allowed = allowed || step[i]->verdict == ASSOC_ALLOW;
			denied = denied || step[i]->verdict == ASSOC_DENY;
		}
		if (denied || allowed) {
			*out = (struct answer){ !denied, denied ? POL_DENIED : POL_NONE };
			return true;
		}
	}
	return false;
}

/* `enforced`: the number of one detect-only rule that is taken as enforced; NONE: none is. */
static struct answer naive(const struct model *m, const struct question *q, int enforced)
{
	const struct rule *counting[RULES_MAX], *step[RULES_MAX];
	struct answer answer = { false, POL_NO_ASSOCIATION };
	int n = 0;

	for (int i = 0; i < m->n; i++) {
		if (counts(m, &m->rules[i], q) && (m->rules[i].mode == ASSOC_ENFORCE || i == enforced)) {
			counting[n++] = &m->rules[i];
		}
	}
	for (int i = 0; i < n; i++) { /* 1. a block wins over everything */
		if (counting[i]->verdict == ASSOC_BLOCK) {
			return (struct answer){ false, POL_BLOCKED };
		}
	}
	for (int close = 1; close <= 4; close++) { /* 2. the closer one wins */
		uint64_t narrowest = UINT64_MAX;
		int k = 0;

		for (int i = 0; i < n; i++) {
			if (counting[i]->on == ON_RANGE && width(counting[i]) < narrowest) {
				narrowest = width(counting[i]);
			}
		}
		for (int i = 0; i < n; i++) {
			if (step_of(counting[i]) == close && (close != 3 || width(counting[i]) == narrowest)) {
				step[k++] = counting[i];
			}
		}
		if (decide(step, k, &answer)) { /* 3., 4. */
			return answer;
		}
	}
	return answer; /* 5. no rule counts */
}

/* -- provisioning the same in a store */

static uint32_t seed;

static int pick(int n)
{
	seed = seed * 1664525u + 1013904223u;
	return (int)((seed >> 8) % (unsigned)n);
}

static void who_text(char out[ASSOC_WHO_TEXT_MAX + 1], const struct rule *r)
{
	if (r->who == WHO_ALL) {
		strcpy(out, "*");
	} else {
		snprintf(out, ASSOC_WHO_TEXT_MAX + 1, "%s%s", r->who == WHO_GROUP ? "group:" : "",
			 r->who == WHO_GROUP ? group_name[r->who_n] : scs_name[r->who_n]);
	}
}

static void device_text(char out[ASSOC_DEVICE_TEXT_MAX + 1], const struct rule *r)
{
	size_t cap = ASSOC_DEVICE_TEXT_MAX + 1;

	if (r->on == ON_NAME || r->on == ON_DOMAIN) {
		snprintf(out, cap, "%s", r->on == ON_NAME ? name_of[r->on_n] : domain[r->on_n]);
	} else if (r->on == ON_NUMBER) {
		snprintf(out, cap, "msisdn:%llu", (unsigned long long)number_of[r->on_n]);
	} else if (r->on == ON_SET) {
		snprintf(out, cap, "set:%s", set_name[r->on_n]);
	} else if (r->on == ON_RANGE) {
		snprintf(out, cap, "msisdn:%llu-%llu", (unsigned long long)range_of[r->on_n].first,
			 (unsigned long long)range_of[r->on_n].last);
	} else {
		strcpy(out, "*");
	}
}

static struct rule random_rule(void)
{
	static const int on_n[] = { NAMES, NUMBERS, SETS, RANGES, DOMAINS, 1 };
	struct rule r = { .verdict = pick(8) ? pick(2) : ASSOC_BLOCK };

	r.who = r.verdict == ASSOC_BLOCK ? (enum who_kind)pick(3) : (enum who_kind)(1 + pick(2));
	r.who_n = r.who == WHO_ALL ? 0 : pick(3);
	r.on = (enum device_kind)pick(r.verdict == ASSOC_BLOCK && r.who != WHO_ALL ? 6 : 5);
	r.on_n = pick(on_n[r.on]);
	r.rights = r.verdict == ASSOC_BLOCK ? ASSOC_RIGHT_ALL : 1 + pick(7);
	r.mode = r.verdict != ASSOC_ALLOW && pick(3) == 0 ? ASSOC_DETECT : ASSOC_ENFORCE;
	r.from = pick(4) ? 0 : NOW - 1 + pick(3);
	r.until = pick(4) ? 0 : NOW + 1 + pick(3);
	return r;
}

static int same_key(const struct model *m, const struct rule *r)
{
	for (int i = 0; i < m->n; i++) {
		const struct rule *k = &m->rules[i];

		if (k->who == r->who && k->who_n == r->who_n && k->on == r->on && k->on_n == r->on_n &&
		    k->verdict == r->verdict) {
			return i;
		}
	}
	return m->n;
}

static void add_rule(struct asc *a, struct model *m)
{
	struct rule r = random_rule();
	char who[ASSOC_WHO_TEXT_MAX + 1], device[ASSOC_DEVICE_TEXT_MAX + 1];
	struct asc_rule_new new = { who, device, (uint8_t)r.verdict, (uint8_t)r.rights, r.from, r.until, (uint8_t)r.mode };
	struct asc_why why;
	int at = same_key(m, &r);

	if (at == RULES_MAX) {
		return;
	}
	who_text(who, &r);
	device_text(device, &r);
	if (asc_rule_add(a, &new, &why)) {
		fail_msg("%s", why.text);
	}
	m->rules[at] = r;
	if (at == m->n) {
		m->n++;
	}
}

static void del_rule(struct asc *a, struct model *m)
{
	char who[ASSOC_WHO_TEXT_MAX + 1], device[ASSOC_DEVICE_TEXT_MAX + 1];
	struct asc_why why;
	int at = pick(m->n);

	who_text(who, &m->rules[at]);
	device_text(device, &m->rules[at]);
	assert_int_equal(asc_rule_del(a, who, device, m->rules[at].verdict, &why), 0);
	m->rules[at] = m->rules[--m->n];
}

static void change_member(struct asc *a, struct model *m)
{
	struct asc_why why;
	char device[ASSOC_DEVICE_TEXT_MAX + 1];
	bool number = pick(2);
	int set = pick(SETS), n = pick(4), g = pick(GROUPS), s = pick(SCSS);
	bool *in = number ? &m->number_in[set][n] : &m->name_in[set][n];

	device_text(device, &(struct rule){ .on = number ? ON_NUMBER : ON_NAME, .on_n = n });
	assert_int_equal(
	    *in ? asc_dset_member_del(a, set_name[set], device, &why) : asc_dset_member_add(a, set_name[set], device, &why), 0);
	*in = !*in;
	assert_int_equal(m->stored[g][s] ? asc_group_member_del(a, group_name[g], scs_name[s], &why)
					 : asc_group_member_add(a, group_name[g], scs_name[s], &why),
			 0);
	m->stored[g][s] = !m->stored[g][s];
}

static void provision(struct asc *a)
{
	struct asc_why why;

	for (int i = 0; i < SCSS; i++) {
		struct asc_scs s;

		asc_scs_init(&s);
		strcpy(s.name, scs_name[i]);
		snprintf(s.e164, sizeof s.e164, "49170123450%d", i);
		snprintf(s.origin_host, sizeof s.origin_host, "scs.%s.example", s.name);
		snprintf(s.realm, sizeof s.realm, "%s.example", s.name);
		strcpy(s.anchor, scs_anchor[i]);
		assert_int_equal(asc_scs_put(a, &s, &why), 0);
	}
	for (int i = 0; i < GROUPS; i++) {
		struct asc_group g = { .name = "" };

		strcpy(g.name, group_name[i]);
		strcpy(g.anchor, group_anchor[i]);
		assert_int_equal(asc_group_put(a, &g, &why), 0);
	}
	for (int i = 0; i < SETS; i++) {
		assert_int_equal(asc_dset_add(a, set_name[i], &why), 0);
	}
}

/* -- asking both */

static struct question random_question(void)
{
	static const int right[] = { ASSOC_RIGHT_TRIGGER, ASSOC_RIGHT_RECALL, ASSOC_RIGHT_REPLACE };
	struct question q = { .scs = pick(SCSS + 1), .name = pick(NAMES), .number = pick(NUMBERS) };

	q.right = right[pick(3)];
	q.at = NOW - 3 + pick(9);
	switch (pick(3)) { /* else both names */
	case 0:
		q.name = NONE;
		break;
	case 1:
		q.number = NONE;
		break;
	}
	for (int g = 0; g < GROUPS; g++) {
		q.proven[g] = pick(3) == 0;
	}
	return q;
}

static bool names(const struct assoc_rule *got, const struct rule *r)
{
	char who[ASSOC_WHO_TEXT_MAX + 1], device[ASSOC_DEVICE_TEXT_MAX + 1];

	who_text(who, r);
	device_text(device, r);
	return got->verdict == r->verdict && strcmp(got->who, who) == 0 && strcmp(got->device, device) == 0;
}

struct tally {
	uint32_t yes, detected;
};

/* Each detect-only rule is named exactly when enforcing it alone makes no of yes. */
static void check_detected(const struct model *m, const struct question *q, const struct assoc_found *found,
			   const struct pol_assoc *got, struct tally *t)
{
	uint32_t named = 0;

	for (int i = 0; i < m->n; i++) {
		bool changes = m->rules[i].mode == ASSOC_DETECT && got->allow && !naive(m, q, i).yes, is = false;

		for (uint8_t k = 0; k < got->detected_n; k++) {
			is = is || names(&found->rules[got->detected[k]], &m->rules[i]);
		}
		assert_int_equal(is, changes);
		named += is;
	}
	assert_int_equal(named, got->detected_n);
	t->detected += named;
}

/* One group or set more: exactly the rules that would speak about both then. */
static void check_near(struct asc *a, const struct model *m, const struct question *q, const struct asc_asker *who,
		       const struct asc_device *device)
{
	static struct asc_near near;
	uint8_t groups = 0, sets = 0;

	assert_int_equal(asc_find_near(a, who, device, &near), 0);
	for (int i = 0; i < m->n; i++) {
		const struct rule *r = &m->rules[i];
		bool device_fits = speaks_about_device(m, r, q), scs_fits = speaks_about_scs(m, r, q), is = false;

		if (r->who == WHO_GROUP && !scs_fits && device_fits && q->scs != SCSS) {
			for (uint8_t k = 0; k < near.groups.n; k++) {
				is = is || names(&near.groups.rules[k], r);
			}
			assert_true(is);
			groups++;
		} else if (r->on == ON_SET && scs_fits && !device_fits) {
			for (uint8_t k = 0; k < near.sets.n; k++) {
				is = is || names(&near.sets.rules[k], r);
			}
			assert_true(is);
			sets++;
		}
	}
	assert_int_equal(near.groups.n, groups);
	assert_int_equal(near.sets.n, sets);
}

static int count_one(void *arg, const struct assoc_rule *r)
{
	(void)r;
	(*(int *)arg)++;
	return 0;
}

/* The rules on exactly one device or device set, of everybody. */
static void check_listing(struct asc *a, const struct model *m)
{
	char device[ASSOC_DEVICE_TEXT_MAX + 1];
	struct asc_why why;

	for (int i = 0; i < m->n; i++) {
		int expected = 0, n = 0;

		for (int k = 0; k < m->n; k++) {
			expected += m->rules[k].on == m->rules[i].on && m->rules[k].on_n == m->rules[i].on_n;
		}
		device_text(device, &m->rules[i]);
		assert_int_equal(asc_rule_each_on(a, device, count_one, &n, &why), 0);
		assert_int_equal(n, expected);
	}
}

static void ask(struct asc *a, const struct model *m, struct tally *t)
{
	struct question q = random_question();
	struct answer expected = naive(m, &q, NONE);
	static struct assoc_found found;
	const char *proven[GROUPS];
	char number[IDENT_MSISDN_MAX + 1];
	struct asc_asker who = { .scs = scs_name[q.scs], .proven = proven };
	struct asc_device device = { q.name == NONE ? NULL : name_of[q.name], q.number == NONE ? NULL : number };
	struct pol_assoc got;

	if (q.number != NONE) {
		snprintf(number, sizeof number, "%llu", (unsigned long long)number_of[q.number]);
	}
	for (int g = 0; g < GROUPS; g++) {
		if (q.proven[g]) {
			proven[who.proven_n++] = group_name[g];
		}
	}
	assert_int_equal(asc_find_rules(a, &who, &device, &found), 0);
	pol_assoc_judge(&got, &found, (uint8_t)q.right, q.at);
	assert_int_equal(got.allow, expected.yes);
	assert_int_equal(got.reason, expected.reason);
	check_detected(m, &q, &found, &got, t);
	check_near(a, m, &q, &who, &device);
	t->yes += got.allow;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void play(const char *dir, struct tally *t)
{
	struct asc_conf conf = { .dir = dir, .map_max = 4u << 20 };
	struct model m = { .n = 0 };
	struct asc_why why;
	struct asc *a;

	assert_int_equal(asc_open(&a, &conf, &why), 0);
	provision(a);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 6 + pick(12); i++) {
			add_rule(a, &m);
		}
		for (int i = 0; i < 6; i++) {
			change_member(a, &m);
		}
		for (int i = 0; i < 3; i++) {
			del_rule(a, &m);
		}
		for (int i = 0; i < QUESTIONS; i++) {
			ask(a, &m, t);
		}
		check_listing(a, &m);
		asc_close(a);
		assert_int_equal(asc_open(&a, &conf, &why), 0);
	}
	for (int i = 0; i < QUESTIONS; i++) {
		ask(a, &m, t);
	}
	asc_close(a);
}

static void test_random_stores_answer_as_the_words_say(void **state)
{
	struct tally t = { 0, 0 };

	(void)state;
	for (uint32_t i = 0; i < STORES; i++) {
		char memory[] = "/dev/shm/test-asc-XXXXXX", disk[] = "/tmp/test-asc-XXXXXX";
		char *dir = mkdtemp(memory); /* many small commits: no disk is needed to see them */

		if (!dir) {
			dir = mkdtemp(disk);
		}
		assert_non_null(dir);
		seed = i + 1;
		play(dir, &t);
		nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	}
	print_message("%d questions: %u yes, %u times a detect-only rule would have refused\n", STORES * QUESTIONS * 3, t.yes,
		      t.detected);
	assert_in_range(t.yes, STORES * QUESTIONS * 3 / 20, STORES * QUESTIONS * 3 / 2);
	assert_in_range(t.detected, STORES * QUESTIONS * 3 / 200, STORES * QUESTIONS * 3);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_random_stores_answer_as_the_words_say) };

	return cmocka_run_group_tests_name("asc property", tests, NULL, NULL);
}
