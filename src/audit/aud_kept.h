/* aud_kept.h - the latest lines of the decision log, in memory, so that a search opens no file. The
 * room is fixed; the oldest lines make place for a new one. PURE. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct aud_kept;

/* Takes `octets` of memory for lines, and a 64th of it for their places. ERR_NOMEM. */
ERR_MUST_USE int aud_kept_new(struct aud_kept **out, size_t octets);
void aud_kept_free(struct aud_kept *k); /* NULL allowed */
/* Copies the line, which has no newline. A line that is larger than the room is left out. */
void aud_kept_add(struct aud_kept *k, const char *line, size_t len);
/* Lines have numbers from 0 in the order of their coming. Kept are those from *first to *next - 1.
 */
void aud_kept_range(const struct aud_kept *k, uint64_t *first, uint64_t *next);
/* The line, borrowed until the next aud_kept_add(), without NUL at its end; NULL: not kept. */
const char *aud_kept_line(const struct aud_kept *k, uint64_t number, size_t *len);
