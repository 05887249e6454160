/* Whatever arrives, a link answers or ends, its owner learns of it once, and nothing else happens. */
#include "tests/unit/link/lab.h"

static uint8_t octets[LAB_MESSAGE_MAX];

/* Sends octets as the very first ones and expects silence and the end. */
static void first_is_cut_off(const void *p, size_t n, enum link_end end)
{
	struct lab t;

	lab_init(&t);
	lab_open(&t);
	lab_send(&t, p, n);
	lab_expect_end(&t, true);
	assert_int_equal(t.counters.ended[end], 1);
	assert_int_equal(t.cers + t.opens + t.requests, 0);
	assert_int_equal(t.downs, 1);
	lab_fini(&t);
}

static void garbage_from_a_stranger_is_cut_off_without_a_word(void **state)
{
	static const uint8_t http[] = "GET / HTTP/1.1\r\nHost: iwf.operator.example\r\n\r\n";
	static const uint8_t zeros[20], ones[20] = { 1, 0xff, 0xff, 0xff, 0xff };
	size_t n;

	(void)state;
	first_is_cut_off(http, sizeof http, LINK_END_NOT_DIAMETER);
	first_is_cut_off(zeros, sizeof zeros, LINK_END_NOT_DIAMETER);
	first_is_cut_off(ones, sizeof ones, LINK_END_NOT_DIAMETER);
	n = lab_cer(octets, sizeof octets, "scs.example", LAB_APP);
	octets[1] = 0x7f; /* eight million octets to come */
	first_is_cut_off(octets, n, LINK_END_TOO_LONG);
	n = lab_cer(octets, sizeof octets, "scs.example", LAB_APP);
	octets[4] |= DIA_FLAG_E;
	first_is_cut_off(octets, n, LINK_END_NOT_DIAMETER);
}

/* A CER has a bound of its own; behind it there is that of messages again. */
static void a_long_cer_is_cut_off_by_its_head(void **state)
{
	static const uint8_t padding[1024];
	struct lab t;
	struct dia_msg m;
	size_t n = lab_cer(octets, sizeof octets, "scs.example", LAB_APP);

	(void)state;
	lab_init(&t);
	t.conf.cer_len_max = (uint32_t)n - 4;
	lab_open(&t);
	lab_send(&t, octets, DIA_HEADER_LEN); /* no more has come yet */
	lab_expect_end(&t, true);
	assert_int_equal(t.counters.ended[LINK_END_TOO_LONG], 1);
	lab_fini(&t);
	lab_init(&t);
	t.conf.cer_len_max = (uint32_t)n;
	lab_open(&t);
	lab_send(&t, octets, n);
	assert_true(lab_recv(&t, octets, &m));
	n = lab_dwr(octets, sizeof octets, "scs.example", 9);
	n = lab_add(octets, n, 999999, 0, padding, sizeof padding); /* longer than the CER was allowed to be */
	lab_send(&t, octets, n);
	assert_true(lab_recv(&t, octets, &m));
	assert_int_equal(lab_result_code(&m), DIA_RESULT_SUCCESS);
	lab_fini(&t);
}

static void anything_but_a_cer_first_is_cut_off(void **state)
{
	(void)state;
	first_is_cut_off(octets, lab_dwr(octets, sizeof octets, "scs.example", 1), LINK_END_NOT_CER);
	first_is_cut_off(octets, lab_dpr(octets, sizeof octets, 0, 1), LINK_END_NOT_CER);
	first_is_cut_off(octets, lab_message(octets, sizeof octets, DIA_FLAG_R, LAB_CMD, LAB_APP, 1, 8), LINK_END_NOT_CER);
	first_is_cut_off(octets, lab_message(octets, sizeof octets, 0, 257, 0, 1, 8), LINK_END_NOT_CER); /* an answer */
	first_is_cut_off(octets, lab_message(octets, sizeof octets, DIA_FLAG_R, 257, LAB_APP, 1, 8),
			 LINK_END_NOT_CER); /* CER of Tsp */
}

