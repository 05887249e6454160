/* sme_told.c - a version octet, then fields in fixed order, little-endian. */
#include "nodes/smssc/sme_told.h"

#include <string.h>

#include "base/str.h"
#include "smpp/smpp_content.h"

enum { TOLD_VERSION = 2, TOLD_VERSION_NO_CODING = 1 };

static void put_text(struct buf *out, const char *text)
{
	size_t len = strlen(text);

	buf_u8(out, (uint8_t)len);
	buf_bytes(out, text, len);
}

static void put_address(struct buf *out, const struct smpp_address *a)
{
	buf_u8(out, a->ton);
	buf_u8(out, a->npi);
	put_text(out, a->digits);
}

void sme_told_encode(struct buf *out, const struct sme_told *t)
{
	buf_u8(out, TOLD_VERSION);
	put_address(out, &t->source);
	put_address(out, &t->destination);
	buf_u8(out, t->registered);
	buf_u8(out, t->has_reference);
	buf_le16(out, t->reference);
	put_text(out, t->text);
	buf_u8(out, t->coding);
}

static void take_text(char *out, size_t cap, struct rd *r)
{
	uint8_t len = rd_u8(r);
	const uint8_t *p = rd_take(r, len);

	if (!p || str_copy(out, cap, p, len)) {
		r->bad = true;
	}
}

static void take_address(struct smpp_address *a, struct rd *r)
{
	a->ton = rd_u8(r);
	a->npi = rd_u8(r);
	take_text(a->digits, sizeof a->digits, r);
}

int sme_told_decode(struct sme_told *out, const void *p, size_t len)
{
	struct rd r = rd_over(p, len);
	struct sme_told t = { 0 };
	uint8_t flag, version = rd_u8(&r);

	if (version != TOLD_VERSION && version != TOLD_VERSION_NO_CODING) {
		return r.bad ? ERR_PROTO : ERR_VERSION;
	}
	take_address(&t.source, &r);
	take_address(&t.destination, &r);
	t.registered = rd_u8(&r);
	flag = rd_u8(&r);
	t.has_reference = flag;
	t.reference = rd_le16(&r);
	take_text(t.text, sizeof t.text, &r);
	t.coding = version == TOLD_VERSION ? rd_u8(&r) : SME_TOLD_NO_CODING;
	if (r.bad || rd_left(&r) || flag > 1) {
		return ERR_PROTO;
	}
	*out = t;
	return 0;
}

bool sme_told_wants(const struct sme_told *t, uint8_t state)
{
	switch (t->registered & SMPP_REGISTERED_RECEIPT) {
	case SMPP_REGISTERED_ALWAYS:
		return true;
	case SMPP_REGISTERED_FAILURE:
		return state != SMPP_STATE_DELIVERED;
	case SMPP_REGISTERED_SUCCESS:
		return state == SMPP_STATE_DELIVERED;
	default:
		return false;
	}
}
