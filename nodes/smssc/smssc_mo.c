/* smssc_mo.c - checks in the order: may the device send at all? is it a trigger in some form? then the
 * message itself. What is taken is answered once it is on disk. The recipient changes nothing about
 * the answer. */
#include "nodes/smssc/smssc_mo.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/ident.h"
#include "nodes/sms/sms_submit.h"
#include "nodes/smssc/smssc_sme_int.h"

/* RP-Cause, TS 24.011 8.2.5.4 table 8.4, of mobile originating messages */
enum {
	CAUSE_REJECTED = 21,
	CAUSE_UNIDENTIFIED = 28,
	CAUSE_OUT_OF_ORDER = 38,
	CAUSE_CONGESTION = 42,
	CAUSE_NOT_SERVED = 69,
	CAUSE_NOT_IMPLEMENTED = 79,
	CAUSE_INVALID = 96,
};

struct mo_ticket {
	struct smssc_ue_conn *conn; /* NULL: gone */
	char imsi[SMS_IMSI_MAX + 1];
	uint8_t reference;
	struct mo_ticket *prev, *next;
};

static struct mo_ticket *new_ticket(struct smssc *s, struct smssc_ue_conn *c, const char *imsi, uint8_t reference)
{
	struct mo_ticket *t = calloc(1, sizeof *t);

	if (t) {
		t->conn = c;
		str_set(t->imsi, sizeof t->imsi, imsi);
		t->reference = reference;
		DL_APPEND(s->mo_tickets, t);
	}
	return t;
}

static void end_ticket(struct smssc *s, struct mo_ticket *t)
{
	DL_DELETE(s->mo_tickets, t);
	free(t);
}

void smssc_mo_committed(struct smssc *s, bool durable)
{
	while (s->mo_tickets) {
		struct mo_ticket *t = s->mo_tickets;

		if (t->conn) {
			smssc_ues_answer(t->conn, t->imsi, t->reference, durable ? 0 : CAUSE_OUT_OF_ORDER);
		}
		end_ticket(s, t);
	}
}

void smssc_mo_forget(struct smssc *s, const struct smssc_ue_conn *c)
{
	struct mo_ticket *t;

	DL_FOREACH (s->mo_tickets, t) {
		t->conn = t->conn == c ? NULL : t->conn;
	}
}

void smssc_mo_end(struct smssc *s)
{
	while (s->mo_tickets) {
		end_ticket(s, s->mo_tickets);
	}
}

/* The number of the mobile as TP-OA. */
static int originator(uint8_t out[SMS_ADDRESS_MAX], uint8_t *len, const struct hss_subscriber *sender)
{
	struct smpp_address a = { .ton = SME_TON_INTERNATIONAL, .npi = 1 };
	char digits[STR_DIGITS_MAX + 1];

	if (!sender || !sender->msisdn.len || str_untbcd(digits, sender->msisdn.tbcd, sender->msisdn.len)) {
		return ERR_NOTFOUND;
	}
	str_cut(a.digits, sizeof a.digits, digits);
	return sme_originator(out, len, &a) == SMPP_ROK ? 0 : ERR_NOTFOUND;
}

struct mo { /* what is read of one message */
	struct sms_submit submit;
	struct smpp_octets header;
	uint8_t kept[SMS_USER_DATA_MAX]; /* its header without what was stripped */
};

/* 0, or the cause to refuse it with. */
static uint8_t pass_filter(struct mo *m, struct smssc *s, const char *imsi)
{
	enum sme_forged forged = sme_filter_parts(m->submit.pid, &m->header, &s->sme->reserved);
	bool strip = s->conf.smes.mobiles.forged == SME_FORGED_STRIP;

	if (forged == SME_NOT_FORGED) {
		return 0;
	}
	s->sme->counts.mobiles_forged++;
	smssc_alarm(s, "mobile", imsi, sme_forged_str(forged), strip ? "stripped" : "dropped");
	if (!strip) {
		return CAUSE_REJECTED;
	}
	m->submit.pid = 0;
	m->header.len = sme_strip_header(m->kept, &m->header);
	m->header.p = m->kept;
	return 0;
}

static bool header_is_whole(const struct smpp_octets *header)
{
	struct smpp_element e;
	uint32_t at = 0;

	while (smpp_element_next(&e, header, &at)) {
		;
	}
	return at == header->len;
}

static uint8_t submitted(int err)
{
	return !err ? 0 : err == ERR_LIMIT ? CAUSE_INVALID : CAUSE_CONGESTION;
}

