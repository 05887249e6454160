/* pol_assoc.h - chooses the deciding rule among those that match (CONTRACTS section 2).
 * Block always wins. Then the device axis: exact > named set > narrowest MSISDN range > domain.
 * Within it SCS > group. Deny wins ties. No rule is a deny.
 * Detect-only rules never decide; those that would have changed the result are reported. PURE. */
#pragma once
#include "base/assoc_rule.h"
#include "policy/pol_reason.h"

struct pol_assoc {
	bool allow;
	/* NONE when allowed, else NO_ASSOCIATION, DENIED, BLOCKED, TOO_MANY_RULES */
	enum pol_reason reason;
	int winner; /* index into found->rules, -1 when no rule decided */
	/* the other rules in force for this right, strongest first */
	uint8_t beaten[ASSOC_FOUND_MAX];
	uint8_t beaten_n;
	/* Detect-only rules that would each turn this yes into a no if enforced, strongest
	 * first. None when the answer is no. */
	uint8_t detected[ASSOC_FOUND_MAX];
	uint8_t detected_n;
};

/* `right` is one ASSOC_RIGHT_*. Rules outside their time at now_s, rules without this right (a
 * block stops every right) and detect-only rules do not count. */
void pol_assoc_judge(struct pol_assoc *out, const struct assoc_found *found, uint8_t right, int64_t now_s);

/* Judges denies and blocks again for the MSISDN that the HSS returned.
 * An MSISDN without an allow rule stays reachable by the allowed name: allow unless the winner
 * among `found` is a deny or block.
 * Overflow refuses. */
void pol_assoc_judge_again(struct pol_assoc *out, const struct assoc_found *found, uint8_t right, int64_t now_s);

struct pol_window {              /* seconds since 1970 */
	int64_t from_s, until_s; /* both included; none when from_s is later */
};
void pol_window_from(struct pol_window *w, int64_t s);  /* no second before s */
void pol_window_until(struct pol_window *w, int64_t s); /* no second after s */
/* Narrows a window that holds now_s to the seconds in which the same of these rules are within
 * their time: at each of them the judge says what it says at now_s. */
void pol_assoc_window(struct pol_window *w, const struct assoc_found *found, int64_t now_s);

/* The reason of a refusing rule: DENIED or BLOCKED. */
enum pol_reason pol_assoc_reason(const struct assoc_rule *r);
