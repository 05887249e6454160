/* trg_park.c - numbers as they are, then the texts and the history without gaps. */
#include "trigger/trg_park.h"

#include <stdalign.h>
#include <string.h>

#include "apps/tsp.h"
#include "trigger/trg_int.h"
#include "trigger/trg_parts.h"

enum {
	HAS_OLD_REFERENCE = 0x1,
	HAS_PORT = 0x2,
	HAS_VALIDITY = 0x4,
	GROUPS_UNKNOWN = 0x8,
	ACCEPTED = 0x10,
	MAY_REPORT = 0x20,
	STORED = 0x40,
	AS_NEW = 0x80,
	REVOKED = 0x100,
	RESUMED = 0x200,
	AGAIN = 0x400,
	OVERDUE = 0x800
};

struct trg_parked {
	uint64_t number, received_ms, taken_ms;
	const struct trg_party *party;
	const char *accepted_by;
	uint32_t end_to_end, reference, old_reference, validity_s, dtr_end_to_end;
	uint16_t port, submits, recalls, history_dropped, history_len, parts_len, flags;
	uint8_t digest[HASH_LEN];
	uint8_t action, priority, answer_status, revoke_reason, history_n;
	uint8_t external_len, msisdn_len, imsi_len, sub_msisdn_len, message_id_len;
	uint8_t octets[]; /* external, msisdn, imsi and msisdn of the HSS, message id, parts, history */
};

_Static_assert(alignof(struct trg_parked) <= alignof(uint64_t), "as the header says");
_Static_assert(IDENT_EXTERNAL_MAX <= UINT8_MAX && IDENT_MSISDN_MAX <= UINT8_MAX && STR_DIGITS_MAX <= UINT8_MAX,
	       "a length is an octet");

/* -- the history */

static void get_history(struct trg *t, struct rd *r, const struct trg_parked *p)
{
	struct trg_history_packed e = { 0 };

	for (size_t i = 0; i < p->history_n; i++) {
		e = trg_history_get(r, &e);
		trg_history_add(t, &e);
	}
	if (t->history) {
		t->history->dropped = p->history_dropped;
	}
}

/* -- parking */

/* True if the trigger waits for its report and has nothing else under way. */
static bool only_waits(const struct trg *t)
{
	return t->state == TRG_ACCEPTED && t->answered && !t->has_outcome && !t->refused && !t->gave_up && !t->revoking &&
	       !t->revoke_due && !t->early && !t->changer && !t->token && !t->drr && !t->dnr_end_to_end &&
	       !t->recall_end_to_end && !t->notifies && t->own_outcome == TRG_NO_OUTCOME && t->armed_ms != UINT64_MAX;
}

/* True if struct trg_parked has room for it: always, but for records that are not of our making. */
static bool fits(const struct trg *t)
{
	const struct trg_request *q = &t->req;

	return t->party && !q->payload_len && !t->sub.nodes_len && q->expires_ms == q->received_ms + 1000ull * q->validity_s &&
	       q->port <= UINT16_MAX && q->action <= UINT8_MAX && q->priority <= UINT8_MAX && t->answer_status <= UINT8_MAX &&
	       t->revoke_reason >= 0 && t->revoke_reason <= UINT8_MAX && !t->outcome;
}

_Static_assert(offsetof(struct trg_parked, octets) + IDENT_EXTERNAL_MAX + IDENT_MSISDN_MAX + 2u * STR_DIGITS_MAX +
		       TRG_MESSAGE_ID_MAX + TRG_PARTS_OCTETS_MAX + TRG_HISTORY_MAX * TRG_HISTORY_ENTRY_MAX <=
		   TRG_PARKED_MAX,
	       "the largest one has room");

static uint8_t put_text(struct buf *b, const char *text)
{
	size_t len = strlen(text);

	buf_bytes(b, text, len);
	return (uint8_t)len;
}

