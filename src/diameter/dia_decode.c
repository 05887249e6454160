/* dia_decode.c - the one decoder: a window of AVPs and a table become a typed struct. */
#include <string.h>

#include "diameter/dia_base.h"
#include "diameter/dia_grammar.h"

struct decode {
	const struct dia_grammar *grammar;
	uint8_t *base;   /* the struct the table's offsets count from */
	bool refusal;    /* an answer that says no: DIA_OK_ONLY is not demanded */
	uint8_t *lapses; /* NULL: nothing is forgiven */
	struct dia_failed *failed;
	uint8_t seen[DIA_ROWS_MAX];
};

static int decode_window(struct decode *d, struct dia_win w, const uint16_t *result_at);

/* Most senders keep the order of the grammar: look from the row after the last match on, then from the start. */
static const struct dia_row *find_row(const struct dia_grammar *g, unsigned from, const struct dia_avp *avp)
{
	for (unsigned i = 0, at = from; i < g->rows_n; i++, at++) {
		const struct dia_row *row;

		if (at >= g->rows_n) {
			at = 0;
		}
		row = &g->rows[at];
		if (row->code == avp->code && row->vendor == avp->vendor) {
			return row;
		}
	}
	return NULL;
}

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int check_identity(const struct dia_row *row, const struct dia_avp *avp, struct dia_failed *failed)
{
	bool good = avp->data_len > 0 && avp->data_len <= 255;

	for (uint32_t i = 0; good && i < avp->data_len; i++) {
		good = avp->data[i] > 0x20 && avp->data[i] < 0x7f;
	}
	if (!good) {
		return dia_failed_avp(failed, DIA_RESULT_INVALID_AVP_VALUE, avp, "%s is no host or realm name", row->def->name);
	}
	return 0;
}

static int check_address(const struct dia_row *row, const struct dia_avp *avp, struct dia_failed *failed)
{
	unsigned family = (unsigned)avp->data[0] << 8 | avp->data[1];

	if (!(family == 1 && avp->data_len == 6) && !(family == 2 && avp->data_len == 18)) {
		return dia_failed_avp(failed, DIA_RESULT_INVALID_AVP_VALUE, avp, "%s: family %u with %u octets", row->def->name,
				      family, avp->data_len - 2);
	}
	return 0;
}

static int check_value(const struct dia_row *row, const struct dia_avp *avp, struct dia_failed *failed)
{
	enum dia_type type = row->def->type;

	if (avp->data_len < dia_type_len_min(type) || avp->data_len > dia_type_len_max(type)) {
		return dia_failed_avp(failed, DIA_RESULT_INVALID_AVP_LENGTH, avp, "%s of %u octets", row->def->name,
				      avp->data_len);
	}
	if (row->values && (be32(avp->data) > 31 || !(row->values & DIA_VALUE(be32(avp->data))))) {
		return dia_failed_avp(failed, DIA_RESULT_INVALID_AVP_VALUE, avp, "%s: %u is not allowed here", row->def->name,
				      be32(avp->data));
	}
	if (type == DIA_TYPE_IDENTITY) {
		return check_identity(row, avp, failed);
	}
	if (type == DIA_TYPE_ADDRESS) {
		return check_address(row, avp, failed);
	}
	return 0;
}

static int keep_group(const struct decode *d, const struct dia_row *row, uint8_t *to, const struct dia_win *w,
		      const struct dia_avp *avp)
{
	struct dia_win inside;
	struct decode group = { .grammar = row->inside, .base = to, .failed = d->failed };
	int err = dia_win_enter(&inside, w, avp, d->failed);

	if (!err) {
		err = decode_window(&group, inside, NULL);
	}
	if (err) {
		dia_failed_wrap(d->failed, avp);
	}
	return err;
}

