/* The answer-message (RFC 6733 7.2), the E bit of the peer commands, common applications. */
#include "tests/unit/test.h"

#include "base/str.h"
#include "diameter/dia_base.h"
#include "diameter/dia_failed.h"
#include "tests/vectors/compose.h"

static const struct dia_limits limits = { 65536, 512, 8 };

#define TSP 16777309

static void expect_answer(uint8_t flags, uint32_t code, uint32_t app_id, const char *request, const struct dia_failed *why,
			  uint8_t answer_flags, const char *answer)
{
	uint8_t octets[2048], got[2048], expected[2048];
	struct buf b = buf_over(octets, sizeof octets), out = buf_over(got, sizeof got), e = buf_over(expected, sizeof expected);
	struct dia_failed ignored;
	struct dia_msg m;

	compose_message(&b, flags, code, app_id, request);
	assert_true(dia_msg_parse(&m, octets, b.len, &limits, &ignored) <= 0); /* a message that is wrong is answered, too */
	dia_error_answer(&out, &m, "iwf.example", "example", why);
	compose_message(&e, answer_flags, code, app_id, answer);
	assert_int_equal(out.len, e.len);
	assert_memory_equal(got, expected, e.len);
}

#define US "264:0 40 'iwf.example' 296:0 40 'example' "

static void the_answer_message(void **state)
{
	struct dia_failed why;

	(void)state;
	dia_failed_set(&why, 3002, "%s", "no route");
	expect_answer(0xd0, 8388639, TSP, "263:0 40 's;1;2' 264:0 40 'x'", &why, 0x60,
		      "263:0 40 's;1;2' " US "268:0 40 00000bba 281:0 00 'no route'");
	dia_failed_missing(&why, 264, 0);
	why.text[0] = 0; /* no text, no Error-Message */
	expect_answer(0xc0, 8388639, TSP, "263:0 40 's;1;2'", &why, 0x60,
		      "263:0 40 's;1;2' " US "268:0 40 0000138d 279:0 40 { 264:0 40 - }");
}

static void proxy_info_goes_back_in_its_order(void **state)
{
	struct dia_failed why;

	(void)state;
	dia_failed_set(&why, 3004, "%s", "");
	expect_answer(0xc0, 8388639, TSP, "284:0 40 { 280:0 40 'a' 33:0 40 01 } 264:0 40 'x' 284:0 40 { 280:0 40 'b' 33:0 40 - }",
		      &why, 0x60,
		      US "268:0 40 00000bbc 284:0 40 { 280:0 40 'a' 33:0 40 01 } 284:0 40 { 280:0 40 'b' 33:0 40 - }");
}