static uint8_t deliver(struct smssc *s, const struct mo *m, const char *to, const struct hss_subscriber *sender)
{
	const struct smssc_sme_conf *c = &s->conf.smes;
	uint8_t from[SMS_ADDRESS_MAX], from_len, tbcd[STR_TBCD_MAX], told_octets[DLV_TOLD_MAX];
	struct buf told = buf_over(told_octets, sizeof told_octets);
	const struct sme_told nobody_is_told = { 0 };
	uint64_t id, most_s = c->validity_max_ms / 1000;
	char imsi[SMS_IMSI_MAX + 1];
	struct dlv_text text;
	size_t tbcd_len;

	if (originator(from, &from_len, sender)) {
		return CAUSE_UNIDENTIFIED;
	}
	if (str_tbcd(tbcd, &tbcd_len, to)) {
		return CAUSE_INVALID;
	}
	smssc_sme_device(imsi, s, to, tbcd, tbcd_len);
	sme_told_encode(&told, &nobody_is_told);
	text = (struct dlv_text){ .imsi = imsi,
				  .smea = from,
				  .smea_len = from_len,
				  .payload = m->submit.payload,
				  .payload_len = m->submit.payload_len,
				  .msisdn = tbcd,
				  .msisdn_len = tbcd_len,
				  .iwf_host = "",
				  .iwf_realm = "",
				  .via = "",
				  .validity_s = (uint32_t)(c->validity_ms / 1000),
				  .sme = { .system_id = "", /* no SME has it: nobody may ask for it, or cancel it */
					   .number = sme_number(&s->sme->number_key, dlv_id_next(s->dlv)),
					   .pid = m->submit.pid,
					   .dcs = m->submit.dcs,
					   .header = m->header.len ? m->header.p : NULL,
					   .header_len = m->header.len,
					   .told = told_octets,
					   .told_len = told.len } };
	if (m->submit.validity_s) {
		text.validity_s = m->submit.validity_s < most_s ? m->submit.validity_s : (uint32_t)most_s;
	}
	return submitted(dlv_submit(s->dlv, &text, NULL, &id, smssc_now(s)));
}

/* 0: it is submitted. Else the cause. */
static uint8_t take(struct smssc *s, const char *imsi, const uint8_t *tpdu, size_t len)
{
	const struct app_user_identifier who = { .user_name = { (const uint8_t *)imsi, (uint32_t)strlen(imsi) } };
	const struct hss_subscriber *sender;
	char to[IDENT_MSISDN_MAX + 1];
	struct mo m = { 0 };
	uint8_t cause;

	if (!s->sme || !s->conf.smes.mobiles.send) {
		return CAUSE_NOT_SERVED;
	}
	if (sms_submit_parse(&m.submit, tpdu, len)) {
		return SMS_RP_CAUSE_INVALID_MESSAGE;
	}
	m.header = (struct smpp_octets){ m.submit.header, m.submit.header_len };
	if (!header_is_whole(&m.header)) {
		return SMS_RP_CAUSE_INVALID_MESSAGE;
	}
	cause = pass_filter(&m, s, imsi);
	if (cause) {
		return cause;
	}
	if (!m.submit.eight_bit && !m.submit.ucs2) {
		return CAUSE_NOT_IMPLEMENTED;
	}
	if (!m.submit.international || ident_msisdn(to, m.submit.destination, strlen(m.submit.destination))) {
		return CAUSE_INVALID;
	}
	if (!sme_meter_take(&s->sme->mobiles, 0, 0, net_loop_now_ms(s->loop))) {
		s->sme->counts.throttled++;
		return CAUSE_CONGESTION;
	}
	sender = hss_store_find(s->sme->subscribers, &who, true);
	return deliver(s, &m, to, sender);
}

int smssc_mo_take(struct smssc *s, struct smssc_ue_conn *c, const char *imsi, const uint8_t *rpdu, size_t len)
{
	struct sms_rp rp;
	struct mo_ticket *t;
	uint8_t cause;

	if (sms_rp_parse(&rp, rpdu, len) || rp.type != SMS_RP_DATA_FROM_MS) {
		return ERR_PROTO;
	}
	t = smssc_ues_has(s, c, imsi) ? new_ticket(s, c, imsi, rp.reference) : NULL;
	cause = t ? take(s, imsi, rp.user_data, rp.user_data_len) : CAUSE_UNIDENTIFIED;
	if (!cause) {
		s->sme->counts.mobiles_sent++;
		return 0;
	}
	if (t) {
		end_ticket(s, t);
	}
	if (s->sme) {
		s->sme->counts.mobiles_refused++;
	}
	log_info(&s->log, "mo", "a message of %s is refused with RP-Cause %u", imsi, cause);
	smssc_ues_answer(c, imsi, rp.reference, cause);
	return 0;
}
