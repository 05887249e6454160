/* Who may speak for the console, and a search in an audit that is not kept. */
#include "tests/unit/admin/adm_play.h"

static const char ZEROS[] = "00000000000000000000000000000000";

static const char *refusal(struct play *p, const char *command, const char *member)
{
	char args[128];
	const struct ctl_answer *a;

	snprintf(args, sizeof args, "{\"%s\":\"%s\"}", member, ZEROS);
	a = ask(p, command, args);
	assert_false(a->ok);
	return a->error;
}

static void test_a_gateway_without_a_console_says_so(void **state)
{
	struct play *p = *state;

	assert_non_null(strstr(refusal(p, "console.enter", "link"), "has no console: name its user in control.console_user"));
	assert_non_null(strstr(refusal(p, "console.leave", "ticket"), "has no console"));
}

static void test_nobody_else_logs_persons_in(void **state)
{
	struct play *p = *state;

	p->adm->console.uid = 4712; /* the tests ask as 4711 */
	assert_non_null(strstr(refusal(p, "console.enter", "link"), "only the console may"));
	assert_non_null(strstr(refusal(p, "console.leave", "ticket"), "only the console may"));
	p->adm->console.uid = 4711;
	assert_non_null(strstr(refusal(p, "console.enter", "link"), "no such link is open"));
	assert_true(ask(p, "console.leave", "{\"ticket\":\"00000000000000000000000000000000\"}")->ok);
}

static void test_an_audit_that_is_not_kept_is_not_searched(void **state)
{
	struct play *p = *state;
	const struct ctl_answer *a = ask(p, "audit.search", "{}");

	assert_false(a->ok);
	assert_non_null(strstr(a->error, "keeps no audit (audit.enabled)"));
}

TEST_GROUP()
{
	static const struct CMUnitTest tests[] = {
		PLAY_TEST(test_a_gateway_without_a_console_says_so),
		PLAY_TEST(test_nobody_else_logs_persons_in),
		PLAY_TEST(test_an_audit_that_is_not_kept_is_not_searched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
