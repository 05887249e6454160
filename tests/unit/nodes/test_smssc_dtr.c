/* test_smssc_dtr.c - what a Device-Trigger-Request is answered with, and the memory of answered ones. */
#include "nodes/smssc/smssc_dtr.h"
#include "tests/unit/nodes/dlv_quiet.h"

#define ALICE "001010000000001"
#define SMEA "\x0b\x91\x94\x71\x10\x32\x54\xf6"

struct world {
	struct dlv *d;
	struct smssc_dup *dup;
	struct dlv_now now;
	struct t4_dtr dtr;
	unsigned puts, dels, dup_puts, dup_dels;
	uint8_t dup_record[8][SMSSC_DUP_RECORD_MAX];
	size_t dup_len[8];
	const char *words;
	bool refuses_new; /* replace_not_pending: refused */
};

static void put(void *arg, const struct dlv_msg *m)
{
	(void)m;
	((struct world *)arg)->puts++;
}

static void del(void *arg, const struct dlv_msg *m)
{
	(void)m;
	((struct world *)arg)->dels++;
}

static void put_dup(void *arg, uint64_t sequence, const void *record, size_t len)
{
	struct world *w = arg;

	w->dup_puts++;
	memcpy(w->dup_record[sequence % 8], record, len);
	w->dup_len[sequence % 8] = len;
}

static void del_dup(void *arg, uint64_t sequence)
{
	struct world *w = arg;

	w->dup_dels++;
	w->dup_len[sequence % 8] = 0;
}

static struct smssc_dup *memory(struct world *w, uint32_t entries_max)
{
	const struct smssc_dup_ports ports = { w, put_dup, del_dup };
	struct smssc_dup *dup;

	assert_int_equal(smssc_dup_new(&dup, entries_max, 240000, &ports), 0);
	return dup;
}

static struct dia_bytes bytes(const char *p, size_t len)
{
	return (struct dia_bytes){ (const uint8_t *)p, (uint32_t)len };
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	struct dlv_conf conf = dlv_quiet_conf();
	struct dlv_ports ports = dlv_quiet_ports(w);

	conf.id_first = 1;
	conf.messages_max = 3;
	ports.put = put;
	ports.del = del;
	w->now = dlv_quiet_now();
	assert_int_equal(dlv_new(&w->d, &conf, &ports), 0);
	w->dup = memory(w, 8);
	w->dtr = (struct t4_dtr){ .sm_rp_smea = bytes(SMEA, 8),
				  .payload = bytes("hello", 5),
				  .reference_number = dia_u32_of(1),
				  .validity_time_s = dia_u32_of(600),
				  .application_port = dia_u32_of(16000) };
	w->dtr.user_identifier.user_name = bytes(ALICE, 15);
	w->dtr.head.origin_host = bytes("IWF.core.example", 16);
	w->dtr.head.origin_realm = bytes("core.example", 12);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	dlv_free(w->d);
	smssc_dup_free(w->dup);
	free(w);
	return 0;
}

static struct smssc_result take(struct world *w, uint32_t end_to_end_id)
{
	return smssc_dtr_take(w->d, w->dup, &w->dtr, end_to_end_id, "iwf.core.example", !w->refuses_new, w->now, &w->words);
}

static void commit(struct world *w, bool durable)
{
	smssc_dup_committed(w->dup, durable);
	dlv_committed(w->d, durable, w->now);
}

static void assert_base(struct smssc_result r, uint32_t code)
{
	assert_int_equal(r.result_code, code);
	assert_int_equal(r.experimental, 0);
}

static void assert_t4(struct smssc_result r, uint32_t code, int diagnostic)
{
	assert_int_equal(r.experimental, code);
	assert_int_equal(r.result_code, 0);
	assert_int_equal(r.has_diagnostic ? (int)r.diagnostic : -1, diagnostic);
}

static void test_a_sound_trigger_is_taken(void **state)
{
	struct world *w = *state;

	assert_base(take(w, 1), 2001);
	assert_int_equal(w->puts, 1);
	assert_int_equal(w->dup_puts, 1);
}

