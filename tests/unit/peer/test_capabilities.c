/* peer_capabilities: who the other side has to be, and what there has to be to talk about (RFC 6733 5.3). */
#include "tests/unit/test.h"

#include "diameter/dia_failed.h"
#include "peer/peer_capabilities.h"

static const uint32_t ours[] = { 16777309, 16777310 };

static struct dia_capabilities theirs(const char *host, const char *realm, uint32_t application)
{
	struct dia_capabilities c = { .origin_host = dia_text(host),
				      .origin_realm = dia_text(realm),
				      .vendor_applications_n = 1 };

	c.vendor_applications[0].vendor_id = 10415;
	c.vendor_applications[0].application_id = application;
	return c;
}

static struct peer_expect expect(void)
{
	return (struct peer_expect){ .our_host = "iwf.example", .applications = ours, .applications_n = 2 };
}

static void each_reason_has_its_result_code_and_words(void **state)
{
	static const struct {
		const char *host, *realm;
		uint32_t application;
		const char *must_host, *must_realm;
		bool security_missing;
		uint32_t result_code;
	} rows[] = {
		{ "hss.example", "example", 16777310, NULL, NULL, false, 2001 },
		{ "HSS.example", "Example", 16777310, "hss.example", "example", false, 2001 },
		{ "hss.example", "example", 0xffffffff, NULL, NULL, false, 2001 },
		{ "hss.example", "example", 16777311, NULL, NULL, false, 5010 },
		{ "hss.example", "example", 16777310, "other.example", NULL, false, 3010 },
		{ "hss.example", "example", 16777310, "hss.example", "other", false, 3010 },
		{ "Iwf.Example", "example", 16777310, NULL, NULL, false, 3010 },
		{ "hss.example", "example", 16777310, NULL, NULL, true, 5017 },
		{ "hss example", "example", 16777310, NULL, NULL, false, 5004 },
		{ "", "example", 16777310, NULL, NULL, false, 5004 },
		{ "hss.example", "ex..ample", 16777310, NULL, NULL, false, 5004 },
		{ "hss.example.", "example", 16777310, NULL, NULL, false, 5004 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct dia_capabilities c = theirs(rows[i].host, rows[i].realm, rows[i].application);
		struct peer_expect e = expect();
		const char *why = NULL;

		e.host = rows[i].must_host;
		e.realm = rows[i].must_realm;
		e.security_missing = rows[i].security_missing;
		assert_int_equal(peer_capabilities_judge(&c, &e, &why), rows[i].result_code);
		assert_int_equal(*why == '\0', rows[i].result_code == 2001);
	}
}

static void names_that_hide_a_nul_are_no_names(void **state)
{
	struct dia_capabilities c = theirs("hss.example", "example", 16777310);
	struct peer_expect e = expect();
	const char *why;

	(void)state;
	c.origin_host = (struct dia_bytes){ (const uint8_t *)"hss\0.example", 12 };
	assert_int_equal(peer_capabilities_judge(&c, &e, &why), 5004);
	c.origin_host = (struct dia_bytes){ NULL, 0 };
	assert_int_equal(peer_capabilities_judge(&c, &e, &why), 5004);
}

static void a_relay_of_ours_needs_no_application_in_common(void **state)
{
	struct dia_capabilities c = theirs("hss.example", "example", 4);
	struct peer_expect e = expect();
	const char *why;

	(void)state;
	e.relay = true;
	assert_int_equal(peer_capabilities_judge(&c, &e, &why), 2001);
}

static void a_cea_has_to_say_success_and_come_from_the_expected_peer(void **state)
{
	struct dia_capabilities c = theirs("hss.example", "example", 16777310);
	struct peer_expect e = expect();
	const char *why;

	(void)state;
	e.host = "hss.example";
	assert_int_equal(peer_capabilities_judge_cea(&c, &e, &why), ERR_REFUSED); /* no Result-Code */
	c.result_code = dia_u32_of(3010);
	assert_int_equal(peer_capabilities_judge_cea(&c, &e, &why), ERR_REFUSED);
	c.result_code = dia_u32_of(2001);
	assert_int_equal(peer_capabilities_judge_cea(&c, &e, &why), 0);
	e.host = "other.example";
	assert_int_equal(peer_capabilities_judge_cea(&c, &e, &why), ERR_PROTO);
	assert_string_not_equal(why, "");
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_reason_has_its_result_code_and_words),
		cmocka_unit_test(names_that_hide_a_nul_are_no_names),
		cmocka_unit_test(a_relay_of_ours_needs_no_application_in_common),
		cmocka_unit_test(a_cea_has_to_say_success_and_come_from_the_expected_peer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
