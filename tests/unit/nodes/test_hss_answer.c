/* Octets in, octets out: every request has one answer, and it says what was wrong. */
#include "tests/unit/test.h"

#include "nodes/hss/hss_answer.h"

#define SUBSCRIBERS                                                                                                              \
	"{\"imsi\":\"001010000000001\",\"msisdn\":\"491700000001\",\"external_identifiers\":[\"meter-1@a.example\"],"            \
	"\"services\":[\"device-trigger\"],\"allowed_scs\":[\"49170123456\"],"                                                   \
	"\"registered\":{\"mme\":{\"name\":\"mme.core.example\",\"realm\":\"core.example\",\"number\":\"491770000001\"}}}\n"

static const uint8_t scs[] = { 0x94, 0x71, 0x10, 0x32, 0x54, 0xf6 };
static const struct dia_limits limits = { 1024u * 1024u, 512, 8 };

static int set_up(void **state)
{
	static struct hss_self self = { .host = "hss.core.example", .realm = "core.example" };
	char why[HSS_STORE_WHY_MAX];
	FILE *f = fmemopen((void *)(uintptr_t)SUBSCRIBERS, strlen(SUBSCRIBERS), "r");

	assert_non_null(f);
	assert_int_equal(hss_store_read(&self.store, f, "subs", why), 0);
	fclose(f);
	*state = &self;
	return 0;
}

static int tear_down(void **state)
{
	struct hss_self *self = *state;

	hss_store_free(self->store);
	return 0;
}

static struct s6m_sir request(void)
{
	return (struct s6m_sir){
		.head = { .request = true,
			  .session_id = dia_text("iwf;1;2"),
			  .auth_session_state = dia_u32_of(APP_NO_STATE_MAINTAINED),
			  .origin_host = dia_text("iwf.core.example"),
			  .origin_realm = dia_text("core.example"),
			  .destination_realm = dia_text("core.example") },
		.user_identifier.external_identifier = dia_text("meter-1@a.example"),
		.service_id = dia_u32_of(S6M_SERVICE_DEVICE_TRIGGER),
		.scs_identity = { scs, sizeof scs },
		.sir_flags = dia_u32_of(S6M_SIR_FLAG_S6M),
	};
}

static struct dia_msg whole(const struct buf *b)
{
	struct dia_failed failed = { 0 };
	struct dia_msg m;

	assert_false(b->full);
	assert_int_equal(dia_msg_parse(&m, b->p, b->len, &limits, &failed), 0);
	return m;
}

/* The answer to `m`; its header repeats the request's. */
static struct dia_msg answer(const struct hss_self *self, struct buf *out, const struct dia_msg *m, struct dia_failed *failed)
{
	struct dia_msg a;

	assert_non_null(hss_answer(out, self, m, failed));
	a = whole(out);
	assert_int_equal(a.hdr.hop_by_hop, m->hdr.hop_by_hop);
	assert_int_equal(a.hdr.end_to_end, m->hdr.end_to_end);
	assert_int_equal(a.hdr.code, m->hdr.code);
	assert_false(a.hdr.flags & DIA_FLAG_R);
	return a;
}

static void test_a_good_request_gets_identity_and_node(void **state)
{
	uint8_t in[1024], octets[32768];
	struct buf b = buf_over(in, sizeof in), out = buf_over(octets, sizeof octets);
	struct s6m_sir sir = request();
	struct s6m_sia sia;
	struct dia_failed failed = { 0 };
	struct dia_msg m, a;

	s6m_sir_build(&b, &sir, 7, 9);
	m = whole(&b);
	a = answer(*state, &out, &m, &failed);
	assert_int_equal(failed.result_code, 0);
	assert_int_equal(s6m_sia_parse(&sia, &a, &failed), 0);
	assert_int_equal(sia.head.result_code.v, DIA_RESULT_SUCCESS);
	assert_memory_equal(sia.head.session_id.p, "iwf;1;2", 7);
	assert_memory_equal(sia.head.origin_host.p, "hss.core.example", 16);
	assert_int_equal(sia.head.auth_session_state.v, APP_NO_STATE_MAINTAINED);
	assert_int_equal(sia.user_identifiers_n, 1);
	assert_memory_equal(sia.user_identifiers[0].user_name.p, "001010000000001", 15);
	assert_memory_equal(sia.user_identifiers[0].msisdn.p, "\x94\x71\x00\x00\x00\x10", 6);
	assert_memory_equal(sia.serving_node.mme_name.p, "mme.core.example", 16);
}

