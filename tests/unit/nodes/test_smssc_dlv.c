/* test_smssc_dlv.c - the delivery machine between a disk, a lab link and an MTC-IWF that are all this file; the clock is a variable. */
#include "tests/unit/nodes/dlv_quiet.h"

#include "apps/t4_drr.h"
#include "nodes/sms/sms_deliver.h"

#define ALICE "001010000000001"
#define BOB "001010000000002"

struct sent {
	struct dlv_conn *conn;
	uint64_t id;
	uint8_t rpdu[SMS_RPDU_MAX];
	size_t len;
};

struct told {
	uint64_t id;
	uint8_t outcome;
	bool has_diagnostic, again;
	uint8_t diagnostic;
	uint32_t end_to_end, reference;
};

struct world {
	struct dlv *d;
	struct dlv_now now;
	struct dlv_conn a, b; /* two connections of the lab link */
	struct sent sent[600];
	struct told told[600];
	unsigned sent_n, told_n, puts, dels, takeovers, dropped;
	uint8_t disk[64][2048]; /* by low bits of the id; length first */
	uint64_t disk_id[64];
	size_t disk_len[64];
	int send_err, report_err;
	uint64_t old_ms, drop_from_ms;
	uint32_t end_to_end;
};

static void put(void *arg, const struct dlv_msg *m)
{
	struct world *w = arg;
	unsigned at = m->id % 64;
	struct buf b = buf_over(w->disk[at], sizeof w->disk[at]);

	dlv_msg_encode(&b, m);
	w->disk_id[at] = m->id;
	w->disk_len[at] = b.full ? 0 : b.len;
	w->puts++;
}

static void del(void *arg, const struct dlv_msg *m)
{
	struct world *w = arg;

	w->disk_len[m->id % 64] = 0;
	w->dels++;
}

static int send_rpdu(void *arg, struct dlv_conn *conn, const char *imsi, uint64_t id, const uint8_t *rpdu, size_t len)
{
	struct world *w = arg;

	assert_int_equal(strlen(imsi), 15);
	if (w->send_err) {
		return w->send_err;
	}
	w->sent[w->sent_n].conn = conn;
	w->sent[w->sent_n].id = id;
	memcpy(w->sent[w->sent_n].rpdu, rpdu, len);
	w->sent[w->sent_n++].len = len;
	return 0;
}

static void taken_over(void *arg, struct dlv_conn *old, const char *imsi)
{
	struct world *w = arg;

	(void)old;
	(void)imsi;
	w->takeovers++;
}

static int report(void *arg, const struct dlv_msg *m, bool again)
{
	struct world *w = arg;

	if (w->report_err) {
		return w->report_err;
	}
	w->told[w->told_n++] =
	    (struct told){ m->id, m->outcome, m->has_diagnostic, again, m->diagnostic, m->report_end_to_end, m->text.reference };
	return 0;
}

static uint32_t end_to_end(void *arg)
{
	return ++((struct world *)arg)->end_to_end;
}

static void dropped(void *arg, const struct dlv_msg *m)
{
	(void)m;
	((struct world *)arg)->dropped++;
}

static unsigned traced;

static void trace(void *arg, const struct dlv_msg *m, const char *from, const char *to)
{
	(void)arg;
	assert_string_equal(to, machine_word(&dlv_machine, m->state));
	assert_string_not_equal(from, to);
	traced++;
}

static struct dlv *machine(struct world *w)
{
	struct dlv_conf conf = dlv_quiet_conf();
	const struct dlv_ports ports = { w, put, del, send_rpdu, taken_over, report, end_to_end, dropped, trace };
	struct dlv *d;

	conf.messages_max = 500;
	conf.ue_messages_max = 20;
	conf.old_ms = w->old_ms;
	conf.drop_from_ms = w->drop_from_ms;
	assert_int_equal(dlv_new(&d, &conf, &ports), 0);
	return d;
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);

	w->now = dlv_quiet_now();
	w->d = machine(w);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	dlv_free(w->d);
	free(w);
	return 0;
}

static void pass(struct world *w, uint64_t ms)
{
	w->now.mono_ms += ms;
	w->now.real_ms += ms;
	dlv_tick(w->d, w->now);
	dlv_committed(w->d, true, w->now);
}

static void commit(struct world *w)
{
	dlv_committed(w->d, true, w->now);
	dlv_tick(w->d, w->now);
	dlv_committed(w->d, true, w->now);
}

static struct dlv_text text_for(const char *imsi, uint32_t reference, size_t payload_len, uint32_t validity_s)
{
	static const uint8_t payload[SMS_PAYLOAD_MAX + 1];

	return (struct dlv_text){ .imsi = imsi,
				  .smea = (const uint8_t *)"\x0b\x91\x94\x71\x10\x32\x54\xf6",
				  .smea_len = 8,
				  .payload = payload,
				  .payload_len = payload_len,
				  .iwf_host = "iwf.example",
				  .iwf_realm = "example",
				  .via = "relay.example",
				  .has_reference = true,
				  .reference = reference,
				  .has_port = true,
				  .port = 16000,
				  .validity_s = validity_s };
}

