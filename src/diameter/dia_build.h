/* dia_build.h - writes messages and AVPs into a bounded buffer. Only this file makes headers,
 * padding and lengths. `b->full` is the only error: write a whole message, then check once.
 * PURE. */
#pragma once
#include "base/buf.h"
#include "diameter/dia_dict.h"
#include "diameter/dia_msg.h"

/* Writes the header of `h` with the length still open; returns where the message starts, for
 * dia_build_end(). */
size_t dia_build_begin(struct buf *b, const struct dia_hdr *h);
void dia_build_end(struct buf *b, size_t start);

/* The flags an AVP is sent with: V by its vendor, M by its rule (DIA_M_EITHER: clear). */
uint8_t dia_avp_flags(const struct dia_avp_def *def);

#define DIA_LENGTH_MAX 0xffffffu /* of a message and of an AVP: 24 bits */

/* Writes the header and the zero padding of one AVP. Returns the place of its data; NULL: they do
 * not fit. */
static inline uint8_t *dia_put_header(struct buf *b, uint32_t code, uint32_t vendor, uint8_t flags, size_t data_len)
{
	size_t header = vendor ? DIA_AVP_HEADER_V_LEN : DIA_AVP_HEADER_LEN;
	size_t len = header + data_len, padded = (len + 3) & ~(size_t)3;
	uint8_t *at;

	if (len > DIA_LENGTH_MAX) {
		b->full = true;
		return NULL;
	}
	at = buf_take(b, padded);
	if (!at) {
		return NULL;
	}
	/* the padding; the caller, or the next line, writes the other octets */
	be32_set(at + padded - 4, 0);
	be32_set(at, code);
	be32_set(at + 4, (uint32_t)flags << 24 | (uint32_t)len);
	if (vendor) {
		be32_set(at + 8, vendor);
	}
	return at + header;
}

void dia_put_bytes(struct buf *b, const struct dia_avp_def *def, uint8_t flags, const void *p, size_t len);
void dia_put_u32(struct buf *b, const struct dia_avp_def *def, uint8_t flags, uint32_t v);

/* After a header without a length at `start`, and the members: sets the length of the group. */
void dia_put_group_end(struct buf *b, size_t start);