static void test_unknown_user_is_an_experimental_result(void **state)
{
	uint8_t in[1024], octets[32768];
	struct buf b = buf_over(in, sizeof in), out = buf_over(octets, sizeof octets);
	struct s6m_sir sir = request();
	struct s6m_sia sia;
	struct dia_failed failed = { 0 };
	struct dia_msg m, a;

	sir.user_identifier.external_identifier = dia_text("meter-2@a.example");
	s6m_sir_build(&b, &sir, 7, 9);
	m = whole(&b);
	a = answer(*state, &out, &m, &failed);
	assert_int_equal(s6m_sia_parse(&sia, &a, &failed), 0);
	assert_false(sia.head.result_code.present);
	assert_int_equal(sia.head.experimental_result.code, S6M_ERROR_USER_UNKNOWN);
	assert_false(a.hdr.flags & DIA_FLAG_E);
}

static void assert_failed(const struct hss_self *self, const struct buf *b, uint32_t code)
{
	uint8_t octets[32768];
	struct buf out = buf_over(octets, sizeof octets);
	struct dia_failed failed = { 0 };
	struct dia_msg m = whole(b), a;

	a = answer(self, &out, &m, &failed);
	assert_int_equal(failed.result_code, code);
	assert_true((a.hdr.flags & DIA_FLAG_E) || code / 1000 != 3); /* RFC 6733 7.1.3; 5xxx may have it */
}

static void test_a_malformed_request_is_told_what_is_wrong(void **state)
{
	uint8_t in[1024];
	struct buf b = buf_over(in, sizeof in);
	struct s6m_sir sir = request();

	sir.sir_flags.present = false;
	s6m_sir_build(&b, &sir, 7, 9);
	assert_failed(*state, &b, DIA_RESULT_MISSING_AVP);

	b = buf_over(in, sizeof in);
	sir = request();
	sir.user_identifier = (struct app_user_identifier){ 0 };
	s6m_sir_build(&b, &sir, 7, 9);
	assert_failed(*state, &b, DIA_RESULT_MISSING_AVP);

	b = buf_over(in, sizeof in);
	sir = request();
	s6m_sir_build(&b, &sir, 7, 9);
	in[7]++; /* command code */
	assert_failed(*state, &b, DIA_RESULT_COMMAND_UNSUPPORTED);
	in[7]--;
	in[11]++; /* application id */
	assert_failed(*state, &b, DIA_RESULT_APPLICATION_UNSUPPORTED);
}

static void test_no_octets_leave_a_request_without_answer(void **state)
{
	uint8_t good[1024], in[1024], octets[32768];
	struct buf b = buf_over(good, sizeof good);
	struct s6m_sir sir = request();
	uint32_t seed = 1;

	s6m_sir_build(&b, &sir, 7, 9);
	for (int i = 0; i < 20000; i++) {
		struct buf out = buf_over(octets, b.len + HSS_ANSWER_EXTRA);
		struct dia_failed failed = { 0 };
		struct dia_msg m;

		memcpy(in, good, b.len);
		for (int k = 0; k < 3; k++) {
			seed = seed * 1664525u + 1013904223u;
			in[DIA_HEADER_LEN + (seed >> 8) % (b.len - DIA_HEADER_LEN)] = (uint8_t)(seed >> 24);
		}
		if (dia_msg_parse(&m, in, b.len, &limits, &failed) == 0) {
			answer(*state, &out, &m, &failed);
		}
	}
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_good_request_gets_identity_and_node),
		cmocka_unit_test(test_unknown_user_is_an_experimental_result),
		cmocka_unit_test(test_a_malformed_request_is_told_what_is_wrong),
		cmocka_unit_test(test_no_octets_leave_a_request_without_answer),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
