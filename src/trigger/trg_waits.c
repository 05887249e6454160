/* trg_waits.c - the beginning of a record of version 4 (trg_record.c). */
#include "trigger/trg_waits.h"

#include <string.h>

#include "apps/tsp.h"
#include "base/buf.h"
#include "trigger/trg_facts.h"

#define VERSION 4u
/* Members and flags of a record with more under way than waiting. */
#define HAS_MORE (TRG_HAS_RECALL | TRG_HAS_DNR | TRG_HAS_REPORT | TRG_HAS_DRR | TRG_HAS_WHOLE)
#define DOES_MORE (TRG_MORE_UNWANTED | TRG_MORE_REFUSED | TRG_MORE_TOLD_201)

static void pass_text(struct rd *r)
{
	(void)rd_take(r, rd_u8(r));
}

static void text(struct rd *r, char *out, size_t cap)
{
	size_t len = rd_u8(r);
	const uint8_t *p = rd_take(r, len);

	if (!p || str_copy(out, cap, p, len)) {
		r->bad = true;
		out[0] = 0;
	}
}

static uint32_t number32(struct rd *r)
{
	uint64_t v = rd_var64(r);

	r->bad |= v > UINT32_MAX;
	return (uint32_t)v;
}

bool trg_waits_read(struct trg_waits *out, const void *record, size_t len)
{
	struct rd r = rd_over(record, len);
	uint8_t version = rd_u8(&r), kind = rd_u8(&r);
	uint64_t flags = rd_var64(&r);
	uint32_t action;

	if (version != VERSION || kind != TRG_KIND_ACCEPTED || flags & HAS_MORE || flags >> TRG_HAS_BITS & DOES_MORE) {
		return false;
	}
	pass_text(&r); /* name of the SCS */
	text(&r, out->scs_e164, sizeof out->scs_e164);
	text(&r, out->origin_host, sizeof out->origin_host);
	for (int i = 0; i < 6; i++) { /* realm, names of the device, SMS-SC */
		pass_text(&r);
	}
	out->end_to_end = rd_be32(&r);
	(void)rd_be32(&r); /* of the DTR */
	(void)rd_take(&r, HASH_LEN);
	action = number32(&r);
	out->reference = number32(&r);
	(void)number32(&r); /* priority */
	out->received_ms = rd_var64(&r);
	return !r.bad && action != TSP_ACTION_RECALL;
}
