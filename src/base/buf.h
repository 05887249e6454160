/* buf.h - a bounded writer and a bounded reader over memory somebody else owns.
 * Both remember the first overrun and then refuse: callers write or read a whole record and check once at the end. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
uint8_t *buf_take(struct buf *b, size_t n);
void buf_bytes(struct buf *b, const void *p, size_t n);
void buf_u8(struct buf *b, uint8_t v);
void buf_be16(struct buf *b, uint16_t v);
void buf_be24(struct buf *b, uint32_t v);
void buf_be32(struct buf *b, uint32_t v);
void buf_be64(struct buf *b, uint64_t v);
void buf_le16(struct buf *b, uint16_t v);
void buf_le32(struct buf *b, uint32_t v);
void buf_le64(struct buf *b, uint64_t v);

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
const uint8_t *rd_take(struct rd *r, size_t n);
uint8_t rd_u8(struct rd *r);
uint16_t rd_be16(struct rd *r);
uint32_t rd_be24(struct rd *r);
uint32_t rd_be32(struct rd *r);
uint64_t rd_be64(struct rd *r);
uint16_t rd_le16(struct rd *r);
uint32_t rd_le32(struct rd *r);
uint64_t rd_le64(struct rd *r);
