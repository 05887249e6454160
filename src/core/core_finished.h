/* core_finished.h - the triggers that ended last, for operators. Bounded, in memory only,
 * without payload. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/core_view.h"

struct core_finished;

/* max: number of triggers; 0: none are kept */
ERR_MUST_USE int core_finished_new(struct core_finished **out, uint32_t max);
void core_finished_free(struct core_finished *e); /* NULL allowed */
/* Copies `p`. Returns true if the oldest was dropped for it. Keeps nothing if there is no
 * memory. */
bool core_finished_add(struct core_finished *e, const struct core_trigger_view *p);
/* The newest with this Reference-Number, of this SCS (NULL: any SCS); NULL: none. */
const struct core_trigger_view *core_finished_find(const struct core_finished *e, const char *scs, uint32_t reference);
uint32_t core_finished_count(const struct core_finished *e);
