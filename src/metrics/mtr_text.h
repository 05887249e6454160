/* mtr_text.h - metrics as text, format 0.0.4 of Prometheus. PURE.
 *
 * Names: MTR_PREFIX, the name of the row, and "_total" for what only grows; seconds and bytes.
 * Counters of stats/ that belong together are one metric with the label `reason` (mtr_text.c). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "metrics/mtr_snap.h"

struct mtr_text { /* zeroed at first; the memory is kept from one text to the next */
	char *p;
	size_t len, cap, max; /* max: more octets are not made */
	bool failed;          /* no memory, or more than max: the text must not be used */
};
void mtr_text_fini(struct mtr_text *t);

struct mtr_own {                                 /* of the process that answers */
	bool up;                                 /* there is a snapshot, and it is not older than it may be */
	uint64_t age_ms;                         /* of the snapshot; UINT64_MAX: there is none */
	uint64_t scrapes, refused, cut, damaged; /* see the help of their rows */
};

/* Makes the whole text anew. `s` NULL: there is no snapshot that may be told. ERR_LIMIT,
 * ERR_NOMEM. */
ERR_MUST_USE int mtr_text_make(struct mtr_text *t, const struct mtr_snap *s, const struct mtr_own *own);
