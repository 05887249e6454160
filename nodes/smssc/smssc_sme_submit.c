/* smssc_sme_submit.c - requests of a bound SME that submit. What changes something is answered once
 * it is on disk. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/clock.h"
#include "base/str.h"
#include "nodes/smssc/sme_address.h"
#include "nodes/smssc/smssc_sme_int.h"
#include "smpp/smpp_list.h"
#include "smpp/smpp_time.h"

void smssc_sme_refuse(struct sme_bind *b, const struct smpp_pdu *p, enum smpp_status status, const char *why)
{
	b->s->sme->counts.refused++;
	log_info(&b->s->log, "sme", "%s: %s of '%s' refused with %s: %s", bind_peer(b->conn),
		 smpp_command_name(p->header.command), b->owner->conf->system_id, smpp_status_name(status),
		 why ? why : smpp_status_words(status));
	bind_refuse(b->conn, p->header.command, status, p->header.sequence);
}

struct sme_ticket *smssc_sme_new_ticket(struct sme_bind *b, const struct smpp_pdu *p)
{
	struct sme_ticket *t = calloc(1, sizeof *t);

	if (t) {
		t->bind = b;
		t->command = p->header.command;
		t->sequence = p->header.sequence;
		DL_APPEND(b->s->sme->tickets, t);
	}
	return t;
}

void smssc_sme_end_ticket(struct smssc_sme *sme, struct sme_ticket *t)
{
	DL_DELETE(sme->tickets, t);
	free(t->failures);
	free(t);
}

static void answer_ticket(const struct sme_ticket *t)
{
	struct smpp_pdu answer = { .header = { .command = t->command | SMPP_RESP, .sequence = t->sequence } };

	if (t->number) {
		(void)snprintf(answer.message_id, sizeof answer.message_id, "%llu", (unsigned long long)t->number);
	}
	answer.failures = (struct smpp_octets){ t->failures, t->failures_len };
	answer.failures_n = t->failures_n;
	bind_answer(t->bind->conn, &answer);
}

void smssc_sme_committed(struct smssc *s, bool durable)
{
	while (s->sme && s->sme->tickets) {
		struct sme_ticket *t = s->sme->tickets;

		if (t->bind && durable) {
			answer_ticket(t);
		} else if (t->bind) {
			bind_refuse(t->bind->conn, t->command, SMPP_RSYSERR, t->sequence);
		}
		smssc_sme_end_ticket(s->sme, t);
	}
}

void smssc_sme_forget(struct smssc *s, const struct sme_bind *b)
{
	struct sme_ticket *t;

	DL_FOREACH (s->sme->tickets, t) {
		if (t->bind == b) {
			t->bind = NULL;
		}
	}
}

/* -- what a message has in common for all of its destinations */

static enum smpp_status take_source(struct sme_message *m, struct sme_bind *b, const struct smpp_pdu *p)
{
	const struct sme_conf *c = b->owner->conf;
	struct smpp_address source = p->source;
	bool own = false;

	if (!source.digits[0] && !strchr(c->sources[0], '*')) {
		str_set(source.digits, sizeof source.digits, c->sources[0]);
		source.ton = SME_TON_UNKNOWN;
		source.npi = 0;
	}
	for (size_t i = 0; i < c->sources_n; i++) {
		own = own || sme_pattern_matches(c->sources[i], source.digits + (source.digits[0] == '+'));
	}
	if (!own) {
		b->s->sme->counts.spoofed++;
		m->why = "the source address is not one of this SME";
		return SMPP_RINVSRCADR;
	}
	m->told.source = source;
	return sme_originator(m->originator, &m->originator_len, &source);
}

/* Datagram mode is one attempt (3.4 2.10.2); transaction mode would answer with the outcome. */
static enum smpp_status take_validity(struct sme_message *m, const struct smssc *s, const struct smpp_pdu *p)
{
	const struct smssc_sme_conf *c = &s->conf.smes;
	int64_t now_s = (int64_t)(clock_real_ms() / 1000), wanted_s = (int64_t)(c->validity_ms / 1000);
	struct smpp_when when;

