/* The journal record of a trigger: what comes back is what went in, and nothing damaged comes back at all. */
#include "tests/unit/trigger/fake.h"
#include "tests/unit/trigger/record_v3.h"
#include "trigger/trg_park.h"

static size_t record_of(uint8_t *bytes, const struct trg *t)
{
	struct buf b = buf_over(bytes, TRG_RECORD_MAX);

	trg_record_build(&b, t);
	assert_false(b.full);
	return b.len;
}

static void assert_same_request(const struct trg_request *a, const struct trg_request *b, bool with_payload)
{
	assert_string_equal(a->scs, b->scs);
	assert_string_equal(a->scs_e164, b->scs_e164);
	assert_string_equal(a->origin_host, b->origin_host);
	assert_string_equal(a->origin_realm, b->origin_realm);
	assert_string_equal(a->external, b->external);
	assert_string_equal(a->msisdn, b->msisdn);
	assert_memory_equal(a->digest, b->digest, HASH_LEN);
	assert_int_equal(a->end_to_end, b->end_to_end);
	assert_int_equal(a->action, b->action);
	assert_int_equal(a->reference, b->reference);
	assert_int_equal(a->old_reference, b->old_reference);
	assert_int_equal(a->has_old_reference, b->has_old_reference);
	assert_int_equal(a->has_port, b->has_port);
	assert_int_equal(a->port, b->port);
	assert_int_equal(a->priority, b->priority);
	assert_int_equal(a->has_validity, b->has_validity);
	assert_int_equal(a->validity_s, b->validity_s);
	assert_true(a->received_ms == b->received_ms && a->expires_ms == b->expires_ms);
	if (!with_payload) {
		return;
	}
	assert_int_equal(a->payload_len, b->payload_len);
	assert_memory_equal(a->payload, b->payload, a->payload_len);
}

static void test_a_trigger_comes_back_in_the_state_its_record_stands_for(void **state)
{
	static const struct {
		enum trg_state from, to;
		bool answered, outcome;
	} rows[] = {
		{ TRG_WRITING, TRG_RESUMING, false, false },      { TRG_SUBMITTING, TRG_RESUMING, false, false },
		{ TRG_RESUBMITTING, TRG_RESUMING, false, false }, { TRG_ACCEPTED, TRG_ACCEPTED, true, false },
		{ TRG_RECALLING, TRG_RECALLING, true, false },    { TRG_REPORTING, TRG_BACKOFF, true, true },
		{ TRG_NOTIFYING, TRG_BACKOFF, true, true },       { TRG_BACKOFF, TRG_BACKOFF, true, true },
		{ TRG_REVOKING, TRG_REVOKING, true, false },
	};
	uint8_t bytes[TRG_RECORD_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct fake f = { .now_ms = T0, .next_id = 0xfedcba00 };
		struct trg *t = in_state(&f, rows[i].from), *back;
		size_t len = record_of(bytes, t);

		assert_int_equal(trg_restore(&back, 7, bytes, len, &fake_conf, &fake_ports, &f), 0);
		assert_int_equal(back->state, rows[i].to);
		assert_int_equal(back->answered, rows[i].answered);
		assert_int_equal(back->has_outcome, rows[i].outcome);
		assert_int_equal(back->outcome, t->outcome);
		assert_true(back->number == 7 && back->reported_ms == t->reported_ms && back->stored);
		assert_int_equal(back->dtr_end_to_end, t->dtr_end_to_end);
		assert_int_equal(back->recall_end_to_end, t->recall_end_to_end);
		assert_int_equal(back->dnr_end_to_end, t->dnr_end_to_end);
		assert_same_request(&t->req, &back->req, rows[i].to == TRG_RESUMING);
		assert_string_equal(back->sub.imsi, t->sub.imsi);
		assert_string_equal(back->sub.msisdn, t->sub.msisdn);
		if (rows[i].to == TRG_RESUMING) {
			assert_int_equal(back->sub.nodes_len, t->sub.nodes_len);
		}
		trg_free(t);
		trg_free(back);
	}
}

