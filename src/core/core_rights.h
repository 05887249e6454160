/* core_rights.h - the right to a trigger that is under way, looked up and judged again. */
#pragma once
#include <stdint.h>

#include "base/assoc_rule.h"
#include "policy/pol_judge.h"

struct core_trigger;

/* Rules of the device under the given names (NULL or empty: not asked), for the trigger's SCS with the groups that were proven for it, as
 * far as the proof was valid at when_ms. Fills and returns `found`; NULL: the store cannot be read. */
const struct assoc_found *core_trigger_rules(struct core_trigger *t, struct assoc_found *found, const char *external,
					     const char *msisdn, uint64_t when_ms);
/* By the rules and the SCS as they are in the store now, at the time when_ms: right, windows of rules, proof of groups. */
void core_trigger_judge(struct core_trigger *t, struct pol_verdict *v, uint64_t when_ms);
