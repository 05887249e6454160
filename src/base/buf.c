/* buf.c - bounded writing and reading, octet by octet, so that alignment and byte order are never assumed. */
#include "base/buf.h"

#include <string.h>

uint8_t *buf_take(struct buf *b, size_t n)
{
	uint8_t *at;

	if (b->full || n > b->cap - b->len) {
		b->full = true;
		return NULL;
	}
	at = b->p + b->len;
	b->len += n;
	return at;
}

void buf_bytes(struct buf *b, const void *p, size_t n)
{
	uint8_t *at = buf_take(b, n);

	if (at && n) {
		memcpy(at, p, n);
	}
}

static void put(struct buf *b, uint64_t v, unsigned octets, bool big)
{
	uint8_t *at = buf_take(b, octets);

	for (unsigned i = 0; at && i < octets; i++) {
		at[big ? octets - 1 - i : i] = (uint8_t)(v >> (8 * i));
	}
}

void buf_u8(struct buf *b, uint8_t v)
{
	put(b, v, 1, true);
}

void buf_be16(struct buf *b, uint16_t v)
{
	put(b, v, 2, true);
}

void buf_be24(struct buf *b, uint32_t v)
{
	put(b, v, 3, true);
}

void buf_be32(struct buf *b, uint32_t v)
{
	put(b, v, 4, true);
}

void buf_be64(struct buf *b, uint64_t v)
{
	put(b, v, 8, true);
}

void buf_le16(struct buf *b, uint16_t v)
{
	put(b, v, 2, false);
}

void buf_le32(struct buf *b, uint32_t v)
{
	put(b, v, 4, false);
}

void buf_le64(struct buf *b, uint64_t v)
{
	put(b, v, 8, false);
}

const uint8_t *rd_take(struct rd *r, size_t n)
{
	const uint8_t *at;

	if (r->bad || n > rd_left(r)) {
		r->bad = true;
		return NULL;
	}
	at = r->p;
	r->p += n;
	return at;
}

static uint64_t get(struct rd *r, unsigned octets, bool big)
{
	const uint8_t *at = rd_take(r, octets);
	uint64_t v = 0;

	for (unsigned i = 0; at && i < octets; i++) {
		v |= (uint64_t)at[big ? octets - 1 - i : i] << (8 * i);
	}
	return v;
}

uint8_t rd_u8(struct rd *r)
{
	return (uint8_t)get(r, 1, true);
}

uint16_t rd_be16(struct rd *r)
{
	return (uint16_t)get(r, 2, true);
}

uint32_t rd_be24(struct rd *r)
{
	return (uint32_t)get(r, 3, true);
}

uint32_t rd_be32(struct rd *r)
{
	return (uint32_t)get(r, 4, true);
}

uint64_t rd_be64(struct rd *r)
{
	return get(r, 8, true);
}

uint16_t rd_le16(struct rd *r)
{
	return (uint16_t)get(r, 2, false);
}

uint32_t rd_le32(struct rd *r)
{
	return (uint32_t)get(r, 4, false);
}

uint64_t rd_le64(struct rd *r)
{
	return get(r, 8, false);
}