static uint64_t submit(struct world *w, const char *imsi, uint32_t reference, size_t payload_len, uint32_t validity_s)
{
	struct dlv_text t = text_for(imsi, reference, payload_len, validity_s);
	uint64_t id;

	assert_int_equal(dlv_submit(w->d, &t, NULL, &id, w->now), 0);
	return id;
}

static struct sms_rp rp_of(const struct sent *s)
{
	struct sms_rp rp;

	assert_int_equal(sms_rp_parse(&rp, s->rpdu, s->len), 0);
	assert_int_equal(rp.type, SMS_RP_DATA);
	return rp;
}

static void answer_last(struct world *w, enum sms_rp_type type, uint8_t cause)
{
	const struct sent *s = &w->sent[w->sent_n - 1];
	struct sms_rp rp = { .type = type, .reference = rp_of(s).reference, .cause = cause };

	dlv_ack(w->d, s->conn, s->id, &rp, w->now);
	dlv_committed(w->d, true, w->now);
}

static void assert_told(const struct world *w, unsigned i, uint64_t id, uint8_t outcome, int diagnostic)
{
	assert_true(w->told_n > i);
	assert_int_equal(w->told[i].id, id);
	assert_int_equal(w->told[i].outcome, outcome);
	assert_int_equal(w->told[i].has_diagnostic ? w->told[i].diagnostic : -1, diagnostic);
}

static void test_nothing_is_sent_before_it_is_on_disk(void **state) /* CONTRACTS 3, write-ahead */
{
	struct world *w = *state;
	uint64_t id;

	assert_int_equal(dlv_register(w->d, &w->a, ALICE, w->now), 0);
	id = submit(w, ALICE, 1, 3, 60);
	assert_int_equal(w->puts, 1);
	assert_int_equal(w->sent_n, 0);
	commit(w);
	assert_int_equal(w->sent_n, 1);
	assert_int_equal(w->sent[0].id, id);
	/* and no outcome is told before it is on disk */
	dlv_ack(w->d, &w->a, id, &(struct sms_rp){ .type = SMS_RP_ACK, .reference = rp_of(&w->sent[0]).reference }, w->now);
	assert_int_equal(w->puts, 2);
	assert_int_equal(w->told_n, 0);
	commit(w);
	assert_told(w, 0, id, T4_OUTCOME_SUCCESSFUL_TRANSFER, -1);
	assert_false(w->told[0].again);
	dlv_reported(w->d, id, true, w->now);
	assert_int_equal(w->dels, 1);
	assert_int_equal(dlv_gauge(w->d).reporting, 0);
}

static void test_the_message_is_the_trigger(void **state) /* CONTRACTS 5, SMS-DELIVER */
{
	struct world *w = *state;
	struct sms_deliver d;
	struct sms_rp rp;

	assert_int_equal(dlv_register(w->d, &w->a, ALICE, w->now), 0);
	submit(w, ALICE, 1, 3, 60);
	commit(w);
	rp = rp_of(&w->sent[0]);
	assert_int_equal(sms_deliver_parse(&d, rp.user_data, rp.user_data_len), 0);
	assert_int_equal(d.pid, 0x48);
	assert_int_equal(d.dcs, 0x04);
	assert_true(d.has_port);
	assert_int_equal(d.port, 16000);
	assert_int_equal(d.port_from, 0);
	assert_false(d.has_part);
	assert_false(d.more);
	assert_int_equal(d.sent_s, 1705321800);
	assert_memory_equal(d.originator, "\x0b\x91\x94\x71\x10\x32\x54\xf6", 8);
}

static void test_a_full_disk_refuses_and_keeps_nothing(void **state)
{
	struct world *w = *state;
	uint64_t id;
	struct dlv_msg *m;

	assert_int_equal(dlv_register(w->d, &w->a, ALICE, w->now), 0);
	submit(w, ALICE, 1, 3, 60);
	dlv_committed(w->d, false, w->now);
	assert_int_equal(w->sent_n, 0);
	assert_int_equal(dlv_counts(w->d)->disk_refused, 1);
	assert_int_equal(dlv_find(w->d, &m, (const uint8_t *)"\x0b\x91\x94\x71\x10\x32\x54\xf6", 8, 1, ALICE), ERR_NOTFOUND);
	id = submit(w, ALICE, 1, 3, 60); /* the number is free again */
	commit(w);
	assert_int_equal(w->sent[0].id, id);
}

static void test_an_outcome_that_is_not_stored_is_written_again(void **state)
{
	struct world *w = *state;
	uint64_t id;

	assert_int_equal(dlv_register(w->d, &w->a, ALICE, w->now), 0);
	id = submit(w, ALICE, 1, 3, 60);
	commit(w);
	dlv_ack(w->d, &w->a, id, &(struct sms_rp){ .type = SMS_RP_ACK, .reference = rp_of(&w->sent[0]).reference }, w->now);
	dlv_committed(w->d, false, w->now);
	assert_int_equal(w->told_n, 0);
	pass(w, 1000);
	assert_told(w, 0, id, T4_OUTCOME_SUCCESSFUL_TRANSFER, -1);
	assert_int_equal(w->end_to_end, 1); /* one identifier, made up once */
}

