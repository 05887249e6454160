/* Records as they are written and read, and the budget of refusals. */
#include "tests/unit/test.h"

#include "audit/aud_budget.h"
#include "audit/aud_record.h"
#include "base/ed25519.h"

static void test_a_record_is_its_line_with_two_members_in_front(void **state)
{
	static const char line[] =
	    "{\"time\":\"t\",\"scs\":\"a\\\",\\\"verdict\\\":\\\"x\",\"verdict\":\"accepted\",\"reference\":7}";
	struct aud_place at = { 12, 3 }, read;
	char out[AUD_RECORD_MAX], text[64];
	size_t n = aud_record_put(out, &at, line, strlen(line));

	(void)state;
	assert_int_equal(strncmp(out, "{\"seq\":12,\"interval\":3,\"time\":\"t\",", 33), 0);
	assert_int_equal(aud_record_place(&read, out, n), 0);
	assert_true(read.seq == 12 && read.interval == 3);
	assert_true(aud_record_member(text, sizeof text, out, n, "reference"));
	assert_string_equal(text, "7");
	assert_true(aud_record_is(out, n, "verdict", "accepted")); /* a text that looks like a member is none */
	assert_true(aud_record_member(text, sizeof text, out, n, "scs"));
	assert_string_equal(text, "a\\\",\\\"verdict\\\":\\\"x"); /* up to its own end */
	assert_false(aud_record_member(text, sizeof text, out, n, "device"));
	assert_false(aud_record_member(text, 3, out, n, "verdict"));
	assert_int_equal(aud_record_place(&read, out, n - 1), ERR_PROTO);
	assert_int_equal(aud_record_place(&read, out + 1, n - 1), ERR_PROTO);
	assert_int_equal(aud_record_place(&read, "", 0), ERR_PROTO);
}

static void test_a_seal_is_read_as_it_was_written(void **state)
{
	struct aud_place at = { 9, 2 };
	struct mrk_hash digest = { { 1, 2, 3 } };
	uint8_t seed[MRK_KEY], key[MRK_KEY], next[MRK_KEY] = { 5 }, signature[MRK_SIGNATURE];
	char out[AUD_RECORD_MAX], text[AUD_SEAL_TEXT_MAX], line[AUD_LINE_MAX];
	struct aud_seal s;
	size_t n = aud_seal_begin(out, &at, 0, 4, &digest, next), len;

	(void)state;
	assert_int_equal(ed25519_make(seed, key), 0);
	len = aud_seal_text(text, "o", out, n);
	assert_int_equal(strncmp(text, "mtc-iwf audit seal 1\no\n{\"seq\":9,", 32), 0);
	assert_int_equal(ed25519_sign(signature, seed, text, len), 0);
	len = aud_seal_end(out, n, signature);
	assert_int_equal(aud_seal_read(&s, out, len), 0);
	assert_true(s.first == 4 && !s.last && s.signed_len == n && mrk_equal(&s.digest, &digest));
	assert_memory_equal(s.key, next, MRK_KEY);
	assert_memory_equal(s.signature, signature, MRK_SIGNATURE);
	n = aud_line_start(line, 0, &(struct aud_opening){ AUD_START_CRASH, 3, 0 }, "o", key);
	assert_int_equal(aud_seal_read(&s, line, n), ERR_NOTFOUND);
	assert_int_equal(aud_start_read(next, line, n), 0);
	assert_memory_equal(next, key, MRK_KEY);
	for (size_t cut = 1; cut + 1 < len; cut++) { /* never more than it is */
		assert_int_not_equal(aud_seal_read(&s, out, cut), 0);
	}
}

struct said {
	char scs[8];
	uint64_t n;
	unsigned times;
};

static void say(void *arg, const char *scs, uint64_t n)
{
	struct said *s = arg;

	snprintf(s->scs, sizeof s->scs, "%s", scs);
	s->n = n;
	s->times++;
}

static void test_a_budget_is_for_each_scs_and_second(void **state)
{
	static struct aud_budget b = { .per_second = 3 };
	struct said s = { .times = 0 };
	unsigned taken = 0;

	(void)state;
	aud_budget_turn(&b, 100, say, &s);
	for (unsigned i = 0; i < 10; i++) {
		taken += aud_budget_take(&b, "acme");
	}
	assert_int_equal(taken, 3);
	assert_true(aud_budget_take(&b, "beta"));
	assert_true(aud_budget_take(&b, NULL));
	aud_budget_turn(&b, 100, say, &s);
	assert_int_equal(s.times, 0);
	aud_budget_turn(&b, 99, say, &s); /* a clock that goes back */
	assert_true(s.times == 1 && s.n == 7 && strcmp(s.scs, "acme") == 0);
	assert_true(aud_budget_take(&b, "acme"));
	for (unsigned i = 0; i < 5000; i++) { /* more SCSs than slots: bounded, and nobody's share grows */
		char name[16];

		snprintf(name, sizeof name, "scs-%u", i);
		taken += aud_budget_take(&b, name);
	}
	assert_true(taken <= 3 + 3 * AUD_BUDGET_SLOTS);
	aud_budget_turn(&b, 101, say, &s);
	b.per_second = 0;
	assert_true(aud_budget_take(&b, "acme"));
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_record_is_its_line_with_two_members_in_front),
		cmocka_unit_test(test_a_seal_is_read_as_it_was_written),
		cmocka_unit_test(test_a_budget_is_for_each_scs_and_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
