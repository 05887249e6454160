/* dia_encode.c - the one encoder: a typed struct and its table become a message, in the order of the table. */
#include "diameter/dia_base.h"
#include "diameter/dia_build.h"
#include "diameter/dia_grammar.h"

static void encode_rows(struct buf *out, const struct dia_grammar *g, const uint8_t *base);

static void put_address(struct buf *out, const struct dia_avp_def *def, uint8_t flags, const struct dia_address *address)
{
	uint8_t octets[18] = { (uint8_t)(address->family >> 8), (uint8_t)address->family };
	size_t len = address->family == 2 ? 16 : 4;

	for (size_t i = 0; i < len; i++) {
		octets[2 + i] = address->octets[i];
	}
	dia_put_bytes(out, def, flags, octets, 2 + len);
}

/* A group without a presence flag of its own is there when something is in it. */
static void put_group(struct buf *out, const struct dia_row *row, uint8_t flags, const uint8_t *from, bool even_empty)
{
	size_t start = dia_put_group_begin(out, row->def, flags);
	size_t inside = out->len;

	encode_rows(out, row->inside, from);
	if (out->len == inside && !even_empty) {
		out->len = start;
	} else {
		dia_put_group_end(out, start);
	}
}

static void put(struct buf *out, const struct dia_row *row, uint8_t flags, const uint8_t *from, bool even_empty)
{
	const void *at = from;

	switch ((enum dia_keep)row->keep) {
	case DIA_KEEP_NOT:
		break;
	case DIA_KEEP_U32:
		if (((const struct dia_u32 *)at)->present) {
			dia_put_u32(out, row->def, flags, ((const struct dia_u32 *)at)->v);
		}
		break;
	case DIA_KEEP_U64:
		if (((const struct dia_u64 *)at)->present) {
			dia_put_u64(out, row->def, flags, ((const struct dia_u64 *)at)->v);
		}
		break;
	case DIA_KEEP_BARE_U32:
		dia_put_u32(out, row->def, flags, *(const uint32_t *)at);
		break;
	case DIA_KEEP_BARE_U64:
		dia_put_u64(out, row->def, flags, *(const uint64_t *)at);
		break;
	case DIA_KEEP_BYTES:
		if (((const struct dia_bytes *)at)->p) {
			dia_put_bytes(out, row->def, flags, ((const struct dia_bytes *)at)->p,
				      ((const struct dia_bytes *)at)->len);
		}
		break;
	case DIA_KEEP_ADDRESS:
		put_address(out, row->def, flags, at);
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
		uint8_t flags = dia_avp_flags(row->def);

		if ((row->flags & DIA_FLAG_IS_M) && *(const bool *)(from + row->flag_at)) {
			flags |= DIA_AVP_M;
		}
		put(out, row, flags, from, true);
	}
}

static void encode_row(struct buf *out, const struct dia_row *row, const uint8_t *base)
{
	if (row->has_flag && *(const bool *)(base + row->flag_at) == !!(row->flags & DIA_FLAG_NOT)) {
		return;
	}
	put(out, row, dia_avp_flags(row->def), base + row->at, row->has_flag);
}

static void encode_rows(struct buf *out, const struct dia_grammar *g, const uint8_t *base)
{
	for (unsigned i = 0; i < g->rows_n; i++) {
		if (g->rows[i].stride) {
			encode_list(out, &g->rows[i], base);
		} else {
			encode_row(out, &g->rows[i], base);
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
