/* The rows of mtcctl against the rows of the server: what mtcctl can ask is what the server takes. */
#include "tests/unit/test.h"

#include "cli/cli_command.h"
#include "ctl/ctl_commands.h"

static const struct {
	const char *cmd;
	const struct ctl_arg *args;
} server[] = {
	{ "status", NULL },
	{ "health", NULL },
	{ "peers", NULL },
	{ "peers.start", ctl_args_peer_name },
	{ "peers.stop", ctl_args_peer_name },
	{ "sessions", NULL },
	{ "stats", NULL },
	{ "scs.add", ctl_args_scs_add },
	{ "scs.set", ctl_args_scs_set },
	{ "scs.del", ctl_args_scs_del },
	{ "scs.list", NULL },
	{ "scs.show", ctl_args_scs_name },
	{ "group.add", ctl_args_group_add },
	{ "group.set", ctl_args_group_set },
	{ "group.del", ctl_args_group_del },
	{ "group.list", NULL },
	{ "group.show", ctl_args_group_name },
	{ "group.member.add", ctl_args_group_member },
	{ "group.member.del", ctl_args_group_member },
	{ "set.add", ctl_args_set_add },
	{ "set.set", ctl_args_set_set },
	{ "set.del", ctl_args_set_del },
	{ "set.list", NULL },
	{ "set.show", ctl_args_set_show },
	{ "set.member.add", ctl_args_set_member },
	{ "set.member.del", ctl_args_set_member },
	{ "assoc.add", ctl_args_assoc_add },
	{ "assoc.del", ctl_args_assoc_del },
	{ "assoc.list", ctl_args_assoc_list },
	{ "assoc.show", ctl_args_assoc_show },
	{ "assoc.check", ctl_args_assoc_check },
	{ "scs.import", ctl_args_import },
	{ "scs.export", ctl_args_export },
	{ "group.import", ctl_args_import },
	{ "group.export", ctl_args_export },
	{ "set.import", ctl_args_import },
	{ "set.export", ctl_args_export },
	{ "assoc.import", ctl_args_import },
	{ "assoc.undo", ctl_args_assoc_undo },
	{ "reload", ctl_args_reload },
	{ "assoc.undo.list", NULL },
	{ "assoc.export", ctl_args_export },
	{ "block.import", ctl_args_import },
	{ "block.export", ctl_args_export },
	{ "triggers.list", ctl_args_triggers_list },
	{ "triggers.show", ctl_args_triggers_show },
	{ "triggers.cancel", ctl_args_triggers_cancel },
	{ "trace.stop", ctl_args_trace_stop },
	{ "trace.status", NULL },
	{ "quota.show", ctl_args_quota_show },
	{ "quota.reset", ctl_args_quota_reset },
	{ "screen.list", NULL },
	{ "screen.set", ctl_args_screen_set },
	{ "backup.copy", ctl_args_backup_copy },
	{ "ndsip.status", ctl_args_ndsip_status },
	{ "log.level", ctl_args_log_level },
};

/* The first that asks for it; `block` asks for commands of `assoc` once more, in fewer words. */
static const struct cli_command *command_of(const char *cmd)
{
	for (const struct cli_command *c = cli_commands; c->group; c++) {
		if (c->cmd && !strcmp(c->cmd, cmd)) {
			return c;
		}
	}
	return NULL;
}

static const struct ctl_arg *args_of(const char *cmd)
{
	for (size_t i = 0; i < sizeof server / sizeof *server; i++) {
		if (!strcmp(server[i].cmd, cmd)) {
			return server[i].args;
		}
	}
	fail_msg("the server has no %s", cmd);
	return NULL;
}

static const struct ctl_arg *arg_of(const struct ctl_arg *args, const char *name)
{
	for (; args && args->name; args++) {
		if (!strcmp(args->name, name)) {
			return args;
		}
	}
	return NULL;
}

