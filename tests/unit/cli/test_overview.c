/* The first page of `mtcctl status`: what needs attention stands first, and all of it is one
 * screen. */
#include "tests/unit/test.h"

#include "cli/cli_overview.h"

#define SCREEN_LINES 24
#define SCREEN_COLUMNS 80

static json_t *json(const char *text)
{
	json_t *o = json_loads(text, 0, NULL);

	assert_non_null(o);
	return o;
}

/* Owned. */
static char *page(const char *status, const char *peers, const char *counters)
{
	json_t *s = json(status), *p = peers ? json(peers) : NULL, *c = counters ? json(counters) : NULL;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	cli_overview_show(out, &(struct cli_overview){ s, p, c });
	assert_int_equal(fclose(out), 0);
	json_decref(s);
	json_decref(p);
	json_decref(c);
	return text;
}

#define WELL                                                                                                                     \
	"{\"version\":\"1.2.3\",\"identity\":\"iwf.operator.example\",\"uptime_s\":93784,\"pid\":77,\"healthy\":true,"           \
	"\"sessions\":1,\"scs\":2,\"rules\":14,\"triggers\":60,\"pending\":3,"                                                   \
	"\"edges\":[{\"name\":\"edge-0\",\"state\":\"up\"},{\"name\":\"edge-1\",\"state\":\"starting\"}],"                       \
	"\"keyholders\":[{\"state\":\"up\"}],\"sandbox\":[{\"process\":\"core\",\"lacks\":\"\"}],"                               \
	"\"journal\":{\"state\":\"ok\",\"records\":60,\"octets\":12345678},"                                                     \
	"\"stores\":[{\"name\":\"associations\",\"octets\":999,\"disk\":5000000000,\"state\":\"ok\"}],"                          \
	"\"memory\":{\"state\":\"ok\",\"octets\":150000000},"                                                                    \
	"\"files\":[{\"path\":\"iwf.pem\",\"days_left\":89},{\"path\":\"a.pem\",\"days_left\":3000},"                            \
	"{\"path\":\"a.crl\",\"number\":\"1\",\"days_left\":1}]}"

static void test_a_gateway_that_is_well(void **state)
{
	char *text = page(WELL, "[{\"name\":\"hss\",\"state\":\"open\"},{\"name\":\"smssc\",\"state\":\"waiting\"}]",
			  "{\"requests\":100,\"decision_accepted\":90,\"decision_refused\":10}");

	(void)state;
	assert_string_equal(text, "mtc-iwfd 1.2.3, iwf.operator.example: healthy, up for 1d 02:03:04\n"
				  "\n"
				  "processes     core (pid 77), 1 of 2 edges up, 1 of 1 keyholder up\n"
				  "sandbox       in force for 1 process\n"
				  "peers         hss open, smssc waiting\n"
				  "SCSs          1 session open; 2 SCSs and 14 rules provisioned\n"
				  "triggers      60 wait for their report; 3 requests without an answer yet\n"
				  "requests      100 since the start, 90 accepted, 10 refused\n"
				  "journal       ok, 60 records, 12 MB\n"
				  "stores        associations ok, 999 bytes; 5.0 GB free on the disk\n"
				  "memory        ok, 150 MB in the core\n"
				  "certificates  the first to end is iwf.pem, in 89 days\n"
				  "\n"
				  "mtcctl status all: everything. mtcctl doctor: what is wrong, and what to do.\n");
	free(text);
}

static void test_what_needs_attention_stands_first(void **state)
{
	char *text = page("{\"version\":\"1\",\"identity\":\"i\",\"uptime_s\":60,\"healthy\":false,\"reasons\":["
			  "{\"text\":\"peer hss is not connected\",\"advice\":\"see that it runs\"}],"
			  "\"files\":[{\"path\":\"iwf.pem\",\"days_left\":1}],\"configuration\":{\"other_on_disk\":true,"
			  "\"restart_needed\":[\"timers.hang: 30s -> 20s\",\"sandbox: prefer -> off\"]},"
			  "\"hung\":[{\"process\":\"keyholder\",\"times\":2},{\"process\":\"edge\",\"times\":1}],"
			  "\"written\":[{\"name\":\"log\",\"lost\":7}],\"crls_refused\":[\"anchor-a\"],\"screening\":[{}]}",
			  NULL, NULL);

	(void)state;
	assert_non_null(strstr(text, "1, i: not healthy, up for 0d 00:01:00\n"
				     "\n"
				     "needs attention\n"
				     "  peer hss is not connected\n"
				     "    next: see that it runs\n"
				     "  iwf.pem ends in 1 day: renew it, then mtcctl reload\n"
				     "  the configuration file is another one than the one in force:\n"
				     "    mtcctl reload --dry-run\n"
				     "  2 changes of the configuration wait for a restart of mtc-iwfd:\n"
				     "    mtcctl status all\n"
				     "  ended because it did nothing for timers.hang: keyholder 2, edge 1\n"
				     "  new CRLs refused, see the log: anchor-a\n"
				     "  log: 7 lines lost\n"
				     "  1 screening row changed from the preset: mtcctl screen list\n"
				     "\n"
				     "processes "));
	free(text);
}

