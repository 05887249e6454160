/* What stands below the tables of `mtcctl status all`: nothing is wider than a terminal. */
#include "tests/unit/test.h"

#include "cli/cli_command.h"

#define WIDTH 80

struct shown {
	char *text;
	size_t len;
};

static struct shown show(void (*note)(FILE *, const json_t *), const char *rows_text)
{
	json_t *rows = json_loads(rows_text, 0, NULL);
	struct shown s = { NULL, 0 };
	FILE *f = open_memstream(&s.text, &s.len);

	assert_non_null(rows);
	assert_non_null(f);
	note(f, rows);
	fclose(f);
	json_decref(rows);
	return s;
}

static void fits(const char *text)
{
	for (const char *end; *text; text = *end ? end + 1 : end) {
		end = strchr(text, '\n');
		assert_non_null(end);
		if (end - text > WIDTH) {
			fail_msg("%.*s", (int)(end - text), text);
		}
	}
}

static void test_what_processes_lack_is_said_once(void **state)
{
	struct shown s =
	    show(cli_note_lacks,
		 "[{\"process\":\"parent\",\"lacks\":\"\"},{\"process\":\"core\",\"lacks\":\"no filter: use a kernel\"},"
		 "{\"process\":\"edge-0\",\"lacks\":\"no filter: use a kernel\"},"
		 "{\"process\":\"keyholder\",\"lacks\":\"no lock\"}]");

	(void)state;
	assert_string_equal(s.text, "LACKS of core, edge-0: no filter: use a kernel\nLACKS of keyholder: no lock\n");
	free(s.text);
	s = show(cli_note_lacks, "[{\"process\":\"core\",\"lacks\":\"\"}]");
	assert_string_equal(s.text, "");
	free(s.text);
}

static void test_long_words_go_on_in_the_next_line(void **state)
{
	struct shown s =
	    show(cli_note_lacks,
		 "[{\"process\":\"parent\",\"lacks\":\"the kernel has no Landlock of version 2 or later: use Linux 5.19 or later "
		 "with landlock among the modules of the kernel's lsm= line, and a container that allows landlock_*()\"}]");

	(void)state;
	fits(s.text);
	assert_string_equal(s.text, "LACKS of parent: the kernel has no Landlock of version 2 or later: use Linux\n"
				    "  5.19 or later with landlock among the modules of the kernel's lsm= line, and a\n"
				    "  container that allows landlock_*()\n");
	free(s.text);
}

static void test_paths_are_cut_and_counted(void **state)
{
	struct shown s =
	    show(cli_note_tokens, "[{\"name\":\"keyholder\"},{\"name\":\"keyholder-p11\",\"token\":\"mtc\",\"paths\":["
				  "\"/usr/lib/softhsm/libsofthsm2.so\",\"/etc/softhsm\",\"/var/lib/softhsm/tokens\",\"/run/"
				  "pcscd\",\"/var/lib/more\"]}]");

	(void)state;
	fits(s.text);
	assert_string_equal(s.text, "TOKEN of keyholder-p11: mtc\nPATHS of keyholder-p11: /usr/lib/softhsm/libsofthsm2.so, "
				    "+4 more\n");
	free(s.text);
	s = show(cli_note_tokens, "[{\"name\":\"keyholder-p11\",\"token\":\"mtc\",\"paths\":[\"/m.so\",\"/etc/softhsm\"]}]");
	assert_string_equal(s.text, "TOKEN of keyholder-p11: mtc\nPATHS of keyholder-p11: /m.so, /etc/softhsm\n");
	free(s.text);
}

static void test_one_path_longer_than_the_line_shows_its_end(void **state)
{
	char rows[1024], path[400];
	struct shown s;

	(void)state;
	memset(path, 'd', sizeof path);
	memcpy(path + sizeof path - 10, "/last.so", 9);
	path[0] = '/';
	snprintf(rows, sizeof rows, "[{\"name\":\"keyholder-p11\",\"token\":\"mtc\",\"paths\":[\"%s\",\"/etc\"]}]", path);
	s = show(cli_note_tokens, rows);
	fits(s.text);
	assert_non_null(strstr(s.text, ": ...d"));
	assert_non_null(strstr(s.text, "/last.so, +1 more\n"));
	free(s.text);
}

static void show_stores(FILE *out, const json_t *rows)
{
	json_t *last = json_pack("{s:O}", "stores", (json_t *)(uintptr_t)rows);

	assert_int_equal(cli_show_status(out, last), CLI_OK);
	json_decref(last);
}

