/* What a keyholder signs, and what not. */
#include "tests/unit/test.h"

#include "keyholder/kh_judge.h"

static size_t verify(uint8_t *out, const char *who, size_t hash)
{
	char context[64];
	int n = snprintf(context, sizeof context, "TLS 1.3, %s CertificateVerify", who);

	memset(out, ' ', 64);
	memcpy(out + 64, context, (size_t)n + 1);
	memset(out + 64 + n + 1, 0xab, hash);
	return 64 + (size_t)n + 1 + hash;
}

static size_t exchange(uint8_t *out, uint16_t curve, uint8_t point)
{
	memset(out, 0x5a, 64);
	out[64] = 3;
	out[65] = (uint8_t)(curve >> 8);
	out[66] = (uint8_t)curve;
	out[67] = point;
	memset(out + 68, 0xcd, point);
	out[68] = 4;
	return 68u + point;
}

static void a_server_of_13_is_signed(void **state)
{
	uint8_t p[256];

	(void)state;
	assert_true(kh_judge_content(p, verify(p, "server", 32)));
	assert_true(kh_judge_content(p, verify(p, "server", 48)));
}

static void anything_near_it_is_not(void **state)
{
	uint8_t p[256];
	size_t n;

	(void)state;
	assert_false(kh_judge_content(p, verify(p, "client", 32)));
	assert_false(kh_judge_content(p, verify(p, "client", 48)));
	assert_false(kh_judge_content(p, verify(p, "server", 20)));
	assert_false(kh_judge_content(p, verify(p, "server", 64)));
	for (size_t i = 0; i < 64 + 34; i++) { /* each octet of the head counts */
		n = verify(p, "server", 32);
		p[i] ^= 1;
		assert_false(kh_judge_content(p, n));
	}
	for (size_t len = 0; len < 256; len++) {
		n = verify(p, "server", 48);
		assert_int_equal(kh_judge_content(p, len), len == n || len == n - 16);
	}
}

static void a_server_of_12_is_signed(void **state)
{
	uint8_t p[256];

	(void)state;
	assert_true(kh_judge_content(p, exchange(p, 23, 65)));
	assert_true(kh_judge_content(p, exchange(p, 24, 97)));
	assert_true(kh_judge_content(p, exchange(p, 29, 32)));
}

/* What begins like the content of TLS 1.3 is judged as one of TLS 1.3 and nothing else. */
static void randoms_that_are_spaces_are_not(void **state)
{
	uint8_t p[256];
	size_t n = exchange(p, 23, 65);

	(void)state;
	memset(p, ' ', 64);
	assert_false(kh_judge_content(p, n));
	p[63] = 0;
	assert_true(kh_judge_content(p, n));
}

static void other_curves_and_forms_are_not(void **state)
{
	uint8_t p[256];
	size_t n;

	(void)state;
	assert_false(kh_judge_content(p, exchange(p, 25, 133))); /* P-521 */
	assert_false(kh_judge_content(p, exchange(p, 30, 56)));  /* X448 */
	assert_false(kh_judge_content(p, exchange(p, 24, 65)));
	assert_false(kh_judge_content(p, exchange(p, 23, 97)));
	assert_false(kh_judge_content(p, exchange(p, 0x0117, 65)));
	n = exchange(p, 23, 65);
	p[68] = 2; /* compressed */
	assert_false(kh_judge_content(p, n));
	for (unsigned type = 0; type < 256; type++) { /* explicit curves */
		n = exchange(p, 23, 65);
		p[64] = (uint8_t)type;
		assert_int_equal(kh_judge_content(p, n), type == 3);
	}
	for (size_t len = 0; len < 200; len++) {
		n = exchange(p, 23, 65);
		assert_int_equal(kh_judge_content(p, len), len == n);
	}
}

static void the_rate_is_kept(void **state)
{
	struct kh_rate r;
	unsigned n = 0;

	(void)state;
	kh_rate_begin(&r, 10, 1000);
	for (unsigned i = 0; i < 100; i++) {
		n += kh_rate_take(&r, 1000);
	}
	assert_int_equal(n, 10);
	assert_false(kh_rate_take(&r, 1099));
	assert_true(kh_rate_take(&r, 1100));
	assert_false(kh_rate_take(&r, 1100));
	assert_false(kh_rate_take(&r, 1)); /* a clock that goes back gives nothing */
	assert_true(kh_rate_take(&r, 1200));
	n = 0;
	for (unsigned i = 0; i < 100; i++) {
		n += kh_rate_take(&r, UINT64_MAX); /* a long pause is no more than one second */
	}
	assert_int_equal(n, 10);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_server_of_13_is_signed),        cmocka_unit_test(anything_near_it_is_not),
		cmocka_unit_test(a_server_of_12_is_signed),        cmocka_unit_test(other_curves_and_forms_are_not),
		cmocka_unit_test(randoms_that_are_spaces_are_not), cmocka_unit_test(the_rate_is_kept),
	};

	return cmocka_run_group_tests_name("keyholder judge", tests, NULL, NULL);
}
