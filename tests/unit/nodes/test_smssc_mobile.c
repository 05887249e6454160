/* test_smssc_mobile.c - messages of mobiles in the delivery machine and on its disk: to an SME, and the status reports about them; what an SME gets. */
#include "tests/unit/nodes/dlv_quiet.h"

#include "apps/t4_drr.h"
#include "nodes/sms/sms_status.h"
#include "nodes/smssc/dlv_ue.h"
#include "nodes/smssc/sme_mobile.h"

#define ALICE "001010000000001"
#define BOB "001010000000002"

struct world {
	struct dlv *d;
	struct dlv_now now;
	struct dlv_conn conn;
	uint8_t rpdu[SMS_RPDU_MAX], disk[DLV_RECORD_MAX];
	size_t len, disk_len;
	uint64_t sent, told, deleted;
	unsigned sent_n, told_n, puts, dels;
	int report_err;
	bool receipts; /* the SME gets receipts */
};

static void put(void *arg, const struct dlv_msg *m)
{
	struct world *w = arg;
	struct buf b = buf_over(w->disk, sizeof w->disk);

	dlv_msg_encode(&b, m);
	assert_false(b.full);
	w->disk_len = b.len;
	w->puts++;
}

static void del(void *arg, const struct dlv_msg *m)
{
	struct world *w = arg;

	w->deleted = m->id;
	w->dels++;
}

static int send_rpdu(void *arg, struct dlv_conn *conn, const char *imsi, uint64_t id, const uint8_t *rpdu, size_t len)
{
	struct world *w = arg;

	(void)conn;
	(void)imsi;
	memcpy(w->rpdu, rpdu, len);
	w->len = len;
	w->sent = id;
	w->sent_n++;
	return 0;
}

/* As the SMS-SC has it: nobody gets a receipt for a message of a mobile. */
static int report(void *arg, const struct dlv_msg *m, bool again)
{
	struct world *w = arg;

	(void)again;
	if (!dlv_to_sme(m) && !w->receipts) {
		assert_true(m->text.sme.kind != DLV_KIND_STATUS || m->text.sme.told); /* whoever reports looks into it */
		return ERR_REFUSED;
	}
	w->told = m->id;
	w->told_n += !w->report_err;
	return w->report_err;
}

static void make(struct world *w)
{
	struct dlv_conf conf = dlv_quiet_conf();
	struct dlv_ports ports = dlv_quiet_ports(w);

	conf.messages_max = 50;
	conf.ue_messages_max = 3;
	ports.put = put;
	ports.del = del;
	ports.send = send_rpdu;
	ports.report = report;
	assert_int_equal(dlv_new(&w->d, &conf, &ports), 0);
	w->conn = (struct dlv_conn){ 0 };
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);

	make(w);
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

static struct dlv_text text_of_mobile(enum dlv_kind kind, const char *sender)
{
	bool to_sme = kind == DLV_KIND_TO_SME;

	return (struct dlv_text){ .imsi = to_sme ? "+" : BOB,
				  .smea = (const uint8_t *)"\x0c\x91\x94\x71\x02\x00\x00\x10",
				  .smea_len = 8,
				  .payload = (const uint8_t *)"hello",
				  .payload_len = 5,
				  .iwf_host = to_sme ? "acme" : "",
				  .iwf_realm = "",
				  .via = "",
				  .validity_s = 60,
				  .sme = { .system_id = to_sme ? "acme" : "",
					   .kind = kind,
					   .sender = sender,
					   .reference = 77,
					   .recipient = (const uint8_t *)"\x04\x81\x24\x24",
					   .recipient_len = 4 } };
}

static uint64_t submit(struct world *w, const struct dlv_text *t)
{
	uint64_t id;

	assert_int_equal(dlv_submit(w->d, t, NULL, &id, w->now), 0);
	dlv_committed(w->d, true, w->now);
	return id;
}

static void pass(struct world *w, uint64_t ms)
{
	w->now.mono_ms += ms;
	w->now.real_ms += ms;
	dlv_tick(w->d, w->now);
	dlv_committed(w->d, true, w->now);
}

