/* exc_lines.h - lines out of a stream of octets, without memory of their own. A file may have any
 * length, a line has a bound. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

#define EXC_LINE_MAX 16384u /* octets without the end of the line: far more than any row needs */
#define EXC_BLOCK (256u * 1024u)

/* Fills p with at least one and at most n octets. Returns their number, 0 at the end, or a negative
 * code that ends the reading. May wait. */
typedef ssize_t exc_source_fn(void *arg, void *p, size_t n);

struct exc_lines {
	exc_source_fn *source;
	void *arg;
	uint64_t number; /* of the line last given out, from 1 */
	uint64_t octets; /* read so far */
	size_t at, len;
	bool begun, ended, skipping;
	bool unended; /* the line last given out ended with the file and not with LF */
	char block[EXC_BLOCK + 1];
};

void exc_lines_init(struct exc_lines *l, exc_source_fn *source, void *arg);

/* The next line, in place and ended by NUL. The caller may change it; it is borrowed until the next
 * call. Its end (LF, CR LF, or the end of the file) is not part of it, nor is a byte order mark
 * before the first one. Returns 1; 0 at the end; ERR_LIMIT if the line is longer than EXC_LINE_MAX
 * (the line is skipped and reading continues); or the code of the source. */
ERR_MUST_USE int exc_lines_next(struct exc_lines *l, char **line, size_t *n);
/* The octets that were read and not returned yet, for a look ahead: three or more, unless the line
 * or the file ends before.
 * Returns as above; 1 with at least one octet. */
ERR_MUST_USE int exc_lines_peek(struct exc_lines *l, const uint8_t **p, size_t *n);
