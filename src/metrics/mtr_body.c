/* mtr_body.c - see mtr_body.h.
 *
 * libmicrohttpd gets all answers in pieces by a function: a whole buffer would be sent by
 * sendmsg(), which can send descriptors and which the sandbox refuses. */
#include "metrics/mtr_body.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#include "base/obj.h"

#define PIECE_OCTETS 16384u  /* of an answer, read at once */
#define TEXT_MAX (32u << 20) /* octets of one answer */

#define BODY_MAGIC 0x6f1d23a5u
struct mtr_body {
	struct obj obj;
	unsigned users;
	struct mtr_text text;
};

int mtr_body_new(struct mtr_body **out, const struct mtr_snap *s, const struct mtr_own *own)
{
	struct mtr_body *b = calloc(1, sizeof *b);
	int err;

	if (!b) {
		return ERR_NOMEM;
	}
	obj_begin(&b->obj, BODY_MAGIC);
	b->users = 1;
	b->text.max = TEXT_MAX;
	err = mtr_text_make(&b->text, s, own);
	if (err) {
		mtr_body_drop(b);
		return err;
	}
	*out = b;
	return 0;
}

void mtr_body_drop(struct mtr_body *b)
{
	if (!b || --b->users) {
		return;
	}
	mtr_text_fini(&b->text);
	OBJ_END(b, BODY_MAGIC);
	free(b);
}

static void drop(void *arg)
{
	mtr_body_drop(OBJ_OF(arg, struct mtr_body, BODY_MAGIC));
}

static ssize_t piece(char *out, size_t max, const char *p, size_t len, uint64_t at)
{
	size_t n;

	if (at >= len) {
		return MHD_CONTENT_READER_END_OF_STREAM;
	}
	n = len - (size_t)at < max ? len - (size_t)at : max;
	memcpy(out, p + at, n);
	return (ssize_t)n;
}

static ssize_t read_body(void *arg, uint64_t at, char *out, size_t max)
{
	const struct mtr_body *b = OBJ_OF(arg, struct mtr_body, BODY_MAGIC);

	return piece(out, max, b->text.p, b->text.len, at);
}

static ssize_t read_words(void *arg, uint64_t at, char *out, size_t max)
{
	return piece(out, max, arg, strlen(arg), at);
}

static struct MHD_Response *of_type(struct MHD_Response *r, const char *type)
{
	if (r && MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type) != MHD_YES) {
		MHD_destroy_response(r);
		r = NULL;
	}
	return r;
}

struct MHD_Response *mtr_body_response(struct mtr_body *b)
{
	struct MHD_Response *r = MHD_create_response_from_callback(b->text.len, PIECE_OCTETS, read_body, b, drop);

	if (r) {
		b->users++;
	}
	return of_type(r, "text/plain; version=0.0.4; charset=utf-8");
}

struct MHD_Response *mtr_body_words(const char *words)
{
	void *arg = (void *)(uintptr_t)words;

	return of_type(MHD_create_response_from_callback(strlen(words), strlen(words), read_words, arg, NULL), "text/plain");
}
