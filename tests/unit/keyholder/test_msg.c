/* The messages between an edge and the keyholder. */
#include "tests/unit/test.h"

#include "keyholder/kh_msg.h"

static struct kh_request a_request(void)
{
	struct kh_request r = { .id = 0x01020304, .set = 7, .key = 3, .scheme = 0x0403, .content_len = 146 };

	memset(r.content, ' ', sizeof r.content);
	return r;
}

static struct kh_answer an_answer(void)
{
	struct kh_answer a = { .id = 0xfffefdfc, .status = KH_SIGNED, .signature_len = 72 };

	memset(a.signature, 0x30, sizeof a.signature);
	return a;
}

static void a_request_comes_back(void **state)
{
	struct kh_request r = a_request(), got = { 0 };
	uint8_t octets[KH_REQUEST_OCTETS_MAX];
	size_t n = kh_request_encode(octets, &r);

	(void)state;
	assert_int_equal(n, KH_REQUEST_HEAD + 146);
	assert_int_equal(octets[4], 4); /* little-endian */
	assert_int_equal(kh_request_decode(&got, octets, n), 0);
	assert_int_equal(got.id, r.id);
	assert_int_equal(got.set, 7);
	assert_int_equal(got.key, 3);
	assert_int_equal(got.scheme, 0x0403);
	assert_int_equal(got.content_len, 146);
	assert_memory_equal(got.content, r.content, 146);
}

static void an_answer_comes_back(void **state)
{
	struct kh_answer a = an_answer(), got = { 0 };
	uint8_t octets[KH_ANSWER_OCTETS_MAX];
	size_t n = kh_answer_encode(octets, &a);

	(void)state;
	assert_int_equal(n, KH_ANSWER_HEAD + 72);
	assert_int_equal(kh_answer_decode(&got, octets, n), 0);
	assert_int_equal(got.id, a.id);
	assert_int_equal(got.status, KH_SIGNED);
	assert_int_equal(got.signature_len, 72);
	assert_memory_equal(got.signature, a.signature, 72);
}

static void the_largest_of_each_fit(void **state)
{
	struct kh_request r = a_request();
	struct kh_answer a = an_answer();
	uint8_t octets[KH_ANSWER_OCTETS_MAX];

	(void)state;
	r.content_len = KH_CONTENT_MAX;
	a.signature_len = KH_SIGNATURE_MAX;
	assert_int_equal(kh_request_encode(octets, &r), KH_REQUEST_OCTETS_MAX);
	assert_int_equal(kh_request_decode(&r, octets, KH_REQUEST_OCTETS_MAX), 0);
	assert_int_equal(kh_answer_encode(octets, &a), KH_ANSWER_OCTETS_MAX);
	assert_int_equal(kh_answer_decode(&a, octets, KH_ANSWER_OCTETS_MAX), 0);
	r.content_len = KH_CONTENT_MAX + 1;
	a.signature_len = KH_SIGNATURE_MAX + 1;
	assert_int_equal(kh_request_encode(octets, &r), 0);
	assert_int_equal(kh_answer_encode(octets, &a), 0);
}

static void any_other_length_is_refused(void **state)
{
	struct kh_request r = a_request();
	struct kh_answer a = an_answer();
	uint8_t octets[KH_ANSWER_OCTETS_MAX + 1] = { 0 };
	size_t n = kh_request_encode(octets, &r);

	(void)state;
	for (size_t len = 0; len <= KH_REQUEST_OCTETS_MAX; len++) {
		assert_int_equal(kh_request_decode(&r, octets, len), len == n ? 0 : ERR_PROTO);
	}
	n = kh_answer_encode(octets, &a);
	for (size_t len = 0; len <= sizeof octets; len++) {
		assert_int_equal(kh_answer_decode(&a, octets, len), len == n ? 0 : ERR_PROTO);
	}
}

/* The length field says more than the buffer of the struct holds, and the datagram is as long. */
static void a_length_beyond_the_bound_is_refused(void **state)
{
	uint8_t octets[KH_REQUEST_HEAD + 4096] = { 0 };
	struct kh_request r = a_request();
	struct kh_answer a = an_answer();

	(void)state;
	(void)kh_request_encode(octets, &r);
	octets[16] = 0;
	octets[17] = 16;
	assert_int_equal(kh_request_decode(&r, octets, KH_REQUEST_HEAD + 4096), ERR_PROTO);
	assert_int_equal(r.content_len, 146); /* unchanged */
	(void)kh_answer_encode(octets, &a);
	octets[10] = 0;
	octets[11] = 8;
	assert_int_equal(kh_answer_decode(&a, octets, KH_ANSWER_HEAD + 2048), ERR_PROTO);
}

static void wrong_magic_padding_and_status_are_refused(void **state)
{
	struct kh_request r = a_request();
	struct kh_answer a = an_answer();
	uint8_t octets[KH_ANSWER_OCTETS_MAX];
	size_t n = kh_request_encode(octets, &r);

	(void)state;
	assert_int_equal(kh_answer_decode(&a, octets, n), ERR_PROTO);
	octets[18] = 1;
	assert_int_equal(kh_request_decode(&r, octets, n), ERR_PROTO);
	n = kh_answer_encode(octets, &a);
	octets[8] = KH_STATUSES;
	assert_int_equal(kh_answer_decode(&a, octets, n), ERR_PROTO);
	octets[8] = KH_TOO_MANY; /* a refusal with a signature */
	assert_int_equal(kh_answer_decode(&a, octets, n), ERR_PROTO);
	a = (struct kh_answer){ .status = KH_SIGNED }; /* a signature of nothing */
	assert_int_equal(kh_answer_encode(octets, &a), 0);
	a.status = KH_TOO_MANY;
	n = kh_answer_encode(octets, &a);
	assert_int_equal(n, KH_ANSWER_HEAD);
	assert_int_equal(kh_answer_decode(&a, octets, n), 0);
	octets[8] = KH_SIGNED;
	assert_int_equal(kh_answer_decode(&a, octets, n), ERR_PROTO);
}

static void every_status_has_words(void **state)
{
	(void)state;
	for (unsigned i = 0; i < KH_STATUSES; i++) {
		assert_non_null(kh_status_words(i));
	}
	assert_string_equal(kh_status_words(KH_STATUSES), "unknown status");
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_comes_back),
		cmocka_unit_test(an_answer_comes_back),
		cmocka_unit_test(the_largest_of_each_fit),
		cmocka_unit_test(any_other_length_is_refused),
		cmocka_unit_test(a_length_beyond_the_bound_is_refused),
		cmocka_unit_test(wrong_magic_padding_and_status_are_refused),
		cmocka_unit_test(every_status_has_words),
	};

	return cmocka_run_group_tests_name("keyholder messages", tests, NULL, NULL);
}
