/* The screening rules in a running core: an exemption does not outlive its SCS, and what cannot be kept on disk does not hold. */
#include "tests/unit/test.h"

#include <errno.h>
#include <unistd.h>

#include "tests/support/asc_wait.h"
#include "tests/unit/core/core_play.h"

static int sync_error; /* of each fsync(); 0: it succeeds */

/* In the place of the one of the C library: directories are given to it. */
int fsync(int fd)
{
	(void)fd;
	errno = sync_error;
	return sync_error ? -1 : 0;
}

static void on_disk(struct core_play *p, struct screen_rules *rules)
{
	char path[128], why[CORE_WHY_MAX];
	uint32_t own;

	snprintf(path, sizeof path, "%s/" CORE_SCREEN_FILE, p->dir);
	screen_rules_preset(rules);
	if (core_screen_read(rules, &own, path, why)) {
		fail_msg("%s", why);
	}
}

static void exempt(struct core_play *p, enum screen_row row, const char *scs)
{
	struct screen_rule rule = p->core->screen.rules.row[row];
	char why[CORE_WHY_MAX];

	assert_int_equal(screen_rule_except(&rule, scs), 0);
	assert_int_equal(core_screen_set(p->core, row, &rule, "test", why), 0);
}

static bool exempts(struct core_play *p, enum screen_row row, const char *scs)
{
	struct screen_rules rules;
	bool now = screen_rule_exempts(&p->core->screen.rules.row[row], scs);

	on_disk(p, &rules);
	assert_int_equal(screen_rule_exempts(&rules.row[row], scs), now);
	return now;
}

static void add(struct core_play *p, const char *name)
{
	struct asc_scs scs = *asc_scs_find(p->core->store.asc, "acme");
	struct asc_why why;

	snprintf(scs.name, sizeof scs.name, "%s", name);
	snprintf(scs.e164, sizeof scs.e164, "491720000077");
	snprintf(scs.origin_host, sizeof scs.origin_host, "scs.%s.example", name);
	if (asc_scs_put(p->core->store.asc, &scs, &why)) {
		fail_msg("%s", why.text);
	}
	core_play_turns(p, 2);
}

static void del(struct core_play *p, const char *name)
{
	struct asc_why why;

	assert_int_equal(asc_scs_del(p->core->store.asc, name, &why), 0);
}

static void test_an_exemption_ends_with_its_scs(void **state)
{
	struct core_play *p = *state;

	add(p, "delta");
	exempt(p, SCREEN_AGENTS, "delta");
	exempt(p, SCREEN_AGENTS, "acme");
	exempt(p, SCREEN_P_BIT, "delta");
	core_play_turns(p, 2);
	assert_true(exempts(p, SCREEN_AGENTS, "delta"));
	del(p, "delta"); /* by whom or what: nobody says so */
	core_play_turns(p, 2);
	assert_false(exempts(p, SCREEN_AGENTS, "delta"));
	assert_false(exempts(p, SCREEN_P_BIT, "delta"));
	assert_true(exempts(p, SCREEN_AGENTS, "acme"));
	add(p, "delta");
	assert_false(exempts(p, SCREEN_AGENTS, "delta"));
}

/* One of this name is back before the core looks at the store. */
static void test_an_exemption_ends_though_the_next_scs_has_the_name_at_once(void **state)
{
	struct core_play *p = *state;

	add(p, "delta");
	exempt(p, SCREEN_AGENTS, "delta");
	assert_int_equal(core_screen_forget(p->core, "delta"), 1);
	assert_int_equal(core_screen_forget(p->core, "delta"), 0);
	assert_false(exempts(p, SCREEN_AGENTS, "delta"));
}

static void test_an_scs_that_went_while_there_was_no_core_is_not_exempt(void **state)
{
	struct core_play *p = *state;

	add(p, "delta");
	exempt(p, SCREEN_AGENTS, "delta");
	del(p, "delta");
	core_play_restart(p); /* before a turn of the loop */
	core_play_turns(p, 2);
	assert_false(exempts(p, SCREEN_AGENTS, "delta"));
}

static void test_an_exemption_ends_though_the_disk_does_not_take_it(void **state)
{
	struct core_play *p = *state;

	add(p, "delta");
	exempt(p, SCREEN_AGENTS, "delta");
	sync_error = EIO;
	assert_int_equal(core_screen_forget(p->core, "delta"), 1);
	assert_true(p->core->screen.unsaved);
	assert_false(screen_rule_exempts(&p->core->screen.rules.row[SCREEN_AGENTS], "delta"));
	core_screen_save(p->core);
	assert_true(p->core->screen.unsaved);
	sync_error = 0;
	core_screen_save(p->core);
	assert_false(p->core->screen.unsaved);
	assert_false(exempts(p, SCREEN_AGENTS, "delta"));
}

static void test_a_rule_that_is_not_durable_does_not_hold(void **state)
{
	struct core_play *p = *state;
	struct screen_rule rule = p->core->screen.rules.row[SCREEN_AGENTS];
	struct screen_rules rules;
	char why[CORE_WHY_MAX];

	rule.mode = SCREEN_DETECT;
	sync_error = EIO;
	assert_int_equal(core_screen_set(p->core, SCREEN_AGENTS, &rule, "test", why), ERR_STATE);
	sync_error = 0;
	assert_non_null(strstr(why, "nothing was changed"));
	assert_int_equal(p->core->screen.rules.row[SCREEN_AGENTS].mode, SCREEN_ENFORCE);
	on_disk(p, &rules);
	assert_int_equal(rules.row[SCREEN_AGENTS].mode, SCREEN_ENFORCE);
}

TEST_GROUP()
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, core_play_setup, core_play_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_an_exemption_ends_with_its_scs),
		TEST(test_an_exemption_ends_though_the_next_scs_has_the_name_at_once),
		TEST(test_an_scs_that_went_while_there_was_no_core_is_not_exempt),
		TEST(test_an_exemption_ends_though_the_disk_does_not_take_it),
		TEST(test_a_rule_that_is_not_durable_does_not_hold),
	};

	return cmocka_run_group_tests_name("core exempt", tests, NULL, NULL);
}