static void test_an_absent_mobile_is_waited_for(void **state)
{
	struct world *w = *state;
	uint64_t id = submit(w, ALICE, 1, 3, 600);

	commit(w);
	pass(w, 100000);
	assert_int_equal(w->sent_n + w->told_n, 0);
	assert_int_equal(dlv_register(w->d, &w->a, ALICE, w->now), 0); /* at once, without a timer */
	assert_int_equal(w->sent_n, 1);
	answer_last(w, SMS_RP_ACK, 0);
	assert_told(w, 0, id, T4_OUTCOME_SUCCESSFUL_TRANSFER, -1);
}

static void test_validity_ends(void **state)
{
	struct world *w = *state;
	uint64_t id = submit(w, ALICE, 1, 3, 600);

	commit(w);
	pass(w, 599999);
	assert_int_equal(w->told_n, 0);
	pass(w, 1);
	assert_told(w, 0, id, T4_OUTCOME_VALIDITY_TIME_EXPIRED, -1);
	assert_int_equal(dlv_register(w->d, &w->a, ALICE, w->now), 0);
	assert_int_equal(w->sent_n, 0);
}

static void test_validity_that_ends_under_way_waits_for_the_answer(void **state)
{
	struct world *w = *state;
	uint64_t first, second;

	assert_int_equal(dlv_register(w->d, &w->a, ALICE, w->now), 0);
	first = submit(w, ALICE, 1, 3, 2);
	commit(w);
	pass(w, 3000);
	assert_int_equal(w->told_n, 0);
	answer_last(w, SMS_RP_ACK, 0);
	assert_told(w, 0, first, T4_OUTCOME_SUCCESSFUL_TRANSFER, -1);
	second = submit(w, ALICE, 2, 3, 2);
	commit(w);
	pass(w, 3000);
	pass(w, 7000); /* no answer */
	assert_told(w, 1, second, T4_OUTCOME_VALIDITY_TIME_EXPIRED, -1);
}

static void test_without_validity_there_is_one_attempt(void **state) /* t4.md 6, row 8 */
{
	struct world *w = *state;
	uint64_t id = submit(w, ALICE, 1, 3, 0); /* never seen */

	commit(w);
	assert_told(w, 0, id, T4_OUTCOME_ABSENT_SUBSCRIBER, T4_ABSENT_UE_DEREGISTERED);

	assert_int_equal(dlv_register(w->d, &w->a, ALICE, w->now), 0);
	id = submit(w, ALICE, 2, 3, 0); /* does not answer */
	commit(w);
	assert_int_equal(w->sent_n, 1);
	pass(w, 10000);
	assert_told(w, 1, id, T4_OUTCOME_ABSENT_SUBSCRIBER, T4_ABSENT_NO_PAGING_RESPONSE);

	id = submit(w, ALICE, 3, 3, 0); /* full */
	commit(w);
	answer_last(w, SMS_RP_ERROR, SMS_RP_CAUSE_MEMORY_FULL);
	assert_told(w, 2, id, T4_OUTCOME_UE_MEMORY_CAPACITY_EXCEEDED, -1);

	id = submit(w, ALICE, 4, 3, 0); /* goes while it is being sent to */
	commit(w);
	dlv_unregister(w->d, &w->a, ALICE, w->now);
	commit(w);
	assert_told(w, 3, id, T4_OUTCOME_ABSENT_SUBSCRIBER, T4_ABSENT_UE_DETACHED);
	assert_int_equal(w->sent_n, 3);
}

static void test_single_attempts_behind_another_end_when_the_mobile_goes(void **state)
{
	struct world *w = *state;
	uint64_t id;

	assert_int_equal(dlv_register(w->d, &w->a, ALICE, w->now), 0);
	submit(w, ALICE, 1, 3, 600);
	commit(w);
	id = submit(w, ALICE, 2, 3, 0);
	commit(w);
	assert_int_equal(w->sent_n, 1); /* one at a time */
	dlv_conn_lost(w->d, &w->a, w->now);
	commit(w);
	assert_int_equal(w->told_n, 1);
	assert_told(w, 0, id, T4_OUTCOME_ABSENT_SUBSCRIBER, T4_ABSENT_UE_DETACHED);
	assert_int_equal(dlv_gauge(w->d).waiting, 1);
}

static void test_a_full_mobile_is_tried_again_and_when_it_signals(void **state)
{
	struct world *w = *state;

	assert_int_equal(dlv_register(w->d, &w->a, ALICE, w->now), 0);
	submit(w, ALICE, 1, 3, 600);
	commit(w);
	answer_last(w, SMS_RP_ERROR, SMS_RP_CAUSE_MEMORY_FULL);
	assert_int_equal(w->sent_n, 1);
	pass(w, 999);
	assert_int_equal(w->sent_n, 1);
	pass(w, 1);
	assert_int_equal(w->sent_n, 2);
	answer_last(w, SMS_RP_ERROR, SMS_RP_CAUSE_MEMORY_FULL);
	pass(w, 1999);
	assert_int_equal(w->sent_n, 2);                                /* doubled */
	assert_int_equal(dlv_register(w->d, &w->a, ALICE, w->now), 0); /* it signals: at once */
	assert_int_equal(w->sent_n, 3);
	assert_int_equal(w->sent[2].id, w->sent[0].id); /* one delivery id for all attempts */
	assert_int_equal(w->told_n, 0);
}

