/* dlv_msg.c - a trigger in one piece of memory, and its record: a version octet, then fields in
 * fixed order, little-endian; texts as u16 length and octets. A message of an SME has a version of
 * its own with more fields, and so have a trigger of one, one that is being changed, and what only
 * mobiles send: a program that does not know them refuses the store. */
#include "nodes/smssc/dlv_msg.h"

#include <stdlib.h>
#include <string.h>

enum { RECORD_TRIGGER = 1, RECORD_SME = 2, RECORD_SME_TRIGGER = 3, RECORD_MOBILE = 4, RECORD_SME_CHANGE = 5 };
enum { F_REFERENCE = 1, F_PORT = 2, F_PRIORITY = 4, F_OUTCOME = 8, F_DIAGNOSTIC = 16, F_MSISDN = 32, F_EXTERNAL_ID = 64 };

static size_t text_size(const char *s)
{
	return s ? strlen(s) + 1 : 0;
}

static const void *keep(char **at, const void *p, size_t len)
{
	char *start = *at;

	if (!p) {
		return NULL;
	}
	if (len) {
		memcpy(start, p, len);
	}
	*at += len;
	return start;
}

int dlv_msg_new(struct dlv_msg **out, const struct dlv_text *text)
{
	size_t need = text_size(text->imsi) + text->smea_len + text->payload_len + text->msisdn_len +
		      text_size(text->external_id) + text_size(text->iwf_host) + text_size(text->iwf_realm) +
		      text_size(text->via) + text_size(text->sme.system_id) + text->sme.header_len + text->sme.told_len +
		      text_size(text->sme.sender) + text->sme.recipient_len;
	struct dlv_msg *m = calloc(1, sizeof *m + need + 1);
	char *at;

	if (!m) {
		return ERR_NOMEM;
	}
	obj_begin(&m->obj, DLV_MSG_MAGIC);
	at = m->memory;
	m->text = *text;
	m->text.imsi = keep(&at, text->imsi, text_size(text->imsi));
	m->text.smea = keep(&at, text->smea, text->smea_len);
	m->text.payload = keep(&at, text->payload, text->payload_len);
	m->text.msisdn = keep(&at, text->msisdn, text->msisdn_len);
	m->text.external_id = keep(&at, text->external_id, text_size(text->external_id));
	m->text.iwf_host = keep(&at, text->iwf_host, text_size(text->iwf_host));
	m->text.iwf_realm = keep(&at, text->iwf_realm, text_size(text->iwf_realm));
	m->text.via = keep(&at, text->via, text_size(text->via));
	m->text.sme.system_id = keep(&at, text->sme.system_id, text_size(text->sme.system_id));
	m->text.sme.header = keep(&at, text->sme.header, text->sme.header_len);
	m->text.sme.told = keep(&at, text->sme.told, text->sme.told_len);
	m->text.sme.sender = keep(&at, text->sme.sender, text_size(text->sme.sender));
	m->text.sme.recipient = keep(&at, text->sme.recipient, text->sme.recipient_len);
	*out = m;
	return 0;
}

void dlv_msg_free(struct dlv_msg *m)
{
	if (!m) {
		return;
	}
	OBJ_END(m, DLV_MSG_MAGIC);
	free(m);
}

bool dlv_of_sme(const struct dlv_msg *m)
{
	return m->text.sme.system_id;
}

bool dlv_to_sme(const struct dlv_msg *m)
{
	return m->text.sme.kind == DLV_KIND_TO_SME;
}

bool dlv_is_septets(const struct dlv_text *t)
{
	return t->sme.system_id && !t->sme.trigger && sms_alphabet(t->sme.dcs) == SMS_ALPHABET_DEFAULT;
}

uint64_t dlv_room(const struct dlv_msg *m)
{
	const uint64_t fixed = 512, unit = m->text.payload_len < 512 ? 1024 : 4096;
	uint64_t n = fixed + m->text.payload_len + m->text.sme.header_len + m->text.sme.told_len;

	return (n + unit - 1) / unit * unit;
}

static void put_bytes(struct buf *out, const void *p, size_t len)
{
	buf_le16(out, (uint16_t)len);
	buf_bytes(out, p, len);
}

static void put_text(struct buf *out, const char *s)
{
	put_bytes(out, s, text_size(s)); /* NUL and all: it is checked when read */
}

static void put_sme(struct buf *out, const struct dlv_sme *sme)
{
	put_text(out, sme->system_id);
	buf_le64(out, sme->number);
	buf_u8(out, sme->pid);
	buf_u8(out, sme->dcs);
	buf_u8(out, sme->header != NULL);
	put_bytes(out, sme->header, sme->header_len);
	put_bytes(out, sme->told, sme->told_len);
}

