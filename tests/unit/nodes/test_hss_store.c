/* The subscribers file: what a line may say, what each mistake is called, how subscribers are found again. */
#include "tests/unit/test.h"

#include "nodes/hss/hss_store.h"

static struct hss_store *load(const char *text, char why[HSS_STORE_WHY_MAX])
{
	FILE *f = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	struct hss_store *s = NULL;

	assert_non_null(f);
	why[0] = 0;
	if (hss_store_read(&s, f, "subs", why)) {
		assert_null(s);
	}
	fclose(f);
	return s;
}

static const struct hss_subscriber *by(const struct hss_store *s, const char *imsi, const char *msisdn_tbcd, size_t n,
				       const char *external)
{
	struct app_user_identifier who = { 0 };

	if (imsi) {
		who.user_name = dia_text(imsi);
	}
	if (msisdn_tbcd) {
		who.msisdn = (struct dia_bytes){ (const uint8_t *)msisdn_tbcd, (uint32_t)n };
	}
	if (external) {
		who.external_identifier = dia_text(external);
	}
	return hss_store_find(s, &who, false);
}

#define FULL                                                                                                                     \
	"{\"imsi\":\"001010000000001\",\"msisdn\":\"491700000001\",\"external_identifiers\":[\"meter-1@A.example\"],"            \
	"\"services\":[\"device-trigger\",\"sms-mo\"],\"allowed_scs\":[\"49170123456\"],"                                        \
	"\"registered\":{\"sgsn\":{\"number\":\"491770000002\"},"                                                                \
	"\"mme\":{\"name\":\"mme.core\",\"realm\":\"core\",\"number\":\"491770000001\",\"reachable\":false}},"                   \
	"\"sms_mo_ports\":{\"16001\":\"meter-1@a.example\"},\"barred\":true,\"triggers_only\":true}\n"

static void test_every_fact_of_a_line_is_kept(void **state)
{
	char why[HSS_STORE_WHY_MAX];
	struct hss_store *s = load("# a comment\n\n" FULL, why);
	const struct hss_subscriber *sub;

	(void)state;
	assert_string_equal(why, "");
	assert_non_null(s);
	assert_int_equal(hss_store_count(s), 1);
	sub = by(s, "001010000000001", NULL, 0, NULL);
	assert_non_null(sub);
	assert_int_equal(sub->line, 3);
	assert_string_equal(sub->externals[0], "meter-1@a.example");
	assert_int_equal(sub->services, HSS_SERVICE_DEVICE_TRIGGER | HSS_SERVICE_SMS_MO);
	assert_int_equal(sub->allowed_n, 1);
	assert_memory_equal(sub->allowed[0].tbcd, "\x94\x71\x10\x32\x54\xf6", 6);
	assert_int_equal(sub->nodes_n, 2);
	assert_int_equal(sub->nodes[0].kind, HSS_NODE_MME); /* in the order of preference, not of the file */
	assert_string_equal(sub->nodes[0].name, "mme.core");
	assert_false(sub->nodes[0].reachable);
	assert_int_equal(sub->nodes[1].kind, HSS_NODE_SGSN);
	assert_true(sub->nodes[1].reachable);
	assert_int_equal(sub->ports[0].port, 16001);
	assert_string_equal(sub->ports[0].external, "meter-1@a.example");
	assert_true(sub->teleservice && sub->barred && !sub->any_scs && sub->triggers_only);
	hss_store_free(s);
}

static void test_defaults_give_no_right(void **state)
{
	char why[HSS_STORE_WHY_MAX];
	struct hss_store *s = load("{\"imsi\":\"001010000000001\"}", why);
	const struct hss_subscriber *sub;

	(void)state;
	assert_non_null(s);
	sub = by(s, "001010000000001", NULL, 0, NULL);
	assert_int_equal(sub->services, 0);
	assert_int_equal(sub->allowed_n, 0);
	assert_false(sub->any_scs);
	assert_int_equal(sub->nodes_n, 0);
	assert_true(sub->teleservice && !sub->barred && !sub->triggers_only);
	hss_store_free(s);
}

