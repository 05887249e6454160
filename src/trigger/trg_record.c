/* trg_record.c - the journal record of a trigger.
 * The kind of a record follows from its facts, never from the present state: reported, answered,
 * or undecided.
 * Version 4 writes each number in as few octets as it takes (buf_var64), texts as u8 length +
 * octets:
 *   version, kind, flags (TRG_HAS_, above them TRG_MORE_)
 *   the texts of the SCS, the device, the SMS-SC, while undecided the peer of the DTR, the message
 *   id; the parts
 *   two identifiers of four octets each, the digest of the request, its numbers
 *   what the flags TRG_HAS_ name, in their order
 *   how often each message was sent, the history (trg_history_put)
 * Only a DTR needs the payload and the serving nodes: the record of an accepted trigger is the
 * shorter by them. Earlier versions are still read (trg_facts.c). */
#include <stdlib.h>
#include <string.h>

#include "apps/tsp.h"
#include "trigger/trg_facts.h"
#include "trigger/trg_park.h"
#include "trigger/trg_parts.h"

#define VERSION 4u
#define VERSION_NEWER 5u /* with a message id, or unknown: a program of before must not read over it */
#define VERSION_PARTS 6u /* with parts: likewise */

_Static_assert(IDENT_HOST_MAX <= UINT8_MAX && IDENT_EXTERNAL_MAX <= UINT8_MAX, "the length of a text is an octet");

static enum trg_kind kind_of(const struct trg *t)
{
	if (t->refused) {
		return TRG_KIND_RECALLING;
	}
	if (t->has_outcome) {
		return TRG_KIND_REPORT;
	}
	if (t->gave_up) {
		return TRG_KIND_RECALLING;
	}
	if (t->held) {
		return TRG_KIND_UNKNOWN;
	}
	if (t->revoking) {
		return TRG_KIND_REVOKING;
	}
	return t->answered || t->taken ? TRG_KIND_ACCEPTED : TRG_KIND_INTENT;
}

/* True if the answer has this status, or will have it when this record is durable. */
static bool answered_with(const struct trg *t, uint32_t status)
{
	return (t->answered || t->revoking || t->held) && t->answer_status == status;
}

/* Until the SMS-SC has answered, only the peer that its DTR went to may get a copy of it. */
static bool says_sent_to(const struct trg *t, enum trg_kind kind)
{
	return t->sent_to && kind != TRG_KIND_ACCEPTED && kind != TRG_KIND_REPORT;
}

/* The outcome has been decided: its receipts count no more. */
static bool says_parts(const struct trg *t, enum trg_kind kind)
{
	return t->parts && kind != TRG_KIND_REPORT;
}

static uint32_t more_of(const struct trg *t, enum trg_kind kind)
{
	return (t->message_id ? TRG_MORE_MESSAGE_ID : 0u) | (says_parts(t, kind) ? TRG_MORE_PARTS : 0u) |
	       (says_sent_to(t, kind) ? TRG_MORE_SENT_TO : 0u) | (t->as_new ? TRG_MORE_AS_NEW : 0u) |
	       (t->revoked ? TRG_MORE_REVOKED : 0u) | (t->req.groups_unknown ? TRG_MORE_GROUPS_UNKNOWN : 0u) |
	       (t->revoke_due ? TRG_MORE_UNWANTED : 0u) | (t->refused ? TRG_MORE_REFUSED : 0u) |
	       (answered_with(t, TSP_STATUS_TEMPORARYERROR) ? TRG_MORE_TOLD_201 : 0u) |
	       (answered_with(t, TSP_STATUS_ORIGINALMESSAGESENT) ? TRG_MORE_TOLD_112 : 0u);
}

