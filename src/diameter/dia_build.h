/* dia_build.h - writes messages and AVPs into a bounded buffer: header, padding and lengths are made here and nowhere else.
 * Nothing is returned but in `b->full`: write a whole message, then look once. PURE. */
#pragma once
#include "base/buf.h"
#include "diameter/dia_dict.h"
#include "diameter/dia_msg.h"

/* Writes the header of `h` with the length still open; returns where the message starts, for dia_build_end(). */
size_t dia_build_begin(struct buf *b, const struct dia_hdr *h);
void dia_build_end(struct buf *b, size_t start);

/* The flags an AVP is sent with: V by its vendor, M by its rule (DIA_M_EITHER: clear). */
uint8_t dia_avp_flags(const struct dia_avp_def *def);

void dia_put_bytes(struct buf *b, const struct dia_avp_def *def, uint8_t flags, const void *p, size_t len);
void dia_put_u32(struct buf *b, const struct dia_avp_def *def, uint8_t flags, uint32_t v);
void dia_put_u64(struct buf *b, const struct dia_avp_def *def, uint8_t flags, uint64_t v);

/* A group: its members are written between the two. */
size_t dia_put_group_begin(struct buf *b, const struct dia_avp_def *def, uint8_t flags);
void dia_put_group_end(struct buf *b, size_t start);