static void test_unreachable_device_is_so_in_every_node(void **state)
{
	char why[HSS_STORE_WHY_MAX];
	struct hss_store *s =
	    load("{\"imsi\":\"001010000000001\",\"reachable\":false,\"allowed_scs\":[\"*\"],\"registered\":{\"sgsn\":"
		 "{\"number\":\"491770000002\"},\"ip_sm_gw\":{\"number\":\"491770000003\",\"reachable\":true}}}",
		 why);
	const struct hss_subscriber *sub;

	(void)state;
	assert_non_null(s);
	sub = by(s, "001010000000001", NULL, 0, NULL);
	assert_true(sub->any_scs);
	assert_int_equal(sub->nodes_n, 2);
	assert_false(sub->nodes[0].reachable || sub->nodes[1].reachable);
	hss_store_free(s);
}

static void test_identities_find_one_subscriber_or_nobody(void **state)
{
	char why[HSS_STORE_WHY_MAX];
	struct app_user_identifier who = { .user_name = dia_text("001010000000001"),
					   .external_identifier = dia_text("nobody@b.example") };
	struct hss_store *s = load(FULL "{\"imsi\":\"001010000000002\",\"msisdn\":\"491700000002\"}\n", why);
	const struct hss_subscriber *one, *two;

	(void)state;
	assert_non_null(s);
	one = by(s, "001010000000001", NULL, 0, NULL);
	two = by(s, NULL, "\x94\x71\x00\x00\x00\x20", 6, NULL);
	assert_non_null(one);
	assert_non_null(two);
	assert_ptr_not_equal(one, two);
	assert_ptr_equal(by(s, NULL, "\x94\x71\x00\x00\x00\x10", 6, NULL), one);
	assert_ptr_equal(by(s, NULL, NULL, 0, "meter-1@a.example"), one);
	assert_ptr_equal(by(s, NULL, NULL, 0, "meter-1@A.EXAMPLE"), one);
	assert_null(by(s, NULL, NULL, 0, "Meter-1@a.example"));
	assert_null(by(s, NULL, NULL, 0, "meter-1@a.example."));
	assert_null(by(s, NULL, NULL, 0, ""));
	assert_null(by(s, "", NULL, 0, NULL));
	assert_null(by(s, NULL, NULL, 0, NULL));
	assert_null(by(s, "00101000000000", NULL, 0, NULL));
	assert_ptr_equal(by(s, "001010000000001", "\x94\x71\x00\x00\x00\x10", 6, "meter-1@a.example"), one);
	assert_null(by(s, "001010000000002", NULL, 0, "meter-1@a.example")); /* they contradict each other */
	assert_ptr_equal(hss_store_find(s, &who, true), one);
	hss_store_free(s);
}

static void test_many_subscribers_are_all_found(void **state)
{
	char why[HSS_STORE_WHY_MAX], imsi[16];
	size_t size = 5000 * 80;
	char *text = malloc(size), *at = text;
	struct hss_store *s;

	(void)state;
	assert_non_null(text);
	for (int i = 0; i < 5000; i++) {
		at += snprintf(at, size - (size_t)(at - text),
			       "{\"imsi\":\"%015d\",\"external_identifiers\":[\"d-%d@a.example\"]}\n", i, i);
	}
	s = load(text, why);
	assert_non_null(s);
	assert_int_equal(hss_store_count(s), 5000);
	for (int i = 0; i < 5000; i++) {
		snprintf(imsi, sizeof imsi, "%015d", i);
		assert_string_equal(by(s, imsi, NULL, 0, NULL)->imsi, imsi);
	}
	hss_store_free(s);
	free(text);
}

static void bad(const char *line, const char *expected)
{
	char why[HSS_STORE_WHY_MAX], text[8192], full[512];
	struct hss_store *s;

	snprintf(text, sizeof text, "# one line above\n" FULL "%s\n", line);
	snprintf(full, sizeof full, "subs:3: %s", expected);
	s = load(text, why);
	if (s || strncmp(why, full, strlen(full)) != 0) {
		fail_msg("%s: got '%s', expected '%s'", line, s ? "accepted" : why, full);
	}
}