static void test_what_is_not_sound_is_refused_and_not_remembered(void **state)
{
	struct world *w = *state;
	struct t4_dtr good = w->dtr;

	w->dtr.user_identifier.user_name = bytes(NULL, 0);
	assert_t4(take(w, 1), T4_ERROR_USER_UNKNOWN, -1);
	w->dtr = good;
	w->dtr.user_identifier.user_name = bytes("00101\0"
						 "000000001",
						 15);
	assert_t4(take(w, 2), T4_ERROR_USER_UNKNOWN, -1);
	w->dtr = good;
	w->dtr.sm_rp_smea = bytes("\x0b\x81\x94\x71\x10\x32\x54\xf6", 8);
	assert_t4(take(w, 3), T4_ERROR_INVALID_SME_ADDRESS, -1);
	w->dtr = good;
	w->dtr.application_port.v = 65536;
	assert_base(take(w, 4), DIA_RESULT_INVALID_AVP_VALUE);
	w->dtr = good;
	w->dtr.head.origin_host = bytes("bad host", 8);
	assert_base(take(w, 5), DIA_RESULT_INVALID_AVP_VALUE);
	w->dtr = good;
	w->dtr.trigger_action = dia_u32_of(3);
	assert_base(take(w, 6), DIA_RESULT_INVALID_AVP_VALUE);
	w->dtr = good;
	w->dtr.user_identifier.msisdn = bytes("12345678901", 11);
	assert_base(take(w, 7), DIA_RESULT_INVALID_AVP_VALUE);
	w->dtr = good;
	w->dtr.user_identifier.external_identifier = bytes("a\0b", 3);
	assert_base(take(w, 8), DIA_RESULT_INVALID_AVP_VALUE);
	assert_int_equal(w->puts + w->dup_puts, 0);
}

static void test_a_repeated_request_gets_the_same_answer(void **state) /* RFC 6733 3, End-to-End-Id */
{
	struct world *w = *state;

	assert_base(take(w, 1), 2001);
	assert_base(take(w, 1), 2001); /* also before the first one is on disk */
	commit(w, true);
	w->dtr.head.retransmitted = true;
	w->dtr.head.origin_host = bytes("iwf.core.example", 16); /* case does not matter in a DiameterIdentity */
	assert_base(take(w, 1), 2001);
	assert_int_equal(w->puts, 1);
	w->dtr.payload = bytes("other", 5);
	assert_base(take(w, 1), DIA_RESULT_UNABLE_TO_COMPLY); /* another request under the same identifier */
	w->dtr.head.origin_host = bytes("iwf2.core.example", 17);
	w->dtr.reference_number.v = 2;
	assert_base(take(w, 1), 2001); /* another host's identifiers are its own */
}

static void test_a_copy_that_has_less_validity_left_is_a_copy(void **state)
{
	struct world *w = *state;

	assert_base(take(w, 7), 2001);
	commit(w, true);
	w->dtr.validity_time_s = dia_u32_of(598);
	assert_base(take(w, 7), 2001);
	assert_int_equal(w->puts, 1);
	w->dtr.payload = bytes("other", 5);
	assert_base(take(w, 7), DIA_RESULT_UNABLE_TO_COMPLY);
}

static void test_a_refusal_is_repeated_too_but_not_on_disk(void **state)
{
	struct world *w = *state;

	w->dtr.trigger_action = dia_u32_of(T4_RECALL);
	w->dtr.old_reference_number = dia_u32_of(1);
	assert_t4(take(w, 1), T4_ERROR_ORIGINAL_MESSAGE_NOT_PENDING, -1);
	assert_int_equal(w->dup_puts, 0);
	w->dtr.trigger_action.present = false;
	w->dtr.old_reference_number.present = false;
	assert_base(take(w, 2), 2001);
	commit(w, true);
	w->dtr.trigger_action = dia_u32_of(T4_RECALL);
	w->dtr.old_reference_number = dia_u32_of(1);
	assert_t4(take(w, 1), T4_ERROR_ORIGINAL_MESSAGE_NOT_PENDING, -1); /* though it would be found by now */
	assert_base(take(w, 3), 2001);
}

