/* Messages of SMEs in the delivery machine and on its disk: their records, their parts, what is found by number, receipts that nobody
 * wants. */
#include "tests/unit/nodes/dlv_quiet.h"

#include "apps/t4_drr.h"
#include "nodes/smssc/dlv_afar.h"
#include "nodes/smssc/dlv_ue.h"

struct world {
	struct dlv *d;
	struct dlv_now now;
	struct dlv_conn conn;
	uint8_t rpdu[300][SMS_RPDU_MAX];
	size_t len[300];
	uint64_t ids[300];
	unsigned sent_n, told_n, dels;
	uint64_t told;
	int report_err;
};

static void del(void *arg, const struct dlv_msg *m)
{
	struct world *w = arg;

	(void)m;
	w->dels++;
}

static int send_rpdu(void *arg, struct dlv_conn *conn, const char *imsi, uint64_t id, const uint8_t *rpdu, size_t len)
{
	struct world *w = arg;

	(void)conn;
	(void)imsi;
	memcpy(w->rpdu[w->sent_n], rpdu, len);
	w->ids[w->sent_n] = id;
	w->len[w->sent_n++] = len;
	return 0;
}

static int report(void *arg, const struct dlv_msg *m, bool again)
{
	struct world *w = arg;

	(void)again;
	w->told_n++;
	w->told = m->id;
	return w->report_err;
}

