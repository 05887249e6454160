/* dia_frame.c - cuts whole messages out of a stream. A message that arrives whole is passed on in
 * place. Only the rest is kept, in a buffer that grows with the octets that came, never with the
 * promise of a length field. */
#include "diameter/dia_frame.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define KEEP_CAP 4096u /* an empty buffer larger than this is given back */

struct dia_frame {
	uint32_t message_len_max;
	uint8_t *held; /* octets of a message that is not whole yet */
	size_t held_len, held_cap;
	int dead; /* the error after which nothing more is taken */
	bool refused_set;
	struct dia_hdr refused;
};

int dia_frame_new(struct dia_frame **out, const struct dia_limits *limits)
{
	struct dia_frame *f = calloc(1, sizeof *f);

	if (!f) {
		return ERR_NOMEM;
	}
	f->message_len_max = limits->message_len_max;
	*out = f;
	return 0;
}

void dia_frame_free(struct dia_frame *f)
{
	if (!f) {
		return;
	}
	free(f->held);
	free(f);
}

void dia_frame_limit(struct dia_frame *f, uint32_t message_len_max)
{
	f->message_len_max = message_len_max;
}

const struct dia_hdr *dia_frame_refused(const struct dia_frame *f)
{
	return f->refused_set ? &f->refused : NULL;
}

size_t dia_frame_pending(const struct dia_frame *f)
{
	return f->held_len;
}

static int refuse(struct dia_frame *f, const struct dia_hdr *h, int err)
{
	f->refused = *h;
	f->refused_set = true;
	return err;
}

/* Length of the message whose first octets are at p; ERR_AGAIN when its header is not whole. */
static int message_len(struct dia_frame *f, const uint8_t *p, size_t n, size_t *len)
{
	struct dia_hdr h;

	if (dia_hdr_parse(&h, p, n)) {
		return ERR_AGAIN;
	}
	if (h.version != 1 || h.length < DIA_HEADER_LEN || h.length % 4) {
		return refuse(f, &h, ERR_PROTO);
	}
	if (h.length > f->message_len_max) {
		return refuse(f, &h, ERR_LIMIT);
	}
	*len = h.length;
	return 0;
}

static int hold(struct dia_frame *f, const uint8_t *p, size_t n, size_t len_max)
{
	size_t need = f->held_len + n;

	if (need > f->held_cap) {
		size_t cap = f->held_cap * 2 > need ? f->held_cap * 2 : need;
		uint8_t *grown;

		if (cap > len_max && len_max >= need) {
			cap = len_max;
		}
		grown = realloc(f->held, cap);
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

static void empty(struct dia_frame *f)
{
	f->held_len = 0;
	if (f->held_cap > KEEP_CAP) {
		free(f->held);
		f->held = NULL;
		f->held_cap = 0;
	}
}

/* Fills the buffer up to `want` octets, as far as there are any; *p and *n advance. ERR_AGAIN:
 * there were not enough. */
static int top_up(struct dia_frame *f, const uint8_t **p, size_t *n, size_t want)
{
	size_t take = want - f->held_len < *n ? want - f->held_len : *n;
	int err = hold(f, *p, take, want);

	if (err) {
		return err;
	}
	*p += take;
	*n -= take;
	return f->held_len < want ? ERR_AGAIN : 0;
}

/* Completes the message that is held; *len is its length. ERR_AGAIN: the octets were not enough. */
static int complete_held(struct dia_frame *f, const uint8_t **p, size_t *n, size_t *len)
{
	int err = 0;

	if (f->held_len < DIA_HEADER_LEN) {
		err = top_up(f, p, n, DIA_HEADER_LEN);
	}
	if (!err) {
		err = message_len(f, f->held, f->held_len, len);
	}
	if (!err && f->held_len < *len) {
		err = top_up(f, p, n, *len);
	}
	return err;
}

static int feed(struct dia_frame *f, const uint8_t *p, size_t n, dia_frame_fn *fn, void *arg)
{
	size_t len;
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
		err = message_len(f, p, n, &len);
		if (err == ERR_AGAIN || (!err && len > n)) {
			return hold(f, p, n, DIA_HEADER_LEN);
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

int dia_frame_feed(struct dia_frame *f, const uint8_t *p, size_t n, dia_frame_fn *fn, void *arg)
{
	if (!f->dead) {
		f->dead = feed(f, p, n, fn, arg);
	}
	return f->dead;
}