/* TS 23.682 5.2.3.2: the replacement is a new trigger, and the answer says that nothing was replaced. */
static void test_a_replacement_of_what_is_not_pending_is_a_new_trigger(void **state)
{
	struct world *w = *state;
	struct smssc_dup *before = w->dup;

	w->dtr.trigger_action = dia_u32_of(T4_REPLACE);
	w->dtr.old_reference_number = dia_u32_of(77);
	assert_t4(take(w, 1), T4_ERROR_ORIGINAL_MESSAGE_NOT_PENDING, -1);
	assert_int_equal(w->puts, 1);
	assert_int_equal(w->dup_puts, 1);
	commit(w, true);
	assert_t4(take(w, 1), T4_ERROR_ORIGINAL_MESSAGE_NOT_PENDING, -1); /* a copy makes no second one */
	w->dup = memory(w, 10);
	assert_int_equal(smssc_dup_load(w->dup, 0, w->dup_record[0], w->dup_len[0]), 0);
	smssc_dup_free(before);
	assert_t4(take(w, 1), T4_ERROR_ORIGINAL_MESSAGE_NOT_PENDING, -1); /* nor after a restart */
	assert_int_equal(w->puts, 1);
	w->dtr.trigger_action = dia_u32_of(T4_RECALL); /* it is pending now */
	w->dtr.old_reference_number = w->dtr.reference_number;
	assert_base(take(w, 2), 2001);
	assert_t4(take(w, 3), T4_ERROR_ORIGINAL_MESSAGE_NOT_PENDING, -1); /* a recall leaves nothing */
	assert_int_equal(w->puts, 1);
}

/* -- a store of before: FNV-1a of 64 bits in place of SHA-256 */

static uint64_t fnv(uint64_t digest, const void *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		digest = (digest ^ ((const uint8_t *)p)[i]) * 0x100000001b3u;
	}
	return (digest ^ len) * 0x100000001b3u;
}

static uint64_t fnv_number(uint64_t digest, struct dia_u32 v)
{
	uint32_t words[2] = { v.present, v.present ? v.v : 0 };

	return fnv(digest, words, sizeof words);
}

/* The record of now as version 1 had it. */
static size_t old_record(uint8_t *out, const struct world *w)
{
	const uint8_t *now = w->dup_record[0];
	const size_t head = 14, len = w->dup_len[0];
	uint64_t digest = 0xcbf29ce484222325u;

	digest = fnv(digest, w->dtr.user_identifier.user_name.p, w->dtr.user_identifier.user_name.len);
	digest = fnv(digest, w->dtr.sm_rp_smea.p, w->dtr.sm_rp_smea.len);
	digest = fnv(digest, w->dtr.payload.p, w->dtr.payload.len);
	digest = fnv_number(digest, w->dtr.reference_number);
	digest = fnv_number(digest, w->dtr.old_reference_number);
	digest = fnv_number(digest, w->dtr.application_port);
	digest = fnv_number(digest, w->dtr.trigger_action);
	memcpy(out, now, head);
	out[0] = 1;
	for (int i = 0; i < 8; i++) {
		out[head + (size_t)i] = (uint8_t)(digest >> 8 * i);
	}
	memcpy(out + head + 8, now + head + HASH_LEN, len - head - HASH_LEN);
	return len - HASH_LEN + 8;
}

static void test_a_record_of_the_version_before_still_tells_a_copy(void **state)
{
	struct world *w = *state;
	struct smssc_dup *before = w->dup;
	uint8_t record[SMSSC_DUP_RECORD_MAX];
	size_t len;

	assert_base(take(w, 1), 2001);
	commit(w, true);
	len = old_record(record, w);
	w->dup = memory(w, 10);
	assert_int_equal(smssc_dup_load(w->dup, 0, record, len), 0);
	assert_int_equal(smssc_dup_load(w->dup, 1, record, len - 1), ERR_PROTO);
	smssc_dup_free(before);
	assert_base(take(w, 1), 2001); /* the copy makes no second one */
	assert_int_equal(w->puts, 1);
	assert_int_equal(w->dup_puts, 1);
	w->dtr.reference_number.v++;
	assert_base(take(w, 1), DIA_RESULT_UNABLE_TO_COMPLY); /* another request is none */
	assert_base(take(w, 2), 2001);
	assert_int_equal(w->dup_puts, 2); /* as version 2 */
	assert_int_equal(w->dup_record[1][0], 2);
}