/* The record needs no field for the acceptance: the history tells when it was. */
static void test_the_report_deadline_survives_a_restart(void **state)
{
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_SUBMITTING), *back;
	uint8_t bytes[TRG_RECORD_MAX];
	size_t len;

	(void)state;
	f.now_ms = T0 + 90000;
	step(t, &f, TRG_EV_DTA_OK);
	len = record_of(bytes, t);
	assert_int_equal(trg_restore(&back, 7, bytes, len, &fake_conf, &fake_ports, &f), 0);
	assert_true(trg_report_deadline(back) == T0 + 90000 + VALIDITY_S * 1000ull + fake_conf.report_grace_ms);
	trg_free(t);
	trg_free(back);
}

static void test_a_restored_report_goes_out_with_its_old_identifier(void **state)
{
	uint8_t bytes[TRG_RECORD_MAX];
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_NOTIFYING), *back;
	size_t len = record_of(bytes, t);

	(void)state;
	assert_int_equal(trg_restore(&back, 7, bytes, len, &fake_conf, &fake_ports, &f), 0);
	f.dnr_out = false; /* it went down with the core */
	step(back, &f, TRG_EV_RESTORED);
	assert_int_equal(f.notified_again, 1); /* T: it may have been sent before; the fake compares the identifier */
	step(back, &f, TRG_EV_DNA_OK);
	assert_int_equal(back->state, TRG_DONE);
	trg_free(t);
	trg_free(back);
}

static void test_a_restored_recall_goes_on(void **state)
{
	uint8_t bytes[TRG_RECORD_MAX];
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_RECALLING), *back;
	size_t len = record_of(bytes, t);

	(void)state;
	assert_int_equal(trg_restore(&back, 7, bytes, len, &fake_conf, &fake_ports, &f), 0);
	step(back, &f, TRG_EV_RESTORED);
	assert_int_equal(f.recalled_again, 1);
	trg_free(t);
	trg_free(back);
}

static void test_a_record_cut_anywhere_is_refused(void **state)
{
	uint8_t bytes[TRG_RECORD_MAX];
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_SUBMITTING), *back;
	size_t len = record_of(bytes, t);

	(void)state;
	for (size_t cut = 0; cut < len; cut++) {
		uint8_t *exact = malloc(cut ? cut : 1); /* exactly as long: a read past it shows under ASan */

		assert_non_null(exact);
		memcpy(exact, bytes, cut);
		assert_int_equal(trg_restore(&back, 7, exact, cut, &fake_conf, &fake_ports, &f), ERR_PROTO);
		free(exact);
	}
	bytes[len] = 0;
	assert_int_equal(trg_restore(&back, 7, bytes, len + 1, &fake_conf, &fake_ports, &f), ERR_PROTO);
	trg_free(t);
}

static void test_a_record_of_another_version_is_said_to_be_one(void **state)
{
	uint8_t bytes[TRG_RECORD_MAX];
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_SUBMITTING), *back;
	size_t len = record_of(bytes, t);

	(void)state;
	bytes[0] = 7;
	assert_int_equal(trg_restore(&back, 7, bytes, len, &fake_conf, &fake_ports, &f), ERR_VERSION);
	bytes[0] = 0;
	assert_int_equal(trg_restore(&back, 7, bytes, len, &fake_conf, &fake_ports, &f), ERR_VERSION);
	bytes[0] = 4;
	bytes[1] = 9; /* no such kind */
	assert_int_equal(trg_restore(&back, 7, bytes, len, &fake_conf, &fake_ports, &f), ERR_PROTO);
	trg_free(t);
}

/* A core that is started anew repeats an undecided DTR only at the peer that had it. */
static void test_the_peer_of_a_dtr_is_kept_until_it_is_decided(void **state)
{
	static const enum trg_state undecided[] = { TRG_WRITING, TRG_SUBMITTING, TRG_RESUBMITTING, TRG_RECALLING, TRG_REVOKING };
	uint8_t bytes[TRG_RECORD_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof undecided / sizeof *undecided; i++) {
		struct fake f = fake_new();
		struct trg *t = in_state(&f, undecided[i]), *back;
		size_t without = record_of(bytes, t), with;

		trg_set_sent_to(t, "relay.example", i % 2 ? "smssc1.example" : NULL);
		with = record_of(bytes, t);
		assert_true(with >= without + 1 + strlen("relay.example") + 1 + (i % 2 ? strlen("smssc1.example") : 0));
		assert_int_equal(trg_restore(&back, 7, bytes, with, &fake_conf, &fake_ports, &f), 0);
		assert_string_equal(back->sent_to, "relay.example");
		assert_true(i % 2 ? strcmp(back->sent_host, "smssc1.example") == 0 : !back->sent_host);
		assert_true(!t->accepted_by || strcmp(back->accepted_by, t->accepted_by) == 0);
		for (size_t cut = 0; cut < with; cut++) {
			struct trg *none;

			assert_int_not_equal(trg_restore(&none, 7, bytes, cut, &fake_conf, &fake_ports, &f), 0);
		}
		trg_free(back);
		trg_free(t);
	}
}

