/* trc_digest.h - digests that stand in a trace in place of values: of the same length and form, and
 * the same for the same value and key. In place. PURE. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/sip.h"

void trc_digest_octets(const struct sip_key *key, uint8_t *p, size_t len);
/* Digits stay digits, and '@', '.' and '-' stay; all else becomes small letters. */
void trc_digest_text(const struct sip_key *key, uint8_t *p, size_t len);
/* Two digits an octet, the first in the low half; 0xf fills the last one. */
void trc_digest_digits(const struct sip_key *key, uint8_t *p, size_t len);
