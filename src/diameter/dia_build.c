/* dia_build.c - the octets of messages and AVPs (RFC 6733 3 and 4). */
#include "diameter/dia_build.h"

#include <string.h>

static void set_length(struct buf *b, size_t at, size_t len)
{
	if (len > DIA_LENGTH_MAX) {
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

void dia_put_bytes(struct buf *b, const struct dia_avp_def *def, uint8_t flags, const void *p, size_t len)
{
	uint8_t *at = dia_put_header(b, def->code, def->vendor, flags, len);

	if (at && len) {
		memcpy(at, p, len);
	}
}

void dia_put_u32(struct buf *b, const struct dia_avp_def *def, uint8_t flags, uint32_t v)
{
	uint8_t *at = dia_put_header(b, def->code, def->vendor, flags, 4);

	if (at) {
		be32_set(at, v);
	}
}

void dia_put_group_end(struct buf *b, size_t start)
{
	set_length(b, start + 5, b->len - start);
}
