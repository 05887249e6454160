/* asc_sets.h - the rules of one SCS, group or "*" on sets of devices (room-private): ranges of
 * MSISDNs, domains, named sets, every device. They are held in memory, with an index for each kind.
 * A struct asc_sets is never changed once built, so threads may read it without a lock. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "assoc/asc_device.h"
#include "base/sip.h"

#define ASC_SET_RULES_MAX 200000u /* rules on sets of devices of one SCS or group */

struct asc_set_rule { /* a rule on a set of devices */
	struct asc_devname device;
	uint8_t verdict, rights, mode;
	int64_t not_before_s, not_after_s;
};

struct asc_sets {
	struct asc_set_rule *all; /* by verdict, then device text; owned */
	uint32_t n;
	/* The lists below hold indexes into `all`. */
	uint32_t *ranges; /* by first number */
	/* the largest last number in the part of `ranges` whose middle this is; owned */
	uint64_t *reach;
	uint32_t ranges_n;
	uint32_t *domains; /* hash table; index + 1, 0: free */
	uint32_t domains_mask, domains_n;
	struct sip_key key; /* of the model: a look-up makes one hash for all sets */
	uint32_t *named;    /* by number of the set */
	uint32_t named_n;
	uint32_t *any;
	uint32_t any_n;
	uint32_t *room; /* one allocation for the lists; owned */
};

/* Builds the index with the key of its model. Takes `all`, also on failure (ERR_NOMEM). Rules of
 * one (verdict, device) must not repeat. */
ERR_MUST_USE int asc_sets_build(struct asc_sets *out, struct asc_set_rule *all, uint32_t n, const struct sip_key *key);
void asc_sets_free(struct asc_sets *s); /* releases what it owns */

int asc_set_rule_order(const void *x, const void *y); /* the order of `all`, for qsort() */
/* The rule of this key; borrowed; NULL when there is none. */
const struct asc_set_rule *asc_sets_find(const struct asc_sets *s, uint8_t verdict, const char *device);
/* of "@domain"; also of names */
uint64_t asc_sets_hash(const struct sip_key *key, const char *text);

/* Called for a rule, which is borrowed; returns false to stop. */
typedef bool asc_hit_fn(void *arg, const struct asc_set_rule *rule);

struct asc_target {     /* a device as asc_sets_hit() needs it: made once for a look-up */
	const char *at; /* "@domain" of its External-Identifier; NULL: none */
	uint64_t at_hash;
	uint64_t msisdn; /* 0: none */
};

/* Calls fn for each rule whose set contains the device, except rules on named sets. False when fn
 * stopped it. */
bool asc_sets_hit(const struct asc_sets *s, const struct asc_target *t, asc_hit_fn *fn, void *arg);
/* The same for the rules on one named set. */
bool asc_sets_named(const struct asc_sets *s, uint32_t set_number, asc_hit_fn *fn, void *arg);
