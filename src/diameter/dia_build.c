/* dia_build.c - the octets of messages and AVPs (RFC 6733 3 and 4). */
#include "diameter/dia_build.h"

#include <string.h>

#define LENGTH_MAX 0xffffffu

static void set_length(struct buf *b, size_t at, size_t len)
{
	if (len > LENGTH_MAX) {
		b->full = true;
	}
	if (b->full) {
		return;
	}
	b->p[at] = (uint8_t)(len >> 16);
	b->p[at + 1] = (uint8_t)(len >> 8);
	b->p[at + 2] = (uint8_t)len;
}

size_t dia_build_begin(struct buf *b, const struct dia_hdr *h)
{
	size_t start = b->len;

	buf_u8(b, 1);
	buf_be24(b, 0);
	buf_u8(b, h->flags);
	buf_be24(b, h->code);
	buf_be32(b, h->app_id);
	buf_be32(b, h->hop_by_hop);
	buf_be32(b, h->end_to_end);
	return start;
}

void dia_build_end(struct buf *b, size_t start)
{
	set_length(b, start + 1, b->len - start);
}

uint8_t dia_avp_flags(const struct dia_avp_def *def)
{
	return (uint8_t)((def->vendor ? DIA_AVP_V : 0) | (def->m == DIA_M_MUST ? DIA_AVP_M : 0));
}

static void put_be32(uint8_t *at, uint32_t v)
{
	at[0] = (uint8_t)(v >> 24);
	at[1] = (uint8_t)(v >> 16);
	at[2] = (uint8_t)(v >> 8);
	at[3] = (uint8_t)v;
}

/* Header, room for the data, zero padding, all in one step; returns where the data goes, NULL when it does not fit. */
static uint8_t *put_header(struct buf *b, const struct dia_avp_def *def, uint8_t flags, size_t data_len)
{
	size_t header = def->vendor ? 12 : 8;
	size_t len = header + data_len;
	uint8_t *at;

	if (len > LENGTH_MAX) {
		b->full = true;
		return NULL;
	}
	at = buf_take(b, (len + 3) & ~(size_t)3);
	if (!at) {
		return NULL;
	}
	put_be32(at, def->code);
	put_be32(at + 4, (uint32_t)flags << 24 | (uint32_t)len);
	if (def->vendor) {
		put_be32(at + 8, def->vendor);
	}
	for (size_t pad = len; pad % 4; pad++) {
		at[pad] = 0;
	}
	return at + header;
}

void dia_put_bytes(struct buf *b, const struct dia_avp_def *def, uint8_t flags, const void *p, size_t len)
{
	uint8_t *at = put_header(b, def, flags, len);

	if (at && len) {
		memcpy(at, p, len);
	}
}

void dia_put_u32(struct buf *b, const struct dia_avp_def *def, uint8_t flags, uint32_t v)
{
	uint8_t *at = put_header(b, def, flags, 4);

	if (at) {
		put_be32(at, v);
	}
}

void dia_put_u64(struct buf *b, const struct dia_avp_def *def, uint8_t flags, uint64_t v)
{
	uint8_t *at = put_header(b, def, flags, 8);

	if (!at) {
		return;
	}
	put_be32(at, (uint32_t)(v >> 32));
	put_be32(at + 4, (uint32_t)v);
}

size_t dia_put_group_begin(struct buf *b, const struct dia_avp_def *def, uint8_t flags)
{
	size_t start = b->len;

	put_header(b, def, flags, 0);
	return start;
}

void dia_put_group_end(struct buf *b, size_t start)
{
	set_length(b, start + 5, b->len - start);
}
