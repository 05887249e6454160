/* trc_digest.c - see trc_digest.h. */
#include "trace/trc_digest.h"

#include <stdbool.h>

/* -- a stream of pseudo-random octets that only key and value determine */

struct stream {
	const struct sip_key *key;
	uint64_t digest, block, n;
};

static struct stream stream_of(const struct sip_key *key, const uint8_t *p, size_t len)
{
	return (struct stream){ .key = key, .digest = sip_hash(key, p, len) };
}

static uint8_t next(struct stream *s)
{
	if (s->n % 8 == 0) {
		uint64_t input[2] = { s->digest, s->n / 8 + 1 };

		s->block = sip_hash(s->key, input, sizeof input);
	}
	return (uint8_t)(s->block >> (8 * (s->n++ % 8)));
}

/* -- the forms */

void trc_digest_octets(const struct sip_key *key, uint8_t *p, size_t len)
{
	struct stream s = stream_of(key, p, len);

	for (size_t i = 0; i < len; i++) {
		p[i] = next(&s);
	}
}

/* Digits stay digits, and what divides a name stays. */
void trc_digest_text(const struct sip_key *key, uint8_t *p, size_t len)
{
	struct stream s = stream_of(key, p, len);

	for (size_t i = 0; i < len; i++) {
		uint8_t r = next(&s);

		if (p[i] >= '0' && p[i] <= '9') {
			p[i] = (uint8_t)('0' + r % 10);
		} else if (p[i] != '@' && p[i] != '.' && p[i] != '-') {
			p[i] = (uint8_t)('a' + r % 26);
		}
	}
}

/* Two digits an octet, the first in the low half; 0xf fills the last one. */
void trc_digest_digits(const struct sip_key *key, uint8_t *p, size_t len)
{
	struct stream s = stream_of(key, p, len);

	for (size_t i = 0; i < len; i++) {
		uint8_t low = (uint8_t)(i ? next(&s) % 10 : 1 + next(&s) % 9), high = (uint8_t)(next(&s) % 10);
		bool filled = i + 1 == len && p[i] >> 4 == 0xf;

		p[i] = (uint8_t)(low | (filled ? 0xf : high) << 4);
	}
}