static void test_rest_is_bounded(void **state)
{
	struct world *w = *state;

	assert_int_equal(dlv_register(w->d, &w->a, ALICE, w->now), 0);
	submit(w, ALICE, 1, 3, 864000);
	commit(w);
	for (unsigned i = 0; i < 40; i++) {
		answer_last(w, SMS_RP_ERROR, SMS_RP_CAUSE_MEMORY_FULL);
		pass(w, 60000);
	}
	assert_int_equal(w->sent_n, 41);
}

static void test_a_refusal_is_final(void **state)
{
	struct world *w = *state;
	uint64_t id;

	assert_int_equal(dlv_register(w->d, &w->a, ALICE, w->now), 0);
	id = submit(w, ALICE, 1, 3, 600);
	commit(w);
	answer_last(w, SMS_RP_ERROR, SMS_RP_CAUSE_PROTOCOL_ERROR);
	assert_told(w, 0, id, T4_OUTCOME_ABSENT_SUBSCRIBER, -1);
	assert_int_equal(dlv_counts(w->d)->ue_refused, 1);
}

static void test_all_parts_have_to_be_acknowledged(void **state)
{
	struct world *w = *state;
	uint64_t id;

	assert_int_equal(dlv_register(w->d, &w->a, ALICE, w->now), 0);
	id = submit(w, ALICE, 1, 127 * 2 + 1, 600);
	commit(w);
	for (unsigned part = 1; part <= 3; part++) {
		struct sms_rp rp = rp_of(&w->sent[w->sent_n - 1]);
		struct sms_deliver d;

		assert_int_equal(w->sent_n, part);
		assert_int_equal(w->told_n, 0);
		assert_int_equal(sms_deliver_parse(&d, rp.user_data, rp.user_data_len), 0);
		assert_int_equal(d.parts, 3);
		assert_int_equal(d.part, part);
		assert_int_equal(d.part_reference, id & 0xffff);
		assert_true(d.has_port);
		assert_true(d.more == (part < 3));
		answer_last(w, SMS_RP_ACK, 0);
	}
	assert_told(w, 0, id, T4_OUTCOME_SUCCESSFUL_TRANSFER, -1);
}

static void test_a_lost_part_is_sent_again_alone_but_all_after_a_return(void **state)
{
	struct world *w = *state;
	struct sms_deliver d;
	struct sms_rp rp;

	assert_int_equal(dlv_register(w->d, &w->a, ALICE, w->now), 0);
	submit(w, ALICE, 1, 300, 600);
	commit(w);
	answer_last(w, SMS_RP_ACK, 0);
	pass(w, 10000); /* part 2 is not answered */
	pass(w, 1000);
	rp = rp_of(&w->sent[2]);
	assert_int_equal(sms_deliver_parse(&d, rp.user_data, rp.user_data_len), 0);
	assert_int_equal(d.part, 2);
	dlv_unregister(w->d, &w->a, ALICE, w->now);
	assert_int_equal(dlv_register(w->d, &w->b, ALICE, w->now), 0);
	rp = rp_of(&w->sent[3]);
	assert_int_equal(sms_deliver_parse(&d, rp.user_data, rp.user_data_len), 0);
	assert_int_equal(d.part, 1);
}

static void test_priority_first_then_in_order(void **state)
{
	struct world *w = *state;
	struct dlv_text urgent = text_for(ALICE, 9, 3, 600);
	uint64_t ids[4];

	urgent.priority = true;
	for (uint32_t i = 0; i < 3; i++) {
		ids[i] = submit(w, ALICE, i, 3, 600);
	}
	assert_int_equal(dlv_submit(w->d, &urgent, NULL, &ids[3], w->now), 0);
	commit(w);
	assert_int_equal(dlv_register(w->d, &w->a, ALICE, w->now), 0);
	for (unsigned i = 0; i < 4; i++) {
		answer_last(w, SMS_RP_ACK, 0);
	}
	assert_int_equal(w->sent[0].id, ids[3]);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(w->sent[i + 1].id, ids[i]);
	}
	assert_int_equal(dlv_counts(w->d)->delivered, 4);
}

static void test_nobody_acknowledges_for_another(void **state)
{
	struct world *w = *state;
	uint64_t id;
	struct sms_rp ack = { .type = SMS_RP_ACK };

	assert_int_equal(dlv_register(w->d, &w->a, ALICE, w->now), 0);
	assert_int_equal(dlv_register(w->d, &w->b, BOB, w->now), 0);
	id = submit(w, ALICE, 1, 3, 600);
	commit(w);
	ack.reference = rp_of(&w->sent[0]).reference;
	dlv_ack(w->d, &w->b, id, &ack, w->now); /* another connection */
	dlv_ack(w->d, &w->a, id + 1, &ack, w->now);
	ack.reference++;
	dlv_ack(w->d, &w->a, id, &ack, w->now);
	ack.reference--;
	ack.type = SMS_RP_DATA;
	dlv_ack(w->d, &w->a, id, &ack, w->now);
	assert_int_equal(dlv_counts(w->d)->acks_ignored, 4);
	assert_int_equal(dlv_gauge(w->d).sending, 1);
	dlv_unregister(w->d, &w->b, ALICE, w->now); /* nor does anybody sign another off */
	assert_int_equal(dlv_gauge(w->d).ues_present, 2);
	answer_last(w, SMS_RP_ACK, 0);
	answer_last(w, SMS_RP_ACK, 0); /* twice: the second fits nothing */
	assert_int_equal(dlv_counts(w->d)->acks_ignored, 5);
	assert_int_equal(w->told_n, 1);
}

