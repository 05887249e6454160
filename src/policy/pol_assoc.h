/* pol_assoc.h - which of the rules that match decides (CONTRACTS section 2): block always wins; then the device axis, exact > named
 * set > narrowest MSISDN range > domain; within it SCS > group; deny wins ties; no rule is deny. Detect-only rules never decide; said is
 * what they would have changed. PURE. */
#pragma once
#include "base/assoc_rule.h"
#include "policy/pol_reason.h"

struct pol_assoc {
	bool allow;
	enum pol_reason reason;          /* NONE when allowed, else NO_ASSOCIATION, DENIED, BLOCKED, TOO_MANY_RULES */
	int winner;                      /* index into found->rules, -1 when no rule decided */
	uint8_t beaten[ASSOC_FOUND_MAX]; /* the other rules in force for this right, strongest first */
	uint8_t beaten_n;
	/* Detect-only rules each of which, enforced, would have made no out of this yes; strongest first. None when the answer is no. */
	uint8_t detected[ASSOC_FOUND_MAX];
	uint8_t detected_n;
};

/* `right` is one ASSOC_RIGHT_*; rules outside their time at now_s, without this right
 * (a block stops every right) or detect-only do not count. */
void pol_assoc_judge(struct pol_assoc *out, const struct assoc_found *found, uint8_t right, int64_t now_s);

/* Denies and blocks judged again, on the MSISDN that the HSS returned: a number that is only not allowed by itself stays reachable by
 * the name that is. Allow unless the winner among `found` is a deny or block; overflow refuses. */
void pol_assoc_judge_again(struct pol_assoc *out, const struct assoc_found *found, uint8_t right, int64_t now_s);

/* DENIED or BLOCKED: why a rule that refuses refuses. */
enum pol_reason pol_assoc_reason(const struct assoc_rule *r);
