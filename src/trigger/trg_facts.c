/* trg_facts.c - reads the journal record of a trigger, of each version.
 * Versions 1 to 3: numbers are big-endian, strings u16 length + octets. Version 1 ends with the
 * time of the report, version 2 with get_more(), version 3 with the digest of the DRR.
 * Version 4: see trg_record.c. Version 5 is version 4 with a message id, or of TRG_KIND_UNKNOWN;
 * version 6 with parts. */
#include "trigger/trg_facts.h"

#include <string.h>

#include "trigger/trg_parts.h"

#define VERSION_FIRST 1u
#define VERSION_DRR 3u
#define VERSION_SHORT 4u
#define VERSION_UNKNOWN 5u
#define VERSION_LAST 6u

/* -- versions 1 to 3 */

enum { OLD_HAS_REFERENCE = 0x1, OLD_HAS_PORT = 0x2, OLD_HAS_VALIDITY = 0x4, OLD_HAS_ALL = 0x7 };

static const uint8_t *get_octets(struct rd *r, uint32_t max, uint32_t *len)
{
	const uint8_t *p;

	*len = rd_be16(r);
	p = rd_take(r, *len);
	if (!p || *len > max) {
		r->bad = true;
		*len = 0;
	}
	return p;
}

static const char *get_text(struct rd *r, char *out, size_t cap)
{
	uint32_t len;
	const uint8_t *p = get_octets(r, (uint32_t)cap - 1, &len);

	out[0] = 0;
	if (r->bad || str_copy(out, cap, p, len)) {
		r->bad = true;
	}
	return out;
}

static void get_digest(struct rd *r, uint8_t out[HASH_LEN])
{
	const uint8_t *digest = rd_take(r, HASH_LEN);

	if (digest) {
		memcpy(out, digest, HASH_LEN);
	}
}

static void get_request(struct rd *r, struct trg_facts *f)
{
	struct trg_request *q = &f->req;
	uint8_t has;

	q->scs = get_text(r, f->texts.scs, sizeof f->texts.scs);
	q->scs_e164 = get_text(r, f->texts.scs_e164, sizeof f->texts.scs_e164);
	q->origin_host = get_text(r, f->texts.origin_host, sizeof f->texts.origin_host);
	q->origin_realm = get_text(r, f->texts.origin_realm, sizeof f->texts.origin_realm);
	q->external = get_text(r, f->texts.external, sizeof f->texts.external);
	q->msisdn = get_text(r, f->texts.msisdn, sizeof f->texts.msisdn);
	q->end_to_end = rd_be32(r);
	get_digest(r, q->digest);
	q->action = rd_be32(r);
	q->reference = rd_be32(r);
	q->old_reference = rd_be32(r);
	has = rd_u8(r);
	if (has & ~OLD_HAS_ALL) {
		r->bad = true;
	}
	q->has_old_reference = has & OLD_HAS_REFERENCE;
	q->has_port = has & OLD_HAS_PORT;
	q->has_validity = has & OLD_HAS_VALIDITY;
	q->port = rd_be32(r);
	q->priority = rd_be32(r);
	q->validity_s = rd_be32(r);
	q->received_ms = rd_be64(r);
	q->expires_ms = rd_be64(r);
	q->payload = get_octets(r, TRIGGER_PAYLOAD_MAX, &q->payload_len);
}

static void get_subscriber(struct rd *r, struct trg_facts *f)
{
	f->sub.imsi = get_text(r, f->texts.imsi, sizeof f->texts.imsi);
	f->sub.msisdn = get_text(r, f->texts.sub_msisdn, sizeof f->texts.sub_msisdn);
	f->sub.nodes = get_octets(r, TRG_NODES_LEN_MAX, &f->sub.nodes_len);
}

static bool known(const struct trg_history_packed *e)
{
	return e->from < TRG_STATE_COUNT && e->to < TRG_STATE_COUNT && e->event < TRG_EVENT_COUNT;
}

static void get_history(struct rd *r, struct trg_facts *f)
{
	f->history_n = rd_u8(r);
	f->dropped = rd_be16(r);
	if (f->history_n > TRG_HISTORY_MAX) {
		r->bad = true;
	}
	for (size_t i = 0; i < f->history_n && !r->bad; i++) {
		struct trg_history_packed e = { .after_ms = rd_be32(r) };

		e.from = rd_u8(r);
		e.to = rd_u8(r);
		e.event = rd_u8(r);
		e.reason = rd_u8(r);
		r->bad |= !known(&e);
		f->history[i] = e;
	}
}

