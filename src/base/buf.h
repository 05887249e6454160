/* buf.h - a bounded writer and a bounded reader over memory that the caller owns.
 * Both remember the first overrun and then refuse. Callers write or read a whole record and check
 * once, at its end.
 * Neither assumes an alignment. The functions are inline because a message takes about fifty of
 * these calls. */
#pragma once
#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The number of four octets that stands at p, high octet first. */
static inline uint32_t be32_get(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof v);
	return be32toh(v);
}

static inline void be32_set(uint8_t *p, uint32_t v)
{
	v = htobe32(v);
	memcpy(p, &v, sizeof v);
}

struct buf {
	uint8_t *p; /* borrowed */
	size_t len, cap;
	bool full; /* something did not fit; the content must not be used */
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
	v = htobe16(v);
	buf_bytes(b, &v, sizeof v);
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
	v = htobe32(v);
	buf_bytes(b, &v, sizeof v);
}

static inline void buf_be64(struct buf *b, uint64_t v)
{
	v = htobe64(v);
	buf_bytes(b, &v, sizeof v);
}

static inline void buf_le16(struct buf *b, uint16_t v)
{
	v = htole16(v);
	buf_bytes(b, &v, sizeof v);
}

static inline void buf_le32(struct buf *b, uint32_t v)
{
	v = htole32(v);
	buf_bytes(b, &v, sizeof v);
}

static inline void buf_le64(struct buf *b, uint64_t v)
{
	v = htole64(v);
	buf_bytes(b, &v, sizeof v);
}

/* Seven bits an octet, the lowest first, as few octets as it takes: 1 to 10. Most numbers of a
 * record take one. */
void buf_var64_long(struct buf *b, uint64_t v);

static inline void buf_var64(struct buf *b, uint64_t v)
{
	if (v <= 0x7f) {
		buf_u8(b, (uint8_t)v);
	} else {
		buf_var64_long(b, v);
	}
}

struct rd {
	const uint8_t *p, *end; /* borrowed */
	bool bad;               /* read past the end; the missing values are zero */
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
	uint16_t v = 0;

	if (at) {
		memcpy(&v, at, sizeof v);
	}
	return be16toh(v);
}

static inline uint32_t rd_be32(struct rd *r)
{
	const uint8_t *at = rd_take(r, 4);
	uint32_t v = 0;

	if (at) {
		memcpy(&v, at, sizeof v);
	}
	return be32toh(v);
}

static inline uint64_t rd_be64(struct rd *r)
{
	const uint8_t *at = rd_take(r, 8);
	uint64_t v = 0;

	if (at) {
		memcpy(&v, at, sizeof v);
	}
	return be64toh(v);
}

static inline uint16_t rd_le16(struct rd *r)
{
	const uint8_t *at = rd_take(r, 2);
	uint16_t v = 0;

	if (at) {
		memcpy(&v, at, sizeof v);
	}
	return le16toh(v);
}

static inline uint32_t rd_le32(struct rd *r)
{
	const uint8_t *at = rd_take(r, 4);
	uint32_t v = 0;

	if (at) {
		memcpy(&v, at, sizeof v);
	}
	return le32toh(v);
}

static inline uint64_t rd_le64(struct rd *r)
{
	const uint8_t *at = rd_take(r, 8);
	uint64_t v = 0;

	if (at) {
		memcpy(&v, at, sizeof v);
	}
	return le64toh(v);
}

uint64_t rd_var64(struct rd *r); /* bad also when it has more than 64 bits or an octet too many */