static int keep(const struct decode *d, const struct dia_row *row, uint8_t *to, const struct dia_win *w,
		const struct dia_avp *avp)
{
	switch ((enum dia_keep)row->keep) {
	case DIA_KEEP_NOT:
		break;
	case DIA_KEEP_U32:
		*(struct dia_u32 *)(void *)to = dia_u32_of(be32(avp->data));
		break;
	case DIA_KEEP_U64:
		*(struct dia_u64 *)(void *)to = (struct dia_u64){ (uint64_t)be32(avp->data) << 32 | be32(avp->data + 4), true };
		break;
	case DIA_KEEP_BARE_U32:
		*(uint32_t *)(void *)to = be32(avp->data);
		break;
	case DIA_KEEP_BARE_U64:
		*(uint64_t *)(void *)to = (uint64_t)be32(avp->data) << 32 | be32(avp->data + 4);
		break;
	case DIA_KEEP_BYTES:
		*(struct dia_bytes *)(void *)to = (struct dia_bytes){ avp->data, avp->data_len };
		break;
	case DIA_KEEP_ADDRESS: {
		struct dia_address *address = (void *)to;

		address->family = (uint16_t)(avp->data[0] << 8 | avp->data[1]);
		memcpy(address->octets, avp->data + 2, avp->data_len - 2);
		break;
	}
	case DIA_KEEP_GROUP:
		return keep_group(d, row, to, w, avp);
	}
	return 0;
}

/* The flag of a list's element stands in the element, any other in the struct itself. */
static bool *flag_of(const struct dia_row *row, uint8_t *base, uint8_t *element)
{
	return (bool *)((row->stride ? element : base) + row->flag_at);
}

static int take(struct decode *d, const struct dia_row *row, const struct dia_win *w, const struct dia_avp *avp)
{
	uint8_t *seen = &d->seen[row - d->grammar->rows];
	uint8_t *to = d->base + row->at;
	int err;

	if (row->flags & DIA_SHARED) {
		seen--;
	}
	if (*seen >= row->max) {
		if (row->flags & DIA_SPARE) {
			return 0;
		}
		if (!row->max) {
			return dia_failed_avp(d->failed, DIA_RESULT_AVP_NOT_ALLOWED, avp, "%s is not allowed here",
					      row->def->name);
		}
		return dia_failed_avp(d->failed, DIA_RESULT_AVP_OCCURS_TOO_MANY_TIMES, avp, "%s occurs more than %u times",
				      row->def->name, row->max);
	}
	err = check_value(row, avp, d->failed);
	if (err) {
		return row->flags & DIA_BAD_IS_NONE ? 0 : err;
	}
	if (row->stride) {
		to += (size_t)*seen * row->stride;
	}
	err = keep(d, row, to, w, avp);
	if (err) {
		return err;
	}
	++*seen;
	if (row->stride) {
		d->base[row->count_at] = *seen;
	}
	if (row->has_flag) {
		*flag_of(row, d->base, to) =
		    row->flags & DIA_FLAG_IS_M ? (avp->flags & DIA_AVP_M) != 0 : !(row->flags & DIA_FLAG_NOT);
	}
	return 0;
}

static int stranger(const struct decode *d, const struct dia_avp *avp)
{
	if (d->grammar->any || !(avp->flags & DIA_AVP_M) || dia_avp_def_find(avp->code, avp->vendor)) {
		return 0;
	}
	return dia_failed_avp(d->failed, DIA_RESULT_AVP_UNSUPPORTED, avp, "AVP %u of vendor %u has the M bit and is not known",
			      avp->code, avp->vendor);
}

static bool forgiven(const struct decode *d, const struct dia_row *row)
{
	if (!d->lapses || !row->lapse) {
		return false;
	}
	*d->lapses |= row->lapse;
	return true;
}

static int demand(const struct decode *d)
{
	bool some = !d->grammar->some;

	for (unsigned i = 0; i < d->grammar->rows_n; i++) {
		const struct dia_row *row = &d->grammar->rows[i];

		some |= d->seen[i] > 0;
		if (d->seen[i] >= row->min || (row->flags & DIA_SHARED) || (d->refusal && (row->flags & DIA_OK_ONLY))) {
			continue;
		}
		if (!(row->flags & DIA_FIRST) && forgiven(d, row)) {
			continue;
		}
		return dia_refuse_missing(d->failed, row->code, row->vendor);
	}
	return some ? 0 : dia_refuse_missing(d->failed, d->grammar->rows[0].code, d->grammar->rows[0].vendor);
}

