/* core_rights.h - judges again the right to a trigger under way. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/assoc_rule.h"
#include "policy/pol_judge.h"

struct core;
struct core_proven;
struct core_trigger;

/* Finds the rules of the device by the given names (NULL or empty: not looked up).
 * The asker is the trigger's SCS with the groups proven for it, if the proof was valid at
 * when_ms.
 * Fills and returns `found`; NULL: the store cannot be read. */
const struct assoc_found *core_trigger_rules(struct core_trigger *t, struct assoc_found *found, const char *external,
					     const char *msisdn, uint64_t when_ms);
/* The facts behind a verdict on the given names, and then on the number of the HSS. As long as none
 * of them has changed, a second verdict is the same. The names, the action and the proven groups
 * are those of the trigger and never change. The store has changed if asc_generation() has. Time
 * matters only at the ends of the rules' windows and of the proof. So an answer that allowed them
 * can be given again without the store and without the rules. */
struct core_given {
	bool allowed; /* false: not judged */
	uint64_t store;
	struct pol_window window; /* of the wall clock */
	/* MSISDN of the HSS that was judged, too, and is not denied; "" when none was */
	char number[STR_DIGITS_MAX + 1];
};
/* The rules `found` at when_ms allow the given names to an asker with these proven groups (NULL:
 * none), and the SCS may use the action. */
void core_given_allowed(struct core_given *g, const struct core *c, const struct assoc_found *found,
			const struct core_proven *proven, uint64_t when_ms);

struct core_judged { /* a verdict, and the rules that it borrows */
	struct pol_verdict verdict;
	/* About the given names, about one that the HSS returned; not filled if not looked up. */
	struct assoc_found given, number;
};
/* Judges by the rules and the SCS in the store now, at the time when_ms: right, windows of
 * rules, proof of groups. Asks the store only for what t->input->given does not say, or says no
 * longer. */
void core_trigger_judge(struct core_trigger *t, struct core_judged *j, uint64_t when_ms);
/* The same for a further name of the device that the HSS returned: External-Identifier or MSISDN,
 * the other NULL. */
void core_trigger_judge_name(struct core_trigger *t, struct core_judged *j, const char *external, const char *msisdn,
			     uint64_t when_ms);
