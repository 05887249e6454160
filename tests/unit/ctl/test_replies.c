/* Lines of a reply against their rows: what differs is named. */
#include "tests/unit/test.h"

#include "ctl/ctl_replies.h"

struct line {
	const char *command, *json, *problem; /* problem "": none */
};

static void check(const struct line *rows, size_t n,
		  const char *(*fn)(const struct ctl_reply *r, const json_t *line, char why[CTL_REPLY_WHY_MAX]))
{
	for (size_t i = 0; i < n; i++) {
		const struct ctl_reply *r = ctl_reply_find(rows[i].command);
		json_t *line = json_loads(rows[i].json, 0, NULL);
		char why[CTL_REPLY_WHY_MAX];
		const char *problem;

		assert_non_null(r);
		assert_non_null(line);
		problem = fn(r, line, why);
		assert_string_equal(problem ? problem : "", rows[i].problem);
		json_decref(line);
	}
}

static void test_last_lines(void **state)
{
	static const struct line rows[] = {
		{ "quota.reset", "{\"scs\":\"acme\",\"was\":4}", "" },
		{ "quota.reset", "{\"scs\":\"acme\"}", "member 'was' is missing, a number" },
		{ "quota.reset", "{\"scs\":\"acme\",\"was\":4,\"is\":0}", "member 'is' has no row" },
		{ "quota.reset", "{\"scs\":7,\"was\":4}", "member 'scs' is no text" },
		{ "quota.reset", "{\"scs\":\"acme\",\"was\":\"4\"}", "member 'was' is no number" },
		{ "triggers.list", "{\"count\":0,\"more\":1}", "member 'more' is no boolean" },
		{ "peers.stop", "{\"name\":\"hss\",\"state\":\"closing\"}", "" },
		{ "peers.stop", "{}", "member 'name' is missing, a text" },
		{ "health", "{\"healthy\":true,\"reasons\":[]}", "" },
		{ "health", "{\"healthy\":true,\"reasons\":[\"none\"]}", "member 'reasons' is no list of objects" },
		{ "health", "{\"healthy\":true,\"reasons\":[{\"reason\":\"a\",\"text\":\"b\"}]}",
		  "member 'advice' is missing, a text" },
		{ "health", "{\"healthy\":true,\"reasons\":{}}", "member 'reasons' is no list of objects" },
		{ "group.member.add", "{\"group\":\"g\",\"scs\":\"s\",\"member\":true}", "" },
		{ "group.member.add", "{\"group\":\"g\",\"scs\":\"s\",\"member\":true,\"warnings\":[1]}",
		  "member 'warnings' is no list of texts" },
		{ "backup.copy",
		  "{\"store\":\"s\",\"octets\":1,\"sha256\":\"\",\"version\":\"\",\"identity\":\"\",\"timeline\":[]}",
		  "member 'timeline' is no object" },
	};

	(void)state;
	check(rows, sizeof rows / sizeof *rows, ctl_reply_check_last);
}

static void test_lines_before_the_last_one(void **state)
{
	static const struct line rows[] = {
		{ "quota.reset", "{\"scs\":\"acme\"}", "a line before the last one is of no form that it has" },
		{ "set.show", "{\"device\":\"a@b\"}", "" },
		{ "block.import", "{\"line\":2,\"error\":\"empty\"}", "" },
		{ "block.import", "{\"goes\":\"block acme *\"}", "" },
		{ "block.import", "{\"goes\":\"block acme *\",\"line\":2}", "member 'goes' has no row" },
		{ "block.import", "{\"error\":\"empty\"}", "a line before the last one is of no form that it has" },
		{ "assoc.undo.list",
		  "{\"at\":\"yesterday\",\"kind\":\"scs\",\"file\":\"\",\"replace\":false,\"rows\":0,\"added\":0,\"replaced\":0,"
		  "\"deleted\":0,"
		  "\"along\":0,\"since\":0,\"octets\":0}",
		  "member 'at' is no time" },
		{ "assoc.undo.list",
		  "{\"at\":\"2026-11-29T03:00:00.250Z\",\"kind\":\"scs\",\"file\":\"\",\"replace\":false,\"rows\":0,\"added\":0,"
		  "\"replaced\":0,"
		  "\"deleted\":0,\"along\":0,\"since\":0,\"octets\":0}",
		  "" },
	};

	(void)state;
	check(rows, sizeof rows / sizeof *rows, ctl_reply_check_line);
}

static void test_a_command_is_found_by_its_whole_name(void **state)
{
	(void)state;
	assert_ptr_equal(ctl_reply_find("scs.import"), ctl_reply_find("block.import"));
	assert_null(ctl_reply_find("scs"));
	assert_null(ctl_reply_find(""));
	assert_null(ctl_reply_find("scs.import group.import"));
	assert_null(ctl_reply_find("status.more"));
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_last_lines),
		cmocka_unit_test(test_lines_before_the_last_one),
		cmocka_unit_test(test_a_command_is_found_by_its_whole_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