static void silence_and_half_a_message_end_when_the_wait_for_the_cer_does(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct lab t;
		size_t n = lab_cer(octets, sizeof octets, "scs.example", LAB_APP);

		lab_init(&t);
		t.conf.cer_wait_ms = 30;
		lab_open(&t);
		lab_send(&t, octets, i ? n - 1 : 0);
		lab_expect_end(&t, true);
		assert_int_equal(t.counters.ended[LINK_END_NO_CER], 1);
		assert_int_equal(t.down_err, ERR_TIMEOUT);
		lab_fini(&t);
	}
}

static void one_octet_at_a_time_is_as_good_as_all_at_once(void **state)
{
	struct lab t;
	struct dia_msg m;
	size_t n = lab_cer(octets, sizeof octets, "scs.example", LAB_APP);

	(void)state;
	n += lab_dwr(octets + n, sizeof octets - n, "scs.example", 8);
	lab_init(&t);
	t.conf.cer_wait_ms = 2000;
	lab_open(&t);
	for (size_t i = 0; i < n; i++) {
		lab_send(&t, octets + i, 1);
		lab_run_ms(&t, 0);
	}
	assert_true(lab_recv(&t, octets, &m));
	assert_int_equal(m.hdr.code, 257);
	assert_true(lab_recv(&t, octets, &m));
	assert_int_equal(m.hdr.code, 280);
	lab_fini(&t);
}

static void many_messages_in_one_read_are_all_heard(void **state)
{
	struct lab t;
	struct dia_msg m;
	size_t n = 0;

	(void)state;
	lab_init(&t);
	t.echo = true;
	lab_open(&t);
	lab_exchange(&t);
	for (uint32_t i = 0; i < 100; i++) {
		n += lab_message(octets + n, sizeof octets - n, DIA_FLAG_R, LAB_CMD, LAB_APP, i, 4);
	}
	lab_send(&t, octets, n);
	for (uint32_t i = 0; i < 100; i++) {
		assert_true(lab_recv(&t, octets, &m));
		assert_int_equal(m.hdr.hop_by_hop, i);
	}
	lab_fini(&t);
}

static void messages_behind_the_cer_before_the_verdict_end_the_connection(void **state)
{
	struct lab t;
	size_t n = lab_cer(octets, sizeof octets, "scs.example", LAB_APP);

	(void)state;
	n += lab_message(octets + n, sizeof octets - n, DIA_FLAG_R, LAB_CMD, LAB_APP, 1, 8);
	lab_init(&t);
	t.hold = true;
	lab_open(&t);
	lab_send(&t, octets, n);
	lab_expect_end(&t, true);
	assert_int_equal(t.counters.ended[LINK_END_EARLY], 1);
	assert_int_equal(t.requests, 0);
	lab_fini(&t);
}

static void a_second_cer_is_refused_and_ends_the_connection(void **state)
{
	struct lab t;

	(void)state;
	lab_init(&t);
	lab_open(&t);
	lab_exchange(&t);
	lab_send(&t, octets, lab_cer(octets, sizeof octets, "other.example", LAB_APP));
	lab_expect_error(&t, 0x11, 257, 5012, false);
	lab_expect_end(&t, false);
	assert_int_equal(t.cers, 1);
	assert_int_equal(t.counters.ended[LINK_END_REPEATED_CER], 1);
	lab_fini(&t);
}