static int decode_window(struct decode *d, struct dia_win w, const uint16_t *result_at)
{
	const struct dia_grammar *g = d->grammar;
	unsigned from = 0;
	bool first = true;
	struct dia_avp avp;
	int err;

	while ((err = dia_win_next(&w, &avp, d->failed)) == DIA_MORE) {
		const struct dia_row *row = find_row(g, from, &avp);

		if (row && (row->flags & DIA_FIRST) && !first && !d->seen[row - g->rows] && !forgiven(d, row)) {
			return dia_failed_avp(d->failed, DIA_RESULT_AVP_NOT_ALLOWED, &avp, "%s must be the first AVP",
					      row->def->name);
		}
		err = row ? take(d, row, &w, &avp) : stranger(d, &avp);
		if (err) {
			return err;
		}
		if (row) {
			from = (unsigned)(row - g->rows);
		}
		first = false;
	}
	if (err) {
		return err;
	}
	if (result_at) {
		const struct dia_u32 *result = (const void *)(d->base + *result_at);

		d->refusal = result->present && result->v / 1000 != 2;
	}
	return demand(d);
}

static int check_header(const struct dia_command *c, const struct dia_msg *m, struct dia_failed *failed)
{
	const struct dia_hdr *h = &m->hdr;

	if (h->app_id != c->app_id) {
		return dia_refuse(failed, DIA_RESULT_APPLICATION_UNSUPPORTED, "application %u, expected %u (%s)", h->app_id,
				  c->app_id, dia_application_str(c->app_id));
	}
	if (h->code != c->code || c->request != !!(h->flags & DIA_FLAG_R)) {
		return dia_refuse(failed, DIA_RESULT_COMMAND_UNSUPPORTED, "command %u (%s), expected %s", h->code,
				  dia_command_str(h->code, h->flags & DIA_FLAG_R), dia_command_str(c->code, c->request));
	}
	if (c->request && c->proxiable != !!(h->flags & DIA_FLAG_P)) {
		return dia_refuse(failed, DIA_RESULT_INVALID_HDR_BITS, "%s %s the P bit", dia_command_str(c->code, true),
				  c->proxiable ? "without" : "with");
	}
	return 0;
}

/* An error with a result that is none would be taken for a success by whoever looks at the result alone. */
static int check_error_bit(const struct dia_command *c, const uint8_t *st, const struct dia_msg *m, struct dia_failed *failed)
{
	const struct dia_u32 *result = (const void *)(st + c->result_at);

	if (!(m->hdr.flags & DIA_FLAG_E) || !c->error || (result->present && result->v >= 3000)) {
		return 0;
	}
	return dia_refuse(failed, DIA_RESULT_INVALID_HDR_BITS, "%s with the E bit and result %u", dia_command_str(c->code, false),
			  result->v);
}

static int parse(const struct dia_command *c, void *out, const struct dia_msg *m, struct dia_failed *failed, uint8_t *lapses)
{
	_Alignas(max_align_t) uint8_t copy[DIA_STRUCT_MAX];
	struct decode d = { .grammar = c->grammar, .base = copy, .failed = failed, .lapses = lapses };
	uint16_t avps_left;
	int err = check_header(c, m, failed);

	if (err) {
		return err;
	}
	if ((m->hdr.flags & DIA_FLAG_E) && c->error) {
		d.grammar = c->error;
	}
	memset(copy, 0, c->size);
	err = decode_window(&d, dia_msg_win(m, &avps_left), c->request ? NULL : &c->result_at);
	if (!err) {
		err = check_error_bit(c, copy, m, failed);
	}
	if (!err && c->finish) {
		err = c->finish(c, copy, m, failed);
	}
	if (err) {
		return err;
	}
	memcpy(out, copy, c->size);
	return 0;
}

int dia_command_parse(const struct dia_command *c, void *out, const struct dia_msg *m, struct dia_failed *failed)
{
	return parse(c, out, m, failed, NULL);
}

int dia_command_parse_lenient(const struct dia_command *c, void *out, const struct dia_msg *m, struct dia_failed *failed,
			      uint8_t *lapses)
{
	*lapses = 0;
	return parse(c, out, m, failed, lapses);
}