/* The last RPDU is the status report of message 77, and is acknowledged. */
static void assert_status(struct world *w, uint8_t status, int64_t done_s)
{
	struct sms_status s;
	struct sms_rp rp;

	assert_int_equal(sms_rp_parse(&rp, w->rpdu, w->len), 0);
	assert_int_equal(sms_status_parse(&s, rp.user_data, rp.user_data_len), 0);
	assert_true(s.reference == 77 && s.status == status && s.sent_s == 1705321800 && s.done_s == done_s && !s.more);
	assert_int_equal(s.recipient_len, 4);
	assert_memory_equal(s.recipient, "\x04\x81\x24\x24", 4);
	dlv_ack(w->d, &w->conn, w->sent, &(struct sms_rp){ .type = SMS_RP_ACK, .reference = rp.reference }, w->now);
	dlv_committed(w->d, true, w->now);
	pass(w, 0);
	assert_int_equal(dlv_gauge(w->d).waiting + dlv_gauge(w->d).reporting + dlv_gauge(w->d).other, 0);
}

static void test_records(void **state)
{
	struct dlv_text t = text_of_mobile(DLV_KIND_TO_SME, ALICE);
	uint8_t octets[DLV_RECORD_MAX];
	struct buf b = buf_over(octets, sizeof octets);
	struct dlv_msg *m, *got;

	(void)state;
	assert_int_equal(dlv_msg_new(&m, &t), 0);
	dlv_msg_encode(&b, m);
	assert_int_equal(octets[0], 4); /* a program that knows 3 at most refuses the store */
	assert_int_equal(dlv_msg_decode(&got, 9, octets, b.len), 0);
	assert_true(dlv_to_sme(got) && got->text.sme.reference == 77 && got->text.sme.recipient_len == 4);
	assert_string_equal(got->text.sme.sender, ALICE);
	assert_memory_equal(got->text.sme.recipient, t.sme.recipient, 4);
	assert_memory_equal(got->text.payload, "hello", 5);
	dlv_msg_free(got);
	for (size_t n = 1; n < b.len; n++) {
		assert_int_equal(dlv_msg_decode(&got, 9, octets, n), ERR_PROTO);
	}
	m->text.sme.kind = DLV_KINDS;
	b.len = 0;
	dlv_msg_encode(&b, m);
	assert_int_equal(dlv_msg_decode(&got, 9, octets, b.len), ERR_PROTO);
	/* text of seven bits alone needs it: others would send the characters as octets */
	m->text.sme.kind = DLV_KIND_TO_MOBILE;
	m->text.sme.sender = NULL;
	b.len = 0;
	dlv_msg_encode(&b, m);
	assert_int_equal(octets[0], 4);
	m->text.sme.dcs = SMS_DCS_8BIT;
	b.len = 0;
	dlv_msg_encode(&b, m);
	assert_int_equal(octets[0], 2);
	dlv_msg_free(m);
}

static void test_an_sme_gets_it_once_it_takes_it(void **state)
{
	struct world *w = *state;
	struct dlv_text t = text_of_mobile(DLV_KIND_TO_SME, NULL);
	uint64_t id;

	w->report_err = ERR_CLOSED;
	id = submit(w, &t);
	assert_int_equal(dlv_gauge(w->d).reporting, 1);
	assert_true(dlv_is_to_sme(w->d, id));
	w->report_err = 0;
	assert_true(dlv_peer_room(w->d, "acme", w->now));
	assert_int_equal(w->told_n, 1);
	dlv_reported(w->d, id, false, w->now); /* not now */
	pass(w, 1000);
	assert_int_equal(w->told_n, 2);
	dlv_reported(w->d, id, true, w->now);
	dlv_committed(w->d, true, w->now);
	assert_true(w->dels == 1 && w->deleted == id && dlv_counts(w->d)->delivered == 1);
	assert_false(dlv_is_to_sme(w->d, id));
	dlv_refused(w->d, id, w->now); /* late */
	assert_int_equal(w->puts, 1);  /* nobody wants a status report */
}