	if (p->schedule_delivery_time[0]) {
		m->why = "messages for later are not taken";
		return SMPP_RINVSCHED;
	}
	if (smpp_time_parse(&when, p->validity_period, now_s)) {
		return SMPP_RINVEXPIRY;
	}
	if (when.given) {
		wanted_s = when.at_s - now_s;
	} else if (smpp_has(p, SMPP_TLV_QOS_TIME_TO_LIVE)) {
		wanted_s = p->number[SMPP_TLV_QOS_TIME_TO_LIVE];
	}
	if (wanted_s <= 0) {
		m->why = "its validity is over";
		return SMPP_RINVEXPIRY;
	}
	if ((uint64_t)wanted_s > c->validity_max_ms / 1000) {
		wanted_s = (int64_t)(c->validity_max_ms / 1000);
	}
	m->validity_s = (p->esm_class & SMPP_ESM_MODE) == SMPP_ESM_MODE_DATAGRAM ? 0 : (uint32_t)wanted_s;
	return SMPP_ROK;
}

static enum smpp_status take_flags(struct sme_message *m, const struct smpp_pdu *p)
{
	if ((p->esm_class & SMPP_ESM_MODE) == SMPP_ESM_MODE_TRANSACTION) {
		m->why = "transaction mode is not served";
		return SMPP_RINVESMCLASS;
	}
	if (p->priority_flag > 3) {
		return SMPP_RINVPRTFLG;
	}
	if (p->replace_if_present) {
		m->why = "replace_if_present is not served";
		return SMPP_RINVSUBREP;
	}
	if (p->sm_default_msg_id) {
		return SMPP_RINVDFTMSGID;
	}
	m->priority = p->priority_flag > 0;
	m->pid = p->protocol_id;
	return SMPP_ROK;
}

/* A receipt may quote text; nothing of binary data is quoted. */
static void take_told(struct sme_message *m, const struct smpp_pdu *p)
{
	const struct smpp_octets *text = &m->content.payload;
	size_t n = text->len < SMPP_RECEIPT_TEXT_MAX ? text->len : SMPP_RECEIPT_TEXT_MAX;

	m->told.registered = p->registered_delivery;
	m->told.coding = p->data_coding;
	m->told.has_reference = smpp_has(p, SMPP_TLV_USER_MESSAGE_REFERENCE);
	m->told.reference = (uint16_t)p->number[SMPP_TLV_USER_MESSAGE_REFERENCE];
	for (size_t i = 0; i < n; i++) {
		if (m->content.eight_bit || text->p[i] < ' ' || text->p[i] > '~') {
			return;
		}
	}
	if (n && str_copy(m->told.text, sizeof m->told.text, text->p, n)) {
		m->told.text[0] = 0;
	}
}

enum smpp_status smssc_sme_read_message(struct sme_message *m, struct sme_bind *b, const struct smpp_pdu *p)
{
	struct smssc *s = b->s;
	enum smpp_status status = smpp_content_of(&m->content, p);
	enum sme_forged forged;

	if (status != SMPP_ROK) {
		return status;
	}
	forged = sme_filter(p, &m->content, &s->sme->reserved);
	if (forged != SME_NOT_FORGED) {
		s->sme->counts.forged++;
		m->why = sme_forged_str(forged);
		log_warn(&s->log, "sme", "%s: '%s' submits %s", bind_peer(b->conn), b->owner->conf->system_id, m->why);
		return forged == SME_FORGED_RECEIPT ? SMPP_RINVESMCLASS : SMPP_RSUBMITFAIL;
	}
	status = take_source(m, b, p);
	if (status == SMPP_ROK) {
		status = take_flags(m, p);
	}
	if (status == SMPP_ROK) {
		status = take_validity(m, s, p);
	}
	if (status == SMPP_ROK) {
		status = sme_text_of(&m->text, &m->content, p->data_coding, s->sme->room);
	}
	if (status == SMPP_ROK) {
		take_told(m, p);
	}
	return status;
}

/* -- one destination */

/* Names a long message of this SME; never 0. The SME itself chooses what is hashed, and harms only
 * its own rate. */
