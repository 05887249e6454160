/* pol_judge.h - the verdict on one request of an admitted SCS, in the order of CONTRACTS section
 * 2: identity, action allowed, rate, quota, limits, association, absent answers, system load. The
 * first failure decides. Duplicates are found before, in the core.
 * PURE: every fact, including the time, is an argument; the core looks up, policy judges. */
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
	uint32_t pending_of_scs; /* unanswered triggers of this SCS */
	bool overloaded;         /* the core is at one of its limits: all requests are refused */
	bool overloaded_low;     /* near that limit: non-priority requests are refused */
	/* the rest is for accepted triggers: new triggers and replaces are refused */
	bool memory_short;
	uint64_t quota_used; /* triggers accepted for this SCS today */
	/* in use by a pending trigger of the same SCS with another End-to-End-Id */
	bool reference_in_use;
	bool absent_too_often; /* the SCS learned too often that the device is absent */
};

struct pol_facts {
	const struct pol_scs *scs;
	struct pol_rate *rate; /* changed: the check takes one token; NULL: no limit */
	/* rules of (scs, device); NULL: the store could not be read */
	const struct assoc_found *found;
	struct pol_load load;
	uint32_t payload_ceiling; /* limit of the whole gateway; the smaller one applies */
	uint32_t validity_ceiling_s;
	uint64_t now_ms;    /* wall clock, for the windows of rules */
	uint64_t steady_ms; /* clock that is never set, for the rate */
};

/* Judges one request. `screened` is the verdict of pol_screen() on `r`.
 * The verdict borrows its rules from f->found. */
void pol_judge(struct pol_verdict *out, const struct pol_request *r, const struct pol_verdict *screened,
	       const struct pol_facts *f);

/* Judges again before a DTR is sent.
 * `found` was collected again for the names given by the SCS, `found_msisdn` for the MSISDN of
 * the HSS (NULL: none).
 * 105 when the association is gone, or the number is denied or blocked.
 * `out->detected` as in pol_judge(): for the names, else for the number.
 * The verdict borrows its rules from both. */
void pol_judge_again(struct pol_verdict *out, uint8_t right, const struct assoc_found *found,
		     const struct assoc_found *found_msisdn, uint64_t now_ms);

/* The part of pol_judge_again() about the MSISDN, for names that are known to be allowed: the same
 * status, reason and refusing rule; `out->detected` for the number only. `found` NULL: the store
 * could not be read. */
void pol_judge_other(struct pol_verdict *out, uint8_t right, const struct assoc_found *found, uint64_t now_ms);

/* The ASSOC_RIGHT_* for an Action-Type; 0 for an action that no SCS may request. */
uint8_t pol_right_of(uint32_t action);