static uint32_t has_of(const struct trg *t, bool whole)
{
	const struct trg_request *q = &t->req;
	bool sum = q->expires_ms == q->received_ms + (q->has_validity ? 1000ull * q->validity_s : 0);

	return (q->has_old_reference ? TRG_HAS_OLD_REFERENCE : 0u) | (q->has_port ? TRG_HAS_PORT : 0u) |
	       (q->has_validity ? TRG_HAS_VALIDITY : 0u) | (sum ? 0u : TRG_HAS_EXPIRES) |
	       (q->groups[0] || q->groups_not_after_s ? TRG_HAS_GROUPS : 0u) | (t->recall_end_to_end ? TRG_HAS_RECALL : 0u) |
	       (t->dnr_end_to_end ? TRG_HAS_DNR : 0u) | (t->outcome || t->reported_ms ? TRG_HAS_REPORT : 0u) |
	       (t->drr && t->has_outcome ? TRG_HAS_DRR : 0u) | (t->revoke_reason ? TRG_HAS_REVOKE_REASON : 0u) |
	       (whole ? TRG_HAS_WHOLE : 0u);
}

static void put_text(struct buf *b, const char *text)
{
	size_t len = strlen(text); /* checked when the trigger was created */
	uint8_t *p = buf_take(b, 1 + len);

	if (p) {
		p[0] = (uint8_t)len;
		memcpy(p + 1, text, len);
	}
}

static void put_octets(struct buf *b, const void *p, size_t len)
{
	buf_var64(b, len);
	buf_bytes(b, p, len);
}

static void put_party(struct buf *b, const struct trg *t)
{
	if (t->party) {
		buf_bytes(b, t->party->packed, t->party->packed_len);
		return;
	}
	put_text(b, t->req.scs);
	put_text(b, t->req.scs_e164);
	put_text(b, t->req.origin_host);
	put_text(b, t->req.origin_realm);
}

static void put_texts(struct buf *b, const struct trg *t, enum trg_kind kind)
{
	put_party(b, t);
	put_text(b, t->req.external);
	put_text(b, t->req.msisdn);
	put_text(b, t->sub.imsi);
	put_text(b, t->sub.msisdn);
	put_text(b, t->accepted_by ? t->accepted_by : "");
	if (says_sent_to(t, kind)) {
		put_text(b, t->sent_to);
		put_text(b, t->sent_host ? t->sent_host : "");
	}
	if (t->message_id) {
		put_text(b, t->message_id);
	}
	if (says_parts(t, kind)) {
		trg_parts_put(b, t->parts);
	}
}

static void put_some(struct buf *b, const struct trg *t, uint32_t has)
{
	const struct trg_request *q = &t->req;

	if (has & TRG_HAS_OLD_REFERENCE) {
		buf_var64(b, q->old_reference);
	}
	if (has & TRG_HAS_PORT) {
		buf_var64(b, q->port);
	}
	if (has & TRG_HAS_VALIDITY) {
		buf_var64(b, q->validity_s);
	}
	if (has & TRG_HAS_EXPIRES) {
		buf_var64(b, q->expires_ms);
	}
	if (has & TRG_HAS_GROUPS) {
		put_octets(b, q->groups, strlen(q->groups));
		buf_var64(b, q->groups_not_after_s);
	}
	if (has & TRG_HAS_RECALL) {
		buf_be32(b, t->recall_end_to_end);
	}
	if (has & TRG_HAS_DNR) {
		buf_be32(b, t->dnr_end_to_end);
	}
	if (has & TRG_HAS_REPORT) {
		buf_var64(b, t->outcome);
		buf_var64(b, t->reported_ms);
	}
	if (has & TRG_HAS_DRR) {
		buf_bytes(b, t->drr, HASH_LEN);
	}
	if (has & TRG_HAS_REVOKE_REASON) {
		buf_u8(b, (uint8_t)t->revoke_reason);
	}
	if (has & TRG_HAS_WHOLE) {
		put_octets(b, q->payload, q->payload_len);
		put_octets(b, t->sub.nodes, t->sub.nodes_len);
	}
}

/* Also of a history that names the state, which a program of before cannot read. */
static bool is_newer(const struct trg *t)
{
	bool newer = t->message_id || t->held;

	for (uint8_t i = 0; t->history && i < t->history->n && !newer; i++) {
		newer = t->history->entries[i].to == TRG_UNKNOWN || t->history->entries[i].from == TRG_UNKNOWN;
	}
	return newer;
}

