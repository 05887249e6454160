/* fuzz_trace.c - the promises of traces. The reader of pcapng: what it gives lies inside of its block, and each block is taken or the
 * file is refused in words. The redactor: nothing of what has to be hidden stays, lengths and headers do, and the same message becomes
 * the same copy. */
#include <stdlib.h>
#include <string.h>

#include "diameter/dia_failed.h"
#include "diameter/dia_msg.h"
#include "tests/fuzz/fuzz.h"
#include "trace/trc_pcapng.h"
#include "trace/trc_read.h"
#include "trace/trc_redact.h"

static void fuzz_pcapng(const char *target, const uint8_t *data, size_t size)
{
	struct trc_read r;
	size_t at = 0;

	(void)target;
	trc_read_init(&r);
	while (size - at >= TRC_READ_HEAD) {
		struct trc_message m;
		uint8_t *block;
		size_t n;
		int err = trc_read_size(&r, data + at, &n);

		promise(!err || r.why[0], "a refusal has words");
		if (err || n > size - at) {
			return;
		}
		promise(n % 4 == 0 && n >= TRC_READ_HEAD && n <= TRC_READ_BLOCK_MAX, "a block has a bound");
		block = malloc(n); /* so that a sanitizer sees what is read beside it */
		if (!block) {
			return;
		}
		memcpy(block, data + at, n);
		err = trc_read_block(&r, block, n, &m);
		promise(!err || r.why[0], "a refusal has words");
		promise(err == 0 || !m.p, "a refused block gives no message");
		promise(!m.p || (m.p >= block && m.p + m.len <= block + n), "a message is inside of its block");
		promise(!r.redacted || r.marked, "only a trace of ours is redacted");
		free(block);
		if (err) {
			return;
		}
		at += n;
	}
}

/* Whether both have AVPs at the same places with the same headers. */
static bool same_frame(const uint8_t *a, const uint8_t *b, size_t len)
{
	const struct dia_limits limits = { 0xffffff, 4096, 8 };
	struct dia_msg ma = { .bytes = a, .limits = &limits }, mb = { .bytes = b, .limits = &limits };
	struct dia_failed failed;
	uint16_t left_a, left_b;
	struct dia_win wa, wb;
	struct dia_avp x, y;
	int more;

	ma.hdr.length = mb.hdr.length = (uint32_t)len;
	wa = dia_msg_win(&ma, &left_a);
	wb = dia_msg_win(&mb, &left_b);
	while ((more = dia_win_next(&wa, &x, &failed)) == DIA_MORE) {
		if (dia_win_next(&wb, &y, &failed) != DIA_MORE || x.code != y.code || x.vendor != y.vendor ||
		    x.raw_len != y.raw_len || x.flags != y.flags) {
			return false;
		}
	}
	return more == DIA_END;
}

static void fuzz_redact(const char *target, const uint8_t *data, size_t size)
{
	struct sip_key key;
	uint8_t *copy, *again;
	size_t len, shown;

	(void)target;
	if (size < sizeof key + DIA_HEADER_LEN) {
		return;
	}
	memcpy(&key, data, sizeof key);
	data += sizeof key;
	len = size - sizeof key;
	copy = malloc(len);
	again = malloc(len);
	if (copy && again) {
		memcpy(copy, data, len);
		memcpy(again, data, len);
		shown = trc_redact(copy, len, &key);
		promise(shown >= DIA_HEADER_LEN && shown <= len, "what is shown is part of the message");
		promise(memcmp(copy, data, DIA_HEADER_LEN) == 0, "the header stays");
		for (size_t i = shown; i < len; i++) {
			promise(copy[i] == 0, "what is not understood is not shown");
		}
		promise(same_frame(copy, data, shown), "each AVP stays where it is");
		promise(trc_redact(again, len, &key) == shown && memcmp(again, copy, len) == 0, "the same becomes the same");
	}
	free(copy);
	free(again);
}

static const struct {
	const char *name;
	fuzz_fn *fn;
} targets[] = { { "pcapng", fuzz_pcapng }, { "redact", fuzz_redact } };

fuzz_fn *fuzz_find(const char *target)
{
	for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
		if (strcmp(targets[i].name, target) == 0) {
			return targets[i].fn;
		}
	}
	return NULL;
}
