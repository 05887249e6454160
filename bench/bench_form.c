/* bench_form.c - messages that differ in a few octets only. */
#include "bench/bench_form.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diameter/dia_build.h"
#include "diameter/dia_failed.h"

bool bench_form_of_answer(struct bench_form *f, const uint8_t *message, size_t len)
{
	const struct dia_limits limits = DIA_LIMITS_CORE;
	struct dia_avp session;
	struct dia_msg m = { .bytes = message, .limits = &limits };
	size_t behind;

	if (dia_hdr_parse(&m.hdr, message, len) || !dia_msg_find(&m, DIA_DEF(SESSION_ID)->code, 0, &session)) {
		return false;
	}
	behind = (size_t)(session.raw - message) + ((session.raw_len + 3u) & ~3u);
	if (behind > len || len - behind > sizeof f->octets) {
		return false;
	}
	f->len = len - behind;
	memcpy(f->octets, message + behind, f->len);
	return true;
}

void bench_form_answer(struct buf *out, const struct bench_form *f, const struct dia_msg *m)
{
	struct dia_hdr h = m->hdr;
	struct dia_avp session;
	size_t start;

	h.flags &= DIA_FLAG_P;
	start = dia_build_begin(out, &h);
	if (dia_msg_find(m, DIA_DEF(SESSION_ID)->code, 0, &session)) {
		dia_put_bytes(out, DIA_DEF(SESSION_ID), DIA_AVP_M, session.data, session.data_len);
	}
	buf_bytes(out, f->octets, f->len);
	dia_build_end(out, start);
}

size_t bench_form_place(const struct bench_form *f, const void *mark, size_t mark_len)
{
	const uint8_t *at = memmem(f->octets, f->len, mark, mark_len);
	const uint8_t *behind = at ? at + 1 : NULL;

	if (!at || memmem(behind, (size_t)(f->octets + f->len - behind), mark, mark_len)) {
		fprintf(stderr, "bench: a mark stands %s in an encoded message\n", at ? "twice" : "nowhere");
		abort();
	}
	return (size_t)(at - f->octets);
}

void bench_put_be32(uint8_t *at, uint32_t v)
{
	at[0] = (uint8_t)(v >> 24);
	at[1] = (uint8_t)(v >> 16);
	at[2] = (uint8_t)(v >> 8);
	at[3] = (uint8_t)v;
}

uint32_t bench_get_be32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

void bench_put_digits(uint8_t *at, size_t width, uint64_t v)
{
	while (width > 0) {
		at[--width] = (uint8_t)('0' + v % 10);
		v /= 10;
	}
}

static bool is(const struct dia_avp *avp, const struct dia_avp_def *def)
{
	return avp->code == def->code && avp->vendor == def->vendor;
}

bool bench_find_inside(const struct dia_msg *m, const struct dia_avp_def *group, const struct dia_avp_def *member,
		       struct dia_avp *out)
{
	uint16_t avps_left;
	struct dia_failed failed; /* hundreds of octets, and nobody reads them */
	struct dia_win win = dia_msg_win(m, &avps_left), inside;

	if (!dia_msg_find(m, group->code, group->vendor, out) || dia_win_enter(&inside, &win, out, &failed)) {
		return false;
	}
	while (dia_win_next(&inside, out, &failed) == DIA_MORE) {
		if (is(out, member)) {
			return true;
		}
	}
	return false;
}

bool bench_find_u32(const struct dia_msg *m, const struct dia_avp_def *group, const struct dia_avp_def *member, uint32_t *out)
{
	struct dia_avp avp;

	if (!bench_find_inside(m, group, member, &avp) || avp.data_len != 4) {
		return false;
	}
	*out = bench_get_be32(avp.data);
	return true;
}
