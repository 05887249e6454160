/* buf.c - numbers of seven bits an octet. */
#include "base/buf.h"

void buf_var64_long(struct buf *b, uint64_t v)
{
	unsigned bits = 64 - (unsigned)__builtin_clzll(v | 1);
	size_t n = (bits + 6) / 7;
	uint8_t *at = buf_take(b, n);

	if (!at) {
		return;
	}
	for (; n > 1; n--, v >>= 7) {
		*at++ = (uint8_t)(v | 0x80);
	}
	*at = (uint8_t)v;
}

uint64_t rd_var64(struct rd *r)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint8_t octet = rd_u8(r);

		if ((shift == 63 && octet > 1) || (shift && !octet)) {
			break;
		}
		v |= (uint64_t)(octet & 0x7f) << shift;
		if (!(octet & 0x80)) {
			return r->bad ? 0 : v;
		}
	}
	r->bad = true;
	return 0;
}