void trg_record_build(struct buf *out, const struct trg *t)
{
	enum trg_kind kind = kind_of(t);
	uint32_t has = has_of(t, kind == TRG_KIND_INTENT);

	buf_u8(out, says_parts(t, kind) ? VERSION_PARTS : is_newer(t) ? VERSION_NEWER : VERSION);
	buf_u8(out, (uint8_t)kind);
	buf_var64(out, has | more_of(t, kind) << TRG_HAS_BITS);
	put_texts(out, t, kind);
	buf_be32(out, t->req.end_to_end);
	buf_be32(out, t->dtr_end_to_end);
	buf_bytes(out, t->req.digest, HASH_LEN);
	buf_var64(out, t->req.action);
	buf_var64(out, t->req.reference);
	buf_var64(out, t->req.priority);
	buf_var64(out, t->req.received_ms);
	put_some(out, t, has);
	buf_var64(out, t->submits);
	buf_var64(out, t->recalls);
	buf_var64(out, t->notifies);
	buf_var64(out, t->history ? t->history->n : 0);
	buf_var64(out, t->history ? t->history->dropped : 0);
	trg_history_put(out, t->history);
}

/* -- the trigger of a record */

/* Sets the state of a record. Messages that may have been sent count as sent. */
static enum trg_state take_kind(struct trg *t, const struct trg_facts *f)
{
	static const enum trg_state states[] = {
		[TRG_KIND_INTENT] = TRG_RESUMING, [TRG_KIND_ACCEPTED] = TRG_ACCEPTED, [TRG_KIND_RECALLING] = TRG_RECALLING,
		[TRG_KIND_REPORT] = TRG_BACKOFF,  [TRG_KIND_REVOKING] = TRG_REVOKING, [TRG_KIND_UNKNOWN] = TRG_UNKNOWN
	};

	t->stored = true;
	t->again = true;
	t->answered = f->kind != TRG_KIND_INTENT;
	t->answer_status =
	    f->kind == TRG_KIND_RECALLING || f->kind == TRG_KIND_UNKNOWN ? TSP_STATUS_TEMPORARYERROR : TSP_STATUS_SUCCESS;
	t->has_outcome = f->kind == TRG_KIND_REPORT;
	t->revoking = f->kind == TRG_KIND_REVOKING;
	t->held = f->kind == TRG_KIND_UNKNOWN;
	t->resumed = f->kind == TRG_KIND_INTENT;
	t->gave_up = f->kind == TRG_KIND_RECALLING;
	t->refused = t->gave_up && (f->more & TRG_MORE_REFUSED);
	t->may_report = t->req.action != TSP_ACTION_RECALL && !t->refused;
	return t->refused ? TRG_REFUSING : states[f->kind];
}

static void take_more(struct trg *t, const struct trg_facts *f)
{
	t->dtr_end_to_end = f->dtr;
	t->recall_end_to_end = f->recall;
	t->dnr_end_to_end = f->dnr;
	t->outcome = f->outcome;
	t->reported_ms = f->reported_ms;
	t->as_new = f->more & TRG_MORE_AS_NEW;
	t->revoked = f->more & TRG_MORE_REVOKED;
	t->revoke_due = f->more & TRG_MORE_UNWANTED;
	if (t->answered && (f->more & TRG_MORE_TOLD_201)) {
		t->answer_status = TSP_STATUS_TEMPORARYERROR;
	} else if (t->answered && (f->more & TRG_MORE_TOLD_112)) {
		t->answer_status = TSP_STATUS_ORIGINALMESSAGESENT;
	}
	t->accepted = t->answered && t->answer_status != TSP_STATUS_TEMPORARYERROR && t->req.action != TSP_ACTION_RECALL;
	t->revoke_reason = f->revoke_reason;
	t->accepted_by = trg_names_keep(t->conf->smssc_hosts, f->accepted_by);
	trg_set_sent_to(t, f->sent_to, f->sent_host);
	t->submits = f->submits;
	t->recalls = f->recalls;
	t->notifies = f->notifies;
	t->taken_ms = trg_history_taken(t);
}

