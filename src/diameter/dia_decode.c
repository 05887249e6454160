/* dia_decode.c - the one decoder: a window of AVPs and a table become a typed struct. */
#include <limits.h>
#include <string.h>

#include "base/eight.h"
#include "diameter/dia_base.h"
#include "diameter/dia_grammar.h"

struct decode {
	const struct dia_grammar *grammar;
	uint8_t *base;           /* the struct the table's offsets count from */
	bool refusal;            /* an answer that says no: DIA_OK_ONLY is not demanded */
	bool any;                /* an AVP of the table was seen */
	uint8_t *lapses;         /* NULL: nothing is forgiven */
	struct dia_rules *rules; /* NULL: those of RFC 6733 */
	struct dia_failed *failed;
	uint8_t seen[DIA_ROWS_MAX];
};

static int decode_window(struct decode *d, struct dia_win w, const uint16_t *result_at);

#define NO_ROW UINT_MAX

/* Most senders keep the order of the grammar: looks from row `from` on, then from the start. */
static inline unsigned find_row(const struct dia_grammar *g, unsigned from, const struct dia_avp *avp)
{
	const struct dia_row *rows = g->rows;
	uint32_t code = avp->code, vendor = avp->vendor;

	for (unsigned i = from; i < g->rows_n; i++) {
		if (rows[i].code == code && rows[i].vendor == vendor) {
			return i;
		}
	}
	for (unsigned i = 0; i < from; i++) {
		if (rows[i].code == code && rows[i].vendor == vendor) {
			return i;
		}
	}
	return NO_ROW;
}

