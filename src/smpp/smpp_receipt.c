/* smpp_receipt.c - the text of a receipt. */
#include "smpp/smpp_receipt.h"

#include <string.h>

#include "base/str.h"
#include "base/text.h"
#include "smpp/smpp_time.h"

enum { COUNT_MAX = 999, DATE_LEN = 10, DATE_SECONDS_LEN = 12 };

struct row {
	uint8_t state;
	bool final;
	const char *word;
};

static const struct row rows[] = {
#define SMPP_ROW(name, value, word, final) { (value), (final), (word) },
	SMPP_STATE_TABLE(SMPP_ROW)
#undef SMPP_ROW
};

static const struct row *find(uint8_t state)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (rows[i].state == state) {
			return &rows[i];
		}
	}
	return NULL;
}

const char *smpp_state_word(uint8_t state)
{
	const struct row *r = find(state);

	return r ? r->word : NULL;
}

bool smpp_state_final(uint8_t state)
{
	const struct row *r = find(state);

	return r && r->final;
}

static bool word_is_sound(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (p[i] <= ' ' || p[i] > '~') {
			return false;
		}
	}
	return len > 0;
}

static int put_date(struct text *t, int64_t at_s)
{
	struct smpp_date d;

	if (!smpp_date_of(&d, at_s)) {
		return ERR_RANGE;
	}
	text_dec(t, (uint64_t)(d.year % 100), 2);
	text_dec(t, d.month, 2);
	text_dec(t, d.day, 2);
	text_dec(t, d.hour, 2);
	text_dec(t, d.minute, 2);
	return 0;
}

int smpp_receipt_build(struct buf *out, const struct smpp_receipt *in)
{
	char line[SMPP_RECEIPT_MAX + 1];
	struct text t = text_over(line, sizeof line);
	const char *word = smpp_state_word(in->state);
	int err;

	if (!word || !word_is_sound(in->id, strlen(in->id)) || in->submitted > COUNT_MAX || in->delivered > COUNT_MAX ||
	    (in->err[0] && !word_is_sound(in->err, strlen(in->err)))) {
		return ERR_INVAL;
	}
	text_add(&t, "id:");
	text_add(&t, in->id);
	text_add(&t, " sub:");
	text_dec(&t, in->submitted, 3);
	text_add(&t, " dlvrd:");
	text_dec(&t, in->delivered, 3);
	text_add(&t, " submit date:");
	err = put_date(&t, in->submit_s);
	if (err) {
		return err;
	}
	text_add(&t, " done date:");
	err = put_date(&t, in->done_s);
	if (err) {
		return err;
	}
	text_add(&t, " stat:");
	text_add(&t, word);
	text_add(&t, " err:");
	text_add(&t, in->err[0] ? in->err : "000");
	text_add(&t, " text:");
	text_add(&t, in->text);
	buf_bytes(out, line, t.len);
	return t.cut || out->full ? ERR_LIMIT : 0;
}

/* What stands before the next blank, if `name` stands at r. */
static bool take_word(struct rd *r, const char *name, const char **word, size_t *len)
{
	size_t n = strlen(name);
	const uint8_t *end;

	if (rd_left(r) < n || memcmp(r->p, name, n) != 0) {
		return false;
	}
	r->p += n;
	end = memchr(r->p, ' ', rd_left(r));
	*word = (const char *)r->p;
	*len = end ? (size_t)(end - r->p) : rd_left(r);
	r->p += *len + (end ? 1 : 0);
	return true;
}

static bool number_of(uint16_t *out, const char *word, size_t len)
{
	char text[4];
	uint32_t v;

	if (len > 3 || str_copy(text, sizeof text, word, len) || str_parse_u32(&v, text, 0, COUNT_MAX)) {
		return false;
	}
	*out = (uint16_t)v;
	return true;
}

static bool date_of(int64_t *out, const char *word, size_t len)
{
	unsigned v[6] = { 0 };
	struct smpp_date d;

	if (len != DATE_LEN && len != DATE_SECONDS_LEN) {
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		if (word[i] < '0' || word[i] > '9') {
			return false;
		}
		v[i / 2] = v[i / 2] * 10 + (unsigned)(word[i] - '0');
	}
	d = (struct smpp_date){ 2000 + (int)v[0], v[1], v[2], v[3], v[4], v[5] };
	return smpp_date_at(out, &d);
}

static bool state_of(uint8_t *out, const char *word, size_t len)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (len == strlen(rows[i].word) && !memcmp(word, rows[i].word, len)) {
			*out = rows[i].state;
			return true;
		}
	}
	return false;
}

static bool take_optional(struct smpp_receipt *v, struct rd *r)
{
	const char *w;
	size_t n;

	return (!take_word(r, "sub:", &w, &n) || number_of(&v->submitted, w, n)) &&
	       (!take_word(r, "dlvrd:", &w, &n) || number_of(&v->delivered, w, n)) &&
	       (!take_word(r, "submit date:", &w, &n) || date_of(&v->submit_s, w, n)) &&
	       (!take_word(r, "done date:", &w, &n) || date_of(&v->done_s, w, n));
}

int smpp_receipt_parse(struct smpp_receipt *out, const uint8_t *p, size_t len)
{
	struct smpp_receipt v = { 0 };
	struct rd r = rd_over(p, len);
	const char *w;
	size_t n;

	if (!take_word(&r, "id:", &w, &n) || !word_is_sound(w, n) || str_copy(v.id, sizeof v.id, w, n) ||
	    !take_optional(&v, &r) || !take_word(&r, "stat:", &w, &n) || !state_of(&v.state, w, n)) {
		return ERR_PROTO;
	}
	if (take_word(&r, "err:", &w, &n) && (!word_is_sound(w, n) || str_copy(v.err, sizeof v.err, w, n))) {
		return ERR_PROTO;
	}
	if (rd_left(&r)) {
		if (rd_left(&r) < 5 || (memcmp(r.p, "text:", 5) != 0 && memcmp(r.p, "Text:", 5) != 0)) {
			return ERR_PROTO;
		}
		r.p += 5;
		n = rd_left(&r) < SMPP_RECEIPT_TEXT_MAX ? rd_left(&r) : SMPP_RECEIPT_TEXT_MAX;
		if (str_copy(v.text, sizeof v.text, r.p, n)) {
			return ERR_PROTO;
		}
	}
	*out = v;
	return 0;
}