static void put_mobile(struct buf *out, const struct dlv_sme *sme)
{
	buf_u8(out, (uint8_t)sme->kind);
	buf_u8(out, sme->sender != NULL);
	buf_u8(out, sme->reference);
	put_text(out, sme->sender);
	put_bytes(out, sme->recipient, sme->recipient_len);
}

/* With its outcome nothing is asked about a trigger any more. */
static uint8_t version_of(const struct dlv_msg *m)
{
	const struct dlv_sme *sme = &m->text.sme;

	if (!sme->system_id) {
		return RECORD_TRIGGER;
	}
	if (sme->trigger) {
		return sme->change.kind == DLV_CHANGE_NONE || m->has_outcome ? RECORD_SME_TRIGGER : RECORD_SME_CHANGE;
	}
	return sme->kind != DLV_KIND_TO_MOBILE || sme->sender || dlv_is_septets(&m->text) ? RECORD_MOBILE : RECORD_SME;
}

static void put_change(struct buf *out, const struct dlv_change *c)
{
	buf_u8(out, c->kind);
	buf_le32(out, c->old);
	buf_le32(out, c->end_to_end);
	buf_le64(out, c->asked_real_ms);
	buf_le16(out, c->part.reference);
	buf_u8(out, c->part.form);
	buf_u8(out, c->part.parts);
	buf_u8(out, c->part.part);
}

void dlv_msg_encode(struct buf *out, const struct dlv_msg *m)
{
	const struct dlv_text *t = &m->text;
	unsigned flags = (t->has_reference ? F_REFERENCE : 0) | (t->has_port ? F_PORT : 0) | (t->priority ? F_PRIORITY : 0) |
			 (m->has_outcome ? F_OUTCOME : 0) | (m->has_diagnostic ? F_DIAGNOSTIC : 0) | (t->msisdn ? F_MSISDN : 0) |
			 (t->external_id ? F_EXTERNAL_ID : 0);

	buf_u8(out, version_of(m));
	buf_u8(out, (uint8_t)flags);
	buf_le32(out, t->reference);
	buf_le16(out, t->port);
	buf_le32(out, t->validity_s);
	buf_le64(out, m->submitted_real_ms);
	buf_le64(out, m->give_up_real_ms);
	buf_u8(out, m->outcome);
	buf_u8(out, m->diagnostic);
	buf_le64(out, m->outcome_real_ms);
	buf_le32(out, m->report_end_to_end);
	put_text(out, t->imsi);
	put_bytes(out, t->smea, t->smea_len);
	put_bytes(out, t->msisdn, t->msisdn_len);
	put_text(out, t->external_id);
	put_text(out, t->iwf_host);
	put_text(out, t->iwf_realm);
	put_text(out, t->via);
	/* TS 23.682 5.3.1: until delivery is confirmed */
	put_bytes(out, t->payload, m->has_outcome ? 0 : t->payload_len);
	if (t->sme.system_id) {
		put_sme(out, &t->sme);
	}
	if (version_of(m) == RECORD_MOBILE) {
		put_mobile(out, &t->sme);
	}
	if (version_of(m) == RECORD_SME_CHANGE) {
		put_change(out, &t->sme.change);
	}
}

static const uint8_t *take_bytes(struct rd *r, size_t *len)
{
	*len = rd_le16(r);
	return rd_take(r, *len);
}

static const char *take_text(struct rd *r)
{
	size_t len;
	const uint8_t *p = take_bytes(r, &len);

	if (p && (len == 0 || memchr(p, 0, len) != p + len - 1)) {
		r->bad = true;
	}
	return (const char *)p;
}

static const char *take_text_if(struct rd *r, bool there)
{
	size_t len;

	if (there) {
		return take_text(r);
	}
	if (take_bytes(r, &len) && len) {
		r->bad = true;
	}
	return NULL;
}

static void take_sme(struct dlv_sme *sme, struct rd *r)
{
	uint8_t header;

	sme->system_id = take_text(r);
	sme->number = rd_le64(r);
	sme->pid = rd_u8(r);
	sme->dcs = rd_u8(r);
	header = rd_u8(r);
	sme->header = take_bytes(r, &sme->header_len);
	if (header > 1 || (!header && sme->header_len) || sme->header_len >= SMS_USER_DATA_MAX) {
		r->bad = true;
	}
	if (!header) {
		sme->header = NULL;
	}
	sme->told = take_bytes(r, &sme->told_len);
	if (sme->told_len > DLV_TOLD_MAX) {
		r->bad = true;
	}
}

