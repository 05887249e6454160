/* asc_peek.h - a look into a store that another process may be using, for checks before a start. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* Whether the store in `dir` has SCSs of these names: known[i] of names[i]. Changes no file of a
 * store that nobody uses; while another process uses it, this one is a reader of LMDB for a moment.
 * ERR_NOTFOUND: there is no store. Other errors: it cannot be read. After an error `known` is
 * undefined. */
ERR_MUST_USE int asc_peek_scs(const char *dir, const char *const *names, bool *known, size_t n);