/* Spoiled CERs: what is wrong, the Result-Code, the code of the AVP in Failed-AVP (0: none). */
static void each_spoiled_cer_gets_a_cea_by_the_grammar_of_a_cea(void **state)
{
	static const struct {
		uint32_t remove; /* code of an AVP of the CER; 0: none */
		uint32_t add;    /* code of one that is added with four octets of data; 0: none */
		uint8_t flags;   /* of it */
		uint32_t result_code, failed;
	} rows[] = {
		{ 264, 0, 0, 5005, 264 },    { 296, 0, 0, 5005, 296 },    { 266, 0, 0, 5005, 266 },
		{ 257, 0, 0, 5005, 257 },    { 269, 0, 0, 5005, 269 },    { 0, 263, 0x40, 5008, 263 },
		{ 0, 293, 0x40, 5008, 293 }, { 0, 264, 0x40, 5009, 264 }, { 0, 9999, 0x40, 5001, 9999 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct lab t;
		struct dia_msg m;
		struct dia_avp avp;
		size_t n = lab_cer(octets, sizeof octets, "scs.example", LAB_APP);

		if (rows[i].remove) { /* becomes an AVP that nobody knows and nobody has to */
			lab_rename(octets, n, rows[i].remove, 9998);
		}
		if (rows[i].add) {
			n = lab_add(octets, n, rows[i].add, rows[i].flags, "abcd", 4);
		}
		lab_init(&t);
		lab_open(&t);
		lab_send(&t, octets, n);
		assert_true(lab_recv(&t, octets, &m));
		assert_int_equal(lab_result_code(&m), rows[i].result_code);
		lab_expect_whole_cea(&m);
		assert_true(dia_msg_find(&m, 279, 0, &avp));
		assert_int_equal((uint32_t)avp.data[2] << 8 | avp.data[3], rows[i].failed);
		lab_expect_end(&t, false);
		assert_int_equal(t.counters.ended[LINK_END_REFUSED], 1);
		lab_fini(&t);
	}
}

static void the_answer_to_a_spoiled_dwr_is_a_dwa(void **state)
{
	struct lab t;
	struct dia_msg m;
	struct dia_avp avp;
	size_t n = lab_dwr(octets, sizeof octets, "scs.example", 8);

	(void)state;
	lab_init(&t);
	lab_open(&t);
	lab_exchange(&t);
	lab_send(&t, octets, lab_add(octets, n, 263, 0x40, "a;1;2", 5));
	assert_true(lab_recv(&t, octets, &m));
	assert_int_equal(m.hdr.flags, 0);
	assert_int_equal(lab_result_code(&m), 5008);
	assert_true(dia_msg_find(&m, 264, 0, &avp) && dia_msg_find(&m, 296, 0, &avp) && dia_msg_find(&m, 279, 0, &avp));
	assert_false(dia_msg_find(&m, 263, 0, &avp));
	lab_fini(&t);
}

static void a_cer_of_another_version_is_answered_5011(void **state)
{
	struct lab t;
	size_t n;

	(void)state;
	lab_init(&t);
	lab_open(&t);
	n = lab_cer(octets, sizeof octets, "scs.example", LAB_APP);
	octets[0] = 2;
	lab_send(&t, octets, n);
	lab_expect_error(&t, 0x11, 257, 5011, false);
	lab_expect_end(&t, false);
	assert_int_equal(t.counters.ended[LINK_END_NOT_DIAMETER], 1);
	lab_fini(&t);
	lab_init(&t); /* any other command of a stranger is cut off, in each version */
	lab_open(&t);
	n = lab_message(octets, sizeof octets, DIA_FLAG_R, LAB_CMD, LAB_APP, 1, 8);
	octets[0] = 2;
	lab_send(&t, octets, n);
	lab_expect_end(&t, true);
	lab_fini(&t);
}

static void expect_last_words(size_t n, uint32_t hop_by_hop, uint32_t result_code, bool e_bit, enum link_end end)
{
	struct lab t;

	lab_init(&t);
	lab_open(&t);
	lab_exchange(&t);
	lab_send(&t, octets, n);
	lab_expect_error(&t, hop_by_hop, LAB_CMD, result_code, e_bit);
	lab_expect_end(&t, false);
	assert_int_equal(t.counters.ended[end], 1);
	assert_int_equal(t.requests, 0);
	lab_fini(&t);
}

static size_t request_with_length(uint32_t length)
{
	size_t n = lab_message(octets, sizeof octets, DIA_FLAG_R | DIA_FLAG_P, LAB_CMD, LAB_APP, 77, 8);

	octets[1] = (uint8_t)(length >> 16);
	octets[2] = (uint8_t)(length >> 8);
	octets[3] = (uint8_t)length;
	return n;
}

static void who_is_known_is_told_what_is_wrong_with_the_length_before_the_end(void **state)
{
	(void)state;
	expect_last_words(request_with_length(0), 77, 5015, true, LINK_END_NOT_DIAMETER);
	expect_last_words(request_with_length(16), 77, 5015, true, LINK_END_NOT_DIAMETER);
	expect_last_words(request_with_length(38), 77, 5015, true, LINK_END_NOT_DIAMETER);
	expect_last_words(request_with_length(65540), 77, 5015, true, LINK_END_TOO_LONG);
	expect_last_words(request_with_length(0xfffffc), 77, 5015, true, LINK_END_TOO_LONG);
}

static void another_version_is_answered_5011_before_the_end(void **state)
{
	size_t n = request_with_length(36);

	(void)state;
	octets[0] = 2;
	expect_last_words(n, 77, 5011, true, LINK_END_NOT_DIAMETER);
}

static void a_message_of_exactly_the_bound_is_taken(void **state)
{
	struct lab t;

	(void)state;
	lab_init(&t);
	lab_open(&t);
	lab_exchange(&t);
	lab_send(&t, octets, lab_message(octets, sizeof octets, DIA_FLAG_R, LAB_CMD, LAB_APP, 3, 65536 - 28));
	lab_until(&t, &t.requests, 1);
	assert_int_equal(t.request.length, 65536);
	lab_fini(&t);
}

static void wrong_requests_are_answered_in_the_order_of_the_checks_and_the_link_goes_on(void **state)
{
	struct lab t;
	struct dia_msg m;
	size_t n;

	(void)state;
	lab_init(&t);
	lab_open(&t);
	lab_exchange(&t);
	lab_send(&t, octets, lab_message(octets, sizeof octets, DIA_FLAG_R | DIA_FLAG_E, LAB_CMD, LAB_APP, 1, 8));
	lab_expect_error(&t, 1, LAB_CMD, 3008, true);
	lab_send(&t, octets, lab_message(octets, sizeof octets, DIA_FLAG_R, LAB_CMD, 4, 2, 8));
	lab_expect_error(&t, 2, LAB_CMD, 3007, true);
	lab_send(&t, octets, lab_message(octets, sizeof octets, DIA_FLAG_R, 271, 3, 3, 8));
	lab_expect_error(&t, 3, 271, 3007, true);
	lab_send(&t, octets, lab_message(octets, sizeof octets, DIA_FLAG_R, 258, 0, 4, 8));
	lab_expect_error(&t, 4, 258, 3001, true);
	n = lab_message(octets, sizeof octets, DIA_FLAG_R, LAB_CMD, LAB_APP, 5, 8);
	octets[DIA_HEADER_LEN + 7] = 200; /* the AVP reaches past the message */
	lab_send(&t, octets, n);
	lab_expect_error(&t, 5, LAB_CMD, 5014, true);
	lab_send(&t, octets, lab_message(octets, sizeof octets, DIA_FLAG_R, 280, 0, 6, 8)); /* a DWR from nobody */
	lab_expect_error(&t, 6, 280, 5005, false);
	lab_send(&t, octets, lab_message(octets, sizeof octets, DIA_FLAG_R, 282, 0, 7, 8)); /* a DPR from nobody */
	lab_expect_error(&t, 7, 282, 5005, false);
	assert_int_equal(t.requests, 0);
	assert_int_equal(t.counters.errors_sent, 7);
	lab_send(&t, octets, lab_dwr(octets, sizeof octets, "scs.example", 8));
	assert_true(lab_recv(&t, octets, &m));
	assert_int_equal(lab_result_code(&m), 2001);
	lab_fini(&t);
}

static void answers_nobody_asked_for_are_counted_and_dropped(void **state)
{
	struct lab t;
	struct dia_msg m;

	(void)state;
	lab_init(&t);
	lab_open(&t);
	lab_exchange(&t);
	lab_send(&t, octets, lab_message(octets, sizeof octets, 0, LAB_CMD, LAB_APP, 1, 8));
	lab_send(&t, octets, lab_message(octets, sizeof octets, DIA_FLAG_E, LAB_CMD, LAB_APP, 2, 8));
	lab_send(&t, octets, lab_message(octets, sizeof octets, 0, 257, 0, 3, 8)); /* CEA */
	lab_send(&t, octets, lab_message(octets, sizeof octets, 0, 280, 0, 4, 8)); /* DWA */
	lab_send(&t, octets, lab_message(octets, sizeof octets, 0, 282, 0, 5, 8)); /* DPA */
	lab_send(&t, octets, lab_dwr(octets, sizeof octets, "scs.example", 8));
	assert_true(lab_recv(&t, octets, &m)); /* and the link goes on */
	assert_int_equal(m.hdr.hop_by_hop, 8);
	assert_int_equal(t.counters.answers_unknown, 5);
	assert_true(link_is_open(t.link));
	lab_fini(&t);
}

static void a_watchdog_in_another_name_ends_the_connection(void **state)
{
	struct lab t;

	(void)state;
	lab_init(&t);
	lab_open(&t);
	lab_exchange(&t);
	lab_send(&t, octets, lab_dwr(octets, sizeof octets, "victim.example", 8));
	lab_expect_error(&t, 8, 280, 3010, true);
	lab_expect_end(&t, false);
	assert_int_equal(t.counters.ended[LINK_END_FOREIGN_ORIGIN], 1);
	lab_fini(&t);
}

static void a_storm_of_disconnect_requests_is_answered_and_ends_in_time(void **state)
{
	struct lab t;
	struct dia_msg m;

	(void)state;
	lab_init(&t);
	t.conf.dpa_wait_ms = 50;
	lab_open(&t);
	lab_exchange(&t);
	for (uint32_t i = 0; i < 200 && !t.downs; i++) {
		lab_send(&t, octets, lab_dpr(octets, sizeof octets, 0, i));
		if (!lab_recv(&t, octets, &m)) {
			break;
		}
		assert_int_equal(m.hdr.code, 282);
		assert_int_equal(m.hdr.hop_by_hop, i);
	}
	lab_expect_end(&t, false);
	assert_int_equal(t.downs, 1);
	lab_fini(&t);
}

static void requests_behind_a_disconnect_request_are_not_heard(void **state)
{
	struct lab t;
	size_t n = lab_dpr(octets, sizeof octets, 0, 1);

	(void)state;
	n += lab_message(octets + n, sizeof octets - n, DIA_FLAG_R, LAB_CMD, LAB_APP, 2, 8);
	n += lab_dwr(octets + n, sizeof octets - n, "scs.example", 3);
	n += lab_cer(octets + n, sizeof octets - n, "scs.example", LAB_APP);
	lab_init(&t);
	lab_open(&t);
	lab_exchange(&t);
	lab_send(&t, octets, n);
	lab_expect_error(&t, 1, 282, 2001, false); /* the DPA */
	lab_expect_end(&t, false);
	assert_int_equal(t.requests, 0);
	assert_int_equal(t.counters.unwelcome, 3);
	lab_fini(&t);
}

static void who_asks_without_reading_is_cut_off(void **state)
{
	struct lab t;
	size_t n = 0;

	(void)state;
	lab_init(&t);
	lab_open(&t);
	lab_exchange(&t);
	while (n + 64 < sizeof octets) {
		n += lab_message(octets + n, sizeof octets - n, DIA_FLAG_R, LAB_CMD, 4, 1, 4);
	}
	for (int i = 0; i < 400 && !t.downs; i++) {
		lab_send(&t, octets, n);
		lab_run_ms(&t, 0);
	}
	lab_until(&t, &t.downs, 1);
	assert_int_equal(t.counters.ended[LINK_END_SLOW_READER], 1);
	assert_int_equal(t.down_err, ERR_LIMIT);
	lab_fini(&t);
}

static void who_does_not_read_his_answers_is_cut_off(void **state)
{
	struct lab t;
	uint8_t answer[60000];
	size_t n = lab_message(answer, sizeof answer, 0, LAB_CMD, LAB_APP, 1, 59900);
	int err = 0;

	(void)state;
	lab_init(&t);
	lab_open(&t);
	lab_exchange(&t);
	for (int i = 0; i < 200 && !err; i++) {
		err = link_answer(t.link, answer, n);
	}
	assert_int_equal(err, ERR_LIMIT);
	assert_int_equal(link_answer(t.link, answer, n), ERR_CLOSED);
	lab_until(&t, &t.downs, 1);
	assert_int_equal(t.counters.ended[LINK_END_SLOW_READER], 1);
	lab_fini(&t);
}

/* A valid conversation with octets changed at random: it may end, it may go on, and nothing else. */
static void changed_octets_never_do_more_than_end_the_connection(void **state)
{
	uint32_t x = 2463534242u;

	(void)state;
	for (int i = 0; i < 300; i++) {
		uint8_t talk[1024];
		struct lab t;
		size_t n = lab_cer(talk, sizeof talk, "scs.example", LAB_APP);

		n += lab_dwr(talk + n, sizeof talk - n, "scs.example", 2);
		n += lab_message(talk + n, sizeof talk - n, DIA_FLAG_R, LAB_CMD, LAB_APP, 3, 8);
		n += lab_message(talk + n, sizeof talk - n, 0, LAB_CMD, LAB_APP, 4, 8);
		n += lab_dpr(talk + n, sizeof talk - n, 0, 5);
		for (int k = 0; k < 1 + i % 4; k++) {
			x ^= x << 13;
			x ^= x >> 17;
			x ^= x << 5;
			talk[x % n] = (uint8_t)(x >> 16);
		}
		lab_init(&t);
		t.echo = true;
		lab_open(&t);
		lab_send(&t, talk, n);
		lab_run_ms(&t, 1);
		assert_true(t.downs <= 1);
		assert_true(t.requests <= 2); /* a changed flag makes the answer a request */
		lab_fini(&t);
	}
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(garbage_from_a_stranger_is_cut_off_without_a_word),
		cmocka_unit_test(anything_but_a_cer_first_is_cut_off),
		cmocka_unit_test(a_long_cer_is_cut_off_by_its_head),
		cmocka_unit_test(silence_and_half_a_message_end_when_the_wait_for_the_cer_does),
		cmocka_unit_test(one_octet_at_a_time_is_as_good_as_all_at_once),
		cmocka_unit_test(many_messages_in_one_read_are_all_heard),
		cmocka_unit_test(messages_behind_the_cer_before_the_verdict_end_the_connection),
		cmocka_unit_test(a_second_cer_is_refused_and_ends_the_connection),
		cmocka_unit_test(who_is_known_is_told_what_is_wrong_with_the_length_before_the_end),
		cmocka_unit_test(each_spoiled_cer_gets_a_cea_by_the_grammar_of_a_cea),
		cmocka_unit_test(the_answer_to_a_spoiled_dwr_is_a_dwa),
		cmocka_unit_test(a_cer_of_another_version_is_answered_5011),
		cmocka_unit_test(another_version_is_answered_5011_before_the_end),
		cmocka_unit_test(a_message_of_exactly_the_bound_is_taken),
		cmocka_unit_test(wrong_requests_are_answered_in_the_order_of_the_checks_and_the_link_goes_on),
		cmocka_unit_test(answers_nobody_asked_for_are_counted_and_dropped),
		cmocka_unit_test(a_watchdog_in_another_name_ends_the_connection),
		cmocka_unit_test(a_storm_of_disconnect_requests_is_answered_and_ends_in_time),
		cmocka_unit_test(requests_behind_a_disconnect_request_are_not_heard),
		cmocka_unit_test(who_asks_without_reading_is_cut_off),
		cmocka_unit_test(who_does_not_read_his_answers_is_cut_off),
		cmocka_unit_test(changed_octets_never_do_more_than_end_the_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