static uint64_t long_key(const struct sme_message *m, const char *destination)
{
	uint64_t h = 0xcbf29ce484222325u;
	uint8_t numbers[4] = { (uint8_t)(m->content.part_reference >> 8), (uint8_t)m->content.part_reference, m->content.parts,
			       (uint8_t)m->content.part };
	const char *texts[] = { m->told.source.digits, destination };

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		for (const char *p = texts[i]; *p; p++) {
			h = (h ^ (uint8_t)*p) * 0x100000001b3u;
		}
		h = (h ^ 0xff) * 0x100000001b3u;
	}
	for (size_t i = 0; i < sizeof numbers; i++) {
		h = (h ^ numbers[i]) * 0x100000001b3u;
	}
	return h | 1;
}

/* The device of the number. One that is nobody's is queued under a name that no device has, so that
 * the SME cannot tell the two apart: neither by the answer nor by what it takes. */
static void find_device(char imsi[SMS_IMSI_MAX + 1], const struct smssc *s, const char *msisdn, const uint8_t *tbcd, size_t len)
{
	const struct app_user_identifier who = { .msisdn = { tbcd, (uint32_t)len } };
	const struct hss_subscriber *known = s->sme->subscribers ? hss_store_find(s->sme->subscribers, &who, false) : NULL;
	size_t digits = strlen(msisdn), skipped = digits > SMS_IMSI_MAX - 1 ? digits - (SMS_IMSI_MAX - 1) : 0;

	if (known) {
		str_set(imsi, SMS_IMSI_MAX + 1, known->imsi);
		return;
	}
	imsi[0] = '+';
	str_set(imsi + 1, SMS_IMSI_MAX, msisdn + skipped);
}

static enum smpp_status submitted(int err)
{
	switch (err) {
	case 0:
		return SMPP_ROK;
	case ERR_LIMIT:
		return SMPP_RINVMSGLEN;
	case ERR_BUSY:
		return SMPP_RMSGQFUL;
	default:
		return SMPP_RSYSERR;
	}
}

enum smpp_status smssc_sme_submit_to(struct sme_bind *b, struct sme_message *m, const struct smpp_address *destination,
				     struct dlv_msg *replaces, uint64_t *number)
{
	struct smssc *s = b->s;
	char imsi[SMS_IMSI_MAX + 1], msisdn[IDENT_MSISDN_MAX + 1];
	uint8_t tbcd[STR_TBCD_MAX], told_octets[DLV_TOLD_MAX];
	struct buf told = buf_over(told_octets, sizeof told_octets);
	enum smpp_status status = sme_destination(msisdn, destination);
	struct dlv_text text;
	size_t tbcd_len;
	uint64_t id;

	if (status != SMPP_ROK) {
		return status;
	}
	if (str_tbcd(tbcd, &tbcd_len, msisdn)) {
		return SMPP_RINVDSTADR;
	}
	if (!sme_meter_take(&b->owner->meter, m->content.part ? long_key(m, msisdn) : 0, m->content.parts,
			    net_loop_now_ms(s->loop))) {
		s->sme->counts.throttled++;
		return SMPP_RTHROTTLED;
	}
	find_device(imsi, s, msisdn, tbcd, tbcd_len);
	m->told.destination = *destination;
	sme_told_encode(&told, &m->told);
	text = (struct dlv_text){ .imsi = imsi,
				  .smea = m->originator,
				  .smea_len = m->originator_len,
				  .payload = m->text.payload,
				  .payload_len = m->text.payload_len,
				  .msisdn = tbcd,
				  .msisdn_len = tbcd_len,
				  .iwf_host = b->owner->conf->system_id,
				  .iwf_realm = "",
				  .via = "",
				  .has_port = m->text.has_port,
				  .port = m->text.port,
				  .priority = m->priority,
				  .validity_s = m->validity_s,
				  .sme = { .system_id = b->owner->conf->system_id,
					   .number = *number,
					   .pid = m->pid,
					   .dcs = m->text.dcs,
					   .header = m->text.has_header ? m->text.header : NULL,
					   .header_len = m->text.header_len,
					   .told = told_octets,
					   .told_len = told.len } };
	status = told.full ? SMPP_RSYSERR : submitted(dlv_submit(s->dlv, &text, replaces, &id, smssc_now(s)));
	if (status == SMPP_ROK) {
		s->sme->counts.submitted++;
		*number = *number ? *number : id;
	}
	return status;
}

