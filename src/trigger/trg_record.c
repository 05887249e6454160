/* trg_record.c - the journal record of a trigger.
 * The kind of a record follows from its facts, never from the present state: reported, answered,
 * or undecided.
 * Numbers are big-endian, strings u16 length + octets.
 * Version 1 ends with the time of the report, version 2 with put_more(), version 3 with
 * put_drr(). */
#include <stdlib.h>
#include <string.h>

#include "apps/tsp.h"
#include "trigger/trg_int.h"

#define VERSION_FIRST 1u
#define VERSION_DRR 3u
#define VERSION 3u

enum kind { KIND_INTENT = 1, KIND_ACCEPTED = 2, KIND_RECALLING = 3, KIND_REPORT = 4, KIND_REVOKING = 5 /* since version 2 */ };

enum { HAS_OLD_REFERENCE = 0x1, HAS_PORT = 0x2, HAS_VALIDITY = 0x4, HAS_ALL = 0x7 };
enum {
	MORE_AS_NEW = 0x1,
	MORE_REVOKED = 0x2,
	MORE_GROUPS_UNKNOWN = 0x4,
	MORE_UNWANTED = 0x8, /* undecided, and to be recalled */
	MORE_TOLD_201 = 0x10,
	MORE_TOLD_112 = 0x20, /* a replace that became a new trigger; since version 3 */
	MORE_REFUSED = 0x40,  /* in KIND_RECALLING: nothing to recall; since version 3 */
	MORE_ALL = 0x7f
};

static enum kind kind_of(const struct trg *t)
{
	if (t->refused) {
		return KIND_RECALLING;
	}
	if (t->has_outcome) {
		return KIND_REPORT;
	}
	if (t->gave_up) {
		return KIND_RECALLING;
	}
	if (t->revoking) {
		return KIND_REVOKING;
	}
	return t->answered ? KIND_ACCEPTED : KIND_INTENT;
}

/* True if the answer has this status, or will have it when this record is durable. */
static bool answered_with(const struct trg *t, uint32_t status)
{
	return (t->answered || t->revoking) && t->answer_status == status;
}

static void put_octets(struct buf *b, const void *p, size_t len)
{
	buf_be16(b, (uint16_t)len); /* the request's lengths were checked when the trigger was created */
	buf_bytes(b, p, len);
}

static void put_text(struct buf *b, const char *text)
{
	put_octets(b, text, strlen(text));
}

static void put_request(struct buf *b, const struct trg_request *r, bool with_payload)
{
	put_text(b, r->scs);
	put_text(b, r->scs_e164);
	put_text(b, r->origin_host);
	put_text(b, r->origin_realm);
	put_text(b, r->external);
	put_text(b, r->msisdn);
	buf_be32(b, r->end_to_end);
	buf_bytes(b, r->digest, HASH_LEN);
	buf_be32(b, r->action);
	buf_be32(b, r->reference);
	buf_be32(b, r->old_reference);
	buf_u8(b, (uint8_t)((r->has_old_reference ? HAS_OLD_REFERENCE : 0) | (r->has_port ? HAS_PORT : 0) |
			    (r->has_validity ? HAS_VALIDITY : 0)));
	buf_be32(b, r->port);
	buf_be32(b, r->priority);
	buf_be32(b, r->validity_s);
	buf_be64(b, r->received_ms);
	buf_be64(b, r->expires_ms);
	put_octets(b, r->payload, with_payload ? r->payload_len : 0);
}

static void put_history(struct buf *b, const struct trg_history *p)
{
	buf_u8(b, p ? p->n : 0);
	buf_be16(b, p ? p->dropped : 0);
	for (size_t i = 0; p && i < p->n; i++) {
		buf_be32(b, p->entries[i].after_ms);
		buf_u8(b, p->entries[i].from);
		buf_u8(b, p->entries[i].to);
		buf_u8(b, p->entries[i].event);
		buf_u8(b, p->entries[i].reason);
	}
}