static void take_change(struct dlv_change *c, struct rd *r)
{
	c->kind = rd_u8(r);
	c->old = rd_le32(r);
	c->end_to_end = rd_le32(r);
	c->asked_real_ms = rd_le64(r);
	c->part.reference = rd_le16(r);
	c->part.form = rd_u8(r);
	c->part.parts = rd_u8(r);
	c->part.part = rd_u8(r);
	if (c->kind == DLV_CHANGE_NONE || c->kind >= DLV_CHANGES || c->part.form >= DLV_PART_FORMS ||
	    c->part.part > c->part.parts || (c->kind == DLV_CHANGE_PART) != (c->part.part > 0)) {
		r->bad = true;
	}
}

/* The queue of a number that is no device's has '+' in front, where an IMSI has a digit. */
static bool imsi_is_sound(const char *imsi, bool of_sme)
{
	const char *digits = of_sme && *imsi == '+' ? imsi + 1 : imsi;

	return strlen(imsi) <= SMS_IMSI_MAX && !digits[strspn(digits, "0123456789")];
}

static void take_mobile(struct dlv_sme *sme, struct rd *r)
{
	uint8_t kind = rd_u8(r), sender = rd_u8(r);

	sme->kind = (enum dlv_kind)kind;
	sme->reference = rd_u8(r);
	sme->sender = take_text_if(r, sender);
	sme->recipient = take_bytes(r, &sme->recipient_len);
	if (kind >= DLV_KINDS || sender > 1 || sme->recipient_len > SMS_ADDRESS_MAX ||
	    (!r->bad && sme->sender && !imsi_is_sound(sme->sender, false))) {
		r->bad = true;
	}
	if (!sme->sender) {
		sme->recipient = NULL;
		sme->recipient_len = 0;
	}
}

int dlv_msg_decode(struct dlv_msg **out, uint64_t id, const void *p, size_t len)
{
	struct rd r = rd_over(p, len);
	struct dlv_msg head = { .id = id };
	struct dlv_text *t = &head.text;
	struct dlv_msg *m;
	uint8_t version = rd_u8(&r);
	unsigned flags;
	int err;

	if (version < RECORD_TRIGGER || version > RECORD_SME_CHANGE) {
		return ERR_VERSION;
	}
	flags = rd_u8(&r);
	t->has_reference = flags & F_REFERENCE;
	t->has_port = flags & F_PORT;
	t->priority = flags & F_PRIORITY;
	head.has_outcome = flags & F_OUTCOME;
	head.has_diagnostic = flags & F_DIAGNOSTIC;
	t->reference = rd_le32(&r);
	t->port = rd_le16(&r);
	t->validity_s = rd_le32(&r);
	head.submitted_real_ms = rd_le64(&r);
	head.give_up_real_ms = rd_le64(&r);
	head.outcome = rd_u8(&r);
	head.diagnostic = rd_u8(&r);
	head.outcome_real_ms = rd_le64(&r);
	head.report_end_to_end = rd_le32(&r);
	t->imsi = take_text(&r);
	t->smea = take_bytes(&r, &t->smea_len);
	t->msisdn = take_bytes(&r, &t->msisdn_len);
	if (!(flags & F_MSISDN)) {
		t->msisdn = NULL;
	}
	t->external_id = take_text_if(&r, flags & F_EXTERNAL_ID);
	t->iwf_host = take_text(&r);
	t->iwf_realm = take_text(&r);
	t->via = take_text(&r);
	t->payload = take_bytes(&r, &t->payload_len);
	if (version != RECORD_TRIGGER) {
		take_sme(&t->sme, &r);
		t->sme.trigger = version == RECORD_SME_TRIGGER || version == RECORD_SME_CHANGE;
	}
	if (version == RECORD_SME_CHANGE) {
		take_change(&t->sme.change, &r);
	}
	if (version == RECORD_MOBILE) {
		take_mobile(&t->sme, &r);
	}
	if (r.bad || rd_left(&r) || t->smea_len > SMS_ADDRESS_MAX || (!t->msisdn && t->msisdn_len) ||
	    !imsi_is_sound(t->imsi, t->sme.system_id) || t->payload_len > SMS_PAYLOAD_MAX) {
		return ERR_PROTO;
	}
	err = dlv_msg_new(&m, t);
	if (err) {
		return err;
	}
	m->id = id;
	m->submitted_real_ms = head.submitted_real_ms;
	m->give_up_real_ms = head.give_up_real_ms;
	m->has_outcome = head.has_outcome;
	m->has_diagnostic = head.has_diagnostic;
	m->outcome = head.outcome;
	m->diagnostic = head.diagnostic;
	m->outcome_real_ms = head.outcome_real_ms;
	m->report_end_to_end = head.report_end_to_end;
	*out = m;
	return 0;
}