static void take_history(struct trg *t, const struct trg_facts *f)
{
	for (size_t i = 0; i < f->history_n; i++) {
		trg_history_add(t, &f->history[i]);
	}
	if (t->history) {
		t->history->dropped = f->dropped;
	}
}

static int take_drr(struct trg *t, const struct trg_facts *f)
{
	if (!f->drr) {
		return 0;
	}
	t->drr = trg_room_take(t, HASH_LEN);
	if (!t->drr) {
		return ERR_NOMEM;
	}
	memcpy(t->drr, f->drr, HASH_LEN);
	return 0;
}

/* A history on the stack. */
union history_room {
	struct trg_history head;
	uint8_t octets[offsetof(struct trg_history, entries) + TRG_HISTORY_MAX * sizeof(struct trg_history_packed)];
};

static void borrow_history(struct trg *t, union history_room *room, const struct trg_facts *f)
{
	if (!f->history_n) {
		return;
	}
	room->head = (struct trg_history){ .n = (uint8_t)f->history_n, .cap = TRG_HISTORY_MAX, .dropped = f->dropped };
	memcpy(room->head.entries, f->history, f->history_n * sizeof f->history[0]);
	t->history = &room->head;
}

union parts_room {
	struct trg_parts head;
	uint8_t octets[sizeof(struct trg_parts) + TRG_PARTS_MAX * sizeof(struct trg_part)];
};

static void borrow_parts(struct trg *t, union parts_room *room, const struct trg_facts *f)
{
	if (f->parts) {
		trg_parts_read(&room->head, f->parts, f->parts_len);
		t->parts = &room->head;
	}
}

int trg_read(uint64_t number, const void *record, size_t len, const struct trg_conf *conf, trg_read_fn *fn, void *arg)
{
	struct trg t = { .number = number, .conf = conf, .own_outcome = TRG_NO_OUTCOME };
	union history_room room;
	union parts_room parts;
	struct trg_facts f;
	int err = trg_facts_read(&f, record, len);

	if (err) {
		return err;
	}
	if (!trg_request_whole(&f.req)) {
		return ERR_PROTO;
	}
	t.party = conf->parties ? trg_party_keep(conf->parties, &f.req) : NULL;
	t.req = f.req;
	t.sub = f.sub;
	t.drr = (uint8_t *)(uintptr_t)f.drr; /* read only */
	t.message_id = f.message_id[0] ? f.texts.message_id : NULL;
	borrow_history(&t, &room, &f);
	borrow_parts(&t, &parts, &f);
	t.state = take_kind(&t, &f);
	take_more(&t, &f);
	t.armed_ms = trg_report_deadline(&t);
	return fn(arg, &t);
}

int trg_restore(struct trg **out, uint64_t number, const void *record, size_t len, const struct trg_conf *conf,
		const struct trg_ports *ports, void *arg)
{
	struct trg_facts f;
	struct trg *t;
	int err = trg_facts_read(&f, record, len);

	if (err) {
		return err;
	}
	err = trg_new(&t, number, &f.req, conf, ports, arg);
	if (err) {
		return err == ERR_NOMEM ? err : ERR_PROTO;
	}
	err = trg_set_subscriber(t, &f.sub);
	if (!err) {
		err = take_drr(t, &f);
	}
	if (!err && f.message_id[0]) {
		err = trg_set_message_id(t, f.message_id, false);
	}
	if (!err && f.parts) {
		err = trg_parts_take(t, f.parts, f.parts_len);
	}
	if (err) {
		trg_free(t);
		return err == ERR_NOMEM ? err : ERR_PROTO;
	}
	trg_set_restored(t, take_kind(t, &f));
	take_history(t, &f);
	take_more(t, &f);
	*out = t;
	return 0;
}
