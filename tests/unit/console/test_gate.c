/* Marks of links and sessions: once, in time, bounded. Times and random octets are made up. */
#include "tests/unit/test.h"

#include "console/csl_gate.h"

static const struct csl_gate_conf conf = {
	.links_max = 3, .sessions_max = 4, .sessions_per_person = 2, .link_ms = 60, .idle_ms = 100, .session_ms = 1000
};
static const struct csl_way http = { .tls = false };
static uint8_t random_octets[2 * CSL_SECRET_OCTETS] = { [CSL_SECRET_OCTETS + 1] = 0x55 };

/* Other octets at each call. */
static const uint8_t *draw(void)
{
	for (size_t i = 0; i < sizeof random_octets && !++random_octets[i]; i++) {
	}
	random_octets[CSL_SECRET_OCTETS]++;
	return random_octets;
}

static struct csl_person person(const char *name, enum ctl_role role)
{
	struct csl_person p = { .role = role };

	snprintf(p.name, sizeof p.name, "%s", name);
	return p;
}

static struct csl_gate *gate(void)
{
	struct csl_gate *g;

	assert_int_equal(csl_gate_new(&g, &conf), 0);
	return g;
}

static void test_a_mark_works_once_and_in_time(void **state)
{
	char mark[CSL_SECRET_MAX], other[CSL_SECRET_MAX];
	struct csl_gate *g = gate();

	(void)state;
	assert_int_equal(csl_gate_mark(g, 7, draw(), 1000, mark), 0);
	assert_int_equal(strlen(mark), 32);
	memcpy(other, mark, sizeof other);
	other[31] = other[31] == '0' ? '1' : '0';
	assert_int_equal(csl_gate_use(g, other, 1001), ERR_AUTH);
	other[31] = 0;
	assert_int_equal(csl_gate_use(g, other, 1001), ERR_AUTH);
	assert_int_equal(csl_gate_use(g, "", 1001), ERR_AUTH);
	assert_int_equal(csl_gate_use(g, mark, 1059), 0);
	assert_int_equal(csl_gate_use(g, mark, 1059), ERR_AUTH);
	assert_int_equal(csl_gate_mark(g, 7, draw(), 1000, mark), 0);
	assert_int_equal(csl_gate_use(g, mark, 1060), ERR_AUTH);
	csl_gate_free(g);
}

static void test_marks_are_bounded(void **state)
{
	char mark[CSL_SECRET_MAX];
	struct csl_gate *g = gate();

	(void)state;
	for (uid_t uid = 1; uid <= 3; uid++) {
		assert_int_equal(csl_gate_mark(g, uid, draw(), 0, mark), 0);
	}
	assert_int_equal(csl_gate_mark(g, 4, draw(), 59, mark), ERR_BUSY);
	assert_int_equal(csl_gate_mark(g, 4, draw(), 60, mark), 0); /* those before ran out */
	csl_gate_free(g);
}

static void test_marks_of_one_user_keep_nobody_out(void **state)
{
	char first[CSL_SECRET_MAX], second[CSL_SECRET_MAX], third[CSL_SECRET_MAX], other[CSL_SECRET_MAX];
	struct csl_gate *g = gate();

	(void)state;
	assert_int_equal(csl_gate_mark(g, 1, draw(), 0, first), 0);
	assert_int_equal(csl_gate_mark(g, 1, draw(), 1, second), 0);
	assert_int_equal(csl_gate_mark(g, 1, draw(), 2, third), 0); /* in the place of the first */
	assert_int_equal(csl_gate_mark(g, 2, draw(), 3, other), 0);
	assert_int_equal(csl_gate_use(g, first, 4), ERR_AUTH);
	assert_int_equal(csl_gate_use(g, other, 4), 0);
	assert_int_equal(csl_gate_use(g, second, 4), 0);
	assert_int_equal(csl_gate_use(g, third, 4), 0);
	csl_gate_free(g);
}

static void test_a_session_needs_cookie_and_token(void **state)
{
	struct csl_person alice = person("alice", CTL_ROLE_READ), bob = person("bob", CTL_ROLE_ADMIN);
	char cookie[CSL_SECRET_MAX], cookie_b[CSL_SECRET_MAX];
	struct csl_session a, b, s;
	struct csl_gate *g = gate();

	(void)state;
	assert_int_equal(csl_gate_begin(g, &alice, &http, draw(), 0, cookie, &a), 0);
	assert_int_equal(csl_gate_begin(g, &bob, &http, draw(), 0, cookie_b, &b), 0);
	assert_string_not_equal(cookie, a.token);
	assert_int_equal(csl_gate_find(g, cookie, a.token, &http, true, 1, &s), 0);
	assert_string_equal(s.person.name, "alice");
	assert_int_equal(csl_gate_find(g, cookie, b.token, &http, true, 1, &s), ERR_AUTH);
	assert_int_equal(csl_gate_find(g, cookie_b, a.token, &http, true, 1, &s), ERR_AUTH);
	assert_int_equal(csl_gate_find(g, a.token, cookie, &http, true, 1, &s), ERR_AUTH);
	assert_int_equal(csl_gate_find(g, cookie, "", &http, true, 1, &s), ERR_AUTH);
	csl_gate_end(g, cookie);
	assert_int_equal(csl_gate_find(g, cookie, a.token, &http, true, 1, &s), ERR_AUTH);
	assert_int_equal(csl_gate_find(g, cookie_b, b.token, &http, true, 1, &s), 0);
	csl_gate_free(g);
}