static void test_the_last_registration_counts(void **state)
{
	struct world *w = *state;
	uint64_t id;

	assert_int_equal(dlv_register(w->d, &w->a, ALICE, w->now), 0);
	id = submit(w, ALICE, 1, 3, 600);
	commit(w);
	assert_int_equal(dlv_register(w->d, &w->b, ALICE, w->now), 0);
	assert_int_equal(w->takeovers, 1);
	assert_int_equal(w->sent_n, 2);
	assert_ptr_equal(w->sent[1].conn, &w->b);
	dlv_conn_lost(w->d, &w->a, w->now); /* the old connection has no say any more */
	assert_int_equal(dlv_gauge(w->d).ues_present, 1);
	answer_last(w, SMS_RP_ACK, 0);
	assert_told(w, 0, id, T4_OUTCOME_SUCCESSFUL_TRANSFER, -1);
}

static void test_recall(void **state)
{
	struct world *w = *state;
	const uint8_t *smea = (const uint8_t *)"\x0b\x91\x94\x71\x10\x32\x54\xf6";
	struct dlv_msg *m;

	submit(w, ALICE, 1, 3, 600);
	assert_int_equal(dlv_find(w->d, &m, smea, 8, 1, ALICE), ERR_STATE); /* not stored yet */
	commit(w);
	assert_int_equal(dlv_find(w->d, &m, smea, 8, 2, ALICE), ERR_NOTFOUND);
	assert_int_equal(dlv_find(w->d, &m, smea, 8, 1, BOB), ERR_NOTFOUND);
	assert_int_equal(dlv_find(w->d, &m, (const uint8_t *)"\x0b\x91\x94\x71\x10\x32\x54\xf7", 8, 1, ALICE), ERR_NOTFOUND);
	assert_int_equal(dlv_find(w->d, &m, smea, 8, 1, ALICE), 0);
	dlv_remove(w->d, m, w->now);
	dlv_committed(w->d, false, w->now); /* not erased: it is pending still */
	assert_int_equal(dlv_find(w->d, &m, smea, 8, 1, ALICE), 0);
	dlv_remove(w->d, m, w->now);
	assert_int_equal(dlv_register(w->d, &w->a, ALICE, w->now), 0);
	assert_int_equal(w->sent_n, 0); /* being erased: not delivered */
	commit(w);
	assert_int_equal(dlv_find(w->d, &m, smea, 8, 1, ALICE), ERR_NOTFOUND);
	assert_int_equal(w->sent_n + w->told_n, 0);
	assert_int_equal(dlv_counts(w->d)->removed, 1);
	assert_int_equal(w->dels, 2);
}

static void test_what_is_being_delivered_cannot_be_recalled(void **state)
{
	struct world *w = *state;
	const uint8_t *smea = (const uint8_t *)"\x0b\x91\x94\x71\x10\x32\x54\xf6";
	struct dlv_msg *m;

	assert_int_equal(dlv_register(w->d, &w->a, ALICE, w->now), 0);
	submit(w, ALICE, 1, 3, 600);
	commit(w);
	assert_int_equal(dlv_find(w->d, &m, smea, 8, 1, ALICE), ERR_STATE);
	answer_last(w, SMS_RP_ACK, 0);
	assert_int_equal(dlv_find(w->d, &m, smea, 8, 1, ALICE), ERR_NOTFOUND);
}

static void test_replace_is_all_or_nothing(void **state)
{
	struct world *w = *state;
	const uint8_t *smea = (const uint8_t *)"\x0b\x91\x94\x71\x10\x32\x54\xf6";
	struct dlv_text t = text_for(ALICE, 1, 7, 600);
	struct dlv_msg *m;
	uint64_t old = submit(w, ALICE, 1, 3, 600), new;

	commit(w);
	for (unsigned same_number = 0; same_number < 2; same_number++) {
		t.reference = same_number ? 1 : 2;
		assert_int_equal(dlv_find(w->d, &m, smea, 8, 1, ALICE), 0);
		assert_int_equal(m->id, old);
		assert_int_equal(dlv_submit(w->d, &t, m, &new, w->now), 0);
		dlv_committed(w->d, false, w->now);
		assert_int_equal(dlv_find(w->d, &m, smea, 8, 2, ALICE), ERR_NOTFOUND);
	}
	assert_int_equal(dlv_find(w->d, &m, smea, 8, 1, ALICE), 0); /* the old one is as it was */
	assert_int_equal(m->id, old);
	assert_int_equal(dlv_submit(w->d, &t, m, &new, w->now), 0);
	commit(w);
	assert_int_equal(dlv_find(w->d, &m, smea, 8, 1, ALICE), 0);
	assert_int_equal(m->id, new);
	assert_int_equal(dlv_register(w->d, &w->a, ALICE, w->now), 0);
	answer_last(w, SMS_RP_ACK, 0);
	assert_int_equal(w->sent_n, 1);
	assert_int_equal(w->told_n, 1);
	assert_told(w, 0, new, T4_OUTCOME_SUCCESSFUL_TRANSFER, -1);
}