static void test_each_mistake_names_line_key_and_what_was_expected(void **state)
{
	(void)state;
	bad("{", "not JSON, column 1: ");
	bad("[1]", "expected one JSON object");
	bad("{\"imsi\":\"001010000000009\",\"imsi\":\"001010000000008\"}", "not JSON, column ");
	bad("{}", "imsi is missing");
	bad("{\"imsi\":1}", "imsi: expected a string of 6 to 15 digits");
	bad("{\"imsi\":\"00101\"}", "imsi: expected");
	bad("{\"imsi\":\"0010100000000010\"}", "imsi: expected");
	bad("{\"imsi\":\"00101000000000x\"}", "imsi: expected");
	bad("{\"imsi\":\"001010000000001\"}", "imsi: the same is on line 2 already");
	bad("{\"imsi\":\"001010000000009\",\"msisdn\":\"491700000001\"}", "msisdn: the same is on line 2 already");
	bad("{\"imsi\":\"001010000000009\",\"external_identifiers\":[\"meter-1@a.example\"]}",
	    "external_identifiers: the same is on line 2 already");
	bad("{\"imsi\":\"001010000000009\",\"external_identifiers\":[\"x@a.example\",\"x@A.example\"]}",
	    "external_identifiers: the same is on line 3 already");
	bad("{\"imsi\":\"001010000000009\",\"msisdn\":\"+49170\"}", "msisdn: expected a string of 5 to 15 digits");
	bad("{\"imsi\":\"001010000000009\",\"msisdn\":\"0170123456\"}", "msisdn: expected");
	bad("{\"imsi\":\"001010000000009\",\"external_identifiers\":\"x@a.example\"}", "external_identifiers: expected a list");
	bad("{\"imsi\":\"001010000000009\",\"external_identifiers\":[\"a@x\",\"b@x\",\"c@x\",\"d@x\",\"e@x\",\"f@x\",\"g@x\",\"h@"
	    "x\"]}",
	    "external_identifiers: expected a list of at most 7");
	bad("{\"imsi\":\"001010000000009\",\"external_identifiers\":[\"ok@x\",\"no\"]}",
	    "external_identifiers[1]: expected local@domain");
	bad("{\"imsi\":\"001010000000009\",\"services\":\"device-trigger\"}", "services: expected a list");
	bad("{\"imsi\":\"001010000000009\",\"services\":[\"trigger\"]}",
	    "services[0]: expected \"device-trigger\" or \"sms-mo\"");
	bad("{\"imsi\":\"001010000000009\",\"allowed_scs\":{}}", "allowed_scs: expected a list");
	bad("{\"imsi\":\"001010000000009\",\"allowed_scs\":[\"*\",\"acme\"]}",
	    "allowed_scs[1]: expected a string of 5 to 15 digits");
	bad("{\"imsi\":\"001010000000009\",\"reachable\":1}", "reachable: expected true or false");
	bad("{\"imsi\":\"001010000000009\",\"teleservice\":null}", "teleservice: expected true or false");
	bad("{\"imsi\":\"001010000000009\",\"barred\":\"no\"}", "barred: expected true or false");
	bad("{\"imsi\":\"001010000000009\",\"triggers_only\":0}", "triggers_only: expected true or false");
	bad("{\"imsi\":\"001010000000009\",\"registered\":[]}", "registered: expected an object");
	bad("{\"imsi\":\"001010000000009\",\"registered\":{\"smsf\":{}}}", "registered: a key is unknown");
	bad("{\"imsi\":\"001010000000009\",\"registered\":{\"mme\":1}}", "registered.mme: expected an object");
	bad("{\"imsi\":\"001010000000009\",\"registered\":{\"mme\":{\"name\":\"m\",\"realm\":\"r\"}}}",
	    "registered.mme: number is missing");
	bad("{\"imsi\":\"001010000000009\",\"registered\":{\"mme\":{\"number\":\"491770\"}}}",
	    "registered.mme: expected name and realm");
	bad("{\"imsi\":\"001010000000009\",\"registered\":{\"sgsn\":{\"number\":\"491770\",\"name\":\"s\"}}}",
	    "registered.sgsn: expected name and realm together");
	bad("{\"imsi\":\"001010000000009\",\"registered\":{\"msc\":{\"number\":\"491770\",\"name\":\"s\"}}}",
	    "registered.msc.name: no such key; expected number, mme_name, mme_realm");
	bad("{\"imsi\":\"001010000000009\",\"registered\":{\"sgsn\":{\"number\":\"491770\",\"name\":\"s_\",\"realm\":\"r\"}}}",
	    "registered.sgsn.name: expected a host name");
	bad("{\"imsi\":\"001010000000009\",\"registered\":{\"mme\":{\"name\":\"m\",\"realm\":\"r\",\"number\":\"491770\"},"
	    "\"msc\":{\"number\":\"491771\"}}}",
	    "registered: mme and msc exclude each other");
	bad("{\"imsi\":\"001010000000009\",\"sms_mo_ports\":[]}", "sms_mo_ports: expected an object");
	bad("{\"imsi\":\"001010000000009\",\"sms_mo_ports\":{\"70000\":\"x@a\"}}",
	    "sms_mo_ports: expected a port from 0 to 65535");
	bad("{\"imsi\":\"001010000000009\",\"sms_mo_ports\":{\"1\":\"x@a\"}}",
	    "sms_mo_ports.1: expected one of this subscriber's");
	bad("{\"imsi\":\"001010000000009\",\"sms_mo_ports\":{\"1\":2}}", "sms_mo_ports.1: expected one of this subscriber's");
	bad("{\"imsi\":\"001010000000009\",\"alowed_scs\":[\"*\"]}", "alowed_scs: no such key; expected imsi, msisdn,");
}