static bool can_say(const struct cli_command *c, const char *arg)
{
	for (const struct cli_param *p = c->params; p && p->arg; p++) {
		if (!strcmp(p->arg, arg)) {
			return true;
		}
	}
	/* mtcctl says the name of a file, and of the store of each file of a backup, by itself */
	return (!strcmp(arg, "name") || !strcmp(arg, "store")) && can_say(c, "file");
}

/* One of the options that say it is. */
static bool must_say(const struct cli_command *c, const char *arg)
{
	for (const struct cli_param *p = c->params; p && p->arg; p++) {
		if (!strcmp(p->arg, arg) && p->required) {
			return true;
		}
	}
	return false;
}

static void test_every_command_of_the_server_can_be_asked_for(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof server / sizeof *server; i++) {
		if (!command_of(server[i].cmd)) {
			fail_msg("no words for %s", server[i].cmd);
		}
	}
	for (const struct cli_command *c = cli_commands; c->group; c++) {
		if (c->cmd) { /* else it needs no server */
			(void)args_of(c->cmd);
		}
	}
}

static void test_arguments_and_bounds_are_the_same_on_both_sides(void **state)
{
	(void)state;
	for (const struct cli_command *c = cli_commands; c->group; c++) {
		const struct ctl_arg *args = c->cmd ? args_of(c->cmd) : NULL;

		if (!c->cmd) {
			continue;
		}

		for (const struct cli_param *p = c->params; p && p->arg; p++) {
			const struct ctl_arg *a = arg_of(args, p->arg);

			if (!a) {
				fail_msg("%s takes no %s", c->cmd, p->arg);
			}
			if (p->kind == CLI_NUM && (p->min != a->min || p->max != a->max)) {
				fail_msg("%s %s has other bounds", c->cmd, p->arg);
			}
			if ((a->type == CTL_A_FD) != (p->kind == CLI_IN || p->kind == CLI_OUT || p->kind == CLI_DIR)) {
				fail_msg("%s %s is a file on one side only", c->cmd, p->arg);
			}
			if (a->type != CTL_A_FD && a->required != must_say(c, p->arg)) {
				fail_msg("%s %s is required on one side only", c->cmd, p->arg);
			}
		}
		for (const struct ctl_arg *a = args; command_of(c->cmd) == c && a && a->name; a++) {
			if (!can_say(c, a->name)) {
				fail_msg("mtcctl cannot say %s of %s", a->name, c->cmd);
			}
		}
	}
}

/* Of commands that are more than one request: what they hand on has the bounds of the server. */
static void same_bounds(const struct cli_param *params, const struct ctl_arg *args, const char *own)
{
	for (const struct cli_param *p = params; p->arg; p++) {
		const struct ctl_arg *a = arg_of(args, p->arg);

		if (strcmp(p->arg, own) == 0) {
			continue;
		}
		if (!a || (p->kind == CLI_NUM && (p->min != a->min || p->max != a->max))) {
			fail_msg("--%s has other bounds", p->option);
		}
		if (a->words && strcmp(a->words, p->words) != 0) {
			fail_msg("--%s has other words", p->option);
		}
	}
}

static void test_traces_and_tail_have_the_bounds_of_the_server(void **state)
{
	(void)state;
	same_bounds(cli_params_trace_start, ctl_args_trace_start, "pcap");
	same_bounds(cli_params_tail, ctl_args_decisions_follow, "count");
}

static void test_a_cell_is_short_and_clean(void **state)
{
	json_t *v = json_pack("[s,s,i,b]", "a\tb", "c", 5, 1);
	char text[16];

	(void)state;
	cli_text(text, sizeof text, v);
	assert_string_equal(text, "a?b,c,5,yes");
	cli_text(text, 6, v);
	assert_string_equal(text, "a?b,c");
	cli_text(text, 4, v);
	assert_string_equal(text, "a?b");
	json_decref(v);
}

static const struct cli_command *verb_of(const char *group, const char *verb)
{
	for (const struct cli_command *c = cli_commands; c->group; c++) {
		if (!strcmp(c->group, group) && c->verb && !strcmp(c->verb, verb)) {
			return c;
		}
	}
	fail_msg("no %s %s", group, verb);
	return NULL;
}

