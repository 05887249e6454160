/* fuzz_diameter.c - the promises that hold for every input. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diameter/dia_frame.h"
#include "tests/fuzz/fuzz.h"
#include "tests/vectors/vec.h"

static const struct dia_limits limits = { 65536, 512, 8 };

/* --- framer: whatever the pieces, the same messages, and each is whole --- */

struct cut {
	size_t messages, octets;
};

static int on_message(void *arg, const uint8_t *message, size_t len)
{
	struct cut *c = arg;
	struct dia_hdr h;

	promise(!dia_hdr_parse(&h, message, len) && h.length == len && h.version == 1, "a framed message is as long as it says");
	c->messages++;
	c->octets += len;
	return 0;
}

static int feed_all(struct cut *c, const uint8_t *p, size_t n, size_t piece)
{
	struct dia_frame *f;
	int err = dia_frame_new(&f, &limits);

	promise(!err, "memory");
	for (size_t at = 0; !err && at < n; at += piece) {
		err = dia_frame_feed(f, p + at, n - at < piece ? n - at : piece, on_message, c);
	}
	promise(!!err == !!dia_frame_refused(f), "a refused header is shown");
	promise(err || c->octets + dia_frame_pending(f) == n, "no octet is lost");
	dia_frame_free(f);
	return err;
}

static void fuzz_frame(const char *target, const uint8_t *data, size_t size)
{
	struct cut one = { 0, 0 }, many = { 0, 0 };
	int err;

	(void)target;
	if (size < 1) {
		return;
	}
	err = feed_all(&one, data + 1, size - 1, size);
	promise(feed_all(&many, data + 1, size - 1, 1u + data[0]) == err, "pieces end the same way");
	promise(one.messages == many.messages && one.octets == many.octets, "pieces give the same messages");
}

/* --- decoders: refused with an answer that can be read, or understood and understood again from our own octets --- */

static uint8_t first[VEC_STRUCT_MAX] __attribute__((aligned(16))), second[VEC_STRUCT_MAX] __attribute__((aligned(16)));
static uint8_t octets[4u << 20];

static void check_refusal(const struct dia_msg *m, const struct dia_failed *failed)
{
	struct buf out = buf_over(octets, sizeof octets);
	struct dia_limits roomy = { sizeof octets, UINT16_MAX, 8 };
	struct dia_failed again;
	struct dia_msg answer;

	promise(failed->result_code >= 3000 && failed->result_code < 6000, "a refusal has a code of its class");
	promise(failed->avp_len <= DIA_FAILED_AVP_MAX && failed->avp_len % 4 == 0, "Failed-AVP is bounded and padded");
	promise(memchr(failed->text, 0, sizeof failed->text), "a refusal has words");
	if (!m) {
		return;
	}
	dia_error_answer(&out, m, "iwf.example", "example", failed);
	promise(!out.full, "the answer fits");
	promise(!dia_msg_parse(&answer, octets, out.len, &roomy, &again), "our answer has a good header");
	promise(!dia_msg_check(&answer, &again), "our answer can be read");
}

static bool same_fields(const struct vec_kind *kind)
{
	struct vec_lines a = { .n = 0 }, b = { .n = 0 };
	bool same;

	kind->print(&a, first);
	kind->print(&b, second);
	same = a.n == b.n;
	for (size_t i = 0; same && i < a.n; i++) {
		same = !strcmp(a.line[i], b.line[i]);
	}
	vec_lines_free(&a);
	vec_lines_free(&b);
	return same;
}

static void check_round(const struct vec_kind *kind, const struct dia_msg *m)
{
	struct buf out = buf_over(octets, sizeof octets);
	struct dia_failed failed = { .text = "" };
	struct dia_msg again;
	struct dia_avp result;
	bool class_3 = false;

	if (dia_msg_find(m, 268, 0, &result) && result.data_len == 4) {
		struct rd r = rd_over(result.data, 4);

		class_3 = rd_be32(&r) / 1000 == 3;
	}
	/* others set the E bit where we do not, or forget it: then our octets follow another grammar than theirs */
	if (class_3 != !!(m->hdr.flags & DIA_FLAG_E)) {
		return;
	}
	kind->build(&out, first, m->hdr.hop_by_hop, m->hdr.end_to_end);
	promise(!out.full, "what was read can be written");
	promise(!dia_msg_parse(&again, octets, out.len, &limits, &failed), failed.text);
	promise(!kind->parse(second, &again, &failed), failed.text);
	promise(same_fields(kind), "what was written says what was read");
}

static void fuzz_decode(const char *target, const uint8_t *data, size_t size)
{
	struct dia_failed failed = { .text = "" };
	const struct vec_kind *kind;
	char name[16] = "";
	struct dia_msg m;
	int err;

	for (size_t i = 0; target[i] && i + 1 < sizeof name; i++) {
		name[i] = (char)toupper((unsigned char)target[i]);
	}
	kind = vec_kind_find(name);
	promise(kind != NULL, "a target has its message");
	err = dia_msg_parse(&m, data, size, &limits, &failed);
	if (err) {
		check_refusal(NULL, &failed);
		return;
	}
	memset(first, 0x5a, sizeof first);
	err = kind->parse(first, &m, &failed);
	if (err) {
		memset(second, 0, sizeof second);
		promise(same_fields(kind), "a refusal leaves the struct empty");
		check_refusal(&m, &failed);
		return;
	}
	check_round(kind, &m);
}

fuzz_fn *fuzz_find(const char *target)
{
	char name[16] = "";

	if (!strcmp(target, "frame")) {
		return fuzz_frame;
	}
	for (size_t i = 0; target[i] && i + 1 < sizeof name; i++) {
		name[i] = (char)toupper((unsigned char)target[i]);
	}
	return vec_kind_find(name) ? fuzz_decode : NULL;
}
