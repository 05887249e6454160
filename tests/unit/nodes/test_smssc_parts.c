/* test_smssc_parts.c - what the delivery machine stands on: its timers and its records. */
#include "tests/unit/test.h"

#include "nodes/smssc/dlv_msg.h"
#include "nodes/smssc/dlv_timers.h"

static void test_timers_come_in_order_and_can_be_taken_out(void **state)
{
	struct dlv_timers t = { 0 };
	struct dlv_timer timers[200] = { 0 };
	uint64_t last = 0;
	unsigned n = 0, x = 1;

	(void)state;
	assert_int_equal(dlv_timers_reserve(&t, 200), 0);
	for (unsigned i = 0; i < 200; i++) {
		x = x * 1103515245u + 12345u;
		dlv_timer_start(&t, &timers[i], x >> 16 & 1023);
	}
	for (unsigned i = 0; i < 200; i += 3) {
		dlv_timer_stop(&t, &timers[i]);
	}
	for (unsigned i = 1; i < 200; i += 3) {
		dlv_timer_start(&t, &timers[i], timers[i].node.at / 2);
	}
	for (uint64_t now = 0; now < 1024; now++) {
		struct dlv_timer *due;

		while ((due = dlv_timers_due(&t, now))) {
			assert_true(due->node.at >= last && due->node.at <= now);
			last = due->node.at;
			n++;
		}
	}
	assert_int_equal(n, 133);
	assert_int_equal(dlv_timers_next(&t), UINT64_MAX);
	dlv_timer_stop(&t, &timers[0]); /* not running: nothing happens */
	dlv_timers_fini(&t);
}

static struct dlv_msg *example(void)
{
	struct dlv_text t = {
		.imsi = "001010000000001",
		.smea = (const uint8_t *)"\x0b\x91\x94\x71\x10\x32\x54\xf6",
		.smea_len = 8,
		.payload = (const uint8_t *)"\x01\x00\x03",
		.payload_len = 3,
		.msisdn = (const uint8_t *)"\x94\x71",
		.msisdn_len = 2,
		.external_id = "meter-1@a.example",
		.iwf_host = "iwf.example",
		.iwf_realm = "example",
		.via = "relay.example",
		.has_reference = true,
		.reference = 0xdeadbeef,
		.has_port = true,
		.port = 16000,
		.priority = true,
		.validity_s = 3600,
	};
	struct dlv_msg *m;

	assert_int_equal(dlv_msg_new(&m, &t), 0);
	m->id = 7;
	m->submitted_real_ms = 1000;
	m->give_up_real_ms = 3601000;
	return m;
}

static void test_a_record_is_read_back(void **state)
{
	uint8_t octets[512];
	struct buf b = buf_over(octets, sizeof octets);
	struct dlv_msg *m = example(), *back;

	(void)state;
	dlv_msg_encode(&b, m);
	assert_false(b.full);
	assert_int_equal(dlv_msg_decode(&back, 7, octets, b.len), 0);
	assert_string_equal(back->text.imsi, m->text.imsi);
	assert_string_equal(back->text.external_id, m->text.external_id);
	assert_string_equal(back->text.iwf_host, "iwf.example");
	assert_string_equal(back->text.iwf_realm, "example");
	assert_string_equal(back->text.via, "relay.example");
	assert_int_equal(back->text.payload_len, 3);
	assert_memory_equal(back->text.payload, "\x01\x00\x03", 3);
	assert_int_equal(back->text.reference, 0xdeadbeef);
	assert_int_equal(back->text.port, 16000);
	assert_true(back->text.priority && back->text.has_port && back->text.has_reference);
	assert_int_equal(back->give_up_real_ms, 3601000);
	assert_false(back->has_outcome);
	dlv_msg_free(back);
	dlv_msg_free(m);
}

static void test_an_outcome_leaves_the_payload_out(void **state) /* TS 23.682 5.3.1 */
{
	uint8_t octets[512];
	struct buf b = buf_over(octets, sizeof octets);
	struct dlv_msg *m = example(), *back;

	(void)state;
	m->has_outcome = true;
	m->outcome = 2;
	m->report_end_to_end = 99;
	dlv_msg_encode(&b, m);
	assert_int_equal(dlv_msg_decode(&back, 7, octets, b.len), 0);
	assert_int_equal(back->text.payload_len, 0);
	assert_true(back->has_outcome);
	assert_int_equal(back->outcome, 2);
	assert_int_equal(back->report_end_to_end, 99);
	dlv_msg_free(back);
	dlv_msg_free(m);
}

static void test_damaged_records_are_refused(void **state)
{
	uint8_t octets[512];
	struct buf b = buf_over(octets, sizeof octets);
	struct dlv_msg *m = example(), *back = NULL;

	(void)state;
	dlv_msg_encode(&b, m);
	for (size_t n = 1; n < b.len; n++) {
		uint8_t *exact = malloc(n);

		memcpy(exact, octets, n);
		assert_int_equal(dlv_msg_decode(&back, 7, exact, n), ERR_PROTO);
		free(exact);
	}
	for (size_t i = 1; i < b.len; i++) { /* any octet, any damage: refused or read, never a step outside */
		for (unsigned v = 0; v < 256; v += 5) {
			uint8_t *exact = malloc(b.len);

			memcpy(exact, octets, b.len);
			exact[i] = (uint8_t)v;
			if (dlv_msg_decode(&back, 7, exact, b.len) == 0) {
				dlv_msg_free(back);
			}
			free(exact);
		}
	}
	octets[0] = 9;
	assert_int_equal(dlv_msg_decode(&back, 7, octets, b.len), ERR_VERSION);
	dlv_msg_free(m);
}

/* What no submission could have stored: it would reach the lab link as a mobile's name, or in more parts than a message may have. */
static void test_a_record_that_says_what_cannot_be_is_refused(void **state)
{
	static uint8_t octets[DLV_RECORD_MAX + 64], payload[SMS_PAYLOAD_MAX + 1];
	struct dlv_msg *m = example(), *back = NULL;
	struct buf b = buf_over(octets, sizeof octets);
	uint8_t *imsi;

	(void)state;
	dlv_msg_encode(&b, m);
	imsi = memmem(octets, b.len, m->text.imsi, strlen(m->text.imsi));
	assert_non_null(imsi);
	imsi[3] = 'p';
	assert_int_equal(dlv_msg_decode(&back, 7, octets, b.len), ERR_PROTO);
	b = buf_over(octets, sizeof octets);
	m->text.payload = payload;
	m->text.payload_len = sizeof payload;
	dlv_msg_encode(&b, m);
	assert_false(b.full);
	assert_int_equal(dlv_msg_decode(&back, 7, octets, b.len), ERR_PROTO);
	dlv_msg_free(m);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_timers_come_in_order_and_can_be_taken_out),
		cmocka_unit_test(test_a_record_is_read_back),
		cmocka_unit_test(test_an_outcome_leaves_the_payload_out),
		cmocka_unit_test(test_damaged_records_are_refused),
		cmocka_unit_test(test_a_record_that_says_what_cannot_be_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