/* The arguments as JSON, or what is wrong. */
static const char *parsed(const char *group, const char *verb, int n, const char *const *words)
{
	static char out[2048];
	char why[CLI_WHY_MAX];
	json_t *args = json_object();
	const char *problem = cli_parse(verb_of(group, verb), n, (char *const *)(uintptr_t)words, args, why);
	char *text = json_dumps(args, JSON_COMPACT);

	snprintf(out, sizeof out, "%s", problem ? problem : text);
	free(text);
	json_decref(args);
	return out;
}
#define PARSED(group, verb, ...)                                                                                                 \
	parsed(group, verb, (int)(sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *)),                                \
	       (const char *const[]){ __VA_ARGS__ })

static void test_values_are_set_by_pairs_of_words(void **state)
{
	(void)state;
	assert_string_equal(
	    PARSED("scs", "set", "acme", "quota", "5", "priority", "no", "actions", "trigger,recall"),
	    "{\"name\":\"acme\",\"quota_per_day\":5,\"priority_allowed\":false,\"actions\":[\"trigger\",\"recall\"]}");
	assert_string_equal(PARSED("scs", "set", "acme", "quota_per_day", "5"), "{\"name\":\"acme\",\"quota_per_day\":5}");
	assert_string_equal(PARSED("scs", "set", "--quota", "5", "acme"), "{\"quota_per_day\":5,\"name\":\"acme\"}");
	assert_string_equal(PARSED("scs", "set", "acme"), "KEY VALUE is missing: name the value to set");
	assert_string_equal(PARSED("scs", "set", "acme", "quota"), "quota needs N");
	assert_string_equal(PARSED("scs", "set", "acme", "colour", "red"), "there is no value 'colour' to set");
	assert_non_null(strstr(PARSED("scs", "set", "acme", "quota", "5", "quota", "6"), "quota is given twice"));
	assert_non_null(strstr(PARSED("scs", "set", "acme", "quota", "many"), "expected a number from 0"));
	assert_string_equal(PARSED("scs", "set", "acme", "port-min", "9", "port-max", "8"), "--port-min is above --port-max");
	assert_string_equal(PARSED("group", "set", "fleet", "anchor", "none"), "{\"name\":\"fleet\",\"anchor\":\"\"}");
	assert_string_equal(PARSED("group", "set", "fleet", "anchor", "anchor-b"),
			    "{\"name\":\"fleet\",\"anchor\":\"anchor-b\"}");
	assert_string_equal(PARSED("set", "set", "trial", "name", "other"), "{\"name\":\"trial\",\"new_name\":\"other\"}");
	assert_string_equal(PARSED("scs", "show", "acme", "more"), "unexpected argument 'more'");
}

static void test_a_device_that_looks_like_a_pattern_is_told_which_forms_are_some(void **state)
{
	(void)state;
	assert_non_null(strstr(PARSED("block", "add", "*", "meter@*.example"), "are no patterns inside a name"));
	assert_non_null(strstr(PARSED("block", "add", "*", "meter*"), "are no patterns inside a name"));
	assert_string_equal(
	    PARSED("block", "del", "*", "meter-7*@a.example"), /* the server knows whether it has one of an older version */
	    "{\"scs\":\"*\",\"device\":\"meter-7*@a.example\",\"effect\":\"block\"}");
	assert_string_equal(PARSED("block", "add", "*", "*@A.example"),
			    "{\"scs\":\"*\",\"device\":\"*@a.example\",\"effect\":\"block\"}");
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_command_of_the_server_can_be_asked_for),
		cmocka_unit_test(test_arguments_and_bounds_are_the_same_on_both_sides),
		cmocka_unit_test(test_traces_and_tail_have_the_bounds_of_the_server),
		cmocka_unit_test(test_a_cell_is_short_and_clean),
		cmocka_unit_test(test_values_are_set_by_pairs_of_words),
		cmocka_unit_test(test_a_device_that_looks_like_a_pattern_is_told_which_forms_are_some),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
