/* pol_judge.h - the verdict on one request of an admitted SCS, in the order of CONTRACTS section 2 (duplicates are found before, by
 * the gateway): identity, action allowed, rate, quota, limits, association, system load. First failure decides. PURE: every fact, the
 * time included, is an argument; the gateway looks up, policy judges. */
#pragma once
#include "base/scs_limits.h"
#include "policy/pol_assoc.h"
#include "policy/pol_rate.h"
#include "policy/pol_screen.h"

struct pol_scs { /* the provisioned facts of the SCS; borrowed strings */
	const char *name, *e164;
	SCS_LIMITS(SCS_LIMIT_MEMBER) /* as they are in force */
};

struct pol_load {
	uint32_t pending_of_scs; /* triggers of this SCS that are not answered yet */
	bool overloaded;         /* the core is at a bound of its own: no request is taken */
	bool overloaded_low;     /* near it: non-priority requests are not taken */
	bool memory_short;       /* what is left is for what was accepted: no trigger and no replace is taken */
	uint64_t quota_used;     /* triggers accepted for this SCS today */
	bool reference_in_use;   /* by a pending trigger of the same SCS under another End-to-End-Id */
};

struct pol_facts {
	const struct pol_scs *scs;
	struct pol_rate *rate;           /* changed: one token is taken when the check is reached; NULL: no limit */
	const struct assoc_found *found; /* rules of (scs, device); NULL: the store could not be read */
	struct pol_load load;
	uint32_t payload_ceiling; /* of the whole gateway; the smaller one counts */
	uint32_t validity_ceiling_s;
	uint64_t now_ms;    /* the wall clock: from when until when a rule holds */
	uint64_t steady_ms; /* of a clock that is never set: for the rate */
};

/* `screened` is what pol_screen() said about `r`. */
void pol_judge(struct pol_verdict *out, const struct pol_request *r, const struct pol_verdict *screened,
	       const struct pol_facts *f);

/* Judged again before anything leaves for the SMS-SC: `found` collected anew for the names given by the SCS and, apart, `found_msisdn`
 * for the MSISDN the HSS returned (NULL: it returned none). 105 when the association is gone or the number is denied or blocked.
 * `out->detected` as in pol_judge(): of the names, else of the number. */
void pol_judge_again(struct pol_verdict *out, uint8_t right, const struct assoc_found *found,
		     const struct assoc_found *found_msisdn, uint64_t now_ms);

/* ASSOC_RIGHT_* that an Action-Type needs; 0 for actions an SCS cannot ask for. */
uint8_t pol_right_of(uint32_t action);
