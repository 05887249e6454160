/* asc_main.h - the main environment of a store (room-private): SCSs, groups, named sets, rules on
 * sets of devices, and the number of the generation that counts (asc_row.h has the layout). */
#pragma once
#include "base/err.h"

struct asc;
struct asc_main; /* opaque here; asc_lmdb.h */
struct asc_why;

/* Opens or creates it in a->dir, converts an older format, opens the generation that counts, and
 * loads what is held in memory: fills a->main, gen, model, next_gen and the counters. Errors with
 * words: those of asc_open(). After an error the caller frees a->main and a->gen, which may be
 * NULL. */
ERR_MUST_USE int asc_main_open(struct asc *a, struct asc_why *why);
void asc_main_free(struct asc_main *m); /* takes; NULL allowed; closes */
