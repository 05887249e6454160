/* core_finished.h - what is known of one trigger, and the last ones that ended: so that an operator hears what became of it, as long as it is
 * remembered. In memory only, bounded; never the payload. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/core_view.h"

struct core_finished;

ERR_MUST_USE int core_finished_new(struct core_finished **out, uint32_t max); /* max 0: nothing is kept */
void core_finished_free(struct core_finished *e);                             /* NULL allowed */
/* Copies; the oldest goes when there are too many: true then. Without memory nothing is kept. */
bool core_finished_add(struct core_finished *e, const struct core_trigger_view *p);
/* The newest with this number, of this SCS (NULL: of any); NULL: none. */
const struct core_trigger_view *core_finished_find(const struct core_finished *e, const char *scs, uint32_t reference);
uint32_t core_finished_count(const struct core_finished *e);
