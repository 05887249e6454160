/* mtr_snap.c - see mtr_snap.h. The octets, little-endian:
 *   u32 layout, u32 counters, u64 made_ms, u32 left_out, u64 each counter
 *   and for each sample: u16 family, u8 and u8 lengths of the two values of labels, both values,
 *   u64 value */
#include "metrics/mtr_snap.h"

#include <stdlib.h>
#include <string.h>

#define LAYOUT (0x6d740000u + MTR_FAMILIES)
#define AT_LEFT_OUT 16u

void mtr_begin(struct mtr_writer *w, void *out, size_t cap, const struct st_counters *counters, uint64_t made_ms)
{
	*w = (struct mtr_writer){ .octets = buf_over(out, cap) };
	buf_le32(&w->octets, LAYOUT);
	buf_le32(&w->octets, ST_COUNTERS);
	buf_le64(&w->octets, made_ms);
	buf_le32(&w->octets, 0);
	for (unsigned i = 0; i < ST_COUNTERS; i++) {
		buf_le64(&w->octets, counters->v[i]);
	}
}

static size_t length_of(const char *label, const char *value)
{
	return label && value ? strnlen(value, MTR_LABEL_MAX + 1) : 0;
}

void mtr_put(struct mtr_writer *w, enum mtr_family family, const char *a, const char *b, uint64_t value)
{
	const struct mtr_family_row *row = &mtr_families[family];
	size_t a_len = length_of(row->labels[0], a), b_len = length_of(row->labels[1], b);

	if (w->octets.full || a_len > MTR_LABEL_MAX || b_len > MTR_LABEL_MAX ||
	    w->octets.cap - w->octets.len < MTR_SAMPLE_MIN + a_len + b_len) {
		w->left_out++;
		return;
	}
	buf_le16(&w->octets, (uint16_t)family);
	buf_u8(&w->octets, (uint8_t)a_len);
	buf_u8(&w->octets, (uint8_t)b_len);
	buf_bytes(&w->octets, a, a_len);
	buf_bytes(&w->octets, b, b_len);
	buf_le64(&w->octets, value);
}

static void set_le32(uint8_t *at, uint32_t v)
{
	v = htole32(v);
	memcpy(at, &v, sizeof v);
}

size_t mtr_end(struct mtr_writer *w)
{
	if (w->octets.full) {
		return 0;
	}
	set_le32(w->octets.p + AT_LEFT_OUT, w->left_out);
	return w->octets.len;
}

/* -- the reader */

/* The value of a label is printable ASCII. An empty one would be the same as no label. */
static bool take_text(struct rd *r, const char *label, uint8_t len, char **texts, const char **out)
{
	const uint8_t *p = rd_take(r, len);

	*out = *texts;
	if (r->bad || !label != !len || len > MTR_LABEL_MAX) {
		return false;
	}
	for (uint8_t i = 0; i < len; i++) {
		if (p[i] < ' ' || p[i] > '~') {
			return false;
		}
		*(*texts)++ = (char)p[i];
	}
	*(*texts)++ = 0;
	return true;
}

static bool take_sample(struct mtr_sample *s, struct rd *r, char **texts)
{
	uint16_t family = rd_le16(r);
	uint8_t a = rd_u8(r), b = rd_u8(r);
	const struct mtr_family_row *row = &mtr_families[family < MTR_FAMILIES ? family : 0];

	if (r->bad || family >= MTR_FAMILIES || !take_text(r, row->labels[0], a, texts, &s->labels[0]) ||
	    !take_text(r, row->labels[1], b, texts, &s->labels[1])) {
		return false;
	}
	s->family = (enum mtr_family)family;
	s->value = rd_le64(r);
	return !r->bad;
}

static int order(const void *pa, const void *pb)
{
	const struct mtr_sample *a = pa, *b = pb;
	int first;

	if (a->family != b->family) {
		return a->family < b->family ? -1 : 1;
	}
	first = strcmp(a->labels[0], b->labels[0]);
	return first ? first : strcmp(a->labels[1], b->labels[1]);
}

/* Each sample once. */
static void merge(struct mtr_snap *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->samples_n; i++) {
		if (n && order(&s->samples[n - 1], &s->samples[i]) == 0) {
			s->samples[n - 1].value += s->samples[i].value;
		} else {
			s->samples[n++] = s->samples[i];
		}
	}
	s->samples_n = n;
}

static int read_head(struct mtr_snap *s, struct rd *r)
{
	uint32_t layout = rd_le32(r), counters = rd_le32(r);

	s->made_ms = rd_le64(r);
	s->left_out = rd_le32(r);
	if (r->bad || layout != LAYOUT || counters != ST_COUNTERS) {
		return ERR_PROTO;
	}
	for (unsigned i = 0; i < ST_COUNTERS; i++) {
		s->counters.v[i] = rd_le64(r);
	}
	return r->bad ? ERR_PROTO : 0;
}

static int read_samples(struct mtr_snap *s, struct rd *r)
{
	size_t most = rd_left(r) / MTR_SAMPLE_MIN;
	char *texts;

	if (!most) {
		return rd_left(r) ? ERR_PROTO : 0;
	}
	s->samples = calloc(most, sizeof *s->samples);
	s->texts = malloc(rd_left(r)); /* a sample has its lengths and its value besides, which is more than two NULs */
	if (!s->samples || !s->texts) {
		return ERR_NOMEM;
	}
	texts = s->texts;
	while (rd_left(r) && !r->bad) {
		if (s->samples_n == most || !take_sample(&s->samples[s->samples_n], r, &texts)) {
			return ERR_PROTO;
		}
		s->samples_n++;
	}
	qsort(s->samples, s->samples_n, sizeof *s->samples, order);
	merge(s);
	return 0;
}

int mtr_snap_read(struct mtr_snap *out, const void *octets, size_t len)
{
	struct rd r = rd_over(octets, len);
	int err;

	memset(out, 0, sizeof *out);
	err = read_head(out, &r);
	if (!err) {
		err = read_samples(out, &r);
	}
	if (err) {
		mtr_snap_fini(out);
	}
	return err;
}

void mtr_snap_fini(struct mtr_snap *s)
{
	free(s->samples);
	free(s->texts);
	memset(s, 0, sizeof *s);
}