static void submit(struct sme_bind *b, const struct smpp_pdu *p)
{
	struct sme_message m = { 0 };
	enum smpp_status status = smssc_sme_read_message(&m, b, p);
	struct sme_ticket *t;

	if (p->header.command == SMPP_DATA_SM && status == SMPP_ROK && !m.content.in_payload) {
		status = SMPP_RMISSINGOPTPARAM;
	}
	t = status == SMPP_ROK ? smssc_sme_new_ticket(b, p) : NULL;
	if (status == SMPP_ROK && !t) {
		status = SMPP_RSYSERR;
	}
	if (status == SMPP_ROK) {
		status = smssc_sme_submit_to(b, &m, &p->destination, NULL, &t->number);
	}
	if (status != SMPP_ROK) {
		if (t) {
			smssc_sme_end_ticket(b->s->sme, t);
		}
		smssc_sme_refuse(b, p, status, m.why);
	}
}

/* -- submit_multi */

static void note_failure(struct buf *out, struct sme_ticket *t, const struct smpp_destination *d, enum smpp_status status)
{
	const struct smpp_failure f = { .address = d->address, .status = status };

	if (!smpp_failure_put(out, &f)) {
		t->failures_n++;
		t->failures_len = (uint32_t)out->len;
	}
}

/* One message_id for all; the answer names the addresses that it does not go to (3.4 4.5.2). */
static void submit_all(struct sme_bind *b, struct sme_message *m, const struct smpp_pdu *p, struct sme_ticket *t)
{
	size_t cap = (size_t)p->destinations_n * (SMPP_ADDRESS_MAX + 8);
	struct rd r = rd_over(p->destinations.p, p->destinations.len);
	enum smpp_status status = SMPP_RSUBMITFAIL;
	struct smpp_destination d;
	struct buf failures;

	t->failures = malloc(cap);
	failures = buf_over(t->failures, cap);
	for (unsigned i = 0; t->failures && i < p->destinations_n; i++) {
		if (smpp_destination_next(&d, &r) != SMPP_ROK) {
			break;
		}
		status = d.list ? SMPP_RINVDLNAME : smssc_sme_submit_to(b, m, &d.address, NULL, &t->number);
		if (status != SMPP_ROK) {
			note_failure(&failures, t, &d, status);
		}
	}
	if (!t->number) { /* nothing goes anywhere: the reason of the last one */
		status = t->failures ? status : SMPP_RSYSERR;
		smssc_sme_end_ticket(b->s->sme, t);
		smssc_sme_refuse(b, p, status, NULL);
	}
}

static void submit_multi(struct sme_bind *b, const struct smpp_pdu *p)
{
	struct sme_message m = { 0 };
	enum smpp_status status = smssc_sme_read_message(&m, b, p);
	struct sme_ticket *t = status == SMPP_ROK ? smssc_sme_new_ticket(b, p) : NULL;

	if (t) {
		submit_all(b, &m, p, t);
	} else {
		smssc_sme_refuse(b, p, status == SMPP_ROK ? SMPP_RSYSERR : status, m.why);
	}
}

void smssc_sme_request(struct sme_bind *b, const struct smpp_pdu *p)
{
	switch (p->header.command) {
	case SMPP_SUBMIT_SM:
	case SMPP_DATA_SM:
		submit(b, p);
		break;
	case SMPP_SUBMIT_MULTI:
		submit_multi(b, p);
		break;
	case SMPP_QUERY_SM:
		smssc_sme_query(b, p);
		break;
	case SMPP_CANCEL_SM:
		smssc_sme_cancel(b, p);
		break;
	case SMPP_REPLACE_SM:
		smssc_sme_replace(b, p);
		break;
	default: /* the session passes no other */
		smssc_sme_refuse(b, p, SMPP_RINVCMDID, NULL);
		break;
	}
}