static void test_not_on_disk_is_not_given(void **state)
{
	struct world *w = *state;
	struct dlv_text t = text_of_mobile(DLV_KIND_TO_SME, ALICE);
	uint64_t id;

	assert_int_equal(dlv_submit(w->d, &t, NULL, &id, w->now), 0);
	dlv_committed(w->d, false, w->now);
	assert_int_equal(w->told_n, 0);
	assert_false(dlv_is_to_sme(w->d, id));
}

static void test_an_sme_has_a_bound(void **state)
{
	struct world *w = *state;
	struct dlv_text t = text_of_mobile(DLV_KIND_TO_SME, NULL), other = t;
	uint64_t id;

	w->report_err = ERR_CLOSED;
	for (unsigned i = 0; i < 3; i++) {
		submit(w, &t);
	}
	assert_int_equal(dlv_submit(w->d, &t, NULL, &id, w->now), ERR_BUSY);
	other.iwf_host = other.sme.system_id = "beta";
	submit(w, &other);
}

/* Only what mobiles send counts, and until the SME has it: on its way to the disk, to the SME, and until the next try. */
static void test_the_bound_counts_what_mobiles_sent_wherever_it_is(void **state)
{
	struct world *w = *state;
	struct dlv_text t = text_of_mobile(DLV_KIND_TO_SME, NULL);
	uint64_t id[4];

	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(dlv_submit(w->d, &t, NULL, &id[i], w->now), 0);
	}
	assert_int_equal(dlv_submit(w->d, &t, NULL, &id[3], w->now), ERR_BUSY);
	dlv_committed(w->d, true, w->now);
	assert_int_equal(w->told_n, 3);
	assert_int_equal(dlv_submit(w->d, &t, NULL, &id[3], w->now), ERR_BUSY);
	for (unsigned i = 0; i < 3; i++) {
		dlv_reported(w->d, id[i], false, w->now);
	}
	assert_int_equal(dlv_submit(w->d, &t, NULL, &id[3], w->now), ERR_BUSY);
	pass(w, 1000);
	dlv_reported(w->d, id[0], true, w->now);
	submit(w, &t);
	assert_int_equal(dlv_submit(w->d, &t, NULL, &id[3], w->now), ERR_BUSY);
}

static void test_receipts_of_an_sme_keep_no_mobile_out(void **state)
{
	struct world *w = *state;
	struct dlv_text own = text_of_mobile(DLV_KIND_TO_MOBILE, NULL), t = text_of_mobile(DLV_KIND_TO_SME, NULL);

	own.iwf_host = own.sme.system_id = "acme";
	own.validity_s = 1;
	w->report_err = ERR_CLOSED;
	w->receipts = true;
	for (unsigned i = 0; i < 3; i++) {
		submit(w, &own);
	}
	pass(w, 1001);
	assert_int_equal(dlv_gauge(w->d).reporting, 3);
	submit(w, &t);
}

static void test_status_of_what_an_sme_took_refused_or_missed(void **state)
{
	static const uint8_t statuses[] = { SMS_STATUS_RECEIVED, SMS_STATUS_REJECTED, SMS_STATUS_EXPIRED };
	struct world *w = *state;
	struct dlv_text t = text_of_mobile(DLV_KIND_TO_SME, ALICE);

	for (unsigned i = 0; i < 3; i++) {
		uint64_t id;

		w->now = (struct dlv_now){ 5000 + i * 1000000, 1705321800000, 0 };
		w->report_err = i == 2 ? ERR_CLOSED : 0;
		id = submit(w, &t);
		if (i == 0) {
			dlv_reported(w->d, id, true, w->now);
		} else if (i == 1) {
			dlv_refused(w->d, id, w->now);
		} else {
			pass(w, 29999);
			assert_int_equal(dlv_counts(w->d)->expired, 0);
			pass(w, 30001); /* its validity, to the point */
			assert_int_equal(dlv_counts(w->d)->expired, 1);
		}
		dlv_committed(w->d, true, w->now);
		assert_int_equal(w->dels, 2 * i + 1); /* the message; the status report comes with the same commit */
		assert_int_equal(dlv_gauge(w->d).waiting, 1);
		assert_int_equal(dlv_register(w->d, &w->conn, ALICE, w->now), 0);
		assert_status(w, statuses[i], i == 2 ? 1705321860 : 1705321800);
		dlv_unregister(w->d, &w->conn, ALICE, w->now);
	}
	assert_int_equal(dlv_counts(w->d)->statuses, 3);
}