static void test_the_record_of_a_decided_trigger_does_not_grow(void **state)
{
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_ACCEPTED);
	uint8_t bytes[TRG_RECORD_MAX];
	size_t len = record_of(bytes, t);

	(void)state;
	trg_set_sent_to(t, "relay.example", "smssc1.example");
	assert_int_equal(record_of(bytes, t), len);
	trg_free(t);
}

static size_t old_record_of(uint8_t *bytes, const struct trg *t, uint8_t version)
{
	struct buf b = buf_over(bytes, TRG_RECORD_MAX);

	v3_record_build(&b, t, version);
	assert_false(b.full);
	return b.len;
}

static void test_a_record_of_version_1_is_still_read(void **state)
{
	uint8_t bytes[TRG_RECORD_MAX];
	struct trg_history_entry past[TRG_HISTORY_MAX];
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_ACCEPTED), *back;
	size_t len = old_record_of(bytes, t, 1);
	uint32_t dropped;

	(void)state;
	assert_int_equal(trg_restore(&back, 7, bytes, len, &fake_conf, &fake_ports, &f), 0);
	assert_int_equal(back->state, TRG_ACCEPTED);
	assert_true(back->req.groups_unknown); /* nobody can judge it again */
	assert_string_equal(back->req.groups, "");
	assert_null(back->accepted_by);
	assert_int_equal(trg_history(back, past, &dropped), 0);
	assert_same_request(&t->req, &back->req, false);
	trg_free(back);
	len = old_record_of(bytes, t, 3);
	bytes[0] = 1; /* it has more than that version */
	assert_int_equal(trg_restore(&back, 7, bytes, len, &fake_conf, &fake_ports, &f), ERR_PROTO);
	trg_free(t);
}

/* What an older record says, and what the record of today says, is the same trigger. */
static void test_records_of_versions_2_and_3_say_the_same(void **state)
{
	static const enum trg_state states[] = { TRG_WRITING,  TRG_SUBMITTING, TRG_ACCEPTED, TRG_RECALLING,
						 TRG_REVOKING, TRG_NOTIFYING,  TRG_REFUSING };
	uint8_t bytes[TRG_RECORD_MAX], now[TRG_RECORD_MAX], then[TRG_RECORD_MAX];

	(void)state;
	for (size_t i = 0; i < 2 * sizeof states / sizeof *states; i++) {
		struct fake f = fake_new();
		struct trg *t = in_state(&f, states[i / 2]), *a, *b;
		uint8_t version = i % 2 ? 3 : 2;

		if (version == 2) {
			trg_drop_drr(t);
		}
		assert_int_equal(trg_restore(&a, 7, bytes, old_record_of(bytes, t, version), &fake_conf, &fake_ports, &f), 0);
		assert_int_equal(trg_restore(&b, 7, bytes, record_of(bytes, t), &fake_conf, &fake_ports, &f), 0);
		assert_int_equal(record_of(now, a), record_of(then, b));
		assert_memory_equal(now, then, record_of(now, a));
		assert_int_equal(a->state, b->state);
		assert_true(a->taken_ms == b->taken_ms && a->accepted == b->accepted && a->answer_status == b->answer_status);
		trg_free(t);
		trg_free(a);
		trg_free(b);
	}
}