static void test_stores_fit_into_a_terminal(void **state)
{
	struct shown s =
	    show(show_stores, "[{\"name\":\"associations\",\"octets\":4096,\"size_max\":68719476736,\"left\":68719472640,"
			      "\"disk\":1099511627776,\"state\":\"failing\",\"reader_name\":\"core, an export or backup\","
			      "\"reader_s\":123456,\"reader_behind\":1,\"held\":123456789},"
			      "{\"name\":\"association rows\",\"octets\":68719476736,\"size_max\":68719476736,"
			      "\"left\":1,\"disk\":1099511627776,\"state\":\"ok\"}]");

	(void)state;
	fits(s.text);
	assert_non_null(strstr(s.text, "DISK FREE\n"));
	assert_non_null(strstr(s.text, "\nOLDEST READER of associations: core, an export or backup, for 123456 s, 1 commit\n"
				       "  behind, holds 123456789 bytes\n"));
	free(s.text);
}

static void test_a_zero_is_a_dash_where_the_column_says_so(void **state)
{
	static const struct cli_column columns[] = {
		{ "ROW", "row" }, { "ANSWER", CLI_DASH_FOR_0 "answer" }, { "CAUGHT", "caught" }, { NULL, NULL }
	};
	json_t *none = json_pack("{s:s,s:i,s:i}", "row", "a", "answer", 0, "caught", 0);
	json_t *some = json_pack("{s:s,s:i,s:i}", "row", "b", "answer", 3002, "caught", 7);
	struct shown s = { NULL, 0 };
	FILE *f = open_memstream(&s.text, &s.len);
	struct cli_table *t;

	(void)state;
	assert_non_null(f);
	t = cli_table_new(f, columns);
	assert_non_null(t);
	cli_table_row(t, none);
	cli_table_row(t, some);
	cli_table_end(t);
	fclose(f);
	assert_string_equal(s.text, "ROW  ANSWER  CAUGHT\na    -       0\nb    3002    7\n");
	free(s.text);
	json_decref(none);
	json_decref(some);
}

static void test_a_note_stands_below_its_table_once(void **state)
{
	static const struct cli_column columns[] = {
		{ "SCS", "scs" }, { "HOSTS", CLI_FIRST "hosts" }, { "WHY NOT", CLI_NOTE "why" }, { NULL, NULL }
	};
	struct shown s = { NULL, 0 };
	FILE *f = open_memstream(&s.text, &s.len);
	struct cli_table *t;
	char name[16], *more;

	(void)state;
	assert_non_null(f);
	t = cli_table_new(f, columns);
	assert_non_null(t);
	for (int i = 0; i < 205; i++) {
		json_t *row;

		snprintf(name, sizeof name, "s%d", i);
		row = json_pack("{s:s, s:[s*, s*], s:s}", "scs", name, "hosts", i ? "::1" : NULL, i > 1 ? "::2" : NULL, "why",
				i == 1  ? ""
				: i < 3 ? "no tunnel"
					: name);
		assert_non_null(row);
		cli_table_row(t, row);
		json_decref(row);
	}
	cli_table_end(t);
	fclose(f);
	assert_int_equal(strncmp(s.text, "SCS   HOSTS\ns0    -\ns1    ::1\ns2    ::1 +1\n", 43), 0);
	assert_non_null(strstr(s.text, "\nWHY NOT of s0, s2: no tunnel\nWHY NOT of s3: s3\n"));
	more = strstr(s.text, "\nWHY NOT of s200: s200\n");
	assert_non_null(more);
	assert_string_equal(more, "\nWHY NOT of s200: s200\nWHY NOT of 4 more: name one, or use --json\n");
	free(s.text);
}

static void test_one_item_or_several_wait_for_a_restart(void **state)
{
	const char *replies[] = { "{\"ok\":true,\"restart\":1}", "{\"ok\":true,\"restart\":2}" };
	const char *lines[] = { "\n1 item waiting for a restart of mtc-iwfd", "\n2 items waiting for a restart of mtc-iwfd" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		json_t *last = json_loads(replies[i], 0, NULL);
		char *text;
		size_t len;
		FILE *f = open_memstream(&text, &len);

		assert_non_null(last);
		assert_non_null(f);
		assert_int_equal(cli_show_reload(f, last), CLI_OK);
		fclose(f);
		assert_non_null(strstr(text, lines[i]));
		free(text);
		json_decref(last);
	}
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_processes_lack_is_said_once),
		cmocka_unit_test(test_a_note_stands_below_its_table_once),
		cmocka_unit_test(test_long_words_go_on_in_the_next_line),
		cmocka_unit_test(test_paths_are_cut_and_counted),
		cmocka_unit_test(test_one_path_longer_than_the_line_shows_its_end),
		cmocka_unit_test(test_stores_fit_into_a_terminal),
		cmocka_unit_test(test_a_zero_is_a_dash_where_the_column_says_so),
		cmocka_unit_test(test_one_item_or_several_wait_for_a_restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
