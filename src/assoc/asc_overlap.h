/* asc_overlap.h - hosts under NDS/IP that two SCSs have (room-private). A host belongs to one SCS,
 * because strongSwan gives its packets to one of them only. */
#pragma once
#include <stddef.h>

#include "assoc/asc.h"

struct asc_model;

/* Looks at those of the n SCSs that have hosts. ERR_EXISTS with words that name both SCSs and the
 * host; a and b are their places, a < b. 0: there is none. ERR_NOMEM. */
ERR_MUST_USE int asc_overlap_find(size_t *a, size_t *b, const struct asc_scs *const *scs, size_t n, struct asc_why *why);
/* The SCSs of an indexed model, with this record in place of the one of its name. `with` NULL: as
 * they are. ERR_EXISTS with words, ERR_NOMEM. */
ERR_MUST_USE int asc_overlap_check(const struct asc_model *m, const struct asc_scs *with, struct asc_why *why);
