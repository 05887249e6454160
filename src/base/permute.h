/* permute.h - keyed permutations of 32 and of 64 bits (a Feistel network over sip_hash()).
 * Two different numbers give two different results, so numbers that count up become identifiers
 * that stay unique. Without the key nobody can tell from the results how far, or whether, the
 * numbers counted. PURE. */
#pragma once
#include <stdint.h>

#include "base/sip.h"

uint32_t permute32(const struct sip_key *key, uint32_t v);
uint64_t permute64(const struct sip_key *key, uint64_t v);