static void put_more(struct buf *b, const struct trg *t)
{
	buf_u8(b, (uint8_t)((t->as_new ? MORE_AS_NEW : 0) | (t->revoked ? MORE_REVOKED : 0) |
			    (t->req.groups_unknown ? MORE_GROUPS_UNKNOWN : 0) | (t->revoke_due ? MORE_UNWANTED : 0) |
			    (t->refused ? MORE_REFUSED : 0) | (answered_with(t, TSP_STATUS_TEMPORARYERROR) ? MORE_TOLD_201 : 0) |
			    (answered_with(t, TSP_STATUS_ORIGINALMESSAGESENT) ? MORE_TOLD_112 : 0)));
	buf_u8(b, (uint8_t)t->revoke_reason);
	put_text(b, t->req.groups);
	buf_be64(b, t->req.groups_not_after_s);
	put_text(b, t->accepted_by ? t->accepted_by : "");
	buf_be16(b, t->submits);
	buf_be16(b, t->recalls);
	buf_be16(b, t->notifies);
	put_history(b, t->history);
}

static void put_drr(struct buf *b, const struct trg *t)
{
	put_octets(b, t->drr ? t->drr : (const uint8_t *)"", t->drr ? HASH_LEN : 0);
}

void trg_record_build(struct buf *out, const struct trg *t)
{
	enum kind kind = kind_of(t);
	bool whole = kind == KIND_INTENT; /* only a DTR needs the payload and the nodes */

	buf_u8(out, VERSION);
	buf_u8(out, (uint8_t)kind);
	put_request(out, &t->req, whole);
	put_text(out, t->sub.imsi);
	put_text(out, t->sub.msisdn);
	put_octets(out, t->sub.nodes, whole ? t->sub.nodes_len : 0);
	buf_be32(out, t->dtr_end_to_end);
	buf_be32(out, t->recall_end_to_end);
	buf_be32(out, t->dnr_end_to_end);
	buf_be32(out, t->outcome);
	buf_be64(out, t->reported_ms);
	put_more(out, t);
	put_drr(out, t);
}

struct texts { /* NUL-terminated copies of a record's strings */
	char scs[IDENT_SCS_MAX + 1], scs_e164[STR_DIGITS_MAX + 1];
	char origin_host[IDENT_HOST_MAX + 1], origin_realm[IDENT_HOST_MAX + 1];
	char external[IDENT_EXTERNAL_MAX + 1], msisdn[IDENT_MSISDN_MAX + 1];
	char imsi[STR_DIGITS_MAX + 1], sub_msisdn[STR_DIGITS_MAX + 1];
	char groups[TRG_GROUPS_LEN_MAX + 1], accepted_by[IDENT_HOST_MAX + 1];
};

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

static void get_request(struct rd *r, struct trg_request *q, struct texts *x)
{
	const uint8_t *digest;
	uint8_t has;

	q->scs = get_text(r, x->scs, sizeof x->scs);
	q->scs_e164 = get_text(r, x->scs_e164, sizeof x->scs_e164);
	q->origin_host = get_text(r, x->origin_host, sizeof x->origin_host);
	q->origin_realm = get_text(r, x->origin_realm, sizeof x->origin_realm);
	q->external = get_text(r, x->external, sizeof x->external);
	q->msisdn = get_text(r, x->msisdn, sizeof x->msisdn);
	q->end_to_end = rd_be32(r);
	digest = rd_take(r, HASH_LEN);
	if (digest) {
		memcpy(q->digest, digest, HASH_LEN);
	}
	q->action = rd_be32(r);
	q->reference = rd_be32(r);
	q->old_reference = rd_be32(r);
	has = rd_u8(r);
	if (has & ~HAS_ALL) {
		r->bad = true;
	}
	q->has_old_reference = has & HAS_OLD_REFERENCE;
	q->has_port = has & HAS_PORT;
	q->has_validity = has & HAS_VALIDITY;
	q->port = rd_be32(r);
	q->priority = rd_be32(r);
	q->validity_s = rd_be32(r);
	q->received_ms = rd_be64(r);
	q->expires_ms = rd_be64(r);
	q->payload = get_octets(r, TRIGGER_PAYLOAD_MAX, &q->payload_len);
}

