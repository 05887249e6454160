/* What the bench counts with: latencies by class, and messages that are changed in place. */
#include "tests/unit/test.h"

#include "apps/s6m_sir.h"
#include "bench/bench_form.h"
#include "bench/bench_hist.h"
#include "diameter/dia_failed.h"

static void test_percentiles_are_within_two_per_cent(void **state)
{
	static struct bench_hist h;

	(void)state;
	assert_true(bench_hist_at(&h, 0.5) == 0);
	for (uint64_t us = 1; us <= 100000; us++) {
		bench_hist_add(&h, us);
	}
	assert_int_equal(h.n, 100000);
	assert_int_equal(h.max_us, 100000);
	for (unsigned percent = 1; percent < 100; percent++) {
		double wanted = percent * 1000.0, got = bench_hist_at(&h, percent / 100.0);

		assert_true(got > wanted * 0.98 && got < wanted * 1.02);
	}
	assert_true(bench_hist_at(&h, 1.0) > 98000);
}

static void test_small_latencies_are_exact_and_huge_ones_are_kept(void **state)
{
	static struct bench_hist h;

	(void)state;
	for (uint64_t us = 0; us < 2 * BENCH_HIST_STEPS; us++) {
		bench_hist_add(&h, us);
		assert_true(bench_hist_at(&h, 1.0) == (double)us);
	}
	bench_hist_add(&h, UINT64_MAX); /* the last class, whatever it is */
	assert_int_equal(h.n, 2 * BENCH_HIST_STEPS + 1);
	assert_true(bench_hist_at(&h, 1.0) > 2e9);
}

static size_t encode_sia(uint8_t *room, size_t size, const char *session)
{
	struct buf out = buf_over(room, size);
	struct s6m_sir sir = { .head = { .session_id = dia_text(session), .auth_application_id = dia_u32_of(APP_S6M) } };
	struct s6m_sia sia = { 0 };

	app_answer_head(&sia.head, &sir.head, "hss.example", "example");
	sia.head.result_code = dia_u32_of(DIA_RESULT_SUCCESS);
	sia.user_identifiers[0].user_name = dia_text("001019876543210");
	sia.user_identifiers_n = 1;
	s6m_sia_build(&out, &sia, 7, 9);
	assert_false(out.full);
	return out.len;
}

/* An answer made of a form is the answer that the codec makes, octet for octet. */
static void test_an_answer_of_a_form_is_the_codecs(void **state)
{
	static const char *const sessions[] = { "a", "scs.example;1;2", "scs.example;0000000001;0000000002" };
	const struct dia_limits limits = DIA_LIMITS_CORE;
	uint8_t room[1024], made[1024];
	struct bench_form form;
	size_t len;

	(void)state;
	len = encode_sia(room, sizeof room, "x"); /* with padding */
	assert_true(bench_form_of_answer(&form, room, len));
	for (size_t i = 0; i < sizeof sessions / sizeof *sessions; i++) {
		struct buf out = buf_over(made, sizeof made);
		struct dia_failed failed;
		struct dia_avp user;
		struct dia_msg m;

		len = encode_sia(room, sizeof room, sessions[i]);
		room[4] |= DIA_FLAG_R | DIA_FLAG_T; /* the request */
		assert_int_equal(dia_msg_parse(&m, room, len, &limits, &failed), 0);
		bench_form_answer(&out, &form, &m);
		assert_false(out.full);
		room[4] &= (uint8_t) ~(DIA_FLAG_R | DIA_FLAG_T);
		assert_int_equal(out.len, len);
		assert_memory_equal(made, room, len);
		assert_true(bench_find_inside(&m, DIA_DEF(USER_IDENTIFIER), DIA_DEF(USER_NAME), &user));
		assert_int_equal(user.data_len, 15);
		assert_memory_equal(user.data, "001019876543210", 15);
		assert_false(bench_find_inside(&m, DIA_DEF(USER_IDENTIFIER), DIA_DEF(MSISDN), &user));
	}
}

static void test_digits(void **state)
{
	uint8_t text[8] = "abcdefgh";

	(void)state;
	bench_put_digits(text + 1, 6, 4711);
	assert_memory_equal(text, "a004711h", 8);
	bench_put_digits(text + 1, 6, 123456789); /* higher ones are cut off */
	assert_memory_equal(text, "a456789h", 8);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_percentiles_are_within_two_per_cent),
		cmocka_unit_test(test_small_latencies_are_exact_and_huge_ones_are_kept),
		cmocka_unit_test(test_an_answer_of_a_form_is_the_codecs),
		cmocka_unit_test(test_digits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