static void the_e_bit_follows_the_class(void **state)
{
	static const struct {
		uint32_t result, app_id;
		uint8_t flags;
	} rows[] = {
		{ 3007, TSP, 0x60 }, { 4001, TSP, 0x40 }, { 5004, TSP, 0x60 },
		{ 3008, 0, 0x20 },   { 5004, 0, 0x00 },   { 4003, 0, 0x00 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char text[128];
		struct dia_failed why;

		dia_failed_set(&why, rows[i].result, "%s", "");
		snprintf(text, sizeof text, US "268:0 40 %08x", rows[i].result);
		expect_answer(rows[i].app_id ? 0xc0 : 0x80, 280, rows[i].app_id, "", &why, rows[i].flags, text);
	}
}

static void an_unreadable_request_is_answered_as_far_as_it_was_read(void **state)
{
	struct dia_failed why;

	(void)state;
	dia_failed_set(&why, 5014, "%s", "");
	expect_answer(0xc0, 8388639, TSP, "263:0 40 's' 1:0 40 =4 - 284:0 40 -", &why, 0x60,
		      "263:0 40 's' " US "268:0 40 00001396");
	expect_answer(0xc0, 8388639, TSP, "263:0 40 =999 's'", &why, 0x60, US "268:0 40 00001396");
}

static void a_wrong_length_or_version_is_answered_from_the_header_alone(void **state)
{
	uint8_t octets[24] = { 2, 0, 0xff, 0, 0xc0, 0, 1, 1 }, got[256];
	struct buf out = buf_over(got, sizeof got);
	struct dia_failed failed;
	struct dia_msg m;

	(void)state;
	assert_int_equal(dia_msg_parse(&m, octets, sizeof octets, &limits, &failed), ERR_PROTO);
	dia_error_answer(&out, &m, "h", "r", &failed);
	assert_false(out.full);
	assert_int_equal(dia_msg_parse(&m, got, out.len, &limits, &failed), 0);
	octets[0] = 1;
	out = buf_over(got, sizeof got);
	assert_int_equal(dia_msg_parse(&m, octets, sizeof octets, &limits, &failed), ERR_PROTO);
	dia_error_answer(&out, &m, "h", "r", &failed);
	assert_int_equal(dia_msg_parse(&m, got, out.len, &limits, &failed), 0);
}

static void a_cea_of_class_3_has_the_e_bit_and_no_capabilities(void **state)
{
	uint8_t octets[512], expected[512];
	struct buf b = buf_over(octets, sizeof octets), e = buf_over(expected, sizeof expected);
	struct dia_capabilities c = {
		.result_code = dia_u32_of(DIA_RESULT_UNKNOWN_PEER),
		.origin_host = dia_text("iwf.example"),
		.origin_realm = dia_text("example"),
		.addresses = { { 1, { 127, 0, 0, 1 } } },
		.addresses_n = 1,
		.vendor_id = dia_u32_of(0),
		.product_name = dia_text("p"),
	};

	(void)state;
	dia_capabilities_build(&b, &c, 0x11111111, 0x22222222);
	compose_message(&e, 0x20, 257, 0, US "268:0 40 00000bc2");
	assert_int_equal(b.len, e.len);
	assert_memory_equal(octets, expected, e.len);
	b.len = e.len = 0;
	c.result_code = dia_u32_of(DIA_RESULT_NO_COMMON_APPLICATION);
	dia_capabilities_build(&b, &c, 0x11111111, 0x22222222);
	compose_message(&e, 0x00, 257, 0, "268:0 40 00001392 " US "257:0 40 00017f000001 266:0 40 00000000 269:0 00 'p'");
	assert_int_equal(b.len, e.len);
	assert_memory_equal(octets, expected, e.len);
}

static void applications_meet(void **state)
{
	static const uint32_t ours[] = { TSP }, relay[] = { DIA_APP_RELAY };
	struct dia_capabilities theirs = { .auth_applications = { 1 }, .auth_applications_n = 1 };

	(void)state;
	assert_false(dia_common_application(&theirs, ours, 1));
	assert_true(dia_common_application(&theirs, relay, 1));
	theirs.acct_applications[0] = TSP;
	assert_false(dia_common_application(&theirs, ours, 1)); /* beyond its count */
	theirs.acct_applications_n = 1;
	assert_true(dia_common_application(&theirs, ours, 1));
	theirs.acct_applications_n = 0;
	theirs.vendor_applications[0] = (struct dia_vendor_application){ 9, TSP, false }; /* the vendor plays no part */
	theirs.vendor_applications_n = 1;
	assert_true(dia_common_application(&theirs, ours, 1));
	theirs.vendor_applications_n = 0;
	theirs.auth_applications[0] = DIA_APP_RELAY;
	assert_true(dia_common_application(&theirs, ours, 1));
	theirs.auth_applications_n = 0;
	assert_false(dia_common_application(&theirs, relay, 1)); /* nothing meets nothing */
}

#define BARE "258:0 40 00000004 "
#define GROUP "260:0 40 { 266:0 40 000028af 258:0 40 0100005c } "
#define GROUP_TSP "260:0 40 { 266:0 40 000028af 258:0 40 0100005d } "

/* Whether a CER with `n` times `many`, and `last`, has Tsp in common with us. */
static bool meet_behind(unsigned n, const char *many, const char *last)
{
	static const uint32_t ours[] = { TSP };
	uint8_t octets[8192];
	char text[8192] = US "257:0 40 00017f000001 266:0 40 00000000 269:0 00 'p' ";
	struct buf b = buf_over(octets, sizeof octets);
	struct dia_capabilities theirs;
	struct dia_failed failed;
	struct dia_msg m;

	for (unsigned i = 0; i < n; i++) {
		str_add(text, sizeof text, many);
	}
	str_add(text, sizeof text, last);
	compose_message(&b, 0x80, 257, 0, text);
	assert_int_equal(dia_msg_parse(&m, octets, b.len, &limits, &failed), 0);
	assert_int_equal(dia_capabilities_parse(&theirs, &m, &failed), 0);
	return dia_common_application(&theirs, ours, 1);
}

static void applications_meet_beyond_what_is_kept(void **state)
{
	(void)state;
	assert_true(meet_behind(63, BARE, "258:0 40 0100005d"));
	assert_true(meet_behind(64, BARE, "258:0 40 0100005d"));
	assert_true(meet_behind(100, BARE, "259:0 40 0100005d"));
	assert_true(meet_behind(100, BARE, "258:0 40 ffffffff")); /* a relay */
	assert_true(meet_behind(100, GROUP, GROUP_TSP));
	assert_true(meet_behind(100, "259:0 40 00000003 ", GROUP_TSP));
	assert_false(meet_behind(100, BARE, GROUP));
	assert_false(meet_behind(100, BARE, "258:0 40 0100005d00"));                        /* no id */
	assert_false(meet_behind(100, GROUP, "260:0 40 { 266:0 40 0100005d }"));            /* a vendor */
	assert_false(meet_behind(100, GROUP, "260:0 40 0000010240fffffc0100005d"));         /* no AVP inside */
	assert_false(meet_behind(100, GROUP, "260:10415 80 { 258:0 40 0100005d } " GROUP)); /* of another vendor */
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_answer_message),
		cmocka_unit_test(proxy_info_goes_back_in_its_order),
		cmocka_unit_test(the_e_bit_follows_the_class),
		cmocka_unit_test(an_unreadable_request_is_answered_as_far_as_it_was_read),
		cmocka_unit_test(a_wrong_length_or_version_is_answered_from_the_header_alone),
		cmocka_unit_test(a_cea_of_class_3_has_the_e_bit_and_no_capabilities),
		cmocka_unit_test(applications_meet),
		cmocka_unit_test(applications_meet_beyond_what_is_kept),
	};

	return cmocka_run_group_tests_name("diameter answer", tests, NULL, NULL);
}