/* The last pause is cut to what is left, and at its end the message ends: neither earlier nor later, whenever the SME
 * refused it last. */
static void test_it_expires_to_the_millisecond(void **state)
{
	struct world *w = *state;
	struct dlv_text t = text_of_mobile(DLV_KIND_TO_SME, NULL);
	uint64_t id, begun = w->now.mono_ms;

	w->report_err = 0;
	id = submit(w, &t);
	for (unsigned tries = 1; tries < 50 && dlv_counts(w->d)->expired == 0; tries++) {
		uint64_t next;

		assert_int_equal(w->told_n, tries);
		dlv_reported(w->d, id, false, w->now);
		next = dlv_next_ms(w->d);
		assert_in_range(next, w->now.mono_ms + 1, begun + 60000);
		pass(w, next - w->now.mono_ms - 1);
		assert_int_equal(w->told_n, tries);
		assert_int_equal(dlv_counts(w->d)->expired, 0);
		pass(w, 1);
	}
	assert_int_equal(w->now.mono_ms, begun + 60000);
	assert_int_equal(dlv_counts(w->d)->expired, 1);
	assert_true(w->dels == 1 && w->deleted == id);
}

static void test_a_millisecond_before_it_expires_it_is_tried(void **state)
{
	struct world *w = *state;
	struct dlv_text t = text_of_mobile(DLV_KIND_TO_SME, NULL);
	uint64_t id = submit(w, &t);

	pass(w, 58999);
	dlv_reported(w->d, id, false, w->now); /* for a second, report_min_ms */
	pass(w, 1000);
	assert_int_equal(w->told_n, 2);
	assert_int_equal(dlv_counts(w->d)->expired, 0);
	dlv_reported(w->d, id, false, w->now);
	pass(w, 1);
	assert_int_equal(w->told_n, 2);
	assert_int_equal(dlv_counts(w->d)->expired, 1);
}

static void test_status_of_what_a_mobile_got(void **state)
{
	struct world *w = *state;
	struct dlv_text t = text_of_mobile(DLV_KIND_TO_MOBILE, ALICE);

	assert_int_equal(dlv_register(w->d, &w->conn, ALICE, w->now), 0);
	assert_int_equal(dlv_register(w->d, &w->conn, BOB, w->now), 0);
	submit(w, &t);
	assert_int_equal(w->sent_n, 1);
	dlv_ack(w->d, &w->conn, w->sent, &(struct sms_rp){ .type = SMS_RP_ERROR, .reference = w->rpdu[1], .cause = 111 }, w->now);
	dlv_committed(w->d, true, w->now);
	pass(w, 0);
	assert_int_equal(w->sent_n, 2);
	assert_status(w, SMS_STATUS_REJECTED, 1705321800);
}