static void test_bounds(void **state)
{
	struct world *w = *state;
	struct dlv_text t = text_for(ALICE, 1000, 3, 600);
	uint64_t id;
	char imsi[16];

	for (uint32_t i = 0; i < 20; i++) {
		submit(w, ALICE, i, 3, 600);
	}
	assert_int_equal(dlv_submit(w->d, &t, NULL, &id, w->now), ERR_BUSY); /* of one mobile */
	t.imsi = BOB;
	t.reference = 1;
	assert_int_equal(dlv_submit(w->d, &t, NULL, &id, w->now), ERR_EXISTS);
	t.reference = 1001;
	t.payload_len = 127 * 255 + 1;
	assert_int_equal(dlv_submit(w->d, &t, NULL, &id, w->now), ERR_LIMIT);
	t.payload_len = 127 * 255;
	assert_int_equal(dlv_submit(w->d, &t, NULL, &id, w->now), 0);
	for (unsigned i = 0; i < 10; i++) {
		snprintf(imsi, sizeof imsi, "00101000000%04u", i + 10);
		assert_int_equal(dlv_register(w->d, &w->a, imsi, w->now), 0);
	}
	assert_int_equal(dlv_register(w->d, &w->a, "001010000009999", w->now), ERR_BUSY); /* of one connection */
	assert_int_equal(dlv_register(w->d, &w->a, imsi, w->now), 0);                     /* its own again is fine */
	dlv_conn_lost(w->d, &w->a, w->now);
	assert_int_equal(dlv_gauge(w->d).ues, 2); /* only those something waits for */
}

static void test_reports_are_repeated_until_acknowledged(void **state) /* CONTRACTS 3, promise */
{
	struct world *w = *state;
	uint64_t id = submit(w, ALICE, 77, 3, 0);

	w->report_err = ERR_CLOSED;
	commit(w);
	assert_int_equal(w->told_n, 0);
	w->report_err = 0;
	dlv_peer_open(w->d, "other.example", w->now);
	assert_int_equal(w->told_n, 0);
	dlv_peer_open(w->d, "IWF.example", w->now);
	assert_int_equal(w->told_n, 1);
	assert_false(w->told[0].again); /* it never left before */
	dlv_peer_open(w->d, "iwf.example", w->now);
	assert_int_equal(w->told_n, 1); /* its answer is waited for */
	dlv_reported(w->d, id, false, w->now);
	pass(w, 1000);
	assert_int_equal(w->told_n, 2);
	assert_true(w->told[1].again);
	assert_int_equal(w->told[1].end_to_end, w->told[0].end_to_end);
	dlv_reported(w->d, id, false, w->now);
	pass(w, 1999);
	assert_int_equal(w->told_n, 2);
	dlv_peer_open(w->d, "relay.example", w->now); /* the agent it came through is as good */
	assert_int_equal(w->told_n, 3);
	dlv_reported(w->d, id, true, w->now);
	assert_int_equal(w->dels, 1);
	dlv_reported(w->d, id, true, w->now); /* nothing is there any more */
	pass(w, 1000000);
	assert_int_equal(w->told_n, 3);
}

/* Whoever connects has what waits for it looked at, and not what waits for others. */
static void test_a_peer_that_connects_looks_at_its_own(void **state)
{
	struct world *w = *state;
	struct dlv_text t = text_for(ALICE, 1, 3, 0);
	uint64_t before, id;

	w->report_err = ERR_CLOSED;
	for (unsigned i = 0; i < 400; i++) {
		char imsi[16];

		snprintf(imsi, sizeof imsi, "0010100001%05u", i);
		t.imsi = imsi;
		t.reference = i;
		t.iwf_host = i % 100 ? "iwf.example" : "Iwf2.example";
		t.via = i % 100 == 50 ? "other.example" : "relay.example";
		assert_int_equal(dlv_submit(w->d, &t, NULL, &id, w->now), 0);
		dlv_committed(w->d, true, w->now); /* one attempt at an absent mobile: the outcome follows */
		pass(w, 0);
		dlv_committed(w->d, true, w->now);
	}
	assert_int_equal(dlv_gauge(w->d).reporting, 400);
	w->report_err = 0;
	before = dlv_looked_at(w->d);
	dlv_peer_open(w->d, "iwf2.example", w->now);
	assert_int_equal(w->told_n, 4);
	dlv_peer_open(w->d, "other.example", w->now);
	assert_int_equal(w->told_n, 8);
	dlv_peer_open(w->d, "stranger.example", w->now);
	assert_true(dlv_looked_at(w->d) - before <= 8 + 3 * 3); /* at their eight, and at each line */
	/* without room nothing more is tried; what is acknowledged brings the next */
	w->report_err = ERR_BUSY;
	before = dlv_looked_at(w->d);
	dlv_peer_open(w->d, "iwf.example", w->now);
	assert_true(dlv_looked_at(w->d) - before <= 3);
	w->report_err = 0;
	dlv_peer_open(w->d, "iwf.example", w->now);
	assert_int_equal(w->told_n, 400);
	w->report_err = ERR_BUSY;
	for (unsigned i = 8; i < 11; i++) {
		dlv_reported(w->d, w->told[i].id, false, w->now);
	}
	w->report_err = 0;
	dlv_reported(w->d, w->told[11].id, true, w->now);
	assert_int_equal(w->told_n, 401);
	assert_int_equal(w->told[400].id, w->told[8].id);
}

