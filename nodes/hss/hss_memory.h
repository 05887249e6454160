/* hss_memory.h - memory of one set of subscribers: allocated piece by piece, freed as a whole.
 * Equal pieces are kept once (a million devices behind one MME share the name of that MME). */
#pragma once
#include <stddef.h>

struct hss_memory;

struct hss_memory *hss_memory_new(void);
void hss_memory_free(struct hss_memory *m); /* NULL allowed */

/* Zeroed, aligned for every type; NULL when out of memory or n is 0 or above 1 MiB. */
void *hss_memory_take(struct hss_memory *m, size_t n);
/* A copy that is shared with every equal one; NULL as above. */
const void *hss_memory_share(struct hss_memory *m, const void *p, size_t n);