static void get_subscriber(struct rd *r, struct trg_subscriber *s, struct texts *x)
{
	s->imsi = get_text(r, x->imsi, sizeof x->imsi);
	s->msisdn = get_text(r, x->sub_msisdn, sizeof x->sub_msisdn);
	s->nodes = get_octets(r, TRG_NODES_LEN_MAX, &s->nodes_len);
}

struct more { /* since version 2 */
	uint8_t flags, revoke_reason;
	uint16_t submits, recalls, notifies, dropped;
	uint8_t past_n;
	struct trg_history_packed history[TRG_HISTORY_MAX];
};

static void get_past(struct rd *r, struct more *m)
{
	m->past_n = rd_u8(r);
	m->dropped = rd_be16(r);
	if (m->past_n > TRG_HISTORY_MAX) {
		r->bad = true;
	}
	for (size_t i = 0; i < m->past_n && !r->bad; i++) {
		struct trg_history_packed e = { .after_ms = rd_be32(r) };

		e.from = rd_u8(r);
		e.to = rd_u8(r);
		e.event = rd_u8(r);
		e.reason = rd_u8(r);
		if (e.from >= TRG_STATE_COUNT || e.to >= TRG_STATE_COUNT || e.event >= TRG_EVENT_COUNT) {
			r->bad = true;
		}
		m->history[i] = e;
	}
}

static void get_more(struct rd *r, struct trg_request *q, struct more *m, struct texts *x)
{
	m->flags = rd_u8(r);
	m->revoke_reason = rd_u8(r);
	q->groups = get_text(r, x->groups, sizeof x->groups);
	q->groups_not_after_s = rd_be64(r);
	(void)get_text(r, x->accepted_by, sizeof x->accepted_by);
	m->submits = rd_be16(r);
	m->recalls = rd_be16(r);
	m->notifies = rd_be16(r);
	get_past(r, m);
	if (m->flags & ~MORE_ALL) {
		r->bad = true;
	}
	q->groups_unknown = m->flags & MORE_GROUPS_UNKNOWN;
}

/* Sets the state of a record. Messages that may have been sent count as sent. */
static void take_kind(struct trg *t, enum kind kind)
{
	static const enum trg_state states[] = { [KIND_INTENT] = TRG_RESUMING,
						 [KIND_ACCEPTED] = TRG_ACCEPTED,
						 [KIND_RECALLING] = TRG_RECALLING,
						 [KIND_REPORT] = TRG_BACKOFF,
						 [KIND_REVOKING] = TRG_REVOKING };

	trg_set_restored(t, states[kind]);
	t->stored = true;
	t->again = true;
	t->answered = kind != KIND_INTENT;
	t->answer_status = kind == KIND_RECALLING ? TSP_STATUS_TEMPORARYERROR : TSP_STATUS_SUCCESS;
	t->has_outcome = kind == KIND_REPORT;
	t->revoking = kind == KIND_REVOKING;
	t->resumed = kind == KIND_INTENT;
	t->gave_up = kind == KIND_RECALLING;
	t->may_report = t->req.action != TSP_ACTION_RECALL;
}

