/* buf.c - numbers of seven bits an octet. */
#include "base/buf.h"

#define VAR64_MAX 10 /* octets of UINT64_MAX */

void buf_var64_long(struct buf *b, uint64_t v)
{
	uint8_t octets[VAR64_MAX];
	size_t n = 0;

	for (; v > 0x7f; v >>= 7) {
		octets[n++] = (uint8_t)(v | 0x80);
	}
	octets[n++] = (uint8_t)v;
	buf_bytes(b, octets, n);
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
