/* exc_read.h - reads a whole file: format, header, rows, and every error with its line number.
 * Uses no store, clock or descriptor: one function gives the octets, others take rows and
 * errors. */
#pragma once
#include "exchange/exc_lines.h"
#include "exchange/exc_row.h"

#define EXC_ERRORS_MAX 20u /* errors reported before reading ends */

/* Takes one row, borrowed until return. Returns 0: accepted; ERR_INVAL, ERR_NOTFOUND, ERR_EXISTS,
 * ERR_LIMIT: the row is invalid, with the reason in `why`, and reading continues. Any other code
 * ends the reading. */
typedef int exc_row_fn(void *arg, uint64_t line, const struct exc_row *row, char why[EXC_WHY_MAX]);
/* Takes one error: one line of printable ASCII. */
typedef void exc_error_fn(void *arg, uint64_t line, const char *why);

struct exc_read {
	enum asc_kind kind;
	enum exc_format format;
	exc_source_fn *source;
	exc_row_fn *row;
	exc_error_fn *error;
	void *arg; /* of all three */
	/* A truncated file is likely or harmful: it comes from a pipe, or it replaces all stored
	 * rows. */
	bool ended;
};

/* Reads all. Returns 0 if every row was accepted; ERR_INVAL if at least one error was reported;
 * ERR_NOMEM; or the code with which the source or the row function ended the reading. *rows:
 * accepted rows.
 *
 * CSV: the first line names the columns, in any order; optional ones may be missing. Empty lines
 * are skipped. There are no comments, because a device may be named '#'. JSON lines: one object per
 * line.
 * EXC_DETECT: JSON lines if the first octet is '{', else CSV. An empty file is an error in CSV (no
 * header) and with EXC_DETECT (it may be a broken pipe).
 *
 * A last line without LF is an error in CSV: a truncated number is the number of another device. In
 * JSON lines it is an error with `ended`: the last object is complete, but more may be missing. */
ERR_MUST_USE int exc_read(const struct exc_read *r, uint64_t *rows);