static void get_more(struct rd *r, struct trg_facts *f)
{
	f->more = rd_u8(r);
	f->revoke_reason = rd_u8(r);
	f->req.groups = get_text(r, f->texts.groups, sizeof f->texts.groups);
	f->req.groups_not_after_s = rd_be64(r);
	f->accepted_by = get_text(r, f->texts.accepted_by, sizeof f->texts.accepted_by);
	f->submits = rd_be16(r);
	f->recalls = rd_be16(r);
	f->notifies = rd_be16(r);
	get_history(r, f);
	if (f->more & ~TRG_MORE_OLD) {
		r->bad = true;
	}
}

static void read_old(struct rd *r, struct trg_facts *f, uint8_t version)
{
	uint32_t drr_len = 0;

	get_request(r, f);
	get_subscriber(r, f);
	f->dtr = rd_be32(r);
	f->recall = rd_be32(r);
	f->dnr = rd_be32(r);
	f->outcome = rd_be32(r);
	f->reported_ms = rd_be64(r);
	if (version == VERSION_FIRST) {
		f->more = TRG_MORE_GROUPS_UNKNOWN;
	} else {
		get_more(r, f);
	}
	if (version >= VERSION_DRR) {
		f->drr = get_octets(r, HASH_LEN, &drr_len);
	}
	if (drr_len && drr_len != HASH_LEN) {
		r->bad = true;
	}
	if (!drr_len) {
		f->drr = NULL;
	}
}

/* -- versions 4 and 5 */

static const char *short_text(struct rd *r, char *out, size_t cap)
{
	uint8_t len = rd_u8(r);
	const uint8_t *p = rd_take(r, len);

	out[0] = 0;
	if (!p || str_copy(out, cap, p, len)) {
		r->bad = true;
	}
	return out;
}

/* A number of at most `max`. */
static uint64_t number(struct rd *r, uint64_t max)
{
	uint64_t v = rd_var64(r);

	if (v > max) {
		r->bad = true;
		return 0;
	}
	return v;
}

static uint32_t number32(struct rd *r)
{
	return (uint32_t)number(r, UINT32_MAX);
}

static uint16_t number16(struct rd *r)
{
	return (uint16_t)number(r, UINT16_MAX);
}

static const uint8_t *short_octets(struct rd *r, uint32_t max, uint32_t *len)
{
	const uint8_t *p;

	*len = (uint32_t)number(r, max);
	p = rd_take(r, *len);
	if (!p) {
		*len = 0;
	}
	return p;
}

static void read_texts(struct rd *r, struct trg_facts *f)
{
	struct trg_request *q = &f->req;

	q->scs = short_text(r, f->texts.scs, sizeof f->texts.scs);
	q->scs_e164 = short_text(r, f->texts.scs_e164, sizeof f->texts.scs_e164);
	q->origin_host = short_text(r, f->texts.origin_host, sizeof f->texts.origin_host);
	q->origin_realm = short_text(r, f->texts.origin_realm, sizeof f->texts.origin_realm);
	q->external = short_text(r, f->texts.external, sizeof f->texts.external);
	q->msisdn = short_text(r, f->texts.msisdn, sizeof f->texts.msisdn);
	f->sub.imsi = short_text(r, f->texts.imsi, sizeof f->texts.imsi);
	f->sub.msisdn = short_text(r, f->texts.sub_msisdn, sizeof f->texts.sub_msisdn);
	f->accepted_by = short_text(r, f->texts.accepted_by, sizeof f->texts.accepted_by);
	if (f->more & TRG_MORE_SENT_TO) {
		f->sent_to = short_text(r, f->texts.sent_to, sizeof f->texts.sent_to);
		f->sent_host = short_text(r, f->texts.sent_host, sizeof f->texts.sent_host);
	}
	if (f->more & TRG_MORE_MESSAGE_ID) {
		f->message_id = short_text(r, f->texts.message_id, sizeof f->texts.message_id);
		r->bad |= !f->message_id[0];
	}
	if (f->more & TRG_MORE_PARTS) {
		f->parts = trg_parts_pass(r, &f->parts_len);
	}
}

static void read_groups(struct rd *r, struct trg_facts *f)
{
	uint32_t len;
	const uint8_t *p = short_octets(r, TRG_GROUPS_LEN_MAX, &len);

	if (p && str_copy(f->texts.groups, sizeof f->texts.groups, p, len)) {
		r->bad = true;
	}
	f->req.groups = p ? f->texts.groups : "";
	f->req.groups_not_after_s = rd_var64(r);
}

