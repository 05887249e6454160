/* core_rights.h - judges again the right to a trigger under way. */
#pragma once
#include <stdint.h>

#include "base/assoc_rule.h"
#include "policy/pol_judge.h"

struct core_trigger;

/* Finds the rules of the device by the given names (NULL or empty: not looked up).
 * The asker is the trigger's SCS with the groups proven for it, if the proof was valid at
 * when_ms.
 * Fills and returns `found`; NULL: the store cannot be read. */
const struct assoc_found *core_trigger_rules(struct core_trigger *t, struct assoc_found *found, const char *external,
					     const char *msisdn, uint64_t when_ms);
/* Judges by the rules and the SCS in the store now, at the time when_ms: right, windows of
 * rules, proof of groups. */
void core_trigger_judge(struct core_trigger *t, struct pol_verdict *v, uint64_t when_ms);
