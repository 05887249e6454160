/* core_past_record.c - see core_past_record.h. */
#include "core/core_past_record.h"

#include <string.h>

#include "base/buf.h"
#include "base/str.h"

#define KIND_ANSWER 0x81u
#define KIND_PAST 0x82u

static void put_octets(struct buf *b, const void *p, size_t len)
{
	buf_be16(b, (uint16_t)len);
	buf_bytes(b, p, len);
}

static void put_answer(struct buf *b, const struct trg_request *r, const struct ipc_device_action_answer *a)
{
	uint8_t answer[IPC_REC_MAX];
	size_t len = ipc_device_action_answer_put(answer, 0, 0, a);

	buf_be64(b, r->received_ms);
	buf_be32(b, r->end_to_end);
	buf_bytes(b, r->digest, HASH_LEN);
	put_octets(b, r->origin_host, strlen(r->origin_host));
	put_octets(b, answer, len);
}

static void put_trigger(struct buf *b, const struct core_past_entry *e)
{
	buf_be64(b, e->ended_ms);
	buf_be64(b, e->reserved_until_ms);
	buf_be32(b, e->ref.reference);
	put_octets(b, e->ref.e164, strlen(e->ref.e164));
	put_octets(b, e->scs, strlen(e->scs));
	put_octets(b, e->imsi, strlen(e->imsi));
	put_octets(b, e->msisdn, strlen(e->msisdn));
	put_octets(b, e->external, strlen(e->external));
	put_octets(b, e->accepted_by, strlen(e->accepted_by));
}

size_t core_past_build(uint8_t out[CORE_PAST_RECORD_MAX], const struct trg *trg, const struct core_past_entry *e,
		       const struct ipc_device_action_answer *a)
{
	struct buf b = buf_over(out, CORE_PAST_RECORD_MAX);
	bool trigger = map_has(&e->node), reported = trg->drr != NULL; /* also after a 201, when the SCS gets no report */

	buf_u8(&b, KIND_PAST);
	buf_u8(&b, (uint8_t)((a ? CORE_PAST_HAS_ANSWER : 0) | (reported ? CORE_PAST_HAS_DRR : 0) |
			     (trigger ? CORE_PAST_HAS_TRIGGER : 0) | (e->accepted ? CORE_PAST_WAS_ACCEPTED : 0) |
			     (e->reported ? CORE_PAST_WAS_REPORTED : 0)));
	if (a) {
		put_answer(&b, &trg->req, a);
	}
	if (reported) {
		buf_bytes(&b, trg->drr, HASH_LEN);
		buf_be64(&b, trg->has_outcome ? trg->reported_ms : e->ended_ms);
	}
	if (trigger) {
		put_trigger(&b, e);
	}
	return b.full ? 0 : b.len;
}

static const char *get_text(struct rd *r, char *out, size_t cap)
{
	size_t len = rd_be16(r);
	const uint8_t *p = rd_take(r, len);

	out[0] = 0;
	if (!p || str_copy(out, cap, p, len)) {
		r->bad = true;
	}
	return out;
}

static void get_answer(struct rd *r, struct core_past_answer *a, struct core_past_room *x)
{
	const uint8_t *answer;
	size_t len;

	a->received_ms = rd_be64(r);
	a->end_to_end = rd_be32(r);
	a->digest = rd_take(r, HASH_LEN);
	(void)get_text(r, x->host, sizeof x->host);
	len = rd_be16(r);
	answer = rd_take(r, len);
	if (!answer || ipc_device_action_answer_get(&a->answer, answer, len)) {
		r->bad = true;
	}
}

/* Record of an older version: the host's length is one octet, and the answer fills the rest. */
static void get_answer_alone(struct rd *r, struct core_past_answer *a, struct core_past_room *x)
{
	const uint8_t *host;
	size_t len;

	a->received_ms = rd_be64(r);
	a->end_to_end = rd_be32(r);
	a->digest = rd_take(r, HASH_LEN);
	len = rd_u8(r);
	host = rd_take(r, len);
	if (!host || str_copy(x->host, sizeof x->host, host, len) || ipc_device_action_answer_get(&a->answer, r->p, rd_left(r))) {
		r->bad = true;
	}
}

static void get_trigger(struct rd *r, struct core_past_record *o)
{
	o->ended_ms = rd_be64(r);
	o->reserved_until_ms = rd_be64(r);
	o->reference = rd_be32(r);
	(void)get_text(r, o->room.e164, sizeof o->room.e164);
	o->texts.scs = get_text(r, o->room.scs, sizeof o->room.scs);
	o->texts.imsi = get_text(r, o->room.imsi, sizeof o->room.imsi);
	o->texts.msisdn = get_text(r, o->room.msisdn, sizeof o->room.msisdn);
	o->texts.external = get_text(r, o->room.external, sizeof o->room.external);
	o->texts.accepted_by = get_text(r, o->room.accepted_by, sizeof o->room.accepted_by);
}

int core_past_parse(struct core_past_record *o, const void *record, size_t len)
{
	struct rd r = rd_over(record, len);
	uint8_t kind = rd_u8(&r);

	*o = (struct core_past_record){ .texts = { "", "", "", "", "" } };
	o->flags = kind == KIND_ANSWER ? CORE_PAST_HAS_ANSWER : rd_u8(&r);
	if (kind == KIND_ANSWER) {
		get_answer_alone(&r, &o->answer, &o->room);
		o->ended_ms = o->answer.received_ms;
		return r.bad ? ERR_PROTO : 0;
	}
	if (o->flags & CORE_PAST_HAS_ANSWER) {
		get_answer(&r, &o->answer, &o->room);
	}
	if (o->flags & CORE_PAST_HAS_DRR) {
		o->drr = rd_take(&r, HASH_LEN);
		o->reported_ms = rd_be64(&r);
	}
	o->ended_ms = o->answer.received_ms;
	if (o->flags & CORE_PAST_HAS_TRIGGER) {
		get_trigger(&r, o);
	}
	return r.bad || rd_left(&r) || (o->flags & ~CORE_PAST_HAS_ALL) ? ERR_PROTO : 0;
}

bool core_past_is(const void *record, size_t len)
{
	uint8_t kind = len ? *(const uint8_t *)record : 0;

	return kind == KIND_ANSWER || kind == KIND_PAST;
}
