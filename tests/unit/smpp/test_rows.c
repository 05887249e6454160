/* smpp_rows: the tables themselves: tags in their order, commands with their responses. */
#include "tests/unit/test.h"

#include "smpp/smpp_rows.h"

static void test_tags_are_in_order(void **state)
{
	(void)state;
	for (unsigned i = 1; i < SMPP_TLV_N; i++) {
		assert_true(smpp_tlv_rows[i - 1].tag < smpp_tlv_rows[i].tag);
	}
	for (unsigned i = 0; i < SMPP_TLV_N; i++) {
		assert_int_equal(smpp_tlv_find(smpp_tlv_rows[i].tag), i);
	}
	assert_int_equal(smpp_tlv_find(0x0000), SMPP_TLV_N);
	assert_int_equal(smpp_tlv_find(0x0209), SMPP_TLV_N);
	assert_int_equal(smpp_tlv_find(0x1400), SMPP_TLV_N);
	assert_int_equal(smpp_tlv_find(0xffff), SMPP_TLV_N);
}

static void test_numbers_have_their_size(void **state)
{
	(void)state;
	for (unsigned i = 0; i < SMPP_TLV_N; i++) {
		const struct smpp_tlv_row *r = &smpp_tlv_rows[i];
		unsigned size = r->kind == SMPP_KIND_U8 ? 1 : r->kind == SMPP_KIND_U16 ? 2 : r->kind == SMPP_KIND_U32 ? 4 : 0;

		assert_true(r->least <= r->most);
		assert_true(!size || (r->least == size && r->most == size));
		assert_int_not_equal(r->where, 0);
	}
}

static void test_every_command_has_its_response(void **state)
{
	static const uint32_t commands[] = {
#define SMPP_ROW(name, id) SMPP_##name,
		SMPP_REQUEST_TABLE(SMPP_ROW)
#undef SMPP_ROW
	};

	(void)state;
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
		bool alone = commands[i] == SMPP_OUTBIND || commands[i] == SMPP_ALERT_NOTIFICATION;

		assert_true(smpp_command_known(commands[i]));
		assert_int_equal(smpp_command_known(commands[i] | SMPP_RESP), !alone);
		if (!alone) {
			const char *name = smpp_command_name(commands[i]), *answer = smpp_command_name(commands[i] | SMPP_RESP);

			assert_int_equal(strlen(answer), strlen(name) + 5);
			assert_memory_equal(answer, name, strlen(name));
		}
	}
	assert_false(smpp_command_known(0));
	assert_string_equal(smpp_command_name(0x112), "unknown command"); /* broadcast_sm is of SMPP 5.0 */
	assert_string_equal(smpp_command_name(SMPP_GENERIC_NACK), "generic_nack");
	assert_string_equal(smpp_tlv_name(SMPP_TLV_DESTINATION_PORT), "DESTINATION_PORT");
	assert_string_equal(smpp_tlv_name(SMPP_TLV_N), "unknown parameter");
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tags_are_in_order),
		cmocka_unit_test(test_numbers_have_their_size),
		cmocka_unit_test(test_every_command_has_its_response),
	};

	return cmocka_run_group_tests_name("smpp rows", tests, NULL, NULL);
}
