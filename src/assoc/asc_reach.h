/* asc_reach.h - how many rules match one device (room-private). A look-up finds at most
 * ASSOC_FOUND_MAX rules. If more match a device, every request for the device is refused. So a file
 * that would cause this is refused. A manual change is made all the same, because a block must not
 * fail over the number of other rules; the operator is told, and the device is then refused as
 * under a block.
 *
 * The check covers the rules of an SCS, of its stored groups and of "*": on ranges that overlap, on
 * one domain, on one named set, on every device. It does not cover the rows of single devices, nor
 * groups that only a certificate proves, except each group by itself. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "assoc/asc_model.h"

struct asc_reach {                              /* where too many meet */
	uint32_t scs;                           /* number of the SCS, or of the group; 0: of "*" */
	uint32_t rules;                         /* so many */
	char device[ASSOC_DEVICE_TEXT_MAX + 1]; /* "msisdn:DIGITS", "*@domain", "set:NAME", "*" */
	uint64_t msisdn;                        /* of msisdn:DIGITS; else 0 */
};

/* Checks each SCS and group whose rules or groups differ between `before` and `now`. 0. ERR_LIMIT
 * with `out` and words: more rules match a device than can be judged, and more than before.
 * ERR_NOMEM. */
ERR_MUST_USE int asc_reach_judge(const struct asc_model *before, const struct asc_model *now, struct asc_reach *out,
				 struct asc_why *why);
/* The same for a change by hand: words about it, or none. */
void asc_reach_warn(const struct asc_model *before, const struct asc_model *now, struct asc_why *words);
/* Is the rule one of those that meet there, for this SCS or group? */
bool asc_reach_of(const struct asc_reach *r, const struct asc_model *m, uint32_t number, const struct asc_set_rule *rule);
