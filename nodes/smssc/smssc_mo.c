/* smssc_mo.c - checks in the order: may the device send at all? is it a trigger in some form? then the
 * message itself. What is taken is answered once it is on disk. Which device the recipient is
 * changes nothing about the answer. */
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

/* The number of the mobile. */
static int sender_of(struct smpp_address *out, const struct smssc *s, const char *imsi)
{
	const struct app_user_identifier who = { .user_name = { (const uint8_t *)imsi, (uint32_t)strlen(imsi) } };
	const struct hss_subscriber *sender = hss_store_find(s->sme->subscribers, &who, true);
	char digits[STR_DIGITS_MAX + 1];

	if (!sender || !sender->msisdn.len || str_untbcd(digits, sender->msisdn.tbcd, sender->msisdn.len)) {
		return ERR_NOTFOUND;
	}
	*out = (struct smpp_address){ .ton = SME_TON_INTERNATIONAL, .npi = 1 };
	str_cut(out->digits, sizeof out->digits, digits);
	return 0;
}

struct mo { /* what is read of one message */
	struct sms_submit submit;
	struct smpp_octets header;
	uint8_t kept[SMS_USER_DATA_MAX]; /* its header without what was stripped */
	struct smpp_octets text;         /* of the 7-bit alphabet: one character an octet */
	uint8_t characters[SMS_SEPTETS_MAX];
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

/* What is the same for a message to a mobile and to an SME. */
static void begin_text(struct dlv_text *t, const struct smssc *s, const struct mo *m, const char *imsi)
{
	const struct smssc_sme_conf *c = &s->conf.smes;
	uint64_t most_s = c->validity_max_ms / 1000;

	*t = (struct dlv_text){ .payload = m->text.p,
				.payload_len = m->text.len,
				.iwf_host = "",
				.iwf_realm = "",
				.via = "",
				.validity_s = (uint32_t)(c->validity_ms / 1000),
				.sme = { .number = sme_number(&s->sme->number_key, dlv_id_next(s->dlv)),
					 .pid = m->submit.pid,
					 .dcs = m->submit.dcs,
					 .header = m->header.len ? m->header.p : NULL,
					 .header_len = m->header.len,
					 .sender = m->submit.wants_report ? imsi : NULL,
					 .reference = m->submit.reference,
					 .recipient = m->submit.address,
					 .recipient_len = m->submit.address_len } };
	if (m->submit.validity_s) {
		t->validity_s = m->submit.validity_s < most_s ? m->submit.validity_s : (uint32_t)most_s;
	}
}

static uint8_t deliver(struct smssc *s, const struct mo *m, const char *imsi, const struct smpp_address *from, const char *to)
{
	uint8_t smea[SMS_ADDRESS_MAX], smea_len, tbcd[STR_TBCD_MAX], told_octets[DLV_TOLD_MAX];
	struct buf told = buf_over(told_octets, sizeof told_octets);
	const struct sme_told nobody_is_told = { 0 };
	char device[SMS_IMSI_MAX + 1];
	struct dlv_text text;
	size_t tbcd_len;
	uint64_t id;

	if (str_tbcd(tbcd, &tbcd_len, to)) {
		return CAUSE_INVALID;
	}
	if (sme_originator(smea, &smea_len, from) != SMPP_ROK) {
		return CAUSE_UNIDENTIFIED;
	}
	smssc_sme_device(device, s, to, tbcd, tbcd_len);
	sme_told_encode(&told, &nobody_is_told);
	begin_text(&text, s, m, imsi);
	text.imsi = device;
	text.smea = smea;
	text.smea_len = smea_len;
	text.msisdn = tbcd;
	text.msisdn_len = tbcd_len;
	text.sme.system_id = ""; /* no SME has it: nobody may ask for it, or cancel it */
	text.sme.told = told_octets;
	text.sme.told_len = told.len;
	return submitted(dlv_submit(s->dlv, &text, NULL, &id, smssc_now(s)));
}

static uint8_t deliver_to_sme(struct smssc *s, const struct mo *m, const char *imsi, const struct smpp_address *from,
			      const struct sme_conf *to)
{
	uint8_t told_octets[DLV_TOLD_MAX];
	struct buf told = buf_over(told_octets, sizeof told_octets);
	struct sme_told addresses = { .source = *from, .destination.npi = 1 };
	struct dlv_text text;
	uint64_t id;

	if (sms_is_compressed(m->submit.dcs)) {
		return CAUSE_NOT_IMPLEMENTED; /* SMPP has no data_coding for compressed text */
	}
	str_cut(addresses.destination.digits, sizeof addresses.destination.digits, m->submit.destination);
	addresses.destination.ton = m->submit.international ? SME_TON_INTERNATIONAL : SME_TON_UNKNOWN;
	sme_told_encode(&told, &addresses);
	begin_text(&text, s, m, imsi);
	text.imsi = "+"; /* no device has this queue */
	text.iwf_host = text.sme.system_id = to->system_id;
	text.sme.kind = DLV_KIND_TO_SME;
	text.sme.told = told_octets;
	text.sme.told_len = told.len;
	return submitted(dlv_submit(s->dlv, &text, NULL, &id, smssc_now(s)));
}

static void take_text(struct mo *m)
{
	if (m->submit.eight_bit || m->submit.ucs2) {
		m->text = (struct smpp_octets){ m->submit.payload, m->submit.payload_len };
		return;
	}
	sms_unpack(m->characters, &m->submit.packed);
	m->text = (struct smpp_octets){ m->characters, m->submit.packed.n };
}

/* 0: it is submitted. Else the cause. */
static uint8_t take(struct smssc *s, const char *imsi, const uint8_t *tpdu, size_t len)
{
	const struct sme_conf *sme;
	char to[IDENT_MSISDN_MAX + 1];
	struct smpp_address from;
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
	if (sms_alphabet(m.submit.dcs) == SMS_ALPHABET_COMPRESSED) {
		return CAUSE_NOT_IMPLEMENTED;
	}
	take_text(&m);
	sme = smssc_sme_of_number(&s->conf.smes, m.submit.destination);
	if (!sme && (!m.submit.international || ident_msisdn(to, m.submit.destination, strlen(m.submit.destination)))) {
		return CAUSE_INVALID;
	}
	if (!sme_meter_take(&s->sme->mobiles, 0, 0, net_loop_now_ms(s->loop))) {
		s->sme->counts.throttled++;
		return CAUSE_CONGESTION;
	}
	if (sender_of(&from, s, imsi)) {
		return CAUSE_UNIDENTIFIED;
	}
	return sme ? deliver_to_sme(s, &m, imsi, &from, sme) : deliver(s, &m, imsi, &from, to);
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