/* A record cut or lengthened is none, in each version. */
static void test_an_old_record_cut_anywhere_is_refused(void **state)
{
	uint8_t bytes[TRG_RECORD_MAX];
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_NOTIFYING), *back;

	(void)state;
	for (uint8_t version = 1; version <= 3; version++) {
		size_t len = old_record_of(bytes, t, version);

		for (size_t cut = 2; cut <= len + 1; cut++) {
			int err = trg_restore(&back, 7, bytes, cut, &fake_conf, &fake_ports, &f);

			assert_int_equal(err, cut == len ? 0 : ERR_PROTO);
			if (!err) {
				trg_free(back);
			}
		}
	}
	trg_free(t);
}

static void test_the_digest_of_a_report_comes_back_and_a_record_of_version_2_has_none(void **state)
{
	static const uint8_t digest[HASH_LEN] = { 7, 8, 9 };
	struct trg_event drr = { .kind = TRG_EV_DRR, .outcome = TSP_OUTCOME_SUCCESS, .token = 1, .drr = digest };
	uint8_t bytes[TRG_RECORD_MAX];
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_ACCEPTED), *back;

	(void)state;
	assert_int_equal(trg_step(t, &drr, f.now_ms), 0);
	assert_int_equal(trg_restore(&back, 7, bytes, record_of(bytes, t), &fake_conf, &fake_ports, &f), 0);
	assert_non_null(back->drr);
	assert_memory_equal(back->drr, digest, HASH_LEN);
	trg_free(back);
	assert_int_equal(trg_restore(&back, 7, bytes, old_record_of(bytes, t, 3), &fake_conf, &fake_ports, &f), 0);
	assert_memory_equal(back->drr, digest, HASH_LEN);
	trg_free(back);
	assert_int_equal(trg_restore(&back, 7, bytes, old_record_of(bytes, t, 2), &fake_conf, &fake_ports, &f), 0);
	assert_int_equal(back->state, TRG_BACKOFF);
	assert_int_equal(back->outcome, TSP_OUTCOME_SUCCESS);
	assert_null(back->drr);
	trg_free(back);
	step(t, &f, TRG_EV_DISK); /* nothing of the report is kept */
	assert_null(t->drr);
	trg_free(t);
}

/* Only a DTR needs the payload and the nodes: the second record of a trigger is the shorter by them. */
static void test_the_record_of_an_accepted_trigger_is_short(void **state)
{
	uint8_t bytes[TRG_RECORD_MAX];
	struct trg_request r = request();
	static const uint8_t payload[100];
	struct fake f = fake_new();
	struct trg *t;
	size_t intent, acceptance;

	(void)state;
	r.payload = payload;
	r.payload_len = sizeof payload;
	t = in_state_of(&f, TRG_SUBMITTING, &r);
	intent = record_of(bytes, t);
	step(t, &f, TRG_EV_DTA_OK);
	acceptance = record_of(bytes, t);
	assert_true(acceptance + sizeof payload <= intent + strlen("smssc.example") + 5);
	assert_true(10 * acceptance < 7 * old_record_of(bytes, t, 3));
	trg_free(t);
}

static int compare(void *arg, const struct trg *t)
{
	const struct trg *other = arg;
	static uint8_t a[TRG_RECORD_MAX], b[TRG_RECORD_MAX];
	uint64_t room[TRG_PARKED_MAX / sizeof(uint64_t)];
	size_t len = record_of(a, t);

	assert_int_equal(len, record_of(b, other));
	assert_memory_equal(a, b, len);
	assert_int_equal(t->state, other->state);
	assert_true(t->number == other->number && t->taken_ms == other->taken_ms && t->accepted == other->accepted);
	assert_int_equal(t->answer_status, other->answer_status);
	assert_ptr_equal(t->party, other->party);
	assert_true(t->armed_ms == trg_report_deadline(other));
	assert_true((trg_park((struct trg_parked *)(void *)room, t) > 0) == (other->state == TRG_ACCEPTED));
	return 4711;
}

/* Read without memory of its own, a record says the same as the trigger that is restored from it. */
static void test_a_record_can_be_read_without_a_machine(void **state)
{
	static const enum trg_state states[] = { TRG_WRITING,  TRG_SUBMITTING, TRG_ACCEPTED, TRG_RECALLING,
						 TRG_REVOKING, TRG_NOTIFYING,  TRG_REFUSING };
	uint8_t bytes[TRG_RECORD_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
		struct fake f = fake_new();
		struct trg *t = in_state(&f, states[i]), *back;
		size_t len = record_of(bytes, t);

		assert_int_equal(trg_restore(&back, 7, bytes, len, &fake_conf, &fake_ports, &f), 0);
		assert_int_equal(trg_read(7, bytes, len, &fake_conf, compare, back), 4711);
		for (size_t cut = 0; cut < len; cut++) {
			assert_int_equal(trg_read(7, bytes, cut, &fake_conf, compare, back), ERR_PROTO);
		}
		trg_free(t);
		trg_free(back);
	}
}

