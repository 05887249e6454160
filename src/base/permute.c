/* permute.c - each round replaces one half by itself xor a keyed hash of the other half, which can
 * be undone: therefore the result is a permutation, whatever the hash is. */
#include "base/permute.h"

/* Four rounds are a pseudorandom permutation by proof (Luby and Rackoff), for fewer results than 2
 * to the quarter of the width. One peer may collect far more, so there are as many rounds as NIST
 * SP 800-38G takes for small widths. */
#define ROUNDS 10u

/* The width is part of what is hashed: the two permutations of one key tell nothing about each
 * other. */
struct round_input {
	uint32_t half;
	uint16_t width, round;
};

static uint32_t keyed(const struct sip_key *key, uint32_t half, uint16_t width, uint16_t round)
{
	struct round_input in = { half, width, round };

	return (uint32_t)sip_hash(key, &in, sizeof in);
}

uint32_t permute32(const struct sip_key *key, uint32_t v)
{
	uint32_t left = v >> 16, right = v & 0xffff;

	for (uint16_t round = 0; round < ROUNDS; round++) {
		uint32_t next = left ^ (keyed(key, right, 32, round) & 0xffff);

		left = right;
		right = next;
	}
	return left << 16 | right;
}

uint64_t permute64(const struct sip_key *key, uint64_t v)
{
	uint32_t left = (uint32_t)(v >> 32), right = (uint32_t)v;

	for (uint16_t round = 0; round < ROUNDS; round++) {
		uint32_t next = left ^ keyed(key, right, 64, round);

		left = right;
		right = next;
	}
	return (uint64_t)left << 32 | right;
}