static void test_a_replacement_may_be_refused_by_configuration(void **state)
{
	struct world *w = *state;

	w->refuses_new = true;
	w->dtr.trigger_action = dia_u32_of(T4_REPLACE);
	w->dtr.old_reference_number = dia_u32_of(77);
	assert_t4(take(w, 1), T4_ERROR_ORIGINAL_MESSAGE_NOT_PENDING, -1);
	assert_int_equal(w->puts + w->dup_puts, 0);
}

static void test_a_replacement_that_did_not_reach_the_disk_is_said_to_be_not_stored(void **state)
{
	struct world *w = *state;

	w->dtr.trigger_action = dia_u32_of(T4_REPLACE);
	w->dtr.old_reference_number = dia_u32_of(77);
	assert_true(take(w, 1).stored_new);
	commit(w, false);
	assert_t4(smssc_dtr_not_stored(&w->dtr), T4_ERROR_TRIGGER_REPLACE_FAILURE, T4_NEW_MESSAGE_NOT_STORED);
	assert_t4(take(w, 1), T4_ERROR_ORIGINAL_MESSAGE_NOT_PENDING, -1); /* the repetition is a first time */
	assert_int_equal(w->puts, 2);
}

static void test_what_did_not_reach_the_disk_is_forgotten(void **state)
{
	struct world *w = *state;

	assert_base(take(w, 1), 2001);
	commit(w, false);
	assert_t4(smssc_dtr_not_stored(&w->dtr), T4_ERROR_SC_CONGESTION, -1);
	assert_base(take(w, 1), 2001); /* the repetition is a first time */
	assert_int_equal(w->puts, 2);
	commit(w, true);
	w->dtr.trigger_action = dia_u32_of(T4_REPLACE);
	assert_t4(smssc_dtr_not_stored(&w->dtr), T4_ERROR_TRIGGER_REPLACE_FAILURE, T4_NEW_MESSAGE_NOT_STORED);
	w->dtr.trigger_action = dia_u32_of(T4_RECALL);
	assert_t4(smssc_dtr_not_stored(&w->dtr), T4_ERROR_TRIGGER_RECALL_FAILURE, -1);
}

static void test_recall_by_either_number(void **state) /* CONTRACTS 1, recall names its trigger by */
{
	struct world *w = *state;

	assert_base(take(w, 1), 2001);
	commit(w, true);
	w->dtr.trigger_action = dia_u32_of(T4_RECALL); /* only Reference-Number is there */
	assert_base(take(w, 2), 2001);
	commit(w, true);
	assert_int_equal(w->dels, 1);
	w->dtr.old_reference_number = dia_u32_of(1);
	assert_t4(take(w, 3), T4_ERROR_ORIGINAL_MESSAGE_NOT_PENDING, -1);
	w->dtr.reference_number.present = w->dtr.old_reference_number.present = false;
	assert_base(take(w, 4), DIA_RESULT_MISSING_AVP);
	w->dtr.trigger_action.v = T4_REPLACE;
	w->dtr.reference_number = dia_u32_of(1); /* a replace has to name the old one */
	assert_base(take(w, 5), DIA_RESULT_MISSING_AVP);
}

