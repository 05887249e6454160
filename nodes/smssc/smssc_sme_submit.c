/* smssc_sme_submit.c - requests of a bound SME that submit. What changes something is answered once
 * it is on disk. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/str.h"
#include "nodes/smssc/sme_address.h"
#include "nodes/smssc/smssc_tsp.h"
#include "smpp/smpp_list.h"

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

void smssc_sme_answer(const struct sme_ticket *t)
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

		if (t->bind && t->status != SMPP_ROK) {
			bind_refuse(t->bind->conn, t->command, t->status, t->sequence);
		} else if (t->bind && durable) {
			smssc_sme_answer(t);
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
	smssc_tsp_forget(s, b);
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

/* A name of a queue that no device has: the last digits of the number. */
static void stranger(char imsi[SMS_IMSI_MAX + 1], const char *msisdn)
{
	size_t digits = strlen(msisdn), skipped = digits > SMS_IMSI_MAX - 1 ? digits - (SMS_IMSI_MAX - 1) : 0;

	imsi[0] = '+';
	str_set(imsi + 1, SMS_IMSI_MAX, msisdn + skipped);
}

/* The device of the number. One that is nobody's, or that takes triggers only, is queued under a name
 * that no device has, so that the SME cannot tell the three apart: neither by the answer nor by what
 * it takes. */
void smssc_sme_device(char imsi[SMS_IMSI_MAX + 1], const struct smssc *s, const char *msisdn, const uint8_t *tbcd, size_t len)
{
	const struct app_user_identifier who = { .msisdn = { tbcd, (uint32_t)len } };
	const struct hss_subscriber *known = s->sme->subscribers ? hss_store_find(s->sme->subscribers, &who, false) : NULL;

	stranger(imsi, msisdn);
	if (known && !known->triggers_only) {
		str_set(imsi, SMS_IMSI_MAX + 1, known->imsi);
	}
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

struct address { /* of one destination */
	char msisdn[IDENT_MSISDN_MAX + 1];
	uint8_t tbcd[STR_TBCD_MAX];
	size_t tbcd_len;
};

/* Reads the destination, and takes a token of the SME's rate for it. */
static enum smpp_status admit(struct address *to, struct sme_bind *b, const struct sme_message *m,
			      const struct smpp_address *destination)
{
	const struct smpp_content *c = &m->content;
	enum smpp_status status = sme_destination(to->msisdn, destination);

	if (status != SMPP_ROK) {
		return status;
	}
	if (str_tbcd(to->tbcd, &to->tbcd_len, to->msisdn)) {
		return SMPP_RINVDSTADR;
	}
	if (!sme_meter_take(&b->owner->meter, c->part ? long_key(m, to->msisdn) : 0, c->parts, net_loop_now_ms(b->s->loop))) {
		b->s->sme->counts.throttled++;
		return SMPP_RTHROTTLED;
	}
	return SMPP_ROK;
}

/* Stores a message or a trigger of the SME, whose own members `text` has. *number is 0 for a new
 * message_id, which it gets. */
static enum smpp_status store(struct sme_bind *b, struct sme_message *m, const struct smpp_address *destination,
			      const struct address *to, struct dlv_text *text, struct dlv_msg *replaces, uint64_t *id,
			      uint64_t *number)
{
	struct smssc *s = b->s;
	uint8_t told_octets[DLV_TOLD_MAX];
	struct buf told = buf_over(told_octets, sizeof told_octets);
	uint64_t given = *number ? *number : sme_number(&s->sme->number_key, dlv_id_next(s->dlv));
	enum smpp_status status;

	m->told.destination = *destination;
	sme_told_encode(&told, &m->told);
	text->smea = m->originator;
	text->smea_len = m->originator_len;
	text->msisdn = to->tbcd;
	text->msisdn_len = to->tbcd_len;
	text->iwf_host = text->sme.system_id = b->owner->conf->system_id;
	text->iwf_realm = text->via = "";
	text->priority = m->priority;
	text->validity_s = m->validity_s;
	text->sme.number = given;
	text->sme.told = told_octets;
	text->sme.told_len = told.len;
	status = told.full ? SMPP_RSYSERR : submitted(dlv_submit(s->dlv, text, replaces, id, smssc_now(s)));
	if (status == SMPP_ROK) {
		*number = given;
	}
	return status;
}

enum smpp_status smssc_sme_submit_to(struct sme_bind *b, struct sme_message *m, const struct smpp_address *destination,
				     struct dlv_msg *replaces, uint64_t *number)
{
	char imsi[SMS_IMSI_MAX + 1];
	struct dlv_text text = { .imsi = imsi,
				 .payload = m->text.payload,
				 .payload_len = m->text.payload_len,
				 .has_port = m->text.has_port,
				 .port = m->text.port,
				 .sme = { .pid = m->pid,
					  .dcs = m->text.dcs,
					  .header = m->text.has_header ? m->text.header : NULL,
					  .header_len = m->text.header_len } };
	struct address to;
	enum smpp_status status = admit(&to, b, m, destination);
	uint64_t id;

	if (status == SMPP_ROK) {
		smssc_sme_device(imsi, b->s, to.msisdn, to.tbcd, to.tbcd_len);
		status = store(b, m, destination, &to, &text, replaces, &id, number);
	}
	if (status == SMPP_ROK) {
		b->s->sme->counts.submitted++;
	}
	return status;
}

enum smpp_status smssc_sme_store_trigger(struct sme_bind *b, struct sme_message *m, const struct smpp_address *destination,
					 const struct dlv_change *change, uint64_t *id, uint64_t *number)
{
	const struct smpp_content *c = &m->content;
	bool part = change->kind == DLV_CHANGE_PART; /* it is nothing that the gateway knows */
	char imsi[SMS_IMSI_MAX + 1];
	struct dlv_text text = {
		.imsi = imsi,
		.payload = c->payload.p,
		.payload_len = c->payload.len,
		.has_reference = !part,
		.has_port = c->ports != SMPP_FORM_NONE,
		.port = c->port,
		.sme = { .pid = part ? m->pid : SMS_PID_DEVICE_TRIGGER, .dcs = SMS_DCS_8BIT, .trigger = true, .change = *change }
	};
	struct address to;
	enum smpp_status status = admit(&to, b, m, destination);

	if (status != SMPP_ROK) {
		return status;
	}
	if (!part && smssc_store_reference(b->s->store, &text.reference)) {
		return SMPP_RSYSERR;
	}
	stranger(imsi, to.msisdn);
	return store(b, m, destination, &to, &text, NULL, id, number);
}

static void submit(struct sme_bind *b, const struct smpp_pdu *p)
{
	struct sme_message m = { 0 };
	enum smpp_status status = smssc_sme_read_message(&m, b, p);
	struct sme_ticket *t;

	if (p->header.command == SMPP_DATA_SM && status == SMPP_ROK && !m.content.in_payload) {
		status = SMPP_RMISSINGOPTPARAM;
	}
	if (status == SMPP_ROK && !m.trigger && smssc_tsp_part_of(b, &m, p)) {
		b->s->sme->counts.segments_refused++;
		m.why = "a segment of a trigger that is none itself";
		status = SMPP_RSUBMITFAIL;
	}
	if (status == SMPP_ROK && m.trigger) {
		status = m.content.parts > 1 ? smssc_tsp_part(b, &m, p) : smssc_tsp_submit(b, &m, p);
		if (status != SMPP_ROK) {
			smssc_sme_refuse(b, p, status, m.why);
		}
		return;
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
