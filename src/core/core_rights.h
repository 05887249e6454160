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
struct core_judged { /* a verdict, and the rules that it borrows */
	struct pol_verdict verdict;
	struct assoc_found given, number; /* about the given names; about one that the HSS returned */
};
/* Judges by the rules and the SCS in the store now, at the time when_ms: right, windows of
 * rules, proof of groups. */
void core_trigger_judge(struct core_trigger *t, struct core_judged *j, uint64_t when_ms);
/* The same for a further name of the device that the HSS returned: External-Identifier or MSISDN,
 * the other NULL. */
void core_trigger_judge_name(struct core_trigger *t, struct core_judged *j, const char *external, const char *msisdn,
			     uint64_t when_ms);