static int check_identity(const struct dia_row *row, const struct dia_avp *avp, struct dia_failed *failed)
{
	if (!avp->data_len || avp->data_len > 255 || !eight_graphic(avp->data, avp->data_len)) {
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

static inline int check_value(const struct dia_row *row, const struct dia_avp *avp, struct dia_failed *failed)
{
	enum dia_type type = row->type;

	if (avp->data_len < dia_type_lens[type].min || avp->data_len > dia_type_lens[type].max) {
		return dia_failed_avp(failed, DIA_RESULT_INVALID_AVP_LENGTH, avp, "%s of %u octets", row->def->name,
				      avp->data_len);
	}
	if (row->values && (be32_get(avp->data) > 31 || !(row->values & DIA_VALUE(be32_get(avp->data))))) {
		return dia_failed_avp(failed, DIA_RESULT_INVALID_AVP_VALUE, avp, "%s: %u is not allowed here", row->def->name,
				      be32_get(avp->data));
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
	struct decode group = { .grammar = row->inside, .base = to, .failed = d->failed, .rules = d->rules };
	int err = dia_win_enter(&inside, w, avp, d->failed);

	if (!err) {
		err = decode_window(&group, inside, NULL);
	}
	if (err) {
		dia_failed_wrap(d->failed, avp);
	}
	return err;
}

static inline int keep(const struct decode *d, const struct dia_row *row, uint8_t *to, const struct dia_win *w,
		       const struct dia_avp *avp)
{
	switch ((enum dia_keep)row->keep) {
	case DIA_KEEP_NOT:
		break;
	case DIA_KEEP_U32:
		*(struct dia_u32 *)(void *)to = dia_u32_of(be32_get(avp->data));
		break;
	case DIA_KEEP_U64:
		*(struct dia_u64 *)(void *)to =
		    (struct dia_u64){ (uint64_t)be32_get(avp->data) << 32 | be32_get(avp->data + 4), true };
		break;
	case DIA_KEEP_BARE_U32:
		*(uint32_t *)(void *)to = be32_get(avp->data);
		break;
	case DIA_KEEP_BARE_U64:
		*(uint64_t *)(void *)to = (uint64_t)be32_get(avp->data) << 32 | be32_get(avp->data + 4);
		break;
	case DIA_KEEP_BYTES:
		*(struct dia_bytes *)(void *)to = (struct dia_bytes){ avp->data, avp->data_len };
		break;
	case DIA_KEEP_ADDRESS: {
		struct dia_address *address = (void *)to;

		*address = (struct dia_address){ .family = (uint16_t)(avp->data[0] << 8 | avp->data[1]) };
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

/* Notes that a breach of this kind was met. True: it is let pass. Without rules none is. */
static bool passes(const struct decode *d, uint8_t kind)
{
	if (!d->rules) {
		return false;
	}
	d->rules->seen |= kind;
	if (d->rules->pass & kind) {
		return true;
	}
	d->rules->broke = kind;
	return false;
}

static int too_many(const struct decode *d, const struct dia_row *row, const struct dia_avp *avp)
{
	if (row->flags & DIA_SPARE) {
		return 0;
	}
	if (!row->max) {
		return dia_failed_avp(d->failed, DIA_RESULT_AVP_NOT_ALLOWED, avp, "%s is not allowed here", row->def->name);
	}
	if (passes(d, DIA_KIND_MANY)) {
		return 0;
	}
	return dia_failed_avp(d->failed, DIA_RESULT_AVP_OCCURS_TOO_MANY_TIMES, avp, "%s occurs more than %u times",
			      row->def->name, row->max);
}

static inline int take(struct decode *d, unsigned i, const struct dia_win *w, const struct dia_avp *avp)
{
	const struct dia_row *row = &d->grammar->rows[i];
	uint8_t *seen = &d->seen[i];
	uint8_t *to = d->base + row->at;
	int err;

	if (row->flags & DIA_SHARED) {
		seen--;
	}
	if (*seen >= row->max) {
		return too_many(d, row, avp);
	}
	err = check_value(row, avp, d->failed);
	if (err) {
		return row->flags & DIA_BAD_IS_NONE ? 0 : err;
	}
	if (row->stride) {
		to += (size_t)*seen * row->stride;
		if (row->keep == DIA_KEEP_GROUP) {
			memset(to, 0, row->stride);
		}
	}
	err = keep(d, row, to, w, avp);
	if (err) {
		return err;
	}
	++*seen;
	d->any = true;
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
		if (!d->rules || passes(d, DIA_KIND_PLACE)) {
			return 0;
		}
		return dia_failed_avp(d->failed, DIA_RESULT_AVP_NOT_ALLOWED, avp, "AVP %u of vendor %u is not allowed here",
				      avp->code, avp->vendor);
	}
	if (passes(d, DIA_KIND_UNKNOWN)) {
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

/* Whether a row that was seen too rarely may be so. */
static bool excused(const struct decode *d, const struct dia_row *row)
{
	if ((row->flags & DIA_SHARED) || (d->refusal && (row->flags & DIA_OK_ONLY))) {
		return true;
	}
	return !(row->flags & DIA_FIRST) && forgiven(d, row);
}

static int demand(const struct decode *d)
{
	const struct dia_row *row = d->grammar->rows, *end = row + d->grammar->rows_n;

	for (const uint8_t *seen = d->seen; row < end; row++, seen++) {
		if (*seen < row->min && !excused(d, row)) {
			return dia_refuse_missing(d->failed, row->code, row->vendor);
		}
	}
	row = d->grammar->rows;
	return d->any || !d->grammar->some ? 0 : dia_refuse_missing(d->failed, row->code, row->vendor);
}

static int decode_window(struct decode *d, struct dia_win w, const uint16_t *result_at)
{
	const struct dia_grammar *g = d->grammar;
	unsigned from = 0; /* row behind the last match; that of a list comes again */
	bool first = true;
	struct dia_avp avp;
	int err;

	while ((err = dia_win_next(&w, &avp, d->failed)) == DIA_MORE) {
		unsigned i = find_row(g, from, &avp);

		if (i == NO_ROW) {
			err = stranger(d, &avp);
		} else if ((g->rows[i].flags & DIA_FIRST) && !first && !d->seen[i] && !forgiven(d, &g->rows[i])) {
			err = dia_failed_avp(d->failed, DIA_RESULT_AVP_NOT_ALLOWED, &avp, "%s must be the first AVP",
					     g->rows[i].def->name);
		} else {
			err = take(d, i, &w, &avp);
			from = i + !g->rows[i].stride;
		}
		if (err) {
			return err;
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

/* An error with the result of a success would be taken for a success by a reader of the result
 * alone. */
static int check_error_bit(const struct dia_command *c, const uint8_t *st, const struct dia_msg *m, struct dia_failed *failed)
{
	const struct dia_u32 *result = (const void *)(st + c->result_at);

	if (!(m->hdr.flags & DIA_FLAG_E) || !c->error || (result->present && result->v >= 3000)) {
		return 0;
	}
	return dia_refuse(failed, DIA_RESULT_INVALID_HDR_BITS, "%s with the E bit and result %u", dia_command_str(c->code, false),
			  result->v);
}

void dia_command_clear(const struct dia_command *c, void *st)
{
	for (size_t i = 0; i < 2; i++) {
		memset((uint8_t *)st + c->plain[i].at, 0, c->plain[i].len);
	}
}

static int parse(const struct dia_command *c, void *out, const struct dia_msg *m, struct dia_failed *failed, uint8_t *lapses,
		 struct dia_rules *rules)
{
	struct decode d = { .grammar = c->grammar, .base = out, .failed = failed, .lapses = lapses, .rules = rules };
	uint16_t avps_left;
	int err = check_header(c, m, failed);

	dia_command_clear(c, out);
	if (err) {
		return err;
	}
	if ((m->hdr.flags & DIA_FLAG_E) && c->error) {
		d.grammar = c->error;
	}
	err = decode_window(&d, dia_msg_win(m, &avps_left), c->request ? NULL : &c->result_at);
	if (!err) {
		err = check_error_bit(c, out, m, failed);
	}
	if (!err && c->finish) {
		err = c->finish(c, out, m, failed);
	}
	if (err) {
		dia_command_clear(c, out); /* nothing of a message that is refused */
	}
	return err;
}

int dia_command_parse(const struct dia_command *c, void *out, const struct dia_msg *m, struct dia_failed *failed)
{
	return parse(c, out, m, failed, NULL, NULL);
}

int dia_command_parse_lenient(const struct dia_command *c, void *out, const struct dia_msg *m, struct dia_failed *failed,
			      uint8_t *lapses)
{
	*lapses = 0;
	return parse(c, out, m, failed, lapses, NULL);
}

int dia_command_parse_by(const struct dia_command *c, void *out, const struct dia_msg *m, struct dia_failed *failed,
			 struct dia_rules *rules)
{
	rules->seen = rules->broke = 0;
	return parse(c, out, m, failed, NULL, rules);
}
