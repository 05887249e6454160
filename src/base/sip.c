/* sip.c - SipHash with one round a word and three at the end. */
#include "base/sip.h"

#include <endian.h>
#include <string.h>
#include <sys/random.h>

int sip_key_new(struct sip_key *out)
{
	return getrandom(out->k, sizeof out->k, 0) == sizeof out->k ? 0 : ERR_IO;
}

static uint64_t rotl(uint64_t v, unsigned n)
{
	return v << n | v >> (64 - n);
}

/* Inlined by order: only then do the four words stay in registers. A call for each round took more
 * than the rounds. */
__attribute__((always_inline)) static inline void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotl(v[1], 13) ^ v[0];
	v[0] = rotl(v[0], 32);
	v[2] += v[3];
	v[3] = rotl(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotl(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotl(v[1], 17) ^ v[2];
	v[2] = rotl(v[2], 32);
}

/* The last n octets, fewer than 8, of `len` before `end`, the first one lowest. */
static uint64_t rest_of(const uint8_t *end, size_t n, size_t len)
{
	uint64_t word = 0;

	if (n && len >= 8) {
		memcpy(&word, end - 8, 8);
		return le64toh(word) >> (64 - 8 * n);
	}
	for (size_t i = 0; i < n; i++) {
		word |= (uint64_t)(end - n)[i] << (8 * i);
	}
	return word;
}

uint64_t sip_hash(const struct sip_key *key, const void *octets, size_t len)
{
	uint64_t v[4] = { key->k[0] ^ 0x736f6d6570736575ull, key->k[1] ^ 0x646f72616e646f6dull, key->k[0] ^ 0x6c7967656e657261ull,
			  key->k[1] ^ 0x7465646279746573ull };
	const uint8_t *p = len ? octets : (const uint8_t *)""; /* no octets may stand nowhere */
	uint64_t word;
	size_t n = len;

	for (; n >= 8; p += 8, n -= 8) {
		memcpy(&word, p, 8);
		word = le64toh(word);
		v[3] ^= word;
		sip_round(v);
		v[0] ^= word;
	}
	word = (uint64_t)(len & 0xff) << 56 | rest_of(p + n, n, len);
	v[3] ^= word;
	sip_round(v);
	v[0] ^= word;
	v[2] ^= 0xff;
	sip_round(v);
	sip_round(v);
	sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}
