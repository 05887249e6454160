/* Changes that nobody waits for: in order, in force only when they are told, each told once; and many rules on sets of devices. */
#include "tests/unit/assoc/store_place.h"

#include <poll.h>

#include "assoc/asc_change.h"

struct told {
	int n, errors, closed;
	char order[512];
};

static void on_done(void *arg, const struct asc_outcome *out)
{
	struct told *t = arg;

	t->n++;
	t->errors += out->err != 0;
	t->closed += out->err == ERR_CLOSED;
	if (strlen(t->order) + strlen(out->device) + 2 < sizeof t->order) {
		strcat(t->order, out->device);
		strcat(t->order, out->replaced ? "+," : ",");
	}
}

static int submit(struct place *p, const char *who, const char *device, struct told *t)
{
	struct asc_change c = { .op = ASC_RULE_ADD,
				.rule = { .who = who, .device = device, .verdict = ASSOC_ALLOW, .rights = ASSOC_RIGHT_TRIGGER } };

	return asc_submit(p->a, &c, on_done, t, &p->why);
}

static void wait_for(struct place *p, const struct told *t, int n)
{
	struct pollfd fd = { .fd = asc_wake_fd(p->a), .events = POLLIN };

	while (t->n < n) {
		assert_int_equal(poll(&fd, 1, 60000), 1);
		asc_completions(p->a);
	}
}

static void test_told_in_order_and_in_force_only_then(void **state)
{
	struct told t = { .n = 0 };
	struct place *p = *state;
	uint64_t generation;

	place_two_scs(p);
	generation = asc_generation(p->a);
	assert_int_equal(submit(p, "acme", "m1@A.example", &t), 0);
	assert_int_equal(submit(p, "acme", "*@a.example", &t), 0);
	assert_int_equal(submit(p, "nobody", "m3@a.example", &t), 0);
	assert_int_equal(submit(p, "acme", "m1@a.example", &t), 0);
	assert_int_equal(submit(p, "acme", "m1@@a.example", &t), ERR_INVAL); /* at once, and not told */
	/* whatever is on disk by now */
	assert_int_equal(t.n, 0);
	assert_int_equal(asc_generation(p->a), generation);
	assert_string_equal(place_found(p, "acme", "m1@a.example", NULL), "");
	wait_for(p, &t, 4);
	assert_string_equal(t.order, "m1@a.example,*@a.example,m3@a.example,m1@a.example+,");
	assert_int_equal(t.errors, 1);
	assert_int_equal(asc_generation(p->a), generation + 3);
	assert_string_equal(place_found(p, "acme", "m1@a.example", NULL),
			    "allow acme *@a.example trigger;allow acme m1@a.example trigger");
}

static void test_more_than_may_wait_are_refused(void **state)
{
	struct told t = { .n = 0 };
	struct place *p = *state;

	p->conf.changes_max = 3;
	assert_int_equal(place_open(p), 0);
	place_two_scs(p);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(submit(p, "acme", "m1@a.example", &t), 0);
	}
	assert_int_equal(submit(p, "acme", "m1@a.example", &t), ERR_BUSY); /* done or not: nobody was told yet */
	assert_non_null(strstr(p->why.text, "wait already"));
	wait_for(p, &t, 3);
	assert_int_equal(submit(p, "acme", "m1@a.example", &t), 0);
	wait_for(p, &t, 4);
}

static void test_each_is_told_once_when_the_store_closes(void **state)
{
	struct told t = { .n = 0 };
	struct place *p = *state;
	int stored;

	place_two_scs(p);
	for (int i = 0; i < 100; i++) {
		char device[32];

		snprintf(device, sizeof device, "m%d@a.example", i);
		assert_int_equal(submit(p, "acme", device, &t), 0);
	}
	place_close(p);
	assert_int_equal(t.n, 100);
	assert_int_equal(t.errors, t.closed);
	stored = t.n - t.closed;
	assert_int_equal(place_open(p), 0);
	assert_int_equal(asc_rule_count(p->a), stored);
}

static void test_the_record_before_is_told(void **state)
{
	struct place *p = *state;
	struct asc_change c = { .op = ASC_SCS_PUT,
				.only_new = true,
				.scs = place_scs("acme", "49170123456", "scs.acme.example") };
	struct told t = { .n = 0 };

	place_two_scs(p);
	assert_int_equal(asc_submit(p->a, &c, on_done, &t, &p->why), 0);
	wait_for(p, &t, 1);
	assert_int_equal(t.errors, 1); /* there is one */
	c.only_new = false;
	assert_int_equal(asc_submit(p->a, &c, on_done, &t, &p->why), 0);
	wait_for(p, &t, 2);
	assert_int_equal(t.errors, 1);
}

static uint32_t seed = 3;

static uint32_t any(uint32_t n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % n;
}

/* Ranges that overlap in every way, against looking at each of them. */
static void test_many_ranges_are_found_as_by_looking_at_each(void **state)
{
	enum { RANGES = 400, QUESTIONS = 3000 };
	static struct {
		uint64_t first, last;
	} range[RANGES];
	static struct assoc_found f;
	struct place *p = *state;
	struct told t = { .n = 0 };
	uint64_t hits = 0;

	place_two_scs(p);
	for (int i = 0; i < RANGES; i++) {
		char device[64];

		range[i].first = 491700000000u + any(90000);
		range[i].last = range[i].first + any(i % 20 ? 300 : 9000);
		snprintf(device, sizeof device, "msisdn:%llu-%llu", (unsigned long long)range[i].first,
			 (unsigned long long)range[i].last);
		while (submit(p, "acme", device, &t) == ERR_BUSY) {
			wait_for(p, &t, t.n + 1);
		}
	}
	wait_for(p, &t, RANGES);
	for (int q = 0; q < QUESTIONS; q++) {
		uint64_t number = 491700000000u + any(100000);
		char digits[32];
		int expected = 0;

		for (int i = 0; i < RANGES; i++) {
			bool again = false;

			for (int k = 0; k < i; k++) {
				again = again || (range[k].first == range[i].first && range[k].last == range[i].last);
			}
			expected += !again && number >= range[i].first && number <= range[i].last;
		}
		snprintf(digits, sizeof digits, "%llu", (unsigned long long)number);
		assert_int_equal(
		    asc_find_rules(p->a, &(struct asc_asker){ .scs = "acme" }, &(struct asc_device){ NULL, digits }, &f), 0);
		assert_int_equal(f.n, expected > ASSOC_FOUND_MAX ? ASSOC_FOUND_MAX : expected);
		assert_int_equal(f.overflow, expected > ASSOC_FOUND_MAX);
		hits += (uint64_t)expected;
	}
	assert_true(hits > QUESTIONS);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		PLACE_TEST(test_told_in_order_and_in_force_only_then),        PLACE_TEST(test_more_than_may_wait_are_refused),
		PLACE_TEST(test_each_is_told_once_when_the_store_closes),     PLACE_TEST(test_the_record_before_is_told),
		PLACE_TEST(test_many_ranges_are_found_as_by_looking_at_each),
	};

	return cmocka_run_group_tests_name("asc_change", tests, NULL, NULL);
}
