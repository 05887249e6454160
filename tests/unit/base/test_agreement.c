/* agreement: words and sets, and a connection held against them. */
#include "tests/unit/test.h"

#include "base/agreement.h"

static const struct agreement any = { AGREED_ANY, AGREED_ANY, AGREED_ANY, AGREED_ANY };
static const struct agreed_connection modern = { TRANSPORT_TCP, PROTECTION_TLS, AGREED_TLS_1_3, 1 };

static void words_and_numbers_agree(void **state)
{
	static const char *const suites[] = { "TLS_AES_128_GCM_SHA256",
					      "TLS_AES_256_GCM_SHA384",
					      "TLS_CHACHA20_POLY1305_SHA256",
					      "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
					      "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
					      "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
					      "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384" };
	static const uint16_t iana[] = { 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030 }; /* of the IANA registry */
	char word[AGREED_WORD_MAX];

	(void)state;
	for (unsigned i = 0; i < AGREED_SUITES_N; i++) {
		assert_int_equal(agreed_suite(iana[i]), i + 1);
		assert_string_equal(agreed_word(word, AGREED_TLS_SUITES, i + 1), suites[i]);
		assert_int_equal(agreed_tls_possible(AGREED_TLS_1_3, (uint8_t)(i + 1)), i < 3);
		assert_int_equal(agreed_tls_possible(AGREED_TLS_1_2, (uint8_t)(i + 1)), i >= 3);
	}
	assert_string_equal(agreed_word(word, AGREED_TLS_SUITES, AGREED_SUITES_N + 1), "");
	assert_int_equal(agreed_suite(0x009c), 0);
	assert_true(agreed_tls_possible(0, 0));
	assert_false(agreed_tls_possible(AGREED_TLS_1_3, 0));
	assert_false(agreed_tls_possible(0, 1));
	assert_false(agreed_tls_possible(AGREED_TLS_1_2, 200));
	for (int i = PROTECTION_NONE; i <= PROTECTION_TLS_NDSIP; i++) {
		assert_string_equal(agreed_word(word, AGREED_PROTECTIONS, (unsigned)i), protection_word(i));
	}
	assert_string_equal(agreed_word(word, AGREED_TRANSPORTS, TRANSPORT_TCP), transport_word(TRANSPORT_TCP));
	assert_string_equal(agreed_word(word, AGREED_TRANSPORTS, TRANSPORT_SCTP), transport_word(TRANSPORT_SCTP));
	assert_string_equal(agreed_word(word, AGREED_TRANSPORTS, TRANSPORT_SCTP_UDP), transport_word(TRANSPORT_SCTP_UDP));
	assert_string_equal(agreed_word(word, AGREED_TRANSPORTS, 0), "");
}

static uint16_t set_of(const char *words, const char *text)
{
	uint16_t set = 0x8000;

	return agreed_read(&set, words, text, strlen(text)) ? 0 : set;
}

static void a_set_is_read_and_written(void **state)
{
	char text[AGREED_TEXT_MAX];

	(void)state;
	assert_int_equal(set_of(AGREED_TLS_VERSIONS, "1.3"), 0x4);
	assert_int_equal(set_of(AGREED_TLS_VERSIONS, "1.3, 1.2"), 0x6);
	assert_int_equal(set_of(AGREED_TLS_VERSIONS, "1.2 any"), AGREED_ANY);
	assert_int_equal(set_of(AGREED_PROTECTIONS, "tls+ndsip"), 1 << PROTECTION_TLS_NDSIP);
	assert_int_equal(set_of(AGREED_TLS_VERSIONS, ""), 0);
	assert_int_equal(set_of(AGREED_TLS_VERSIONS, " , "), 0);
	assert_int_equal(set_of(AGREED_TLS_VERSIONS, "1.3 1.4"), 0);
	assert_int_equal(set_of(AGREED_TLS_VERSIONS, "1"), 0);
	assert_int_equal(set_of(AGREED_TLS_VERSIONS, "1.33"), 0);
	assert_string_equal(agreed_text(text, AGREED_TLS_VERSIONS, 0x6, ' '), "1.2 1.3");
	assert_string_equal(agreed_text(text, AGREED_TLS_VERSIONS, 0x7, ' '), "any");
	agreed_text(text, AGREED_TLS_SUITES, 0xfe, ' ');
	assert_string_equal(text, &AGREED_TLS_SUITES[strlen("any ")]); /* nothing is cut */
	assert_true(agreed_known(AGREED_TLS_VERSIONS, 0x7) && agreed_known(AGREED_TLS_SUITES, 0xff));
	assert_false(agreed_known(AGREED_TLS_VERSIONS, 0x8) || agreed_known(AGREED_TLS_VERSIONS, 0));
}

static void the_first_item_that_does_not_fit_is_named(void **state)
{
	struct agreed_connection plain = { TRANSPORT_SCTP, PROTECTION_NDSIP, 0, 0 };
	struct agreement a = any;
	char text[AGREEMENT_TEXT_MAX];

	(void)state;
	assert_int_equal(agreement_check(&a, &modern), AGREED_ALL);
	assert_string_equal(agreement_text(text, AGREED_ALL, &a, &modern), "");
	a.tls_suites = 1 << 2 | 1 << 3;
	assert_int_equal(agreement_check(&a, &modern), AGREED_TLS_SUITE);
	assert_string_equal(agreement_text(text, AGREED_TLS_SUITE, &a, &modern),
			    "TLS_AES_128_GCM_SHA256, agreed: TLS_AES_256_GCM_SHA384 TLS_CHACHA20_POLY1305_SHA256");
	a.tls_versions = 1 << AGREED_TLS_1_2;
	assert_int_equal(agreement_check(&a, &modern), AGREED_TLS_VERSION);
	assert_string_equal(agreement_text(text, AGREED_TLS_VERSION, &a, &modern), "1.3, agreed: 1.2");
	assert_int_equal(agreement_check(&a, &plain), AGREED_ALL); /* it has no TLS that could be wrong */
	a.protections = 1 << PROTECTION_TLS_NDSIP;
	assert_int_equal(agreement_check(&a, &modern), AGREED_PROTECTION);
	assert_int_equal(agreement_check(&a, &plain), AGREED_PROTECTION);
	a.transports = 1 << TRANSPORT_SCTP;
	assert_int_equal(agreement_check(&a, &modern), AGREED_TRANSPORT);
	assert_string_equal(agreement_text(text, AGREED_TRANSPORT, &a, &modern), "tcp, agreed: sctp");
	a = (struct agreement){ 0 };
	assert_int_equal(agreement_check(&a, &modern), AGREED_TRANSPORT);
	assert_int_equal(agreement_check(&a, &(struct agreed_connection){ 0 }), AGREED_ALL);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(words_and_numbers_agree),
					    cmocka_unit_test(a_set_is_read_and_written),
					    cmocka_unit_test(the_first_item_that_does_not_fit_is_named) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
