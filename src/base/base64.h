/* base64.h - base64 of RFC 4648 section 4, with padding, strict: one text for each sequence of
 * octets. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Characters with NUL that `n` octets take. */
#define BASE64_MAX(n) (((n) + 2) / 3 * 4 + 1)

/* Writes the text with NUL; `out` holds BASE64_MAX(n). Returns its length. */
size_t base64_put(char *out, const void *p, size_t n);
/* The octets of `len` characters. ERR_INVAL: another character, a missing padding, bits that no
 * octet has. ERR_LIMIT: more than `cap` octets. `out` is untouched on failure but for its content
 * up to `cap`. */
ERR_MUST_USE int base64_get(uint8_t *out, size_t cap, size_t *n, const char *text, size_t len);
