/* sip.h - the keyed hash (SipHash-1-3) of all tables whose keys a peer can choose. Without the key
 * a peer cannot find names that fall into one chain. A key is made at the start of a process or a
 * table and never leaves memory. A test gives its own key. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct sip_key {
	uint64_t k[2];
};

/* From the system's random numbers. ERR_IO. */
ERR_MUST_USE int sip_key_new(struct sip_key *out);
uint64_t sip_hash(const struct sip_key *key, const void *p, size_t len);