static void test_a_history_of_states_and_events_that_are_none_is_refused(void **state)
{
	static const struct trg_history_packed odd[] = { { 1, TRG_STATE_COUNT, TRG_DONE, TRG_EV_START, 0 },
							 { 1, TRG_IDLE, TRG_STATE_COUNT, TRG_EV_START, 0 },
							 { 1, TRG_IDLE, TRG_DONE, TRG_EVENT_COUNT, 0 } };
	uint8_t bytes[TRG_RECORD_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		struct fake f = fake_new();
		struct trg *t = in_state(&f, TRG_ACCEPTED), *back;

		t->history->entries[1] = odd[i];
		assert_int_equal(trg_restore(&back, 7, bytes, record_of(bytes, t), &fake_conf, &fake_ports, &f), ERR_PROTO);
		assert_int_equal(trg_restore(&back, 7, bytes, old_record_of(bytes, t, 3), &fake_conf, &fake_ports, &f),
				 ERR_PROTO);
		trg_free(t);
	}
}

static void test_any_octet_flipped_is_refused_or_harmless(void **state)
{
	uint8_t bytes[TRG_RECORD_MAX];
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_SUBMITTING), *back;
	size_t len = record_of(bytes, t);

	(void)state;
	for (size_t i = 0; i < len; i++) {
		for (int bit = 0; bit < 8; bit++) {
			bytes[i] ^= (uint8_t)(1 << bit);
			if (trg_restore(&back, 7, bytes, len, &fake_conf, &fake_ports, &f) == 0) {
				trg_free(back);
			}
			bytes[i] ^= (uint8_t)(1 << bit);
		}
	}
	trg_free(t);
}

static void test_the_largest_trigger_fits_its_record(void **state)
{
	static uint8_t payload[TRIGGER_PAYLOAD_MAX], nodes[TRG_NODES_LEN_MAX], bytes[TRG_RECORD_MAX];
	static char host[IDENT_HOST_MAX + 1], name[IDENT_SCS_MAX + 1], groups[TRG_GROUPS_LEN_MAX + 1];
	struct trg_subscriber sub = { "12345678901234567890", "12345678901234567890", nodes, sizeof nodes };
	struct trg_event ev = { .kind = TRG_EV_SUBSCRIBER, .subscriber = &sub };
	struct trg_request r = request();
	struct fake f = fake_new();
	struct trg *t, *back;
	size_t len;

	(void)state;
	memset(host, 'h', IDENT_HOST_MAX);
	memset(name, 'n', IDENT_SCS_MAX);
	memset(groups, 'g', TRG_GROUPS_LEN_MAX);
	r.scs = name;
	r.origin_host = r.origin_realm = r.external = host;
	r.groups = groups;
	r.payload = payload;
	r.payload_len = sizeof payload;
	t = trigger_of(&f, &r);
	step(t, &f, TRG_EV_START);
	assert_int_equal(trg_step(t, &ev, f.now_ms), 0);
	len = record_of(bytes, t);
	assert_int_equal(trg_restore(&back, 7, bytes, len, &fake_conf, &fake_ports, &f), 0);
	trg_free(back);
	trg_free(t);
}

