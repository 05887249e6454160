/* docs/dev/control.md is what the rows say, and every command has rows. */
#include "tests/unit/test.h"

#include "admin/adm_control_page.h"
#include "admin/adm_int.h"
#include "ctl/ctl_replies.h"

static void test_the_page_is_up_to_date(void **state)
{
	char *made = NULL, there[256 * 1024] = "";
	FILE *page = fopen(DOCS "/dev/control.md", "re"), *f;
	size_t len, n;

	(void)state;
	assert_non_null(page);
	n = fread(there, 1, sizeof there - 1, page);
	fclose(page);
	f = open_memstream(&made, &len);
	assert_non_null(f);
	adm_control_page(f);
	assert_int_equal(fclose(f), 0);
	if (len != n || memcmp(made, there, n) != 0) {
		fail_msg("docs/dev/control.md is out of date; ninja -C build manuals");
	}
	free(made);
}

static void test_every_command_has_rows_and_every_row_a_command(void **state)
{
	size_t commands = 0, rows = 0;

	(void)state;
	for (const struct ctl_command *const *t = adm_tables; *t; t++) {
		for (const struct ctl_command *c = *t; c->name; c++, commands++) {
			if (!ctl_reply_find(c->name)) {
				fail_msg("%s has no rows in ctl_reply_tables", c->name);
			}
		}
	}
	for (const struct ctl_reply *const *t = ctl_reply_tables; *t; t++) {
		for (const struct ctl_reply *r = *t; r->commands; r++) {
			rows++;
			for (const char *p = r->commands; (p = strchr(p, ' ')); p++) {
				rows++;
			}
		}
	}
	assert_int_equal(rows, commands);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_page_is_up_to_date),
		cmocka_unit_test(test_every_command_has_rows_and_every_row_a_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
