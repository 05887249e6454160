/* test_sms_join.c - parts come in any order and more than once; strangers are refused. */
#include "tests/unit/test.h"

#include "nodes/sms/sms_join.h"

static struct sms_deliver part_of(const uint8_t *payload, size_t len, unsigned parts, unsigned part)
{
	struct sms_deliver d = { .originator = { 2, 0x91, 0x94 },
				 .originator_len = 3,
				 .pid = SMS_PID_DEVICE_TRIGGER,
				 .has_port = true,
				 .port = 5,
				 .has_part = true,
				 .part_reference = 77,
				 .parts = (uint8_t)parts,
				 .part = (uint8_t)part };
	size_t at;

	sms_part_place(&at, &d.payload_len, len, true, parts, part);
	d.payload = payload + at;
	return d;
}

static void test_any_order_gives_the_payload(void **state)
{
	static const unsigned order[] = { 3, 1, 4, 2 };
	uint8_t payload[127 * 3 + 5];
	struct sms_join *j;
	const uint8_t *p;
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof payload; i++) {
		payload[i] = (uint8_t)(i * 7);
	}
	for (size_t i = 0; i < 4; i++) {
		struct sms_deliver d = part_of(payload, sizeof payload, 4, order[i]);

		if (i == 0) {
			assert_int_equal(sms_join_new(&j, &d), 0);
		}
		assert_false(sms_join_whole(j));
		assert_int_equal(sms_join_payload(j, &p, &len), ERR_AGAIN);
		assert_int_equal(sms_join_add(j, &d), 0);
		assert_int_equal(sms_join_add(j, &d), ERR_EXISTS); /* again: nothing changes */
	}
	assert_true(sms_join_whole(j));
	assert_int_equal(sms_join_payload(j, &p, &len), 0);
	assert_int_equal(len, sizeof payload);
	assert_memory_equal(p, payload, len);
	sms_join_free(j);
}

static void test_what_does_not_belong_is_refused(void **state)
{
	uint8_t payload[200] = { 1 }, other[200] = { 2 };
	struct sms_deliver d = part_of(payload, 200, 2, 1), e;
	struct sms_join *j;

	(void)state;
	assert_int_equal(sms_join_new(&j, &d), 0);
	assert_int_equal(sms_join_add(j, &d), 0);
	e = part_of(other, 200, 2, 1); /* another text under the same number */
	assert_int_equal(sms_join_add(j, &e), ERR_PROTO);
	e = part_of(payload, 200, 2, 2);
	e.parts = 3;
	assert_int_equal(sms_join_add(j, &e), ERR_PROTO);
	e = part_of(payload, 200, 2, 2);
	e.part_reference++;
	assert_int_equal(sms_join_add(j, &e), ERR_PROTO);
	e = part_of(payload, 200, 2, 2);
	e.port++;
	assert_int_equal(sms_join_add(j, &e), ERR_PROTO);
	e = part_of(payload, 200, 2, 2);
	e.originator[2]++;
	assert_int_equal(sms_join_add(j, &e), ERR_PROTO);
	e = part_of(payload, 200, 2, 2);
	e.has_part = false;
	assert_int_equal(sms_join_add(j, &e), ERR_PROTO);
	assert_false(sms_join_whole(j));
	sms_join_free(j);
	sms_join_free(NULL);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_order_gives_the_payload),
		cmocka_unit_test(test_what_does_not_belong_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
