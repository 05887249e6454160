/* exc_read.h - a whole file of rows: its format, its header, row after row, and every mistake with the line it stands on. Sees no
 * store, no clock and no descriptor: octets come from a function, rows and mistakes go to functions. */
#pragma once
#include "exchange/exc_lines.h"
#include "exchange/exc_row.h"

#define EXC_ERRORS_MAX 20u /* errors reported before reading ends */

/* One row; what it borrows is valid until return. 0: taken. ERR_INVAL, ERR_NOTFOUND, ERR_EXISTS, ERR_LIMIT: this row is wrong, `why` says
 * so, and reading goes on. Every other code ends the reading. */
typedef int exc_row_fn(void *arg, uint64_t line, const struct exc_row *row, char why[EXC_WHY_MAX]);
/* One mistake: words in one clean line of printable ASCII. */
typedef void exc_error_fn(void *arg, uint64_t line, const char *why);

struct exc_read {
	enum asc_kind kind;
	enum exc_format format;
	exc_source_fn *source;
	exc_row_fn *row;
	exc_error_fn *error;
	void *arg; /* of all three */
	/* What is missing at the end does harm, or is likely: the file is to replace what is there, or comes out of a pipe. */
	bool ended;
};

/* Reads all. Returns 0 when every row was taken; ERR_INVAL when at least one mistake was told; ERR_NOMEM; what the source or, to
 * end, the row's function returned. *rows: taken ones.
 *
 * CSV: the first line names the columns, in any order; optional ones may be left out. Empty lines are passed over. There are no comments: a
 * device may be named '#'. JSON lines: an object a line. EXC_DETECT: JSON lines when the first octet is '{', else CSV; an empty file is a mistake
 * then, for nobody can say that it is meant (and in CSV always, for lack of its header).
 *
 * A last line without its LF is a mistake in CSV: of a number that was cut off what is left is a number of another device. In JSON lines it
 * is one with `ended`: an object that is closed is whole, but there may be no more than that of the file. */
ERR_MUST_USE int exc_read(const struct exc_read *r, uint64_t *rows);
