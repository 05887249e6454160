/* record_v3.h - writes the journal records of versions 1 to 3 as the builds of that time did. */
#pragma once
#include <string.h>

#include "trigger/trg_int.h"

enum v3_kind {
	V3_KIND_INTENT = 1,
	V3_KIND_ACCEPTED = 2,
	V3_KIND_RECALLING = 3,
	V3_KIND_REPORT = 4,
	V3_KIND_REVOKING = 5 /* since version 2 */
};

enum { V3_HAS_OLD_REFERENCE = 0x1, V3_HAS_PORT = 0x2, V3_HAS_VALIDITY = 0x4, V3_HAS_ALL = 0x7 };
enum {
	V3_MORE_AS_NEW = 0x1,
	V3_MORE_REVOKED = 0x2,
	V3_MORE_GROUPS_UNKNOWN = 0x4,
	V3_MORE_UNWANTED = 0x8, /* undecided, and to be recalled */
	V3_MORE_TOLD_201 = 0x10,
	V3_MORE_TOLD_112 = 0x20, /* a replace that became a new trigger; since version 3 */
	V3_MORE_REFUSED = 0x40,  /* in V3_KIND_RECALLING: nothing to recall; since version 3 */
	V3_MORE_ALL = 0x7f
};

static inline enum v3_kind v3_kind_of(const struct trg *t)
{
	if (t->refused) {
		return V3_KIND_RECALLING;
	}
	if (t->has_outcome) {
		return V3_KIND_REPORT;
	}
	if (t->gave_up) {
		return V3_KIND_RECALLING;
	}
	if (t->revoking) {
		return V3_KIND_REVOKING;
	}
	return t->answered ? V3_KIND_ACCEPTED : V3_KIND_INTENT;
}

/* True if the answer has this status, or will have it when this record is durable. */
static inline bool v3_answered_with(const struct trg *t, uint32_t status)
{
	return (t->answered || t->revoking) && t->answer_status == status;
}

static inline void v3_put_octets(struct buf *b, const void *p, size_t len)
{
	buf_be16(b, (uint16_t)len); /* the request's lengths were checked when the trigger was created */
	buf_bytes(b, p, len);
}

static inline void v3_put_text(struct buf *b, const char *text)
{
	v3_put_octets(b, text, strlen(text));
}

static inline void v3_put_request(struct buf *b, const struct trg_request *r, bool with_payload)
{
	v3_put_text(b, r->scs);
	v3_put_text(b, r->scs_e164);
	v3_put_text(b, r->origin_host);
	v3_put_text(b, r->origin_realm);
	v3_put_text(b, r->external);
	v3_put_text(b, r->msisdn);
	buf_be32(b, r->end_to_end);
	buf_bytes(b, r->digest, HASH_LEN);
	buf_be32(b, r->action);
	buf_be32(b, r->reference);
	buf_be32(b, r->old_reference);
	buf_u8(b, (uint8_t)((r->has_old_reference ? V3_HAS_OLD_REFERENCE : 0) | (r->has_port ? V3_HAS_PORT : 0) |
			    (r->has_validity ? V3_HAS_VALIDITY : 0)));
	buf_be32(b, r->port);
	buf_be32(b, r->priority);
	buf_be32(b, r->validity_s);
	buf_be64(b, r->received_ms);
	buf_be64(b, r->expires_ms);
	v3_put_octets(b, r->payload, with_payload ? r->payload_len : 0);
}

static inline void v3_put_history(struct buf *b, const struct trg_history *p)
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

static inline void v3_put_more(struct buf *b, const struct trg *t)
{
	buf_u8(b, (uint8_t)((t->as_new ? V3_MORE_AS_NEW : 0) | (t->revoked ? V3_MORE_REVOKED : 0) |
			    (t->req.groups_unknown ? V3_MORE_GROUPS_UNKNOWN : 0) | (t->revoke_due ? V3_MORE_UNWANTED : 0) |
			    (t->refused ? V3_MORE_REFUSED : 0) |
			    (v3_answered_with(t, TSP_STATUS_TEMPORARYERROR) ? V3_MORE_TOLD_201 : 0) |
			    (v3_answered_with(t, TSP_STATUS_ORIGINALMESSAGESENT) ? V3_MORE_TOLD_112 : 0)));
	buf_u8(b, (uint8_t)t->revoke_reason);
	v3_put_text(b, t->req.groups);
	buf_be64(b, t->req.groups_not_after_s);
	v3_put_text(b, t->accepted_by ? t->accepted_by : "");
	buf_be16(b, t->submits);
	buf_be16(b, t->recalls);
	buf_be16(b, t->notifies);
	v3_put_history(b, t->history);
}

static inline void v3_put_drr(struct buf *b, const struct trg *t)
{
	v3_put_octets(b, t->drr ? t->drr : (const uint8_t *)"", t->drr ? HASH_LEN : 0);
}

static inline void v3_record_build(struct buf *out, const struct trg *t, uint8_t version)
{
	enum v3_kind kind = v3_kind_of(t);
	bool whole = kind == V3_KIND_INTENT; /* only a DTR needs the payload and the nodes */

	buf_u8(out, version);
	buf_u8(out, (uint8_t)kind);
	v3_put_request(out, &t->req, whole);
	v3_put_text(out, t->sub.imsi);
	v3_put_text(out, t->sub.msisdn);
	v3_put_octets(out, t->sub.nodes, whole ? t->sub.nodes_len : 0);
	buf_be32(out, t->dtr_end_to_end);
	buf_be32(out, t->recall_end_to_end);
	buf_be32(out, t->dnr_end_to_end);
	buf_be32(out, t->outcome);
	buf_be64(out, t->reported_ms);
	if (version > 1) {
		v3_put_more(out, t);
	}
	if (version > 2) {
		v3_put_drr(out, t);
	}
}