static int setup(void **state)
{
	struct dlv_conf conf = dlv_quiet_conf();
	struct world *w = calloc(1, sizeof *w);
	struct dlv_ports ports = dlv_quiet_ports(w);

	conf.messages_max = 50;
	conf.ue_messages_max = 20;
	conf.sme_octets_max = 61440;
	conf.afar_wait_ms = 120000;
	ports.del = del;
	ports.send = send_rpdu;
	ports.report = report;
	assert_int_equal(dlv_new(&w->d, &conf, &ports), 0);
	w->now = dlv_quiet_now();
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

static uint8_t payload[2000];

static struct dlv_text text_for(const char *imsi, size_t payload_len, uint8_t dcs)
{
	return (struct dlv_text){ .imsi = imsi,
				  .smea = (const uint8_t *)"\x04\x81\x24\x24",
				  .smea_len = 4,
				  .payload = payload,
				  .payload_len = payload_len,
				  .iwf_host = "acme",
				  .iwf_realm = "",
				  .via = "",
				  .validity_s = 60,
				  .sme = { .system_id = "acme", .dcs = dcs, .told = (const uint8_t *)"told", .told_len = 4 } };
}

static uint64_t submit(struct world *w, const struct dlv_text *t)
{
	uint64_t id;

	assert_int_equal(dlv_submit(w->d, t, NULL, &id, w->now), 0);
	dlv_committed(w->d, true, w->now);
	return id;
}

static struct sms_deliver delivered(const struct world *w, unsigned i)
{
	struct sms_deliver d;
	struct sms_rp rp;

	assert_true(i < w->sent_n);
	assert_int_equal(sms_rp_parse(&rp, w->rpdu[i], w->len[i]), 0);
	assert_int_equal(sms_deliver_parse(&d, rp.user_data, rp.user_data_len), 0);
	return d;
}

static void acknowledge(struct world *w)
{
	struct sms_rp rp = { .type = SMS_RP_ACK, .reference = w->rpdu[w->sent_n - 1][1] };

	dlv_ack(w->d, &w->conn, w->ids[w->sent_n - 1], &rp, w->now);
	dlv_committed(w->d, true, w->now);
}

static void test_records(void **state)
{
	struct dlv_text t = text_for("+91729999999", 5, 8);
	uint8_t octets[DLV_RECORD_MAX];
	struct buf b = buf_over(octets, sizeof octets);
	struct dlv_msg *m, *got;
	size_t len;

	(void)state;
	t.sme.number = 77;
	t.sme.pid = 0x41;
	t.sme.header = (const uint8_t *)"\x00\x03\x01\x02\x01";
	t.sme.header_len = 5;
	assert_int_equal(dlv_msg_new(&m, &t), 0);
	m->id = 9;
	dlv_msg_encode(&b, m);
	assert_false(b.full);
	len = b.len;
	assert_int_equal(octets[0], 2); /* an older program knows 1 only, and refuses the store */
	assert_int_equal(dlv_msg_decode(&got, 9, octets, len), 0);
	assert_string_equal(got->text.sme.system_id, "acme");
	assert_string_equal(got->text.imsi, "+91729999999");
	assert_true(got->text.sme.number == 77 && got->text.sme.pid == 0x41 && got->text.sme.dcs == 8);
	assert_int_equal(got->text.sme.header_len, 5);
	assert_memory_equal(got->text.sme.header, t.sme.header, 5);
	assert_int_equal(got->text.sme.told_len, 4);
	assert_memory_equal(got->text.sme.told, "told", 4);
	dlv_msg_free(got);
	for (size_t n = 1; n < len; n++) {
		assert_int_equal(dlv_msg_decode(&got, 9, octets, n), ERR_PROTO);
	}
	octets[0] = 1; /* a trigger has no such rest, and no such name of a device */
	assert_int_equal(dlv_msg_decode(&got, 9, octets, len), ERR_PROTO);
	octets[0] = 6;
	assert_int_equal(dlv_msg_decode(&got, 9, octets, len), ERR_VERSION);
	m->text.sme.trigger = true;
	b.len = 0;
	dlv_msg_encode(&b, m);
	assert_int_equal(octets[0], 3); /* a program that cannot ask the gateway knows 2 at most, and refuses the store */
	assert_int_equal(b.len, len);
	assert_int_equal(dlv_msg_decode(&got, 9, octets, len), 0);
	assert_true(got->text.sme.trigger);
	dlv_msg_free(got);
	dlv_msg_free(m);
}

/* A trigger that is changed is in no store of a program that would forget it. */
static void test_records_of_changes(void **state)
{
	struct dlv_text t = text_for("+91720000001", 3, 4);
	uint8_t octets[DLV_RECORD_MAX];
	struct buf b = buf_over(octets, sizeof octets);
	struct dlv_msg *m, *got;
	size_t len;

	(void)state;
	t.sme.trigger = true;
	t.sme.change = (struct dlv_change){
		.kind = DLV_CHANGE_REPLACE, .old = 0x11223344, .end_to_end = 0x55667788, .asked_real_ms = 0x99aabbccddu
	};
	assert_int_equal(dlv_msg_new(&m, &t), 0);
	dlv_msg_encode(&b, m);
	len = b.len;
	assert_int_equal(octets[0], 5);
	assert_int_equal(dlv_msg_decode(&got, 9, octets, len), 0);
	assert_true(got->text.sme.trigger && got->text.sme.change.kind == DLV_CHANGE_REPLACE);
	assert_true(got->text.sme.change.old == 0x11223344 && got->text.sme.change.end_to_end == 0x55667788);
	assert_true(got->text.sme.change.asked_real_ms == 0x99aabbccddu);
	dlv_msg_free(got);
	for (size_t n = 1; n < len; n++) {
		assert_int_equal(dlv_msg_decode(&got, 9, octets, n), ERR_PROTO);
	}
	octets[len - 22] = DLV_CHANGES;
	assert_int_equal(dlv_msg_decode(&got, 9, octets, len), ERR_PROTO);
	octets[len - 22] = DLV_CHANGE_NONE;
	assert_int_equal(dlv_msg_decode(&got, 9, octets, len), ERR_PROTO);
	octets[len - 22] = DLV_CHANGE_PART; /* which of how many? */
	assert_int_equal(dlv_msg_decode(&got, 9, octets, len), ERR_PROTO);
	m->text.sme.change = (struct dlv_change){ .kind = DLV_CHANGE_PART, .part = { 0x1234, DLV_PART_SAR, 3, 2 } };
	b.len = 0;
	dlv_msg_encode(&b, m);
	assert_int_equal(dlv_msg_decode(&got, 9, octets, len), 0);
	assert_true(got->text.sme.change.part.reference == 0x1234 && got->text.sme.change.part.form == DLV_PART_SAR);
	assert_true(got->text.sme.change.part.parts == 3 && got->text.sme.change.part.part == 2);
	dlv_msg_free(got);
	octets[len - 1] = 4;
	assert_int_equal(dlv_msg_decode(&got, 9, octets, len), ERR_PROTO);
	m->has_outcome = true; /* what was asked about it is over */
	b.len = 0;
	dlv_msg_encode(&b, m);
	assert_int_equal(octets[0], 3);
	dlv_msg_free(m);
}

static void test_what_the_device_gets(void **state)
{
	struct world *w = *state;
	struct dlv_text t = text_for("001010000000001", 4, 4);
	struct sms_deliver d;

	assert_int_equal(dlv_register(w->d, &w->conn, "001010000000001", w->now), 0);
	t.sme.pid = 0x41;
	t.sme.header = (const uint8_t *)"\x00\x03\x2a\x02\x01";
	t.sme.header_len = 5;
	submit(w, &t);
	d = delivered(w, 0);
	assert_true(d.pid == 0x41 && d.dcs == 4 && d.eight_bit && !d.has_port);
	assert_true(d.has_part && d.part_reference == 42 && d.parts == 2 && d.part == 1);
	assert_int_equal(d.payload_len, 4);
}

/* UCS2 is cut between characters: 132 octets a part, not 133. */
static void test_long_ones(void **state)
{
	struct world *w = *state;
	size_t got = 0;
	unsigned parts;

	assert_int_equal(dlv_register(w->d, &w->conn, "001010000000001", w->now), 0);
	for (unsigned dcs = 4; dcs <= 8; dcs += 4) {
		struct dlv_text t = text_for("001010000000001", 400, (uint8_t)dcs);
		unsigned first = w->sent_n;

		got = 0;
		submit(w, &t);
		parts = delivered(w, first).parts;
		assert_int_equal(parts, 4);
		for (unsigned i = 0; i < parts; i++) {
			struct sms_deliver d = delivered(w, first + i);

			assert_int_equal(d.part, i + 1);
			assert_true(i + 1 == parts || d.payload_len == (dcs == 8 ? 132 : 133));
			assert_true(dcs == 4 || d.ucs2);
			got += d.payload_len;
			acknowledge(w);
		}
		assert_int_equal(got, 400);
	}
}

static void test_a_header_has_to_fit(void **state)
{
	struct world *w = *state;
	struct dlv_text t = text_for("001010000000001", 135, 4);
	uint64_t id;

	t.sme.header = (const uint8_t *)"\x00\x03\x2a\x02\x01";
	t.sme.header_len = 5;
	assert_int_equal(dlv_submit(w->d, &t, NULL, &id, w->now), ERR_LIMIT);
	t.payload_len = 134;
	assert_int_equal(dlv_submit(w->d, &t, NULL, &id, w->now), 0);
}

static void test_numbers(void **state)
{
	struct world *w = *state;
	struct dlv_text t = text_for("001010000000001", 1, 4), trigger = text_for("001010000000001", 1, 4);
	uint64_t first = submit(w, &t), id;
	struct dlv_msg *m = dlv_next_of_number(w->d, NULL, first);

	assert_true(m && m->id == first && dlv_may_remove(m));
	t.sme.number = first;
	submit(w, &t);
	m = dlv_next_of_number(w->d, NULL, first);
	assert_non_null(m);
	m = dlv_next_of_number(w->d, m, first);
	assert_non_null(m);
	assert_null(dlv_next_of_number(w->d, m, first));
	trigger.sme = (struct dlv_sme){ 0 };
	id = submit(w, &trigger);
	assert_null(dlv_next_of_number(w->d, NULL, id));           /* a trigger has no number that an SME could name */
	assert_int_equal(dlv_submit(w->d, &t, m, &id, w->now), 0); /* replaced: one of the two has another id */
	dlv_committed(w->d, true, w->now);
	m = dlv_next_of_number(w->d, NULL, first);
	assert_non_null(dlv_next_of_number(w->d, m, first));
	while ((m = dlv_next_of_number(w->d, NULL, first))) {
		dlv_remove(w->d, m, w->now);
		dlv_committed(w->d, true, w->now);
	}
	assert_int_equal(w->dels, 3);
}

static void test_a_receipt_that_nobody_wants(void **state)
{
	struct world *w = *state;
	struct dlv_text t = text_for("001010000000001", 1, 4);

	assert_int_equal(dlv_register(w->d, &w->conn, "001010000000001", w->now), 0);
	w->report_err = ERR_REFUSED;
	submit(w, &t);
	acknowledge(w);
	assert_int_equal(w->told_n, 1);
	dlv_tick(w->d, w->now);
	dlv_committed(w->d, true, w->now);
	assert_int_equal(w->dels, 1);
	assert_int_equal(dlv_gauge(w->d).reporting, 0);
}

/* Receipts that find no room leave one after the other as room comes, in their order, and not by their timers. */
static void test_receipts_wait_in_line(void **state)
{
	struct world *w = *state;
	struct dlv_text t = text_for("001010000000001", 1, 4), of_beta = text_for("001010000000001", 1, 4);
	uint64_t id[3];

	of_beta.iwf_host = of_beta.sme.system_id = "beta";
	assert_int_equal(dlv_register(w->d, &w->conn, "001010000000001", w->now), 0);
	w->report_err = ERR_BUSY;
	for (unsigned i = 0; i < 3; i++) {
		id[i] = submit(w, &t);
		acknowledge(w);
	}
	submit(w, &of_beta);
	acknowledge(w);
	assert_int_equal(w->told_n, 4);
	w->now.mono_ms += 5000;
	dlv_tick(w->d, w->now);
	assert_int_equal(w->told_n, 4); /* nobody polls */
	w->report_err = 0;
	(void)dlv_peer_room(w->d, "gamma", w->now);
	assert_int_equal(w->told_n, 4);
	(void)dlv_peer_room(w->d, "acme", w->now);
	assert_true(w->told_n == 5 && w->told == id[0]);
	dlv_reported(w->d, id[0], true, w->now);
	(void)dlv_peer_room(w->d, "acme", w->now);
	assert_true(w->told_n == 6 && w->told == id[1]);
	dlv_reported(w->d, id[1], false, w->now); /* refused: it waits by itself */
	w->report_err = ERR_BUSY;
	(void)dlv_peer_room(w->d, "acme", w->now);
	assert_true(w->told_n == 7 && w->told == id[2]);
	w->report_err = 0;
	w->now.mono_ms += 31000; /* if nobody tells of room, the timer does: all three that are left, of two SMEs */
	dlv_tick(w->d, w->now);
	assert_int_equal(w->told_n, 10);
	dlv_reported(w->d, id[2], true, w->now);
	(void)dlv_peer_room(w->d, "acme", w->now);
	(void)dlv_peer_room(w->d, "beta", w->now);
	assert_int_equal(w->told_n, 10); /* nobody is in line */
}

/* So do those whose SME is away, and those that were on a connection that ended. */
static void test_receipts_wait_for_a_connection(void **state)
{
	struct world *w = *state;
	struct dlv_text t = text_for("001010000000001", 1, 4);
	uint64_t id[2];

	assert_int_equal(dlv_register(w->d, &w->conn, "001010000000001", w->now), 0);
	w->report_err = ERR_CLOSED;
	for (unsigned i = 0; i < 2; i++) {
		id[i] = submit(w, &t);
		acknowledge(w);
	}
	assert_int_equal(w->told_n, 2);
	w->report_err = 0;
	assert_true(dlv_peer_room(w->d, "acme", w->now));
	assert_true(w->told_n == 3 && w->told == id[0]);
	dlv_unreported(w->d, id[0], w->now);
	assert_true(dlv_peer_room(w->d, "acme", w->now) && w->told == id[1]);
	assert_true(dlv_peer_room(w->d, "acme", w->now) && w->told == id[0]);
	assert_false(dlv_peer_room(w->d, "acme", w->now));
	dlv_unreported(w->d, id[1], w->now);
	w->now.mono_ms += 2000; /* its timer comes first: it is told once */
	dlv_tick(w->d, w->now);
	assert_true(w->told_n == 6 && w->told == id[1]);
	assert_false(dlv_peer_room(w->d, "acme", w->now));
	dlv_unreported(w->d, 4711, w->now);
}

static void test_a_device_that_is_nobody(void **state)
{
	struct world *w = *state;
	struct dlv_text t = text_for("+91729999999", 1, 4);

	submit(w, &t);
	assert_int_equal(w->sent_n, 0);
	w->now.mono_ms += 61000;
	w->now.real_ms += 61000;
	dlv_tick(w->d, w->now);
	dlv_committed(w->d, true, w->now);
	assert_int_equal(w->told_n, 1); /* expired */
}

/* Neither can an SME keep triggers out, nor does a full queue tell it that a device has triggers. */
static void test_triggers_and_messages_have_a_bound_each(void **state)
{
	struct world *w = *state;
	struct dlv_text of_sme = text_for("001010000000001", 1, 4), trigger = text_for("001010000000001", 1, 4);
	char nobody[SMS_IMSI_MAX + 1];
	uint64_t id;

	trigger.sme = (struct dlv_sme){ 0 };
	submit(w, &trigger);
	for (unsigned i = 0; i < 20; i++) {
		submit(w, &of_sme);
	}
	assert_int_equal(dlv_submit(w->d, &of_sme, NULL, &id, w->now), ERR_BUSY);
	for (unsigned i = 1; i < 20; i++) {
		submit(w, &trigger);
	}
	assert_int_equal(dlv_submit(w->d, &trigger, NULL, &id, w->now), ERR_BUSY);
	for (unsigned i = 0; i < 30; i++) {
		snprintf(nobody, sizeof nobody, "+9172999%04u", i);
		of_sme.imsi = nobody;
		submit(w, &of_sme);
	}
	assert_int_equal(dlv_submit(w->d, &of_sme, NULL, &id, w->now), ERR_BUSY); /* 50 of SMEs in all */
	trigger.imsi = "001010000000002";
	for (unsigned i = 0; i < 20; i++) {
		submit(w, &trigger);
	}
	trigger.imsi = "001010000000003";
	for (unsigned i = 0; i < 10; i++) {
		submit(w, &trigger);
	}
	assert_int_equal(dlv_submit(w->d, &trigger, NULL, &id, w->now), ERR_BUSY); /* 50 triggers */
}

static void test_smes_have_a_part_of_the_store(void **state)
{
	static char imsis[20][16];
	struct world *w = *state;
	struct dlv_text t = text_for("001010000000001", 1500, 4);
	struct dlv_msg *m;
	uint64_t id, first = 0;
	unsigned n = 0;
	int err;

	for (unsigned i = 0; i < 20; i++) {
		snprintf(imsis[i], sizeof imsis[i], "0010100000000%02u", i);
	}
	do { /* 60 KiB, 4 each */
		t.imsi = imsis[n];
		err = dlv_submit(w->d, &t, NULL, &id, w->now);
		first = first ? first : id;
	} while (!err && ++n < 20);
	dlv_committed(w->d, true, w->now);
	assert_int_equal(err, ERR_BUSY);
	assert_int_equal(n, 15);
	t = text_for("001010000000001", 100, 0);
	t.sme = (struct dlv_sme){ 0 }; /* a trigger */
	assert_int_equal(dlv_submit(w->d, &t, NULL, &id, w->now), 0);
	dlv_committed(w->d, true, w->now);
	m = dlv_next_of_number(w->d, NULL, first);
	assert_non_null(m);
	dlv_remove(w->d, m, w->now);
	dlv_committed(w->d, true, w->now);
	t = text_for("001010000000099", 1500, 4);
	assert_int_equal(dlv_submit(w->d, &t, NULL, &id, w->now), 0); /* its room is free */
	dlv_committed(w->d, true, w->now);
	assert_int_equal(dlv_submit(w->d, &t, NULL, &id, w->now), ERR_BUSY);
}

/* Queues under names that no device has do not count as mobiles. */
static void test_nobody_takes_no_place_of_a_mobile(void **state)
{
	struct world *w = *state;
	struct dlv_text t = text_for("+91729999999", 1, 4);
	char name[SMS_IMSI_MAX + 1];

	submit(w, &t);
	for (unsigned i = 0; i < 10; i++) {
		snprintf(name, sizeof name, "00101000000%04u", i);
		assert_int_equal(dlv_register(w->d, &w->conn, name, w->now), 0);
	}
	t.sme = (struct dlv_sme){ 0 };
	for (unsigned i = 10; i < 50; i++) {
		snprintf(name, sizeof name, "00101000000%04u", i);
		t.imsi = name;
		submit(w, &t);
	}
	assert_int_equal(dlv_gauge(w->d).ues, 51);
}

/* Messages of an SME wait for triggers, also those with priority, also those that came before. */
static void test_triggers_go_first(void **state)
{
	struct world *w = *state;
	struct dlv_text t = text_for("001010000000001", 1, 4), trigger = text_for("001010000000001", 1, 4);
	uint64_t urgent[2], plain[2], triggers[3];

	trigger.sme = (struct dlv_sme){ 0 };
	for (unsigned i = 0; i < 2; i++) {
		t.priority = false;
		plain[i] = submit(w, &t);
		t.priority = true;
		urgent[i] = submit(w, &t);
		trigger.priority = false;
		triggers[1 + i] = submit(w, &trigger);
	}
	trigger.priority = true;
	triggers[0] = submit(w, &trigger);
	dlv_remove(w->d, dlv_next_of_number(w->d, NULL, urgent[1]), w->now); /* the last of its rank */
	dlv_committed(w->d, true, w->now);
	t.priority = true;
	urgent[1] = submit(w, &t);
	assert_int_equal(dlv_register(w->d, &w->conn, "001010000000001", w->now), 0);
	for (unsigned i = 0; i < 7; i++) {
		acknowledge(w);
	}
	assert_int_equal(w->sent_n, 7);
	for (unsigned i = 0; i < 3; i++) {
		assert_true(w->ids[i] == triggers[i]);
	}
	for (unsigned i = 0; i < 2; i++) {
		assert_true(w->ids[3 + i] == urgent[i] && w->ids[5 + i] == plain[i]);
	}
}

/* Neither do messages to mobiles that are away; and no answer tells who is one. */
static void test_messages_take_no_place_of_a_mobile(void **state)
{
	struct world *w = *state;
	struct dlv_text t = text_for("001010000000001", 1, 4), trigger;
	struct dlv_conn other = { 0 };
	char name[SMS_IMSI_MAX + 1];
	uint64_t id;

	t.imsi = name;
	trigger = t;
	trigger.sme = (struct dlv_sme){ 0 };
	for (unsigned i = 0; i < 49; i++) {
		snprintf(name, sizeof name, "00101000002%04u", i);
		submit(w, &t);
	}
	for (unsigned i = 0; i < 10; i++) {
		snprintf(name, sizeof name, "00101000000%04u", i);
		assert_int_equal(dlv_register(w->d, &w->conn, name, w->now), 0);
	}
	for (unsigned i = 10; i < 50; i++) {
		snprintf(name, sizeof name, "00101000000%04u", i);
		submit(w, &trigger);
	}
	snprintf(name, sizeof name, "001010000001000"); /* now 50 are registered or have a trigger */
	assert_int_equal(dlv_register(w->d, &other, name, w->now), ERR_BUSY);
	trigger.validity_s++;
	assert_int_equal(dlv_submit(w->d, &trigger, NULL, &id, w->now), ERR_BUSY);
	submit(w, &t); /* a message is taken as to a number that nobody has */
	snprintf(name, sizeof name, "001010000000003");
	dlv_unregister(w->d, &w->conn, name, w->now); /* its place is free: its message was delivered, or waits */
	snprintf(name, sizeof name, "001010000001000");
	assert_int_equal(dlv_register(w->d, &other, name, w->now), 0);
	assert_int_equal(dlv_register(w->d, &other, "001010000001001", w->now), ERR_BUSY);
	dlv_conn_lost(w->d, &other, w->now);
}

/* -- triggers of SMEs, which go to the gateway */

enum { REFERENCE = 4711 };

static struct dlv_text trigger_text(void)
{
	struct dlv_text t = text_for("+91720000001", 3, 4);

	t.has_reference = true;
	t.reference = REFERENCE;
	t.sme.trigger = true;
	return t;
}

static uint64_t at_gateway(struct world *w)
{
	struct dlv_text t = trigger_text();
	uint64_t id = submit(w, &t);

	assert_non_null(dlv_afar(w->d, id));
	return id;
}

static int told(struct world *w, const char *who)
{
	return dlv_afar_told(w->d, who, REFERENCE, T4_OUTCOME_SUCCESSFUL_TRANSFER, false, w->now);
}

static void change(struct world *w, uint64_t id, enum dlv_change_kind kind)
{
	const struct dlv_change c = { .kind = (uint8_t)kind, .old = 1 };

	dlv_afar_change(w->d, dlv_afar(w->d, id), &c);
}

static void test_a_trigger_waits_for_the_report_of_the_gateway(void **state)
{
	struct world *w = *state;
	uint64_t id;

	assert_int_equal(dlv_register(w->d, &w->conn, "001010000000001", w->now), 0);
	id = at_gateway(w);
	assert_int_equal(dlv_gauge(w->d).afar, 1);
	assert_false(dlv_may_remove(dlv_afar(w->d, id)));
	assert_int_equal(told(w, "acme"), ERR_BUSY); /* before the answer, which comes first to the SME */
	change(w, id, DLV_CHANGE_NONE);
	assert_int_equal(told(w, "beta"), ERR_NOTFOUND);
	assert_int_equal(told(w, "acme"), 0);
	assert_int_equal(told(w, "acme"), ERR_BUSY); /* again, before it is on disk */
	dlv_committed(w->d, false, w->now);
	assert_int_equal(told(w, "acme"), ERR_BUSY);
	w->now.mono_ms += 1000; /* it is written again */
	dlv_tick(w->d, w->now);
	assert_int_equal(w->told_n, 0);
	dlv_committed(w->d, true, w->now);
	assert_int_equal(w->told_n, 1);
	assert_int_equal(told(w, "acme"), ERR_NOTFOUND); /* it is safe: whoever repeats it may stop */
	assert_int_equal(dlv_counts(w->d)->delivered, 1);
	dlv_reported(w->d, id, true, w->now);
	assert_int_equal(w->dels, 1);
	assert_int_equal(w->sent_n, 0); /* no mobile saw it: it comes back over T4 */
}

static void test_a_refused_trigger_leaves_nothing(void **state)
{
	struct world *w = *state;
	uint64_t id = at_gateway(w);

	dlv_afar_over(w->d, id, w->now);
	assert_int_equal(told(w, "acme"), ERR_NOTFOUND);
	dlv_committed(w->d, false, w->now); /* it could not be erased */
	assert_int_equal(told(w, "acme"), ERR_NOTFOUND);
	w->now.mono_ms += 1000;
	dlv_tick(w->d, w->now);
	dlv_committed(w->d, true, w->now);
	assert_null(dlv_next_of_number(w->d, NULL, id));
	assert_int_equal(w->told_n, 0);
	assert_int_equal(dlv_gauge(w->d).afar, 0);
}

static void test_a_trigger_that_no_disk_takes_is_not_asked_for(void **state)
{
	struct world *w = *state;
	struct dlv_text t = trigger_text();
	uint64_t id;

	assert_int_equal(dlv_submit(w->d, &t, NULL, &id, w->now), 0);
	dlv_committed(w->d, false, w->now);
	assert_null(dlv_afar(w->d, id));
}

static void test_a_trigger_that_nobody_reports_has_an_unknown_end(void **state)
{
	struct world *w = *state;
	uint64_t id = at_gateway(w);
	const struct dlv_msg *m = dlv_afar(w->d, id);

	w->now.mono_ms += 60000 + 119999;
	w->now.real_ms += 60000 + 119999;
	dlv_tick(w->d, w->now);
	assert_false(m->has_outcome);
	w->now.mono_ms++;
	dlv_tick(w->d, w->now);
	assert_true(m->has_outcome);
	assert_int_equal(m->outcome, DLV_OUTCOME_UNKNOWN);
	dlv_committed(w->d, true, w->now);
	assert_int_equal(w->told_n, 1);
	assert_int_equal(dlv_counts(w->d)->unknown, 1);
}

static void test_a_trigger_is_at_the_gateway_after_a_restart(void **state)
{
	struct world *w = *state;
	struct dlv_text t = trigger_text();
	struct dlv_msg *m;

	assert_int_equal(dlv_msg_new(&m, &t), 0);
	m->id = 7;
	m->give_up_real_ms = w->now.real_ms + 1000;
	assert_int_equal(dlv_load(w->d, m, w->now), 0);
	assert_ptr_equal(dlv_afar(w->d, 7), m);
	assert_int_equal(dlv_next_ms(w->d), w->now.mono_ms + 1000 + 120000);
	assert_int_equal(told(w, "acme"), 0);
	dlv_committed(w->d, true, w->now);
	assert_int_equal(w->told_n, 1);
}

/* Who was refused gets no receipt of it, whatever the gateway says; at its end it is erased. */
static void test_a_trigger_that_is_recalled_is_nobodys(void **state)
{
	struct world *w = *state;
	uint64_t id = at_gateway(w);

	change(w, id, DLV_CHANGE_RECALL);
	assert_false(dlv_afar_is_known(dlv_afar(w->d, id)));
	assert_int_equal(told(w, "acme"), ERR_NOTFOUND);
	assert_non_null(dlv_afar(w->d, id)); /* the answer to the recall ends it */
	w->now.mono_ms += 60000 + 120000;
	w->now.real_ms += 60000 + 120000;
	dlv_tick(w->d, w->now);
	dlv_committed(w->d, true, w->now);
	assert_null(dlv_afar(w->d, id));
	assert_int_equal(w->dels, 1);
	assert_int_equal(w->told_n, 0);
}

/* Its report would come before anybody knows whether it is live: it has to come again. */
static void test_a_replacement_has_no_report_before_it_is_live(void **state)
{
	struct world *w = *state;
	uint64_t id = at_gateway(w);

	for (unsigned kind = DLV_CHANGE_REPLACE; kind <= DLV_CHANGE_FIND; kind++) {
		change(w, id, kind);
		assert_false(dlv_afar_is_known(dlv_afar(w->d, id)));
		assert_int_equal(told(w, "acme"), ERR_BUSY);
	}
	assert_ptr_equal(dlv_afar_of(w->d, REFERENCE), dlv_afar(w->d, id));
	assert_null(dlv_afar_of(w->d, REFERENCE + 1));
	change(w, id, DLV_CHANGE_CANCEL);
	assert_true(dlv_afar_is_known(dlv_afar(w->d, id)));
	change(w, id, DLV_CHANGE_NONE);
	assert_int_equal(told(w, "acme"), 0);
	dlv_committed(w->d, true, w->now);
	assert_int_equal(w->told_n, 1);
	assert_null(dlv_afar_of(w->d, REFERENCE));
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_records_of_changes),
		cmocka_unit_test_setup_teardown(test_a_trigger_that_is_recalled_is_nobodys, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_replacement_has_no_report_before_it_is_live, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_the_device_gets, setup, teardown),
		cmocka_unit_test_setup_teardown(test_long_ones, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_header_has_to_fit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_numbers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_trigger_waits_for_the_report_of_the_gateway, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_refused_trigger_leaves_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_trigger_that_no_disk_takes_is_not_asked_for, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_trigger_that_nobody_reports_has_an_unknown_end, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_trigger_is_at_the_gateway_after_a_restart, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_receipt_that_nobody_wants, setup, teardown),
		cmocka_unit_test_setup_teardown(test_receipts_wait_in_line, setup, teardown),
		cmocka_unit_test_setup_teardown(test_receipts_wait_for_a_connection, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_device_that_is_nobody, setup, teardown),
		cmocka_unit_test_setup_teardown(test_messages_take_no_place_of_a_mobile, setup, teardown),
		cmocka_unit_test_setup_teardown(test_triggers_go_first, setup, teardown),
		cmocka_unit_test_setup_teardown(test_triggers_and_messages_have_a_bound_each, setup, teardown),
		cmocka_unit_test_setup_teardown(test_smes_have_a_part_of_the_store, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nobody_takes_no_place_of_a_mobile, setup, teardown),
	};

	return cmocka_run_group_tests_name("smssc sme dlv", tests, NULL, NULL);
}
