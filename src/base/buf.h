/* buf.h - a bounded writer and a bounded reader over memory somebody else owns.
 * Both remember the first overrun and then refuse: callers write or read a whole record and check once at the end.
 * Octet by octet, so that alignment and byte order are never assumed; the compiler makes one access of it. Inline, because a message
 * is some fifty of these calls. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct buf {
	uint8_t *p; /* borrowed */
	size_t len, cap;
	bool full; /* something did not fit; what is there is not to be used */
};

static inline struct buf buf_over(void *p, size_t cap)
{
	return (struct buf){ .p = p, .cap = cap };
}

/* Reserves n octets and returns where they start, NULL when they do not fit. */
static inline uint8_t *buf_take(struct buf *b, size_t n)
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

static inline void buf_bytes(struct buf *b, const void *p, size_t n)
{
	uint8_t *at = buf_take(b, n);

	if (at && n) {
		memcpy(at, p, n);
	}
}

static inline void buf_u8(struct buf *b, uint8_t v)
{
	uint8_t *at = buf_take(b, 1);

	if (at) {
		*at = v;
	}
}

static inline void buf_be16(struct buf *b, uint16_t v)
{
	uint8_t *at = buf_take(b, 2);

	if (at) {
		at[0] = (uint8_t)(v >> 8);
		at[1] = (uint8_t)v;
	}
}

static inline void buf_be24(struct buf *b, uint32_t v)
{
	uint8_t *at = buf_take(b, 3);

	if (at) {
		at[0] = (uint8_t)(v >> 16);
		at[1] = (uint8_t)(v >> 8);
		at[2] = (uint8_t)v;
	}
}

static inline void buf_be32(struct buf *b, uint32_t v)
{
	uint8_t *at = buf_take(b, 4);

	if (at) {
		at[0] = (uint8_t)(v >> 24);
		at[1] = (uint8_t)(v >> 16);
		at[2] = (uint8_t)(v >> 8);
		at[3] = (uint8_t)v;
	}
}

static inline void buf_be64(struct buf *b, uint64_t v)
{
	uint8_t *at = buf_take(b, 8);

	if (at) {
		at[0] = (uint8_t)(v >> 56);
		at[1] = (uint8_t)(v >> 48);
		at[2] = (uint8_t)(v >> 40);
		at[3] = (uint8_t)(v >> 32);
		at[4] = (uint8_t)(v >> 24);
		at[5] = (uint8_t)(v >> 16);
		at[6] = (uint8_t)(v >> 8);
		at[7] = (uint8_t)v;
	}
}

static inline void buf_le16(struct buf *b, uint16_t v)
{
	uint8_t *at = buf_take(b, 2);

	if (at) {
		at[0] = (uint8_t)v;
		at[1] = (uint8_t)(v >> 8);
	}
}

static inline void buf_le32(struct buf *b, uint32_t v)
{
	uint8_t *at = buf_take(b, 4);

	if (at) {
		at[0] = (uint8_t)v;
		at[1] = (uint8_t)(v >> 8);
		at[2] = (uint8_t)(v >> 16);
		at[3] = (uint8_t)(v >> 24);
	}
}

static inline void buf_le64(struct buf *b, uint64_t v)
{
	uint8_t *at = buf_take(b, 8);

	if (at) {
		at[0] = (uint8_t)v;
		at[1] = (uint8_t)(v >> 8);
		at[2] = (uint8_t)(v >> 16);
		at[3] = (uint8_t)(v >> 24);
		at[4] = (uint8_t)(v >> 32);
		at[5] = (uint8_t)(v >> 40);
		at[6] = (uint8_t)(v >> 48);
		at[7] = (uint8_t)(v >> 56);
	}
}

/* Seven bits an octet, the lowest first, as few octets as it takes: 1 to 10. */
void buf_var64(struct buf *b, uint64_t v);

struct rd {
	const uint8_t *p, *end; /* borrowed */
	bool bad;               /* something was not there; what was read is zero */
};

static inline struct rd rd_over(const void *p, size_t n)
{
	return (struct rd){ .p = p, .end = (const uint8_t *)p + n };
}

static inline size_t rd_left(const struct rd *r)
{
	return (size_t)(r->end - r->p);
}

/* Returns where the next n octets stand, NULL (and bad) when fewer are left. */
static inline const uint8_t *rd_take(struct rd *r, size_t n)
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

static inline uint8_t rd_u8(struct rd *r)
{
	const uint8_t *at = rd_take(r, 1);

	return at ? *at : 0;
}

static inline uint16_t rd_be16(struct rd *r)
{
	const uint8_t *at = rd_take(r, 2);

	return at ? (uint16_t)(at[0] << 8 | at[1]) : 0;
}

static inline uint32_t rd_be32(struct rd *r)
{
	const uint8_t *at = rd_take(r, 4);

	return at ? (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | (uint32_t)at[3] : 0;
}

static inline uint64_t rd_be64(struct rd *r)
{
	const uint8_t *at = rd_take(r, 8);

	return at ? (uint64_t)at[0] << 56 | (uint64_t)at[1] << 48 | (uint64_t)at[2] << 40 | (uint64_t)at[3] << 32 |
			(uint64_t)at[4] << 24 | (uint64_t)at[5] << 16 | (uint64_t)at[6] << 8 | (uint64_t)at[7]
		  : 0;
}

static inline uint16_t rd_le16(struct rd *r)
{
	const uint8_t *at = rd_take(r, 2);

	return at ? (uint16_t)(at[0] | at[1] << 8) : 0;
}

static inline uint32_t rd_le32(struct rd *r)
{
	const uint8_t *at = rd_take(r, 4);

	return at ? (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24 : 0;
}

static inline uint64_t rd_le64(struct rd *r)
{
	const uint8_t *at = rd_take(r, 8);

	return at ? (uint64_t)at[0] | (uint64_t)at[1] << 8 | (uint64_t)at[2] << 16 | (uint64_t)at[3] << 24 |
			(uint64_t)at[4] << 32 | (uint64_t)at[5] << 40 | (uint64_t)at[6] << 48 | (uint64_t)at[7] << 56
		  : 0;
}

uint64_t rd_var64(struct rd *r); /* bad also when it has more than 64 bits or an octet too many */