static void test_bounds_have_their_codes(void **state)
{
	struct world *w = *state;

	for (uint32_t i = 0; i < 3; i++) {
		w->dtr.reference_number.v = i;
		assert_base(take(w, i), 2001);
	}
	commit(w, true);
	w->dtr.reference_number.v = 9;
	assert_t4(take(w, 9), T4_ERROR_SC_CONGESTION, -1);
	w->dtr.trigger_action = dia_u32_of(T4_REPLACE);
	w->dtr.old_reference_number = dia_u32_of(1);
	assert_t4(take(w, 10), T4_ERROR_TRIGGER_REPLACE_FAILURE, T4_NEW_MESSAGE_NOT_STORED);
	w->dtr.trigger_action.present = false;
	w->dtr.reference_number.v = 1;
	assert_base(take(w, 11), DIA_RESULT_UNABLE_TO_COMPLY); /* in use */
}

static void test_memory_is_bounded_by_number_and_age(void **state)
{
	struct world *w = *state;
	const struct smssc_dup_entry e = { .digest = { 1 }, .result = { .result_code = 2001 } };

	for (uint32_t i = 0; i < 10; i++) {
		assert_int_equal(smssc_dup_add(w->dup, "a.example", i, &e, true, 1000 + i), 0);
	}
	assert_int_equal(smssc_dup_count(w->dup), 8);
	assert_int_equal(smssc_dup_evicted(w->dup), 2);
	assert_int_equal(w->dup_dels, 2);
	assert_null(smssc_dup_find(w->dup, "a.example", 1));
	assert_non_null(smssc_dup_find(w->dup, "a.example", 2));
	assert_null(smssc_dup_find(w->dup, "b.example", 2));
	assert_int_equal(smssc_dup_add(w->dup, "a.example", 99, &e, false, 1000 + 240009), 0); /* 2 to 8 are too old by now */
	assert_int_equal(smssc_dup_count(w->dup), 2);
	smssc_dup_committed(w->dup, true);
	assert_int_equal(w->dup_dels, 9);
}

static void test_memory_comes_back_from_its_records(void **state)
{
	struct world *w = *state;
	const struct smssc_dup_entry e = { .digest = { 7, [31] = 9 },
					   .result = { .experimental = 5533, .has_diagnostic = true, .diagnostic = 1 } };
	const struct smssc_dup_entry *found;
	struct smssc_dup *again;

	assert_int_equal(smssc_dup_add(w->dup, "a.example", 5, &e, true, 1000), 0);
	again = memory(w, 8);
	assert_int_equal(smssc_dup_load(again, 0, w->dup_record[0], w->dup_len[0]), 0);
	found = smssc_dup_find(again, "a.example", 5);
	assert_non_null(found);
	assert_memory_equal(found->digest, e.digest, sizeof e.digest);
	assert_false(found->old);
	assert_t4(found->result, 5533, 1);
	assert_int_equal(smssc_dup_load(again, 1, w->dup_record[0], w->dup_len[0]), ERR_PROTO); /* twice */
	for (size_t n = 1; n < w->dup_len[0]; n++) {
		assert_int_equal(smssc_dup_load(again, 2, w->dup_record[0], n), ERR_PROTO);
	}
	w->dup_record[0][0] = 77;
	assert_int_equal(smssc_dup_load(again, 2, w->dup_record[0], w->dup_len[0]), ERR_VERSION);
	smssc_dup_free(again);
}

TEST_GROUP()
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_a_sound_trigger_is_taken),
		TEST(test_what_is_not_sound_is_refused_and_not_remembered),
		TEST(test_a_repeated_request_gets_the_same_answer),
		TEST(test_a_copy_that_has_less_validity_left_is_a_copy),
		TEST(test_a_refusal_is_repeated_too_but_not_on_disk),
		TEST(test_a_replacement_of_what_is_not_pending_is_a_new_trigger),
		TEST(test_a_record_of_the_version_before_still_tells_a_copy),
		TEST(test_a_replacement_may_be_refused_by_configuration),
		TEST(test_a_replacement_that_did_not_reach_the_disk_is_said_to_be_not_stored),
		TEST(test_what_did_not_reach_the_disk_is_forgotten),
		TEST(test_recall_by_either_number),
		TEST(test_bounds_have_their_codes),
		TEST(test_memory_is_bounded_by_number_and_age),
		TEST(test_memory_comes_back_from_its_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