static void test_a_session_ends_by_idleness_and_by_age(void **state)
{
	struct csl_person alice = person("alice", CTL_ROLE_READ);
	char cookie[CSL_SECRET_MAX];
	struct csl_session a, s;
	struct csl_gate *g = gate();

	(void)state;
	assert_int_equal(csl_gate_begin(g, &alice, &http, draw(), 0, cookie, &a), 0);
	assert_int_equal(csl_gate_find(g, cookie, a.token, &http, false, 60, &s), 0); /* what a page asks by itself */
	assert_int_equal(s.idle_left_ms, 40);
	assert_int_equal(csl_gate_find(g, cookie, a.token, &http, true, 99, &s), 0);
	assert_int_equal(s.idle_left_ms, 100);
	assert_int_equal(csl_gate_find(g, cookie, a.token, &http, true, 199, &s), ERR_AUTH);
	assert_int_equal(csl_gate_sessions(g, 199), 0);
	assert_int_equal(csl_gate_begin(g, &alice, &http, draw(), 0, cookie, &a), 0);
	for (uint64_t now = 50; now < 1000; now += 50) {
		assert_int_equal(csl_gate_find(g, cookie, a.token, &http, true, now, &s), 0);
		assert_int_equal(s.left_ms, 1000 - now);
	}
	assert_int_equal(csl_gate_find(g, cookie, a.token, &http, true, 1000, &s), ERR_AUTH);
	csl_gate_free(g);
}

static void test_sessions_are_bounded(void **state)
{
	struct csl_person alice = person("alice", CTL_ROLE_READ), bob = person("bob", CTL_ROLE_READ),
			  carol = person("carol", CTL_ROLE_READ);
	char cookies[3][CSL_SECRET_MAX], cookie[CSL_SECRET_MAX];
	struct csl_session a[3], s;
	struct csl_gate *g = gate();

	(void)state;
	for (uint64_t i = 0; i < 3; i++) { /* the third takes the place of the one that was idle longest */
		assert_int_equal(csl_gate_begin(g, &alice, &http, draw(), i, cookies[i], &a[i]), 0);
	}
	assert_int_equal(csl_gate_sessions(g, 3), 2);
	assert_int_equal(csl_gate_find(g, cookies[0], a[0].token, &http, true, 3, &s), ERR_AUTH);
	assert_int_equal(csl_gate_find(g, cookies[1], a[1].token, &http, true, 3, &s), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(csl_gate_begin(g, &bob, &http, draw(), 4, cookie, &s), 0);
	}
	assert_int_equal(csl_gate_begin(g, &carol, &http, draw(), 4, cookie, &s), ERR_BUSY);
	assert_int_equal(csl_gate_sessions(g, 4), 4);
	assert_int_equal(csl_gate_begin(g, &alice, &http, draw(), 4, cookie, &s), 0);   /* in place of her own */
	assert_int_equal(csl_gate_begin(g, &carol, &http, draw(), 104, cookie, &s), 0); /* the others were idle */
	csl_gate_free(g);
}

static bool found(struct csl_gate *g, const char *cookie, const struct csl_session *s, const struct csl_way *way)
{
	struct csl_session again;

	return csl_gate_find(g, cookie, s->token, way, true, 1, &again) == 0;
}

static void test_a_session_is_bound_to_its_way(void **state)
{
	struct csl_person alice = person("alice", CTL_ROLE_READ);
	const struct csl_way tls = { .tls = true }, one = { .tls = true, .fingerprint = "1111" },
			     two = { .tls = true, .fingerprint = "2222" };
	char cookies[3][CSL_SECRET_MAX];
	struct csl_session s[3];
	struct csl_gate *g;
	const struct csl_gate_conf roomy = {
		.links_max = 1, .sessions_max = 4, .sessions_per_person = 4, .link_ms = 60, .idle_ms = 100, .session_ms = 1000
	};

	(void)state;
	assert_int_equal(csl_gate_new(&g, &roomy), 0);
	assert_int_equal(csl_gate_begin(g, &alice, &http, draw(), 0, cookies[0], &s[0]), 0);
	assert_int_equal(csl_gate_begin(g, &alice, &tls, draw(), 0, cookies[1], &s[1]), 0);
	assert_int_equal(csl_gate_begin(g, &alice, &one, draw(), 0, cookies[2], &s[2]), 0);
	assert_true(found(g, cookies[0], &s[0], &http));
	assert_false(found(g, cookies[0], &s[0], &tls));
	assert_false(found(g, cookies[0], &s[0], &one));
	assert_false(found(g, cookies[1], &s[1], &http));
	assert_true(found(g, cookies[1], &s[1], &tls));
	assert_true(found(g, cookies[1], &s[1], &two)); /* a link asks for no certificate */
	assert_false(found(g, cookies[2], &s[2], &http));
	assert_false(found(g, cookies[2], &s[2], &tls));
	assert_false(found(g, cookies[2], &s[2], &two));
	assert_true(found(g, cookies[2], &s[2], &one));
	csl_gate_free(g);
}

TEST_GROUP()
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_mark_works_once_and_in_time),
		cmocka_unit_test(test_marks_are_bounded),
		cmocka_unit_test(test_marks_of_one_user_keep_nobody_out),
		cmocka_unit_test(test_a_session_needs_cookie_and_token),
		cmocka_unit_test(test_a_session_ends_by_idleness_and_by_age),
		cmocka_unit_test(test_sessions_are_bounded),
		cmocka_unit_test(test_a_session_is_bound_to_its_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
