/* dia_encode.c - the one encoder: turns a typed struct and its table into a message, in the order
 * of the table. */
#include <string.h>

#include "diameter/dia_base.h"
#include "diameter/dia_build.h"
#include "diameter/dia_grammar.h"

static void encode_rows(struct buf *out, const struct dia_grammar *g, const uint8_t *base);

static inline void put_u32(struct buf *out, const struct dia_row *row, uint8_t flags, uint32_t v)
{
	uint8_t *at = dia_put_header(out, row->code, row->vendor, flags, 4);

	if (at) {
		be32_set(at, v);
	}
}

static inline void put_u64(struct buf *out, const struct dia_row *row, uint8_t flags, uint64_t v)
{
	uint8_t *at = dia_put_header(out, row->code, row->vendor, flags, 8);

	if (at) {
		be32_set(at, (uint32_t)(v >> 32));
		be32_set(at + 4, (uint32_t)v);
	}
}

static inline void put_bytes(struct buf *out, const struct dia_row *row, uint8_t flags, const void *p, size_t len)
{
	uint8_t *at = dia_put_header(out, row->code, row->vendor, flags, len);

	if (at && len) {
		memcpy(at, p, len);
	}
}

static inline void put_view(struct buf *out, const struct dia_row *row, uint8_t flags, const struct dia_bytes *view)
{
	if (view->p) {
		put_bytes(out, row, flags, view->p, view->len);
	}
}

static void put_address(struct buf *out, const struct dia_row *row, uint8_t flags, const struct dia_address *address)
{
	uint8_t octets[18] = { (uint8_t)(address->family >> 8), (uint8_t)address->family };
	size_t len = address->family == 2 ? 16 : 4;

	memcpy(octets + 2, address->octets, len);
	put_bytes(out, row, flags, octets, 2 + len);
}

/* A group without a presence flag of its own is present if any of its members is. */
static void put_group(struct buf *out, const struct dia_row *row, uint8_t flags, const uint8_t *from, bool even_empty)
{
	size_t start = out->len, inside;

	dia_put_header(out, row->code, row->vendor, flags, 0);
	inside = out->len;
	encode_rows(out, row->inside, from);
	if (out->len == inside && !even_empty) {
		out->len = start;
	} else {
		dia_put_group_end(out, start);
	}
}

static inline void put(struct buf *out, const struct dia_row *row, uint8_t flags, const uint8_t *from, bool even_empty)
{
	const void *at = from;

	switch ((enum dia_keep)row->keep) {
	case DIA_KEEP_NOT:
		break;
	case DIA_KEEP_U32:
		if (((const struct dia_u32 *)at)->present) {
			put_u32(out, row, flags, ((const struct dia_u32 *)at)->v);
		}
		break;
	case DIA_KEEP_U64:
		if (((const struct dia_u64 *)at)->present) {
			put_u64(out, row, flags, ((const struct dia_u64 *)at)->v);
		}
		break;
	case DIA_KEEP_BARE_U32:
		put_u32(out, row, flags, *(const uint32_t *)at);
		break;
	case DIA_KEEP_BARE_U64:
		put_u64(out, row, flags, *(const uint64_t *)at);
		break;
	case DIA_KEEP_BYTES:
		put_view(out, row, flags, at);
		break;
	case DIA_KEEP_ADDRESS:
		put_address(out, row, flags, at);
		break;
	case DIA_KEEP_GROUP:
		put_group(out, row, flags, from, even_empty);
		break;
	}
}

static void encode_list(struct buf *out, const struct dia_row *row, const uint8_t *base)
{
	uint8_t n = base[row->count_at] < row->max ? base[row->count_at] : row->max;

	for (uint8_t i = 0; i < n; i++) {
		const uint8_t *from = base + row->at + (size_t)i * row->stride;
		uint8_t flags = row->sent;

		if ((row->flags & DIA_FLAG_IS_M) && *(const bool *)(from + row->flag_at)) {
			flags |= DIA_AVP_M;
		}
		put(out, row, flags, from, true);
	}
}

/* Most rows of a table are absent members. So the test for absence comes first, beginning with the
 * commonest kind of row. */
static void encode_rows(struct buf *out, const struct dia_grammar *g, const uint8_t *base)
{
	const struct dia_row *end = g->rows + g->rows_n;

	for (const struct dia_row *row = g->rows; row < end; row++) {
		const uint8_t *from = base + row->at;

		if (row->stride) {
			encode_list(out, row, base);
		} else if (row->has_flag && *(const bool *)(base + row->flag_at) == !!(row->flags & DIA_FLAG_NOT)) {
			continue;
		} else if (row->keep == DIA_KEEP_BYTES) {
			put_view(out, row, row->sent, (const void *)from);
		} else {
			put(out, row, row->sent, from, row->has_flag);
		}
	}
}

void dia_command_build(struct buf *out, const struct dia_command *c, const void *in, uint8_t extra, uint32_t hop_by_hop,
		       uint32_t end_to_end)
{
	struct dia_hdr h = {
		.flags = (uint8_t)((c->request ? DIA_FLAG_R : 0) | (c->proxiable ? DIA_FLAG_P : 0) | extra),
		.code = c->code,
		.app_id = c->app_id,
		.hop_by_hop = hop_by_hop,
		.end_to_end = end_to_end,
	};
	size_t start = dia_build_begin(out, &h);

	encode_rows(out, (extra & DIA_FLAG_E) ? c->error : c->grammar, in);
	dia_build_end(out, start);
}