static void test_reports_end_with_their_retention(void **state)
{
	struct world *w = *state;
	uint64_t id = submit(w, ALICE, 77, 3, 0);

	w->report_err = ERR_CLOSED;
	commit(w);
	pass(w, 600001);
	assert_int_equal(dlv_counts(w->d)->reports_dropped, 1);
	assert_int_equal(w->dropped, 1);
	assert_int_equal(w->dels, 1);
	(void)id;
}

static void restart(struct world *w)
{
	dlv_free(w->d);
	w->a = w->b = (struct dlv_conn){ 0 };
	w->sent_n = w->told_n = 0;
	w->now.mono_ms = 77; /* another clock */
	w->d = machine(w);
	for (unsigned i = 0; i < 64; i++) {
		struct dlv_msg *m;

		if (!w->disk_len[i]) {
			continue;
		}
		assert_int_equal(dlv_msg_decode(&m, w->disk_id[i], w->disk[i], w->disk_len[i]), 0);
		assert_int_equal(dlv_load(w->d, m, w->now), 0);
	}
}

static void test_a_restart_loses_nothing(void **state)
{
	struct world *w = *state;
	uint64_t waiting, sending, reporting, single, next;

	assert_int_equal(dlv_register(w->d, &w->a, BOB, w->now), 0);
	reporting = submit(w, BOB, 3, 3, 600);
	commit(w);
	answer_last(w, SMS_RP_ACK, 0);
	waiting = submit(w, ALICE, 1, 3, 600);
	sending = submit(w, BOB, 2, 3, 600);
	single = submit(w, BOB, 4, 3, 0);
	commit(w);
	assert_int_equal(w->sent[w->sent_n - 1].id, sending);
	w->now.real_ms += 1000;
	restart(w);
	pass(w, 0);
	assert_told(w, 0, reporting, T4_OUTCOME_SUCCESSFUL_TRANSFER, -1);
	assert_true(w->told[0].again);
	assert_int_equal(w->told[0].end_to_end, 1);
	assert_int_equal(w->told_n, 1);
	assert_int_equal(dlv_register(w->d, &w->a, BOB, w->now), 0); /* in time for the single attempt too */
	assert_int_equal(w->sent[0].id, sending);
	answer_last(w, SMS_RP_ACK, 0);
	assert_int_equal(w->sent[1].id, single);
	answer_last(w, SMS_RP_ACK, 0);
	next = submit(w, ALICE, 9, 3, 600);
	assert_true(next > single); /* ids are not given twice */
	pass(w, 598999);
	assert_int_equal(w->told_n, 3);
	pass(w, 1); /* the second before the restart counts */
	assert_told(w, 3, waiting, T4_OUTCOME_VALIDITY_TIME_EXPIRED, -1);
}

/* After a boot with a wall clock that is far ahead every report looks too old. */
static void test_no_report_is_dropped_while_the_clock_may_be_wrong(void **state)
{
	struct world *w = *state;

	(void)submit(w, ALICE, 77, 3, 0);
	w->report_err = ERR_CLOSED;
	commit(w);
	pass(w, 1);
	w->now.real_ms += 8 * 86400000ull;
	w->old_ms = w->now.real_ms;
	w->drop_from_ms = w->old_ms + 600000;
	restart(w);
	pass(w, 599000);
	assert_int_equal(w->dropped, 0);
	pass(w, 40000);
	assert_int_equal(w->dropped, 1);
}

static void test_single_attempts_end_some_time_after_a_restart(void **state)
{
	struct world *w = *state;
	uint64_t id;

	assert_int_equal(dlv_register(w->d, &w->a, ALICE, w->now), 0);
	id = submit(w, ALICE, 1, 3, 0);
	dlv_committed(w->d, true, w->now);
	restart(w);
	pass(w, 4999);
	assert_int_equal(w->told_n, 0);
	pass(w, 1);
	assert_told(w, 0, id, T4_OUTCOME_ABSENT_SUBSCRIBER, T4_ABSENT_UE_DEREGISTERED);
}

static void test_a_link_that_takes_nothing_is_an_unanswered_attempt(void **state)
{
	struct world *w = *state;

	assert_int_equal(dlv_register(w->d, &w->a, ALICE, w->now), 0);
	w->send_err = ERR_LIMIT;
	submit(w, ALICE, 1, 3, 600);
	commit(w);
	assert_int_equal(w->sent_n, 0);
	w->send_err = 0;
	pass(w, 10000);
	pass(w, 1000);
	assert_int_equal(w->sent_n, 1);
	assert_int_equal(dlv_counts(w->d)->retries, 1);
}