static void test_serving_nodes_survive_packing(void **state)
{
	struct app_serving_node node = { .present = true }, more[2] = { { .present = true }, { .present = true } };
	struct app_serving_node out, out_more[APP_ADDITIONAL_NODES_MAX];
	uint8_t bytes[512], n;
	struct buf b = buf_over(bytes, sizeof bytes);

	(void)state;
	node.mme_name = (struct dia_bytes){ (const uint8_t *)"mme.core", 8 };
	node.mme_number_for_mt_sms = (struct dia_bytes){ (const uint8_t *)"\x94\x71", 2 };
	more[0].sgsn_number = (struct dia_bytes){ (const uint8_t *)"\x94\x72", 2 };
	more[1].smsf_non_3gpp_realm = (struct dia_bytes){ (const uint8_t *)"", 0 }; /* there and empty */
	trg_nodes_pack(&b, &node, more, 2);
	assert_false(b.full);
	assert_int_equal(trg_nodes_unpack(bytes, b.len, &out, out_more, &n), 0);
	assert_int_equal(n, 2);
	assert_true(out.present);
	assert_memory_equal(out.mme_name.p, "mme.core", 8);
	assert_int_equal(out.mme_number_for_mt_sms.len, 2);
	assert_null(out.sgsn_name.p);
	assert_memory_equal(out_more[0].sgsn_number.p, "\x94\x72", 2);
	assert_non_null(out_more[1].smsf_non_3gpp_realm.p);
	for (size_t cut = 1; cut < b.len; cut++) {
		assert_int_equal(trg_nodes_unpack(bytes, cut, &out, out_more, &n), ERR_PROTO);
	}
	assert_int_equal(trg_nodes_unpack(bytes, 0, &out, out_more, &n), 0);
	assert_false(out.present);
}

/* Of more than a message may have, the first are kept; a record with more is none, whoever wrote it: there is no room. */
static void test_as_many_serving_nodes_as_a_message_may_have(void **state)
{
	struct app_serving_node node = { .present = true }, more[APP_ADDITIONAL_NODES_MAX + 1], out;
	struct app_serving_node out_more[APP_ADDITIONAL_NODES_MAX];
	uint8_t bytes[1024], n;
	struct buf b = buf_over(bytes, sizeof bytes);

	(void)state;
	for (size_t i = 0; i <= APP_ADDITIONAL_NODES_MAX; i++) {
		more[i] = (struct app_serving_node){ .present = true, .sgsn_number = { (const uint8_t *)"\x94\x72", 2 } };
	}
	trg_nodes_pack(&b, &node, more, APP_ADDITIONAL_NODES_MAX + 1);
	assert_false(b.full);
	assert_int_equal(trg_nodes_unpack(bytes, b.len, &out, out_more, &n), 0);
	assert_int_equal(n, APP_ADDITIONAL_NODES_MAX);
	assert_int_equal(bytes[2], APP_ADDITIONAL_NODES_MAX);
	bytes[2]++;
	buf_u8(&b, 0); /* an empty one */
	assert_false(b.full);
	assert_int_equal(trg_nodes_unpack(bytes, b.len, &out, out_more, &n), ERR_PROTO);
	assert_int_equal(n, 0);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_trigger_comes_back_in_the_state_its_record_stands_for),
		cmocka_unit_test(test_the_report_deadline_survives_a_restart),
		cmocka_unit_test(test_a_restored_report_goes_out_with_its_old_identifier),
		cmocka_unit_test(test_a_restored_recall_goes_on),
		cmocka_unit_test(test_a_record_cut_anywhere_is_refused),
		cmocka_unit_test(test_a_record_of_another_version_is_said_to_be_one),
		cmocka_unit_test(test_a_record_of_version_1_is_still_read),
		cmocka_unit_test(test_the_peer_of_a_dtr_is_kept_until_it_is_decided),
		cmocka_unit_test(test_the_record_of_a_decided_trigger_does_not_grow),
		cmocka_unit_test(test_records_of_versions_2_and_3_say_the_same),
		cmocka_unit_test(test_an_old_record_cut_anywhere_is_refused),
		cmocka_unit_test(test_the_record_of_an_accepted_trigger_is_short),
		cmocka_unit_test(test_a_record_can_be_read_without_a_machine),
		cmocka_unit_test(test_the_digest_of_a_report_comes_back_and_a_record_of_version_2_has_none),
		cmocka_unit_test(test_a_history_of_states_and_events_that_are_none_is_refused),
		cmocka_unit_test(test_any_octet_flipped_is_refused_or_harmless),
		cmocka_unit_test(test_the_largest_trigger_fits_its_record),
		cmocka_unit_test(test_serving_nodes_survive_packing),
		cmocka_unit_test(test_as_many_serving_nodes_as_a_message_may_have),
	};

	return cmocka_run_group_tests_name("trg_record", tests, NULL, NULL);
}
