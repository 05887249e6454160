/* sign.h - the checksum of a segment's header, for tests that change one on purpose (jrn_format.h). */
#pragma once
#include <stdint.h>
#include <string.h>
#include <xxhash.h>

static inline void sign_seg_head(uint8_t *block)
{
	uint64_t sum = XXH3_64bits(block, 80);

	for (int i = 0; i < 8; i++) {
		block[80 + i] = (uint8_t)(sum >> 8 * i);
	}
}