/* A second table: a row for each state, the letters of those that may follow. */
static void test_only_what_the_rows_say_may_follow(void **state)
{
	static const char letters[] = "swdrcpag";
	static const char *const next_of[] = { "wagp", "drc", "dwc", "wag", "cp", "pg", "cr", "" };

	(void)state;
	for (unsigned from = 0; from < DLV_STATES; from++) {
		for (unsigned to = 0; to < DLV_STATES; to++) {
			assert_int_equal(machine_may(&dlv_machine, from, to), strchr(next_of[from], letters[to]) != NULL);
		}
	}
}

static void test_no_order_of_events_breaks_the_machine(void **state)
{
	struct world *w = *state;
	uint32_t x = 7;

	for (unsigned i = 0; i < 60000; i++) {
		static const char *const imsis[] = { ALICE, BOB, "001010000000003" };
		struct dlv_text t;
		struct dlv_msg *m = NULL;
		struct dlv_conn *conn;
		uint64_t id;
		unsigned pick;

		x = x * 1664525u + 1013904223u;
		pick = x >> 8 & 15;
		conn = x >> 12 & 1 ? &w->a : &w->b;
		t = text_for(imsis[(x >> 13) % 3], x >> 16 & 7, x >> 20 & 1023, x >> 19 & 1 ? 5 : 0);
		if (w->sent_n > 500 || w->told_n > 500) {
			memmove(w->sent, w->sent + w->sent_n - 8, 8 * sizeof *w->sent);
			memmove(w->told, w->told + w->told_n - 8, 8 * sizeof *w->told);
			w->sent_n = w->told_n = 8;
		}
		if (pick < 4) {
			assert_true(dlv_submit(w->d, &t, NULL, &id, w->now) <= 0); /* refused when there is no room */
		} else if (pick < 6) {
			if (dlv_find(w->d, &m, t.smea, t.smea_len, x >> 24 & 7, t.imsi) == 0) {
				if (x >> 28 & 1) {
					dlv_remove(w->d, m, w->now);
				} else {
					assert_true(dlv_submit(w->d, &t, m, &id, w->now) <= 0);
				}
			}
		} else if (pick < 8) {
			assert_int_equal(dlv_register(w->d, conn, t.imsi, w->now), 0);
		} else if (pick == 8) {
			dlv_unregister(w->d, conn, t.imsi, w->now);
		} else if (pick == 9 && (x >> 24 & 7) == 0) {
			dlv_conn_lost(w->d, conn, w->now);
		} else if (pick < 12 && w->sent_n) {
			const struct sent *s = &w->sent[w->sent_n - 1 - (w->sent_n > 4 ? x >> 24 & 3 : 0)];
			struct sms_rp rp = { .type = x >> 28 & 1 ? SMS_RP_ACK : SMS_RP_ERROR,
					     .reference = rp_of(s).reference,
					     .cause = x >> 29 & 1 ? 22 : 111 };

			dlv_ack(w->d, s->conn, s->id, &rp, w->now);
		} else if (pick == 12 && w->told_n) {
			dlv_reported(w->d, w->told[w->told_n - 1].id, x >> 24 & 1, w->now);
		} else if (pick < 15) {
			dlv_committed(w->d, x >> 24 & 7, w->now);
		} else {
			w->now.mono_ms += x >> 22;
			w->now.real_ms += x >> 22;
			dlv_tick(w->d, w->now);
		}
	}
	assert_true(dlv_counts(w->d)->delivered > 50);
	assert_true(dlv_counts(w->d)->removed > 50);
	assert_true(dlv_counts(w->d)->expired > 50);
	assert_true(traced > 0);
}

TEST_GROUP()
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_nothing_is_sent_before_it_is_on_disk),
		TEST(test_the_message_is_the_trigger),
		TEST(test_a_full_disk_refuses_and_keeps_nothing),
		TEST(test_an_outcome_that_is_not_stored_is_written_again),
		TEST(test_an_absent_mobile_is_waited_for),
		TEST(test_validity_ends),
		TEST(test_validity_that_ends_under_way_waits_for_the_answer),
		TEST(test_without_validity_there_is_one_attempt),
		TEST(test_single_attempts_behind_another_end_when_the_mobile_goes),
		TEST(test_a_full_mobile_is_tried_again_and_when_it_signals),
		TEST(test_rest_is_bounded),
		TEST(test_a_refusal_is_final),
		TEST(test_all_parts_have_to_be_acknowledged),
		TEST(test_a_lost_part_is_sent_again_alone_but_all_after_a_return),
		TEST(test_priority_first_then_in_order),
		TEST(test_nobody_acknowledges_for_another),
		TEST(test_the_last_registration_counts),
		TEST(test_recall),
		TEST(test_what_is_being_delivered_cannot_be_recalled),
		TEST(test_replace_is_all_or_nothing),
		TEST(test_bounds),
		TEST(test_reports_are_repeated_until_acknowledged),
		TEST(test_a_peer_that_connects_looks_at_its_own),
		TEST(test_reports_end_with_their_retention),
		TEST(test_a_restart_loses_nothing),
		TEST(test_no_report_is_dropped_while_the_clock_may_be_wrong),
		TEST(test_single_attempts_end_some_time_after_a_restart),
		TEST(test_a_link_that_takes_nothing_is_an_unanswered_attempt),
		TEST(test_only_what_the_rows_say_may_follow),
		TEST(test_no_order_of_events_breaks_the_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