static void take_more(struct trg *t, const struct more *m, const char *accepted_by)
{
	t->as_new = m->flags & MORE_AS_NEW;
	t->refused = t->gave_up && (m->flags & MORE_REFUSED);
	if (t->refused) {
		trg_set_restored(t, TRG_REFUSING);
		t->may_report = false;
	}
	t->revoked = m->flags & MORE_REVOKED;
	t->revoke_due = m->flags & MORE_UNWANTED;
	if (t->answered && (m->flags & MORE_TOLD_201)) {
		t->answer_status = TSP_STATUS_TEMPORARYERROR;
	} else if (t->answered && (m->flags & MORE_TOLD_112)) {
		t->answer_status = TSP_STATUS_ORIGINALMESSAGESENT;
	}
	t->accepted = t->answered && t->answer_status != TSP_STATUS_TEMPORARYERROR && t->req.action != TSP_ACTION_RECALL;
	t->revoke_reason = m->revoke_reason;
	t->accepted_by = trg_names_keep(t->conf->smssc_hosts, accepted_by);
	t->submits = m->submits;
	t->recalls = m->recalls;
	t->notifies = m->notifies;
	for (size_t i = 0; i < m->past_n; i++) {
		trg_history_add(t, &m->history[i]);
	}
	if (t->history) {
		t->history->dropped = m->dropped;
	}
	t->taken_ms = trg_history_taken(t);
}

struct parsed {
	enum kind kind;
	struct trg_request req;
	struct trg_subscriber sub;
	uint32_t dtr, recall, dnr, outcome;
	uint64_t reported_ms;
	struct more more;
	const uint8_t *drr;
	uint32_t drr_len; /* 0 or HASH_LEN */
	struct texts texts;
};

static int parse(struct parsed *p, const void *record, size_t len)
{
	struct rd r = rd_over(record, len);
	uint8_t version = rd_u8(&r), k = rd_u8(&r);

	if (!r.bad && (version < VERSION_FIRST || version > VERSION)) {
		return ERR_VERSION;
	}
	get_request(&r, &p->req, &p->texts);
	get_subscriber(&r, &p->sub, &p->texts);
	p->dtr = rd_be32(&r);
	p->recall = rd_be32(&r);
	p->dnr = rd_be32(&r);
	p->outcome = rd_be32(&r);
	p->reported_ms = rd_be64(&r);
	if (version == VERSION_FIRST) {
		p->req.groups_unknown = true;
	} else {
		get_more(&r, &p->req, &p->more, &p->texts);
	}
	if (version >= VERSION_DRR) {
		p->drr = get_octets(&r, HASH_LEN, &p->drr_len);
	}
	if (p->drr_len && p->drr_len != HASH_LEN) {
		r.bad = true;
	}
	if (r.bad || rd_left(&r) || k < KIND_INTENT || k > (version == VERSION_FIRST ? KIND_REPORT : KIND_REVOKING)) {
		return ERR_PROTO;
	}
	p->kind = (enum kind)k;
	return 0;
}

static int take_drr(struct trg *t, const struct parsed *p)
{
	if (!p->drr_len) {
		return 0;
	}
	t->drr = malloc(HASH_LEN);
	if (!t->drr) {
		return ERR_NOMEM;
	}
	memcpy(t->drr, p->drr, HASH_LEN);
	return 0;
}

int trg_restore(struct trg **out, uint64_t number, const void *record, size_t len, const struct trg_conf *conf,
		const struct trg_ports *ports, void *arg)
{
	struct parsed p = { .kind = KIND_INTENT };
	struct trg *t;
	int err = parse(&p, record, len);

	if (err) {
		return err;
	}
	err = trg_new(&t, number, &p.req, conf, ports, arg);
	if (err) {
		return err == ERR_NOMEM ? err : ERR_PROTO;
	}
	err = trg_set_subscriber(t, &p.sub);
	if (!err) {
		err = take_drr(t, &p);
	}
	if (err) {
		trg_free(t);
		return err == ERR_NOMEM ? err : ERR_PROTO;
	}
	t->dtr_end_to_end = p.dtr;
	t->recall_end_to_end = p.recall;
	t->dnr_end_to_end = p.dnr;
	t->outcome = p.outcome;
	t->reported_ms = p.reported_ms;
	take_kind(t, p.kind);
	take_more(t, &p.more, p.texts.accepted_by);
	*out = t;
	return 0;
}
