/* asc_peek.h - a look into a store that another process may be using, for checks before a start. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "assoc/asc.h"
#include "base/err.h"

/* Whether the store in `dir` has SCSs of these names: known[i] of names[i]. Changes no file of a
 * store that nobody uses; while another process uses it, this one is a reader of LMDB for a moment.
 * ERR_NOTFOUND: there is no store. Other errors: it cannot be read. After an error `known` is
 * undefined. */
ERR_MUST_USE int asc_peek_scs(const char *dir, const char *const *names, bool *known, size_t n);
/* The same for all of them, in order of names: calls fn for each, borrowed during fn, until it
 * returns other than 0, and returns that. ERR_VERSION, ERR_PROTO: a record cannot be read. */
ERR_MUST_USE int asc_peek_each(const char *dir, asc_scs_fn *fn, void *arg);
