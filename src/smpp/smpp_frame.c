/* smpp_frame.c - cuts whole PDUs out of a stream. A PDU that arrives whole is passed on in place.
 * Only the rest is kept, in a buffer that grows with the octets that came, never with the promise
 * of a length. */
#include "smpp/smpp_frame.h"

#include <stdlib.h>
#include <string.h>

void smpp_frame_init(struct smpp_frame *f, uint32_t pdu_max)
{
	*f = (struct smpp_frame){ 0 };
	smpp_frame_limit(f, pdu_max);
}

void smpp_frame_limit(struct smpp_frame *f, uint32_t pdu_max)
{
	f->pdu_max = pdu_max < SMPP_HEADER_LEN ? SMPP_HEADER_LEN : pdu_max > SMPP_PDU_MAX ? SMPP_PDU_MAX : pdu_max;
}

static void empty(struct smpp_frame *f)
{
	free(f->held);
	f->held = NULL;
	f->held_len = f->held_cap = 0;
}

void smpp_frame_fini(struct smpp_frame *f)
{
	empty(f);
}

/* Length of the PDU that begins at p; ERR_AGAIN: too little of it is there to know. The length is
 * judged as soon as its own four octets came. */
static int pdu_len(struct smpp_frame *f, const uint8_t *p, size_t n, size_t *len)
{
	uint32_t v;

	if (n < sizeof v) {
		return ERR_AGAIN;
	}
	v = be32_get(p);
	if (v < SMPP_HEADER_LEN || v > f->pdu_max) {
		f->refused = (struct smpp_header){ .length = v };
		if (n >= SMPP_HEADER_LEN && smpp_header_parse(&f->refused, p, n)) {
			return ERR_PROTO;
		}
		return v < SMPP_HEADER_LEN ? ERR_PROTO : ERR_LIMIT;
	}
	*len = v;
	return 0;
}

static int hold(struct smpp_frame *f, const uint8_t *p, size_t n)
{
	size_t need = f->held_len + n;

	if (need > f->held_cap) {
		size_t cap = f->held_cap * 2 > need ? f->held_cap * 2 : need;
		uint8_t *grown = realloc(f->held, cap);

		if (!grown) {
			return ERR_NOMEM;
		}
		f->held = grown;
		f->held_cap = cap;
	}
	memcpy(f->held + f->held_len, p, n);
	f->held_len = need;
	return 0;
}

/* Fills the buffer up to `want` octets; *p and *n advance. ERR_AGAIN: there were not enough. */
static int top_up(struct smpp_frame *f, const uint8_t **p, size_t *n, size_t want)
{
	size_t take = want - f->held_len < *n ? want - f->held_len : *n;
	int err = hold(f, *p, take);

	if (err) {
		return err;
	}
	*p += take;
	*n -= take;
	return f->held_len < want ? ERR_AGAIN : 0;
}

static int complete_held(struct smpp_frame *f, const uint8_t **p, size_t *n, size_t *len)
{
	int err = 0;

	if (f->held_len < SMPP_HEADER_LEN) {
		int wait = top_up(f, p, n, SMPP_HEADER_LEN);

		if (wait && wait != ERR_AGAIN) {
			return wait;
		}
	}
	err = pdu_len(f, f->held, f->held_len, len);
	if (!err && f->held_len < *len) {
		err = top_up(f, p, n, *len);
	}
	return err;
}

static int feed(struct smpp_frame *f, const uint8_t *p, size_t n, smpp_frame_fn *fn, void *arg)
{
	size_t len = 0;
	int err = 0;

	if (f->held_len) {
		err = complete_held(f, &p, &n, &len);
		if (err) {
			return err == ERR_AGAIN ? 0 : err;
		}
		err = fn(arg, f->held, len);
		empty(f);
	}
	while (!err && n) {
		err = pdu_len(f, p, n, &len);
		if (err == ERR_AGAIN || (!err && len > n)) {
			return hold(f, p, n);
		}
		if (err) {
			return err;
		}
		err = fn(arg, p, len);
		p += len;
		n -= len;
	}
	return err;
}

int smpp_frame_feed(struct smpp_frame *f, const uint8_t *p, size_t n, smpp_frame_fn *fn, void *arg)
{
	if (!f->dead) {
		f->dead = feed(f, p, n, fn, arg);
	}
	return f->dead;
}
