/* asc_read.h - reading rows of devices as a view has them (room-private): one row by the device's
 * name, or all of them in order of names. What a row holds is in asc_row.h. Any thread that may use
 * the view's reader. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct asc_view;

/* The row of one device, whose canonical name has `len` bytes. `row` begins with its version byte
 * and is borrowed until the view is freed. ERR_NOTFOUND (no row, or the name is too long for one),
 * ERR_IO. */
ERR_MUST_USE int asc_read_row(const struct asc_view *v, const char *device, size_t len, struct rd *row);

struct asc_cursor {
	struct MDB_cursor *at; /* NULL: not begun */
};

/* Stands before the first row. The view must outlive the cursor. The store's errors; then the
 * cursor is not begun. */
ERR_MUST_USE int asc_read_begin(struct asc_cursor *out, const struct asc_view *v);
/* The next row and its key; both begin with a version byte, and are borrowed until the view is
 * freed. ERR_NOTFOUND after the last row, and of a cursor that was not begun; ERR_IO. */
ERR_MUST_USE int asc_read_next(struct asc_cursor *c, struct rd *key, struct rd *row);
void asc_read_end(struct asc_cursor *c); /* releases; also when not begun */

/* How many rows there are. The store's errors. */
ERR_MUST_USE int asc_read_count(const struct asc_view *v, uint64_t *n);