static uint16_t flags_of(const struct trg *t)
{
	const struct trg_request *q = &t->req;

	return (uint16_t)((q->has_old_reference ? HAS_OLD_REFERENCE : 0) | (q->has_port ? HAS_PORT : 0) |
			  (q->has_validity ? HAS_VALIDITY : 0) | (q->groups_unknown ? GROUPS_UNKNOWN : 0) |
			  (t->accepted ? ACCEPTED : 0) | (t->may_report ? MAY_REPORT : 0) | (t->stored ? STORED : 0) |
			  (t->as_new ? AS_NEW : 0) | (t->revoked ? REVOKED : 0) | (t->resumed ? RESUMED : 0) |
			  (t->again ? AGAIN : 0) | (t->overdue ? OVERDUE : 0));
}

size_t trg_park(struct trg_parked *room, const struct trg *t)
{
	const struct trg_request *q = &t->req;
	struct buf b = buf_over(room->octets, TRG_PARKED_MAX - offsetof(struct trg_parked, octets));
	size_t texts;

	if (!only_waits(t) || !fits(t)) {
		return 0;
	}
	*room = (struct trg_parked){
		.number = t->number,
		.received_ms = q->received_ms,
		.taken_ms = t->taken_ms,
		.party = t->party,
		.accepted_by = t->accepted_by,
		.end_to_end = q->end_to_end,
		.reference = q->reference,
		.old_reference = q->old_reference,
		.validity_s = q->validity_s,
		.dtr_end_to_end = t->dtr_end_to_end,
		.port = (uint16_t)q->port,
		.submits = t->submits,
		.recalls = t->recalls,
		.history_dropped = t->history ? t->history->dropped : 0,
		.flags = flags_of(t),
		.action = (uint8_t)q->action,
		.priority = (uint8_t)q->priority,
		.answer_status = (uint8_t)t->answer_status,
		.revoke_reason = (uint8_t)t->revoke_reason,
		.history_n = t->history ? t->history->n : 0,
	};
	memcpy(room->digest, q->digest, sizeof room->digest);
	room->external_len = put_text(&b, q->external);
	room->msisdn_len = put_text(&b, q->msisdn);
	room->imsi_len = put_text(&b, t->sub.imsi);
	room->sub_msisdn_len = put_text(&b, t->sub.msisdn);
	room->message_id_len = put_text(&b, t->message_id ? t->message_id : "");
	texts = b.len;
	if (t->parts) {
		trg_parts_put(&b, t->parts);
	}
	room->parts_len = (uint16_t)(b.len - texts);
	texts = b.len;
	trg_history_put(&b, t->history);
	room->history_len = (uint16_t)(b.len - texts);
	return b.full ? 0 : offsetof(struct trg_parked, octets) + b.len;
}

void trg_parked_begin(const struct trg_parked *p, const struct trg_conf *conf)
{
	(void)p;
	machine_begin(&trg_machine, conf->in_state, TRG_ACCEPTED);
}

void trg_parked_end(const struct trg_parked *p, const struct trg_conf *conf)
{
	(void)p;
	machine_end(&trg_machine, conf->in_state, TRG_ACCEPTED);
}

bool trg_parked_has_id(const struct trg_parked *p, const char *id)
{
	const uint8_t *its = p->octets + p->external_len + p->msisdn_len + p->imsi_len + p->sub_msisdn_len;

	return (p->message_id_len && strlen(id) == p->message_id_len && memcmp(its, id, p->message_id_len) == 0) ||
	       trg_parts_have(its + p->message_id_len, p->parts_len, id);
}

uint64_t trg_parked_received_ms(const struct trg_parked *p)
{
	return p->received_ms;
}

uint32_t trg_parked_action(const struct trg_parked *p)
{
	return p->action;
}

const struct trg_party *trg_parked_party(const struct trg_parked *p)
{
	return p->party;
}

/* -- the machine again */

struct names { /* NUL-terminated copies */
	char external[IDENT_EXTERNAL_MAX + 1], msisdn[IDENT_MSISDN_MAX + 1];
	char imsi[STR_DIGITS_MAX + 1], sub_msisdn[STR_DIGITS_MAX + 1];
	char message_id[TRG_MESSAGE_ID_MAX + 1];
};