static void read_some(struct rd *r, struct trg_facts *f, uint32_t has)
{
	struct trg_request *q = &f->req;

	q->has_old_reference = has & TRG_HAS_OLD_REFERENCE;
	q->has_port = has & TRG_HAS_PORT;
	q->has_validity = has & TRG_HAS_VALIDITY;
	q->old_reference = q->has_old_reference ? number32(r) : 0;
	q->port = q->has_port ? number32(r) : 0;
	q->validity_s = q->has_validity ? number32(r) : 0;
	q->expires_ms = has & TRG_HAS_EXPIRES ? rd_var64(r) : q->received_ms + 1000ull * q->validity_s;
	if (has & TRG_HAS_GROUPS) {
		read_groups(r, f);
	}
	f->recall = has & TRG_HAS_RECALL ? rd_be32(r) : 0;
	f->dnr = has & TRG_HAS_DNR ? rd_be32(r) : 0;
	if (has & TRG_HAS_REPORT) {
		f->outcome = number32(r);
		f->reported_ms = rd_var64(r);
	}
	f->drr = has & TRG_HAS_DRR ? rd_take(r, HASH_LEN) : NULL;
	f->revoke_reason = has & TRG_HAS_REVOKE_REASON ? rd_u8(r) : 0;
	if (has & TRG_HAS_WHOLE) {
		q->payload = short_octets(r, TRIGGER_PAYLOAD_MAX, &q->payload_len);
		f->sub.nodes = short_octets(r, TRG_NODES_LEN_MAX, &f->sub.nodes_len);
	}
}

static void read_history(struct rd *r, struct trg_facts *f)
{
	struct trg_history_packed before = { 0 };

	f->history_n = (size_t)number(r, TRG_HISTORY_MAX);
	f->dropped = number16(r);
	for (size_t i = 0; i < f->history_n && !r->bad; i++) {
		before = trg_history_get(r, &before);
		r->bad |= !known(&before);
		f->history[i] = before;
	}
}

static uint64_t known_flags_of(uint8_t version)
{
	return version == VERSION_SHORT ? TRG_MORE_V4 : version == VERSION_UNKNOWN ? TRG_MORE_V5 : TRG_MORE_ALL;
}

static void read_short(struct rd *r, struct trg_facts *f, uint8_t version)
{
	uint64_t flags = rd_var64(r), known_flags = known_flags_of(version);

	if (flags >> TRG_HAS_BITS & ~known_flags) {
		r->bad = true;
	}
	f->more = (uint32_t)(flags >> TRG_HAS_BITS);
	read_texts(r, f);
	f->req.end_to_end = rd_be32(r);
	f->dtr = rd_be32(r);
	get_digest(r, f->req.digest);
	f->req.action = number32(r);
	f->req.reference = number32(r);
	f->req.priority = number32(r);
	f->req.received_ms = rd_var64(r);
	read_some(r, f, flags & TRG_HAS_ALL);
	f->submits = number16(r);
	f->recalls = number16(r);
	f->notifies = number16(r);
	read_history(r, f);
}

/* -- any of them */

static uint8_t last_kind(uint8_t version)
{
	return version == VERSION_FIRST ? TRG_KIND_REPORT : version < VERSION_UNKNOWN ? TRG_KIND_REVOKING : TRG_KIND_UNKNOWN;
}

int trg_facts_read(struct trg_facts *f, const void *record, size_t len)
{
	struct rd r = rd_over(record, len);
	uint8_t version = rd_u8(&r), kind = rd_u8(&r);

	if (!r.bad && (version < VERSION_FIRST || version > VERSION_LAST)) {
		return ERR_VERSION;
	}
	memset(f, 0, offsetof(struct trg_facts, history));
	f->drr = f->parts = NULL;
	f->accepted_by = f->sent_to = f->sent_host = f->message_id = f->req.groups = "";
	f->req.payload = f->sub.nodes = (const uint8_t *)"";
	if (version >= VERSION_SHORT) {
		read_short(&r, f, version);
	} else {
		read_old(&r, f, version);
	}
	if (r.bad || rd_left(&r) || kind < TRG_KIND_INTENT || kind > last_kind(version)) {
		return ERR_PROTO;
	}
	f->kind = (enum trg_kind)kind;
	f->req.groups_unknown = f->more & TRG_MORE_GROUPS_UNKNOWN;
	return 0;
}