static void test_a_line_without_end_is_refused(void **state)
{
	char why[HSS_STORE_WHY_MAX];
	char *text = malloc(HSS_LINE_MAX + 100);

	(void)state;
	assert_non_null(text);
	memset(text, ' ', HSS_LINE_MAX + 99);
	text[HSS_LINE_MAX + 99] = 0;
	assert_null(load(text, why));
	assert_string_equal(why, "subs:1: the line is longer than 65535 bytes or holds a NUL");
	free(text);
}

static void test_a_file_that_is_not_there_is_named(void **state)
{
	char why[HSS_STORE_WHY_MAX];
	struct hss_store *s = NULL;

	(void)state;
	assert_int_equal(hss_store_load(&s, "/nonexistent/subs", why), ERR_IO);
	assert_string_equal(why, "/nonexistent/subs: No such file or directory");
	assert_int_equal(hss_store_load(&s, "/", why), ERR_IO);
	assert_null(s);
}

#define NAMED(imsi, name) "{\"imsi\":\"" imsi "\",\"external_identifiers\":[\"" name "\"]}\n"

static void test_a_name_that_looks_like_a_pattern_is_no_subscriber(void **state)
{
	static const char *const files[] = {
		NAMED("001010000000001", "meter-7*@a.example"), NAMED("001010000000001", "*@a.example"),
		NAMED("001010000000001", "meter-?@a.example"),  NAMED("001010000000001", "meter-[0-9]@a.example"),
		NAMED("001010000000001", "m{1,2}@a.example"),   NAMED("001010000000001", "(m)@a.example"),
	};
	char why[HSS_STORE_WHY_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		assert_null(load(files[i], why));
		assert_string_equal(why,
				    "subs:1: external_identifiers[0]: expected the name of one device such as meter-1@a.example; "
				    "* ? [ ] { } ( ) are no patterns here");
	}
}

static void test_names_that_differ_in_case_only_are_counted(void **state)
{
	char why[HSS_STORE_WHY_MAX];
	struct hss_store *s = load(NAMED("001010000000001", "meter-1@a.example") NAMED("001010000000002", "meter-2@A.EXAMPLE")
				       NAMED("001010000000003", "METER-1@b.example") NAMED("001010000000004", "Meter-2@a.example")
					   NAMED("001010000000005", "METER-2@a.example"),
				   why);

	(void)state;
	assert_non_null(s);
	assert_int_equal(hss_store_twins(s)->n, 2);
	assert_string_equal(hss_store_twins(s)->first, "meter-2@a.example");
	assert_string_equal(hss_store_twins(s)->second, "Meter-2@a.example");
	assert_int_equal(hss_store_twins(s)->first_line, 2);
	assert_int_equal(hss_store_twins(s)->second_line, 4);
	hss_store_free(s);
	s = load(NAMED("001010000000001", "meter-1@a.example"), why);
	assert_int_equal(hss_store_twins(s)->n, 0);
	assert_null(hss_store_twins(s)->first);
	hss_store_free(s);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_name_that_looks_like_a_pattern_is_no_subscriber),
		cmocka_unit_test(test_names_that_differ_in_case_only_are_counted),
		cmocka_unit_test(test_every_fact_of_a_line_is_kept),
		cmocka_unit_test(test_defaults_give_no_right),
		cmocka_unit_test(test_unreachable_device_is_so_in_every_node),
		cmocka_unit_test(test_identities_find_one_subscriber_or_nobody),
		cmocka_unit_test(test_many_subscribers_are_all_found),
		cmocka_unit_test(test_each_mistake_names_line_key_and_what_was_expected),
		cmocka_unit_test(test_a_line_without_end_is_refused),
		cmocka_unit_test(test_a_file_that_is_not_there_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