static void get_text(struct rd *r, char *out, size_t len)
{
	const uint8_t *p = rd_take(r, len);

	if (p) {
		memcpy(out, p, len);
	}
	out[p ? len : 0] = 0;
}

static struct trg_request request_of(const struct trg_parked *p, const struct names *names)
{
	struct trg_request q = { .scs = p->party->scs,
				 .scs_e164 = p->party->scs_e164,
				 .origin_host = p->party->origin_host,
				 .origin_realm = p->party->origin_realm,
				 .groups = p->party->groups,
				 .groups_not_after_s = p->party->groups_not_after_s,
				 .end_to_end = p->end_to_end,
				 .external = names->external,
				 .msisdn = names->msisdn,
				 .action = p->action,
				 .reference = p->reference,
				 .old_reference = p->old_reference,
				 .port = p->port,
				 .priority = p->priority,
				 .validity_s = p->validity_s,
				 .has_old_reference = p->flags & HAS_OLD_REFERENCE,
				 .has_port = p->flags & HAS_PORT,
				 .has_validity = p->flags & HAS_VALIDITY,
				 .groups_unknown = p->flags & GROUPS_UNKNOWN,
				 .received_ms = p->received_ms,
				 .expires_ms = p->received_ms + 1000ull * p->validity_s };

	memcpy(q.digest, p->digest, sizeof q.digest);
	return q;
}

static void take_rest(struct trg *t, const struct trg_parked *p, uint64_t armed_ms)
{
	trg_set_restored(t, TRG_ACCEPTED);
	t->dtr_end_to_end = p->dtr_end_to_end;
	t->answer_status = p->answer_status;
	t->revoke_reason = p->revoke_reason;
	t->taken_ms = p->taken_ms;
	t->armed_ms = armed_ms;
	t->accepted_by = p->accepted_by;
	t->submits = p->submits;
	t->recalls = p->recalls;
	t->answered = true;
	t->accepted = p->flags & ACCEPTED;
	t->may_report = p->flags & MAY_REPORT;
	t->stored = p->flags & STORED;
	t->as_new = p->flags & AS_NEW;
	t->revoked = p->flags & REVOKED;
	t->resumed = p->flags & RESUMED;
	t->again = p->flags & AGAIN;
	t->overdue = p->flags & OVERDUE;
}

int trg_unpark(struct trg **out, const struct trg_parked *p, uint64_t armed_ms, const struct trg_conf *conf,
	       const struct trg_ports *ports, void *arg)
{
	size_t len = (size_t)p->external_len + p->msisdn_len + p->imsi_len + p->sub_msisdn_len + p->message_id_len +
		     p->parts_len + p->history_len;
	struct rd r = rd_over(p->octets, len);
	struct trg_subscriber sub = { .imsi = NULL };
	struct trg_request q;
	const uint8_t *parts;
	struct names names;
	struct trg *t;

	get_text(&r, names.external, p->external_len);
	get_text(&r, names.msisdn, p->msisdn_len);
	get_text(&r, names.imsi, p->imsi_len);
	get_text(&r, names.sub_msisdn, p->sub_msisdn_len);
	get_text(&r, names.message_id, p->message_id_len);
	parts = rd_take(&r, p->parts_len);
	q = request_of(p, &names);
	if (trg_new(&t, p->number, &q, conf, ports, arg)) {
		return ERR_NOMEM; /* what was parked is within all limits */
	}
	sub.imsi = names.imsi;
	sub.msisdn = names.sub_msisdn;
	if (trg_set_subscriber(t, &sub) || (p->message_id_len && trg_set_message_id(t, names.message_id, false)) ||
	    (p->parts_len && trg_parts_take(t, parts, p->parts_len))) {
		trg_free(t);
		return ERR_NOMEM;
	}
	take_rest(t, p, armed_ms);
	get_history(t, &r, p);
	*out = t;
	return 0;
}