/* What a restart finds on the disk is given again, and its end is reported. */
static void test_over_a_restart(void **state)
{
	struct world *w = *state;
	struct dlv_text t = text_of_mobile(DLV_KIND_TO_SME, ALICE);
	struct dlv_msg *m;
	uint64_t id = submit(w, &t);

	assert_int_equal(w->told_n, 1);
	dlv_free(w->d);
	make(w);
	assert_int_equal(dlv_msg_decode(&m, id, w->disk, w->disk_len), 0);
	assert_int_equal(dlv_load(w->d, m, w->now), 0);
	pass(w, 0);
	assert_true(w->told_n == 2 && w->told == id);
	dlv_reported(w->d, id, true, w->now);
	dlv_committed(w->d, true, w->now);
	assert_int_equal(dlv_gauge(w->d).waiting, 1);
	/* and so is the status report, whose record was the last */
	dlv_free(w->d);
	make(w);
	assert_int_equal(dlv_msg_decode(&m, id + 1, w->disk, w->disk_len), 0);
	assert_int_equal(dlv_load(w->d, m, w->now), 0);
	assert_int_equal(dlv_register(w->d, &w->conn, ALICE, w->now), 0);
	assert_status(w, SMS_STATUS_RECEIVED, 1705321800);
}

static void assert_sme_gets(uint8_t dcs, const char *header, unsigned header_len, const char *text, unsigned len, uint8_t coding,
			    const char *octets, unsigned octets_len)
{
	const struct dlv_text t = {
		.payload = (const uint8_t *)text,
		.payload_len = len,
		.sme = { .system_id = "acme", .dcs = dcs, .header = (const uint8_t *)header, .header_len = header_len }
	};
	uint8_t room[SME_MOBILE_MAX];
	struct smpp_pdu p = { 0 };

	assert_int_equal(sme_mobile_text(&p, room, &t), 0);
	assert_int_equal(p.data_coding, coding);
	assert_int_equal(p.esm_class, header ? SMPP_ESM_UDHI : 0);
	assert_int_equal(p.short_message.len, octets_len);
	assert_memory_equal(p.short_message.p, octets, octets_len);
}

static void test_what_an_sme_gets(void **state)
{
	uint8_t text[SMS_SEPTETS_MAX + 1], room[SME_MOBILE_MAX];
	struct dlv_text t = { .payload = text, .payload_len = SMS_SEPTETS_MAX, .sme.system_id = "acme" };
	struct smpp_pdu p = { 0 };

	(void)state;
	assert_sme_gets(0x00, NULL, 0, "a\x1f", 2, 0, "a\xc9", 2);
	assert_sme_gets(0xf1, NULL, 0, "a\x10", 2, 8, "\0a\x03\x94", 4);
	assert_sme_gets(0x00, "\0\3\1\2\1", 5, "a", 1, 0, "\5\0\3\1\2\1a", 7);
	assert_sme_gets(0x04, NULL, 0, "\xff", 1, 4, "\xff", 1);
	assert_sme_gets(0x15, NULL, 0, "\xff", 1, 4, "\xff", 1);
	assert_sme_gets(0xf6, NULL, 0, "\xff", 1, 0xf6, "\xff", 1);
	assert_sme_gets(0x19, "\0\3\1\2\1", 5, "\0a", 2, 8, "\5\0\3\1\2\1\0a", 8);
	memset(text, 0x10, sizeof text); /* too long for short_message */
	assert_int_equal(sme_mobile_text(&p, room, &t), 0);
	assert_true(!p.short_message.len && p.octets[SMPP_TLV_MESSAGE_PAYLOAD].len == 320);
	t.payload_len = SMS_SEPTETS_MAX + 1;
	assert_int_equal(sme_mobile_text(&p, room, &t), ERR_INVAL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		TEST(test_records),
		TEST(test_an_sme_gets_it_once_it_takes_it),
		TEST(test_not_on_disk_is_not_given),
		TEST(test_an_sme_has_a_bound),
		TEST(test_the_bound_counts_what_mobiles_sent_wherever_it_is),
		TEST(test_receipts_of_an_sme_keep_no_mobile_out),
		TEST(test_status_of_what_an_sme_took_refused_or_missed),
		TEST(test_it_expires_to_the_millisecond),
		TEST(test_a_millisecond_before_it_expires_it_is_tried),
		TEST(test_status_of_what_a_mobile_got),
		TEST(test_over_a_restart),
		cmocka_unit_test(test_what_an_sme_gets),
	};

	return cmocka_run_group_tests_name("smssc mobile", tests, NULL, NULL);
}