/* A command is copied as a whole; one that is longer than a line is words like others. */
static void test_a_command_stays_on_one_line(void **state)
{
	char *text = page(
	    "{\"version\":\"1\",\"identity\":\"i\",\"uptime_s\":60,\"healthy\":false,\"reasons\":["
	    "{\"text\":\"a\",\"advice\":\"look at the keyholder process, which signs for the audit: 'mtcctl status all', and its "
	    "lines in the log\"},"
	    "{\"text\":\"b\",\"advice\":\"mtcctl assoc add group:some-group-with-a-long-name device-1@some.example --deny\"},"
	    "{\"text\":\"c\",\"advice\":\"mtcctl assoc add group:some-group-with-a-very-long-name "
	    "device-1@some.example --deny --note aaaaaa\"}]}",
	    NULL, NULL);

	(void)state;
	assert_non_null(strstr(text, "    next: look at the keyholder process, which signs for the audit:\n"
				     "      'mtcctl status all', and its lines in the log\n"
				     "  b\n"
				     "    next: mtcctl assoc add group:some-group-with-a-long-name\n"
				     "      device-1@some.example --deny\n"
				     "  c\n"
				     "    next: mtcctl assoc add group:some-group-with-a-very-long-name\n"
				     "      device-1@some.example --deny --note aaaaaa\n"));
	free(text);
}

static void test_a_number_stays_with_its_unit(void **state)
{
	char *text = page("{\"version\":\"1\",\"identity\":\"i\",\"uptime_s\":60,\"healthy\":false,\"reasons\":[{\"text\":"
			  "\"the first certificate of all that the gateway shows to its peers ends in 364 days\"}]}",
			  NULL, NULL);

	(void)state;
	assert_non_null(strstr(text, "the first certificate of all that the gateway shows to its peers ends in\n    364 days\n"));
	free(text);
}

static void test_one_change_waits(void **state)
{
	char *text = page("{\"version\":\"1\",\"identity\":\"i\",\"uptime_s\":60,\"healthy\":true,\"configuration\":{"
			  "\"restart_needed\":[\"sandbox: prefer -> off\"]}}",
			  NULL, NULL);

	(void)state;
	assert_non_null(strstr(text, "\n  1 change of the configuration waits for a restart of mtc-iwfd:"));
	free(text);
}

static void test_a_young_gateway_is_starting(void **state)
{
	char *text = page("{\"version\":\"1\",\"identity\":\"i\",\"uptime_s\":2,\"healthy\":false,\"reasons\":[]}", NULL, NULL);

	(void)state;
	assert_non_null(strstr(text, "1, i: starting, not healthy yet, up for "));
	free(text);
}

/* However ill it is, and whatever a server says. */
static void test_it_is_one_screen(void **state)
{
	json_t *status = json(WELL), *reasons = json_array(), *peers = json_array();
	char *one, *two, *text, *line, *rest;
	unsigned lines = 0;

	(void)state;
	for (int i = 0; i < 100; i++) {
		json_array_append_new(reasons, json_pack("{s:s, s:s}", "text", "peer hss is not connected", "advice",
							 "see that it runs and can be reached from here"));
		json_array_append_new(peers, json_pack("{s:s, s:s}", "name", "p", "state", "open"));
	}
	json_object_set_new(status, "reasons", reasons);
	json_object_set_new(status, "healthy", json_false());
	one = json_dumps(status, 0);
	two = json_dumps(peers, 0);
	text = page(one, two, "{\"requests\":1}");
	assert_non_null(strstr(text, "  and 97 more: mtcctl health\n"));
	assert_non_null(strstr(text, "p open, and 94 more\n"));
	for (rest = text; (line = strsep(&rest, "\n")) && rest; lines++) {
		if (strlen(line) > SCREEN_COLUMNS) {
			fail_msg("%zu columns: %s", strlen(line), line);
		}
	}
	assert_true(lines <= SCREEN_LINES);
	free(one);
	free(two);
	free(text);
	json_decref(status);
	json_decref(peers);
}

static void test_rates_are_of_the_time_between(void **state)
{
	json_t *before = json("{\"requests\":100,\"decision_accepted\":90,\"decision_refused\":10}");
	json_t *now = json("{\"requests\":300,\"decision_accepted\":190,\"decision_refused\":9}");
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	cli_overview_rates(out, before, now, 2000);
	cli_overview_rates(out, before, now, 0); /* nothing */
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text, "now           100 requests/s, 50 accepted/s, 0 refused/s\n");
	free(text);
	json_decref(before);
	json_decref(now);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_gateway_that_is_well),
		cmocka_unit_test(test_what_needs_attention_stands_first),
		cmocka_unit_test(test_a_command_stays_on_one_line),
		cmocka_unit_test(test_one_change_waits),
		cmocka_unit_test(test_a_number_stays_with_its_unit),
		cmocka_unit_test(test_a_young_gateway_is_starting),
		cmocka_unit_test(test_it_is_one_screen),
		cmocka_unit_test(test_rates_are_of_the_time_between),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
