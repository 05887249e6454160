/* smssc_sme_read.c - what a message of an SME has in common for all of its destinations: whether it is
 * a trigger, whose it is, how long it is valid, what the device gets of it. */
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "nodes/smssc/sme_address.h"
#include "nodes/smssc/sme_trigger.h"
#include "nodes/smssc/smssc_sme_int.h"
#include "smpp/smpp_time.h"

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
	m->pid = m->stripped ? 0 : p->protocol_id;
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

/* A message of another network with a trigger in some form. */
static enum smpp_status of_network(struct sme_message *m, const struct sme_bind *b, enum sme_forged forged)
{
	bool strip = b->owner->conf->forged == SME_FORGED_STRIP;
	struct smpp_content *c = &m->content;

	b->s->sme->counts.networks_forged++;
	m->why = sme_forged_str(forged);
	smssc_alarm(b->s, "network", b->owner->conf->system_id, m->why, strip ? "stripped" : "dropped");
	if (!strip) {
		return SMPP_RSUBMITFAIL;
	}
	m->stripped = true;
	c->ports = SMPP_FORM_NONE;
	c->header.len = sme_strip_header(m->header, &c->header);
	c->header.p = m->header;
	return SMPP_ROK;
}

/* What the filter finds is forged, or a trigger of an SME that may send triggers. */
static enum smpp_status take_form(struct sme_message *m, const struct sme_bind *b, const struct smpp_pdu *p)
{
	struct smssc_sme *sme = b->s->sme;
	enum sme_forged forged = sme_filter(p, &m->content, &sme->reserved);
	bool is_trigger = forged == SME_FORGED_PID || forged == SME_FORGED_PORT || forged == SME_FORGED_ELEMENT;

	if (forged == SME_NOT_FORGED) {
		return SMPP_ROK;
	}
	if (b->owner->scs && is_trigger) {
		m->trigger = true;
		return sme_trigger_form(p, &m->content, &m->why);
	}
	if (b->owner->conf->kind == SME_NETWORK && forged != SME_FORGED_RECEIPT) {
		return of_network(m, b, forged);
	}
	sme->counts.forged++;
	m->why = sme_forged_str(forged);
	log_warn(&b->s->log, "sme", "%s: '%s' submits %s%s", bind_peer(b->conn), b->owner->conf->system_id, m->why,
		 is_trigger ? "; an SME that may trigger has 'scs' in its entry (docs/user/tsms.md)" : "");
	return forged == SME_FORGED_RECEIPT ? SMPP_RINVESMCLASS : SMPP_RSUBMITFAIL;
}

enum smpp_status smssc_sme_read_message(struct sme_message *m, struct sme_bind *b, const struct smpp_pdu *p)
{
	struct smssc *s = b->s;
	enum smpp_status status = smpp_content_of(&m->content, p);

	if (status != SMPP_ROK) {
		return status;
	}
	status = take_form(m, b, p);
	if (status == SMPP_ROK) {
		status = take_source(m, b, p);
	}
	if (status == SMPP_ROK) {
		status = take_flags(m, p);
	}
	if (status == SMPP_ROK) {
		status = take_validity(m, s, p);
	}
	if (status == SMPP_ROK) {
		status = m->trigger ? SMPP_ROK : sme_text_of(&m->text, &m->content, p->data_coding, s->sme->room);
	}
	if (status == SMPP_ROK) {
		take_told(m, p);
	}
	return status;
}
